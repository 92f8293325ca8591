//! Rows that no topic holds, moved to where their next step needs them: joined rows, and a table's changes.
//!
//! Enters: the steps that make the rows, and a key over them. Leaves: a reading of a topic of ours, partitioned
//! by that key, that gives the same rows. What holds: a topic has rows of one place in one query only, or of
//! what several queries share under one name.

use std::sync::Arc;

use super::from::{From, Join};
use super::joining::{Joining, is_keyed_by};
use super::logical::{Grouping, LogicalQuery};
use super::physical::{Flow, Planner, is_topic_key, key_columns, key_name, source_name};
use super::{Fingerprint, Operator, OutputTopic, QueryId, Source};
use crate::format::{Encoder, Format, FormatSpec};
use crate::types::expr::Expr;

impl Planner<'_> {
    /// The rows of `flow` by way of the topic `name`, which has as many partitions as `like`.
    pub(super) fn moved(
        &mut self,
        id: QueryId,
        flow: &Flow,
        name: &str,
        from: &From,
        (key, format, like): (&[Expr], FormatSpec, &str),
    ) -> Flow {
        let topic = self.moved_topic(name, key, format);
        self.want_all(from);
        if !self.outputs.iter().any(|output| output.name == topic) {
            let (key, columns) = (key.to_vec(), key_columns(key));
            let operator = Operator::MoveRows { topic: topic.clone(), key, columns, format, to_all: false };
            let step = self.step(operator, None);
            self.connect(flow, step);
            self.output(OutputTopic::internal(topic.clone(), like));
        }
        // Their time and kind: those of a stream where one is among the sources.
        let sources = from.sources();
        let source = sources.iter().find(|source| !source.is_table).unwrap_or(&sources[0]);
        let at = self.reading(&topic, source, false, id);
        self.whole.inputs[at.0].readings[at.1].moved = true;
        Flow { at, steps: Vec::new() }
    }

    /// The rows of a join, behind WHERE, by the key of their group.
    pub(super) fn moved_groups(
        &mut self,
        joining: &Joining<'_>,
        join: &Join,
        (rows, grouping): (&str, &Grouping),
    ) -> Flow {
        let mut flow = self.joined(joining, join);
        let query = joining.query;
        if let Some(predicate) = &query.filter {
            let filter = self.behind(&flow, Operator::Filter { predicate: predicate.clone() }, joining.id);
            flow.steps = vec![filter];
        }
        let like = query.from.first().topic.clone();
        let format = plain_format(&grouping.key);
        self.moved(joining.id, &flow, rows, &query.from, (&grouping.key, format, &like))
    }

    /// The rows of a join by the key of the next one.
    pub(super) fn moved_to_join(
        &mut self,
        joining: &Joining<'_>,
        flow: &Flow,
        join: &Join,
        format: FormatSpec,
    ) -> Flow {
        let rows = Fingerprint::of(&format!("rows/1 {}", join.left.input_text())).short();
        let name = format!("{}-{rows}", source_name(&joining.query.sink));
        let begins = format!("{}-{name}", self.prefix);
        let alike = self.outputs.iter().filter(|output| output.name.starts_with(&begins)).count();
        let name = if alike == 0 { name } else { format!("{name}-{}", alike + 1) };
        let key = std::slice::from_ref(&join.left_key);
        self.moved(joining.id, flow, &name, &join.left, (key, format, &join.right.topic))
    }

    /// What moved rows hold does not depend on what is read of them: an edit finds what was under way.
    fn want_all(&mut self, from: &From) {
        for source in from.sources() {
            let readings = self.whole.inputs.iter_mut().flat_map(|input| &mut input.readings);
            for reading in readings.filter(|reading| Arc::ptr_eq(&reading.source, source)) {
                reading.wanted.fill(true);
            }
        }
    }

    /// What a topic of ours is called: by what it holds, the key, and how that is written.
    pub(super) fn moved_topic(&self, name: &str, key: &[Expr], format: FormatSpec) -> String {
        let written = match format {
            format if format == plain_format(key) => String::new(),
            format => format!("-as-{}", format.format.name().to_ascii_lowercase()),
        };
        format!("{}-{name}-by-{}{written}-repartition", self.prefix, key_name(key))
    }
}

/// How a key is written where nothing asks for a format: one column as Kafka's primitive, several as a JSON object.
pub(super) fn plain_format(key: &[Expr]) -> FormatSpec {
    let (columns, kafka) = (key_columns(key), FormatSpec { format: Format::Kafka, wrapped: false });
    if columns.len() == 1 && Encoder::new(&kafka, &columns).is_ok() {
        return kafka;
    }
    FormatSpec { format: Format::Json, wrapped: true }
}

/// How a moved key is written: as the other side has it.
pub(super) fn moved_format(asked: Option<FormatSpec>, key: &[Expr]) -> FormatSpec {
    asked.map_or_else(|| plain_format(key), |asked| FormatSpec { format: asked.format, wrapped: false })
}

/// By which bytes a source's records are partitioned where they are read by this key.
pub(super) fn format_by(source: &Source, key: &[Expr]) -> FormatSpec {
    if is_topic_key(source, key) { source.key_format } else { plain_format(key) }
}

/// Whether the rows of a stream's joins lie where no value of this expression is sure to meet itself. Rows of
/// windows stay where they are: their topic's key has the window.
pub(super) fn is_astray(from: &From, key: &[Expr]) -> bool {
    match from {
        From::Source(_) => false,
        From::Join(join) => {
            !from.is_table() && from.window().is_none() && !key.iter().any(|key| is_keyed_by(join, key))
        }
    }
}

/// Whether a grouping's rows have passed WHERE before they come to it. A table's rows do, so that the old ones
/// pass it as the new ones.
pub(super) fn come_filtered(query: &LogicalQuery, grouping: &Grouping) -> bool {
    query.from.is_table() || is_astray(&query.from, &grouping.key)
}
