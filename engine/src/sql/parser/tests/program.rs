//! Several statements and files: variables, directives, settings, recovery.

use super::parsed;
use crate::sql::ast::{ExprKind, SelectItem, Statement, StatementKind};
use crate::sql::{Diagnostics, RenderStyle, SourceFile, parse_program};

fn program(files: &[(&str, &str)]) -> (Vec<Statement>, Diagnostics) {
    let files: Vec<SourceFile> = files.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect();
    let (statements, findings) = parse_program(&files);
    (statements, Diagnostics::new(files, findings))
}

#[test]
fn variables_are_put_in_everywhere_and_across_files() {
    let head =
        "DEFINE topic = 'transactions'; DEFINE limit = '5000'; DEFINE text = '''ab'''; define Col='AMOUNT';";
    let rule = "CREATE STREAM ${COL}_S WITH (KAFKA_TOPIC='${topic}_1', VALUE_DELIMITER='${text}') \
                AS SELECT ${col}, `${col}-x`, ${text} AS T FROM T WHERE ${col} > ${limit} -- ${nothing}\n;";
    let (statements, findings) = program(&[("00.sql", head), ("a.sql", rule)]);
    assert!(findings.is_empty(), "{findings}");
    let rule = statements.last().unwrap();
    assert_eq!(
        rule.text,
        "CREATE STREAM AMOUNT_S WITH (KAFKA_TOPIC='transactions_1', VALUE_DELIMITER='''ab''') \
         AS SELECT AMOUNT, `AMOUNT-x`, 'ab' AS T FROM T WHERE AMOUNT > 5000"
    );
}

#[test]
fn a_value_stays_one_literal_inside_quotes() {
    let (statements, findings) = program(&[(
        "a.sql",
        "DEFINE q = 'it''s'; DEFINE t = '''x'''; CREATE STREAM S AS SELECT '${q}' A, ${t} B, '${t}' C, '$${t}' D FROM T;",
    )]);
    assert!(findings.is_empty(), "{findings}");
    let StatementKind::CreateAs(create) = &statements[2].kind else { panic!() };
    let texts: Vec<String> = create
        .query
        .items
        .iter()
        .map(|item| match item {
            SelectItem::Expr { expr, .. } => match &expr.kind {
                ExprKind::String(text) => text.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["it's", "x", "'x'", "${t}"]);
}

#[test]
fn a_value_may_name_variables_that_are_defined_before_it() {
    let statements = parsed("DEFINE a = 'x'; DEFINE b = '${a}y'; UNDEFINE a; SHOW ${b};");
    assert_eq!(statements[3].text, "SHOW xy");
}

#[test]
fn substitution_is_turned_off_and_on() {
    let text = "SET 'ksql.variable.substitution.enable' = 'false'; SET 'a' = '${x}'; DEFINE x = 'y';\n\
                UNSET 'ksql.variable.substitution.enable'; SET 'a' = '${x}';";
    let statements = parsed(text);
    let value = |at: usize| match &statements[at].kind {
        StatementKind::Set { value, .. } => value.text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!((value(1), value(4)), ("${x}".into(), "y".into()));
}

#[test]
fn errors_in_substituted_text_point_at_the_variable() {
    let text = "DEFINE kind = 'a b c';\nCREATE STREAM S AS SELECT 'é', ${kind} FROM T;";
    let (_, findings) = program(&[("a.sql", text)]);
    let span = findings.list[0].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "${kind}");
}

#[test]
fn spans_after_a_variable_are_those_of_the_file() {
    let text = "DEFINE v = 'a_long_value'; DEFINE e = '';\nCREATE STREAM S AS SELECT ${v}, ${e} B, C FROM T;";
    let (statements, findings) = program(&[("a.sql", text)]);
    assert!(findings.is_empty(), "{findings}");
    let StatementKind::CreateAs(create) = &statements[2].kind else { panic!() };
    let spans: Vec<&str> = create
        .query
        .items
        .iter()
        .map(|item| match item {
            SelectItem::Expr { expr, .. } => &text[expr.span.start as usize..expr.span.end as usize],
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(spans, ["${v}", "B", "C"]);
    let span = statements[2].span;
    assert_eq!(&text[span.start as usize..=span.end as usize], &text[text.find("CREATE").unwrap()..]);
}

#[test]
fn directives_belong_to_the_statement_behind_them() {
    let text = "-- a comment\n--@Severity:  high \n/* --@no: no */ --@description: over: 10 ;'\n--@async\nSHOW STREAMS;\n\
                --@mode: live\nSHOW TABLES;";
    let statements = parsed(text);
    let directives: Vec<(&str, &str)> =
        statements[0].directives.iter().map(|one| (one.name.as_str(), one.value.as_str())).collect();
    assert_eq!(directives, [("severity", "high"), ("description", "over: 10 ;'"), ("async", "")]);
    assert_eq!(statements[1].directives.len(), 1);
    let slice = |span: crate::sql::ast::Span| &text[span.start as usize..span.end as usize];
    let severity = &statements[0].directives[0];
    assert_eq!((slice(severity.name_span), slice(severity.value_span)), ("Severity", "high"));
    let bare = &statements[0].directives[2];
    assert_eq!((slice(bare.name_span), slice(bare.value_span)), ("async", "async"));
    assert_eq!(slice(statements[0].span), "SHOW STREAMS");
}

#[test]
fn every_error_of_every_file_is_found() {
    let (statements, findings) = program(&[
        ("a.sql", "CREATE STREAM;\nSHOW STREAMS;\nCREATE STREAM S AS SELECT FROM T;"),
        ("b.sql", "SELECT 1;\nCREATE STREAM S (A INT) WITH (KAFKA_TOPIC='x);\nSHOW TABLES;\nSHOW TYPES"),
    ]);
    assert_eq!(statements.len(), 2);
    let text = findings.render(RenderStyle::Plain);
    insta::assert_snapshot!(text);
}

#[test]
fn empty_statements_and_files_are_nothing() {
    let (statements, findings) =
        program(&[("a.sql", ""), ("b.sql", ";; -- only this\n;"), ("c.sql", "\u{feff}")]);
    assert!(statements.is_empty());
    assert_eq!(findings.list.len(), 0, "{findings}");
}
