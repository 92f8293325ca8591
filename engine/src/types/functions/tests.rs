#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! Every function's examples are evaluated, by a reader of constant calls.

use super::*;
use crate::types::expr::cast;
use crate::types::{Decimal, double_text};

type Typed = (Value<'static>, Option<DataType>);

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn take(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> &'t str {
        self.rest = self.rest.trim_start();
        let (word, rest) = self.rest.split_at(self.rest.find(|c| !part(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn value(&mut self) -> Typed {
        if self.take("'") {
            return self.string();
        }
        if self.rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return number(self.word(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
        }
        let name = self.word(|c| c.is_ascii_alphanumeric() || c == '_');
        match name {
            "NULL" => (Value::Null, None),
            "TRUE" | "FALSE" => (Value::Boolean(name == "TRUE"), Some(DataType::Boolean)),
            "ARRAY" if self.take("[") => self.array(),
            "MAP" if self.take("(") => self.map(),
            _ => self.call(name),
        }
    }

    fn string(&mut self) -> Typed {
        let mut text = String::new();
        loop {
            let (piece, rest) = self.rest.split_once('\'').unwrap();
            text.push_str(piece);
            self.rest = rest;
            if !self.rest.starts_with('\'') {
                return (Value::string(text), Some(DataType::String));
            }
            self.rest = &self.rest[1..];
            text.push('\'');
        }
    }

    fn array(&mut self) -> Typed {
        let (mut values, mut element) = (Vec::new(), None);
        while !self.take("]") {
            let (value, data_type) = self.value();
            values.push(value);
            element = element.or(data_type);
            self.take(",");
        }
        (Value::Array(values.into()), Some(DataType::Array(Box::new(element.unwrap_or(DataType::String)))))
    }

    fn map(&mut self) -> Typed {
        let (mut entries, mut of) = (Vec::new(), None);
        while !self.take(")") {
            let (key, _) = self.value();
            assert!(self.take(":="));
            let (value, data_type) = self.value();
            entries.push((key, value));
            of = of.or(data_type);
            self.take(",");
        }
        let of = of.unwrap_or(DataType::String);
        (Value::Map(entries.into()), Some(DataType::Map(Box::new(DataType::String), Box::new(of))))
    }

    fn call(&mut self, name: &str) -> Typed {
        assert!(self.take("("), "{name} at {:?}", self.rest);
        let (mut values, mut types) = (Vec::new(), Vec::new());
        while !self.take(")") {
            let (value, data_type) = self.value();
            values.push(value);
            types.push(data_type);
            self.take(",");
        }
        let literals: Vec<Option<Value<'static>>> = values.iter().cloned().map(Some).collect();
        let constant = evaluate(name, &values, &types, &literals);
        let none = vec![None; values.len()];
        assert_eq!(constant, evaluate(name, &values, &types, &none), "{name} of constants and of columns");
        constant.unwrap()
    }
}

fn number(text: &str) -> Typed {
    if text.contains('E') {
        return (Value::Double(text.parse().unwrap()), Some(DataType::Double));
    }
    if text.contains('.') {
        let decimal = Decimal::parse(text.as_bytes()).unwrap();
        return (Value::Decimal(decimal), Some(DataType::decimal(decimal.precision(), decimal.scale())));
    }
    match text.parse() {
        Ok(value) => (Value::Integer(value), Some(DataType::Integer)),
        Err(_) => (Value::Bigint(text.parse().unwrap()), Some(DataType::Bigint)),
    }
}

fn evaluate(
    name: &str,
    values: &[Value<'static>],
    types: &[Option<DataType>],
    literals: &[Option<Value<'static>>],
) -> Result<Typed, String> {
    let bound = resolve(name, &Call { types, literals }).map_err(|e| format!("{name}: {e:?}"))?;
    let mut args: Vec<Value<'_>> = values
        .iter()
        .zip(&bound.coerce)
        .map(|(value, to)| match to {
            Some(to) => cast(value.clone(), to).unwrap(),
            None => value.clone(),
        })
        .collect();
    let value = (bound.eval)(&mut args).map_err(|e| e.0)?.into_owned();
    Ok((value, Some(bound.returns)))
}

fn eval(text: &str) -> Value<'static> {
    let mut reader = Reader { rest: text };
    let (value, _) = reader.value();
    assert_eq!(reader.rest, "", "all of {text} is read");
    value
}

/// A value as an example writes it.
pub(crate) fn sql(value: &Value<'_>) -> String {
    let all = |values: &[Value<'_>]| values.iter().map(sql).collect::<Vec<_>>().join(",");
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(v) => v.to_string().to_uppercase(),
        Value::Double(v) if double_text(*v).contains('E') => double_text(*v),
        Value::Double(v) => format!("{}E0", double_text(*v)),
        Value::Decimal(v) => v.to_string(),
        Value::String(v) => format!("'{v}'"),
        Value::Array(v) => format!("ARRAY[{}]", all(v)),
        Value::Map(v) => {
            let entries = v.iter().map(|(k, v)| format!("{}:={}", sql(k), sql(v)));
            format!("MAP({})", entries.collect::<Vec<_>>().join(","))
        }
        other => other.as_i64().map_or_else(|| format!("{other:?}"), |n| n.to_string()),
    }
}

#[test]
fn examples_hold() {
    for function in all() {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        assert!(function.summary.ends_with('.'), "{}", function.name);
        for (call, result) in function.examples {
            assert_eq!(sql(&eval(call)), *result, "{call}");
        }
    }
}

#[test]
fn names_are_found_in_any_case() {
    assert_eq!(lookup("substring").map(|f| f.name), Some("SUBSTRING"));
    assert_eq!(lookup("Upper").map(|f| f.name), Some("UCASE"));
    assert!(lookup("NO_SUCH").is_none());
    let call = Call { types: &[], literals: &[] };
    assert_eq!(resolve("SUBSTRNG", &call).unwrap_err(), ResolveError::Unknown { nearest: Some("SUBSTRING") });
    assert_eq!(resolve("ZZZZZZZZZZ", &call).unwrap_err(), ResolveError::Unknown { nearest: None });
}

#[test]
fn what_fits_no_signature_is_refused_with_those_that_there_are() {
    let types = [Some(DataType::Boolean), Some(DataType::Integer)];
    let error = resolve("SUBSTRING", &Call { types: &types, literals: &[None, None] }).unwrap_err();
    let ResolveError::NoOverload { message, signatures } = error else { panic!("{error}") };
    assert_eq!(message, "SUBSTRING does not take (BOOLEAN, INTEGER)");
    assert_eq!(signatures[1], "SUBSTRING(VARCHAR, INT, INT)");
}

#[test]
fn the_least_widening_wins() {
    let returns = |name: &str, types: &[DataType]| {
        let types: Vec<_> = types.iter().cloned().map(Some).collect();
        let bound = resolve(name, &Call { types: &types, literals: &vec![None; types.len()] }).unwrap();
        (bound.returns, bound.coerce)
    };
    assert_eq!(returns("ABS", &[DataType::Bigint]).0, DataType::Bigint);
    assert_eq!(returns("ABS", &[DataType::decimal(6, 2)]).0, DataType::decimal(6, 2));
    assert_eq!(returns("SQRT", &[DataType::Integer]), (DataType::Double, vec![Some(DataType::Double)]));
    assert_eq!(returns("ROUND", &[DataType::decimal(6, 2)]).0, DataType::decimal(4, 0));
    assert_eq!(
        returns("GREATEST", &[DataType::decimal(5, 0), DataType::decimal(3, 1)]).0,
        DataType::decimal(6, 1)
    );
    assert_eq!(
        returns("COALESCE", &[DataType::Integer, DataType::Bigint]),
        (DataType::Bigint, vec![Some(DataType::Bigint), None])
    );
}

#[test]
fn nothing_is_chosen_between_equals() {
    let refused = |name: &str, types: &[Option<DataType>]| {
        let literals = vec![None; types.len()];
        resolve(name, &Call { types, literals: &literals }).map(|b| b.returns).map_err(|e| e.to_string())
    };
    let message = refused("LEAST", &[Some(DataType::Integer), None, Some(DataType::Bigint)]).unwrap_err();
    assert_eq!(
        message,
        "LEAST of (INTEGER, NULL, BIGINT) could be LEAST(BIGINT, BIGINT, ...) or LEAST(DECIMAL, DECIMAL, ...): \
         CAST says which is meant"
    );
    let integer = Some(DataType::Integer);
    assert_eq!(refused("GREATEST", &[integer.clone(), None]), Ok(DataType::Integer));
    assert_eq!(refused("GREATEST", &[None, integer.clone()]), Ok(DataType::Integer));
    assert_eq!(refused("COALESCE", &[integer, Some(DataType::Bigint)]), Ok(DataType::Bigint));
}

#[test]
fn nulls_and_bad_values() {
    assert_eq!(eval("SUBSTRING(NULL, 1)"), Value::Null);
    assert_eq!(eval("CONCAT_WS(NULL, 'a', 'b')"), Value::Null);
    assert_eq!(eval("LPAD('x', 3, '')"), Value::Null);
    let text = |s: &str| Some(Value::string(s));
    let types = [Some(DataType::Timestamp), Some(DataType::String)];
    let bad = resolve("FORMAT_TIMESTAMP", &Call { types: &types, literals: &[None, text("yyyy-bb")] });
    assert!(bad.is_err(), "a constant pattern is checked when the rule is loaded");
    let point = [Value::Double(91.0), Value::Double(0.0), Value::Double(0.0), Value::Double(0.0)];
    assert!(evaluate("GEO_DISTANCE", &point, &vec![Some(DataType::Double); 4], &vec![None; 4]).is_err());
}
