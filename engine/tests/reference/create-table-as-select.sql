-- Tables that are grouped, filtered, projected; what of a table's row is taken back.

--- groups of a table: rows move, change and go
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, COUNT(*) AS n, SUM(v) AS s, AVG(v) AS a, COLLECT_LIST(v) AS l, HISTOGRAM(g) AS h FROM t GROUP BY g;
> t 1 {"g":"x","v":1} @1
> t 2 {"g":"x","v":2} @2
> t 1 {"g":"y","v":1} @3
> t 2 {"g":"x","v":5} @4
> t 2 null @5
> t 3 {"g":null,"v":7} @6
> t 4 {"g":"y","v":null} @7
> t null {"g":"y","v":9} @8
< O "x" {"N":1,"S":1,"A":1.0,"L":[1],"H":{"x":1}} @1
< O "x" {"N":2,"S":3,"A":1.5,"L":[1,2],"H":{"x":2}} @2
< O "x" {"N":1,"S":2,"A":2.0,"L":[2],"H":{"x":1}} @3
< O "y" {"N":1,"S":1,"A":1.0,"L":[1],"H":{"y":1}} @3
< O "x" {"N":1,"S":5,"A":5.0,"L":[5],"H":{"x":1}} @4
< O "x" {"N":0,"S":0,"A":0.0,"L":[],"H":{}} @5
< O "y" {"N":2,"S":1,"A":1.0,"L":[1,null],"H":{"y":2}} @7

--- groups of a table: functions that cannot take back
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, MAX(v) AS n FROM t GROUP BY g;
! table_aggregate

--- groups of a table: TOPK cannot take back
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, TOPK(v, 2) AS n FROM t GROUP BY g;
! table_aggregate

--- groups of a table: LATEST_BY_OFFSET cannot take back
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, LATEST_BY_OFFSET(v) AS n FROM t GROUP BY g;
! table_aggregate

--- groups of a table: COLLECT_SET cannot take back
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, COLLECT_SET(v) AS n FROM t GROUP BY g;
! table_aggregate

--- groups of a table: HAVING and WHERE
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, COUNT(*) AS n FROM t GROUP BY g HAVING COUNT(*) > 1;
CREATE TABLE p AS SELECT g, COUNT(*) AS n FROM t WHERE v > 1 GROUP BY g;
> t 1 {"g":"x","v":1} @1
> t 2 {"g":"x","v":2} @2
> t 2 {"g":"y","v":2} @3
> t 2 {"g":"y","v":1} @4
> t 1 null @5
< O "x" {"N":2} @2
< O "x" null @3
< P "x" {"N":1} @2
< P "x" {"N":0} @3
< P "y" {"N":1} @3
< P "y" {"N":0} @4

--- groups of a table: several columns and expressions
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, h INT) WITH (KAFKA_TOPIC='t', FORMAT='JSON');
CREATE TABLE o AS SELECT g, h, COUNT(*) AS n FROM t GROUP BY g, h;
CREATE TABLE p AS SELECT UCASE(g) AS u, COUNT(*) AS n FROM t GROUP BY UCASE(g);
CREATE TABLE q AS SELECT k, COUNT(*) AS n FROM t GROUP BY k;
CREATE TABLE r AS SELECT h % 2 AS m, SUM(h) * 2 AS n FROM t GROUP BY h % 2;
> t 1 {"g":"x","h":1}
> t 2 {"g":"X","h":1}
> t 1 {"g":"x","h":2}
> t 2 null
< O {"G":"x","H":1} {"N":1}
< O {"G":"X","H":1} {"N":1}
< O {"G":"x","H":1} {"N":0}
< O {"G":"x","H":2} {"N":1}
< O {"G":"X","H":1} {"N":0}
< P "X" {"N":1}
< P "X" {"N":2}
< P "X" {"N":2}
< P "X" {"N":1}
< Q 1 {"N":1}
< Q 2 {"N":1}
< Q 1 {"N":1}
< Q 2 {"N":0}
< R 1 {"N":2}
< R 1 {"N":4}
< R 1 {"N":2}
< R 0 {"N":4}
< R 1 {"N":0}

--- groups of a table: a SUM of DECIMAL and DOUBLE
CREATE TABLE t (k INT PRIMARY KEY, g VARCHAR, d DOUBLE, m DECIMAL(4,2)) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, SUM(d) AS sd, SUM(m) AS sm, AVG(d) AS ad FROM t GROUP BY g;
> t 1 {"g":"x","d":1.5,"m":1.25}
> t 1 {"g":"x","d":2.5,"m":2.50}
> t 1 null
< O "x" {"SD":1.5,"SM":1.25,"AD":1.5}
< O "x" {"SD":2.5,"SM":2.50,"AD":2.5}
< O "x" {"SD":0.0,"SM":0.00,"AD":0.0}

--- WHERE of a table over NULL
CREATE TABLE t (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, v FROM t WHERE v IS NULL;
CREATE TABLE p AS SELECT k, v FROM t WHERE NOT v > 3;
> t 1 {"v":null}
> t 1 {"v":4}
> t 1 {"v":3}
> t 1 null
< O 1 {"V":null}
< O 1 null
< P 1 {"V":null}
< P 1 null
< P 1 {"V":3}
< P 1 null

--- projection of a table: expressions and key
CREATE TABLE t (k INT PRIMARY KEY, v INT, s STRUCT<x INT>) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k AS id, v + 1, s->x, AS_VALUE(k) AS k2, ROWTIME AS rt FROM t;
> t 1 {"v":1,"s":{"x":2}} @5
> t 1 null @6
< O 1 {"KSQL_COL_0":2,"X":2,"K2":1,"RT":5} @5
< O 1 null @6

--- a table of two keys
CREATE TABLE t (k INT PRIMARY KEY, l VARCHAR PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='t', FORMAT='JSON');
CREATE TABLE o AS SELECT l, k, v FROM t WHERE k > 0;
CREATE TABLE p WITH (KEY_FORMAT='DELIMITED') AS SELECT * FROM t;
> t {"k":1,"l":"a"} {"v":1}
> t {"k":1,"l":"a"} {"v":2}
> t {"k":1,"l":"a"} null
< O {"K":1,"L":"a"} {"V":1}
< O {"K":1,"L":"a"} {"V":2}
< O {"K":1,"L":"a"} null
< P "1,a" {"V":1}
< P "1,a" {"V":2}
< P "1,a" null

--- a table of two keys: one is missing
CREATE TABLE t (k INT PRIMARY KEY, l VARCHAR PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='t', FORMAT='JSON');
CREATE TABLE o AS SELECT k, v FROM t;
! key

--- a table of a table of a stream
CREATE STREAM s (k INT KEY, g VARCHAR, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
CREATE TABLE a AS SELECT k, LATEST_BY_OFFSET(g) AS g, SUM(v) AS v FROM s GROUP BY k;
CREATE TABLE b AS SELECT g, SUM(v) AS v, COUNT(*) AS n FROM a GROUP BY g;
CREATE TABLE c AS SELECT g, v FROM b WHERE v > 3;
> s 1 {"g":"x","v":1}
> s 2 {"g":"x","v":4}
> s 1 {"g":"y","v":5}
< A 1 {"G":"x","V":1}
< A 2 {"G":"x","V":4}
< A 1 {"G":"y","V":6}
< B "x" {"V":1,"N":1}
< B "x" {"V":5,"N":2}
< B "x" {"V":4,"N":1}
< B "y" {"V":6,"N":1}
< C "x" {"V":5}
< C "x" {"V":4}
< C "y" {"V":6}

--- a stream joined to a table that is derived
CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
CREATE STREAM e (k INT KEY, w INT) WITH (KAFKA_TOPIC='e', VALUE_FORMAT='JSON');
CREATE TABLE t AS SELECT k, SUM(v) AS total FROM s GROUP BY k;
CREATE STREAM o AS SELECT e.k, w, total FROM e LEFT JOIN t ON e.k = t.k;
> s 1 {"v":1}
> e 1 {"w":1}
> s 1 {"v":2}
> e 1 {"w":2}
> e 2 {"w":3}
< T 1 {"TOTAL":1}
< T 1 {"TOTAL":3}
< O 1 {"W":1,"TOTAL":null}
< O 1 {"W":2,"TOTAL":null}
< O 2 {"W":3,"TOTAL":null}
