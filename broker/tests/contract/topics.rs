//! Topics: made once, described, deleted; what is not there is said so.

use std::sync::Arc;

use broker::{Broker, ErrorKind, Isolation, Position, TopicSpec};

use crate::Case;
use crate::support::*;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("topics_are_made_once", topics_are_made_once),
    ("another_number_of_partitions_is_refused", another_number_of_partitions_is_refused),
    ("a_bad_name_is_refused", a_bad_name_is_refused),
    ("topics_are_deleted", topics_are_deleted),
    ("unknown_topics_are_errors", unknown_topics_are_errors),
    ("the_cluster_has_an_id", the_cluster_has_an_id),
];

fn topics_are_made_once(log: &Arc<dyn Broker>) {
    let (plain, compacted) = (unique("plain"), unique("compacted"));
    assert_eq!(log.topic(&plain).unwrap(), None);
    let specs = [TopicSpec::retained(plain.as_str(), 3), TopicSpec::compacted(compacted.as_str(), 1)];
    log.create_topics(&specs).unwrap();
    log.create_topics(&specs).unwrap();
    let info = log.topic(&plain).unwrap().unwrap();
    assert_eq!((info.name.as_str(), info.partitions), (plain.as_str(), 3));
    let all = log.topics().unwrap();
    assert!(all.contains(&info) && all.iter().any(|t| t.name == compacted));
    assert!(all.is_sorted_by(|a, b| a.name < b.name));
    assert_eq!(log.watermarks(&partition(&plain, 2), Isolation::ReadCommitted).unwrap(), (0, 0));
}

fn another_number_of_partitions_is_refused(log: &Arc<dyn Broker>) {
    let name = topic(log, 3);
    let error = log.create_topics(&[TopicSpec::retained(name.as_str(), 4)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let text = error.to_string();
    assert!(text.contains(&name) && text.contains('3') && text.contains('4'), "{text}");
}

fn a_bad_name_is_refused(log: &Arc<dyn Broker>) {
    let error = log.create_topics(&[TopicSpec::retained("no spaces please", 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

fn topics_are_deleted(log: &Arc<dyn Broker>) {
    let name = topic(log, 1);
    commit_values(&mut transactional(log, &unique("tx")), &name, &["old"]);
    let before = log.topic(&name).unwrap().unwrap();
    log.delete_topics(&[name.clone(), unique("never-made")]).unwrap();
    assert_eq!(log.topic(&name).unwrap(), None);
    log.create_topics(&[TopicSpec::retained(name.as_str(), 1)]).unwrap();
    let after = log.topic(&name).unwrap().unwrap();
    assert!(before.id.is_empty() || before.id != after.id, "{before:?} {after:?}");
    assert_eq!(read_partition(log, &partition(&name, 0)), []);
}

fn unknown_topics_are_errors(log: &Arc<dyn Broker>) {
    let (unknown, known) = (unique("unknown"), topic(log, 1));
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    let error = producer.produce(&outgoing(&unknown, "v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{error}");
    let record = broker::Outgoing { partition: Some(7), ..outgoing(&known, "v") };
    let error = producer.produce(&record).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{error}");
    producer.abort().unwrap();
    for of in [partition(&unknown, 0), partition(&known, 7)] {
        let error = log.watermarks(&of, Isolation::ReadCommitted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{error}");
        let mut consumer = reader(log, Isolation::ReadCommitted);
        let error =
            consumer.assign(&[(of, Position::Beginning)]).err().unwrap_or_else(|| await_error(&mut consumer));
        assert_eq!(error.kind(), ErrorKind::UnknownTopic, "{error}");
    }
}

fn the_cluster_has_an_id(log: &Arc<dyn Broker>) {
    let id = log.cluster_id().unwrap();
    assert!(!id.is_empty());
    assert_eq!(log.cluster_id().unwrap(), id);
    assert!(!log.describe().is_empty());
}
