UPDATE card SET status = ?2, claim_owner = ?3, claim_ttl_seconds = ?4, claimed_at = ?5, claim_since = ?6, claim_token = ?7,
    attempts = ?8, updated_at = ?9, version = ?10, claim_boot = ?11, claim_host = ?12
WHERE id = ?1
