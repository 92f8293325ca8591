-- Aggregate functions: NULLs, types, limits.

--- numbers
CREATE STREAM a (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(4,2)) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(n) AS sn, SUM(l) AS sl, SUM(d) AS sd, SUM(m) AS sm, AVG(n) AS an, AVG(d) AS ad, AVG(l) AS al FROM a GROUP BY k;
CREATE TABLE p AS SELECT k, MIN(n) AS mn, MAX(l) AS ml, MIN(d) AS md, MAX(m) AS mm, COUNT(n) AS cn, COUNT(*) AS c, COUNT_DISTINCT(n) AS cd FROM a GROUP BY k;
> a 1 {}
> a 1 {"n":1,"l":2,"d":1.5,"m":99.99}
> a 1 {"n":2147483647,"l":9223372036854775807,"d":1e308,"m":99.99}
> a 1 {"n":1,"l":-5,"d":1e308,"m":-0.01}
< O 1 {"SN":0,"SL":0,"SD":0.0,"SM":0.00,"AN":0.0,"AD":0.0,"AL":0.0}
< O 1 {"SN":1,"SL":2,"SD":1.5,"SM":99.99,"AN":1.0,"AD":1.5,"AL":2.0}
< O 1 {"SN":1,"SL":2,"SD":1.0E308,"SM":99.99,"AN":1.073741824E9,"AD":5.0E307,"AL":-4.611686018427388E18}
< O 1 {"SN":2,"SL":-3,"SD":"Infinity","SM":99.98,"AN":7.15827883E8,"AD":"Infinity","AL":3.0744573456182584E18}
< P 1 {"MN":null,"ML":null,"MD":null,"MM":null,"CN":0,"C":1,"CD":0}
< P 1 {"MN":1,"ML":2,"MD":1.5,"MM":99.99,"CN":1,"C":2,"CD":1}
< P 1 {"MN":1,"ML":9223372036854775807,"MD":1.5,"MM":99.99,"CN":2,"C":3,"CD":2}
< P 1 {"MN":1,"ML":9223372036854775807,"MD":1.5,"MM":99.99,"CN":3,"C":4,"CD":2}

--- minimum and maximum of other types
CREATE STREAM a (k INT KEY, s VARCHAR, dt DATE, t TIME, ts TIMESTAMP, y BYTES) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, MIN(s) AS s1, MAX(s) AS s2, MIN(dt) AS d1, MAX(t) AS t2, MAX(ts) AS ts2, MIN(y) AS y1 FROM a GROUP BY k;
> a 1 {"s":"b","dt":5,"t":6,"ts":7,"y":"Yg=="}
> a 1 {"s":"a","dt":4,"t":9,"ts":8,"y":"YQ=="}
> a 1 {}
< O 1 {"S1":"b","S2":"b","D1":5,"T2":6,"TS2":7,"Y1":"Yg=="}
< O 1 {"S1":"a","S2":"b","D1":4,"T2":9,"TS2":8,"Y1":"YQ=="}
< O 1 {"S1":"a","S2":"b","D1":4,"T2":9,"TS2":8,"Y1":"YQ=="}

--- minimum of a BOOLEAN
CREATE STREAM a (k INT KEY, b BOOLEAN) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, MIN(b) AS x FROM a GROUP BY k;
! type_mismatch

--- sum of text
CREATE STREAM a (k INT KEY, b VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(b) AS x FROM a GROUP BY k;
! type_mismatch

--- average of DECIMAL
CREATE STREAM a (k INT KEY, b DECIMAL(4,2)) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, AVG(b) AS x FROM a GROUP BY k;
> a 1 {"b":1.25}
> a 1 {"b":2}
< O 1 {"X":1.25}
< O 1 {"X":1.625}

--- lists and sets
CREATE STREAM a (k INT KEY, n INT, s VARCHAR, st STRUCT<x INT>, ar ARRAY<INT>, mp MAP<VARCHAR, INT>, b BOOLEAN) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, COLLECT_LIST(n) AS ln, COLLECT_SET(n) AS sn, COLLECT_LIST(s) AS ls, COLLECT_SET(st) AS sst, COLLECT_LIST(ar) AS la, COLLECT_SET(mp) AS smp, COLLECT_LIST(b) AS lb FROM a GROUP BY k;
> a 1 {"n":1,"s":"x","st":{"x":1},"ar":[1],"mp":{"a":1},"b":true}
> a 1 {}
> a 1 {"n":1,"s":"x","st":{"x":1},"ar":[1],"mp":{"a":1},"b":true}
< O 1 {"LN":[1],"SN":[1],"LS":["x"],"SST":[{"X":1}],"LA":[[1]],"SMP":[{"a":1}],"LB":[true]}
< O 1 {"LN":[1,null],"SN":[1,null],"LS":["x",null],"SST":[{"X":1},null],"LA":[[1],null],"SMP":[{"a":1},null],"LB":[true,null]}
< O 1 {"LN":[1,null,1],"SN":[1,null],"LS":["x",null,"x"],"SST":[{"X":1},null],"LA":[[1],null,[1]],"SMP":[{"a":1},null],"LB":[true,null,true]}

--- TOPK and TOPKDISTINCT
CREATE STREAM a (k INT KEY, n INT, d DOUBLE, s VARCHAR, l BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, TOPK(n, 2) AS tn, TOPKDISTINCT(n, 2) AS td, TOPK(d, 3) AS dd, TOPK(s, 2) AS ts, TOPKDISTINCT(l, 1) AS tl FROM a GROUP BY k;
CREATE TABLE p AS SELECT k, TOPK(n, s, 2) AS tn, TOPK(s, n, d, 1) AS ts FROM a GROUP BY k;
> a 1 {"n":5,"d":1.5,"s":"b","l":7}
> a 1 {"n":5,"d":2.5,"s":"c","l":7}
> a 1 {}
> a 1 {"n":9,"d":0.5,"s":"a","l":8}
< O 1 {"TN":[5],"TD":[5],"DD":[1.5],"TS":["b"],"TL":[7]}
< O 1 {"TN":[5,5],"TD":[5],"DD":[2.5,1.5],"TS":["c","b"],"TL":[7]}
< O 1 {"TN":[5,5],"TD":[5],"DD":[2.5,1.5],"TS":["c","b"],"TL":[7]}
< O 1 {"TN":[9,5],"TD":[9,5],"DD":[2.5,1.5,0.5],"TS":["c","b"],"TL":[8]}
< P 1 {"TN":[{"sort_col":5,"col0":"b"}],"TS":[{"sort_col":"b","col0":5,"col1":1.5}]}
< P 1 {"TN":[{"sort_col":5,"col0":"b"},{"sort_col":5,"col0":"c"}],"TS":[{"sort_col":"c","col0":5,"col1":2.5}]}
< P 1 {"TN":[{"sort_col":5,"col0":"b"},{"sort_col":5,"col0":"c"}],"TS":[{"sort_col":"c","col0":5,"col1":2.5}]}
< P 1 {"TN":[{"sort_col":9,"col0":"a"},{"sort_col":5,"col0":"b"}],"TS":[{"sort_col":"c","col0":5,"col1":2.5}]}

--- TOPK needs a constant
CREATE STREAM a (k INT KEY, n INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, TOPK(n, n) AS tn FROM a GROUP BY k;
! type_mismatch

--- LATEST and EARLIEST
CREATE STREAM a (k INT KEY, n INT, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, LATEST_BY_OFFSET(n) AS l, LATEST_BY_OFFSET(n, FALSE) AS lf, LATEST_BY_OFFSET(n, 2) AS l2, LATEST_BY_OFFSET(n, 2, FALSE) AS l2f, EARLIEST_BY_OFFSET(n) AS e, EARLIEST_BY_OFFSET(n, FALSE) AS ef, EARLIEST_BY_OFFSET(s, 2) AS e2, EARLIEST_BY_OFFSET(s, 2, FALSE) AS e2f FROM a GROUP BY k;
> a 1 {}
> a 1 {"n":1,"s":"a"}
> a 1 {"n":2,"s":"b"}
> a 1 {}
> a 1 {"n":3,"s":"c"}
< O 1 {"L":null,"LF":null,"L2":[],"L2F":[null],"E":null,"EF":null,"E2":[],"E2F":[null]}
< O 1 {"L":1,"LF":1,"L2":[1],"L2F":[null,1],"E":1,"EF":null,"E2":["a"],"E2F":[null,"a"]}
< O 1 {"L":2,"LF":2,"L2":[1,2],"L2F":[1,2],"E":1,"EF":null,"E2":["a","b"],"E2F":[null,"a"]}
< O 1 {"L":2,"LF":null,"L2":[1,2],"L2F":[2,null],"E":1,"EF":null,"E2":["a","b"],"E2F":[null,"a"]}
< O 1 {"L":3,"LF":3,"L2":[2,3],"L2F":[null,3],"E":1,"EF":null,"E2":["a","b"],"E2F":[null,"a"]}

--- HISTOGRAM and ATTR
CREATE STREAM a (k INT KEY, s VARCHAR, n INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, HISTOGRAM(s) AS h, ATTR(n) AS attr FROM a GROUP BY k;
> a 1 {"s":"x","n":1}
> a 1 {"s":"y","n":1}
> a 1 {"s":"x"}
> a 1 {"n":2}
< O 1 {"H":{"x":1},"ATTR":1}
< O 1 {"H":{"x":1,"y":1},"ATTR":1}
< O 1 {"H":{"x":2,"y":1},"ATTR":null}
< O 1 {"H":{"x":2,"y":1},"ATTR":null}

--- STDDEV and CORRELATION
CREATE STREAM a (k INT KEY, n INT, l BIGINT, d DOUBLE) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, STDDEV_SAMP(n) AS v, STDDEV_SAMPLE(n) AS s, STDDEV_SAMPLE(d) AS sd, CORRELATION(n, n) AS c, CORRELATION(l, l) AS cl, CORRELATION(d, d) AS cd FROM a GROUP BY k;
> a 1 {"n":1,"l":1,"d":1.5}
> a 1 {"n":3,"l":4,"d":2.5}
> a 1 {}
> a 1 {"n":4,"l":5,"d":-1}
< O 1 {"V":0.0,"S":0.0,"SD":0.0,"C":"NaN","CL":"NaN","CD":"NaN"}
< O 1 {"V":2.0,"S":1.4142135623730951,"SD":0.7071067811865476,"C":1.0,"CL":1.0,"CD":1.0}
< O 1 {"V":2.0,"S":1.4142135623730951,"SD":0.7071067811865476,"C":1.0,"CL":1.0,"CD":1.0}
< O 1 {"V":2.333333333333333,"S":1.5275252316519465,"SD":1.8027756377319946,"C":1.0,"CL":1.0,"CD":1.0}

--- aggregates of constants
CREATE STREAM a (k INT KEY, n INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(2) AS s, COUNT(1) AS c, MAX(3.5) AS m, COUNT('x') AS x, COLLECT_LIST('q') AS q FROM a GROUP BY k;
> a 1 {}
> a 1 {}
< O 1 {"S":2,"C":1,"M":3.5,"X":1,"Q":["q"]}
< O 1 {"S":4,"C":2,"M":3.5,"X":2,"Q":["q","q"]}

--- aggregates inside of constructors
CREATE STREAM a (k INT KEY, s VARCHAR, n INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, ARRAY_LENGTH(COLLECT_SET(UCASE(s))) AS n1, COLLECT_LIST(n)[1] AS f, ROUND(AVG(n), 1) AS r, STRUCT(c:=COUNT(*), s:=SUM(n)) AS st, ARRAY[MIN(n), MAX(n)] AS ar, MAP('a':=COUNT(*)) AS mp, UCASE(MAX(s)) AS u FROM a GROUP BY k;
> a 1 {"s":"x","n":1}
> a 1 {"s":"X","n":2}
< O 1 {"N1":1,"F":1,"R":1.0,"ST":{"C":1,"S":1},"AR":[1,1],"MP":{"a":1},"U":"X"}
< O 1 {"N1":1,"F":1,"R":1.5,"ST":{"C":2,"S":3},"AR":[1,2],"MP":{"a":2},"U":"X"}

--- two streams of one topic
CREATE STREAM a (k INT KEY, n INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, n VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(n) AS s FROM a GROUP BY k;
CREATE TABLE p AS SELECT k, MAX(n) AS s FROM b GROUP BY k;
> a 1 {"n":1}
> a 1 {"n":2}
< O 1 {"S":1}
< O 1 {"S":3}
< P 1 {"S":"1"}
< P 1 {"S":"2"}

--- table functions
CREATE STREAM a (k INT KEY, ar ARRAY<INT>, m MAP<VARCHAR, ARRAY<VARCHAR>>, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXPLODE(ar) AS e, s FROM a;
CREATE STREAM p AS SELECT k, EXPLODE(ar), EXPLODE(m['x']) FROM a;
CREATE STREAM q AS SELECT k, CUBE_EXPLODE(ARRAY[s, 'z']) AS c FROM a;
CREATE STREAM r AS SELECT k, EXPLODE(ar) * 2 AS e FROM a WHERE s IS NOT NULL;
CREATE STREAM t AS SELECT *, EXPLODE(SPLIT(s, ',')) AS w FROM a;
CREATE STREAM u AS SELECT EXPLODE(ar) AS e, s FROM a PARTITION BY s;
> a 1 {"ar":[1,2,null],"m":{"x":["p"]},"s":"a,b"}
> a 2 {"ar":[],"m":null,"s":null}
> a 3 {}
> a 4 null
< O 1 {"E":1,"S":"a,b"}
< O 1 {"E":2,"S":"a,b"}
< O 1 {"E":null,"S":"a,b"}
< P 1 {"KSQL_COL_0":1,"KSQL_COL_1":"p"}
< P 1 {"KSQL_COL_0":2,"KSQL_COL_1":null}
< P 1 {"KSQL_COL_0":null,"KSQL_COL_1":null}
< Q 1 {"C":[null,null]}
< Q 1 {"C":[null,"z"]}
< Q 1 {"C":["a,b",null]}
< Q 1 {"C":["a,b","z"]}
< Q 2 {"C":[null,null]}
< Q 2 {"C":[null,"z"]}
< Q 3 {"C":[null,null]}
< Q 3 {"C":[null,"z"]}
< R 1 {"E":2}
< R 1 {"E":4}
< R 1 {"E":null}
< T 1 {"AR":[1,2,null],"M":{"x":["p"]},"S":"a,b","W":"a"}
< T 1 {"AR":[1,2,null],"M":{"x":["p"]},"S":"a,b","W":"b"}
< U "a,b" {"E":1}
< U "a,b" {"E":2}
< U "a,b" {"E":null}

--- a table function in WHERE
CREATE STREAM a (k INT KEY, ar ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ar FROM a WHERE EXPLODE(ar) > 1;
! table_function

--- a table function and GROUP BY
CREATE STREAM a (k INT KEY, ar ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, EXPLODE(ar) AS e, COUNT(*) AS n FROM a GROUP BY k;
! table_function

--- a table function in a table function
CREATE STREAM a (k INT KEY, ar ARRAY<ARRAY<INT>>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXPLODE(EXPLODE(ar)) AS e FROM a;
! table_function

--- a table function in CASE
CREATE STREAM a (k INT KEY, ar ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN k > 1 THEN EXPLODE(ar) ELSE 0 END AS e FROM a;
! table_function

--- a table function over a table
CREATE TABLE a (k INT PRIMARY KEY, ar ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, EXPLODE(ar) AS e FROM a;
! table_function

--- PARTITION BY a table function
CREATE STREAM a (k INT KEY, ar ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXPLODE(ar) AS e FROM a PARTITION BY EXPLODE(ar);
! table_function

--- SUM_LIST sums the elements of lists
CREATE STREAM i (k INT KEY, a ARRAY<INT>, b ARRAY<BIGINT>, d ARRAY<DOUBLE>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM_LIST(a) AS a, SUM_LIST(b) AS b, SUM_LIST(d) AS d FROM i GROUP BY k;
> i 1 {}
> i 1 {"a":[1,null,2],"b":[3000000000,3000000000],"d":[0.5,0.25]}
> i 1 {"a":[],"b":null,"d":[null]}
> i 1 {"a":[-5],"b":[1],"d":[1]}
< O 1 {"A":0,"B":0,"D":0.0}
< O 1 {"A":3,"B":6000000000,"D":0.75}
< O 1 {"A":3,"B":6000000000,"D":0.75}
< O 1 {"A":-2,"B":6000000001,"D":1.75}

--- SUM_LIST takes a row of a table out again
CREATE TABLE i (k INT PRIMARY KEY, g STRING, a ARRAY<INT>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT g, SUM_LIST(a) AS a FROM i GROUP BY g;
> i 1 {"g":"x","a":[1,2]}
> i 2 {"g":"x","a":[10]}
> i 1 {"g":"x","a":[4]}
> i 2 null
< O "x" {"A":3}
< O "x" {"A":13}
< O "x" {"A":14}
< O "x" {"A":4}

--- SUM_LIST is for lists of INT, BIGINT and DOUBLE
CREATE STREAM i (k INT KEY, a ARRAY<STRING>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM_LIST(a) AS a FROM i GROUP BY k;
! type_mismatch
