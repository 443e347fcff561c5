SELECT card_id, at, actor, tenant_id, host, kind, version, detail, seq FROM
    (SELECT * FROM card_event WHERE seq > ?1 AND kind <> 'renewed' ORDER BY seq DESC LIMIT ?2) ORDER BY seq
