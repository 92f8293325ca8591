//! From syntax trees to a program: names, types and functions resolved, every mistake found.
//!
//! Enters: the statements of all files in order. Leaves: a [`Program`], or the diagnostics of all that is
//! wrong. What holds: a program that loads does not fail on names or types later; one wrong statement refuses
//! the whole program, and the statements after it are still looked at, so that all errors are reported at
//! once.

mod assert;
mod call;
mod coercion;
mod comparison;
mod create;
mod derived;
mod describe;
mod directives;
mod drop;
mod env;
mod expr;
mod flat;
mod formats;
mod from;
mod grouping;
mod headers;
mod insert;
mod inserted;
mod items;
mod join;
mod lambda;
mod lineage;
mod literal;
mod persistent;
mod position;
mod properties;
mod query;
mod replace;
mod scope;
mod settings;
mod show;
mod types;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Ident, SourceKind, Span, Statement, StatementKind};
use super::catalog::Catalog;
use super::parser::parse_program;
use super::report::{Part, Report};
use super::{Diagnostic, Diagnostics, Severity, SourceFile};
use crate::plan::logical::LogicalQuery;
use crate::plan::{Assertion, DeadLetters, Derived, InsertedRecord, Program};
use directives::Declared;
use env::Env;
use settings::Settings;

/// What a program is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To run on: INSERT INTO ... VALUES, DROP and ASSERT are refused, as in ksqlDB's headless mode.
    #[default]
    Rules,
    /// To be looked at: as rules, and SHOW, DESCRIBE and EXPLAIN print.
    Check,
    /// To be replayed: they are carried out.
    Replay,
}

/// How a program is loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// What for.
    pub purpose: Purpose,
    /// What the names of topics of ours begin with: the engine's group.
    pub internal_prefix: String,
    /// How joins find the tables that other queries derive.
    pub derived: Derived,
    /// How records that cannot be read are kept.
    pub dead_letters: DeadLetters,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            purpose: Purpose::Rules,
            internal_prefix: "streamguard".into(),
            derived: Derived::default(),
            dead_letters: DeadLetters::default(),
        }
    }
}

/// A program, and what may not be as meant.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// Warnings.
    pub warnings: Diagnostics,
    /// What SHOW, DESCRIBE and EXPLAIN print, for [`Purpose::Check`].
    pub reports: Vec<Report>,
}

/// Loads a program from its files, in their order.
pub fn load(files: Vec<SourceFile>, options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    let (statements, mut diagnostics) = parse_program(&files);
    let mut binder = Binder::new(&files, options.clone());
    for statement in &statements {
        if let Err(diagnostic) = binder.statement(statement) {
            binder.broken(statement);
            diagnostics.extend(diagnostic.into_list());
        }
    }
    binder.settle_versions();
    diagnostics.append(&mut binder.warnings);
    diagnostics.sort_by_key(|d| (d.span.file, d.span.start));
    let diagnostics = without_consequences(diagnostics, &binder.broken);
    let diagnostics = Diagnostics::new(files, diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let sources = binder.catalog.sources();
    let mut program = crate::plan::physical(binder.queries, &options.internal_prefix, options.derived);
    program.inserts = binder.inserts;
    program.assertions = binder.assertions;
    program.sources = sources;
    program.dead_letters = options.dead_letters.clone();
    Ok(Loaded { program, warnings: diagnostics, reports: binder.reports })
}

/// Drops complaints about a source that is unknown only because its own statement is wrong: one that did not
/// bind, or stands behind a statement that could not be read.
fn without_consequences(diagnostics: Vec<Diagnostic>, broken: &[String]) -> Vec<Diagnostic> {
    let place = |d: &Diagnostic| (d.span.file, d.span.start);
    let unread = diagnostics.iter().filter(|d| d.code == "syntax").map(place).min();
    let consequence = |d: &Diagnostic| {
        let unbound = broken.iter().any(|name| d.message.ends_with(&format!(" {name}")));
        d.code == "unknown_source" && (unbound || unread.is_some_and(|at| at < place(d)))
    };
    diagnostics.into_iter().filter(|d| !consequence(d)).collect()
}

/// What a query is bound for.
pub(super) struct Target<'t> {
    /// The stream or table that it makes or writes to.
    name: &'t Ident,
    /// CREATE STREAM or CREATE TABLE; INSERT INTO is a stream's.
    kind: SourceKind,
    /// INSERT INTO.
    insert: bool,
    /// Where `--@emit: first` stands.
    emit_first: Option<Span>,
}

impl Target<'_> {
    fn describe(&self) -> String {
        match (self.insert, self.kind) {
            (true, _) => format!("inserted into {}", self.name.name),
            (false, SourceKind::Stream) => format!("the stream {}", self.name.name),
            (false, SourceKind::Table) => format!("the table {}", self.name.name),
        }
    }
}

/// Goes through the statements.
#[derive(Clone)]
pub(super) struct Binder {
    options: LoadOptions,
    files: Vec<String>,
    /// The files with their texts, for places that are not diagnostics.
    places: Arc<[SourceFile]>,
    catalog: Catalog,
    settings: Settings,
    env: Arc<Env>,
    queries: Vec<LogicalQuery>,
    inserts: Vec<InsertedRecord>,
    assertions: Vec<Assertion>,
    warnings: Vec<Diagnostic>,
    reports: Vec<Report>,
    /// What DEFINE has set, by name in upper case: the name as written, and the value.
    variables: BTreeMap<String, (String, String)>,
    /// The statements that made the sources.
    texts: BTreeMap<String, String>,
    broken: Vec<String>,
    statements: usize,
}

impl Binder {
    fn new(files: &[SourceFile], options: LoadOptions) -> Self {
        Self {
            options,
            files: files.iter().map(|f| f.name.clone()).collect(),
            places: files.into(),
            catalog: Catalog::default(),
            settings: Settings::default(),
            env: Arc::default(),
            queries: Vec::new(),
            inserts: Vec::new(),
            assertions: Vec::new(),
            warnings: Vec::new(),
            reports: Vec::new(),
            variables: BTreeMap::new(),
            texts: BTreeMap::new(),
            broken: Vec::new(),
            statements: 0,
        }
    }

    /// Remembers what a wrong statement would have made.
    fn broken(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::CreateSource(s) => self.broken.push(s.name.name.clone()),
            StatementKind::CreateAs(s) => self.broken.push(s.name.name.clone()),
            _ => {}
        }
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Diagnostic> {
        self.statements += 1;
        self.check_directives(statement)?;
        match &statement.kind {
            StatementKind::CreateSource(s) => {
                self.create_source(s, Declared::of(statement)?)?;
                self.texts.insert(s.name.name.clone(), statement.text.clone());
                Ok(())
            }
            StatementKind::CreateAs(s) => {
                self.create_as(s, statement)?;
                self.texts.insert(s.name.name.clone(), statement.text.clone());
                Ok(())
            }
            StatementKind::InsertSelect(s) => self.insert_select(s, statement),
            StatementKind::InsertValues(s) => {
                self.only_in_replay(statement, "INSERT INTO ... VALUES")?;
                self.insert_values(s)
            }
            StatementKind::Set { name, value } => self.set(name, value),
            StatementKind::Unset { name } => self.unset(name),
            StatementKind::Define { name, value } => {
                let known = (name.name.clone(), value.clone());
                self.variables.insert(name.name.to_ascii_uppercase(), known);
                Ok(())
            }
            StatementKind::Undefine { name } => {
                if self.variables.remove(&name.name.to_ascii_uppercase()).is_none() {
                    let message = format!("the variable {} is not defined", name.name);
                    let names = self.variables.values().map(|(name, _)| name.as_str());
                    let warning = Diagnostic::warning("unknown_variable", name.span, message);
                    self.warnings.push(warning.did_you_mean(&name.name, names));
                }
                Ok(())
            }
            StatementKind::Drop { kind, if_exists, name, delete_topic } => {
                self.only_in_replay(statement, "DROP")?;
                if *if_exists && self.catalog.get(&name.name).is_none() {
                    return Ok(());
                }
                self.drop_source(*kind, name, *delete_topic)
            }
            StatementKind::Show { what } => self.print(statement, |b| b.show(what, statement.span)),
            StatementKind::Describe { name, extended } => {
                self.print(statement, |b| b.describe(name, *extended))
            }
            StatementKind::Explain { query, statement: explained } => {
                self.print(statement, |b| match (query, explained) {
                    (Some(id), _) => b.explain(id),
                    (None, Some(explained)) => b.explain_statement(explained),
                    (None, None) => Ok(Vec::new()),
                })
            }
            StatementKind::CreateType { if_not_exists, name, data_type } => {
                self.create_type(name, data_type, *if_not_exists)
            }
            StatementKind::DropType { if_exists, name } => self.drop_type(name, *if_exists),
            StatementKind::Assert(assert) => {
                self.only_in_replay(statement, "ASSERT")?;
                self.assert(assert, statement)
            }
        }
    }

    /// What a statement prints is for who looks; otherwise it has no effect. As it changes nothing, what is
    /// wrong with it is no more than a warning.
    fn print(
        &mut self,
        statement: &Statement,
        parts: impl FnOnce(&Self) -> Result<Vec<Part>, Diagnostic>,
    ) -> Result<(), Diagnostic> {
        if self.options.purpose != Purpose::Check {
            let message = "this statement only prints, so it has no effect in a rule file";
            let ignored = Diagnostic::warning("ignored", statement.span, message);
            self.warnings.push(ignored.hint("streamguard rules check prints it"));
            return Ok(());
        }
        match parts(self) {
            Ok(parts) => {
                let (text, span) = (statement.text.clone(), statement.span);
                self.reports.push(Report { statement: text, span, parts });
            }
            Err(wrong) => {
                let as_warning = |mut wrong: Diagnostic| {
                    wrong.severity = Severity::Warning;
                    wrong
                };
                self.warnings.extend(wrong.into_list().into_iter().map(as_warning));
            }
        }
        Ok(())
    }

    fn only_in_replay(&self, statement: &Statement, what: &str) -> Result<(), Diagnostic> {
        if self.options.purpose == Purpose::Replay {
            return Ok(());
        }
        Err(Diagnostic::error(
            "misplaced_statement",
            statement.span,
            format!("{what} has no place in a rule file"),
        )
        .hint("streamguard replay runs it"))
    }
}

#[cfg(test)]
mod tests;
