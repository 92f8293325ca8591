-- What people and dashboards read, and the counts that make it quick.
--
-- Invariant: a summary is kept by the batch that stores what it counts, in its transaction, so it equals a
-- count over all rows that were ever stored; what cannot be added up is looked up when it is asked for.

-- A rule's name with every crossing: what asks per rule or per account needs no other table.
ALTER TABLE alert_occurrences
    ADD COLUMN rule_name text,
    ADD COLUMN rule_version text,
    ADD COLUMN amount numeric;
COMMENT ON COLUMN alert_occurrences.rule_name IS 'The rule that fired.';
COMMENT ON COLUMN alert_occurrences.rule_version IS 'Its version.';
COMMENT ON COLUMN alert_occurrences.amount IS 'The amount that the alert names.';

CREATE INDEX alert_occurrences_account ON alert_occurrences (account_id, event_time);
CREATE INDEX alert_occurrences_rule ON alert_occurrences (rule_name, rule_version, mode, account_id, event_time);
CREATE INDEX alert_occurrences_time ON alert_occurrences USING brin (event_time) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX fraud_alerts_hour ON fraud_alerts (date_bin('1 hour', alert_time, '2000-01-01 00:00+00'));
CREATE INDEX decisions_account ON decisions (account_id, event_time);
-- Rows come nearly in order of time, so a few bytes a page find an hour of a day.
CREATE INDEX transactions_time ON transactions USING brin (event_time) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX labels_fraud ON labels (transaction_id) INCLUDE (event_time) WHERE is_fraud;

CREATE TABLE volume_hours (
    hour             timestamptz NOT NULL,
    source_partition integer     NOT NULL,
    transactions     bigint      NOT NULL,
    total_amount     numeric     NOT NULL,
    max_amount       numeric     NOT NULL,
    PRIMARY KEY (hour, source_partition)
) WITH (fillfactor = 70);
COMMENT ON TABLE volume_hours IS
    'Stored transactions by hour (UTC) and partition of the topic, kept by every batch; a partition has one consumer, so no two wait for each other. Read it through hourly_volume.';
COMMENT ON COLUMN volume_hours.hour IS 'The hour of the event times (UTC).';
COMMENT ON COLUMN volume_hours.source_partition IS 'Partition of the topic transactions.';
COMMENT ON COLUMN volume_hours.transactions IS 'How many.';
COMMENT ON COLUMN volume_hours.total_amount IS 'Sum of their amounts, whatever their currency.';
COMMENT ON COLUMN volume_hours.max_amount IS 'The highest of their amounts.';

CREATE TABLE merchant_summary (
    merchant         text        NOT NULL,
    source_partition integer     NOT NULL,
    transactions     bigint      NOT NULL DEFAULT 0,
    total_amount     numeric     NOT NULL DEFAULT 0,
    first_seen       timestamptz,
    last_seen        timestamptz,
    flagged          bigint      NOT NULL DEFAULT 0,
    reviewed         bigint      NOT NULL DEFAULT 0,
    blocked          bigint      NOT NULL DEFAULT 0,
    PRIMARY KEY (merchant, source_partition)
) WITH (fillfactor = 70);
COMMENT ON TABLE merchant_summary IS
    'Counts per merchant and partition of the topic, kept by every batch. Read it through merchant_risk.';
COMMENT ON COLUMN merchant_summary.merchant IS 'The merchant, as the transactions name it.';
COMMENT ON COLUMN merchant_summary.source_partition IS 'Partition of the record that was counted: of transactions, or of the alert that caused a decision.';
COMMENT ON COLUMN merchant_summary.transactions IS 'Stored transactions.';
COMMENT ON COLUMN merchant_summary.total_amount IS 'Sum of their amounts, whatever their currency.';
COMMENT ON COLUMN merchant_summary.first_seen IS 'The earliest event time.';
COMMENT ON COLUMN merchant_summary.last_seen IS 'The latest event time.';
COMMENT ON COLUMN merchant_summary.flagged IS 'Stored transactions that have a decision row; one partition''s share may be negative, the sum is not.';
COMMENT ON COLUMN merchant_summary.reviewed IS 'Those whose current decision is REVIEW.';
COMMENT ON COLUMN merchant_summary.blocked IS 'Those whose current decision is BLOCK.';

INSERT INTO volume_hours
    SELECT date_bin('1 hour', event_time, '2000-01-01 00:00+00'), source_partition, count(*), sum(amount), max(amount)
    FROM transactions GROUP BY 1, 2;
INSERT INTO merchant_summary
    SELECT t.merchant, t.source_partition, count(*), sum(t.amount), min(t.event_time), max(t.event_time),
           count(d.decision), count(*) FILTER (WHERE d.decision = 'REVIEW'), count(*) FILTER (WHERE d.decision = 'BLOCK')
    FROM transactions t
    LEFT JOIN decision_heads h ON h.transaction_id = t.transaction_id
    LEFT JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    WHERE t.merchant IS NOT NULL
    GROUP BY 1, 2;
UPDATE alert_occurrences o SET rule_name = a.rule_name, rule_version = a.rule_version, amount = a.amount
    FROM fraud_alerts a WHERE a.alert_id = o.alert_id;
ALTER TABLE alert_occurrences ALTER COLUMN rule_name SET NOT NULL, ALTER COLUMN rule_version SET NOT NULL;

-- What the rules did on each day: rows for days that do not change any more, the others computed when asked.
CREATE TABLE rule_days (
    day             date    NOT NULL,
    rule_name       text    NOT NULL,
    rule_version    text    NOT NULL,
    mode            text    NOT NULL,
    fired           bigint  NOT NULL,
    transactions    bigint  NOT NULL,
    accounts        bigint  NOT NULL,
    amount          numeric NOT NULL,
    labelled        bigint  NOT NULL,
    true_positives  bigint  NOT NULL,
    false_positives bigint  NOT NULL,
    overlap         bigint  NOT NULL,
    caught_alone    bigint  NOT NULL,
    PRIMARY KEY (day, rule_name, rule_version, mode)
);
COMMENT ON TABLE rule_days IS
    'What each rule version did on a day (UTC, of the crossings), as refresh_rule_days computed it. Days in rule_days_stale have changed since. Read it through rule_performance_daily.';
COMMENT ON COLUMN rule_days.day IS 'The day.';
COMMENT ON COLUMN rule_days.rule_name IS 'The rule.';
COMMENT ON COLUMN rule_days.rule_version IS 'Its version.';
COMMENT ON COLUMN rule_days.mode IS 'live or shadow.';
COMMENT ON COLUMN rule_days.fired IS 'Its crossings.';
COMMENT ON COLUMN rule_days.transactions IS 'Transactions that they name.';
COMMENT ON COLUMN rule_days.accounts IS 'Accounts that they name.';
COMMENT ON COLUMN rule_days.amount IS 'Sum of the amounts of those transactions, as the alerts name them.';
COMMENT ON COLUMN rule_days.labelled IS 'Those transactions that have a label.';
COMMENT ON COLUMN rule_days.true_positives IS 'Those labelled as fraud.';
COMMENT ON COLUMN rule_days.false_positives IS 'Those labelled as legitimate.';
COMMENT ON COLUMN rule_days.overlap IS 'Those transactions that another rule fired for too.';
COMMENT ON COLUMN rule_days.caught_alone IS 'Those labelled as fraud that no other rule fired for.';

CREATE TABLE rule_days_stale (
    id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date   NOT NULL
);
COMMENT ON TABLE rule_days_stale IS
    'Days whose rows in rule_days are not right any more, marked by the batch that changed them. Marks are rows of their own, so that no two batches wait for each other and none is lost to a refresh that did not see it.';
COMMENT ON COLUMN rule_days_stale.id IS 'Names the mark.';
COMMENT ON COLUMN rule_days_stale.day IS 'The day (UTC).';
INSERT INTO rule_days_stale (day) SELECT DISTINCT (event_time AT TIME ZONE 'UTC')::date FROM alert_occurrences;

CREATE FUNCTION rule_day(day date) RETURNS SETOF rule_days
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- No join: on tables that were not analysed yet one of the crossings with themselves would be planned as if
    -- there were few. Labels are looked up by their key.
    WITH crossings AS (
        SELECT o.rule_name, o.rule_version, o.mode, o.transaction_id, o.account_id, o.amount,
               row_number() OVER (PARTITION BY o.rule_name, o.rule_version, o.mode, o.account_id) AS of_account
        FROM public.alert_occurrences o
        WHERE o.event_time >= rule_day.day::timestamp AT TIME ZONE 'UTC'
          AND o.event_time < (rule_day.day + 1)::timestamp AT TIME ZONE 'UTC'
    ), hits AS (
        SELECT rule_name, rule_version, mode, transaction_id, max(amount) AS amount, count(*) AS fired,
               count(account_id) FILTER (WHERE of_account = 1) AS accounts
        FROM crossings GROUP BY 1, 2, 3, 4
    ), together AS (
        SELECT h.*, h.transaction_id IS NOT NULL AND min(h.rule_name) OVER w <> max(h.rule_name) OVER w AS overlaps,
               (SELECT l.is_fraud FROM public.labels l WHERE l.transaction_id = h.transaction_id) AS is_fraud
        FROM hits h WINDOW w AS (PARTITION BY h.transaction_id)
    )
    SELECT rule_day.day, h.rule_name, h.rule_version, h.mode, sum(h.fired)::bigint, count(h.transaction_id),
           sum(h.accounts)::bigint, coalesce(sum(h.amount), 0), count(h.is_fraud),
           count(*) FILTER (WHERE h.is_fraud), count(*) FILTER (WHERE NOT h.is_fraud),
           count(*) FILTER (WHERE h.overlaps), count(*) FILTER (WHERE h.is_fraud AND NOT h.overlaps)
    FROM together h
    GROUP BY h.rule_name, h.rule_version, h.mode $$;
COMMENT ON FUNCTION rule_day(date) IS 'What each rule version did on this day (UTC), counted from the crossings and the labels.';

CREATE FUNCTION refresh_rule_days(at_most integer DEFAULT 5) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    marks bigint[];
    days  date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('streamguard.refresh_rule_days')) THEN
        RETURN 0;
    END IF;
    SELECT array_agg(DISTINCT d.day) INTO days
        FROM (SELECT s.day FROM public.rule_days_stale s GROUP BY s.day ORDER BY s.day LIMIT at_most) d;
    -- The marks that are seen now; what is counted next is at least what they stand for.
    SELECT array_agg(s.id) INTO marks FROM public.rule_days_stale s WHERE s.day = ANY (days);
    IF days IS NULL OR marks IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM public.rule_days r WHERE r.day = ANY (days);
    INSERT INTO public.rule_days SELECT r.* FROM unnest(days) AS d (day), public.rule_day(d.day) r;
    DELETE FROM public.rule_days_stale s WHERE s.id = ANY (marks);
    RETURN cardinality(days);
END $$;
REVOKE ALL ON FUNCTION refresh_rule_days(integer) FROM PUBLIC;
COMMENT ON FUNCTION refresh_rule_days(integer) IS
    'Counts stale days again, at most so many, the oldest first; returns how many. One session at a time; another returns 0. The consumer calls it when it has nothing else to do.';

DROP VIEW current_decisions, fraud_statistics, account_risk_profile, fraud_rate;

CREATE VIEW current_decisions AS
    SELECT t.transaction_id, t.event_time, t.account_id, t.amount, t.currency, t.merchant, t.category, t.country,
           COALESCE(d.decision, 'APPROVE') AS decision,
           d.severity, d.score,
           COALESCE(d.reason, 'no live alert and no list hit') AS reason,
           COALESCE(d.version, 0) AS version,
           d.decided_at,
           true AS transaction_known,
           encode(d.policy_hash, 'hex') AS policy,
           d.explanation
    FROM transactions t
    LEFT JOIN decision_heads h ON h.transaction_id = t.transaction_id
    LEFT JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    UNION ALL
    SELECT d.transaction_id, d.event_time, d.account_id, NULL, NULL, NULL, NULL, NULL,
           d.decision, d.severity, d.score, d.reason, d.version, d.decided_at, false,
           encode(d.policy_hash, 'hex'), d.explanation
    FROM decision_heads h
    JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    WHERE NOT h.transaction_known;
COMMENT ON VIEW current_decisions IS
    'The latest decision of every stored transaction, APPROVE (version 0) where none was needed; and those that alerts made before their transaction came (transaction_known = false).';
COMMENT ON COLUMN current_decisions.decision IS 'APPROVE, REVIEW or BLOCK.';
COMMENT ON COLUMN current_decisions.version IS 'The version in decisions; 0 where there is none.';
COMMENT ON COLUMN current_decisions.policy IS 'The hash of the policy that decided, in hexadecimal.';
COMMENT ON COLUMN current_decisions.explanation IS 'Why, in full; NULL where no decision was needed.';

CREATE VIEW fraud_statistics AS
    SELECT date_bin('1 hour', alert_time, '2000-01-01 00:00+00') AS hour,
           COALESCE(fraud_type, rule_name) AS fraud_type,
           count(*) AS alerts,
           sum(occurrences)::bigint AS occurrences,
           count(DISTINCT account_id) AS accounts,
           sum(amount) AS total_amount,
           round(avg(amount), 2) AS average_amount,
           avg(risk_score) AS average_risk_score,
           max(severity) AS highest_severity
    FROM fraud_alerts
    WHERE mode = 'live'
    GROUP BY 1, 2;
COMMENT ON VIEW fraud_statistics IS 'Live alerts by hour (UTC, of alert_time) and fraud type. A restriction on hour is found by an index.';
COMMENT ON COLUMN fraud_statistics.hour IS 'The hour (UTC).';
COMMENT ON COLUMN fraud_statistics.fraud_type IS 'As the rule names it, else the rule''s name.';
COMMENT ON COLUMN fraud_statistics.alerts IS 'Alerts, one per alert id.';
COMMENT ON COLUMN fraud_statistics.occurrences IS 'Their crossings.';
COMMENT ON COLUMN fraud_statistics.accounts IS 'Accounts that they name.';
COMMENT ON COLUMN fraud_statistics.total_amount IS 'Sum of the amounts that they name.';
COMMENT ON COLUMN fraud_statistics.average_risk_score IS 'Mean of the rules'' scores, where the rule gives one.';

CREATE VIEW account_risk_profile AS
    SELECT s.account_id, s.transactions, s.total_amount, s.max_amount,
           s.first_event_time AS first_seen, s.last_event_time AS last_seen,
           s.alerts, s.highest_severity, s.last_alert_time, s.flagged,
           s.transactions - s.reviewed - s.blocked AS approved, s.reviewed, s.blocked,
           CASE WHEN s.transactions > 0 THEN round(100.0 * s.flagged / s.transactions, 3) ELSE 0 END AS fraud_rate,
           (SELECT max(d.score) FROM decisions d WHERE d.account_id = s.account_id) AS highest_score,
           (SELECT d.score FROM decisions d WHERE d.account_id = s.account_id
            ORDER BY d.event_time DESC, d.transaction_id DESC, d.version DESC LIMIT 1) AS latest_score,
           (SELECT i.id FROM investigations i WHERE i.account_id = s.account_id AND i.status = 'open')
               AS open_investigation,
           (SELECT b.until FROM account_blocks b
            WHERE b.account_id = s.account_id AND b.lifted_at IS NULL AND b.until > now()) AS blocked_until,
           p.risk_level, p.daily_spending_limit, p.account_opened_at
    FROM account_summary s
    LEFT JOIN customer_profiles p ON p.account_id = s.account_id
    WHERE s.transactions > 0 OR s.alerts > 0;
COMMENT ON VIEW account_risk_profile IS 'What is known of the risk of each account; cheap, because the counts are kept incrementally.';
COMMENT ON COLUMN account_risk_profile.first_seen IS 'The earliest event time of its transactions.';
COMMENT ON COLUMN account_risk_profile.last_seen IS 'The latest event time of its transactions.';
COMMENT ON COLUMN account_risk_profile.flagged IS 'Transactions with a decision row: a live alert or a list hit.';
COMMENT ON COLUMN account_risk_profile.approved IS 'Transactions whose current decision is APPROVE.';
COMMENT ON COLUMN account_risk_profile.fraud_rate IS 'Flagged transactions in percent of the account''s transactions.';
COMMENT ON COLUMN account_risk_profile.highest_score IS 'The highest score of its decisions, earlier versions included.';
COMMENT ON COLUMN account_risk_profile.latest_score IS 'The score of the current decision on its latest transaction that has one.';
COMMENT ON COLUMN account_risk_profile.open_investigation IS 'The number of its open investigation.';
COMMENT ON COLUMN account_risk_profile.blocked_until IS 'Until when it is blocked; NULL where it is not.';

CREATE VIEW fraud_rate AS
    -- Looked up label by label: a label counts where its transaction was stored. Fraud apart from the rest: it
    -- is rare and has an index, and who asks for no more reads no more.
    WITH fraud AS NOT MATERIALIZED (
        SELECT f.day, count(*) AS fraud, count(*) FILTER (WHERE f.flagged) AS fraud_flagged
        FROM (SELECT (SELECT (t.event_time AT TIME ZONE 'UTC')::date FROM transactions t
                      WHERE t.transaction_id = l.transaction_id
                        AND t.event_time >= COALESCE(l.event_time - interval '1 day', '-infinity')
                        AND t.event_time <= COALESCE(l.event_time + interval '1 day', 'infinity')
                      ORDER BY t.event_time LIMIT 1) AS day,
                     EXISTS (SELECT FROM decision_heads h WHERE h.transaction_id = l.transaction_id) AS flagged
              FROM labels l WHERE l.is_fraud) f
        WHERE f.day IS NOT NULL GROUP BY f.day
    ), counted AS NOT MATERIALIZED (
        SELECT a.day, count(*) AS labelled, count(*) FILTER (WHERE a.flagged) AS labelled_flagged
        FROM (SELECT (SELECT (t.event_time AT TIME ZONE 'UTC')::date FROM transactions t
                      WHERE t.transaction_id = l.transaction_id
                        AND t.event_time >= COALESCE(l.event_time - interval '1 day', '-infinity')
                        AND t.event_time <= COALESCE(l.event_time + interval '1 day', 'infinity')
                      ORDER BY t.event_time LIMIT 1) AS day,
                     EXISTS (SELECT FROM decision_heads h WHERE h.transaction_id = l.transaction_id) AS flagged
              FROM labels l) a
        WHERE a.day IS NOT NULL GROUP BY a.day
    ), stored AS (
        SELECT (hour AT TIME ZONE 'UTC')::date AS day, sum(transactions)::bigint AS transactions
        FROM volume_hours GROUP BY 1
    ), days AS (
        SELECT s.day, s.transactions, COALESCE(c.labelled, 0) AS labelled, COALESCE(f.fraud, 0) AS fraud,
               COALESCE(f.fraud_flagged, 0) AS fraud_flagged, COALESCE(c.labelled_flagged, 0) AS labelled_flagged
        FROM stored s LEFT JOIN fraud f ON f.day = s.day LEFT JOIN counted c ON c.day = s.day
    )
    SELECT day, sum(transactions)::bigint AS transactions, sum(labelled)::bigint AS labelled, sum(fraud)::bigint AS fraud,
           round(100.0 * sum(fraud) / nullif(sum(transactions), 0), 3) AS fraud_rate,
           sum(labelled_flagged)::bigint AS labelled_flagged, sum(fraud_flagged)::bigint AS fraud_flagged,
           round(100.0 * sum(fraud_flagged) / nullif(sum(fraud), 0), 3) AS recall,
           round(100.0 * sum(fraud_flagged) / nullif(sum(labelled_flagged), 0), 3) AS precision
    FROM days
    GROUP BY GROUPING SETS ((day), ());
COMMENT ON VIEW fraud_rate IS 'Labelled fraud by day of event time (UTC); the row without a day is the whole.';
COMMENT ON COLUMN fraud_rate.day IS 'The day (UTC); NULL: all days.';
COMMENT ON COLUMN fraud_rate.transactions IS 'Transactions that were stored.';
COMMENT ON COLUMN fraud_rate.labelled IS 'Those of them that have a label.';
COMMENT ON COLUMN fraud_rate.fraud IS 'Those labelled as fraud.';
COMMENT ON COLUMN fraud_rate.fraud_rate IS 'Transactions labelled as fraud in percent of all stored transactions.';
COMMENT ON COLUMN fraud_rate.labelled_flagged IS 'Labelled transactions with a decision row: a live alert or a list hit.';
COMMENT ON COLUMN fraud_rate.fraud_flagged IS 'Those of them that are fraud.';
COMMENT ON COLUMN fraud_rate.recall IS 'Flagged in percent of the labelled fraud; NULL without any.';
COMMENT ON COLUMN fraud_rate.precision IS 'Labelled fraud in percent of what was flagged and has a label; NULL without any.';

CREATE VIEW audit_trail AS
    SELECT l.at, l.actor, l.content->>'kind' AS kind,
           l.content->>'account_id' AS account_id, l.content->>'transaction_id' AS transaction_id,
           (l.content->>'version')::integer AS version,
           l.content->>'decision' AS decision, l.content->>'severity' AS severity,
           (l.content->>'score')::double precision AS score,
           d.reason,
           d.explanation->'factors' AS factors,
           l.content->'alerts' AS alerts,
           (SELECT jsonb_agg(jsonb_build_object('rule', o.rule_name, 'version', o.rule_version, 'at', o.event_time,
                       'reason', o.fraud_reason, 'evidence', o.evidence) ORDER BY o.event_time, o.rule_name)
            FROM alert_occurrences o
            WHERE l.content->>'kind' = 'decision' AND o.transaction_id = l.content->>'transaction_id'
              AND o.event_time BETWEEN d.event_time - interval '1 day' AND d.event_time + interval '1 day') AS evidence,
           l.content->'list_entries' AS list_entries,
           l.content->>'policy' AS policy,
           l.content->'actions' AS actions,
           l.content->'before' AS before, l.content->'after' AS after,
           COALESCE(l.content->>'reason', d.reason) AS why,
           l.content, l.chain, l.number
    FROM audit_log l
    LEFT JOIN decisions d ON l.content->>'kind' = 'decision' AND d.transaction_id = l.content->>'transaction_id'
         AND d.version = (l.content->>'version')::integer;
COMMENT ON VIEW audit_trail IS
    'Why, and who did what: a row of audit_log each, a decision''s with its reason, factors and evidence. Restrict account_id or transaction_id.';
COMMENT ON COLUMN audit_trail.at IS 'When it was done.';
COMMENT ON COLUMN audit_trail.actor IS 'The login whose session did it.';
COMMENT ON COLUMN audit_trail.kind IS 'decision, list_add, ...: what it is.';
COMMENT ON COLUMN audit_trail.version IS 'Of a decision: its version.';
COMMENT ON COLUMN audit_trail.reason IS 'Of a decision: why, in a sentence.';
COMMENT ON COLUMN audit_trail.factors IS 'Of a decision: what its score is made of.';
COMMENT ON COLUMN audit_trail.alerts IS 'Of a decision: its alerts with rule and version, as audited.';
COMMENT ON COLUMN audit_trail.evidence IS 'Of a decision: what those rules saw.';
COMMENT ON COLUMN audit_trail.list_entries IS 'Of a decision: the list entries that it hit.';
COMMENT ON COLUMN audit_trail.policy IS 'Of a decision: the hash of its policy (policies.hash) in hexadecimal.';
COMMENT ON COLUMN audit_trail.actions IS 'Of a decision: what it asked for.';
COMMENT ON COLUMN audit_trail.before IS 'What a person''s change found.';
COMMENT ON COLUMN audit_trail.after IS 'What it left.';
COMMENT ON COLUMN audit_trail.why IS 'The reason, of whatever kind of row.';
COMMENT ON COLUMN audit_trail.content IS 'The whole audit row.';

CREATE VIEW rule_performance_daily AS
    WITH stale AS MATERIALIZED (SELECT DISTINCT day FROM rule_days_stale)
    SELECT r.* FROM rule_days r WHERE NOT EXISTS (SELECT FROM stale s WHERE s.day = r.day)
    UNION ALL
    SELECT r.* FROM stale s, rule_day(s.day) r;
COMMENT ON VIEW rule_performance_daily IS
    'What each rule version did on each day (UTC): always as the rows are now, though most days are counted once only. Its columns are those of rule_days; sum them over days, and divide the sums.';

CREATE FUNCTION rule_performance_over(first date, last date)
    RETURNS TABLE (rule_name text, rule_version text, mode text, fired bigint, transactions bigint, accounts bigint,
        amount numeric, labelled bigint, true_positives bigint, false_positives bigint, "precision" numeric, recall numeric,
        overlap bigint, caught_alone bigint)
    LANGUAGE sql STABLE AS $$
    WITH summed AS (
        SELECT d.rule_name, d.rule_version, d.mode, sum(d.fired) AS fired, sum(d.transactions) AS transactions,
               sum(d.amount) AS amount, sum(d.labelled) AS labelled, sum(d.true_positives) AS true_positives,
               sum(d.false_positives) AS false_positives, sum(d.overlap) AS overlap,
               sum(d.caught_alone) AS caught_alone
        FROM public.rule_performance_daily d
        WHERE d.day BETWEEN rule_performance_over.first AND rule_performance_over.last
        GROUP BY 1, 2, 3
    ), fraud AS (
        SELECT count(*) AS count FROM public.labels l
        WHERE l.is_fraud AND (l.event_time IS NULL
           OR l.event_time >= rule_performance_over.first::timestamp AT TIME ZONE 'UTC'
              AND l.event_time < (rule_performance_over.last + 1)::timestamp AT TIME ZONE 'UTC')
    )
    SELECT s.rule_name, s.rule_version, s.mode, s.fired::bigint, s.transactions::bigint,
           (SELECT count(*) FROM (SELECT DISTINCT o.account_id FROM public.alert_occurrences o
            WHERE o.rule_name = s.rule_name AND o.rule_version = s.rule_version AND o.mode = s.mode
              AND o.account_id IS NOT NULL
              AND o.event_time >= rule_performance_over.first::timestamp AT TIME ZONE 'UTC'
              AND o.event_time < (rule_performance_over.last + 1)::timestamp AT TIME ZONE 'UTC') a),
           s.amount, s.labelled::bigint,
           s.true_positives::bigint, s.false_positives::bigint,
           round(100.0 * s.true_positives / nullif(s.labelled, 0), 3),
           round(100.0 * s.true_positives / nullif(f.count, 0), 3),
           s.overlap::bigint, s.caught_alone::bigint
    FROM summed s, fraud f $$;
COMMENT ON FUNCTION rule_performance_over(date, date) IS
    'rule_performance of these days (UTC), both included; only rules that fired.';

CREATE VIEW rule_performance AS
    SELECT COALESCE(p.rule_name, r.rule_name) AS rule_name, COALESCE(p.rule_version, r.version) AS rule_version,
           COALESCE(p.mode, r.mode) AS mode, r.severity, COALESCE(r.active, false) AS active,
           COALESCE(p.fired, 0) AS fired, COALESCE(p.transactions, 0) AS transactions,
           COALESCE(p.accounts, 0) AS accounts, COALESCE(p.amount, 0) AS amount,
           COALESCE(p.labelled, 0) AS labelled, COALESCE(p.true_positives, 0) AS true_positives,
           COALESCE(p.false_positives, 0) AS false_positives, p."precision", p.recall,
           COALESCE(p.overlap, 0) AS overlap, COALESCE(p.caught_alone, 0) AS caught_alone
    FROM rule_performance_over('2000-01-01', '9999-12-30') p
    FULL JOIN rule_versions r ON r.rule_name = p.rule_name AND r.version = p.rule_version;
COMMENT ON VIEW rule_performance IS
    'What each rule version has found so far, also those that never fired. Rates rest on labels alone; without labels they are NULL.';
COMMENT ON COLUMN rule_performance.mode IS 'live or shadow, as when it fired; a version that fired in both has a row for each.';
COMMENT ON COLUMN rule_performance.severity IS 'The rule''s severity; NULL of a rule that no engine of ours has loaded.';
COMMENT ON COLUMN rule_performance.active IS 'Whether this is the version that was loaded last.';
COMMENT ON COLUMN rule_performance.fired IS 'Its crossings.';
COMMENT ON COLUMN rule_performance.transactions IS 'Transactions that they name; one that a rule fired for on two days counts on both.';
COMMENT ON COLUMN rule_performance.accounts IS 'Accounts that they name.';
COMMENT ON COLUMN rule_performance.amount IS 'Sum of the amounts of those transactions, as the alerts name them.';
COMMENT ON COLUMN rule_performance.labelled IS 'Those transactions that have a label.';
COMMENT ON COLUMN rule_performance.true_positives IS 'Those labelled as fraud.';
COMMENT ON COLUMN rule_performance.false_positives IS 'Those labelled as legitimate.';
COMMENT ON COLUMN rule_performance.precision IS 'True positives in percent of the labelled; NULL without labels.';
COMMENT ON COLUMN rule_performance.recall IS 'True positives in percent of all that is labelled as fraud; NULL without labels.';
COMMENT ON COLUMN rule_performance.overlap IS 'Transactions that another rule fired for on the same day too.';
COMMENT ON COLUMN rule_performance.caught_alone IS 'Fraud that no other rule fired for: what would be missed without it.';

CREATE VIEW open_investigations AS
    SELECT i.id, i.account_id, i.opened_at, i.updated_at, i.assigned_to, i.assigned_at, i.transactions,
           i.highest_score, i.highest_severity, i.first_transaction_id, i.last_transaction_id, i.last_event_time,
           (SELECT s.total_amount FROM account_summary s WHERE s.account_id = i.account_id) AS account_total,
           (SELECT s.alerts FROM account_summary s WHERE s.account_id = i.account_id) AS account_alerts,
           (SELECT b.until FROM account_blocks b
            WHERE b.account_id = i.account_id AND b.lifted_at IS NULL AND b.until > now()) AS blocked_until
    FROM investigations i
    WHERE i.status = 'open';
COMMENT ON VIEW open_investigations IS 'What is to be looked into; ORDER BY highest_score DESC, opened_at gives the morning''s queue.';
COMMENT ON COLUMN open_investigations.account_total IS 'Sum of the account''s stored amounts.';
COMMENT ON COLUMN open_investigations.account_alerts IS 'The account''s live alerts.';
COMMENT ON COLUMN open_investigations.blocked_until IS 'Until when the account is blocked; NULL where it is not.';

CREATE VIEW alert_timeline AS
    SELECT o.event_time, o.account_id, o.transaction_id, o.rule_name, o.rule_version, o.mode, o.severity,
           o.fraud_reason, o.risk_score, o.amount, o.evidence, o.alert_id,
           d.decision, d.score AS decision_score, d.version AS decision_version, l.is_fraud
    FROM alert_occurrences o
    LEFT JOIN decision_heads h ON h.transaction_id = o.transaction_id
    LEFT JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    LEFT JOIN labels l ON l.transaction_id = o.transaction_id;
COMMENT ON VIEW alert_timeline IS
    'Every crossing of every alert with what was decided on its transaction and what that turned out to be. Restrict account_id, and order by event_time.';
COMMENT ON COLUMN alert_timeline.event_time IS 'The time of the record that caused it.';
COMMENT ON COLUMN alert_timeline.decision IS 'The current decision on the transaction.';
COMMENT ON COLUMN alert_timeline.decision_score IS 'Its score.';
COMMENT ON COLUMN alert_timeline.is_fraud IS 'The transaction''s label; NULL without one.';

CREATE VIEW merchant_risk AS
    SELECT merchant, sum(transactions)::bigint AS transactions, sum(total_amount) AS total_amount,
           min(first_seen) AS first_seen, max(last_seen) AS last_seen, sum(flagged)::bigint AS flagged,
           sum(reviewed)::bigint AS reviewed, sum(blocked)::bigint AS blocked,
           round(100.0 * sum(flagged) / nullif(sum(transactions), 0), 3) AS fraud_rate
    FROM merchant_summary
    GROUP BY merchant;
COMMENT ON VIEW merchant_risk IS 'How risky the transactions at each merchant look.';
COMMENT ON COLUMN merchant_risk.flagged IS 'Transactions with a decision row: a live alert or a list hit.';
COMMENT ON COLUMN merchant_risk.fraud_rate IS 'Flagged transactions in percent of the merchant''s transactions.';

CREATE VIEW hourly_volume AS
    SELECT v.hour, v.transactions, v.total_amount, v.average_amount, v.max_amount, COALESCE(a.alerts, 0) AS alerts
    FROM (SELECT hour, sum(transactions)::bigint AS transactions, sum(total_amount) AS total_amount,
                 round(sum(total_amount) / nullif(sum(transactions), 0), 2) AS average_amount, max(max_amount) AS max_amount
          FROM volume_hours GROUP BY hour) v
    LEFT JOIN LATERAL (SELECT count(*) AS alerts FROM fraud_alerts f
        WHERE date_bin('1 hour', f.alert_time, '2000-01-01 00:00+00') = v.hour AND f.mode = 'live') a ON true;
COMMENT ON VIEW hourly_volume IS 'Stored transactions by hour of event time (UTC), and the live alerts of the hour. Restrict hour.';
COMMENT ON COLUMN hourly_volume.alerts IS 'Live alerts by their alert_time.';

GRANT SELECT ON volume_hours, merchant_summary, rule_days, rule_days_stale, current_decisions, fraud_statistics,
    account_risk_profile, fraud_rate, audit_trail, rule_performance_daily, rule_performance, open_investigations,
    alert_timeline, merchant_risk, hourly_volume TO streamguard_writer, streamguard_reader;
GRANT INSERT, UPDATE ON volume_hours, merchant_summary TO streamguard_writer;
GRANT INSERT ON rule_days_stale TO streamguard_writer;
GRANT USAGE ON SEQUENCE rule_days_stale_id_seq TO streamguard_writer;
GRANT EXECUTE ON FUNCTION refresh_rule_days(integer) TO streamguard_writer;
