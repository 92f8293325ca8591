//! Notices of changed rule files.
//!
//! What holds: where a file system gives no notices, nothing is lost: whoever asks looks at the files regularly too.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use notify::Watcher;

/// See the module.
pub(super) struct Watch {
    _watcher: Option<notify::RecommendedWatcher>,
    notices: Receiver<()>,
    /// Kept so that waiting for a notice waits also where there is no watcher.
    _sender: Sender<()>,
}

/// A change is often several writes; what follows within this time is one change.
const SETTLE: Duration = Duration::from_millis(50);

impl Watch {
    /// Watches these files and directories.
    pub(super) fn start(paths: &[PathBuf]) -> Self {
        let (sender, notices) = channel();
        let notify_sender = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| !e.kind.is_access()) {
                // Nobody listens any more when the engine ends.
                let _ = notify_sender.send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            for path in paths {
                // A file that an editor replaces is seen in its directory.
                let dir = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
                watcher.watch(dir, notify::RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changes of the rules are not notified; they are looked for every second");
        }
        Self { _watcher: watcher.ok(), notices, _sender: sender }
    }

    /// Waits up to `timeout` for a change.
    pub(super) fn changed(&self, timeout: Duration) -> bool {
        match self.notices.recv_timeout(timeout) {
            Ok(()) => {
                while self.notices.recv_timeout(SETTLE).is_ok() {}
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}
