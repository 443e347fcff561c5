//! A link between a program and its terminal: slow, long, and with buffers that have no end, as ssh's seem to.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// Pieces in which bytes come out of a link.
const PIECE: usize = 256;

/// A question that every terminal answers, and what it answers.
const QUESTION: &[u8] = b"\x1b[5n";
const ANSWER: &[u8] = b"\x1b[0n";

/// What a link is like; the default is none at all, with a terminal that answers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Link {
    /// How many bytes a second come to the terminal; 0 for no link.
    pub(crate) bytes_per_second: usize,
    /// How long a byte is on its way, in each direction.
    pub(crate) delay: Duration,
}

impl Link {
    /// Whether there is one.
    pub(super) fn is_there(self) -> bool {
        self.bytes_per_second > 0
    }

    /// The way up, to the program.
    pub(super) fn up(self, mut program: Box<dyn Write + Send>) -> Up {
        let (sent, arrives) = mpsc::channel::<(Instant, Vec<u8>)>();
        std::thread::spawn(move || {
            for (at, bytes) in arrives {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                if program.write_all(&bytes).and_then(|()| program.flush()).is_err() {
                    return;
                }
            }
        });
        Up { sent, delay: self.delay }
    }

    /// The way down, to the terminal: `show` takes what comes out, and nothing at the end. Questions are answered.
    pub(super) fn down(self, mut up: Up, waiting: Arc<AtomicUsize>, show: impl Fn(&[u8]) + Send + 'static) -> Down {
        let (sent, arrives) = mpsc::channel::<(Instant, Vec<u8>)>();
        std::thread::spawn(move || {
            let mut seen = Vec::new();
            for (at, bytes) in arrives {
                std::thread::sleep(at.saturating_duration_since(Instant::now()));
                show(&bytes);
                waiting.fetch_sub(bytes.len(), Ordering::SeqCst);
                seen.extend_from_slice(&bytes);
                while let Some(at) = seen.windows(QUESTION.len()).position(|four| four == QUESTION) {
                    seen.drain(..at + QUESTION.len());
                    // A program that ended asked in vain.
                    let _gone = up.write_all(ANSWER);
                }
                seen.drain(..seen.len().saturating_sub(QUESTION.len() - 1));
            }
        });
        Down { sent, link: self, busy: Instant::now() }
    }
}

/// The way to the program.
#[derive(Clone)]
pub(super) struct Up {
    sent: mpsc::Sender<(Instant, Vec<u8>)>,
    delay: Duration,
}

impl Write for Up {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.sent.send((Instant::now() + self.delay, bytes.to_vec()));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The way to the terminal.
pub(super) struct Down {
    sent: mpsc::Sender<(Instant, Vec<u8>)>,
    link: Link,
    /// Until when it is busy with what was sent.
    busy: Instant,
}

impl Down {
    /// Takes whatever the program writes; nothing tells of its end.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let pieces: Vec<&[u8]> = if bytes.is_empty() { vec![bytes] } else { bytes.chunks(PIECE).collect() };
        for piece in pieces {
            let takes = Duration::from_secs_f64(piece.len() as f64 / self.link.bytes_per_second as f64);
            self.busy = self.busy.max(Instant::now()) + takes;
            // Nobody looks any more.
            let _gone = self.sent.send((self.busy + self.link.delay, piece.to_vec()));
        }
    }
}
