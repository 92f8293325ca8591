-- Scalar functions: with values, and with NULLs.

--- numbers: ABS, CEIL, FLOOR, SIGN (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ABS(-n) AS c1, ABS(-l) AS c2, ABS(-d) AS c3, ABS(-m) AS c4, CEIL(d) AS c5, CEIL(m) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":7,"C2":3000000000,"C3":2.5,"C4":12.35,"C5":3.0,"C6":13.00}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- numbers: ABS, CEIL, FLOOR, SIGN (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CEIL(n) AS c1, FLOOR(d) AS c2, FLOOR(m) AS c3, FLOOR(-m) AS c4, SIGN(n) AS c5, SIGN(-m) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":7,"C2":2.0,"C3":12.00,"C4":-13.00,"C5":1,"C6":-1}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- numbers: ABS, CEIL, FLOOR, SIGN (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SIGN(d) AS c1, CEIL(-d) AS c2, FLOOR(l) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1,"C2":-2.0,"C3":3000000000}
< O 2 {"C1":null,"C2":null,"C3":null}

--- numbers: ROUND, TRUNC (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ROUND(d) AS c1, ROUND(-d) AS c2, ROUND(m) AS c3, ROUND(m,1) AS c4, ROUND(m,0) AS c5, ROUND(m,-1) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":3,"C2":-2,"C3":12,"C4":12.40,"C5":12.00,"C6":10.00}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- numbers: ROUND, TRUNC (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ROUND(d,1) AS c1, ROUND(12345.678,-2) AS c2, ROUND(2.5E0) AS c3, ROUND(-2.5E0) AS c4, ROUND(3.25E0,1) AS c5, ROUND(n) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":2.5,"C2":12300.000,"C3":3,"C4":-2,"C5":3.3,"C6":7}
< O 2 {"C1":null,"C2":12300.000,"C3":3,"C4":-2,"C5":3.3,"C6":null}

--- numbers: ROUND, TRUNC (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ROUND(l) AS c1, ROUND(CAST(n AS DECIMAL(9,0)),-1) AS c2, TRUNC(d) AS c3, TRUNC(-2.7E0) AS c4, TRUNC(m) AS c5, TRUNC(m,1) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":3000000000,"C2":10,"C3":2,"C4":-2,"C5":12,"C6":12.30}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":-2,"C5":null,"C6":null}

--- numbers: ROUND, TRUNC (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRUNC(m,-1) AS c1, TRUNC(12345.678E0,-2) AS c2, TRUNC(l) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":10.00,"C2":12300.0,"C3":3000000000}
< O 2 {"C1":null,"C2":12300.0,"C3":null}

--- numbers: powers and logarithms (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXP(n) AS c1, EXP(d) AS c2, EXP(m) AS c3, LN(n) AS c4, LN(0) AS c5, LN(-1) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1096.6331584284585,"C2":12.182493960703473,"C3":230960.0428807727,"C4":1.9459101490553132,"C5":"-Infinity","C6":"NaN"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":"-Infinity","C6":"NaN"}

--- numbers: powers and logarithms (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, LOG(100) AS c1, LOG(2,8) AS c2, LOG(1,8) AS c3, LOG(0) AS c4, LOG(-1) AS c5, SQRT(n) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":4.605170185988092,"C2":3.0,"C3":"NaN","C4":"-Infinity","C5":"NaN","C6":2.6457513110645907}
< O 2 {"C1":4.605170185988092,"C2":3.0,"C3":"NaN","C4":"-Infinity","C5":"NaN","C6":null}

--- numbers: powers and logarithms (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SQRT(-1) AS c1, CBRT(27) AS c2, CBRT(-8) AS c3, POWER(2,10) AS c4, POWER(2,0.5) AS c5, POWER(n,l) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"NaN","C2":3.0,"C3":-2.0,"C4":1024.0,"C5":1.4142135623730951,"C6":"Infinity"}
< O 2 {"C1":"NaN","C2":3.0,"C3":-2.0,"C4":1024.0,"C5":1.4142135623730951,"C6":null}

--- numbers: powers and logarithms (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, POWER(-8,0.5) AS c1, POWER(m,2) AS c2 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"NaN","C2":152.52249999999998}
< O 2 {"C1":"NaN","C2":null}

--- numbers: trigonometry (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SIN(d) AS c1, COS(d) AS c2, TAN(d) AS c3, COT(d) AS c4, COT(0) AS c5, ASIN(0.5) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":0.5984721441039565,"C2":-0.8011436155469337,"C3":-0.7470222972386603,"C4":-1.3386481283041514,"C5":"Infinity","C6":0.5235987755982989}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":"Infinity","C6":0.5235987755982989}

--- numbers: trigonometry (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ASIN(2) AS c1, ACOS(0.5) AS c2, ATAN(d) AS c3, ATAN2(1,2) AS c4, ATAN2(0,-1) AS c5, SINH(1) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"NaN","C2":1.0471975511965979,"C3":1.1902899496825317,"C4":0.4636476090008061,"C5":3.141592653589793,"C6":1.1752011936438014}
< O 2 {"C1":"NaN","C2":1.0471975511965979,"C3":null,"C4":0.4636476090008061,"C5":3.141592653589793,"C6":1.1752011936438014}

--- numbers: trigonometry (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, COSH(1) AS c1, TANH(1) AS c2, DEGREES(PI()) AS c3, RADIANS(180) AS c4, PI() AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1.5430806348152437,"C2":0.7615941559557649,"C3":180.0,"C4":3.141592653589793,"C5":3.141592653589793}
< O 2 {"C1":1.5430806348152437,"C2":0.7615941559557649,"C3":180.0,"C4":3.141592653589793,"C5":3.141592653589793}

--- GREATEST and LEAST (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, GREATEST(n,3) AS c1, GREATEST(NULL,n,3) AS c2, LEAST(n,NULL,3) AS c3, GREATEST(d,1.5E0) AS c4, LEAST(m,1.5) AS c5, GREATEST('a','b',s) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":7,"C2":7,"C3":3,"C4":2.5,"C5":1.50,"C6":"b"}
< O 2 {"C1":3,"C2":3,"C3":3,"C4":1.5,"C5":1.50,"C6":"b"}

--- GREATEST and LEAST (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, LEAST(l,CAST(4 AS BIGINT)) AS c1, GREATEST(dt,dt) AS c2, LEAST(y,y) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":4,"C2":18000,"C3":"YWJj"}
< O 2 {"C1":4,"C2":null,"C3":null}

--- GENERATE_SERIES
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, GENERATE_SERIES(1,5) AS c1, GENERATE_SERIES(5,1) AS c2, GENERATE_SERIES(1,10,4) AS c3, GENERATE_SERIES(10,1,-4) AS c4, GENERATE_SERIES(l,l+2) AS c5, GENERATE_SERIES(n,9) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":[1,2,3,4,5],"C2":[5,4,3,2,1],"C3":[1,5,9],"C4":[10,6,2],"C5":[3000000000,3000000001,3000000002],"C6":[7,8,9]}

--- GEO_DISTANCE
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, GEO_DISTANCE(37.4E0,-122.1E0,51.5E0,-0.1E0) AS c1, GEO_DISTANCE(37.4E0,-122.1E0,51.5E0,-0.1E0,'miles') AS c2, GEO_DISTANCE(37.4E0,-122.1E0,51.5E0,-0.1E0,'KM') AS c3, GEO_DISTANCE(d,d,d,d) AS c4, GEO_DISTANCE(37.4E0,-122.1E0,51.5E0,-0.1E0,'mi') AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":8638.258490207561,"C2":5367.8959916389485,"C3":8638.258490207561,"C4":0.0,"C5":5367.8959916389485}
< O 2 {"C1":8638.258490207561,"C2":5367.8959916389485,"C3":8638.258490207561,"C4":null,"C5":5367.8959916389485}

--- arrays: access (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a[1] AS c1, a[2] AS c2, a[0] AS c3, a[-1] AS c4, a[4] AS c5, a[-4] AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":3,"C2":null,"C3":null,"C4":1,"C5":null,"C6":null}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- arrays: access (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[1,2,3][2] AS c1, ARRAY[n,NULL] AS c2, ARRAY['x',s] AS c3, ARRAY_LENGTH(a) AS c4, ARRAY_LENGTH(ARRAY[1]) AS c5, sa[-2] AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":2,"C2":[7,null],"C3":["x","Grüße an Öl"],"C4":3,"C5":1,"C6":"a"}
< O 2 {"C1":2,"C2":[null,null],"C3":["x",null],"C4":null,"C5":1,"C6":null}

--- arrays: sets (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_DISTINCT(ARRAY[1,2,1,NULL,NULL]) AS c1, ARRAY_DISTINCT(a) AS c2, ARRAY_EXCEPT(a,ARRAY[3]) AS c3, ARRAY_EXCEPT(ARRAY[1,1,2],ARRAY[2]) AS c4, ARRAY_INTERSECT(a,ARRAY[1,3]) AS c5, ARRAY_INTERSECT(ARRAY[1,NULL],ARRAY[NULL,1]) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[1,2,null],"C2":[3,null,1],"C3":[null,1],"C4":[1],"C5":[3,1],"C6":[1,null]}
< O 2 {"C1":[1,2,null],"C2":null,"C3":null,"C4":[1],"C5":null,"C6":[1,null]}

--- arrays: sets (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_UNION(a,ARRAY[1,9]) AS c1, ARRAY_UNION(a,a) AS c2, ARRAY_CONCAT(a,ARRAY[9]) AS c3, ARRAY_CONCAT(a,a) AS c4, ARRAY_REMOVE(a,3) AS c5, ARRAY_REMOVE(a,NULL) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[3,null,1,9],"C2":[3,null,1],"C3":[3,null,1,9],"C4":[3,null,1,3,null,1],"C5":[null,1],"C6":[3,1]}
< O 2 {"C1":null,"C2":null,"C3":[9],"C4":null,"C5":null,"C6":null}

--- arrays: sets (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_REMOVE(sa,'a') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["b",null]}
< O 2 {"C1":null}

--- arrays: order (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_MAX(a) AS c1, ARRAY_MIN(a) AS c2, ARRAY_MAX(sa) AS c3, ARRAY_MIN(ARRAY[false,true]) AS c4, ARRAY_SORT(a) AS c5, ARRAY_SORT(a,'DESC') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":3,"C2":1,"C3":"b","C4":false,"C5":[1,3,null],"C6":[3,1,null]}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":false,"C5":null,"C6":null}

--- arrays: order (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_SORT(sa,'asc') AS c1, ARRAY_SORT(a,'descending') AS c2, ARRAY_SORT(a,'foo') AS c3, ARRAY_MAX(ARRAY[1.5,2.5]) AS c4, ARRAY_MIN(ARRAY['b','A']) AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["a","b",null],"C2":[3,1,null],"C3":null,"C4":2.5,"C5":"A"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":2.5,"C5":"A"}

--- arrays: contents (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_CONTAINS(a,3) AS c1, ARRAY_CONTAINS(a,NULL) AS c2, ARRAY_CONTAINS(sa,'c') AS c3, ARRAY_CONTAINS(ARRAY[1.0,2.0],1.0) AS c4, ARRAY_JOIN(a) AS c5, ARRAY_JOIN(sa,'; ') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":false,"C4":true,"C5":"3,null,1","C6":"b; a; null"}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":true,"C5":null,"C6":null}

--- arrays: contents (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_JOIN(ARRAY[true,false],'') AS c1, ARRAY_JOIN(a,NULL) AS c2, SLICE(a,1,2) AS c3, SLICE(a,2,9) AS c4, SLICE(a,0,1) AS c5, SLICE(a,-1,1) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"truefalse","C2":"3null1","C3":[3,null],"C4":null,"C5":null,"C6":null}
< O 2 {"C1":"truefalse","C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- arrays: contents (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SLICE(a,NULL,2) AS c1, SLICE(a,2,NULL) AS c2, SLICE(a,3,2) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[3,null],"C2":[null,1],"C3":[]}
< O 2 {"C1":null,"C2":null,"C3":null}

--- maps (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MAP('a':=1,'b':=n) AS c1, mp['p'] AS c2, mp['zz'] AS c3, MAP_KEYS(mp) AS c4, MAP_VALUES(mp) AS c5, MAP_UNION(mp,MAP('p':=9,'z':=3)) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":{"a":1,"b":7},"C2":1,"C3":null,"C4":["p","q"],"C5":[1,null],"C6":{"p":9,"q":null,"z":3}}
< O 2 {"C1":{"a":1,"b":null},"C2":null,"C3":null,"C4":null,"C5":null,"C6":{"p":9,"z":3}}

--- maps (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, AS_MAP(ARRAY['a','b'],ARRAY[1,2]) AS c1, AS_MAP(ARRAY['a','b'],ARRAY[1]) AS c2, ENTRIES(mp,TRUE) AS c3, ENTRIES(mp,FALSE) AS c4, MAP_KEYS(MAP('b':=1,'a':=2)) AS c5, mp[s] AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":{"a":1,"b":2},"C2":{"a":1},"C3":[{"K":"p","V":1},{"K":"q","V":null}],"C4":[{"K":"p","V":1},{"K":"q","V":null}],"C5":["b","a"],"C6":null}
< O 2 {"C1":{"a":1,"b":2},"C2":{"a":1},"C3":null,"C4":null,"C5":["b","a"],"C6":null}

--- structs
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRUCT(x:=1,y:='a') AS c1, st->x AS c2, st->y AS c3, STRUCT(`q r`:=n)->`q r` AS c4, st AS c5, STRUCT(a:=STRUCT(b:=l))->a->b AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":{"X":1,"Y":"a"},"C2":5,"C3":"z","C4":7,"C5":{"X":5,"Y":"z"},"C6":3000000000}
< O 2 {"C1":{"X":1,"Y":"a"},"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- text: case, trim, length (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, UCASE(s) AS c1, LCASE(s) AS c2, LEN(s) AS c3, LEN(y) AS c4, TRIM('  x ') AS c5, INITCAP('the qUICK br-own ÖL') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"GRÜSSE AN ÖL","C2":"grüße an öl","C3":11,"C4":3,"C5":"x","C6":"The Quick Br-own Öl"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":"x","C6":"The Quick Br-own Öl"}

--- text: case, trim, length (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, INITCAP(s) AS c1, LEN('') AS c2, UCASE('straße') AS c3, LCASE('İ') AS c4, TRIM(s) AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"Grüße An Öl","C2":0,"C3":"STRASSE","C4":"i̇","C5":"Grüße an Öl"}
< O 2 {"C1":null,"C2":0,"C3":"STRASSE","C4":"i̇","C5":null}

--- text: parts (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SUBSTRING(s,3) AS c1, SUBSTRING(s,3,2) AS c2, SUBSTRING(s,-2) AS c3, SUBSTRING(s,-4,2) AS c4, SUBSTRING(s,0) AS c5, SUBSTRING(s,99) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"üße an Öl","C2":"üß","C3":"Öl","C4":"n ","C5":"Grüße an Öl","C6":""}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- text: parts (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SUBSTRING(s,2,99) AS c1, SUBSTRING(s,-99,3) AS c2, SUBSTRING(s,1,0) AS c3, SUBSTRING(y,2) AS c4, SUBSTRING(y,1,2) AS c5, SUBSTRING(s,NULL) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"rüße an Öl","C2":"Grü","C3":"","C4":"YmM=","C5":"YWI=","C6":null}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- text: parts (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SUBSTRING(s,1,NULL) AS c1, SUBSTRING(s,1,-1) AS c2 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":""}
< O 2 {"C1":null,"C2":null}

--- text: search (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, INSTR(s,'e') AS c1, INSTR(s,'e',-1) AS c2, INSTR(s,'zz') AS c3, INSTR(s,'e',2) AS c4, INSTR('corporate floor','or',1,2) AS c5, INSTR('corporate floor','or',-1,2) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":5,"C2":5,"C3":0,"C4":5,"C5":5,"C6":5}
< O 2 {"C1":0,"C2":0,"C3":0,"C4":0,"C5":5,"C6":5}

--- text: search (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, INSTR('corporate floor','or',-3,1) AS c1, INSTR('corporate floor','or',1,9) AS c2, INSTR(s,'') AS c3, INSTR(s,NULL) AS c4, REPLACE(s,'an','on') AS c5, REPLACE(s,'','x') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":5,"C2":0,"C3":1,"C4":0,"C5":"Grüße on Öl","C6":"xGxrxüxßxex xaxnx xÖxlx"}
< O 2 {"C1":5,"C2":0,"C3":0,"C4":0,"C5":null,"C6":null}

--- text: search (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, REPLACE('aaa','aa','b') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"ba"}
< O 2 {"C1":"ba"}

--- text: padding (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, LPAD('x',5,'ab') AS c1, RPAD('x',5,'ab') AS c2, LPAD('xyz',2,'a') AS c3, RPAD('xyz',2,'a') AS c4, LPAD('x',-1,'a') AS c5, LPAD('x',5,'') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"ababx","C2":"xabab","C3":"xy","C4":"xy","C5":null,"C6":null}
< O 2 {"C1":"ababx","C2":"xabab","C3":"xy","C4":"xy","C5":null,"C6":null}

--- text: padding (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, RPAD(y,5,y) AS c1, LPAD(y,2,y) AS c2, LPAD('x',0,'a') AS c3, LPAD('x',NULL,'a') AS c4, RPAD(s,NULL,'x') AS c5, LPAD(NULL,3,'x') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"YWJjYWI=","C2":"YWI=","C3":"","C4":null,"C5":null,"C6":null}
< O 2 {"C1":null,"C2":null,"C3":"","C4":null,"C5":null,"C6":null}

--- text: concat (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CONCAT('a','b','c') AS c1, CONCAT('a',NULL,'c') AS c2, CONCAT_WS(',', 'a','b') AS c3, CONCAT_WS(',', 'a',NULL,'b') AS c4, CONCAT_WS(NULL,'a','b') AS c5, CONCAT(y,y) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"abc","C2":"ac","C3":"a,b","C4":"a,b","C5":null,"C6":"YWJjYWJj"}
< O 2 {"C1":"abc","C2":"ac","C3":"a,b","C4":"a,b","C5":null,"C6":""}

--- text: concat (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CONCAT_WS(y,y,y) AS c1, s + '!' AS c2, s + s AS c3, CONCAT(s,s) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"YWJjYWJjYWJj","C2":"Grüße an Öl!","C3":"Grüße an ÖlGrüße an Öl","C4":"Grüße an ÖlGrüße an Öl"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":""}

--- text: split (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SPLIT('a,b,c',',') AS c1, SPLIT('a..b','..') AS c2, SPLIT('abc','') AS c3, SPLIT('','') AS c4, SPLIT('',',') AS c5, SPLIT(',a,',',') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["a","b","c"],"C2":["a","b"],"C3":["a","b","c"],"C4":[""],"C5":[""],"C6":["","a",""]}
< O 2 {"C1":["a","b","c"],"C2":["a","b"],"C3":["a","b","c"],"C4":[""],"C5":[""],"C6":["","a",""]}

--- text: split (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SPLIT(y,y) AS c1, SPLIT('a',NULL) AS c2, SPLIT_TO_MAP('a=1;b=2',';','=') AS c3, SPLIT_TO_MAP('a=1;b;=3;c=4=5',';','=') AS c4, SPLIT_TO_MAP('a=1;a=2',';','=') AS c5, FIELD('b','a','b') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["",""],"C2":null,"C3":{"a":"1","b":"2"},"C4":{"a":"1","":"3","c":"4"},"C5":{"a":"2"},"C6":2}
< O 2 {"C1":null,"C2":null,"C3":{"a":"1","b":"2"},"C4":{"a":"1","":"3","c":"4"},"C5":{"a":"2"},"C6":2}

--- text: split (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FIELD('z','a','b') AS c1, FIELD(NULL,'a') AS c2, ELT(2,'a','b') AS c3, ELT(0,'a') AS c4, ELT(3,'a','b') AS c5, ELT(NULL,'a') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":0,"C2":0,"C3":"b","C4":null,"C5":null,"C6":null}
< O 2 {"C1":0,"C2":0,"C3":"b","C4":null,"C5":null,"C6":null}

--- text: regular expressions (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, REGEXP_EXTRACT('[a-z]+','12abc34def') AS c1, REGEXP_EXTRACT('([a-z]+)(\d+)','12abc34def',2) AS c2, REGEXP_EXTRACT('([a-z]+)','123',1) AS c3, REGEXP_EXTRACT('(a)(b)?','a',2) AS c4, REGEXP_EXTRACT('a','a',3) AS c5, REGEXP_EXTRACT_ALL('[a-z]+','12abc34def') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"abc","C2":"34","C3":null,"C4":null,"C5":null,"C6":["abc","def"]}
< O 2 {"C1":"abc","C2":"34","C3":null,"C4":null,"C5":null,"C6":["abc","def"]}

--- text: regular expressions (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, REGEXP_EXTRACT_ALL('([a-z])([a-z]+)','12abc34def',2) AS c1, REGEXP_EXTRACT_ALL('q','a') AS c2, REGEXP_EXTRACT_ALL('(a)(b)?','ab a',2) AS c3, REGEXP_REPLACE('a1b22','[0-9]+','#') AS c4, REGEXP_REPLACE('a1b22','([0-9]+)','<$1>') AS c5, REGEXP_REPLACE(s,'','-') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["bc","ef"],"C2":[],"C3":["b",null],"C4":"a#b#","C5":"a<1>b<22>","C6":"-G-r-ü-ß-e- -a-n- -Ö-l-"}
< O 2 {"C1":["bc","ef"],"C2":[],"C3":["b",null],"C4":"a#b#","C5":"a<1>b<22>","C6":null}

--- text: regular expressions (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, REGEXP_SPLIT_TO_ARRAY('a1b22c','[0-9]+') AS c1, REGEXP_SPLIT_TO_ARRAY('abc','') AS c2, REGEXP_SPLIT_TO_ARRAY('a,,b,',',') AS c3, REGEXP_EXTRACT(NULL,s) AS c4, REGEXP_REPLACE(s,NULL,'x') AS c5, REGEXP_SPLIT_TO_ARRAY(s,NULL) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["a","b","c"],"C2":["a","b","c"],"C3":["a","","b",""],"C4":null,"C5":null,"C6":null}
< O 2 {"C1":["a","b","c"],"C2":["a","b","c"],"C3":["a","","b",""],"C4":null,"C5":null,"C6":null}

--- text: masks (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MASK('My Test $123') AS c1, MASK('My Test $123','*',NULL,'1',NULL) AS c2, MASK_LEFT('My Test $123',4) AS c3, MASK_RIGHT('My Test $123',4) AS c4, MASK_KEEP_LEFT('My Test $123',4) AS c5, MASK_KEEP_RIGHT('My Test $123',4) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"Xx-Xxxx--nnn","C2":"*y *est $111","C3":"Xx-Xest $123","C4":"My Test -nnn","C5":"My Txxx--nnn","C6":"Xx-Xxxx-$123"}
< O 2 {"C1":"Xx-Xxxx--nnn","C2":"*y *est $111","C3":"Xx-Xest $123","C4":"My Test -nnn","C5":"My Txxx--nnn","C6":"Xx-Xxxx-$123"}

--- text: masks (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MASK_LEFT('ab',9) AS c1, MASK_KEEP_LEFT('ab',9) AS c2, MASK(s) AS c3, MASK_LEFT(s,2,'x','y','z','w') AS c4, MASK_LEFT(NULL,2) AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"xx","C2":"ab","C3":"Xxxxx-xx-Xx","C4":"xyüße an Öl","C5":null}
< O 2 {"C1":"xx","C2":"ab","C3":null,"C4":null,"C5":null}

--- text: codes (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CHR(75) AS c1, CHR('\u004b') AS c2, CHR(128512) AS c3, CHR(-1) AS c4, CHR('zz') AS c5, ENCODE('Ab','ascii','hex') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"K","C2":"K","C3":"😀","C4":null,"C5":null,"C6":"4162"}
< O 2 {"C1":"K","C2":"K","C3":"😀","C4":null,"C5":null,"C6":"4162"}

--- text: codes (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ENCODE('4162','hex','ascii') AS c1, ENCODE('0x4162','hex','utf8') AS c2, ENCODE('X''4162''','hex','utf8') AS c3, ENCODE('QWI=','base64','ascii') AS c4, ENCODE('ü','utf8','base64') AS c5, ENCODE('ü','ascii','utf8') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"Ab","C2":"Ab","C3":"Ab","C4":"Ab","C5":"w7w=","C6":"?"}
< O 2 {"C1":"Ab","C2":"Ab","C3":"Ab","C4":"Ab","C5":"w7w=","C6":"?"}

--- text: codes (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MD5('x') AS c1, MD5('') AS c2, MD5(NULL) AS c3, ENCODE('zz','hex','ascii') AS c4, ENCODE('413','hex','ascii') AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"9dd4e461268c8034f5c8564e155c67a6","C2":"d41d8cd98f00b204e9800998ecf8427e","C3":null,"C4":null,"C5":"\u0004\u0013"}
< O 2 {"C1":"9dd4e461268c8034f5c8564e155c67a6","C2":"d41d8cd98f00b204e9800998ecf8427e","C3":null,"C4":null,"C5":"\u0004\u0013"}

--- bytes (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TO_BYTES('ab','utf8') AS c1, TO_BYTES('6162','hex') AS c2, TO_BYTES('0x6162','hex') AS c3, TO_BYTES('YWI=','base64') AS c4, FROM_BYTES(y,'utf8') AS c5, FROM_BYTES(y,'hex') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"YWI=","C2":"YWI=","C3":"YWI=","C4":"YWI=","C5":"abc","C6":"616263"}
< O 2 {"C1":"YWI=","C2":"YWI=","C3":"YWI=","C4":"YWI=","C5":null,"C6":null}

--- bytes (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FROM_BYTES(y,'base64') AS c1, FROM_BYTES(y,'ascii') AS c2, INT_FROM_BYTES(TO_BYTES('0000000a','hex')) AS c3, INT_FROM_BYTES(TO_BYTES('0a000000','hex'),'LITTLE_ENDIAN') AS c4, BIGINT_FROM_BYTES(TO_BYTES('000000000000000a','hex')) AS c5, DOUBLE_FROM_BYTES(TO_BYTES('4004000000000000','hex')) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"YWJj","C2":"abc","C3":10,"C4":10,"C5":10,"C6":2.5}
< O 2 {"C1":null,"C2":null,"C3":10,"C4":10,"C5":10,"C6":2.5}

--- bytes (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, INT_FROM_BYTES(y) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null}
< O 2 {"C1":null}

--- URLs (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, URL_EXTRACT_HOST('https://u:p@ex.org:81/a/b?q=1&r=%20x#f') AS c1, URL_EXTRACT_PORT('https://u:p@ex.org:81/a') AS c2, URL_EXTRACT_PATH('https://ex.org/a%20b/c?q=1') AS c3, URL_EXTRACT_PROTOCOL('https://ex.org') AS c4, URL_EXTRACT_QUERY('https://ex.org/a?q=1&r=%20x') AS c5, URL_EXTRACT_FRAGMENT('https://ex.org/a#f%20g') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"ex.org","C2":81,"C3":"/a b/c","C4":"https","C5":"q=1&r= x","C6":"f g"}
< O 2 {"C1":"ex.org","C2":81,"C3":"/a b/c","C4":"https","C5":"q=1&r= x","C6":"f g"}

--- URLs (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, URL_EXTRACT_PARAMETER('https://ex.org/a?q=1&r=%20x','r') AS c1, URL_EXTRACT_PARAMETER('https://ex.org/a?q=1&r=','r') AS c2, URL_EXTRACT_PARAMETER('https://ex.org/a?q','q') AS c3, URL_EXTRACT_PARAMETER('https://ex.org/a','q') AS c4, URL_EXTRACT_HOST('nonsense url') AS c5, URL_EXTRACT_PORT('https://ex.org') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":" x","C2":"","C3":"","C4":null,"C5":null,"C6":null}
< O 2 {"C1":" x","C2":"","C3":"","C4":null,"C5":null,"C6":null}

--- URLs (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, URL_EXTRACT_QUERY('https://ex.org') AS c1, URL_EXTRACT_FRAGMENT('https://ex.org') AS c2, URL_EXTRACT_PATH('https://ex.org') AS c3, URL_ENCODE_PARAM('a b&c=ü*~') AS c4, URL_DECODE_PARAM('a%20b+c%26') AS c5, URL_DECODE_PARAM('%zz') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":null,"C3":"","C4":"a+b%26c%3D%C3%BC*%7E","C5":"a b c&","C6":null}
< O 2 {"C1":null,"C2":null,"C3":"","C4":"a+b%26c%3D%C3%BC*%7E","C5":"a b c&","C6":null}

--- JSON: extract (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXTRACTJSONFIELD('{"a":{"b":[1,{"c":"x"}]}}','$.a.b[1].c') AS c1, EXTRACTJSONFIELD('{"a":1.50}','$.a') AS c2, EXTRACTJSONFIELD('{"a":{"b":1}}','$.a') AS c3, EXTRACTJSONFIELD('{"a":null}','$.a') AS c4, EXTRACTJSONFIELD('{"a":1}','$.z') AS c5, EXTRACTJSONFIELD('[1,2]','$[1]') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"x","C2":"1.50","C3":"{\"b\":1}","C4":null,"C5":null,"C6":"2"}
< O 2 {"C1":"x","C2":"1.50","C3":"{\"b\":1}","C4":null,"C5":null,"C6":"2"}

--- JSON: extract (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXTRACTJSONFIELD('nonsense','$.a') AS c1, EXTRACTJSONFIELD('{"a-b":1}','$.a-b') AS c2, EXTRACTJSONFIELD('{"a":true}','$.a') AS c3, EXTRACTJSONFIELD('{"a":1}','$') AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":"1","C3":"true","C4":"{\"a\":1}"}
< O 2 {"C1":null,"C2":"1","C3":"true","C4":"{\"a\":1}"}

--- JSON: other (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, IS_JSON_STRING('[1,2]') AS c1, IS_JSON_STRING('abc') AS c2, IS_JSON_STRING('') AS c3, IS_JSON_STRING(NULL) AS c4, JSON_ARRAY_LENGTH('[1,[2,3]]') AS c5, JSON_ARRAY_LENGTH('{}') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":false,"C3":false,"C4":false,"C5":2,"C6":null}
< O 2 {"C1":true,"C2":false,"C3":false,"C4":false,"C5":2,"C6":null}

--- JSON: other (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, JSON_ARRAY_LENGTH('x') AS c1, JSON_KEYS('{"b":1,"a":{"c":2}}') AS c2, JSON_KEYS('[]') AS c3, JSON_KEYS('{}') AS c4, JSON_RECORDS('{"b":1,"a":{"c":2},"s":"t"}') AS c5, JSON_RECORDS('[1]') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":["b","a"],"C3":null,"C4":[],"C5":{"b":"1","a":"{\"c\":2}","s":"t"},"C6":null}
< O 2 {"C1":null,"C2":["b","a"],"C3":null,"C4":[],"C5":{"b":"1","a":"{\"c\":2}","s":"t"},"C6":null}

--- JSON: other (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, JSON_ITEMS('[1,"x",{"a":null}]') AS c1, JSON_CONCAT('{"a":1}','{"b":2,"a":3}') AS c2, JSON_CONCAT('[1]','[2]') AS c3, JSON_CONCAT('1','{"a":1}') AS c4, JSON_CONCAT('1','2') AS c5, TO_JSON_STRING(st) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["1","\"x\"","{\"a\":null}"],"C2":"{\"a\":3,\"b\":2}","C3":"[1,2]","C4":"[1,{\"a\":1}]","C5":"[1,2]","C6":"{\"X\":5,\"Y\":\"z\"}"}
< O 2 {"C1":["1","\"x\"","{\"a\":null}"],"C2":"{\"a\":3,\"b\":2}","C3":"[1,2]","C4":"[1,{\"a\":1}]","C5":"[1,2]","C6":"null"}

--- JSON: other (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TO_JSON_STRING(mp) AS c1, TO_JSON_STRING(a) AS c2, TO_JSON_STRING(m) AS c3, TO_JSON_STRING(s) AS c4, TO_JSON_STRING(ts) AS c5, TO_JSON_STRING(dt) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"{\"p\":1,\"q\":null}","C2":"[3,null,1]","C3":"12.35","C4":"\"Grüße an Öl\"","C5":"\"2020-09-13T12:26:40.123\"","C6":"\"2019-04-14\""}
< O 2 {"C1":"null","C2":"null","C3":"null","C4":"null","C5":"null","C6":"null"}

--- JSON: other (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TO_JSON_STRING(tm) AS c1, TO_JSON_STRING(y) AS c2, TO_JSON_STRING(d) AS c3, TO_JSON_STRING(1e10) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"\"01:02:03.004\"","C2":"\"YWJj\"","C3":"2.5","C4":"1.0E10"}
< O 2 {"C1":"null","C2":"null","C3":"null","C4":"1.0E10"}

--- nulls (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, COALESCE(NULL,n,3) AS c1, COALESCE(s,'none') AS c2, COALESCE(a,ARRAY[1]) AS c3, IFNULL(n,0) AS c4, IFNULL(s,'x') AS c5, NULLIF(n,7) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":7,"C2":"Grüße an Öl","C3":[3,null,1],"C4":7,"C5":"Grüße an Öl","C6":null}
< O 2 {"C1":3,"C2":"none","C3":[1],"C4":0,"C5":"x","C6":null}

--- nulls (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, NULLIF(s,'x') AS c1, NULLIF(a,a) AS c2, COALESCE(NULL,m) AS c3, IFNULL(l,5) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"Grüße an Öl","C2":null,"C3":12.35,"C4":3000000000}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":5}

--- dates: from numbers and text (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FROM_DAYS(100) AS c1, UNIX_DATE(dt) AS c2, FROM_UNIXTIME(l) AS c3, UNIX_TIMESTAMP(ts) AS c4, PARSE_DATE('2020-02-29','yyyy-MM-dd') AS c5, PARSE_DATE('29/Feb/20','dd/MMM/yy') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":100,"C2":18000,"C3":3000000000,"C4":1600000000123,"C5":18321,"C6":18321}
< O 2 {"C1":100,"C2":null,"C3":null,"C4":null,"C5":18321,"C6":18321}

--- dates: from numbers and text (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, PARSE_TIME('12:34:56.789','HH:mm:ss.SSS') AS c1, PARSE_TIME('9:05 PM','h:mm a') AS c2, PARSE_TIMESTAMP('2020-02-29 12:34','yyyy-MM-dd HH:mm') AS c3, PARSE_TIMESTAMP('2020-02-29 12:34','yyyy-MM-dd HH:mm','America/New_York') AS c4, PARSE_TIMESTAMP('2020-02-29T12:34+02:00','yyyy-MM-dd''T''HH:mmXXX') AS c5, STRINGTOTIMESTAMP('2020-02-29','yyyy-MM-dd') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":45296789,"C2":75900000,"C3":1582979640000,"C4":1582997640000,"C5":1582972440000,"C6":1582934400000}
< O 2 {"C1":45296789,"C2":75900000,"C3":1582979640000,"C4":1582997640000,"C5":1582972440000,"C6":1582934400000}

--- dates: from numbers and text (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRINGTOTIMESTAMP('2020-02-29 10','yyyy-MM-dd HH','Europe/Berlin') AS c1, STRINGTODATE('2020-02-29','yyyy-MM-dd') AS c2, PARSE_DATE('nonsense','yyyy-MM-dd') AS c3, PARSE_TIMESTAMP('x','yyyy') AS c4, PARSE_TIME('25:00','HH:mm') AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1582966800000,"C2":18321,"C3":null,"C4":null,"C5":null}
< O 2 {"C1":1582966800000,"C2":18321,"C3":null,"C4":null,"C5":null}

--- dates: to text (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_DATE(dt,'yyyy-MM-dd') AS c1, FORMAT_DATE(dt,'EEEE, d MMMM yy') AS c2, FORMAT_TIME(tm,'HH:mm:ss.SSS') AS c3, FORMAT_TIME(tm,'h a') AS c4, FORMAT_TIMESTAMP(ts,'yyyy-MM-dd HH:mm:ss.SSS') AS c5, FORMAT_TIMESTAMP(ts,'yyyy-MM-dd HH:mm zzz','America/Los_Angeles') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"2019-04-14","C2":"Sunday, 14 April 19","C3":"01:02:03.004","C4":"1 AM","C5":"2020-09-13 12:26:40.123","C6":"2020-09-13 05:26 PDT"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- dates: to text (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_TIMESTAMP(ts,'yyyy-MM-dd''T''HH:mm:ssX') AS c1, TIMESTAMPTOSTRING(l,'yyyy-MM-dd') AS c2, TIMESTAMPTOSTRING(l,'yyyy-MM-dd HH:mm Z','Asia/Tokyo') AS c3, DATETOSTRING(18000,'yyyy-MM-dd') AS c4, FORMAT_DATE(dt,'Q') AS c5, FORMAT_TIMESTAMP(ts,'D Q G') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"2020-09-13T12:26:40Z","C2":"1970-02-04","C3":"1970-02-05 02:20 +0900","C4":"2019-04-14","C5":"2","C6":"257 3 AD"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":"2019-04-14","C5":null,"C6":null}

--- dates: to text (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_TIMESTAMP(ts,'VV','Europe/Rome') AS c1, CONVERT_TZ(ts,'UTC','Europe/Rome') AS c2, CONVERT_TZ(ts,'+01:00','-01:00') AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"Europe/Rome","C2":1600007200123,"C3":1599992800123}
< O 2 {"C1":null,"C2":null,"C3":null}

--- DAY is a column, DAYS is the unit
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, DATEADD(DAY,3,dt) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! unknown_column

--- lambdas (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRANSFORM(a,x => x * 2) AS c1, FILTER(a,x => x > 1) AS c2, REDUCE(ARRAY[1,2,3],0,(t,x) => t + x) AS c3, TRANSFORM(mp,(q,v) => UCASE(q),(q,v) => v + 1) AS c4, FILTER(mp,(q,v) => v IS NOT NULL) AS c5, REDUCE(MAP('a':=1,'b':=2),10,(t,q,v) => t + v) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":[3],"C3":6,"C4":null,"C5":{"p":1},"C6":13}
< O 2 {"C1":null,"C2":null,"C3":6,"C4":null,"C5":null,"C6":13}

--- lambdas (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRANSFORM(sa,x => CONCAT(x,'!')) AS c1, FILTER(sa,x => x IS NOT NULL) AS c2, TRANSFORM(ARRAY[1,2],x => ARRAY[x,n]) AS c3, REDUCE(ARRAY['a','b'],'',(t,x) => t + x) AS c4, TRANSFORM(ARRAY[ARRAY[1],ARRAY[2,3]],x => REDUCE(x,0,(t,y1) => t + y1)) AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":["b!","a!","!"],"C2":["b","a"],"C3":[[1,7],[2,7]],"C4":"ab","C5":[1,5]}
< O 2 {"C1":null,"C2":null,"C3":[[1,null],[2,null]],"C4":"ab","C5":[1,5]}

--- other
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, AS_VALUE(n) AS c1, UUID() IS NOT NULL AS c2, RANDOM() < 1 AS c3, TRUE AS c4, UNIX_TIMESTAMP() = ROWTIME AS c5 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"Grüße an Öl","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["b","a",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":7,"C2":true,"C3":true,"C4":true,"C5":true}

--- URLs that are their protocol's own text have no path
CREATE STREAM i (k INT KEY, u STRING) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, URL_EXTRACT_PROTOCOL(u) AS p, URL_EXTRACT_PATH(u) AS t, URL_EXTRACT_QUERY(u) AS q, URL_EXTRACT_FRAGMENT(u) AS f FROM i;
> i 1 {"u":"mailto:jo@example.org?subject=x#y"}
> i 2 {"u":"file:/etc/hosts"}
> i 3 {"u":"a/b?c"}
< O 1 {"P":"mailto","T":null,"Q":null,"F":"y"}
< O 2 {"P":"file","T":"/etc/hosts","Q":null,"F":null}
< O 3 {"P":null,"T":"a/b","Q":"c","F":null}
