//! What the contract promises of every record: exact, verbatim, or refused by the name of the field.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use events::{
    CustomerProfile, FraudAlert, Label, Mode, Retraction, RuleRecord, Severity, Transaction, alert_id,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

const REQUIRED: &str = r#""transaction_id":"t-1","account_id":"ACC-1","timestamp":"2026-01-31T22:15:00Z""#;

fn with(fields: &str) -> Result<Transaction, String> {
    Transaction::from_json(format!("{{{REQUIRED},{fields}}}").as_bytes()).map_err(|e| e.to_string())
}

#[test]
fn wrong_fields_are_named() {
    let cases = [
        (r#""amount":"abc""#, r#"amount: "abc" is not a number"#),
        (r#""amount":"NaN""#, r#"amount: "NaN" is not a number"#),
        (r#""amount":"Infinity""#, r#"amount: "Infinity" is not a number"#),
        (r#""amount":"1_000""#, r#"amount: "1_000" is not a number"#),
        (r#""amount":true"#, "amount: true is not a number"),
        (r#""amount":1e400"#, "amount: 1e400 is not a number"),
        (
            r#""amount":0.00000000000000000000000000001"#,
            "amount: 0.00000000000000000000000000001 has more than 28 digits",
        ),
        (r#""amount":0"#, "amount: 0 is not greater than 0"),
        (r#""amount":-5.50"#, "amount: -5.50 is not greater than 0"),
        (r#""amount":null"#, "amount: is missing"),
        (r#""amount":1,"account_id":"""#, "account_id: is empty"),
        (r#""amount":1,"account_id":7"#, "account_id: 7 is not a text"),
        (r#""amount":1,"latitude":90.5"#, "latitude: greater than 90"),
        (r#""amount":1,"longitude":"x""#, r#"longitude: "x" is not a number"#),
        (r#""amount":1,"merchant":{}"#, "merchant: {} is not a text"),
        (
            r#""amount":1,"merchant":"a\u0000b""#,
            "merchant: holds the character U+0000, which cannot be stored",
        ),
        (r#""amount":1,"mood":["\u0000"]"#, "mood: holds the character U+0000, which cannot be stored"),
        (r#""amount":1,"card_present":"yes""#, r#"card_present: "yes" is neither true nor false"#),
        (
            r#""amount":1,"transaction_type":"refund""#,
            r#"transaction_type: "refund" is none of purchase, deposit, withdrawal, transfer, payment"#,
        ),
        (
            r#""amount":1,"timestamp":1700000000000"#,
            "timestamp: 1700000000000 is not an RFC 3339 time such as 2026-01-31T22:15:00.123Z",
        ),
        (r#""amount":"x","latitude":"y""#, r#"amount: "x" is not a number; latitude: "y" is not a number"#),
    ];
    for (fields, message) in cases {
        assert_eq!(with(fields).unwrap_err(), message, "{fields}");
    }
    let long = format!(r#""amount":1,"account_id":"{}""#, "é".repeat(257));
    assert_eq!(with(&long).unwrap_err(), "account_id: has more than 256 characters");
    let none = Transaction::from_json(b"{}").unwrap_err();
    let fields: Vec<_> = none.problems().iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["transaction_id", "account_id", "amount", "timestamp"]);
    for bytes in [b"nonsense".as_slice(), b"[1]", b"{\"amount\":1", b"{} {}", b"\xff", b""] {
        assert!(Transaction::from_json(bytes).unwrap_err().problems()[0].field.is_empty());
    }
}

#[test]
fn amounts_are_read_from_their_digits() {
    let cases = [
        ("0.1", "0.1"),
        ("\"0.10\"", "0.10"),
        ("12345678901234567890.12345678", "12345678901234567890.12345678"),
        ("1e3", "1000"),
        ("1.5E-3", "0.0015"),
        ("\"2.50e1\"", "25.0"),
        ("1.0000000000000000000000000000000000", "1.0000000000000000000000000000"),
    ];
    for (json, decimal) in cases {
        let read = with(&format!("\"amount\":{json}")).unwrap();
        assert_eq!(read.amount, decimal.parse::<Decimal>().unwrap(), "{json}");
    }
}

#[test]
fn times_of_any_offset_and_precision_become_utc() {
    let cases = [
        ("2026-01-31T22:15:00Z", "2026-01-31T22:15:00Z"),
        ("2026-02-01T00:15:00.5+02:00", "2026-01-31T22:15:00.500Z"),
        ("2026-01-31T22:15:00.123456789-00:00", "2026-01-31T22:15:00.123456789Z"),
    ];
    for (given, utc) in cases {
        let read = with(&format!(r#""amount":1,"timestamp":"{given}""#)).unwrap();
        let json = String::from_utf8(read.to_json()).unwrap();
        assert!(json.contains(&format!(r#""timestamp":"{utc}""#)), "{json}");
    }
    for wrong in
        ["2026-01-31", "2026-01-31T22:15:00", "2026-01-31T22:15:00.1234567890Z", "2026-01-31T23:59:60Z"]
    {
        let error = with(&format!(r#""amount":1,"timestamp":"{wrong}""#)).unwrap_err();
        assert!(error.starts_with("timestamp: "), "{error}");
    }
}

fn headers(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static [u8])> {
    let base = [
        ("alert.id", "0190aaaa-0000-7000-8000-000000000001"),
        ("rule.name", "velocity"),
        ("rule.version", "v1"),
        ("rule.mode", "shadow"),
        ("rule.severity", "high"),
        ("source.topic", "transactions"),
        ("source.partition", "2"),
        ("source.offset", "41"),
        ("source.timestamp", "1704067200123"),
        ("source.ordinal", "1"),
    ];
    base.iter().chain(extra).map(|(n, v)| (*n, v.as_bytes())).collect()
}

#[test]
fn an_alert_of_the_engine_is_read_with_its_headers() {
    let value =
        br#"{"transaction_id":"t-9","AMOUNT":6000.10,"FRAUD_TYPE":"VELOCITY","RISK_SCORE":0.9,"TX_COUNT":4}"#;
    let key = [b"ACC-7".as_slice(), &1_704_067_200_000_i64.to_be_bytes()].concat();
    let heads = headers(&[("window.start", "1704067200000"), ("window.end", "1704067260000")]);
    let alert =
        FraudAlert::from_record(Some(&key), Some(value), heads.into_iter(), "fraud_alerts", 0, 5, 6).unwrap();
    assert_eq!((alert.account_id.as_str(), alert.transaction_id.as_deref()), ("ACC-7", Some("t-9")));
    assert_eq!((alert.severity, alert.rule_mode), (Severity::High, Mode::Shadow));
    assert_eq!(alert.amount.unwrap().to_string(), "6000.10");
    assert_eq!(alert.evidence.to_json(), r#"{"TX_COUNT":4}"#);
    assert_eq!((alert.source.partition, alert.source.offset, alert.source.ordinal), (2, 41, 1));
    assert_eq!((alert.window_start, alert.window_end), (Some(1_704_067_200_000), Some(1_704_067_260_000)));
}

#[test]
fn a_tombstone_says_why() {
    let heads = headers(&[("alert.retract", "left")]);
    let alert =
        FraudAlert::from_record(Some(b"ACC-7"), None, heads.into_iter(), "fraud_alerts", 0, 5, 6).unwrap();
    assert_eq!((alert.retraction, alert.account_id.as_str()), (Some(Retraction::Left), "ACC-7"));
    let error =
        FraudAlert::from_record(Some(b"ACC-7"), None, headers(&[]).into_iter(), "fraud_alerts", 0, 5, 6);
    assert_eq!(error.unwrap_err().to_string(), "alert.retract: this header is missing");
}

#[test]
fn an_alert_of_ksqldb_has_an_id_that_lasts() {
    let read = |key: &[u8], value: &str, offset| {
        let none = std::iter::empty();
        FraudAlert::from_record(Some(key), Some(value.as_bytes()), none, "fraud_alerts", 1, offset, 7)
            .unwrap()
    };
    let windowed = [b"ACC-7".as_slice(), &1_704_067_200_000_i64.to_be_bytes()].concat();
    let value = r#"{"FRAUD_TYPE":"VELOCITY","TRANSACTION_ID":"t-1"}"#;
    let first = read(&windowed, value, 1);
    assert_eq!(first.alert_id, read(&windowed, value, 2).alert_id);
    assert_eq!(
        first.alert_id,
        alert_id("VELOCITY", "external", b"ACC-7", events::AlertOrigin::Window(1_704_067_200_000))
    );
    assert_eq!((first.rule_name.as_str(), first.rule_version.as_str()), ("VELOCITY", "external"));
    assert_eq!((first.account_id.as_str(), first.window_start), ("ACC-7", Some(1_704_067_200_000)));
    assert_eq!(read(b"ACC-7", value, 1).alert_id, read(b"ACC-7", value, 2).alert_id);
    let bare = r#"{"FRAUD_TYPE":"VELOCITY"}"#;
    assert_ne!(read(b"ACC-7", bare, 1).alert_id, read(b"ACC-7", bare, 2).alert_id);
}

#[test]
fn labels_profiles_and_rules_come_back_as_they_were() {
    let label = r#"{"transaction_id":"t-1","account_id":"ACC-1","is_fraud":true,"kind":"card_testing","timestamp":"2026-01-31T22:15:00Z"}"#;
    assert_eq!(String::from_utf8(Label::from_json(label.as_bytes()).unwrap().to_json()).unwrap(), label);
    let profile = r#"{"account_id":"ACC-1","currency":"EUR","amount_mean":42.10,"home_city":"Berlin","cities":["Berlin"],"devices":[],"hours":[8,9],"categories":["grocery"],"daily_spending_limit":500,"risk_level":"low","account_opened_at":"2020-01-01T00:00:00Z"}"#;
    assert_eq!(
        String::from_utf8(CustomerProfile::from_json(profile.as_bytes()).unwrap().to_json()).unwrap(),
        profile
    );
    let rule = r#"{"name":"velocity","version":"v1","mode":"live","severity":"high","description":"many","sql":"SELECT 1"}"#;
    assert_eq!(String::from_utf8(RuleRecord::from_json(rule.as_bytes()).unwrap().to_json()).unwrap(), rule);
    assert_eq!(
        Label::from_json(b"{}").unwrap_err().to_string(),
        "transaction_id: is missing; is_fraud: is missing"
    );
}

proptest! {
    #[test]
    fn a_transaction_comes_back_as_it_was(
        id in "[^\u{0}]{1,40}",
        mantissa in 1_i64..,
        scale in 0_u32..=18,
        millis in 0_i64..4_000_000_000_000,
        nanos in 0_u32..1_000_000,
        merchant in proptest::option::of("[^\u{0}]{0,40}"),
        latitude in proptest::option::of(-90.0..=90.0_f64),
        extra in proptest::collection::btree_map("x_[a-z\"\\\\é]{0,8}", json(), 0..4),
    ) {
        let time = chrono::DateTime::from_timestamp_millis(millis).unwrap() + chrono::Duration::nanoseconds(nanos.into());
        let mut given = Transaction::new(id, "ACC-1".into(), Decimal::new(mantissa, scale), time);
        given.merchant = merchant;
        given.latitude = latitude;
        for (name, json) in &extra {
            given.extra.insert(name, json).unwrap();
        }
        let read = Transaction::from_json(&given.to_json()).unwrap();
        prop_assert_eq!(&read, &given);
        prop_assert_eq!(read.amount.to_string(), given.amount.to_string());
        for (name, json) in &extra {
            prop_assert_eq!(read.extra.get(name), Some(json.as_str()));
        }
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let _ = Transaction::from_json(&bytes);
        let _ = with(&format!("\"amount\":{text}"));
        let _ = with(&format!("\"amount\":1,\"x\":\"{text}\""));
        let _ = FraudAlert::from_record(Some(&bytes), Some(text.as_bytes()), headers(&[]).into_iter(), "t", 0, 0, 0);
    }
}

/// JSON texts whose digits and spaces a parser would not keep.
fn json() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[1-9][0-9]{0,30}\\.[0-9]{1,30}",
        "[1-9]e[0-9]{1,2}",
        Just("{ \"a\" : [ 1.00, null ] }".to_owned()),
        Just("\"\\u00e9\\n\"".to_owned()),
        Just("false".to_owned()),
    ]
}

/// Not a limit: prints how fast it is. `cargo test --release -p events --test contract -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure_transactions_read_and_written_per_second() {
    let json = format!(
        r#"{{{REQUIRED},"amount":41.76,"merchant":"Koss, Sons","category":"fuel","currency":"EUR","latitude":34.7,"longitude":-118.5,"country":"US","city":"Phoenix","channel":"pos","card_present":true}}"#
    );
    let rounds = 300_000_u32;
    let began = std::time::Instant::now();
    let mut read = Transaction::from_json(json.as_bytes()).unwrap();
    for _ in 1..rounds {
        read = Transaction::from_json(json.as_bytes()).unwrap();
    }
    let reading = began.elapsed();
    let began = std::time::Instant::now();
    let length = (0..rounds).map(|_| read.to_json().len()).sum::<usize>();
    println!(
        "{:?} to read, {:?} to write, {} bytes",
        reading / rounds,
        began.elapsed() / rounds,
        length / rounds as usize
    );
}
