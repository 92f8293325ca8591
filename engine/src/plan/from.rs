//! What a query reads: one source, or sources joined.
//!
//! What holds: joins of several sources are left-deep; every expression is over the row that it names, and
//! a joined row holds the rows of its sides whole, so that a column's place follows from the sources alone.

use std::sync::Arc;

use super::{KeyWindow, Pseudo, Source};
use crate::types::DataType;
use crate::types::expr::Expr;

/// What a query reads.
///
/// The row of a source is its key columns, its value columns, then [`Pseudo::ALL`]. The row of a join is the
/// left row, the right row, the join's key column, then [`Pseudo::ALL`] of the joined row.
#[derive(Debug, Clone)]
pub enum From {
    /// One stream or table.
    Source(Arc<Source>),
    /// Two sides joined.
    Join(Box<Join>),
}

/// A join of what stands on the left with one more source.
#[derive(Debug, Clone)]
pub struct Join {
    /// The left side.
    pub left: From,
    /// The right side.
    pub right: Arc<Source>,
    /// Which rows without a partner are kept.
    pub kind: JoinKind,
    /// What is equal to `right_key`, over the left row, of the same type.
    pub left_key: Expr,
    /// Over the right row.
    pub right_key: Expr,
    /// How the key column of the joined row arises.
    pub key: JoinKey,
    /// How far apart two records may be: of a join of two streams, and of no other.
    pub within: Option<Within>,
    /// A join of two tables where `left_key` is no key of the left one: the result keeps the left's key.
    pub foreign: bool,
}

/// The kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Rows with a partner alone.
    Inner,
    /// All of the left.
    Left,
    /// All of the right.
    Right,
    /// All of both.
    Full,
}

impl JoinKind {
    /// Its word in SQL.
    pub fn name(self) -> &'static str {
        match self {
            JoinKind::Inner => "INNER",
            JoinKind::Left => "LEFT",
            JoinKind::Right => "RIGHT",
            JoinKind::Full => "FULL",
        }
    }
}

/// The key column of a joined row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinKey {
    /// Where its value comes from.
    pub origin: KeyOrigin,
    /// Its name, for canonical text and for `*`.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// Where the value of a joined row's key column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOrigin {
    /// The left side's key expression.
    Left,
    /// The right side's key expression.
    Right,
    /// Whichever side has a row: they are equal where both have one.
    Either,
    /// The left row's own key: of a join by a foreign key. The column is the first of that key's columns,
    /// [`From::key`] has all.
    LeftRow,
}

/// How far apart the times of two joined records may be, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Within {
    /// How much earlier than the left record the right one may be.
    pub before: i64,
    /// How much later than the left record the right one may be.
    pub after: i64,
    /// How long a record that is late still finds partners; None is ksqlDB's default of 24 hours less the
    /// window, and its results of outer joins at once.
    pub grace: Option<i64>,
}

impl From {
    /// How many values its row has, pseudo columns and all.
    pub fn width(&self) -> usize {
        self.pseudo_at() + Pseudo::ALL.len()
    }

    /// Where the pseudo columns of its row begin.
    pub fn pseudo_at(&self) -> usize {
        match self {
            From::Source(source) => source.schema.width(),
            From::Join(join) => join.key_at() + 1,
        }
    }

    /// Its sources, left to right.
    pub fn sources(&self) -> Vec<&Arc<Source>> {
        match self {
            From::Source(source) => vec![source],
            From::Join(join) => {
                let mut sources = join.left.sources();
                sources.push(&join.right);
                sources
            }
        }
    }

    /// The leftmost source.
    pub fn first(&self) -> &Arc<Source> {
        match self {
            From::Source(source) => source,
            From::Join(join) => join.left.first(),
        }
    }

    /// The source, where it is a single one.
    pub fn single(&self) -> Option<&Arc<Source>> {
        match self {
            From::Source(source) => Some(source),
            From::Join(_) => None,
        }
    }

    /// Whether its rows are a table's: those of a table, or of joined tables alone.
    pub fn is_table(&self) -> bool {
        match self {
            From::Source(source) => source.is_table,
            From::Join(join) => join.left.is_table() && join.right.is_table,
        }
    }

    /// Canonical text of where its rows come from, for fingerprints of state.
    pub(crate) fn input_text(&self) -> String {
        let text = |source: &Source| format!("topic {} time {}", source.topic, source.time_text());
        match self {
            From::Source(source) => text(source),
            From::Join(join) => join.canonical(&join.left.input_text(), &text(&join.right)),
        }
    }

    /// How its key is windowed. A stream that is joined with a table keeps its windows; of two streams, both
    /// are windowed alike or not at all.
    pub fn window(&self) -> Option<KeyWindow> {
        match self {
            From::Source(source) => source.window,
            From::Join(join) => join.left.window(),
        }
    }

    /// The columns of its key, over its row.
    pub fn key(&self) -> Vec<Expr> {
        match self {
            From::Source(source) => {
                let column = |(i, c): (usize, &crate::types::Column)| {
                    Expr::column(i, c.name.clone(), c.data_type.clone())
                };
                source.schema.key.iter().enumerate().map(column).collect()
            }
            From::Join(join) if join.foreign => join.left.key(),
            From::Join(join) => {
                vec![Expr::column(join.key_at(), join.key.name.clone(), join.key.data_type.clone())]
            }
        }
    }
}

impl Join {
    /// Where the right row begins in the joined row.
    pub fn right_at(&self) -> usize {
        self.left.width()
    }

    /// The canonical text of what it means, `left` and `right` being those of its sides.
    pub(crate) fn canonical(&self, left: &str, right: &str) -> String {
        let foreign = if self.foreign { " foreign" } else { "" };
        let within = match &self.within {
            None => String::new(),
            Some(Within { before, after, grace }) => {
                let grace = grace.map_or("none".into(), |g| g.to_string());
                format!(" within {before} {after} grace {grace}")
            }
        };
        format!(
            "join/1{foreign} {} ({left}) with ({right}) on {} = {}{within} key {:?}",
            self.kind.name(),
            self.left_key,
            self.right_key,
            self.key.origin,
        )
    }

    /// Where the key column stands in the joined row.
    pub fn key_at(&self) -> usize {
        self.left.width() + self.right.schema.width() + Pseudo::ALL.len()
    }
}
