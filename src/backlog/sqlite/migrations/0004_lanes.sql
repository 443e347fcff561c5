-- What the board shows of a card stands in the index by which it finds the card: on a page of a large backlog each card lies
-- somewhere else in the table, and a board read as many pages as it has cards.
--
-- An index for each column of the board. The column's name is generated, and SQLite reads the table for what is generated,
-- whatever stands in the index; so each has the condition that puts a card into its column. A card is in one of them, and a
-- change writes no more pages than it did. The conditions must be repeated word for word in a query.
DROP INDEX card_column;
CREATE INDEX card_waiting ON card (priority DESC, created_at, id,
    title, phase, assignee, open_dependencies, claim_owner, claim_since, claimed_at, claim_ttl_seconds,
    block_reason, updated_at, version, goal, stage, branch, claim_host)
    WHERE status = 'ready' AND open_dependencies > 0;
CREATE INDEX card_ready ON card (priority DESC, created_at, id,
    title, phase, assignee, open_dependencies, claim_owner, claim_since, claimed_at, claim_ttl_seconds,
    block_reason, updated_at, version, goal, stage, branch, claim_host)
    WHERE status = 'ready' AND open_dependencies = 0;
CREATE INDEX card_claimed ON card (priority DESC, created_at, id,
    title, phase, assignee, open_dependencies, claim_owner, claim_since, claimed_at, claim_ttl_seconds,
    block_reason, updated_at, version, goal, stage, branch, claim_host)
    WHERE status = 'claimed';
CREATE INDEX card_blocked ON card (priority DESC, created_at, id,
    title, phase, assignee, open_dependencies, claim_owner, claim_since, claimed_at, claim_ttl_seconds,
    block_reason, updated_at, version, goal, stage, branch, claim_host)
    WHERE status = 'blocked';
DROP INDEX card_done;
CREATE INDEX card_done ON card (updated_at DESC, id, priority,
    title, phase, assignee, open_dependencies, claim_owner, claim_since, claimed_at, claim_ttl_seconds,
    block_reason, version, goal, stage, branch, claim_host)
    WHERE status = 'done';
-- Lists of what is done come in the order of all lists.
CREATE INDEX card_done_order ON card (priority DESC, created_at, id) WHERE status = 'done';

-- Leases by their end, for the same reason without the generated column, and what the board shows of them.
DROP INDEX card_lease;
CREATE INDEX card_lease ON card ((claimed_at + claim_ttl_seconds * 1000),
    id, title, claim_owner, claim_since, claim_host, claimed_at, claim_ttl_seconds) WHERE status = 'claimed';
