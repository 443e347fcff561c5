//! What the Activity view and a pane's title say, as values.

use super::values::{fleet_of, words};
use super::*;
use crate::app::tui::present::detail;
use crate::app::tui::present::pane::end_of;
use crate::fleet::model::{Flag, Label, LimitFacts, PaneFacts, Readiness, UsageFacts};
use crate::ui::view::{ActivityLine, ActivityView, Body};

fn activity(state: &State) -> ActivityView {
    match present(state).body {
        Body::Activity(view) => *view,
        other => panic!("{other:?}"),
    }
}

fn ready() -> State {
    let mut state = state((120, 40));
    happened(&mut state);
    state
}

#[test]
fn a_history_that_follows_says_so_and_one_that_is_held_counts_what_came() {
    let mut state = ready();
    assert_eq!(words(&activity(&state).facts), "follows the newest");
    press(&mut state, 'k');
    assert!(words(&activity(&state).facts).starts_with("held still"));
    let mut page = (**state.activity.page.as_ref().unwrap()).clone();
    for (newer, told) in [(1, "held still  1 newer (G)"), (1000, "held still  1000+ newer (G)")] {
        page.newer = newer;
        state.activity.page = Some(Arc::new(page.clone()));
        assert_eq!(words(&activity(&state).facts), told);
    }
}

#[test]
fn the_line_of_the_last_look_is_the_only_one_without_an_event() {
    let view = activity(&ready());
    let bands: Vec<&str> = view
        .lines
        .iter()
        .filter_map(|line| match line {
            ActivityLine::Band(text) => Some(text.as_str()),
            ActivityLine::Event(_) => None,
        })
        .collect();
    assert_eq!(bands, ["since you last looked, 3m ago"]);
}

#[test]
fn an_event_is_told_in_one_line_without_the_name_of_the_program() {
    let mut state = ready();
    let mut page = (**state.activity.page.as_ref().unwrap()).clone();
    let (_, newest) = page.events.last_mut().unwrap();
    newest.what = "mosaic-tui agent send code1".to_owned();
    newest.text = "first\nsecond \u{1b}[31m".to_owned();
    state.activity.page = Some(Arc::new(page));
    let view = activity(&state);
    let Some(ActivityLine::Event(line)) = view.lines.last() else { panic!() };
    assert_eq!(line.what, "agent send code1");
    assert!(!line.outcome.text.contains(['\n', '\u{1b}']), "{:?}", line.outcome);
    assert!(line.outcome.text.ends_with("(key)"), "which door it came by: {:?}", line.outcome);
}

#[test]
fn a_filter_that_leaves_nothing_says_so_instead_of_an_empty_history() {
    let mut state = ready();
    let mut page = (**state.activity.page.as_ref().unwrap()).clone();
    page.events.clear();
    state.activity.page = Some(Arc::new(page));
    let none: String = activity(&state).empty.concat();
    state.activity.filter.text = "nobody".to_owned();
    let filtered: String = activity(&state).empty.concat();
    assert!(!none.is_empty() && !filtered.is_empty() && none != filtered, "{none:?}, {filtered:?}");
}

#[test]
fn the_bars_of_a_day_are_as_high_as_its_busiest_quarter() {
    let view = activity(&ready());
    assert_eq!(view.day.iter().map(|bar| bar.height).max(), Some(16));
    assert!(view.day.iter().any(|bar| bar.urgent) && view.day.iter().any(|bar| !bar.urgent));
    assert!(words(&view.day_title).contains("in 24h") && words(&view.day_title).contains("needed somebody"));
    let mut state = ready();
    state.activity.plots = true;
    let plots = activity(&state).plots.expect("figures");
    assert_eq!(
        (plots.done.last().unwrap().height, words(&plots.done_title).as_str()),
        (16, "210 done in 24h  at most 20 in an hour")
    );
    assert!(words(&plots.claims_title).starts_with("median "), "{:?}", plots.claims_title);
}

#[test]
fn a_dead_pane_says_by_what_it_ended() {
    let mut pane = PaneFacts { dead: true, ..samples::row("a", Readiness::Dead).pane.expect("a pane") };
    for (signal, status, told) in
        [(Some("KILL"), None, "dead: killed by KILL"), (None, Some(3), "dead: exit status 3"), (None, None, "dead")]
    {
        (pane.exit_signal, pane.exit_status) = (signal.map(Into::into), status);
        assert_eq!(end_of(&pane), told);
    }
}

#[test]
fn what_an_agent_used_is_one_line_of_what_is_known() {
    let mut row = samples::row("a", Readiness::Working);
    let nothing = UsageFacts::default();
    let said = |row: &crate::fleet::model::AgentRow| {
        detail::facts(row, &[]).lines.into_iter().find(|line| line.label == "tokens").map(|line| line.text)
    };
    assert_eq!(said(&row), None, "nothing was said");
    let limits = vec![LimitFacts { window: Label::new("5h"), used_percent: 80.0, resets_at: None }];
    row.usage = Some(UsageFacts { input_tokens: Some(12_000), cost_usd: Some(0.5), limits, ..nothing });
    assert_eq!(said(&row).as_deref(), Some("12k in  $0.50  5h limit 80%"));
}

#[test]
fn a_tile_that_was_never_looked_at_says_why() {
    let mut state = state((120, 40));
    state.screen = Screen::Wall;
    update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
    let notes = |state: &State| match present(state).body {
        Body::Wall(wall) => wall.tiles.into_iter().filter_map(|tile| Some(tile.cut.note?.text)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert!(notes(&state).iter().any(|note| note == "looking\u{2026}"), "{:?}", notes(&state));
    state.wall.frozen = Some(Timestamp::UNIX_EPOCH);
    assert!(notes(&state).iter().any(|note| note == "not looked at before the freeze"), "{:?}", notes(&state));
}

#[test]
fn flags_that_warn_stand_in_the_list_by_their_words() {
    let mut row = samples::row("a", Readiness::Working);
    row.flags = vec![Flag::Drift];
    let state = fleet_of(vec![row]);
    let Body::Fleet(fleet) = present(&state).body else { panic!() };
    assert!(format!("{:?}", fleet.rows[0]).contains("drift"));
}

#[test]
fn events_that_are_kept_from_before_say_that_they_are_old() {
    let mut state = state((120, 40));
    happened(&mut state);
    let facts = |state: &State| match present(state).body {
        Body::Activity(view) => {
            (view.facts.iter().map(|piece| piece.text.clone()).collect::<String>(), view.lines.len())
        }
        other => panic!("{other:?}"),
    };
    let (before, lines) = facts(&state);
    let failure = crate::fleet::error::Failure::failed("history /x/activity.db", "is damaged", "move it away");
    update(&mut state, Event::ActivityLost(Lost::from(&failure)));
    let (after, kept) = facts(&state);
    assert!(!before.contains("old") && after.contains("old") && kept == lines, "{before} {after}");
    assert!(picture::plain(&frame(&state, Theme::default())).contains("is damaged"));
}
