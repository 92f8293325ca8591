//! Statements and the trees that they become.

use super::{parsed, statement};
use crate::sql::ast::*;

fn select(expr: &str) -> Expr {
    let StatementKind::CreateAs(create) = statement(&format!("CREATE STREAM S AS SELECT {expr} FROM T;"))
    else {
        panic!("not CREATE AS")
    };
    match create.query.items.into_iter().next() {
        Some(SelectItem::Expr { expr, .. }) => expr,
        other => panic!("{other:?}"),
    }
}

/// The expression with all brackets, so that its structure shows.
fn structure(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Binary { op, left, right } => format!("({} {op} {})", structure(left), structure(right)),
        ExprKind::Not(operand) => format!("(NOT {})", structure(operand)),
        ExprKind::Negate(operand) => format!("(- {})", structure(operand)),
        ExprKind::Plus(operand) => format!("(+ {})", structure(operand)),
        ExprKind::Between { expr, low, high, negated } => {
            let not = if *negated { "NOT " } else { "" };
            format!("({} {not}BETWEEN {} AND {})", structure(expr), structure(low), structure(high))
        }
        ExprKind::IsNull { expr, negated } => {
            format!("({} IS {}NULL)", structure(expr), if *negated { "NOT " } else { "" })
        }
        ExprKind::Field { base, field } => format!("({}->{field})", structure(base)),
        ExprKind::Subscript { base, index } => format!("({}[{}])", structure(base), structure(index)),
        _ => expr.to_string(),
    }
}

#[test]
fn precedence() {
    let cases = [
        ("a OR b AND NOT c", "(A OR (B AND (NOT C)))"),
        ("NOT a = b AND c", "((NOT (A = B)) AND C)"),
        ("NOT NOT a", "(NOT (NOT A))"),
        ("a + b * c - d", "((A + (B * C)) - D)"),
        ("a || b + c || d", "((A || (B + C)) || D)"),
        ("a - b - c", "((A - B) - C)"),
        ("a / b % c * d", "(((A / B) % C) * D)"),
        ("-a * b", "((- A) * B)"),
        ("-a->b", "(- (A->B))"),
        ("a = -1 + 2", "(A = (-1 + 2))"),
        ("a -1", "(A - 1)"),
        ("a - -1", "(A - -1)"),
        ("- -1", "(- -1)"),
        ("+1", "(+ 1)"),
        ("a BETWEEN 1 AND 2 AND b", "((A BETWEEN 1 AND 2) AND B)"),
        ("a NOT BETWEEN b + 1 AND c || d", "(A NOT BETWEEN (B + 1) AND (C || D))"),
        ("a <> b OR a != c", "((A <> B) OR (A <> C))"),
        ("a + b IS NOT NULL OR c", "(((A + B) IS NOT NULL) OR C)"),
        ("a IS DISTINCT FROM b + 1", "(A IS DISTINCT FROM (B + 1))"),
        ("a->b->c[1]->d", "((((A->B)->C)[1])->D)"),
        ("(a = b) = (c = d)", "((A = B) = (C = D))"),
        ("t.a[b - 1]", "(T.A[(B - 1)])"),
    ];
    for (written, expected) in cases {
        assert_eq!(structure(&select(written)), expected, "{written}");
    }
}

#[test]
fn numbers_keep_their_text_and_kind() {
    assert_eq!(select("42").kind, ExprKind::Integer("42".into()));
    assert_eq!(select("-9223372036854775808").kind, ExprKind::Integer("-9223372036854775808".into()));
    assert_eq!(select("- 5").kind, ExprKind::Integer("-5".into()));
    for decimal in ["1.50", ".5", "1.", "-0.10"] {
        assert_eq!(select(decimal).kind, ExprKind::Decimal(decimal.into()));
    }
    for double in ["1e5", "1.5E-3", ".5e+2", "-1E3"] {
        assert_eq!(select(double).kind, ExprKind::Double(double.into()));
    }
    assert_eq!(select("DECIMAL '1.50'").kind, ExprKind::Decimal("1.50".into()));
}

#[test]
fn names_are_folded_unless_quoted() {
    let column = |text: &str| match select(text).kind {
        ExprKind::Column { qualifier, name } => (qualifier.map(|ident| ident.name), name.name, name.quoted),
        other => panic!("{other:?}"),
    };
    assert_eq!(column("amount"), (None, "AMOUNT".into(), false));
    assert_eq!(column("`amount`"), (None, "amount".into(), true));
    assert_eq!(column("\"a\"\"b\""), (None, "a\"b".into(), true));
    assert_eq!(column("t.`Amount`"), (Some("T".into()), "Amount".into(), true));
    assert_eq!(column("_x@1"), (None, "_X@1".into(), false));
    assert_eq!(column("1r"), (None, "1R".into(), false));
    // Words that are not reserved are names.
    for word in ["KEY", "TIMESTAMP", "SOURCE", "EMIT", "ID", "MAP", "SESSION", "DATE", "STRING"] {
        assert_eq!(column(word).1, word);
    }
}

#[test]
fn spans_cover_what_was_written() {
    let text = "CREATE STREAM S AS SELECT (a + 'é') * b AS c, d FROM T;";
    let StatementKind::CreateAs(create) = statement(text) else { panic!() };
    let slice = |span: Span| &text[span.start as usize..span.end as usize];
    let SelectItem::Expr { expr, alias } = &create.query.items[0] else { panic!() };
    assert_eq!(slice(expr.span), "(a + 'é') * b");
    assert_eq!(slice(alias.as_ref().unwrap().span), "c");
    let ExprKind::Binary { left, .. } = &expr.kind else { panic!() };
    assert_eq!(slice(left.span), "(a + 'é')");
    assert_eq!(slice(create.query.span), "SELECT (a + 'é') * b AS c, d FROM T");
    assert_eq!(slice(create.query.from.first.name.span), "T");
}

#[test]
fn create_source() {
    let text = "create or replace source table if not exists Cards (Id varchar(32) primary key, \
                Limits map<string, array<array<decimal(18,4)>>>, S struct<>, H bytes header('x'), \
                Hs array<struct<key string, value bytes>> headers, N int array) with (Kafka_Topic='t', 'x.y'=-1.5, z=true);";
    let StatementKind::CreateSource(source) = statement(text) else { panic!() };
    assert!(source.or_replace && source.read_only && source.if_not_exists);
    assert_eq!((source.kind, source.name.name.as_str()), (SourceKind::Table, "CARDS"));
    let columns: Vec<String> = source
        .columns
        .iter()
        .map(|column| format!("{} {} {:?}", column.name, column.data_type, column.role))
        .collect();
    assert_eq!(
        columns,
        [
            "ID VARCHAR PrimaryKey",
            "LIMITS MAP<STRING, ARRAY<ARRAY<DECIMAL(18, 4)>>> Value",
            "S STRUCT<> Value",
            "H BYTES Headers(Some(\"x\"))",
            "HS ARRAY<STRUCT<KEY STRING, VALUE BYTES>> Headers(None)",
            "N ARRAY<INT> Value",
        ]
    );
    let properties: Vec<String> = source
        .properties
        .iter()
        .map(|property| format!("{}={}", property.name.name, property.value))
        .collect();
    assert_eq!(properties, ["KAFKA_TOPIC='t'", "x.y=-1.5", "Z=TRUE"]);
}

#[test]
fn a_query_with_everything() {
    let text = "CREATE TABLE V WITH (PARTITIONS=3) AS SELECT L.*, *, A->*, COUNT(*) N, B AS `C` FROM X L \
                LEFT OUTER JOIN Y AS R WITHIN (1 HOUR, 2 MINUTES) GRACE PERIOD 1 DAY ON L.A = R.B \
                INNER JOIN Z ON Z.A = L.A \
                WINDOW W HOPPING (SIZE 10 SECONDS, ADVANCE BY 5 SECOND, RETENTION 7 DAYS, GRACE PERIOD 0 MILLISECONDS) \
                WHERE A = 1 GROUP BY (A, B) PARTITION BY (A) + 1, B HAVING COUNT(*) > 1 EMIT FINAL LIMIT 3;";
    let StatementKind::CreateAs(create) = statement(text) else { panic!() };
    let query = create.query;
    assert_eq!(query.items.len(), 5);
    assert!(matches!(&query.items[0], SelectItem::All { qualifier: Some(name), .. } if name.name == "L"));
    assert!(matches!(&query.items[1], SelectItem::All { qualifier: None, .. }));
    assert!(matches!(&query.items[2], SelectItem::StructAll { .. }));
    assert!(matches!(&query.items[3], SelectItem::Expr { alias: Some(name), .. } if name.name == "N"));
    let kinds: Vec<JoinKind> = query.from.joins.iter().map(|join| join.kind).collect();
    assert_eq!(kinds, [JoinKind::Left, JoinKind::Inner]);
    let within = query.from.joins[0].within.unwrap();
    assert_eq!((within.before.millis, within.after.millis), (3_600_000, 120_000));
    assert_eq!(within.grace.unwrap().millis, 86_400_000);
    let window = query.window.unwrap();
    assert_eq!(window.name.unwrap().name, "W");
    let WindowKind::Hopping { size, advance } = window.kind else { panic!() };
    assert_eq!((size.millis, advance.millis), (10_000, 5_000));
    assert_eq!((window.retention.unwrap().millis, window.grace.unwrap().millis), (604_800_000, 0));
    assert_eq!((query.group_by.len(), query.partition_by.len()), (2, 2));
    assert!(query.having.is_some() && query.filter.is_some() && query.limit.is_some());
    assert!(query.emit.unwrap().is_final);
}

#[test]
fn words_that_begin_a_clause_are_no_aliases() {
    let StatementKind::CreateAs(create) = statement("CREATE STREAM S AS SELECT A FROM T EMIT CHANGES;")
    else {
        panic!()
    };
    assert!(create.query.from.first.alias.is_none() && create.query.emit.is_some());
    let StatementKind::CreateAs(create) = statement("CREATE STREAM S AS SELECT A FROM T PARTITION BY A;")
    else {
        panic!()
    };
    assert_eq!(create.query.partition_by.len(), 1);
    let StatementKind::CreateAs(create) = statement("CREATE STREAM S AS SELECT A FROM T EMIT;") else {
        panic!()
    };
    assert_eq!(create.query.from.first.alias.unwrap().name, "EMIT");
}

#[test]
fn lambdas_and_constructors() {
    for text in [
        "TRANSFORM(A, X => X * 2)",
        "REDUCE(A, 0, (S, X) => CASE WHEN X > S THEN X ELSE S END)",
        "TRANSFORM(M, (K, V) => UCASE(K), (K, V) => V + 1)",
        "F((A), (B))",
        "F((X) => X)",
        "ARRAY[]",
        "MAP()",
        "STRUCT()",
    ] {
        let printed = select(text).to_string();
        assert_eq!(select(&printed).to_string(), printed, "{text}");
    }
    assert!(matches!(select("MAP").kind, ExprKind::Column { .. }));
    assert!(matches!(select("ARRAY[1]").kind, ExprKind::Array(_)));
}

#[test]
fn the_other_statements() {
    let texts = [
        "INSERT INTO S WITH (QUERY_ID='q') SELECT * FROM T;",
        "INSERT INTO S (A, B) VALUES (1, 'x' || 'y');",
        "INSERT INTO S VALUES ();",
        "SET 'auto.offset.reset' = 'earliest';",
        "UNSET 'auto.offset.reset';",
        "DROP STREAM IF EXISTS S DELETE TOPIC;",
        "DROP TYPE IF EXISTS ADDRESS;",
        "CREATE TYPE IF NOT EXISTS ADDRESS AS STRUCT<CITY STRING>;",
        "SHOW STREAMS EXTENDED;",
        "LIST TABLES;",
        "DESCRIBE S EXTENDED;",
        "DESCRIBE STREAMS;",
        "DESCRIBE FUNCTION UCASE;",
        "EXPLAIN CTAS_V_1;",
        "EXPLAIN CREATE STREAM S AS SELECT * FROM T;",
        "ASSERT VALUES S (A) VALUES (1);",
        "ASSERT NULL VALUES S (A) KEY (1);",
        "ASSERT NULL VALUES S KEY (1);",
        "ASSERT STREAM S (A INT KEY) WITH (KAFKA_TOPIC='s');",
        "ASSERT TABLE S;",
        "CREATE STREAM S WITH (KAFKA_TOPIC='s', VALUE_FORMAT='AVRO');",
    ];
    let kinds: Vec<String> = parsed(&texts.join("\n"))
        .iter()
        .zip(texts)
        .map(|(statement, text)| {
            assert_eq!(format!("{};", statement.text), text);
            let debug = format!("{:?}", statement.kind);
            debug.split([' ', '(']).next().unwrap_or_default().to_owned()
        })
        .collect();
    let expected = "InsertSelect InsertValues InsertValues Set Unset Drop DropType CreateType Show Show Describe Show \
                    Show Explain Explain Assert Assert Assert Assert Assert CreateSource";
    assert_eq!(kinds.join(" "), expected.split_whitespace().collect::<Vec<_>>().join(" "));
}

/// The published cases, where they are beside the project; elsewhere this is skipped, and says so.
#[test]
fn published_cases_with_outputs_all_parse() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/cases.jsonl");
    let Ok(cases) = std::fs::read_to_string(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let mut count = 0;
    for line in cases.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        if !case["expectedException"].is_null() {
            continue;
        }
        let statements: Vec<&str> =
            case["statements"].as_array().unwrap().iter().filter_map(|s| s.as_str()).collect();
        assert_eq!(parsed(&statements.join("\n")).len(), statements.len(), "{}", case["id"]);
        count += 1;
    }
    assert!(count > 0);
}
