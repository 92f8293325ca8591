//! What is kept of records that cannot be read, and what becomes of very many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use engine::plan::{DeadLetters, Program};
use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, NoHeaders, Output, RecordHeaders, Stop, StreamTask};
use events::Mask;
use events::mask::sha256;

const RULES: &str = "CREATE STREAM payments (account VARCHAR KEY, iban VARCHAR, amount BIGINT) \
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON'); \
    CREATE STREAM high AS SELECT * FROM payments WHERE amount > 5;";

fn program(text: &str, dead_letters: DeadLetters) -> Program {
    let files = vec![SourceFile { name: "test.sql".into(), text: text.to_owned() }];
    load(files, &LoadOptions { dead_letters, ..LoadOptions::default() }).unwrap().program
}

struct Named<'a>(&'a [(&'a str, &'a [u8])]);

impl<'a> RecordHeaders<'a> for Named<'a> {
    fn last(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().rev().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }
}

/// A letter as it was written: its value, its headers in order.
#[derive(Debug, PartialEq)]
struct Letter {
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

impl Letter {
    fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.iter().rev().find(|(other, _)| other == name)?;
        Some(String::from_utf8(value.1.clone()).unwrap())
    }

    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        headers + self.value.as_ref().map_or(0, Vec::len)
    }

    fn holds(&self, text: &str) -> bool {
        let within = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        self.value.as_deref().is_some_and(within) || self.headers.iter().any(|(_, value)| within(value))
    }
}

fn letters(output: &Output) -> Vec<Letter> {
    let dead = output.iter().filter(|record| record.topic() == "payments.dlq");
    dead.map(|record| Letter {
        value: record.value().map(<[u8]>::to_vec),
        headers: record.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
    })
    .collect()
}

/// The only letter of a value.
fn letter_of(settings: DeadLetters, value: &[u8], headers: &[(&str, &[u8])]) -> Letter {
    let program = program(RULES, settings);
    let mut task = StreamTask::new(&program, 0).unwrap();
    let headers = &Named(headers);
    let record = InputRecord {
        partition: 2,
        offset: 17,
        timestamp: 99,
        key: Some(b"A1"),
        value: Some(value),
        headers,
    };
    let mut output = Output::new();
    task.process(0, &record, &mut output);
    output.seal();
    let mut letters = letters(&output);
    assert_eq!((letters.len(), task.counters()[0].dead_lettered), (1, 1));
    letters.remove(0)
}

fn masked(names: &[&str]) -> DeadLetters {
    DeadLetters { mask: Mask::new(names), ..DeadLetters::default() }
}

const BAD: &[u8] = br#"{"iban":"DE7", "amount":"much"}"#;

#[test]
fn a_letter_holds_the_record_whole() {
    let own: &[(&str, &[u8])] = &[("trace", b"7"), ("dlq.stage", b"an older one"), ("trace", &[255, 0])];
    let letter = letter_of(DeadLetters::default(), BAD, own);
    assert_eq!(letter.value.as_deref(), Some(BAD));
    let kept: Vec<(&str, &[u8])> = letter.headers[..3].iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(kept, own, "its own headers come first, as they were");
    let ours: BTreeMap<_, _> =
        letter.headers[3..].iter().map(|(n, v)| (n.as_str(), std::str::from_utf8(v).unwrap())).collect();
    let want = [
        ("dlq.headers", "3"),
        ("dlq.stage", "engine"),
        ("dlq.code", "column"),
        ("dlq.reason", "column AMOUNT: \"much\" is not a BIGINT"),
        ("dlq.declaration", "PAYMENTS"),
        ("dlq.source.topic", "payments"),
        ("dlq.source.partition", "2"),
        ("dlq.source.offset", "17"),
        ("dlq.source.timestamp", "99"),
        ("dlq.key", "A1"),
    ];
    assert_eq!(ours, want.into_iter().collect());
}

#[test]
fn a_masked_field_is_nowhere_in_the_letter() {
    let letter = letter_of(masked(&["IBAN", "secret"]), BAD, &[("Secret", b"DE7"), ("other", b"x")]);
    assert!(!letter.holds("DE7"), "{letter:?}");
    assert_eq!(letter.value.as_deref(), Some(br#"{"iban":"***","amount":"much"}"#.as_slice()));
    assert_eq!(letter.header("dlq.masked").as_deref(), Some("fields headers"));
    assert_eq!(letter.header("dlq.value.sha256"), Some(sha256(BAD)));
    assert_eq!(letter.header("other").as_deref(), Some("x"));
}

#[test]
fn of_a_masked_record_that_is_no_json_only_length_and_hash_are_kept() {
    let broken = br#"{"iban":"DE7","amount":"#;
    let letter = letter_of(masked(&["iban"]), broken, &[]);
    assert!(!letter.holds("DE7") && letter.value.is_none(), "{letter:?}");
    assert_eq!(letter.header("dlq.masked").as_deref(), Some("value"));
    assert_eq!(letter.header("dlq.value.length").as_deref(), Some("23"));
    assert_eq!(letter.header("dlq.value.sha256"), Some(sha256(broken)));
    assert_eq!(
        letter_of(masked(&["iban"]), br#"{"iban":"#, &[]).header("dlq.code").as_deref(),
        Some("malformed")
    );
}

#[test]
fn a_masked_value_or_key_is_not_in_the_reason_either() {
    let letter = letter_of(masked(&["amount"]), BAD, &[]);
    assert!(!letter.holds("much"), "{letter:?}");
    let letter = letter_of(masked(&["account"]), BAD, &[]);
    assert!(!letter.holds("A1") && letter.header("dlq.key").is_none(), "{letter:?}");
    assert_eq!(letter.header("dlq.key.sha256"), Some(sha256(b"A1")));
    assert_eq!(letter.header("dlq.masked").as_deref(), Some("key"));
}

#[test]
fn a_letter_is_cut_rather_than_larger_than_the_log_takes() {
    let value = format!(r#"{{"amount":"{}"}}"#, "9".repeat(2_000_000));
    let long = vec![b'h'; 20_000];
    for max_bytes in [1_000, 10_000, 100_000, 1_000_000] {
        let settings = DeadLetters { max_bytes, ..DeadLetters::default() };
        let letter = letter_of(settings, value.as_bytes(), &[("long", &long)]);
        assert!(letter.size() < max_bytes.max(2_000), "{} of {max_bytes}", letter.size());
        let cut = letter.header("dlq.cut").unwrap();
        assert_eq!(cut.contains("headers"), max_bytes < 90_000, "{cut}");
        assert_eq!(letter.header("dlq.value.length"), Some(value.len().to_string()));
        assert_eq!(letter.header("dlq.value.sha256"), Some(sha256(value.as_bytes())));
        assert!(value.as_bytes().starts_with(letter.value.as_deref().unwrap()));
    }
    let whole = letter_of(DeadLetters { max_bytes: 4_100 + BAD.len(), ..DeadLetters::default() }, BAD, &[]);
    assert_eq!((whole.value.as_deref(), whole.header("dlq.cut")), (Some(BAD), None));
}

/// Feeds bad and good records; what each hand-over had to say.
fn flood(limit: u32, per_hand_over: usize, offsets: impl Iterator<Item = i64>) -> (Vec<i64>, Vec<i64>) {
    let program = program(RULES, DeadLetters { limit: Some(limit), ..DeadLetters::default() });
    let mut task = StreamTask::new(&program, 0).unwrap();
    let (mut whole, mut told, mut output) = (Vec::new(), Vec::new(), Output::new());
    let mut hand_over = |output: &mut Output| {
        output.seal();
        for letter in letters(output) {
            let Some(count) = letter.header("dlq.count") else {
                whole.push(letter.header("dlq.source.offset").unwrap().parse().unwrap());
                continue;
            };
            let value: serde_json::Value = serde_json::from_slice(&letter.value.unwrap()).unwrap();
            let before = told.len();
            for run in value["runs"].as_array().unwrap() {
                let (first, count) = (run[0].as_i64().unwrap(), run[1].as_i64().unwrap());
                told.extend(first..first + count);
            }
            assert_eq!(count, (told.len() - before).to_string());
        }
        output.clear();
    };
    for (at, offset) in offsets.enumerate() {
        let record = InputRecord {
            partition: 0,
            offset,
            timestamp: 5,
            key: None,
            value: Some(b"?"),
            headers: &NoHeaders,
        };
        task.process(0, &record, &mut output);
        if (at + 1).is_multiple_of(per_hand_over) {
            hand_over(&mut output);
        }
    }
    hand_over(&mut output);
    assert!(task.counters()[0].adds_up());
    (whole, told)
}

#[test]
fn of_a_flood_no_position_is_lost_and_few_are_kept_whole() {
    for per_hand_over in [1, 7, 100_000] {
        let offsets = || (0..25_000).filter(|offset| offset % 3 != 0);
        let (whole, told) = flood(10, per_hand_over, offsets());
        assert_eq!(whole.len(), 30, "10 of each 10,000 offsets");
        let mut all = [whole, told].concat();
        all.sort_unstable();
        assert_eq!(all, offsets().collect::<Vec<_>>(), "by hand-overs of {per_hand_over}");
    }
    assert_eq!(flood(0, 10, 0..5).0, [0i64; 0]);
}

#[test]
fn a_declaration_may_stop_the_run() {
    let text = format!("--@on_error: stop\n{RULES}");
    let program = program(&text, masked(&["amount"]));
    let mut task = StreamTask::new(&program, 0).unwrap();
    let mut output = Output::new();
    let record = InputRecord {
        partition: 2,
        offset: 17,
        timestamp: 99,
        key: None,
        value: Some(BAD),
        headers: &NoHeaders,
    };
    task.process(0, &record, &mut output);
    let Some(Stop::Unreadable(why)) = output.stop_reason() else { panic!("{:?}", output.stop_reason()) };
    assert_eq!(
        why,
        "the record of topic payments, partition 2, offset 17 does not fit PAYMENTS: column AMOUNT: is not a BIGINT; \
         PAYMENTS is declared with --@on_error: stop, so the run ends here, and nothing of this record is committed: \
         mend the declaration and start again, or have such records written to payments.dlq by --@on_error: dead-letter"
    );
    assert!(letters(&output).is_empty());
}

#[test]
fn a_wrong_directive_is_refused_with_its_place() {
    let refused = |text: &str| {
        let files = vec![SourceFile { name: "test.sql".into(), text: text.to_owned() }];
        load(files, &LoadOptions::default()).unwrap_err().to_string()
    };
    assert!(refused(&format!("--@on_error: skip\n{RULES}")).contains("dead-letter, stop"));
    assert!(refused(&format!("--@on_error: stop\n--@on_error: stop\n{RULES}")).contains("twice"));
    let query = RULES.replace("CREATE STREAM high", "--@on_error: stop\nCREATE STREAM high");
    assert!(refused(&query).contains("belongs to the declaration of a topic"));
    assert!(refused(&format!("--@severity: high\n{RULES}")).contains("does not belong to this statement"));
}
