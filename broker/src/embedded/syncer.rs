//! Forces what was committed to the disk, now and then.
//!
//! What enters: the log and an interval. What holds: while any client has the log open, no commit stays
//! unforced for longer than about the interval; the thread ends by itself once the log is closed (which
//! forces the rest).

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::log::Log;
use crate::{ErrorKind, Result};

/// Starts the thread.
pub(super) fn start(log: &Arc<Log>, every: Duration) -> Result<()> {
    let weak = Arc::downgrade(log);
    let run = move || {
        let mut failing = false;
        while let Some(done) = {
            std::thread::sleep(every);
            sync(&weak)
        } {
            match done {
                Ok(()) => failing = false,
                Err(e) if !std::mem::replace(&mut failing, true) => {
                    tracing::error!(error = %e, "what was committed could not be forced to the disk");
                }
                Err(_) => {}
            }
        }
    };
    std::thread::Builder::new()
        .name("broker-sync".to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|e| log.error(ErrorKind::Fatal, "starting", format!("no thread for syncing: {e}")))
}

/// None when there is no more use in it.
fn sync(log: &Weak<Log>) -> Option<Result<()>> {
    Some(log.upgrade()?.sync_if_written())
}
