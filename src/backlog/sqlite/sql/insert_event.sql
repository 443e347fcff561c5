INSERT INTO card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
