//! What waits for its answer, and what waits to be shown: forms that were left while their answer was on its way, and
//! answers that came while something else is open.

use crate::app::action::dispatch::RequestId;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::together::Together;

/// Answers that are kept while something else is open.
const MAX_ANSWERS: usize = 32;

/// Leaves what is open to get its answer by itself; refused, it comes back as it was typed.
pub(in crate::app::tui) fn detach(state: &mut State) {
    state.detached.extend(state.overlay.take());
}

/// An answer to what was typed into a form or a question: it closes, or says why it was refused and keeps what is
/// typed. Whether that told it.
pub(in crate::app::tui) fn answered(state: &mut State, id: RequestId, failed: Option<&str>) -> bool {
    if let Some(at) = state.detached.iter().position(|left| left.sent() == Some(id)) {
        let mut left = state.detached.remove(at);
        if let Some(why) = failed {
            if matches!(&left, Overlay::Prompt(prompt) if prompt.is_message()) {
                // Its receipt is an answer of its own, and the text is among the earlier messages.
                return false;
            }
            refuse(state, &mut left, why);
            keep(state, left);
        }
        return true;
    }
    let Some(mut open) = state.overlay.take_if(|open| open.sent() == Some(id)) else { return false };
    if let Some(why) = failed {
        refuse(state, &mut open, why);
        state.overlay = Some(open);
    }
    true
}

/// The last of the answers to what was typed once for several: it comes back for those that refused it.
pub(in crate::app::tui) fn all_answered(state: &mut State, all: &Together) {
    let is_of_these = |left: &Overlay| left.sent().is_some_and(|id| all.requests().contains(&id));
    let Some(at) = state.detached.iter().position(is_of_these) else { return };
    let mut left = state.detached.remove(at);
    let Some((places, why)) = all.refused() else { return };
    if let Overlay::Prompt(prompt) = &mut left {
        prompt.about.narrow(places);
    }
    refuse(state, &mut left, &why);
    keep(state, left);
}

/// Says in it why it was refused; it can be sent again.
fn refuse(state: &State, typed: &mut Overlay, why: &str) {
    match typed {
        Overlay::Form(form) => {
            form.saving = None;
            // What changed on the card is mostly why it was refused, and was not looked at while the
            // request was on its way.
            if let Some(shown) = &state.board.detail {
                form.meanwhile(&shown.card);
            }
            form.notice = Some(why.to_owned());
        }
        Overlay::Sheet(sheet) => {
            sheet.saving = None;
            sheet.notice = Some(why.to_owned());
        }
        Overlay::Prompt(prompt) => {
            prompt.sending = None;
            prompt.notice = Some(why.to_owned());
        }
        // Nothing is typed in these and sent from them: `Overlay::sent` has none.
        Overlay::Help(_)
        | Overlay::Explain(_)
        | Overlay::Escalations(_)
        | Overlay::Event(_)
        | Overlay::Confirm(_)
        | Overlay::Question(_)
        | Overlay::Menu(_)
        | Overlay::Palette(_)
        | Overlay::Copy(_)
        | Overlay::Settings(_)
        | Overlay::Answer(_)
        | Overlay::Running(_) => {}
    }
}

/// Keeps an answer until it can be shown.
pub(in crate::app::tui) fn keep(state: &mut State, answer: Overlay) {
    let is_told = |answer: &Overlay| matches!(answer, Overlay::Answer(_));
    if state.answers.len() >= MAX_ANSWERS
        && let Some(oldest) = state.answers.iter().position(is_told)
    {
        // Nobody has closed anything for so long that the oldest says nothing any more; what was typed always does.
        state.answers.remove(oldest);
    }
    state.answers.push_back(answer);
}

/// Shows an answer that came, once nothing is open that keys go into: nobody's typing is cut off by it.
pub(in crate::app::tui) fn show(state: &mut State) {
    let waiting = match state.answers.front() {
        Some(Overlay::Answer(answer)) => format!("answered: {}  (close this to read it)", answer.command),
        Some(_) => "refused: what you typed before  (close this to go on with it)".to_owned(),
        None => return,
    };
    if state.overlay.is_none() && !state.is_filtering() {
        state.overlay = state.answers.pop_front();
        // A key that was pressed before this was on the screen was meant for what stood there.
        state.came = true;
    } else if state.toast.is_none() {
        state.say(waiting, false);
    }
}

/// Whether something that was typed was refused, and waits to be shown.
pub(in crate::app::tui) fn hold_typing(state: &State) -> bool {
    state.answers.iter().any(|answer| !matches!(answer, Overlay::Answer(_)))
}
