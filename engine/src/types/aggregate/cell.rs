//! How an aggregate lies in a window: a few bytes of fixed width, side by side with those of its neighbours.
//!
//! Enters: the values of one window's records. Leaves: the result so far, and bytes that stores keep and
//! changelogs carry as they are. What holds: a cell of zeros has seen no value; a cell behaves as its
//! [`Accumulator`]; its width follows from the aggregate alone. What has no fixed width, a collection or a long
//! text, lies [`Beside`], and the cell says where.

use std::mem::discriminant;

use super::accumulator::takes;
use super::scalar::{NARROW, Scalar, get, put};
use super::{Accumulator, Aggregate, Beside, Function, Kept};
use crate::types::{DataType, Decimal, EvalError, Value};

/// How many bytes of text may lie in place: an identifier of most makers, one with a prefix, a UUID. Which of them it is
/// is up to whoever has the cell.
pub const TEXTS: [usize; 3] = [16, 24, SHORT];
/// The longest of them.
const SHORT: usize = 38;

/// The first byte of a kept value: none yet; NULL; in place, from here on (a text adds its length); beside.
const NOTHING: u8 = 0;
const NULL: u8 = 1;
const IN_PLACE: u8 = 2;
const BESIDE: u8 = 255;

/// How the cell of an aggregate is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// COUNT, and SUM of INT and BIGINT.
    Whole,
    /// SUM of DOUBLE.
    Double,
    /// SUM of DECIMAL.
    Decimal {
        /// Digits.
        precision: u32,
        /// Of which behind the point.
        scale: u32,
    },
    /// AVG of INT and BIGINT: sum and count.
    WholeMean,
    /// AVG of DOUBLE: sum and count.
    Mean,
    /// MIN, MAX, LATEST and EARLIEST of a type of fixed width.
    Kept(Scalar),
    /// The same of VARCHAR.
    Text {
        /// The longest that lies in place, in bytes: one of [`TEXTS`].
        short: usize,
    },
    /// Anything else: where it lies beside.
    General,
}

impl Cell {
    /// Of this aggregate.
    pub fn of(aggregate: &Aggregate) -> Self {
        match (aggregate.start(), &aggregate.returns) {
            (Accumulator::Whole(_), _) => Cell::Whole,
            (Accumulator::Double(_), _) => Cell::Double,
            (Accumulator::Decimal(_), DataType::Decimal { precision, scale }) => {
                Cell::Decimal { precision: *precision, scale: *scale }
            }
            (Accumulator::WholeMean { .. }, _) => Cell::WholeMean,
            (Accumulator::Mean { .. }, _) => Cell::Mean,
            (Accumulator::Value(_), DataType::String) => Cell::Text { short: SHORT },
            (Accumulator::Value(_), returns) => Scalar::of(returns).map_or(Cell::General, Cell::Kept),
            _ => Cell::General,
        }
    }

    /// Its bytes.
    pub fn width(self) -> usize {
        match self {
            Cell::Whole | Cell::Double => 8,
            Cell::Decimal { precision, .. } if precision <= NARROW => 8,
            Cell::Decimal { .. } | Cell::WholeMean | Cell::Mean => 16,
            Cell::Kept(scalar) => 1 + scalar.width(),
            Cell::Text { short } => 1 + short,
            Cell::General => 4,
        }
    }

    /// Whether something of it may lie beside.
    pub fn may_spill(self) -> bool {
        matches!(self, Cell::General | Cell::Kept(_) | Cell::Text { .. })
    }

    /// Makes `bytes`, which are zeros, a cell before any value.
    pub fn begin(self, aggregate: &Aggregate, bytes: &mut [u8], beside: &mut Beside) {
        if self == Cell::General {
            put(bytes, beside.put(aggregate.start()).to_le_bytes());
        }
    }

    /// Gives back what lies beside. The bytes are no cell any more.
    pub fn end(self, bytes: &[u8], beside: &mut Beside) {
        if let Some(place) = self.place(bytes) {
            beside.take(place);
        }
    }

    /// Where it lies beside, if it does.
    pub fn place(self, bytes: &[u8]) -> Option<u32> {
        match self {
            Cell::General => Some(u32::from_le_bytes(get(bytes))),
            Cell::Kept(_) | Cell::Text { .. } if bytes.first() == Some(&BESIDE) => {
                Some(u32::from_le_bytes(get(&bytes[1..])))
            }
            _ => None,
        }
    }

    /// Takes out where it lies beside: that means nothing anywhere else.
    pub fn forget_place(self, bytes: &mut [u8]) {
        match self {
            Cell::General => bytes.fill(0),
            _ => bytes[1..].fill(0),
        }
    }

    /// Takes over a cell from a changelog, except for what lay beside, which [`Cell::store`] brings. None where
    /// the bytes are damaged, or a text does not fit.
    pub fn load(self, bytes: &mut [u8], from: &[u8]) -> Option<()> {
        let lay_beside = self == Cell::General || from.first() == Some(&BESIDE) && self.may_spill();
        if !lay_beside {
            let is_sound = self.is_sound(from);
            // Of a text that fits only zeros are cut off.
            is_sound.then(|| bytes.copy_from_slice(&from[..bytes.len().min(from.len())]))?;
        }
        Some(())
    }

    /// The same cell with texts of so many bytes in place, one of [`TEXTS`].
    pub fn with_texts(self, short: usize) -> Self {
        match self {
            Cell::Text { .. } => Cell::Text { short },
            other => other,
        }
    }

    /// Copies a cell with shorter texts, of which nothing lies beside that has a place here.
    pub fn widen(self, bytes: &mut [u8], beside: &mut Beside, from: &[u8]) {
        bytes[..from.len()].copy_from_slice(from);
        let Cell::Text { short } = self else { return };
        let is_fitting = |value: &Accumulator| matches!(value, Accumulator::Value(kept) if kept.text_len().is_some_and(|len| len <= short));
        let place = self.place(from).filter(|place| beside.get(Some(*place)).is_some_and(is_fitting));
        if let Some(Accumulator::Value(kept)) = place.and_then(|place| beside.take(place)) {
            bytes.fill(0);
            if let Some(value) = kept.get() {
                self.keep(bytes, beside, &value);
            }
        }
    }

    /// How many bytes the text in place has, of a cell from a changelog.
    pub fn text_len(self, from: &[u8]) -> usize {
        match (self, from.first()) {
            (Cell::Text { .. }, Some(flag @ IN_PLACE..=254)) => usize::from(flag - IN_PLACE),
            _ => 0,
        }
    }

    /// Whether these bytes, which lay in a changelog, are a cell with nothing beside.
    fn is_sound(self, bytes: &[u8]) -> bool {
        match self {
            Cell::Kept(_) => bytes.first().is_some_and(|flag| *flag <= IN_PLACE),
            Cell::Text { .. } => match bytes.first() {
                Some(&(NOTHING | NULL)) => true,
                Some(&flag) => usize::from(flag - IN_PLACE) < self.width() && text(bytes).is_some(),
                None => false,
            },
            _ => true,
        }
    }

    /// Takes a value, as [`Aggregate::add`].
    pub fn add(
        self,
        aggregate: &Aggregate,
        bytes: &mut [u8],
        beside: &mut Beside,
        value: Option<&Value<'_>>,
    ) -> Result<(), EvalError> {
        match (self, value) {
            (Cell::Whole, value) if aggregate.function == Function::Count => {
                let counts = value.is_none_or(|value| !value.is_null());
                put(bytes, (i64::from_le_bytes(get(bytes)) + i64::from(counts)).to_le_bytes());
                Ok(())
            }
            (Cell::Kept(_) | Cell::Text { .. }, Some(value)) => {
                if takes(aggregate.function, value, || self.kept(bytes, beside)) {
                    self.keep(bytes, beside, value);
                }
                Ok(())
            }
            (Cell::Decimal { precision, scale }, Some(Value::Decimal(value)))
                if precision <= NARROW && value.scale() == scale =>
            {
                let sum = i64::try_from(value.unscaled()).ok();
                let sum = sum.and_then(|value| i64::from_le_bytes(get(bytes)).checked_add(value));
                let sum = sum.filter(|sum| sum.unsigned_abs() < 10u64.pow(precision));
                let sum = sum.ok_or_else(|| EvalError::new(format!("SUM exceeds {}", aggregate.returns)))?;
                put(bytes, sum.to_le_bytes());
                Ok(())
            }
            _ => self.change(bytes, beside, |accumulator| aggregate.add(accumulator, value)),
        }
    }

    /// Takes a value out, as [`Aggregate::undo`].
    pub fn undo(
        self,
        aggregate: &Aggregate,
        bytes: &mut [u8],
        beside: &mut Beside,
        value: Option<&Value<'_>>,
    ) -> Result<(), EvalError> {
        self.change(bytes, beside, |accumulator| aggregate.undo(accumulator, value))
    }

    /// The result so far.
    pub fn result<'a>(self, aggregate: &Aggregate, bytes: &'a [u8], beside: &'a Beside) -> Value<'a> {
        match self {
            Cell::Kept(_) | Cell::Text { .. } => self.kept(bytes, beside).unwrap_or_default(),
            Cell::General => {
                beside.get(self.place(bytes)).map_or(Value::Null, |accumulator| aggregate.result(accumulator))
            }
            Cell::Whole if aggregate.returns != DataType::Integer => {
                Value::Bigint(i64::from_le_bytes(get(bytes)))
            }
            Cell::Decimal { scale, .. } => Value::Decimal(self.decimal(bytes, scale)),
            _ => self.numbers(bytes).result(aggregate).into_owned(),
        }
    }

    /// Puts an accumulator in the place of what lies beside. None where that is of another kind.
    pub fn store(self, bytes: &mut [u8], beside: &mut Beside, accumulator: Accumulator) -> Option<()> {
        match (self, accumulator) {
            (Cell::Kept(_) | Cell::Text { .. }, Accumulator::Value(kept)) => {
                self.keep(bytes, beside, &kept.get()?);
            }
            (Cell::General, accumulator) => {
                let mine = beside.get_mut(self.place(bytes))?;
                (discriminant(mine) == discriminant(&accumulator)).then(|| *mine = accumulator)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Writes a cell of numbers.
    fn set_numbers(self, bytes: &mut [u8], accumulator: &Accumulator) {
        match accumulator {
            Accumulator::Whole(v) => put(bytes, v.to_le_bytes()),
            Accumulator::Double(v) => put(bytes, v.to_le_bytes()),
            Accumulator::Decimal(v) if self.width() == 8 => put(bytes, (v.unscaled() as i64).to_le_bytes()),
            Accumulator::Decimal(v) => put(bytes, v.unscaled().to_le_bytes()),
            Accumulator::WholeMean { sum, count } => {
                put(bytes, sum.to_le_bytes());
                put(&mut bytes[8..], count.to_le_bytes());
            }
            Accumulator::Mean { sum, count } => {
                put(bytes, sum.to_le_bytes());
                put(&mut bytes[8..], count.to_le_bytes());
            }
            _ => {}
        }
    }

    /// Does `act` on it as an accumulator.
    fn change(
        self,
        bytes: &mut [u8],
        beside: &mut Beside,
        act: impl FnOnce(&mut Accumulator) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        if self == Cell::General {
            return beside.get_mut(self.place(bytes)).map_or(Ok(()), act);
        }
        if matches!(self, Cell::Kept(_) | Cell::Text { .. }) {
            // They take values one by one, and none can be taken out.
            return Ok(());
        }
        let mut accumulator = self.numbers(bytes);
        act(&mut accumulator)?;
        self.set_numbers(bytes, &accumulator);
        Ok(())
    }

    /// A cell of numbers as the accumulator that it is.
    fn numbers(self, bytes: &[u8]) -> Accumulator {
        match self {
            Cell::Double => Accumulator::Double(f64::from_le_bytes(get(bytes))),
            Cell::Decimal { scale, .. } => Accumulator::Decimal(self.decimal(bytes, scale)),
            Cell::WholeMean => Accumulator::WholeMean {
                sum: i64::from_le_bytes(get(bytes)),
                count: i64::from_le_bytes(get(&bytes[8..])),
            },
            Cell::Mean => Accumulator::Mean {
                sum: f64::from_le_bytes(get(bytes)),
                count: i64::from_le_bytes(get(&bytes[8..])),
            },
            _ => Accumulator::Whole(i64::from_le_bytes(get(bytes))),
        }
    }

    fn decimal(self, bytes: &[u8], scale: u32) -> Decimal {
        let unscaled = if self.width() == 8 {
            i128::from(i64::from_le_bytes(get(bytes)))
        } else {
            i128::from_le_bytes(get(bytes))
        };
        Decimal::new(unscaled, scale)
    }

    /// The kept value; None before any.
    fn kept<'a>(self, bytes: &'a [u8], beside: &'a Beside) -> Option<Value<'a>> {
        match (bytes.first()?, self) {
            (&NOTHING, _) => None,
            (&NULL, _) => Some(Value::Null),
            (&BESIDE, _) => match beside.get(self.place(bytes))? {
                Accumulator::Value(kept) => kept.get(),
                _ => None,
            },
            (_, Cell::Kept(scalar)) => Some(scalar.read(&bytes[1..])),
            (_, _) => text(bytes).map(Value::str),
        }
    }

    fn keep(self, bytes: &mut [u8], beside: &mut Beside, value: &Value<'_>) {
        match (self, value) {
            (Cell::Text { short }, Value::String(text)) if text.len() <= short => {
                self.end(bytes, beside);
                bytes[0] = IN_PLACE + text.len() as u8;
                let (place, text) = (&mut bytes[1..], text.as_bytes());
                match short {
                    16 => pad::<16>(place, text),
                    24 => pad::<24>(place, text),
                    _ => pad::<SHORT>(place, text),
                }
            }
            (_, Value::Null) => {
                self.clear(bytes, beside);
                bytes[0] = NULL;
            }
            (Cell::Kept(scalar), value) if scalar.takes(value) => {
                self.end(bytes, beside);
                bytes[0] = IN_PLACE;
                scalar.write(&mut bytes[1..], value);
            }
            _ => {
                if let (Cell::Text { .. }, Value::String(text)) = (self, value)
                    && text.len() <= SHORT
                {
                    beside.ask(text.len());
                }
                let mut kept = Kept::NOTHING;
                kept.set(value);
                self.clear(bytes, beside);
                bytes[0] = BESIDE;
                put(&mut bytes[1..], beside.put(Accumulator::Value(kept)).to_le_bytes());
            }
        }
    }

    fn clear(self, bytes: &mut [u8], beside: &mut Beside) {
        self.end(bytes, beside);
        bytes.fill(0);
    }
}

/// Puts a text and zeros behind it, at a width that is known when this is compiled.
fn pad<const N: usize>(place: &mut [u8], text: &[u8]) {
    let mut padded = [0; N];
    padded[..text.len()].copy_from_slice(text);
    put(place, padded);
}

/// A text that lies in place.
fn text(bytes: &[u8]) -> Option<&str> {
    let len = usize::from(bytes.first()?.checked_sub(IN_PLACE)?);
    std::str::from_utf8(bytes.get(1..1 + len)?).ok()
}

#[cfg(test)]
mod tests;
