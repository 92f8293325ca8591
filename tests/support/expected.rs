//! What the shipped rules must have found, by plain SQL over the transactions that were loaded.
//!
//! Each query gives the crossings of a rule as (account_id, window_start, transaction_id). A windowed rule
//! crosses with each transaction that finds the window's aggregate beyond the limit, in the order of the
//! topic; amounts are positive, so a window that has crossed stays so.

use super::Database;

/// Each shipped rule with its crossings.
pub const RULES: [(&str, &str); 5] = [
    (
        "HIGH_AMOUNT",
        "SELECT account_id, NULL::timestamptz AS window_start, transaction_id FROM transactions WHERE amount > 5000",
    ),
    (
        "NIGHT",
        "SELECT account_id, NULL::timestamptz AS window_start, transaction_id FROM transactions
         WHERE amount > 1000
           AND (extract(hour FROM event_time AT TIME ZONE 'UTC') >= 22
             OR extract(hour FROM event_time AT TIME ZONE 'UTC') < 6)",
    ),
    (
        "VELOCITY",
        "SELECT account_id, window_start, transaction_id FROM (
           SELECT account_id, date_bin('1 minute', event_time, 'epoch') AS window_start, transaction_id,
                  count(*) OVER (PARTITION BY account_id, date_bin('1 minute', event_time, 'epoch')
                                 ORDER BY source_partition, source_offset) AS n
           FROM transactions) w WHERE n > 3",
    ),
    (
        "AMOUNT_VELOCITY",
        "SELECT account_id, window_start, transaction_id FROM (
           SELECT account_id, date_bin('5 minutes', event_time, 'epoch') AS window_start, transaction_id,
                  sum(amount) OVER (PARTITION BY account_id, date_bin('5 minutes', event_time, 'epoch')
                                    ORDER BY source_partition, source_offset) AS total
           FROM transactions) w WHERE total > 10000",
    ),
    (
        "RAPID_FIRE",
        "SELECT account_id, window_start, transaction_id FROM (
           SELECT account_id, date_bin('5 minutes', event_time, 'epoch') AS window_start, transaction_id,
                  count(*) OVER (PARTITION BY account_id, date_bin('5 minutes', event_time, 'epoch')
                                 ORDER BY source_partition, source_offset) AS n
           FROM transactions) w WHERE n > 15",
    ),
];

/// The crossings of a rule that are stored.
fn stored(rule: &str) -> String {
    format!(
        "SELECT a.account_id, a.window_start, o.transaction_id
         FROM alert_occurrences o JOIN fraud_alerts a USING (alert_id) WHERE a.rule_name = '{rule}'"
    )
}

/// Every alert, occurrence and decision is what plain SQL over the loaded rows says; returns how many
/// crossings each rule has.
pub fn check(database: &Database) -> Vec<(&'static str, i64)> {
    RULES.map(|(rule, expected)| (rule, check_crossings(database, rule, expected))).to_vec()
}

/// The stored crossings of a rule are the expected ones, and each (account, window) or transaction has one alert.
pub fn check_crossings(database: &Database, rule: &str, expected: &str) -> i64 {
    let stored = stored(rule);
    let missing = database.rows(&format!("({expected}) EXCEPT ALL ({stored}) LIMIT 5"));
    let surplus = database.rows(&format!("({stored}) EXCEPT ALL ({expected}) LIMIT 5"));
    assert!(missing.is_empty() && surplus.is_empty(), "{rule}: missing {missing:?}, too many {surplus:?}");
    let alerts = format!(
        "SELECT count(*), coalesce(sum(occurrences), 0) FROM fraud_alerts WHERE rule_name = '{rule}'"
    );
    let grouped = format!(
        "SELECT count(DISTINCT (account_id, coalesce(window_start::text, transaction_id))), count(*) FROM ({expected}) e"
    );
    assert_eq!(database.rows(&alerts), database.rows(&grouped), "{rule}: alerts and their occurrences");
    database.count(&format!("SELECT count(*) FROM ({expected}) e"))
}

/// True once the crossings of all shipped rules are there in number.
pub fn complete(database: &Database) -> bool {
    let differ = |(rule, expected): &(&str, &str)| {
        database.count(&format!(
            "SELECT (SELECT count(*) FROM ({expected}) e) - (SELECT count(*) FROM ({}) s)",
            stored(rule)
        ))
    };
    RULES.iter().all(|rule| differ(rule) == 0)
}

/// The current decision of every stored transaction follows from the lists and its live alerts, by the default
/// policy: the gravest alert is the base, and what the rules count in their windows adds to it.
pub fn check_decisions(database: &Database) {
    let expected = "
        SELECT t.transaction_id,
               CASE WHEN EXISTS (SELECT FROM list_entries l WHERE lower(l.value) = lower(
                        CASE l.kind WHEN 'merchant' THEN t.merchant WHEN 'account' THEN t.account_id
                                    WHEN 'category' THEN t.category ELSE t.country END)) THEN 'BLOCK'
                    WHEN s.score >= 90 THEN 'BLOCK'
                    WHEN s.score >= 70 THEN 'REVIEW'
                    ELSE 'APPROVE' END AS decision
        FROM transactions t
        LEFT JOIN (SELECT transaction_id, max(points) + CASE WHEN max(n) > 15 THEN 20 WHEN max(n) > 10 THEN 10 ELSE 0 END AS score
                   FROM (SELECT transaction_id,
                                greatest(floor(risk_score), CASE severity WHEN 'critical' THEN 90 WHEN 'high' THEN 70
                                                                          WHEN 'medium' THEN 40 ELSE 0 END) AS points,
                                (SELECT e.value::numeric FROM jsonb_each_text(evidence) e
                                 WHERE lower(e.key) = 'transaction_count') AS n
                         FROM alert_occurrences WHERE mode = 'live') o
                   GROUP BY transaction_id) s USING (transaction_id)";
    let current = "SELECT transaction_id, decision FROM current_decisions";
    let missing = database.rows(&format!("({expected}) EXCEPT ALL ({current}) LIMIT 5"));
    let surplus = database.rows(&format!("({current}) EXCEPT ALL ({expected}) LIMIT 5"));
    assert!(missing.is_empty() && surplus.is_empty(), "decisions: missing {missing:?}, too many {surplus:?}");
}

/// Every shipped rule has fired: at least 100 times in the long run of 200,000 transactions.
pub fn check_fired(fired: &[(&str, i64)], transactions: i64) {
    let least = (transactions / 2_000).max(1);
    for (rule, crossings) in fired {
        assert!(*crossings >= least, "{rule} fired {crossings} times in {transactions} transactions");
    }
}
