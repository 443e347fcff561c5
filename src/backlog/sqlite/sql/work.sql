SELECT goal, board_column, count(*) FROM card WHERE goal <> '' GROUP BY goal, board_column ORDER BY goal, board_column
