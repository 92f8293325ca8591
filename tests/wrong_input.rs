//! What is wrong is said clearly, with an exit status, and what is right flows on.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::TcpListener;
use std::process::Output;
use std::time::Duration;

use broker::{Broker, ConsumerConfig, Outgoing, Poll, Position, ProducerConfig, TopicPartition, kafka};
use events::{headers, topics};
use support::{Place, stderr, streamguard, wait_until};

/// The status and the words that must be in what was said; never a crash.
fn refused(output: &Output, status: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert!(said.contains("error"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in:\n{said}");
    }
}

#[test]
fn a_misspelt_column_is_shown_where_it_stands() {
    let directory = tempfile::tempdir().unwrap();
    let sources = support::root().join("rules/00_sources.sql");
    std::fs::copy(sources, directory.path().join("00_sources.sql")).unwrap();
    let sql = "CREATE STREAM big WITH (KAFKA_TOPIC = 'fraud_alerts') AS\nSELECT * FROM transactions WHERE amuont > 5;\n";
    std::fs::write(directory.path().join("big.sql"), sql).unwrap();
    let output = streamguard(&["rules", "check"]).arg(directory.path()).output().unwrap();
    refused(&output, 2, &["big.sql", "2:34", "amuont", "AMOUNT"]);
}

#[test]
fn the_shipped_rules_are_listed() {
    let output = streamguard(&["rules", "list"]).arg(support::root().join("rules")).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let listed = support::stdout(&output);
    for (rule, _) in support::expected::RULES {
        assert!(listed.contains(rule), "{rule} is missing in:\n{listed}");
    }
}

#[test]
fn wrong_usage_is_explained() {
    refused(&streamguard(&["producer", "--tps", "-5"]).output().unwrap(), 2, &["tps"]);
    refused(&streamguard(&["standalone", "--tps", "-5"]).output().unwrap(), 2, &["tps"]);
    refused(
        &streamguard(&["engine", "--rules", "no/such/directory"]).output().unwrap(),
        2,
        &["no/such/directory"],
    );
    refused(&streamguard(&["consumer"]).output().unwrap(), 2, &["DATABASE_URL"]);
    refused(&streamguard(&["consumer", "--log-level", "loud,,="]).output().unwrap(), 2, &["loud"]);
    let set = ["engine", "--set", "fetch.min.bytes=1"];
    refused(&streamguard(&set).output().unwrap(), 2, &["kafka.consumer"]);
}

#[test]
fn a_settings_file_with_an_unknown_key_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("streamguard.toml"), "[standalone]\ntsp = 5\n").unwrap();
    let output = streamguard(&["rules", "list"]).current_dir(directory.path()).output().unwrap();
    refused(&output, 2, &["tsp"]);
}

#[test]
fn a_file_without_the_needed_columns_is_refused() {
    let Some(place) = Place::new() else { return };
    let file = place.write("bad.csv", "when,who\n2024-01-01T00:00:00Z,A1\n");
    let args = ["standalone", "--no-producer", "--exit-when-done"];
    let rules = support::root().join("rules");
    let with_input = ["standalone", "--input", file.to_str().unwrap(), "--rules", rules.to_str().unwrap()];
    let output = place.streamguard(&with_input).arg("--exit-when-done").output().unwrap();
    let said = stderr(&output);
    assert!(!output.status.success() && said.contains("amount") && said.contains("--map"), "{said}");
    let output = place.streamguard(&args).args(["--rules", rules.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "the place itself is sound: {}", stderr(&output));
}

#[test]
fn a_database_that_refuses_or_is_not_there_is_named() {
    let Some(place) = Place::new() else { return };
    let (front, host) = place.database.url().rsplit_once('@').unwrap();
    let user = front.rsplit_once(':').unwrap().0;
    let wrong = format!("{user}:hunter2@{host}");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("postgres://u:hunter2@{free}/d");
    let rules = support::root().join("rules");
    for (url, word) in [(wrong.as_str(), "password"), (nobody.as_str(), &free.port().to_string())] {
        for args in [
            ["db", "migrate"].as_slice(),
            &["standalone", "--no-producer", "--rules", rules.to_str().unwrap()],
        ] {
            let output = place.streamguard(args).env("DATABASE_URL", url).output().unwrap();
            refused(&output, 1, &[word]);
            assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_port_where_something_else_listens_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let rules = support::root().join("rules");
    let engine = ["engine", "--rules", rules.to_str().unwrap(), "--kafka-bootstrap-servers", &address];
    refused(&streamguard(&engine).output().unwrap(), 1, &[&address]);
    let place_free = tempfile::tempdir().unwrap();
    let url = format!("postgres://u:hunter2@{address}/d");
    let mut migrate = streamguard(&["db", "migrate"]);
    let output = migrate.env("DATABASE_URL", url).current_dir(place_free.path()).output().unwrap();
    refused(&output, 1, &[address.rsplit_once(':').unwrap().1]);
}

#[test]
fn a_bad_record_goes_to_the_dead_letters_and_the_rest_flows() {
    let Some(place) = Place::with_kafka() else { return };
    let rules = support::root().join("rules");
    place.run(&["db", "migrate"]);
    let mut engine = place.start("engine", &["engine", "--rules", rules.to_str().unwrap()]);
    let mut consumer = place.start("consumer", &["consumer"]);
    place.run(&["producer", "--count", "1000", "--seed", "1"]);
    let kafka = kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
    let values: [&[u8]; 3] = [
        b"this is not JSON",
        br#"{"transaction_id":"bad-amount","account_id":"A1","amount":"abc","timestamp":"2026-01-02T03:04:05Z"}"#,
        br#"{"transaction_id":"good","account_id":"A1","amount":"6000.5","timestamp":"2026-01-02T03:04:05.25+01:00"}"#,
    ];
    produce(&*kafka, &values);
    wait_until("the good one after the bad ones", Duration::from_secs(60), || {
        assert!(engine.runs() && consumer.runs(), "{}\n{}", engine.log(), consumer.log());
        place.database.count(
            "SELECT count(*) FROM fraud_alerts WHERE transaction_id = 'good' AND rule_name = 'HIGH_AMOUNT'",
        ) == 1
            && place.database.size("transactions") == 1001
            && place.database.size("dead_letters") == 2
    });
    let reasons = place.database.rows("SELECT reason FROM dead_letters ORDER BY \"offset\"");
    assert!(reasons.iter().any(|reason| reason.contains("amount")), "{reasons:?}");
    wait_until("both readers' dead letters on the topic", Duration::from_secs(30), || {
        let letters = dead_letters(&*kafka);
        let of = |stage: &str| letters.iter().filter(|(from, _)| from == stage).count();
        of("engine") == 2 && of("consumer") >= 2
    });
    assert!(dead_letters(&*kafka).iter().all(|(_, reason)| !reason.is_empty()));
}

fn produce(kafka: &dyn Broker, values: &[&[u8]]) {
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for value in values {
        let key = Some(b"A1".as_slice());
        let record = Outgoing {
            topic: "transactions",
            partition: None,
            key,
            value: Some(value),
            timestamp: 1_767_323_045_000,
            headers: &[],
        };
        producer.produce(&record).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Stage and reason of each record of the dead-letter topic.
fn dead_letters(kafka: &dyn Broker) -> Vec<(String, String)> {
    let mut consumer = kafka.consumer(&ConsumerConfig::default()).unwrap();
    let partition = TopicPartition::new(topics::dlq(topics::TRANSACTIONS.name), 0);
    consumer.assign(&[(partition, Position::Beginning)]).unwrap();
    let (mut batch, mut letters, mut idle) = (broker::Batch::default(), Vec::new(), 0);
    while idle < 4 {
        match consumer.poll(&mut batch, Duration::from_millis(250)).unwrap() {
            Poll::Records => letters.extend(batch.iter().map(|record| {
                let text = |name| {
                    String::from_utf8_lossy(record.headers.last(name).unwrap_or_default()).into_owned()
                };
                (text(headers::DLQ_STAGE), text(headers::DLQ_REASON))
            })),
            _ => idle += 1,
        }
    }
    letters
}
