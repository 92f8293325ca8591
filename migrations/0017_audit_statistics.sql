-- How many values account and transaction of the audit's rows have.
--
-- Without them the planner takes every two hundredth row for one account's, and a million rows later starts parallel
-- workers for a trail of two.

CREATE STATISTICS audit_log_account_values ON (content ->> 'account_id') FROM audit_log;
COMMENT ON STATISTICS audit_log_account_values IS 'How many accounts the audit names, for the plans of audit_trail.';
CREATE STATISTICS audit_log_transaction_values ON (content ->> 'transaction_id') FROM audit_log;
COMMENT ON STATISTICS audit_log_transaction_values IS 'How many transactions the audit names, for the plans of audit_trail.';
