//! Compaction: of each key of a compacted topic the latest record stays.
//!
//! What enters: a partition. What leaves: the same chunks at the same offsets, without the records that a later
//! one of the same key replaces, so offsets keep their meaning and order, and gaps appear as in Kafka. What
//! holds:
//! - A record goes only after a later one of its key was committed; the newest stays, whatever happens between
//!   two writes. A pass that a crash cuts short is begun again and finds less to do.
//! - Memory is bounded by [`MOST_KEYS`]: where more keys were written since the last pass, a pass ends at the
//!   record before and the next goes on there, as Kafka's does.
//! - Tombstones stay for the time of [`Settings::delete_retention`](super::Settings) from the end of the first
//!   pass that has seen them, so that who reads along meanwhile misses none.
//! - Keys are told apart by 128 bits of two hashes with random seeds.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use fjall::Slice;

use super::chunk::{self, written_at};
use super::cleaner::Zeal;
use super::keys::{self, Cleaned, Ends};
use super::log::{Log, put_ends};
use super::storage::{Change, Direction, Table};
use crate::{Result, TopicPartition};

/// How many keys a pass remembers: a table of about 26 MB.
const MOST_KEYS: usize = 900_000;
/// Less than this many bytes since the last pass are not worth one.
const WORTH: u64 = 1024 * 1024;
/// What was written within this many milliseconds is left for the next pass: most readers follow the end.
const YOUNG: i64 = 60_000;
/// How many chunks one write replaces, and how many bytes of them are read for it.
const CHUNKS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 4 * 1024 * 1024;

/// The newest offset of each key.
struct Newest {
    seeds: [RandomState; 2],
    offsets: HashMap<(u64, u64), i64>,
    /// All records below were looked at.
    below: i64,
}

impl Newest {
    fn new(below: i64) -> Self {
        let seeds = [RandomState::new(), RandomState::new()];
        Self { seeds, offsets: HashMap::new(), below }
    }

    fn hash(&self, key: &[u8]) -> (u64, u64) {
        (self.seeds[0].hash_one(key), self.seeds[1].hash_one(key))
    }

    fn replaces(&self, key: &[u8], offset: i64) -> bool {
        self.offsets.get(&self.hash(key)).is_some_and(|newest| *newest > offset)
    }
}

/// What a pass over a partition has come to.
#[derive(Debug, Default)]
struct Rest {
    bytes: u64,
    tombstones: u64,
}

/// A pass over one partition.
struct Pass<'a> {
    log: &'a Log,
    number: u32,
    of: &'a TopicPartition,
    newest: Newest,
    /// Tombstones below may go.
    expired: i64,
}

impl Log {
    /// Compacts a partition where it is worth it.
    pub(super) fn compact(
        &self,
        number: u32,
        of: &TopicPartition,
        now: i64,
        zeal: Zeal,
        go_on: &dyn Fn() -> bool,
    ) -> Result<()> {
        while let Some(ends) = self.same_ends(number, of) {
            let cleaned = self.cleaned(number, of.partition)?;
            let kept = i64::try_from(self.settings.delete_retention.as_millis()).unwrap_or(i64::MAX);
            let expire = cleaned.tombstones > 0 && now.saturating_sub(cleaned.horizon_at) >= kept;
            let dirty = ends.bytes.saturating_sub(cleaned.bytes);
            let worth = match zeal {
                Zeal::Whole => cleaned.to < ends.end,
                _ => dirty >= WORTH && dirty >= cleaned.bytes,
            };
            if !worth && !expire {
                break;
            }
            let written_before = if zeal == Zeal::Whole { i64::MAX } else { now - YOUNG };
            let newest = self.newest(number, of, (cleaned.to, ends.end), written_before, go_on)?;
            if newest.below <= cleaned.to && !expire {
                break;
            }
            let expired = if expire { cleaned.horizon } else { i64::MIN };
            let pass = Pass { log: self, number, of, newest, expired };
            let Some(rest) = pass.run(ends, go_on)? else { break };
            let mut next = Cleaned { to: pass.newest.below, bytes: rest.bytes, ..cleaned };
            next.tombstones = rest.tombstones;
            if expire || cleaned.tombstones == 0 {
                (next.horizon, next.horizon_at) = (next.to, now);
            }
            let _writing = self.writing()?;
            if self.same_ends(number, of).is_none() {
                break;
            }
            self.write(vec![Change::Put(Table::Meta, keys::cleaned(number, of.partition), next.encode())])?;
        }
        Ok(())
    }

    fn cleaned(&self, number: u32, partition: i32) -> Result<Cleaned> {
        let stored = self.storage.get(Table::Meta, &keys::cleaned(number, partition))?;
        Ok(stored.as_deref().and_then(Cleaned::decode).unwrap_or_default())
    }

    /// The newest offsets of the keys written from `from` on, as many as fit.
    fn newest(
        &self,
        number: u32,
        of: &TopicPartition,
        (from, end): (i64, i64),
        written_before: i64,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Newest> {
        let mut newest = Newest::new(from);
        let mut next = from;
        loop {
            let chunks = self.some_chunks(number, of.partition, next, end)?;
            if chunks.is_empty() {
                newest.below = end;
            }
            for (base, bytes) in &chunks {
                if newest.offsets.len() >= MOST_KEYS || written_at(bytes) >= written_before || !go_on() {
                    return Ok(newest);
                }
                for record in chunk::records(*base, bytes) {
                    newest.below = record.offset + 1;
                    if let Some(key) = record.key {
                        let hash = newest.hash(key);
                        newest.offsets.insert(hash, record.offset);
                    }
                }
                next = base + 1;
            }
            if chunks.is_empty() {
                return Ok(newest);
            }
        }
    }

    /// The next chunks whose base lies from `from` to before `to`: one write's worth.
    fn some_chunks(&self, number: u32, partition: i32, from: i64, to: i64) -> Result<Vec<(i64, Slice)>> {
        let key = |offset| keys::chunk(number, partition, offset);
        let (mut chunks, mut bytes) = (Vec::new(), 0);
        self.storage.scan(Table::Log, &key(from), &key(to), Direction::Forward, &mut |key, value| {
            bytes += value.len();
            chunks.push((keys::base_of_chunk(key), value));
            chunks.len() < CHUNKS_AT_ONCE && bytes < BYTES_AT_ONCE
        })?;
        Ok(chunks)
    }
}

impl Pass<'_> {
    /// Goes over all chunks below what was looked at; None where it was cut short.
    fn run(&self, ends: Ends, go_on: &dyn Fn() -> bool) -> Result<Option<Rest>> {
        let (mut rest, mut next) = (Rest::default(), ends.lowest);
        loop {
            let chunks = self.log.some_chunks(self.number, self.of.partition, next, self.newest.below)?;
            let Some((last, _)) = chunks.last() else { return Ok(Some(rest)) };
            next = last + 1;
            let mut replaced = Vec::new();
            for (base, bytes) in &chunks {
                let kept = self.filter(*base, bytes, &mut rest);
                rest.bytes += kept.as_ref().map_or(bytes.len(), |kept| kept.len()) as u64;
                replaced.extend(kept.map(|kept| (*base, bytes.len(), kept)));
            }
            if !go_on() || !self.replace(replaced)? {
                return Ok(None);
            }
        }
    }

    /// The chunk without what is replaced, empty where nothing stays; None where all stays.
    fn filter(&self, base: i64, bytes: &Slice, rest: &mut Rest) -> Option<Slice> {
        let mut kept = chunk::Filtered::new(bytes);
        for record in chunk::records(base, bytes) {
            let below = record.offset < self.newest.below;
            let replaced = below && record.key.is_some_and(|key| self.newest.replaces(key, record.offset));
            if replaced || (record.tombstone && record.offset < self.expired) {
                kept.skip(&record);
            } else {
                rest.tombstones += u64::from(record.tombstone && below);
                kept.keep(&record);
            }
        }
        kept.finish()
    }

    /// Writes chunks anew, with the bytes of the partition; false where the topic is gone.
    fn replace(&self, chunks: Vec<(i64, usize, Slice)>) -> Result<bool> {
        let _writing = self.log.writing()?;
        let Some(mut ends) = self.log.same_ends(self.number, self.of) else { return Ok(false) };
        let mut changes = Vec::new();
        // What was deleted meanwhile stays so.
        for (base, before, kept) in chunks.into_iter().filter(|(base, _, _)| *base >= ends.lowest) {
            ends.bytes = (ends.bytes + kept.len() as u64).saturating_sub(before as u64);
            let key = keys::chunk(self.number, self.of.partition, base);
            changes.push(match kept.is_empty() {
                true => Change::Remove(Table::Log, key),
                false => Change::Put(Table::Log, key, kept),
            });
        }
        if !changes.is_empty() {
            changes.push(put_ends(self.number, self.of.partition, ends));
            self.log.write(changes)?;
            self.log.publish(&[(self.of.clone(), ends)]);
        }
        Ok(true)
    }
}
