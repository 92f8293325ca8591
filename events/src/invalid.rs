//! What is wrong with a record, field by field.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field or header; empty where the record as a whole is meant.
    pub field: String,
    /// What is wrong with it, as the end of a sentence that begins with the field.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.field, self.reason)
        }
    }
}

/// A record that breaks the contract: everything that is wrong with it, at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    problems: Vec<Problem>,
}

impl std::error::Error for Invalid {}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl Invalid {
    /// One field is wrong.
    pub fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { problems: vec![Problem { field: field.into(), reason: reason.into() }] }
    }

    /// The record as a whole is wrong.
    pub fn record(reason: impl Into<String>) -> Self {
        Self::field("", reason)
    }

    /// What is wrong, in the order it was found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Ok where there is no problem.
    pub(crate) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }
}

impl From<garde::Report> for Invalid {
    fn from(report: garde::Report) -> Self {
        let problem = |(path, error): &(garde::Path, garde::Error)| Problem {
            field: path.to_string(),
            reason: error.message().to_owned(),
        };
        Self { problems: report.iter().map(problem).collect() }
    }
}
