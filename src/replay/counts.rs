//! The counts of a replay, on stderr: stdout may be the output.

use clap::ValueEnum;
use engine::replay::ReplaySummary;
use serde_json::json;

use crate::output;

/// How the counts per query are written.
#[derive(ValueEnum, Debug, Clone, Copy)]
pub(super) enum Counts {
    /// A line per query.
    Table,
    /// One object on one line.
    Json,
    /// Not at all.
    Off,
}

/// Writes the counts per query.
pub(super) fn report(summary: &ReplaySummary, counts: Counts) {
    match counts {
        Counts::Off => {}
        Counts::Json => eprintln!("{}", as_json(summary)),
        Counts::Table => {
            eprint!("{}", table(summary));
            eprintln!("{} records read, {} written", summary.read, summary.written);
            if summary.unread > 0 {
                eprintln!("{} of them are of topics that no query reads", summary.unread);
            }
        }
    }
}

/// The counts of a query by name, in the order in which they are shown.
fn named(counters: &engine::task::QueryCounters) -> [(&'static str, u64); 10] {
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

fn table(summary: &ReplaySummary) -> String {
    let names = named(&engine::task::QueryCounters::default()).map(|(name, _)| name.to_uppercase());
    let head = std::iter::once("QUERY".to_owned()).chain(names).collect();
    let rows = summary.queries.iter().map(|(query, counters)| {
        let counts = named(counters).map(|(_, count)| count.to_string());
        std::iter::once(query.clone()).chain(counts).collect()
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn as_json(summary: &ReplaySummary) -> serde_json::Value {
    let queries = summary.queries.iter().map(|(query, counters)| {
        let counts = named(counters).map(|(name, count)| (name.to_owned(), json!(count)));
        let all = std::iter::once(("query".to_owned(), json!(query))).chain(counts);
        serde_json::Value::Object(all.collect())
    });
    json!({
        "read": summary.read,
        "unread": summary.unread,
        "written": summary.written,
        "queries": queries.collect::<Vec<_>>(),
    })
}
