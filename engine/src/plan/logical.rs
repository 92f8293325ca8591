//! Logical plans: one bound query each, as the binder leaves it.
//!
//! What holds: expressions are over the row of what is read (see [`From`]), or where said over the
//! aggregate's row; every name is resolved.

use std::fmt::Write as _;
use std::sync::Arc;

use super::{Emit, Fingerprint, From, Rule, Source, WindowKind, WindowPlan};
use crate::format::{Format, FormatSpec};
use crate::types::HeaderColumn;
use crate::types::aggregate::Aggregate;
use crate::types::expr::Expr;
use crate::types::functions::TableCall;

/// A bound persistent query.
#[derive(Debug, Clone)]
pub struct LogicalQuery {
    /// Its id.
    pub id: String,
    /// What it reads.
    pub from: From,
    /// WHERE.
    pub filter: Option<Expr>,
    /// Table functions, each a column behind the row; of a stream's query row by row alone.
    pub flat: Vec<TableCall>,
    /// What it does.
    pub shape: Shape,
    /// What it writes.
    pub sink: Arc<Source>,
    /// What makes it a rule.
    pub rule: Option<Rule>,
    /// A record without a usable time ends the run.
    pub strict_time: bool,
    /// Its text.
    pub sql: String,
}

/// What a query does with the rows that pass its filter.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Row by row, from stream to stream or from table to table: the sink's columns in order.
    Project {
        /// Over the source's row.
        exprs: Vec<Expr>,
    },
    /// Grouped and aggregated.
    Aggregate(Grouping),
}

/// A grouped query. The aggregate's row is: the key's columns, the calls' results, then ROWTIME,
/// WINDOWSTART and WINDOWEND.
#[derive(Debug, Clone)]
pub struct Grouping {
    /// GROUP BY, over the source's row.
    pub key: Vec<Expr>,
    /// WINDOW.
    pub window: Option<WindowPlan>,
    /// The aggregate functions with their arguments over the source's row.
    pub calls: Vec<(Aggregate, Vec<Expr>)>,
    /// HAVING, over the aggregate's row.
    pub having: Option<Expr>,
    /// The sink's columns in order, over the aggregate's row.
    pub exprs: Vec<Expr>,
    /// EMIT FINAL.
    pub is_final: bool,
    /// `--@emit: first`
    pub emit: Emit,
}

/// `a, b, c`
fn list(exprs: &[Expr]) -> String {
    exprs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Canonical text of a window.
pub(crate) fn window_text(window: Option<&WindowPlan>) -> String {
    let Some(WindowPlan { kind, grace, idle }) = window else { return "none".into() };
    let mut grace = grace_text(kind.size(), *grace);
    if let Some(idle) = idle {
        let _ = write!(grace, " idle {idle}");
    }
    match kind {
        WindowKind::Tumbling { size } => format!("tumbling {size} grace {grace}"),
        WindowKind::Hopping { size, advance } => format!("hopping {size} advance {advance} grace {grace}"),
        WindowKind::Session { gap } => format!("session {gap} grace {grace}"),
    }
}

/// The grace of a window. The default was a day before it was a day less the size, and its text stays what it
/// was: a window of a day's grace therefore says so in another way.
fn grace_text(size: i64, grace: i64) -> String {
    match grace {
        _ if grace == WindowPlan::default_grace(size) => WindowPlan::DAY.to_string(),
        WindowPlan::DAY => "1 day".into(),
        _ => grace.to_string(),
    }
}

/// Canonical text of a format.
fn format_text(spec: FormatSpec) -> String {
    let name = spec.format.name();
    match spec.format {
        Format::Delimited { delimiter } => format!("{name} by {delimiter:?}"),
        _ if spec.wrapped => format!("{name} wrapped"),
        _ => name.into(),
    }
}

impl Grouping {
    /// The tag of its frame. That of a table's is over what it computes and where its columns lie, too:
    /// then every row that is taken out of an accumulator is one that was put in, as it was.
    pub(super) fn frame_fingerprint(&self, from: &From, filter: Option<&Expr>) -> Fingerprint {
        let mut text = self.frame_text(from, filter);
        if from.is_table() {
            for source in from.sources() {
                let _ = write!(text, " rows of {}", source.name);
                for column in source.schema.columns() {
                    let _ = write!(text, " `{}` {}", column.name, column.data_type);
                }
            }
            for (aggregate, args) in &self.calls {
                let _ = write!(text, " call {aggregate} of [{}]", list(args));
            }
        }
        Fingerprint::of(&text)
    }

    /// The text that a frame's fingerprint is made of: input, key, filter and window.
    fn frame_text(&self, from: &From, filter: Option<&Expr>) -> String {
        let filter = filter.map_or("none".into(), ToString::to_string);
        let (key, window) = (list(&self.key), window_text(self.window.as_ref()));
        format!("frame/1 {} key [{key}] filter {filter} window {window}", from.input_text())
    }

    /// The text that a call's fingerprint is made of: its frame and the function with its arguments.
    pub(super) fn call_text(frame: Fingerprint, aggregate: &Aggregate, args: &[Expr]) -> String {
        format!("call/1 frame {frame} {aggregate} of [{}]", list(args))
    }
}

impl Source {
    /// Canonical text of where its time comes from.
    pub(crate) fn time_text(&self) -> String {
        match &self.timestamp {
            None => "record".into(),
            Some(t) => {
                let name = self.schema.columns().nth(t.column).map_or("", |c| c.name.as_str());
                let pattern = t.pattern.as_ref().map_or(String::new(), |p| format!(" as '{}'", p.text()));
                format!("`{name}`{pattern}")
            }
        }
    }

    /// Canonical text of a declared source: what of it can change a rule's meaning. Columns that a query
    /// does not read are left out by the caller's choice of `used`.
    pub(crate) fn canonical(&self, used: &dyn Fn(usize) -> bool) -> String {
        let mut text = format!(
            "{} topic {} key {} value {} time {} window {:?} columns",
            if self.is_table { "table" } else { "stream" },
            self.topic,
            format_text(self.key_format),
            format_text(self.value_format),
            self.time_text(),
            self.window,
        );
        let (keys, width) = (self.schema.key.len(), self.schema.width() - self.schema.headers.len());
        for (index, column) in self.schema.columns().take(width).enumerate() {
            if used(index) {
                let (key, spec) =
                    if index < keys { (" key", self.key_format) } else { ("", self.value_format) };
                let _ = write!(text, " `{}` {}{key}", column.name, column.data_type);
                if let Format::Delimited { .. } = spec.format {
                    // Such a column is read by its place.
                    let _ = write!(text, " at {}", if index < keys { index } else { index - keys });
                }
                text.push(';');
            }
        }
        let headers = self.schema.headers.iter().enumerate().filter(|(index, _)| used(width + index));
        for (_, HeaderColumn { column, header }) in headers {
            let _ = write!(text, " `{}` {} header {header:?};", column.name, column.data_type);
        }
        text
    }
}

impl LogicalQuery {
    /// Whether it reads the source of this name.
    pub fn reads(&self, name: &str) -> bool {
        self.from.sources().iter().any(|s| s.name == name)
    }

    /// The columns of the row of what it reads that it needs.
    pub fn used_columns(&self) -> Vec<usize> {
        let mut used = Vec::new();
        let mut add = |expr: &Expr| expr.visit_columns(&mut |i| used.push(i));
        self.filter.iter().for_each(&mut add);
        self.flat.iter().for_each(|call| add(&call.argument));
        match &self.shape {
            Shape::Project { exprs } => exprs.iter().for_each(&mut add),
            Shape::Aggregate(grouping) => {
                grouping.key.iter().for_each(&mut add);
                grouping.calls.iter().flat_map(|(_, args)| args).for_each(&mut add);
            }
        }
        let width = self.from.width();
        used.retain(|column| *column < width);
        used_by(&self.from, 0, &mut used);
        used.sort_unstable();
        used.dedup();
        used
    }

    /// The canonical text of what it means, `lineage` being that of what it reads.
    pub fn canonical(&self, lineage: &str) -> String {
        let filter = self.filter.as_ref().map_or("none".into(), ToString::to_string);
        let mut text = format!("query/1 from ({lineage}) filter {filter} ");
        if !self.flat.is_empty() {
            let calls: Vec<_> = self.flat.iter().map(ToString::to_string).collect();
            let _ = write!(text, "flat [{}] ", calls.join(", "));
        }
        match &self.shape {
            Shape::Project { exprs } => {
                let _ = write!(text, "project [{}]", list(exprs));
            }
            Shape::Aggregate(g) => {
                let _ =
                    write!(text, "key [{}] window {} calls", list(&g.key), window_text(g.window.as_ref()));
                for (aggregate, args) in &g.calls {
                    let _ = write!(text, " {aggregate} of [{}];", list(args));
                }
                let having = g.having.as_ref().map_or("none".into(), ToString::to_string);
                let _ = write!(text, " having {having} project [{}] final {}", list(&g.exprs), g.is_final);
            }
        }
        let _ = write!(text, " into {}", self.sink.canonical(&|_| true));
        text
    }
}

/// The columns that a source's time and a join's criteria need, `base` being where the row begins.
fn used_by(from: &From, base: usize, used: &mut Vec<usize>) {
    match from {
        From::Source(source) => used.extend(source.timestamp.as_ref().map(|t| base + t.column)),
        From::Join(join) => {
            used_by(&join.left, base, used);
            join.left_key.visit_columns(&mut |i| used.push(base + i));
            let right = base + join.right_at();
            join.right_key.visit_columns(&mut |i| used.push(right + i));
            used.extend(join.right.timestamp.as_ref().map(|t| right + t.column));
        }
    }
}
