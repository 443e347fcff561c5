//! Signals that a full-screen program answers to, as one stream.

use std::io;

use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code after a signal, as a shell counts it.
const SIGNALLED: u8 = 128;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Signalled {
    /// To end: SIGTERM or SIGHUP.
    End(rustix::process::Signal),
    /// To end, by a key: SIGINT.
    Interrupt,
    /// To stop: SIGTSTP.
    Stop,
    /// It goes on: SIGCONT.
    Continued,
    /// The terminal has another size: SIGWINCH.
    Resized,
}

impl Signalled {
    /// The exit code of a program that ends by it.
    pub(in crate::app) fn code(self) -> u8 {
        let number = match self {
            Self::End(signal) => u8::try_from(signal.as_raw()).unwrap_or_default(),
            _ => 2,
        };
        SIGNALLED + number
    }
}

/// Exit code of a hang-up.
pub(in crate::app) fn hung_up() -> u8 {
    Signalled::End(rustix::process::Signal::HUP).code()
}

/// Signals after which a screen is drawn anew.
pub(in crate::app) struct Painted {
    continued: Signal,
    resized: Signal,
}

impl Painted {
    /// Listens.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub(in crate::app) fn listen() -> io::Result<Self> {
        Ok(Self { continued: raw(rustix::process::Signal::CONT)?, resized: raw(rustix::process::Signal::WINCH)? })
    }

    /// The next of them. None is lost when the future is dropped.
    pub(in crate::app) async fn next(&mut self) -> Signalled {
        tokio::select! {
            // Going on first: it draws all that a new size would.
            biased;
            _ = self.continued.recv() => Signalled::Continued,
            _ = self.resized.recv() => Signalled::Resized,
        }
    }
}

/// The stream. From its making on, none of them does what it does by itself.
pub(in crate::app) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    painted: Painted,
}

impl Signals {
    /// Listens.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub(in crate::app) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: raw(rustix::process::Signal::TERM)?,
            hang_up: raw(rustix::process::Signal::HUP)?,
            interrupt: raw(rustix::process::Signal::INT)?,
            stop: raw(rustix::process::Signal::TSTP)?,
            painted: Painted::listen()?,
        })
    }

    /// The next signal. None is lost when the future is dropped.
    pub(in crate::app) async fn next(&mut self) -> Signalled {
        tokio::select! {
            // What ends the program goes before what only draws it anew.
            biased;
            _ = self.terminate.recv() => Signalled::End(rustix::process::Signal::TERM),
            _ = self.hang_up.recv() => Signalled::End(rustix::process::Signal::HUP),
            _ = self.interrupt.recv() => Signalled::Interrupt,
            _ = self.stop.recv() => Signalled::Stop,
            painted = self.painted.next() => painted,
        }
    }

    /// Waits until the program goes on after it stopped itself.
    pub(in crate::app) async fn continued(&mut self) {
        self.painted.continued.recv().await;
    }

    /// Forgets keys' signals that were meant for another program on the terminal.
    pub(in crate::app) fn forget_keys(&mut self) {
        // Ctrl-C goes to the whole foreground group, so what ended an editor was heard here too.
        while self.interrupt.recv().now_or_never().is_some() {}
    }
}

fn raw(which: rustix::process::Signal) -> io::Result<Signal> {
    signal(SignalKind::from_raw(which.as_raw()))
}
