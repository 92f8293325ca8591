//! Expressions of the syntax tree.

use super::{Ident, Literal, Span, TypeName};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `||`
    Concat,
    /// `=`
    Equal,
    /// `<>` or `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `IS DISTINCT FROM`
    IsDistinctFrom,
    /// `IS NOT DISTINCT FROM`
    IsNotDistinctFrom,
    /// AND
    And,
    /// OR
    Or,
}

/// The forms of expressions.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the forms show what the fields are")]
pub enum ExprKind {
    /// NULL
    Null,
    /// TRUE, FALSE
    Boolean(bool),
    /// Digits: `42`; the text, so that nothing is lost.
    Integer(String),
    /// Digits with a point: `1.50`, a DECIMAL.
    Decimal(String),
    /// With an exponent: `1E3`, a DOUBLE.
    Double(String),
    /// `'text'`
    String(String),
    /// `name` or `source.name`; a unit of time as a bare argument too: the DAYS of `DATEADD(DAYS, ...)`.
    Column { qualifier: Option<Ident>, name: Ident },
    /// `left op right`
    Binary { op: BinaryOp, left: Box<Expr>, right: Box<Expr> },
    /// `NOT e`
    Not(Box<Expr>),
    /// `-e`
    Negate(Box<Expr>),
    /// `+e`
    Plus(Box<Expr>),
    /// `e IS [NOT] NULL`
    IsNull { expr: Box<Expr>, negated: bool },
    /// `e [NOT] BETWEEN low AND high`
    Between { expr: Box<Expr>, low: Box<Expr>, high: Box<Expr>, negated: bool },
    /// `e [NOT] IN (list)`
    In { expr: Box<Expr>, list: Vec<Expr>, negated: bool },
    /// `e [NOT] LIKE pattern [ESCAPE 'c']`
    Like { expr: Box<Expr>, pattern: Box<Expr>, escape: Option<Literal>, negated: bool },
    /// CASE; `operand` in the simple form.
    Case { operand: Option<Box<Expr>>, whens: Vec<(Expr, Expr)>, otherwise: Option<Box<Expr>> },
    /// `CAST(e AS type)`
    Cast { expr: Box<Expr>, to: TypeName },
    /// `name(arguments)`; `COUNT(*)` has `star` and no arguments.
    Call { name: Ident, args: Vec<Expr>, star: bool },
    /// `base[index]`
    Subscript { base: Box<Expr>, index: Box<Expr> },
    /// `base->field`
    Field { base: Box<Expr>, field: Ident },
    /// `ARRAY[...]`
    Array(Vec<Expr>),
    /// `MAP(key := value, ...)`
    Map(Vec<(Expr, Expr)>),
    /// `STRUCT(name := value, ...)`
    Struct(Vec<(Ident, Expr)>),
    /// `x => body`, `(x, y) => body`
    Lambda { params: Vec<Ident>, body: Box<Expr> },
}
