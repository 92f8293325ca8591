//! All of it in one process on the embedded broker: a load to its end, kills in the middle, edited rules.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::{NIGHTFALL, Place, Running, expected, stderr, wait_until};

const LIMIT: Duration = Duration::from_secs(300);

fn shipped() -> String {
    support::root().join("rules").to_str().unwrap().to_owned()
}

/// Standalone with a finite load and the shipped rules, ending when all is in PostgreSQL.
fn finite(place: &Place, count: i64, seed: &str) -> Running {
    let (rules, count) = (shipped(), count.to_string());
    let load = ["--count", &count, "--seed", seed, "--start", NIGHTFALL, "--exit-when-done"];
    place.start("standalone", &[["standalone", "--rules", &rules].as_slice(), &load].concat())
}

#[test]
fn every_shipped_rule_finds_what_plain_sql_finds() {
    let Some(place) = Place::new() else { return };
    let count = support::load_size();
    finite(&place, count, "7").succeed(LIMIT);
    assert_eq!(place.database.size("transactions"), count);
    let fired = expected::check(&place.database);
    expected::check_fired(&fired, count);
    expected::check_decisions(&place.database);
}

#[test]
fn kills_change_nothing() {
    let Some(place) = Place::new() else { return };
    let count = support::load_size();
    let file = place.write("load.csv", &support::load::csv(count));
    let (rules, file) = (shipped(), file.to_str().unwrap().to_owned());
    let args = ["standalone", "--rules", &rules, "--input", &file, "--speed", "max", "--exit-when-done"];
    for round in 1..=3 {
        let running = place.start("standalone", &args);
        let share = count * round / 5;
        wait_until("the run to go on", LIMIT, || place.database.size("transactions") >= share);
        running.kill();
    }
    place.start("standalone", &args).succeed(LIMIT);
    assert_eq!(place.database.size("transactions"), count);
    expected::check_fired(&expected::check(&place.database), count);
    expected::check_decisions(&place.database);
    assert_eq!(place.database.count("SELECT coalesce(sum(repeats), 0)::bigint FROM consumer_offsets"), 0);
}

#[test]
fn an_edited_rule_works_at_once_and_a_broken_one_changes_nothing() {
    let Some(place) = Place::new() else { return };
    let rules = place.shipped_rules();
    let file = rules.join("high_amount.sql");
    let sql = std::fs::read_to_string(&file).unwrap();
    let mut running = place.start(
        "standalone",
        &["standalone", "--rules", rules.to_str().unwrap(), "--tps", "50", "--seed", "3"],
    );
    wait_until("transactions", LIMIT, || place.database.size("transactions") > 50);

    std::fs::write(&file, sql.replace("high_amount_limit = '5000'", "high_amount_limit = '1'")).unwrap();
    let low = "SELECT count(*) FROM fraud_alerts WHERE rule_name = 'HIGH_AMOUNT' AND amount < 5000";
    let took =
        wait_until("alerts by the new limit", Duration::from_secs(10), || place.database.count(low) > 0);
    eprintln!("alerts by the edited rule after {} ms", took.as_millis());

    std::fs::write(&file, sql.replace("WHERE amount", "WHERE amuont")).unwrap();
    wait_until("the diagnostic", Duration::from_secs(10), || running.log().to_lowercase().contains("amuont"));
    let before = place.database.count(low);
    wait_until("alerts by the last good limit", Duration::from_secs(10), || {
        place.database.count(low) > before
    });
    assert!(running.runs());

    std::fs::write(&file, &sql).unwrap();
    let status = running.terminate(Duration::from_secs(20));
    assert!(status.success(), "{status}");
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let Some(place) = Place::new() else { return };
    let run = || place.start("standalone", &["standalone", "--rules", &shipped(), "--tps", "100"]);
    for _ in 0..2 {
        let (running, before) = (run(), place.database.size("transactions"));
        wait_until("transactions", LIMIT, || place.database.size("transactions") > before + 100);
        let status = running.terminate(Duration::from_secs(20));
        assert!(status.success(), "{status}");
    }
    place.run(&["standalone", "--rules", &shipped(), "--no-producer", "--exit-when-done"]);
    let stored = place.database.rows("SELECT count(*), count(DISTINCT transaction_id) FROM transactions");
    let (all, distinct) = stored[0].split_once('|').unwrap();
    assert_eq!(all, distinct);
    assert_eq!(place.database.count("SELECT coalesce(sum(repeats), 0)::bigint FROM consumer_offsets"), 0);
    expected::check(&place.database);
}

#[test]
fn a_second_one_on_the_same_directory_is_refused() {
    let Some(place) = Place::new() else { return };
    let args = ["standalone", "--rules", &shipped(), "--no-producer"];
    let running = place.start("standalone", &args);
    wait_until("the schema", LIMIT, || place.database.size("list_entries") > 0);
    let second = place.streamguard(&args).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another process has it open"), "{}", stderr(&second));
    assert!(running.terminate(Duration::from_secs(20)).success());
}
