//! CREATE TYPE and DROP TYPE.

use serde_json::json;

use super::{records, refusal};

const MONEY: &str = "CREATE TYPE money AS STRUCT<cents BIGINT, currency VARCHAR>;
    CREATE TYPE IF NOT EXISTS money AS INT;
    CREATE TYPE basket AS MAP<VARCHAR, ARRAY<Money>>;";

#[test]
fn a_type_stands_wherever_one_is_written() {
    let sql = format!(
        "{MONEY} CREATE STREAM s (k INT KEY, b basket, p ARRAY<`money`>) WITH (KAFKA_TOPIC='s', FORMAT='JSON');
        DROP TYPE money;
        CREATE STREAM o AS SELECT k, b['a'][1]->cents AS first, p[1]->currency AS c,
          CAST(NULL AS basket) AS none, TRANSFORM(p, x => CAST(x->cents AS INT)) AS whole FROM s;"
    );
    let value =
        json!({"B": {"a": [{"CENTS": 5, "CURRENCY": "EUR"}]}, "P": [{"CENTS": 7, "CURRENCY": "USD"}]});
    let inputs = json!([{ "topic": "s", "key": 1, "value": value }]);
    let expected = json!({"FIRST": 5, "C": "USD", "NONE": null, "WHOLE": [7]});
    assert_eq!(records(&sql, "O", &inputs), [(json!(1), expected)]);
}

#[test]
fn a_type_is_known_in_every_clause() {
    let sql = |clauses: &str| {
        refusal(&format!(
            "CREATE TYPE id AS BIGINT; CREATE STREAM s (k INT KEY, a INT, l ARRAY<INT>) WITH (KAFKA_TOPIC='s', FORMAT='JSON');
            CREATE TABLE t (k BIGINT PRIMARY KEY, b INT) WITH (KAFKA_TOPIC='t', FORMAT='JSON'); {clauses};"
        ))
    };
    for clauses in [
        "CREATE TABLE o AS SELECT CAST(a AS id) AS n, SUM(CAST(a AS id)) AS s FROM s GROUP BY CAST(a AS id)",
        "CREATE STREAM o AS SELECT k, EXPLODE(TRANSFORM(l, x => CAST(x AS id))) AS x FROM s WHERE CAST(a AS ID) > 1",
        "CREATE STREAM o AS SELECT t.k, a, b FROM s JOIN t ON CAST(s.a AS id) = t.k",
        "CREATE STREAM o AS SELECT * FROM s PARTITION BY CAST(a AS id)",
        "INSERT INTO s (k, a) VALUES (1, CAST(CAST('7' AS id) AS INT))",
    ] {
        assert_eq!(sql(clauses), "accepted", "{clauses}");
    }
}

#[test]
fn what_types_refuse() {
    let refused = |sql: &str| refusal(&format!("{MONEY} {sql}"));
    assert_eq!(refused("CREATE TYPE money AS INT;"), "duplicate_type");
    assert_eq!(refused("CREATE TYPE `Money` AS INT;"), "duplicate_type");
    assert_eq!(refused("CREATE TYPE varchar AS INT;"), "duplicate_type");
    assert_eq!(refused("CREATE TYPE a AS STRUCT<b moneys>;"), "unknown_type");
    assert_eq!(refused("CREATE TYPE a AS STRUCT<b INT, c a>;"), "unknown_type");
    assert_eq!(refused("CREATE TYPE a AS STRUCT<b INT, B INT>;"), "duplicate_column");
    assert_eq!(refused("DROP TYPE mony;"), "unknown_type");
    assert_eq!(refused("DROP TYPE IF EXISTS mony; DROP TYPE basket; CREATE TYPE basket AS INT;"), "accepted");
    assert_eq!(
        refused("DROP TYPE money; CREATE STREAM s (a money) WITH (KAFKA_TOPIC='s', FORMAT='JSON');"),
        "unknown_type"
    );
    let doubled: String =
        (1..40).map(|n| format!("CREATE TYPE t{n} AS STRUCT<a t{0}, b t{0}>;", n - 1)).collect();
    assert_eq!(refusal(&format!("CREATE TYPE t0 AS INT; {doubled}")), "type_too_large");
}
