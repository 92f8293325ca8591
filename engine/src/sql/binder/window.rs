//! WINDOW: its sizes checked, with the grace that ksqlDB gives where none is given.

use crate::plan::{WindowKind, WindowPlan};
use crate::sql::Diagnostic;
use crate::sql::ast;

/// Memory and changelog hold every open window of every key, and a day of grace keeps them open for a day.
pub(super) fn without_grace(window: &ast::Window) -> Option<Diagnostic> {
    let warning =
        Diagnostic::warning("grace", window.span, "no GRACE PERIOD: every window stays open for 24 hours");
    let missing = window.grace.is_none();
    missing.then(|| {
        warning.label("24 hours from its start on, as in ksqlDB").hint("such as GRACE PERIOD 10 MINUTES")
    })
}

/// WINDOW with its grace.
pub(super) fn window_plan(window: &ast::Window) -> Result<WindowPlan, Diagnostic> {
    let positive = |d: &ast::Duration| {
        if d.millis > 0 {
            return Ok(d.millis);
        }
        Err(Diagnostic::error("window", d.span, "a window's sizes are above 0"))
    };
    let (kind, size) = match &window.kind {
        ast::WindowKind::Tumbling { size } => (WindowKind::Tumbling { size: positive(size)? }, size.millis),
        ast::WindowKind::Hopping { size, advance } => {
            let (size_ms, advance_ms) = (positive(size)?, positive(advance)?);
            if advance_ms > size_ms {
                return Err(Diagnostic::error("window", advance.span, "ADVANCE BY is at most the SIZE"));
            }
            (WindowKind::Hopping { size: size_ms, advance: advance_ms }, size_ms)
        }
        ast::WindowKind::Session { gap } => (WindowKind::Session { gap: positive(gap)? }, gap.millis),
    };
    let grace = window.grace.as_ref().map_or_else(|| WindowPlan::default_grace(size), |g| g.millis);
    if let Some(retention) = &window.retention
        && retention.millis < size + window.grace.as_ref().map_or(0, |g| g.millis)
    {
        return Err(Diagnostic::error(
            "window",
            retention.span,
            "RETENTION is at least SIZE plus GRACE PERIOD",
        ));
    }
    Ok(WindowPlan { kind, grace, idle: None })
}
