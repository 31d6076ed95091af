-- +goose Up
-- internal/referral ---------------------------------------------------------------------------------------------------

-- A comment handed over to a department (转办). A fact beside the comment's state; each unit's opinion is kept.
-- unit_name is the name at the time. Overdue is no state: a hand-over is overdue when it is open after due_on.
CREATE TABLE referral (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  unit_id         uuid NOT NULL REFERENCES unit,
  unit_name       text NOT NULL,
  lead            boolean NOT NULL DEFAULT false,
  state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'returned', 'replied')),
  version         integer NOT NULL DEFAULT 1,
  note            text NOT NULL DEFAULT '',
  due_on          date NOT NULL,
  referred_by     text NOT NULL DEFAULT '',
  referred_at     timestamptz NOT NULL,
  accepted_by     text NOT NULL DEFAULT '',
  accepted_at     timestamptz,
  returned_by     text NOT NULL DEFAULT '',
  returned_at     timestamptz,
  return_reason   text NOT NULL DEFAULT '',
  replied_by      text NOT NULL DEFAULT '',
  replied_at      timestamptz,
  opinion         text NOT NULL DEFAULT '',
  suggested       text NOT NULL DEFAULT '' CHECK (suggested IN ('', 'adopted', 'partly', 'not_adopted', 'reference', 'outside')),
  CHECK ((state = 'replied') = (replied_at IS NOT NULL AND opinion <> '')),
  CHECK ((state = 'returned') = (returned_at IS NOT NULL AND return_reason <> ''))
);
-- A unit has a comment on its desk once; after a return or a reply it may be handed over again.
CREATE UNIQUE INDEX referral_open ON referral (comment_id, unit_id) WHERE state IN ('waiting', 'accepted');
CREATE INDEX referral_comment ON referral (comment_id, referred_at);
CREATE INDEX referral_unit ON referral (unit_id, due_on, id);
CREATE INDEX referral_due ON referral (due_on, id);

-- What became of a comment, and the answer to it (采纳情况, 答复): one row a version. At most one version of a comment is
-- approved and one is under way; a correction replaces the approved one when it is itself approved, and the old is kept.
CREATE TABLE disposition (
  comment_id      uuid NOT NULL REFERENCES comment,
  version         integer NOT NULL DEFAULT 1,
  consultation_id text NOT NULL,
  outcome         text NOT NULL CHECK (outcome IN ('adopted', 'partly', 'not_adopted', 'reference', 'outside')),
  reason          text NOT NULL DEFAULT '',
  answer          text NOT NULL DEFAULT '',
  unit            text NOT NULL DEFAULT '',
  status          text NOT NULL CHECK (status IN ('draft', 'submitted', 'returned', 'approved', 'replaced')),
  drafted_by      text NOT NULL DEFAULT '',
  drafted_by_id   uuid,
  drafted_at      timestamptz,
  approved_by     text NOT NULL DEFAULT '',
  approved_at     timestamptz,
  returned_by     text NOT NULL DEFAULT '',
  returned_at     timestamptz,
  return_words    text NOT NULL DEFAULT '',
  PRIMARY KEY (comment_id, version)
);
CREATE UNIQUE INDEX disposition_approved ON disposition (comment_id) WHERE status = 'approved';
CREATE UNIQUE INDEX disposition_open ON disposition (comment_id) WHERE status IN ('draft', 'submitted', 'returned');
CREATE INDEX disposition_status ON disposition (status, drafted_at, comment_id);
CREATE INDEX disposition_answered ON disposition (approved_at DESC, comment_id) WHERE status = 'approved';
CREATE INDEX disposition_consultation ON disposition (consultation_id) WHERE status = 'approved';

-- Wordings to begin an answer with; 【】 marks what must be filled in.
CREATE TABLE answer_template (
  id          uuid PRIMARY KEY,
  name        text NOT NULL UNIQUE,
  outcome     text NOT NULL DEFAULT '' CHECK (outcome IN ('', 'adopted', 'partly', 'not_adopted', 'reference', 'outside')),
  body        text NOT NULL,
  version     integer NOT NULL DEFAULT 1,
  disabled_at timestamptz,
  changed_by  text NOT NULL DEFAULT '',
  changed_at  timestamptz NOT NULL DEFAULT now()
);

-- To begin with; the office changes them as it likes.
INSERT INTO answer_template (id, name, outcome, body) VALUES
  (gen_random_uuid(), '采纳', 'adopted', '感谢您对【】的关心。经研究，您的意见已采纳，将在【】中予以体现。'),
  (gen_random_uuid(), '部分采纳', 'partly', '感谢您对【】的关心。经研究，您关于【】的意见已采纳；关于【】的意见，因【】，暂未采纳。'),
  (gen_random_uuid(), '未采纳', 'not_adopted', '感谢您对【】的关心。经研究，因【】，您的意见本次未予采纳。'),
  (gen_random_uuid(), '留作参考', 'reference', '感谢您对【】的关心。您的意见对做好【】工作有参考价值，我们将在今后工作中研究。'),
  (gen_random_uuid(), '不属于受理范围', 'outside', '感谢您的参与。您反映的【】不属于本次征求意见的范围，建议向【】反映。');

-- The official answers the public may read: approved ones, of published comments alone. It names no person.
CREATE VIEW published_reply AS
  SELECT c.consultation_id, c.number, d.unit, d.outcome, d.reason, d.answer, d.approved_at
    FROM comment c JOIN disposition d ON d.comment_id = c.id AND d.status = 'approved'
   WHERE c.state = 'published';

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON referral, disposition, answer_template TO wenji_app;
    GRANT SELECT ON published_reply TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
