//! The order in which a task with several inputs takes their records.
//!
//! Enters: what waits of each input. Leaves: one record after the other to the task: the one with the lowest time,
//! a table's before a stream's among equal times. What holds: a stream's record is only taken once the task's
//! tables are loaded to where their topics ended at the assignment (a broadcast one's once it is copied so far);
//! nothing is taken while an input's partition is another's; while one input has nothing here but more in the log, the
//! others wait for it, up to [`Options::task_idle`](super::super::Options::task_idle).

use broker::{Consumer, Isolation, Record, TopicPartition};

use super::super::{Error, Shared};
use super::tasks::{Assigned, Tasks};
use super::waiting::{Copying, Look, Pace, Waiting};
use crate::plan::{InputId, Program};
use crate::task::{InputRecord, Output};

impl Tasks {
    /// Finds the partitions of each task with several inputs, and gives each a place where its records wait.
    pub(super) fn settle_inputs(&mut self, shared: &Shared, program: &Program) -> Result<(), Error> {
        self.find_places();
        for open in &self.open {
            let has_streams = (0..open.places.len()).any(|input| !open.task.is_table(input));
            for (input, place) in open.places.iter().enumerate() {
                let Some(Assigned { partition, waiting, .. }) = place.and_then(|at| self.list.get_mut(at))
                else {
                    continue;
                };
                if waiting.is_some() {
                    continue;
                }
                let is_table = open.task.is_table(input);
                let mut new = Waiting::new(is_table, None);
                match program.copied(&partition.topic) {
                    _ if !is_table || !has_streams => {}
                    Some(topic) => new.copying = Some(Copying::of(&*shared.broker, topic)?),
                    None => {
                        let end = shared.broker.watermarks(partition, Isolation::ReadUncommitted)?.1;
                        new.load_to = Some(end);
                    }
                }
                *waiting = Some(new);
            }
        }
        Ok(())
    }

    /// Where the inputs of each task with several of them stand among the assigned partitions.
    pub(super) fn find_places(&mut self) {
        let Self { list, open, .. } = self;
        for open in open {
            open.places.clear();
            if open.task.topics().len() < 2 {
                continue;
            }
            let number = open.number;
            let place = |topic: &str| {
                list.iter().position(|a| *a.partition.topic == *topic && a.partition.partition == number)
            };
            open.places.extend(open.task.topics().map(place));
        }
    }

    /// The partitions whose records wait for their turn.
    pub(super) fn waiting(&self) -> Vec<TopicPartition> {
        self.list.iter().filter(|a| a.waiting.is_some()).map(|a| a.partition.clone()).collect()
    }

    /// Keeps a record until its turn.
    pub(super) fn keep(&mut self, place: usize, record: &Record<'_>) {
        if let Some(waiting) = &mut self.list[place].waiting {
            waiting.push(record);
        }
    }

    /// A poll has been made.
    pub(super) fn begin_round(&mut self) {
        self.list.iter_mut().filter_map(|a| a.waiting.as_mut()).for_each(Waiting::begin_round);
    }

    /// Runs the record whose turn is next in an open task; false where there is none now.
    pub(super) fn run_next(
        &mut self,
        task: usize,
        look: &mut Look<'_>,
        output: &mut Output,
    ) -> Result<bool, Error> {
        let Some((input, place)) = self.next(task, look)? else { return Ok(false) };
        let (open, assigned) = (&mut self.open[task], &mut self.list[place]);
        let Some(waiting) = &mut assigned.waiting else { return Ok(false) };
        let Some(record) = waiting.head() else { return Ok(false) };
        let record = InputRecord {
            partition: open.number,
            offset: record.offset,
            timestamp: record.timestamp,
            key: record.key,
            value: record.value,
            headers: &record.headers,
        };
        open.task.process(input, &record, output);
        open.journal.took(input, record.offset);
        open.idleness.iter_mut().for_each(|idleness| idleness.is_active = true);
        waiting.advance();
        Ok(true)
    }

    /// The input whose turn is next, and its place.
    fn next(&mut self, task: usize, look: &mut Look<'_>) -> Result<Option<(InputId, usize)>, Error> {
        let Self { list, open, .. } = self;
        let places = &open[task].places;
        let is_loading = is_loading(list, places, look)?;
        let (mut best, mut is_empty) = (None, false);
        for (input, place) in places.iter().enumerate() {
            let Some(place) = *place else { return Ok(None) };
            let Some(waiting) = &list[place].waiting else { return Ok(None) };
            match waiting.head() {
                _ if is_loading && !waiting.is_table => {}
                None => is_empty = true,
                Some(record) => {
                    let turn = (record.timestamp, !waiting.is_table, input);
                    if best.is_none_or(|(other, _)| turn < other) {
                        best = Some((turn, place));
                    }
                }
            }
        }
        if best.is_some() && is_empty && !is_loading && has_to_wait(list, places, look)? {
            return Ok(None);
        }
        Ok(best.map(|((_, _, input), place)| (input, place)))
    }

    /// Pauses partitions of which much waits, and resumes them later.
    pub(super) fn pace(&mut self, consumer: &mut dyn Consumer) -> Result<(), Error> {
        for Assigned { partition, waiting, .. } in &mut self.list {
            let partition = std::slice::from_ref::<TopicPartition>(partition);
            match waiting.as_mut().and_then(Waiting::pace) {
                Some(Pace::Pause) => consumer.pause(partition)?,
                Some(Pace::Resume) => consumer.resume(partition)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// Whether some table of these inputs is not loaded yet.
fn is_loading(list: &mut [Assigned], places: &[Option<usize>], look: &mut Look<'_>) -> Result<bool, Error> {
    let mut is_loading = false;
    for place in places.iter().flatten() {
        let Assigned { partition, waiting, .. } = &mut list[*place];
        if let Some(waiting) = waiting {
            is_loading |= waiting.is_loading(partition, look)?;
        }
    }
    Ok(is_loading)
}

/// Whether some input of which nothing is here is waited for.
fn has_to_wait(list: &mut [Assigned], places: &[Option<usize>], look: &mut Look<'_>) -> Result<bool, Error> {
    for place in places.iter().flatten() {
        let Assigned { partition, waiting, .. } = &mut list[*place];
        if let Some(waiting) = waiting
            && waiting.head().is_none()
            && waiting.is_awaited(partition, look)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
