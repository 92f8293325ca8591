//! The syntax tree of one statement: what was written, nothing resolved.
//!
//! Enters from the parser, leaves to the binder. Every node that an error can be about carries the
//! [`Span`] of its source text. Identifiers are already in ksqlDB's normal form: an unquoted name in
//! upper case, a back-quoted or double-quoted one as it stands.

mod expr;

pub use expr::{BinaryOp, Expr, ExprKind};

/// A stretch of a source file: byte offsets into the original text of file `file` (an index into the
/// loaded files), also for text that came out of a `${variable}`: it points at the `${...}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// Index of the file.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest stretch that covers both (of one file).
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A name in normal form, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name as it is compared.
    pub name: String,
    /// It was quoted, so its case is kept.
    pub quoted: bool,
    /// Where.
    pub span: Span,
}

/// A `--@name: value` comment in front of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// In lower case, as written otherwise.
    pub name: String,
    /// Trimmed.
    pub value: String,
    /// The name's place.
    pub name_span: Span,
    /// The value's place; where it is empty, the name's.
    pub value_span: Span,
}

/// A statement, with the directives that stand in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it says.
    pub kind: StatementKind,
    /// Directives between the previous statement and this one.
    pub directives: Vec<Directive>,
    /// From its first to its last token.
    pub span: Span,
    /// Its text with variables substituted, without the `;` and the comments in front.
    pub text: String,
}

/// The statements.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the forms show what the fields are")]
pub enum StatementKind {
    /// `CREATE [OR REPLACE] [SOURCE] STREAM|TABLE [IF NOT EXISTS] name (columns) WITH (...)`
    CreateSource(CreateSource),
    /// `CREATE [OR REPLACE] STREAM|TABLE [IF NOT EXISTS] name [WITH (...)] AS SELECT ...`
    CreateAs(CreateAs),
    /// `INSERT INTO name [WITH (QUERY_ID='...')] SELECT ...`
    InsertSelect(InsertSelect),
    /// `INSERT INTO name [(columns)] VALUES (expressions)`
    InsertValues(InsertValues),
    /// `SET 'name' = 'value'`
    Set { name: Literal, value: Literal },
    /// `UNSET 'name'`
    Unset { name: Literal },
    /// `DEFINE name = 'value'`; already applied by the parser, kept for listing.
    Define { name: Ident, value: String },
    /// `UNDEFINE name`
    Undefine { name: Ident },
    /// `DROP STREAM|TABLE [IF EXISTS] name [DELETE TOPIC]`
    Drop { kind: SourceKind, if_exists: bool, name: Ident, delete_topic: bool },
    /// `SHOW ...` or `LIST ...`; the words after it.
    Show { what: Vec<Ident> },
    /// `DESCRIBE name [EXTENDED]`
    Describe { name: Ident, extended: bool },
    /// `EXPLAIN statement` or `EXPLAIN query-id`
    Explain { query: Option<Ident>, statement: Option<Box<Statement>> },
    /// `CREATE TYPE [IF NOT EXISTS] name AS type`
    CreateType { if_not_exists: bool, name: Ident, data_type: TypeName },
    /// `DROP TYPE [IF EXISTS] name`
    DropType { if_exists: bool, name: Ident },
    /// `ASSERT ...` of ksqlDB's test form; the words are kept for the test runner.
    Assert(Assert),
}

/// A string literal of a statement that takes only text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The text, unquoted.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// Stream or table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A stream: every record is an event.
    Stream,
    /// A table: a record replaces the one of the same key.
    Table,
}

/// How a column takes part in the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnRole {
    /// Part of the value.
    Value,
    /// `KEY` of a stream.
    Key,
    /// `PRIMARY KEY` of a table.
    PrimaryKey,
    /// `HEADERS`, or `HEADER('name')`.
    Headers(Option<String>),
}

/// A declared column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: TypeName,
    /// Its role.
    pub role: ColumnRole,
    /// Where.
    pub span: Span,
}

/// A type as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeName {
    /// What it is.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The forms of types.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// A word: `VARCHAR`, `BIGINT`, or a type made by CREATE TYPE; VARCHAR(n) drops its length.
    Named(String),
    /// `DECIMAL(precision, scale)`
    Decimal(u32, u32),
    /// `ARRAY<element>`
    Array(Box<TypeName>),
    /// `MAP<key, value>`
    Map(Box<TypeName>, Box<TypeName>),
    /// `STRUCT<name type, ...>`
    Struct(Vec<(Ident, TypeName)>),
}

/// `name = value` in `WITH (...)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The property.
    pub name: Ident,
    /// A literal.
    pub value: Expr,
}

/// A source over a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateSource {
    /// OR REPLACE.
    pub or_replace: bool,
    /// `CREATE SOURCE STREAM|TABLE`: read-only.
    pub read_only: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Stream or table.
    pub kind: SourceKind,
    /// Its name.
    pub name: Ident,
    /// The declared columns; empty where the list is left out.
    pub columns: Vec<ColumnDef>,
    /// WITH.
    pub properties: Vec<Property>,
}

/// A derived stream or table.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateAs {
    /// OR REPLACE.
    pub or_replace: bool,
    /// IF NOT EXISTS.
    pub if_not_exists: bool,
    /// Stream or table.
    pub kind: SourceKind,
    /// Its name.
    pub name: Ident,
    /// WITH.
    pub properties: Vec<Property>,
    /// The query.
    pub query: Query,
}

/// A further query into a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertSelect {
    /// The stream.
    pub target: Ident,
    /// WITH.
    pub properties: Vec<Property>,
    /// The query.
    pub query: Query,
}

/// A record written by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertValues {
    /// The stream or table.
    pub target: Ident,
    /// The columns named; empty for all.
    pub columns: Vec<Ident>,
    /// As many expressions.
    pub values: Vec<Expr>,
}

/// An assertion of ksqlDB's test form.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the forms show what the fields are")]
pub enum Assert {
    /// `ASSERT [NULL] VALUES name (columns) VALUES (expressions)`
    Values { null: bool, insert: InsertValues },
    /// `ASSERT STREAM|TABLE name (columns) WITH (...)`
    Source(CreateSource),
    /// `ASSERT [NOT EXISTS] TOPIC name [WITH (...)] [TIMEOUT n SECONDS]`
    Topic { absent: bool, name: Ident, properties: Vec<Property> },
}

/// A SELECT.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The items.
    pub items: Vec<SelectItem>,
    /// FROM with its joins.
    pub from: From,
    /// WINDOW.
    pub window: Option<Window>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY; empty where there is none.
    pub group_by: Vec<Expr>,
    /// PARTITION BY; empty where there is none.
    pub partition_by: Vec<Expr>,
    /// HAVING.
    pub having: Option<Expr>,
    /// EMIT.
    pub emit: Option<Emit>,
    /// LIMIT, which only transient queries know; kept for its error.
    pub limit: Option<Span>,
    /// From SELECT to its last token.
    pub span: Span,
}

/// EMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emit {
    /// EMIT FINAL; otherwise EMIT CHANGES.
    pub is_final: bool,
    /// Where.
    pub span: Span,
}

/// An item of a SELECT.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the forms show what the fields are")]
pub enum SelectItem {
    /// `*` or `alias.*`
    All { qualifier: Option<Ident>, span: Span },
    /// `struct->*`
    StructAll { expr: Expr, span: Span },
    /// `expression [AS name]`
    Expr { expr: Expr, alias: Option<Ident> },
}

/// A source in FROM with its alias.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// The source.
    pub name: Ident,
    /// Its alias.
    pub alias: Option<Ident>,
}

/// FROM.
#[derive(Debug, Clone, PartialEq)]
pub struct From {
    /// The first source.
    pub first: Relation,
    /// What is joined to it, left to right.
    pub joins: Vec<Join>,
}

/// A join.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    /// Its kind.
    pub kind: JoinKind,
    /// The source joined.
    pub right: Relation,
    /// `WITHIN before [, after] [GRACE PERIOD ...]`
    pub within: Option<Within>,
    /// ON.
    pub on: Expr,
    /// Where.
    pub span: Span,
}

/// The kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// JOIN, INNER JOIN
    Inner,
    /// `LEFT [OUTER] JOIN`
    Left,
    /// `RIGHT [OUTER] JOIN`
    Right,
    /// `FULL [OUTER] JOIN`
    Full,
}

/// How far apart two records of a stream-stream join may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// Before.
    pub before: Duration,
    /// After.
    pub after: Duration,
    /// GRACE PERIOD.
    pub grace: Option<Duration>,
    /// Where.
    pub span: Span,
}

/// `5 MINUTES`, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration {
    /// Milliseconds.
    pub millis: i64,
    /// Where.
    pub span: Span,
}

/// WINDOW.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// An optional name in front of the kind.
    pub name: Option<Ident>,
    /// The kind with its sizes.
    pub kind: WindowKind,
    /// RETENTION.
    pub retention: Option<Duration>,
    /// GRACE PERIOD.
    pub grace: Option<Duration>,
    /// Where.
    pub span: Span,
}

/// The kinds of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the forms show what the fields are")]
pub enum WindowKind {
    /// TUMBLING (SIZE n unit)
    Tumbling { size: Duration },
    /// HOPPING (SIZE n unit, ADVANCE BY n unit)
    Hopping { size: Duration, advance: Duration },
    /// SESSION (n unit)
    Session { gap: Duration },
}
