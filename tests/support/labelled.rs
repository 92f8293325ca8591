//! The labelled file of a year's card transactions.
//!
//! It is not part of the project: `STREAMGUARD_TEST_DATA` names its directory, else `../shared/data` beside the
//! project. Where it is missing, that is said and the test is skipped.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// The file.
pub fn file() -> Option<PathBuf> {
    let directory = std::env::var_os("STREAMGUARD_TEST_DATA")
        .map_or_else(|| super::root().join("../shared/data"), PathBuf::from);
    let file = directory.join("card_transactions_2024.csv.gz");
    if !file.exists() {
        servers::skip(&format!("the labelled file is not there: {}", file.display()));
        return None;
    }
    Some(file)
}

/// Its rows of before this time (RFC 3339), with the header, as CSV: the file is in order of time.
pub fn rows_before(end: &str) -> Option<String> {
    let rows = flate2::read::GzDecoder::new(std::fs::File::open(file()?).unwrap());
    let mut lines = BufReader::new(rows).lines().map(Result::unwrap);
    let header = lines.next().unwrap();
    let time = header.split(',').position(|name| name == "event_time").unwrap();
    let early = lines.take_while(|line| line.split(',').nth(time).unwrap() < end);
    Some(std::iter::once(header).chain(early).map(|line| line + "\n").collect())
}
