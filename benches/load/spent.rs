//! Processor time: where others compute on the machine at the same time, it says more than the clock.

/// Processor time of this process and of the node, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    node: u32,
    pub ours: f64,
    pub theirs: f64,
}

impl Spent {
    /// Until now.
    pub fn now(node: u32) -> Self {
        Self { node, ours: Self::of("self"), theirs: Self::of(&node.to_string()) }
    }

    /// What was spent from then until now.
    pub fn since(self) -> Self {
        let now = Self::now(self.node);
        Self { ours: now.ours - self.ours, theirs: now.theirs - self.theirs, ..self }
    }

    /// By both.
    pub fn total(self) -> f64 {
        self.ours + self.theirs
    }

    /// User and system time by /proc; nothing where there is none.
    fn of(process: &str) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in brackets, may have spaces.
        let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>()
            / TICKS_PER_SECOND
    }
}
