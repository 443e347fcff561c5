//! What the supervisor sees change goes into the activity history, also where no dashboard is open: on a thread of its own,
//! so that a history that is locked holds up no tick.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::fleet::activity::Recorder;
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;

/// Looks that wait to be written down; the next one says what a lost one would have.
const WAITING: usize = 4;

/// How long its end is waited for: what it still has to write down takes milliseconds where nobody holds the history.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A handle of the thread, which ends with it.
pub(super) struct Witness(Option<(SyncSender<Arc<FleetSnapshot>>, JoinHandle<()>)>);

/// Starts the thread; without one nothing is written down, and all else goes on.
pub(super) fn start(site: &Site) -> Witness {
    let (sender, looks) = sync_channel(WAITING);
    let site = site.clone();
    let started = std::thread::Builder::new().name("witness".to_owned()).spawn(move || write(&site, &looks));
    match started {
        Ok(thread) => Witness(Some((sender, thread))),
        Err(error) => {
            tracing::warn!(%error, "what is seen of agents is not kept");
            Witness(None)
        }
    }
}

impl Witness {
    /// Takes a look at the fleet.
    pub(super) fn see(&self, snapshot: &Arc<FleetSnapshot>) {
        if let Some((sender, _)) = &self.0 {
            // A full channel means that the history is locked for long; the look that is lost is
            // covered by the next.
            let _busy = sender.try_send(Arc::clone(snapshot));
        }
    }

    /// Lets it write down what it was shown last.
    pub(super) async fn end(self) {
        let Some((sender, thread)) = self.0 else { return };
        // The thread ends when nobody can send to it any more.
        drop(sender);
        // A join blocks, and beneath it the runtime could not count the time.
        let joined = tokio::task::spawn_blocking(move || thread.join().is_ok());
        if !matches!(tokio::time::timeout(ENDS_WITHIN, joined).await, Ok(Ok(true))) {
            tracing::warn!("what was seen of agents last is not kept");
        }
    }
}

fn write(site: &Site, looks: &Receiver<Arc<FleetSnapshot>>) {
    let mut recorder: Option<Recorder> = None;
    while let Ok(snapshot) = looks.recv() {
        let done = match &mut recorder {
            Some(recorder) => recorder.observe(&snapshot).map(drop),
            None => Recorder::open(site, "supervisor").map(|opened| recorder = Some(opened)),
        };
        if let Err(failure) = done {
            tracing::warn!(%failure, "what is seen of agents is not kept");
            // Opened anew with the next look: a database that was replaced or repaired is another file.
            recorder = None;
        }
    }
    if let Some(mut recorder) = recorder
        && let Err(failure) = recorder.end()
    {
        tracing::warn!(%failure, "the end of looking is not kept");
    }
}
