//! Joins with tables that other queries derive, in the running engine: a record is compared with what was before
//! it, whatever is stopped, killed or edited in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::Broker;

use crate::joins::Numbers;
use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, Running, drain, eventually, memory, produce, read};

const BY_ACCOUNT: &str = "CREATE TABLE usual AS SELECT account_id, COUNT(*) AS n, MAX(amount) AS top \
    FROM transactions GROUP BY account_id;";
const COMPARED: &str = "CREATE STREAM compared AS SELECT t.account_id, t.transaction_id, u.n, u.top \
    FROM transactions t LEFT JOIN usual u ON t.account_id = u.account_id;";
const BY_MERCHANT: &str = "CREATE TABLE shops AS SELECT merchant, COUNT(*) AS n FROM transactions GROUP BY merchant;\n\
    CREATE STREAM visits AS SELECT t.merchant, t.transaction_id, s.n FROM transactions t \
    LEFT JOIN shops s ON t.merchant = s.merchant;";

/// Transactions at random, and what each must be compared with.
struct Model {
    numbers: Numbers,
    sent: usize,
    /// Per account how many there were, and the highest amount.
    accounts: BTreeMap<String, (u64, u64)>,
    merchants: BTreeMap<String, u64>,
    expected: Vec<String>,
}

impl Model {
    fn new(seed: u64) -> Self {
        let (accounts, merchants) = (BTreeMap::new(), BTreeMap::new());
        Self { numbers: Numbers(seed), sent: 0, accounts, merchants, expected: Vec::new() }
    }

    fn send(&mut self, broker: &Arc<dyn Broker>, count: usize) {
        let mut rows = Vec::new();
        for _ in 0..count {
            self.sent += 1;
            let account = format!("A{}", self.numbers.below(15));
            let merchant = format!("M{}", self.numbers.below(7));
            let amount = self.numbers.below(1_000);
            let known = self.accounts.entry(account.clone()).or_default();
            let id = format!("t{}", self.sent);
            let compared = match *known {
                (0, _) => "null,\"TOP\":null".to_owned(),
                (n, top) => format!("{n},\"TOP\":{top}.0000"),
            };
            self.expected.push(format!(r#"{account} {{"TRANSACTION_ID":"{id}","N":{compared}}}"#));
            *known = (known.0 + 1, known.1.max(amount));
            *self.merchants.entry(merchant.clone()).or_default() += 1;
            rows.push((account, id, amount.to_string(), merchant, self.sent as i64));
        }
        let rows: Vec<_> = rows
            .iter()
            .map(|(a, t, n, m, at)| (a.as_str(), t.as_str(), n.as_str(), m.as_str(), *at))
            .collect();
        produce(broker, &rows);
    }

    fn check(&self, broker: &Arc<dyn Broker>) {
        let mut expected = self.expected.clone();
        expected.sort();
        assert_eq!(sorted(broker, "COMPARED"), expected);
        // Records of several partitions come to a merchant in no order, but each finds those before it.
        let mut seen: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for row in sorted(broker, "VISITS") {
            let (merchant, value) = row.split_once(' ').unwrap();
            let n = value.rsplit_once(':').unwrap().1.trim_end_matches('}');
            seen.entry(merchant.to_owned()).or_default().push(n.parse().unwrap_or(0));
        }
        seen.values_mut().for_each(|list| list.sort_unstable());
        let all = self.merchants.iter().map(|(merchant, count)| (merchant.clone(), (0..*count).collect()));
        assert_eq!(seen, all.collect());
    }
}

fn sorted(broker: &Arc<dyn Broker>, topic: &str) -> Vec<String> {
    let text = |record: &crate::support::Record| {
        let key = String::from_utf8(record.key.clone().unwrap()).unwrap();
        format!("{key} {}", record.value.as_deref().unwrap_or("null"))
    };
    let mut rows: Vec<_> = read(broker, topic).iter().map(text).collect();
    rows.sort();
    rows
}

fn rules() -> Rules {
    Rules::new(&[("10.sql", BY_ACCOUNT), ("20.sql", COMPARED), ("30.sql", BY_MERCHANT)])
}

#[test]
fn what_was_before_the_record_is_the_same_over_stops_and_edits() {
    let (broker, rules, mut model) = (memory(), rules(), Model::new(11));
    for round in 0..5 {
        model.send(&broker, 120);
        let options = engine::Options { threads: 1 + round % 3, ..rules.options(None) };
        let summary = drain(&broker, options).unwrap();
        assert!(summary.queries.values().all(engine::task::QueryCounters::adds_up), "{summary:?}");
        // Another projection, and a rule that uses the same counts.
        if round == 2 {
            rules.write("40.sql", "CREATE TABLE rich AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id HAVING COUNT(*) > 3;");
        }
    }
    model.check(&broker);
}

#[test]
fn what_was_before_the_record_is_the_same_wherever_the_engine_is_killed() {
    let faults = [
        Fault::EndAtRecord(70),
        Fault::EndBeforeCommit(2),
        Fault::EndAfterCommit(1),
        Fault::EndAtRecord(1),
        Fault::EndAfterCommit(2),
    ];
    let (broker, rules, mut model) = (memory(), rules(), Model::new(29));
    for (round, fault) in faults.into_iter().enumerate() {
        model.send(&broker, 150);
        let options = engine::Options { threads: 1 + round % 2, ..rules.options(None) };
        assert!(drain(&Mortal::over(&broker, fault), options.clone()).is_err(), "{fault:?}");
        model.send(&broker, 20);
        drain(&Mortal::over(&broker, Fault::FailCommits(3)), options).unwrap();
    }
    model.check(&broker);
}

#[test]
fn a_join_that_comes_later_knows_what_was_counted_before() {
    let state = tempfile::tempdir().unwrap();
    let (broker, rules) = (memory(), Rules::new(&[("10.sql", BY_ACCOUNT)]));
    let engine = Running::start(&broker, rules.options(Some(state.path())));
    produce(&broker, &[("A", "t1", "5", "m", 1), ("A", "t2", "7", "m", 2)]);
    eventually("the first are counted", || read(&broker, "USUAL").len() == 2);
    rules.write("20.sql", COMPARED);
    eventually("the join is there", || broker.topic("COMPARED").unwrap().is_some());
    std::thread::sleep(std::time::Duration::from_millis(300));
    produce(&broker, &[("A", "t3", "6", "m", 3)]);
    eventually("the third is compared", || !sorted(&broker, "COMPARED").is_empty());
    engine.stop();
    assert_eq!(sorted(&broker, "COMPARED"), [r#"A {"TRANSACTION_ID":"t3","N":2,"TOP":7.0000}"#]);
}

#[test]
fn a_table_of_another_stream_is_joined_where_the_order_does_not_matter() {
    let derived = "CREATE STREAM large AS SELECT * FROM transactions WHERE amount > 1;\n\
        CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM large GROUP BY account_id;";
    let reads = "CREATE STREAM numbered AS SELECT t.account_id, t.transaction_id, c.n AS n \
        FROM transactions t LEFT JOIN counts c ON t.account_id = c.account_id;";
    let (broker, rules) = (memory(), Rules::new(&[("10_counts.sql", derived), ("20_join.sql", reads)]));
    let error = drain(&broker, rules.options(None)).unwrap_err().to_string();
    assert!(error.contains("COUNTS") && error.contains("--@async: true"), "{error}");
    rules.write("20_join.sql", &format!("--@async: true\n{reads}"));
    produce(&broker, &[("A", "t1", "2", "m", 1), ("A", "t2", "3", "m", 2)]);
    drain(&broker, rules.options(None)).unwrap();
    produce(&broker, &[("A", "t3", "4", "m", 3)]);
    drain(&broker, rules.options(None)).unwrap();
    let rows = sorted(&broker, "NUMBERED");
    assert_eq!(rows.len(), 3);
    assert!(rows.contains(&r#"A {"TRANSACTION_ID":"t3","N":2}"#.to_owned()), "{rows:?}");
}
