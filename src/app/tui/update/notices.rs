//! Who begins to need the operator: said at the bottom, and outside of the screen by the means that are set.

use jiff::ToSpan;

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::hand;
use crate::app::tui::state::State;
use crate::fleet::model::FleetSnapshot;

/// How long nothing is told of an agent that is put off.
const SNOOZE_HOURS: i64 = 1;

/// Takes a look.
pub(super) fn take(state: &mut State, snapshot: &FleetSnapshot, effects: &mut Vec<Effect>) {
    let news = state.notices.look(snapshot, state.now);
    let told = match news.as_slice() {
        [] => return,
        [one] => one.line(),
        many => {
            let names: Vec<&str> = many.iter().map(|notice| notice.agent.as_str()).collect();
            format!("{} agents need you: {}", many.len(), names.join(", "))
        }
    };
    // Only the newest is kept: the list itself shows all of them, and a line at the bottom one.
    state.notices.waiting = Some(told);
    if state.settings.notifications.any(state.now, &state.zone) {
        effects.push(Effect::Notify(news));
    }
}

/// Says what waits to be said, where it takes no answer of the operator's own from the screen.
pub(super) fn say(state: &mut State) {
    if state.toast.is_none()
        && let Some(told) = state.notices.waiting.take()
    {
        state.say(told, true);
    }
}

/// Puts the selected agent off for a while, or all that are marked; or takes that back, where each of them is put off.
pub(super) fn snooze(state: &mut State) {
    let mut names = state.batch_names();
    if names.is_empty() {
        names.extend(hand::row(state).filter(|row| row.managed).map(|row| row.name.to_string()));
    }
    if names.is_empty() {
        return state.say("snooze: no agent of the roster is selected".to_owned(), true);
    }
    let who = if let [only] = names.as_slice() { only.clone() } else { format!("{} agents", names.len()) };
    if names.iter().all(|name| state.notices.snoozed.contains_key(name)) {
        state.notices.snoozed.retain(|name, _| !names.contains(name));
        let are = if names.len() == 1 { "is" } else { "are" };
        return state.say(format!("{who} {are} told of again"), false);
    }
    let until = state.now.checked_add(SNOOZE_HOURS.hours()).unwrap_or(state.now);
    let clock = state.zone.to_datetime(until).strftime("%H:%M");
    state.say(format!("nothing is told of {who} until {clock}; again takes that back"), false);
    state.notices.snoozed.extend(names.into_iter().map(|name| (name, until)));
}
