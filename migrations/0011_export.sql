-- +goose Up
-- internal/export -----------------------------------------------------------------------------------------------------

-- More contents and formats than before.
ALTER TABLE export DROP CONSTRAINT export_profile_check;
ALTER TABLE export ADD CONSTRAINT export_profile_check CHECK (profile IN ('public', 'masked', 'personal'));
ALTER TABLE export DROP CONSTRAINT export_format_check;
ALTER TABLE export ADD CONSTRAINT export_format_check CHECK (format IN ('csv', 'xlsx', 'docx', 'jsonl'));

-- A file that was sent while it was made is 'sent' and not kept. The others are made by a worker of any replica: attempt
-- counts the tries and fences a worker that lost its lease; chunks are kept, sealed, until expires_at.
ALTER TABLE export
  ADD COLUMN state text NOT NULL DEFAULT 'sent'
    CHECK (state IN ('sent', 'waiting', 'refused', 'queued', 'running', 'ready', 'failed', 'expired')),
  ADD COLUMN member_id      uuid,
  ADD COLUMN member_role    text NOT NULL DEFAULT '',
  ADD COLUMN filter         jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN row_total      integer,
  ADD COLUMN decided_by     text NOT NULL DEFAULT '',
  ADD COLUMN decided_at     timestamptz,
  ADD COLUMN decision_note  text NOT NULL DEFAULT '',
  ADD COLUMN attempt        integer NOT NULL DEFAULT 0,
  ADD COLUMN lease_until    timestamptz,
  ADD COLUMN chunks         integer NOT NULL DEFAULT 0,
  ADD COLUMN size           bigint,
  ADD COLUMN digest         bytea,
  ADD COLUMN content_digest bytea,
  ADD COLUMN expires_at     timestamptz;
CREATE INDEX export_work ON export (started_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX export_expiry ON export (expires_at) WHERE state IN ('waiting', 'ready');

-- A finished file in pieces, each sealed and bound to its place (AEAD); base64, which does not compress.
CREATE TABLE export_chunk (
  export_id       uuid NOT NULL REFERENCES export,
  consultation_id text NOT NULL,
  attempt         integer NOT NULL,
  ordinal         integer NOT NULL,
  sealed          text NOT NULL,
  PRIMARY KEY (export_id, attempt, ordinal)
);
ALTER TABLE export_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON export_chunk TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
