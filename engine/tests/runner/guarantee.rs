//! At least once: outputs may be repeated, and nothing else.

use std::collections::BTreeSet;

use engine::{Guarantee, Options};

use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, drain, memory, produce, read};
use crate::{BY_MERCHANT, HIGH, VELOCITY};

/// The alerts, as id and source offset with the value, of three batches of records that are drained one after the other.
fn alerts(rules: &Rules, guarantee: Guarantee, fault: Option<Fault>) -> Vec<(String, String, String)> {
    let broker = memory();
    for batch in 0..3 {
        // The first time is that of the topic of rules.
        let log = fault.map_or_else(|| broker.clone(), |fault| Mortal::over(&broker, fault));
        let ids: Vec<_> =
            (batch * 20..batch * 20 + 20).map(|i| (format!("A{}", i % 3), format!("t{i}"))).collect();
        let given = ids
            .iter()
            .enumerate()
            .map(|(i, (account, id))| (account.as_str(), id.as_str(), "6000", "shop", i as i64));
        produce(&broker, &given.collect::<Vec<_>>());
        let summary = drain(&log, Options { guarantee, ..rules.options(None) }).unwrap();
        assert!(summary.adds_up(), "{summary:?}");
    }
    let alert = |alert: &crate::support::Record| {
        let source = ["source.partition", "source.offset"].map(|name| alert.headers[name].clone()).join(" ");
        (alert.headers["alert.id"].clone(), source, alert.value.clone().unwrap_or_default())
    };
    read(&broker, "fraud_alerts").iter().map(alert).collect()
}

#[test]
fn repetitions_are_the_same_alerts_and_counts_are_exact() {
    let rules = Rules::new(&[("10.sql", HIGH), ("20.sql", VELOCITY)]);
    let once = alerts(&rules, Guarantee::ExactlyOnce, None);
    let calm = alerts(&rules, Guarantee::AtLeastOnce, None);
    let sorted = |mut alerts: Vec<(String, String, String)>| {
        alerts.sort();
        alerts
    };
    assert_eq!(sorted(calm), sorted(once.clone()));
    let failed = alerts(&rules, Guarantee::AtLeastOnce, Some(Fault::FailFlushes(2)));
    assert!(failed.len() > once.len(), "nothing was repeated: the fault did not happen");
    let distinct = |alerts: &[(String, String, String)]| alerts.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(distinct(&failed), distinct(&once));
}

#[test]
fn a_program_that_would_count_repetitions_runs_exactly_once() {
    let rules = Rules::new(&[("10.sql", BY_MERCHANT)]);
    let once = alerts(&rules, Guarantee::ExactlyOnce, None);
    let failed = alerts(&rules, Guarantee::AtLeastOnce, Some(Fault::FailFlushes(2)));
    let sorted = |mut alerts: Vec<(String, String, String)>| {
        alerts.sort();
        alerts
    };
    assert_eq!(sorted(failed), sorted(once));
}
