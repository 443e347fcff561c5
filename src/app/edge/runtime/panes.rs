//! What the dashboard looks at: the pane in view by a client of its own, those of the wall by pictures. It never types.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::{Dashboard, TICK};
use crate::app::tui::event::Event;
use crate::fleet::error::{Failure, Result};
use crate::fleet::model::{PaneKey, PaneTarget};
use crate::fleet::observe::Request;
use crate::fleet::pane::{self, Pictures, Pool, Seen, Tile, Viewer};
use crate::fleet::ssh::Links;

/// A view is opened once the selection rests this long: running through the list opens none.
const SETTLE: Duration = Duration::from_millis(60);

/// Lines of scrollback fetched for Watch.
const HISTORY_LINES: u32 = 2000;

/// Most rows of a scrollback picture.
const HISTORY_ROWS: u16 = 2200;

/// What is looked at.
pub(super) struct Panes {
    /// The pane in view.
    pub(super) wanted: Option<PaneTarget>,
    /// When its view is due to be opened.
    pub(super) open_at: Option<Instant>,
    /// The views that are open.
    pub(super) pool: Pool,
    /// What takes the wall's pictures, once the wall was opened.
    pictures: Option<Pictures>,
    links: Arc<Links>,
    wake: Arc<Notify>,
}

impl Panes {
    /// Looks at nothing yet; `wake` is notified whenever there is something new.
    pub(super) fn new(links: &Arc<Links>, wake: &Arc<Notify>) -> Self {
        Self {
            wanted: None,
            open_at: None,
            pool: Pool::new(Arc::clone(links), Arc::clone(wake)),
            pictures: None,
            links: Arc::clone(links),
            wake: Arc::clone(wake),
        }
    }

    /// The wall's pictures; their thread is started when they are wanted for the first time.
    fn pictures(&mut self) -> Result<&Pictures> {
        if self.pictures.is_none() {
            self.pictures = Some(Pictures::start(Arc::clone(&self.links), Arc::clone(&self.wake))?);
        }
        self.pictures.as_ref().ok_or_else(|| Failure::failed("pictures", "did not start", "open the wall again"))
    }
}

impl Dashboard {
    /// Looks at another pane, or at none.
    pub(super) fn view(&mut self, wanted: Option<PaneTarget>) {
        let open = wanted.as_ref().is_some_and(|target| self.panes.pool.go_back(target));
        if !open {
            self.panes.pool.leave();
        }
        self.panes.open_at = wanted.as_ref().filter(|_| !open).map(|_| Instant::now() + SETTLE);
        self.panes.wanted = wanted;
    }

    /// Takes pictures of these panes from now on.
    pub(super) fn look_at(&mut self, tiles: Vec<Tile>) {
        // No thread is started to look at nothing.
        if tiles.is_empty() && self.panes.pictures.is_none() {
            return;
        }
        match self.panes.pictures() {
            Ok(pictures) => pictures.want(tiles),
            Err(failure) => {
                for tile in tiles {
                    let (server, lost) = (tile.target.server, Some(failure.to_string()));
                    self.take(Event::Seen(Seen { server, at: Some(Timestamp::now()), pictures: Vec::new(), lost }));
                }
            }
        }
    }

    /// Takes in what was seen since the last frame.
    pub(super) fn take_pictures(&mut self) {
        if let Some(viewer) = self.panes.pool.in_sight().filter(|viewer| viewer.moved())
            && let Some(picture) = viewer.screen()
        {
            let pane = viewer.pane();
            self.take(Event::Pane(pane, Arc::new(picture)));
        }
        for seen in self.panes.pictures.as_ref().map(Pictures::take).unwrap_or_default() {
            self.take(Event::Seen(seen));
        }
    }

    pub(super) fn open_view(&mut self) {
        self.panes.open_at = None;
        let Some(target) = self.panes.wanted.clone() else { return };
        if !target.attachable {
            return self.capture_view();
        }
        let pane = target.key();
        if let Err(failure) = self.panes.pool.open(target) {
            self.take(Event::PaneLost(pane, failure.to_string()));
        }
    }

    /// A pane that no client of its session sees is shown by captures, at the pace of the looks.
    fn capture_view(&self) {
        let Some(target) = &self.panes.wanted else { return };
        let (answer, captured) = oneshot::channel();
        let (pane, size) = (target.key(), target.size);
        let request = Request::Capture { pane: pane.clone(), history: 0, answer };
        let (requests, done) = (self.observer.requests.clone(), self.done.clone());
        tokio::spawn(async move {
            if requests.send(request).await.is_err() {
                return;
            }
            if let Ok(Ok(text)) = captured.await {
                let picture = Arc::new(pane::still(&text, size.width, size.height));
                let _left = done.send(Event::Pane(pane, picture)).await;
            }
        });
    }

    pub(super) fn after_snapshot(&mut self) {
        let hidden = self.panes.wanted.as_ref().is_some_and(|target| !target.attachable);
        if hidden {
            self.capture_view();
        }
        let rows = self.state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
        let targets: Vec<&PaneTarget> = rows.filter_map(|row| row.target.as_ref()).collect();
        self.panes.pool.sweep(|target| targets.contains(&target));
        // A client that ended while its session lives was detached by somebody: look again.
        if self.panes.pool.in_sight().is_some_and(Viewer::ended) && self.panes.open_at.is_none() {
            self.panes.pool.close();
            // After a pause: one that ends at once each time would be opened without end.
            self.panes.open_at = Some(Instant::now() + TICK);
        }
    }

    pub(super) fn fetch_history(&self, pane: PaneKey, width: u16) {
        let (answer, captured) = oneshot::channel();
        let request = Request::Capture { pane: pane.clone(), history: HISTORY_LINES, answer };
        let (requests, done) = (self.observer.requests.clone(), self.done.clone());
        tokio::spawn(async move {
            let fetched = match requests.send(request).await {
                Ok(()) => {
                    captured.await.unwrap_or_else(|_| Err(Failure::failed("scrollback", "no answer", "try again")))
                }
                Err(_) => Err(Failure::failed("scrollback", "the observer ended", "open the dashboard again")),
            };
            // Thousands of lines take longer than a frame.
            let read = |text: String| tokio::task::spawn_blocking(move || pane::still(&text, width, HISTORY_ROWS));
            let picture = match fetched {
                Ok(text) => read(text).await.map(Arc::new).map_err(|error| error.to_string()),
                Err(failure) => Err(failure.to_string()),
            };
            let _left = done.send(Event::History(pane, picture)).await;
        });
    }
}
