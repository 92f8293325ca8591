//! Which column a field's name means.
//!
//! A column takes the field of exactly its name, or else the one whose upper-cased name is the column's
//! (as ksqlDB's `KsqlJsonDeserializer` does). What holds: a look-up changes nothing and depends on nothing but
//! the name; a guess (fields mostly come in the declared order) only makes it faster.

/// The columns that a field is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// No column.
    Unknown,
    /// One column, by its exact name or by the upper-cased one.
    One {
        /// Its index.
        column: usize,
        /// Whether the name is exactly the column's.
        exact: bool,
    },
    /// Two columns: one by its exact name, another by the upper-cased one.
    Two {
        /// The index of the column of exactly this name.
        exact: usize,
        /// The index of the column that is named so in upper case.
        upper: usize,
    },
}

#[derive(Debug)]
struct Name {
    /// As declared.
    exact: Box<[u8]>,
    /// In lower case, as most producers write it.
    lower: Box<[u8]>,
}

/// The names of an object's declared fields.
#[derive(Debug)]
pub(super) struct Names {
    names: Vec<Name>,
    /// Whether all names are ASCII without lower-case letters: then a field means at most one column.
    upper_only: bool,
    /// Column index plus one by hash, open addressing; 0 is free.
    table: Box<[u16]>,
    shift: u32,
}

/// A mix of length and three bytes, the same for upper and lower case.
#[inline]
fn hash(name: &[u8]) -> u32 {
    let (Some(first), Some(last), Some(middle)) = (name.first(), name.last(), name.get(name.len() / 2))
    else {
        return 0;
    };
    let fold = |byte: &u8| u32::from(byte & 0xDF);
    let mixed = (name.len() as u32) << 24 | fold(first) << 16 | fold(middle) << 8 | fold(last);
    mixed.wrapping_mul(0x9E37_79B1)
}

impl Names {
    /// The look-up for these names. There are fewer than 65,536 of them.
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<Name> = names
            .map(|n| Name { exact: n.as_bytes().into(), lower: n.to_ascii_lowercase().into_bytes().into() })
            .collect();
        let upper_only =
            names.iter().all(|n| n.exact.iter().all(|b| b.is_ascii() && !b.is_ascii_lowercase()));
        let size = (names.len() * 4).next_power_of_two().max(2);
        let shift = 32 - size.trailing_zeros();
        let mut table = vec![0u16; size].into_boxed_slice();
        for (index, name) in names.iter().enumerate() {
            let mut place = (hash(&name.exact) >> shift) as usize;
            while table[place] != 0 {
                place = (place + 1) % size;
            }
            table[place] = (index + 1) as u16;
        }
        Self { names, upper_only, table, shift }
    }

    /// The columns that the field `name` is for; `guess` is the column it is likely to be.
    #[inline]
    pub(super) fn find(&self, name: &str, guess: usize) -> Match {
        let field = name.as_bytes();
        if !self.upper_only || !name.is_ascii() {
            return self.find_any(name);
        }
        if let Some(expected) = self.names.get(guess) {
            if *expected.lower == *field {
                return Match::One { column: guess, exact: *expected.exact == *field };
            }
            if *expected.exact == *field {
                return Match::One { column: guess, exact: true };
            }
        }
        self.find_hashed(field)
    }

    fn find_hashed(&self, field: &[u8]) -> Match {
        let mut place = (hash(field) >> self.shift) as usize;
        loop {
            let Some(column) = usize::from(self.table[place]).checked_sub(1) else { return Match::Unknown };
            let exact = &self.names[column].exact;
            if exact.eq_ignore_ascii_case(field) {
                return Match::One { column, exact: **exact == *field };
            }
            place = (place + 1) % self.table.len();
        }
    }

    /// By the letter of the rule, for names in lower case or beyond ASCII.
    #[cold]
    fn find_any(&self, name: &str) -> Match {
        let upper = name.to_uppercase();
        let position = |wanted: &str| self.names.iter().position(|n| *n.exact == *wanted.as_bytes());
        match (position(name), position(&upper)) {
            (None, None) => Match::Unknown,
            (None, Some(column)) => Match::One { column, exact: false },
            (Some(exact), Some(upper)) if exact != upper => Match::Two { exact, upper },
            (Some(column), _) => Match::One { column, exact: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(column: usize, exact: bool) -> Match {
        Match::One { column, exact }
    }

    #[test]
    fn upper_case_names_take_any_case() {
        let names = Names::new(["AMOUNT", "ACCOUNT_ID", "A", "", "X1"].into_iter());
        for guess in 0..6 {
            assert_eq!(names.find("AMOUNT", guess), one(0, true));
            assert_eq!(names.find("amount", guess), one(0, false));
            assert_eq!(names.find("Account_Id", guess), one(1, false));
            assert_eq!(names.find("x1", guess), one(4, false));
            assert_eq!(names.find("", guess), one(3, true));
            assert_eq!(names.find("amounts", guess), Match::Unknown);
            assert_eq!(names.find("ſ", guess), Match::Unknown);
        }
    }

    #[test]
    fn quoted_names_take_their_own_case() {
        let names = Names::new(["a", "A", "Größe", "GRÖSSE"].into_iter());
        assert_eq!(names.find("a", 0), Match::Two { exact: 0, upper: 1 });
        assert_eq!(names.find("A", 0), one(1, true));
        assert_eq!(names.find("größe", 0), one(3, false));
        assert_eq!(names.find("Größe", 0), Match::Two { exact: 2, upper: 3 });
    }
}
