//! Table functions in SELECT.

use super::{refused, run};

#[test]
fn lists_are_zipped_and_the_shorter_one_gives_null() {
    let (written, counters) = run(
        "CREATE STREAM o AS SELECT k, EXPLODE(xs) + n AS x, n, UCASE(EXPLODE(ys)) AS y FROM t WHERE n > 0;",
        &[
            Some(r#"{"N":10,"XS":[1,2],"YS":["a"]}"#),
            Some(r#"{"N":10,"XS":[],"YS":null}"#),
            Some(r#"{"N":0,"XS":[1]}"#),
            Some(r#"{"N":20,"YS":["b"]}"#),
            None,
        ],
    );
    assert_eq!(
        written,
        [r#"{"X":11,"N":10,"Y":"A"}"#, r#"{"X":12,"N":10,"Y":null}"#, r#"{"X":null,"N":20,"Y":"B"}"#]
    );
    // Each record is accounted for once, however many rows it becomes.
    let ways = (counters.input, counters.contributed, counters.filtered, counters.skipped);
    assert_eq!((ways, counters.emitted), ((5, 2, 2, 1), 3));
}

#[test]
fn a_column_of_ones_own_name_and_a_generated_one() {
    let (written, _) = run(
        "CREATE STREAM o AS SELECT *, EXPLODE(xs), CUBE_EXPLODE(ARRAY[n]) AS c FROM t;",
        &[Some(r#"{"N":3,"XS":[5],"YS":null}"#), None],
    );
    assert_eq!(
        written,
        [
            r#"{"N":3,"XS":[5],"YS":null,"KSQL_COL_0":5,"C":[null]}"#,
            r#"{"N":3,"XS":[5],"YS":null,"KSQL_COL_0":null,"C":[3]}"#
        ]
    );
}

#[test]
fn where_they_have_no_place() {
    for wrong in [
        "CREATE STREAM o AS SELECT k, n FROM t WHERE EXPLODE(xs) > 3;",
        "CREATE STREAM o AS SELECT k, EXPLODE(ARRAY[EXPLODE(xs)]) AS x FROM t;",
        "CREATE STREAM o AS SELECT k, CASE WHEN n > 3 THEN EXPLODE(xs) END AS x FROM t;",
        "CREATE STREAM o AS SELECT n, EXPLODE(xs) AS x FROM t PARTITION BY EXPLODE(xs);",
        "CREATE TABLE o AS SELECT k, EXPLODE(COLLECT_LIST(n)) AS x FROM t GROUP BY k;",
        "CREATE TABLE o AS SELECT k, COUNT(*) AS x FROM t GROUP BY k, EXPLODE(xs);",
        "CREATE TABLE i (k VARCHAR PRIMARY KEY, xs ARRAY<INT>) WITH (KAFKA_TOPIC = 'i', VALUE_FORMAT = 'JSON');
         CREATE TABLE o AS SELECT k, EXPLODE(xs) AS x FROM i;",
    ] {
        refused(wrong, "table_function");
    }
    refused("CREATE STREAM o AS SELECT k, EXPLODE(n) AS x FROM t;", "type_mismatch");
    refused("CREATE STREAM o AS SELECT k, EXPLODE(xs, ys) AS x FROM t;", "type_mismatch");
}
