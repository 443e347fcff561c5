UPDATE fleet.card SET title = r.title, phase = r.phase, priority = r.priority, status = r.status, assignee = r.assignee,
    claim_owner = r.claim_owner, claim_ttl_seconds = r.claim_ttl_seconds, claimed_at = r.claimed_at,
    claim_since = r.claim_since, claim_token = r.claim_token, attempts = r.attempts,
    spend_projected = r.spend_projected, spend_actual = r.spend_actual, updated_at = r.updated_at, version = r.version,
    block_reason = r.block_reason, goal = r.goal, stage = r.stage, branch = r.branch, paths = r.paths,
    ttl_seconds = r.ttl_seconds, rounds = r.rounds, acceptance = r.acceptance, body = r.body,
    claim_host = r.claim_host
FROM json_to_recordset($1::text::json) AS r(id text, title text, phase text, priority bigint, status text, assignee text,
    claim_owner text, claim_ttl_seconds bigint, claimed_at bigint, claim_since bigint, claim_token bigint,
    attempts bigint, spend_projected bigint, spend_actual bigint, updated_at bigint, version bigint, block_reason text,
    goal text, stage text, branch text, paths text, ttl_seconds bigint, rounds bigint, acceptance text, body text,
    claim_host text)
WHERE fleet.card.id = r.id
