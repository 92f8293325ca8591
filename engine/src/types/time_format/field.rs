//! The fields of a date and a time that a pattern can name.

/// A field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// `G`: 0 is BC, 1 AD.
    Era,
    /// `u`
    Year,
    /// `y`
    YearOfEra,
    /// `Q`
    Quarter,
    /// `M`
    Month,
    /// `d`
    Day,
    /// `D`
    DayOfYear,
    /// `E`: Monday is 1.
    Weekday,
    /// `a`
    AmPm,
    /// `H`: 0 to 23.
    Hour,
    /// `k`: 1 to 24.
    ClockHour,
    /// `K`: 0 to 11.
    HalfHour,
    /// `h`: 1 to 12.
    ClockHalfHour,
    /// `m`
    Minute,
    /// `s`
    Second,
    /// `n`, `S`
    Nano,
    /// `A`
    MilliOfDay,
    /// `N`
    NanoOfDay,
}

/// How many fields there are.
pub(super) const FIELDS: usize = 18;

impl Field {
    /// Its place in a table of all fields.
    pub(super) fn index(self) -> usize {
        self as usize
    }

    /// Whether it belongs to the time of day.
    pub(super) fn is_time(self) -> bool {
        self.index() >= Self::AmPm.index()
    }

    /// The values that it can have.
    pub(super) fn range(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Era | Self::AmPm => 0..=1,
            Self::Year => -999_999_999..=999_999_999,
            Self::YearOfEra => 1..=1_000_000_000,
            Self::Quarter => 1..=4,
            Self::Month => 1..=12,
            Self::Day => 1..=31,
            Self::DayOfYear => 1..=366,
            Self::Weekday => 1..=7,
            Self::Hour => 0..=23,
            Self::ClockHour => 1..=24,
            Self::HalfHour => 0..=11,
            Self::ClockHalfHour => 1..=12,
            Self::Minute | Self::Second => 0..=59,
            Self::Nano => 0..=999_999_999,
            Self::MilliOfDay => 0..=86_399_999,
            Self::NanoOfDay => 0..=86_399_999_999_999,
        }
    }
}

/// Which form of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `Jan`
    Short,
    /// `January`
    Full,
    /// `J`
    Narrow,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const QUARTERS: [&str; 4] = ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];
const SHORT_QUARTERS: [&str; 4] = ["Q1", "Q2", "Q3", "Q4"];
const NARROW_QUARTERS: [&str; 4] = ["1", "2", "3", "4"];

/// The name of a field's value.
pub(super) fn name(field: Field, style: Style, value: i64) -> Option<&'static str> {
    let at = |names: &[&'static str], from: i64| names.get(usize::try_from(value - from).ok()?).copied();
    let cut = |name: &'static str| match style {
        Style::Short => name.get(..3).unwrap_or(name),
        Style::Full => name,
        Style::Narrow => name.get(..1).unwrap_or(name),
    };
    match (field, style) {
        (Field::Month, _) => at(&MONTHS, 1).map(cut),
        (Field::Weekday, _) => at(&WEEKDAYS, 1).map(cut),
        (Field::Quarter, Style::Full) => at(&QUARTERS, 1),
        (Field::Quarter, Style::Short) => at(&SHORT_QUARTERS, 1),
        (Field::Quarter, Style::Narrow) => at(&NARROW_QUARTERS, 1),
        (Field::AmPm, _) => at(&["AM", "PM"], 0),
        (Field::Era, Style::Short) => at(&["BC", "AD"], 0),
        (Field::Era, Style::Full) => at(&["Before Christ", "Anno Domini"], 0),
        (Field::Era, Style::Narrow) => at(&["B", "A"], 0),
        _ => None,
    }
}
