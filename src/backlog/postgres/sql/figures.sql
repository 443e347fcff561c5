SELECT fleet.now_ms(),
    (SELECT min(created_at) FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0),
    (SELECT count(*) FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < fleet.now_ms())
