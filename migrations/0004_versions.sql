-- +goose Up
-- internal/consultation -----------------------------------------------------------------------------------------------

-- A document being imported: its paragraphs, each with what it is taken for ([{Text, Type}]), until it is saved. stamp
-- changes with each change, so that of two editors the second one is told.
CREATE TABLE draft_import (
  consultation_id text NOT NULL REFERENCES consultation,
  document        text NOT NULL CHECK (document IN ('draft', 'interpretation')),
  rows            jsonb NOT NULL,
  source          text NOT NULL DEFAULT '',
  stamp           uuid NOT NULL,
  saved_at        timestamptz NOT NULL,
  saved_by        text NOT NULL,
  PRIMARY KEY (consultation_id, document)
);

-- The versions of a published draft, whole, from the first change on; the latest one is what stands in clause. nodes are
-- in reading order; links say for each clause what became of it since the version before ([{Old, New, Change}]).
CREATE TABLE draft_version (
  consultation_id text NOT NULL REFERENCES consultation,
  number          integer NOT NULL,
  made_at         timestamptz NOT NULL,
  made_by         text NOT NULL,
  explanation     text NOT NULL DEFAULT '',
  nodes           jsonb NOT NULL,
  links           jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (consultation_id, number)
);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON draft_import TO wenji_app;
    GRANT SELECT, INSERT ON draft_version TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
