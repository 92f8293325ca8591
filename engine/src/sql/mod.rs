//! Text to bound query: tokens, parser, syntax tree, catalog, binder, diagnostics.

pub mod ast;
pub mod diagnostic;
pub mod source;

pub use diagnostic::{Diagnostic, Diagnostics, RenderStyle, Severity, nearest};
pub use source::SourceFile;
