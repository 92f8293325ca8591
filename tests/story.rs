//! The pages docs/tours.md, docs/schema.md and docs/lists-and-analysts.md on rows of a real run: the first week of the
//! labelled file through the shipped rules and the one that the tour writes, with logins of their own for the consumer
//! and for people.
//!
//! `UPDATE_DOCS=1` writes the rows into the pages; otherwise what the pages show must be what the queries give.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "story/page.rs"]
mod page;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use page::Rows;
use sqlx::{Column, Connection, Executor, PgConnection, Row, ValueRef};
use support::{Place, labelled, stderr, stdout};
use tokio::runtime::Runtime;

/// The first rows of the file.
const WEEK_ENDS: &str = "2024-01-08";
const PASSWORD: &str = "s3cret";
/// The logins of the tours, with their roles.
const LOGINS: [(&str, &str); 3] =
    [("streamguard_consumer", "writer"), ("ann", "analyst"), ("olga", "reader")];

/// The place with its logins.
struct Story {
    place: Place,
}

/// A page, on a copy of the run's database: what one page changes, no other sees.
struct Page {
    /// Without login and password.
    database: String,
    runtime: Runtime,
    connections: BTreeMap<String, PgConnection>,
}

impl Story {
    fn begin() -> Option<Self> {
        let place = Place::with_kafka()?;
        place.run(&["db", "migrate"]);
        for (name, role) in LOGINS {
            let mut login = place.streamguard(&["db", "login", "--name", name, "--role", role]);
            succeeded(&login.env("STREAMGUARD_LOGIN_PASSWORD", PASSWORD).output().unwrap());
        }
        Some(Self { place })
    }

    /// The database, as one of the logins.
    fn url(&self, login: &str) -> String {
        let (_, database) = self.place.database.url().rsplit_once('@').unwrap();
        format!("postgres://{login}:{PASSWORD}@{database}")
    }

    /// `streamguard` as the consumer's login, or as the analyst's where it is an analyst's command.
    fn streamguard(&self, args: &[&str]) {
        let mut command = self.place.streamguard(args);
        command.env("DATABASE_URL", self.url("streamguard_consumer"));
        command.env("DATABASE_OWNER_URL", self.place.database.url());
        command.env("DATABASE_ANALYST_URL", self.url("ann"));
        succeeded(&command.output().unwrap());
    }

    /// The load first and then the rules over it: then each decision finds its transaction, and has the same versions
    /// in every run.
    fn run(&self, week: &Path, rules: &Path) {
        self.streamguard(&["producer", "replay", "--input", week.to_str().unwrap(), "--speed", "max"]);
        self.streamguard(&["consumer", "--exit-when-done"]);
        self.streamguard(&["engine", "--rules", rules.to_str().unwrap(), "--exit-when-done"]);
        self.streamguard(&["consumer", "--exit-when-done"]);
    }

    /// A copy of the database as the run has left it.
    fn page(&self) -> Page {
        let (host, run) = self.place.database.url().rsplit_once('/').unwrap();
        let copy = support::unique("page");
        servers::postgres().unwrap().sql(&format!("CREATE DATABASE {copy} TEMPLATE {run}")).unwrap();
        let (_, host) = host.rsplit_once('@').unwrap();
        Page {
            database: format!("{host}/{copy}"),
            runtime: Runtime::new().unwrap(),
            connections: BTreeMap::new(),
        }
    }
}

impl Page {
    /// The database, as one of the logins.
    fn url(&self, login: &str) -> String {
        format!("postgres://{login}:{PASSWORD}@{}", self.database)
    }

    /// Rows of a query, as psql's login of this name sees them.
    fn ask(&mut self, login: &str, query: &str) -> Rows {
        let url = self.url(login);
        let connection = self.connections.entry(login.to_owned()).or_insert_with(|| {
            let mut connection = self.runtime.block_on(PgConnection::connect(&url)).unwrap();
            self.runtime.block_on(connection.execute("SET TIME ZONE 'UTC'")).unwrap();
            connection
        });
        let sql = sqlx::AssertSqlSafe(query.to_owned());
        let rows = self.runtime.block_on(sqlx::raw_sql(sql).fetch_all(connection));
        let rows = rows.unwrap_or_else(|error| panic!("as {login}: {query}\n{error}"));
        let name = |column: &sqlx::postgres::PgColumn| column.name().to_owned();
        Rows {
            names: rows.first().map(|row| row.columns().iter().map(name).collect()).unwrap_or_default(),
            cells: rows.iter().map(cells).collect(),
        }
    }

    /// What a page shows is what its queries give.
    fn check(&mut self, file: &str, least: usize) {
        let shown = source(file);
        let (page, asked) = page::answered(&shown, |login, query| self.ask(login, query));
        assert!(asked >= least, "{file} has {asked} queries");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(support::root().join(file), page).unwrap();
            return;
        }
        let differs = page.lines().zip(shown.lines()).find(|(new, old)| new != old);
        assert!(page == shown, "{file} (UPDATE_DOCS=1 writes it anew): {differs:#?}");
    }
}

fn cells(row: &sqlx::postgres::PgRow) -> Vec<Option<String>> {
    let cell = |column| {
        let value = row.try_get_raw(column).unwrap();
        (!value.is_null()).then(|| value.as_str().unwrap().to_owned())
    };
    (0..row.len()).map(cell).collect()
}

fn source(file: &str) -> String {
    std::fs::read_to_string(support::root().join(file)).unwrap()
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

/// The rule that the tour writes.
fn rule_of_the_tour() -> String {
    let page = source("docs/tours.md");
    page.split_once("```sql rule\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

/// The file of the page on lists, whose third and ninth lines are wrong.
fn import_of_the_page(story: &Story) {
    let card = |i: usize| match i {
        3 => "4000 12,\n".to_owned(),
        9 => "400019,2020-01-01T00:00:00Z\n".to_owned(),
        _ => format!("40001{i},\n"),
    };
    let cards = format!("value,expires_at\n{}", (2..=9).map(card).collect::<String>());
    story.place.write("cards.csv", &cards);
    let page = source("docs/lists-and-analysts.md");
    let (_, shown) = page.split_once("$ streamguard lists import cards.csv").unwrap();
    let shown = shown.split_once('\n').unwrap().1.split_once("```").unwrap().0;
    let reason = "report of 3 May";
    let args = ["lists", "import", "cards.csv", "--kind", "bin", "--list", "block", "--reason", reason];
    let said = story.place.streamguard(&args).env("DATABASE_ANALYST_URL", story.url("ann")).output().unwrap();
    assert_eq!(stderr(&said), shown);
}

/// What a person may call or look at, and the page that shows it.
const SHOWN: &str = "
    SELECT viewname::text AS name FROM pg_views WHERE schemaname = 'public'
    UNION
    SELECT p.proname::text FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
      AND EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 'streamguard_analyst'::regrole)
    ORDER BY 1";

#[test]
fn the_pages_show_what_their_queries_give() {
    let Some(week) = labelled::rows_before(WEEK_ENDS) else { return };
    let Some(story) = Story::begin() else { return };
    let week = story.place.write("week.csv", &week);
    let rules = story.place.shipped_rules();
    std::fs::write(rules.join("late_and_large.sql"), rule_of_the_tour()).unwrap();
    story.streamguard(&[
        "lists",
        "add",
        "merchant",
        "fraud_Torp-Labadie",
        "--list",
        "watch",
        "--reason",
        "a skimmer was found on a pump in December",
    ]);
    story.run(&week, &rules);
    let mut tours = story.page();
    tours.check("docs/tours.md", 25);
    let verified =
        story.place.streamguard(&["db", "verify-audit"]).env("DATABASE_URL", tours.url("olga")).output();
    assert!(stdout(&verified.unwrap()).contains("the audit is as it was written"));

    story.page().check("docs/lists-and-analysts.md", 13);
    import_of_the_page(&story);

    let mut schema = story.page();
    schema.check("docs/schema.md", 40);
    let page = source("docs/schema.md");
    for row in schema.ask("olga", SHOWN).cells {
        let name = row[0].clone().unwrap();
        let queries: Vec<&str> =
            page.split("```sql\n").skip(1).filter_map(|q| q.split("```").next()).collect();
        assert!(queries.iter().any(|query| query.contains(&name)), "docs/schema.md has no query with {name}");
    }
}
