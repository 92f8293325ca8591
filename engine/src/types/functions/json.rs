//! JSON text as values.

use std::sync::Arc;

use super::{Bound, Call, Function, Param, fixed, function, text, variadic};
use crate::format::json::tree::{Json, parse};
use crate::format::json::{write_scalar, write_string};
use crate::types::expr::cast;
use crate::types::{DataType, Decimal, EvalError, Value};

const S: Param = Param::String;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "EXTRACTJSONFIELD",
        &[fixed(&[S, S], extract)],
        "What stands at a path such as $.a.b[0] of a JSON text.",
        &[
            (r#"EXTRACTJSONFIELD('{"a":{"b":["x",{"c":1}]}}', '$.a.b[1]')"#, r#"'{"c":1}'"#),
            (r#"EXTRACTJSONFIELD('{"a":"x"}', '$.a')"#, "'x'"),
        ],
    ),
    function(
        "IS_JSON_STRING",
        &[fixed(&[S], is_json)],
        "Whether a text is JSON.",
        &[
            ("IS_JSON_STRING('[1]')", "TRUE"),
            ("IS_JSON_STRING('abc')", "FALSE"),
            ("IS_JSON_STRING(NULL)", "FALSE"),
        ],
    ),
    function(
        "JSON_ARRAY_LENGTH",
        &[fixed(&[S], array_length)],
        "How many elements a JSON array has.",
        &[("JSON_ARRAY_LENGTH('[1, 2]')", "2"), ("JSON_ARRAY_LENGTH('{}')", "NULL")],
    ),
    function(
        "JSON_ARRAY_CONTAINS",
        &[fixed(&[S, Param::Any], array_contains)],
        "Whether a JSON array has a primitive element.",
        &[("JSON_ARRAY_CONTAINS('[1, 2]', 2)", "TRUE"), (r#"JSON_ARRAY_CONTAINS('["a"]', 'b')"#, "FALSE")],
    ),
    function(
        "JSON_KEYS",
        &[fixed(&[S], keys)],
        "The names of a JSON object's fields.",
        &[(r#"JSON_KEYS('{"a":1,"b":2}')"#, "ARRAY['a','b']")],
    ),
    function(
        "JSON_RECORDS",
        &[fixed(&[S], records)],
        "A JSON object as a map of texts: strings bare, all else as JSON.",
        &[(r#"JSON_RECORDS('{"a":1,"b":"x"}')"#, "MAP('a':='1','b':='x')")],
    ),
    function(
        "JSON_ITEMS",
        &[fixed(&[S], items)],
        "A JSON array as an array of JSON texts.",
        &[(r#"JSON_ITEMS('[1, {"a": 2}]')"#, r#"ARRAY['1','{"a":2}']"#)],
    ),
    function(
        "JSON_CONCAT",
        &[variadic(&[S], concat)],
        "JSON objects merged, arrays and other values put together into one array.",
        &[
            (r#"JSON_CONCAT('{"a":1}', '{"b":2}')"#, r#"'{"a":1,"b":2}'"#),
            ("JSON_CONCAT('[1]', '2')", "'[1,2]'"),
        ],
    ),
    function(
        "TO_JSON_STRING",
        &[fixed(&[Param::Any], to_json)],
        "A value as JSON text.",
        &[
            ("TO_JSON_STRING(ARRAY['a',NULL])", r#"'["a",null]'"#),
            ("TO_JSON_STRING(FROM_UNIXTIME(0))", "'\"1970-01-01T00:00:00.000\"'"),
        ],
    ),
];

/// The steps of a path such as `$.a['b'][0]`.
fn steps(path: &str) -> Result<Vec<String>, String> {
    let refuse = || format!("'{path}' is no path: it begins with $, then come .name, ['name'] or [0]");
    let mut rest = path.strip_prefix('$').ok_or_else(refuse)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (step, after) = after.split_once(']').ok_or_else(refuse)?;
            steps.push(step.trim_matches(['\'', '"']).to_owned());
            rest = after;
        } else {
            let name = rest.strip_prefix('.').ok_or_else(refuse)?;
            let end = name.find(['.', '[']).unwrap_or(name.len());
            steps.push(name[..end].trim_matches('"').to_owned());
            rest = &name[end..];
        }
    }
    Ok(steps)
}

fn follow<'j, 'a>(json: &'j Json<'a>, steps: &[String]) -> Option<&'j Json<'a>> {
    steps.iter().try_fold(json, |at, step| match at {
        Json::Object(fields) => fields.iter().find(|(name, _)| name == step).map(|(_, value)| value),
        Json::Array(elements) => elements.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

fn extract(call: &Call<'_>) -> Result<Bound, String> {
    let constant = call.literal_text(1).map(steps).transpose()?;
    Bound::strict(DataType::String, move |args| {
        let dynamic = match &constant {
            Some(_) => Vec::new(),
            None => steps(text(args, 1)).map_err(EvalError)?,
        };
        let json = parse(text(args, 0)).ok_or_else(|| EvalError::new("the text is not JSON"))?;
        Ok(match follow(&json, constant.as_ref().unwrap_or(&dynamic)) {
            None | Some(Json::Null) => Value::Null,
            Some(Json::String(text)) => Value::string(text.as_ref()),
            Some(other) => Value::string(other.to_text()),
        })
    })
}

fn is_json(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Boolean, |args| {
        Ok(Value::Boolean(args[0].as_str().is_some_and(|text| parse(text).is_some())))
    })
}

/// The elements of a JSON array, if the text is one.
fn elements(text: &str) -> Option<Vec<Json<'_>>> {
    match parse(text)? {
        Json::Array(elements) => Some(elements),
        _ => None,
    }
}

/// The fields of a JSON object, if the text is one.
fn fields(text: &str) -> Option<Vec<(std::borrow::Cow<'_, str>, Json<'_>)>> {
    match parse(text)? {
        Json::Object(fields) => Some(fields),
        _ => None,
    }
}

fn array_length(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| {
        Ok(elements(text(args, 0)).map_or(Value::Null, |list| Value::Integer(list.len() as i32)))
    })
}

fn is_same(json: &Json<'_>, value: &Value<'_>) -> bool {
    match (json, value) {
        (Json::Null, Value::Null) => true,
        (Json::Boolean(a), Value::Boolean(b)) => a == b,
        (Json::String(a), Value::String(b)) => a == b,
        (Json::Number(text), Value::Double(b)) => text.parse() == Ok(*b),
        (Json::Number(text), Value::Decimal(b)) => {
            Decimal::parse(text.as_bytes()).is_some_and(|a| a.compare(*b).is_eq())
        }
        (Json::Number(text), Value::Integer(_) | Value::Bigint(_)) => text.parse().ok() == value.as_i64(),
        _ => false,
    }
}

fn array_contains(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Boolean, |args| {
        let list = args[0].as_str().and_then(elements).unwrap_or_default();
        Ok(Value::Boolean(list.iter().any(|element| is_same(element, &args[1]))))
    })
}

fn keys(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(DataType::String)), |args| {
        let Some(fields) = fields(text(args, 0)) else { return Ok(Value::Null) };
        Ok(Value::Array(Arc::new(fields.into_iter().map(|(name, _)| Value::string(name)).collect())))
    })
}

fn records(_: &Call<'_>) -> Result<Bound, String> {
    let returns = DataType::Map(Box::new(DataType::String), Box::new(DataType::String));
    Bound::strict(returns, |args| {
        let Some(fields) = fields(text(args, 0)) else { return Ok(Value::Null) };
        let entry = |(name, value): (std::borrow::Cow<'_, str>, Json<'_>)| {
            let value = match value {
                Json::String(text) => text.into_owned(),
                other => other.to_text(),
            };
            (Value::string(name), Value::string(value))
        };
        Ok(Value::Map(Arc::new(fields.into_iter().map(entry).collect())))
    })
}

fn items(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(DataType::String)), |args| {
        let Some(list) = elements(text(args, 0)) else { return Ok(Value::Null) };
        Ok(Value::Array(Arc::new(list.iter().map(|element| Value::string(element.to_text())).collect())))
    })
}

/// Two JSON values as one.
fn merged<'a>(left: Json<'a>, right: Json<'a>) -> Json<'a> {
    match (left, right) {
        (Json::Object(mut fields), Json::Object(more)) => {
            for (name, value) in more {
                match fields.iter_mut().find(|(known, _)| *known == name) {
                    Some(field) => field.1 = value,
                    None => fields.push((name, value)),
                }
            }
            Json::Object(fields)
        }
        (left, right) => {
            let list = |json| match json {
                Json::Array(elements) => elements,
                other => vec![other],
            };
            Json::Array(list(left).into_iter().chain(list(right)).collect())
        }
    }
}

fn concat(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let all: Option<Vec<Json<'_>>> = args.iter().map(|arg| parse(arg.as_str()?)).collect();
        let joined = all.and_then(|all| all.into_iter().reduce(merged));
        Ok(joined.map_or(Value::Null, |json| Value::string(json.to_text())))
    })
}

/// Appends a value as JSON, dates and times as text.
fn write(value: &Value<'_>, data_type: &DataType, out: &mut Vec<u8>) -> Result<(), EvalError> {
    let separate = |i: usize, out: &mut Vec<u8>| {
        if i > 0 {
            out.push(b',')
        }
    };
    match (value, data_type) {
        (Value::Array(values), DataType::Array(element)) => {
            out.push(b'[');
            for (i, value) in values.iter().enumerate() {
                separate(i, out);
                write(value, element, out)?;
            }
            out.push(b']');
        }
        (Value::Map(entries), DataType::Map(_, of)) => {
            out.push(b'{');
            for (i, (key, value)) in entries.iter().enumerate() {
                separate(i, out);
                let key = cast(key.clone(), &DataType::String)?;
                write_string(key.as_str().unwrap_or("null"), out);
                out.push(b':');
                write(value, of, out)?;
            }
            out.push(b'}');
        }
        (Value::Struct(values), DataType::Struct(fields)) => {
            out.push(b'{');
            for (i, (field, value)) in fields.iter().zip(values.iter()).enumerate() {
                separate(i, out);
                write_string(&field.name, out);
                out.push(b':');
                write(value, &field.data_type, out)?;
            }
            out.push(b'}');
        }
        (Value::Timestamp(_) | Value::Date(_) | Value::Time(_), _) => {
            let text = cast(value.clone(), &DataType::String)?;
            write_string(text.as_str().unwrap_or_default(), out);
        }
        _ => write_scalar(value, out).map_err(|()| EvalError::new("the value has another type"))?,
    }
    Ok(())
}

fn to_json(call: &Call<'_>) -> Result<Bound, String> {
    let data_type = call.type_of(0).cloned().unwrap_or(DataType::String);
    Bound::of(DataType::String, move |args| {
        let mut out = Vec::new();
        write(&args[0], &data_type, &mut out)?;
        Ok(Value::string(String::from_utf8(out).unwrap_or_default()))
    })
}
