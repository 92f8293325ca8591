//! The columns of a source or of a query's result.

use super::DataType;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in normal form.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

impl Column {
    /// A column of this name and type.
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self { name: name.into(), data_type }
    }
}

/// A column that is read from a record's headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderColumn {
    /// The column.
    pub column: Column,
    /// `HEADER('name')`: the last header of this name; None for `HEADERS`, all of them.
    pub header: Option<String>,
}

/// The columns of a record: those in the key, those in the value, then those of its headers. A row of this
/// schema is a slice of values in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schema {
    /// Columns of the key.
    pub key: Vec<Column>,
    /// Columns of the value.
    pub value: Vec<Column>,
    /// Columns of the headers; only of a source that a statement declares.
    pub headers: Vec<HeaderColumn>,
}

impl Schema {
    /// All columns in row order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().chain(&self.value).chain(self.headers.iter().map(|h| &h.column))
    }

    /// What `*` stands for, in its order: columns of the key, of the headers, of the value.
    pub fn star(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().chain(self.headers.iter().map(|h| &h.column)).chain(&self.value)
    }

    /// How many columns a row has.
    pub fn width(&self) -> usize {
        self.key.len() + self.value.len() + self.headers.len()
    }

    /// A column's place in the row, and itself.
    pub fn find(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns().enumerate().find(|(_, c)| c.name == name)
    }
}
