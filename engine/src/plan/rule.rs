//! What makes a query a rule.

use std::fmt;
use std::str::FromStr;

/// How grave an alert of a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Severity {
    /// `low`
    Low,
    /// `medium`, where none is given.
    #[default]
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

/// What happens with a rule's alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// They are decided upon.
    #[default]
    Live,
    /// They are written and counted, never acted on.
    Shadow,
    /// There are none: the query does not run.
    Off,
}

/// When a windowed rule alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Emit {
    /// At each update for which HAVING is true.
    #[default]
    Changes,
    /// Once per key and window, when HAVING first becomes true.
    First,
}

/// Names of the words of an enum, for its directive.
macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ }) => {
        impl $type {
            /// The words a rule file may say.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text.to_ascii_lowercase().as_str() { $($word => Ok($type::$variant),)+ _ => Err(()) }
            }
        }
    };
}

words!(Severity { Low = "low", Medium = "medium", High = "high", Critical = "critical" });
words!(Mode { Live = "live", Shadow = "shadow", Off = "off" });
words!(Emit { Changes = "changes", First = "first" });

/// A query whose sink topic is `fraud_alerts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The stream's or table's name, or the QUERY_ID, or the file's stem.
    pub name: String,
    /// 16 hexadecimal digits over the meaning of the query and of all that it reads, with emit, cooldown
    /// and severity; not over mode, description, layout or file.
    pub version: String,
    /// `--@severity`
    pub severity: Severity,
    /// `--@mode`
    pub mode: Mode,
    /// `--@emit`
    pub emit: Emit,
    /// `--@cooldown`: how long it says nothing more about a key after an alert, in milliseconds.
    pub cooldown: Option<i64>,
    /// `--@description`
    pub description: Option<String>,
    /// The file that it stands in.
    pub file: String,
    /// It alerts on windows, so an alert's id comes from key and window start.
    pub windowed: bool,
}
