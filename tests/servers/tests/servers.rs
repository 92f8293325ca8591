//! The servers come up, survive a crash on the same port, and are gone when their process is, however it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use servers::{Kafka, Postgres};

fn answers(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

fn wait_gone(what: &str, mut there: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(15);
    while there() {
        assert!(Instant::now() < end, "{what} is still there");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn kafka_restarts_on_its_port_and_goes_with_its_handle() {
    let Some(kafka) = Kafka::start() else { return };
    let bootstrap = kafka.bootstrap().to_owned();
    assert!(answers(&bootstrap));
    let first = kafka.pid();
    kafka.kill();
    assert!(!answers(&bootstrap));
    kafka.restart();
    assert!(answers(&bootstrap));
    assert_ne!(kafka.pid(), first);
    drop(kafka);
    wait_gone("Kafka", || answers(&bootstrap));
}

#[test]
fn a_commit_survives_a_crash_of_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    let url = postgres.create_database("kept");
    assert!(url.ends_with(&format!(":{}/kept", postgres.port())), "{url}");
    postgres.sql("CREATE TABLE t (x int); INSERT INTO t VALUES (7)").unwrap();
    postgres.stop_immediate();
    assert!(postgres.sql("SELECT 1").is_err());
    postgres.start_again();
    assert_eq!(postgres.sql("SELECT x FROM t").unwrap().trim(), "7");
    let refused = postgres.sql("SELECT nothing").unwrap_err();
    assert!(refused.contains("nothing"), "{refused}");
}

/// Run by the test below in a process of its own, which is then killed.
#[test]
#[ignore = "the part of a_killed_test_process_leaves_nothing_behind that is killed"]
fn starts_postgres_and_waits() {
    let postgres = servers::postgres().expect("PostgreSQL");
    let directory = postgres.sql("SHOW data_directory").unwrap();
    println!("ready {} {}", postgres.port(), directory.trim());
    thread::sleep(Duration::from_secs(120));
}

#[test]
fn a_killed_test_process_leaves_nothing_behind() {
    if Postgres::start().is_none() {
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "starts_postgres_and_waits", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map(Result::unwrap).find(|line| line.contains("ready ")).expect("a server");
    let words: Vec<&str> = line.split_whitespace().collect();
    let (address, data) = (format!("127.0.0.1:{}", words[words.len() - 2]), words[words.len() - 1]);
    assert!(answers(&address));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_gone("PostgreSQL", || answers(&address));
    wait_gone("its directory", || Path::new(data).exists());
}
