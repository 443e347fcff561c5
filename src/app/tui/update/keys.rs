//! Keys: the topmost layer takes a press first, then the registry's table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::SignedDuration;

use crate::app::action::ScreenAction;
use crate::app::action::inputs::Inputs;
use crate::app::action::keymap::Chord;
use crate::app::action::registry::{ActionSpec, Argument, Build, Danger};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::dispatch::{confirm_or_dispatch, resolve};
use crate::app::tui::screens::hand::one_at_a_time;
use crate::app::tui::screens::{hand, of_popup, of_view, palette, several};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::Subject;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::update::steps;

/// Who looks at the screen has seen by then what moved there by itself, also behind a slow link.
const SEEN: SignedDuration = SignedDuration::from_secs(1);

/// The key that came behind an Esc, where both came as one: a fast hand or a slow link sends them together, and they are
/// read as that key with Alt. In a text that is being typed Esc would drop it, and there Alt means something.
fn behind_esc(state: &State, key: KeyEvent) -> Option<KeyEvent> {
    let types = match &state.overlay {
        Some(Overlay::Answer(answer)) => answer.search.typing,
        Some(overlay) => of_popup(overlay).text.is_some(),
        None => state.is_filtering(),
    };
    let both = key.modifiers.contains(KeyModifiers::ALT)
        && matches!(key.code, KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace);
    let second = KeyEvent::new(key.code, key.modifiers.difference(KeyModifiers::ALT));
    (both && !types).then_some(second)
}

/// Takes one key press.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    // Terminals with the enhanced keyboard tell when a key comes up, which would do everything twice.
    if key.kind == KeyEventKind::Release {
        return;
    }
    let chord = Chord::of(key);
    let at = state.standing();
    let meant = state.keys.lookup(&at, chord);
    if meant.is_none()
        && let Some(second) = behind_esc(state, key)
    {
        press(state, KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE), effects);
        // What has to be read before it is answered is left by Esc. Should it still stand there, whatever comes behind is
        // not meant as its answer.
        return match state.overlay.as_mut().and_then(Overlay::reading) {
            Some(_) => {}
            None => press(state, second, effects),
        };
    }
    // These work in every layer, a text field included.
    if let Some(spec) = meant
        && !chord.is_text()
        && matches!(spec.id, "app.quit" | "app.suspend" | "app.redraw")
    {
        return perform(state, spec, effects);
    }
    if layout_of(state).too_small {
        // Nothing is shown that a key could mean.
        let typing = state.overlay.is_some() || state.is_filtering();
        if !typing && chord == Chord::of(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE)) {
            effects.push(Effect::Quit);
        }
        return;
    }
    if let Some(overlay) = &state.overlay {
        let parts = of_popup(overlay);
        // Ctrl or Alt with a letter is not the letter.
        let means_something =
            parts.text.is_some() || !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        // What came by itself since the last frame is not what the key was meant for.
        if means_something && !state.came {
            (parts.press)(state, key, effects);
        }
        return;
    }
    if let Some(filter) = of_view(state.screen).filter.as_ref().filter(|_| state.is_filtering()) {
        return (filter.press)(state, key, effects);
    }
    match meant {
        Some(spec) => perform(state, spec, effects),
        None => state.say(state.keys.refusal(&at, chord), false),
    }
}

/// Pasted text goes where typed text goes; a view takes none.
pub(super) fn paste(state: &mut State, text: &str) {
    if layout_of(state).too_small {
        return;
    }
    let cut = if let Some(overlay) = &state.overlay {
        if state.came {
            return state.say("the screen changed just now; look, and paste it again".to_owned(), true);
        }
        let input = of_popup(overlay).text.and_then(|text| text(state));
        input.map_or(0, |input| input.insert(text))
    } else if let Some(filter) = of_view(state.screen).filter.as_ref().filter(|_| state.is_filtering()) {
        (filter.paste)(state, text)
    } else {
        0
    };
    if cut > 0 {
        state.say(format!("the paste was cut: {cut} characters did not fit"), true);
    }
}

/// Takes a step of the screen that no key asked for, unless nothing is shown.
pub(super) fn perform_screen(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    if !layout_of(state).too_small {
        steps::apply(state, action, effects);
    }
}

/// Builds the action of a key from what is selected, and performs or asks.
pub(super) fn perform(state: &mut State, spec: &'static ActionSpec, effects: &mut Vec<Effect>) {
    // What rose by itself may not have been seen yet, though a frame shows it: nobody has said that they look.
    let rose = state.rose.is_some_and(|rose| state.now.duration_since(rose) < SEEN);
    if (state.shifted || rose) && acts_on_a_target(spec) {
        let text = format!("{}: the screen moved just now; look, and press it again", spec.title);
        return state.say(text, true);
    }
    // Sessions of others are only looked at; what acts needs an agent of the roster.
    let selected = hand::row(state).filter(|row| row.managed || spec.id == "agent.watch" || spec.id == "agent.explain");
    let mut names: Vec<String> = selected.map(|row| row.name.to_string()).into_iter().collect();
    let marked = state.batch_names();
    let has = |name: &str| spec.arguments.iter().any(|argument| argument.name == name);
    if !marked.is_empty() && has("agents") {
        names = marked;
    } else if !marked.is_empty() && has("name") && spec.writes {
        match (marked.len(), spec.danger) {
            (1, _) => names = marked,
            (_, Danger::Confirm(_)) => return several::to_agents(state, spec, &marked, effects),
            (count, Danger::None) => return state.say(one_at_a_time(spec.title, "agent", count), true),
        }
    }
    let cards = hand::cards(state);
    if cards.len() > 1 && several::takes_cards(spec) {
        return several::to_cards(state, spec, &cards, effects);
    }
    let owner = cards.first().and_then(|id| state.owner_of(id));
    let card: Vec<String> = cards.iter().map(ToString::to_string).collect();
    let mut inputs = Inputs::default();
    let mut subject = Subject::Fleet;
    for argument in spec.arguments {
        let (values, missing) = match argument.name {
            "name" | "agents" => (&names, "no agent of the roster is selected"),
            "id" if several::takes_cards(spec) => (&card, "no card is selected"),
            _ => continue,
        };
        if values.is_empty() {
            state.say(format!("{}: {missing}", spec.title), true);
            return;
        }
        subject = match argument.name {
            // Whose work it ends is what the question is about.
            "id" => Subject::Card { id: values.join(", "), owner: owner.clone() },
            _ => Subject::Agents(values.clone()),
        };
        inputs = inputs.with(argument.name, values.clone());
    }
    let is_missing = |argument: &&Argument| argument.shape.is_required() && inputs.one(argument.name).is_none();
    if spec.arguments.iter().any(|argument| is_missing(&argument)) {
        // What is selected does not say it all: the rest is typed.
        return palette::open_with(state, spec, &inputs);
    }
    match resolve(state, spec, &inputs, several::door_of(spec)) {
        Ok(resolved) => confirm_or_dispatch(state, spec, subject, resolved, effects),
        Err(why) => return state.say(why, true),
    }
    if !spec.writes && has("name") {
        several::say_aside(state, spec.title);
    }
}

/// Whether an entry acts on what is selected.
pub(super) fn acts_on_a_target(spec: &ActionSpec) -> bool {
    match spec.build {
        Build::Screen(action) => action.acts_on_selection(),
        Build::From(_) => spec.arguments.iter().any(|argument| matches!(argument.name, "name" | "agents" | "id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::registry::{ACTIONS, Doors, Key, Place};
    use crate::app::tui::event::Event;
    use crate::app::tui::samples;
    use crate::app::tui::update::update;
    use crate::fleet::model::Size;

    #[test]
    fn a_key_whose_command_needs_more_than_what_is_selected_opens_the_palette_with_it() {
        let mut state = State::new(Size { width: 120, height: 40 }, jiff::Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(samples::snapshot()));
        update(&mut state, Event::Drawn(samples::DRAWN));
        let wait = ACTIONS.iter().find(|spec| spec.id == "agent.wait").unwrap();
        let doors = Doors { key: Key::In(Place::Fleet, &["W"]), ..wait.doors };
        let with_key = Box::leak(Box::new(ActionSpec { doors, ..*wait }));
        let mut effects = Vec::new();
        perform(&mut state, with_key, &mut effects);
        let Some(Overlay::Palette(palette)) = &state.overlay else { panic!("{:?}", state.overlay) };
        assert_eq!((palette.line.text.as_str(), effects.len()), ("agent wait review ", 0));
        assert!(palette.notice.as_ref().is_some_and(|usage| usage.contains("--until UNTIL")), "{palette:?}");
    }
}
