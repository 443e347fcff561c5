//! Writers stand in line.
//!
//! SQLite lets whoever asks at the right moment write; the others sleep and ask again. With many
//! processes that either starves single ones (its own back-off grows to 100 ms) or burns the machine
//! with asking. So each writer first takes two locks on files beside the database, for which the kernel
//! keeps the waiting ones (flock(2)): one that the writer holds, and one that the next writer holds while it
//! waits. A writer that is done and wants to write again finds the second held and stands behind the others;
//! a single lock would let it back in before a waiting process has woken.
//! Programs that do not stand in line are still kept apart by SQLite's own lock.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::wait::LIMIT;

/// How long after its turn began a writer may write again without standing in line: waking another
/// process takes as long as several changes do. Thirty writers wait a tenth of a second at most.
const REENTRY_GRACE: Duration = Duration::from_millis(2);

/// The line of one store.
pub(super) struct Queue {
    next_writer: Arc<File>,
    writer: Arc<File>,
    /// When the last turn began that was waited for.
    since: Option<Instant>,
}

/// A held lock; dropping it lets the next one in.
pub(super) struct Turn(Arc<File>);

impl Queue {
    /// Opens the line beside a database file.
    pub(super) fn beside(database: &Path) -> io::Result<Self> {
        let open = |ending: &str| {
            let mut name = database.as_os_str().to_owned();
            name.push(ending);
            File::options().create(true).append(true).mode(0o600).open(Path::new(&name)).map(Arc::new)
        };
        Ok(Self { next_writer: open("-next-writer")?, writer: open("-writer")?, since: None })
    }

    /// Waits for a turn; `None` when it does not come in time.
    pub(super) fn enter(&mut self) -> io::Result<Option<Turn>> {
        if self.since.is_some_and(|since| since.elapsed() < REENTRY_GRACE)
            && let Some(writer) = Turn::try_take(&self.writer)?
        {
            return Ok(Some(writer));
        }
        let turn = self.stand_in_line()?;
        self.since = Some(Instant::now());
        Ok(turn)
    }

    /// Takes a turn that can be had without waiting.
    pub(super) fn enter_at_once(&self) -> io::Result<Option<Turn>> {
        Turn::try_take(&self.writer)
    }

    fn stand_in_line(&self) -> io::Result<Option<Turn>> {
        if let Some(next_writer) = Turn::try_take(&self.next_writer)?
            && let Some(writer) = Turn::try_take(&self.writer)?
        {
            // The next one may wait for this writer now.
            drop(next_writer);
            return Ok(Some(writer));
        }
        // flock(2) waits without a limit, so another thread does; the locks belong to the open files, not to it.
        let (hand_over, waiting) = sync_channel(0);
        let (next_writer, writer) = (Arc::clone(&self.next_writer), Arc::clone(&self.writer));
        std::thread::Builder::new().name("queue".to_owned()).spawn(move || {
            let entered = Turn::take(&next_writer).and_then(|_next| Turn::take(&writer));
            // When nobody waits any more the turn is dropped, and with it given on.
            drop(hand_over.send(entered));
        })?;
        match waiting.recv_timeout(LIMIT) {
            Ok(entered) => entered.map(Some),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ok(None),
        }
    }
}

impl Turn {
    fn try_take(file: &Arc<File>) -> io::Result<Option<Self>> {
        match flock(&**file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(Arc::clone(file)))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn take(file: &Arc<File>) -> io::Result<Self> {
        loop {
            match flock(&**file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Self(Arc::clone(file))),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Cannot fail on an open file; the end of the process would do it too.
        let _held = flock(&*self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_next_when_it_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (mut first, mut second) = (Queue::beside(&path).unwrap(), Queue::beside(&path).unwrap());
        let turn = first.enter().unwrap().unwrap();
        let waiter = std::thread::spawn(move || second.enter().unwrap().is_some());
        assert!(!waiter.is_finished());
        drop(turn);
        assert!(waiter.join().unwrap());
        assert!(first.enter().unwrap().is_some(), "a finished waiter leaves the line");
    }
}
