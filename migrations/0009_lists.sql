-- The lists: which accounts, merchants, devices, addresses and so on are blocked, allowed or watched.
--
-- Invariant: no change of list_entries, by whatever way, is without its rows in list_events, in the audit
-- log and in the outbox of the topic list_entries: the triggers of the table write them, in the same
-- transaction. Every change locks the row of list_state first, so the numbers of list_events are in the order
-- in which changes became visible, and whoever has read up to a number has missed nothing before it.

DROP TRIGGER list_entries_changed ON list_entries;
DROP FUNCTION bump_list_version();
DROP INDEX list_entries_value;
ALTER TABLE list_entries DROP CONSTRAINT list_entries_kind_check;
ALTER TABLE list_entries DROP CONSTRAINT list_entries_action_check;
ALTER TABLE list_entries RENAME COLUMN note TO reason;
ALTER TABLE list_entries RENAME COLUMN created_by TO author;
UPDATE list_entries SET reason = 'blocked' WHERE reason IS NULL OR btrim(reason) = '';
ALTER TABLE list_entries
    ALTER COLUMN reason SET NOT NULL,
    ALTER COLUMN author SET DEFAULT session_user,
    ALTER COLUMN action DROP DEFAULT,
    ADD COLUMN match text NOT NULL DEFAULT 'nocase',
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN compared text NOT NULL
        GENERATED ALWAYS AS (CASE match WHEN 'exact' THEN value ELSE lower(value) END) STORED,
    ADD CONSTRAINT list_entries_kind
        CHECK (kind IN ('account', 'merchant', 'category', 'country', 'device', 'ip', 'bin')),
    ADD CONSTRAINT list_entries_action CHECK (action IN ('block', 'allow', 'watch')),
    ADD CONSTRAINT list_entries_match CHECK (CASE kind WHEN 'ip' THEN match = 'prefix'
        WHEN 'bin' THEN match IN ('exact', 'prefix') ELSE match IN ('exact', 'nocase', 'prefix') END),
    ADD CONSTRAINT list_entries_length CHECK (octet_length(value) <= 500 AND length(reason) <= 1000);
ALTER TABLE list_entries ALTER COLUMN match DROP DEFAULT;
CREATE UNIQUE INDEX list_entries_compared ON list_entries (kind, compared, match, action);
CREATE INDEX list_entries_expiry ON list_entries (expires_at) WHERE expires_at IS NOT NULL;
COMMENT ON TABLE list_entries IS
    'The block, allow and watch lists. Changed by list_add and list_remove; a change applies to what is decided from then on and revises nothing. Every change is in list_events.';
COMMENT ON COLUMN list_entries.id IS 'Names the entry in decisions, list_events and the audit log; never used again.';
COMMENT ON COLUMN list_entries.kind IS 'Which field of the transaction is compared: account (account_id), merchant, category, country, device (device_id), ip, bin (card_bin).';
COMMENT ON COLUMN list_entries.value IS 'What the field is compared with. For ip an address or a network in CIDR form, for bin the first digits of the card.';
COMMENT ON COLUMN list_entries.match IS 'exact: the same text; nocase: the same, upper and lower case alike; prefix: the field begins so, upper and lower case alike, or for ip: the address lies in the network.';
COMMENT ON COLUMN list_entries.action IS 'block: the decision is BLOCK; allow: APPROVE, except against a block; watch: noted in the decision, changes nothing by itself.';
COMMENT ON COLUMN list_entries.reason IS 'Why it is on the list, as whoever changed it last said.';
COMMENT ON COLUMN list_entries.author IS 'The login that added or changed it last.';
COMMENT ON COLUMN list_entries.expires_at IS 'From this time on it no longer counts; NULL: it does until it is removed.';
COMMENT ON COLUMN list_entries.compared IS 'The value as it is compared: in lower case unless match is exact.';
COMMENT ON COLUMN list_entries.created_at IS 'When it was added.';

COMMENT ON TABLE list_state IS 'One row: how many changes list_events holds. Every change of the lists locks it first.';
COMMENT ON COLUMN list_state.singleton IS 'Always true: there is one row.';
COMMENT ON COLUMN list_state.version IS 'The number of the latest row of list_events.';

CREATE TABLE list_events (
    number     bigint PRIMARY KEY,
    at         timestamptz NOT NULL,
    author     text        NOT NULL,
    change     text        NOT NULL CHECK (change IN ('add', 'change', 'remove', 'expire')),
    entry_id   bigint      NOT NULL,
    kind       text        NOT NULL,
    value      text        NOT NULL,
    match      text        NOT NULL,
    action     text        NOT NULL,
    reason     text        NOT NULL,
    expires_at timestamptz
);
CREATE INDEX list_events_value ON list_events (kind, lower(value));
CREATE INDEX list_events_entry ON list_events (entry_id);
COMMENT ON TABLE list_events IS 'Every change of the lists, append-only: nobody can change or delete a row.';
COMMENT ON COLUMN list_events.number IS 'From 1 without gaps, in the order in which the changes became visible.';
COMMENT ON COLUMN list_events.at IS 'When the change was made.';
COMMENT ON COLUMN list_events.author IS 'The login that made it.';
COMMENT ON COLUMN list_events.change IS 'add, change (another reason or expiry), remove, or expire (taken away because its time was over).';
COMMENT ON COLUMN list_events.entry_id IS 'The entry''s id in list_entries.';
COMMENT ON COLUMN list_events.kind IS 'As in list_entries.';
COMMENT ON COLUMN list_events.value IS 'As in list_entries.';
COMMENT ON COLUMN list_events.match IS 'As in list_entries.';
COMMENT ON COLUMN list_events.action IS 'As in list_entries.';
COMMENT ON COLUMN list_events.reason IS 'Why it was added, changed or removed.';
COMMENT ON COLUMN list_events.expires_at IS 'As in list_entries after the change, or before its removal.';

INSERT INTO list_events
    SELECT row_number() OVER (ORDER BY id), created_at, author, 'add', id, kind, value, match, action, reason, expires_at
    FROM list_entries;
UPDATE list_state SET version = (SELECT count(*) FROM list_events);

-- The topic list_entries: a record's key names the entry by what it matches, so that a rule can join it by
-- an expression over a field of its own; a tombstone takes it away.
CREATE FUNCTION list_record_key(kind text, match text, action text, compared text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT action || ':' || kind || ':' || match || ':' || compared $$;
COMMENT ON FUNCTION list_record_key(text, text, text, text) IS
    'The key of an entry''s record on the topic list_entries: ACTION:KIND:MATCH:VALUE, the value in lower case unless match is exact.';

CREATE FUNCTION list_lock() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'the lists cannot be truncated, because list_events would not say what was taken away'
            USING ERRCODE = 'insufficient_privilege', HINT = 'DELETE FROM list_entries, as the schema''s owner';
    END IF;
    PERFORM FROM public.list_state FOR UPDATE;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION list_lock() IS 'Trigger of list_entries: one change of the lists at a time; no TRUNCATE.';

CREATE FUNCTION list_identity_stays() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'kind, value, match and action of a list entry cannot be changed'
        USING ERRCODE = 'integrity_constraint_violation', HINT = 'list_remove the entry and list_add another';
END $$;
COMMENT ON FUNCTION list_identity_stays() IS 'Trigger of list_entries: what an id stands for does not change.';

CREATE FUNCTION list_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    said  text := nullif(current_setting('streamguard.list_reason', true), '');
    first bigint;
    last  bigint;
BEGIN
    SELECT version + 1 INTO first FROM public.list_state;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.list_events
            SELECT first - 1 + row_number() OVER (ORDER BY o.id), clock_timestamp(), session_user,
                   CASE WHEN o.expires_at <= now() THEN 'expire' ELSE 'remove' END, o.id, o.kind, o.value, o.match, o.action,
                   coalesce(said, CASE WHEN o.expires_at <= now() THEN 'its time was over' ELSE 'deleted by SQL' END),
                   o.expires_at
            FROM before_rows o;
    ELSE
        INSERT INTO public.list_events
            SELECT first - 1 + row_number() OVER (ORDER BY n.id), clock_timestamp(), session_user,
                   CASE TG_OP WHEN 'INSERT' THEN 'add' ELSE 'change' END, n.id, n.kind, n.value, n.match, n.action,
                   n.reason, n.expires_at
            FROM after_rows n;
    END IF;
    GET DIAGNOSTICS last = ROW_COUNT;
    IF last = 0 THEN
        RETURN NULL;
    END IF;
    last := first - 1 + last;
    UPDATE public.list_state SET version = last;
    PERFORM public.list_publish(first, last);
    PERFORM public.list_audit(first, last);
    PERFORM pg_notify('streamguard_lists', last::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION list_changed() IS 'Trigger of list_entries: writes what changed to list_events, the outbox and the audit log, and wakes whoever listens to streamguard_lists.';

CREATE FUNCTION list_publish(first bigint, last bigint) RETURNS void
    LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    -- Not by outbox_put, which takes a lock per key: the lock of list_state orders these already, and a
    -- million locks are more than the server has.
    INSERT INTO public.outbox (topic, key, value)
    SELECT 'list_entries',
           convert_to(public.list_record_key(e.kind, e.match, e.action,
                          CASE e.match WHEN 'exact' THEN e.value ELSE lower(e.value) END), 'UTF8'),
           CASE WHEN e.change IN ('add', 'change') THEN convert_to(jsonb_build_object(
               'entry_id', e.entry_id, 'kind', e.kind, 'value', e.value, 'match', e.match, 'action', e.action,
               'reason', e.reason, 'author', e.author, 'expires_at', e.expires_at)::text, 'UTF8') END
    FROM (SELECT * FROM public.list_events WHERE number BETWEEN first AND last ORDER BY number) e $$;
REVOKE ALL ON FUNCTION list_publish(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION list_publish(bigint, bigint) IS
    'Puts the changes of these numbers into the outbox of the topic list_entries; a removal is a tombstone.';

SELECT list_publish(1, (SELECT version FROM list_state));

CREATE FUNCTION list_digest(first bigint, last bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(sha256(string_agg(sha256(convert_to(jsonb_build_array(number, extract(epoch FROM at), author, change,
               entry_id, kind, value, match, action, reason, extract(epoch FROM expires_at))::text, 'UTF8')), ''
               ORDER BY number)), 'hex')
    FROM public.list_events WHERE number BETWEEN first AND last $$;
COMMENT ON FUNCTION list_digest(bigint, bigint) IS
    'SHA-256 over the rows of list_events with these numbers. The audit log holds it for changes of many entries at once; another value there means that list_events was changed.';

CREATE FUNCTION list_audit(first bigint, last bigint) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    e public.list_events;
BEGIN
    -- A row of the audit log per entry is for people; an import is one row that vouches for all of them.
    IF last - first >= 100 THEN
        PERFORM public.audit_append('list_import', jsonb_build_object('first_event', first, 'last_event', last,
            'changes', last - first + 1, 'digest', public.list_digest(first, last)));
        RETURN;
    END IF;
    FOR e IN SELECT * FROM public.list_events WHERE number BETWEEN first AND last ORDER BY number LOOP
        PERFORM public.audit_append('list_' || e.change, jsonb_strip_nulls(jsonb_build_object(
            'event', e.number, 'reason', e.reason,
            'account_id', CASE WHEN e.kind = 'account' AND e.match <> 'prefix' THEN e.value END,
            CASE WHEN e.change IN ('add', 'change') THEN 'after' ELSE 'before' END,
            jsonb_build_object('entry_id', e.entry_id, 'kind', e.kind, 'value', e.value, 'match', e.match,
                               'action', e.action, 'expires_at', e.expires_at),
            CASE WHEN e.change = 'change' THEN 'before' ELSE 'none' END,
            CASE WHEN e.change = 'change' THEN
                (SELECT jsonb_build_object('entry_id', b.entry_id, 'reason', b.reason, 'expires_at', b.expires_at)
                 FROM public.list_events b WHERE b.entry_id = e.entry_id AND b.number < e.number
                 ORDER BY b.number DESC LIMIT 1) END)));
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION list_audit(bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION list_audit(bigint, bigint) IS
    'Writes the changes of these numbers to the audit log: a row each, or from 101 on one row with their digest.';

CREATE TRIGGER list_entries_lock BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON list_entries
    FOR EACH STATEMENT EXECUTE FUNCTION list_lock();
CREATE TRIGGER list_entries_identity BEFORE UPDATE OF id, kind, value, match, action ON list_entries
    FOR EACH ROW EXECUTE FUNCTION list_identity_stays();
CREATE TRIGGER list_entries_added AFTER INSERT ON list_entries
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION list_changed();
CREATE TRIGGER list_entries_changed AFTER UPDATE ON list_entries
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION list_changed();
CREATE TRIGGER list_entries_removed AFTER DELETE ON list_entries
    REFERENCING OLD TABLE AS before_rows FOR EACH STATEMENT EXECUTE FUNCTION list_changed();

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: its rows are neither changed nor deleted', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
COMMENT ON FUNCTION refuse_change() IS 'Trigger of tables that are append-only.';
CREATE TRIGGER list_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON list_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- These two run once per row of an import, so they pin no search_path; whoever calls them as the owner does.
CREATE FUNCTION list_match(kind text, match text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF kind IS NULL OR kind NOT IN ('account', 'merchant', 'category', 'country', 'device', 'ip', 'bin') THEN
        RAISE EXCEPTION 'no list of kind %', coalesce(quote_literal(kind), 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'one of account, merchant, category, country, device, ip, bin';
    END IF;
    IF match IS NULL THEN
        RETURN CASE WHEN kind IN ('ip', 'bin') THEN 'prefix' ELSE 'nocase' END;
    END IF;
    IF match NOT IN ('exact', 'nocase', 'prefix') OR match = 'nocase' AND kind IN ('ip', 'bin') THEN
        RAISE EXCEPTION 'no match % for kind %', quote_literal(match), kind USING ERRCODE = 'invalid_parameter_value',
            HINT = CASE WHEN kind IN ('ip', 'bin') THEN 'one of exact, prefix' ELSE 'one of exact, nocase, prefix' END;
    END IF;
    RETURN CASE kind WHEN 'ip' THEN 'prefix' ELSE match END;
END $$;
COMMENT ON FUNCTION list_match(text, text) IS
    'The match as it is stored: by default prefix for ip and bin, else nocase; refuses what there is not.';

CREATE FUNCTION list_value(kind text, value text, match text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    address inet;
BEGIN
    IF value IS NULL OR btrim(value) = '' OR octet_length(value) > 500 THEN
        RAISE EXCEPTION 'the value of a list entry is empty or longer than 500 bytes' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF kind = 'bin' AND value !~ '^[0-9]{1,19}$' THEN
        RAISE EXCEPTION 'not the first digits of a card: %', quote_literal(value) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF kind <> 'ip' THEN
        RETURN value;
    END IF;
    BEGIN
        address := value::inet;
    EXCEPTION WHEN invalid_text_representation THEN
        RAISE EXCEPTION 'neither an address nor a network: %', quote_literal(value) USING ERRCODE = 'invalid_parameter_value',
            HINT = 'for example 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32';
    END;
    IF match = 'exact' AND masklen(address) < (CASE family(address) WHEN 4 THEN 32 ELSE 128 END) THEN
        RAISE EXCEPTION '% is a network, which never matches exactly', value USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF host(address) <> host(network(address)) THEN
        RAISE EXCEPTION '% has bits right of its mask', value USING ERRCODE = 'invalid_parameter_value',
            HINT = format('the network is %s', network(address));
    END IF;
    RETURN network(address)::text;
END $$;
COMMENT ON FUNCTION list_value(text, text, text) IS
    'The value as it is stored: for ip the network in CIDR form; refuses what cannot be compared.';

CREATE FUNCTION list_import(kinds text[], "values" text[], actions text[], reasons text[], matches text[],
                            expiries timestamptz[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before bigint;
    after  bigint;
BEGIN
    IF EXISTS (SELECT FROM unnest(actions) a WHERE a IS NULL OR a NOT IN ('block', 'allow', 'watch')) THEN
        RAISE EXCEPTION 'no such list: %', (SELECT coalesce(quote_literal(a), 'NULL') FROM unnest(actions) a
                WHERE a IS NULL OR a NOT IN ('block', 'allow', 'watch') LIMIT 1)
            USING ERRCODE = 'invalid_parameter_value', HINT = 'one of block, allow, watch';
    END IF;
    IF EXISTS (SELECT FROM unnest(reasons) r WHERE r IS NULL OR btrim(r) = '' OR length(r) > 1000) THEN
        RAISE EXCEPTION 'a list entry needs a reason, of at most 1000 characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM unnest(expiries) e WHERE e <= now()) THEN
        RAISE EXCEPTION 'a list entry cannot expire in the past: %', (SELECT min(e) FROM unnest(expiries) e)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT version INTO STRICT before FROM public.list_state FOR UPDATE;
    INSERT INTO public.list_entries AS l (kind, value, match, action, reason, author, expires_at)
        SELECT DISTINCT ON (c.kind COLLATE "C", c.compared COLLATE "C", c.match COLLATE "C", c.action COLLATE "C")
               c.kind, c.value, c.match, c.action, c.reason, session_user, c.expires
        FROM (SELECT r.*, CASE r.match WHEN 'exact' THEN r.value ELSE lower(r.value) END AS compared
              FROM (SELECT r.kind, public.list_value(r.kind, r.value, r.match) AS value,
                           public.list_match(r.kind, r.match) AS match, r.action, r.reason, r.expires, r.row
                    FROM unnest(kinds, "values", actions, reasons, matches, expiries) WITH ORDINALITY
                         AS r (kind, value, action, reason, match, expires, row)
                    OFFSET 0) r) c
        ORDER BY c.kind COLLATE "C", c.compared COLLATE "C", c.match COLLATE "C", c.action COLLATE "C", c.row DESC
        ON CONFLICT (kind, compared, match, action) DO UPDATE
            SET reason = excluded.reason, expires_at = excluded.expires_at, author = excluded.author
            WHERE (l.reason, l.expires_at) IS DISTINCT FROM (excluded.reason, excluded.expires_at);
    SELECT version INTO STRICT after FROM public.list_state;
    RETURN after - before;
END $$;
COMMENT ON FUNCTION list_import(text[], text[], text[], text[], text[], timestamptz[]) IS
    'Adds entries to the lists, all or none; one that is there gets the reason and expiry given. Of two that match the same the later counts. Returns how many changed.';

CREATE FUNCTION list_add(kind text, value text, action text, reason text, match text DEFAULT NULL,
                         expires timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stored text := public.list_match(list_add.kind, list_add.match);
    named  text := public.list_value(list_add.kind, list_add.value, list_add.match);
BEGIN
    PERFORM public.list_import(ARRAY[list_add.kind], ARRAY[list_add.value], ARRAY[list_add.action], ARRAY[list_add.reason],
                               ARRAY[list_add.match], ARRAY[list_add.expires]);
    RETURN (SELECT l.id FROM public.list_entries l
            WHERE l.kind = list_add.kind AND l.match = stored AND l.action = list_add.action
              AND l.compared = CASE stored WHEN 'exact' THEN named ELSE lower(named) END);
END $$;
COMMENT ON FUNCTION list_add(text, text, text, text, text, timestamptz) IS
    'Puts a value on the block, allow or watch list and returns the entry''s id. Added again it gets the new reason and expiry.';

CREATE FUNCTION list_remove(kind text, value text, action text, reason text, match text DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stored text := public.list_match(list_remove.kind, list_remove.match);
    named  text := public.list_value(list_remove.kind, list_remove.value, list_remove.match);
    gone   bigint;
BEGIN
    IF btrim(coalesce(list_remove.reason, '')) = '' OR length(list_remove.reason) > 1000 THEN
        RAISE EXCEPTION 'to take something off a list needs a reason, of at most 1000 characters'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM FROM public.list_state FOR UPDATE;
    PERFORM set_config('streamguard.list_reason', list_remove.reason, true);
    DELETE FROM public.list_entries l
        WHERE l.kind = list_remove.kind AND l.action = list_remove.action AND l.match = stored
          AND l.compared = CASE stored WHEN 'exact' THEN named ELSE lower(named) END
        RETURNING l.id INTO gone;
    PERFORM set_config('streamguard.list_reason', '', true);
    IF gone IS NULL THEN
        RAISE EXCEPTION '% % (%) is not on the % list', list_remove.kind, named, stored, list_remove.action
            USING ERRCODE = 'no_data_found',
            HINT = 'SELECT kind, value, match, action FROM list_entries shows what is; the match must be the same';
    END IF;
    RETURN gone;
END $$;
COMMENT ON FUNCTION list_remove(text, text, text, text, text) IS
    'Takes a value off the block, allow or watch list and returns the id that the entry had; an error where it is not there.';

CREATE FUNCTION list_expire(at_most integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM public.list_entries WHERE expires_at <= now()) THEN
        RETURN 0;
    END IF;
    PERFORM FROM public.list_state FOR UPDATE;
    DELETE FROM public.list_entries WHERE id IN
        (SELECT id FROM public.list_entries WHERE expires_at <= now() ORDER BY expires_at LIMIT at_most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION list_expire(integer) IS
    'Takes entries away whose time is over; they did not count any more. Returns how many. The consumer calls it.';

REVOKE ALL ON FUNCTION list_import(text[], text[], text[], text[], text[], timestamptz[]),
    list_add(text, text, text, text, text, timestamptz), list_remove(text, text, text, text, text),
    list_expire(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION list_import(text[], text[], text[], text[], text[], timestamptz[]),
    list_add(text, text, text, text, text, timestamptz), list_remove(text, text, text, text, text),
    list_expire(integer) TO streamguard_writer;
REVOKE INSERT, UPDATE, DELETE ON list_entries FROM streamguard_writer;
GRANT SELECT ON list_events TO streamguard_writer, streamguard_reader;
