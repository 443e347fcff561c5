//! The terminal's side of the door: reads what is there, when it is there, and keeps the decoder's clock.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::decoder::{Decoder, Typed};
use crate::fleet::os::clock::at;

/// Pause after which an ESC is the key Esc: a terminal on this machine writes a sequence at once.
const LOCAL_WAIT: Duration = Duration::from_millis(40);

/// The same over ssh, where a sequence may arrive in two packets.
const FAR_WAIT: Duration = Duration::from_millis(120);

/// Most bytes of one read; the kernel hands out four thousand at most.
const READ: usize = 4096;

/// The keyboard of the terminal on standard input.
pub(in crate::app) struct Keyboard {
    terminal: AsyncFd<OwnedFd>,
    decoder: Decoder,
    typed: VecDeque<(Typed, Instant)>,
}

impl Keyboard {
    /// Opens it; what waits to be read stays.
    ///
    /// # Errors
    /// When standard input is no terminal, or outside of an event loop.
    pub(in crate::app) fn open() -> io::Result<Self> {
        let far = ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| std::env::var_os(name).is_some());
        let terminal = io::stdin().as_fd().try_clone_to_owned()?;
        #[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor, proved here")]
        // SAFETY: the descriptor is open and ours alone: it is private to the `AsyncFd` from here on, which closes
        // it when it is dropped, and an `OwnedFd` answers `as_raw_fd` with the same number all its life.
        let terminal = unsafe { AsyncFd::register_with_interest(terminal, Interest::READABLE) }?;
        let wait = if far { FAR_WAIT } else { LOCAL_WAIT };
        Ok(Self { terminal, decoder: Decoder::new(wait), typed: VecDeque::new() })
    }

    /// Throws away what was typed before it had anything to do with our screen.
    pub(in crate::app) fn begin(&mut self) {
        self.typed.clear();
        // A terminal that is gone is noticed by the next read.
        let _gone = rustix::termios::tcflush(self.terminal.get_ref(), rustix::termios::QueueSelector::IFlush);
    }

    /// The same after another program had the terminal: what waits was meant for it, or is the late answer to
    /// a question that it asked, and more of that answer may follow.
    pub(in crate::app) fn begin_again(&mut self) {
        self.begin();
        self.decoder.forget(Instant::now());
    }

    /// The next key or paste, and when it was read. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) async fn next(&mut self) -> io::Result<(Typed, Instant)> {
        loop {
            if let Some(typed) = self.typed.pop_front() {
                return Ok(typed);
            }
            let due = self.decoder.due();
            let mut out = Vec::new();
            tokio::select! {
                biased;
                ready = self.terminal.readable() => {
                    let mut ready = ready?;
                    if is_readable(self.terminal.get_ref())? {
                        read(self.terminal.get_ref(), &mut self.decoder, &mut out)?;
                    } else {
                        // Only now that nothing is left: the next word comes with the next byte, and not for what still
                        // waits.
                        ready.clear_ready();
                    }
                }
                () = at(due.map(Into::into)) => {
                    // What came before the pause was over decides, however late we are.
                    if is_readable(self.terminal.get_ref())? {
                        read(self.terminal.get_ref(), &mut self.decoder, &mut out)?;
                    } else {
                        self.decoder.pause(Instant::now(), &mut out);
                    }
                }
            }
            let now = Instant::now();
            self.typed.extend(out.into_iter().map(|typed| (typed, now)));
        }
    }
}

/// Whether a read would return at once. The terminal is not made non-blocking: the shell and other programs
/// share that setting with us.
fn is_readable(terminal: &OwnedFd) -> io::Result<bool> {
    let mut polled = [PollFd::new(terminal, PollFlags::IN)];
    loop {
        match poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
            Ok(_) => return Ok(!polled[0].revents().is_empty()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(terminal: &OwnedFd, decoder: &mut Decoder, out: &mut Vec<Typed>) -> io::Result<()> {
    let mut buffer = [0; READ];
    match rustix::io::read(terminal, &mut buffer) {
        Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the terminal hung up")),
        Ok(length) => {
            decoder.feed(&buffer[..length], Instant::now(), out);
            Ok(())
        }
        // Somebody who shares the terminal may have made it non-blocking.
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
