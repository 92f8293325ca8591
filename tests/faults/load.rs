//! Transactions at a constant rate, and the alerts that they must cause.
//!
//! What holds: what must be follows from the records that lie in the topic, in their order. (Each was sent once and has
//! arrived; the load's own producer may write one twice when a node that led its partition is stopped, which is then one
//! transaction more.) Of one account and of one partition the order is known, so all but the rule over merchants
//! follows from the sequence alone. That one reads a repartitioned stream, in which transactions
//! of several partitions meet in any order: of it, the counts of a window and its last sum follow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use broker::{Broker, Outgoing, Producer, ProducerConfig};

use crate::random::Random;

pub(crate) const PARTITIONS: i32 = 4;
/// Transactions a second.
const RATE: u64 = 200;
/// Event time from one to the next.
const STEP_MS: i64 = 20;
pub(crate) const START_MS: i64 = 1_767_323_040_000;
const ACCOUNTS: u64 = 40;
const MERCHANTS: u64 = 20;
/// A window of accounts, which closes with its end, and one of merchants, which stays open.
const ACCOUNT_WINDOW_MS: i64 = 10_000;
const MERCHANT_WINDOW_MS: i64 = 20_000;
/// The counts above which they alert.
pub(crate) const ACCOUNT_COUNT: u64 = 12;
pub(crate) const MERCHANT_COUNT: u64 = 40;

/// The rules, in which the numbers above stand.
pub(crate) const RULES: [(&str, &str); 5] = [
    (
        "00_sources.sql",
        "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, merchant VARCHAR, amount BIGINT)
  WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');
CREATE TABLE limits (account_id VARCHAR PRIMARY KEY, most BIGINT)
  WITH (KAFKA_TOPIC='limits', VALUE_FORMAT='JSON');",
    ),
    (
        "10_large.sql",
        "CREATE STREAM large WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT account_id, transaction_id, amount FROM transactions WHERE amount > 900;
CREATE STREAM over_limit WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT t.account_id, t.transaction_id, l.most FROM transactions t JOIN limits l ON t.account_id = l.account_id
  WHERE t.amount > l.most;",
    ),
    (
        "20_velocity.sql",
        "CREATE TABLE velocity WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT account_id, LATEST_BY_OFFSET(transaction_id) AS transaction_id, COUNT(*) AS n, SUM(amount) AS total
  FROM transactions WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS)
  GROUP BY account_id HAVING COUNT(*) > 12;",
    ),
    (
        "30_merchant.sql",
        "CREATE TABLE merchant WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT merchant, LATEST_BY_OFFSET(transaction_id) AS transaction_id, COUNT(*) AS n, SUM(amount) AS total
  FROM transactions WINDOW TUMBLING (SIZE 20 SECONDS, GRACE PERIOD 365 DAYS)
  GROUP BY merchant HAVING COUNT(*) > 40;",
    ),
    (
        "40_unusual.sql",
        "CREATE TABLE usual AS
  SELECT account_id, COUNT(*) AS n, SUM(amount) AS total FROM transactions GROUP BY account_id;
CREATE STREAM unusual WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT t.account_id, t.transaction_id, u.n, u.total FROM transactions t JOIN usual u ON t.account_id = u.account_id
  WHERE u.n >= 3 AND t.amount * u.n * 10 > 18 * u.total;",
    ),
];

/// A rule that is there now and then. It has a slot of its own in the windows of the accounts, and shares another.
pub(crate) const COMES_AND_GOES: &str = "CREATE TABLE spent WITH (KAFKA_TOPIC='spent') AS
  SELECT account_id, MAX(amount) AS most, SUM(amount) AS total
  FROM transactions WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY account_id;";

/// The rules that run at least once where that is asked for: those that neither read what rules write nor join.
pub(crate) const MAY_REPEAT: [&str; 2] = ["LARGE", "VELOCITY"];

/// Those of them as files.
pub(crate) fn rules_that_may_repeat() -> Vec<(&'static str, &'static str)> {
    let large = "CREATE STREAM large WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT account_id, transaction_id, amount FROM transactions WHERE amount > 900;";
    let is_alike = |(name, _): &&(&str, &str)| matches!(*name, "00_sources.sql" | "20_velocity.sql");
    RULES.iter().filter(is_alike).copied().chain([("10_large.sql", large)]).collect()
}

/// A merchant's window.
#[derive(Default)]
pub(crate) struct MerchantWindow {
    pub(crate) count: u64,
    pub(crate) total: u64,
    /// Whose window it is in: the ids that its alerts may name.
    pub(crate) ids: Vec<String>,
}

/// What lies in the topic, and what follows.
#[derive(Default)]
pub(crate) struct Expected {
    pub(crate) records: u64,
    /// Rule, time, window start, key and value of each alert, except those on merchants.
    pub(crate) alerts: Vec<String>,
    /// By merchant and window start.
    pub(crate) merchants: BTreeMap<(String, i64), MerchantWindow>,
    accounts: HashMap<String, (u64, u64)>,
    windows: HashMap<(String, i64), (u64, u64)>,
    /// The highest time of each partition so far: an account's window that ends before is closed.
    times: HashMap<i32, i64>,
}

/// A transaction.
pub(crate) struct Transaction {
    pub(crate) account: u64,
    pub(crate) id: u64,
    pub(crate) merchant: u64,
    pub(crate) amount: u64,
    pub(crate) time: i64,
}

impl Transaction {
    fn draw(id: u64, random: &mut Random) -> Self {
        let (account, amount) = (random.below(ACCOUNTS), random.below(1_000) + 1);
        let merchant = random.below(MERCHANTS);
        Self { account, id, merchant, amount, time: START_MS + id as i64 * STEP_MS }
    }

    fn value(&self) -> String {
        let Self { id, merchant, amount, .. } = self;
        format!(r#"{{"transaction_id":"t{id}","merchant":"M{merchant}","amount":{amount}}}"#)
    }

    /// What was written as [`Transaction::value`].
    pub(crate) fn read(key: &str, value: &str, time: i64) -> Self {
        let number = |from: &str| {
            let (_, rest) = value.split_once(from).unwrap_or_else(|| panic!("no {from} in {value}"));
            rest.split(['"', '}']).next().unwrap().parse().unwrap()
        };
        let account = key.trim_start_matches('A').parse().unwrap();
        let (id, merchant) = (number("\"transaction_id\":\"t"), number("\"merchant\":\"M"));
        Self { account, id, merchant, amount: number("\"amount\":"), time }
    }
}

/// How an alert is written in the lists that are compared.
pub(crate) fn line(rule: &str, time: i64, window: Option<i64>, key: &str, value: &str) -> String {
    let window = window.map_or_else(String::new, |start| format!(" window {start}"));
    format!("{rule} at {time}{window}: {key} {value}")
}

impl Expected {
    /// Takes in the next transaction of its partition.
    pub(crate) fn add(&mut self, transaction: &Transaction, partition: i32) {
        let Transaction { account: number, id, merchant, amount, time } = *transaction;
        let (account, id, merchant) = (format!("A{number}"), format!("t{id}"), format!("M{merchant}"));
        self.records += 1;
        let stream_time = self.times.entry(partition).or_insert(time);
        *stream_time = time.max(*stream_time);
        let stream_time = *stream_time;
        self.judge(number, &account, &id, amount, time, stream_time);
        let start = time - time.rem_euclid(MERCHANT_WINDOW_MS);
        let window = self.merchants.entry((merchant, start)).or_default();
        window.count += 1;
        window.total += amount;
        window.ids.push(id);
    }

    fn judge(&mut self, number: u64, account: &str, id: &str, amount: u64, time: i64, stream_time: i64) {
        let mut alert = |rule, window, value: String| {
            self.alerts.push(line(rule, time, window, account, &value));
        };
        if amount > 900 {
            alert("LARGE", None, format!(r#"{{"TRANSACTION_ID":"{id}","AMOUNT":{amount}}}"#));
        }
        if let Some(most) = limit(number)
            && amount > most
        {
            alert("OVER_LIMIT", None, format!(r#"{{"TRANSACTION_ID":"{id}","MOST":{most}}}"#));
        }
        let start = time - time.rem_euclid(ACCOUNT_WINDOW_MS);
        let window = self.windows.entry((account.to_owned(), start)).or_default();
        let is_late = start + ACCOUNT_WINDOW_MS <= stream_time;
        if !is_late {
            *window = (window.0 + 1, window.1 + amount);
        }
        if !is_late && window.0 > ACCOUNT_COUNT {
            let value = format!(r#"{{"TRANSACTION_ID":"{id}","N":{},"TOTAL":{}}}"#, window.0, window.1);
            alert("VELOCITY", Some(start), value);
        }
        let (n, total) = self.accounts.get(account).copied().unwrap_or_default();
        if n >= 3 && amount * n * 10 > 18 * total {
            alert("UNUSUAL", None, format!(r#"{{"TRANSACTION_ID":"{id}","N":{n},"TOTAL":{total}}}"#));
        }
        self.accounts.insert(account.to_owned(), (n + 1, total + amount));
    }
}

/// What an account may spend at once; some have no limit.
fn limit(account: u64) -> Option<u64> {
    (account < 30).then_some(500 + 15 * account)
}

/// The table that is joined; it is there before the first transaction.
pub(crate) fn write_limits(kafka: &dyn Broker) {
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for account in 0..ACCOUNTS {
        if let Some(most) = limit(account) {
            let value = format!(r#"{{"most":{most}}}"#);
            write(&mut *producer, "limits", &format!("A{account}"), &value, START_MS);
        }
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

fn write(producer: &mut dyn Producer, topic: &str, key: &str, value: &str, timestamp: i64) {
    let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
    producer.produce(&Outgoing { topic, partition: None, key, value, timestamp, headers: &[] }).unwrap();
}

/// The load, on a thread of its own.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Load {
    pub(crate) fn start(kafka: &Arc<dyn Broker>, seed: u64) -> Self {
        let (stop, kafka) = (Arc::new(AtomicBool::new(false)), kafka.clone());
        let asked = stop.clone();
        let thread = std::thread::spawn(move || run(&*kafka, &mut Random(seed ^ 0x10AD), &asked));
        Self { stop, thread }
    }

    /// Stops when all that was sent has arrived: how many transactions, whose ids are the numbers below.
    pub(crate) fn end(self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("the load's own thread failed")
    }
}

fn run(kafka: &dyn Broker, random: &mut Random, stop: &AtomicBool) -> u64 {
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    let (mut sent, began) = (0, Instant::now());
    while !stop.load(Ordering::SeqCst) {
        let due = began.elapsed().as_millis() as u64 * RATE / 1_000;
        while sent < due {
            let transaction = Transaction::draw(sent, random);
            let (account, time) = (format!("A{}", transaction.account), transaction.time);
            write(&mut *producer, "transactions", &account, &transaction.value(), time);
            sent += 1;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    sent
}
