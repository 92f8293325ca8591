//! Any text is answered: with statements or with findings, without a panic, soon.

use super::{parse, rendered};
use crate::sql::ast::{SelectItem, Statement, StatementKind};
use crate::sql::parser::MAX_DEPTH;
use proptest::prelude::*;

/// The stack that threads have by default; deep nesting must not need more in a debug build.
const STACK_BYTES: usize = 2 << 20;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap();
}

fn query(expr: &str) -> String {
    format!("CREATE STREAM S AS SELECT {expr} FROM T;")
}

/// `count` times `open`, `middle`, `count` times `close`.
fn nested(open: &str, middle: &str, close: &str, count: usize) -> String {
    open.repeat(count) + middle + &close.repeat(count)
}

#[test]
fn nesting_ends_in_an_error_not_in_an_overflow() {
    on_a_small_stack(|| {
        let forms = [
            ("(", "1", ")"),
            ("NOT ", "A", ""),
            ("- ", "A", ""),
            ("ABS(", "1", ")"),
            ("ARRAY[", "1", "]"),
            ("MAP(1 := ", "1", ")"),
            ("STRUCT(A := ", "1", ")"),
            ("CASE WHEN A THEN ", "1", " END"),
            ("CASE ", "1", " WHEN 1 THEN 1 END"),
            ("A IN (", "1", ")"),
            ("A[", "1", "]"),
            ("CAST(", "1", " AS INT)"),
            ("F(1, X => ", "1", ")"),
            ("F(A = (", "1", "))"),
        ];
        for (open, middle, close) in forms {
            for count in [MAX_DEPTH + 1, 4_000] {
                let (_, findings) = parse(&query(&nested(open, middle, close, count)));
                assert_eq!(findings.len(), 1, "{open}");
                assert_eq!(findings[0].code, "too_deep", "{open} {}", findings[0].message);
            }
            // As deep as it may be: the tree is also printed and dropped on this stack.
            let deepest = (1..=MAX_DEPTH)
                .rev()
                .map(|count| query(&nested(open, middle, close, count)))
                .find_map(|text| parse(&text).0.pop())
                .unwrap();
            assert!(format!("{deepest:?}").len() > MAX_DEPTH, "{open}");
        }
    });
}

#[test]
fn types_and_statements_nest_only_so_far() {
    on_a_small_stack(|| {
        for text in [
            format!("CREATE TYPE T AS {};", nested("ARRAY<", "INT", ">", 5_000)),
            format!("CREATE TYPE T AS {};", nested("MAP<INT, ", "INT", ">", 5_000)),
            format!("CREATE TYPE T AS {};", nested("STRUCT<A ", "INT", ">", 5_000)),
            format!("CREATE TYPE T AS INT {};", "ARRAY ".repeat(5_000)),
            format!("{} CREATE STREAM S (A INT);", "EXPLAIN ".repeat(5_000)),
        ] {
            assert_eq!(parse(&text).1[0].code, "too_deep");
        }
    });
}

#[test]
fn long_chains_are_bounded_where_order_matters_and_not_where_it_does_not() {
    on_a_small_stack(|| {
        for link in ["A + ", "A || ", "A * "] {
            let (_, findings) = parse(&query(&(link.repeat(16_000) + "A")));
            assert_eq!(findings[0].code, "too_deep", "{link}");
        }
        // A tall chain inside brackets under another tall chain, and so on.
        let mut text = "A".to_owned();
        for _ in 0..120 {
            text = format!("({text}){}", " + 1".repeat(120));
        }
        assert_eq!(parse(&query(&text)).1[0].code, "too_deep");
        assert_eq!(parse(&query(&("A".to_owned() + &"[1]".repeat(10_000)))).1[0].code, "too_deep");
        assert_eq!(parse(&query(&("A".to_owned() + &"->B".repeat(10_000)))).1[0].code, "too_deep");
        for link in ["A = 1 OR ", "A = 1 AND "] {
            let (statements, findings) = parse(&query(&(link.repeat(7_000) + "B")));
            assert!(findings.is_empty());
            assert!(format!("{statements:?}").len() > 7_000);
        }
    });
}

#[test]
fn a_long_program_takes_time_in_proportion() {
    let line = "CREATE STREAM S AS SELECT F((A, B), (C)), '${X}', G(X => X) FROM T GROUP BY (A), (B);\n";
    let text = line.repeat(64 * 1024 / line.len());
    let started = std::time::Instant::now();
    let (_, findings) = parse(&text);
    assert!(!findings.is_empty());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

const SOUP: [&str; 110] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "PARTITION",
    "HAVING",
    "EMIT",
    "CHANGES",
    "FINAL",
    "LIMIT",
    "CREATE",
    "STREAM",
    "TABLE",
    "OR",
    "REPLACE",
    "SOURCE",
    "IF",
    "NOT",
    "EXISTS",
    "WITH",
    "AS",
    "INSERT",
    "INTO",
    "VALUES",
    "DEFINE",
    "UNDEFINE",
    "SET",
    "UNSET",
    "DROP",
    "SHOW",
    "DESCRIBE",
    "EXPLAIN",
    "ASSERT",
    "NULL",
    "TYPE",
    "WINDOW",
    "TUMBLING",
    "HOPPING",
    "SESSION",
    "SIZE",
    "ADVANCE",
    "RETENTION",
    "GRACE",
    "PERIOD",
    "SECONDS",
    "MINUTE",
    "JOIN",
    "LEFT",
    "OUTER",
    "FULL",
    "INNER",
    "ON",
    "WITHIN",
    "AND",
    "IN",
    "LIKE",
    "ESCAPE",
    "BETWEEN",
    "IS",
    "DISTINCT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "ARRAY",
    "MAP",
    "STRUCT",
    "DECIMAL",
    "KEY",
    "PRIMARY",
    "HEADER",
    "TRUE",
    "A",
    "b",
    "`c d`",
    "\"e\"",
    "'text'",
    "'it''s'",
    "1",
    "2.5",
    "1e3",
    "99999999999999999999",
    "1R",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    ";",
    "+",
    "-",
    "*",
    "/",
    "%",
    "||",
    "=",
    "<>",
    "<",
    ">=",
    ">>",
    "->",
    "=>",
    ":=",
    "==",
    "${v}",
    "--@x: y\n",
];

const VALID: [&str; 6] = [
    "CREATE STREAM T (ID VARCHAR KEY, A DECIMAL(18,4), M MAP<STRING, ARRAY<INT>>) WITH (KAFKA_TOPIC='t', FORMAT='JSON');",
    "--@severity: high\nCREATE TABLE V WITH (PARTITIONS=3) AS SELECT ID, COUNT(*) AS N FROM T WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 5 SECONDS) WHERE A > 1.5 GROUP BY ID HAVING COUNT(*) > 3 EMIT CHANGES;",
    "CREATE STREAM J AS SELECT L.*, R.B->C[1] X FROM L LEFT JOIN R WITHIN (1 HOUR, 2 DAYS) GRACE PERIOD 1 DAY ON L.ID = R.ID PARTITION BY (L.ID, X);",
    "DEFINE v = '''x'''; INSERT INTO S SELECT '${v}', CASE WHEN NOT A LIKE 'x%' ESCAPE '!' THEN ${v} ELSE NULL END FROM T;",
    "INSERT INTO S (A, B) VALUES (-1, ARRAY[1, 2]); ASSERT NULL VALUES S (A) KEY (1);",
    "SET 'a' = 'b'; DROP TABLE IF EXISTS T DELETE TOPIC; EXPLAIN CREATE STREAM S AS SELECT F(X => X + 1) FROM T;",
];

/// Parses, renders and prints all that comes out.
fn survives(text: &str) {
    let (statements, findings) = parse(text);
    for statement in &statements {
        assert!(statement.span.start <= statement.span.end);
        assert!(statement.span.end as usize <= text.len());
    }
    for finding in &findings {
        assert!(finding.span.start <= finding.span.end, "{finding:?}");
        assert!(finding.span.end as usize <= text.len() + 1, "{finding:?}");
    }
    statements.iter().for_each(prints_what_parses);
    if !findings.is_empty() {
        assert!(!rendered(text, findings).is_empty());
    }
}

/// Canonical text parses again, and to itself.
fn prints_what_parses(statement: &Statement) {
    let select = match &statement.kind {
        StatementKind::CreateAs(create) => &create.query,
        StatementKind::InsertSelect(insert) => &insert.query,
        _ => return,
    };
    for item in &select.items {
        let SelectItem::Expr { expr, .. } = item else { continue };
        // Without dollars, so that nothing in strings is taken for a variable.
        let printed = expr.to_string().replace('$', "S");
        let text = query(&printed);
        let (again, findings) = parse(&text);
        assert!(findings.is_empty(), "{}", rendered(&text, findings));
        let StatementKind::CreateAs(create) = &again[0].kind else { panic!("{again:?}") };
        let SelectItem::Expr { expr, .. } = &create.query.items[0] else { panic!("{again:?}") };
        assert_eq!(expr.to_string(), printed);
    }
}

/// Text of expressions, nested.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &["A", "`b c`", "T.A", "1", "2.50", "1e3", "'it''s'", "NULL", "TRUE", "COUNT(*)"][..],
    )
    .prop_map(str::to_owned);
    leaf.prop_recursive(6, 40, 3, |inner| {
        let operator = prop::sample::select(
            &["+", "-", "*", "/", "%", "||", "=", "<>", "<", ">=", "AND", "OR", "IS DISTINCT FROM", "LIKE"][..],
        );
        let form = prop::sample::select(
            &[
                "({})", "- {}", "-({})", "+ {}", "NOT {}", "({}) IS NOT NULL", "F({}, X => ({}))", "CAST({} AS INT ARRAY)",
                "CASE WHEN {} THEN {} ELSE {} END", "CASE ({}) WHEN {} THEN {} END", "ARRAY[{}, {}]", "({})[({})]",
                "({})->B", "STRUCT(X := {})", "MAP({} := {})", "({}) NOT IN ({}, {})", "({}) BETWEEN ({}) AND ({})",
            ][..],
        );
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(left, op, right)| format!("{left} {op} {right}")),
            (form, inner).prop_map(|(form, inner)| form.replace("{}", &inner)),
        ]
    })
}

/// A change of a text: where, how many characters go, what comes.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    let insertion = prop_oneof![
        prop::sample::select(&SOUP[..]).prop_map(|token| format!(" {token} ")),
        "[ -~\n]{0,3}",
        ".{0,2}",
    ];
    prop::collection::vec((0..400usize, 0..6usize, insertion), 1..6)
}

fn edited(text: &str, edits: &[(usize, usize, String)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, remove, insert) in edits {
        let at = at % (chars.len() + 1);
        let end = (at + remove).min(chars.len());
        chars.splice(at..end, insert.chars());
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn arbitrary_text(text in "(?s).{0,300}") {
        survives(&text);
    }

    #[test]
    fn text_of_sql_characters(text in "[a-zA-Z0-9 '\"`;(),.*=<>|$\\{\\}\\[\\]@:/\\-\r\n\\\\é]{0,300}") {
        survives(&text);
    }

    #[test]
    fn token_soup(tokens in prop::collection::vec(prop::sample::select(&SOUP[..]), 0..60)) {
        survives(&tokens.join(" "));
    }

    #[test]
    fn nested_expressions(expr in expressions()) {
        survives(&query(&expr));
    }

    #[test]
    fn mutated_statements(which in 0..VALID.len(), edits in edits()) {
        survives(&edited(VALID[which], &edits));
    }
}

#[test]
fn the_statements_that_are_mutated_are_valid() {
    for text in VALID {
        let (_, findings) = parse(text);
        assert!(findings.is_empty(), "{}", rendered(text, findings));
    }
}
