//! The clients of a worker, and their names.
//!
//! What holds: a name stays the same over restarts where there is a state directory, so that an older life of the
//! worker is fenced.

use std::sync::Arc;

use broker::{ConsumerConfig, ProducerConfig};

use super::super::checkpoint::{Checkpointer, Inline, Threaded, Writer};
use super::super::{Error, Guarantee, Shared};
use super::BATCH;

/// What tells a worker from all others of its group, those of other processes too.
pub(super) fn worker_name(shared: &Shared, index: usize) -> String {
    format!("{}-{index}", shared.identity.name())
}

fn client_name(shared: &Shared, index: usize) -> String {
    format!("{}-{}", shared.options.group, worker_name(shared, index))
}

pub(super) fn consumer_config(shared: &Shared, index: usize) -> ConsumerConfig {
    ConsumerConfig {
        group: Some(shared.options.group.clone()),
        instance: shared.identity.is_kept().then(|| client_name(shared, index)),
        max_batch: BATCH,
        properties: shared.options.consumer_properties.clone(),
        ..ConsumerConfig::default()
    }
}

/// A producer of outputs: a transactional one fences its older life; another writes what it is given at once.
pub(super) fn producer_config(shared: &Shared, index: usize, guarantee: Guarantee) -> ProducerConfig {
    let mut properties = shared.options.producer_properties.clone();
    let transactional_id = match guarantee {
        Guarantee::ExactlyOnce => Some(client_name(shared, index)),
        Guarantee::AtLeastOnce => {
            let is_given = |name: &&str| properties.contains_key(*name);
            if !LINGER_PROPERTIES.iter().any(is_given) {
                properties.insert(LINGER_PROPERTIES[0].to_owned(), "1".to_owned());
            }
            None
        }
    };
    ProducerConfig { transactional_id, properties }
}

/// How long a record waits for others to go with, in librdkafka's words.
const LINGER_PROPERTIES: [&str; 2] = ["linger.ms", "queue.buffering.max.ms"];

/// How many records of a checkpoint wait in librdkafka at most: some megabytes, with what it keeps of each. A first
/// checkpoint is as large as the state, and its writer is far ahead of the log.
const QUEUE: usize = 10_000;
const QUEUE_PROPERTY: &str = "queue.buffering.max.messages";

/// The checkpointer of a worker, with a producer of its own.
pub(super) fn checkpointer(shared: &Arc<Shared>, index: usize) -> Result<Box<dyn Checkpointer>, Error> {
    let name = format!("{}-checkpoint", client_name(shared, index));
    let mut properties = shared.options.producer_properties.clone();
    properties.entry(QUEUE_PROPERTY.to_owned()).or_insert_with(|| QUEUE.to_string());
    let config = ProducerConfig { transactional_id: Some(name), properties };
    let writer = Writer::new(shared, config);
    if shared.writes_checkpoints_inline {
        return Ok(Box::new(Inline::new(writer)));
    }
    let thread = Threaded::start(&format!("checkpoint-{index}"), writer);
    Ok(Box::new(thread.map_err(|source| Error::State { path: "threads".into(), source })?))
}
