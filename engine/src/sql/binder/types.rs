//! Types as written to types.

use crate::sql::Diagnostic;
use crate::sql::ast::{TypeKind, TypeName};
use crate::sql::parser::TYPES;
use crate::types::{DataType, Field};

/// The words for types.
const NAMES: &[&str] = &[
    "BOOLEAN",
    "INT",
    "INTEGER",
    "BIGINT",
    "DOUBLE",
    "DECIMAL",
    "VARCHAR",
    "STRING",
    "BYTES",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "ARRAY",
    "MAP",
    "STRUCT",
];

/// Resolves a type.
pub(super) fn resolve(name: &TypeName) -> Result<DataType, Diagnostic> {
    Ok(match &name.kind {
        TypeKind::Named(word) => match word.to_ascii_uppercase().as_str() {
            "BOOLEAN" => DataType::Boolean,
            "INT" | "INTEGER" => DataType::Integer,
            "BIGINT" => DataType::Bigint,
            "DOUBLE" => DataType::Double,
            "VARCHAR" | "STRING" => DataType::String,
            "BYTES" => DataType::Bytes,
            "DATE" => DataType::Date,
            "TIME" => DataType::Time,
            "TIMESTAMP" => DataType::Timestamp,
            _ => {
                let error = Diagnostic::error("unknown_type", name.span, format!("there is no type {word}"))
                    .did_you_mean(word, NAMES.iter().copied());
                return Err(if error.hint.is_some() { error } else { error.hint(TYPES) });
            }
        },
        TypeKind::Decimal(precision, scale) => {
            if *precision == 0 || scale > precision {
                let message = format!(
                    "DECIMAL({precision}, {scale}): the precision is at least 1 and the scale at most the precision"
                );
                return Err(Diagnostic::error("unknown_type", name.span, message)
                    .hint("DECIMAL(18, 4) holds 18 digits, 4 of them after the point"));
            }
            if *precision > 38 {
                return Err(Diagnostic::error("unknown_type", name.span, "a DECIMAL has at most 38 digits")
                    .hint(format!("DECIMAL(38, {}) is the widest", scale.min(&38))));
            }
            DataType::decimal(*precision, *scale)
        }
        TypeKind::Array(element) => DataType::Array(Box::new(resolve(element)?)),
        TypeKind::Map(key, value) => DataType::Map(Box::new(resolve(key)?), Box::new(resolve(value)?)),
        TypeKind::Struct(fields) => {
            let fields = fields
                .iter()
                .map(|(name, t)| Ok(Field { name: name.name.clone(), data_type: resolve(t)? }))
                .collect::<Result<Vec<_>, Diagnostic>>()?;
            DataType::Struct(fields)
        }
    })
}
