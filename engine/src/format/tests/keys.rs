//! Keys of every form come back: of each format, of one column and of several, with each kind of window.

use proptest::prelude::*;

use super::properties::{any_type, rows, scalar_type, without_empty};
use super::*;
use crate::format::window_key::{Window, append, split_session, split_time};

const NONE: FormatSpec = FormatSpec { format: Format::None, wrapped: true };

/// No window, a time window of a size, or a session.
fn window() -> impl Strategy<Value = Option<(Window, i64)>> {
    let start = prop_oneof![0i64..1000, 0..i64::MAX];
    prop_oneof![
        Just(None),
        (start.clone(), 1i64..1_000_000)
            .prop_map(|(start, size)| Some((Window::time(start, start.saturating_add(size)), size))),
        (start, 0i64..1_000_000)
            .prop_map(|(start, length)| Some((Window::session(start, start.saturating_add(length)), 0))),
    ]
}

/// Of JSON any columns, of KAFKA one that it can carry, of DELIMITED scalars, of NONE no columns.
fn keys() -> impl Strategy<Value = (FormatSpec, Vec<Column>, Vec<Value<'static>>)> {
    let primitive = prop::sample::select(
        &[DataType::Integer, DataType::Bigint, DataType::Double, DataType::String, DataType::Bytes][..],
    );
    let one = |(columns, row): (Vec<Column>, Vec<Value<'static>>)| (columns[..1].to_vec(), row[..1].to_vec());
    let is_line =
        |row: &[Value<'_>]| !row.iter().any(|v| v.as_str().is_some_and(|s| s.contains(['\r', '\n'])));
    prop_oneof![
        rows(any_type()).prop_map(|(columns, row)| (BARE, columns, row)),
        rows(any_type()).prop_map(|(columns, row)| (JSON, columns, row)),
        rows(primitive).prop_map(one).prop_map(|(columns, row)| (KAFKA, columns, row)),
        rows(scalar_type())
            .prop_map(|(columns, row)| (CSV, columns, without_empty(row)))
            .prop_filter("one line", move |(_, _, row)| is_line(row)),
        Just((NONE, Vec::new(), Vec::new())),
    ]
}

proptest! {
    #[test]
    fn keys_come_back_with_their_windows((spec, columns, row) in keys(), window in window()) {
        let mut bytes = Vec::new();
        let presence = Encoder::new(&spec, &columns).unwrap().encode(&row, &mut bytes).unwrap();
        if presence == Presence::Null {
            // A key that is NULL as a whole has no bytes, and so no window.
            prop_assert!(bytes.is_empty() && row.iter().all(Value::is_null));
            return Ok(());
        }
        let plain = bytes.clone();
        if let Some((window, _)) = window {
            append(&mut bytes, window);
        }
        let key = match window {
            None => bytes.as_slice(),
            Some((window, size)) => {
                let split = if window.session { split_session(&bytes) } else { split_time(&bytes, size) };
                let (key, found) = split.unwrap();
                prop_assert_eq!(found, window);
                key
            }
        };
        prop_assert_eq!(key, &plain[..]);
        prop_assert_eq!(decode(&spec, &columns, key).unwrap(), (Presence::Value, row));
    }
}
