-- Cards, the edges between them, their history, and the counts that spare counting. Schema `fleet`.
-- Never edited after a release: a change is a migration of its own.
-- Texts are compared byte by byte (COLLATE "C"), so that every server sorts alike.

CREATE FUNCTION fleet.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

CREATE TABLE fleet.card (
    id                text COLLATE "C" PRIMARY KEY,
    tenant_id         text    NOT NULL,
    host              text    NOT NULL,
    title             text    NOT NULL,
    phase             text COLLATE "C" NOT NULL,
    priority          bigint  NOT NULL,
    status            text COLLATE "C" NOT NULL CHECK (status IN ('ready', 'claimed', 'blocked', 'done')),
    -- Dependencies that do not exist or are not done. The triggers below keep it.
    open_dependencies bigint  NOT NULL DEFAULT 0 CHECK (open_dependencies >= 0),
    assignee          text COLLATE "C" NOT NULL,
    claim_owner       text COLLATE "C",
    claim_ttl_seconds bigint,
    claimed_at        bigint,
    claim_since       bigint,
    -- The newest token ever given; it outlives its claim, so that it only grows.
    claim_token       bigint  NOT NULL,
    attempts          bigint  NOT NULL,
    idempotency_key   text UNIQUE,
    spend_projected   bigint,
    spend_actual      bigint,
    created_at        bigint  NOT NULL,
    updated_at        bigint  NOT NULL,
    version           bigint  NOT NULL,
    block_reason      text    NOT NULL,
    acceptance        text,
    body              text    NOT NULL,
    claim_expires_at  bigint  GENERATED ALWAYS AS (claimed_at + claim_ttl_seconds * 1000) STORED,
    board_column      text COLLATE "C" GENERATED ALWAYS AS
        (CASE WHEN status = 'ready' AND open_dependencies > 0 THEN 'waiting' ELSE status END) STORED,
    CHECK ((status = 'claimed') = (claim_owner IS NOT NULL)),
    CHECK ((claim_owner IS NULL) = (claimed_at IS NULL)),
    CHECK ((claim_owner IS NULL) = (claim_ttl_seconds IS NULL))
);

-- What a claimer looks for, each the best first.
CREATE INDEX card_claimable ON fleet.card (assignee, priority DESC, created_at, id)
    WHERE status = 'ready' AND open_dependencies = 0;
CREATE INDEX card_claimable_phase ON fleet.card (assignee, phase, priority DESC, created_at, id)
    WHERE status = 'ready' AND open_dependencies = 0;
-- Leases that may be over.
CREATE INDEX card_lease ON fleet.card (claim_expires_at) WHERE status = 'claimed';
-- The board and the lists.
CREATE INDEX card_column ON fleet.card (board_column, priority DESC, created_at, id);
CREATE INDEX card_done ON fleet.card (updated_at DESC, id) WHERE status = 'done';
CREATE INDEX card_order ON fleet.card (priority DESC, created_at, id);

CREATE TABLE fleet.edge (
    card_id    text COLLATE "C" NOT NULL,
    depends_on text COLLATE "C" NOT NULL,
    tenant_id  text NOT NULL,
    host       text NOT NULL,
    PRIMARY KEY (card_id, depends_on),
    CHECK (card_id <> depends_on)
);
CREATE INDEX edge_dependents ON fleet.edge (depends_on, card_id);

CREATE TABLE fleet.card_event (
    seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    card_id   text COLLATE "C" NOT NULL,
    at        bigint NOT NULL,
    actor     text   NOT NULL,
    tenant_id text   NOT NULL,
    host      text   NOT NULL,
    kind      text   NOT NULL,
    version   bigint NOT NULL,
    detail    text   NOT NULL
);
CREATE INDEX card_event_card ON fleet.card_event (card_id, seq);
CREATE FUNCTION fleet.keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never changed or deleted';
END $$;
CREATE TRIGGER card_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON fleet.card_event
    FOR EACH STATEMENT EXECUTE FUNCTION fleet.keep_history();

-- Cards per column, and what completed claims lasted together. A change adds a row to `tally`, which
-- nobody waits for; now and then one of many writers folds the rows into `counter`. The truth is the sum.
CREATE TABLE fleet.counter (name text COLLATE "C" PRIMARY KEY, value bigint NOT NULL);
INSERT INTO fleet.counter VALUES
    ('waiting', 0), ('ready', 0), ('claimed', 0), ('blocked', 0), ('done', 0),
    ('claims_completed', 0), ('claim_milliseconds', 0);
CREATE TABLE fleet.tally (
    seq   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name  text COLLATE "C" NOT NULL,
    value bigint NOT NULL
);

CREATE FUNCTION fleet.fold_tally() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- One at a time; whoever comes second leaves it to the first.
    IF NOT pg_try_advisory_xact_lock(hashtext('mosaic fleet tally')) THEN
        RETURN;
    END IF;
    WITH taken AS (
        DELETE FROM fleet.tally WHERE seq IN (SELECT seq FROM fleet.tally ORDER BY seq LIMIT 4096)
        RETURNING name, value
    ), summed AS (
        SELECT name, sum(value)::bigint AS value FROM taken GROUP BY name
    )
    UPDATE fleet.counter c SET value = c.value + s.value FROM summed s WHERE c.name = s.name;
END $$;

-- Keeps the counts, and the open dependencies of the cards that wait for a changed one.
CREATE FUNCTION fleet.card_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH added AS (
            INSERT INTO fleet.tally (name, value) SELECT board_column, count(*) FROM new_cards GROUP BY 1 RETURNING seq
        )
        SELECT max(seq) INTO newest FROM added;
        -- A card that arrives done, by an import, was an unknown dependency until now.
        PERFORM fleet.shift_dependents(array_agg(id), -1) FROM new_cards WHERE status = 'done' HAVING count(*) > 0;
    ELSE
        WITH moved AS (
            SELECT name, sum(step)::bigint AS value FROM (
                SELECT board_column AS name, 1 AS step FROM new_cards
                UNION ALL SELECT board_column, -1 FROM old_cards
            ) steps GROUP BY name HAVING sum(step) <> 0
        ), ended AS (
            SELECT count(*) AS cards, coalesce(sum(greatest(0, n.updated_at - o.claim_since)), 0)::bigint AS lasted
            FROM new_cards n JOIN old_cards o USING (id) WHERE o.status = 'claimed' AND n.status = 'done'
        ), added AS (
            INSERT INTO fleet.tally (name, value)
            SELECT name, value FROM moved
            UNION ALL SELECT 'claims_completed', cards FROM ended WHERE cards > 0
            UNION ALL SELECT 'claim_milliseconds', lasted FROM ended WHERE cards > 0
            RETURNING seq
        )
        SELECT max(seq) INTO newest FROM added;
        PERFORM fleet.shift_dependents(array_agg(n.id), -1) FROM new_cards n JOIN old_cards o USING (id)
            WHERE n.status = 'done' AND o.status <> 'done' HAVING count(*) > 0;
        PERFORM fleet.shift_dependents(array_agg(n.id), 1) FROM new_cards n JOIN old_cards o USING (id)
            WHERE n.status <> 'done' AND o.status = 'done' HAVING count(*) > 0;
    END IF;
    IF newest % 512 < 2 THEN
        PERFORM fleet.fold_tally();
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION fleet.shift_dependents(changed text[], step bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- In one order for everybody, or two completions with shared dependents would lock each other out.
    PERFORM 1 FROM fleet.card WHERE id IN (SELECT card_id FROM fleet.edge WHERE depends_on = ANY (changed))
        ORDER BY id FOR UPDATE;
    UPDATE fleet.card c SET open_dependencies = c.open_dependencies + step * d.edges
        FROM (SELECT card_id, count(*) AS edges FROM fleet.edge WHERE depends_on = ANY (changed) GROUP BY card_id) d
        WHERE c.id = d.card_id;
END $$;

CREATE TRIGGER card_inserted AFTER INSERT ON fleet.card REFERENCING NEW TABLE AS new_cards
    FOR EACH STATEMENT EXECUTE FUNCTION fleet.card_changed();
CREATE TRIGGER card_updated AFTER UPDATE ON fleet.card REFERENCING OLD TABLE AS old_cards NEW TABLE AS new_cards
    FOR EACH STATEMENT EXECUTE FUNCTION fleet.card_changed();

CREATE FUNCTION fleet.edge_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Held, so that none of them is completed between the look and the end of this transaction.
    PERFORM 1 FROM fleet.card WHERE id IN (SELECT depends_on FROM edges) ORDER BY id FOR SHARE;
    UPDATE fleet.card c SET open_dependencies =
            c.open_dependencies + CASE TG_OP WHEN 'INSERT' THEN d.edges ELSE -d.edges END
        FROM (
            SELECT e.card_id, count(*) AS edges FROM edges e
            WHERE NOT EXISTS (SELECT 1 FROM fleet.card t WHERE t.id = e.depends_on AND t.status = 'done')
            GROUP BY e.card_id
        ) d
        WHERE c.id = d.card_id;
    RETURN NULL;
END $$;
CREATE TRIGGER edge_inserted AFTER INSERT ON fleet.edge REFERENCING NEW TABLE AS edges
    FOR EACH STATEMENT EXECUTE FUNCTION fleet.edge_changed();
CREATE TRIGGER edge_deleted AFTER DELETE ON fleet.edge REFERENCING OLD TABLE AS edges
    FOR EACH STATEMENT EXECUTE FUNCTION fleet.edge_changed();

-- Takes the next claimable card and returns it; no row when there is none. Locks the one row it takes,
-- beside leases that are over, which return to the pool first.
CREATE FUNCTION fleet.claim(
    p_owner text, p_ttl bigint, p_assignees text[], p_phase text, p_actor text, p_tenant text, p_host text
) RETURNS SETOF fleet.card LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint;
    v_old record;
    v_assignee text;
    v_id text;
    v_token bigint;
    v_version bigint;
    v_waited boolean := false;
BEGIN
    LOOP
        v_now := fleet.now_ms();
        FOR v_old IN
            SELECT id, claim_owner, claim_token, version FROM fleet.card
            WHERE status = 'claimed' AND claim_expires_at < v_now
            ORDER BY claim_expires_at LIMIT 64 FOR UPDATE SKIP LOCKED
        LOOP
            UPDATE fleet.card SET status = 'ready', claim_owner = NULL, claim_ttl_seconds = NULL, claimed_at = NULL,
                claim_since = NULL, updated_at = v_now, version = version + 1 WHERE id = v_old.id;
            INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES
                (v_old.id, v_now, p_actor, p_tenant, p_host, 'reclaimed', v_old.version + 1,
                 '{"owner":' || to_json(v_old.claim_owner) || ',"token":' || v_old.claim_token || '}');
        END LOOP;

        -- The assignees in the order of their best cards, then one lock in the best that is free.
        FOR v_assignee IN
            SELECT a.name FROM unnest(p_assignees) AS a(name) CROSS JOIN LATERAL (
                SELECT priority, created_at, id FROM fleet.card
                WHERE status = 'ready' AND open_dependencies = 0 AND assignee = a.name
                    AND (p_phase IS NULL OR phase = p_phase)
                ORDER BY priority DESC, created_at, id LIMIT 1
            ) best ORDER BY best.priority DESC, best.created_at, best.id
        LOOP
            IF p_phase IS NULL THEN
                SELECT id INTO v_id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee
                    ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;
            ELSE
                SELECT id INTO v_id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee AND phase = p_phase
                    ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;
            END IF;
            EXIT WHEN v_id IS NOT NULL;
        END LOOP;
        EXIT WHEN v_id IS NOT NULL;

        -- What is left is locked by others: by claimers, by one that returns leases, or by somebody who
        -- only edits. Nobody may go away empty-handed from a card that stays free, so one is waited for.
        SELECT id INTO v_id FROM fleet.card
            WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ANY (p_assignees)
                AND (p_phase IS NULL OR phase = p_phase)
            LIMIT 1 FOR UPDATE;
        EXIT WHEN v_id IS NOT NULL;
        PERFORM 1 FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < v_now LIMIT 1;
        IF FOUND THEN
            PERFORM 1 FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < v_now
                ORDER BY claim_expires_at LIMIT 1 FOR UPDATE;
            CONTINUE;
        END IF;
        PERFORM 1 FROM fleet.card
            WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ANY (p_assignees)
                AND (p_phase IS NULL OR phase = p_phase)
            LIMIT 1;
        IF NOT FOUND THEN
            -- What was waited for may have become something else between the looks: once more, then it is true.
            IF v_waited THEN
                RETURN;
            END IF;
            v_waited := true;
        END IF;
    END LOOP;

    -- The lease begins now, not before the waiting.
    v_now := fleet.now_ms();
    UPDATE fleet.card SET status = 'claimed', claim_owner = p_owner, claim_ttl_seconds = p_ttl, claimed_at = v_now,
        claim_since = v_now, claim_token = claim_token + 1, attempts = attempts + 1, updated_at = v_now,
        version = version + 1
        WHERE id = v_id RETURNING claim_token, version INTO v_token, v_version;
    INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES
        (v_id, v_now, p_owner, p_tenant, p_host, 'claimed', v_version,
         '{"token":' || v_token || ',"ttl_seconds":' || p_ttl || '}');
    RETURN QUERY SELECT * FROM fleet.card WHERE id = v_id;
END $$;
