//! Records deleted on demand, and what topics and groups tell of themselves.

use std::sync::Arc;

use broker::{Broker, Cleanup, ErrorKind, GroupInfo, Isolation, Position, TopicSpec};

use crate::Case;
use crate::support::*;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("records_below_an_offset_are_deleted", records_below_an_offset_are_deleted),
    ("all_records_are_deleted_and_new_ones_come", all_records_are_deleted_and_new_ones_come),
    ("deleting_past_the_end_is_an_error", deleting_past_the_end_is_an_error),
    ("compacted_topics_delete_nothing_on_demand", compacted_topics_delete_nothing_on_demand),
    ("a_committed_offset_that_was_deleted_is_told", a_committed_offset_that_was_deleted_is_told),
    ("topics_tell_their_settings", topics_tell_their_settings),
    ("groups_are_listed", groups_are_listed),
    ("a_membership_is_shared_between_threads", a_membership_is_shared_between_threads),
];

fn low(log: &Arc<dyn Broker>, topic: &str) -> i64 {
    log.watermarks(&partition(topic, 0), Isolation::ReadCommitted).unwrap().0
}

fn records_below_an_offset_are_deleted(log: &Arc<dyn Broker>) {
    let name = topic(log, 2);
    let mut producer = transactional(log, &unique("tx"));
    // Offsets 0 to 3 and a marker, 5 to 8 and a marker.
    commit_values(&mut producer, &name, &["a", "b", "c", "d"]);
    commit_values(&mut producer, &name, &["e", "f", "g", "h"]);
    let of = partition(&name, 0);
    settled(log, &of);
    log.delete_records(&[(of.clone(), 2), (partition(&name, 1), 0)]).unwrap();
    assert_eq!((low(log, &name), values(&read_partition(log, &of))), (2, vec!["c", "d", "e", "f", "g", "h"]));
    log.delete_records(&[(of.clone(), 1)]).unwrap();
    log.delete_records(&[(of.clone(), 2)]).unwrap();
    log.delete_records(&[]).unwrap();
    assert_eq!(low(log, &name), 2, "what lies below the start changes nothing");
    log.delete_records(&[(of.clone(), 7)]).unwrap();
    assert_eq!((low(log, &name), values(&read_partition(log, &of))), (7, vec!["g", "h"]));
    assert_eq!(read_partition(log, &of)[0].offset, 7);
}

fn all_records_are_deleted_and_new_ones_come(log: &Arc<dyn Broker>) {
    let name = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &name, &["a", "b"]);
    let of = partition(&name, 0);
    let end = settled(log, &of).1;
    log.delete_records(&[(of.clone(), end)]).unwrap();
    assert_eq!(settled(log, &of), (end, end));
    assert_eq!(read_partition(log, &of), []);
    commit_values(&mut producer, &name, &["c"]);
    let seen = read_partition(log, &of);
    assert_eq!((values(&seen), seen[0].offset), (vec!["c"], end));
}

fn deleting_past_the_end_is_an_error(log: &Arc<dyn Broker>) {
    let name = topic(log, 1);
    commit_values(&mut transactional(log, &unique("tx")), &name, &["a"]);
    let of = partition(&name, 0);
    let end = settled(log, &of).1;
    let error = log.delete_records(&[(of.clone(), end + 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
    assert!(error.to_string().contains(&of.to_string()), "{error}");
    assert_eq!(values(&read_partition(log, &of)), ["a"]);
    let error = log.delete_records(&[(partition(&unique("unknown"), 0), 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{error}");
}

fn compacted_topics_delete_nothing_on_demand(log: &Arc<dyn Broker>) {
    let name = unique("compacted");
    log.create_topics(&[TopicSpec::compacted(name.as_str(), 1)]).unwrap();
    commit_values(&mut transactional(log, &unique("tx")), &name, &[]);
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    producer.produce(&broker::Outgoing { key: Some(b"k"), ..outgoing(&name, "v") }).unwrap();
    producer.commit().unwrap();
    let of = partition(&name, 0);
    settled(log, &of);
    let error = log.delete_records(&[(of.clone(), 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(values(&read_partition(log, &of)), ["v"]);
}

fn a_committed_offset_that_was_deleted_is_told(log: &Arc<dyn Broker>) {
    let (name, group) = (topic(log, 1), unique("group"));
    commit_values(&mut transactional(log, &unique("tx")), &name, &["a", "b", "c"]);
    let of = partition(&name, 0);
    settled(log, &of);
    let mut consumer = log.consumer(&config(Some(&group))).unwrap();
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    consumer.commit(&[offset(&of, 1, "")]).unwrap();
    log.delete_records(&[(of.clone(), 2)]).unwrap();
    consumer.assign(&[(of.clone(), Position::Committed)]).unwrap();
    let error = await_error(&mut consumer);
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
    consumer.seek(&of, Position::Beginning).unwrap();
    assert_eq!(values(&read(&mut consumer, 1)), ["c"]);
}

fn topics_tell_their_settings(log: &Arc<dyn Broker>) {
    let (bounded, compacted) = (unique("bounded"), unique("compacted"));
    let specs = [
        TopicSpec { retention_bytes: Some(1 << 30), ..TopicSpec::retained(bounded.as_str(), 1) },
        TopicSpec::compacted(compacted.as_str(), 2),
    ];
    log.create_topics(&specs).unwrap();
    let info = log.topic(&bounded).unwrap().unwrap();
    assert_eq!(
        (info.cleanup, info.retention_bytes, info.retention),
        (Some(Cleanup::Retain), Some(1 << 30), None)
    );
    let info = log.topics().unwrap().into_iter().find(|t| t.name == compacted).unwrap();
    assert_eq!((info.cleanup, info.retention), (Some(Cleanup::Compact), None));
    assert_eq!((info.replicas, info.delete_retention), (1, Some(broker::DELETE_RETENTION)));
}

fn groups_are_listed(log: &Arc<dyn Broker>) {
    let (name, group, joined) = (topic(log, 1), unique("group"), unique("joined"));
    let find = |wanted: &str| log.groups().unwrap().into_iter().find(|g| g.name == wanted);
    assert_eq!(find(&group), None);
    let of = partition(&name, 0);
    let mut consumer = log.consumer(&config(Some(&group))).unwrap();
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    consumer.commit(&[offset(&of, 0, "")]).unwrap();
    consumer.close().unwrap();
    assert_eq!(find(&group), Some(GroupInfo { name: group.clone(), members: 0 }));
    let mut consumer = member(log, &joined, &[&name]);
    await_assignment(&mut consumer);
    assert_eq!(find(&joined), Some(GroupInfo { name: joined.clone(), members: 1 }));
    consumer.close().unwrap();
    log.delete_group(&group).unwrap();
    assert_eq!(find(&group), None);
}

fn a_membership_is_shared_between_threads(log: &Arc<dyn Broker>) {
    let (name, group) = (topic(log, 1), unique("group"));
    let of = partition(&name, 0);
    let mut consumer = member(log, &group, &[&name]);
    await_assignment(&mut consumer);
    let membership = metadata(&mut consumer);
    let (shared, mut other) = (membership.clone(), transactional(log, &unique("tx")));
    let also = of.clone();
    let thread = std::thread::spawn(move || {
        other.begin().unwrap();
        other.send_offsets(&[offset(&also, 0, "other")], &shared).unwrap();
        other.commit().unwrap();
    });
    thread.join().unwrap();
    assert_eq!(committed(log, &group, &of).unwrap().metadata, "other");
    let mut own = transactional(log, &unique("tx"));
    own.begin().unwrap();
    own.send_offsets(&[offset(&of, 0, "own")], &membership).unwrap();
    own.commit().unwrap();
    assert_eq!(committed(log, &group, &of).unwrap().metadata, "own");
    consumer.close().unwrap();
    let mut late = transactional(log, &unique("tx"));
    late.begin().unwrap();
    let error = late.send_offsets(&[offset(&of, 0, "late")], &membership).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
    let _ = late.abort();
}
