//! The live views that are open, a bounded number: going back to a pane that was just left waits for no new client.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Viewer;
use crate::fleet::error::Result;
use crate::fleet::model::PaneTarget;
use crate::fleet::ssh::Links;

/// Most views that are open at once: the one in sight, and the way back from a zoom or two. Each is a client of the
/// server, to which it writes whatever its pane prints.
const MAX_VIEWERS: usize = 4;

/// A view that is out of sight stays open for so long.
const LINGER: Duration = Duration::from_secs(10);

/// The live views; the last one is the one that was looked at last.
pub struct Pool {
    open: Vec<Held>,
    links: Arc<Links>,
    wake: Arc<Notify>,
}

struct Held {
    viewer: Viewer,
    /// When it went out of sight; `None` for the one that is looked at.
    left: Option<Instant>,
}

impl Pool {
    /// No view yet; `wake` is notified whenever one of them has something new to draw.
    #[must_use]
    pub fn new(links: Arc<Links>, wake: Arc<Notify>) -> Self {
        Self { open: Vec::new(), links, wake }
    }

    /// The view that is looked at.
    #[must_use]
    pub fn in_sight(&self) -> Option<&Viewer> {
        self.open.last().filter(|held| held.left.is_none()).map(|held| &held.viewer)
    }

    /// Looks at a pane whose view is open already; whether there is one.
    pub fn go_back(&mut self, target: &PaneTarget) -> bool {
        self.leave();
        // By the whole of it: a client that was as large as the window is not one that cannot resize it now.
        let found = self.open.iter().position(|held| held.viewer.target() == target && !held.viewer.ended());
        if let Some(at) = found {
            let mut held = self.open.remove(at);
            held.left = None;
            held.viewer.begin_again();
            self.open.push(held);
        }
        found.is_some()
    }

    /// Looks at a pane by a view of its own.
    ///
    /// # Errors
    /// When tmux or a terminal cannot be had.
    pub fn open(&mut self, target: PaneTarget) -> Result<()> {
        if self.go_back(&target) {
            return Ok(());
        }
        // One pane is looked at once, whatever shape it had before.
        self.open.retain(|held| held.viewer.pane() != target.key());
        if self.open.len() >= MAX_VIEWERS {
            self.open.remove(0);
        }
        let viewer = Viewer::open(target, &self.links, Arc::clone(&self.wake))?;
        self.open.push(Held { viewer, left: None });
        Ok(())
    }

    /// Looks at none of them any more.
    pub fn leave(&mut self) {
        for held in &mut self.open {
            held.left.get_or_insert_with(Instant::now);
        }
    }

    /// Closes what has been out of sight for a while, and what has ended there, or looks otherwise than when it was
    /// opened: a client may stay only where it cannot change a window.
    pub fn sweep(&mut self, is_as_before: impl Fn(&PaneTarget) -> bool) {
        self.open.retain(|held| {
            held.left.is_none_or(|left| {
                left.elapsed() < LINGER && !held.viewer.ended() && is_as_before(held.viewer.target())
            })
        });
    }

    /// Closes the view that is looked at.
    pub fn close(&mut self) {
        self.open.retain(|held| held.left.is_some());
    }

    /// Closes all of them.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}
