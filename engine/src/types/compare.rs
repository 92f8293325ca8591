//! Order and equality of values of one type.

use std::cmp::Ordering;

use super::Value;

/// Orders two values of one type (numbers of any two types); NULLs and unlike values have no order. Text
/// compares by UTF-16 code units as Java's `compareTo`; DOUBLE as Java's `Double.compare` but 0.0 = -0.0.
pub fn compare(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    match (a, b) {
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.compare(*b)),
        (Value::Bigint(a), Value::Bigint(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Integer(a), Value::Integer(b))
        | (Value::Date(a), Value::Date(b))
        | (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => Some(compare_doubles(*a, *b)),
        (Value::String(a), Value::String(b)) => Some(compare_text(a, b)),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Array(a), Value::Array(b)) | (Value::Struct(a), Value::Struct(b)) => compare_lists(a, b),
        _ => compare_mixed(a, b),
    }
}

fn compare_doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn compare_text(a: &str, b: &str) -> Ordering {
    if a.is_ascii() || b.is_ascii() {
        // UTF-8 and UTF-16 order differ only above the surrogates.
        return a.as_bytes().cmp(b.as_bytes());
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

fn compare_lists(a: &[Value<'_>], b: &[Value<'_>]) -> Option<Ordering> {
    for (a, b) in a.iter().zip(b) {
        match (a.is_null(), b.is_null()) {
            (true, true) => {}
            (true, false) => return Some(Ordering::Less),
            (false, true) => return Some(Ordering::Greater),
            (false, false) => match compare(a, b)? {
                Ordering::Equal => {}
                other => return Some(other),
            },
        }
    }
    Some(a.len().cmp(&b.len()))
}

/// Numbers of two types.
fn compare_mixed(a: &Value<'_>, b: &Value<'_>) -> Option<Ordering> {
    use super::Decimal;
    match (a, b) {
        (Value::Double(a), _) => Some(compare_doubles(*a, b.as_f64()?)),
        (_, Value::Double(b)) => Some(compare_doubles(a.as_f64()?, *b)),
        (Value::Decimal(a), _) => Some(a.compare(Decimal::from_i64(b.as_i64()?))),
        (_, Value::Decimal(b)) => Some(Decimal::from_i64(a.as_i64()?).compare(*b)),
        _ => Some(a.as_i64()?.cmp(&b.as_i64()?)),
    }
}

/// Equality of two values that are not NULL; maps are equal whatever the order of their entries.
pub fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.iter().any(|(k2, v2)| equal(k, k2) && same(v, v2)))
        }
        (Value::Array(a), Value::Array(b)) | (Value::Struct(a), Value::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        _ => compare(a, b) == Some(Ordering::Equal),
    }
}

/// Equality where NULL equals NULL.
pub(crate) fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a.is_null(), b.is_null()) {
        (true, true) => true,
        (false, false) => equal(a, b),
        _ => false,
    }
}
