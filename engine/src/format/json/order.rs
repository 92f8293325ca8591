//! The order in which an object's fields come, learned from the first record.
//!
//! Most producers write the same fields in the same order every time. So the text `"name":` that is likely to come
//! next is compared as it stands, which spares reading the name and looking it up. What holds: what a field is
//! for does not depend on what was learned; where the text is another, the name is looked up as ever, and the
//! order is taken up again behind that column.

use std::sync::OnceLock;

use super::names::{Match, Names};
use super::scanner::{Scan, Scanner};

/// An object with more fields is learned as far as that.
const MOST: usize = 256;

/// What comes where.
#[derive(Debug, Default)]
pub(super) struct Order(OnceLock<Learned>);

#[derive(Debug)]
struct Learned {
    fields: Vec<Expected>,
    /// By column where the order goes on behind it.
    behind: Vec<Option<usize>>,
}

/// A field that is expected.
#[derive(Debug)]
struct Expected {
    /// Its name in quotes with the colon.
    text: Box<[u8]>,
    found: Match,
}

/// How far along the order an object is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Along<'o> {
    learned: Option<&'o Learned>,
    at: usize,
}

impl Order {
    /// At the beginning of an object.
    #[inline]
    pub(super) fn begin(&self) -> Along<'_> {
        Along { learned: self.0.get(), at: 0 }
    }

    /// Learns from an object, whose bracket comes next, where nothing was learned yet.
    pub(super) fn learn(&self, names: &Names, columns: usize, scanner: &Scanner<'_>) {
        if self.0.get().is_none() {
            let mut learned = Learned { fields: Vec::new(), behind: vec![None; columns] };
            // What is wrong with the object is told by who reads it.
            let _ = learned.read(names, scanner.clone());
            if !learned.fields.is_empty() {
                let _ = self.0.set(learned);
            }
        }
    }
}

impl Learned {
    fn read(&mut self, names: &Names, mut scanner: Scanner<'_>) -> Scan<()> {
        scanner.enter()?;
        while self.fields.len() < MOST && scanner.more(b'}', self.fields.is_empty())? {
            let Some(name) = scanner.plain_name() else { break };
            let found = names.find(name);
            if let Match::One { column, .. } = found {
                self.behind[column] = Some(self.fields.len() + 1);
            }
            let text = format!("\"{name}\":").into_bytes().into_boxed_slice();
            self.fields.push(Expected { text, found });
            scanner.skip()?;
        }
        Ok(())
    }
}

impl Along<'_> {
    /// What the field is for whose name comes next, if it is the one that is expected; its name is read then.
    #[inline]
    pub(super) fn next(&mut self, scanner: &mut Scanner<'_>) -> Option<Match> {
        let expected = self.learned?.fields.get(self.at)?;
        if scanner.peek() == Some(b'"') && scanner.take_all(&expected.text) {
            self.at += 1;
            return Some(expected.found);
        }
        None
    }

    /// A field of this column came instead; one that was not learned comes in between.
    pub(super) fn resume(&mut self, column: usize) {
        if let Some(Some(behind)) = self.learned.map(|learned| learned.behind[column]) {
            self.at = behind;
        }
    }
}
