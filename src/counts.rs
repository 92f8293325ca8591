//! What became of the records, per query, on stderr at the end: stdout may be the output.

use clap::ValueEnum;
use engine::task::QueryCounters;
use serde_json::json;

use crate::output;

/// How the counts per query are written.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub(crate) enum Counts {
    /// A line per query.
    Table,
    /// One object on one line.
    Json,
    /// Not at all.
    Off,
}

/// The counts of a query by name, in the order in which they are shown.
fn named(counters: &QueryCounters) -> [(&'static str, u64); 10] {
    [
        ("input", counters.input),
        ("filtered", counters.filtered),
        ("skipped", counters.skipped),
        ("unmatched", counters.unmatched),
        ("late", counters.late),
        ("contributed", counters.contributed),
        ("dead_lettered", counters.dead_lettered),
        ("emitted", counters.emitted),
        ("suppressed", counters.suppressed),
        ("errors", counters.errors),
    ]
}

/// A line per query below a heading.
pub(crate) fn table<'q>(queries: impl Iterator<Item = (&'q str, &'q QueryCounters)>) -> String {
    let names = named(&QueryCounters::default()).map(|(name, _)| name.to_uppercase());
    let head = std::iter::once("QUERY".to_owned()).chain(names).collect();
    let rows = queries.map(|(query, counters)| {
        let counts = named(counters).map(|(_, count)| count.to_string());
        std::iter::once(query.to_owned()).chain(counts).collect()
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

/// The counts of all, and of each query.
pub(crate) fn as_json<'q>(
    totals: &[(&str, u64)],
    queries: impl Iterator<Item = (&'q str, &'q QueryCounters)>,
) -> serde_json::Value {
    let queries = queries.map(|(query, counters)| {
        let counts = named(counters).map(|(name, count)| (name.to_owned(), json!(count)));
        let all = std::iter::once(("query".to_owned(), json!(query))).chain(counts);
        serde_json::Value::Object(all.collect())
    });
    let queries = json!(queries.collect::<Vec<_>>());
    let all = totals.iter().map(|(name, count)| ((*name).to_owned(), json!(count)));
    serde_json::Value::Object(all.chain([("queries".to_owned(), queries)]).collect())
}
