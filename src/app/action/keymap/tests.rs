//! The registry's chords, and those that an operator bound over them.

use std::collections::HashMap;

use super::*;

fn bound(lines: &[(&str, &str, &str)]) -> Keymap {
    let own = lines.iter().map(|(key, action, when)| Binding::parse(key, action, when).unwrap()).collect();
    Keymap::new(own, false)
}

fn at(view: &'static str, state: Option<&'static str>) -> Standing {
    let place = VIEWS.iter().find(|(name, _)| *name == view).unwrap().1;
    Standing { place, view, state }
}

fn chord(text: &str) -> Chord {
    Chord::parse(text).unwrap()
}

#[test]
fn every_chord_of_the_table_is_readable_and_none_collides() {
    for (_, place) in VIEWS {
        let mut seen: HashMap<Chord, &str> = HashMap::new();
        for spec in ACTIONS {
            let Key::In(of, chords) = spec.doors.key else { continue };
            for text in chords.iter().filter(|_| of.covers(place)) {
                let chord = Chord::parse(text).unwrap_or_else(|| panic!("{text} of {}", spec.id));
                if let Some(other) = seen.insert(chord, spec.id) {
                    panic!("{text} means {other} and {} in {place:?}", spec.id);
                }
            }
        }
    }
}

#[test]
fn a_chord_of_another_view_names_that_view() {
    let told = |place, text| Keymap::default().refusal(&Standing::of(place), chord(text));
    assert_eq!(told(Place::Board, "S"), "S (start) works in Fleet, Wall, Org; ? shows the keys that work here");
    assert_eq!(told(Place::Watch, "n"), "n (new) works in Board; ? shows the keys that work here");
    assert_eq!(told(Place::Fleet, "f"), "f (freeze) works in Wall; ? shows the keys that work here");
    assert_eq!(told(Place::Fleet, "\u{e9}"), "\u{e9} does nothing here; ? shows the keys that work here");
    let moved = bound(&[("f2", "app.help", ""), ("?", "none", ""), ("f1", "none", "")]);
    let told = moved.refusal(&Standing::of(Place::Fleet), chord("f"));
    assert_eq!(told, "f (freeze) works in Wall; F2 shows the keys that work here");
}

#[test]
fn a_bound_chord_replaces_the_shipped_one_only_where_its_condition_holds() {
    let keys = bound(&[("X", "fleet.restart", "view:fleet state:stuck"), ("Q", "app.back", ""), ("q", "none", "")]);
    let id = |view, state, text| keys.lookup(&at(view, state), chord(text)).map(|spec| spec.id);
    assert_eq!(id("fleet", Some("stuck"), "X"), Some("fleet.restart"));
    assert_eq!(id("fleet", Some("dead"), "X"), Some("fleet.stop"));
    assert_eq!(id("wall", Some("stuck"), "X"), Some("fleet.stop"));
    assert_eq!((id("board", None, "Q"), id("board", None, "q")), (Some("app.back"), None));
    let spec = |id: &str| ACTIONS.iter().find(|spec| spec.id == id).unwrap();
    assert_eq!(keys.shown(spec("fleet.restart"), &at("fleet", Some("stuck"))), ["X", "R"]);
    assert_eq!(keys.shown(spec("fleet.restart"), &at("fleet", Some("dead"))), ["R"]);
    assert_eq!(keys.shown(spec("app.back"), &at("wall", None)), ["Q"]);
    assert_eq!(keys.conditions(spec("fleet.restart")), ["X view:fleet state:stuck"]);
    let here: Vec<&str> = keys.in_place(&at("fleet", Some("stuck"))).map(|spec| spec.id).collect();
    assert!(!here.contains(&"fleet.stop"), "it has no key where another took it");
}

#[test]
fn an_action_of_the_palette_can_have_a_key_and_a_supervisors_cannot() {
    let keys = bound(&[("f5", "fleet.doctor", "")]);
    assert_eq!(keys.lookup(&at("board", None), chord("f5")).map(|spec| spec.id), Some("fleet.doctor"));
    let (part, why) = Binding::parse("f5", "session.run", "").unwrap_err();
    assert!(part == Part::Action && why.contains("session.run has no key: supervisors run it"), "{why}");
}

#[test]
fn a_wrong_binding_says_which_part_is_wrong() {
    for (key, action, when, part, tells) in [
        ("ctrl-nix", "app.help", "", Part::Key, "\"ctrl-nix\" is no key; expected a character"),
        ("ctrl-c", "app.help", "", Part::Key, "ctrl-c cannot be bound: it leaves at once"),
        ("x", "fleet.restrat", "", Part::Action, "did you mean fleet.restart,"),
        ("x", "fleet.restart", "view:board", Part::When, "never holds where fleet.restart works (Fleet, Wall, Org)"),
        ("x", "fleet.restart", "board", Part::When, "is no condition"),
    ] {
        let (wrong, why) = Binding::parse(key, action, when).unwrap_err();
        assert!(wrong == part && why.contains(tells), "{key} {action} {when}: {why}");
    }
}

#[test]
fn two_bindings_conflict_only_where_both_can_mean_one_press() {
    let one = |key, action, when| Binding::parse(key, action, when).unwrap();
    let stop = one("x", "fleet.stop", "");
    for (key, action, when, conflicts) in [
        ("x", "fleet.restart", "", true),
        ("x", "fleet.restart", "state:stuck", true),
        ("x", "backlog.complete", "", false),
        ("x", "app.help", "view:wall", true),
        ("x", "app.help", "view:board", false),
        ("y", "fleet.restart", "", false),
    ] {
        assert_eq!(stop.conflicts(&one(key, action, when)), conflicts, "{key} {action} {when}");
    }
    let stuck = one("x", "fleet.stop", "state:stuck");
    assert!(!stuck.conflicts(&one("x", "fleet.restart", "state:dead")));
    assert!(stuck.conflicts(&one("x", "fleet.restart", "!state:dead")));
}

#[test]
fn read_only_takes_the_keys_of_everything_that_writes() {
    let keys = Keymap::new(vec![Binding::parse("f5", "fleet.restart", "").unwrap()], true);
    for standing in Standing::all() {
        assert!(keys.in_place(&standing).all(|spec| !spec.writes), "{standing:?}");
        for spec in ACTIONS.iter().filter(|spec| spec.writes) {
            assert_eq!(keys.shown(spec, &standing), Vec::<String>::new(), "{}", spec.id);
        }
    }
    let told = keys.refusal(&at("fleet", None), chord("X"));
    assert_eq!(told, "X (stop) changes something, and this dashboard is read-only");
}
