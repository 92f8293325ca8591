//! Measurement: transactions into PostgreSQL by the consumer, against one COPY of the same rows.
//!
//! What enters: an empty database and a number of rows. What leaves: the rates of both, from one run. What
//! holds: the COPY is the strictest there is (rows encoded before the clock starts, binary format, one
//! statement, one commit) into a table of the same columns, key and partitions; the consumer's time covers all
//! that it does, from the first poll to the last commit, JSON and counts per account included.

mod alerts;
mod decide;
mod latency;
mod resident;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{Broker, Outgoing, ProducerConfig, Shutdown, TopicSpec};
use chrono::{DateTime, NaiveDate, Utc};
use events::{Transaction, TransactionType, topics};
use rust_decimal::Decimal;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::database::Database;
use crate::error::{Error, Result};
use crate::intake::{At, Position};
use crate::store::encode_transactions;
use crate::{Options, runtime};

pub use alerts::{AlertsReport, alerts};
pub use decide::{DecideReport, decisions};
pub use latency::{LatencyReport, Quantiles, latency};
pub use resident::{ACTIVE_ACCOUNTS, all_stored, fill_lists, produce_active};

/// Accounts that the rows are spread over.
const ACCOUNTS: u64 = 10_000;
/// Rows of one simulated second; a million rows span about three days, as many partitions.
const ROWS_PER_SECOND: u64 = 4;
/// 2026-01-01 00:00 UTC in epoch seconds.
const START: i64 = 1_767_225_600;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SinkReport {
    /// How many rows went both ways.
    pub rows: u64,
    /// How long one COPY took.
    pub copy: Duration,
    /// How long the consumer took.
    pub consumer: Duration,
}

impl SinkReport {
    /// The consumer's rate as a share of the COPY's.
    pub fn ratio(&self) -> f64 {
        self.copy.as_secs_f64() / self.consumer.as_secs_f64()
    }
}

impl fmt::Display for SinkReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |time: Duration| self.rows as f64 / time.as_secs_f64();
        write!(
            f,
            "sink: {} transactions; COPY {:.0}/s, consumer {:.0}/s, ratio {:.2}",
            self.rows,
            rate(self.copy),
            rate(self.consumer),
            self.ratio()
        )
    }
}

/// Measures in an empty database, whose login may migrate it.
///
/// # Errors
/// The database is not empty, or anything that [`crate::run`] fails for.
pub fn sink(owner_url: &str, rows: u64) -> Result<SinkReport> {
    crate::migrate(owner_url)?;
    let database = Database::new(owner_url, "streamguard bench")?;
    let transactions: Vec<At<Transaction>> = (0..rows).map(row).collect();
    let copy = runtime()?.block_on(measure_copy(&database, &transactions))?;
    let broker = fill(&transactions)?;
    drop(transactions);
    let consumer = measure_consumer(owner_url, broker, rows)?;
    Ok(SinkReport { rows, copy, consumer })
}

/// The row of this number: about 285 bytes of JSON.
fn row(number: u64) -> At<Transaction> {
    // A multiplicative hash spreads accounts and amounts without a generator's state.
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let millis = START * 1_000 + (number * 1_000 / ROWS_PER_SECOND) as i64;
    let text = |name: &str, of: u64| Some(format!("{name}-{}", hash % of));
    let mut transaction = Transaction::new(
        format!("TX-{hash:016x}-{number:08}"),
        format!("ACC-{:06}", (hash >> 20) % ACCOUNTS),
        Decimal::new((hash >> 40) as i64 % 500_000 + 1, 2),
        DateTime::from_timestamp_millis(millis).unwrap_or_default(),
    );
    transaction.currency = Some("EUR".to_owned());
    transaction.merchant = text("Merchant", 997);
    transaction.category = text("category", 12);
    transaction.transaction_type = Some(TransactionType::Purchase);
    transaction.country = Some("DE".to_owned());
    transaction.city = text("City", 40);
    transaction.channel = Some("online".to_owned());
    transaction.card_present = Some(false);
    transaction.device_id = text("device", 5_000);
    At { value: transaction, position: Position { partition: 0, offset: number as i64 } }
}

/// One COPY of all rows into a table like `transactions`, its partitions made before.
async fn measure_copy(database: &Database, transactions: &[At<Transaction>]) -> Result<Duration> {
    let fail = |error: sqlx::Error| database.error(&error);
    let mut connection = database.connect().await.map_err(fail)?;
    let used: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM transactions)")
        .fetch_one(&mut connection)
        .await
        .map_err(fail)?;
    if used {
        return Err(Error::Setting(format!(
            "{}: there are transactions already; measure in a database of its own",
            database.target()
        )));
    }
    make_table(&mut connection, transactions).await.map_err(fail)?;
    let bytes = encode_transactions(transactions, Utc::now());
    let start = Instant::now();
    let mut copy =
        connection.copy_in_raw("COPY sink_baseline FROM STDIN (FORMAT binary)").await.map_err(fail)?;
    copy.send(bytes).await.map_err(fail)?;
    copy.finish().await.map_err(fail)?;
    let took = start.elapsed();
    sqlx::raw_sql("DROP TABLE sink_baseline").execute(&mut connection).await.map_err(fail)?;
    Ok(took)
}

async fn make_table(connection: &mut PgConnection, transactions: &[At<Transaction>]) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS sink_baseline;
         CREATE TABLE sink_baseline (LIKE transactions INCLUDING ALL) PARTITION BY RANGE (event_time)",
    )
    .execute(&mut *connection)
    .await?;
    let mut days: Vec<NaiveDate> = transactions.iter().map(|t| t.value.timestamp.date_naive()).collect();
    days.dedup();
    for day in days {
        let next = day.succ_opt().unwrap_or(day);
        let sql = format!(
            "CREATE TABLE sink_baseline_{} PARTITION OF sink_baseline FOR VALUES FROM ('{day} 00:00Z') TO ('{next} 00:00Z')",
            day.format("%Y%m%d")
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A log in memory that holds the same rows as JSON.
fn fill(transactions: &[At<Transaction>]) -> Result<Arc<dyn Broker>> {
    let broker: Arc<dyn Broker> = Embedded::in_memory();
    let topic = topics::TRANSACTIONS;
    broker.create_topics(&[TopicSpec::retained(topic.name, topic.partitions)])?;
    let mut producer = broker.producer(&ProducerConfig::default())?;
    let mut json = Vec::new();
    for At { value, .. } in transactions {
        json.clear();
        value.write_json(&mut json);
        producer.produce(&Outgoing {
            topic: topic.name,
            partition: None,
            key: Some(value.account_id.as_bytes()),
            value: Some(&json),
            timestamp: value.timestamp.timestamp_millis(),
            headers: &[],
        })?;
    }
    producer.flush(Duration::from_secs(60))?;
    Ok(broker)
}

fn measure_consumer(url: &str, broker: Arc<dyn Broker>, rows: u64) -> Result<Duration> {
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    let start = Instant::now();
    let summary = crate::run(broker, Options::new(url), shutdown)?;
    let took = start.elapsed();
    if summary.transactions != rows {
        return Err(Error::Setting(format!("{} of {rows} rows arrived: {summary}", summary.transactions)));
    }
    Ok(took)
}
