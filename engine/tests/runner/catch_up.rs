//! An input that is far ahead: outputs are gathered over several polls before they go to the log.

use std::collections::BTreeMap;

use engine::{Guarantee, Options};

use crate::HIGH;
use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, drain, memory, produce, read};

/// More than some polls bring.
const RECORDS: usize = 4_500;

/// The source offsets of the alerts, by source partition.
fn alerted(guarantee: Guarantee, fault: Option<Fault>) -> BTreeMap<String, Vec<i64>> {
    let rules = Rules::new(&[("10.sql", HIGH)]);
    let broker = memory();
    let ids: Vec<_> = (0..RECORDS).map(|i| (format!("A{}", i % 7), format!("t{i}"))).collect();
    let given = ids.iter().enumerate();
    let given = given.map(|(i, (account, id))| (account.as_str(), id.as_str(), "6000", "shop", i as i64));
    produce(&broker, &given.collect::<Vec<_>>());
    let log = fault.map_or_else(|| broker.clone(), |fault| Mortal::over(&broker, fault));
    let summary = drain(&log, Options { guarantee, ..rules.options(None) }).unwrap();
    assert!(summary.adds_up(), "{summary:?}");
    let mut alerted = BTreeMap::<String, Vec<i64>>::new();
    for alert in read(&broker, "fraud_alerts") {
        let offset = alert.headers["source.offset"].parse().unwrap();
        alerted.entry(alert.headers["source.partition"].clone()).or_default().push(offset);
    }
    alerted.values_mut().for_each(|offsets| offsets.sort_unstable());
    alerted
}

#[test]
fn gathered_outputs_are_all_written_once() {
    let once = alerted(Guarantee::ExactlyOnce, None);
    assert_eq!(once.values().map(Vec::len).sum::<usize>(), RECORDS);
    assert!(once.values().all(|offsets| offsets.iter().zip(0..).all(|(offset, i)| *offset == i)), "{once:?}");
    assert_eq!(alerted(Guarantee::AtLeastOnce, None), once);
}

#[test]
fn gathered_outputs_of_a_commit_that_failed_are_written_again() {
    let once = alerted(Guarantee::ExactlyOnce, None);
    let mut again = alerted(Guarantee::AtLeastOnce, Some(Fault::FailFlushes(2)));
    again.values_mut().for_each(Vec::dedup);
    assert_eq!(again, once);
}
