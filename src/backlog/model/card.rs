//! A card, and what may be set of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CardId, Stamp};

/// Status as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not begun; claimable once its dependencies are done.
    Ready,
    /// An owner holds it.
    Claimed,
    /// Blocked: somebody or something has to act first.
    Blocked,
    /// Finished.
    Done,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Claimed, Self::Blocked, Self::Done];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Claimed => "claimed",
            Self::Blocked => "blocked",
            Self::Done => "done",
        }
    }

    /// Returns the status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// Column of the board: the status, with the ready ones that cannot be claimed yet apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Ready, but a dependency is open.
    Waiting,
    /// Claimable.
    #[default]
    Ready,
    /// An owner holds it.
    Claimed,
    /// Blocked: somebody or something has to act first.
    Blocked,
    /// Finished.
    Done,
}

impl Column {
    /// All of them, in the board's order.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Ready, Self::Claimed, Self::Blocked, Self::Done];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Claimed => "claimed",
            Self::Blocked => "blocked",
            Self::Done => "done",
        }
    }

    /// Returns the column of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.word() == word)
    }

    /// Returns the column of a status with so many open dependencies.
    #[must_use]
    pub fn of(status: Status, open_dependencies: i64) -> Self {
        match status {
            Status::Ready if open_dependencies > 0 => Self::Waiting,
            Status::Ready => Self::Ready,
            Status::Claimed => Self::Claimed,
            Status::Blocked => Self::Blocked,
            Status::Done => Self::Done,
        }
    }

    /// Returns its place on the board, from the left.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::Waiting => 0,
            Self::Ready => 1,
            Self::Claimed => 2,
            Self::Blocked => 3,
            Self::Done => 4,
        }
    }
}

/// An active claim: a lease with a fencing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who holds it.
    pub owner: String,
    /// On which host: agents of two may have one name. Empty where that is not known.
    pub host: String,
    /// Seconds from `at` until it expires.
    pub ttl_seconds: i64,
    /// When it was taken or last renewed.
    pub at: Stamp,
    /// When it was taken.
    pub since: Stamp,
    /// The token that proves it.
    pub token: i64,
}

impl Claim {
    /// Returns when it expires.
    #[must_use]
    pub fn expires_at(&self) -> Stamp {
        self.at.plus_seconds(self.ttl_seconds)
    }
}

/// One shippable unit of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Card {
    /// Its name.
    pub id: CardId,
    /// Tenant of its creator.
    pub tenant_id: String,
    /// Host of its creator.
    pub host: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Board or milestone grouping.
    pub phase: String,
    /// Higher is sooner.
    pub priority: i64,
    /// Its status.
    pub status: Status,
    /// Cards that must be done first, in order of their ids.
    pub depends_on: Vec<CardId>,
    /// Class or agent that should take it; empty means anyone.
    pub assignee: String,
    /// Goal that it is work for; empty means none.
    pub goal: String,
    /// Stage of the pipeline that it is in; empty means none.
    pub stage: String,
    /// Branch that its work is on; empty means none yet.
    pub branch: String,
    /// Patterns of the files that it may touch; empty means any.
    pub paths: Vec<String>,
    /// How long a claim of it lasts where the claimer does not say.
    pub ttl_seconds: Option<i64>,
    /// How often a review sent it back.
    pub rounds: i64,
    /// The active claim.
    pub claim: Option<Claim>,
    /// The newest token ever given; it only grows.
    pub last_claim_token: i64,
    /// How often it was claimed.
    pub attempts: i64,
    /// A repeated create with this key returns this card.
    pub idempotency_key: Option<String>,
    /// Criteria.
    pub acceptance: Option<Value>,
    /// Tokens expected.
    pub spend_projected: Option<i64>,
    /// Tokens used.
    pub spend_actual: Option<i64>,
    /// When it was made.
    pub created_at: Stamp,
    /// When it changed last.
    pub updated_at: Stamp,
    /// +1 at each change.
    pub version: i64,
    /// Why it is blocked.
    pub block_reason: String,
    /// Dependencies that are not done, unknown ones included.
    pub open_dependencies: i64,
}

impl Card {
    /// Returns the goal whose own card this is: it is done by being decomposed.
    #[must_use]
    pub fn of_goal(&self) -> Option<&str> {
        self.idempotency_key.as_deref()?.strip_prefix(super::GOAL_KEY).filter(|goal| !goal.is_empty())
    }

    /// Returns its column on the board.
    #[must_use]
    pub fn column(&self) -> Column {
        Column::of(self.status, self.open_dependencies)
    }
}

/// A card as JSON: flat, in the order of the documentation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: CardId,
    tenant_id: String,
    host: String,
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    priority: i64,
    status: Status,
    #[serde(default)]
    column: Option<Column>,
    #[serde(default)]
    depends_on: Vec<CardId>,
    #[serde(default)]
    open_dependencies: Option<i64>,
    #[serde(default)]
    assignee: String,
    #[serde(default)]
    goal: String,
    #[serde(default)]
    stage: String,
    #[serde(default)]
    branch: String,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    ttl_seconds: Option<i64>,
    #[serde(default)]
    rounds: i64,
    claim_owner: Option<String>,
    #[serde(default)]
    claim_host: Option<String>,
    claim_ttl_seconds: Option<i64>,
    claimed_at: Option<Stamp>,
    claim_since: Option<Stamp>,
    claim_expires_at: Option<Stamp>,
    claim_token: Option<i64>,
    #[serde(default)]
    last_claim_token: i64,
    #[serde(default)]
    attempts: i64,
    idempotency_key: Option<String>,
    acceptance: Option<Value>,
    spend_projected: Option<i64>,
    spend_actual: Option<i64>,
    #[serde(default)]
    block_reason: String,
    created_at: Stamp,
    updated_at: Stamp,
    #[serde(default = "first_version")]
    version: i64,
}

fn first_version() -> i64 {
    1
}

impl From<Card> for Wire {
    fn from(card: Card) -> Self {
        let column = Some(card.column());
        let expires = card.claim.as_ref().map(Claim::expires_at);
        let claim = card.claim;
        Self {
            id: card.id,
            tenant_id: card.tenant_id,
            host: card.host,
            title: card.title,
            body: card.body,
            phase: card.phase,
            priority: card.priority,
            status: card.status,
            column,
            depends_on: card.depends_on,
            open_dependencies: Some(card.open_dependencies),
            assignee: card.assignee,
            goal: card.goal,
            stage: card.stage,
            branch: card.branch,
            paths: card.paths,
            ttl_seconds: card.ttl_seconds,
            rounds: card.rounds,
            claim_ttl_seconds: claim.as_ref().map(|claim| claim.ttl_seconds),
            claimed_at: claim.as_ref().map(|claim| claim.at),
            claim_since: claim.as_ref().map(|claim| claim.since),
            claim_expires_at: expires,
            claim_token: claim.as_ref().map(|claim| claim.token),
            claim_host: claim.as_ref().map(|claim| claim.host.clone()),
            claim_owner: claim.map(|claim| claim.owner),
            last_claim_token: card.last_claim_token,
            attempts: card.attempts,
            idempotency_key: card.idempotency_key,
            acceptance: card.acceptance,
            spend_projected: card.spend_projected,
            spend_actual: card.spend_actual,
            block_reason: card.block_reason,
            created_at: card.created_at,
            updated_at: card.updated_at,
            version: card.version,
        }
    }
}

impl TryFrom<Wire> for Card {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let claim = match (wire.status, wire.claim_owner, wire.claim_ttl_seconds, wire.claimed_at, wire.claim_token) {
            (Status::Claimed, Some(owner), Some(ttl_seconds), Some(at), Some(token)) => {
                let (host, since) = (wire.claim_host.unwrap_or_default(), wire.claim_since.unwrap_or(at));
                Some(Claim { owner, host, ttl_seconds, at, since, token })
            }
            (Status::Claimed, ..) => return Err("a claimed card needs its owner, ttl, time and token".to_owned()),
            (_, None, ..) => None,
            _ => return Err(format!("a {} card has a claim", wire.status.word())),
        };
        let token = claim.as_ref().map_or(0, |claim| claim.token);
        Ok(Self {
            id: wire.id,
            tenant_id: wire.tenant_id,
            host: wire.host,
            title: wire.title,
            body: wire.body,
            phase: wire.phase,
            priority: wire.priority,
            status: wire.status,
            depends_on: wire.depends_on,
            assignee: wire.assignee,
            goal: wire.goal,
            stage: wire.stage,
            branch: wire.branch,
            paths: wire.paths,
            ttl_seconds: wire.ttl_seconds,
            rounds: wire.rounds,
            // An export that leaves it out must not make a token be given out a second time.
            last_claim_token: wire.last_claim_token.max(token),
            claim,
            attempts: wire.attempts,
            idempotency_key: wire.idempotency_key,
            acceptance: wire.acceptance,
            spend_projected: wire.spend_projected,
            spend_actual: wire.spend_actual,
            created_at: wire.created_at,
            updated_at: wire.updated_at,
            version: wire.version,
            block_reason: wire.block_reason,
            open_dependencies: wire.open_dependencies.unwrap_or(0),
        })
    }
}

/// What a new card is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCard {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// Everything else that may be set.
    pub fields: Patch,
    /// A repeated create with this key returns the existing card.
    pub idempotency_key: Option<String>,
    /// Whether it is blocked from the start.
    pub blocked: bool,
}

/// Fields to set; `None` leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// One line.
    pub title: Option<String>,
    /// Markdown.
    pub body: Option<String>,
    /// Grouping.
    pub phase: Option<String>,
    /// Higher is sooner.
    pub priority: Option<i64>,
    /// Change of the priority: two that are made at once both count.
    pub priority_by: Option<i64>,
    /// The whole set of dependencies.
    pub depends_on: Option<Vec<CardId>>,
    /// Class or agent.
    pub assignee: Option<String>,
    /// Goal that it is work for.
    pub goal: Option<String>,
    /// Stage of the pipeline.
    pub stage: Option<String>,
    /// Branch of its work.
    pub branch: Option<String>,
    /// All patterns of the files that it may touch.
    pub paths: Option<Vec<String>>,
    /// How long a claim of it lasts; `Some(None)` leaves it to the claimer again.
    pub ttl_seconds: Option<Option<i64>>,
    /// How often a review sent it back.
    pub rounds: Option<i64>,
    /// Criteria as JSON; `Value::Null` takes them away.
    pub acceptance: Option<Value>,
    /// Tokens expected.
    pub spend_projected: Option<i64>,
    /// Tokens used.
    pub spend_actual: Option<i64>,
}

/// Returns the acceptance of a card as lines, whatever form it has.
#[must_use]
pub fn criteria(value: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| format!("{name}: {}", plain(value))).collect(),
        other => vec![plain(other)],
    }
}
