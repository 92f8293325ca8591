//! The one place that calls librdkafka itself: what the `rdkafka` crate does not wrap, or wraps with waits.
//!
//! What enters: settings, lists of partitions, records. What leaves: records copied into a [`Batch`],
//! [`Failure`]s. What holds: every pointer that comes from librdkafka is owned by a value here that frees
//! it once, and borrows from librdkafka end before the call that they came from returns.
//!
//! Why not `rdkafka`'s own consumer and producer: its consumer takes one message at a time through an
//! event (a batch from the consumer's queue is several times faster), and its producer serves delivery
//! reports in steps of 100 ms while a transaction is committed; with a delivery callback, as here,
//! librdkafka serves them itself and `commit` returns when the coordinator has answered.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::client::Client;
use rdkafka::config::ClientConfig;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr, RDKafkaType};
use rdkafka_sys as sys;

use super::context::{Change, Context};
use super::failure::Failure;
use crate::{Batch, Outgoing, TopicPartition};

/// RD_KAFKA_PARTITION_UA: the partitioner chooses.
const UNASSIGNED: i32 = -1;

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

/// A topic that a producer writes to.
pub(super) struct NativeTopic(*mut sys::rd_kafka_topic_t);

// SAFETY: a topic handle may be used from any thread.
unsafe impl Send for NativeTopic {}

impl Drop for NativeTopic {
    fn drop(&mut self) {
        // SAFETY: the pointer came from rd_kafka_topic_new and is given back once, before its client.
        unsafe { sys::rd_kafka_topic_destroy(self.0) }
    }
}

/// The membership of a consumer group as of one moment.
#[derive(Debug)]
pub(crate) struct Membership(*mut sys::rd_kafka_consumer_group_metadata_t);

// SAFETY: it is never changed after it was made.
unsafe impl Send for Membership {}
// SAFETY: as above.
unsafe impl Sync for Membership {}

impl Drop for Membership {
    fn drop(&mut self) {
        // SAFETY: the pointer came from rd_kafka_consumer_group_metadata and is given back once.
        unsafe { sys::rd_kafka_consumer_group_metadata_destroy(self.0) }
    }
}

/// What came instead of a record.
#[derive(Debug)]
pub(super) struct Incident {
    pub(super) code: RDKafkaErrorCode,
    pub(super) text: String,
    pub(super) partition: TopicPartition,
    pub(super) offset: i64,
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

/// A step of a transaction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Init,
    Begin,
    Commit,
    Abort,
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

unsafe extern "C" fn on_delivery(
    _: *mut sys::rd_kafka_t,
    message: *const sys::rd_kafka_message_t,
    opaque: *mut c_void,
) {
    // SAFETY: both pointers are valid for this call; `opaque` is the client's context.
    unsafe {
        let message = &*message;
        if message.err != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            let to = format!("{}-{}", text(sys::rd_kafka_topic_name(message.rkt)), message.partition);
            (*opaque.cast::<Context>()).not_delivered(message.err.into(), &to);
        }
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
                    sys::rd_kafka_conf_set_dr_msg_cb(native.ptr(), Some(on_delivery))
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

    /// Copies up to `max` records into the batch; waits for the first, or for anything else to happen.
    pub(super) fn consume(
        &mut self,
        batch: &mut Batch,
        max: usize,
        timeout: Duration,
        known: &[TopicPartition],
        incidents: &mut Vec<Incident>,
    ) {
        let Some(queue) = &self.queue else { return };
        let mut messages: Vec<*mut sys::rd_kafka_message_t> = vec![ptr::null_mut(); max.max(1)];
        // SAFETY: client and queue are valid; librdkafka writes at most as many pointers as there is room
        // for; each message is read while it is valid and then destroyed, once.
        unsafe {
            let fill = |from: usize, messages: &mut Vec<_>| {
                let (at, room) = (messages[from..].as_mut_ptr(), messages.len() - from);
                sys::rd_kafka_consume_batch_queue(queue.0, 0, at, room).max(0) as usize
            };
            let mut count = fill(0, &mut messages);
            if count == 0 {
                messages[0] = sys::rd_kafka_consumer_poll(self.rk(), millis(timeout));
                if messages[0].is_null() {
                    return;
                }
                count = 1 + if messages.len() > 1 { fill(1, &mut messages) } else { 0 };
            }
            let mut sources = Vec::new();
            for message in &messages[..count] {
                take(&**message, batch, &mut sources, known, incidents);
                sys::rd_kafka_message_destroy(*message);
            }
        }
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

    pub(super) fn topic(&self, name: &str) -> Result<NativeTopic, Failure> {
        let name = CString::new(name).map_err(|_| Failure::config("a topic's name holds a NUL"))?;
        // SAFETY: client and name are valid; null takes the client's default settings.
        let topic = unsafe { sys::rd_kafka_topic_new(self.rk(), name.as_ptr(), ptr::null_mut()) };
        if topic.is_null() {
            // SAFETY: reads the calling thread's last error.
            return Err(Failure::of(unsafe { sys::rd_kafka_last_error() }.into()));
        }
        Ok(NativeTopic(topic))
    }

    /// Queues a copy of the record.
    pub(super) fn produce(&self, topic: &NativeTopic, record: &Outgoing<'_>) -> Result<(), Failure> {
        use sys::rd_kafka_vtype_t as v;
        let part = |p: Option<&[u8]>| p.map_or((ptr::null(), 0), |p| (p.as_ptr().cast::<c_void>(), p.len()));
        let ((value, value_len), (key, key_len)) = (part(record.value), part(record.key));
        let headers = headers(record)?;
        // SAFETY: client, topic and parts are valid; MSG_F_COPY copies key and value before it returns; the
        // argument types are those that librdkafka's RD_KAFKA_V_ macros pass.
        let code = unsafe {
            sys::rd_kafka_producev(
                self.rk(),
                v::RD_KAFKA_VTYPE_RKT,
                topic.0,
                v::RD_KAFKA_VTYPE_PARTITION,
                record.partition.unwrap_or(UNASSIGNED),
                v::RD_KAFKA_VTYPE_MSGFLAGS,
                sys::RD_KAFKA_MSG_F_COPY,
                v::RD_KAFKA_VTYPE_VALUE,
                value,
                value_len,
                v::RD_KAFKA_VTYPE_KEY,
                key,
                key_len,
                v::RD_KAFKA_VTYPE_TIMESTAMP,
                record.timestamp,
                v::RD_KAFKA_VTYPE_HEADERS,
                headers,
                v::RD_KAFKA_VTYPE_END,
            )
        };
        if code != RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR && !headers.is_null() {
            // SAFETY: where producing failed the headers are still ours.
            unsafe { sys::rd_kafka_headers_destroy(headers) };
        }
        check(code)
    }

    pub(super) fn flush(&self, timeout: Duration) -> Result<(), Failure> {
        // SAFETY: the client is a valid producer.
        check(unsafe { sys::rd_kafka_flush(self.rk(), millis(timeout)) })
    }

    /// Drops what is queued and in flight.
    pub(super) fn purge(&self) {
        let all = (sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT) as c_int;
        // SAFETY: the client is a valid producer.
        unsafe { sys::rd_kafka_purge(self.rk(), all) };
    }

    /// A step of a transaction.
    pub(super) fn transaction(&self, step: Step, timeout: Duration) -> Result<(), Failure> {
        let (rk, timeout) = (self.rk(), millis(timeout));
        // SAFETY: the client is a valid producer; delivery callbacks only touch the context.
        check_error(unsafe {
            match step {
                Step::Init => sys::rd_kafka_init_transactions(rk, timeout),
                Step::Begin => sys::rd_kafka_begin_transaction(rk),
                Step::Commit => sys::rd_kafka_commit_transaction(rk, timeout),
                Step::Abort => sys::rd_kafka_abort_transaction(rk, timeout),
            }
        })
    }

    pub(super) fn send_offsets(
        &self,
        offsets: &TopicPartitionList,
        membership: &Membership,
        timeout: Duration,
    ) -> Result<(), Failure> {
        // SAFETY: client, list and membership are valid and outlive the call.
        check_error(unsafe {
            sys::rd_kafka_send_offsets_to_transaction(self.rk(), offsets.ptr(), membership.0, millis(timeout))
        })
    }

    /// The id of a topic, by which one of the same name that is made later is told apart.
    pub(super) fn topic_id(&self, topic: &str, timeout: Duration) -> Option<String> {
        let name = CString::new(topic).ok()?;
        // SAFETY: each object is made, used and destroyed here; what is read from the event is copied
        // before the event is destroyed.
        unsafe {
            let queue = Queue(sys::rd_kafka_queue_new(self.rk()));
            let topics = sys::rd_kafka_TopicCollection_of_topic_names(&mut name.as_ptr(), 1);
            sys::rd_kafka_DescribeTopics(self.rk(), topics, ptr::null(), queue.0);
            sys::rd_kafka_TopicCollection_destroy(topics);
            let event = sys::rd_kafka_queue_poll(queue.0, millis(timeout));
            if event.is_null() {
                return None;
            }
            let mut count = 0;
            let result = sys::rd_kafka_event_DescribeTopics_result(event);
            let mut id = None;
            if !result.is_null() {
                let found = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
                if count == 1 && !found.is_null() {
                    let uuid = sys::rd_kafka_TopicDescription_topic_id(*found);
                    id = (!uuid.is_null()).then(|| text(sys::rd_kafka_Uuid_base64str(uuid)));
                }
            }
            sys::rd_kafka_event_destroy(event);
            id
        }
    }
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

/// The headers of a record in librdkafka's form; null where there are none.
fn headers(record: &Outgoing<'_>) -> Result<*mut sys::rd_kafka_headers_t, Failure> {
    if record.headers.is_empty() {
        return Ok(ptr::null_mut());
    }
    // SAFETY: names and values are copied by each call; on an error the list is freed here.
    unsafe {
        let list = sys::rd_kafka_headers_new(record.headers.len());
        for (name, value) in record.headers {
            let (value, len) = (value.as_ptr().cast::<c_void>(), value.len() as isize);
            let code = sys::rd_kafka_header_add(list, name.as_ptr().cast(), name.len() as isize, value, len);
            if let Err(failure) = check(code) {
                sys::rd_kafka_headers_destroy(list);
                return Err(failure);
            }
        }
        Ok(list)
    }
}
