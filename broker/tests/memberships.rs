//! What members of a group may commit, while they are members and afterwards: the embedded broker and Kafka tell
//! the same classes of errors.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, Consumer, ConsumerConfig, Error, ErrorKind, GroupMetadata, OffsetCommit, Poll, Position,
    ProducerConfig, TopicPartition, TopicSpec,
};

const PATIENCE: Duration = Duration::from_secs(40);

/// A group and the topic of three partitions that it reads.
struct Group {
    log: Arc<dyn Broker>,
    name: String,
    topic: String,
}

fn outcome(done: Result<(), Error>) -> String {
    done.map_or_else(|e| format!("{:?}", e.kind()), |()| "done".to_owned())
}

impl Group {
    fn new(log: &Arc<dyn Broker>, what: &str) -> Self {
        let name = format!("{what}-{}", std::process::id());
        let topic = format!("{name}-topic");
        log.create_topics(&[TopicSpec::retained(topic.as_str(), 3)]).unwrap();
        Self { log: log.clone(), name, topic }
    }

    fn of(&self) -> TopicPartition {
        TopicPartition::new(self.topic.as_str(), 0)
    }

    fn offset(&self, offset: i64) -> OffsetCommit {
        OffsetCommit { partition: self.of(), offset, metadata: String::new() }
    }

    fn consumer(&self, instance: Option<&str>, properties: &[(&str, &str)]) -> Box<dyn Consumer> {
        let (group, instance) = (Some(self.name.clone()), instance.map(str::to_owned));
        let properties = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        self.log.consumer(&ConsumerConfig { group, instance, properties, ..Default::default() }).unwrap()
    }

    fn join(&self, instance: Option<&str>, properties: &[(&str, &str)]) -> Box<dyn Consumer> {
        let mut member = self.consumer(instance, properties);
        member.subscribe(std::slice::from_ref(&self.topic)).unwrap();
        member
    }

    fn in_transaction(&self, id: &str, membership: &GroupMetadata, offset: i64) -> String {
        let id = Some(format!("{}-{id}", self.name));
        let config = ProducerConfig { transactional_id: id, ..Default::default() };
        let mut producer = self.log.producer(&config).unwrap();
        producer.begin().unwrap();
        let done = producer.send_offsets(&[self.offset(offset)], membership);
        outcome(done.and_then(|()| producer.commit()))
    }

    fn committed(&self) -> Option<i64> {
        self.log.committed(&self.name, &[self.of()]).unwrap().remove(0).map(|c| c.offset)
    }
}

/// One poll, with its answer to the group; the partitions now owned where that changed.
fn turn(member: &mut Box<dyn Consumer>) -> Result<Option<usize>, Error> {
    match member.poll(&mut Batch::new(), Duration::from_millis(20))? {
        Poll::Assign(partitions) => {
            let from: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
            member.assign(&from)?;
            Ok(Some(partitions.len()))
        }
        Poll::Revoke { partitions, .. } => {
            member.unassign(&partitions)?;
            Ok(Some(0))
        }
        Poll::Records | Poll::Idle => Ok(None),
    }
}

/// Polls until the members own these many partitions, in whatever order.
fn settle(members: &mut [&mut Box<dyn Consumer>], counts: &[usize]) {
    let (mut owned, deadline) = (vec![0; members.len()], Instant::now() + PATIENCE);
    loop {
        for (member, owned) in members.iter_mut().zip(&mut owned) {
            *owned = turn(member).unwrap().unwrap_or(*owned);
        }
        let mut sorted = owned.clone();
        sorted.sort_unstable();
        if sorted == counts {
            return;
        }
        assert!(Instant::now() < deadline, "{owned:?} instead of {counts:?}");
    }
}

/// A member alone, with a second one, and after it has left.
fn commits(log: &Arc<dyn Broker>) -> Vec<String> {
    let group = Group::new(log, "commits");
    let mut told = Vec::new();
    let mut first = group.join(None, &[]);
    settle(&mut [&mut first], &[3]);
    let old = first.group_metadata().unwrap();
    told.push(format!("member, in a transaction: {}", group.in_transaction("a", &old, 1)));
    told.push(format!("member, outside: {}", outcome(first.commit(&[group.offset(2)]))));
    let mut stranger = group.consumer(None, &[]);
    told.push(format!("stranger, outside: {}", outcome(stranger.commit(&[group.offset(3)]))));
    let mut second = group.join(Some("static"), &[]);
    settle(&mut [&mut first, &mut second], &[1, 2]);
    told.push(format!("old generation, in a transaction: {}", group.in_transaction("b", &old, 4)));
    let now = first.group_metadata().unwrap();
    told.push(format!("new generation, in a transaction: {}", group.in_transaction("c", &now, 5)));
    first.close().unwrap();
    settle(&mut [&mut second], &[3]);
    told.push(format!("gone, in a transaction: {}", group.in_transaction("d", &now, 6)));
    told.push(format!("replaced: {:?}", replace(&group, &mut second)));
    told.push(format!("committed: {:?}", group.committed()));
    told
}

/// What a static member is told when another of the same instance comes.
fn replace(group: &Group, older: &mut Box<dyn Consumer>) -> ErrorKind {
    let mut newer = group.join(Some("static"), &[]);
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "the older of the same instance is told nothing");
        turn(&mut newer).unwrap();
        if let Err(e) = turn(older) {
            return e.kind();
        }
    }
}

/// A member that does not poll loses its partitions to one that does, and hears of it when it polls again.
fn silence(log: &Arc<dyn Broker>) -> Vec<String> {
    let group = Group::new(log, "silence");
    let mut told = Vec::new();
    let mut silent = group.join(None, &[("max.poll.interval.ms", "6500")]);
    let mut other = group.join(None, &[]);
    settle(&mut [&mut silent, &mut other], &[1, 2]);
    let old = silent.group_metadata().unwrap();
    settle(&mut [&mut other], &[3]);
    told.push(format!("silent, in a transaction: {}", group.in_transaction("a", &old, 1)));
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "the silent member is told nothing");
        if let Poll::Revoke { lost, .. } = silent.poll(&mut Batch::new(), Duration::from_millis(20)).unwrap()
        {
            told.push(format!("lost: {lost}, committed: {:?}", group.committed()));
            return told;
        }
    }
}

#[test]
fn memberships_are_told_alike() {
    let Some(server) = servers::kafka() else { return };
    let kafka: Arc<dyn Broker> =
        broker::kafka::Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    let embedded: Arc<dyn Broker> = Embedded::in_memory();
    assert_eq!(commits(&embedded), commits(&kafka));
    assert_eq!(silence(&embedded), silence(&kafka));
}
