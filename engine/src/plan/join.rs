//! Joins as steps: what meets what, and how a joined row is put together.
//!
//! What holds: a step's expressions fit the row of its side; what a side remembers lies in a store of the same
//! task, so that both sides of a join are in one task.

use super::{Join, JoinKind, KeyOrigin, KeyWindow, Pseudo, QueryId, StepId, StoreId, Within};
use crate::types::expr::Expr;

/// The side of a join that a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The left.
    Left,
    /// The right.
    Right,
}

/// How a joined row is put together: the left row, the right row, the key column, the pseudo columns.
#[derive(Debug, Clone)]
pub struct JoinRow {
    /// How many values the left row has.
    pub left_width: usize,
    /// How many values the right row has.
    pub right_width: usize,
    /// Over the left row.
    pub left_key: Expr,
    /// Over the right row.
    pub right_key: Expr,
    /// Where the key column comes from.
    pub origin: KeyOrigin,
    /// The left row's own key, over the left row.
    pub left_row_key: Vec<Expr>,
    /// Which rows without a partner are kept.
    pub kind: JoinKind,
    /// How the keys of both sides are windowed: alike, but for the size.
    pub window: Option<KeyWindow>,
}

impl JoinRow {
    /// How the rows of a join are put together.
    pub(super) fn of(join: &Join) -> Self {
        Self {
            left_width: join.right_at(),
            right_width: join.right.schema.width() + Pseudo::ALL.len(),
            left_key: join.left_key.clone(),
            right_key: join.right_key.clone(),
            origin: join.key.origin,
            left_row_key: if join.key.origin == KeyOrigin::LeftRow { join.left.key() } else { Vec::new() },
            kind: join.kind,
            window: join.left.window(),
        }
    }

    /// How many values the joined row has.
    pub fn width(&self) -> usize {
        self.left_width + self.right_width + 1 + Pseudo::ALL.len()
    }

    /// The key of a side's rows, over them.
    pub fn key_of(&self, side: Side) -> &Expr {
        if side == Side::Left { &self.left_key } else { &self.right_key }
    }

    /// Whether a row of this side is kept without a partner.
    pub fn keeps(&self, side: Side) -> bool {
        match self.kind {
            JoinKind::Inner => false,
            JoinKind::Left => side == Side::Left,
            JoinKind::Right => side == Side::Right,
            JoinKind::Full => true,
        }
    }
}

/// A table whose rows are looked up by key: one that is kept, or tables joined by their key, whose rows are
/// put together when they are asked for.
#[derive(Debug, Clone)]
pub enum TableRef {
    /// Kept in this store.
    Store(StoreId),
    /// What an aggregation of this task has of it now.
    Aggregate(DerivedRef),
    /// Joined from two.
    Join {
        /// The left one.
        left: Box<TableRef>,
        /// The right one.
        right: Box<TableRef>,
        /// How.
        row: Box<JoinRow>,
    },
}

/// A table that an aggregation derives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedRef {
    /// The aggregation.
    pub step: StepId,
    /// Where it keeps its groups.
    pub store: StoreId,
    /// Which of its frames.
    pub frame: usize,
    /// Which of the frame's outputs.
    pub output: usize,
    /// The query that derives the table.
    pub query: QueryId,
}

impl TableRef {
    /// The stores that it reaches.
    pub fn visit_stores(&self, visit: &mut dyn FnMut(StoreId)) {
        match self {
            TableRef::Store(store) => visit(*store),
            TableRef::Aggregate(derived) => visit(derived.store),
            TableRef::Join { left, right, .. } => {
                left.visit_stores(visit);
                right.visit_stores(visit);
            }
        }
    }

    /// Renumbers the steps that it looks into.
    fn map_steps(&mut self, map: &dyn Fn(&mut StepId)) {
        match self {
            TableRef::Store(_) => {}
            TableRef::Aggregate(derived) => map(&mut derived.step),
            TableRef::Join { left, right, .. } => {
                left.map_steps(map);
                right.map_steps(map);
            }
        }
    }

    /// Renumbers them.
    pub(super) fn map_stores(&mut self, map: &dyn Fn(&mut StoreId)) {
        match self {
            TableRef::Store(store) => map(store),
            TableRef::Aggregate(derived) => map(&mut derived.store),
            TableRef::Join { left, right, .. } => {
                left.map_stores(map);
                right.map_stores(map);
            }
        }
    }
}

/// One side's step of a join.
#[derive(Debug, Clone)]
pub struct JoinStep {
    /// How rows are put together.
    pub row: JoinRow,
    /// The side whose rows come.
    pub side: Side,
    /// Where its partners are.
    pub partners: Partners,
}

/// Where the partners of a row are.
#[derive(Debug, Clone)]
pub enum Partners {
    /// A stream's row finds the one row of a table; the table's own changes make no rows.
    Lookup(TableRef),
    /// A table's change finds the one row of another table.
    Table(TableRef),
    /// A left table's change finds the right row of its foreign key, a right table's the left rows that have it.
    Foreign {
        /// The left table's rows.
        left: StoreId,
        /// The right table.
        right: TableRef,
        /// Which left rows have which foreign key.
        subscriptions: StoreId,
    },
    /// A stream's row finds the rows of another stream that are near in time; both are kept in this store.
    Window {
        /// The store.
        store: StoreId,
        /// How near, seen from the left.
        within: Within,
    },
}

impl JoinStep {
    /// The stores that it reaches.
    pub fn visit_stores(&self, visit: &mut dyn FnMut(StoreId)) {
        match &self.partners {
            Partners::Lookup(table) | Partners::Table(table) => table.visit_stores(visit),
            Partners::Foreign { left, right, subscriptions } => {
                visit(*left);
                right.visit_stores(visit);
                visit(*subscriptions);
            }
            Partners::Window { store, .. } => visit(*store),
        }
    }

    /// Renumbers the steps that it looks into.
    pub(super) fn map_steps(&mut self, map: &dyn Fn(&mut StepId)) {
        match &mut self.partners {
            Partners::Lookup(table) | Partners::Table(table) => table.map_steps(map),
            Partners::Foreign { right, .. } => right.map_steps(map),
            Partners::Window { .. } => {}
        }
    }

    /// Renumbers them.
    pub(super) fn map_stores(&mut self, map: &dyn Fn(&mut StoreId)) {
        match &mut self.partners {
            Partners::Lookup(table) | Partners::Table(table) => table.map_stores(map),
            Partners::Foreign { left, right, subscriptions } => {
                map(left);
                right.map_stores(map);
                map(subscriptions);
            }
            Partners::Window { store, .. } => map(store),
        }
    }
}
