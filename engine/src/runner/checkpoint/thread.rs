//! A checkpointer with a thread of its own, so that the work waits for none of its transactions.
//!
//! What holds: what is in flight is bounded, and with it the memory of a checkpoint of any size; a checkpoint
//! that was given up is not committed, and its transaction is over when that is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};

use broker::{Error, ErrorKind, Result};

use super::{Checkpointer, Chunk, Job, Outcome, Writer};

/// Chunks on their way: with the one that is written and the one that is filled about 1.5 MB.
const IN_FLIGHT: usize = 4;

enum Order {
    Begin(Job),
    Chunk(Chunk),
    Finish,
    GiveUp(Sender<Result<()>>),
}

/// See the module.
pub(in super::super) struct Threaded {
    orders: SyncSender<Order>,
    outcomes: Receiver<Outcome>,
    /// Asks the thread to pass over what is on its way.
    given_up: Arc<AtomicBool>,
}

impl Threaded {
    /// Starts the thread; it ends when this is dropped.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(in super::super) fn start(name: &str, writer: Writer) -> std::io::Result<Self> {
        let (orders, incoming) = sync_channel(IN_FLIGHT);
        let (outgoing, outcomes) = channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let asked = given_up.clone();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(writer, &incoming, &outgoing, &asked))?;
        Ok(Self { orders, outcomes, given_up })
    }

    /// Sends an order, or gives it back where there is no room. A thread that is gone takes anything.
    fn send(&self, order: Order) -> Option<Order> {
        match self.orders.try_send(order) {
            Err(TrySendError::Full(order)) => Some(order),
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Fatal, "writing checkpoints", "their thread has ended; its message is in the log")
}

/// What the thread does until nobody sends any more.
fn work(mut writer: Writer, orders: &Receiver<Order>, outcomes: &Sender<Outcome>, given_up: &AtomicBool) {
    // The first thing that a worker waits for is the producer: it ends what an earlier life left pending.
    if let Err(error) = writer.give_up() {
        tracing::debug!(%error, "the producer of checkpoints is made later");
    }
    let mut failed = false;
    for order in orders {
        let skip = failed || given_up.load(Ordering::SeqCst);
        let done = match order {
            Order::GiveUp(answer) => {
                given_up.store(false, Ordering::SeqCst);
                failed = false;
                // Whoever asked may have gone.
                let _ = answer.send(writer.give_up());
                continue;
            }
            Order::Begin(job) => {
                failed = false;
                writer.begin(job)
            }
            Order::Chunk(_) | Order::Finish if skip => continue,
            Order::Chunk(chunk) => writer.write(chunk),
            Order::Finish => {
                let _ = outcomes.send(writer.finish());
                continue;
            }
        };
        if let Err(error) = done {
            failed = true;
            let _ = outcomes.send(Outcome::Failed(error));
        }
    }
}

impl Checkpointer for Threaded {
    fn begin(&mut self, job: Job) {
        while self.outcomes.try_recv().is_ok() {}
        // There is room: the checkpoint before has ended.
        if let Some(order) = self.send(Order::Begin(job)) {
            let _ = self.orders.send(order);
        }
    }

    fn offer(&mut self, chunk: Chunk) -> Option<Chunk> {
        match self.send(Order::Chunk(chunk)) {
            Some(Order::Chunk(chunk)) => Some(chunk),
            _ => None,
        }
    }

    fn finish(&mut self) -> bool {
        self.send(Order::Finish).is_none()
    }

    fn poll(&mut self) -> Option<Outcome> {
        match self.outcomes.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(std::sync::mpsc::TryRecvError::Empty) => None,
            Err(std::sync::mpsc::TryRecvError::Disconnected) => Some(Outcome::Failed(gone())),
        }
    }

    fn give_up(&mut self) -> Result<()> {
        let (answer, answered) = channel();
        self.given_up.store(true, Ordering::SeqCst);
        let sent = self.orders.send(Order::GiveUp(answer));
        let outcome = sent.ok().and_then(|()| answered.recv().ok()).unwrap_or_else(|| Err(gone()));
        while self.outcomes.try_recv().is_ok() {}
        outcome
    }
}
