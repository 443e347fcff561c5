SELECT e.depends_on, card.title, card.board_column FROM edge e LEFT JOIN card ON card.id = e.depends_on
WHERE e.card_id = ?1 ORDER BY e.depends_on LIMIT ?2
