//! Measurement: alerts with everything that they cause, against one COPY of the same rows.
//!
//! What enters: an empty database, a superuser's login, a number of alerts. What leaves: the rates of both,
//! from one run. What holds: the transactions are stored before the clock starts; the consumer's time covers
//! all from the first poll to the last commit; the COPY reads, in one transaction, exactly the rows that the
//! alerts caused, from files of the server, into tables with the same columns, constraints and indexes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, Outgoing, ProducerConfig, Shutdown};
use events::{AlertOrigin, FraudAlert, Transaction, headers, topics};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{fill, row};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::{Options, runtime};

/// What an alert leaves rows in. Rows that are changed in place (counts per account) are not among them.
const TABLES: [&str; 8] = [
    "alert_occurrences",
    "fraud_alerts",
    "decisions",
    "decision_heads",
    "audit_log",
    "actions",
    "outbox",
    "investigations",
];

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlertsReport {
    /// How many alerts came.
    pub alerts: u64,
    /// How many rows they caused.
    pub rows: u64,
    /// How long one COPY of each table's rows took, together.
    pub copy: Duration,
    /// How long the consumer took.
    pub consumer: Duration,
}

impl AlertsReport {
    /// The consumer's rate as a share of the COPY's.
    pub fn ratio(&self) -> f64 {
        self.copy.as_secs_f64() / self.consumer.as_secs_f64()
    }
}

impl fmt::Display for AlertsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "alerts: {} with decisions and audit, {} rows; COPY {:.0} rows/s, consumer {:.0} rows/s \
             ({:.0} alerts/s), ratio {:.2}",
            self.alerts,
            self.rows,
            self.rows as f64 / self.copy.as_secs_f64(),
            self.rows as f64 / self.consumer.as_secs_f64(),
            self.alerts as f64 / self.consumer.as_secs_f64(),
            self.ratio()
        )
    }
}

/// Measures in an empty database, whose login is a superuser's.
///
/// # Errors
/// Anything that [`crate::run`] fails for.
pub fn alerts(owner_url: &str, alerts: u64) -> Result<AlertsReport> {
    crate::migrate(owner_url)?;
    let database = Database::new(owner_url, "streamguard bench")?;
    let transactions: Vec<_> = (0..alerts).map(row).collect();
    let broker = fill(&transactions)?;
    drain(owner_url, &broker)?;
    produce(broker.as_ref(), transactions.iter().map(|at| &at.value))?;
    let start = Instant::now();
    let summary = drain(owner_url, &broker)?;
    let consumer = start.elapsed();
    if summary.alerts != alerts || summary.decisions < alerts {
        return Err(Error::Setting(format!("{alerts} alerts, but {summary}")));
    }
    let copied = runtime()?.block_on(async {
        let mut connection = database.connect().await?;
        copy_again(&mut connection).await
    });
    let (rows, copy) = copied.map_err(|error| database.error(&error))?;
    Ok(AlertsReport { alerts, rows, copy, consumer })
}

fn drain(url: &str, broker: &Arc<dyn Broker>) -> Result<crate::Summary> {
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    crate::run(Arc::clone(broker), Options::new(url), shutdown)
}

/// An alert about each of these, every tenth of high severity.
pub(super) fn produce<'a>(
    broker: &dyn Broker,
    transactions: impl Iterator<Item = &'a Transaction>,
) -> Result<()> {
    let mut producer = broker.producer(&ProducerConfig::default())?;
    for (number, transaction) in transactions.enumerate() {
        let alert = Alert::new(number as u64, transaction);
        alert.produce(producer.as_mut())?;
    }
    Ok(producer.flush(Duration::from_secs(60))?)
}

/// An alert's record to be.
pub(super) struct Alert {
    key: String,
    value: String,
    headers: Vec<(&'static str, String)>,
    timestamp: i64,
}

impl Alert {
    pub(super) fn new(number: u64, transaction: &Transaction) -> Self {
        const RULE: &str = "bench_velocity";
        let (account, id) = (&transaction.account_id, &transaction.transaction_id);
        let (timestamp, offset) = (transaction.timestamp.timestamp_millis(), number as i64);
        let origin = AlertOrigin::Record {
            topic: topics::TRANSACTIONS.name,
            partition: 0,
            offset,
            timestamp,
            ordinal: 0,
        };
        let severity = if number.is_multiple_of(10) { "high" } else { "medium" };
        let value = format!(
            r#"{{"ACCOUNT_ID":"{account}","TRANSACTION_ID":"{id}","AMOUNT":{},"FRAUD_TYPE":"VELOCITY","FRAUD_REASON":"{} transactions within a minute","RISK_SCORE":60,"COUNT":{},"TOTAL_AMOUNT":812.5,"UNIQUE_MERCHANTS":3}}"#,
            transaction.amount,
            4 + number % 5,
            4 + number % 5,
        );
        let headers = vec![
            (headers::ALERT_ID, events::alert_id(RULE, "v1", account.as_bytes(), origin).to_string()),
            (headers::RULE_NAME, RULE.to_owned()),
            (headers::RULE_VERSION, "v1".to_owned()),
            (headers::RULE_MODE, "live".to_owned()),
            (headers::RULE_SEVERITY, severity.to_owned()),
            (headers::SOURCE_TOPIC, topics::TRANSACTIONS.name.to_owned()),
            (headers::SOURCE_PARTITION, "0".to_owned()),
            (headers::SOURCE_OFFSET, offset.to_string()),
            (headers::SOURCE_TIMESTAMP, timestamp.to_string()),
            (headers::SOURCE_ORDINAL, "0".to_owned()),
        ];
        Self { key: account.clone(), value, headers, timestamp }
    }

    /// As the consumer reads it.
    pub(super) fn read(&self) -> std::result::Result<FraudAlert, events::Invalid> {
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let (key, value) = (Some(self.key.as_bytes()), Some(self.value.as_bytes()));
        FraudAlert::from_record(key, value, headers, topics::FRAUD_ALERTS.name, 0, 0, self.timestamp)
    }

    pub(super) fn produce(&self, producer: &mut dyn broker::Producer) -> Result<()> {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        Ok(producer.produce(&Outgoing {
            topic: topics::FRAUD_ALERTS.name,
            partition: None,
            key: Some(self.key.as_bytes()),
            value: Some(self.value.as_bytes()),
            timestamp: self.timestamp,
            headers: &headers,
        })?)
    }
}

/// Copies every table's rows out, and times copying them into tables like theirs.
async fn copy_again(connection: &mut PgConnection) -> sqlx::Result<(u64, Duration)> {
    let directory: String =
        sqlx::query_scalar("SELECT current_setting('data_directory')").fetch_one(&mut *connection).await?;
    let mut ins = Vec::new();
    for table in TABLES {
        let columns: String = sqlx::query_scalar(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        )
        .bind(table)
        .fetch_one(&mut *connection)
        .await?;
        let file = format!("{directory}/bench_{table}.copy").replace('\'', "''");
        let out = format!("COPY (SELECT {columns} FROM {table}) TO '{file}' (FORMAT binary)");
        let like = format!("CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)");
        for sql in [out, like] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
        ins.push(format!("COPY bench_{table} ({columns}) FROM '{file}' (FORMAT binary)"));
    }
    let start = Instant::now();
    let mut rows = 0;
    let mut tx = connection.begin().await?;
    for sql in ins {
        rows += sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *tx).await?.rows_affected();
    }
    tx.commit().await?;
    Ok((rows, start.elapsed()))
}
