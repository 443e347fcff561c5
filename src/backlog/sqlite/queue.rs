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
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use super::wait::LIMIT;

/// How long after its turn began a writer may write again without standing in line: waking another
/// process takes as long as several changes do. Thirty writers wait a tenth of a second at most.
const REENTRY_GRACE: Duration = Duration::from_millis(2);

/// Waiters that were given up and stand in line all the same, as nothing wakes a thread from flock(2). The next one of this
/// process that has to wait in their line goes on with one of them, so a writer that is stopped costs as many threads as
/// there are changes at once, and not one more with each try.
static GIVEN_UP: Mutex<Vec<Arc<Waiter>>> = Mutex::new(Vec::new());

/// The line of one store.
pub(super) struct Queue {
    next_writer: Arc<File>,
    writer: Arc<File>,
    /// When the last turn began that was waited for.
    since: Option<Instant>,
}

/// A held lock; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Turn(Arc<File>);

/// A thread that stands in line.
#[derive(Debug)]
struct Waiter {
    /// Which line it is: device and number of its file.
    line: (u64, u64),
    place: Mutex<Place>,
    moved: Condvar,
}

#[derive(Debug)]
enum Place {
    /// It stands in line; whether somebody waits for it.
    InLine { wanted: bool },
    /// Its turn has come.
    Entered(io::Result<Turn>),
    /// It came when nobody wanted it, and was given on.
    Over,
}

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
        self.enter_within(LIMIT)
    }

    fn enter_within(&mut self, limit: Duration) -> io::Result<Option<Turn>> {
        if self.since.is_some_and(|since| since.elapsed() < REENTRY_GRACE)
            && let Some(writer) = Turn::try_take(&self.writer)?
        {
            return Ok(Some(writer));
        }
        let turn = self.stand_in_line(limit)?;
        self.since = Some(Instant::now());
        Ok(turn)
    }

    /// Takes a turn that can be had without waiting.
    pub(super) fn enter_at_once(&self) -> io::Result<Option<Turn>> {
        Turn::try_take(&self.writer)
    }

    fn stand_in_line(&self, limit: Duration) -> io::Result<Option<Turn>> {
        if let Some(next_writer) = Turn::try_take(&self.next_writer)?
            && let Some(writer) = Turn::try_take(&self.writer)?
        {
            // The next one may wait for this writer now.
            drop(next_writer);
            return Ok(Some(writer));
        }
        let file = self.next_writer.metadata()?;
        let line = (file.dev(), file.ino());
        // A database that has taken the place of another one has another line.
        let waiter = match Waiter::given_up(line) {
            Some(waiter) => waiter,
            None => Waiter::begin(line, &self.next_writer, &self.writer)?,
        };
        waiter.wait(limit).transpose()
    }
}

impl Waiter {
    // flock(2) waits without a limit, so another thread does; the locks belong to the open files, not to it.
    fn begin(line: (u64, u64), next_writer: &Arc<File>, writer: &Arc<File>) -> io::Result<Arc<Self>> {
        let place = Mutex::new(Place::InLine { wanted: true });
        let waiter = Arc::new(Self { line, place, moved: Condvar::new() });
        let (next_writer, writer, own) = (Arc::clone(next_writer), Arc::clone(writer), Arc::clone(&waiter));
        std::thread::Builder::new().name("queue".to_owned()).spawn(move || {
            let entered = Turn::take(&next_writer).and_then(|_next| Turn::take(&writer));
            own.enters(entered);
        })?;
        Ok(waiter)
    }

    /// One that was given up and stands in this line; it is wanted again.
    fn given_up(line: (u64, u64)) -> Option<Arc<Self>> {
        let mut all = lock(&GIVEN_UP);
        while let Some(at) = all.iter().position(|waiter| waiter.line == line) {
            let waiter = all.swap_remove(at);
            let mut place = lock(&waiter.place);
            if let Place::InLine { wanted } = &mut *place {
                *wanted = true;
                drop(place);
                return Some(waiter);
            }
        }
        None
    }

    fn enters(&self, entered: io::Result<Turn>) {
        let mut place = lock(&self.place);
        *place = match *place {
            Place::InLine { wanted: true } => Place::Entered(entered),
            // With nobody who wants it the turn is dropped, and with it given on.
            _ => Place::Over,
        };
        drop(place);
        self.moved.notify_all();
        // Whoever has it need not look for it.
        lock(&GIVEN_UP).retain(|waiter| !std::ptr::eq(waiter.as_ref(), self));
    }

    /// Waits until its turn has come; `None` when it does not in time, and whoever comes next may go on with it.
    fn wait(self: Arc<Self>, limit: Duration) -> Option<io::Result<Turn>> {
        let stands = |place: &mut Place| matches!(place, Place::InLine { .. });
        drop(self.moved.wait_timeout_while(lock(&self.place), limit, stands));
        // In this order everywhere, and in one go: in between it would neither be wanted nor be found.
        let mut all = lock(&GIVEN_UP);
        let mut place = lock(&self.place);
        match std::mem::replace(&mut *place, Place::Over) {
            Place::Entered(turn) => Some(turn),
            Place::InLine { .. } => {
                *place = Place::InLine { wanted: false };
                all.push(Arc::clone(&self));
                None
            }
            Place::Over => None,
        }
    }
}

/// What these guard is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Waits until it is so.
    fn until(what: &str, is: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !is() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waiters of this line that were given up.
    fn given_up(queue: &Queue) -> usize {
        let file = queue.next_writer.metadata().unwrap();
        lock(&GIVEN_UP).iter().filter(|waiter| waiter.line == (file.dev(), file.ino())).count()
    }

    #[test]
    fn one_at_a_time_and_the_next_when_it_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (mut first, mut second) = (Queue::beside(&path).unwrap(), Queue::beside(&path).unwrap());
        let turn = first.enter().unwrap().unwrap();
        let waiter = std::thread::spawn(move || second.enter().unwrap().is_some());
        let third = Queue::beside(&path).unwrap();
        until("the second stands in line", || Turn::try_take(&third.next_writer).unwrap().is_none());
        assert!(!waiter.is_finished() && third.enter_at_once().unwrap().is_none());
        drop(turn);
        assert!(waiter.join().unwrap());
        assert!(first.enter().unwrap().is_some(), "a finished waiter leaves the line");
    }

    #[test]
    fn a_writer_that_is_stopped_costs_one_thread_and_those_given_up_hold_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut stopped = Queue::beside(&path).unwrap();
        let turn = stopped.enter().unwrap().unwrap();
        for _ in 0..5 {
            // As a store that is opened anew behind each failure.
            let mut again = Queue::beside(&path).unwrap();
            assert!(again.enter_within(Duration::from_millis(10)).unwrap().is_none());
            assert_eq!(given_up(&again), 1);
        }
        let mut next = Queue::beside(&path).unwrap();
        let goes_on = std::thread::spawn(move || next.enter().unwrap().is_some());
        until("the next goes on with it", || given_up(&stopped) == 0);
        drop(turn);
        assert!(goes_on.join().unwrap());
        let turn = stopped.enter().unwrap().unwrap();
        assert!(Queue::beside(&path).unwrap().enter_within(Duration::from_millis(10)).unwrap().is_none());
        drop(turn);
        until("whoever nobody wants gives its turn on", || given_up(&stopped) == 0);
        assert!(stopped.enter().unwrap().is_some());
    }
}
