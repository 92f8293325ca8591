//! What is committed, read by Kafka's own console consumer, and compared with what must be.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::process::Stdio;

use servers::Cluster;

use crate::load::{Expected, MERCHANT_COUNT, Transaction, line};

/// Between the parts of a record, and behind it. Keys are binary, so these are words.
const BETWEEN: &str = "<|>";
const BEHIND: &str = "<end>\n";

/// A record as the console consumer printed it: an alert, mostly.
pub(crate) struct Alert {
    pub(crate) timestamp: i64,
    pub(crate) partition: i32,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) key: Vec<u8>,
    pub(crate) value: String,
}

impl Alert {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn window(&self) -> Option<i64> {
        self.headers.get("window.start").map(|text| text.parse().unwrap())
    }

    /// The key's text; that of a window has its start behind it, in eight bytes.
    fn key_text(&self) -> String {
        let end = if self.window().is_some() { self.key.len() - 8 } else { self.key.len() };
        String::from_utf8_lossy(&self.key[..end]).into_owned()
    }

    /// What no other alert shares: the alert's id with the place of what caused it.
    fn identity(&self) -> String {
        let parts = ["alert.id", "source.topic", "source.partition", "source.offset", "source.ordinal"];
        parts.map(|name| self.header(name)).join("/")
    }
}

/// What must be, from the transactions that lie in the topic: all that were sent, some perhaps twice.
pub(crate) fn expected(cluster: &Cluster, sent: u64) -> Expected {
    let (mut expected, mut ids) = (Expected::default(), HashSet::new());
    for record in records(cluster, "transactions", sent as usize) {
        let transaction = Transaction::read(&record.key_text(), &record.value, record.timestamp);
        ids.insert(transaction.id);
        expected.add(&transaction, record.partition);
    }
    assert!((0..sent).all(|id| ids.contains(&id)), "the load itself has lost transactions");
    println!("{sent} transactions sent, {} in the topic", expected.records);
    expected
}

/// All committed records of a topic, those of one partition in their order: `at_least` so many, unless some are lost.
///
/// The console consumer takes a pause for the end of the topic, and the first record may be long in coming: a
/// coordinator that was just elected reads all offsets of hundreds of thousands of commits first. So it is given more
/// time before records are said to be lost.
pub(crate) fn records(cluster: &Cluster, topic: &str, at_least: usize) -> Vec<Alert> {
    let mut found = Vec::new();
    for patience in ["8000", "30000", "120000"] {
        found = read(cluster, topic, patience);
        if found.len() >= at_least {
            break;
        }
        println!("{topic}: {} of {at_least} records in {patience} ms", found.len());
    }
    found
}

fn read(cluster: &Cluster, topic: &str, patience: &str) -> Vec<Alert> {
    let mut consumer = cluster.tool("org.apache.kafka.tools.consumer.ConsoleConsumer");
    consumer.args(["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"]);
    consumer.args(["--timeout-ms", patience]);
    for part in ["timestamp", "partition", "headers", "key", "value"] {
        consumer.args(["--formatter-property", &format!("print.{part}=true")]);
    }
    consumer.args(["--formatter-property", &format!("key.separator={BETWEEN}")]);
    consumer.args(["--formatter-property", "headers.separator=<,>"]);
    consumer.args(["--formatter-property", &format!("line.separator={BEHIND}")]);
    let output = consumer.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Processed a total of"), "the console consumer failed: {said}");
    split(&output.stdout, BEHIND.as_bytes()).into_iter().map(parse).collect()
}

fn split<'b>(mut bytes: &'b [u8], by: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(by.len()).position(|window| window == by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts
}

fn parse(record: &[u8]) -> Alert {
    let text = String::from_utf8_lossy(record);
    let between = BETWEEN.as_bytes();
    let mut ends = Vec::new();
    for at in 0..record.len() {
        if record[at..].starts_with(between) {
            ends.push(at);
        }
    }
    let [time, place, headers, key] = ends[..] else { panic!("not a record: {text}") };
    let part = |from: usize, to: usize| String::from_utf8_lossy(&record[from..to]).into_owned();
    let timestamp = part(0, time);
    let partition = part(time + between.len(), place);
    let headers = part(place + between.len(), headers);
    let header = |text: &str| {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    Alert {
        timestamp: timestamp.trim_start_matches("CreateTime:").parse().unwrap(),
        partition: partition.trim_start_matches("Partition:").parse().unwrap(),
        headers: headers.split("<,>").map(header).collect(),
        key: record[ends[2] + between.len()..key].to_vec(),
        value: part(key + between.len(), record.len()),
    }
}

/// Fails where the committed alerts are not the expected ones.
pub(crate) fn compare(found: &[Alert], expected: &Expected, words: impl Fn() -> String) {
    let mut problems = Vec::new();
    let mut seen = HashSet::new();
    for alert in found {
        if !seen.insert(alert.identity()) {
            problems.push(format!("doubled: {} {}", alert.identity(), alert.value));
        }
    }
    let is_merchant = |alert: &&Alert| alert.header("rule.name") == "MERCHANT";
    let mut lines: Vec<String> = found.iter().filter(|a| !is_merchant(a)).map(as_line).collect();
    let mut wanted = expected.alerts.clone();
    lines.sort();
    wanted.sort();
    problems.extend(difference(&wanted, &lines).into_iter().map(|line| format!("lost: {line}")));
    problems.extend(difference(&lines, &wanted).into_iter().map(|line| format!("not expected: {line}")));
    problems.extend(merchants(found.iter().filter(is_merchant), expected));
    if !problems.is_empty() {
        let first = problems.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
        panic!("{} problems, of which the first are\n{first}\n{}", problems.len(), words());
    }
}

pub(crate) fn as_line(alert: &Alert) -> String {
    line(alert.header("rule.name"), alert.timestamp, alert.window(), &alert.key_text(), &alert.value)
}

/// What is in the sorted `these` and not, or not as often, in the sorted `those`.
pub(crate) fn difference(these: &[String], those: &[String]) -> Vec<String> {
    let mut others = those.iter().peekable();
    let mut left = Vec::new();
    for this in these {
        while others.next_if(|other| *other < this).is_some() {}
        if others.next_if(|other| *other == this).is_none() {
            left.push(this.clone());
        }
    }
    left
}

/// Of each merchant's window, every count above the limit once, each by another transaction of that window, and with
/// the last one the sum of all.
fn merchants<'a>(found: impl Iterator<Item = &'a Alert>, expected: &Expected) -> Vec<String> {
    let mut windows: BTreeMap<(String, i64), BTreeMap<u64, (String, u64)>> = BTreeMap::new();
    let mut problems = Vec::new();
    for alert in found {
        let window = (alert.key_text(), alert.window().expect("a window's start"));
        let text = |name: &str| {
            let (_, rest) = alert.value.split_once(&format!("\"{name}\":")).unwrap();
            rest.split([',', '}']).next().unwrap().trim_matches('"').to_owned()
        };
        let (n, id, total) =
            (text("N").parse().unwrap(), text("TRANSACTION_ID"), text("TOTAL").parse().unwrap());
        if windows.entry(window.clone()).or_default().insert(n, (id, total)).is_some() {
            problems.push(format!("doubled: the count {n} of {window:?}"));
        }
    }
    for (window, known) in &expected.merchants {
        let alerts = windows.remove(window).unwrap_or_default();
        let counts: Vec<u64> = (MERCHANT_COUNT + 1..=known.count).collect();
        if !alerts.keys().eq(counts.iter()) {
            let found: Vec<_> = alerts.keys().collect();
            problems.push(format!("{window:?} has {} transactions, but alerts of {found:?}", known.count));
        }
        let ids: BTreeSet<&String> = alerts.values().map(|(id, _)| id).collect();
        let is_unique = known.ids.iter().collect::<BTreeSet<_>>().len() == known.ids.len();
        if (is_unique && ids.len() != alerts.len()) || ids.iter().any(|id| !known.ids.contains(id)) {
            problems.push(format!("{window:?}: the alerts name others' transactions, or one twice: {ids:?}"));
        }
        if alerts.get(&known.count).is_some_and(|(_, total)| *total != known.total) {
            problems.push(format!("{window:?}: the last sum is not {}", known.total));
        }
    }
    problems.extend(windows.keys().map(|window| format!("not expected: alerts of {window:?}")));
    problems
}
