-- What is left of a decision when its time is over, and how those are found.
--
-- The audit keeps a decision's sentence and factors itself, under its hash: they were read from the decision's row, and
-- gone with it. Rows of before have them as long as that row is there.

CREATE OR REPLACE VIEW audit_trail AS
    SELECT l.at, l.actor, l.content->>'kind' AS kind,
           l.content->>'account_id' AS account_id, l.content->>'transaction_id' AS transaction_id,
           (l.content->>'version')::integer AS version,
           l.content->>'decision' AS decision, l.content->>'severity' AS severity,
           (l.content->>'score')::double precision AS score,
           CASE WHEN l.content->>'kind' = 'decision' THEN COALESCE(l.content->>'reason', d.reason) END AS reason,
           COALESCE(l.content->'factors', d.explanation->'factors') AS factors,
           l.content->'alerts' AS alerts,
           (SELECT jsonb_agg(jsonb_build_object('rule', o.rule_name, 'version', o.rule_version, 'at', o.event_time,
                       'reason', o.fraud_reason, 'evidence', o.evidence) ORDER BY o.event_time, o.rule_name)
            FROM alert_occurrences o
            WHERE l.content->>'kind' = 'decision' AND o.transaction_id = l.content->>'transaction_id'
              AND o.event_time BETWEEN d.event_time - interval '1 day' AND d.event_time + interval '1 day'
              AND l.content->'alerts' @> jsonb_build_array(jsonb_build_object('alert_id', o.alert_id))) AS evidence,
           l.content->'list_entries' AS list_entries,
           l.content->>'policy' AS policy,
           l.content->'actions' AS actions,
           l.content->'before' AS before, l.content->'after' AS after,
           COALESCE(l.content->>'reason', d.reason) AS why,
           l.content, l.chain, l.number
    FROM audit_log l
    LEFT JOIN decisions d ON l.content->>'kind' = 'decision' AND d.transaction_id = l.content->>'transaction_id'
         AND d.version = (l.content->>'version')::integer;
COMMENT ON COLUMN audit_trail.reason IS 'Of a decision: the explanation in a sentence.';
COMMENT ON COLUMN audit_trail.factors IS 'Of a decision: what its score is made of.';

-- The old ones are found by their time and each one's transaction by its key. Where many are old the planner walked
-- through all decisions and all transactions side by side, from the first id, again for each thousand.
ALTER FUNCTION drop_decisions(interval, integer) SET enable_mergejoin = off SET enable_hashjoin = off SET enable_seqscan = off;
