//! Whether the topics are still those that were there when the engine took them up.
//!
//! Enters: what the broker says of the topics that the program reads and writes, every few seconds. Leaves: an error
//! that ends the engine where a topic was deleted, made anew, or given more partitions. What holds: a topic that
//! cannot be asked about now (a broker is away) is no finding; two looks have to agree.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker::ErrorKind;

use super::topics::{changelog, journal};
use super::{Error, Shared};
use crate::plan::Program;

/// How often the topics are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What tells a topic from a later one of the same name: its id, and how many partitions it has.
type Topic = (String, i32);

/// See the module.
pub(super) struct Inventory {
    known: BTreeMap<String, Topic>,
    looked: Instant,
    /// What the last look found, until the next one says the same.
    suspected: Option<String>,
}

impl Inventory {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self { known: BTreeMap::new(), looked: Instant::now(), suspected: None }
    }

    /// Looks where it is time to.
    pub(super) fn check(&mut self, shared: &Shared) -> Result<(), Error> {
        if !self.known.is_empty() && self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        let found = self.look(shared);
        match (&found, &self.suspected) {
            (Some(found), Some(suspected)) if found == suspected => return Err(Error::Topic(found.clone())),
            _ => self.suspected = found,
        }
        Ok(())
    }

    /// What a worker's error comes from, where that is a change of a topic.
    pub(super) fn explain(&mut self, shared: &Shared, error: Error) -> Error {
        let by_topic = matches!(&error, Error::Topic(_))
            || matches!(&error, Error::Broker(e)
                if matches!(e.kind(), ErrorKind::UnknownTopic | ErrorKind::OffsetOutOfRange));
        match by_topic.then(|| self.look(shared)).flatten() {
            Some(found) => Error::Topic(found),
            None => error,
        }
    }

    fn look(&mut self, shared: &Shared) -> Option<String> {
        let names = names(&shared.current().program, &shared.options.group);
        let present = match shared.broker.present(&names) {
            Ok(present) => present,
            Err(error) => {
                tracing::debug!(%error, "whether the topics are still there is not known now");
                return None;
            }
        };
        // What no rule uses any more may go, and come back as another.
        self.known.retain(|name, _| names.contains(name));
        let mut found = None;
        for (name, present) in names.into_iter().zip(present) {
            match (self.known.get(&name), present) {
                (Some(known), present) => {
                    found = found.or_else(|| difference(&name, known, present.as_ref(), shared));
                }
                (None, Some(present)) => {
                    self.known.insert(name, present);
                }
                (None, None) => {}
            }
        }
        found
    }
}

/// What happened to a topic, and what to do.
fn difference(name: &str, known: &Topic, present: Option<&Topic>, shared: &Shared) -> Option<String> {
    let on = shared.broker.describe();
    let group = &shared.options.group;
    let Some((id, partitions)) = present else {
        return Some(format!(
            "the topic {name} was deleted from {on} while the engine ran: stop all engines of the group {group}, make \
             the topic again (with its records, where the rules need them) and start; the engine makes those topics \
             anew, empty, that it has made before"
        ));
    };
    if *id != known.0 && !id.is_empty() && !known.0.is_empty() {
        return Some(format!(
            "the topic {name} was deleted from {on} and made anew while the engine ran: its records are others, and \
             the offsets committed for it do not belong to them; stop all engines of the group {group}, delete these \
             offsets (kafka-consumer-groups.sh --delete-offsets --group {group} --topic {name}), and start to read \
             it from its beginning"
        ));
    }
    (*partitions != known.1).then(|| {
        format!(
            "the topic {name} on {on} has {partitions} partitions now and had {} when the engine took it up: from then \
             on keys lie in other partitions than what is known of them; start the engine again to go on with \
             {partitions} partitions: it says which of its own topics are to be deleted for that, so that windows \
             and tables begin anew",
            known.1
        )
    })
}

/// The topics that a program reads, writes and keeps its stores in.
fn names(program: &Program, group: &str) -> Vec<String> {
    let mut names: Vec<String> = program.input_topics().map(str::to_owned).collect();
    names.extend(program.outputs.iter().map(|output| output.name.clone()));
    let stores = program.tasks.iter().flat_map(|task| &task.stores);
    names.extend(stores.map(|store| changelog(group, &store.name)));
    let joins = program.tasks.iter().filter(|task| task.inputs.len() > 1);
    names.extend(joins.map(|task| journal(group, &task.name)));
    names.sort();
    names.dedup();
    names
}
