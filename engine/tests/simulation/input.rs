//! What is produced: payments, profiles and marks, out of order, some of them bad, some transactions aborted.
//!
//! What holds: the log of what was produced, per partition in the order of the offsets, is what the oracle works
//! on; ids, versions and marks are unique.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Clock, ManualClock, Outgoing, Producer, ProducerConfig, partition_for_key};

use crate::random::Random;
use crate::rules::Program;

const MERCHANTS: u64 = 4;

/// What a payment's record holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Payment {
        id: i64,
        merchant: Option<String>,
        amount: i64,
    },
    Tombstone,
    /// It cannot be read.
    Bad,
}

/// A payment, or what stands in its place.
#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) account: Option<String>,
    pub(crate) time: i64,
    pub(crate) content: Content,
    /// When it was produced, by the world's clock.
    pub(crate) produced: i64,
}

impl Payment {
    /// Where it can be read.
    pub(crate) fn id(&self) -> Option<i64> {
        match self.content {
            Content::Payment { id, .. } => Some(id),
            Content::Tombstone | Content::Bad => None,
        }
    }
}

/// Versions of a table's rows by key; None where one was deleted.
pub(crate) type Versions = BTreeMap<String, Vec<Option<i64>>>;

/// A mark: account, number, time.
pub(crate) type Mark = (String, i64, i64);

/// All that was produced.
#[derive(Debug, Default)]
pub(crate) struct Produced {
    /// Per partition, in order.
    pub(crate) payments: Vec<Vec<Payment>>,
    pub(crate) profiles: Versions,
    pub(crate) marks: Vec<Mark>,
    /// By account.
    pub(crate) quotas: Versions,
    /// By code.
    pub(crate) tiers: Versions,
    /// By merchant: the rows of the broadcast table.
    pub(crate) merchants: Versions,
}

/// See the module.
pub(crate) struct Input {
    random: Random,
    clock: Arc<ManualClock>,
    partitions: i32,
    producer: Box<dyn Producer>,
    accounts: u64,
    /// Whether there is a broadcast table.
    has_merchants: bool,
    pub(crate) produced: Produced,
    time: i64,
    next: i64,
}

/// A record that is about to be produced.
struct Draft {
    topic: &'static str,
    partition: Option<i32>,
    key: Option<String>,
    value: Option<String>,
    time: i64,
}

impl Input {
    pub(crate) fn new(
        broker: &dyn Broker,
        clock: Arc<ManualClock>,
        mut random: Random,
        program: &Program,
    ) -> Self {
        let (partitions, has_merchants) = (program.partitions, program.of_merchants.is_some());
        let config = ProducerConfig { transactional_id: Some("input".into()), ..ProducerConfig::default() };
        let accounts = 1 + random.below(6);
        let produced = Produced { payments: vec![Vec::new(); partitions as usize], ..Produced::default() };
        let producer = broker.producer(&config).unwrap();
        Self { random, clock, partitions, producer, accounts, has_merchants, produced, time: 20_000, next: 1 }
    }

    /// A transaction of some records; now and then one that is aborted.
    pub(crate) fn produce(&mut self, count: u64, with_profiles: bool) {
        self.producer.begin().unwrap();
        if self.random.chance(700) {
            for _ in 0..count {
                let draft = self.payment().0;
                self.put(&draft);
            }
            return self.producer.abort().unwrap();
        }
        for _ in 0..count {
            match self.random.below(12) {
                0 | 1 if with_profiles => self.profile(),
                2 | 3 => self.mark(),
                4 => self.quota(),
                5 => self.tier(),
                _ => {
                    let (draft, partition, payment) = self.payment();
                    self.put(&draft);
                    self.produced.payments[partition].push(payment);
                }
            }
        }
        if with_profiles && self.has_merchants && self.random.chance(4_000) {
            self.merchant();
        }
        self.producer.commit().unwrap();
    }

    /// A profile for every account, and a row for every merchant.
    pub(crate) fn profiles(&mut self) {
        self.producer.begin().unwrap();
        (0..self.accounts).for_each(|account| self.profile_of(account, true));
        if self.has_merchants {
            (0..8).for_each(|_| self.merchant());
        }
        self.producer.commit().unwrap();
        self.producer.flush(Duration::ZERO).unwrap();
    }

    fn put(&mut self, draft: &Draft) {
        let record = Outgoing {
            topic: draft.topic,
            partition: draft.partition,
            key: draft.key.as_deref().map(str::as_bytes),
            value: draft.value.as_deref().map(str::as_bytes),
            timestamp: draft.time,
            headers: &[],
        };
        self.producer.produce(&record).unwrap();
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Mostly a little later than the one before, sometimes earlier, rarely much later.
    fn time(&mut self) -> i64 {
        self.time += match self.random.below(20) {
            0 => self.random.within(3_000, 15_000),
            _ => self.random.within(0, 1_200),
        };
        let back = match self.random.below(10) {
            0 => self.random.within(0, 16_000),
            1 | 2 => self.random.within(0, 4_000),
            _ => 0,
        };
        (self.time - back).max(1)
    }

    fn payment(&mut self) -> (Draft, usize, Payment) {
        let account = format!("A{}", self.random.below(self.accounts));
        let account = (!self.random.chance(300)).then_some(account);
        let time = self.time();
        let (value, content) = match self.random.below(25) {
            0 => (Some(r#"{"id":"none"}"#.to_owned()), Content::Bad),
            1 => (None, Content::Tombstone),
            _ => {
                let (id, amount) = (self.number(), self.random.within(-20, 100));
                let merchant =
                    (!self.random.chance(1_000)).then(|| format!("M{}", self.random.below(MERCHANTS)));
                let named = merchant.as_ref().map_or("null".to_owned(), |name| format!("\"{name}\""));
                let value = format!(r#"{{"id":{id},"merchant":{named},"amount":{amount}}}"#);
                (Some(value), Content::Payment { id, merchant, amount })
            }
        };
        let partition = match &account {
            Some(account) => partition_for_key(account.as_bytes(), self.partitions),
            None => self.random.below(self.partitions as u64) as i32,
        };
        let payment = Payment { account: account.clone(), time, content, produced: self.clock.wall() };
        let draft = Draft { topic: "payments", partition: Some(partition), key: account, value, time };
        (draft, partition as usize, payment)
    }

    fn profile(&mut self) {
        let account = self.random.below(self.accounts);
        let stays = !self.random.chance(2_000);
        self.profile_of(account, stays);
    }

    fn profile_of(&mut self, account: u64, stays: bool) {
        let (account, version, time) = (format!("A{account}"), self.number(), self.time());
        let value = stays.then(|| {
            format!(r#"{{"version":{version},"factor":{},"tier":"{}"}}"#, factor(version), tier(version))
        });
        self.put(&Draft { topic: "profiles", partition: None, key: Some(account.clone()), value, time });
        self.produced.profiles.entry(account).or_default().push(stays.then_some(version));
    }

    /// A row of another table; some go.
    fn row(&mut self, topic: &'static str, column: &str, key: String) -> (String, Option<i64>) {
        let (version, time, stays) = (self.number(), self.time(), !self.random.chance(2_000));
        let value = stays.then(|| format!(r#"{{"{column}":{version}}}"#));
        self.put(&Draft { topic, partition: None, key: Some(key.clone()), value, time });
        (key, stays.then_some(version))
    }

    fn quota(&mut self) {
        let account = format!("A{}", self.random.below(self.accounts));
        let (account, quota) = self.row("quotas", "quota", account);
        self.produced.quotas.entry(account).or_default().push(quota);
    }

    fn tier(&mut self) {
        let code = format!("T{}", self.random.below(3));
        let (code, bonus) = self.row("tiers", "bonus", code);
        self.produced.tiers.entry(code).or_default().push(bonus);
    }

    fn merchant(&mut self) {
        let merchant = format!("M{}", self.random.below(MERCHANTS));
        let (merchant, rate) = self.row("merchants", "rate", merchant);
        self.produced.merchants.entry(merchant).or_default().push(rate);
    }

    fn mark(&mut self) {
        let account = format!("A{}", self.random.below(self.accounts));
        let (mark, time) = (self.number(), self.time());
        let value = Some(format!(r#"{{"mark":{mark}}}"#));
        self.put(&Draft { topic: "marks", partition: None, key: Some(account.clone()), value, time });
        self.produced.marks.push((account, mark, time));
    }
}

/// The tier of a version of a profile.
pub(crate) fn tier(version: i64) -> String {
    format!("T{}", version % 3)
}

/// What a version of a profile multiplies by.
pub(crate) fn factor(version: i64) -> i64 {
    version % 7 + 1
}
