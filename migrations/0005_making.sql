-- +goose Up
-- internal/consultation -----------------------------------------------------------------------------------------------

-- A consultation being prepared at the desk is no business of the public yet: public reads ask for 'published'. What is
-- imported whole is published, as it always was.
ALTER TABLE consultation ADD COLUMN stage text NOT NULL DEFAULT 'published' CHECK (stage IN ('preparing', 'published'));
-- The document bears on business (与市场主体生产经营活动密切相关): 30 days whatever its kind (优化营商环境条例 §62).
ALTER TABLE consultation ADD COLUMN concerns_business boolean NOT NULL DEFAULT false;
-- Set when the period was ended before its time; closes_at is then that instant and original_closes_at the first one.
ALTER TABLE consultation ADD COLUMN ended_early_at timestamptz;
ALTER TABLE consultation ADD COLUMN early_end_reason text NOT NULL DEFAULT '';

-- Each change of a period that the notice announces, the first one too.
CREATE TABLE period_change (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  kind            text NOT NULL CHECK (kind IN ('extension', 'early_end', 'withdrawal')),
  made_at         timestamptz NOT NULL,
  old_closes_at   timestamptz NOT NULL,
  new_closes_at   timestamptz NOT NULL,
  reason          text NOT NULL
);
CREATE INDEX period_change_consultation ON period_change (consultation_id, made_at);

-- Published words that were changed: a row for each field changed, with what it was and what it became, and what the
-- notice says of the change (勘误说明). Rows of one change share change_id.
CREATE TABLE consultation_correction (
  change_id       uuid NOT NULL,
  consultation_id text NOT NULL REFERENCES consultation,
  field           text NOT NULL,
  old_text        text NOT NULL,
  new_text        text NOT NULL,
  explanation     text NOT NULL,
  made_at         timestamptz NOT NULL,
  made_by         text NOT NULL,
  PRIMARY KEY (change_id, field)
);
CREATE INDEX consultation_correction_consultation ON consultation_correction (consultation_id, made_at);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON period_change TO wenji_app;
    GRANT SELECT, INSERT ON consultation_correction TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
