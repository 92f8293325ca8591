//! The type of several expressions: what IN compares, an array's elements, a map's keys and values, the results
//! of CASE, and the column that INSERT INTO writes.
//!
//! Enters: bound expressions. Leaves: the same, all of one type. What holds, as in ksqlDB: each item of a list
//! may widen the type of those before it; a constant takes that type where its text can be read so, a
//! constructor part by part; a STRUCT has the fields of all.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::expr::coerce;
use crate::sql::Diagnostic;
use crate::sql::ast::Span;
use crate::types::expr::{Expr, Node, cast};
use crate::types::{DataType, Decimal, Field, Value, compare};

/// An item has no type in common with those before it.
struct Misfit;

/// Brings all to one type; None where there is none, or all are untyped NULLs.
pub(super) fn unify(items: Vec<Expr>) -> Option<(DataType, Vec<Expr>)> {
    let common = widen_all(None, &items).ok()??;
    let items = items.into_iter().map(|item| convert(item, &common)).collect::<Option<Vec<_>>>()?;
    Some((common, items))
}

fn widen_all(common: Option<DataType>, items: &[Expr]) -> Result<Option<DataType>, Misfit> {
    items.iter().try_fold(common, widen)
}

fn widen(common: Option<DataType>, item: &Expr) -> Result<Option<DataType>, Misfit> {
    let Some(given) = &item.data_type else { return Ok(common) };
    let Some(target) = common else { return Ok(Some(given.clone())) };
    match (&item.node, &target) {
        (Node::Array(items), DataType::Array(of)) => {
            Ok(widen_all(Some((**of).clone()), items)?.map(|t| DataType::Array(Box::new(t))))
        }
        (Node::Map(entries), DataType::Map(key, value)) => {
            let (mut k, mut v) = (Some((**key).clone()), Some((**value).clone()));
            for (key, value) in entries {
                (k, v) = (widen(k, key)?, widen(v, value)?);
            }
            Ok(k.zip(v).map(|(k, v)| DataType::Map(Box::new(k), Box::new(v))))
        }
        (Node::Struct(values), DataType::Struct(fields)) => {
            let DataType::Struct(own) = given else { return Err(Misfit) };
            widen_struct(own, values, fields).map(Some)
        }
        (Node::Literal(Value::Null), _) => Ok(Some(target)),
        (Node::Literal(value), _) => widen_to_constant(value, given, target).map(Some),
        _ => common_of(given, &target).map(Some).ok_or(Misfit),
    }
}

/// The type that values of both can take: part by part, a STRUCT with the fields of both.
fn common_of(given: &DataType, target: &DataType) -> Option<DataType> {
    match (given, target) {
        (DataType::Array(a), DataType::Array(b)) => Some(DataType::Array(Box::new(common_of(a, b)?))),
        (DataType::Map(ak, av), DataType::Map(bk, bv)) => {
            Some(DataType::Map(Box::new(common_of(ak, bk)?), Box::new(common_of(av, bv)?)))
        }
        (DataType::Struct(a), DataType::Struct(b)) => {
            let both = a.iter().map(|field| {
                let known = b.iter().find(|f| f.name == field.name);
                let data_type = known
                    .map_or(Some(field.data_type.clone()), |f| common_of(&field.data_type, &f.data_type))?;
                Some(Field { name: field.name.clone(), data_type })
            });
            let mut all = both.collect::<Option<Vec<_>>>()?;
            all.extend(b.iter().filter(|f| a.iter().all(|own| own.name != f.name)).cloned());
            Some(DataType::Struct(all))
        }
        // Text of a column is read as a time record by record.
        (DataType::String, time) | (time, DataType::String) if time.is_temporal() => Some(time.clone()),
        _ => target.common(given),
    }
}

/// The type of CASE: ksqlDB takes results of one type only, and NULL, and widens none.
pub(super) fn of_results(results: &[Expr], span: Span) -> Result<DataType, Diagnostic> {
    let refuse = |message: String| Diagnostic::error("type_mismatch", span, message);
    let mut types = results.iter().filter_map(|result| result.data_type.as_ref());
    let Some(first) = types.next() else {
        return Err(refuse("the results of CASE are all NULL, which has no type".into())
            .hint("CAST(NULL AS VARCHAR) gives one of them a type"));
    };
    match types.find(|other| *other != first) {
        Some(other) => {
            let message = format!("the results of CASE must be of one type, these are {first} and {other}");
            let common = other.common(first).unwrap_or(DataType::String);
            Err(refuse(message).hint(format!("CAST(... AS {common}) brings them to one")))
        }
        None => Ok(first.clone()),
    }
}

/// An expression as a column of a stream that exists takes it: widened, a numeric constant fitted to a DECIMAL,
/// a STRUCT's fields put where they are called so. None where something would be lost.
pub(super) fn into_column(expr: &Expr, to: &DataType) -> Option<Expr> {
    let from = expr.data_type.as_ref()?;
    let is_fitted = expr.as_literal().is_some_and(|value| {
        let exact = |cast: &Value<'_>| compare(cast, value) == Some(Ordering::Equal);
        matches!(to, DataType::Decimal { .. })
            && from.is_numeric()
            && cast(value.clone(), to).is_ok_and(|cast| exact(&cast))
    });
    (is_fitted || fits(from, to)).then(|| coerce(expr.clone(), to))
}

fn fits(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (DataType::Array(a), DataType::Array(b)) => fits(a, b),
        (DataType::Map(ak, av), DataType::Map(bk, bv)) => fits(ak, bk) && fits(av, bv),
        (DataType::Struct(a), DataType::Struct(b)) => {
            let takes =
                |own: &Field| b.iter().any(|f| f.name == own.name && fits(&own.data_type, &f.data_type));
            a.iter().all(takes)
        }
        _ => from.coerces_to(to),
    }
}

/// The fields of both, the constructor's first.
fn widen_struct(own: &[Field], values: &[Expr], fields: &[Field]) -> Result<DataType, Misfit> {
    let mut all = Vec::new();
    for (field, value) in own.iter().zip(values) {
        let known = fields.iter().find(|f| f.name == field.name).map(|f| f.data_type.clone());
        let data_type = widen(known, value)?.ok_or(Misfit)?;
        all.push(Field { name: field.name.clone(), data_type });
    }
    all.extend(fields.iter().filter(|f| own.iter().all(|o| o.name != f.name)).cloned());
    Ok(DataType::Struct(all))
}

fn widen_to_constant(value: &Value<'_>, given: &DataType, target: DataType) -> Result<DataType, Misfit> {
    if let (Some(text), false) = (value.as_str(), target == DataType::String) {
        return if target.is_numeric() {
            number_in(text).and_then(|number| number.common(&target)).ok_or(Misfit)
        } else {
            let readable = match target {
                DataType::Boolean => is_truth(text),
                _ => read(text, &target).is_some(),
            };
            if readable { Ok(target) } else { Err(Misfit) }
        };
    }
    let primitive = given.is_numeric() || *given == DataType::Boolean;
    if target == DataType::String && primitive {
        return Ok(target);
    }
    target.common(given).ok_or(Misfit)
}

/// Text as a time, or as BYTES in base64.
fn read(text: &str, to: &DataType) -> Option<Value<'static>> {
    match to {
        DataType::Bytes => BASE64.decode(text.trim()).ok().map(|bytes| Value::Bytes(bytes.into())),
        to if to.is_temporal() => cast(Value::str(text), to).ok().map(Value::into_owned),
        _ => None,
    }
}

/// The smallest type of the number that a text is.
fn number_in(text: &str) -> Option<DataType> {
    let text = text.trim();
    if text.parse::<i32>().is_ok() {
        return Some(DataType::Integer);
    }
    if text.parse::<i64>().is_ok() {
        return Some(DataType::Bigint);
    }
    let decimal = Decimal::parse(text.as_bytes())?;
    Some(DataType::decimal(decimal.precision().max(decimal.scale()), decimal.scale()))
}

/// What ksqlDB reads as a BOOLEAN: a beginning of true, yes, false or no.
fn is_truth(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    !text.is_empty() && ["true", "yes", "false", "no"].iter().any(|word| word.starts_with(&text))
}

/// Brings an item to the common type; None for a constant that cannot be read so.
fn convert(item: Expr, to: &DataType) -> Option<Expr> {
    if item.data_type.as_ref() == Some(to) {
        return Some(item);
    }
    let node = match (item.node, to) {
        (Node::Array(items), DataType::Array(of)) => {
            Node::Array(items.into_iter().map(|item| convert(item, of)).collect::<Option<_>>()?)
        }
        (Node::Map(entries), DataType::Map(key, value)) => {
            let entries = entries.into_iter().map(|(k, v)| Some((convert(k, key)?, convert(v, value)?)));
            Node::Map(entries.collect::<Option<_>>()?)
        }
        (Node::Struct(values), DataType::Struct(fields)) => {
            let Some(DataType::Struct(own)) = &item.data_type else { return None };
            let value = |field: &Field| match own.iter().position(|o| o.name == field.name) {
                Some(at) => convert(values.get(at)?.clone(), &field.data_type),
                None => Some(Expr::literal(Value::Null, Some(field.data_type.clone()))),
            };
            Node::Struct(fields.iter().map(value).collect::<Option<_>>()?)
        }
        (Node::Literal(Value::String(text)), to) if to.is_temporal() || *to == DataType::Bytes => {
            return Some(Expr::literal(read(&text, to)?, Some(to.clone())));
        }
        (node, _) => return Some(coerce(Expr { node, data_type: item.data_type }, to)),
    };
    Some(Expr { node, data_type: Some(to.clone()) })
}
