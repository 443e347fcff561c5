//! The answer of an action that does not fit on one line: it is scrolled and searched like a page.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts, scroll_by};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;

/// Longest text that is searched.
const MAX_SEARCH_CHARS: usize = 200;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::answer::popup };

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub title: String,
    /// The command line.
    pub command: String,
    /// What it answered.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
    /// First line shown.
    pub scroll: u16,
    /// What is searched in it.
    pub search: Search,
}

impl Answer {
    /// An answer from its beginning.
    #[must_use]
    pub fn new(title: String, command: String, text: String, failed: bool) -> Self {
        Self { title, command, text, failed, scroll: 0, search: Search::default() }
    }

    /// The lines of its text that hold what is searched; a capital letter means only itself.
    #[must_use]
    pub fn found(&self) -> Vec<usize> {
        let wanted = &self.search.text;
        let exact = wanted.chars().any(char::is_uppercase);
        let holds = |line: &str| if exact { line.contains(wanted) } else { line.to_lowercase().contains(wanted) };
        match wanted.is_empty() {
            true => Vec::new(),
            false => self.text.lines().enumerate().filter(|(_, line)| holds(line)).map(|(at, _)| at).collect(),
        }
    }

    /// Goes to the next line that was found, or the one before, round the end.
    fn go(&mut self, forward: bool) {
        let found = self.found();
        let from = self.search.at;
        let next = match (forward, from) {
            (_, None) => found.first(),
            (true, Some(at)) => found.iter().find(|line| **line > at).or(found.first()),
            (false, Some(at)) => found.iter().rfind(|line| **line < at).or(found.last()),
        };
        self.search.at = next.copied();
        if self.search.at.is_some() {
            // The line that was found decides what is shown.
            self.scroll = 0;
        }
    }
}

/// What is searched in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The text.
    pub text: String,
    /// Whether keys go into it.
    pub typing: bool,
    /// The line that was found last.
    pub at: Option<usize>,
}

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let Some(Overlay::Answer(answer)) = &mut state.overlay else { return };
    if answer.search.typing {
        match key.code {
            KeyCode::Enter => answer.search.typing = false,
            KeyCode::Esc => answer.search = Search::default(),
            KeyCode::Backspace => {
                answer.search.text.pop();
                answer.search.at = None;
                answer.go(true);
            }
            KeyCode::Char(c) if answer.search.text.chars().count() < MAX_SEARCH_CHARS => {
                answer.search.text.push(c);
                answer.search.at = None;
                answer.go(true);
            }
            _ => {}
        }
        return;
    }
    match key.code {
        KeyCode::Esc if !answer.search.text.is_empty() => answer.search = Search::default(),
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Char('/') => answer.search = Search { typing: true, ..Search::default() },
        KeyCode::Char('n') => answer.go(true),
        KeyCode::Char('N') => answer.go(false),
        KeyCode::Char('G') | KeyCode::End => {
            answer.search.at = None;
            answer.scroll = u16::MAX;
        }
        KeyCode::Char('g') => {
            answer.search.at = None;
            answer.scroll = 0;
        }
        code => {
            answer.search.at = None;
            scroll_by(&mut answer.scroll, code);
        }
    }
}
