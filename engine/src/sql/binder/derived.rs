//! Joins with tables that other queries of the program derive.
//!
//! What holds: a program that loads has no join whose result depends on a race. A join either sees such a table as
//! it was before the record ([`Derived`]), or says by `--@async: true` that the order does not matter.

use super::directives::Directives;
use super::{Binder, Purpose};
use crate::plan::logical::{LogicalQuery, Shape};
use crate::plan::{Derived, From, Join, Source, derives};
use crate::sql::ast::{self, Span};
use crate::sql::{Diagnostic, Severity};

impl Binder {
    /// Refuses what depends on a race, and the directive where there is none. `written` is the query's FROM.
    pub(super) fn check_derived(
        &mut self,
        query: &LogicalQuery,
        directives: &Directives,
        written: &ast::From,
    ) -> Result<(), Diagnostic> {
        let mut tables = Vec::new();
        if matches!(query.from, From::Join(_)) {
            self.derived_tables(query, &query.from, &mut tables);
        }
        if let (Some((_, span)), true) = (directives.is_async, tables.is_empty()) {
            let message = "the directive async is for a join with a table that another query derives";
            return Err(Diagnostic::error("directive", span, message)
                .hint("without one there is no order that could matter: leave the directive out"));
        }
        if let Some(table) = tables.iter().find(|table| table.source.broadcast) {
            return Err(self.broadcast_of_derived(table, written));
        }
        let is_async = directives.is_async.is_some_and(|(is_async, _)| is_async);
        let raced = tables.iter().find(|table| !table.is_in_place);
        let Some(table) = raced.filter(|_| !is_async && self.options.derived == Derived::BeforeRecord) else {
            return Ok(());
        };
        let refused = self.raced(query, table, written);
        if self.options.purpose != Purpose::Replay {
            return Err(refused);
        }
        // Offline there is an order: what a record derives comes before the next record.
        let mut warning = refused;
        warning.severity = Severity::Warning;
        warning.message = format!("an engine refuses this join: {}", warning.message).into();
        self.warnings.push(warning);
        Ok(())
    }

    /// The tables of a FROM that other queries derive, left to right.
    fn derived_tables<'q>(&self, query: &LogicalQuery, from: &'q From, tables: &mut Vec<Table<'q>>) {
        let (source, is_in_place) = match from {
            From::Source(source) => (source, false),
            From::Join(join) => {
                self.derived_tables(query, &join.left, tables);
                (&join.right, self.is_in_place(query, join))
            }
        };
        if source.is_table && self.queries.iter().any(|other| other.sink.topic == source.topic) {
            tables.push(Table { source, is_in_place, place: from.sources().len() - 1 });
        }
    }

    fn is_in_place(&self, query: &LogicalQuery, join: &Join) -> bool {
        self.options.derived.deriving(query, join, &self.queries).is_some()
    }

    fn broadcast_of_derived(&self, table: &Table<'_>, written: &ast::From) -> Diagnostic {
        let Table { source, place, .. } = *table;
        let message = format!("{} is broadcast, but another query writes to its topic", source.name);
        let writer = self.queries.iter().find(|other| other.sink.topic == source.topic);
        let label = format!("{} writes to {}", writer.map_or("it", |writer| &writer.id), source.topic);
        Diagnostic::error("derived_table", span_of(written, place), message).label(label).hint(
            "a broadcast table is a small one that comes from outside: leave out --@broadcast in its declaration",
        )
    }

    fn raced(&self, query: &LogicalQuery, table: &Table<'_>, written: &ast::From) -> Diagnostic {
        let Table { source, place, .. } = *table;
        let message = format!(
            "{} is derived by another query, so how up to date this join finds it would depend on a race",
            source.name
        );
        let diagnostic = Diagnostic::error("derived_table", span_of(written, place), message);
        let diagnostic = match self.queries.iter().find(|other| derives(other, source)) {
            Some(other) => diagnostic.label(derivation(other)),
            None => diagnostic.label(format!("another query writes to its topic {}", source.topic)),
        };
        let stream = query.from.first();
        let is_async = "--@async: true before the statement says that the order does not matter";
        if stream.is_table {
            return diagnostic.hint(is_async);
        }
        diagnostic.hint(format!(
            "made FROM {} with GROUP BY the column that is joined, without a window, it would be seen as it was \
             before the record (its ROWPARTITION and ROWOFFSET apart); or {is_async}",
            stream.name
        ))
    }
}

/// A table that another query derives.
struct Table<'q> {
    source: &'q Source,
    is_in_place: bool,
    /// Which of the sources it is.
    place: usize,
}

fn span_of(from: &ast::From, place: usize) -> Span {
    let join = place.checked_sub(1).and_then(|at| from.joins.get(at));
    join.map_or(&from.first, |join| &join.right).name.span
}

/// What a query derives its table from.
fn derivation(query: &LogicalQuery) -> String {
    let sources: Vec<_> = query.from.sources().iter().map(|source| source.name.clone()).collect();
    let sources = sources.join(", ");
    match &query.shape {
        Shape::Aggregate(grouping) => {
            let key: Vec<_> = grouping.key.iter().map(|key| key.to_string().replace('`', "")).collect();
            format!("made of {sources} by {}", key.join(", "))
        }
        Shape::Project { .. } => format!("made of {sources}"),
    }
}
