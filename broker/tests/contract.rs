//! The contract of the log: what every implementation of `broker::Broker` holds, run on all of them: in
//! memory, on disk, and (cargo feature `kafka`) on a real Kafka.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "contract/deleting.rs"]
mod deleting;
#[path = "contract/groups.rs"]
mod groups;
#[path = "contract/reading.rs"]
mod reading;
#[path = "contract/support.rs"]
mod support;
#[path = "contract/topics.rs"]
mod topics;
#[path = "contract/transactions.rs"]
mod transactions;

use std::sync::Arc;

use broker::Broker;

/// A case of the contract.
type Case = fn(&Arc<dyn Broker>);

/// All cases, by name.
fn cases() -> Vec<(&'static str, Case)> {
    [transactions::CASES, reading::CASES, groups::CASES, topics::CASES, deleting::CASES].concat()
}

/// Runs every case, all of them even where one fails, several at a time.
fn run(log: &Arc<dyn Broker>) {
    let only = std::env::var("CONTRACT_CASE").ok();
    let cases: Vec<_> =
        cases().into_iter().filter(|(name, _)| only.as_deref().is_none_or(|o| *name == o)).collect();
    assert!(!cases.is_empty(), "no case is named {only:?}");
    let mut failed = Vec::new();
    for (name, case) in &cases {
        let began = std::time::Instant::now();
        let log = log.clone();
        let case = *case;
        let thread = std::thread::Builder::new().name((*name).to_owned());
        if thread.spawn(move || case(&log)).unwrap().join().is_err() {
            failed.push(*name);
        }
        println!("{name}: {:.1} s", began.elapsed().as_secs_f32());
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed on {}: {failed:?}",
        failed.len(),
        cases.len(),
        log.describe()
    );
}

#[test]
fn memory_keeps_the_contract() {
    let log: Arc<dyn Broker> = broker::embedded::Embedded::in_memory();
    run(&log);
}

#[test]
fn disk_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let log: Arc<dyn Broker> = broker::embedded::Embedded::open(dir.path()).unwrap();
    run(&log);
}

#[cfg(feature = "kafka")]
#[test]
fn kafka_keeps_the_contract() {
    let Some(server) = servers::kafka() else { return };
    let log: Arc<dyn Broker> = broker::kafka::Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    run(&log);
}
