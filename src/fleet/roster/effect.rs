//! Keys of a roster that change nothing yet, or nothing beside another key: each is told, none is dropped in silence. Pure.

use super::file::{AgentEntry, RosterFile};

/// One warning per key that some agent sets without effect.
pub(super) fn without_effect(file: &RosterFile) -> Vec<String> {
    type Sets = fn(&AgentEntry) -> bool;
    let keys: [(&str, &str, Sets); 6] = [
        ("channels", "in this version", |entry| entry.channels.is_some()),
        ("kickstart_template", "in this version", |entry| entry.kickstart_template.is_some()),
        ("persistent_persona", "in this version", |entry| entry.persistent_persona == Some(true)),
        ("reset_between_tasks", "in this version", |entry| entry.reset_between_tasks == Some(true)),
        ("model_hint", "beside `command`", |entry| entry.command.is_some() && entry.model_hint.is_some()),
        ("yolo", "beside `command`", |entry| entry.command.is_some() && entry.yolo.is_some()),
    ];
    let told = keys.into_iter().filter_map(|(key, when, sets)| {
        let names: Vec<&str> =
            file.agents.iter().filter(|entry| sets(entry)).map(|entry| entry.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("`{key}` has no effect {when}: {}", names.join(", ")))
    });
    told.collect()
}
