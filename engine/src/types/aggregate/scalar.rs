//! Values of one width, as MIN, MAX, LATEST and EARLIEST keep them in a cell.

use crate::types::{DataType, Decimal, Value};

/// The most digits that fit 8 bytes.
pub(super) const NARROW: u32 = 18;

/// A type whose values have one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// BOOLEAN
    Boolean,
    /// INT
    Integer,
    /// BIGINT
    Bigint,
    /// DOUBLE
    Double,
    /// DECIMAL of at most 18 digits.
    Narrow {
        /// Digits behind the point.
        scale: u32,
    },
    /// DECIMAL of more.
    Wide {
        /// Digits behind the point.
        scale: u32,
    },
    /// DATE
    Date,
    /// TIME
    Time,
    /// TIMESTAMP
    Timestamp,
}

impl Scalar {
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Scalar::Boolean,
            DataType::Integer => Scalar::Integer,
            DataType::Bigint => Scalar::Bigint,
            DataType::Double => Scalar::Double,
            DataType::Decimal { precision, scale } if *precision <= NARROW => {
                Scalar::Narrow { scale: *scale }
            }
            DataType::Decimal { scale, .. } => Scalar::Wide { scale: *scale },
            DataType::Date => Scalar::Date,
            DataType::Time => Scalar::Time,
            DataType::Timestamp => Scalar::Timestamp,
            _ => return None,
        })
    }

    /// Never less than the place of what lies beside takes.
    pub(super) fn width(self) -> usize {
        match self {
            Scalar::Boolean | Scalar::Integer | Scalar::Date | Scalar::Time => 4,
            Scalar::Bigint | Scalar::Double | Scalar::Narrow { .. } | Scalar::Timestamp => 8,
            Scalar::Wide { .. } => 16,
        }
    }

    /// Whether the value fits in place: one of its own type does, as far as it has the type's digits.
    pub(super) fn takes(self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Scalar::Narrow { scale }, Value::Decimal(v)) => {
                v.scale() == scale && i64::try_from(v.unscaled()).is_ok()
            }
            (Scalar::Wide { scale }, Value::Decimal(v)) => v.scale() == scale,
            (Scalar::Boolean, Value::Boolean(_))
            | (Scalar::Integer, Value::Integer(_))
            | (Scalar::Bigint, Value::Bigint(_))
            | (Scalar::Double, Value::Double(_))
            | (Scalar::Date, Value::Date(_))
            | (Scalar::Time, Value::Time(_))
            | (Scalar::Timestamp, Value::Timestamp(_)) => true,
            _ => false,
        }
    }

    pub(super) fn write(self, bytes: &mut [u8], value: &Value<'_>) {
        match value {
            Value::Boolean(v) => put(bytes, i32::from(*v).to_le_bytes()),
            Value::Integer(v) | Value::Date(v) | Value::Time(v) => put(bytes, v.to_le_bytes()),
            Value::Bigint(v) | Value::Timestamp(v) => put(bytes, v.to_le_bytes()),
            Value::Double(v) => put(bytes, v.to_le_bytes()),
            Value::Decimal(v) if self.width() == 8 => put(bytes, (v.unscaled() as i64).to_le_bytes()),
            Value::Decimal(v) => put(bytes, v.unscaled().to_le_bytes()),
            _ => {}
        }
    }

    pub(super) fn read(self, bytes: &[u8]) -> Value<'static> {
        match self {
            Scalar::Boolean => Value::Boolean(i32::from_le_bytes(get(bytes)) != 0),
            Scalar::Integer => Value::Integer(i32::from_le_bytes(get(bytes))),
            Scalar::Bigint => Value::Bigint(i64::from_le_bytes(get(bytes))),
            Scalar::Double => Value::Double(f64::from_le_bytes(get(bytes))),
            Scalar::Narrow { scale } => {
                Value::Decimal(Decimal::new(i128::from(i64::from_le_bytes(get(bytes))), scale))
            }
            Scalar::Wide { scale } => Value::Decimal(Decimal::new(i128::from_le_bytes(get(bytes)), scale)),
            Scalar::Date => Value::Date(i32::from_le_bytes(get(bytes))),
            Scalar::Time => Value::Time(i32::from_le_bytes(get(bytes))),
            Scalar::Timestamp => Value::Timestamp(i64::from_le_bytes(get(bytes))),
        }
    }
}

/// The first bytes; zeros where there are fewer, which a cell's width rules out.
pub(super) fn get<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

pub(super) fn put<const N: usize>(bytes: &mut [u8], value: [u8; N]) {
    if let Some(mine) = bytes.first_chunk_mut() {
        *mine = value;
    }
}
