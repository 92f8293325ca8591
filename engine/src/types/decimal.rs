//! DECIMAL: a fixed-point number of up to 38 digits.
//!
//! What holds: arithmetic is exact or reports an overflow; rounding is HALF_UP as ksqlDB rounds
//! (`io.confluent.ksql.util.DecimalUtil`). Precision and scale of results come from the types
//! ([`super::DataType`]), not from the values.

use std::cmp::Ordering;
use std::fmt;

/// `unscaled * 10^-scale`. Kept as two halves so that a value takes 24 bytes, aligned to 8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    low: u64,
    high: i64,
    scale: u32,
}

/// The most digits.
pub(super) const MAX_PRECISION: u32 = 38;

/// The powers of ten that an i128 holds.
const POWERS: [i128; MAX_PRECISION as usize + 1] = {
    let mut powers = [1; MAX_PRECISION as usize + 1];
    let mut n = 1;
    while n < powers.len() {
        powers[n] = 10 * powers[n - 1];
        n += 1;
    }
    powers
};

/// 10^n for n up to 38.
fn pow10(n: u32) -> Option<i128> {
    POWERS.get(n as usize).copied()
}

/// Division that rounds half away from zero.
fn div_half_up(n: i128, d: i128) -> i128 {
    let (q, r) = (n / d, n % d);
    if r.unsigned_abs() >= d.unsigned_abs() - r.unsigned_abs() {
        if (n < 0) == (d < 0) { q + 1 } else { q - 1 }
    } else {
        q
    }
}

impl Decimal {
    /// From its digits.
    pub fn new(unscaled: i128, scale: u32) -> Self {
        Self { low: unscaled as u64, high: (unscaled >> 64) as i64, scale }
    }

    /// The digits as a whole number.
    pub fn unscaled(self) -> i128 {
        (i128::from(self.high) << 64) | i128::from(self.low)
    }

    /// How many of the digits stand behind the point.
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// How many digits it has without leading zeros; at least 1, as Java's `BigDecimal.precision`.
    pub fn precision(self) -> u32 {
        let digits = self.unscaled().unsigned_abs();
        // Nearly all fit 64 bits, whose logarithm is far quicker to find.
        let log = u64::try_from(digits).map_or_else(|_| digits.checked_ilog10(), u64::checked_ilog10);
        log.map_or(1, |n| n + 1)
    }

    /// Parses `[+-]digits[.digits][e[+-]digits]`. None where it is something else or has over 38 digits.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let (mut unscaled, mut scale, mut seen, mut point, mut i) = (0i128, 0i64, false, false, 0);
        while let Some(&byte) = digits.get(i) {
            match byte {
                b'0'..=b'9' => {
                    unscaled = unscaled.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                    scale += i64::from(point);
                    seen = true;
                }
                b'.' if !point => point = true,
                b'e' | b'E' if seen => {
                    let exponent: i64 = std::str::from_utf8(&digits[i + 1..]).ok()?.parse().ok()?;
                    scale = scale.checked_sub(exponent)?;
                    i = digits.len();
                    continue;
                }
                _ => return None,
            }
            i += 1;
        }
        if !seen {
            return None;
        }
        if scale < 0 {
            unscaled = unscaled.checked_mul(pow10(u32::try_from(-scale).ok()?)?)?;
            scale = 0;
        }
        let scale = u32::try_from(scale).ok().filter(|s| *s <= 2 * MAX_PRECISION)?;
        Some(Self::new(if negative { -unscaled } else { unscaled }, scale))
    }

    /// A whole number.
    pub fn from_i64(value: i64) -> Self {
        Self::new(i128::from(value), 0)
    }

    /// The decimal that a DOUBLE prints as (`BigDecimal.valueOf(double)`). None for NaN and infinities.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        Self::parse(ryu::Buffer::new().format_finite(value).as_bytes())
    }

    /// The nearest DOUBLE.
    pub fn to_f64(self) -> f64 {
        let unscaled = self.unscaled();
        if unscaled.unsigned_abs() < 1 << 53 && self.scale <= 22 {
            // Both are exact, so the quotient is rounded once.
            return unscaled as f64 / 10f64.powi(self.scale as i32);
        }
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The same number with this scale, rounded half up. None where it needs over 38 digits.
    #[inline]
    pub fn rescale(self, scale: u32) -> Option<Self> {
        if scale == self.scale { Some(self) } else { self.rescale_to_other(scale) }
    }

    fn rescale_to_other(self, scale: u32) -> Option<Self> {
        if scale > self.scale {
            return Some(Self::new(self.unscaled().checked_mul(pow10(scale - self.scale)?)?, scale));
        }
        let unscaled = pow10(self.scale - scale).map_or(0, |p| div_half_up(self.unscaled(), p));
        Some(Self::new(unscaled, scale))
    }

    /// The same number as a DECIMAL(precision, scale), rounded half up. None where it does not fit.
    pub fn fit(self, precision: u32, scale: u32) -> Option<Self> {
        let d = self.rescale(scale)?;
        (d.precision() <= precision || d.unscaled() == 0).then_some(d)
    }

    /// The same number as a DECIMAL(precision, scale) without rounding. None where digits would be lost.
    pub fn fit_exact(self, precision: u32, scale: u32) -> Option<Self> {
        self.fit(precision, scale).filter(|d| *d == self || d.compare(self) == Ordering::Equal)
    }

    /// Without the fraction, towards zero.
    pub fn trunc(self) -> i128 {
        pow10(self.scale).map_or(0, |p| self.unscaled() / p)
    }

    /// Brings two to one scale.
    fn align(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.rescale(scale)?.unscaled(), other.rescale(scale)?.unscaled(), scale))
    }

    /// The sum; None on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.align(other)?;
        Some(Self::new(a.checked_add(b)?, scale))
    }

    /// The difference; None on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(other.negate()?)
    }

    /// The product; None on overflow.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        Some(Self::new(self.unscaled().checked_mul(other.unscaled())?, self.scale + other.scale))
    }

    /// The quotient with this scale, rounded half up; None on overflow or where `other` is zero.
    pub fn checked_div(self, other: Self, scale: u32) -> Option<Self> {
        // a / 10^sa / (b / 10^sb) * 10^scale
        let shift = i64::from(scale) + i64::from(other.scale) - i64::from(self.scale);
        let (mut n, mut d) = (self.unscaled(), other.unscaled());
        let power = pow10(u32::try_from(shift.abs()).ok()?)?;
        if shift >= 0 {
            n = n.checked_mul(power)?;
        } else {
            d = d.checked_mul(power)?;
        }
        (d != 0).then(|| Self::new(div_half_up(n, d), scale))
    }

    /// The remainder with the sign of the dividend; None where `other` is zero.
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.align(other)?;
        Some(Self::new(a.checked_rem(b)?, scale))
    }

    /// The negated number.
    pub fn negate(self) -> Option<Self> {
        Some(Self::new(self.unscaled().checked_neg()?, self.scale))
    }

    /// By value, whatever the scales.
    pub fn compare(self, other: Self) -> Ordering {
        if self.scale == other.scale {
            return self.unscaled().cmp(&other.unscaled());
        }
        match self.align(other) {
            Some((a, b, _)) => a.cmp(&b),
            // One of them does not fit the finer scale: its whole part is the larger by far.
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

/// As Java's `toPlainString`: all digits of the scale, no exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unscaled, scale) = (self.unscaled(), self.scale as usize);
        let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if unscaled < 0 { "-" } else { "" };
        if scale == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn text_comes_back() {
        for text in ["0", "-0.01", "12.30", "99999999999999999999999999999999999999", "-1.0000"] {
            assert_eq!(d(text).to_string(), text);
        }
        assert_eq!(d("1.5e3").to_string(), "1500");
        assert_eq!(d("15e-1").to_string(), "1.5");
        for text in ["", "-", ".", "1e", "1.2.3", "abc", "999999999999999999999999999999999999999"] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn rounds_half_up() {
        assert_eq!(d("1.25").rescale(1), Some(d("1.3")));
        assert_eq!(d("-1.25").rescale(1), Some(d("-1.3")));
        assert_eq!(d("1.24").rescale(1), Some(d("1.2")));
        assert_eq!(d("2").checked_div(d("3"), 4), Some(d("0.6667")));
        assert_eq!(d("1").checked_div(d("0"), 4), None);
    }

    #[test]
    fn fits_or_not() {
        assert_eq!(d("123.4").fit(4, 1), Some(d("123.4")));
        assert_eq!(d("123.4").fit(3, 1), None);
        assert_eq!(d("123.45").fit_exact(5, 1), None);
        assert_eq!(d("0.00").fit(1, 1), Some(d("0.0")));
    }

    #[test]
    fn compares_by_value() {
        assert_eq!(d("1.0").compare(d("1")), Ordering::Equal);
        assert_eq!(d("5000.0001").compare(d("5000")), Ordering::Greater);
    }
}
