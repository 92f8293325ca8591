-- Formats: what JSON and DELIMITED take for each type, and what they refuse.

--- JSON: numbers from text and other numbers
CREATE STREAM a (k INT KEY, i INT, l BIGINT, d DOUBLE, m DECIMAL(5,2)) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 {"i":"1","l":"2","d":"3.5","m":"4.25"}
> a 2 {"i":1.0,"l":2.0,"d":3,"m":4}
> a 3 {"i":1.9,"l":2.9,"d":"1e3","m":4.255}
> a 4 {"i":null,"l":3000000000,"d":1e400,"m":12345.6}
> a 5 {"i":3000000000}
> a 6 {"i":true}
> a 7 {"i":"x"}
> a 8 {"i":[1]}
< O 1 {"I":1,"L":2,"D":3.5,"M":4.25}
< O 2 {"I":1,"L":2,"D":3.0,"M":4.00}
< a.dlq "a/0/2" {"i":1.9,"l":2.9,"d":"1e3","m":4.255}
< a.dlq "a/0/3" {"i":null,"l":3000000000,"d":1e400,"m":12345.6}
< a.dlq "a/0/4" {"i":3000000000}
< a.dlq "a/0/5" {"i":true}
< a.dlq "a/0/6" {"i":"x"}
< a.dlq "a/0/7" {"i":[1]}

--- JSON: text from anything
CREATE STREAM a (k INT KEY, s VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 {"s":1}
> a 2 {"s":1.50}
> a 3 {"s":true}
> a 4 {"s":{"b":[1,null], "a" : "x"}}
> a 5 {"s":[1, "x"]}
> a 6 {"s":""}
< O 1 {"S":"1"}
< O 2 {"S":"1.50"}
< O 3 {"S":"true"}
< O 4 {"S":"{\"b\":[1,null],\"a\":\"x\"}"}
< O 5 {"S":"[1, x]"}
< O 6 {"S":""}

--- JSON: booleans
CREATE STREAM a (k INT KEY, b BOOLEAN) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 {"b":true}
> a 2 {"b":"true"}
> a 3 {"b":1}
< O 1 {"B":true}
< a.dlq "a/0/1" {"b":"true"}
< a.dlq "a/0/2" {"b":1}

--- JSON: collections
CREATE STREAM a (k INT KEY, l ARRAY<ARRAY<VARCHAR>>, m MAP<VARCHAR, STRUCT<x INT>>, s STRUCT<a ARRAY<INT>, b STRUCT<c VARCHAR>>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 {"l":[["a",null],null,[]],"m":{"p":{"x":1},"q":null},"s":{"a":[1],"b":{"c":"d","e":"ignored"},"z":1}}
> a 2 {"l":{},"m":1}
> a 3 {"s":{"A":["7"],"B":{"C":5}}}
< O 1 {"L":[["a",null],null,[]],"M":{"p":{"X":1},"q":null},"S":{"A":[1],"B":{"C":"d"}}}
< a.dlq "a/0/1" {"l":{},"m":1}
< O 3 {"L":null,"M":null,"S":{"A":[7],"B":{"C":"5"}}}

--- JSON: what is no object
CREATE STREAM a (k INT KEY, v INT, w INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 5
> a 2 [1]
> a 3 "x"
> a 4 {"v":1,"w":2}
< a.dlq "a/0/0" 5
< a.dlq "a/0/1" [1]
< a.dlq "a/0/2" "x"
< O 4 {"V":1,"W":2}

--- JSON: a lone value that is an object
CREATE STREAM a (k INT KEY, v INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 5
> a 2 {"V":6}
< a.dlq "a/0/0" 5
< O 2 {"V":6}

--- JSON keys: bare and in an object
CREATE STREAM a (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='a', FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a "x" {"v":1}
> a 5 {"v":1}
> a null {"v":1}
< O "x" {"V":1}
< O "5" {"V":1}
< O null {"V":1}

--- DELIMITED: wrong numbers of columns
CREATE STREAM a (k INT KEY, v INT, w VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='DELIMITED');
CREATE STREAM o AS SELECT * FROM a;
> a 1 "5"
> a 2 "5,x,y"
> a 3 "5,x"
> a 4 "x,x"
> a 5 " 5 , x "
< a.dlq "a/0/0" 5
< a.dlq "a/0/1" "5,x,y"
< O 3 "5,x"
< a.dlq "a/0/3" "x,x"
< a.dlq "a/0/4" " 5 , x "

--- DELIMITED: a single column
CREATE STREAM a (k INT KEY, v VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='DELIMITED');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM j WITH (VALUE_FORMAT='JSON') AS SELECT * FROM a;
> a 1 "x"
> a 2 ""
> a 3 "\"a,b\""
> a 4 "a\"b"
< O 1 "x"
< O 2 ""
< O 3 "\"a,b\""
< O 4 "\"a\"\"b\""
< J 1 {"V":"x"}
< J 2 {"V":null}
< J 3 {"V":"a,b"}
< J 4 {"V":"a\"b"}

--- DELIMITED: texts that need quotes
CREATE STREAM a (k INT KEY, v VARCHAR, w VARCHAR) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (VALUE_FORMAT='DELIMITED') AS SELECT * FROM a;
> a 1 {"v":"a,b","w":"c\"d"}
> a 2 {"v":"a\nb","w":""}
> a 3 {"v":null,"w":"#x"}
> a 4 {"v":"-1","w":"x y"}
> a 5 {"v":"!","w":"ü"}
< O 1 "\"a,b\",\"c\"\"d\""
< O 2 "\"a\nb\","
< O 3 ",\"#x\""
< O 4 "\"-1\",x y"
< O 5 "\"!\",ü"

--- DELIMITED keys: numbers and several columns
CREATE STREAM a (k DOUBLE KEY, l BOOLEAN KEY, v INT) WITH (KAFKA_TOPIC='a', KEY_FORMAT='DELIMITED', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a "1.50,true" {"v":1}
> a ",false" {"v":1}
> a null {"v":1}
< O "1.5,true" {"V":1}
< O ",false" {"V":1}
< O null {"V":1}

--- DECIMAL: digits are kept
CREATE STREAM a (k INT KEY, m DECIMAL(21,19), n DECIMAL(4,0)) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM d WITH (VALUE_FORMAT='DELIMITED') AS SELECT * FROM a;
> a 1 {"m":10.1234512345123451234,"n":5}
> a 2 {"m":"10.5","n":"7"}
> a 3 {"m":-0.0,"n":-0}
> a 4 {"m":1E-5,"n":1E2}
< O 1 {"M":10.1234512345123451234,"N":5}
< O 2 {"M":10.5000000000000000000,"N":7}
< O 3 {"M":0.0000000000000000000,"N":0}
< O 4 {"M":0.0000100000000000000,"N":100}
< D 1 "10.1234512345123451234,5"
< D 2 "10.5000000000000000000,7"
< D 3 "0.0000000000000000000,0"
< D 4 "0.0000100000000000000,100"

--- DOUBLE: how it is written
CREATE STREAM a (k INT KEY, d DOUBLE) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM p WITH (VALUE_FORMAT='DELIMITED') AS SELECT * FROM a;
> a 1 {"d":1}
> a 2 {"d":1e7}
> a 3 {"d":12345678.9}
> a 4 {"d":0.001}
> a 5 {"d":0.0001}
> a 6 {"d":-0.0}
> a 7 {"d":1e22}
< O 1 {"D":1.0}
< O 2 {"D":1.0E7}
< O 3 {"D":1.23456789E7}
< O 4 {"D":0.001}
< O 5 {"D":1.0E-4}
< O 6 {"D":-0.0}
< O 7 {"D":1.0E22}
< P 1 "1.0"
< P 2 "1.0E7"
< P 3 "1.23456789E7"
< P 4 "0.001"
< P 5 "1.0E-4"
< P 6 "\"-0.0\""
< P 7 "1.0E22"

--- KAFKA keys of text and numbers from DELIMITED text
CREATE STREAM a (k BIGINT KEY, v DOUBLE) WITH (KAFKA_TOPIC='a', FORMAT='DELIMITED');
CREATE STREAM o WITH (FORMAT='KAFKA') AS SELECT * FROM a;
> a "5" "1.5"
> a "x" "1.5"
< O 5 1.5
< a.dlq "a/0/1" 1.5

--- names that differ in case
CREATE STREAM a (k INT KEY, Foo INT, `foo` INT, `FoO` INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a 1 {"FOO":1,"foo":2,"FoO":3}
> a 2 {"Foo":1}
< O 1 {"FOO":1,"foo":2,"FoO":3}
< O 2 {"FOO":1,"foo":null,"FoO":null}

--- names of reserved words and odd characters
CREATE STREAM a (`SELECT` INT KEY, `from` INT, `a-b` INT, `ü` INT, `1` INT, date INT, value INT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT `SELECT`, `from`, `a-b` + 1 AS `c d`, `ü`, `1`, date, value FROM a WHERE `from` > 0;
> a 1 {"from":1,"a-b":2,"ü":3,"1":4,"date":5,"VALUE":6}
< O 1 {"from":1,"c d":3,"ü":3,"1":4,"DATE":5,"VALUE":6}

--- types by all their names
CREATE STREAM a (k STRING KEY, a INT, b INTEGER, c BIGINT, d DOUBLE, e VARCHAR, f STRING, g BOOLEAN, h DECIMAL(3, 1), i BYTES, j DATE, l TIME, m TIMESTAMP, n ARRAY<INTEGER>, o MAP<STRING, INT>, p STRUCT<q STRING>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
> a "x" {"a":1,"b":2,"c":3,"d":4,"e":"5","f":"6","g":true,"h":7.5,"i":"","j":8,"l":9,"m":10,"n":[11],"o":{"r":12},"p":{"q":"s"}}
< O "x" {"A":1,"B":2,"C":3,"D":4.0,"E":"5","F":"6","G":true,"H":7.5,"I":"","J":8,"L":9,"M":10,"N":[11],"O":{"r":12},"P":{"Q":"s"}}

--- a MAP's keys are text
CREATE STREAM a (k INT KEY, m MAP<INT, INT>) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
! format

--- DECIMAL: scale above precision
CREATE STREAM a (k INT KEY, m DECIMAL(2, 3)) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! unknown_type

--- DECIMAL without parameters
CREATE STREAM a (k INT KEY, m DECIMAL) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! syntax

--- a type that is none
CREATE STREAM a (k INT KEY, m FLOAT) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! unknown_type
