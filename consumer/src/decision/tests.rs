//! The decision by example.
#![allow(clippy::unwrap_used)]

use events::FraudAlert;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::lists::{Kind, Match};

fn alert(severity: Severity, score: f64) -> AlertFacts {
    AlertFacts {
        rule: format!("rule_{severity}"),
        version: "v".into(),
        severity,
        score: Some(score),
        reason: None,
        source: (5, "transactions".into(), 0, 7, 0),
        velocity: None,
        subject: TransactionFacts { account_id: "ACC-1".into(), ..TransactionFacts::default() },
    }
}

fn with(severities: &[Severity]) -> Inputs {
    let mut inputs = Inputs::default();
    for (i, severity) in severities.iter().enumerate() {
        inputs.add_alert(Uuid::from_u128(i as u128), alert(*severity, i as f64));
    }
    inputs
}

/// An alert of a rule without a window, as it travels.
fn evidence(score: f64, more: &str) -> FraudAlert {
    let value = format!(
        r#"{{"ACCOUNT_ID":"ACC-1","TRANSACTION_ID":"t1","FRAUD_TYPE":"VELOCITY","RISK_SCORE":{score}{more}}}"#
    );
    let headers = [
        ("alert.id", "00000000-0000-0000-0000-000000000001"),
        ("rule.name", "velocity"),
        ("rule.version", "v1"),
        ("rule.severity", "low"),
        ("source.topic", "transactions"),
        ("source.partition", "0"),
        ("source.offset", "7"),
        ("source.timestamp", "1709251200000"),
    ];
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    FraudAlert::from_record(None, Some(value.as_bytes()), headers, "fraud_alerts", 0, 0, 0).unwrap()
}

fn decided(alert: &FraudAlert) -> Outcome {
    decided_by(alert, &Policy::default())
}

fn decided_by(alert: &FraudAlert, policy: &Policy) -> Outcome {
    let mut inputs = Inputs::default();
    inputs.add_alert(alert.alert_id, AlertFacts::of(alert, &policy.velocity.evidence).unwrap());
    decide(&inputs, policy).unwrap()
}

/// Score, decision and names of factors with points.
fn told(outcome: &Outcome) -> (u32, Decision, Vec<(&str, i32)>) {
    let factors = outcome.factors.iter().filter(|f| f.points != 0).map(|f| (f.name, f.points)).collect();
    (outcome.score, outcome.decision, factors)
}

#[test]
fn the_default_policy_weighs_velocity() {
    use Decision::*;
    let outcome = decided(&evidence(
        55.0,
        r#","COUNT":13,"UNIQUE_MERCHANTS":8,"UNIQUE_LOCATIONS":2,"TOTAL_AMOUNT":6500"#,
    ));
    let factors = vec![("rule", 55), ("high_velocity", 10), ("many_merchants", 10)];
    assert_eq!(told(&outcome), (75, Review, factors));
    assert_eq!(outcome.severity, Severity::High);
    assert_eq!(
        outcome.reason,
        "rule velocity (low) fired (+55); high velocity: 13 transactions in 5 minutes (+10); 8 merchants in 5 \
         minutes (+10); the transaction itself has not come yet"
    );
    let outcome = decided(&evidence(
        55.0,
        r#","count":13,"unique_merchants":8,"unique_locations":2,"total_amount":65"#,
    ));
    let factors = vec![("rule", 55), ("high_velocity", 10), ("many_merchants", 10), ("card_testing", 15)];
    assert_eq!(told(&outcome), (90, Block, factors));
    let outcome = decided(&evidence(55.0, r#","Count":16,"Unique_Merchants":2"#));
    assert_eq!(told(&outcome), (75, Review, vec![("rule", 55), ("rapid_fire", 20)]));
}

#[test]
fn evidence_is_read_leniently_and_what_is_missing_is_no_factor() {
    let cases = [
        (r#","COUNT":"13.0""#, 65),
        (r#","COUNT":1.3e1"#, 65),
        (r#","COUNT":10"#, 55),
        (r#","COUNT":15"#, 65),
        (r#","COUNT":"many","UNIQUE_LOCATIONS":-4"#, 55),
        (r#","COUNT":null,"UNIQUE_LOCATIONS":4"#, 65),
        (r#","VELOCITY_SCORE":3.01"#, 75),
        (r#","VELOCITY_SCORE":3"#, 55),
        (r#","RAPID_FIRE":true"#, 75),
        (r#","RAPID_FIRE":"TRUE","COUNT":13"#, 75),
        (r#","RAPID_FIRE":false,"COUNT":13"#, 65),
        (r#","COUNT":13,"UNIQUE_MERCHANTS":6,"TOTAL_AMOUNT":130"#, 90),
        (r#","COUNT":13,"UNIQUE_MERCHANTS":6,"TOTAL_AMOUNT":130.13"#, 75),
        (r#","COUNT":13,"UNIQUE_MERCHANTS":6"#, 75),
        (r#","COUNT":{"a":1},"UNIQUE_MERCHANTS":[8]"#, 55),
    ];
    for (more, score) in cases {
        assert_eq!(decided(&evidence(55.0, more)).score, score, "{more}");
    }
    assert_eq!(decided(&evidence(99.0, r#","COUNT":16"#)).score, 100, "capped");
    assert_eq!(decided(&evidence(69.9, "")).decision, Decision::Approve, "a fraction reaches no threshold");
    assert_eq!(decided(&evidence(-5.0, "")).score, 0);
}

/// As rules/amount_velocity.sql and rules/rapid_fire.sql write it, by a window of 5 minutes.
#[test]
fn the_counts_of_the_shipped_rules_are_velocity() {
    let sums = |count| {
        let value = format!(
            r#"{{"ACCOUNT_ID":"ACC-1","TRANSACTION_ID":"t1","AMOUNT":900.5000,"FRAUD_TYPE":"AMOUNT_VELOCITY","FRAUD_REASON":"10806.0000 within 5 minutes","RISK_SCORE":75,"TRANSACTION_COUNT":{count},"TOTAL_AMOUNT":10806.0000}}"#
        );
        let headers = [
            ("alert.id", "00000000-0000-0000-0000-000000000001"),
            ("rule.name", "AMOUNT_VELOCITY"),
            ("rule.version", "v1"),
            ("rule.mode", "live"),
            ("rule.severity", "high"),
            ("window.start", "1709251200000"),
            ("window.end", "1709251500000"),
            ("source.topic", "transactions"),
            ("source.partition", "0"),
            ("source.offset", "7"),
            ("source.timestamp", "1709251260000"),
        ];
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        FraudAlert::from_record(None, Some(value.as_bytes()), headers, "fraud_alerts", 0, 0, 0).unwrap()
    };
    use Decision::*;
    assert_eq!(told(&decided(&sums(10))), (75, Review, vec![("rule", 75)]));
    assert_eq!(told(&decided(&sums(12))), (85, Review, vec![("rule", 75), ("high_velocity", 10)]));
    assert_eq!(told(&decided(&sums(16))), (95, Block, vec![("rule", 75), ("rapid_fire", 20)]));
    assert!(decided(&sums(16)).reason.contains("rapid fire: 16 transactions in 5 minutes (+20)"));
}

#[test]
fn the_policy_names_the_columns_of_the_counts() {
    let text = "[velocity.evidence]\ncount = [\"n\", \"how_many\"]\nunique_merchants = []";
    let policy = Policy::from_toml(text).unwrap();
    let cases = [
        (r#","HOW_MANY":16"#, 75),
        (r#","N":11,"HOW_MANY":16"#, 65),
        (r#","N":"unknown","HOW_MANY":16"#, 75),
        (r#","COUNT":16"#, 55),
        (r#","UNIQUE_MERCHANTS":9"#, 55),
        (r#","UNIQUE_LOCATIONS":9"#, 65),
    ];
    for (more, score) in cases {
        assert_eq!(decided_by(&evidence(55.0, more), &policy).score, score, "{more}");
    }
    assert_ne!(policy.hash(), Policy::default().hash());
}

#[test]
fn counts_of_a_longer_window_are_no_velocity() {
    let mut alert = evidence(55.0, r#","COUNT":16,"UNIQUE_MERCHANTS":9"#);
    for (minutes, score) in [(1, 85), (5, 85), (6, 55), (1440, 55)] {
        (alert.window_start, alert.window_end) = (Some(0), Some(minutes * 60_000));
        assert_eq!(decided(&alert).score, score, "{minutes} minutes");
    }
    alert.window_end = None;
    assert_eq!(decided(&alert).score, 85, "a window without a known end");
}

#[test]
fn an_alert_counts_at_least_its_severity() {
    use Severity::*;
    let cases: [(&[Severity], u32, Decision); 5] = [
        (&[Low], 0, Decision::Approve),
        (&[Medium, Low], 40, Decision::Approve),
        (&[Low, High], 70, Decision::Review),
        (&[High, Critical, Low], 90, Decision::Block),
        (&[Critical], 90, Decision::Block),
    ];
    for (severities, score, decision) in cases {
        let outcome = decide(&with(severities), &Policy::default()).unwrap();
        assert_eq!((outcome.score, outcome.decision), (score, decision), "{severities:?}");
        assert_eq!(Some(outcome.severity), severities.iter().max().copied());
    }
    assert_eq!(decide(&Inputs::default(), &Policy::default()), None);
}

fn hit(action: ListAction) -> ListHit {
    ListHit {
        kind: Kind::Merchant,
        value: "Shein".into(),
        action,
        how: Match::Nocase,
        reason: "counterfeits".into(),
        entry: 2,
    }
}

#[test]
fn a_block_list_beats_an_allow_list_and_that_the_rules() {
    use Decision::*;
    use ListAction::{Allow, Block as Stop, Watch};
    type Case<'a> = (&'a [Severity], &'a [ListAction], Option<(u32, Decision)>);
    let cases: [Case<'_>; 8] = [
        (&[Severity::Low], &[Stop], Some((100, Block))),
        (&[], &[Stop], Some((100, Block))),
        (&[Severity::Critical], &[Allow], Some((90, Approve))),
        (&[Severity::Critical], &[Allow, Stop], Some((100, Block))),
        (&[], &[Allow], None),
        (&[], &[Watch], Some((20, Approve))),
        (&[Severity::High], &[Watch, Watch], Some((90, Block))),
        (&[Severity::High], &[Watch, Allow], Some((90, Approve))),
    ];
    for (severities, actions, expected) in cases {
        let mut inputs = with(severities);
        let facts = TransactionFacts { account_id: "ACC-1".into(), ..TransactionFacts::default() };
        inputs.transactions.insert(0, facts);
        inputs.list_hits.extend(actions.iter().map(|action| hit(*action)));
        let outcome = decide(&inputs, &Policy::default());
        assert_eq!(outcome.as_ref().map(|o| (o.score, o.decision)), expected, "{severities:?} {actions:?}");
        if let Some(outcome) = outcome.filter(|o| o.decision == Block) {
            assert_eq!(outcome.severity, Severity::Critical);
        }
    }
    let mut inputs = with(&[Severity::Low]);
    inputs.list_hits.push(hit(Stop));
    let outcome = decide(&inputs, &Policy::default()).unwrap();
    assert!(
        outcome.reason.starts_with("merchant Shein is on the block list (+100); rule rule_low (low) fired"),
        "{}",
        outcome.reason
    );
}

#[test]
fn actions_follow_from_decision_and_severity() {
    let mut policy = Policy::default();
    policy.actions.notify.high = vec!["ops".into()];
    let actions = |severity| decide(&with(&[severity]), &policy).unwrap().actions;
    let notify = Action::Notify { target: "ops".into() };
    assert_eq!(actions(Severity::Low), [Action::PublishDecision]);
    assert_eq!(actions(Severity::High), [Action::OpenInvestigation, notify, Action::PublishDecision]);
    assert_eq!(
        actions(Severity::Critical),
        [Action::BlockAccount { hours: 24 }, Action::OpenInvestigation, Action::PublishDecision]
    );
}

#[test]
fn the_explanation_comes_back_as_the_inputs() {
    let mut inputs = with(&[Severity::High, Severity::Low]);
    let alert = evidence(55.0, r#","COUNT":13.5,"UNIQUE_MERCHANTS":8"#);
    inputs.add_alert(alert.alert_id, AlertFacts::of(&alert, &EvidenceColumns::default()).unwrap());
    let subject = TransactionFacts { amount: Some("12.5".parse().unwrap()), ..TransactionFacts::default() };
    inputs.transactions.insert(1_704_067_200_000_001, subject);
    inputs.list_hits.push(hit(ListAction::Watch));
    inputs.context.day = Some(context::DayFacts { transactions: 2, spent: Decimal::new(125, 1) });
    inputs.context.profile = Some(ProfileFacts { hours: vec![8, 9], ..ProfileFacts::default() });
    let policy = Policy::default();
    let outcome = decide(&inputs, &policy).unwrap();
    let json = explanation(&inputs, &outcome, &PolicyName { name: "default", hash: "00" });
    let back = Inputs::from_explanation(&json).unwrap();
    assert_eq!((back.hash(&policy.hash()), &back), (inputs.hash(&policy.hash()), &inputs));
    assert!(back.rest_on_the_same(&inputs));
    assert!(json.starts_with(r#"{"decision":"BLOCK","severity":"critical","score":100,"#), "{json}");
}

/// What is read back of a version must be what went in, to the last bit: it is hashed.
#[test]
fn a_number_of_the_evidence_is_the_same_after_it_was_stored() {
    for text in ["0.30000000000000004", "6500.123456789012345", "123456789012.98765", "1e300", "2.6"] {
        let more = format!(r#","VELOCITY_SCORE":{text},"TOTAL_AMOUNT":{text}"#);
        let facts = AlertFacts::of(&evidence(0.1 + 0.2, &more), &EvidenceColumns::default()).unwrap();
        let json = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<AlertFacts>(&json).unwrap(), facts, "{text}");
    }
}

/// What every database holds of a policy is named by this: where it changes, the same policy has two names.
#[test]
fn the_default_policy_has_the_same_hash_in_every_release() {
    let hash: String = Policy::default().hash().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, "3b8d21967382bf72ef2f1594ab9b3d235e30c0dbaad018fbd04175472a7737b1");
}

#[test]
fn the_later_crossing_of_an_alert_counts_in_any_order() {
    let (mut early, mut late) = (alert(Severity::Low, 1.0), alert(Severity::High, 2.0));
    (early.source.3, late.source.3) = (1, 2);
    let (mut one, mut other) = (Inputs::default(), Inputs::default());
    one.add_alert(Uuid::nil(), early.clone());
    one.add_alert(Uuid::nil(), late.clone());
    other.add_alert(Uuid::nil(), late);
    other.add_alert(Uuid::nil(), early);
    assert_eq!(one, other);
}
