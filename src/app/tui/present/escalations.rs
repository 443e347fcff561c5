//! What waits for a person, in words: in the header how many, in the popup each with its ways out.

use jiff::Timestamp;

use crate::app::tui::state::State;
use crate::app::tui::state::escalations::{Way, ways};
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::{Escalation, FleetSnapshot, Label, age};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// How many wait, for the header; nothing while somebody looks after each.
pub(super) fn count(snapshot: &FleetSnapshot) -> Option<Piece> {
    match snapshot.unattended().count() {
        0 => None,
        1 => Some(Piece::new("   1 escalation (!)", Role::Alarm)),
        many => Some(Piece::new(format!("   {many} escalations (!)"), Role::Alarm)),
    }
}

/// Which way out stands on a line of the list, by its place among all of them.
pub(in crate::app::tui) fn way_at(state: &State, line: usize) -> Option<usize> {
    let (mut lines, mut before) = (0, 0);
    for one in &state.snapshot.as_ref()?.escalations {
        // A blank line between two, what it is about, why, and what was tried.
        lines += usize::from(lines > 0) + 3;
        let ways = ways(one).len();
        if let Some(way) = line.checked_sub(lines).filter(|way| *way < ways) {
            return Some(before + way);
        }
        (lines, before) = (lines + ways, before + ways);
    }
    None
}

/// The popup of the open list.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Escalations(list)) = &state.overlay else { return None };
    let snapshot = state.snapshot.as_ref()?;
    let (mut lines, mut marked, mut way_at) = (Vec::new(), None, 0);
    for one in &snapshot.escalations {
        if !lines.is_empty() {
            lines.push(Vec::new());
        }
        lines.push(title(state, one));
        for (name, text) in [("why", &one.why), ("tried", &one.tried)] {
            lines.push(vec![
                Piece::new(format!("  {name}"), Role::Quiet).fitted(Fit::Label),
                Piece::new(Label::new(text).to_string(), Role::Plain),
            ]);
        }
        for way in ways(one) {
            let here = way_at == list.at;
            if here {
                // By the line and not by the way out: what explains each stands between them, and the mark
                // has to stay in sight.
                marked = Some(lines.len());
            }
            let (mark, role) = if here { ("  > ", Role::Marked) } else { ("    ", Role::Plain) };
            lines.push(vec![Piece::new(mark, Role::Strong), Piece::new(Label::new(&way.label).to_string(), role)]);
            way_at += 1;
        }
    }
    if lines.is_empty() {
        lines.push(vec![Piece::new("nothing waits for a person any more", Role::Good)]);
    }
    Some(Popup {
        title: "waiting for a person".to_owned(),
        lines,
        scroll: 0,
        marked,
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[("", "j and k move"), ("Enter", "takes the marked way out"), ("Esc", "closes")]),
    })
}

fn title(state: &State, one: &Escalation) -> Vec<Piece> {
    let at = Timestamp::from_millisecond(one.at).unwrap_or(state.now);
    let since = age::coarse(state.now.duration_since(at).unsigned_abs());
    // Somebody looks after it: it is still there, and alarms nobody.
    let role = if one.is_open() { Role::Alarm } else { Role::Quiet };
    let acked = one.acked.as_ref().map(|ack| format!("  {} looks after it", ack.by)).unwrap_or_default();
    vec![
        Piece::new(format!("{}  ", one.id), Role::Quiet),
        Piece::new(Label::new(&one.subject.to_string()).to_string(), role),
        Piece::new(format!("  for {since}{acked}"), Role::Quiet),
    ]
}
/// Every way out that is listed, in order, with what it is a way out of.
#[must_use]
pub(crate) fn listed(state: &State) -> Vec<(String, Way)> {
    let all = state.snapshot.iter().flat_map(|snapshot| &snapshot.escalations);
    all.flat_map(|one| ways(one).into_iter().map(|way| (one.id.clone(), way))).collect()
}
