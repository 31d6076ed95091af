-- +goose Up
-- internal/report -----------------------------------------------------------------------------------------------------

-- The editor's words for a part of the result report (结果反馈), until it is published.
CREATE TABLE result_draft (
  consultation_id text NOT NULL REFERENCES consultation,
  part            text NOT NULL CHECK (part IN ('received', 'outcome')),
  summary         text NOT NULL DEFAULT '',
  link_title      text NOT NULL DEFAULT '',
  link_url        text NOT NULL DEFAULT '',
  version         integer NOT NULL DEFAULT 1,
  saved_by        text NOT NULL,
  saved_at        timestamptz NOT NULL,
  PRIMARY KEY (consultation_id, part)
);

-- A part as it was published, frozen: document is JSON, digest its SHA-256. The latest edition is the one shown.
CREATE TABLE result_edition (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  part            text NOT NULL CHECK (part IN ('received', 'outcome')),
  edition         integer NOT NULL,
  published_at    timestamptz NOT NULL,
  published_by    text NOT NULL,
  document        text NOT NULL,
  digest          bytea NOT NULL,
  UNIQUE (consultation_id, part, edition)
);

-- The table of 采纳情况 as it was published, a row a comment. It holds no opinion: the public copy is read when it is
-- shown, so that what is hidden later is in no report either. text_digest proves what the copy was.
CREATE TABLE result_row (
  edition_id      uuid NOT NULL REFERENCES result_edition,
  consultation_id text NOT NULL,
  number          integer NOT NULL,
  masked_name     text NOT NULL,
  shown           boolean NOT NULL,
  outcome         text NOT NULL,
  reason          text NOT NULL,
  text_digest     bytea,
  PRIMARY KEY (edition_id, number)
);

-- internal/consultation -----------------------------------------------------------------------------------------------

-- The day on which a part of the result report was last published.
ALTER TABLE consultation ADD COLUMN result_on date;

-- internal/comment ----------------------------------------------------------------------------------------------------

-- Set when the consultation is marked 已反馈, together with it: a comment that is being stored at that moment finds it
-- when it takes its number, however old its view of the consultation is.
ALTER TABLE comment_count ADD COLUMN concluded boolean NOT NULL DEFAULT false;

-- Comments of one consultation by the moment they came, for statistics and the lists behind them.
CREATE INDEX comment_arrived ON comment (consultation_id, received_at, id);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON result_draft TO wenji_app;
    GRANT SELECT, INSERT ON result_edition, result_row TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
