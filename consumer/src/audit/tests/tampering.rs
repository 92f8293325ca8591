//! What a superuser may do to an audit, and where that has to be found.

use std::ops::RangeInclusive;

use super::*;

/// What a superuser may do to a row, chosen by a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tampering {
    Chain,
    NewChain,
    Number,
    At,
    Actor,
    Body,
    Content,
    Previous,
    Hash,
    BodyWithHash,
    BodyForged,
    Remove,
    RemoveForged,
    InsertTwin,
    InsertForged,
    InsertBeyond,
    InsertChain,
    CutOff,
    CutOffWithHead,
    CutChain,
    Swap,
    SwapForged,
    HeadNumber,
    HeadHash,
    HeadTime,
    HeadGone,
}

pub(super) const ALL: [Tampering; 26] = {
    use Tampering::*;
    [
        Chain,
        NewChain,
        Number,
        At,
        Actor,
        Body,
        Content,
        Previous,
        Hash,
        BodyWithHash,
        BodyForged,
        Remove,
        RemoveForged,
        InsertTwin,
        InsertForged,
        InsertBeyond,
        InsertChain,
        CutOff,
        CutOffWithHead,
        CutChain,
        Swap,
        SwapForged,
        HeadNumber,
        HeadHash,
        HeadTime,
        HeadGone,
    ]
};

/// Where a finding is expected: its chain, and one of the rows that it names.
pub(super) struct Where {
    pub(super) chain: String,
    rows: RangeInclusive<i64>,
    /// The finding must not begin before this row: published heads narrow it down.
    not_before: i64,
}

/// Tampers with the row at `index`.
#[allow(clippy::too_many_lines, reason = "a table: one arm for each tampering")]
pub(super) fn tamper(world: &mut World, how: Tampering, index: usize) -> Where {
    let row = world.rows[index].clone();
    let chain = row.chain.clone();
    let last = world.heads[&chain].number;
    let agreed = world.lines.iter().filter(|l| l.chain == chain && l.number < row.number);
    let agreed = agreed.map(|line| line.number).max().unwrap_or(0);
    let at = |rows| Where { chain: chain.clone(), rows, not_before: 0 };
    let forged = |rows| Where { chain: chain.clone(), rows, not_before: agreed + 1 };
    let mine = row.number..=row.number;
    let target = &mut world.rows[index];
    match how {
        Tampering::Chain => {
            let other = CHAINS.iter().find(|name| **name != chain).unwrap();
            (*other).clone_into(&mut target.chain);
            at(mine)
        }
        Tampering::NewChain => {
            target.chain.push('x');
            at(mine)
        }
        Tampering::Number => {
            target.number += 1_000;
            at(mine)
        }
        Tampering::At => {
            target.micros += 1;
            at(mine)
        }
        Tampering::Actor => {
            target.actor.push('x');
            at(mine)
        }
        Tampering::Body => {
            target.body = target.body.replace("0.1", "0.2").replace("created", "made");
            target.content = target.body.clone();
            at(mine)
        }
        Tampering::Content => {
            target.content = r#"{"kind":"nothing"}"#.to_owned();
            at(mine)
        }
        Tampering::Previous => {
            target.previous[0] ^= 1;
            at(mine)
        }
        Tampering::Hash => {
            target.hash[31] ^= 1;
            at(mine)
        }
        Tampering::BodyWithHash | Tampering::BodyForged => {
            target.body = target.body.replace("decision", "DECISION").replace("created", "made");
            target.content = target.body.clone();
            *target = hashed(target.clone());
            if how == Tampering::BodyForged {
                world.forge(&chain, row.number);
                return forged(mine);
            }
            at(mine)
        }
        Tampering::Remove | Tampering::RemoveForged => {
            world.rows.remove(index);
            if how == Tampering::RemoveForged {
                world.forge(&chain, row.number);
                return forged(mine);
            }
            at(mine)
        }
        Tampering::InsertTwin => {
            world.rows.push(hashed(Row { actor: "twin".to_owned(), ..row }));
            at(mine)
        }
        Tampering::InsertForged => {
            world.rows.insert(index, Row { actor: "forger".to_owned(), ..row.clone() });
            world.forge(&chain, row.number);
            forged(mine)
        }
        Tampering::InsertBeyond => {
            let previous = world.heads[&chain].hash.clone();
            world.rows.push(hashed(Row { number: last + 1, previous, ..row }));
            at(last + 1..=last + 1)
        }
        Tampering::InsertChain => {
            let chain = "d/transactions/0".to_owned();
            world.rows.push(hashed(Row {
                number: 1,
                chain: chain.clone(),
                previous: GENESIS.to_vec(),
                ..row
            }));
            Where { chain, rows: 1..=1, not_before: 0 }
        }
        Tampering::CutOff | Tampering::CutOffWithHead | Tampering::CutChain => {
            let from = if how == Tampering::CutChain { 1 } else { row.number };
            world.rows.retain(|r| r.chain != chain || r.number < from);
            if how == Tampering::CutOffWithHead {
                world.forge(&chain, i64::MAX);
            } else if how == Tampering::CutChain {
                world.heads.remove(&chain);
            }
            at(from..=last)
        }
        Tampering::Swap | Tampering::SwapForged => {
            let other = world.rows.iter().position(|r| r.chain == chain && r.number != row.number);
            let Some(other) = other else { return tamper(world, Tampering::Actor, index) };
            let first = row.number.min(world.rows[other].number);
            let (a, b) = (world.rows[index].number, world.rows[other].number);
            world.rows.swap(index, other);
            world.rows[index].number = a;
            world.rows[other].number = b;
            if how == Tampering::SwapForged {
                world.forge(&chain, first);
                return at(first..=first);
            }
            at(first..=first)
        }
        Tampering::HeadNumber | Tampering::HeadHash | Tampering::HeadTime => {
            let head = world.heads.get_mut(&chain).unwrap();
            match how {
                Tampering::HeadNumber => head.number -= 1,
                Tampering::HeadHash => head.hash[5] ^= 8,
                _ => head.micros += 1,
            }
            at(0..=last)
        }
        Tampering::HeadGone => {
            world.heads.remove(&chain);
            at(0..=last)
        }
    }
}

/// The finding that names the place.
pub(super) fn names(report: &Report, expected: &Where) -> bool {
    report.findings.iter().any(|finding| {
        let rows = match (finding.first, finding.last) {
            (Some(first), Some(last)) => first <= *expected.rows.end() && *expected.rows.start() <= last,
            _ => true,
        };
        let narrow = finding.first.is_none_or(|first| first >= expected.not_before);
        finding.chain.as_deref() == Some(&expected.chain) && rows && narrow
    })
}
