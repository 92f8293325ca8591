//! FILTER, TRANSFORM and REDUCE.

use super::{Row, eval, eval_over, gives};
use crate::types::{DataType, Value};

#[test]
fn over_arrays() {
    gives(&[
        ("FILTER(ARRAY[1, 7, 3, 9], n => n > 2)", "ARRAY[7,3,9]"),
        ("TRANSFORM(ARRAY['ab', 'c'], s => LEN(s) * 10)", "ARRAY[20,10]"),
        ("REDUCE(ARRAY['x', 'y'], '>', (so_far, s) => CONCAT(so_far, s))", "'>xy'"),
        ("ARRAY_LENGTH(FILTER(ARRAY['de', 'fr'], c => c IN ('de')))", "1"),
    ]);
}

#[test]
fn over_maps() {
    gives(&[
        ("FILTER(MAP('a' := 1, 'b' := 2), (k, v) => k = 'b' OR v = 5)", "MAP('b':=2)"),
        ("TRANSFORM(MAP('a' := 1), (k, v) => UCASE(k), (k, v) => v + 0.5)", "MAP('A':=1.5)"),
        ("REDUCE(MAP('a' := 1, 'b' := 20), 300, (s, k, v) => s + v + LEN(k))", "323"),
        // Two entries cannot become one.
        ("TRANSFORM(MAP('a' := 1, 'b' := 2), (k, v) => 'same', (k, v) => v)", "NULL"),
    ]);
}

#[test]
fn a_null_is_no_element_and_no_sum() {
    gives(&[
        ("FILTER(CAST(NULL AS ARRAY<INT>), n => n > 2)", "NULL"),
        ("REDUCE(CAST(NULL AS ARRAY<INT>), 4, (s, n) => s + n)", "4"),
        ("REDUCE(ARRAY[1], CAST(NULL AS INT), (s, n) => s + n)", "NULL"),
        ("FILTER(ARRAY[1, NULL], n => n IS NULL)", "ARRAY[NULL]"),
        ("TRANSFORM(ARRAY[1, NULL], n => COALESCE(n, 0))", "ARRAY[1,0]"),
        // Arithmetic with a NULL fails in a lambda, and with it the call.
        ("TRANSFORM(ARRAY[1, NULL], n => n + 1)", "NULL"),
        ("TRANSFORM(ARRAY[1, NULL], n => COALESCE(n + 1, 0))", "NULL"),
        ("TRANSFORM(ARRAY[1, 0], n => 6 / n)", "NULL"),
        ("COALESCE(TRANSFORM(ARRAY[NULL, 1], n => n - 1), ARRAY[8])", "ARRAY[8]"),
    ]);
}

#[test]
fn lambdas_nest_and_see_what_is_around_them() {
    let list =
        |items: &[i32]| Value::Array(std::sync::Arc::new(items.iter().map(|i| Value::Integer(*i)).collect()));
    let row = Row::default()
        .with("N", DataType::Integer, Value::Integer(100))
        .with("XS", DataType::Array(Box::new(DataType::Integer)), list(&[1, 2]))
        .with("YS", DataType::Array(Box::new(DataType::Integer)), list(&[10, 20]));
    let gives = |text: &str, value: &str| assert_eq!(eval_over(&row, text).as_deref(), Ok(value), "{text}");
    gives("TRANSFORM(xs, x => x + n)", "ARRAY[101,102]");
    gives("TRANSFORM(xs, x => TRANSFORM(ys, y => y + x + n))", "ARRAY[ARRAY[111,121],ARRAY[112,122]]");
    gives("TRANSFORM(xs, x => REDUCE(FILTER(ys, y => y > x * 6), 0, (s, y) => s + y))", "ARRAY[30,20]");
    // A parameter hides a column.
    gives("TRANSFORM(xs, n => n + n)", "ARRAY[2,4]");
}

#[test]
fn what_is_wrong_with_a_lambda_is_said() {
    let refused = |text: &str, code: &str| {
        let error = eval(text).expect_err(text);
        assert!(error.starts_with(code), "{text}: {error}");
    };
    refused("FILTER(ARRAY[1], (a, b) => a = b)", "lambda: this lambda has 2 parameters, FILTER gives it 1");
    refused("FILTER(ARRAY[1], 5)", "lambda: a lambda is expected here");
    refused("FILTER(ARRAY[1])", "lambda: FILTER does not take these arguments");
    refused("FILTER(7, x => TRUE)", "type_mismatch: FILTER takes an ARRAY or a MAP, this is INTEGER");
    refused("FILTER(ARRAY[1], x => x + 1)", "type_mismatch: FILTER's lambda gives a BOOLEAN, this INTEGER");
    refused("TRANSFORM(MAP('a' := 1), (k, v) => v)", "lambda: TRANSFORM does not take these arguments");
    refused("TRANSFORM(ARRAY[1], x => NULL)", "type_mismatch");
    refused("REDUCE(ARRAY[1], 0, (s, s) => s)", "lambda: S is a parameter already");
    refused("TRANSFORM(ARRAY[ARRAY[1]], x => TRANSFORM(x, x => x))", "lambda: X is a parameter already");
    refused("REDUCE(ARRAY[3.5], 0, (s, x) => s + x)", "type_mismatch: REDUCE's state is INTEGER");
    refused("ABS(x => 1)", "lambda: a lambda has no place here");
    refused("TRANSFORM(ARRAY[1], x => y)", "unknown_column");
}
