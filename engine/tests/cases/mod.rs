//! How many cases a property is tried on: a number that takes seconds, or `PROPTEST_CASES` for a longer search.
//!
//! No file of found failures is kept: what was found is a test of its own.

use proptest::prelude::ProptestConfig;

/// `usual` cases, or as many as the environment asks for.
pub(crate) fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let cases = asked.map_or(usual, |number| number.parse().expect("PROPTEST_CASES is a number"));
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
