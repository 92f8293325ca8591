//! The same on a real database, by a real superuser.

use std::collections::BTreeSet;

use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::{Connection, PgConnection};

use super::*;

/// Each case is rolled back.
#[test]
fn a_superusers_tampering_is_found_in_the_database() {
    let Some(server) = servers::postgres() else { return };
    let url = server.create_database(&format!("tamper_{}", std::process::id()));
    crate::migrate(&url).unwrap();
    let mut runner = TestRunner::deterministic();
    crate::runtime().unwrap().block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for how in &ALL {
            let rows = any_rows().new_tree(&mut runner).unwrap().current();
            let index = any::<prop::sample::Index>().new_tree(&mut runner).unwrap().current();
            let mut world = World::new(&rows);
            let index = index.index(world.rows.len());
            let mut tx = connection.begin().await.unwrap();
            write(&mut tx, &world).await;
            let published = world.published(DATABASE);
            let sound = scan::scan(&mut tx, &published, &[], &mut |_| ()).await.unwrap();
            assert!(sound.is_sound(), "{sound}");
            assert_eq!(sound.rows, world.rows.len() as u64);
            let expected = tamper(&mut world, *how, index);
            write(&mut tx, &world).await;
            let report = scan::scan(&mut tx, &published, &[], &mut |_| ()).await.unwrap();
            assert!(names(&report, &expected), "{how:?} at {index}: {report}");
            tx.rollback().await.unwrap();
        }
    });
}

fn at(micros: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(micros).unwrap()
}

/// Replaces the audit, as only a superuser can, and puts the protection back.
async fn write(tx: &mut PgConnection, world: &World) {
    let off = "ALTER TABLE audit_log DISABLE TRIGGER ALL; ALTER TABLE audit_heads DISABLE TRIGGER ALL;
        DELETE FROM audit_log; DELETE FROM audit_heads";
    sqlx::raw_sql(off).execute(&mut *tx).await.unwrap();
    let places: BTreeSet<_> = world.rows.iter().map(|row| (&row.chain, row.number)).collect();
    if places.len() < world.rows.len() {
        sqlx::raw_sql("ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey")
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    if world.rows.iter().any(|row| row.content != row.body) {
        let drop = "ALTER TABLE audit_log ALTER COLUMN content DROP EXPRESSION";
        sqlx::raw_sql(drop).execute(&mut *tx).await.unwrap();
    }
    for row in &world.rows {
        let generated = world.rows.iter().all(|row| row.content == row.body);
        let content = if generated { "DEFAULT" } else { "$8::text::jsonb" };
        let sql = format!("INSERT INTO audit_log VALUES ($1, $2, $3, $4, $5, {content}, $6, $7)");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&row.chain)
            .bind(row.number)
            .bind(at(row.micros))
            .bind(&row.actor)
            .bind(&row.body)
            .bind(&row.previous)
            .bind(&row.hash);
        let query = if generated { query } else { query.bind(&row.content) };
        query.execute(&mut *tx).await.unwrap();
    }
    for (chain, head) in &world.heads {
        sqlx::query("INSERT INTO audit_heads VALUES ($1, $2, $3, $4)")
            .bind(chain)
            .bind(head.number)
            .bind(&head.hash)
            .bind(at(head.micros))
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    let on = "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
        ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_stay;
        ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_forward";
    sqlx::raw_sql(on).execute(&mut *tx).await.unwrap();
}
