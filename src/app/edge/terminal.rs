//! The operator's terminal: taken over at the start, given back on every way out.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

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
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::model::Size;
use crate::plain::Patient;
use crate::ui::draw::{self, Drawn};
use crate::ui::paper::Paper;
use crate::ui::theme::{Depth, Palette, SHIPPED, THEME, Theme};
use crate::ui::view::View;

/// Size of a terminal that does not know its own.
pub(in crate::app) const UNKNOWN: Size = Size { width: 80, height: 24 };

/// Whether the terminal is ours now; restoring twice would print escapes into the shell.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The taken terminal; dropping it gives it back.
pub(in crate::app) struct Screen {
    paper: Paper,
    outlet: Outlet,
    theme: Theme,
    /// Whether the theme is the terminal's to decide.
    asks: bool,
}

/// The theme of this terminal, and whether its background decides it further.
///
/// # Errors
/// When the environment names a theme that there is not.
pub(in crate::app) fn theme() -> Result<(Theme, bool)> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(name) = set(THEME).filter(|name| Palette::shipped(name).is_none()) {
        let names = SHIPPED.map(|(name, _)| name).join(", ");
        let why = format!("there is no theme {}", crate::plain::quoted(&name));
        return Err(Failure::new(Kind::Invalid, THEME, why, format!("use one of {names}")));
    }
    let theme = Theme::of_environment(set);
    // In its own sixteen colours a terminal is right already.
    Ok((theme, set(THEME).is_none() && theme.depth > Depth::Sixteen))
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub(in crate::app) fn take(theme: Theme, asks: bool) -> io::Result<Self> {
        enter()?;
        let outlet = Outlet::open().inspect_err(|_| restore())?;
        Ok(Self { paper: Paper::new(), outlet, theme, asks })
    }

    /// Asks the terminal for its background, unless the theme is decided. Nobody waits for the answer.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn ask_for_ground(&self) -> io::Result<()> {
        if self.asks { Patient::new(io::stdout()).write_all(QUESTION) } else { Ok(()) }
    }

    /// Takes what the terminal said of its background; whether that changes the theme.
    pub(in crate::app) fn stands_on(&mut self, light: bool) -> bool {
        let theme = if self.asks { self.theme.on_ground(light) } else { self.theme };
        std::mem::replace(&mut self.theme, theme) != theme
    }

    /// Draws a view, sending only what changed, as one whole frame; what of it there was room for. It is written on a
    /// thread, which [`Self::written`] tells of; the frame before must be written.
    pub(in crate::app) fn draw(&mut self, view: &View) -> Drawn {
        let theme = self.theme;
        let (drawn, frame) =
            self.paper.frame(size().unwrap_or(UNKNOWN), |buffer| (draw::draw(buffer, view, theme), None));
        self.outlet.write(frame);
        drawn
    }

    /// Whether a frame is still being written.
    pub(in crate::app) fn is_writing(&self) -> bool {
        self.outlet.is_writing()
    }

    /// Returns when a frame was written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) async fn written(&self) -> io::Result<()> {
        self.outlet.written().await
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
        enter()
    }

    /// Sets everything anew after something else had the terminal unasked.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn take_again(&mut self) -> io::Result<()> {
        self.clear();
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
    enter()
}

/// Gives the terminal back: screen, modes, cursor. Does nothing when it is not ours.
pub(in crate::app) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut bytes = Vec::new();
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
    Some(Size { width: size.ws_col, height: size.ws_row }).filter(|size| size.width > 0 && size.height > 0)
}
