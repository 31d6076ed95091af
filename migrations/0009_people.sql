-- +goose Up
-- internal/staff ------------------------------------------------------------------------------------------------------

-- '' is a person whom 系统管理员 has added and 安全管理员 has not given a role yet.
ALTER TABLE member DROP CONSTRAINT member_role_check;
ALTER TABLE member ADD CONSTRAINT member_role_check
  CHECK (role IN ('', 'moderator', 'officer', 'editor', 'system_admin', 'security_admin', 'auditor'));
-- The password is one that somebody else has seen, and no second factor is bound: nothing but enrolment is open.
ALTER TABLE member ADD COLUMN must_enrol boolean NOT NULL DEFAULT false;
-- Reset by 系统管理员 and not confirmed by 安全管理员 yet: the role rests.
ALTER TABLE member ADD COLUMN held boolean NOT NULL DEFAULT false;
-- When the password was set; NULL never expires (sign-ins of the demo).
ALTER TABLE member ADD COLUMN password_set_at timestamptz;
UPDATE member SET password_set_at = now();

ALTER TABLE session ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
ALTER TABLE session ADD COLUMN address text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX session_id ON session (id);

-- Earlier passwords of a member, newest last, for the rule against using one again.
CREATE TABLE password_history (
  member_id     uuid NOT NULL REFERENCES member,
  set_at        timestamptz NOT NULL,
  password_hash text NOT NULL,
  PRIMARY KEY (member_id, set_at)
);

-- Switches of the office, changed on its pages. A name that is not here has the value that the program gives it.
CREATE TABLE setting (name text PRIMARY KEY, value integer NOT NULL);

-- internal/moderation -------------------------------------------------------------------------------------------------

-- How often a member has looked at a commenter's personal data on a day (Beijing time); extra is what 安全管理员 added.
CREATE TABLE reveal_count (
  member_id uuid NOT NULL,
  day       date NOT NULL,
  used      integer NOT NULL DEFAULT 0,
  extra     integer NOT NULL DEFAULT 0,
  refused   integer NOT NULL DEFAULT 0,
  looked    boolean NOT NULL DEFAULT true, -- whether the last time asked for was given
  PRIMARY KEY (member_id, day)
);
CREATE INDEX reveal_count_day ON reveal_count (day);

-- internal/inspection -------------------------------------------------------------------------------------------------

-- Runs of the verification of the record, asked for by a person and carried out in the background.
CREATE TABLE audit_check (
  id           uuid PRIMARY KEY,
  requested_at timestamptz NOT NULL,
  requested_by text NOT NULL,
  started_at   timestamptz,
  finished_at  timestamptz,
  entries      integer NOT NULL DEFAULT 0,
  sealed       integer NOT NULL DEFAULT 0,
  waiting      integer NOT NULL DEFAULT 0,
  anchor       text NOT NULL DEFAULT '',
  broken       text NOT NULL DEFAULT '',
  position     bigint NOT NULL DEFAULT 0
);
CREATE INDEX audit_check_requested ON audit_check (requested_at DESC, id);

-- internal/audit ------------------------------------------------------------------------------------------------------

-- Reading by time costs an appended key for each entry. The other indexes leave out what citizens sent, which is nearly
-- all of the record: they cost a submission nothing.
CREATE INDEX audit_entry_at ON audit_entry (at, id);
CREATE INDEX audit_entry_actor ON audit_entry (actor, at, id) WHERE action <> 'comment.submit';
CREATE INDEX audit_entry_action ON audit_entry (action, at, id) WHERE action <> 'comment.submit';

-- +goose StatementBegin
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    GRANT SELECT, INSERT, UPDATE, DELETE ON password_history, setting, reveal_count, audit_check TO wenji_app;
  END IF;
END $$;
-- +goose StatementEnd
