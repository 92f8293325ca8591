//! Numbers as Java writes them: what ksqlDB puts into JSON, DELIMITED and VARCHAR.
//!
//! What holds: a number's text reads back as the same number; writing appends to a buffer of the caller's and
//! allocates nothing else.

use super::Decimal;

/// Appends a whole number.
pub fn write_i64(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    write_digits(u128::from(value.unsigned_abs()), 1, out);
}

/// Appends the digits of a number, with leading zeros up to `width`.
fn write_digits(mut value: u128, width: usize, out: &mut Vec<u8>) {
    let mut buffer = [b'0'; 80];
    let mut start = buffer.len();
    // Most numbers fit 64 bits, where division is cheap.
    while value > u128::from(u64::MAX) {
        start -= 1;
        buffer[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let mut value = value as u64;
    while value > 0 {
        start -= 1;
        buffer[start] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    let start = start.min(buffer.len().saturating_sub(width));
    out.extend_from_slice(&buffer[start..]);
}

/// Appends a DECIMAL with all digits of its scale and without an exponent (`BigDecimal.toPlainString`).
pub fn write_decimal(value: Decimal, out: &mut Vec<u8>) {
    let (unscaled, scale) = (value.unscaled(), value.scale() as usize);
    if unscaled < 0 {
        out.push(b'-');
    }
    write_digits(unscaled.unsigned_abs(), scale + 1, out);
    if scale > 0 {
        out.insert(out.len() - scale, b'.');
    }
}

/// Appends a DOUBLE as Java's `Double.toString` writes it: plain from 10^-3 up to 10^7, else `d.dddE±n`; with
/// the fewest digits that tell it from its neighbours.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        let name = if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        out.extend_from_slice(name.as_bytes());
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value);
    let (sign, body) = text.strip_prefix('-').map_or(("", text), |body| ("-", body));
    out.extend_from_slice(sign.as_bytes());
    let magnitude = value.abs();
    if magnitude == 0.0 || ((1e-3..1e7).contains(&magnitude) && !body.contains('e')) {
        out.extend_from_slice(body.as_bytes());
        return;
    }
    let (digits, exponent) = match significant(body) {
        // Java always gives two digits, the nearest two: this shows in the smallest numbers only.
        (digits, exponent) if digits.len() == 1 && exponent < -300 => {
            significant(&format!("{magnitude:.1e}"))
        }
        found => found,
    };
    if (1e-3..1e7).contains(&magnitude) {
        write_plain(&digits, exponent, out);
    } else {
        write_scientific(&digits, exponent, out);
    }
}

/// The digits of a positive number from the first to the last that is not zero, and the power of ten of the
/// first.
fn significant(body: &str) -> (Vec<u8>, i32) {
    let (mantissa, exponent) = body.split_once('e').unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut exponent: i32 = exponent.parse::<i32>().unwrap_or(0) + whole.len() as i32 - 1;
    let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let leading = all.iter().take_while(|b| **b == b'0').count();
    exponent -= leading as i32;
    let end = all.iter().rposition(|b| *b != b'0').map_or(leading, |last| last + 1);
    (all[leading..end].to_vec(), exponent)
}

fn write_plain(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(digits);
        return;
    }
    let whole = exponent as usize + 1;
    out.extend((0..whole).map(|i| digits.get(i).copied().unwrap_or(b'0')));
    out.push(b'.');
    out.extend_from_slice(digits.get(whole..).filter(|rest| !rest.is_empty()).unwrap_or(b"0"));
}

fn write_scientific(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    out.push(digits.first().copied().unwrap_or(b'0'));
    out.push(b'.');
    out.extend_from_slice(digits.get(1..).filter(|rest| !rest.is_empty()).unwrap_or(b"0"));
    out.push(b'E');
    write_i64(i64::from(exponent), out);
}

/// The text of a double, see [`write_double`].
pub fn double_text(value: f64) -> String {
    let mut out = Vec::with_capacity(24);
    write_double(value, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A number's text (`-12.50e3`) as `BigDecimal.toString` gives it back, or for one without point and exponent
/// as `BigInteger.toString` does.
pub fn java_decimal_text(text: &str) -> String {
    let (sign, body) = text.strip_prefix('-').map_or(("", text), |body| ("-", body));
    let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let scale = fraction.len() as i64 - exponent.parse::<i64>().unwrap_or(0);
    let digits = format!("{whole}{fraction}");
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let sign = if digits == "0" { "" } else { sign };
    let adjusted = digits.len() as i64 - 1 - scale;
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    if scale > 0 && adjusted >= -6 {
        let padded = format!("{digits:0>width$}", width = scale as usize + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale as usize);
        return format!("{sign}{whole}.{fraction}");
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}E{adjusted:+}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_java_writes_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1e7, "1.0E7"),
            (9_999_999.0, "9999999.0"),
            (1e10, "1.0E10"),
            (1.234_567_89e15, "1.23456789E15"),
            (-123.456, "-123.456"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (5e-324, "4.9E-324"),
            (-2e-323, "-2.0E-323"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
    }

    #[test]
    fn decimals_keep_all_digits() {
        for (unscaled, scale, text) in [
            (1230, 2, "12.30"),
            (-5, 3, "-0.005"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (10i128.pow(37), 0, "10000000000000000000000000000000000000"),
        ] {
            let mut out = b"x".to_vec();
            write_decimal(Decimal::new(unscaled, scale), &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("x{text}"));
        }
        for value in [0, -1, i64::MIN, i64::MAX] {
            let mut out = Vec::new();
            write_i64(value, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), value.to_string());
        }
    }

    #[test]
    fn texts_as_big_decimal_gives_them_back() {
        for (text, java) in [
            ("1.50", "1.50"),
            ("-0", "0"),
            ("1e3", "1E+3"),
            ("1.0E2", "1.0E+2"),
            ("12.5e1", "125"),
            ("0.0000001", "1E-7"),
            ("0.000001", "0.000001"),
            ("1.23e-10", "1.23E-10"),
            ("-12.5e-1", "-1.25"),
        ] {
            assert_eq!(java_decimal_text(text), java);
        }
    }
}
