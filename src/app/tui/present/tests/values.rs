//! What there is to draw, as values: which words, in which order, with which meaning.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::app::action::keymap::Keymap;
use crate::app::tui::present::card::{body_lines, facts as card_facts, history, lease, neighbours};
use crate::app::tui::present::{detail, fleet};
use crate::backlog::model::{Column, Stamp};
use crate::fleet::model::{
    AgentRow, ClaimFacts, Evidence, ExitFacts, Flag, FleetSnapshot, FloorGap, RowKey, UsageFacts, Warning,
};
use crate::ui::view::{Age, Body};

/// A fleet of these rows, on a screen of 120 columns.
pub(super) fn fleet_of(rows: Vec<AgentRow>) -> State {
    let mut snapshot = FleetSnapshot::clone(&samples::snapshot());
    snapshot.agents = rows.into_iter().map(Arc::new).collect();
    let mut state = State::new(Size { width: 120, height: 36 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    state
}

pub(super) fn words(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect()
}

/// The lines of a card's facts as text.
fn lines(all: &[Vec<Piece>]) -> Vec<String> {
    all.iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("|")).collect()
}

fn claim(expires_in: f64) -> ClaimFacts {
    ClaimFacts { card: "A1".to_owned(), title: Label::new("the card"), expires_in }
}

#[test]
fn the_reason_is_the_first_fact_and_what_warns_comes_next() {
    let mut row = samples::row("a", Readiness::Working);
    row.claim = Some(claim(-5.0));
    let drift = Evidence { flag: Some(Flag::Drift), ..Evidence::new(Plane::Process, true, "runs vim", 1.0) };
    row.evidence.push(drift);
    let shown = detail::facts(&row, &[]);
    let labels: Vec<&str> = shown.lines.iter().map(|line| line.label.as_str()).collect();
    assert_eq!(labels, ["why", "card", "drift", "tmux", "systemd", "usage"]);
    assert_eq!(shown.lines[2].text, "runs vim", "its label says the rest");
    let warn: Vec<bool> = shown.lines.iter().map(|line| line.role == Role::Warning).collect();
    assert_eq!(warn, [false, true, true, false, false, false]);
}

#[test]
fn a_claim_says_what_is_left_or_since_when_it_is_over() {
    let mut row = samples::row("a", Readiness::Working);
    for (expires_in, age) in
        [(90.0, Age::Left(Duration::from_secs(90))), (-90.0, Age::Expired(Duration::from_secs(90)))]
    {
        row.claim = Some(claim(expires_in));
        let shown = detail::facts(&row, &[]);
        let card = shown.lines.iter().find(|line| line.label == "card").expect("a line of the card");
        assert_eq!((card.text.as_str(), card.age), ("A1 the card", Some(age)));
    }
}

#[test]
fn only_the_dead_say_how_they_ended() {
    let exit = ExitFacts {
        at: "2026-01-02T03:04:05Z".to_owned(),
        status: Some(3),
        signal: None,
        words: Label::new("exited with status 3"),
        quick_exits: 2,
        lines: vec![Label::new("npm ERR!")],
    };
    for (readiness, told) in [(Readiness::Dead, true), (Readiness::Working, false)] {
        let mut row = samples::row("a", readiness);
        row.last_exit = Some(exit.clone());
        let shown = detail::facts(&row, &[]);
        let said: Vec<&str> = shown.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(said.contains(&"exited with status 3, 2 times in a row at once"), told, "{said:?}");
        assert_eq!(said.contains(&"npm ERR!"), told, "{said:?}");
    }
}

#[test]
fn a_session_of_nobodys_has_no_state() {
    let mut row = samples::row("by-hand", Readiness::Unknown);
    row.managed = false;
    let shown = detail::facts(&row, &[]);
    assert!(words(&shown.state).ends_with("unmanaged") && shown.state[0].role == Role::Quiet);
}

#[test]
fn an_explanation_names_the_rule_and_each_planes_word() {
    let mut row = samples::row("a", Readiness::Stale);
    row.flags = vec![Flag::Drift];
    row.claim = Some(claim(-60.0));
    let now = Timestamp::from_second(1000).unwrap();
    let said = Timestamp::from_second(820).unwrap().to_string();
    row.usage = Some(UsageFacts { input_tokens: Some(2000), observed_at: said, ..UsageFacts::default() });
    let told = detail::explanation(&row, now);
    let of = |label: &str| told.iter().find(|(name, _)| name == label).map(|(_, text)| text.as_str());
    assert_eq!(of("readiness"), Some("stale (no heartbeat for 64s)"));
    assert_eq!((of("rule"), of("would change")), (Some("the rule"), Some("something else")));
    assert_eq!(of("systemd"), Some("not readable: no user manager here (1s ago)"));
    assert_eq!(of("card"), Some("A1 the card (expired 60s ago)"));
    assert_eq!(of("tokens"), Some("2k in (3m ago)"), "an age, as everywhere on the screen");
    assert_eq!(of("flags"), Some(Flag::Drift.word()));
}

#[test]
fn a_lease_is_counted_down_and_never_to_less_than_nothing() {
    let now = samples::NOW;
    let at = |seconds: i64| Stamp(now.0 + seconds * 1000);
    assert_eq!(lease(at(600), now), ("10m left".to_owned(), Role::Plain));
    assert_eq!(lease(now, now).1, Role::Plain, "its last instant is its own");
    assert_eq!(lease(at(-600), now), ("EXPIRED 10m".to_owned(), Role::Warning));
}

#[test]
fn a_body_is_wrapped_to_the_width_and_to_so_many_lines() {
    let body = "one two three four\n\n\tindented \u{1b}[31mred";
    let wrapped = |body: &'static str, width, most| body_lines(body, width, most).map(|line| words(&line));
    let shown: Vec<String> = wrapped(body, 9, 99).collect();
    assert!(shown.iter().all(|line| line.chars().count() <= 9), "{shown:?}");
    assert!(!shown.concat().contains('\u{1b}'), "{shown:?}");
    assert_eq!(shown.concat().replace(' ', ""), "onetwothreefourindented\u{b7}[31mred");
    assert_eq!(wrapped(body, 9, 2).count(), 2);
    assert_eq!(wrapped("", 9, 99).count(), 0);
    let hard = "It was written in lines that are\nwider than this one.";
    let whole: Vec<String> = wrapped(hard, 24, 99).collect();
    assert_eq!(whole, ["It was written in lines", "that are wider than this", "one."], "and no short line in between");
}

#[test]
fn a_card_tells_its_owner_with_the_state_of_the_fleet() {
    let mut state = state((120, 36));
    update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
    let detail = samples::detail("M1");
    let told = lines(&card_facts(&state, &detail));
    assert!(told[0].starts_with("claim|orchestrator ") && told[0].contains("working"), "{told:?}");
    assert!(told[0].contains("token 2"), "{told:?}");
    let quiet = fleet_of(Vec::new());
    let told = lines(&card_facts(&quiet, &detail));
    assert!(!told[0].contains("working"), "nobody of that name is known: {told:?}");
}

#[test]
fn a_dependency_that_there_is_not_is_told_as_never_claimable() {
    let mut shown = Vec::new();
    let mut detail = crate::backlog::operations::Detail::clone(&samples::detail("M1"));
    detail.dependencies[0].column = None;
    detail.dependencies[0].title = None;
    neighbours("depends on", &detail.dependencies, &mut shown);
    let told = lines(&shown);
    assert!(told[0].contains("unknown card, never claimable") && shown[0][1].role == Role::Warning, "{told:?}");
    assert!(told[0].starts_with("depends on|") && told[1].starts_with('|'), "the name stands once: {told:?}");
}

#[test]
fn the_newest_of_a_history_comes_first() {
    let (state, detail) = (state((120, 36)), samples::detail("M1"));
    let mut shown = Vec::new();
    history(&state, &detail, 2, &mut shown);
    let told = lines(&shown);
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("orchestrator") && told[1].contains("tester"), "{told:?}");
}

#[test]
fn the_header_says_first_who_needs_somebody() {
    for (count, want) in [(0, "nobody needs you"), (1, "\u{25b2} 1 needs you"), (3, "\u{25b2} 3 need you")] {
        let state = fleet_of(
            (0..5)
                .map(|n| samples::row(&format!("a{n}"), if n < count { Readiness::Stuck } else { Readiness::Working }))
                .collect(),
        );
        let header = present(&state).header;
        assert_eq!(header.counts[0].text, want);
        assert!(words(&header.counts).contains(&format!("{} working", 5 - count)), "{}", words(&header.counts));
    }
}

#[test]
fn without_a_roster_the_header_says_that_and_not_that_nobody_needs_anybody() {
    let mut state = fleet_of(Vec::new());
    let mut snapshot = FleetSnapshot::clone(state.snapshot.as_ref().unwrap());
    snapshot.warnings = vec![Warning::RosterNotUsed { older_in_use: false, why: "roster.yaml:3: is empty".to_owned() }];
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    let header = present(&state).header;
    assert_eq!(header.counts.len(), 1, "{:?}", header.counts);
    for form in std::iter::once(&header.counts).chain(&header.shorter) {
        assert!(words(form).contains("roster.yaml:3") && !words(form).contains("nobody"), "{}", words(form));
    }
}

#[test]
fn a_home_in_which_nobody_has_begun_is_no_fault_and_says_which_key_begins() {
    let mut state = fleet_of(Vec::new());
    let mut snapshot = FleetSnapshot::clone(state.snapshot.as_ref().unwrap());
    snapshot.warnings = vec![Warning::NoRoster];
    snapshot.planes =
        vec![PlaneState { plane: Plane::Tmux, ok: false, text: Label::new("not looked at without a roster") }];
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    let header = |state: &State| present(state).header;
    for form in std::iter::once(&header(&state).counts).chain(&header(&state).shorter) {
        assert_eq!(words(form), "there is no roster yet: I makes a first fleet");
        assert!(form.iter().all(|piece| piece.role != Role::Alarm));
    }
    let lines = |state: &State| match present(state).body {
        Body::Fleet(view) => view.empty.join("\n"),
        other => panic!("{other:?}"),
    };
    let shown = lines(&state);
    assert!(shown.contains("I asks three questions") && !shown.contains("fleet check"), "{shown}");
    // Where the key is none the command is named.
    state.keys = Arc::new(Keymap::new(state.settings.keys.clone(), true));
    assert!(words(&header(&state).counts).contains("fleet init --write"), "{}", words(&header(&state).counts));
    assert!(!lines(&state).contains("three questions"));
}

#[test]
fn a_warning_that_stands_all_day_takes_no_words_from_the_counts() {
    let mut state = fleet_of(vec![samples::row("a", Readiness::Working)]);
    let mut snapshot = FleetSnapshot::clone(state.snapshot.as_ref().unwrap());
    snapshot.warnings = vec![Warning::Floor(FloorGap::NoLead), Warning::Unsupervised];
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    state.size.width = 60;
    let header = present(&state).header;
    let gap = FloorGap::NoLead.to_string();
    assert!(words(&header.counts).contains(&gap) && words(&header.counts).contains("1 working"));
    assert!(words(&header.shorter[0]).contains("1 working") && !words(&header.shorter[0]).contains(&gap));
    assert!(header.shorter.iter().all(|form| words(form).contains("2 warnings")), "{:?}", header.shorter);
}

#[test]
fn a_column_that_was_there_stays_until_the_terminal_has_another_size() {
    let plain = |state: &State| match present(state).body {
        Body::Fleet(view) => view.columns,
        other => panic!("{other:?}"),
    };
    let mut state = fleet_of(vec![samples::row("a", Readiness::Working)]);
    let before = plain(&state);
    let alone = state.snapshot.clone().unwrap();
    let mut both = FleetSnapshot::clone(&alone);
    both.agents.push(Arc::new(samples::row("orchestrator-of-many", Readiness::Working)));
    update(&mut state, Event::Snapshot(Arc::new(both)));
    let wide = plain(&state);
    assert!(wide.name > before.name);
    update(&mut state, Event::Snapshot(alone));
    assert_eq!(plain(&state), wide, "who is gone moves nothing");
    update(&mut state, Event::Resize(Size { width: 121, height: 36 }));
    assert_eq!(plain(&state).name, before.name);
}

#[test]
fn the_header_says_that_what_it_shows_is_old() {
    let mut state = fleet_of(vec![samples::row("a", Readiness::Working)]);
    update(&mut state, Event::Tick("2026-01-02T03:04:08Z".parse().unwrap()));
    assert!(!words(&present(&state).header.counts).contains("old"));
    update(&mut state, Event::Tick("2026-01-02T03:05:05Z".parse().unwrap()));
    let counts = present(&state).header.counts;
    assert!(words(&counts).contains("data 60s old"), "{}", words(&counts));
}

#[test]
fn a_row_warns_in_words_before_its_reason() {
    let mut row = samples::row("a", Readiness::Available);
    row.flags = vec![Flag::Drift, Flag::Boot, Flag::CopyMode];
    assert_eq!(fleet::warnings(&row), ["drift: not stub", "not enabled at boot", "copy mode"]);
    let state = fleet_of(vec![row, samples::row("b", Readiness::Available)]);
    let Body::Fleet(view) = present(&state).body else { panic!("the list") };
    let told: Vec<Option<&str>> = view.rows.iter().map(|row| row.warning.as_deref()).collect();
    assert_eq!(told, [Some("drift: not stub; not enabled at boot; copy mode; idle for 6m"), None]);
}

#[test]
fn a_filter_tells_how_many_it_left_out() {
    let rows = ["alpha", "beta", "gamma"].map(|name| samples::row(name, Readiness::Working));
    let mut state = fleet_of(rows.into());
    for key in ["/", "b", "e"] {
        let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(key.chars().next().unwrap()));
        update(&mut state, Event::Key(key));
    }
    let Body::Fleet(view) = present(&state).body else { panic!("the list") };
    assert_eq!(view.count[0].text, "1 of 3 agents");
    assert_eq!(view.filter, Some(("be".to_owned(), true)));
    assert_eq!(words(&view.position), "1/1", "the cursor goes to what is left");
}

#[test]
fn the_list_tells_what_its_agents_take_of_the_machine_together_in_steps() {
    let told = |processes: &[(f64, u64)]| {
        let of = |(at, (cpu_percent, rss_bytes)): (usize, &(f64, u64))| {
            let mut row = samples::row(&format!("a{at}"), Readiness::Working);
            row.process = row.process.map(|process| crate::fleet::model::ProcessFacts {
                cpu_percent: *cpu_percent,
                rss_bytes: *rss_bytes,
                ..process
            });
            row
        };
        let state = fleet_of(processes.iter().enumerate().map(of).collect());
        let Body::Fleet(view) = present(&state).body else { panic!("the list") };
        view.count.last().unwrap().text.trim().to_owned()
    };
    assert_eq!(told(&[(90.0, 1 << 30), (47.9, 600 << 20)]), "cpu 135%  1.5 GB");
    assert_eq!(told(&[(0.0, 40 << 20), (4.9, 1 << 20)]), "cpu <5%  <0.1 GB");
    assert_eq!(told(&[(0.0, 0)]), "1 agents", "of whom no process is known nothing is told");
    // The count goes before it where both have no room.
    let mut state = fleet_of(vec![samples::row("a", Readiness::Working)]);
    update(&mut state, Event::Resize(Size { width: 45, height: 36 }));
    let Body::Fleet(view) = present(&state).body else { panic!("the list") };
    assert_eq!(words(&view.count), "1 agents");
}

#[test]
fn above_what_is_selected_the_list_tells_its_place_first_and_then_what_it_takes_where_there_is_room() {
    let mut row = samples::row("a", Readiness::Working);
    row.usage = Some(UsageFacts { input_tokens: Some(41_000), ..UsageFacts::default() });
    row.process = row.process.map(|process| crate::fleet::model::ProcessFacts {
        cpu_percent: 137.9,
        rss_bytes: 3 << 29,
        ..process
    });
    let mut state = fleet_of(vec![row]);
    for (width, told) in
        [(109, "1/1  41k tokens  cpu 135%  1.5 GB"), (80, "1/1  41k tokens  cpu 135%  1.5 GB"), (60, "1/1  41k tokens")]
    {
        update(&mut state, Event::Resize(Size { width, height: 24 }));
        let Body::Fleet(view) = present(&state).body else { panic!("the list") };
        assert_eq!(words(&view.position), told, "{width}");
        let top = picture::plain(&frame(&state, Theme::default())).lines().nth(1).unwrap_or_default().to_owned();
        assert!(
            top.contains("Fleet") && top.contains(told),
            "{width}: {}",
            picture::plain(&frame(&state, Theme::default()))
        );
    }
}

#[test]
fn the_footer_ends_with_help_and_the_way_out() {
    for screen in [Screen::Fleet, Screen::Wall, Screen::Watch, Screen::Board, Screen::Activity] {
        let mut state = state((120, 36));
        state.screen = screen;
        let footer = present(&state).footer;
        let last: Vec<&str> = footer.iter().rev().take(2).map(|(key, _)| key.as_str()).collect();
        assert_eq!(last, ["q", "?"], "{screen:?}");
        let mut keys: Vec<&str> = footer.iter().map(|(key, _)| key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), footer.len(), "{screen:?} names a key twice");
    }
}

#[test]
fn one_view_is_the_current_one() {
    for screen in [Screen::Fleet, Screen::Wall, Screen::Watch, Screen::Board, Screen::Card, Screen::Activity] {
        let mut state = state((120, 36));
        state.screen = screen;
        let tabs = present(&state).tabs;
        assert_eq!(tabs.iter().filter(|tab| tab.current).count(), 1, "{screen:?}");
    }
    let mut alone = state((120, 36));
    alone.watch_only = true;
    assert!(present(&alone).tabs.is_empty(), "there is nowhere to go");
}

#[test]
fn a_board_marks_one_card_and_counts_what_is_expired() {
    let mut state = state((120, 36));
    state.screen = Screen::Board;
    update(&mut state, Event::Board(samples::board([1, 2, 4, 1, 3]), Timestamp::UNIX_EPOCH));
    let Body::Board(view) = present(&state).body else { panic!("the board") };
    let marked: usize = view.columns.iter().flat_map(|column| &column.cards).filter(|card| card.selected).count();
    assert_eq!(marked, 1);
    let claimed = &view.columns[Column::Claimed.index()];
    assert_eq!(words(&claimed.notes), " 2 expired");
    let infos: Vec<String> =
        claimed.cards.iter().filter_map(|cell| cell.card.as_ref()).map(|card| words(&card.info)).collect();
    assert!(infos[0].contains("left") && infos[3].contains("EXPIRED"), "{infos:?}");
}

#[test]
fn a_card_of_which_nothing_is_known_says_how_old_it_is() {
    let mut state = state((200, 50));
    state.screen = Screen::Board;
    let mut board = (*samples::board([2, 2, 2, 2, 2])).clone();
    for card in board.lanes.iter_mut().flat_map(|lane| &mut lane.cards) {
        (card.priority, card.goal, card.stage) = (0, String::new(), String::new());
        (card.branch, card.phase, card.assignee) = (String::new(), String::new(), String::new());
    }
    board.lanes[Column::Ready.index()].cards[1].version = 4;
    update(&mut state, Event::Board(Arc::new(board), Timestamp::UNIX_EPOCH));
    let Body::Board(view) = present(&state).body else { panic!("the board") };
    let info = |column: Column| -> Vec<String> {
        let cards = view.columns[column.index()].cards.iter().filter_map(|cell| cell.card.as_ref());
        cards.map(|card| words(&card.info)).collect()
    };
    assert_eq!(info(Column::Ready), ["made 60s ago", "changed 2m ago"]);
    for column in Column::ALL {
        assert!(info(column).iter().all(|info| !info.is_empty()), "{column:?}: a line with nothing on it");
    }
}

#[test]
fn a_tile_says_what_its_agent_wants() {
    let mut asks = samples::row("asks", Readiness::Stuck);
    asks.question = Some(Label::new("Deploy?"));
    let mut works = samples::row("works", Readiness::Working);
    works.claim = Some(claim(60.0));
    let mut other = samples::row("other", Readiness::Unknown);
    other.managed = false;
    other.key = RowKey::of_session(&crate::fleet::model::ServerName::here(&other.socket), "$9");
    let mut state = fleet_of(vec![asks, works, other]);
    update(&mut state, Event::Key(crossterm::event::KeyCode::Char('2').into()));
    let Body::Wall(view) = present(&state).body else { panic!("the wall") };
    let told: Vec<(&str, &str, bool)> =
        view.tiles.iter().map(|tile| (tile.agent.name.as_str(), tile.what.text.as_str(), tile.needs)).collect();
    assert_eq!(told, [("asks", "asks: Deploy?", true), ("works", "A1", false), ("other", "unmanaged", false)]);
}

#[test]
fn who_was_stopped_on_purpose_alarms_nobody() {
    let mut stopped = samples::row("stopped", Readiness::Dead);
    stopped.flags = vec![Flag::Stopped];
    stopped.reason = Label::new("stopped on purpose");
    let state = fleet_of(vec![samples::row("died", Readiness::Dead), stopped.clone()]);
    let header = present(&state).header;
    let told = words(&header.counts);
    assert!(told.contains("1 needs you") && told.contains("1 dead") && told.contains("\u{25a1} 1 stopped"), "{told}");
    for form in std::iter::once(&header.counts).chain(&header.shorter) {
        let calm = form.iter().find(|piece| piece.text.contains("\u{25a1} 1")).expect("counted in each form");
        assert_eq!(calm.role, Role::Quiet);
    }
    let facts = detail::facts(&stopped, &[]);
    assert_eq!((words(&facts.state), facts.state[0].role), ("\u{25a1} stopped".to_owned(), Role::Quiet));
    assert_eq!((facts.lines[0].text.as_str(), facts.lines[0].role), ("stopped on purpose", Role::Quiet));
    let told = detail::explanation(&stopped, Timestamp::UNIX_EPOCH);
    assert!(told.iter().any(|(name, text)| name == "shown as" && text.starts_with("stopped")), "{told:?}");
    // In each view, in no colour of a state: the one that died has it.
    for (key, view) in [('1', "fleet"), ('2', "wall"), ('5', "org")] {
        let mut state = state.clone();
        update(&mut state, Event::Key(crossterm::event::KeyCode::Char(key).into()));
        let theme = Theme::default();
        let frame = frame(&state, theme);
        let red = theme.style(Role::State(Readiness::Dead)).fg;
        let row = |mark: &str| {
            let cells = frame.content.iter().filter(move |cell| cell.symbol() == mark);
            cells.filter(move |cell| cell.fg == red.unwrap_or_default()).count()
        };
        assert!(row("\u{2717}") > 0 && row("\u{25a1}") == 0, "{view}");
        assert!(picture::plain(&frame).contains("\u{25a1} stopped"), "{view}");
    }
}

#[test]
fn what_is_true_of_the_whole_host_is_no_fact_of_each_agent() {
    let row = samples::row("a", Readiness::Working);
    let of = |planes: &[PlaneState]| {
        detail::facts(&row, planes).lines.iter().any(|line| line.label == Plane::Systemd.word())
    };
    assert!(of(&[]));
    let plane = |ok| PlaneState { plane: Plane::Systemd, ok, text: Label::new("no user manager here") };
    assert!(!of(&[plane(false)]) && of(&[plane(true)]));
}

#[test]
fn whoever_works_has_no_idle_time() {
    let row = |name: &str, idle| AgentRow { idle_seconds: idle, ..samples::row(name, Readiness::Working) };
    let state = fleet_of(vec![row("busy", Some(3)), row("slow", Some(45)), row("none", None)]);
    let text = picture::plain(&frame(&state, Theme::default()));
    let of = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(!of(" busy ").contains("<10s") && of(" slow ").contains("40s"), "{text}");
}
