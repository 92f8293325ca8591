-- Rows for the plans: n transactions of thirty days, a tenth as many alerts, decisions and audit rows, a
-- twentieth as many labels. Everything follows from the row's number.
SELECT ensure_partitions('transactions', array_agg(d::date)) FROM generate_series(0, 29) i, LATERAL (SELECT date '2024-03-01' + i) AS s (d);
SELECT ensure_partitions('fraud_alerts', ARRAY['2024-03-01']::date[]), ensure_partitions('alert_occurrences', ARRAY['2024-03-01']::date[]);
CREATE TEMP TABLE n AS SELECT :n::bigint AS transactions, :n::bigint / 20 + 1 AS accounts;

INSERT INTO transactions (event_time, transaction_id, account_id, amount, currency, merchant, category, country, source_partition, source_offset, ingested_at)
SELECT timestamptz '2024-03-01 00:00Z' + interval '30 days' * (i::float8 / n.transactions), 't' || i,
       'ACC-' || (i * 7919 % n.accounts), (i % 50000) / 100.0 + 1, 'EUR', 'Merchant-' || i % 997, 'c' || i % 12, 'DE', i % 3, i / 3, now()
FROM n, generate_series(0, n.transactions - 1) i;

INSERT INTO fraud_alerts (alert_id, alert_time, event_time, rule_name, rule_version, mode, severity, account_id, transaction_id, amount,
    fraud_type, fraud_reason, risk_score, evidence, occurrences, last_topic, last_partition, last_offset, last_ordinal, first_seen_at, updated_at)
SELECT md5('a' || i)::uuid, timestamptz '2024-03-01 00:00Z' + interval '30 days' * (i::float8 / n.transactions),
       timestamptz '2024-03-01 00:00Z' + interval '30 days' * (i::float8 / n.transactions), 'rule_' || i / 10 % 7, 'v1', 'live',
       (ARRAY['low', 'medium', 'high', 'critical'])[1 + i / 10 % 4]::severity, 'ACC-' || (i * 7919 % n.accounts), 't' || i, 5,
       'TYPE_' || i / 10 % 5, 'because of this and that', 0.5, '{"COUNT": 7, "TOTAL_AMOUNT": 812.5}', 1, 'transactions', i % 3, i / 3, 0, now(), now()
FROM n, generate_series(0, n.transactions - 1, 10) i;

INSERT INTO alert_occurrences (alert_id, event_time, source_topic, source_partition, source_offset, ordinal, transaction_id, account_id,
    mode, severity, fraud_reason, risk_score, evidence, rule_name, rule_version, amount, ingested_at)
SELECT alert_id, event_time, last_topic, last_partition, last_offset, 0, transaction_id, account_id, mode, severity, fraud_reason, risk_score,
       evidence, rule_name, rule_version, amount, now()
FROM fraud_alerts;

INSERT INTO decisions (transaction_id, version, event_time, account_id, decision, severity, score, reason, explanation, transaction_known, inputs_hash, decided_at)
SELECT transaction_id, 1, event_time, account_id, CASE severity WHEN 'critical' THEN 'BLOCK' WHEN 'high' THEN 'REVIEW' ELSE 'APPROVE' END,
       severity, 50, fraud_reason, jsonb_build_object('factors', jsonb_build_array(jsonb_build_object('name', rule_name, 'points', 50))), true, sha256('x'),
       now() - interval '380 days' + (event_time - '2024-03-01')
FROM fraud_alerts;
INSERT INTO decision_heads SELECT transaction_id, 1, true FROM decisions;

INSERT INTO audit_log (chain, number, at, actor, body, previous_hash, hash)
SELECT 'c/fraud_alerts/' || last_partition, row_number() OVER (PARTITION BY last_partition ORDER BY event_time), event_time, 'consumer',
       jsonb_build_object('kind', 'decision', 'transaction_id', transaction_id, 'version', 1, 'account_id', account_id, 'decision', 'REVIEW',
           'score', 50, 'alerts', jsonb_build_array(jsonb_build_object('alert_id', alert_id, 'rule', rule_name, 'version', 'v1')))::text,
       sha256('x'), sha256('y')
FROM fraud_alerts;

INSERT INTO labels (transaction_id, account_id, is_fraud, event_time, source_partition, source_offset)
SELECT 't' || i, 'ACC-' || (i * 7919 % n.accounts), i % 100 = 0, timestamptz '2024-03-01 00:00Z' + interval '30 days' * (i::float8 / n.transactions), i % 3, i
FROM n, generate_series(0, n.transactions - 1, 20) i;

INSERT INTO account_summary (account_id, transactions, total_amount, alerts, flagged, first_event_time, last_event_time)
SELECT 'ACC-' || i, 100, 25000, 10, 10, '2024-03-01', '2024-03-30' FROM n, generate_series(0, n.accounts - 1) i;
INSERT INTO volume_hours SELECT timestamptz '2024-03-01 00:00Z' + interval '1 hour' * h, p, n.transactions / 2160, n.transactions / 10, 501
FROM n, generate_series(0, 719) h, generate_series(0, 2) p;
INSERT INTO merchant_summary (merchant, source_partition, transactions, total_amount) SELECT 'Merchant-' || m, p, n.transactions / 2991, 1000
FROM n, generate_series(0, 996) m, generate_series(0, 2) p;
INSERT INTO investigations (account_id, opened_at, updated_at, first_transaction_id, last_transaction_id, last_event_time, highest_score)
SELECT 'ACC-' || i, now(), now(), 't' || i, 't' || i, now(), 70 FROM n, generate_series(0, n.accounts - 1, 50) i;
INSERT INTO rule_days_stale (day) SELECT date '2024-03-01' + i FROM generate_series(0, 29) i;
SELECT refresh_rule_days(40);
