//! What is past its bound goes, and compacted topics are compacted: now and then, in the background.
//!
//! What enters: the log and the time. What holds: each step takes the log's writing lock for one bounded write,
//! so no commit waits for a whole pass; a pass that is cut short by the end of the process is begun again.
//!
//! Time counts from when a record was written, never by its own timestamp, and no record is deleted by time
//! within the first [`GRACE`] after opening: who comes back after a long time can read what it had left.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::keys::{self, Ends};
use super::log::{Log, lock, put_ends};
use super::storage::{Change, Direction, Table};
use crate::{Cleanup, ErrorKind, Result, TopicPartition};

/// How often there is a pass.
const INTERVAL: Duration = Duration::from_secs(10);
/// After opening, before anything is deleted by time.
const GRACE: Duration = Duration::from_secs(300);
/// How many chunks one look for old ones passes over.
const LOOKED_AT: usize = 1000;
/// How many chunks one write of a deletion removes.
const REMOVED_AT_ONCE: usize = 1000;

/// How much a pass does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeal {
    /// Nothing is deleted by time yet, and compacted is what is worth it.
    Early,
    /// Compacted is what is worth it.
    Due,
    /// All that there is to do.
    Whole,
}

/// One partition as a pass takes it up.
struct Place {
    of: TopicPartition,
    number: u32,
    cleanup: Cleanup,
}

/// Starts the thread.
pub(super) fn start(log: &Arc<Log>) -> Result<()> {
    let weak = Arc::downgrade(log);
    let run = move || {
        let opened = Instant::now();
        while let Some(done) = pass(&weak, opened) {
            if let Err(e) = done {
                tracing::warn!(error = %e, "old records could not be cleaned up; trying again");
            }
            std::thread::sleep(INTERVAL);
        }
    };
    std::thread::Builder::new()
        .name("broker-clean".to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|e| log.error(ErrorKind::Fatal, "starting", format!("no thread for cleaning up: {e}")))
}

/// None when there is no more use in it.
fn pass(log: &Weak<Log>, opened: Instant) -> Option<Result<()>> {
    let log = log.upgrade()?;
    let zeal = if opened.elapsed() < GRACE { Zeal::Early } else { Zeal::Due };
    // Nobody else has the log: it is about to be closed.
    Some(log.clean_up(zeal, &|| Arc::strong_count(&log) > 1))
}

impl Log {
    /// One pass over all partitions, for as long as `go_on` says so.
    pub(super) fn clean_up(&self, zeal: Zeal, go_on: &dyn Fn() -> bool) -> Result<()> {
        let _alone = lock(&self.cleaning);
        let now = self.clock.wall();
        self.forget_deleted_topics()?;
        for place in self.places() {
            if !go_on() {
                return Ok(());
            }
            if place.cleanup.retains() {
                if zeal != Zeal::Early {
                    self.expire(&place, now)?;
                }
                while go_on() && self.shrink(&place)? {}
                while go_on() && self.sweep(place.number, &place.of)? {}
            }
            if place.cleanup.compacts() {
                self.compact(place.number, &place.of, now, zeal, go_on)?;
            }
        }
        Ok(())
    }

    fn places(&self) -> Vec<Place> {
        let state = self.state();
        let partitions = state.topics.iter().flat_map(|(name, topic)| {
            (0..topic.spec.partitions).map(|partition| Place {
                of: TopicPartition { topic: name.clone(), partition },
                number: topic.number,
                cleanup: topic.spec.cleanup,
            })
        });
        partitions.collect()
    }

    /// The ends of a partition, if it is still the same topic's.
    pub(super) fn same_ends(&self, number: u32, of: &TopicPartition) -> Option<Ends> {
        self.state().ends(of).filter(|(n, _)| *n == number).map(|(_, ends)| ends)
    }

    /// Moves the start of a partition past what was written too long ago.
    fn expire(&self, place: &Place, now: i64) -> Result<()> {
        let Some(kept) = self.settings.retention else { return Ok(()) };
        let oldest = now.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        loop {
            let Some(ends) = self.same_ends(place.number, &place.of) else { return Ok(()) };
            let start = self.first_since(place, ends, oldest)?;
            if start <= ends.start {
                return Ok(());
            }
            if !self.move_start(place, start)? {
                return Ok(());
            }
            while self.sweep(place.number, &place.of)? {}
        }
    }

    /// False where the topic is gone.
    fn move_start(&self, place: &Place, start: i64) -> Result<bool> {
        let _writing = self.writing()?;
        let Some(mut ends) = self.same_ends(place.number, &place.of) else { return Ok(false) };
        ends.start = ends.start.max(start);
        self.write(vec![put_ends(place.number, place.of.partition, ends)])?;
        self.publish(&[(place.of.clone(), ends)]);
        Ok(true)
    }

    /// The first offset of a chunk that was written at `oldest` or later, among the next ones; the end where all
    /// are older.
    fn first_since(&self, place: &Place, ends: Ends, oldest: i64) -> Result<i64> {
        let key = |offset| keys::chunk(place.number, place.of.partition, offset);
        let (mut first, mut seen) = (None, 0);
        let (from, to) = (key(ends.lowest), key(ends.end));
        self.storage.scan(Table::Log, &from, &to, Direction::Forward, &mut |key, value| {
            seen += 1;
            let young = super::chunk::written_at(&value) >= oldest;
            first = (young || seen > LOOKED_AT).then(|| keys::base_of_chunk(key));
            first.is_none()
        })?;
        Ok(first.unwrap_or(ends.end))
    }

    /// Drops some of what is past a partition's bound of size; true where there is more.
    fn shrink(&self, place: &Place) -> Result<bool> {
        let _writing = self.writing()?;
        let Some(mut ends) = self.same_ends(place.number, &place.of) else { return Ok(false) };
        let mut changes = Vec::new();
        self.bound(place.number, &place.of, &mut ends, &mut changes)?;
        if changes.is_empty() {
            return Ok(false);
        }
        changes.push(put_ends(place.number, place.of.partition, ends));
        self.write(changes)?;
        self.publish(&[(place.of.clone(), ends)]);
        Ok(true)
    }

    /// Ends the deletions of topics that a crash has cut short.
    fn forget_deleted_topics(&self) -> Result<()> {
        let mut numbers = Vec::new();
        let (from, to) = (keys::DELETED, keys::DELETED_END);
        self.storage.scan(Table::Meta, from, to, Direction::Forward, &mut |key, _| {
            numbers.extend(key.last_chunk::<4>().map(|number| u32::from_be_bytes(*number)));
            true
        })?;
        numbers.into_iter().try_for_each(|number| self.remove_chunks(number))
    }

    /// Removes what is left of a topic that nothing names any more.
    pub(super) fn remove_chunks(&self, topic: u32) -> Result<()> {
        let (from, to) = (keys::chunk(topic, 0, 0), keys::chunk(topic + 1, 0, 0));
        loop {
            let _writing = self.writing()?;
            let mut changes = Vec::new();
            self.storage.scan_sizes(Table::Log, &from, &to, &mut |key, _| {
                changes.push(Change::Remove(Table::Log, key.to_vec()));
                changes.len() < REMOVED_AT_ONCE
            })?;
            let last = changes.len() < REMOVED_AT_ONCE;
            if last {
                changes.push(Change::Remove(Table::Meta, keys::deleted(topic)));
            }
            self.write(changes)?;
            if last {
                return Ok(());
            }
        }
    }
}
