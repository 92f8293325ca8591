//! A rule over the generations of its program.
//!
//! What holds: a generation counts although no record came in it. A rule that was not there in one has forgotten what
//! it knew, and a limit that was another in between is another version of the rule.

/// See the module.
pub(super) struct Life<'l> {
    limits: &'l [Option<i64>],
    /// The first generation that has not come yet.
    next: usize,
    limit: Option<i64>,
}

/// What became of a rule since the last record.
pub(super) struct Since {
    pub(super) limit: Option<i64>,
    /// It was not there for a while, or is not now.
    pub(super) was_gone: bool,
    /// It is, or was meanwhile, of another version.
    pub(super) has_changed: bool,
}

impl<'l> Life<'l> {
    pub(super) fn new(limits: &'l [Option<i64>]) -> Self {
        Self { limits, next: 0, limit: None }
    }

    /// Goes on to the generation of the next record.
    pub(super) fn at(&mut self, generation: usize) -> Since {
        let (mut was_gone, mut has_changed) = (self.limit.is_none(), false);
        while self.next <= generation {
            has_changed |= self.limits[self.next] != self.limit;
            self.limit = self.limits[self.next];
            was_gone |= self.limit.is_none();
            self.next += 1;
        }
        Since { limit: self.limit, was_gone, has_changed }
    }
}
