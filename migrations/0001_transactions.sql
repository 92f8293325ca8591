-- Transactions, what is known about them and their accounts, and how far the topics have been read.
--
-- Invariant: everything that one batch of records causes, and the row of consumer_offsets that says so,
-- is written in one transaction; so a table here never holds what its offsets do not cover.

CREATE TYPE severity AS ENUM ('low', 'medium', 'high', 'critical');
COMMENT ON TYPE severity IS 'How grave an alert is; ordered, so that severity >= ''high'' works.';

CREATE TABLE transactions (
    event_time              timestamptz NOT NULL,
    transaction_id          text        NOT NULL,
    account_id              text        NOT NULL,
    amount                  numeric     NOT NULL,
    currency                text,
    merchant                text,
    category                text,
    transaction_type        text,
    country                 text,
    city                    text,
    latitude                double precision,
    longitude               double precision,
    channel                 text,
    card_present            boolean,
    card_bin                text,
    terminal_id             text,
    counterparty_account_id text,
    device_id               text,
    ip                      text,
    extra                   jsonb,
    source_partition        integer     NOT NULL,
    source_offset           bigint      NOT NULL,
    ingested_at             timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, event_time)
) PARTITION BY RANGE (event_time);
COMMENT ON TABLE transactions IS
    'Every valid transaction once, in daily partitions by event time (UTC). A repeat of a key is counted in consumer_offsets.repeats and not stored.';
COMMENT ON COLUMN transactions.event_time IS 'When it happened (the value''s "timestamp"), to the microsecond.';
COMMENT ON COLUMN transactions.transaction_id IS 'The issuer''s id; with event_time the key.';
COMMENT ON COLUMN transactions.account_id IS 'The account that pays; the key of the topic.';
COMMENT ON COLUMN transactions.amount IS 'Positive, in units of currency.';
COMMENT ON COLUMN transactions.transaction_type IS 'purchase, deposit, withdrawal, transfer or payment.';
COMMENT ON COLUMN transactions.extra IS 'Fields of the record that have no column, as they came; NULL where there are none.';
COMMENT ON COLUMN transactions.source_partition IS 'Partition of the topic transactions that it came from.';
COMMENT ON COLUMN transactions.source_offset IS 'Offset in that partition.';
COMMENT ON COLUMN transactions.ingested_at IS 'When the batch that stored it began to be written.';

CREATE TABLE customer_profiles (
    account_id           text PRIMARY KEY,
    profile              jsonb       NOT NULL,
    risk_level           text,
    daily_spending_limit numeric,
    account_opened_at    timestamptz,
    source_partition     integer     NOT NULL,
    source_offset        bigint      NOT NULL,
    updated_at           timestamptz NOT NULL
);
COMMENT ON TABLE customer_profiles IS 'The latest profile of each account, from the compacted topic customer_profiles.';
COMMENT ON COLUMN customer_profiles.profile IS 'The whole profile as it came.';
COMMENT ON COLUMN customer_profiles.updated_at IS 'When this version was stored.';

CREATE TABLE labels (
    transaction_id   text PRIMARY KEY,
    account_id       text,
    is_fraud         boolean     NOT NULL,
    kind             text,
    event_time       timestamptz,
    labelled_at      timestamptz,
    source_partition integer     NOT NULL,
    source_offset    bigint      NOT NULL
);
COMMENT ON TABLE labels IS 'What turned out to be fraud: the latest label of each transaction, from the topic transaction_labels. Decisions never read it.';
COMMENT ON COLUMN labels.kind IS 'The kind of fraud, where the label names one.';
COMMENT ON COLUMN labels.event_time IS 'When the labelled transaction happened, where the label says so.';
COMMENT ON COLUMN labels.labelled_at IS 'When the label was given, where it says so.';

CREATE TABLE account_summary (
    account_id       text PRIMARY KEY,
    transactions     bigint  NOT NULL DEFAULT 0,
    total_amount     numeric NOT NULL DEFAULT 0,
    max_amount       numeric NOT NULL DEFAULT 0,
    first_event_time timestamptz,
    last_event_time  timestamptz,
    alerts           bigint  NOT NULL DEFAULT 0,
    highest_severity severity,
    last_alert_time  timestamptz,
    flagged          bigint  NOT NULL DEFAULT 0,
    reviewed         bigint  NOT NULL DEFAULT 0,
    blocked          bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
COMMENT ON TABLE account_summary IS
    'Counts per account, kept by every batch in its own transaction; a batch locks its accounts'' rows here in order of id before anything else. Read it through account_risk_profile.';
COMMENT ON COLUMN account_summary.total_amount IS 'Sum of the stored amounts, whatever their currency.';
COMMENT ON COLUMN account_summary.alerts IS 'Live alerts (one per alert id) of the account.';
COMMENT ON COLUMN account_summary.flagged IS 'Stored transactions that have a decision row: a live alert or a list hit.';
COMMENT ON COLUMN account_summary.reviewed IS 'Stored transactions whose current decision is REVIEW.';
COMMENT ON COLUMN account_summary.blocked IS 'Stored transactions whose current decision is BLOCK.';

CREATE TABLE consumer_offsets (
    topic        text        NOT NULL,
    partition    integer     NOT NULL,
    next_offset  bigint      NOT NULL,
    cluster_id   text        NOT NULL,
    topic_id     text        NOT NULL,
    records      bigint      NOT NULL DEFAULT 0,
    repeats      bigint      NOT NULL DEFAULT 0,
    dead_letters bigint      NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE consumer_offsets IS
    'How far each partition has been read into this database. Changed only by compare-and-set on next_offset, in the transaction that stores what was read.';
COMMENT ON COLUMN consumer_offsets.next_offset IS 'The offset of the next record to read; the consumer starts here.';
COMMENT ON COLUMN consumer_offsets.cluster_id IS 'The cluster that the offsets belong to.';
COMMENT ON COLUMN consumer_offsets.topic_id IS 'The topic''s id there; a topic that was deleted and made again has another.';
COMMENT ON COLUMN consumer_offsets.records IS 'Records read from the partition and accounted for.';
COMMENT ON COLUMN consumer_offsets.repeats IS 'Transactions whose key was stored already, from another record.';
COMMENT ON COLUMN consumer_offsets.dead_letters IS 'Records refused; they are in dead_letters.';

CREATE TABLE dead_letters (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic            text        NOT NULL,
    partition        integer     NOT NULL,
    "offset"         bigint      NOT NULL,
    record_time      timestamptz,
    stage            text        NOT NULL DEFAULT 'consumer',
    reason           text        NOT NULL,
    key              bytea,
    value            bytea,
    headers          jsonb       NOT NULL DEFAULT '[]',
    created_at       timestamptz NOT NULL DEFAULT now(),
    published_at     timestamptz,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letters_unpublished ON dead_letters (id) WHERE published_at IS NULL;
COMMENT ON TABLE dead_letters IS 'Records that the consumer refused, with the reason; copied to the topic <topic>.dlq after the batch.';
COMMENT ON COLUMN dead_letters.record_time IS 'The record''s own time.';
COMMENT ON COLUMN dead_letters.stage IS 'Who refused it: always consumer here; the engine writes its own to the topic.';
COMMENT ON COLUMN dead_letters.reason IS 'What is wrong, naming the field.';
COMMENT ON COLUMN dead_letters.headers IS 'The record''s headers, [[name, value as hexadecimal], ...].';
COMMENT ON COLUMN dead_letters.published_at IS 'When the dead-letter topic confirmed it; NULL until then. It may be there more than once.';
