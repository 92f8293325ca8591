//! The same records in any order and batching, delivered again and again, give the same decisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use consumer::Options;
use consumer::decision::Policy;
use events::{Severity, headers};
use proptest::prelude::*;

/// What happened to one transaction.
#[derive(Debug, Clone)]
struct Case {
    account: u8,
    merchant: &'static str,
    /// Severity and whether it is live.
    alerts: Vec<(Severity, bool)>,
    /// The transaction itself never comes.
    missing: bool,
}

fn case() -> impl Strategy<Value = Case> {
    let severity = prop::sample::select(Severity::ALL.to_vec());
    (
        0..4_u8,
        prop::sample::select(vec!["Corner", "SHEIN", "Market", "Bakery"]),
        prop::collection::vec((severity, prop::bool::weighted(0.8)), 0..3),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(account, merchant, alerts, missing)| Case { account, merchant, alerts, missing })
}

fn account(case: &Case) -> String {
    if case.account == 3 { "ACC-9999".to_owned() } else { format!("ACC-{}", case.account) }
}

fn records(cases: &[Case]) -> Vec<Rec> {
    let mut all = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        let (id, at, account) = (format!("t{i:02}"), MARCH + i as i64 * 7_919_000, account(case));
        let more = format!(r#","merchant":"{}""#, case.merchant);
        if !case.missing {
            all.push(transaction(&id, &account, "1.5", at, &more));
        }
        for (n, (severity, live)) in case.alerts.iter().enumerate() {
            let mode = if *live { "live" } else { "shadow" };
            let rule = format!("rule{n}");
            let mut alert = alert(&rule, *severity, &id, &account, at).with(headers::RULE_MODE, mode);
            if i % 2 == 0 {
                let start = at - at % 3_600_000;
                alert = alert.in_window(&rule, start, start + 3_600_000);
            }
            all.push(alert);
        }
    }
    all
}

/// The decision by the rule's wording, from all records at once.
fn oracle(cases: &[Case]) -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (i, case) in cases.iter().enumerate() {
        let listed = case.account == 3 || (case.merchant == "SHEIN" && !case.missing);
        let live = case.alerts.iter().filter(|(_, live)| *live).map(|(severity, _)| *severity).max();
        if case.missing && live.is_none() {
            continue;
        }
        let severity = if listed { Some(Severity::Critical) } else { live };
        let decision = match severity {
            Some(Severity::Critical) => "BLOCK",
            Some(Severity::High) => "REVIEW",
            _ => "APPROVE",
        };
        let severity = severity.map(|s| s.to_string()).unwrap_or_default();
        expected.insert(format!("t{i:02},{decision},{severity},{}", if case.missing { "f" } else { "t" }));
    }
    expected
}

/// Delivers in this order, in parts, some records twice, to so many consumers at once.
fn deliver(db: &Db, order: &[Rec], (parts, batch, consumers): (usize, usize, usize), policy: &Policy) {
    let log = log();
    let options = || Options { max_batch: batch, policy: policy.clone(), ..Options::new(&db.writer_url) };
    for part in order.chunks(order.len().div_ceil(parts).max(1)) {
        send(log.as_ref(), part);
        let again: Vec<Rec> = part.iter().step_by(3).cloned().collect();
        send(log.as_ref(), &again);
        std::thread::scope(|scope| {
            for _ in 0..consumers {
                scope.spawn(|| drain_with(&log, options()));
            }
        });
    }
}

/// The profile of every account, as it is before anything is decided.
fn profiles(db: &Db) {
    let log = log();
    let profile = |account: &str| Rec {
        topic: events::topics::CUSTOMER_PROFILES.name,
        partition: None,
        key: account.to_owned(),
        value: Some(format!(r#"{{"account_id":"{account}","daily_spending_limit":4,"currency":"EUR"}}"#)),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    send(log.as_ref(), &["ACC-0", "ACC-1", "ACC-2"].map(profile));
    drain(&log, db);
    // The log of the cases is another one.
    db.execute("DELETE FROM consumer_offsets");
}

/// A policy under which what else happened on the account decides.
fn strict() -> Policy {
    Policy::from_toml(
        "[history]\nrecent_alerts = { above = 1, points = 15 }\n[profile]\nover_daily_limit = 25",
    )
    .unwrap()
}

/// Decision and score under [`strict`], by its wording, from all cases at once. Transactions lie in order of time.
fn strict_oracle(cases: &[Case]) -> BTreeSet<String> {
    let time = |i: usize| MARCH + i as i64 * 7_919_000;
    let live = |case: &Case| case.alerts.iter().filter(|(_, live)| *live).count();
    let mut expected = BTreeSet::new();
    for (i, case) in cases.iter().enumerate() {
        let listed = case.account == 3 || (case.merchant == "SHEIN" && !case.missing);
        // What neither a transaction nor an alert tells of is decided by nobody.
        if live(case) == 0 && (case.missing || !listed) {
            continue;
        }
        let before = |other: &usize| *other < i && cases[*other].account == case.account;
        let recent: usize = (0..cases.len())
            .filter(|o| before(o) && time(i) - time(*o) <= 86_400_000)
            .map(|o| live(&cases[o]))
            .sum();
        let on_the_day = |o: &usize| {
            cases[*o].account == case.account
                && !cases[*o].missing
                && time(*o).div_euclid(86_400_000) == time(i).div_euclid(86_400_000)
        };
        let spent = (0..=i).filter(on_the_day).count() as f64 * 1.5;
        let base = case.alerts.iter().filter(|(_, live)| *live).map(|(severity, _)| match severity {
            Severity::Low => 0,
            Severity::Medium => 40,
            Severity::High => 70,
            Severity::Critical => 90,
        });
        let over_limit = !case.missing && case.account != 3 && spent > 4.0;
        let score = base.max().unwrap_or(0)
            + if listed { 100 } else { 0 }
            + if recent > 1 { 15 } else { 0 }
            + if over_limit { 25 } else { 0 };
        let decision = match score {
            _ if listed => "BLOCK",
            90.. => "BLOCK",
            70.. => "REVIEW",
            _ => "APPROVE",
        };
        expected.insert(format!("t{i:02},{decision},{}", score.min(100)));
    }
    expected
}

const CURRENT: &str =
    "SELECT transaction_id, decision, severity, transaction_known FROM current_decisions ORDER BY 1";
/// What they rest on, without the lists, which an alert alone cannot be compared with in full.
const EXPLANATIONS: &str = "SELECT transaction_id, encode(inputs_hash, 'hex') FROM decisions
    JOIN decision_heads USING (transaction_id, version) ORDER BY 1";
const SUMMARY: &str =
    "SELECT account_id, transactions, total_amount, alerts, flagged, reviewed, blocked, shadow_alerts
    FROM account_summary ORDER BY 1";
/// The summary, counted again.
const COUNTED: &str = "SELECT account_id, count(*), sum(amount),
        (SELECT count(*) FROM fraud_alerts a WHERE a.account_id = c.account_id AND a.mode = 'live'),
        count(*) FILTER (WHERE version > 0), count(*) FILTER (WHERE decision = 'REVIEW'),
        count(*) FILTER (WHERE decision = 'BLOCK'),
        (SELECT count(*) FROM fraud_alerts a WHERE a.account_id = c.account_id AND a.mode = 'shadow')
    FROM current_decisions c WHERE transaction_known GROUP BY account_id ORDER BY 1";

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_decisions(
        (cases, order) in prop::collection::vec(case(), 1..25).prop_flat_map(|cases| {
            let records = records(&cases);
            (Just(cases), Just(records).prop_shuffle())
        }),
        parts in 1..4_usize,
        batch in prop::sample::select(vec![1_usize, 3, 1_000]),
        consumers in 1..3_usize,
    ) {
        let Some(straight) = db() else { return Ok(()) };
        let Some(shuffled) = db() else { return Ok(()) };
        deliver(&straight, &records(&cases), (1, 1_000, 1), &Policy::default());
        deliver(&shuffled, &order, (parts, batch, consumers), &Policy::default());
        let found: BTreeSet<String> = shuffled.rows(CURRENT).into_iter().collect();
        prop_assert_eq!(found, oracle(&cases));
        prop_assert_eq!(shuffled.rows(CURRENT), straight.rows(CURRENT));
        prop_assert_eq!(shuffled.rows(EXPLANATIONS), straight.rows(EXPLANATIONS));
        prop_assert_eq!(shuffled.rows(SUMMARY), straight.rows(SUMMARY));
        let counted: BTreeMap<String, String> = counts(shuffled.rows(COUNTED));
        let summary: BTreeMap<String, String> = counts(shuffled.rows(SUMMARY));
        for (account, counts) in counted {
            prop_assert_eq!(Some(&counts), summary.get(&account), "{}", account);
        }
    }
}

const SCORES: &str = "SELECT transaction_id, decision, score FROM decisions
    JOIN decision_heads USING (transaction_id, version) ORDER BY 1";

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_else_happened_on_the_account_decides_the_same_in_any_order(
        (cases, order) in prop::collection::vec(case(), 1..25).prop_flat_map(|cases| {
            let records = records(&cases);
            (Just(cases), Just(records).prop_shuffle())
        }),
        parts in 1..4_usize,
        batch in prop::sample::select(vec![1_usize, 3, 1_000]),
    ) {
        let Some(straight) = db() else { return Ok(()) };
        let Some(shuffled) = db() else { return Ok(()) };
        for (db, records, how) in [(&straight, &records(&cases), (1, 1_000, 1)), (&shuffled, &order, (parts, batch, 1))] {
            profiles(db);
            deliver(db, records, how, &strict());
        }
        let found: BTreeSet<String> = shuffled.rows(SCORES).into_iter().collect();
        prop_assert_eq!(found, strict_oracle(&cases));
        prop_assert_eq!(shuffled.rows(SCORES), straight.rows(SCORES));
        prop_assert_eq!(shuffled.rows(EXPLANATIONS), straight.rows(EXPLANATIONS));
        prop_assert_eq!(shuffled.rows(SUMMARY), straight.rows(SUMMARY));
    }
}

fn counts(rows: Vec<String>) -> BTreeMap<String, String> {
    let pair = |row: String| row.split_once(',').map(|(a, rest)| (a.to_owned(), rest.to_owned()));
    rows.into_iter().filter_map(pair).collect()
}
