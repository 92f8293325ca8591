-- Many transactions of one account within a minute (windows begin at each full minute).
-- Each transaction beyond the limit is one more occurrence of the window's alert (emit: changes); a
-- transaction that arrives up to 10 minutes late still counts in its own window.
DEFINE velocity_limit = '3';

--@severity: medium
--@emit: changes
--@description: More than 3 transactions of an account in a minute
CREATE TABLE velocity WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  account_id AS account_key,
  AS_VALUE(account_id) AS account_id,
  LATEST_BY_OFFSET(transaction_id) AS transaction_id,
  LATEST_BY_OFFSET(amount) AS amount,
  'VELOCITY' AS fraud_type,
  CONCAT(CAST(COUNT(*) AS VARCHAR), ' transactions within a minute') AS fraud_reason,
  60 AS risk_score,
  COUNT(*) AS transaction_count,
  SUM(amount) AS total_amount
FROM transactions
WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES)
GROUP BY account_id
HAVING COUNT(*) > ${velocity_limit}
EMIT CHANGES;
