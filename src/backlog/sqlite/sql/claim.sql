-- The best claimable card for any of three assignees. Each part reads one row of the index card_claimable.
WITH candidate AS (
    SELECT * FROM (SELECT id, priority, created_at FROM card
        WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ?1
        ORDER BY priority DESC, created_at, id LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT id, priority, created_at FROM card
        WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ?2
        ORDER BY priority DESC, created_at, id LIMIT 1)
    UNION ALL
    SELECT * FROM (SELECT id, priority, created_at FROM card
        WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ?3
        ORDER BY priority DESC, created_at, id LIMIT 1)
)
UPDATE card SET
    status = 'claimed', claim_owner = ?4, claim_ttl_seconds = ?5, claimed_at = ?6, claim_since = ?6,
    claim_token = claim_token + 1, attempts = attempts + 1, updated_at = ?6, version = version + 1
WHERE id = (SELECT id FROM candidate ORDER BY priority DESC, created_at, id LIMIT 1)
RETURNING id
