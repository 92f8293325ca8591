-- A single transaction above the limit.
DEFINE high_amount_limit = '5000';

--@severity: high
--@description: A single transaction above 5000
CREATE STREAM high_amount WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  transaction_key,
  account_id,
  transaction_id,
  amount,
  'HIGH_AMOUNT' AS fraud_type,
  CONCAT('amount ', CAST(amount AS VARCHAR), ' is above ', CAST(${high_amount_limit} AS VARCHAR)) AS fraud_reason,
  80 AS risk_score,
  merchant,
  category,
  country
FROM transactions
WHERE amount > ${high_amount_limit}
EMIT CHANGES;
