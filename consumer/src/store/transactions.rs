//! Transactions into their table.
//!
//! What enters: valid transactions. What leaves: rows, and which of them are new. What holds: a key is
//! stored once; a repeat (the same key from another record) is counted in the progress of its partition.
//!
//! Repeats are rare, so many rows go by COPY straight into the table. Where that meets a key that is there, and
//! where they are few, they go by an INSERT with ON CONFLICT ([`Direct`]).

use std::collections::{HashMap, HashSet};

use broker::TopicPartition;
use chrono::{DateTime, Utc};
use events::{Transaction, TransactionType, topics};
use sqlx::PgConnection;

use crate::copy::{Direct, Kind, Rows, Table, insert_new};
use crate::intake::{At, Intake, Position};

/// About the size of an encoded row, to reserve memory once.
const ROW_BYTES: usize = 320;

const TABLE: Table = Table {
    name: "transactions",
    columns: &[
        ("event_time", Kind::Timestamptz),
        ("transaction_id", Kind::Text),
        ("account_id", Kind::Text),
        ("amount", Kind::Numeric),
        ("currency", Kind::Text),
        ("merchant", Kind::Text),
        ("category", Kind::Text),
        ("transaction_type", Kind::Text),
        ("country", Kind::Text),
        ("city", Kind::Text),
        ("latitude", Kind::Float8),
        ("longitude", Kind::Float8),
        ("channel", Kind::Text),
        ("card_present", Kind::Bool),
        ("card_bin", Kind::Text),
        ("terminal_id", Kind::Text),
        ("counterparty_account_id", Kind::Text),
        ("device_id", Kind::Text),
        ("ip", Kind::Text),
        ("extra", Kind::Jsonb),
        ("source_partition", Kind::Int4),
        ("source_offset", Kind::Int8),
        ("ingested_at", Kind::Timestamptz),
    ],
};

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
    let rows = intake.transactions.iter();
    let stored: Vec<(i32, i64)> =
        insert_new(tx, TABLE, rows, |rows, at| encode_row(rows, at, now), "source_partition, source_offset")
            .await?;
    if stored.len() == count {
        return Ok(Inserted::All(count));
    }
    direct.met_a_key();
    let stored = stored.into_iter().collect();
    count_repeats(tx, intake, &stored).await?;
    Ok(Inserted::Some(stored))
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
    let mut rows = Rows::new(TABLE.columns.len() as i16, transactions.len() * ROW_BYTES);
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
