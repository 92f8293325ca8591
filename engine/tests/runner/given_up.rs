//! What a worker does that was given up in the middle of something, or fails in the middle of something: it goes on as
//! soon as it can, and nothing of the state is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{Broker, ManualClock, OffsetCommit, TopicPartition};
use engine::RuleSetTopic;
use engine::rule_set::RuleSet;
use engine::simulation::{Engine, StateDir};
use engine::sql::SourceFile;

use crate::meddler::{Meanwhile, Meddler, Trick};
use crate::support::{Rules, Running, SOURCES, drain, eventually, memory, produce, read};
use crate::{HIGH, VELOCITY, burst};

const CHANGELOG: &str = "streamguard-transactions-by-account_id-changelog";

/// Three payments of one account are counted and in a checkpoint.
fn counted() -> (Arc<dyn Broker>, Rules) {
    let (broker, rules) = (memory(), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, rules.options(None)).unwrap();
    (broker, rules)
}

/// A checkpoint that the local state has, of a store that was away for a version: it counts for nothing any more, and
/// nobody else has gone on with it either, so there is nobody to wait for.
#[test]
fn a_store_that_begins_anew_is_not_taken_for_one_that_others_went_on_with() {
    let state = tempfile::tempdir().unwrap();
    let (broker, rules) = (memory(), Rules::new(&[("10_high.sql", HIGH), ("20_velocity.sql", VELOCITY)]));
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, rules.options(Some(state.path()))).unwrap();
    std::fs::remove_file(rules.dir.path().join("20_velocity.sql")).unwrap();
    produce(&broker, &burst("B", &["t1"]));
    drain(&broker, rules.options(Some(state.path()))).unwrap();
    rules.write("20_velocity.sql", VELOCITY);
    produce(&broker, &burst("A", &["t4", "t5", "t6", "t7"]));
    let engine = Running::start(&broker, rules.options(Some(state.path())));
    eventually("an alert of the store that begins anew", || !read(&broker, "fraud_alerts").is_empty());
    engine.stop();
    assert_eq!(counts(&broker), ["4"]);
}

/// Where the group stands in the topic and the changelog.
fn offsets(broker: &Arc<dyn Broker>) -> Vec<OffsetCommit> {
    let of = |topic| (0..3).map(move |number| TopicPartition::new(topic, number));
    let partitions: Vec<_> = of("transactions").chain(of(CHANGELOG)).collect();
    broker.committed("streamguard", &partitions).unwrap().into_iter().flatten().collect()
}

/// The counts in the alerts.
fn counts(broker: &Arc<dyn Broker>) -> Vec<String> {
    let count = |value: &str| value.split("\"N\":").nth(1).unwrap().split(',').next().unwrap().to_owned();
    read(broker, "fraud_alerts").into_iter().map(|alert| count(&alert.value.unwrap())).collect()
}

#[test]
fn a_slow_workers_stale_look_at_the_group_does_not_end_its_process() {
    let (broker, rules) = counted();
    let old = offsets(&broker);
    produce(&broker, &burst("A", &["t4"]));
    drain(&broker, rules.options(None)).unwrap();
    produce(&broker, &burst("A", &["t5"]));
    let slow = Meddler::over(&broker);
    // The changelog has a checkpoint already that this does not tell of.
    slow.plan([Trick::OldOffsets(old)]);
    drain(&(slow.clone() as Arc<dyn Broker>), rules.options(None)).unwrap();
    assert!(slow.is_over());
    assert_eq!(counts(&broker), ["4", "5"]);
}

#[test]
fn records_that_a_new_owner_is_done_with_and_has_deleted_do_not_end_the_worker_that_was_given_up() {
    let (broker, rules) = counted();
    produce(&broker, &burst("A", &["t4"]));
    let slow = Meddler::over(&broker);
    slow.plan([Trick::Deleted { by_others: true }]);
    drain(&(slow.clone() as Arc<dyn Broker>), rules.options(None)).unwrap();
    assert!(slow.is_over());
    assert_eq!(counts(&broker), ["4"]);
}

#[test]
fn records_that_nobody_is_done_with_and_that_were_deleted_end_the_worker() {
    let (broker, rules) = counted();
    produce(&broker, &burst("A", &["t4"]));
    let log = Meddler::over(&broker);
    log.plan([Trick::Deleted { by_others: false }]);
    let outcome = drain(&(log.clone() as Arc<dyn Broker>), rules.options(None));
    assert!(outcome.is_err() && log.is_over(), "{outcome:?}");
}

/// Publishes these rules.
pub(crate) fn publish(log: &Arc<dyn Broker>, version: u64, rules: &[(&str, &str)]) -> RuleSet {
    let all = [("00_sources.sql", SOURCES)].into_iter().chain(rules.iter().copied());
    let files: Vec<_> = all.map(|(name, text)| SourceFile::new(name, text)).collect();
    let none = BTreeMap::new();
    let topic = RuleSetTopic {
        broker: &**log,
        clock: &broker::SystemClock,
        group: "streamguard",
        consumer_properties: &none,
        producer_properties: &none,
    };
    topic.publish(&files, version, "a test").unwrap()
}

/// The work is named by all that a task does: after the switch the checkpoint of the old work alone would count for
/// nothing as soon as the new one commits.
#[test]
fn a_switch_of_rules_that_fails_half_way_loses_no_state() {
    let (log, rules) = counted();
    let (broker, clock) = (Meddler::over(&log), Arc::new(ManualClock::new(0)));
    let options =
        || engine::Options { checkpoint_interval: Duration::from_secs(3_600), ..rules.options(None) };
    let start = |rules: &RuleSet| {
        Engine::start(broker.clone(), options(), rules.clone(), "first", clock.clone()).unwrap()
    };
    let drain_by_hand = |engine: &mut Engine, worker: &mut engine::simulation::Worker| {
        while !engine.is_drained() {
            worker.step().unwrap();
            clock.advance(Duration::from_millis(20));
        }
    };
    // What was drained has published the first version.
    let before = publish(&log, 1, &[("10_velocity.sql", VELOCITY)]);
    let mut engine = start(&before);
    let mut worker = engine.worker(0).unwrap();
    drain_by_hand(&mut engine, &mut worker);
    let after = publish(&log, 2, &[("10_velocity.sql", VELOCITY), ("20_high.sql", HIGH)]);
    engine.reload(after.clone()).unwrap();
    broker.plan([Trick::NoCheckpoint]);
    produce(&log, &burst("A", &["t4"]));
    drain_by_hand(&mut engine, &mut worker);
    assert!(broker.is_over(), "the checkpoint of the switch failed");
    assert_eq!(counts(&log), ["4"]);
    // It ends without another checkpoint.
    drop((worker, engine));
    produce(&log, &burst("A", &["t5"]));
    let mut engine = start(&after);
    let mut worker = engine.worker(0).unwrap();
    drain_by_hand(&mut engine, &mut worker);
    assert_eq!(counts(&log), ["4", "5"]);
}

/// The first try of a restore takes so long that the consumer is given nothing meanwhile, and fails; the second is short.
#[test]
fn a_restore_that_comes_about_at_the_second_try_gives_the_consumer_its_partitions() {
    let (log, rules) = counted();
    let (broker, clock) = (Meddler::over(&log), Arc::new(ManualClock::new(0)));
    let set = publish(&log, 1, &[("10_velocity.sql", VELOCITY)]);
    let options = engine::Options { checkpoint_interval: Duration::from_secs(3_600), ..rules.options(None) };
    let engine = Engine::start(broker.clone(), options, set, "first", clock.clone()).unwrap();
    let mut worker = engine.worker(0).unwrap();
    let mut work_until = |alerts: &[&str]| {
        while counts(&log).len() < alerts.len() {
            worker.step().unwrap();
            clock.advance(Duration::from_millis(20));
        }
        assert_eq!(counts(&log), alerts);
    };
    // It is in no checkpoint, so there is something to read behind the changelog, too.
    produce(&log, &burst("A", &["t4"]));
    work_until(&["4"]);
    broker.plan([Trick::NoPoll, Trick::SlowRead(clock.clone()), Trick::NoRead]);
    produce(&log, &burst("A", &["t5"]));
    work_until(&["4", "5"]);
    assert!(broker.is_over());
}

/// Somebody has taken the local state away from under the engine, so its last checkpoint does not fit on top of it.
#[test]
fn a_stop_while_the_local_state_is_behind_is_no_failure() {
    let (log, rules) = counted();
    let (clock, state) = (Arc::new(ManualClock::new(0)), StateDir::default());
    let set = publish(&log, 1, &[("10_velocity.sql", VELOCITY)]);
    let start = |group: &str| {
        let checkpoint_interval = Duration::from_secs(3_600);
        let memory = Some(1 << 20);
        let options = engine::Options {
            group: group.into(),
            checkpoint_interval,
            state_memory: memory,
            ..rules.options(None)
        };
        Engine::start_in(log.clone(), options, set.clone(), group, clock.clone(), Some(&state)).unwrap()
    };
    let drain_by_hand = |mut engine: Engine| {
        let mut worker = engine.worker(0).unwrap();
        while !engine.is_drained() {
            worker.step().unwrap();
            clock.advance(Duration::from_millis(20));
        }
        (engine, worker)
    };
    produce(&log, &burst("A", &["t4"]));
    let (engine, worker) = drain_by_hand(start("streamguard"));
    drop(drain_by_hand(start("another")));
    engine.stop();
    worker.finish().unwrap();
}

/// Both are at the same commit and read the same records, so the commits of both say the same but for who made them.
#[test]
fn a_commit_that_another_worker_made_of_the_same_records_is_not_taken_for_ones_own() {
    let (clock, rules) = (Arc::new(ManualClock::new(0)), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    let log: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
    let set = publish(&log, 0, &[("10_velocity.sql", VELOCITY)]);
    let slow_log = Meddler::over(&log);
    let start = |log: &Arc<dyn Broker>, name: &str| {
        Engine::start(log.clone(), rules.options(None), set.clone(), name, clock.clone()).unwrap()
    };
    let engine = start(&(slow_log.clone() as Arc<dyn Broker>), "slow");
    let mut slow = engine.worker(0).unwrap();
    let step = |worker: &mut engine::simulation::Worker, clock: &ManualClock| {
        worker.step().unwrap();
        clock.advance(Duration::from_millis(20));
    };
    produce(&log, &burst("A", &["t1", "t2", "t3"]));
    (0..50).for_each(|_| step(&mut slow, &clock));
    assert_eq!(engine.summary().records, 3);
    let other_engine = Arc::new(start(&log, "other"));
    let others = {
        let (other_engine, log, clock) = (other_engine.clone(), log.clone(), clock.clone());
        move || {
            // The group gives up who is silent for five minutes.
            clock.advance(Duration::from_secs(400));
            let mut other = other_engine.worker(0).unwrap();
            while counts(&log).is_empty() {
                step(&mut other, &clock);
            }
        }
    };
    slow_log.plan([Trick::NoCommit(Meanwhile(Box::new(others)))]);
    produce(&log, &burst("A", &["t4"]));
    (0..50).for_each(|_| step(&mut slow, &clock));
    assert!(slow_log.is_over());
    assert_eq!(counts(&log), ["4"]);
    assert_eq!((engine.summary().records, other_engine.summary().records), (3, 1));
}

/// It hears of the newer rules while it is on its way back, and takes rules over between two steps only.
#[test]
fn a_way_back_that_meets_newer_rules_ends_so_that_they_are_taken_over() {
    let (clock, rules) = (Arc::new(ManualClock::new(0)), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    let log: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
    let old = publish(&log, 0, &[("10_velocity.sql", VELOCITY)]);
    let new = publish(&log, 1, &[("10_velocity.sql", VELOCITY), ("20_high.sql", HIGH)]);
    let broker = Meddler::over(&log);
    let engine = Engine::start(broker.clone(), rules.options(None), old, "behind", clock.clone()).unwrap();
    let (mut worker, engine) = (engine.worker(0).unwrap(), Arc::new(engine));
    let step = |worker: &mut engine::simulation::Worker, clock: &ManualClock| {
        worker.step().unwrap();
        clock.advance(Duration::from_millis(20));
    };
    produce(&log, &burst("A", &["t1", "t2", "t3"]));
    (0..50).for_each(|_| step(&mut worker, &clock));
    let others = {
        let (engine, log, clock, options) = (engine.clone(), log.clone(), clock.clone(), rules.options(None));
        move || {
            engine.reload(new.clone()).unwrap();
            let other = Engine::start(log.clone(), options, new, "ahead", clock.clone()).unwrap();
            clock.advance(Duration::from_secs(400));
            let mut other = other.worker(0).unwrap();
            // It takes over what there is, and dies before it has done anything with it.
            let is_taken_over = |offset: &OffsetCommit| {
                offset.partition.topic.ends_with("-changelog") && offset.metadata.ends_with(" 2")
            };
            while !offsets(&log).iter().any(is_taken_over) {
                step(&mut other, &clock);
            }
        }
    };
    broker.plan([Trick::NoCommit(Meanwhile(Box::new(others)))]);
    produce(&log, &burst("A", &["t4"]));
    (0..50).for_each(|_| step(&mut worker, &clock));
    assert!(broker.is_over());
    clock.advance(Duration::from_secs(400));
    (0..50).for_each(|_| step(&mut worker, &clock));
    assert_eq!(counts(&log), ["4"]);
}
