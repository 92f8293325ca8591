//! Functions that give another value at every call: UUID and RANDOM.
//!
//! Enters: what tells this call from every other, put in as arguments when the call is bound: the position of
//! the row's record, and the place of the call among those of its query. Leaves: a value that looks random,
//! and is the same whenever that record is read again.

use sha2::{Digest as _, Sha256};

use super::{Bound, Call, Function, Param, fixed};
use crate::types::{DataType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "UUID",
        aliases: &[],
        overloads: &[fixed(&[], uuid), fixed(&[Param::Bytes], uuid_of_bytes)],
        summary: "A UUID of its own for each row, of the form of version 4; the same one when the record is read \
                  again. Of 16 bytes the UUID that they are.",
        examples: &[
            ("LEN(UUID())", "36"),
            (
                "UUID(TO_BYTES('00112233445566778899aabbccddeeff', 'hex'))",
                "'00112233-4455-6677-8899-aabbccddeeff'",
            ),
            ("UUID(TO_BYTES('0011', 'hex'))", "NULL"),
        ],
    },
    Function {
        name: "RANDOM",
        aliases: &[],
        overloads: &[fixed(&[], random)],
        summary: "A DOUBLE of its own for each row, from 0 up to but not including 1, evenly spread; the same one \
                  when the record is read again.",
        examples: &[("FLOOR(RANDOM())", "0.0E0")],
    },
];

fn uuid(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::String, |args| {
        let id = uuid::Builder::from_random_bytes(bits(args).to_be_bytes()).into_uuid();
        Ok(Value::string(id.to_string()))
    })
}

fn uuid_of_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let bytes = match args.first() {
            Some(Value::Bytes(bytes)) => uuid::Uuid::from_slice(bytes).ok(),
            _ => None,
        };
        Ok(bytes.map_or(Value::Null, |id| Value::string(id.to_string())))
    })
}

fn random(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Double, |args| {
        // As many bits as a DOUBLE's mantissa holds.
        let mantissa = (bits(args) >> (128 - f64::MANTISSA_DIGITS)) as u64;
        Ok(Value::Double(mantissa as f64 / (1_u64 << f64::MANTISSA_DIGITS) as f64))
    })
}

/// 128 bits of a hash of the values. Never changes: ids that were written must come again on a replay.
fn bits(values: &[Value<'_>]) -> u128 {
    let mut hash = Sha256::new();
    values.iter().for_each(|value| feed(&mut hash, value));
    let digest: [u8; 32] = hash.finalize().into();
    digest[..16].iter().fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

/// A value's kind and bytes, so that no two lists of values are fed alike.
fn feed(hash: &mut Sha256, value: &Value<'_>) {
    let mut part = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        Value::Null => part(0, &[]),
        Value::Boolean(v) => part(1, &[u8::from(*v)]),
        Value::Double(v) => part(3, &v.to_bits().to_be_bytes()),
        Value::Decimal(v) => part(4, v.to_string().as_bytes()),
        Value::String(v) => part(5, v.as_bytes()),
        Value::Bytes(v) => part(6, v),
        Value::Array(items) | Value::Struct(items) => {
            part(7, &(items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| feed(hash, item));
        }
        Value::Map(entries) => {
            part(8, &(entries.len() as u64).to_be_bytes());
            entries.iter().for_each(|(key, value)| {
                feed(hash, key);
                feed(hash, value);
            });
        }
        Value::Integer(v) | Value::Date(v) | Value::Time(v) => part(2, &i64::from(*v).to_be_bytes()),
        Value::Bigint(v) | Value::Timestamp(v) => part(2, &v.to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written ids come again on a replay: expected values computed apart, by `hashlib.sha256` over the layout
    /// of [`feed`].
    #[test]
    fn bits_are_the_same_for_ever() {
        assert_eq!(bits(&[]), 0xe3b0_c442_98fc_1c14_9afb_f4c8_996f_b924);
        let position = [Value::Integer(2), Value::Bigint(41), Value::str("S 0")];
        assert_eq!(bits(&position), 0x37b7_710c_2b9f_c725_b317_d33a_16d2_4602);
    }

    #[test]
    fn lists_of_values_are_told_apart() {
        let one = [Value::str("ab"), Value::str("c")];
        let other = [Value::str("a"), Value::str("bc")];
        assert_ne!(bits(&one), bits(&other));
        assert_ne!(bits(&[Value::Null]), bits(&[]));
    }
}
