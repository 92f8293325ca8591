//! The server itself fails: another takes over, with or without its last commits; its disk is full, with ENOSPC of the
//! system; the way to it is slow. What is stored in the end is compared with the records, row by row.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
#[path = "common/load.rs"]
mod load;
#[path = "common/proxy.rs"]
mod proxy;

use std::time::{Duration, Instant};

use common::*;
use load::{Loaded, accounted, records};
use proxy::Proxy;
use servers::{Postgres, SmallDisk};

/// A wait that is a failure.
const LIMIT: Duration = Duration::from_secs(60);

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !reached() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The same database on another server.
fn moved(db: &Db, from: &Postgres, to: &Postgres) -> Db {
    let url = |url: &str| url.replace(&format!(":{}/", from.port()), &format!(":{}/", to.port()));
    Db { owner_url: url(&db.owner_url), writer_url: url(&db.writer_url) }
}

/// Synchronous: a COMMIT is answered when the standby has it. The address leads to the standby before that takes rows.
#[test]
fn a_standby_that_is_promoted_under_load_goes_on_where_the_primary_ended() {
    let Some(primary) = Postgres::start_in(&std::env::temp_dir()) else { return };
    let Some(standby) = primary.standby() else { return };
    let db = db_in(&primary);
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'").unwrap();
    primary.sql("SELECT pg_reload_conf()").unwrap();
    let replication = "SELECT string_agg(sync_state, '') FROM pg_stat_replication";
    until("the standby is not synchronous", || primary.sql(replication).unwrap().trim() == "sync");
    let (address, after) = (Proxy::to(primary.port()), moved(&db, &primary, &standby));
    let mut consumer = Loaded::start(&db, &address.url(&db.writer_url));
    consumer.send(400);
    // Somewhere within what was sent.
    until("nothing more is stored", || accounted(&db).unwrap() > records(100) + 100);
    primary.stop_immediate();
    consumer.send(100);
    let kept = accounted(&after).unwrap();
    address.lead_to(standby.port());
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(accounted(&after), Some(kept), "a standby took rows");
    consumer.send(100);
    standby.promote();
    consumer.send(100);
    consumer.end(&after);
}

/// Asynchronous, and the standby had not followed for a while: commits that were answered are gone, offsets with them.
#[test]
fn what_a_failover_has_lost_is_read_again() {
    let Some(primary) = Postgres::start_in(&std::env::temp_dir()) else { return };
    let Some(standby) = primary.standby() else { return };
    let db = db_in(&primary);
    let (address, after) = (Proxy::to(primary.port()), moved(&db, &primary, &standby));
    let mut consumer = Loaded::start(&db, &address.url(&db.writer_url));
    until("the standby does not follow", || accounted(&after) == Some(records(100)));
    standby.sql("ALTER SYSTEM SET primary_conninfo = ''").unwrap();
    standby.sql("SELECT pg_reload_conf()").unwrap();
    until("the standby still follows", || {
        standby.sql("SELECT count(*) FROM pg_stat_wal_receiver").unwrap().trim() == "0"
    });
    consumer.send(200);
    consumer.wait(&db);
    primary.stop_immediate();
    standby.promote();
    assert_eq!(accounted(&after), Some(records(100)), "the standby has what it cannot have");
    address.lead_to(standby.port());
    consumer.send(100);
    consumer.end(&after);
}

/// The whole server lies on a disk of its own: rows, log and all.
#[test]
fn a_disk_that_is_full_pauses_the_intake_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(250) else { return };
    let Some(server) = Postgres::start_in(disk.path()) else { return };
    let db = db_in(&server);
    let mut consumer = Loaded::start(&db, &db.writer_url);
    disk.fill();
    until("the disk is not full", || {
        consumer.send(50);
        server.log().contains("No space left on device")
    });
    // So long it finds a server that refuses rows, or has ended itself for want of room for its log.
    std::thread::sleep(Duration::from_secs(2));
    disk.free();
    if !server.runs() {
        server.start_again();
    }
    consumer.send(50);
    consumer.end(&db);
}

#[test]
fn a_slow_way_to_the_server_loses_nothing() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let address = Proxy::to(server.port());
    let mut consumer = Loaded::start(&db, &address.url(&db.writer_url));
    address.slow(Duration::from_millis(10));
    consumer.send(200);
    consumer.wait(&db);
    address.slow(Duration::ZERO);
    consumer.end(&db);
}
