//! Every block of SQL in docs/sql loads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use engine::sql::{LoadOptions, RenderStyle, SourceFile, load};

/// What the blocks may read without declaring it.
const SOURCES: &str = "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, \
    amount DECIMAL(18, 4), merchant VARCHAR, country VARCHAR) WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');";

/// The fenced blocks of a page.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_of_the_reference_loads() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sql");
    let mut tried = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let page = std::fs::read_to_string(&path).unwrap();
        for (i, block) in blocks(&page).into_iter().enumerate() {
            let name = format!("{}, block {}", path.display(), i + 1);
            let files = vec![SourceFile::new("sources", SOURCES), SourceFile::new(name.clone(), block)];
            if let Err(diagnostics) = load(files, &LoadOptions::default()) {
                panic!("{name}\n{}", diagnostics.render(RenderStyle::Plain));
            }
            tried += 1;
        }
    }
    assert!(tried >= 6, "{tried} blocks");
}
