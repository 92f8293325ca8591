//! The topics of an installation: what each is for, who uses it, and which of our own nobody does.
//!
//! Enters: the log's topics and the published program. Leaves: a list for people, and the names of topics that can
//! go. What holds: only topics of ours are ever named for deletion, never what a rule reads or writes, and nothing
//! of another group.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Broker, Cleanup, Isolation, SystemClock, TopicInfo, TopicPartition};
use events::topics::{ALL, dlq};

use super::generation::Generation;
use super::{Error, Options, reload, topics};
use crate::plan::Program;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicKind {
    /// Rules read it.
    Input,
    /// Rules write it, and may read it too.
    Sink,
    /// Of the data contract, and no rule reads or writes it.
    Contract,
    /// Records by another key than their topic's.
    Repartition,
    /// A table that every partition has whole.
    Broadcast,
    /// The state of a store.
    Changelog,
    /// The order in which a task took its inputs.
    Journal,
    /// Records that could not be read.
    DeadLetters,
    /// The published rules.
    RuleSet,
}

impl TopicKind {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Sink => "sink",
            Self::Contract => "contract",
            Self::Repartition => "repartition",
            Self::Broadcast => "broadcast",
            Self::Changelog => "changelog",
            Self::Journal => "journal",
            Self::DeadLetters => "dead letters",
            Self::RuleSet => "rule set",
        }
    }
}

/// A topic of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicUse {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub kind: TopicKind,
    /// How many partitions it has; None where it is not there.
    pub partitions: Option<i32>,
    /// What happens to its old records, where that is known.
    pub cleanup: Option<Cleanup>,
    /// Offsets from the oldest record to the end, over all partitions: at least as many as there are records,
    /// since markers and what was compacted away leave gaps.
    pub records: Option<u64>,
    /// The rules and queries that use it, by name.
    pub used_by: Vec<String>,
    /// It is ours alone and nothing of the published program uses it.
    pub unused: bool,
}

/// The topics of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The version of the published program; None where nothing is published.
    pub version: Option<u64>,
    /// By kind and name.
    pub topics: Vec<TopicUse>,
    /// How many workers the group has now.
    pub members: usize,
}

/// Lists the topics of the options' group.
///
/// # Errors
/// Where the published program cannot be read or does not load, and those of the log.
pub fn installation(broker: &dyn Broker, options: &Options) -> Result<Installation, Error> {
    let published = match reload::topic((broker, &SystemClock), options).newest()? {
        None => None,
        Some(Ok(set)) => Some(Generation::published(set, options)?),
        Some(Err(damaged)) => return Err(Error::RuleSet(damaged.to_string())),
    };
    let empty = Program::default();
    let program = published.as_ref().map_or(&empty, |generation| &*generation.program);
    let there: BTreeMap<String, TopicInfo> =
        broker.topics()?.into_iter().map(|topic| (topic.name.clone(), topic)).collect();
    let groups = broker.groups()?;
    let mut uses = uses(program, options);
    let others: Vec<&str> = other_groups(&options.group, &there, groups.iter().map(|g| g.name.as_str()));
    for name in there.keys() {
        if let Some(kind) = internal_kind(&options.group, name)
            && !uses.contains_key(name)
            && !others.iter().any(|other| is_of(other, name))
        {
            uses.insert(name.clone(), (kind, BTreeSet::new()));
        }
    }
    let topic = |(name, (kind, users)): (String, (TopicKind, BTreeSet<String>))| -> Result<TopicUse, Error> {
        let info = there.get(&name);
        let ours = matches!(
            kind,
            TopicKind::Repartition | TopicKind::Broadcast | TopicKind::Changelog | TopicKind::Journal
        );
        Ok(TopicUse {
            kind,
            partitions: info.map(|info| info.partitions),
            cleanup: info.and_then(|info| info.cleanup),
            records: info.map(|info| records(broker, info)).transpose()?,
            unused: ours && users.is_empty() && published.is_some(),
            used_by: users.into_iter().collect(),
            name,
        })
    };
    let mut topics = uses.into_iter().map(topic).collect::<Result<Vec<_>, Error>>()?;
    topics.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    let members = groups.iter().find(|group| group.name == options.group).map_or(0, |group| group.members);
    Ok(Installation { version: published.map(|generation| generation.number), topics, members })
}

/// Deletes topics of ours that nothing of the published program uses.
///
/// # Errors
/// [`Error::Topic`] where one of them is in use after all or engines run that may still use them (unless
/// `while_engines_run`), and those of the log.
pub fn clean(broker: &dyn Broker, options: &Options, while_engines_run: bool) -> Result<Vec<String>, Error> {
    let Installation { topics, members, version } = installation(broker, options)?;
    if version.is_none() {
        return Err(Error::Topic(format!(
            "no rules are published for the group {}, so nothing is known of what they use: start an engine, or publish rules with streamguard rules publish",
            options.group
        )));
    }
    let unused: Vec<String> = topics.into_iter().filter(|t| t.unused).map(|t| t.name).collect();
    if members > 0 && !unused.is_empty() && !while_engines_run {
        return Err(Error::Topic(format!(
            "the group {} has {members} workers; one that has not taken over the published rules yet may use these topics: stop the engines, or, where the log of each says that version {} runs, add --while-engines-run",
            options.group,
            version.unwrap_or_default(),
        )));
    }
    broker.delete_topics(&unused)?;
    Ok(unused)
}

/// What the program has, by topic.
fn uses(program: &Program, options: &Options) -> BTreeMap<String, (TopicKind, BTreeSet<String>)> {
    let owned =
        |names: &BTreeSet<&str>| -> BTreeSet<String> { names.iter().map(|n| (*n).to_owned()).collect() };
    let users = program.users_of_topics();
    let users_of = |topic: &str| users.get(topic).map(owned).unwrap_or_default();
    let mut uses = BTreeMap::new();
    let mut add = |name: String, kind, users| {
        uses.entry(name).or_insert((kind, users));
    };
    for output in &program.outputs {
        let kind = match (&output.copy_of, output.internal) {
            (Some(_), _) => TopicKind::Broadcast,
            (None, true) => TopicKind::Repartition,
            (None, false) => TopicKind::Sink,
        };
        add(output.name.clone(), kind, users_of(&output.name));
    }
    for task in &program.tasks {
        for input in &task.inputs {
            add(input.topic.clone(), TopicKind::Input, users_of(&input.topic));
            add(dlq(&input.topic), TopicKind::DeadLetters, users_of(&input.topic));
        }
        for (id, store) in task.stores.iter().enumerate() {
            let users = owned(&program.users_of_store(task, id));
            add(topics::changelog(&options.group, &store.name), TopicKind::Changelog, users);
        }
        if topics::is_journaled(task) {
            let users = task.inputs.iter().flat_map(|input| users_of(&input.topic)).collect();
            add(topics::journal(&options.group, &task.name), TopicKind::Journal, users);
        }
    }
    add(topics::rule_set(&options.group), TopicKind::RuleSet, BTreeSet::new());
    for topic in ALL {
        add(topic.name.to_owned(), TopicKind::Contract, BTreeSet::new());
    }
    uses
}

/// Whether a topic's name is that of a group's own.
fn is_of(group: &str, topic: &str) -> bool {
    topic.strip_prefix(group).is_some_and(|rest| rest.starts_with('-'))
}

/// What a topic of a group's own is for, by its name.
fn internal_kind(group: &str, topic: &str) -> Option<TopicKind> {
    let endings = [
        ("-changelog", TopicKind::Changelog),
        ("-repartition", TopicKind::Repartition),
        ("-broadcast", TopicKind::Broadcast),
        ("-journal", TopicKind::Journal),
    ];
    let kind = endings.iter().find(|(ending, _)| topic.ends_with(ending)).map(|(_, kind)| *kind);
    kind.filter(|_| is_of(group, topic))
}

/// Groups whose names begin as the topics of this one: what is theirs is not this one's.
fn other_groups<'n>(
    group: &str,
    topics: &'n BTreeMap<String, TopicInfo>,
    groups: impl Iterator<Item = &'n str>,
) -> Vec<&'n str> {
    let of_rule_sets = topics.keys().filter_map(|name| name.strip_suffix("-rule-set"));
    of_rule_sets.chain(groups).filter(|other| is_of(group, other)).collect()
}

fn records(broker: &dyn Broker, topic: &TopicInfo) -> Result<u64, Error> {
    let mut records = 0;
    for partition in 0..topic.partitions {
        let partition = TopicPartition::new(topic.name.as_str(), partition);
        let (low, end) = broker.watermarks(&partition, Isolation::ReadUncommitted)?;
        records += u64::try_from(end - low).unwrap_or_default();
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_of_another_group_is_not_ours() {
        assert_eq!(internal_kind("sg", "sg-a-changelog"), Some(TopicKind::Changelog));
        assert_eq!(internal_kind("sg", "sg-rule-set"), None);
        assert_eq!(internal_kind("sg", "sgx-a-changelog"), None);
        assert_eq!(internal_kind("sg", "orders-repartition"), None);
        assert!(is_of("sg-test", "sg-test-a-changelog") && !is_of("sg-test", "sg-tests-a"));
    }
}
