//! Joins by a foreign key over any number of partitions.
//!
//! Left rows lie by their own key and right rows by theirs, so they meet by way of two topics of ours:
//!
//! ```text
//! left table ── Ask ── questions, by foreign key ── Answer ── answers, by the left's key ── Meet ── result
//!                                                      │
//!                              right table ── Tell ────┘
//! ```
//!
//! What holds: an answer is for a foreign key, and counts as long as the left row has that key, also where an earlier
//! left row had asked; the answers about a right row come in the order of its changes, because one task gives them. So
//! the last one is right, and the one that says that there is no right row takes the result back whoever made it.

use super::from::Join;
use super::joining::Joining;
use super::moving::plain_format;
use super::physical::{Flow, Planner};
use super::{JoinRow, Operator, OutputTopic, Source, StepId, StoreId, StoreKind, StorePlan};
use crate::format::{Format, FormatSpec};
use crate::types::Column;
use crate::types::expr::Expr;

/// One step of such a join.
#[derive(Debug, Clone)]
pub struct ForeignStep {
    /// How rows are put together.
    pub row: JoinRow,
    /// What is done.
    pub role: ForeignRole,
}

/// What a step of a join by a foreign key does.
#[derive(Debug, Clone)]
pub enum ForeignRole {
    /// A changed left row asks for its right row, and takes back the question that it asked before.
    Ask {
        /// Where the questions go.
        to: Letters,
    },
    /// A question is noted and answered.
    Answer {
        /// The right table's rows.
        right: StoreId,
        /// Who has asked.
        askers: StoreId,
        /// Where the answers go.
        to: Letters,
    },
    /// A changed right row is told to all who have asked for it.
    Tell {
        /// Who has asked.
        askers: StoreId,
        /// Where the answers go.
        to: Letters,
    },
    /// An answer meets the left row.
    Meet {
        /// The left table's rows.
        left: StoreId,
        /// The result's rows: what is there may have to go.
        result: StoreId,
    },
}

/// A topic of ours that such steps write to.
#[derive(Debug, Clone)]
pub struct Letters {
    /// Its name.
    pub topic: String,
    /// The key's columns.
    pub columns: Vec<Column>,
    /// How the key is written: as in the table whose partitions the topic has.
    pub format: FormatSpec,
}

impl ForeignStep {
    /// The stores that it reaches.
    pub fn visit_stores(&self, visit: &mut dyn FnMut(StoreId)) {
        match &self.role {
            ForeignRole::Ask { .. } => {}
            ForeignRole::Answer { right, askers, .. } => {
                visit(*right);
                visit(*askers);
            }
            ForeignRole::Tell { askers, .. } => visit(*askers),
            ForeignRole::Meet { left, result } => {
                visit(*left);
                visit(*result);
            }
        }
    }

    /// Renumbers them.
    pub(super) fn map_stores(&mut self, map: &dyn Fn(&mut StoreId)) {
        match &mut self.role {
            ForeignRole::Ask { .. } => {}
            ForeignRole::Answer { right, askers, .. } => {
                map(right);
                map(askers);
            }
            ForeignRole::Tell { askers, .. } => map(askers),
            ForeignRole::Meet { left, result } => {
                map(left);
                map(result);
            }
        }
    }
}

impl Planner<'_> {
    /// The steps of a join by a foreign key; the flow of its result, and the store that keeps it.
    pub(super) fn ask_and_answer(
        &mut self,
        joining: &Joining<'_>,
        join: &Join,
        row: JoinRow,
        (left, right): ((&Flow, StoreId), (&Flow, StoreId)),
    ) -> (Flow, StoreId) {
        let name = self.join_store(joining, join);
        let left_source = join.left.first();
        let questions = self.letters(&format!("{name}-questions"), &join.right);
        let answers = self.letters(&format!("{name}-answers"), left_source);
        let askers = self.keep(format!("{name}-askers"), &join.right, StoreKind::Subscriptions);
        let result =
            self.keep(format!("{name}-result"), left_source, StoreKind::Table { columns: Vec::new() });
        let asked = self.reading(&questions.topic, &join.right, false, joining.id);
        let answered = self.reading(&answers.topic, left_source, false, joining.id);
        for (input, reading) in [asked, answered] {
            self.whole.inputs[input].readings[reading].moved = true;
        }
        let mut add = |role: ForeignRole, from: &Flow| -> StepId {
            let step = Operator::Foreign(Box::new(ForeignStep { row: row.clone(), role }));
            self.behind(from, step, joining.id)
        };
        let at = |at| Flow { at, steps: Vec::new() };
        let ask = add(ForeignRole::Ask { to: questions }, left.0);
        add(ForeignRole::Answer { right: right.1, askers, to: answers.clone() }, &at(asked));
        add(ForeignRole::Tell { askers, to: answers }, right.0);
        let meet = add(ForeignRole::Meet { left: left.1, result }, &at(answered));
        let kept = self.step(Operator::Table { store: result, key_at: 0 }, Some(joining.id));
        self.connect(&Flow { at: answered, steps: vec![ask, meet] }, kept);
        (Flow { at: left.0.at, steps: vec![kept] }, result)
    }

    fn keep(&mut self, name: String, source: &Source, kind: StoreKind) -> StoreId {
        self.whole.stores.push(StorePlan { name, key: source.schema.key.clone(), kind, since: 0 });
        self.whole.stores.len() - 1
    }

    /// A topic that is partitioned as a table's is.
    fn letters(&mut self, name: &str, table: &Source) -> Letters {
        let topic = format!("{}-{name}-repartition", self.prefix);
        self.output(OutputTopic::internal(topic.clone(), &table.topic));
        let columns = table.schema.key.clone();
        let format = match table.key_format {
            FormatSpec { format: Format::None, .. } => {
                plain_format(&columns.iter().enumerate().map(column).collect::<Vec<_>>())
            }
            format => format,
        };
        Letters { topic, columns, format }
    }
}

fn column((index, column): (usize, &Column)) -> Expr {
    Expr::column(index, column.name.clone(), column.data_type.clone())
}
