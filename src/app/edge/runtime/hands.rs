//! The operator's hands beside the keys: the mouse, and what is copied; and how they are called.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::Dashboard;
use crate::app::action::Motion;
use crate::app::edge::input::{Did, Mouse};
use crate::app::edge::{clipboard, told};
use crate::app::tui::event::Event;
use crate::app::tui::notices::{Means, Notice};
use crate::app::tui::update::key_of;
use crate::fleet::model::Label;
use crate::fleet::os::{exec, thread};
use crate::ui::hit;

/// Two clicks on one thing within this time are a double click.
const DOUBLE: Duration = Duration::from_millis(400);

/// Time for a command that tells of an event.
const CALL: Duration = Duration::from_secs(10);

/// Time for the other dashboards' word of whether one of them has told of it.
const CLAIM: Duration = Duration::from_secs(3);

/// What the terminal is told. A multiplexer hands it on, where it was told to.
fn call(means: &Means, news: &[Notice], term: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if means.bell {
        bytes.push(b'\x07');
    }
    let wrapped = term.starts_with("tmux") || term.starts_with("screen");
    let mut say = |text: String| match wrapped {
        true => bytes.extend(format!("\x1bPtmux;{}\x1b\\", text.replace('\x1b', "\x1b\x1b")).into_bytes()),
        false => bytes.extend(text.into_bytes()),
    };
    for notice in news {
        // Labels hold nothing that ends the sequence.
        if means.osc9 {
            say(format!("\x1b]9;{}\x07", notice.line()));
        }
        if means.osc777 {
            say(format!("\x1b]777;notify;{};{}\x07", notice.agent.as_str().replace(';', ","), notice.line()));
        }
    }
    bytes
}

/// What a command finds in its environment.
fn facts(notice: &Notice) -> Vec<(&'static str, String)> {
    vec![
        ("MOSAIC_NOTICE_AGENT", notice.agent.to_string()),
        ("MOSAIC_NOTICE_STATE", notice.state.word().to_owned()),
        ("MOSAIC_NOTICE_REASON", notice.reason.to_string()),
        ("MOSAIC_NOTICE_QUESTION", notice.question.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("MOSAIC_NOTICE_HOST", notice.host.clone()),
    ]
}

/// Whether this dashboard tells of it, and not another one on this host. A file system that hangs has no say.
async fn is_mine(told: told::Told, notice: Notice) -> bool {
    let (answer, answered) = tokio::sync::oneshot::channel();
    let work = move || {
        let _left = answer.send(told.is_mine(&notice, jiff::Timestamp::now()));
    };
    match thread::begin("notices", work) {
        Ok(()) => tokio::time::timeout(CLAIM, answered).await.map_or(true, |answer| answer.unwrap_or(true)),
        Err(failure) => {
            tracing::warn!(%failure, "another dashboard may tell of the same");
            true
        }
    }
}

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
                let key = key_of(&self.state, &target, twice);
                self.take(Event::Click(target));
                self.pressed = true;
                if let Some(key) = key {
                    // A third click begins anew.
                    self.clicked = None;
                    // As if it was typed: a question takes no answer before it was seen.
                    if self.answers(&key) { self.answer(key, read.into()) } else { self.take(Event::Key(key)) }
                }
            }
        }
    }

    /// Tells outside of the screen who began to need the operator.
    pub(super) fn notify(&mut self, news: &[Notice]) {
        let means = self.state.settings.notifications.clone();
        let term = std::env::var("TERM").unwrap_or_default();
        self.screen.say(&call(&means, news, &term));
        let Some((program, args)) = means.command.split_first() else { return };
        for notice in news {
            let (program, done) = (PathBuf::from(program), self.done.clone());
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            let facts = facts(notice);
            let (claims, notice) = (told::Told::of(&self.site), notice.clone());
            // A program that hangs is ended, and holds up nobody meanwhile.
            tokio::spawn(async move {
                if !is_mine(claims, notice).await {
                    return;
                }
                let facts: Vec<(&str, OsString)> =
                    facts.into_iter().map(|(name, value)| (name, value.into())).collect();
                let why = match exec::run(&program, &args, &facts, CALL).await {
                    Ok(output) if output.status.success() => return,
                    Ok(output) => format!("ended with {}: {}", output.status, Label::new(output.stderr.trim())),
                    Err(error) => exec::explain(&program.to_string_lossy(), &error).to_string(),
                };
                let text = format!("the command of notifications failed: {why}");
                let _left = done.send(Event::Told { text, failed: true }).await;
            });
        }
    }

    /// Puts a text where the operator can paste it, and says so.
    pub(super) fn copy(&mut self, what: &str, text: &str) {
        let (text, whole) = clipboard::capped(text);
        let cut =
            if whole { String::new() } else { format!(", its first {} kB: more is not taken", clipboard::MAX >> 10) };
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
