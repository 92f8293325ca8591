//! Whether the engine gets on: the group's committed offsets, asked again and again on a thread of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use broker::{Broker, TopicPartition};

use crate::load::PARTITIONS;
use crate::workers::GROUP;

struct State {
    /// The committed offsets of all partitions of `transactions` together.
    seen: AtomicU64,
    stop: AtomicBool,
    /// When they moved last, and the longest time in which they did not.
    moved: Mutex<(Instant, Duration)>,
}

pub(crate) struct Progress {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn watch(kafka: &Arc<dyn Broker>) -> Self {
        let state = Arc::new(State {
            seen: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            moved: Mutex::new((Instant::now(), Duration::ZERO)),
        });
        let (watched, kafka) = (state.clone(), kafka.clone());
        let thread = std::thread::spawn(move || look(&watched, &*kafka));
        Self { state, thread: Some(thread) }
    }

    pub(crate) fn seen(&self) -> u64 {
        self.state.seen.load(Ordering::SeqCst)
    }

    /// Since when there was no progress.
    pub(crate) fn stalled(&self) -> Duration {
        self.state.moved.lock().unwrap().0.elapsed()
    }

    pub(crate) fn longest_stall(&self) -> Duration {
        self.state.moved.lock().unwrap().1
    }

    /// Waits until so many transactions are committed. Nothing else is in their topic: the load writes no markers.
    pub(crate) fn await_total(&self, total: u64, limit: Duration, words: impl Fn() -> String) {
        let until = Instant::now() + limit;
        while self.seen() < total {
            let at = self.seen();
            assert!(Instant::now() < until, "{at} of {total} are committed\n{}", words());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn look(state: &State, kafka: &dyn Broker) {
    let mut offsets = [0; PARTITIONS as usize];
    while !state.stop.load(Ordering::SeqCst) {
        for (partition, offset) in (0..).zip(&mut offsets) {
            // One by one: each is unstable while a transaction that commits it is pending. An error means to look
            // again: nodes are away now and then.
            match kafka.committed(GROUP, &[TopicPartition::new("transactions", partition)]) {
                Ok(committed) => *offset = committed.iter().flatten().map(|c| c.offset as u64).sum(),
                Err(error) => println!("partition {partition}: {error}"),
            }
        }
        let sum = offsets.iter().sum();
        let before = state.seen.swap(sum, Ordering::SeqCst);
        let mut moved = state.moved.lock().unwrap();
        if before != sum {
            // The start is not a stall.
            if before != 0 {
                moved.1 = moved.1.max(moved.0.elapsed());
            }
            moved.0 = Instant::now();
        }
        drop(moved);
        std::thread::sleep(Duration::from_millis(200));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
