//! Changes of the lists, what they leave behind, and what the consumer makes of them, on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;

fn error(db: &Db, sql: &'static str) -> String {
    db.block_on(async |connection| sqlx::raw_sql(sql).execute(connection).await.unwrap_err().to_string())
}

/// An entry of every kind and match, and what each of these transactions comes to.
#[test]
fn every_kind_and_match_is_compared() {
    let Some(db) = db() else { return };
    db.execute(
        "SELECT list_add('account', 'ACC-1', 'block', 'r', 'exact'), list_add('merchant', 'Ali', 'block', 'r', 'prefix'),
                list_add('category', 'Gambling', 'block', 'r'), list_add('country', 'xx', 'block', 'r'),
                list_add('device', 'D-1', 'block', 'r'), list_add('bin', '4000', 'block', 'r'),
                list_add('ip', '203.0.113.0/24', 'block', 'r'), list_add('ip', '2001:db8::/32', 'block', 'r'),
                list_add('ip', '198.51.100.7', 'block', 'r')",
    );
    let cases = [
        ("ACC-1", "", true),
        ("acc-1", "", false),
        ("B", r#","merchant":"ALIBABA""#, true),
        ("B", r#","merchant":"Bali""#, false),
        ("B", r#","category":"gambling""#, true),
        ("B", r#","category":"gambling and more""#, false),
        ("B", r#","country":"XX""#, true),
        ("B", r#","device_id":"d-1""#, true),
        ("B", r#","card_bin":"400012""#, true),
        ("B", r#","card_bin":"400""#, false),
        ("B", r#","ip":"203.0.113.255""#, true),
        ("B", r#","ip":"::ffff:203.0.113.1""#, true),
        ("B", r#","ip":"203.0.114.0""#, false),
        ("B", r#","ip":"2001:db8:ffff::1""#, true),
        ("B", r#","ip":"2001:db9::1""#, false),
        ("B", r#","ip":"198.51.100.7""#, true),
        ("B", r#","ip":"198.51.100.8""#, false),
        ("B", r#","ip":"not an address""#, false),
    ];
    let log = log();
    let records: Vec<Rec> = cases
        .iter()
        .enumerate()
        .map(|(i, (account, more, _))| transaction(&format!("t{i:02}"), account, "1", MARCH + i as i64, more))
        .collect();
    send(log.as_ref(), &records);
    drain(&log, &db);
    let found = db.rows("SELECT decision FROM current_decisions ORDER BY transaction_id");
    for ((account, more, blocked), decision) in cases.iter().zip(&found) {
        assert_eq!(decision == "BLOCK", *blocked, "{account} {more}: {decision}");
    }
    assert_eq!(found.len(), cases.len());
    assert_eq!(
        db.row(
            "SELECT h->>'kind', h->>'value', h->>'match', h->>'reason', (h->>'entry')::bigint = l.id
             FROM decisions, jsonb_array_elements(explanation->'list_hits') h, list_entries l
             WHERE transaction_id = 't10' AND l.value = '203.0.113.0/24'"
        ),
        "ip,203.0.113.0/24,prefix,r,t"
    );
}

#[test]
fn a_list_is_followed_from_one_batch_to_the_next_and_an_expiry_is_that_of_the_moment() {
    let Some(db) = db() else { return };
    let log = log();
    let decide = |id: &str, more: &str| {
        send(log.as_ref(), &[transaction(id, "ACC-1", "1", MARCH, more)]);
        drain(&log, &db);
        db.row(&format!("SELECT decision FROM current_decisions WHERE transaction_id = '{id}'"))
    };
    let device = r#","device_id":"D-1""#;
    assert_eq!(decide("a", device), "APPROVE");
    db.execute("SELECT list_add('device', 'D-1', 'block', 'stolen', expires => now() + interval '1 hour')");
    assert_eq!(decide("b", device), "BLOCK");
    db.execute("SELECT list_add('account', 'ACC-1', 'allow', 'vouched for')");
    assert_eq!(decide("c", device), "BLOCK", "a block list beats an allow list");
    // The table's owner may set back the clock of an entry; that too is an event.
    db.execute("UPDATE list_entries SET expires_at = now() - interval '1 second' WHERE kind = 'device'");
    assert_eq!(decide("d", device), "APPROVE");
    assert_eq!(db.row("SELECT list_expire()"), "1");
    assert_eq!(db.row("SELECT list_expire()"), "0");
    db.execute("SELECT list_add('device', 'D-1', 'block', 'again')");
    assert_eq!(decide("e", device), "BLOCK");
    assert_eq!(
        db.rows(
            "SELECT change, author = session_user FROM list_events WHERE kind = 'device' ORDER BY number"
        ),
        ["add,t", "change,t", "expire,t", "add,t"]
    );
}

#[test]
fn every_change_is_an_event_an_audit_row_and_a_record() {
    let Some(db) = db() else { return };
    db.execute("SELECT list_add('account', 'ACC-7', 'block', 'stolen')");
    db.execute("SELECT list_add('account', 'acc-7', 'block', 'stolen', expires => now() + interval '1 day')");
    db.execute(
        "SELECT list_add('account', 'acc-7', 'block', 'stolen', expires => (SELECT expires_at FROM list_entries
                                                                         WHERE value = 'ACC-7'))",
    );
    db.execute("SELECT list_remove('account', 'Acc-7', 'block', 'found again')");
    // By hand, as the owner.
    db.execute("INSERT INTO list_entries (kind, value, match, action, reason) VALUES ('merchant', 'M', 'exact', 'watch', 'r')");
    db.execute("DELETE FROM list_entries WHERE value IN ('M', 'Shein')");
    assert_eq!(
        db.rows("SELECT number, change, kind, value, match, action, reason FROM list_events WHERE number > 3 ORDER BY 1"),
        [
            "4,add,account,ACC-7,nocase,block,stolen",
            "5,change,account,ACC-7,nocase,block,stolen",
            "6,remove,account,ACC-7,nocase,block,\"found again\"",
            "7,add,merchant,M,exact,watch,r",
            "8,remove,merchant,Shein,nocase,block,\"deleted by SQL\"",
            "9,remove,merchant,M,exact,watch,\"deleted by SQL\"",
        ],
        "the third list_add changes nothing"
    );
    assert_eq!(
        db.rows(
            "SELECT content->>'kind', (content->>'event')::int, content->>'account_id' FROM audit_log
             WHERE content->>'kind' LIKE 'list%' ORDER BY number"
        ),
        [
            "list_add,4,ACC-7",
            "list_change,5,ACC-7",
            "list_remove,6,ACC-7",
            "list_add,7,",
            "list_remove,8,",
            "list_remove,9,"
        ]
    );
    assert_eq!(
        db.rows(
            "SELECT convert_from(key, 'UTF8'), convert_from(value, 'UTF8')::jsonb->>'reason' FROM outbox
             WHERE topic = 'list_entries' ORDER BY id OFFSET 3"
        ),
        [
            "block:account:nocase:acc-7,stolen",
            "block:account:nocase:acc-7,stolen",
            "block:account:nocase:acc-7,",
            "watch:merchant:exact:M,r",
            "block:merchant:nocase:shein,",
            "watch:merchant:exact:M,",
        ]
    );
    assert_eq!(db.row("SELECT version FROM list_state"), "9");
}

#[test]
fn an_import_is_one_audit_row_that_vouches_for_all_events() {
    let Some(db) = db() else { return };
    let import = "SELECT list_import(array_agg('account'::text), array_agg('A-' || i % 1000), array_agg('block'::text),
                      array_agg('reason ' || i), array_agg(NULL::text), array_agg(NULL::timestamptz))
                  FROM generate_series(1, 1500) i";
    assert_eq!(db.row(import), "1000", "of two alike the later counts");
    assert_eq!(db.row("SELECT reason FROM list_entries WHERE value = 'A-7'"), "\"reason 1007\"");
    assert_eq!(db.row(import), "0", "a second time nothing changes");
    let audited = "SELECT count(*), bool_and(content->>'digest' = list_digest((content->>'first_event')::bigint,
                       (content->>'last_event')::bigint)) FROM audit_log WHERE content->>'kind' = 'list_import'";
    assert_eq!(db.row(audited), "1,t");
    db.execute("ALTER TABLE list_events DISABLE TRIGGER USER; UPDATE list_events SET author = 'nobody' WHERE number = 77");
    assert_eq!(db.row(audited), "1,f", "a superuser changed an event");
}

#[test]
fn what_cannot_be_compared_is_refused_in_words() {
    let Some(db) = db() else { return };
    for (sql, words) in [
        ("SELECT list_add('shop', 'x', 'block', 'r')", "no list of kind 'shop'"),
        ("SELECT list_add('account', 'x', 'deny', 'r')", "no such list: 'deny'"),
        ("SELECT list_add('account', 'x', 'block', ' ')", "needs a reason"),
        ("SELECT list_add('account', ' ', 'block', 'r')", "empty"),
        ("SELECT list_add('account', 'x', 'block', 'r', 'regex')", "no match 'regex'"),
        ("SELECT list_add('account', 'x', 'block', 'r', expires => now())", "cannot expire in the past"),
        ("SELECT list_add('ip', '203.0.113.300', 'block', 'r')", "neither an address nor a network"),
        ("SELECT list_add('ip', '203.0.113.7/24', 'block', 'r')", "has bits right of its mask"),
        ("SELECT list_add('bin', '4000x', 'block', 'r')", "not the first digits of a card"),
        ("SELECT list_remove('account', 'x', 'block', 'r')", "account x (nocase) is not on the block list"),
        ("SELECT list_remove('merchant', 'Shein', 'block', '')", "needs a reason"),
        ("TRUNCATE list_entries", "cannot be truncated"),
        ("UPDATE list_entries SET value = 'x'", "cannot be changed"),
        ("DELETE FROM list_events", "append-only"),
        ("TRUNCATE list_events", "append-only"),
    ] {
        let said = error(&db, sql);
        assert!(said.contains(words), "{sql}: {said}");
    }
    assert_eq!(db.row("SELECT version FROM list_state"), "3", "none of them left anything");
}

/// What a batch decides is by the lists at its moment, whoever changes them at the same time.
#[test]
fn changes_at_once_are_numbered_without_gaps_in_the_order_of_their_commits() {
    let Some(db) = db() else { return };
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let db = &db;
            scope.spawn(move || {
                for i in 0..25 {
                    db.execute(&format!(
                        "SELECT list_add('account', 'A-{}', 'block', 'by {thread}')",
                        i % 10
                    ));
                    if i % 5 == 4 {
                        db.execute(&format!("DELETE FROM list_entries WHERE value = 'A-{}'", i % 10));
                    }
                }
            });
        }
    });
    assert_eq!(
        db.row(
            "SELECT count(*) = max(number), max(number) = (SELECT version FROM list_state) FROM list_events"
        ),
        "t,t"
    );
    let replayed =
        "SELECT DISTINCT ON (kind, lower(value), match, action) entry_id, reason, change FROM list_events
                    ORDER BY kind, lower(value), match, action, number DESC";
    assert_eq!(
        db.rows(&format!(
            "SELECT entry_id, reason FROM ({replayed}) e WHERE change IN ('add', 'change')
             EXCEPT SELECT id, reason FROM list_entries"
        )),
        Vec::<String>::new()
    );
    assert_eq!(
        db.row(&format!(
            "SELECT (SELECT count(*) FROM list_entries) = count(*) FROM ({replayed}) e WHERE change IN ('add', 'change')"
        )),
        "t"
    );
}
