//! Dates and times. A constant pattern, zone or unit is settled when the rule is loaded.

use super::{Bound, Call, Function, Param, fixed, function, integer, text};
use crate::types::time_format::{DAY_MS, Pattern, Zone};
use crate::types::{DataType, EvalError, Value};

const S: Param = Param::String;
const I: Param = Param::Integer;
const L: Param = Param::Bigint;
const DATE: Param = Param::Date;
const TIME: Param = Param::Time;
const TIMESTAMP: Param = Param::Timestamp;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "FORMAT_TIMESTAMP",
        &[fixed(&[TIMESTAMP, S], format_timestamp), fixed(&[TIMESTAMP, S, S], format_timestamp)],
        "A TIMESTAMP as text, by a Java pattern, in GMT or a zone.",
        &[
            ("FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'yyyy-MM-dd HH:mm')", "'1970-01-01 00:00'"),
            ("FORMAT_TIMESTAMP(FROM_UNIXTIME(0), 'HH:mm zzz', 'Europe/Berlin')", "'01:00 CET'"),
        ],
    ),
    function(
        "PARSE_TIMESTAMP",
        &[fixed(&[S, S], parse_timestamp), fixed(&[S, S, S], parse_timestamp)],
        "A text as a TIMESTAMP, by a Java pattern, in GMT or a zone where it names none.",
        &[("UNIX_TIMESTAMP(PARSE_TIMESTAMP('1970-01-02', 'yyyy-MM-dd'))", "86400000")],
    ),
    function(
        "TIMESTAMPTOSTRING",
        &[fixed(&[L, S], format_timestamp), fixed(&[L, S, S], format_timestamp)],
        "Milliseconds since 1970-01-01 UTC as text, by a Java pattern, in UTC or a zone.",
        &[("TIMESTAMPTOSTRING(0, 'yyyy-MM-dd HH:mm', 'Asia/Tokyo')", "'1970-01-01 09:00'")],
    ),
    function(
        "STRINGTOTIMESTAMP",
        &[fixed(&[S, S], string_to_timestamp), fixed(&[S, S, S], string_to_timestamp)],
        "A text as milliseconds since 1970-01-01 UTC, by a Java pattern.",
        &[("STRINGTOTIMESTAMP('1970-01-01 01', 'yyyy-MM-dd HH')", "3600000")],
    ),
    function(
        "FORMAT_DATE",
        &[fixed(&[DATE, S], format_date)],
        "A DATE as text, by a Java pattern.",
        &[("FORMAT_DATE(FROM_DAYS(1), 'dd MMM yyyy')", "'02 Jan 1970'")],
    ),
    function(
        "DATETOSTRING",
        &[fixed(&[I, S], format_date)],
        "Days since 1970-01-01 as text, by a Java pattern.",
        &[("DATETOSTRING(0, 'yyyy/MM/dd')", "'1970/01/01'")],
    ),
    function(
        "PARSE_DATE",
        &[fixed(&[S, S], parse_date)],
        "A text as a DATE, by a Java pattern.",
        &[("UNIX_DATE(PARSE_DATE('1970-01-11', 'yyyy-MM-dd'))", "10")],
    ),
    function(
        "STRINGTODATE",
        &[fixed(&[S, S], string_to_date)],
        "A text as days since 1970-01-01, by a Java pattern.",
        &[("STRINGTODATE('11.01.1970', 'dd.MM.yyyy')", "10")],
    ),
    function(
        "FORMAT_TIME",
        &[fixed(&[TIME, S], format_time)],
        "A TIME as text, by a Java pattern.",
        &[("FORMAT_TIME(PARSE_TIME('01:02', 'HH:mm'), 'h:mm a')", "'1:02 AM'")],
    ),
    function(
        "PARSE_TIME",
        &[fixed(&[S, S], parse_time)],
        "A text as a TIME, by a Java pattern.",
        &[("FORMAT_TIME(PARSE_TIME('01:00 pm', 'hh:mm a'), 'HH')", "'13'")],
    ),
    function(
        "FROM_UNIXTIME",
        &[fixed(&[L], from_unixtime)],
        "Milliseconds since 1970-01-01 UTC as a TIMESTAMP.",
        &[("UNIX_TIMESTAMP(FROM_UNIXTIME(5))", "5")],
    ),
    function(
        "UNIX_TIMESTAMP",
        &[fixed(&[TIMESTAMP], unix_timestamp)],
        "A TIMESTAMP as milliseconds since 1970-01-01 UTC.",
        &[("UNIX_TIMESTAMP(FROM_UNIXTIME(5))", "5")],
    ),
    function(
        "FROM_DAYS",
        &[fixed(&[I], from_days)],
        "Days since 1970-01-01 as a DATE.",
        &[("UNIX_DATE(FROM_DAYS(7))", "7")],
    ),
    function(
        "UNIX_DATE",
        &[fixed(&[DATE], unix_date)],
        "A DATE as days since 1970-01-01.",
        &[("UNIX_DATE(FROM_DAYS(7))", "7")],
    ),
    function(
        "CONVERT_TZ",
        &[fixed(&[TIMESTAMP, S, S], convert_tz)],
        "A TIMESTAMP read as the local time of one zone, as the local time of another.",
        &[("UNIX_TIMESTAMP(CONVERT_TZ(FROM_UNIXTIME(100), '+0200', '+0500'))", "10800100")],
    ),
    function(
        "TIMESTAMPADD",
        &[fixed(&[S, I, TIMESTAMP], timestamp_add)],
        "A TIMESTAMP plus a number of units of time.",
        &[("UNIX_TIMESTAMP(TIMESTAMPADD('SECONDS', 2, FROM_UNIXTIME(5)))", "2005")],
    ),
    function(
        "TIMESTAMPSUB",
        &[fixed(&[S, I, TIMESTAMP], timestamp_sub)],
        "A TIMESTAMP less a number of units of time.",
        &[("UNIX_TIMESTAMP(TIMESTAMPSUB('MINUTES', 1, FROM_UNIXTIME(60005)))", "5")],
    ),
    function(
        "DATEADD",
        &[fixed(&[S, I, DATE], date_add)],
        "A DATE plus a number of units of time.",
        &[("UNIX_DATE(DATEADD('DAYS', 2, FROM_DAYS(1)))", "3")],
    ),
    function(
        "DATESUB",
        &[fixed(&[S, I, DATE], date_sub)],
        "A DATE less a number of units of time.",
        &[("UNIX_DATE(DATESUB('DAYS', 10, FROM_DAYS(5)))", "-5")],
    ),
    function(
        "TIMEADD",
        &[fixed(&[S, I, TIME], time_add)],
        "A TIME plus a number of units of time, round the clock.",
        &[("FORMAT_TIME(TIMEADD('HOURS', 3, PARSE_TIME('23:00', 'HH:mm')), 'HH:mm')", "'02:00'")],
    ),
    function(
        "TIMESUB",
        &[fixed(&[S, I, TIME], time_sub)],
        "A TIME less a number of units of time, round the clock.",
        &[("FORMAT_TIME(TIMESUB('HOURS', 3, PARSE_TIME('02:00', 'HH:mm')), 'HH:mm')", "'23:00'")],
    ),
];

/// An argument that is settled at once where it is constant, and read anew for each row where it is not.
enum Settled<T> {
    Constant(T),
    Argument(usize, fn(&str) -> Result<T, String>),
}

impl<T: Clone> Settled<T> {
    fn new(call: &Call<'_>, index: usize, read: fn(&str) -> Result<T, String>) -> Result<Self, String> {
        match call.literal_text(index) {
            Some(text) => read(text).map(Self::Constant),
            None => Ok(Self::Argument(index, read)),
        }
    }

    /// Calls `use_it` with the settled argument.
    fn with<R>(
        &self,
        args: &[Value<'_>],
        use_it: impl FnOnce(&T) -> Result<R, String>,
    ) -> Result<R, EvalError> {
        match self {
            Self::Constant(value) => use_it(value),
            Self::Argument(index, read) => read(text(args, *index)).and_then(|value| use_it(&value)),
        }
        .map_err(EvalError)
    }
}

fn zone(id: &str) -> Result<Zone, String> {
    Zone::parse(id)
        .ok_or_else(|| format!("'{id}' is no time zone: use a name such as Europe/Berlin, or +02:00"))
}

/// The pattern at 1 and the zone at 2, by default GMT (as ksqlDB's).
fn pattern_and_zone(call: &Call<'_>) -> Result<(Settled<Pattern>, Settled<Zone>), String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    let zone = if call.types.len() > 2 { Settled::new(call, 2, zone)? } else { Settled::Constant(Zone::GMT) };
    Ok((pattern, zone))
}

fn format_timestamp(call: &Call<'_>) -> Result<Bound, String> {
    let (pattern, zone) = pattern_and_zone(call)?;
    Bound::strict(DataType::String, move |args| {
        let printed = zone.with(args, |zone| Ok(*zone))?;
        let ms = integer(args, 0);
        pattern.with(args, |pattern| pattern.format_timestamp(ms, printed)).map(Value::string)
    })
}

fn to_millis(call: &Call<'_>, returns: DataType, wrap: fn(i64) -> Value<'static>) -> Result<Bound, String> {
    let (pattern, zone) = pattern_and_zone(call)?;
    Bound::strict(returns, move |args| {
        let default = zone.with(args, |zone| Ok(*zone))?;
        pattern.with(args, |pattern| pattern.parse_timestamp(text(args, 0), default)).map(wrap)
    })
}

fn parse_timestamp(call: &Call<'_>) -> Result<Bound, String> {
    to_millis(call, DataType::Timestamp, Value::Timestamp)
}

fn string_to_timestamp(call: &Call<'_>) -> Result<Bound, String> {
    to_millis(call, DataType::Bigint, Value::Bigint)
}

fn format_date(call: &Call<'_>) -> Result<Bound, String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    Bound::strict(DataType::String, move |args| {
        pattern.with(args, |pattern| pattern.format_date(integer(args, 0) as i32)).map(Value::string)
    })
}

fn parse_date(call: &Call<'_>) -> Result<Bound, String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    Bound::strict(DataType::Date, move |args| {
        pattern.with(args, |pattern| pattern.parse_date(text(args, 0))).map(Value::Date)
    })
}

fn string_to_date(call: &Call<'_>) -> Result<Bound, String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    Bound::strict(DataType::Integer, move |args| {
        pattern.with(args, |pattern| pattern.parse_day(text(args, 0))).map(Value::Integer)
    })
}

fn format_time(call: &Call<'_>) -> Result<Bound, String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    Bound::strict(DataType::String, move |args| {
        pattern.with(args, |pattern| pattern.format_time(integer(args, 0) as i32)).map(Value::string)
    })
}

fn parse_time(call: &Call<'_>) -> Result<Bound, String> {
    let pattern = Settled::new(call, 1, Pattern::compile)?;
    Bound::strict(DataType::Time, move |args| {
        pattern.with(args, |pattern| pattern.parse_time(text(args, 0))).map(Value::Time)
    })
}

fn from_unixtime(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Timestamp, |args| Ok(Value::Timestamp(integer(args, 0))))
}

fn unix_timestamp(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bigint, |args| Ok(Value::Bigint(integer(args, 0))))
}

fn from_days(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Date, |args| Ok(Value::Date(integer(args, 0) as i32)))
}

fn unix_date(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| Ok(Value::Integer(integer(args, 0) as i32)))
}

fn convert_tz(call: &Call<'_>) -> Result<Bound, String> {
    let (from, to) = (Settled::new(call, 1, zone)?, Settled::new(call, 2, zone)?);
    Bound::strict(DataType::Timestamp, move |args| {
        let (from, to) = (from.with(args, |zone| Ok(*zone))?, to.with(args, |zone| Ok(*zone))?);
        Ok(Value::Timestamp(Zone::convert(integer(args, 0), from, to)))
    })
}

/// How many milliseconds a unit has.
fn unit(name: &str) -> Result<i64, String> {
    match name.to_ascii_uppercase().trim_end_matches('S') {
        "MILLISECOND" => Ok(1),
        "SECOND" => Ok(1000),
        "MINUTE" => Ok(60_000),
        "HOUR" => Ok(3_600_000),
        "DAY" => Ok(DAY_MS),
        "WEEK" => Ok(7 * DAY_MS),
        _ => Err(format!("'{name}' is no unit: use MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS or WEEKS")),
    }
}

/// The third argument moved by the second times the first, `sign` times, by `wrap`, which takes what it was and
/// the milliseconds to add.
fn moved(
    call: &Call<'_>,
    sign: i64,
    returns: DataType,
    wrap: fn(i64, i64) -> Option<Value<'static>>,
) -> Result<Bound, String> {
    let unit = Settled::new(call, 0, unit)?;
    Bound::strict(returns, move |args| {
        let unit = unit.with(args, |unit| Ok(*unit))?;
        let by = unit.checked_mul(integer(args, 1)).and_then(|ms| ms.checked_mul(sign));
        by.and_then(|by| wrap(integer(args, 2), by)).ok_or_else(|| EvalError::new("the time is out of range"))
    })
}

fn move_timestamp(ms: i64, by: i64) -> Option<Value<'static>> {
    ms.checked_add(by).map(Value::Timestamp)
}

fn move_date(days: i64, by: i64) -> Option<Value<'static>> {
    // ksqlDB cuts what is less than a day towards 1970-01-01.
    let days = days.checked_mul(DAY_MS)?.checked_add(by)? / DAY_MS;
    i32::try_from(days).ok().map(Value::Date)
}

fn move_time(ms: i64, by: i64) -> Option<Value<'static>> {
    Some(Value::Time(ms.checked_add(by)?.rem_euclid(DAY_MS) as i32))
}

fn timestamp_add(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, 1, DataType::Timestamp, move_timestamp)
}

fn timestamp_sub(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, -1, DataType::Timestamp, move_timestamp)
}

fn date_add(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, 1, DataType::Date, move_date)
}

fn date_sub(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, -1, DataType::Date, move_date)
}

fn time_add(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, 1, DataType::Time, move_time)
}

fn time_sub(call: &Call<'_>) -> Result<Bound, String> {
    moved(call, -1, DataType::Time, move_time)
}
