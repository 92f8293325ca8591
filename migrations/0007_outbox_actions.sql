-- What a decision sets in motion: messages for topics, blocks, investigations, notifications.
--
-- Invariant: whatever leaves the database is first a row here, written in the transaction that causes it, so
-- that it is neither lost nor sent for something that was rolled back. It is sent at least once; its
-- idempotency key is the same every time.

CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic        text        NOT NULL CHECK (topic <> ''),
    key          bytea,
    value        bytea,
    headers      jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(headers) = 'object'),
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    dead_at      timestamptz,
    attempts     integer     NOT NULL DEFAULT 0,
    last_error   text
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE published_at IS NULL AND dead_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
COMMENT ON TABLE outbox IS
    'Messages for topics, published at least once, those of one key in order of id. Whoever writes holds a lock that makes the order of ids that of the commits for its key. Published ones are deleted after a week.';
COMMENT ON COLUMN outbox.id IS 'The order in which messages are published.';
COMMENT ON COLUMN outbox.topic IS 'The topic; made where it is missing.';
COMMENT ON COLUMN outbox.key IS 'The record''s key.';
COMMENT ON COLUMN outbox.value IS 'The record''s value; NULL is a tombstone.';
COMMENT ON COLUMN outbox.headers IS 'The record''s headers, name to text; outbox.id is added.';
COMMENT ON COLUMN outbox.created_at IS 'When it was written; the record''s time.';
COMMENT ON COLUMN outbox.published_at IS 'When the log confirmed it.';
COMMENT ON COLUMN outbox.dead_at IS 'When it was given up, because the log will never take it; last_error says why.';
COMMENT ON COLUMN outbox.attempts IS 'How often publishing failed.';
COMMENT ON COLUMN outbox.last_error IS 'Why it failed last.';

CREATE TABLE outbox_publisher (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        uuid    NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO outbox_publisher DEFAULT VALUES;
COMMENT ON TABLE outbox_publisher IS 'One row: the identity that this database publishes under.';
COMMENT ON COLUMN outbox_publisher.singleton IS 'Always true: there is one row.';
COMMENT ON COLUMN outbox_publisher.id IS
    'Part of the transactional id on the log, by which a newer publisher fences an older one that still runs.';

CREATE FUNCTION outbox_put(topic text, key text, value jsonb) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    -- Ids in the order of the commits, for this key.
    PERFORM pg_advisory_xact_lock(hashtext('streamguard.outbox.' || topic), hashtext(key));
    INSERT INTO public.outbox (topic, key, value)
    VALUES (outbox_put.topic, convert_to(outbox_put.key, 'UTF8'), convert_to(outbox_put.value::text, 'UTF8'))
    RETURNING id INTO number;
    RETURN number;
END $$;
REVOKE ALL ON FUNCTION outbox_put(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION outbox_put(text, text, jsonb) IS
    'Puts a message for a topic into the outbox and returns its id; a value of NULL is a tombstone. For functions of the owner, not for people.';

CREATE FUNCTION outbox_written() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('streamguard_outbox', '');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION outbox_written() IS 'Trigger of outbox: wakes the publisher.';
CREATE TRIGGER outbox_written AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION outbox_written();

CREATE TABLE investigations (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id          text        NOT NULL,
    status              text        NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
    opened_at           timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    transactions        bigint      NOT NULL DEFAULT 1,
    first_transaction_id text       NOT NULL,
    last_transaction_id text        NOT NULL,
    last_event_time     timestamptz NOT NULL,
    highest_score       double precision,
    highest_severity    severity,
    assigned_to         text,
    assigned_at         timestamptz,
    closed_at           timestamptz,
    closed_by           text,
    outcome             text CHECK (outcome IN ('fraud', 'legitimate', 'inconclusive')),
    note                text,
    CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((status = 'closed') = (outcome IS NOT NULL))
);
CREATE UNIQUE INDEX investigations_open ON investigations (account_id) WHERE status = 'open';
CREATE INDEX investigations_account ON investigations (account_id, opened_at);
COMMENT ON TABLE investigations IS
    'What people look into: at most one open per account, extended by each further decision that asks for one.';
COMMENT ON COLUMN investigations.id IS 'Its number.';
COMMENT ON COLUMN investigations.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN investigations.status IS 'open or closed.';
COMMENT ON COLUMN investigations.opened_at IS 'When the decision that opened it was made.';
COMMENT ON COLUMN investigations.updated_at IS 'When a decision extended it, or a person changed it, last.';
COMMENT ON COLUMN investigations.transactions IS 'How many transactions'' decisions have asked for it.';
COMMENT ON COLUMN investigations.first_transaction_id IS 'The transaction whose decision opened it.';
COMMENT ON COLUMN investigations.last_transaction_id IS 'The transaction whose decision extended it last.';
COMMENT ON COLUMN investigations.last_event_time IS 'The latest event time among them.';
COMMENT ON COLUMN investigations.highest_score IS 'The highest score among their decisions, 0 to 100.';
COMMENT ON COLUMN investigations.highest_severity IS 'The highest severity among their decisions.';
COMMENT ON COLUMN investigations.assigned_to IS 'Who works on it. Personal data.';
COMMENT ON COLUMN investigations.assigned_at IS 'Since when.';
COMMENT ON COLUMN investigations.closed_at IS 'When it was closed.';
COMMENT ON COLUMN investigations.closed_by IS 'Who closed it. Personal data.';
COMMENT ON COLUMN investigations.outcome IS 'What it came to: fraud, legitimate or inconclusive.';
COMMENT ON COLUMN investigations.note IS 'What the one who closed it wrote.';

CREATE TABLE account_blocks (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id       text        NOT NULL,
    blocked_at       timestamptz NOT NULL,
    until            timestamptz NOT NULL,
    transactions     bigint      NOT NULL DEFAULT 1,
    transaction_id   text        NOT NULL,
    decision_version integer     NOT NULL,
    reason           text        NOT NULL,
    lifted_at        timestamptz,
    lifted_by        text,
    lift_reason      text,
    CHECK (until >= blocked_at),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
CREATE UNIQUE INDEX account_blocks_standing ON account_blocks (account_id) WHERE lifted_at IS NULL;
CREATE INDEX account_blocks_account ON account_blocks (account_id, blocked_at);
COMMENT ON TABLE account_blocks IS
    'Accounts that are blocked, or were: blocked now is lifted_at IS NULL AND until > now(). A further decision while a block stands makes it longer.';
COMMENT ON COLUMN account_blocks.id IS 'Its number.';
COMMENT ON COLUMN account_blocks.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN account_blocks.blocked_at IS 'When the decision was made that blocked it.';
COMMENT ON COLUMN account_blocks.until IS 'When it ends by itself.';
COMMENT ON COLUMN account_blocks.transactions IS 'How many transactions'' decisions have asked for it.';
COMMENT ON COLUMN account_blocks.transaction_id IS 'The transaction whose decision asked for it last.';
COMMENT ON COLUMN account_blocks.decision_version IS 'The version of that decision.';
COMMENT ON COLUMN account_blocks.reason IS 'That decision in one sentence.';
COMMENT ON COLUMN account_blocks.lifted_at IS
    'When a person lifted it. A block that ended by itself gets its until here once another one begins.';
COMMENT ON COLUMN account_blocks.lifted_by IS 'Who lifted it; `expiry` where it ended by itself. Personal data.';
COMMENT ON COLUMN account_blocks.lift_reason IS 'Why it was lifted.';

CREATE TABLE actions (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key  text        NOT NULL,
    kind             text        NOT NULL CHECK (kind IN ('block_account', 'open_investigation', 'notify')),
    transaction_id   text        NOT NULL,
    decision_version integer     NOT NULL,
    account_id       text        NOT NULL,
    severity         severity,
    target           text,
    payload          jsonb       NOT NULL DEFAULT '{}',
    state            text        NOT NULL CHECK (state IN ('pending', 'done', 'dead', 'suppressed')),
    attempts         integer     NOT NULL DEFAULT 0,
    next_attempt_at  timestamptz NOT NULL,
    attempted_at     timestamptz,
    last_error       text,
    investigation_id bigint REFERENCES investigations (id),
    block_id         bigint REFERENCES account_blocks (id),
    created_at       timestamptz NOT NULL,
    done_at          timestamptz,
    CHECK ((kind = 'notify') = (target IS NOT NULL)),
    CHECK ((state = 'pending') = (done_at IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX actions_idempotency_key ON actions (idempotency_key);
CREATE INDEX actions_due ON actions (target, next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX actions_dead ON actions (id) WHERE state = 'dead';
CREATE INDEX actions_transaction ON actions (transaction_id);
CREATE INDEX actions_account ON actions (account_id, created_at);
CREATE INDEX actions_attempted ON actions (target, attempted_at) WHERE attempted_at IS NOT NULL;
COMMENT ON TABLE actions IS
    'What decisions set in motion. Blocks and investigations are done in the decision''s own transaction; notifications are sent later, at least once each, with the same idempotency key every time.';
COMMENT ON COLUMN actions.id IS 'Its number.';
COMMENT ON COLUMN actions.idempotency_key IS
    'The same for the same cause: kind, target, transaction and, for a notification, severity. A later version of a decision acts again only where this differs.';
COMMENT ON COLUMN actions.kind IS 'block_account, open_investigation or notify.';
COMMENT ON COLUMN actions.transaction_id IS 'The transaction that was decided.';
COMMENT ON COLUMN actions.decision_version IS 'The version of its decision that asked for the action.';
COMMENT ON COLUMN actions.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN actions.severity IS 'The severity of that decision.';
COMMENT ON COLUMN actions.target IS 'Of a notification: the target''s name in the settings.';
COMMENT ON COLUMN actions.payload IS 'Of a notification: what is told, whatever shape the target wants it in.';
COMMENT ON COLUMN actions.state IS
    'pending: to be sent; done; dead: given up, last_error says why; suppressed: the account''s quiet period for this target had not ended.';
COMMENT ON COLUMN actions.attempts IS 'How often sending was tried.';
COMMENT ON COLUMN actions.next_attempt_at IS 'Not before this time.';
COMMENT ON COLUMN actions.attempted_at IS 'When it was tried last.';
COMMENT ON COLUMN actions.last_error IS 'Why it failed last; the reason of a dead or suppressed one.';
COMMENT ON COLUMN actions.investigation_id IS 'The investigation that it opened or extended.';
COMMENT ON COLUMN actions.block_id IS 'The block that it made or extended.';
COMMENT ON COLUMN actions.created_at IS 'When the decision was made.';
COMMENT ON COLUMN actions.done_at IS 'When it ended: done, dead or suppressed.';

CREATE FUNCTION actions_written() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_notify('streamguard_actions', '');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION actions_written() IS 'Trigger of actions: wakes the dispatcher.';
CREATE TRIGGER actions_written AFTER INSERT ON actions
    FOR EACH STATEMENT EXECUTE FUNCTION actions_written();

GRANT SELECT ON outbox, outbox_publisher, investigations, account_blocks, actions
    TO streamguard_writer, streamguard_reader;
GRANT INSERT, UPDATE, DELETE ON outbox TO streamguard_writer;
GRANT INSERT, UPDATE ON investigations, account_blocks, actions TO streamguard_writer;
GRANT USAGE ON SEQUENCE outbox_id_seq, investigations_id_seq, account_blocks_id_seq, actions_id_seq
    TO streamguard_writer;
