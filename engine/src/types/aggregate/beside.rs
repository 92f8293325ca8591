//! What lies beside the cells of one group key's windows: collections, and texts too long for a cell.
//!
//! What holds: nothing beside costs one pointer; a place is valid from when it is given out until it is taken
//! back; with the last one taken the memory goes.

use super::Accumulator;

/// Accumulators by place.
#[derive(Debug, Default)]
pub struct Beside(Option<Box<Places>>);

#[derive(Debug, Default)]
struct Places {
    values: Vec<Accumulator>,
    free: Vec<u32>,
    /// The longest text that a wider cell would have a place for.
    asked: usize,
}

impl Beside {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The memory that it takes, in bytes.
    pub fn size(&self) -> usize {
        let Some(places) = &self.0 else { return 0 };
        let values: usize = places.values.iter().map(Accumulator::heap_size).sum();
        values + places.values.capacity() * size_of::<Accumulator>() + size_of::<Places>()
    }

    /// A text of so many bytes comes here that a wider cell would have a place for.
    pub fn ask(&mut self, len: usize) {
        let places = self.0.get_or_insert_default();
        places.asked = places.asked.max(len);
    }

    /// The longest text that a wider cell would have a place for; 0 where there is none.
    pub fn asked(&self) -> usize {
        self.0.as_ref().map_or(0, |places| places.asked)
    }

    /// That was seen to.
    pub fn answered(&mut self) {
        if let Some(places) = &mut self.0 {
            places.asked = 0;
        }
    }

    /// Keeps an accumulator; its place.
    pub fn put(&mut self, accumulator: Accumulator) -> u32 {
        let Places { values, free, .. } = &mut **self.0.get_or_insert_default();
        match free.pop() {
            Some(place) => {
                values[place as usize] = accumulator;
                place
            }
            None => {
                values.push(accumulator);
                (values.len() - 1) as u32
            }
        }
    }

    /// Takes a place back, and what is there.
    pub fn take(&mut self, place: u32) -> Option<Accumulator> {
        let Places { values, free, .. } = self.0.as_deref_mut()?;
        let value = std::mem::replace(values.get_mut(place as usize)?, Accumulator::Whole(0));
        free.push(place);
        if free.len() == values.len() {
            self.0 = None;
        }
        Some(value)
    }

    /// What lies at a place.
    pub fn get(&self, place: Option<u32>) -> Option<&Accumulator> {
        self.0.as_ref()?.values.get(place? as usize)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, place: Option<u32>) -> Option<&mut Accumulator> {
        self.0.as_mut()?.values.get_mut(place? as usize)
    }
}
