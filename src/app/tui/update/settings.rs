//! Settings that were read anew: taken whole, or told where they are wrong while those from before hold on.

use std::sync::Arc;

use crate::app::action::keymap::Keymap;
use crate::app::tui::effect::Effect;
use crate::app::tui::event::Begin;
use crate::app::tui::screens::held;
use crate::app::tui::settings::{FILE, Settings};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::roster::Problem;

/// Takes what is known before the first frame.
pub(super) fn begin(state: &mut State, begin: Begin, effects: &mut Vec<Effect>) {
    let Begin { zone, demo, read_only, prefix, settings, settings_file, memory } = begin;
    state.zone = zone;
    state.demo = demo;
    state.prefix = prefix;
    state.settings_file = settings_file;
    adopt(state, settings, read_only, effects);
    if let Some(memory) = memory {
        memory.restore(state);
    }
}

fn adopt(state: &mut State, settings: Arc<Settings>, read_only: bool, effects: &mut Vec<Effect>) {
    state.keys = Arc::new(Keymap::new(settings.keys.clone(), read_only));
    state.settings = Arc::clone(&settings);
    effects.push(Effect::Settings(settings));
}

/// Takes what a reading came to.
pub(super) fn take(state: &mut State, read: Result<Arc<Settings>, Vec<Problem>>, effects: &mut Vec<Effect>) {
    match read {
        Ok(settings) => {
            let read_only = state.is_read_only();
            adopt(state, settings, read_only, effects);
            state.settings_lost = None;
            state.say(format!("{FILE} was read again"), false);
        }
        Err(problems) => {
            let Some(first) = problems.first() else { return };
            let name = first.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            state.settings_lost = Some(format!("{name}:{}", first.line));
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let text = format!("{}\n\nwhat was set before holds on until it is mended", lines.join("\n"));
            let title = format!("{FILE} is wrong");
            let command = state.settings_file.clone();
            // An older word of the same file says nothing any more.
            state.answers.retain(|kept| !matches!(kept, Overlay::Answer(answer) if answer.title == title));
            if matches!(&state.overlay, Some(Overlay::Answer(answer)) if answer.title == title) {
                state.overlay = None;
            }
            held::keep(state, Overlay::Answer(Answer::new(title, command, text, true)));
        }
    }
}
