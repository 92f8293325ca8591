-- What the rules read. Every rule in this directory sees what is declared here: files load in the order of their names.
--
-- transactions is keyed by account_id, so ACCOUNT_ID is declared as the key and is taken from it (the
-- value carries the same account_id, for readers that look at values only). GROUP BY account_id then
-- needs no repartitioning: all records of an account already lie in one partition, in order.
-- A topic with another key is declared with that key and account_id as an ordinary column; grouping by
-- account_id stays right, it costs one more hop.
--
-- The event time is the value's timestamp (RFC 3339: an offset or Z, 0 to 9 digits of a second). ROWTIME
-- is that moment in milliseconds since 1970-01-01 UTC; windows and FORMAT_TIMESTAMP go by it, in UTC.
--
-- A record that does not fit its columns (an amount that is no number, say) goes to the topic
-- transactions.dlq with the reason. Only transaction_id, account_id, amount and timestamp are always
-- there; the others may be NULL.
CREATE STREAM transactions (
  account_id VARCHAR KEY,
  transaction_id VARCHAR,
  amount DECIMAL(18, 4),
  timestamp VARCHAR,
  currency VARCHAR,
  merchant VARCHAR,
  category VARCHAR,
  transaction_type VARCHAR,
  country VARCHAR,
  city VARCHAR,
  latitude DOUBLE,
  longitude DOUBLE,
  channel VARCHAR,
  card_present BOOLEAN,
  card_bin VARCHAR,
  terminal_id VARCHAR,
  counterparty_account_id VARCHAR,
  device_id VARCHAR,
  ip VARCHAR
) WITH (
  KAFKA_TOPIC = 'transactions',
  KEY_FORMAT = 'KAFKA',
  VALUE_FORMAT = 'JSON',
  TIMESTAMP = 'timestamp',
  TIMESTAMP_FORMAT = 'yyyy-MM-dd''T''HH:mm:ss[.SSSSSSSSS][.SSSSSSSS][.SSSSSSS][.SSSSSS][.SSSSS][.SSSS][.SSS][.SS][.S]XXX'
);
