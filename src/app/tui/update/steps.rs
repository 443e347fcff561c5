//! What changes the screen only, and which screen takes it.

use crate::app::action::ScreenAction;
use crate::app::action::dispatch::OnScreen;
use crate::app::action::inputs::Inputs;
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::{
    activity, board, card, copy, diff, dispatch, escalations, fleet, goals, hand, held, of_view, org, palette, prompt,
    question, running, several, sheet, wall,
};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Confirm, Subject};
use crate::app::tui::state::explain::Explain;
use crate::app::tui::state::help::Help;
use crate::app::tui::state::prompt::Question;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::app::tui::state::settings::SettingsList;
use crate::app::tui::update::notices;

/// Takes the steps that wait, and those that they lead to.
pub(super) fn all(state: &mut State, effects: &mut Vec<Effect>) {
    // A step may lead to another, as a watch opens a view, and all belong to the key that was pressed.
    while let Some(step) = state.steps.pop_front() {
        follow(state, step, effects);
    }
}

/// Does what is done on this screen.
fn follow(state: &mut State, step: OnScreen, effects: &mut Vec<Effect>) {
    match step {
        OnScreen::Step(action) => apply(state, action, effects),
        OnScreen::Watch(name) => {
            if select(state, &name) {
                state.open(Screen::Watch);
                state.pane.pan = None;
            }
        }
        OnScreen::Explain(name) => {
            if select(state, &name) {
                state.overlay = Some(Overlay::Explain(Explain::default()));
            }
        }
        OnScreen::Diff(name, against) => {
            if select(state, &name) {
                diff::open(state, name, against, effects);
            }
        }
    }
}

/// Selects an agent's row, or the session's that is selected already; whether there is one.
fn select(state: &mut State, name: &str) -> bool {
    if state.selected_row().is_some_and(|row| row.name.as_str() == name) {
        return true;
    }
    match state.row_named(name).map(|row| row.key) {
        Some(key) => {
            fleet::select(state, key);
            true
        }
        None => {
            state.say(format!("{name} has no row"), true);
            false
        }
    }
}

/// Takes a step.
pub(in crate::app::tui) fn apply(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    match action {
        ScreenAction::Quit => leave(state, effects),
        ScreenAction::Back => {
            // A moved cut-out shows no sign of being a layer; only Esc takes it back.
            let only_panned = state.pane.pan.is_some() && !state.has_layers();
            if only_panned || !peel(state) {
                leave(state, effects);
            }
        }
        ScreenAction::Peel => {
            if state.watch_only && state.screen == Screen::Watch && state.pane.history.is_none() {
                leave(state, effects);
            } else {
                peel(state);
            }
        }
        ScreenAction::Help => state.overlay = Some(Overlay::Help(Help::default())),
        ScreenAction::Palette => palette::open(state),
        ScreenAction::Snooze => notices::snooze(state),
        ScreenAction::Copy => {
            copy::open(state);
            several::say_aside(state, "copy");
        }
        ScreenAction::Escalations => escalations::open(state),
        ScreenAction::Settings => state.overlay = Some(Overlay::Settings(SettingsList::default())),
        ScreenAction::Redraw => effects.push(Effect::Redraw),
        ScreenAction::Suspend => effects.push(Effect::Suspend),
        ScreenAction::Pause => pause(state),
        ScreenAction::Move(motion) => (of_view(state.screen).motion)(state, motion, effects),
        ScreenAction::ViewFleet => fleet::view(state),
        ScreenAction::ViewWall => wall::view(state),
        ScreenAction::Tile(direction) => wall::step(state, direction),
        ScreenAction::Freeze => wall::freeze(state),
        ScreenAction::Follow => wall::follow(state),
        ScreenAction::Fold => wall::fold(state),
        ScreenAction::Mark => fleet::mark(state),
        ScreenAction::Order(forward) => fleet::order(state, forward),
        ScreenAction::OpenFacts => fleet::open_facts(state),
        ScreenAction::ScrollFacts(direction) => fleet::scroll_facts(state, direction),
        ScreenAction::Filter => state.filter.editing = true,
        ScreenAction::NextAttention => fleet::next_attention(state),
        ScreenAction::Pan(direction) => fleet::pan(state, direction),
        ScreenAction::AskMessage => ask_message(state),
        ScreenAction::Answer => {
            question::open(state);
            if state.overlay.is_some() {
                several::say_aside(state, "answer");
            }
        }
        ScreenAction::AskBroadcast => ask_broadcast(state),
        ScreenAction::ViewActivity => activity::view(state),
        ScreenAction::FilterActivity => activity::filter(state),
        ScreenAction::OpenEvent => activity::open_event(state),
        ScreenAction::Plots => activity::plots(state),
        ScreenAction::Span => activity::longer(state),
        ScreenAction::Running => running::open(state),
        ScreenAction::ViewOrg => org::view(state),
        ScreenAction::ScrollPersona(direction) => org::scroll(state, direction),
        ScreenAction::Side(direction) => diff::side(state, direction),
        ScreenAction::DiffAgain => diff::again(state, effects),
        ScreenAction::DiffAgainst => diff::turn(state, effects),
        ScreenAction::Search => diff::search(state),
        ScreenAction::NextFound(forward) => diff::next(state, forward),
        ScreenAction::ShowPersona => {
            sheet::show_persona(state, effects);
            several::say_aside(state, "persona");
        }
        ScreenAction::LaunchSettings => sheet::ask_launch(state, effects),
        ScreenAction::FirstFleet => effects.push(Effect::ReadOffer),
        ScreenAction::ViewBoard => board::view(state),
        ScreenAction::ViewGoals => goals::view(state),
        ScreenAction::GoalCards => goals::cards(state),
        ScreenAction::Column(direction) => board::column(state, direction),
        ScreenAction::MarkCard => board::mark(state),
        ScreenAction::FilterBoard => board::filter(state),
        ScreenAction::Jump => card::jump(state, effects),
        ScreenAction::NewCard => card::new_card(state),
        ScreenAction::Undo => card::undo(state, effects),
        ScreenAction::OpenCard => card::apply(state, card::Step::Open, effects),
        ScreenAction::EditCard => card::apply(state, card::Step::Edit, effects),
        ScreenAction::CardInEditor => card::apply(state, card::Step::Editor, effects),
        ScreenAction::ClaimFor => card::apply(state, card::Step::Claim, effects),
        ScreenAction::AskBlock => card::apply(state, card::Step::Block, effects),
        ScreenAction::AskLink => card::apply(state, card::Step::Link, effects),
        ScreenAction::MoveCard => card::apply(state, card::Step::Move, effects),
        ScreenAction::Priority(by) => card::apply(state, card::Step::Priority(by), effects),
    }
}

/// Asks why before it pauses, and once more before it goes on.
fn pause(state: &mut State) {
    let paused = state.snapshot.as_ref().and_then(|snapshot| snapshot.paused.as_ref());
    if paused.is_none() {
        return prompt::ask(state, Question::Pause);
    }
    match dispatch::resolve_request(state, "fleet.resume", &Inputs::default()) {
        Ok((command, request)) => {
            let sent = state.request(command);
            state.overlay = Some(Overlay::Confirm(Confirm::new(sent, "Resume", Subject::Fleet, request)));
        }
        Err(why) => state.say(why, true),
    }
}

/// Leaves, unless something still runs that the operator has not been told of.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let refused = held::hold_typing(state);
    if state.running.is_empty() && !refused || state.leaving > 0 {
        return effects.push(Effect::Quit);
    }
    // This press and the next one.
    state.leaving = 2;
    let text = if refused {
        "what you typed before was refused, and waits for you; again leaves, and drops it".to_owned()
    } else {
        let running: Vec<&str> = state.running.iter().map(|running| running.sent.command.as_str()).collect();
        format!("still runs: {}; again leaves, once it is finished", running.join(", "))
    };
    state.say(text, true);
}

/// Takes the topmost layer away; `false` when only the base view is left.
fn peel(state: &mut State) -> bool {
    state.overlay.take().is_some() || (of_view(state.screen).peel)(state)
}

fn ask_message(state: &mut State) {
    match <[String; 1]>::try_from(state.batch_names()) {
        Ok([only]) => return prompt::ask(state, Question::Message(only)),
        Err(none) if none.is_empty() => {}
        Err(several) => return prompt::ask(state, Question::Broadcast(several)),
    }
    match hand::row(state).filter(|row| row.managed).map(|row| row.name.to_string()) {
        Some(name) => prompt::ask(state, Question::Message(name)),
        None => state.say("message: no agent of the roster is selected".to_owned(), true),
    }
}

fn ask_broadcast(state: &mut State) {
    let mut names = state.batch_names();
    if names.is_empty() {
        names = state.rows().iter().filter(|row| row.managed).map(|row| row.name.to_string()).collect();
    }
    if names.is_empty() {
        return state.say("broadcast: the list shows no agent".to_owned(), true);
    }
    prompt::ask(state, Question::Broadcast(names));
}
