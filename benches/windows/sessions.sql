-- One alert rule over sessions, for the speed of those: a record of the bench meets a session of its account that
-- it prolongs about every second time.
CREATE TABLE long_session WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  account_id AS account_key,
  AS_VALUE(account_id) AS account_id,
  LATEST_BY_OFFSET(transaction_id) AS transaction_id,
  'LONG_SESSION' AS fraud_type,
  COUNT(*) AS transaction_count,
  SUM(amount) AS total_amount
FROM transactions
WINDOW SESSION (1 MINUTE, GRACE PERIOD 10 MINUTES)
GROUP BY account_id
HAVING COUNT(*) > 7
EMIT CHANGES;
