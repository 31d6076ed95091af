-- +goose Up
-- internal/announce ---------------------------------------------------------------------------------------------------

-- How often the public pages of a consultation have changed. It grows in the transaction of each change, so that a
-- replica, or a standby, sees from it whether it has heard of every one.
CREATE TABLE page_version (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  version         bigint NOT NULL
) WITH (fillfactor = 50);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON page_version TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
