//! The floor of a fleet: exactly one coordinating seat, at least one enhancer. Pure.

use super::file::{AgentEntry, RosterFile};
use super::{COORDINATING_CLASS, ENHANCING_CLASS};
use crate::fleet::model::FloorGap;

/// What is missing of the two roles that every fleet keeps staffed; a roster below them still runs.
pub(super) fn floor(file: &RosterFile) -> Vec<FloorGap> {
    let of_class = |class: &str| {
        let is = |entry: &&AgentEntry| entry.class.as_deref() == Some(class);
        file.agents.iter().filter(is).count()
    };
    // Whoever `lead` names coordinates, and so does each of the coordinating class beside it.
    let coordinates = |entry: &&AgentEntry| {
        entry.class.as_deref() == Some(COORDINATING_CLASS) || file.lead.as_ref() == Some(&entry.name)
    };
    let leads = file.agents.iter().filter(coordinates).count();
    let mut gaps = Vec::new();
    match leads {
        0 => gaps.push(FloorGap::NoLead),
        1 => {}
        leads => gaps.push(FloorGap::ManyLeads(leads)),
    }
    if of_class(ENHANCING_CLASS) == 0 {
        gaps.push(FloorGap::NoEnhancer);
    }
    gaps
}
