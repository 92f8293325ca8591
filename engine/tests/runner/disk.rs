//! Stores on disk, and how much they may hold.

use crate::support::{Rules, drain, memory, produce, read};
use crate::{VELOCITY, burst};

/// The options of a run whose stores may take nothing of the memory.
fn on_disk(rules: &Rules, state: &std::path::Path) -> engine::Options {
    engine::Options { state_memory: Some(0), ..rules.options(Some(state)) }
}

#[test]
fn counts_on_disk_are_those_in_memory_over_restarts() {
    let rules = Rules::new(&[("20_velocity.sql", VELOCITY)]);
    let run = |on_disk: &dyn Fn() -> engine::Options| {
        let broker = memory();
        for ids in [&["t1", "t2"][..], &["t3", "t4", "t5"], &["t6"]] {
            for account in ["A", "B", "C"] {
                produce(&broker, &burst(account, ids));
            }
            drain(&broker, on_disk()).unwrap();
        }
        read(&broker, "fraud_alerts")
    };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let alerts = run(&|| on_disk(&rules, one.path()));
    assert_eq!(alerts.len(), 9);
    let values = |alerts: Vec<crate::support::Record>| -> Vec<_> {
        alerts.into_iter().map(|alert| (alert.key, alert.value, alert.timestamp)).collect()
    };
    assert_eq!(values(alerts), values(run(&|| rules.options(Some(other.path())))));
}

#[test]
fn more_keys_than_allowed_end_the_engine() {
    let (broker, rules) = (memory(), Rules::new(&[("20_velocity.sql", VELOCITY)]));
    produce(&broker, &burst("A", &["t1"]));
    let options = || engine::Options { state_max_keys: Some(2), ..rules.options(None) };
    drain(&broker, options()).unwrap();
    for account in ["B", "C", "D"] {
        produce(&broker, &burst(account, &["t2"]));
    }
    let error = drain(&broker, options()).unwrap_err();
    assert!(matches!(error, engine::Error::Keys { limit: 2, .. }), "{error}");
    assert!(error.to_string().contains("--state-max-keys"), "{error}");
}

#[test]
fn stores_on_disk_need_a_directory() {
    let rules = Rules::new(&[("20_velocity.sql", VELOCITY)]);
    let options = engine::Options { state_memory: Some(0), ..rules.options(None) };
    let error = drain(&memory(), options).unwrap_err().to_string();
    assert!(error.contains("needs a directory"), "{error}");
}
