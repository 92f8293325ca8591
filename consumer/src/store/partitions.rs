//! Partitions on demand.
//!
//! What enters: the event times of a batch. What leaves: partitions that hold them, made by the owner's
//! function `ensure_partitions` in transactions of their own. What holds: a day or month that is known to
//! be there costs a hash look-up.

use std::collections::{BTreeSet, HashSet};

use chrono::{Datelike, NaiveDate};
use sqlx::PgConnection;

use crate::intake::Intake;
use crate::store::{time, time_ms};

/// How many partitions one transaction makes: each takes several locks until it ends.
const AT_ONCE: usize = 64;
const DAY_MICROS: i64 = 86_400_000_000;

/// The partitions that are known to be there.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    days: HashSet<i64>,
    alert_months: HashSet<NaiveDate>,
    occurrence_months: HashSet<NaiveDate>,
}

impl Partitions {
    /// Makes what the batch needs and is not known to be there.
    pub(crate) async fn ensure(
        &mut self,
        connection: &mut PgConnection,
        intake: &Intake,
    ) -> sqlx::Result<()> {
        let days: BTreeSet<i64> = intake
            .transactions
            .iter()
            .map(|t| t.value.timestamp.timestamp_micros().div_euclid(DAY_MICROS))
            .filter(|day| !self.days.contains(day))
            .collect();
        let dates: Vec<NaiveDate> = days.iter().map(|day| time(day * DAY_MICROS).date_naive()).collect();
        make(connection, "transactions", &dates).await?;
        self.days.extend(days);

        let months = |known: &HashSet<NaiveDate>, times: &mut dyn Iterator<Item = i64>| -> Vec<NaiveDate> {
            let months: BTreeSet<NaiveDate> =
                times.map(month).filter(|month| !known.contains(month)).collect();
            months.into_iter().collect()
        };
        let alerts = months(
            &self.alert_months,
            &mut intake.alerts.iter().map(|a| super::alerts::alert_time(&a.value)),
        );
        make(connection, "fraud_alerts", &alerts).await?;
        self.alert_months.extend(alerts);
        let occurrences =
            months(&self.occurrence_months, &mut intake.alerts.iter().map(|a| a.value.source.timestamp));
        make(connection, "alert_occurrences", &occurrences).await?;
        self.occurrence_months.extend(occurrences);
        Ok(())
    }
}

/// The first day of the month of a time in epoch milliseconds.
fn month(millis: i64) -> NaiveDate {
    let date = time_ms(millis).date_naive();
    date.with_day(1).unwrap_or(date)
}

async fn make(connection: &mut PgConnection, table: &str, days: &[NaiveDate]) -> sqlx::Result<()> {
    for chunk in days.chunks(AT_ONCE) {
        let made: i32 = sqlx::query_scalar("SELECT ensure_partitions($1, $2)")
            .bind(table)
            .bind(chunk)
            .fetch_one(&mut *connection)
            .await?;
        if made > 0 {
            tracing::debug!(table, made, "partitions made");
        }
    }
    Ok(())
}
