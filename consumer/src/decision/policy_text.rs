//! A policy from the text of its file.
//!
//! What enters: TOML. What leaves: a policy that makes sense, or everything that is wrong with it, each with
//! its key. What holds: a key that is not known is refused, so that a typing mistake is not silently ignored.

use super::context::CROSSINGS;
use super::policy::{MAX_SCORE, Policy};

/// The longest look-back: a year.
const MAX_LOOK_BACK_HOURS: u32 = 24 * 366;
/// The longest name.
const MAX_NAME: usize = 100;

impl Policy {
    /// Reads and checks the text of a policy file. The error says where and what, a line each.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let problems = policy.problems();
        match problems.is_empty() {
            true => Ok(policy),
            false => Err(problems.join("\n")),
        }
    }

    /// What does not make sense.
    fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut check = |holds: bool, problem: String| {
            if !holds {
                found.push(problem);
            }
        };
        let name = self.name.chars().count();
        check((1..=MAX_NAME).contains(&name), format!("name: 1 to {MAX_NAME} characters are needed"));
        check(
            self.look_back_hours <= MAX_LOOK_BACK_HOURS,
            format!("look_back_hours: {} is more than {MAX_LOOK_BACK_HOURS}", self.look_back_hours),
        );
        let (s, d) = (&self.severity, &self.decision);
        let order = [
            ("severity", "medium", s.medium, "high", s.high),
            ("severity", "high", s.high, "critical", s.critical),
            ("decision", "review", d.review, "block", d.block),
        ];
        for (section, lower, low, higher, high) in order {
            check(low < high, format!("{section}: {lower} ({low}) must be below {higher} ({high})"));
        }
        check(s.medium > 0, "severity: medium must be above 0, where low begins".to_owned());
        check(d.review > 0, "decision: review must be above 0, where APPROVE begins".to_owned());
        for (key, value) in [("severity.critical", s.critical), ("decision.block", d.block)] {
            check(value <= MAX_SCORE, format!("{key}: {value} is above {MAX_SCORE}, the highest score"));
        }
        let recent = self.history.recent_alerts.above;
        check(
            recent < CROSSINGS as f64,
            format!(
                "history.recent_alerts.above: {recent} is not below {CROSSINGS}, the most that are counted"
            ),
        );
        check(
            (1..=1440).contains(&self.velocity.minutes),
            format!("velocity.minutes: {} is not 1 to 1440", self.velocity.minutes),
        );
        for problem in self.velocity.evidence.problems() {
            check(false, problem);
        }
        for (key, points) in self.points() {
            check(points.abs() <= MAX_SCORE as i32, format!("{key}: {points} points are not -100 to 100"));
        }
        for (key, limit) in self.limits() {
            check(limit.is_finite() && limit >= 0.0, format!("{key}: {limit} is no number from 0 on"));
        }
        let notify = &self.actions.notify;
        let mut targets = [&notify.low, &notify.medium, &notify.high, &notify.critical].into_iter().flatten();
        check(!targets.any(String::is_empty), "actions.notify: a target's name is empty".to_owned());
        found
    }

    /// All points, by key.
    fn points(&self) -> [(&'static str, i32); 19] {
        let (v, p, h) = (&self.velocity, &self.profile, &self.history);
        [
            ("velocity.rapid_fire", v.rapid_fire.points),
            ("velocity.high_velocity", v.high_velocity.points),
            ("velocity.locations", v.locations.points),
            ("velocity.merchants", v.merchants.points),
            ("velocity.card_testing", v.card_testing.points),
            ("lists.block", self.lists.block),
            ("lists.watch", self.lists.watch),
            ("profile.unusual_amount", p.unusual_amount.points),
            ("profile.unusual_hour", p.unusual_hour),
            ("profile.unusual_category", p.unusual_category),
            ("profile.unusual_city", p.unusual_city),
            ("profile.unknown_device", p.unknown_device),
            ("profile.new_account", p.new_account.points),
            ("profile.over_daily_limit", p.over_daily_limit),
            ("profile.medium_risk", p.medium_risk),
            ("profile.high_risk", p.high_risk),
            ("history.recent_alerts", h.recent_alerts.points),
            ("history.confirmed_fraud", h.confirmed_fraud),
            ("history.confirmed_legitimate", h.confirmed_legitimate),
        ]
    }

    /// All numbers that something is compared with, by key.
    fn limits(&self) -> [(&'static str, f64); 11] {
        let (v, p) = (&self.velocity, &self.profile);
        [
            ("velocity.rapid_fire.above", v.rapid_fire.above),
            ("velocity.rapid_fire.per_minute_above", v.rapid_fire.per_minute_above),
            ("velocity.high_velocity.above", v.high_velocity.above),
            ("velocity.locations.above", v.locations.above),
            ("velocity.merchants.above", v.merchants.above),
            ("velocity.card_testing.above", v.card_testing.above),
            ("velocity.card_testing.merchants_above", v.card_testing.merchants_above),
            ("velocity.card_testing.average_at_most", v.card_testing.average_at_most),
            ("profile.unusual_amount.above", p.unusual_amount.above),
            ("profile.new_account.below", p.new_account.below),
            ("history.recent_alerts.above", self.history.recent_alerts.above),
        ]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_is_the_default_policy() {
        let text = include_str!("../../../policy.toml");
        assert_eq!(Policy::from_toml(text).unwrap(), Policy::default());
        assert_eq!(Policy::from_toml("").unwrap(), Policy::default(), "what is left out is the default");
    }

    #[test]
    fn layout_does_not_change_the_hash_and_a_weight_does() {
        let one = Policy::from_toml("[decision]\nreview = 70\n[lists]\nwatch = 20").unwrap();
        let other = Policy::from_toml("# a comment\nlists.watch = 20").unwrap();
        assert_eq!(one.hash(), other.hash());
        assert_ne!(one.hash(), Policy::from_toml("lists.watch = 21").unwrap().hash());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_key() {
        let cases = [
            ("reveiw = 70", "unknown field `reveiw`"),
            ("[decision]\nblok = 95", "unknown field `blok`, expected `review` or `block`"),
            ("[decision]\nreview = 95", "decision: review (95) must be below block (90)"),
            ("[severity]\nmedium = 80\nhigh = 80", "severity: medium (80) must be below high (80)"),
            ("[severity]\ncritical = 101", "severity.critical: 101 is above 100, the highest score"),
            ("[lists]\nwatch = 300", "lists.watch: 300 points are not -100 to 100"),
            (
                "[velocity]\nlocations = { above = -1, points = 5 }",
                "velocity.locations.above: -1 is no number",
            ),
            ("[velocity]\nlocations = { above = 3 }", "missing field `points`"),
            ("[actions]\nopen_investigation = [\"DENY\"]", "unknown variant `DENY`"),
            ("look_back_hours = 100000", "look_back_hours: 100000 is more than"),
            ("look_back_hours = \"a day\"", "invalid type: string"),
            ("name = \"\"", "name: 1 to 100 characters"),
            ("[velocity.evidence]\ncuont = [\"n\"]", "unknown field `cuont`"),
            ("[velocity.evidence]\ncount = \"n\"", "invalid type: string"),
            (
                "[velocity.evidence]\ncount = [\"n\", \" \"]",
                "velocity.evidence.count: ` ` is no column's name",
            ),
            (
                "[velocity.evidence]\ntotal_amount = [\"Count\"]",
                "velocity.evidence.total_amount: Count is named by count already",
            ),
            ("[decision", "line 1"),
        ];
        for (text, expected) in cases {
            let error = Policy::from_toml(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = Policy::from_toml("[lists]\nwatch = 300\nblock = -300").unwrap_err();
        assert_eq!(error.lines().count(), 2, "all of it at once: {error}");
    }
}
