-- Decisions that name their policy, and what is looked up around one.

CREATE TABLE policies (
    hash          bytea       PRIMARY KEY,
    name          text        NOT NULL,
    content       jsonb       NOT NULL,
    first_used_at timestamptz NOT NULL
);
COMMENT ON TABLE policies IS 'Every policy that the consumer has decided by, whole; decisions.policy_hash names it.';
COMMENT ON COLUMN policies.hash IS 'SHA-256 of the policy in its canonical form: the same weights and thresholds have the same hash, however the file is laid out.';
COMMENT ON COLUMN policies.name IS 'The name that the policy gives itself.';
COMMENT ON COLUMN policies.content IS 'All its weights and thresholds, those too that its file leaves at the default.';
COMMENT ON COLUMN policies.first_used_at IS 'When a consumer first had it in force on this database.';

ALTER TABLE decisions ADD COLUMN policy_hash bytea;
COMMENT ON COLUMN decisions.policy_hash IS 'The policy that decided: policies.hash. NULL in versions of releases that had no policies.';
COMMENT ON COLUMN decisions.severity IS 'That of the score, by the policy''s thresholds.';
COMMENT ON COLUMN decisions.score IS '0 to 100: the points of all factors.';
COMMENT ON COLUMN decisions.explanation IS 'Why, in full: decision, severity, score, factors with points, policy, actions; and what it rests on: transactions, list_hits, alerts, context.';
COMMENT ON COLUMN decisions.inputs_hash IS 'SHA-256 of what it rests on: policy, transactions, list hits, alerts, context; not of where their records lay.';
COMMENT ON COLUMN decisions.transaction_id IS 'The transaction.';
COMMENT ON COLUMN decisions.account_id IS 'Its account.';
COMMENT ON COLUMN decisions.decision IS 'APPROVE, REVIEW or BLOCK.';
COMMENT ON COLUMN decisions.decided_at IS 'When the batch that wrote it began to be written.';

-- The account's day is looked up around a decision (as its alerts and decisions are, by indexes of 0011).
CREATE INDEX transactions_account ON transactions (account_id, event_time);

ALTER TABLE account_summary ADD COLUMN last_decision_time timestamptz,
    ADD COLUMN shadow_alerts bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN account_summary.last_decision_time IS 'The latest event time that a version of a decision has: a record of before it may change decisions.';
COMMENT ON COLUMN account_summary.shadow_alerts IS 'Alerts (one per alert id) of rules in shadow mode: kept and counted, never acted on.';
UPDATE account_summary s SET last_decision_time = d.last
FROM (SELECT account_id, max(event_time) AS last FROM decisions GROUP BY account_id) d
WHERE d.account_id = s.account_id;
UPDATE account_summary s SET shadow_alerts = a.alerts
FROM (SELECT account_id, count(*) AS alerts FROM fraud_alerts WHERE mode <> 'live' GROUP BY account_id) a
WHERE a.account_id = s.account_id;

GRANT SELECT ON policies TO streamguard_writer, streamguard_reader;
GRANT INSERT ON policies TO streamguard_writer;
