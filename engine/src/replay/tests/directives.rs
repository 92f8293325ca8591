//! `--@mode`, `--@emit`, `--@cooldown` and `--@idle`.

use serde_json::{Value, json};

use super::{Form, Order, ReplayOptions, load_for_replay, refusal, run};

const PAYMENTS: &str = "CREATE STREAM payments (account VARCHAR KEY, amount INT)
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');";

const LARGE: &str = "CREATE STREAM large WITH (KAFKA_TOPIC='fraud_alerts') AS
    SELECT account, amount FROM payments WHERE amount > 100;";

const OFTEN: &str = "CREATE TABLE often WITH (KAFKA_TOPIC='fraud_alerts') AS
    SELECT account, COUNT(*) AS n FROM payments WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY account
    HAVING COUNT(*) > 1;";

fn payment(account: &str, amount: i32, seconds: i64) -> Value {
    json!({ "topic": "payments", "key": account, "value": {"AMOUNT": amount}, "timestamp": seconds * 1000 })
}

/// Account and second of each alert, `-` before what is taken back; and how many were kept back. The same when
/// every task is stopped and restored after each record.
fn alerts(rules: &str, inputs: &[Value]) -> (Vec<String>, u64) {
    let loaded = load_for_replay(&format!("{PAYMENTS} {rules}"));
    let mut outcomes = [false, true].map(|stop_after_each_record| {
        let options = ReplayOptions { order: Order::Record, form: Form::Json, stop_after_each_record };
        let (mut out, input) = (Vec::new(), json!({ "inputs": inputs }).to_string());
        let summary = run(&loaded.program, input.as_bytes(), &mut out, options).expect("a replay");
        let balanced = summary.queries.iter().all(|(_, counters)| counters.adds_up());
        assert!(balanced, "{summary:?}");
        let written: Value = serde_json::from_slice(&out).expect("JSON");
        let alerts = written["outputs"].as_array().expect("outputs").iter().map(|alert| {
            let sign = if alert["value"].is_null() { "-" } else { "" };
            let seconds = alert["timestamp"].as_i64().unwrap_or_default() / 1000;
            format!("{sign}{} {seconds}", alert["key"].as_str().unwrap_or("nobody"))
        });
        (alerts.collect::<Vec<_>>(), summary.queries.iter().map(|(_, c)| c.suppressed).sum())
    });
    assert_eq!(outcomes[0], outcomes[1], "stopped and restored after each record");
    std::mem::take(&mut outcomes[0])
}

#[test]
fn a_filter_rule_is_silent_about_a_key_for_a_while() {
    let rule = format!("--@cooldown: 10 SECONDS\n{LARGE}");
    let inputs = [
        payment("A", 500, 0),
        payment("A", 600, 9),
        payment("B", 700, 9),
        payment("A", 50, 10),
        payment("A", 800, 10),
        payment("A", 900, 3),
        payment("A", 900, 20),
    ];
    let (alerts, kept_back) = alerts(&rule, &inputs);
    assert_eq!(alerts, ["A 0", "B 9", "A 10", "A 20"]);
    assert_eq!(kept_back, 2);
}

#[test]
fn a_cooldown_is_about_the_record_whatever_is_selected() {
    let rule = "--@cooldown: 1 MINUTE\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS
        SELECT amount, AS_VALUE(account) AS account FROM payments PARTITION BY amount;";
    let nobody = json!({ "topic": "payments", "value": {"AMOUNT": 7}, "timestamp": 5000 });
    let inputs = [payment("A", 1, 0), payment("A", 2, 1), payment("B", 1, 2), nobody.clone(), nobody];
    let (alerts, kept_back) = alerts(rule, &inputs);
    assert_eq!((alerts.len(), kept_back), (4, 1));
}

#[test]
fn a_windowed_rule_is_silent_across_its_windows() {
    let rule = format!("--@cooldown: 2 MINUTES\n{OFTEN}");
    let inputs: Vec<_> = [1, 2, 3, 61, 62, 125, 126].map(|second| payment("A", 1, second)).into();
    let (alerts, kept_back) = alerts(&rule, &inputs);
    assert_eq!(alerts, ["A 2", "A 126"]);
    assert_eq!(kept_back, 2);
}

#[test]
fn what_is_taken_back_passes() {
    let rule = "CREATE TABLE limits (account VARCHAR PRIMARY KEY, amount INT)
        WITH (KAFKA_TOPIC='limits', VALUE_FORMAT='JSON');
        --@cooldown: 1 HOUR\nCREATE TABLE high WITH (KAFKA_TOPIC='fraud_alerts') AS
        SELECT account, amount FROM limits WHERE amount > 10;";
    let limit = |amount: i32, second: i64| json!({ "topic": "limits", "key": "A", "value": {"AMOUNT": amount}, "timestamp": second * 1000 });
    let (alerts, kept_back) = alerts(rule, &[limit(20, 0), limit(5, 1), limit(30, 2)]);
    assert_eq!(alerts, ["A 0", "-A 1"]);
    assert_eq!(kept_back, 1);
}

#[test]
fn rules_cool_down_each_for_itself() {
    let rules = format!(
        "--@cooldown: 10 SECONDS\n{LARGE}\n--@cooldown: 1 DAY\n{}",
        LARGE.replace("large", "larger").replace("100", "200")
    );
    let inputs = [payment("A", 150, 0), payment("A", 500, 5), payment("A", 500, 15)];
    let (alerts, kept_back) = alerts(&rules, &inputs);
    assert_eq!(alerts, ["A 0", "A 5", "A 15"]);
    assert_eq!(kept_back, 2);
}

#[test]
fn first_and_cooldown_together() {
    let rule = format!("--@emit: first\n--@cooldown: 90 SECONDS\n{OFTEN}");
    let inputs: Vec<_> = [1, 2, 3, 61, 62, 63, 121, 122].map(|second| payment("A", 1, second)).into();
    let (alerts, kept_back) = alerts(&rule, &inputs);
    assert_eq!(alerts, ["A 2", "A 122"]);
    assert_eq!(kept_back, 3);
}

/// A replay reads no clock; what the directive means is another window, so another version.
#[test]
fn an_idle_time_out_is_for_what_waits_and_has_no_effect_on_a_replay() {
    let last = OFTEN.replace("HAVING COUNT(*) > 1", "HAVING COUNT(*) > 1 EMIT FINAL");
    let inputs: Vec<_> = [1, 2, 90_000].map(|second| payment("A", 1, second)).into();
    let with = format!("--@idle: 30 SECONDS\n{last}");
    assert_eq!(alerts(&with, &inputs), alerts(&last, &inputs));
    assert_eq!(alerts(&with, &inputs).0, ["A 2"]);
    for wrong in [OFTEN, LARGE] {
        assert_eq!(refusal(&format!("{PAYMENTS} --@idle: 30 SECONDS\n{wrong}")), "directive");
    }
    assert_eq!(refusal(&format!("{PAYMENTS} --@idle: soon\n{last}")), "directive");
    let version = |rule: &str| {
        let queries = load_for_replay(&format!("{PAYMENTS} {rule}")).program.queries;
        queries[0].rule.as_ref().map(|rule| rule.version.clone())
    };
    assert_ne!(version(&with), version(&last));
}

#[test]
fn off_is_checked_and_does_not_run() {
    let (alerts, _) = alerts(&format!("--@mode: off\n{LARGE}"), &[payment("A", 500, 0)]);
    assert!(alerts.is_empty());
    let wrong = format!("{PAYMENTS} --@mode: off\n{}", LARGE.replace("amount >", "amuont >"));
    assert_eq!(refusal(&wrong), "unknown_column");
}

#[test]
fn shadow_is_said_in_the_header() {
    let mode = |directive: &str| {
        let loaded = load_for_replay(&format!("{PAYMENTS} {directive}\n{LARGE}"));
        let input = json!({ "inputs": [payment("A", 500, 0)] }).to_string();
        let mut out = Vec::new();
        run(&loaded.program, input.as_bytes(), &mut out, ReplayOptions::default()).expect("a replay");
        let written: Value = serde_json::from_slice(&out).expect("JSON");
        let headers = written["outputs"][0]["headers"].as_array().cloned().unwrap_or_default();
        let mode = headers.into_iter().find(|header| header["KEY"] == "rule.mode");
        mode.map(|header| header["VALUE"].clone())
    };
    assert_eq!(mode("--@mode: shadow"), Some(json!("c2hhZG93")));
    assert_eq!(mode(""), Some(json!("bGl2ZQ==")));
}

#[test]
fn what_a_version_is_made_of() {
    let version = |directive: &str| {
        let queries = load_for_replay(&format!("{PAYMENTS} {directive}\n{LARGE}")).program.queries;
        queries[0].rule.as_ref().map(|rule| rule.version.clone())
    };
    let plain = version("");
    for same in ["--@mode: off", "--@mode: shadow", "--@description: much", "--@emit: changes"] {
        assert_eq!(version(same), plain, "{same}");
    }
    for other in ["--@cooldown: 1 HOUR", "--@cooldown: 2 HOURS", "--@severity: low"] {
        assert_ne!(version(other), plain, "{other}");
    }
    assert_eq!(version("--@cooldown: 60 MINUTES"), version("--@cooldown: 1 hour"));
}

#[test]
fn what_directives_refuse() {
    let rule = |directives: &str| refusal(&format!("{PAYMENTS} {directives}\n{LARGE}"));
    for wrong in [
        "--@cooldown: soon",
        "--@cooldown: 0 SECONDS",
        "--@cooldown: -5 MINUTES",
        "--@cooldown: 5",
        "--@cooldown: 5 FORTNIGHTS",
        "--@cooldown",
        "--@cooldown: 1 HOUR\n--@cooldown: 1 HOUR",
        "--@coldown: 1 HOUR",
        "--@mode: of",
        "--@emit: first",
    ] {
        assert!(["directive", "emit"].contains(&rule(wrong).as_str()), "{wrong}: {}", rule(wrong));
    }
    let no_rule = LARGE.replace("WITH (KAFKA_TOPIC='fraud_alerts')", "");
    assert_eq!(refusal(&format!("{PAYMENTS} --@cooldown: 1 HOUR\n{no_rule}")), "directive");
    assert_eq!(refusal(&format!("--@cooldown: 1 HOUR\n{PAYMENTS}")), "directive");
    let keyless = PAYMENTS.replace("account VARCHAR KEY", "account VARCHAR");
    assert_eq!(refusal(&format!("{keyless} --@cooldown: 1 HOUR\n{LARGE}")), "directive");
}
