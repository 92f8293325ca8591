//! SELECT: from syntax to a logical query.

use super::expr::{bind, condition};
use super::flat::{self, FlatScope};
use super::formats::{contains_map, map_key};
use super::from::{BoundFrom, Part};
use super::grouping::{self, GroupScope};
use super::items::{Item, expand};
use super::position::Sites;
use super::scope::{Scope, find_aggregate};
use super::{Binder, Target};
use crate::plan::logical::{Grouping, Shape};
use crate::plan::{Emit, From, KeyWindow, Pseudo, WindowKind};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, Ident, Query, SelectItem, SourceKind, Span};
use crate::types::expr::{Expr, Node};
use crate::types::functions::TableCall;
use crate::types::{Column, Schema};

/// A bound SELECT, before its sink is settled.
pub(super) struct Selected {
    /// What it reads.
    pub(super) from: From,
    /// WHERE.
    pub(super) filter: Option<Expr>,
    /// Table functions.
    pub(super) flat: Vec<TableCall>,
    /// What it does.
    pub(super) shape: Shape,
    /// The columns of the result.
    pub(super) schema: Schema,
    /// Where they are written, in their order.
    pub(super) places: Vec<Span>,
    /// How the result's key is windowed.
    pub(super) window: Option<KeyWindow>,
    /// What may not be as meant.
    pub(super) warning: Option<Diagnostic>,
}

impl Binder {
    /// Binds a SELECT whose result is a stream or a table.
    pub(super) fn select(
        &self,
        query: &Query,
        target: &Target<'_>,
        emit: Emit,
    ) -> Result<Selected, Diagnostic> {
        if let Some(span) = query.limit {
            return Err(Diagnostic::error(
                "syntax",
                span,
                "LIMIT belongs to a query that ends, a rule runs on",
            )
            .hint("leave it out"));
        }
        let mut bound = self.bind_from(&query.from)?;
        bound.sites = Sites::of_query(target, query);
        refuse_windowed_table(&bound)?;
        let mut scope = bound.clone();
        let filter = filter(query, &mut scope);
        let (filter, selected) = Diagnostic::both(filter, rows(query, target, emit, bound, scope))?;
        Ok(Selected { filter, ..selected })
    }

    /// The source of this name.
    pub(super) fn source(&self, name: &Ident) -> Result<&crate::sql::catalog::Entry, Diagnostic> {
        self.catalog.get(&name.name).ok_or_else(|| {
            let message = format!("there is no stream or table {}", name.name);
            let other_case = self.catalog.names().find(|known| known.eq_ignore_ascii_case(&name.name));
            let hint = match other_case.or_else(|| crate::sql::nearest(&name.name, self.catalog.names())) {
                Some(other) if other.eq_ignore_ascii_case(&name.name) => {
                    format!("a name without quotes is in upper case: write `{other}` in back-quotes")
                }
                Some(near) => format!("did you mean {near}?"),
                None => "declare it by CREATE STREAM or CREATE TABLE, above this statement or in a file whose name sorts before this one's".into(),
            };
            Diagnostic::error("unknown_source", name.span, message).label("not declared").hint(hint)
        })
    }
}

/// As in ksqlDB: how long a windowed table keeps its windows is known to the query alone that makes it.
fn refuse_windowed_table(bound: &BoundFrom) -> Result<(), Diagnostic> {
    let windowed = |part: &&Part| part.source.is_table && part.source.window.is_some();
    let Some(part) = bound.parts.iter().find(windowed) else { return Ok(()) };
    let message = format!("{} is a windowed table, which no other query can read", part.source.name);
    Err(Diagnostic::error("windowed_table", part.alias.span, message)
        .label("its rows come and go with their windows")
        .hint(format!(
            "declare its changes as a stream: CREATE STREAM ... WITH (KAFKA_TOPIC='{}', WINDOW_TYPE=..., ...)",
            part.source.topic
        )))
}

/// WHERE.
fn filter(query: &Query, scope: &mut dyn Scope) -> Result<Option<Expr>, Diagnostic> {
    let Some(filter) = &query.filter else { return Ok(None) };
    refuse_aggregate(filter, "WHERE", "HAVING filters by an aggregate")?;
    condition(scope, filter).map(Some).map_err(|refused| names_of_select(refused, query))
}

/// The SELECT list and the key of what it gives.
fn rows(
    query: &Query,
    target: &Target<'_>,
    emit: Emit,
    bound: BoundFrom,
    mut scope: BoundFrom,
) -> Result<Selected, Diagnostic> {
    let grouped = !query.group_by.is_empty();
    let items = bound.items(&query.items, !query.partition_by.is_empty())?;
    let items = expand(&items, &bound, &query.partition_by, &mut scope)?;
    let flattened = items.iter().find_map(|item| flat::find(&item.expr));
    let flattens = flattened.is_some();
    if let Some(name) = flattened.filter(|_| grouped || bound.from.is_table()) {
        return Err(flat::misplaced_by_query(name, grouped));
    }
    if grouped {
        return grouping::select(query, target, emit, items_of(items), &bound);
    }
    check_ungrouped(query, &items, target, &bound)?;
    let is_table = bound.from.is_table();
    if is_table != (target.kind == SourceKind::Table) {
        return Err(wrong_kind(target, is_table));
    }
    if is_table && !query.partition_by.is_empty() {
        return Err(Diagnostic::error(
            "partition_by",
            query.partition_by[0].span,
            "PARTITION BY is for streams",
        )
        .hint("a table is regrouped by GROUP BY"));
    }
    let partition_by = partition_by(query, &bound, &mut scope);
    let mut flat = FlatScope::new(&mut scope, bound.from.width(), flattens);
    let items = items.into_iter().map(|item| Ok((item.name, bind(&mut flat, &item.expr)?, item.span)));
    let (partition_by, mut items) = Diagnostic::both(partition_by, Diagnostic::all(items))?;
    let flat = flat.into_calls();
    let key = match partition_by {
        Some(key) => key,
        None => {
            bound.take_key(&mut items, target.name.span)?;
            bound.key()
        }
    };
    let (schema, exprs, places) = split(items, &key, target, false)?;
    let from = bound.from;
    let window = from.window();
    let shape = Shape::Project { exprs };
    Ok(Selected { from, filter: None, flat, shape, schema, places, window, warning: None })
}

/// PARTITION BY's expressions, none of NULL, which makes a stream without a key. None where there is no such
/// clause.
fn partition_by(
    query: &Query,
    from: &BoundFrom,
    scope: &mut dyn Scope,
) -> Result<Option<Vec<Expr>>, Diagnostic> {
    let written = &query.partition_by;
    let Some(first) = written.first() else { return Ok(None) };
    let key = |expr: &AstExpr| {
        let bound = bind(scope, expr).map_err(|refused| names_of_select(refused, query))?;
        match &bound.data_type {
            None if written.len() > 1 => {
                let message = "PARTITION BY takes NULL alone: it makes a stream without a key";
                Err(Diagnostic::error("partition_by", expr.span, message)
                    .hint("leave out NULL, or the others"))
            }
            Some(t) if contains_map(t) => Err(map_key("partition_by", expr.span)),
            None => Ok(None),
            Some(_) => Ok(Some(bound)),
        }
    };
    let key: Vec<Expr> = Diagnostic::all(written.iter().map(key))?.into_iter().flatten().collect();
    if from.is_windowed() && !same_key(&key, &from.key()) {
        let message = format!("{} has a windowed key, which cannot be exchanged", from.parts[0].source.name);
        return Err(Diagnostic::error("partition_by", first.span, message)
            .hint("aggregate by the other key instead, or leave PARTITION BY out"));
    }
    Ok(Some(key))
}

/// What a SELECT names is not known to the clauses that make its rows.
pub(super) fn names_of_select(refused: Diagnostic, query: &Query) -> Diagnostic {
    refused.map_each(&mut |refused| name_of_select(refused, query))
}

fn name_of_select(refused: Diagnostic, query: &Query) -> Diagnostic {
    let named = query.items.iter().find_map(|item| match item {
        SelectItem::Expr { expr, alias: Some(alias) }
            if refused.code == "unknown_column" && refused.message.ends_with(&format!(" {}", alias.name)) =>
        {
            Some((expr, alias))
        }
        _ => None,
    });
    let Some((expr, alias)) = named else { return refused };
    refused
        .note(alias.span, "named here")
        .hint(format!("the names that the SELECT gives are not known in this clause: write {expr} here too"))
}

fn same_key(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_string() == b.to_string())
}

fn items_of(items: Vec<Item>) -> Vec<(String, AstExpr, Span)> {
    items.into_iter().map(|i| (i.name, i.expr, i.span)).collect()
}

fn refuse_aggregate(expr: &AstExpr, clause: &str, hint: &str) -> Result<(), Diagnostic> {
    match find_aggregate(expr) {
        Some(name) => Err(Diagnostic::error(
            "misplaced_aggregate",
            name.span,
            format!("{clause} does not take the aggregate function {}", name.name),
        )
        .hint(hint)),
        None => Ok(()),
    }
}

/// What only a grouped query may have.
fn check_ungrouped(
    query: &Query,
    items: &[Item],
    target: &Target<'_>,
    bound: &BoundFrom,
) -> Result<(), Diagnostic> {
    if let Some(name) = items.iter().find_map(|i| find_aggregate(&i.expr)) {
        let message = format!("{} is an aggregate function: GROUP BY is missing", name.name);
        let key = bound.names().next().unwrap_or("column");
        return Err(Diagnostic::error("group_by", name.span, message).hint(format!(
            "such as GROUP BY {key}; GROUP BY 1 makes one group of all, the constant is selected too"
        )));
    }
    if let Some(window) = &query.window {
        return Err(Diagnostic::error("group_by", window.span, "WINDOW needs a GROUP BY"));
    }
    if let Some(having) = &query.having {
        return Err(
            Diagnostic::error("group_by", having.span, "HAVING needs a GROUP BY").hint("WHERE filters rows")
        );
    }
    if query.emit.is_some_and(|e| e.is_final) {
        return Err(Diagnostic::error(
            "emit",
            query.emit.map_or(query.span, |e| e.span),
            "EMIT FINAL needs a windowed aggregation",
        )
        .hint("leave it out, or aggregate: WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY ..."));
    }
    if let Some(span) = target.emit_first {
        return Err(Diagnostic::error(
            "directive",
            span,
            "emit: first needs a WINDOW, once per which it emits",
        ));
    }
    Ok(())
}

/// CREATE STREAM of a table's query, or the other way round.
pub(super) fn wrong_kind(target: &Target<'_>, is_table: bool) -> Diagnostic {
    let (result, statement) = if is_table { ("table", "CREATE TABLE") } else { ("stream", "CREATE STREAM") };
    let message = format!("the query's result is a {result}, so it cannot be {}", target.describe());
    let hint = match (is_table, target.insert) {
        (true, true) => "INSERT INTO takes a stream's query; several queries may write to one topic by CREATE TABLE ... WITH (KAFKA_TOPIC='...')".into(),
        _ => format!("use {statement} {} AS SELECT ...", target.name.name),
    };
    Diagnostic::error("result_type", target.name.span, message).hint(hint)
}

/// No name stands twice, and none is a pseudo column's unless it is the key's.
fn check_names(items: &[(String, Expr, Span)], keys: &[String]) -> Result<(), Diagnostic> {
    for (i, (name, expr, span)) in items.iter().enumerate() {
        if let Some((_, _, first)) = items[..i].iter().find(|(other, ..)| other == name) {
            return Err(Diagnostic::error(
                "duplicate_column",
                *span,
                format!("two columns are called {name}"),
            )
            .note(*first, "first here")
            .hint("name one of them by AS"));
        }
        // A key may be called so: PARTITION BY ROWTIME.
        if Pseudo::ALL.iter().any(|p| p.name() == name) && !keys.contains(&expr.to_string()) {
            let message = format!("{name} is a pseudo column, which the result has by itself");
            return Err(Diagnostic::error("duplicate_column", *span, message)
                .hint(format!("give the column another name: ... AS {name}_VALUE")));
        }
    }
    Ok(())
}

/// Divides the items into key and value columns: an item that is a key expression is the key's column under
/// its name. Returns the sink's schema, the expressions in its order and where they are written.
pub(super) fn split(
    items: Vec<(String, Expr, Span)>,
    key: &[Expr],
    target: &Target<'_>,
    grouped: bool,
) -> Result<(Schema, Vec<Expr>, Vec<Span>), Diagnostic> {
    let texts: Vec<String> = key.iter().map(ToString::to_string).collect();
    check_names(&items, &texts)?;
    let mut keys: Vec<Option<(String, Expr, Span)>> = vec![None; key.len()];
    let mut values = Vec::new();
    for (name, expr, span) in items {
        let text = expr.to_string();
        match texts.iter().position(|t| *t == text) {
            Some(at) => {
                if let Some((first, _, first_span)) = &keys[at] {
                    let message = format!("the key is selected twice, as {first} and as {name}");
                    return Err(Diagnostic::error("key", span, message)
                        .note(*first_span, "first here")
                        .hint(format!("AS_VALUE({first}) AS {name} copies it into the value")));
                }
                keys[at] = Some((name, expr, span));
            }
            None => values.push((name, expr, span)),
        }
    }
    let missing: Vec<_> =
        keys.iter().zip(&texts).filter(|(k, _)| k.is_none()).map(|(_, t)| t.replace('`', "")).collect();
    if !missing.is_empty() {
        let what = if grouped { "grouping expression" } else { "key column" };
        let what = format!("{what}{}", if missing.len() > 1 { "s" } else { "" });
        let message = format!("the SELECT of {} lacks the {what} {}", target.name.name, missing.join(", "));
        return Err(Diagnostic::error("key", target.name.span, message)
            .hint(format!("SELECT {}, ...", missing.join(", "))));
    }
    if values.is_empty() {
        return Err(Diagnostic::error("schema", target.name.span, "the SELECT has no value columns")
            .hint("AS_VALUE(column) copies a key column into the value"));
    }
    let mut schema = Schema::default();
    let (mut exprs, mut places) = (Vec::new(), Vec::new());
    for (part, list) in [(&mut schema.key, keys.into_iter().flatten().collect()), (&mut schema.value, values)]
    {
        for (name, expr, span) in list {
            let Some(data_type) = expr.data_type.clone() else {
                return Err(Diagnostic::error(
                    "type_mismatch",
                    span,
                    format!("the type of {name} is not known: it is NULL"),
                )
                .hint("CAST(NULL AS VARCHAR) gives it one"));
            };
            part.push(Column::new(name, data_type));
            exprs.push(expr);
            places.push(span);
        }
    }
    Ok((schema, exprs, places))
}

/// How the key of a grouped query's result is windowed.
pub(super) fn sink_window(grouping: &Grouping) -> Option<KeyWindow> {
    grouping.window.map(|w| match w.kind {
        WindowKind::Tumbling { size } | WindowKind::Hopping { size, .. } => KeyWindow::Time { size },
        WindowKind::Session { .. } => KeyWindow::Session,
    })
}

impl GroupScope<'_> {
    /// A column of the aggregate's row.
    pub(super) fn is_key(&self, expr: &Expr) -> bool {
        matches!(expr.node, Node::Column { index, .. } if index < self.keys())
    }
}
