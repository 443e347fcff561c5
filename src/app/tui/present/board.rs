//! The board in words: columns, the selected card, and a card on the whole screen.

use std::time::Duration;

use super::dag;
use crate::app::tui::state::State;
use crate::backlog::model::{CardId, CardLine, Column, Stamp, criteria};
use crate::backlog::operations::Detail;
use crate::backlog::store::Neighbour;
use crate::fleet::model::age;
use crate::fleet::model::{Label, printable};
use crate::ui::layout::Plan;
use crate::ui::text;
use crate::ui::view::{BoardView, CardCell, CardView, CardWords, ColumnView, Fit, Piece, Role};

/// Most rows of the graph in a card's own view.
const GRAPH_ROWS: usize = 24;

/// Readings older than this are told: the watcher looks at least every ten seconds.
const OLD: Duration = Duration::from_secs(30);

fn clean(text: &str) -> String {
    Label::new(text).to_string()
}

/// The Board view.
#[must_use]
pub(super) fn board(state: &State, plan: &Plan) -> BoardView {
    let page = u64::from(plan.board_page());
    let columns = Column::ALL.map(|column| {
        let index = column.index();
        let selected = column == state.board.column;
        let top = state.board.top[index];
        let shown = page.min(state.board.count(column).saturating_sub(top));
        let cards = (top..top + shown)
            .map(|at| {
                let marked = selected && at == state.board.at[index];
                CardCell { selected: marked, card: state.board.card(column, at).map(|card| cell(state, column, card)) }
            })
            .collect();
        let (title, notes) = title(state, column);
        ColumnView { title, notes, cards }
    });
    BoardView {
        columns: columns.into(),
        selected: state.board.column.index(),
        filter: shows_filter(state).then(|| (state.board.filter.text.clone(), state.board.filtering)),
        empty: empty(state),
        detail: below(state, plan),
        beside: beside(state, plan),
    }
}

/// Whether the filter line is shown.
#[must_use]
pub(super) fn shows_filter(state: &State) -> bool {
    state.board.filtering || !state.board.filter.text.is_empty()
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
    if shows_filter(state) && lane.count != board.counts.of(column) {
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
        (None, Some((why, _))) => vec![clean(why), "it is tried again every second".to_owned()],
        (None, None) => vec!["reading the backlog\u{2026}".to_owned()],
        (Some(board), _) if board.counts.total() == 0 => vec![
            "no cards yet".to_owned(),
            "n makes one, and so does `mosaic-tui backlog create --id A1 --title \"...\"`".to_owned(),
        ],
        _ => Vec::new(),
    }
}

/// How long a claim still runs, or since when it is over.
fn lease(expires: Stamp, now: Stamp) -> (String, Role) {
    if expires < now {
        (format!("EXPIRED {}", age::short(now.since(expires))), Role::Warning)
    } else {
        (format!("{} left", age::short(expires.since(now))), Role::Plain)
    }
}

/// The owner's readiness, when it is an agent of the roster.
fn readiness(state: &State, owner: &str) -> Option<Piece> {
    let row = state.row_named(owner)?;
    Some(Piece::new(row.readiness.word(), Role::State(row.readiness)))
}

/// What matters of a card in its column, beside its name.
fn info(state: &State, column: Column, card: &CardLine) -> Vec<Piece> {
    let now = state.board.clock(state.now);
    let quiet = |text: String| Piece::new(text, Role::Quiet);
    let mut pieces = Vec::new();
    if card.priority != 0 {
        pieces.push(Piece::new(format!("{:+}", card.priority), Role::Strong));
    }
    match (column, &card.claim) {
        (Column::Claimed, Some(claim)) => {
            let (left, role) = lease(claim.expires_at, now);
            pieces.push(Piece::new(clean(&claim.owner), Role::Strong));
            pieces.push(Piece::new(left, role));
            pieces.extend(readiness(state, &claim.owner));
        }
        (Column::Waiting, _) => pieces.push(quiet(format!("waits for {}", card.open_dependencies))),
        (Column::Blocked, _) => {
            let reason = if card.block_reason.is_empty() { "no reason given" } else { &card.block_reason };
            pieces.push(Piece::new(clean(reason), Role::Warning));
        }
        (Column::Done, _) => pieces.push(quiet(format!("{} ago", age::short(now.since(card.updated_at))))),
        _ => {}
    }
    if !card.assignee.is_empty() && column != Column::Done {
        pieces.push(quiet(format!("for {}", clean(&card.assignee))));
    }
    if !card.phase.is_empty() {
        pieces.push(quiet(clean(&card.phase)));
    }
    for piece in pieces.iter_mut().skip(1) {
        piece.text.insert(0, ' ');
    }
    pieces
}

fn cell(state: &State, column: Column, card: &CardLine) -> CardWords {
    CardWords {
        id: card.id.to_string(),
        title: clean(&card.title),
        column,
        info: info(state, column, card),
        urgent: matches!(column, Column::Claimed | Column::Blocked) || card.priority != 0,
    }
}

fn fact(name: &str, value: Vec<Piece>) -> Vec<Piece> {
    let mut line = vec![Piece::new(name, Role::Quiet).fitted(Fit::Name)];
    line.extend(value);
    line
}

/// A text in lines of at most that width.
fn wrapped(body: &str, width: usize, most: usize) -> impl Iterator<Item = String> {
    let line = move |line: &str| {
        let shown = text::beginning(line, width.saturating_mul(most));
        text::wrap(&printable(shown).replace('\t', "    "), width)
    };
    body.lines().flat_map(line).take(most)
}

/// Name, title and column in one line.
fn headline(detail: &Detail) -> Vec<Piece> {
    let card = &detail.card;
    let column = card.column();
    vec![
        Piece::new(format!("{} ", card.id), Role::Strong),
        Piece::new(format!("{} {} ", dag::glyph(Some(column)), column.word()), Role::Lane(column)),
        Piece::new(format!("{} ", clean(&card.title)), Role::Plain),
    ]
}

/// Facts of a card, short ones first.
fn facts(state: &State, detail: &Detail) -> Vec<Vec<Piece>> {
    let card = &detail.card;
    let now = state.board.clock(state.now);
    let plain = |text: String| vec![Piece::new(text, Role::Plain)];
    let mut lines = Vec::new();
    if let Some(claim) = &card.claim {
        let (left, role) = lease(claim.expires_at(), now);
        let mut value = vec![
            Piece::new(format!("{} ", clean(&claim.owner)), Role::Strong),
            Piece::new(format!("{left} "), role),
            Piece::new(format!("held for {}, token {} ", age::short(now.since(claim.since)), claim.token), Role::Quiet),
        ];
        value.extend(readiness(state, &claim.owner));
        if let Some(row) = state.row_named(&claim.owner) {
            value.push(Piece::new(format!(" ({})", row.reason), Role::Quiet));
        }
        lines.push(fact("claim", value));
    }
    if !card.block_reason.is_empty() {
        lines.push(fact("blocked", vec![Piece::new(clean(&card.block_reason), Role::Warning)]));
    }
    let mut about = vec![format!("priority {}", card.priority)];
    if !card.phase.is_empty() {
        about.push(format!("phase {}", clean(&card.phase)));
    }
    if !card.assignee.is_empty() {
        about.push(format!("for {}", clean(&card.assignee)));
    }
    about.push(format!("claimed {} times", card.attempts));
    for (name, tokens) in [("projected", card.spend_projected), ("spent", card.spend_actual)] {
        about.extend(tokens.map(|tokens| format!("{tokens} tokens {name}")));
    }
    lines.push(fact("card", plain(about.join(", "))));
    let age = |then: Stamp| age::short(now.since(then));
    lines.push(fact(
        "changed",
        plain(format!(
            "{} ago, version {}, made {} ago by {} on {}",
            age(card.updated_at),
            card.version,
            age(card.created_at),
            clean(&card.tenant_id),
            clean(&card.host)
        )),
    ));
    lines
}

fn neighbours(name: &str, all: &[Neighbour], lines: &mut Vec<Vec<Piece>>) {
    for (at, one) in all.iter().enumerate() {
        let word = one.column.map_or("unknown card, never claimable", Column::word);
        let role = one.column.map_or(Role::Warning, Role::Lane);
        lines.push(fact(
            if at == 0 { name } else { "" },
            vec![
                Piece::new(format!("{} {} ", dag::glyph(one.column), one.id), role),
                Piece::new(format!("{word} "), role),
                Piece::new(one.title.as_deref().map(clean).unwrap_or_default(), Role::Plain),
            ],
        ));
    }
}

fn history(state: &State, detail: &Detail, most: usize, lines: &mut Vec<Vec<Piece>>) {
    let now = state.board.clock(state.now);
    // The newest first: what happened last is what is asked for.
    for event in detail.history.iter().rev().take(most) {
        lines.push(vec![
            Piece::new(format!("{} ago", age::short(now.since(event.at))), Role::Quiet).fitted(Fit::Name),
            Piece::new(format!("{} ", clean(&event.actor)), Role::Strong),
            Piece::new(clean(&event.summary()), Role::Plain),
        ]);
    }
}

fn acceptance(detail: &Detail, lines: &mut Vec<Vec<Piece>>) {
    for (at, criterion) in detail.card.acceptance.iter().flat_map(criteria).enumerate() {
        let name = if at == 0 { "accept" } else { "" };
        lines.push(fact(name, vec![Piece::new(format!("- {}", clean(&criterion)), Role::Plain)]));
    }
}

/// The selected card below the columns: its headline first.
fn below(state: &State, plan: &Plan) -> Vec<Vec<Piece>> {
    if plan.card.is_empty() {
        return Vec::new();
    }
    let Some(detail) = state.board.shown() else {
        return vec![state.board.selected().map_or_else(Vec::new, |card| {
            let why = state.board.detail_error.clone().unwrap_or_else(|| "reading\u{2026}".to_owned());
            vec![Piece::new(format!("{} ", card.id), Role::Strong), Piece::new(clean(&why), Role::Quiet)]
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
    lines.extend(wrapped(&detail.card.body, width, MAX_BODY_LINES).map(|line| vec![Piece::new(line, Role::Plain)]));
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

/// A card on the whole screen.
#[must_use]
pub(super) fn card(state: &State, plan: &Plan) -> CardView {
    let name = state.board.wanted.as_ref().map(CardId::to_string).unwrap_or_default();
    let Some(detail) = state.board.shown() else {
        let why = state.board.detail_error.clone().unwrap_or_else(|| "reading\u{2026}".to_owned());
        return CardView {
            title: vec![Piece::new(format!("{name} "), Role::Strong)],
            lines: vec![Vec::new(), vec![Piece::new(clean(&why), Role::Plain)]],
            scroll: 0,
        };
    };
    CardView { title: headline(detail), lines: card_lines(state, detail, plan), scroll: state.board.scroll }
}

fn card_lines(state: &State, detail: &Detail, plan: &Plan) -> Vec<Vec<Piece>> {
    let width = usize::from(plan.pane.width);
    let mut lines = facts(state, detail);
    let head = |text: &str| vec![Piece::new(text.to_owned(), Role::Strong)];
    if !detail.card.body.is_empty() {
        lines.push(Vec::new());
        lines.extend(
            wrapped(&detail.card.body, width, usize::from(u16::MAX)).map(|line| vec![Piece::new(line, Role::Plain)]),
        );
    }
    if detail.card.acceptance.is_some() {
        lines.push(Vec::new());
        acceptance(detail, &mut lines);
    }
    let graph = dag::picture(&detail.around, &detail.card.id, width, GRAPH_ROWS);
    if !graph.is_empty() {
        lines.extend([Vec::new(), head("what comes first, and what waits for it"), Vec::new()]);
        lines.extend(graph);
    }
    if !(detail.dependencies.is_empty() && detail.dependents.is_empty()) {
        lines.push(Vec::new());
        neighbours("depends on", &detail.dependencies, &mut lines);
        neighbours("needed by", &detail.dependents, &mut lines);
    }
    lines.extend([Vec::new(), head("history, newest first")]);
    history(state, detail, usize::MAX, &mut lines);
    lines
}

/// The last line at which the card view may begin.
#[must_use]
pub(in crate::app) fn scroll_end(state: &State, plan: &Plan) -> u16 {
    let lines = state.board.shown().map_or(0, |detail| card_lines(state, detail, plan).len());
    u16::try_from(lines.saturating_sub(usize::from(plan.pane.height))).unwrap_or(u16::MAX)
}

/// What the header says of a store that cannot be read, or is read too seldom.
#[must_use]
pub(super) fn trouble(state: &State) -> Option<Piece> {
    if let Some((why, since)) = &state.board.lost {
        let age = Duration::try_from(state.now.duration_since(*since)).unwrap_or_default();
        return Some(Piece::new(format!("  {} for {}", clean(why), age::short(age)), Role::Alarm));
    }
    let read_at = state.board.read_at?;
    let age = Duration::try_from(state.now.duration_since(read_at)).unwrap_or_default();
    (age > OLD).then(|| Piece::new(format!("  backlog {} old", age::short(age)), Role::Alarm))
}
