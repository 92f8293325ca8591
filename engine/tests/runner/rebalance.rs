//! Partitions are shared out anew in the middle of a restore: nobody waits for its end, nothing is lost or doubled.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, ManualClock};
use engine::RuleSetTopic;
use engine::rule_set::RuleSet;
use engine::simulation::{Engine, StateDir, Worker};

use crate::slow::{self, Slow};
use crate::support::{Rules, drain, memory, produce, read};
use crate::{MINUTE, VELOCITY};

const ACCOUNTS: usize = 600;

/// A payment of every account, in round `round`.
fn pay(broker: &Arc<dyn Broker>, round: usize) {
    let names: Vec<_> = (0..ACCOUNTS).map(|i| (format!("A{i}"), format!("t{round}-{i}"))).collect();
    let at = MINUTE + round as i64;
    let rows: Vec<_> = names.iter().map(|(a, t)| (a.as_str(), t.as_str(), "10.50", "shop", at)).collect();
    produce(broker, &rows);
}

/// Three payments of every account are in a checkpoint, a fourth is still to come.
fn counted() -> (Arc<dyn Broker>, Rules) {
    let (broker, rules) = (memory(), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    (0..3).for_each(|round| pay(&broker, round));
    drain(&broker, rules.options(None)).unwrap();
    assert!(read(&broker, "fraud_alerts").is_empty());
    pay(&broker, 3);
    (broker, rules)
}

struct Process {
    engine: Engine,
    worker: Worker,
}

/// What the run before has published.
fn published(log: &Arc<dyn Broker>) -> RuleSet {
    let none = BTreeMap::new();
    let topic = RuleSetTopic {
        broker: &**log,
        clock: &broker::SystemClock,
        group: "streamguard",
        consumer_properties: &none,
        producer_properties: &none,
    };
    topic.newest().unwrap().unwrap().unwrap()
}

fn start(
    broker: &Arc<Slow>,
    rules: &Rules,
    name: &str,
    clock: &Arc<ManualClock>,
    state: &StateDir,
) -> Process {
    let engine = Engine::start_in(
        broker.clone(),
        rules.options(None),
        published(broker.log()),
        name,
        clock.clone(),
        Some(state),
    );
    let engine = engine.unwrap();
    let worker = engine.worker(0).unwrap();
    Process { engine, worker }
}

#[test]
fn a_worker_that_joins_gets_its_partitions_in_the_middle_of_a_restore() {
    let (log, rules) = counted();
    let broker = Slow::over(&log);
    let clock = Arc::new(ManualClock::new(0));
    let (own, other_state) = (StateDir::default(), StateDir::default());
    let mut first = start(&broker, &rules, "first", &clock, &own);
    let other: Rc<RefCell<Option<Process>>> = Rc::default();
    let mut slices = 0;
    slow::between({
        let (broker, clock, other) = (broker.clone(), clock.clone(), other.clone());
        move || {
            clock.advance(Duration::from_millis(100));
            slices += 1;
            if slices == 20 {
                let mut second = start(&broker, &Rules::new(&[]), "second", &clock, &other_state);
                second.worker.step().unwrap();
                *other.borrow_mut() = Some(second);
            }
        }
    });
    while other.borrow().is_none() {
        first.worker.step().unwrap();
    }
    let first_try = broker.taken();
    assert!((20 * slow::SLICE..ACCOUNTS / 2).contains(&first_try), "{first_try}: it was left in the middle");
    first.worker.step().unwrap();
    let mut second = other.take().unwrap();
    let alerts = |broker: &Arc<dyn Broker>| read(broker, "fraud_alerts").len();
    // The first is told nothing and does nothing meanwhile.
    for _ in 0..100 {
        second.worker.step().unwrap();
        clock.advance(Duration::from_millis(20));
    }
    let of_second = alerts(&log);
    assert!((100..500).contains(&of_second), "{of_second}: those of its partitions");
    broker.taken();
    while !first.engine.is_drained() {
        first.worker.step().unwrap();
        second.worker.step().unwrap();
        clock.advance(Duration::from_millis(20));
    }
    let again = broker.taken();
    assert!(again > 0);
    assert_eq!(alerts(&log), ACCOUNTS, "an alert for each account");
    let mut ids: Vec<_> =
        read(&log, "fraud_alerts").into_iter().map(|r| r.headers["alert.id"].clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), ACCOUNTS);
}

#[test]
fn a_restore_that_was_left_goes_on_where_it_was() {
    let (log, rules) = counted();
    let broker = Slow::over(&log);
    let clock = Arc::new(ManualClock::new(0));
    let state = StateDir::default();
    let mut first = start(&broker, &rules, "first", &clock, &state);
    let mut guests = Vec::new();
    let mut slices = 0;
    slow::between({
        let (broker, clock) = (broker.clone(), clock.clone());
        move || {
            clock.advance(Duration::from_millis(100));
            slices += 1;
            if slices == 20 {
                // It comes, and goes before it has got anything.
                let mut second = start(&broker, &Rules::new(&[]), "second", &clock, &StateDir::default());
                second.worker.step().unwrap();
                guests.push(second);
            } else if slices == 21 {
                guests.clear();
            }
        }
    });
    let mut reads = Vec::new();
    while !first.engine.is_drained() {
        first.worker.step().unwrap();
        clock.advance(Duration::from_millis(20));
        reads.push(broker.taken());
    }
    reads.retain(|read| *read > 0);
    let all: usize = reads.iter().sum();
    assert!(reads.len() > 1 && reads[0] < ACCOUNTS / 2, "it was left in the middle: {reads:?}");
    assert!(all < ACCOUNTS + 2 * slow::SLICE * 3, "nothing was read again: {reads:?}");
    assert_eq!(read(&log, "fraud_alerts").len(), ACCOUNTS);
}
