//! The one place that changes a [`State`] once it is on the screen: an event in, effects out. No I/O, no clocks.

mod answers;
mod keys;
mod mouse;
mod notices;
mod observed;
mod settings;
mod steps;

pub(in crate::app) use mouse::key_of;

use super::effect::Effect;
use super::event::Event;
use super::screens::{hand, held};
use super::state::State;
use crate::app::tui::screens::{activity, board, diff, escalations, form, goals, org, sheet, wall, watch};
use crate::app::tui::state::confirm::Reading;
use crate::app::tui::state::running::Running;
use crate::app::tui::state::screen::{Overlay, Screen};

/// Takes one event. What is to be done about it is asked for once: who drops that leaves the state waiting for an answer.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    // What comes from outside between a frame and a key may bring another row or card below the operator's finger.
    let from_outside =
        !matches!(event, Event::Key(_) | Event::Paste(_) | Event::Drawn(_) | Event::Click(_) | Event::Wheel(_));
    let before = from_outside.then(|| hand::all(state));
    if !from_outside && !matches!(event, Event::Drawn(_)) {
        if state.touched {
            state.rose = None;
        } else {
            state.touched = true;
            state.mark_seen();
        }
    }
    let kind = |state: &State| state.overlay.as_ref().map(std::mem::discriminant);
    let was_open = kind(state);
    match event {
        Event::Key(key) => {
            // Two presses in a row leave; any key between takes the first one back.
            state.leaving = state.leaving.saturating_sub(1);
            wall::touch(state);
            keys::press(state, key, &mut effects);
        }
        Event::Paste(text) => keys::paste(state, &text),
        Event::PasteStalled => {
            state.say("a paste is not whole yet: keys wait for its rest, Ctrl-C gives it up".to_owned(), true);
        }
        Event::Click(target) => mouse::click(state, target, &mut effects),
        Event::Wheel(motion) => mouse::wheel(state, motion, &mut effects),
        Event::Told { text, failed } => state.say(text, failed),
        Event::Resize(size) => {
            state.size = size;
            observed::measure(state);
            // With another size the marked line may have gone off the screen, and the popup has other lines.
            state.marked = None;
            if let Some(reading) = state.overlay.as_mut().and_then(Overlay::reading) {
                *reading = Reading::default();
            }
        }
        Event::Drawn(drawn) => {
            // A frame has shown where everything is now: what is pressed from here on is meant for it.
            state.shifted = false;
            state.came = false;
            let shown = drawn.popup.is_some_and(|lines| lines.marked);
            state.marked = state.mark().filter(|_| shown);
            if let (Some(Overlay::Answer(answer)), Some(lines)) = (&mut state.overlay, drawn.popup) {
                // Scrolling goes on from what is on the screen, wherever a search or its end led.
                answer.scroll = lines.first;
            }
            let reading = state.overlay.as_mut().and_then(Overlay::reading);
            if let (Some(reading), Some(lines)) = (reading, drawn.popup) {
                reading.show(lines);
            }
        }
        Event::Snapshot(snapshot) => {
            notices::take(state, &snapshot, &mut effects);
            state.output.take(&snapshot.agents, state.now);
            state.observed = Some(snapshot);
            observed::join_claims(state);
        }
        Event::Board(read, read_at) => {
            board::take_board(state, read, read_at);
            observed::join_claims(state);
        }
        Event::Goals(read) => goals::take(state, read),
        Event::Events(page) => activity::take_page(state, page),
        Event::Known(known) => activity::take_known(state, known),
        Event::ActivityLost(why) => state.activity.lost = Some(why),
        Event::Card(id, read) => board::take_card(state, &id, read),
        Event::BacklogLost(why) => {
            let since = state.board.lost.as_ref().map_or(state.now, |(_, since)| *since);
            state.board.lost = Some((why, since));
        }
        Event::Edited { card, text } => form::edited(state, &card, text, &mut effects),
        // What comes late belongs to a pane that is no longer in view.
        Event::Pane(pane, picture) if observed::in_view(state, &pane) => {
            state.pane.screen = Some(picture);
            state.pane.lost = None;
        }
        Event::PaneLost(pane, why) if observed::in_view(state, &pane) => state.pane.lost = Some(why),
        Event::Seen(seen) => wall::take_seen(state, seen),
        Event::History(pane, fetched) if observed::in_view(state, &pane) => watch::take_history(state, fetched),
        Event::Pane(..) | Event::PaneLost(..) | Event::History(..) => {}
        Event::Progress { sent, text } => {
            state.say_of(sent.id, format!("{}: {text}", sent.command));
            if let Some(running) = state.running.iter_mut().find(|running| running.sent.id == sent.id) {
                running.said = Some(text);
            }
        }
        // A sheet takes the answers of its own steps, as only it knows what follows.
        Event::Done { sent, report } if sheet::took(state, &sent, &report, &mut effects) => {}
        Event::Done { sent, report } => answers::take(state, sent, report),
        Event::OtherVersion(seeded) => sheet::offer_update(state, &seeded, &mut effects),
        Event::Offer(offer) => sheet::offered(state, offer.map(|offer| *offer)),
        Event::Persona(name, text) => org::take(state, name, text),
        Event::Diff(number, read) => diff::take(state, number, read, &mut effects),
        Event::Launch(name, settings) => sheet::read(state, &name, settings.map(|settings| *settings)),
        Event::Begin(begin) => settings::begin(state, *begin, &mut effects),
        Event::Settings(read) => settings::take(state, read, &mut effects),
        Event::Returned { command, report } => answers::tell(state, command, report),
        Event::Tick(now) => {
            state.now = now;
            if state.toast.as_ref().is_some_and(|toast| toast.until <= now) {
                state.toast = None;
            }
        }
        Event::WatchAgent(name) => {
            state.wanted = Some(name);
            state.screen = Screen::Watch;
            state.watch_only = true;
        }
    }
    // Before what follows the selection: a step may have changed it, and its pane is asked
    // for in the same event.
    steps::all(state, &mut effects);
    notices::say(state);
    wall::arrange(state);
    state.shifted |= before.is_some_and(|before| before != hand::all(state));
    held::show(state);
    // Whatever opened by itself is answered only once a frame showed it: keys of that moment were for what stood there.
    state.came |= from_outside && state.overlay.is_some() && kind(state) != was_open;
    escalations::follow(state);
    if !state.shows_mark() {
        // What is marked became another, or was closed: seen is only what a frame shows from here on.
        state.marked = None;
    }
    org::follow(state, &mut effects);
    observed::follow_selection(state, &mut effects);
    wall::look(state, &mut effects);
    board::follow(state, &mut effects);
    goals::follow(state, &mut effects);
    activity::follow(state, &mut effects);
    for effect in &effects {
        if let Effect::Run { sent, .. } = effect {
            state.running.push(Running { sent: sent.clone(), since: state.now, said: None });
        }
    }
    effects
}

#[cfg(test)]
mod activity_tests;
#[cfg(test)]
mod board_tests;
#[cfg(test)]
mod diff_tests;
#[cfg(test)]
mod escalations_tests;
#[cfg(test)]
mod facts_tests;
#[cfg(test)]
mod flight_tests;
#[cfg(test)]
mod form_tests;
#[cfg(test)]
mod marks_tests;
#[cfg(test)]
mod mouse_tests;
#[cfg(test)]
mod org_tests;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod sheet_tests;
#[cfg(test)]
mod shown_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wall_tests;
