//! Transactions with their alerts, and what has to be stored of them, row by row.

#![allow(dead_code, reason = "every test binary uses another part")]

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use broker::{Broker, Shutdown};
use consumer::{Error, Options, Summary};
use events::Severity;

use crate::common::{Db, MARCH, Rec, alert, log, send, transaction};

/// A time without progress that is a failure.
const STALL: Duration = Duration::from_secs(120);
const ACCOUNTS: i64 = 3;

fn id(i: i64) -> String {
    format!("t{i:06}")
}

fn account(i: i64) -> String {
    format!("ACC-{}", i % ACCOUNTS)
}

fn cents(i: i64) -> i64 {
    i % 90 * 100 + 25
}

fn alert_of(i: i64) -> Option<Rec> {
    let (severity, rule) = match i % 10 {
        0 => (Severity::Critical, "travel"),
        5 => (Severity::High, "velocity"),
        _ => return None,
    };
    Some(alert(rule, severity, &id(i), &account(i), MARCH + i * 1_000))
}

/// The transactions with these numbers; every fifth has an alert, every tenth a critical one.
pub(crate) fn load(range: std::ops::Range<i64>) -> Vec<Rec> {
    let of = |i| {
        let own = transaction(&id(i), &account(i), &format!("{}.25", i % 90), MARCH + i * 1_000, "");
        [Some(own), alert_of(i)].into_iter().flatten()
    };
    range.flat_map(of).collect()
}

/// How many records the first so many transactions make.
pub(crate) fn records(n: i64) -> i64 {
    n + (0..n).filter(|i| i % 5 == 0).count() as i64
}

/// Exactly what the first so many transactions cause is stored, each once.
pub(crate) fn assert_stored(db: &Db, n: i64) {
    let all = |row: &dyn Fn(i64) -> Option<String>| (0..n).filter_map(row).collect::<Vec<_>>();
    assert_eq!(
        db.rows("SELECT transaction_id, account_id, (amount * 100)::bigint FROM transactions ORDER BY 1"),
        all(&|i| Some(format!("{},{},{}", id(i), account(i), cents(i))))
    );
    let alert_id = |record: Rec| {
        record.headers.into_iter().find(|(name, _)| *name == events::headers::ALERT_ID).unwrap().1
    };
    assert_eq!(
        db.rows("SELECT transaction_id, alert_id FROM alert_occurrences ORDER BY 1"),
        all(&|i| Some(format!("{},{}", id(i), alert_id(alert_of(i)?))))
    );
    assert_eq!(db.row("SELECT count(*) FROM fraud_alerts"), (records(n) - n).to_string());
    assert_eq!(
        db.rows("SELECT transaction_id, decision, transaction_known FROM current_decisions ORDER BY 1"),
        all(&|i| Some(format!("{},{},t", id(i), ["BLOCK", "REVIEW", "APPROVE"][kind(i)])))
    );
    let of_account = |a: i64| (0..n).filter(move |i| i % ACCOUNTS == a);
    let count = |a, of: usize| of_account(a).filter(|i| kind(*i) == of).count();
    let summaries = (0..ACCOUNTS).map(|a| {
        let total: i64 = of_account(a).map(cents).sum();
        format!("{},{},{total},{},{}", account(a), of_account(a).count(), count(a, 1), count(a, 0))
    });
    assert_eq!(
        db.rows(
            "SELECT account_id, transactions, (total_amount * 100)::bigint, reviewed, blocked
             FROM account_summary ORDER BY 1"
        ),
        summaries.collect::<Vec<_>>()
    );
    assert_eq!(
        db.rows("SELECT account_id, transactions FROM investigations ORDER BY 1"),
        (0..ACCOUNTS).map(|a| format!("{},{}", account(a), count(a, 0) + count(a, 1))).collect::<Vec<_>>()
    );
    assert_eq!(
        db.row("SELECT sum(records), sum(repeats), sum(dead_letters) FROM consumer_offsets"),
        format!("{},0,0", records(n))
    );
    assert_eq!(
        db.row("SELECT count(*) FROM audit_log WHERE content->>'kind' = 'decision'"),
        db.row("SELECT count(*) FROM decisions")
    );
    let report = consumer::audit::verify(&db.owner_url, &Default::default(), &[], |_| {}).unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
}

/// 0: blocked, 1: for review, 2: neither.
fn kind(i: i64) -> usize {
    match i % 10 {
        0 => 0,
        5 => 1,
        _ => 2,
    }
}

/// A consumer under way, and how much has been sent to it.
pub(crate) struct Loaded {
    log: Arc<dyn Broker>,
    shutdown: Shutdown,
    thread: JoinHandle<Result<Summary, Error>>,
    sent: i64,
}

impl Loaded {
    /// One that has stored the first hundred; `db` is how the test itself reaches the database.
    pub(crate) fn start(db: &Db, url: &str) -> Self {
        Self::start_with(db, Options { max_batch: 50, ..Options::new(url) })
    }

    pub(crate) fn start_with(db: &Db, options: Options) -> Self {
        let (log, shutdown) = (log(), Shutdown::new());
        let (read, asked) = (Arc::clone(&log), shutdown.clone());
        let thread = std::thread::spawn(move || consumer::run(read, options, asked));
        let mut this = Self { log, shutdown, thread, sent: 0 };
        this.send(100);
        this.wait(db);
        this
    }

    /// What it reads.
    pub(crate) fn log(&self) -> &dyn Broker {
        self.log.as_ref()
    }

    pub(crate) fn send(&mut self, more: i64) {
        send(self.log.as_ref(), &load(self.sent..self.sent + more));
        self.sent += more;
    }

    /// Waits until everything that was sent is accounted for.
    pub(crate) fn wait(&self, db: &Db) {
        let (mut last, mut since) = (-1, Instant::now());
        loop {
            assert!(!self.thread.is_finished(), "the consumer has ended");
            let now = accounted(db).unwrap_or(last);
            if now >= records(self.sent) {
                return;
            }
            if now != last {
                (last, since) = (now, Instant::now());
            }
            assert!(since.elapsed() < STALL, "no progress at {now} of {} records", records(self.sent));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything is stored, once.
    pub(crate) fn end(self, db: &Db) {
        self.wait(db);
        self.shutdown.request();
        self.thread.join().unwrap().unwrap();
        assert_stored(db, self.sent);
    }
}

/// How many records are accounted for; None while PostgreSQL is away.
pub(crate) fn accounted(db: &Db) -> Option<i64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&db.owner_url).await.ok()?;
        let sum = "SELECT coalesce(sum(records), 0)::bigint FROM consumer_offsets";
        sqlx::query_scalar(sum).fetch_one(&mut connection).await.ok()
    })
}
