//! Which column holds which field.
//!
//! What enters: the header line and what the user maps. What leaves: indexes. What holds: a mapped column
//! goes before a field's own name, that before other names it is known by; every required field has one.

use std::path::Path;

use events::Transaction;

use crate::error::Error;

/// The fields that every transaction has.
const REQUIRED: [&str; 4] = ["transaction_id", "account_id", "amount", "timestamp"];

/// The truth about the row; it never becomes part of the transaction.
const LABEL: &str = "is_fraud";

/// Names that columns of labelled card files have.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("event_time", "timestamp"),
    ("amt", "amount"),
    ("merch_lat", "latitude"),
    ("merch_long", "longitude"),
    ("lat", "latitude"),
    ("long", "longitude"),
];

/// Sets an optional field from a cell that is not empty.
pub(super) type Setter = fn(&mut Transaction, &str) -> Result<(), String>;

fn number(text: &str) -> Result<Option<f64>, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Some).ok_or_else(|| format!("\"{text}\" is not a number"))
}

/// 0, 1, true or false in any case.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" => Ok(true),
        "0" | "false" | "f" | "no" => Ok(false),
        _ => Err(format!("\"{text}\" is neither 0 nor 1, true nor false")),
    }
}

macro_rules! texts {
    ($($field:ident),*) => {
        [$((stringify!($field), (|t, text| { t.$field = Some(text.to_owned()); Ok(()) }) as Setter)),*]
    };
}

const TEXTS: [(&str, Setter); 11] = texts!(
    currency,
    merchant,
    category,
    country,
    city,
    channel,
    card_bin,
    terminal_id,
    counterparty_account_id,
    device_id,
    ip
);

const OTHERS: [(&str, Setter); 4] = [
    ("latitude", |t, text| number(text).map(|n| t.latitude = n)),
    ("longitude", |t, text| number(text).map(|n| t.longitude = n)),
    ("card_present", |t, text| truth(text).map(|b| t.card_present = Some(b))),
    ("transaction_type", |t, text| text.parse().map(|kind| t.transaction_type = Some(kind))),
];

/// Which column holds which field.
#[derive(Debug)]
pub(super) struct Columns {
    /// The header line.
    pub(super) names: Vec<String>,
    /// In the order of [`REQUIRED`].
    pub(super) required: [usize; 4],
    /// The truth.
    pub(super) label: Option<usize>,
    /// The optional fields that have a column.
    pub(super) optional: Vec<(&'static str, usize, Setter)>,
    /// Mapped to names that the contract does not know: sent as texts.
    pub(super) extra: Vec<(String, usize)>,
}

impl Columns {
    /// Finds every field's column.
    pub(super) fn resolve(path: &Path, names: Vec<String>, map: &[(String, String)]) -> Result<Self, Error> {
        let mapped = mapped(path, &names, map)?;
        let find = |field: &str| find(&names, &mapped, field);
        let required = REQUIRED.map(find);
        let missing: Vec<&str> =
            REQUIRED.iter().zip(&required).filter(|(_, at)| at.is_none()).map(|(f, _)| *f).collect();
        if let Some(first) = missing.first() {
            return Err(Error::Columns {
                path: path.to_owned(),
                missing: missing.join(", "),
                columns: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
                example: format!("{}={first}", names.first().map_or("COLUMN", String::as_str)),
            });
        }
        let optional = TEXTS.into_iter().chain(OTHERS);
        let optional: Vec<_> = optional.filter_map(|(field, set)| Some((field, find(field)?, set))).collect();
        let label = find(LABEL);
        let known = |field: &str| {
            REQUIRED.contains(&field) || field == LABEL || optional.iter().any(|(f, _, _)| *f == field)
        };
        let extra = mapped
            .iter()
            .filter(|(_, field)| !known(field))
            .map(|(at, field)| ((*field).to_owned(), *at))
            .collect();
        let columns =
            Self { required: required.map(Option::unwrap_or_default), label, optional, extra, names };
        columns.tell_unused();
        Ok(columns)
    }

    /// The name of a column.
    pub(super) fn name(&self, at: usize) -> String {
        self.names.get(at).cloned().unwrap_or_else(|| format!("column {}", at + 1))
    }

    fn tell_unused(&self) {
        let used = |at: usize| {
            self.required.contains(&at)
                || self.label == Some(at)
                || self.optional.iter().any(|(_, a, _)| *a == at)
                || self.extra.iter().any(|(_, a)| *a == at)
        };
        let unused: Vec<&str> =
            (0..self.names.len()).filter(|at| !used(*at)).map(|at| self.names[at].as_str()).collect();
        if !unused.is_empty() {
            tracing::info!(
                "columns that no field takes: {} (--map COLUMN=FIELD sends one)",
                unused.join(", ")
            );
        }
    }
}

/// The columns that the user maps, by index.
pub(super) fn mapped<'m>(
    path: &Path,
    names: &[String],
    map: &'m [(String, String)],
) -> Result<Vec<(usize, &'m str)>, Error> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (column, field) in map {
        let at = names.iter().position(|name| name == column).ok_or_else(|| {
            Error::Setting(format!(
                "--map {column}={field}: {} has no column {column}; it has {}",
                path.display(),
                names.join(", ")
            ))
        })?;
        if found.iter().any(|(_, other)| other == field) {
            return Err(Error::Setting(format!("--map {column}={field}: {field} is mapped twice")));
        }
        found.push((at, field));
    }
    Ok(found)
}

/// A column that is mapped to another field does not count by its own name.
fn find(names: &[String], mapped: &[(usize, &str)], field: &str) -> Option<usize> {
    let free = |at: &usize| mapped.iter().all(|(taken, _)| taken != at);
    let named = |wanted: &str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted)).filter(free);
    let other = || OTHER_NAMES.iter().filter(|(_, f)| *f == field).find_map(|(name, _)| named(name));
    mapped.iter().find(|(_, f)| *f == field).map(|(at, _)| *at).or_else(|| named(field)).or_else(other)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn resolve(header: &str, map: &[(&str, &str)]) -> Result<Columns, String> {
        let names = header.split(',').map(str::to_owned).collect();
        let map: Vec<_> = map.iter().map(|(c, f)| ((*c).to_owned(), (*f).to_owned())).collect();
        Columns::resolve(Path::new("x.csv"), names, &map).map_err(|e| e.to_string())
    }

    #[test]
    fn labelled_card_files_are_recognised() {
        let header =
            "transaction_id,event_time,account_id,category,merchant,amt,merch_lat,merch_long,is_fraud";
        let columns = resolve(header, &[]).unwrap();
        assert_eq!((columns.required, columns.label), ([0, 2, 5, 1], Some(8)));
        let fields: Vec<_> = columns.optional.iter().map(|(f, at, _)| (*f, *at)).collect();
        assert_eq!(fields, [("merchant", 4), ("category", 3), ("latitude", 6), ("longitude", 7)]);
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_out() {
        let message = resolve("id,who,amt", &[("who", "account_id")]).unwrap_err();
        assert_eq!(
            message,
            "x.csv: no column for transaction_id, timestamp; the columns are id, who, amt. Name the column of \
             each with --map COLUMN=FIELD, for one --map id=transaction_id"
        );
        assert!(resolve("id", &[("nope", "amount")]).unwrap_err().contains("has no column nope"));
        assert!(resolve("a,b", &[("a", "amount"), ("b", "amount")]).unwrap_err().contains("mapped twice"));
    }

    #[test]
    fn a_mapped_column_goes_first_and_new_names_are_kept() {
        let header = "transaction_id,account_id,amount,amt,timestamp,mcc";
        let columns = resolve(header, &[("amt", "amount"), ("mcc", "mcc_code")]).unwrap();
        assert_eq!(columns.required, [0, 1, 3, 4]);
        assert_eq!(columns.extra, [("mcc_code".to_owned(), 5)]);
    }
}
