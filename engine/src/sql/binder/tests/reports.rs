//! What SHOW, DESCRIBE and EXPLAIN print.

use crate::sql::{LoadOptions, Loaded, Purpose, SourceFile, load};

const SHOP: &str = "DEFINE limit = '100';
    CREATE TYPE money AS DECIMAL(9, 2);
    SET 'ksql.sink.partitions' = '3';
    CREATE STREAM orders (id INT KEY, amount money, tags ARRAY<VARCHAR>, trace BYTES HEADER('trace'))
      WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=6, REPLICAS=2);
    CREATE TABLE totals AS SELECT id, SUM(amount) AS total FROM orders WINDOW TUMBLING (SIZE 1 HOUR)
      WHERE amount > ${limit} GROUP BY id HAVING COUNT(*) > 1;";

fn check(sql: &str) -> Loaded {
    let options = LoadOptions { purpose: Purpose::Check, ..LoadOptions::default() };
    let files = vec![SourceFile { name: "shop.sql".into(), text: format!("{SHOP}\n{sql};") }];
    load(files, &options).unwrap_or_else(|e| panic!("{e}"))
}

/// What the statement prints.
fn printed(sql: &str) -> String {
    let loaded = check(sql);
    assert!(loaded.warnings.list.iter().all(|d| d.code != "ignored"), "{}", loaded.warnings);
    assert_eq!(loaded.reports.len(), 1, "{sql}: {}", loaded.warnings);
    loaded.reports[0].render()
}

#[test]
fn lists() {
    let lists =
        ["SHOW STREAMS", "LIST TABLES", "SHOW TOPICS", "SHOW QUERIES", "SHOW TYPES", "SHOW VARIABLES"];
    insta::assert_snapshot!(lists.map(|sql| format!("> {sql}\n{}", printed(sql))).join("\n"));
    let properties = printed("SHOW PROPERTIES");
    let line = properties.lines().find(|line| line.starts_with(" ksql.sink.partitions "));
    let cells: Vec<_> = line.unwrap_or_default().split('|').map(str::trim).collect();
    assert_eq!(cells, ["ksql.sink.partitions", "SET", "3"]);
    let functions = printed("SHOW FUNCTIONS");
    for name in [" COUNT ", " EXPLODE ", " TRANSFORM ", " UCASE ", " UPPER "] {
        assert!(functions.contains(name), "{name}");
    }
}

#[test]
fn descriptions() {
    let statements = [
        "DESCRIBE orders",
        "DESCRIBE totals EXTENDED",
        "DESCRIBE FUNCTION latest_by_offset",
        "DESCRIBE FUNCTION ucase",
        "EXPLAIN ctas_totals_4",
        "EXPLAIN CREATE STREAM large AS SELECT id, amount FROM orders WHERE amount > 5",
    ];
    insta::assert_snapshot!(statements.map(|sql| format!("> {sql}\n{}", printed(sql))).join("\n"));
}

#[test]
fn a_mistake_in_what_only_prints_is_a_warning() {
    for (sql, code, hint) in [
        ("SHOW STREAM", "syntax", "did you mean STREAMS?"),
        ("DESCRIBE order", "unknown_source", "did you mean ORDERS?"),
        ("DESCRIBE FUNCTION ucse", "unknown_function", "did you mean UCASE?"),
        ("EXPLAIN ctas_total_4", "unknown_query", "did you mean CTAS_TOTALS_4?"),
        (
            "EXPLAIN SET 'ksql.a' = 'b'",
            "unsupported",
            "EXPLAIN CREATE ... AS SELECT ..., or EXPLAIN and the id of a query",
        ),
        ("SHOW CONNECTORS", "unsupported", "run Kafka Connect beside this program where it is needed"),
    ] {
        let loaded = check(sql);
        assert!(loaded.reports.is_empty(), "{sql}");
        let found = |d: &crate::sql::Diagnostic| d.code == code && d.hint.as_deref() == Some(hint);
        assert!(loaded.warnings.list.iter().any(found), "{sql}: {}", loaded.warnings);
    }
}

#[test]
fn what_is_explained_is_not_made() {
    let loaded = check("EXPLAIN CREATE STREAM large AS SELECT id, amount FROM orders; SHOW QUERIES");
    assert!(!loaded.reports[1].render().contains("LARGE"));
    assert_eq!(loaded.program.queries.len(), 1);
}

#[test]
fn it_is_told_which_table_every_partition_has() {
    let loaded = check(
        "--@broadcast: true
         CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='items', VALUE_FORMAT='JSON');
         EXPLAIN CREATE STREAM named AS SELECT i.id, o.amount, i.name FROM orders o JOIN items i ON o.id = i.id",
    );
    let explained = loaded.reports[0].render();
    assert!(explained.contains("TABLE ITEMS, broadcast: all of it in every partition"), "{explained}");
}

#[test]
fn a_check_refuses_what_an_engine_refuses() {
    let raced = format!(
        "{SHOP} CREATE TABLE sums AS SELECT amount, COUNT(*) AS n FROM orders GROUP BY amount;
         CREATE STREAM j AS SELECT o.id, o.amount, t.n FROM orders o JOIN sums t ON o.amount = t.amount;
         DROP STREAM j; INSERT INTO orders (id) VALUES (1); ASSERT STREAM j;"
    );
    let codes = |purpose| {
        let options = LoadOptions { purpose, ..LoadOptions::default() };
        let files = vec![SourceFile { name: "shop.sql".into(), text: raced.clone() }];
        let refused = load(files, &options).unwrap_err();
        let errors = refused.list.iter().filter(|d| d.severity == crate::sql::Severity::Error);
        errors.map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(Purpose::Check), codes(Purpose::Rules));
}

#[test]
fn elsewhere_it_is_ignored_with_a_warning() {
    let text = format!("{SHOP} SHOW STREAMS; DESCRIBE nothing; EXPLAIN nothing;");
    let loaded = load(vec![SourceFile { name: "shop.sql".into(), text }], &LoadOptions::default()).unwrap();
    assert!(loaded.reports.is_empty());
    assert_eq!(loaded.warnings.list.iter().filter(|d| d.code == "ignored").count(), 3);
}
