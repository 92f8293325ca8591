//! The pseudo columns: what a row says of its record.

use crate::types::DataType;

/// The pseudo columns at the end of a source's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pseudo {
    /// ROWTIME: the record's time in milliseconds, a BIGINT.
    Rowtime = 0,
    /// ROWPARTITION, an INT.
    Rowpartition = 1,
    /// ROWOFFSET, a BIGINT.
    Rowoffset = 2,
    /// WINDOWSTART, a BIGINT; NULL without a window.
    Windowstart = 3,
    /// WINDOWEND, a BIGINT; NULL without a window.
    Windowend = 4,
}

impl Pseudo {
    /// All in row order.
    pub const ALL: [Pseudo; 5] =
        [Pseudo::Rowtime, Pseudo::Rowpartition, Pseudo::Rowoffset, Pseudo::Windowstart, Pseudo::Windowend];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Pseudo::Rowtime => "ROWTIME",
            Pseudo::Rowpartition => "ROWPARTITION",
            Pseudo::Rowoffset => "ROWOFFSET",
            Pseudo::Windowstart => "WINDOWSTART",
            Pseudo::Windowend => "WINDOWEND",
        }
    }

    /// Its type.
    pub fn data_type(self) -> DataType {
        if self == Pseudo::Rowpartition { DataType::Integer } else { DataType::Bigint }
    }
}
