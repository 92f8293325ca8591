-- The evidence of a decision's version is that of the alerts that it rests on: an earlier version showed what an
-- alert brought only later.

CREATE OR REPLACE VIEW audit_trail AS
    SELECT l.at, l.actor, l.content->>'kind' AS kind,
           l.content->>'account_id' AS account_id, l.content->>'transaction_id' AS transaction_id,
           (l.content->>'version')::integer AS version,
           l.content->>'decision' AS decision, l.content->>'severity' AS severity,
           (l.content->>'score')::double precision AS score,
           d.reason,
           d.explanation->'factors' AS factors,
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
COMMENT ON COLUMN audit_trail.evidence IS 'Of a decision: what the rules of its alerts saw.';
