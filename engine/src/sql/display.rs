//! Syntax trees as canonical SQL, for messages and for names that are made from expressions.
//!
//! Enters: expressions and types. Leaves: text that parses to the same meaning: names in quotes only
//! where they need them, one space around operators, brackets only where precedence asks for them.

use super::ast::{BinaryOp, Expr, ExprKind, Ident, TypeKind, TypeName};
use super::parser::is_reserved;
use std::fmt::{Display, Formatter, Result};

/// How tightly forms bind; an operand that binds looser than its place asks for gets brackets.
mod level {
    pub(super) const ANY: u8 = 0;
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const PREDICATE: u8 = 4;
    pub(super) const CONCAT: u8 = 5;
    pub(super) const ADD: u8 = 6;
    pub(super) const MULTIPLY: u8 = 7;
    pub(super) const SIGN: u8 = 8;
    pub(super) const PRIMARY: u8 = 9;
    /// The loosest form without AND, OR, NOT and predicates.
    pub(super) const VALUE: u8 = CONCAT;
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        At(self, level::ANY).fmt(f)
    }
}

impl Display for BinaryOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            BinaryOp::Add => "+",
            BinaryOp::Subtract => "-",
            BinaryOp::Multiply => "*",
            BinaryOp::Divide => "/",
            BinaryOp::Modulo => "%",
            BinaryOp::Concat => "||",
            BinaryOp::Equal => "=",
            BinaryOp::NotEqual => "<>",
            BinaryOp::Less => "<",
            BinaryOp::LessOrEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterOrEqual => ">=",
            BinaryOp::IsDistinctFrom => "IS DISTINCT FROM",
            BinaryOp::IsNotDistinctFrom => "IS NOT DISTINCT FROM",
            BinaryOp::And => "AND",
            BinaryOp::Or => "OR",
        })
    }
}

/// The name as it would be written: in back quotes where its case or characters need them.
impl Display for Ident {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if !self.quoted { f.write_str(&self.name) } else { name(&self.name, f) }
    }
}

fn name(name: &str, f: &mut Formatter<'_>) -> Result {
    let plain = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !is_reserved(name);
    if plain { f.write_str(name) } else { write!(f, "`{}`", name.replace('`', "``")) }
}

impl Display for TypeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            TypeKind::Named(word) => name(word, f),
            TypeKind::Decimal(precision, scale) => write!(f, "DECIMAL({precision}, {scale})"),
            TypeKind::Array(element) => write!(f, "ARRAY<{element}>"),
            TypeKind::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            TypeKind::Struct(fields) => {
                f.write_str("STRUCT<")?;
                list(f, fields, |f, (name, data_type)| write!(f, "{name} {data_type}"))?;
                f.write_str(">")
            }
        }
    }
}

fn list<T>(f: &mut Formatter<'_>, items: &[T], item: impl Fn(&mut Formatter<'_>, &T) -> Result) -> Result {
    for (number, one) in items.iter().enumerate() {
        if number > 0 {
            f.write_str(", ")?;
        }
        item(f, one)?;
    }
    Ok(())
}

fn expressions(f: &mut Formatter<'_>, items: &[Expr]) -> Result {
    list(f, items, |f, one| one.fmt(f))
}

fn string(f: &mut Formatter<'_>, text: &str) -> Result {
    write!(f, "'{}'", text.replace('\'', "''"))
}

fn level_of(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Binary { op, .. } => level_of_operator(*op),
        ExprKind::Not(_) => level::NOT,
        ExprKind::IsNull { .. } | ExprKind::Between { .. } | ExprKind::In { .. } | ExprKind::Like { .. } => {
            level::PREDICATE
        }
        ExprKind::Negate(_) | ExprKind::Plus(_) => level::SIGN,
        ExprKind::Lambda { .. } => level::ANY,
        _ => level::PRIMARY,
    }
}

fn level_of_operator(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => level::OR,
        BinaryOp::And => level::AND,
        BinaryOp::Concat => level::CONCAT,
        BinaryOp::Add | BinaryOp::Subtract => level::ADD,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => level::MULTIPLY,
        _ => level::PREDICATE,
    }
}

/// An expression where at least a level is asked for.
struct At<'a>(&'a Expr, u8);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let At(expr, least) = self;
        if level_of(expr) >= *least {
            return kind(f, &expr.kind);
        }
        f.write_str("(")?;
        kind(f, &expr.kind)?;
        f.write_str(")")
    }
}

fn value(expr: &Expr) -> At<'_> {
    At(expr, level::VALUE)
}

fn primary(expr: &Expr) -> At<'_> {
    At(expr, level::PRIMARY)
}

fn not(negated: &bool) -> &'static str {
    if *negated { "NOT " } else { "" }
}

fn kind(f: &mut Formatter<'_>, kind: &ExprKind) -> Result {
    match kind {
        ExprKind::Null => f.write_str("NULL"),
        ExprKind::Boolean(truth) => f.write_str(if *truth { "TRUE" } else { "FALSE" }),
        ExprKind::Integer(digits) | ExprKind::Decimal(digits) | ExprKind::Double(digits) => {
            f.write_str(digits)
        }
        ExprKind::String(text) => string(f, text),
        ExprKind::Column { qualifier: None, name } => name.fmt(f),
        ExprKind::Column { qualifier: Some(source), name } => write!(f, "{source}.{name}"),
        ExprKind::Binary { op, left, right } => binary(f, *op, left, right),
        ExprKind::Not(expr) => write!(f, "NOT {}", At(expr, level::NOT)),
        ExprKind::Negate(expr) => negated(f, expr),
        ExprKind::Plus(expr) => write!(f, "+{}", At(expr, level::SIGN)),
        ExprKind::IsNull { expr, negated } => write!(f, "{} IS {}NULL", value(expr), not(negated)),
        ExprKind::Between { expr, low, high, negated } => {
            write!(f, "{} {}BETWEEN {} AND {}", value(expr), not(negated), value(low), value(high))
        }
        ExprKind::In { expr, list, negated } => {
            write!(f, "{} {}IN (", value(expr), not(negated))?;
            expressions(f, list)?;
            f.write_str(")")
        }
        ExprKind::Like { expr, pattern, escape, negated } => {
            write!(f, "{} {}LIKE {}", value(expr), not(negated), value(pattern))?;
            let Some(escape) = escape else { return Ok(()) };
            f.write_str(" ESCAPE ")?;
            string(f, &escape.text)
        }
        ExprKind::Case { operand, whens, otherwise } => {
            case(f, operand.as_deref(), whens, otherwise.as_deref())
        }
        ExprKind::Cast { expr, to } => write!(f, "CAST({expr} AS {to})"),
        ExprKind::Call { name, star: true, .. } => write!(f, "{name}(*)"),
        ExprKind::Call { name, args, .. } => {
            write!(f, "{name}(")?;
            expressions(f, args)?;
            f.write_str(")")
        }
        ExprKind::Subscript { base, index } => write!(f, "{}[{}]", primary(base), value(index)),
        ExprKind::Field { base, field } => write!(f, "{}->{field}", primary(base)),
        ExprKind::Array(_) | ExprKind::Map(_) | ExprKind::Struct(_) => constructor(f, kind),
        ExprKind::Lambda { params, body } => lambda(f, params, body),
    }
}

fn binary(f: &mut Formatter<'_>, op: BinaryOp, left: &Expr, right: &Expr) -> Result {
    let own = level_of_operator(op);
    let (of_left, of_right) = match own {
        // AND and OR are associative; comparisons take values on both sides.
        level::OR | level::AND => (own, own),
        level::PREDICATE => (level::VALUE, level::VALUE),
        _ => (own, own + 1),
    };
    write!(f, "{} {op} {}", At(left, of_left), At(right, of_right))
}

/// A sign in front of digits or of another sign would be read as something else.
fn negated(f: &mut Formatter<'_>, expr: &Expr) -> Result {
    let bare = !matches!(
        expr.kind,
        ExprKind::Integer(_) | ExprKind::Decimal(_) | ExprKind::Double(_) | ExprKind::Negate(_)
    ) && !starts_with_minus(expr);
    if bare { write!(f, "-{}", At(expr, level::SIGN)) } else { write!(f, "-({expr})") }
}

/// `-5[1]`: digits with a sign may begin a longer primary expression.
fn starts_with_minus(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Subscript { base, .. } | ExprKind::Field { base, .. } => starts_with_number(base),
        _ => false,
    }
}

fn starts_with_number(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Integer(_) | ExprKind::Decimal(_) | ExprKind::Double(_) => true,
        _ => starts_with_minus(expr),
    }
}

fn case(
    f: &mut Formatter<'_>,
    operand: Option<&Expr>,
    whens: &[(Expr, Expr)],
    otherwise: Option<&Expr>,
) -> Result {
    f.write_str("CASE")?;
    if let Some(operand) = operand {
        write!(f, " {}", value(operand))?;
    }
    for (condition, result) in whens {
        write!(f, " WHEN {condition} THEN {result}")?;
    }
    if let Some(otherwise) = otherwise {
        write!(f, " ELSE {otherwise}")?;
    }
    f.write_str(" END")
}

fn constructor(f: &mut Formatter<'_>, kind: &ExprKind) -> Result {
    match kind {
        ExprKind::Array(elements) => {
            f.write_str("ARRAY[")?;
            expressions(f, elements)?;
            f.write_str("]")
        }
        ExprKind::Map(entries) => {
            f.write_str("MAP(")?;
            list(f, entries, |f, (key, value)| write!(f, "{key} := {value}"))?;
            f.write_str(")")
        }
        ExprKind::Struct(fields) => {
            f.write_str("STRUCT(")?;
            list(f, fields, |f, (name, value)| write!(f, "{name} := {value}"))?;
            f.write_str(")")
        }
        _ => Ok(()),
    }
}

fn lambda(f: &mut Formatter<'_>, params: &[Ident], body: &Expr) -> Result {
    if let [one] = params {
        return write!(f, "{one} => {body}");
    }
    f.write_str("(")?;
    list(f, params, |f, one| one.fmt(f))?;
    write!(f, ") => {body}")
}

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use crate::sql::ast::{SelectItem, StatementKind};
    use crate::sql::{SourceFile, parse_program};

    fn canonical(expr: &str) -> String {
        let file = SourceFile::new("test.sql", format!("CREATE STREAM S AS SELECT {expr} FROM T;"));
        let (statements, findings) = parse_program(&[file]);
        assert!(findings.is_empty(), "{expr}: {findings:?}");
        match &statements[0].kind {
            StatementKind::CreateAs(create) => match &create.query.items[0] {
                SelectItem::Expr { expr, .. } => expr.to_string(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_brackets_that_are_needed() {
        let cases = [
            ("(a + b) * c", "(A + B) * C"),
            ("a + (b * c)", "A + B * C"),
            ("a - (b - c)", "A - (B - C)"),
            ("(a - b) - c", "A - B - C"),
            ("a || (b + 1)", "A || B + 1"),
            ("(a || b) + 1", "(A || B) + 1"),
            ("((a and b) or c)", "A AND B OR C"),
            ("a and (b or c)", "A AND (B OR C)"),
            ("a and (b and c)", "A AND B AND C"),
            ("not (a = b)", "NOT A = B"),
            ("not (a or b)", "NOT (A OR B)"),
            ("(a = b) = c", "(A = B) = C"),
            ("(not a) is null", "(NOT A) IS NULL"),
            ("- (- a)", "-(-A)"),
            ("-(5)", "-(5)"),
            ("- 5 + +a", "-5 + +A"),
            ("-(a + b)", "-(A + B)"),
            ("(a)->b[1 + 2]", "A->B[1 + 2]"),
        ];
        for (written, expected) in cases {
            assert_eq!(canonical(written), expected, "{written}");
        }
    }

    #[test]
    fn every_form() {
        let cases = [
            "NULL",
            "TRUE",
            "1.50",
            "1E3",
            "'it''s'",
            "T.A",
            "`lower` || `two words` || `a``b` || `SELECT`",
            "A NOT BETWEEN 1 AND 2",
            "A IN (1, B + 1, 'x')",
            "A NOT LIKE '%!%%' ESCAPE '!'",
            "A IS NOT DISTINCT FROM NULL",
            "CASE WHEN A > 1 THEN 'x' WHEN B THEN 'y' ELSE 'z' END",
            "CASE A WHEN 1 THEN 2 END",
            "CAST(A AS DECIMAL(18, 4))",
            "CAST(A AS STRUCT<X INT, Y ARRAY<MAP<VARCHAR, `my type`>>>)",
            "COUNT(*)",
            "DATEADD(DAYS, 1, D)",
            "REDUCE(A, 0, (S, X) => S + X)",
            "TRANSFORM(A, X => X * 2)",
            "ARRAY[1, 2]",
            "MAP('a' := 1, 'b' := 2)",
            "STRUCT(A := 1, `b` := 2)",
            "A->B->C[1]['k']",
        ];
        for text in cases {
            assert_eq!(canonical(text), text);
        }
    }

    #[test]
    fn quotes_that_are_not_needed_go() {
        assert_eq!(canonical("`AMOUNT` + \"AMOUNT\""), "AMOUNT + AMOUNT");
    }
}
