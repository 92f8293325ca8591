//! Where a query's records come from: for rule versions, and against circles.
//!
//! What holds: a version depends on the meaning of the query and of all queries that feed it, not on the order
//! of their statements; no query reads, through whatever others, what it writes.

use std::collections::BTreeSet;

use super::Binder;
use crate::plan::logical::LogicalQuery;
use crate::plan::{Fingerprint, From, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::Span;

impl Binder {
    /// Gives each rule its version: 16 hexadecimal digits over the meaning of the query and of all that it
    /// reads, with emit and severity; not over mode, description, layout and file.
    pub(super) fn settle_versions(&mut self) {
        for at in 0..self.queries.len() {
            let canonical = self.canonical(at, &mut Vec::new());
            if let Some(rule) = &mut self.queries[at].rule {
                let cooldown = rule.cooldown.map_or("none".into(), |millis| millis.to_string());
                let text = format!(
                    "rule/1 {canonical} emit {} cooldown {cooldown} severity {}",
                    rule.emit, rule.severity
                );
                Fingerprint::of(&text).to_string()[..16].clone_into(&mut rule.version);
            }
        }
    }

    fn canonical(&self, at: usize, path: &mut Vec<usize>) -> String {
        if path.contains(&at) {
            return "itself".into();
        }
        path.push(at);
        let query = &self.queries[at];
        let used = query.used_columns();
        let from = self.read_text(&query.from, &used, 0, path);
        path.pop();
        query.canonical(&from)
    }

    /// The canonical text of what is read, `base` being where its row begins.
    fn read_text(&self, from: &From, used: &[usize], base: usize, path: &mut Vec<usize>) -> String {
        match from {
            From::Source(source) => self.source_text(source, used, base, path),
            From::Join(join) => {
                let left = self.read_text(&join.left, used, base, path);
                let right = self.source_text(&join.right, used, base + join.right_at(), path);
                join.canonical(&left, &right)
            }
        }
    }

    fn source_text(&self, source: &Source, used: &[usize], base: usize, path: &mut Vec<usize>) -> String {
        let declared = source.canonical(&|i| used.contains(&(base + i)));
        let mut writers: Vec<String> =
            self.writers(source).into_iter().map(|writer| self.canonical(writer, path)).collect();
        writers.sort();
        format!("{declared} written by [{}]", writers.join("; "))
    }

    /// The queries that write a source.
    fn writers(&self, source: &Source) -> Vec<usize> {
        let writes = |q: &&LogicalQuery| q.sink.topic == source.topic;
        (0..self.queries.len()).filter(|at| self.queries.get(*at).as_ref().is_some_and(writes)).collect()
    }

    /// Refuses a query that would read what it writes, and so never come to an end.
    pub(super) fn refuse_circle(&self, query: &LogicalQuery, at: Span) -> Result<(), Diagnostic> {
        let topics = |query: &'_ LogicalQuery| -> Vec<String> {
            query.from.sources().into_iter().map(|s| s.topic.clone()).collect()
        };
        let mut upstream: BTreeSet<String> = topics(query).into_iter().collect();
        loop {
            let before = upstream.len();
            for other in &self.queries {
                if upstream.contains(other.sink.topic.as_str()) {
                    upstream.extend(topics(other));
                }
            }
            if upstream.len() == before {
                break;
            }
        }
        if !upstream.contains(query.sink.topic.as_str()) {
            return Ok(());
        }
        let message = format!("the query reads what it writes: the topic {}", query.sink.topic);
        Err(Diagnostic::error("circle", at, message)
            .label("each record would make another, without end")
            .hint("write to a topic of its own: WITH (KAFKA_TOPIC='...')"))
    }
}
