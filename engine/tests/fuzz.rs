//! Any text up to 64 KiB is answered by the whole front end, parser, binder and plan: with a program or with
//! diagnostics that can be printed; without a panic, soon, on the stack that threads have by default.
//!
//! The text has structure, so that it gets past the parser: valid programs with tokens swapped, dropped and
//! repeated, or with other programs' pieces in their place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::time::{Duration, Instant};

use cases::cases;
use engine::sql::{LoadOptions, Purpose, RenderStyle, Severity, SourceFile, load};
use proptest::prelude::*;

const STACK_BYTES: usize = 2 << 20;
/// A debug build on a busy machine; a hang is far beyond it.
const LIMIT: Duration = Duration::from_secs(30);

const PROGRAM: &str = "
SET 'ksql.output.topic.name.prefix' = 'p_' ;
DEFINE limit = '5' ;
CREATE TYPE point AS STRUCT < x DOUBLE , y DOUBLE > ;
CREATE STREAM t ( k VARCHAR KEY , a BIGINT , d DECIMAL ( 9 , 2 ) , s VARCHAR , ts TIMESTAMP , l ARRAY < INT > ,
  m MAP < VARCHAR , DOUBLE > , p STRUCT < x INT , y VARCHAR > , b BYTES )
  WITH ( KAFKA_TOPIC = 't' , VALUE_FORMAT = 'JSON' , KEY_FORMAT = 'KAFKA' , TIMESTAMP = 'ts' , PARTITIONS = 3 ) ;
CREATE TABLE u ( k VARCHAR PRIMARY KEY , n INT ) WITH ( KAFKA_TOPIC = 'u' , FORMAT = 'DELIMITED' ) ;
CREATE STREAM w ( k VARCHAR KEY , n INT ) WITH ( KAFKA_TOPIC = 'w' , VALUE_FORMAT = 'JSON' ,
  WINDOW_TYPE = 'TUMBLING' , WINDOW_SIZE = '5 SECONDS' ) ;
CREATE STREAM f AS SELECT k , a + d AS e , UCASE ( s ) || '!' AS g , l [ 1 ] AS h , p -> x AS i , m [ 'x' ] AS j
  FROM t WHERE a > ${limit} AND s LIKE '%x' ESCAPE '!' OR l IS NOT NULL EMIT CHANGES ;
CREATE STREAM r WITH ( KEY_FORMAT = 'JSON' ) AS SELECT * FROM t PARTITION BY s , a ;
CREATE STREAM x AS SELECT k , EXPLODE ( l ) AS one FROM t ;
CREATE STREAM z AS SELECT k , TRANSFORM ( l , ( v ) => v + 1 ) AS q , CASE WHEN a = 1 THEN 'a' ELSE s END AS c ,
  CAST ( a AS DECIMAL ( 5 , 1 ) ) AS y , a IN ( 1 , 2 , NULL ) AS o , STRUCT ( x := a , y := s ) AS v FROM t ;
--@severity: high
CREATE TABLE v WITH ( KAFKA_TOPIC = 'fraud_alerts' ) AS SELECT k , COUNT ( * ) AS n , SUM ( d ) AS e ,
  LATEST_BY_OFFSET ( s ) AS last , WINDOWSTART AS ws FROM t WINDOW HOPPING ( SIZE 1 MINUTE , ADVANCE BY 10 SECONDS ,
  RETENTION 1 DAY , GRACE PERIOD 5 SECONDS ) WHERE a BETWEEN 1 AND 9 GROUP BY k HAVING COUNT ( * ) > 3 EMIT FINAL ;
CREATE TABLE c AS SELECT s , COUNT_DISTINCT ( a ) AS n FROM t GROUP BY s ;
CREATE STREAM j AS SELECT t . k , t . a , u . n FROM t LEFT JOIN u ON t . k = u . k ;
INSERT INTO f SELECT k , a + d AS e , s AS g , 1 AS h , 2 AS i , 3e0 AS j FROM t ;
INSERT INTO t ( k , a , s ) VALUES ( 'k' , -1 , 'x' ) ;
DESCRIBE t ; SHOW STREAMS ; EXPLAIN CSAS_F_0 ; DROP STREAM IF EXISTS x DELETE TOPIC ;
";

fn tokens() -> Vec<&'static str> {
    PROGRAM.split_inclusive([' ', '\n']).collect()
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap();
}

/// Loads the text as rules and as a replay; prints what is found.
fn answered(text: &str) {
    let began = Instant::now();
    for purpose in [Purpose::Replay, LoadOptions::default().purpose] {
        let files = vec![SourceFile { name: "any.sql".into(), text: text.to_owned() }];
        let options = LoadOptions { purpose, ..LoadOptions::default() };
        match load(files, &options) {
            Ok(loaded) => assert!(loaded.program.queries.len() <= text.len()),
            Err(diagnostics) => {
                assert!(!diagnostics.list.is_empty());
                assert!(!diagnostics.render(RenderStyle::Plain).is_empty());
            }
        }
    }
    assert!(began.elapsed() < LIMIT, "{:?} for {} bytes", began.elapsed(), text.len());
}

/// What happens to the token at a place.
#[derive(Debug, Clone)]
enum Change {
    Drop,
    Repeat,
    /// Another token of the program in its place.
    Replace(prop::sample::Index),
    /// So many tokens from elsewhere before it.
    Insert(prop::sample::Index, usize),
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, Change)>> {
    let change = prop_oneof![
        Just(Change::Drop),
        Just(Change::Repeat),
        any::<prop::sample::Index>().prop_map(Change::Replace),
        (any::<prop::sample::Index>(), 1..8usize).prop_map(|(from, count)| Change::Insert(from, count)),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), change), 1..6)
}

fn changed(changes: &[(prop::sample::Index, Change)]) -> String {
    let all = tokens();
    let mut text = all.clone();
    for (at, change) in changes {
        let at = at.index(text.len());
        match change {
            Change::Drop => drop(text.remove(at)),
            Change::Repeat => text.insert(at, text[at]),
            Change::Replace(with) => text[at] = all[with.index(all.len())],
            Change::Insert(from, count) => {
                let from = from.index(all.len());
                text.splice(at..at, all[from..(from + count).min(all.len())].iter().copied());
            }
        }
    }
    text.concat()
}

#[test]
fn what_is_changed_is_valid_but_for_what_is_not_supported_yet() {
    let files = vec![SourceFile { name: "any.sql".into(), text: PROGRAM.to_owned() }];
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    if let Err(diagnostics) = load(files, &options) {
        let wrong: Vec<_> = diagnostics
            .list
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .filter(|one| !["unsupported", "unknown_function"].contains(&one.code))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn long_programs_are_answered_soon() {
    on_a_small_stack(|| {
        let (sources, rest) = PROGRAM.split_at(PROGRAM.find("CREATE STREAM f").unwrap());
        let filter = rest.split_inclusive(';').next().unwrap();
        let renamed = |i: usize| filter.replacen("STREAM f", &format!("STREAM f{i}"), 1);
        let mut text = sources.to_owned();
        (0..).map(renamed).take_while(|next| next.len() < 1_000).take(150).for_each(|next| text += &next);
        answered(&text);
        answered(&PROGRAM.repeat((64 << 10) / PROGRAM.len()));
        answered(&format!(
            "{sources} CREATE STREAM f AS SELECT k , {} FROM t ;",
            "a + 1 , ".repeat(8_000) + "a"
        ));
        answered(&format!(
            "{sources} CREATE STREAM f AS SELECT k FROM t WHERE {} TRUE ;",
            "a = 1 OR ".repeat(7_000)
        ));
        answered(&"(".repeat(64 << 10));
    });
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn changed_programs_are_answered(changes in changes()) {
        answered(&changed(&changes));
    }

    #[test]
    fn any_expression_is_answered(tokens in prop::collection::vec(prop::sample::select(tokens()), 1..12)) {
        let head = &PROGRAM[..PROGRAM.find("CREATE STREAM f").unwrap()];
        answered(&format!("{head} CREATE STREAM f AS SELECT k , {} AS e FROM t ;", tokens.concat()));
    }
}
