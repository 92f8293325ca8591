//! What statements have set for the expressions of those behind them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::types::DataType;
use crate::types::aggregate::Limits;

/// Types of one's own, and how functions are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Env {
    /// What CREATE TYPE made, by name in upper case: as in ksqlDB quotes keep no case here.
    pub(super) types: BTreeMap<String, DataType>,
    /// How long collected lists may grow.
    pub(super) limits: Limits,
    /// SUBSTRING counts from 0 and takes an end.
    pub(super) legacy_substring: bool,
}

static PLAIN: LazyLock<Env> = LazyLock::new(Env::default);

impl Env {
    /// Where no statement has set anything.
    pub(super) fn plain() -> &'static Self {
        &PLAIN
    }
}
