//! Rows of an answer as cards, lines and history: what both engines read alike. The columns are numbered in the order
//! of the queries.

use super::graph::Node;
use super::model::{
    Card, CardEvent, CardId, CardLine, Claim, ClaimLine, Column, EventKind, HeldCard, StageLine, Stamp, Status,
    Supervising,
};
use super::store::Neighbour;

/// One row of an engine's answer.
pub(super) trait Cells {
    /// The engine's error.
    type Error;

    /// Returns a text.
    fn text(&self, at: usize) -> Result<String, Self::Error>;

    /// Returns a text, or none.
    fn some_text(&self, at: usize) -> Result<Option<String>, Self::Error>;

    /// Returns a number.
    fn number(&self, at: usize) -> Result<i64, Self::Error>;

    /// Returns a number, or none.
    fn some_number(&self, at: usize) -> Result<Option<i64>, Self::Error>;

    /// Several texts.
    fn texts(&self, at: usize) -> Result<Vec<String>, Self::Error>;

    /// Returns the error for a value that no program of ours wrote.
    fn strange(&self, at: usize, why: String) -> Self::Error;

    /// Returns a moment.
    fn stamp(&self, at: usize) -> Result<Stamp, Self::Error> {
        self.number(at).map(Stamp)
    }

    /// Returns a card's name.
    fn id(&self, at: usize) -> Result<CardId, Self::Error> {
        CardId::parse(&self.text(at)?).map_err(|why| self.strange(at, why.to_string()))
    }

    /// Returns a column of the board; none for a card that does not exist.
    fn column(&self, at: usize) -> Result<Option<Column>, Self::Error> {
        let named = |word: String| Column::parse(&word).ok_or_else(|| self.strange(at, format!("no column: {word}")));
        self.some_text(at)?.map(named).transpose()
    }
}

/// Returns a whole card, as `card.sql` asks for it.
pub(super) fn card<E>(row: &dyn Cells<Error = E>) -> Result<Card, E> {
    let json = |at: usize, text: String| serde_json::from_str(&text).map_err(|why| row.strange(at, why.to_string()));
    let named = |name: String| CardId::parse(&name).map_err(|why| row.strange(30, why.to_string()));
    let paths = row.text(25)?;
    // The newest token ever given; while there is a claim it is the claim's own.
    let token = row.number(13)?;
    let claim = match (row.some_text(9)?, row.some_number(10)?, row.some_number(11)?) {
        (Some(owner), Some(ttl_seconds), Some(at)) => {
            let since = row.some_number(12)?.unwrap_or(at);
            let host = row.some_text(31)?.unwrap_or_default();
            Some(Claim { owner, host, ttl_seconds, at: Stamp(at), since: Stamp(since), token })
        }
        _ => None,
    };
    Ok(Card {
        id: row.id(0)?,
        tenant_id: row.text(1)?,
        host: row.text(2)?,
        title: row.text(3)?,
        phase: row.text(4)?,
        priority: row.number(5)?,
        status: Status::parse(&row.text(6)?).ok_or_else(|| row.strange(6, "no status".to_owned()))?,
        open_dependencies: row.number(7)?,
        assignee: row.text(8)?,
        claim,
        last_claim_token: token,
        attempts: row.number(14)?,
        idempotency_key: row.some_text(15)?,
        spend_projected: row.some_number(16)?,
        spend_actual: row.some_number(17)?,
        created_at: row.stamp(18)?,
        updated_at: row.stamp(19)?,
        version: row.number(20)?,
        block_reason: row.text(21)?,
        goal: row.text(22)?,
        stage: row.text(23)?,
        branch: row.text(24)?,
        paths: serde_json::from_str(&paths).map_err(|why| row.strange(25, why.to_string()))?,
        ttl_seconds: row.some_number(26)?,
        rounds: row.number(27)?,
        acceptance: row.some_text(28)?.map(|text| json(28, text)).transpose()?,
        body: row.text(29)?,
        depends_on: row.texts(30)?.into_iter().map(named).collect::<Result<_, _>>()?,
    })
}

/// Returns the patterns of a card as they are stored.
pub(super) fn paths(card: &Card) -> String {
    serde_json::json!(card.paths).to_string()
}

/// Returns a line of the board, as `conditions` asks for it.
pub(super) fn line<E>(row: &dyn Cells<Error = E>) -> Result<CardLine, E> {
    let claim = match (row.some_text(6)?, row.some_number(7)?, row.some_number(8)?) {
        (Some(owner), Some(since), Some(expires)) => {
            let host = row.some_text(15)?.unwrap_or_default();
            Some(ClaimLine { owner, host, since: Stamp(since), expires_at: Stamp(expires) })
        }
        _ => None,
    };
    Ok(CardLine {
        id: row.id(0)?,
        title: row.text(1)?,
        priority: row.number(2)?,
        phase: row.text(3)?,
        assignee: row.text(4)?,
        open_dependencies: row.number(5)?,
        claim,
        block_reason: row.text(9)?,
        updated_at: row.stamp(10)?,
        version: row.number(11)?,
        goal: row.text(12)?,
        stage: row.text(13)?,
        branch: row.text(14)?,
    })
}

/// Returns a card on its way, as `conditions` asks for it.
pub(super) fn staged<E>(row: &dyn Cells<Error = E>) -> Result<StageLine, E> {
    Ok(StageLine {
        id: row.id(0)?,
        stage: row.text(1)?,
        assignee: row.text(2)?,
        status: Status::parse(&row.text(3)?).ok_or_else(|| row.strange(3, "no status".to_owned()))?,
        branch: row.text(4)?,
        rounds: row.number(5)?,
        version: row.number(6)?,
    })
}

/// Returns a held card: its name, title, owner, the two ends of its lease, and the host.
pub(super) fn held<E>(row: &dyn Cells<Error = E>) -> Result<HeldCard, E> {
    let host = row.some_text(5)?.unwrap_or_default();
    let claim = ClaimLine { owner: row.text(2)?, host, since: row.stamp(3)?, expires_at: row.stamp(4)? };
    Ok(HeldCard { id: row.id(0)?, title: row.text(1)?, claim })
}

/// Returns a line of history.
pub(super) fn event<E>(row: &dyn Cells<Error = E>) -> Result<CardEvent, E> {
    Ok(CardEvent {
        card_id: row.id(0)?,
        at: row.stamp(1)?,
        actor: row.text(2)?,
        tenant_id: row.text(3)?,
        host: row.text(4)?,
        kind: EventKind::parse(&row.text(5)?).ok_or_else(|| row.strange(5, "no kind of event".to_owned()))?,
        version: row.number(6)?,
        detail: serde_json::from_str(&row.text(7)?).map_err(|why| row.strange(7, why.to_string()))?,
    })
}

/// Returns a card as a node of the graph: its name, title and column.
pub(super) fn node<E>(row: &dyn Cells<Error = E>) -> Result<Node, E> {
    Ok(Node { id: row.id(0)?, title: row.text(1)?, column: row.column(2)? })
}

/// Returns a card as the neighbour of another: its name, title and column.
pub(super) fn neighbour<E>(row: &dyn Cells<Error = E>) -> Result<Neighbour, E> {
    Ok(Neighbour { id: row.id(0)?, title: row.some_text(1)?, column: row.column(2)? })
}

/// Returns the work for a goal in a column: the goal, the column, and how many cards.
pub(super) fn work<E>(row: &dyn Cells<Error = E>) -> Result<(String, Column, u64), E> {
    let column = row.column(1)?.ok_or_else(|| row.strange(1, "no column".to_owned()))?;
    Ok((row.text(0)?, column, u64::try_from(row.number(2)?).unwrap_or(0)))
}

/// Returns a supervisor: its host, its home, and for whom it gives cards out.
pub(super) fn supervising<E>(row: &dyn Cells<Error = E>) -> Result<Supervising, E> {
    let takers = serde_json::from_str(&row.text(2)?).map_err(|why| row.strange(2, why.to_string()))?;
    Ok(Supervising { host: row.text(0)?, home: row.text(1)?, takers })
}

/// Returns for whom a supervisor gives cards out as it is stored.
pub(super) fn seats(one: &Supervising) -> String {
    serde_json::json!(one.takers).to_string()
}

/// Returns an edge: a card, and what it depends on.
pub(super) fn edge<E>(row: &dyn Cells<Error = E>) -> Result<(CardId, CardId), E> {
    Ok((row.id(0)?, row.id(1)?))
}
