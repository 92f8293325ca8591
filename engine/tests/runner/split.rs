//! A task with two inputs of which one is another member's: it waits, whatever happens to its worker meanwhile, and
//! begins where the commits of its inputs stand once it has both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, Consumer, ConsumerConfig, ManualClock, Poll, ProducerConfig, TopicSpec, partition_for_key,
};
use engine::Options;
use engine::simulation::{Engine, StateDir, Worker};

use crate::given_up::publish;
use crate::joins::{ENRICHED, PROFILES, key, profile, put};
use crate::support::{Rules, produce, read};
use crate::{MINUTE, VELOCITY};

const ACCOUNTS: usize = 12;

struct World {
    clock: Arc<ManualClock>,
    log: Arc<dyn Broker>,
    engine: Engine,
    worker: Worker,
    /// A member that reads the profiles alone, and does nothing with them.
    guest: Option<Box<dyn Consumer>>,
    /// The numbers of the partitions that it has.
    guests: Vec<i32>,
    rounds: usize,
}

impl World {
    /// Three payments of every account are counted.
    fn new(memory: Option<usize>) -> Self {
        let clock = Arc::new(ManualClock::new(1_000_000));
        let log: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
        log.create_topics(&["transactions", "profiles"].map(|name| TopicSpec::retained(name, 3))).unwrap();
        let profiles: Vec<_> = (0..ACCOUNTS).map(|i| profile(&format!("A{i}"), "gold", 1)).collect();
        put(&log, "profiles", &profiles);
        let options = Options { state_memory: memory, ..Rules::new(&[]).options(None) };
        let (set, state) = (publish(&log, 0, &rules(VELOCITY)), StateDir::default());
        let engine =
            Engine::start_in(log.clone(), options, set, "first", clock.clone(), Some(&state)).unwrap();
        let worker = engine.worker(0).unwrap();
        let mut world = Self { clock, log, engine, worker, guest: None, guests: Vec::new(), rounds: 0 };
        (0..3).for_each(|_| world.pay());
        world.drain();
        world
    }

    /// A payment of every account.
    fn pay(&mut self) {
        self.rounds += 1;
        let names: Vec<_> =
            (0..ACCOUNTS).map(|i| (format!("A{i}"), format!("t{}-{i}", self.rounds))).collect();
        let at = MINUTE + self.rounds as i64;
        let rows: Vec<_> = names.iter().map(|(a, t)| (a.as_str(), t.as_str(), "10.50", "m", at)).collect();
        produce(&self.log, &rows);
    }

    /// The engine and the guest do what they have to for a while.
    fn work(&mut self) {
        let mut batch = Batch::new();
        for _ in 0..100 {
            self.worker.step().unwrap();
            if let Some(guest) = &mut self.guest {
                match guest.poll(&mut batch, Duration::ZERO).unwrap() {
                    Poll::Revoke { partitions, .. } => guest.unassign(&partitions).unwrap(),
                    // It takes what it is given, and reads none of it.
                    Poll::Assign(given) => self.guests = given.iter().map(|p| p.partition).collect(),
                    Poll::Records | Poll::Idle => {}
                }
            }
            self.clock.advance(Duration::from_millis(20));
        }
    }

    fn guest_comes(&mut self) {
        let config = ConsumerConfig { group: Some("streamguard".into()), ..ConsumerConfig::default() };
        let mut guest = self.log.consumer(&config).unwrap();
        guest.subscribe(&["profiles".into()]).unwrap();
        self.guest = Some(guest);
        self.work();
        assert!(
            (1..3).contains(&self.guests.len()),
            "the guest has some and the worker others: {:?}",
            self.guests
        );
    }

    fn guest_goes(&mut self) {
        self.guest.take().unwrap().close().unwrap();
        self.work();
    }

    fn drain(&mut self) {
        let mut rounds = 0;
        while !self.engine.is_drained() {
            self.work();
            rounds += 1;
            assert!(rounds < 100, "the engine does not come to the end of its inputs");
        }
    }

    /// The counts in the alerts of each account, in order.
    fn counts(&self) -> BTreeMap<String, Vec<i64>> {
        let mut counts = BTreeMap::<String, Vec<i64>>::new();
        for alert in read(&self.log, "fraud_alerts") {
            let value = alert.value.clone().unwrap();
            let n = value.split("\"N\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
            // Behind the key is its window.
            let bytes = alert.key.as_ref().unwrap();
            let account = String::from_utf8(bytes[..bytes.len() - 8].to_vec()).unwrap();
            counts.entry(account).or_default().push(n);
        }
        counts.values_mut().for_each(|counts| counts.sort_unstable());
        counts
    }

    /// The accounts with these counts where the engine has all of the task, and those where the guest has a part of it.
    fn wanted(&self, whole: &[i64], split: &[i64]) -> BTreeMap<String, Vec<i64>> {
        let of = |i: usize| {
            let account = format!("A{i}");
            let is_split = self.guests.contains(&partition_for_key(account.as_bytes(), 3));
            (account, if is_split { split } else { whole }.to_vec())
        };
        (0..ACCOUNTS).map(of).filter(|(_, counts)| !counts.is_empty()).collect()
    }

    /// Every payment has met its profile, once.
    fn all_are_enriched(&self) {
        let rows = read(&self.log, "ENRICHED");
        assert_eq!(rows.len(), ACCOUNTS * self.rounds);
        assert!(rows.iter().all(|row| row.value.as_ref().unwrap().contains("gold")), "{rows:?}");
        let mut payments: Vec<_> = rows.iter().map(|row| (key(row), row.value.clone())).collect();
        payments.sort();
        payments.dedup();
        assert_eq!(payments.len(), rows.len());
    }
}

fn rules(velocity: &str) -> [(&str, &str); 3] {
    [("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED), ("30_velocity.sql", velocity)]
}

#[test]
fn rules_that_change_while_a_tasks_inputs_are_apart_find_what_was_counted_before() {
    for memory in [None, Some(1 << 20)] {
        let mut world = World::new(memory);
        assert_eq!(world.counts(), BTreeMap::new());
        world.guest_comes();
        world.pay();
        world.work();
        assert_eq!(world.counts(), world.wanted(&[4], &[]), "a task waits for its other input");
        let edited = VELOCITY.replace("> 3", "> 4");
        let set = publish(&world.log, 1, &rules(&edited));
        world.engine.reload(set).unwrap();
        world.work();
        world.pay();
        world.work();
        assert_eq!(world.counts(), world.wanted(&[4, 5], &[]), "it still does");
        world.guest_goes();
        world.drain();
        // The fourth is counted by the new rules there.
        assert_eq!(world.counts(), world.wanted(&[4, 5], &[5]));
        world.all_are_enriched();
    }
}

#[test]
fn a_worker_that_joins_anew_while_a_tasks_inputs_are_apart_goes_on_with_it_once_it_has_them() {
    for memory in [None, Some(1 << 20)] {
        let mut world = World::new(memory);
        world.guest_comes();
        world.pay();
        world.work();
        assert_eq!(world.counts(), world.wanted(&[4], &[]));
        // A later life of its name: the worker is fenced, and has to begin as if just started.
        let id = Some("streamguard-first-0".to_owned());
        let fence = ProducerConfig { transactional_id: id, ..ProducerConfig::default() };
        drop(world.log.producer(&fence).unwrap());
        world.pay();
        world.work();
        // It has joined once more, so others may be the guest's now.
        let counts = world.counts();
        let waiting = (0..ACCOUNTS).filter(|i| counts.get(&format!("A{i}")) != Some(&vec![4, 5])).count();
        assert!(waiting > 0, "{counts:?}");
        world.guest_goes();
        world.drain();
        assert_eq!(world.counts(), world.wanted(&[4, 5], &[4, 5]));
        world.all_are_enriched();
    }
}
