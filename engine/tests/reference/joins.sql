-- Joins of streams and tables.

--- stream-table, the table first
CREATE STREAM clicks (user_id INT KEY, page VARCHAR) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT clicks.user_id, page, name FROM clicks JOIN users ON clicks.user_id = users.id;
CREATE STREAM l AS SELECT c.user_id, c.page, u.id, u.name FROM clicks c LEFT JOIN users u ON c.user_id = u.id;
CREATE STREAM s AS SELECT * FROM clicks c JOIN users u ON c.user_id = u.id;
CREATE STREAM lu AS SELECT u.id AS uid, c.* FROM clicks c LEFT JOIN users u ON u.id = c.user_id;
> users 1 {"name":"Ann"} @1
> clicks 1 {"page":"a"} @5
> clicks 2 {"page":"b"} @6
> clicks null {"page":"n"} @7
> clicks 1 null @8
> users 1 null @9
> clicks 1 {"page":"c"} @2
< J 1 {"PAGE":"a","NAME":"Ann"} @5
< L 1 {"PAGE":"a","ID":1,"NAME":"Ann"} @5
< L 2 {"PAGE":"b","ID":null,"NAME":null} @6
< L 1 {"PAGE":"c","ID":null,"NAME":null} @2
< S 1 {"C_PAGE":"a","U_ID":1,"U_NAME":"Ann"} @5
< LU 1 {"UID":1,"C_PAGE":"a"} @5
< LU 2 {"UID":null,"C_PAGE":"b"} @6
< LU 1 {"UID":null,"C_PAGE":"c"} @2

--- stream-table on an expression and a value
CREATE STREAM clicks (k VARCHAR KEY, user_id INT, page VARCHAR) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE TABLE users (id BIGINT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT users.id AS k2, page, name FROM clicks JOIN users ON CAST(clicks.user_id AS BIGINT) = users.id;
CREATE STREAM m AS SELECT * FROM clicks JOIN users ON CAST(clicks.user_id AS BIGINT) = users.id;
> users 1 {"name":"Ann"} @1
> clicks "x" {"user_id":1,"page":"a"} @5
> clicks "y" {"user_id":null,"page":"b"} @6
< J 1 {"PAGE":"a","NAME":"Ann"} @5
< M 1 {"CLICKS_K":"x","CLICKS_USER_ID":1,"CLICKS_PAGE":"a","USERS_NAME":"Ann"} @5

--- types of a criterion must agree
CREATE STREAM clicks (k VARCHAR KEY, user_id INT, page VARCHAR) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE TABLE users (id VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT users.id AS k2, page, name FROM clicks JOIN users ON clicks.user_id = users.id;
! join

--- a table is not joined to a stream
CREATE STREAM clicks (k INT KEY, page VARCHAR) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT users.id, page, name FROM users JOIN clicks ON clicks.k = users.id;
! join

--- a stream-table join has no WITHIN
CREATE STREAM clicks (k INT KEY, page VARCHAR) WITH (KAFKA_TOPIC='clicks', VALUE_FORMAT='JSON');
CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='users', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT users.id, page, name FROM clicks JOIN users WITHIN 1 HOUR ON clicks.k = users.id;
! within

--- a stream-stream join needs WITHIN
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
! within

--- a join of a source with itself
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT x.k, x.v, y.v FROM a x JOIN a y WITHIN 1 HOUR ON x.k = y.k;
! join

--- stream-stream: inner
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k;
CREATE STREAM s AS SELECT * FROM a JOIN b WITHIN 10 SECONDS ON a.k = b.k;
CREATE STREAM ba AS SELECT a.k, v, w FROM a JOIN b WITHIN (0 SECONDS, 10 SECONDS) ON a.k = b.k;
> a 1 {"v":1} @0
> b 1 {"w":10} @10000
> b 1 {"w":11} @10001
> a 1 {"v":2} @12000
> b 2 {"w":20} @12000
> a 1 null @12000
> a null {"v":5} @12000
< J 1 {"V":1,"W":10} @10000
< J 1 {"V":2,"W":10} @12000
< J 1 {"V":2,"W":11} @12000
< S 1 {"A_V":1,"B_K":1,"B_W":10} @10000
< S 1 {"A_V":2,"B_K":1,"B_W":10} @12000
< S 1 {"A_V":2,"B_K":1,"B_W":11} @12000
< BA 1 {"V":1,"W":10} @10000

--- stream-stream: left, right and full without GRACE PERIOD
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM l AS SELECT a.k, v, w FROM a LEFT JOIN b WITHIN 10 SECONDS ON a.k = b.k;
CREATE STREAM r AS SELECT b.k, v, w FROM a RIGHT JOIN b WITHIN 10 SECONDS ON a.k = b.k;
CREATE STREAM f AS SELECT ROWKEY AS k, v, w FROM a FULL OUTER JOIN b WITHIN 10 SECONDS ON a.k = b.k;
> a 1 {"v":1} @0
> b 1 {"w":10} @5000
> b 2 {"w":20} @6000
> a 2 {"v":2} @60000
> a null {"v":3} @60000
> b null {"w":3} @60000
< L 1 {"V":1,"W":null}
< L 1 {"V":1,"W":10} @5000
< L 2 {"V":2,"W":null} @60000
< R 1 {"V":1,"W":10} @5000
< R 2 {"V":null,"W":20} @6000
< F 1 {"V":1,"W":null}
< F 1 {"V":1,"W":10} @5000
< F 2 {"V":null,"W":20} @6000
< F 2 {"V":2,"W":null} @60000

--- stream-stream: left, right and full with GRACE PERIOD
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM l AS SELECT a.k, v, w FROM a LEFT JOIN b WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS ON a.k = b.k;
CREATE STREAM r AS SELECT b.k, v, w FROM a RIGHT JOIN b WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS ON a.k = b.k;
CREATE STREAM f AS SELECT ROWKEY AS k, v, w FROM a FULL OUTER JOIN b WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS ON a.k = b.k;
> a 1 {"v":1} @0
> b 1 {"w":10} @5000
> b 2 {"w":20} @6000
> a 3 {"v":2} @15000
> a 3 {"v":3} @15001
> a 2 {"v":9} @16000
> b 4 {"w":4} @60000
> a 4 {"v":4} @61000
> a 5 {"v":5} @20000
> b 1 {"w":6} @100000
< L 1 {"V":1,"W":10} @5000
< L 2 {"V":9,"W":20} @16000
< L 3 {"V":2,"W":null} @15000
< L 3 {"V":3,"W":null} @15001
< L 4 {"V":4,"W":4} @61000
< L 5 {"V":5,"W":null} @20000
< R 1 {"V":1,"W":10} @5000
< R 2 {"V":9,"W":20} @16000
< R 4 {"V":4,"W":4} @61000
< F 1 {"V":1,"W":10} @5000
< F 2 {"V":9,"W":20} @16000
< F 3 {"V":2,"W":null} @15000
< F 3 {"V":3,"W":null} @15001
< F 4 {"V":4,"W":4} @61000
< F 5 {"V":5,"W":null} @20000

--- table-table: inner, left, right and full
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
CREATE TABLE l AS SELECT a.k, v, w FROM a LEFT JOIN b ON a.k = b.k;
CREATE TABLE r AS SELECT b.k, v, w FROM a RIGHT JOIN b ON a.k = b.k;
CREATE TABLE f AS SELECT ROWKEY AS k, v, w FROM a FULL OUTER JOIN b ON a.k = b.k;
> a 1 {"v":1} @10
> b 1 {"w":10} @5
> a 1 {"v":2} @20
> b 1 null @30
> a 1 null @40
> b 2 {"w":20} @50
> a 2 {"v":5} @50
> b 2 null @55
> a 3 null @60
> a null {"v":1} @60
< J 1 {"V":1,"W":10} @10
< J 1 {"V":2,"W":10} @20
< J 1 null @30
< J 2 {"V":5,"W":20} @50
< J 2 null @55
< L 1 {"V":1,"W":null} @10
< L 1 {"V":1,"W":10} @10
< L 1 {"V":2,"W":10} @20
< L 1 {"V":2,"W":null} @30
< L 1 null @40
< L 2 {"V":5,"W":20} @50
< L 2 {"V":5,"W":null} @55
< R 1 {"V":1,"W":10} @10
< R 1 {"V":2,"W":10} @20
< R 1 null @30
< R 2 {"V":null,"W":20} @50
< R 2 {"V":5,"W":20} @50
< R 2 null @55
< F 1 {"V":1,"W":null} @10
< F 1 {"V":1,"W":10} @10
< F 1 {"V":2,"W":10} @20
< F 1 {"V":2,"W":null} @30
< F 1 null @40
< F 2 {"V":null,"W":20} @50
< F 2 {"V":5,"W":20} @50
< F 2 {"V":5,"W":null} @55

--- table-table on what is no key of the right
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.w;
! join

--- table-table with an expression over the right
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k + 1;
! join

--- foreign key: inner and left
CREATE TABLE orders (id INT PRIMARY KEY, cust VARCHAR, n INT) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE TABLE custs (cid VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='custs', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT o.id, n, name FROM orders o JOIN custs c ON o.cust = c.cid;
CREATE TABLE l AS SELECT o.id, n, name FROM orders o LEFT JOIN custs c ON o.cust = c.cid;
CREATE TABLE s AS SELECT * FROM orders o JOIN custs c ON o.cust = c.cid;
> orders 1 {"cust":"a","n":1} @10
> custs "a" {"name":"Ann"} @20
> orders 2 {"cust":"a","n":2} @15
> orders 3 {"cust":null,"n":3} @16
> orders 3 {"cust":"a","n":3} @17
> orders 3 {"cust":null,"n":3} @18
> custs "a" {"name":"Anne"} @30
> custs "a" null @40
> orders 1 null @50
> custs "a" {"name":"Al"} @60
> orders 2 {"cust":"b","n":2} @70
< J 1 {"N":1,"NAME":"Ann"} @20
< J 2 {"N":2,"NAME":"Ann"} @20
< J 3 {"N":3,"NAME":"Ann"} @20
< J 3 null @18
< J 1 {"N":1,"NAME":"Anne"} @30
< J 2 {"N":2,"NAME":"Anne"} @30
< J 1 null @40
< J 2 null @40
< J 1 null @50
< J 2 {"N":2,"NAME":"Al"} @60
< J 2 null @70
< L 1 {"N":1,"NAME":null} @10
< L 1 {"N":1,"NAME":"Ann"} @20
< L 2 {"N":2,"NAME":"Ann"} @20
< L 3 {"N":3,"NAME":"Ann"} @20
< L 3 null @18
< L 1 {"N":1,"NAME":"Anne"} @30
< L 2 {"N":2,"NAME":"Anne"} @30
< L 1 {"N":1,"NAME":null} @40
< L 2 {"N":2,"NAME":null} @40
< L 1 null @50
< L 2 {"N":2,"NAME":"Al"} @60
< L 2 {"N":2,"NAME":null} @70
< S 1 {"O_CUST":"a","O_N":1,"C_CID":"a","C_NAME":"Ann"} @20
< S 2 {"O_CUST":"a","O_N":2,"C_CID":"a","C_NAME":"Ann"} @20
< S 3 {"O_CUST":"a","O_N":3,"C_CID":"a","C_NAME":"Ann"} @20
< S 3 null @18
< S 1 {"O_CUST":"a","O_N":1,"C_CID":"a","C_NAME":"Anne"} @30
< S 2 {"O_CUST":"a","O_N":2,"C_CID":"a","C_NAME":"Anne"} @30
< S 1 null @40
< S 2 null @40
< S 1 null @50
< S 2 {"O_CUST":"a","O_N":2,"C_CID":"a","C_NAME":"Al"} @60
< S 2 null @70

--- foreign key: right
CREATE TABLE orders (id INT PRIMARY KEY, cust VARCHAR, n INT) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE TABLE custs (cid VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='custs', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT o.id, n, name FROM orders o RIGHT JOIN custs c ON o.cust = c.cid;
! join

--- foreign key: full
CREATE TABLE orders (id INT PRIMARY KEY, cust VARCHAR, n INT) WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');
CREATE TABLE custs (cid VARCHAR PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC='custs', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT o.id, n, name FROM orders o FULL OUTER JOIN custs c ON o.cust = c.cid;
! join

--- three streams and tables
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, x INT) WITH (KAFKA_TOPIC='c', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k JOIN c ON a.k = c.k;
CREATE STREAM j2 AS SELECT a.k, v, w, x FROM a JOIN b ON a.k = b.k LEFT JOIN c ON b.k = c.k;
CREATE STREAM j3 AS SELECT * FROM a LEFT JOIN b ON a.k = b.k LEFT JOIN c ON a.k = c.k;
CREATE STREAM j4 AS SELECT c.k AS ck, v, w, x FROM a JOIN b ON a.k = b.k JOIN c ON b.w = c.k;
> b 1 {"w":10}
> c 1 {"x":100}
> c 10 {"x":101}
> a 1 {"v":1}
> a 2 {"v":2}
< J 1 {"V":1,"W":10,"X":100}
< J2 1 {"V":1,"W":10,"X":100}
< J3 1 {"A_V":1,"B_K":1,"B_W":10,"C_K":1,"C_X":100}
< J3 2 {"A_V":2,"B_K":null,"B_W":null,"C_K":null,"C_X":null}
< J4 10 {"CK":10,"V":1,"X":101}

--- the join's key is not in the projection
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT v, w FROM a JOIN b ON a.k = b.k;
! key

--- the join's key twice in the projection
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, b.k AS bk, v, w FROM a JOIN b ON a.k = b.k;
CREATE STREAM j2 AS SELECT b.k, v, w FROM a JOIN b ON a.k = b.k;
> b 1 {"w":10}
> a 1 {"v":1}
< J 1 {"BK":1,"V":1,"W":10}
< J2 1 {"V":1,"W":10}

--- an expression is the key of a join of streams
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT ABS(v) AS kk, v, w FROM a JOIN b WITHIN 1 SECOND ON ABS(v) = ABS(w);
CREATE STREAM s AS SELECT * FROM a JOIN b WITHIN 1 SECOND ON ABS(v) = ABS(w);
CREATE STREAM r AS SELECT ROWKEY, a.v FROM a JOIN b WITHIN 1 SECOND ON ABS(v) = ABS(w);
> a 1 {"v":-5}
> b 2 {"w":5}
! key

--- no JOIN but inner, left, right and full
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a RIGHT JOIN b ON a.k = b.k;
! join

--- a criterion is an equality
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k > b.k;
! join

--- a criterion is one equality
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k AND a.v = b.w;
! join

--- each side of a criterion is of one source
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k + b.w = b.k;
! join

--- join keys of several columns
CREATE STREAM a (k INT KEY, l INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, l INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
! join

--- WHERE over a join, null columns of the table
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a LEFT JOIN b ON a.k = b.k WHERE w IS NULL OR w > 5;
CREATE STREAM p AS SELECT w, a.k, v FROM a JOIN b ON a.k = b.k PARTITION BY w;
CREATE TABLE g AS SELECT w, COUNT(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY w;
> b 1 {"w":4}
> b 2 {"w":6}
> a 1 {"v":1}
> a 2 {"v":2}
> a 3 {"v":3}
< J 2 {"V":2,"W":6}
< J 3 {"V":3,"W":null}
< P 4 {"A_K":1,"V":1}
< P 6 {"A_K":2,"V":2}
< G 4 {"N":1}
< G 6 {"N":1}

--- struct keys join
CREATE STREAM a (k STRUCT<x INT, y INT> KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE b (k STRUCT<x INT, y INT> PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
> b {"x":1,"y":2} {"w":5}
> a {"x":1,"y":2} {"v":6}
< J {"X":1,"Y":2} {"V":6,"W":5}

--- key formats that differ
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');
CREATE TABLE c (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='c', KEY_FORMAT='DELIMITED', VALUE_FORMAT='DELIMITED');
CREATE STREAM j AS SELECT a.k, v, b.w, c.w FROM a JOIN b ON a.k = b.k JOIN c ON a.k = c.k;
CREATE TABLE t AS SELECT b.k, b.w, c.w FROM b JOIN c ON b.k = c.k;
> b 1 {"w":5}
> c "1" "6"
> a 1 {"v":6}
< J 1 {"V":6,"B_W":5,"C_W":6}
< T 1 {"B_W":5,"C_W":6}

--- windowed sources joined
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM j AS SELECT a.k, v, w, a.WINDOWSTART AS ws FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM s AS SELECT * FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1} @500 0..1000
> b 1 {"w":2} @600 0..1000
> b 1 {"w":3} @1600 1000..2000
< J 1 {"V":1,"W":2,"WS":0} @600 0..1000
< S 1 {"A_V":1,"B_K":1,"B_W":2} @600 0..1000

--- a windowed table joined
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
! join

--- windows of different types are not joined
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 SECOND');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
! join

--- SELECT * with columns alike, aliases in their case
CREATE STREAM `left` (`Id` INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM r (`Id` INT KEY, v INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT * FROM `left` JOIN r AS `R` WITHIN 1 MINUTE ON `left`.`Id` = `R`.`Id`;
CREATE STREAM k AS SELECT `left`.`Id`, `left`.v, r.v FROM `left` JOIN r WITHIN 1 MINUTE ON `left`.`Id` = r.`Id`;
> a 1 {"v":1}
> b 1 {"v":2}
< J 1 {"left_V":1,"R_Id":1,"R_V":2}
< K 1 {"left_V":1,"R_V":2}

--- join with a stream that has no key
CREATE STREAM a (v INT, id INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.id, v, w FROM a JOIN b ON a.id = b.k;
CREATE STREAM s AS SELECT * FROM a JOIN b ON a.id = b.k;
> b 1 {"w":4}
> a null {"v":1,"id":1}
< J 1 {"V":1,"W":4}
< S 1 {"A_V":1,"B_K":1,"B_W":4}

--- rowtimes in a join
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, a.ROWTIME AS art, b.ROWTIME AS brt, ROWTIME AS rt FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM j2 AS SELECT a.k, a.ROWTIME AS art, b.ROWTIME AS brt FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM j3 WITH (TIMESTAMP='w') AS SELECT a.k, CAST(w AS BIGINT) AS w, v FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1} @10
> b 1 {"w":2} @7
! ambiguous_column

--- rowtimes of both in a join
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j2 AS SELECT a.k, a.ROWTIME AS art, b.ROWTIME AS brt FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM j3 WITH (TIMESTAMP='w') AS SELECT a.k, CAST(w AS BIGINT) AS w, v FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
CREATE STREAM j4 AS SELECT a.k, a.ROWPARTITION AS p, b.ROWOFFSET AS o FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
> a 1 {"v":1} @10
> b 1 {"w":2} @7
< J2 1 {"ART":10,"BRT":7} @10
< J3 1 {"W":2,"V":1} @2
< J4 1 {"P":0,"O":0} @10

--- GROUP BY over a join, WINDOW
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE g AS SELECT a.k, SUM(v + w) AS s FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY a.k;
CREATE TABLE h AS SELECT b.k, SUM(v + w) AS s FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k GROUP BY b.k;
> a 1 {"v":1} @10
> b 1 {"w":2} @1500
> b 1 {"w":4} @1600
< G 1 {"S":3} @1500 1000..2000
< G 1 {"S":8} @1600 1000..2000
< H 1 {"S":3} @1500
< H 1 {"S":8} @1600

--- a source that is not there
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v FROM a JOIN zz WITHIN 1 MINUTE ON a.k = zz.k;
! unknown_source

--- a column of both sources
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, v INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
! ambiguous_column

--- a stream of a join of tables
CREATE TABLE a (k INT PRIMARY KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE TABLE b (k INT PRIMARY KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE STREAM j AS SELECT a.k, v, w FROM a JOIN b ON a.k = b.k;
! result_type

--- a table of a join of streams
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, w INT) WITH (KAFKA_TOPIC='b', VALUE_FORMAT='JSON');
CREATE TABLE j AS SELECT a.k, v, w FROM a JOIN b WITHIN 1 MINUTE ON a.k = b.k;
! result_type
