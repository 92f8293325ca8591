//! librdkafka's errors, and what a caller of this crate can do about them.
//!
//! What enters: an error code with what librdkafka says about it. What leaves: an [`Error`] of one class.
//! What holds: in a transaction, whatever is neither "abort and try again" nor "fenced" leaves the outcome
//! open, so it is `Unknown`: the committed offsets decide. (librdkafka 2.12 lacks KIP-890, so a call that
//! timed out may or may not have happened.)

use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;

use crate::{Error, ErrorKind};

/// An error of librdkafka.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) text: String,
    pub(super) fatal: bool,
    pub(super) retriable: bool,
    /// The transaction has to be aborted.
    pub(super) abort: bool,
}

impl Failure {
    pub(super) fn of(code: Code) -> Self {
        let fatal = code == Code::Fatal;
        Self { code, text: describe(code), fatal, retriable: false, abort: false }
    }

    /// A setting that librdkafka does not take.
    pub(super) fn config(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::of(Code::InvalidConfig) }
    }

    /// What the `rdkafka` crate reports.
    pub(super) fn from_crate(error: &KafkaError) -> Self {
        // The crate does not tell the code of a failed admin request, and one that timed out passes by itself.
        let code = match error {
            KafkaError::AdminOp(code) => *code,
            other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
        };
        if code == Code::Unknown {
            Self { text: error.to_string(), ..Self::of(code) }
        } else {
            Self::of(code)
        }
    }

    /// As the refusal of a record: one that lasts, so that trying again, in another transaction too, ends the same.
    pub(super) fn refusal(code: Code) -> Option<Self> {
        use ErrorKind::{Config, TooLarge};
        // A topic that is not known may only not be known yet: the next look tells.
        let lasts = matches!(lasting(code), Some(Config | TooLarge));
        lasts.then(|| {
            let told = describe(code);
            let text = refused_because(code).map_or(told.clone(), |why| format!("{told}: {why}"));
            Self { text, ..Self::of(code) }
        })
    }

    /// As an error of a call outside transactions.
    pub(super) fn outside(self, context: impl Into<String>) -> Error {
        let kind = match self.code {
            _ if fences(self.code) => ErrorKind::Fenced,
            code if self.retriable || passes(code) => ErrorKind::Unavailable,
            code => lasting(code).unwrap_or(ErrorKind::Fatal),
        };
        self.error(kind, context)
    }

    /// As an error of a step of a transaction.
    pub(super) fn in_transaction(self, context: impl Into<String>) -> Error {
        let kind = match self.code {
            _ if fences(self.code) => ErrorKind::Fenced,
            _ if self.abort => ErrorKind::Abortable,
            code if self.retriable || passes(code) => ErrorKind::Unknown,
            code if !self.fatal => lasting(code).unwrap_or(ErrorKind::Unknown),
            _ => ErrorKind::Unknown,
        };
        self.error(kind, context)
    }

    fn error(self, kind: ErrorKind, context: impl Into<String>) -> Error {
        let advice = match kind {
            ErrorKind::Fenced => "; another instance has taken over",
            ErrorKind::Unavailable => "; is Kafka running and reachable?",
            ErrorKind::Unknown => "; whether it happened is not known, the committed offsets will tell",
            _ => "",
        };
        Error::new(kind, context, format!("{}{advice}", self.text))
    }
}

/// The code in librdkafka's words.
pub(super) fn describe(code: Code) -> String {
    let text = code.to_string();
    match text.split_once(" (") {
        Some((_, inner)) => inner.trim_end_matches(')').to_owned(),
        None => text,
    }
}

/// What to do about a record that the cluster does not take.
fn refused_because(code: Code) -> Option<&'static str> {
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => Some(
            "raise max.message.bytes of the topic (kafka-configs.sh --alter --entity-type topics), \
             or have the rule select less",
        ),
        Code::InvalidTimestamp => Some(
            "the record's time lies further from the broker's clock than the topic takes; raise its \
             message.timestamp.before.max.ms and message.timestamp.after.max.ms",
        ),
        Code::InvalidRecord => Some(
            "the topic does not take such a record; a compacted topic takes none without a key, a topic whose \
             message.timestamp.before.max.ms or after.max.ms is bounded none of another time",
        ),
        Code::TopicAuthorizationFailed => {
            Some("this user may not write the topic: give it the right to (kafka-acls.sh --producer)")
        }
        _ => None,
    }
}

/// A newer producer, member or generation has taken over.
fn fences(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::FencedInstanceId
            | Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::AssignmentLost
            | Code::TransactionCoordinatorFenced
    )
}

/// Passes by itself.
pub(super) fn passes(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::DestroyBroker
            | Code::Resolve
            | Code::OperationTimedOut
            | Code::MessageTimedOut
            | Code::TimedOutQueue
            | Code::RequestTimedOut
            | Code::WaitingForCoordinator
            | Code::WaitCache
            | Code::BrokerNotAvailable
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::ReplicaNotAvailable
            | Code::NetworkException
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::NotController
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::KafkaStorageError
            | Code::UnstableOffsetCommit
            | Code::OffsetNotAvailable
            | Code::UnknownLeaderEpoch
            | Code::FencedLeaderEpoch
            | Code::ConcurrentTransactions
            | Code::RebalanceInProgress
            | Code::QueueFull
            | Code::Retry
            | Code::PreviousInProgress
    )
}

/// Stays until somebody changes something.
fn lasting(code: Code) -> Option<ErrorKind> {
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => {
            Some(ErrorKind::TooLarge)
        }
        Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicOrPartition
        | Code::UnknownTopicId => Some(ErrorKind::UnknownTopic),
        Code::OffsetOutOfRange | Code::AutoOffsetReset | Code::NoOffset => Some(ErrorKind::OffsetOutOfRange),
        Code::InvalidArgument
        | Code::InvalidConfig
        | Code::InvalidTopic
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::PolicyViolation
        | Code::InvalidTimestamp
        | Code::InvalidRecord
        | Code::InvalidTransactionTimeout
        | Code::InvalidSessionTimeout
        | Code::NonEmptyGroup
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed
        | Code::SaslAuthenticationFailed
        | Code::Authentication
        | Code::SSL
        | Code::UnsupportedFeature
        | Code::UnsupportedVersion
        | Code::TopicDeletionDisabled => Some(ErrorKind::Config),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_tell_what_to_do() {
        let kind = |failure: Failure| failure.in_transaction("commit").kind();
        assert_eq!(
            kind(Failure { abort: true, ..Failure::of(Code::RebalanceInProgress) }),
            ErrorKind::Abortable
        );
        assert_eq!(kind(Failure { abort: true, ..Failure::of(Code::IllegalGeneration) }), ErrorKind::Fenced);
        assert_eq!(kind(Failure { fatal: true, ..Failure::of(Code::Fenced) }), ErrorKind::Fenced);
        assert_eq!(
            kind(Failure { retriable: true, ..Failure::of(Code::OperationTimedOut) }),
            ErrorKind::Unknown
        );
        assert_eq!(kind(Failure { fatal: true, ..Failure::of(Code::Inconsistent) }), ErrorKind::Unknown);
        assert_eq!(Failure::of(Code::AllBrokersDown).outside("poll").kind(), ErrorKind::Unavailable);
        assert_eq!(
            Failure::of(Code::UnknownTopicOrPartition).outside("poll").kind(),
            ErrorKind::UnknownTopic
        );
    }

    #[test]
    fn an_admin_request_that_timed_out_is_no_end() {
        let failure = Failure::from_crate(&KafkaError::AdminOp(Code::OperationTimedOut));
        assert_eq!(failure.outside("asking for settings").kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn a_refused_record_is_not_tried_for_ever() {
        let kind = |code| Failure::refusal(code).map(|f| f.outside("producing").kind());
        assert_eq!(kind(Code::InvalidTimestamp), Some(ErrorKind::Config));
        assert_eq!(kind(Code::InvalidRecord), Some(ErrorKind::Config));
        assert_eq!(kind(Code::TopicAuthorizationFailed), Some(ErrorKind::Config));
        assert_eq!(kind(Code::MessageBatchTooLarge), Some(ErrorKind::TooLarge));
        assert_eq!(kind(Code::MessageSizeTooLarge), Some(ErrorKind::TooLarge));
        for passing in [Code::MessageTimedOut, Code::UnknownTopicOrPartition, Code::PurgeQueue] {
            assert_eq!(kind(passing), None, "{passing:?}");
        }
    }

    #[test]
    fn codes_are_described_in_words() {
        assert_eq!(describe(Code::MessageSizeTooLarge), "Broker: Message size too large");
    }
}
