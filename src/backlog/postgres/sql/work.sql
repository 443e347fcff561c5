SELECT goal, board_column, count(*) FROM fleet.card WHERE goal <> '' GROUP BY goal, board_column ORDER BY goal, board_column
