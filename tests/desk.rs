//! What people do in a shell: lists, labels, investigations and blocks; and what they are told where they are wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Output;
use std::time::Duration;

use support::{Place, stderr, stdout};

const LIMIT: Duration = Duration::from_secs(300);
/// t1 is large enough for a review, t2's merchant is on the block list that comes along.
const TRANSACTIONS: &str = "\
transaction_id,event_time,account_id,category,merchant,amt,is_fraud
t1,2026-03-01T12:00:00Z,a1,shopping,Corner Shop,6000.00,0
t2,2026-03-01T12:01:00Z,a2,shopping,Shein,12.00,0
t3,2026-03-01T12:02:00Z,a3,shopping,Corner Shop,15.00,0
";

/// The place, with an analyst's login and one that may only read.
struct Desk {
    place: Place,
}

impl Desk {
    fn new() -> Option<Self> {
        let place = Place::new()?;
        place.run(&["db", "migrate"]);
        for (name, role) in [("ann", "analyst"), ("olga", "reader")] {
            let mut login = place.streamguard(&["db", "login", "--name", name, "--role", role]);
            assert!(login.env("STREAMGUARD_LOGIN_PASSWORD", "s3cret").output().unwrap().status.success());
        }
        Some(Self { place })
    }

    fn run_as(&self, login: &str, args: &[&str]) -> Output {
        let (_, database) = self.place.database.url().rsplit_once('@').unwrap();
        let url = format!("postgres://{login}:s3cret@{database}");
        self.place.streamguard(args).env("DATABASE_ANALYST_URL", url).output().unwrap()
    }

    /// What Ann is told where it succeeds.
    fn says(&self, args: &[&str]) -> String {
        let output = self.run_as("ann", args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    }

    /// What she is told where it is refused, with this status and these words.
    fn refuses(&self, args: &[&str], status: i32, words: &[&str]) {
        refused(&self.run_as("ann", args), args, status, words);
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        self.place.database.rows(sql)
    }
}

fn refused(output: &Output, args: &[&str], status: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?}: `{word}` is missing in:\n{said}");
    }
    assert!(!said.contains("panicked") && !said.contains("s3cret"), "{args:?}: {said}");
}

const ENTRIES: &str =
    "SELECT kind, value, match, action, reason FROM list_entries WHERE author = 'ann' ORDER BY kind, value";

#[test]
fn lists_are_changed_and_looked_at() {
    let Some(desk) = Desk::new() else { return };
    let said = desk.says(&[
        "lists",
        "add",
        "merchant",
        "Example",
        "--match",
        "prefix",
        "--reason",
        "never delivers",
    ]);
    assert!(said.starts_with("merchant Example is on the block list, as entry "), "{said}");
    desk.says(&["lists", "add", "ip", "203.0.113.7", "--list", "watch", "--reason", "card testing"]);
    let file = desk.place.write("cards.csv", "value,reason\n400012,report of 3 May\n400013,\n");
    let file = file.to_str().unwrap();
    let import = ["lists", "import", file, "--kind", "bin", "--list", "block", "--reason", "stolen"];
    assert_eq!(desk.says(&import), "2 rows read, 2 entries added or changed\n");
    assert_eq!(desk.says(&import), "2 rows read, 0 entries added or changed\n", "again");
    let entries = [
        "bin|400012|prefix|block|report of 3 May",
        "bin|400013|prefix|block|stolen",
        "ip|203.0.113.7/32|prefix|watch|card testing",
        "merchant|Example|prefix|block|never delivers",
    ];
    assert_eq!(desk.rows(ENTRIES), entries);

    let shown = desk.says(&["lists", "show", "--kind", "bin"]);
    assert!(shown.contains("400012") && shown.contains("ann") && !shown.contains("Example"), "{shown}");
    assert!(desk.says(&["lists", "show", "--limit", "1"]).contains("more (--limit, or lists export)"));
    assert_eq!(desk.says(&["lists", "show", "--containing", "nothing"]), "there are no such entries\n");

    // What export writes, import reads, in both formats.
    for (format, name) in [("csv", "all.csv"), ("json", "all.jsonl")] {
        let exported = desk.says(&["lists", "export", "--list", "block", "--format", format]);
        let file = desk.place.write(name, &exported);
        let said =
            desk.says(&["lists", "remove", "merchant", "example", "--match", "prefix", "--reason", "test"]);
        assert!(said.starts_with("merchant example is off the block list; it was entry "), "{said}");
        let said = desk.says(&["lists", "import", file.to_str().unwrap()]);
        assert!(said.ends_with(" rows read, 1 entries added or changed\n"), "{said}");
        assert_eq!(desk.rows(ENTRIES), entries, "{format}");
    }
    assert_eq!(
        desk.rows("SELECT change, count(*) FROM list_events WHERE author = 'ann' GROUP BY 1 ORDER BY 1"),
        ["add|6", "remove|2"]
    );
}

#[test]
fn a_wrong_list_entry_is_refused_with_the_reason() {
    let Some(desk) = Desk::new() else { return };
    let why = ["--reason", "r"];
    let add = |args: &[&'static str]| [&["lists", "add"], args, &why].concat();
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (&["shop", "X"], 2, &["'shop'", "one of account, bin"]),
        (&["merchant", "X", "--list", "black"], 2, &["'black'", "one of block, allow, watch"]),
        (&["ip", "300.1.2.3"], 2, &["300.1.2.3"]),
        (&["bin", "4000 12"], 2, &["4000 12"]),
        (&["merchant", "X", "--expires", "2020-01-01T00:00:00Z"], 2, &["past"]),
    ];
    for (args, status, words) in cases {
        desk.refuses(&add(args), status, words);
    }
    desk.refuses(&["lists", "add", "merchant", "X"], 2, &["--reason"]);
    desk.refuses(&["lists", "add", "merchant", "X", "--reason", " "], 2, &["reason"]);
    desk.refuses(&["lists", "remove", "merchant", "Nobody", "--reason", "r"], 2, &["Nobody"]);
    desk.refuses(&["lists", "import", "no/such.csv", "--kind", "bin", "--reason", "r"], 2, &["no/such.csv"]);
    let file =
        desk.place.write("wrong.csv", "value,expires_at\n400012,\n4000 12,\n400014,2020-01-01T00:00:00Z\n");
    let import =
        ["lists", "import", file.to_str().unwrap(), "--kind", "bin", "--list", "block", "--reason", "r"];
    desk.refuses(&import, 2, &["line 3", "4000 12", "line 4", "2 lines are wrong: nothing was imported"]);
    let no_list = ["lists", "import", file.to_str().unwrap(), "--kind", "bin", "--reason", "r"];
    desk.refuses(&no_list, 2, &["line 2: no action: neither the row nor --list says it"]);
    let args = ["lists", "add", "merchant", "X", "--reason", "r"];
    refused(&desk.run_as("olga", &args), &args, 2, &["permission denied", "--role analyst"]);
    assert_eq!(desk.rows(ENTRIES), Vec::<String>::new());
}

#[test]
fn labels_investigations_and_blocks() {
    let Some(desk) = Desk::new() else { return };
    let file = desk.place.write("load.csv", TRANSACTIONS);
    let rules = support::root().join("rules");
    let args = ["standalone", "--rules", rules.to_str().unwrap(), "--input", file.to_str().unwrap()];
    desk.place.start("standalone", &[&args[..], &["--exit-when-done"]].concat()).succeed(LIMIT);
    let alert = desk.rows("SELECT alert_id FROM fraud_alerts WHERE transaction_id = 't1'").remove(0);

    let said =
        desk.says(&["label", "--transaction", "t2", "fraud", "--reason", "counterfeit", "--kind", "goods"]);
    assert!(said.starts_with("transaction t2 is labelled"), "{said}");
    let said = desk.says(&["label", "--alert", &alert, "legitimate", "--reason", "a new car"]);
    assert!(said.starts_with("1 transactions of alert"), "{said}");
    let labels = "SELECT transaction_id, is_fraud, kind FROM labels WHERE transaction_id <> 't3' ORDER BY 1";
    assert_eq!(desk.rows(labels), ["t1|f|", "t2|t|goods"]);
    desk.refuses(&["label", "--transaction", "t9", "fraud", "--reason", "r"], 2, &["no transaction 't9'"]);
    desk.refuses(&["label", "--alert", "t1", "fraud", "--reason", "r"], 2, &["t1"]);
    let nobody = "00000000-0000-0000-0000-000000000000";
    desk.refuses(&["label", "--alert", nobody, "fraud", "--reason", "r"], 2, &["no alert", nobody]);
    desk.refuses(
        &["label", "--transaction", "t1", "perhaps", "--reason", "r"],
        2,
        &["perhaps", "legitimate"],
    );
    desk.refuses(&["label", "fraud", "--reason", "r"], 2, &["--transaction", "--alert"]);

    let of = |account: &str| {
        desk.rows(&format!("SELECT id FROM investigations WHERE account_id = '{account}'")).remove(0)
    };
    let (first, second) = (of("a1"), of("a2"));
    let listed = desk.says(&["investigations", "list"]);
    assert!(listed.find("a2").unwrap() < listed.find("a1").unwrap(), "the highest score first: {listed}");
    desk.says(&["investigations", "assign", &first]);
    desk.says(&["investigations", "assign", &second, "--to", "bert"]);
    assert!(desk.says(&["investigations", "list"]).contains("bert"));
    desk.says(&["investigations", "close", &first, "legitimate", "--note", "a new car"]);
    desk.refuses(&["investigations", "close", &first, "fraud"], 2, &["closed by ann"]);
    desk.refuses(&["investigations", "assign", "4711"], 2, &["no investigation 4711"]);
    desk.refuses(&["investigations", "close", &second, "maybe"], 2, &["maybe", "inconclusive"]);
    let listed = desk.says(&["investigations", "list"]);
    assert!(
        !listed.contains("a1 ") && desk.says(&["investigations", "list", "--all"]).contains("legitimate")
    );

    let said = desk.says(&["accounts", "unblock", "a2", "--reason", "the goods were sent back"]);
    assert_eq!(said, "account a2 is not blocked any more\n");
    desk.refuses(&["accounts", "unblock", "a2", "--reason", "again"], 2, &["account 'a2' is not blocked"]);
    desk.refuses(&["accounts", "unblock", "a1"], 2, &["--reason"]);
    let args = ["accounts", "unblock", "a2", "--reason", "r"];
    refused(&desk.run_as("olga", &args), &args, 2, &["permission denied", "--role analyst"]);
    assert_eq!(
        desk.rows("SELECT actor, kind, why FROM audit_trail WHERE actor = 'ann' ORDER BY number"),
        [
            "ann|label_transaction|counterfeit",
            "ann|label_alert|a new car",
            "ann|assign_investigation|",
            "ann|assign_investigation|",
            "ann|close_investigation|a new car",
            "ann|unblock_account|the goods were sent back"
        ]
    );
}
