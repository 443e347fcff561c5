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
    let leads = if file.lead.is_some() { 1 } else { of_class(COORDINATING_CLASS) };
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
