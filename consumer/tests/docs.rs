//! Every query of docs/schema.md runs on a database with something in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;
use events::Severity;

#[test]
fn the_queries_of_the_schema_page_run() {
    let Some(db) = db() else { return };
    let log = log();
    let profile = Rec {
        topic: "customer_profiles",
        partition: None,
        key: "ACC-1".into(),
        value: Some(r#"{"account_id":"ACC-1","home_city":"Berlin"}"#.into()),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    let label = Rec {
        topic: "transaction_labels",
        value: Some(r#"{"transaction_id":"t1","is_fraud":true}"#.into()),
        ..profile.clone()
    };
    let rule = Rec {
        topic: "rules",
        value: Some(
            r#"{"name":"velocity","version":"v1","mode":"live","severity":"high","sql":"SELECT"}"#.into(),
        ),
        ..profile.clone()
    };
    let mut records = vec![
        profile,
        label,
        rule,
        transaction("t1", "ACC-1", "5", MARCH, r#","loyalty":"gold""#),
        alert("velocity", Severity::High, "t1", "ACC-1", MARCH),
        transaction("bad", "ACC-1", "-5", MARCH, ""),
    ];
    let now = chrono::Utc::now().timestamp_millis();
    records.extend(
        (0..10).map(|i| transaction(&format!("n{i}"), "ACC-1", "5", now - 1_000, r#","merchant":"Shein""#)),
    );
    send(log.as_ref(), &records);
    drain(&log, &db);

    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/schema.md")).unwrap();
    let queries: Vec<&str> =
        page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap().trim()).collect();
    assert!(queries.len() > 10);
    // As the page says: the writer's login, which may read all and change the lists.
    let writer = Db { owner_url: db.writer_url.clone(), writer_url: String::new() };
    for query in queries {
        let rows = writer.block_on(async |connection| {
            sqlx::raw_sql(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(connection).await
        });
        let rows = rows.unwrap_or_else(|error| panic!("{query}\n{error}"));
        assert!(query.starts_with("INSERT") || !rows.is_empty(), "nothing found by\n{query}");
    }
    assert_eq!(db.row("SELECT count(*) FROM list_entries WHERE value = 'Example Shop'"), "1");
}
