//! CREATE OR REPLACE: what a replacement may change.
//!
//! What holds, as in ksqlDB: a stream stays a stream and a table a table, topic, time and key stay, columns
//! of the value stay where they are; new ones come behind them. So whoever reads the topic goes on.

use crate::plan::Source;
use crate::sql::Diagnostic;
use crate::sql::ast::Span;
use crate::sql::catalog::Entry;
use crate::types::Column;

/// Refuses a replacement that whoever reads the source would not survive.
pub(super) fn check(old: &Entry, new: &Source, at: Span) -> Result<(), Diagnostic> {
    let Some(problem) = problem(&old.source, new) else { return Ok(()) };
    Err(Diagnostic::error("replace", at, format!("{} cannot be replaced: {problem}", new.name))
        .note(old.declared, "what is replaced")
        .hint("a replacement may add columns at the end of the value, or change what is computed"))
}

fn problem(old: &Source, new: &Source) -> Option<String> {
    let kind = |s: &Source| if s.is_table { "table" } else { "stream" };
    if old.is_table != new.is_table {
        return Some(format!("it is a {}, not a {}", kind(old), kind(new)));
    }
    if old.topic != new.topic {
        return Some(format!("its topic is {}, not {}", old.topic, new.topic));
    }
    if old.time_text() != new.time_text() {
        return Some("its TIMESTAMP differs".into());
    }
    if old.schema.headers != new.schema.headers {
        return Some("its columns of headers differ".into());
    }
    if old.schema.key != new.schema.key || old.window != new.window {
        return Some("its key differs".into());
    }
    let changed = |(i, column): &(usize, &Column)| new.schema.value.get(*i) != Some(*column);
    let changed = old.schema.value.iter().enumerate().find(changed);
    changed.map(|(_, column)| format!("the column {} is missing, changed or moved", column.name))
}
