//! Joins with tables that other queries derive: as they were before the record.

use serde_json::{Value, json};

use super::records;
use crate::replay::Order;
use crate::sql::{LoadOptions, Purpose, SourceFile, load};

const BETS: &str = "CREATE STREAM bets (player VARCHAR KEY, stake BIGINT, shop VARCHAR)
    WITH (KAFKA_TOPIC='bets', VALUE_FORMAT='JSON');
    CREATE TABLE players (player VARCHAR PRIMARY KEY, name VARCHAR)
    WITH (KAFKA_TOPIC='players', VALUE_FORMAT='JSON');
    CREATE TABLE mean AS SELECT player, COUNT(*) AS n, AVG(stake) AS stake FROM bets GROUP BY player;\n";

fn bets(bets: &[(&str, i64, &str)]) -> Value {
    let record = |(i, (player, stake, shop)): (usize, &(&str, i64, &str))| json!({"topic": "bets", "key": player, "timestamp": i, "value": {"stake": stake, "shop": shop}});
    bets.iter().enumerate().map(record).collect()
}

fn values(sql: &str, topic: &str, inputs: &Value) -> Vec<Value> {
    records(&format!("{BETS}{sql}"), topic, inputs).into_iter().map(|(_, value)| value).collect()
}

#[test]
fn a_record_is_compared_with_the_past_alone() {
    let sql = "CREATE STREAM odd AS SELECT b.player, b.stake AS stake, m.stake AS usual, m.n AS n, \
        m.ROWTIME AS since FROM bets b LEFT JOIN mean m ON b.player = m.player;";
    let inputs = bets(&[("a", 10, "x"), ("b", 5, "x"), ("a", 30, "x"), ("a", 900, "x")]);
    assert_eq!(
        values(sql, "ODD", &inputs),
        [
            json!({"STAKE": 10, "USUAL": null, "N": null, "SINCE": null}),
            json!({"STAKE": 5, "USUAL": null, "N": null, "SINCE": null}),
            json!({"STAKE": 30, "USUAL": 10.0, "N": 1, "SINCE": 0}),
            json!({"STAKE": 900, "USUAL": 20.0, "N": 2, "SINCE": 2}),
        ]
    );
}

#[test]
fn also_by_a_key_that_is_not_the_streams() {
    let sql = "CREATE TABLE shops AS SELECT shop, COUNT(*) AS n FROM bets GROUP BY shop;
        CREATE STREAM known AS SELECT b.shop, b.stake, s.n FROM bets b JOIN shops s ON b.shop = s.shop;";
    let inputs = bets(&[("a", 1, "x"), ("b", 2, "x"), ("c", 3, "y"), ("d", 4, "x")]);
    assert_eq!(values(sql, "KNOWN", &inputs), [json!({"STAKE": 2, "N": 1}), json!({"STAKE": 4, "N": 2})]);
}

#[test]
fn a_group_for_which_having_does_not_hold_has_no_row() {
    let sql = "CREATE TABLE often AS SELECT player, COUNT(*) AS n FROM bets WHERE stake > 1 GROUP BY player
        HAVING COUNT(*) <> 2;
        CREATE STREAM seen AS SELECT b.player, b.stake, o.n FROM bets b JOIN often o ON b.player = o.player;";
    let inputs = bets(&[("a", 2, "x"), ("a", 3, "x"), ("a", 4, "x"), ("a", 1, "x"), ("a", 5, "x")]);
    let found = [json!({"STAKE": 3, "N": 1}), json!({"STAKE": 1, "N": 3}), json!({"STAKE": 5, "N": 3})];
    assert_eq!(values(sql, "SEEN", &inputs), found);
}

#[test]
fn several_tables_and_a_declared_one_are_joined_at_once() {
    let sql = "CREATE TABLE most AS SELECT player, MAX(stake) AS top FROM bets GROUP BY player;
        CREATE STREAM wide AS SELECT b.player, b.stake AS stake, p.name, m.n, t.top FROM bets b
        JOIN players p ON b.player = p.player LEFT JOIN mean m ON b.player = m.player
        LEFT JOIN most t ON p.player = t.player WHERE b.stake > 1;
        CREATE TABLE wides AS SELECT b.player, COUNT(*) AS n, LATEST_BY_OFFSET(m.n) AS seen FROM bets b
        JOIN mean m ON b.player = m.player GROUP BY b.player;";
    let mut inputs = vec![json!({"topic": "players", "key": "a", "value": {"name": "Ada"}})];
    inputs.extend(
        bets(&[("a", 7, "x"), ("b", 8, "x"), ("a", 9, "x"), ("a", 3, "x")]).as_array().unwrap().clone(),
    );
    let inputs = Value::from(inputs);
    assert_eq!(
        values(sql, "WIDE", &inputs),
        [
            json!({"STAKE": 7, "NAME": "Ada", "N": null, "TOP": null}),
            json!({"STAKE": 9, "NAME": "Ada", "N": 1, "TOP": 7}),
            json!({"STAKE": 3, "NAME": "Ada", "N": 2, "TOP": 9}),
        ]
    );
    assert_eq!(values(sql, "WIDES", &inputs), [json!({"N": 1, "SEEN": 1}), json!({"N": 2, "SEEN": 2})]);
}

#[test]
fn the_tables_are_looked_up_where_they_are_made_or_query_by_query_read_from_their_topics() {
    let sql =
        "CREATE STREAM odd AS SELECT b.player, b.stake, m.n FROM bets b JOIN mean m ON b.player = m.player;";
    for (order, inputs) in [(Order::Record, vec!["bets"]), (Order::Query, vec!["bets", "MEAN"])] {
        let files = vec![SourceFile { name: "test.sql".into(), text: format!("{BETS}{sql}") }];
        let derived = order.derived();
        let options = LoadOptions { purpose: Purpose::Replay, derived, ..LoadOptions::default() };
        let program = load(files, &options).expect("a valid program").program;
        assert_eq!(program.input_topics().collect::<Vec<_>>(), inputs);
    }
}

#[test]
fn behind_a_join_by_the_same_expression() {
    let sql =
        "CREATE TABLE loud AS SELECT UCASE(player) AS id, COUNT(*) AS n FROM bets GROUP BY UCASE(player);
        CREATE STREAM all_of AS SELECT l.id AS id, b.stake, p.name, l.n FROM bets b
        LEFT JOIN players p ON UCASE(b.player) = p.player LEFT JOIN loud l ON UCASE(b.player) = l.id;";
    let mut inputs = json!([{"topic": "players", "key": "A", "timestamp": 0, "value": {"name": "Ann"}}]);
    let bets = bets(&[("a", 1, "x"), ("A", 2, "x"), ("a", 3, "x")]);
    inputs.as_array_mut().expect("a list").extend(bets.as_array().expect("a list").clone());
    let found = [(1, json!(null)), (2, json!(1)), (3, json!(2))];
    assert_eq!(
        values(sql, "ALL_OF", &inputs),
        found.map(|(stake, n)| json!({"STAKE": stake, "NAME": "Ann", "N": n}))
    );
}
