//! Subcommand `standalone`.

use crate::context::Context;
use crate::failure::Failure;

#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, _context: &Context) -> Result<(), Failure> {
    Err(Failure::new("`standalone` is not part of this build"))
}
