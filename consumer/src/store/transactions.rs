//! Transactions into their table.
//!
//! What enters: valid transactions. What leaves: rows, and which of them are new. What holds: a key is
//! stored once; a repeat (the same key from another record) is counted in the progress of its partition.
//!
//! Repeats are rare, so the rows go by COPY straight into the table. Only where that meets a key that is
//! there do they take the longer way, through a temporary table and ON CONFLICT ([`Direct`]).

use std::collections::{HashMap, HashSet};

use broker::TopicPartition;
use chrono::{DateTime, Utc};
use events::{Transaction, TransactionType, topics};
use sqlx::PgConnection;

use crate::copy::{CopyInto, Direct, Rows, send};
use crate::intake::{At, Intake, Position};

const COLUMNS: i16 = 23;
/// About the size of an encoded row, to reserve memory once.
const ROW_BYTES: usize = 320;

const TABLE: CopyInto = CopyInto {
    statement:
        "COPY transactions (event_time, transaction_id, account_id, amount, currency, merchant, category,
    transaction_type, country, city, latitude, longitude, channel, card_present, card_bin, terminal_id,
    counterparty_account_id, device_id, ip, extra, source_partition, source_offset, ingested_at)
    FROM STDIN (FORMAT binary)",
    columns: COLUMNS,
};

const STAGE: CopyInto =
    CopyInto { statement: "COPY transactions_stage FROM STDIN (FORMAT binary)", columns: COLUMNS };

const MAKE_STAGE: &str =
    "CREATE TEMP TABLE IF NOT EXISTS transactions_stage (LIKE transactions) ON COMMIT DELETE ROWS";

const INSERT_FROM_STAGE: &str = "INSERT INTO transactions SELECT * FROM transactions_stage
    ON CONFLICT (transaction_id, event_time) DO NOTHING
    RETURNING source_partition, source_offset";

/// Which transactions of a batch are new.
#[derive(Debug)]
pub(crate) enum Inserted {
    /// All of them, so many.
    All(usize),
    /// Those of these records.
    Some(HashSet<(i32, i64)>),
}

impl Inserted {
    pub(crate) fn contains(&self, position: Position) -> bool {
        match self {
            Self::All(_) => true,
            Self::Some(new) => new.contains(&(position.partition, position.offset)),
        }
    }

    pub(crate) fn count(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(new) => new.len(),
        }
    }
}

/// Stores what is new and counts the repeats.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    direct: &mut Direct,
    intake: &mut Intake,
    now: DateTime<Utc>,
) -> sqlx::Result<Inserted> {
    let count = intake.transactions.len();
    let rows = intake.transactions.iter();
    if count == 0 || direct.copy(tx, TABLE, rows, |rows, at| encode_row(rows, at, now)).await? {
        return Ok(Inserted::All(count));
    }
    let inserted = insert_new(tx, &intake.transactions, now).await?;
    if inserted.len() < count {
        direct.met_a_key();
        count_repeats(tx, intake, &inserted).await?;
    }
    Ok(Inserted::Some(inserted))
}

async fn insert_new(
    tx: &mut PgConnection,
    transactions: &[At<Transaction>],
    now: DateTime<Utc>,
) -> sqlx::Result<HashSet<(i32, i64)>> {
    sqlx::raw_sql(MAKE_STAGE).execute(&mut *tx).await?;
    send(tx, STAGE, transactions.iter(), |rows, at| encode_row(rows, at, now)).await?;
    let rows: Vec<(i32, i64)> = sqlx::query_as(INSERT_FROM_STAGE).fetch_all(tx).await?;
    Ok(rows.into_iter().collect())
}

/// A transaction that was not stored is a repeat, unless its own record is what is stored already: offsets
/// that an operator set back bring the same records again.
async fn count_repeats(
    tx: &mut PgConnection,
    intake: &mut Intake,
    inserted: &HashSet<(i32, i64)>,
) -> sqlx::Result<()> {
    let old: Vec<&At<Transaction>> = intake
        .transactions
        .iter()
        .filter(|t| !inserted.contains(&(t.position.partition, t.position.offset)))
        .collect();
    let same: Vec<(i32, i64)> = sqlx::query_as(
        "SELECT t.source_partition, t.source_offset
         FROM unnest($1::text[], $2::timestamptz[], $3::int[], $4::bigint[]) AS b (id, time, partition, \"offset\")
         JOIN transactions t ON t.transaction_id = b.id AND t.event_time = b.time
              AND t.source_partition = b.partition AND t.source_offset = b.\"offset\"
         WHERE t.event_time BETWEEN $5 AND $6",
    )
    .bind(old.iter().map(|t| t.value.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(old.iter().map(|t| event_time(&t.value)).collect::<Vec<_>>())
    .bind(old.iter().map(|t| t.position.partition).collect::<Vec<_>>())
    .bind(old.iter().map(|t| t.position.offset).collect::<Vec<_>>())
    .bind(old.iter().map(|t| event_time(&t.value)).min())
    .bind(old.iter().map(|t| event_time(&t.value)).max())
    .fetch_all(tx)
    .await?;
    let same: HashSet<(i32, i64)> = same.into_iter().collect();
    let mut repeats: HashMap<i32, i64> = HashMap::new();
    for t in old.iter().filter(|t| !same.contains(&(t.position.partition, t.position.offset))) {
        *repeats.entry(t.position.partition).or_default() += 1;
    }
    for (partition, count) in repeats {
        let source = TopicPartition::new(topics::TRANSACTIONS.name, partition);
        if let Some(progress) = intake.progress.get_mut(&source) {
            progress.repeats += count;
        }
    }
    Ok(())
}

/// The event time as it is stored.
fn event_time(transaction: &Transaction) -> DateTime<Utc> {
    super::time(transaction.timestamp.timestamp_micros())
}

/// The rows in COPY's binary format, the columns in the table's order.
pub(crate) fn encode(transactions: &[At<Transaction>], now: DateTime<Utc>) -> Vec<u8> {
    let mut rows = Rows::new(COLUMNS, transactions.len() * ROW_BYTES);
    for at in transactions {
        rows.row();
        encode_row(&mut rows, at, now);
    }
    rows.finish()
}

fn encode_row(rows: &mut Rows, At { value: t, position }: &At<Transaction>, now: DateTime<Utc>) {
    rows.timestamptz(t.timestamp.timestamp_micros());
    rows.text(&t.transaction_id);
    rows.text(&t.account_id);
    rows.numeric(t.amount);
    rows.text_or_null(t.currency.as_deref());
    rows.text_or_null(t.merchant.as_deref());
    rows.text_or_null(t.category.as_deref());
    rows.text_or_null(t.transaction_type.map(TransactionType::as_str));
    rows.text_or_null(t.country.as_deref());
    rows.text_or_null(t.city.as_deref());
    rows.float8_or_null(t.latitude);
    rows.float8_or_null(t.longitude);
    rows.text_or_null(t.channel.as_deref());
    rows.bool_or_null(t.card_present);
    rows.text_or_null(t.card_bin.as_deref());
    rows.text_or_null(t.terminal_id.as_deref());
    rows.text_or_null(t.counterparty_account_id.as_deref());
    rows.text_or_null(t.device_id.as_deref());
    rows.text_or_null(t.ip.as_deref());
    rows.jsonb_or_null((!t.extra.is_empty()).then(|| t.extra.to_json()).as_deref());
    rows.int4(position.partition);
    rows.int8(position.offset);
    rows.timestamptz(now.timestamp_micros());
}
