//! Columns of headers: `HEADERS` and `HEADER('name')`.
//!
//! What holds, as in ksqlDB: a source has all headers in one column, or single ones each in a column of its
//! own; their types are given; what has such columns is only read, never written to by INSERT INTO.

use crate::plan::Source;
use crate::sql::Diagnostic;
use crate::sql::ast::{ColumnDef, Ident};
use crate::types::{Column, DataType, Field, HeaderColumn, Schema};

/// The type of a column of all headers.
fn all_headers() -> DataType {
    let field = |name: &str, data_type| Field { name: name.into(), data_type };
    let fields = vec![field("KEY", DataType::String), field("VALUE", DataType::Bytes)];
    DataType::Array(Box::new(DataType::Struct(fields)))
}

/// Adds a declared column to the schema.
pub(super) fn add(
    schema: &mut Schema,
    column: &ColumnDef,
    header: Option<&str>,
    data_type: DataType,
) -> Result<(), Diagnostic> {
    let expected = if header.is_some() { DataType::Bytes } else { all_headers() };
    if data_type != expected {
        let what = header.map_or("a column of all headers".into(), |name| format!("the header '{name}'"));
        let message = format!("{what} is {}, not {data_type}", expected.to_string().replace('`', ""));
        return Err(Diagnostic::error("type_mismatch", column.data_type.span, message)
            .hint("FROM_BYTES(column, 'utf8') makes text of BYTES"));
    }
    let clash = schema.headers.iter().find(|other| match (&other.header, header) {
        (Some(other), Some(header)) => other == header,
        _ => true,
    });
    if let Some(other) = clash {
        let message = match header {
            Some(header) if other.header.is_some() => {
                format!("the header '{header}' has a column already, {}", other.column.name)
            }
            _ => "a HEADERS column holds all headers: no other column of headers stands beside it".into(),
        };
        return Err(Diagnostic::error("duplicate_column", column.span, message)
            .hint("declare one column HEADERS, or a column per header: name BYTES HEADER('name')"));
    }
    let header = header.map(str::to_owned);
    schema.headers.push(HeaderColumn { column: Column::new(&column.name.name, data_type), header });
    Ok(())
}

/// Refuses to write to a source with columns of headers.
pub(super) fn refuse_insert(source: &Source, target: &Ident) -> Result<(), Diagnostic> {
    let Some(first) = source.schema.headers.first() else { return Ok(()) };
    let message =
        format!("{} has a column of headers, {}: a query cannot write it", source.name, first.column.name);
    Err(Diagnostic::error("schema", target.span, message)
        .hint("declare another stream over the topic, without the column"))
}
