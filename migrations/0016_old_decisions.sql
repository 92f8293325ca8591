-- Decisions are kept as long as alerts.
--
-- A decision goes with all its versions and its actions once its latest version was made before the limit and its
-- transaction is gone: before that, the transaction would read as one that needed no decision. What it was stays in the
-- audit. Investigations, blocks, dispositions and labels are what people did and said: they stay.

-- Rows come in order of this time, so a few bytes a page find the old ones.
CREATE INDEX decisions_decided ON decisions USING brin (decided_at) WITH (pages_per_range = 16, autosummarize = on);

CREATE FUNCTION drop_decisions(keep interval, at_most integer DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ids text[];
BEGIN
    IF keep IS NULL OR keep < interval '1 day' THEN
        RAISE EXCEPTION 'at least a day is kept, not %', coalesce(keep::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- A batch that decides one of them again at this moment has its row, which is passed over.
    SELECT array_agg(o.transaction_id) INTO ids
    FROM (SELECT h.transaction_id
          FROM public.decisions d
          JOIN public.decision_heads h ON h.transaction_id = d.transaction_id AND h.version = d.version
          WHERE d.decided_at < now() - keep AND (h.transaction_dropped OR NOT h.transaction_known)
            -- One that came again after its partition was dropped.
            AND NOT EXISTS (SELECT FROM public.transactions t
                            WHERE t.transaction_id = d.transaction_id
                              AND t.event_time BETWEEN d.event_time - interval '1 day' AND d.event_time + interval '1 day')
            AND NOT EXISTS (SELECT FROM public.actions a
                            WHERE a.transaction_id = d.transaction_id AND a.state = 'pending')
          LIMIT at_most
          FOR UPDATE OF h SKIP LOCKED) o;
    IF ids IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM public.actions a WHERE a.transaction_id = ANY (ids);
    DELETE FROM public.decision_heads h WHERE h.transaction_id = ANY (ids);
    DELETE FROM public.decisions d WHERE d.transaction_id = ANY (ids);
    RETURN cardinality(ids);
END $$;
REVOKE ALL ON FUNCTION drop_decisions(interval, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION drop_decisions(interval, integer) TO streamguard_writer;
COMMENT ON FUNCTION drop_decisions(interval, integer) IS
    'Deletes decisions with their versions and actions where the latest version is older than this and the transaction is gone, at most so many at once; returns how many transactions'' decisions went. The audit keeps what they were.';
