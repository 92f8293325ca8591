-- Partitions are made on demand by this function, in a transaction of its own: the writer may execute it
-- and needs no right to create anything. There is no default partition, which would have to be scanned
-- whenever one is attached.

CREATE FUNCTION ensure_partitions(parent text, days date[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    unit  text;
    shape text;
    start date;
    child text;
    made  integer := 0;
BEGIN
    CASE parent
        WHEN 'transactions' THEN unit := 'day'; shape := 'YYYYMMDD';
        WHEN 'fraud_alerts', 'alert_occurrences' THEN unit := 'month'; shape := 'YYYYMM';
        ELSE RAISE EXCEPTION '% is not a partitioned table of StreamGuard', parent
            USING ERRCODE = 'invalid_parameter_value';
    END CASE;
    IF cardinality(days) > 1000 THEN
        RAISE EXCEPTION 'at most 1000 days at a time, not %', cardinality(days)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Two consumers that need the same day: the second waits, then finds it there.
    PERFORM pg_advisory_xact_lock(hashtext('streamguard.ensure_partitions'), hashtext(parent));
    FOR start IN SELECT DISTINCT date_trunc(unit, d::timestamp)::date AS s FROM unnest(days) AS d ORDER BY s LOOP
        child := parent || '_' || to_char(start, shape);
        CONTINUE WHEN to_regclass('public.' || quote_ident(child)) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', child, parent);
        EXECUTE format(
            'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
            to_char(start, 'YYYY-MM-DD') || ' 00:00:00+00',
            to_char(start + ('1 ' || unit)::interval, 'YYYY-MM-DD') || ' 00:00:00+00');
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_partitions(text, date[]) FROM PUBLIC;
COMMENT ON FUNCTION ensure_partitions(text, date[]) IS
    'Makes the partitions of transactions (daily), fraud_alerts or alert_occurrences (monthly) that hold these UTC days, where missing; returns how many it made.';
