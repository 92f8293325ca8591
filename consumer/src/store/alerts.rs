//! Alerts and their crossings.
//!
//! What enters: alerts and retractions in the order of their records. What leaves: a row per crossing, a row
//! per alert that says what its latest crossing said, and which of both are new. What holds: a crossing that
//! is there already changes nothing; an alert is never deleted, a retraction only marks it.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use events::{EXTERNAL_VERSION, FraudAlert, Retraction};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::copy::{Direct, insert_new};
use crate::intake::At;
use crate::store::{alert_rows, time_ms};

/// What is new, as indexes of the batch's alerts.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    /// Crossings that were not stored before.
    pub(crate) occurrences: Vec<usize>,
    /// Alerts that were not stored before, by their latest crossing in the batch.
    pub(crate) alerts: Vec<usize>,
}

/// Which of the two tables rows may go straight into.
#[derive(Debug, Default)]
pub(crate) struct Ways {
    occurrences: Direct,
    alerts: Direct,
}

/// The time by which an alert is filed, in epoch milliseconds: the window's start, or without one the
/// source record's time. The same for every crossing of an alert.
pub(crate) fn alert_time(alert: &FraudAlert) -> i64 {
    alert.window_start.unwrap_or(alert.source.timestamp)
}

/// Stores the batch's alerts.
pub(crate) async fn write(
    tx: &mut PgConnection,
    ways: &mut Ways,
    alerts: &[At<FraudAlert>],
    now: DateTime<Utc>,
) -> sqlx::Result<Fresh> {
    let crossings: Vec<usize> = (0..alerts.len()).filter(|&i| alerts[i].value.retraction.is_none()).collect();
    let retracted = crossings.len() < alerts.len();
    let mut fresh = Fresh::default();
    if !crossings.is_empty() {
        fresh.occurrences = store_occurrences(tx, &mut ways.occurrences, alerts, crossings, now).await?;
        fresh.alerts = upsert_alerts(tx, &mut ways.alerts, alerts, &fresh.occurrences, now).await?;
    }
    if retracted {
        retract(tx, alerts.iter().map(|at| &at.value).filter(|alert| alert.retraction.is_some()), now)
            .await?;
    }
    Ok(fresh)
}

/// The position that tells two crossings of an alert apart, and orders them.
type Crossing<'a> = (Uuid, i64, &'a str, i32, i64, u32);

fn crossing(alert: &FraudAlert) -> Crossing<'_> {
    let s = &alert.source;
    (alert.alert_id, s.timestamp, &s.topic, s.partition, s.offset, s.ordinal)
}

/// Stores crossings; returns those that are new, each once.
async fn store_occurrences(
    tx: &mut PgConnection,
    direct: &mut Direct,
    alerts: &[At<FraudAlert>],
    crossings: Vec<usize>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<usize>> {
    let rows = crossings.iter().map(|&i| &alerts[i].value);
    if direct.copy(tx, alert_rows::OCCURRENCES, rows, |rows, a| alert_rows::occurrence(rows, a, now)).await? {
        return Ok(crossings);
    }
    let new = insert_occurrences(tx, alerts, &crossings, now).await?;
    if new.len() < crossings.len() {
        direct.met_a_key();
    }
    Ok(new)
}

/// Inserts crossings, some of which may be there; returns those that are new, each once.
async fn insert_occurrences(
    tx: &mut PgConnection,
    alerts: &[At<FraudAlert>],
    crossings: &[usize],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<usize>> {
    let rows: Vec<(Uuid, DateTime<Utc>, String, i32, i64, i32)> = insert_new(
        tx,
        alert_rows::OCCURRENCES,
        crossings.iter().map(|&i| &alerts[i].value),
        |rows, alert| alert_rows::occurrence(rows, alert, now),
        "alert_id, event_time, source_topic, source_partition, source_offset, ordinal",
    )
    .await?;
    let mut new: HashSet<Crossing<'_>> = rows
        .iter()
        .map(|(id, time, topic, partition, offset, ordinal)| {
            (*id, time.timestamp_millis(), topic.as_str(), *partition, *offset, *ordinal as u32)
        })
        .collect();
    // Removing makes the first of two equal records the one that counts, as it is the one that was stored.
    Ok(crossings.iter().copied().filter(|&i| new.remove(&crossing(&alerts[i].value))).collect())
}

/// New crossings of one alert.
pub(super) struct Group {
    latest: usize,
    pub(super) count: i64,
    /// The time by which the alert is filed.
    pub(super) time: i64,
}

/// Adds new crossings to their alerts; returns the alerts that are new, by their latest crossing.
async fn upsert_alerts(
    tx: &mut PgConnection,
    direct: &mut Direct,
    alerts: &[At<FraudAlert>],
    fresh: &[usize],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<usize>> {
    let mut filed = filed_external(tx, alerts, fresh).await?;
    let mut groups: BTreeMap<(Uuid, i64), Group> = BTreeMap::new();
    for &i in fresh {
        let mut time = alert_time(&alerts[i].value);
        if is_filed_anywhere(&alerts[i].value) {
            time = *filed.entry(alerts[i].value.alert_id).or_insert(time);
        }
        let group =
            groups.entry((alerts[i].value.alert_id, time)).or_insert(Group { latest: i, count: 0, time });
        group.count += 1;
        if crossing(&alerts[i].value) > crossing(&alerts[group.latest].value) {
            group.latest = i;
        }
    }
    if groups.is_empty() {
        return Ok(Vec::new());
    }
    let rows = groups.values().map(|group| (&alerts[group.latest].value, group));
    if direct.copy(tx, alert_rows::ALERTS, rows, |rows, (a, g)| alert_rows::alert(rows, a, g, now)).await? {
        return Ok(groups.values().map(|group| group.latest).collect());
    }
    let created = insert_alerts(tx, alerts, groups.values(), now).await?;
    let mut new = Vec::new();
    groups.retain(|key, group| {
        let is_new = created.contains(key);
        if is_new {
            new.push(group.latest);
        }
        !is_new
    });
    if !groups.is_empty() {
        direct.met_a_key();
        add_crossings(tx, alerts, groups.values(), now).await?;
    }
    Ok(new)
}

/// Whether the alert's id does not fix the time by which it is filed: that of a foreign engine's alert about
/// a transaction, whose records may have any time.
fn is_filed_anywhere(alert: &FraudAlert) -> bool {
    alert.rule_version == EXTERNAL_VERSION && alert.window_start.is_none()
}

/// Where such alerts are filed already.
async fn filed_external(
    tx: &mut PgConnection,
    alerts: &[At<FraudAlert>],
    fresh: &[usize],
) -> sqlx::Result<HashMap<Uuid, i64>> {
    let ids: Vec<Uuid> = fresh
        .iter()
        .filter(|&&i| is_filed_anywhere(&alerts[i].value))
        .map(|&i| alerts[i].value.alert_id)
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, DateTime<Utc>)> =
        sqlx::query_as("SELECT alert_id, alert_time FROM fraud_alerts WHERE alert_id = ANY($1)")
            .bind(ids)
            .fetch_all(tx)
            .await?;
    Ok(rows.into_iter().map(|(id, time)| (id, time.timestamp_millis())).collect())
}

const ALERT_COLUMNS: &str = "unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::text[], $10::numeric[], $11::text[], $12::text[], $13::float8[], $14::text[],
    $15::timestamptz[], $16::timestamptz[], $17::bigint[], $18::text[], $19::int[], $20::bigint[], $21::int[])
    AS a (alert_id, alert_time, event_time, rule_name, rule_version, mode, severity, account_id, transaction_id,
          amount, fraud_type, fraud_reason, risk_score, evidence, window_start, window_end, occurrences,
          last_topic, last_partition, last_offset, last_ordinal)";

async fn insert_alerts(
    tx: &mut PgConnection,
    alerts: &[At<FraudAlert>],
    groups: impl Iterator<Item = &Group>,
    now: DateTime<Utc>,
) -> sqlx::Result<HashSet<(Uuid, i64)>> {
    let created: Vec<(Uuid, DateTime<Utc>)> = insert_new(
        tx,
        alert_rows::ALERTS,
        groups.map(|group| (&alerts[group.latest].value, group)),
        |rows, (alert, group)| alert_rows::alert(rows, alert, group, now),
        "alert_id, alert_time",
    )
    .await?;
    Ok(created.into_iter().map(|(id, time)| (id, time.timestamp_millis())).collect())
}

async fn add_crossings(
    tx: &mut PgConnection,
    alerts: &[At<FraudAlert>],
    groups: impl Iterator<Item = &Group> + Clone,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let times = groups.clone().map(|g| time_ms(g.time));
    let (from, until) = (times.clone().min(), times.max());
    let newer = "(a.event_time, a.last_topic, a.last_partition, a.last_offset, a.last_ordinal)
        > (f.event_time, f.last_topic, f.last_partition, f.last_offset, f.last_ordinal)";
    let content = [
        "event_time",
        "rule_name",
        "rule_version",
        "mode",
        "account_id",
        "transaction_id",
        "amount",
        "fraud_type",
        "fraud_reason",
        "risk_score",
        "window_end",
        "last_topic",
        "last_partition",
        "last_offset",
        "last_ordinal",
    ]
    .map(|column| format!("{column} = CASE WHEN {newer} THEN a.{column} ELSE f.{column} END"))
    .join(", ");
    let sql = format!(
        "UPDATE fraud_alerts f SET {content},
             severity = CASE WHEN {newer} THEN a.severity::severity ELSE f.severity END,
             evidence = CASE WHEN {newer} THEN a.evidence::jsonb ELSE f.evidence END,
             retracted = CASE WHEN {newer} THEN NULL ELSE f.retracted END,
             cleared_at = CASE WHEN {newer} THEN NULL ELSE f.cleared_at END,
             occurrences = f.occurrences + a.occurrences, updated_at = $22
         FROM {ALERT_COLUMNS}
         WHERE f.alert_id = a.alert_id AND f.alert_time = a.alert_time AND f.alert_time BETWEEN $23 AND $24"
    );
    bind_alerts(sqlx::query(sqlx::AssertSqlSafe(sql)), alerts, groups)
        .bind(now)
        .bind(from)
        .bind(until)
        .execute(tx)
        .await
        .map(drop)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// Binds the parameters of [`ALERT_COLUMNS`].
fn bind_alerts<'q, 'g>(
    query: Query<'q>,
    alerts: &[At<FraudAlert>],
    groups: impl Iterator<Item = &'g Group> + Clone,
) -> Query<'q> {
    let indexes: Vec<usize> = groups.clone().map(|g| g.latest).collect();
    let column = Column { alerts, indexes: &indexes };
    query
        .bind(column.of(|a| a.alert_id))
        .bind(groups.clone().map(|g| time_ms(g.time)).collect::<Vec<_>>())
        .bind(column.of(|a| time_ms(a.source.timestamp)))
        .bind(column.of(|a| a.rule_name.clone()))
        .bind(column.of(|a| a.rule_version.clone()))
        .bind(column.of(|a| a.rule_mode.as_str()))
        .bind(column.of(|a| a.severity.as_str()))
        .bind(column.of(|a| a.account_id.clone()))
        .bind(column.of(|a| a.transaction_id.clone()))
        .bind(column.of(|a| a.amount))
        .bind(column.of(|a| a.fraud_type.clone()))
        .bind(column.of(|a| a.fraud_reason.clone()))
        .bind(column.of(|a| a.risk_score))
        .bind(column.of(|a| a.evidence.to_json()))
        .bind(column.of(|a| a.window_start.map(time_ms)))
        .bind(column.of(|a| a.window_end.map(time_ms)))
        .bind(groups.map(|g| g.count).collect::<Vec<_>>())
        .bind(column.of(|a| a.source.topic.clone()))
        .bind(column.of(|a| a.source.partition))
        .bind(column.of(|a| a.source.offset))
        .bind(column.of(|a| a.source.ordinal as i32))
}

/// Marks alerts as retracted, unless a later crossing is stored.
async fn retract(
    tx: &mut PgConnection,
    retractions: impl Iterator<Item = &FraudAlert>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let latest: BTreeMap<Uuid, &FraudAlert> = retractions.map(|alert| (alert.alert_id, alert)).collect();
    let column = |f: fn(&FraudAlert) -> i64| latest.values().map(|a| f(a)).collect::<Vec<i64>>();
    // The record of a windowed alert names the window; without one only the id is known.
    sqlx::query(
        "UPDATE fraud_alerts f SET retracted = r.what, cleared_at = r.time, updated_at = $8
         FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[])
             AS r (alert_id, what, time, topic, partition, \"offset\", window_start)
         WHERE f.alert_id = r.alert_id
           AND (r.window_start IS NULL OR f.alert_time = r.window_start)
           AND f.alert_time >= COALESCE($9, f.alert_time) AND f.alert_time <= COALESCE($10, f.alert_time)
           AND CASE WHEN f.last_topic = r.topic AND f.last_partition = r.partition
                    THEN r.\"offset\" >= f.last_offset ELSE r.time >= f.event_time END",
    )
    .bind(latest.keys().copied().collect::<Vec<Uuid>>())
    .bind(latest.values().map(|a| retraction(a)).collect::<Vec<_>>())
    .bind(latest.values().map(|a| time_ms(a.source.timestamp)).collect::<Vec<_>>())
    .bind(latest.values().map(|a| a.source.topic.clone()).collect::<Vec<_>>())
    .bind(column(|a| i64::from(a.source.partition)))
    .bind(column(|a| a.source.offset))
    .bind(latest.values().map(|a| a.window_start.map(time_ms)).collect::<Vec<_>>())
    .bind(now)
    .bind(all_windows(&latest).and_then(|times| times.iter().min().copied()).map(time_ms))
    .bind(all_windows(&latest).and_then(|times| times.iter().max().copied()).map(time_ms))
    .execute(tx)
    .await
    .map(drop)
}

/// The windows' starts, where every alert has one.
fn all_windows(alerts: &BTreeMap<Uuid, &FraudAlert>) -> Option<Vec<i64>> {
    alerts.values().map(|a| a.window_start).collect()
}

fn retraction(alert: &FraudAlert) -> &'static str {
    match alert.retraction {
        Some(Retraction::Merged) => "merged",
        _ => "left",
    }
}

/// A column of some of the alerts.
struct Column<'a> {
    alerts: &'a [At<FraudAlert>],
    indexes: &'a [usize],
}

impl<'a> Column<'a> {
    fn of<T>(&self, field: impl Fn(&'a FraudAlert) -> T) -> Vec<T> {
        self.indexes.iter().map(|&i| field(&self.alerts[i].value)).collect()
    }
}
