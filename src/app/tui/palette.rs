//! What a line in the palette could become: the entries of the action table that fit. Pure.

use crate::app::action::registry::{ACTIONS, ActionSpec, Argument, Door, Palette, Shell};

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
            let command = matches!(spec.doors.shell, Shell::Words(_));
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

/// Why a typed command is none here, and where it is one.
#[must_use]
pub fn refusal(line: &str) -> Option<String> {
    let typed = normal(line).trim_end();
    let named = |spec: &&ActionSpec| {
        let words = spec.words().unwrap_or_default();
        !words.is_empty() && (typed == words || typed.starts_with(&format!("{words} ")))
    };
    ACTIONS.iter().filter(named).find_map(|spec| spec.refusal(Door::Palette))
}

/// The words of an entry as they are typed here: a command's own, else a screen action's title; `None` for what is not
/// run from here.
#[must_use]
pub fn words_of(spec: &ActionSpec) -> Option<String> {
    match (spec.doors.palette, spec.doors.shell) {
        (Palette::None(_), _) => None,
        (Palette::Open, Shell::Words(words)) => Some(words.join(" ")),
        (Palette::Open, Shell::Root | Shell::None(_)) => Some(spec.title.to_owned()),
    }
}

/// The arguments of an entry, as a reminder.
#[must_use]
pub fn usage(spec: &ActionSpec) -> String {
    let words: Vec<String> =
        spec.arguments.iter().filter(|argument| argument.name != "json").map(Argument::usage).collect();
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

    #[test]
    fn what_is_for_shells_alone_is_refused_with_its_command() {
        let refused = refusal("session run code0").unwrap();
        let want = "session run is not run from here: supervisors run it; in a shell it is `mosaic-tui session run`";
        assert_eq!(refused, want);
        assert!(refusal("demo").is_some_and(|refused| refused.contains("it is a dashboard of its own")));
        assert_eq!((refusal("fleet stop code0"), refusal("demos"), refusal("")), (None, None, None));
    }
}
