-- The audit: who did what, in chains of hashes.
--
-- Invariant: a row is never changed or removed, and each row's hash covers the hash of the row before it in
-- its chain; so what was tampered with shows (`streamguard db verify-audit`), and whoever cuts a chain's
-- tail off is given away by the head that was published before.

CREATE FUNCTION audit_hash(previous bytea, chain text, number bigint, at timestamptz, actor text, body text)
    RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN sha256(previous
        || int4send(octet_length(convert_to(chain, 'UTF8'))) || convert_to(chain, 'UTF8')
        || int4send(8) || int8send(number)
        || int4send(8) || int8send((extract(epoch FROM at AT TIME ZONE 'UTC') * 1000000)::bigint)
        || int4send(octet_length(convert_to(actor, 'UTF8'))) || convert_to(actor, 'UTF8')
        || int4send(octet_length(convert_to(body, 'UTF8'))) || convert_to(body, 'UTF8'));
COMMENT ON FUNCTION audit_hash(bytea, text, bigint, timestamptz, text, text) IS
    'A row''s hash: SHA-256 of the previous hash and, each after its length in four bytes, chain, number, time in microseconds since 1970 (both eight bytes, big endian), actor and body.';

CREATE TABLE audit_log (
    chain         text        NOT NULL,
    number        bigint      NOT NULL CHECK (number > 0),
    at            timestamptz NOT NULL,
    actor         text        NOT NULL,
    body          text        NOT NULL,
    content       jsonb       GENERATED ALWAYS AS (body::jsonb) STORED,
    previous_hash bytea       NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash          bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (chain, number)
);
-- The conditions follow from any comparison with a value, so the indexes serve those and hold no other row.
CREATE INDEX audit_log_transaction ON audit_log ((content->>'transaction_id'))
    WHERE (content->>'transaction_id') IS NOT NULL;
CREATE INDEX audit_log_account ON audit_log ((content->>'account_id'), at)
    WHERE (content->>'account_id') IS NOT NULL;
COMMENT ON TABLE audit_log IS
    'What was decided, done and changed, by whom; append-only. `streamguard db verify-audit` checks it. Personal data: body and content name accounts.';
COMMENT ON COLUMN audit_log.chain IS
    'CLUSTER/TOPIC/PARTITION of the record that caused it; manual: what people, and functions that they called, did.';
COMMENT ON COLUMN audit_log.number IS 'From 1 in its chain, without gaps.';
COMMENT ON COLUMN audit_log.at IS 'When, to the microsecond.';
COMMENT ON COLUMN audit_log.actor IS 'The login whose session did it.';
COMMENT ON COLUMN audit_log.body IS 'What happened: a JSON object, as text, exactly as it was hashed; "kind" says what it is.';
COMMENT ON COLUMN audit_log.content IS 'The body as JSONB, to be queried.';
COMMENT ON COLUMN audit_log.previous_hash IS 'The hash of the row before it in the chain; of the first row 32 zero bytes.';
COMMENT ON COLUMN audit_log.hash IS 'audit_hash of this row.';

CREATE TABLE audit_heads (
    chain  text        PRIMARY KEY,
    number bigint      NOT NULL CHECK (number >= 0),
    hash   bytea       NOT NULL CHECK (octet_length(hash) = 32),
    at     timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE audit_heads IS
    'The last row of each chain of audit_log; whoever appends locks the chain''s row here first. Also published to the topic audit_heads and to a file.';
COMMENT ON COLUMN audit_heads.chain IS 'The chain.';
COMMENT ON COLUMN audit_heads.number IS 'The number of its last row; 0: none yet.';
COMMENT ON COLUMN audit_heads.hash IS 'The hash of its last row; 32 zero bytes where there is none yet.';
COMMENT ON COLUMN audit_heads.at IS 'The time of its last row.';

-- Privileges keep everybody but the owner from changing rows; these triggers stop the owner's and the
-- superuser's slips too, even where triggers are off for the session (session_replication_role).
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What was written stays. A correction is a row of its own.';
END $$;
COMMENT ON FUNCTION audit_refuse_change() IS 'Trigger: nothing of the audit is changed or removed.';
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
CREATE TRIGGER audit_heads_stay BEFORE DELETE OR TRUNCATE ON audit_heads
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_stay;
CREATE TRIGGER audit_heads_forward BEFORE UPDATE ON audit_heads
    FOR EACH ROW WHEN (NEW.chain <> OLD.chain OR NEW.number <= OLD.number)
    EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_forward;

CREATE FUNCTION audit_append(kind text, body jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    head  public.audit_heads;
    line  text;
    -- Cut off before it is hashed what the column would cut off.
    now   timestamptz(6) := clock_timestamp();
    mine  bytea;
BEGIN
    IF kind IS NULL OR jsonb_typeof(body) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'an audit row needs a kind and a JSON object' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    body := body - 'kind';
    line := '{"kind": ' || to_json(kind)::text
        || CASE WHEN body = '{}' THEN '}' ELSE ', ' || substr(body::text, 2) END;
    SELECT * INTO STRICT head FROM public.audit_heads h WHERE h.chain = 'manual' FOR UPDATE;
    head.number := head.number + 1;
    mine := public.audit_hash(head.hash, 'manual', head.number, now, session_user::text, line);
    INSERT INTO public.audit_log (chain, number, at, actor, body, previous_hash, hash)
    VALUES ('manual', head.number, now, session_user, line, head.hash, mine);
    UPDATE public.audit_heads h SET number = head.number, hash = mine, at = now WHERE h.chain = 'manual';
    RETURN head.number;
END $$;
REVOKE ALL ON FUNCTION audit_append(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION audit_append(text, jsonb) IS
    'Appends a row to the chain manual, by the session''s login; returns its number. For the functions of this schema: nobody else may execute it.';

INSERT INTO audit_heads (chain, number, hash, at) VALUES ('manual', 0, decode(repeat('00', 32), 'hex'), now());
-- The first row names this database, so that heads that another one published are not taken for its own.
SELECT audit_append('database_created', jsonb_build_object('database', gen_random_uuid()));

GRANT SELECT ON audit_log, audit_heads TO streamguard_writer, streamguard_reader;
GRANT INSERT ON audit_log TO streamguard_writer;
GRANT INSERT, UPDATE ON audit_heads TO streamguard_writer;
