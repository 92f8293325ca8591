-- Rules, their alerts, the lists, and what was decided.
--
-- Invariant: an alert id has one row, a crossing has one row, a decision version has one row; redelivered
-- records find theirs and change nothing.

CREATE TABLE rule_versions (
    rule_name       text        NOT NULL,
    version         text        NOT NULL,
    mode            text        NOT NULL,
    severity        severity    NOT NULL,
    description     text,
    sql             text        NOT NULL,
    active          boolean     NOT NULL,
    first_loaded_at timestamptz NOT NULL,
    last_loaded_at  timestamptz NOT NULL,
    PRIMARY KEY (rule_name, version)
);
COMMENT ON TABLE rule_versions IS 'Every version of every rule that an engine has loaded, also of those that never fired.';
COMMENT ON COLUMN rule_versions.version IS 'A hash over what the rule computes; layout, mode and description do not change it.';
COMMENT ON COLUMN rule_versions.mode IS 'live, shadow or off, as last loaded.';
COMMENT ON COLUMN rule_versions.sql IS 'The rule''s SQL with its DEFINEs applied.';
COMMENT ON COLUMN rule_versions.active IS 'Whether this is the version of the rule that was loaded last.';

CREATE TABLE fraud_alerts (
    alert_id         uuid        NOT NULL,
    alert_time       timestamptz NOT NULL,
    event_time       timestamptz NOT NULL,
    rule_name        text        NOT NULL,
    rule_version     text        NOT NULL,
    mode             text        NOT NULL,
    severity         severity    NOT NULL,
    account_id       text,
    transaction_id   text,
    amount           numeric,
    fraud_type       text,
    fraud_reason     text,
    risk_score       double precision,
    evidence         jsonb       NOT NULL DEFAULT '{}',
    window_start     timestamptz,
    window_end       timestamptz,
    occurrences      bigint      NOT NULL,
    last_topic       text        NOT NULL,
    last_partition   integer     NOT NULL,
    last_offset      bigint      NOT NULL,
    last_ordinal     integer     NOT NULL,
    retracted        text,
    cleared_at       timestamptz,
    first_seen_at    timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    PRIMARY KEY (alert_id, alert_time)
) PARTITION BY RANGE (alert_time);
CREATE INDEX fraud_alerts_account ON fraud_alerts (account_id, alert_time);
COMMENT ON TABLE fraud_alerts IS
    'One row per alert id, in monthly partitions by alert_time (UTC); what it says is that of its latest crossing. Alerts are never deleted.';
COMMENT ON COLUMN fraud_alerts.alert_time IS 'The window''s start, or without a window the time of the record that caused it; never changes.';
COMMENT ON COLUMN fraud_alerts.event_time IS 'The time of the record that caused the latest crossing.';
COMMENT ON COLUMN fraud_alerts.mode IS 'live: decides; shadow: only observed.';
COMMENT ON COLUMN fraud_alerts.transaction_id IS 'The transaction that crossed the line last.';
COMMENT ON COLUMN fraud_alerts.evidence IS 'What else the rule selected, at the latest crossing.';
COMMENT ON COLUMN fraud_alerts.occurrences IS 'Crossings in alert_occurrences.';
COMMENT ON COLUMN fraud_alerts.last_offset IS 'With last_topic, last_partition and last_ordinal: the position of the latest crossing''s record.';
COMMENT ON COLUMN fraud_alerts.retracted IS 'left: the row no longer satisfies the rule; merged: its session became another''s. NULL: stands.';
COMMENT ON COLUMN fraud_alerts.cleared_at IS 'The time of the record that made the rule retract it. No decision is revised by that.';

CREATE TABLE alert_occurrences (
    alert_id         uuid        NOT NULL,
    event_time       timestamptz NOT NULL,
    source_topic     text        NOT NULL,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL,
    ordinal          integer     NOT NULL,
    transaction_id   text,
    account_id       text,
    mode             text        NOT NULL,
    severity         severity    NOT NULL,
    fraud_reason     text,
    risk_score       double precision,
    evidence         jsonb       NOT NULL DEFAULT '{}',
    ingested_at      timestamptz NOT NULL,
    PRIMARY KEY (alert_id, event_time, source_topic, source_partition, source_offset, ordinal)
) PARTITION BY RANGE (event_time);
CREATE INDEX alert_occurrences_transaction ON alert_occurrences (transaction_id, event_time);
COMMENT ON TABLE alert_occurrences IS
    'One row per crossing of an alert, in monthly partitions by event time (UTC). The alerts of a transaction are its rows here.';
COMMENT ON COLUMN alert_occurrences.event_time IS 'The time of the record that caused it, to the millisecond.';
COMMENT ON COLUMN alert_occurrences.source_offset IS 'With source_topic and source_partition: the record that caused it.';
COMMENT ON COLUMN alert_occurrences.ordinal IS 'Which output of that record this is, from 0.';

CREATE TABLE list_entries (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('merchant', 'account', 'category', 'country')),
    value      text        NOT NULL CHECK (value <> ''),
    action     text        NOT NULL DEFAULT 'block' CHECK (action = 'block'),
    note       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL DEFAULT current_user
);
CREATE UNIQUE INDEX list_entries_value ON list_entries (kind, lower(value), action);
COMMENT ON TABLE list_entries IS
    'The block list. A transaction that an entry matches is blocked, whether or not a rule fired. Changes apply to what is decided from then on.';
COMMENT ON COLUMN list_entries.kind IS 'Which field of the transaction is compared: merchant, account, category or country.';
COMMENT ON COLUMN list_entries.value IS 'Compared with the whole field, upper and lower case alike.';

CREATE TABLE list_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    version   bigint NOT NULL
);
INSERT INTO list_state (version) VALUES (1);
COMMENT ON TABLE list_state IS 'One row: changes whenever list_entries does, so that the consumer reads the lists again.';

CREATE FUNCTION bump_list_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.list_state SET version = version + 1;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION bump_list_version() IS 'Trigger of list_entries.';
CREATE TRIGGER list_entries_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON list_entries
    FOR EACH STATEMENT EXECUTE FUNCTION bump_list_version();

INSERT INTO list_entries (kind, value, note) VALUES
    ('merchant', 'AliExpress', 'blocked merchant'),
    ('merchant', 'Shein', 'blocked merchant'),
    ('account', 'ACC-9999', 'blocked account');

CREATE TABLE decisions (
    transaction_id    text        NOT NULL,
    version           integer     NOT NULL CHECK (version > 0),
    event_time        timestamptz NOT NULL,
    account_id        text,
    decision          text        NOT NULL CHECK (decision IN ('APPROVE', 'REVIEW', 'BLOCK')),
    severity          severity,
    score             double precision,
    reason            text        NOT NULL,
    explanation       jsonb       NOT NULL,
    transaction_known boolean     NOT NULL,
    inputs_hash       bytea       NOT NULL,
    decided_at        timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, version)
);
CREATE INDEX decisions_event_time ON decisions (event_time);
COMMENT ON TABLE decisions IS
    'Versions of decisions, never overwritten; written for a live alert or a list hit. A transaction without one is approved. The latest version counts: current_decisions.';
COMMENT ON COLUMN decisions.version IS 'From 1; a new one where what the decision rests on has changed (inputs_hash).';
COMMENT ON COLUMN decisions.event_time IS 'The transaction''s event time, or the alert''s until the transaction has come.';
COMMENT ON COLUMN decisions.severity IS 'The highest severity of the live alerts; critical for a block-list hit.';
COMMENT ON COLUMN decisions.score IS 'The highest risk score of the live alerts.';
COMMENT ON COLUMN decisions.reason IS 'The explanation in a sentence.';
COMMENT ON COLUMN decisions.explanation IS 'What it rests on: policy, transactions, list hits and alerts.';
COMMENT ON COLUMN decisions.transaction_known IS 'False where an alert came before its transaction and decided from its own content.';
COMMENT ON COLUMN decisions.inputs_hash IS 'SHA-256 of what it rests on: policy, transactions, list hits, alerts; not of where their records lay.';

CREATE TABLE decision_heads (
    transaction_id    text PRIMARY KEY,
    version           integer NOT NULL,
    transaction_known boolean NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX decision_heads_unknown ON decision_heads (transaction_id) WHERE NOT transaction_known;
COMMENT ON TABLE decision_heads IS 'Which version of decisions is the current one.';
COMMENT ON COLUMN decision_heads.transaction_known IS 'As in that version; the false ones wait for their transaction.';
