UPDATE card SET title = ?4, phase = ?5, priority = ?6, status = ?7, assignee = ?8,
    claim_owner = ?9, claim_ttl_seconds = ?10, claimed_at = ?11, claim_since = ?12, claim_token = ?13, attempts = ?14,
    idempotency_key = ?15, spend_projected = ?16, spend_actual = ?17, updated_at = ?19, version = ?20,
    block_reason = ?21, goal = ?22, stage = ?23, branch = ?24, paths = ?25, ttl_seconds = ?26, rounds = ?27,
    acceptance = ?28, body = ?29,
    claim_boot = CASE WHEN ?11 IS claimed_at THEN claim_boot ELSE ?30 END,
    claim_host = ?31
WHERE id = ?1
