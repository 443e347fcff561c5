-- Cards, the edges between them, their history, and the counts that spare counting.
-- Never edited after a release: a change is a migration of its own.

CREATE TABLE card (
    id                TEXT    NOT NULL PRIMARY KEY,
    tenant_id         TEXT    NOT NULL,
    host              TEXT    NOT NULL,
    title             TEXT    NOT NULL,
    phase             TEXT    NOT NULL,
    priority          INTEGER NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('ready', 'claimed', 'blocked', 'done')),
    -- Dependencies that do not exist or are not done. The triggers below keep it.
    open_dependencies INTEGER NOT NULL DEFAULT 0 CHECK (open_dependencies >= 0),
    assignee          TEXT    NOT NULL,
    claim_owner       TEXT,
    claim_ttl_seconds INTEGER,
    claimed_at        INTEGER,
    claim_since       INTEGER,
    -- The newest token ever given; it outlives its claim, so that it only grows.
    claim_token       INTEGER NOT NULL,
    attempts          INTEGER NOT NULL,
    idempotency_key   TEXT UNIQUE,
    spend_projected   INTEGER,
    spend_actual      INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    block_reason      TEXT    NOT NULL,
    -- Last, because a long text in front of a column must be walked over to reach it.
    acceptance        TEXT,
    body              TEXT    NOT NULL,
    claim_expires_at  INTEGER GENERATED ALWAYS AS (claimed_at + claim_ttl_seconds * 1000) VIRTUAL,
    board_column      TEXT    GENERATED ALWAYS AS
        (CASE WHEN status = 'ready' AND open_dependencies > 0 THEN 'waiting' ELSE status END) VIRTUAL,
    CHECK ((status = 'claimed') = (claim_owner IS NOT NULL)),
    CHECK ((claim_owner IS NULL) = (claimed_at IS NULL)),
    CHECK ((claim_owner IS NULL) = (claim_ttl_seconds IS NULL))
);

-- What a claimer looks for, each the best first. The conditions must be repeated word for word in a query.
CREATE INDEX card_claimable ON card (assignee, priority DESC, created_at, id)
    WHERE status = 'ready' AND open_dependencies = 0;
CREATE INDEX card_claimable_phase ON card (assignee, phase, priority DESC, created_at, id)
    WHERE status = 'ready' AND open_dependencies = 0;
-- Leases that may be over.
CREATE INDEX card_lease ON card (claim_expires_at) WHERE status = 'claimed';
-- The board and the lists.
CREATE INDEX card_column ON card (board_column, priority DESC, created_at, id);
CREATE INDEX card_done ON card (updated_at DESC, id) WHERE status = 'done';
CREATE INDEX card_order ON card (priority DESC, created_at, id);

CREATE TABLE edge (
    card_id    TEXT NOT NULL,
    depends_on TEXT NOT NULL,
    tenant_id  TEXT NOT NULL,
    host       TEXT NOT NULL,
    PRIMARY KEY (card_id, depends_on),
    CHECK (card_id <> depends_on)
) WITHOUT ROWID;
CREATE INDEX edge_dependents ON edge (depends_on, card_id);

CREATE TABLE card_event (
    seq       INTEGER PRIMARY KEY,
    card_id   TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,
    tenant_id TEXT    NOT NULL,
    host      TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    detail    TEXT    NOT NULL
);
CREATE INDEX card_event_card ON card_event (card_id, seq);
CREATE TRIGGER card_event_stays BEFORE UPDATE ON card_event
    BEGIN SELECT RAISE(ABORT, 'history is never changed'); END;
CREATE TRIGGER card_event_remains BEFORE DELETE ON card_event
    BEGIN SELECT RAISE(ABORT, 'history is never deleted'); END;

-- Cards per column, and what completed claims lasted together.
CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES
    ('waiting', 0), ('ready', 0), ('claimed', 0), ('blocked', 0), ('done', 0),
    ('claims_completed', 0), ('claim_milliseconds', 0);

CREATE TRIGGER card_counted AFTER INSERT ON card BEGIN
    UPDATE counter SET value = value + 1 WHERE name = NEW.board_column;
END;
CREATE TRIGGER card_uncounted AFTER DELETE ON card BEGIN
    UPDATE counter SET value = value - 1 WHERE name = OLD.board_column;
END;
CREATE TRIGGER card_moved AFTER UPDATE OF status, open_dependencies ON card
    WHEN OLD.board_column <> NEW.board_column BEGIN
    UPDATE counter SET value = value - 1 WHERE name = OLD.board_column;
    UPDATE counter SET value = value + 1 WHERE name = NEW.board_column;
END;
CREATE TRIGGER claim_completed AFTER UPDATE OF status ON card
    WHEN OLD.status = 'claimed' AND NEW.status = 'done' BEGIN
    UPDATE counter SET value = value + 1 WHERE name = 'claims_completed';
    UPDATE counter SET value = value + max(0, NEW.updated_at - OLD.claim_since) WHERE name = 'claim_milliseconds';
END;

CREATE TRIGGER card_done_frees AFTER UPDATE OF status ON card
    WHEN NEW.status = 'done' AND OLD.status <> 'done' BEGIN
    UPDATE card SET open_dependencies = open_dependencies - 1
        WHERE id IN (SELECT card_id FROM edge WHERE depends_on = NEW.id);
END;
CREATE TRIGGER card_undone_holds AFTER UPDATE OF status ON card
    WHEN OLD.status = 'done' AND NEW.status <> 'done' BEGIN
    UPDATE card SET open_dependencies = open_dependencies + 1
        WHERE id IN (SELECT card_id FROM edge WHERE depends_on = NEW.id);
END;
-- A card that arrives done, by an import, was an unknown dependency until now.
CREATE TRIGGER card_arrives_done AFTER INSERT ON card WHEN NEW.status = 'done' BEGIN
    UPDATE card SET open_dependencies = open_dependencies - 1
        WHERE id IN (SELECT card_id FROM edge WHERE depends_on = NEW.id);
END;
CREATE TRIGGER edge_holds AFTER INSERT ON edge
    WHEN NOT EXISTS (SELECT 1 FROM card WHERE id = NEW.depends_on AND status = 'done') BEGIN
    UPDATE card SET open_dependencies = open_dependencies + 1 WHERE id = NEW.card_id;
END;
CREATE TRIGGER edge_frees AFTER DELETE ON edge
    WHEN NOT EXISTS (SELECT 1 FROM card WHERE id = OLD.depends_on AND status = 'done') BEGIN
    UPDATE card SET open_dependencies = open_dependencies - 1 WHERE id = OLD.card_id;
END;
