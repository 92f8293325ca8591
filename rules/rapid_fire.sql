-- Very many transactions of one account within 5 minutes (windows begin at each full 5 minutes).
-- Each transaction beyond the limit is one more occurrence of the window's alert (emit: changes); a
-- transaction that arrives up to 10 minutes late still counts in its own window.
DEFINE rapid_fire_limit = '15';

--@severity: critical
--@emit: changes
--@description: More than 15 transactions of an account in 5 minutes
CREATE TABLE rapid_fire WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  account_id AS account_key,
  AS_VALUE(account_id) AS account_id,
  LATEST_BY_OFFSET(transaction_id) AS transaction_id,
  LATEST_BY_OFFSET(amount) AS amount,
  'RAPID_FIRE' AS fraud_type,
  CONCAT(CAST(COUNT(*) AS VARCHAR), ' transactions within 5 minutes') AS fraud_reason,
  95 AS risk_score,
  COUNT(*) AS transaction_count,
  SUM(amount) AS total_amount
FROM transactions
WINDOW TUMBLING (SIZE 5 MINUTES, GRACE PERIOD 10 MINUTES)
GROUP BY account_id
HAVING COUNT(*) > ${rapid_fire_limit}
EMIT CHANGES;
