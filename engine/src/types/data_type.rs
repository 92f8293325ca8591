//! ksqlDB's types, and how they combine.

use std::fmt;

use super::decimal::MAX_PRECISION;

/// A field of a STRUCT.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DataType {
    /// BOOLEAN
    Boolean,
    /// INT
    Integer,
    /// BIGINT
    Bigint,
    /// DOUBLE
    Double,
    /// DECIMAL(precision, scale)
    Decimal {
        /// Digits in all.
        precision: u32,
        /// Digits behind the point.
        scale: u32,
    },
    /// VARCHAR
    String,
    /// BYTES
    Bytes,
    /// DATE
    Date,
    /// TIME
    Time,
    /// TIMESTAMP
    Timestamp,
    /// `ARRAY<element>`
    Array(Box<DataType>),
    /// `MAP<key, value>`
    Map(Box<DataType>, Box<DataType>),
    /// `STRUCT<fields>`
    Struct(Vec<Field>),
}

impl DataType {
    /// DECIMAL(precision, scale), both brought within 38 digits.
    pub fn decimal(precision: u32, scale: u32) -> Self {
        Self::Decimal { precision: precision.min(MAX_PRECISION), scale: scale.min(MAX_PRECISION) }
    }

    /// INT, BIGINT, DECIMAL or DOUBLE.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Integer | Self::Bigint | Self::Double | Self::Decimal { .. })
    }

    /// DATE, TIME or TIMESTAMP.
    pub fn is_temporal(&self) -> bool {
        matches!(self, Self::Date | Self::Time | Self::Timestamp)
    }

    /// A number's type as a DECIMAL that holds every value of it: INT is (10, 0), BIGINT (19, 0).
    pub fn as_decimal(&self) -> Option<(u32, u32)> {
        match self {
            Self::Integer => Some((10, 0)),
            Self::Bigint => Some((19, 0)),
            Self::Decimal { precision, scale } => Some((*precision, *scale)),
            _ => None,
        }
    }

    /// Whether a value of this type can stand, unchanged in meaning, where `target` is wanted:
    /// INT to BIGINT to DECIMAL to DOUBLE, and a DECIMAL to a wider one.
    pub fn coerces_to(&self, target: &DataType) -> bool {
        if self == target {
            return true;
        }
        match (self, target) {
            (Self::Integer, Self::Bigint) => true,
            (Self::Integer | Self::Bigint | Self::Decimal { .. }, Self::Double) => true,
            (from, Self::Decimal { precision, scale }) => from
                .as_decimal()
                .is_some_and(|(p, s)| s <= *scale && p - s.min(p) <= precision - scale.min(precision)),
            (Self::Array(a), Self::Array(b)) => a.coerces_to(b),
            (Self::Map(ak, av), Self::Map(bk, bv)) => ak.coerces_to(bk) && av.coerces_to(bv),
            (Self::Struct(a), Self::Struct(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.name == b.name && a.data_type.coerces_to(&b.data_type))
            }
            _ => false,
        }
    }

    /// The smallest type that both coerce to.
    pub fn common(&self, other: &DataType) -> Option<DataType> {
        if self.coerces_to(other) {
            return Some(other.clone());
        }
        if other.coerces_to(self) {
            return Some(self.clone());
        }
        let ((p1, s1), (p2, s2)) = (self.as_decimal()?, other.as_decimal()?);
        let scale = s1.max(s2);
        Some(Self::decimal((p1 - s1).max(p2 - s2) + scale, scale))
    }
}

fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    write!(f, "`{name}`")
}

/// As ksqlDB's DESCRIBE shows it; also what fingerprints are made of, so it never changes.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Integer => f.write_str("INTEGER"),
            Self::Bigint => f.write_str("BIGINT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal { precision, scale } => write!(f, "DECIMAL({precision}, {scale})"),
            Self::String => f.write_str("STRING"),
            Self::Bytes => f.write_str("BYTES"),
            Self::Date => f.write_str("DATE"),
            Self::Time => f.write_str("TIME"),
            Self::Timestamp => f.write_str("TIMESTAMP"),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
            Self::Struct(fields) => {
                f.write_str("STRUCT<")?;
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write_name(f, &field.name)?;
                    write!(f, " {}", field.data_type)?;
                }
                f.write_str(">")
            }
        }
    }
}
