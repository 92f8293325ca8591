//! Numbers.
//!
//! Rounding to the nearest takes ties towards positive infinity, as Java's `Math.round` and ksqlDB's `Round` do.

use super::{Bound, Call, Function, Param, double, fixed, function, integer, text};
use crate::types::{DataType, Decimal, EvalError, Value};

const I: Param = Param::Integer;
const L: Param = Param::Bigint;
const D: Param = Param::Double;
const M: Param = Param::Decimal;

/// A function of one DOUBLE.
macro_rules! real {
    ($name:literal, $summary:literal, $example:expr, $compute:expr) => {
        function(
            $name,
            &[fixed(&[D], |_| {
                let compute: fn(f64) -> f64 = $compute;
                Bound::strict(DataType::Double, move |args| Ok(Value::Double(compute(double(args, 0)))))
            })],
            $summary,
            $example,
        )
    };
}

/// A function that keeps the type of a number.
macro_rules! keeping {
    ($bind:path) => {
        &[fixed(&[I], $bind), fixed(&[L], $bind), fixed(&[M], $bind), fixed(&[D], $bind)]
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    function("ABS", keeping!(abs), "The number without its sign.", &[("ABS(-5)", "5"), ("ABS(-1.5)", "1.5")]),
    function(
        "CEIL",
        keeping!(ceil),
        "The least whole number that is not lower.",
        &[("CEIL(1.2)", "2.0"), ("CEIL(-1)", "-1")],
    ),
    function(
        "FLOOR",
        keeping!(floor),
        "The greatest whole number that is not higher.",
        &[("FLOOR(-1.2)", "-2.0"), ("FLOOR(7)", "7")],
    ),
    function(
        "ROUND",
        &[
            fixed(&[I], whole),
            fixed(&[L], whole),
            fixed(&[D], round_double),
            fixed(&[M], round_decimal),
            fixed(&[M, I], round_places),
            fixed(&[D, I], round_double_places),
        ],
        "The number rounded to a number of decimal places, none by default.",
        &[
            ("ROUND(1.25, 1)", "1.30"),
            ("ROUND(2.5)", "3"),
            ("ROUND(-2.5E0)", "-2"),
            ("ROUND(12.345E0, 2)", "12.35E0"),
            ("ROUND(155.0, -1)", "160.0"),
        ],
    ),
    function(
        "TRUNC",
        &[
            fixed(&[I], whole),
            fixed(&[L], whole),
            fixed(&[D], trunc_double),
            fixed(&[M], trunc_decimal),
            fixed(&[M, I], trunc_places),
            fixed(&[D, I], trunc_double_places),
        ],
        "The number cut to a number of decimal places, none by default.",
        &[("TRUNC(1.29, 1)", "1.20"), ("TRUNC(-2.9E0)", "-2")],
    ),
    function("SIGN", keeping!(sign), "-1, 0 or 1.", &[("SIGN(-3.5)", "-1"), ("SIGN(0)", "0")]),
    real!("SQRT", "The square root.", &[("SQRT(9)", "3.0E0")], f64::sqrt),
    real!("CBRT", "The cube root.", &[("CBRT(27)", "3.0E0")], f64::cbrt),
    real!("EXP", "e to the power of the number.", &[("EXP(0)", "1.0E0")], f64::exp),
    real!("LN", "The natural logarithm.", &[("LN(1)", "0.0E0")], f64::ln),
    real!("SIN", "The sine of an angle in radians.", &[("SIN(0)", "0.0E0")], f64::sin),
    real!("COS", "The cosine of an angle in radians.", &[("COS(0)", "1.0E0")], f64::cos),
    real!("TAN", "The tangent of an angle in radians.", &[("TAN(0)", "0.0E0")], f64::tan),
    real!("COT", "The cotangent of an angle in radians.", &[("COT(1)", "0.6420926159343306E0")], |x| 1.0
        / x.tan()),
    real!("SINH", "The hyperbolic sine.", &[("SINH(0)", "0.0E0")], f64::sinh),
    real!("COSH", "The hyperbolic cosine.", &[("COSH(0)", "1.0E0")], f64::cosh),
    real!("TANH", "The hyperbolic tangent.", &[("TANH(0)", "0.0E0")], f64::tanh),
    real!("ASIN", "The angle whose sine it is, in radians.", &[("ASIN(0)", "0.0E0")], f64::asin),
    real!("ACOS", "The angle whose cosine it is, in radians.", &[("ACOS(1)", "0.0E0")], f64::acos),
    real!("ATAN", "The angle whose tangent it is, in radians.", &[("ATAN(0)", "0.0E0")], f64::atan),
    real!("DEGREES", "Radians as degrees.", &[("DEGREES(0)", "0.0E0")], f64::to_degrees),
    real!("RADIANS", "Degrees as radians.", &[("RADIANS(180)", "3.141592653589793E0")], |x| x / 180.0
        * std::f64::consts::PI),
    function(
        "ATAN2",
        &[fixed(&[D, D], atan2)],
        "The angle of the point (x, y), in radians, from y and x.",
        &[("ATAN2(0, 1)", "0.0E0")],
    ),
    function(
        "LOG",
        &[fixed(&[D], log), fixed(&[D, D], log)],
        "The natural logarithm, or that to a base given first.",
        &[("LOG(2, 8)", "3.0E0")],
    ),
    function(
        "POWER",
        &[fixed(&[D, D], power)],
        "The first number to the power of the second.",
        &[("POWER(2, 10)", "1024.0E0")],
    ),
    function("PI", &[fixed(&[], pi)], "The circle's number.", &[("PI()", "3.141592653589793E0")]),
    function(
        "GEO_DISTANCE",
        &[fixed(&[D, D, D, D], geo_distance), fixed(&[D, D, D, D, Param::String], geo_distance)],
        "The distance between two points given by latitude and longitude in degrees, in KM (default) or MILES.",
        &[
            ("GEO_DISTANCE(0, 0, 0, 0)", "0.0E0"),
            ("ROUND(GEO_DISTANCE(52.52, 13.405, 48.137, 11.575))", "504"),
        ],
    ),
];

/// Which way a number that lies between two is rounded.
#[derive(Clone, Copy)]
enum Rounding {
    /// To the nearest, ties towards positive infinity.
    Nearest,
    /// Towards zero.
    Down,
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceiling,
}

/// The decimal rounded to `places` behind the point, its scale kept.
fn round(decimal: Decimal, places: i64, rounding: Rounding) -> Option<Decimal> {
    let dropped = i64::from(decimal.scale()) - places;
    let Some(dropped) = u32::try_from(dropped).ok().filter(|n| *n > 0) else { return Some(decimal) };
    let Some(unit) = 10i128.checked_pow(dropped) else { return Some(Decimal::new(0, decimal.scale())) };
    let (below, rest) = (decimal.unscaled().div_euclid(unit), decimal.unscaled().rem_euclid(unit));
    let up = match rounding {
        Rounding::Nearest => rest >= unit - rest,
        Rounding::Down => decimal.unscaled() < 0 && rest > 0,
        Rounding::Floor => false,
        Rounding::Ceiling => rest > 0,
    };
    Some(Decimal::new((below + i128::from(up)).checked_mul(unit)?, decimal.scale()))
}

fn overflow() -> EvalError {
    EvalError::new("the number is out of range")
}

fn decimal_of(value: &Value<'_>) -> Decimal {
    match value {
        Value::Decimal(decimal) => *decimal,
        other => Decimal::from_i64(other.as_i64().unwrap_or_default()),
    }
}

/// A function that keeps the type of its argument, by how it treats a double and a decimal; whole numbers stay.
fn keep(
    call: &Call<'_>,
    on_double: fn(f64) -> f64,
    on_decimal: fn(Decimal) -> Option<Decimal>,
) -> Result<Bound, String> {
    let returns = call.type_of(0).cloned().unwrap_or(DataType::Integer);
    Bound::strict(returns, move |args| {
        Ok(match std::mem::take(&mut args[0]) {
            Value::Double(value) => Value::Double(on_double(value)),
            Value::Decimal(value) => Value::Decimal(on_decimal(value).ok_or_else(overflow)?),
            other => other,
        })
    })
}

fn abs(call: &Call<'_>) -> Result<Bound, String> {
    let returns = call.type_of(0).cloned().unwrap_or(DataType::Integer);
    Bound::strict(returns, |args| {
        Ok(match std::mem::take(&mut args[0]) {
            Value::Integer(value) => Value::Integer(value.wrapping_abs()),
            Value::Bigint(value) => Value::Bigint(value.wrapping_abs()),
            Value::Double(value) => Value::Double(value.abs()),
            Value::Decimal(value) if value.unscaled() < 0 => {
                Value::Decimal(value.negate().ok_or_else(overflow)?)
            }
            other => other,
        })
    })
}

fn ceil(call: &Call<'_>) -> Result<Bound, String> {
    keep(call, f64::ceil, |d| round(d, 0, Rounding::Ceiling))
}

fn floor(call: &Call<'_>) -> Result<Bound, String> {
    keep(call, f64::floor, |d| round(d, 0, Rounding::Floor))
}

fn sign(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| {
        let sign = match &args[0] {
            Value::Double(value) if *value > 0.0 => 1,
            Value::Double(value) if *value < 0.0 => -1,
            Value::Double(_) => 0,
            other => decimal_of(other).unscaled().signum() as i32,
        };
        Ok(Value::Integer(sign))
    })
}

fn whole(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bigint, |args| Ok(Value::Bigint(integer(args, 0))))
}

fn round_double(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bigint, |args| {
        let value = double(args, 0);
        let floor = value.floor();
        Ok(Value::Bigint(if value - floor >= 0.5 { floor + 1.0 } else { floor } as i64))
    })
}

fn trunc_double(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bigint, |args| Ok(Value::Bigint(double(args, 0) as i64)))
}

/// The type of a decimal without its fraction.
fn without_fraction(call: &Call<'_>) -> DataType {
    match call.type_of(0).and_then(DataType::as_decimal) {
        Some((precision, scale)) => DataType::decimal((precision - scale.min(precision)).max(1), 0),
        None => DataType::decimal(1, 0),
    }
}

fn to_whole_decimal(call: &Call<'_>, rounding: Rounding) -> Result<Bound, String> {
    Bound::strict(without_fraction(call), move |args| {
        let rounded = round(decimal_of(&args[0]), 0, rounding).and_then(|d| d.rescale(0));
        Ok(Value::Decimal(rounded.ok_or_else(overflow)?))
    })
}

fn round_decimal(call: &Call<'_>) -> Result<Bound, String> {
    to_whole_decimal(call, Rounding::Nearest)
}

fn trunc_decimal(call: &Call<'_>) -> Result<Bound, String> {
    to_whole_decimal(call, Rounding::Down)
}

/// Places of a decimal: its type stays.
fn to_places(call: &Call<'_>, rounding: Rounding) -> Result<Bound, String> {
    let returns = call.type_of(0).cloned().unwrap_or_else(|| DataType::decimal(1, 0));
    Bound::strict(returns, move |args| {
        let rounded = round(decimal_of(&args[0]), integer(args, 1), rounding);
        Ok(Value::Decimal(rounded.ok_or_else(overflow)?))
    })
}

fn round_places(call: &Call<'_>) -> Result<Bound, String> {
    to_places(call, Rounding::Nearest)
}

fn trunc_places(call: &Call<'_>) -> Result<Bound, String> {
    to_places(call, Rounding::Down)
}

/// Places of a double, by the decimal that it prints as.
fn double_to_places(rounding: Rounding) -> Result<Bound, String> {
    Bound::strict(DataType::Double, move |args| {
        let value = double(args, 0);
        if !value.is_finite() {
            return Err(EvalError::new(format!("{value} cannot be rounded")));
        }
        let rounded = match Decimal::from_f64(value) {
            Some(decimal) => round(decimal, integer(args, 1), rounding).ok_or_else(overflow)?.to_f64(),
            // Too large to have a fraction, or too small to show one.
            None if value.abs() >= 1.0 => value,
            None => 0.0,
        };
        Ok(Value::Double(rounded))
    })
}

fn round_double_places(_: &Call<'_>) -> Result<Bound, String> {
    double_to_places(Rounding::Nearest)
}

fn trunc_double_places(_: &Call<'_>) -> Result<Bound, String> {
    double_to_places(Rounding::Down)
}

fn atan2(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Double, |args| Ok(Value::Double(double(args, 0).atan2(double(args, 1)))))
}

fn log(call: &Call<'_>) -> Result<Bound, String> {
    if call.types.len() == 1 {
        return Bound::strict(DataType::Double, |args| Ok(Value::Double(double(args, 0).ln())));
    }
    Bound::strict(DataType::Double, |args| {
        let (base, value) = (double(args, 0), double(args, 1));
        Ok(Value::Double(if base <= 0.0 || base == 1.0 { f64::NAN } else { value.ln() / base.ln() }))
    })
}

fn power(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Double, |args| {
        let (base, exponent) = (double(args, 0), double(args, 1));
        // Java gives NaN for 1 to a power that is not finite.
        let undefined = base.abs() == 1.0 && exponent.is_infinite() || exponent.is_nan();
        Ok(Value::Double(if undefined { f64::NAN } else { base.powf(exponent) }))
    })
}

fn pi(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Double, |_| Ok(Value::Double(std::f64::consts::PI)))
}

/// The Earth's radius in kilometres and in miles, as ksqlDB's `GeoDistance` has it.
const EARTH_KM: f64 = 6371.0;
const EARTH_MILES: f64 = 3959.0;

fn earth_radius(unit: &str) -> Result<f64, EvalError> {
    match unit.trim().to_ascii_lowercase().as_str() {
        "" | "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" => Ok(EARTH_KM),
        "mi" | "mile" | "miles" => Ok(EARTH_MILES),
        _ => Err(EvalError::new(format!("'{unit}' is no unit of distance: use KM or MILES"))),
    }
}

/// The great-circle distance by the haversine formula.
fn geo_distance(call: &Call<'_>) -> Result<Bound, String> {
    if let Some(unit) = call.literal_text(4) {
        earth_radius(unit).map_err(|e| e.0)?;
    }
    Bound::of(DataType::Double, |args| {
        if args.iter().take(4).any(Value::is_null) {
            return Ok(Value::Null);
        }
        let [lat1, lon1, lat2, lon2] = [0, 1, 2, 3].map(|i| double(args, i));
        if [lat1, lat2].iter().any(|lat| lat.abs() > 90.0) {
            return Err(EvalError::new("a latitude lies between -90 and 90 degrees"));
        }
        if [lon1, lon2].iter().any(|lon| lon.abs() > 180.0) {
            return Err(EvalError::new("a longitude lies between -180 and 180 degrees"));
        }
        let haversine = |angle: f64| (angle.to_radians() / 2.0).sin().powi(2);
        let a = haversine(lat2 - lat1)
            + haversine(lon2 - lon1) * lat1.to_radians().cos() * lat2.to_radians().cos();
        Ok(Value::Double(2.0 * a.sqrt().min(1.0).asin() * earth_radius(text(args, 4))?))
    })
}
