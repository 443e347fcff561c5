//! The operator's terminal: taken over at the start, given back on every way out.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};

use super::input::QUESTION;
use super::outlet::{self, Outlet};
use super::pace::{self, Pace};
use crate::app::tui::settings::{AUTO, Settings};
use crate::fleet::model::Size;
use crate::plain::Patient;
use crate::ui::draw::{self, Drawn};
use crate::ui::paper::Paper;
use crate::ui::theme::{Depth, Theme};
use crate::ui::view::View;

/// Size of a terminal that does not know its own.
pub(in crate::app) const UNKNOWN: Size = Size { width: 80, height: 24 };

/// More is not drawn on: it is no screen that anybody looks at, and each cell takes memory three times.
const MAX: Size = Size { width: 1000, height: 500 };

/// Whether the terminal is ours now; restoring twice would print escapes into the shell.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Whether the terminal was asked to tell of its mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Tells of buttons and the wheel, with places that have no bound; and the end of it.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Has keys told by their codes, where the terminal can (flags 1 and 4 of the kitty keyboard protocol): there no Esc waits for what
/// may follow it, and Ctrl-C is that on any layout. Terminals keep these flags on a stack for each of their two screens; one that
/// knows nothing of it ignores this, but for old consoles.
const CODES_ON: &[u8] = b"\x1b[>5u";
const CODES_OFF: &[u8] = b"\x1b[<u";

/// Whether the terminal may be asked for codes: a console of an old Linux prints the end of it.
fn may_tell_codes() -> bool {
    std::env::var_os("TERM").is_some_and(|name| name != "dumb" && name != "linux")
}

/// The taken terminal; dropping it gives it back.
pub(in crate::app) struct Screen {
    paper: Paper,
    outlet: Outlet,
    theme: Theme,
    /// In which theme the last frame was drawn, and what drawing it decided.
    drawn: Option<(Theme, Drawn)>,
    /// Whether the theme is the terminal's to decide.
    asks: bool,
    /// What the terminal said of its background.
    light: Option<bool>,
    /// What is written in front of the next frame: nothing may come into the middle of one.
    words: Vec<u8>,
    /// How fast frames come to the screen.
    pace: Pace,
}

/// How these settings look on this terminal, and whether its background decides it further.
fn dressed(settings: &Settings, (depth, unicode): (Depth, bool), light: Option<bool>) -> (Theme, bool) {
    match settings.palette {
        Some(palette) => (Theme::of(palette, depth, unicode), false),
        // In its own sixteen colours a terminal is right already.
        None if settings.theme == AUTO => {
            let name = if light == Some(true) { "light" } else { "dark" };
            (Theme::new(name, depth, unicode), depth > Depth::Sixteen)
        }
        None => (Theme::new(&settings.theme, depth, unicode), false),
    }
}

/// How a picture looks that is made by these settings: of a terminal with all colours, which nobody asked for its background.
pub(in crate::app) fn of_picture(settings: &Settings) -> Theme {
    dressed(settings, (Depth::Full, true), None).0
}

/// How a frame looks that is printed as escape sequences: in all colours, as it may go anywhere, or without any where the
/// user's environment says so.
pub(in crate::app) fn of_sequences(settings: &Settings, variable: impl Fn(&str) -> Option<String>) -> Theme {
    let depth = if Theme::of_environment(variable).has_color() { Depth::Full } else { Depth::None };
    dressed(settings, (depth, true), None).0
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub(in crate::app) fn take(settings: &Settings) -> io::Result<Self> {
        let able = Theme::of_environment(|name| std::env::var(name).ok());
        let (theme, asks) = dressed(settings, (able.depth, able.unicode), None);
        // What is told to be dumb may print a question.
        let pace = Pace::new(std::env::var_os("TERM").is_some_and(|name| name != "dumb"));
        enter()?;
        let outlet = Outlet::open().inspect_err(|_| restore())?;
        Ok(Self { paper: Paper::new(), outlet, theme, drawn: None, asks, light: None, words: Vec::new(), pace })
    }

    /// Looks as these settings say from here on.
    pub(in crate::app) fn wear(&mut self, settings: &Settings) {
        if MOUSE.swap(settings.mouse, Ordering::SeqCst) != settings.mouse {
            self.say(if settings.mouse { MOUSE_ON } else { MOUSE_OFF });
        }
        let asked = self.asks;
        (self.theme, self.asks) = dressed(settings, (self.theme.depth, self.theme.unicode), self.light);
        if !asked && self.light.is_none() {
            self.ask_for_ground();
        }
    }

    /// Asks the terminal for its background, unless the theme is decided. Nobody waits for the answer.
    pub(in crate::app) fn ask_for_ground(&mut self) {
        if self.asks {
            self.say(QUESTION);
        }
    }

    /// Takes what the terminal said of its background; whether that changes the theme.
    pub(in crate::app) fn stands_on(&mut self, light: bool) -> bool {
        self.light = Some(light);
        let theme = if self.asks { self.theme.on_ground(light) } else { self.theme };
        std::mem::replace(&mut self.theme, theme) != theme
    }

    /// Says something to the terminal, in front of the next frame.
    pub(in crate::app) fn say(&mut self, words: &[u8]) {
        self.words.extend_from_slice(words);
    }

    /// Draws a view, sending only what changed, as one whole frame; what of it there was room for. It is written on a
    /// thread, which [`Self::written`] tells of; the frame before must be written. `asks` where an answer may follow, and counts
    /// from the moment in which the frame was to be seen; `same` where the view is the one that was drawn last.
    pub(in crate::app) fn draw(&mut self, view: &View, same: bool, asks: bool) -> Drawn {
        let (theme, size) = (self.theme, size().unwrap_or(UNKNOWN));
        let (drawn, frame) = match self.drawn {
            Some((before, drawn)) if same && before == theme && self.paper.is_current(size) => (drawn, Vec::new()),
            _ => self.paper.frame(size, |buffer| (draw::draw(buffer, view, theme), None)),
        };
        self.drawn = Some((theme, drawn));
        let mut words = std::mem::take(&mut self.words);
        words.extend(frame);
        // A terminal shows a frame with its last byte, which ends the update; in front of that it is nobody's to answer.
        let most = words.len().saturating_sub(usize::from(asks));
        if !words.is_empty() && self.pace.send(words.len(), Instant::now()) {
            // Behind the whole frame: it is answered once that is drawn.
            words.extend_from_slice(pace::QUESTION);
        }
        self.outlet.write(words, most);
        drawn
    }

    /// Whether a frame is still being written.
    pub(in crate::app) fn is_writing(&self) -> bool {
        self.outlet.is_writing()
    }

    /// Takes the terminal's word that what was asked about is on its screen.
    pub(in crate::app) fn answered(&mut self) {
        self.pace.answered(Instant::now());
    }

    /// When the next frame may go out; one that shows a key before others.
    pub(in crate::app) fn free_at(&self, key: bool) -> Instant {
        self.pace.free_at(key, Instant::now())
    }

    /// Whether what can wait had better not go out with a key.
    pub(in crate::app) fn is_tight(&self) -> bool {
        self.pace.is_tight()
    }

    /// Until when the terminal's answer is worth waiting for, before another program has it; `patient` where that program may
    /// do harm with an answer that it takes for keys.
    pub(in crate::app) fn owes(&self, patient: bool) -> Option<Instant> {
        self.pace.owes(patient)
    }

    /// Returns when a frame was written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) async fn written(&self) -> io::Result<()> {
        self.outlet.written().await
    }

    /// When the end of the newest frame that was written went to the terminal.
    pub(in crate::app) fn shown_at(&self) -> Option<Instant> {
        self.outlet.shown_at()
    }

    /// Forgets what is on the screen, so that the next frame draws all of it.
    pub(in crate::app) fn clear(&mut self) {
        self.paper.forget();
    }

    /// Gives the terminal back to the shell for a while.
    pub(in crate::app) fn leave(&mut self) {
        restore();
    }

    /// Takes it over again.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn resume(&mut self) -> io::Result<()> {
        self.clear();
        self.pace.forget();
        enter()
    }

    /// Sets everything anew after something else had the terminal unasked.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn take_again(&mut self) -> io::Result<()> {
        self.clear();
        self.pace.forget();
        enter_again()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Takes the terminal: raw mode, alternate screen, bracketed paste.
///
/// # Errors
/// When there is no terminal.
pub(in crate::app) fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    // Before anything is written: from here on there is something to give back.
    TAKEN.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, Hide)
        .map(|()| bytes.extend_from_slice(if may_tell_codes() { CODES_ON } else { b"" }))
        .map(|()| bytes.extend_from_slice(if MOUSE.load(Ordering::SeqCst) { MOUSE_ON } else { b"" }))
        .and_then(|()| Patient::new(io::stdout()).write_all(&bytes))
        .inspect_err(|_| restore())
}

/// Sets everything anew on a terminal that is ours and that something else had: we were stopped where nothing could
/// be given back (SIGSTOP).
///
/// # Errors
/// When there is no terminal.
pub(in crate::app) fn enter_again() -> io::Result<()> {
    // The modes first: a job that was continued in the background is stopped by it (SIGTTOU) before it writes.
    disable_raw_mode()?;
    if may_tell_codes() {
        // What was asked for before, on the screen where it was: a program of the shell's may have left the other one.
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen)?;
        bytes.extend_from_slice(CODES_OFF);
        Patient::new(io::stdout()).write_all(&bytes)?;
    }
    enter()
}

/// Gives the terminal back: screen, modes, cursor. Does nothing when it is not ours.
pub(in crate::app) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Asked for or not: a program that had the terminal meanwhile may have left it on.
    let mut bytes = MOUSE_OFF.to_vec();
    if may_tell_codes() {
        bytes.extend_from_slice(CODES_OFF);
    }
    // Writing to memory cannot fail.
    let _ok = queue!(
        bytes,
        // A frame that was cut off has begun one.
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        ResetColor,
        // A frame that was cut off may have left it disabled.
        EnableLineWrap,
        LeaveAlternateScreen,
        Show
    );
    outlet::last(&bytes);
    // On a terminal that hung up it fails, and there is nobody left to tell.
    let _hung_up = disable_raw_mode();
}

/// The terminal's size; one that is gone, or does not know, has none.
#[must_use]
pub(in crate::app) fn size() -> Option<Size> {
    // Not crossterm's: where the kernel does not know it starts a program that asks.
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let size = Size { width: size.ws_col.min(MAX.width), height: size.ws_row.min(MAX.height) };
    Some(size).filter(|size| size.width > 0 && size.height > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_that_is_printed_has_no_colours_where_the_user_wants_none() {
        for (name, value, colours) in
            [("NO_COLOR", "1", false), ("TERM", "dumb", false), ("TERM", "xterm", true), ("NO_COLOR", "", true)]
        {
            let of = |asked: &str| (asked == name).then(|| value.to_owned());
            assert_eq!(of_sequences(&Settings::default(), of).has_color(), colours, "{name}={value}");
        }
    }
}
