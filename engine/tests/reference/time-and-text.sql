-- Times compared with text, patterns of times, precedence of operators.

--- ROWTIME and text: forms of text
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o1 AS SELECT k, v FROM a WHERE ROWTIME > '2019';
CREATE STREAM o2 AS SELECT k, v FROM a WHERE ROWTIME > '2019-07';
CREATE STREAM o3 AS SELECT k, v FROM a WHERE ROWTIME > '2019-07-10';
CREATE STREAM o4 AS SELECT k, v FROM a WHERE ROWTIME > '2019-07-10T12';
CREATE STREAM o5 AS SELECT k, v FROM a WHERE ROWTIME > '2019-07-10T12:30';
CREATE STREAM o6 AS SELECT k, v FROM a WHERE ROWTIME = '2019-07-10T12:30:00+0100';
CREATE STREAM o7 AS SELECT k, v FROM a WHERE ROWTIME = '2019-07-10T12:30:00+01:00';
CREATE STREAM o8 AS SELECT k, v FROM a WHERE ROWTIME = '2019-07-10T11:30:00Z';
CREATE STREAM o9 AS SELECT k, v FROM a WHERE '2019-07-10T11:30:00.000' <= ROWTIME;
CREATE STREAM o10 AS SELECT k, v FROM a WHERE ROWTIME BETWEEN '2019-07-10' AND 1562760600000;
> a 1 {"v":1} @1562758200000
> a 2 {"v":2} @1546300800000
< O1 1 {"V":1} @1562758200000
< O2 1 {"V":1} @1562758200000
< O3 1 {"V":1} @1562758200000
< O6 1 {"V":1} @1562758200000
< O7 1 {"V":1} @1562758200000
< O8 1 {"V":1} @1562758200000
< O9 1 {"V":1} @1562758200000
< O10 1 {"V":1} @1562758200000

--- ROWTIME and text: wrong text
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o1 AS SELECT k, v FROM a WHERE ROWTIME > 'yesterday';
! time

--- ROWTIME and text: WINDOWSTART of a windowed stream
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM o1 AS SELECT k, v FROM a WHERE WINDOWSTART >= '1970-01-01T00:00:01' AND WINDOWEND < '1970-01-01T00:00:04';
CREATE STREAM o2 AS SELECT k, v FROM a WHERE WINDOWSTART BETWEEN 1000 AND 2000;
> a 1 {"v":1} @0 0..1000
> a 1 {"v":2} @1000 1000..2000
> a 1 {"v":3} @3000 3000..4000
< O1 1 {"V":2} @1000 1000..2000
< O2 1 {"V":2} @1000 1000..2000

--- a column BIGINT against text
CREATE STREAM a (k INT KEY, v BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o1 AS SELECT k, v FROM a WHERE v > '2019';
! type_mismatch

--- patterns that read
CREATE STREAM a (k INT KEY, s VARCHAR, f VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRINGTOTIMESTAMP(s, f) AS a, STRINGTODATE(s, f) AS b, PARSE_TIMESTAMP(s, f) AS c, PARSE_DATE(s, f) AS d FROM a;
> a 1 {"s":"2021-08-13 23:59:58","f":"yyyy-MM-dd HH:mm:ss"}
> a 2 {"s":"2021-Aug-13","f":"yyyy-MMM-dd"}
> a 3 {"s":"2021-AUG-13","f":"yyyy-MMM-dd"}
> a 4 {"s":"X2021-08-13X","f":"'X'yyyy-MM-dd'X'"}
> a 5 {"s":"13","f":"dd"}
> a 6 {"s":"2021-225","f":"yyyy-DDD"}
> a 7 {"s":"08/13/21 3:04 pm","f":"MM/dd/yy h:mm a"}
> a 8 {"s":"2021-08-13T01:02:03.456+0530","f":"yyyy-MM-dd'T'HH:mm:ss.SSSZ"}
> a 9 {"s":"2021-08-13 01:02:03 EST","f":"yyyy-MM-dd HH:mm:ss z"}
> a 10 {"s":"2021-08-13 01:02 America/New_York","f":"yyyy-MM-dd HH:mm VV"}
> a 11 {"s":null,"f":"yyyy"}
> a 12 {"s":"2021","f":null}
> a 13 {"s":"Friday, August 13, 2021","f":"EEEE, MMMM d, yyyy"}
> a 14 {"s":"12021-08-13","f":"yyyy-MM-dd"}
< O 1 {"A":1628899198000,"B":18852,"C":1628899198000,"D":null}
< O 2 {"A":1628812800000,"B":18852,"C":1628812800000,"D":18852}
< O 3 {"A":1628812800000,"B":18852,"C":1628812800000,"D":18852}
< O 4 {"A":1628812800000,"B":18852,"C":1628812800000,"D":18852}
< O 5 {"A":1036800000,"B":null,"C":1036800000,"D":12}
< O 6 {"A":1628812800000,"B":18852,"C":1628812800000,"D":18852}
< O 7 {"A":1628867040000,"B":18852,"C":1628867040000,"D":null}
< O 8 {"A":1628796723456,"B":18852,"C":1628796723456,"D":null}
< O 9 {"A":1628830923000,"B":18852,"C":1628830923000,"D":null}
< O 10 {"A":1628830920000,"B":18852,"C":1628830920000,"D":null}
< O 11 {"A":null,"B":null,"C":null,"D":null}
< O 12 {"A":null,"B":null,"C":null,"D":null}
< O 13 {"A":1628812800000,"B":18852,"C":1628812800000,"D":18852}
< O 14 {"A":null,"B":null,"C":null,"D":null}

--- patterns that write
CREATE STREAM a (k INT KEY, t TIMESTAMP, f VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_TIMESTAMP(t, f) AS a, FORMAT_TIMESTAMP(t, f, 'America/Los_Angeles') AS b, FORMAT_TIMESTAMP(t, f, '+05:30') AS c FROM a;
> a 1 {"t":1628899198123,"f":"yyyy-MM-dd HH:mm:ss.SSS"}
> a 2 {"t":1628899198123,"f":"EEE, d MMM yyyy h:mm:ss a"}
> a 3 {"t":1628899198123,"f":"yy.M.d H:m:s"}
> a 4 {"t":1628899198123,"f":"yyyy-MM-dd'T'HH:mm:ssXXX"}
> a 5 {"t":1628899198123,"f":"Z z O VV"}
> a 6 {"t":-1,"f":"yyyy-MM-dd HH:mm:ss.SSSSSS"}
> a 7 {"t":null,"f":"yyyy"}
> a 8 {"t":5,"f":"[[["}
> a 9 {"t":1628899198123,"f":"k K n N A"}
< O 1 {"A":"2021-08-13 23:59:58.123","B":"2021-08-13 16:59:58.123","C":"2021-08-14 05:29:58.123"}
< O 2 {"A":"Fri, 13 Aug 2021 11:59:58 PM","B":"Fri, 13 Aug 2021 4:59:58 PM","C":"Sat, 14 Aug 2021 5:29:58 AM"}
< O 3 {"A":"21.8.13 23:59:58","B":"21.8.13 16:59:58","C":"21.8.14 5:29:58"}
< O 4 {"A":"2021-08-13T23:59:58Z","B":"2021-08-13T16:59:58-07:00","C":"2021-08-14T05:29:58+05:30"}
< O 5 {"A":"+0000 GMT GMT GMT","B":"-0700 PDT GMT-7 America/Los_Angeles","C":"+0530 +05:30 GMT+5:30 +05:30"}
< O 6 {"A":"1969-12-31 23:59:59.999000","B":"1969-12-31 15:59:59.999000","C":"1970-01-01 05:29:59.999000"}
< O 7 {"A":null,"B":null,"C":null}
< O 8 {"A":"","B":"","C":""}
< O 9 {"A":"23 11 123000000 86398123000000 86398123","B":"16 4 123000000 61198123000000 61198123","C":"5 5 123000000 19798123000000 19798123"}

--- the ends of the calendar
CREATE STREAM a (k INT KEY, n INT, l BIGINT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_DATE(FROM_DAYS(n), 'yyyy-MM-dd') AS a, TIMESTAMPTOSTRING(l, 'yyyy-MM-dd') AS b, DATETOSTRING(n, 'dd.MM.yy') AS c, UNIX_DATE(FROM_DAYS(n)) AS d, UNIX_TIMESTAMP(FROM_UNIXTIME(l)) AS e FROM a;
> a 1 {"n":0,"l":0}
> a 2 {"n":-1,"l":-1}
> a 3 {"n":2932896,"l":253402300799999}
> a 4 {}
< O 1 {"A":"1970-01-01","B":"1970-01-01","C":"01.01.70","D":0,"E":0}
< O 2 {"A":"1969-12-31","B":"1969-12-31","C":"31.12.69","D":-1,"E":-1}
< O 3 {"A":"9999-12-31","B":"9999-12-31","C":"31.12.99","D":2932896,"E":253402300799999}
< O 4 {"A":null,"B":null,"C":null,"D":null,"E":null}

--- TOPK in windows
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, TOPK(v, 3) AS t, TOPKDISTINCT(v, 3) AS d FROM a WINDOW TUMBLING (SIZE 30 SECONDS) GROUP BY k;
CREATE TABLE h AS SELECT k, TOPK(v, 2) AS t FROM a WINDOW HOPPING (SIZE 30 SECONDS, ADVANCE BY 15 SECONDS) GROUP BY k;
> a 1 {"v":1} @0
> a 1 {"v":5} @20000
> a 1 {"v":5} @20001
> a 1 {"v":null} @20002
> a 1 {"v":9} @31000
< O 1 {"T":[1],"D":[1]} 0..30000
< O 1 {"T":[5,1],"D":[5,1]} @20000 0..30000
< O 1 {"T":[5,5,1],"D":[5,1]} @20001 0..30000
< O 1 {"T":[5,5,1],"D":[5,1]} @20002 0..30000
< O 1 {"T":[9],"D":[9]} @31000 30000..60000
< H 1 {"T":[1]} 0..30000
< H 1 {"T":[5,1]} @20000 0..30000
< H 1 {"T":[5]} @20000 15000..45000
< H 1 {"T":[5,5]} @20001 0..30000
< H 1 {"T":[5,5]} @20001 15000..45000
< H 1 {"T":[5,5]} @20002 0..30000
< H 1 {"T":[5,5]} @20002 15000..45000
< H 1 {"T":[9,5]} @31000 15000..45000
< H 1 {"T":[9]} @31000 30000..60000

--- aggregates over fields and CASE
CREATE STREAM a (k INT KEY, v INT, m MAP<VARCHAR, BIGINT>, s STRUCT<x INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE o AS SELECT k, SUM(m['a']) AS a, MAX(s->x + v) AS b, COUNT(CASE WHEN v > 1 THEN 1 END) AS c, SUM(CASE WHEN v > 1 THEN v ELSE 0 END) AS d, COLLECT_LIST(STRUCT(q := v)) AS e FROM a GROUP BY k HAVING SUM(m['a']) > 1 AND COUNT(*) < 3;
> a 1 {"v":1,"m":{"a":1},"s":{"x":5}}
> a 1 {"v":2,"m":{"a":2},"s":{"x":5}}
> a 1 {"v":3,"m":{},"s":null}
< O 1 {"A":3,"B":7,"C":1,"D":2,"E":[{"Q":1},{"Q":2}]}
< O 1 null

--- texts joined by two bars
CREATE STREAM a (k INT KEY, s VARCHAR, t VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s || t AS c FROM a;
> a 1 {"s":"a","t":"b"}
< O 1 {"C":"ab"}

--- AT TIME ZONE
CREATE STREAM a (k INT KEY, s TIMESTAMP) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s AT TIME ZONE 'UTC' AS c FROM a;
! syntax

--- precedence
CREATE STREAM a (k INT KEY, x INT, y INT, b BOOLEAN) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, x + y * 2 AS c1, (x + y) * 2 AS c2, x - y - 1 AS c3, -x * 2 AS c4, x / y * y AS c5, x % y + 1 AS c6, NOT b AND x > 1 AS c7, b OR x > 1 AND y > 5 AS c8, NOT (x = 1) OR b AS c9, x + 1 > y AND y BETWEEN 1 AND 3 AS c10 FROM a;
> a 1 {"x":7,"y":2,"b":true}
< O 1 {"C1":11,"C2":18,"C3":4,"C4":-14,"C5":6,"C6":2,"C7":false,"C8":true,"C9":true,"C10":true}
