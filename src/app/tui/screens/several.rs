//! What is done to several at once: to all agents or cards that are marked, each by a request of its own, asked about once
//! and told as one. What can be done to one only says so.

use crate::app::action::dispatch::Performer;
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ActionSpec, Argument, Danger, Door};
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::dispatch::{confirm_or_dispatch, refuses, resolve};
use crate::app::tui::screens::hand::{self, one_at_a_time};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Confirm, Subject};
use crate::app::tui::state::screen::Overlay;
use crate::backlog::model::CardId;

/// Says of what only looks, or goes somewhere, that it is about the selected agent or card and about no mark.
pub(in crate::app::tui) fn say_aside(state: &mut State, title: &str) {
    let cards: Vec<String> = state.marked_cards().iter().map(ToString::to_string).collect();
    let (marked, selected) = match cards.is_empty() {
        true => (state.batch_names(), hand::row(state).map(|row| row.name.to_string())),
        false => (cards, state.card_in_hand().map(|id| id.to_string())),
    };
    // With nothing but the selected one marked there is nothing that it leaves out.
    let left = marked.iter().filter(|name| selected.as_ref() != Some(name)).count();
    if let Some(selected) = selected.filter(|_| left > 0) {
        let text = format!("{title}: of {selected} alone; {} stay marked", marked.len());
        state.say(text, false);
    }
}

/// Whether an entry acts on a card. Escalations have ids as well.
pub(in crate::app::tui) fn takes_cards(spec: &ActionSpec) -> bool {
    spec.id.starts_with("backlog.") && spec.arguments.iter().any(|argument| argument.name == "id")
}

/// What an entry needs beside the card.
pub(in crate::app::tui) fn missing(spec: &ActionSpec) -> Option<&'static Argument> {
    spec.arguments.iter().find(|argument| argument.shape.is_required() && argument.name != "id")
}

/// The door by which a key comes to an entry: one that only the palette runs may have been given a key.
pub(in crate::app::tui) fn door_of(spec: &ActionSpec) -> Door {
    if spec.refusal(Door::Key).is_none() { Door::Key } else { Door::Palette }
}

/// Does to every one of these cards what an entry does to one: asked once where it asks.
pub(in crate::app::tui) fn to_cards(
    state: &mut State,
    spec: &'static ActionSpec,
    ids: &[CardId],
    effects: &mut Vec<Effect>,
) {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    if let Some(missing) = missing(spec) {
        let (title, count) = (spec.title, ids.len());
        let needed = missing.usage();
        let text = format!("{title}: needs {needed} for each card, and {count} are marked; Esc takes the marks away");
        return state.say(text, true);
    }
    let owned = |id: &CardId| (id.to_string(), state.owner_of(id));
    let subject = match ids {
        [only] => Subject::Card { id: only.to_string(), owner: state.owner_of(only) },
        several => Subject::Cards(several.iter().map(owned).collect()),
    };
    let inputs = names.into_iter().map(|name| Inputs::default().with("id", vec![name])).collect();
    each(state, spec, inputs, subject, effects);
}

/// Does to every one of these agents what an entry does to one.
pub(in crate::app::tui) fn to_agents(
    state: &mut State,
    spec: &'static ActionSpec,
    names: &[String],
    effects: &mut Vec<Effect>,
) {
    let inputs = names.iter().map(|name| Inputs::default().with("name", vec![name.clone()])).collect();
    each(state, spec, inputs, Subject::Agents(names.to_vec()), effects);
}

/// Does an entry once for each of these inputs. Each has its own answer, and one that fails holds up none of the others.
pub(in crate::app::tui) fn each(
    state: &mut State,
    spec: &'static ActionSpec,
    inputs: Vec<Inputs>,
    subject: Subject,
    effects: &mut Vec<Effect>,
) {
    let door = door_of(spec);
    if let [only] = inputs.as_slice() {
        return match resolve(state, spec, only, door) {
            Ok(resolved) => confirm_or_dispatch(state, spec, subject, resolved, effects),
            Err(why) => state.say(why, true),
        };
    }
    let (mut asked, count) = (Vec::new(), inputs.len());
    for inputs in inputs {
        match resolve(state, spec, &inputs, door) {
            Ok((command, Performer::Executor(request))) => asked.push((state.request(command), request)),
            // A view shows one, and so does the terminal.
            Ok(_) => return state.say(one_at_a_time(spec.title, "of them", count), true),
            Err(why) => return state.say(why, true),
        }
    }
    // Before anything is asked: a question whose answer may not be acted on is none.
    if asked.iter().any(|(_, request)| request.writes()) && refuses(state, true) {
        return;
    }
    if let Danger::Confirm(verb) = spec.danger {
        let mut asked = asked.into_iter();
        if let Some((sent, request)) = asked.next() {
            let confirm = Confirm::new(sent, verb, subject, request);
            state.overlay = Some(Overlay::Confirm(Confirm { more: asked.collect(), ..confirm }));
        }
        return;
    }
    state.begin_together(asked.iter().map(|(sent, _)| sent.id).collect());
    for (sent, request) in asked {
        super::dispatch::send(state, sent, request, effects);
    }
}
