//! A diff on the screen: opened, scrolled, searched, left.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::mouse_tests::click;
use super::*;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::fleet::git::{Against, Base, Diff};
use crate::fleet::model::{Label, Size, TreeFacts};
use crate::ui::view::{Body, DiffView, Role};

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn typed(state: &mut State, text: &str) {
    text.chars().for_each(|c| drop(press(state, KeyCode::Char(c))));
}

/// The diff of the selected agent, opened by its key.
fn opened() -> State {
    let mut state = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    let effects = press(&mut state, KeyCode::Char('d'));
    assert_eq!(asked(&effects), [Against::Commit]);
    answer(&mut state, Ok(samples::diff()));
    state
}

fn shown(state: &State) -> DiffView {
    match present(state).body {
        Body::Diff(diff) => *diff,
        other => panic!("{other:?}"),
    }
}

fn lines(state: &State) -> Vec<String> {
    shown(state).lines.iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect()).collect()
}

#[test]
fn it_shows_heads_lines_and_what_git_does_not_know_and_esc_goes_back() {
    let mut state = opened();
    let lines = lines(&state);
    assert_eq!(lines[0], "src/login.rs  changed  +40  -1");
    assert!(lines[2].starts_with("-    let code"), "{lines:#?}");
    let view = shown(&state);
    assert!(view.facts.iter().any(|piece| piece.text == "+40" && piece.role == Role::Added), "{view:?}");
    press(&mut state, KeyCode::Char('G'));
    assert_eq!(self::lines(&state).last().map(String::as_str), Some("? notes.txt"));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.screen, Screen::Fleet);
}

#[test]
fn scrolling_ends_at_both_ends_and_tab_goes_from_file_to_file() {
    let mut state = opened();
    press(&mut state, KeyCode::Up);
    assert_eq!(state.diff.top, 0);
    press(&mut state, KeyCode::Tab);
    assert!(lines(&state).iter().any(|line| line.contains("logo.png")), "{:#?}", lines(&state));
    for _ in 0..200 {
        press(&mut state, KeyCode::Down);
    }
    assert_eq!(lines(&state).len(), crate::app::tui::present::diff::page(&state), "the last page is full");
    press(&mut state, KeyCode::Char('g'));
    press(&mut state, KeyCode::BackTab);
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text == "no other file there"));
}

/// A diff of so many files of three lines each.
fn many(files: usize) -> Diff {
    let of = |at: usize| {
        let mut file = samples::diff().files[0].clone();
        (file.path, file.added, file.removed) = (Label::new(&format!("src/part{at:03}.rs")), 2, 1);
        file.lines.truncate(3);
        file
    };
    Diff { files: (0..files).map(of).collect(), ..Diff::default() }
}

#[test]
fn a_wide_screen_lists_the_files_marks_those_in_view_and_a_click_goes_to_one() {
    let mut state = opened();
    press(&mut state, KeyCode::Char('d'));
    answer(&mut state, Ok(Arc::new(many(100))));
    state.size = Size { width: 131, height: 24 };
    assert!(shown(&state).files.is_empty(), "the lines keep their columns");
    state.size = Size { width: 132, height: 24 };
    let page = crate::app::tui::present::diff::page(&state);
    let marked = |state: &State| -> Vec<String> {
        shown(state).files.into_iter().filter(|file| file.shown).map(|file| file.name).collect()
    };
    // A head, three lines, and a blank one that is nobody's.
    let first_of = |at: usize| format!("src/part{at:03}.rs");
    let in_view = |top: usize| -> Vec<String> {
        (0..100).filter(|at| at * 5 < top + page && at * 5 + 4 > top).map(first_of).collect()
    };
    for top in 0..=100 * 5 - 1 - page {
        assert_eq!(state.diff.top, top);
        assert_eq!(marked(&state), in_view(top), "from line {top} on");
        press(&mut state, KeyCode::Down);
    }
    // To a head in the middle, by the list, whose window went along.
    press(&mut state, KeyCode::Char('g'));
    for _ in 0..40 {
        press(&mut state, KeyCode::Tab);
    }
    assert_eq!((state.diff.top, marked(&state)[0].clone()), (200, first_of(40)));
    click(&mut state, &first_of(38));
    assert_eq!((state.diff.top, marked(&state)[0].clone()), (190, first_of(38)));
    press(&mut state, KeyCode::Char('/'));
    click(&mut state, &first_of(36));
    assert_eq!(state.diff.top, 180, "with a line more above it");
    let view = shown(&state);
    assert_eq!((view.reach.first + view.files.len() <= 100, view.reach.all), (true, 100));
}

#[test]
fn a_click_on_what_has_moved_since_goes_nowhere() {
    let mut state = opened();
    state.size = Size { width: 132, height: 24 };
    let target = crate::ui::hit::Target::File { row: 5, name: "src/part001.rs".to_owned() };
    update(&mut state, Event::Drawn(samples::DRAWN));
    update(&mut state, Event::Click(target));
    assert!(state.diff.top == 0 && state.toast.is_none(), "{:?}", state.toast);
}

#[test]
fn a_key_to_a_file_that_is_on_the_last_page_already_says_so() {
    let mut state = opened();
    press(&mut state, KeyCode::Char('G'));
    press(&mut state, KeyCode::Char('k'));
    press(&mut state, KeyCode::Tab);
    let top = state.diff.top;
    state.toast = None;
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.diff.top, top);
    assert_eq!(state.toast.as_ref().map(|toast| toast.text.as_str()), Some("it is on the screen already"));
    // A search goes further than the last page begins, and a key to the next file not back.
    press(&mut state, KeyCode::Char('/'));
    typed(&mut state, "logo");
    press(&mut state, KeyCode::Enter);
    let found = state.diff.top;
    assert!(found > top);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.diff.top, found);
}

#[test]
fn what_is_searched_is_found_round_the_end_and_marked() {
    let mut state = opened();
    press(&mut state, KeyCode::Char('/'));
    typed(&mut state, "second 3");
    press(&mut state, KeyCode::Enter);
    let first = state.diff.top;
    assert!(lines(&state)[0].contains("second 3"), "{:#?}", lines(&state));
    let found = |view: &DiffView| view.lines[0].iter().any(|piece| piece.role == Role::Found);
    assert!(found(&shown(&state)));
    press(&mut state, KeyCode::Char('n'));
    assert_ne!(state.diff.top, first, "second 30 holds it too");
    press(&mut state, KeyCode::Char('N'));
    assert_eq!(state.diff.top, first);
    press(&mut state, KeyCode::Esc);
    assert!(!found(&shown(&state)) && state.screen == Screen::Diff, "Esc clears the search first");
    press(&mut state, KeyCode::Char('n'));
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.starts_with("nothing is searched")));
}

#[test]
fn what_comes_late_belongs_to_the_agent_that_was_asked_about() {
    let mut state = opened();
    let before = state.diff.number;
    press(&mut state, KeyCode::Char('d'));
    update(&mut state, Event::Diff(before, Err("no".to_owned())));
    assert!(state.diff.diff().is_some());
    answer(&mut state, Err("git \x1b[2J hangs".to_owned()));
    assert_eq!(shown(&state).empty[0], "git \u{b7}[2J hangs");
}

/// The same agent's diff, of a tree in which everything is committed.
fn committed(against: Against, commits: u64) -> Result<Arc<Diff>, String> {
    let tree = TreeFacts { branch: Some(Label::new("feat/x")), ..TreeFacts::default() };
    let base = Some(Base { name: Label::new("main"), commits });
    let files = if against == Against::Base { samples::diff().files.clone() } else { Vec::new() };
    Ok(Arc::new(Diff { tree, against, base, files, ..Diff::default() }))
}

/// Answers the last question to git.
fn answer(state: &mut State, read: Result<Arc<Diff>, String>) -> Vec<Effect> {
    let number = state.diff.number;
    update(state, Event::Diff(number, read))
}

/// What git is asked by these effects.
fn asked(effects: &[Effect]) -> Vec<Against> {
    let of = |effect: &Effect| match effect {
        Effect::ReadDiff { name, against, .. } if name == "review" => Some(*against),
        _ => None,
    };
    effects.iter().filter_map(of).collect()
}

/// The list, of which the agent's diff was asked for.
fn asked_for() -> State {
    let mut state = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    assert_eq!(asked(&press(&mut state, KeyCode::Char('d'))), [Against::Commit]);
    state
}

#[test]
fn who_commits_its_work_is_shown_with_what_its_branch_holds() {
    let mut state = asked_for();
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 3))), [Against::Base]);
    assert_eq!(shown(&state).empty.len(), 1, "nothing is shown that differs from nothing");
    answer(&mut state, committed(Against::Base, 3));
    assert_eq!(lines(&state)[0], "src/login.rs  changed  +40  -1");
    let title = |state: &State| shown(state).title.iter().map(|piece| piece.text.clone()).collect::<String>();
    assert!(title(&state).contains("main"), "{}", title(&state));
    // Whoever asks for what is not committed gets that, though it is nothing.
    press(&mut state, KeyCode::Down);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), [Against::Commit]);
    let before = state.diff.number - 1;
    update(&mut state, Event::Diff(before, committed(Against::Base, 3)));
    assert_eq!(state.diff.top, 1, "what was asked for before is no answer");
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 3))), []);
    assert!(shown(&state).lines.is_empty() && state.diff.top == 0);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('d'))), [Against::Commit], "read again as it is");
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 3))), []);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), [Against::Base]);
}

#[test]
fn what_was_chosen_ends_with_the_view_and_what_is_committed_meanwhile_is_shown() {
    let mut state = asked_for();
    answer(&mut state, Ok(samples::diff()));
    press(&mut state, KeyCode::Char('b'));
    answer(&mut state, committed(Against::Base, 1));
    press(&mut state, KeyCode::Esc);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('d'))), [Against::Commit]);
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 1))), [Against::Base], "by itself");
    answer(&mut state, committed(Against::Base, 1));
    assert_eq!(asked(&press(&mut state, KeyCode::Char('d'))), [Against::Commit], "there may be work again");
    answer(&mut state, Ok(samples::diff()));
    assert_eq!(state.diff.diff().unwrap().against, Against::Commit);
}

#[test]
fn one_answer_is_waited_for_at_a_time_and_the_last_key_decides() {
    let mut state = asked_for();
    for _ in 0..3 {
        assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), [], "while git is asked");
    }
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 2))), [Against::Base]);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), []);
    assert_eq!(asked(&answer(&mut state, committed(Against::Base, 2))), [Against::Commit]);
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 2))), [], "it was chosen");
    assert_eq!(state.diff.diff().unwrap().against, Against::Commit);
    // Nobody waits for it any more.
    answer(&mut state, Err("late".to_owned()));
    assert!(state.diff.diff().is_some());
}

#[test]
fn the_key_turns_from_what_is_shown_whatever_is_being_read() {
    let mut state = asked_for();
    // Nothing is shown yet: whoever turns wants the branch, which is being read by itself.
    answer(&mut state, committed(Against::Commit, 2));
    press(&mut state, KeyCode::Char('b'));
    assert_eq!(asked(&answer(&mut state, committed(Against::Base, 2))), [Against::Base]);
    answer(&mut state, committed(Against::Base, 2));
    assert_eq!(state.diff.diff().unwrap().against, Against::Base);
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Char('d'));
    answer(&mut state, committed(Against::Commit, 2));
    answer(&mut state, committed(Against::Base, 2));
    // The branch is shown and read again from the commit on.
    press(&mut state, KeyCode::Char('d'));
    press(&mut state, KeyCode::Char('b'));
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 2))), [Against::Commit]);
}

#[test]
fn a_branch_that_cannot_be_read_leaves_what_differs_from_the_commit() {
    let mut state = asked_for();
    answer(&mut state, committed(Against::Commit, 2));
    answer(&mut state, Err("no commit in common".to_owned()));
    assert_eq!(state.diff.diff().unwrap().against, Against::Commit);
    assert!(state.toast.as_ref().is_some_and(|toast| toast.failed));
    press(&mut state, KeyCode::Char('b'));
    answer(&mut state, Err("no commit in common".to_owned()));
    assert!(shown(&state).empty.iter().any(|line| line.contains("b shows")), "{:?}", shown(&state).empty);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), [Against::Commit], "and the way back");
}

#[test]
fn a_branch_without_commits_of_its_own_is_shown_when_it_is_asked_for() {
    let mut state = asked_for();
    assert_eq!(asked(&answer(&mut state, committed(Against::Commit, 0))), []);
    assert_eq!(state.diff.diff().unwrap().against, Against::Commit);
    assert_eq!(asked(&press(&mut state, KeyCode::Char('b'))), [Against::Base], "git says why it cannot be");
}
