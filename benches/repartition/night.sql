-- A large transaction in the night, by UTC: from 22:00 up to, not including, 06:00.
DEFINE night_amount_limit = '1000';
DEFINE night_begin = '22';
DEFINE night_end = '6';

--@severity: medium
--@description: More than 1000 between 22:00 and 06:00 UTC
CREATE STREAM night WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  transaction_key,
  account_id,
  transaction_id,
  amount,
  'NIGHT' AS fraud_type,
  CONCAT('amount ', CAST(amount AS VARCHAR), ' at ', FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'HH:mm'), ' UTC') AS fraud_reason,
  55 AS risk_score,
  merchant,
  category,
  country
FROM transactions
WHERE amount > ${night_amount_limit}
  AND (CAST(FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'HH') AS INT) >= ${night_begin}
    OR CAST(FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'HH') AS INT) < ${night_end})
EMIT CHANGES;
