//! The lists against a plain scan over all entries, written in another way.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

/// An entry with texts of its own.
#[derive(Debug, Clone, PartialEq)]
struct Owned {
    id: i64,
    kind: Kind,
    how: Match,
    action: ListAction,
    value: String,
    reason: String,
    expires: i64,
}

impl Owned {
    fn entry(&self) -> Entry<'_> {
        Entry {
            id: self.id,
            kind: self.kind,
            how: self.how,
            action: self.action,
            value: &self.value,
            reason: &self.reason,
            expires: self.expires,
        }
    }

    /// Whether a field hits it, by the words of the documentation.
    fn matches(&self, field: &str) -> bool {
        let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
        match (self.kind, self.how) {
            (Kind::Ip, _) => in_network(field, &self.value),
            (_, Match::Exact) => field == self.value,
            (_, Match::Nocase) => lower(field) == lower(&self.value),
            (_, Match::Prefix) => lower(field).starts_with(&lower(&self.value)),
        }
    }
}

/// Bit by bit.
fn in_network(field: &str, network: &str) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let octets = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        octets.iter().flat_map(|octet| (0..8).map(move |bit| octet >> (7 - bit) & 1 == 1)).collect()
    };
    let (start, length) = network.split_once('/').unwrap_or((network, "128"));
    let (Ok(field), Ok(start)) = (field.parse::<IpAddr>(), start.parse::<IpAddr>()) else { return false };
    let (field, start) = (bits(field.to_canonical()), bits(start));
    field.len() == start.len() && field.iter().zip(&start).take(length.parse().unwrap()).all(|(a, b)| a == b)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[aAbB]{1,4}", "[aäÄßéİ ẞ]{1,3}", Just("x".repeat(500)), Just("İ".repeat(250))]
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        (0u8..3, 0u8..3, 250u8..=255).prop_map(|(a, b, c)| format!("10.{a}.{b}.{c}")),
        (0u8..3, 0u16..3).prop_map(|(a, b)| format!("2001:db8:{a}::{b:x}")),
    ]
}

fn network() -> impl Strategy<Value = String> {
    (address(), 0u8..=128).prop_map(|(address, length)| {
        // As PostgreSQL's network() writes it.
        let (address, length) = match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => {
                let length = length % 33;
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                (IpAddr::V4((v4.to_bits() & mask).into()), length)
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                (IpAddr::V6((v6.to_bits() & mask).into()), length)
            }
        };
        format!("{address}/{length}")
    })
}

fn entry() -> impl Strategy<Value = Owned> {
    let kind = (0..Kind::ALL.len()).prop_map(|i| Kind::ALL[i]);
    (kind, 0..3usize, 0..3usize, text(), "[0-9]{1,3}", network(), "[rs]{0,2}", 0..6i64).prop_map(
        |(kind, how, action, text, digits, network, reason, expires)| Owned {
            id: 0,
            kind,
            how: if kind == Kind::Ip { Match::Prefix } else { Match::ALL[how] },
            action: ListAction::ALL[action],
            value: match kind {
                Kind::Ip => network,
                Kind::Bin => digits,
                _ => text,
            },
            reason,
            expires: if expires == 5 { i64::MAX } else { expires },
        },
    )
}

#[derive(Debug, Clone)]
enum Step {
    Add(Owned),
    /// The entry at this place, counted round.
    Remove(usize),
    Change(usize, String, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => entry().prop_map(Step::Add),
        1 => any::<usize>().prop_map(Step::Remove),
        1 => (any::<usize>(), "[rs]{0,2}", 0..6i64).prop_map(|(at, reason, expires)| Step::Change(at, reason, expires)),
    ];
    proptest::collection::vec(step, 0..60)
}

fn facts() -> impl Strategy<Value = TransactionFacts> {
    let field = || proptest::option::of(text());
    let ip = proptest::option::of(prop_oneof![
        4 => address(),
        1 => address().prop_map(|address| format!("::ffff:{address}")),
        1 => Just("no address".to_owned()),
    ]);
    let long = prop_oneof![8 => field(), 1 => Just(Some("x".repeat(1200))), 1 => Just(Some("İ".repeat(400)))];
    (text(), long, field(), field(), field(), ip, proptest::option::of("[0-9]{0,4}")).prop_map(
        |(account_id, merchant, category, country, device_id, ip, card_bin)| TransactionFacts {
            account_id,
            merchant,
            category,
            country,
            device_id,
            ip,
            card_bin,
            ..Default::default()
        },
    )
}

fn field(facts: &TransactionFacts, kind: Kind) -> Option<&str> {
    match kind {
        Kind::Account => Some(&facts.account_id),
        Kind::Bin => facts.card_bin.as_deref(),
        Kind::Category => facts.category.as_deref(),
        Kind::Country => facts.country.as_deref(),
        Kind::Device => facts.device_id.as_deref(),
        Kind::Ip => facts.ip.as_deref(),
        Kind::Merchant => facts.merchant.as_deref(),
    }
}

proptest! {
    #[test]
    fn hits_are_those_of_a_plain_scan(steps in steps(), asked in proptest::collection::vec((facts(), 0..6i64), 1..20)) {
        let mut lists = Lists::default();
        let mut model: BTreeMap<i64, Owned> = BTreeMap::new();
        for (id, step) in steps.into_iter().enumerate() {
            let chosen = |at: usize| model.values().nth(at % model.len().max(1)).cloned();
            match step {
                Step::Add(entry) => {
                    let entry = Owned { id: id as i64, ..entry };
                    lists.entries.add(&entry.entry()).unwrap();
                    model.insert(entry.id, entry);
                }
                Step::Remove(at) => {
                    let Some(entry) = chosen(at) else { continue };
                    lists.entries.remove(&entry.entry()).unwrap();
                    lists.entries.remove(&entry.entry()).unwrap();
                    model.remove(&entry.id);
                }
                Step::Change(at, reason, expires) => {
                    let Some(entry) = chosen(at) else { continue };
                    let entry = Owned { reason, expires, ..entry };
                    lists.entries.add(&entry.entry()).unwrap();
                    model.insert(entry.id, entry);
                }
            }
        }
        prop_assert_eq!(lists.entries.len(), model.len());
        for (facts, at) in &asked {
            let time = DateTime::from_timestamp_micros(*at).unwrap();
            let mut expected: Vec<ListHit> = model
                .values()
                .filter(|entry| *at < entry.expires)
                .filter(|entry| field(facts, entry.kind).is_some_and(|field| entry.matches(field)))
                .map(|entry| entry.entry().into())
                .collect();
            expected.sort();
            prop_assert_eq!(lists.hits([facts].into_iter(), time), expected);
        }
    }
}

fn account(id: i64, value: &str) -> Owned {
    Owned {
        id,
        kind: Kind::Account,
        how: Match::Nocase,
        action: ListAction::Block,
        value: value.to_owned(),
        reason: format!("reason {}", id % 100),
        expires: i64::MAX,
    }
}

#[test]
fn texts_that_were_given_up_do_not_pile_up() {
    let mut lists = Lists::default();
    let value = |id: i64| format!("ACC-{id:0>60}");
    for id in 0..200_000 {
        lists.entries.add(&account(id, &value(id)).entry()).unwrap();
        if id >= 1_000 {
            lists.entries.remove(&account(id - 1_000, &value(id - 1_000)).entry()).unwrap();
        }
    }
    assert_eq!(lists.entries.len(), 1_000);
    assert!(lists.entries.text_bytes() < 3 << 20, "{} bytes", lists.entries.text_bytes());
    let facts = |id| TransactionFacts { account_id: value(id), ..Default::default() };
    let hits = |id| lists.hits([facts(id)].iter(), DateTime::UNIX_EPOCH);
    assert_eq!((hits(198_999).len(), hits(199_000)[0].reason.as_str()), (0, "reason 0"));
}

#[test]
fn what_is_written_is_read() {
    assert!(Kind::ALL.iter().enumerate().all(|(i, kind)| *kind as usize == i));
    assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.as_str()) == Some(kind)));
    assert!(ListAction::ALL.into_iter().all(|action| ListAction::parse(action.as_str()) == Some(action)));
    assert!(Match::ALL.into_iter().all(|how| Match::parse(how.as_str()) == Some(how)));
    let old: ListHit = serde_json::from_str(r#"{"kind":"merchant","value":"Shein"}"#).unwrap();
    assert_eq!((old.action, old.how), (ListAction::Block, Match::Nocase), "what versions before wrote");
}

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Prints what a million entries take; a measurement, not a check.
#[test]
#[ignore = "a measurement: cargo test --release -p consumer --lib a_million -- --ignored --nocapture"]
fn a_million_entries() {
    let before = resident();
    let mut lists = Lists::default();
    lists.entries.reserve(1_000_000, 16_000_000);
    let start = std::time::Instant::now();
    let kinds =
        [(Kind::Account, Match::Nocase), (Kind::Device, Match::Exact), (Kind::Merchant, Match::Prefix)];
    for id in 0..1_000_000_i64 {
        let (kind, how) = kinds[id as usize % 3];
        let (value, reason) = (format!("VALUE-{id:08}"), format!("reason {}", id % 10_000));
        let entry = Entry {
            id,
            kind,
            how,
            action: ListAction::Block,
            value: &value,
            reason: &reason,
            expires: i64::MAX,
        };
        lists.entries.add(&entry).unwrap();
    }
    println!("added in {:?}, {} MiB", start.elapsed(), (resident() - before) >> 20);
    let mut times: Vec<u128> = (0..200_000_i64)
        .map(|i| {
            let value = format!("value-{:08}", i * 7 % 2_000_000);
            let facts = TransactionFacts {
                account_id: value.clone(),
                merchant: Some(value.clone()),
                device_id: Some(value),
                ip: Some("203.0.113.7".to_owned()),
                ..Default::default()
            };
            let start = std::time::Instant::now();
            std::hint::black_box(lists.hits([&facts].into_iter(), DateTime::UNIX_EPOCH));
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    println!("a look-up of four fields: p50 {} ns, p99 {} ns", times[100_000], times[198_000]);
}
