//! The operator's terminal: taken over at the start, given back on every way out.

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use crate::fleet::model::Size;
use crate::ui::draw::{self, Drawn};
use crate::ui::theme::Theme;
use crate::ui::view::View;

/// One write call a frame: a full frame of colours fits.
const FRAME_BYTES: usize = 64 << 10;

/// Whether the terminal is ours now; restoring twice would print escapes into the shell.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The taken terminal; dropping it gives it back.
pub(in crate::app) struct Screen {
    /// Never dropped: ratatui's own drop prints to stderr when the terminal is gone, which panics.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    theme: Theme,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// When standard output is no terminal.
    pub(in crate::app) fn take(theme: Theme) -> io::Result<Self> {
        enter()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
        let terminal = Terminal::new(backend).inspect_err(|_| restore())?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), theme })
    }

    /// Draws a view, sending only what changed, as one whole frame; what of it there was room for.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn draw(&mut self, view: &View) -> io::Result<Drawn> {
        let theme = self.theme;
        let mut drawn = Drawn::default();
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| drawn = draw::draw(frame.buffer_mut(), view, theme))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(drawn)
    }

    /// Forgets what is on the screen, so that the next frame draws all of it.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) fn clear(&mut self) -> io::Result<()> {
        // Not `Terminal::clear`: that asks the terminal where its cursor is, and the answer would go
        // to the reader of the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
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
        enter()?;
        self.clear()
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
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide).inspect_err(|_| restore())
}

/// Gives the terminal back: screen, modes, cursor. Does nothing when it is not ours.
pub(in crate::app) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // On a terminal that hung up these fail, and there is nobody left to tell.
    let _hung_up = queue!(out, EndSynchronizedUpdate, DisableBracketedPaste, ResetColor, LeaveAlternateScreen, Show);
    let _hung_up = out.flush();
    let _hung_up = disable_raw_mode();
}

/// The terminal's size.
#[must_use]
pub(in crate::app) fn size() -> Option<Size> {
    terminal::size().ok().map(|(width, height)| Size { width, height })
}
