-- Whose leases are whose, and by which clock they end.
--
-- Leases outlast a step of the host's clock. Their times are the wall clock's, as everybody reads and compares them;
-- beside them stands by which boot they are timed, and for each boot how far the wall clock was ahead of the time
-- since then. Where it is ahead by something else now, somebody has set it, and the leases of that boot move along.
-- What was claimed before a reboot, or came by an import, has the wall clock only.
CREATE TABLE clock (
    number INTEGER PRIMARY KEY,
    boot   TEXT    NOT NULL UNIQUE,
    -- Milliseconds.
    ahead  INTEGER NOT NULL
);
ALTER TABLE card ADD COLUMN claim_boot TEXT;

-- On which host a card was claimed: agents of two hosts may have one name.
ALTER TABLE card ADD COLUMN claim_host TEXT;
UPDATE card SET claim_host = (SELECT host FROM card_event WHERE card_id = card.id AND kind = 'claimed' ORDER BY seq DESC LIMIT 1)
    WHERE status = 'claimed';

-- The long texts stay behind all others, because one in front of a column must be walked over to reach it.
ALTER TABLE card ADD COLUMN last_acceptance TEXT;
ALTER TABLE card ADD COLUMN last_body       TEXT NOT NULL DEFAULT '';
UPDATE card SET last_acceptance = acceptance, last_body = body;
ALTER TABLE card DROP COLUMN acceptance;
ALTER TABLE card DROP COLUMN body;
ALTER TABLE card RENAME COLUMN last_acceptance TO acceptance;
ALTER TABLE card RENAME COLUMN last_body TO body;

-- Who gives cards out, and to whom, as each supervisor says of itself, and until when that holds.
CREATE TABLE supervisor (
    host    TEXT    NOT NULL,
    home    TEXT    NOT NULL,
    -- JSON: names, classes, and whether one of them takes cards for anyone.
    seats   TEXT    NOT NULL,
    until   INTEGER NOT NULL,
    -- As for leases: the boot by which that is timed.
    boot    TEXT,
    PRIMARY KEY (host, home)
) WITHOUT ROWID;
