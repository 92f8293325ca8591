//! Memory that is reused from record to record: rows, a key's bytes, ordinals.

use crate::plan::{InputId, Program};
use crate::task::{Letters, QueryCounters};
use crate::types::Value;

/// What a task's run needs and gives back.
#[derive(Debug)]
pub(crate) struct Scratch {
    /// Rows that nobody uses.
    pub(crate) rows: RowPool,
    /// A group key's bytes.
    pub(crate) key: Vec<u8>,
    /// A key's bytes as EMIT FINAL puts them in order.
    pub(crate) order: Vec<u8>,
    /// Outputs of the record so far, per query.
    pub(crate) per_query: Ordinals,
    /// Outputs of the record so far, per output topic.
    pub(crate) per_topic: Ordinals,
    /// Per output of a frame whether its row satisfied HAVING before the update.
    pub(crate) verdicts: Vec<bool>,
    /// Which firsts of a frame the update fires.
    pub(crate) fired: Vec<usize>,
    /// Counts before one of a record's rows.
    pub(crate) ends: Vec<QueryCounters>,
    /// Dead letters of late, per input.
    letters: Vec<Letters>,
}

impl Scratch {
    /// For a program.
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            rows: RowPool::default(),
            key: Vec::new(),
            order: Vec::new(),
            per_query: Ordinals::new(program.queries.len() + 1),
            per_topic: Ordinals::new(program.outputs.len() + 1),
            verdicts: Vec::new(),
            fired: Vec::new(),
            ends: Vec::new(),
            letters: Vec::new(),
        }
    }

    /// The dead letters of an input.
    pub(crate) fn letters_of(&mut self, input: InputId) -> &mut Letters {
        if self.letters.len() <= input {
            self.letters.resize(input + 1, Letters::default());
        }
        &mut self.letters[input]
    }

    /// The next record begins.
    pub(crate) fn begin_record(&mut self) {
        self.per_query.begin_record();
        self.per_topic.begin_record();
    }
}

/// Rows that nobody uses, with memory of their own.
#[derive(Debug, Default)]
pub(crate) struct RowPool {
    empty: Vec<Vec<Value<'static>>>,
    /// As long as they were, all NULL: a record's row is as wide as the one before.
    nulls: Vec<Vec<Value<'static>>>,
}

impl RowPool {
    /// A row without columns.
    pub(crate) fn take<'v>(&mut self) -> Vec<Value<'v>> {
        self.empty.pop().unwrap_or_default()
    }

    /// A row of NULLs, for [`RowPool::give_whole`].
    pub(crate) fn take_nulls<'v>(&mut self, width: usize) -> Vec<Value<'v>> {
        let mut row = self.nulls.pop().unwrap_or_default();
        if row.len() != width {
            row.resize_with(width, || Value::Null);
        }
        row
    }

    /// Takes a row back. Collecting in place changes the borrow of its (now absent) values, not its memory.
    pub(crate) fn give(&mut self, mut row: Vec<Value<'_>>) {
        row.clear();
        self.empty.push(row.into_iter().map(|_| Value::Null).collect());
    }

    /// Takes back a row of [`RowPool::take_nulls`]. Nearly all of its values own nothing, which is seen here at less
    /// cost than by dropping each.
    pub(crate) fn give_whole(&mut self, row: Vec<Value<'_>>) {
        let null = |value: Value<'_>| {
            if value.owns_memory() {
                drop(value);
            } else {
                std::mem::forget(value);
            }
            Value::Null
        };
        self.nulls.push(row.into_iter().map(null).collect());
    }
}

/// Counts that start from 0 with each record.
#[derive(Debug)]
pub(crate) struct Ordinals {
    record: u64,
    counts: Vec<(u64, u32)>,
}

impl Ordinals {
    fn new(len: usize) -> Self {
        Self { record: 0, counts: vec![(0, 0); len] }
    }

    fn begin_record(&mut self) {
        self.record += 1;
    }

    /// How often this was asked for `index` since the record began.
    pub(crate) fn next(&mut self, index: usize) -> u32 {
        let (record, count) = &mut self.counts[index];
        if *record != self.record {
            (*record, *count) = (self.record, 0);
        }
        *count += 1;
        *count - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_its_memory() {
        let mut pool = RowPool::default();
        let row = pool.take_nulls(40);
        let (memory, capacity) = (row.as_ptr() as usize, row.capacity());
        pool.give_whole(row);
        let again = pool.take_nulls(40);
        assert_eq!((again.as_ptr() as usize, again.capacity()), (memory, capacity));
    }

    #[test]
    fn a_row_that_was_given_back_is_all_null() {
        let (mut pool, shared) = (RowPool::default(), std::sync::Arc::new(vec![Value::Integer(1)]));
        let text = String::from("text");
        let mut row = pool.take_nulls(4);
        row[..3].clone_from_slice(&[Value::str(&text), Value::string("owned"), Value::Array(shared.clone())]);
        pool.give_whole(row);
        assert_eq!(std::sync::Arc::strong_count(&shared), 1);
        assert_eq!(pool.take_nulls(3), [Value::Null, Value::Null, Value::Null]);
    }

    #[test]
    fn ordinals_begin_anew_with_each_record() {
        let mut ordinals = Ordinals::new(2);
        ordinals.begin_record();
        assert_eq!([ordinals.next(0), ordinals.next(0), ordinals.next(1)], [0, 1, 0]);
        ordinals.begin_record();
        assert_eq!(ordinals.next(0), 0);
    }
}
