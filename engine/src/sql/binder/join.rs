//! Joins in FROM: what may be joined with what, by which criteria, and the key of the result.
//!
//! Enters: FROM as written. Leaves: [`BoundFrom`]. What holds: both sides of a join's key are of one type; a
//! table is joined by its primary key; what ksqlDB refuses for its meaning is refused here, with the place.

use super::Binder;
use super::expr::bind;
use super::formats::contains_map;
use super::from::{BoundFrom, Part};
use crate::format::{Format, FormatSpec};
use crate::plan::{From, Join, JoinKey, JoinKind, KeyOrigin, KeyWindow, Source, Within};
use crate::sql::Diagnostic;
use crate::sql::ast::{self, BinaryOp, Expr as AstExpr, ExprKind, Span};
use crate::types::expr::{Expr, Node};

/// The two sides of ON, each over the row of its side of the join.
struct Criteria {
    left: Expr,
    right: Expr,
    /// The part that the left side is of.
    left_part: usize,
    span: Span,
}

/// What is known of a join while the next one is bound.
#[derive(Default)]
struct Equal {
    /// Texts of the expressions that are equal to the key of what is joined so far.
    texts: Vec<String>,
    /// Those of them that are columns, in the order in which they may be the key.
    viable: Vec<Expr>,
}

impl Binder {
    /// Binds FROM.
    pub(super) fn bind_from(&self, from: &ast::From) -> Result<BoundFrom, Diagnostic> {
        let first = self.source(&from.first.name)?.source.clone();
        let alias = from.first.alias.as_ref().unwrap_or(&from.first.name);
        let mut bound = BoundFrom::single(first, alias, self.env.clone());
        let mut equal = Equal::default();
        for join in &from.joins {
            self.join(&mut bound, &mut equal, join)?;
        }
        if let From::Join(join) = &bound.from
            && !join.foreign
        {
            bound.viable = equal.viable;
            bound.synthetic = bound.viable.is_empty().then(|| synthetic_name(&bound));
        }
        if let (From::Join(join), Some(name)) = (&mut bound.from, &bound.synthetic) {
            join.key.name.clone_from(name);
        }
        Ok(bound)
    }

    /// Adds one more source.
    fn join(&self, bound: &mut BoundFrom, equal: &mut Equal, join: &ast::Join) -> Result<(), Diagnostic> {
        let right = self.source(&join.right.name)?.source.clone();
        let alias = join.right.alias.as_ref().unwrap_or(&join.right.name);
        refuse_twice(bound, &right, alias)?;
        let base = bound.from.width();
        bound.parts.push(Part { source: right.clone(), alias: alias.clone(), base });
        let mut criteria = criteria(bound, &join.on)?;
        let foreign = check_sides(bound, equal, &criteria, join)?;
        check_windows(bound, equal, &criteria)?;
        let within = within(bound, join)?;
        check_values(bound, join.span)?;

        let (left_text, right_text) = (criteria.left.to_string(), criteria.right.to_string());
        let by_key = equal.texts.contains(&left_text);
        // A join by a foreign key keeps the left's key.
        let kept = foreign.then(|| match bound.key().as_slice() {
            [key] => Equal { texts: vec![key.to_string()], viable: vec![key.clone()] },
            _ => Equal::default(),
        });
        *equal = next_equal(std::mem::take(equal), kept, &criteria, join.kind);
        if by_key && let Some(key) = bound.key().pop() {
            // Equal to what the left side is keyed by already.
            criteria.left = key;
        }
        criteria.right.map_columns(&|i| i - base);
        let name = equal.viable.first().map_or_else(|| "ROWKEY".into(), |e| e.to_string().replace('`', ""));
        let origin = match join.kind {
            _ if foreign => KeyOrigin::LeftRow,
            ast::JoinKind::Inner | ast::JoinKind::Left => KeyOrigin::Left,
            ast::JoinKind::Right => KeyOrigin::Right,
            ast::JoinKind::Full => KeyOrigin::Either,
        };
        let data_type = match (foreign, bound.from.key().into_iter().next()) {
            (true, Some(key)) => key.data_type,
            _ => criteria.right.data_type.clone(),
        };
        let Some(data_type) = data_type else {
            return Err(Diagnostic::error(
                "join",
                criteria.span,
                format!("{left_text} = {right_text} has no type"),
            ));
        };
        bound.from = From::Join(Box::new(Join {
            left: bound.from.clone(),
            right,
            kind: kind(join.kind),
            left_key: criteria.left,
            right_key: criteria.right,
            key: JoinKey { origin, name, data_type },
            within,
            foreign,
        }));
        Ok(())
    }
}

fn kind(kind: ast::JoinKind) -> JoinKind {
    match kind {
        ast::JoinKind::Inner => JoinKind::Inner,
        ast::JoinKind::Left => JoinKind::Left,
        ast::JoinKind::Right => JoinKind::Right,
        ast::JoinKind::Full => JoinKind::Full,
    }
}

/// ROWKEY, numbered where a source has a column of that name.
fn synthetic_name(bound: &BoundFrom) -> String {
    let names: Vec<&str> = bound.names().collect();
    let numbered = (1..).map(|n| format!("ROWKEY_{n}"));
    let mut names_to_try = std::iter::once("ROWKEY".to_owned()).chain(numbered);
    names_to_try.find(|name| !names.contains(&name.as_str())).unwrap_or_default()
}

/// A source may be in FROM once, and so may an alias.
fn refuse_twice(bound: &BoundFrom, right: &Source, alias: &ast::Ident) -> Result<(), Diagnostic> {
    if let Some(part) = bound.parts.iter().find(|p| p.source.name == right.name) {
        let message = format!("{} is in FROM twice: a join with itself is not possible", right.name);
        return Err(Diagnostic::error("join", alias.span, message)
            .note(part.alias.span, "first here")
            .hint("declare a second stream or table over the same topic and join that"));
    }
    match bound.parts.iter().find(|p| p.alias.name == alias.name) {
        Some(part) => {
            Err(Diagnostic::error("join", alias.span, format!("two sources are called {}", alias.name))
                .note(part.alias.span, "first here"))
        }
        None => Ok(()),
    }
}

/// ON: one equality, one side of it over the new source and the other over one that stands before it.
fn criteria(bound: &mut BoundFrom, on: &AstExpr) -> Result<Criteria, Diagnostic> {
    let refuse = |message: &str, hint: &str| Err(Diagnostic::error("join", on.span, message).hint(hint));
    let sides = match &on.kind {
        ExprKind::Binary { op: BinaryOp::Equal, left, right } => [left, right],
        ExprKind::Binary { op: BinaryOp::And, .. } => {
            return refuse("ON takes one equality", "further conditions stand in WHERE");
        }
        _ => return refuse("ON takes an equality", "such as ON a.id = b.id"),
    };
    let new = bound.parts.len() - 1;
    let mut bind_side = |side: &AstExpr| -> Result<(Expr, usize), Diagnostic> {
        let expr = bind(bound, side)?;
        let mut used = Vec::new();
        expr.visit_columns(&mut |i| used.extend(bound.part_of(i)));
        used.sort_unstable();
        used.dedup();
        match used.as_slice() {
            [part] => Ok((expr, *part)),
            _ => Err(Diagnostic::error("join", side.span, "each side of ON is about one source")
                .label(if used.is_empty() { "this is about none" } else { "this is about several" })
                .hint("a constant, or a comparison across sources, belongs into WHERE")),
        }
    };
    let (first, second) = (bind_side(sides[0])?, bind_side(sides[1])?);
    let name = |part: usize| bound.parts[part].alias.name.as_str();
    if first.1 == second.1 {
        let message = format!("both sides of ON are about {}", name(first.1));
        return refuse(&message, &format!("one side is about {}, the other about one before it", name(new)));
    }
    let (left, right) = if second.1 == new { (first, second) } else { (second, first) };
    if right.1 != new {
        let message = format!("ON is not about {}, which is joined here", name(new));
        return refuse(&message, &format!("one side of the equality is about {}", name(new)));
    }
    let (a, b) = (&left.0.data_type, &right.0.data_type);
    if a != b || a.is_none() {
        use super::scope::type_name;
        let message = format!(
            "the sides of ON differ in type: {} and {}",
            type_name(a.as_ref()),
            type_name(b.as_ref())
        );
        return refuse(
            &message,
            "CAST(... AS ...) brings the side that is no table's key to the other's type",
        );
    }
    if a.as_ref().is_some_and(contains_map) {
        return refuse(
            "a key cannot hold a MAP: its bytes would not be unique",
            "join by one of its entries",
        );
    }
    Ok(Criteria { left: left.0, right: right.0, left_part: left.1, span: on.span })
}

/// Whether an expression is the whole key of its source.
fn is_source_key(part: &Part, expr: &Expr) -> bool {
    part.source.schema.key.len() == 1 && matches!(expr.node, Node::Column { index, .. } if index == part.base)
}

/// What may be joined with what, and by what. Returns whether it is a join by a foreign key.
fn check_sides(
    bound: &BoundFrom,
    equal: &Equal,
    criteria: &Criteria,
    join: &ast::Join,
) -> Result<bool, Diagnostic> {
    let Some(right) = bound.parts.last() else { return Ok(false) };
    let kind = kind(join.kind);
    let refuse = |span, message: String, hint: &str| Err(Diagnostic::error("join", span, message).hint(hint));
    let left_is_table = bound.from.is_table();
    if left_is_table && !right.source.is_table {
        let message = format!("{} is a stream, which cannot be joined to a table", right.source.name);
        return refuse(join.span, message, "put the stream in front: FROM stream JOIN table");
    }
    if !right.source.is_table {
        return Ok(false);
    }
    if !left_is_table && matches!(kind, JoinKind::Right | JoinKind::Full) {
        let message = format!("a stream and a table cannot be joined by {} JOIN", kind.name());
        return refuse(join.span, message, "a table's change joins nothing: use INNER or LEFT JOIN");
    }
    if !is_source_key(right, &criteria.right) {
        let message =
            format!("a table is joined by its primary key, this is not that of {}", right.source.name);
        let keys: Vec<_> = right.source.schema.key.iter().map(|c| c.name.as_str()).collect();
        return refuse(
            criteria.span,
            message,
            &match keys.as_slice() {
                [key] => format!("its primary key is {key}"),
                keys => format!(
                    "its key has several columns ({}), by which nothing can be joined",
                    keys.join(", ")
                ),
            },
        );
    }
    if !left_is_table {
        return Ok(false);
    }
    let first_join = bound.from.single().is_some();
    let by_key = if first_join {
        is_source_key(&bound.parts[0], &criteria.left)
    } else {
        equal.texts.contains(&criteria.left.to_string())
    };
    if by_key {
        return Ok(false);
    }
    if !first_join {
        let message = "tables that are joined already are joined further by their key alone".to_owned();
        let hint = match equal.texts.first() {
            Some(key) => format!("ON {} = ...", key.replace('`', "")),
            None => "derive a table from the first join and join that".into(),
        };
        return refuse(criteria.span, message, &hint);
    }
    if matches!(kind, JoinKind::Right | JoinKind::Full) {
        let message = format!("a join by a foreign key cannot be {}", kind.name());
        return refuse(join.span, message, "use INNER or LEFT JOIN");
    }
    if right.source.window.is_some() || bound.parts[0].source.window.is_some() {
        let message = "a windowed table cannot be joined by a foreign key".to_owned();
        return refuse(criteria.span, message, "join it by its primary key");
    }
    Ok(true)
}

/// Windowed keys are equal only where both sides have windows of one kind, and cannot be exchanged for others.
fn check_windows(bound: &BoundFrom, equal: &Equal, criteria: &Criteria) -> Result<(), Diagnostic> {
    let (Some(right), left) = (bound.parts.last(), &bound.parts[criteria.left_part]) else { return Ok(()) };
    let describe = |window: Option<KeyWindow>| match window {
        None => "has no windows",
        Some(KeyWindow::Time { .. }) => "has tumbling or hopping windows",
        Some(KeyWindow::Session) => "has session windows",
    };
    let (a, b) = (describe(left.source.window), describe(right.source.window));
    if a != b {
        let message = "windowed sources are joined with sources of the same windows".to_owned();
        let hint = format!("{} {a}, {} {b}", left.source.name, right.source.name);
        return Err(Diagnostic::error("join", criteria.span, message).hint(hint));
    }
    let left_by_key = match bound.from.single() {
        Some(_) => is_source_key(left, &criteria.left),
        None => equal.texts.contains(&criteria.left.to_string()),
    };
    if left.source.window.is_some() && !(left_by_key && is_source_key(right, &criteria.right)) {
        return Err(Diagnostic::error("join", criteria.span, "windowed sources are joined by their keys")
            .hint("the window belongs to the key, so there is no other to join by"));
    }
    Ok(())
}

/// WITHIN, which a join of two streams must have and no other may.
fn within(bound: &BoundFrom, join: &ast::Join) -> Result<Option<Within>, Diagnostic> {
    let right_is_table = bound.parts.last().is_some_and(|p| p.source.is_table);
    match &join.within {
        None if !right_is_table => {
            Err(Diagnostic::error("within", join.span, "a join of two streams needs WITHIN")
                .label("how far apart may the records be?")
                .hint("such as JOIN ... WITHIN 1 HOUR ON ..."))
        }
        Some(within) if right_is_table => {
            Err(Diagnostic::error("within", within.span, "WITHIN is for joins of two streams")
                .label("a table has one row per key at any time")
                .hint("leave it out"))
        }
        None => Ok(None),
        Some(ast::Within { before, after, grace, .. }) => Ok(Some(Within {
            before: before.millis,
            after: after.millis,
            grace: grace.as_ref().map(|g| g.millis),
        })),
    }
}

/// The format KAFKA has one value column and no place for a joined row.
fn check_values(bound: &BoundFrom, span: Span) -> Result<(), Diagnostic> {
    match bound.parts.iter().find(|p| p.source.value_format.format == Format::Kafka) {
        Some(part) => {
            let message = format!("{} has the value format KAFKA, which cannot be joined", part.source.name);
            Err(Diagnostic::error("join", span, message)
                .hint("derive a stream or table from it with VALUE_FORMAT='JSON'"))
        }
        None => Ok(()),
    }
}

/// What is equal to the key behind this join, `kept` where that is the left's. A side of a full join may be
/// NULL, so nothing is.
fn next_equal(before: Equal, kept: Option<Equal>, criteria: &Criteria, kind: ast::JoinKind) -> Equal {
    if let Some(kept) = kept {
        return kept;
    }
    if kind == ast::JoinKind::Full {
        return Equal::default();
    }
    let sides = [&criteria.left, &criteria.right];
    let goes_on = before.texts.contains(&criteria.left.to_string());
    let mut next = if goes_on { before } else { Equal::default() };
    for side in sides {
        let text = side.to_string();
        if next.texts.contains(&text) {
            continue;
        }
        next.texts.push(text);
        if matches!(side.node, Node::Column { .. }) {
            next.viable.push(side.clone());
        }
    }
    next
}

/// The format of the key of what is joined: of the first source that is joined by the key it has, otherwise of
/// the first that has a key.
pub(super) fn key_format(from: &From) -> Option<FormatSpec> {
    let has_key = |f: &FormatSpec| f.format != Format::None;
    let any = || from.sources().into_iter().map(|s| s.key_format).find(has_key);
    kept_format(from).filter(has_key).or_else(any)
}

fn kept_format(from: &From) -> Option<FormatSpec> {
    let is_at = |expr: &Expr, at: usize| matches!(expr.node, Node::Column { index, .. } if index == at);
    match from {
        From::Source(source) => Some(source.key_format),
        From::Join(join) => {
            let keeps = match &join.left {
                From::Source(source) => source.schema.key.len() == 1 && is_at(&join.left_key, 0),
                From::Join(left) => is_at(&join.left_key, left.key_at()),
            };
            let right_keeps = join.right.schema.key.len() == 1 && is_at(&join.right_key, 0);
            let left = if keeps || join.foreign { kept_format(&join.left) } else { None };
            left.or_else(|| right_keeps.then_some(join.right.key_format))
        }
    }
}
