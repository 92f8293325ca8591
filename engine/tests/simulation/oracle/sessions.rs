//! Sessions of a gap of 3 s with a grace of 6 s.
//!
//! A record joins the sessions at most the gap away and makes them one; each leaves a tombstone at its old bounds,
//! unless the record lies at a session's only moment. It is late where stream time has passed the end of the
//! session that it would make by more than gap and grace.

use super::life::Life;
use super::{Paid, Wanted};

const GAP: i64 = 3_000;
const GRACE: i64 = 6_000;

#[derive(Debug, Clone)]
struct Session {
    of: String,
    start: i64,
    end: i64,
    n: i64,
    total: i64,
}

impl Session {
    fn wanted(&self, value: Option<String>) -> Wanted {
        Wanted { of: Some(self.of.clone()), window: vec![self.end, self.start], value, time: self.end }
    }
}

pub(super) fn sessions(list: &[Paid], limits: &[Option<i64>]) -> Vec<Wanted> {
    let (mut wanted, mut open, mut now) = (Vec::new(), Vec::<Session>::new(), i64::MIN);
    let mut life = Life::new(limits);
    for paid in list {
        let since = life.at(paid.generation);
        if since.was_gone {
            (open, now) = (Vec::new(), i64::MIN);
        }
        let Some(limit) = since.limit else { continue };
        let Some(key) = &paid.key else { continue };
        now = now.max(paid.time);
        let closed = now - GAP - GRACE;
        let joins = |s: &Session| {
            s.of == *key && s.end >= closed && s.start - GAP <= paid.time && paid.time <= s.end + GAP
        };
        let (mut old, others): (Vec<_>, Vec<_>) = open.into_iter().partition(joins);
        open = others;
        if old.is_empty() && paid.time < closed {
            continue;
        }
        old.sort_by_key(|session| session.start);
        let mut next =
            Session { of: key.clone(), start: paid.time, end: paid.time, n: 1, total: paid.amount };
        for session in &old {
            next.start = next.start.min(session.start);
            next.end = next.end.max(session.end);
            next.n += session.n;
            next.total += session.total;
        }
        let in_place = old.len() == 1 && old[0].start == paid.time && old[0].end == paid.time;
        let passes = next.n > limit;
        for session in old.iter().filter(|session| session.n > limit && (!in_place || !passes)) {
            wanted.push(session.wanted(None));
        }
        if passes {
            wanted.push(next.wanted(Some(format!(r#"{{"N":{},"TOTAL":{}}}"#, next.n, next.total))));
        }
        open.push(next);
    }
    wanted
}
