//! What the supervisor and the workers of a process share.
//!
//! What holds: the program to run is changed as a whole, and its number is known to have changed before it is asked for.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use broker::{Broker, Clock};

use super::generation::Generation;
use super::identity::Identity;
use super::local::{DiskLocal, Local, LocalState, LogLocal};
use super::{Error, Options, Summary};
use crate::state::MemoryLimit;

/// What the supervisor and its workers share.
pub(crate) struct Shared {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) options: Options,
    /// The program to run; workers compare the number first.
    pub(crate) generation: RwLock<Arc<Generation>>,
    pub(crate) number: AtomicU64,
    /// The newest version of the rules that was published and cannot be run here.
    pub(super) refused: AtomicU64,
    /// Of each worker: the number of the program that it runs.
    pub(crate) running: Vec<AtomicU64>,
    /// Workers end at their next commit.
    pub(crate) stop: AtomicBool,
    pub(crate) summary: Mutex<Summary>,
    /// How many keys each worker's stores have, by the worker's number.
    pub(crate) keys: Mutex<BTreeMap<usize, usize>>,
    /// Names this process's clients: stable across restarts where there is a state directory.
    pub(super) identity: Identity,
    /// What this machine keeps of the stores, for a fast restart; None: nothing.
    pub(crate) local: Option<Local>,
    /// What the stores may take of memory, where they lie on disk.
    pub(crate) memory: Option<Arc<MemoryLimit>>,
    /// Nobody in here asks anything else for the time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Checkpoints are written by the workers themselves, a little at a time, instead of by threads of their own.
    pub(crate) writes_checkpoints_inline: bool,
}

impl Shared {
    /// Begins with a program, whose topics are there; tells of its rules.
    pub(super) fn new(
        broker: Arc<dyn Broker>,
        options: Options,
        generation: Generation,
        identity: Identity,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        generation.log_rules();
        generation.announce(&*broker, &options, &*clock)?;
        let memory = options.state_memory.map(MemoryLimit::new);
        let local = identity.dir().map(|dir| open_local(dir, memory.is_some())).transpose()?.map(Local::new);
        if memory.is_some() && local.is_none() {
            let what = "state that lies on disk needs a directory: give one with --data-dir";
            return Err(Error::Disk(what.to_owned()));
        }
        Ok(Self {
            broker,
            number: AtomicU64::new(generation.number),
            refused: AtomicU64::new(0),
            running: (0..options.threads.max(1)).map(|_| AtomicU64::new(generation.number)).collect(),
            generation: RwLock::new(Arc::new(generation)),
            stop: AtomicBool::new(false),
            summary: Mutex::new(Summary::default()),
            keys: Mutex::default(),
            identity,
            options,
            clock,
            local,
            memory,
            writes_checkpoints_inline: false,
        })
    }

    /// The program to run now.
    pub(crate) fn current(&self) -> Arc<Generation> {
        self.generation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// These rules are published and cannot be run here.
    pub(super) fn refuses(&self, version: u64) {
        self.refused.fetch_max(version, Ordering::SeqCst);
    }

    /// Whether stores need the local state to go on, since not all of them is in memory.
    pub(crate) fn is_state_on_disk(&self) -> bool {
        self.memory.is_some()
    }

    /// A worker runs this program now.
    pub(crate) fn runs(&self, worker: usize, number: u64) {
        if let Some(running) = self.running.get(worker) {
            running.store(number, Ordering::SeqCst);
        }
    }

    /// Whether all workers run the current program.
    pub(super) fn has_switched(&self) -> bool {
        let number = self.number.load(Ordering::SeqCst);
        self.running.iter().all(|running| running.load(Ordering::SeqCst) == number)
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Opens what the machine keeps of the stores: a database where they lie there, else files. What it kept in the other
/// way is out of date from now on, and the changelogs have it.
fn open_local(dir: &Path, is_on_disk: bool) -> Result<Arc<dyn LocalState>, Error> {
    let files = dir.with_extension("copy");
    let other = if is_on_disk { &files } else { dir };
    match std::fs::remove_dir_all(other) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::State { path: other.to_owned(), source });
        }
        _ => {}
    }
    Ok(if is_on_disk { Arc::new(DiskLocal::open(dir)?) } else { Arc::new(LogLocal::open(&files)?) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::local::{Mark, StorePartition};
    use super::*;

    #[test]
    fn what_was_kept_in_the_other_way_is_gone_when_the_way_is_changed_and_changed_back() {
        let root = tempfile::tempdir().unwrap();
        let (dir, of) = (root.path().join("0.local"), StorePartition::new("counts", 0));
        let mark = Mark { commit: 1, offset: 2, applied_at: 3 };
        for is_on_disk in [true, false, true, false] {
            let local = open_local(&dir, is_on_disk).unwrap();
            assert_eq!(local.mark(&of).unwrap(), None);
            local.apply(&mut std::iter::empty(), &[(of.clone(), mark)]).unwrap();
            drop(local);
            assert_eq!(open_local(&dir, is_on_disk).unwrap().mark(&of).unwrap(), Some(mark));
            assert_eq!((dir.exists(), dir.with_extension("copy").exists()), (is_on_disk, !is_on_disk));
        }
    }
}
