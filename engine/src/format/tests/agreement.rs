//! Records as others may write them: names and text with escapes, numbers in other notations, fields in any
//! order, unknown and doubled fields, blanks. serde_json tells what they hold.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::properties::{any_type, json_value, rows};
use super::*;
use crate::types::Decimal;

/// Choices, one after the other, round and round.
struct Style<'s> {
    choices: &'s [u8],
    next: usize,
}

impl Style<'_> {
    fn of(&mut self, count: u8) -> u8 {
        self.next += 1;
        self.choices[self.next % self.choices.len()] % count
    }

    fn blank(&mut self) -> &'static str {
        ["", "", "", " ", "\r\n", "\t"][usize::from(self.of(6))]
    }

    fn string(&mut self, text: &str) -> String {
        let mut out = String::from("\"");
        for c in text.chars() {
            let short = match c {
                '"' | '\\' | '/' => Some(c),
                '\n' => Some('n'),
                '\r' => Some('r'),
                '\t' => Some('t'),
                '\u{8}' => Some('b'),
                '\u{c}' => Some('f'),
                _ => None,
            };
            match (self.of(4), short) {
                (0, Some(escape)) => out.extend(['\\', escape]),
                (1..=2, _) if c >= ' ' && c != '"' && c != '\\' => out.push(c),
                (choice, _) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&if choice == 3 {
                            format!("\\u{unit:04x}")
                        } else {
                            format!("\\u{unit:04X}")
                        });
                    }
                }
            }
        }
        out + "\""
    }

    /// A number, or its text.
    fn number(&mut self, text: &str) -> String {
        if self.of(5) == 0 { self.string(text) } else { text.to_owned() }
    }

    fn double(&mut self, value: f64) -> String {
        let text = match self.of(4) {
            0 => format!("{value:e}"),
            1 => format!("{value:E}").replace("E", "E+").replace("+-", "-"),
            2 => format!("{value:.25}"),
            _ => format!("{value:?}"),
        };
        self.number(&text)
    }

    fn value(&mut self, value: &Value<'_>, data_type: &DataType, unknown: &str) -> String {
        match (value, data_type) {
            (Value::Boolean(b), _) => b.to_string(),
            (Value::Integer(n), _) => self.number(&n.to_string()),
            (Value::Bigint(n), _) => self.number(&n.to_string()),
            (Value::Date(n) | Value::Time(n), _) => n.to_string(),
            (Value::Timestamp(n), _) => n.to_string(),
            (Value::Double(v), _) if v.is_finite() => self.double(*v),
            (Value::Decimal(d), _) => self.number(&d.to_string()),
            (Value::String(s), _) => self.string(s),
            (Value::Bytes(b), _) => self.string(&STANDARD.encode(b)),
            (Value::Array(items), DataType::Array(of)) => {
                let items: Vec<_> = items.iter().map(|item| self.value(item, of, unknown)).collect();
                format!("[{}{}{}]", self.blank(), items.join(","), self.blank())
            }
            (Value::Map(entries), DataType::Map(_, of)) => {
                let entries: Vec<_> =
                    entries.iter().map(|(k, v)| (k.as_str().unwrap(), self.value(v, of, unknown))).collect();
                self.object(entries)
            }
            (Value::Struct(values), DataType::Struct(fields)) => {
                let fields = fields.iter().zip(values.iter());
                let fields: Vec<_> = fields.map(|(f, v)| (f.name.as_str(), v, &f.data_type)).collect();
                self.fields(fields, unknown)
            }
            _ => "null".to_owned(),
        }
    }

    /// Fields that are known by name: in any order, some left out that are NULL, some twice, others between.
    fn fields(&mut self, mut fields: Vec<(&str, &Value<'_>, &DataType)>, unknown: &str) -> String {
        let first = usize::from(self.of(8)) % fields.len().max(1);
        fields.rotate_left(first);
        let mut written = Vec::new();
        for (name, value, data_type) in fields {
            match self.of(8) {
                0 if value.is_null() => continue,
                1 => written.push((name, "null".to_owned())),
                2 => written.push(("not a column", unknown.to_owned())),
                _ => {}
            }
            written.push((name, self.value(value, data_type, unknown)));
        }
        self.object(written)
    }

    fn object(&mut self, fields: Vec<(&str, String)>) -> String {
        let mut out = String::from("{");
        for (i, (name, value)) in fields.into_iter().enumerate() {
            out.push_str(if i == 0 { "" } else { "," });
            out.push_str(self.blank());
            out.push_str(&self.string(name));
            out.push_str(self.blank());
            out.push(':');
            out.push_str(self.blank());
            out.push_str(&value);
        }
        out + self.blank() + "}"
    }
}

/// A string's content, or what is written.
fn text(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

fn decimal(text: &str, scale: u32) -> Decimal {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<width$}", width = scale as usize);
    Decimal::new(digits.parse().unwrap(), scale)
}

/// What serde_json reads, as a value of the type.
fn expected(data_type: &DataType, raw: &RawValue) -> Value<'static> {
    let text = || text(raw);
    let fields = || serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(raw.get()).unwrap();
    match data_type {
        _ if raw.get() == "null" => Value::Null,
        DataType::Boolean => Value::Boolean(raw.get() == "true"),
        DataType::Integer => Value::Integer(text().parse().unwrap()),
        DataType::Bigint => Value::Bigint(text().parse().unwrap()),
        DataType::Date => Value::Date(text().parse().unwrap()),
        DataType::Time => Value::Time(text().parse().unwrap()),
        DataType::Timestamp => Value::Timestamp(text().parse().unwrap()),
        DataType::Double => Value::Double(text().parse().unwrap()),
        DataType::Decimal { scale, .. } => Value::Decimal(decimal(&text(), *scale)),
        DataType::String => Value::string(text()),
        DataType::Bytes => Value::Bytes(STANDARD.decode(text()).unwrap().into()),
        DataType::Array(of) => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).unwrap();
            Value::Array(items.iter().map(|item| expected(of, item)).collect::<Vec<_>>().into())
        }
        DataType::Map(_, of) => {
            let entries = fields().into_iter().map(|(key, value)| (Value::string(key), expected(of, &value)));
            Value::Map(entries.collect::<Vec<_>>().into())
        }
        DataType::Struct(of) => {
            let found = fields();
            let value =
                |name: &str, t: &DataType| found.get(name).map_or(Value::Null, |raw| expected(t, raw));
            Value::Struct(
                of.iter().map(|field| value(&field.name, &field.data_type)).collect::<Vec<_>>().into(),
            )
        }
    }
}

proptest! {
    #[test]
    fn records_hold_what_serde_json_finds(
        (columns, row) in rows(any_type()),
        choices in proptest::collection::vec(any::<u8>(), 1..60),
        unknown in json_value(),
    ) {
        let fields = columns.iter().zip(&row).map(|(c, v)| (c.name.as_str(), v, &c.data_type)).collect();
        let record = Style { choices: &choices, next: 0 }.fields(fields, &unknown.to_string());
        let found: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&record).unwrap();
        let value = |c: &Column| found.get(&c.name).map_or(Value::Null, |raw| expected(&c.data_type, raw));
        let want: Vec<_> = columns.iter().map(value).collect();
        prop_assert_eq!(decode(&JSON, &columns, record.as_bytes()).unwrap().1, want, "{}", record);
    }

    /// Any number of digits: what does not fit its type is refused, never cut.
    #[test]
    fn big_integers_fit_or_are_refused(text in "-?(0|[1-9][0-9]{0,40})") {
        prop_assert_eq!(read(&DataType::Bigint, &text).ok(), text.parse().ok().map(Value::Bigint));
        prop_assert_eq!(read(&DataType::Integer, &text).ok(), text.parse().ok().map(Value::Integer));
        prop_assert_eq!(read(&DataType::Double, &text), Ok(Value::Double(text.parse().unwrap())));
        let digits = DataType::Decimal { precision: 38, scale: 0 };
        let fits = text.trim_start_matches('-').len() <= 38;
        let want = fits.then(|| Value::Decimal(Decimal::new(text.parse().unwrap(), 0)));
        prop_assert_eq!(read(&digits, &text).ok(), want);
    }
}
