//! JSON numbers as values of ksqlDB's numeric types, by `JsonSerdeUtils` and `DecimalUtil.ensureFit`.
//!
//! INT and BIGINT take any number and drop its fraction; a number beyond their range is refused (ksqlDB wraps
//! it around, which would count a wrong amount). DECIMAL takes what it can hold without rounding.

use std::borrow::Cow;

use super::scanner::Number;
use crate::types::{Decimal, Value};

/// The most digits that a u64 is sure to hold.
const SAFE_DIGITS: u32 = 18;

/// Powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Powers of ten up to that of the most digits.
const POWERS: [i64; SAFE_DIGITS as usize + 1] = {
    let mut powers = [1; SAFE_DIGITS as usize + 1];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = 10 * powers[at - 1];
        at += 1;
    }
    powers
};

impl<'a> Number<'a> {
    fn signed(&self) -> i64 {
        if self.negative { -(self.mantissa as i64) } else { self.mantissa as i64 }
    }

    /// The whole part; None where it is beyond 64 bits.
    pub(super) fn to_i64(self) -> Option<i64> {
        if self.digits <= SAFE_DIGITS && self.fraction == 0 && !self.exponent {
            return Some(self.signed());
        }
        let whole = match Decimal::parse(self.text.as_bytes()) {
            Some(decimal) => decimal.trunc(),
            // More digits, or a wider exponent, than a decimal has.
            None => {
                let rounded: f64 = self.text.parse().ok()?;
                if rounded.abs() >= 9.3e18 {
                    return None;
                }
                rounded as i128
            }
        };
        i64::try_from(whole).ok()
    }

    /// The nearest double.
    pub(super) fn to_f64(self) -> Option<f64> {
        if self.mantissa < 1 << 53
            && self.digits <= SAFE_DIGITS
            && !self.exponent
            && let Some(power) = EXACT_POWERS.get(self.fraction as usize)
        {
            // Both are exact, so the quotient is rounded once.
            let value = self.mantissa as f64 / power;
            return Some(if self.negative { -value } else { value });
        }
        self.text.parse().ok()
    }

    /// As a DECIMAL(precision, scale); None where that would lose digits.
    pub(super) fn to_decimal(self, precision: u32, scale: u32) -> Option<Decimal> {
        if self.digits <= SAFE_DIGITS && !self.exponent && self.fraction <= scale {
            let padding = scale - self.fraction;
            if self.digits + padding <= precision {
                let power = *POWERS.get(padding as usize)?;
                let unscaled = i128::from(self.signed()) * i128::from(power);
                return Some(Decimal::new(unscaled, scale));
            }
        }
        text_to_decimal(self.text, precision, scale)
    }

    /// Its text as Java's `BigDecimal.toString` (or of a whole number, `BigInteger.toString`) gives it.
    pub(super) fn to_text(self) -> Cow<'a, str> {
        let small = self.mantissa == 0 && self.digits == 0;
        if !self.exponent && !(small && (self.negative || self.fraction > 6)) && self.is_plain_in_java() {
            return Cow::Borrowed(self.text);
        }
        Cow::Owned(crate::types::java_decimal_text(self.text))
    }

    /// Whether the exponent of its first digit is -6 or more.
    fn is_plain_in_java(&self) -> bool {
        self.fraction < self.digits + 6
    }
}

/// The text of a number as a DECIMAL(precision, scale); None where it is none, or would lose digits.
pub(crate) fn text_to_decimal(text: &str, precision: u32, scale: u32) -> Option<Decimal> {
    let parsed = Decimal::parse(text.as_bytes()).or_else(|| {
        // Trailing zeros alone may be what makes it too long.
        let trimmed = text.trim_end_matches('0');
        (text.contains('.') && !text.contains(['e', 'E'])).then(|| Decimal::parse(trimmed.as_bytes()))?
    });
    parsed?.fit_exact(precision, scale)
}

/// A double as Java's `Double.parseDouble` reads it: white space around it, NaN, Infinity and a type suffix
/// are accepted; hexadecimal floats are not.
pub(crate) fn text_to_f64(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let (sign, body) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    match body {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let body = body.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(body);
    // Rust also reads words and signs that Java does not.
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    body.parse::<f64>().ok().map(|value| sign * value)
}

/// The value of a text where an INT, BIGINT, DOUBLE or DECIMAL is declared.
pub(super) fn text_to_integer(text: &str) -> Option<Value<'static>> {
    text.parse().ok().map(Value::Integer)
}
