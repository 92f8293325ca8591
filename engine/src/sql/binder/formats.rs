//! Whether the formats of key and value can carry the columns.
//!
//! Enters: a schema with its formats, and where each column is written. Leaves: nothing, or every column that
//! its format has no form for.

use crate::format::{Decoder, Format, FormatSpec};
use crate::sql::Diagnostic;
use crate::sql::ast::Span;
use crate::types::{Column, DataType, Schema};

/// A key that holds a map has no one form.
pub(super) fn contains_map(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(..) => true,
        DataType::Array(element) => contains_map(element),
        DataType::Struct(fields) => fields.iter().any(|f| contains_map(&f.data_type)),
        _ => false,
    }
}

/// A MAP in a key.
pub(super) fn map_key(code: &'static str, span: Span) -> Diagnostic {
    Diagnostic::error(code, span, "a key cannot hold a MAP: its bytes would not be unique")
        .hint("take one entry, map['name'], or a STRUCT, whose fields have an order")
}

/// The formats of a stream or table, and where what they carry is written.
pub(super) struct Formats<'f> {
    /// The key's.
    pub(super) key: FormatSpec,
    /// The value's.
    pub(super) value: FormatSpec,
    /// The stream's or table's name.
    pub(super) name: Span,
    /// The columns, key and value.
    pub(super) columns: &'f [Span],
}

impl Formats<'_> {
    /// Refuses columns that the formats cannot carry.
    pub(super) fn check(&self, schema: &Schema) -> Result<(), Diagnostic> {
        self.refuse_none(schema)?;
        let (keys, values) = self.columns.split_at(schema.key.len().min(self.columns.len()));
        Diagnostic::both(
            self.carries("KEY_FORMAT", self.key, &schema.key, keys),
            self.carries("VALUE_FORMAT", self.value, &schema.value, values),
        )
        .map(|_| ())
    }

    fn refuse_none(&self, schema: &Schema) -> Result<(), Diagnostic> {
        let refuse = |span, message: String| Diagnostic::error("format", span, message);
        if let (Format::None, Some(column)) = (self.key.format, schema.key.first()) {
            let span = self.columns.first().copied().unwrap_or(self.name);
            let message =
                format!("the key format NONE carries no columns, but {} is one of the key", column.name);
            return Err(refuse(span, message)
                .hint("leave KEY_FORMAT='NONE' out; PARTITION BY NULL makes a stream without a key"));
        }
        if self.value.format == Format::None {
            return Err(refuse(self.name, "the format NONE is for keys, a value needs another".into())
                .hint("VALUE_FORMAT is JSON, DELIMITED or KAFKA"));
        }
        Ok(())
    }

    fn carries(
        &self,
        property: &str,
        spec: FormatSpec,
        columns: &[Column],
        places: &[Span],
    ) -> Result<(), Diagnostic> {
        if columns.is_empty() {
            return Ok(());
        }
        let hint = match spec.format {
            Format::Json => "JSON's maps have VARCHAR keys".to_owned(),
            _ => format!("{property}='JSON' has one for every type"),
        };
        let check = |columns: &[Column], span| {
            let decoder = Decoder::new(&spec, columns, &vec![true; columns.len()]);
            decoder.map(|_| ()).map_err(|e| Diagnostic::error("format", span, e.0).hint(&hint))
        };
        let place = |at: usize| places.get(at).copied().unwrap_or(self.name);
        let each =
            columns.iter().enumerate().map(|(at, column)| check(std::slice::from_ref(column), place(at)));
        Diagnostic::all(each)?;
        check(columns, self.name)
    }
}
