//! Streams whose keys have windows meet in joins by these, too. Each run is stopped and restored after each record.
#![allow(clippy::unwrap_used)]

use engine::format::window_key::{Window, append_session, append_time};
use engine::replay::{Order, Replay, ReplayRecord};
use engine::sql::{LoadOptions, Purpose, SourceFile, load};
use engine::task::OutputRecord;
use serde_json::{Value, json};

fn row(left: i64, right: i64) -> Option<Value> {
    Some(json!({ "A": left, "B": right }))
}

/// The values of what streams `wl` and `wr` make, whose records' keys have these windows.
fn windowed(sources: &str, query: &str, records: &[(&str, Window, i64)]) -> Vec<Option<Value>> {
    let files = vec![SourceFile::new("joins.sql", format!("{sources}{query}"))];
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    let program = load(files, &options).unwrap().program;
    let mut replay = Replay::new(&program, Order::Record).unwrap();
    replay.keep_changelogs();
    let mut written = Vec::new();
    for (number, (topic, window, timestamp)) in (1..).zip(records) {
        let mut key = b"k".to_vec();
        match window.session {
            true => append_session(&mut key, *window),
            false => append_time(&mut key, window.start),
        }
        let (topic, timestamp) = ((*topic).to_owned(), *timestamp);
        let value = Some(json!({ "A": number, "B": number }).to_string().into_bytes());
        let record = ReplayRecord { topic, key: Some(key), value, timestamp, headers: Vec::new() };
        let mut emit = |output: OutputRecord<'_>| {
            written.push(output.value().map(|bytes| serde_json::from_slice(bytes).unwrap()));
            Ok(())
        };
        replay.feed(record, &mut emit).unwrap();
        replay.stop_and_restore().unwrap();
    }
    written
}

fn windowed_sources(left: &str, right: &str) -> String {
    let source = |name: &str, column: &str, window: &str| {
        format!(
            "CREATE STREAM {name} (k VARCHAR KEY, {column} BIGINT)
               WITH (KAFKA_TOPIC='{name}', VALUE_FORMAT='JSON', {window});"
        )
    };
    source("wl", "a", left) + &source("wr", "b", right)
}

/// Two sessions of a key may begin at the same time, when records come out of order.
#[test]
fn sessions_are_told_apart_by_start_and_end() {
    let sources = windowed_sources("WINDOW_TYPE='SESSION'", "WINDOW_TYPE='SESSION'");
    let (short, long) = (Window::session(10, 20), Window::session(10, 30));
    let records =
        [("wl", short, 20), ("wr", long, 21), ("wr", short, 22), ("wl", long, 23), ("wl", short, 60)];
    let query = "CREATE STREAM q AS SELECT wl.k, a, b FROM wl LEFT JOIN wr WITHIN 5 MILLISECONDS \
                 GRACE PERIOD 0 MILLISECONDS ON wl.k = wr.k;";
    assert_eq!(windowed(&sources, query, &records), [row(1, 3), row(4, 2)]);
}

/// On a topic a time window is its start; its size is only declared.
#[test]
fn time_windows_of_different_sizes_meet_by_their_start() {
    let tumbling = |size: &str| format!("WINDOW_TYPE='TUMBLING', WINDOW_SIZE='{size}'");
    let sources = windowed_sources(&tumbling("10 MILLISECONDS"), &tumbling("20 MILLISECONDS"));
    let (ten, twenty) = (Window::time(20, 30), Window::time(20, 40));
    let query = "CREATE STREAM q AS SELECT wl.k, a, b FROM wl JOIN wr WITHIN 5 MILLISECONDS ON wl.k = wr.k;";
    assert_eq!(windowed(&sources, query, &[("wr", twenty, 20), ("wl", ten, 21)]), [row(2, 1)]);
}
