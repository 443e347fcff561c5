-- Everything that is kept beside the cards, compared with the cards.
SELECT 'card ' || id || ' counts ' || open_dependencies || ' open dependencies; there are ' || really FROM
    (SELECT card.id, card.open_dependencies, (SELECT count(*) FROM edge e LEFT JOIN card d ON d.id = e.depends_on
        WHERE e.card_id = card.id AND (d.status IS NULL OR d.status <> 'done')) AS really FROM card)
    WHERE open_dependencies <> really
UNION ALL
SELECT 'column ' || name || ' counts ' || value || ' cards; there are ' || really FROM
    (SELECT name, value, coalesce(cards, 0) AS really FROM counter
        LEFT JOIN (SELECT board_column, count(*) AS cards FROM card GROUP BY board_column) ON board_column = name
        WHERE name IN ('waiting', 'ready', 'claimed', 'blocked', 'done'))
    WHERE value <> really
UNION ALL
SELECT 'edge from ' || card_id || ', which does not exist' FROM edge WHERE card_id NOT IN (SELECT id FROM card)
UNION ALL
SELECT 'card ' || id || ' has no history' FROM card WHERE NOT EXISTS (SELECT 1 FROM card_event WHERE card_id = card.id)
LIMIT 100
