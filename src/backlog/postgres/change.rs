//! Changing cards: a transaction that holds the rows it reads.

use serde_json::{Value as Json, json};

use super::super::error::Result;
use super::super::model::{Card, CardEvent, CardId, Stamp, Supervising};
use super::super::rows::{self, Cells as _};
use super::super::store::{Change, ClaimRequest, Who};
use super::listed::Listed;
use super::read;
use super::session::Session;

/// So many new cards at once are more than the server's figures of its tables allow for.
const MANY: usize = 1000;

pub(super) struct PostgresChange<'a> {
    session: &'a mut Session,
    /// Cards that came.
    added: usize,
}

impl<'a> PostgresChange<'a> {
    pub(super) fn begin(session: &'a mut Session) -> Result<Self> {
        session.begin("BEGIN")?;
        Ok(Self { session, added: 0 })
    }

    fn put(&mut self, sql: &str, records: &[Json]) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        // One parameter for any number of rows: a statement takes no more than 65,535 of them.
        let text = Json::from(records).to_string();
        self.session.long_rows(sql, &[&text]).map(|_| ())
    }
}

impl Change for PostgresChange<'_> {
    fn now(&mut self) -> Result<Stamp> {
        let rows = self.session.rows("SELECT fleet.now_ms()", &[])?;
        Ok(Stamp(rows.first().map_or(0, |row| row.get(0))))
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        read::card(self.session, id, " FOR UPDATE")
    }

    fn card_with_key(&mut self, key: &str) -> Result<Option<CardId>> {
        let rows = self.session.rows("SELECT id FROM fleet.card WHERE idempotency_key = $1", &[&key])?;
        rows.first().map(|row| row.id(0)).transpose()
    }

    fn has_work_for(&mut self, goal: &str, beside: &CardId) -> Result<bool> {
        let rows = self.session.rows(
            "SELECT EXISTS (SELECT 1 FROM fleet.card WHERE goal = $1 AND goal <> '' AND id <> $2)",
            &[&goal, &beside.as_str()],
        )?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    fn expired(&mut self, now: Stamp) -> Result<Vec<CardId>> {
        let rows = self.session.rows(
            "SELECT id FROM fleet.card WHERE status = 'claimed' AND claim_expires_at < $1 ORDER BY claim_expires_at",
            &[&now.0],
        )?;
        rows.iter().map(|row| row.id(0)).collect()
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        read::history(self.session, id, limit)
    }

    fn hold_edges(&mut self) -> Result<()> {
        self.session.rows("SELECT pg_advisory_xact_lock(hashtext('mosaic fleet edges'))", &[]).map(|_| ())
    }

    fn dependencies(&mut self, ids: &[CardId]) -> Result<Vec<(CardId, CardId)>> {
        let names: Vec<&str> = ids.iter().map(CardId::as_str).collect();
        let rows = self
            .session
            .rows("SELECT card_id, depends_on FROM fleet.edge WHERE card_id = ANY ($1::text[])", &[&names])?;
        read::pairs(&rows)
    }

    fn insert(&mut self, cards: &[Card]) -> Result<()> {
        let records: Vec<Json> = cards.iter().map(record).collect();
        let edges: Vec<Json> = cards
            .iter()
            .flat_map(|card| card.depends_on.iter().map(|on| json!({ "card_id": card.id, "depends_on": on })))
            .collect();
        let names: Vec<&str> = cards.iter().map(|card| card.id.as_str()).collect();
        let keys: Vec<&str> = cards.iter().filter_map(|card| card.idempotency_key.as_deref()).collect();
        // Whoever comes between this look and the insert violates a constraint, and then all of it is tried
        // again.
        let there = self.session.rows(
            "SELECT id, idempotency_key FROM fleet.card WHERE id = ANY ($1::text[]) OR idempotency_key = ANY ($2::text[])",
            &[&names, &keys],
        )?;
        if let Some(row) = there.first() {
            let (id, key): (String, Option<String>) = (row.get(0), row.get(1));
            let mine = cards
                .iter()
                .find(|card| card.id.as_str() == id || (key.is_some() && card.idempotency_key == key))
                .or(cards.first());
            if let Some(card) = mine {
                return Err(super::super::operations::taken(card));
            }
        }
        self.added += cards.len();
        self.put(include_str!("sql/insert_cards.sql"), &records)?;
        self.put(
            "INSERT INTO fleet.edge (card_id, depends_on, tenant_id, host) \
             SELECT c.id, e.depends_on, c.tenant_id, c.host \
             FROM json_to_recordset($1::text::json) AS e(card_id text, depends_on text) JOIN fleet.card c ON c.id = e.card_id",
            &edges,
        )
    }

    fn update(&mut self, card: &Card) -> Result<()> {
        self.put(include_str!("sql/update_card.sql"), &[record(card)])
    }

    fn add_edge(&mut self, card: &CardId, on: &CardId) -> Result<()> {
        self.session
            .rows(
                "INSERT INTO fleet.edge (card_id, depends_on, tenant_id, host) \
                 SELECT id, $2, tenant_id, host FROM fleet.card WHERE id = $1",
                &[&card.as_str(), &on.as_str()],
            )
            .map(|_| ())
    }

    fn remove_edge(&mut self, card: &CardId, on: &CardId) -> Result<()> {
        self.session
            .rows("DELETE FROM fleet.edge WHERE card_id = $1 AND depends_on = $2", &[&card.as_str(), &on.as_str()])
            .map(|_| ())
    }

    fn append(&mut self, events: &[CardEvent]) -> Result<()> {
        let records: Vec<Json> = events
            .iter()
            .map(|event| {
                json!({
                    "card_id": event.card_id, "at": event.at.0, "actor": event.actor, "tenant_id": event.tenant_id,
                    "host": event.host, "kind": event.kind.word(), "version": event.version,
                    "detail": event.detail.to_string(),
                })
            })
            .collect();
        self.put(include_str!("sql/insert_events.sql"), &records)
    }

    fn edges(&mut self) -> Result<Vec<(CardId, CardId)>> {
        read::edges(self.session)
    }

    fn commit(self: Box<Self>) -> Result<()> {
        self.session.end("COMMIT")?;
        // The server would come to it a minute later, and until then plans each question as if there were a few cards.
        // In a transaction, whose settings bound how long it waits for whoever holds a table.
        let figures = |session: &mut Session| {
            session.begin("BEGIN")?;
            session.batch("ANALYZE fleet.card, fleet.edge, fleet.card_event")?;
            session.end("COMMIT")
        };
        if self.added >= MANY
            && let Err(error) = figures(self.session)
        {
            tracing::warn!(%error, "the server took no figures of its tables; it does so by itself, later");
        }
        Ok(())
    }
}

impl Drop for PostgresChange<'_> {
    fn drop(&mut self) {
        // Nothing is left to take back after a commit.
        self.session.abandon();
    }
}

/// Returns a card as the statements take it.
fn record(card: &Card) -> Json {
    let claim = card.claim.as_ref();
    json!({
        "id": card.id,
        "tenant_id": card.tenant_id,
        "host": card.host,
        "title": card.title,
        "phase": card.phase,
        "priority": card.priority,
        "status": card.status.word(),
        "assignee": card.assignee,
        "claim_owner": claim.map(|claim| &claim.owner),
        "claim_host": claim.map(|claim| &claim.host),
        "claim_ttl_seconds": claim.map(|claim| claim.ttl_seconds),
        "claimed_at": claim.map(|claim| claim.at.0),
        "claim_since": claim.map(|claim| claim.since.0),
        "claim_token": card.last_claim_token,
        "attempts": card.attempts,
        "idempotency_key": card.idempotency_key,
        "spend_projected": card.spend_projected,
        "spend_actual": card.spend_actual,
        "created_at": card.created_at.0,
        "updated_at": card.updated_at.0,
        "version": card.version,
        "block_reason": card.block_reason,
        "goal": card.goal,
        "stage": card.stage,
        "branch": card.branch,
        "paths": rows::paths(card),
        "ttl_seconds": card.ttl_seconds,
        "rounds": card.rounds,
        "acceptance": card.acceptance.as_ref().map(ToString::to_string),
        "body": card.body,
    })
}

/// Writes down that a supervisor gives cards out.
pub(super) fn announce(session: &mut Session, one: &Supervising, seconds: i64) -> Result<()> {
    let sql = "INSERT INTO fleet.supervisor (host, home, seats, until) VALUES ($1, $2, $3, fleet.now_ms() + $4 * 1000) \
               ON CONFLICT (host, home) DO UPDATE SET seats = excluded.seats, until = excluded.until";
    session.rows_of_change(sql, &[&one.host, &one.home, &rows::seats(one), &seconds]).map(|_| ())
}

/// Takes the next card for a claimer: one statement, which is its own transaction, and the card as it was at its end.
pub(super) fn claim(session: &mut Session, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
    // A function of the server and not the rule of this program: two trips for a claim cost nearly half of the claims.
    // A test holds both equal. It sets for itself what others begin with (`SETTINGS`), and answers with one value: to plan a
    // statement of thirty columns anew each time costs as much as half of the claim.
    let rows = session.rows(
        "SELECT fleet.claim($1, $2, $3::text[], $4, $5, $6, $7)",
        &[
            &request.owner,
            &request.ttl_seconds,
            &request.assignees(),
            &request.phase,
            &who.actor,
            &who.tenant_id,
            &who.host,
        ],
    )?;
    let listed = rows.first().and_then(|row| row.get::<_, Option<String>>(0));
    listed.map(|text| rows::card(&Listed::read(&text)?)).transpose()
}
