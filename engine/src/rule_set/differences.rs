//! In what two programs differ, for people.

use std::fmt;

use crate::plan::{Program, Rule};
use crate::sql::SourceFile;

/// How something of one program stands to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the second has it.
    Added,
    /// Both have it, not alike.
    Changed,
    /// Only the first has it.
    Removed,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        })
    }
}

/// From one program to another: its files, and the rules in them. In order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Differences {
    /// Names of files.
    pub files: Vec<(String, Change)>,
    /// Names of rules.
    pub rules: Vec<(String, Change)>,
}

/// What differs between two lists of (name, content).
fn compare<T: PartialEq>(before: &[(String, T)], after: &[(String, T)]) -> Vec<(String, Change)> {
    let find = |list: &[(String, T)], name: &str| list.iter().position(|(n, _)| n == name);
    let mut found: Vec<_> = after
        .iter()
        .filter_map(|(name, content)| match find(before, name) {
            None => Some((name.clone(), Change::Added)),
            Some(at) if before[at].1 != *content => Some((name.clone(), Change::Changed)),
            Some(_) => None,
        })
        .collect();
    let gone = before.iter().filter(|(name, _)| find(after, name).is_none());
    found.extend(gone.map(|(name, _)| (name.clone(), Change::Removed)));
    found.sort();
    found
}

impl Differences {
    /// From the first program to the second: files, and rules where the program of both is known.
    pub fn between(
        before: (&[SourceFile], Option<&Program>),
        after: (&[SourceFile], Option<&Program>),
    ) -> Self {
        let files = |list: &[SourceFile]| -> Vec<(String, String)> {
            super::portable(list).into_iter().map(|f| (f.name, f.text)).collect()
        };
        let rules = |program: &Program| -> Vec<(String, Rule)> {
            let rules = program.queries.iter().filter_map(|q| q.rule.clone());
            // The file's place is no difference.
            rules.map(|r| (r.name.clone(), Rule { file: String::new(), ..r })).collect()
        };
        Self {
            files: compare(&files(before.0), &files(after.0)),
            rules: match (before.1, after.1) {
                (Some(before), Some(after)) => compare(&rules(before), &rules(after)),
                _ => Vec::new(),
            },
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |list: &[(String, Change)]| {
            list.iter().map(|(name, change)| format!("{name} {change}")).collect::<Vec<_>>().join(", ")
        };
        match (self.files.is_empty(), self.rules.is_empty()) {
            (true, true) => f.write_str("no difference"),
            (_, true) => write!(f, "files: {}", list(&self.files)),
            (true, _) => write!(f, "rules: {}", list(&self.rules)),
            _ => write!(f, "files: {}; rules: {}", list(&self.files), list(&self.rules)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_compared_by_name() {
        let file = |name: &str, text: &str| SourceFile::new(name, text);
        let before = [file("r/a.sql", "1"), file("r/b.sql", "2"), file("r/c.sql", "3")];
        let after = [file("b.sql", "2"), file("c.sql", "4"), file("d.sql", "5")];
        let found = Differences::between((&before, None), (&after, None));
        assert_eq!(found.to_string(), "files: a.sql removed, c.sql changed, d.sql added");
        assert_eq!(Differences::default().to_string(), "no difference");
    }
}
