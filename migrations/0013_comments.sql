-- What was left open between lists, views and retention, and a comment for every column that had none.

-- A decision outlives its transaction: where retention has dropped that, the view shows what the decision
-- itself knows. A transaction that has come again is shown as any other.
CREATE OR REPLACE VIEW current_decisions AS
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
    WHERE NOT h.transaction_known
    UNION ALL
    SELECT d.transaction_id, d.event_time, d.account_id, NULL, NULL, NULL, NULL, NULL,
           d.decision, d.severity, d.score, d.reason, d.version, d.decided_at, true,
           encode(d.policy_hash, 'hex'), d.explanation
    FROM decision_heads h
    JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
    WHERE h.transaction_dropped AND h.transaction_known
      AND NOT EXISTS (SELECT FROM transactions t
                      WHERE t.transaction_id = d.transaction_id AND t.event_time = d.event_time);
COMMENT ON VIEW current_decisions IS
    'The latest decision of every stored transaction, APPROVE (version 0) where none was needed; those that alerts made before their transaction came (transaction_known = false); and those whose transaction retention has dropped (amount NULL).';

-- The label that an analyst gives counts at once, not only when its record has come back from the topic.
CREATE FUNCTION labels_given() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.rule_days_stale (day)
        SELECT DISTINCT (time AT TIME ZONE 'UTC')::date
        FROM (SELECT o.event_time AS time FROM given g JOIN public.alert_occurrences o USING (transaction_id)
              UNION ALL SELECT g.event_time FROM given g) crossed
        WHERE time IS NOT NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION labels_given() IS 'Trigger of dispositions: the days of the labelled transactions are counted anew in rule_days.';
CREATE TRIGGER dispositions_given AFTER INSERT ON dispositions
    REFERENCING NEW TABLE AS given FOR EACH STATEMENT EXECUTE FUNCTION labels_given();

COMMENT ON COLUMN account_risk_profile.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN account_risk_profile.transactions IS 'Stored transactions.';
COMMENT ON COLUMN account_risk_profile.total_amount IS 'Sum of the amounts, whatever their currency.';
COMMENT ON COLUMN account_risk_profile.max_amount IS 'The highest amount.';
COMMENT ON COLUMN account_risk_profile.alerts IS 'Live alerts, one per alert id.';
COMMENT ON COLUMN account_risk_profile.highest_severity IS 'The highest severity of the live alerts.';
COMMENT ON COLUMN account_risk_profile.last_alert_time IS 'The time of the latest live alert.';
COMMENT ON COLUMN account_risk_profile.reviewed IS 'Transactions whose current decision is REVIEW.';
COMMENT ON COLUMN account_risk_profile.blocked IS 'Transactions whose current decision is BLOCK.';
COMMENT ON COLUMN account_risk_profile.risk_level IS 'low, medium or high, as the profile says.';
COMMENT ON COLUMN account_risk_profile.daily_spending_limit IS 'The most that the profile lets the account spend in a day.';
COMMENT ON COLUMN account_risk_profile.account_opened_at IS 'When the account was opened, as the profile says.';

COMMENT ON COLUMN account_summary.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN account_summary.transactions IS 'Stored transactions.';
COMMENT ON COLUMN account_summary.max_amount IS 'The highest stored amount.';
COMMENT ON COLUMN account_summary.first_event_time IS 'The earliest event time.';
COMMENT ON COLUMN account_summary.last_event_time IS 'The latest event time.';
COMMENT ON COLUMN account_summary.highest_severity IS 'The highest severity of its live alerts.';
COMMENT ON COLUMN account_summary.last_alert_time IS 'The time of the latest live alert.';

COMMENT ON COLUMN alert_occurrences.alert_id IS 'The alerts id, the same on every replay.';
COMMENT ON COLUMN alert_occurrences.source_topic IS 'The topic of the record that caused it.';
COMMENT ON COLUMN alert_occurrences.source_partition IS 'The partition of that record.';
COMMENT ON COLUMN alert_occurrences.transaction_id IS 'The transaction that crossed the line.';
COMMENT ON COLUMN alert_occurrences.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN alert_occurrences.mode IS 'live: decides; shadow: only observed.';
COMMENT ON COLUMN alert_occurrences.severity IS 'low, medium, high or critical.';
COMMENT ON COLUMN alert_occurrences.fraud_reason IS 'Why, in the rules words.';
COMMENT ON COLUMN alert_occurrences.risk_score IS 'The score that the rule gave.';
COMMENT ON COLUMN alert_occurrences.evidence IS 'What else the rule selected.';
COMMENT ON COLUMN alert_occurrences.ingested_at IS 'When the batch that stored it began to be written.';

COMMENT ON COLUMN alert_timeline.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN alert_timeline.transaction_id IS 'The transaction.';
COMMENT ON COLUMN alert_timeline.rule_name IS 'The rule.';
COMMENT ON COLUMN alert_timeline.rule_version IS 'Its version: a hash over what it computes.';
COMMENT ON COLUMN alert_timeline.mode IS 'live: decides; shadow: only observed.';
COMMENT ON COLUMN alert_timeline.severity IS 'low, medium, high or critical.';
COMMENT ON COLUMN alert_timeline.fraud_reason IS 'Why, in the rules words.';
COMMENT ON COLUMN alert_timeline.risk_score IS 'The score that the rule gave.';
COMMENT ON COLUMN alert_timeline.amount IS 'The amount that the alert names.';
COMMENT ON COLUMN alert_timeline.evidence IS 'What else the rule selected.';
COMMENT ON COLUMN alert_timeline.alert_id IS 'The alerts id, the same on every replay.';
COMMENT ON COLUMN alert_timeline.decision_version IS 'The version of the transactions current decision.';

COMMENT ON COLUMN audit_trail.account_id IS 'The account that the row is about. Personal data.';
COMMENT ON COLUMN audit_trail.transaction_id IS 'The transaction that the row is about.';
COMMENT ON COLUMN audit_trail.decision IS 'What was decided; of rows about decisions.';
COMMENT ON COLUMN audit_trail.severity IS 'The decisions severity.';
COMMENT ON COLUMN audit_trail.score IS 'The decisions score.';
COMMENT ON COLUMN audit_trail.chain IS 'The chain of audit_log.';
COMMENT ON COLUMN audit_trail.number IS 'The number in its chain.';

COMMENT ON COLUMN consumer_offsets.topic IS 'The topic.';
COMMENT ON COLUMN consumer_offsets.partition IS 'The partition.';
COMMENT ON COLUMN consumer_offsets.updated_at IS 'When a batch moved it on last.';

COMMENT ON COLUMN current_decisions.transaction_id IS 'The transaction.';
COMMENT ON COLUMN current_decisions.event_time IS 'When it happened.';
COMMENT ON COLUMN current_decisions.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN current_decisions.amount IS 'In units of the currency.';
COMMENT ON COLUMN current_decisions.currency IS 'ISO 4217 code of the amount.';
COMMENT ON COLUMN current_decisions.merchant IS 'Who is paid.';
COMMENT ON COLUMN current_decisions.category IS 'The merchant''s line of business.';
COMMENT ON COLUMN current_decisions.country IS 'Where it happened: the countrys code, as the record names it.';
COMMENT ON COLUMN current_decisions.severity IS 'That of the score, by the policys thresholds.';
COMMENT ON COLUMN current_decisions.score IS '0 to 100: the points of all factors.';
COMMENT ON COLUMN current_decisions.reason IS 'Why, in a sentence.';
COMMENT ON COLUMN current_decisions.decided_at IS 'When the batch that wrote it began to be written.';
COMMENT ON COLUMN current_decisions.transaction_known IS 'False while an alert waits for its transaction, which decided by its own content.';

COMMENT ON COLUMN customer_profiles.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN customer_profiles.risk_level IS 'low, medium or high, as the profile says.';
COMMENT ON COLUMN customer_profiles.daily_spending_limit IS 'The most that the profile lets the account spend in a day.';
COMMENT ON COLUMN customer_profiles.account_opened_at IS 'When the account was opened, as the profile says.';
COMMENT ON COLUMN customer_profiles.source_partition IS 'Partition of the topic that it came from.';
COMMENT ON COLUMN customer_profiles.source_offset IS 'Offset in that partition.';

COMMENT ON COLUMN dead_letters.id IS 'Its number.';
COMMENT ON COLUMN dead_letters.topic IS 'The topic of the record.';
COMMENT ON COLUMN dead_letters.partition IS 'Its partition.';
COMMENT ON COLUMN dead_letters."offset" IS 'Its offset.';
COMMENT ON COLUMN dead_letters.key IS 'The records key. May be personal data.';
COMMENT ON COLUMN dead_letters.value IS 'The records value, fields that are masked aside. May be personal data.';
COMMENT ON COLUMN dead_letters.created_at IS 'When it was refused.';

COMMENT ON COLUMN decision_heads.transaction_id IS 'The transaction.';
COMMENT ON COLUMN decision_heads.version IS 'Its current version in decisions.';

COMMENT ON COLUMN fraud_alerts.alert_id IS 'The alerts id, the same on every replay.';
COMMENT ON COLUMN fraud_alerts.rule_name IS 'The rule.';
COMMENT ON COLUMN fraud_alerts.rule_version IS 'Its version: a hash over what it computes.';
COMMENT ON COLUMN fraud_alerts.severity IS 'The rules severity.';
COMMENT ON COLUMN fraud_alerts.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN fraud_alerts.amount IS 'The amount that the latest crossing names.';
COMMENT ON COLUMN fraud_alerts.fraud_type IS 'What the rule calls it.';
COMMENT ON COLUMN fraud_alerts.fraud_reason IS 'Why, in the rules words.';
COMMENT ON COLUMN fraud_alerts.risk_score IS 'The score that the rule gave.';
COMMENT ON COLUMN fraud_alerts.window_start IS 'When its window began; NULL without a window.';
COMMENT ON COLUMN fraud_alerts.window_end IS 'When its window ends; NULL without a window.';
COMMENT ON COLUMN fraud_alerts.last_topic IS 'With last_partition, last_offset and last_ordinal: the position of the latest crossings record.';
COMMENT ON COLUMN fraud_alerts.last_partition IS 'See last_topic.';
COMMENT ON COLUMN fraud_alerts.last_ordinal IS 'See last_topic.';
COMMENT ON COLUMN fraud_alerts.first_seen_at IS 'When the batch that stored its first crossing began to be written.';
COMMENT ON COLUMN fraud_alerts.updated_at IS 'When the batch that changed it last began to be written; retention counts from it.';

COMMENT ON COLUMN fraud_statistics.average_amount IS 'Mean of the amounts.';
COMMENT ON COLUMN fraud_statistics.highest_severity IS 'The highest severity of the live alerts.';

COMMENT ON COLUMN hourly_volume.hour IS 'The hour (UTC).';
COMMENT ON COLUMN hourly_volume.transactions IS 'Stored transactions of the hour.';
COMMENT ON COLUMN hourly_volume.total_amount IS 'Sum of the amounts, whatever their currency.';
COMMENT ON COLUMN hourly_volume.average_amount IS 'Mean of the amounts.';
COMMENT ON COLUMN hourly_volume.max_amount IS 'The highest amount.';

COMMENT ON COLUMN labels.transaction_id IS 'The transaction.';
COMMENT ON COLUMN labels.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN labels.is_fraud IS 'Whether it was fraud.';

COMMENT ON COLUMN merchant_risk.merchant IS 'Who is paid.';
COMMENT ON COLUMN merchant_risk.transactions IS 'Stored transactions.';
COMMENT ON COLUMN merchant_risk.total_amount IS 'Sum of the amounts, whatever their currency.';
COMMENT ON COLUMN merchant_risk.first_seen IS 'The earliest event time.';
COMMENT ON COLUMN merchant_risk.last_seen IS 'The latest event time.';
COMMENT ON COLUMN merchant_risk.reviewed IS 'Transactions whose current decision is REVIEW.';
COMMENT ON COLUMN merchant_risk.blocked IS 'Transactions whose current decision is BLOCK.';

COMMENT ON COLUMN open_investigations.id IS 'Its number.';
COMMENT ON COLUMN open_investigations.account_id IS 'The account. Personal data.';
COMMENT ON COLUMN open_investigations.opened_at IS 'When the decision that opened it was made.';
COMMENT ON COLUMN open_investigations.updated_at IS 'When a decision or a person changed it last.';
COMMENT ON COLUMN open_investigations.assigned_to IS 'Who works on it. Personal data.';
COMMENT ON COLUMN open_investigations.assigned_at IS 'Since when.';
COMMENT ON COLUMN open_investigations.transactions IS 'How many transactions decisions have asked for it.';
COMMENT ON COLUMN open_investigations.highest_score IS 'The highest score among their decisions.';
COMMENT ON COLUMN open_investigations.highest_severity IS 'The highest severity among their decisions.';
COMMENT ON COLUMN open_investigations.first_transaction_id IS 'The transaction whose decision opened it.';
COMMENT ON COLUMN open_investigations.last_transaction_id IS 'The transaction whose decision extended it last.';
COMMENT ON COLUMN open_investigations.last_event_time IS 'The latest event time among them.';

COMMENT ON COLUMN rule_performance.rule_name IS 'The rule.';
COMMENT ON COLUMN rule_performance.rule_version IS 'Its version: a hash over what it computes.';

COMMENT ON COLUMN rule_performance_daily.day IS 'The day (UTC).';
COMMENT ON COLUMN rule_performance_daily.rule_name IS 'The rule.';
COMMENT ON COLUMN rule_performance_daily.rule_version IS 'Its version: a hash over what it computes.';
COMMENT ON COLUMN rule_performance_daily.mode IS 'live: decides; shadow: only observed.';
COMMENT ON COLUMN rule_performance_daily.fired IS 'Crossings.';
COMMENT ON COLUMN rule_performance_daily.transactions IS 'Transactions that they name.';
COMMENT ON COLUMN rule_performance_daily.accounts IS 'Accounts that they name.';
COMMENT ON COLUMN rule_performance_daily.amount IS 'Sum of the amounts of those transactions, as the alerts name them.';
COMMENT ON COLUMN rule_performance_daily.labelled IS 'Those transactions that have a label.';
COMMENT ON COLUMN rule_performance_daily.true_positives IS 'Those labelled as fraud.';
COMMENT ON COLUMN rule_performance_daily.false_positives IS 'Those labelled as legitimate.';
COMMENT ON COLUMN rule_performance_daily.overlap IS 'Those transactions that another rule fired for too.';
COMMENT ON COLUMN rule_performance_daily.caught_alone IS 'Those labelled as fraud that no other rule fired for.';

COMMENT ON COLUMN rule_versions.rule_name IS 'The rule.';
COMMENT ON COLUMN rule_versions.severity IS 'Its severity, as last loaded.';
COMMENT ON COLUMN rule_versions.description IS 'What its author says of it.';
COMMENT ON COLUMN rule_versions.first_loaded_at IS 'When an engine loaded this version first.';
COMMENT ON COLUMN rule_versions.last_loaded_at IS 'When an engine loaded this version last.';

COMMENT ON COLUMN transactions.currency IS 'ISO 4217 code of the amount.';
COMMENT ON COLUMN transactions.merchant IS 'Who is paid.';
COMMENT ON COLUMN transactions.category IS 'The merchant''s line of business.';
COMMENT ON COLUMN transactions.country IS 'Where it happened: the countrys code, as the record names it.';
COMMENT ON COLUMN transactions.city IS 'Where it happened. Personal data.';
COMMENT ON COLUMN transactions.latitude IS 'Where it happened, in degrees north. Personal data.';
COMMENT ON COLUMN transactions.longitude IS 'Where it happened, in degrees east. Personal data.';
COMMENT ON COLUMN transactions.channel IS 'How it was made: online, pos, atm and so on.';
COMMENT ON COLUMN transactions.card_present IS 'Whether the card was there.';
COMMENT ON COLUMN transactions.card_bin IS 'The cards first digits.';
COMMENT ON COLUMN transactions.terminal_id IS 'The terminal.';
COMMENT ON COLUMN transactions.counterparty_account_id IS 'Of a transfer: the account that is paid. Personal data.';
COMMENT ON COLUMN transactions.device_id IS 'The device. Personal data.';
COMMENT ON COLUMN transactions.ip IS 'The address that it came from. Personal data.';
