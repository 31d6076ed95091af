-- The schema as the migrations make it. Written by `make schema`; a test compares it.
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TABLE public.attachment (
    consultation_id text NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    media_type text NOT NULL,
    ordinal integer NOT NULL,
    size integer NOT NULL,
    content bytea NOT NULL
);

CREATE TABLE public.audit_chain (
    "position" bigint NOT NULL,
    entry_id uuid NOT NULL,
    tx bigint NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE public.audit_entry (
    id uuid NOT NULL,
    tx bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    role text NOT NULL,
    action text NOT NULL,
    consultation_id text DEFAULT ''::text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    detail text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.captcha_used (
    token_digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.clause (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    document text NOT NULL,
    ordinal integer NOT NULL,
    kind text NOT NULL,
    number integer DEFAULT 0 NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    units text[] DEFAULT '{}'::text[] NOT NULL,
    units_note text DEFAULT ''::text NOT NULL,
    CONSTRAINT clause_document_check CHECK ((document = ANY (ARRAY['draft'::text, 'interpretation'::text]))),
    CONSTRAINT clause_kind_check CHECK ((kind = ANY (ARRAY['part'::text, 'section'::text, 'clause'::text, 'paragraph'::text])))
);

CREATE TABLE public.clause_count (
    consultation_id text NOT NULL,
    clause_id uuid NOT NULL,
    published integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.comment (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    number integer NOT NULL,
    channel text DEFAULT 'web'::text NOT NULL,
    state text DEFAULT 'received'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    received_at timestamp with time zone NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    clause_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    masked_name text NOT NULL,
    occupation text NOT NULL,
    flags text[] DEFAULT '{}'::text[] NOT NULL,
    text_digest bytea NOT NULL,
    form_digest bytea NOT NULL,
    code_index bytea NOT NULL,
    tail_index bytea NOT NULL,
    code_attempt smallint DEFAULT 0 NOT NULL,
    public_title text,
    public_body text,
    published_at timestamp with time zone,
    decided_at timestamp with time zone,
    decided_by text DEFAULT ''::text NOT NULL,
    decision_reason text DEFAULT ''::text NOT NULL,
    claimed_by uuid,
    claimed_name text DEFAULT ''::text NOT NULL,
    claimed_until timestamp with time zone,
    CONSTRAINT comment_check CHECK (((state = 'published'::text) = ((published_at IS NOT NULL) AND (public_title IS NOT NULL) AND (public_body IS NOT NULL)))),
    CONSTRAINT comment_state_check CHECK ((state = ANY (ARRAY['received'::text, 'published'::text, 'withheld'::text, 'declined'::text])))
)
WITH (fillfactor='85');

CREATE TABLE public.comment_count (
    consultation_id text NOT NULL,
    last_number integer DEFAULT 0 NOT NULL,
    received integer DEFAULT 0 NOT NULL,
    published integer DEFAULT 0 NOT NULL,
    withheld integer DEFAULT 0 NOT NULL,
    declined integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.consultation (
    id text NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    headline text NOT NULL,
    unit text NOT NULL,
    source text NOT NULL,
    editor text DEFAULT ''::text NOT NULL,
    published_on date NOT NULL,
    opens_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone NOT NULL,
    short_period_reason text DEFAULT ''::text NOT NULL,
    original_closes_at timestamp with time zone,
    extension_reason text DEFAULT ''::text NOT NULL,
    extended_on date,
    withdrawn_at timestamp with time zone,
    withdrawal_reason text DEFAULT ''::text NOT NULL,
    concluded_on date,
    result_expected text DEFAULT ''::text NOT NULL,
    publication text DEFAULT 'after_review'::text NOT NULL,
    id_number_rule text DEFAULT 'required'::text NOT NULL,
    phone_rule text DEFAULT 'required'::text NOT NULL,
    email_rule text DEFAULT 'required'::text NOT NULL,
    contact_phone text DEFAULT ''::text NOT NULL,
    contact_email text DEFAULT ''::text NOT NULL,
    mail_subject text DEFAULT ''::text NOT NULL,
    notice text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    CONSTRAINT consultation_check CHECK ((closes_at > opens_at)),
    CONSTRAINT consultation_check1 CHECK (((publication = 'after_review'::text) OR (kind = 'normative_document'::text))),
    CONSTRAINT consultation_email_rule_check CHECK ((email_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_id_check CHECK ((id ~ '^[0-9]{4}-[0-9]{4}$'::text)),
    CONSTRAINT consultation_id_number_rule_check CHECK ((id_number_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_kind_check CHECK ((kind = ANY (ARRAY['major_decision'::text, 'normative_document'::text, 'government_rule'::text, 'local_regulation'::text]))),
    CONSTRAINT consultation_phone_rule_check CHECK ((phone_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_publication_check CHECK ((publication = ANY (ARRAY['after_review'::text, 'instant'::text])))
);

CREATE TABLE public.decision (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    action text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL,
    version integer NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    member_id uuid,
    member_name text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT decision_action_check CHECK ((action = ANY (ARRAY['publish'::text, 'withhold'::text, 'decline'::text, 'undo'::text])))
);

CREATE TABLE public.export (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    member_name text NOT NULL,
    profile text NOT NULL,
    format text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    row_count integer,
    CONSTRAINT export_format_check CHECK ((format = ANY (ARRAY['csv'::text, 'xlsx'::text]))),
    CONSTRAINT export_profile_check CHECK ((profile = ANY (ARRAY['masked'::text, 'personal'::text])))
);

CREATE TABLE public.key_check (
    key_id text NOT NULL,
    digest bytea NOT NULL
);

CREATE TABLE public.listed_word (
    word text NOT NULL
);

CREATE TABLE public.member (
    id uuid NOT NULL,
    username text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    totp_secret bytea NOT NULL,
    totp_step bigint DEFAULT 0 NOT NULL,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    last_login_at timestamp with time zone,
    unit_id uuid,
    CONSTRAINT member_role_check CHECK ((role = ANY (ARRAY['moderator'::text, 'officer'::text, 'editor'::text, 'system_admin'::text, 'security_admin'::text, 'auditor'::text])))
);

CREATE TABLE public.note (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    text text NOT NULL,
    member_name text NOT NULL,
    written_at timestamp with time zone NOT NULL
);

CREATE TABLE public.outbox (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    kind text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    failed_at timestamp with time zone,
    failure text DEFAULT ''::text NOT NULL,
    CONSTRAINT outbox_kind_check CHECK ((kind = 'answered'::text))
);

CREATE TABLE public.personal_data (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    name bytea NOT NULL,
    id_number bytea,
    phone bytea,
    email bytea,
    org bytea,
    identity_index bytea
);

CREATE VIEW public.published_comment AS
 SELECT c.consultation_id,
    c.number,
    c.public_title AS title,
    c.public_body AS body,
    c.masked_name,
        CASE
            WHEN (c.occupation = '现役军人'::text) THEN ''::text
            ELSE c.occupation
        END AS occupation,
    c.received_at,
    c.published_at,
    c.clause_ids,
    ARRAY( SELECT cl.number
           FROM public.clause cl
          WHERE (cl.id = ANY (c.clause_ids))
          ORDER BY cl.number) AS clauses
   FROM public.comment c
  WHERE (c.state = 'published'::text);

CREATE TABLE public.redaction (
    decision_id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    field text NOT NULL,
    span_start integer NOT NULL,
    span_end integer NOT NULL,
    reason text NOT NULL,
    CONSTRAINT redaction_check CHECK ((span_end > span_start)),
    CONSTRAINT redaction_field_check CHECK ((field = ANY (ARRAY['title'::text, 'body'::text])))
);

CREATE TABLE public.session (
    token_digest bytea NOT NULL,
    member_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    previous_login_at timestamp with time zone
);

CREATE TABLE public.special_day (
    day date NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    CONSTRAINT special_day_kind_check CHECK ((kind = ANY (ARRAY['holiday'::text, 'workday'::text])))
);

CREATE UNLOGGED TABLE public.tries (
    key bytea NOT NULL,
    count integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.unit (
    id uuid NOT NULL,
    name text NOT NULL,
    aliases text[] DEFAULT '{}'::text[] NOT NULL,
    disabled_at timestamp with time zone
);

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (consultation_id, name);

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_entry_id_key UNIQUE (entry_id);

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.captcha_used
    ADD CONSTRAINT captcha_used_pkey PRIMARY KEY (token_digest);

ALTER TABLE ONLY public.clause
    ADD CONSTRAINT clause_consultation_id_document_ordinal_key UNIQUE (consultation_id, document, ordinal);

ALTER TABLE ONLY public.clause_count
    ADD CONSTRAINT clause_count_pkey PRIMARY KEY (consultation_id, clause_id);

ALTER TABLE ONLY public.clause
    ADD CONSTRAINT clause_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.comment_count
    ADD CONSTRAINT comment_count_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.comment
    ADD CONSTRAINT comment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.consultation
    ADD CONSTRAINT consultation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_comment_id_version_key UNIQUE (comment_id, version);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.key_check
    ADD CONSTRAINT key_check_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY public.listed_word
    ADD CONSTRAINT listed_word_pkey PRIMARY KEY (word);

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_username_key UNIQUE (username);

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_pkey PRIMARY KEY (decision_id, field, span_start);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_digest);

ALTER TABLE ONLY public.special_day
    ADD CONSTRAINT special_day_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.tries
    ADD CONSTRAINT tries_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT unit_name_key UNIQUE (name);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT unit_pkey PRIMARY KEY (id);

CREATE INDEX audit_entry_tx ON public.audit_entry USING btree (tx, id);

CREATE INDEX captcha_used_expiry ON public.captcha_used USING btree (expires_at);

CREATE UNIQUE INDEX clause_number ON public.clause USING btree (consultation_id, number) WHERE ((document = 'draft'::text) AND (kind = 'clause'::text));

CREATE INDEX comment_claimed ON public.comment USING btree (claimed_by) WHERE (claimed_by IS NOT NULL);

CREATE UNIQUE INDEX comment_code ON public.comment USING btree (code_index);

CREATE INDEX comment_decided ON public.comment USING btree (decided_at DESC, id) WHERE (decided_at IS NOT NULL);

CREATE UNIQUE INDEX comment_number ON public.comment USING btree (consultation_id, number);

CREATE INDEX comment_published ON public.comment USING btree (consultation_id, number) WHERE (state = 'published'::text);

CREATE INDEX comment_published_clauses ON public.comment USING gin (clause_ids) WITH (fastupdate=off) WHERE (state = 'published'::text);

CREATE INDEX comment_published_text ON public.comment USING btree (consultation_id, text_digest) WHERE (state = 'published'::text);

CREATE INDEX comment_waiting ON public.comment USING btree (received_at, id) WHERE (state = 'received'::text);

CREATE INDEX export_started ON public.export USING btree (started_at DESC, id);

CREATE INDEX note_comment ON public.note USING btree (comment_id, written_at);

CREATE INDEX outbox_due ON public.outbox USING btree (due_at) WHERE ((sent_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX personal_data_identity ON public.personal_data USING btree (identity_index, consultation_id) WHERE (identity_index IS NOT NULL);

CREATE INDEX session_expiry ON public.session USING btree (expires_at);

CREATE INDEX session_member ON public.session USING btree (member_id);

CREATE INDEX tries_expiry ON public.tries USING btree (expires_at);

CREATE TRIGGER audit_chain_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_chain FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER audit_entry_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.clause
    ADD CONSTRAINT clause_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.clause_count
    ADD CONSTRAINT clause_count_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment
    ADD CONSTRAINT comment_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment_count
    ADD CONSTRAINT comment_count_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES public.decision(id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.member(id);

GRANT USAGE ON SCHEMA public TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attachment TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.audit_chain TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.audit_entry TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.captcha_used TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.clause TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.clause_count TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_count TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consultation TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.decision TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.key_check TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.listed_word TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.note TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.personal_data TO wenji_app;

GRANT SELECT ON TABLE public.published_comment TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.redaction TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.session TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.special_day TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tries TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unit TO wenji_app;

