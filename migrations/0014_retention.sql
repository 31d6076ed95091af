-- +goose Up
-- internal/retention --------------------------------------------------------------------------------------------------

-- How long the personal data of a consultation is kept, and whether it must be kept longer (依法保全). No row: two years
-- after the result was published, as the privacy notice says.
CREATE TABLE retention (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  months          integer NOT NULL DEFAULT 24 CHECK (months BETWEEN 1 AND 600),
  held_at         timestamptz,
  hold_reason     text NOT NULL DEFAULT '',
  held_by         text NOT NULL DEFAULT '',
  CHECK ((held_at IS NULL) = (hold_reason = ''))
);

-- What was erased, when, by whom: of a consultation whose term is over (comment_id is NULL; all comments up to number
-- through), or of one commenter who asked for it. digest is SHA-256 over the keys of the comments in order, so that the
-- record can be held against a backup. An open row is an erasure under way; any replica goes on with it.
CREATE TABLE erasure (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid,
  actor           text NOT NULL,
  started_at      timestamptz NOT NULL,
  finished_at     timestamptz,
  through         integer NOT NULL DEFAULT 0,
  people          integer NOT NULL DEFAULT 0,
  marks           integer NOT NULL DEFAULT 0,
  scans           integer NOT NULL DEFAULT 0,
  requests        integer NOT NULL DEFAULT 0,
  digest          bytea NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX erasure_open ON erasure (consultation_id) WHERE finished_at IS NULL AND comment_id IS NULL;
CREATE INDEX erasure_consultation ON erasure (consultation_id, started_at DESC);

-- What a commenter asks for the own personal data: correction or deletion (个人信息保护法 §46, §47, §50). wish is sealed,
-- as people write personal data into it, and goes when the data goes. One open request a comment.
CREATE TABLE personal_request (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  kind            text NOT NULL CHECK (kind IN ('correct', 'erase')),
  wish            bytea,
  state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'granted', 'refused', 'lapsed')),
  asked_at        timestamptz NOT NULL,
  due_on          date NOT NULL,
  answer          text NOT NULL DEFAULT '',
  decided_by      text NOT NULL DEFAULT '',
  decided_at      timestamptz,
  CHECK ((state = 'open') = (decided_at IS NULL))
);
CREATE UNIQUE INDEX personal_request_open ON personal_request (comment_id) WHERE state = 'open';
CREATE INDEX personal_request_due ON personal_request (due_on, id) WHERE state = 'open';
CREATE INDEX personal_request_comment ON personal_request (comment_id, asked_at);
CREATE INDEX personal_request_decided ON personal_request (decided_at DESC, id) WHERE state <> 'open';

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE ON retention, erasure, personal_request TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
