INSERT INTO fleet.card (id, tenant_id, host, title, phase, priority, status, assignee,
    claim_owner, claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, idempotency_key,
    spend_projected, spend_actual, created_at, updated_at, version, block_reason,
    goal, stage, branch, paths, ttl_seconds, rounds, acceptance, body, claim_host)
SELECT id, tenant_id, host, title, phase, priority, status, assignee,
    claim_owner, claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, idempotency_key,
    spend_projected, spend_actual, created_at, updated_at, version, block_reason,
    goal, stage, branch, paths, ttl_seconds, rounds, acceptance, body, claim_host
FROM json_to_recordset($1::text::json) AS r(id text, tenant_id text, host text, title text, phase text, priority bigint,
    status text, assignee text, claim_owner text, claim_ttl_seconds bigint, claimed_at bigint, claim_since bigint,
    claim_token bigint, attempts bigint, idempotency_key text, spend_projected bigint, spend_actual bigint,
    created_at bigint, updated_at bigint, version bigint, block_reason text,
    goal text, stage text, branch text, paths text, ttl_seconds bigint, rounds bigint, acceptance text, body text,
    claim_host text)
