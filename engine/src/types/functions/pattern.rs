//! Regular expressions, masks, and text split by them.
//!
//! A constant expression is compiled when the rule is loaded. Expressions are those of the `regex` crate, which
//! run in linear time; Java's look-around and back references are refused.

use std::sync::Arc;

use regex::Regex;

use super::{Bound, Call, Function, Param, fixed, function, integer, text};
use crate::types::{DataType, EvalError, Value};

const S: Param = Param::String;
const I: Param = Param::Integer;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "REGEXP_EXTRACT",
        &[fixed(&[S, S], extract), fixed(&[S, S, I], extract)],
        "The first match of an expression (first argument) in a text, or a group of it.",
        &[
            ("REGEXP_EXTRACT('(.*) (.*)', 'hello there', 2)", "'there'"),
            ("REGEXP_EXTRACT('x', 'abc')", "NULL"),
        ],
    ),
    function(
        "REGEXP_EXTRACT_ALL",
        &[fixed(&[S, S], extract_all), fixed(&[S, S, I], extract_all)],
        "All matches of an expression (first argument) in a text, or a group of each.",
        &[("REGEXP_EXTRACT_ALL('.o', 'hello world')", "ARRAY['lo','wo']")],
    ),
    function(
        "REGEXP_REPLACE",
        &[fixed(&[S, S, S], replace)],
        "A text with all matches of an expression replaced; $1 is its first group.",
        &[("REGEXP_REPLACE('a12b3', '([0-9]+)', '<$1>')", "'a<12>b<3>'")],
    ),
    function(
        "REGEXP_SPLIT_TO_ARRAY",
        &[fixed(&[S, S], split)],
        "The pieces of a text between the matches of an expression.",
        &[("REGEXP_SPLIT_TO_ARRAY('aabcda', '(ab|cd)')", "ARRAY['a','','a']")],
    ),
    function(
        "SPLIT_TO_MAP",
        &[fixed(&[S, S, S], split_to_map)],
        "A map of a text of entries: between entries stands the second argument, between key and value the third.",
        &[("SPLIT_TO_MAP('a=1;b=2', ';', '=')", "MAP('a':='1','b':='2')")],
    ),
    function(
        "MASK",
        &[fixed(&[S], mask), fixed(&[S, S, S, S, S], mask)],
        "Letters, digits and the rest as X, x, n and -, or as the characters given.",
        &[("MASK('My Test $123')", "'Xx-Xxxx--nnn'")],
    ),
    function(
        "MASK_LEFT",
        &[fixed(&[S, I], mask_left), fixed(&[S, I, S, S, S, S], mask_left)],
        "As MASK, for the first n characters.",
        &[("MASK_LEFT('Test 123', 3)", "'Xxxt 123'")],
    ),
    function(
        "MASK_RIGHT",
        &[fixed(&[S, I], mask_right), fixed(&[S, I, S, S, S, S], mask_right)],
        "As MASK, for the last n characters.",
        &[("MASK_RIGHT('Test 123', 3)", "'Test nnn'")],
    ),
    function(
        "MASK_KEEP_LEFT",
        &[fixed(&[S, I], keep_left), fixed(&[S, I, S, S, S, S], keep_left)],
        "As MASK, for all but the first n characters.",
        &[("MASK_KEEP_LEFT('Test 123', 3)", "'Tesx-nnn'")],
    ),
    function(
        "MASK_KEEP_RIGHT",
        &[fixed(&[S, I], keep_right), fixed(&[S, I, S, S, S, S], keep_right)],
        "As MASK, for all but the last n characters.",
        &[("MASK_KEEP_RIGHT('Test 123', 3)", "'Xxxx-123'")],
    ),
];

/// A regular expression that is constant, or an argument's place.
enum Expression {
    Constant(Regex),
    Argument(usize),
}

fn compile(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|e| format!("'{pattern}' is no regular expression: {e}"))
}

impl Expression {
    fn new(call: &Call<'_>, index: usize) -> Result<Self, String> {
        call.literal_text(index)
            .map_or(Ok(Self::Argument(index)), |pattern| compile(pattern).map(Self::Constant))
    }

    fn with<R>(&self, args: &[Value<'_>], run: impl FnOnce(&Regex) -> R) -> Result<R, EvalError> {
        match self {
            Self::Constant(regex) => Ok(run(regex)),
            Self::Argument(index) => Ok(run(&compile(text(args, *index)).map_err(EvalError)?)),
        }
    }
}

/// The group that the third argument names; the whole match by default.
fn group(args: &[Value<'_>]) -> usize {
    args.get(2).and_then(Value::as_i64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

fn extract(call: &Call<'_>) -> Result<Bound, String> {
    let expression = Expression::new(call, 0)?;
    Bound::strict(DataType::String, move |args| {
        let found = expression.with(args, |regex| {
            let captures = regex.captures(text(args, 1))?;
            Some(captures.get(group(args))?.as_str().to_owned())
        })?;
        Ok(found.map_or(Value::Null, Value::string))
    })
}

fn extract_all(call: &Call<'_>) -> Result<Bound, String> {
    let expression = Expression::new(call, 0)?;
    Bound::strict(DataType::Array(Box::new(DataType::String)), move |args| {
        expression.with(args, |regex| {
            let group = group(args);
            if group >= regex.captures_len() {
                return Value::Null;
            }
            let matches = regex
                .captures_iter(text(args, 1))
                .map(|captures| captures.get(group).map_or(Value::Null, |m| Value::string(m.as_str())));
            Value::Array(Arc::new(matches.collect()))
        })
    })
}

/// A replacement as Java writes it (`$1`, `\$`) in the crate's form (`${1}`, `$$`).
fn replacement(java: &str) -> String {
    let mut out = String::new();
    let mut letters = java.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('$') => out.push_str("$$"),
                Some(other) => out.push(other),
                None => {}
            },
            '$' => {
                let mut group = String::new();
                while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                    group.push(digit);
                }
                out.push_str(&if group.is_empty() { "$".to_owned() } else { format!("${{{group}}}") });
            }
            other => out.push(other),
        }
    }
    out
}

fn replace(call: &Call<'_>) -> Result<Bound, String> {
    let expression = Expression::new(call, 1)?;
    Bound::strict(DataType::String, move |args| {
        let with = replacement(text(args, 2));
        expression.with(args, |regex| Value::string(regex.replace_all(text(args, 0), with.as_str())))
    })
}

fn split(call: &Call<'_>) -> Result<Bound, String> {
    let expression = Expression::new(call, 1)?;
    Bound::strict(DataType::Array(Box::new(DataType::String)), move |args| {
        expression.with(args, |regex| {
            let mut parts: Vec<Value<'_>> = regex.split(text(args, 0)).map(Value::string).collect();
            if regex.is_match("") {
                // Between any two letters is a match, and so is before the first and behind the last, where
                // ksqlDB does not split.
                let is_empty = |part: &Value<'_>| part.as_str() == Some("");
                while parts.len() > 1 && parts.last().is_some_and(is_empty) {
                    parts.pop();
                }
                if parts.len() > 1 && is_empty(&parts[0]) {
                    parts.remove(0);
                }
            }
            Value::Array(Arc::new(parts))
        })
    })
}

fn split_to_map(_: &Call<'_>) -> Result<Bound, String> {
    let returns = DataType::Map(Box::new(DataType::String), Box::new(DataType::String));
    Bound::strict(returns, |args| {
        let (entry_end, key_end) = (text(args, 1), text(args, 2));
        if entry_end.is_empty() || key_end.is_empty() || entry_end == key_end {
            return Ok(Value::Null);
        }
        let mut entries: Vec<(Value<'_>, Value<'_>)> = Vec::new();
        for (key, value) in text(args, 0).split(entry_end).filter_map(|entry| entry.split_once(key_end)) {
            let value = Value::string(value.split(key_end).next().unwrap_or_default());
            match entries.iter_mut().find(|(known, _)| known.as_str() == Some(key)) {
                Some(entry) => entry.1 = value,
                None => entries.push((Value::string(key), value)),
            }
        }
        Ok(Value::Map(Arc::new(entries)))
    })
}

/// Which characters a mask covers.
#[derive(Clone, Copy)]
enum Cover {
    All,
    First,
    Last,
    AllButFirst,
    AllButLast,
}

impl Cover {
    fn covers(self, at: usize, length: usize, n: usize) -> bool {
        match self {
            Self::All => true,
            Self::First => at < n,
            Self::Last => at + n >= length,
            Self::AllButFirst => at >= n,
            Self::AllButLast => at + n < length,
        }
    }
}

/// The characters for upper case, lower case, digits and the rest, from argument `from` on; NULL keeps a kind.
fn masks(args: &[Value<'_>], from: usize) -> [Option<char>; 4] {
    let default = ['X', 'x', 'n', '-'];
    std::array::from_fn(|i| match args.get(from + i) {
        None => Some(default[i]),
        Some(Value::String(text)) => text.chars().next(),
        Some(_) => None,
    })
}

fn masked(cover: Cover, from: usize) -> Result<Bound, String> {
    Bound::of(DataType::String, move |args| {
        if args[0].is_null() {
            return Ok(Value::Null);
        }
        let n = if from > 1 { integer(args, 1) } else { 0 };
        let n = usize::try_from(n).map_err(|_| EvalError::new("the number of characters is negative"))?;
        let [upper, lower, digit, other] = masks(args, from);
        let text: Vec<char> = text(args, 0).chars().collect();
        let mask = |c: char| {
            let by = if c.is_uppercase() {
                upper
            } else if c.is_lowercase() {
                lower
            } else if c.is_numeric() {
                digit
            } else {
                other
            };
            by.unwrap_or(c)
        };
        let all = text.iter().enumerate();
        let covered = all.map(|(at, c)| if cover.covers(at, text.len(), n) { mask(*c) } else { *c });
        Ok(Value::string(covered.collect::<String>()))
    })
}

fn mask(_: &Call<'_>) -> Result<Bound, String> {
    masked(Cover::All, 1)
}

fn mask_left(_: &Call<'_>) -> Result<Bound, String> {
    masked(Cover::First, 2)
}

fn mask_right(_: &Call<'_>) -> Result<Bound, String> {
    masked(Cover::Last, 2)
}

fn keep_left(_: &Call<'_>) -> Result<Bound, String> {
    masked(Cover::AllButFirst, 2)
}

fn keep_right(_: &Call<'_>) -> Result<Bound, String> {
    masked(Cover::AllButLast, 2)
}
