-- What happened, newest last. `words` is what a search looks at, in lower case.
CREATE TABLE event (
    -- Never given twice: whoever follows asks for what comes behind the last one.
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT    NOT NULL UNIQUE,
    at        INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    tenant_id TEXT    NOT NULL,
    host      TEXT    NOT NULL,
    agent     TEXT,
    who       TEXT    NOT NULL,
    door      TEXT,
    what      TEXT    NOT NULL,
    outcome   TEXT    NOT NULL,
    good      INTEGER,
    state     TEXT,
    card      TEXT,
    lasted    INTEGER,
    text      TEXT    NOT NULL,
    detail    TEXT    NOT NULL,
    words     TEXT    NOT NULL
);
CREATE INDEX event_at ON event (at, seq);
-- The states of one agent, for its strip and for telling a change from what is known already.
CREATE INDEX event_state ON event (host, agent, at, seq) WHERE state IS NOT NULL;
CREATE INDEX event_card ON event (kind, at) WHERE kind = 'card';

-- When somebody looked at all planes: a state is known to have lasted only for as long.
CREATE TABLE watch (id INTEGER PRIMARY KEY, began INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE INDEX watch_until ON watch (until);

-- Up to when an operator has seen the events.
CREATE TABLE look (operator TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
