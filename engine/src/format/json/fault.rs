//! What is wrong with a record's fields, and which of a repeated field's values count.

use super::scanner::Syntax;
use super::shape::Target;
use crate::types::DataType;

/// A value is not of its type; the rest of the record can still be read.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) found: String,
    pub(super) expected: DataType,
}

/// Why a value was not read.
pub(super) enum Stop {
    Syntax(Syntax),
    Fault(Box<Fault>),
}

impl From<Syntax> for Stop {
    fn from(syntax: Syntax) -> Self {
        Self::Syntax(syntax)
    }
}

impl Target {
    pub(super) fn fault(&self, found: impl Into<String>) -> Stop {
        let (path, found) = (String::new(), found.into());
        Stop::Fault(Box::new(Fault { path, found, expected: self.data_type.clone() }))
    }
}

/// Which fields of an object were set by their exact name.
pub(super) struct Seen {
    few: u128,
    many: Vec<bool>,
}

impl Seen {
    pub(super) fn new(fields: usize) -> Self {
        Self { few: 0, many: if fields > 128 { vec![false; fields] } else { Vec::new() } }
    }

    /// Whether a value for `field` counts, given that one that came by an exact name outranks any other.
    pub(super) fn admit(&mut self, field: usize, exact: bool) -> bool {
        if let Some(seen) = self.many.get_mut(field) {
            let admitted = exact || !*seen;
            *seen |= exact;
            return admitted;
        }
        let admitted = exact || self.few >> field & 1 == 0;
        self.few |= u128::from(exact) << field;
        admitted
    }
}

/// Keeps what is wrong with some fields until it is sure that no later value replaces them.
#[derive(Default)]
pub(super) struct Faults(Vec<(usize, Box<Fault>)>);

impl Faults {
    #[inline]
    pub(super) fn set(&mut self, field: usize, outcome: Result<(), Stop>) -> Result<(), Stop> {
        if !self.0.is_empty() {
            self.0.retain(|(of, _)| *of != field);
        }
        match outcome {
            Err(Stop::Fault(fault)) => self.0.push((field, fault)),
            other => return other,
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), Stop> {
        match self.0.into_iter().next() {
            Some((_, fault)) => Err(Stop::Fault(fault)),
            None => Ok(()),
        }
    }
}

/// Puts a place before the path of a fault.
#[cold]
pub(super) fn within(mut stop: Stop, place: impl FnOnce() -> String) -> Stop {
    if let Stop::Fault(fault) = &mut stop {
        fault.path.insert_str(0, &place());
    }
    stop
}
