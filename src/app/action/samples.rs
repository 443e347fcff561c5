//! Inputs for tests that walk the whole table.

use super::inputs::Inputs;
use super::registry::ActionSpec;

/// Inputs with which an entry can be built.
pub(crate) fn inputs(spec: &ActionSpec) -> Inputs {
    let needed = spec.arguments.iter().filter(|argument| argument.shape.is_required());
    let mut inputs = needed.fold(Inputs::default(), |inputs, argument| {
        let value = argument.values.first().copied().unwrap_or("1");
        inputs.with(argument.name, vec![value.to_owned()])
    });
    let more: &[(&str, &str)] = match spec.id {
        "fleet.add" | "fleet.edit" => &[("fields", "class=code"), ("name", "a")],
        "backlog.edit" => &[("title", "x")],
        "session.report" => &[("status", "ok")],
        "gate.review" => &[("approve", "")],
        "session.tether" => &[("arguments", "true")],
        "persona.edit" | "persona.add" => &[("class", "code")],
        "fleet.remove" => &[("name", "a")],
        _ => &[],
    };
    for (name, value) in more {
        inputs = inputs.with(name, vec![(*value).to_owned()]);
    }
    inputs
}
