//! Sends offsets to a transaction, within a time that is kept.
//!
//! What enters: offsets and a membership. What leaves: librdkafka's answer, or none when the time is over. What
//! holds: a thread of the courier's own waits for librdkafka, which may never answer: where the group's coordinator
//! dies at the wrong moment, librdkafka 2.12 tries to find the new one three times within milliseconds, and then waits
//! until some connection changes (`rd_kafka_coord_req_fsm` never looks at its time-out). A courier that is given up
//! keeps the client alive until librdkafka answers after all: Kafka closes idle connections after ten minutes at most.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rdkafka::types::RDKafkaErrorCode as Code;

use super::failure::Failure;
use super::native::{Handle, Membership};
use super::producer::offset_list;
use crate::OffsetCommit;

type Answer = Result<(), Failure>;

/// See the module.
pub(super) struct Courier {
    requests: Sender<(Vec<OffsetCommit>, Arc<Membership>)>,
    answers: Receiver<Answer>,
}

impl Courier {
    /// For the offsets of this client; `within` is what librdkafka is told.
    pub(super) fn start(handle: Arc<Handle>, within: Duration) -> Result<Self, Failure> {
        let (requests, asked) = channel::<(Vec<OffsetCommit>, Arc<Membership>)>();
        let (answer, answers) = channel();
        let work = move || {
            while let Ok((offsets, membership)) = asked.recv() {
                let done =
                    offset_list(&offsets).and_then(|list| handle.send_offsets(&list, &membership, within));
                if answer.send(done).is_err() {
                    tracing::debug!("an answer to offsets came after they were given up");
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("offsets".to_owned()).spawn(work);
        thread.map_err(|e| Failure {
            text: format!("no thread for offsets: {e}"),
            ..Failure::of(Code::Fail)
        })?;
        Ok(Self { requests, answers })
    }

    /// Sends offsets. Where there is no answer within the time, the courier and its producer are of no more use.
    pub(super) fn send(
        &self,
        offsets: &[OffsetCommit],
        membership: &Arc<Membership>,
        within: Duration,
    ) -> Answer {
        let ended = || Failure { text: "the thread for offsets has ended".into(), ..Failure::of(Code::Fail) };
        self.requests.send((offsets.to_vec(), membership.clone())).map_err(|_| ended())?;
        match self.answers.recv_timeout(within) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(ended()),
            Err(RecvTimeoutError::Timeout) => Err(Failure {
                text: format!("the group's coordinator is not found within {} s", within.as_secs()),
                retriable: true,
                ..Failure::of(Code::OperationTimedOut)
            }),
        }
    }
}
