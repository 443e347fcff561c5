//! Watching the backlog for the dashboard: a thread of its own reads what the screen shows, again
//! whenever another process changed something. A store that hangs or is gone holds up nobody else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::error::{Failure, Kind, gone};
use super::model::{Board, BoardQuery, CardEvent, CardId, Goals};
use super::operations::{Backlog, Detail};
use super::place::{Intent, Location};
use super::store::{LATE, Who};

/// How often another process's changes are looked for: one cheap question.
const LOOK: Duration = Duration::from_millis(400);

/// After this long everything is read again, whatever the question says.
const REFRESH: Duration = Duration::from_secs(10);

/// Pause before a store that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// After a long read the watcher rests so many times as long: a search through a million cards must not
/// become all that the store does.
const REST: u32 = 4;

/// It begins with the first frame or the first request, and without both after this time: opening a database takes a processor from the
/// first frame.
const BEGIN: Duration = Duration::from_millis(300);

/// Lines of history that are told at most at once: days of a fleet at work.
const MAX_LINES: u32 = 5000;

/// Stands for the revision of a backlog that nobody has made yet.
const NONE: &str = "none";

/// What the screen wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Show these cards of each column from now on.
    Board(BoardQuery),
    /// Show this card in full from now on, or none.
    Detail(Option<CardId>),
    /// Show the goals from now on, or no more.
    Goals(bool),
    /// Read everything again now.
    Refresh,
}

/// What was read.
#[derive(Debug, Clone)]
pub enum News {
    /// The board.
    Board(Arc<Board>),
    /// The goals.
    Goals(Arc<Goals>),
    /// A card in full, or why not.
    Detail(CardId, Result<Arc<Detail>, Failure>),
    /// Lines of history that may be new; some of them were told before.
    History(Vec<CardEvent>),
    /// The store cannot be read.
    Lost(Failure),
}

/// A handle of the watching thread, which ends when this is dropped.
pub struct Watcher {
    wanted: Arc<Mutex<Wanted>>,
    wake: SyncSender<()>,
}

/// What the screen wants now: only the newest of each kind counts.
#[derive(Clone, Default)]
struct Wanted {
    query: BoardQuery,
    detail: Option<CardId>,
    goals: bool,
    asked: bool,
}

impl Watcher {
    /// Starts watching; `tell` is called on the thread with whatever was read, and answers whether anybody listens.
    ///
    /// # Errors
    /// Returns an error if no thread can be started.
    pub fn start(place: Location, who: Who, tell: impl Fn(News) -> bool + Send + 'static) -> std::io::Result<Self> {
        // One waiting wake-up is enough for any number of requests.
        let (wake, woken) = sync_channel(1);
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let wanted_too = Arc::clone(&wanted);
        let watch = Watch { place, who, tell, backlog: None, wanted: wanted_too, told: 0, made: false, touched: None };
        std::thread::Builder::new().name("backlog".to_owned()).spawn(move || watch.run(&woken))?;
        Ok(Self { wanted, wake })
    }

    /// Has it begin.
    pub fn begin(&self) {
        match self.wake.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
        }
    }

    /// Asks for something; an earlier request of its kind is forgotten.
    pub fn ask(&self, request: Request) {
        {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            match request {
                Request::Board(query) => wanted.query = query,
                Request::Detail(id) => wanted.detail = id,
                Request::Goals(shown) => wanted.goals = shown,
                Request::Refresh => {}
            }
            wanted.asked = true;
        }
        self.begin();
    }
}

struct Watch<T> {
    place: Location,
    who: Who,
    tell: T,
    backlog: Option<Backlog>,
    wanted: Arc<Mutex<Wanted>>,
    /// Number of the newest line of history that was told.
    told: i64,
    /// Whether there was a backlog: one that goes is lost, and no longer one that nobody has made yet.
    made: bool,
    /// When its file was written last, as it was looked at whether it is still a database.
    touched: Option<SystemTime>,
}

impl<T: Fn(News) -> bool> Watch<T> {
    fn run(mut self, woken: &Receiver<()>) {
        let mut revision = String::new();
        let mut read_at: Option<Instant> = None;
        let mut pause = BEGIN;
        loop {
            match woken.recv_timeout(pause) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let wanted = {
                let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
                let now = wanted.clone();
                wanted.asked = false;
                now
            };
            let (asked, stale) = (wanted.asked, read_at.is_none_or(|at| at.elapsed() > REFRESH));
            let begun = Instant::now();
            let heard = match self.look(&mut revision, &wanted, asked || stale) {
                Ok(None) => true,
                Ok(Some(news)) => {
                    read_at = Some(Instant::now());
                    news.into_iter().all(&self.tell)
                }
                Err(error) => {
                    // Opened anew: by then there may be another file, or the server may be back.
                    self.backlog = None;
                    read_at = None;
                    pause = RETRY;
                    if !(self.tell)(News::Lost(error)) {
                        return;
                    }
                    continue;
                }
            };
            if !heard {
                return;
            }
            pause = LOOK.max(begun.elapsed() * REST).min(REFRESH);
        }
    }

    /// Reads everything when asked, or when the store has another revision.
    fn look(&mut self, revision: &mut String, wanted: &Wanted, asked: bool) -> Result<Option<Vec<News>>, Failure> {
        if self.made && self.place.is_missing() {
            return Err(gone(&self.place));
        }
        // What was read before is answered from memory, whatever lies in the file by now.
        let touched = self.place.touched();
        if touched != self.touched {
            self.place.check()?;
            self.touched = touched;
        }
        // A card and goals are asked of a real one: what is wrong with them is told in its words.
        if self.backlog.is_none() && wanted.detail.is_none() && !wanted.goals {
            if !asked && revision == NONE && self.place.is_missing() {
                return Ok(None);
            }
            if let Some(board) = self.place.board_of_none(&wanted.query) {
                NONE.clone_into(revision);
                return Ok(Some(vec![News::Board(Arc::new(board))]));
            }
        }
        let backlog = match &mut self.backlog {
            Some(backlog) => backlog,
            None => {
                let opened = self.place.open(Intent::Read, self.who.clone(), &mut |_, _| {})?;
                // A revision counts only for the connection that told it.
                revision.clear();
                self.backlog.insert(opened)
            }
        };
        let present = backlog.store().revision()?;
        self.made = !self.place.is_missing();
        let changed = present != *revision;
        if !changed && !asked {
            return Ok(None);
        }
        let mut news = vec![News::Board(Arc::new(backlog.store().board(&wanted.query)?))];
        if wanted.goals {
            news.push(News::Goals(Arc::new(backlog.goals()?)));
        }
        if let Some(id) = wanted.detail {
            let read = match backlog.detail(&id) {
                // A store that fails is told as that; what is wrong with one card is told in its place.
                Err(error) if error.kind == Kind::Failed => {
                    return Err(error);
                }
                read => read.map(Arc::new),
            };
            news.push(News::Detail(id, read));
        }
        if changed {
            // A line that was committed late may have a smaller number than one that was told.
            let lines = backlog.store().recent(self.told.saturating_sub(LATE), MAX_LINES)?;
            self.told = lines.last().map_or(self.told, |(number, _)| *number);
            news.push(News::History(lines.into_iter().map(|(_, line)| line).collect()));
        }
        // Last of all: what fails before this is read again the next time.
        *revision = present;
        Ok(Some(news))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::model::{NewCard, Patch};

    fn next<T>(told: &Receiver<News>, accept: impl Fn(&News) -> Option<T>) -> T {
        loop {
            if let Some(found) = accept(&told.recv_timeout(Duration::from_secs(20)).unwrap()) {
                return found;
            }
        }
    }

    #[test]
    fn a_file_that_became_something_else_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::of(None, Some(folder.path()), folder.path()).unwrap();
        let who = Who { actor: "a".to_owned(), tenant_id: "t".to_owned(), host: "h".to_owned() };
        let mut backlog = place.open(Intent::Write, who.clone(), &mut |_, _| {}).unwrap();
        let (id, title) = (CardId::parse("A1").unwrap(), "kept".to_owned());
        let card = NewCard { id, title, fields: Patch::default(), idempotency_key: None, blocked: false };
        backlog.create(&card).unwrap();
        drop(backlog);
        let (tell, told) = std::sync::mpsc::channel();
        let _watcher = Watcher::start(place, who, move |news| tell.send(news).is_ok()).unwrap();
        let cards = |news: &News| if let News::Board(board) = news { Some(board.counts.total()) } else { None };
        assert_eq!(next(&told, cards), 1);
        let file = folder.path().join("backlog.db");
        let noise = vec![0xA5_u8; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        // In place, as a program with the wrong file does it.
        std::fs::write(&file, noise).unwrap();
        next(&told, |news| matches!(news, News::Lost(_)).then_some(()));
        let later = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(later, News::Lost(_)), "and it stays lost: {later:?}");
    }
}
