//! The supervisor's backlog: one connection on a thread of its own, so that a store that hangs holds up no look at the
//! fleet. A connection that failed is made anew for the next request. What nobody waits for any more is not begun.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::known::Known;
use crate::app::perform::backlog::{place, who};
use crate::backlog::operations::Backlog;
use crate::backlog::place::{Intent, Location};
use crate::backlog::store::Who;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::os::thread;

/// In whose name the supervisor changes cards.
const ACTOR: &str = "supervisor";

/// A store that answers nothing for so long is taken for lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same once the supervisor was told to go: while others are answered each waits for its turn.
// A lease that cannot be given back ends by itself; systemd's patience with the unit ends for good.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// Requests that wait for the thread beside the one that it works on. Who comes later waits without being in line.
const IN_LINE: usize = 8;

// Work goes to the connection, as a connection of SQLite or PostgreSQL is one thread's at a
// time and blocks it.
type Job = Box<dyn FnOnce(&mut Bench) + Send>;

/// A handle of the thread, which ends when all of them are dropped.
#[derive(Clone)]
pub(super) struct Desk {
    jobs: mpsc::Sender<Job>,
    patience: Duration,
    /// Whether the supervisor leaves.
    leaves: Arc<watch::Sender<bool>>,
    /// How many requests the thread has done.
    done: Arc<watch::Sender<u64>>,
}

/// What the thread works with.
pub(super) struct Bench {
    place: Location,
    who: Who,
    intent: Intent,
    backlog: Option<Backlog>,
    /// What was found out by earlier looks.
    known: Known,
}

impl Desk {
    /// Starts the thread; nothing is opened yet.
    pub(super) fn start(site: &Site, intent: Intent) -> Result<Self> {
        let who = Who { actor: ACTOR.to_owned(), ..who(site) };
        let mut bench = Bench { place: place(site)?, who, intent, backlog: None, known: Known::default() };
        let (jobs, mut waiting) = mpsc::channel::<Job>(IN_LINE);
        let (leaves, done) = (Arc::new(watch::Sender::new(false)), Arc::new(watch::Sender::new(0)));
        let count = Arc::clone(&done);
        thread::begin("backlog", move || {
            while let Some(job) = waiting.blocking_recv() {
                job(&mut bench);
                count.send_modify(|done| *done += 1);
            }
        })?;
        Ok(Self { jobs, patience: PATIENCE, leaves, done })
    }

    /// Has something done with the backlog.
    ///
    /// # Errors
    /// What the backlog says, or that it says nothing.
    pub(super) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Backlog) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.look(move |backlog, _| work(backlog)).await
    }

    /// The same with what earlier looks found out.
    ///
    /// # Errors
    /// As for [`with`](Self::with).
    pub(super) async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Backlog, &mut Known) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, done) = oneshot::channel();
        let job: Job = Box::new(move |bench| {
            // Whoever asked has decided anew since: a release that comes late would take away a later claim.
            if !answer.is_closed() {
                // It may give up meanwhile; a claim that nobody waits for any more ends by its short lease.
                let _late = answer.send(bench.work(work));
            }
        });
        let silent = |why: &str| Failure::failed("backlog", why, "check it with `mosaic-tui backlog stats`");
        let answered = async {
            // Dropped before there is room in the line it never stood there.
            let Ok(()) = self.jobs.send(job).await else { return Err(silent("its thread ended")) };
            done.await.unwrap_or_else(|_| Err(silent("its thread ended")))
        };
        tokio::select! {
            biased;
            answer = answered => answer,
            () = tokio::time::sleep(self.patience) => {
                Err(silent(&format!("gave no answer within {} s", self.patience.as_secs())))
            }
            () = self.is_over() => Err(silent("gave no answer before the supervisor left")),
        }
    }

    /// The same for what must not be given up because the supervisor leaves: an agent has its brief, and its claim is to
    /// last for as long as its work.
    pub(super) fn patient(&self) -> Self {
        Self { leaves: Arc::new(watch::Sender::new(false)), ..self.clone() }
    }

    /// From now on nobody waits for long: the supervisor was told to go.
    pub(super) fn leave(&self) {
        self.leaves.send_replace(true);
    }

    /// Whether the supervisor was told to go.
    pub(super) fn is_leaving(&self) -> bool {
        *self.leaves.borrow()
    }

    /// Requests in line.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        IN_LINE - self.jobs.capacity()
    }

    async fn is_over(&self) {
        let mut leaves = self.leaves.subscribe();
        // The sender is this handle's own, so it cannot be gone.
        let _told = leaves.wait_for(|leaves| *leaves).await;
        loop {
            let before = *self.done.borrow();
            tokio::time::sleep(LAST_PATIENCE).await;
            if *self.done.borrow() == before {
                return;
            }
        }
    }
}

impl Bench {
    fn work<T>(&mut self, work: impl FnOnce(&mut Backlog, &mut Known) -> Result<T>) -> Result<T> {
        let backlog = match &mut self.backlog {
            Some(backlog) => backlog,
            None => self.backlog.insert(self.place.open(self.intent, self.who.clone(), &mut |_, _| {})?),
        };
        let done = work(backlog, &mut self.known);
        // A rule that said no leaves the connection sound; behind a failure a new one is
        // the surest way back.
        if matches!(&done, Err(error) if error.kind == Kind::Failed) {
            self.backlog = None;
        }
        done
    }
}

/// A desk whose thread hangs, and what lets it go on.
#[cfg(test)]
pub(super) async fn hung(site: &Site) -> (Desk, std::sync::mpsc::SyncSender<()>) {
    let desk = Desk::start(site, Intent::Write).unwrap();
    let (go_on, hangs) = std::sync::mpsc::sync_channel::<()>(0);
    let (began, at_work) = oneshot::channel();
    let asked = desk.with(move |_| {
        began.send(()).unwrap();
        // Until the sender is dropped.
        let _over = hangs.recv();
        Ok(())
    });
    tokio::select! {
        answer = asked => panic!("{answer:?}"),
        began = at_work => began.unwrap(),
    }
    (desk, go_on)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn what_was_given_up_before_it_began_is_never_done_and_nothing_piles_up() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let (desk, go_on) = hung(&site).await;
        let desk = Desk { patience: Duration::from_millis(20), ..desk };
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 * IN_LINE {
            let ran = Arc::clone(&ran);
            let late = desk.with(move |_| {
                ran.fetch_add(1, Ordering::SeqCst);
                Ok(())
            });
            assert!(late.await.unwrap_err().why.contains("no answer"));
        }
        drop(go_on);
        let desk = Desk { patience: PATIENCE, ..desk };
        desk.with(|_| Ok(())).await.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0, "nobody waited for them any more");
    }

    #[tokio::test]
    async fn whoever_is_told_to_go_waits_no_longer_for_a_store_that_hangs() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let (desk, go_on) = hung(&site).await;
        let begun = Instant::now();
        let asked = desk.with(|_| Ok(()));
        let told = async { desk.leave() };
        let (answer, ()) = tokio::join!(asked, told);
        assert!(answer.unwrap_err().why.contains("before the supervisor left"));
        assert!(begun.elapsed() < PATIENCE / 3, "{:?}", begun.elapsed());
        drop(go_on);
    }
}
