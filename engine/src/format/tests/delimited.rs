//! DELIMITED and KAFKA, by example.

use super::*;
use crate::types::Decimal;

fn three() -> Vec<Column> {
    columns(&[("A", DataType::String), ("B", DataType::Integer), ("C", DataType::Double)])
}

#[test]
fn lines_are_read() {
    let columns = three();
    let row = |text: &'static str| {
        decode(&CSV, &columns, text.as_bytes()).map(|(_, row)| row).map_err(|e| e.to_string())
    };
    let values = |a, b, c| Ok(vec![Value::str(a), Value::Integer(b), Value::Double(c)]);
    assert_eq!(row("a,1,2.5"), values("a", 1, 2.5));
    assert_eq!(row("\"a,\"\"b\"\"\",\"1\" ,1e3"), values("a,\"b\"", 1, 1000.0));
    assert_eq!(row("\"\"\"\",1, 2"), values("\"", 1, 2.0));
    assert_eq!(row(" a ,1,2\r\nignored"), values(" a ", 1, 2.0));
    assert_eq!(row(",,"), Ok(vec![Value::Null; 3]));
    assert_eq!(row("a,1").unwrap_err(), "2 fields for 3 columns");
    assert_eq!(row("a,1,2,3").unwrap_err(), "4 fields for 3 columns");
    assert_eq!(row("").unwrap_err(), "0 fields for 3 columns");
    assert_eq!(row("a, 1,2").unwrap_err(), "column B: \" 1\" is not a INTEGER");
    assert_eq!(row("\"a\"b,1,2").unwrap_err(), "text between a closing quote and the next delimiter");
    assert_eq!(row("\"a,1,2").unwrap_err(), "a quoted field has no closing quote");
}

#[test]
fn every_scalar_type_is_read_and_written() {
    let columns = columns(&[
        ("A", DataType::Boolean),
        ("B", DataType::Bigint),
        ("C", DataType::Decimal { precision: 4, scale: 2 }),
        ("D", DataType::Date),
        ("E", DataType::Time),
        ("F", DataType::Timestamp),
        ("G", DataType::Bytes),
        ("H", DataType::Double),
    ]);
    let row = [
        Value::Boolean(true),
        Value::Bigint(-5),
        Value::Decimal(Decimal::new(1230, 2)),
        Value::Date(1),
        Value::Time(2),
        Value::Timestamp(3),
        Value::Bytes(vec![1].into()),
        Value::Double(1e7),
    ];
    let text = encode(&CSV, &columns, &row).unwrap();
    assert_eq!(text, "true,-5,12.30,1,2,3,AQ==,1.0E7");
    assert_eq!(decode(&CSV, &columns, text.as_bytes()).unwrap().1, row);
    assert_eq!(decode(&CSV, &columns, b"TRUE,,,,,,,").unwrap().1[0], Value::Boolean(true));
}

#[test]
fn fields_are_quoted_where_they_must_be() {
    let write = |row: &[Value<'_>]| encode(&CSV, &three(), row).unwrap();
    assert_eq!(write(&[Value::str("a,b"), Value::Integer(-1), Value::Null]), "\"a,b\",-1,");
    assert_eq!(write(&[Value::str("say \"x\""), Value::Null, Value::Null]), "\"say \"\"x\"\"\",,");
    assert_eq!(write(&[Value::str(""), Value::Null, Value::Null]), "\"\",,");
    assert_eq!(write(&[Value::str("-x"), Value::Null, Value::Null]), "\"-x\",,");
    let number = columns(&[("A", DataType::Integer)]);
    assert_eq!(encode(&CSV, &number, &[Value::Integer(-5)]).unwrap(), "\"-5\"");
    let dash = FormatSpec { format: Format::Delimited { delimiter: '-' }, wrapped: true };
    let two = columns(&[("A", DataType::Integer), ("B", DataType::Integer)]);
    let text = encode(&dash, &two, &[Value::Integer(1), Value::Integer(-5)]).unwrap();
    assert_eq!(text, "1-\"-5\"");
    assert_eq!(decode(&dash, &two, text.as_bytes()).unwrap().1, [Value::Integer(1), Value::Integer(-5)]);
    let tab = FormatSpec { format: Format::Delimited { delimiter: '\t' }, wrapped: true };
    assert_eq!(decode(&tab, &two, b"1\t2").unwrap().1, [Value::Integer(1), Value::Integer(2)]);
}

#[test]
fn one_null_column_comes_back() {
    let one = columns(&[("A", DataType::Integer)]);
    assert_eq!(encode(&CSV, &one, &[Value::Null]).unwrap(), "");
    assert_eq!(decode(&CSV, &one, b"").unwrap(), (Presence::Value, vec![Value::Null]));
}

#[test]
fn types_that_do_not_fit_are_refused() {
    let nested = columns(&[("K", list(DataType::Double))]);
    let error = Decoder::new(&CSV, &nested, &[true]).unwrap_err();
    assert_eq!(error.0, "the format DELIMITED has no form for ARRAY<DOUBLE>, which is the type of K");
    assert!(Encoder::new(&CSV, &nested).is_err());
    assert!(Encoder::new(&KAFKA, &nested).is_err());
    assert!(Encoder::new(&KAFKA, &columns(&[("K", DataType::Boolean)])).is_err());
    assert!(Encoder::new(&KAFKA, &three()).is_err());
    let none = FormatSpec { format: Format::None, wrapped: true };
    assert!(Encoder::new(&none, &three()).is_err());
    assert_eq!(decode(&none, &[], b"ignored"), Ok((Presence::Null, vec![])));
    assert_eq!(encode(&none, &[], &[]), None);
}

#[test]
fn kafka_primitives() {
    let cases: [(DataType, Value<'_>, &[u8]); 5] = [
        (DataType::Integer, Value::Integer(-2), &[255, 255, 255, 254]),
        (DataType::Bigint, Value::Bigint(258), &[0, 0, 0, 0, 0, 0, 1, 2]),
        (DataType::Double, Value::Double(1.0), &[0x3f, 0xf0, 0, 0, 0, 0, 0, 0]),
        (DataType::String, Value::str("é"), "é".as_bytes()),
        (DataType::Bytes, Value::Bytes(vec![9].into()), &[9]),
    ];
    for (data_type, value, bytes) in cases {
        let columns = columns(&[("K", data_type)]);
        let mut out = Vec::new();
        let encoder = Encoder::new(&KAFKA, &columns).unwrap();
        assert_eq!(encoder.encode(std::slice::from_ref(&value), &mut out), Ok(Presence::Value));
        assert_eq!(out, bytes);
        assert_eq!(decode(&KAFKA, &columns, bytes).unwrap().1, [value]);
        assert_eq!(encoder.encode(&[Value::Null], &mut out), Ok(Presence::Null));
    }
    let int = columns(&[("K", DataType::Integer)]);
    let error = decode(&KAFKA, &int, b"12345").unwrap_err();
    assert_eq!(error.to_string(), "column K: 5 bytes in KAFKA format is not a INTEGER");
    assert!(decode(&KAFKA, &columns(&[("K", DataType::String)]), b"\xff").is_err());
}
