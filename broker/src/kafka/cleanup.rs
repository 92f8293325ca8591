//! What becomes of old data on Kafka: records deleted on demand, settings of topics, groups.
//!
//! What enters: offsets and names. What holds: what a login may not ask is told as unknown, never guessed.

use std::time::{Duration, Instant};

use rdkafka::admin::{ConfigResource, OwnedResourceSpecifier, ResourceSpecifier};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;

use super::admin::{options, wait};
use super::failure::Failure;
use super::{ANSWER, Shared};
use crate::{Cleanup, Error, ErrorKind, GroupInfo, Result, TopicInfo, TopicPartition};

/// How long a deletion may wait for leaders.
const PATIENCE: Duration = Duration::from_secs(20);

impl Shared {
    pub(super) fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        // librdkafka takes negative offsets for special ones, and an empty list for an error.
        let below: Vec<_> = below.iter().filter(|(_, offset)| *offset >= 0).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            if below.is_empty() {
                return Ok(());
            }
            match self.try_delete_records(&below) {
                Err(e) if e.is_transient() && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                done => return done,
            }
        }
    }

    fn try_delete_records(&self, below: &[&(TopicPartition, i64)]) -> Result<()> {
        let names: Vec<String> = below.iter().map(|(of, _)| of.to_string()).collect();
        let doing = self.about("deleting records of", &names.join(", "));
        let mut list = TopicPartitionList::with_capacity(below.len());
        for (of, offset) in below {
            let added = list.add_partition_offset(&of.topic, of.partition, Offset::Offset(*offset));
            added.map_err(|e| Failure::from_crate(&e).outside(doing.as_str()))?;
        }
        let answer = wait(self.admin(&doing)?.delete_records(&list, &options()));
        let answer = answer.map_err(|e| match e {
            // librdkafka looks for the leaders first and finds none.
            KafkaError::AdminOp(Code::NoEnt) => {
                let message = "one of the topics or partitions is not there: list the topics";
                Error::new(ErrorKind::UnknownTopic, doing.as_str(), message)
            }
            e => Failure::from_crate(&e).outside(doing.as_str()),
        })?;
        for element in answer.elements() {
            if let Err(e) = element.error() {
                let of = TopicPartition::new(element.topic(), element.partition());
                return Err(self.not_deleted(&of, Failure::from_crate(&e)));
            }
        }
        Ok(())
    }

    fn not_deleted(&self, of: &TopicPartition, failure: Failure) -> Error {
        let doing = self.about("deleting records of", &of.to_string());
        match failure.code {
            Code::OffsetOutOfRange => {
                let message = "the offset lies above the end of the partition: ask for its ends";
                Error::new(ErrorKind::OffsetOutOfRange, doing, message)
            }
            Code::PolicyViolation => {
                let message = "the topic is compacted, so Kafka deletes none of its records on demand";
                Error::new(ErrorKind::Config, doing, message)
            }
            _ => failure.outside(doing),
        }
    }

    /// Fills in the settings of topics, as far as this login may ask for them.
    pub(super) fn describe_settings(&self, topics: &mut [TopicInfo]) -> Result<()> {
        if topics.is_empty() {
            return Ok(());
        }
        let doing = self.about("asking for settings", "of topics");
        let names: Vec<String> = topics.iter().map(|t| t.name.clone()).collect();
        let asked: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let answer = wait(self.admin(&doing)?.describe_configs(&asked, &options()));
        let answer = answer.map_err(|e| Failure::from_crate(&e).outside(doing))?;
        // A topic that may not be described is left out.
        for described in answer.iter().flatten() {
            let OwnedResourceSpecifier::Topic(name) = &described.specifier else { continue };
            if let Some(topic) = topics.iter_mut().find(|t| t.name == *name) {
                settle(topic, described);
            }
        }
        Ok(())
    }

    /// Groups with their members.
    pub(super) fn group_list(&self) -> Result<Vec<GroupInfo>> {
        let listed = self.ask("listing groups", |timeout| {
            let list = self.committed.client().fetch_group_list(None, timeout.min(ANSWER));
            list.map_err(|e| Failure::from_crate(&e))
        })?;
        let one = |g: &rdkafka::groups::GroupInfo| GroupInfo {
            name: g.name().to_owned(),
            members: g.members().len(),
        };
        let mut groups: Vec<_> = listed.groups().iter().map(one).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups.dedup_by(|a, b| a.name == b.name);
        Ok(groups)
    }
}

/// What the answer says of a topic; a setting of -1 is no bound.
fn settle(topic: &mut TopicInfo, described: &ConfigResource) {
    let value = |name: &str| described.get(name).and_then(|entry| entry.value.as_deref());
    let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
    topic.cleanup = value("cleanup.policy").and_then(policy);
    topic.retention_bytes = number("retention.bytes");
    topic.retention = number("retention.ms").map(Duration::from_millis);
    topic.delete_retention = number("delete.retention.ms").map(Duration::from_millis);
    topic.batch_bytes = number("max.message.bytes");
}

fn policy(text: &str) -> Option<Cleanup> {
    let mut parts: Vec<&str> = text.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
    parts.sort_unstable();
    match parts.as_slice() {
        [] | ["delete"] => Some(Cleanup::Retain),
        ["compact"] => Some(Cleanup::Compact),
        ["compact", "delete"] => Some(Cleanup::CompactAndRetain),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_in_any_order() {
        assert_eq!(policy("delete"), Some(Cleanup::Retain));
        assert_eq!(policy("compact"), Some(Cleanup::Compact));
        assert_eq!(policy("delete,compact"), Some(Cleanup::CompactAndRetain));
        assert_eq!(policy("compact, delete"), Some(Cleanup::CompactAndRetain));
        assert_eq!(policy("shred"), None);
    }

    #[test]
    fn tombstones_of_new_topics_are_kept_as_long_as_is_said() {
        let ms = super::super::admin::DELETE_RETENTION_MS.parse().map(Duration::from_millis);
        assert_eq!(ms, Ok(crate::DELETE_RETENTION));
    }
}
