//! The thread that sends notifications.
//!
//! What enters: rows of `actions` that are due. What leaves: attempts, and their outcome in those rows. What
//! holds: each target has its own few attempts under way, so one that does not answer holds up no other; an
//! attempt that has ended is written down as soon as PostgreSQL takes it, and until then it is not tried
//! again by this process; no target is tried more often than its rate.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::back_off::{Rate, delay};
use super::queue::{self, Due, Ended, Outcome};
use super::session::{Duty, Session};
use super::{BACK_OFF, POLL, Phase, is_ending, rest};
use crate::database::{Database, message};
use crate::targets::{Attempt, HttpClient, Target, Targets};

const DUTY: Duty = Duty { name: "notifier", channel: "streamguard_actions" };
/// How many attempts one target may have under way.
const AT_ONCE: usize = 4;
/// How long attempts under way may take once the process shall end; they count as not made.
const FAREWELL: Duration = Duration::from_secs(5);
/// How often notifications are looked at that no target is known for.
const ORPHANS: Duration = Duration::from_secs(60);

/// A target and what is under way to it.
struct Lane {
    name: String,
    target: Target,
    rate: Option<Rate>,
    under_way: Vec<i64>,
}

/// The thread's state.
pub(super) struct Notifier {
    database: Database,
    phase: watch::Receiver<Phase>,
    http: HttpClient,
    lanes: Vec<Lane>,
    sending: JoinSet<(usize, u32, i64, Attempt)>,
    /// Ended, but not written down yet.
    ended: BTreeMap<i64, Ended>,
    orphans_due: Instant,
}

impl Notifier {
    pub(super) fn new(
        database: Database,
        targets: &Targets,
        http: HttpClient,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let lane = |(name, target): (&String, &Target)| Lane {
            name: name.clone(),
            target: target.clone(),
            rate: None,
            under_way: Vec::new(),
        };
        let lanes = targets.iter().map(lane).collect();
        let (sending, ended) = (JoinSet::new(), BTreeMap::new());
        Self { database, phase, http, lanes, sending, ended, orphans_due: Instant::now() }
    }

    /// Sends until asked to end; sessions come and go.
    pub(super) async fn run(mut self) {
        let mut wait = BACK_OFF.0;
        loop {
            let failed = match Session::open(&self.database, DUTY).await {
                Ok(mut session) => {
                    let served = self.serve(&mut session, &mut wait).await;
                    session.close().await;
                    served.err()
                }
                Err(error) => Some(error),
            };
            let Some(error) = failed else { return };
            let (target, why) = (self.database.target(), message(&error));
            if is_ending(&self.phase) {
                tracing::warn!("{target} is away ({why}): notifications are sent by the next start");
                return;
            }
            tracing::warn!("{target} is away for the notifier ({why}); next try in {wait:?}");
            rest(&mut self.phase, wait).await;
            wait = (wait * 2).min(BACK_OFF.1);
        }
    }

    /// Waits for the lock, then sends. Ok: asked to end, and everything that was due has been tried.
    async fn serve(&mut self, session: &mut Session, wait: &mut Duration) -> sqlx::Result<()> {
        while !session.lock().await? {
            self.write_down(session).await?;
            if is_ending(&self.phase) {
                return Ok(());
            }
            self.pause(session).await?;
        }
        for lane in &mut self.lanes {
            let name = &lane.name;
            let times = session.with(async |connection| queue::recent(connection, name).await).await?;
            lane.rate = Some(Rate::new(lane.target.rate_per_minute, times));
        }
        let mut stopping = None;
        loop {
            let phase = *self.phase.borrow();
            self.write_down(session).await?;
            *wait = BACK_OFF.0;
            if phase != Phase::Stop {
                self.begin(session).await?;
            }
            let since = (phase == Phase::Stop).then(|| *stopping.get_or_insert_with(Instant::now));
            let abandoned = since.is_some_and(|since| since.elapsed() > FAREWELL);
            if is_ending(&self.phase) && (self.sending.is_empty() || abandoned) {
                return Ok(());
            }
            self.pause(session).await?;
        }
    }

    /// Waits for an attempt to end, a notification, or the next look.
    async fn pause(&mut self, session: &mut Session) -> sqlx::Result<()> {
        let ending = is_ending(&self.phase);
        tokio::select! {
            Some(joined) = self.sending.join_next() => self.note(joined),
            waited = session.wait(&mut self.phase, POLL), if !ending => waited?,
            () = tokio::time::sleep(POLL), if ending => {}
        }
        while let Some(joined) = self.sending.try_join_next() {
            self.note(joined);
        }
        Ok(())
    }

    /// Begins what is due and may be sent.
    async fn begin(&mut self, session: &mut Session) -> sqlx::Result<()> {
        for index in 0..self.lanes.len() {
            let now = Utc::now().timestamp_millis();
            let lane = &mut self.lanes[index];
            let room = lane.rate.as_mut().map_or(0, |rate| rate.room(now));
            let most = room.min(AT_ONCE.saturating_sub(lane.under_way.len()));
            if most == 0 {
                continue;
            }
            let (name, under_way) = (&lane.name, &lane.under_way);
            let due =
                session.with(async |connection| queue::due(connection, name, under_way, most).await).await?;
            due.into_iter().for_each(|due| self.send(index, due, now));
        }
        if self.orphans_due <= Instant::now() {
            self.orphans_due = Instant::now() + ORPHANS;
            let known: Vec<&str> = self.lanes.iter().map(|lane| lane.name.as_str()).collect();
            session.with(async |connection| queue::orphans(connection, &known).await).await?;
        }
        Ok(())
    }

    fn send(&mut self, index: usize, due: Due, now: i64) {
        let lane = &mut self.lanes[index];
        lane.under_way.push(due.id);
        if let Some(rate) = &mut lane.rate {
            rate.take(now);
        }
        let (target, http) = (lane.target.clone(), self.http.clone());
        self.sending.spawn(async move {
            let attempt = target.send(&http, &due.notification).await;
            (index, due.attempts + 1, due.id, attempt)
        });
    }

    /// Notes what became of an attempt.
    fn note(&mut self, joined: Result<(usize, u32, i64, Attempt), tokio::task::JoinError>) {
        // A panic, of which there is none known, leaves the row under way until the next start.
        let Ok((index, attempts, id, attempt)) = joined else {
            tracing::error!("an attempt to send a notification has panicked");
            return;
        };
        let lane = &self.lanes[index];
        let at = Utc::now();
        let outcome = outcome(&lane.target, attempt, attempts, rand::random(), at);
        match &outcome {
            Outcome::Done => tracing::debug!(target = lane.name, id, "notified"),
            Outcome::Later(why, _) => {
                tracing::warn!(target = lane.name, id, attempts, why, "not notified yet")
            }
            Outcome::Dead(why) => tracing::error!(target = lane.name, id, attempts, why, "given up"),
        }
        self.ended.insert(id, Ended { id, at, outcome });
    }

    /// Brings what has ended into the database; only then it may be tried again.
    async fn write_down(&mut self, session: &mut Session) -> sqlx::Result<()> {
        if self.ended.is_empty() {
            return Ok(());
        }
        let ended: Vec<Ended> = std::mem::take(&mut self.ended).into_values().collect();
        if let Err(error) = session.with(async |connection| queue::record(connection, &ended).await).await {
            self.ended = ended.into_iter().map(|ended| (ended.id, ended)).collect();
            return Err(error);
        }
        for lane in &mut self.lanes {
            lane.under_way.retain(|id| ended.iter().all(|ended| ended.id != *id));
        }
        Ok(())
    }
}

/// What an attempt means for the row.
fn outcome(
    target: &Target,
    attempt: Attempt,
    attempts: u32,
    jitter: f64,
    at: chrono::DateTime<Utc>,
) -> Outcome {
    match attempt {
        Attempt::Done => Outcome::Done,
        Attempt::Refused(why) => Outcome::Dead(why),
        Attempt::Later(why, _) if attempts >= target.max_attempts => {
            Outcome::Dead(format!("given up after {attempts} attempts: {why}"))
        }
        Attempt::Later(why, asked) => {
            let wait = delay(attempts, target.first_retry, target.longest_retry, jitter);
            let wait = asked.map_or(wait, |asked| wait.max(asked));
            Outcome::Later(why, at + TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1)))
        }
    }
}
