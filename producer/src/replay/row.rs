//! A row as a transaction, or why it is none.

use csv::ByteRecord;
use events::{Transaction, parse_amount, parse_timestamp};

use super::columns::{Columns, truth};

/// A row that is a transaction.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) transaction: Transaction,
    pub(super) is_fraud: Option<bool>,
}

impl Row {
    /// Reads a row; the error names the column's field and the text that is wrong.
    pub(super) fn read(columns: &Columns, record: &ByteRecord) -> Result<Self, String> {
        if record.len() != columns.names.len() {
            return Err(format!("has {} columns where the header has {}", record.len(), columns.names.len()));
        }
        let [id, account, amount, timestamp] = columns.required;
        let amount = parse_amount(cell(columns, record, amount)?).map_err(|e| format!("amount: {e}"))?;
        let time =
            parse_timestamp(cell(columns, record, timestamp)?).map_err(|e| format!("timestamp: {e}"))?;
        let (id, account) =
            (cell(columns, record, id)?.to_owned(), cell(columns, record, account)?.to_owned());
        let mut transaction = Transaction::new(id, account, amount, time);
        for (field, at, set) in &columns.optional {
            let text = cell(columns, record, *at)?;
            if !text.is_empty() {
                set(&mut transaction, text).map_err(|e| format!("{field}: {e}"))?;
            }
        }
        for (field, at) in &columns.extra {
            let json = serde_json::Value::from(cell(columns, record, *at)?).to_string();
            transaction.extra.insert(field, &json).map_err(|e| e.to_string())?;
        }
        transaction.check().map_err(|e| e.to_string())?;
        let is_fraud = match columns.label.map(|at| cell(columns, record, at)).transpose()? {
            None | Some("") => None,
            Some(text) => Some(truth(text).map_err(|e| format!("is_fraud: {e}"))?),
        };
        Ok(Self { transaction, is_fraud })
    }
}

fn cell<'r>(columns: &Columns, record: &'r ByteRecord, at: usize) -> Result<&'r str, String> {
    let bytes = record.get(at).unwrap_or_default();
    std::str::from_utf8(bytes).map(str::trim).map_err(|_| format!("{} is not UTF-8", columns.name(at)))
}

/// A bad row as it goes to the dead-letter topic: a JSON object of its cells by column.
pub(super) fn dead_letter(columns: &Columns, record: &ByteRecord) -> String {
    let cell =
        |(at, bytes): (usize, &[u8])| (columns.name(at), String::from_utf8_lossy(bytes).into_owned().into());
    let cells: serde_json::Map<String, serde_json::Value> = record.iter().enumerate().map(cell).collect();
    serde_json::Value::from(cells).to_string()
}
