-- Unwrapped values in joins and groups, windows joined, odd groups.

--- unwrapped single values through joins and groups
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM j WITH (WRAP_SINGLE_VALUE=FALSE) AS SELECT a.k, v FROM a JOIN b WITHIN 1 SECOND ON a.k = b.k;
CREATE STREAM s AS SELECT a.k, v, w, x FROM a JOIN b WITHIN 1 SECOND ON a.k = b.k JOIN t ON a.k = t.k;
CREATE TABLE g WITH (WRAP_SINGLE_VALUE=FALSE) AS SELECT k, SUM(v) AS s FROM a GROUP BY k;
CREATE TABLE h WITH (WRAP_SINGLE_VALUE=FALSE) AS SELECT k, x FROM t WHERE x > 1;
> t 1 7
> a 1 5
> b 1 6
> t 1 0
< J 1 5
< S 1 {"V":5,"W":6,"X":7}
< G 1 5
< H 1 7
< H 1 null

--- GROUP BY the same twice
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE g AS SELECT v, COUNT(*) AS n FROM a GROUP BY v, v;
> a 1 {"v":2}
! key

--- GROUP BY map
CREATE STREAM a (k INT KEY, v MAP<VARCHAR, INT>) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE g AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
! key

--- GROUP BY constants and columns
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE g AS SELECT 1 AS one, v, COUNT(*) AS n FROM a GROUP BY 1, v;
CREATE TABLE h AS SELECT 'x' AS one, COUNT(*) AS n FROM a GROUP BY 'x';
> a 1 {"v":2}
< G {"ONE":1,"V":2} {"N":1}
< H "x" {"N":1}

--- a stream of sessions
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
CREATE STREAM o AS SELECT * FROM a WHERE v > 1;
CREATE STREAM p WITH (KEY_FORMAT='JSON') AS SELECT k, v, WINDOWSTART AS ws FROM a;
CREATE TABLE c AS SELECT k, COUNT(*) AS n FROM a WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k;
> a 1 {"v":1} @100 50...100
> a 1 {"v":2} @100 50...100
< O 1 {"V":2} @100 50...100
< P 1 {"V":1,"WS":50} @100 50...100
< P 1 {"V":2,"WS":50} @100 50...100
< C 1 {"N":1} @100 0..1000
< C 1 {"N":2} @100 0..1000

--- hopping and tumbling windows joined
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='HOPPING', WINDOW_SIZE='5 SECONDS');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='5 SECONDS');
CREATE STREAM o AS SELECT a.k, v, w FROM a LEFT JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1} @100 0..5000
> b 1 {"w":2} @200 0..5000
< O 1 {"V":1,"W":null} @100 0..5000
< O 1 {"V":1,"W":2} @200 0..5000

--- session windows joined
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
CREATE STREAM o AS SELECT a.k, v, w, a.WINDOWEND AS we FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1} @100 0...100
> b 1 {"w":2} @200 0...100
> b 1 {"w":3} @200 0...101
< O 1 {"V":1,"W":2,"WE":100} @200 0...100

--- windowed with JSON keys, DELIMITED keys of several columns
CREATE STREAM a (k INT KEY, v VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o WITH (KEY_FORMAT='DELIMITED') AS SELECT k, v, COUNT(*) AS n FROM a WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY k, v;
CREATE TABLE p WITH (KEY_FORMAT='JSON') AS SELECT v, COUNT(*) AS n FROM a WINDOW SESSION (1 SECOND) GROUP BY v;
> a 1 {"v":"x"} @100
> a 1 {"v":"x"} @200
< O "1,x" {"N":1} @100 0..1000
< O "1,x" {"N":2} @200 0..1000
< P "x" {"N":1} @100 100...100
< P "x" null @100 100...100
< P "x" {"N":2} @200 100...200

--- a constant in ON
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, x FROM a JOIN t ON 1 = t.k;
! join

--- CASE in ON
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT t.k, v, x FROM a JOIN t ON CASE WHEN v > 5 THEN 1 ELSE 2 END = t.k;
> t 1 {"x":1}
> t 2 {"x":2}
> a 9 {"v":6}
> a 9 {"v":4}
< J 1 {"V":6,"X":1}
< J 2 {"V":4,"X":2}

--- two joins with the same alias
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT q.k, v, x FROM a q JOIN t q ON q.k = q.k;
! join

--- qualified columns in expressions
CREATE STREAM a (k INT KEY, v INT, s STRUCT<f INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT, s STRUCT<f INT>) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, ABS(a.v) AS v, t.x + a.v AS z, a.s->f AS f1, t.s->f AS f2, a.s->f, t.s->f + 1 FROM a JOIN t ON a.k = t.k WHERE t.x > 0 AND a.s->f IS NOT NULL;
> t 1 {"x":1,"s":{"f":2}}
> a 1 {"v":-6,"s":{"f":3}}
< J 1 {"V":6,"Z":-5,"F1":3,"F2":2,"F":3,"KSQL_COL_0":3}

--- dates of incomplete texts
CREATE STREAM a (k INT KEY, s VARCHAR, f VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRINGTODATE(s, f) AS a, PARSE_DATE(s, f) AS b FROM a;
> a 1 {"s":"2021-08-13 00:10","f":"yyyy-MM-dd HH:mm"}
> a 2 {"s":"AUG-2021","f":"MMM-yyyy"}
< O 1 {"A":18852,"B":null}
< O 2 {"A":null,"B":18840}

--- HAVING and NULL
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, MAX(v) AS m FROM a GROUP BY k HAVING MAX(v) IS NULL;
CREATE TABLE p AS SELECT k, COUNT(*) AS m FROM a GROUP BY k HAVING NOT COUNT(*) > 1;
CREATE TABLE q AS SELECT k, SUM(v) AS m FROM a GROUP BY k HAVING SUM(v) BETWEEN 2 AND 3 OR k = 9;
> a 1 {}
> a 1 {"v":2}
> a 9 {"v":2}
< O 1 {"M":null}
< O 1 null
< P 1 {"M":1}
< P 1 null
< P 9 {"M":1}
< Q 1 {"M":2}
< Q 9 {"M":2}

--- CASE in GROUP BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT CASE WHEN v > 5 THEN 'big' ELSE 'small' END AS kind, COUNT(*) AS n FROM a GROUP BY CASE WHEN v > 5 THEN 'big' ELSE 'small' END HAVING COUNT(*) > 0;
> a 1 {"v":2}
> a 9 {"v":20}
< O "small" {"N":1}
< O "big" {"N":1}

--- types with lengths
CREATE STREAM z (k VARCHAR(10) KEY, v INT(10), s VARCHAR(STRING)) WITH (KAFKA_TOPIC='z', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM z;
> z "x" {"v":1,"s":"y"}
< O "x" {"V":1,"S":"y"}
