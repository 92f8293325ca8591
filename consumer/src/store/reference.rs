//! Profiles, labels, rules and dead letters: the latest of each counts.
//!
//! What enters: changes in the order of their records. What leaves: one row a key. What holds: of several
//! changes of one key in a batch the last counts, and none is applied over a newer one of its partition.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use events::{CustomerProfile, Label};
use sqlx::PgConnection;

use crate::intake::{At, Intake, ProfileChange, RuleChange};
use crate::refused::DeadLetter;
use crate::store::time_ms;

/// Writes all of them.
pub(crate) async fn write(tx: &mut PgConnection, intake: &Intake, now: DateTime<Utc>) -> sqlx::Result<()> {
    profiles(tx, &intake.profiles, now).await?;
    labels(tx, &intake.labels).await?;
    rules(tx, &intake.rules).await?;
    dead_letters(tx, &intake.dead).await
}

async fn profiles(
    tx: &mut PgConnection,
    changes: &[At<ProfileChange>],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let mut latest: BTreeMap<&str, (Option<&CustomerProfile>, &At<ProfileChange>)> = BTreeMap::new();
    for change in changes {
        match &change.value {
            ProfileChange::Set(profile) => {
                latest.insert(&profile.account_id, (Some(profile.as_ref()), change));
            }
            ProfileChange::Removed(account) => {
                latest.insert(account, (None, change));
            }
        }
    }
    let removed: Vec<&str> =
        latest.iter().filter(|(_, (profile, _))| profile.is_none()).map(|(account, _)| *account).collect();
    if !removed.is_empty() {
        sqlx::query("DELETE FROM customer_profiles WHERE account_id = ANY($1)")
            .bind(removed)
            .execute(&mut *tx)
            .await?;
    }
    let set: Vec<(&CustomerProfile, &At<ProfileChange>)> =
        latest.into_values().filter_map(|(profile, at)| Some((profile?, at))).collect();
    if set.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO customer_profiles (account_id, profile, risk_level, daily_spending_limit, account_opened_at,
             source_partition, source_offset, updated_at)
         SELECT account_id, profile::jsonb, risk_level, spending, opened, partition, \"offset\", $8
         FROM unnest($1::text[], $2::text[], $3::text[], $4::numeric[], $5::timestamptz[], $6::int[], $7::bigint[])
             AS p (account_id, profile, risk_level, spending, opened, partition, \"offset\")
         ON CONFLICT (account_id) DO UPDATE SET profile = excluded.profile, risk_level = excluded.risk_level,
             daily_spending_limit = excluded.daily_spending_limit, account_opened_at = excluded.account_opened_at,
             source_partition = excluded.source_partition, source_offset = excluded.source_offset,
             updated_at = excluded.updated_at",
    )
    .bind(set.iter().map(|(p, _)| p.account_id.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(p, _)| String::from_utf8_lossy(&p.to_json()).into_owned()).collect::<Vec<_>>())
    .bind(set.iter().map(|(p, _)| p.risk_level.map(|level| level.as_str())).collect::<Vec<_>>())
    .bind(set.iter().map(|(p, _)| p.daily_spending_limit).collect::<Vec<_>>())
    .bind(set.iter().map(|(p, _)| p.account_opened_at).collect::<Vec<_>>())
    .bind(set.iter().map(|(_, at)| at.position.partition).collect::<Vec<_>>())
    .bind(set.iter().map(|(_, at)| at.position.offset).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

async fn labels(tx: &mut PgConnection, labels: &[At<Label>]) -> sqlx::Result<()> {
    if labels.is_empty() {
        return Ok(());
    }
    let latest: BTreeMap<&str, &At<Label>> =
        labels.iter().map(|label| (label.value.transaction_id.as_str(), label)).collect();
    let set: Vec<&At<Label>> = latest.into_values().collect();
    sqlx::query(
        "INSERT INTO labels (transaction_id, account_id, is_fraud, kind, event_time, labelled_at, source_partition,
             source_offset)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bool[], $4::text[], $5::timestamptz[], $6::timestamptz[],
             $7::int[], $8::bigint[])
         ON CONFLICT (transaction_id) DO UPDATE SET account_id = excluded.account_id, is_fraud = excluded.is_fraud,
             kind = excluded.kind, event_time = excluded.event_time, labelled_at = excluded.labelled_at,
             source_partition = excluded.source_partition, source_offset = excluded.source_offset
         WHERE labels.source_partition <> excluded.source_partition OR labels.source_offset < excluded.source_offset",
    )
    .bind(set.iter().map(|l| l.value.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.value.account_id.as_deref()).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.value.is_fraud).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.value.kind.as_deref()).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.value.timestamp).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.value.labelled_at).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.position.partition).collect::<Vec<_>>())
    .bind(set.iter().map(|l| l.position.offset).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}

async fn rules(tx: &mut PgConnection, changes: &[RuleChange]) -> sqlx::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // By version what was loaded; by name which version is active now (None: none).
    let mut loaded = BTreeMap::new();
    let mut active: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for change in changes {
        match change {
            RuleChange::Loaded(rule, time) => {
                loaded.insert((rule.name.as_str(), rule.version.as_str()), (rule, *time));
                active.insert(&rule.name, Some(&rule.version));
            }
            RuleChange::Removed(name) => {
                active.insert(name, None);
            }
        }
    }
    let set: Vec<_> = loaded.into_values().collect();
    sqlx::query(
        "INSERT INTO rule_versions (rule_name, version, mode, severity, description, sql, active, first_loaded_at,
             last_loaded_at)
         SELECT name, version, mode, severity::severity, description, sql, false, time, time
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
             AS r (name, version, mode, severity, description, sql, time)
         ON CONFLICT (rule_name, version) DO UPDATE SET mode = excluded.mode, severity = excluded.severity,
             description = excluded.description, sql = excluded.sql,
             last_loaded_at = greatest(rule_versions.last_loaded_at, excluded.last_loaded_at)",
    )
    .bind(set.iter().map(|(r, _)| r.name.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(r, _)| r.version.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(r, _)| r.mode.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(r, _)| r.severity.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(r, _)| r.description.as_deref()).collect::<Vec<_>>())
    .bind(set.iter().map(|(r, _)| r.sql.as_str()).collect::<Vec<_>>())
    .bind(set.iter().map(|(_, time)| time_ms(*time)).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE rule_versions v SET active = (v.version IS NOT DISTINCT FROM a.version)
         FROM unnest($1::text[], $2::text[]) AS a (name, version)
         WHERE v.rule_name = a.name AND v.active <> (v.version IS NOT DISTINCT FROM a.version)",
    )
    .bind(active.keys().copied().collect::<Vec<_>>())
    .bind(active.values().copied().collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}

async fn dead_letters(tx: &mut PgConnection, dead: &[DeadLetter]) -> sqlx::Result<()> {
    if dead.is_empty() {
        return Ok(());
    }
    let headers = |d: &DeadLetter| serde_json::to_string(&d.headers).unwrap_or_else(|_| "[]".to_owned());
    sqlx::query(
        "INSERT INTO dead_letters (topic, partition, \"offset\", record_time, reason, key, value, headers)
         SELECT topic, partition, \"offset\", time, reason, key, value, headers::jsonb
         FROM unnest($1::text[], $2::int[], $3::bigint[], $4::timestamptz[], $5::text[], $6::bytea[], $7::bytea[],
             $8::text[]) AS d (topic, partition, \"offset\", time, reason, key, value, headers)
         ON CONFLICT DO NOTHING",
    )
    .bind(dead.iter().map(|d| &*d.source.topic).collect::<Vec<&str>>())
    .bind(dead.iter().map(|d| d.source.partition).collect::<Vec<_>>())
    .bind(dead.iter().map(|d| d.offset).collect::<Vec<_>>())
    .bind(dead.iter().map(|d| DateTime::from_timestamp_millis(d.timestamp).filter(storable)).collect::<Vec<_>>())
    .bind(dead.iter().map(|d| d.reason.as_str()).collect::<Vec<_>>())
    .bind(dead.iter().map(|d| d.key.as_deref()).collect::<Vec<_>>())
    .bind(dead.iter().map(|d| d.value.as_deref()).collect::<Vec<_>>())
    .bind(dead.iter().map(headers).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}

/// PostgreSQL's timestamps begin in 4714 BC; chrono's end before PostgreSQL's do.
fn storable(time: &DateTime<Utc>) -> bool {
    time.timestamp() > -210_000_000_000
}
