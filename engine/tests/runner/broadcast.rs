//! Tables that every worker has whole: of other partition counts than what they are joined with, by any key, over
//! stops, kills and a second worker. What is right is computed here, in plain Rust.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Broker, Isolation, TopicPartition, TopicSpec};
use engine::{Error, Options, TopicKind, clean, installation};

use crate::joins::{Numbers, Row, drain_over_kills, put, values};
use crate::support::{Rules, Running, drain, eventually, memory, produce, read};

const SHOPS: &str = "--@broadcast: true\nCREATE TABLE shops (shop VARCHAR PRIMARY KEY, kind VARCHAR) \
    WITH (KAFKA_TOPIC='shops', VALUE_FORMAT='JSON');";
const KINDS: &str = "CREATE STREAM kinds AS SELECT s.shop, t.transaction_id, s.kind \
    FROM transactions t LEFT JOIN shops s ON UCASE(t.merchant) = s.shop;";
const COPIES: &str = "streamguard-shops-for-transactions-broadcast";

fn broker(partitions: i32) -> Arc<dyn Broker> {
    let broker = memory();
    broker.create_topics(&[TopicSpec::compacted("shops", partitions)]).unwrap();
    broker
}

/// What the table is, what was sent, and what has to come of it.
struct Model {
    numbers: Numbers,
    shops: BTreeMap<String, String>,
    sent: usize,
    joined: Vec<String>,
    /// By account: how many payments in shops that are known.
    counts: BTreeMap<String, u64>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let (shops, counts) = (BTreeMap::new(), BTreeMap::new());
        Self { numbers: Numbers(seed), shops, sent: 0, joined: Vec::new(), counts }
    }

    fn change(&mut self, broker: &Arc<dyn Broker>, count: u64) {
        let mut rows: Vec<Row> = Vec::new();
        for i in 0..count {
            let shop = format!("S{}", self.numbers.below(12));
            if self.numbers.below(4) == 0 {
                self.shops.remove(&shop);
                rows.push((shop, None, 1_000_000 + i as i64));
            } else {
                let kind = format!("K{}-{i}", self.sent);
                rows.push((shop.clone(), Some(format!(r#"{{"kind":"{kind}"}}"#)), 1_000_000 + i as i64));
                self.shops.insert(shop, kind);
            }
        }
        put(broker, "shops", &rows);
    }

    fn pay(&mut self, broker: &Arc<dyn Broker>, count: usize) {
        let mut rows = Vec::new();
        for _ in 0..count {
            self.sent += 1;
            let (account, shop) = (format!("A{}", self.numbers.below(20)), self.numbers.below(14));
            let id = format!("t{}", self.sent);
            let kind = self.shops.get(&format!("S{shop}"));
            if kind.is_some() {
                *self.counts.entry(account.clone()).or_default() += 1;
            }
            let kind = kind.map_or("null".to_owned(), |kind| format!("\"{kind}\""));
            self.joined.push(format!(r#"S{shop} {{"TRANSACTION_ID":"{id}","KIND":{kind}}}"#));
            rows.push((account, id, format!("s{shop}")));
        }
        let rows: Vec<_> =
            rows.iter().map(|(a, t, m)| (a.as_str(), t.as_str(), "1", m.as_str(), 1)).collect();
        produce(broker, &rows);
    }

    fn check(&mut self, broker: &Arc<dyn Broker>) {
        let mut found = values(broker, "KINDS");
        found.sort();
        self.joined.sort();
        assert_eq!(found, self.joined);
    }
}

#[test]
fn every_worker_has_all_rows_over_kills_and_stops() {
    for partitions in [1, 4] {
        let (broker, mut model) = (broker(partitions), Model::new(3));
        let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_kinds.sql", KINDS)]);
        for round in 0..3 {
            model.change(&broker, 25);
            model.pay(&broker, 80);
            drain_over_kills(&broker, &Options { threads: 1 + round % 2, ..rules.options(None) });
        }
        model.check(&broker);
    }
}

#[test]
fn a_restart_from_local_state_loads_what_has_changed_meanwhile() {
    let (broker, mut model) = (broker(2), Model::new(5));
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_kinds.sql", KINDS)]);
    let state = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        model.change(&broker, 20);
        model.pay(&broker, 50);
        let summary = drain(&broker, rules.options(Some(state.path()))).unwrap();
        assert!(summary.adds_up(), "{summary:?}");
        let (_, kinds) = summary.queries.iter().find(|(id, _)| id.contains("KINDS")).unwrap();
        assert_eq!(kinds.input, 70, "a row of the table counts once: {summary:?}");
    }
    model.check(&broker);
}

#[test]
fn joined_rows_are_grouped_where_their_key_meets() {
    let (broker, mut model) = (broker(2), Model::new(9));
    let counts =
        "CREATE TABLE counts AS SELECT t.account_id AS account_id, COUNT(*) AS n FROM transactions t \
        JOIN shops s ON UCASE(t.merchant) = s.shop GROUP BY t.account_id;
        CREATE TABLE by_kind AS SELECT s.kind AS kind, COUNT(*) AS n FROM transactions t \
        JOIN shops s ON UCASE(t.merchant) = s.shop GROUP BY s.kind;";
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_counts.sql", counts)]);
    for round in 0..2 {
        model.change(&broker, 20);
        model.pay(&broker, 60);
        drain_over_kills(&broker, &Options { threads: 1 + round, ..rules.options(None) });
    }
    let last = |topic: &str| {
        let mut last = BTreeMap::new();
        for record in read(&broker, topic) {
            let value: serde_json::Value = serde_json::from_str(&record.value.unwrap()).unwrap();
            let seen: &mut u64 = last.entry(String::from_utf8(record.key.unwrap()).unwrap()).or_default();
            *seen = (*seen).max(value["N"].as_u64().unwrap());
        }
        last
    };
    assert_eq!(last("COUNTS"), model.counts);
    assert_eq!(last("BY_KIND").values().sum::<u64>(), model.counts.values().sum::<u64>());
    let topics = broker.topics().unwrap();
    let moved: Vec<_> = topics.iter().filter(|t| t.name.ends_with("-repartition")).collect();
    assert_eq!(moved.len(), 1, "by account nothing moves: {moved:?}");
}

#[test]
fn a_join_that_comes_later_has_the_rows_that_were_there() {
    let (broker, mut model) = (broker(2), Model::new(11));
    // The table's topic was read to its end before there is a copy.
    let listed = "CREATE TABLE listed AS SELECT shop, kind FROM shops;";
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_listed.sql", listed)]);
    model.change(&broker, 30);
    drain(&broker, rules.options(None)).unwrap();
    rules.write("30_kinds.sql", KINDS);
    model.pay(&broker, 60);
    drain(&broker, rules.options(None)).unwrap();
    model.check(&broker);
    // And one that comes while the engine runs.
    let more = KINDS.replace("kinds", "more").replace("s.kind", "s.kind, t.amount");
    let running = Running::start(&broker, Options { threads: 2, ..rules.options(None) });
    rules.write("40_more.sql", &more);
    eventually("the new rule", || broker.topic("MORE").unwrap().is_some());
    model.pay(&broker, 60);
    eventually("the joined rows", || read(&broker, "KINDS").len() == 120);
    running.stop();
    model.check(&broker);
}

#[test]
fn a_change_reaches_all_workers() {
    let broker = broker(1);
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_kinds.sql", KINDS)]);
    let running = Running::start(&broker, Options { threads: 3, ..rules.options(None) });
    eventually("the topics", || broker.topic("KINDS").unwrap().is_some());
    let mut sent = 0;
    for round in 0..3 {
        put(&broker, "shops", &[("S1".to_owned(), Some(format!(r#"{{"kind":"K{round}"}}"#)), 1)]);
        eventually("the row in all partitions", || {
            sent += 1;
            let rows: Vec<_> = (0..20).map(|i| (format!("A{i}"), format!("t{sent}-{i}"))).collect();
            let rows: Vec<_> = rows.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "s1", 1)).collect();
            produce(&broker, &rows);
            let kind = format!("\"K{round}\"");
            let rows = values(&broker, "KINDS");
            let has =
                |i: usize| rows.iter().any(|row| row.contains(&format!("-{i}\"")) && row.contains(&kind));
            (0..20).all(has)
        });
    }
    eventually("all rows", || values(&broker, "KINDS").len() == 20 * sent);
    running.stop();
    // An account's transactions see the table's rows one after the other, never an older one again.
    let mut seen: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for row in values(&broker, "KINDS") {
        let value: serde_json::Value = serde_json::from_str(row.split_once(' ').unwrap().1).unwrap();
        let id = value["TRANSACTION_ID"].as_str().unwrap()[1..].split_once('-').unwrap();
        let kind = value["KIND"].as_str().unwrap_or_default().to_owned();
        seen.insert((id.1.parse().unwrap(), id.0.parse().unwrap()), kind);
    }
    let (accounts, kinds): (Vec<_>, Vec<_>) =
        seen.into_iter().map(|((account, _), kind)| (account, kind)).unzip();
    let pairs = accounts.windows(2).zip(kinds.windows(2));
    pairs.filter(|(a, _)| a[0] == a[1]).for_each(|(_, k)| assert!(k[0] <= k[1], "{k:?}"));
}

#[test]
fn copies_are_trimmed_and_listed_and_go_with_their_last_rule() {
    let (broker, mut model) = (broker(1), Model::new(13));
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_kinds.sql", KINDS)]);
    model.change(&broker, 20);
    model.pay(&broker, 20);
    drain(&broker, rules.options(None)).unwrap();
    let low = broker.watermarks(&TopicPartition::new(COPIES, 0), Isolation::ReadCommitted).unwrap().0;
    assert!(low > 0, "what is in a checkpoint is not kept");
    let found = installation(&*broker, &rules.options(None)).unwrap();
    let copies = found.topics.iter().find(|topic| topic.name == COPIES).unwrap();
    assert_eq!((copies.kind, copies.partitions, copies.unused), (TopicKind::Broadcast, Some(3), false));
    assert!(copies.used_by.iter().any(|query| query.contains("KINDS")), "{copies:?}");
    std::fs::remove_file(rules.dir.path().join("20_kinds.sql")).unwrap();
    rules.write("30_high.sql", crate::HIGH);
    drain(&broker, rules.options(None)).unwrap();
    let gone = clean(&*broker, &rules.options(None), false).unwrap();
    assert!(gone.iter().any(|name| name == COPIES), "{gone:?}");
    // It comes back as it has to be.
    rules.write("20_kinds.sql", KINDS);
    model.pay(&broker, 20);
    drain(&broker, rules.options(None)).unwrap();
    let mut found = values(&broker, "KINDS");
    found.sort();
    model.joined.sort();
    assert_eq!(found.len(), 40);
    assert_eq!(found, model.joined);
}

#[test]
fn a_table_that_is_too_large_ends_the_engine_with_a_message() {
    let (broker, mut model) = (broker(1), Model::new(17));
    let rules = Rules::new(&[("10_shops.sql", SHOPS), ("20_kinds.sql", KINDS)]);
    model.change(&broker, 60);
    model.pay(&broker, 1);
    let options = || Options { broadcast_max_rows: 3, ..rules.options(None) };
    let error = drain(&broker, options()).unwrap_err();
    assert!(matches!(error, Error::Broadcast { limit: 3, .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("shops") && message.contains("--broadcast-max-rows"), "{message}");
    drain(&broker, rules.options(None)).unwrap();
    model.check(&broker);
}
