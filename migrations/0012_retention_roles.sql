-- How long rows are kept, and comments that were missing.
--
-- A partition goes once its newest row was ingested before the limit, whatever its rows' event times are: a
-- replay of last year's transactions is as new as today's. Dropping takes an exclusive lock on the table for
-- a moment; the wait for it is short, because everybody else waits behind it, and the consumer tries again.

CREATE FUNCTION partition_ingest(parent text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE parent WHEN 'transactions' THEN 'ingested_at' WHEN 'alert_occurrences' THEN 'ingested_at'
                       WHEN 'fraud_alerts' THEN 'updated_at' END;
END $$;
REVOKE ALL ON FUNCTION partition_ingest(text) FROM PUBLIC;
COMMENT ON FUNCTION partition_ingest(text) IS 'The column of a partitioned table that says when a row came; NULL for any other table.';

CREATE FUNCTION partition_is_expired(parent text, child text, keep interval) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ingest text := public.partition_ingest(parent);
    start  text := right(child, -length(parent) - 1);
    ends   timestamp;
    fresh  boolean;
BEGIN
    IF ingest IS NULL THEN
        RAISE EXCEPTION '% is not a partitioned table of StreamGuard', coalesce(quote_literal(parent), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF keep IS NULL OR keep < interval '1 day' THEN
        RAISE EXCEPTION 'at least a day is kept, not %', coalesce(keep::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- An empty partition of days to come was made for rows that are on their way.
    ends := CASE length(start) WHEN 8 THEN to_date(start, 'YYYYMMDD') + interval '1 day'
                               ELSE to_date(start || '01', 'YYYYMMDD') + interval '1 month' END;
    IF ends AT TIME ZONE 'UTC' > now() - keep THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE %I > $1)', child, ingest) INTO fresh USING now() - keep;
    RETURN NOT fresh;
END $$;
REVOKE ALL ON FUNCTION partition_is_expired(text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION partition_is_expired(text, text, interval) IS
    'Whether all rows of a partition came longer ago than this, and its days are past, too.';

CREATE FUNCTION expired_partitions(parent text, keep interval) RETURNS SETOF text
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.relname::text
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = to_regclass('public.' || quote_ident(parent))
      AND public.partition_is_expired(parent, c.relname::text, keep)
    ORDER BY c.relname $$;
COMMENT ON FUNCTION expired_partitions(text, interval) IS
    'The partitions of transactions, fraud_alerts or alert_occurrences whose rows all came longer ago than this.';

CREATE FUNCTION keep_decisions_of(child text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    marked bigint;
BEGIN
    IF child !~ '^transactions_[0-9]{8}$' OR to_regclass('public.' || quote_ident(child)) IS NULL THEN
        RAISE EXCEPTION '% is no partition of transactions', coalesce(quote_literal(child), 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    EXECUTE format('UPDATE public.decision_heads h SET transaction_dropped = true
        FROM (SELECT h.transaction_id FROM public.%I t JOIN public.decision_heads h ON h.transaction_id = t.transaction_id
              WHERE NOT h.transaction_dropped ORDER BY h.transaction_id COLLATE "C" FOR UPDATE OF h) m
        WHERE m.transaction_id = h.transaction_id', child);
    GET DIAGNOSTICS marked = ROW_COUNT;
    RETURN marked;
END $$;
COMMENT ON FUNCTION keep_decisions_of(text) IS
    'Marks the decisions on a partition''s transactions, before it is dropped, so that current_decisions goes on showing them. Returns how many.';

CREATE FUNCTION drop_partition(parent text, child text, keep interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits
                   WHERE inhparent = to_regclass('public.' || quote_ident(parent))
                     AND inhrelid = to_regclass('public.' || quote_ident(child))) THEN
        RETURN false;
    END IF;
    IF NOT public.partition_is_expired(parent, child, keep) THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE ONLY public.%I, ONLY public.%I IN ACCESS EXCLUSIVE MODE', parent, child);
    -- Somebody may have written to it until now.
    IF NOT public.partition_is_expired(parent, child, keep) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE public.%I', child);
    RETURN true;
END $$;
COMMENT ON FUNCTION drop_partition(text, text, interval) IS
    'Drops a partition whose rows all came longer ago than this; false where that is not so, or it is gone. Waits half a second for its lock, then fails with lock_not_available: try again.';

REVOKE ALL ON FUNCTION expired_partitions(text, interval), keep_decisions_of(text), drop_partition(text, text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION expired_partitions(text, interval), keep_decisions_of(text), drop_partition(text, text, interval)
    TO streamguard_writer;
