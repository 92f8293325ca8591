//! Columns as parameters of a statement: arrays in PostgreSQL's binary format.
//!
//! What enters: the fields of a column, as rows have them. What leaves: a parameter of the array type of the
//! column's [`Kind`]. What holds: fields are taken over as they are, because an array's elements and COPY's
//! fields are what the same `recv` function reads, each after its length (`array_recv`).

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::types::Json;
use sqlx::{Encode, Postgres, Type};
use uuid::Uuid;

/// The types of columns that the consumer writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Bytes,
    Int4,
    Int8,
    Float8,
    Bool,
    Numeric,
    Uuid,
    Timestamptz,
    Jsonb,
    /// The schema's enum; its array travels as one of texts, because its number differs from database to database.
    Severity,
}

impl Kind {
    /// The type of an array's elements, as SQL names it.
    pub(super) fn element(self) -> &'static str {
        match self {
            Self::Text | Self::Severity => "text",
            Self::Bytes => "bytea",
            Self::Int4 => "int",
            Self::Int8 => "bigint",
            Self::Float8 => "float8",
            Self::Bool => "bool",
            Self::Numeric => "numeric",
            Self::Uuid => "uuid",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
        }
    }

    /// What makes the column's value of an element.
    pub(super) fn cast(self) -> &'static str {
        match self {
            Self::Severity => "::severity",
            _ => "",
        }
    }

    /// The array's type and its elements'.
    fn types(self) -> (PgTypeInfo, Option<Oid>) {
        match self {
            Self::Text | Self::Severity => types::<String>(),
            Self::Bytes => types::<Vec<u8>>(),
            Self::Int4 => types::<i32>(),
            Self::Int8 => types::<i64>(),
            Self::Float8 => types::<f64>(),
            Self::Bool => types::<bool>(),
            Self::Numeric => types::<Decimal>(),
            Self::Uuid => types::<Uuid>(),
            Self::Timestamptz => types::<DateTime<Utc>>(),
            Self::Jsonb => types::<Json<()>>(),
        }
    }
}

fn types<T: Type<Postgres> + PgHasArrayType>() -> (PgTypeInfo, Option<Oid>) {
    (T::array_type_info(), T::type_info().oid())
}

/// A column's fields, to be bound.
pub(super) struct Array {
    pub(super) kind: Kind,
    pub(super) count: i32,
    /// Each after its length.
    pub(super) fields: Vec<u8>,
}

impl Type<Postgres> for Array {
    /// Of texts; what it is of another kind, [`Encode::produces`] says.
    fn type_info() -> PgTypeInfo {
        Kind::Text.types().0
    }
}

impl Encode<'_, Postgres> for Array {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let element = self.kind.types().1.ok_or("a type without a number")?;
        // One dimension, whose lower bound is 1; the second field says whether there are NULLs, and is not used.
        let head = [1, 0, element.0 as i32, self.count, 1];
        for number in head {
            buffer.extend_from_slice(&number.to_be_bytes());
        }
        buffer.extend_from_slice(&self.fields);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.kind.types().0)
    }

    fn size_hint(&self) -> usize {
        self.fields.len() + 20
    }
}
