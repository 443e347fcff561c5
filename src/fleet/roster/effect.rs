//! Keys of a roster that change nothing beside another key: each is told, none is dropped in silence. Pure.

use super::file::{AgentEntry, RosterFile};
use crate::fleet::model::Warning;

/// One warning per key that some agent sets without effect.
pub(super) fn without_effect(file: &RosterFile) -> Vec<Warning> {
    type Sets = fn(&AgentEntry) -> bool;
    let keys: [(&'static str, Sets); 3] = [
        ("channels", |entry| entry.command.is_some() && entry.channels.is_some()),
        ("model_hint", |entry| entry.command.is_some() && entry.model_hint.is_some()),
        ("yolo", |entry| entry.command.is_some() && entry.yolo.is_some()),
    ];
    let told = keys.into_iter().filter_map(|(key, sets)| {
        let agents: Vec<String> =
            file.agents.iter().filter(|entry| sets(entry)).map(|entry| entry.name.clone()).collect();
        (!agents.is_empty()).then_some(Warning::WithoutEffect { key, agents })
    });
    told.collect()
}
