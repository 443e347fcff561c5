//! What an agent's work tree holds and another state does not: read-only, scrolled, searched.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::{Direction, Motion};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::screens::parts::{FilterParts, ViewParts};
use crate::app::tui::state::State;
use crate::app::tui::state::diff::{DiffState, Row};
use crate::app::tui::state::screen::Screen;
use crate::app::tui::state::text_input::TextInput;
use crate::fleet::git::{Against, Diff};

/// Columns that one step to the side moves.
const SIDE_STEP: usize = 16;

/// Said of what cannot come higher: the last page is full.
const ON_SCREEN: &str = "it is on the screen already";

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: Some(FilterParts {
        press: press_in_search,
        paste: |state, text| {
            let cut = state.diff.search.insert(text);
            find(state, 0, true);
            cut
        },
    }),
    motion: |state, motion, _| scroll(state, motion),
    peel,
};

/// Opens the diff of an agent.
pub(in crate::app::tui) fn open(state: &mut State, name: String, against: Against, effects: &mut Vec<Effect>) {
    // What was read of the same agent stays on the screen until the new one is there.
    if state.diff.name != name {
        // No number comes twice: an answer to an earlier question is none to this one.
        state.diff = DiffState { name, number: state.diff.number, ..DiffState::default() };
    }
    (state.diff.against, state.diff.chosen) = (against, against == Against::Base);
    state.pane.history = None;
    state.open(Screen::Diff);
    ask(state, effects);
}

/// Reads it again.
pub(in crate::app::tui) fn again(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.diff.chosen {
        state.diff.against = Against::Commit;
    }
    ask(state, effects);
}

/// Compares with the branch that the agent's own began at, or with its commit again: the other one than is on the screen.
pub(in crate::app::tui) fn turn(state: &mut State, effects: &mut Vec<Effect>) {
    let diff = &mut state.diff;
    let shown = match diff.diff() {
        // Of several presses in a row each counts.
        Some(shown) if !diff.chosen || !diff.reading => shown.against,
        None if !diff.chosen => Against::Commit,
        _ => diff.against,
    };
    diff.against = match shown {
        Against::Base => Against::Commit,
        Against::Commit => Against::Base,
    };
    diff.chosen = true;
    ask(state, effects);
}

/// Has it read, one at a time: a key that is held down must not start a git for each of its presses.
fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let diff = &mut state.diff;
    if diff.reading {
        diff.again = true;
        return;
    }
    (diff.reading, diff.number) = (true, diff.number + 1);
    effects.push(Effect::ReadDiff { name: diff.name.clone(), against: diff.against, number: diff.number });
}

/// Takes what was read.
pub(in crate::app::tui) fn take(
    state: &mut State,
    number: u64,
    read: Result<Arc<Diff>, String>,
    effects: &mut Vec<Effect>,
) {
    // Another agent's is on the screen by now, or this one's was opened again.
    if !state.diff.reading || state.diff.number != number {
        return;
    }
    state.diff.reading = false;
    if std::mem::take(&mut state.diff.again) {
        return ask(state, effects);
    }
    // Who commits its work would else have nothing to show.
    let is_committed = |diff: &Diff| diff.tree.is_clean() && diff.committed().is_some();
    let instead_of = state.diff.instead_of.take();
    let read = match read {
        Ok(diff) if !state.diff.chosen && is_committed(&diff) => {
            state.diff.against = Against::Base;
            state.diff.instead_of = Some(diff);
            return ask(state, effects);
        }
        Err(why) => match instead_of {
            // Nobody asked for the branch.
            Some(diff) if !state.diff.chosen => {
                state.diff.against = Against::Commit;
                if state.screen == Screen::Diff {
                    state.say(why, true);
                }
                // Nor can it be shown.
                Ok(Arc::new(Diff { base: None, ..Diff::clone(&diff) }))
            }
            _ => Err(why),
        },
        read => read,
    };
    let shown = |diff: &DiffState| diff.diff().map(|diff| diff.against);
    if shown(&state.diff).is_some_and(|before| read.as_ref().is_ok_and(|diff| diff.against != before)) {
        (state.diff.top, state.diff.side) = (0, 0);
    }
    let rows = read.as_ref().map_or_else(|_| Vec::new(), |diff| rows(diff));
    let is_head = |row: &Row| matches!(row, Row::File(_) | Row::New);
    state.diff.heads = Arc::new((0..rows.len()).filter(|at| is_head(&rows[*at])).collect());
    state.diff.rows = Arc::new(rows);
    state.diff.read = Some(read);
    // It may be shorter than before.
    state.diff.top = state.diff.top.min(last(state));
}

fn rows(diff: &Diff) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, file) in diff.files.iter().enumerate() {
        if at > 0 {
            rows.push(Row::Blank);
        }
        rows.push(Row::File(at));
        rows.extend((0..file.lines.len()).map(|line| Row::Line(at, line)));
        rows.extend((file.more_lines > 0).then_some(Row::More(at)));
    }
    rows.extend(diff.cut.then_some(Row::Cut));
    if !diff.untracked.is_empty() {
        rows.extend((!rows.is_empty()).then_some(Row::Blank));
        rows.push(Row::New);
        rows.extend((0..diff.untracked.len()).map(Row::Name));
        rows.extend((diff.tree.untracked > diff.untracked.len() as u64).then_some(Row::MoreNames));
    }
    rows
}

/// The first line of the last page.
fn last(state: &State) -> usize {
    state.diff.rows.len().saturating_sub(present::diff::page(state))
}

fn peel(state: &mut State) -> bool {
    if state.is_filtered() {
        state.diff.searching = false;
        state.diff.search = TextInput::default();
        return true;
    }
    state.screen = state.back.pop().unwrap_or_default();
    true
}

fn scroll(state: &mut State, motion: Motion) {
    let page = present::diff::page(state).max(2);
    let top = state.diff.top;
    let to = match motion {
        Motion::Up => top.saturating_sub(1),
        Motion::Down => top + 1,
        Motion::HalfUp => top.saturating_sub(page / 2),
        Motion::HalfDown => top + page / 2,
        Motion::First => 0,
        Motion::Last => usize::MAX,
    };
    state.diff.top = to.min(last(state));
}

/// Moves long lines to the side.
pub(in crate::app::tui) fn side(state: &mut State, direction: Direction) {
    match direction {
        Direction::Left => state.diff.side = state.diff.side.saturating_sub(SIDE_STEP),
        Direction::Right => state.diff.side = (state.diff.side + SIDE_STEP).min(present::diff::widest(state)),
        // To the head of the file before, or of the next one.
        Direction::Up | Direction::Down => {
            let (heads, top) = (&state.diff.heads, state.diff.top);
            let to = if direction == Direction::Down {
                heads.get(heads.partition_point(|head| *head <= top))
            } else {
                heads[..heads.partition_point(|head| *head < top)].last()
            };
            match to.copied() {
                // A search may have gone further than the last page begins.
                Some(to) if to > top && last(state) <= top => state.say(ON_SCREEN.to_owned(), false),
                Some(to) => go_to(state, to),
                None => state.say("no other file there".to_owned(), false),
            }
        }
    }
}

/// Goes to a file that was clicked, if it still begins there.
pub(in crate::app::tui) fn click(state: &mut State, row: usize, name: &str) {
    let is_it = match state.diff.rows.get(row) {
        Some(Row::New) => true,
        Some(head @ Row::File(_)) => state.diff.text(*head) == name,
        _ => false,
    };
    if state.screen == Screen::Diff && is_it {
        go_to(state, row);
    }
}

/// Brings a line to the top of the screen, as far as there are lines below it.
fn go_to(state: &mut State, row: usize) {
    let to = row.min(last(state));
    if state.diff.top == to {
        state.say(ON_SCREEN.to_owned(), false);
    }
    state.diff.top = to;
}

/// Lets keys go into what is searched.
pub(in crate::app::tui) fn search(state: &mut State) {
    state.diff.searching = true;
}

/// To the next line that holds what is searched, or the one before.
pub(in crate::app::tui) fn next(state: &mut State, forward: bool) {
    if state.diff.search.text.is_empty() {
        return state.say("nothing is searched yet: / takes a text".to_owned(), false);
    }
    let from = if forward { state.diff.top + 1 } else { state.diff.top };
    // From the line behind, else the search would find for ever the line on which it is.
    if !find(state, from, forward) {
        let searched = crate::plain::quoted(&state.diff.search.text);
        let is_whole = !state.diff.rows.iter().any(|row| matches!(row, Row::More(_) | Row::Cut | Row::MoreNames));
        let told = if is_whole {
            format!("no line holds {searched}")
        } else {
            format!("no line that is shown holds {searched}; more lines are not shown, and not searched")
        };
        state.say(told, true);
    }
}

/// Goes to a line that holds what is searched, round the end; whether there is one.
fn find(state: &mut State, from: usize, forward: bool) -> bool {
    let rows = Arc::clone(&state.diff.rows);
    let is_found = |at: &usize| state.diff.is_found(rows[*at]);
    let from = from.min(rows.len());
    let found = if forward {
        (from..rows.len()).find(is_found).or_else(|| (0..from).find(is_found))
    } else {
        (0..from).rev().find(is_found).or_else(|| (from..rows.len()).rev().find(is_found))
    };
    if let Some(found) = found {
        state.diff.top = found;
    }
    found.is_some()
}

fn press_in_search(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter => state.diff.searching = false,
        KeyCode::Esc => {
            peel(state);
        }
        KeyCode::Down => next(state, true),
        KeyCode::Up => next(state, false),
        _ => {
            if state.diff.search.edits(key) {
                // From where one is, so that a longer text does not jump on.
                find(state, state.diff.top, true);
            }
        }
    }
}
