//! What can be copied of what is selected: texts as they were when the list was opened.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::hand;
use crate::app::tui::screens::parts::{PopupParts, opens_again};
use crate::app::tui::state::State;
use crate::app::tui::state::copy::{Copy, Item};
use crate::app::tui::state::marks::UNSEEN;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::fleet::model::{PaneScreen, shell_word};

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

/// Opens the list, where there is anything.
pub(in crate::app::tui) fn open(state: &mut State) {
    let items = items(state);
    if items.is_empty() {
        return state.say("copy: nothing is selected".to_owned(), true);
    }
    let of = of_what(state).unwrap_or_default();
    state.overlay = Some(Overlay::Copy(Copy { of, items, at: 0 }));
}

/// What is selected, in a word.
fn of_what(state: &State) -> Option<String> {
    match state.screen {
        // A diff is of an agent, and an event of what it tells of.
        Screen::Diff => hand::row(state).map(|row| row.name.to_string()),
        Screen::Activity => state.activity.selected().map(|event| event.subject().to_owned()),
        Screen::Fleet | Screen::Wall | Screen::Watch | Screen::Board | Screen::Card | Screen::Goals | Screen::Org => {
            hand::target_words(state)
        }
    }
}

fn items(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    let mut add = |key: char, what: &'static str, text: String| {
        if !text.trim().is_empty() {
            items.push(Item { key, what, text });
        }
    };
    let command = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        format!("{}mosaic-tui {}", state.prefix, words.join(" "))
    };
    // A diff is of the selected agent as well, though keys there act on files.
    let row = if state.screen.is_of_agents() || state.screen == Screen::Diff { hand::row(state) } else { None };
    if let Some(row) = row {
        add('n', "name", row.name.to_string());
        add('p', "pane text", pane_text(state));
        add('r', "reason", row.reason.to_string());
        add('i', "card id", row.claim.as_ref().map(|claim| claim.card.to_string()).unwrap_or_default());
        if row.managed {
            add('c', "command", command(&["agent", "watch", row.name.as_str()]));
        }
    }
    if matches!(state.screen, Screen::Board | Screen::Card)
        && let Some(id) = state.card_in_hand()
    {
        add('i', "card id", id.to_string());
        let title = match state.screen {
            Screen::Card => state.board.shown().map(|shown| &shown.card.title),
            _ => state.board.selected().map(|card| &card.title),
        };
        add('t', "title", title.cloned().unwrap_or_default());
        add('c', "command", command(&["backlog", "show", id.as_str()]));
    }
    if let Some(event) = state.activity.selected().filter(|_| state.screen == Screen::Activity) {
        add('n', "name", event.agent.clone().unwrap_or_default());
        add('i', "card id", event.card.clone().unwrap_or_default());
        add('w', "what was done", event.what.clone());
        add('x', "text", event.text.clone());
    }
    items
}

/// The text of the pane in view, with its scrollback where that is looked at.
fn pane_text(state: &State) -> String {
    let history = state.pane.history.as_ref().and_then(|history| history.screen.as_ref());
    let Some(picture) = history.or(state.pane.screen.as_ref()) else { return String::new() };
    text_of(picture)
}

fn text_of(picture: &PaneScreen) -> String {
    let lines: Vec<String> = (0..picture.size.height).map(|row| picture.row_text(row)).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines[..end].join("\n")
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return state.say(UNSEEN.to_owned(), true);
    }
    let again = opens_again(state, key, "app.copy");
    let Some(Overlay::Copy(copy)) = &mut state.overlay else { return };
    let last = copy.items.len().saturating_sub(1);
    let chosen = match key.code {
        KeyCode::Char(c) => copy.items.iter().position(|item| item.key == c),
        KeyCode::Enter => (copy.at < copy.items.len()).then_some(copy.at),
        _ => None,
    };
    if let Some(at) = chosen {
        // As it was when the list was opened: a pane may have scrolled on meanwhile.
        let Item { what, text, .. } = copy.items.swap_remove(at);
        state.overlay = None;
        effects.push(Effect::Copy { what: what.to_owned(), text });
        return;
    }
    match key.code {
        // The key that opened it closes it too, where no entry has it.
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        _ if again => state.overlay = None,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => copy.at = (copy.at + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => copy.at = copy.at.saturating_sub(1),
        _ => {}
    }
}
