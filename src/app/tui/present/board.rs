//! The Board view in words: columns, and the selected card below them.

use std::time::Duration;

use super::card::{acceptance, body_lines, clean, facts, headline, history, lease, neighbours};
use super::dag;
use super::room::plan_for;
use crate::app::tui::state::State;
use crate::backlog::model::{CardLine, Column, Stamp};
use crate::fleet::model::age;
use crate::ui::lanes::card_lines;
use crate::ui::layout::{Edges, Plan, ViewKind};
use crate::ui::theme::{self, glyph};
use crate::ui::view::{BoardView, Body, CardCell, CardWords, ColumnView, Fit, Piece, Reach, Role};

/// Readings older than this are told: the watcher looks at least every ten seconds.
const OLD: Duration = Duration::from_secs(30);

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    ViewKind::Board {
        selected: state.board.column.index(),
        filter: state.is_filtered(),
        empty: state.board.board.as_ref().is_none_or(|board| board.counts.total() == 0),
        counts: counts(state),
    }
}

/// What is done with the selected card, and stands in the edge of its panel: the footer has the rest.
pub(super) const ON_THE_CARD: &[&str] =
    &["backlog.complete", "card.move", "card.link", "card.editor", "backlog.unblock", "card.undo"];

/// Whether the selected card has a panel in whose edge keys stand.
pub(super) fn has_edge(plan: &Plan) -> bool {
    plan.edges == Edges::Full && !plan.card_frame.is_empty()
}

/// Cards in each column.
fn counts(state: &State) -> [u64; 5] {
    Column::ALL.map(|column| state.board.count(column))
}

/// How many cards of each column the screen shows at most.
pub(in crate::app::tui) fn pages(state: &State) -> [u64; 5] {
    plan_for(state, plan(state)).board_pages().map(u64::from)
}

/// Lines that a card takes in its column.
fn lines_of(state: &State, plan: &Plan, column: Column, at: u64) -> u16 {
    let index = column.index();
    match state.board.card(column, at).filter(|_| plan.wraps[index]) {
        Some(card) => card_lines(plan.cards_in(plan.columns[index]), card.id.as_str(), &clean(&card.title)),
        None => plan.card_rows[index],
    }
}

/// First card to show of a column, so that the selected one is on the screen and no line stays empty below the last.
pub(in crate::app::tui) fn first_shown(state: &State, column: Column) -> u64 {
    let plan = plan_for(state, plan(state));
    let index = column.index();
    let (at, count) = (state.board.at[index], state.board.count(column));
    let page = u64::from(plan.board_pages()[index]).max(1);
    let mut top = state.board.top[index].min(at).max((at + 1).saturating_sub(page)).min(count.saturating_sub(1));
    if !plan.wraps[index] {
        return top.min(count.saturating_sub(page));
    }
    let room = u64::from(plan.cards_in(plan.columns[index]).height);
    // Of a page at most: of a long column only what is around the selected card is measured.
    let lines = |from: u64, to: u64| (from..to).map(|at| u64::from(lines_of(state, &plan, column, at))).sum::<u64>();
    while top < at && lines(top, at + 1) > room {
        top += 1;
    }
    while top > 0 && count - top < page && lines(top - 1, count) <= room {
        top -= 1;
    }
    top
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    Body::Board(board(state, plan))
}

fn board(state: &State, plan: &Plan) -> BoardView {
    let pages = plan.board_pages().map(u64::from);
    let columns = Column::ALL.map(|column| {
        let index = column.index();
        let selected = column == state.board.column;
        let top = state.board.top[index];
        let place = plan.cards_in(plan.columns[index]);
        // By the count and not by what was read: a card that is still on its way has its place already.
        let shown = pages[index].min(state.board.count(column).saturating_sub(top));
        let mut room = place.height;
        let cards: Vec<CardCell> = (top..top + shown)
            .map_while(|at| {
                let chosen = selected && at == state.board.at[index];
                let read = state.board.card(column, at);
                let marked = read.is_some_and(|card| state.board.batch.contains(&card.id));
                let card = read.map(|card| cell(state, column, card));
                let lines = match card.as_ref().filter(|_| plan.wraps[index]) {
                    Some(card) => card_lines(place, &card.id, &card.title),
                    None => plan.card_rows[index],
                };
                // Half a card is not shown: its last line may be what matters.
                room = room.checked_sub(lines).or(place.is_empty().then_some(0))?;
                Some(CardCell { selected: chosen, marked, lines, card })
            })
            .collect();
        let (title, notes) = title(state, column);
        let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let page = if plan.wraps[index] { cards.len() } else { number(pages[index]) };
        let reach = Reach { first: number(top), room: page, all: number(state.board.count(column)) };
        ColumnView { title, notes, cards, reach }
    });
    BoardView {
        columns: columns.into(),
        selected: state.board.column.index(),
        counts: counts(state),
        filter: state.is_filtered().then(|| (state.board.filter.text.clone(), state.board.filtering)),
        empty: empty(state),
        keys: if has_edge(plan) { super::hints(state, ON_THE_CARD) } else { Vec::new() },
        detail: below(state, plan),
        beside: beside(state, plan),
    }
}

/// The title of a column, and what else is said of it where there is room.
fn title(state: &State, column: Column) -> ([Piece; 2], Vec<Piece>) {
    let name = Piece::new(column.word().to_uppercase(), Role::Lane(column));
    let Some(board) = &state.board.board else { return ([name, Piece::new("", Role::Strong)], Vec::new()) };
    let lane = &board.lanes[column.index()];
    let more = if lane.more { "+" } else { "" };
    let place = match state.board.at[column.index()] {
        at if column == state.board.column && lane.count > 0 => format!("{}/", at + 1),
        _ => String::new(),
    };
    let count = Piece::new(format!(" {place}{}{more}", lane.count), Role::Strong);
    let mut notes = Vec::new();
    if column == state.board.column && !state.board.batch.is_empty() {
        notes.push(Piece::new(format!(" {} marked", state.board.batch.len()), Role::Accent));
    }
    if state.is_filtered() && lane.count != board.counts.of(column) {
        notes.push(Piece::new(format!(" of {}", board.counts.of(column)), Role::Quiet));
    }
    if column == Column::Claimed {
        let now = state.board.clock(state.now);
        let expired = board.claims.iter().filter(|held| held.claim.expires_at < now).count();
        if expired > 0 {
            notes.push(Piece::new(format!(" {expired} expired"), Role::Warning));
        }
    }
    ([name, count], notes)
}

/// What stands instead of cards when there are none: why, and the next step.
fn empty(state: &State) -> Vec<String> {
    match (&state.board.board, &state.board.lost) {
        (None, Some((lost, _))) => vec![clean(&lost.whole), "it is tried again every second".to_owned()],
        // What was read before says nothing of what there is now.
        (Some(board), Some((lost, _))) if board.counts.total() == 0 => {
            vec![clean(&lost.whole), "it is tried again every second".to_owned()]
        }
        (None, None) => vec!["reading the backlog\u{2026}".to_owned()],
        (Some(board), _) if board.counts.total() == 0 => vec![
            "no cards yet".to_owned(),
            "n makes one, and so does `mosaic-tui backlog create --id A1 --title \"...\"`".to_owned(),
        ],
        _ => Vec::new(),
    }
}

/// What matters of a card in its column, beside its name.
fn info(state: &State, column: Column, card: &CardLine) -> Vec<Piece> {
    // The store's clock: a claim expires by it, and this machine's may be minutes off.
    let now = state.board.clock(state.now);
    let quiet = |text: String| Piece::new(text, Role::Quiet);
    let mut pieces = Vec::with_capacity(8);
    if card.priority != 0 {
        pieces.push(Piece::new(format!("{:+}", card.priority), Role::Strong));
    }
    match (column, &card.claim) {
        (Column::Claimed, Some(claim)) => {
            let (left, role) = lease(claim.expires_at, now);
            let of_claim = (claim.owner.as_str(), claim.host.as_str());
            let owner = clean(&state.owner_words(of_claim));
            match state.row_of_owner(of_claim) {
                Some(row) => {
                    pieces.push(Piece::new(glyph(row.shown()), theme::role(row.shown())));
                    pieces.push(Piece::new(owner, Role::Strong));
                }
                None => pieces.push(Piece::new(owner, Role::Strong)),
            }
            // A number that is cut is another one, and so is a bar: first the words, then the picture of them.
            pieces.push(Piece::new(left, role));
            let bar = bar(card.updated_at.max(claim.since), claim.expires_at, now);
            pieces.push(Piece::new(bar, role).fitted(Fit::Whole));
        }
        (Column::Waiting, _) => pieces.push(quiet(format!("waits for {}", card.open_dependencies))),
        (Column::Blocked, _) => {
            let reason = if card.block_reason.is_empty() { "no reason given" } else { &card.block_reason };
            pieces.push(Piece::new(clean(reason), Role::Warning));
        }
        (Column::Done, _) => pieces.push(quiet(format!("{} ago", age::coarse(now.since(card.updated_at))))),
        (Column::Claimed | Column::Ready, _) => {}
    }
    if !card.assignee.is_empty() && column != Column::Done {
        pieces.push(quiet(format!("for {}", clean(&card.assignee))));
    }
    if !card.stage.is_empty() {
        pieces.push(Piece::new(clean(&card.stage), Role::Strong));
    }
    // One text of all three: a board has hundreds of cards.
    let mut belongs = String::new();
    let branch = if column == Column::Done { "" } else { &card.branch };
    for (before, text) in [("goal ", card.goal.as_str()), ("", branch), ("", &card.phase)] {
        if !text.is_empty() {
            belongs.push_str(if belongs.is_empty() { "" } else { "  " });
            belongs.push_str(before);
            belongs.push_str(text);
        }
    }
    if !belongs.is_empty() {
        pieces.push(quiet(clean(&belongs)));
    }
    if pieces.is_empty() {
        // Nothing is said of it: how old it is tells at least whether it was forgotten.
        let since = if card.version == 1 { "made" } else { "changed" };
        pieces.push(quiet(format!("{since} {} ago", age::coarse(now.since(card.updated_at)))));
    }
    // Facts stand apart like everywhere else, but for those of a claim, which say one thing and need the room.
    let apart = if column == Column::Claimed { " " } else { "  " };
    for piece in pieces.iter_mut().skip(1) {
        piece.text.insert_str(0, apart);
    }
    pieces
}

/// Cells of a bar of time.
const BAR: u64 = 5;

/// What is left of a time, as a bar. A renewal changes the card, so the time began with the last change.
fn bar(from: Stamp, to: Stamp, now: Stamp) -> String {
    let (whole, left) = (to.since(from).as_millis(), to.since(now).as_millis());
    // Rounded up: an empty bar means that the time is over, and nothing else does.
    let full = (left * u128::from(BAR)).div_ceil(whole.max(1)).min(u128::from(BAR));
    (0..u128::from(BAR)).map(|cell| if cell < full { '\u{25b0}' } else { '\u{25b1}' }).collect()
}

fn cell(state: &State, column: Column, card: &CardLine) -> CardWords {
    CardWords {
        id: card.id.to_string(),
        title: clean(&card.title),
        column,
        info: info(state, column, card),
        urgent: matches!(column, Column::Claimed | Column::Blocked),
    }
}

/// The selected card below the columns: its headline first.
fn below(state: &State, plan: &Plan) -> Vec<Vec<Piece>> {
    if plan.card.is_empty() {
        return Vec::new();
    }
    let Some(detail) = state.board.shown() else {
        let column = state.board.column;
        let none = || match state.board.count(column) {
            0 => vec![Piece::new(format!("no card is {} ", column.word()), Role::Quiet)],
            // It is on its way.
            _ => Vec::new(),
        };
        return vec![state.board.selected().map_or_else(none, |card| {
            let why = state.board.detail_error.as_deref().unwrap_or("reading\u{2026}");
            vec![Piece::new(format!("{} ", card.id), Role::Strong), Piece::new(clean(why), Role::Quiet)]
        })];
    };
    let width = usize::from(plan.card.width);
    let mut lines = vec![headline(detail)];
    lines.extend(facts(state, detail));
    neighbours("depends on", &detail.dependencies, &mut lines);
    acceptance(detail, &mut lines);
    if plan.beside.is_empty() {
        neighbours("needed by", &detail.dependents, &mut lines);
    }
    if !detail.card.body.is_empty() {
        lines.push(Vec::new());
    }
    // A body may be a megabyte, and a frame is drawn several times a second.
    lines.extend(body_lines(&detail.card.body, width, MAX_BODY_LINES));
    lines
}

/// Lines of a body below the columns; Enter shows the rest.
const MAX_BODY_LINES: usize = 30;

/// The graph around the selected card, and its history.
fn beside(state: &State, plan: &Plan) -> Vec<Vec<Piece>> {
    let Some(detail) = state.board.shown().filter(|_| !plan.beside.is_empty()) else { return Vec::new() };
    let (width, height) = (usize::from(plan.beside.width), usize::from(plan.beside.height));
    let mut lines = dag::picture(&detail.around, &detail.card.id, width, height.saturating_sub(4).max(3));
    if !lines.is_empty() {
        lines.push(Vec::new());
    }
    history(state, detail, height, &mut lines);
    lines
}

/// What the header says of a store that cannot be read, or is read too seldom.
#[must_use]
pub(super) fn trouble(state: &State, whole: bool) -> Option<Piece> {
    if let Some((lost, since)) = &state.board.lost {
        // A clock that was set back makes it negative, and "0 s" is as true as anything then.
        let age = Duration::try_from(state.now.duration_since(*since)).unwrap_or_default();
        let words = if whole { clean(&lost.whole) } else { format!("backlog: {}", clean(&lost.why)) };
        return Some(Piece::new(format!("   {words} for {}", age::short(age)), Role::Alarm));
    }
    let read_at = state.board.read_at?;
    let age = Duration::try_from(state.now.duration_since(read_at)).unwrap_or_default();
    (age > OLD).then(|| Piece::new(format!("  backlog {} old", age::short(age)), Role::Alarm))
}
