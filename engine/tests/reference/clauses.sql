-- Values in collections, times, lambdas, pseudo columns and SOURCE streams, clause by clause.

--- functions of arrays of structs and doubles
CREATE STREAM a (k INT KEY, s VARCHAR, m MAP<VARCHAR, INT>, l ARRAY<STRUCT<x INT>>, n ARRAY<DOUBLE>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_SORT(n) AS a, ARRAY_DISTINCT(l) AS b, ARRAY_CONTAINS(l, STRUCT(x := 1)) AS c, MAP_UNION(m, m) AS d, ARRAY_UNION(n, ARRAY[1.5]) AS e, ARRAY_JOIN(n, '|') AS f, ARRAY_REMOVE(l, STRUCT(x := 1)) AS g, ARRAY_MAX(n) AS h FROM a;
> a 1 {"s":"x","m":{"a":1},"l":[{"x":1},{"x":1},null],"n":[1.5,-1,null,1e10]}
> a 2 {}
< O 1 {"A":[-1.0,1.5,1.0E10,null],"B":[{"X":1},null],"C":true,"D":{"a":1},"E":[1.5,-1.0,null,1.0E10],"F":"1.5|-1.0|null|1.0E10","G":[null],"H":1.0E10}
< O 2 {"A":null,"B":null,"C":false,"D":null,"E":null,"F":null,"G":null,"H":null}

--- EXPLODE of nested values
CREATE STREAM a (k INT KEY, l ARRAY<ARRAY<INT>>, t ARRAY<STRUCT<x INT, y VARCHAR>>, d ARRAY<DECIMAL(4,2)>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXPLODE(l) AS e FROM a;
CREATE STREAM p AS SELECT k, EXPLODE(t)->x AS x, EXPLODE(t)->y AS y FROM a;
CREATE STREAM q AS SELECT k, EXPLODE(d) + 1 AS x, EXPLODE(ARRAY['a', 'b']) AS z FROM a;
> a 1 {"l":[[1,2],[],null],"t":[{"x":1,"y":"p"},{"x":2}],"d":[1.25]}
< O 1 {"E":[1,2]}
< O 1 {"E":[]}
< O 1 {"E":null}
< P 1 {"X":1,"Y":"p"}
< P 1 {"X":2,"Y":null}
< Q 1 {"X":2.25,"Z":"a"}
< Q 1 {"X":null,"Z":"b"}

--- COUNT of empty values and NULLs
CREATE STREAM a (k INT KEY, l ARRAY<INT>, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, COUNT(l) AS a, COUNT(s) AS b, COUNT(*) AS c, COUNT(ROWTIME) AS d FROM a GROUP BY k;
> a 1 {"l":[],"s":""}
> a 1 {}
> a 1 null
< O 1 {"A":1,"B":1,"C":1,"D":1}
< O 1 {"A":1,"B":1,"C":2,"D":2}

--- indexes that are columns
CREATE STREAM a (k INT KEY, l ARRAY<INT>, i INT, m MAP<VARCHAR, INT>, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l[i] AS a, l[i + 1] AS b, m[s] AS c, m[UCASE(s)] AS d, l[ARRAY_LENGTH(l)] AS e, ARRAY[ARRAY[1,2],ARRAY[3]][2][1] AS f FROM a;
> a 1 {"l":[5,6],"i":1,"m":{"x":1,"X":2},"s":"x"}
> a 2 {"l":[5,6],"i":null,"m":{"x":1,"X":2},"s":null}
< O 1 {"A":5,"B":6,"C":1,"D":2,"E":6,"F":3}
< O 2 {"A":null,"B":null,"C":null,"D":null,"E":6,"F":3}

--- a STRUCT inserted
CREATE STREAM a (k VARCHAR KEY, v STRUCT<x INT, y ARRAY<VARCHAR>>) WITH (KAFKA_TOPIC='in', VALUE_FORMAT='JSON', KEY_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v->x AS x, v->y[1] AS y FROM a;
INSERT INTO a (k, v) VALUES ('a', STRUCT(x := 1, y := ARRAY['p', 'q']));
< O "a" {"X":1,"Y":"p"}

--- BIGINT keys in each format
CREATE STREAM a (k BIGINT KEY, v INT) WITH (KAFKA_TOPIC='in', FORMAT='JSON');
CREATE STREAM o WITH (KEY_FORMAT='KAFKA') AS SELECT * FROM a;
CREATE STREAM p WITH (KEY_FORMAT='DELIMITED') AS SELECT * FROM a;
> in 9223372036854775807 {"v":1}
> in "12" {"v":1}
< O 9223372036854775807 {"V":1}
< O 12 {"V":1}
< P "9223372036854775807" {"V":1}
< P "12" {"V":1}

--- DOUBLE keys in DELIMITED and KAFKA
CREATE STREAM a (k DOUBLE KEY, v INT) WITH (KAFKA_TOPIC='in', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (KEY_FORMAT='DELIMITED') AS SELECT * FROM a;
CREATE STREAM p WITH (KEY_FORMAT='JSON') AS SELECT * FROM a;
CREATE TABLE q AS SELECT k, COUNT(*) AS n FROM a GROUP BY k;
> in 1.0 {"v":1}
> in 12345678.9 {"v":1}
< O "1.0" {"V":1}
< O "1.23456789E7" {"V":1}
< P 1.0 {"V":1}
< P 1.23456789E7 {"V":1}
< Q 1.0 {"N":1}
< Q 1.23456789E7 {"N":1}

--- aggregates of sessions that merge
CREATE STREAM a (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='in', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, COUNT(*) AS n, MIN(v) AS mn, MAX(v) AS mx, AVG(v) AS av, TOPK(v, 2) AS t, COLLECT_SET(v) AS cs, HISTOGRAM(CAST(v AS VARCHAR)) AS h, COUNT_DISTINCT(v) AS cd, STDDEV_SAMPLE(v) AS sd FROM a WINDOW SESSION (10 MILLISECONDS) GROUP BY k;
> in "a" {"v":1} @0
> in "a" {"v":2} @15
> in "a" {"v":3} @30
> in "a" {"v":4} @22
> in "a" {"v":1} @8
< O "a" {"N":1,"MN":1,"MX":1,"AV":1.0,"T":[1],"CS":[1],"H":{"1":1},"CD":1,"SD":0.0} 0...0
< O "a" {"N":1,"MN":2,"MX":2,"AV":2.0,"T":[2],"CS":[2],"H":{"2":1},"CD":1,"SD":0.0} @15 15...15
< O "a" {"N":1,"MN":3,"MX":3,"AV":3.0,"T":[3],"CS":[3],"H":{"3":1},"CD":1,"SD":0.0} @30 30...30
< O "a" null @15 15...15
< O "a" null @30 30...30
< O "a" {"N":3,"MN":2,"MX":4,"AV":3.0,"T":[4,3],"CS":[2,3,4],"H":{"2":1,"3":1,"4":1},"CD":3,"SD":1.0} @30 15...30
< O "a" null 0...0
< O "a" null @30 15...30
< O "a" {"N":5,"MN":1,"MX":4,"AV":2.2,"T":[4,3],"CS":[1,2,3,4],"H":{"1":2,"2":1,"3":1,"4":1},"CD":4,"SD":1.3038404810405297} @30 0...30

--- expressions of the group's key
CREATE STREAM a (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='in', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k AS id, AS_VALUE(k) AS k, k + 'x' AS kx, LEN(k) + COUNT(*) AS n FROM a GROUP BY k;
> in "ab" {"v":1} @0
< O "ab" {"K":"ab","KX":"abx","N":3}

--- TIMESTAMP in back-quotes
CREATE STREAM a (k INT KEY, `Ts` BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='`Ts`');
CREATE STREAM o AS SELECT k, `Ts` FROM a;
CREATE STREAM p WITH (TIMESTAMP='`x y`') AS SELECT k, `Ts` + 1 AS `x y` FROM a;
> a 1 {"Ts":5}
< O 1 {"Ts":5} @5
< P 1 {"x y":6} @6

--- TIMESTAMP without the back-quotes of its column
CREATE STREAM a (k INT KEY, `Ts` BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='Ts');
! unknown_column

--- TIMESTAMP of a field
CREATE STREAM a (k STRUCT<t BIGINT> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON', TIMESTAMP='k->t');
! unknown_column

--- times that are none
CREATE STREAM a (k INT KEY, t BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='t');
CREATE STREAM o AS SELECT k, t FROM a;
> a 1 {"t":-5} @7
> a 2 {"t":null} @7
> a 3 null @7
> a 4 {} @7
< a.dlq "a/0/0" {"t":-5} @7
< a.dlq "a/0/1" {"t":null} @7
< O 3 null @7
< a.dlq "a/0/3" {} @7

--- the time of a table's tombstone
CREATE TABLE a (k INT PRIMARY KEY, t BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', TIMESTAMP='t');
CREATE TABLE o AS SELECT k, t FROM a;
> a 1 {"t":5} @7
> a 1 null @9
< O 1 {"T":5} @5
< O 1 null @9

--- times of a result that are none
CREATE STREAM a (k INT KEY, t BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (TIMESTAMP='t') AS SELECT k, t FROM a;
CREATE STREAM p WITH (TIMESTAMP='s', TIMESTAMP_FORMAT='yyyy') AS SELECT k, s FROM a;
CREATE TABLE q WITH (TIMESTAMP='m') AS SELECT k, MAX(t) AS m FROM a GROUP BY k;
> a 1 {"t":5,"s":"2020"} @7
> a 2 {"t":null,"s":"x"} @8
> a 3 null @9
> a 4 {"t":-1,"s":null} @9
< O 1 {"T":5} @5
< O 3 null @9
< P 1 {"S":"2020"} @1577836800000
< P 3 null @9
< Q 1 {"M":5} @5

--- ARRAY of DATE, MAP of TIME, STRUCT of TIMESTAMP DECIMAL BYTES
CREATE STREAM a (k INT KEY, l ARRAY<DATE>, m MAP<VARCHAR, TIME>, s STRUCT<t TIMESTAMP, d DECIMAL(4,2), b BYTES>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l, m, s, l[1] AS d, m['x'] AS t, s->t AS ts, s->d + 1 AS dd, LEN(s->b) AS n FROM a;
> a 1 {"l":[1,null],"m":{"x":5},"s":{"t":7,"d":"1.5","b":"YQ=="}}
< O 1 {"L":[1,null],"M":{"x":5},"S":{"T":7,"D":1.50,"B":"YQ=="},"D":1,"T":5,"TS":7,"DD":2.50,"N":1}

--- lambdas within lambdas
CREATE STREAM a (k INT KEY, l ARRAY<INT>, m MAP<VARCHAR, ARRAY<INT>>, s VARCHAR, t ARRAY<STRUCT<x INT, y VARCHAR>>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRANSFORM(m, (kk, v) => kk + s, (kk, v) => REDUCE(v, 0, (st, e) => st + e)) AS a, FILTER(t, e => e->x > 1 AND e->y LIKE 'p%') AS b, REDUCE(m, 0, (st, kk, v) => st + ARRAY_LENGTH(v)) AS c, TRANSFORM(FILTER(l, x => x > k), x => CASE WHEN x > 5 THEN 'big' ELSE CAST(x AS VARCHAR) END) AS d, TRANSFORM(l, x => STRUCT(a := x, b := s)) AS e, FILTER(m, (kk, v) => ARRAY_CONTAINS(v, 2)) AS f, TRANSFORM(t, e => e->y) AS g FROM a;
> a 1 {"l":[1,2,9],"m":{"p":[1,2],"q":[]},"s":"!","t":[{"x":1,"y":"pa"},{"x":2,"y":"pb"},{"x":3,"y":"q"}]}
> a 2 {}
< O 1 {"A":{"p!":3,"q!":0},"B":[{"X":2,"Y":"pb"}],"C":2,"D":["2","big"],"E":[{"A":1,"B":"!"},{"A":2,"B":"!"},{"A":9,"B":"!"}],"F":{"p":[1,2]},"G":["pa","pb","q"]}
< O 2 {"A":null,"B":null,"C":0,"D":null,"E":null,"F":null,"G":null}

--- lambdas in each clause
CREATE STREAM a (k INT KEY, l ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l FROM a WHERE REDUCE(l, 0, (s, x) => s + x) > 3;
CREATE TABLE p AS SELECT REDUCE(l, 0, (s, x) => s + x) AS g, COUNT(*) AS n FROM a GROUP BY REDUCE(l, 0, (s, x) => s + x);
CREATE TABLE q AS SELECT k, SUM(REDUCE(l, 0, (s, x) => s + x)) AS n FROM a GROUP BY k;
CREATE STREAM r AS SELECT k, REDUCE(l, CAST(NULL AS INT), (s, x) => COALESCE(s, 0) + x) AS n FROM a;
> a 1 {"l":[1,2]}
> a 1 {"l":[3,2]}
< O 1 {"L":[3,2]}
< P 3 {"N":1}
< P 5 {"N":1}
< Q 1 {"N":3}
< Q 1 {"N":8}
< R 1 {"N":null}
< R 1 {"N":null}

--- ROWTIME of each side
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, a.ROWTIME AS r1, t.ROWTIME AS r2, a.ROWOFFSET AS o1 FROM a LEFT JOIN t ON a.k = t.k WHERE a.ROWTIME > 5;
> t 1 {"x":1} @3
> a 1 {"v":1} @9
> a 2 {"v":1} @10
< J 1 {"R1":9,"R2":3,"O1":0} @9
< J 2 {"R1":10,"R2":null,"O1":1} @10

--- ROWTIME of each side without a name
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, a.ROWTIME, t.ROWTIME FROM a LEFT JOIN t ON a.k = t.k;
> t 1 {"x":1} @3
> a 1 {"v":1} @9
< J 1 {"A_ROWTIME":9,"T_ROWTIME":3} @9

--- fields of a key
CREATE STREAM a (k STRUCT<a INT, b INT> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE o AS SELECT k->a AS ka, COUNT(*) AS n FROM a GROUP BY k->a;
CREATE TABLE p AS SELECT k, k->b AS kb, COUNT(*) AS n FROM a GROUP BY k;
CREATE STREAM q AS SELECT k->a AS ka, k, v FROM a PARTITION BY k->a;
CREATE STREAM r AS SELECT STRUCT(z := v) AS nk, v FROM a PARTITION BY STRUCT(z := v);
CREATE STREAM s AS SELECT * FROM a WHERE k->a > 1;
> a {"a":1,"b":2} {"v":3}
> a {"a":2,"b":null} {"v":3}
< O 1 {"N":1}
< O 2 {"N":1}
< P {"A":1,"B":2} {"KB":2,"N":1}
< P {"A":2,"B":null} {"KB":null,"N":1}
< Q 1 {"K":{"A":1,"B":2},"V":3}
< Q 2 {"K":{"A":2,"B":null},"V":3}
< R {"Z":3} {"V":3}
< R {"Z":3} {"V":3}
< S {"A":2,"B":null} {"V":3}

--- DELIMITED: empty texts
CREATE STREAM a (k VARCHAR KEY, v VARCHAR, w VARCHAR) WITH (KAFKA_TOPIC='a', FORMAT='DELIMITED');
CREATE STREAM o WITH (FORMAT='JSON') AS SELECT * FROM a;
CREATE STREAM p AS SELECT * FROM a;
CREATE STREAM q AS SELECT k, v FROM a;
> a "x" ","
> a "" "\"\",b"
> a "\"q\"" "a,\"\""
> a "-5" "-5,-6"
> a "a b" " x,y "
> a "\"a,b\"" "é,é"
> a "z" ""
< O "x" {"V":null,"W":null}
< O null {"V":null,"W":"b"}
< O "q" {"V":"a","W":null}
< O "-5" {"V":"-5","W":"-6"}
< O "a b" {"V":" x","W":"y "}
< O "a,b" {"V":"é","W":"é"}
< a.dlq "a/0/6" ""
< P "x" ","
< P null ",b"
< P "q" "a,"
< P "\"-5\"" "\"-5\",-6"
< P "a b" "\" x\",\"y \""
< P "\"a,b\"" "\"é\",é"
< Q "x" ""
< Q null ""
< Q "q" "a"
< Q "\"-5\"" "\"-5\""
< Q "a b" "\" x\""
< Q "\"a,b\"" "\"é\""

--- DELIMITED: what is quoted
CREATE STREAM a (k VARCHAR KEY, v VARCHAR, w VARCHAR) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM p WITH (FORMAT='DELIMITED') AS SELECT * FROM a;
CREATE STREAM q WITH (FORMAT='DELIMITED') AS SELECT k, v FROM a;
> a "" {"v":"","w":"x"}
> a null {"v":null,"w":null}
> a "a,b" {"v":"'x'","w":"\"y\""}
> a "-1" {"v":"+1","w":"-1"}
> a "5" {"v":"(a)","w":"(b)"}
> a "_" {"v":"_x","w":"é"}
> a "é" {"v":"é","w":"\r"}
< P "\"\"" "\"\",x"
< P null ","
< P "\"a,b\"" "\"'x'\",\"\"\"y\"\"\""
< P "\"-1\"" "\"+1\",-1"
< P "5" "\"(a)\",(b)"
< P "\"_\"" "\"_x\",é"
< P "\"é\"" "\"é\",\"\r\""
< Q "\"\"" "\"\""
< Q null ""
< Q "\"a,b\"" "\"'x'\""
< Q "\"-1\"" "\"+1\""
< Q "5" "\"(a)\""
< Q "\"_\"" "\"_x\""
< Q "\"é\"" "\"é\""

--- pseudo columns in tables and joins
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE u (k INT PRIMARY KEY, y INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON');
CREATE STREAM o1 AS SELECT a.k, a.ROWOFFSET AS ao, b.ROWOFFSET AS bo, a.ROWPARTITION AS ap FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM o2 AS SELECT a.k, a.ROWOFFSET AS ao, t.ROWOFFSET AS xo, t.ROWPARTITION AS xp FROM a JOIN t ON a.k = t.k;
CREATE TABLE o3 AS SELECT t.k, t.ROWOFFSET AS xo, u.ROWOFFSET AS yo, t.ROWTIME AS xt, u.ROWTIME AS yt FROM t JOIN u ON t.k = u.k;
CREATE TABLE o4 AS SELECT k, ROWOFFSET AS xo, ROWPARTITION AS p, ROWTIME AS rt FROM t WHERE ROWOFFSET > 0;
CREATE TABLE o5 AS SELECT t.k, u.ROWOFFSET AS yo, u.ROWTIME AS yt FROM t JOIN u ON t.x = u.k;
CREATE TABLE o6 AS SELECT k, MAX(ROWOFFSET) AS m, COUNT(*) AS n FROM a WHERE ROWPARTITION = 0 GROUP BY k;
CREATE STREAM o7 AS SELECT k, ABS(ROWOFFSET) AS m, CAST(ROWPARTITION AS VARCHAR) AS p FROM a PARTITION BY k;
CREATE STREAM o8 AS SELECT ROWOFFSET AS o, ROWPARTITION AS p, k FROM a PARTITION BY ROWOFFSET;
> t 1 {"x":9} @1
> t 1 {"x":1} @2
> u 1 {"y":5} @3
> a 1 {"v":1} @4
> a 1 {"v":2} @5
> b 1 {"w":1} @6
< O1 1 {"AO":0,"BO":0,"AP":0} @6
< O1 1 {"AO":1,"BO":0,"AP":0} @6
< O2 1 {"AO":0,"XO":1,"XP":0} @4
< O2 1 {"AO":1,"XO":1,"XP":0} @5
< O3 1 {"XO":1,"YO":0,"XT":2,"YT":3} @3
< O4 1 {"XO":1,"P":0,"RT":2} @2
< O5 1 null @2
< O5 1 {"YO":0,"YT":3} @3
< O6 1 {"M":0,"N":1} @4
< O6 1 {"M":1,"N":2} @5
< O7 1 {"M":0,"P":"0"} @4
< O7 1 {"M":1,"P":"0"} @5
< O8 0 {"P":0,"K":1} @4
< O8 1 {"P":0,"K":1} @5

--- SOURCE streams and tables
CREATE SOURCE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE SOURCE TABLE t (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE TABLE p AS SELECT * FROM t;
CREATE STREAM q AS SELECT a.k, v, x FROM a JOIN t ON a.k = t.k;
> t 1 {"x":9} @1
> a 1 {"v":2} @5
< O 1 {"V":2} @5
< P 1 {"X":9} @1
< Q 1 {"V":2,"X":9} @5

--- INSERT INTO a SOURCE stream
CREATE SOURCE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, v INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
INSERT INTO a SELECT * FROM b;
! result_type

--- a stream replaced by a SOURCE
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE OR REPLACE SOURCE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! in_use

--- DROP and CREATE again
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v FROM a;
DROP STREAM o;
CREATE STREAM o AS SELECT k, v + 1 AS v FROM a;
DROP STREAM IF EXISTS zzz;
DROP STREAM o DELETE TOPIC;
CREATE STREAM p AS SELECT k, v + 2 AS v FROM a;
> a 1 {"v":1}
< P 1 {"V":3}

--- DEFINE
DEFINE lim = '5';
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v, '${lim}' AS s, '$${lim}' AS t FROM a WHERE v > ${lim};
UNDEFINE lim;
> a 1 {"v":6}
< O 1 {"V":6,"S":"5","T":"${lim}"}
