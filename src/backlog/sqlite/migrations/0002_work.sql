-- What a card says of its work: the goal it is for, the stage of the pipeline, the branch, the files it may touch, how
-- long a claim of it lasts, and how often a review sent it back.
ALTER TABLE card ADD COLUMN goal        TEXT    NOT NULL DEFAULT '';
ALTER TABLE card ADD COLUMN stage       TEXT    NOT NULL DEFAULT '';
ALTER TABLE card ADD COLUMN branch      TEXT    NOT NULL DEFAULT '';
-- A JSON list of patterns.
ALTER TABLE card ADD COLUMN paths       TEXT    NOT NULL DEFAULT '[]';
-- Without one a claim lasts as long as its claimer says.
ALTER TABLE card ADD COLUMN ttl_seconds INTEGER CHECK (ttl_seconds BETWEEN 1 AND 604800);
ALTER TABLE card ADD COLUMN rounds      INTEGER NOT NULL DEFAULT 0 CHECK (rounds >= 0);

-- The long texts stay behind all others, because one in front of a column must be walked over to reach it.
ALTER TABLE card ADD COLUMN last_acceptance TEXT;
ALTER TABLE card ADD COLUMN last_body       TEXT NOT NULL DEFAULT '';
UPDATE card SET last_acceptance = acceptance, last_body = body;
ALTER TABLE card DROP COLUMN acceptance;
ALTER TABLE card DROP COLUMN body;
ALTER TABLE card RENAME COLUMN last_acceptance TO acceptance;
ALTER TABLE card RENAME COLUMN last_body TO body;

-- The cards of a goal and of a stage. The conditions must be repeated word for word in a query.
CREATE INDEX card_goal ON card (goal, board_column, priority DESC, created_at, id) WHERE goal <> '';
CREATE INDEX card_stage ON card (stage, board_column, priority DESC, created_at, id) WHERE stage <> '';
-- The cards of goals themselves.
CREATE INDEX card_of_goal ON card (id) WHERE substr(idempotency_key, 1, 5) = 'goal:';
