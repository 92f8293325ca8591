//! Text to bound query: tokens, parser, syntax tree, catalog, binder, diagnostics.

pub mod ast;
mod binder;
mod catalog;
pub mod diagnostic;
mod display;
pub mod parser;
mod pieces;
pub mod report;
pub mod source;
mod split;
mod token;
pub mod variables;

pub use binder::{LoadOptions, Loaded, Purpose, load};
pub use diagnostic::{Diagnostic, Diagnostics, RenderStyle, Severity, nearest};
pub use parser::parse_program;
pub use source::SourceFile;
