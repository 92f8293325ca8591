//! The words of errors, as people read them. After a change, read the golden file: does each message
//! help the one who wrote the rule?

use super::{parse, rendered};

fn golden(cases: &[&str]) -> String {
    let mut all = String::new();
    for text in cases {
        let (_, findings) = parse(text);
        assert!(!findings.is_empty(), "accepted: {text}");
        all += &rendered(text, findings);
        all += "\n";
    }
    all
}

#[test]
fn slips_in_queries() {
    let text = golden(&[
        "CREATE STREAM S AS SELECT A B C FROM T;",
        "CREATE STREAM S AS SELECT A, B, FROM T;",
        "CREATE STREAM S AS SELECT A FORM T;",
        "CREATE STREAM S AS SELECT A FROM T WHER A > 1;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A == 1;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A = 1 && B = 2;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A = B = C;",
        "CREATE STREAM S AS SELECT A FROM T WHERE (A = 1 AND B = 2;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A = 1) AND B = 2;",
        "CREATE TABLE S AS SELECT A, COUNT(*) FROM T GROUP BY A WHERE A > 1;",
        "CREATE TABLE S AS SELECT A, COUNT(*) FROM T GROUP BY A WINDOW TUMBLING (SIZE 1 MINUTE);",
        "CREATE TABLE S AS SELECT A FROM T WHERE A = 1 WHERE B = 2;",
        "CREATE STREAM S AS SELECT A FROM T\nCREATE STREAM U AS SELECT A FROM T;",
        "CREATE STREAM S AS SELECT A FROM T, U WHERE T.A = U.A;",
        "CREATE STREAM S AS SELECT A FROM (SELECT A FROM T);",
        "CREATE STREAM S AS SELECT COUNT(DISTINCT A) FROM T;",
        "CREATE STREAM S AS SELECT A.B.C FROM T;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A IS EMPTY;",
        "CREATE STREAM S AS SELECT A FROM T WHERE A NOT 1;",
        "CREATE STREAM S AS SELECT CASE WHEN A THEN 1 FROM T;",
        "CREATE STREAM S AS SELECT CASE A THEN 1 END FROM T;",
        "CREATE STREAM S AS SELECT A::INT FROM T;",
        "CREATE STREAM S AS SELECT A ->> B FROM T;",
        "CREATE STREAM S AS SELECT STRUCT(A, B) FROM T;",
        "CREATE STREAM S AS SELECT DATE '2026-01-31' FROM T;",
        "CREATE STREAM S AS SELECT Größe FROM T;",
        "CREATE STREAM S AS SELECT ‘text’ FROM T;",
        "CREATE STREAM S AS SELECT A FROM T EMIT CHANGE;",
        "SELECT A FROM T EMIT CHANGES;",
        "CREATE STREAM S AS SELECT 'a\nb FROM T WHERE C = 'x' AND D = 1;",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn slips_in_windows_and_joins() {
    let text = golden(&[
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (1 MINUTE) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING SIZE 1 MINUTE GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLIN (SIZE 1 MINUTE) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 1 MINUT) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 1.5 MINUTES) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE -1 MINUTES) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 99999999999999999 DAYS) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW HOPPING (SIZE 1 MINUTE) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 1 MINUTE, GRACE 1 MINUTE) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 1 MINUTE GRACE PERIOD 1 MINUTE) GROUP BY A;",
        "CREATE TABLE S AS SELECT A FROM T WINDOW TUMBLING (SIZE 1 WEEK) GROUP BY A;",
        "CREATE STREAM S AS SELECT A FROM T JOIN U WITHIN 1 HOUR WHERE T.A = U.A;",
        "CREATE STREAM S AS SELECT A FROM T LEFT U ON T.A = U.A;",
        "CREATE STREAM S AS SELECT A FROM T CROSS JOIN U;",
        "CREATE STREAM S AS SELECT A FROM T JOIN U ON T.A = U.A GROUP A;",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn slips_in_definitions() {
    let text = golden(&[
        "CREATE STREAM S (A INT, B) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A INT B INT) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A INT, B INT WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A INT, B INT, ) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A DECIMAL) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A ARRAY<INT) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (FROM INT) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S ('A' INT) WITH (KAFKA_TOPIC='t');",
        "CREATE STREAM S (A INT) WITH (KAFKA_TOPIC=\"t\");",
        "CREATE STREAM S (A INT) WITH (KAFKA_TOPIC=t);",
        "CREATE STREAM S (A INT) WITH (KAFKA_TOPIC 't');",
        "CREATE STREAM S (A INT) WITH KAFKA_TOPIC='t';",
        "CREATE STREAM S (A INT) KAFKA_TOPIC='t';",
        "CREATE STREAM S (A INT) AS SELECT A FROM T;",
        "CREATE STREAM S SELECT A FROM T;",
        "CREATE STREM S AS SELECT A FROM T;",
        "CREAT STREAM S AS SELECT A FROM T;",
        "CREATE STREAM `a b` AS SELECT A FROM T;",
        "CREATE STREAM S AS;",
        "CREATE SOURCE CONNECTOR C WITH ('a'='b');",
        "INSERT INTO S (A, B) (1, 2);",
        "INSERT S SELECT A FROM T;",
        "UPDATE S SET A = 1;",
        "PRINT 'topic';",
        "TERMINATE ALL;",
        "(SELECT A FROM T);",
        "SHOW;",
        "SET a = 'b';",
        "DEFINE v = 1;",
        "CREATE STREAM S AS SELECT 12345678901234567890 FROM T;",
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn slips_in_variables_quotes_and_directives() {
    let text = golden(&[
        "SHOW ${x};",
        "DEFINE threshold = '1';\nCREATE STREAM S AS SELECT A FROM T WHERE A > ${treshold} AND B = '${other}';",
        "DEFINE x = 'it''s';\nCREATE STREAM S AS SELECT ${x} FROM T;",
        "DEFINE x = 'A;';\nCREATE STREAM S AS SELECT ${x} FROM T;",
        "CREATE STREAM S AS SELECT ${} FROM T;",
        "DEFINE `v` = '1';",
        "CREATE STREAM S AS SELECT 'a FROM T;\nSHOW STREAMS;",
        "CREATE STREAM S AS SELECT `a FROM T;",
        "SHOW STREAMS; /* never closed",
        "SHOW STREAMS",
        "--@severity high\nSHOW STREAMS;",
        "CREATE STREAM S AS\n--@severity: high\nSELECT A FROM T;",
        "SHOW STREAMS;\n--@severity: high\n",
    ]);
    insta::assert_snapshot!(text);
}
