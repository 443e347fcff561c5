//! The settings in words.

use crate::app::action::keymap::Part;
use crate::app::tui::settings::{Origin, SETTINGS};
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::settings::SettingsList;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of the open list.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Settings(SettingsList { scroll })) = &state.overlay else { return None };
    let mut lines = Vec::new();
    if let Some(place) = &state.settings_lost {
        let told = format!("{place} is wrong: what was set before holds on until it is mended");
        lines.extend([vec![Piece::new(told, Role::Warning)], Vec::new()]);
    }
    for setting in SETTINGS {
        let origin = state.settings.origin(setting.key);
        let set = if origin == Origin::Default { Role::Plain } else { Role::Accent };
        lines.push(vec![
            Piece::new(setting.key, Role::Strong).fitted(Fit::Command),
            Piece::new(setting.value(&state.settings), set).fitted(Fit::Title),
            Piece::new(origin.to_string(), Role::Quiet),
        ]);
        lines.push(vec![Piece::new("  ", Role::Quiet), Piece::new(setting.meaning, Role::Quiet)]);
    }
    let own = state.keys.own();
    if !own.is_empty() {
        lines.push(Vec::new());
    }
    for binding in own {
        let (action, when) = binding.words();
        let mut line = vec![
            Piece::new(binding.chord().to_string(), Role::Strong).fitted(Fit::Command),
            Piece::new(action, Role::Plain).fitted(Fit::Title),
        ];
        if !when.is_empty() {
            line.push(Piece::new(format!("{} {when}", Part::When.word()), Role::Quiet));
        }
        lines.push(line);
    }
    lines.extend([Vec::new(), vec![Piece::new(format!("set in {}", state.settings_file), Role::Quiet)]]);
    Some(Popup {
        title: "settings".to_owned(),
        lines,
        scroll: *scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[("", "arrows scroll"), ("Esc", "closes")]),
    })
}
