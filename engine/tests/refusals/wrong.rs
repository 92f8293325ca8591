//! Wrong rules.

/// Wrong rule files, each with a word for what is wrong.
pub(crate) const WRONG: &[(&str, &str)] = &[
    ("column misspelt", "CREATE STREAM r AS SELECT account_id, amuont FROM transactions;"),
    ("source misspelt", "CREATE STREAM r AS SELECT account_id, amount FROM transaction;"),
    ("function misspelt", "CREATE STREAM r AS SELECT account_id, UCSE(merchant) AS m FROM transactions;"),
    ("wrong arguments", "CREATE STREAM r AS SELECT account_id, UCASE(amount, 1) AS m FROM transactions;"),
    (
        "text compared with a number",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions WHERE merchant > 5;",
    ),
    ("no condition", "CREATE STREAM r AS SELECT account_id, amount FROM transactions WHERE amount;"),
    (
        "double quotes for text",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions WHERE merchant = \"Gold & Co\";",
    ),
    ("key not selected", "CREATE STREAM r AS SELECT amount FROM transactions;"),
    (
        "key selected twice",
        "CREATE STREAM r AS SELECT account_id, account_id AS a, amount FROM transactions;",
    ),
    ("no value columns", "CREATE STREAM r AS SELECT account_id FROM transactions;"),
    (
        "stream of an aggregation",
        "CREATE STREAM r AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id;",
    ),
    ("table of a stream", "CREATE TABLE r AS SELECT account_id, amount FROM transactions;"),
    (
        "neither grouped nor aggregated",
        "CREATE TABLE r AS SELECT account_id, merchant, COUNT(*) AS n FROM transactions GROUP BY account_id;",
    ),
    ("aggregate without GROUP BY", "CREATE TABLE r AS SELECT account_id, COUNT(*) AS n FROM transactions;"),
    (
        "aggregate in WHERE",
        "CREATE TABLE r AS SELECT account_id, COUNT(*) AS n FROM transactions WHERE COUNT(*) > 3 GROUP BY account_id;",
    ),
    (
        "nested aggregates",
        "CREATE TABLE r AS SELECT account_id, SUM(COUNT(*)) AS n FROM transactions GROUP BY account_id;",
    ),
    (
        "sum of text",
        "CREATE TABLE r AS SELECT account_id, SUM(merchant) AS n FROM transactions GROUP BY account_id;",
    ),
    (
        "once at the first and once at the end",
        "--@emit: first\nCREATE TABLE r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, COUNT(*) AS n FROM transactions WINDOW SESSION (1 MINUTE, GRACE PERIOD 1 MINUTE) GROUP BY account_id EMIT FINAL;",
    ),
    (
        "windowed source without a key",
        "CREATE STREAM w (amount DOUBLE) WITH (KAFKA_TOPIC='w', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');",
    ),
    ("insert into a table", "INSERT INTO limits SELECT account_id, amount FROM transactions;"),
    (
        "columns that do not fit",
        "CREATE STREAM a AS SELECT account_id, amount FROM transactions;\nINSERT INTO a SELECT account_id, merchant FROM transactions;",
    ),
    (
        "stream declared twice",
        "CREATE STREAM transactions (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');",
    ),
    ("table without a key", "CREATE TABLE t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');"),
    ("no topic", "CREATE STREAM t (a VARCHAR) WITH (VALUE_FORMAT='JSON');"),
    ("no format", "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t');"),
    ("registry format", "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='AVRO');"),
    ("property misspelt", "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPC='t', VALUE_FORMAT='JSON');"),
    ("type misspelt", "CREATE STREAM t (a VARCHR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');"),
    (
        "time without its format",
        "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='a');",
    ),
    (
        "wrong time pattern",
        "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='a', TIMESTAMP_FORMAT='yyyy-jj');",
    ),
    (
        "type of one's own misspelt",
        "CREATE TYPE money AS STRUCT<cents BIGINT>;\nCREATE STREAM t (a ARRAY<mony>) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');",
    ),
    ("type made twice", "CREATE TYPE money AS BIGINT;\nCREATE TYPE money AS DOUBLE;"),
    (
        "a function that could be several",
        "CREATE STREAM r AS SELECT account_id, GREATEST(amount, 1) AS a FROM transactions;",
    ),
    (
        "a default format that cannot be used",
        "SET 'ksql.persistence.default.format.value' = 'AVRO';\nCREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t');",
    ),
    (
        "directive misspelt",
        "--@severty: high\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "directive's word misspelt",
        "--@severity: hihg\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "cooldown without a unit",
        "--@cooldown: 10\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "directive of a rule on another query",
        "--@severity: high\nCREATE STREAM r AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "join with what another stream derives",
        "CREATE STREAM s AS SELECT * FROM transactions WHERE amount > 5;\nCREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM s GROUP BY account_id;\nCREATE STREAM r AS SELECT t.account_id, t.amount, c.n FROM transactions t JOIN counts c ON t.account_id = c.account_id;",
    ),
    (
        "join by another key than the table is derived by",
        "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id;\nCREATE STREAM r AS SELECT t.merchant, t.amount, c.n FROM transactions t JOIN counts c ON t.merchant = c.account_id;",
    ),
    (
        "join with the position of a derived row",
        "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id;\nCREATE STREAM r AS SELECT t.account_id, c.ROWOFFSET AS o FROM transactions t JOIN counts c ON t.account_id = c.account_id;",
    ),
    (
        "join of a declared table with a derived one",
        "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id;\nCREATE TABLE r AS SELECT l.account_id AS account_id, l.daily, c.n FROM limits l JOIN counts c ON l.account_id = c.account_id;",
    ),
    (
        "join with a table declared over what another query writes",
        "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id;\nCREATE TABLE again (account_id VARCHAR PRIMARY KEY, n BIGINT) WITH (KAFKA_TOPIC='COUNTS', VALUE_FORMAT='JSON');\nCREATE STREAM r AS SELECT t.account_id, t.amount, c.n FROM transactions t JOIN again c ON t.account_id = c.account_id;",
    ),
    (
        "async where nothing is derived",
        "--@async: true\nCREATE STREAM r AS SELECT t.account_id, t.amount, l.daily FROM transactions t JOIN limits l ON t.account_id = l.account_id;",
    ),
    (
        "broadcast of a stream",
        "--@broadcast: true\nCREATE STREAM shops (shop VARCHAR KEY) WITH (KAFKA_TOPIC='shops', VALUE_FORMAT='JSON');",
    ),
    (
        "broadcast that is neither true nor false",
        "--@broadcast: yes\nCREATE TABLE shops (shop VARCHAR PRIMARY KEY) WITH (KAFKA_TOPIC='shops', VALUE_FORMAT='JSON');",
    ),
    (
        "broadcast of windowed keys",
        "--@broadcast: true\nCREATE TABLE counts (id VARCHAR PRIMARY KEY, n BIGINT) WITH (KAFKA_TOPIC='counts', VALUE_FORMAT='JSON', WINDOW_TYPE='SESSION');",
    ),
    (
        "broadcast of what another query writes",
        "CREATE TABLE counts AS SELECT merchant, COUNT(*) AS n FROM transactions GROUP BY merchant;\n--@broadcast: true\nCREATE TABLE busy (merchant VARCHAR PRIMARY KEY, n BIGINT) WITH (KAFKA_TOPIC='COUNTS', VALUE_FORMAT='JSON');\n--@async: true\nCREATE STREAM r AS SELECT b.merchant, t.amount, b.n FROM transactions t JOIN busy b ON t.merchant = b.merchant;",
    ),
    (
        "cooldown by a key that a broadcast table leaves in several partitions",
        "--@broadcast: true\nCREATE TABLE shops (shop VARCHAR PRIMARY KEY, kind VARCHAR) WITH (KAFKA_TOPIC='shops', VALUE_FORMAT='JSON');\n--@cooldown: 1 MINUTE\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT s.shop, t.amount FROM transactions t JOIN shops s ON t.merchant = s.shop;",
    ),
    (
        "broadcast of a query",
        "--@broadcast: true\nCREATE STREAM r AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "directive on a declaration",
        "--@severity: high\nCREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');",
    ),
    (
        "emit: first without a window",
        "--@emit: first\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "two rules of one name",
        "CREATE STREAM fraud WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amount FROM transactions;\nINSERT INTO fraud WITH (QUERY_ID='FRAUD') SELECT account_id, amount FROM transactions WHERE amount > 5;",
    ),
    ("a statement that rules do not have", "INSERT INTO transactions (account_id, amount) VALUES ('A', 1);"),
    (
        "a value inside of a variable",
        "DEFINE limit = 'amuont';\nCREATE STREAM r AS SELECT account_id, amount FROM transactions WHERE ${limit} > 5;",
    ),
    (
        "a query that reads what it writes",
        "CREATE STREAM r WITH (KAFKA_TOPIC='transactions') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "a source replaced under a query",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions;\n\
         CREATE OR REPLACE STREAM transactions (account_id VARCHAR KEY, b VARCHAR, amount DOUBLE) \
         WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');",
    ),
    (
        "a topic for INSERT INTO",
        "CREATE STREAM z AS SELECT account_id, amount FROM transactions;\n\
         INSERT INTO z WITH (KAFKA_TOPIC='fraud_alerts') SELECT account_id, amount FROM transactions;",
    ),
    (
        "several mistakes at once",
        "CREATE STREAM a AS SELECT account_id, amuont FROM transactions;\nCREATE STREAM b AS SELECT account_id, merchnt FROM transactions;\nCREATE STREAM c AS SELECT account_id, amount FROM a;",
    ),
    (
        "several mistakes in one statement",
        "CREATE STREAM a WITH (PARTITONS=2) AS SELECT account_id, amuont, UCSE(merchnt) AS m FROM transactions WHERE merchant > 5 AND cuntry = 'US';",
    ),
    (
        "several wrong directives, and a wrong query",
        "--@severty: high\n--@mode: loud\nCREATE STREAM r WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, amuont FROM transactions;",
    ),
    (
        "several mistakes in one declaration",
        "CREATE STREAM t (a VARCHR KEY, b DECIMAL(50, 2), c INT PRIMARY KEY) WITH (KAFKA_TOPC='t', VALUE_DELIMITER='', VALUE_FORMAT='DELIMITED');",
    ),
    (
        "mistakes in the SELECT list and in GROUP BY",
        "CREATE TABLE t AS SELECT acount_id, merchant, COUNT(*) AS n FROM transactions GROUP BY acount_id, merchnt;",
    ),
    (
        "columns that a format cannot carry",
        "CREATE STREAM r WITH (VALUE_FORMAT='DELIMITED') AS SELECT account_id, ARRAY[amount] AS a, MAP('m' := merchant) AS m FROM transactions;",
    ),
    (
        "constructors without one type",
        "CREATE STREAM r AS SELECT account_id, ARRAY[] AS a, ARRAY[NULL] AS b, ARRAY[1, at_night] AS c, STRUCT(a := 1, a := NULL) AS d FROM transactions;",
    ),
    (
        "an aggregate's constant",
        "CREATE TABLE t AS SELECT account_id, TOPK(amount, daily_limit) AS n, LATEST_BY_OFFSET(amount, 0) AS m FROM transactions GROUP BY account_id;",
    ),
    (
        "a window among the properties of a query",
        "CREATE STREAM r WITH (WINDOW_TYPE='SESSION') AS SELECT account_id, amount FROM transactions;",
    ),
    (
        "keys joined by AND",
        "CREATE STREAM r AS SELECT * FROM transactions PARTITION BY merchant AND country;",
    ),
    (
        "a size without SIZE",
        "CREATE TABLE r AS SELECT account_id, COUNT(*) AS n FROM transactions WINDOW TUMBLING (5 MINUTES) GROUP BY account_id;",
    ),
    (
        "hopping without an advance",
        "CREATE TABLE r AS SELECT account_id, COUNT(*) AS n FROM transactions WINDOW HOPPING (SIZE 5 MINUTES) GROUP BY account_id;",
    ),
    (
        "a name of the SELECT in HAVING",
        "CREATE TABLE r AS SELECT account_id, COUNT(*) AS n FROM transactions GROUP BY account_id HAVING n > 3;",
    ),
    (
        "a name of the SELECT in WHERE",
        "CREATE STREAM r AS SELECT account_id, amount * 2 AS twice FROM transactions WHERE twice > 3;",
    ),
    ("a column taken for a source", "CREATE STREAM r AS SELECT account_id, merchant.name FROM transactions;"),
    (
        "a subscript of a wrong type",
        "CREATE STREAM r AS SELECT account_id, SPLIT(merchant, ' ')['a'] AS w FROM transactions;",
    ),
    (
        "a field that a struct has not",
        "CREATE STREAM r AS SELECT account_id, STRUCT(city := country)->town FROM transactions;",
    ),
    ("ORDER BY", "CREATE STREAM r AS SELECT account_id, amount FROM transactions ORDER BY amount;"),
    ("LIMIT", "CREATE STREAM r AS SELECT account_id, amount FROM transactions LIMIT 5;"),
    ("SELECT DISTINCT", "CREATE STREAM r AS SELECT DISTINCT account_id, amount FROM transactions;"),
    (
        "UNION",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions UNION SELECT account_id, amount FROM transactions;",
    ),
    (
        "USING",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l USING (account_id);",
    ),
    ("the clock", "CREATE STREAM r AS SELECT account_id, NOW() AS n FROM transactions;"),
    (
        "a function of another dialect",
        "CREATE STREAM r AS SELECT account_id, IF(amount > 5, 1, 0) AS a FROM transactions;",
    ),
    (
        "a function that is nowhere",
        "CREATE STREAM r AS SELECT account_id, FROBNICATE(amount) AS a FROM transactions;",
    ),
    (
        "a property of earlier versions",
        "CREATE STREAM t (a VARCHAR) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', KEY='a');",
    ),
    (
        "EMIT FINAL without a window",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions EMIT FINAL;",
    ),
    (
        "join without WITHIN",
        "CREATE STREAM a AS SELECT account_id, amount FROM transactions;\nCREATE STREAM r AS SELECT t.account_id, a.amount FROM transactions t JOIN a ON t.account_id = a.account_id;",
    ),
    (
        "join within, with a table",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l WITHIN 1 HOUR ON t.account_id = l.account_id;",
    ),
    (
        "join by a table's value",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l ON CAST(amount AS DOUBLE) = l.daily;",
    ),
    (
        "join of different types",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l ON amount = l.account_id;",
    ),
    (
        "join of a table with a stream",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM limits l JOIN transactions t ON l.account_id = t.account_id;",
    ),
    (
        "join of a stream and a table, kept by the table",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t FULL JOIN limits l ON l.account_id = t.account_id;",
    ),
    (
        "join by two criteria",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l ON t.account_id = l.account_id AND daily = 1;",
    ),
    (
        "join with a constant",
        "CREATE STREAM r AS SELECT t.account_id, daily FROM transactions t JOIN limits l ON l.account_id = 'x';",
    ),
    (
        "join without its key",
        "CREATE STREAM r AS SELECT amount, daily FROM transactions t JOIN limits l ON t.account_id = l.account_id;",
    ),
    (
        "join with itself",
        "CREATE STREAM r AS SELECT a.account_id, b.amount FROM transactions a JOIN transactions b WITHIN 1 HOUR ON a.account_id = b.account_id;",
    ),
    (
        "column of several sources",
        "CREATE STREAM r AS SELECT account_id, daily FROM transactions t JOIN limits l ON t.account_id = l.account_id;",
    ),
    (
        "source by its name instead of its alias",
        "CREATE STREAM r AS SELECT t.account_id, limits.daily FROM transactions t JOIN limits l ON t.account_id = l.account_id;",
    ),
    (
        "comparing with NULL",
        "CREATE STREAM r AS SELECT account_id, amount FROM transactions WHERE amount <> NULL;",
    ),
    (
        "CASE of two types",
        "CREATE STREAM r AS SELECT account_id, CASE WHEN amount > 5 THEN 1 ELSE 0.5 END AS share FROM transactions;",
    ),
    (
        "INSERT INTO that would lose a field",
        "CREATE STREAM spots (account_id VARCHAR KEY, spot STRUCT<city VARCHAR>) \
         WITH (KAFKA_TOPIC='spots', VALUE_FORMAT='JSON');\n\
         INSERT INTO spots SELECT account_id, STRUCT(city := 'Ulm', zip := 7) AS spot FROM transactions;",
    ),
    (
        "a function that a table's rows cannot be taken out of",
        "CREATE TABLE r AS SELECT daily, MAX(account_id) AS last FROM limits GROUP BY daily;",
    ),
    (
        "WINDOW over a table",
        "CREATE TABLE r AS SELECT daily, COUNT(*) AS n FROM limits WINDOW TUMBLING (SIZE 1 HOUR) GROUP BY daily;",
    ),
    (
        "grouping a windowed table",
        "CREATE TABLE hourly (account_id VARCHAR PRIMARY KEY, n INT) WITH (KAFKA_TOPIC='hourly', VALUE_FORMAT='JSON', \
         WINDOW_TYPE='TUMBLING', WINDOW_SIZE='1 HOUR');\nCREATE TABLE r AS SELECT n, COUNT(*) AS c FROM hourly GROUP BY n;",
    ),
];
