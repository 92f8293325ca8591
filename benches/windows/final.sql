-- One alert rule that writes each window once, when it has closed.
CREATE TABLE busy_minutes WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  account_id AS account_key,
  AS_VALUE(account_id) AS account_id,
  LATEST_BY_OFFSET(transaction_id) AS transaction_id,
  'BUSY_MINUTES' AS fraud_type,
  COUNT(*) AS transaction_count,
  SUM(amount) AS total_amount
FROM transactions
WINDOW TUMBLING (SIZE 5 MINUTES, GRACE PERIOD 10 MINUTES)
GROUP BY account_id
HAVING COUNT(*) > 8
EMIT FINAL;
