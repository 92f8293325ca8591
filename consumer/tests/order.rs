//! The same records in any order and batching, delivered again and again, give the same decisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use consumer::Options;
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

/// Delivers in this order, in parts, some records twice.
fn deliver(db: &Db, order: &[Rec], parts: usize, batch: usize) {
    let log = log();
    for part in order.chunks(order.len().div_ceil(parts).max(1)) {
        send(log.as_ref(), part);
        let again: Vec<Rec> = part.iter().step_by(3).cloned().collect();
        send(log.as_ref(), &again);
        drain_with(&log, Options { max_batch: batch, ..Options::new(&db.writer_url) });
    }
}

const CURRENT: &str =
    "SELECT transaction_id, decision, severity, transaction_known FROM current_decisions ORDER BY 1";
/// What they rest on, without the lists, which an alert alone cannot be compared with in full.
const EXPLANATIONS: &str = "SELECT transaction_id, encode(inputs_hash, 'hex') FROM decisions
    JOIN decision_heads USING (transaction_id, version) ORDER BY 1";
const SUMMARY: &str = "SELECT account_id, transactions, total_amount, alerts, flagged, reviewed, blocked
    FROM account_summary ORDER BY 1";
/// The summary, counted again.
const COUNTED: &str = "SELECT account_id, count(*), sum(amount),
        (SELECT count(*) FROM fraud_alerts a WHERE a.account_id = c.account_id AND a.mode = 'live'),
        count(*) FILTER (WHERE version > 0), count(*) FILTER (WHERE decision = 'REVIEW'),
        count(*) FILTER (WHERE decision = 'BLOCK')
    FROM current_decisions c WHERE transaction_known GROUP BY account_id ORDER BY 1";

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_decisions(
        (cases, order) in prop::collection::vec(case(), 1..25).prop_flat_map(|cases| {
            let records = records(&cases);
            (Just(cases), Just(records).prop_shuffle())
        }),
        parts in 1..4_usize,
        batch in prop::sample::select(vec![1_usize, 3, 1_000]),
    ) {
        let Some(straight) = db() else { return Ok(()) };
        let Some(shuffled) = db() else { return Ok(()) };
        deliver(&straight, &records(&cases), 1, 1_000);
        deliver(&shuffled, &order, parts, batch);
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

fn counts(rows: Vec<String>) -> BTreeMap<String, String> {
    let pair = |row: String| row.split_once(',').map(|(a, rest)| (a.to_owned(), rest.to_owned()));
    rows.into_iter().filter_map(pair).collect()
}
