//! What weighs how much: the policy.
//!
//! What enters: the sections of `policy.toml`, each key optional. What leaves: a whole [`Policy`] with the
//! hash that every decision under it carries. What holds: a key that is left out is as in the default
//! policy; the hash is over every number of it, given or left out, so two files that decide alike have
//! one hash.

use events::Severity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::velocity::EvidenceColumns;
use super::{Decision, PolicyName};

/// The highest score.
pub const MAX_SCORE: u32 = 100;

/// Weights and thresholds. Points are added to a score of 0 to 100.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Names it in explanations and in the table `policies`.
    pub name: String,
    /// How far back alerts and dispositions of the account are looked at, in hours of event time.
    pub look_back_hours: u32,
    /// From which score a severity begins.
    pub severity: SeverityBounds,
    /// From which score a decision begins.
    pub decision: DecisionBounds,
    /// Points for what an alert says of the last minutes.
    pub velocity: VelocityPoints,
    /// Points for list entries.
    pub lists: ListPoints,
    /// Points for what is unusual for the account.
    pub profile: ProfilePoints,
    /// Points for what happened on the account before.
    pub history: HistoryPoints,
    /// What is done about a decision.
    pub actions: ActionRules,
}

/// The lowest score of each severity; low begins at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeverityBounds {
    /// Medium.
    pub medium: u32,
    /// High.
    pub high: u32,
    /// Critical.
    pub critical: u32,
}

/// The lowest score of each decision; APPROVE begins at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecisionBounds {
    /// REVIEW.
    pub review: u32,
    /// BLOCK.
    pub block: u32,
}

/// Points for the velocity that an alert's evidence shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VelocityPoints {
    /// The minutes that the counts are of; an alert whose window is longer shows none.
    pub minutes: u32,
    /// More transactions than `above`, or more a minute than `per_minute_above`.
    pub rapid_fire: RapidFire,
    /// More transactions than `above`, where it is not rapid fire.
    pub high_velocity: Above,
    /// More locations than `above`.
    pub locations: Above,
    /// More merchants than `above`.
    pub merchants: Above,
    /// Many small transactions at many merchants.
    pub card_testing: CardTesting,
    /// In which columns of the evidence the counts are.
    pub evidence: EvidenceColumns,
}

/// More than a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Above {
    /// The number that must be exceeded.
    pub above: f64,
    /// What it adds.
    pub points: i32,
}

/// When it is rapid fire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RapidFire {
    /// Transactions that must be exceeded.
    pub above: f64,
    /// Transactions a minute that must be exceeded.
    pub per_minute_above: f64,
    /// What it adds.
    pub points: i32,
}

/// When cards seem to be tested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardTesting {
    /// Transactions that must be exceeded.
    pub above: f64,
    /// Merchants that must be exceeded.
    pub merchants_above: f64,
    /// The largest mean amount.
    pub average_at_most: f64,
    /// What it adds.
    pub points: i32,
}

/// Points for list entries; an allow-list entry approves whatever the points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListPoints {
    /// A block-list entry; it blocks whatever the points.
    pub block: i32,
    /// A watch-list entry.
    pub watch: i32,
}

/// Points for what is unusual for the account, by its profile. Without a profile none apply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProfilePoints {
    /// More standard deviations over the mean amount than `above`.
    pub unusual_amount: Above,
    /// Not in its hours (UTC).
    pub unusual_hour: i32,
    /// Not in its categories.
    pub unusual_category: i32,
    /// Not in its cities.
    pub unusual_city: i32,
    /// Not one of its devices.
    pub unknown_device: i32,
    /// Opened fewer days ago than `below`.
    pub new_account: Below,
    /// The day's spending (UTC), this transaction included, is above its daily limit.
    pub over_daily_limit: i32,
    /// Its risk level is medium.
    pub medium_risk: i32,
    /// Its risk level is high.
    pub high_risk: i32,
}

/// Less than a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The number that must be kept under.
    pub below: f64,
    /// What it adds.
    pub points: i32,
}

/// Points for what happened on the account in the look-back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistoryPoints {
    /// More live alerts than `above` on its earlier transactions.
    pub recent_alerts: Above,
    /// An analyst found fraud.
    pub confirmed_fraud: i32,
    /// An analyst found that it was legitimate, and no fraud; may be negative.
    pub confirmed_legitimate: i32,
}

/// What is done about a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionRules {
    /// For how many hours BLOCK blocks the account; 0: it does not.
    pub block_account_hours: u32,
    /// Which decisions open an investigation, or extend the one that is open.
    pub open_investigation: Vec<Decision>,
    /// Whether decisions are published.
    pub publish: bool,
    /// Who is told about REVIEW and BLOCK, by severity: names of targets.
    pub notify: NotifyRules,
}

/// Names of targets by severity.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifyRules {
    /// Of low severity.
    pub low: Vec<String>,
    /// Of medium severity.
    pub medium: Vec<String>,
    /// Of high severity.
    pub high: Vec<String>,
    /// Of critical severity.
    pub critical: Vec<String>,
}

/// A policy with its hash, which is computed once.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The policy.
    pub policy: Policy,
    /// [`Policy::hash`].
    pub hash: [u8; 32],
    /// The same in hexadecimal.
    pub hex: String,
}

impl InForce {
    /// Of a policy.
    pub fn new(policy: Policy) -> Self {
        let hash = policy.hash();
        Self { hex: hash.iter().map(|byte| format!("{byte:02x}")).collect(), policy, hash }
    }

    /// As explanations name it.
    pub fn name(&self) -> PolicyName<'_> {
        PolicyName { name: &self.policy.name, hash: &self.hex }
    }
}

impl Default for InForce {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            look_back_hours: 24,
            severity: SeverityBounds::default(),
            decision: DecisionBounds::default(),
            velocity: VelocityPoints::default(),
            lists: ListPoints::default(),
            profile: ProfilePoints::default(),
            history: HistoryPoints::default(),
            actions: ActionRules::default(),
        }
    }
}

impl Default for SeverityBounds {
    fn default() -> Self {
        Self { medium: 40, high: 70, critical: 90 }
    }
}

impl Default for DecisionBounds {
    fn default() -> Self {
        Self { review: 70, block: 90 }
    }
}

impl Default for VelocityPoints {
    fn default() -> Self {
        Self {
            minutes: 5,
            rapid_fire: RapidFire { above: 15.0, per_minute_above: 3.0, points: 20 },
            high_velocity: Above { above: 10.0, points: 10 },
            locations: Above { above: 3.0, points: 10 },
            merchants: Above { above: 5.0, points: 10 },
            card_testing: CardTesting {
                above: 10.0,
                merchants_above: 5.0,
                average_at_most: 10.0,
                points: 15,
            },
            evidence: EvidenceColumns::default(),
        }
    }
}

impl Default for ListPoints {
    fn default() -> Self {
        Self { block: 100, watch: 20 }
    }
}

impl Default for ProfilePoints {
    fn default() -> Self {
        Self {
            unusual_amount: Above { above: 3.0, points: 0 },
            unusual_hour: 0,
            unusual_category: 0,
            unusual_city: 0,
            unknown_device: 0,
            new_account: Below { below: 30.0, points: 0 },
            over_daily_limit: 0,
            medium_risk: 0,
            high_risk: 0,
        }
    }
}

impl Default for HistoryPoints {
    fn default() -> Self {
        Self { recent_alerts: Above { above: 2.0, points: 0 }, confirmed_fraud: 0, confirmed_legitimate: 0 }
    }
}

impl Default for ActionRules {
    fn default() -> Self {
        Self {
            block_account_hours: 24,
            open_investigation: vec![Decision::Review, Decision::Block],
            publish: true,
            notify: NotifyRules::default(),
        }
    }
}

impl NotifyRules {
    /// The targets for a severity.
    pub fn targets(&self, severity: Severity) -> &[String] {
        match severity {
            Severity::Low => &self.low,
            Severity::Medium => &self.medium,
            Severity::High => &self.high,
            Severity::Critical => &self.critical,
        }
    }
}

impl Policy {
    /// The lowest score of a severity.
    pub fn lower_bound(&self, severity: Severity) -> u32 {
        match severity {
            Severity::Low => 0,
            Severity::Medium => self.severity.medium,
            Severity::High => self.severity.high,
            Severity::Critical => self.severity.critical,
        }
    }

    /// The severity of a score.
    pub fn severity_of(&self, score: u32) -> Severity {
        let reached = Severity::ALL.into_iter().rev().find(|s| score >= self.lower_bound(*s));
        reached.unwrap_or(Severity::Low)
    }

    /// The decision of a score.
    pub fn decision_of(&self, score: u32) -> Decision {
        match score {
            score if score >= self.decision.block => Decision::Block,
            score if score >= self.decision.review => Decision::Review,
            _ => Decision::Approve,
        }
    }

    /// All of it as JSON, in one fixed order: what is hashed, and kept in the table `policies`.
    pub fn canonical(&self) -> String {
        // Plain numbers and texts: there is nothing in it that cannot be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// SHA-256 of [`Policy::canonical`].
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }
}
