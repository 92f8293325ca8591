//! What changed in a task's stores, as one checkpoint.

use engine::task::{ChangeVisitor, StreamTask};

/// Visits what changed since the last checkpoint; it counts as written.
pub(crate) fn take(task: &mut StreamTask, visit: &mut ChangeVisitor<'_>) {
    task.begin_checkpoint();
    while !task.write_checkpoint(usize::MAX, visit) {}
    task.end_checkpoint(true);
}
