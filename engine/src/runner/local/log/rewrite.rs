//! Writes a file anew, without what was replaced or is gone.
//!
//! What holds: memory is bounded, whatever the number of keys: they are taken in parts by their hash, each with two
//! looks at the file, one for where a key's last record lies and one to take it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::Result;

use hashbrown::HashMap;

use super::file::LogFile;
use super::frame::Records;

/// How many records of a file make a part: some megabytes of table.
const PART: u64 = 64 << 10;

/// See the module.
pub(super) fn rewrite(log: &mut LogFile) -> Result<()> {
    let mut new = log.successor()?;
    match copy(log, &mut new) {
        Ok(()) => new.replace(log),
        Err(error) => new.clear().and(Err(error)),
    }
}

fn copy(log: &LogFile, new: &mut LogFile) -> Result<()> {
    let parts = log.marked_records().div_ceil(PART).max(1);
    // Two keys with one hash would be one; by hashes that nobody can know, of 128 bits, there are none.
    let hashers = [RandomState::new(), RandomState::new()];
    let hash = |key: &[u8]| hashers.each_ref().map(|hasher| hasher.hash_one(key));
    let mut records = Records::default();
    for part in 0..parts {
        let mut last = HashMap::<[u64; 2], u64>::new();
        each(log, &mut |at, key, _| {
            let hash = hash(key);
            if hash[0] % parts == part {
                last.insert(hash, at);
            }
            Ok(())
        })?;
        each(log, &mut |at, key, value| {
            let hash = hash(key);
            let is_last = hash[0] % parts == part && last.get(&hash) == Some(&at);
            if is_last && value.is_some() && records.push(key, value) {
                return new.append(&mut records);
            }
            Ok(())
        })?;
    }
    new.append(&mut records)
}

/// Takes a record's number, its key and its value.
type Numbered<'v> = dyn FnMut(u64, &[u8], Option<&[u8]>) -> Result<()> + 'v;

/// Visits the records that count.
fn each(log: &LogFile, visit: &mut Numbered<'_>) -> Result<()> {
    let Some(frames) = log.frames()? else { return Ok(()) };
    let (mut at, mut outcome) = (0, Ok(()));
    frames.visit(&mut |key, value| {
        outcome = visit(at, key, value);
        at += 1;
        outcome.is_ok()
    })?;
    outcome
}
