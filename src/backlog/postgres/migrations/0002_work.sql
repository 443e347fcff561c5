-- What a card says of its work: the goal it is for, the stage of the pipeline, the branch, the files it may touch, how
-- long a claim of it lasts, and how often a review sent it back. Texts are compared byte by byte, as everywhere.
ALTER TABLE fleet.card
    ADD COLUMN goal        text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN stage       text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN branch      text   NOT NULL DEFAULT '',
    -- A JSON list of patterns.
    ADD COLUMN paths       text   NOT NULL DEFAULT '[]',
    -- Without one a claim lasts as long as its claimer says.
    ADD COLUMN ttl_seconds bigint CHECK (ttl_seconds BETWEEN 1 AND 604800),
    ADD COLUMN rounds      bigint NOT NULL DEFAULT 0 CHECK (rounds >= 0);

-- The cards of a goal and of a stage. The conditions are repeated word for word in the queries.
CREATE INDEX card_goal ON fleet.card (goal, board_column, priority DESC, created_at, id) WHERE goal <> '';
CREATE INDEX card_stage ON fleet.card (stage, board_column, priority DESC, created_at, id) WHERE stage <> '';
-- The cards of goals themselves.
CREATE INDEX card_of_goal ON fleet.card (id) WHERE substr(idempotency_key, 1, 5) = 'goal:';

-- The claim as before, but for how long: as the claimer says, else as the card does, else 900 seconds.
CREATE OR REPLACE FUNCTION fleet.claim(
    p_owner text, p_ttl bigint, p_assignees text[], p_phase text, p_actor text, p_tenant text, p_host text
) RETURNS SETOF fleet.card LANGUAGE plpgsql AS $$
DECLARE
    v_now bigint;
    v_old record;
    v_assignee text;
    v_id text;
    v_token bigint;
    v_version bigint;
    v_ttl bigint;
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
    UPDATE fleet.card SET status = 'claimed', claim_owner = p_owner, claim_ttl_seconds = coalesce(p_ttl, ttl_seconds, 900),
        claimed_at = v_now, claim_since = v_now, claim_token = claim_token + 1, attempts = attempts + 1,
        updated_at = v_now, version = version + 1
        WHERE id = v_id RETURNING claim_token, version, claim_ttl_seconds INTO v_token, v_version, v_ttl;
    INSERT INTO fleet.card_event (card_id, at, actor, tenant_id, host, kind, version, detail) VALUES
        (v_id, v_now, p_owner, p_tenant, p_host, 'claimed', v_version,
         '{"token":' || v_token || ',"ttl_seconds":' || v_ttl || '}');
    RETURN QUERY SELECT * FROM fleet.card WHERE id = v_id;
END $$;
