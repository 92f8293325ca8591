//! Replay of files: every row once, whatever happens; bad rows aside; wrong files explained.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use broker::Shutdown;
use common::{all, memory};
use events::{Label, Transaction};
use producer::{ReplayOptions, Source, Speed, Transactions, replay};

const HEADER: &str =
    "transaction_id,event_time,account_id,category,merchant,amt,merch_lat,merch_long,is_fraud\n";

fn rows(from: usize, count: usize) -> String {
    let row = |i: usize| {
        let (minute, second) = (i / 60 % 60, i % 60);
        format!(
            "t-{i},2024-01-01T{:02}:{minute:02}:{second:02}Z,ACC-{:04},fuel,\"Koss, Sons\",{}.10,34.5,-118.25,{}\n",
            i / 3600,
            i % 50,
            i + 1,
            usize::from(i.is_multiple_of(100))
        )
    };
    (from..from + count).map(row).collect()
}

fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    if name.ends_with(".gz") {
        let mut gz =
            flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
        gz.write_all(text.as_bytes()).unwrap();
        gz.finish().unwrap();
    } else if name.ends_with(".zst") {
        // Two frames, as `cat a.zst b.zst` makes them.
        let (one, two) = text.split_at(text.len() / 2);
        let frames = [one, two].map(|part| zstd::encode_all(part.as_bytes(), 1).unwrap());
        std::fs::write(&path, frames.concat()).unwrap();
    } else {
        std::fs::write(&path, text).unwrap();
    }
    path
}

#[test]
fn rows_become_transactions_with_their_times_and_labels() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let path = file(&dir, "card.csv.gz", &format!("{HEADER}{}", rows(0, 12_000)));
    let totals = replay(log.clone(), ReplayOptions::new(&path), Shutdown::new()).unwrap();
    assert_eq!((totals.transactions, totals.labels, totals.frauds, totals.refused), (12_000, 12_000, 120, 0));
    let sent = all(&*log, "transactions");
    let ids: HashSet<_> =
        sent.iter().map(|r| Transaction::from_json(&r.value).unwrap().transaction_id).collect();
    assert_eq!((sent.len(), ids.len()), (12_000, 12_000));
    let first = sent.iter().find(|r| r.value.starts_with(b"{\"transaction_id\":\"t-0\"")).unwrap();
    let expected = concat!(
        r#"{"transaction_id":"t-0","account_id":"ACC-0000","amount":1.10,"timestamp":"2024-01-01T00:00:00Z","#,
        r#""merchant":"Koss, Sons","category":"fuel","latitude":34.5,"longitude":-118.25}"#
    );
    assert_eq!(String::from_utf8_lossy(&first.value), expected);
    assert_eq!((first.timestamp, first.key.as_slice()), (1_704_067_200_000, b"ACC-0000".as_slice()));
    let labels = all(&*log, "transaction_labels");
    assert_eq!(labels.iter().filter(|r| Label::from_json(&r.value).unwrap().is_fraud).count(), 120);

    let again = replay(log.clone(), ReplayOptions::new(&path), Shutdown::new()).unwrap();
    assert!(again.already_complete && again.resumed_at == 12_000 && again.to_string().contains("--restart"));
    assert_eq!(all(&*log, "transactions").len(), 12_000);
    let restart = ReplayOptions { restart: true, ..ReplayOptions::new(&path) };
    assert_eq!(replay(log.clone(), restart, Shutdown::new()).unwrap().transactions, 12_000);
    assert_eq!(all(&*log, "transactions").len(), 24_000);
}

#[test]
fn a_file_is_unpacked_by_its_content_whatever_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}{}", rows(0, 300));
    let ids = |path: &PathBuf| {
        let mut rows = Transactions::new(Source::open(path).unwrap(), &[]).unwrap();
        std::iter::from_fn(|| rows.read().unwrap()).map(|t| t.transaction_id).collect::<Vec<_>>()
    };
    let plain = ids(&file(&dir, "card.csv", &text));
    assert_eq!((plain.len(), plain[299].as_str()), (300, "t-299"));
    for packed in ["card.gz", "card.zst"] {
        let renamed = dir.path().join("card.txt");
        std::fs::rename(file(&dir, packed, &text), &renamed).unwrap();
        assert_eq!(ids(&renamed), plain, "{packed}");
    }
    let log = memory();
    let path = file(&dir, "card.csv.zst", &text);
    assert_eq!(replay(log, ReplayOptions::new(path), Shutdown::new()).unwrap().transactions, 300);
}

#[test]
fn json_is_told_from_csv_by_its_first_byte() {
    let dir = tempfile::tempdir().unwrap();
    let cases =
        [("", true), ("  \n{", true), (" [", true), ("transaction_id,a\n", false), ("\"a\",b", false)];
    for (text, is_json) in cases {
        let mut source = Source::open(&file(&dir, "x.gz", text)).unwrap();
        assert_eq!(source.is_json().unwrap(), is_json, "{text:?}");
        let mut rest = String::new();
        source.content.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.trim(), text.trim());
    }
}

#[test]
fn a_stopped_replay_goes_on_where_it_was() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let path = file(&dir, "card.csv", &format!("{HEADER}{}", rows(0, 5_000)));
    let mut runs = 0;
    loop {
        let shutdown = Shutdown::new();
        let asking = shutdown.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(400));
            asking.request();
        });
        let slow = ReplayOptions { speed: Speed::Rate(5_000.0), ..ReplayOptions::new(&path) };
        let totals = replay(log.clone(), slow, shutdown).unwrap();
        runs += 1;
        if !totals.stopped {
            break;
        }
    }
    let ids: HashSet<_> = all(&*log, "transactions").into_iter().map(|r| r.value).collect();
    assert_eq!((ids.len(), all(&*log, "transactions").len()), (5_000, 5_000));
    assert!(runs > 1, "it was stopped at least once");
}

#[test]
fn bad_rows_go_aside_with_their_line_and_reason() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let bad = [
        "x-1,2024-01-01T00:00:00Z,ACC-1,fuel,M,abc,1,1,0\n",
        "x-2,yesterday,ACC-1,fuel,M,1,1,1,0\n",
        "x-3,2024-01-01T00:00:00Z,,fuel,M,1,1,1,0\n",
        "x-4,2024-01-01T00:00:00Z,ACC-1\n",
        "x-5,2024-01-01T00:00:00Z,ACC-1,fuel,M,1,91,1,0\n",
        "x-6,2024-01-01T00:00:00Z,ACC-1,fuel,M,1,1,1,perhaps\n",
    ];
    let path = file(&dir, "card.csv", &format!("{HEADER}{}{}{}", rows(0, 2), bad.concat(), rows(2, 3)));
    let totals = replay(log.clone(), ReplayOptions::new(&path), Shutdown::new()).unwrap();
    assert_eq!((totals.transactions, totals.refused), (5, 6));
    let letters = all(&*log, "transactions.dlq");
    let header = |i: usize, name: &str| {
        letters[i].headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()).unwrap()
    };
    assert_eq!(letters[0].key, b"card.csv/0/4");
    assert_eq!(header(0, "dlq.stage"), "producer");
    let reasons: Vec<_> = (0..6).map(|i| header(i, "dlq.reason")).collect();
    let expected = [
        "line 4: amount: \"abc\" is not a number",
        "line 5: timestamp: \"yesterday\" is not an RFC 3339 time such as 2026-01-31T22:15:00.123Z",
        "line 6: account_id: is empty",
        "line 7: has 3 columns where the header has 9",
        "line 8: latitude: greater than 90",
        "line 9: is_fraud: \"perhaps\" is neither 0 nor 1, true nor false",
    ];
    assert_eq!(reasons, expected);
    assert!(String::from_utf8_lossy(&letters[0].value).contains(r#""amt":"abc""#));
}

#[test]
fn wrong_files_are_explained_and_nothing_is_sent() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let error = |path: PathBuf| {
        replay(log.clone(), ReplayOptions::new(path), Shutdown::new()).unwrap_err().to_string()
    };
    assert!(error(dir.path().join("none.csv")).contains("none.csv: No such file"));
    let columns = error(file(&dir, "a.csv", "id,amount\n1,2\n"));
    assert!(
        columns.contains("transaction_id, account_id, timestamp")
            && columns.contains("--map id=transaction_id"),
        "{columns}"
    );
    assert!(error(file(&dir, "empty.csv", "")).contains("the columns are none"));
    let whole = std::fs::read(file(&dir, "whole.csv.gz", &format!("{HEADER}{}", rows(0, 9_000)))).unwrap();
    std::fs::write(dir.path().join("cut.csv.gz"), &whole[..whole.len() / 2]).unwrap();
    let cut = error(dir.path().join("cut.csv.gz"));
    assert!(cut.contains("cut.csv.gz") && cut.contains("is the file whole?"), "{cut}");
}

#[test]
fn the_speed_is_kept() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let path = file(&dir, "card.csv", &format!("{HEADER}{}", rows(0, 11)));
    let began = Instant::now();
    let options = ReplayOptions { speed: Speed::Times(10.0), ..ReplayOptions::new(&path) };
    assert_eq!(replay(log, options, Shutdown::new()).unwrap().transactions, 11);
    assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_secs(30));
}

/// Not a limit: prints how fast it is. `cargo test --release -p producer --test replay -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure_rows_per_second() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let path = file(&dir, "card.csv.gz", &format!("{HEADER}{}", rows(0, 80_000)));
    println!("{}", replay(log, ReplayOptions::new(&path), Shutdown::new()).unwrap());
}
