-- +goose Up
-- internal/notify -----------------------------------------------------------------------------------------------------

-- A replica that takes a message leases it, so that no other sends it meanwhile. sending_at is set before the mail server
-- is spoken to: a message with sending_at and neither sent_at nor failed_at was cut off, and may have gone out.
-- failure is a code, never an address or what the server said.
ALTER TABLE outbox ADD COLUMN lease uuid;
ALTER TABLE outbox ADD COLUMN leased_until timestamptz;
ALTER TABLE outbox ADD COLUMN sending_at timestamptz;
-- Not to be sent: the commenter gave no address, or it was erased.
ALTER TABLE outbox ADD COLUMN skipped_at timestamptz;

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (due_at, id) WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL;
CREATE INDEX outbox_failed ON outbox (failed_at DESC, id) WHERE failed_at IS NOT NULL;
CREATE INDEX outbox_comment ON outbox (comment_id);
