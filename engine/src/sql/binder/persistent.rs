//! CREATE ... AS SELECT and INSERT INTO ... SELECT.

use std::sync::Arc;

use super::coercion::into_column;
use super::create::timestamp;
use super::directives::Directives;
use super::formats::Formats;
use super::join::key_format;
use super::properties::Properties;
use super::query::Selected;
use super::{Binder, Target};
use crate::format::FormatSpec;
use crate::plan::logical::{Grouping, LogicalQuery, Shape};
use crate::plan::{Emit, Rule, Source, is_spread};
use crate::sql::Diagnostic;
use crate::sql::ast::{self, CreateAs, Ident, InsertSelect, SourceKind, Span, Statement};
use crate::sql::catalog::Entry;
use crate::types::Schema;

/// The topic whose records are alerts.
const ALERTS: &str = events::topics::FRAUD_ALERTS.name;

impl Binder {
    /// Binds `CREATE STREAM|TABLE ... AS SELECT`.
    pub(super) fn create_as(&mut self, create: &CreateAs, statement: &Statement) -> Result<(), Diagnostic> {
        if !self.may_create(&create.name, create.or_replace, create.if_not_exists)? {
            return Ok(());
        }
        let (directives, sound) = Directives::read(&statement.directives);
        let target = target(&create.name, create.kind, false, &directives);
        let selected = self.select(&create.query, &target, emit(&directives));
        let properties = Properties::read(&create.properties).and_then(Properties::of_query);
        let ((), (properties, selected)) = Diagnostic::both(sound, Diagnostic::both(properties, selected))?;
        let sink = Arc::new(self.sink(create, &properties, &selected)?);
        let prefix = if create.kind == SourceKind::Table { "CTAS" } else { "CSAS" };
        let id = match &properties.query_id {
            Some((id, _)) => id.clone(),
            None => format!("{prefix}_{}_{}", create.name.name, self.statements - 1),
        };
        if let Some(entry) = self.catalog.get(&create.name.name) {
            super::replace::check(entry, &sink, create.name.span)?;
        }
        self.queries.retain(|q| q.sink.name != create.name.name);
        let name = create.name.name.clone();
        self.catalog.put(Entry { source: sink.clone(), declared: create.name.span, read_only: false });
        self.add_query(
            Settled { selected, sink, id, rule_name: name, at: create.name.span, from: &create.query.from },
            &directives,
            statement,
        )
    }

    /// The stream or table that a CREATE ... AS SELECT makes.
    fn sink(
        &self,
        create: &CreateAs,
        properties: &Properties,
        selected: &Selected,
    ) -> Result<Source, Diagnostic> {
        let from = selected.from.first();
        let schema = selected.schema.clone();
        let inherited = key_format(&selected.from);
        check_no_key(create, properties)?;
        check_no_window(properties)?;
        let key_format = properties.key_spec(inherited, &self.settings, schema.key.len())?;
        let inherited = Some(FormatSpec { wrapped: true, ..from.value_format });
        let (name, columns) = (create.name.span, &selected.places);
        let value_format = properties.value_spec(inherited, &self.settings, schema.value.len(), name)?;
        Formats { key: key_format, value: value_format, name, columns }.check(&schema)?;
        properties.check_wrap(&schema)?;
        let topic = match &properties.topic {
            Some((topic, _)) => topic.clone(),
            None => format!("{}{}", self.settings.topic_prefix, create.name.name),
        };
        Ok(Source {
            name: create.name.name.clone(),
            is_table: create.kind == SourceKind::Table,
            topic,
            timestamp: timestamp(&schema, properties)?,
            window: selected.window,
            schema,
            key_format,
            value_format,
            derived_by: Some(self.queries.len()),
            partitions: properties.partitions.or(self.settings.partitions),
            replicas: properties.replicas.or(self.settings.replicas),
            stop_on_error: false,
            broadcast: false,
        })
    }

    /// Binds `INSERT INTO ... SELECT`.
    pub(super) fn insert_select(
        &mut self,
        insert: &InsertSelect,
        statement: &Statement,
    ) -> Result<(), Diagnostic> {
        let entry = self.source(&insert.target)?;
        let (sink, read_only) = (entry.source.clone(), entry.read_only);
        if sink.is_table || read_only {
            let what =
                if sink.is_table { "a table" } else { "declared as a SOURCE, which nothing writes to" };
            let message = format!("INSERT INTO takes a stream, {} is {what}", insert.target.name);
            let hint = if sink.is_table {
                "several queries may write to one topic: CREATE TABLE ... WITH (KAFKA_TOPIC='...') AS SELECT ..."
            } else {
                "leave SOURCE out where it is declared"
            };
            return Err(Diagnostic::error("result_type", insert.target.span, message).hint(hint));
        }
        super::headers::refuse_insert(&sink, &insert.target)?;
        let (directives, sound) = Directives::read(&statement.directives);
        let properties = Properties::read(&insert.properties)?;
        let target = target(&insert.target, SourceKind::Stream, true, &directives);
        if let Some(other) = insert.properties.iter().find(|p| !p.name.name.eq_ignore_ascii_case("QUERY_ID"))
        {
            let message =
                format!("INSERT INTO writes to {} as it is: it takes no {}", sink.name, other.name.name);
            return Err(Diagnostic::error("property", other.name.span, message)
                .hint("QUERY_ID is its only property; the stream's are given where it is declared"));
        }
        let ((), mut selected) =
            Diagnostic::both(sound, self.select(&insert.query, &target, emit(&directives)))?;
        fit(&mut selected, &sink, &insert.target)?;
        let id = match &properties.query_id {
            Some((id, _)) => id.clone(),
            None => format!("INSERTQUERY_{}", self.statements - 1),
        };
        let rule_name = match &properties.query_id {
            Some((id, _)) => id.clone(),
            None => self.file_stem(statement.span),
        };
        self.add_query(
            Settled { selected, sink, id, rule_name, at: insert.target.span, from: &insert.query.from },
            &directives,
            statement,
        )
    }

    fn file_stem(&self, span: Span) -> String {
        let file = self.files.get(span.file as usize).map_or("", String::as_str);
        std::path::Path::new(file).file_stem().map_or(String::new(), |s| s.to_string_lossy().into_owned())
    }

    /// Adds a query with its sink and, where it alerts, its rule, whose version comes last.
    fn add_query(
        &mut self,
        settled: Settled<'_>,
        directives: &Directives,
        statement: &Statement,
    ) -> Result<(), Diagnostic> {
        let Settled { selected, sink, id, rule_name, at, from: written } = settled;
        if let Some(other) = self.queries.iter().find(|q| q.id == id) {
            return Err(Diagnostic::error(
                "duplicate_query",
                at,
                format!("two queries have the id {}", other.id),
            )
            .hint("give each its own QUERY_ID"));
        }
        let Selected { from, filter, flat, mut shape, window, warning, .. } = selected;
        set_idle(&mut shape, directives)?;
        self.warnings.extend(warning);
        let sql = statement.text.clone();
        let mut query = LogicalQuery {
            id,
            from,
            filter,
            flat,
            shape,
            sink,
            rule: None,
            strict_time: self.settings.strict_time,
            sql,
        };
        self.refuse_circle(&query, at)?;
        self.check_derived(&query, directives, written)?;
        if query.sink.topic == ALERTS {
            self.check_rule_name(&rule_name, at)?;
            refuse_cooldown_without_key(&query, directives)?;
            refuse_spread_cooldown(&query, directives)?;
            query.rule = Some(Rule {
                version: String::new(),
                severity: directives.severity.as_ref().map_or_else(Default::default, |(s, _)| *s),
                mode: directives.mode.as_ref().map_or_else(Default::default, |(m, _)| *m),
                emit: emit(directives),
                cooldown: directives.cooldown.map(|(millis, _)| millis),
                description: directives.description.as_ref().map(|(d, _)| d.clone()),
                file: self.files.get(statement.span.file as usize).cloned().unwrap_or_default(),
                windowed: window.is_some(),
                name: rule_name,
            });
        } else if let Some((name, span)) = directives.rules_only() {
            let message = format!(
                "the directive {name} is for rules, whose topic is {ALERTS}; this query writes to {}",
                query.sink.topic
            );
            return Err(Diagnostic::error("directive", span, message)
                .hint(format!("WITH (KAFKA_TOPIC='{ALERTS}') makes it a rule")));
        }
        self.queries.push(query);
        Ok(())
    }

    fn check_rule_name(&self, name: &str, at: Span) -> Result<(), Diagnostic> {
        let taken = |q: &&LogicalQuery| q.rule.as_ref().is_some_and(|r| r.name == name);
        match self.queries.iter().find(taken) {
            Some(other) => {
                let file = other.rule.as_ref().map_or("", |r| r.file.as_str());
                Err(Diagnostic::error("duplicate_rule", at, format!("two rules are called {name}"))
                    .hint(format!("the other one is in {file}; a QUERY_ID names an INSERT INTO ... SELECT")))
            }
            None => Ok(()),
        }
    }
}

/// An idle time-out closes windows, which only EMIT FINAL waits for.
fn set_idle(shape: &mut Shape, directives: &Directives) -> Result<(), Diagnostic> {
    let Some((millis, span)) = directives.idle else { return Ok(()) };
    match shape {
        Shape::Aggregate(Grouping { window: Some(window), is_final: true, .. }) => {
            window.idle = Some(millis);
            Ok(())
        }
        _ => Err(Diagnostic::error(
            "directive",
            span,
            "idle closes the windows of EMIT FINAL, which this query has not",
        )
        .hint("without EMIT FINAL a window is written with each record; leave the directive out")),
    }
}

/// A cooldown is about a key.
fn refuse_cooldown_without_key(query: &LogicalQuery, directives: &Directives) -> Result<(), Diagnostic> {
    let is_keyed = matches!(query.shape, Shape::Aggregate(_)) || !query.from.key().is_empty();
    match directives.cooldown.filter(|_| !is_keyed) {
        Some((_, span)) => {
            let message = format!("a cooldown is per key, but {} has none", query.from.first().name);
            Err(Diagnostic::error("directive", span, message)
                .hint("declare the column that the topic's key holds: id VARCHAR KEY"))
        }
        None => Ok(()),
    }
}

/// What a rule remembers of a key is in one place: rows of one key have to meet there.
fn refuse_spread_cooldown(query: &LogicalQuery, directives: &Directives) -> Result<(), Diagnostic> {
    let is_filter = matches!(query.shape, Shape::Project { .. });
    match directives.cooldown.filter(|_| is_filter && is_spread(&query.from)) {
        Some((_, span)) => {
            let key: Vec<_> = query.from.key().iter().map(|key| key.to_string().replace('`', "")).collect();
            let message = format!(
                "a cooldown is per key, but a broadcast table leaves rows of one {} in several partitions",
                key.join(", ")
            );
            Err(Diagnostic::error("directive", span, message).hint(
                "leave out --@broadcast in the table's declaration, or count by GROUP BY, which brings them together",
            ))
        }
        None => Ok(()),
    }
}

/// A query whose sink is settled.
struct Settled<'s> {
    selected: Selected,
    sink: Arc<Source>,
    id: String,
    rule_name: String,
    at: Span,
    from: &'s ast::From,
}

fn target<'t>(name: &'t Ident, kind: SourceKind, insert: bool, directives: &Directives) -> Target<'t> {
    let emit_first = directives.emit.as_ref().filter(|(e, _)| *e == Emit::First).map(|(_, s)| *s);
    Target { name, kind, insert, emit_first }
}

fn emit(directives: &Directives) -> Emit {
    directives.emit.as_ref().map_or(Emit::Changes, |(e, _)| *e)
}

/// Fits a query's result to the stream it is inserted into: the same columns in the same order, of types that
/// fit the stream's.
fn fit(selected: &mut Selected, stream: &Source, target: &Ident) -> Result<(), Diagnostic> {
    let sink = &stream.schema;
    let result = &selected.schema;
    if selected.window != stream.window {
        let message = format!("the keys of {} and of the query's result are not windowed alike", target.name);
        return Err(Diagnostic::error("schema", target.span, message));
    }
    let is_alike = result.key.len() == sink.key.len()
        && result.columns().map(|c| &c.name).eq(sink.columns().map(|c| &c.name));
    let exprs = match &selected.shape {
        Shape::Project { exprs } => exprs.as_slice(),
        Shape::Aggregate(_) => &[],
    };
    let fitted = exprs.iter().zip(sink.columns()).map(|(e, column)| into_column(e, &column.data_type));
    let Some(exprs) = fitted.collect::<Option<Vec<_>>>().filter(|_| is_alike) else {
        let message = format!("the query's columns do not fit {}", target.name);
        return Err(Diagnostic::error("schema", target.span, message)
            .label(format!("its columns are {}", describe(sink)))
            .hint(format!("the query's are {}", describe(result))));
    };
    if let Shape::Project { exprs: own } = &mut selected.shape {
        *own = exprs;
    }
    selected.schema = sink.clone();
    Ok(())
}

/// `ID VARCHAR KEY, AMOUNT DOUBLE`
fn describe(schema: &Schema) -> String {
    let key = schema.key.iter().map(|c| format!("{} {} KEY", c.name, c.data_type));
    let value = schema.value.iter().map(|c| format!("{} {}", c.name, c.data_type));
    key.chain(value).collect::<Vec<_>>().join(", ")
}

/// A stream that PARTITION BY NULL makes has no key that a format could be for.
fn check_no_key(create: &CreateAs, properties: &Properties) -> Result<(), Diagnostic> {
    let is_without = matches!(create.query.partition_by.as_slice(), [by] if by.kind == ast::ExprKind::Null);
    match &properties.key_format {
        Some((name, span)) if is_without && !name.eq_ignore_ascii_case("NONE") => {
            Err(Diagnostic::error("format", *span, format!("PARTITION BY NULL leaves no key to be {name}"))
                .hint("leave the key's format out"))
        }
        _ => Ok(()),
    }
}

/// The windows of a query's result are those of the query.
fn check_no_window(properties: &Properties) -> Result<(), Diagnostic> {
    let of_type = properties.window_type.as_ref().map(|(_, span)| *span);
    match of_type.or(properties.window_size.as_ref().map(|(_, span)| *span)) {
        Some(span) => {
            let message = "WINDOW_TYPE and WINDOW_SIZE are of what is declared, not of a query's result";
            Err(Diagnostic::error("property", span, message).hint("the query's WINDOW clause says them"))
        }
        None => Ok(()),
    }
}
