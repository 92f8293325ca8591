//! A page of queries, each with the rows that it gives.
//!
//! What enters: a page whose queries stand in blocks of `sql`, and who is asked. What leaves: the same page, each
//! query followed by a block of `text` with its rows as psql prints them. What holds: `<!-- as NAME -->` on a line of
//! its own says whose login runs what follows; a query that no rows follow must have said `<!-- rows vary -->`.

use std::fmt::Write;

/// The rows of a query: names of columns, then cells; None: NULL.
pub(crate) struct Rows {
    pub(crate) names: Vec<String>,
    pub(crate) cells: Vec<Vec<Option<String>>>,
}

/// Wider than this, a row is written a column a line.
const WIDEST: usize = 150;

/// The page with the rows that `ask(login, query)` gives; and how many queries it has.
pub(crate) fn answered(page: &str, mut ask: impl FnMut(&str, &str) -> Rows) -> (String, usize) {
    let (mut out, mut login, mut asked, mut varies) = (String::new(), String::new(), 0, false);
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        out.extend([line, "\n"]);
        if let Some(name) = line.strip_prefix("<!-- as ").and_then(|rest| rest.strip_suffix(" -->")) {
            name.clone_into(&mut login);
        }
        varies |= line == "<!-- rows vary -->";
        if line != "```sql" {
            continue;
        }
        let query: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        out.extend([&query.join("\n"), "\n```\n"]);
        asked += 1;
        let rows = ask(&login, &query.join("\n"));
        skip_old(&mut lines);
        if !std::mem::take(&mut varies) {
            let _ = write!(out, "\n```text\n{}```\n", text(&rows));
        }
    }
    (out, asked)
}

/// Passes over the rows that the page has.
fn skip_old<'a>(lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str> + Clone>) {
    let mut ahead = lines.clone();
    if ahead.next() == Some("") && ahead.next() == Some("```text") {
        let rows = lines.by_ref().take_while(|line| *line != "```").count();
        assert!(rows > 0, "rows without an end");
    }
}

/// As psql prints rows.
fn text(rows: &Rows) -> String {
    let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
    let table: Vec<Vec<String>> =
        rows.cells.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>()).collect();
    let broken = table.iter().flatten().any(|cell| cell.contains('\n'));
    let width = |column: usize| {
        let widths = table.iter().map(|row| row[column].chars().count());
        widths.chain([rows.names[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.names.len()).map(width).collect();
    match broken || widths.iter().map(|width| width + 3).sum::<usize>() > WIDEST {
        true => records(&rows.names, &table),
        false => aligned(&rows.names, &table, &widths),
    }
}

fn aligned(names: &[String], table: &[Vec<String>], widths: &[usize]) -> String {
    let is_number = |text: &String| text.is_empty() || text.parse::<f64>().is_ok();
    let to_the_right: Vec<bool> =
        (0..names.len()).map(|i| table.iter().all(|row| is_number(&row[i]))).collect();
    let line = |cells: &[String], right: &[bool]| {
        let cell = |i: usize| match right[i] {
            true => format!(" {:>width$} ", cells[i], width = widths[i]),
            false => format!(" {:<width$} ", cells[i], width = widths[i]),
        };
        (0..cells.len()).map(cell).collect::<Vec<_>>().join("|").trim_end().to_owned() + "\n"
    };
    let mut out = String::new();
    if !names.is_empty() {
        out += &line(names, &vec![false; names.len()]);
        out += &(widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("+") + "\n");
    }
    out.extend(table.iter().map(|row| line(row, &to_the_right)));
    out + &match table.len() {
        1 => "(1 row)\n".to_owned(),
        n => format!("({n} rows)\n"),
    }
}

fn records(names: &[String], table: &[Vec<String>]) -> String {
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (number, row) in table.iter().enumerate() {
        let _ = writeln!(out, "-[ RECORD {} ]", number + 1);
        for (name, cell) in names.iter().zip(row) {
            for (i, line) in cell.split('\n').enumerate() {
                let name = if i == 0 { name.as_str() } else { "" };
                out += format!("{name:<width$} | {line}").trim_end();
                out.push('\n');
            }
        }
    }
    out
}
