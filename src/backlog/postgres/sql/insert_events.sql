INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail)
SELECT card_id, at, actor, tenant_id, host, kind, version, detail
FROM ROWS FROM (json_to_recordset($1::text::json) AS (card_id text, at bigint, actor text, tenant_id text, host text,
    kind text, version bigint, detail text)) WITH ORDINALITY
    AS r(card_id, at, actor, tenant_id, host, kind, version, detail, place)
ORDER BY place
