//! Joins and tables that come to an engine that runs already, or go to another.

use broker::TopicSpec;

use crate::joins::{ENRICHED, PROFILES, profile, put, topics, values};
use crate::support::{Rules, Running, drain, eventually, memory, produce, read};

#[test]
fn topics_with_unequal_partition_counts_are_not_joined() {
    let (broker, rules) = (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
    broker.create_topics(&[TopicSpec::retained("profiles", 2)]).unwrap();
    let error = drain(&broker, rules.options(None)).unwrap_err().to_string();
    assert!(error.contains("transactions with 3") && error.contains("profiles with 2"), "{error}");
}

#[test]
fn a_rule_that_begins_to_join_finds_the_table_as_it_is() {
    let state = tempfile::tempdir().unwrap();
    let plain = "CREATE STREAM seen AS SELECT account_id, transaction_id FROM transactions;";
    let (broker, rules) = (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("15_seen.sql", plain)]));
    topics(&broker, &["profiles"]);
    let profiles: Vec<_> = (0..30).map(|i| profile(&format!("A{i}"), "gold", 99_000)).collect();
    put(&broker, "profiles", &profiles);
    let engine = Running::start(&broker, rules.options(Some(state.path())));
    let send = |from: i32| {
        let ids: Vec<_> = (from..from + 30).map(|i| (format!("A{}", i % 30), format!("t{i}"))).collect();
        let rows: Vec<_> = ids.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "m", 10)).collect();
        produce(&broker, &rows);
    };
    send(0);
    eventually("the first are seen", || read(&broker, "SEEN").len() == 30);
    rules.write("20_join.sql", ENRICHED);
    eventually("the join is there", || broker.topic("ENRICHED").unwrap().is_some());
    let joined = |from: i32| {
        let found = values(&broker, "ENRICHED");
        (from..from + 30).all(|i| found.iter().any(|v| v.contains(&format!("\"t{i}\""))))
    };
    // The topic is there before the workers go on with the new rules.
    let mut sent = 30;
    eventually("the join runs", || {
        send(sent);
        sent += 30;
        (30..sent - 30).step_by(30).any(joined)
    });
    send(sent);
    eventually("all are seen", || read(&broker, "SEEN").len() as i32 == sent + 30);
    eventually("the last are joined", || joined(sent));
    let found = values(&broker, "ENRICHED");
    assert!(found.iter().all(|row| row.contains("gold")), "{found:?}");
    let summary = engine.stop();
    assert!(summary.queries.values().all(engine::task::QueryCounters::adds_up), "{summary:?}");
}

#[test]
fn a_second_engine_takes_over_partitions_with_their_tables() {
    let (state, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (broker, rules) = (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
    topics(&broker, &["profiles"]);
    put(&broker, "profiles", &(0..60).map(|i| profile(&format!("A{i}"), "gold", 1)).collect::<Vec<_>>());
    let send = |from: i32| {
        let ids: Vec<_> = (from..from + 60).map(|i| (format!("A{}", i % 60), format!("t{i}"))).collect();
        let rows: Vec<_> = ids.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "m", 10)).collect();
        produce(&broker, &rows);
    };
    let first = Running::start(&broker, rules.options(Some(state.path())));
    send(0);
    eventually("the first alone", || read(&broker, "ENRICHED").len() == 60);
    let second = Running::start(&broker, rules.options(Some(other.path())));
    send(60);
    send(120);
    eventually("both", || read(&broker, "ENRICHED").len() == 180);
    first.stop();
    send(180);
    eventually("the second alone", || read(&broker, "ENRICHED").len() == 240);
    second.stop();
    let found = values(&broker, "ENRICHED");
    assert!(found.iter().all(|row| row.contains("gold")) && found.len() == 240, "{found:?}");
}

/// Of the table's topic the group has read all by then, for the table as it was declared before.
#[test]
fn a_table_that_is_declared_anew_has_the_rows_of_records_that_were_read_before() {
    let wider = PROFILES.replace("tier VARCHAR", "tier VARCHAR, country VARCHAR");
    let join = ENRICHED.replace("p.tier", "p.country");
    let profile = |account: &str, country: &str| {
        (account.to_owned(), Some(format!(r#"{{"tier":"gold","country":"{country}"}}"#)), 9)
    };
    for restart in [true, false] {
        let (broker, rules) =
            (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
        topics(&broker, &["profiles"]);
        put(&broker, "profiles", &[profile("A", "CH"), profile("B", "DE"), ("B".to_owned(), None, 9)]);
        produce(&broker, &[("A", "t1", "1", "m", 1)]);
        let edit = || {
            rules.write("10_profiles.sql", &wider);
            rules.write("20_join.sql", &join);
        };
        let send = || produce(&broker, &[("A", "t2", "1", "m", 2), ("B", "t3", "1", "m", 3)]);
        if restart {
            drain(&broker, rules.options(None)).unwrap();
            edit();
            send();
            drain(&broker, rules.options(None)).unwrap();
            // While nobody read it as a table, others went on in the topic.
            rules.write(
                "20_join.sql",
                "CREATE STREAM raw (account_id VARCHAR KEY, tier VARCHAR) \
                WITH (KAFKA_TOPIC='profiles', VALUE_FORMAT='JSON'); CREATE STREAM copy AS SELECT * FROM raw;",
            );
            put(&broker, "profiles", &[profile("A", "FR")]);
            drain(&broker, rules.options(None)).unwrap();
            rules.write("20_join.sql", &join);
            produce(&broker, &[("A", "t4", "1", "m", 2)]);
            drain(&broker, rules.options(None)).unwrap();
        } else {
            let state = tempfile::tempdir().unwrap();
            let engine = Running::start(&broker, rules.options(Some(state.path())));
            eventually("the first", || read(&broker, "ENRICHED").len() == 1);
            edit();
            eventually("the new rules run", || {
                send();
                values(&broker, "ENRICHED").iter().any(|row| row.contains("COUNTRY"))
            });
            engine.stop();
        }
        let found = values(&broker, "ENRICHED");
        let of = |what: &str| found.iter().filter(|row| row.contains(what)).cloned().collect::<Vec<_>>();
        assert_eq!(of("t1"), [r#"A {"TRANSACTION_ID":"t1","TIER":"gold"}"#]);
        let (joined, gone) = (of("\"t2\",\"COUNTRY"), of("\"t3\",\"COUNTRY"));
        assert!(!joined.is_empty() && joined.iter().all(|row| row.contains("CH")), "{found:?}");
        assert!(gone.iter().all(|row| row.contains("null")), "{found:?}");
        assert_eq!(
            of("t4").iter().filter(|row| row.contains("FR")).count(),
            usize::from(restart),
            "{found:?}"
        );
    }
}
