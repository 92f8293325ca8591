//! The one place that calls librdkafka itself: what the `rdkafka` crate does not wrap, or wraps with waits.
//!
//! What enters: settings, lists of partitions, records. What leaves: records copied into a [`crate::Batch`],
//! [`Failure`]s. What holds: every pointer that comes from librdkafka is owned by a value here that frees
//! it once, and borrows from librdkafka end before the call that they came from returns.
//!
//! Why not `rdkafka`'s own consumer and producer: its consumer takes one message at a time through an
//! event (a batch from the consumer's queue is several times faster), and its producer serves delivery
//! reports in steps of 100 ms while a transaction is committed; with a delivery callback, as here,
//! librdkafka serves them itself and `commit` returns when the coordinator has answered.
#![allow(unsafe_code)]

mod consume;
mod produce;

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr, RDKafkaType};
use rdkafka_sys as sys;

pub(super) use consume::Incident;
pub(super) use produce::{NativeTopic, Step};

use super::context::{Change, Context};
use super::failure::Failure;
use crate::TopicPartition;

/// A client of librdkafka with its callbacks.
pub(super) struct Handle {
    /// Messages of a consumer; None for other clients. Freed before the client.
    queue: Option<Queue>,
    client: Client<Context>,
}

struct Queue(*mut sys::rd_kafka_queue_t);

// SAFETY: librdkafka's objects may be used from any thread; the queue is only read by `&mut Handle`.
unsafe impl Send for Queue {}
// SAFETY: as above; a shared `Queue` offers no operation.
unsafe impl Sync for Queue {}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the pointer came from rd_kafka_queue_get_consumer or _queue_new and is given back once.
        unsafe { sys::rd_kafka_queue_destroy(self.0) }
    }
}

/// The membership of a consumer group as of one moment.
#[derive(Debug)]
pub(crate) struct Membership(*mut sys::rd_kafka_consumer_group_metadata_t);

// SAFETY: it is never changed after it was made.
unsafe impl Send for Membership {}
// SAFETY: as above.
unsafe impl Sync for Membership {}

impl Membership {
    /// The group's generation; -1 for one that is no member.
    pub(crate) fn generation(&self) -> i64 {
        // SAFETY: the pointer is valid as long as `self` is, and is only read.
        i64::from(unsafe { sys::rd_kafka_consumer_group_metadata_generation_id(self.0) })
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // SAFETY: the pointer came from rd_kafka_consumer_group_metadata and is given back once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

/// What is done with a list of partitions.
#[derive(Debug, Clone, Copy)]
pub(super) enum OnPartitions {
    /// Joins the group for the topics.
    Subscribe,
    /// Replaces the assignment.
    Assign,
    Pause,
    Resume,
    /// Sets the list's offsets to the consumer's positions.
    Position,
    /// Commits the list's offsets outside a transaction.
    Commit,
    /// Sets the list's offsets to the group's stable committed ones.
    Committed(Duration),
    /// Seeks to the list's offsets; errors of single partitions are left in it.
    Seek(Duration),
}

fn millis(timeout: Duration) -> c_int {
    c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX)
}

fn text(chars: *const c_char) -> String {
    if chars.is_null() {
        return String::new();
    }
    // SAFETY: librdkafka's strings end with NUL and live at least until the call that gave them returns.
    unsafe { CStr::from_ptr(chars) }.to_string_lossy().into_owned()
}

fn check(code: RDKafkaRespErr) -> Result<(), Failure> {
    if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR { Ok(()) } else { Err(Failure::of(code.into())) }
}

/// Takes an error object, which is null for success.
fn check_error(error: *mut sys::rd_kafka_error_t) -> Result<(), Failure> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: a non-null error object is valid until it is destroyed, which happens here, once.
    unsafe {
        let failure = Failure {
            code: sys::rd_kafka_error_code(error).into(),
            text: text(sys::rd_kafka_error_string(error)),
            fatal: sys::rd_kafka_error_is_fatal(error) != 0,
            retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(failure)
    }
}

/// Partitions as librdkafka lists them.
unsafe fn partitions(list: *const sys::rd_kafka_topic_partition_list_t) -> Vec<TopicPartition> {
    // SAFETY: the caller passes null or a valid list, whose elements are `cnt` long.
    unsafe {
        let Some(list) = list.as_ref() else { return Vec::new() };
        if list.cnt <= 0 {
            return Vec::new();
        }
        let elements = std::slice::from_raw_parts(list.elems, list.cnt as usize);
        elements.iter().map(|e| TopicPartition::new(text(e.topic), e.partition)).collect()
    }
}

/// Only records what the group wants; the consumer's thread answers. While closing nobody would.
unsafe extern "C" fn on_rebalance(
    rk: *mut sys::rd_kafka_t,
    code: RDKafkaRespErr,
    list: *mut sys::rd_kafka_topic_partition_list_t,
    opaque: *mut c_void,
) {
    // SAFETY: `opaque` is the client's context, which outlives the client; `rk` and `list` are valid for
    // this call. rd_kafka_yield makes the poll that serves this callback return.
    unsafe {
        let context = &*opaque.cast::<Context>();
        let change = match code {
            _ if context.is_closing() => None,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Some(Change::Assign(partitions(list))),
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS => {
                let lost = sys::rd_kafka_assignment_lost(rk) != 0;
                Some(Change::Revoke { partitions: partitions(list), lost })
            }
            _ => None,
        };
        match change {
            Some(change) => {
                context.rebalanced(change);
                sys::rd_kafka_yield(rk);
            }
            None => {
                sys::rd_kafka_assign(rk, ptr::null());
            }
        }
    }
}

unsafe extern "C" fn on_error(
    _: *mut sys::rd_kafka_t,
    code: c_int,
    reason: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: `opaque` is the client's context, which outlives the client.
    let context = unsafe { &*opaque.cast::<Context>() };
    context.error(code, &text(reason));
}

unsafe extern "C" fn on_log(
    rk: *const sys::rd_kafka_t,
    level: c_int,
    facility: *const c_char,
    line: *const c_char,
) {
    // SAFETY: `rk` is valid for this call; its opaque is the context, which outlives the client.
    let context = unsafe { sys::rd_kafka_opaque(rk).cast::<Context>().as_ref() };
    if let Some(context) = context {
        context.log(level, &text(facility), &text(line));
    }
}

impl Handle {
    /// A client. A consumer needs a `group.id`, even one that never joins.
    pub(super) fn new(config: &ClientConfig, kind: RDKafkaType, context: Context) -> Result<Self, Failure> {
        let native = config.create_native_config().map_err(|e| Failure::config(&e.to_string()))?;
        // SAFETY: the configuration is valid; `Client::new` sets its opaque to the context, and keeps the
        // context for as long as the client.
        unsafe {
            sys::rd_kafka_conf_set_error_cb(native.ptr(), Some(on_error));
            sys::rd_kafka_conf_set_log_cb(native.ptr(), Some(on_log));
            match kind {
                RDKafkaType::RD_KAFKA_CONSUMER => {
                    sys::rd_kafka_conf_set_rebalance_cb(native.ptr(), Some(on_rebalance))
                }
                RDKafkaType::RD_KAFKA_PRODUCER => {
                    sys::rd_kafka_conf_set_dr_msg_cb(native.ptr(), Some(produce::on_delivery))
                }
            }
        }
        let client =
            Client::new(config, native, kind, context).map_err(|e| Failure::config(&e.to_string()))?;
        Ok(Self { queue: None, client })
    }

    /// As [`Handle::new`], for reading records: events and records come through one queue.
    pub(super) fn consumer(config: &ClientConfig, context: Context) -> Result<Self, Failure> {
        let mut handle = Self::new(config, RDKafkaType::RD_KAFKA_CONSUMER, context)?;
        // SAFETY: the client is a valid consumer.
        unsafe {
            check(sys::rd_kafka_poll_set_consumer(handle.client.native_ptr()))?;
            handle.queue = Some(Queue(sys::rd_kafka_queue_get_consumer(handle.client.native_ptr())));
        }
        Ok(handle)
    }

    pub(super) fn client(&self) -> &Client<Context> {
        &self.client
    }

    pub(super) fn context(&self) -> &Arc<Context> {
        self.client.context()
    }

    fn rk(&self) -> *mut sys::rd_kafka_t {
        self.client.native_ptr()
    }

    /// Waits for a connection to some broker. Without one librdkafka looks for a coordinator only every
    /// 500 ms; a broker that does not come is left to the call that needs it.
    pub(super) fn connect(&self, timeout: Duration) {
        let mut brokers = ptr::null();
        // SAFETY: the client is valid; null stands for no topic; the answer is freed here.
        unsafe {
            sys::rd_kafka_metadata(self.rk(), 0, ptr::null_mut(), &mut brokers, millis(timeout));
            if !brokers.is_null() {
                sys::rd_kafka_metadata_destroy(brokers);
            }
        }
    }

    /// Serves logs, errors and delivery reports.
    pub(super) fn serve(&self, timeout: Duration) {
        // SAFETY: the client is valid; callbacks only touch the context.
        unsafe { sys::rd_kafka_poll(self.rk(), millis(timeout)) };
    }

    /// Does something with a list of partitions.
    pub(super) fn apply(&self, what: OnPartitions, list: &TopicPartitionList) -> Result<(), Failure> {
        let (rk, list) = (self.rk(), list.ptr());
        // SAFETY: client and list are valid and outlive the call.
        check(unsafe {
            match what {
                OnPartitions::Subscribe => sys::rd_kafka_subscribe(rk, list),
                OnPartitions::Assign => sys::rd_kafka_assign(rk, list),
                OnPartitions::Pause => sys::rd_kafka_pause_partitions(rk, list),
                OnPartitions::Resume => sys::rd_kafka_resume_partitions(rk, list),
                OnPartitions::Position => sys::rd_kafka_position(rk, list),
                OnPartitions::Commit => sys::rd_kafka_commit(rk, list, 0),
                OnPartitions::Committed(timeout) => sys::rd_kafka_committed(rk, list, millis(timeout)),
                OnPartitions::Seek(timeout) => {
                    return check_error(sys::rd_kafka_seek_partitions(rk, list, millis(timeout)));
                }
            }
        })
    }

    /// Gives the assignment up, all of it.
    pub(super) fn unassign(&self) -> Result<(), Failure> {
        // SAFETY: the client is valid; null stands for no partitions.
        check(unsafe { sys::rd_kafka_assign(self.rk(), ptr::null()) })
    }

    pub(super) fn membership(&self) -> Option<Membership> {
        // SAFETY: the client is valid; the result is null or owned by us.
        let metadata = unsafe { sys::rd_kafka_consumer_group_metadata(self.rk()) };
        (!metadata.is_null()).then_some(Membership(metadata))
    }

    /// Leaves the group. Everything was given up before.
    pub(super) fn close(&self) -> Result<(), Failure> {
        // SAFETY: the client is a valid consumer; callbacks only touch the context.
        check(unsafe { sys::rd_kafka_consumer_close(self.rk()) })
    }

    /// The ids of topics, by which those of the same name that are made later are told apart, and how many
    /// partitions they have, in the order asked; None for one that is not there.
    pub(super) fn describe_topics(
        &self,
        topics: &[&str],
        timeout: Duration,
    ) -> Result<Vec<Option<Described>>, Failure> {
        let names: Vec<CString> = topics.iter().filter_map(|t| CString::new(*t).ok()).collect();
        let mut pointers: Vec<*const c_char> = names.iter().map(|n| n.as_ptr()).collect();
        // SAFETY: each object is made, used and destroyed here; what is read from the event is copied
        // before the event is destroyed; names outlive the call that takes them.
        unsafe {
            let queue = Queue(sys::rd_kafka_queue_new(self.rk()));
            let list = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            sys::rd_kafka_DescribeTopics(self.rk(), list, ptr::null(), queue.0);
            sys::rd_kafka_TopicCollection_destroy(list);
            let event = sys::rd_kafka_queue_poll(queue.0, millis(timeout));
            if event.is_null() {
                return Err(Failure::of(RDKafkaErrorCode::OperationTimedOut));
            }
            let described = described(event, topics);
            sys::rd_kafka_event_destroy(event);
            described
        }
    }
}

/// What the cluster says of a topic: its id, empty where the cluster has none, and its partitions.
pub(super) type Described = (String, i32);

/// The topics of an answer, in the order of their names here.
unsafe fn described(
    event: *mut sys::rd_kafka_event_t,
    topics: &[&str],
) -> Result<Vec<Option<Described>>, Failure> {
    let mut found = HashMap::new();
    // SAFETY: the event is valid until it is destroyed, after this call; all that is read here is part of it.
    unsafe {
        check(sys::rd_kafka_event_error(event))?;
        let result = sys::rd_kafka_event_DescribeTopics_result(event);
        if result.is_null() {
            return Err(Failure::of(RDKafkaErrorCode::BadMessage));
        }
        let mut count = 0;
        let list = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        for topic in (0..count).map(|i| *list.add(i)) {
            let code = sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic));
            if matches!(
                code.into(),
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic
            ) {
                continue;
            }
            check(code)?;
            let uuid = sys::rd_kafka_TopicDescription_topic_id(topic);
            let id = if uuid.is_null() { String::new() } else { text(sys::rd_kafka_Uuid_base64str(uuid)) };
            let mut partitions = 0;
            sys::rd_kafka_TopicDescription_partitions(topic, &mut partitions);
            found.insert(text(sys::rd_kafka_TopicDescription_name(topic)), (id, partitions as i32));
        }
    }
    Ok(topics.iter().map(|name| found.remove(*name)).collect())
}
