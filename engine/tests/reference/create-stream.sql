-- CREATE STREAM: keys and values in each format, columns and properties.

--- JSON objects, fields in any case, missing fields are null
CREATE STREAM orders (id BIGINT KEY, item VARCHAR, price DOUBLE, `Note` VARCHAR) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE STREAM copy AS SELECT * FROM orders;
> orders 7 {"item":"cup","PRICE":1.5,"Note":"x"} @3
> orders 8 {"ITEM":"jug"} @4
> orders 9 {} @5
> orders 10 null @6
> orders null {"item":"pan"} @7
< COPY 7 {"ITEM":"cup","PRICE":1.5,"Note":"x"} @3
< COPY 8 {"ITEM":"jug","PRICE":null,"Note":null} @4
< COPY 9 {"ITEM":null,"PRICE":null,"Note":null} @5
< COPY 10 null @6
< COPY null {"ITEM":"pan","PRICE":null,"Note":null} @7

--- a key of each KAFKA type
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
CREATE STREAM b (k DOUBLE KEY, v DOUBLE) WITH (KAFKA_TOPIC='b', FORMAT='KAFKA');
CREATE STREAM c (k VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='c', FORMAT='KAFKA');
CREATE STREAM d (k BIGINT KEY, v BIGINT) WITH (KAFKA_TOPIC='d', FORMAT='KAFKA');
CREATE STREAM a2 AS SELECT k, v + 1 AS v FROM a;
CREATE STREAM b2 AS SELECT k, v + 1 AS v FROM b;
CREATE STREAM c2 AS SELECT k, v + '!' AS v FROM c;
CREATE STREAM d2 AS SELECT k, v + 1 AS v FROM d;
> a 1 2
> b 1.5 2.5
> c "x" "y"
> d 4000000000 5000000000
> d null null
< A2 1 3
< B2 1.5 3.5
< C2 "x" "y!"
< D2 4000000000 5000000001
< D2 null null

--- KAFKA has no DECIMAL
CREATE STREAM a (k INT KEY, v DECIMAL(4,2)) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
! format

--- KAFKA has no BOOLEAN
CREATE STREAM a (k INT KEY, v BOOLEAN) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
! format

--- KAFKA has BYTES
CREATE STREAM a (k BYTES KEY, v BYTES) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
CREATE STREAM o AS SELECT k, v FROM a;
> a "YWI=" "Y2Q="
< O "YWI=" "Y2Q="

--- KAFKA has no DATE
CREATE STREAM a (k INT KEY, v DATE) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
! format

--- KAFKA has one column
CREATE STREAM a (k INT KEY, v INT, w INT) WITH (KAFKA_TOPIC='a', FORMAT='KAFKA');
! format

--- KAFKA keys have one column
CREATE STREAM a (k INT KEY, l INT KEY, v INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');
! format

--- KAFKA keys have no DATE
CREATE STREAM a (k DATE KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! format

--- KAFKA keys have no ARRAY
CREATE STREAM a (k ARRAY<INT> KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! format

--- NONE is for no key
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
! format

--- NONE for a source without key
CREATE STREAM a (v INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT v, ROWTIME AS t FROM a;
> a "ignored" {"v":1} @9
< O null {"V":1,"T":9} @9

--- NONE for values
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='NONE');
! format

--- FORMAT for both, NONE is no value format with columns
CREATE STREAM a (v INT) WITH (KAFKA_TOPIC='a', FORMAT='NONE');
! format

--- a table's key is not NONE
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='NONE', VALUE_FORMAT='JSON');
! format

--- JSON keys: scalars
CREATE STREAM a (k DECIMAL(4,2) KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1.5 {"v":1}
> a null {"v":2}
< O 1.50 {"V":1}
< O null {"V":2}

--- JSON keys: a struct, an array
CREATE STREAM a (k STRUCT<x INT, y VARCHAR> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM b (k ARRAY<INT> KEY, v INT) WITH (KAFKA_TOPIC='b', FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM p AS SELECT * FROM b;
> a {"x":1,"y":"z"} {"v":1}
> a {"x":1} {"v":2}
> b [1,2] {"v":1}
< O {"X":1,"Y":"z"} {"V":1}
< O {"X":1,"Y":null} {"V":2}
< P [1,2] {"V":1}

--- a key is not a MAP
CREATE STREAM a (k MAP<VARCHAR, INT> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
! key

--- a key holds no MAP
CREATE STREAM a (k STRUCT<m MAP<VARCHAR, INT>> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
! key

--- JSON keys of two columns
CREATE STREAM a (k INT KEY, v INT, l VARCHAR KEY) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM p AS SELECT l, k, v FROM a;
> a {"K":1,"L":"x"} {"v":1}
> a {"k":1,"l":null} {"v":2}
> a {"K":1} {"v":3}
> a null {"v":4}
< O {"K":1,"L":"x"} {"V":1}
< O {"K":1,"L":null} {"V":2}
< O {"K":1,"L":null} {"V":3}
< O null {"V":4}
< P {"K":1,"L":"x"} {"V":1}
< P {"K":1,"L":null} {"V":2}
< P {"K":1,"L":null} {"V":3}
< P null {"V":4}

--- DELIMITED: types, quotes, nulls
CREATE STREAM d (k INT KEY, s VARCHAR, b BOOLEAN, i INT, l BIGINT, f DOUBLE, dc DECIMAL(5,2)) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');
CREATE STREAM o AS SELECT * FROM d;
CREATE STREAM j WITH (VALUE_FORMAT='JSON') AS SELECT * FROM d;
> d 1 "a,true,1,2,3.5,4.10"
> d 2 "\"a,b\",false,-1,-2,1E3,4"
> d 3 ",,,,,"
> d 4 "\"say \"\"hi\"\"\",TRUE,1,2,3,999.99"
> d 5 null
> d 6 "  pad ,true,1,2,3,4"
< O 1 "a,true,1,2,3.5,4.10"
< O 2 "\"a,b\",false,-1,-2,1000.0,4.00"
< O 3 ",,,,,"
< O 4 "\"say \"\"hi\"\"\",true,1,2,3.0,999.99"
< O 5 null
< O 6 "\"  pad \",true,1,2,3.0,4.00"
< J 1 {"S":"a","B":true,"I":1,"L":2,"F":3.5,"DC":4.10}
< J 2 {"S":"a,b","B":false,"I":-1,"L":-2,"F":1000.0,"DC":4.00}
< J 3 {"S":null,"B":null,"I":null,"L":null,"F":null,"DC":null}
< J 4 {"S":"say \"hi\"","B":true,"I":1,"L":2,"F":3.0,"DC":999.99}
< J 5 null
< J 6 {"S":"  pad ","B":true,"I":1,"L":2,"F":3.0,"DC":4.00}

--- DELIMITED: dates and times are numbers of days and milliseconds, bytes are base64
CREATE STREAM d (k INT KEY, a DATE, b TIME, c TIMESTAMP, x BYTES) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');
CREATE STREAM o AS SELECT * FROM d;
CREATE STREAM j WITH (VALUE_FORMAT='JSON') AS SELECT * FROM d;
> d 1 "10,1000,1000000,YWI="
< O 1 "10,1000,1000000,YWI="
< J 1 {"A":10,"B":1000,"C":1000000,"X":"YWI="}

--- JSON: dates and times are numbers of days and milliseconds, bytes are base64
CREATE STREAM d (k INT KEY, a DATE, b TIME, c TIMESTAMP, x BYTES) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM d;
> d 1 {"a":10,"b":1000,"c":1000000,"x":"YWI="}
> d 2 {"a":-1,"b":86399999,"c":-5,"x":""}
< O 1 {"A":10,"B":1000,"C":1000000,"X":"YWI="}
< O 2 {"A":-1,"B":86399999,"C":-5,"X":""}

--- DELIMITED has no ARRAY
CREATE STREAM d (k INT KEY, a ARRAY<INT>) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');
! format

--- DELIMITED has no MAP
CREATE STREAM d (k INT KEY, a MAP<VARCHAR, INT>) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');
! format

--- DELIMITED has no STRUCT
CREATE STREAM d (k INT KEY, a STRUCT<b INT>) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED');
! format

--- DELIMITED with another delimiter
CREATE STREAM d (k VARCHAR KEY, l INT KEY, a INT, b VARCHAR) WITH (KAFKA_TOPIC='d', FORMAT='DELIMITED', VALUE_DELIMITER='|', KEY_DELIMITER='-');
CREATE STREAM o AS SELECT * FROM d;
CREATE STREAM p WITH (VALUE_DELIMITER='$') AS SELECT * FROM d;
> d "x-1" "5|t"
< O "x-1" "5|t"
< P "x-1" "5$t"

--- delimiters by name
CREATE STREAM d (k INT KEY, a INT, b VARCHAR) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='SPACE');
CREATE STREAM o WITH (VALUE_DELIMITER='TAB') AS SELECT * FROM d;
> d 1 "5 x"
< O 1 "5\tx"

--- a delimiter is one character
CREATE STREAM d (k INT KEY, a INT) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='DELIMITED', VALUE_DELIMITER='ab');
! property

--- a delimiter is of DELIMITED
CREATE STREAM d (k INT KEY, a INT) WITH (KAFKA_TOPIC='d', VALUE_FORMAT='JSON', VALUE_DELIMITER='|');
! property

--- a key's delimiter is of DELIMITED
CREATE STREAM d (k INT KEY, a INT) WITH (KAFKA_TOPIC='d', KEY_FORMAT='JSON', VALUE_FORMAT='JSON', KEY_DELIMITER='|');
! property

--- unwrapped values
CREATE STREAM u (k INT KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM o AS SELECT * FROM u;
CREATE STREAM p WITH (WRAP_SINGLE_VALUE=TRUE) AS SELECT * FROM u;
CREATE STREAM q AS SELECT k, v, v + 1 AS w FROM u;
> u 1 5
> u 2 null
> u 3 "7"
< O 1 {"V":5}
< O 2 null
< O 3 {"V":7}
< P 1 {"V":5}
< P 2 null
< P 3 {"V":7}
< Q 1 {"V":5,"W":6}
< Q 2 null
< Q 3 {"V":7,"W":8}

--- an unwrapped array, struct and map
CREATE STREAM a (k INT KEY, v ARRAY<INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM b (k INT KEY, v STRUCT<x INT>) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM c (k INT KEY, v MAP<VARCHAR, INT>) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
CREATE STREAM ao AS SELECT * FROM a;
CREATE STREAM bo AS SELECT * FROM b;
CREATE STREAM co AS SELECT * FROM c;
CREATE STREAM bw WITH (WRAP_SINGLE_VALUE=TRUE) AS SELECT * FROM b;
> a 1 [1,null]
> b 1 {"x":1}
> b 1 {"X":null}
> c 1 {"x":1,"Y":2}
< AO 1 {"V":[1,null]}
< BO 1 {"V":{"X":1}}
< BO 1 {"V":{"X":null}}
< CO 1 {"V":{"x":1,"Y":2}}
< BW 1 {"V":{"X":1}}
< BW 1 {"V":{"X":null}}

--- WRAP_SINGLE_VALUE with two columns
CREATE STREAM u (k INT KEY, v INT, w INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='JSON', WRAP_SINGLE_VALUE=FALSE);
! property

--- WRAP_SINGLE_VALUE=FALSE is what KAFKA does anyway
CREATE STREAM u (k INT KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='KAFKA', WRAP_SINGLE_VALUE=FALSE);

--- WRAP_SINGLE_VALUE=TRUE cannot be for KAFKA
CREATE STREAM u (k INT KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='KAFKA', WRAP_SINGLE_VALUE=TRUE);
! property

--- WRAP_SINGLE_VALUE cannot be for DELIMITED
CREATE STREAM u (k INT KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='DELIMITED', WRAP_SINGLE_VALUE=FALSE);

--- WRAP_SINGLE_VALUE=TRUE cannot be for DELIMITED
CREATE STREAM u (k INT KEY, v INT) WITH (KAFKA_TOPIC='u', VALUE_FORMAT='DELIMITED', WRAP_SINGLE_VALUE=TRUE);
! property

--- no key column
CREATE STREAM n (v INT) WITH (KAFKA_TOPIC='n', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM n;
> n "some key" {"v":1}
> n null {"v":2}
< O null {"V":1}
< O null {"V":2}

--- names in backticks keep their case
CREATE STREAM q (`the key` VARCHAR KEY, `Mixed` INT, mixed INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
CREATE STREAM `lower` AS SELECT `the key`, `Mixed`, mixed FROM q;
> q "x" {"Mixed":1,"MIXED":2}
> q "x" {"Mixed":1,"mixed":3}
< lower "x" {"Mixed":1,"MIXED":2}
< lower "x" {"Mixed":1,"MIXED":3}

--- WITH takes no unknown property
CREATE STREAM q (v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON', COLOUR='red');
! property

--- WITH needs a topic
CREATE STREAM q (v INT) WITH (VALUE_FORMAT='JSON');
! property

--- no columns
CREATE STREAM q WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! schema

--- the key of a stream is KEY
CREATE STREAM q (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! key

--- the key of a table is PRIMARY KEY
CREATE TABLE q (k INT KEY, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! key

--- a column twice
CREATE STREAM q (k INT KEY, v INT, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! duplicate_column

--- a key column and a value column alike
CREATE STREAM q (k INT KEY, k INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! duplicate_column

--- ROWTIME is no column's name
CREATE STREAM q (ROWTIME BIGINT, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! duplicate_column

--- WINDOWSTART is no column's name
CREATE STREAM q (WINDOWSTART BIGINT, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
! duplicate_column

--- ROWKEY is a column's name
CREATE STREAM q (ROWKEY BIGINT KEY, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM q;
> q 1 {"v":1}
< O 1 {"V":1}

--- a format twice
CREATE STREAM q (k INT KEY, v INT) WITH (KAFKA_TOPIC='q', FORMAT='JSON', VALUE_FORMAT='JSON');
! property

--- a format that is none
CREATE STREAM q (k INT KEY, v INT) WITH (KAFKA_TOPIC='q', VALUE_FORMAT='XML');
! property

--- windowed sources of both kinds
CREATE STREAM t (k INT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='10 SECONDS');
CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
CREATE STREAM o AS SELECT k, v, WINDOWSTART AS ws, WINDOWEND AS we FROM t;
CREATE STREAM p AS SELECT k, v, WINDOWSTART AS ws, WINDOWEND AS we FROM s;
> t 1 {"v":1} @12000 10000..20000
> s 1 {"v":1} @12000 10000...12000
< O 1 {"V":1,"WS":10000,"WE":20000} @12000 10000..20000
< P 1 {"V":1,"WS":10000,"WE":12000} @12000 10000...12000

--- a tumbling window has a size
CREATE STREAM t (k INT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING');
! property

--- a session has none
CREATE STREAM t (k INT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION', WINDOW_SIZE='10 SECONDS');
! property

--- a size without type
CREATE STREAM t (k INT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', WINDOW_SIZE='10 SECONDS');
! property

--- the time is a column
CREATE STREAM t (k BIGINT KEY, v BIGINT, w TIMESTAMP, x VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='w');
CREATE STREAM o AS SELECT k, v, ROWTIME AS t FROM t;
CREATE STREAM p WITH (TIMESTAMP='v') AS SELECT k, v, ROWTIME AS t FROM t;
CREATE STREAM q WITH (TIMESTAMP='x', TIMESTAMP_FORMAT='yyyy-MM-dd HH:mm') AS SELECT k, x FROM t;
> t 5 {"v":50,"w":500,"x":"1970-01-01 00:01"} @5000
> t 5 {"v":51,"w":501,"x":"1970-01-01 00:02"} @5000
< O 5 {"V":50,"T":500} @500
< O 5 {"V":51,"T":501} @501
< P 5 {"V":50,"T":500} @50
< P 5 {"V":51,"T":501} @51
< Q 5 {"X":"1970-01-01 00:01"} @60000
< Q 5 {"X":"1970-01-01 00:02"} @120000

--- a time's format is for text
CREATE STREAM t (k BIGINT KEY, v BIGINT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='v', TIMESTAMP_FORMAT='yyyy');
! property

--- the time is not an INT
CREATE STREAM t (k BIGINT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='v');
! property

--- partitions are a number above zero
CREATE STREAM t (k BIGINT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=0);
! property

--- what is there is kept by IF NOT EXISTS
CREATE STREAM t (k BIGINT KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE STREAM IF NOT EXISTS t (z INT) WITH (KAFKA_TOPIC='z', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM t;
> t 1 {"v":1}
< O 1 {"V":1}
