//! Consumers are killed (SIGKILL) and PostgreSQL is ended at once (no checkpoint, no farewell), again and again,
//! under load: at the end everything is as plain Rust computes it from the records.
//!
//! Two consumer processes read two copies of one log, each believing to own every partition, so that each is a
//! zombie at every commit of the other as well. `KILLS=300` is the long mode; `SEED=n` repeats the order of the
//! kills, not the moment at which each hits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../consumer/tests/common/mod.rs"]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{Broker, Shutdown, TopicSpec};
use common::*;
use consumer::Options;
use events::{Severity, topics};

const KILLS: u64 = 30;
/// Records between two kills.
const STEP: u64 = 150;
/// A time without progress that is a failure, however little of the machine there is for it.
const STALL: Duration = Duration::from_secs(600);
const ACCOUNTS: i64 = 13;

/// Where a child finds its log and its database; the other tests' runs have none.
const LOG: &str = "STREAMGUARD_KILLS_LOG";
const DATABASE: &str = "STREAMGUARD_KILLS_DATABASE";

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

/// Not a test of its own: a consumer process of the test below.
#[test]
fn child() {
    let (Ok(log), Ok(database)) = (std::env::var(LOG), std::env::var(DATABASE)) else { return };
    let log: Arc<dyn Broker> = Embedded::open(Path::new(&log)).unwrap();
    consumer::run(log, Options { max_batch: 25, ..Options::new(database) }, Shutdown::new()).unwrap();
}

fn spawn(log: &Path, db: &Db) -> Child {
    let said = std::fs::OpenOptions::new().create(true).append(true).open(log.with_extension("log")).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture"])
        .envs([(LOG, log.as_os_str()), (DATABASE, db.writer_url.as_ref())])
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .spawn()
        .unwrap()
}

/// What the records say, computed without the consumer.
#[derive(Default)]
struct Oracle {
    records: u64,
    /// By id: account, cents.
    transactions: BTreeMap<String, (String, i64)>,
    repeats: u64,
    /// Alert, transaction.
    crossings: BTreeSet<(String, String)>,
    /// By transaction: the highest points.
    points: BTreeMap<String, u32>,
    listed: BTreeSet<String>,
    refused: u64,
}

/// The i-th transaction and what comes with it: sometimes its alerts, before it or behind it, a second one, a
/// repeat, a merchant on the block list, a record that is refused.
fn record(i: i64, oracle: &mut Oracle) -> Vec<Rec> {
    let (id, account, at) = (format!("t{i}"), format!("ACC-{}", i % ACCOUNTS), MARCH + i * 1_000);
    let more = if i % 50 == 7 { r#","merchant":"Shein""# } else { "" };
    let own = transaction(&id, &account, &format!("{}.25", i % 90), at, more);
    oracle.transactions.insert(id.clone(), (account.clone(), i % 90 * 100 + 25));
    if i % 50 == 7 {
        oracle.listed.insert(id.clone());
    }
    let mut alerted = |rule: &str, severity: Severity, points: u32| {
        let alert = alert(rule, severity, &id, &account, at);
        // A window of a minute and account: several transactions cross in it.
        let (start, end) = (at - at.rem_euclid(60_000), at - at.rem_euclid(60_000) + 60_000);
        let alert = if rule == "window" { alert.in_window(rule, start, end) } else { alert };
        let alert_id = alert.headers.iter().find(|(name, _)| *name == "alert.id").unwrap().1.clone();
        oracle.crossings.insert((alert_id, id.clone()));
        let known = oracle.points.entry(id.clone()).or_default();
        *known = points.max(*known);
        alert
    };
    let mut records = match i % 10 {
        1 => vec![own.clone(), alerted("single", Severity::High, 70)],
        4 => vec![
            alerted("window", Severity::Medium, 40),
            own.clone(),
            alerted("other", Severity::Critical, 90),
        ],
        8 => vec![own.clone(), alerted("window", Severity::Low, 0)],
        _ => vec![own.clone()],
    };
    if i % 37 == 0 {
        records.push(own);
        oracle.repeats += 1;
    }
    if i % 61 == 0 {
        records.push(transaction(&format!("bad{i}"), &account, "-1", at, ""));
        oracle.refused += 1;
    }
    oracle.records += records.len() as u64;
    records
}

/// Two copies of a log with so many records, or a few more.
fn logs(dir: &Path, least: u64) -> (Oracle, [std::path::PathBuf; 2]) {
    let paths = ["one", "two"].map(|name| dir.join(name));
    let mut oracle = Oracle::default();
    {
        let log: Arc<dyn Broker> = Embedded::open(&paths[0]).unwrap();
        let specs = topics::ALL.map(|topic| TopicSpec::retained(topic.name, topic.partitions));
        log.create_topics(&specs).unwrap();
        let mut i = 0;
        while oracle.records < least {
            let records: Vec<Rec> = (i..i + 500).flat_map(|i| record(i, &mut oracle)).collect();
            send(log.as_ref(), &records);
            i += 500;
        }
    }
    let copied = Command::new("cp").arg("-r").args(&paths).status().unwrap();
    assert!(copied.success());
    (oracle, paths)
}

/// How many records are accounted for; None while PostgreSQL is away.
fn progress(db: &Db) -> Option<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&db.owner_url).await.ok()?;
        let sum: Option<i64> = sqlx::query_scalar("SELECT sum(records)::bigint FROM consumer_offsets")
            .fetch_one(&mut connection)
            .await
            .ok()?;
        Some(sum.unwrap_or(0).unsigned_abs())
    })
}

/// The two consumer processes.
struct Consumers<'a> {
    db: &'a Db,
    logs: &'a [std::path::PathBuf; 2],
    children: [Child; 2],
    /// How often PostgreSQL had been ended when each was started.
    born: [u64; 2],
    /// How often PostgreSQL has been ended.
    outages: u64,
}

impl<'a> Consumers<'a> {
    fn start(db: &'a Db, logs: &'a [std::path::PathBuf; 2]) -> Self {
        let children = [spawn(&logs[0], db), spawn(&logs[1], db)];
        Self { db, logs, children, born: [0; 2], outages: 0 }
    }

    fn kill(&mut self, index: usize) {
        self.children[index].kill().unwrap();
        self.children[index].wait().unwrap();
    }

    fn restart(&mut self, index: usize) {
        self.children[index] = spawn(&self.logs[index], self.db);
        self.born[index] = self.outages;
    }

    /// Nothing but a kill ends them; only one that starts while PostgreSQL is away says so and ends, and is
    /// started again, as whatever supervises it does.
    fn supervise(&mut self) {
        for index in 0..2 {
            let Some(status) = self.children[index].try_wait().unwrap() else { continue };
            let said = std::fs::read_to_string(self.logs[index].with_extension("log")).unwrap();
            let away = self.outages > self.born[index] && said.contains("is the server running");
            assert!(away, "a consumer ended by itself: {status}\n{said}");
            self.restart(index);
        }
    }

    /// The end of what each has logged.
    fn said(&self) -> String {
        let end = |log: &std::path::PathBuf| {
            let text = std::fs::read_to_string(log.with_extension("log")).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            format!("{}:\n{}", log.display(), lines[lines.len().saturating_sub(40)..].join("\n"))
        };
        self.logs.iter().map(end).collect::<Vec<_>>().join("\n")
    }

    fn wait_for(&mut self, records: u64) {
        let (mut last, mut since) = (0, Instant::now());
        loop {
            self.supervise();
            let now = progress(self.db).unwrap_or(last);
            if now >= records {
                return;
            }
            if now > last {
                (last, since) = (now, Instant::now());
            }
            assert!(since.elapsed() < STALL, "no progress at {now} of {records} records\n{}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A test that fails leaves no process behind.
impl Drop for Consumers<'_> {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn killed_consumers_and_a_killed_postgresql_lose_nothing_and_do_nothing_twice() {
    let Some(server) = servers::Postgres::start() else { return };
    let db = db_in(&server);
    let (kills, seed) = (setting("KILLS", KILLS), setting("SEED", 1));
    let mut random = Random::seed_from_u64(seed);
    let dir = tempfile::tempdir().unwrap();
    let (oracle, paths) = logs(dir.path(), (kills + 2) * STEP);
    let mut consumers = Consumers::start(&db, &paths);
    let mut done = [0; 3];
    for number in 1..=kills {
        consumers.wait_for(number * STEP);
        std::thread::sleep(Duration::from_millis(random.below(40)));
        let victim = random.below(3) as usize;
        done[victim] += 1;
        match victim {
            2 => {
                consumers.outages += 1;
                server.stop_immediate();
                server.start_again();
            }
            victim => {
                consumers.kill(victim);
                consumers.restart(victim);
            }
        }
    }
    consumers.wait_for(oracle.records);
    consumers.kill(0);
    consumers.kill(1);
    // What one of them had decided before its transaction came, and what it had left to publish.
    let log: Arc<dyn Broker> = Embedded::open(&paths[0]).unwrap();
    drain(&log, &db);
    eprintln!(
        "kills of the two consumers and of PostgreSQL: {done:?}; {} records, seed {seed}",
        oracle.records
    );
    compare(&db, &oracle);
}

fn compare(db: &Db, oracle: &Oracle) {
    assert_eq!(
        db.row("SELECT sum(records), sum(repeats), sum(dead_letters) FROM consumer_offsets"),
        format!("{},{},{}", oracle.records, oracle.repeats, oracle.refused)
    );
    let transactions: Vec<String> =
        oracle.transactions.iter().map(|(id, (account, cents))| format!("{id},{account},{cents}")).collect();
    assert_eq!(
        db.rows("SELECT transaction_id, account_id, (amount * 100)::bigint FROM transactions ORDER BY transaction_id COLLATE \"C\""),
        transactions
    );
    let crossings: Vec<String> = oracle.crossings.iter().map(|(alert, id)| format!("{alert},{id}")).collect();
    assert_eq!(
        db.rows("SELECT alert_id, transaction_id FROM alert_occurrences ORDER BY alert_id::text COLLATE \"C\", transaction_id COLLATE \"C\""),
        crossings
    );
    let mut alerts: BTreeMap<&str, u64> = BTreeMap::new();
    oracle.crossings.iter().for_each(|(alert, _)| *alerts.entry(alert).or_default() += 1);
    assert_eq!(
        db.rows("SELECT alert_id, occurrences FROM fraud_alerts ORDER BY alert_id::text COLLATE \"C\""),
        alerts.iter().map(|(alert, count)| format!("{alert},{count}")).collect::<Vec<_>>()
    );
    let decisions: BTreeMap<&str, (&str, String)> =
        oracle.transactions.keys().map(|id| (id.as_str(), decision(oracle, id))).collect();
    assert_eq!(
        db.rows(
            "SELECT transaction_id, decision, coalesce(score::int::text, '-'), transaction_known
             FROM current_decisions ORDER BY transaction_id COLLATE \"C\""
        ),
        decisions
            .iter()
            .map(|(id, (decision, score))| format!("{id},{decision},{score},t"))
            .collect::<Vec<_>>()
    );
    compare_summaries(db, oracle, &decisions);
    compare_audit(db);
}

/// The points of the default policy: those of the alerts, or of the block list.
fn decision(oracle: &Oracle, id: &str) -> (&'static str, String) {
    let alerts = oracle.points.get(id).copied();
    match (oracle.listed.contains(id), alerts) {
        (true, _) => ("BLOCK", "100".to_owned()),
        (false, Some(points @ 90..)) => ("BLOCK", points.to_string()),
        (false, Some(points @ 70..)) => ("REVIEW", points.to_string()),
        (false, Some(points)) => ("APPROVE", points.to_string()),
        (false, None) => ("APPROVE", "-".to_owned()),
    }
}

fn compare_summaries(db: &Db, oracle: &Oracle, decisions: &BTreeMap<&str, (&str, String)>) {
    // Transactions, cents, flagged, reviewed, blocked.
    let mut accounts: BTreeMap<&str, [i64; 5]> = BTreeMap::new();
    for (id, (account, cents)) in &oracle.transactions {
        let sums = accounts.entry(account).or_default();
        let (decision, score) = &decisions[id.as_str()];
        let by = |condition: bool| i64::from(condition);
        let add = [1, *cents, by(score != "-"), by(*decision == "REVIEW"), by(*decision == "BLOCK")];
        sums.iter_mut().zip(add).for_each(|(sum, add)| *sum += add);
    }
    let rows = |of: &dyn Fn(&[i64; 5]) -> String| {
        accounts.iter().map(|(account, sums)| format!("{account},{}", of(sums))).collect::<Vec<_>>()
    };
    assert_eq!(
        db.rows(
            "SELECT account_id, transactions, (total_amount * 100)::bigint, flagged, reviewed, blocked
             FROM account_summary WHERE transactions > 0 ORDER BY account_id COLLATE \"C\""
        ),
        rows(&|sums| sums.map(|sum| sum.to_string()).join(","))
    );
    assert_eq!(
        db.rows("SELECT account_id, transactions FROM investigations ORDER BY account_id COLLATE \"C\""),
        rows(&|sums| (sums[3] + sums[4]).to_string()),
        "one investigation per account, each transaction in it once"
    );
    assert_eq!(
        db.rows("SELECT account_id, transactions FROM account_blocks ORDER BY account_id COLLATE \"C\""),
        rows(&|sums| sums[4].to_string())
    );
}

/// Each version has its row, each row its version, and the chains hold.
fn compare_audit(db: &Db) {
    assert_eq!(
        db.rows(
            "SELECT d.transaction_id, d.version, a.content FROM decisions d
             FULL JOIN (SELECT content, content->>'transaction_id' AS id, (content->>'version')::int AS version
                        FROM audit_log WHERE content->>'kind' = 'decision') a
                 ON a.id = d.transaction_id AND a.version = d.version
             WHERE d.transaction_id IS NULL OR a.id IS NULL"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        db.row(
            "SELECT count(*) - count(DISTINCT content) FROM audit_log WHERE content->>'kind' = 'decision'"
        ),
        "0",
        "no version twice"
    );
    let report = consumer::audit::verify(&db.owner_url, &Default::default(), &[], |_| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    assert_eq!(
        db.row("SELECT count(*) FROM outbox WHERE topic = 'fraud_decisions'"),
        db.row("SELECT count(*) FROM decisions"),
        "each version is published"
    );
}

/// Xorshift: the same order of kills for the same seed.
struct Random(u64);

impl Random {
    fn seed_from_u64(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
