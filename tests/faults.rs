//! Exactly once on a Kafka of three nodes, under faults: workers are killed, stopped for longer than their session
//! and let go on, added and taken away, nodes are killed, stopped and started again, all while transactions come at
//! a constant rate. At the end Kafka's own console consumer, which shares no code with this project, reads what is
//! committed: it is what plain Rust computes from what was produced, nothing lost and nothing doubled.
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
#[path = "faults/workers.rs"]
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, TopicSpec, kafka};
use load::Load;
use nodes::Nodes;
use progress::Progress;
use random::Random;
use workers::Workers;

/// How many faults a run has that nobody asks for more of.
const FAULTS: u64 = 50;
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
}

/// What a fault is in so many cases of a hundred.
const MIX: [(Fault, u64); 7] = [
    (Fault::KillWorker, 30),
    (Fault::Zombie, 15),
    (Fault::PauseWorker, 10),
    (Fault::AddWorker, 12),
    (Fault::RemoveWorker, 10),
    (Fault::KillNode, 13),
    (Fault::StopNode, 10),
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

#[test]
fn alerts_are_exact_over_faults_of_workers_and_nodes() {
    let Some(cluster) = servers::Cluster::start() else { return };
    let (seed, faults) = (setting("SEED").unwrap_or_else(random::seed), setting("FAULTS").unwrap_or(FAULTS));
    println!("SEED={seed} FAULTS={faults}");
    let kafka: Arc<dyn Broker> = kafka::Kafka::connect(cluster.bootstrap(), Default::default()).unwrap();
    kafka.create_topics(&topics()).unwrap();
    load::write_limits(&*kafka);
    let place = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut stage = Stage {
        workers: Workers::start(place.path(), cluster.bootstrap()),
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
    stage.workers.drain(&place.path().join("last"), LIMIT);
    let expected = committed::expected(stage.nodes.cluster(), sent);
    let found = committed::records(stage.nodes.cluster(), "fraud_alerts");
    println!(
        "{} faults {:?}, {} transactions, {} alerts, longest stall {:.1} s, {:.0} s in all",
        faults,
        stage.happened,
        expected.records,
        found.len(),
        stage.progress.longest_stall().as_secs_f32(),
        began.elapsed().as_secs_f32()
    );
    committed::compare(&found, &expected, || stage.workers.last_words());
}

fn topics() -> Vec<TopicSpec> {
    vec![
        TopicSpec::retained("transactions", load::PARTITIONS),
        TopicSpec::retained("fraud_alerts", load::PARTITIONS),
        TopicSpec::compacted("limits", load::PARTITIONS),
    ]
}
