-- The oldest card that can be claimed, by steps along the index of claims: from assignee to assignee, and from priority to
-- priority, of which the first card is the oldest. There are few of both, and there may be a million cards.
WITH RECURSIVE assignees (name) AS (
    SELECT (SELECT assignee FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0
        ORDER BY assignee LIMIT 1)
    UNION ALL
    SELECT (SELECT assignee FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0 AND assignee > assignees.name
        ORDER BY assignee LIMIT 1)
    FROM assignees WHERE name IS NOT NULL
), levels (name, priority) AS (
    SELECT name, (SELECT priority FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0 AND assignee = assignees.name
        ORDER BY priority DESC LIMIT 1)
    FROM assignees WHERE name IS NOT NULL
    UNION ALL
    SELECT name, (SELECT card.priority FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0 AND assignee = levels.name
        AND card.priority < levels.priority ORDER BY card.priority DESC LIMIT 1)
    FROM levels WHERE priority IS NOT NULL
)
SELECT fleet.now_ms(),
    (SELECT min((SELECT created_at FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0
            AND assignee = levels.name AND card.priority = levels.priority ORDER BY created_at LIMIT 1))
        FROM levels WHERE priority IS NOT NULL),
    (SELECT count(*) FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < fleet.now_ms())
