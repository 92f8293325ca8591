//! Rows of text, as a CSV file has them, as records of a declared topic.
//!
//! Enters: the names over the cells, then rows of cells. Leaves: records in the formats of the topic's
//! declaration. What holds: every column that some query reads has a cell; a cell that is not of its column's
//! type is an error that names the column; an empty cell is NULL.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ReplayRecord;
use crate::format::json::JsonDecoder;
use crate::format::{Encoder, FormatError, Presence};
use crate::plan::{Program, Reading, Source};
use crate::sql::nearest;
use crate::types::expr::{cast, parse_timestamp};
use crate::types::{Column, DataType, Value};

/// By this name a cell gives the record's time: milliseconds since 1970-01-01 UTC, or a timestamp's text.
const TIME: &str = "ROWTIME";

/// What is over a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellName {
    /// The name in the file.
    pub name: String,
    /// The column that the user says it holds.
    pub mapped: Option<String>,
}

/// Why rows of these cells cannot be records of the topic.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The rules do not know the topic.
    #[error("the rules declare no topic {topic}; they declare {declared}")]
    Topic {
        /// The topic.
        topic: String,
        /// Those that they declare.
        declared: String,
    },
    /// A window is part of the key, and no column.
    #[error("the keys of topic {0} are windowed, which rows of text cannot say")]
    Windowed(String),
    /// Another declaration of the topic has a column that is read and that this one lacks.
    #[error("topic {topic} is declared twice, and {column} of {other} is no column of {name}")]
    Twice {
        /// The topic.
        topic: String,
        /// The stream or table whose columns the rows would have.
        name: String,
        /// The other one.
        other: String,
        /// Its column.
        column: String,
    },
    /// Columns that queries read have no cell.
    #[error("no column for {missing}, which the rules read from {name}; the columns are {found}")]
    Missing {
        /// The columns.
        missing: String,
        /// The stream or table.
        name: String,
        /// What is there.
        found: String,
        /// Of `missing` the first, and of what is there the one that it may be.
        example: (String, String),
    },
    /// A cell is mapped to what the topic does not have.
    #[error("{name} has no column {column}; it has {columns}")]
    Column {
        /// The stream or table.
        name: String,
        /// The column.
        column: String,
        /// Those that it has.
        columns: String,
    },
    /// The topic's format cannot carry its columns.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Makes records of rows.
#[derive(Debug)]
pub struct TextRows {
    source: Arc<Source>,
    /// Per column of key and value its cell.
    cells: Vec<Option<usize>>,
    time: Option<usize>,
    key: Encoder,
    value: Encoder,
}

impl TextRows {
    /// Finds the cell of each column of `topic`: the mapped one, else the one of its name, in any case.
    ///
    /// # Errors
    /// See [`RowsError`].
    pub fn new(program: &Program, topic: &str, names: &[CellName]) -> Result<Self, RowsError> {
        let sources = program.sources.values().filter(|source| source.topic == topic);
        let mut outcome = None;
        for source in sources {
            match Self::of(program, source, names) {
                Ok(rows) => return Ok(rows),
                Err(error) => outcome = outcome.or(Some(error)),
            }
        }
        Err(outcome
            .unwrap_or_else(|| RowsError::Topic { topic: topic.to_owned(), declared: declared(program) }))
    }

    fn of(program: &Program, source: &Arc<Source>, names: &[CellName]) -> Result<Self, RowsError> {
        if source.window.is_some() {
            return Err(RowsError::Windowed(source.topic.clone()));
        }
        check_mapped(source, names)?;
        let cells: Vec<_> = source.schema.columns().map(|column| find(names, &column.name)).collect();
        check_missing(program, source, names, &cells)?;
        check_others(program, source)?;
        Ok(Self {
            source: Arc::clone(source),
            cells,
            time: find(names, TIME),
            key: Encoder::new(&source.key_format, &source.schema.key)?,
            value: Encoder::new(&source.value_format, &source.schema.value)?,
        })
    }

    /// Whether records have a time: of a cell, or of a column that is declared to hold it.
    pub fn has_time(&self) -> bool {
        self.time.is_some() || self.source.timestamp.is_some()
    }

    /// Which of `count` cells no column takes.
    pub fn unused(&self, count: usize) -> impl Iterator<Item = usize> {
        (0..count).filter(|at| self.time != Some(*at) && !self.cells.contains(&Some(*at)))
    }

    /// The record of a row.
    ///
    /// # Errors
    /// A cell is not of its column's type; the text names the column.
    pub fn record<'r>(&self, cell: &dyn Fn(usize) -> &'r str) -> Result<ReplayRecord, String> {
        let columns = self.source.schema.columns().zip(&self.cells);
        let values = columns.map(|(column, at)| match at.map(cell).filter(|text| !text.is_empty()) {
            None => Ok(Value::Null),
            Some(text) => value(column, text).map_err(|problem| format!("{}: {problem}", column.name)),
        });
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let (key, value) = values.split_at(self.source.schema.key.len());
        let time = self.time.map(cell).filter(|text| !text.is_empty());
        Ok(ReplayRecord {
            topic: self.source.topic.clone(),
            key: encode(&self.key, key)?,
            value: encode(&self.value, value)?,
            timestamp: time.map_or(Ok(0), time_of)?,
            headers: Vec::new(),
        })
    }
}

/// The topics that are declared rather than derived.
fn declared(program: &Program) -> String {
    let sources = program.sources.values().filter(|source| source.derived_by.is_none());
    let topics: std::collections::BTreeSet<&str> = sources.map(|source| source.topic.as_str()).collect();
    let topics: Vec<_> = topics.into_iter().collect();
    if topics.is_empty() { "none".to_owned() } else { topics.join(", ") }
}

/// The cell of a column.
fn find(names: &[CellName], column: &str) -> Option<usize> {
    let mapped = |cell: &CellName| cell.mapped.as_deref().is_some_and(|to| to.eq_ignore_ascii_case(column));
    let exact = |cell: &CellName| cell.mapped.is_none() && cell.name == column;
    let alike = |cell: &CellName| cell.mapped.is_none() && cell.name.eq_ignore_ascii_case(column);
    let place = |is_it: &dyn Fn(&CellName) -> bool| names.iter().position(is_it);
    place(&mapped).or_else(|| place(&exact)).or_else(|| place(&alike))
}

fn check_mapped(source: &Source, names: &[CellName]) -> Result<(), RowsError> {
    let columns = || source.schema.columns().map(|column| column.name.as_str()).chain([TIME]);
    let unknown = names.iter().filter_map(|cell| cell.mapped.as_deref());
    match { unknown }.find(|to| !columns().any(|column| column.eq_ignore_ascii_case(to))) {
        None => Ok(()),
        Some(column) => Err(RowsError::Column {
            name: source.name.clone(),
            column: column.to_owned(),
            columns: columns().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Every column that is read, and a table's key, must be there: a misspelt name would else be NULL in silence.
fn check_missing(
    program: &Program,
    source: &Source,
    names: &[CellName],
    cells: &[Option<usize>],
) -> Result<(), RowsError> {
    let own = readings(program, &source.topic).filter(|reading| reading.source.name == source.name);
    let own: Vec<&Reading> = own.collect();
    let is_wanted = |at: usize| own.iter().any(|reading| reading.wanted.get(at) == Some(&true));
    let is_needed = |at: usize| is_wanted(at) || source.is_table && at < source.schema.key.len();
    let columns = source.schema.columns().enumerate();
    let missing: Vec<&str> = columns
        .filter(|(at, _)| cells[*at].is_none() && is_needed(*at))
        .map(|(_, column)| column.name.as_str())
        .collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let found = || names.iter().map(|cell| cell.name.as_str());
    let free = || found().enumerate().filter(|(at, _)| !cells.contains(&Some(*at))).map(|(_, name)| name);
    let near = nearest(first, free()).or_else(|| free().next()).unwrap_or("COLUMN");
    Err(RowsError::Missing {
        missing: missing.join(", "),
        name: source.name.clone(),
        found: if names.is_empty() { "none".to_owned() } else { found().collect::<Vec<_>>().join(", ") },
        example: ((*first).to_owned(), near.to_owned()),
    })
}

/// What other declarations of the topic read must be in the record, too: it would else be NULL in silence.
fn check_others(program: &Program, source: &Source) -> Result<(), RowsError> {
    for reading in readings(program, &source.topic) {
        let columns = reading.source.schema.columns().zip(&reading.wanted);
        let mut wanted = columns.filter(|(_, wanted)| **wanted).map(|(column, _)| column);
        if let Some(column) = wanted.find(|column| source.schema.find(&column.name).is_none()) {
            return Err(RowsError::Twice {
                topic: source.topic.clone(),
                name: source.name.clone(),
                other: reading.source.name.clone(),
                column: column.name.clone(),
            });
        }
    }
    Ok(())
}

/// How the queries read a topic, each of its declarations.
fn readings<'p>(program: &'p Program, topic: &str) -> impl Iterator<Item = &'p Reading> {
    let inputs = program.tasks.iter().flat_map(|task| &task.inputs);
    inputs.filter(move |input| input.topic == topic).flat_map(|input| &input.readings)
}

fn encode(encoder: &Encoder, values: &[Value<'_>]) -> Result<Option<Vec<u8>>, String> {
    let mut bytes = Vec::new();
    match encoder.encode(values, &mut bytes).map_err(|error| error.to_string())? {
        Presence::Value => Ok(Some(bytes)),
        Presence::Null => Ok(None),
    }
}

fn time_of(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let time = text.parse().ok().or_else(|| parse_timestamp(text));
    time.ok_or_else(|| format!("{TIME}: \"{text}\" is neither milliseconds nor a timestamp"))
}

/// The value of a cell that is not empty.
fn value<'t>(column: &Column, text: &'t str) -> Result<Value<'t>, String> {
    let refuse = || format!("\"{text}\" is no {}", column.data_type);
    let days_or_milliseconds = text.trim().parse::<i64>().is_ok();
    match &column.data_type {
        DataType::String => Ok(Value::str(text)),
        DataType::Boolean => truth(text.trim()).map(Value::Boolean).ok_or_else(refuse),
        DataType::Bytes => {
            let bytes = STANDARD.decode(text.trim()).map_err(|_| format!("{}, in base64", refuse()))?;
            Ok(Value::Bytes(bytes.into()))
        }
        DataType::Date | DataType::Time | DataType::Timestamp if days_or_milliseconds => json(column, text),
        DataType::Array(_) | DataType::Map(..) | DataType::Struct(_) => json(column, text),
        to => cast(Value::str(text.trim()), to).map_err(|_| refuse()),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" => Some(true),
        "0" | "false" | "f" | "no" => Some(false),
        _ => None,
    }
}

/// What is written as in a JSON record.
fn json<'t>(column: &Column, text: &'t str) -> Result<Value<'t>, String> {
    let decoder = JsonDecoder::new(std::slice::from_ref(column), &[true], true).map_err(|e| e.to_string())?;
    let mut row = [Value::Null];
    decoder.decode(text.as_bytes(), &mut row).map_err(|error| error.to_string())?;
    let [value] = row;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{LoadOptions, Purpose, SourceFile, load};

    fn read(data_type: DataType, text: &str) -> Result<Value<'_>, String> {
        value(&Column::new("C", data_type), text)
    }

    #[test]
    fn cells_are_read_by_their_columns_type() {
        assert_eq!(read(DataType::String, " a "), Ok(Value::str(" a ")));
        assert_eq!(read(DataType::Boolean, "No"), Ok(Value::Boolean(false)));
        assert_eq!(read(DataType::Bigint, " -7"), Ok(Value::Bigint(-7)));
        assert_eq!(read(DataType::Date, "1970-01-03"), Ok(Value::Date(2)));
        assert_eq!(read(DataType::Date, "3"), Ok(Value::Date(3)));
        assert_eq!(read(DataType::Time, "00:00:01"), Ok(Value::Time(1000)));
        assert_eq!(read(DataType::Timestamp, "1970-01-01T00:00:01Z"), Ok(Value::Timestamp(1000)));
        assert_eq!(read(DataType::Bytes, "aGk="), Ok(Value::Bytes(b"hi".to_vec().into())));
        let list = DataType::Array(Box::new(DataType::Integer));
        assert_eq!(
            read(list.clone(), "[1, 2]"),
            Ok(Value::Array(vec![Value::Integer(1), Value::Integer(2)].into()))
        );
        for (wrong, text) in [
            (DataType::Boolean, "maybe"),
            (DataType::Integer, "2147483648"),
            (DataType::Integer, "1.5"),
            (DataType::Bytes, "?"),
            (DataType::Time, "25:00:00"),
            (list, "1, 2"),
        ] {
            assert!(read(wrong.clone(), text).is_err(), "{wrong} {text}");
        }
    }

    fn rows(sql: &str, header: &str) -> Result<TextRows, String> {
        let files = vec![SourceFile { name: "rows.sql".into(), text: sql.into() }];
        let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
        let program = load(files, &options).expect("a valid program").program;
        let names: Vec<_> =
            header.split(',').map(|name| CellName { name: name.to_owned(), mapped: None }).collect();
        TextRows::new(&program, "t", &names).map_err(|error| error.to_string())
    }

    #[test]
    fn a_topic_that_is_declared_twice_takes_the_columns_of_the_wider_one_or_is_refused() {
        let source = |name: &str, columns: &str| {
            format!(
                "CREATE STREAM {name} (k INT KEY, {columns}) WITH (KAFKA_TOPIC='t', FORMAT='JSON');
                 CREATE STREAM of_{name} AS SELECT * FROM {name};"
            )
        };
        let both = |a: &str, b: &str| source("a", a) + &source("b", b);
        let wide = rows(&both("x INT", "x INT, y INT"), "k,x,y").expect("b holds what a reads");
        let record = wide.record(&|at| ["1", "2", ""][at]).expect("a record");
        assert_eq!(record.value.as_deref(), Some(br#"{"X":2,"Y":null}"#.as_slice()));
        let refused = rows(&both("x INT", "y INT"), "k,x,y").expect_err("neither holds both");
        assert_eq!(refused, "topic t is declared twice, and Y of B is no column of A");
        let missing = rows(&both("x INT", "x INT, y INT"), "k,x").expect_err("y is read");
        assert!(missing.contains('Y'), "{missing}");
    }

    #[test]
    fn the_mapped_cell_goes_before_the_exact_name_and_that_before_another_case() {
        let cell = |name: &str, mapped: Option<&str>| CellName {
            name: name.to_owned(),
            mapped: mapped.map(str::to_owned),
        };
        let names = [cell("a", None), cell("A", None), cell("x", Some("a"))];
        assert_eq!(
            [find(&names, "A"), find(&names[..2], "A"), find(&names[..1], "A")],
            [Some(2), Some(1), Some(0)]
        );
        assert_eq!(find(&[cell("A", Some("b"))], "A"), None);
        assert_eq!([time_of("12"), time_of("1970-01-01T00:00:12Z")], [Ok(12), Ok(12_000)]);
        assert!(time_of("noon").is_err());
    }
}
