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
