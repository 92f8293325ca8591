//! What names a rule's version and its state: the meaning of the text, and nothing else of it.
#![allow(clippy::unwrap_used)]

#[path = "support/sources.rs"]
mod sources;

use std::fmt::Write;

use engine::sql::{LoadOptions, SourceFile, load};
use sources::SOURCES;

/// Versions and fingerprints name state and alerts that were written by earlier releases: they never change.
#[test]
fn versions_and_fingerprints_are_the_same_across_releases() {
    let rules = "--@severity: high\nCREATE STREAM high WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount \
        FROM transactions WHERE amount > 5000;\n\
        CREATE TABLE velocity WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, COUNT(*) AS n, SUM(amount) AS total \
        FROM transactions WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES) GROUP BY account_id HAVING COUNT(*) > 3;\n\
        CREATE TABLE by_merchant WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT merchant, COUNT(*) AS n \
        FROM transactions WINDOW TUMBLING (SIZE 1 HOUR) WHERE country IN ('US', 'GB') GROUP BY merchant;";
    insta::assert_snapshot!(names(rules));
}

/// The versions of a program's rules and the fingerprints of its aggregates.
fn names(rules: &str) -> String {
    let files = vec![SourceFile::new("00_sources.sql", SOURCES), SourceFile::new("10_rules.sql", rules)];
    let program = load(files, &LoadOptions::default()).unwrap().program;
    let mut text = String::new();
    for rule in program.queries.iter().filter_map(|q| q.rule.as_ref()) {
        writeln!(text, "{} {}", rule.name, rule.version).unwrap();
    }
    for task in &program.tasks {
        for step in &task.steps {
            let engine::plan::Operator::Aggregate { frames, .. } = &step.operator else { continue };
            for frame in frames {
                let calls: Vec<_> = frame.calls.iter().map(|c| c.fingerprint.to_string()).collect();
                writeln!(text, "{} frame {} calls {}", task.name, frame.fingerprint, calls.join(" "))
                    .unwrap();
            }
        }
    }
    text
}

#[test]
fn layout_file_and_description_do_not_change_a_version() {
    let rule = |directives: &str, limit: &str| {
        let text = format!(
            "{directives}\nCREATE STREAM high WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions WHERE amount > {limit};"
        );
        names(&text)
    };
    let plain = rule("", "5000");
    assert_eq!(plain, rule("--@description: much\n\n-- a remark", "  5000 "));
    assert_eq!(plain, rule("--@mode: shadow", "5000"));
    assert_ne!(plain, rule("--@severity: high", "5000"));
    assert_ne!(plain, rule("", "5001"));
}

/// The versions of a program's rules.
fn versions(rules: &str) -> Vec<String> {
    let files = vec![SourceFile::new("00_sources.sql", SOURCES), SourceFile::new("10_rules.sql", rules)];
    let program = load(files, &LoadOptions::default()).unwrap().program;
    program.queries.iter().filter_map(|q| q.rule.as_ref()).map(|r| r.version.clone()).collect()
}

#[test]
fn a_version_tells_apart_what_means_something_else() {
    let keyed =
        "CREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions";
    let rules = [
        format!("{keyed};"),
        format!("{keyed} PARTITION BY NULL;"),
        format!("{};", keyed.replace("fraud_alerts'", "fraud_alerts', VALUE_FORMAT='DELIMITED'")),
        format!(
            "{};",
            keyed.replace("fraud_alerts'", "fraud_alerts', VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='|'")
        ),
    ];
    let mut seen: Vec<_> = rules.iter().flat_map(|r| versions(r)).collect();
    // The time of the stream in between decides what falls into a window.
    for time in ["", ", TIMESTAMP='a'", ", TIMESTAMP='b'"] {
        let between = format!(
            "CREATE STREAM s WITH (KAFKA_TOPIC='s'{time}) AS SELECT account_id, CAST(1 AS BIGINT) AS a, CAST(2 AS BIGINT) AS b FROM transactions;"
        );
        seen.extend(versions(&format!(
            "{between} CREATE TABLE r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY account_id;"
        )));
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all);
}

#[test]
fn the_order_of_statements_does_not_change_a_version() {
    let stream = "CREATE STREAM s AS SELECT account_id, amount FROM transactions;";
    let more = "INSERT INTO s SELECT account_id, amount FROM transactions WHERE amount > 7;";
    let rule = "CREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM s WHERE amount > 9;";
    assert_eq!(versions(&format!("{stream}{more}{rule}")), versions(&format!("{stream}{rule}{more}")));
    assert_ne!(versions(&format!("{stream}{rule}")), versions(&format!("{stream}{rule}{more}")));
}

#[test]
fn columns_that_differ_in_case_only_have_stores_of_their_own() {
    let rules = "CREATE STREAM c (k VARCHAR KEY, M VARCHAR, `m` VARCHAR) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');\
        CREATE TABLE upper AS SELECT M, COUNT(*) AS n FROM c GROUP BY M;\
        CREATE TABLE lower AS SELECT `m`, COUNT(*) AS n FROM c GROUP BY `m`;";
    let files = vec![SourceFile::new("c.sql", rules)];
    let program = load(files, &LoadOptions::default()).unwrap().program;
    let mut stores: Vec<_> = program.tasks.iter().flat_map(|t| &t.stores).map(|s| s.name.clone()).collect();
    stores.sort();
    stores.dedup();
    assert_eq!(stores.len(), 2, "{stores:?}");
}
