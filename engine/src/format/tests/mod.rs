#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
mod delimited;
mod json;
mod keys;
mod properties;
mod records;
mod speed;

use super::*;

pub(super) const JSON: FormatSpec = FormatSpec { format: Format::Json, wrapped: true };
pub(super) const BARE: FormatSpec = FormatSpec { format: Format::Json, wrapped: false };
pub(super) const KAFKA: FormatSpec = FormatSpec { format: Format::Kafka, wrapped: false };
pub(super) const CSV: FormatSpec = FormatSpec { format: Format::Delimited { delimiter: ',' }, wrapped: true };

pub(super) fn columns(columns: &[(&str, DataType)]) -> Vec<Column> {
    columns.iter().map(|(name, data_type)| Column::new(*name, data_type.clone())).collect()
}

pub(super) fn list(element: DataType) -> DataType {
    DataType::Array(Box::new(element))
}

pub(super) fn map(value: DataType) -> DataType {
    DataType::Map(Box::new(DataType::String), Box::new(value))
}

pub(super) fn structure(fields: &[(&str, DataType)]) -> DataType {
    let field = |(name, data_type): &(&str, DataType)| crate::types::Field {
        name: (*name).to_owned(),
        data_type: data_type.clone(),
    };
    DataType::Struct(fields.iter().map(field).collect())
}

/// The row that the bytes hold.
pub(super) fn decode<'a>(
    spec: &FormatSpec,
    columns: &[Column],
    bytes: &'a [u8],
) -> Result<(Presence, Vec<Value<'a>>), DecodeError> {
    let decoder = Decoder::new(spec, columns, &vec![true; columns.len()]).unwrap();
    let mut row = vec![Value::Null; columns.len()];
    let presence = decoder.decode(bytes, &mut row)?;
    Ok((presence, row))
}

/// The one value that the bytes hold for a column of this type, or what is wrong.
pub(super) fn read(data_type: &DataType, json: &str) -> Result<Value<'static>, String> {
    let columns = [Column::new("V", data_type.clone())];
    let record = format!("{{\"V\":{json}}}");
    let row = decode(&JSON, &columns, record.as_bytes()).map_err(|e| e.to_string())?.1;
    Ok(row[0].clone().into_owned())
}

pub(super) fn encode(spec: &FormatSpec, columns: &[Column], row: &[Value<'_>]) -> Option<String> {
    let mut out = b">".to_vec();
    let presence = Encoder::new(spec, columns).unwrap().encode(row, &mut out).unwrap();
    (presence == Presence::Value).then(|| String::from_utf8(out[1..].to_vec()).unwrap())
}
