-- CREATE STREAM AS SELECT and CREATE TABLE AS SELECT.

--- names of columns without AS
CREATE STREAM a (k INT KEY, v INT, s STRUCT<f INT, `g h` INT>, l ARRAY<INT>, m MAP<VARCHAR, INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v, v + 1, ABS(v), s->f, s->`g h`, l[1], m['x'], 1, 'y', CAST(v AS BIGINT), v AS `my v` FROM a;
> a 1 {"v":-1,"s":{"f":2,"g h":3},"l":[4],"m":{"x":5}}
< O 1 {"V":-1,"KSQL_COL_0":0,"KSQL_COL_1":1,"F":2,"g h":3,"KSQL_COL_2":4,"KSQL_COL_3":5,"KSQL_COL_4":1,"KSQL_COL_5":"y","KSQL_COL_6":-1,"my v":-1}

--- names that the projection gives twice
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v, v FROM a;
! duplicate_column

--- a generated name that is there already
CREATE STREAM a (k INT KEY, KSQL_COL_0 INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, KSQL_COL_0, KSQL_COL_0 + 1 FROM a;
> a 1 {"KSQL_COL_0":5}
< O 1 {"KSQL_COL_0":5,"KSQL_COL_1":6}

--- * and more
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT *, v AS w, ROWTIME AS t FROM a;
CREATE STREAM p AS SELECT a.*, a.v + 1 AS w FROM a;
CREATE STREAM q AS SELECT x.*, x.v AS u FROM a x;
> a 1 {"v":5} @9
< O 1 {"V":5,"W":5,"T":9} @9
< P 1 {"V":5,"W":6} @9
< Q 1 {"V":5,"U":5} @9

--- * of what is not in FROM
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT b.* FROM a;
! unknown_source

--- the source's name beside its alias
CREATE STREAM a (k INT KEY, v INT, s STRUCT<f INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, x.v, a.s->f AS f1, x.s->f AS f2 FROM a x;
> a 1 {"v":2,"s":{"f":3}}
< O 1 {"V":2,"F1":3,"F2":3}

--- a key copied by AS_VALUE
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, AS_VALUE(k) AS k2, v FROM a;
CREATE STREAM p AS SELECT k AS id, AS_VALUE(k) AS k FROM a;
> a 1 {"v":5}
< O 1 {"K2":1,"V":5}
< P 1 {"K":1}

--- a table's select: rows come and go
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, v * 2 AS w FROM a WHERE v > 1;
CREATE TABLE p AS SELECT * FROM a;
> a 1 {"v":5} @1
> a 1 {"v":1} @2
> a 1 {"v":1} @3
> a 1 {"v":6} @4
> a 1 null @5
> a 1 null @6
> a 2 {"v":0} @7
> a null {"v":9} @8
< O 1 {"W":10} @1
< O 1 null @2
< O 1 {"W":12} @4
< O 1 null @5
< P 1 {"V":5} @1
< P 1 {"V":1} @2
< P 1 {"V":1} @3
< P 1 {"V":6} @4
< P 1 null @5
< P 1 null @6
< P 2 {"V":0} @7

--- a table of a table needs its key
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT v FROM a;
! key

--- a stream of a table
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
! result_type

--- formats change
CREATE STREAM a (k INT KEY, v INT, w VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='DELIMITED');
CREATE STREAM o1 WITH (VALUE_FORMAT='JSON') AS SELECT * FROM a;
CREATE STREAM o2 WITH (FORMAT='JSON') AS SELECT * FROM a;
CREATE STREAM o3 WITH (KEY_FORMAT='DELIMITED', VALUE_DELIMITER='|') AS SELECT * FROM a;
CREATE STREAM o4 WITH (VALUE_FORMAT='KAFKA') AS SELECT k, v FROM a;
CREATE STREAM o5 WITH (KAFKA_TOPIC='other', PARTITIONS=4, REPLICAS=1) AS SELECT k, v FROM a;
> a 1 "5,x"
> a 2 null
> a null "6,y"
< O1 1 {"V":5,"W":"x"}
< O1 2 null
< O1 null {"V":6,"W":"y"}
< O2 1 {"V":5,"W":"x"}
< O2 2 null
< O2 null {"V":6,"W":"y"}
< O3 "1" "5|x"
< O3 "2" null
< O3 null "6|y"
< O4 1 5
< O4 2 null
< O4 null 6
< other 1 "5"
< other 2 null
< other null "6"

--- KAFKA for two values
CREATE STREAM a (k INT KEY, v INT, w VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (VALUE_FORMAT='KAFKA') AS SELECT * FROM a;
! format

--- DELIMITED for a list
CREATE STREAM a (k INT KEY, v INT, w ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (VALUE_FORMAT='DELIMITED') AS SELECT * FROM a;
! format

--- GROUP BY over KAFKA values
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
CREATE TABLE o AS SELECT k, COUNT(*) AS n FROM a GROUP BY k;
! group_by

--- no value columns
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k FROM a;
! schema

--- a stream that is there
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM a AS SELECT k, v FROM a;
! duplicate_source

--- replaced with another filter
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v FROM a;
CREATE OR REPLACE STREAM o AS SELECT k, v FROM a WHERE v > 1;
> a 1 {"v":1}
> a 1 {"v":2}
< O 1 {"V":2}

--- IF NOT EXISTS
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v FROM a;
CREATE STREAM IF NOT EXISTS o AS SELECT k, v + 1 AS v FROM a;
> a 1 {"v":1}
< O 1 {"V":1}

--- ROWTIME goes on, ROWPARTITION and ROWOFFSET are the source's
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ROWTIME AS t, ROWPARTITION AS p, ROWOFFSET AS f FROM a WHERE v > 1;
CREATE STREAM p AS SELECT k, ROWTIME AS t2, ROWOFFSET AS f2, t FROM o;
> a 1 {"v":1} @10
> a 1 {"v":2} @20
> a 1 {"v":3} @15
< O 1 {"T":20,"P":0,"F":1} @20
< O 1 {"T":15,"P":0,"F":2} @15
< P 1 {"T2":20,"F2":0,"T":20} @20
< P 1 {"T2":15,"F2":1,"T":15} @15

--- ROWTIME against text
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v FROM a WHERE ROWTIME >= '1970-01-01T00:00:10' AND ROWTIME < '1970-01-02';
CREATE STREAM p AS SELECT k, v FROM a WHERE ROWTIME BETWEEN '1970-01-01T00:00:10' AND '1970-01-01T00:00:20';
> a 1 {"v":1} @9999
> a 1 {"v":2} @10000
> a 1 {"v":3} @86400000
< O 1 {"V":2} @10000
< P 1 {"V":2} @10000

--- the topic's time by a text column
CREATE STREAM a (k INT KEY, v VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='v', TIMESTAMP_FORMAT='yyyy-MM-dd HH:mm:ssX');
CREATE STREAM o AS SELECT k, v, ROWTIME AS t FROM a;
> a 1 {"v":"2020-01-01 00:00:00Z"} @9
> a 1 {"v":"2020-01-01 00:00:00+01"} @9
> a 1 {"v":"nonsense"} @9
> a 1 {"v":null} @9
> a 1 null @9
< O 1 {"V":"2020-01-01 00:00:00Z","T":1577836800000} @1577836800000
< O 1 {"V":"2020-01-01 00:00:00+01","T":1577833200000} @1577833200000
< a.dlq "a/0/2" {"v":"nonsense"} @9
< a.dlq "a/0/3" {"v":null} @9
< O 1 null @9

--- the sink's time by a column that is not there
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (TIMESTAMP='zz') AS SELECT k, v FROM a;
! unknown_column

--- the sink's time by a key column
CREATE STREAM a (k BIGINT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (TIMESTAMP='k') AS SELECT k, v FROM a;
CREATE STREAM p AS SELECT k, v, ROWTIME AS t FROM o;
> a 77 {"v":5} @9
< O 77 {"V":5} @77
< P 77 {"V":5,"T":77} @77

--- LIMIT
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v FROM a LIMIT 3;
! syntax

--- a query alone
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
SELECT * FROM a EMIT CHANGES;
! unsupported

--- a chain of streams
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b AS SELECT k, v + 1 AS v FROM a;
CREATE STREAM c AS SELECT k, v * 2 AS v FROM b WHERE v > 2;
CREATE TABLE d AS SELECT k, SUM(v) AS s FROM c GROUP BY k;
CREATE TABLE e AS SELECT k, s FROM d WHERE s > 10;
> a 1 {"v":1}
> a 1 {"v":3}
> a 1 {"v":4}
< B 1 {"V":2}
< B 1 {"V":4}
< B 1 {"V":5}
< C 1 {"V":8}
< C 1 {"V":10}
< D 1 {"S":8}
< D 1 {"S":18}
< E 1 {"S":18}

--- struct->*
CREATE STREAM a (k INT KEY, s STRUCT<x INT, y STRUCT<z INT>>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s->* FROM a;
CREATE STREAM p AS SELECT k, s->y->* FROM a;
> a 1 {"s":{"x":1,"y":{"z":2}}}
> a 1 {"s":null}
< O 1 {"X":1,"Y":{"Z":2}}
< O 1 {"X":null,"Y":null}
< P 1 {"Z":2}
< P 1 {"Z":null}
