//! Which names an expression may use, and what they mean.

use std::sync::Arc;

use super::env::Env;
use super::position::Sites;
use crate::plan::{Pseudo, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, Span};
use crate::types::DataType;
use crate::types::expr::Expr;

/// Resolves the names of an expression. What it takes over of a tree, the expression binder leaves alone.
pub(super) trait Scope {
    /// A column.
    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic>;

    /// A whole subtree that has a meaning of its own here, such as an aggregate call; None: bind it as usual.
    fn take_over(&mut self, _expr: &AstExpr) -> Option<Result<Expr, Diagnostic>> {
        None
    }

    /// What tells one evaluation of a call from every other: the position of the row's record, and the call's
    /// place in the query.
    fn position(&mut self, _call: Span) -> Result<Vec<Expr>, Diagnostic> {
        Ok(Vec::new())
    }

    /// The time of the row.
    fn time(&mut self, call: &Ident) -> Result<Expr, Diagnostic> {
        self.column(None, &Ident { name: Pseudo::Rowtime.name().into(), ..call.clone() })
    }

    /// What statements in front of this one have set.
    fn env(&self) -> &Env {
        Env::plain()
    }

    /// Whether what is bound stands in a lambda's body.
    fn in_lambda(&self) -> bool {
        false
    }

    /// Whether a lambda around has a parameter of this name.
    fn is_param(&self, _name: &str) -> bool {
        false
    }
}

/// No columns at all: for VALUES and for constants.
#[derive(Default)]
pub(super) struct Constants {
    /// What statements have set.
    pub(super) env: Arc<Env>,
    /// The places of calls.
    pub(super) sites: Sites,
}

impl Scope for Constants {
    fn column(&mut self, _: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic> {
        Err(Diagnostic::error("unknown_column", name.span, format!("{} is not a constant", name.name))
            .label("a constant is expected here")
            .hint("text stands in single quotes: 'text'"))
    }

    fn env(&self) -> &Env {
        &self.env
    }

    fn position(&mut self, _: Span) -> Result<Vec<Expr>, Diagnostic> {
        Ok(vec![self.sites.next()])
    }

    fn time(&mut self, call: &Ident) -> Result<Expr, Diagnostic> {
        let message = format!("{} without an argument is the time of a record, here is none", call.name);
        Err(Diagnostic::error("misplaced_function", call.span, message)
            .hint("UNIX_TIMESTAMP('2024-01-31T12:00:00') takes a TIMESTAMP"))
    }
}

/// The row of one source: its columns, then the pseudo columns.
pub(super) struct SourceScope<'s> {
    /// The source.
    pub(super) source: &'s Source,
    /// What it is called in this query.
    pub(super) alias: &'s Ident,
}

impl SourceScope<'_> {
    /// A pseudo column's expression.
    pub(super) fn pseudo(&self, pseudo: Pseudo) -> Expr {
        Expr::column(self.source.schema.width() + pseudo as usize, pseudo.name(), pseudo.data_type())
    }

    /// Every name that could be meant.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.source.schema.columns().map(|c| c.name.as_str()).chain(Pseudo::ALL.iter().map(|p| p.name()))
    }

    fn unknown(&self, name: &Ident) -> Diagnostic {
        let source = &self.source.name;
        let diagnostic =
            Diagnostic::error("unknown_column", name.span, format!("{source} has no column {}", name.name))
                .label("no such column");
        if self.source.schema.columns().any(|c| c.name.eq_ignore_ascii_case(&name.name)) {
            let other = self.source.schema.columns().find(|c| c.name.eq_ignore_ascii_case(&name.name));
            let other = other.map_or("", |c| c.name.as_str());
            return diagnostic.hint(format!("its name is case-sensitive: write `{other}` in back-quotes"));
        }
        if name.quoted && crate::sql::nearest(&name.name, self.names()).is_none() {
            return diagnostic
                .hint(format!("double quotes name a column; text stands in single quotes: '{}'", name.name));
        }
        match crate::sql::nearest(&name.name, self.names()) {
            Some(near) => diagnostic.hint(format!("did you mean {near}?")),
            None => {
                let columns: Vec<_> = self.source.schema.columns().map(|c| c.name.as_str()).collect();
                diagnostic.hint(format!("its columns are {}", columns.join(", ")))
            }
        }
    }
}

/// What is taken for a source is a column.
pub(super) fn is_column(data_type: &DataType, column: &Ident, field: &str) -> String {
    match data_type {
        DataType::Struct(_) => format!("it is a column, a field of it is {}->{field}", column.name),
        other => format!("it is a column, of the type {other}"),
    }
}

impl Scope for SourceScope<'_> {
    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic> {
        if let Some(q) = qualifier
            && q.name != self.alias.name
            && q.name != self.source.name
        {
            let hint = match self.source.schema.find(&q.name) {
                Some((_, column)) => is_column(&column.data_type, q, &name.name),
                None => format!("the source is {}", self.alias.name),
            };
            return Err(Diagnostic::error("unknown_source", q.span, format!("{} is not in FROM", q.name))
                .label("not a source of this query")
                .hint(hint));
        }
        if let Some((index, column)) = self.source.schema.find(&name.name) {
            return Ok(Expr::column(index, &column.name, column.data_type.clone()));
        }
        let windowed = self.source.window.is_some();
        match Pseudo::ALL.into_iter().find(|p| p.name() == name.name) {
            Some(Pseudo::Windowstart | Pseudo::Windowend) if !windowed => Err(Diagnostic::error(
                "unknown_column",
                name.span,
                format!(
                    "{} is only known in the SELECT of a windowed aggregation, or of a windowed source",
                    name.name
                ),
            )
            .label("there is no window here")),
            Some(pseudo) => Ok(self.pseudo(pseudo)),
            None => Err(self.unknown(name)),
        }
    }
}

/// Whether an expression names an aggregate function anywhere.
pub(super) fn find_aggregate(expr: &AstExpr) -> Option<&Ident> {
    match &expr.kind {
        ExprKind::Call { name, .. } if crate::types::aggregate::is_aggregate(&name.name) => Some(name),
        _ => children(expr).into_iter().find_map(find_aggregate),
    }
}

/// An expression's direct parts.
pub(super) fn children(expr: &AstExpr) -> Vec<&AstExpr> {
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Boolean(_)
        | ExprKind::Integer(_)
        | ExprKind::Decimal(_)
        | ExprKind::Double(_)
        | ExprKind::String(_)
        | ExprKind::Column { .. } => Vec::new(),
        ExprKind::Binary { left, right, .. } => vec![left, right],
        ExprKind::Not(e) | ExprKind::Negate(e) | ExprKind::Plus(e) => vec![e],
        ExprKind::IsNull { expr, .. } | ExprKind::Cast { expr, .. } => vec![expr],
        ExprKind::Between { expr, low, high, .. } => vec![expr, low, high],
        ExprKind::In { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        ExprKind::Like { expr, pattern, .. } => vec![expr, pattern],
        ExprKind::Case { operand, whens, otherwise } => operand
            .as_deref()
            .into_iter()
            .chain(whens.iter().flat_map(|(a, b)| [a, b]))
            .chain(otherwise.as_deref())
            .collect(),
        ExprKind::Call { args, .. } => args.iter().collect(),
        ExprKind::Subscript { base, index } => vec![base, index],
        ExprKind::Field { base, .. } => vec![base],
        ExprKind::Array(items) => items.iter().collect(),
        ExprKind::Map(entries) => entries.iter().flat_map(|(k, v)| [k, v]).collect(),
        ExprKind::Struct(fields) => fields.iter().map(|(_, e)| e).collect(),
        ExprKind::Lambda { body, .. } => vec![body],
    }
}

/// A type as messages name it.
pub(super) fn type_name(data_type: Option<&DataType>) -> String {
    data_type.map_or("NULL".into(), ToString::to_string)
}
