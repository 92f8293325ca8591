-- The roles and logins of a StreamGuard database, run as superuser by start.sh and by docker compose at
-- each start: what is there is kept, passwords become those of .env.
-- psql variables: owner_password, writer_password, reader_password.
--
-- Roles belong to the whole cluster. streamguard_owner owns the schema, streamguard_writer writes what the
-- consumer writes, streamguard_reader reads, streamguard_analyst also calls the functions that change lists
-- and work on what was found; nobody logs in as them. The logins are members: one migrates, one is the
-- consumer's, and `streamguard` is a person in psql, who is an analyst.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

SELECT format('CREATE ROLE %I NOLOGIN', role)
FROM unnest(ARRAY['streamguard_owner', 'streamguard_writer', 'streamguard_reader',
                  'streamguard_analyst']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) \gexec

SELECT format('CREATE ROLE %I LOGIN', login)
FROM unnest(ARRAY['streamguard_migrator', 'streamguard_consumer', 'streamguard']) AS login
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) \gexec

ALTER ROLE streamguard_migrator LOGIN PASSWORD :'owner_password';
ALTER ROLE streamguard_consumer LOGIN PASSWORD :'writer_password';
ALTER ROLE streamguard LOGIN PASSWORD :'reader_password';
GRANT streamguard_owner TO streamguard_migrator;
GRANT streamguard_writer TO streamguard_consumer;
GRANT streamguard_reader TO streamguard_analyst;
GRANT streamguard_analyst TO streamguard;

SELECT 'CREATE DATABASE streamguard OWNER streamguard_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'streamguard') \gexec
REVOKE ALL ON DATABASE streamguard FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE streamguard TO streamguard_owner, streamguard_writer, streamguard_reader,
    streamguard_analyst;
