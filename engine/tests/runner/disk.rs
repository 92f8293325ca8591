//! Stores on disk, and how much they may hold.

use crate::support::{Rules, drain, memory, produce, read};
use crate::{MINUTE, VELOCITY, burst};

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

/// More keys than the checkpoints of the version in between look over.
#[test]
fn what_a_rule_left_on_disk_in_keys_that_nobody_touched_does_not_come_back_with_it() {
    let other = VELOCITY.replace("velocity", "spent").replace("GROUP BY", "WHERE amount > 0 GROUP BY");
    let accounts: Vec<String> = (0..3_000).map(|number| format!("a{number}")).collect();
    let run = |on_disk: &dyn Fn(&Rules) -> engine::Options| {
        let (broker, rules) = (memory(), Rules::new(&[("20_velocity.sql", VELOCITY)]));
        for (rule, accounts, ids) in [
            (&*other, &accounts[..], &["t1", "t2", "t3"][..]),
            ("-- away", &accounts[..1], &["t4"]),
            (&*other, &accounts[1..], &["t5"]),
        ] {
            rules.write("30_spent.sql", rule);
            for id in ids {
                let sent: Vec<_> = accounts.iter().map(|to| (&**to, *id, "10.50", "shop", MINUTE)).collect();
                produce(&broker, &sent);
            }
            drain(&broker, on_disk(&rules)).unwrap();
        }
        let alerts = read(&broker, "fraud_alerts");
        let count = |rule: &str| alerts.iter().filter(|alert| alert.headers["rule.name"] == rule).count();
        (count("VELOCITY"), count("SPENT"))
    };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert_eq!(run(&|rules| on_disk(rules, one.path())), (3_000, 0));
    assert_eq!(run(&|rules| rules.options(Some(other.path()))), (3_000, 0));
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
