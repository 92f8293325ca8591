//! StreamGuard's load: fake transactions with ground truth, and the replay of files.
//!
//! ```text
//! load:    seed -population-> customers, merchants -generator-> transactions, labels -+
//! replay:  file -rows-> transactions, labels, refused rows, position ----------------+-> publisher -> log
//! ```
//!
//! What enters: settled [`Options`] or [`ReplayOptions`] and a log. What leaves: transactions on
//! `transactions`, profiles on `customer_profiles`, the truth on `transaction_labels` (never inside a
//! transaction). What holds: records go out in transactions of the log, so that nothing is half there; the
//! same seed and start give the same bytes; a replay that was killed goes on exactly where it was.

mod error;
mod keying;
mod load;
mod menu;
mod options;
mod pace;
mod progress;
mod publisher;
mod replay;
mod source;
mod target;
mod totals;

pub use error::Error;
pub use keying::{Key, check_key, create_stream};
pub use load::{Generated, Generator, run};
pub use menu::ask;
pub use options::{DEFAULT_FRAUD_SHARE, Mode, Options, UNPACED_GAP_SECONDS};
pub use progress::{Progress, Shown};
pub use replay::{Cells, ReplayOptions, Speed, Transactions, replay};
pub use source::{Meter, Source};
pub use target::Target;
pub use totals::Totals;
