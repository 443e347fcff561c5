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

const ROW: &str = "the row: planes, health, readiness, reason, question, flags, evidence, claim";
const ROWS: &str = "the rows, one object each";
const RECEIPT: &str = "the receipt: delivery, reason, agent, tenant_id, host, message_id, bytes";
const OUTCOMES: &str = "per agent: its outcome or error";
const CARD_JSON: &str = "the card, claim and version included";

/// All of them, in the order of the action table.
pub const ANSWERS: &[Answer] = &[
    answer("fleet ps", ROWS, LOOK),
    answer("fleet check", "file, valid, agents, problems, warnings", &[0, 3]),
    answer("fleet schema", "", &[0]),
    answer("agent roster", "the roster, defaults filled in", &[0, 3]),
    answer("agent status", ROW, LOOK),
    answer("agent explain", "rule, would_change, and the row as agent", LOOK),
    answer("agent watch", "", LOOK),
    answer("session run", "", ACT),
    answer("session hold", "", &[0, 1, 3, 69]),
    answer("session end", "", &[0, 1]),
    answer("session report", "", &[0, 1, 4]),
    answer("session tether", "", &[69]),
    answer("launch", "", &[4, 69]),
    answer("stub-agent", "", &[0, 1]),
    answer("demo", "", &[0, 1, 3, 69]),
    answer("fleet init", "the path and whether it was written, or the roster's text", &[0, 1, 4]),
    answer("fleet install", "the steps of the plan, and what was done", ACT),
    answer("fleet uninstall", "the steps of the plan, and what was done", ACT),
    answer("fleet start", OUTCOMES, ACT),
    answer("fleet stop", OUTCOMES, ACT),
    answer("fleet restart", OUTCOMES, ACT),
    answer("fleet status", ROWS, LOOK),
    answer("fleet verify", "each check: ok, text, next", LOOK),
    answer("fleet recover", "who is down, and what was done", ACT),
    answer("fleet add", "the agent, and what was done", ACT),
    answer("fleet edit", "the agent, and what was done", ACT),
    answer("fleet remove", "the agent, and what was done", ACT),
    answer("fleet doctor", "each check: state, text, next", &[0, 1]),
    answer("agent send", RECEIPT, ACT),
    answer("agent attach", "", &[0, 1, 3, 69]),
    answer("agent broadcast", "a receipt per agent", &[0, 1, 3, 69]),
    answer("agent reset", RECEIPT, ACT),
    answer("agent approve", RECEIPT, ACT),
    answer("agent wait", "the row once it is so; else name, until, last", LOOK),
    answer("agent tail", "name, tenant_id, host, pane, lines", LOOK),
    answer("fleet comms-block", "agent, block", &[0, 3]),
    answer("backlog create", CARD_JSON, CARD_RULES),
    answer("backlog list", "the cards", CARDS),
    answer("backlog show", "the card with its neighbours and history", CARD),
    answer("backlog edit", CARD_JSON, CARD_RULES),
    answer("backlog claim", "the card with its claim_token, or null", CARD_RULES),
    answer("backlog renew", CARD_JSON, CARD_RULES),
    answer("backlog reclaim", "the cards that were returned", CARD_RULES),
    answer("backlog link", CARD_JSON, CARD_RULES),
    answer("backlog unlink", CARD_JSON, CARD_RULES),
    answer("backlog block", CARD_JSON, CARD_RULES),
    answer("backlog unblock", CARD_JSON, CARD_RULES),
    answer("backlog complete", CARD_JSON, CARD_RULES),
    answer("backlog stats", "counts, oldest claimable, expired claims, mean time in claim", CARDS),
    answer("backlog graph", "nodes and edges", CARDS),
    answer("backlog export", "how many cards and lines", CARDS),
    answer("backlog import", "how many cards and lines", CARD_RULES),
    answer("backlog doctor", "each check, and whether it is sound", CARDS),
];
