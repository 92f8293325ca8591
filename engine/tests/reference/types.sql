-- Values of each type through expressions and clauses.

--- dates and times: arithmetic and parts
CREATE STREAM i (k INT KEY, dt DATE, tm TIME, ts TIMESTAMP) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, DATEADD(DAYS, 3, dt) AS a, DATESUB(DAYS, 3, dt) AS b, TIMEADD(HOURS, 25, tm) AS c, TIMESUB(MINUTES, 90, tm) AS d, TIMESTAMPADD(DAYS, 1, ts) AS e, TIMESTAMPSUB(SECONDS, 1, ts) AS f, TIMEADD(MILLISECONDS, 5, tm) AS g FROM i;
CREATE STREAM p AS SELECT k, FORMAT_TIMESTAMP(ts, 'yyyy-MM-dd''T''HH:mm:ssX') AS a, TIMESTAMPTOSTRING(3000000000, 'yyyy-MM-dd') AS b, TIMESTAMPTOSTRING(3000000000, 'yyyy-MM-dd HH:mm Z', 'Asia/Tokyo') AS c, DATETOSTRING(18000, 'yyyy-MM-dd') AS d, FORMAT_DATE(dt, 'Q') AS e, FORMAT_TIMESTAMP(ts, 'D Q G') AS f FROM i;
CREATE STREAM q AS SELECT k, DATEADD(DAYS, NULL, dt) AS a, DATEADD(DAYS, k, dt) AS b FROM i;
> i 1 {"dt":18000,"tm":3723004,"ts":1600000000123}
> i 2 {}
< O 1 {"A":18003,"B":17997,"C":7323004,"D":84723004,"E":1600086400123,"F":1599999999123,"G":3723009}
< O 2 {"A":null,"B":null,"C":null,"D":null,"E":null,"F":null,"G":null}
< P 1 {"A":"2020-09-13T12:26:40Z","B":"1970-02-04","C":"1970-02-05 02:20 +0900","D":"2019-04-14","E":"2","F":"257 3 AD"}
< P 2 {"A":null,"B":"1970-02-04","C":"1970-02-05 02:20 +0900","D":"2019-04-14","E":null,"F":null}
< Q 1 {"A":null,"B":18001}
< Q 2 {"A":null,"B":null}

--- dates, times and timestamps in WHERE and GROUP BY
CREATE STREAM i (k INT KEY, dt DATE, ts TIMESTAMP) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, dt FROM i WHERE dt >= '2019-04-14' AND ts < '2020-09-13T12:26:41';
CREATE TABLE t WITH (KEY_FORMAT='JSON') AS SELECT dt, COUNT(*) AS n, MAX(ts) AS m FROM i GROUP BY dt;
CREATE STREAM p AS SELECT k, dt IN ('2019-04-14', '2020-01-01') AS a, ts BETWEEN '2020-01-01' AND '2021-01-01' AS b, dt = CAST('2019-04-14' AS DATE) AS c FROM i;
> i 1 {"dt":18000,"ts":1600000000123}
> i 2 {"dt":17999,"ts":1600000000123}
> i 3 {}
< O 1 {"DT":18000}
< T 18000 {"N":1,"M":1600000000123}
< T 17999 {"N":1,"M":1600000000123}
< P 1 {"A":true,"B":true,"C":true}
< P 2 {"A":false,"B":true,"C":false}
< P 3 {"A":false,"B":false,"C":false}

--- BYTES in comparisons and functions
CREATE STREAM i (k INT KEY, y BYTES) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, y > TO_BYTES('a', 'utf8') AS g, y = TO_BYTES('b', 'utf8') AS e, LEN(y) AS l, CONCAT(y, TO_BYTES('!', 'utf8')) AS c, FROM_BYTES(y, 'hex') AS h FROM i;
CREATE TABLE t WITH (KEY_FORMAT='KAFKA') AS SELECT y, COUNT(*) AS n FROM i GROUP BY y;
> i 1 {"y":"Yg=="}
> i 2 {"y":null}
< O 1 {"G":true,"E":true,"L":1,"C":"YiE=","H":"62"}
< O 2 {"G":false,"E":false,"L":null,"C":"IQ==","H":null}
< T "Yg==" {"N":1}

--- IN and its coercions
CREATE STREAM i (k INT KEY, b BOOLEAN, l BIGINT, d DOUBLE, m DECIMAL(4,2), s VARCHAR, a ARRAY<INT>, mp MAP<VARCHAR, INT>, st STRUCT<x INT>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, b IN (TRUE, 'f') AS c1, l IN (1, '2', 3.0) AS c2, d IN (1, 2.5, '7') AS c3, m IN (1.5, '2.50') AS c4, s IN (1, TRUE, 'x', 2.50) AS c5, a IN (ARRAY[1, 2], ARRAY[3]) AS c6, mp IN (MAP('p' := 1)) AS c7, st IN (STRUCT(x := 1), STRUCT(x := 2)) AS c8, l NOT IN (7, 8) AS c9, s IN (s, 'q') AS c10 FROM i;
> i 1 {"b":true,"l":2,"d":7,"m":2.5,"s":"1","a":[1,2],"mp":{"p":1},"st":{"x":2}}
> i 2 {"b":false,"l":3,"d":2.5,"m":1.5,"s":"2.50","a":[3],"mp":{"p":2},"st":{"x":3}}
> i 3 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":true,"C7":true,"C8":true,"C9":true,"C10":true}
< O 2 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":true,"C7":false,"C8":false,"C9":true,"C10":true}
< O 3 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":false,"C7":false,"C8":false,"C9":true,"C10":false}

--- IN: text that is no number
CREATE STREAM i (k INT KEY, l BIGINT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l IN (1, 'ten') AS c FROM i;
! type_mismatch

--- IN: a column of text for a number
CREATE STREAM i (k INT KEY, l BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l IN (1, s) AS c FROM i;
! type_mismatch

--- IN: a BOOLEAN for a number
CREATE STREAM i (k INT KEY, l BIGINT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l IN (1, TRUE) AS c FROM i;
! type_mismatch

--- IN: a number for an ARRAY
CREATE STREAM i (k INT KEY, a ARRAY<INT>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a IN (1) AS c FROM i;
! type_mismatch

--- IN: an expression of another type for text
CREATE STREAM i (k INT KEY, s VARCHAR, l BIGINT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s IN ('x', l) AS c FROM i;
! type_mismatch

--- BETWEEN: text bounds for a number
CREATE STREAM i (k INT KEY, l BIGINT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l BETWEEN '1' AND '5' AS c FROM i;
! type_mismatch

--- BETWEEN: of a text
CREATE STREAM i (k INT KEY, s VARCHAR, a ARRAY<INT>, n INT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s BETWEEN 'b' AND 'd' AS c1, a[1] BETWEEN 2 AND n AS c2, n BETWEEN 5 AND 1 AS c3, n NOT BETWEEN 1 AND 2 AS c4, n BETWEEN 1.5 AND 3.5 AS c5 FROM i;
> i 1 {"s":"c","a":[3],"n":3}
> i 2 {"s":null,"a":null,"n":null}
< O 1 {"C1":true,"C2":true,"C3":false,"C4":true,"C5":true}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":true,"C5":false}

--- BETWEEN of an ARRAY
CREATE STREAM i (k INT KEY, a ARRAY<INT>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a BETWEEN ARRAY[1] AND ARRAY[2] AS c FROM i;
! type_mismatch

--- LIKE
CREATE STREAM i (k INT KEY, s VARCHAR, n INT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s LIKE 'a%c' AS c1, s LIKE '%.%' AS c2, s LIKE '_b_' AS c3, s LIKE 'a!%%' ESCAPE '!' AS c4, s LIKE '' AS c5, s NOT LIKE 'a%' AS c6, s LIKE NULL AS c7, s LIKE '%' AS c8 FROM i;
> i 1 {"s":"abc"}
> i 2 {"s":"a.c\nc"}
> i 3 {"s":"a%x"}
> i 4 {}
< O 1 {"C1":true,"C2":false,"C3":true,"C4":false,"C5":false,"C6":false,"C7":false,"C8":true}
< O 2 {"C1":true,"C2":true,"C3":false,"C4":false,"C5":false,"C6":false,"C7":false,"C8":true}
< O 3 {"C1":false,"C2":false,"C3":false,"C4":true,"C5":false,"C6":false,"C7":false,"C8":true}
< O 4 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":true,"C7":false,"C8":false}

--- LIKE of a number
CREATE STREAM i (k INT KEY, n INT) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n LIKE '1%' AS c FROM i;
! type_mismatch

--- equality of structs with other fields
CREATE STREAM i (k INT KEY, a STRUCT<x INT>, b STRUCT<y INT>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a = b AS c FROM i;
! type_mismatch

--- NOT of NULL
CREATE STREAM i (k INT KEY, b BOOLEAN) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, NOT b AS c1, NOT (b = TRUE) AS c2, NOT NOT b AS c3 FROM i;
CREATE STREAM p AS SELECT k, b FROM i WHERE NOT b;
> i 1 {"b":true}
> i 2 {"b":false}
> i 3 {}
< O 1 {"C1":false,"C2":false,"C3":true}
< O 2 {"C1":true,"C2":true,"C3":false}
< O 3 {"C1":null,"C2":true,"C3":null}
< P 2 {"B":false}
