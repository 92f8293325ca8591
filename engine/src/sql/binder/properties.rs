//! `WITH (...)`: the properties a statement knows, checked and typed.

use super::settings::Settings;
use crate::format::{Format, FormatSpec};
use crate::sql::Diagnostic;
use crate::sql::ast::{ExprKind, Property, Span};
use crate::types::Schema;

/// The properties given.
#[derive(Debug, Default)]
pub(super) struct Properties {
    /// KAFKA_TOPIC
    pub(super) topic: Option<(String, Span)>,
    /// KEY_FORMAT, or FORMAT.
    pub(super) key_format: Option<(String, Span)>,
    /// VALUE_FORMAT, or FORMAT.
    pub(super) value_format: Option<(String, Span)>,
    /// VALUE_DELIMITER, for keys KEY_DELIMITER.
    pub(super) value_delimiter: Option<char>,
    /// KEY_DELIMITER
    pub(super) key_delimiter: Option<char>,
    /// WRAP_SINGLE_VALUE
    pub(super) wrap: Option<(bool, Span)>,
    /// PARTITIONS
    pub(super) partitions: Option<i32>,
    /// REPLICAS
    pub(super) replicas: Option<i32>,
    /// TIMESTAMP
    pub(super) timestamp: Option<(String, Span)>,
    /// TIMESTAMP_FORMAT
    pub(super) timestamp_format: Option<(String, Span)>,
    /// WINDOW_TYPE
    pub(super) window_type: Option<(String, Span)>,
    /// WINDOW_SIZE in milliseconds
    pub(super) window_size: Option<(i64, Span)>,
    /// FORMAT, until it is known that it stands alone.
    format: Option<((String, Span), Span)>,
    /// QUERY_ID
    pub(super) query_id: Option<(String, Span)>,
}

/// What a WITH clause may say, for hints.
const KNOWN: &[&str] = &[
    "KAFKA_TOPIC",
    "KEY_FORMAT",
    "VALUE_FORMAT",
    "FORMAT",
    "VALUE_DELIMITER",
    "KEY_DELIMITER",
    "WRAP_SINGLE_VALUE",
    "PARTITIONS",
    "REPLICAS",
    "RETENTION_MS",
    "CLEANUP_POLICY",
    "TIMESTAMP",
    "TIMESTAMP_FORMAT",
    "WINDOW_TYPE",
    "WINDOW_SIZE",
    "QUERY_ID",
];

fn wrong(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error("property", span, message)
}

/// The value as text.
fn text(property: &Property) -> Result<(String, Span), Diagnostic> {
    match &property.value.kind {
        ExprKind::String(text) => Ok((text.clone(), property.value.span)),
        _ => Err(wrong(property.value.span, format!("{} takes text", property.name.name))
            .hint("text stands in single quotes: 'text'")),
    }
}

/// The value as a whole number above 0.
fn count(property: &Property) -> Result<i32, Diagnostic> {
    let digits = match &property.value.kind {
        ExprKind::Integer(digits) | ExprKind::String(digits) => digits.as_str(),
        _ => "",
    };
    digits.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
        wrong(property.value.span, format!("{} takes a whole number above 0", property.name.name))
    })
}

fn flag(property: &Property) -> Result<(bool, Span), Diagnostic> {
    let value = match &property.value.kind {
        ExprKind::Boolean(v) => Some(*v),
        ExprKind::String(text) => text.to_ascii_lowercase().parse().ok(),
        _ => None,
    };
    value
        .map(|v| (v, property.value.span))
        .ok_or_else(|| wrong(property.value.span, format!("{} takes TRUE or FALSE", property.name.name)))
}

/// `SPACE`, `TAB`, or a character.
fn delimiter(property: &Property) -> Result<char, Diagnostic> {
    let (text, span) = text(property)?;
    let mut chars = text.chars();
    match (text.to_ascii_uppercase().as_str(), chars.next(), chars.next()) {
        ("SPACE", ..) => Ok(' '),
        ("TAB", ..) => Ok('\t'),
        (_, Some(c), None) if !c.is_whitespace() => Ok(c),
        _ => Err(wrong(span, format!("'{text}' is no delimiter"))
            .hint("one character, such as ';', or the word SPACE or TAB")),
    }
}

/// `5 MINUTES` as milliseconds.
fn window_size(property: &Property) -> Result<(i64, Span), Diagnostic> {
    let (text, span) = text(property)?;
    match duration(&text) {
        Some(ms) => Ok((ms, span)),
        None => Err(wrong(span, format!("'{text}' is no size")).hint("such as '5 MINUTES'")),
    }
}

/// `5 MINUTES` as milliseconds, above 0.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (number, unit) = text.trim().split_once(char::is_whitespace)?;
    let unit = match unit.trim().to_ascii_uppercase().trim_end_matches('S') {
        "MILLISECOND" => 1,
        "SECOND" => 1_000,
        "MINUTE" => 60_000,
        "HOUR" => 3_600_000,
        "DAY" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit).filter(|ms| *ms > 0)
}

impl Properties {
    /// Reads a WITH clause.
    pub(super) fn read(list: &[Property]) -> Result<Self, Diagnostic> {
        let mut p = Self::default();
        Diagnostic::all((0..list.len()).map(|at| p.take(list, at)))?;
        let format = p.format.take();
        if let Some((format, span)) = format {
            if p.key_format.is_some() || p.value_format.is_some() {
                return Err(wrong(
                    span,
                    "FORMAT sets both formats: it cannot stand beside KEY_FORMAT or VALUE_FORMAT",
                )
                .hint("use either FORMAT alone, or KEY_FORMAT and VALUE_FORMAT"));
            }
            p.key_format = Some(format.clone());
            p.value_format = Some(format);
        }
        Ok(p)
    }

    /// Takes the property at this place.
    fn take(&mut self, list: &[Property], at: usize) -> Result<(), Diagnostic> {
        let (p, property) = (self, &list[at]);
        let name = property.name.name.to_ascii_uppercase();
        if let Some(first) = list[..at].iter().find(|other| other.name.name.eq_ignore_ascii_case(&name)) {
            return Err(wrong(property.name.span, format!("{name} is given twice"))
                .note(first.name.span, "first here"));
        }
        match name.as_str() {
            "KAFKA_TOPIC" => p.topic = Some(text(property)?).filter(|(t, _)| !t.is_empty()),
            "KEY_FORMAT" => p.key_format = Some(text(property)?),
            "VALUE_FORMAT" => p.value_format = Some(text(property)?),
            "FORMAT" => p.format = Some((text(property)?, property.name.span)),
            "VALUE_DELIMITER" => p.value_delimiter = Some(delimiter(property)?),
            "KEY_DELIMITER" => p.key_delimiter = Some(delimiter(property)?),
            "WRAP_SINGLE_VALUE" => p.wrap = Some(flag(property)?),
            "PARTITIONS" => p.partitions = Some(count(property)?),
            "REPLICAS" => p.replicas = Some(count(property)?),
            "RETENTION_MS" | "CLEANUP_POLICY" => {}
            "TIMESTAMP" => p.timestamp = Some(text(property)?),
            "TIMESTAMP_FORMAT" => p.timestamp_format = Some(text(property)?),
            "WINDOW_TYPE" => p.window_type = Some(text(property)?),
            "WINDOW_SIZE" => p.window_size = Some(window_size(property)?),
            "QUERY_ID" => p.query_id = Some(text(property)?),
            _ => {
                let message = format!("there is no property {name}");
                let refused = wrong(property.name.span, message).did_you_mean(&name, KNOWN.iter().copied());
                return Err(match name.as_str() {
                    _ if refused.hint.is_some() => refused,
                    "KEY" => refused.hint("the key is the column that is declared so: id VARCHAR KEY"),
                    _ => refused.hint(format!("the properties are {}", KNOWN.join(", "))),
                });
            }
        }
        Ok(())
    }

    /// The properties of a query, whose window is not for them to say.
    pub(super) fn of_query(self) -> Result<Self, Diagnostic> {
        let kind = self.window_type.as_ref().map(|(_, span)| ("WINDOW_TYPE", *span));
        match kind.or(self.window_size.map(|(_, span)| ("WINDOW_SIZE", span))) {
            Some((name, span)) => {
                Err(wrong(span, format!("{name} says what a topic holds, a query's window is its own"))
                    .hint("leave it out; WINDOW ... in front of GROUP BY makes windows"))
            }
            None => Ok(self),
        }
    }

    /// KEY_FORMAT, or what stands in for it: that of what is read, or what SET says.
    pub(super) fn key_spec(
        &self,
        inherited: Option<FormatSpec>,
        settings: &Settings,
        columns: usize,
    ) -> Result<FormatSpec, Diagnostic> {
        let kafka = FormatSpec { format: Format::Kafka, wrapped: false };
        let named = |format| FormatSpec { format, wrapped: false };
        match (&self.key_format, inherited, &settings.key_format) {
            (Some((name, span)), ..) => format(name, *span, self.key_delimiter).map(named),
            (None, Some(spec), _) => Ok(spec),
            (None, None, None) => Ok(kafka),
            (None, None, Some(default)) => match format(&default.text, default.span, self.key_delimiter) {
                // Without columns nothing is read or written in it.
                Err(_) if columns == 0 => Ok(kafka),
                found => found.map(named),
            },
        }
    }

    /// VALUE_FORMAT, or what stands in for it: that of what is read, or what SET says.
    pub(super) fn value_spec(
        &self,
        inherited: Option<FormatSpec>,
        settings: &Settings,
        columns: usize,
        at: Span,
    ) -> Result<FormatSpec, Diagnostic> {
        let named = |format| FormatSpec { format, wrapped: true };
        let mut spec = match (&self.value_format, inherited, &settings.value_format) {
            (Some((name, span)), ..) => named(format(name, *span, self.value_delimiter)?),
            (None, Some(spec), _) => spec,
            (None, None, Some(default)) => {
                let found = format(&default.text, default.span, self.value_delimiter);
                named(found.map_err(|e| e.note(at, "used here"))?)
            }
            (None, None, None) => {
                return Err(wrong(at, "VALUE_FORMAT is missing from the WITH clause").hint(
                    "such as VALUE_FORMAT='JSON', or SET 'ksql.persistence.default.format.value'='JSON';",
                ));
            }
        };
        if let (None, Some(delimiter), Format::Delimited { .. }) =
            (&self.value_format, self.value_delimiter, spec.format)
        {
            spec.format = Format::Delimited { delimiter };
        }
        if let Some((wrapped, span)) = self.wrap {
            // A lone value of these formats is bare anyway.
            let always_bare = matches!(spec.format, Format::Kafka | Format::Delimited { .. });
            if spec.format != Format::Json && (wrapped || !always_bare) {
                let message =
                    format!("WRAP_SINGLE_VALUE does not apply to the format {}", spec.format.name());
                return Err(wrong(span, message).hint("leave it out: it is for JSON"));
            }
            spec.wrapped = wrapped;
        } else if let (Some(wrapped), Format::Json, 1) = (settings.wrap, spec.format, columns) {
            spec.wrapped = wrapped;
        }
        Ok(spec)
    }
}

impl Properties {
    /// WRAP_SINGLE_VALUE is about a value of one column.
    pub(super) fn check_wrap(&self, schema: &Schema) -> Result<(), Diagnostic> {
        match self.wrap {
            Some((_, span)) if schema.value.len() != 1 => {
                let message = "WRAP_SINGLE_VALUE is for a value of a single column";
                Err(wrong(span, message)
                    .label(format!("the value has {} columns", schema.value.len()))
                    .hint("leave it out: a value of several columns is always an object"))
            }
            _ => Ok(()),
        }
    }
}

/// A format by its name.
pub(super) fn format(name: &str, span: Span, delimiter: Option<char>) -> Result<Format, Diagnostic> {
    let upper = name.to_ascii_uppercase();
    if delimiter.is_some() && upper != "DELIMITED" {
        return Err(wrong(span, format!("a delimiter does not apply to the format {upper}")));
    }
    match upper.as_str() {
        "JSON" => Ok(Format::Json),
        "DELIMITED" => Ok(Format::Delimited { delimiter: delimiter.unwrap_or(',') }),
        "KAFKA" => Ok(Format::Kafka),
        "NONE" => Ok(Format::None),
        "AVRO" | "PROTOBUF" | "JSON_SR" | "PROTOBUF_NOSR" => {
            Err(wrong(span, format!("the format {upper} needs a schema registry, which is not supported"))
                .hint("the formats are JSON, DELIMITED, KAFKA and NONE"))
        }
        _ => Err(wrong(span, format!("there is no format {name}"))
            .hint("the formats are JSON, DELIMITED, KAFKA and NONE")),
    }
}
