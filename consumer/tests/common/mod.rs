//! A database of its own for each test, a log in memory, and records for it.

#![allow(dead_code, reason = "every test binary uses another part")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{Broker, Outgoing, ProducerConfig, Shutdown, TopicSpec};
use consumer::{Options, Role, Summary};
use events::{Severity, headers, topics};
use sqlx::{AssertSqlSafe, Connection};

/// 2024-03-01 00:00 UTC in epoch milliseconds.
pub(crate) const MARCH: i64 = 1_709_251_200_000;

const WRITER_PASSWORD: &str = "wr1ter's \"secret\"";

/// A migrated database and a login that may only write.
pub(crate) struct Db {
    pub(crate) owner_url: String,
    pub(crate) writer_url: String,
}

/// A migrated database in the cluster that the tests of a binary share. None: no PostgreSQL here.
pub(crate) fn db() -> Option<Db> {
    servers::postgres().map(db_in)
}

/// A migrated database in this cluster.
pub(crate) fn db_in(server: &servers::Postgres) -> Db {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("guard_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let owner_url = server.create_database(&name);
    consumer::migrate(&owner_url).unwrap();
    let login = format!("{name}_writer");
    consumer::login(&owner_url, &login, WRITER_PASSWORD, Role::Writer).unwrap();
    let host = format!("127.0.0.1:{}", server.port());
    let writer_url = format!("postgres://{login}:wr1ter%27s%20%22secret%22@{host}/{name}");
    Db { owner_url, writer_url }
}

impl Db {
    /// The rows of a query as PostgreSQL prints rows, without the parentheses.
    pub(crate) fn rows(&self, sql: &str) -> Vec<String> {
        let all = format!("SELECT trim(both '()' from q::text) FROM ({sql}) q");
        self.block_on(async |connection| {
            sqlx::query_scalar(AssertSqlSafe(all)).fetch_all(connection).await.unwrap()
        })
    }

    /// The one row of a query.
    pub(crate) fn row(&self, sql: &str) -> String {
        self.rows(sql).join("\n")
    }

    /// Statements, as the owner.
    pub(crate) fn execute(&self, sql: &str) {
        self.block_on(async |connection| {
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
        });
    }

    pub(crate) fn block_on<T>(&self, work: impl AsyncFnOnce(&mut sqlx::PgConnection) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = sqlx::PgConnection::connect(&self.owner_url).await.unwrap();
            work(&mut connection).await
        })
    }
}

/// A log in memory with the contract's topics.
pub(crate) fn log() -> Arc<dyn Broker> {
    let broker: Arc<dyn Broker> = Embedded::in_memory();
    let specs: Vec<TopicSpec> =
        topics::ALL.iter().map(|topic| TopicSpec::retained(topic.name, topic.partitions)).collect();
    broker.create_topics(&specs).unwrap();
    broker
}

/// A record to be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rec {
    pub(crate) topic: &'static str,
    pub(crate) partition: Option<i32>,
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) timestamp: i64,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// A transaction's record; `more` is JSON text such as `,"merchant":"Shein"`.
pub(crate) fn transaction(id: &str, account: &str, amount: &str, at: i64, more: &str) -> Rec {
    let time = chrono::DateTime::from_timestamp_millis(at).unwrap().to_rfc3339();
    let value = format!(
        r#"{{"transaction_id":"{id}","account_id":"{account}","amount":{amount},"timestamp":"{time}"{more}}}"#
    );
    Rec {
        topic: topics::TRANSACTIONS.name,
        partition: None,
        key: account.to_owned(),
        value: Some(value),
        timestamp: at,
        headers: Vec::new(),
    }
}

/// An alert of a rule without a window about a transaction.
pub(crate) fn alert(rule: &str, severity: Severity, id: &str, account: &str, at: i64) -> Rec {
    let (partition, offset) =
        (0, at % 1_000_000 * 100 + i64::from(id.bytes().map(u32::from).sum::<u32>() % 97));
    let origin =
        events::AlertOrigin::Record { topic: "transactions", partition, offset, timestamp: at, ordinal: 0 };
    let alert_id = events::alert_id(rule, "v1", account.as_bytes(), origin);
    let value = format!(
        r#"{{"ACCOUNT_ID":"{account}","TRANSACTION_ID":"{id}","AMOUNT":12.50,"FRAUD_TYPE":"{rule}","FRAUD_REASON":"because","RISK_SCORE":0.8,"COUNT":3}}"#
    );
    Rec {
        topic: topics::FRAUD_ALERTS.name,
        partition: None,
        key: account.to_owned(),
        value: Some(value),
        timestamp: at,
        headers: vec![
            (headers::ALERT_ID, alert_id.to_string()),
            (headers::RULE_NAME, rule.to_owned()),
            (headers::RULE_VERSION, "v1".to_owned()),
            (headers::RULE_MODE, "live".to_owned()),
            (headers::RULE_SEVERITY, severity.to_string()),
            (headers::SOURCE_TOPIC, "transactions".to_owned()),
            (headers::SOURCE_PARTITION, partition.to_string()),
            (headers::SOURCE_OFFSET, offset.to_string()),
            (headers::SOURCE_TIMESTAMP, at.to_string()),
            (headers::SOURCE_ORDINAL, "0".to_owned()),
        ],
    }
}

impl Rec {
    /// The same with a header set anew.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// A crossing of a windowed alert.
    pub(crate) fn in_window(self, rule: &str, start: i64, end: i64) -> Self {
        let id = events::alert_id(rule, "v1", self.key.as_bytes(), events::AlertOrigin::Window(start));
        self.with(headers::ALERT_ID, &id.to_string())
            .with(headers::WINDOW_START, &start.to_string())
            .with(headers::WINDOW_END, &end.to_string())
    }
}

/// Appends records.
pub(crate) fn send(broker: &dyn Broker, records: &[Rec]) {
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for record in records {
        let headers: Vec<(&str, &[u8])> =
            record.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        producer
            .produce(&Outgoing {
                topic: record.topic,
                partition: record.partition,
                key: Some(record.key.as_bytes()),
                value: record.value.as_deref().map(str::as_bytes),
                timestamp: record.timestamp,
                headers: &headers,
            })
            .unwrap();
    }
    producer.flush(Duration::from_secs(5)).unwrap();
}

/// Runs the consumer until everything that lies in the log is stored.
pub(crate) fn drain(broker: &Arc<dyn Broker>, db: &Db) -> Summary {
    drain_with(broker, Options::new(&db.writer_url))
}

pub(crate) fn drain_with(broker: &Arc<dyn Broker>, options: Options) -> Summary {
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    consumer::run(Arc::clone(broker), options, shutdown).unwrap()
}

/// Waits until a query gives these rows.
pub(crate) fn eventually(db: &Db, sql: &str, expected: &str) {
    // Only what never comes shall fail, however slow the machine is.
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        let found = db.row(sql);
        if found == expected {
            return;
        }
        assert!(Instant::now() < until, "{sql}: {found}, not {expected}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A record as it was found.
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

/// All records of a topic, partition by partition.
pub(crate) fn read_all(broker: &dyn Broker, topic: &str) -> Vec<Found> {
    use broker::{Batch, ConsumerConfig, Isolation, Position, TopicPartition};
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found = Vec::new();
    for number in 0..broker.topic(topic).unwrap().map_or(0, |info| info.partitions) {
        let partition = TopicPartition::new(topic, number);
        let (_, end) = broker.watermarks(&partition, Isolation::ReadCommitted).unwrap();
        let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
        consumer.assign(&[(partition.clone(), Position::Beginning)]).unwrap();
        let mut batch = Batch::new();
        while consumer.position(&partition).unwrap().unwrap_or(0) < end {
            consumer.poll(&mut batch, Duration::from_millis(50)).unwrap();
            found.extend(batch.iter().map(|record| Found {
                key: record.key.map(text).unwrap_or_default(),
                value: record.value.map(text),
                headers: record.headers.map(|(name, value)| (name.to_owned(), text(value))).collect(),
            }));
        }
    }
    found
}
