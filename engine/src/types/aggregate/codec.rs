//! The bytes of values and accumulators in stores and changelogs.
//!
//! What holds: what is read back equals what was written; equal values have equal bytes, so they can be
//! compared and counted as bytes. Numbers are little-endian; lengths are u32. The form is part of the
//! changelog's format: a change of it needs a new format version in `state`.

use std::sync::Arc;

use super::moments::Moments;
use super::{Accumulator, Kept};
use crate::types::{Decimal, Value};

/// Appends a value: a tag, then its parts.
pub fn write_value(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.push(0),
        Value::Boolean(v) => out.extend([1, u8::from(*v)]),
        Value::Integer(v) => tagged(out, 2, &v.to_le_bytes()),
        Value::Bigint(v) => tagged(out, 3, &v.to_le_bytes()),
        Value::Double(v) => tagged(out, 4, &v.to_bits().to_le_bytes()),
        Value::Decimal(v) => {
            let mut bytes = [0; 20];
            bytes[..16].copy_from_slice(&v.unscaled().to_le_bytes());
            bytes[16..].copy_from_slice(&v.scale().to_le_bytes());
            tagged(out, 5, &bytes);
        }
        Value::String(v) => write_text(out, v.as_bytes()),
        Value::Bytes(v) => {
            out.push(7);
            write_bytes(out, v);
        }
        Value::Date(v) => tagged(out, 8, &v.to_le_bytes()),
        Value::Time(v) => tagged(out, 9, &v.to_le_bytes()),
        Value::Timestamp(v) => tagged(out, 10, &v.to_le_bytes()),
        Value::Array(v) => write_list(out, 11, v),
        Value::Struct(v) => write_list(out, 12, v),
        Value::Map(v) => write_pairs(out, 13, v),
    }
}

/// Appends the value that this text is.
pub(super) fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(6);
    write_bytes(out, text);
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn write_list(out: &mut Vec<u8>, tag: u8, values: &[Value<'_>]) {
    tagged(out, tag, &(values.len() as u32).to_le_bytes());
    values.iter().for_each(|v| write_value(out, v));
}

fn write_pairs(out: &mut Vec<u8>, tag: u8, pairs: &[(Value<'_>, Value<'_>)]) {
    tagged(out, tag, &(pairs.len() as u32).to_le_bytes());
    for (key, value) in pairs {
        write_value(out, key);
        write_value(out, value);
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_len(rest: &mut &[u8]) -> Option<usize> {
    // Every element takes at least a byte, so a length past the rest is damage, not a reason to allocate.
    let len = u32::from_le_bytes(take(rest)?) as usize;
    (len <= rest.len()).then_some(len)
}

fn take_bytes<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let len = take_len(rest)?;
    let (head, tail) = rest.split_at_checked(len)?;
    *rest = tail;
    Some(head)
}

fn take_list(rest: &mut &[u8]) -> Option<Arc<Vec<Value<'static>>>> {
    let len = take_len(rest)?;
    (0..len).map(|_| read_value(rest)).collect::<Option<Vec<_>>>().map(Arc::new)
}

fn take_pairs(rest: &mut &[u8]) -> Option<Arc<Vec<(Value<'static>, Value<'static>)>>> {
    let len = take_len(rest)?;
    let pairs = (0..len).map(|_| Some((read_value(rest)?, read_value(rest)?)));
    pairs.collect::<Option<Vec<_>>>().map(Arc::new)
}

/// Reads a value off the front; None where the bytes are damaged.
pub fn read_value(rest: &mut &[u8]) -> Option<Value<'static>> {
    let [tag] = take::<1>(rest)?;
    Some(match tag {
        0 => Value::Null,
        1 => Value::Boolean(take::<1>(rest)? != [0]),
        2 => Value::Integer(i32::from_le_bytes(take(rest)?)),
        3 => Value::Bigint(i64::from_le_bytes(take(rest)?)),
        4 => Value::Double(f64::from_bits(u64::from_le_bytes(take(rest)?))),
        5 => Value::Decimal(Decimal::new(i128::from_le_bytes(take(rest)?), u32::from_le_bytes(take(rest)?))),
        6 => Value::string(std::str::from_utf8(take_bytes(rest)?).ok()?),
        7 => Value::Bytes(take_bytes(rest)?.to_vec().into()),
        8 => Value::Date(i32::from_le_bytes(take(rest)?)),
        9 => Value::Time(i32::from_le_bytes(take(rest)?)),
        10 => Value::Timestamp(i64::from_le_bytes(take(rest)?)),
        11 => Value::Array(take_list(rest)?),
        12 => Value::Struct(take_list(rest)?),
        13 => Value::Map(take_pairs(rest)?),
        _ => return None,
    })
}

impl Accumulator {
    /// Appends the accumulator: a tag, then its parts.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Accumulator::Whole(v) => tagged(out, 0, &v.to_le_bytes()),
            Accumulator::Double(v) => tagged(out, 1, &v.to_bits().to_le_bytes()),
            Accumulator::Decimal(v) => {
                out.push(2);
                write_value(out, &Value::Decimal(*v));
            }
            Accumulator::WholeMean { sum, count } => {
                tagged(out, 3, &sum.to_le_bytes());
                out.extend(count.to_le_bytes());
            }
            Accumulator::Mean { sum, count } => {
                tagged(out, 4, &sum.to_bits().to_le_bytes());
                out.extend(count.to_le_bytes());
            }
            Accumulator::Value(kept) => {
                out.push(5);
                kept.write(out);
            }
            Accumulator::Distinct(values) => {
                tagged(out, 6, &(values.len() as u32).to_le_bytes());
                values.iter().for_each(|v| write_bytes(out, v));
            }
            Accumulator::List(list) => write_list(out, 7, list),
            Accumulator::Counts(counts) => write_pairs(out, 8, counts),
            Accumulator::Moments(moments) => {
                out.push(9);
                moments.numbers().iter().for_each(|n| out.extend(n.to_bits().to_le_bytes()));
            }
        }
    }

    /// Reads an accumulator off the front; None where the bytes are damaged.
    pub fn read(rest: &mut &[u8]) -> Option<Self> {
        let [tag] = take::<1>(rest)?;
        Some(match tag {
            0 => Accumulator::Whole(i64::from_le_bytes(take(rest)?)),
            1 => Accumulator::Double(f64::from_bits(u64::from_le_bytes(take(rest)?))),
            2 => match read_value(rest)? {
                Value::Decimal(v) => Accumulator::Decimal(v),
                _ => return None,
            },
            3 => Accumulator::WholeMean {
                sum: i64::from_le_bytes(take(rest)?),
                count: i64::from_le_bytes(take(rest)?),
            },
            4 => Accumulator::Mean {
                sum: f64::from_bits(u64::from_le_bytes(take(rest)?)),
                count: i64::from_le_bytes(take(rest)?),
            },
            5 => {
                let (seen, value) = (take::<1>(rest)? != [0], read_value(rest)?);
                let mut kept = Kept::NOTHING;
                if seen {
                    kept.set(&value);
                }
                Accumulator::Value(kept)
            }
            6 => {
                let len = take_len(rest)?;
                let values = (0..len).map(|_| take_bytes(rest).map(Into::into));
                Accumulator::Distinct(values.collect::<Option<_>>()?)
            }
            7 => Accumulator::List(take_list(rest)?),
            8 => Accumulator::Counts(take_pairs(rest)?),
            9 => {
                let mut numbers = [0.0; 6];
                for number in &mut numbers {
                    *number = f64::from_bits(u64::from_le_bytes(take(rest)?));
                }
                Accumulator::Moments(Box::new(Moments::of(numbers)))
            }
            _ => return None,
        })
    }
}
