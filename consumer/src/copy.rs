//! PostgreSQL's binary COPY format, for the columns that the consumer writes.
//!
//! What enters: values, column by column. What leaves: the bytes of `COPY ... FROM STDIN (FORMAT binary)`:
//! a header, rows of length-prefixed fields, a trailer
//! (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format"; the fields as the types'
//! `recv` functions read them). What holds: every row has the number of fields it announces.

//!
//! [`send`] encodes while the server stores: it has the first rows before the last ones are encoded.

use rust_decimal::Decimal;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// How many bytes are encoded before they are handed to the server.
const CHUNK_BYTES: usize = 128 << 10;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;
const NULL: i32 = -1;

/// Rows being encoded.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    columns: i16,
}

impl Rows {
    /// No rows yet, of so many columns; `capacity` in bytes.
    pub(crate) fn new(columns: i16, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend_from_slice(SIGNATURE);
        bytes.extend_from_slice(&[0; 8]);
        Self { bytes, columns }
    }

    /// Begins a row; as many fields as there are columns must follow.
    pub(crate) fn row(&mut self) {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
    }

    fn field(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.bytes.extend_from_slice(bytes);
    }

    fn null(&mut self) {
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
    }

    fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.field(value.as_bytes());
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.field(value);
    }

    pub(crate) fn text_or_null(&mut self, value: Option<&str>) {
        self.optional(value, Self::text);
    }

    /// JSONB: a version byte, then the text.
    pub(crate) fn jsonb(&mut self, json: &str) {
        self.bytes.extend_from_slice(&(json.len() as i32 + 1).to_be_bytes());
        self.bytes.push(1);
        self.bytes.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn jsonb_or_null(&mut self, value: Option<&str>) {
        self.optional(value, Self::jsonb);
    }

    pub(crate) fn int4(&mut self, value: i32) {
        self.field(&value.to_be_bytes());
    }

    pub(crate) fn int8(&mut self, value: i64) {
        self.field(&value.to_be_bytes());
    }

    pub(crate) fn float8_or_null(&mut self, value: Option<f64>) {
        self.optional(value, |rows, value| rows.field(&value.to_be_bytes()));
    }

    pub(crate) fn bool_or_null(&mut self, value: Option<bool>) {
        self.optional(value, |rows, value| rows.field(&[u8::from(value)]));
    }

    pub(crate) fn uuid(&mut self, value: &Uuid) {
        self.field(value.as_bytes());
    }

    pub(crate) fn bytes_or_null(&mut self, value: Option<&[u8]>) {
        self.optional(value, Self::bytes);
    }

    pub(crate) fn numeric_or_null(&mut self, value: Option<Decimal>) {
        self.optional(value, Self::numeric);
    }

    pub(crate) fn timestamptz_or_null(&mut self, micros: Option<i64>) {
        self.optional(micros, Self::timestamptz);
    }

    /// `timestamptz` from microseconds since 1970-01-01 UTC.
    pub(crate) fn timestamptz(&mut self, micros: i64) {
        self.int8(micros - POSTGRES_EPOCH_MICROS);
    }

    /// `numeric`: groups of four decimal digits around the point, then as many as the scale needs.
    pub(crate) fn numeric(&mut self, value: Decimal) {
        let scale = value.scale();
        let padding = (4 - scale % 4) % 4;
        let mut rest = value.mantissa().unsigned_abs() * 10_u128.pow(padding);
        // 96 bits and three more digits are at most 32 digits: nine groups with the padding's.
        let mut groups = [0_u16; 10];
        let mut count = 0;
        while rest > 0 {
            groups[count] = (rest % 10_000) as u16;
            rest /= 10_000;
            count += 1;
        }
        let weight = count as i16 - scale.div_ceil(4) as i16 - 1;
        let sign: u16 = if value.is_sign_negative() { 0x4000 } else { 0 };
        self.bytes.extend_from_slice(&(8 + 2 * count as i32).to_be_bytes());
        self.bytes.extend_from_slice(&(count as i16).to_be_bytes());
        self.bytes.extend_from_slice(&weight.to_be_bytes());
        self.bytes.extend_from_slice(&sign.to_be_bytes());
        self.bytes.extend_from_slice(&(scale as u16).to_be_bytes());
        for group in groups[..count].iter().rev() {
            self.bytes.extend_from_slice(&group.to_be_bytes());
        }
    }

    /// What is encoded so far, which is no longer held here.
    fn drain(&mut self) -> Vec<u8> {
        std::mem::replace(&mut self.bytes, Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8))
    }

    /// All rows, ended.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        self.bytes
    }
}

/// A table's columns, to be copied into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyInto {
    /// `COPY ... FROM STDIN (FORMAT binary)`.
    pub(crate) statement: &'static str,
    /// How many columns it names.
    pub(crate) columns: i16,
}

/// Copies a row for each item, which `encode` writes.
pub(crate) async fn send<T>(
    connection: &mut PgConnection,
    into: CopyInto,
    items: impl Iterator<Item = T>,
    mut encode: impl FnMut(&mut Rows, T),
) -> sqlx::Result<()> {
    let mut copy = connection.copy_in_raw(into.statement).await?;
    let mut rows = Rows::new(into.columns, CHUNK_BYTES + CHUNK_BYTES / 8);
    for item in items {
        rows.row();
        encode(&mut rows, item);
        if rows.bytes.len() >= CHUNK_BYTES {
            copy.send(rows.drain()).await?;
        }
    }
    copy.send(rows.finish()).await?;
    copy.finish().await.map(drop)
}

/// Tells whether rows may go straight into their table.
///
/// Most rows are new, and then COPY into the table is the quickest way. It fails as a whole where one key is
/// there, so it stands in a savepoint; after such a failure the next batches take the longer way at once,
/// because what is sent again comes in runs.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    careful: u32,
}

/// How many batches after a key that was there take the longer way.
const CAREFUL_BATCHES: u32 = 20;

impl Direct {
    /// Copies rows that are thought to be new. False: nothing is copied, because a key may be there.
    pub(crate) async fn copy<T>(
        &mut self,
        tx: &mut PgConnection,
        into: CopyInto,
        items: impl Iterator<Item = T>,
        encode: impl FnMut(&mut Rows, T),
    ) -> sqlx::Result<bool> {
        if self.careful > 0 {
            self.careful -= 1;
            return Ok(false);
        }
        let mut savepoint = tx.begin().await?;
        match send(&mut savepoint, into, items, encode).await {
            Ok(()) => savepoint.commit().await.map(|()| true),
            Err(error) if error.as_database_error().is_some_and(|e| e.is_unique_violation()) => {
                savepoint.rollback().await?;
                self.met_a_key();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// A key was there: the next batches take the longer way.
    pub(crate) fn met_a_key(&mut self) {
        self.careful = CAREFUL_BATCHES;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn numeric(text: &str) -> Vec<i16> {
        let mut rows = Rows::new(1, 0);
        let start = rows.bytes.len() + 4;
        rows.numeric(text.parse().unwrap());
        rows.bytes[start..].chunks(2).map(|c| i16::from_be_bytes([c[0], c[1]])).collect()
    }

    /// Count, weight, sign, scale, groups: as `numeric_send` gives them.
    #[test]
    fn numbers_are_groups_of_four_digits() {
        assert_eq!(numeric("12345.678"), [3, 1, 0, 3, 1, 2345, 6780]);
        assert_eq!(numeric("0.01"), [1, -1, 0, 2, 100]);
        assert_eq!(numeric("10000"), [2, 1, 0, 0, 1, 0]);
        assert_eq!(numeric("-3.5"), [2, 0, 0x4000, 1, 3, 5000]);
        assert_eq!(numeric("0.00"), [0, -2, 0, 2]);
        assert_eq!(numeric("79228162514264337593543950335").len(), 4 + 8);
        assert_eq!(numeric("7.9228162514264337593543950335").len(), 4 + 8);
    }
}
