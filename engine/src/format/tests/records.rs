//! Records as JSON.

use serde_json::value::RawValue;

use super::*;
use crate::format::record_json::{to_bytes, to_json};

fn round_trip(spec: &FormatSpec, columns: &[Column], json: &str) -> Option<Vec<u8>> {
    let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
    let bytes = to_bytes(spec, columns, Some(&raw)).unwrap();
    assert_eq!(to_json(spec, columns, bytes.as_deref()).unwrap(), json);
    bytes
}

#[test]
fn each_format_has_its_form() {
    let column = |data_type| columns(&[("K", data_type)]);
    assert_eq!(round_trip(&KAFKA, &column(DataType::Integer), "7").unwrap(), [0, 0, 0, 7]);
    assert_eq!(round_trip(&KAFKA, &column(DataType::Double), "3.0").unwrap().len(), 8);
    assert_eq!(round_trip(&KAFKA, &column(DataType::Double), "\"NaN\"").unwrap().len(), 8);
    assert_eq!(round_trip(&KAFKA, &column(DataType::String), "\"x\"").unwrap(), b"x");
    assert_eq!(round_trip(&KAFKA, &column(DataType::Bytes), "\"AQI=\"").unwrap(), [1, 2]);
    assert_eq!(round_trip(&KAFKA, &[], "\"ignored\"").unwrap(), b"ignored");
    assert_eq!(round_trip(&CSV, &column(DataType::Integer), "\"a,\\\"b\\\"\"").unwrap(), b"a,\"b\"");
    assert_eq!(round_trip(&JSON, &column(DataType::Integer), "{\"K\":12.30}").unwrap(), b"{\"K\":12.30}");
    assert_eq!(round_trip(&BARE, &column(DataType::Integer), "12.30").unwrap(), b"12.30");
    assert_eq!(round_trip(&JSON, &column(DataType::Integer), "null"), None);
    let none = FormatSpec { format: Format::None, wrapped: true };
    assert_eq!(round_trip(&none, &[], "null"), None);
}

#[test]
fn what_does_not_fit_is_refused() {
    let column = columns(&[("K", DataType::Integer)]);
    let raw: Box<RawValue> = serde_json::from_str("\"abc\"").unwrap();
    let error = to_bytes(&KAFKA, &column, Some(&raw)).unwrap_err();
    assert_eq!(error.to_string(), "column K: \"abc\" is not a INTEGER");
    assert!(to_json(&KAFKA, &column, Some(b"12")).is_err());
    assert!(to_json(&JSON, &column, Some(b"{")).is_err());
    assert_eq!(to_bytes(&KAFKA, &column, None), Ok(None));
}
