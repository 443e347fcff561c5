SELECT card_id, at, actor, tenant_id, host, kind, version, detail FROM
    (SELECT * FROM fleet.card_event WHERE card_id = $1 ORDER BY seq DESC LIMIT $2) AS newest ORDER BY seq
