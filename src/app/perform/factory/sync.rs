//! Goals to cards: one card for each goal, made once, edited while nobody holds it, and told of when its goal is gone.
//!
//! It may end at any moment: what is made carries the goal's key, so that running it again goes on where it ended.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::app::action::error::FAILED;
use crate::app::action::report::Report;
use crate::app::perform::backlog;
use crate::backlog::model::{Card, CardId, NewCard, Patch, Status, goal_key};
use crate::backlog::operations::Backlog;
use crate::backlog::place::Intent;
use crate::backlog::store::{ListQuery, Sort};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::Label;
use crate::fleet::north_star::file::Source;
use crate::fleet::north_star::{Goal, NorthStar};

/// Class that takes goals apart.
const PLANNER: &str = "planner";

/// Most cards of goals that are read; a file has fewer.
const MAX: u64 = 100_000;

/// What becomes of a goal's card.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Created,
    Edited(Vec<String>),
    Unchanged,
    /// It would be edited, and somebody holds it.
    Held(String),
    /// It would be edited, and is done.
    Done,
    /// The goal's id is that of another card.
    Taken,
    /// The backlog refused.
    Refused(String),
    /// The goal is no longer in the file.
    Gone(Status),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited(_) => "edited",
            Self::Unchanged => "unchanged",
            Self::Held(_) => "held",
            Self::Done => "done",
            Self::Taken => "taken",
            Self::Refused(_) => "refused",
            Self::Gone(_) => "gone",
        }
    }

    /// Whether somebody has to do something about it.
    fn is_failure(&self) -> bool {
        matches!(self, Self::Taken | Self::Refused(_))
    }

    fn text(&self, card: &CardId) -> String {
        match self {
            Self::Created => "created".to_owned(),
            Self::Edited(changes) => format!("edited {}", changes.join(", ")),
            Self::Unchanged => "as it was".to_owned(),
            Self::Held(owner) => format!("differs from the file, and {owner} holds its card; run this again later"),
            Self::Done => "differs from the file, and is done; it stays as it was".to_owned(),
            Self::Taken => format!("card {card} exists, and is no goal's; give the goal another id"),
            Self::Refused(why) => why.clone(),
            Self::Gone(Status::Done) => "is no longer in the file; its card is done".to_owned(),
            Self::Gone(status) => format!(
                "is no longer in the file; its card stays {} (`mosaic-tui backlog block --id {card} --reason \"...\"` parks it)",
                status.word()
            ),
        }
    }
}

/// A goal with what became of it.
struct Row {
    goal: String,
    card: CardId,
    outcome: Outcome,
}

/// Makes and edits the cards of the goals.
///
/// # Errors
/// When the file is not valid, or the backlog cannot be used.
pub(super) fn perform(site: &Site, source: &Source, dry_run: bool) -> Result<Report> {
    let star = source.star()?;
    // A look makes no database where there is none.
    let intent = if dry_run { Intent::Read } else { Intent::Write };
    let opened = backlog::place(site)?.open(intent, backlog::who(site), &mut |_, _| {});
    let mut backlog = opened?;
    let rows = run(&mut backlog, &star, dry_run)?;
    Ok(report(source, &rows, dry_run))
}

/// The cards of goals, by goal.
fn cards_of_goals(backlog: &mut Backlog) -> Result<BTreeMap<String, Card>> {
    let query = ListQuery { goals: true, sort: Sort::Id, limit: MAX, ..ListQuery::default() };
    let cards = backlog.store().list(&query)?;
    Ok(cards.into_iter().filter_map(|card| Some((card.of_goal()?.to_owned(), card))).collect())
}

fn id(goal: &str) -> Result<CardId> {
    let next = "`mosaic-tui north-star check` says what a goal's id may be";
    CardId::parse(goal).map_err(|why| Failure::new(Kind::Invalid, format!("goal {}", Label::new(goal)), why, next))
}

fn run(backlog: &mut Backlog, star: &NorthStar, dry_run: bool) -> Result<Vec<Row>> {
    let cards = cards_of_goals(backlog)?;
    // A card keeps the id that it was made with.
    let card_of = |goal: &str| cards.get(goal).map_or_else(|| id(goal), |card| Ok(card.id));
    let mut rows = Vec::new();
    let mut edits = Vec::new();
    for goal in star.in_order() {
        let depends_on = goal.depends_on.iter().map(|on| card_of(on)).collect::<Result<BTreeSet<_>>>()?;
        let card = card_of(&goal.id)?;
        // Made in the order of their dependencies, as a card may only depend on one that is there.
        let outcome = match cards.get(&goal.id) {
            Some(card) => {
                edits.push((rows.len(), card, wanted(goal, card, &depends_on, &cards)));
                Outcome::Unchanged
            }
            None => create(backlog, goal, star, &card, depends_on, dry_run)?,
        };
        rows.push(Row { goal: goal.id.clone(), card, outcome });
    }
    edit_all(backlog, &edits, &mut rows, dry_run)?;
    let named: BTreeSet<&str> = star.goals.iter().map(|goal| goal.id.as_str()).collect();
    let gone = cards.into_iter().filter(|(goal, _)| !named.contains(goal.as_str()));
    rows.extend(gone.map(|(goal, card)| Row { goal, card: card.id, outcome: Outcome::Gone(card.status) }));
    Ok(rows)
}

fn create(
    backlog: &mut Backlog,
    goal: &Goal,
    star: &NorthStar,
    card: &CardId,
    depends_on: BTreeSet<CardId>,
    dry_run: bool,
) -> Result<Outcome> {
    // It has no key of a goal: whoever made it by hand did not mean this, and it is left alone.
    if backlog.store().card(card)?.is_some() {
        return Ok(Outcome::Taken);
    }
    if dry_run {
        return Ok(Outcome::Created);
    }
    let fields = Patch {
        body: Some(body(goal, star)),
        phase: Some(goal.phase_of_card()),
        priority: Some(goal.priority.of_card()),
        assignee: Some(PLANNER.to_owned()),
        depends_on: Some(depends_on.into_iter().collect()),
        ..Patch::default()
    };
    let new = NewCard {
        id: *card,
        title: title(goal),
        fields,
        // By this key a second run, or one beside it, finds the card that the first one made.
        idempotency_key: Some(goal_key(&goal.id)),
        blocked: false,
    };
    match backlog.create(&new) {
        Ok(outcome) if outcome.changed => Ok(Outcome::Created),
        // Somebody else ran it at the same time.
        Ok(_) => Ok(Outcome::Unchanged),
        Err(error) => refused(error),
    }
}

/// What a rule forbids is told with its goal; what fails ends it.
fn refused(error: Failure) -> Result<Outcome> {
    match error.kind {
        Kind::Refused | Kind::Invalid | Kind::NotFound => Ok(Outcome::Refused(error.to_string())),
        // The next goal would fail the same way, and a thousand lines would say so.
        Kind::Failed | Kind::MissingProgram => Err(error),
    }
}

fn title(goal: &Goal) -> String {
    goal.title.trim().to_owned()
}

/// What a goal's card says to whoever takes it apart.
fn body(goal: &Goal, star: &NorthStar) -> String {
    format!(
        "{}\n\nA goal of the north star: phase {}, {}. It is done by being decomposed: make its cards with \
         `mosaic-tui backlog create --id ID --title \"...\" --goal {}`, then complete this one. If it cannot be decomposed, block it and say why.\n",
        star.mission.trim(),
        goal.phase,
        goal.priority.word(),
        goal.id
    )
}

/// What a card lacks of its goal.
struct Wanted {
    patch: Patch,
    changes: Vec<String>,
    /// Dependencies that both have: with these alone no cycle can close on the way.
    common: Vec<CardId>,
}

/// Compares a card with its goal. A dependency on a card that is no goal's is somebody's own, and stays.
fn wanted(goal: &Goal, card: &Card, goals: &BTreeSet<CardId>, cards: &BTreeMap<String, Card>) -> Option<Wanted> {
    let (mut patch, mut changes) = (Patch::default(), Vec::new());
    let mut differs = |name: &str, before: &str, after: &str| {
        let is_other = before != after;
        if is_other {
            changes.push(format!("{name} {before} -> {after}"));
        }
        is_other
    };
    let title = title(goal);
    if differs("title", &format!("\"{}\"", card.title), &format!("\"{title}\"")) {
        patch.title = Some(title);
    }
    let phase = goal.phase_of_card();
    if differs("phase", &card.phase, &phase) {
        patch.phase = Some(phase);
    }
    let priority = goal.priority.of_card();
    if differs("priority", &card.priority.to_string(), &priority.to_string()) {
        patch.priority = Some(priority);
    }
    let is_goal = |id: &CardId| cards.values().any(|card| card.id == *id) || goals.contains(id);
    let own = card.depends_on.iter().filter(|on| !is_goal(on));
    let all: BTreeSet<&CardId> = goals.iter().chain(own).collect();
    let list = |ids: &mut dyn Iterator<Item = &CardId>| {
        let names: Vec<&str> = ids.map(CardId::as_str).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
    };
    let common = card.depends_on.iter().filter(|on| all.contains(on)).copied().collect();
    if differs("depends on", &list(&mut card.depends_on.iter()), &list(&mut all.iter().copied())) {
        patch.depends_on = Some(all.into_iter().copied().collect());
    }
    (!changes.is_empty()).then_some(Wanted { patch, changes, common })
}

/// Edits what differs: first it takes dependencies away, so that those that are added close no cycle with them.
fn edit_all(
    backlog: &mut Backlog,
    edits: &[(usize, &Card, Option<Wanted>)],
    rows: &mut [Row],
    dry_run: bool,
) -> Result<()> {
    let wanted = || edits.iter().filter_map(|(at, card, wanted)| Some((*at, *card, wanted.as_ref()?)));
    let mut versions: BTreeMap<&CardId, i64> = BTreeMap::new();
    for (at, card, wanted) in wanted() {
        let row = &mut rows[at];
        row.outcome = match (&card.claim, card.status) {
            (Some(claim), _) => Outcome::Held(Label::new(&claim.owner).to_string()),
            (None, Status::Done) => Outcome::Done,
            _ => Outcome::Edited(wanted.changes.iter().map(|change| Label::new(change).to_string()).collect()),
        };
        versions.insert(&card.id, card.version);
        let takes_away = wanted.patch.depends_on.is_some() && wanted.common.len() < card.depends_on.len();
        if takes_away && !dry_run && matches!(row.outcome, Outcome::Edited(_)) {
            let patch = Patch { depends_on: Some(wanted.common.clone()), ..Patch::default() };
            edit(backlog, row, &patch, &mut versions, &card.id)?;
        }
    }
    for (at, card, wanted) in wanted() {
        if matches!(rows[at].outcome, Outcome::Edited(_)) && !dry_run {
            edit(backlog, &mut rows[at], &wanted.patch, &mut versions, &card.id)?;
        }
    }
    Ok(())
}

/// Edits one card as it was seen; one that somebody claimed meanwhile is held.
fn edit<'a>(
    backlog: &mut Backlog,
    row: &mut Row,
    patch: &Patch,
    versions: &mut BTreeMap<&'a CardId, i64>,
    card: &'a CardId,
) -> Result<()> {
    // Against the version that was compared: an edit by hand since then is not written over.
    match backlog.edit(card, patch, versions.get(card).copied()) {
        Ok(outcome) => {
            versions.insert(card, outcome.card.version);
        }
        Err(error) => {
            let now = backlog.store().card(card)?;
            row.outcome = match now.and_then(|card| card.claim) {
                Some(claim) => Outcome::Held(Label::new(&claim.owner).to_string()),
                None => refused(error)?,
            };
        }
    }
    Ok(())
}

/// What became of all of them: the figures first, for whoever reads one line.
fn report(source: &Source, rows: &[Row], dry_run: bool) -> Report {
    let count = |word: &str| rows.iter().filter(|row| row.outcome.word() == word).count();
    let figures: Vec<String> = ["created", "edited", "unchanged", "held", "done", "taken", "refused", "gone"]
        .into_iter()
        .map(|word| (count(word), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let would = if dry_run { "would sync" } else { "synced" };
    let name = source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut text = vec![format!("{would} {name} (sha256 {}): {}", source.digest, figures.join(", "))];
    let mut errors = Vec::new();
    for row in rows {
        let line = format!("{}: {}", row.goal, row.outcome.text(&row.card));
        match row.outcome {
            Outcome::Unchanged => {}
            _ if row.outcome.is_failure() => errors.push(format!("goal {line}")),
            _ => text.push(line),
        }
    }
    let goals: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "goal": row.goal, "card": row.card, "outcome": row.outcome.word(), "text": row.outcome.text(&row.card),
            })
        })
        .collect();
    let json = json!({ "file": source.path, "digest": source.digest, "dry_run": dry_run, "goals": goals });
    let report = Report::done(text.join("\n"), &json);
    if errors.is_empty() { report } else { Report { errors, ..report.with_code(FAILED) } }
}
