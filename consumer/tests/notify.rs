//! Notifications against real HTTP and SMTP servers: what is sent, how often, and what is given up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
#[path = "common/servers_of_targets.rs"]
mod servers_of_targets;

use std::sync::Arc;
use std::thread::JoinHandle;

use broker::{Broker, Shutdown};
use common::*;
use consumer::targets::Targets;
use consumer::{Error, Options, Summary};
use hmac::{Hmac, KeyInit, Mac};
use servers_of_targets::{Answer, Http, Smtp};
use sha2::Sha256;

/// A notification that waits for a target, as the consumer writes it with a decision.
fn enqueue(db: &Db, target: &str, id: &str) {
    db.execute(&format!(
        "INSERT INTO actions (idempotency_key, kind, transaction_id, decision_version, account_id, severity, target,
             payload, state, next_attempt_at, created_at)
         SELECT 'notify:{target}:{id}:high', 'notify', '{id}', 1, 'ACC-1', 'high', '{target}',
             jsonb_build_object('idempotency_key', 'notify:{target}:{id}:high', 'transaction_id', '{id}',
                 'decision_version', 1, 'account_id', 'ACC-1', 'decision', 'REVIEW', 'severity', 'high', 'score', 75,
                 'reason', 'rule <velocity> fired & more', 'event_time', '2024-03-01T00:00:00+00:00',
                 'decided_at', '2024-03-01T00:00:01+00:00'),
             'pending', now(), now()"
    ));
}

/// Quick, so that a test does not wait.
const QUICK: &str = "first_retry_seconds = 0.05\nlongest_retry_seconds = 0.1\ntimeout_seconds = 2\n";

fn webhook(name: &str, url: &str, more: &str) -> String {
    format!("[targets.{name}]\nwebhook = {{ url = \"{url}\" }}\n{QUICK}{more}\n")
}

/// A consumer that runs until it is told to end.
struct Running {
    shutdown: Shutdown,
    thread: JoinHandle<Result<Summary, Error>>,
}

impl Running {
    fn start(db: &Db, targets: &str) -> Self {
        Self::on(&log(), db, targets)
    }

    fn on(log: &Arc<dyn Broker>, db: &Db, targets: &str) -> Self {
        let targets = Targets::parse(targets).unwrap();
        let options = Options { targets, ..Options::new(&db.writer_url) };
        let shutdown = Shutdown::new();
        let (log, asked) = (Arc::clone(log), shutdown.clone());
        Self { shutdown, thread: std::thread::spawn(move || consumer::run(log, options, asked)) }
    }

    fn end(self) {
        self.shutdown.request();
        self.thread.join().unwrap().unwrap();
    }
}

const STATES: &str = "SELECT transaction_id, state, attempts FROM actions ORDER BY 1";

#[test]
fn a_webhook_is_signed_and_keeps_its_key_through_retries() {
    let Some(db) = db() else { return };
    let server = Http::start(|n| Answer::Status(if n < 2 { 500 } else { 204 }));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "s3cret\n").unwrap();
    let targets = format!(
        "[targets.desk]\nwebhook = {{ url = \"{}\", secret = {{ file = {:?} }} }}\n{QUICK}",
        server.url(),
        file.path()
    );
    let running = Running::start(&db, &targets);
    enqueue(&db, "desk", "t1");
    eventually(&db, STATES, "t1,done,3");
    running.end();

    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert_eq!(request.path, "/hook");
        assert_eq!(request.header("idempotency-key"), "notify:desk:t1:high");
        assert_eq!(request.body, requests[0].body, "every attempt says the same");
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(request.header("x-streamguard-timestamp").as_bytes());
        mac.update(b".");
        mac.update(&request.body);
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(request.header("x-streamguard-signature"), format!("v1={hex}"));
    }
    assert_eq!(requests[0].json()["transaction_id"], "t1");
    assert_eq!(
        db.row("SELECT content->>'state', content->>'attempts' FROM audit_log WHERE chain = 'actions'"),
        "done,3"
    );
}

#[test]
fn what_a_target_refuses_is_dead_with_its_reason_and_what_it_never_takes_too() {
    let Some(db) = db() else { return };
    let refusing = Http::start(|_| Answer::Status(422));
    let failing = Http::start(|_| Answer::Status(503));
    let moved = Http::start(|_| Answer::Status(302));
    let targets = webhook("refusing", &refusing.url(), "")
        + &webhook("failing", &failing.url(), "max_attempts = 3")
        + &webhook("moved", &moved.url(), "");
    let running = Running::start(&db, &targets);
    enqueue(&db, "refusing", "t1");
    enqueue(&db, "failing", "t2");
    enqueue(&db, "moved", "t3");
    eventually(&db, STATES, "t1,dead,1\nt2,dead,3\nt3,dead,1");
    running.end();
    let why = db.rows("SELECT last_error FROM actions ORDER BY transaction_id");
    assert!(why[0].contains("422") && why[0].contains("body"), "{why:?}");
    assert!(why[1].contains("given up after 3 attempts") && why[1].contains("503"), "{why:?}");
    assert_eq!([refusing.requests().len(), failing.requests().len(), moved.requests().len()], [1, 3, 1]);
}

/// The silent one has every attempt that it may have under way, and the closed port fails at once.
#[test]
fn a_dead_target_does_not_hold_up_the_others() {
    let Some(db) = db() else { return };
    let silent = Http::start(|_| Answer::Silence);
    let fine = Http::start(|_| Answer::Status(200));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let targets = webhook("a_silent", &silent.url(), "")
        .replace("timeout_seconds = 2", "timeout_seconds = 3600")
        + &webhook("b_closed", &format!("http://{closed}/"), "")
        + &webhook("c_fine", &fine.url(), "");
    for i in 0..10 {
        enqueue(&db, "a_silent", &format!("s{i}"));
        enqueue(&db, "b_closed", &format!("c{i}"));
    }
    let running = Running::start(&db, &targets);
    for i in 0..10 {
        enqueue(&db, "c_fine", &format!("f{i}"));
    }
    eventually(&db, "SELECT count(*) FROM actions WHERE state = 'done'", "10");
    assert_eq!(db.row("SELECT DISTINCT target FROM actions WHERE state = 'done'"), "c_fine");
    // It does not wait for the silent one's answers either.
    running.end();
}

#[test]
fn a_target_that_does_not_answer_in_time_is_tried_again() {
    let Some(db) = db() else { return };
    let server = Http::start(|n| if n == 0 { Answer::Silence } else { Answer::Status(200) });
    let targets = webhook("slow", &server.url(), "").replace("timeout_seconds = 2", "timeout_seconds = 0.2");
    let running = Running::start(&db, &targets);
    enqueue(&db, "slow", "t1");
    eventually(&db, "SELECT state, attempts > 1 FROM actions", "done,t");
    running.end();
    assert!(db.row("SELECT last_error FROM actions").contains("no answer within 0.2 s"));
}

#[test]
fn a_busy_target_is_not_asked_before_it_said() {
    let Some(db) = db() else { return };
    let server = Http::start(|n| if n == 0 { Answer::Busy(2) } else { Answer::Status(200) });
    let running = Running::start(&db, &webhook("busy", &server.url(), ""));
    enqueue(&db, "busy", "t1");
    eventually(&db, STATES, "t1,done,2");
    running.end();
    let requests = server.requests();
    // The database's clock and this one's resolution differ by far less.
    assert!((requests[1].at - requests[0].at).as_millis() >= 1_900);
}

/// Of ten only as many are sent as a minute may have; a restart does not begin a new minute.
#[test]
fn a_target_is_not_tried_more_often_than_its_rate() {
    let Some(db) = db() else { return };
    let server = Http::start(|_| Answer::Status(200));
    let targets = webhook("desk", &server.url(), "rate_per_minute = 3");
    let other = Http::start(|_| Answer::Status(200));
    let targets = targets + &webhook("other", &other.url(), "");
    for i in 0..10 {
        enqueue(&db, "desk", &format!("t{i}"));
    }
    let log = log();
    for restart in 0..2 {
        let running = Running::on(&log, &db, &targets);
        enqueue(&db, "other", &format!("o{restart}"));
        // Whoever has sent this has looked at the other target as well.
        eventually(
            &db,
            "SELECT count(*) FROM actions WHERE target = 'other' AND state = 'done'",
            &(restart + 1).to_string(),
        );
        eventually(&db, "SELECT count(*) FROM actions WHERE target = 'desk' AND state = 'done'", "3");
        running.end();
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn slack_gets_its_own_shape() {
    let Some(db) = db() else { return };
    let server = Http::start(|_| Answer::Status(200));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), server.url()).unwrap();
    let running =
        Running::start(&db, &format!("[targets.chat]\nslack = {{ url = {{ file = {:?} }} }}\n", file.path()));
    enqueue(&db, "chat", "t1");
    eventually(&db, STATES, "t1,done,1");
    running.end();
    let body = server.requests()[0].json();
    assert_eq!(body["blocks"][0]["text"]["text"], "REVIEW high: account ACC-1");
    assert_eq!(body["blocks"][1]["text"]["text"], "rule &lt;velocity&gt; fired &amp; more");
    assert!(body["text"].as_str().unwrap().contains("&lt;velocity&gt;"));
}

#[test]
fn mail_is_sent_by_smtp_and_tried_again() {
    let Some(db) = db() else { return };
    let server = Smtp::start(|n| [Some("451 later"), None, Some("550 never")][n.min(2)]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "pässword").unwrap();
    let targets = format!(
        "[targets.mail]\n{QUICK}[targets.mail.email]\nserver = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
         user = \"sg\"\npassword = {{ file = {:?} }}\nfrom = \"StreamGuard <sg@example.org>\"\n\
         to = [\"a@example.org\", \"b@example.org\"]\n",
        server.port,
        file.path()
    );
    let running = Running::start(&db, &targets);
    enqueue(&db, "mail", "t1");
    eventually(&db, STATES, "t1,done,2");
    enqueue(&db, "mail", "t2");
    eventually(&db, STATES, "t1,done,2\nt2,dead,1");
    running.end();
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.join(" ")),
        ("sg@example.org", "a@example.org b@example.org".to_owned())
    );
    assert_eq!(mails[0].login, "\0sg\0pässword");
    assert!(mails[0].data.contains("Subject: REVIEW high: account ACC-1"), "{}", mails[0].data);
    assert!(mails[0].data.contains("rule <velocity> fired & more"), "{}", mails[0].data);
    assert!(db.row("SELECT last_error FROM actions WHERE transaction_id = 't2'").contains("550"));
}

/// Two consumers of one database: one sends, the other takes over when the first ends.
#[test]
fn one_of_two_consumers_sends_and_the_other_takes_over() {
    let Some(db) = db() else { return };
    let server = Http::start(|_| Answer::Status(200));
    let targets = webhook("desk", &server.url(), "rate_per_minute = 1000");
    let log = log();
    let first = Running::on(&log, &db, &targets);
    let second = Running::on(&log, &db, &targets);
    for i in 0..20 {
        enqueue(&db, "desk", &format!("a{i:02}"));
    }
    eventually(&db, "SELECT count(*) FROM actions WHERE state = 'done'", "20");
    first.end();
    for i in 0..20 {
        enqueue(&db, "desk", &format!("b{i:02}"));
    }
    eventually(&db, "SELECT count(*) FROM actions WHERE state = 'done'", "40");
    second.end();
    assert_eq!(server.requests().len(), 40, "nothing is sent twice without a fault");
}
