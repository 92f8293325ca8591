//! Records and transactions of a producer.

use std::ffi::{CString, c_int, c_void};
use std::ptr;
use std::time::Duration;

use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use rdkafka_sys as sys;

use super::super::context::Context;
use super::super::failure::Failure;
use super::{Handle, Membership, check, check_error, millis, text};
use crate::Outgoing;

/// RD_KAFKA_PARTITION_UA: the partitioner chooses.
const UNASSIGNED: i32 = -1;

/// A topic that a producer writes to.
pub(in crate::kafka) struct NativeTopic(*mut sys::rd_kafka_topic_t);

// SAFETY: a topic handle may be used from any thread.
unsafe impl Send for NativeTopic {}

impl Drop for NativeTopic {
    fn drop(&mut self) {
        // SAFETY: the pointer came from rd_kafka_topic_new and is given back once, before its client.
        unsafe { sys::rd_kafka_topic_destroy(self.0) }
    }
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy)]
pub(in crate::kafka) enum Step {
    Init,
    Begin,
    Commit,
    Abort,
}

pub(in crate::kafka) unsafe extern "C" fn on_delivery(
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
    pub(in crate::kafka) fn topic(&self, name: &str) -> Result<NativeTopic, Failure> {
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
    pub(in crate::kafka) fn produce(
        &self,
        topic: &NativeTopic,
        record: &Outgoing<'_>,
    ) -> Result<(), Failure> {
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

    pub(in crate::kafka) fn flush(&self, timeout: Duration) -> Result<(), Failure> {
        // SAFETY: the client is a valid producer.
        check(unsafe { sys::rd_kafka_flush(self.rk(), millis(timeout)) })
    }

    /// Drops what is queued and in flight.
    pub(in crate::kafka) fn purge(&self) {
        let all = (sys::RD_KAFKA_PURGE_F_QUEUE | sys::RD_KAFKA_PURGE_F_INFLIGHT) as c_int;
        // SAFETY: the client is a valid producer.
        unsafe { sys::rd_kafka_purge(self.rk(), all) };
    }

    /// A step of a transaction.
    pub(in crate::kafka) fn transaction(&self, step: Step, timeout: Duration) -> Result<(), Failure> {
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

    pub(in crate::kafka) fn send_offsets(
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
