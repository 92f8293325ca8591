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
CREATE TABLE cc WITH ( VALUE_FORMAT = 'JSON' ) AS SELECT n , COUNT ( * ) AS m , COLLECT_LIST ( k ) AS l FROM u GROUP BY n ;
CREATE TABLE ss AS SELECT k , COUNT ( * ) AS n , MAX ( a ) AS m FROM t
  WINDOW SESSION ( 5 MINUTES , RETENTION 1 DAY , GRACE PERIOD 1 HOUR ) GROUP BY k ;
--@emit: first
--@cooldown: 10 MINUTES
--@mode: shadow
CREATE TABLE q WITH ( KAFKA_TOPIC = 'fraud_alerts' ) AS SELECT k , SUM ( a ) AS n FROM t
  WINDOW TUMBLING ( SIZE 1 HOUR ) GROUP BY k HAVING SUM ( a ) > 100 EMIT CHANGES ;
CREATE STREAM hh ( k VARCHAR KEY , a BIGINT , h ARRAY < STRUCT < key VARCHAR , value BYTES > > HEADERS ) WITH ( KAFKA_TOPIC = 'hh' , VALUE_FORMAT = 'JSON' ) ;
CREATE STREAM hi AS SELECT k , a , h [ 1 ] -> key AS first FROM hh ;
CREATE STREAM ho ( k VARCHAR KEY , o BYTES HEADER ( 'origin' ) ) WITH ( KAFKA_TOPIC = 'ho' , VALUE_FORMAT = 'JSON' ) ;
CREATE STREAM hf AS SELECT k , FROM_BYTES ( o , 'utf8' ) AS text FROM ho ;
CREATE TABLE u2 ( id INT PRIMARY KEY , k VARCHAR , b BIGINT ) WITH ( KAFKA_TOPIC = 'u2' , FORMAT = 'JSON' ) ;
CREATE TABLE u3 ( k VARCHAR PRIMARY KEY , c DOUBLE ) WITH ( KAFKA_TOPIC = 'u3' , FORMAT = 'JSON' ) ;
CREATE STREAM t2 ( k VARCHAR KEY , e BIGINT , at2 TIMESTAMP ) WITH ( KAFKA_TOPIC = 't2' , VALUE_FORMAT = 'JSON' ) ;
CREATE STREAM j AS SELECT t . k , t . a , u . n FROM t LEFT JOIN u ON t . k = u . k ;
CREATE STREAM j2 AS SELECT ROWKEY , x . a , y . e FROM t x FULL OUTER JOIN t2 y
  WITHIN ( 1 HOUR , 5 MINUTES ) GRACE PERIOD 1 DAY ON x . k = y . k PARTITION BY ROWKEY EMIT CHANGES ;
CREATE STREAM j3 AS SELECT t . k , t . a , t2 . e , u3 . c FROM t JOIN t2 WITHIN 10 SECONDS ON t . k = t2 . k
  LEFT JOIN u3 ON t . k = u3 . k WHERE t2 . e > 3 ;
CREATE TABLE j4 AS SELECT u2 . id , u2 . b , u3 . c FROM u2 LEFT JOIN u3 ON u2 . k = u3 . k ;
CREATE TABLE j5 AS SELECT u . k , u . n , u3 . c FROM u JOIN u3 ON u . k = u3 . k ;
CREATE STREAM zz AS SELECT k , REDUCE ( l , 0 , ( s , x ) => s + x ) AS r ,
  FILTER ( m , ( mk , mv ) => mk LIKE 'a%' AND mv > 0 ) AS o , p -> * , ARRAY [ a , 2 ] AS g ,
  MAP ( 'x' := d ) AS mm , CAST ( '2024-01-02' AS DATE ) AS dd , UUID ( ) AS id , FROM_BYTES ( b , 'hex' ) AS hb FROM t
  WHERE a IS DISTINCT FROM 3 AND d NOT BETWEEN 1.5 AND 9 ;
INSERT INTO f SELECT k , a + d AS e , s AS g , 1 AS h , 2 AS i , 3e0 AS j FROM t ;
INSERT INTO t ( k , a , s ) VALUES ( 'k' , -1 , 'x' ) ;
CREATE OR REPLACE STREAM f AS SELECT k , a + d AS e , UCASE ( s ) AS g , l [ 1 ] AS h , p -> x AS i , m [ 'x' ] AS j ,
  a AS extra FROM t WHERE a > 7 ;
UNSET 'ksql.output.topic.name.prefix' ; UNDEFINE limit ; DESCRIBE t EXTENDED ; LIST TOPICS ; DROP TYPE point ;
ASSERT VALUES t ( ROWTIME , k , a ) VALUES ( 5 , 'k' , -1 ) ; ASSERT NULL VALUES u ( k ) KEY ( 'k' ) ;
ASSERT STREAM x ; ASSERT NOT EXISTS TOPIC no WITH ( PARTITIONS = 3 ) TIMEOUT 5 SECONDS ; DESCRIBE FUNCTION len ;
EXPLAIN INSERT INTO f SELECT * FROM f ; SHOW TYPES ; SHOW PROPERTIES ; LIST VARIABLES ; SHOW TABLES EXTENDED ;
DESCRIBE t ; SHOW STREAMS ; EXPLAIN CSAS_F_0 ; DROP STREAM IF EXISTS x DELETE TOPIC ;
";

/// What can stand in itself.
const NESTED: [(&str, &str, &str); 9] = [
    ("( ", "a", " )"),
    ("ARRAY [ ", "a", " ]"),
    ("STRUCT ( x := ", "a", " )"),
    ("MAP ( 'x' := ", "a", " )"),
    ("CASE WHEN TRUE THEN ", "a", " ELSE NULL END"),
    ("TRANSFORM ( l , x => ", "x", " )"),
    ("CAST ( ", "a", " AS BIGINT )"),
    ("ARRAY < ", "INT", " >"),
    ("STRUCT < x ", "INT", " >"),
];

fn tokens() -> Vec<&'static str> {
    PROGRAM.split_inclusive([' ', '\n']).collect()
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap();
}

/// Loads the text as rules and as a replay; prints what is found.
fn answered(text: &str) {
    let began = Instant::now();
    for purpose in [Purpose::Replay, Purpose::Check, LoadOptions::default().purpose] {
        let files = vec![SourceFile { name: "any.sql".into(), text: text.to_owned() }];
        let options = LoadOptions { purpose, ..LoadOptions::default() };
        match load(files, &options) {
            Ok(loaded) => {
                assert!(loaded.program.queries.len() <= text.len());
                assert!(loaded.reports.iter().all(|report| !report.render().is_empty()));
            }
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
        for (open, middle, close) in NESTED {
            for depth in [20, 200, (64 << 10) / (open.len() + close.len())] {
                let nested = open.repeat(depth) + middle + &close.repeat(depth);
                answered(&format!("{sources} CREATE STREAM f AS SELECT k , {nested} AS e FROM t ;"));
                answered(&format!(
                    "CREATE STREAM f ( k {nested} ) WITH ( KAFKA_TOPIC = 'f' , FORMAT = 'JSON' ) ;"
                ));
            }
        }
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
