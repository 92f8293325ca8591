//! The data contract: what travels on StreamGuard's topics, validated.
//!
//! What enters: bytes of records. What leaves: typed events, or an [`Invalid`] that names every wrong
//! field. What holds: an event that was made from bytes can be stored in PostgreSQL as it is (no U+0000, no
//! lone surrogate, bounded identifiers), amounts never pass through a float, fields of a transaction that
//! are not known here are kept verbatim, and writing an event and reading it again gives the same event.
//!
//! The crate depends on no broker and no database: topics are plain data, headers are names.

mod alert;
mod alert_id;
mod fields;
pub mod headers;
mod invalid;
mod json;
mod label;
pub mod mask;
mod profile;
mod rule;
pub mod topics;
mod transaction;

pub use chrono::{DateTime, SecondsFormat, Utc};

pub use alert::{EXTERNAL_VERSION, FraudAlert, Retraction, Source};
pub use alert_id::{AlertOrigin, alert_id};
pub use fields::Fields;
pub use headers::dead_letter_key;
pub use invalid::{Invalid, Problem};

pub use json::{parse_amount, parse_timestamp};
pub use label::Label;
pub use mask::Mask;
pub use profile::{CustomerProfile, RiskLevel};
pub use rule::{Mode, RuleRecord, Severity};
pub use transaction::{Transaction, TransactionType};

/// The most characters of an identifier (a key column's index entry stays below PostgreSQL's 2,704 bytes).
pub const MAX_ID_CHARS: usize = 256;

/// The most characters of any other known text field.
pub const MAX_TEXT_CHARS: usize = 512;
