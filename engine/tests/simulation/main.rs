//! The runner under a seeded schedule: the same code as in production, without threads and in virtual time, on a
//! log that fails in all the ways in which Kafka does. What is committed in the end is compared with an oracle.
//!
//! `SEEDS=100000 cargo test -p engine --test simulation --release seeds` plays that many worlds, `FROM=` says where
//! to begin; `SEED=7 cargo test -p engine --test simulation one_seed -- --nocapture` tells what happens in one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod input;
mod oracle;
mod output;
mod random;
mod rules;
mod trace;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use trace::Counts;
use world::World;

/// Worlds of a run where nobody says otherwise.
const SEEDS: u64 = 100;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays a world and compares; the hash of what happened, and how often what did.
fn play(seed: u64, print: bool) -> Result<(u64, Counts), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let outcome = World::play(seed, print)?;
        oracle::check(&outcome).map(|()| (outcome.hash, outcome.counts))
    }));
    let outcome = outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default())
    });
    outcome.map_err(|problem| {
        format!(
            "seed {seed}: {problem}\nto see it again: SEED={seed} cargo test -p engine --test simulation one_seed -- --nocapture"
        )
    })
}

/// Plays worlds on as many threads as there are; those that went wrong.
fn play_all(from: u64, count: u64) -> (Vec<String>, Counts) {
    let (next, failed, total) = (AtomicU64::new(from), Mutex::new(Vec::new()), Mutex::new(Counts::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from + count || failed.lock().unwrap().len() >= 20 {
                        break;
                    }
                    match play(seed, false) {
                        Ok((_, counts)) => {
                            let mut total = total.lock().unwrap();
                            counts.iter().for_each(|(what, n)| *total.entry(what).or_default() += n);
                        }
                        Err(problem) => {
                            println!("{problem}");
                            failed.lock().unwrap().push(problem);
                        }
                    }
                }
            });
        }
    });
    (failed.into_inner().unwrap(), total.into_inner().unwrap())
}

#[test]
fn seeds() {
    let (from, count) = (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS));
    let started = std::time::Instant::now();
    let (failed, counts) = play_all(from, count);
    println!("{count} worlds from {from} in {:.1} s: {counts:?}", started.elapsed().as_secs_f64());
    assert!(failed.is_empty(), "{} went wrong:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn one_seed() {
    if let Some(seed) = number("SEED") {
        play(seed, true).unwrap();
    }
}

#[test]
fn a_seed_is_the_same_world_again() {
    for seed in 0..20 {
        assert_eq!(play(seed, false), play(seed, false), "seed {seed}");
    }
}
