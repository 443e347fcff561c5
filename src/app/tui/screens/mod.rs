//! The keys and steps of the screens: each view and each popup is one module here, beside what it holds in `state` and what
//! there is to draw of it in `present`, all of one name. Who is asked is one match for views and one for popups, below;
//! nothing else lists them all.

pub mod activity;
pub mod answer;
pub mod board;
pub mod card;
pub mod confirm;
pub mod copy;
pub mod diff;
pub(in crate::app::tui) mod dispatch;
pub mod escalations;
pub mod event;
pub mod explain;
pub mod fleet;
pub mod form;
pub mod goals;
pub(in crate::app::tui) mod hand;
pub(in crate::app::tui) mod held;
pub mod help;
pub mod menu;
pub mod org;
pub mod palette;
pub(in crate::app::tui) mod parts;
pub mod prompt;
pub mod question;
pub mod running;
pub mod settings;
pub(in crate::app::tui) mod several;
pub mod sheet;
pub mod wall;
pub mod watch;

use self::parts::{PopupParts, ViewParts};
use super::state::screen::{Overlay, Screen};

/// What takes the keys of a view.
pub(in crate::app::tui) fn of_view(screen: Screen) -> &'static ViewParts {
    match screen {
        Screen::Fleet => &fleet::PARTS,
        Screen::Wall => &wall::PARTS,
        Screen::Watch => &watch::PARTS,
        Screen::Board => &board::PARTS,
        Screen::Card => &card::PARTS,
        Screen::Goals => &goals::PARTS,
        Screen::Activity => &activity::PARTS,
        Screen::Diff => &diff::PARTS,
        Screen::Org => &org::PARTS,
    }
}

/// What takes the keys of a popup.
pub(in crate::app::tui) fn of_popup(popup: &Overlay) -> &'static PopupParts {
    match popup {
        Overlay::Help(_) => &help::PARTS,
        Overlay::Explain(_) => &explain::PARTS,
        Overlay::Escalations(_) => &escalations::PARTS,
        Overlay::Event(_) => &event::PARTS,
        Overlay::Confirm(_) => &confirm::PARTS,
        Overlay::Form(_) => &form::PARTS,
        Overlay::Prompt(_) => &prompt::PARTS,
        Overlay::Question(_) => &question::PARTS,
        Overlay::Sheet(_) => &sheet::PARTS,
        Overlay::Menu(_) => &menu::PARTS,
        Overlay::Palette(_) => &palette::PARTS,
        Overlay::Copy(_) => &copy::PARTS,
        Overlay::Settings(_) => &settings::PARTS,
        Overlay::Answer(_) => &answer::PARTS,
        Overlay::Running(_) => &running::PARTS,
    }
}
