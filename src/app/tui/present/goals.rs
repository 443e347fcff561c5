//! The goals in words: a line each, and the longest way above them.

use super::card::clean;
use super::dag;
use crate::app::tui::state::State;
use crate::backlog::model::{Column, GoalLine, Goals};
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::text;
use crate::ui::view::{Body, CardView, Piece, Role};

/// Cells of the bar of progress.
const BAR: u64 = 10;

/// Most columns of a goal's name.
const NAME: usize = 14;

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(_: &State) -> ViewKind {
    ViewKind::Page
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    Body::Card(view(state, usize::from(plan.list.height)))
}

fn view(state: &State, height: usize) -> CardView {
    let quiet = |text: &str| vec![Piece::new(text, Role::Quiet)];
    let Some(goals) = &state.goals.read else {
        return CardView {
            title: quiet("Goals"),
            lines: vec![Vec::new(), quiet("reading the backlog\u{2026}")],
            scroll: 0,
        };
    };
    let mut title = vec![Piece::new("Goals ", Role::Strong)];
    if goals.goals.is_empty() {
        let lines = vec![
            Vec::new(),
            quiet("no goals yet"),
            // Two lines: one of 80 columns would cut the second command.
            quiet("`mosaic-tui north-star init` writes an example of them,"),
            quiet("and `mosaic-tui north-star sync` makes their cards"),
        ];
        return CardView { title, lines, scroll: 0 };
    }
    title.push(Piece::new(format!("{} of {} finished ", goals.finished(), goals.goals.len()), Role::Plain));
    title.extend(way(goals));
    let names = goals.goals.iter().map(|line| text::width(&line.goal)).max().unwrap_or(0).min(NAME);
    let lines =
        goals.goals.iter().enumerate().map(|(at, line)| row(state, line, names, at == state.goals.at)).collect();
    // The selected one stays on the screen.
    // Counted from the end of the page: the view keeps no place of its own that could go stale.
    let scroll = (state.goals.at + 1).saturating_sub(height.max(1));
    CardView { title, lines, scroll: u16::try_from(scroll).unwrap_or(u16::MAX) }
}

/// The longest way that is still to go.
fn way(goals: &Goals) -> Vec<Piece> {
    if goals.critical_path.is_empty() {
        return vec![Piece::new("  nothing is left to do", Role::Good)];
    }
    let cards = match goals.critical_cards() {
        1 => "1 card".to_owned(),
        count => format!("{count} cards"),
    };
    vec![
        Piece::new("  critical path ", Role::Quiet),
        Piece::new(clean(&goals.critical_path.join(" \u{2192} ")), Role::Accent),
        Piece::new(format!(" ({cards})"), Role::Quiet),
    ]
}

fn row(state: &State, line: &GoalLine, names: usize, selected: bool) -> Vec<Piece> {
    let name = if selected { Role::Strong } else { Role::Plain };
    let (done, total) = (line.work.of(Column::Done), line.work.total());
    let column = line.card.as_ref().map(|card| card.column);
    let role = if line.is_finished() { Role::Good } else { column.map_or(Role::Quiet, Role::Lane) };
    let mut pieces = vec![
        Piece::new(if selected { "\u{258c}" } else { " " }, Role::Accent),
        Piece::new(if line.critical { "\u{25c6} " } else { "  " }, Role::Accent),
        Piece::new(format!("{} ", text::column(&clean(&line.goal), names)), name),
        Piece::new(bar(done, total), role),
        Piece::new(format!(" {:>7}  ", format!("{done}/{total}")), Role::Quiet),
        Piece::new(format!("{} ", text::column(&stand(state, line), 18)), role),
    ];
    if let Some(column) = column {
        pieces.push(Piece::new(format!("{} ", dag::glyph(Some(column))), Role::Lane(column)));
    }
    let title =
        line.card.as_ref().map_or_else(|| "work for a goal without a card".to_owned(), |card| clean(&card.title));
    pieces.push(Piece::new(title, if line.card.is_some() { name } else { Role::Quiet }));
    if !line.depends_on.is_empty() && !line.is_finished() {
        pieces.push(Piece::new(format!("  after {}", clean(&line.depends_on.join(", "))), Role::Quiet));
    }
    pieces
}

/// How far it is, in a few words.
fn stand(state: &State, line: &GoalLine) -> String {
    let count = |column: Column| line.work.of(column);
    if line.is_finished() {
        "finished".to_owned()
    } else if line.work.total() == 0 {
        match line.card.as_ref().and_then(|card| card.owner.as_deref().zip(card.claim_host.as_deref())) {
            Some(claim) => format!("with {}", clean(&state.owner_words(claim))),
            None => "not decomposed".to_owned(),
        }
    } else if count(Column::Blocked) > 0 {
        format!("{} blocked", count(Column::Blocked))
    } else if count(Column::Claimed) > 0 {
        format!("{} being worked on", count(Column::Claimed))
    } else if count(Column::Ready) > 0 {
        format!("{} ready", count(Column::Ready))
    } else if count(Column::Waiting) > 0 {
        format!("{} waiting", count(Column::Waiting))
    } else {
        "work is done".to_owned()
    }
}

fn bar(done: u64, total: u64) -> String {
    // Rounded down: a full bar says that all is done, and no rounding may say so before.
    let full = (done * BAR).checked_div(total).unwrap_or(0);
    (0..BAR).map(|cell| if cell < full { '\u{25b0}' } else { '\u{25b1}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::event::Event;
    use crate::app::tui::samples;
    use crate::app::tui::state::screen::Screen;
    use crate::app::tui::update::update;
    use crate::backlog::model::{Card, Claim, Stamp, Status};
    use crate::fleet::model::Size;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn text(view: &CardView) -> String {
        let line = |pieces: &[Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
        std::iter::once(line(&view.title))
            .chain(view.lines.iter().map(|pieces| line(pieces)))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn goal(name: &str, on: &[&str]) -> Card {
        Card {
            idempotency_key: Some(format!("goal:{name}")),
            depends_on: on.iter().map(|on| samples::id(on)).collect(),
            ..samples::card(name)
        }
    }

    fn goals() -> Goals {
        let done = |name: &str, on: &[&str]| Card { status: Status::Done, ..goal(name, on) };
        let claim = Claim {
            owner: "planner0".to_owned(),
            host: String::new(),
            ttl_seconds: 60,
            at: Stamp(0),
            since: Stamp(0),
            token: 1,
        };
        let held = Card { status: Status::Claimed, claim: Some(claim), ..goal("G3", &["G2"]) };
        let work = |goal: &str, column: Column, count: u64| (goal.to_owned(), column, count);
        Goals::of(
            vec![done("G1", &[]), done("G2", &["G1"]), held, goal("G4", &["G2"])],
            &[
                work("G1", Column::Done, 3),
                work("G2", Column::Done, 7),
                work("G2", Column::Blocked, 2),
                work("G2", Column::Claimed, 1),
                work("X", Column::Ready, 4),
            ],
        )
    }

    #[test]
    fn a_goal_says_how_far_it_is_and_leads_to_its_cards() {
        let mut state = State::new(Size { width: 120, height: 40 }, jiff::Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(samples::snapshot()));
        update(&mut state, Event::Board(samples::board([1, 4, 3, 1, 9]), jiff::Timestamp::UNIX_EPOCH));
        let press = |state: &mut State, code: KeyCode| {
            update(state, Event::Drawn(samples::DRAWN));
            update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
        };
        press(&mut state, KeyCode::Char('3'));
        let asked = press(&mut state, KeyCode::Char('v'));
        assert!(state.screen == Screen::Goals && state.goals.asked, "{asked:?}");
        assert!(text(&view(&state, 30)).contains("reading the backlog"));
        update(&mut state, Event::Goals(std::sync::Arc::new(Goals::default())));
        assert!(text(&view(&state, 30)).contains("north-star init"));
        update(&mut state, Event::Goals(std::sync::Arc::new(goals())));
        press(&mut state, KeyCode::Char('j'));
        insta::assert_snapshot!(text(&view(&state, 30)));
        assert_eq!(view(&state, 1).scroll, 1, "the selected one stays on the screen");
        press(&mut state, KeyCode::Enter);
        assert_eq!((state.screen, state.board.filter.text.as_str()), (Screen::Board, "goal:G2"));
        assert!(!state.goals.asked, "nobody looks at them any more");
        press(&mut state, KeyCode::Char('v'));
        press(&mut state, KeyCode::Esc);
        assert_eq!(state.screen, Screen::Board);
    }
}
