//! Schema, roles and what is said when PostgreSQL is not as it must be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::net::TcpListener;

use broker::Shutdown;
use common::*;
use consumer::{Error, Options, Role};

/// The error with which a run ends at once.
fn run_error(url: &str) -> String {
    consumer::run(log(), Options::new(url), Shutdown::new()).unwrap_err().to_string()
}

#[test]
fn a_wrong_password_a_missing_database_and_a_server_that_is_down_are_said() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let name = db.writer_url.rsplit('/').next().unwrap().to_owned();
    let wrong = run_error(&db.writer_url.replace("wr1ter", "wr0ng"));
    assert!(wrong.contains(&format!("127.0.0.1:{}", server.port())), "{wrong}");
    assert!(wrong.contains(&format!("database {name}, user {name}_writer")), "{wrong}");
    assert!(wrong.contains("check user and password") && !wrong.contains("wr0ng"), "{wrong}");

    let missing = run_error(&db.owner_url.replace(&name, "nowhere"));
    assert!(missing.contains("nowhere") && missing.contains("CREATE DATABASE nowhere"), "{missing}");

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = run_error(&format!("postgres://u:p4ssword@127.0.0.1:{port}/d"));
    assert!(down.contains("cannot be reached") && down.contains("is the server running"), "{down}");
    assert!(!down.contains("p4ssword"), "{down}");

    assert!(run_error("mysql://x").contains("postgres://USER:PASSWORD@HOST"));
}

#[test]
fn a_missing_schema_is_said_before_anything_is_read() {
    let Some(server) = servers::postgres() else { return };
    let url = server.create_database(&format!("empty_{}", std::process::id()));
    let error = run_error(&url);
    assert!(error.contains("schema is missing") && error.contains("streamguard db migrate"), "{error}");
}

#[test]
fn a_database_that_is_newer_than_the_binary_is_refused() {
    let Some(db) = db() else { return };
    db.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', true, '', 0)",
    );
    let error = consumer::migrate(&db.owner_url).unwrap_err();
    assert!(matches!(error, Error::NewerSchema { version: 9999, .. }), "{error}");
    assert!(error.to_string().contains("newer than the binary"), "{error}");
    assert!(run_error(&db.writer_url).contains("newer than the binary"));
}

#[test]
fn migrating_again_and_at_once_is_fine() {
    let Some(server) = servers::postgres() else { return };
    let urls: Vec<String> = (0..3)
        .map(|i| server.create_database(&format!("at_once_{}_{i}", std::process::id())))
        .flat_map(|url| [url.clone(), url])
        .collect();
    let running: Vec<_> =
        urls.into_iter().map(|url| std::thread::spawn(move || consumer::migrate(&url))).collect();
    let done: Vec<_> = running.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect();
    for pair in done.chunks(2) {
        let mut applied = [pair[0].applied, pair[1].applied];
        applied.sort_unstable();
        assert_eq!(applied[0], 0, "one of two has nothing left to do");
        assert_eq!(pair[0].version, pair[1].version);
    }
}

#[test]
fn a_login_that_is_made_for_two_databases_at_once_is_made() {
    let Some(db) = db() else { return };
    let login = |name: String, url: String| {
        std::thread::spawn(move || consumer::login(&url, &name, "s3cret", Role::Analyst))
    };
    for round in 0..5 {
        let name = format!("twice_{}_{round}", std::process::id());
        let running: Vec<_> = (0..6).map(|_| login(name.clone(), db.owner_url.clone())).collect();
        running.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
    }
}

/// As start.sh sets it up: nobody but the superuser makes roles or databases.
#[test]
fn a_login_that_is_only_a_member_of_the_owner_migrates() {
    let Some(server) = servers::postgres() else { return };
    let first = db_in(server);
    let name = format!("owned_{}", std::process::id());
    let superuser = server.create_database(&name);
    let (login, password) = (format!("{name}_migrator"), "m1grator");
    consumer::login(&first.owner_url, &login, password, Role::Owner).unwrap();
    first.execute(&format!(
        "ALTER DATABASE {name} OWNER TO streamguard_owner; REVOKE ALL ON DATABASE {name} FROM PUBLIC"
    ));
    first.execute(&format!(
        "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO streamguard_owner, streamguard_writer, streamguard_reader"
    ));
    let url = format!("postgres://{login}:{password}@127.0.0.1:{}/{name}", server.port());
    let done = consumer::migrate(&url).unwrap();
    assert!(done.applied > 0);
    let db = Db { owner_url: superuser, writer_url: String::new() };
    assert_eq!(
        db.row(
            "SELECT string_agg(DISTINCT tableowner::text, ' ') FROM pg_tables WHERE schemaname = 'public'"
        ),
        "streamguard_owner"
    );
    consumer::login(&first.owner_url, &format!("{name}_w"), "w", Role::Writer).unwrap();
    let writer_url = format!("postgres://{name}_w:w@127.0.0.1:{}/{name}", server.port());
    let db = Db { writer_url, ..db };
    let log = log();
    send(log.as_ref(), &[transaction("t1", "A", "1", MARCH, ""), transaction("t1", "A", "1", MARCH, "")]);
    assert_eq!(drain(&log, &db).repeats, 1, "the writer may use temporary tables and make partitions");
}

#[test]
fn the_writer_cannot_change_what_was_decided_and_the_reader_only_reads() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let reader = format!("reader_{}", std::process::id());
    consumer::login(&db.owner_url, &reader, "first", Role::Reader).unwrap();
    consumer::login(&db.owner_url, &reader, "second", Role::Reader).unwrap();
    let name = db.owner_url.rsplit('/').next().unwrap();
    let reader_url = format!("postgres://{reader}:second@127.0.0.1:{}/{name}", server.port());
    let refused = |url: &str, sql: &'static str| {
        let as_login = Db { owner_url: url.to_owned(), writer_url: String::new() };
        let result = as_login.block_on(async |connection| sqlx::raw_sql(sql).execute(connection).await);
        let error = result.expect_err(sql);
        assert!(error.to_string().contains("permission denied"), "{sql}: {error}");
    };
    for sql in [
        "UPDATE decisions SET decision = 'APPROVE'",
        "DELETE FROM decisions",
        "DELETE FROM fraud_alerts",
        "DELETE FROM transactions",
        "CREATE TABLE mine (x int)",
        "TRUNCATE alert_occurrences",
        "INSERT INTO list_entries (kind, value, action, reason) VALUES ('merchant', 'x', 'block', 'why')",
        "DELETE FROM list_entries",
        "DELETE FROM list_events",
        "UPDATE list_state SET version = 0",
        "SELECT label_transaction('t1', 'fraud', 'why')",
    ] {
        refused(&db.writer_url, sql);
    }
    for sql in [
        "SELECT list_add('merchant', 'x', 'block', 'why')",
        "UPDATE consumer_offsets SET next_offset = 0",
        "SELECT ensure_partitions('transactions', ARRAY['2024-01-01']::date[])",
    ] {
        refused(&reader_url, sql);
    }
    let as_reader = Db { owner_url: reader_url, writer_url: String::new() };
    assert_eq!(as_reader.row("SELECT count(*) FROM current_decisions"), "0");
    assert_eq!(as_reader.row("SELECT count(*) FROM list_entries"), "3");
}

#[test]
fn tables_views_columns_and_functions_are_described() {
    let Some(db) = db() else { return };
    const RELATIONS: &str = "pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND c.relname <> '_sqlx_migrations'";
    let bare = db.rows(&format!(
        "SELECT c.relname FROM {RELATIONS} AND obj_description(c.oid, 'pg_class') IS NULL
         UNION ALL
         SELECT c.relname || '.' || a.attname FROM pg_attribute a, {RELATIONS} AND a.attrelid = c.oid
             AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL
         UNION ALL
         SELECT p.oid::regprocedure::text FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL"
    ));
    assert_eq!(bare, Vec::<String>::new());
    assert!(db.row(&format!("SELECT count(*) > 30 FROM {RELATIONS}")) == "t", "the search finds them");
}

/// What the owner's functions do for others must not depend on the caller's search_path.
#[test]
fn functions_that_run_as_the_owner_pin_their_search_path_and_are_not_for_everybody() {
    let Some(db) = db() else { return };
    assert_eq!(
        db.rows(
            "SELECT p.oid::regprocedure FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
               AND NOT coalesce(p.proconfig::text, '') ~ 'search_path=pg_catalog, public, pg_temp'"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        db.rows(
            "SELECT p.oid::regprocedure FROM pg_proc p
             WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
               AND (p.proacl IS NULL OR p.proacl::text ~ '[{,]=X')"
        ),
        Vec::<String>::new()
    );
}
