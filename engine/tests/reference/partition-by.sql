-- PARTITION BY and GROUP BY: the key of the result.

--- by a column, an expression, several, none
CREATE STREAM a (k INT KEY, v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o1 AS SELECT v, s FROM a PARTITION BY v;
CREATE STREAM o2 AS SELECT * FROM a PARTITION BY v + 1;
CREATE STREAM o3 WITH (KEY_FORMAT='JSON') AS SELECT * FROM a PARTITION BY s, v;
CREATE STREAM o4 AS SELECT * FROM a PARTITION BY NULL;
CREATE STREAM o5 AS SELECT UCASE(s) AS u, k, v FROM a PARTITION BY UCASE(s);
CREATE STREAM o6 AS SELECT * FROM a PARTITION BY k;
CREATE STREAM o7 WITH (KEY_FORMAT='JSON') AS SELECT v, k, s, v * 2 AS w FROM a PARTITION BY v, k;
> a 1 {"v":10,"s":"x"} @3
> a 2 {"v":null,"s":"y"} @4
> a 3 null @5
> a null {"v":30,"s":null} @6
< O1 10 {"S":"x"} @3
< O1 null {"S":"y"} @4
< O1 null null @5
< O1 30 {"S":null} @6
< O2 11 {"V":10,"S":"x","K":1} @3
< O2 null {"V":null,"S":"y","K":2} @4
< O2 null null @5
< O2 31 {"V":30,"S":null,"K":null} @6
< O3 {"S":"x","V":10} {"K":1} @3
< O3 {"S":"y","V":null} {"K":2} @4
< O3 {"S":null,"V":null} null @5
< O3 {"S":null,"V":30} {"K":null} @6
< O4 null {"V":10,"S":"x","K":1} @3
< O4 null {"V":null,"S":"y","K":2} @4
< O4 null null @5
< O4 null {"V":30,"S":null,"K":null} @6
< O5 "X" {"K":1,"V":10} @3
< O5 "Y" {"K":2,"V":null} @4
< O5 null null @5
< O5 null {"K":null,"V":30} @6
< O6 1 {"V":10,"S":"x"} @3
< O6 2 {"V":null,"S":"y"} @4
< O6 3 null @5
< O6 null {"V":30,"S":null} @6
< O7 {"V":10,"K":1} {"S":"x","W":20} @3
< O7 {"V":null,"K":2} {"S":"y","W":null} @4
< O7 {"V":null,"K":3} null @5
< O7 {"V":30,"K":null} {"S":null,"W":60} @6

--- several columns need a key format for them
CREATE STREAM a (k INT KEY, v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o3 AS SELECT * FROM a PARTITION BY s, v;
! format

--- a table is not partitioned
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT * FROM a PARTITION BY v;
! partition_by

--- an alias is not known
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v AS x, k FROM a PARTITION BY x;
! unknown_column

--- the new key is renamed
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v AS x, k FROM a PARTITION BY v;
> a 1 {"v":10}
< O 10 {"K":1}

--- the key is missing
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k FROM a PARTITION BY v;
! key

--- the key is twice
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, v AS w, k FROM a PARTITION BY v;
! key

--- the same twice
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o AS SELECT v, k FROM a PARTITION BY v, v;
! key

--- keys of DOUBLE, BOOLEAN, DECIMAL, TIMESTAMP
CREATE STREAM a (k INT KEY, d DOUBLE, b BOOLEAN, c DECIMAL(4,1), t TIMESTAMP, dt DATE, tm TIME) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o1 AS SELECT d, k FROM a PARTITION BY d;
CREATE STREAM o2 AS SELECT b, k FROM a PARTITION BY b;
CREATE STREAM o3 AS SELECT c, k FROM a PARTITION BY c;
CREATE STREAM o4 AS SELECT t, k FROM a PARTITION BY t;
CREATE STREAM o5 AS SELECT dt, k FROM a PARTITION BY dt;
CREATE STREAM o6 WITH (KEY_FORMAT='DELIMITED') AS SELECT tm, k FROM a PARTITION BY tm;
CREATE STREAM o7 WITH (KEY_FORMAT='DELIMITED') AS SELECT c, k FROM a PARTITION BY c;
> a 1 {"d":1.5,"b":true,"c":2,"t":100,"dt":3,"tm":4}
< O1 1.5 {"K":1}
< O2 true {"K":1}
< O3 2.0 {"K":1}
< O4 100 {"K":1}
< O5 3 {"K":1}
< O6 "4" {"K":1}
< O7 "2.0" {"K":1}

--- KAFKA keys of BOOLEAN
CREATE STREAM a (k INT KEY, b BOOLEAN) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT b, k FROM a PARTITION BY b;
! format

--- keys of fields and structs
CREATE STREAM a (k INT KEY, s STRUCT<f INT, g STRUCT<h VARCHAR>>, l ARRAY<VARCHAR>, m MAP<VARCHAR, VARCHAR>) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o1 AS SELECT s->f, k FROM a PARTITION BY s->f;
CREATE STREAM o2 AS SELECT s, k FROM a PARTITION BY s;
CREATE STREAM o3 AS SELECT s->g->h AS x, k FROM a PARTITION BY s->g->h;
CREATE STREAM o4 AS SELECT l[1] AS x, k FROM a PARTITION BY l[1];
CREATE STREAM o5 AS SELECT m['a'] AS x, k FROM a PARTITION BY m['a'];
CREATE STREAM o6 AS SELECT l, k FROM a PARTITION BY l;
CREATE STREAM o7 AS SELECT * FROM a PARTITION BY s->f;
CREATE STREAM o8 AS SELECT * FROM a PARTITION BY l[1];
> a 1 {"s":{"f":1,"g":{"h":"z"}},"l":["p","q"],"m":{"a":"b"}}
> a 2 {"s":null,"l":null,"m":null}
< O1 1 {"K":1}
< O1 null {"K":2}
< O2 {"F":1,"G":{"H":"z"}} {"K":1}
< O2 null {"K":2}
< O3 "z" {"K":1}
< O3 null {"K":2}
< O4 "p" {"K":1}
< O4 null {"K":2}
< O5 "b" {"K":1}
< O5 null {"K":2}
< O6 ["p","q"] {"K":1}
< O6 null {"K":2}
< O7 1 {"S":{"F":1,"G":{"H":"z"}},"L":["p","q"],"M":{"a":"b"},"K":1}
< O7 null {"S":null,"L":null,"M":null,"K":2}
< O8 "p" {"S":{"F":1,"G":{"H":"z"}},"L":["p","q"],"M":{"a":"b"},"K":1}
< O8 null {"S":null,"L":null,"M":null,"K":2}

--- a key of a MAP
CREATE STREAM a (k INT KEY, m MAP<VARCHAR, VARCHAR>) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o AS SELECT m, k FROM a PARTITION BY m;
! partition_by

--- partition of a windowed stream
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM o AS SELECT v, k FROM a PARTITION BY v;
! partition_by

--- WHERE and PARTITION BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, k FROM a WHERE k > 1 PARTITION BY v;
> a 1 {"v":10}
> a 2 {"v":20}
> a 3 null
< O 20 {"K":2}

--- aggregates need GROUP BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, COUNT(*) FROM a PARTITION BY v;
! group_by

--- PARTITION BY and GROUP BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT v, COUNT(*) FROM a GROUP BY v PARTITION BY v;
! partition_by

--- by ROWTIME
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT ROWTIME AS t, v FROM a PARTITION BY ROWTIME;
> a 1 {"v":10} @77
< O 77 {"V":10} @77

--- by a constant
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT 1, v FROM a PARTITION BY 1;
CREATE STREAM o2 AS SELECT 'x' AS y, v FROM a PARTITION BY 'x';
> a 1 {"v":10} @77
< O 1 {"V":10} @77
< O2 "x" {"V":10} @77

--- a key's type in the case of NONE
CREATE STREAM a (v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, s FROM a PARTITION BY v;
CREATE TABLE t AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
> a null {"v":10,"s":"x"}
< O 10 {"S":"x"}
< T 10 {"N":1}

--- GROUP BY: keys of one column, several, expressions
CREATE STREAM a (k INT KEY, v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o1 AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
CREATE TABLE o2 AS SELECT v + 1, COUNT(*) AS n FROM a GROUP BY v + 1;
CREATE TABLE o3 WITH (KEY_FORMAT='JSON') AS SELECT s, v, COUNT(*) AS n FROM a GROUP BY s, v;
CREATE TABLE o4 WITH (KEY_FORMAT='JSON') AS SELECT v AS x, s AS y, AS_VALUE(s) AS z, COUNT(*) AS n FROM a GROUP BY (v, s);
CREATE TABLE o5 AS SELECT UCASE(s) AS u, SUM(v) AS n, MAX(v) - MIN(v) AS d FROM a GROUP BY UCASE(s);
CREATE TABLE o6 AS SELECT SUBSTRING(s, 1, 1) AS u, UCASE(SUBSTRING(s, 1, 1)) AS w, COUNT(v) AS n FROM a GROUP BY SUBSTRING(s, 1, 1);
CREATE TABLE o7 WITH (KEY_FORMAT='DELIMITED') AS SELECT s, v, COUNT(*) AS n FROM a GROUP BY s, v;
> a 1 {"v":10,"s":"x"} @3
> a 2 {"v":null,"s":"y"} @4
> a 3 null @5
> a null {"v":30,"s":null} @6
> a 4 {"v":10,"s":"x"} @1
< O1 10 {"N":1} @3
< O1 30 {"N":1} @6
< O1 10 {"N":2} @3
< O2 11 {"N":1} @3
< O2 31 {"N":1} @6
< O2 11 {"N":2} @3
< O3 {"S":"x","V":10} {"N":1} @3
< O3 {"S":"x","V":10} {"N":2} @3
< O4 {"X":10,"Y":"x"} {"Z":"x","N":1} @3
< O4 {"X":10,"Y":"x"} {"Z":"x","N":2} @3
< O5 "X" {"N":10,"D":0} @3
< O5 "Y" {"N":0,"D":null} @4
< O5 "X" {"N":20,"D":0} @3
< O6 "x" {"W":"X","N":1} @3
< O6 "y" {"W":"Y","N":0} @4
< O6 "x" {"W":"X","N":2} @3
< O7 "x,10" {"N":1} @3
< O7 "x,10" {"N":2} @3

--- GROUP BY several columns in KAFKA
CREATE STREAM a (k INT KEY, v INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o3 AS SELECT s, v, COUNT(*) AS n FROM a GROUP BY s, v;
! format

--- GROUP BY a struct, a field, an element
CREATE STREAM a (k INT KEY, s STRUCT<f INT, g VARCHAR>, l ARRAY<INT>) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o1 AS SELECT s, COUNT(*) AS n FROM a GROUP BY s;
CREATE TABLE o2 AS SELECT s->f, COUNT(*) AS n FROM a GROUP BY s->f;
CREATE TABLE o3 AS SELECT l[1] AS first, COUNT(*) AS n FROM a GROUP BY l[1];
CREATE TABLE o4 AS SELECT s->f AS f, s->g AS g, COUNT(*) AS n FROM a GROUP BY s->f, s->g;
CREATE TABLE o5 AS SELECT s, s->f AS f, COUNT(*) AS n FROM a GROUP BY s;
CREATE TABLE o6 AS SELECT l, COUNT(*) AS n FROM a GROUP BY l;
> a 1 {"s":{"f":1,"g":"x"},"l":[5,6]}
> a 1 {"s":{"f":1},"l":[]}
> a 1 {"s":null,"l":null}
< O1 {"F":1,"G":"x"} {"N":1}
< O1 {"F":1,"G":null} {"N":1}
< O2 1 {"N":1}
< O2 1 {"N":2}
< O3 5 {"N":1}
< O4 {"F":1,"G":"x"} {"N":1}
< O5 {"F":1,"G":"x"} {"F":1,"N":1}
< O5 {"F":1,"G":null} {"F":1,"N":1}
< O6 [5,6] {"N":1}
< O6 [] {"N":1}

--- HAVING: a row comes, stays, leaves
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING SUM(v) > 5;
CREATE TABLE p AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING COUNT(*) = 2;
CREATE TABLE q AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING SUM(v) > k;
> a 1 {"v":4} @1
> a 1 {"v":4} @2
> a 1 {"v":4} @3
> a 1 {"v":-10} @4
> a 1 {"v":-10} @5
> a 1 {"v":100} @6
< O 1 {"S":8} @2
< O 1 {"S":12} @3
< O 1 null @4
< O 1 {"S":92} @6
< P 1 {"S":8} @2
< P 1 null @3
< Q 1 {"S":4} @1
< Q 1 {"S":8} @2
< Q 1 {"S":12} @3
< Q 1 {"S":2} @4
< Q 1 null @5
< Q 1 {"S":92} @6

--- HAVING without aggregates
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE q AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING k > 1;
> a 1 {"v":4} @1
> a 2 {"v":4} @2
< Q 2 {"S":4} @2

--- HAVING without GROUP BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM q AS SELECT k, v FROM a HAVING k > 1;
! group_by

--- HAVING over an alias
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE q AS SELECT k, SUM(v) AS s FROM a GROUP BY k HAVING s > 1;
! unknown_column

--- aggregate of an expression, expressions of aggregates
CREATE STREAM a (k INT KEY, v INT, w DOUBLE) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(v * 2) + 1 AS a, COUNT(w) AS b, AVG(w) AS c, MIN(v) AS d, CASE WHEN COUNT(*) > 1 THEN 'many' ELSE 'one' END AS e, CAST(SUM(w) AS VARCHAR) AS f FROM a GROUP BY k;
> a 1 {"v":4,"w":1.5}
> a 1 {"v":null,"w":2.5}
> a 1 {"v":1,"w":null}
< O 1 {"A":9,"B":1,"C":1.5,"D":4,"E":"one","F":"1.5"}
< O 1 {"A":9,"B":2,"C":2.0,"D":4,"E":"many","F":"4.0"}
< O 1 {"A":11,"B":2,"C":2.0,"D":1,"E":"many","F":"4.0"}

--- a column that is neither grouped nor aggregated, in an expression
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(v) + v AS s FROM a GROUP BY k;
! group_by

--- SELECT * with GROUP BY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT *, COUNT(*) AS n FROM a GROUP BY k, v;
> a 1 {"v":4}
< O {"K":1,"V":4} {"N":1}

--- GROUP BY nothing that is in the projection
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT COUNT(*) AS n FROM a GROUP BY v;
! key

--- the key twice in a grouping
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT v, v AS w, COUNT(*) AS n FROM a GROUP BY v;
! key

--- two aggregates named alike
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT v, COUNT(*) AS n, SUM(k) AS n FROM a GROUP BY v;
! duplicate_column

--- GROUP BY (), GROUPING SETS
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT v, COUNT(*) AS n FROM a GROUP BY GROUPING SETS ((v), (k));
! syntax

--- GROUP BY an alias
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT v AS x, COUNT(*) AS n FROM a GROUP BY x;
! unknown_column

--- GROUP BY of a windowed source
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE TABLE o AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
CREATE TABLE p AS SELECT k, COUNT(*) AS n FROM a GROUP BY k;
> a 1 {"v":1} @500 0..1000
> a 1 {"v":1} @1500 1000..2000
< O 1 {"N":1} @500
< O 1 {"N":2} @1500
< P 1 {"N":1} @500
< P 1 {"N":2} @1500

--- DELIMITED input, aggregates in DELIMITED
CREATE STREAM a (k VARCHAR KEY, v INT, d DECIMAL(6,2)) WITH (KAFKA_TOPIC='a', FORMAT='DELIMITED');
CREATE TABLE o AS SELECT v, SUM(d) AS s, AVG(v) AS m, MAX(d) AS x, COUNT(*) AS n FROM a GROUP BY v;
> a "k" "1,2.50"
> a "k" "1,3"
> a "k" "1,"
< O "1" "2.50,1.0,2.50,1"
< O "1" "5.50,1.0,3.00,2"
< O "1" "5.50,1.0,3.00,3"
