//! Consumer groups inside one process: who reads which partition.
//!
//! What enters: joins, leaves, answers of members, changes of topics. What leaves: for each member, at its
//! next poll, what it is given or has to give up. What holds, as in Kafka's eager protocol: a partition is
//! given to a member only after every member gave up all it had, or was found lost; each completed
//! rebalance is a new generation, and commits that name an older one, or a member that is gone, are refused.
//!
//! The range assignor: per topic, in order of the members, contiguous ranges of partitions, the first
//! members one more where it does not come out even; so the same partition numbers of topics with as many
//! partitions land together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::TopicPartition;

/// What a member is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    Assign(Vec<TopicPartition>),
    Revoke {
        partitions: Vec<TopicPartition>,
        lost: bool,
    },
    /// Another member with the same instance name took its place.
    Replaced,
}

#[derive(Debug)]
enum Membership {
    /// Owns nothing and waits for an assignment.
    Joined,
    /// Its assignment is made but not delivered.
    Assigned(Vec<TopicPartition>),
    /// Knows what it owns.
    Active(Vec<TopicPartition>),
    /// Was told to give these up.
    Revoking(Vec<TopicPartition>),
    /// Did not answer in time; these are no longer its.
    Lost(Vec<TopicPartition>),
    /// Another took its place.
    Replaced,
}

#[derive(Debug)]
struct Member {
    topics: Vec<String>,
    instance: Option<String>,
    /// Of the assignment that it was told.
    generation: u64,
    membership: Membership,
    /// When it polled last, and how long it may be silent.
    heard: Option<Instant>,
    patience: Duration,
}

/// How many partitions a topic has; None where it is not there.
pub(super) type Partitions<'a> = &'a dyn Fn(&str) -> Option<(TopicPartition, i32)>;

/// One consumer group.
#[derive(Debug, Default)]
pub(super) struct Group {
    generation: u64,
    members: BTreeMap<u64, Member>,
    rebalancing: bool,
    /// Since when the rebalance is known to wait for members.
    waiting_since: Option<Instant>,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many members it has.
    pub(super) fn len(&self) -> usize {
        self.members.values().filter(|m| m.counts()).count()
    }

    /// Adds a member or changes its topics.
    pub(super) fn join(
        &mut self,
        id: u64,
        instance: Option<&str>,
        topics: &[String],
        partitions: Partitions<'_>,
    ) {
        for (other, member) in &mut self.members {
            if *other != id && instance.is_some() && member.instance.as_deref() == instance {
                member.membership = Membership::Replaced;
            }
        }
        let member = self.members.entry(id).or_insert_with(|| Member {
            topics: Vec::new(),
            instance: instance.map(str::to_owned),
            generation: 0,
            membership: Membership::Joined,
            heard: None,
            patience: Duration::MAX,
        });
        member.topics = topics.to_vec();
        self.rebalance(partitions);
    }

    pub(super) fn leave(&mut self, id: u64, partitions: Partitions<'_>) {
        if self.members.remove(&id).is_some_and(|m| m.counts()) {
            self.rebalance(partitions);
        }
    }

    /// A topic was made or deleted.
    pub(super) fn topic_changed(&mut self, topic: &str, partitions: Partitions<'_>) {
        if self.members.values().any(|m| m.topics.iter().any(|t| t == topic)) {
            self.rebalance(partitions);
        }
    }

    fn rebalance(&mut self, partitions: Partitions<'_>) {
        self.rebalancing = true;
        for member in self.members.values_mut() {
            if matches!(&member.membership, Membership::Assigned(_)) {
                member.membership = Membership::Joined;
            }
            if matches!(&member.membership, Membership::Active(owned) if owned.is_empty()) {
                member.membership = Membership::Joined;
            }
        }
        self.complete(partitions);
    }

    /// Ends the rebalance once nobody owns anything any more.
    fn complete(&mut self, partitions: Partitions<'_>) {
        let waiting = |m: &Member| m.counts() && !matches!(m.membership, Membership::Joined);
        if !self.rebalancing || self.members.values().any(waiting) {
            return;
        }
        (self.rebalancing, self.waiting_since) = (false, None);
        self.generation += 1;
        let mut assignment = self.assignment(partitions);
        for (id, member) in self.members.iter_mut().filter(|(_, m)| m.counts()) {
            member.membership = Membership::Assigned(assignment.remove(id).unwrap_or_default());
        }
    }

    fn assignment(&self, partitions: Partitions<'_>) -> BTreeMap<u64, Vec<TopicPartition>> {
        let members = self.members.iter().filter(|(_, m)| m.counts());
        let topics: BTreeSet<&str> =
            members.clone().flat_map(|(_, m)| m.topics.iter().map(String::as_str)).collect();
        let mut assignment: BTreeMap<u64, Vec<TopicPartition>> = BTreeMap::new();
        for (first, count) in topics.into_iter().filter_map(partitions) {
            let mut readers: Vec<_> = members
                .clone()
                .filter(|(_, m)| m.topics.iter().any(|t| **t == *first.topic))
                .map(|(id, m)| (m.instance.as_deref(), *id))
                .collect();
            readers.sort_unstable();
            let (each, more) = (count as usize / readers.len(), count as usize % readers.len());
            let mut next = 0;
            for (i, (_, id)) in readers.iter().enumerate() {
                let take = each + usize::from(i < more);
                let range = next..next + take;
                let owned = assignment.entry(*id).or_default();
                owned.extend(
                    range.map(|p| TopicPartition { topic: first.topic.clone(), partition: p as i32 }),
                );
                next += take;
            }
        }
        assignment
    }

    /// What the member has to be told now.
    pub(super) fn event(&mut self, id: u64, partitions: Partitions<'_>) -> Option<Event> {
        let (generation, rebalancing) = (self.generation, self.rebalancing);
        let member = self.members.get_mut(&id)?;
        match &mut member.membership {
            Membership::Assigned(owned) => {
                let owned = std::mem::take(owned);
                member.generation = generation;
                member.membership = Membership::Active(owned.clone());
                Some(Event::Assign(owned))
            }
            Membership::Active(owned) if rebalancing => {
                let owned = std::mem::take(owned);
                member.membership = Membership::Revoking(owned.clone());
                Some(Event::Revoke { partitions: owned, lost: false })
            }
            Membership::Lost(owned) => {
                let owned = std::mem::take(owned);
                member.membership = Membership::Joined;
                self.rebalance(partitions);
                (!owned.is_empty()).then_some(Event::Revoke { partitions: owned, lost: true })
            }
            Membership::Replaced => Some(Event::Replaced),
            _ => None,
        }
    }

    /// The member gave these up.
    pub(super) fn gave_up(&mut self, id: u64, given: &[TopicPartition], partitions: Partitions<'_>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        if let Membership::Revoking(owned) = &mut member.membership {
            owned.retain(|p| !given.contains(p));
            if owned.is_empty() {
                member.membership = Membership::Joined;
                self.complete(partitions);
            }
        }
    }

    /// The member polls, or says that it is at work, and will again within `patience`.
    pub(super) fn alive(&mut self, id: u64, now: Instant, patience: Duration) {
        if let Some(member) = self.members.get_mut(&id) {
            (member.heard, member.patience) = (Some(now), patience);
        }
    }

    /// Members that were silent for longer than they said lose what they have, and so do those that kept a
    /// rebalance waiting for longer than `limit`, as with Kafka's `max.poll.interval.ms`.
    pub(super) fn expire(&mut self, limit: Duration, now: Instant, partitions: Partitions<'_>) {
        let waited = self.rebalancing && {
            let since = *self.waiting_since.get_or_insert(now);
            now.saturating_duration_since(since) >= limit
        };
        let mut lost = false;
        for member in self.members.values_mut() {
            let silent = member.is_silent(now);
            match &mut member.membership {
                Membership::Active(owned) | Membership::Revoking(owned) if silent || waited => {
                    member.membership = Membership::Lost(std::mem::take(owned));
                    lost = true;
                }
                // It never heard of them.
                Membership::Assigned(_) if silent => {
                    member.membership = Membership::Lost(Vec::new());
                    lost = true;
                }
                _ => {}
            }
        }
        if lost {
            self.rebalance(partitions);
        }
    }

    /// The generation that a member was told last; 0 for none.
    pub(super) fn generation_of(&self, id: u64) -> u64 {
        self.members.get(&id).map_or(0, |m| m.generation)
    }

    /// Why a commit by this member and generation is refused, if it is. Member 0 is a reader without
    /// membership: it may commit while the group has no members.
    pub(super) fn refuses(&self, id: u64, generation: u64) -> Option<String> {
        if id == 0 {
            return (!self.is_empty())
                .then(|| "the group has members and this consumer is none of them".to_owned());
        }
        match self.members.get(&id) {
            Some(member) if member.counts() && self.generation == generation => None,
            Some(member) if member.counts() => {
                Some(format!("its generation {generation} is over, the group is at {}", self.generation))
            }
            _ => Some("this consumer is no longer a member of the group".to_owned()),
        }
    }
}

impl Member {
    fn is_silent(&self, now: Instant) -> bool {
        self.heard.is_some_and(|at| now.saturating_duration_since(at) >= self.patience)
    }

    /// Whether it takes part.
    fn counts(&self) -> bool {
        !matches!(self.membership, Membership::Lost(_) | Membership::Replaced)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn partitions(topic: &str) -> Option<(TopicPartition, i32)> {
        let count = match topic {
            "a" | "b" => 3,
            _ => return None,
        };
        Some((TopicPartition::new(topic, 0), count))
    }

    fn list(of: &[(&str, i32)]) -> Vec<TopicPartition> {
        of.iter().map(|(t, p)| TopicPartition::new(*t, *p)).collect()
    }

    fn topics(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| (*n).to_owned()).collect()
    }

    #[test]
    fn a_second_member_waits_until_the_first_gave_up_all() {
        let mut group = Group::default();
        group.join(1, None, &topics(&["a", "b"]), &partitions);
        let all = list(&[("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]);
        assert_eq!(group.event(1, &partitions), Some(Event::Assign(all.clone())));
        assert_eq!((group.refuses(1, 1), group.event(1, &partitions)), (None, None));

        group.join(2, None, &topics(&["a", "b"]), &partitions);
        assert_eq!(group.event(2, &partitions), None);
        assert_eq!(group.event(1, &partitions), Some(Event::Revoke { partitions: all.clone(), lost: false }));
        assert_eq!(group.refuses(1, 1), None, "while it waits, the old generation may still commit");
        group.gave_up(1, &all[..5], &partitions);
        assert_eq!(group.event(2, &partitions), None);
        group.gave_up(1, &all[5..], &partitions);
        let (low, high) = (list(&[("a", 0), ("a", 1), ("b", 0), ("b", 1)]), list(&[("a", 2), ("b", 2)]));
        assert_eq!(group.event(1, &partitions), Some(Event::Assign(low)));
        assert_eq!(group.event(2, &partitions), Some(Event::Assign(high)));
        assert!(group.refuses(1, 1).unwrap().contains("generation 1 is over"));
        assert_eq!(group.refuses(2, 2), None);
    }

    #[test]
    fn a_silent_member_loses_its_partitions_and_may_come_back() {
        let mut group = Group::default();
        group.join(1, None, &topics(&["a"]), &partitions);
        group.event(1, &partitions).unwrap();
        group.join(2, None, &topics(&["a"]), &partitions);
        let now = Instant::now();
        group.expire(Duration::from_secs(60), now, &partitions);
        assert_eq!(group.event(2, &partitions), None);
        group.expire(Duration::from_secs(60), now + Duration::from_secs(60), &partitions);
        assert_eq!(group.event(2, &partitions), Some(Event::Assign(list(&[("a", 0), ("a", 1), ("a", 2)]))));
        assert!(group.refuses(1, 1).unwrap().contains("no longer a member"));
        let Some(Event::Revoke { lost: true, partitions: lost }) = group.event(1, &partitions) else {
            panic!()
        };
        assert_eq!(lost.len(), 3);
        assert!(matches!(group.event(2, &partitions), Some(Event::Revoke { lost: false, .. })));
    }

    #[test]
    fn a_member_that_stops_polling_loses_its_partitions_to_others() {
        let (mut group, began, second) = (Group::default(), Instant::now(), Duration::from_secs(1));
        for id in [1, 2] {
            group.join(id, None, &topics(&["a"]), &partitions);
            group.alive(id, began, 10 * second);
        }
        group.event(1, &partitions).unwrap();
        let Some(Event::Assign(owned)) = group.event(2, &partitions) else { panic!() };
        assert_eq!(owned.len(), 1);
        for at in 1..=10 {
            group.alive(2, began + at * second, 10 * second);
            group.expire(300 * second, began + at * second, &partitions);
            let told = group.event(2, &partitions);
            assert_eq!(told.is_some(), at == 10, "after {at} s: {told:?}");
        }
        group.gave_up(2, &owned, &partitions);
        assert!(matches!(group.event(2, &partitions), Some(Event::Assign(p)) if p.len() == 3));
        assert!(group.refuses(1, 1).unwrap().contains("no longer a member"));
        assert!(matches!(group.event(1, &partitions), Some(Event::Revoke { lost: true, .. })));
    }

    #[test]
    fn a_newer_member_of_the_same_instance_replaces_the_older() {
        let mut group = Group::default();
        group.join(1, Some("i"), &topics(&["a"]), &partitions);
        group.event(1, &partitions).unwrap();
        group.join(2, Some("i"), &topics(&["a"]), &partitions);
        assert_eq!(group.event(1, &partitions), Some(Event::Replaced));
        assert!(matches!(group.event(2, &partitions), Some(Event::Assign(p)) if p.len() == 3));
        assert!(group.refuses(1, 1).is_some());
    }

    #[test]
    fn only_an_empty_group_takes_commits_of_strangers() {
        let mut group = Group::default();
        assert_eq!(group.refuses(0, 0), None);
        group.join(1, None, &topics(&["a"]), &partitions);
        assert!(group.refuses(0, 0).is_some());
        group.leave(1, &partitions);
        assert_eq!(group.refuses(0, 0), None);
    }
}
