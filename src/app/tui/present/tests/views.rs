//! Pictures of the diff and of the chart of seats.

use super::*;

#[test]
fn the_diff_at_every_size() {
    for size in SIZES {
        let mut state = state(size);
        state.open(Screen::Diff);
        state.diff.name = "review".to_owned();
        update(&mut state, Event::Diff("review".to_owned(), Ok(samples::diff())));
        check("diff", &state);
    }
}

#[test]
fn the_org_at_every_size() {
    for size in SIZES {
        let mut state = State::new(Size { width: size.0, height: size.1 }, Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(samples::company()));
        crate::app::tui::screens::org::view(&mut state);
        update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
        let text = "---\nclass: code\ntitle: Coder\n---\n\n## Mandate\n\n1. Claim one card, and resume it if it is yours \
                    already. Work in a work tree.\n2. Write down a short plan first.\n";
        update(&mut state, Event::Persona("code".to_owned(), Ok(text.to_owned())));
        check("org", &state);
    }
}

#[test]
fn an_org_without_agents_says_how_to_make_some() {
    let mut state = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    let empty = crate::fleet::model::FleetSnapshot { agents: Vec::new(), ..(*samples::snapshot()).clone() };
    update(&mut state, Event::Snapshot(Arc::new(empty)));
    crate::app::tui::screens::org::view(&mut state);
    let shown = shown(&state, Theme::default());
    assert!(shown.contains("no agents") && shown.contains("makes a first fleet"), "{shown}");
}
