//! Frames at the sizes that operators have, as text and as styles.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pane::anchor;
use super::*;
use crate::app::action::FleetAction;
use crate::app::action::dispatch::{Request, RequestId, Sent};
use crate::app::action::fleet::Targets;
use crate::app::tui::event::Event;
use crate::app::tui::samples;
use crate::app::tui::state::confirm::{Confirm, Subject};
use crate::app::tui::state::explain::Explain;
use crate::app::tui::state::help::Help;
use crate::app::tui::state::lost::Lost;
use crate::app::tui::state::palette::Palette;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::app::tui::state::sheet::{Choice, Kind, LaunchSettings, Offer};
use crate::app::tui::state::text_input::TextInput;
use crate::app::tui::update::update;
use crate::fleet::model::PaneScreen;
use crate::fleet::pane::Seen;
use crate::ui::draw::draw;
use crate::ui::picture;
use crate::ui::theme::Theme;

mod history;
mod looks;
mod popups;
mod reasons;
mod values;
mod views;

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 50)];

/// A pane with colours, wide characters and a cursor.
fn pane() -> Arc<PaneScreen> {
    let mut text: String = (0..46).map(|n| format!("\x1b[38;5;{}mline {n}\x1b[0m\n", 16 + n)).collect();
    text.push_str("\x1b[1;35m? Deploy to staging? (y/n)\x1b[0m\n> \x1b[7m \x1b[0m\n日本語 wide\n");
    Arc::new(crate::fleet::pane::still(&text, 200, 50))
}

fn state(size: (u16, u16)) -> State {
    let mut state = State::new(Size { width: size.0, height: size.1 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    if let Some(target) = state.pane.target.clone() {
        update(&mut state, Event::Pane(target.key(), pane()));
    }
    state
}

fn frame(state: &State, theme: Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.width, state.size.height));
    let mut view = present(state);
    view.header.clock = "12:34".to_owned();
    draw(&mut buffer, &view, theme);
    buffer
}

/// Text and styles of a frame, for comparison.
fn shown(state: &State, theme: Theme) -> String {
    let buffer = frame(state, theme);
    let styles = picture::ansi(&buffer).replace('\x1b', "\\e");
    format!("{}\n--- styles ---\n{styles}", picture::plain(&buffer))
}

fn check(name: &str, state: &State) {
    let size = format!("{}x{}", state.size.width, state.size.height);
    insta::assert_snapshot!(format!("{name}_{size}"), shown(state, Theme::default()));
}

#[test]
fn the_fleet_at_every_size() {
    for size in SIZES {
        check("fleet", &state(size));
    }
}

#[test]
fn watch_at_every_size() {
    for size in SIZES {
        let mut state = state(size);
        state.screen = Screen::Watch;
        update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
        let target = state.pane.target.clone().unwrap();
        update(&mut state, Event::Pane(target.key(), pane()));
        check("watch", &state);
    }
}

/// The wall, after a look at all panes but one.
fn wall(size: (u16, u16)) -> State {
    let mut state = state(size);
    state.screen = Screen::Wall;
    update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
    let rows = samples::snapshot();
    for row in rows.agents.iter().skip(1).filter(|row| row.name.as_str() != "code1") {
        let target = row.target.clone().unwrap();
        let (server, pictures) = (target.server.clone(), vec![(target.key(), pane())]);
        update(&mut state, Event::Seen(Seen { server, at: Some(Timestamp::UNIX_EPOCH), pictures, lost: None }));
    }
    state
}

#[test]
fn the_wall_at_every_size() {
    for size in SIZES {
        check("wall", &wall(size));
    }
}

#[test]
fn popups() {
    let mut state = state((80, 24));
    state.overlay = Some(Overlay::Help(Help { filter: String::new(), scroll: 0 }));
    check("help", &state);
    state.overlay = Some(Overlay::Explain(Explain { scroll: 0 }));
    check("explain", &state);
    let stop = |names: &[&str]| {
        let agents: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let command = format!("mosaic-tui fleet stop {}", names.join(" "));
        let request = Request::Fleet(FleetAction::Stop(Targets { agents: agents.clone(), ..Targets::default() }));
        let sent = Sent { id: RequestId(1), command, door: crate::app::action::registry::Door::Key };
        Some(Overlay::Confirm(Confirm::new(sent, "Stop", Subject::Agents(agents), request)))
    };
    state.overlay = stop(&["review", "docs", "tests"]);
    check("confirm_several", &state);
    state.overlay = stop(&["review"]);
    check("confirm", &state);
    for (name, line) in [("palette", "fleet re"), ("palette_nothing", "nonsense")] {
        let line = TextInput::line(line);
        state.overlay = Some(Overlay::Palette(Palette { line, at: 1, ..Palette::default() }));
        check(name, &state);
    }
}

/// A history of two days, seen up to a while ago.
fn happened(state: &mut State) {
    use crate::fleet::activity::{Bucket, Door, Event as Happened, Hour, Kind, Known, Page, Seen};
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    update(state, Event::Tick(now));
    let change = |minutes: i64, told| crate::fleet::activity::Change {
        at: now.as_millisecond() - minutes * 60_000,
        state: if minutes > 20 { Readiness::Working } else { Readiness::Stuck },
        told,
    };
    let of_review = [("review".to_owned(), vec![change(50, true), change(10, true)])].into();
    let quarter = now.as_millisecond() / crate::fleet::activity::QUARTER;
    let hour = now.as_millisecond() / crate::fleet::activity::HOUR;
    let known = Known {
        seen: Seen { changes: [("here".to_owned(), of_review)].into(), watched: Vec::new() },
        span: crate::fleet::activity::Span::Day,
        quarters: (0..90)
            .map(|age| (quarter - age, Bucket { events: 1 + age as u32 % 7, urgent: age as u32 % 30 / 29 }))
            .collect(),
        hours: (0..20)
            .map(|age| (hour - age, Hour { done: 20 - age as u32, claims: vec![1000 * age, 60_000] }))
            .collect(),
        looked: Some(now.as_millisecond() - 200_000),
    };
    update(state, Event::Known(Arc::new(known)));
    crate::app::tui::screens::activity::view(state);
    let events = (0..60).map(|number: i64| {
        let at = now.as_millisecond() - (60 - number) * 50_000;
        let mut event = Happened::new(Kind::ALL[number as usize % 8].1, now, "tester", "here");
        event.at = at;
        event.agent = Some("review".to_owned());
        event.who = "here:operator".to_owned();
        event.door = Some(Door::Key);
        event.what = format!("what {number} \u{2192} done");
        event.state = (event.kind == Kind::Readiness).then_some(Readiness::Stuck);
        event.text = "Deploy to staging? (y/n)".to_owned();
        ((at, number), event)
    });
    let page = Page {
        query: crate::app::tui::screens::activity::query(state),
        events: events.collect(),
        newer: 0,
        older: true,
    };
    update(state, Event::Events(Arc::new(page)));
}

#[test]
fn activity_shows_the_newest_at_the_bottom_and_a_line_where_the_operator_was() {
    for size in SIZES {
        let mut state = state(size);
        happened(&mut state);
        let text = picture::plain(&frame(&state, Theme::default()));
        let at = |what: &str| text.lines().position(|line| line.contains(what));
        let (band, newest) = (at("since you last looked"), at("what 59"));
        assert!(band.is_some() && newest > band && at("what 55") < band, "{size:?}: {text}");
        let below = text.lines().count() - newest.unwrap();
        assert!(below <= 3, "{size:?}: {text}");
        let ascii = picture::plain(&frame(&state, Theme::plain(false)));
        assert!(ascii.is_ascii(), "{ascii}");
        state.activity.plots = true;
        let plots = picture::plain(&frame(&state, Theme::default()));
        assert!(plots.contains("Cards done"), "{plots}");
        assert!(size.1 < 24 || plots.contains("Agents") && plots.contains("review"), "{plots}");
        assert!(picture::plain(&frame(&state, Theme::plain(false))).is_ascii());
    }
}

#[test]
fn a_row_of_the_list_has_its_last_hour() {
    let mut state = state((120, 40));
    let rows = |state: &State| match present(state).body {
        crate::ui::view::Body::Fleet(fleet) => fleet.rows,
        other => panic!("{other:?}"),
    };
    assert!(rows(&state).iter().all(|row| row.strip.is_empty()), "nothing is known yet");
    happened(&mut state);
    state.screen = Screen::Fleet;
    let rows = rows(&state);
    let review = rows.iter().find(|row| row.agent.name.as_str() == "review").unwrap();
    let states: Vec<_> = review.strip.iter().map(|cell| cell.state).collect();
    assert_eq!(
        (states.len(), states[0], states[4], states[11]),
        (12, None, Some(Readiness::Working), Some(Readiness::Stuck))
    );
    assert_eq!((review.strip[4].busy, review.strip[11].busy), (8, 0));
    assert!(rows.iter().filter(|row| row.agent.managed).all(|row| row.strip.len() == 12));
}

#[test]
fn empty_states() {
    let nothing = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    check("before_the_first_look", &nothing);
    let mut state = nothing;
    let mut empty = (*samples::snapshot()).clone();
    empty.agents.clear();
    update(&mut state, Event::Snapshot(Arc::new(empty)));
    check("no_agents", &state);
}

#[test]
fn the_questions_of_a_first_fleet_and_of_a_launch() {
    let choice = |name: &str, about: &str| Choice { name: name.to_owned(), about: about.to_owned() };
    let kind = |name, about, is_example| Kind { choice: choice(name, about), is_example };
    let runtimes = vec![choice("claude", "installed here"), choice("stub", "built in: needs nothing")];
    let kinds = vec![kind("research", "9 agents: Questions become evidence.", false), kind("coding", "6 agents", true)];
    let mut first = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    update(
        &mut first,
        Event::Offer(Some(Box::new(Offer {
            runtimes: runtimes.clone(),
            kinds,
            user: "ada".into(),
            missing: vec!["pi".into()],
        }))),
    );
    check("first_fleet", &first);
    let mut launch = state((80, 24));
    let settings = LaunchSettings {
        runtime: "claude".into(),
        runtimes,
        model_hint: "anthropic/opus:high".into(),
        yolo: true,
        command: String::new(),
        channels: String::new(),
        note: Some("MOSAIC_AGENT_COMMAND in its environment file decides, whatever stands here".into()),
    };
    update(&mut launch, Event::Launch("code0".into(), Ok(Box::new(settings))));
    check("launch_settings", &launch);
}

#[test]
fn without_colour_and_unicode_nothing_is_lost() {
    let state = state((80, 24));
    let text = shown(&state, Theme::plain(false));
    let (frame, styles) = text.split_once("--- styles ---").unwrap();
    assert!(frame.is_ascii(), "{frame}");
    for color in ["38;", "48;", ";31m", ";35m", ";32m"] {
        assert!(!styles.contains(color), "{color} is a colour");
    }
    for word in ["stuck", "dead", "stale", "unknown", "working", "available"] {
        assert!(frame.contains(word), "{word} in {frame}");
    }
}

#[test]
fn no_size_makes_drawing_panic() {
    for width in (0..130).step_by(13) {
        for height in 0..30 {
            for screen in [Screen::Fleet, Screen::Wall, Screen::Watch] {
                let mut state = state((width, height));
                state.screen = screen;
                for overlay in [
                    None,
                    Some(Overlay::Help(Help { filter: String::new(), scroll: 99 })),
                    Some(Overlay::Explain(Explain { scroll: 3 })),
                ] {
                    state.overlay = overlay;
                    frame(&state, Theme::default());
                }
            }
        }
    }
}

#[test]
fn the_cut_out_shows_the_lines_that_matter() {
    let room = Size { width: 80, height: 10 };
    let screen = pane();
    assert_eq!(anchor(&screen, room, None, false), (0, 39), "the end of the text");
    assert_eq!(anchor(&screen, room, Some((500, 500)), false), (120, 39), "a pan stays on the pane");
    let short = crate::fleet::pane::still("one\ntwo\n", 20, 50);
    assert_eq!(anchor(&short, room, None, false), (0, 0));
}

/// The Board view with so many cards in each column.
fn board(size: (u16, u16), counts: [u64; 5]) -> State {
    let mut state = state(size);
    state.now = samples_now();
    update(&mut state, Event::Board(samples::board(counts), samples_now()));
    press(&mut state, '3');
    let shown = state.board.wanted;
    if let Some(id) = shown {
        update(&mut state, Event::Card(id, Ok(samples::detail(id.as_str()))));
    }
    state
}

fn samples_now() -> Timestamp {
    Timestamp::from_millisecond(samples::NOW.0).unwrap()
}

fn press(state: &mut State, key: char) {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
}

#[test]
fn the_board_at_every_size() {
    for size in SIZES {
        check("board", &board(size, [3, 5000, 3, 1, 1_000_000]));
    }
}

#[test]
fn the_count_of_a_column_is_never_cut() {
    for (width, count) in [(72, 201), (80, 201), (80, 12_345), (100, 1_000_000), (120, 1_000_000), (200, 201)] {
        let state = board((width, 24), [count, 3, count, count, count]);
        let shown = picture::plain(&frame(&state, Theme::default()));
        assert_eq!(shown.matches(&count.to_string()).count(), 4, "{width}: {shown}");
    }
}

#[test]
fn an_empty_board_says_what_to_do() {
    check("board_empty", &board((80, 24), [0; 5]));
}

fn lost(what: &str, why: &str, next: &str) -> Event {
    Event::BacklogLost(Lost::from(&crate::fleet::error::Failure::failed(what, why.to_owned(), next)))
}

#[test]
fn a_board_that_cannot_be_read_says_why_and_keeps_what_it_had() {
    let mut gone = board((120, 40), [1, 2, 1, 0, 0]);
    update(&mut gone, lost("backlog postgres://me@db:5432/x", "the connection was closed", "try again"));
    check("board_lost", &gone);
    let mut never = state((80, 24));
    update(&mut never, lost("backlog /x/backlog.db", "is damaged", "restore it"));
    press(&mut never, '3');
    check("board_never", &never);
}

#[test]
fn a_card_on_the_whole_screen() {
    for size in [(80, 24), (200, 50)] {
        let mut state = board(size, [3, 4, 3, 1, 9]);
        press(&mut state, 'l');
        update(&mut state, Event::Key(crossterm::event::KeyCode::Enter.into()));
        let shown = state.board.wanted.unwrap();
        update(&mut state, Event::Card(shown, Ok(samples::detail(shown.as_str()))));
        check("card", &state);
    }
}

#[test]
fn the_forms_and_menus_of_the_board() {
    for (name, key) in [("form", 'e'), ("new", 'n'), ("block", 'b'), ("link", 'L'), ("claim", 'c'), ("move", 'm')] {
        let mut state = board((80, 24), [3, 4, 3, 1, 9]);
        press(&mut state, key);
        check(&format!("board_{name}"), &state);
    }
}

#[test]
fn a_form_says_what_changed_meanwhile() {
    let mut state = board((80, 24), [3, 4, 3, 1, 9]);
    press(&mut state, 'e');
    press(&mut state, 'X');
    let shown = state.board.wanted.unwrap();
    let mut newer = (*samples::detail(shown.as_str())).clone();
    newer.card.version += 1;
    newer.card.title = "their title".into();
    update(&mut state, Event::Card(shown, Ok(Arc::new(newer))));
    check("board_conflict", &state);
}

#[test]
fn the_board_in_plain_ascii() {
    let state = board((120, 40), [3, 5000, 3, 1, 9]);
    let theme = Theme::plain(false);
    let text = picture::plain(&frame(&state, theme));
    assert!(text.is_ascii(), "{}", text.chars().filter(|c| !c.is_ascii()).collect::<String>());
}

/// Every place that takes typed text, by the keys that lead there.
const FIELDS: [&str; 16] = [
    "s",
    "b",
    "/",
    ":",
    "?",
    "3/",
    "3b",
    "3L",
    "3n",
    "3n\t",
    "3n\t\t",
    "3n\t\t\t\t",
    "3n\t\t\t\t\t",
    "3n\t\t\t\t\t\t",
    "3n\t\t\t\t\t\t\t",
    "3e\t\t\t\t\t\t",
];

/// How long the paste and each of a few keys behind it take in one place, the frame included.
fn times_in(keys: &str, text: &str) -> Vec<Duration> {
    use crossterm::event::KeyCode;
    let mut state = board((120, 40), [3, 4, 3, 1, 9]);
    press(&mut state, '1');
    for key in keys.chars() {
        match key {
            '\t' => drop(update(&mut state, Event::Key(KeyCode::Tab.into()))),
            key => press(&mut state, key),
        }
    }
    let typed = [KeyCode::Char('x'), KeyCode::Left, KeyCode::Up, KeyCode::Home, KeyCode::Char('y'), KeyCode::End];
    let keys = typed.into_iter().map(|code| Event::Key(code.into()));
    std::iter::once(Event::Paste(text.to_owned()))
        .chain(keys)
        .map(|event| {
            spent(|| {
                update(&mut state, event);
                frame(&state, Theme::default());
            })
        })
        .collect()
}

/// How long this thread worked for it: what other programs do meanwhile is not counted.
fn spent(work: impl FnOnce()) -> Duration {
    let clock = || Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).unwrap();
    let from = clock();
    work();
    clock() - from
}

#[test]
fn every_text_field_answers_at_once_with_a_megabyte_in_it() {
    // What is promised, without optimisation.
    let limit = Duration::from_millis(100);
    let texts = ["word".repeat(1 << 18), "a line of it\n".repeat(80_000), "e\u{301}\u{302}".repeat(200_000)];
    for keys in FIELDS {
        for text in &texts {
            let mut quickest = times_in(keys, text);
            // A machine that did something else meanwhile gets another chance.
            for _ in 0..3 {
                if quickest.iter().all(|time| *time < limit) {
                    break;
                }
                for (best, time) in quickest.iter_mut().zip(times_in(keys, text)) {
                    *best = time.min(*best);
                }
            }
            assert!(quickest.iter().all(|time| *time < limit), "{keys:?}: {quickest:?}");
        }
    }
}

#[test]
fn a_card_with_a_megabyte_in_it_is_drawn_at_once() {
    for body in ["word".repeat(1 << 18), "a line of it\n".repeat(80_000), "short words ".repeat(80_000)] {
        let mut state = board((120, 40), [3, 4, 3, 1, 9]);
        let id = state.board.wanted.unwrap();
        let mut detail = (*samples::detail(id.as_str())).clone();
        detail.card.body = body;
        update(&mut state, Event::Card(id, Ok(Arc::new(detail))));
        let times = (0..3).map(|_| spent(|| drop(frame(&state, Theme::default()))));
        let quickest = times.min().unwrap();
        assert!(quickest < Duration::from_millis(20), "{quickest:?}");
        update(&mut state, Event::Key(crossterm::event::KeyCode::Enter.into()));
        let once = spent(|| drop(frame(&state, Theme::default())));
        // All of it can be scrolled to, so all of it is broken into lines: once, not again and again.
        assert_eq!(state.screen, Screen::Card);
        assert!(once < Duration::from_secs(1), "{once:?}");
    }
}

#[test]
fn what_enter_takes_and_where_the_cursor_is_are_always_to_be_seen() {
    let key = |code: crossterm::event::KeyCode| Event::Key(code.into());
    let mut seen = 0;
    for size in [(24, 8), (30, 9), (40, 12), (80, 24), (120, 40)] {
        // A menu, the palette's list, a form and a message of many lines.
        for keys in ["c", "m", ":", "n", "1s"] {
            let mut state = board(size, [3, 4, 3, 1, 9]);
            for c in keys.chars() {
                update(&mut state, key(crossterm::event::KeyCode::Char(c)));
            }
            if keys == "1s" {
                update(&mut state, Event::Paste("a line\n".repeat(20)));
            }
            for _ in 0..20 {
                let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.width, state.size.height));
                let view = present(&state);
                let marked = view.overlay.as_ref().and_then(|popup| popup.marked);
                assert!(marked.is_some(), "{keys} at {size:?}");
                let drawn = draw(&mut buffer, &view, Theme::default());
                assert!(
                    drawn.popup.is_some_and(|lines| lines.marked),
                    "{keys} at {size:?}\n{}",
                    picture::plain(&buffer)
                );
                seen += 1;
                let next = if keys == "1s" { crossterm::event::KeyCode::Up } else { crossterm::event::KeyCode::Down };
                update(&mut state, Event::Drawn(drawn));
                update(&mut state, key(next));
            }
        }
    }
    assert_eq!(seen, 5 * 5 * 20);
}

#[test]
fn a_view_is_drawn_into_any_terminal_that_it_meets() {
    // The terminal may change its size between the state and the frame.
    for keys in ["1", "2", "3", "4", "1?", "2:", "1X"] {
        let mut state = state((200, 50));
        keys.chars().for_each(|key| press(&mut state, key));
        let view = present(&state);
        for (width, height) in [(1, 1), (24, 8), (30, 9), (49, 13), (80, 24), (120, 40), (500, 200)] {
            for theme in [Theme::default(), Theme::plain(false)] {
                draw(&mut Buffer::empty(Rect::new(0, 0, width, height)), &view, theme);
            }
        }
    }
}
