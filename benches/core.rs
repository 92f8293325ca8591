//! `cargo bench --bench core`: the task on bytes in memory, on one core: one filter rule, all five of
//! `benches/rules`, and the windows of `benches/windows` one by one. `RECORDS=n` changes the 1,000,000 records.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../src/memory.rs"]
mod memory;

use std::path::{Path, PathBuf};

fn main() {
    memory::use_small_pages();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules");
    let records = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    measure("one filter rule", &[rules.join("00_sources.sql"), rules.join("high_amount.sql")], records);
    measure("five rules", std::slice::from_ref(&rules), records);
    let windows = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/windows");
    for (what, file) in [("sessions", "sessions.sql"), ("EMIT FINAL", "final.sql")] {
        measure(what, &[rules.join("00_sources.sql"), windows.join(file)], records);
    }
}

fn measure(what: &str, paths: &[PathBuf], records: u64) {
    let files = engine::rule_files::read(paths).unwrap();
    let loaded = engine::sql::load(files, &engine::sql::LoadOptions::default());
    let loaded =
        loaded.unwrap_or_else(|refused| panic!("{}", refused.render(engine::sql::RenderStyle::Plain)));
    println!("{what}: {}", engine::bench::core(&loaded.program, records).unwrap());
}
