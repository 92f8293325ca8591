//! What a score is made of.
//!
//! What enters: inputs and the policy. What leaves: the factors that apply, each with its points, the
//! grounds in words, in a fixed order. What holds: the score is the sum of the points, no less than 0 and
//! no more than 100; a factor that applies is told even where the policy gives it no points.

use chrono::{DateTime, Timelike, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::policy::{MAX_SCORE, Policy};
use super::velocity::Velocity;
use super::{AlertFacts, Inputs, ListAction, ProfileFacts, TransactionFacts};

/// One reason of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// Its name, from a fixed set.
    pub name: &'static str,
    /// What it adds.
    pub points: i32,
    /// Why it applies, in words.
    pub text: String,
}

/// The factors that apply.
pub fn factors(inputs: &Inputs, policy: &Policy) -> Vec<Factor> {
    let mut found = Found(Vec::new());
    lists(&mut found, inputs, policy);
    rules(&mut found, inputs, policy);
    velocity(&mut found, inputs, policy);
    profile(&mut found, inputs, policy);
    history(&mut found, inputs, policy);
    found.0
}

/// The score of factors.
pub fn score(factors: &[Factor]) -> u32 {
    let sum: i64 = factors.iter().map(|factor| i64::from(factor.points)).sum();
    u32::try_from(sum).unwrap_or(0).min(MAX_SCORE)
}

/// The points of an alert by itself: the higher of its score and its severity's lower bound. A fraction is
/// cut off, so that it never lifts a score over a threshold.
pub fn alert_points(alert: &AlertFacts, policy: &Policy) -> u32 {
    let own = alert.score.filter(|score| score.is_finite()).map_or(0.0, |s| s.clamp(0.0, MAX_SCORE.into()));
    (own as u32).max(policy.lower_bound(alert.severity))
}

struct Found(Vec<Factor>);

impl Found {
    fn add(&mut self, name: &'static str, points: i32, text: impl Into<String>) {
        self.0.push(Factor { name, points, text: text.into() });
    }
}

fn lists(found: &mut Found, inputs: &Inputs, policy: &Policy) {
    let actions = [
        (ListAction::Block, "block_list", policy.lists.block),
        (ListAction::Allow, "allow_list", 0),
        (ListAction::Watch, "watch_list", policy.lists.watch),
    ];
    for (action, name, points) in actions {
        // Several entries of one list are one reason.
        let mut points = points;
        for hit in inputs.list_hits.iter().filter(|hit| hit.action == action) {
            found.add(name, points, format!("{} {} is on the {action} list", hit.kind, hit.value));
            points = 0;
        }
    }
}

/// The alert with the most points is the base; the others are told.
fn rules(found: &mut Found, inputs: &Inputs, policy: &Policy) {
    let mut alerts: Vec<(u32, &AlertFacts)> =
        inputs.alerts.values().map(|alert| (alert_points(alert, policy), alert)).collect();
    alerts.sort_by(|(p, a), (q, b)| {
        (q, b.severity, &a.rule, &a.version, &a.source).cmp(&(p, a.severity, &b.rule, &b.version, &b.source))
    });
    for (rank, (points, alert)) in alerts.into_iter().enumerate() {
        let text = match &alert.reason {
            Some(reason) => format!("rule {} ({}): {reason}", alert.rule, alert.severity),
            None => format!("rule {} ({}) fired", alert.rule, alert.severity),
        };
        found.add("rule", if rank == 0 { points as i32 } else { 0 }, text);
    }
}

fn velocity(found: &mut Found, inputs: &Inputs, policy: &Policy) {
    let p = &policy.velocity;
    let all: Vec<&Velocity> = inputs.alerts.values().filter_map(|alert| alert.velocity.as_ref()).collect();
    // Counts of a longer window are no counts of these minutes; a rate is one whatever the window.
    let counted: Vec<&Velocity> = all.iter().copied().filter(|v| v.is_within(p.minutes)).collect();
    let highest =
        |of: fn(&Velocity) -> Option<f64>| counted.iter().filter_map(|v| of(v)).max_by(f64::total_cmp);
    let (count, merchants) = (highest(|v| v.count), highest(|v| v.unique_merchants));
    let rate = all.iter().filter_map(|v| v.velocity_score).max_by(f64::total_cmp);
    let minutes = p.minutes;
    if let Some(count) = count.filter(|count| *count > p.rapid_fire.above) {
        found.add(
            "rapid_fire",
            p.rapid_fire.points,
            format!("rapid fire: {count} transactions in {minutes} minutes"),
        );
    } else if let Some(rate) = rate.filter(|rate| *rate > p.rapid_fire.per_minute_above) {
        found.add("rapid_fire", p.rapid_fire.points, format!("rapid fire: {rate} transactions a minute"));
    } else if all.iter().any(|v| v.rapid_fire) {
        found.add("rapid_fire", p.rapid_fire.points, "rapid fire, says the alert");
    } else if let Some(count) = count.filter(|count| *count > p.high_velocity.above) {
        let text = format!("high velocity: {count} transactions in {minutes} minutes");
        found.add("high_velocity", p.high_velocity.points, text);
    }
    if let Some(places) = highest(|v| v.unique_locations).filter(|n| *n > p.locations.above) {
        found.add("many_locations", p.locations.points, format!("{places} locations in {minutes} minutes"));
    }
    if let Some(merchants) = merchants.filter(|n| *n > p.merchants.above) {
        found.add(
            "many_merchants",
            p.merchants.points,
            format!("{merchants} merchants in {minutes} minutes"),
        );
    }
    if let Some((count, average)) = counted
        .iter()
        .filter_map(|v| card_testing(v, policy))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)))
    {
        let text = format!("card testing: {count} transactions of {average:.2} on average");
        found.add("card_testing", p.card_testing.points, text);
    }
}

/// Count and average, where an alert looks like card testing.
fn card_testing(v: &Velocity, policy: &Policy) -> Option<(f64, f64)> {
    let p = &policy.velocity.card_testing;
    let (count, average) = (v.count?, v.average()?);
    let found = count > p.above && v.unique_merchants? > p.merchants_above && average <= p.average_at_most;
    found.then_some((count, average))
}

fn profile(found: &mut Found, inputs: &Inputs, policy: &Policy) {
    let Some(profile) = &inputs.context.profile else { return };
    let Some((time, subject)) = inputs.subject() else { return };
    let p = &policy.profile;
    let time = DateTime::<Utc>::from_timestamp_micros(time).unwrap_or_default();
    if let Some(deviations) = deviations(profile, subject).filter(|d| *d > p.unusual_amount.above) {
        let text = format!("the amount is {deviations:.1} standard deviations above the account's mean");
        found.add("unusual_amount", p.unusual_amount.points, text);
    }
    let hour = time.hour() as u8;
    if !profile.hours.is_empty() && !profile.hours.contains(&hour) {
        found.add(
            "unusual_hour",
            p.unusual_hour,
            format!("{hour} o'clock UTC is none of the account's hours"),
        );
    }
    let unusual = [
        ("unusual_category", p.unusual_category, "categories", &profile.categories, &subject.category),
        ("unusual_city", p.unusual_city, "cities", &profile.cities, &subject.city),
        ("unknown_device", p.unknown_device, "devices", &profile.devices, &subject.device_id),
    ];
    for (name, points, what, usual, value) in unusual {
        let Some(value) = value else { continue };
        if !usual.is_empty() && !usual.iter().any(|known| known.eq_ignore_ascii_case(value)) {
            found.add(name, points, format!("{value} is none of the account's {what}"));
        }
    }
    let age = profile.account_opened_at.map(|opened| (time - opened).num_seconds() as f64 / 86_400.0);
    if let Some(days) = age.filter(|days| *days < p.new_account.below) {
        found.add(
            "new_account",
            p.new_account.points,
            format!("the account is {:.0} days old", days.max(0.0).floor()),
        );
    }
    if let (Some(limit), Some(day)) = (profile.daily_spending_limit, &inputs.context.day)
        && day.spent > limit
    {
        let text = format!("{} spent on the day, above the account's limit of {limit}", day.spent);
        found.add("over_daily_limit", p.over_daily_limit, text);
    }
    match profile.risk_level.as_deref() {
        Some("medium") => found.add("risk_level", p.medium_risk, "the account's risk level is medium"),
        Some("high") => found.add("risk_level", p.high_risk, "the account's risk level is high"),
        _ => {}
    }
}

/// By how many standard deviations the amount is above the mean; None where it cannot be said.
fn deviations(profile: &ProfileFacts, subject: &TransactionFacts) -> Option<f64> {
    let comparable = match (&profile.currency, &subject.currency) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    };
    let stddev = profile.amount_stddev.filter(|stddev| comparable && *stddev > Decimal::ZERO)?;
    subject.amount?.checked_sub(profile.amount_mean?)?.checked_div(stddev)?.to_f64()
}

fn history(found: &mut Found, inputs: &Inputs, policy: &Policy) {
    let (p, hours) = (&policy.history, policy.look_back_hours);
    if let Some(recent) = &inputs.context.recent
        && recent.alerts as f64 > p.recent_alerts.above
    {
        let more = if recent.or_more { " or more" } else { "" };
        let text = format!(
            "{}{more} alerts on the account in the {hours} hours before, the highest {}",
            recent.alerts, recent.severity
        );
        found.add("recent_alerts", p.recent_alerts.points, text);
    }
    let Some(dispositions) = &inputs.context.dispositions else { return };
    if dispositions.fraud > 0 {
        let text =
            format!("{} transactions of the account found to be fraud in {hours} hours", dispositions.fraud);
        found.add("confirmed_fraud", p.confirmed_fraud, text);
    } else if dispositions.legitimate > 0 {
        let text = format!(
            "{} transactions of the account found to be legitimate in {hours} hours",
            dispositions.legitimate
        );
        found.add("confirmed_legitimate", p.confirmed_legitimate, text);
    }
}
