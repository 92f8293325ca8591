//! The values of INSERT INTO ... VALUES: which column takes which.
//!
//! Enters: a constant's value and type. Leaves: the value in the column's type. What holds, as in ksqlDB:
//! numbers widen and nothing is rounded or cut, text is read as a time or as BYTES in base64 and as nothing
//! else; arrays, maps and structs go part by part, a STRUCT's fields by name.

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::types::expr::cast;
use crate::types::{DataType, Field, Value, compare};

/// The value as the column takes it; or why it does not, as words behind the column's name.
pub(super) fn into_column(
    value: Value<'_>,
    from: &DataType,
    to: &DataType,
) -> Result<Value<'static>, String> {
    let misfit = || format!("takes {to}, this is {from}");
    if value.is_null() {
        return Ok(Value::Null);
    }
    if from == to {
        return Ok(value.into_owned());
    }
    match (&value, from, to) {
        (Value::Array(items), DataType::Array(of), DataType::Array(element)) => {
            let items = items.iter().map(|item| into_column(item.clone(), of, element));
            Ok(Value::Array(Arc::new(items.collect::<Result<_, _>>()?)))
        }
        (Value::Map(entries), DataType::Map(k, v), DataType::Map(key, item)) => {
            let entries = entries.iter().map(|(own, value)| {
                Ok((into_column(own.clone(), k, key)?, into_column(value.clone(), v, item)?))
            });
            Ok(Value::Map(Arc::new(entries.collect::<Result<_, String>>()?)))
        }
        (Value::Struct(values), DataType::Struct(own), DataType::Struct(fields)) => {
            if let Some(lost) = own.iter().find(|o| fields.iter().all(|field| field.name != o.name)) {
                return Err(format!("takes {to}, which has no field {}", lost.name));
            }
            let value = |field: &Field| match own.iter().position(|o| o.name == field.name) {
                Some(at) => {
                    let value = values.get(at).cloned().unwrap_or_default();
                    into_column(value, &own[at].data_type, &field.data_type)
                        .map_err(|why| format!("has a field {} that {why}", field.name))
                }
                None => Ok(Value::Null),
            };
            Ok(Value::Struct(Arc::new(fields.iter().map(value).collect::<Result<_, _>>()?)))
        }
        (Value::String(text), _, DataType::Bytes) => match BASE64.decode(text.trim()) {
            Ok(bytes) => Ok(Value::Bytes(bytes.into())),
            Err(_) => Err(format!("takes BYTES in base64, which '{text}' is not")),
        },
        (Value::String(_), _, to) if to.is_temporal() => text_as(value, to),
        (_, from, to) if from.is_numeric() && widens(from, to) => number(&value, to),
        _ => Err(misfit()),
    }
}

fn text_as(value: Value<'_>, to: &DataType) -> Result<Value<'static>, String> {
    cast(value, to).map(Value::into_owned).map_err(|error| format!("takes {to}: {}", error.0))
}

/// Whether numbers of a type go into columns of another, if they fit.
fn widens(from: &DataType, to: &DataType) -> bool {
    match to {
        DataType::Decimal { .. } => *from != DataType::Double,
        _ => from.coerces_to(to),
    }
}

fn number(value: &Value<'_>, to: &DataType) -> Result<Value<'static>, String> {
    let number = cast(value.clone(), to).map_err(|error| format!("takes {to}: {}", error.0))?.into_owned();
    let is_exact = *to == DataType::Double || compare(&number, value) == Some(Ordering::Equal);
    if is_exact { Ok(number) } else { Err(format!("takes {to}, to which it would be rounded")) }
}
