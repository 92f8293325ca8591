-- INSERT INTO ... VALUES and INSERT INTO ... SELECT.

--- values by name, in another order, some missing
CREATE STREAM a (k INT KEY, v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
INSERT INTO a (s, k) VALUES ('x', 1);
INSERT INTO a VALUES (2, 3, 'y');
INSERT INTO a (k, v, ROWTIME) VALUES (3, 4, 1234);
INSERT INTO a (v) VALUES (7);
INSERT INTO a (k, v) VALUES (1 + 1, ABS(-5));
> a 9 {"v":1,"s":"later"} @5
< O 1 {"V":null,"S":"x"}
< O 2 {"V":3,"S":"y"}
< O 3 {"V":4,"S":null} @1234
< O null {"V":7,"S":null}
< O 2 {"V":5,"S":null}
< O 9 {"V":1,"S":"later"} @5

--- values of each type
CREATE STREAM a (k VARCHAR KEY, i INT, l BIGINT, d DOUBLE, m DECIMAL(4,2), b BOOLEAN, y BYTES, dt DATE, t TIME, ts TIMESTAMP, ar ARRAY<INT>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
INSERT INTO a VALUES ('k', 1, 2, 3.5, 4.25, TRUE, TO_BYTES('ab', 'utf8'), '2020-01-02', '03:04:05', '2020-01-02T03:04:05.006', ARRAY[1, 2], MAP('a' := 1), STRUCT(x := 1, y := 'z'));
INSERT INTO a VALUES ('n', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO a (k, i, l, d, m) VALUES ('c', 1, 1, 1, 1);
< O "k" {"I":1,"L":2,"D":3.5,"M":4.25,"B":true,"Y":"YWI=","DT":18263,"T":11045000,"TS":1577934245006,"AR":[1,2],"MP":{"a":1},"ST":{"X":1,"Y":"z"}}
< O "n" {"I":null,"L":null,"D":null,"M":null,"B":null,"Y":null,"DT":null,"T":null,"TS":null,"AR":null,"MP":null,"ST":null}
< O "c" {"I":1,"L":1,"D":1.0,"M":1.00,"B":null,"Y":null,"DT":null,"T":null,"TS":null,"AR":null,"MP":null,"ST":null}

--- too many values
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a VALUES (1, 2, 3);
! schema

--- too few values
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a VALUES (1);
! schema

--- a column that is not there
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a (k, w) VALUES (1, 2);
! unknown_column

--- a value of another type
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a (k, v) VALUES (1, 'x');
! type_mismatch

--- a table's key is not NULL
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a (v) VALUES (1);
! key

--- into a table, and null values as a deletion
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, v * 2 AS w FROM a;
INSERT INTO a (k, v) VALUES (1, 2);
INSERT INTO a (k) VALUES (1);
> a 1 null
< O 1 {"W":4}
< O 1 {"W":null}
< O 1 null

--- into what is not there
INSERT INTO a (k) VALUES (1);
! unknown_source

--- into ROWPARTITION
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO a (k, v, ROWOFFSET) VALUES (1, 2, 3);
! schema

--- into a windowed stream
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
INSERT INTO a (k, v) VALUES (1, 2);
! key

--- INSERT INTO SELECT: two queries into one stream
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='DELIMITED');
CREATE STREAM o AS SELECT k, v AS x FROM a;
INSERT INTO o SELECT k, w AS x FROM b;
INSERT INTO o SELECT k, v + 100 AS x FROM a WHERE v > 1;
> a 1 {"v":1}
> b 2 "20"
> a 3 {"v":3}
< O 1 {"X":1}
< O 3 {"X":3}
< O 2 {"X":20}
< O 3 {"X":103}

--- INSERT INTO SELECT: names must be those of the target
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, x INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
> a 1 {"v":1}
! schema

--- INSERT INTO SELECT: the types must fit
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, v VARCHAR) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
! schema

--- INSERT INTO SELECT: a narrower type is widened
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
> a 1 {"v":1}
< o 1 {"V":1}

--- INSERT INTO SELECT: fewer columns
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, v INT, w INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
! schema

--- INSERT INTO SELECT: the key must be that of the target
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
! schema

--- INSERT INTO SELECT with PARTITION BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (v INT KEY, k INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT v, k FROM a PARTITION BY v;
> a 1 {"v":7}
< o 7 {"K":1}

--- INSERT INTO SELECT of an aggregation
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, n BIGINT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, COUNT(*) AS n FROM a GROUP BY k;
! result_type

--- INSERT INTO a TABLE
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT k, v FROM a;
! result_type

--- INSERT INTO SELECT *, formats of the target
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, v INT) WITH (KAFKA_TOPIC='o', FORMAT='DELIMITED');
INSERT INTO o SELECT * FROM a;
> a 1 {"v":7}
> a null {"v":8}
> a 2 null
< o "1" "7"
< o null "8"
< o "2" null

--- INSERT INTO SELECT of a join
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o (k INT KEY, v INT, w INT) WITH (KAFKA_TOPIC='o', VALUE_FORMAT='JSON');
INSERT INTO o SELECT a.k AS k, v, w FROM a JOIN b ON a.k = b.k;
> b 1 {"w":5}
> a 1 {"v":7}
< o 1 {"V":7,"W":5}
