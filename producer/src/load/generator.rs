//! The load itself: the next transaction, and the truth about it.
//!
//! What enters: a seed, and the event time of each transaction, not falling. What leaves: transactions and
//! labels. What holds: the same seed and times give the same bytes. Customers take turns (each pays once in
//! a round, in shuffled order), so that an ordinary one does not look like a burst; fraud episodes take
//! their share of the transactions.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use events::{CustomerProfile, Label, Transaction, TransactionType};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use super::fraud::{Kind, Step};
use super::places::{CITIES, COUNTRIES, City, FOREIGN_CURRENCIES, LISTED_MERCHANTS};
use super::population::{Customer, Merchant, Population, pick};

/// A transaction and, where there is something to say, the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The transaction.
    pub transaction: Transaction,
    /// Fraud, or what looks like it and is not; None: ordinary.
    pub label: Option<Label>,
}

/// Makes transactions.
#[derive(Debug)]
pub struct Generator {
    rng: StdRng,
    people: Population,
    fraud_share: f64,
    /// The order of the customers in this round, and whose turn is next.
    round: Vec<u32>,
    turn: usize,
    made: u64,
    /// Fraud made or waiting.
    planned: u64,
    waiting: BinaryHeap<Reverse<(DateTime<Utc>, u64, Planned)>>,
}

/// A transaction of an episode that is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Planned {
    customer: u32,
    cents: i64,
    kind: u8,
}

const KINDS: [Kind; 7] = [
    Kind::CardTesting,
    Kind::RapidFire,
    Kind::HighAmount,
    Kind::Night,
    Kind::AmountVelocity,
    Kind::ListedMerchant,
    Kind::ListedAccount,
];

/// The most that an ordinary customer spends at night, in cents.
const NIGHT_CEILING: i64 = 100_000;

/// One in so many ordinary transactions is large, or large for the night, and no fraud.
const ODD_ONE_IN: u32 = 1_000;

impl Generator {
    /// Customers and merchants of a seed.
    pub fn new(seed: u64, accounts: u32, fraud_share: f64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let people = Population::new(accounts, &mut rng);
        Self {
            round: (0..accounts).collect(),
            turn: accounts as usize,
            rng,
            people,
            fraud_share,
            made: 0,
            planned: 0,
            waiting: BinaryHeap::new(),
        }
    }

    /// The profiles of all customers, as of `now`.
    pub fn profiles(&self, now: DateTime<Utc>) -> impl Iterator<Item = CustomerProfile> {
        self.people.customers.iter().map(move |customer| customer.profile(now))
    }

    /// The transaction that happens at `time`.
    pub fn next(&mut self, time: DateTime<Utc>) -> Generated {
        self.made += 1;
        if (self.planned as f64) < self.made as f64 * self.fraud_share {
            self.plan(time);
        }
        match self.waiting.peek() {
            Some(Reverse((due, _, planned))) if *due <= time => {
                let planned = *planned;
                self.waiting.pop();
                self.fraud(planned, time)
            }
            _ => self.ordinary(time),
        }
    }

    /// Plans an episode that begins at `time`.
    fn plan(&mut self, time: DateTime<Utc>) {
        let kind = Kind::choose(&mut self.rng, is_night(time));
        let last = self.people.customers.len() as u32 - 1;
        let customer = if kind == Kind::ListedAccount { last } else { self.rng.random_range(0..last) };
        let number = KINDS.iter().position(|k| *k == kind).unwrap_or_default() as u8;
        for Step { after, cents } in kind.steps(&mut self.rng) {
            self.planned += 1;
            let due = time + TimeDelta::milliseconds(after);
            self.waiting.push(Reverse((due, self.planned, Planned { customer, cents, kind: number })));
        }
    }

    fn fraud(&mut self, planned: Planned, time: DateTime<Utc>) -> Generated {
        let kind = KINDS[usize::from(planned.kind)];
        let id = self.id();
        let Self { rng, people, .. } = self;
        let customer = &people.customers[planned.customer as usize];
        let mut transaction = customer.transaction(id, planned.cents, time);
        let merchant = people.risky_merchant(rng);
        match kind {
            Kind::ListedAccount => at_counter(&mut transaction, customer, merchant, customer.home(), rng),
            _ => stolen(&mut transaction, merchant, pick(&CITIES, rng), rng),
        }
        if kind == Kind::ListedMerchant {
            transaction.merchant = Some((*pick(&LISTED_MERCHANTS, rng)).to_owned());
            transaction.category = Some("marketplace".to_owned());
            transaction.terminal_id = None;
        }
        let label = Some(label(&transaction, Some(kind.name())));
        Generated { transaction, label }
    }

    fn ordinary(&mut self, time: DateTime<Utc>) -> Generated {
        let id = self.id();
        let turn = self.turn();
        let Self { rng, people, .. } = self;
        let customer = &people.customers[turn];
        let odd = rng.random_range(0..ODD_ONE_IN) == 0;
        let ceiling = if is_night(time) { NIGHT_CEILING } else { i64::MAX };
        let cents = match odd {
            true => rng.random_range(NIGHT_CEILING + 1..=800_000),
            false => customer.spender.amount(rng, ceiling),
        };
        let mut transaction = customer.transaction(id, cents, time);
        let merchant = people.merchant(customer, rng);
        if rng.random_range(0..100) < 30 {
            online(&mut transaction, customer, merchant, rng);
        } else {
            let city = if rng.random_range(0..100) < 5 { pick(&CITIES, rng) } else { customer.home() };
            at_counter(&mut transaction, customer, merchant, city, rng);
        }
        if rng.random_range(0..100) < 20 {
            other_type(&mut transaction, people, rng);
        }
        let label = odd.then(|| label(&transaction, None));
        Generated { transaction, label }
    }

    /// Whose turn it is; a new round begins in a new order. The listed account takes no turns.
    fn turn(&mut self) -> usize {
        if self.turn >= self.round.len() {
            self.round.shuffle(&mut self.rng);
            self.turn = 0;
        }
        self.turn += 1;
        self.round[self.turn - 1] as usize
    }

    fn id(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.random()).into_uuid().hyphenated().to_string()
    }
}

fn is_night(time: DateTime<Utc>) -> bool {
    !(6..22).contains(&time.hour())
}

fn label(transaction: &Transaction, kind: Option<&str>) -> Label {
    Label {
        transaction_id: transaction.transaction_id.clone(),
        account_id: Some(transaction.account_id.clone()),
        is_fraud: kind.is_some(),
        kind: kind.map(str::to_owned),
        timestamp: Some(transaction.timestamp),
        labelled_at: None,
    }
}

/// In a shop, up to some 10 km from the city's centre.
fn at_counter(t: &mut Transaction, customer: &Customer, merchant: &Merchant, city: &City, rng: &mut StdRng) {
    purchase(t, merchant);
    t.channel = Some("pos".to_owned());
    t.card_present = Some(true);
    t.terminal_id = Some(merchant.terminal_id());
    t.currency = Some(COUNTRIES[city.country].currency.to_owned());
    t.device_id = (rng.random_range(0..100) < 25).then(|| customer.device_id());
    place(t, city, rng);
}

/// From home, on the net.
fn online(t: &mut Transaction, customer: &Customer, merchant: &Merchant, rng: &mut StdRng) {
    purchase(t, merchant);
    t.channel = Some("online".to_owned());
    t.card_present = Some(false);
    t.device_id = Some(customer.device_id());
    t.ip = Some(customer.ip().to_string());
    if rng.random_range(0..100) < 4 {
        t.currency = Some((*pick(&FOREIGN_CURRENCIES, rng)).to_owned());
    }
    place(t, customer.home(), rng);
}

/// By somebody else, on the net, from anywhere.
fn stolen(t: &mut Transaction, merchant: &Merchant, city: &City, rng: &mut StdRng) {
    purchase(t, merchant);
    t.channel = Some("online".to_owned());
    t.card_present = Some(false);
    t.device_id = Some(format!("dev-{:08x}", rng.random::<u32>()));
    t.ip = Some(std::net::Ipv4Addr::from_bits(rng.random()).to_string());
    place(t, city, rng);
}

fn purchase(t: &mut Transaction, merchant: &Merchant) {
    t.transaction_type = Some(TransactionType::Purchase);
    t.merchant = Some(merchant.name.clone());
    t.category = Some(merchant.category.to_owned());
}

fn place(t: &mut Transaction, city: &City, rng: &mut StdRng) {
    // Whole steps of a ten-thousandth of a degree, so that the digits are the same everywhere.
    let mut near =
        |degrees: f64| ((degrees * 1e4).round() + f64::from(rng.random_range(-900..=900_i32))) / 1e4;
    t.latitude = Some(near(city.latitude));
    t.longitude = Some(near(city.longitude));
    t.city = Some(city.name.to_owned());
    t.country = Some(COUNTRIES[city.country].code.to_owned());
}

/// Not a purchase after all: a bill, cash, money to or from another account.
fn other_type(t: &mut Transaction, people: &Population, rng: &mut StdRng) {
    let kind = match rng.random_range(0..20) {
        0..8 => TransactionType::Payment,
        8..14 => TransactionType::Withdrawal,
        14..18 => TransactionType::Transfer,
        _ => TransactionType::Deposit,
    };
    t.transaction_type = Some(kind);
    match kind {
        TransactionType::Payment => t.category = Some("utilities".to_owned()),
        TransactionType::Withdrawal => {
            (t.merchant, t.category) = (None, Some("cash".to_owned()));
            (t.channel, t.card_present, t.ip) = (Some("atm".to_owned()), Some(true), None);
        }
        _ => {
            (t.merchant, t.category, t.terminal_id) = (None, Some("transfer".to_owned()), None);
            (t.channel, t.card_present, t.card_bin) = (Some("mobile".to_owned()), None, None);
            t.counterparty_account_id = Some(pick(&people.customers, rng).account_id());
        }
    }
}
