//! SHOW and LIST: what there is at the statement.
//!
//! What holds: names are in order; a topic's partitions and replicas are those that statements say, as no log
//! is asked.

use std::collections::BTreeMap;

use super::Binder;
use crate::plan::logical::LogicalQuery;
use crate::plan::{Mode, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, Span};
use crate::sql::report::Part;
use crate::types::aggregate::DOCS;
use crate::types::expr::HigherOrder;
use crate::types::functions::{self, TableFunction};

/// What SHOW knows, for hints.
const KNOWN: &[&str] =
    &["STREAMS", "TABLES", "TOPICS", "QUERIES", "FUNCTIONS", "TYPES", "PROPERTIES", "VARIABLES"];

impl Binder {
    /// `SHOW what [EXTENDED]`, or `SHOW ALL TOPICS`.
    pub(super) fn show(&self, what: &[Ident], span: Span) -> Result<Vec<Part>, Diagnostic> {
        let words: Vec<&str> = what.iter().map(|word| word.name.as_str()).collect();
        let (plain, extended) = match words.as_slice() {
            [plain @ .., "EXTENDED"] => (plain, true),
            plain => (plain, false),
        };
        Ok(match plain {
            ["STREAMS"] if extended => return self.describe_all(false),
            ["TABLES"] if extended => return self.describe_all(true),
            ["STREAMS"] => vec![self.sources(false)],
            ["TABLES"] => vec![self.sources(true)],
            ["TOPICS"] | ["ALL", "TOPICS"] => vec![self.topics()],
            ["QUERIES"] => vec![query_list(&self.queries)],
            ["FUNCTIONS"] => vec![function_list()],
            ["TYPES"] => vec![self.types()],
            ["PROPERTIES"] => vec![self.properties()],
            ["FUNCTION", _] => return super::describe::function(&what[1]),
            ["VARIABLES"] => vec![self.variables()],
            ["CONNECTORS" | "CONNECTOR", ..] | ["SOURCE" | "SINK", "CONNECTORS"] => {
                return Err(Diagnostic::error("unsupported", span, "connectors are not supported")
                    .hint("run Kafka Connect beside this program where it is needed"));
            }
            _ => {
                let at = what.first().map_or(span, |word| word.span);
                let message = format!("there is no list of {}", words.join(" "));
                return Err(Diagnostic::error("syntax", at, message)
                    .did_you_mean(words.first().unwrap_or(&""), KNOWN.iter().copied())
                    .or_hint(format!("SHOW is followed by one of {}", KNOWN.join(", "))));
            }
        })
    }

    fn sources(&self, tables: bool) -> Part {
        let of_kind = self.catalog.sources().into_values().filter(|source| source.is_table == tables);
        let row = |source: std::sync::Arc<Source>| {
            vec![
                source.name.clone(),
                source.topic.clone(),
                source.key_format.format.name().to_owned(),
                source.value_format.format.name().to_owned(),
                source.window.is_some().to_string(),
            ]
        };
        let name = if tables { "Table Name" } else { "Stream Name" };
        let head = [name, "Kafka Topic", "Key Format", "Value Format", "Windowed"];
        Part::table(&head, of_kind.map(row).collect())
    }

    fn topics(&self) -> Part {
        let mut topics: BTreeMap<String, [Option<i32>; 2]> = BTreeMap::new();
        for source in self.catalog.sources().into_values() {
            let [partitions, replicas] = topics.entry(source.topic.clone()).or_default();
            *partitions = partitions.or(source.partitions);
            *replicas = replicas.or(source.replicas);
        }
        let row = |(name, counts): (String, [Option<i32>; 2])| {
            let counts = counts.map(|count| count.map_or(String::new(), |count| count.to_string()));
            std::iter::once(name).chain(counts).collect()
        };
        let head = ["Kafka Topic", "Partitions", "Partition Replicas"];
        Part::table(&head, topics.into_iter().map(row).collect())
    }

    fn types(&self) -> Part {
        let rows = self.env.types.iter().map(|(name, t)| vec![name.clone(), super::describe::type_text(t)]);
        Part::table(&["Type Name", "Schema"], rows.collect())
    }

    fn properties(&self) -> Part {
        let row = |(name, given, value): (String, Option<String>, String)| {
            vec![name, given.map_or(String::new(), |_| "SET".to_owned()), value]
        };
        let head = ["Property", "Default override", "Effective Value"];
        Part::table(&head, self.settings.list().into_iter().map(row).collect())
    }

    fn variables(&self) -> Part {
        let rows = self.variables.values().map(|(name, value)| vec![name.clone(), value.clone()]);
        Part::table(&["Variable Name", "Value"], rows.collect())
    }
}

/// What a rule's mode says of its query.
pub(super) fn state(query: &LogicalQuery) -> &'static str {
    match query.rule.as_ref().map(|rule| rule.mode) {
        Some(Mode::Off) => "OFF",
        Some(Mode::Shadow) => "SHADOW",
        _ => "RUNNING",
    }
}

fn query_list(queries: &[LogicalQuery]) -> Part {
    let row = |query: &LogicalQuery| {
        vec![
            query.id.clone(),
            "PERSISTENT".to_owned(),
            state(query).to_owned(),
            query.sink.name.clone(),
            query.sink.topic.clone(),
            one_line(&query.sql),
        ]
    };
    let head = ["Query ID", "Query Type", "Status", "Sink Name", "Sink Kafka Topic", "Query String"];
    Part::table(&head, queries.iter().map(row).collect())
}

/// A statement without its line breaks.
pub(super) fn one_line(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn function_list() -> Part {
    let mut rows: Vec<[&str; 2]> = Vec::new();
    for (family, functions) in functions::families() {
        for function in functions {
            rows.push([function.name, family]);
            rows.extend(function.aliases.iter().map(|alias| [*alias, family]));
        }
    }
    rows.extend(HigherOrder::ALL.into_iter().map(|f| [f.name(), "Lambdas"]));
    rows.extend(TableFunction::ALL.into_iter().map(|f| [f.name(), "Table functions"]));
    rows.extend(DOCS.iter().map(|doc| [doc.name, "Aggregates"]));
    rows.sort_unstable();
    let rows = rows.into_iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    Part::table(&["Function Name", "Category"], rows)
}
