//! Exactly once on a Kafka of three nodes, under faults: workers are killed, stopped for longer than their session
//! and let go on, added and taken away, nodes are killed, stopped and started again, rules are edited whoever is dead
//! then, all while transactions come at a constant rate. At the end Kafka's own console consumer, which shares no code
//! with this project, reads what is committed: it is what plain Rust computes from what was produced, nothing lost and
//! nothing doubled. A shorter run is at least once: nothing is lost, and what is doubled is the same alert, with the
//! same id.
//!
//! `FAULTS=1000` is the long mode, `SEED=n` repeats a sequence of faults (not the moment at which each hits),
//! `FAULTS_KEEP=DIR` keeps the workers' logs.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "faults/committed.rs"]
mod committed;
#[path = "faults/load.rs"]
mod load;
#[path = "faults/nodes.rs"]
mod nodes;
#[path = "faults/progress.rs"]
mod progress;
#[path = "faults/random.rs"]
mod random;
#[path = "faults/repeated.rs"]
mod repeated;
#[path = "faults/workers.rs"]
mod workers;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use broker::{Broker, TopicSpec, kafka};
use load::Load;
use nodes::Nodes;
use progress::Progress;
use random::Random;
use workers::Workers;

/// How many faults a run has that nobody asks for more of.
const FAULTS: u64 = 50;
/// The same for a run that is at least once.
const FEW_FAULTS: u64 = 10;
/// The longest time without progress that is not a failure. What can add up: a transaction that nobody ends (10 s), a
/// session, two nodes that come up on a slow machine.
const STALL: Duration = Duration::from_secs(120);
/// A fault waits for progress since the one before, but not longer than this.
const PATIENCE: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(240);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    KillWorker,
    Zombie,
    PauseWorker,
    AddWorker,
    RemoveWorker,
    KillNode,
    StopNode,
    EditRules,
}

/// What a fault is in so many cases of a hundred.
const MIX: [(Fault, u64); 8] = [
    (Fault::KillWorker, 25),
    (Fault::Zombie, 13),
    (Fault::PauseWorker, 8),
    (Fault::AddWorker, 12),
    (Fault::RemoveWorker, 9),
    (Fault::KillNode, 10),
    (Fault::StopNode, 8),
    (Fault::EditRules, 15),
];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// What runs, and what happens to it.
struct Stage {
    /// Dropped first: it asks the nodes.
    progress: Progress,
    workers: Workers,
    nodes: Nodes,
    random: Random,
    happened: BTreeMap<Fault, u32>,
}

impl Stage {
    /// Lets what is due happen: a stopped process goes on, a killed one starts again. Whoever ended by itself, or
    /// nothing done for long, is a failure.
    fn tend(&mut self) {
        self.workers.tend();
        self.nodes.tend();
        let stalled = self.progress.stalled();
        assert!(stalled < STALL, "no progress for {} s\n{}", stalled.as_secs(), self.workers.last_words());
    }

    fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.tend();
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Something that can happen now.
    fn strike(&mut self) -> Fault {
        loop {
            let mut point = self.random.below(100);
            let fault = MIX.iter().find(|(_, share)| point.checked_sub(*share).map(|p| point = p).is_none());
            let fault = fault.map_or(Fault::KillWorker, |(fault, _)| *fault);
            let random = &mut self.random;
            let done = match fault {
                Fault::KillWorker => self.workers.kill(random),
                Fault::Zombie => self.workers.stop(random, workers::SESSION + Duration::from_secs(2)),
                Fault::PauseWorker => self.workers.stop(random, workers::SESSION / 2),
                Fault::AddWorker => self.workers.add(random),
                Fault::RemoveWorker => self.workers.remove(random),
                Fault::KillNode => self.nodes.kill(random),
                Fault::StopNode => self.nodes.stop(random),
                Fault::EditRules => self.workers.edit(),
            };
            if done {
                *self.happened.entry(fault).or_default() += 1;
                return fault;
            }
        }
    }

    /// So many faults, each once there was progress since the one before.
    fn rage(&mut self, faults: u64) {
        let began = Instant::now();
        for number in 1..=faults {
            let before = self.progress.seen();
            let fault = self.strike();
            let gap = Duration::from_millis(500 + self.random.below(4_000));
            self.wait(gap);
            let until = Instant::now() + PATIENCE;
            while self.progress.seen() == before && Instant::now() < until {
                self.wait(Duration::from_millis(100));
            }
            println!(
                "{:5.1} s  fault {number:4} {fault:?}: {} workers, {} committed",
                began.elapsed().as_secs_f32(),
                self.workers.running(),
                self.progress.seen()
            );
        }
    }
}

/// One run at a time: each has three nodes of its own, and several workers.
static TURN: Mutex<()> = Mutex::new(());

/// What a run is of.
struct Play {
    rules: Vec<(&'static str, &'static str)>,
    guarantee: &'static str,
    faults: u64,
}

impl Play {
    /// Runs it in `place`, and drains what is left: the stage, and how many transactions were sent. None where there is
    /// no Kafka.
    fn run(&self, place: &Path) -> Option<(Stage, u64)> {
        let cluster = servers::Cluster::start()?;
        let (seed, faults) = (setting("SEED").unwrap_or_else(random::seed), self.faults);
        println!("SEED={seed} FAULTS={faults}, {}", self.guarantee);
        let kafka: Arc<dyn Broker> = kafka::Kafka::connect(cluster.bootstrap(), Default::default()).unwrap();
        kafka.create_topics(&topics()).unwrap();
        load::write_limits(&*kafka);
        let mut stage = Stage {
            workers: Workers::start(place, cluster.bootstrap(), &self.rules, self.guarantee),
            progress: Progress::watch(&kafka),
            nodes: Nodes::new(cluster),
            random: Random(seed),
            happened: BTreeMap::new(),
        };
        let load = Load::start(&kafka, seed);
        let at_work = Instant::now() + LIMIT;
        while stage.progress.seen() == 0 {
            assert!(Instant::now() < at_work, "nothing is committed\n{}", stage.workers.last_words());
            stage.wait(Duration::from_millis(100));
        }
        stage.rage(faults);
        stage.workers.settle();
        stage.nodes.settle();
        let sent = load.end();
        stage.progress.await_total(sent, LIMIT, || stage.workers.last_words());
        stage.workers.end();
        stage.workers.drain(&place.join("last"), LIMIT);
        Some((stage, sent))
    }
}

#[test]
fn alerts_are_exact_over_faults_of_workers_and_nodes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = setting("FAULTS").unwrap_or(FAULTS);
    let play = Play { rules: load::RULES.to_vec(), guarantee: "exactly-once", faults };
    let (place, began) = (tempfile::tempdir().unwrap(), Instant::now());
    let Some((stage, sent)) = play.run(place.path()) else { return };
    let expected = committed::expected(stage.nodes.cluster(), sent);
    let found = committed::records(stage.nodes.cluster(), "fraud_alerts", expected.alerts.len());
    stage.sum_up(faults, expected.records, found.len(), began);
    committed::compare(&found, &expected, || stage.workers.last_words());
}

#[test]
fn alerts_at_least_once_are_lost_by_no_fault_and_repeated_under_their_id() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = setting("FAULTS").unwrap_or(FEW_FAULTS);
    let play = Play { rules: load::rules_that_may_repeat(), guarantee: "at-least-once", faults };
    let (place, began) = (tempfile::tempdir().unwrap(), Instant::now());
    let Some((stage, sent)) = play.run(place.path()) else { return };
    let expected = committed::expected(stage.nodes.cluster(), sent);
    let found = committed::records(stage.nodes.cluster(), "fraud_alerts", expected.alerts.len());
    stage.sum_up(faults, expected.records, found.len(), began);
    let repeated = repeated::compare(&found, &expected, || stage.workers.last_words());
    println!("{repeated} alerts were written again");
}

impl Stage {
    fn sum_up(&self, faults: u64, transactions: u64, alerts: usize, began: Instant) {
        println!(
            "{faults} faults {:?}, {transactions} transactions, {alerts} alerts, longest stall {:.1} s, {:.0} s in all",
            self.happened,
            self.progress.longest_stall().as_secs_f32(),
            began.elapsed().as_secs_f32()
        );
    }
}

fn topics() -> Vec<TopicSpec> {
    vec![
        TopicSpec::retained("transactions", load::PARTITIONS),
        TopicSpec::retained("fraud_alerts", load::PARTITIONS),
        TopicSpec::compacted("limits", load::PARTITIONS),
    ]
}
