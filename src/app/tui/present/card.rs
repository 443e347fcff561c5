//! A card in words: on the whole screen, and what of it stands below the board.

use super::dag;
use super::room::plan_for;
use crate::app::tui::state::State;
use crate::backlog::model::{Card, CardId, Column, Stamp, criteria, folded};
use crate::backlog::operations::Detail;
use crate::backlog::store::Neighbour;
use crate::fleet::model::{Label, age, printable};
use crate::plain::times;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::prose;
use crate::ui::text;
use crate::ui::theme::{glyph, role};
use crate::ui::view::{Body, CardView, Fit, Piece, Role};

/// Most rows of the graph around it.
const GRAPH_ROWS: usize = 24;

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(_: &State) -> ViewKind {
    ViewKind::Page
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    Body::Card(card(state, plan))
}

/// A card on the whole screen.
fn card(state: &State, plan: &Plan) -> CardView {
    let name = state.board.wanted.as_ref().map(CardId::to_string).unwrap_or_default();
    let Some(detail) = state.board.shown() else {
        let why = state.board.detail_error.as_deref().unwrap_or("reading\u{2026}");
        return CardView {
            title: vec![Piece::new(format!("{name} "), Role::Strong)],
            lines: vec![Vec::new(), vec![Piece::new(clean(why), Role::Plain)]],
            scroll: 0,
        };
    };
    CardView { title: headline(detail), lines: card_lines(state, detail, plan), scroll: state.board.scroll }
}

fn card_lines(state: &State, detail: &Detail, plan: &Plan) -> Vec<Vec<Piece>> {
    let width = usize::from(plan.list.width);
    let mut lines = facts(state, detail);
    let head = |text: &str| vec![Piece::new(text.to_owned(), Role::Strong)];
    if !detail.card.body.is_empty() {
        lines.push(Vec::new());
        lines.extend(body_lines(&detail.card.body, width, usize::from(u16::MAX)));
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

/// The last line at which the view may begin.
pub(in crate::app::tui) fn scroll_end(state: &State) -> u16 {
    let plan = plan_for(state, plan(state));
    let lines = state.board.shown().map_or(0, |detail| card_lines(state, detail, &plan).len());
    u16::try_from(lines.saturating_sub(usize::from(plan.list.height))).unwrap_or(u16::MAX)
}

pub(super) fn clean(text: &str) -> String {
    Label::new(text).to_string()
}

/// How long a claim still runs, or since when it is over.
pub(super) fn lease(expires: Stamp, now: Stamp) -> (String, Role) {
    if expires < now {
        (format!("EXPIRED {}", age::short(now.since(expires))), Role::Warning)
    } else {
        (format!("{} left", age::short(expires.since(now))), Role::Plain)
    }
}

/// The owner's readiness, when it is an agent of the roster.
fn readiness(state: &State, claim: (&str, &str)) -> Option<Piece> {
    let row = state.row_of_owner(claim)?;
    let shown = row.shown();
    Some(Piece::new(format!("{} {}", glyph(shown), shown.word()), role(shown)))
}

pub(super) fn fact(name: &str, value: Vec<Piece>) -> Vec<Piece> {
    let mut line = vec![Piece::new(name, Role::Quiet).fitted(Fit::Name)];
    line.extend(value);
    line
}

/// A body in lines of at most that width.
pub(super) fn body_lines(body: &str, width: usize, most: usize) -> impl Iterator<Item = Vec<Piece>> {
    let clean = move |line: &str| {
        // Cut before it is wrapped: a line of a megabyte would be wrapped whole to show
        // the first thirty rows.
        let shown = text::beginning(line, width.saturating_mul(most));
        printable(shown).replace('\t', "    ")
    };
    prose::blocks(body.lines().map(clean)).flat_map(move |block| block.lines(width)).map(|line| vec![line]).take(most)
}

/// Name, title and column in one line.
pub(super) fn headline(detail: &Detail) -> Vec<Piece> {
    let card = &detail.card;
    let column = card.column();
    vec![
        Piece::new(format!("{} ", card.id), Role::Strong),
        Piece::new(format!("{} {} ", dag::glyph(Some(column)), column.word()), Role::Lane(column)),
        Piece::new(format!("{} ", clean(&card.title)), Role::Plain),
    ]
}

/// Facts of a card, short ones first.
pub(super) fn facts(state: &State, detail: &Detail) -> Vec<Vec<Piece>> {
    let card = &detail.card;
    let now = state.board.clock(state.now);
    let plain = |text: String| vec![Piece::new(text, Role::Plain)];
    let mut lines = Vec::new();
    if let Some(claim) = &card.claim {
        let (left, role) = lease(claim.expires_at(), now);
        let of_claim = (claim.owner.as_str(), claim.host.as_str());
        let mut value = vec![
            Piece::new(format!("{} ", clean(&state.owner_words(of_claim))), Role::Strong),
            Piece::new(format!("{left} "), role),
            Piece::new(
                format!("held for {}, token {} ", age::coarse(now.since(claim.since)), claim.token),
                Role::Quiet,
            ),
        ];
        value.extend(readiness(state, of_claim));
        if let Some(row) = state.row_of_owner(of_claim) {
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
    about.push(if card.attempts == 0 {
        "never claimed".to_owned()
    } else {
        format!("claimed {}", times(card.attempts))
    });
    about.extend(card.ttl_seconds.map(|seconds| format!("leases of {seconds}s")));
    for (name, tokens) in [("projected", card.spend_projected), ("spent", card.spend_actual)] {
        about.extend(tokens.map(|tokens| format!("{tokens} tokens {name}")));
    }
    lines.push(fact("card", plain(about.join(", "))));
    if let Some(work) = work(card) {
        lines.push(fact("work", plain(work)));
    }
    let age = |then: Stamp| age::coarse(now.since(then));
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

/// Where a card's work stands and lies, when it says anything of that.
fn work(card: &Card) -> Option<String> {
    let mut words = Vec::new();
    for (name, text) in [("goal", &card.goal), ("stage", &card.stage), ("branch", &card.branch)] {
        if !text.is_empty() {
            words.push(format!("{name} {}", clean(text)));
        }
    }
    if card.rounds > 0 {
        words.push(format!("sent back {}", times(card.rounds)));
    }
    if !card.paths.is_empty() {
        words.push(format!("only {}", clean(&card.paths.join(", "))));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

pub(super) fn neighbours(name: &str, all: &[Neighbour], lines: &mut Vec<Vec<Piece>>) {
    for (at, one) in all.iter().enumerate() {
        // A dependency may name a card that nobody made: it holds the card up for good,
        // which has to be seen.
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

pub(super) fn history(state: &State, detail: &Detail, most: usize, lines: &mut Vec<Vec<Piece>>) {
    let now = state.board.clock(state.now);
    // The newest first: what happened last is what is asked for.
    for fold in folded(&detail.history).iter().rev().take(most) {
        let event = fold.event;
        lines.push(vec![
            Piece::new(format!("{} ago", age::coarse(now.since(event.at))), Role::Quiet).fitted(Fit::Name),
            Piece::new(format!("{} ", clean(&event.actor)), Role::Strong),
            Piece::new(clean(&fold.summary()), Role::Plain),
        ]);
    }
}

pub(super) fn acceptance(detail: &Detail, lines: &mut Vec<Vec<Piece>>) {
    for (at, criterion) in detail.card.acceptance.iter().flat_map(criteria).enumerate() {
        let name = if at == 0 { "accept" } else { "" };
        lines.push(fact(name, vec![Piece::new(format!("- {}", clean(&criterion)), Role::Plain)]));
    }
}
