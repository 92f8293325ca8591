//! Where a consumer's partitions stand: behind the records that were taken, and past the markers behind those.
//!
//! What holds: a position is never past a record that is still to come, so that committing it loses none. librdkafka's
//! own position counts only where it is known to be one of the present assignment and not one too far.

use std::time::{Duration, Instant};

use rdkafka::topic_partition_list::Offset;

use super::super::native::OnPartitions;
use super::KafkaConsumer;
use crate::{Batch, Consumer, Position, Result};

/// How long librdkafka may take to begin an assignment, before its positions are not waited for.
const RESET: Duration = Duration::from_millis(500);

impl KafkaConsumer {
    /// librdkafka's own positions; None where it has none.
    pub(super) fn native_positions(&self) -> Result<Vec<Option<i64>>> {
        if self.assigned.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.list(&self.assigned, "position")?;
        self.handle.apply(OnPartitions::Position, &list).map_err(|f| f.outside(self.doing("position")))?;
        let known = |offset| if let Offset::Offset(offset) = offset { Some(offset) } else { None };
        Ok(list.elements().iter().map(|element| known(element.offset())).collect())
    }

    /// Waits until librdkafka's positions are not those before the assignment, which its own thread carries out. One
    /// that stays the same is not used until a record has come.
    pub(super) fn await_reset(&mut self, before: &[Option<i64>]) -> Result<()> {
        let until = Instant::now() + RESET;
        loop {
            let now = self.native_positions()?;
            for ((place, before), now) in self.places.iter_mut().zip(before).zip(now) {
                place.is_current |= now.is_none() || now != *before;
            }
            if self.places.iter().all(|place| place.is_current) || Instant::now() > until {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Has librdkafka go on where the records have come to, where its own position may be another.
    pub(super) fn mend_positions(&mut self) -> Result<()> {
        while let Some(i) = self.places.iter().position(|place| place.is_spoiled) {
            self.places[i].is_spoiled = false;
            let (partition, offset) = (self.assigned[i].clone(), self.places[i].offset);
            self.seek(&partition, Position::Offset(offset))?;
        }
        Ok(())
    }

    /// Moves the positions behind the records of the batch.
    pub(super) fn advance(&mut self, batch: &Batch) {
        let mut missing = batch.sources().len();
        let mut seen = vec![false; missing];
        for i in (0..batch.len()).rev() {
            if missing == 0 {
                break;
            }
            let record = batch.get(i);
            if !std::mem::replace(&mut seen[record.source], true) {
                missing -= 1;
                if let Some(at) = self.index(&batch.sources()[record.source]) {
                    self.places[at].reach(record.offset + 1);
                }
            }
        }
    }

    /// Moves the position of a partition past what librdkafka has passed over: markers and aborted records.
    pub(super) fn pass_markers(&mut self, i: usize) -> Result<()> {
        let list = self.list(std::slice::from_ref(&self.assigned[i]), "position")?;
        self.handle.apply(OnPartitions::Position, &list).map_err(|f| f.outside(self.doing("position")))?;
        // It knows of the markers that librdkafka passed over behind the last record.
        match list.elements().first().map(|e| e.offset()) {
            Some(Offset::Offset(native)) if self.places[i].is_current && !self.places[i].is_spoiled => {
                self.places[i].reach(native);
            }
            Some(Offset::Invalid) => self.places[i].is_current = true,
            _ => {}
        }
        Ok(())
    }
}
