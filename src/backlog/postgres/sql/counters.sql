SELECT name, (value + coalesce((SELECT sum(t.value) FROM fleet.tally t WHERE t.name = c.name), 0))::bigint
FROM fleet.counter c
