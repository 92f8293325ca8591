//! CAST, and the widening that binding puts in.

use std::sync::Arc;

use crate::types::{DataType, Decimal, EvalError, Field, Value, double_text};

/// Whether CAST knows the way from one type to another.
pub fn castable(from: &DataType, to: &DataType) -> bool {
    use DataType::{Array, Boolean, Bytes, Date, Map, String, Struct, Time, Timestamp};
    match (from, to) {
        (a, b) if a == b => true,
        (Bytes, _) | (_, Bytes) => false,
        (_, String) => true,
        (String, Boolean | Date | Time | Timestamp) => true,
        (a, b) if a.is_numeric() && b.is_numeric() => true,
        (String, b) => b.is_numeric(),
        (Timestamp, Date | Time) | (Date, Timestamp) => true,
        (Array(a), Array(b)) => castable(a, b),
        (Map(ak, av), Map(bk, bv)) => castable(ak, bk) && castable(av, bv),
        (Struct(a), Struct(b)) => b.iter().all(|field| {
            a.iter().find(|f| f.name == field.name).is_none_or(|f| castable(&f.data_type, &field.data_type))
        }),
        _ => false,
    }
}

/// Converts a value; NULL stays NULL.
pub fn cast<'a>(value: Value<'a>, to: &DataType) -> Result<Value<'a>, EvalError> {
    let value = match (value, to) {
        (Value::Null, _) => return Ok(Value::Null),
        (v @ Value::String(_), DataType::String) => return Ok(v),
        (Value::Array(items), DataType::Array(element)) => {
            let items = items.iter().map(|v| cast(v.clone(), element)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Value::Array(Arc::new(items)));
        }
        (Value::Map(entries), DataType::Map(key, value)) => {
            let entries = entries.iter().map(|(k, v)| Ok((cast(k.clone(), key)?, cast(v.clone(), value)?)));
            return Ok(Value::Map(Arc::new(entries.collect::<Result<Vec<_>, EvalError>>()?)));
        }
        (Value::Struct(values), DataType::Struct(fields)) => return cast_struct(&values, fields),
        (Value::String(text), to) => return from_text(&text, to).map(Value::into_owned),
        (v, _) => v,
    };
    let refuse = || EvalError::new(format!("{} cannot be cast to {to}", to_text(&value, None)));
    Ok(match to {
        DataType::String => Value::string(to_text(&value, None)),
        DataType::Integer => Value::Integer(match &value {
            Value::Double(v) => *v as i32,
            Value::Decimal(v) => v.trunc() as i32,
            v => v.as_i64().ok_or_else(refuse)? as i32,
        }),
        DataType::Bigint => Value::Bigint(match &value {
            Value::Double(v) => *v as i64,
            Value::Decimal(v) => v.trunc() as i64,
            v => v.as_i64().ok_or_else(refuse)?,
        }),
        DataType::Double => Value::Double(value.as_f64().ok_or_else(refuse)?),
        DataType::Decimal { precision, scale } => {
            let decimal = match &value {
                Value::Decimal(d) => Some(*d),
                Value::Double(v) => Decimal::from_f64(*v),
                v => v.as_i64().map(Decimal::from_i64),
            };
            let fits = decimal.ok_or_else(refuse)?.fit(*precision, *scale);
            Value::Decimal(
                fits.ok_or_else(|| EvalError::new(format!("{} does not fit {to}", to_text(&value, None))))?,
            )
        }
        DataType::Date => match value {
            Value::Timestamp(ms) => Value::Date(ms.div_euclid(DAY) as i32),
            v @ Value::Date(_) => v,
            _ => return Err(refuse()),
        },
        DataType::Time => match value {
            Value::Timestamp(ms) => Value::Time(ms.rem_euclid(DAY) as i32),
            v @ Value::Time(_) => v,
            _ => return Err(refuse()),
        },
        DataType::Timestamp => match value {
            Value::Date(days) => Value::Timestamp(i64::from(days) * DAY),
            v @ Value::Timestamp(_) => v,
            _ => return Err(refuse()),
        },
        _ => value,
    })
}

/// Converts a value whose type is known: a STRUCT's fields go by name, one that is missing is NULL.
pub(super) fn cast_from<'a>(
    value: Value<'a>,
    from: Option<&DataType>,
    to: &DataType,
) -> Result<Value<'a>, EvalError> {
    match (value, from, to) {
        (Value::Struct(values), Some(DataType::Struct(own)), DataType::Struct(fields)) => {
            let value = |field: &Field| match own.iter().position(|o| o.name == field.name) {
                Some(at) => {
                    let value = values.get(at).cloned().unwrap_or_default();
                    cast_from(value, Some(&own[at].data_type), &field.data_type)
                }
                None => Ok(Value::Null),
            };
            Ok(Value::Struct(Arc::new(fields.iter().map(value).collect::<Result<Vec<_>, _>>()?)))
        }
        (Value::Array(items), Some(DataType::Array(of)), DataType::Array(element)) => {
            let items = items.iter().map(|v| cast_from(v.clone(), Some(of), element));
            Ok(Value::Array(Arc::new(items.collect::<Result<Vec<_>, _>>()?)))
        }
        (Value::Map(entries), Some(DataType::Map(_, of)), DataType::Map(key, value)) => {
            let entries = entries
                .iter()
                .map(|(k, v)| Ok((cast(k.clone(), key)?, cast_from(v.clone(), Some(of), value)?)));
            Ok(Value::Map(Arc::new(entries.collect::<Result<Vec<_>, EvalError>>()?)))
        }
        (value @ (Value::Struct(_) | Value::Array(_) | Value::Map(_)), from, DataType::String) => {
            Ok(Value::string(to_text(&value, from)))
        }
        (value, _, to) => cast(value, to),
    }
}

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

fn cast_struct<'a>(values: &[Value<'a>], fields: &[Field]) -> Result<Value<'a>, EvalError> {
    let values = fields.iter().zip(values).map(|(f, v)| cast(v.clone(), &f.data_type));
    Ok(Value::Struct(Arc::new(values.collect::<Result<Vec<_>, _>>()?)))
}

fn from_text(text: &str, to: &DataType) -> Result<Value<'static>, EvalError> {
    let trimmed = text.trim();
    let parsed = match to {
        // Any prefix of "true" or "yes", as ksqlDB's SqlBooleans.
        DataType::Boolean => {
            let lower = trimmed.to_ascii_lowercase();
            Some(Value::Boolean(
                !lower.is_empty() && ("true".starts_with(&lower) || "yes".starts_with(&lower)),
            ))
        }
        DataType::Integer => trimmed.parse().ok().map(Value::Integer),
        DataType::Bigint => trimmed.parse().ok().map(Value::Bigint),
        DataType::Double => trimmed.parse().ok().map(Value::Double),
        DataType::Decimal { precision, scale } => {
            Decimal::parse(trimmed.as_bytes()).and_then(|d| d.fit(*precision, *scale)).map(Value::Decimal)
        }
        DataType::Date => trimmed.parse::<chrono::NaiveDate>().ok().map(|d| Value::Date(d.to_epoch_days())),
        DataType::Time => trimmed.parse::<chrono::NaiveTime>().ok().map(|t| {
            use chrono::Timelike;
            Value::Time((t.num_seconds_from_midnight() * 1000 + t.nanosecond() / 1_000_000) as i32)
        }),
        DataType::Timestamp => parse_timestamp(trimmed).map(Value::Timestamp),
        _ => None,
    };
    parsed.ok_or_else(|| EvalError::new(format!("'{text}' cannot be cast to {to}")))
}

/// `yyyy[-MM[-dd[THH:mm[:ss[.fraction]]]]][zone]`, UTC where no zone is given: ksqlDB's partial timestamps.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    if let Ok(t) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(t.timestamp_millis());
    }
    let (body, offset) = split_zone(text)?;
    let (date, time) = body.split_once(['T', ' ']).unwrap_or((body, ""));
    let mut parts = date.split('-');
    let year = parts.next()?.parse().ok()?;
    let mut next = || parts.next().map_or(Some(1), |p| p.parse().ok());
    let day = chrono::NaiveDate::from_ymd_opt(year, next()?, next()?)?;
    let time = match time.len() {
        0 => chrono::NaiveTime::MIN,
        1 | 2 => chrono::NaiveTime::from_hms_opt(time.parse().ok()?, 0, 0)?,
        3..=5 => chrono::NaiveTime::parse_from_str(time, "%H:%M").ok()?,
        _ => time.parse().ok()?,
    };
    Some(day.and_time(time).and_utc().timestamp_millis() - offset)
}

/// Cuts `Z` or `+hh:mm` off the end, with the offset in milliseconds.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(body) = text.strip_suffix('Z') {
        return Some((body, 0));
    }
    let Some(time_at) = text.find(['T', ' ']) else { return Some((text, 0)) };
    let Some(at) = text[time_at..].find(['+', '-']).map(|i| i + time_at) else { return Some((text, 0)) };
    let digits: String = text[at + 1..].chars().filter(|c| *c != ':').collect();
    let number: i64 = digits.parse().ok()?;
    let minutes = if digits.len() <= 2 { number * 60 } else { number / 100 * 60 + number % 100 };
    let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
    Some((&text[..at], sign * minutes * 60_000))
}

/// As Java's `toString` of the value prints it; its type tells the names of a STRUCT's fields.
fn to_text(value: &Value<'_>, of: Option<&DataType>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Boolean(v) => v.to_string(),
        Value::Integer(v) => v.to_string(),
        Value::Bigint(v) => v.to_string(),
        Value::Double(v) => double_text(*v),
        Value::Decimal(v) => v.to_string(),
        Value::String(v) => v.to_string(),
        Value::Bytes(v) => format!("{v:?}"),
        Value::Date(days) => {
            chrono::NaiveDate::from_epoch_days(*days).map(|d| d.to_string()).unwrap_or_default()
        }
        Value::Time(ms) => {
            let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(
                ms.unsigned_abs() / 1000,
                ms.unsigned_abs() % 1000 * 1_000_000,
            );
            time.map(|t| t.to_string()).unwrap_or_default()
        }
        Value::Timestamp(ms) => chrono::DateTime::from_timestamp_millis(*ms)
            .map(|t| t.format("%Y-%m-%dT%H:%M:%S%.3f").to_string())
            .unwrap_or_default(),
        Value::Array(items) => {
            let element = if let Some(DataType::Array(element)) = of { Some(&**element) } else { None };
            format!("[{}]", items.iter().map(|v| to_text(v, element)).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let element = if let Some(DataType::Map(_, element)) = of { Some(&**element) } else { None };
            let entries =
                entries.iter().map(|(k, v)| format!("{}={}", to_text(k, None), to_text(v, element)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Struct(values) => {
            let fields = if let Some(DataType::Struct(fields)) = of { &fields[..] } else { &[] };
            let there = values.iter().zip(fields).filter(|(value, _)| !value.is_null());
            let texts =
                there.map(|(v, field)| format!("{}={}", field.name, to_text(v, Some(&field.data_type))));
            format!("Struct{{{}}}", texts.collect::<Vec<_>>().join(","))
        }
    }
}
