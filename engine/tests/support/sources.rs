//! What the rules of several tests read.

/// A stream and a table.
pub(crate) const SOURCES: &str = "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, \
    amount DECIMAL(18, 4), merchant VARCHAR, country VARCHAR, at_night BOOLEAN) \
    WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');\n\
    CREATE TABLE limits (account_id VARCHAR PRIMARY KEY, daily DOUBLE) WITH (KAFKA_TOPIC='limits', VALUE_FORMAT='JSON');";
