INSERT INTO card (id, tenant_id, host, title, phase, priority, status, assignee,
    claim_owner, claim_ttl_seconds, claimed_at, claim_since, claim_token, attempts, idempotency_key,
    spend_projected, spend_actual, created_at, updated_at, version, block_reason,
    goal, stage, branch, paths, ttl_seconds, rounds, acceptance, body, claim_boot, claim_host)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
    ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)
