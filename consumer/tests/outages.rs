//! PostgreSQL that answers but does not do: full, read-only as after a failover, locked, in a deadlock, cancelling
//! what is slow. The intake pauses or tries again; nothing is lost and nothing is done twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use broker::{Broker, Shutdown};
use common::*;
use consumer::{Error, Options, Summary};
use events::Severity;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::runtime::Runtime;

/// Transactions of a few accounts, every fifth with an alert.
fn load(range: std::ops::Range<i64>) -> Vec<Rec> {
    range
        .flat_map(|i| {
            let (id, account, at) = (format!("t{i}"), format!("ACC-{}", i % 3), MARCH + i * 1_000);
            let alert = (i % 5 == 0).then(|| alert("rule", Severity::High, &id, &account, at));
            [Some(transaction(&id, &account, "2.5", at, "")), alert].into_iter().flatten()
        })
        .collect()
}

struct Running {
    log: Arc<dyn Broker>,
    shutdown: Shutdown,
    thread: JoinHandle<Result<Summary, Error>>,
}

impl Running {
    /// A consumer that has stored the first hundred.
    fn start(db: &Db) -> Self {
        let (log, shutdown) = (log(), Shutdown::new());
        let options = Options { max_batch: 50, ..Options::new(&db.writer_url) };
        let (read, asked) = (Arc::clone(&log), shutdown.clone());
        let thread = std::thread::spawn(move || consumer::run(read, options, asked));
        send(log.as_ref(), &load(0..100));
        eventually(db, "SELECT count(*) FROM transactions", "100");
        Self { log, shutdown, thread }
    }

    /// Sends what is not stored before the outage is over.
    fn send_rest(&self) {
        send(self.log.as_ref(), &load(100..200));
    }

    /// Everything is stored, once.
    fn end(self, db: &Db) {
        eventually(db, "SELECT sum(records) FROM consumer_offsets", "240");
        self.shutdown.request();
        self.thread.join().unwrap().unwrap();
        assert_eq!(db.row("SELECT count(*), count(DISTINCT transaction_id) FROM transactions"), "200,200");
        assert_eq!(db.row("SELECT count(*) FROM alert_occurrences"), "40");
        assert_eq!(db.row("SELECT count(*) FROM current_decisions WHERE decision = 'REVIEW'"), "40");
        assert_eq!(db.row("SELECT sum(transactions), sum(reviewed) FROM account_summary"), "200,40");
        assert_eq!(db.row("SELECT count(*), sum(transactions) FROM investigations"), "3,40");
        assert_eq!(
            db.row("SELECT sum(records), sum(repeats), sum(dead_letters) FROM consumer_offsets"),
            "240,0,0"
        );
        assert_eq!(db.row("SELECT count(*) FROM dead_letters"), "0", "an outage is no fault of a record");
        let report = consumer::audit::verify(&db.owner_url, &Default::default(), &[], |_| {}).unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}

/// A trigger on what every batch writes that fails with a code while a sequence is switched on.
fn failing(db: &Db, code: &str) {
    db.execute(&format!(
        "CREATE SEQUENCE failures;
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN
             PERFORM nextval('public.failures');
             RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '{code}';
         END $$;
         CREATE TRIGGER fail BEFORE UPDATE ON consumer_offsets FOR EACH STATEMENT EXECUTE FUNCTION fail();"
    ));
}

/// Waits until it has failed so often, then lets it succeed.
fn mend_after_failures(db: &Db) {
    // A sequence counts what is rolled back too.
    eventually(db, "SELECT last_value > 2 FROM failures", "t");
    assert_eq!(db.row("SELECT count(*) FROM transactions"), "100");
    db.execute("DROP TRIGGER fail ON consumer_offsets");
}

#[test]
fn a_full_disk_pauses_the_intake() {
    let Some(db) = db() else { return };
    let running = Running::start(&db);
    failing(&db, "53100");
    running.send_rest();
    mend_after_failures(&db);
    running.end(&db);
}

#[test]
fn a_statement_that_is_cancelled_for_being_slow_is_tried_again() {
    let Some(db) = db() else { return };
    let running = Running::start(&db);
    failing(&db, "57014");
    running.send_rest();
    mend_after_failures(&db);
    running.end(&db);
}

/// As where the address leads to a standby for a while.
#[test]
fn a_failover_to_a_server_that_only_reads_is_waited_for() {
    let Some(db) = db() else { return };
    let running = Running::start(&db);
    let name = db.row("SELECT current_database()");
    let ended = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity
                 WHERE application_name LIKE 'streamguard %' AND datname = current_database()";
    db.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    assert_eq!(db.row(ended), "t");
    running.send_rest();
    // So long it finds a server that takes connections and no rows; nothing hangs on how long.
    std::thread::sleep(Duration::from_secs(2));
    assert!(!running.thread.is_finished());
    assert_eq!(db.row("SELECT count(*) FROM transactions"), "100");
    let mut other = Session::open(&db);
    other.execute("SET default_transaction_read_only = off");
    other.execute(&format!("ALTER DATABASE {name} RESET default_transaction_read_only"));
    assert_eq!(db.row(ended), "t");
    running.end(&db);
}

/// As PostgreSQL prints it in a row, for a statement.
fn quoted(text: &str) -> String {
    format!("'{}'", text.trim_matches('"'))
}

/// A session of its own that holds locks.
struct Session {
    runtime: Runtime,
    connection: PgConnection,
}

impl Session {
    fn open(db: &Db) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(PgConnection::connect(&db.owner_url)).unwrap();
        Self { runtime, connection }
    }

    fn execute(&mut self, sql: &str) {
        let statements = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection);
        self.runtime.block_on(statements).unwrap();
    }
}

const WAITING: &str = "FROM pg_stat_activity WHERE application_name = 'streamguard consumer'
     AND datname = current_database() AND wait_event_type = 'Lock'";

/// Longer than the consumer waits for a lock: it gives the transaction and the connection up and polls, so that the
/// group can give partitions to others, before it tries again.
#[test]
fn a_lock_that_is_not_given_pauses_the_intake() {
    let Some(db) = db() else { return };
    let running = Running::start(&db);
    let mut other = Session::open(&db);
    other.execute("BEGIN; LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE");
    running.send_rest();
    eventually(&db, &format!("SELECT count(*) > 0 {WAITING}"), "t");
    let begun = db.row(&format!("SELECT backend_start {WAITING}"));
    let limit = Instant::now() + Duration::from_secs(120);
    while db.row(&format!("SELECT count(*) {WAITING} AND backend_start > {}", quoted(&begun))) == "0" {
        assert!(Instant::now() < limit, "it still waits in the same session");
        std::thread::sleep(Duration::from_millis(200));
    }
    other.execute("ROLLBACK");
    running.end(&db);
}

#[test]
fn a_deadlock_is_tried_again() {
    let Some(db) = db() else { return };
    let login = db.writer_url.split("//").nth(1).unwrap().split(':').next().unwrap().to_owned();
    // The consumer is the one who notices, and not before the circle is closed.
    db.execute(&format!("ALTER ROLE {login} SET deadlock_timeout = '5s'"));
    let running = Running::start(&db);
    let mut other = Session::open(&db);
    other.execute("SET deadlock_timeout = '1h'; BEGIN; SELECT * FROM consumer_offsets FOR UPDATE");
    running.send_rest();
    eventually(&db, &format!("SELECT count(*) > 0 {WAITING}"), "t");
    // It holds its accounts and waits for the offsets.
    other.execute("SELECT * FROM account_summary ORDER BY account_id FOR UPDATE");
    other.execute("ROLLBACK");
    running.end(&db);
    eventually(&db, "SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()", "t");
}

/// As where an operator mends rows by hand: two accounts, the later one first.
#[test]
fn a_session_that_takes_two_accounts_the_other_way_round_is_survived() {
    let Some(db) = db() else { return };
    let login = db.writer_url.split("//").nth(1).unwrap().split(':').next().unwrap().to_owned();
    db.execute(&format!("ALTER ROLE {login} SET deadlock_timeout = '5s'"));
    let running = Running::start(&db);
    let mut other = Session::open(&db);
    let take = |account| format!("SELECT FROM account_summary WHERE account_id = '{account}' FOR UPDATE");
    other.execute(&format!("SET deadlock_timeout = '1h'; BEGIN; {}", take("ACC-2")));
    running.send_rest();
    eventually(&db, &format!("SELECT count(*) > 0 {WAITING}"), "t");
    // It holds the first two accounts and waits for the third.
    other.execute(&take("ACC-0"));
    other.execute("ROLLBACK");
    running.end(&db);
    eventually(&db, "SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()", "t");
}
