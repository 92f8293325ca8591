//! What is known around the transactions that a batch decides.
//!
//! What enters: accounts and event times. What leaves: profiles, the day's spending, recent alerts and
//! dispositions, for all of them in one statement each; and which earlier decisions a late record may change.
//! What holds: counts are of what is stored with an event time up to the transaction's, so that they are the
//! same whatever came first, once everything has come.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use events::{CustomerProfile, Mode, Severity};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::decision::context::{CROSSINGS, Context, DayFacts, Dispositions, RecentAlerts};
use crate::decision::{Inputs, Policy, ProfileFacts};
use crate::intake::Intake;
use crate::store::alerts::Fresh;
use crate::store::time;
use crate::store::transactions::Inserted;

/// Whose context is wanted.
#[derive(Debug)]
struct Wanted<'a> {
    id: &'a str,
    account: &'a str,
    at: DateTime<Utc>,
    /// Whether the transaction itself has come.
    known: bool,
}

/// The contexts of what is to be decided, by transaction id.
pub(super) async fn load<'a>(
    tx: &mut PgConnection,
    inputs: impl Iterator<Item = (&'a str, &'a Inputs)>,
    policy: &Policy,
) -> sqlx::Result<HashMap<String, Context>> {
    let wanted: Vec<Wanted<'_>> = inputs
        .filter(|(_, inputs)| !inputs.alerts.is_empty() || !inputs.list_hits.is_empty())
        .filter_map(|(id, inputs)| {
            let (at, subject) = inputs.subject()?;
            let known = !inputs.transactions.is_empty();
            Some(Wanted { id, account: &subject.account_id, at: time(at), known })
        })
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let profiles = profiles(tx, &wanted).await?;
    let mut days = days(tx, &wanted, &profiles).await?;
    let look_back = TimeDelta::hours(i64::from(policy.look_back_hours));
    let mut recent = recent(tx, &wanted, look_back, CROSSINGS).await?;
    let mut dispositions = dispositions(tx, &wanted, look_back).await?;
    Ok(wanted
        .iter()
        .map(|w| {
            let context = Context {
                profile: profiles.get(w.account).cloned(),
                day: days.remove(w.id),
                recent: recent.remove(w.id),
                dispositions: dispositions.remove(w.id),
            };
            (w.id.to_owned(), context)
        })
        .collect())
}

async fn profiles(
    tx: &mut PgConnection,
    wanted: &[Wanted<'_>],
) -> sqlx::Result<HashMap<String, ProfileFacts>> {
    let accounts: BTreeSet<&str> = wanted.iter().map(|w| w.account).collect();
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT account_id, profile::text FROM customer_profiles WHERE account_id = ANY($1)")
            .bind(accounts.into_iter().collect::<Vec<_>>())
            .fetch_all(tx)
            .await?;
    rows.into_iter()
        .map(|(account, json)| {
            let profile = CustomerProfile::from_json(json.as_bytes())
                .map_err(|error| sqlx::Error::Decode(format!("profile of {account}: {error}").into()))?;
            Ok((account, ProfileFacts::of(&profile)))
        })
        .collect()
}

/// Midnight, UTC, before an event.
fn midnight(at: DateTime<Utc>) -> DateTime<Utc> {
    at.date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// What each transaction's account had done on the day, up to and with it. Each account's day is read once.
async fn days(
    tx: &mut PgConnection,
    wanted: &[Wanted<'_>],
    profiles: &HashMap<String, ProfileFacts>,
) -> sqlx::Result<HashMap<String, DayFacts>> {
    let mut days: BTreeMap<(&str, DateTime<Utc>), DateTime<Utc>> = BTreeMap::new();
    for w in wanted.iter().filter(|w| w.known) {
        let until = days.entry((w.account, midnight(w.at))).or_insert(w.at);
        *until = w.at.max(*until);
    }
    if days.is_empty() {
        return Ok(HashMap::new());
    }
    let currency = |account: &str| profiles.get(account).and_then(|profile| profile.currency.as_deref());
    let rows: Vec<(String, String, i64, Decimal)> = sqlx::query_as(
        "SELECT w.account, t.transaction_id, t.transactions, t.spent
         FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[])
              AS w (account, midnight, until, currency)
         CROSS JOIN LATERAL (
             SELECT transaction_id, count(*) OVER day AS transactions,
                    sum(CASE WHEN transaction_type = 'deposit' OR upper(currency) <> upper(w.currency) THEN 0
                             ELSE amount END) OVER day AS spent
             FROM transactions
             WHERE account_id = w.account AND event_time BETWEEN w.midnight AND w.until
             WINDOW day AS (ORDER BY event_time, transaction_id COLLATE \"C\")) t
         WHERE t.transaction_id = ANY($5)",
    )
    .bind(days.keys().map(|(account, _)| *account).collect::<Vec<_>>())
    .bind(days.keys().map(|(_, midnight)| *midnight).collect::<Vec<_>>())
    .bind(days.values().copied().collect::<Vec<_>>())
    .bind(days.keys().map(|(account, _)| currency(account)).collect::<Vec<_>>())
    .bind(wanted.iter().map(|w| w.id).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let accounts: HashMap<&str, &str> = wanted.iter().map(|w| (w.id, w.account)).collect();
    let mut found: HashMap<String, DayFacts> = HashMap::new();
    for (account, id, transactions, spent) in rows {
        if accounts.get(id.as_str()) == Some(&account.as_str()) {
            let day = DayFacts { transactions, spent: spent.normalize() };
            // An id that was used twice on a day is judged by its first transaction.
            match found.get(&id) {
                Some(known) if known.transactions <= day.transactions => {}
                _ => drop(found.insert(id, day)),
            }
        }
    }
    Ok(found)
}

/// The latest crossings of an account are found at the end of its index; those of one time count all or not at all, so
/// that the same rows give the same count.
const RECENT: &str = "
    SELECT w.id, r.alerts, r.severity::text, r.crossings >= $5
    FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS w (id, account, at)
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT alert_id) AS alerts, max(severity) AS severity, count(*) AS crossings
        FROM (SELECT alert_id, severity FROM alert_occurrences
              WHERE account_id = w.account AND event_time >= w.at - $4 AND event_time < w.at AND mode = 'live'
                AND transaction_id IS DISTINCT FROM w.id
              ORDER BY event_time DESC FETCH FIRST $5 ROWS WITH TIES) latest) r
    WHERE r.alerts > 0";

/// Live alerts on the accounts' other transactions, in the look-back before each transaction, of so many crossings.
async fn recent(
    tx: &mut PgConnection,
    wanted: &[Wanted<'_>],
    look_back: TimeDelta,
    crossings: i64,
) -> sqlx::Result<HashMap<String, RecentAlerts>> {
    let rows: Vec<(String, i64, String, bool)> = sqlx::query_as(RECENT)
        .bind(wanted.iter().map(|w| w.id).collect::<Vec<_>>())
        .bind(wanted.iter().map(|w| w.account).collect::<Vec<_>>())
        .bind(wanted.iter().map(|w| w.at).collect::<Vec<_>>())
        .bind(look_back)
        .bind(crossings)
        .fetch_all(tx)
        .await?;
    let facts = |alerts, severity: &str, or_more| RecentAlerts {
        alerts,
        severity: severity.parse::<Severity>().unwrap_or_default(),
        or_more,
    };
    Ok(rows.into_iter().map(|(id, alerts, severity, more)| (id, facts(alerts, &severity, more))).collect())
}

/// What an analyst found on a transaction.
struct Found {
    transaction: String,
    at: DateTime<Utc>,
    fraud: bool,
}

/// What analysts found on the accounts' other transactions, in the look-back before each transaction. People
/// give them one by one, so those of the accounts are few.
async fn dispositions(
    tx: &mut PgConnection,
    wanted: &[Wanted<'_>],
    look_back: TimeDelta,
) -> sqlx::Result<HashMap<String, Dispositions>> {
    let accounts: BTreeSet<&str> = wanted.iter().map(|w| w.account).collect();
    let times = wanted.iter().map(|w| w.at);
    let rows: Vec<(String, String, DateTime<Utc>, String)> = sqlx::query_as(
        "SELECT account_id, transaction_id, event_time, verdict FROM dispositions
         WHERE account_id = ANY($1) AND event_time >= $2 AND event_time < $3
         ORDER BY id DESC",
    )
    .bind(accounts.into_iter().collect::<Vec<_>>())
    .bind(times.clone().min().map(|first| first - look_back))
    .bind(times.max())
    .fetch_all(tx)
    .await?;
    let mut by_account: HashMap<String, Vec<Found>> = HashMap::new();
    for (account, transaction, at, verdict) in rows {
        let found = Found { transaction, at, fraud: verdict == "fraud" };
        by_account.entry(account).or_default().push(found);
    }
    Ok(wanted
        .iter()
        .filter_map(|w| {
            let told = latest_verdicts(by_account.get(w.account)?, w, look_back);
            (told != Dispositions::default()).then(|| (w.id.to_owned(), told))
        })
        .collect())
}

/// `found` has the latest first, which is what counts of a transaction.
fn latest_verdicts(found: &[Found], wanted: &Wanted<'_>, look_back: TimeDelta) -> Dispositions {
    let (mut told, mut seen) = (Dispositions::default(), BTreeSet::new());
    let span = wanted.at - look_back..wanted.at;
    for found in found.iter().filter(|f| span.contains(&f.at) && f.transaction != wanted.id) {
        if seen.insert(found.transaction.as_str()) {
            told.fraud += i64::from(found.fraud);
            told.legitimate += i64::from(!found.fraud);
        }
    }
    told
}

/// Decisions that a batch's new records may change because these are of before them: a late alert in its
/// look-back, a late transaction on the same day. `latest` is the latest event time decided of each account
/// that has one in question: mostly of none, and then nothing is asked.
pub(super) async fn changed_by_late(
    tx: &mut PgConnection,
    intake: &Intake,
    inserted: &Inserted,
    fresh: &Fresh,
    latest: &HashMap<String, i64>,
    policy: &Policy,
) -> sqlx::Result<Vec<String>> {
    let mut spans: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let mut add = |account, from: i64, until: i64| {
        let span = spans.entry(account).or_insert((from, until));
        *span = (span.0.min(from), span.1.max(until));
    };
    let look_back = i64::from(policy.look_back_hours) * 3_600_000_000;
    for alert in fresh.occurrences.iter().map(|&i| &intake.alerts[i].value) {
        let at = alert.source.timestamp.saturating_mul(1_000);
        if alert.rule_mode == Mode::Live && latest.get(&alert.account_id).is_some_and(|last| *last > at) {
            add(alert.account_id.as_str(), at, at.saturating_add(look_back));
        }
    }
    for t in intake.transactions.iter().filter(|t| inserted.contains(t.position)) {
        let at = t.value.timestamp.timestamp_micros();
        if latest.get(&t.value.account_id).is_some_and(|last| *last >= at) {
            let end = midnight(t.value.timestamp) + TimeDelta::days(1);
            add(&t.value.account_id, at, end.timestamp_micros());
        }
    }
    if spans.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(
        "SELECT DISTINCT d.transaction_id
         FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS w (account, first, last)
         CROSS JOIN LATERAL (
             SELECT transaction_id FROM decisions
             WHERE account_id = w.account AND event_time BETWEEN w.first AND w.last OFFSET 0) d",
    )
    .bind(spans.keys().copied().collect::<Vec<_>>())
    .bind(spans.values().map(|(first, _)| time(*first)).collect::<Vec<_>>())
    .bind(spans.values().map(|(_, last)| time(*last)).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
}

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;
