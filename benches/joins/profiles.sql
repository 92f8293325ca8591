-- The profile of every account, in a table that is loaded before the first transaction is taken.
CREATE TABLE customer_profiles (
  account_id VARCHAR PRIMARY KEY,
  home_country VARCHAR,
  risk_rating VARCHAR,
  tier INT
) WITH (
  KAFKA_TOPIC = 'customer_profiles',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'JSON'
);

-- A single large transaction away from home.
--@severity: medium
--@description: More than 1000 outside of the account's home country
CREATE STREAM abroad WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT
  t.account_id AS account_key,
  AS_VALUE(t.account_id) AS account_id,
  t.transaction_id AS transaction_id,
  t.amount AS amount,
  'ABROAD' AS fraud_type,
  CONCAT('amount ', CAST(t.amount AS VARCHAR), ' in ', t.country) AS fraud_reason,
  60 AS risk_score
FROM transactions t
JOIN customer_profiles p ON t.account_id = p.account_id
WHERE t.amount > 1000 AND t.country <> p.home_country
EMIT CHANGES;
