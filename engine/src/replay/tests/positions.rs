//! UUID(), RANDOM() and UNIX_TIMESTAMP(): another value for each row, and the same one on each replay.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::records;

const TRIPS: &str = "CREATE STREAM trips (rider VARCHAR KEY, km INT, stops ARRAY<VARCHAR>)
    WITH (KAFKA_TOPIC='trips', VALUE_FORMAT='JSON');
    CREATE STREAM fares (rider VARCHAR KEY, cents INT) WITH (KAFKA_TOPIC='fares', VALUE_FORMAT='JSON');
    CREATE TABLE riders (rider VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='riders', VALUE_FORMAT='JSON');";

fn trips() -> Value {
    let trip = |rider: &str, at: i64| {
        let value = json!({"km": 4, "stops": ["Ulm", "Ulm", "Aalen"]});
        json!({"topic": "trips", "key": rider, "timestamp": at, "value": value})
    };
    let of =
        |topic: &str, value: Value| json!({"topic": topic, "key": "Ada", "timestamp": 3_000, "value": value});
    json!([
        of("riders", json!({"name": "A. L."})),
        trip("Ada", 5_000),
        trip("Ada", 5_000),
        trip("Bo", 7_000),
        of("fares", json!({"cents": 250})),
        of("fares", json!({"cents": 250})),
    ])
}

/// The values of a column of all records that a query writes; a second replay gives the same.
fn column(query: &str) -> Vec<Value> {
    let values = || -> Vec<Value> {
        let written = records(&format!("{TRIPS} {query}"), "O", &trips());
        written.into_iter().map(|(_, value)| value["X"].clone()).collect()
    };
    let first = values();
    assert_eq!(first, values(), "{query}");
    first
}

fn all_differ(values: &[Value], count: usize) {
    assert_eq!(values.len(), count, "{values:?}");
    assert_eq!(values.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), count, "{values:?}");
}

#[test]
fn each_row_has_a_uuid_of_its_own() {
    let plain = column("CREATE STREAM o AS SELECT rider, UUID() AS x FROM trips;");
    all_differ(&plain, 3);
    let id = plain[0].as_str().and_then(|text| uuid::Uuid::parse_str(text).ok()).expect("a UUID");
    assert_eq!((id.get_version_num(), id.get_variant()), (4, uuid::Variant::RFC4122));
    // Rows of one record.
    all_differ(&column("CREATE STREAM o AS SELECT rider, UUID() AS x, EXPLODE(stops) AS s FROM trips;"), 9);
    // Windows and updates of one group.
    let windows = "CREATE TABLE o AS SELECT rider, COUNT(*) AS n, UUID() AS x FROM trips
        WINDOW HOPPING (SIZE 4 SECONDS, ADVANCE BY 2 SECONDS) GROUP BY rider;";
    all_differ(&column(windows), 6);
    // Pairs of a join of streams: each trip of Ada's with each fare.
    let pairs = "CREATE STREAM o AS SELECT t.rider, UUID() AS x FROM trips t
        JOIN fares f WITHIN 1 MINUTE ON t.rider = f.rider;";
    all_differ(&column(pairs), 4);
    let with_table = "CREATE STREAM o AS SELECT t.rider, UUID() AS x FROM trips t
        LEFT JOIN riders r ON t.rider = r.rider;";
    all_differ(&column(with_table), 3);
    all_differ(
        &column("CREATE TABLE o AS SELECT rider, COUNT(*) AS n, UUID() AS x FROM trips GROUP BY rider;"),
        3,
    );
}

#[test]
fn each_call_and_each_query_has_one_of_its_own() {
    let calls = column("CREATE STREAM o AS SELECT rider, ARRAY[UUID(), UUID()] AS x FROM trips;");
    let each: Vec<_> = calls.iter().flat_map(|pair| pair.as_array().cloned().unwrap_or_default()).collect();
    all_differ(&each, 6);
    let queries = "CREATE STREAM o AS SELECT rider, UUID() AS x FROM trips WHERE km > 1;
        INSERT INTO o SELECT rider, UUID() AS x FROM trips WHERE km > 2;
        INSERT INTO o SELECT rider, UUID() AS x FROM trips WHERE km > 3;";
    all_differ(&column(queries), 9);
    let elements =
        "CREATE STREAM o AS SELECT rider, TRANSFORM(ARRAY[1, 2, 3], n => RANDOM()) AS x FROM trips;";
    let values = column(elements);
    let each: Vec<_> = values.iter().flat_map(|list| list.as_array().cloned().unwrap_or_default()).collect();
    all_differ(&each, 9);
}

#[test]
fn values_by_hand_have_one_too() {
    let sql = "CREATE STREAM o (k VARCHAR KEY, x VARCHAR) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
        INSERT INTO o VALUES ('a', UUID()); INSERT INTO o VALUES ('a', UUID());
        CREATE STREAM c WITH (KAFKA_TOPIC='O') AS SELECT k, x FROM o;";
    let written = records(sql, "O", &json!([]));
    all_differ(&written.into_iter().map(|(_, value)| value["X"].clone()).collect::<Vec<_>>(), 2);
}

#[test]
fn random_is_spread_evenly() {
    let inputs: Vec<Value> =
        (0..2_000).map(|_| json!({"topic": "trips", "key": "Ada", "value": {"km": 1}})).collect();
    let sql =
        format!("{TRIPS} CREATE STREAM o AS SELECT rider, RANDOM() AS x FROM trips WHERE RANDOM() < 0.5;");
    let kept: Vec<f64> =
        records(&sql, "O", &json!(inputs)).iter().filter_map(|(_, v)| v["X"].as_f64()).collect();
    // WHERE keeps half of them, and says nothing of the second call: 5 standard deviations to each side.
    assert!((890..=1_110).contains(&kept.len()), "{}", kept.len());
    let below: usize = kept.iter().filter(|x| **x < 0.25).count();
    assert!(kept.iter().all(|x| (0.0..1.0).contains(x)));
    assert!((kept.len() / 4).abs_diff(below) < 70, "{below} of {}", kept.len());
}

#[test]
fn the_time_is_the_rows() {
    assert_eq!(
        column("CREATE STREAM o AS SELECT rider, UNIX_TIMESTAMP() AS x FROM trips;"),
        [5_000, 5_000, 7_000]
    );
    // Of a stream and a table it is the stream's, of two streams the later one, of a group the latest.
    let with_table = "CREATE STREAM o AS SELECT t.rider, UNIX_TIMESTAMP() AS x FROM trips t
        LEFT JOIN riders r ON t.rider = r.rider;";
    assert_eq!(column(with_table), [5_000, 5_000, 7_000]);
    let pairs = "CREATE STREAM o AS SELECT t.rider, UNIX_TIMESTAMP() AS x FROM fares f
        JOIN trips t WITHIN 1 MINUTE ON t.rider = f.rider;";
    assert_eq!(column(pairs), [5_000; 4]);
    let grouped =
        "CREATE TABLE o AS SELECT 1 AS one, COUNT(*) AS n, UNIX_TIMESTAMP() AS x FROM trips GROUP BY 1;";
    assert_eq!(column(grouped), [5_000, 5_000, 7_000]);
}

#[test]
fn a_group_needs_an_aggregate_beside_them() {
    let sql = format!("{TRIPS} CREATE TABLE o AS SELECT rider, UUID() AS x FROM trips GROUP BY rider;");
    assert_eq!(super::refusal(&sql), "group_by");
}
