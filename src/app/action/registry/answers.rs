//! What each command answers: its JSON, and its exit codes.

/// The answer of one command.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The command's words.
    pub words: &'static str,
    /// What `--json` prints; empty for a command without it.
    pub json: &'static str,
    /// Exit codes it can end with, beside 2 for wrong usage.
    pub exits: &'static [u8],
}

const fn answer(words: &'static str, json: &'static str, exits: &'static [u8]) -> Answer {
    Answer { words, json, exits }
}

/// Looks at the fleet: the roster may be missing, or tmux.
const LOOK: &[u8] = &[0, 1, 3, 69];
/// Reads or changes cards.
const CARDS: &[u8] = &[0, 1];
const CARD: &[u8] = &[0, 1, 3];
const CARD_RULES: &[u8] = &[0, 1, 3, 4];
/// Acts on agents, which a rule may forbid.
const ACT: &[u8] = &[0, 1, 3, 4, 69];

/// Shapes that several answers share, by the name that stands for them in a table: their fields.
pub const SHAPES: &[(&str, &str)] = &[
    (
        "row",
        "name, alias, session, session_label, tenant_id, host, socket, class, runtime, model_hint, managed, systemd, pane, process, \
         idle_seconds, heartbeat, health, readiness, reason, question, drift, boot_enable, flags, evidence, claim, \
         last_exit, observed_at",
    ),
    ("receipt", "delivery, reason, agent, tenant_id, host, message_id, bytes"),
    ("outcome", "name, tenant_id, host, supervisor, outcome, error"),
    ("change", "name, tenant_id, host, outcome, file, warnings"),
    ("checks", "tenant_id, host, ok, checks"),
    (
        "card",
        "id, tenant_id, host, title, body, phase, priority, status, column, depends_on, open_dependencies, assignee, \
         claim_owner, claim_ttl_seconds, claimed_at, claim_since, claim_expires_at, claim_token, last_claim_token, \
         attempts, idempotency_key, acceptance, spend_projected, spend_actual, block_reason, created_at, updated_at, \
         version",
    ),
];

/// All of them, in the order of the action table.
pub const ANSWERS: &[Answer] = &[
    answer("fleet ps", "[row], or {schema, rows} when --local is given", LOOK),
    answer("fleet check", "{file, valid, agents, problems, warnings}", &[0, 3]),
    answer("fleet schema", "", &[0]),
    answer("agent roster", "{file, socket, holder_session, warnings, agents}", &[0, 3]),
    answer("agent status", "row, or [row]", LOOK),
    answer("agent explain", "{rule, would_change, agent, command}", LOOK),
    answer("agent watch", "", LOOK),
    answer("session run", "", ACT),
    answer("session hold", "", &[0, 1, 3, 69]),
    answer("session end", "", &[0, 1]),
    answer("session report", "", &[0, 1, 4]),
    answer("session tether", "", &[69]),
    answer("launch", "", &[1, 3, 4, 69]),
    answer("contract compose", "{runtime, class, agent, warnings, parts}", &[0, 1, 3]),
    answer("framework install", "{version, written, kept, removed}", &[0, 1]),
    answer("framework status", "{version, seeded, files}", &[0, 1]),
    answer("stub-agent", "", &[0, 1]),
    answer("demo", "", &[0, 1, 3, 69]),
    answer("fleet init", "{profile, file, written, backup, notes, agents}", &[0, 1, 4]),
    answer("fleet install", "{dry_run, steps, notes}", ACT),
    answer("fleet uninstall", "{dry_run, steps, notes}", ACT),
    answer("fleet start", "[outcome]", ACT),
    answer("fleet stop", "[outcome]", ACT),
    answer("fleet restart", "[outcome]", ACT),
    answer("fleet status", "{tenant_id, host, supervisor, warnings, need_operator, agents}", LOOK),
    answer("fleet verify", "checks", LOOK),
    answer("fleet recover", "{applied, tenant_id, host, down, outcomes}", ACT),
    answer("fleet add", "change", ACT),
    answer("fleet edit", "change", ACT),
    answer("fleet remove", "change", ACT),
    answer("fleet doctor", "checks", &[0, 1]),
    answer("agent send", "receipt", ACT),
    answer("agent attach", "", &[0, 1, 3, 69]),
    answer("agent broadcast", "[receipt]", &[0, 1, 3, 69]),
    answer("agent reset", "receipt", ACT),
    answer("agent approve", "receipt", ACT),
    answer("agent wait", "row, or {name, until, last} when it took too long", LOOK),
    answer("agent tail", "{name, tenant_id, host, pane, lines}", LOOK),
    answer("fleet comms-block", "{agent, block}", &[0, 3]),
    answer("backlog create", "card", CARD_RULES),
    answer("backlog list", "[card]", CARDS),
    answer("backlog show", "{card, dependencies, dependents, history}", CARD),
    answer("backlog edit", "card", CARD_RULES),
    answer("backlog claim", "card, or null", CARD_RULES),
    answer("backlog renew", "card", CARD_RULES),
    answer("backlog reclaim", "[card]", CARD_RULES),
    answer("backlog link", "card", CARD_RULES),
    answer("backlog unlink", "card", CARD_RULES),
    answer("backlog block", "card", CARD_RULES),
    answer("backlog unblock", "card", CARD_RULES),
    answer("backlog complete", "card", CARD_RULES),
    answer(
        "backlog stats",
        "{tenant_id, host, place, now, cards, status, columns, claimable, oldest_claimable_age_seconds, expired_claims, claims_completed, mean_time_in_claim_seconds}",
        CARDS,
    ),
    answer("backlog graph", "{nodes, edges}", CARDS),
    answer("backlog export", "{cards, events, file}", &[0, 1, 4]),
    answer("backlog import", "{cards, events, file}", CARD_RULES),
    answer("backlog migrate", "{place}", CARDS),
    answer("backlog doctor", "{place, problems, expired_claims, cards, edges}", CARDS),
];
