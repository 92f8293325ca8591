-- As in benches/rules, but keyed by the transaction: grouping by account_id costs one more hop.
CREATE STREAM transactions (
  transaction_key VARCHAR KEY,
  transaction_id VARCHAR,
  account_id VARCHAR,
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
