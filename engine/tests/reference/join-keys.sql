-- The keys of joins: which column is it, what is it called, and where must it stand.

--- a full join's key is ROWKEY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a FULL OUTER JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM p AS SELECT ROWKEY AS id, a.k AS ak, b.k AS bk FROM a FULL OUTER JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM q AS SELECT ROWKEY, AS_VALUE(ROWKEY) AS copy, v, w FROM a FULL JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1}
> b 1 {"w":2}
> b 2 {"w":3}
< O 1 {"A_K":1,"A_V":1,"B_K":null,"B_W":null}
< O 1 {"A_K":1,"A_V":1,"B_K":1,"B_W":2}
< O 2 {"A_K":null,"A_V":null,"B_K":2,"B_W":3}
< P 1 {"AK":1,"BK":null}
< P 1 {"AK":1,"BK":1}
< P 2 {"AK":null,"BK":2}
< Q 1 {"COPY":1,"V":1,"W":null}
< Q 1 {"COPY":1,"V":1,"W":2}
< Q 2 {"COPY":2,"V":null,"W":3}

--- a full join without its key
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w FROM a FULL OUTER JOIN b WITHIN 1 MINUTE ON a.k = b.k;
! key

--- a join of expressions has the key ROWKEY
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = ABS(w);
CREATE STREAM p AS SELECT ROWKEY AS id, v, w FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = ABS(w);
> a 1 {"v":-5}
> b 2 {"w":5}
< O 5 {"A_K":1,"A_V":-5,"B_K":2,"B_W":5}
< P 5 {"V":-5,"W":5}

--- a join of expressions without its key
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT ABS(v) AS kk, v, w FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = ABS(w);
! key

--- one side an expression: the other side is the key
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = w;
CREATE STREAM p AS SELECT w AS id, v, a.k FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = w;
> a 1 {"v":-5}
> b 2 {"w":5}
< O 5 {"A_K":1,"A_V":-5,"B_K":2}
< P 5 {"V":-5,"A_K":1}

--- one side an expression, and the other is missing
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, a.k FROM a JOIN b WITHIN 1 MINUTE ON ABS(v) = w;
! key

--- sources with a column ROWKEY
CREATE STREAM a (ROWKEY INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, ROWKEY_1 INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT ROWKEY_2 AS id, a.ROWKEY AS ak, v, ROWKEY_1 FROM a FULL OUTER JOIN b WITHIN 1 MINUTE ON a.ROWKEY = b.k;
CREATE STREAM p AS SELECT * FROM a JOIN b WITHIN 1 MINUTE ON a.ROWKEY + 1 = b.k + 1;
> a 1 {"v":1}
> b 1 {"ROWKEY_1":2}
< O 1 {"AK":1,"V":1,"ROWKEY_1":null}
< O 1 {"AK":1,"V":1,"ROWKEY_1":2}
< P 2 {"A_ROWKEY":1,"A_V":1,"B_K":1,"B_ROWKEY_1":2}

--- the right key of a left join
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT b.k, v, w FROM a LEFT JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1}
> b 1 {"w":2}
< O 1 {"V":1,"W":null}
< O 1 {"V":1,"W":2}

--- the left key of a right join
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w FROM a RIGHT JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> b 1 {"w":2}
> a 1 {"v":1}
< O 1 {"V":null,"W":2}
< O 1 {"V":1,"W":2}

--- both keys are selected: the left is the key, the right a value
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (id INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, id, v, w FROM a JOIN b ON k = id;
CREATE TABLE p AS SELECT id, v, w FROM a JOIN b ON k = id;
CREATE TABLE q AS SELECT id AS key, k AS other FROM a JOIN b ON k = id;
CREATE TABLE r AS SELECT * FROM a JOIN b ON k = id;
> a 1 {"v":1}
> b 1 {"w":2}
< O 1 {"ID":1,"V":1,"W":2}
< P 1 {"V":1,"W":2}
< Q 1 {"KEY":1}
< R 1 {"A_V":1,"B_ID":1,"B_W":2}

--- three streams in two windows
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM c (k INT KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w, x FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k JOIN c WITHIN 1 SECOND ON a.k = c.k;
CREATE STREAM p AS SELECT a.k, v, w, x FROM a LEFT JOIN b WITHIN 10 SECONDS ON a.k = b.k LEFT JOIN c WITHIN 10 SECONDS ON b.k = c.k;
CREATE STREAM q AS SELECT * FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k JOIN c WITHIN 10 SECONDS ON w = x;
> a 1 {"v":1} @0
> b 1 {"w":7} @5000
> c 1 {"x":7} @5500
> c 1 {"x":8} @9000
< O 1 {"V":1,"W":7,"X":7} @5500
< P 1 {"V":1,"W":null,"X":null}
< P 1 {"V":1,"W":7,"X":null} @5000
< P 1 {"V":1,"W":null,"X":7} @5500
< P 1 {"V":1,"W":7,"X":7} @5500
< P 1 {"V":1,"W":null,"X":8} @9000
< P 1 {"V":1,"W":7,"X":8} @9000
< Q 7 {"A_K":1,"A_V":1,"B_K":1,"C_K":1,"C_X":7} @5500

--- three tables
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k JOIN c ON a.k = c.k;
CREATE TABLE p AS SELECT a.k, v, w, x FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON a.k = c.k;
> a 1 {"v":1} @1
> b 1 {"w":2} @2
> c 1 {"x":3} @3
> b 1 null @4
> c 2 {"x":4} @5
> a 1 null @6
< O 1 {"V":1,"W":2,"X":3} @3
< O 1 null @4
< P 1 {"V":1,"W":null,"X":null} @1
< P 1 {"V":1,"W":2,"X":null} @2
< P 1 {"V":1,"W":2,"X":3} @3
< P 1 {"V":1,"W":null,"X":3} @4
< P 1 null @6

--- three tables, joined on by what is not their key
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k JOIN c ON b.w = c.k;
! join

--- a stream, a table and a stream
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM c (k INT KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k JOIN c WITHIN 10 SECONDS ON a.k = c.k;
CREATE STREAM p AS SELECT w AS id, v, x FROM a JOIN b ON a.k = b.k JOIN c WITHIN 10 SECONDS ON b.w = c.k;
> b 1 {"w":2}
> a 1 {"v":3}
> c 1 {"x":4}
> c 2 {"x":5}
< O 1 {"V":3,"W":2,"X":4}
< P 2 {"V":3,"X":5}

--- a criterion that leaves the new source out
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k JOIN c ON a.k = b.k;
! join

--- foreign keys: an expression, a key's part, text
CREATE TABLE o1 (a INT PRIMARY KEY, b VARCHAR PRIMARY KEY, n INT) WITH (KAFKA_TOPIC='o1', FORMAT='JSON');
CREATE TABLE c (id VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a, b, n, name FROM o1 JOIN c ON b = id;
CREATE TABLE l AS SELECT o1.a, o1.b, name FROM o1 LEFT JOIN c ON UCASE(b) = id;
> c "x" {"name":"Ex"} @1
> o1 {"a":1,"b":"x"} {"n":5} @2
> c "X" {"name":"EX"} @3
> o1 {"a":1,"b":"x"} {"n":6} @4
> o1 {"a":1,"b":"x"} null @5
< J {"A":1,"B":"x"} {"N":5,"NAME":"Ex"} @2
< J {"A":1,"B":"x"} {"N":6,"NAME":"Ex"} @4
< J {"A":1,"B":"x"} null @5
< L {"A":1,"B":"x"} {"NAME":null} @2
< L {"A":1,"B":"x"} {"NAME":"EX"} @3
< L {"A":1,"B":"x"} {"NAME":"EX"} @4
< L {"A":1,"B":"x"} null @5

--- foreign keys: a part of the key is missing
CREATE TABLE o1 (a INT PRIMARY KEY, b VARCHAR PRIMARY KEY, n INT) WITH (KAFKA_TOPIC='o1', FORMAT='JSON');
CREATE TABLE c (id VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a, n, name FROM o1 JOIN c ON b = id;
! key

--- foreign keys: the first of several joins
CREATE TABLE o1 (id INT PRIMARY KEY, c INT, n INT) WITH (KAFKA_TOPIC='o1', VALUE_FORMAT='JSON');
CREATE TABLE c (cid INT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE d (did INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT id, n, name, x FROM o1 JOIN c ON c = cid JOIN d ON id = did;
CREATE TABLE k AS SELECT did, n, name, x FROM o1 JOIN c ON c = cid LEFT JOIN d ON o1.id = did;
> c 7 {"name":"Ann"} @1
> o1 1 {"c":7,"n":5} @2
> d 1 {"x":9} @3
> c 7 {"name":"Bob"} @4
> d 1 null @5
< J 1 {"N":5,"NAME":"Ann","X":9} @3
< J 1 {"N":5,"NAME":"Bob","X":9} @4
< J 1 null @5
< K 1 {"N":5,"NAME":"Ann","X":null} @2
< K 1 {"N":5,"NAME":"Ann","X":9} @3
< K 1 {"N":5,"NAME":"Bob","X":9} @4
< K 1 {"N":5,"NAME":"Bob","X":null} @5

--- foreign keys: not as the second join
CREATE TABLE a (k INT PRIMARY KEY, f INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT a.k, w, x FROM a JOIN b ON a.k = b.k JOIN c ON a.f = c.k;
! join

--- joins with WHERE, PARTITION BY and *
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a JOIN b ON a.k = b.k WHERE w > 1 PARTITION BY w;
CREATE STREAM p AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k PARTITION BY a.k;
CREATE STREAM q AS SELECT b.k, a.*, w FROM a JOIN b ON a.k = b.k PARTITION BY b.k;
CREATE STREAM r AS SELECT v + w AS s, a.k FROM a JOIN b ON a.k = b.k PARTITION BY v + w;
> b 1 {"w":2}
> a 1 {"v":3}
< O 2 {"A_K":1,"A_V":3,"A_ROWTIME":0,"A_ROWPARTITION":0,"A_ROWOFFSET":0,"B_K":1,"B_ROWTIME":0,"B_ROWPARTITION":0,"B_ROWOFFSET":0}
< P 1 {"V":3,"W":2}
< Q 1 {"A_K":1,"A_V":3,"A_ROWTIME":0,"A_ROWPARTITION":0,"A_ROWOFFSET":0,"W":2}
< R 5 {"A_K":1}

--- a join in an aggregation, keyed by another column
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, region VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT region, SUM(v) AS s, COUNT(*) AS n FROM a LEFT JOIN b ON a.k = b.k GROUP BY region;
CREATE TABLE p WITH (KEY_FORMAT='JSON') AS SELECT a.k, region, SUM(v) AS s FROM a JOIN b ON a.k = b.k WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY a.k, region HAVING SUM(v) > 3;
> b 1 {"region":"n"}
> a 1 {"v":3} @10
> a 1 {"v":4} @20
> a 2 {"v":4} @20
< O "n" {"S":3,"N":1} @10
< O "n" {"S":7,"N":2} @20
< P {"A_K":1,"REGION":"n"} {"S":7} @20 0..1000

--- a join of tables, grouped
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, g VARCHAR) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, SUM(v) AS s, COUNT(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY g;
> a 1 {"v":1}
> b 1 {"g":"x"}
> a 1 {"v":5}
> b 1 {"g":"y"}
> a 1 null
< O "x" {"S":1,"N":1}
< O "x" {"S":5,"N":1}
< O "x" {"S":0,"N":0}
< O "y" {"S":5,"N":1}
< O "y" {"S":0,"N":0}

--- DELIMITED and JSON joined, sources' formats and the result's
CREATE STREAM a (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='DELIMITED');
CREATE TABLE b (k VARCHAR PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
CREATE STREAM p WITH (KEY_FORMAT='JSON', VALUE_FORMAT='JSON') AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
CREATE STREAM q AS SELECT b.k, v, w FROM a JOIN b ON UCASE(a.k) = b.k;
> b "x" {"w":1}
> b "X" {"w":2}
> a "x" "5"
< O "x" "5,1"
< P "x" {"V":5,"W":1}
< Q "X" "5,2"

--- TIMESTAMP of the result of a join
CREATE STREAM a (k INT KEY, t BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='t');
CREATE STREAM b (k INT KEY, u BIGINT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', TIMESTAMP='u');
CREATE STREAM o WITH (TIMESTAMP='u') AS SELECT a.k, t, u FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k;
CREATE STREAM p AS SELECT a.k, t, u, a.ROWTIME AS rt FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k;
> a 1 {"t":5000} @1
> b 1 {"u":3000} @2
> b 1 {"u":16000} @3
< O 1 {"T":5000,"U":3000} @3000
< P 1 {"T":5000,"U":3000,"RT":5000} @5000

--- WITHIN with sides and GRACE PERIOD
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT a.k, v, w FROM a JOIN b WITHIN (1 SECOND, 3 SECONDS) GRACE PERIOD 0 SECONDS ON a.k = b.k;
> a 1 {"v":1} @10000
> b 1 {"w":1} @9000
> b 1 {"w":2} @8999
> b 1 {"w":3} @13000
> b 1 {"w":4} @13001
> a 1 {"v":2} @9500
< O 1 {"V":1,"W":1} @10000
< O 1 {"V":1,"W":3} @13000

--- a full join of tables is not joined on
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE TABLE q AS SELECT ROWKEY, v, w, x FROM a FULL OUTER JOIN b ON a.k = b.k FULL OUTER JOIN c ON a.k = c.k;
! join
