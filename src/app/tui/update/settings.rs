//! Settings that were read anew: taken whole, or told where they are wrong while those from before hold on.

use std::sync::Arc;

use crate::app::action::keymap::Keymap;
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::held;
use crate::app::tui::settings::{FILE, Settings};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::roster::Problem;

/// Takes what a reading came to.
pub(super) fn take(state: &mut State, read: Result<Arc<Settings>, Vec<Problem>>, effects: &mut Vec<Effect>) {
    match read {
        Ok(settings) => {
            state.keys = Arc::new(Keymap::new(settings.keys.clone(), state.is_read_only()));
            state.settings = Arc::clone(&settings);
            state.settings_lost = None;
            state.say(format!("{FILE} was read again"), false);
            effects.push(Effect::Settings(settings));
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
