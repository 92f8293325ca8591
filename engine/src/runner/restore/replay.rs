//! The inputs once more, from the last checkpoint to the committed offsets: what was done is done again, and
//! nothing of it is written or counted.
//!
//! What holds: a task with several inputs takes them in the order that its journal has, and is told the time where
//! it was; memory is bounded by
//! pausing the input that is ahead of its turn.

use std::collections::{BTreeMap, VecDeque};

use broker::{Batch, Isolation, Record, TopicPartition};

use super::super::journal::{Entry, decode};
use super::super::worker::{Pace, Waiting};
use super::super::{Error, Shared};
use super::read::{Between, Reading, read};
use super::{Refusal, Standing, Stretch, refuse};
use crate::plan::InputId;
use crate::task::{InputRecord, Output, StreamTask};

/// A task that catches up.
struct Behind<'t> {
    task: &'t mut StreamTask,
    standing: &'t Standing,
    /// Where several inputs have records to take, or the time was told: what waits of each, and the order.
    order: Option<Order>,
}

#[derive(Default)]
struct Order {
    waiting: Vec<Waiting>,
    entries: VecDeque<Entry>,
    /// Records taken of the first run.
    taken: u64,
}

/// Runs the tasks up to where their group has committed.
pub(super) fn replay(
    shared: &Shared,
    tasks: &mut [StreamTask],
    standings: &[Standing],
    between: &mut Between<'_>,
) -> Result<(), Error> {
    let output = &mut Output::new();
    let (mut behind, mut stretches) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<TopicPartition, (usize, InputId)> = BTreeMap::new();
    for (task, standing) in tasks.iter_mut().zip(standings) {
        if standing.is_whole && !standing.is_fresh() {
            // What it wrote when it began is committed.
            task.begin(output);
            output.clear();
        }
        let lacking: Vec<_> = (0..standing.inputs.len()).filter(|at| standing.lacks(*at)).collect();
        for &input in &lacking {
            let stretch = stretch(shared, standing, input)?;
            places.insert(stretch.partition.clone(), (behind.len(), input));
            stretches.push(stretch);
        }
        let is_timed = standing.is_whole && task.idle_timeout().is_some() && !standing.logs.is_empty();
        let order = (lacking.len() > 1 || is_timed).then(Order::default);
        behind.push(Behind { task, standing, order });
    }
    read_journals(shared, &mut behind, between)?;
    if stretches.is_empty() {
        behind.iter_mut().for_each(|behind| behind.tell_the_time(output));
        behind.iter().try_for_each(Behind::check_end)?;
    } else {
        let reading = Reading::start(shared, stretches, "replayed")?;
        run(reading, &mut behind, &places, (output, between))?;
    }
    behind.iter_mut().for_each(|behind| behind.task.take_counters(|_, _| ()));
    Ok(())
}

impl Standing {
    /// Whether records of an input have to be taken once more.
    fn lacks(&self, input: InputId) -> bool {
        self.is_whole && !self.logs.is_empty() && self.inputs[input].from < self.inputs[input].at
    }
}

/// What is to be read of an input; refused where that is not there any more.
fn stretch(shared: &Shared, standing: &Standing, input: InputId) -> Result<Stretch, Error> {
    let (partition, from, end) = {
        let input = &standing.inputs[input];
        (input.partition.clone(), input.from, input.at)
    };
    let (low, there) = shared.broker.watermarks(&partition, Isolation::ReadUncommitted)?;
    if low > from {
        return Err(refuse(Refusal::Trimmed { input: partition, from, low }, standing));
    }
    // What is not there would be waited for without an end.
    if there < end {
        return Err(refuse(Refusal::Short { input: partition, at: end, end: there }, standing));
    }
    Ok(Stretch { partition, from, end })
}

/// Reads in which order inputs were taken, where there is more than one.
fn read_journals(shared: &Shared, behind: &mut [Behind<'_>], between: &mut Between<'_>) -> Result<(), Error> {
    let (mut stretches, mut places) = (Vec::new(), BTreeMap::new());
    for (at, behind) in behind.iter_mut().enumerate() {
        let Some(order) = &mut behind.order else { continue };
        order.waiting.extend(behind.standing.inputs.iter().map(|_| Waiting::new(false, None)));
        let partition = behind.standing.journal.clone();
        let (from, end) = shared.broker.watermarks(&partition, Isolation::ReadUncommitted)?;
        if from < end {
            places.insert(partition.clone(), at);
            stretches.push(Stretch { partition, from, end });
        }
    }
    read(shared, stretches, "read in order", between, &mut |partition, record| {
        let Some(Behind { standing, order: Some(order), .. }) =
            places.get(partition).map(|at| &mut behind[*at])
        else {
            return Ok(());
        };
        let topics: Vec<&str> = standing.inputs.iter().map(|input| &*input.partition.topic).collect();
        let number = record.key.and_then(|key| key.try_into().ok()).map_or(i64::MIN, i64::from_le_bytes);
        let Some(entries) = record.value.and_then(|value| decode(value, &topics)) else {
            return Err(standing.without_order());
        };
        // What lies before the checkpoint is in the stores already.
        order.entries.extend(entries.into_iter().filter(|entry| match entry {
            Entry::Run(run) => run.next > standing.inputs[run.input].from,
            Entry::Idle(_) => number > standing.checkpoint_number(),
        }));
        Ok(())
    })
}

impl Standing {
    fn without_order(&self) -> Error {
        let inputs = self.inputs.iter().map(|input| input.partition.to_string()).collect();
        refuse(Refusal::Order { journal: self.journal.clone(), inputs }, self)
    }
}

/// Reads the stretches and gives the tasks what is in them.
fn run(
    mut reading: Reading<'_>,
    behind: &mut [Behind<'_>],
    places: &BTreeMap<TopicPartition, (usize, InputId)>,
    (output, between): (&mut Output, &mut Between<'_>),
) -> Result<(), Error> {
    let mut batch = Batch::new();
    loop {
        let more = reading.poll(&mut batch, between)?;
        if more {
            for record in batch.iter() {
                let Some(&(at, input)) = places.get(&batch.sources()[record.source]) else { continue };
                behind[at].take(input, &record, output)?;
            }
        }
        for behind in behind.iter_mut() {
            behind.run_in_order(&mut reading, output)?;
        }
        if !more {
            break;
        }
    }
    for behind in behind.iter() {
        behind.check_end()?;
    }
    reading.finish()
}

impl Behind<'_> {
    /// A record came.
    fn take(&mut self, input: InputId, record: &Record<'_>, output: &mut Output) -> Result<(), Error> {
        if record.offset >= self.standing.inputs[input].at {
            return Ok(());
        }
        match &mut self.order {
            Some(order) => order.waiting[input].push(record),
            None => {
                self.task.process(input, &given(self.standing.number, record), output);
                forget(output)?;
            }
        }
        Ok(())
    }

    /// Takes what waits, as far as it is known to be next.
    fn run_in_order(&mut self, reading: &mut Reading<'_>, output: &mut Output) -> Result<(), Error> {
        let Some(order) = &mut self.order else { return Ok(()) };
        while let Some(entry) = order.entries.front().copied() {
            let run = match entry {
                Entry::Run(run) => run,
                Entry::Idle(idle) => {
                    self.task.pass_idle(self.standing.number, idle, output);
                    output.clear();
                    order.entries.pop_front();
                    continue;
                }
            };
            let waiting = &mut order.waiting[run.input];
            let partition = &self.standing.inputs[run.input].partition;
            match waiting.head() {
                Some(record) if record.offset < run.next => {
                    self.task.process(run.input, &given(self.standing.number, &record), output);
                    forget(output)?;
                    waiting.advance();
                    order.taken += 1;
                    continue;
                }
                None if !reading.is_at(partition, run.next)? => break,
                _ => {}
            }
            // Of a table alone the last row of a key is all that counts, so a compacted one is as good.
            if order.taken != run.records && self.standing.has_streams {
                let (input, next) = (partition.clone(), run.next);
                let (expected, found) = (run.records, order.taken);
                return Err(refuse(Refusal::Compacted { input, next, expected, found }, self.standing));
            }
            order.entries.pop_front();
            order.taken = 0;
        }
        if let ([waiting], true) = (&mut *order.waiting, order.entries.is_empty()) {
            // What follows was taken when nobody told the time, and one input alone is in order.
            while let Some(record) = waiting.head() {
                self.task.process(0, &given(self.standing.number, &record), output);
                output.clear();
                waiting.advance();
            }
        }
        for (waiting, input) in order.waiting.iter_mut().zip(&self.standing.inputs) {
            let partition = std::slice::from_ref(&input.partition);
            match waiting.pace() {
                Some(Pace::Pause) => reading.consumer.pause(partition)?,
                Some(Pace::Resume) => reading.consumer.resume(partition)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Nothing but the time is left to be told.
    fn tell_the_time(&mut self, output: &mut Output) {
        let Some(order) = &mut self.order else { return };
        while let Some(Entry::Idle(idle)) = order.entries.front().copied() {
            self.task.pass_idle(self.standing.number, idle, output);
            output.clear();
            order.entries.pop_front();
        }
    }

    /// Everything was read: nothing may be left.
    fn check_end(&self) -> Result<(), Error> {
        match &self.order {
            Some(order) if order.waiting.iter().any(|waiting| waiting.head().is_some()) => {
                Err(self.standing.without_order())
            }
            Some(order) if !order.entries.is_empty() => Err(self.standing.without_order()),
            _ => Ok(()),
        }
    }
}

/// What was written is in the log already. A store that could not be read is not what it was.
fn forget(output: &mut Output) -> Result<(), Error> {
    let failed = output.failure().map(|problem| Error::Disk(problem.to_owned()));
    output.clear();
    failed.map_or(Ok(()), Err)
}

fn given<'r>(number: i32, record: &'r Record<'_>) -> InputRecord<'r> {
    InputRecord {
        partition: number,
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key,
        value: record.value,
        headers: &record.headers,
    }
}
