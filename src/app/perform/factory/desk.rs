//! The supervisor's backlog: one connection on a thread of its own, so that a store that hangs holds up no look at the
//! fleet. A connection that failed is made anew for the next request.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::app::perform::backlog::{failure, place, who};
use crate::backlog::error::{Error, ErrorKind};
use crate::backlog::operations::Backlog;
use crate::backlog::place::{Intent, Location};
use crate::backlog::store::Who;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;

/// In whose name the supervisor changes cards.
const ACTOR: &str = "supervisor";

/// A store that answers nothing for so long is taken for lost.
const PATIENCE: Duration = Duration::from_secs(30);

// Work goes to the connection, as a connection of SQLite or PostgreSQL is one thread's at a
// time and blocks it.
type Job = Box<dyn FnOnce(&mut Bench) + Send>;

/// A handle of the thread, which ends when all of them are dropped.
#[derive(Clone)]
pub(super) struct Desk {
    jobs: Sender<Job>,
}

/// What the thread works with.
struct Bench {
    place: Location,
    who: Who,
    intent: Intent,
    backlog: Option<Backlog>,
}

impl Desk {
    /// Starts the thread; nothing is opened yet.
    pub(super) fn start(site: &Site, intent: Intent) -> Result<Self> {
        let bench =
            Bench { place: place(site)?, who: Who { actor: ACTOR.to_owned(), ..who(site) }, intent, backlog: None };
        let (jobs, waiting) = channel();
        std::thread::Builder::new()
            .name("backlog".to_owned())
            .spawn(move || bench.run(&waiting))
            .map_err(|error| Failure::failed("supervisor", error.to_string(), "free some memory or threads"))?;
        Ok(Self { jobs })
    }

    /// Has something done with the backlog.
    ///
    /// # Errors
    /// What the backlog says, or that it says nothing.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Backlog) -> Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        let (answer, done) = oneshot::channel();
        // It runs also after `PATIENCE`: a claim that nobody waits for any more ends by its short lease.
        let job = Box::new(move |bench: &mut Bench| {
            // Whoever asked may have given up.
            let _late = answer.send(bench.work(work));
        });
        let silent = |why: &str| Failure::failed("backlog", why, "check it with `mosaic-tui backlog stats`");
        if self.jobs.send(job).is_err() {
            return Err(silent("its thread ended"));
        }
        match tokio::time::timeout(PATIENCE, done).await {
            Ok(Ok(answer)) => answer.map_err(failure),
            Ok(Err(_)) => Err(silent("its thread ended")),
            Err(_) => Err(silent(&format!("gave no answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

impl Bench {
    fn run(mut self, waiting: &Receiver<Job>) {
        while let Ok(job) = waiting.recv() {
            job(&mut self);
        }
    }

    fn work<T>(&mut self, work: impl FnOnce(&mut Backlog) -> Result<T, Error>) -> Result<T, Error> {
        let backlog = match &mut self.backlog {
            Some(backlog) => backlog,
            None => self.backlog.insert(self.place.open(self.intent, self.who.clone(), &mut |_, _| {})?),
        };
        let done = work(backlog);
        // A rule that said no leaves the connection sound; behind a failure a new one is
        // the surest way back.
        if matches!(&done, Err(error) if matches!(error.kind, ErrorKind::Failed | ErrorKind::Lost)) {
            self.backlog = None;
        }
        done
    }
}
