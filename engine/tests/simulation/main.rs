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

use faults::Bug;
use trace::Counts;
use world::World;

/// Worlds of a run where nobody says otherwise.
const SEEDS: u64 = 100;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays a world and compares; the hash of what happened, and how often what did.
fn play(seed: u64, print: bool, bug: Option<Bug>) -> Result<(u64, Counts), String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let outcome = World::play(seed, print, bug)?;
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
                    match play(seed, false, None) {
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
        play(seed, true, None).unwrap();
    }
}

#[test]
fn a_seed_is_the_same_world_again() {
    for seed in 0..20 {
        assert_eq!(play(seed, false, None), play(seed, false, None), "seed {seed}");
    }
}

/// Worlds in which a planted bug has to be found.
const WITHIN: u64 = 2_000;

/// Plays worlds with something broken until one goes wrong.
fn is_found(bug: Bug) {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found =
        (0..WITHIN).find_map(|seed| play(seed, false, Some(bug)).err().map(|problem| (seed, problem)));
    std::panic::set_hook(quiet);
    let Some((seed, problem)) = found else { panic!("{bug:?} is not found in {WITHIN} worlds") };
    println!("{bug:?} is found in world {}: {}", seed + 1, problem.lines().next().unwrap_or_default());
}

macro_rules! planted {
    ($($name:ident: $bug:ident,)*) => {
        mod planted {
            $(#[test]
            fn $name() {
                super::is_found(super::Bug::$bug);
            })*
        }
    };
}

planted! {
    offsets_that_are_sent_too_early: OffsetsTooEarly,
    offsets_that_are_off_by_one: OffsetsOffByOne,
    a_part_of_a_checkpoint_that_is_lost: PartOfCheckpointLost,
    two_checkpoints_that_are_mixed: CheckpointsMixed,
    an_abort_without_a_rewind: NoRewind,
    a_restore_without_a_replay: NoReplay,
    a_replay_in_another_order_of_inputs: ReplayInAnotherOrder,
    a_stale_reload: StaleReload,
    a_purge_too_far: PurgeTooFar,
    a_pre_image_that_is_left_out: NoPreImage,
    a_checkpoint_of_a_zombie_that_is_not_fenced: ZombieNotFenced,
    a_change_of_a_broadcast_table_that_a_partition_misses: CopyLost,
}
