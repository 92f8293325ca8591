//! Where and on what money is spent: tables of data.

/// A city, by its centre.
#[derive(Debug, Clone, Copy)]
pub(crate) struct City {
    /// Its name.
    pub(crate) name: &'static str,
    /// Index into [`COUNTRIES`].
    pub(crate) country: usize,
    /// Degrees.
    pub(crate) latitude: f64,
    /// Degrees.
    pub(crate) longitude: f64,
}

/// A country.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Country {
    /// ISO 3166 code.
    pub(crate) code: &'static str,
    /// ISO 4217 code.
    pub(crate) currency: &'static str,
    /// What its cards' numbers begin with.
    pub(crate) bins: [&'static str; 3],
}

/// The two countries.
pub(crate) const COUNTRIES: [Country; 2] = [
    Country { code: "DE", currency: "EUR", bins: ["402360", "516733", "533215"] },
    Country { code: "US", currency: "USD", bins: ["411111", "542418", "601100"] },
];

/// Currencies of purchases on the net, beside the country's own.
pub(crate) const FOREIGN_CURRENCIES: [&str; 3] = ["GBP", "CHF", "PLN"];

const fn city(name: &'static str, country: usize, latitude: f64, longitude: f64) -> City {
    City { name, country, latitude, longitude }
}

/// Cities of both countries.
pub(crate) const CITIES: [City; 20] = [
    city("Berlin", 0, 52.5200, 13.4050),
    city("Hamburg", 0, 53.5511, 9.9937),
    city("München", 0, 48.1374, 11.5755),
    city("Köln", 0, 50.9375, 6.9603),
    city("Frankfurt am Main", 0, 50.1109, 8.6821),
    city("Stuttgart", 0, 48.7758, 9.1829),
    city("Leipzig", 0, 51.3397, 12.3731),
    city("Dresden", 0, 51.0504, 13.7373),
    city("Hannover", 0, 52.3759, 9.7320),
    city("Nürnberg", 0, 49.4521, 11.0767),
    city("New York", 1, 40.7128, -74.0060),
    city("Los Angeles", 1, 34.0522, -118.2437),
    city("Chicago", 1, 41.8781, -87.6298),
    city("Houston", 1, 29.7604, -95.3698),
    city("Phoenix", 1, 33.4484, -112.0740),
    city("Philadelphia", 1, 39.9526, -75.1652),
    city("San Diego", 1, 32.7157, -117.1611),
    city("Dallas", 1, 32.7767, -96.7970),
    city("Seattle", 1, 47.6062, -122.3321),
    city("Boston", 1, 42.3601, -71.0589),
];

/// Ordinary categories.
pub(crate) const CATEGORIES: [&str; 9] = [
    "grocery",
    "restaurant",
    "fuel",
    "pharmacy",
    "clothing",
    "household",
    "entertainment",
    "transport",
    "utilities",
];

/// Categories that fraud prefers.
pub(crate) const RISKY_CATEGORIES: [&str; 6] =
    ["electronics", "jewelry", "gift_cards", "gambling", "crypto", "travel"];

/// Merchants that the first migration puts on the block list.
pub(crate) const LISTED_MERCHANTS: [&str; 2] = ["AliExpress", "Shein"];

/// The account that the first migration puts on the block list.
pub(crate) const LISTED_ACCOUNT: &str = "ACC-9999";
