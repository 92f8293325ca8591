//! UUID(), RANDOM() and UNIX_TIMESTAMP(): what the record says, instead of chance and clock.
//!
//! Enters: a call without arguments. Leaves: one with hidden arguments, the position of the row's record and
//! the call's place among those of its query; for UNIX_TIMESTAMP the row's time. What holds: two calls, two
//! queries and two rows have arguments that differ, and layout, file and alias change none of them.

use std::cell::Cell;
use std::rc::Rc;

use super::Target;
use super::from::Part;
use super::scope::Scope;
use crate::plan::Pseudo;
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, Query, SelectItem, Span};
use crate::types::expr::{Expr, Node};
use crate::types::{DataType, Value};

/// Numbers the calls of a query that need a place; clones count on together.
#[derive(Clone, Default)]
pub(super) struct Sites {
    seed: String,
    next: Rc<Cell<u32>>,
}

impl Sites {
    /// Of the query or record that this text stands for.
    pub(super) fn new(seed: String) -> Self {
        Self { seed, next: Rc::default() }
    }

    /// Of a query: what it writes to, and for one of several that write there also what it reads and selects.
    pub(super) fn of_query(target: &Target<'_>, query: &Query) -> Self {
        let mut seed = target.name.name.clone();
        if target.insert {
            let sources =
                std::iter::once(&query.from.first.name).chain(query.from.joins.iter().map(|j| &j.right.name));
            seed.extend(sources.map(|name| format!(" {name}")));
            seed.extend(query.items.iter().map(|item| match item {
                SelectItem::Expr { expr, .. } | SelectItem::StructAll { expr, .. } => format!(", {expr}"),
                SelectItem::All { .. } => ", *".into(),
            }));
            seed.extend(query.filter.iter().map(|filter| format!(" WHERE {filter}")));
        }
        Self::new(seed)
    }

    /// The next call's place, a constant.
    pub(super) fn next(&self) -> Expr {
        let number = self.next.get();
        self.next.set(number + 1);
        Expr::literal(Value::string(format!("{} {number}", self.seed)), Some(DataType::String))
    }
}

/// A call without arguments whose value the record decides; None where the name is of no such function.
pub(super) fn call(scope: &mut dyn Scope, name: &Ident, span: Span) -> Option<Result<Expr, Diagnostic>> {
    match name.name.as_str() {
        "UNIX_TIMESTAMP" => Some(scope.time(name)),
        "UUID" | "RANDOM" => Some(derived(scope, name, span)),
        _ => None,
    }
}

fn derived(scope: &mut dyn Scope, name: &Ident, span: Span) -> Result<Expr, Diagnostic> {
    let mut call = super::call::apply(name, Vec::new(), span)?;
    if let Node::Call { args, .. } = &mut call.node {
        *args = scope.position(span)?;
    }
    Ok(call)
}

/// Where the records of a row come from.
pub(super) fn of_parts(parts: &[Part]) -> impl Iterator<Item = Expr> {
    parts.iter().flat_map(|part| [Pseudo::Rowpartition, Pseudo::Rowoffset].map(|pseudo| part.pseudo(pseudo)))
}

/// The time of a row: of a stream joined with tables the stream's, else the latest.
pub(super) fn time_of_parts(parts: &[Part], call: &Ident) -> Result<Expr, Diagnostic> {
    let streams = parts.iter().any(|part| !part.source.is_table);
    let deciding = parts.iter().filter(|part| !streams || !part.source.is_table);
    let times: Vec<Expr> = deciding.map(|part| part.pseudo(Pseudo::Rowtime)).collect();
    match <[Expr; 1]>::try_from(times) {
        Ok([time]) => Ok(time),
        Err(times) => {
            super::call::apply(&Ident { name: "GREATEST".into(), ..call.clone() }, times, call.span)
        }
    }
}
