-- +goose Up
-- The whole schema of the first release. Every child key carries consultation_id, no sequence is used
-- (primary keys are UUIDv7 made by the program), and each table is written by one Go package, named beside it.

-- internal/consultation -----------------------------------------------------------------------------------------------

-- A draft opened to comment (征求意见). Periods are half-open: closes_at is exclusive, “5月7日24时” is 8 May 00:00 +08.
CREATE TABLE consultation (
  id                  text PRIMARY KEY CHECK (id ~ '^[0-9]{4}-[0-9]{4}$'),
  kind                text NOT NULL CHECK (kind IN ('major_decision', 'normative_document', 'government_rule', 'local_regulation')),
  title               text NOT NULL,
  headline            text NOT NULL,
  unit                text NOT NULL,
  source              text NOT NULL,
  editor              text NOT NULL DEFAULT '',
  published_on        date NOT NULL,
  opens_at            timestamptz NOT NULL,
  closes_at           timestamptz NOT NULL,
  short_period_reason text NOT NULL DEFAULT '',
  original_closes_at  timestamptz,
  extension_reason    text NOT NULL DEFAULT '',
  extended_on         date,
  withdrawn_at        timestamptz,
  withdrawal_reason   text NOT NULL DEFAULT '',
  concluded_on        date,
  result_expected     text NOT NULL DEFAULT '',
  publication         text NOT NULL DEFAULT 'after_review' CHECK (publication IN ('after_review', 'instant')),
  id_number_rule      text NOT NULL DEFAULT 'required' CHECK (id_number_rule IN ('required', 'optional', 'omitted')),
  phone_rule          text NOT NULL DEFAULT 'required' CHECK (phone_rule IN ('required', 'optional', 'omitted')),
  email_rule          text NOT NULL DEFAULT 'required' CHECK (email_rule IN ('required', 'optional', 'omitted')),
  contact_phone       text NOT NULL DEFAULT '',
  contact_email       text NOT NULL DEFAULT '',
  mail_subject        text NOT NULL DEFAULT '',
  notice              text NOT NULL,
  version             integer NOT NULL DEFAULT 1,
  CHECK (closes_at > opens_at),
  -- 即时展示 is open to 省政府文件 alone; rules and regulations are always read first.
  CHECK (publication = 'after_review' OR kind = 'normative_document')
);

-- Nodes of a document in reading order; a numbered clause keeps its id for good.
CREATE TABLE clause (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  document        text NOT NULL CHECK (document IN ('draft', 'interpretation')),
  ordinal         integer NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('part', 'section', 'clause', 'paragraph')),
  number          integer NOT NULL DEFAULT 0,
  label           text NOT NULL DEFAULT '',
  title           text NOT NULL DEFAULT '',
  body            text NOT NULL DEFAULT '',
  units           text[] NOT NULL DEFAULT '{}',
  units_note      text NOT NULL DEFAULT '',
  UNIQUE (consultation_id, document, ordinal)
);
CREATE UNIQUE INDEX clause_number ON clause (consultation_id, number) WHERE document = 'draft' AND kind = 'clause';

CREATE TABLE attachment (
  consultation_id text NOT NULL REFERENCES consultation,
  name            text NOT NULL,
  title           text NOT NULL,
  media_type      text NOT NULL,
  ordinal         integer NOT NULL,
  size            integer NOT NULL,
  content         bytea NOT NULL,
  PRIMARY KEY (consultation_id, name)
);

-- internal/comment ----------------------------------------------------------------------------------------------------

-- Running totals and the last number given (第n号); one row a consultation, changed once a batch.
CREATE TABLE comment_count (
  consultation_id text PRIMARY KEY REFERENCES consultation,
  last_number     integer NOT NULL DEFAULT 0,
  received        integer NOT NULL DEFAULT 0,
  published       integer NOT NULL DEFAULT 0,
  withheld        integer NOT NULL DEFAULT 0,
  declined        integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Published comments by clause, for the counts beside each clause.
CREATE TABLE clause_count (
  consultation_id text NOT NULL REFERENCES consultation,
  clause_id       uuid NOT NULL,
  published       integer NOT NULL DEFAULT 0,
  PRIMARY KEY (consultation_id, clause_id)
) WITH (fillfactor = 50);

-- One comment. title and body are the citizen's words and never change; public_title and public_body are the copy the
-- public sees, present only once published. The id is the key of the sealed form, so one form can store one comment.
CREATE TABLE comment (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  number          integer NOT NULL,
  channel         text NOT NULL DEFAULT 'web',
  state           text NOT NULL DEFAULT 'received' CHECK (state IN ('received', 'published', 'withheld', 'declined')),
  version         integer NOT NULL DEFAULT 1,
  received_at     timestamptz NOT NULL,
  title           text NOT NULL,
  body            text NOT NULL,
  clause_ids      uuid[] NOT NULL DEFAULT '{}',
  masked_name     text NOT NULL,
  occupation      text NOT NULL,
  flags           text[] NOT NULL DEFAULT '{}',
  text_digest     bytea NOT NULL,
  form_digest     bytea NOT NULL,
  code_index      bytea NOT NULL,
  tail_index      bytea NOT NULL,
  code_attempt    smallint NOT NULL DEFAULT 0,
  public_title    text,
  public_body     text,
  published_at    timestamptz,
  decided_at      timestamptz,
  decided_by      text NOT NULL DEFAULT '',
  decision_reason text NOT NULL DEFAULT '',
  claimed_by      uuid,
  claimed_name    text NOT NULL DEFAULT '',
  claimed_until   timestamptz,
  CHECK ((state = 'published') = (published_at IS NOT NULL AND public_title IS NOT NULL AND public_body IS NOT NULL))
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX comment_number ON comment (consultation_id, number);
CREATE UNIQUE INDEX comment_code ON comment (code_index);
CREATE INDEX comment_waiting ON comment (received_at, id) WHERE state = 'received';
CREATE INDEX comment_published ON comment (consultation_id, number) WHERE state = 'published';
CREATE INDEX comment_published_text ON comment (consultation_id, text_digest) WHERE state = 'published';
CREATE INDEX comment_published_clauses ON comment USING gin (clause_ids) WITH (fastupdate = off) WHERE state = 'published';
CREATE INDEX comment_claimed ON comment (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX comment_decided ON comment (decided_at DESC, id) WHERE decided_at IS NOT NULL;

-- What the public may read of a comment, and nothing else: public queries name this view alone.
CREATE VIEW published_comment AS
  SELECT c.consultation_id, c.number, c.public_title AS title, c.public_body AS body, c.masked_name,
         CASE WHEN c.occupation = '现役军人' THEN '' ELSE c.occupation END AS occupation,
         c.received_at, c.published_at, c.clause_ids,
         ARRAY(SELECT cl.number FROM clause cl WHERE cl.id = ANY (c.clause_ids) ORDER BY cl.number) AS clauses
    FROM comment c
   WHERE c.state = 'published';

-- Words that keep a comment from passing the queue by rule (即时展示).
CREATE TABLE listed_word (word text PRIMARY KEY);

-- internal/vault ------------------------------------------------------------------------------------------------------

-- Personal data, each value sealed (AEAD, key id with the value, bound to table, column and row).
CREATE TABLE personal_data (
  comment_id      uuid PRIMARY KEY REFERENCES comment,
  consultation_id text NOT NULL,
  name            bytea NOT NULL,
  id_number       bytea,
  phone           bytea,
  email           bytea,
  org             bytea,
  identity_index  bytea
);
CREATE INDEX personal_data_identity ON personal_data (identity_index, consultation_id) WHERE identity_index IS NOT NULL;

-- Tells whether the key file at hand belongs to this database; holds no key.
CREATE TABLE key_check (key_id text PRIMARY KEY, digest bytea NOT NULL);

-- internal/moderation -------------------------------------------------------------------------------------------------

-- Each decision of the queue, undone ones too.
CREATE TABLE decision (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  action          text NOT NULL CHECK (action IN ('publish', 'withhold', 'decline', 'undo')),
  from_state      text NOT NULL,
  to_state        text NOT NULL,
  version         integer NOT NULL,
  reason          text NOT NULL DEFAULT '',
  note            text NOT NULL DEFAULT '',
  member_id       uuid,
  member_name     text NOT NULL,
  decided_at      timestamptz NOT NULL,
  UNIQUE (comment_id, version)
);

-- Spans hidden from the public copy: positions count Unicode code points of the original, end exclusive.
CREATE TABLE redaction (
  decision_id     uuid NOT NULL REFERENCES decision,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  field           text NOT NULL CHECK (field IN ('title', 'body')),
  span_start      integer NOT NULL,
  span_end        integer NOT NULL CHECK (span_end > span_start),
  reason          text NOT NULL,
  PRIMARY KEY (decision_id, field, span_start)
);

CREATE TABLE note (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL,
  comment_id      uuid NOT NULL REFERENCES comment,
  text            text NOT NULL,
  member_name     text NOT NULL,
  written_at      timestamptz NOT NULL
);
CREATE INDEX note_comment ON note (comment_id, written_at);

-- internal/export -----------------------------------------------------------------------------------------------------

-- Each export made: who, what, why. The file itself is streamed and not kept.
CREATE TABLE export (
  id              uuid PRIMARY KEY,
  consultation_id text NOT NULL REFERENCES consultation,
  member_name     text NOT NULL,
  profile         text NOT NULL CHECK (profile IN ('masked', 'personal')),
  format          text NOT NULL CHECK (format IN ('csv', 'xlsx')),
  reason          text NOT NULL DEFAULT '',
  started_at      timestamptz NOT NULL,
  finished_at     timestamptz,
  row_count       integer
);
CREATE INDEX export_started ON export (started_at DESC, id);

-- internal/captcha ----------------------------------------------------------------------------------------------------

-- Challenges already answered; a row may go once its challenge has expired.
CREATE TABLE captcha_used (
  token_digest bytea PRIMARY KEY,
  expires_at   timestamptz NOT NULL
);
CREATE INDEX captcha_used_expiry ON captcha_used (expires_at);

-- internal/throttle ---------------------------------------------------------------------------------------------------

-- Tries counted per keyed hash of an address, account or code; not logged to WAL: a crash forgets only counts.
CREATE UNLOGGED TABLE tries (
  key        bytea PRIMARY KEY,
  count      integer NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX tries_expiry ON tries (expires_at);

-- internal/staff ------------------------------------------------------------------------------------------------------

CREATE TABLE member (
  id            uuid PRIMARY KEY,
  username      text NOT NULL UNIQUE,
  name          text NOT NULL,
  role          text NOT NULL CHECK (role IN ('moderator', 'editor', 'system_admin')),
  password_hash text NOT NULL,
  totp_secret   bytea NOT NULL,
  totp_step     bigint NOT NULL DEFAULT 0,
  disabled_at   timestamptz,
  created_at    timestamptz NOT NULL,
  last_login_at timestamptz
);

CREATE TABLE session (
  token_digest bytea PRIMARY KEY,
  member_id    uuid NOT NULL REFERENCES member,
  created_at   timestamptz NOT NULL,
  seen_at      timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  previous_login_at timestamptz
);
CREATE INDEX session_member ON session (member_id);
CREATE INDEX session_expiry ON session (expires_at);

-- internal/audit ------------------------------------------------------------------------------------------------------

-- Append-only. Entries hold display text and no foreign keys, so they outlive what they describe. tx is the writing
-- transaction: the sealer takes entries of finished transactions only, so an entry is never slipped in behind it.
CREATE TABLE audit_entry (
  id              uuid PRIMARY KEY,
  tx              bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  at              timestamptz NOT NULL,
  actor           text NOT NULL,
  role            text NOT NULL,
  action          text NOT NULL,
  consultation_id text NOT NULL DEFAULT '',
  subject         text NOT NULL DEFAULT '',
  detail          text NOT NULL DEFAULT ''
);
CREATE INDEX audit_entry_tx ON audit_entry (tx, id);

-- The hash chain over committed entries, written in batches by the sealer.
CREATE TABLE audit_chain (
  position bigint PRIMARY KEY,
  entry_id uuid NOT NULL UNIQUE,
  tx       bigint NOT NULL,
  digest   bytea NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The application's role ----------------------------------------------------------------------------------------------

-- The program switches to wenji_app on each connection where it may; where the migrating user cannot make roles, the
-- triggers above still keep the record append-only.
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wenji_app') THEN
    BEGIN
      CREATE ROLE wenji_app NOLOGIN;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN RETURN;
    END;
  END IF;
  BEGIN
    IF NOT pg_has_role(current_user, 'wenji_app', 'MEMBER') THEN
      EXECUTE format('GRANT wenji_app TO %I', current_user);
    END IF;
  EXCEPTION WHEN insufficient_privilege OR unique_violation OR internal_error THEN NULL;
  END;
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO wenji_app', current_schema());
  GRANT SELECT, INSERT, UPDATE, DELETE ON consultation, clause, attachment, comment_count, clause_count, comment,
    listed_word, personal_data, key_check, note, captcha_used, tries, member, session, export TO wenji_app;
  GRANT SELECT, INSERT ON decision, redaction, audit_entry, audit_chain TO wenji_app;
  GRANT SELECT ON published_comment, goose_db_version TO wenji_app;
END $$;
-- +goose StatementEnd
