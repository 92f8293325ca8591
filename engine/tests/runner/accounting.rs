//! Every record is accounted for once, whatever fails in between.

use engine::task::QueryCounters;

use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, drain, memory, produce, read};
use crate::{BY_MERCHANT, HIGH, VELOCITY};

#[test]
fn what_is_undone_and_done_again_is_counted_once() {
    let rules = Rules::new(&[("10.sql", HIGH), ("20.sql", VELOCITY), ("30.sql", BY_MERCHANT)]);
    for (fault, threads) in [(None, 1), (Some(Fault::FailCommits(3)), 1), (Some(Fault::FailCommits(2)), 3)] {
        let broker = memory();
        let ids: Vec<(String, String)> = (0..60).map(|i| (format!("A{}", i % 7), format!("t{i}"))).collect();
        let given = ids.iter().enumerate().map(|(i, (account, id))| {
            let amount = if i % 5 == 0 { "\"none\"" } else { "6000" };
            (account.as_str(), id.as_str(), amount, "shop", i as i64 * 1_000)
        });
        produce(&broker, &given.collect::<Vec<_>>());
        let log = fault.map_or_else(|| broker.clone(), |fault| Mortal::over(&broker, fault));
        let summary = drain(&log, engine::Options { threads, ..rules.options(None) }).unwrap();
        assert!(summary.adds_up(), "{summary:?}");
        assert_eq!(read(&broker, "transactions.dlq").len(), 12);
        for (query, counters) in &summary.queries {
            let QueryCounters { input, dead_lettered, emitted, .. } = *counters;
            assert_eq!((input, dead_lettered), (60, 12), "{query} over {fault:?}: {summary:?}");
            let mut sum = QueryCounters::default();
            summary.partitions[query].values().for_each(|counters| sum += *counters);
            assert_eq!(sum, *counters, "{query} by partition");
            assert!(emitted > 0, "{query}: {summary:?}");
        }
        let written: u64 = summary.queries.values().map(|counters| counters.emitted).sum();
        assert_eq!(read(&broker, "fraud_alerts").len() as u64, written);
    }
}
