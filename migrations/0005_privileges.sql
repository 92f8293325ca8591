-- Who may do what. The roles (no logins) and their right to the schema public are made by
-- `streamguard db migrate` before this runs; objects
-- belong to streamguard_owner. The writer reads all and writes what the consumer writes: decisions and
-- crossings can be added but not changed, and nothing can be created.

GRANT SELECT ON ALL TABLES IN SCHEMA public TO streamguard_writer, streamguard_reader;
GRANT INSERT ON transactions, alert_occurrences, decisions TO streamguard_writer;
GRANT INSERT, UPDATE ON fraud_alerts, rule_versions, labels, account_summary, consumer_offsets,
    dead_letters, decision_heads TO streamguard_writer;
GRANT INSERT, UPDATE, DELETE ON customer_profiles, list_entries TO streamguard_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO streamguard_writer;
GRANT EXECUTE ON FUNCTION ensure_partitions(text, date[]) TO streamguard_writer;
