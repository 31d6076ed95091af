-- +goose Up
-- internal/similar ----------------------------------------------------------------------------------------------------

-- Of a member: the number of its comment, so that a group is read page by page, and whether it waits for review. A program
-- older than these columns leaves 0, which is no number; a worker sees to such rows at once.
ALTER TABLE comment_group_member
  ADD COLUMN number integer NOT NULL DEFAULT 0,
  ADD COLUMN waiting boolean NOT NULL DEFAULT true;

-- Of a group: different people among its members, and the clauses that these are about. counted is the number of members
-- that both were made of: where it is not that of the group, they are yet to be counted.
ALTER TABLE comment_group
  ADD COLUMN people integer NOT NULL DEFAULT 0,
  ADD COLUMN clause_ids uuid[] NOT NULL DEFAULT '{}',
  ADD COLUMN counted integer NOT NULL DEFAULT 0;

-- When the groups of the consultation were last compared with their members.
ALTER TABLE similar_progress ADD COLUMN checked_at timestamptz NOT NULL DEFAULT now();

UPDATE comment_group_member m
   SET number = c.number, waiting = c.state = 'received'
  FROM comment c
 WHERE c.id = m.comment_id;

UPDATE comment_group g
   SET people = k.people, clause_ids = k.clause_ids, counted = k.members
  FROM (SELECT m.group_id, count(DISTINCT m.comment_id) AS members,
               count(DISTINCT p.identity_index)
               + count(*) FILTER (WHERE p.identity_index IS NULL AND coalesce(u.nth, 1) = 1) AS people,
               coalesce(array_agg(DISTINCT u.clause_id) FILTER (WHERE u.clause_id IS NOT NULL), '{}') AS clause_ids
          FROM comment_group_member m
          JOIN comment c ON c.id = m.comment_id
          LEFT JOIN personal_data p ON p.comment_id = m.comment_id
          LEFT JOIN LATERAL unnest(c.clause_ids) WITH ORDINALITY AS u (clause_id, nth) ON true
         WHERE NOT m.taken_out
         GROUP BY m.group_id) AS k
 WHERE g.id = k.group_id AND g.merged_into IS NULL;

CREATE INDEX comment_group_member_number ON comment_group_member (group_id, taken_out, number);
CREATE INDEX comment_group_member_waiting ON comment_group_member (group_id, number) WHERE waiting AND NOT taken_out;
CREATE INDEX comment_group_member_unnumbered ON comment_group_member (comment_id) WHERE number = 0;
CREATE INDEX comment_group_uncounted ON comment_group (consultation_id) WHERE counted <> members AND merged_into IS NULL;
DROP INDEX comment_group_member_group;

-- How many comments came a minute in words that another comment of the consultation also has; kept a week, as arrivals are.
CREATE TABLE comment_repeat (
  consultation_id text NOT NULL REFERENCES consultation,
  digest          bytea NOT NULL,
  minute          timestamptz NOT NULL,
  count           integer NOT NULL,
  PRIMARY KEY (consultation_id, digest, minute)
);
CREATE INDEX comment_repeat_minute ON comment_repeat (minute);

INSERT INTO comment_repeat (consultation_id, digest, minute, count)
SELECT consultation_id, digest, date_trunc('minute', received_at), count(*)
  FROM (SELECT consultation_id, digest, received_at, count(*) OVER (PARTITION BY consultation_id, digest) AS same
          FROM comment_sketch
         WHERE received_at >= now() - interval '7 days') AS recent
 WHERE same > 1
 GROUP BY 1, 2, 3;

-- internal/comment ----------------------------------------------------------------------------------------------------

-- decided: decisions of people that were made on the day decided_on (in Asia/Shanghai) and still stand.
ALTER TABLE comment_count
  ADD COLUMN decided_on date NOT NULL DEFAULT '0001-01-01',
  ADD COLUMN decided integer NOT NULL DEFAULT 0;

UPDATE comment_count k
   SET decided_on = (now() AT TIME ZONE 'Asia/Shanghai')::date, decided = c.decided
  FROM (SELECT consultation_id, count(*) AS decided
          FROM comment
         WHERE decided_by <> '' AND decided_at >= date_trunc('day', now(), 'Asia/Shanghai')
         GROUP BY consultation_id) AS c
 WHERE c.consultation_id = k.consultation_id;

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON comment_repeat TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
