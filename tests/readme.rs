//! The README's first rule loads beside the shipped ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::{stderr, stdout, streamguard};

#[test]
fn the_first_rule_loads() {
    let readme = std::fs::read_to_string(support::root().join("README.md")).unwrap();
    let mut blocks = readme.split("```sql").skip(1).map(|block| block.split("```").next().unwrap());
    let rule = blocks.find(|block| block.contains("CREATE STREAM")).expect("a rule in the README");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("first.sql"), rule).unwrap();
    let rules = support::root().join("rules");
    let output = streamguard(&["rules", "check"]).arg(rules).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), support::expected::RULES.len() + 1, "{}", stdout(&output));
}
