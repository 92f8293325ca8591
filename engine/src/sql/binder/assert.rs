//! ASSERT: what a replay is expected to give, as in ksqlDB's test runner.
//!
//! What holds: what is expected of records is bound to the columns of the source, as INSERT INTO ... VALUES is;
//! what is expected of a source or topic is compared at once, with what there is at the statement.

use super::Binder;
use super::describe::type_text;
use super::insert::Written;
use super::properties::Properties;
use crate::plan::{Assertion, Expected, ExpectedRecord, Source};
use crate::sql::Diagnostic;
use crate::sql::ast::{
    Assert, ColumnDef, ColumnRole, CreateSource, Expr, ExprKind, Ident, InsertValues, Property, SourceKind,
    Statement, TypeKind, TypeName,
};

/// Something of a source, how it is written, and whether it is compared.
type Fact = (&'static str, fn(&Source) -> String, bool);

impl Binder {
    /// Notes what is expected.
    pub(super) fn assert(&mut self, assert: &Assert, statement: &Statement) -> Result<(), Diagnostic> {
        let expected = match assert {
            Assert::Values { null, insert } => Some(Expected::Record(self.expected(*null, insert)?)),
            Assert::Source(declared) => self.mismatch(declared)?.map(Expected::Other),
            Assert::Topic { absent, name, properties } => {
                self.wrong_topic(*absent, name, properties)?.map(Expected::Other)
            }
        };
        let place = self.places.get(statement.span.file as usize).map(|file| {
            let line = file.position(statement.span.start).line;
            format!("{}:{line}: ", file.name)
        });
        let statement = format!("{}{}", place.unwrap_or_default(), super::show::one_line(&statement.text));
        self.assertions.extend(expected.map(|expected| Assertion { statement, expected }));
        Ok(())
    }

    fn expected(&self, is_tombstone: bool, insert: &InsertValues) -> Result<ExpectedRecord, Diagnostic> {
        let source = self.source(&insert.target)?.source.clone();
        let keys_alone = is_tombstone && insert.columns.is_empty();
        let names = match keys_alone {
            true => super::insert::columns(source.schema.key.iter(), &insert.target),
            false => super::insert::names(insert, &source),
        };
        let Written { row, timestamp, window } = self.written(insert, &source, &names)?;
        if is_tombstone && row[source.schema.key.len()..].iter().any(|value| !value.is_null()) {
            let message = "ASSERT NULL VALUES is about a record without a value";
            return Err(Diagnostic::error("schema", insert.target.span, message)
                .hint("name the key's columns alone: ASSERT NULL VALUES name (key) KEY (value)"));
        }
        let inexact = self.settings.inexact;
        Ok(ExpectedRecord { source, row, is_tombstone, timestamp, window, inexact })
    }

    /// What differs from a declaration.
    fn mismatch(&self, declared: &CreateSource) -> Result<Option<String>, Diagnostic> {
        let name = &declared.name;
        let Some(entry) = self.catalog.get(&name.name) else {
            return Ok(Some(format!("expected: {}, came: nothing of this name", name.name)));
        };
        let actual = &*entry.source;
        let kind = |is_table| if is_table { "TABLE" } else { "STREAM" };
        let wanted = kind(declared.kind == SourceKind::Table);
        if wanted != kind(actual.is_table) {
            let came = kind(actual.is_table);
            return Ok(Some(format!("the type of {} differs: expected: {wanted}, came: {came}", name.name)));
        }
        let expected = self.declare(&completed(declared, actual))?;
        let facts: [Fact; 6] = [
            ("schema", schema, !declared.columns.is_empty()),
            ("topic", |s| s.topic.clone(), true),
            ("key format", |s| format!("{:?}", s.key_format.format), true),
            ("value format", |s| format!("{:?}", s.value_format), true),
            ("timestamp", Source::time_text, is_given(declared, &["TIMESTAMP"])),
            ("window", |s| format!("{:?}", s.window), is_given(declared, &["WINDOW_TYPE"])),
        ];
        let differs = |(_, fact, asked): &Fact| *asked && fact(&expected) != fact(actual);
        Ok(facts.into_iter().find(differs).map(|(what, fact, _)| {
            format!(
                "the {what} of {} differs: expected: {}, came: {}",
                name.name,
                fact(&expected),
                fact(actual)
            )
        }))
    }

    fn wrong_topic(
        &self,
        absent: bool,
        name: &Ident,
        properties: &[Property],
    ) -> Result<Option<String>, Diagnostic> {
        let wanted = Properties::read(properties)?;
        let sources = self.catalog.sources();
        // A name without quotes is in upper case here; topics keep their case.
        let is_it = |s: &&std::sync::Arc<Source>| {
            s.topic == name.name || !name.quoted && s.topic.eq_ignore_ascii_case(&name.name)
        };
        let of_topic: Vec<_> = sources.values().filter(is_it).collect();
        if of_topic.is_empty() != absent {
            let states = ["a topic", "no topic"];
            let (expected, came) = if absent { (states[1], states[0]) } else { (states[0], states[1]) };
            return Ok(Some(format!("expected: {expected} {}, came: {came} of this name", name.name)));
        }
        let check = |what: &str, wanted: Option<i32>, came: Option<i32>| match (wanted, came) {
            (Some(wanted), Some(came)) if wanted != came => {
                Some(format!("the {what} of {} differ: expected: {wanted}, came: {came}", name.name))
            }
            _ => None,
        };
        let partitions = of_topic.iter().find_map(|s| s.partitions);
        let replicas = of_topic.iter().find_map(|s| s.replicas);
        Ok(check("partitions", wanted.partitions, partitions)
            .or_else(|| check("replicas", wanted.replicas, replicas)))
    }
}

fn is_given(declared: &CreateSource, names: &[&str]) -> bool {
    declared.properties.iter().any(|p| names.iter().any(|name| p.name.name.eq_ignore_ascii_case(name)))
}

/// The declaration with what it leaves out as it is.
fn completed(declared: &CreateSource, actual: &Source) -> CreateSource {
    let mut whole = declared.clone();
    let span = declared.name.span;
    let mut fill = |names: &[&str], value: &str| {
        if !is_given(declared, names) {
            let name = Ident { name: names[0].to_owned(), quoted: false, span };
            let value = Expr { kind: ExprKind::String(value.to_owned()), span };
            whole.properties.push(Property { name, value });
        }
    };
    fill(&["KAFKA_TOPIC"], &actual.topic);
    fill(&["KEY_FORMAT", "FORMAT"], actual.key_format.format.name());
    fill(&["VALUE_FORMAT", "FORMAT"], actual.value_format.format.name());
    if declared.columns.is_empty() {
        let role = if actual.is_table { ColumnRole::PrimaryKey } else { ColumnRole::Key };
        let data_type = TypeName { kind: TypeKind::Named("VARCHAR".to_owned()), span };
        let name = Ident { name: "KEY".to_owned(), quoted: true, span };
        whole.columns.push(ColumnDef { name, data_type, role, span });
    }
    whole
}

/// `ID INTEGER KEY, NAME VARCHAR`
fn schema(source: &Source) -> String {
    let role = if source.is_table { "PRIMARY KEY" } else { "KEY" };
    let key = source.schema.key.iter().map(|c| format!("{} {} {role}", c.name, type_text(&c.data_type)));
    let value = source.schema.value.iter().map(|c| format!("{} {}", c.name, type_text(&c.data_type)));
    key.chain(value).collect::<Vec<_>>().join(", ")
}
