-- +goose Up
-- internal/similar ----------------------------------------------------------------------------------------------------

-- How far the comments of a consultation have been looked at: numbers are given in the order of commits without a gap,
-- so all up to last_number have a sketch. Whoever changes the groups of a consultation holds its row's lock.
CREATE TABLE similar_progress (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  last_number     integer NOT NULL DEFAULT 0
);

-- One row a comment looked at. digest is that of the normalised text: equal digests are the same words.
CREATE TABLE comment_sketch (
  comment_id      uuid PRIMARY KEY REFERENCES comment,
  consultation_id text NOT NULL,
  digest          bytea NOT NULL,
  received_at     timestamptz NOT NULL
);
CREATE INDEX comment_sketch_digest ON comment_sketch (consultation_id, digest, comment_id);
CREATE INDEX comment_sketch_received ON comment_sketch (received_at);

-- Bands of the MinHash by which near texts are found. Only a wording unlike those already there has its own.
CREATE TABLE comment_band (
  consultation_id text NOT NULL,
  value           bigint NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  PRIMARY KEY (consultation_id, value, comment_id)
);

-- Comments in nearly the same words. Counts, times and similarities are those of its members, kept with each change.
-- A group merged into another keeps its row, so that its address leads on.
CREATE TABLE comment_group (
  id                uuid PRIMARY KEY,
  consultation_id   text NOT NULL REFERENCES consultation,
  representative_id uuid NOT NULL REFERENCES comment,
  members           integer NOT NULL DEFAULT 0,
  lowest            real NOT NULL DEFAULT 1,
  highest           real NOT NULL DEFAULT 1,
  first_at          timestamptz NOT NULL,
  last_at           timestamptz NOT NULL,
  changed_by_staff  boolean NOT NULL DEFAULT false,
  merged_into       uuid REFERENCES comment_group,
  created_at        timestamptz NOT NULL
);
CREATE INDEX comment_group_size ON comment_group (members DESC, id DESC) WHERE merged_into IS NULL AND members > 1;
CREATE INDEX comment_group_consultation ON comment_group (consultation_id, members DESC, id DESC)
  WHERE merged_into IS NULL AND members > 1;

-- Which group a comment is in, at most one. similarity is that to the representative. taken_out: a person said that it
-- does not belong; it stays out of every group until a person puts it into one.
CREATE TABLE comment_group_member (
  comment_id      uuid PRIMARY KEY REFERENCES comment,
  consultation_id text NOT NULL,
  group_id        uuid NOT NULL REFERENCES comment_group,
  similarity      real NOT NULL,
  joined_at       timestamptz NOT NULL,
  taken_out       boolean NOT NULL DEFAULT false,
  changed_by      text NOT NULL DEFAULT '',
  changed_at      timestamptz
);
CREATE INDEX comment_group_member_group ON comment_group_member (group_id, comment_id);

-- Published comments with the group they are in: what the public may know of groups, and nothing else.
CREATE VIEW published_group_member AS
  SELECT c.consultation_id, c.number, m.group_id
    FROM comment c JOIN comment_group_member m ON m.comment_id = c.id AND NOT m.taken_out
   WHERE c.state = 'published';

-- Comments sent through the portal a minute, by a keyed hash of day and address: it tells that many came from one place
-- and cannot be joined from day to day. Not logged to WAL and deleted after a week: it only raises a flag.
CREATE UNLOGGED TABLE arrival (
  consultation_id text NOT NULL,
  minute          timestamptz NOT NULL,
  address_index   bytea NOT NULL,
  count           integer NOT NULL,
  PRIMARY KEY (consultation_id, minute, address_index)
);
CREATE INDEX arrival_minute ON arrival (minute);

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON similar_progress, comment_sketch, comment_band, comment_group,
      comment_group_member, arrival TO wenji_app;
    GRANT SELECT ON published_group_member TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
