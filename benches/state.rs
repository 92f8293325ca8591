//! `cargo bench --bench state`: what the velocity rules of `benches/rules` keep. `ACCOUNTS=n` changes the 1,000,000
//! accounts, each with one transaction within a minute; then as many random ones follow. First in memory, then on disk
//! with a fifth of that memory (`LIMIT_MB=n` says otherwise).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn main() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules");
    let files = engine::rule_files::read(&[rules]).unwrap();
    let loaded = engine::sql::load(files, &engine::sql::LoadOptions::default());
    let program = loaded.unwrap_or_else(|refused| panic!("{refused}")).program;
    let accounts = number("ACCOUNTS", 1_000_000);
    let records = number("RECORDS", accounts);
    // The smaller one first: what it gives back to the allocator is not given back to the system.
    let limit = number("LIMIT_MB", accounts * 290 / 5 / 1_000_000) as usize * 1_000_000;
    let dir = tempfile::tempdir().unwrap();
    let disk = engine::bench::state::on_disk(&program, accounts, records, limit, dir.path()).unwrap();
    println!("{accounts} accounts on disk, {} MB of memory for them: {disk}", limit / 1_000_000);
    let memory = engine::bench::state::in_memory(&program, accounts, records).unwrap();
    println!("{accounts} accounts in memory: {memory}");
}
