-- Operators, literals, casts and coercions.

--- arithmetic (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n + 1 AS c1, n + l AS c2, n + d AS c3, n + m AS c4, m + m AS c5, m * m AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":8,"C2":3000000007,"C3":9.5,"C4":19.35,"C5":24.70,"C6":152.5225}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- arithmetic (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, m / m AS c1, m - 1.234 AS c2, n / 2 AS c3, l / 2 AS c4, -7 / 2 AS c5, -7 % 3 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1.000000000,"C2":11.116,"C3":3,"C4":1500000000,"C5":-3,"C6":-1}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":-3,"C6":-1}

--- arithmetic (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n % 4 AS c1, d % 2 AS c2, m % 5 AS c3, n / 0.0 AS c4, d / 0 AS c5, n * 2.5 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":3,"C2":0.5,"C3":2.35,"C4":null,"C5":"Infinity","C6":17.5}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- arithmetic (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, d * m AS c1, m % m AS c2, l * m AS c3, n - l AS c4, 2147483647 + 1 AS c5, 9223372036854775807 + 1 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":30.875,"C2":0.00,"C3":37050000000.00,"C4":-2999999993,"C5":-2147483648,"C6":-9223372036854775808}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":-2147483648,"C6":-9223372036854775808}

--- arithmetic (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, -n AS c1, +n AS c2, -(-n) AS c3, 1 - -1 AS c4, d / 0.0E0 AS c5, 0.0E0 / 0.0E0 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":-7,"C2":7,"C3":7,"C4":2,"C5":"Infinity","C6":"NaN"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":2,"C5":null,"C6":"NaN"}

--- division by zero (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n / 0 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":null}

--- division by zero (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, l / 0 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":null}

--- division by zero (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, m / 0 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":null}

--- division by zero (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n % 0 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":null}

--- division by zero (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, d % 0 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":"NaN"}

--- arithmetic that has no meaning (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s + 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s - s AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, b + b AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, dt + 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a + a AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, mp * 2 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, y + y AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s * 2 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ts - ts AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, NULL + 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, -s AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- arithmetic that has no meaning (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s + b AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- literals (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, 1 AS c1, 2147483648 AS c2, 1.5 AS c3, 1.50 AS c4, 1E3 AS c5, 1e-3 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":1,"C2":2147483648,"C3":1.5,"C4":1.50,"C5":1000.0,"C6":0.001}
< O 2 {"C1":1,"C2":2147483648,"C3":1.5,"C4":1.50,"C5":1000.0,"C6":0.001}

--- literals (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, 0.0 AS c1, 'it''s' AS c2, TRUE AS c3, NULL AS c4, '' AS c5, .5 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! type_mismatch

--- literals (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, -1.5 AS c1, 00012 AS c2, 'ünï' AS c3, 1.0E0 AS c4, 123456789012345678901234567890.5 AS c5, 5. AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":-1.5,"C2":12,"C3":"ünï","C4":1.0,"C5":123456789012345678901234567890.5,"C6":5}
< O 2 {"C1":-1.5,"C2":12,"C3":"ünï","C4":1.0,"C5":123456789012345678901234567890.5,"C6":5}

--- comparison (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n = 7 AS c1, n = 7.0 AS c2, n <> 7 AS c3, n != 7 AS c4, n < l AS c5, d >= m AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":false,"C4":false,"C5":true,"C6":false}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":false}

--- comparison (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s = '42' AS c1, s < '5' AS c2, b = TRUE AS c3, n > 6 AS c4, n <= 7 AS c5, n IS NULL AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":false}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":true}

--- comparison (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n IS NOT NULL AS c1, n IS DISTINCT FROM k AS c2, n IS NOT DISTINCT FROM 7 AS c3, m = 12.35 AS c4, m = 12.350 AS c5, dt = '2019-04-14' AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":true}
< O 2 {"C1":false,"C2":true,"C3":false,"C4":false,"C5":false,"C6":false}

--- comparison (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, dt > '2019-01-01' AS c1, tm < '02:00:00' AS c2, ts > '2020-01-01' AS c3, ts = '2020-09-13T12:26:40.123' AS c4, a = ARRAY[3,NULL,1] AS c5, st = STRUCT(x:=5,y:='z') AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":true}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":false}

--- comparison (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, mp = MAP('p':=1,'q':=CAST(NULL AS INT)) AS c1, y = TO_BYTES('abc','utf8') AS c2, dt < ts AS c3, tm = tm AS c4, d = 2.5 AS c5, l = 3000000000 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":true,"C6":true}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":false,"C6":false}

--- comparison of what does not compare (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s = 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, b = 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, b < TRUE AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a < a AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, st > st AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, mp > mp AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s > b AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n = '7' AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, dt = 1 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, tm = dt AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a = ARRAY['x'] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, y = s AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- comparison of what does not compare (13)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ts = 5 AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- logic (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, b AND b AS c1, b OR n = 1 AS c2, NOT b AS c3, NOT (n = 1) AS c4, n = 7 AND s = '42' OR b AS c5, n BETWEEN 1 AND 10 AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":false,"C4":true,"C5":true,"C6":true}
< O 2 {"C1":false,"C2":false,"C3":null,"C4":true,"C5":false,"C6":false}

--- logic (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n NOT BETWEEN 1 AND 10 AS c1, d BETWEEN 2 AND 2.5 AS c2, s BETWEEN '0' AND '9' AS c3, n IN (1, 7) AS c4, n NOT IN (1, 7) AS c5, s IN ('42', NULL) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":false,"C2":true,"C3":true,"C4":true,"C5":false,"C6":true}
< O 2 {"C1":true,"C2":false,"C3":false,"C4":false,"C5":true,"C6":false}

--- logic (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n IN (7.0, 8) AS c1, n IN ('7', '8') AS c2, s LIKE '4%' AS c3, s LIKE '_2' AS c4, s NOT LIKE '4_' AS c5, '50%' LIKE '50!%' ESCAPE '!' AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true,"C3":true,"C4":true,"C5":false,"C6":true}
< O 2 {"C1":false,"C2":false,"C3":false,"C4":false,"C5":true,"C6":true}

--- logic (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s LIKE s AS c1, ts BETWEEN '2020-01-01' AND '2021-01-01' AS c2 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":true}
< O 2 {"C1":false,"C2":false}

--- WHERE (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n > 5;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n IS NULL;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 2 {"S":null}

--- WHERE (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE b;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE NOT b;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}

--- WHERE (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE NOT (n > 5);
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 2 {"S":null}

--- WHERE (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n > 5 OR n IS NULL;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}
< O 2 {"S":null}

--- WHERE (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE s LIKE '%2';
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE k = 1;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE ROWTIME > -1;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}
< O 2 {"S":null}

--- WHERE (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE ARRAY_CONTAINS(a, 3);
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE COALESCE(b, FALSE);
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n = NULL;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! null_comparison

--- WHERE (13)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n IN (7);
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (14)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE CASE WHEN n > 5 THEN TRUE ELSE FALSE END;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (15)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE NULL;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}

--- WHERE (16)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE TRUE;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}
< O 2 {"S":null}

--- WHERE (17)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE FALSE;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}

--- WHERE (18)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE n;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! type_mismatch

--- WHERE (19)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE 'true';
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! type_mismatch

--- WHERE (20)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE COUNT(*) > 1;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
! misplaced_aggregate

--- WHERE (21)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE mp['p'] = 1 AND st->x = 5;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- WHERE (22)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, s FROM i WHERE a[1] = 3;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"S":"42"}

--- CASE (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN n > 5 THEN 'big' WHEN n > 1 THEN 'mid' END AS c1, CASE n WHEN 7 THEN 'seven' ELSE 'other' END AS c2, CASE WHEN n > 5 THEN 1.0 ELSE 2.5 END AS c3, CASE WHEN n > 5 THEN n ELSE k END AS c4, CASE WHEN b THEN NULL ELSE n END AS c5, CASE WHEN n > 100 THEN a ELSE ARRAY[1] END AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"big","C2":"seven","C3":1.0,"C4":7,"C5":null,"C6":[1]}
< O 2 {"C1":null,"C2":"other","C3":2.5,"C4":2,"C5":null,"C6":[1]}

--- CASE (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN FALSE THEN 1 WHEN TRUE THEN NULL ELSE 3 END AS c1, CASE s WHEN '42' THEN TRUE END AS c2 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":true}
< O 2 {"C1":null,"C2":null}

--- CASE that has no meaning (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN n > 5 THEN 1 ELSE 'x' END AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CASE that has no meaning (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN n THEN 1 END AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CASE that has no meaning (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN b THEN NULL END AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CASE that has no meaning (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE n WHEN 'x' THEN 1 END AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CASE that has no meaning (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CASE WHEN b THEN STRUCT(x:=1) ELSE STRUCT(y:=1) END AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST to text (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(n AS VARCHAR) AS c1, CAST(l AS VARCHAR) AS c2, CAST(d AS VARCHAR) AS c3, CAST(m AS VARCHAR) AS c4, CAST(b AS VARCHAR) AS c5, CAST(dt AS VARCHAR) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"7","C2":"3000000000","C3":"2.5","C4":"12.35","C5":"true","C6":"2019-04-14"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- CAST to text (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(tm AS VARCHAR) AS c1, CAST(ts AS VARCHAR) AS c2, CAST(a AS VARCHAR) AS c3, CAST(mp AS VARCHAR) AS c4, CAST(st AS VARCHAR) AS c5, CAST(1E10 AS VARCHAR) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"01:02:03.004","C2":"2020-09-13T12:26:40.123","C3":"[3, null, 1]","C4":"{p=1, q=null}","C5":"Struct{X=5,Y=z}","C6":"1.0E10"}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":"1.0E10"}

--- CAST to text (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(1.0E-5 AS VARCHAR) AS c1, CAST(PARSE_TIMESTAMP('2020','yyyy') AS VARCHAR) AS c2, CAST(PARSE_TIME('10:00','HH:mm') AS VARCHAR) AS c3, CAST(100.0E0 AS STRING) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"1.0E-5","C2":"2020-01-01T00:00:00.000","C3":"10:00:00","C4":"100.0"}
< O 2 {"C1":"1.0E-5","C2":"2020-01-01T00:00:00.000","C3":"10:00:00","C4":"100.0"}

--- CAST from text (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(s AS INT) AS c1, CAST(s AS BIGINT) AS c2, CAST(s AS DOUBLE) AS c3, CAST(s AS DECIMAL(4,1)) AS c4, CAST('true' AS BOOLEAN) AS c5, CAST('TRUE' AS BOOLEAN) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":42,"C2":42,"C3":42.0,"C4":42.0,"C5":true,"C6":true}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":true,"C6":true}

--- CAST from text (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST('yes' AS BOOLEAN) AS c1, CAST('2020-02-29' AS DATE) AS c2, CAST('10:11:12' AS TIME) AS c3, CAST('2020-02-29T10:11:12.123' AS TIMESTAMP) AS c4, CAST('2020-02-29' AS TIMESTAMP) AS c5, CAST('2020-02-29T10:11+02:00' AS TIMESTAMP) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":true,"C2":18321,"C3":36672000,"C4":1582971072123,"C5":1582934400000,"C6":1582963860000}
< O 2 {"C1":true,"C2":18321,"C3":36672000,"C4":1582971072123,"C5":1582934400000,"C6":1582963860000}

--- CAST from text (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST('x' AS INT) AS c1, CAST(' 42 ' AS INT) AS c2, CAST('4.2' AS INT) AS c3, CAST('NaN' AS DOUBLE) AS c4, CAST('1e3' AS DOUBLE) AS c5, CAST('1.256' AS DECIMAL(4,2)) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":42,"C3":null,"C4":"NaN","C5":1000.0,"C6":1.26}
< O 2 {"C1":null,"C2":42,"C3":null,"C4":"NaN","C5":1000.0,"C6":1.26}

--- CAST from text (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST('99999' AS DECIMAL(4,2)) AS c1, CAST('9999999999' AS INT) AS c2, CAST('10:11' AS TIME) AS c3, CAST('x' AS DATE) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":null,"C2":null,"C3":36660000,"C4":null}
< O 2 {"C1":null,"C2":null,"C3":36660000,"C4":null}

--- CAST among numbers (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(l AS INT) AS c1, CAST(d AS INT) AS c2, CAST(-2.7E0 AS INT) AS c3, CAST(m AS INT) AS c4, CAST(n AS DOUBLE) AS c5, CAST(n AS DECIMAL(4,2)) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":-1294967296,"C2":2,"C3":-2,"C4":12,"C5":7.0,"C6":7.00}
< O 2 {"C1":null,"C2":null,"C3":-2,"C4":null,"C5":null,"C6":null}

--- CAST among numbers (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(d AS DECIMAL(4,2)) AS c1, CAST(m AS DECIMAL(4,1)) AS c2, CAST(m AS DOUBLE) AS c3, CAST(1e30 AS BIGINT) AS c4, CAST(n AS DECIMAL(2,2)) AS c5, CAST(2.555E0 AS DECIMAL(4,2)) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":2.50,"C2":12.4,"C3":12.35,"C4":9223372036854775807,"C5":null,"C6":2.56}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":9223372036854775807,"C5":null,"C6":2.56}

--- CAST among numbers (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(12.345 AS DECIMAL(4,2)) AS c1, CAST(n AS BIGINT) AS c2, CAST(m AS BIGINT) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":12.35,"C2":7,"C3":12}
< O 2 {"C1":12.35,"C2":null,"C3":null}

--- CAST of times
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(ts AS DATE) AS c1, CAST(ts AS TIME) AS c2, CAST(dt AS TIMESTAMP) AS c3, CAST(ts AS TIMESTAMP) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":18518,"C2":44800123,"C3":1555200000000,"C4":1600000000123}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null}

--- CAST of collections (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(a AS ARRAY<BIGINT>) AS c1, CAST(a AS ARRAY<VARCHAR>) AS c2, CAST(sa AS ARRAY<INT>) AS c3, CAST(mp AS MAP<VARCHAR, VARCHAR>) AS c4, CAST(st AS STRUCT<x BIGINT, z INT>) AS c5, CAST(st AS STRUCT<y VARCHAR>) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[3,null,1],"C2":["3",null,"1"],"C3":null,"C4":{"p":"1","q":null},"C5":{"X":5,"Z":null},"C6":{"Y":"z"}}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":null,"C5":null,"C6":null}

--- CAST of collections (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(ARRAY[ARRAY[1]] AS ARRAY<ARRAY<DOUBLE>>) AS c1, CAST(NULL AS INT) AS c2, CAST(NULL AS ARRAY<INT>) AS c3 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[[1.0]],"C2":null,"C3":null}
< O 2 {"C1":[[1.0]],"C2":null,"C3":null}

--- CAST that has no meaning (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(b AS INT) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(n AS BOOLEAN) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(y AS VARCHAR) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(s AS BYTES) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(dt AS TIME) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(tm AS TIMESTAMP) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(a AS INT) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(n AS ARRAY<INT>) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(mp AS STRUCT<p INT>) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(l AS TIMESTAMP) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(ts AS BIGINT) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(n AS DATE) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (13)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(st AS MAP<VARCHAR, INT>) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- CAST that has no meaning (14)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(n AS FOO) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! unknown_type

--- CAST that has no meaning (15)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CAST(mp AS MAP<INT, INT>) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! format

--- constructors coerce (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[1, 2.5] AS c1, ARRAY[1, l] AS c2, ARRAY[1, '2'] AS c3, MAP('a':=1,'b':=2.5) AS c4, ARRAY[n, d] AS c5, ARRAY[m, 1] AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[1.0,2.5],"C2":[1,3000000000],"C3":[1,2],"C4":{"a":1.0,"b":2.5},"C5":[7.0,2.5],"C6":[12.35,1.00]}
< O 2 {"C1":[1.0,2.5],"C2":[1,null],"C3":[1,2],"C4":{"a":1.0,"b":2.5},"C5":[null,null],"C6":[null,1.00]}

--- constructors coerce (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[NULL, 1] AS c1, ARRAY[STRUCT(x:=1), STRUCT(x:=2.5)] AS c2, ARRAY[STRUCT(x:=1), STRUCT(y:=2)] AS c3, MAP('a':=ARRAY[1],'b':=ARRAY[l]) AS c4, ARRAY['10', 1.5] AS c5, ARRAY[TRUE, 'false'] AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":[null,1],"C2":[{"X":1.0},{"X":2.5}],"C3":[{"Y":null,"X":1},{"Y":2,"X":null}],"C4":{"a":[1],"b":[3000000000]},"C5":["10","1.5"],"C6":[true,false]}
< O 2 {"C1":[null,1],"C2":[{"X":1.0},{"X":2.5}],"C3":[{"Y":null,"X":1},{"Y":2,"X":null}],"C4":{"a":[1],"b":[null]},"C5":["10","1.5"],"C6":[true,false]}

--- constructors that have no meaning (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[1, TRUE] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MAP() AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRUCT() AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
< O 1 {"C1":{}}

--- constructors that have no meaning (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MAP(1:='a') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! format

--- constructors that have no meaning (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[NULL] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, MAP('a':=1,'b':='x') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY[1,'x'] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, STRUCT(x:=1,x:=2) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! duplicate_column

--- constructors that have no meaning (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n[1] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, st->zz AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! unknown_column

--- constructors that have no meaning (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a->x AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (13)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, mp[1] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (14)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, a['x'] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (15)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, n->x AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- constructors that have no meaning (16)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, st['x'] AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions coerce (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SQRT(n) AS c1, SUBSTRING(s, 1, 1) AS c2, COALESCE(n, l) AS c3, COALESCE(n, 2.5) AS c4, IFNULL(d, 1) AS c5, GREATEST(1, 2) AS c6 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":2.6457513110645907,"C2":"4","C3":7,"C4":7.0,"C5":2.5,"C6":2}
< O 2 {"C1":null,"C2":null,"C3":null,"C4":2.5,"C5":1.0,"C6":2}

--- functions coerce (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CONCAT(s, '1') AS c1, LN(m) AS c2, ROUND(CAST(n AS DOUBLE), 1) AS c3, EXP(l) AS c4 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
> i 2 {}
< O 1 {"C1":"421","C2":2.513656063073986,"C3":7.0,"C4":"Infinity"}
< O 2 {"C1":"1","C2":null,"C3":null,"C4":null}

--- functions that have no meaning (1)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ABS(s) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (2)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, UCASE(n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (3)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, LEN(n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (4)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, CONCAT(n, s) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (5)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_LENGTH(s) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (6)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FOO(n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! unknown_function

--- functions that have no meaning (7)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ABS(n, n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (8)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ABS() AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (9)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, COALESCE() AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (10)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, COALESCE(n, s) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (11)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, IFNULL(n, 'x') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (12)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, SUBSTRING(n, 1) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (13)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, GREATEST(n, l) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (14)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, GREATEST(n, s) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (15)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, LEAST() AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (16)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, ARRAY_CONTAINS(a, 'x') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (17)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, EXPLODE(n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (18)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FORMAT_DATE(ts, 'yyyy') AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (19)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRANSFORM(a, n) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! lambda

--- functions that have no meaning (20)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, FILTER(a, x => x + 1) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (21)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, TRANSFORM(n, x => x) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch

--- functions that have no meaning (22)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, REDUCE(a, 0, x => x) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! lambda

--- functions that have no meaning (23)
CREATE STREAM i (k INT KEY, n INT, l BIGINT, d DOUBLE, m DECIMAL(6,2), s VARCHAR, b BOOLEAN, y BYTES, dt DATE, tm TIME, ts TIMESTAMP, a ARRAY<INT>, sa ARRAY<VARCHAR>, mp MAP<VARCHAR, INT>, st STRUCT<x INT, y VARCHAR>) WITH (KAFKA_TOPIC='i', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT k, UCASE(*) AS c1 FROM i;
> i 1 {"n":7,"l":3000000000,"d":2.5,"m":12.35,"s":"42","b":true,"y":"YWJj","dt":18000,"tm":3723004,"ts":1600000000123,"a":[3,null,1],"sa":["5","x",null],"mp":{"p":1,"q":null},"st":{"x":5,"y":"z"}}
! type_mismatch
