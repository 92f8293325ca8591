//! JSON, by example.

use super::*;
use crate::types::Decimal;

fn money() -> DataType {
    DataType::Decimal { precision: 6, scale: 2 }
}

fn decimal(text: &str) -> Value<'static> {
    Value::Decimal(Decimal::parse(text.as_bytes()).unwrap())
}

#[test]
fn numbers() {
    assert_eq!(read(&DataType::Integer, "5.9"), Ok(Value::Integer(5)));
    assert_eq!(read(&DataType::Integer, "-12e1"), Ok(Value::Integer(-120)));
    assert_eq!(read(&DataType::Integer, "\"+7\""), Ok(Value::Integer(7)));
    assert_eq!(read(&DataType::Bigint, "9223372036854775807"), Ok(Value::Bigint(i64::MAX)));
    assert_eq!(read(&DataType::Double, "1e-3"), Ok(Value::Double(0.001)));
    assert_eq!(read(&DataType::Double, "0.1"), Ok(Value::Double(0.1)));
    assert_eq!(read(&DataType::Double, "-0"), Ok(Value::Double(-0.0)));
    assert_eq!(read(&DataType::Double, "\" 2.5 \""), Ok(Value::Double(2.5)));
    assert_eq!(read(&DataType::Double, "\"-Infinity\""), Ok(Value::Double(f64::NEG_INFINITY)));
    assert_eq!(read(&money(), "12"), Ok(decimal("12.00")));
    assert_eq!(read(&money(), "-9999.99"), Ok(decimal("-9999.99")));
    assert_eq!(read(&money(), "\"1.5\""), Ok(decimal("1.50")));
    assert_eq!(read(&money(), "1.500000000000000000000000000000000000000000"), Ok(decimal("1.50")));
    assert_eq!(read(&money(), "0.00e5"), Ok(decimal("0.00")));
    for (data_type, json) in [
        (DataType::Integer, "2147483648"),
        (DataType::Integer, "\"1.0\""),
        (DataType::Integer, "true"),
        (DataType::Bigint, "1e30"),
        (DataType::Bigint, "1e999999999999"),
        (DataType::Double, "\"abc\""),
        (DataType::Double, "\"inf\""),
        (money(), "1.234"),
        (money(), "10000"),
        (money(), "\"abc\""),
        (DataType::Boolean, "\"true\""),
        (DataType::Boolean, "1"),
        (DataType::Time, "86400001"),
    ] {
        let error = read(&data_type, json).unwrap_err();
        assert!(error.starts_with("column V: "), "{error}");
    }
    assert_eq!(
        read(&DataType::Decimal { precision: 18, scale: 4 }, "\"abc\"").unwrap_err(),
        "column V: \"abc\" is not a DECIMAL(18, 4)"
    );
}

#[test]
fn a_varchar_takes_anything() {
    for (json, text) in [
        (r#""a\n\u00e9\ud83d\ude00""#, "a\n\u{e9}\u{1f600}"),
        ("12.50", "12.50"),
        ("1e3", "1E+3"),
        ("true", "true"),
        (r#"{ "b" : [1, "x\""], "a": null }"#, r#"{"b":[1,"x\""],"a":null}"#),
        (r#"[1, "two", {"a":1}, null]"#, r#"[1, two, {"a":1}, null]"#),
    ] {
        assert_eq!(read(&DataType::String, json), Ok(Value::str(text)));
    }
    assert_eq!(read(&DataType::String, "null"), Ok(Value::Null));
}

#[test]
fn text_without_escapes_is_borrowed() {
    let columns = columns(&[("V", DataType::String)]);
    let (_, row) = decode(&JSON, &columns, br#"{"v":"plain"}"#).unwrap();
    assert!(matches!(&row[0], Value::String(std::borrow::Cow::Borrowed("plain"))));
}

#[test]
fn nested_values() {
    let data_type = structure(&[("A", list(DataType::Integer)), ("b", map(DataType::Bytes))]);
    let value = read(&data_type, r#"{"a":[1,null,"3"],"B":1,"b":{"x":"AQI=","y":null,"x":"Aw=="}}"#).unwrap();
    let bytes = Value::Bytes(vec![3].into());
    assert_eq!(
        value,
        Value::Struct(
            vec![
                Value::Array(vec![Value::Integer(1), Value::Null, Value::Integer(3)].into()),
                Value::Map(vec![(Value::str("x"), bytes), (Value::str("y"), Value::Null)].into()),
            ]
            .into()
        )
    );
    let error = read(&data_type, r#"{"A":[1,{}]}"#).unwrap_err();
    assert_eq!(error, "column V.A[2]: {} is not a INTEGER");
    let error = read(&map(DataType::Bytes), r#"{"k":"?"}"#).unwrap_err();
    assert_eq!(error, "column V['k']: \"?\" is not a BYTES");
}

#[test]
fn names_match_exactly_first_then_in_upper_case() {
    let columns =
        columns(&[("AMOUNT", DataType::Integer), ("amount", DataType::Integer), ("X", DataType::Integer)]);
    let row = |json: &str| {
        decode(&JSON, &columns, json.as_bytes()).unwrap().1.iter().map(Value::as_i64).collect::<Vec<_>>()
    };
    assert_eq!(row(r#"{"amount":1,"x":3}"#), [Some(1), Some(1), Some(3)]);
    assert_eq!(row(r#"{"AMOUNT":2,"amount":1}"#), [Some(2), Some(1), None]);
    assert_eq!(row(r#"{"X":4,"x":3}"#), [None, None, Some(4)]);
    assert_eq!(row(r#"{"x":3,"X":null}"#), [None, None, None]);
    assert_eq!(row(r#"{"\u0058":5}"#), [None, None, Some(5)]);
}

#[test]
fn of_a_repeated_field_the_last_counts() {
    let columns = columns(&[("A", DataType::Integer), ("B", DataType::Integer)]);
    let (_, row) = decode(&JSON, &columns, br#"{"A":"wrong","B":2,"A":1}"#).unwrap();
    assert_eq!(row, [Value::Integer(1), Value::Integer(2)]);
    let error = decode(&JSON, &columns, br#"{"A":1,"A":"wrong"}"#).unwrap_err();
    assert_eq!(error.column.as_deref(), Some("A"));
}

#[test]
fn what_nobody_reads_is_checked_all_the_same() {
    let columns = columns(&[
        ("A", DataType::Integer),
        ("B", list(DataType::Double)),
        ("C", structure(&[("D", money())])),
        ("E", DataType::String),
    ]);
    let decoder = Decoder::new(&JSON, &columns, &[true, false, false, false]).unwrap();
    let mut row = vec![Value::Boolean(true); 4];
    decoder.decode(br#"{"a":1,"b":[1.5],"c":{"d":2},"e":"\n"}"#, &mut row).unwrap();
    assert_eq!(row, [Value::Integer(1), Value::Null, Value::Null, Value::Null]);
    for bad in
        [r#"{"a":1,"b":["x"]}"#, r#"{"a":1,"c":{"d":12345678}}"#, r#"{"a":1,"b":{}}"#, r#"{"a":1,"e":"\x"}"#]
    {
        assert!(decoder.decode(bad.as_bytes(), &mut vec![Value::Null; 4]).is_err(), "{bad}");
    }
}

#[test]
fn the_grammar_is_strict() {
    let columns = columns(&[("A", DataType::Integer)]);
    for bad in [
        "",
        " ",
        "{",
        "{}x",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":NaN}",
        "{\"a\":tru}",
        "{\"b\":\"\u{1}\"}",
        "{\"b\":\"\\u12\"}",
        "{\"b\":\"\\ud800\"}",
        "{\"b\":[1 2]}",
        "{\"b\":[,1]}",
        "[1]",
        "1",
        "\"a\"",
        "nul",
        "{\"b\":-}",
    ] {
        let error = decode(&JSON, &columns, bad.as_bytes()).unwrap_err();
        assert!(error.column.is_none() && error.to_string().starts_with("not JSON: "), "{bad}: {error}");
    }
    let deep = format!("{{\"b\":{}{}}}", "[".repeat(200), "]".repeat(200));
    assert!(decode(&JSON, &columns, deep.as_bytes()).unwrap_err().to_string().contains("nested too deeply"));
    assert_eq!(
        decode(&JSON, &columns, b"{\"a\":\"\xff\"}").unwrap_err().to_string(),
        "not UTF-8 from byte 6 on"
    );
}

#[test]
fn whole_records_and_bare_values() {
    let one = columns(&[("A", DataType::Integer)]);
    assert_eq!(decode(&JSON, &one, b" null "), Ok((Presence::Null, vec![Value::Null])));
    assert_eq!(decode(&BARE, &one, b" 5 "), Ok((Presence::Value, vec![Value::Integer(5)])));
    assert_eq!(decode(&BARE, &one, b"null"), Ok((Presence::Value, vec![Value::Null])));
    assert_eq!(decode(&BARE, &one, b"{}").unwrap_err().to_string(), "column A: {} is not a INTEGER");
    assert_eq!(encode(&BARE, &one, &[Value::Null]), None);
    assert_eq!(encode(&BARE, &one, &[Value::Integer(5)]).unwrap(), "5");
    let two = columns(&[("A", DataType::Integer), ("B", DataType::Integer)]);
    assert_eq!(encode(&BARE, &two, &[Value::Integer(5), Value::Null]).unwrap(), r#"{"A":5,"B":null}"#);
}

#[test]
fn writes_what_jackson_writes() {
    let cases = [
        (DataType::Double, Value::Double(1e10), "1.0E10"),
        (DataType::Double, Value::Double(f64::NAN), "\"NaN\""),
        (money(), decimal("12.30"), "12.30"),
        (DataType::String, Value::str("a\"\\/\n\u{1f}é"), "\"a\\\"\\\\/\\n\\u001Fé\""),
        (DataType::Bytes, Value::Bytes(vec![1, 2, 3, 4].into()), "\"AQIDBA==\""),
        (DataType::Timestamp, Value::Timestamp(-1), "-1"),
        (DataType::Date, Value::Date(7), "7"),
        (
            list(DataType::Boolean),
            Value::Array(vec![Value::Boolean(true), Value::Null].into()),
            "[true,null]",
        ),
        (map(DataType::Integer), Value::Map(vec![(Value::str("k"), Value::Integer(1))].into()), "{\"k\":1}"),
        (structure(&[("f", DataType::Time)]), Value::Struct(vec![Value::Time(5)].into()), "{\"f\":5}"),
    ];
    for (data_type, value, json) in cases {
        assert_eq!(
            encode(&JSON, &columns(&[("V", data_type)]), &[value]).unwrap(),
            format!("{{\"V\":{json}}}")
        );
    }
    let wrong = Encoder::new(&JSON, &columns(&[("V", list(DataType::Integer))])).unwrap();
    assert!(wrong.encode(&[Value::Integer(1)], &mut Vec::new()).is_err());
    assert!(wrong.encode(&[], &mut Vec::new()).is_err());
}

#[test]
fn maps_need_varchar_keys() {
    let data_type = DataType::Map(Box::new(DataType::Integer), Box::new(DataType::Integer));
    assert!(Decoder::new(&JSON, &columns(&[("M", data_type)]), &[true]).is_err());
}

/// A decoder learns the order of the fields from its first record; what it reads must not depend on it.
#[test]
fn what_was_learned_of_the_order_shows_in_nothing() {
    let columns = columns(&[
        ("A", DataType::Integer),
        ("B", DataType::String),
        ("LONG_NAME", DataType::Bigint),
        ("S", structure(&[("X", DataType::Integer), ("A_LONGER_NAME", DataType::Integer)])),
    ]);
    let fields = [
        r#""a":1"#,
        r#""b":"two""#,
        r#""long_name":3"#,
        r#""Long_Name" : 4"#,
        r#""s":{"x":5,"a_longer_name":6}"#,
        r#""s": {"a_longer_name":"wrong", "x":7}"#,
        r#""unknown":[8]"#,
        r#""un\u006bnown":9"#,
        r#""long_names":10"#,
        r#""A":true"#,
    ];
    let mut random = 1u64;
    let mut record = || {
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let picked: Vec<&str> = (0..next(8)).map(|_| fields[next(fields.len())]).collect();
        format!("{{{}}}", picked.join([",", " , "][next(2)]))
    };
    for _ in 0..100 {
        let decoder = Decoder::new(&JSON, &columns, &[true; 4]).unwrap();
        for _ in 0..50 {
            let text = record();
            let mut row = vec![Value::Null; columns.len()];
            let learned = decoder.decode(text.as_bytes(), &mut row).map(|presence| (presence, row));
            assert_eq!(learned, decode(&JSON, &columns, text.as_bytes()), "{text}");
        }
    }
}
