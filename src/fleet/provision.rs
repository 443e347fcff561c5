//! From a system type to the roster of a fleet of that kind. Pure.
//!
//! Agents are named by their role, so that a name says what an agent is for. The lead is the one coordinating seat, and
//! an enhancer is added where the type has none: every fleet keeps both staffed.

use super::profile::{Profile, Seat};
use super::roster::{COORDINATING_CLASS, ENHANCING_CLASS};

/// Runtime of the seats that lead and that improve the fleet's own tools.
const LEADING: &str = "claude";

/// Runtime of those who review: another one than the workers', so that no engine reviews itself.
const REVIEWING: &str = "codex";

/// Runtime of everybody else.
const WORKING: &str = "pi";

/// A roster's text, and what was done beside what the type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioned {
    /// The text.
    pub text: String,
    /// For people.
    pub notes: Vec<String>,
}

/// The roster of a system type; with one runtime for all, or the usual ones for each role.
#[must_use]
pub fn roster(profile: &Profile, runtime: Option<&str>) -> Provisioned {
    let mut seats = profile.seats.clone();
    let mut notes = Vec::new();
    if !seats.iter().any(|seat| seat.class == ENHANCING_CLASS) {
        seats.push(Seat {
            class: ENHANCING_CLASS.to_owned(),
            reports_to: Some(profile.lead.clone()),
            count: 1,
            runtime: None,
            model_hint: None,
            notes: Some("Improves tools, skills and checks. Every fleet keeps one.".to_owned()),
        });
        notes.push(format!("added an {ENHANCING_CLASS}, which every fleet keeps staffed"));
    }
    let mut text = format!("# {}: {}\n", one_line(&profile.title), one_line(&profile.description));
    text.push_str("version: 1\ntransport: tmux\ntmux: {socket_name: mosaic-fleet, holder_session: _holder}\n");
    text.push_str(&format!("defaults: {{runtime: {}, window_size: 200x50}}\n", runtime.unwrap_or(WORKING)));
    // The class says it already where it is the usual one.
    if profile.lead != COORDINATING_CLASS {
        text.push_str(&format!("lead: {}\n", profile.lead));
    }
    text.push_str("agents:\n");
    for seat in &seats {
        if let Some(notes) = &seat.notes {
            text.push_str(&format!("  # {}\n", one_line(notes)));
        }
        for name in names(seat) {
            text.push_str(&format!("  - name: {name}\n    class: {}\n", seat.class));
            if let Some(above) = seat.reports_to.as_ref().and_then(|class| first_of(&seats, class)) {
                text.push_str(&format!("    reports_to: {above}\n"));
            }
            let own = match runtime {
                Some(_) => None,
                None => seat.runtime.as_deref().or_else(|| usual(profile, seat)),
            };
            if let Some(own) = own {
                text.push_str(&format!("    runtime: {own}\n"));
            }
            // A model of one runtime is seldom one of another.
            let fits = runtime.is_none_or(|runtime| seat.runtime.as_deref().is_none_or(|own| own == runtime));
            if let Some(model) = seat.model_hint.as_ref().filter(|_| fits) {
                // A string in JSON is one in YAML.
                text.push_str(&format!("    model_hint: {}\n", serde_json::Value::String(model.clone())));
            }
        }
    }
    Provisioned { text, notes }
}

/// Names of the agents of a seat: its class, with a number where there are several.
fn names(seat: &Seat) -> Vec<String> {
    match seat.count {
        1 => vec![seat.class.clone()],
        count => (0..count).map(|number| format!("{}{number}", seat.class)).collect(),
    }
}

/// The agent to whom those below a class report.
fn first_of(seats: &[Seat], class: &str) -> Option<String> {
    seats.iter().find(|seat| seat.class == class).and_then(|seat| names(seat).into_iter().next())
}

/// The runtime of a role, where it is not that of the workers.
fn usual(profile: &Profile, seat: &Seat) -> Option<&'static str> {
    if seat.class == profile.lead || seat.class == ENHANCING_CLASS {
        Some(LEADING)
    } else if seat.class.ends_with("review") {
        Some(REVIEWING)
    } else {
        None
    }
}

/// A text as a comment holds it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The org chart of a system type: one line for each class, indented below the one to which it reports, with its depth.
#[must_use]
pub fn chart(profile: &Profile) -> Vec<(String, &Seat)> {
    let mut lines = Vec::new();
    // A class that reports to nobody stands at the top, the lead first.
    let mut tops: Vec<&Seat> = profile.seats.iter().filter(|seat| seat.reports_to.is_none()).collect();
    tops.sort_by_key(|seat| seat.class != profile.lead);
    for top in tops {
        lines.push((String::new(), top));
        below(profile, &top.class, "", &mut lines);
    }
    lines
}

fn below<'a>(profile: &'a Profile, class: &str, indent: &str, lines: &mut Vec<(String, &'a Seat)>) {
    let seats: Vec<&Seat> = profile.seats.iter().filter(|seat| seat.reports_to.as_deref() == Some(class)).collect();
    // No cycle comes here: the profile was checked for one.
    for (at, seat) in seats.iter().enumerate() {
        let is_last = at + 1 == seats.len();
        lines.push((format!("{indent}{}", if is_last { "\u{2514}\u{2500} " } else { "\u{251c}\u{2500} " }), *seat));
        below(profile, &seat.class, &format!("{indent}{}", if is_last { "   " } else { "\u{2502}  " }), lines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::framework;
    use crate::fleet::home::Site;
    use crate::fleet::profile::parse;
    use crate::fleet::roster;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn known() -> BTreeSet<&'static str> {
        framework::personas().filter_map(|(path, _)| Path::new(path).file_stem()?.to_str()).collect()
    }

    fn shipped() -> Vec<Profile> {
        framework::system_types().map(|(path, text)| parse(text, Path::new(path), &known()).unwrap()).collect()
    }

    fn own(text: &str) -> Profile {
        parse(text, Path::new("p.yaml"), &known()).unwrap()
    }

    #[test]
    fn each_shipped_type_gives_a_valid_roster_on_every_runtime_and_at_the_floor() {
        for profile in shipped() {
            for runtime in [None, Some("stub"), Some("claude"), Some("codex"), Some("opencode"), Some("pi")] {
                let made = super::roster(&profile, runtime);
                let roster = roster::parse(&made.text, Path::new("r.yaml"), &Site::for_tests("/h"));
                let roster = roster.unwrap_or_else(|problems| panic!("{}: {problems:?}\n{}", profile.id, made.text));
                assert_eq!(roster.floor_gaps().count(), 0, "{}: {:?}", profile.id, roster.warnings);
                let agents: u64 = profile.seats.iter().map(|seat| seat.count).sum();
                let added = usize::from(!profile.seats.iter().any(|seat| seat.class == ENHANCING_CLASS));
                assert_eq!((roster.agents.len(), made.notes.len()), (usize::try_from(agents).unwrap() + added, added));
                let lead = roster.agents.iter().find(|agent| agent.class == profile.lead).unwrap();
                assert_eq!((lead.name.as_str(), lead.reports_to.as_deref()), (profile.lead.as_str(), None));
                if let Some(runtime) = runtime {
                    assert!(roster.agents.iter().all(|agent| agent.runtime == runtime), "{}", profile.id);
                }
            }
        }
    }

    #[test]
    fn several_of_a_class_are_numbered_and_those_below_report_to_the_first() {
        let profile = own("id: p\ntitle: P\ndescription: d\nlead: ceo\nfloor: [ceo]\nroster:\n  - class: ceo\n  \
            - {class: code, reports_to: ceo, multiplicity: 2, runtime: codex, model_hint: \"a/b: #c\", notes: \"two\\nlines\"}\n  \
            - {class: editor, reports_to: code}\n");
        let made = roster(&profile, None).text;
        for line in [
            "lead: ceo",
            "  - name: code0",
            "  - name: code1",
            "    reports_to: code0",
            "    model_hint: \"a/b: #c\"",
            "  # two lines",
            "  - name: enhancer",
            "    runtime: codex",
            "    runtime: claude",
        ] {
            assert!(made.lines().any(|found| found == line), "{line} in\n{made}");
        }
        let read = roster::parse(&made, Path::new("r.yaml"), &Site::for_tests("/h")).unwrap();
        assert_eq!(read.agents[1].model_hint.as_deref(), Some("a/b: #c"));
        let on_one = roster(&profile, Some("pi")).text;
        assert!(!on_one.contains("codex") && !on_one.contains("a/b"), "its model is codex's:\n{on_one}");
    }

    #[test]
    fn the_chart_shows_who_reports_to_whom() {
        let profile = shipped().into_iter().find(|profile| profile.id == "software-delivery").unwrap();
        let lines: Vec<String> =
            chart(&profile).iter().map(|(indent, seat)| format!("{indent}{}", seat.class)).collect();
        assert_eq!(lines[..5], ["orchestrator", "├─ board", "├─ planner", "│  └─ decomposition", "│     └─ code"]);
        assert_eq!(lines.len(), profile.seats.len());
        assert_eq!(lines.last().map(String::as_str), Some("└─ enhancer"));
    }
}
