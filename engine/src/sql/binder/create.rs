//! CREATE STREAM|TABLE over a topic.

use std::sync::Arc;

use super::directives::{Declared, OnError};
use super::env::Env;
use super::formats::{Formats, contains_map, map_key};
use super::properties::Properties;
use super::{Binder, types};
use crate::plan::{KeyWindow, Pseudo, Source, TimestampColumn};
use crate::sql::Diagnostic;
use crate::sql::ast::{ColumnDef, ColumnRole, CreateSource, Ident, SourceKind, Span};
use crate::sql::catalog::Entry;
use crate::types::time_format::Pattern;
use crate::types::{Column, DataType, Schema};

impl Binder {
    /// Declares a source.
    pub(super) fn create_source(
        &mut self,
        statement: &CreateSource,
        declared: Declared,
    ) -> Result<(), Diagnostic> {
        if !self.may_create(&statement.name, statement.or_replace, statement.if_not_exists)? {
            return Ok(());
        }
        self.refuse_replacing_read_only(statement)?;
        let source = self.declare(statement)?;
        if let Some(span) = declared.broadcast.filter(|_| source.window.is_some()) {
            let message = "a table whose key has a window cannot be broadcast";
            return Err(Diagnostic::error("directive", span, message).hint(
                "windowed keys are joined with windowed keys, which lie together: leave the directive out",
            ));
        }
        let stop_on_error = declared.on_error == OnError::Stop;
        let source = Source { stop_on_error, broadcast: declared.broadcast.is_some(), ..source };
        if let Some(entry) = self.catalog.get(&statement.name.name) {
            let text = |s: &Source| {
                let (text, stop, broadcast) = (s.canonical(&|_| true), s.stop_on_error, s.broadcast);
                format!("{text} partitions {:?} stop {stop} broadcast {broadcast}", s.partitions)
            };
            if text(&entry.source) == text(&source) {
                return Ok(());
            }
            self.refuse_replacing_what_is_read(&statement.name, entry)?;
            super::replace::check(entry, &source, statement.name.span)?;
        }
        self.catalog.put(Entry {
            source: Arc::new(source),
            declared: statement.name.span,
            read_only: statement.read_only,
        });
        Ok(())
    }

    /// Whether the statement is to be carried out; an error where the name is taken.
    pub(super) fn may_create(
        &self,
        name: &Ident,
        or_replace: bool,
        if_not_exists: bool,
    ) -> Result<bool, Diagnostic> {
        if or_replace && self.settings.no_replace {
            let message = "CREATE OR REPLACE is turned off by ksql.create.or.replace.enabled";
            return Err(Diagnostic::error("replace", name.span, message));
        }
        match self.catalog.get(&name.name) {
            Some(_) if if_not_exists => Ok(false),
            Some(entry) if !or_replace => {
                let kind = if entry.source.is_table { "table" } else { "stream" };
                let message = format!("a {kind} of the name {} is already there", name.name);
                Err(Diagnostic::error("duplicate_source", name.span, message)
                    .note(entry.declared, "made here"))
            }
            _ => Ok(true),
        }
    }

    /// Nothing that is declared as a SOURCE is ever replaced, nor does one replace anything.
    fn refuse_replacing_read_only(&self, statement: &CreateSource) -> Result<(), Diagnostic> {
        let existing = self.catalog.get(&statement.name.name).filter(|entry| entry.read_only);
        if !statement.or_replace || !(statement.read_only || existing.is_some()) {
            return Ok(());
        }
        let message = format!("{} is declared as a SOURCE, which cannot be replaced", statement.name.name);
        let refused = Diagnostic::error("in_use", statement.name.span, message)
            .hint("leave out OR REPLACE, or SOURCE in both declarations");
        Err(existing.into_iter().fold(refused, |d, entry| d.note(entry.declared, "made here")))
    }

    /// A query keeps the columns that it was bound to, so they cannot change under it.
    fn refuse_replacing_what_is_read(&self, name: &Ident, entry: &Entry) -> Result<(), Diagnostic> {
        match self.queries.iter().find(|q| q.reads(&name.name) || q.sink.name == name.name) {
            Some(query) => {
                let message = format!("{} cannot be replaced: the query {} uses it", name.name, query.id);
                Err(Diagnostic::error("in_use", name.span, message)
                    .note(entry.declared, "made here")
                    .hint("change the first declaration"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn declare(&self, statement: &CreateSource) -> Result<Source, Diagnostic> {
        let (properties, schema) =
            Diagnostic::both(Properties::read(&statement.properties), columns(&self.env, statement))?;
        if let Some((_, at)) = &properties.query_id {
            return Err(Diagnostic::error("property", *at, "QUERY_ID belongs to a query")
                .hint("leave it out: nothing runs here"));
        }
        let is_table = statement.kind == SourceKind::Table;
        let Some((topic, _)) = &properties.topic else {
            return Err(Diagnostic::error(
                "property",
                statement.name.span,
                "KAFKA_TOPIC is missing from the WITH clause",
            )
            .hint("such as WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON')"));
        };
        if is_table && schema.key.is_empty() {
            let message = format!("the table {} has no PRIMARY KEY", statement.name.name);
            return Err(Diagnostic::error("key", statement.name.span, message)
                .hint("declare the column that the topic's key holds: id VARCHAR PRIMARY KEY"));
        }
        let key_format = properties.key_spec(None, &self.settings, schema.key.len())?;
        let at = statement.name.span;
        let value_format = properties.value_spec(None, &self.settings, schema.value.len(), at)?;
        let columns = places(statement);
        let (name, value) = (statement.name.span, value_format);
        Formats { key: key_format, value, name, columns: &columns }.check(&schema)?;
        properties.check_wrap(&schema)?;
        Ok(Source {
            name: statement.name.name.clone(),
            is_table,
            topic: topic.clone(),
            timestamp: timestamp(&schema, &properties)?,
            window: key_window(&properties, &schema)?,
            schema,
            key_format,
            value_format,
            derived_by: None,
            partitions: properties.partitions,
            replicas: properties.replicas,
            stop_on_error: false,
            broadcast: false,
        })
    }
}

/// Where the columns are written, in the order of the schema.
fn places(statement: &CreateSource) -> Vec<Span> {
    let is_key = |c: &&ColumnDef| matches!(c.role, ColumnRole::Key | ColumnRole::PrimaryKey);
    let keys = statement.columns.iter().filter(is_key);
    let values = statement.columns.iter().filter(|c| matches!(c.role, ColumnRole::Value));
    keys.chain(values).map(|c| c.data_type.span).collect()
}

/// The declared columns.
fn columns(env: &Env, statement: &CreateSource) -> Result<Schema, Diagnostic> {
    if statement.columns.is_empty() {
        let message = format!("{} declares no columns", statement.name.name);
        return Err(Diagnostic::error("schema", statement.name.span, message)
            .hint("a schema registry, which could know them, is not supported"));
    }
    let mut schema = Schema::default();
    Diagnostic::all((0..statement.columns.len()).map(|at| column(env, statement, at, &mut schema)))?;
    Ok(schema)
}

/// Adds the declared column at this place.
fn column(env: &Env, statement: &CreateSource, at: usize, schema: &mut Schema) -> Result<(), Diagnostic> {
    let is_table = statement.kind == SourceKind::Table;
    let column = &statement.columns[at];
    let name = &column.name;
    if let Some(first) = statement.columns[..at].iter().find(|c| c.name.name == name.name) {
        let message = format!("the column {} is declared twice", name.name);
        return Err(
            Diagnostic::error("duplicate_column", name.span, message).note(first.name.span, "first here")
        );
    }
    if Pseudo::ALL.iter().any(|p| p.name() == name.name) {
        let message = format!("{} is a pseudo column that every source has", name.name);
        return Err(Diagnostic::error("duplicate_column", name.span, message).hint("choose another name"));
    }
    let data_type = types::resolve(env, &column.data_type)?;
    let key = match &column.role {
        ColumnRole::Value => false,
        ColumnRole::Key if is_table => {
            return Err(Diagnostic::error("key", column.span, "a table's key is its PRIMARY KEY")
                .hint(format!("{} {data_type} PRIMARY KEY", name.name)));
        }
        ColumnRole::PrimaryKey if !is_table => {
            let message = "a stream has no PRIMARY KEY, its rows are not unique";
            return Err(
                Diagnostic::error("key", column.span, message).hint(format!("{} {data_type} KEY", name.name))
            );
        }
        ColumnRole::Key | ColumnRole::PrimaryKey => true,
        ColumnRole::Headers(header) => {
            return super::headers::add(schema, column, header.as_deref(), data_type);
        }
    };
    if key && contains_map(&data_type) {
        return Err(map_key("key", column.data_type.span));
    }
    let part = if key { &mut schema.key } else { &mut schema.value };
    part.push(Column::new(&name.name, data_type));
    Ok(())
}

/// TIMESTAMP and TIMESTAMP_FORMAT.
pub(super) fn timestamp(
    schema: &Schema,
    properties: &Properties,
) -> Result<Option<TimestampColumn>, Diagnostic> {
    let Some((name, span)) = &properties.timestamp else {
        return match &properties.timestamp_format {
            Some((_, span)) => Err(Diagnostic::error(
                "property",
                *span,
                "TIMESTAMP_FORMAT says how TIMESTAMP's column is read: TIMESTAMP is missing",
            )),
            None => Ok(None),
        };
    };
    // Quoted like a column, or in upper case like an unquoted one.
    let plain = name.trim_matches(['`', '"']);
    let found = if plain == name { schema.find(&name.to_ascii_uppercase()) } else { schema.find(plain) };
    let Some((column, declared)) = found else {
        return Err(Diagnostic::error("unknown_column", *span, format!("TIMESTAMP names no column: {name}"))
            .did_you_mean(&name.to_ascii_uppercase(), schema.columns().map(|c| c.name.as_str())));
    };
    let pattern = match (&declared.data_type, &properties.timestamp_format) {
        (DataType::Bigint | DataType::Timestamp, None) => None,
        (DataType::String, Some((pattern, span))) => {
            let compiled = Pattern::compile(pattern)
                .map_err(|e| Diagnostic::error("property", *span, format!("TIMESTAMP_FORMAT: {e}")))?;
            Some(Arc::new(compiled))
        }
        (DataType::String, None) => {
            return Err(Diagnostic::error(
                "property",
                *span,
                format!("{name} is text: TIMESTAMP_FORMAT is missing"),
            )
            .hint("such as TIMESTAMP_FORMAT='yyyy-MM-dd''T''HH:mm:ssXXX'"));
        }
        (other, Some((_, span))) => {
            return Err(Diagnostic::error(
                "property",
                *span,
                format!("TIMESTAMP_FORMAT reads text, {name} is {other}"),
            ));
        }
        (other, None) => {
            return Err(Diagnostic::error("property", *span, format!("{name} is {other}, no time"))
                .hint("a TIMESTAMP, a BIGINT in milliseconds, or text with TIMESTAMP_FORMAT"));
        }
    };
    Ok(Some(TimestampColumn { column, pattern }))
}

/// WINDOW_TYPE and WINDOW_SIZE.
fn key_window(properties: &Properties, schema: &Schema) -> Result<Option<KeyWindow>, Diagnostic> {
    let wrong = |span: Span, message: &str| Err(Diagnostic::error("property", span, message));
    match (&properties.window_type, properties.window_size) {
        (None, None) => Ok(None),
        (None, Some((_, span))) => wrong(span, "WINDOW_SIZE needs WINDOW_TYPE"),
        (Some((_, span)), _) if schema.key.is_empty() => {
            Err(Diagnostic::error("key", *span, "a window belongs to a key, and no key column is declared")
                .hint("declare the column that the topic's key holds: id VARCHAR KEY"))
        }
        (Some((kind, span)), size) => match (kind.to_ascii_uppercase().as_str(), size) {
            ("TUMBLING" | "HOPPING", Some((size, _))) => Ok(Some(KeyWindow::Time { size })),
            ("TUMBLING" | "HOPPING", None) => {
                wrong(*span, "WINDOW_SIZE is missing, such as WINDOW_SIZE='5 MINUTES'")
            }
            ("SESSION", None) => Ok(Some(KeyWindow::Session)),
            ("SESSION", Some((_, span))) => {
                wrong(span, "a SESSION window has no size: leave WINDOW_SIZE out")
            }
            _ => wrong(*span, "WINDOW_TYPE is TUMBLING, HOPPING or SESSION"),
        },
    }
}
