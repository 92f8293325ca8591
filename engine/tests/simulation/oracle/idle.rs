//! EMIT FINAL with an idle time-out: which windows close between two records is open to the engine, by its clock.
//!
//! What holds: a window is written once, with the first of its records in their order; those that are left out came
//! when the clock had closed it. The clock only goes on where a partition is quiet for the time-out, and by no more than
//! that quiet; what it has closed stays closed, for all windows alike. In the end, when all is quiet, all are written.

use std::collections::BTreeMap;

use super::Paid;
use super::windows::{Shape, State};
use crate::input::Payment;
use crate::output::{self, Record};
use crate::world::Outcome;

/// The time-out of the rule, in milliseconds.
const TIMEOUT: i64 = 2_000;
pub(super) const SHAPE: Shape = Shape { size: 7_000, advance: 7_000, grace: 3_000 };

/// A window: its start and account.
type Window = (i64, String);

/// A payment that the records alone leave a window open for.
struct Came<'p> {
    /// Its place in its partition.
    place: usize,
    /// Up to which stream time the clock may have come before it was there.
    at_most: i64,
    paid: &'p Paid,
}

pub(super) fn check(outcome: &Outcome, paid: &[Vec<Paid>]) -> Result<(), String> {
    let mut written = BTreeMap::new();
    for record in output::read(&*outcome.log, "IDL") {
        let window = window_of(&record).ok_or_else(|| format!("IDL has no window in {record:?}"))?;
        if let Some(before) = written.insert(window, record) {
            return Err(format!("IDL writes a window twice: {before:?}"));
        }
    }
    for (payments, paid) in outcome.produced.payments.iter().zip(paid) {
        partition(&came(payments, paid), &mut written)?;
    }
    match written.first_key_value() {
        Some((window, record)) => Err(format!("IDL writes {window:?}, where nothing was: {record:?}")),
        None => Ok(()),
    }
}

fn window_of(record: &Record) -> Option<Window> {
    let (account, start) = record.key.as_ref()?.split_last_chunk::<8>()?;
    Some((i64::from_be_bytes(*start), String::from_utf8(account.to_vec()).ok()?))
}

/// The payments of each window of a partition.
fn came<'p>(payments: &[Payment], paid: &'p [Paid]) -> BTreeMap<Window, Vec<Came<'p>>> {
    let (mut windows, mut now) = (BTreeMap::<Window, Vec<Came<'p>>>::new(), i64::MIN);
    let (mut at_most, mut last, mut paid) = (i64::MIN, None, paid.iter().peekable());
    for (place, payment) in payments.iter().enumerate() {
        let quiet = last.map_or(0, |last| payment.produced - last);
        last = Some(payment.produced);
        if quiet >= TIMEOUT {
            at_most = at_most.saturating_add(quiet);
        }
        let Some(of) = paid.next_if(|paid| payment.id() == Some(paid.id)) else { continue };
        let Some(key) = &of.key else { continue };
        now = now.max(of.time);
        for start in SHAPE.starts(of.time, now) {
            let window = windows.entry((start, key.clone())).or_default();
            window.push(Came { place, at_most, paid: of });
        }
        at_most = at_most.max(now);
    }
    windows
}

/// Compares the windows of a partition, which are taken out of what is written.
fn partition(
    windows: &BTreeMap<Window, Vec<Came<'_>>>,
    written: &mut BTreeMap<Window, Record>,
) -> Result<(), String> {
    // From which place on the windows up to which end are closed, and which place is the last of a window.
    let (mut closed, mut taken) = (Vec::new(), Vec::new());
    for (window, came) in windows {
        let closes_at = window.0 + SHAPE.size + SHAPE.grace;
        let record = written.remove(window);
        let count = record.as_ref().map_or(0, |record| record.number("N").unwrap_or(-1)) as usize;
        let state = came.iter().take(count).fold(State::default(), |mut state, came| {
            state.add(came.paid);
            state
        });
        if let Some(record) = &record
            && (count == 0
                || count > came.len()
                || (record.number("TOTAL"), record.time) != (Some(state.total), state.time))
        {
            let of = came.iter().map(|came| (came.place, came.paid.amount, came.paid.time));
            return Err(format!(
                "IDL, {window:?}: {record:?} are not the first of {:?}",
                of.collect::<Vec<_>>()
            ));
        }
        if let Some(left) = came.get(count) {
            if left.at_most < closes_at {
                return Err(format!(
                    "IDL, {window:?}: payment {} is left out, and the clock had come to {} at most; written is {record:?}",
                    left.paid.id, left.at_most
                ));
            }
            closed.push((left.place, closes_at));
        }
        taken.extend(count.checked_sub(1).map(|last| (came[last].place, closes_at, window)));
    }
    for (place, end) in closed {
        if let Some(other) = taken.iter().find(|(last, closes_at, _)| *last >= place && *closes_at <= end) {
            return Err(format!(
                "IDL: windows up to {end} are closed from place {place} on, but not {other:?}"
            ));
        }
    }
    Ok(())
}
