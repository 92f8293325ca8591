//! What a consumer in a process of its own is measured with: many accounts that are all active, many entries.
//!
//! What enters: an empty database, a log. What leaves: entries of the lists; transactions and alerts of
//! 100,000 accounts in turn. What holds: every account comes before one comes again.

use std::time::Duration;

use broker::{Broker, Outgoing, Producer, ProducerConfig};
use events::topics;
use sqlx::PgConnection;

use super::alerts::Alert;
use super::row;
use crate::database::Database;
use crate::error::Result;
use crate::runtime;

/// Accounts that [`produce_active`] writes about.
pub const ACTIVE_ACCOUNTS: u64 = 100_000;

/// Migrates an empty database and puts so many entries on its lists.
///
/// # Errors
/// PostgreSQL fails.
pub fn fill_lists(owner_url: &str, entries: u64) -> Result<()> {
    crate::migrate(owner_url)?;
    let database = Database::new(owner_url, "streamguard bench")?;
    runtime()?
        .block_on(async {
            let mut connection = database.connect().await?;
            list(&mut connection, entries).await
        })
        .map_err(|error| database.error(&error))
}

/// One in a hundred accounts of the benchmark is listed; the rest is there to be searched.
pub(super) async fn list(connection: &mut PgConnection, entries: u64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO list_entries (kind, value, match, action, reason)
         SELECT CASE n % 4 WHEN 0 THEN 'account' WHEN 1 THEN 'merchant' WHEN 2 THEN 'device' ELSE 'category' END,
                CASE WHEN n < 400 THEN 'ACC-' || lpad((n * 25)::text, 6, '0') ELSE 'listed-' || n END, 'nocase', 'watch', 'bench'
         FROM generate_series(0, $1 - 1) AS n",
    )
    .bind(entries as i64)
    .execute(connection)
    .await
    .map(drop)
}

/// Transactions of these numbers, one of ten with an alert; their topics are there. Returns the alerts.
///
/// # Errors
/// The log fails.
pub fn produce_active(broker: &dyn Broker, numbers: std::ops::Range<u64>) -> Result<u64> {
    let mut producer = broker.producer(&ProducerConfig::default())?;
    let (mut json, mut alerts) = (Vec::new(), 0);
    for number in numbers {
        let mut transaction = row(number).value;
        transaction.account_id = format!("ACC-{:06}", number % ACTIVE_ACCOUNTS);
        json.clear();
        transaction.write_json(&mut json);
        send(producer.as_mut(), &transaction, &json)?;
        if number % 10 == 0 {
            Alert::new(number, &transaction).produce(producer.as_mut())?;
            alerts += 1;
        }
    }
    producer.flush(Duration::from_secs(60))?;
    Ok(alerts)
}

fn send(producer: &mut dyn Producer, transaction: &events::Transaction, json: &[u8]) -> Result<()> {
    Ok(producer.produce(&Outgoing {
        topic: topics::TRANSACTIONS.name,
        partition: None,
        key: Some(transaction.account_id.as_bytes()),
        value: Some(json),
        timestamp: transaction.timestamp.timestamp_millis(),
        headers: &[],
    })?)
}

/// Whether so many records have been stored, of both topics.
///
/// # Errors
/// PostgreSQL fails.
pub fn all_stored(url: &str, records: u64) -> Result<bool> {
    let database = Database::new(url, "streamguard bench")?;
    let stored: i64 = runtime()?
        .block_on(async {
            let mut connection = database.connect().await?;
            sqlx::query_scalar("SELECT coalesce(sum(records), 0)::bigint FROM consumer_offsets")
                .fetch_one(&mut connection)
                .await
        })
        .map_err(|error| database.error(&error))?;
    Ok(stored as u64 >= records)
}
