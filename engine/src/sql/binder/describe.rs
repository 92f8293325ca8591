//! DESCRIBE and EXPLAIN: a source with its columns and queries, a function, a query with its plan.

use super::Binder;
use super::call::unknown_function;
use super::show::{one_line, state};
use crate::plan::logical::{LogicalQuery, Shape, window_text};
use crate::plan::{KeyWindow, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, Statement};
use crate::sql::report::Part;
use crate::types::aggregate::DOCS;
use crate::types::expr::HigherOrder;
use crate::types::functions::{self, TableFunction};
use crate::types::{DataType, HeaderColumn, Schema};

impl Binder {
    /// `DESCRIBE name [EXTENDED]`
    pub(super) fn describe(&self, name: &Ident, extended: bool) -> Result<Vec<Part>, Diagnostic> {
        let source = self.source(name)?.source.clone();
        let mut parts = Vec::new();
        let mut facts = vec![("Name", source.name.clone())];
        if extended {
            facts.extend(self.details(&source));
        }
        parts.push(Part::Facts(facts));
        parts.push(columns(&source));
        if extended {
            let reads = |q: &&LogicalQuery| q.reads(&source.name);
            let writes = |q: &&LogicalQuery| q.sink.name == source.name;
            let kind = kind(&source);
            parts.extend(self.query_part(format!("Queries that read from this {kind}"), reads));
            parts.extend(self.query_part(format!("Queries that write into this {kind}"), writes));
        }
        Ok(parts)
    }

    /// All streams or all tables, as `DESCRIBE ... EXTENDED` has each.
    pub(super) fn describe_all(&self, tables: bool) -> Result<Vec<Part>, Diagnostic> {
        let mut parts = Vec::new();
        for source in self.catalog.sources().into_values().filter(|source| source.is_table == tables) {
            let name = Ident { name: source.name.clone(), quoted: true, span: Default::default() };
            parts.extend(self.describe(&name, true)?);
        }
        Ok(parts)
    }

    fn details(&self, source: &Source) -> Vec<(&'static str, String)> {
        let time = source.timestamp.as_ref().and_then(|t| source.schema.columns().nth(t.column));
        let time = time.map_or_else(|| "Not set - using <ROWTIME>".to_owned(), |c| c.name.clone());
        let count = |n: Option<i32>| n.map_or("as the log has it".to_owned(), |n| n.to_string());
        let (partitions, replicas) = (count(source.partitions), count(source.replicas));
        let text = self.texts.get(&source.name).map_or(String::new(), |text| one_line(text));
        vec![
            ("Type", kind(source).to_owned()),
            ("Timestamp field", time),
            ("Key format", source.key_format.format.name().to_owned()),
            ("Value format", source.value_format.format.name().to_owned()),
            ("Kafka topic", format!("{} (partitions: {partitions}, replication: {replicas})", source.topic)),
            ("Statement", text),
        ]
    }

    fn query_part(&self, title: String, which: impl Fn(&&LogicalQuery) -> bool) -> Option<Part> {
        let row = |q: &LogicalQuery| vec![q.id.clone(), state(q).to_owned(), one_line(&q.sql)];
        let rows: Vec<_> = self.queries.iter().filter(which).map(row).collect();
        let head = vec!["Query ID", "Status", "Query String"];
        (!rows.is_empty()).then_some(Part::Table { title: Some(title), head, rows })
    }

    /// `EXPLAIN query-id`
    pub(super) fn explain(&self, id: &Ident) -> Result<Vec<Part>, Diagnostic> {
        match self.queries.iter().find(|q| q.id.eq_ignore_ascii_case(&id.name)) {
            Some(query) => Ok(explained(query)),
            None => {
                let message = format!("there is no query {}", id.name);
                let ids = self.queries.iter().map(|q| q.id.as_str());
                Err(Diagnostic::error("unknown_query", id.span, message)
                    .did_you_mean(&id.name, ids)
                    .or_hint("SHOW QUERIES lists them"))
            }
        }
    }

    /// `EXPLAIN statement`: bound as it would be, and forgotten.
    pub(super) fn explain_statement(&self, statement: &Statement) -> Result<Vec<Part>, Diagnostic> {
        let mut other = self.clone();
        let before = other.queries.len();
        other.statement(statement)?;
        other.settle_versions();
        match other.queries.get(before..).and_then(<[_]>::first) {
            Some(query) => Ok(explained(query)),
            None => Err(Diagnostic::error("unsupported", statement.span, "EXPLAIN is for queries")
                .hint("EXPLAIN CREATE ... AS SELECT ..., or EXPLAIN and the id of a query")),
        }
    }
}

fn kind(source: &Source) -> &'static str {
    if source.is_table { "TABLE" } else { "STREAM" }
}

/// A type as ksqlDB's DESCRIBE shows it.
pub(super) fn type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::String => "VARCHAR(STRING)".to_owned(),
        DataType::Array(element) => format!("ARRAY<{}>", type_text(element)),
        DataType::Map(key, value) => format!("MAP<{}, {}>", type_text(key), type_text(value)),
        DataType::Struct(fields) => {
            let field = |f: &crate::types::Field| format!("{} {}", f.name, type_text(&f.data_type));
            format!("STRUCT<{}>", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn columns(source: &Source) -> Part {
    let Schema { key, value, headers } = &source.schema;
    let role = if source.is_table { "(primary key)" } else { "(key)" };
    let window = match source.window {
        None => "",
        Some(KeyWindow::Time { .. }) => " (Window type: TIME)",
        Some(KeyWindow::Session) => " (Window type: SESSION)",
    };
    let row = |name: &str, data_type: &DataType, role: &str| {
        vec![name.to_owned(), format!("{:<16} {role}", type_text(data_type)).trim_end().to_owned()]
    };
    let keys = key.iter().map(|c| row(&c.name, &c.data_type, &format!("{role}{window}")));
    let values = value.iter().map(|c| row(&c.name, &c.data_type, ""));
    let headers = headers.iter().map(|HeaderColumn { column, header }| {
        let role = header.as_ref().map_or("(headers)".to_owned(), |name| format!("(header('{name}'))"));
        row(&column.name, &column.data_type, &role)
    });
    Part::table(&["Field", "Type"], keys.chain(values).chain(headers).collect())
}

fn explained(query: &LogicalQuery) -> Vec<Part> {
    let mut facts = vec![
        ("ID", query.id.clone()),
        ("Query Type", "PERSISTENT".to_owned()),
        ("SQL", one_line(&query.sql)),
        ("Status", state(query).to_owned()),
    ];
    if let Some(rule) = &query.rule {
        facts.push(("Rule", format!("{} {}", rule.name, rule.version)));
    }
    let source = |s: &Source| vec![s.name.clone(), kind(s).to_owned(), s.topic.clone()];
    let titled = |title: &str, rows| Part::Table {
        title: Some(title.to_owned()),
        head: vec!["Name", "Type", "Kafka Topic"],
        rows,
    };
    let steps = plan(query).into_iter().map(|[step, what]| vec![step, what]).collect();
    vec![
        Part::Facts(facts),
        columns(&query.sink),
        titled(
            "Sources that this query reads from",
            query.from.sources().into_iter().map(|s| source(s)).collect(),
        ),
        titled("Sinks that this query writes to", vec![source(&query.sink)]),
        Part::Table { title: Some("Execution plan".to_owned()), head: vec!["Step", "What"], rows: steps },
    ]
}

/// The steps of a query, the last one first.
fn plan(query: &LogicalQuery) -> Vec<[String; 2]> {
    let list = |exprs: &[crate::types::expr::Expr]| {
        exprs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut steps = vec![["SINK".to_owned(), format!("the topic {}", query.sink.topic)]];
    let mut step = |name: &str, what: String| steps.push([name.to_owned(), what]);
    match &query.shape {
        Shape::Project { exprs } => step("PROJECT", list(exprs)),
        Shape::Aggregate(g) => {
            step("PROJECT", list(&g.exprs));
            g.having.iter().for_each(|having| step("HAVING", having.to_string()));
            let calls = g.calls.iter().map(|(call, args)| format!("{call} of {}", list(args)));
            step("AGGREGATE", calls.collect::<Vec<_>>().join(", "));
            g.window.iter().for_each(|window| step("WINDOW", format!("{} ms", window_text(Some(window)))));
            step("GROUP BY", list(&g.key));
        }
    }
    let flat: Vec<String> = query.flat.iter().map(ToString::to_string).collect();
    if !flat.is_empty() {
        step("FLAT MAP", flat.join(", "));
    }
    query.filter.iter().for_each(|filter| step("FILTER", filter.to_string()));
    let sources: Vec<&Source> = query.from.sources().into_iter().map(|s| &**s).collect();
    if sources.len() > 1 {
        step("JOIN", sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(" with "));
    }
    let is_stream = !query.from.is_table();
    for source in sources {
        let all =
            if is_stream && source.broadcast { ", broadcast: all of it in every partition" } else { "" };
        step("SOURCE", format!("{} {}{all}", kind(source), source.name));
    }
    steps
}

/// `DESCRIBE FUNCTION name`
pub(super) fn function(name: &Ident) -> Result<Vec<Part>, Diagnostic> {
    let upper = name.name.to_ascii_uppercase();
    let (name, kind, overview, signatures): (&str, &str, String, Vec<String>) =
        if let Some(f) = functions::lookup(&upper) {
            let signatures = f.overloads.iter().map(|o| o.signature(f.name)).collect();
            (f.name, "SCALAR", f.summary.to_owned(), signatures)
        } else if let Some(f) = HigherOrder::lookup(&upper) {
            let signatures = f.signatures().iter().map(ToString::to_string).collect();
            (f.name(), "SCALAR", f.summary().to_owned(), signatures)
        } else if let Some(f) = TableFunction::lookup(&upper) {
            (f.name(), "TABLE", f.summary().to_owned(), vec![format!("{}(ARRAY<T>)", f.name())])
        } else if let Some(doc) = DOCS.iter().find(|doc| doc.name == upper) {
            let signatures = doc.signatures.iter().map(ToString::to_string).collect();
            (doc.name, "AGGREGATE", format!("{} {}", doc.summary, doc.nulls), signatures)
        } else {
            return Err(unknown_function(&Ident { name: upper, ..name.clone() }));
        };
    let facts = vec![("Name", name.to_owned()), ("Type", kind.to_owned()), ("Overview", overview)];
    let rows = signatures.into_iter().map(|signature| vec![signature]).collect();
    Ok(vec![Part::Facts(facts), Part::table(&["Variation"], rows)])
}
