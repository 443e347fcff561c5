//! The way out to the terminal. Frames are written on a thread of their own: a terminal that takes nothing, behind
//! a link that stalls, holds up the frames and neither keys nor signals.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Notify;

use crate::plain::Patient;

/// How long the terminal has for what is being written before it is given back regardless.
const SETTLE: Duration = Duration::from_millis(300);

/// Whether a frame is being written. Of the process, because the terminal is given back from anywhere, a panic
/// included, and never into the middle of a frame.
static WRITING: Mutex<bool> = Mutex::new(false);

/// Told when it no longer is.
static WRITTEN: Condvar = Condvar::new();

fn writing() -> MutexGuard<'static, bool> {
    // A word that no panic leaves half said.
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame, and how much of it goes out before the moment is noted in which its end does.
type Frame = (Vec<u8>, usize);

/// The thread that writes.
pub(in crate::app) struct Outlet {
    frames: mpsc::SyncSender<Frame>,
    moved: Arc<Notify>,
    gone: Arc<AtomicBool>,
    /// When the end of the newest frame went to the terminal, once it did.
    shown: Arc<Mutex<Option<Instant>>>,
}

fn note(shown: &Mutex<Option<Instant>>, at: Option<Instant>) {
    *shown.lock().unwrap_or_else(PoisonError::into_inner) = at;
}

/// So soon after a frame nobody answers it: the eye and the hand take longer.
const REACTION: Duration = Duration::from_millis(250);

/// Writes a frame, and notes when its end went out: not later than anybody saw it, whatever this thread waits for behind that,
/// not before the terminal had room for it, and not much before it had it.
fn put(terminal: &mut Patient<impl AsFd>, (frame, most): &Frame, shown: &Mutex<Option<Instant>>) -> io::Result<()> {
    let (most, end) = frame.split_at_checked(*most).unwrap_or((frame, &[]));
    terminal.write_all(most)?;
    if !end.is_empty() {
        terminal.wait_for_room()?;
    }
    let before = Instant::now();
    terminal.write_all(end)?;
    let soonest = Instant::now().checked_sub(REACTION);
    note(shown, Some(soonest.map_or(before, |soonest| soonest.max(before))));
    Ok(())
}

impl Outlet {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no standard output, or no thread to be had.
    pub(in crate::app) fn open() -> io::Result<Self> {
        // One is written and none waits: who draws asks first whether it is.
        let (frames, waiting) = mpsc::sync_channel::<Frame>(1);
        let (moved, gone) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let shown = Arc::new(Mutex::new(None));
        let outlet = Self { frames, moved: Arc::clone(&moved), gone: Arc::clone(&gone), shown: Arc::clone(&shown) };
        // Not `io::stdout()`: its lock would be held for as long as the terminal takes nothing.
        let mut terminal = Patient::new(io::stdout().as_fd().try_clone_to_owned()?);
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            while let Ok(frame) = waiting.recv() {
                if put(&mut terminal, &frame, &shown).is_err() {
                    gone.store(true, Ordering::SeqCst);
                }
                #[cfg(debug_assertions)]
                be_late();
                // Before the loop is woken, which asks whether anything is still being written.
                *writing() = false;
                WRITTEN.notify_all();
                moved.notify_one();
            }
        })?;
        Ok(outlet)
    }

    /// Writes a frame, of which so many bytes may go out before the moment of its end is noted; the one before must be written. One
    /// without bytes is on the screen already.
    pub(in crate::app) fn write(&self, frame: Vec<u8>, most: usize) {
        if frame.is_empty() {
            note(&self.shown, Some(Instant::now()));
            return self.moved.notify_one();
        }
        // Before the thread has it: in between nobody may take it for written, nor for shown if it never is.
        note(&self.shown, None);
        *writing() = true;
        if self.frames.send((frame, most)).is_err() {
            self.gone.store(true, Ordering::SeqCst);
        }
    }

    /// Whether a frame is still being written.
    pub(in crate::app) fn is_writing(&self) -> bool {
        *writing()
    }

    /// When the end of the newest frame went to the terminal; `None` while it is on its way, and for ever where that failed.
    pub(in crate::app) fn shown_at(&self) -> Option<Instant> {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when a frame was written.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(in crate::app) async fn written(&self) -> io::Result<()> {
        self.moved.notified().await;
        if self.gone.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone"));
        }
        Ok(())
    }
}

/// A busy machine may run this thread again only long after the terminal took a frame; no test can provoke it for real.
#[cfg(debug_assertions)]
fn be_late() {
    if std::env::var("MOSAIC_DEBUG_FAULT").is_ok_and(|fault| fault == "late") {
        std::thread::sleep(SETTLE);
    }
}

/// Writes what gives the terminal back: behind the frame that is being written, and never for long.
pub(in crate::app) fn last(bytes: &[u8]) {
    let end = Instant::now() + SETTLE;
    let mut busy = writing();
    while *busy && Instant::now() < end {
        let left = end.saturating_duration_since(Instant::now());
        busy = WRITTEN.wait_timeout(busy, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    drop(busy);
    let out = io::stdout();
    let left = Timespec::try_from(SETTLE).unwrap_or(Timespec { tv_sec: 0, tv_nsec: 0 });
    let mut polled = [PollFd::new(&out, PollFlags::OUT)];
    if matches!(poll(&mut polled, Some(&left)), Ok(1)) {
        // On a terminal that hung up it fails, and there is nobody left to tell.
        let _hung_up = Patient::within(&out, SETTLE).write_all(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_frame_that_never_went_out_was_never_shown() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let shown = Mutex::new(None);
        assert!(put(&mut Patient::new(writer), &(b"frame".to_vec(), 4), &shown).is_err());
        assert_eq!(*shown.lock().unwrap(), None);
    }

    #[test]
    fn a_frame_counts_as_shown_once_the_terminal_has_room_for_its_end() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut filled = 0;
        while let Ok(more) = rustix::io::write(&writer, &[b'.'; 4096]) {
            filled += more;
        }
        let shown = Mutex::new(None);
        std::thread::scope(|scope| {
            let put = scope.spawn(|| put(&mut Patient::new(writer), &(b"frame".to_vec(), 4), &shown));
            let begun = Instant::now();
            let mut all = vec![0; filled + 5];
            reader.read_exact(&mut all).unwrap();
            put.join().unwrap().unwrap();
            assert!(all.ends_with(b"frame"));
            assert!(shown.lock().unwrap().is_some_and(|at| at >= begun));
        });
    }
}
