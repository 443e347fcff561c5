//! What a line in the palette could become: the entries of the action table that fit. Pure.

use crate::app::action::registry::{ACTIONS, ActionSpec, Cli, Shape};

/// Commands of these groups make sense inside the dashboard; the others are for shells, hooks and units.
const GROUPS: [&str; 3] = ["fleet", "agent", "backlog"];

/// What a line could become, best first.
#[must_use]
pub fn candidates(line: &str) -> Vec<&'static ActionSpec> {
    let typed = normal(line);
    let lower = typed.to_lowercase();
    let tokens: Vec<&str> = lower.split_whitespace().collect();
    let mut found: Vec<(usize, &ActionSpec)> = ACTIONS
        .iter()
        .filter_map(|spec| {
            let words = words_of(spec)?;
            // Behind a whole command stand its arguments.
            let command = matches!(spec.cli, Cli::Words(_));
            if command && (typed.trim_end() == words || typed.starts_with(&format!("{words} "))) {
                return Some((0, spec));
            }
            let about = format!("{words} {}", spec.title.to_lowercase());
            let all = tokens.iter().all(|token| about.contains(token));
            all.then(|| (if words.starts_with(&lower) { 1 } else { 2 }, spec))
        })
        .collect();
    let exact = found.iter().any(|(rank, _)| *rank == 0);
    if exact && typed.contains(' ') {
        found.retain(|(rank, _)| *rank == 0);
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, spec)| spec).collect()
}

/// A line without the program's name, which the shown shell form has in front.
#[must_use]
pub fn normal(line: &str) -> &str {
    let line = line.trim_start();
    line.strip_prefix("mosaic-tui ").unwrap_or(line).trim_start()
}

/// The words of an entry as they are typed here: a command's own, else a screen action's title.
#[must_use]
pub fn words_of(spec: &ActionSpec) -> Option<String> {
    match spec.cli {
        Cli::Words(words) => GROUPS.contains(words.first()?).then(|| words.join(" ")),
        Cli::None(_) => Some(spec.title.to_owned()),
        Cli::Root => None,
    }
}

/// The arguments of an entry, as a reminder.
#[must_use]
pub fn usage(spec: &ActionSpec) -> String {
    let words: Vec<String> = spec
        .arguments
        .iter()
        .filter(|argument| argument.name != "json")
        .map(|argument| match argument.shape {
            Shape::Required => argument.name.to_uppercase(),
            Shape::Optional | Shape::Many | Shape::Rest => format!("[{}]", argument.name.to_uppercase()),
            Shape::Value => format!("[--{} ...]", argument.name),
            Shape::Flag => format!("[--{}]", argument.name),
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_narrows_the_list_to_what_is_meant() {
        let ids = |line: &str| candidates(line).iter().map(|spec| spec.id).collect::<Vec<_>>();
        assert_eq!(ids("fleet restart code0"), ["fleet.restart"]);
        assert_eq!(ids("fleet rest")[0], "fleet.restart");
        assert!(ids("doc").contains(&"fleet.doctor"));
        assert!(ids("fleet ").len() > 10, "a group lists its commands");
        assert!(ids("").len() > 40);
        assert!(
            !ids("").iter().any(|id| id.starts_with("session.") || id.starts_with("demo.")),
            "not for hooks and units"
        );
        assert!(ids("nonsense words").is_empty());
        assert_eq!(ids("mosaic-tui fleet stop code0"), ["fleet.stop"], "the shell's form is understood");
        assert!(ids("Fleet stop code0").is_empty(), "arguments are never dropped");
    }
}
