//! The pages in docs/sql are true: every block of SQL loads, or is refused as the page says, and gives the records
//! that stand below it.
//!
//! A block that begins with "```sql" loads beside [`SOURCES`]; one with "```sql refused CODE" is refused with that
//! code alone. A "```json input" below it holds records, one a line, which `streamguard replay` would take, and
//! "```json output" all that comes of them (and of INSERT INTO ... VALUES). `UPDATE_DOCS=1 cargo test -p engine
//! --test docs` writes the outputs anew; their diff is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use engine::replay::{Form, ReplayOptions, Session};
use engine::sql::{LoadOptions, Loaded, Purpose, RenderStyle, SourceFile, load};

/// What the blocks may read without declaring it.
const SOURCES: &str = "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, \
    amount DECIMAL(18, 4), merchant VARCHAR, country VARCHAR) WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');";

const DIR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sql");

/// A stretch of a page.
enum Piece {
    Text(String),
    /// A fenced block: what stands behind the fence, and its lines.
    Block(String, String),
}

fn pieces(page: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (i, part) in page.split("```").enumerate() {
        if i % 2 == 0 {
            pieces.push(Piece::Text(part.to_owned()));
        } else {
            let (info, body) = part.split_once('\n').expect("a fence stands on a line of its own");
            pieces.push(Piece::Block(info.to_owned(), body.to_owned()));
        }
    }
    pieces
}

fn write(pieces: &[Piece]) -> String {
    pieces.iter().fold(String::new(), |mut page, piece| {
        match piece {
            Piece::Text(text) => page.push_str(text),
            Piece::Block(info, body) => write!(page, "```{info}\n{body}```").unwrap(),
        }
        page
    })
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<_> = std::fs::read_dir(DIR).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    pages
}

fn loaded(name: &str, sql: &str, purpose: Purpose) -> Result<Loaded, engine::sql::Diagnostics> {
    let files = vec![SourceFile::new("sources.sql", SOURCES), SourceFile::new(name, sql)];
    load(files, &LoadOptions { purpose, ..LoadOptions::default() })
}

/// The records that come out, a line each.
fn replayed(name: &str, sql: &str, input: &str) -> String {
    let program = match loaded(name, sql, Purpose::Replay) {
        Ok(loaded) => loaded.program,
        Err(refused) => panic!("{name}\n{}", refused.render(RenderStyle::Plain)),
    };
    let mut output = Vec::new();
    let options = ReplayOptions { form: Form::Lines, ..ReplayOptions::default() };
    let mut session = Session::new(&program, &mut output, options).expect(name);
    session.feed_json(input.as_bytes(), &mut |_| true).unwrap_or_else(|e| panic!("{name}: {e}"));
    session.finish().unwrap_or_else(|e| panic!("{name}: {e}"));
    String::from_utf8(output).unwrap()
}

/// Checks a block that is not replayed.
fn check(name: &str, info: &str, sql: &str) {
    match (info.strip_prefix("sql refused "), loaded(name, sql, Purpose::Rules)) {
        (None, Ok(_)) => {}
        (None, Err(refused)) => panic!("{name}\n{}", refused.render(RenderStyle::Plain)),
        (Some(code), Ok(_)) => panic!("{name} is not refused with {code}"),
        (Some(code), Err(refused)) => {
            let codes: Vec<_> = refused.list.iter().map(|d| d.code).collect();
            assert!(
                codes.iter().all(|c| *c == code),
                "{name} {codes:?}\n{}",
                refused.render(RenderStyle::Plain)
            );
        }
    }
}

/// The index of the block that belongs to the one at `at`, if the next one is of this kind.
fn next(pieces: &[Piece], at: usize, kind: &str) -> Option<usize> {
    match pieces.get(at + 2) {
        Some(Piece::Block(info, _)) if info == kind => Some(at + 2),
        _ => None,
    }
}

/// Runs the blocks of a page; returns the page with the outputs that were given, and how many were replayed.
fn run(path: &Path) -> (String, usize) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut pieces = pieces(&text);
    let mut replays = 0;
    for at in 0..pieces.len() {
        let Piece::Block(info, sql) = &pieces[at] else { continue };
        if !info.starts_with("sql") {
            let known = ["json input", "json output", "sh", "text"].contains(&info.as_str());
            assert!(known, "{}: ```{info}", path.display());
            continue;
        }
        let name = format!("{}, line {}", path.display(), write(&pieces[..at]).lines().count() + 1);
        let input = next(&pieces, at, "json input");
        let Some(output) = next(&pieces, input.unwrap_or(at), "json output") else {
            assert!(input.is_none(), "{name}: an input without an output");
            check(&name, info, sql);
            continue;
        };
        let records = match input.map(|input| &pieces[input]) {
            Some(Piece::Block(_, records)) => records.as_str(),
            _ => "",
        };
        let given = replayed(&name, sql, records);
        let Piece::Block(_, stated) = &mut pieces[output] else { continue };
        if std::env::var_os("UPDATE_DOCS").is_none() {
            assert_eq!(*stated, given, "{name} gives other records");
        }
        *stated = given;
        replays += 1;
    }
    (write(&pieces), replays)
}

#[test]
fn every_example_is_true() {
    let mut replays = 0;
    for path in pages() {
        let (page, examples) = run(&path);
        if std::env::var_os("UPDATE_DOCS").is_some() && std::fs::read_to_string(&path).unwrap() != page {
            std::fs::write(&path, page).unwrap();
        }
        replays += examples;
    }
    assert!(replays >= 20, "{replays} examples with records");
}

/// Links lead to pages, and to headings that are there.
#[test]
fn links_between_the_pages_lead_somewhere() {
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
    };
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let target = std::fs::read_to_string(&target)
                .unwrap_or_else(|e| panic!("{link} in {}: {e}", path.display()));
            let headings =
                target.lines().filter(|l| l.starts_with('#')).map(|l| anchor(l.trim_start_matches('#')));
            let found = heading.is_empty() || headings.into_iter().any(|h| h == heading);
            assert!(found, "{link} in {}: there is no such heading", path.display());
        }
    }
}

/// The names of ksqlDB's functions: `../shared/conformance` beside the project, or where `STREAMGUARD_SHARED` says.
fn names_of_ksqldb() -> Option<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("STREAMGUARD_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let path = shared.join("conformance/functions.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        let missing = format!(
            "{} is missing: the pages are held against the names of ksqlDB's functions in it (STREAMGUARD_SHARED \
             names its directory)",
            path.display()
        );
        let required = std::env::var("STREAMGUARD_TEST_REQUIRE").is_ok_and(|value| value == "1");
        assert!(!required, "{missing}; STREAMGUARD_TEST_REQUIRE=1 does not allow a skip");
        // To stderr itself, past the test harness, which would keep it from being seen.
        let _ = writeln!(std::io::stderr(), "SKIP: {missing}");
        return None;
    };
    let mut names = Vec::new();
    let mut open = vec![serde_json::from_str::<serde_json::Value>(&text).unwrap()];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::String(name) => names.push(name),
            other => panic!("{}: {other}", path.display()),
        }
    }
    names.sort();
    Some(names)
}

/// Every function of ksqlDB's reference has its entry, or its reason among the differences.
#[test]
fn every_function_of_ksqldb_is_there_or_its_absence_has_a_reason() {
    let Some(names) = names_of_ksqldb() else { return };
    assert!(names.len() > 100, "{names:?}");
    let page = |name: &str| std::fs::read_to_string(Path::new(DIR).join(name)).unwrap();
    let (functions, differences) = (page("functions.md"), page("differences.md"));
    let also = functions.lines().filter_map(|line| line.split_once("Also called ")).map(|(_, names)| names);
    let also: Vec<_> = also.flat_map(|names| names.trim_end_matches('.').split(", ")).collect();
    let entries: Vec<_> = functions.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let is_there = |name: &str| entries.contains(&name) || also.contains(&name);
    let has_reason = |name: &str| differences.contains(&format!("`{name}`"));
    let missing: Vec<_> = names.iter().filter(|name| !is_there(name) && !has_reason(name)).collect();
    assert!(missing.is_empty(), "neither in functions.md nor in differences.md: {missing:?}");
}
