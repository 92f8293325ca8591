//! Values inside of values, and rows behind joins: types in common, table functions, new keys.

use serde_json::{Value, json};

use super::{records, refusal};

const ORDERS: &str = "
    CREATE STREAM orders (id VARCHAR KEY, items ARRAY<INT>, place STRUCT<city VARCHAR, zip INT>,
                          placed VARCHAR, due DATE, total DECIMAL(8, 2))
        WITH (KAFKA_TOPIC='orders', FORMAT='JSON');
    CREATE TABLE people (id VARCHAR PRIMARY KEY, name VARCHAR, age INT, tags ARRAY<VARCHAR>)
        WITH (KAFKA_TOPIC='people', FORMAT='JSON');\n";

/// What `query` writes to O for one person and three orders, of which two are theirs.
fn out(query: &str) -> Vec<(Value, Value)> {
    let inputs = json!([
        { "topic": "people", "key": "p1", "value": {"name": "Ann", "age": 40, "tags": ["new", "vip"]} },
        { "topic": "orders", "key": "p1", "value": {
            "items": [7, 8, 9], "place": {"city": "Ulm", "zip": 89}, "placed": "2024-03-01", "due": 19783, "total": 5.5} },
        { "topic": "orders", "key": "p2", "value": {"items": [5], "placed": "soon", "due": 19783} },
        { "topic": "orders", "key": "p1", "value": {"placed": "2024-03-02T10:00:00", "due": 19783} },
    ]);
    records(&format!("{ORDERS}{query}"), "O", &inputs)
}

fn values(query: &str) -> Vec<Value> {
    out(query).into_iter().map(|(_, value)| value).collect()
}

#[test]
fn table_functions_stand_behind_joins() {
    let inner = "CREATE STREAM o AS SELECT orders.id, name, EXPLODE(items) AS item, EXPLODE(tags) AS tag
        FROM orders JOIN people ON orders.id = people.id;";
    assert_eq!(
        values(inner),
        [
            json!({"NAME": "Ann", "ITEM": 7, "TAG": "new"}),
            json!({"NAME": "Ann", "ITEM": 8, "TAG": "vip"}),
            json!({"NAME": "Ann", "ITEM": 9, "TAG": null}),
            json!({"NAME": "Ann", "ITEM": null, "TAG": "new"}),
            json!({"NAME": "Ann", "ITEM": null, "TAG": "vip"}),
        ]
    );
    // Over a row of both sides, under another key, behind WHERE.
    let left = "CREATE STREAM o AS SELECT name, orders.id AS owner, EXPLODE(ARRAY[age, items[1]]) + 1 AS n
        FROM orders LEFT JOIN people ON orders.id = people.id WHERE items IS NOT NULL PARTITION BY name;";
    assert_eq!(
        out(left),
        [
            (json!("Ann"), json!({"OWNER": "p1", "N": 41})),
            (json!("Ann"), json!({"OWNER": "p1", "N": 8})),
            (json!(null), json!({"OWNER": "p2", "N": null})),
            (json!(null), json!({"OWNER": "p2", "N": 6})),
        ]
    );
}

#[test]
fn a_join_takes_a_new_key() {
    let by = |by: &str| {
        out(&format!(
            "CREATE STREAM o AS SELECT {by}, orders.id AS owner
             FROM orders LEFT JOIN people ON orders.id = people.id PARTITION BY {by};"
        ))
    };
    let keys = |list: &str| by(list).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys("age"), [json!(40), json!(null), json!(40)]);
    let ann = json!({"NAME": "Ann", "AGE": 40});
    assert_eq!(keys("name, age"), [ann.clone(), json!({"NAME": null, "AGE": null}), ann]);
}

#[test]
fn tables_whose_keys_are_json_are_grouped() {
    let inputs = json!([
        { "topic": "people", "key": "p1", "value": {"age": 40} },
        { "topic": "people", "key": "p2", "value": {"age": 40} },
        { "topic": "people", "key": "p1", "value": {"age": 41} },
    ]);
    let sql = format!("{ORDERS}CREATE TABLE o AS SELECT age, COUNT(*) AS n FROM people GROUP BY age;");
    let counts = records(&sql, "O", &inputs);
    let counts: Vec<_> = counts.into_iter().map(|(age, value)| (age, value["N"].clone())).collect();
    assert_eq!(counts, [(40, 1), (40, 2), (40, 1), (41, 1)].map(|(age, n)| (json!(age), json!(n))));
}

#[test]
fn text_of_a_column_is_compared_as_a_time() {
    let early = "CREATE STREAM o AS SELECT id, placed < due AS early, due = placed AS same,
        CAST(due AS TIMESTAMP) < placed AS later FROM orders;";
    assert_eq!(
        values(early),
        [
            json!({"EARLY": false, "SAME": true, "LATER": false}),
            // Text that is no date, and one that has a time besides.
            json!({"EARLY": null, "SAME": null, "LATER": null}),
            json!({"EARLY": null, "SAME": null, "LATER": true}),
        ]
    );
}

#[test]
fn insert_into_fits_values_inside_of_values() {
    let sink = "CREATE STREAM o (id VARCHAR KEY, ids ARRAY<BIGINT>, spot STRUCT<zip BIGINT, land VARCHAR, city VARCHAR>,
        rate DECIMAL(4, 2)) WITH (KAFKA_TOPIC='O', FORMAT='JSON');";
    let insert = |select: &str| {
        format!("{sink} INSERT INTO o SELECT id, {select} FROM orders WHERE total IS NOT NULL;")
    };
    let fits = insert("items AS ids, place AS spot, 5 AS rate");
    assert_eq!(
        values(&fits),
        [json!({"IDS": [7, 8, 9], "SPOT": {"ZIP": 89, "LAND": null, "CITY": "Ulm"}, "RATE": 5.00})]
    );
    for wrong in [
        // A field that would be lost, digits that would be, and a name of another column.
        "items AS ids, STRUCT(zip := 1, street := 'x') AS spot, 5 AS rate",
        "items AS ids, place AS spot, 5.125 AS rate",
        "items AS ids, place AS spot, 500 AS rate",
        "items AS ids, place AS spot, total AS rate",
        "items AS spot, place AS ids, 5 AS rate",
    ] {
        assert_eq!(refusal(&format!("{ORDERS}{}", insert(wrong))), "schema", "{wrong}");
    }
}

#[test]
fn case_has_one_type() {
    let case =
        |case: &str| refusal(&format!("{ORDERS}CREATE STREAM o AS SELECT id, {case} AS c FROM orders;"));
    assert_eq!(case("CASE WHEN total > 1 THEN NULL WHEN total > 0 THEN items ELSE ARRAY[1] END"), "accepted");
    assert_eq!(case("CASE id WHEN 'a' THEN 1 END"), "accepted");
    for wrong in [
        "CASE WHEN total > 1 THEN 1 ELSE 'one' END",
        "CASE WHEN total > 1 THEN 1 ELSE 3000000000 END",
        "CASE WHEN total > 1 THEN items ELSE ARRAY['a'] END",
        "CASE WHEN total > 1 THEN NULL END",
    ] {
        assert_eq!(case(wrong), "type_mismatch", "{wrong}");
    }
}

#[test]
fn nothing_is_compared_with_null() {
    let is = |condition: &str| {
        refusal(&format!("{ORDERS}CREATE STREAM o AS SELECT * FROM orders WHERE {condition};"))
    };
    for wrong in ["total = NULL", "NULL <> id", "total IS DISTINCT FROM NULL", "total BETWEEN NULL AND 1"] {
        assert_eq!(is(wrong), "null_comparison", "{wrong}");
    }
    assert_eq!(is("id IN ('a', NULL) AND total IS NOT NULL"), "accepted");
}

#[test]
fn insert_values_rounds_and_cuts_nothing() {
    let insert = |column: &str, value: &str| {
        format!(
            "CREATE STREAM s (k VARCHAR KEY, c {column}) WITH (KAFKA_TOPIC='s', FORMAT='JSON');
             CREATE STREAM o AS SELECT * FROM s; INSERT INTO s VALUES ('k', {value});"
        )
    };
    let fits = [
        ("BIGINT", "7", json!(7)),
        ("DOUBLE", "7.5", json!(7.5)),
        ("DECIMAL(4, 2)", "7.5", json!(7.50)),
        ("DECIMAL(4, 2)", "7.500", json!(7.50)),
        ("BYTES", "'aGk='", json!("aGk=")),
        ("DATE", "'2024-03-01'", json!(19783)),
        ("ARRAY<BIGINT>", "ARRAY[1, NULL]", json!([1, null])),
        ("MAP<VARCHAR, DOUBLE>", "MAP('a' := 1)", json!({"a": 1.0})),
        ("STRUCT<a BIGINT, b VARCHAR>", "STRUCT(a := 1)", json!({"A": 1, "B": null})),
        ("INT", "NULL", json!(null)),
    ];
    for (column, value, expected) in fits {
        let written = records(&insert(column, value), "O", &json!([]));
        assert_eq!(written, [(json!("k"), json!({ "C": expected }))], "{value} into {column}");
    }
    for (column, value) in [
        ("INT", "5000000000"),
        ("INT", "'7'"),
        ("INT", "7.0"),
        ("VARCHAR", "7"),
        ("BOOLEAN", "'true'"),
        ("DECIMAL(4, 2)", "7.555"),
        ("DECIMAL(4, 2)", "755"),
        ("DECIMAL(4, 2)", "7E0"),
        ("BYTES", "'?'"),
        ("TIMESTAMP", "'soon'"),
        ("TIMESTAMP", "1000"),
        ("ARRAY<INT>", "ARRAY['7']"),
        ("STRUCT<a INT>", "STRUCT(a := 5000000000)"),
        ("STRUCT<a INT>", "STRUCT(a := 5, b := 6)"),
    ] {
        assert_eq!(refusal(&insert(column, value)), "type_mismatch", "{value} into {column}");
    }
}
