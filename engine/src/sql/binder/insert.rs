//! INSERT INTO ... VALUES: a record written by hand.

use super::Binder;
use super::expr::bind;
use super::inserted::into_column;
use super::position::Sites;
use super::scope::Constants;
use crate::format::{Encoder, FormatSpec, Presence};
use crate::plan::{InsertedRecord, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr, Ident, InsertValues};
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
        let Written { row, timestamp, .. } = self.written(insert, &source, &names)?;
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

    /// The values that are written for these columns.
    pub(super) fn written(
        &self,
        insert: &InsertValues,
        source: &Source,
        names: &[Ident],
    ) -> Result<Written, Diagnostic> {
        refuse_headers(names, source)?;
        if names.len() != insert.values.len() {
            let message = format!("{} values are given for {} columns", insert.values.len(), names.len());
            return Err(Diagnostic::error("schema", insert.target.span, message));
        }
        let sites = Sites::new(format!("{} {}", source.name, self.inserts.len()));
        let mut constants = Constants { env: self.env.clone(), sites };
        let row = vec![Value::Null; source.schema.width()];
        let mut written = Written { row, timestamp: None, window: [None; 2] };
        for (i, (name, value)) in names.iter().zip(&insert.values).enumerate() {
            if let Some(first) = names[..i].iter().find(|other| other.name == name.name) {
                let message = format!("{} is given twice", name.name);
                return Err(
                    Diagnostic::error("duplicate_column", name.span, message).note(first.span, "first here")
                );
            }
            let place = place(source, name)?;
            let data_type = match place {
                Place::Column(_, data_type) => data_type,
                _ => &DataType::Bigint,
            };
            let result = constant(&mut constants, name, value, data_type)?;
            match place {
                Place::Column(at, _) => written.row[at] = result,
                Place::Time => written.timestamp = result.as_i64(),
                Place::Window(bound) => written.window[bound] = result.as_i64(),
            }
        }
        Ok(written)
    }
}

/// What a list of values says of a record.
pub(super) struct Written {
    /// A value for each column, NULL where none is given.
    pub(super) row: Vec<Value<'static>>,
    /// ROWTIME
    pub(super) timestamp: Option<i64>,
    /// WINDOWSTART and WINDOWEND
    pub(super) window: [Option<i64>; 2],
}

/// What a name in a list of columns stands for.
enum Place<'s> {
    Column(usize, &'s DataType),
    Time,
    Window(usize),
}

fn place<'s>(source: &'s Source, name: &Ident) -> Result<Place<'s>, Diagnostic> {
    if let Some((at, column)) = source.schema.find(&name.name) {
        return Ok(Place::Column(at, &column.data_type));
    }
    match name.name.as_str() {
        "ROWTIME" => Ok(Place::Time),
        "WINDOWSTART" if source.window.is_some() => Ok(Place::Window(0)),
        "WINDOWEND" if source.window.is_some() => Ok(Place::Window(1)),
        "ROWPARTITION" | "ROWOFFSET" => {
            let message = format!("{} is the log's to give, no value is taken for it", name.name);
            Err(Diagnostic::error("schema", name.span, message).hint("leave it out; ROWTIME may be given"))
        }
        _ => {
            let message = format!("{} has no column {}", source.name, name.name);
            let columns = source.schema.columns().map(|c| c.name.as_str());
            Err(Diagnostic::error("unknown_column", name.span, message).did_you_mean(&name.name, columns))
        }
    }
}

/// A constant in the type of its column.
fn constant(
    constants: &mut Constants,
    name: &Ident,
    value: &Expr,
    to: &DataType,
) -> Result<Value<'static>, Diagnostic> {
    let bound = bind(constants, value)?;
    let refuse = |why: String| {
        Diagnostic::error("type_mismatch", value.span, format!("{} {why}", name.name))
            .hint(format!("CAST(... AS {to}) converts it, where that is possible"))
    };
    let given = bound.eval(&[]).map_err(|error| refuse(format!("takes {to}: {}", error.0)))?;
    match &bound.data_type {
        Some(from) => into_column(given, from, to).map_err(refuse),
        None => Ok(Value::Null),
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
pub(super) fn names(insert: &InsertValues, source: &Source) -> Vec<Ident> {
    if !insert.columns.is_empty() {
        return insert.columns.clone();
    }
    columns(source.schema.columns(), &insert.target)
}

/// Columns as if they were written behind the name of their source.
pub(super) fn columns<'c>(columns: impl Iterator<Item = &'c Column>, at: &Ident) -> Vec<Ident> {
    columns.map(|c| Ident { name: c.name.clone(), quoted: true, span: at.span }).collect()
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
