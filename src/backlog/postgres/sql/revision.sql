-- The newest line of history, and how many of the newest are there: numbers are given before the
-- transaction ends, so that a lower one may appear after a higher one.
SELECT coalesce(max(seq), 0)::text || '/' || count(*)::text FROM fleet.card_event
WHERE seq > (SELECT coalesce(max(seq), 0) - 1000 FROM fleet.card_event)
