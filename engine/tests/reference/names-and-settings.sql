-- Keys of no format, settings, pseudo columns, names.

--- decimal arithmetic
CREATE STREAM a (k INT KEY, a DECIMAL(5,2), b DECIMAL(3,1), i INT, l BIGINT, d DOUBLE) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a + b AS c1, a - b AS c2, a * b AS c3, a / b AS c4, a % b AS c5, a + i AS c6, a + l AS c7, a + d AS c8, i / a AS c9, l * a AS c10, a + b + a AS c11, -a AS c12, a = b AS c13, a < d AS c14, a <> i AS c15 FROM a;
> a 1 {"a":12.34,"b":-5.6,"i":3,"l":4,"d":1.5}
> a 2 {"a":null,"b":1,"i":3,"l":4,"d":1.5}
> a 3 {"a":0,"b":0,"i":0,"l":0,"d":0}
> a 4 {"a":999.99,"b":99.9,"i":2147483647,"l":9223372036854775807,"d":1e300}
< O 1 {"C1":6.74,"C2":17.94,"C3":-69.104,"C4":-2.203571,"C5":1.14,"C6":15.34,"C7":16.34,"C8":13.84,"C9":0.243112,"C10":49.36,"C11":19.08,"C12":-12.34,"C13":false,"C14":false,"C15":true}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null,"C7":null,"C8":null,"C9":null,"C10":null,"C11":null,"C12":null,"C13":false,"C14":false,"C15":false}
< O 3 {"C1":0.00,"C2":0.00,"C3":0.000,"C4":null,"C5":null,"C6":0.00,"C7":0.00,"C8":0.0,"C9":null,"C10":0.00,"C11":0.00,"C12":0.00,"C13":true,"C14":false,"C15":false}
< O 4 {"C1":1099.89,"C2":900.09,"C3":99899.001,"C4":10.009910,"C5":0.99,"C6":2147484646.99,"C7":9223372036854776806.99,"C8":1.0E300,"C9":2147505.122051,"C10":9223279803134407259241.93,"C11":2099.88,"C12":-999.99,"C13":false,"C14":true,"C15":true}

--- NONE gives way to a key
CREATE STREAM a (v INT, w INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a PARTITION BY v;
CREATE STREAM p AS SELECT * FROM a;
CREATE STREAM q WITH (KEY_FORMAT='NONE') AS SELECT v + 1 AS x FROM a;
> a null {"v":1,"w":2}
< O 1 {"W":2}
< P null {"V":1,"W":2}
< Q null {"X":2}

--- NONE for the key of groups
CREATE STREAM a (v INT, w INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
CREATE TABLE o WITH (KEY_FORMAT='NONE') AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
! format

--- NONE for a key that is there
CREATE STREAM a (k INT KEY, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (KEY_FORMAT='NONE') AS SELECT k, w FROM a;
! format

--- PARTITION BY NULL with a key format
CREATE STREAM a (k INT KEY, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (KEY_FORMAT='JSON') AS SELECT k, w FROM a PARTITION BY NULL;
! format

--- PARTITION BY NULL with KEY_FORMAT NONE
CREATE STREAM a (k INT KEY, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (KEY_FORMAT='NONE') AS SELECT k, w FROM a PARTITION BY NULL;
> a 1 {"w":2}
< O null {"K":1,"W":2}

--- PARTITION BY NULL cast
CREATE STREAM a (k INT KEY, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT w, k FROM a PARTITION BY CAST(NULL AS INT);
> a 1 {"w":2}
! key

--- keyless: GROUP BY, PARTITION BY, join
CREATE STREAM a (v INT, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT v, COUNT(*) AS n FROM a GROUP BY v;
CREATE STREAM p AS SELECT v, w FROM a PARTITION BY v;
CREATE STREAM q AS SELECT v + w AS s FROM a;
> a 99 {"v":1,"w":2}
< O 1 {"N":1}
< P 1 {"W":2}
< Q null {"S":3}

--- only key columns JSON
CREATE STREAM a (k INT KEY) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, AS_VALUE(k) AS v FROM a;
> a 5 {}
< O 5 {"V":5}

--- default formats
SET 'ksql.persistence.default.format.key' = 'JSON';
SET 'ksql.persistence.default.format.value' = 'DELIMITED';
CREATE STREAM a (k DECIMAL(2,1) KEY, v INT) WITH (KAFKA_TOPIC='a');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM n (v INT, w INT) WITH (KAFKA_TOPIC='n', KEY_FORMAT='NONE');
CREATE STREAM p AS SELECT * FROM n PARTITION BY v;
> a 1.5 "3"
> n null "3,4"
< O 1.5 "3"
< P 3 "4"

--- system columns as aliases
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v AS ROWTIME FROM a;
! duplicate_column

--- system columns as aliases 2
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v AS WINDOWSTART FROM a;
! duplicate_column

--- system columns as aliases 3
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, v AS ROWPARTITION FROM a;
! duplicate_column

--- ROWPARTITION is no column's name
CREATE STREAM a (k INT KEY, ROWPARTITION BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! duplicate_column

--- windowend in back-quotes is another name
CREATE STREAM a (k INT KEY, `windowend` BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');

--- ROWTIME in expressions
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ROWTIME + 1 AS a, TIMESTAMPTOSTRING(ROWTIME, 'HH:mm') AS b, a.ROWTIME AS c, CAST(ROWPARTITION AS VARCHAR) AS d, ROWOFFSET * 2 AS e FROM a WHERE ROWOFFSET >= 1;
> a 1 {"v":1} @60000
> a 1 {"v":1} @120000
< O 1 {"A":120001,"B":"00:02","C":120000,"D":"0","E":2} @120000

--- GROUP BY ROWTIME and ROWPARTITION
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT ROWPARTITION AS p, COUNT(*) AS n FROM a GROUP BY ROWPARTITION;
CREATE TABLE p AS SELECT ROWTIME AS t, COUNT(*) AS n FROM a GROUP BY ROWTIME;
CREATE TABLE q AS SELECT k, MAX(ROWTIME) AS t, LATEST_BY_OFFSET(ROWOFFSET) AS o FROM a GROUP BY k;
> a 1 {"v":1} @60000
> a 1 {"v":1} @120000
< O 0 {"N":1} @60000
< O 0 {"N":2} @120000
< P 60000 {"N":1} @60000
< P 120000 {"N":1} @120000
< Q 1 {"T":60000,"O":0} @60000
< Q 1 {"T":120000,"O":1} @120000

--- a key in GROUP BY and in functions
CREATE STREAM a (k VARCHAR KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT LCASE(k) AS lk, COUNT(*) AS n FROM a GROUP BY LCASE(k);
CREATE TABLE p AS SELECT k, COUNT(*) AS n, AS_VALUE(k) AS kv, LCASE(k) AS lk FROM a GROUP BY k;
> a "A" {"v":1}
> a "a" {"v":1}
< O "a" {"N":1}
< O "a" {"N":2}
< P "A" {"N":1,"KV":"A","LK":"a"}
< P "a" {"N":1,"KV":"a","LK":"a"}

--- WHERE of records without a value
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a WHERE v IS NULL;
CREATE STREAM p AS SELECT * FROM a WHERE k = 1;
CREATE STREAM q AS SELECT k, v IS NULL AS n, COALESCE(v, 0) AS z FROM a;
> a 1 null
> a 1 {"v":null}
> a 2 {}
< O 1 {"V":null}
< O 2 {"V":null}
< P 1 {"V":null}
< Q 1 null
< Q 1 {"N":true,"Z":0}
< Q 2 {"N":true,"Z":0}

--- struct access of null, arrays of structs
CREATE STREAM a (k INT KEY, l ARRAY<STRUCT<x INT, y ARRAY<VARCHAR>>>, m MAP<VARCHAR, STRUCT<z INT>>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l[1]->x AS a, l[1]->y[2] AS b, m['q']->z AS c, l[2]->x + 1 AS d, l[-1] AS e FROM a;
> a 1 {"l":[{"x":1,"y":["p","q"]}],"m":{"q":{"z":3}}}
> a 2 {"l":[null],"m":{}}
> a 3 {}
< O 1 {"A":1,"B":"q","C":3,"D":null,"E":{"X":1,"Y":["p","q"]}}
< O 2 {"A":null,"B":null,"C":null,"D":null,"E":null}
< O 3 {"A":null,"B":null,"C":null,"D":null,"E":null}

--- struct as JSON string
CREATE STREAM a (k INT KEY, s VARCHAR, j STRUCT<a INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXTRACTJSONFIELD(s, '$.b.c') AS c, j->a AS d FROM a WHERE j->a > 1;
> a 1 {"s":{"b":{"c":[1,2]}},"j":{"a":2}}
> a 1 {"s":"{\"b\":{\"c\":\"t\"}}","j":{"a":2}}
< O 1 {"C":"[1,2]","D":2}
< O 1 {"C":"t","D":2}

--- names with a hyphen and an at sign
CREATE STREAM a (`a-b` INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM `o-1` AS SELECT `a-b` AS `c-d`, v AS `@v` FROM a;
> a 1 {"v":2}
< o-1 1 {"@v":2}

--- names of streams with a blank
CREATE STREAM `my stream` (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! invalid_name

--- names with a point, a blank and quotes
CREATE STREAM s (`the key` VARCHAR KEY, `with.dot` INT, `@x` STRUCT<`in ner` INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM `out` AS SELECT `with.dot`, `the key`, `@x`->`in ner` AS `q"uote` FROM s PARTITION BY `with.dot`;
CREATE STREAM o2 AS SELECT * FROM s x WHERE x.`with.dot` > 0;
> a "x" {"with.dot":1,"@x":{"in ner":2}}
< out 1 {"the key":"x","q\"uote":2}
< O2 "x" {"with.dot":1,"@x":{"in ner":2}}
