//! What SHOW, DESCRIBE and EXPLAIN print: facts and plain tables as in ksqlDB's CLI, or JSON.
//!
//! Enters: what the binder knows at the statement. Leaves: text that lines up, or an object of the same content.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::SourceFile;
use super::ast::Span;

/// What one statement prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The statement.
    pub statement: String,
    /// Where it stands.
    pub span: Span,
    /// What it prints, from top to bottom.
    pub parts: Vec<Part>,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Names with what is said of them.
    Facts(Vec<(&'static str, String)>),
    /// Rows under a head.
    Table {
        /// A line above it.
        title: Option<String>,
        /// The names of the columns.
        head: Vec<&'static str>,
        /// As wide as the head.
        rows: Vec<Vec<String>>,
    },
}

impl Part {
    /// A table without a title.
    pub(super) fn table(head: &[&'static str], rows: Vec<Vec<String>>) -> Self {
        Self::Table { title: None, head: head.to_vec(), rows }
    }

    fn render(&self, text: &mut String) {
        match self {
            Self::Facts(facts) => {
                let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                for (name, fact) in facts {
                    let _ = writeln!(text, "{name:<width$} : {fact}");
                }
            }
            Self::Table { title, head, rows } => {
                title.iter().for_each(|title| text.extend([title, "\n"]));
                table(text, head, rows);
            }
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Facts(facts) => {
                let facts = facts.iter().map(|(name, fact)| ((*name).to_owned(), json!(fact)));
                json!({ "facts": facts.collect::<Map<_, _>>() })
            }
            Self::Table { title, head, rows } => {
                let row = |row: &Vec<String>| -> Value {
                    let cells = head.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), json!(cell)));
                    Value::Object(cells.collect())
                };
                json!({ "title": title, "columns": head, "rows": rows.iter().map(row).collect::<Vec<_>>() })
            }
        }
    }
}

/// Rows with bars between the columns and a rule above and below.
fn table(text: &mut String, head: &[&'static str], rows: &[Vec<String>]) {
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column)).map(|c| c.chars().count());
    let widths: Vec<usize> =
        head.iter().enumerate().map(|(i, name)| cells(i).max().unwrap_or(0).max(name.len())).collect();
    let line = |row: &[&str]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        cells.collect::<Vec<_>>().join("|").trim_end().to_owned()
    };
    let rule = "-".repeat(widths.iter().map(|width| width + 3).sum::<usize>().saturating_sub(1));
    let _ = writeln!(text, "{}\n{rule}", line(head));
    for row in rows {
        let _ = writeln!(text, "{}", line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let _ = writeln!(text, "{rule}");
}

impl Report {
    /// As text.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            part.render(&mut text);
        }
        text
    }

    /// `{statement, file, line, parts: [{facts: {...}} | {title, columns, rows: [{...}]}]}`
    pub fn to_json(&self, files: &[SourceFile]) -> Value {
        let file = files.get(self.span.file as usize);
        json!({
            "statement": self.statement,
            "file": file.map(|file| &file.name),
            "line": file.map(|file| file.position(self.span.start).line),
            "parts": self.parts.iter().map(Part::to_json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_between_rules() {
        let rows = vec![vec!["A".to_owned(), "x".to_owned()], vec!["LONGER".to_owned(), String::new()]];
        let facts = Part::Facts(vec![("Name", "A".into()), ("Kafka topic", "a".into())]);
        let parts = vec![facts, Part::table(&["Name", "Kind"], rows)];
        let report = Report { statement: "SHOW X".into(), span: Span::default(), parts };
        assert_eq!(
            report.render(),
            "Name        : A\nKafka topic : a\n\n Name   | Kind\n---------------\n A      | x\n LONGER |\n---------------\n"
        );
        assert_eq!(report.to_json(&[])["parts"][1]["rows"][1], json!({"Name": "LONGER", "Kind": ""}));
    }
}
