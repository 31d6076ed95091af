-- +goose Up
-- internal/comment ----------------------------------------------------------------------------------------------------

-- How far the office has got with a comment besides its state: 0 nothing done, 1 handed over or an answer drafted, 2 an
-- answer before an approver or sent back by one, 3 answered. It follows from referral and disposition, whose acts set it
-- in their own transaction, so that what is still to be done is found without looking at what is done.
ALTER TABLE comment ADD COLUMN handling smallint NOT NULL DEFAULT 0;

-- handled: published or withheld, and handling above 0; answered: published, and handling 3.
ALTER TABLE comment_count
  ADD COLUMN handled integer NOT NULL DEFAULT 0,
  ADD COLUMN answered integer NOT NULL DEFAULT 0;

-- What never changes about comments, counted by a worker behind their numbers: kind is day, channel, occupation or clause
-- (key '' is the whole draft). A reader adds the comments above the mark. outcome is changed by approvals instead.
CREATE TABLE comment_tally (
  consultation_id text NOT NULL REFERENCES consultation,
  kind            text NOT NULL CHECK (kind IN ('day', 'channel', 'occupation', 'clause', 'outcome')),
  key             text NOT NULL,
  count           integer NOT NULL,
  PRIMARY KEY (consultation_id, kind, key)
) WITH (fillfactor = 50);

CREATE INDEX comment_tally_day ON comment_tally (key) WHERE kind = 'day';

CREATE TABLE comment_tally_mark (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  number          integer NOT NULL DEFAULT 0,
  checked_at      timestamptz NOT NULL DEFAULT now() -- all counters of the consultation agreed with its rows
) WITH (fillfactor = 50);

UPDATE comment c
   SET handling = h.handling
  FROM (SELECT comment_id, max(handling) AS handling
          FROM (SELECT comment_id, CASE WHEN status = 'approved' THEN 3 WHEN status IN ('submitted', 'returned') THEN 2 ELSE 1 END AS handling
                  FROM disposition
                 UNION ALL
                SELECT comment_id, 1 FROM referral WHERE state <> 'returned') AS every
         GROUP BY comment_id) AS h
 WHERE c.id = h.comment_id;

UPDATE comment_count k
   SET handled = c.handled, answered = c.answered
  FROM (SELECT consultation_id,
               count(*) FILTER (WHERE handling > 0 AND state IN ('published', 'withheld')) AS handled,
               count(*) FILTER (WHERE handling = 3 AND state = 'published') AS answered
          FROM comment
         GROUP BY consultation_id) AS c
 WHERE c.consultation_id = k.consultation_id;

INSERT INTO comment_tally (consultation_id, kind, key, count)
SELECT consultation_id, 'outcome', outcome, count(*)
  FROM disposition
 WHERE status = 'approved'
 GROUP BY consultation_id, outcome;

-- The queue and the decided comments of one consultation, each in the order of arrival, instead of both in one index: a
-- new comment is in as many indexes as before.
CREATE INDEX comment_waiting_of ON comment (consultation_id, received_at, id) WHERE state = 'received';
CREATE INDEX comment_decided_of ON comment (consultation_id, received_at, id) WHERE state <> 'received';
DROP INDEX comment_arrived;

-- What is to be handed over, and what is to be answered.
CREATE INDEX comment_unhandled ON comment (decided_at DESC, id) WHERE handling = 0 AND state IN ('published', 'withheld');
CREATE INDEX comment_unanswered ON comment (consultation_id, id) WHERE handling < 2 AND state <> 'received';

-- Few comments are in these: the flagged ones, and those that staff wrote down.
CREATE INDEX comment_flagged ON comment (received_at, id) WHERE state = 'received' AND flags <> '{}';
CREATE INDEX comment_other_channel ON comment (channel, received_at, id) WHERE channel <> 'web';

-- internal/referral ---------------------------------------------------------------------------------------------------

CREATE INDEX referral_open_due ON referral (due_on, id) WHERE state IN ('waiting', 'accepted');
CREATE INDEX referral_open_unit ON referral (unit_id, due_on, id) WHERE state IN ('waiting', 'accepted');
CREATE INDEX referral_state ON referral (state, due_on, id);
CREATE INDEX referral_consultation ON referral (consultation_id, due_on, id);

CREATE INDEX disposition_list ON disposition (status, comment_id);
CREATE INDEX disposition_consultation_list ON disposition (consultation_id, status, comment_id);
CREATE INDEX disposition_drafter ON disposition (drafted_by_id) WHERE status = 'submitted';

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON comment_tally, comment_tally_mark TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
