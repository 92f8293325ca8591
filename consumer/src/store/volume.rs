//! Counts by hour and by merchant, and which days of the rules' performance have to be counted again.
//!
//! What enters: what a batch stored. What leaves: `volume_hours` and `merchant_summary`, equal to a count over
//! all rows that were ever stored; marks in `rule_days_stale`. What holds: rows are per partition of the
//! topic, which one consumer reads at a time, and are written in order of their keys, so no two batches wait
//! for each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::decision::micros;
use crate::intake::Intake;
use crate::store::alerts::Fresh;
use crate::store::decisions::{Counts, Decided};
use crate::store::transactions::Inserted;
use crate::store::{time, time_ms};

const HOUR_MICROS: i64 = 3_600_000_000;

/// What a batch adds to an hour or a merchant.
#[derive(Debug, Default)]
struct Delta {
    transactions: i64,
    total: Decimal,
    max: Decimal,
    first: Option<i64>,
    last: Option<i64>,
    counts: Counts,
}

impl Delta {
    fn add(&mut self, time: i64, amount: Decimal) {
        self.transactions += 1;
        self.total = self.total.saturating_add(amount);
        self.max = self.max.max(amount);
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = self.last.max(Some(time));
    }
}

/// Adds what a batch changes.
pub(crate) async fn add(
    tx: &mut PgConnection,
    intake: &Intake,
    inserted: &Inserted,
    fresh: &Fresh,
    decided: &Decided,
) -> sqlx::Result<()> {
    let mut hours: BTreeMap<(i64, i32), Delta> = BTreeMap::new();
    let mut merchants: BTreeMap<(&str, i32), Delta> = BTreeMap::new();
    for t in intake.transactions.iter().filter(|t| inserted.contains(t.position)) {
        let (time, partition) = (micros(t.value.timestamp), t.position.partition);
        let hour = time.div_euclid(HOUR_MICROS) * HOUR_MICROS;
        hours.entry((hour, partition)).or_default().add(time, t.value.amount);
        if let Some(merchant) = &t.value.merchant {
            merchants.entry((merchant, partition)).or_default().add(time, t.value.amount);
        }
    }
    add_hours(tx, &hours).await?;
    add_decided(&mut merchants, decided);
    add_merchants(tx, &merchants).await?;
    mark_stale(tx, intake, fresh).await
}

/// Adds what new versions change, where no batch is under way.
pub(crate) async fn add_decisions(tx: &mut PgConnection, decided: &Decided) -> sqlx::Result<()> {
    let mut merchants = BTreeMap::new();
    add_decided(&mut merchants, decided);
    add_merchants(tx, &merchants).await
}

fn add_decided<'a>(merchants: &mut BTreeMap<(&'a str, i32), Delta>, decided: &'a Decided) {
    for ((merchant, partition), counts) in &decided.merchants {
        merchants.entry((merchant, *partition)).or_default().counts = *counts;
    }
}

async fn add_hours(tx: &mut PgConnection, deltas: &BTreeMap<(i64, i32), Delta>) -> sqlx::Result<()> {
    if deltas.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO volume_hours AS v (hour, source_partition, transactions, total_amount, max_amount)
         SELECT * FROM unnest($1::timestamptz[], $2::int[], $3::bigint[], $4::numeric[], $5::numeric[])
         ON CONFLICT (hour, source_partition) DO UPDATE SET transactions = v.transactions + excluded.transactions,
             total_amount = v.total_amount + excluded.total_amount,
             max_amount = greatest(v.max_amount, excluded.max_amount)",
    )
    .bind(deltas.keys().map(|(hour, _)| time(*hour)).collect::<Vec<_>>())
    .bind(deltas.keys().map(|(_, partition)| *partition).collect::<Vec<_>>())
    .bind(deltas.values().map(|d| d.transactions).collect::<Vec<_>>())
    .bind(deltas.values().map(|d| d.total).collect::<Vec<_>>())
    .bind(deltas.values().map(|d| d.max).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}

async fn add_merchants(tx: &mut PgConnection, deltas: &BTreeMap<(&str, i32), Delta>) -> sqlx::Result<()> {
    if deltas.is_empty() {
        return Ok(());
    }
    let numbers = |f: fn(&Delta) -> i64| deltas.values().map(f).collect::<Vec<i64>>();
    let times = |f: fn(&Delta) -> Option<i64>| {
        deltas.values().map(|d| f(d).map(time)).collect::<Vec<Option<DateTime<Utc>>>>()
    };
    sqlx::query(
        "INSERT INTO merchant_summary AS m (merchant, source_partition, transactions, total_amount, first_seen,
             last_seen, flagged, reviewed, blocked)
         SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::numeric[], $5::timestamptz[], $6::timestamptz[],
             $7::bigint[], $8::bigint[], $9::bigint[])
         ON CONFLICT (merchant, source_partition) DO UPDATE SET
             transactions = m.transactions + excluded.transactions,
             total_amount = m.total_amount + excluded.total_amount,
             first_seen = least(m.first_seen, excluded.first_seen),
             last_seen = greatest(m.last_seen, excluded.last_seen),
             flagged = m.flagged + excluded.flagged, reviewed = m.reviewed + excluded.reviewed,
             blocked = m.blocked + excluded.blocked",
    )
    .bind(deltas.keys().map(|(merchant, _)| *merchant).collect::<Vec<_>>())
    .bind(deltas.keys().map(|(_, partition)| *partition).collect::<Vec<_>>())
    .bind(numbers(|d| d.transactions))
    .bind(deltas.values().map(|d| d.total).collect::<Vec<_>>())
    .bind(times(|d| d.first))
    .bind(times(|d| d.last))
    .bind(numbers(|d| d.counts.flagged))
    .bind(numbers(|d| d.counts.reviewed))
    .bind(numbers(|d| d.counts.blocked))
    .execute(tx)
    .await
    .map(drop)
}

/// Marks the days of new crossings, and of transactions that have a new label: the day that the label names
/// (crossings of another batch may be under way, unseen), and those of the crossings that are there.
async fn mark_stale(tx: &mut PgConnection, intake: &Intake, fresh: &Fresh) -> sqlx::Result<()> {
    let crossed = fresh.occurrences.iter().map(|&i| time_ms(intake.alerts[i].value.source.timestamp));
    let labelled = intake.labels.iter().filter_map(|label| label.value.timestamp);
    let days: BTreeSet<NaiveDate> = crossed.chain(labelled).map(|time| time.date_naive()).collect();
    if !days.is_empty() {
        sqlx::query("INSERT INTO rule_days_stale (day) SELECT unnest($1::date[])")
            .bind(days.into_iter().collect::<Vec<_>>())
            .execute(&mut *tx)
            .await?;
    }
    if intake.labels.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO rule_days_stale (day)
         SELECT DISTINCT (o.event_time AT TIME ZONE 'UTC')::date FROM alert_occurrences o
         WHERE o.transaction_id = ANY($1)",
    )
    .bind(intake.labels.iter().map(|l| l.value.transaction_id.as_str()).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}

/// Counts some days of the rules' performance again; how many.
pub(crate) async fn refresh(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::query_scalar("SELECT refresh_rule_days()").fetch_one(connection).await
}
