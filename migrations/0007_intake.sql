-- +goose Up
-- internal/comment ----------------------------------------------------------------------------------------------------

ALTER TABLE comment ADD CONSTRAINT comment_channel_known
  CHECK (channel IN ('web', 'letter', 'email', 'phone', 'counter', 'hearing'));

-- internal/intake -----------------------------------------------------------------------------------------------------

-- Files that a person of the office brings in, kept sealed until they are confirmed or expire. digest is keyed: it tells
-- the same file again. content goes when the rows have been stored; the row stays.
CREATE TABLE intake_import (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  member_id       uuid NOT NULL REFERENCES member,
  member_name     text NOT NULL,
  format          text NOT NULL CHECK (format IN ('xlsx', 'eml')),
  digest          bytea NOT NULL,
  content         bytea,
  created_at      timestamptz NOT NULL,
  expires_at      timestamptz NOT NULL,
  stored_at       timestamptz,
  stored_count    integer NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX intake_import_stored ON intake_import (consultation_id, digest) WHERE stored_at IS NOT NULL;
CREATE INDEX intake_import_expiry ON intake_import (expires_at) WHERE content IS NOT NULL;

-- One row a comment that the office wrote down: when it came, who entered it, from which file.
CREATE TABLE intake_entry (
  comment_id      uuid PRIMARY KEY REFERENCES comment,
  consultation_id text NOT NULL,
  received_on     date NOT NULL,
  member_id       uuid NOT NULL REFERENCES member,
  member_name     text NOT NULL,
  entered_at      timestamptz NOT NULL,
  import_id       uuid REFERENCES intake_import,
  row_digest      bytea
);
-- The same words of the same person on the same day are entered once; null where nobody can be told apart.
CREATE UNIQUE INDEX intake_entry_row ON intake_entry (consultation_id, row_digest) WHERE row_digest IS NOT NULL;
CREATE INDEX intake_entry_entered ON intake_entry (entered_at DESC, comment_id);

-- The scan of a letter or form. It may show personal data, so it is sealed, bound to its row.
CREATE TABLE intake_scan (
  comment_id      uuid PRIMARY KEY REFERENCES comment,
  consultation_id text NOT NULL,
  media_type      text NOT NULL CHECK (media_type IN ('application/pdf', 'image/jpeg', 'image/png')),
  size            integer NOT NULL,
  content         bytea NOT NULL
);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON intake_import, intake_entry, intake_scan TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
