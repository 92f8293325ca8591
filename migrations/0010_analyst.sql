-- What analysts do: labels, investigations, blocks. And what is left of a transaction that retention dropped.
--
-- Invariant: every verb is a function of the owner that checks what it is given, does one thing, and writes
-- who did it (the session's login, whatever role it has set), when, and what was before and after, to the
-- audit log in the same transaction. Nobody is given the tables themselves.

CREATE TABLE dispositions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    author         text        NOT NULL,
    verdict        text        NOT NULL CHECK (verdict IN ('fraud', 'legitimate')),
    transaction_id text        NOT NULL,
    event_time     timestamptz NOT NULL,
    account_id     text,
    alert_id       uuid,
    kind           text,
    reason         text        NOT NULL
);
CREATE INDEX dispositions_account ON dispositions (account_id, event_time);
CREATE INDEX dispositions_transaction ON dispositions (transaction_id, id);
COMMENT ON TABLE dispositions IS
    'What analysts found: a row for each transaction that was labelled, and again where it was labelled anew; append-only. The latest row of a transaction counts.';
COMMENT ON COLUMN dispositions.id IS 'In the order of the labelling of a transaction.';
COMMENT ON COLUMN dispositions.at IS 'When it was labelled.';
COMMENT ON COLUMN dispositions.author IS 'Who labelled it. Personal data.';
COMMENT ON COLUMN dispositions.verdict IS 'fraud or legitimate.';
COMMENT ON COLUMN dispositions.transaction_id IS 'The transaction.';
COMMENT ON COLUMN dispositions.event_time IS 'The transaction''s event time; of one that is not stored its alert''s.';
COMMENT ON COLUMN dispositions.account_id IS 'The transaction''s account. Personal data.';
COMMENT ON COLUMN dispositions.alert_id IS 'The alert whose label it is; NULL where the transaction itself was labelled.';
COMMENT ON COLUMN dispositions.kind IS 'The kind of fraud, where it was named.';
COMMENT ON COLUMN dispositions.reason IS 'Why, in the analyst''s words.';
CREATE TRIGGER dispositions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispositions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

COMMENT ON COLUMN labels.source_partition IS 'Partition of transaction_labels that it came from; -1: from label_transaction or label_alert, before its record has come back.';
COMMENT ON COLUMN labels.source_offset IS 'Offset in that partition; for partition -1 the id in dispositions.';

CREATE FUNCTION require_analyst(verb text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(session_user, 'streamguard_analyst', 'MEMBER') THEN
        RAISE EXCEPTION '% may not %: it is not a member of streamguard_analyst', session_user, verb
            USING ERRCODE = 'insufficient_privilege',
                  HINT = format('streamguard db login --name %s --role analyst', session_user);
    END IF;
END $$;
REVOKE ALL ON FUNCTION require_analyst(text) FROM PUBLIC;
COMMENT ON FUNCTION require_analyst(text) IS 'Refuses a session whose login is no analyst, whatever role it has set.';

CREATE FUNCTION require_text(what text, given text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF btrim(coalesce(given, '')) = '' OR length(given) > 1000 THEN
        RAISE EXCEPTION '% is needed, of at most 1000 characters', what USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN btrim(given);
END $$;
REVOKE ALL ON FUNCTION require_text(text, text) FROM PUBLIC;
COMMENT ON FUNCTION require_text(text, text) IS 'The text without blanks around it; refuses an empty one.';

CREATE FUNCTION require_verdict(verdict text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF verdict IS NULL OR verdict NOT IN ('fraud', 'legitimate') THEN
        RAISE EXCEPTION 'no verdict %', coalesce(quote_literal(verdict), 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'fraud or legitimate';
    END IF;
END $$;
REVOKE ALL ON FUNCTION require_verdict(text) FROM PUBLIC;
COMMENT ON FUNCTION require_verdict(text) IS 'Refuses what is neither fraud nor legitimate.';

CREATE FUNCTION put_labels(subjects text[], accounts text[], times timestamptz[], alert uuid, verdict text, kind text,
                           reason text) RETURNS bigint[]
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d   public.dispositions;
    ids bigint[] := '{}';
BEGIN
    FOR d.transaction_id, d.account_id, d.event_time IN
        SELECT s.subject, s.account, s.time FROM unnest(subjects, accounts, times) AS s (subject, account, time)
        ORDER BY s.subject COLLATE "C"
    LOOP
        -- Two who label one transaction: the second waits, so that its id is the higher and its record the later.
        PERFORM pg_advisory_xact_lock(hashtext('streamguard.label'), hashtext(d.transaction_id));
        INSERT INTO public.dispositions (at, author, verdict, transaction_id, event_time, account_id, alert_id, kind, reason)
        VALUES (clock_timestamp(), session_user, put_labels.verdict, d.transaction_id, d.event_time, d.account_id, alert,
                put_labels.kind, put_labels.reason)
        RETURNING id, at INTO d.id, d.at;
        INSERT INTO public.labels AS l (transaction_id, account_id, is_fraud, kind, event_time, labelled_at,
                                        source_partition, source_offset)
        VALUES (d.transaction_id, d.account_id, put_labels.verdict = 'fraud', put_labels.kind, d.event_time, d.at, -1, d.id)
        ON CONFLICT (transaction_id) DO UPDATE SET account_id = excluded.account_id, is_fraud = excluded.is_fraud,
            kind = excluded.kind, event_time = excluded.event_time, labelled_at = excluded.labelled_at,
            source_partition = excluded.source_partition, source_offset = excluded.source_offset;
        PERFORM public.outbox_put('transaction_labels', coalesce(d.account_id, d.transaction_id),
            jsonb_strip_nulls(jsonb_build_object('transaction_id', d.transaction_id, 'account_id', d.account_id,
                'is_fraud', put_labels.verdict = 'fraud', 'kind', put_labels.kind, 'timestamp', d.event_time,
                'labelled_at', d.at)));
        ids := ids || d.id;
    END LOOP;
    RETURN ids;
END $$;
REVOKE ALL ON FUNCTION put_labels(text[], text[], timestamptz[], uuid, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION put_labels(text[], text[], timestamptz[], uuid, text, text, text) IS
    'Writes dispositions, labels and the records of transaction_labels for these transactions; returns the ids in dispositions.';

CREATE FUNCTION label_transaction(transaction_id text, verdict text, reason text, kind text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    account text;
    time    timestamptz;
    before  jsonb;
    ids     bigint[];
BEGIN
    PERFORM public.require_analyst('label transactions');
    PERFORM public.require_verdict(label_transaction.verdict);
    reason := public.require_text('the reason of a label', label_transaction.reason);
    SELECT t.account_id, t.event_time INTO account, time FROM public.transactions t
    WHERE t.transaction_id = label_transaction.transaction_id ORDER BY t.event_time DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT d.account_id, d.event_time INTO account, time FROM public.decisions d
        WHERE d.transaction_id = label_transaction.transaction_id ORDER BY d.version DESC LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no transaction % is stored', coalesce(quote_literal(label_transaction.transaction_id), 'NULL')
            USING ERRCODE = 'no_data_found';
    END IF;
    SELECT jsonb_build_object('is_fraud', l.is_fraud, 'kind', l.kind, 'labelled_at', l.labelled_at) INTO before
    FROM public.labels l WHERE l.transaction_id = label_transaction.transaction_id;
    ids := public.put_labels(ARRAY[label_transaction.transaction_id], ARRAY[account], ARRAY[time], NULL,
                             label_transaction.verdict, label_transaction.kind, reason);
    PERFORM public.audit_append('label_transaction', jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', label_transaction.transaction_id, 'account_id', account, 'disposition', ids[1], 'before', before,
        'after', jsonb_build_object('is_fraud', label_transaction.verdict = 'fraud', 'kind', label_transaction.kind),
        'reason', reason)));
    RETURN ids[1];
END $$;
COMMENT ON FUNCTION label_transaction(text, text, text, text) IS
    'Labels a transaction fraud or legitimate, with a reason and perhaps the kind of fraud; returns the id in dispositions. The label also goes to the topic transaction_labels. For analysts.';

CREATE FUNCTION label_alert(alert_id uuid, verdict text, reason text, kind text DEFAULT NULL) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    alert    public.fraud_alerts;
    subjects text[];
    accounts text[];
    times    timestamptz[];
    before   jsonb;
    ids      bigint[];
BEGIN
    PERFORM public.require_analyst('label alerts');
    PERFORM public.require_verdict(label_alert.verdict);
    reason := public.require_text('the reason of a label', label_alert.reason);
    SELECT * INTO alert FROM public.fraud_alerts a WHERE a.alert_id = label_alert.alert_id LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no alert % is stored', coalesce(label_alert.alert_id::text, 'NULL') USING ERRCODE = 'no_data_found';
    END IF;
    SELECT array_agg(s.transaction_id), array_agg(s.account_id), array_agg(s.event_time) INTO subjects, accounts, times
    FROM (SELECT DISTINCT ON (o.transaction_id) o.transaction_id, coalesce(o.account_id, alert.account_id) AS account_id,
                 o.event_time
          FROM public.alert_occurrences o
          WHERE o.alert_id = label_alert.alert_id AND o.transaction_id IS NOT NULL
          ORDER BY o.transaction_id, o.event_time) s;
    IF subjects IS NULL THEN
        RAISE EXCEPTION 'alert % names no transaction', label_alert.alert_id USING ERRCODE = 'no_data_found',
            HINT = 'a rule that selects LATEST_BY_OFFSET(transaction_id) names the one that crossed the line';
    END IF;
    SELECT jsonb_object_agg(l.transaction_id, l.is_fraud) INTO before FROM public.labels l
    WHERE l.transaction_id = ANY (subjects);
    ids := public.put_labels(subjects, accounts, times, label_alert.alert_id, label_alert.verdict, label_alert.kind, reason);
    PERFORM public.audit_append('label_alert', jsonb_strip_nulls(jsonb_build_object(
        'alert_id', label_alert.alert_id, 'account_id', alert.account_id, 'rule', alert.rule_name,
        'transactions', to_jsonb(subjects), 'dispositions', to_jsonb(ids), 'before', before,
        'after', jsonb_build_object('is_fraud', label_alert.verdict = 'fraud', 'kind', label_alert.kind), 'reason', reason)));
    RETURN cardinality(ids);
END $$;
COMMENT ON FUNCTION label_alert(uuid, text, text, text) IS
    'Labels an alert: every transaction that crossed its line becomes fraud or legitimate. Returns how many. For analysts.';

CREATE FUNCTION assign_investigation(investigation bigint, assignee text DEFAULT session_user) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    i public.investigations;
BEGIN
    PERFORM public.require_analyst('assign investigations');
    assignee := public.require_text('an assignee', assignee);
    i := public.open_investigation(investigation);
    UPDATE public.investigations SET assigned_to = assignee, assigned_at = clock_timestamp(), updated_at = clock_timestamp()
    WHERE id = i.id;
    PERFORM public.audit_append('assign_investigation', jsonb_build_object('investigation', i.id,
        'account_id', i.account_id, 'before', jsonb_build_object('assigned_to', i.assigned_to, 'assigned_at', i.assigned_at),
        'after', jsonb_build_object('assigned_to', assignee)));
END $$;
COMMENT ON FUNCTION assign_investigation(bigint, text) IS
    'Gives an open investigation to somebody; to oneself where nobody is named. For analysts.';

CREATE FUNCTION open_investigation(investigation bigint) RETURNS investigations
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    i public.investigations;
BEGIN
    SELECT * INTO i FROM public.investigations WHERE id = investigation FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no investigation %', coalesce(investigation::text, 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'SELECT id, account_id FROM investigations WHERE status = ''open''';
    END IF;
    IF i.status <> 'open' THEN
        RAISE EXCEPTION 'investigation % was closed by % at % as %', i.id, i.closed_by, i.closed_at, i.outcome
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  HINT = 'the next decision that asks for one opens another';
    END IF;
    RETURN i;
END $$;
REVOKE ALL ON FUNCTION open_investigation(bigint) FROM PUBLIC;
COMMENT ON FUNCTION open_investigation(bigint) IS 'The open investigation with this id, locked; refuses one that is not open.';

CREATE FUNCTION close_investigation(investigation bigint, outcome text, note text DEFAULT NULL) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    i public.investigations;
BEGIN
    PERFORM public.require_analyst('close investigations');
    IF close_investigation.outcome IS NULL OR close_investigation.outcome NOT IN ('fraud', 'legitimate', 'inconclusive') THEN
        RAISE EXCEPTION 'no outcome %', coalesce(quote_literal(close_investigation.outcome), 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'one of fraud, legitimate, inconclusive';
    END IF;
    i := public.open_investigation(investigation);
    UPDATE public.investigations v SET status = 'closed', closed_at = clock_timestamp(), updated_at = clock_timestamp(),
        closed_by = session_user, outcome = close_investigation.outcome, note = close_investigation.note
    WHERE v.id = i.id;
    PERFORM public.audit_append('close_investigation', jsonb_strip_nulls(jsonb_build_object('investigation', i.id,
        'account_id', i.account_id, 'transaction_id', i.last_transaction_id,
        'before', jsonb_build_object('status', i.status, 'assigned_to', i.assigned_to),
        'after', jsonb_build_object('status', 'closed', 'outcome', close_investigation.outcome),
        'reason', close_investigation.note)));
END $$;
COMMENT ON FUNCTION close_investigation(bigint, text, text) IS
    'Closes an open investigation as fraud, legitimate or inconclusive, with a note. Labels nothing by itself. For analysts.';

CREATE FUNCTION unblock_account(account_id text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    b public.account_blocks;
BEGIN
    PERFORM public.require_analyst('unblock accounts');
    reason := public.require_text('a reason to unblock', unblock_account.reason);
    SELECT * INTO b FROM public.account_blocks k
    WHERE k.account_id = unblock_account.account_id AND k.lifted_at IS NULL FOR UPDATE;
    IF NOT FOUND OR b.until <= now() THEN
        RAISE EXCEPTION 'account % is not blocked%', coalesce(quote_literal(unblock_account.account_id), 'NULL'),
                CASE WHEN b.until <= now() THEN format(': its block ended by itself at %s', b.until) ELSE '' END
            USING ERRCODE = 'no_data_found',
                  HINT = 'SELECT account_id, until FROM account_blocks WHERE lifted_at IS NULL AND until > now()';
    END IF;
    UPDATE public.account_blocks SET lifted_at = clock_timestamp(), lifted_by = session_user, lift_reason = unblock_account.reason
    WHERE id = b.id;
    PERFORM public.audit_append('unblock_account', jsonb_build_object('account_id', b.account_id,
        'transaction_id', b.transaction_id, 'block', b.id,
        'before', jsonb_build_object('blocked_at', b.blocked_at, 'until', b.until, 'reason', b.reason),
        'after', jsonb_build_object('lifted_by', session_user), 'reason', reason));
END $$;
COMMENT ON FUNCTION unblock_account(text, text) IS
    'Lifts the block of an account, with a reason. A later decision may block it again. For analysts.';

REVOKE ALL ON FUNCTION label_transaction(text, text, text, text), label_alert(uuid, text, text, text),
    assign_investigation(bigint, text), close_investigation(bigint, text, text), unblock_account(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION label_transaction(text, text, text, text), label_alert(uuid, text, text, text),
    assign_investigation(bigint, text), close_investigation(bigint, text, text), unblock_account(text, text),
    list_import(text[], text[], text[], text[], text[], timestamptz[]), list_add(text, text, text, text, text, timestamptz),
    list_remove(text, text, text, text, text) TO streamguard_analyst;
GRANT SELECT ON dispositions TO streamguard_writer, streamguard_reader;

ALTER TABLE decision_heads ADD COLUMN transaction_dropped boolean NOT NULL DEFAULT false;
CREATE INDEX decision_heads_dropped ON decision_heads (transaction_id) WHERE transaction_dropped;
COMMENT ON COLUMN decision_heads.transaction_dropped IS
    'True once retention has dropped the transaction''s partition, or is about to; the decision stays.';
