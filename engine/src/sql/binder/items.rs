//! The SELECT list: `*` and `->*` written out, and a name for what has none.
//!
//! Enters: the items as written. Leaves: one expression and one name per column, nothing bound. What holds:
//! a name that is made here is that of no column of the sources, nor of another item that was named here.

use super::expr::bind;
use super::from::BoundFrom;
use super::scope::{Scope, type_name};
use crate::plan::Source;
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, SelectItem, Span};
use crate::types::DataType;

/// An item of the SELECT list: its name, and its expression as written.
pub(super) struct Item {
    /// The column's name.
    pub(super) name: String,
    /// Where it stands.
    pub(super) span: Span,
    /// What it computes.
    pub(super) expr: AstExpr,
}

/// Makes names as ksqlDB does.
pub(super) struct Names {
    taken: Vec<String>,
    generated: usize,
}

impl Names {
    /// For a query over sources with these columns.
    pub(super) fn new<'c>(columns: impl Iterator<Item = &'c str>) -> Self {
        Self { taken: columns.map(str::to_owned).collect(), generated: 0 }
    }

    /// The name of an item without AS: a column's own, a field's own or else `FIELD_n`, otherwise KSQL_COL_n.
    pub(super) fn of(&mut self, expr: &AstExpr) -> String {
        match &expr.kind {
            ExprKind::Column { name, .. } => name.name.clone(),
            ExprKind::Field { field, .. } => self.of_field(&field.name),
            _ => self.generate(),
        }
    }

    fn generate(&mut self) -> String {
        loop {
            let name = format!("KSQL_COL_{}", self.generated);
            self.generated += 1;
            if !self.taken.contains(&name) {
                return name;
            }
        }
    }

    fn of_field(&mut self, field: &str) -> String {
        let mut name = field.to_owned();
        let mut number = 0;
        while self.taken.contains(&name) {
            number += 1;
            name = format!("{field}_{number}");
        }
        self.taken.push(name.clone());
        name
    }
}

/// Writes `*` and `->*` out and names what has no name.
pub(super) fn expand(
    items: &[SelectItem],
    from: &BoundFrom,
    partition_by: &[AstExpr],
    scope: &mut dyn Scope,
) -> Result<Vec<Item>, Diagnostic> {
    let mut names = Names::new(from.names());
    let (source, alias) = (&from.parts[0].source, &from.parts[0].alias);
    let mut out = Vec::new();
    for item in items {
        match item {
            SelectItem::All { qualifier, span } => {
                if let Some(q) = qualifier
                    && q.name != alias.name
                    && q.name != source.name
                {
                    let message = format!("{} is not in FROM", q.name);
                    return Err(Diagnostic::error("unknown_source", q.span, message)
                        .hint(format!("the source is {}", alias.name)));
                }
                out.extend(star(source, partition_by, *span, &mut names));
            }
            SelectItem::StructAll { expr, span } => out.extend(fields(expr, *span, scope, &mut names)?),
            SelectItem::Expr { expr, alias } => {
                let name = alias.as_ref().map_or_else(|| names.of(expr), |alias| alias.name.clone());
                let span = alias.as_ref().map_or(expr.span, |a| a.span);
                out.push(Item { name, span, expr: expr.clone() });
            }
        }
    }
    Ok(out)
}

/// `struct->*`: all fields.
fn fields(
    base: &AstExpr,
    span: Span,
    scope: &mut dyn Scope,
    names: &mut Names,
) -> Result<Vec<Item>, Diagnostic> {
    let bound = bind(scope, base)?;
    let Some(DataType::Struct(fields)) = &bound.data_type else {
        let message = format!("->* takes a STRUCT, this is {}", type_name(bound.data_type.as_ref()));
        return Err(Diagnostic::error("type_mismatch", base.span, message));
    };
    let item = |field: &crate::types::Field| {
        let ident = Ident { name: field.name.clone(), quoted: true, span };
        let expr = AstExpr { kind: ExprKind::Field { base: Box::new(base.clone()), field: ident }, span };
        Item { name: names.of(&expr), span, expr }
    };
    Ok(fields.iter().map(item).collect())
}

/// `*`: all columns, in the order of key and value; a window's bounds are not columns. Behind PARTITION BY
/// the new key comes first, and the columns of the old one last.
fn star(source: &Source, partition_by: &[AstExpr], span: Span, names: &mut Names) -> Vec<Item> {
    let column = |name: &str| {
        let ident = Ident { name: name.into(), quoted: true, span };
        let expr = AstExpr { kind: ExprKind::Column { qualifier: None, name: ident }, span };
        Item { name: name.into(), span, expr }
    };
    if partition_by.is_empty() {
        return source.schema.star().map(|c| column(&c.name)).collect();
    }
    let width = source.schema.key.len();
    let keys = source.schema.key.iter().map(|c| column(&c.name));
    let values = source.schema.columns().skip(width).map(|c| column(&c.name));
    let new_keys = partition_by.iter().filter(|e| e.kind != ExprKind::Null);
    let mut out: Vec<Item> = new_keys.map(|e| Item { name: names.of(e), span, expr: e.clone() }).collect();
    let is_key = |item: &Item| {
        let names = |e: &AstExpr| matches!(&e.kind, ExprKind::Column { name, .. } if name.name == item.name);
        partition_by.iter().any(names)
    };
    out.extend(values.chain(keys).filter(|item| !is_key(item)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> AstExpr {
        let ident = Ident { name: name.into(), quoted: false, span: Span::default() };
        let base = AstExpr { kind: ExprKind::Null, span: Span::default() };
        AstExpr { kind: ExprKind::Field { base: Box::new(base), field: ident }, span: Span::default() }
    }

    #[test]
    fn made_names_are_new() {
        let mut names = Names::new(["KSQL_COL_1", "CITY"].into_iter());
        let null = AstExpr { kind: ExprKind::Null, span: Span::default() };
        assert_eq!([names.of(&null), names.of(&null)], ["KSQL_COL_0", "KSQL_COL_2"]);
        let fields = ["CITY", "CITY", "ZIP", "ZIP"].map(|name| names.of(&field(name)));
        assert_eq!(fields, ["CITY_1", "CITY_2", "ZIP", "ZIP_1"]);
    }
}
