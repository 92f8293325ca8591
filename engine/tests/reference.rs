//! The statements of ksqlDB's reference, typed in as its users type them, with what must come of them.
//!
//! `tests/reference/*.sql`, a file for each page of that reference, holds cases:
//!
//! ```text
//! --- what the case is about
//! CREATE STREAM ...;
//! > topic key value @time start..end      an input; the window, time too, may be left out
//! < topic key value @time start..end      an output, in the order of its topic
//! ! code                                  or else: the statements are refused, with this code first
//! !! message                              or else: a record stops the replay
//! ```
//!
//! Keys and values are JSON; a session's window is written `start...end`. `INSTA_UPDATE=always cargo test -p
//! engine --test reference` writes the expected lines anew, and their diff is read. Each case also runs with its
//! tasks stopped and restored after every record.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write;
use std::path::Path;

use engine::replay::{Form, Order, ReplayOptions, run};
use engine::sql::{LoadOptions, Purpose, Severity, SourceFile, load};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Default)]
struct Case {
    name: String,
    sql: String,
    inputs: Vec<String>,
    expected: Vec<String>,
}

#[derive(Deserialize)]
struct Record {
    topic: String,
    key: Option<Box<RawValue>>,
    value: Option<Box<RawValue>>,
    timestamp: i64,
    window: Option<Window>,
}

#[derive(Deserialize)]
struct Window {
    start: i64,
    end: i64,
    #[serde(rename = "type")]
    kind: String,
}

fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--- ") {
            cases.push(Case { name: name.to_owned(), ..Case::default() });
            continue;
        }
        let Some(case) = cases.last_mut() else { continue };
        match line.get(..1) {
            Some(">") => case.inputs.push(line.to_owned()),
            Some("<" | "!") => case.expected.push(line.to_owned()),
            _ => writeln!(case.sql, "{line}").unwrap(),
        }
    }
    cases
}

/// `> topic key value @time start..end` as the JSON that a replay reads.
fn input(line: &str) -> String {
    let (topic, rest) = line[1..].trim().split_once(' ').expect("a topic, a key and a value");
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Box<RawValue>>();
    let mut next = || values.next().unwrap_or_else(|| panic!("a key and a value: {line}")).expect(line);
    let mut json = format!("{{\"topic\":\"{topic}\",\"key\":{},\"value\":{}", next(), next());
    for word in rest[values.byte_offset()..].split_whitespace() {
        if let Some(time) = word.strip_prefix('@') {
            write!(json, ",\"timestamp\":{time}").unwrap();
            continue;
        }
        let (kind, dots) = if word.contains("...") { ("session", "...") } else { ("time", "..") };
        let (start, end) = word.split_once(dots).expect(line);
        write!(json, ",\"window\":{{\"start\":{start},\"end\":{end},\"type\":\"{kind}\"}}").unwrap();
    }
    json.push('}');
    json
}

fn output(line: &str) -> String {
    let record: Record = serde_json::from_str(line).expect(line);
    let text = |value: &Option<Box<RawValue>>| value.as_ref().map_or("null", |v| v.get()).to_owned();
    let mut text = format!("< {} {} {}", record.topic, text(&record.key), text(&record.value));
    if record.timestamp != 0 {
        write!(text, " @{}", record.timestamp).unwrap();
    }
    if let Some(Window { start, end, kind }) = record.window {
        let dots = if kind == "session" { "..." } else { ".." };
        write!(text, " {start}{dots}{end}").unwrap();
    }
    text
}

/// What comes of a case, as lines.
fn outcome(case: &Case, stop_after_each_record: bool) -> Vec<String> {
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    let program = match load(vec![SourceFile { name: "case.sql".into(), text: case.sql.clone() }], &options) {
        Ok(loaded) => loaded.program,
        Err(diagnostics) => {
            let first = diagnostics.list.iter().find(|d| d.severity == Severity::Error);
            return first.map(|d| format!("! {}", d.code)).into_iter().collect();
        }
    };
    let inputs: Vec<String> = case.inputs.iter().map(|line| input(line)).collect();
    let options = ReplayOptions { order: Order::Query, form: Form::Lines, stop_after_each_record };
    let mut written = Vec::new();
    let problem = run(&program, inputs.join("\n").as_bytes(), &mut written, options).err();
    let written = String::from_utf8(written).unwrap();
    let stopped = problem.map(|problem| format!("!! {problem}"));
    written.lines().map(output).chain(stopped).collect()
}

fn rendered(case: &Case, lines: &[String]) -> String {
    let lines = case.inputs.iter().chain(lines).fold(String::new(), |text, line| text + line + "\n");
    format!("--- {}\n{}\n{lines}", case.name, case.sql.trim())
}

fn check(path: &Path, failures: &mut String) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let cases = cases(&text);
    let found: Vec<Vec<String>> = cases.iter().map(|case| outcome(case, false)).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always") {
        let head = text.split("--- ").next().unwrap();
        let all: Vec<String> = cases.iter().zip(&found).map(|(case, lines)| rendered(case, lines)).collect();
        std::fs::write(path, format!("{head}{}", all.join("\n"))).unwrap();
        return cases.len();
    }
    for (case, lines) in cases.iter().zip(&found) {
        if *lines != case.expected {
            let (want, got) = (case.expected.join("\n"), lines.join("\n"));
            writeln!(failures, "{}: {}\nwant\n{want}\ngot\n{got}\n", path.display(), case.name).unwrap();
        }
        let restored = outcome(case, true);
        if restored != *lines {
            let (went, restored) = (lines.join("\n"), restored.join("\n"));
            writeln!(
                failures,
                "{}: {}, stopped and restored\nwant\n{went}\ngot\n{restored}\n",
                path.display(),
                case.name
            )
            .unwrap();
        }
    }
    cases.len()
}

#[test]
fn what_is_typed_in_gives_what_the_reference_says() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failures = String::new();
    let count: usize = paths.iter().map(|path| check(path, &mut failures)).sum();
    assert!(failures.is_empty(), "{failures}");
    assert!(count > 0, "no cases");
}
