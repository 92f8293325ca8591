//! Columns of headers.

use serde_json::{Value, json};

use super::{records, refusal};

const CALLS: &str = "CREATE STREAM calls (id INT KEY, trace BYTES HEADER('trace'), amount INT)
    WITH (KAFKA_TOPIC='calls', FORMAT='JSON');";

fn call(id: i32, headers: &Value) -> Value {
    json!({ "topic": "calls", "key": id, "value": {"AMOUNT": 5}, "headers": headers })
}

#[test]
fn a_header_is_a_column() {
    let sql = format!("{CALLS} CREATE STREAM o AS SELECT *, FROM_BYTES(trace, 'ascii') AS text FROM calls;");
    let twice = json!([{"KEY": "trace", "VALUE": "YQ=="}, {"KEY": "trace", "VALUE": "Yg=="}]);
    let inputs = json!([call(1, &twice), call(2, &json!([]))]);
    let expected = [
        (json!(1), json!({"TRACE": "Yg==", "AMOUNT": 5, "TEXT": "b"})),
        (json!(2), json!({"TRACE": null, "AMOUNT": 5, "TEXT": null})),
    ];
    assert_eq!(records(&sql, "O", &inputs), expected);
}

#[test]
fn headers_go_along_to_another_partition() {
    let sql = "CREATE STREAM calls (h ARRAY<STRUCT<KEY STRING, VALUE BYTES>> HEADERS, amount INT)
        WITH (KAFKA_TOPIC='calls', FORMAT='JSON');
        CREATE TABLE o AS SELECT h[1]->key AS name, COUNT(*) AS n, MAX(ARRAY_LENGTH(h)) AS most
        FROM calls WHERE h[1]->value = TO_BYTES('b', 'ascii') GROUP BY h[1]->key;";
    let headers = json!([{"KEY": "trace", "VALUE": "Yg=="}, {"KEY": "x", "VALUE": ""}]);
    let inputs = json!([call(1, &headers), call(2, &json!([])), call(3, &headers)]);
    let expected =
        [(json!("trace"), json!({"N": 1, "MOST": 2})), (json!("trace"), json!({"N": 2, "MOST": 2}))];
    assert_eq!(records(sql, "O", &inputs), expected);
}

#[test]
fn a_table_is_grouped_by_what_is_not_its_key() {
    let sql = "CREATE TABLE rooms (id INT PRIMARY KEY, house VARCHAR, h BYTES HEADER('wing'))
        WITH (KAFKA_TOPIC='rooms', FORMAT='JSON');
        CREATE TABLE o AS SELECT h, COUNT(*) AS n FROM rooms GROUP BY h;";
    let room = |id: i32, wing: &str| {
        let headers = json!([{"KEY": "wing", "VALUE": wing}]);
        json!({ "topic": "rooms", "key": id, "value": {"HOUSE": "a"}, "headers": headers })
    };
    let counts = [("YQ==", 1), ("YQ==", 2), ("YQ==", 1), ("Yg==", 1)];
    let expected = counts.map(|(wing, n)| (json!(wing), json!({ "N": n })));
    assert_eq!(records(sql, "O", &json!([room(1, "YQ=="), room(2, "YQ=="), room(1, "Yg==")])), expected);
}

#[test]
fn what_headers_refuse() {
    let stream = |columns: &str| {
        refusal(&format!("CREATE STREAM s (a INT, {columns}) WITH (KAFKA_TOPIC='t', FORMAT='JSON');"))
    };
    let all = "ARRAY<STRUCT<KEY STRING, VALUE BYTES>> HEADERS";
    assert_eq!(stream(&format!("h {all}")), "accepted");
    assert_eq!(stream("h BYTES HEADER('a'), i BYTES HEADER('b')"), "accepted");
    assert_eq!(stream("h STRING HEADER('a')"), "type_mismatch");
    assert_eq!(stream("h ARRAY<BYTES> HEADERS"), "type_mismatch");
    assert_eq!(stream("h BYTES HEADER('a'), i BYTES HEADER('a')"), "duplicate_column");
    assert_eq!(stream(&format!("h {all}, i BYTES HEADER('a')")), "duplicate_column");
    assert_eq!(stream(&format!("h {all}, i {all}")), "duplicate_column");
    let insert = |insert: &str| refusal(&format!("{CALLS} INSERT INTO calls {insert};"));
    assert_eq!(insert("SELECT * FROM calls"), "schema");
    assert_eq!(insert("VALUES (1, NULL, 2)"), "schema");
    assert_eq!(insert("(id, trace) VALUES (1, NULL)"), "schema");
    assert_eq!(insert("(id, amount) VALUES (1, 2)"), "accepted");
}
