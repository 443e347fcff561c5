//! Watching the backlog for the dashboard: a thread of its own reads what the screen shows, again
//! whenever another process changed something. A store that hangs or is gone holds up nobody else.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use super::error::Error;
use super::model::{Board, BoardQuery, CardId};
use super::operations::{Backlog, Detail};
use super::place::{Intent, Place};
use super::store::Who;

/// How often another process's changes are looked for: one cheap question.
const LOOK: Duration = Duration::from_millis(400);

/// After this long everything is read again, whatever the question says.
const REFRESH: Duration = Duration::from_secs(10);

/// Pause before a store that failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Requests that wait; only the newest of each kind counts, and a full queue is drained by the next look.
const QUEUE: usize = 64;

/// What the screen wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// These cards of each column from now on.
    Board(BoardQuery),
    /// This card in full from now on, or none.
    Detail(Option<CardId>),
    /// Look now.
    Refresh,
}

/// What was read.
#[derive(Debug, Clone)]
pub enum News {
    /// The board.
    Board(Arc<Board>),
    /// A card in full, or why not.
    Detail(CardId, Result<Arc<Detail>, Error>),
    /// The store cannot be read.
    Lost(Error),
}

/// The handle of the thread; it ends when this is dropped.
pub struct Watcher {
    requests: SyncSender<Request>,
}

impl Watcher {
    /// Starts watching; `tell` is called on the thread with whatever was read, and answers whether anybody listens.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(place: Place, who: Who, tell: impl Fn(News) -> bool + Send + 'static) -> std::io::Result<Self> {
        let (requests, wanted) = sync_channel(QUEUE);
        std::thread::Builder::new().name("backlog".to_owned()).spawn(move || {
            Watch { place, who, tell, backlog: None, query: BoardQuery::default(), detail: None }.run(&wanted);
        })?;
        Ok(Self { requests })
    }

    /// Asks for something; a full queue drops it, because newer questions follow.
    pub fn ask(&self, request: Request) {
        match self.requests.try_send(request) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

struct Watch<T> {
    place: Place,
    who: Who,
    tell: T,
    backlog: Option<Backlog>,
    query: BoardQuery,
    detail: Option<CardId>,
}

impl<T: Fn(News) -> bool> Watch<T> {
    fn run(mut self, wanted: &Receiver<Request>) {
        let mut revision = String::new();
        let mut read_at: Option<Instant> = None;
        let mut pause = Duration::ZERO;
        loop {
            let mut asked = false;
            match wanted.recv_timeout(pause) {
                Ok(request) => asked |= self.take(request),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Only the newest of what piled up meanwhile counts.
            while let Ok(request) = wanted.try_recv() {
                asked |= self.take(request);
            }
            let stale = read_at.is_none_or(|at| at.elapsed() > REFRESH);
            let heard = match self.look(&mut revision, asked || stale) {
                Ok(None) => true,
                Ok(Some(news)) => {
                    read_at = Some(Instant::now());
                    news.into_iter().all(&self.tell)
                }
                Err(error) => {
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
            pause = LOOK;
        }
    }

    fn take(&mut self, request: Request) -> bool {
        match request {
            Request::Board(query) => {
                let other = query != self.query;
                self.query = query;
                other
            }
            Request::Detail(id) => {
                let other = id != self.detail;
                self.detail = id;
                other
            }
            Request::Refresh => true,
        }
    }

    /// Reads everything when asked, or when the store has another revision.
    fn look(&mut self, revision: &mut String, asked: bool) -> Result<Option<Vec<News>>, Error> {
        let backlog = match &mut self.backlog {
            Some(backlog) => backlog,
            None => {
                let opened = self.place.open(Intent::Read, self.who.clone(), &mut |_, _| {})?;
                revision.clear();
                self.backlog.insert(opened)
            }
        };
        let present = backlog.store().revision()?;
        if present == *revision && !asked {
            return Ok(None);
        }
        let mut news = vec![News::Board(Arc::new(backlog.store().board(&self.query)?))];
        if let Some(id) = &self.detail {
            let detail = match backlog.detail(id) {
                Err(error) if error.kind == super::error::Kind::Failed => return Err(error),
                read => read.map(Arc::new),
            };
            news.push(News::Detail(id.clone(), detail));
        }
        *revision = present;
        Ok(Some(news))
    }
}
