//! GROUP BY: which parts of an expression are keys, which are aggregates, and what is left over.

use super::Target;
use super::env::Env;
use super::expr::{bind, bind_all, coerce, condition};
use super::formats::{contains_map, map_key};
use super::from::BoundFrom;
use super::query::{Selected, names_of_select, sink_window, split, wrong_kind};
use super::scope::{Scope, find_aggregate};
use super::window::{window_plan, without_grace};
use crate::format::Format;
use crate::plan::logical::{Grouping, Shape};
use crate::plan::{Emit, Pseudo, WindowPlan};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, Query, SourceKind, Span};
use crate::types::aggregate::{Aggregate, DOCS, is_aggregate};
use crate::types::expr::{Expr, Node};
use crate::types::{DataType, Value};

/// Binds over the aggregate's row: keys, then calls, then ROWTIME, WINDOWSTART and WINDOWEND.
///
/// While calls are still being collected the pseudo columns stand at [`PSEUDO`]; [`GroupScope::settle`]
/// moves them behind the last call.
pub(super) struct GroupScope<'a> {
    input: BoundFrom,
    key: &'a [Expr],
    texts: Vec<String>,
    calls: Vec<(Aggregate, Vec<Expr>)>,
    call_texts: Vec<String>,
    /// Whether the query has asked for one of them itself.
    aggregates: bool,
    windowed: bool,
    /// The clause that is being bound: WINDOWSTART and WINDOWEND are for SELECT alone.
    in_select: bool,
}

/// Where pseudo columns stand until the number of calls is known.
const PSEUDO: usize = 1 << 20;

impl GroupScope<'_> {
    /// How many key columns there are.
    pub(super) fn keys(&self) -> usize {
        self.key.len()
    }

    fn call(&mut self, name: &Ident, args: &[AstExpr], span: Span) -> Result<Expr, Diagnostic> {
        if let Some(inner) = args.iter().find_map(find_aggregate) {
            let message = format!("aggregate functions cannot be nested: {} in {}", inner.name, name.name);
            return Err(Diagnostic::error("misplaced_aggregate", inner.span, message)
                .hint("let a second query aggregate what this one gives"));
        }
        let mut bound = bind_all(&mut self.input, args)?;
        let Some(types) = bound.iter().map(|a| a.data_type.clone()).collect::<Option<Vec<_>>>() else {
            let message = format!("{} cannot be applied: its argument is NULL, which has no type", name.name);
            return Err(
                Diagnostic::error("type_mismatch", span, message).hint("CAST(NULL AS INT) gives it one")
            );
        };
        let literals: Vec<_> = bound.iter().map(|a| a.as_literal().cloned()).collect();
        // COUNT(1) counts rows, as COUNT(*) does.
        if name.name == "COUNT" && literals.iter().all(|l| l.as_ref().is_some_and(|v| !v.is_null())) {
            bound.clear();
        }
        let aggregate =
            match Aggregate::bind(&name.name, &types[..bound.len()], &literals, self.input.env.limits) {
                Ok(aggregate) => aggregate,
                Err(refused) => {
                    let at = refused.argument.and_then(|at| args.get(at)).map_or(span, |arg| arg.span);
                    let error = Diagnostic::error("type_mismatch", at, refused.message);
                    return Err(match refused.argument {
                        Some(_) => error.hint("write the value itself: it shapes what the function keeps"),
                        None => error,
                    });
                }
            };
        if aggregate.keeps_a_structure() && is_delimited(self.input.from.first()) {
            return Err(Diagnostic::error(
                "format",
                span,
                format!("{} keeps a structure, which DELIMITED cannot hold", name.name),
            )
            .hint("refused as in ksqlDB: copy the source into one with VALUE_FORMAT='JSON' and group that"));
        }
        if self.input.from.is_table() && !aggregate.has_undo() {
            return Err(without_undo(name, span));
        }
        self.aggregates = true;
        Ok(self.slot(aggregate, bound))
    }

    /// The column of a call.
    fn slot(&mut self, aggregate: Aggregate, bound: Vec<Expr>) -> Expr {
        let bound = columns(&aggregate, bound);
        let text = format!("{aggregate} of {}", bound.first().map_or(String::new(), ToString::to_string));
        let at = self.call_texts.iter().position(|t| *t == text).unwrap_or_else(|| {
            self.call_texts.push(text.clone());
            self.calls.push((aggregate.clone(), bound));
            self.calls.len() - 1
        });
        Expr::column(self.keys() + at, text, aggregate.returns)
    }

    /// An expression without aggregates that is a GROUP BY expression.
    fn grouping_column(&mut self, expr: &AstExpr) -> Option<Expr> {
        let bound = bind(&mut self.input, expr).ok()?;
        let text = bound.to_string();
        let at = self.texts.iter().position(|t| *t == text)?;
        Some(Expr::column(at, text.trim_matches('`'), bound.data_type?))
    }

    /// A pseudo column of the aggregate's row.
    fn pseudo(&self, pseudo: Pseudo) -> Expr {
        let at = match pseudo {
            Pseudo::Windowstart => 1,
            Pseudo::Windowend => 2,
            _ => 0,
        };
        Expr::column(PSEUDO + at, pseudo.name(), pseudo.data_type())
    }

    /// Puts the pseudo columns where they belong.
    fn settle(&self, expr: &mut Expr) {
        let base = self.keys() + self.calls.len();
        expr.map_columns(&|i| if i >= PSEUDO { base + i - PSEUDO } else { i });
    }
}

impl Scope for GroupScope<'_> {
    fn env(&self) -> &Env {
        self.input.env()
    }

    fn take_over(&mut self, expr: &AstExpr) -> Option<Result<Expr, Diagnostic>> {
        match &expr.kind {
            ExprKind::Call { name, args, .. } if is_aggregate(&name.name) => {
                Some(self.call(name, args, expr.span))
            }
            ExprKind::Column { name, .. }
                if self.windowed && matches!(name.name.as_str(), "WINDOWSTART" | "WINDOWEND") =>
            {
                None
            }
            _ => self.grouping_column(expr).map(Ok),
        }
    }

    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic> {
        let bound = match name.name.as_str() {
            "WINDOWSTART" | "WINDOWEND" if self.windowed => {
                if self.input.is_join() {
                    let message = format!("{} is not known in the aggregation of a join", name.name);
                    return Err(Diagnostic::error("window_bounds", name.span, message)
                        .hint("derive a stream from the join and aggregate that"));
                }
                if !self.in_select {
                    let message =
                        format!("{} can only be used in the SELECT of a windowed aggregation", name.name);
                    return Err(Diagnostic::error("window_bounds", name.span, message).hint(
                        "select it under another name, and filter by that in a query that reads this one",
                    ));
                }
                let pseudo = match name.name.as_str() {
                    "WINDOWSTART" => Pseudo::Windowstart,
                    _ => Pseudo::Windowend,
                };
                return Ok(self.pseudo(pseudo));
            }
            _ => self.input.column(qualifier, name)?,
        };
        let one = if self.input.from.is_table() { "ATTR" } else { "LATEST_BY_OFFSET" };
        let message = format!("{} is neither grouped by nor aggregated", bound.to_string().replace('`', ""));
        Err(Diagnostic::error("group_by", name.span, message)
            .label("one group has many of these")
            .hint(format!("add it to GROUP BY, or take one: {one}({})", name.name)))
    }

    /// Of the last record of the group, and of the window, as a record may be in several.
    fn position(&mut self, call: Span) -> Result<Vec<Expr>, Diagnostic> {
        let mut position = Vec::new();
        for expr in self.input.position(call)? {
            position.push(match (expr.as_literal(), &expr.data_type) {
                (None, Some(data_type)) => {
                    let types = [data_type.clone()];
                    let last = Aggregate::bind("LATEST_BY_OFFSET", &types, &[None], self.input.env.limits)
                        .map_err(|refused| Diagnostic::error("type_mismatch", call, refused.message))?;
                    self.slot(last, vec![expr])
                }
                _ => expr,
            });
        }
        if self.windowed {
            position.push(self.pseudo(Pseudo::Windowstart));
        }
        Ok(position)
    }

    fn time(&mut self, _: &Ident) -> Result<Expr, Diagnostic> {
        Ok(self.pseudo(Pseudo::Rowtime))
    }
}

/// ksqlDB keeps an aggregate's state in the format of its source's values.
fn is_delimited(source: &crate::plan::Source) -> bool {
    matches!(source.value_format.format, Format::Delimited { .. })
}

/// The columns of a call: one expression, a STRUCT where the function takes several.
fn columns(aggregate: &Aggregate, mut bound: Vec<Expr>) -> Vec<Expr> {
    bound.truncate(aggregate.columns());
    match &aggregate.argument {
        Some(DataType::Struct(fields)) if aggregate.columns() > 1 => {
            let fields = bound.into_iter().zip(fields).map(|(arg, field)| coerce(arg, &field.data_type));
            let node = Node::Struct(fields.collect());
            vec![Expr { node, data_type: aggregate.argument.clone() }]
        }
        Some(to) => bound.into_iter().map(|arg| coerce(arg, to)).collect(),
        None => bound,
    }
}

/// The window, without which `emit: first` means nothing.
fn window(query: &Query, target: &Target<'_>, emit: Emit) -> Result<Option<WindowPlan>, Diagnostic> {
    let window = query.window.as_ref().map(window_plan).transpose()?;
    if window.is_none() && emit == Emit::First {
        let span = target.emit_first.unwrap_or(query.span);
        return Err(Diagnostic::error(
            "directive",
            span,
            "emit: first needs a WINDOW, once per which it emits",
        ));
    }
    Ok(window)
}

/// Binds a grouped SELECT.
pub(super) fn select(
    query: &Query,
    target: &Target<'_>,
    emit: Emit,
    items: Vec<(String, AstExpr, Span)>,
    bound: &BoundFrom,
) -> Result<Selected, Diagnostic> {
    if target.kind != SourceKind::Table {
        return Err(wrong_kind(target, true));
    }
    if bound.from.is_table() {
        check_table(query)?;
    }
    if let Some(e) = query.partition_by.first() {
        return Err(Diagnostic::error("partition_by", e.span, "PARTITION BY cannot stand beside GROUP BY"));
    }
    let window = window(query, target, emit)?;
    check_final(query, window.as_ref(), target)?;
    check_values(bound, query.group_by[0].span)?;
    let key = key(query, bound).map_err(|refused| unknown_too(refused, &items, bound))?;
    let texts = key.iter().map(ToString::to_string).collect();
    let mut scope = GroupScope {
        input: bound.clone(),
        key: &key,
        texts,
        calls: Vec::new(),
        call_texts: Vec::new(),
        aggregates: false,
        windowed: window.is_some(),
        in_select: true,
    };
    let items = items.into_iter().map(|(name, expr, span)| Ok((name, bind(&mut scope, &expr)?, span)));
    let items = Diagnostic::all(items);
    scope.in_select = false;
    let having = query.having.as_ref().map(|h| condition(&mut scope, h)).transpose();
    let having = having.map_err(|refused| names_of_select(refused, query));
    let (mut items, mut having) = Diagnostic::both(items, having)?;
    if !scope.aggregates {
        return Err(Diagnostic::error(
            "group_by",
            query.group_by[0].span,
            "GROUP BY needs an aggregate function",
        )
        .hint("such as COUNT(*)"));
    }
    items.iter_mut().for_each(|(_, expr, _)| scope.settle(expr));
    having.iter_mut().for_each(|h| scope.settle(h));
    let keys: Vec<_> = items.iter().filter(|(_, e, _)| scope.is_key(e)).map(|(_, e, _)| e.clone()).collect();
    let key_row: Vec<_> = (0..key.len())
        .map(|i| {
            let found = keys.iter().find(|e| matches!(e.node, Node::Column { index, .. } if index == i));
            found.cloned().unwrap_or_else(|| Expr {
                data_type: key[i].data_type.clone(),
                ..Expr::column(i, key[i].to_string(), DataType::String)
            })
        })
        .collect();
    let calls = std::mem::take(&mut scope.calls);
    let (schema, exprs, places) = split(items, &key_row, target, true)?;
    let is_final = query.emit.is_some_and(|e| e.is_final);
    let grouping = Grouping { key, window, calls, having, exprs, is_final, emit };
    let window = sink_window(&grouping);
    let warning = query.window.as_ref().and_then(without_grace);
    let from = bound.from.clone();
    let (flat, shape) = (Vec::new(), Shape::Aggregate(grouping));
    Ok(Selected { from, filter: None, flat, shape, schema, places, window, warning })
}

/// What ksqlDB does not do with a table's groups either.
fn check_table(query: &Query) -> Result<(), Diagnostic> {
    if let Some(window) = &query.window {
        let message = "WINDOW is for the records of a stream, and this groups the rows of a table";
        return Err(Diagnostic::error("window", window.span, message)
            .label("a table's row stays until it is replaced")
            .hint("leave WINDOW out: a group has the rows that the table has at each moment"));
    }
    Ok(())
}

/// A function that a table's rows cannot be taken out of again.
fn without_undo(name: &Ident, span: Span) -> Diagnostic {
    let can: Vec<_> = DOCS.iter().filter(|doc| doc.on_tables).map(|doc| doc.name).collect();
    let message = format!("{} cannot aggregate a table, only a stream", name.name);
    Diagnostic::error("table_aggregate", span, message)
        .label("a row that changes could not be taken out of it")
        .hint(format!("a table takes {}", can.join(", ")))
}

/// As in ksqlDB: what is grouped may go through a topic of the source's formats.
fn check_values(bound: &BoundFrom, span: Span) -> Result<(), Diagnostic> {
    match bound.parts.iter().find(|p| p.source.value_format.format == Format::Kafka) {
        Some(part) => {
            let message = format!("{} has the value format KAFKA, which cannot be grouped", part.source.name);
            Err(Diagnostic::error("group_by", span, message)
                .hint("derive a stream from it with VALUE_FORMAT='JSON'"))
        }
        None => Ok(()),
    }
}

fn check_final(query: &Query, window: Option<&WindowPlan>, target: &Target<'_>) -> Result<(), Diagnostic> {
    match query.emit {
        Some(emit) if emit.is_final && window.is_none() => {
            Err(Diagnostic::error("emit", emit.span, "EMIT FINAL needs a WINDOW, at whose end it emits")
                .hint("such as WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 1 MINUTE) in front of GROUP BY"))
        }
        Some(emit) if emit.is_final && target.emit_first.is_some() => {
            let span = target.emit_first.unwrap_or(emit.span);
            Err(Diagnostic::error("directive", span, "EMIT FINAL writes a window once already, at its end")
                .note(emit.span, "emitted at the end")
                .hint("leave emit: first out, or write EMIT CHANGES"))
        }
        _ => Ok(()),
    }
}

/// GROUP BY's expressions over the source's row.
fn key(query: &Query, bound: &BoundFrom) -> Result<Vec<Expr>, Diagnostic> {
    let mut scope = bound.clone();
    let key = |expr: &AstExpr| {
        if let Some(name) = find_aggregate(expr) {
            let message = format!("GROUP BY does not take the aggregate function {}", name.name);
            return Err(Diagnostic::error("misplaced_aggregate", name.span, message)
                .hint("HAVING filters groups by it; a second query can group this one's result"));
        }
        if let ExprKind::Column { name, .. } = &expr.kind
            && matches!(name.name.as_str(), "WINDOWSTART" | "WINDOWEND")
            && !bound.is_windowed()
        {
            let message = format!("{} can only be used in the SELECT of a windowed aggregation", name.name);
            let hint = match query.window {
                Some(_) => "leave it out: with a WINDOW each group has its windows",
                None => "WINDOW TUMBLING (SIZE 1 HOUR) in front of GROUP BY divides the groups by time",
            };
            return Err(Diagnostic::error("window_bounds", name.span, message).hint(hint));
        }
        let bound = bind(&mut scope, expr).map_err(|refused| names_of_select(refused, query))?;
        match &bound.data_type {
            Some(t) if contains_map(t) => Err(map_key("key", expr.span)),
            Some(_) if bound.as_literal().is_none_or(|v| *v != Value::Null) => Ok(bound),
            _ => Err(Diagnostic::error("key", expr.span, "GROUP BY NULL has no groups")
                .hint("GROUP BY 1 makes one group of all; the constant is selected too")),
        }
    };
    Diagnostic::all(query.group_by.iter().map(key))
}

/// Beside a wrong GROUP BY: the names in the SELECT list that are not known either.
fn unknown_too(refused: Diagnostic, items: &[(String, AstExpr, Span)], bound: &BoundFrom) -> Diagnostic {
    let calls = items.iter().filter(|(_, expr, _)| find_aggregate(expr).is_none());
    let names = calls.filter_map(|(_, expr, _)| bind(&mut bound.clone(), expr).err());
    names
        .flat_map(Diagnostic::into_list)
        .filter(|d| d.code == "unknown_column")
        .fold(refused, Diagnostic::and)
}
