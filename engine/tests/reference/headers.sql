-- Columns of headers.

--- all headers and one header
CREATE STREAM a (k INT KEY, v INT, h ARRAY<STRUCT<key STRING, value BYTES>> HEADERS) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM b (k INT KEY, v INT, h BYTES HEADER('trace')) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
CREATE STREAM o AS SELECT * FROM a;
CREATE STREAM p AS SELECT * FROM b;
CREATE STREAM q AS SELECT k, FROM_BYTES(h, 'utf8') AS t, h IS NULL AS n FROM b;
> a 1 {"v":1}
< O 1 {"H":[],"V":1}
< P 1 {"H":null,"V":1}
< Q 1 {"T":null,"N":true}

--- two columns of one header
CREATE STREAM b (k INT KEY, h BYTES HEADER('trace'), i BYTES HEADER('trace')) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! duplicate_column

--- all headers and one
CREATE STREAM b (k INT KEY, h ARRAY<STRUCT<key STRING, value BYTES>> HEADERS, i BYTES HEADER('trace')) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! duplicate_column

--- HEADERS of another type
CREATE STREAM b (k INT KEY, h VARCHAR HEADERS) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! type_mismatch

--- HEADER of another type
CREATE STREAM b (k INT KEY, h VARCHAR HEADER('x')) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
! type_mismatch

--- headers are not inserted
CREATE STREAM b (k INT KEY, v INT, h BYTES HEADER('trace')) WITH (KAFKA_TOPIC='a', VALUE_FORMAT='JSON');
INSERT INTO b (k, h) VALUES (1, TO_BYTES('x', 'utf8'));
! schema
