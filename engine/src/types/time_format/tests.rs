#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

/// 0 to 9 fraction digits, with an offset.
const RFC3339: &str =
    "yyyy-MM-dd'T'HH:mm:ss[.SSSSSSSSS][.SSSSSSSS][.SSSSSSS][.SSSSSS][.SSSSS][.SSSS][.SSS][.SS][.S]XXX";

fn ms(pattern: &str, text: &str) -> i64 {
    Pattern::compile(pattern).unwrap().parse_timestamp(text, Zone::UTC).unwrap()
}

fn refused(pattern: &str, text: &str) {
    let pattern = Pattern::compile(pattern).unwrap();
    assert!(pattern.parse_timestamp(text, Zone::UTC).is_err(), "{text}");
}

fn print(pattern: &str, ms: i64, zone: &str) -> String {
    Pattern::compile(pattern).unwrap().format_timestamp(ms, Zone::parse(zone).unwrap()).unwrap()
}

#[test]
fn fractions_of_any_length() {
    assert!(Pattern::compile(RFC3339).unwrap().fast.is_some());
    let base = 1_700_000_000_000;
    assert_eq!(ms(RFC3339, "2023-11-14T22:13:20Z"), base);
    assert_eq!(ms(RFC3339, "2023-11-14T23:13:20.1+01:00"), base + 100);
    for digits in 1..=9 {
        let fraction = &"123456789"[..digits];
        let expected = base + format!("{fraction:0<9}")[..3].parse::<i64>().unwrap();
        assert_eq!(ms(RFC3339, &format!("2023-11-14T22:13:20.{fraction}Z")), expected);
    }
    refused(RFC3339, "2023-11-14T22:13:20.1234567890Z");
    refused(RFC3339, "2023-11-14T22:13:20.Z");
    refused(RFC3339, "2023-11-14T22:13:20");
    refused(RFC3339, "2023-13-14T22:13:20Z");
    refused(RFC3339, "2023-11-14T22:60:20Z");
    assert_eq!(ms(RFC3339, "2023-11-14t22:13:20z"), base);
}

#[test]
fn months_end_where_they_end() {
    assert_eq!(ms(RFC3339, "2023-02-30T00:00:00Z"), ms(RFC3339, "2023-02-28T00:00:00Z"));
    refused(RFC3339, "2023-02-32T00:00:00Z");
    assert_eq!(ms("yyyy-MM-dd'T'HH:mm:ss", "2023-12-31T24:00:00"), ms("yyyy-MM-dd", "2024-01-01"));
}

#[test]
fn what_is_missing_is_of_1970() {
    assert_eq!(ms("HH:mm", "01:30"), 5_400_000);
    assert_eq!(ms("yyyy", "1971"), 365 * DAY_MS);
    assert_eq!(ms("D", "2"), DAY_MS);
    assert_eq!(ms("yy-MM-dd HH:mm:ssX", "10-04-19 12:00:17Z"), 1_271_678_417_000);
    assert_eq!(ms("yyyyMMddHHmmssSSS", "20100419120017042"), 1_271_678_417_042);
    assert_eq!(ms("h:mm a", "12:05 AM"), 300_000);
    assert_eq!(ms("d MMM uuuu", "19 Apr 2010"), 1_271_635_200_000);
    assert_eq!(ms("EEEE, MMMM d, y", "Monday, April 19, 2010"), 1_271_635_200_000);
    refused("EEEE, MMMM d, y", "Sunday, April 19, 2010");
    refused("yyyy-MM-dd", "12010-04-19");
    refused("yyyy-MM-dd", "2010-4-19");
    assert_eq!(ms("y-M-d", "2010-4-19"), 1_271_635_200_000);
}

#[test]
fn zones() {
    let pattern = "yyyy-MM-dd'T'HH:mm:ss zzz";
    assert_eq!(ms(pattern, "2018-05-11T21:58:33 PST"), 1_526_101_113_000);
    assert_eq!(ms("yyyy-MM-dd HH:mm VV", "2018-05-11 21:58 Europe/Berlin"), 1_526_068_680_000);
    assert_eq!(ms("yyyy-MM-dd HH:mm O", "2018-05-11 21:58 GMT+2"), 1_526_068_680_000);
    assert_eq!(
        print("yyyy-MM-dd HH:mm:ss zzz", 1_526_075_913_000, "America/Los_Angeles"),
        "2018-05-11 14:58:33 PDT"
    );
    assert_eq!(
        print("yyyy-MM-dd HH:mm:ss zzz", 1_526_075_913_000, "Europe/London"),
        "2018-05-11 22:58:33 BST"
    );
    for (pattern, text) in [
        ("X", "+0530"),
        ("XX", "+0530"),
        ("XXX", "+05:30"),
        ("x", "+0530"),
        ("Z", "+0530"),
        ("ZZZZ", "GMT+05:30"),
        ("ZZZZZ", "+05:30"),
        ("O", "GMT+5:30"),
        ("VV", "Asia/Kolkata"),
        ("z", "IST"),
    ] {
        assert_eq!(print(pattern, 1_526_075_913_000, "Asia/Kolkata"), text);
    }
    assert_eq!(print("X|x|XXX|Z|O|VV|z", 0, "UTC"), "Z|+00|Z|+0000|GMT|UTC|UTC");
    assert_eq!(Zone::parse("+02:00"), Some(Zone::Offset(7200)));
    assert_eq!(Zone::parse("GMT-3"), Some(Zone::Offset(-10_800)));
    assert_eq!(Zone::parse("Mars/Base"), None);
    // The clock goes from 2:00 to 3:00, and back from 3:00 to 2:00.
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let pattern = Pattern::compile("yyyy-MM-dd HH:mm").unwrap();
    let local = |text| pattern.parse_timestamp(text, berlin).unwrap();
    assert_eq!(local("2024-03-31 02:30"), local("2024-03-31 03:30"));
    assert_eq!(pattern.format_timestamp(local("2024-10-27 02:30"), Zone::UTC).unwrap(), "2024-10-27 00:30");
}

#[test]
fn prints() {
    let at = 1_271_678_417_042;
    assert_eq!(print("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", at, "UTC"), "2010-04-19T12:00:17.042Z");
    assert_eq!(
        print("EEE d MMMM yy, h:mm a 'o''clock' ''", at, "UTC"),
        "Mon 19 April 10, 12:00 PM o'clock '"
    );
    assert_eq!(
        print("uuuu DDD Q QQQ QQQQ G k K A n", at, "UTC"),
        "2010 109 2 Q2 2nd quarter AD 12 0 43217042 42000000"
    );
    assert_eq!(print("yyyy", 253_402_300_800_000, "UTC"), "+10000");
    let date = Pattern::compile("yyyy-MM-dd[ HH:mm]").unwrap();
    assert_eq!(date.format_date(0).unwrap(), "1970-01-01");
    assert!(Pattern::compile("HH").unwrap().format_date(0).is_err());
    assert_eq!(Pattern::compile("HH:mm:ss").unwrap().format_time(3_723_000).unwrap(), "01:02:03");
}

#[test]
fn dates_and_times_alone() {
    assert_eq!(Pattern::compile("yyyy-MM-dd").unwrap().parse_date("1970-01-03"), Ok(2));
    assert_eq!(Pattern::compile("MMM-yyyy").unwrap().parse_date("FEB-1970"), Ok(31));
    assert_eq!(Pattern::compile("yyyy-MM-dd").unwrap().parse_date("1970-01-03-01-01"), Ok(2));
    assert!(Pattern::compile("yyyy-MM-dd HH").unwrap().parse_date("1970-01-03 04").is_err());
    assert_eq!(Pattern::compile("HH:mm:ss.SSS").unwrap().parse_time("00:00:01.005"), Ok(1005));
}

#[test]
fn bad_patterns_are_refused() {
    for pattern in ["", "yyyy-bb", "'x", "]", "HHH", "YYYY", "{", "V", "aa"] {
        assert!(Pattern::compile(pattern).is_err(), "{pattern}");
    }
}

proptest! {
    /// The direct way and the general one agree, on texts that fit and on texts that nearly fit.
    #[test]
    fn both_ways_agree(
        seconds in -60_000_000_000i64..250_000_000_000,
        fraction in "(\\.[0-9]{0,10})?",
        zone in "(Z|[+-][01][0-9]:[0-6][0-9])?",
        broken in proptest::option::of((0usize..19, "[ -~]")),
    ) {
        let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let mut text = format!("{}{fraction}{zone}", time.format("%Y-%m-%dT%H:%M:%S"));
        if let Some((at, with)) = broken {
            text.replace_range(at..=at, &with);
        }
        for pattern in [RFC3339, "uuuu-MM-dd'T'HH:mm:ss[.SSS][XXX]", "yyyy-MM-dd'T'HH:mm:ss.SSS", "yyyy-MM-dd'T'HH:mm:ss'Z'"] {
            let both = Pattern::compile(pattern).unwrap();
            let general = Pattern { fast: None, ..both.clone() };
            prop_assert!(both.fast.is_some());
            prop_assert_eq!(both.parse_timestamp(&text, Zone::UTC), general.parse_timestamp(&text, Zone::UTC));
        }
    }

    /// What is printed is read back.
    #[test]
    fn round_trip(ms in -60_000_000_000_000i64..250_000_000_000_000) {
        for pattern in ["yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "D uuuu h K:mm:ss a SSS x", "EEEE d MMMM yyyy A", "yyyyMMddHHmmssSSS"] {
            let pattern = Pattern::compile(pattern).unwrap();
            let text = pattern.format_timestamp(ms, Zone::UTC).unwrap();
            prop_assert_eq!(pattern.parse_timestamp(&text, Zone::UTC), Ok(ms), "{}", text);
        }
    }

    /// No text makes it panic.
    #[test]
    fn never_panics(pattern in "[yuMdHhkKmsSaEnAXxZzVOGQD'\\[\\]:. -]{0,12}", text in ".{0,20}") {
        if let Ok(pattern) = Pattern::compile(&pattern) {
            let _ = pattern.parse_timestamp(&text, Zone::UTC);
            let _ = pattern.format_timestamp(0, Zone::UTC);
        }
    }
}

/// Prints what one parse takes; run in release.
#[test]
#[ignore = "a measurement"]
fn how_long_one_parse_takes() {
    let pattern = Pattern::compile(RFC3339).unwrap();
    let start = std::time::Instant::now();
    let rounds = 10_000_000;
    let sum: i64 = (0..rounds)
        .map(|_| {
            pattern.parse_timestamp(std::hint::black_box("2023-11-14T22:13:20.123Z"), Zone::UTC).unwrap()
        })
        .fold(0, i64::wrapping_add);
    println!("{:.1} ns a parse ({sum})", start.elapsed().as_nanos() as f64 / f64::from(rounds));
}
