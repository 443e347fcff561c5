//! The history for the dashboard: a thread of its own writes down what is seen, takes in what others left, and reads
//! what the screen shows, whenever something is new. A disk that hangs holds up nobody else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use notify::{RecursiveMode, Watcher as _};

use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;
use crate::fleet::os::folder;

use super::event::Event;
use super::figures::Span;
use super::page::{Known, Page, Query};
use super::recorder::Recorder;
use super::spool;
use super::store::{Store, path};

/// It begins with the first look at the fleet, or without one after this time: opening a database takes a processor from
/// the first frame.
const BEGIN: Duration = Duration::from_millis(300);

/// Without inotify, or when it misses something, others' events are looked for this often.
const SAFETY: Duration = Duration::from_secs(5);

/// A state that has to stand for a moment is looked at again behind it.
const SOON: Duration = Duration::from_secs(1);

/// Events that come together are taken in together.
const COALESCE: Duration = Duration::from_millis(40);

/// What is known of a day is read again this often at most: it is thousands of rows.
const KNOWN_EVERY: Duration = Duration::from_secs(2);

/// Pause before a history that failed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Time to keep what was told, when the dashboard ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How often its news are taken meanwhile.
const TAKEN_EVERY: Duration = Duration::from_millis(10);

/// Events of others that wait to be written; more than a backlog tells at once.
const MAX_LEFT: usize = 20_000;

/// What was read.
#[derive(Debug, Clone)]
pub enum News {
    /// The page that was asked for.
    Page(Arc<Page>),
    /// What is known of a day.
    Known(Arc<Known>),
    /// The history cannot be read or written.
    Lost(Failure),
}

/// A handle of the thread, which ends when this is dropped.
pub struct Watcher {
    wanted: Arc<Mutex<Wanted>>,
    wake: SyncSender<()>,
}

/// What there is to do: only the newest of each kind counts.
#[derive(Default)]
struct Wanted {
    query: Option<Query>,
    span: Span,
    snapshot: Option<Arc<FleetSnapshot>>,
    events: Vec<Event>,
    looked: Option<i64>,
    asked: bool,
    /// Whom to tell that all is kept, when the thread is to end.
    end: Option<SyncSender<()>>,
}

impl Wanted {
    /// The newest events are the ones that matter.
    fn bound(&mut self) {
        let surplus = self.events.len().saturating_sub(MAX_LEFT);
        self.events.drain(..surplus);
    }
}

impl Watcher {
    /// Starts the thread; `tell` is called on it with whatever was read, and answers whether anybody listens.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(site: Site, operator: String, tell: impl Fn(News) -> bool + Send + 'static) -> std::io::Result<Self> {
        // One waiting wake-up is enough for any number of requests.
        let (wake, woken) = sync_channel(1);
        let wanted = Arc::new(Mutex::new(Wanted::default()));
        let watch = Watch { site, operator, tell, wanted: Arc::clone(&wanted), wake: wake.clone() };
        std::thread::Builder::new().name("activity".to_owned()).spawn(move || watch.run(&woken))?;
        Ok(Self { wanted, wake })
    }

    fn ask(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        nudge(&self.wake);
    }

    /// Asks for a page from now on, or for none.
    pub fn show(&self, query: Option<Query>) {
        self.ask(|wanted| {
            wanted.asked = query.is_some();
            wanted.query = query;
        });
    }

    /// Tells figures of this span from now on.
    pub fn span(&self, span: Span) {
        self.ask(|wanted| wanted.span = span);
    }

    /// Hands a look at the fleet over.
    pub fn observe(&self, snapshot: Arc<FleetSnapshot>) {
        self.ask(|wanted| wanted.snapshot = Some(snapshot));
    }

    /// Hands events over that somebody else keeps, such as the backlog.
    pub fn take(&self, events: Vec<Event>) {
        self.ask(|wanted| {
            wanted.events.extend(events);
            wanted.bound();
        });
    }

    /// Ends the thread once it has kept what it was told; a disk that hangs is not waited for. Meanwhile what it tells is
    /// to be taken, again and again: it may stand with news for which there is no room.
    pub fn end(&self, mut take: impl FnMut()) {
        let (ended, kept) = sync_channel(1);
        self.ask(|wanted| wanted.end = Some(ended));
        let deadline = Instant::now() + LAST_WORDS;
        while matches!(kept.recv_timeout(TAKEN_EVERY), Err(RecvTimeoutError::Timeout)) && Instant::now() < deadline {
            take();
        }
    }

    /// Keeps that the operator has seen the events up to a time.
    pub fn looked(&self, at: i64) {
        self.ask(|wanted| wanted.looked = Some(at));
    }
}

fn nudge(wake: &SyncSender<()>) {
    match wake.try_send(()) {
        Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => {}
    }
}

struct Watch<T> {
    site: Site,
    operator: String,
    tell: T,
    wanted: Arc<Mutex<Wanted>>,
    wake: SyncSender<()>,
}

/// An open history, and what was read of it last.
struct Open {
    recorder: Recorder,
    revision: i64,
    /// The span that was told last.
    span: Span,
    /// When what is known of a day was told last.
    known: Option<Instant>,
    /// Whether it has changed since.
    stale: bool,
    /// When the file was written last, as it was looked at whether it is still a history.
    touched: Option<SystemTime>,
    _inotify: Option<notify::RecommendedWatcher>,
}

impl<T: Fn(News) -> bool> Watch<T> {
    fn run(self, woken: &Receiver<()>) {
        let mut open: Option<Open> = None;
        let mut pause = BEGIN;
        loop {
            match woken.recv_timeout(pause) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let end = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).end.take();
            if let Some(ended) = end {
                self.last_words(open);
                let _left = ended.send(());
                return;
            }
            // The watch of the folder keeps the channel open: whether there is still somebody says the count.
            if Arc::strong_count(&self.wanted) < 2 {
                return;
            }
            match self.turn(&mut open) {
                Ok(true) => {
                    let waiting = open.as_ref().is_some_and(|open| open.recorder.is_waiting());
                    let stale = open.as_ref().is_some_and(|open| open.stale);
                    pause = match (waiting, stale) {
                        (true, _) => SOON,
                        (false, true) => KNOWN_EVERY,
                        (false, false) => SAFETY,
                    };
                }
                Ok(false) => return,
                Err(failure) => {
                    // Opened anew: the advice is to move a damaged file away.
                    open = None;
                    pause = RETRY;
                    tracing::warn!(%failure, "the history is not kept");
                    if !(self.tell)(News::Lost(failure)) {
                        return;
                    }
                }
            }
            std::thread::sleep(COALESCE);
        }
    }

    /// What was asked for last is done also when the dashboard ends.
    fn last_words(&self, open: Option<Open>) {
        let (looked, events) = {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            (wanted.looked.take(), std::mem::take(&mut wanted.events))
        };
        let keep = || {
            let mut recorder = match open {
                Some(open) => open.recorder,
                None if looked.is_none() && events.is_empty() => return Ok(()),
                // It failed, and may be well again.
                None => Recorder::open(&self.site, "dashboard")?,
            };
            recorder.end()?;
            recorder.store().take_in(&events)?;
            looked.map_or(Ok(()), |at| recorder.store().set_looked(&self.operator, at))
        };
        if let Err(failure) = keep() {
            tracing::warn!(%failure, "the history is not kept");
        }
    }

    /// Does what there is to do; whether anybody listens.
    fn turn(&self, open: &mut Option<Open>) -> Result<bool> {
        let open = match open {
            Some(open) => open,
            None => {
                let recorder = Recorder::open(&self.site, "dashboard")?;
                let span = Span::default();
                let inotify = self.inotify();
                let touched = None;
                open.insert(Open { recorder, revision: 0, span, known: None, stale: true, touched, _inotify: inotify })
            }
        };
        let wanted = {
            let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let query = wanted.query.clone();
            let rest = Wanted { query, span: wanted.span, end: wanted.end.take(), ..Wanted::default() };
            std::mem::replace(&mut *wanted, rest)
        };
        let done = self.work(open, &wanted);
        if done.is_err() {
            self.give_back(wanted);
        }
        done
    }

    /// What could not be kept is done the next time; what came meanwhile is newer.
    fn give_back(&self, mut failed: Wanted) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        failed.events.append(&mut wanted.events);
        wanted.events = failed.events;
        wanted.bound();
        wanted.snapshot = wanted.snapshot.take().or(failed.snapshot);
        wanted.looked = wanted.looked.or(failed.looked);
        wanted.asked |= failed.asked && wanted.query.is_some();
    }

    /// Does this; whether anybody listens.
    fn work(&self, open: &mut Open, wanted: &Wanted) -> Result<bool> {
        self.check(open)?;
        let mut news = open.recorder.take_in()?;
        if !wanted.events.is_empty() {
            news += open.recorder.store().take_in(&wanted.events)?;
        }
        if let Some(snapshot) = &wanted.snapshot {
            news += open.recorder.observe(snapshot)?;
        }
        let store = open.recorder.store();
        if let Some(at) = wanted.looked {
            store.set_looked(&self.operator, at)?;
        }
        let revision = store.revision()?;
        // Its own writes do not change a connection's revision, so what was news counts beside it.
        let changed = news > 0 || revision != open.revision;
        open.stale |= changed;
        open.revision = revision;
        if open.span != wanted.span {
            // Whoever asked for it looks at it.
            (open.span, open.known, open.stale) = (wanted.span, None, true);
        }
        if open.stale && open.known.is_none_or(|told| told.elapsed() >= KNOWN_EVERY) {
            let known = store.known(jiff::Timestamp::now().as_millisecond(), open.span, &self.operator)?;
            (open.known, open.stale) = (Some(Instant::now()), false);
            if !(self.tell)(News::Known(Arc::new(known))) {
                return Ok(false);
            }
        }
        if let Some(query) = wanted.query.as_ref().filter(|_| changed || wanted.asked) {
            let page = Arc::new(open.recorder.store().page(query)?);
            return Ok((self.tell)(News::Page(page)));
        }
        Ok(true)
    }

    /// Makes sure that the file is still a history: what was read before is answered from memory, whatever lies there by
    /// now.
    fn check(&self, open: &mut Open) -> Result<()> {
        let touched = path(&self.site).metadata().and_then(|facts| facts.modified()).ok();
        if touched.is_some() && touched != open.touched {
            Store::check(&self.site)?;
            open.touched = touched;
        }
        Ok(())
    }

    /// Wakes when somebody leaves an event; without inotify the slow look finds it.
    fn inotify(&self) -> Option<notify::RecommendedWatcher> {
        let wake = self.wake.clone();
        watch_spool(&self.site, move || nudge(&wake))
    }
}

/// Calls back when an event is left in the spool, or another process has taken some in; `None` without inotify.
pub fn watch_spool(site: &Site, wake: impl Fn() + Send + 'static) -> Option<notify::RecommendedWatcher> {
    let folder = spool::folder(site);
    // Only what is there can be watched, and the first event may be left much later.
    folder::make_private(&folder).ok()?;
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // The database's own files change with every look of this process as well; its log tells enough of others.
        let left = event.is_ok_and(|event| {
            let named = |name: &str| event.paths.iter().any(|path| path.to_string_lossy().ends_with(name));
            event.need_rescan() || (!event.kind.is_access() && (named("spool.jsonl") || named("-wal")))
        });
        if left {
            wake();
        }
    })
    .inspect_err(|error| tracing::warn!(%error, "no inotify; the history is looked at every few seconds"))
    .ok()?;
    watcher.watch(&folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use super::super::event::Kind;
    use super::*;

    /// What the thread tells next that this accepts.
    fn next<T>(told: &Receiver<News>, accept: impl Fn(&News) -> Option<T>) -> T {
        loop {
            if let Some(found) = accept(&told.recv_timeout(Duration::from_secs(20)).unwrap()) {
                return found;
            }
        }
    }

    fn lost(news: &News) -> Option<()> {
        matches!(news, News::Lost(_)).then_some(())
    }

    #[test]
    fn a_file_that_became_something_else_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let event = Event::new(Kind::Action, jiff::Timestamp::now(), "tenant", "host");
        Store::open(&site).unwrap().take_in(&[event]).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let watcher = Watcher::start(site.clone(), "me".to_owned(), move |news| tell.send(news).is_ok()).unwrap();
        next(&told, |news| matches!(news, News::Known(_)).then_some(()));
        let file = path(&site);
        let noise = vec![0xA5_u8; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        std::fs::write(&file, noise).unwrap();
        watcher.looked(1);
        next(&told, lost);
        watcher.looked(2);
        let later = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(later, News::Lost(_)), "and it stays lost: {later:?}");
    }

    #[test]
    fn what_a_history_that_fails_could_not_take_is_kept_once_it_is_well_again() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let (tell, told) = std::sync::mpsc::channel();
        let watcher = Watcher::start(site.clone(), "me".to_owned(), move |news| tell.send(news).is_ok()).unwrap();
        next(&told, |news| matches!(news, News::Known(_)).then_some(()));
        let other = rusqlite::Connection::open(path(&site)).unwrap();
        let event = |what: &str| Event {
            what: what.to_owned(),
            ..Event::new(Kind::Action, jiff::Timestamp::now(), "tenant", "host")
        };
        other.execute_batch("ALTER TABLE event RENAME TO away").unwrap();
        watcher.looked(4711);
        watcher.take(vec![event("the first")]);
        next(&told, lost);
        watcher.take(vec![event("the second")]);
        next(&told, lost);
        other.execute_batch("ALTER TABLE away RENAME TO event").unwrap();
        watcher.show(Some(Query { limit: 9, ..Query::default() }));
        let page = next(&told, |news| if let News::Page(page) = news { Some(Arc::clone(page)) } else { None });
        let mut kept: Vec<&str> = page.events.iter().map(|(_, event)| event.what.as_str()).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["the first", "the second"]);
        assert_eq!(Store::open(&site).unwrap().looked("me").unwrap(), Some(4711));
        // Also what is told at the very end.
        other.execute_batch("ALTER TABLE event RENAME TO away").unwrap();
        watcher.take(vec![event("the last")]);
        next(&told, lost);
        other.execute_batch("ALTER TABLE away RENAME TO event").unwrap();
        watcher.end(|| {});
        let last = "SELECT count(*) FROM event WHERE what = 'the last'";
        assert_eq!(other.query_row(last, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn what_was_left_last_is_kept_also_where_nobody_takes_the_news() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        // No room at all: it stands with its first news until somebody takes them.
        let (tell, told) = sync_channel(0);
        let watcher = Watcher::start(site.clone(), "me".to_owned(), move |news| tell.send(news).is_ok()).unwrap();
        let last =
            Event { what: "the last".to_owned(), ..Event::new(Kind::Action, jiff::Timestamp::now(), "tenant", "host") };
        watcher.take(vec![last]);
        watcher.end(|| while told.try_recv().is_ok() {});
        let kept = rusqlite::Connection::open(path(&site)).unwrap();
        let count = "SELECT count(*) FROM event WHERE what = 'the last'";
        assert_eq!(kept.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }
}
