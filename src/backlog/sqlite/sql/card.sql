SELECT id, tenant_id, host, title, phase, priority, status, open_dependencies, assignee,
    claim_owner, claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, idempotency_key,
    spend_projected, spend_actual, created_at, updated_at, version, block_reason,
    goal, stage, branch, paths, ttl_seconds, rounds, acceptance, body,
    (SELECT json_group_array(depends_on) FROM (SELECT depends_on FROM edge WHERE card_id = card.id ORDER BY depends_on)),
    claim_host
FROM card
