-- What people and dashboards read.

CREATE VIEW current_decisions AS
    SELECT t.transaction_id, t.event_time, t.account_id, t.amount, t.currency, t.merchant, t.category, t.country,
           COALESCE(d.decision, 'APPROVE') AS decision,
           d.severity, d.score,
           COALESCE(d.reason, 'no live alert and no list hit') AS reason,
           COALESCE(d.version, 0) AS version,
           d.decided_at,
           true AS transaction_known
    FROM transactions t
    LEFT JOIN decision_heads h ON h.transaction_id = t.transaction_id
    LEFT JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    UNION ALL
    SELECT d.transaction_id, d.event_time, d.account_id, NULL, NULL, NULL, NULL, NULL,
           d.decision, d.severity, d.score, d.reason, d.version, d.decided_at, false
    FROM decision_heads h
    JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    WHERE NOT h.transaction_known;
COMMENT ON VIEW current_decisions IS
    'The latest decision of every stored transaction, APPROVE (version 0) where none was needed; and those that alerts made before their transaction came (transaction_known = false).';
COMMENT ON COLUMN current_decisions.decision IS 'APPROVE, REVIEW or BLOCK.';
COMMENT ON COLUMN current_decisions.version IS 'The version in decisions; 0 where there is none.';

CREATE VIEW fraud_statistics AS
    SELECT date_trunc('hour', alert_time, 'UTC') AS hour,
           COALESCE(fraud_type, rule_name) AS fraud_type,
           count(*) AS alerts,
           sum(occurrences) AS occurrences,
           count(DISTINCT account_id) AS accounts,
           sum(amount) AS total_amount,
           round(avg(amount), 2) AS average_amount,
           avg(risk_score) AS average_risk_score,
           max(severity) AS highest_severity
    FROM fraud_alerts
    WHERE mode = 'live'
    GROUP BY 1, 2;
COMMENT ON VIEW fraud_statistics IS 'Live alerts by hour (UTC, of alert_time) and fraud type. Restrict hour''s source column alert_time in fraud_alerts itself to read few partitions.';
COMMENT ON COLUMN fraud_statistics.fraud_type IS 'As the rule names it, else the rule''s name.';

CREATE VIEW account_risk_profile AS
    SELECT s.account_id, s.transactions, s.total_amount, s.max_amount, s.first_event_time, s.last_event_time,
           s.alerts, s.highest_severity, s.last_alert_time, s.flagged, s.reviewed, s.blocked,
           CASE WHEN s.transactions > 0 THEN round(100.0 * s.flagged / s.transactions, 3) ELSE 0 END AS fraud_rate,
           p.risk_level, p.daily_spending_limit, p.account_opened_at
    FROM account_summary s
    LEFT JOIN customer_profiles p ON p.account_id = s.account_id
    WHERE s.transactions > 0 OR s.alerts > 0;
COMMENT ON VIEW account_risk_profile IS 'What is known of the risk of each account; cheap, because the counts are kept incrementally.';
COMMENT ON COLUMN account_risk_profile.flagged IS 'Transactions with a live alert or a list hit.';
COMMENT ON COLUMN account_risk_profile.fraud_rate IS 'Flagged transactions in percent of the account''s transactions.';

CREATE VIEW fraud_rate AS
    SELECT (date_trunc('day', t.event_time, 'UTC') AT TIME ZONE 'UTC')::date AS day,
           count(*) AS transactions,
           count(l.transaction_id) AS labelled,
           count(*) FILTER (WHERE l.is_fraud) AS fraud,
           round(100.0 * count(*) FILTER (WHERE l.is_fraud) / nullif(count(*), 0), 3) AS fraud_rate,
           count(h.transaction_id) AS flagged,
           count(h.transaction_id) FILTER (WHERE l.is_fraud) AS fraud_flagged,
           round(100.0 * count(h.transaction_id) FILTER (WHERE l.is_fraud)
                 / nullif(count(*) FILTER (WHERE l.is_fraud), 0), 3) AS recall,
           round(100.0 * count(h.transaction_id) FILTER (WHERE l.is_fraud)
                 / nullif(count(h.transaction_id) FILTER (WHERE l.transaction_id IS NOT NULL), 0), 3) AS precision
    FROM transactions t
    LEFT JOIN labels l ON l.transaction_id = t.transaction_id
    LEFT JOIN decision_heads h ON h.transaction_id = t.transaction_id
    GROUP BY GROUPING SETS ((date_trunc('day', t.event_time, 'UTC')), ());
COMMENT ON VIEW fraud_rate IS 'Labelled fraud by day of event time (UTC); the row without a day is the whole.';
COMMENT ON COLUMN fraud_rate.fraud_rate IS 'Transactions labelled as fraud in percent of all stored transactions.';
COMMENT ON COLUMN fraud_rate.flagged IS 'Transactions with a live alert or a list hit.';
COMMENT ON COLUMN fraud_rate.recall IS 'Flagged in percent of the labelled fraud.';
COMMENT ON COLUMN fraud_rate.precision IS 'Labelled fraud in percent of what was flagged and has a label.';
