//! What is written at least once, compared with what must be: all of it, and of what is there again the same.

use std::collections::BTreeMap;

use crate::committed::{Alert, as_line, difference};
use crate::load::{Expected, MAY_REPEAT};

/// Fails where an alert is missing, was not to be, or came again as another. How many came again.
pub(crate) fn compare(found: &[Alert], expected: &Expected, words: impl Fn() -> String) -> usize {
    let mut problems = Vec::new();
    // By rule and what caused it: the id, and the alert.
    let mut alerts: BTreeMap<String, (String, String)> = BTreeMap::new();
    for alert in found {
        let caused = ["rule.name", "source.topic", "source.partition", "source.offset", "source.ordinal"];
        let caused = caused.map(|name| alert.header(name)).join("/");
        let (id, line) = (alert.header("alert.id").to_owned(), as_line(alert));
        assert!(!id.is_empty(), "an alert without an id: {line}");
        match alerts.get(&caused) {
            Some((first, _)) if *first != id => problems.push(format!("again as {id}, not {first}: {line}")),
            Some((_, first)) if *first != line => {
                problems.push(format!("again as another: {line}, not {first}"))
            }
            _ => {
                alerts.insert(caused, (id, line));
            }
        }
    }
    let repeated = found.len() - alerts.len();
    let mut lines: Vec<String> = alerts.into_values().map(|(_, line)| line).collect();
    let is_ours = |line: &&String| MAY_REPEAT.iter().any(|rule| line.starts_with(&format!("{rule} ")));
    let mut wanted: Vec<String> = expected.alerts.iter().filter(is_ours).cloned().collect();
    lines.sort();
    wanted.sort();
    problems.extend(difference(&wanted, &lines).into_iter().map(|line| format!("lost: {line}")));
    problems.extend(difference(&lines, &wanted).into_iter().map(|line| format!("not expected: {line}")));
    if !problems.is_empty() {
        let first = problems.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
        panic!("{} problems, of which the first are\n{first}\n{}", problems.len(), words());
    }
    repeated
}
