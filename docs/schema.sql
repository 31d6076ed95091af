-- The schema as the migrations make it. Written by `make schema`; a test compares it.
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TABLE public.answer_template (
    id uuid NOT NULL,
    name text NOT NULL,
    outcome text DEFAULT ''::text NOT NULL,
    body text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    disabled_at timestamp with time zone,
    changed_by text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT answer_template_outcome_check CHECK ((outcome = ANY (ARRAY[''::text, 'adopted'::text, 'partly'::text, 'not_adopted'::text, 'reference'::text, 'outside'::text])))
);

CREATE UNLOGGED TABLE public.arrival (
    consultation_id text NOT NULL,
    minute timestamp with time zone NOT NULL,
    address_index bytea NOT NULL,
    count integer NOT NULL
);

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

CREATE TABLE public.audit_check (
    id uuid NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    requested_by text NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    entries integer DEFAULT 0 NOT NULL,
    sealed integer DEFAULT 0 NOT NULL,
    waiting integer DEFAULT 0 NOT NULL,
    anchor text DEFAULT ''::text NOT NULL,
    broken text DEFAULT ''::text NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL
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
    handling smallint DEFAULT 0 NOT NULL,
    CONSTRAINT comment_channel_known CHECK ((channel = ANY (ARRAY['web'::text, 'letter'::text, 'email'::text, 'phone'::text, 'counter'::text, 'hearing'::text]))),
    CONSTRAINT comment_check CHECK (((state = 'published'::text) = ((published_at IS NOT NULL) AND (public_title IS NOT NULL) AND (public_body IS NOT NULL)))),
    CONSTRAINT comment_state_check CHECK ((state = ANY (ARRAY['received'::text, 'published'::text, 'withheld'::text, 'declined'::text])))
)
WITH (fillfactor='85');

CREATE TABLE public.comment_band (
    consultation_id text NOT NULL,
    value bigint NOT NULL,
    comment_id uuid NOT NULL
);

CREATE TABLE public.comment_count (
    consultation_id text NOT NULL,
    last_number integer DEFAULT 0 NOT NULL,
    received integer DEFAULT 0 NOT NULL,
    published integer DEFAULT 0 NOT NULL,
    withheld integer DEFAULT 0 NOT NULL,
    declined integer DEFAULT 0 NOT NULL,
    concluded boolean DEFAULT false NOT NULL,
    handled integer DEFAULT 0 NOT NULL,
    answered integer DEFAULT 0 NOT NULL,
    decided_on date DEFAULT '0001-01-01'::date NOT NULL,
    decided integer DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.comment_group (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    representative_id uuid NOT NULL,
    members integer DEFAULT 0 NOT NULL,
    lowest real DEFAULT 1 NOT NULL,
    highest real DEFAULT 1 NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    changed_by_staff boolean DEFAULT false NOT NULL,
    merged_into uuid,
    created_at timestamp with time zone NOT NULL,
    people integer DEFAULT 0 NOT NULL,
    clause_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    counted integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.comment_group_member (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    group_id uuid NOT NULL,
    similarity real NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    taken_out boolean DEFAULT false NOT NULL,
    changed_by text DEFAULT ''::text NOT NULL,
    changed_at timestamp with time zone,
    number integer DEFAULT 0 NOT NULL,
    waiting boolean DEFAULT true NOT NULL
);

CREATE TABLE public.comment_repeat (
    consultation_id text NOT NULL,
    digest bytea NOT NULL,
    minute timestamp with time zone NOT NULL,
    count integer NOT NULL
);

CREATE TABLE public.comment_search (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    number integer NOT NULL,
    received_at timestamp with time zone NOT NULL,
    staff_terms integer[] NOT NULL,
    public_terms integer[]
);

CREATE TABLE public.comment_search_mark (
    consultation_id text NOT NULL,
    number integer DEFAULT 0 NOT NULL
);

CREATE TABLE public.comment_search_stale (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL
);

CREATE TABLE public.comment_sketch (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    digest bytea NOT NULL,
    received_at timestamp with time zone NOT NULL
);

CREATE TABLE public.comment_tally (
    consultation_id text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    count integer NOT NULL,
    CONSTRAINT comment_tally_kind_check CHECK ((kind = ANY (ARRAY['day'::text, 'channel'::text, 'occupation'::text, 'clause'::text, 'outcome'::text])))
)
WITH (fillfactor='50');

CREATE TABLE public.comment_tally_mark (
    consultation_id text NOT NULL,
    number integer DEFAULT 0 NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL
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
    stage text DEFAULT 'published'::text NOT NULL,
    concerns_business boolean DEFAULT false NOT NULL,
    ended_early_at timestamp with time zone,
    early_end_reason text DEFAULT ''::text NOT NULL,
    result_on date,
    CONSTRAINT consultation_check CHECK ((closes_at > opens_at)),
    CONSTRAINT consultation_check1 CHECK (((publication = 'after_review'::text) OR (kind = 'normative_document'::text))),
    CONSTRAINT consultation_email_rule_check CHECK ((email_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_id_check CHECK ((id ~ '^[0-9]{4}-[0-9]{4}$'::text)),
    CONSTRAINT consultation_id_number_rule_check CHECK ((id_number_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_kind_check CHECK ((kind = ANY (ARRAY['major_decision'::text, 'normative_document'::text, 'government_rule'::text, 'local_regulation'::text]))),
    CONSTRAINT consultation_phone_rule_check CHECK ((phone_rule = ANY (ARRAY['required'::text, 'optional'::text, 'omitted'::text]))),
    CONSTRAINT consultation_publication_check CHECK ((publication = ANY (ARRAY['after_review'::text, 'instant'::text]))),
    CONSTRAINT consultation_stage_check CHECK ((stage = ANY (ARRAY['preparing'::text, 'published'::text])))
);

CREATE TABLE public.consultation_correction (
    change_id uuid NOT NULL,
    consultation_id text NOT NULL,
    field text NOT NULL,
    old_text text NOT NULL,
    new_text text NOT NULL,
    explanation text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL
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

CREATE TABLE public.disposition (
    comment_id uuid NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    consultation_id text NOT NULL,
    outcome text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    unit text DEFAULT ''::text NOT NULL,
    status text NOT NULL,
    drafted_by text DEFAULT ''::text NOT NULL,
    drafted_by_id uuid,
    drafted_at timestamp with time zone,
    approved_by text DEFAULT ''::text NOT NULL,
    approved_at timestamp with time zone,
    returned_by text DEFAULT ''::text NOT NULL,
    returned_at timestamp with time zone,
    return_words text DEFAULT ''::text NOT NULL,
    CONSTRAINT disposition_outcome_check CHECK ((outcome = ANY (ARRAY['adopted'::text, 'partly'::text, 'not_adopted'::text, 'reference'::text, 'outside'::text]))),
    CONSTRAINT disposition_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'submitted'::text, 'returned'::text, 'approved'::text, 'replaced'::text])))
);

CREATE TABLE public.draft_import (
    consultation_id text NOT NULL,
    document text NOT NULL,
    rows jsonb NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    stamp uuid NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    saved_by text NOT NULL,
    CONSTRAINT draft_import_document_check CHECK ((document = ANY (ARRAY['draft'::text, 'interpretation'::text])))
);

CREATE TABLE public.draft_version (
    consultation_id text NOT NULL,
    number integer NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    explanation text DEFAULT ''::text NOT NULL,
    nodes jsonb NOT NULL,
    links jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE public.erasure (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid,
    actor text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    through integer DEFAULT 0 NOT NULL,
    people integer DEFAULT 0 NOT NULL,
    marks integer DEFAULT 0 NOT NULL,
    scans integer DEFAULT 0 NOT NULL,
    requests integer DEFAULT 0 NOT NULL,
    digest bytea DEFAULT '\x'::bytea NOT NULL
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
    state text DEFAULT 'sent'::text NOT NULL,
    member_id uuid,
    member_role text DEFAULT ''::text NOT NULL,
    filter jsonb DEFAULT '{}'::jsonb NOT NULL,
    row_total integer,
    decided_by text DEFAULT ''::text NOT NULL,
    decided_at timestamp with time zone,
    decision_note text DEFAULT ''::text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    lease_until timestamp with time zone,
    chunks integer DEFAULT 0 NOT NULL,
    size bigint,
    digest bytea,
    content_digest bytea,
    expires_at timestamp with time zone,
    CONSTRAINT export_format_check CHECK ((format = ANY (ARRAY['csv'::text, 'xlsx'::text, 'docx'::text, 'jsonl'::text]))),
    CONSTRAINT export_profile_check CHECK ((profile = ANY (ARRAY['public'::text, 'masked'::text, 'personal'::text]))),
    CONSTRAINT export_state_check CHECK ((state = ANY (ARRAY['sent'::text, 'waiting'::text, 'refused'::text, 'queued'::text, 'running'::text, 'ready'::text, 'failed'::text, 'expired'::text])))
);

CREATE TABLE public.export_chunk (
    export_id uuid NOT NULL,
    consultation_id text NOT NULL,
    attempt integer NOT NULL,
    ordinal integer NOT NULL,
    sealed text NOT NULL
);
ALTER TABLE ONLY public.export_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE public.intake_entry (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    received_on date NOT NULL,
    member_id uuid NOT NULL,
    member_name text NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    import_id uuid,
    row_digest bytea
);

CREATE TABLE public.intake_import (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    member_id uuid NOT NULL,
    member_name text NOT NULL,
    format text NOT NULL,
    digest bytea NOT NULL,
    content bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    stored_at timestamp with time zone,
    stored_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT intake_import_format_check CHECK ((format = ANY (ARRAY['xlsx'::text, 'eml'::text])))
);

CREATE TABLE public.intake_scan (
    comment_id uuid NOT NULL,
    consultation_id text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT intake_scan_media_type_check CHECK ((media_type = ANY (ARRAY['application/pdf'::text, 'image/jpeg'::text, 'image/png'::text])))
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
    must_enrol boolean DEFAULT false NOT NULL,
    held boolean DEFAULT false NOT NULL,
    password_set_at timestamp with time zone,
    CONSTRAINT member_role_check CHECK ((role = ANY (ARRAY[''::text, 'moderator'::text, 'officer'::text, 'editor'::text, 'system_admin'::text, 'security_admin'::text, 'auditor'::text])))
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
    lease uuid,
    leased_until timestamp with time zone,
    sending_at timestamp with time zone,
    skipped_at timestamp with time zone,
    CONSTRAINT outbox_kind_check CHECK ((kind = 'answered'::text))
);

CREATE TABLE public.page_version (
    consultation_id text NOT NULL,
    version bigint NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.password_history (
    member_id uuid NOT NULL,
    set_at timestamp with time zone NOT NULL,
    password_hash text NOT NULL
);

CREATE TABLE public.period_change (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    kind text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    old_closes_at timestamp with time zone NOT NULL,
    new_closes_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT period_change_kind_check CHECK ((kind = ANY (ARRAY['extension'::text, 'early_end'::text, 'withdrawal'::text])))
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

CREATE TABLE public.personal_request (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    kind text NOT NULL,
    wish bytea,
    state text DEFAULT 'open'::text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_on date NOT NULL,
    answer text DEFAULT ''::text NOT NULL,
    decided_by text DEFAULT ''::text NOT NULL,
    decided_at timestamp with time zone,
    CONSTRAINT personal_request_check CHECK (((state = 'open'::text) = (decided_at IS NULL))),
    CONSTRAINT personal_request_kind_check CHECK ((kind = ANY (ARRAY['correct'::text, 'erase'::text]))),
    CONSTRAINT personal_request_state_check CHECK ((state = ANY (ARRAY['open'::text, 'granted'::text, 'refused'::text, 'lapsed'::text])))
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

CREATE VIEW public.published_group_member AS
 SELECT c.consultation_id,
    c.number,
    m.group_id
   FROM (public.comment c
     JOIN public.comment_group_member m ON (((m.comment_id = c.id) AND (NOT m.taken_out))))
  WHERE (c.state = 'published'::text);

CREATE VIEW public.published_reply AS
 SELECT c.consultation_id,
    c.number,
    d.unit,
    d.outcome,
    d.reason,
    d.answer,
    d.approved_at
   FROM (public.comment c
     JOIN public.disposition d ON (((d.comment_id = c.id) AND (d.status = 'approved'::text))))
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

CREATE TABLE public.referral (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    comment_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    unit_name text NOT NULL,
    lead boolean DEFAULT false NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    due_on date NOT NULL,
    referred_by text DEFAULT ''::text NOT NULL,
    referred_at timestamp with time zone NOT NULL,
    accepted_by text DEFAULT ''::text NOT NULL,
    accepted_at timestamp with time zone,
    returned_by text DEFAULT ''::text NOT NULL,
    returned_at timestamp with time zone,
    return_reason text DEFAULT ''::text NOT NULL,
    replied_by text DEFAULT ''::text NOT NULL,
    replied_at timestamp with time zone,
    opinion text DEFAULT ''::text NOT NULL,
    suggested text DEFAULT ''::text NOT NULL,
    CONSTRAINT referral_check CHECK (((state = 'replied'::text) = ((replied_at IS NOT NULL) AND (opinion <> ''::text)))),
    CONSTRAINT referral_check1 CHECK (((state = 'returned'::text) = ((returned_at IS NOT NULL) AND (return_reason <> ''::text)))),
    CONSTRAINT referral_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'accepted'::text, 'returned'::text, 'replied'::text]))),
    CONSTRAINT referral_suggested_check CHECK ((suggested = ANY (ARRAY[''::text, 'adopted'::text, 'partly'::text, 'not_adopted'::text, 'reference'::text, 'outside'::text])))
);

CREATE TABLE public.result_draft (
    consultation_id text NOT NULL,
    part text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    link_title text DEFAULT ''::text NOT NULL,
    link_url text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    saved_by text NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT result_draft_part_check CHECK ((part = ANY (ARRAY['received'::text, 'outcome'::text])))
);

CREATE TABLE public.result_edition (
    id uuid NOT NULL,
    consultation_id text NOT NULL,
    part text NOT NULL,
    edition integer NOT NULL,
    published_at timestamp with time zone NOT NULL,
    published_by text NOT NULL,
    document text NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT result_edition_part_check CHECK ((part = ANY (ARRAY['received'::text, 'outcome'::text])))
);

CREATE TABLE public.result_row (
    edition_id uuid NOT NULL,
    consultation_id text NOT NULL,
    number integer NOT NULL,
    masked_name text NOT NULL,
    shown boolean NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    text_digest bytea
);

CREATE TABLE public.retention (
    consultation_id text NOT NULL,
    months integer DEFAULT 24 NOT NULL,
    held_at timestamp with time zone,
    hold_reason text DEFAULT ''::text NOT NULL,
    held_by text DEFAULT ''::text NOT NULL,
    CONSTRAINT retention_check CHECK (((held_at IS NULL) = (hold_reason = ''::text))),
    CONSTRAINT retention_months_check CHECK (((months >= 1) AND (months <= 600)))
);

CREATE TABLE public.reveal_count (
    member_id uuid NOT NULL,
    day date NOT NULL,
    used integer DEFAULT 0 NOT NULL,
    extra integer DEFAULT 0 NOT NULL,
    refused integer DEFAULT 0 NOT NULL,
    looked boolean DEFAULT true NOT NULL
);

CREATE TABLE public.session (
    token_digest bytea NOT NULL,
    member_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    previous_login_at timestamp with time zone,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    address text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.setting (
    name text NOT NULL,
    value integer NOT NULL
);

CREATE TABLE public.similar_progress (
    consultation_id text NOT NULL,
    last_number integer DEFAULT 0 NOT NULL,
    checked_at timestamp with time zone DEFAULT now() NOT NULL
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

ALTER TABLE ONLY public.answer_template
    ADD CONSTRAINT answer_template_name_key UNIQUE (name);

ALTER TABLE ONLY public.answer_template
    ADD CONSTRAINT answer_template_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.arrival
    ADD CONSTRAINT arrival_pkey PRIMARY KEY (consultation_id, minute, address_index);

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (consultation_id, name);

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_entry_id_key UNIQUE (entry_id);

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.audit_check
    ADD CONSTRAINT audit_check_pkey PRIMARY KEY (id);

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

ALTER TABLE ONLY public.comment_band
    ADD CONSTRAINT comment_band_pkey PRIMARY KEY (consultation_id, value, comment_id);

ALTER TABLE ONLY public.comment_count
    ADD CONSTRAINT comment_count_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.comment_group_member
    ADD CONSTRAINT comment_group_member_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.comment_group
    ADD CONSTRAINT comment_group_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.comment
    ADD CONSTRAINT comment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.comment_repeat
    ADD CONSTRAINT comment_repeat_pkey PRIMARY KEY (consultation_id, digest, minute);

ALTER TABLE ONLY public.comment_search_mark
    ADD CONSTRAINT comment_search_mark_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.comment_search
    ADD CONSTRAINT comment_search_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.comment_search_stale
    ADD CONSTRAINT comment_search_stale_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.comment_sketch
    ADD CONSTRAINT comment_sketch_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.comment_tally_mark
    ADD CONSTRAINT comment_tally_mark_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.comment_tally
    ADD CONSTRAINT comment_tally_pkey PRIMARY KEY (consultation_id, kind, key);

ALTER TABLE ONLY public.consultation_correction
    ADD CONSTRAINT consultation_correction_pkey PRIMARY KEY (change_id, field);

ALTER TABLE ONLY public.consultation
    ADD CONSTRAINT consultation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_comment_id_version_key UNIQUE (comment_id, version);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.disposition
    ADD CONSTRAINT disposition_pkey PRIMARY KEY (comment_id, version);

ALTER TABLE ONLY public.draft_import
    ADD CONSTRAINT draft_import_pkey PRIMARY KEY (consultation_id, document);

ALTER TABLE ONLY public.draft_version
    ADD CONSTRAINT draft_version_pkey PRIMARY KEY (consultation_id, number);

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.export_chunk
    ADD CONSTRAINT export_chunk_pkey PRIMARY KEY (export_id, attempt, ordinal);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.intake_entry
    ADD CONSTRAINT intake_entry_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.intake_import
    ADD CONSTRAINT intake_import_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.intake_scan
    ADD CONSTRAINT intake_scan_pkey PRIMARY KEY (comment_id);

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

ALTER TABLE ONLY public.page_version
    ADD CONSTRAINT page_version_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_pkey PRIMARY KEY (member_id, set_at);

ALTER TABLE ONLY public.period_change
    ADD CONSTRAINT period_change_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_pkey PRIMARY KEY (comment_id);

ALTER TABLE ONLY public.personal_request
    ADD CONSTRAINT personal_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_pkey PRIMARY KEY (decision_id, field, span_start);

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.result_draft
    ADD CONSTRAINT result_draft_pkey PRIMARY KEY (consultation_id, part);

ALTER TABLE ONLY public.result_edition
    ADD CONSTRAINT result_edition_consultation_id_part_edition_key UNIQUE (consultation_id, part, edition);

ALTER TABLE ONLY public.result_edition
    ADD CONSTRAINT result_edition_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.result_row
    ADD CONSTRAINT result_row_pkey PRIMARY KEY (edition_id, number);

ALTER TABLE ONLY public.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.reveal_count
    ADD CONSTRAINT reveal_count_pkey PRIMARY KEY (member_id, day);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_digest);

ALTER TABLE ONLY public.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.similar_progress
    ADD CONSTRAINT similar_progress_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY public.special_day
    ADD CONSTRAINT special_day_pkey PRIMARY KEY (day);

ALTER TABLE ONLY public.tries
    ADD CONSTRAINT tries_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT unit_name_key UNIQUE (name);

ALTER TABLE ONLY public.unit
    ADD CONSTRAINT unit_pkey PRIMARY KEY (id);

CREATE INDEX arrival_minute ON public.arrival USING btree (minute);

CREATE INDEX audit_check_requested ON public.audit_check USING btree (requested_at DESC, id);

CREATE INDEX audit_entry_action ON public.audit_entry USING btree (action, at, id) WHERE (action <> 'comment.submit'::text);

CREATE INDEX audit_entry_actor ON public.audit_entry USING btree (actor, at, id) WHERE (action <> 'comment.submit'::text);

CREATE INDEX audit_entry_at ON public.audit_entry USING btree (at, id);

CREATE INDEX audit_entry_tx ON public.audit_entry USING btree (tx, id);

CREATE INDEX captcha_used_expiry ON public.captcha_used USING btree (expires_at);

CREATE UNIQUE INDEX clause_number ON public.clause USING btree (consultation_id, number) WHERE ((document = 'draft'::text) AND (kind = 'clause'::text));

CREATE INDEX comment_claimed ON public.comment USING btree (claimed_by) WHERE (claimed_by IS NOT NULL);

CREATE UNIQUE INDEX comment_code ON public.comment USING btree (code_index);

CREATE INDEX comment_decided ON public.comment USING btree (decided_at DESC, id) WHERE (decided_at IS NOT NULL);

CREATE INDEX comment_decided_of ON public.comment USING btree (consultation_id, received_at, id) WHERE (state <> 'received'::text);

CREATE INDEX comment_flagged ON public.comment USING btree (received_at, id) WHERE ((state = 'received'::text) AND (flags <> '{}'::text[]));

CREATE INDEX comment_group_consultation ON public.comment_group USING btree (consultation_id, members DESC, id DESC) WHERE ((merged_into IS NULL) AND (members > 1));

CREATE INDEX comment_group_member_number ON public.comment_group_member USING btree (group_id, taken_out, number);

CREATE INDEX comment_group_member_unnumbered ON public.comment_group_member USING btree (comment_id) WHERE (number = 0);

CREATE INDEX comment_group_member_waiting ON public.comment_group_member USING btree (group_id, number) WHERE (waiting AND (NOT taken_out));

CREATE INDEX comment_group_size ON public.comment_group USING btree (members DESC, id DESC) WHERE ((merged_into IS NULL) AND (members > 1));

CREATE INDEX comment_group_uncounted ON public.comment_group USING btree (consultation_id) WHERE ((counted <> members) AND (merged_into IS NULL));

CREATE UNIQUE INDEX comment_number ON public.comment USING btree (consultation_id, number);

CREATE INDEX comment_other_channel ON public.comment USING btree (channel, received_at, id) WHERE (channel <> 'web'::text);

CREATE INDEX comment_published ON public.comment USING btree (consultation_id, number) WHERE (state = 'published'::text);

CREATE INDEX comment_published_clauses ON public.comment USING gin (clause_ids) WITH (fastupdate=off) WHERE (state = 'published'::text);

CREATE INDEX comment_published_text ON public.comment USING btree (consultation_id, text_digest) WHERE (state = 'published'::text);

CREATE INDEX comment_repeat_minute ON public.comment_repeat USING btree (minute);

CREATE UNIQUE INDEX comment_search_number ON public.comment_search USING btree (consultation_id, number);

CREATE INDEX comment_search_public ON public.comment_search USING gin (public_terms) WHERE (public_terms IS NOT NULL);

CREATE INDEX comment_search_public_within ON public.comment_search USING gin (array_append(public_terms, hashtext(consultation_id))) WHERE (public_terms IS NOT NULL);

CREATE INDEX comment_search_received ON public.comment_search USING btree (received_at DESC, consultation_id, number);

CREATE INDEX comment_search_shown ON public.comment_search USING btree (received_at DESC, consultation_id, number) WHERE (public_terms IS NOT NULL);

CREATE INDEX comment_search_staff ON public.comment_search USING gin (staff_terms);

CREATE INDEX comment_search_within ON public.comment_search USING btree (consultation_id, received_at DESC, number);

CREATE INDEX comment_sketch_digest ON public.comment_sketch USING btree (consultation_id, digest, comment_id);

CREATE INDEX comment_sketch_received ON public.comment_sketch USING btree (received_at);

CREATE INDEX comment_tally_day ON public.comment_tally USING btree (key) WHERE (kind = 'day'::text);

CREATE INDEX comment_unanswered ON public.comment USING btree (consultation_id, id) WHERE ((handling < 2) AND (state <> 'received'::text));

CREATE INDEX comment_unhandled ON public.comment USING btree (decided_at DESC, id) WHERE ((handling = 0) AND (state = ANY (ARRAY['published'::text, 'withheld'::text])));

CREATE INDEX comment_waiting ON public.comment USING btree (received_at, id) WHERE (state = 'received'::text);

CREATE INDEX comment_waiting_of ON public.comment USING btree (consultation_id, received_at, id) WHERE (state = 'received'::text);

CREATE INDEX consultation_correction_consultation ON public.consultation_correction USING btree (consultation_id, made_at);

CREATE INDEX disposition_answered ON public.disposition USING btree (approved_at DESC, comment_id) WHERE (status = 'approved'::text);

CREATE UNIQUE INDEX disposition_approved ON public.disposition USING btree (comment_id) WHERE (status = 'approved'::text);

CREATE INDEX disposition_consultation ON public.disposition USING btree (consultation_id) WHERE (status = 'approved'::text);

CREATE INDEX disposition_consultation_list ON public.disposition USING btree (consultation_id, status, comment_id);

CREATE INDEX disposition_drafter ON public.disposition USING btree (drafted_by_id) WHERE (status = 'submitted'::text);

CREATE INDEX disposition_list ON public.disposition USING btree (status, comment_id);

CREATE UNIQUE INDEX disposition_open ON public.disposition USING btree (comment_id) WHERE (status = ANY (ARRAY['draft'::text, 'submitted'::text, 'returned'::text]));

CREATE INDEX disposition_status ON public.disposition USING btree (status, drafted_at, comment_id);

CREATE INDEX erasure_consultation ON public.erasure USING btree (consultation_id, started_at DESC);

CREATE UNIQUE INDEX erasure_open ON public.erasure USING btree (consultation_id) WHERE ((finished_at IS NULL) AND (comment_id IS NULL));

CREATE INDEX export_expiry ON public.export USING btree (expires_at) WHERE (state = ANY (ARRAY['waiting'::text, 'ready'::text]));

CREATE INDEX export_started ON public.export USING btree (started_at DESC, id);

CREATE INDEX export_work ON public.export USING btree (started_at, id) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]));

CREATE INDEX intake_entry_entered ON public.intake_entry USING btree (entered_at DESC, comment_id);

CREATE UNIQUE INDEX intake_entry_row ON public.intake_entry USING btree (consultation_id, row_digest) WHERE (row_digest IS NOT NULL);

CREATE INDEX intake_import_expiry ON public.intake_import USING btree (expires_at) WHERE (content IS NOT NULL);

CREATE UNIQUE INDEX intake_import_stored ON public.intake_import USING btree (consultation_id, digest) WHERE (stored_at IS NOT NULL);

CREATE INDEX note_comment ON public.note USING btree (comment_id, written_at);

CREATE INDEX outbox_comment ON public.outbox USING btree (comment_id);

CREATE INDEX outbox_due ON public.outbox USING btree (due_at, id) WHERE ((sent_at IS NULL) AND (failed_at IS NULL) AND (skipped_at IS NULL));

CREATE INDEX outbox_failed ON public.outbox USING btree (failed_at DESC, id) WHERE (failed_at IS NOT NULL);

CREATE INDEX period_change_consultation ON public.period_change USING btree (consultation_id, made_at);

CREATE INDEX personal_data_identity ON public.personal_data USING btree (identity_index, consultation_id) WHERE (identity_index IS NOT NULL);

CREATE INDEX personal_request_comment ON public.personal_request USING btree (comment_id, asked_at);

CREATE INDEX personal_request_decided ON public.personal_request USING btree (decided_at DESC, id) WHERE (state <> 'open'::text);

CREATE INDEX personal_request_due ON public.personal_request USING btree (due_on, id) WHERE (state = 'open'::text);

CREATE UNIQUE INDEX personal_request_open ON public.personal_request USING btree (comment_id) WHERE (state = 'open'::text);

CREATE INDEX referral_comment ON public.referral USING btree (comment_id, referred_at);

CREATE INDEX referral_consultation ON public.referral USING btree (consultation_id, due_on, id);

CREATE INDEX referral_due ON public.referral USING btree (due_on, id);

CREATE UNIQUE INDEX referral_open ON public.referral USING btree (comment_id, unit_id) WHERE (state = ANY (ARRAY['waiting'::text, 'accepted'::text]));

CREATE INDEX referral_open_due ON public.referral USING btree (due_on, id) WHERE (state = ANY (ARRAY['waiting'::text, 'accepted'::text]));

CREATE INDEX referral_open_unit ON public.referral USING btree (unit_id, due_on, id) WHERE (state = ANY (ARRAY['waiting'::text, 'accepted'::text]));

CREATE INDEX referral_state ON public.referral USING btree (state, due_on, id);

CREATE INDEX referral_unit ON public.referral USING btree (unit_id, due_on, id);

CREATE INDEX reveal_count_day ON public.reveal_count USING btree (day);

CREATE INDEX session_expiry ON public.session USING btree (expires_at);

CREATE UNIQUE INDEX session_id ON public.session USING btree (id);

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

ALTER TABLE ONLY public.comment_group
    ADD CONSTRAINT comment_group_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment_group_member
    ADD CONSTRAINT comment_group_member_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.comment_group_member
    ADD CONSTRAINT comment_group_member_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.comment_group(id);

ALTER TABLE ONLY public.comment_group
    ADD CONSTRAINT comment_group_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.comment_group(id);

ALTER TABLE ONLY public.comment_group
    ADD CONSTRAINT comment_group_representative_id_fkey FOREIGN KEY (representative_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.comment_repeat
    ADD CONSTRAINT comment_repeat_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment_search
    ADD CONSTRAINT comment_search_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.comment_search_mark
    ADD CONSTRAINT comment_search_mark_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment_search_stale
    ADD CONSTRAINT comment_search_stale_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.comment_sketch
    ADD CONSTRAINT comment_sketch_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.comment_tally
    ADD CONSTRAINT comment_tally_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.comment_tally_mark
    ADD CONSTRAINT comment_tally_mark_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.consultation_correction
    ADD CONSTRAINT consultation_correction_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.decision
    ADD CONSTRAINT decision_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.disposition
    ADD CONSTRAINT disposition_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.draft_import
    ADD CONSTRAINT draft_import_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.draft_version
    ADD CONSTRAINT draft_version_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.export_chunk
    ADD CONSTRAINT export_chunk_export_id_fkey FOREIGN KEY (export_id) REFERENCES public.export(id);

ALTER TABLE ONLY public.export
    ADD CONSTRAINT export_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.intake_entry
    ADD CONSTRAINT intake_entry_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.intake_entry
    ADD CONSTRAINT intake_entry_import_id_fkey FOREIGN KEY (import_id) REFERENCES public.intake_import(id);

ALTER TABLE ONLY public.intake_entry
    ADD CONSTRAINT intake_entry_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.member(id);

ALTER TABLE ONLY public.intake_import
    ADD CONSTRAINT intake_import_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.intake_import
    ADD CONSTRAINT intake_import_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.member(id);

ALTER TABLE ONLY public.intake_scan
    ADD CONSTRAINT intake_scan_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.note
    ADD CONSTRAINT note_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.page_version
    ADD CONSTRAINT page_version_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.member(id);

ALTER TABLE ONLY public.period_change
    ADD CONSTRAINT period_change_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.personal_data
    ADD CONSTRAINT personal_data_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.personal_request
    ADD CONSTRAINT personal_request_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.redaction
    ADD CONSTRAINT redaction_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES public.decision(id);

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_comment_id_fkey FOREIGN KEY (comment_id) REFERENCES public.comment(id);

ALTER TABLE ONLY public.referral
    ADD CONSTRAINT referral_unit_id_fkey FOREIGN KEY (unit_id) REFERENCES public.unit(id);

ALTER TABLE ONLY public.result_draft
    ADD CONSTRAINT result_draft_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.result_edition
    ADD CONSTRAINT result_edition_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.result_row
    ADD CONSTRAINT result_row_edition_id_fkey FOREIGN KEY (edition_id) REFERENCES public.result_edition(id);

ALTER TABLE ONLY public.retention
    ADD CONSTRAINT retention_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_member_id_fkey FOREIGN KEY (member_id) REFERENCES public.member(id);

ALTER TABLE ONLY public.similar_progress
    ADD CONSTRAINT similar_progress_consultation_id_fkey FOREIGN KEY (consultation_id) REFERENCES public.consultation(id);

GRANT USAGE ON SCHEMA public TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.answer_template TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.arrival TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.attachment TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.audit_chain TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.audit_check TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.audit_entry TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.captcha_used TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.clause TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.clause_count TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_band TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_count TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_group TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_group_member TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_repeat TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_search TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_search_mark TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_search_stale TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_sketch TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_tally TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.comment_tally_mark TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.consultation TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.consultation_correction TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.decision TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.disposition TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.draft_import TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.draft_version TO wenji_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.erasure TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.export_chunk TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.intake_entry TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.intake_import TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.intake_scan TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.key_check TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.listed_word TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.member TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.note TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbox TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.page_version TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.password_history TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.period_change TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.personal_data TO wenji_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.personal_request TO wenji_app;

GRANT SELECT ON TABLE public.published_comment TO wenji_app;

GRANT SELECT ON TABLE public.published_group_member TO wenji_app;

GRANT SELECT ON TABLE public.published_reply TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.redaction TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.referral TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.result_draft TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.result_edition TO wenji_app;

GRANT SELECT,INSERT ON TABLE public.result_row TO wenji_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.retention TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.reveal_count TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.session TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.setting TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.similar_progress TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.special_day TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.tries TO wenji_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.unit TO wenji_app;

