//! Ways to break the runtime, one at a time, to see that the simulation notices.
//!
//! Each is planted where the engine speaks with the log: what a broken engine would send or ask for is what is sent and
//! asked for. So nothing of it is in the engine, and no setting reaches it.

use std::collections::BTreeMap;

use broker::{GroupMetadata, OffsetCommit};

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Positions are committed before the outputs that belong to them.
    OffsetsTooEarly,
    /// Positions are one too high.
    OffsetsOffByOne,
    /// Now and then a changed key is not in its checkpoint.
    PartOfCheckpointLost,
    /// What a checkpoint held that came to nothing gets into the next one.
    CheckpointsMixed,
    /// After a failure the input is read on from where it was.
    NoRewind,
    /// After a restore the streams behind the checkpoint are not taken once more.
    NoReplay,
    /// They are taken in another order than the first time.
    ReplayInAnotherOrder,
    /// A process goes on with the old rules.
    StaleReload,
    /// A topic of ours is trimmed past what a restore needs.
    PurgeTooFar,
    /// A checkpoint is written although its worker was given up.
    ZombieNotFenced,
    /// A checkpoint holds what keys became after its commit.
    NoPreImage,
    /// Now and then a change of a broadcast table does not come to one of the partitions.
    CopyLost,
}

/// What a broken engine remembers.
#[derive(Default)]
pub(super) struct Memory {
    /// Records of checkpoints that came to nothing, by transactional id.
    pub(super) failed: BTreeMap<String, Vec<Kept>>,
    /// What ended the last checkpoint in each changelog partition.
    pub(super) marks: BTreeMap<(String, i32), Vec<u8>>,
    /// The newest membership of the group.
    pub(super) membership: Option<GroupMetadata>,
}

/// A record of a checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) topic: String,
    pub(super) partition: Option<i32>,
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
}

/// Positions that are one too high.
pub(super) fn one_more(offsets: &[OffsetCommit]) -> Vec<OffsetCommit> {
    let more = |offset: &OffsetCommit| OffsetCommit { offset: offset.offset + 1, ..offset.clone() };
    offsets.iter().map(more).collect()
}

/// The mark of a checkpoint with the positions of the one before it.
pub(super) fn positions_before(mark: &[u8], before: &[u8]) -> Vec<u8> {
    let mut mixed = before.to_vec();
    // Behind the version lies the number of the commit.
    mixed[1..9].copy_from_slice(&mark[1..9]);
    mixed
}

/// A journal's record with the runs of its last input first.
pub(super) fn in_another_order(value: &[u8]) -> Vec<u8> {
    let mut at = 1;
    let count = number(value, &mut at);
    for _ in 0..count {
        at += number(value, &mut at) as usize;
    }
    let mut runs = Vec::new();
    let head = at;
    while at < value.len() {
        let from = at;
        let input = number(value, &mut at);
        number(value, &mut at);
        number(value, &mut at);
        runs.push((input, &value[from..at]));
    }
    runs.sort_by_key(|(input, _)| std::cmp::Reverse(*input));
    let runs: Vec<u8> = runs.into_iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    [&value[..head], &runs].concat()
}

/// A number of variable length (LEB128).
fn number(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return number;
        }
    }
}
