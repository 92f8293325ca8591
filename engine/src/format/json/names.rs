//! Which column a field's name means.
//!
//! A column takes the field of exactly its name, or else the one whose upper-cased name is the column's
//! (as ksqlDB's `KsqlJsonDeserializer` does). What holds: a look-up changes nothing and depends on nothing but
//! the name.

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

/// The names of an object's declared fields.
#[derive(Debug)]
pub(super) struct Names {
    /// As declared.
    names: Vec<Box<[u8]>>,
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
        let names: Vec<Box<[u8]>> = names.map(|name| name.as_bytes().into()).collect();
        let upper_only = names.iter().all(|n| n.iter().all(|b| b.is_ascii() && !b.is_ascii_lowercase()));
        let size = (names.len() * 4).next_power_of_two().max(2);
        let shift = 32 - size.trailing_zeros();
        let mut table = vec![0u16; size].into_boxed_slice();
        for (index, name) in names.iter().enumerate() {
            let mut place = (hash(name) >> shift) as usize;
            while table[place] != 0 {
                place = (place + 1) % size;
            }
            table[place] = (index + 1) as u16;
        }
        Self { names, upper_only, table, shift }
    }

    /// The columns that the field `name` is for.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Match {
        if !self.upper_only || !name.is_ascii() {
            return self.find_any(name);
        }
        self.find_hashed(name.as_bytes())
    }

    fn find_hashed(&self, field: &[u8]) -> Match {
        let mut place = (hash(field) >> self.shift) as usize;
        loop {
            let Some(column) = usize::from(self.table[place]).checked_sub(1) else { return Match::Unknown };
            let exact = &self.names[column];
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
        let position = |wanted: &str| self.names.iter().position(|n| **n == *wanted.as_bytes());
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
        assert_eq!(names.find("AMOUNT"), one(0, true));
        assert_eq!(names.find("amount"), one(0, false));
        assert_eq!(names.find("Account_Id"), one(1, false));
        assert_eq!(names.find("x1"), one(4, false));
        assert_eq!(names.find(""), one(3, true));
        assert_eq!(names.find("amounts"), Match::Unknown);
        assert_eq!(names.find("ſ"), Match::Unknown);
    }

    #[test]
    fn quoted_names_take_their_own_case() {
        let names = Names::new(["a", "A", "Größe", "GRÖSSE"].into_iter());
        assert_eq!(names.find("a"), Match::Two { exact: 0, upper: 1 });
        assert_eq!(names.find("A"), one(1, true));
        assert_eq!(names.find("größe"), one(3, false));
        assert_eq!(names.find("Größe"), Match::Two { exact: 2, upper: 3 });
    }
}
