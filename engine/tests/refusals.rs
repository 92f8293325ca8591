//! What is wrong with a rule is found when it is loaded, and said so that it helps. The messages are golden:
//! `INSTA_UPDATE=always cargo test -p engine --test refusals` writes them anew, and their diff is read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/sources.rs"]
mod sources;
#[path = "refusals/wrong.rs"]
mod wrong;

use std::fmt::Write;

use engine::sql::{LoadOptions, RenderStyle, SourceFile, load};
use sources::SOURCES;
use wrong::WRONG;

#[test]
fn messages_help_the_person_who_wrote_the_rule() {
    let mut all = String::new();
    for (what, text) in WRONG {
        let files = vec![SourceFile::new("00_sources.sql", SOURCES), SourceFile::new("10_rule.sql", *text)];
        let refused = load(files, &LoadOptions::default()).expect_err(what);
        writeln!(all, "=== {what}\n{}", refused.render(RenderStyle::Plain)).unwrap();
    }
    insta::assert_snapshot!(all);
}

/// Every mistake of every file is reported at once, in the order of the files and of the places in them.
#[test]
fn all_mistakes_of_all_files_are_reported() {
    let files = [
        (
            "00_sources.sql",
            "CREATE STREAM s (id VARCHAR KEY, v INT, w VARCHR) WITH (KAFKA_TOPIC='s', VALUE_FORMT='JSON');",
        ),
        (
            "10_first.sql",
            "CREATE STREAM a AS SELECT account_id, amuont FROM transactions;\nCREATE STREAM b AS SELECT FROM transactions;",
        ),
        (
            "20_second.sql",
            "CREATE STREAM c AS SELECT account_id, nothing FROM transactions WHERE LEN(amount) > 2;",
        ),
    ];
    let sources = SourceFile::new("", SOURCES);
    let files = std::iter::once(sources).chain(files.map(|(name, text)| SourceFile::new(name, text)));
    let refused = load(files.collect(), &LoadOptions::default()).unwrap_err();
    let places: Vec<_> = refused
        .list
        .iter()
        .map(|d| (refused.files[d.span.file as usize].name.as_str(), d.code, d.hint.is_some()))
        .collect();
    let expected = [
        ("00_sources.sql", "unknown_type", true),
        ("00_sources.sql", "property", true),
        ("10_first.sql", "unknown_column", true),
        ("10_first.sql", "syntax", true),
        ("20_second.sql", "unknown_column", true),
        ("20_second.sql", "type_mismatch", true),
    ];
    assert_eq!(places, expected, "{}", refused.render(RenderStyle::Plain));
}
