//! Answers of the backlog in words and tables.

use std::path::Path;

use serde_json::{Value, json};

use crate::app::action::report::Report;
use crate::backlog::graph::Graph;
use crate::backlog::model::{Card, CardId, Column, Goals, Stamp, Status, criteria, folded, owner_words};
use crate::backlog::operations::{Detail, Outcome};
use crate::backlog::store::{ClaimRequest, Figures, Neighbour, Who};
use crate::backlog::transfer::Moved;
use crate::fleet::model::age;
use crate::fleet::model::{Label, printable};
use crate::plain::times;
use crate::ui::text;

/// Columns of who did something in a history, at most: what was done has to stand beside it.
const MOST_OF_ACTOR: usize = 24;

fn line(text: &str) -> String {
    Label::new(text).to_string()
}

/// The answer to a request that changes one card.
pub(in crate::app) fn outcome(outcome: &Outcome, done: &str, nothing: &str) -> Report {
    let card = &outcome.card;
    let word = if outcome.changed { done } else { nothing };
    Report::of_card(format!("{}: {word} ({}, version {})", card.id, card.column().word(), card.version), card)
}

/// The warning about dependencies that nobody made yet.
pub(in crate::app) fn waits_for_missing(id: &CardId, missing: &[CardId]) -> Option<String> {
    let (first, more) = missing.split_first()?;
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    Some(format!(
        "warning: card {id}: depends on {first}{more}, which does not exist, and cannot be claimed before it is done; \
         `mosaic-tui backlog unlink --from {id} --to {first}` takes a slip back"
    ))
}

pub(in crate::app) fn claimed(card: Option<&Card>, request: &ClaimRequest) -> Report {
    match (card, &request.id) {
        (Some(card), _) => {
            let (token, seconds) = card.claim.as_ref().map_or((0, 0), |claim| (claim.token, claim.ttl_seconds));
            let text = format!(
                "{}: claimed by {} for {} (token {token}): {}",
                card.id,
                line(&request.owner),
                age::short(std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0))),
                line(&card.title)
            );
            Report::of_card(text, card)
        }
        // No error: somebody else was faster, which is the everyday end of a claim.
        (None, Some(id)) => Report::nothing(
            format!("{id}: cannot be claimed now; `mosaic-tui backlog show {id}` shows why"),
            &Value::Null,
        ),
        (None, None) => Report::nothing("no card can be claimed", &Value::Null),
    }
}

pub(in crate::app) fn reclaimed(cards: &[Card], id: Option<&crate::backlog::model::CardId>) -> Report {
    let names: Vec<&str> = cards.iter().map(|card| card.id.as_str()).collect();
    let text = match (cards.len(), id) {
        (0, Some(id)) => format!("{id}: is not claimed"),
        (0, None) => "no claim has expired".to_owned(),
        _ => format!("returned to the pool: {}", names.join(", ")),
    };
    if cards.is_empty() { Report::nothing(text, &cards) } else { Report::done(text, &cards) }
}

/// The table of a list, `width` columns wide, as it is seen from a host.
pub(in crate::app) fn list(cards: &[Card], here: &str, width: usize) -> String {
    if cards.is_empty() {
        return "no cards".to_owned();
    }
    let mut rows = vec![["ID", "COLUMN", "PRI", "FOR", "OWNER", "PHASE", "TITLE"].map(str::to_owned)];
    rows.extend(cards.iter().map(|card| {
        [
            card.id.to_string(),
            card.column().word().to_owned(),
            card.priority.to_string(),
            line(&card.assignee),
            card.claim.as_ref().map(|claim| line(&owner_words(&claim.owner, &claim.host, here))).unwrap_or_default(),
            line(&card.phase),
            line(&card.title),
        ]
    }));
    // No column may crowd out the title.
    let most = (width / 6).max(6);
    let widths: Vec<usize> =
        (0..6).map(|at| rows.iter().map(|row| text::width(&row[at])).max().unwrap_or(0).min(most)).collect();
    let out: Vec<String> = rows
        .iter()
        .map(|row| {
            let mut out = String::new();
            for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
                out.push_str(&text::column(cell, *width));
                out.push_str("  ");
            }
            out.push_str(&row[6]);
            text::fit(out.trim_end(), width)
        })
        .collect();
    out.join("\n")
}

/// Cards beside one, in columns.
fn neighbours(all: &[Neighbour]) -> impl Iterator<Item = String> {
    let word = |one: &Neighbour| one.column.map_or("unknown card", Column::word);
    let ids = all.iter().map(|one| one.id.as_str().len()).max().unwrap_or(0);
    let words = all.iter().map(|one| word(one).len()).max().unwrap_or(0);
    all.iter().map(move |one| {
        let title = one.title.as_deref().map(line).unwrap_or_default();
        format!("  {:<ids$}  {:<words$}  {title}", one.id.as_str(), word(one)).trim_end().to_owned()
    })
}

fn neighbours_json(all: &[Neighbour]) -> Value {
    all.iter()
        .map(|one| json!({ "id": one.id, "title": one.title, "column": one.column, "exists": one.column.is_some() }))
        .collect()
}

/// Everything about a card.
pub(in crate::app) fn detail(detail: &Detail) -> Report {
    let card = &detail.card;
    let mut out = vec![format!("{}  {}", card.id, line(&card.title))];
    let mut fact = |name: &str, text: String| {
        if !text.is_empty() {
            out.push(format!("{name:<12} {text}"));
        }
    };
    fact("column", card.column().word().to_owned());
    fact("reason", line(&card.block_reason));
    fact("priority", card.priority.to_string());
    fact("phase", line(&card.phase));
    fact("for", line(&card.assignee));
    fact("goal", line(&card.goal));
    fact("stage", line(&card.stage));
    fact("branch", line(&card.branch));
    fact("paths", line(&card.paths.join(", ")));
    fact("lease", card.ttl_seconds.map(|seconds| format!("{seconds} seconds")).unwrap_or_default());
    fact("sent back", if card.rounds > 0 { times(card.rounds) } else { String::new() });
    if let Some(claim) = &card.claim {
        fact(
            "claim",
            format!(
                "{}{} since {}, until {}, token {}",
                line(&claim.owner),
                if claim.host.is_empty() { String::new() } else { format!(" on {}", line(&claim.host)) },
                claim.since,
                claim.expires_at(),
                claim.token
            ),
        );
    }
    fact("attempts", card.attempts.to_string());
    for (name, tokens) in [("projected", card.spend_projected), ("spent", card.spend_actual)] {
        fact(name, tokens.map(|tokens| format!("{tokens} tokens")).unwrap_or_default());
    }
    fact("created", format!("{} by {} on {}", card.created_at, line(&card.tenant_id), line(&card.host)));
    fact("updated", format!("{} (version {})", card.updated_at, card.version));
    let mut markdown = 0..0;
    if !card.body.is_empty() {
        out.push(String::new());
        let body = printable(card.body.trim_end());
        markdown = out.len()..out.len() + body.lines().count();
        out.push(body);
    }
    if let Some(acceptance) = &card.acceptance {
        out.push("\nacceptance".to_owned());
        out.extend(criteria(acceptance).into_iter().map(|text| format!("  - {}", printable(&text))));
    }
    for (name, all) in [("depends on", &detail.dependencies), ("needed by", &detail.dependents)] {
        if !all.is_empty() {
            out.push(format!("\n{name}"));
            out.extend(neighbours(all));
        }
    }
    out.push("\nhistory".to_owned());
    let history = folded(&detail.history);
    let actors = history.iter().map(|fold| text::width(&line(&fold.event.actor))).max().unwrap_or(0).min(MOST_OF_ACTOR);
    out.extend(history.iter().map(|fold| {
        let at = fold.event.at.to_string();
        let actor = text::column(&line(&fold.event.actor), actors);
        format!("  {}  {actor}  {}", at.get(..19).unwrap_or(&at), line(&fold.summary()))
    }));
    let json = json!({
        "card": card,
        "dependencies": neighbours_json(&detail.dependencies),
        "dependents": neighbours_json(&detail.dependents),
        "history": detail.history,
    });
    Report::done(out.join("\n"), &json).with_markdown(markdown)
}

pub(in crate::app) fn stats(figures: &Figures, place: &str, who: &Who) -> Report {
    let age = |then: Stamp| figures.now.since(then).as_secs();
    let mean = (figures.claims_completed > 0)
        .then(|| figures.claim_milliseconds / figures.claims_completed)
        .map(|milliseconds| milliseconds / 1000);
    let count = |column: Column| figures.counts.of(column);
    let mut statuses = serde_json::Map::new();
    for status in Status::ALL {
        let cards = match status {
            Status::Ready => count(Column::Waiting) + count(Column::Ready),
            Status::Claimed => count(Column::Claimed),
            Status::Blocked => count(Column::Blocked),
            Status::Done => count(Column::Done),
        };
        statuses.insert(status.word().to_owned(), json!(cards));
    }
    let columns: serde_json::Map<String, Value> =
        Column::ALL.iter().map(|column| (column.word().to_owned(), json!(count(*column)))).collect();
    let json = json!({
        "tenant_id": who.tenant_id,
        "host": who.host,
        "place": place,
        "now": figures.now,
        "cards": figures.counts.total(),
        "status": statuses,
        "columns": columns,
        "claimable": count(Column::Ready),
        "oldest_claimable_age_seconds": figures.oldest_claimable.map(age),
        "expired_claims": figures.expired_claims,
        "claims_completed": figures.claims_completed,
        "mean_time_in_claim_seconds": mean,
    });
    let mut out = vec![format!("{place}: {} cards", figures.counts.total())];
    out.extend(Column::ALL.iter().map(|column| format!("{:<9} {}", column.word(), count(*column))));
    let span = |seconds: u64| age::short(std::time::Duration::from_secs(seconds));
    if let Some(then) = figures.oldest_claimable {
        out.push(format!("oldest claimable card: {}", span(age(then))));
    }
    out.push(format!("expired claims: {}", figures.expired_claims));
    if let Some(seconds) = mean {
        out.push(format!("mean time in claim: {} over {} claims", span(seconds), figures.claims_completed));
    }
    Report::done(out.join("\n"), &json)
}

/// How far each goal is.
pub(in crate::app) fn goals(goals: &Goals, width: usize) -> Report {
    if goals.goals.is_empty() {
        return Report::done("no goals; `mosaic-tui north-star sync` makes their cards", goals);
    }
    let names = goals.goals.iter().map(|line| text::width(&line.goal)).max().unwrap_or(0);
    let mut out = vec![format!("{} of {} goals are finished", goals.finished(), goals.goals.len())];
    if !goals.critical_path.is_empty() {
        let way = line(&goals.critical_path.join(" -> "));
        out.push(format!("critical path: {way} ({} cards)", goals.critical_cards()));
    }
    out.extend(goals.goals.iter().map(|one| {
        let mark = if one.critical { "*" } else { " " };
        let done = format!("{}/{}", one.work.of(Column::Done), one.work.total());
        let (column, title) =
            one.card.as_ref().map_or(("no card", String::new()), |card| (card.column.word(), line(&card.title)));
        let name = text::column(&line(&one.goal), names);
        text::fit(format!("{mark} {name}  {done:>7}  {column:<8}  {title}").trim_end(), width)
    }));
    Report::done(out.join("\n"), goals)
}

pub(in crate::app) fn graph(graph: &Graph, dot: bool) -> Report {
    let text = if dot {
        printable(&graph.dot())
    } else if graph.nodes.is_empty() {
        "no cards".to_owned()
    } else {
        printable(&graph.tree().join("\n"))
    };
    let edges: Vec<Value> = graph.edges.iter().map(|(card, on)| json!({ "card_id": card, "depends_on": on })).collect();
    Report::done(text, &json!({ "nodes": graph.nodes, "edges": edges }))
}

pub(in crate::app) fn moved(moved: &Moved, word: &str, path: &Path) -> Report {
    let text = format!("{word} {} cards and {} lines of history", moved.cards, moved.events);
    Report::done(text, &json!({ "cards": moved.cards, "events": moved.events, "file": path }))
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::app::tui::event::Event;
    use crate::app::tui::present::present;
    use crate::app::tui::samples;
    use crate::app::tui::state::State;
    use crate::app::tui::update::update;
    use crate::fleet::model::Size;
    use crate::ui::draw::draw;
    use crate::ui::picture::plain;
    use crate::ui::theme::Theme;

    #[test]
    fn a_card_in_a_popup_is_broken_below_its_columns() {
        let mut told = Detail::clone(&samples::detail("A1"));
        told.card.body =
            "A body that was\nwritten in short\nlines.\n\n- an item that is far longer than the popup is wide, \
                          so that it goes on below"
                .to_owned();
        told.card.paths = (0..9).map(|at| format!("src/part{at}/")).collect();
        told.card.acceptance =
            Some("a long line of what is wanted, which needs more than the room that there is".into());
        let report = detail(&told);
        let mut state = State::new(Size { width: 60, height: 60 }, jiff::Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Returned { command: "mosaic-tui backlog show A1".to_owned(), report });
        let mut frame = Buffer::empty(Rect::new(0, 0, 60, 60));
        draw(&mut frame, &present(&state), Theme::default());
        let rows: Vec<String> = plain(&frame)
            .lines()
            .filter_map(|line| line.split('\u{2502}').nth(1))
            .map(|row| row.trim_end().to_owned())
            .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn a_list_says_on_which_other_host_a_card_is_held() {
        let held = |host: &str| {
            let mut card = samples::detail("A1").card.clone();
            card.claim.as_mut().unwrap().host = host.to_owned();
            card
        };
        let said = list(&[held("here"), held("south"), held("")], "here", 140);
        assert_eq!(said.matches(" on ").count(), 1, "{said}");
        assert_eq!(said.matches(" on south").count(), 1, "{said}");
    }
}
