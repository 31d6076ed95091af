-- +goose Up
-- internal/comment ----------------------------------------------------------------------------------------------------

-- What a search looks into: digests of each two neighbouring characters of a comment, so that words of two characters on
-- are found without a dictionary. staff_terms are of the original, public_terms of the public copy alone: words that
-- were hidden are not among them.
CREATE TABLE comment_search (
  comment_id      uuid PRIMARY KEY REFERENCES comment ON DELETE CASCADE,
  consultation_id text NOT NULL,
  number          integer NOT NULL,
  received_at     timestamptz NOT NULL,
  staff_terms     integer[] NOT NULL,
  public_terms    integer[]
);
CREATE UNIQUE INDEX comment_search_number ON comment_search (consultation_id, number);
CREATE INDEX comment_search_received ON comment_search (received_at DESC, consultation_id, number);
CREATE INDEX comment_search_staff ON comment_search USING gin (staff_terms);
CREATE INDEX comment_search_public ON comment_search USING gin (public_terms) WHERE public_terms IS NOT NULL;

-- How far each consultation has been read into comment_search, by number; numbers of one consultation are committed in
-- their order. A replica locks the row while it reads on.
CREATE TABLE comment_search_mark (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  number          integer NOT NULL DEFAULT 0
);

-- Comments that changed since they were read.
CREATE TABLE comment_search_stale (
  comment_id      uuid PRIMARY KEY REFERENCES comment ON DELETE CASCADE,
  consultation_id text NOT NULL
);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON comment_search, comment_search_mark, comment_search_stale TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
