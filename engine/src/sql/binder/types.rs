//! Types as written to types; CREATE TYPE and DROP TYPE.
//!
//! What holds: a type of one's own stands for what it was when the statement was bound, so dropping it changes
//! nothing that is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Binder;
use super::env::Env;
use crate::sql::Diagnostic;
use crate::sql::ast::{Ident, TypeKind, TypeName};
use crate::sql::parser::{MAX_DEPTH, TYPES};
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

/// How many types one of one's own may be made of: each use of it stands for all of them.
const MAX_PARTS: usize = 10_000;

/// A type that is one word.
fn plain(word: &str) -> Option<DataType> {
    Some(match word {
        "BOOLEAN" => DataType::Boolean,
        "INT" | "INTEGER" => DataType::Integer,
        "BIGINT" => DataType::Bigint,
        "DOUBLE" => DataType::Double,
        "VARCHAR" | "STRING" => DataType::String,
        "BYTES" => DataType::Bytes,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "TIMESTAMP" => DataType::Timestamp,
        _ => return None,
    })
}

/// Resolves a type.
pub(super) fn resolve(env: &Env, name: &TypeName) -> Result<DataType, Diagnostic> {
    Ok(match &name.kind {
        TypeKind::Named(word) => {
            let upper = word.to_ascii_uppercase();
            match plain(&upper).or_else(|| env.types.get(&upper).cloned()) {
                Some(found) => found,
                None => {
                    let known = NAMES.iter().copied().chain(env.types.keys().map(String::as_str));
                    let message = format!("there is no type {word}");
                    return Err(Diagnostic::error("unknown_type", name.span, message)
                        .did_you_mean(&upper, known)
                        .or_hint(format!("{TYPES}; CREATE TYPE makes one of your own")));
                }
            }
        }
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
        TypeKind::Array(element) => DataType::Array(Box::new(resolve(env, element)?)),
        TypeKind::Map(key, value) => {
            DataType::Map(Box::new(resolve(env, key)?), Box::new(resolve(env, value)?))
        }
        TypeKind::Struct(fields) => DataType::Struct(resolve_fields(env, fields)?),
    })
}

fn resolve_fields(env: &Env, written: &[(Ident, TypeName)]) -> Result<Vec<Field>, Diagnostic> {
    let mut first: BTreeMap<&str, &Ident> = BTreeMap::new();
    let mut fields = Vec::with_capacity(written.len());
    for (name, data_type) in written {
        if let Some(first) = first.insert(&name.name, name) {
            let message = format!("the STRUCT has the field {} twice", name.name);
            return Err(
                Diagnostic::error("duplicate_column", name.span, message).note(first.span, "first here")
            );
        }
        fields.push(Field { name: name.name.clone(), data_type: resolve(env, data_type)? });
    }
    Ok(fields)
}

impl Binder {
    /// `CREATE TYPE [IF NOT EXISTS] name AS type`
    pub(super) fn create_type(
        &mut self,
        name: &Ident,
        data_type: &TypeName,
        if_not_exists: bool,
    ) -> Result<(), Diagnostic> {
        let upper = name.name.to_ascii_uppercase();
        if NAMES.contains(&upper.as_str()) {
            let message = format!("{upper} is a type of SQL, which stays what it is");
            return Err(Diagnostic::error("duplicate_type", name.span, message).hint("choose another name"));
        }
        if let Some(existing) = self.env.types.get(&upper) {
            if if_not_exists {
                return Ok(());
            }
            let message = format!("the type {upper} is already there");
            return Err(Diagnostic::error("duplicate_type", name.span, message)
                .label(format!("it is {existing}"))
                .hint("DROP TYPE comes first, or IF NOT EXISTS keeps the one that is there"));
        }
        let resolved = resolve(&self.env, data_type)?;
        if parts(&resolved) > MAX_PARTS || depth(&resolved) > MAX_DEPTH {
            let message = format!("the type {upper} is made of too many others");
            return Err(Diagnostic::error("type_too_large", data_type.span, message)
                .label(format!("at most {MAX_PARTS}, nested {MAX_DEPTH} deep")));
        }
        Arc::make_mut(&mut self.env).types.insert(upper, resolved);
        Ok(())
    }

    /// `DROP TYPE [IF EXISTS] name`
    pub(super) fn drop_type(&mut self, name: &Ident, if_exists: bool) -> Result<(), Diagnostic> {
        let upper = name.name.to_ascii_uppercase();
        if self.env.types.contains_key(&upper) {
            Arc::make_mut(&mut self.env).types.remove(&upper);
            return Ok(());
        }
        if if_exists {
            return Ok(());
        }
        let message = format!("there is no type {upper} of your own");
        Err(Diagnostic::error("unknown_type", name.span, message)
            .did_you_mean(&upper, self.env.types.keys().map(String::as_str))
            .or_hint("DROP TYPE IF EXISTS takes one that is not there"))
    }
}

/// How many types a type is made of, itself included.
fn parts(data_type: &DataType) -> usize {
    1 + match data_type {
        DataType::Array(element) => parts(element),
        DataType::Map(key, value) => parts(key) + parts(value),
        DataType::Struct(fields) => fields.iter().map(|f| parts(&f.data_type)).sum(),
        _ => 0,
    }
}

fn depth(data_type: &DataType) -> usize {
    1 + match data_type {
        DataType::Array(element) => depth(element),
        DataType::Map(key, value) => depth(key).max(depth(value)),
        DataType::Struct(fields) => fields.iter().map(|f| depth(&f.data_type)).max().unwrap_or(0),
        _ => 0,
    }
}
