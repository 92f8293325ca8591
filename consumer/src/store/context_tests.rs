#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use sqlx::Connection;

use super::*;

/// 2024-03-05 00:00 UTC.
const START: i64 = 1_709_596_800;
const HOT: i64 = 100_000;
const DAY: TimeDelta = TimeDelta::hours(24);

/// An account with a hundred thousand alerts in a day, thirty with some, and one whose alerts cross at the same time.
const FILL: &str = "
    SELECT ensure_partitions('alert_occurrences', '{2024-03-01}');
    INSERT INTO alert_occurrences (alert_id, event_time, source_topic, source_partition, source_offset, ordinal,
        transaction_id, account_id, mode, severity, evidence, ingested_at, rule_name, rule_version)
    SELECT md5('hot' || i)::uuid, timestamptz '2024-03-05 00:00Z' + i * interval '0.8 seconds', 'transactions', 0, i, 0,
        'h' || i, 'HOT', CASE WHEN i % 10 = 0 THEN 'shadow' ELSE 'live' END,
        (CASE WHEN i % 7 = 0 THEN 'critical' ELSE 'low' END)::severity, '{}'::jsonb, now(), 'r', 'v'
    FROM generate_series(0, 99999) i
    UNION ALL
    SELECT md5('some' || a || '/' || i % (a + 3))::uuid, timestamptz '2024-03-04 00:00Z' + i * interval '31 minutes',
        'transactions', 1, a * 1000 + i, 0, 's' || a || '/' || i, 'A' || a,
        CASE WHEN (a + i) % 5 = 0 THEN 'shadow' ELSE 'live' END,
        (enum_range(NULL::severity))[1 + (a * i) % 4], '{}'::jsonb, now(), 'r', 'v'
    FROM generate_series(1, 30) a, generate_series(1, 120) i
    UNION ALL
    SELECT md5('tie' || i)::uuid, timestamptz '2024-03-05 10:00Z' + (i / 10) * interval '1 second', 'transactions', 2, i, 0,
        't' || i, 'TIES', 'live', 'high', '{}'::jsonb, now(), 'r', 'v'
    FROM generate_series(0, 49) i;
    ANALYZE alert_occurrences";

/// The same without a bound, by rows of the table alone.
const ALL: &str = "
    SELECT count(DISTINCT alert_id), coalesce(max(severity)::text, '') FROM alert_occurrences
    WHERE account_id = $1 AND event_time >= $2 - interval '24 hours' AND event_time < $2 AND mode = 'live'
      AND transaction_id IS DISTINCT FROM $3";

fn with_alerts(name: &str, work: impl AsyncFnOnce(&mut PgConnection)) {
    let Some(server) = servers::postgres() else { return };
    let url = server.create_database(&format!("context_{name}_{}", std::process::id()));
    crate::migrate(&url).unwrap();
    crate::runtime().unwrap().block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        crate::database::prepare(&mut connection).await.unwrap();
        sqlx::raw_sql(FILL).execute(&mut connection).await.unwrap();
        work(&mut connection).await;
    });
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(START + seconds, 0).unwrap()
}

#[test]
fn what_is_counted_up_to_a_bound_is_what_is_there_up_to_it() {
    with_alerts("equal", async |connection| {
        let accounts: Vec<String> = (1..=30).map(|a| format!("A{a}")).collect();
        let ids: Vec<String> = (0..12).map(|i| format!("s5/{}", i * 10)).collect();
        let wanted: Vec<(String, &str, DateTime<Utc>)> = accounts
            .iter()
            .flat_map(|account| ids.iter().map(move |id| (account, id)))
            .enumerate()
            // An id of the account's own crossings now and then, at times on and between them.
            .map(|(i, (account, id))| (format!("{id}#{i}"), account.as_str(), at(i as i64 * 317 - 9_000)))
            .collect();
        let wanted: Vec<Wanted<'_>> = wanted
            .iter()
            .map(|(id, account, at)| {
                let id = if account == &"A5" { id.split('#').next().unwrap() } else { id };
                Wanted { id, account, at: *at, known: true }
            })
            .collect();
        let mut seen = 0;
        for one in &wanted {
            let found = recent(connection, std::slice::from_ref(one), DAY, CROSSINGS).await.unwrap();
            let (alerts, severity): (i64, String) = sqlx::query_as(ALL)
                .bind(one.account)
                .bind(one.at)
                .bind(one.id)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            match found.get(one.id) {
                None => assert_eq!(alerts, 0, "{one:?}"),
                Some(found) => {
                    assert_eq!((found.alerts, found.severity.to_string()), (alerts, severity), "{one:?}");
                    assert!(!found.or_more);
                    seen += 1;
                }
            }
        }
        assert!(seen > 200, "{seen} with alerts");
    });
}

#[test]
fn a_bound_that_is_reached_is_said_and_takes_crossings_of_one_time_together() {
    with_alerts("bound", async |connection| {
        let wanted = |account| Wanted { id: "none", account, at: at(24 * 3_600), known: true };
        for (account, crossings, expected) in
            [("HOT", 1_000, 1_000), ("TIES", 25, 30), ("TIES", 30, 30), ("TIES", 50, 50)]
        {
            let found = recent(connection, &[wanted(account)], DAY, crossings).await.unwrap();
            let severity = if account == "HOT" { Severity::Critical } else { Severity::High };
            let expected = RecentAlerts { alerts: expected, severity, or_more: true };
            assert_eq!(found["none"], expected, "{account} of {crossings}");
        }
        let found = recent(connection, &[wanted("TIES")], DAY, 51).await.unwrap();
        assert_eq!(found["none"], RecentAlerts { alerts: 50, severity: Severity::High, or_more: false });
    });
}

/// Rows that the plan's scans have read, whatever became of them.
fn rows_read(plan: &Value) -> f64 {
    let of_children = match plan {
        Value::Array(all) => all.iter().map(rows_read).sum(),
        Value::Object(node) => node.values().map(rows_read).sum(),
        _ => 0.0,
    };
    let is_scan = plan["Relation Name"].is_string();
    let number = |name| plan[name].as_f64().unwrap_or(0.0);
    let own = (number("Actual Rows") + number("Rows Removed by Filter")) * number("Actual Loops");
    of_children + if is_scan { own } else { 0.0 }
}

/// Each decision on it read all hundred thousand.
#[test]
fn a_decision_on_a_hot_account_reads_no_more_than_the_bound() {
    with_alerts("rows", async |connection| {
        let decisions = 20;
        let ids: Vec<String> = (0..decisions).map(|i| format!("new{i}")).collect();
        let times: Vec<DateTime<Utc>> = (0..decisions).map(|i| at(HOT * 8 / 10 + i)).collect();
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN (ANALYZE, FORMAT JSON) {RECENT}"));
        let plan: Value = sqlx::query_scalar(explain)
            .bind(&ids)
            .bind(vec!["HOT"; ids.len()])
            .bind(&times)
            .bind(DAY)
            .bind(CROSSINGS)
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let read = rows_read(&plan);
        // A tenth of the crossings are a shadow rule's, which are read and passed over.
        let bound = decisions as f64 * CROSSINGS as f64 * 1.2;
        assert!(read >= decisions as f64 * CROSSINGS as f64, "{read} rows: {plan:#}");
        assert!(read <= bound, "{read} rows for {decisions} decisions: {plan:#}");
    });
}
