//! How long a record takes. Run with `cargo test -p engine --release speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use super::*;

/// A transaction as the producer writes it, 285 bytes.
const RECORD: &str = concat!(
    r#"{"transaction_id":"TXN-0000000012345","account_id":"ACC-00004711","amount":1234.56,"#,
    r#""timestamp":"2026-11-21T10:15:30.123Z","currency":"EUR","merchant":"Corner Shop","category":"grocery","#,
    r#""country":"DE","city":"Berlin","latitude":52.52,"longitude":13.405,"channel":"pos","card_present":true}"#,
);

fn transaction() -> Vec<Column> {
    let text = |name| (name, DataType::String);
    columns(&[
        text("TRANSACTION_ID"),
        text("ACCOUNT_ID"),
        ("AMOUNT", DataType::Decimal { precision: 18, scale: 4 }),
        text("TIMESTAMP"),
        text("CURRENCY"),
        text("MERCHANT"),
        text("CATEGORY"),
        text("TRANSACTION_TYPE"),
        text("COUNTRY"),
        text("CITY"),
        ("LATITUDE", DataType::Double),
        ("LONGITUDE", DataType::Double),
        text("CHANNEL"),
        ("CARD_PRESENT", DataType::Boolean),
        text("DEVICE_ID"),
        text("IP"),
    ])
}

fn report(what: &str, rounds: u32, mut run: impl FnMut()) {
    (0..rounds / 10).for_each(|_| run());
    let start = Instant::now();
    (0..rounds).for_each(|_| run());
    println!("{what}: {:.0} ns a record", start.elapsed().as_nanos() as f64 / f64::from(rounds));
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let columns = transaction();
    let wanted: Vec<bool> = (0..columns.len()).map(|i| i < 4 || i == 6).collect();
    let decoder = Decoder::new(&JSON, &columns, &wanted).unwrap();
    let encoder = Encoder::new(&JSON, &columns).unwrap();
    println!("{} bytes, {} columns", RECORD.len(), columns.len());
    report("decode, 5 wanted", 1_000_000, || {
        let mut row: [Value<'_>; 16] = Default::default();
        decoder.decode(black_box(RECORD.as_bytes()), &mut row).unwrap();
        black_box(&row);
    });
    let all = Decoder::new(&JSON, &columns, &[true; 16]).unwrap();
    let mut row: [Value<'_>; 16] = Default::default();
    all.decode(RECORD.as_bytes(), &mut row).unwrap();
    let mut out = Vec::new();
    report("encode, all columns", 1_000_000, || {
        out.clear();
        encoder.encode(black_box(&row), &mut out).unwrap();
        black_box(&out);
    });
}
