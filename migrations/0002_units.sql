-- +goose Up
-- internal/staff ------------------------------------------------------------------------------------------------------

-- Departments that comments are handed over to (责任单位), with the other names by which documents call them.
CREATE TABLE unit (
  id          uuid PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  aliases     text[] NOT NULL DEFAULT '{}',
  disabled_at timestamptz
);

ALTER TABLE member DROP CONSTRAINT member_role_check;
ALTER TABLE member ADD CONSTRAINT member_role_check
  CHECK (role IN ('moderator', 'officer', 'editor', 'system_admin', 'security_admin', 'auditor'));
ALTER TABLE member ADD COLUMN unit_id uuid REFERENCES unit;

-- internal/notify -----------------------------------------------------------------------------------------------------

-- Mail to be sent to a commenter, written in the transaction of what it tells of. It holds no address and no text: both
-- are made when it is sent.
CREATE TABLE outbox (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  kind            text NOT NULL CHECK (kind IN ('answered')),
  created_at      timestamptz NOT NULL,
  due_at          timestamptz NOT NULL,
  tries           integer NOT NULL DEFAULT 0,
  sent_at         timestamptz,
  failed_at       timestamptz,
  failure         text NOT NULL DEFAULT ''
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON unit, outbox TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
