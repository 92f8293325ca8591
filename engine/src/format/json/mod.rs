//! JSON records.
//!
//! Enters: a record's bytes. Leaves: one value per declared column, or the bytes of a row. What holds: the
//! text must be one JSON value by RFC 8259 in valid UTF-8, with nothing after it; text without escapes is
//! borrowed; reading allocates nothing but for escapes, nested values and errors.

mod decode;
mod encode;
mod fault;
mod names;
mod number;
mod order;
mod scanner;
mod shape;
pub mod tree;

pub use decode::JsonDecoder;
pub(crate) use encode::write_scalar;
pub use encode::{JsonEncoder, write_string};
pub(crate) use number::{text_to_decimal, text_to_f64};
