//! The question that an agent asks: the whole of it, with a key for each choice. An answer is meant for the question
//! that was on the screen, and the executor presses nothing when another one stands there by then.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::dispatch::RequestId;
use crate::app::action::inputs::Inputs;
use crate::app::action::report::Report;
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::{PopupParts, scroll_by};
use crate::app::tui::screens::{dispatch, fleet, hand};
use crate::app::tui::state::State;
use crate::app::tui::state::question::Question;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::Readiness;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

/// Opens the selected agent's question; where it asks nothing, the one of the next that does.
pub(in crate::app::tui) fn open(state: &mut State) {
    let selected = hand::row(state);
    match selected.and_then(|row| Question::of(row)) {
        Some(question) => state.overlay = Some(Overlay::Question(Box::new(question))),
        // Part of a question must not be answered: what is not visible may be the command
        // that is to be approved.
        None if selected.is_some_and(|row| row.managed && row.readiness == Readiness::Stuck) => {
            let why = "its question is not fully visible; press `a` to attach";
            state.say(format!("answer: {why}"), true);
        }
        None => next(state, "nobody asks anything"),
    }
}

/// Goes on to the next agent with a question.
fn next(state: &mut State, nobody: &str) {
    let at = state.selected;
    let Some(snapshot) = state.snapshot.clone() else { return };
    let rows = &snapshot.agents;
    let from = rows.iter().position(|row| Some(&row.key) == at.as_ref()).map_or(0, |at| at + 1);
    let others = rows.iter().skip(from).chain(rows.iter().take(from)).filter(|row| Some(&row.key) != at.as_ref());
    let mut asking = others.filter_map(|row| Some((row, Question::of(row)?)));
    match asking.next() {
        Some((row, question)) => {
            fleet::show(state, row);
            state.overlay = Some(Overlay::Question(Box::new(question)));
        }
        None => {
            state.overlay = None;
            state.say(nobody.to_owned(), false);
        }
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Question(open)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Char('w') => {
            let left = open.failed().then(|| (open.agent, format!("{} is not answered yet", open.name)));
            next(state, "nobody else asks anything");
            if let Some((agent, text)) = left {
                state.keep_unread(agent);
                state.say(text, true);
            }
        }
        KeyCode::Char('a') => {
            effects.push(Effect::Attach(std::mem::take(&mut open.name)));
            state.overlay = None;
        }
        code @ (KeyCode::Char('j' | 'k') | KeyCode::Up | KeyCode::Down) => scroll_by(&mut open.scroll, code),
        KeyCode::Char(c) => match open.choice_of(c) {
            Some(choice) => answer(state, choice, effects),
            None if open.choices().next().is_none() => {
                refuse(state, "its choices are not on the screen; `a` attaches, and shows them".to_owned());
            }
            None => refuse(state, format!("no such choice: {c}")),
        },
        code => scroll_by(&mut open.scroll, code),
    }
}

/// Says in the popup why a key did nothing: whoever goes on at once must not believe that he answered.
fn refuse(state: &mut State, why: String) {
    if let Some(Overlay::Question(open)) = &mut state.overlay {
        open.refused = Some(why);
    }
}

/// Sends a choice, once all of the question was shown, and while it is still the one that is asked.
fn answer(state: &mut State, choice: usize, effects: &mut Vec<Effect>) {
    let Some(Overlay::Question(open)) = &mut state.overlay else { return };
    open.refused = None;
    if !open.reading.is_whole() {
        let why = "not answered: not all of it was shown yet; read it to its end, and press it again";
        return refuse(state, why.to_owned());
    }
    // A second digit would be typed into whatever the runtime shows by then.
    if open.sent.is_some() || matches!(open.told, Some((_, false))) {
        return refuse(state, "it is answered; `w` goes on to the next".to_owned());
    }
    let now = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).find(|row| row.key == open.agent);
    let now = now.and_then(|row| row.question.as_ref());
    if now != Some(&open.asked) {
        let text = match now {
            None => format!("{} does not ask this any more", open.name),
            Some(_) => format!("{} asks something else by now; look, and press it again", open.name),
        };
        match (now, &mut state.overlay) {
            // Another question of the same agent takes its place unread, so that its own end has to be seen
            // before a digit counts.
            (Some(asked), Some(Overlay::Question(open))) => {
                open.take(asked.clone());
                open.refused = Some(text);
                return;
            }
            _ => state.overlay = None,
        }
        return state.say(text, true);
    }
    let inputs = Inputs::default()
        .with("name", vec![open.name.clone()])
        .with("choice", vec![choice.to_string()])
        // Sent along: the executor compares it with what stands on the screen in that very moment.
        .with("question", vec![open.asked.to_string()]);
    match dispatch::resolve_request(state, "agent.approve", &inputs) {
        Ok((command, request)) => {
            let sent = state.request(command);
            if let Some(Overlay::Question(open)) = &mut state.overlay {
                (open.sent, open.told) = (Some((sent.id, choice)), None);
            }
            dispatch::send(state, sent, request, effects);
        }
        Err(why) => refuse(state, why),
    }
}

/// Takes the receipt of an answer that was given here; whether it was one.
pub(in crate::app::tui) fn take_receipt(state: &mut State, id: RequestId, words: &str, report: &Report) -> bool {
    let Some(Overlay::Question(open)) = &mut state.overlay else { return false };
    if open.sent.is_none_or(|(sent, _)| sent != id) {
        return false;
    }
    open.sent = None;
    open.told = Some((words.to_owned(), report.code != crate::app::action::error::DONE));
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::app::action::AgentAction;
    use crate::app::action::dispatch::Request;
    use crate::app::tui::event::Event;
    use crate::app::tui::samples;
    use crate::app::tui::update::update;
    use crate::fleet::model::Label;
    use crate::fleet::model::Size;

    /// So many agents, each with a question of its own.
    fn asking(count: usize) -> State {
        let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(questions(count, "Go on")));
        update(&mut state, Event::Drawn(samples::DRAWN));
        state
    }

    fn questions(count: usize, asked: &str) -> Arc<crate::fleet::model::FleetSnapshot> {
        let mut snapshot = (*samples::snapshot()).clone();
        snapshot.agents = (0..count)
            .map(|number| {
                let mut row = samples::row(&format!("a{number}"), Readiness::Stuck);
                row.question = Some(Label::new(&format!("{asked} {number}? | 1. Yes | 2. No")));
                Arc::new(row)
            })
            .collect();
        Arc::new(snapshot)
    }

    /// A key, after a frame that showed all there was.
    fn press(state: &mut State, key: char) -> Vec<Effect> {
        let effects = update(state, Event::Key(KeyCode::Char(key).into()));
        update(state, Event::Drawn(samples::DRAWN));
        effects
    }

    fn sent(effects: &[Effect]) -> Option<(String, usize, Option<String>)> {
        let [Effect::Run { request: Request::Agent(AgentAction::Approve { name, choice, question, .. }), .. }] =
            effects
        else {
            return None;
        };
        Some((name.clone(), *choice, question.clone()))
    }

    #[test]
    fn ten_questions_are_ten_times_two_keys() {
        let mut state = asking(10);
        let mut answered = Vec::new();
        for number in 0..10 {
            press(&mut state, if number == 0 { 'A' } else { 'w' });
            let (name, choice, question) = sent(&press(&mut state, '2')).unwrap();
            assert_eq!(
                (choice, question),
                (2, Some(format!("Go on {} ? | 1. Yes | 2. No", &name[1..]).replace(" ?", "?")))
            );
            answered.push(name);
        }
        answered.sort();
        answered.dedup();
        assert_eq!(answered.len(), 10);
    }

    #[test]
    fn only_what_was_read_and_is_still_asked_is_answered() {
        let mut state = asking(1);
        update(&mut state, Event::Key(KeyCode::Char('A').into()));
        assert_eq!(update(&mut state, Event::Key(KeyCode::Char('1').into())), [], "no frame showed it");
        update(&mut state, Event::Drawn(samples::DRAWN));
        update(&mut state, Event::Snapshot(questions(1, "Delete")));
        update(&mut state, Event::Drawn(samples::DRAWN));
        assert_eq!(press(&mut state, '1'), [], "it asks something else");
        let (_, choice, question) = sent(&press(&mut state, '1')).unwrap();
        assert_eq!((choice, question.unwrap().as_str()), (1, "Delete 0? | 1. Yes | 2. No"));
        assert_eq!(press(&mut state, '2'), [], "one answer");
    }

    #[test]
    fn a_refused_answer_can_be_given_again() {
        let mut state = asking(2);
        press(&mut state, 'A');
        let effects = press(&mut state, '2');
        let [Effect::Run { sent: asked, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        let mut report = Report::done("", &serde_json::Value::Null);
        (report.code, report.errors) = (4, vec!["a0: refused: no_choice".to_owned()]);
        update(&mut state, Event::Done { sent: asked.clone(), report });
        assert!(matches!(&state.overlay, Some(Overlay::Question(open)) if matches!(open.told, Some((_, true)))));
        assert!(!state.toast.as_ref().is_some_and(|toast| toast.text.starts_with("running")), "{:?}", state.toast);
        assert!(sent(&press(&mut state, '1')).is_some());
    }

    /// What the popup says was wrong.
    fn refused(state: &State) -> &str {
        let Some(Overlay::Question(open)) = &state.overlay else { panic!("{:?}", state.overlay) };
        open.refused.as_deref().unwrap_or_default()
    }

    /// One agent that asks this.
    fn asks(text: &str) -> State {
        let mut state = asking(1);
        let mut snapshot = (*questions(1, "")).clone();
        let mut row = (*snapshot.agents[0]).clone();
        row.question = Some(Label::new(text));
        snapshot.agents = vec![Arc::new(row)];
        update(&mut state, Event::Snapshot(Arc::new(snapshot)));
        update(&mut state, Event::Drawn(samples::DRAWN));
        press(&mut state, 'A');
        state
    }

    #[test]
    fn y_and_n_answer_what_is_asked_by_yes_or_no_and_nothing_else() {
        for (text, key, choice) in [
            ("Delete the table? (y/n)", 'y', Some(1)),
            ("Delete the table? (y/n)", 'n', Some(2)),
            ("Delete? | 1. No | 2. Yes", 'y', Some(2)),
            ("Delete? | 1. No | 2. Yes", 'n', Some(1)),
            ("Which? | 1. SQLite | 2. PostgreSQL", 'y', None),
            ("Which? | 1. SQLite | 2. PostgreSQL", 'n', None),
            ("Which? | 1. SQLite | 2. PostgreSQL", '3', None),
            ("Which? | 1. SQLite | 2. PostgreSQL", '9', None),
            ("Delete the table? (y/n)", '0', None),
            ("Delete the table? (y/n)", 'x', None),
        ] {
            let mut state = asks(text);
            let effects = press(&mut state, key);
            assert_eq!(sent(&effects).map(|(_, choice, _)| choice), choice, "{key} for {text}");
            if choice.is_none() {
                assert_eq!(refused(&state), format!("no such choice: {key}"), "{text}");
            }
        }
    }

    #[test]
    fn what_was_refused_is_said_in_the_popup_and_the_agent_stays_marked() {
        let mut state = asking(2);
        update(&mut state, Event::Key(KeyCode::Char('A').into()));
        assert_eq!(update(&mut state, Event::Key(KeyCode::Char('2').into())), [], "no frame showed it");
        assert!(refused(&state).contains("not all of it was shown yet"), "{}", refused(&state));
        let tried = state.selected_name();
        press(&mut state, 'w');
        assert_ne!(state.selected_name(), tried);
        let row = state.rows().into_iter().find(|row| row.name.as_str() == tried).unwrap();
        assert!(state.is_unread(&row), "it still waits");
        assert!(state.toast.as_ref().is_some_and(|toast| toast.failed && toast.text.contains("not answered")));
        assert_eq!(refused(&state), "", "the next one was not tried");
    }
}
