//! Canonical text of bound expressions, for fingerprints and versions: it never changes for the same meaning.

use std::fmt;

use super::{CompareOp, Expr, Lambda, Like, Node};
use crate::types::Value;

impl CompareOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::Equal => "=",
            CompareOp::NotEqual => "<>",
            CompareOp::Less => "<",
            CompareOp::LessOrEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterOrEqual => ">=",
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, separator: &str, items: &[Expr]) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn literal(f: &mut fmt::Formatter<'_>, value: &Value<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("NULL"),
        Value::Boolean(v) => write!(f, "{v}"),
        Value::Integer(v) => write!(f, "{v}"),
        Value::Bigint(v) => write!(f, "{v}"),
        Value::Double(v) => write!(f, "{v:e}"),
        Value::Decimal(v) => write!(f, "{v}"),
        Value::String(v) => write!(f, "'{}'", v.replace('\'', "''")),
        Value::Bytes(v) => write!(f, "X'{}'", v.iter().map(|b| format!("{b:02x}")).collect::<String>()),
        Value::Date(v) => write!(f, "DATE({v})"),
        Value::Time(v) => write!(f, "TIME({v})"),
        Value::Timestamp(v) => write!(f, "TIMESTAMP({v})"),
        other => write!(f, "{other:?}"),
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn case(f: &mut fmt::Formatter<'_>, whens: &[(Expr, Expr)], otherwise: Option<&Expr>) -> fmt::Result {
    f.write_str("CASE")?;
    for (condition, result) in whens {
        write!(f, " WHEN {condition} THEN {result}")?;
    }
    if let Some(e) = otherwise {
        write!(f, " ELSE {e}")?;
    }
    f.write_str(" END")
}

fn higher_order(f: &mut fmt::Formatter<'_>, name: &str, args: &[Expr], lambdas: &[Lambda]) -> fmt::Result {
    write!(f, "{name}(")?;
    list(f, ", ", args)?;
    for lambda in lambdas {
        write!(f, ", ({}) => {}", lambda.params.join(", "), lambda.body)?;
    }
    f.write_str(")")
}

fn map(f: &mut fmt::Formatter<'_>, entries: &[(Expr, Expr)]) -> fmt::Result {
    f.write_str("MAP(")?;
    for (key, value) in entries {
        write!(f, "{key} := {value};")?;
    }
    f.write_str(")")
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Node::Column { name, .. } => write!(f, "`{name}`"),
            Node::Literal(value) => literal(f, value),
            Node::And(all) => {
                f.write_str("(")?;
                list(f, " AND ", all)?;
                f.write_str(")")
            }
            Node::Or(any) => {
                f.write_str("(")?;
                list(f, " OR ", any)?;
                f.write_str(")")
            }
            Node::Not(e) => write!(f, "NOT {e}"),
            Node::Compare(op, l, r) => write!(f, "({l} {} {r})", op.symbol()),
            Node::Distinct { sides, negated } => {
                write!(f, "({} IS {}DISTINCT FROM {})", sides[0], not(*negated), sides[1])
            }
            Node::IsNull { expr, negated } => write!(f, "({expr} IS {}NULL)", not(*negated)),
            Node::Between { parts, negated } => {
                let [e, low, high] = &**parts;
                write!(f, "({e} {}BETWEEN {low} AND {high})", not(*negated))
            }
            Node::In { expr, list: items, negated } => {
                write!(f, "({expr} {}IN (", not(*negated))?;
                list(f, ", ", items)?;
                f.write_str("))")
            }
            Node::Like { expr, pattern, negated } => match &**pattern {
                Like::Constant(pattern) => write!(f, "({expr} {}LIKE {pattern:?})", not(*negated)),
                Like::Dynamic { pattern, escape } => {
                    write!(f, "({expr} {}LIKE {pattern} ESCAPE {escape:?})", not(*negated))
                }
            },
            Node::Arithmetic(op, l, r) => write!(f, "({l} {} {r})", op.symbol()),
            Node::Negate(e) => write!(f, "-{e}"),
            Node::Case { whens, otherwise } => case(f, whens, otherwise.as_deref()),
            Node::Cast(e) => match &self.data_type {
                Some(to) => write!(f, "CAST({e} AS {to})"),
                None => write!(f, "{e}"),
            },
            Node::Call { name, args, .. } => {
                write!(f, "{name}(")?;
                list(f, ", ", args)?;
                f.write_str(")")
            }
            Node::HigherOrder { function, args, lambdas } => higher_order(f, function.name(), args, lambdas),
            // What it stands around already says what is computed.
            Node::NotNull(e) => write!(f, "{e}"),
            Node::Subscript(base, index) => write!(f, "{base}[{index}]"),
            Node::Field { base, name, .. } => write!(f, "{base}->`{name}`"),
            Node::Array(items) => {
                f.write_str("ARRAY[")?;
                list(f, ", ", items)?;
                f.write_str("]")
            }
            Node::Struct(items) => {
                f.write_str("STRUCT(")?;
                list(f, ", ", items)?;
                f.write_str(")")
            }
            Node::Map(entries) => map(f, entries),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Expr { node: self.clone(), data_type: None })
    }
}
