//! Lists whose items have several types.

use super::{Row, eval, eval_over, gives};
use crate::types::{DataType, Field, Value};

#[test]
fn a_constant_takes_the_type_of_those_before_it() {
    gives(&[
        ("ARRAY[1, '20', 3]", "ARRAY[1,20,3]"),
        ("ARRAY[1, '2.5']", "ARRAY[1.0,2.5]"),
        ("ARRAY['a', 1, TRUE]", "ARRAY['a','1','true']"),
        ("ARRAY[TRUE, 'no']", "ARRAY[TRUE,FALSE]"),
        ("MAP('a' := 1, 'b' := '2')", "MAP('a':=1,'b':=2)"),
        ("ARRAY[ARRAY[1], ARRAY['7', NULL]]", "ARRAY[ARRAY[1],ARRAY[7,NULL]]"),
        ("ARRAY[STRUCT(a := 1), STRUCT(b := 'x', a := '2')][1]->b", "NULL"),
        ("ARRAY[STRUCT(a := 1), STRUCT(b := 'x', a := '2')][2]->a", "2"),
        ("(5 IN ('4', '5'))", "TRUE"),
        ("('5' IN (4, 5))", "TRUE"),
        ("(TRUE IN ('f', 'ye'))", "TRUE"),
        ("ARRAY[CAST('2024-03-01' AS DATE), '2024-03-02'][2]", "19784"),
        ("ARRAY['2024-03-02', CAST('2024-03-01' AS DATE)][1]", "19784"),
        ("(TO_BYTES('hi', 'utf8') IN ('aGk='))", "TRUE"),
    ]);
    for wrong in [
        "ARRAY[1, 'one']",
        "ARRAY[TRUE, 'perhaps']",
        "ARRAY[1, ARRAY[2]]",
        "(5 IN ('five'))",
        "ARRAY['soon', CAST('2024-03-01' AS DATE)]",
    ] {
        assert!(eval(wrong).is_err_and(|e| e.starts_with("type_mismatch")), "{wrong}");
    }
}

#[test]
fn fields_are_cast_by_name() {
    let field = |name: &str, data_type| Field { name: name.into(), data_type };
    let pair = DataType::Struct(vec![field("A", DataType::Integer), field("B", DataType::String)]);
    let value = Value::Struct(std::sync::Arc::new(vec![Value::Integer(4), Value::str("x")]));
    let row = Row::default().with("S", pair, value);
    let gives = |text: &str, value: &str| assert_eq!(eval_over(&row, text).as_deref(), Ok(value), "{text}");
    gives("CAST(s AS STRUCT<b VARCHAR, c INT, a BIGINT>)->a", "4");
    gives("CAST(s AS STRUCT<b VARCHAR, c INT, a BIGINT>)->c", "NULL");
    gives("(s IN (STRUCT(b := 'x', a := 4)))", "TRUE");
    gives("(s IN (STRUCT(b := 'x', a := 4, c := 1)))", "FALSE");
    gives("(s IN (STRUCT(a := 4, b := 'y', c := 1), s))", "TRUE");
    gives("(ARRAY[s] IN (ARRAY[STRUCT(a := 4, b := 'y', c := 1)], ARRAY[s]))", "TRUE");
}

#[test]
fn structs_of_columns_have_the_fields_of_both() {
    let field = |name: &str, data_type| Field { name: name.into(), data_type };
    let list = |data_type| DataType::Array(Box::new(data_type));
    let one = DataType::Struct(vec![field("A", DataType::Integer), field("B", list(DataType::Integer))]);
    let other = DataType::Struct(vec![field("B", list(DataType::Bigint)), field("C", DataType::String)]);
    let of = |values: Vec<Value<'static>>| Value::Struct(std::sync::Arc::new(values));
    let items = |item| Value::Array(std::sync::Arc::new(vec![item]));
    let row = Row::default().with("P", one, of(vec![Value::Integer(4), items(Value::Integer(1))])).with(
        "Q",
        other,
        of(vec![items(Value::Bigint(1)), Value::Null]),
    );
    let gives = |text: &str, value: &str| assert_eq!(eval_over(&row, text).as_deref(), Ok(value), "{text}");
    gives("ARRAY[p, q][2]->a", "NULL");
    gives("(ARRAY[p, q][1]->b = ARRAY[p, q][2]->b)", "TRUE");
    gives("MAP('p' := p, 'q' := q)['p']->a", "4");
    gives("(p IN (q))", "FALSE");
    gives("(q IN (STRUCT(b := ARRAY['1'])))", "TRUE");
    let refused = eval_over(&row, "ARRAY[p, STRUCT(a := 'x')]");
    assert!(refused.is_err_and(|e| e.starts_with("type_mismatch")));
}
