SELECT id, title, claim_owner, claim_since, claimed_at + claim_ttl_seconds * 1000, claim_host FROM card
WHERE status = 'claimed' ORDER BY claimed_at + claim_ttl_seconds * 1000 LIMIT ?1
