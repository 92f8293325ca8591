//! Rows in PostgreSQL's binary format.
//!
//! What enters: values, column by column. What leaves: the bytes of `COPY ... FROM STDIN (FORMAT binary)`:
//! a header, rows of length-prefixed fields, a trailer
//! (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format"; the fields as the types'
//! `recv` functions read them); or the same fields column by column, which is what a binary array holds. What
//! holds: every row has the number of fields it announces.

use rust_decimal::Decimal;
use uuid::Uuid;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Microseconds from 1970-01-01 to 2000-01-01, PostgreSQL's epoch.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;
const NULL: i32 = -1;
/// What stands before the first row: the signature, flags and the length of an extension.
const HEADER_BYTES: usize = SIGNATURE.len() + 8;
/// What stands before a row's fields: how many they are.
const COUNT_BYTES: usize = 2;
/// What stands before a field: its length.
const LENGTH_BYTES: usize = 4;

/// How many bytes the field at the beginning takes, its length included.
fn field_bytes(bytes: &[u8]) -> usize {
    let length = bytes.first_chunk().map_or(NULL, |length: &[u8; LENGTH_BYTES]| i32::from_be_bytes(*length));
    LENGTH_BYTES + usize::try_from(length).unwrap_or(0)
}

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

    /// How many bytes are held here.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What is encoded so far, which is no longer held here; room for `capacity` bytes is made.
    pub(super) fn drain(&mut self, capacity: usize) -> Vec<u8> {
        std::mem::replace(&mut self.bytes, Vec::with_capacity(capacity))
    }

    /// The fields of each column, each after its length, and how many rows there are. Of rows that nothing was
    /// drained from.
    pub(super) fn into_columns(self) -> (i32, Vec<Vec<u8>>) {
        let mut columns = vec![Vec::new(); self.columns as usize];
        let (mut count, mut rest) = (0, self.bytes.get(HEADER_BYTES..).unwrap_or_default());
        while let Some((_, fields)) = rest.split_at_checked(COUNT_BYTES) {
            rest = fields;
            for column in &mut columns {
                let (field, after) = rest.split_at(field_bytes(rest));
                column.extend_from_slice(field);
                rest = after;
            }
            count += 1;
        }
        (count, columns)
    }

    /// All rows, ended.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        self.bytes
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

    #[test]
    fn fields_are_turned_from_rows_to_columns() {
        let mut rows = Rows::new(3, 0);
        for number in [7, 8] {
            rows.row();
            rows.int4(number);
            rows.text_or_null(None);
            rows.text("ab");
        }
        let (count, columns) = rows.into_columns();
        assert_eq!(count, 2);
        assert_eq!(columns[0], [0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 8]);
        assert_eq!(columns[1], [255; 8]);
        assert_eq!(columns[2], [0, 0, 0, 2, b'a', b'b', 0, 0, 0, 2, b'a', b'b']);
        assert_eq!(Rows::new(1, 0).into_columns(), (0, vec![Vec::new()]));
    }
}
