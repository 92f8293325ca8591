//! Tumbling and hopping windows.
//!
//! Stream time is the highest time so far. A window takes a record while stream time is below its end and the
//! grace. A row that HAVING holds for is written; one that it no longer holds for leaves a tombstone.

use std::collections::BTreeMap;

use super::life::Life;
use super::{Paid, Wanted};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) size: i64,
    pub(crate) advance: i64,
    pub(crate) grace: i64,
}

/// What is known of a window of a key.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) n: i64,
    pub(crate) total: i64,
    /// The id of the last that came.
    pub(crate) last: i64,
    pub(crate) time: i64,
}

impl State {
    pub(crate) fn add(&mut self, paid: &Paid) {
        self.n += 1;
        self.total += paid.amount;
        self.last = paid.id;
        self.time = self.time.max(paid.time);
    }
}

impl Shape {
    /// The starts of the windows of a time that are open at stream time `now`, by their definition.
    pub(crate) fn starts(self, time: i64, now: i64) -> Vec<i64> {
        let is_its = |start: &i64| {
            start % self.advance == 0 && time < start + self.size && now < start + self.size + self.grace
        };
        ((time - self.size + 1).max(0)..=time).filter(is_its).collect()
    }
}

type Passes<'p> = &'p dyn Fn(&State, i64) -> bool;

/// What EMIT CHANGES writes.
pub(crate) fn changes(
    list: &[Paid],
    limits: &[Option<i64>],
    shape: Shape,
    passes: Passes<'_>,
    write: &dyn Fn(&State) -> String,
) -> Vec<Wanted> {
    let (mut wanted, mut windows, mut now) = (Vec::new(), BTreeMap::<(String, i64), State>::new(), i64::MIN);
    let mut life = Life::new(limits);
    for paid in list {
        let since = life.at(paid.generation);
        if since.was_gone {
            // When it comes, it begins with nothing.
            (windows, now) = (BTreeMap::new(), i64::MIN);
        }
        let Some(limit) = since.limit else { continue };
        let Some(key) = &paid.key else { continue };
        now = now.max(paid.time);
        for start in shape.starts(paid.time, now) {
            let state = windows.entry((key.clone(), start)).or_default();
            let was = state.n > 0 && passes(state, limit);
            state.add(paid);
            let is = passes(state, limit);
            if is || was {
                wanted.push(Wanted {
                    of: Some(key.clone()),
                    window: vec![start],
                    value: is.then(|| write(state)),
                    time: state.time,
                });
            }
        }
    }
    wanted
}

/// What EMIT FINAL writes: a window once stream time has reached its end and the grace.
pub(crate) fn finals(list: &[Paid], limits: &[Option<i64>], shape: Shape) -> Vec<Wanted> {
    let (mut wanted, mut windows, mut now) = (Vec::new(), BTreeMap::<(i64, String), State>::new(), i64::MIN);
    let mut life = Life::new(limits);
    for paid in list {
        let since = life.at(paid.generation);
        if since.was_gone {
            (windows, now) = (BTreeMap::new(), i64::MIN);
        }
        let Some(limit) = since.limit else { continue };
        let Some(key) = &paid.key else { continue };
        now = now.max(paid.time);
        let closed: Vec<_> =
            windows.keys().filter(|(start, _)| start + shape.size + shape.grace <= now).cloned().collect();
        for (start, of) in closed {
            let Some(state) = windows.remove(&(start, of.clone())) else { continue };
            if state.n > limit {
                let value = Some(format!(r#"{{"N":{},"TOTAL":{}}}"#, state.n, state.total));
                wanted.push(Wanted { of: Some(of), window: vec![start], value, time: state.time });
            }
        }
        for start in shape.starts(paid.time, now) {
            windows.entry((start, key.clone())).or_default().add(paid);
        }
    }
    wanted
}
