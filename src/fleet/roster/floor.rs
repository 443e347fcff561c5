//! The floor of a fleet: exactly one coordinating seat, at least one enhancer. Pure.

use super::file::{AgentEntry, RosterFile};

/// The two roles that every fleet keeps staffed; a roster below them still runs.
pub(super) fn floor(file: &RosterFile) -> (Vec<String>, usize) {
    let class = |entry: &AgentEntry| entry.class.clone().unwrap_or_default();
    let mut warnings = Vec::new();
    let leads = match &file.lead {
        Some(_) => 1,
        None => file.agents.iter().filter(|entry| class(entry) == "orchestrator").count(),
    };
    if leads != 1 {
        warnings.push(format!(
            "below the floor: {}",
            if leads == 0 {
                "no orchestrator and no `lead`".to_owned()
            } else {
                format!("{leads} orchestrators and no `lead`")
            },
        ));
    }
    if !file.agents.iter().any(|entry| class(entry) == "enhancer") {
        warnings.push("below the floor: no enhancer".to_owned());
    }
    let missing = usize::abs_diff(leads, 1) + usize::from(warnings.iter().any(|warning| warning.contains("enhancer")));
    (warnings, missing)
}
