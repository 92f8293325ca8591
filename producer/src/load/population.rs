//! Customers and merchants: who pays, and who is paid.
//!
//! What enters: the seeded generator. What leaves: customers, compact (a million of them fit), their
//! profiles, and merchants. What holds: the same seed gives the same population.

use std::net::Ipv4Addr;

use chrono::{DateTime, TimeDelta, Utc};
use events::{CustomerProfile, RiskLevel, Transaction};
use fake::Fake;
use fake::faker::company::en::CompanyName;
use fake::faker::internet::en::IPv4;
use rand::RngExt;
use rand::rngs::StdRng;
use rust_decimal::Decimal;

use super::amount::{Spender, decimal};
use super::places::{CATEGORIES, CITIES, COUNTRIES, City, LISTED_ACCOUNT, RISKY_CATEGORIES};

const MERCHANTS: usize = 400;

/// A customer, in as few bytes as it takes.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// The number in its account's id.
    number: u32,
    home: u8,
    bin: u8,
    device: u32,
    ip: Ipv4Addr,
    /// The first of three usual categories, the others follow.
    categories: u8,
    /// How it spends.
    pub(crate) spender: Spender,
    days_open: u16,
    risk: RiskLevel,
}

/// A merchant.
#[derive(Debug, Clone)]
pub(crate) struct Merchant {
    /// Its name.
    pub(crate) name: String,
    /// Its line of business.
    pub(crate) category: &'static str,
    terminal: u32,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct Population {
    /// The customers; the last one has the listed account.
    pub(crate) customers: Vec<Customer>,
    ordinary: Vec<Merchant>,
    risky: Vec<Merchant>,
}

impl Population {
    /// This many accounts (the listed one is one more).
    pub(crate) fn new(accounts: u32, rng: &mut StdRng) -> Self {
        let listed = listed_number();
        // Numbers go round the listed account's.
        let numbers = (1..).filter(|n| *n != listed).take(accounts as usize).chain([listed]);
        let customers = numbers.map(|number| Customer::new(number, rng)).collect();
        let (mut ordinary, mut risky) = (Vec::new(), Vec::new());
        for i in 0..MERCHANTS {
            match i % 5 {
                4 => risky.push(Merchant::new(&RISKY_CATEGORIES, rng)),
                _ => ordinary.push(Merchant::new(&CATEGORIES, rng)),
            }
        }
        Self { customers, ordinary, risky }
    }

    /// Where an ordinary purchase of this customer goes: mostly its usual categories, rarely risky ones.
    pub(crate) fn merchant(&self, customer: &Customer, rng: &mut StdRng) -> &Merchant {
        if rng.random_range(0..100) < 3 {
            return self.risky_merchant(rng);
        }
        let mut merchant = pick(&self.ordinary, rng);
        for _ in 0..3 {
            if customer.usual_categories().any(|category| category == merchant.category) {
                break;
            }
            merchant = pick(&self.ordinary, rng);
        }
        merchant
    }

    /// Where fraud prefers to buy.
    pub(crate) fn risky_merchant(&self, rng: &mut StdRng) -> &Merchant {
        pick(&self.risky, rng)
    }
}

impl Merchant {
    fn new(categories: &[&'static str], rng: &mut StdRng) -> Self {
        let category = *pick(categories, rng);
        Self { name: CompanyName().fake_with_rng(rng), category, terminal: rng.random_range(1_000..10_000) }
    }

    /// One of its terminals.
    pub(crate) fn terminal_id(&self) -> String {
        format!("T-{}", self.terminal)
    }
}

impl Customer {
    fn new(number: u32, rng: &mut StdRng) -> Self {
        let spender = match rng.random_range(0..10) {
            0..3 => Spender::Thrifty,
            3..8 => Spender::Ordinary,
            _ => Spender::Lavish,
        };
        let risk = match rng.random_range(0..100) {
            _ if number == listed_number() => RiskLevel::High,
            0..85 => RiskLevel::Low,
            85..97 => RiskLevel::Medium,
            _ => RiskLevel::High,
        };
        Self {
            number,
            home: rng.random_range(0..CITIES.len() as u8),
            bin: rng.random_range(0..3),
            device: rng.random(),
            ip: IPv4().fake_with_rng(rng),
            categories: rng.random_range(0..CATEGORIES.len() as u8),
            spender,
            days_open: rng.random_range(30..4_000),
            risk,
        }
    }

    /// Its account: ACC-0001 and on.
    pub(crate) fn account_id(&self) -> String {
        format!("ACC-{:04}", self.number)
    }

    /// Where it lives.
    pub(crate) fn home(&self) -> &'static City {
        &CITIES[usize::from(self.home) % CITIES.len()]
    }

    /// Its device.
    pub(crate) fn device_id(&self) -> String {
        format!("dev-{:08x}", self.device)
    }

    /// The address it mostly comes from.
    pub(crate) fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    fn usual_categories(&self) -> impl Iterator<Item = &'static str> {
        (0..3).map(|i| CATEGORIES[(usize::from(self.categories) + i) % CATEGORIES.len()])
    }

    /// A transaction at home, without merchant and means.
    pub(crate) fn transaction(&self, id: String, cents: i64, time: DateTime<Utc>) -> Transaction {
        let country = &COUNTRIES[self.home().country];
        let mut transaction = Transaction::new(id, self.account_id(), decimal(cents), time);
        transaction.currency = Some(country.currency.to_owned());
        transaction.card_bin = Some(country.bins[usize::from(self.bin) % country.bins.len()].to_owned());
        transaction
    }

    /// Its profile, as of `now`.
    pub(crate) fn profile(&self, now: DateTime<Utc>) -> CustomerProfile {
        let home = self.home();
        let country = &COUNTRIES[home.country];
        let neighbours = CITIES.iter().filter(|city| city.country == home.country && city.name != home.name);
        let (mean, deviation) = self.spender.moments();
        CustomerProfile {
            account_id: self.account_id(),
            currency: Some(country.currency.to_owned()),
            amount_mean: Some(decimal(mean)),
            amount_stddev: Some(decimal(deviation)),
            home_country: Some(country.code.to_owned()),
            home_city: Some(home.name.to_owned()),
            home_latitude: Some(home.latitude),
            home_longitude: Some(home.longitude),
            cities: [home.name.to_owned()]
                .into_iter()
                .chain(neighbours.take(2).map(|c| c.name.to_owned()))
                .collect(),
            devices: vec![self.device_id()],
            hours: (6..22).collect(),
            categories: self.usual_categories().map(str::to_owned).collect(),
            daily_spending_limit: Some(Decimal::from(if self.spender == Spender::Lavish {
                10_000
            } else {
                5_000
            })),
            risk_level: Some(self.risk),
            account_opened_at: now.checked_sub_signed(TimeDelta::days(i64::from(self.days_open))),
        }
    }
}

/// The number in the listed account's id.
fn listed_number() -> u32 {
    LISTED_ACCOUNT.trim_start_matches("ACC-").parse().unwrap_or(u32::MAX)
}

/// One of a table that is not empty.
pub(crate) fn pick<'a, T>(table: &'a [T], rng: &mut StdRng) -> &'a T {
    &table[rng.random_range(0..table.len())]
}
