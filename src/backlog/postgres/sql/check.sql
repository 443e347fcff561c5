-- Everything that is kept beside the cards, compared with the cards.
SELECT * FROM (
    SELECT 'card ' || id || ' counts ' || open_dependencies || ' open dependencies; there are ' || really AS problem FROM
        (SELECT card.id, card.open_dependencies,
            (SELECT count(*) FROM fleet.edge e LEFT JOIN fleet.card d ON d.id = e.depends_on
                WHERE e.card_id = card.id AND (d.status IS NULL OR d.status <> 'done')) AS really FROM fleet.card) AS counted
        WHERE open_dependencies <> really
    UNION ALL
    SELECT 'column ' || name || ' counts ' || value || ' cards; there are ' || really FROM
        (SELECT name, value + coalesce((SELECT sum(t.value) FROM fleet.tally t WHERE t.name = c.name), 0) AS value,
            (SELECT count(*) FROM fleet.card WHERE board_column = c.name) AS really FROM fleet.counter c
            WHERE name IN ('waiting', 'ready', 'claimed', 'blocked', 'done')) AS counted
        WHERE value <> really
    UNION ALL
    SELECT 'edge from ' || card_id || ', which does not exist' FROM fleet.edge
        WHERE NOT EXISTS (SELECT 1 FROM fleet.card WHERE id = card_id)
    UNION ALL
    SELECT 'card ' || id || ' has no history' FROM fleet.card
        WHERE NOT EXISTS (SELECT 1 FROM fleet.card_event e WHERE e.card_id = card.id)
) AS problems LIMIT 100
