//! The next batch, read while the one before it is being stored.
//!
//! What enters: a batch to be stored. What leaves: what became of it, and what the next poll brought, its
//! records parsed. What holds: what was read ahead is stored after what came before it, or, where that was
//! not stored, is read again; a rebalance that comes meanwhile is answered when the batch is stored. Only a
//! consumer that is behind reads ahead: otherwise its next batch would be small, and the one after it late.

use std::thread;
use std::time::Duration;

use broker::{Batch, Poll};
use chrono::Utc;

use super::{BACK_OFF, POLL, Runner};
use crate::error::Result;
use crate::intake::{Intake, Refused};
use crate::writer::Outcome;

/// How long a poll waits while a batch is being stored: its end is seen so late at most.
const AHEAD: Duration = Duration::from_millis(2);

/// What a poll brought.
pub(super) struct Ahead {
    pub(super) polled: broker::Result<Poll>,
    /// Its records, where they have been read.
    pub(super) read: Option<Intake>,
}

impl Runner {
    /// What was read ahead, else what comes now.
    pub(super) fn next(&mut self, batch: &mut Batch) -> Ahead {
        match self.ahead.take() {
            Some(ahead) => {
                std::mem::swap(batch, &mut self.spare);
                ahead
            }
            None => Ahead { polled: self.consumer.poll(batch, POLL), read: None },
        }
    }

    /// Stores a batch; where it is at least half full, a thread does, and the next one is read meanwhile.
    pub(super) fn store_and_read_ahead(&mut self, batch: &Batch, read: Option<Intake>) -> Result<Outcome> {
        let full =
            batch.len() * 2 >= self.options.max_batch || batch.size() * 2 >= self.options.max_batch_bytes;
        let Self { writer, consumer, held, summary, spare, .. } = self;
        if !full {
            return writer.store(batch, read, held, summary);
        }
        let reader = writer.reader();
        let (stored, ahead) = thread::scope(|scope| {
            let storing = scope.spawn(move || writer.store(batch, read, held, summary));
            let polled = loop {
                match consumer.poll(spare, AHEAD) {
                    Ok(Poll::Idle) if !storing.is_finished() => {}
                    polled => break polled,
                }
            };
            let read = matches!(polled, Ok(Poll::Records))
                .then(|| reader.read(spare, 0..spare.len(), &Refused::new(), Utc::now()));
            (storing.join(), Ahead { polled, read })
        });
        if !matches!(ahead.polled, Ok(Poll::Idle)) {
            self.ahead = Some(ahead);
        }
        stored.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Before the positions are set again: records that were read ahead come again from where the database is;
    /// a rebalance is answered now.
    pub(super) fn forget_ahead(&mut self) -> Result<()> {
        match self.ahead.take().map(|ahead| ahead.polled) {
            Some(Ok(rebalance @ (Poll::Assign(_) | Poll::Revoke { .. }))) => {
                // Where PostgreSQL is away, what comes next finds it so.
                self.rebalance(rebalance).map(drop)
            }
            Some(Err(error)) => self.poll_failed(error, &mut BACK_OFF.0.clone()),
            Some(Ok(Poll::Records | Poll::Idle)) | None => Ok(()),
        }
    }
}
