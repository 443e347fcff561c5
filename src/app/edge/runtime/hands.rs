//! The operator's hands beside the keys: the mouse, and what is copied.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Dashboard;
use crate::app::action::Motion;
use crate::app::edge::clipboard;
use crate::app::edge::input::{Did, Mouse};
use crate::app::tui::event::Event;
use crate::app::tui::update::opens;
use crate::fleet::os::exec;
use crate::ui::hit;

/// Two clicks on one thing within this time are a double click.
const DOUBLE: Duration = Duration::from_millis(400);

impl Dashboard {
    /// Takes what the mouse did on the frame that was drawn last.
    pub(super) fn mouse(&mut self, mouse: Mouse, read: Instant) {
        if !self.state.settings.mouse {
            return;
        }
        match mouse.did {
            Did::WheelUp => self.take(Event::Wheel(Motion::Up)),
            Did::WheelDown => self.take(Event::Wheel(Motion::Down)),
            Did::Press => {
                let size = self.state.size;
                let seen = self.seen.as_ref();
                let place = (mouse.column, mouse.row);
                let Some(target) = seen.and_then(|view| hit::at(view, size.width, size.height, place)) else { return };
                let before = self.clicked.replace((place, read));
                let twice =
                    before.is_some_and(|(at, then)| at == place && read.saturating_duration_since(then) < DOUBLE);
                let enter = twice && opens(&self.state, &target);
                self.take(Event::Click(target));
                self.pressed = true;
                if enter {
                    // A third click begins anew.
                    self.clicked = None;
                    // As if it was typed: a question takes no answer before it was seen.
                    let key = KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE);
                    if self.answers(&key) { self.answer(key, read.into()) } else { self.take(Event::Key(key)) }
                }
            }
        }
    }

    /// Puts a text where the operator can paste it, and says so.
    pub(super) fn copy(&mut self, what: &str, text: &str) {
        let (text, whole) = clipboard::capped(text);
        let cut =
            if whole { String::new() } else { format!(", its first {} kB: more is not taken", clipboard::MOST >> 10) };
        let size = match text.lines().count() {
            0 | 1 => format!("{} characters", text.chars().count()),
            lines => format!("{lines} lines"),
        };
        let told = format!("copied the {what} ({size}{cut})");
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let words = clipboard::sequence(text, &set("TERM").unwrap_or_default());
        let Some(tmux) = set("TMUX") else {
            self.screen.say(&words);
            return self.take(Event::Told { text: format!("{told}: the terminal was told to take it"), failed: false });
        };
        let (text, done) = (text.to_owned(), self.done.clone());
        // tmux may hang, and its word is the only one of whether it took the text.
        tokio::spawn(async move {
            let (text, failed) = match clipboard::to_tmux(&tmux, &text).await {
                Ok(place) => (format!("{told} to {place}"), false),
                Err(error) => (format!("not copied: {}", exec::explain("tmux", &error)), true),
            };
            let _left = done.send(Event::Told { text, failed }).await;
        });
    }
}
