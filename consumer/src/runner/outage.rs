//! While PostgreSQL is away.
//!
//! What enters: why it is thought to be away. What leaves: the loop, which reads on where the database is, or was
//! asked to end. What holds: the log is polled all the while and a rebalance answered at once, so that the group
//! keeps this member and nobody waits for it; no record is kept meanwhile.

use std::time::{Duration, Instant};

use broker::{Batch, Poll, TopicPartition};

use super::{BACK_OFF, POLL, Runner};
use crate::error::Result;

impl Runner {
    /// Pauses the intake and keeps polling until PostgreSQL is back; then reads on where it is.
    pub(super) fn wait_for_database(&mut self, why: String) -> Result<()> {
        self.forget_ahead()?;
        let target = self.writer.target().to_owned();
        tracing::warn!("{target} is away ({why}): intake paused");
        let since = Instant::now();
        // A server that takes connections and no rows (its disk is full) is not asked ten times a second.
        let mut wait = (BACK_OFF.0 * (1 << self.outages.min(6))).min(BACK_OFF.1);
        self.outages += 1;
        self.pause(true)?;
        while !self.shutdown.is_requested() {
            self.poll_while_paused(wait)?;
            wait = (wait * 2).min(BACK_OFF.1);
            let away = match self.writer.connect()? {
                None => self.resynchronize()?,
                away => away,
            };
            match away {
                None => {
                    self.pause(false)?;
                    tracing::info!(
                        "{target} is back after {:.1} s: intake goes on",
                        since.elapsed().as_secs_f32()
                    );
                    return Ok(());
                }
                Some(why) => tracing::warn!("{target} is still away ({why}); next try in {wait:?}"),
            }
        }
        Ok(())
    }

    /// Keeps the membership for a while; what still comes is dropped, as the positions are set again later.
    fn poll_while_paused(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        let mut scratch = Batch::new();
        while Instant::now() < until && !self.shutdown.is_requested() {
            match self.consumer.poll(&mut scratch, POLL) {
                Ok(Poll::Idle) => {}
                Ok(Poll::Records) => std::thread::sleep(POLL),
                Ok(rebalance @ (Poll::Assign(_) | Poll::Revoke { .. })) => {
                    // The caller goes on waiting where PostgreSQL is away.
                    let _ = self.rebalance(rebalance)?;
                    self.pause(true)?;
                }
                Err(error) => self.poll_failed(error, &mut BACK_OFF.0.clone())?,
            }
        }
        Ok(())
    }

    pub(super) fn pause(&mut self, paused: bool) -> Result<()> {
        let partitions: Vec<TopicPartition> = self.held.keys().cloned().collect();
        match paused {
            true => self.consumer.pause(&partitions)?,
            false => self.consumer.resume(&partitions)?,
        }
        Ok(())
    }
}
