//! What each view must give, counted in plain Rust over the rows of the tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use sqlx::Connection;

use crate::common::Db;

/// A query and what it must give.
pub(crate) type View = (&'static str, fn(&Tables) -> Vec<Value>);

/// Each view with its oracle.
pub(crate) const VIEWS: [View; 10] = [
    (PROFILES, profiles),
    (STATISTICS, statistics),
    (RATES, rates),
    (PERFORMANCE, performance),
    (MERCHANTS, merchants),
    (VOLUME, volume),
    (TIMELINE, timeline),
    (TRAIL, trail),
    (DECISIONS, decisions),
    (INVESTIGATIONS, investigations),
];

/// One connection for many queries: to enter takes longer than to ask.
pub(crate) struct Reader {
    runtime: tokio::runtime::Runtime,
    connection: sqlx::PgConnection,
}

impl Reader {
    pub(crate) fn of(db: &Db) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(sqlx::PgConnection::connect(&db.owner_url)).unwrap();
        Self { runtime, connection }
    }
}

/// The rows of a query as JSON objects, in order of their text.
pub(crate) fn table(db: &mut Reader, sql: &str) -> Vec<Value> {
    let all = format!("SELECT to_jsonb(q)::text FROM ({sql}) q");
    let query = sqlx::query_scalar(sqlx::AssertSqlSafe(all));
    let rows: Vec<String> = db.runtime.block_on(query.fetch_all(&mut db.connection)).unwrap();
    sorted(rows.iter().map(|row| serde_json::from_str(row).unwrap()))
}

fn sorted(rows: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut rows: Vec<Value> = rows.into_iter().collect();
    rows.sort_by_key(Value::to_string);
    rows
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn number(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or_else(|| panic!("{name} of {row}"))
}

/// In percent, rounded to three digits, as `round(100.0 * part / whole, 3)`; null without a whole.
fn percent(part: i64, whole: i64) -> Value {
    match whole {
        0 => Value::Null,
        _ => json!((part as f64 * 100_000.0 / whole as f64).round() / 1_000.0),
    }
}

/// What the tables hold, read without any view.
pub(crate) struct Tables {
    transactions: Vec<Value>,
    crossings: Vec<Value>,
    alerts: Vec<Value>,
    versions: Vec<Value>,
    /// The latest version by transaction.
    current: HashMap<String, Value>,
    labels: HashMap<String, bool>,
    investigations: Vec<Value>,
}

impl Tables {
    pub(crate) fn read(db: &mut Reader) -> Self {
        let day = "(event_time AT TIME ZONE 'UTC')::date AS day";
        let versions = table(db, "SELECT *, extract(epoch FROM event_time) AS at FROM decisions");
        let mut current: HashMap<String, Value> = HashMap::new();
        for version in &versions {
            let known =
                current.entry(text(version, "transaction_id").to_owned()).or_insert_with(|| version.clone());
            if number(version, "version") > number(known, "version") {
                *known = version.clone();
            }
        }
        Self {
            transactions: table(
                db,
                &format!(
                    "SELECT transaction_id, account_id, merchant, (amount * 100)::bigint AS cents, {day},
                            (extract(epoch FROM event_time) / 3600)::bigint AS hour FROM transactions"
                ),
            ),
            crossings: table(
                db,
                &format!("SELECT *, {day}, (amount * 100)::bigint AS cents FROM alert_occurrences"),
            ),
            alerts: table(
                db,
                "SELECT *, (amount * 100)::bigint AS cents, (extract(epoch FROM alert_time) / 3600)::bigint AS hour
                 FROM fraud_alerts WHERE mode = 'live'",
            ),
            versions,
            current,
            investigations: table(db, "SELECT * FROM investigations"),
            labels: table(db, "SELECT transaction_id, is_fraud FROM labels")
                .iter()
                .map(|row| (text(row, "transaction_id").to_owned(), row["is_fraud"] == true))
                .collect(),
        }
    }

    fn decision(&self, id: &str) -> &str {
        self.current.get(id).map_or("APPROVE", |version| text(version, "decision"))
    }

    fn count(&self, rows: &[&Value], holds: impl Fn(&Self, &str) -> bool) -> i64 {
        rows.iter().filter(|row| holds(self, text(row, "transaction_id"))).count() as i64
    }

    /// How many of these transactions are flagged, reviewed, blocked.
    fn decided(&self, rows: &[&Value]) -> (i64, i64, i64) {
        (
            self.count(rows, |t, id| t.current.contains_key(id)),
            self.count(rows, |t, id| t.decision(id) == "REVIEW"),
            self.count(rows, |t, id| t.decision(id) == "BLOCK"),
        )
    }
}

/// Rows by what a key says of them.
fn grouped<'a, K: Ord>(
    rows: impl IntoIterator<Item = &'a Value>,
    key: impl Fn(&'a Value) -> K,
) -> BTreeMap<K, Vec<&'a Value>> {
    let mut groups: BTreeMap<K, Vec<&Value>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    groups
}

fn sum(rows: &[&Value]) -> i64 {
    rows.iter().map(|row| row["cents"].as_i64().unwrap_or(0)).sum()
}

fn profiles(tables: &Tables) -> Vec<Value> {
    let mut transactions = grouped(&tables.transactions, |t| text(t, "account_id"));
    let alerts = grouped(&tables.alerts, |a| text(a, "account_id"));
    for account in alerts.keys() {
        transactions.entry(account).or_default();
    }
    sorted(transactions.iter().map(|(account, of)| {
        let (flagged, reviewed, blocked) = tables.decided(of);
        let of_account = || tables.versions.iter().filter(|v| v["account_id"] == **account);
        let latest = of_account().max_by(|a, b| {
            let key = |v: &Value| {
                let at = v["at"].as_f64().unwrap_or(0.0);
                ((at * 1e6) as i64, text(v, "transaction_id").to_owned(), number(v, "version"))
            };
            key(a).cmp(&key(b))
        });
        json!({
            "account_id": account, "transactions": of.len(), "cents": sum(of), "flagged": flagged,
            "approved": of.len() as i64 - reviewed - blocked, "reviewed": reviewed, "blocked": blocked,
            "alerts": alerts.get(account).map_or(0, Vec::len),
            "fraud_rate": if of.is_empty() { json!(0.0) } else { percent(flagged, of.len() as i64) },
            "highest_score": of_account().filter_map(|v| v["score"].as_i64()).max(),
            "latest_score": latest.map(|v| v["score"].clone()),
        })
    }))
}

const PROFILES: &str =
    "SELECT account_id, transactions, (total_amount * 100)::bigint AS cents, flagged, approved,
    reviewed, blocked, alerts, fraud_rate::float8, highest_score, latest_score FROM account_risk_profile";

fn statistics(tables: &Tables) -> Vec<Value> {
    let groups = grouped(&tables.alerts, |a| {
        let named = if a["fraud_type"].is_null() { "rule_name" } else { "fraud_type" };
        (number(a, "hour"), text(a, named))
    });
    sorted(groups.iter().map(|((hour, kind), of)| {
        let accounts: BTreeSet<&str> = of.iter().map(|a| text(a, "account_id")).collect();
        let score = of.iter().filter_map(|a| a["risk_score"].as_f64()).sum::<f64>() / of.len() as f64;
        json!({
            "hour": hour, "fraud_type": kind, "alerts": of.len(), "accounts": accounts.len(), "cents": sum(of),
            "occurrences": of.iter().map(|a| number(a, "occurrences")).sum::<i64>(),
            "score": (score * 1e6).round() as i64,
        })
    }))
}

const STATISTICS: &str =
    "SELECT (extract(epoch FROM hour) / 3600)::bigint AS hour, fraud_type, alerts, accounts,
    (total_amount * 100)::bigint AS cents, occurrences, round(average_risk_score * 1e6)::bigint AS score
    FROM fraud_statistics";

fn rates(tables: &Tables) -> Vec<Value> {
    let by_day = grouped(&tables.transactions, |t| text(t, "day"));
    let days = by_day.into_iter().map(|(day, of)| (json!(day), of));
    let whole = (Value::Null, tables.transactions.iter().collect());
    let one = |(day, of): (Value, Vec<&Value>)| {
        let fraud = |t: &Tables, id: &str| t.labels.get(id) == Some(&true);
        let labelled_flagged =
            tables.count(&of, |t, id| t.labels.contains_key(id) && t.current.contains_key(id));
        let fraud_flagged = tables.count(&of, |t, id| fraud(t, id) && t.current.contains_key(id));
        json!({
            "day": day, "transactions": of.len(), "labelled": tables.count(&of, |t, id| t.labels.contains_key(id)),
            "fraud": tables.count(&of, fraud), "fraud_rate": percent(tables.count(&of, fraud), of.len() as i64),
            "fraud_flagged": fraud_flagged, "recall": percent(fraud_flagged, tables.count(&of, fraud)),
            "precision": percent(fraud_flagged, labelled_flagged),
        })
    };
    sorted(days.chain([whole]).map(one).filter(|row| row["transactions"] != 0))
}

const RATES: &str =
    "SELECT day, transactions, labelled, fraud, fraud_rate::float8, fraud_flagged, recall::float8,
    precision::float8 FROM fraud_rate WHERE transactions > 0";

fn performance(tables: &Tables) -> Vec<Value> {
    // By day and transaction: which rules fired.
    let together = grouped(&tables.crossings, |o| (text(o, "day"), text(o, "transaction_id")));
    let others = |o: &Value| {
        let names = &together[&(text(o, "day"), text(o, "transaction_id"))];
        names.iter().any(|other| other["rule_name"] != o["rule_name"])
    };
    let fraud_in_all = tables.labels.values().filter(|is_fraud| **is_fraud).count() as i64;
    let groups = grouped(&tables.crossings, |o| (text(o, "rule_name"), text(o, "mode")));
    sorted(groups.iter().map(|((rule, mode), of)| {
        let accounts: BTreeSet<&str> = of.iter().map(|o| text(o, "account_id")).collect();
        let hits: BTreeMap<(&str, &str), &Value> =
            of.iter().map(|o| ((text(o, "day"), text(o, "transaction_id")), *o)).collect();
        let hits: Vec<&Value> = hits.into_values().collect();
        let label = |o: &Value| tables.labels.get(text(o, "transaction_id")).copied();
        let found = |wanted: Option<bool>| hits.iter().filter(|o| label(o) == wanted).count() as i64;
        let (yes, no) = (found(Some(true)), found(Some(false)));
        json!({
            "rule_name": rule, "mode": mode, "fired": of.len(), "transactions": hits.len(),
            "accounts": accounts.len(), "cents": sum(&hits), "labelled": yes + no, "true_positives": yes,
            "false_positives": no, "precision": percent(yes, yes + no), "recall": percent(yes, fraud_in_all),
            "overlap": hits.iter().filter(|o| others(o)).count(),
            "caught_alone": hits.iter().filter(|o| label(o) == Some(true) && !others(o)).count(),
        })
    }))
}

const PERFORMANCE: &str =
    "SELECT rule_name, mode, fired, transactions, accounts, (amount * 100)::bigint AS cents,
    labelled, true_positives, false_positives, precision::float8, recall::float8, overlap, caught_alone
    FROM rule_performance";

fn merchants(tables: &Tables) -> Vec<Value> {
    let named = tables.transactions.iter().filter(|t| !t["merchant"].is_null());
    sorted(grouped(named, |t| text(t, "merchant")).iter().map(|(merchant, of)| {
        let (flagged, reviewed, blocked) = tables.decided(of);
        json!({
            "merchant": merchant, "transactions": of.len(), "cents": sum(of), "flagged": flagged,
            "reviewed": reviewed, "blocked": blocked, "fraud_rate": percent(flagged, of.len() as i64),
        })
    }))
}

const MERCHANTS: &str =
    "SELECT merchant, transactions, (total_amount * 100)::bigint AS cents, flagged, reviewed,
    blocked, fraud_rate::float8 FROM merchant_risk";

fn volume(tables: &Tables) -> Vec<Value> {
    let alerts = grouped(&tables.alerts, |a| number(a, "hour"));
    sorted(grouped(&tables.transactions, |t| number(t, "hour")).iter().map(|(hour, of)| {
        json!({
            "hour": hour, "transactions": of.len(), "cents": sum(of),
            "highest": of.iter().map(|t| number(t, "cents")).max(),
            "alerts": alerts.get(hour).map_or(0, Vec::len),
        })
    }))
}

const VOLUME: &str = "SELECT (extract(epoch FROM hour) / 3600)::bigint AS hour, transactions,
    (total_amount * 100)::bigint AS cents, (max_amount * 100)::bigint AS highest, alerts FROM hourly_volume";

fn timeline(tables: &Tables) -> Vec<Value> {
    sorted(tables.crossings.iter().map(|o| {
        let id = text(o, "transaction_id");
        let current = tables.current.get(id);
        json!({
            "account_id": o["account_id"], "transaction_id": id, "rule_name": o["rule_name"], "evidence": o["evidence"],
            "alert_id": o["alert_id"], "decision": current.map(|v| v["decision"].clone()),
            "decision_version": current.map(|v| v["version"].clone()), "is_fraud": tables.labels.get(id),
        })
    }))
}

const TIMELINE: &str =
    "SELECT account_id, transaction_id, rule_name, evidence, alert_id, decision, decision_version,
    is_fraud FROM alert_timeline";

fn trail(tables: &Tables) -> Vec<Value> {
    sorted(tables.versions.iter().map(|v| {
        json!({
            "kind": "decision", "account_id": v["account_id"], "transaction_id": v["transaction_id"],
            "version": v["version"], "decision": v["decision"], "score": v["score"], "reason": v["reason"],
            "factors": v["explanation"]["factors"], "policy": v["explanation"]["policy"]["hash"],
            "alerts": v["explanation"]["alerts"].as_object().unwrap().len(),
        })
    }))
}

const TRAIL: &str =
    "SELECT kind, account_id, transaction_id, version, decision, score, reason, factors, policy,
    jsonb_array_length(alerts) AS alerts FROM audit_trail WHERE kind = 'decision'";

fn decisions(tables: &Tables) -> Vec<Value> {
    let stored: BTreeSet<&str> = tables.transactions.iter().map(|t| text(t, "transaction_id")).collect();
    let waiting = tables.current.keys().map(String::as_str).filter(|id| !stored.contains(id));
    sorted(stored.iter().map(|id| (*id, true)).chain(waiting.map(|id| (id, false))).map(|(id, known)| {
        let version = tables.current.get(id).map_or(json!(0), |v| v["version"].clone());
        json!({"transaction_id": id, "decision": tables.decision(id), "version": version, "transaction_known": known})
    }))
}

const DECISIONS: &str = "SELECT transaction_id, decision, version, transaction_known FROM current_decisions";

fn investigations(tables: &Tables) -> Vec<Value> {
    let alerts = grouped(&tables.alerts, |a| text(a, "account_id"));
    sorted(tables.investigations.iter().filter(|i| i["status"] == "open").map(|i| {
        let account = text(i, "account_id");
        json!({
            "id": i["id"], "account_id": account, "highest_score": i["highest_score"],
            "account_alerts": alerts.get(account).map_or(0, Vec::len),
        })
    }))
}

const INVESTIGATIONS: &str = "SELECT id, account_id, highest_score, account_alerts FROM open_investigations";
