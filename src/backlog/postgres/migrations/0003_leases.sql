-- On which host a card was claimed: agents of two hosts may have one name.
ALTER TABLE fleet.card ADD COLUMN claim_host text COLLATE "C";
UPDATE fleet.card SET claim_host = coalesce(
        (SELECT host FROM fleet.card_event WHERE card_id = card.id AND kind = 'claimed' ORDER BY seq DESC LIMIT 1), '')
    WHERE status = 'claimed';

-- Who gives cards out, and to whom, as each supervisor says of itself, and until when that holds.
CREATE TABLE fleet.supervisor (
    host  text   NOT NULL,
    home  text   NOT NULL,
    -- JSON: names, classes, and whether one of them takes cards for anyone.
    seats text   NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (host, home)
);

-- Each claim leaves a dead entry where the next one looks first. Usually a table is cleaned once a fifth of it has changed, which
-- of a million cards is too late, and indexes only where much is dead.
ALTER TABLE fleet.card SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, vacuum_index_cleanup = on);

-- The rules of a row as one rule: each is read anew for every change, and seven of them were a third of what that costs.
-- A program of before this, which is still connected, knows no host: it is refused rather than that its claims have none, or
-- keep that of an earlier claim. Of why it can say nothing but the rule's name.
ALTER TABLE fleet.card
    DROP CONSTRAINT card_status_check, DROP CONSTRAINT card_open_dependencies_check, DROP CONSTRAINT card_check,
    DROP CONSTRAINT card_check1, DROP CONSTRAINT card_check2, DROP CONSTRAINT card_ttl_seconds_check,
    DROP CONSTRAINT card_rounds_check,
    ADD CONSTRAINT card_is_whole_or_update_mosaic_tui CHECK (
        CASE WHEN status = 'claimed' THEN num_nulls(claim_owner, claim_host, claimed_at, claim_ttl_seconds) = 0
            ELSE num_nulls(claim_owner, claim_host, claimed_at, claim_ttl_seconds) = 4
                AND status IN ('ready', 'blocked', 'done') END
        AND open_dependencies >= 0 AND rounds >= 0 AND coalesce(ttl_seconds, 1) BETWEEN 1 AND 604800
    );

-- Keeps the counts for a change of one card, which nearly every change is: without the tables of old and new rows, and without
-- joins. What changes many cards at once is itself a trigger, below.
CREATE FUNCTION fleet.card_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO fleet.tally (name, value) VALUES (OLD.board_column, -1), (NEW.board_column, 1);
    IF lastval() % 512 < 2 THEN
        PERFORM fleet.fold_tally();
    END IF;
    IF NEW.status = 'done' AND OLD.status <> 'done' THEN
        IF OLD.status = 'claimed' THEN
            INSERT INTO fleet.tally (name, value) VALUES ('claims_completed', 1),
                ('claim_milliseconds', greatest(0, NEW.updated_at - OLD.claim_since));
        END IF;
        PERFORM fleet.shift_dependents(ARRAY[NEW.id::text], -1);
    ELSIF NEW.status <> 'done' AND OLD.status = 'done' THEN
        PERFORM fleet.shift_dependents(ARRAY[NEW.id::text], 1);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER card_updated ON fleet.card;
CREATE TRIGGER card_moved AFTER UPDATE ON fleet.card
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND OLD.board_column <> NEW.board_column)
    EXECUTE FUNCTION fleet.card_moved();
CREATE TRIGGER card_updated AFTER UPDATE ON fleet.card REFERENCING OLD TABLE AS old_cards NEW TABLE AS new_cards
    FOR EACH STATEMENT WHEN (pg_trigger_depth() > 0) EXECUTE FUNCTION fleet.card_changed();

-- Takes the next claimable card and returns it as a JSON list of the columns of a card, as the program reads them; NULL when
-- there is none. Locks the one row it takes, beside leases that are over, which return to the pool first. Called by itself it
-- is a transaction of its own, so it sets for itself what others begin with.
DROP FUNCTION fleet.claim(text, bigint, text[], text, text, text, text);
CREATE FUNCTION fleet.claim(
    p_owner text, p_ttl bigint, p_assignees text[], p_phase text, p_actor text, p_tenant text, p_host text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint;
    v_more boolean;
    v_old record;
    v_card record;
    v_assignee text;
    v_id text;
    v_waits boolean;
    v_again boolean := false;
BEGIN
    -- Before the first table is touched: whoever holds it whole is waited for as well.
    PERFORM set_config('lock_timeout', '5s', true), set_config('jit', 'off', true);

    -- Mostly no lease is over, any phase will do, and what waits is for anyone: one walk along the index finds the best card
    -- that is free, and locks it. A walk is what a claim costs most, as claims leave dead entries in front of it.
    IF p_phase IS NULL AND '' = ANY (p_assignees) THEN
        v_now := fleet.now_ms();
        -- Here and below in an order, or the planner reads the table where there is none.
        SELECT (SELECT 1 FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < v_now
                    ORDER BY claim_expires_at LIMIT 1) IS NOT NULL
                OR EXISTS (
                    SELECT 1 FROM unnest(p_assignees) AS a(name) CROSS JOIN LATERAL (
                        SELECT 1 FROM fleet.card WHERE status = 'ready' AND open_dependencies = 0 AND assignee = a.name
                        ORDER BY priority DESC, created_at, id LIMIT 1
                    ) named WHERE a.name <> ''
                )
            INTO v_more;
        IF NOT v_more THEN
            SELECT id INTO v_id FROM fleet.card
                WHERE status = 'ready' AND open_dependencies = 0 AND assignee = ''
                ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;
        END IF;
    END IF;

    WHILE v_id IS NULL LOOP
        v_now := fleet.now_ms();
        FOR v_old IN
            SELECT id, claim_owner, claim_token, version FROM fleet.card
            WHERE status = 'claimed' AND claim_expires_at < v_now
            ORDER BY claim_expires_at LIMIT 64 FOR UPDATE SKIP LOCKED
        LOOP
            UPDATE fleet.card SET status = 'ready', claim_owner = NULL, claim_ttl_seconds = NULL, claimed_at = NULL,
                claim_since = NULL, claim_host = NULL, updated_at = v_now, version = version + 1 WHERE id = v_old.id;
            INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES
                (v_old.id, v_now, p_actor, p_tenant, p_host, 'reclaimed', v_old.version + 1,
                 '{"owner":' || to_json(v_old.claim_owner) || ',"token":' || v_old.claim_token || '}');
        END LOOP;

        -- The assignees in the order of their best cards, then one lock in the best that is free.
        IF p_phase IS NULL THEN
            FOR v_assignee IN
                SELECT a.name FROM unnest(p_assignees) AS a(name) CROSS JOIN LATERAL (
                    SELECT priority, created_at, id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = a.name
                    ORDER BY priority DESC, created_at, id LIMIT 1
                ) best ORDER BY best.priority DESC, best.created_at, best.id
            LOOP
                SELECT id INTO v_id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee
                    ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;
                EXIT WHEN v_id IS NOT NULL;
            END LOOP;
        ELSE
            FOR v_assignee IN
                SELECT a.name FROM unnest(p_assignees) AS a(name) CROSS JOIN LATERAL (
                    SELECT priority, created_at, id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = a.name AND phase = p_phase
                    ORDER BY priority DESC, created_at, id LIMIT 1
                ) best ORDER BY best.priority DESC, best.created_at, best.id
            LOOP
                SELECT id INTO v_id FROM fleet.card
                    WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee AND phase = p_phase
                    ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED;
                EXIT WHEN v_id IS NOT NULL;
            END LOOP;
        END IF;
        v_waits := FOUND;
        EXIT WHEN v_id IS NOT NULL;

        -- What is left is locked by others: by claimers, by one that returns leases, or by somebody who
        -- only edits. Nobody may go away empty-handed from a card that stays free, so one is waited for.
        IF v_waits THEN
            FOREACH v_assignee IN ARRAY p_assignees LOOP
                IF p_phase IS NULL THEN
                    SELECT id INTO v_id FROM fleet.card
                        WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee
                        ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE;
                ELSE
                    SELECT id INTO v_id FROM fleet.card
                        WHERE status = 'ready' AND open_dependencies = 0 AND assignee = v_assignee AND phase = p_phase
                        ORDER BY priority DESC, created_at, id LIMIT 1 FOR UPDATE;
                END IF;
                EXIT WHEN v_id IS NOT NULL;
            END LOOP;
            CONTINUE;
        END IF;
        PERFORM 1 FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < v_now ORDER BY claim_expires_at LIMIT 1;
        IF FOUND THEN
            PERFORM 1 FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < v_now
                ORDER BY claim_expires_at LIMIT 1 FOR UPDATE;
            CONTINUE;
        END IF;
        -- A lease may have been returned between the two looks: once more, then it is true.
        EXIT WHEN v_again;
        v_again := true;
    END LOOP;
    IF v_id IS NULL THEN
        RETURN NULL;
    END IF;

    -- The lease begins now, not before the waiting.
    v_now := fleet.now_ms();
    UPDATE fleet.card SET status = 'claimed', claim_owner = p_owner, claim_host = p_host,
        claim_ttl_seconds = coalesce(p_ttl, ttl_seconds, 900), claimed_at = v_now, claim_since = v_now,
        claim_token = claim_token + 1, attempts = attempts + 1, updated_at = v_now, version = version + 1
        WHERE id = v_id
        RETURNING *, ARRAY(SELECT depends_on FROM fleet.edge WHERE card_id = card.id ORDER BY depends_on) AS depends_on
        INTO v_card;
    INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES
        (v_id, v_now, p_owner, p_tenant, p_host, 'claimed', v_card.version,
         '{"token":' || v_card.claim_token || ',"ttl_seconds":' || v_card.claim_ttl_seconds || '}');
    RETURN json_build_array(v_card.id, v_card.tenant_id, v_card.host, v_card.title, v_card.phase, v_card.priority,
        v_card.status, v_card.open_dependencies, v_card.assignee, v_card.claim_owner, v_card.claim_ttl_seconds,
        v_card.claimed_at, v_card.claim_since, v_card.claim_token, v_card.attempts, v_card.idempotency_key,
        v_card.spend_projected, v_card.spend_actual, v_card.created_at, v_card.updated_at, v_card.version,
        v_card.block_reason, v_card.goal, v_card.stage, v_card.branch, v_card.paths, v_card.ttl_seconds, v_card.rounds,
        v_card.acceptance, v_card.body, v_card.depends_on, v_card.claim_host);
END $$;
