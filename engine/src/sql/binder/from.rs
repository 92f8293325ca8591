//! FROM: the row that a query's expressions are over, and the names that they may use.
//!
//! Enters: the sources with their aliases and places in the row. Leaves: resolved columns. What holds: in a
//! join a column is meant by its alias, or by its name alone where one source has it; a column of a join
//! carries the source's name in canonical text, so that two of one name differ and an alias does not matter.

use std::sync::Arc;

use super::env::Env;
use super::position::Sites;
use super::scope::{Scope, SourceScope, is_column};
use crate::plan::{From, Pseudo, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{self, Expr as AstExpr, ExprKind, Ident, SelectItem, Span};
use crate::types::expr::{Expr, Node};

/// A source of FROM.
#[derive(Clone)]
pub(super) struct Part {
    /// The source.
    pub(super) source: Arc<Source>,
    /// What it is called in this query.
    pub(super) alias: Ident,
    /// Where its row begins.
    pub(super) base: usize,
}

/// A bound FROM.
#[derive(Clone)]
pub(super) struct BoundFrom {
    /// What is read.
    pub(super) from: From,
    /// Its sources, left to right.
    pub(super) parts: Vec<Part>,
    /// The columns that stand for a join's key, the first one that is selected is the result's; none where
    /// the key is no column of a source.
    pub(super) viable: Vec<Expr>,
    /// The name of a join's key where it is no column of a source.
    pub(super) synthetic: Option<String>,
    /// The places of calls that need one.
    pub(super) sites: Sites,
    /// What statements have set.
    pub(super) env: Arc<Env>,
}

impl Part {
    /// A column of this source in the row of a join.
    fn column(&self, at: usize) -> Option<Expr> {
        let column = self.source.schema.columns().nth(at)?;
        let name = format!("{}.{}", self.source.name, column.name);
        Some(Expr::column(self.base + at, name, column.data_type.clone()))
    }

    /// A column of this name, or one of its pseudo columns.
    fn find(&self, name: &str) -> Option<Expr> {
        if let Some((at, _)) = self.source.schema.find(name) {
            return self.column(at);
        }
        let pseudo = Pseudo::ALL.into_iter().find(|p| p.name() == name)?;
        let bounds = matches!(pseudo, Pseudo::Windowstart | Pseudo::Windowend);
        (!bounds || self.source.window.is_some()).then(|| self.pseudo(pseudo))
    }

    /// A pseudo column of this source in the row of a join.
    pub(super) fn pseudo(&self, pseudo: Pseudo) -> Expr {
        let at = self.base + self.source.schema.width() + pseudo as usize;
        let name = format!("{}.{}", self.source.name, pseudo.name());
        Expr::column(at, name, pseudo.data_type())
    }

    /// `ALIAS_COLUMN`
    fn prefixed(&self, column: &str) -> String {
        format!("{}_{column}", self.alias.name)
    }
}

impl BoundFrom {
    /// One source alone.
    pub(super) fn single(source: Arc<Source>, alias: &Ident, env: Arc<Env>) -> Self {
        let part = Part { source: source.clone(), alias: alias.clone(), base: 0 };
        Self {
            from: From::Source(source),
            parts: vec![part],
            viable: Vec::new(),
            synthetic: None,
            sites: Sites::default(),
            env,
        }
    }

    /// Whether it is a join.
    pub(super) fn is_join(&self) -> bool {
        self.parts.len() > 1
    }

    /// Whether some source has a windowed key.
    pub(super) fn is_windowed(&self) -> bool {
        self.parts.iter().any(|p| p.source.window.is_some())
    }

    /// The columns of its key, over its row and under the names of this scope.
    pub(super) fn key(&self) -> Vec<Expr> {
        let joined = matches!(&self.from, From::Join(join) if !join.foreign);
        if joined || !self.is_join() {
            return self.from.key();
        }
        let keys = |part: &Part| (0..part.source.schema.key.len()).filter_map(|i| part.column(i)).collect();
        self.parts.first().map_or_else(Vec::new, keys)
    }

    /// The part whose row holds this column; None for what no source has.
    pub(super) fn part_of(&self, column: usize) -> Option<usize> {
        let width = |p: &Part| p.source.schema.width() + Pseudo::ALL.len();
        self.parts.iter().position(|p| (p.base..p.base + width(p)).contains(&column))
    }

    /// The names of all columns, for messages and against clashes.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|p| p.source.schema.columns()).map(|c| c.name.as_str())
    }

    fn aliases(&self) -> String {
        self.parts.iter().map(|p| p.alias.name.as_str()).collect::<Vec<_>>().join(" and ")
    }

    fn by_alias(&self, qualifier: &Ident, name: &str) -> Result<&Part, Diagnostic> {
        self.parts.iter().find(|p| p.alias.name == qualifier.name).ok_or_else(|| {
            let diagnostic = Diagnostic::error(
                "unknown_source",
                qualifier.span,
                format!("{} is not in FROM", qualifier.name),
            )
            .label("not a source of this query");
            match self.parts.iter().find(|p| p.source.name == qualifier.name) {
                Some(part) => diagnostic.hint(format!("it is called {} here", part.alias.name)),
                None => {
                    let column = self.parts.iter().find_map(|p| p.source.schema.find(&qualifier.name));
                    diagnostic.hint(match column {
                        Some((_, column)) => is_column(&column.data_type, qualifier, name),
                        None => format!("the sources are {}", self.aliases()),
                    })
                }
            }
        })
    }

    fn unknown(&self, part: Option<&Part>, name: &Ident) -> Diagnostic {
        let whose = part.map_or_else(
            || format!("neither {}", self.aliases().replace(" and ", " nor ")),
            |p| p.source.name.clone(),
        );
        let negation = if part.is_some() { "has no" } else { "has a" };
        let names: Vec<&str> = match part {
            Some(part) => part.source.schema.columns().map(|c| c.name.as_str()).collect(),
            None => self.names().collect(),
        };
        let message = format!("{whose} {negation} column {}", name.name);
        let columns = |p: &Part| {
            let names: Vec<_> = p.source.schema.columns().map(|c| c.name.as_str()).collect();
            format!("{} has {}", p.alias.name, names.join(", "))
        };
        let asked = self.parts.iter().filter(|p| part.is_none_or(|part| part.base == p.base));
        let all: Vec<_> = asked.map(columns).collect();
        let diagnostic = Diagnostic::error("unknown_column", name.span, message)
            .label("no such column")
            .did_you_mean(&name.name, names);
        if diagnostic.hint.is_some() { diagnostic } else { diagnostic.hint(all.join("; ")) }
    }

    /// A column that is named without a source.
    fn unqualified(&self, name: &Ident) -> Result<Expr, Diagnostic> {
        if self.synthetic.as_ref().is_some_and(|key| *key == name.name)
            && let Some(key) = self.key().pop()
        {
            return Ok(key);
        }
        let mut found = self.parts.iter().filter_map(|p| p.find(&name.name).map(|e| (p, e)));
        let Some((part, expr)) = found.next() else { return Err(self.unknown(None, name)) };
        let Some((other, _)) = found.next() else { return Ok(expr) };
        let (a, b) = (&part.alias.name, &other.alias.name);
        let message = format!("{} is ambiguous: both {a} and {b} have it", name.name);
        Err(Diagnostic::error("ambiguous_column", name.span, message)
            .label("of which source?")
            .hint(format!("write {a}.{0} or {b}.{0}", name.name)))
    }

    /// Writes `*` over a join out and names its columns as ksqlDB does: what `*` stands for, and a column
    /// whose name several sources have, gets its source's alias in front.
    pub(super) fn items(
        &self,
        items: &[SelectItem],
        repartitioned: bool,
    ) -> Result<Vec<SelectItem>, Diagnostic> {
        if !self.is_join() {
            return Ok(items.to_vec());
        }
        let mut out = Vec::new();
        for item in items {
            match item {
                SelectItem::All { qualifier: Some(qualifier), span } => {
                    out.extend(star(self.by_alias(qualifier, "*")?, repartitioned, *span));
                }
                SelectItem::All { qualifier: None, span } => {
                    if let Some(key) = self.synthetic.as_ref().filter(|_| !repartitioned) {
                        out.push(column(None, key, key.clone(), *span));
                    }
                    out.extend(self.parts.iter().flat_map(|p| star(p, repartitioned, *span)));
                }
                SelectItem::Expr { expr, alias: None } => {
                    out.push(SelectItem::Expr { expr: expr.clone(), alias: self.prefixed(expr) });
                }
                other => out.push(other.clone()),
            }
        }
        Ok(out)
    }

    /// The name of a column whose own would clash.
    fn prefixed(&self, expr: &AstExpr) -> Option<Ident> {
        let ExprKind::Column { qualifier: Some(qualifier), name } = &expr.kind else { return None };
        let part = self.by_alias(qualifier, "*").ok()?;
        let clash = self.parts.iter().filter(|p| p.find(&name.name).is_some()).count() > 1;
        clash.then(|| Ident { name: part.prefixed(&name.name), quoted: true, span: expr.span })
    }

    /// A column as this query may write it.
    fn written(&self, expr: &Expr) -> String {
        let text = expr.to_string().replace('`', "");
        let part = match expr.node {
            Node::Column { index, .. } => self.part_of(index).and_then(|at| self.parts.get(at)),
            _ => None,
        };
        match part.and_then(|p| Some((p, text.strip_prefix(&p.source.name)?))) {
            Some((part, rest)) => format!("{}{rest}", part.alias.name),
            None => text,
        }
    }

    /// Gives the key's column to the item that stands for the join's key; refuses a list without one.
    pub(super) fn take_key(&self, items: &mut [(String, Expr, Span)], at: Span) -> Result<(), Diagnostic> {
        let (Some(key), false) = (self.key().pop(), self.viable.is_empty()) else { return Ok(()) };
        let texts: Vec<String> = self.viable.iter().map(ToString::to_string).collect();
        let selected = |text: &&String| items.iter().any(|(_, e, _)| e.to_string() == **text);
        let Some(chosen) = texts.iter().find(selected) else {
            let names: Vec<_> = self.viable.iter().map(|e| self.written(e)).collect();
            let message = format!("the SELECT lacks the join's key: {}", names.join(" or "));
            return Err(Diagnostic::error("key", at, message)
                .label("the result would have no key")
                .hint(format!("SELECT {}, ...", names[0])));
        };
        items.iter_mut().filter(|(_, e, _)| e.to_string() == *chosen).for_each(|(_, e, _)| *e = key.clone());
        Ok(())
    }
}

/// A column as an item.
fn column(qualifier: Option<&Ident>, name: &str, alias: String, span: Span) -> SelectItem {
    let ident = |name: String| Ident { name, quoted: true, span };
    let kind = ExprKind::Column { qualifier: qualifier.cloned(), name: ident(name.into()) };
    SelectItem::Expr { expr: ast::Expr { kind, span }, alias: Some(ident(alias)) }
}

/// `alias.*`; behind a PARTITION BY ksqlDB counts the record's own pseudo columns in.
fn star(part: &Part, repartitioned: bool, span: Span) -> Vec<SelectItem> {
    let pseudo = Pseudo::ALL[..3].iter().map(|p| p.name()).filter(|_| repartitioned);
    let columns = part.source.schema.star().map(|c| c.name.as_str()).chain(pseudo);
    columns.map(|name| column(Some(&part.alias), name, part.prefixed(name), span)).collect()
}

impl Scope for BoundFrom {
    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic> {
        if let [part] = self.parts.as_slice() {
            return SourceScope { source: &part.source, alias: &part.alias }.column(qualifier, name);
        }
        match qualifier {
            Some(qualifier) => {
                let part = self.by_alias(qualifier, &name.name)?;
                part.find(&name.name).ok_or_else(|| self.unknown(Some(part), name))
            }
            None => self.unqualified(name),
        }
    }

    fn env(&self) -> &Env {
        &self.env
    }

    fn position(&mut self, _: Span) -> Result<Vec<Expr>, Diagnostic> {
        Ok(super::position::of_parts(&self.parts).chain([self.sites.next()]).collect())
    }

    fn time(&mut self, call: &Ident) -> Result<Expr, Diagnostic> {
        if !self.is_join() {
            return self.column(None, &Ident { name: Pseudo::Rowtime.name().into(), ..call.clone() });
        }
        super::position::time_of_parts(&self.parts, call)
    }
}
