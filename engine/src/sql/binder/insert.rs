//! INSERT INTO ... VALUES: a record written by hand.

use super::Binder;
use super::expr::{bind, coerce};
use super::position::Sites;
use super::scope::{Constants, type_name};
use crate::format::{Encoder, FormatSpec, Presence};
use crate::plan::{InsertedRecord, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, InsertValues};
use crate::types::{Column, DataType, Value};

impl Binder {
    /// Binds `INSERT INTO ... VALUES` to the bytes of its record.
    pub(super) fn insert_values(&mut self, insert: &InsertValues) -> Result<(), Diagnostic> {
        if self.settings.no_insert {
            let message = "INSERT INTO ... VALUES is turned off by ksql.insert.into.values.enabled";
            return Err(Diagnostic::error("property", insert.target.span, message));
        }
        let entry = self.source(&insert.target)?;
        let source = entry.source.clone();
        if entry.read_only {
            let message = format!("{} is declared as a SOURCE, which nothing writes to", insert.target.name);
            return Err(Diagnostic::error("result_type", insert.target.span, message)
                .hint("leave SOURCE out where it is declared"));
        }
        check(insert, &source)?;
        let names = names(insert, &source);
        refuse_headers(&names, &source)?;
        if names.len() != insert.values.len() {
            let message = format!("{} values are given for {} columns", insert.values.len(), names.len());
            return Err(Diagnostic::error("schema", insert.target.span, message));
        }
        let mut row = vec![Value::Null; source.schema.width()];
        let mut timestamp = None;
        let sites = Sites::new(format!("{} {}", source.name, self.inserts.len()));
        let mut constants = Constants { env: self.env.clone(), sites };
        for (name, value) in names.iter().zip(&insert.values) {
            let bound = bind(&mut constants, value)?;
            let (at, data_type) = match source.schema.find(&name.name) {
                Some((at, column)) => (Some(at), column.data_type.clone()),
                None if name.name == "ROWTIME" => (None, DataType::Bigint),
                None => {
                    let message = format!("{} has no column {}", source.name, name.name);
                    let columns = source.schema.columns().map(|c| c.name.as_str());
                    return Err(Diagnostic::error("unknown_column", name.span, message)
                        .did_you_mean(&name.name, columns));
                }
            };
            if let Some(from) = &bound.data_type
                && !crate::types::expr::castable(from, &data_type)
            {
                let message = format!("{} takes {data_type}, this is {}", name.name, type_name(Some(from)));
                return Err(Diagnostic::error("type_mismatch", value.span, message));
            }
            let bound = coerce(bound, &data_type);
            let result = bound
                .eval(&[])
                .map_err(|e| Diagnostic::error("type_mismatch", value.span, e.0))?
                .into_owned();
            match at {
                Some(at) => row[at] = result,
                None => timestamp = result.as_i64(),
            }
        }
        let (key, value) = row.split_at(source.schema.key.len());
        let value = &value[..source.schema.value.len()];
        let record = InsertedRecord {
            topic: source.topic.clone(),
            key: encode(source.key_format, &source.schema.key, key, &insert.target)?,
            value: encode(source.value_format, &source.schema.value, value, &insert.target)?,
            timestamp,
        };
        self.inserts.push(record);
        Ok(())
    }
}

/// A record that is written so has no headers.
fn refuse_headers(names: &[Ident], source: &Source) -> Result<(), Diagnostic> {
    let is_header = |name: &&Ident| source.schema.headers.iter().any(|h| h.column.name == name.name);
    let Some(name) = names.iter().find(is_header) else { return Ok(()) };
    let message = format!("{} is a column of headers, which INSERT INTO does not write", name.name);
    Err(Diagnostic::error("schema", name.span, message)
        .hint("name the other columns: INSERT INTO name (columns) VALUES ..."))
}

/// A key that has a window cannot be written by hand, a row of a table has a key.
fn check(insert: &InsertValues, source: &Source) -> Result<(), Diagnostic> {
    let name = &insert.target.name;
    if source.window.is_some() {
        let message = format!("{name} has a windowed key, which INSERT INTO ... VALUES cannot write");
        return Err(Diagnostic::error("key", insert.target.span, message));
    }
    let is_named = |key: &Column| insert.columns.iter().any(|column| column.name == key.name);
    match source.schema.key.iter().find(|key| !is_named(key)) {
        Some(key) if source.is_table && !insert.columns.is_empty() => {
            let message = format!("a row of the table {name} needs its key {}", key.name);
            Err(Diagnostic::error("key", insert.target.span, message))
        }
        _ => Ok(()),
    }
}

/// The columns that the values are for: those named, or all.
fn names(insert: &InsertValues, source: &Source) -> Vec<Ident> {
    if !insert.columns.is_empty() {
        return insert.columns.clone();
    }
    let ident = |c: &Column| Ident { name: c.name.clone(), quoted: true, span: insert.target.span };
    source.schema.columns().map(ident).collect()
}

fn encode(
    spec: FormatSpec,
    columns: &[Column],
    values: &[Value<'_>],
    at: &Ident,
) -> Result<Option<Vec<u8>>, Diagnostic> {
    let refuse = |message: String| Diagnostic::error("format", at.span, message);
    let encoder = Encoder::new(&spec, columns).map_err(|e| refuse(e.0))?;
    let mut bytes = Vec::new();
    match encoder.encode(values, &mut bytes).map_err(|e| refuse(e.0))? {
        Presence::Value => Ok(Some(bytes)),
        Presence::Null => Ok(None),
    }
}
