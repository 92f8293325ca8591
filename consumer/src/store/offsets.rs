//! How far the topics have been read, in the database that holds what was read.
//!
//! What enters: the progress of a batch and the offsets that are expected. What leaves: new offsets. What
//! holds: an offset changes only from the value that the writer knew (compare-and-set), which fences a
//! consumer whose partitions are another's by now, and settles a COMMIT whose outcome was lost.

use std::collections::BTreeMap;

use broker::TopicPartition;
use sqlx::PgConnection;

use crate::intake::Progress;

/// What the log says of a partition's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) cluster: String,
    pub(crate) topic: String,
}

/// A row of `consumer_offsets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) partition: TopicPartition,
    pub(crate) next_offset: i64,
    pub(crate) identity: Identity,
}

/// The rows of these partitions, made at offset 0 where they are missing.
pub(crate) async fn load(
    connection: &mut PgConnection,
    wanted: &[(TopicPartition, Identity)],
) -> sqlx::Result<Vec<Recorded>> {
    let topics: Vec<&str> = wanted.iter().map(|(p, _)| &*p.topic).collect();
    let partitions: Vec<i32> = wanted.iter().map(|(p, _)| p.partition).collect();
    sqlx::query(
        "INSERT INTO consumer_offsets (topic, partition, next_offset, cluster_id, topic_id)
         SELECT topic, partition, 0, cluster, id
         FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS w (topic, partition, cluster, id)
         ORDER BY topic COLLATE \"C\", partition
         ON CONFLICT DO NOTHING",
    )
    .bind(&topics)
    .bind(&partitions)
    .bind(wanted.iter().map(|(_, i)| i.cluster.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, i)| i.topic.as_str()).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    let rows: Vec<(String, i32, i64, String, String)> = sqlx::query_as(
        "SELECT o.topic, o.partition, o.next_offset, o.cluster_id, o.topic_id
         FROM unnest($1::text[], $2::int[]) AS w (topic, partition)
         JOIN consumer_offsets o ON o.topic = w.topic AND o.partition = w.partition",
    )
    .bind(&topics)
    .bind(&partitions)
    .fetch_all(connection)
    .await?;
    let recorded = |(topic, partition, next_offset, cluster, id)| Recorded {
        partition: TopicPartition::new(String::as_str(&topic), partition),
        next_offset,
        identity: Identity { cluster, topic: id },
    };
    Ok(rows.into_iter().map(recorded).collect())
}

/// Moves the offsets on. False where one was not as expected.
pub(crate) async fn advance(
    tx: &mut PgConnection,
    progress: &BTreeMap<TopicPartition, Progress>,
    expected: &BTreeMap<TopicPartition, i64>,
) -> sqlx::Result<bool> {
    let Some(old) = progress.keys().map(|p| expected.get(p).copied()).collect::<Option<Vec<i64>>>() else {
        return Ok(false);
    };
    let each = |f: fn(&Progress) -> i64| progress.values().map(f).collect::<Vec<i64>>();
    // Rows are locked in order of topic and partition, as every consumer does.
    let done = sqlx::query(
        "WITH b AS (
             SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
                 AS b (topic, partition, old, new, records, repeats, dead)
         ), held AS (
             SELECT o.topic, o.partition FROM consumer_offsets o JOIN b USING (topic, partition)
             ORDER BY o.topic COLLATE \"C\", o.partition FOR UPDATE OF o
         )
         UPDATE consumer_offsets o
         SET next_offset = b.new, records = o.records + b.records, repeats = o.repeats + b.repeats,
             dead_letters = o.dead_letters + b.dead, updated_at = now()
         FROM b JOIN held USING (topic, partition)
         WHERE o.topic = b.topic AND o.partition = b.partition AND o.next_offset = b.old",
    )
    .bind(progress.keys().map(|p| &*p.topic).collect::<Vec<&str>>())
    .bind(progress.keys().map(|p| p.partition).collect::<Vec<i32>>())
    .bind(old)
    .bind(each(|p| p.next_offset))
    .bind(each(|p| p.records))
    .bind(each(|p| p.repeats))
    .bind(each(|p| p.dead_letters))
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == progress.len() as u64)
}
