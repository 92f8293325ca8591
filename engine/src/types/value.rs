//! A value, borrowed from the record it came from wherever that is possible.
//!
//! What holds: text that is only read or cut is never copied, so a rule over a record allocates nothing;
//! what a store keeps is made `'static` by [`Value::into_owned`].

use std::borrow::Cow;
use std::sync::Arc;

use super::Decimal;

/// A value of one of ksqlDB's types.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// NULL of any type.
    #[default]
    Null,
    /// BOOLEAN
    Boolean(bool),
    /// INT
    Integer(i32),
    /// BIGINT
    Bigint(i64),
    /// DOUBLE
    Double(f64),
    /// DECIMAL
    Decimal(Decimal),
    /// VARCHAR
    String(Cow<'a, str>),
    /// BYTES
    Bytes(Cow<'a, [u8]>),
    /// DATE: days since 1970-01-01.
    Date(i32),
    /// TIME: milliseconds since midnight.
    Time(i32),
    /// TIMESTAMP: milliseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// ARRAY
    Array(Arc<Vec<Value<'a>>>),
    /// MAP: entries in order of entry, keys are distinct.
    Map(Arc<Vec<(Value<'a>, Value<'a>)>>),
    /// STRUCT: the fields in declared order.
    Struct(Arc<Vec<Value<'a>>>),
}

/// Why an expression has no value for this row. ksqlDB logs it and goes on with NULL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EvalError(pub String);

impl EvalError {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl<'a> Value<'a> {
    /// Text without a copy.
    pub fn str(text: &'a str) -> Self {
        Value::String(Cow::Borrowed(text))
    }

    /// Text of its own.
    pub fn string(text: impl Into<String>) -> Self {
        Value::String(Cow::Owned(text.into()))
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether something has to be given back when it goes.
    #[inline]
    pub fn owns_memory(&self) -> bool {
        match self {
            Value::String(text) => matches!(text, Cow::Owned(_)),
            Value::Bytes(bytes) => matches!(bytes, Cow::Owned(_)),
            Value::Array(_) | Value::Map(_) | Value::Struct(_) => true,
            Value::Null
            | Value::Boolean(_)
            | Value::Integer(_)
            | Value::Bigint(_)
            | Value::Double(_)
            | Value::Decimal(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::Timestamp(_) => false,
        }
    }

    /// The memory that it has beside itself, in bytes.
    pub fn heap_size(&self) -> usize {
        let all = |values: &[Value<'_>]| values.iter().map(|v| size_of::<Value<'_>>() + v.heap_size()).sum();
        match self {
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Array(values) | Value::Struct(values) => all(values),
            Value::Map(pairs) => {
                let of = |(k, v): &(Value<'_>, Value<'_>)| k.heap_size() + v.heap_size();
                pairs.iter().map(|pair| size_of::<(Value<'_>, Value<'_>)>() + of(pair)).sum()
            }
            _ => 0,
        }
    }

    /// The same value, borrowing text and bytes from this one: no allocation for scalars.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Value::String(s) => Value::String(Cow::Borrowed(s)),
            Value::Bytes(b) => Value::Bytes(Cow::Borrowed(b)),
            other => other.clone(),
        }
    }

    /// The same value, owning all of its parts.
    pub fn into_owned(self) -> Value<'static> {
        fn all(values: Arc<Vec<Value<'_>>>) -> Arc<Vec<Value<'static>>> {
            Arc::new(values.iter().map(|v| v.clone().into_owned()).collect())
        }
        match self {
            Value::Null => Value::Null,
            Value::Boolean(v) => Value::Boolean(v),
            Value::Integer(v) => Value::Integer(v),
            Value::Bigint(v) => Value::Bigint(v),
            Value::Double(v) => Value::Double(v),
            Value::Decimal(v) => Value::Decimal(v),
            Value::Date(v) => Value::Date(v),
            Value::Time(v) => Value::Time(v),
            Value::Timestamp(v) => Value::Timestamp(v),
            Value::String(v) => Value::String(Cow::Owned(v.into_owned())),
            Value::Bytes(v) => Value::Bytes(Cow::Owned(v.into_owned())),
            Value::Array(v) => Value::Array(all(v)),
            Value::Struct(v) => Value::Struct(all(v)),
            Value::Map(v) => Value::Map(Arc::new(
                v.iter().map(|(k, v)| (k.clone().into_owned(), v.clone().into_owned())).collect(),
            )),
        }
    }

    /// Takes over `other`, keeping this value's buffer where both are text.
    pub fn assign(&mut self, other: &Value<'_>)
    where
        'a: 'static,
    {
        match (&mut *self, other) {
            (Value::String(Cow::Owned(mine)), Value::String(theirs)) => {
                mine.clear();
                mine.push_str(theirs);
            }
            _ => *self = other.clone().into_owned(),
        }
    }

    /// The text of a VARCHAR.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(s) => Some(s),
            _ => None,
        }
    }

    /// An INT, BIGINT, DATE, TIME or TIMESTAMP as a 64-bit number.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Integer(v) | Value::Date(v) | Value::Time(v) => Some(i64::from(*v)),
            Value::Bigint(v) | Value::Timestamp(v) => Some(*v),
            _ => None,
        }
    }

    /// Any number as a DOUBLE.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Double(v) => Some(*v),
            Value::Decimal(d) => Some(d.to_f64()),
            _ => self.as_i64().map(|v| v as f64),
        }
    }
}
