//! Messages of a consumer's queue, copied into a batch.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::time::Duration;

use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka_sys as sys;

use super::{Handle, check, millis, text};
use crate::{Batch, TopicPartition};

/// The most messages that are taken at once.
const PIECE: usize = 64;

/// What came instead of a record.
#[derive(Debug)]
pub(in crate::kafka) struct Incident {
    pub(in crate::kafka) code: RDKafkaErrorCode,
    pub(in crate::kafka) text: String,
    pub(in crate::kafka) partition: TopicPartition,
    pub(in crate::kafka) offset: i64,
}

impl Handle {
    /// Counts as a poll (`max.poll.interval.ms`) and takes nothing.
    pub(in crate::kafka) fn keep_alive(&self) {
        let Some(queue) = &self.queue else { return };
        // SAFETY: client and queue are valid; with room for no message none is written.
        unsafe { sys::rd_kafka_consume_batch_queue(queue.0, 0, ptr::null_mut(), 0) };
    }

    /// Copies up to `limits.0` records into the batch, and none after the one that brings it to `limits.1`
    /// bytes; waits for the first, or for anything else to happen.
    pub(in crate::kafka) fn consume(
        &mut self,
        batch: &mut Batch,
        limits: (usize, usize),
        timeout: Duration,
        known: &[TopicPartition],
        incidents: &mut Vec<Incident>,
    ) {
        let Some(queue) = &self.queue else { return };
        let mut messages = [ptr::null_mut::<sys::rd_kafka_message_t>(); PIECE];
        let (mut sources, mut taken) = (Vec::new(), 0);
        loop {
            let room = piece(batch, taken, limits);
            // SAFETY: client and queue are valid; librdkafka writes at most as many pointers as there is room
            // for; each message is read while it is valid and then destroyed, once.
            unsafe {
                let filled = sys::rd_kafka_consume_batch_queue(queue.0, 0, messages.as_mut_ptr(), room);
                let mut count = filled.max(0) as usize;
                if taken == 0 && count == 0 {
                    messages[0] = sys::rd_kafka_consumer_poll(self.rk(), millis(timeout));
                    count = usize::from(!messages[0].is_null());
                }
                for message in &messages[..count] {
                    take(&**message, batch, &mut sources, known, incidents);
                    sys::rd_kafka_message_destroy(*message);
                }
                taken += count;
                if count == 0 || count < room {
                    return;
                }
            }
        }
    }
}

/// How many messages to take next. Their sizes are known only afterwards: those of the ones before stand for
/// them, and the first is taken alone.
fn piece(batch: &Batch, taken: usize, (records, bytes): (usize, usize)) -> usize {
    if batch.size() >= bytes && !batch.is_empty() {
        return 0;
    }
    let mean = (batch.size() / batch.len().max(1)).max(1);
    let fit = if batch.is_empty() { 1 } else { (bytes - batch.size()) / mean };
    fit.clamp(1, PIECE).min(records.max(1) - taken)
}

/// A topic as librdkafka points to it, a partition, and its index in a batch; within one poll.
type Sources = Vec<(*mut sys::rd_kafka_topic_t, i32, usize)>;

/// Copies a message into the batch, or what came instead of one to the incidents.
unsafe fn take(
    message: &sys::rd_kafka_message_t,
    batch: &mut Batch,
    sources: &mut Sources,
    known: &[TopicPartition],
    incidents: &mut Vec<Incident>,
) {
    let of = |of: &&TopicPartition, topic: &str| *of.topic == *topic && of.partition == message.partition;
    // SAFETY: the message is valid until it is destroyed, after this call; so are its key, value and headers.
    unsafe {
        let partition = || {
            let topic = if message.rkt.is_null() {
                String::new()
            } else {
                text(sys::rd_kafka_topic_name(message.rkt))
            };
            let known = known.iter().find(|p| of(p, &topic));
            known.cloned().unwrap_or_else(|| TopicPartition::new(topic, message.partition))
        };
        if message.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let text = text(sys::rd_kafka_message_errstr(message));
            let (code, offset) = (message.err.into(), message.offset);
            incidents.push(Incident { code, text, partition: partition(), offset });
            return;
        }
        let seen = sources.iter().find(|(rkt, p, _)| *rkt == message.rkt && *p == message.partition);
        let source = seen.map(|(_, _, source)| *source).unwrap_or_else(|| {
            let source = batch.source(&partition());
            sources.push((message.rkt, message.partition, source));
            source
        });
        let part = |at: *const c_void, len| {
            (!at.is_null()).then(|| std::slice::from_raw_parts(at.cast::<u8>(), len))
        };
        let (key, value) = (part(message.key, message.key_len), part(message.payload, message.len));
        let timestamp = sys::rd_kafka_message_timestamp(message, ptr::null_mut());
        let mut list = ptr::null_mut();
        let code = sys::rd_kafka_message_headers(message, &mut list);
        let present = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        let headers = (0..).map_while(|i| if present { header(list, i) } else { None });
        batch.push(source, message.offset, timestamp, key, value, headers);
    }
}

/// The header at an index; None past the last.
unsafe fn header<'a>(list: *const sys::rd_kafka_headers_t, index: usize) -> Option<(&'a str, &'a [u8])> {
    let (mut name, mut value, mut len) = (ptr::null(), ptr::null(), 0);
    // SAFETY: the list is valid; name and value live as long as its message, which the caller's use is within.
    unsafe {
        check(sys::rd_kafka_header_get_all(list, index, &mut name, &mut value, &mut len)).ok()?;
        let value = if value.is_null() { &[] } else { std::slice::from_raw_parts(value.cast::<u8>(), len) };
        Some((CStr::from_ptr(name).to_str().unwrap_or_default(), value))
    }
}
