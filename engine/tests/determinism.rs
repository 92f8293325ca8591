//! Invariant 2: the same records in the same order give the same bytes, however they are batched and however
//! often the tasks are stopped and restored in between.
//!
//! Two proofs: all cases of ksqlDB's query-validation suite, which lie beside the project, in both orders
//! with a stop after every record; and random rule sets over random records with stops anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use cases::cases;
use engine::plan::Program;
use engine::replay::{Order, Replay, ReplayOptions, ReplayRecord, ReplaySummary, run};
use engine::sql::{LoadOptions, Purpose, SourceFile, load};
use engine::task::OutputRecord;
use proptest::prelude::*;
use serde_json::Value;

/// The suite's cases: `../shared/conformance` beside the project, or where `STREAMGUARD_SHARED` says.
fn suite() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("STREAMGUARD_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let path = shared.join("conformance/cases.jsonl");
    if path.is_file() {
        return Some(path);
    }
    let missing = format!(
        "{} is missing: the proof over ksqlDB's own cases needs it (STREAMGUARD_SHARED names its directory)",
        path.display()
    );
    let required = std::env::var("STREAMGUARD_TEST_REQUIRE").is_ok_and(|value| value == "1");
    assert!(!required, "{missing}; STREAMGUARD_TEST_REQUIRE=1 does not allow a skip");
    // To stderr itself, past the test harness, which would keep it from being seen.
    let _ = writeln!(std::io::stderr(), "SKIP: {missing}");
    None
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The program of a case; None where it does not load, which other tests are about.
fn program(case: &Value, order: Order) -> Option<Program> {
    let properties = case["properties"].as_object().into_iter().flatten();
    let settings = properties.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("SET {}={};", quoted(name), quoted(&value))
    });
    let statements = case["statements"].as_array().into_iter().flatten();
    let statements = statements.filter_map(|statement| statement.as_str().map(str::to_owned));
    let text = settings.chain(statements).collect::<Vec<_>>().join("\n");
    let options =
        LoadOptions { purpose: Purpose::Replay, derived: order.derived(), ..LoadOptions::default() };
    load(vec![SourceFile { name: "case.sql".into(), text }], &options).ok().map(|loaded| loaded.program)
}

/// What a replay writes and counts, or how it ends.
fn replayed(
    program: &Program,
    input: &str,
    order: Order,
    stops: bool,
) -> Result<(String, ReplaySummary), String> {
    let options = ReplayOptions { order, stop_after_each_record: stops, ..ReplayOptions::default() };
    let mut output = Vec::new();
    let summary = run(program, input.as_bytes(), &mut output, options).map_err(|error| error.to_string())?;
    Ok((String::from_utf8(output).unwrap(), summary))
}

#[test]
fn ksqldbs_cases_give_the_same_bytes_with_a_stop_after_every_record() {
    let Some(path) = suite() else { return };
    let (mut ran, mut wrong) = (0, Vec::new());
    for line in BufReader::new(std::fs::File::open(path).unwrap()).lines() {
        let line = line.unwrap();
        let case: Value = serde_json::from_str(&line).unwrap();
        let input = serde_json::json!({ "inputs": case["inputs"] }).to_string();
        for order in [Order::Record, Order::Query] {
            let Some(program) = program(&case, order) else { continue };
            let (whole, stopped) =
                (replayed(&program, &input, order, false), replayed(&program, &input, order, true));
            ran += 1;
            if whole != stopped {
                wrong.push(format!("{} by {order:?}:\n  {whole:?}\n  {stopped:?}", case["id"]));
            }
        }
    }
    assert!(ran > 500, "only {ran} runs: do the cases load at all?");
    assert!(wrong.is_empty(), "{} of {ran} runs differ:\n{}", wrong.len(), wrong.join("\n"));
}

const SOURCES: &str = "
    CREATE STREAM t (k VARCHAR KEY, a BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
    CREATE STREAM u (k VARCHAR KEY, a BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON');
    CREATE TABLE p (k VARCHAR PRIMARY KEY, n BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='p', VALUE_FORMAT='JSON');
    CREATE TABLE q (k VARCHAR PRIMARY KEY, n BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
    CREATE TABLE r (k VARCHAR PRIMARY KEY, n BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='r', VALUE_FORMAT='JSON');
    CREATE STREAM d AS SELECT k, a, s FROM t WHERE a IS DISTINCT FROM 4;
    CREATE TABLE dt AS SELECT k, SUM(a) AS n, LATEST_BY_OFFSET(s) AS s FROM u GROUP BY k;\n";

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn condition() -> impl Strategy<Value = &'static str> {
    one_of(&["a > 0", "s <> 'k1'", "a IS NULL", "a % 3 = 0 OR s LIKE '%2'", "TRUE"])
}

/// One of them derived.
const STREAMS: [&str; 3] = ["t", "u", "d"];

const WINDOWS: [&str; 6] = [
    "WINDOW SESSION (5 MILLISECONDS, GRACE PERIOD 3 MILLISECONDS)",
    "WINDOW SESSION (2 MILLISECONDS)",
    "WINDOW TUMBLING (SIZE 9 MILLISECONDS, GRACE PERIOD 4 MILLISECONDS)",
    "WINDOW TUMBLING (SIZE 20 MILLISECONDS)",
    "WINDOW HOPPING (SIZE 10 MILLISECONDS, ADVANCE BY 3 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS)",
    "",
];

const CALLS: [&str; 18] = [
    "COUNT(*)",
    "SUM(a)",
    "AVG(a)",
    "MIN(a)",
    "MAX(a)",
    "COUNT_DISTINCT(s)",
    "LATEST_BY_OFFSET(s)",
    "LATEST_BY_OFFSET(a, 3)",
    "EARLIEST_BY_OFFSET(s, false)",
    "EARLIEST_BY_OFFSET(a, 2)",
    "COLLECT_LIST(a)",
    "COLLECT_SET(s)",
    "HISTOGRAM(s)",
    "TOPK(a, 2)",
    "TOPKDISTINCT(a, 2)",
    "ATTR(s)",
    "STDDEV_SAMP(a)",
    "CORRELATION(a, LEN(s))",
];

fn aggregation() -> impl Strategy<Value = String> {
    let calls = prop::sample::subsequence(&CALLS[..], 1..6);
    let having = one_of(&["", "HAVING COUNT(*) > 1", "HAVING SUM(a) > 3", "HAVING AVG(a) < 2"]);
    let source = one_of(&STREAMS);
    let group = one_of(&["k", "s", "k, s"]);
    let parts = (calls, source, prop::sample::select(&WINDOWS[..]), condition(), group, having, 0..4u8);
    parts.prop_map(|(calls, source, window, condition, group, having, kind)| {
        let calls: Vec<_> = calls.iter().enumerate().map(|(i, call)| format!("{call} AS c{i}")).collect();
        let directive = match kind {
            1 if !window.is_empty() && !having.is_empty() => "--@emit: first\n",
            3 => "--@cooldown: 12 MILLISECONDS\n",
            _ => "",
        };
        let (with, emit) = match (directive, kind) {
            ("", 2) if !window.is_empty() => ("KEY_FORMAT='JSON'", "FINAL"),
            ("", _) => ("KEY_FORMAT='JSON'", "CHANGES"),
            _ => ("KEY_FORMAT='JSON', KAFKA_TOPIC='fraud_alerts'", "CHANGES"),
        };
        format!(
            "{directive}CREATE TABLE # WITH ({with}) AS SELECT {group}, {} FROM {source} {window} WHERE {condition} \
             GROUP BY {group} {having} EMIT {emit};",
            calls.join(", ")
        )
    })
}

/// Another key, and rows of a second query in a stream.
fn moved() -> impl Strategy<Value = String> {
    let partition = (one_of(&STREAMS), one_of(&["s", "a, s", "UCASE(s)"])).prop_map(|(source, by)| {
        format!("CREATE STREAM # WITH (KEY_FORMAT='JSON') AS SELECT * FROM {source} PARTITION BY {by};")
    });
    let insert =
        condition().prop_map(|condition| format!("INSERT INTO d SELECT k, a, s FROM u WHERE {condition};"));
    prop_oneof![partition, insert]
}

/// Rows out of lists, one table function or two.
fn explosion() -> impl Strategy<Value = String> {
    let calls = one_of(&[
        "EXPLODE(ARRAY[a, a + 1, NULL]) AS e",
        "EXPLODE(ARRAY[a, 7]) AS e, EXPLODE(SPLIT(s, '1')) AS f",
        "CUBE_EXPLODE(ARRAY[a, 2]) AS e",
    ]);
    (calls, one_of(&STREAMS), condition()).prop_map(|(calls, source, condition)| {
        format!("CREATE STREAM # AS SELECT k, {calls} FROM {source} WHERE {condition} EMIT CHANGES;")
    })
}

/// Stream with table, by the stream's key or through a repartition topic.
fn stream_table_join() -> impl Strategy<Value = String> {
    let parts =
        (one_of(&["", "LEFT "]), one_of(&STREAMS), one_of(&["x.k", "x.s"]), one_of(&["p", "r", "dt"]));
    parts.prop_map(|(kind, stream, by, table)| {
        format!(
            "CREATE STREAM # AS SELECT {by}, x.a, y.n, y.s AS ys FROM {stream} x {kind}JOIN {table} y \
             ON {by} = y.k EMIT CHANGES;"
        )
    })
}

/// Stream with stream; without GRACE too, where an outer join writes at once.
fn stream_join() -> impl Strategy<Value = String> {
    let within =
        one_of(&["5 MILLISECONDS", "(2 MILLISECONDS, 9 MILLISECONDS)", "(7 MILLISECONDS, 0 MILLISECONDS)"]);
    let grace = one_of(&["GRACE PERIOD 0 MILLISECONDS", "GRACE PERIOD 6 MILLISECONDS", ""]);
    let by = one_of(&["k", "s"]);
    (one_of(&["", "LEFT ", "RIGHT ", "FULL OUTER "]), within, grace, by).prop_map(
        |(kind, within, grace, by)| {
            let key = match kind {
                "FULL OUTER " => "ROWKEY".to_owned(),
                "RIGHT " => format!("y.{by}"),
                _ => format!("x.{by}"),
            };
            format!(
                "CREATE STREAM # AS SELECT {key}, x.a AS xa, y.a AS ya FROM t x {kind}JOIN u y \
             WITHIN {within} {grace} ON x.{by} = y.{by} EMIT CHANGES;"
            )
        },
    )
}

/// Table with table, by the keys of both or by a foreign key.
fn table_join() -> impl Strategy<Value = String> {
    let by_key = one_of(&["", "LEFT ", "RIGHT ", "FULL OUTER "]).prop_map(|kind| {
        let key = match kind {
            "FULL OUTER " => "ROWKEY",
            "RIGHT " => "y.k",
            _ => "x.k",
        };
        format!(
            "CREATE TABLE # AS SELECT {key}, x.n AS xn, y.n AS yn FROM p x {kind}JOIN r y ON x.k = y.k \
             EMIT CHANGES;"
        )
    });
    let condition = one_of(&["TRUE", "x.n > 0", "y.n > 0"]);
    let foreign = (one_of(&["", "LEFT "]), condition).prop_map(|(kind, condition)| {
        format!(
            "CREATE TABLE # AS SELECT x.k, x.n AS xn, x.s AS xs, y.n AS yn FROM p x {kind}JOIN r y ON x.s = y.k \
             WHERE {condition} EMIT CHANGES;"
        )
    });
    prop_oneof![by_key, foreign]
}

/// Three sources and more.
fn long_join() -> impl Strategy<Value = String> {
    one_of(&[
        "CREATE STREAM # AS SELECT t.k, t.a, u.a AS ua, p.n FROM t JOIN u WITHIN 6 MILLISECONDS \
         GRACE PERIOD 2 MILLISECONDS ON t.k = u.k LEFT JOIN p ON t.k = p.k EMIT CHANGES;",
        "CREATE STREAM # AS SELECT t.k, t.a, p.n, r.n AS rn FROM t LEFT JOIN p ON t.k = p.k JOIN r ON t.k = r.k \
         EMIT CHANGES;",
        "CREATE TABLE # AS SELECT ROWKEY, p.n, r.n AS rn, q.n AS qn FROM p JOIN r ON p.k = r.k \
         FULL OUTER JOIN q ON p.k = q.k EMIT CHANGES;",
        "CREATE TABLE # AS SELECT p.k, p.n, r.n AS rn, q.n AS qn FROM p LEFT JOIN r ON p.k = r.k \
         JOIN q ON p.k = q.k EMIT CHANGES;",
    ])
    .prop_map(str::to_owned)
}

fn statement() -> impl Strategy<Value = String> {
    let filter = (one_of(&STREAMS), condition()).prop_map(|(source, condition)| {
        format!("CREATE STREAM # AS SELECT k, a + 1 AS b, s FROM {source} WHERE {condition} EMIT CHANGES;")
    });
    prop_oneof![
        1 => filter,
        4 => aggregation(),
        1 => moved(),
        1 => explosion(),
        1 => stream_table_join(),
        2 => stream_join(),
        2 => table_join(),
        1 => long_join(),
    ]
}

fn rules() -> impl Strategy<Value = String> {
    prop::collection::vec(statement(), 1..5).prop_map(|statements| {
        let named = statements
            .iter()
            .enumerate()
            .map(|(i, statement)| statement.replacen('#', &format!("sink{i}"), 1));
        SOURCES.to_owned() + &named.collect::<Vec<_>>().join("\n")
    })
}

/// What happens before a record: nothing, a commit, or a stop.
#[derive(Debug, Clone, Copy)]
enum Before {
    Nothing,
    Commit,
    Stop,
}

fn records() -> impl Strategy<Value = Vec<(ReplayRecord, Before)>> {
    let value = prop_oneof![
        12 => (prop::option::of(-9i64..9), prop::option::of(0..3u8)).prop_map(|(a, s)| {
            Some(serde_json::json!({ "a": a, "n": a, "s": s.map(|s| format!("k{s}")) }).to_string().into_bytes())
        }),
        1 => Just(None),
        1 => Just(Some(b"{\"a\":[]}".to_vec())),
    ];
    let before = prop_oneof![4 => Just(Before::Nothing), 1 => Just(Before::Commit), 1 => Just(Before::Stop)];
    let key = prop::option::weighted(0.95, 0..3u8);
    let one = (one_of(&["t", "t", "t", "u", "u", "p", "p", "r", "q"]), key, value, 0..10i64, before);
    prop::collection::vec(one, 1..80).prop_map(|all| {
        let record =
            |(i, (topic, key, value, jitter, before)): (usize, (&str, Option<u8>, _, i64, Before))| {
                let key = key.map(|key| format!("k{key}").into_bytes());
                let timestamp = (i as i64 * 2 + jitter - 6).max(0);
                (ReplayRecord { topic: topic.to_owned(), key, value, timestamp, headers: Vec::new() }, before)
            };
        all.into_iter().enumerate().map(record).collect()
    })
}

/// What is written, with the counts at the end.
fn fed(program: &Program, records: &[(ReplayRecord, Before)], stops: bool) -> (Vec<String>, ReplaySummary) {
    let mut replay = Replay::new(program, Order::Record).unwrap();
    replay.keep_changelogs();
    let mut written = Vec::new();
    let mut emit = |output: OutputRecord<'_>| {
        let headers: Vec<_> = output.headers().map(|(name, value)| (name, value.to_vec())).collect();
        let (topic, time) = (output.topic(), output.timestamp());
        written.push(format!("{topic} {time} {:?} {:?} {headers:?}", output.key(), output.value()));
        Ok(())
    };
    for (record, before) in records {
        match before {
            Before::Commit if stops => replay.commit(),
            Before::Stop if stops => replay.stop_and_restore().unwrap(),
            _ => {}
        }
        replay.feed(record.clone(), &mut emit).unwrap();
    }
    replay.finish(&mut emit).unwrap();
    (written, replay.summary())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_rules_over_any_records_give_the_same_bytes_wherever_they_stop(text in rules(), records in records()) {
        let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
        let files = vec![SourceFile { name: "random.sql".into(), text: text.clone() }];
        let program = match load(files, &options) {
            Ok(loaded) => loaded.program,
            Err(refused) => panic!("the grammar makes valid rules: {refused}\n{text}"),
        };
        let (whole, stopped) = (fed(&program, &records, false), fed(&program, &records, true));
        prop_assert_eq!(&whole, &stopped);
        let mut there: BTreeMap<&str, u64> = BTreeMap::new();
        let fed_in = records.iter().map(|(record, _)| record.topic.as_str());
        let written = whole.0.iter().filter_map(|record| record.split_once(' ')).map(|(topic, _)| topic);
        fed_in.chain(written).for_each(|topic| *there.entry(topic).or_default() += 1);
        for (query, (id, counters)) in whole.1.queries.iter().enumerate() {
            prop_assert!(counters.adds_up(), "{} {:?}", id, counters);
            // A derived table that a join looks into is not read from its topic; internal topics are not shown.
            let inputs = program.tasks.iter().flat_map(|task| &task.inputs);
            let read_by = inputs.filter(|i| i.readings.iter().any(|r| r.queries.contains(&query)));
            let topics: BTreeSet<&str> = read_by.map(|input| input.topic.as_str()).collect();
            let read: u64 = topics.iter().filter_map(|topic| there.get(topic)).sum();
            prop_assert_eq!(counters.input, read, "{} reads {:?}: {:?}", id, topics, counters);
        }
    }
}
