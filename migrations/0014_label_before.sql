-- What a label was before it was changed, as the row was when it was changed.
--
-- Read before the lock on the transaction was taken, it was what it had been before somebody else's change, so that
-- two who label one transaction at once both seemed to have changed the same.

DROP FUNCTION put_labels(text[], text[], timestamptz[], uuid, text, text, text);
CREATE FUNCTION put_labels(subjects text[], accounts text[], times timestamptz[], alert uuid, verdict text, kind text,
                           reason text, OUT ids bigint[], OUT before jsonb)
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    d   public.dispositions;
    was public.labels;
BEGIN
    ids := '{}';
    before := '{}';
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
        INSERT INTO public.labels (transaction_id, account_id, is_fraud, kind, event_time, labelled_at,
                                   source_partition, source_offset)
        VALUES (d.transaction_id, d.account_id, put_labels.verdict = 'fraud', put_labels.kind, d.event_time, d.at, -1, d.id)
        ON CONFLICT (transaction_id) DO NOTHING;
        IF NOT FOUND THEN
            -- The consumer, which stores records of transaction_labels, does not take the lock above, but the row's.
            SELECT * INTO was FROM public.labels l WHERE l.transaction_id = d.transaction_id FOR UPDATE;
            before := before || jsonb_build_object(d.transaction_id, jsonb_build_object(
                'is_fraud', was.is_fraud, 'kind', was.kind, 'labelled_at', was.labelled_at));
            UPDATE public.labels l SET account_id = d.account_id, is_fraud = put_labels.verdict = 'fraud',
                kind = put_labels.kind, event_time = d.event_time, labelled_at = d.at, source_partition = -1,
                source_offset = d.id
            WHERE l.transaction_id = d.transaction_id;
        END IF;
        PERFORM public.outbox_put('transaction_labels', coalesce(d.account_id, d.transaction_id),
            jsonb_strip_nulls(jsonb_build_object('transaction_id', d.transaction_id, 'account_id', d.account_id,
                'is_fraud', put_labels.verdict = 'fraud', 'kind', put_labels.kind, 'timestamp', d.event_time,
                'labelled_at', d.at)));
        ids := ids || d.id;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION put_labels(text[], text[], timestamptz[], uuid, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION put_labels(text[], text[], timestamptz[], uuid, text, text, text) IS
    'Writes dispositions, labels and the records of transaction_labels for these transactions; returns the ids in dispositions, and by transaction what its label was.';

CREATE OR REPLACE FUNCTION label_transaction(transaction_id text, verdict text, reason text, kind text DEFAULT NULL) RETURNS bigint
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
    SELECT p.ids, p.before -> label_transaction.transaction_id INTO ids, before
    FROM public.put_labels(ARRAY[label_transaction.transaction_id], ARRAY[account], ARRAY[time], NULL,
                           label_transaction.verdict, label_transaction.kind, reason) p;
    PERFORM public.audit_append('label_transaction', jsonb_strip_nulls(jsonb_build_object(
        'transaction_id', label_transaction.transaction_id, 'account_id', account, 'disposition', ids[1], 'before', before,
        'after', jsonb_build_object('is_fraud', label_transaction.verdict = 'fraud', 'kind', label_transaction.kind),
        'reason', reason)));
    RETURN ids[1];
END $$;

CREATE OR REPLACE FUNCTION label_alert(alert_id uuid, verdict text, reason text, kind text DEFAULT NULL) RETURNS integer
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
    SELECT p.ids, (SELECT jsonb_object_agg(l.key, l.value -> 'is_fraud') FROM jsonb_each(p.before) l) INTO ids, before
    FROM public.put_labels(subjects, accounts, times, label_alert.alert_id, label_alert.verdict, label_alert.kind, reason) p;
    PERFORM public.audit_append('label_alert', jsonb_strip_nulls(jsonb_build_object(
        'alert_id', label_alert.alert_id, 'account_id', alert.account_id, 'rule', alert.rule_name,
        'transactions', to_jsonb(subjects), 'dispositions', to_jsonb(ids), 'before', before,
        'after', jsonb_build_object('is_fraud', label_alert.verdict = 'fraud', 'kind', label_alert.kind), 'reason', reason)));
    RETURN cardinality(ids);
END $$;
