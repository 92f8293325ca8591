//! `cargo bench --bench state`: what the velocity rules of `benches/rules` keep. `ACCOUNTS=n` changes the 1,000,000
//! accounts, each with one transaction within a minute; then as many random ones follow. In memory, then on disk
//! with a fifth of that memory (`LIMIT_MB=n` says otherwise), each in a process of its own, so that neither has what the
//! other left in the allocator; `ONLY=memory` or `ONLY=disk` is one of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../src/memory.rs"]
mod memory;

use std::path::Path;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn main() {
    memory::use_small_pages();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/rules");
    let files = engine::rule_files::read(&[rules]).unwrap();
    let loaded = engine::sql::load(files, &engine::sql::LoadOptions::default());
    let program = loaded.unwrap_or_else(|refused| panic!("{refused}")).program;
    let accounts = number("ACCOUNTS", 1_000_000);
    let records = number("RECORDS", accounts);
    match std::env::var("ONLY").as_deref() {
        Ok("memory") => {
            let memory = engine::bench::state::in_memory(&program, accounts, records).unwrap();
            println!("{accounts} accounts in memory: {memory}");
        }
        Ok("disk") => {
            let limit = number("LIMIT_MB", accounts * 200 / 5 / 1_000_000) as usize * 1_000_000;
            let dir = tempfile::tempdir().unwrap();
            let disk = engine::bench::state::on_disk(&program, accounts, records, limit, dir.path()).unwrap();
            println!("{accounts} accounts on disk, {} MB of memory for them: {disk}", limit / 1_000_000);
        }
        Ok(other) => panic!("ONLY={other} is not known: memory or disk, or none"),
        Err(_) => ["memory", "disk"].iter().for_each(|only| by_itself(only)),
    }
}

/// Runs one of them in a process of its own.
fn by_itself(only: &str) {
    let itself = std::env::current_exe().unwrap();
    let status = std::process::Command::new(itself).env("ONLY", only).status().unwrap();
    assert!(status.success(), "{only}: {status}");
}
