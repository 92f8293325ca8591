//! `cargo run --release -p engine --example core -- FILE.sql...`: the `core` bench over these rule files.
//! `RECORDS=n` changes the 1,000,000 records: a profiler that counts instructions needs far fewer.

use engine::sql::{LoadOptions, SourceFile, load};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = Vec::new();
    for name in std::env::args().skip(1) {
        files.push(SourceFile { text: std::fs::read_to_string(&name)?, name });
    }
    let loaded = load(files, &LoadOptions::default()).map_err(|diagnostics| format!("{diagnostics:?}"))?;
    let records = std::env::var("RECORDS").ok().map_or(Ok(1_000_000), |text| text.parse())?;
    println!("{}", engine::bench::core(&loaded.program, records)?);
    Ok(())
}
