//! How the terminal's room is divided.

use crate::app::tui::state::State;
use crate::ui::layout::{self, Plan, ViewKind};

/// The room that a view of this kind has on the terminal.
pub(super) fn plan_for(state: &State, kind: ViewKind) -> Plan {
    layout::plan(state.size.width, state.size.height, kind)
}
