SELECT e.card_id, card.title, card.board_column FROM edge e LEFT JOIN card ON card.id = e.card_id
WHERE e.depends_on = ?1 ORDER BY e.card_id LIMIT ?2
