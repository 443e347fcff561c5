//! The dashboard's ends of the backlog and of the activity history: what their threads tell becomes events.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::perform::activity::{card_events, record};
use crate::app::perform::backlog;
use crate::app::tui::effect::ActivityAsk;
use crate::app::tui::event::Event;
use crate::app::tui::state::lost::Lost;
use crate::backlog::watch::{self, News};
use crate::fleet::activity;
use crate::fleet::error::Failure;
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;

/// The activity history, where its thread could be started.
#[derive(Clone, Default)]
pub(super) struct History(Option<Arc<activity::Watcher>>);

impl History {
    /// Starts keeping and reading the history.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(site: &Site, done: &mpsc::Sender<Event>) -> Result<Self, Lost> {
        let tell = done.clone();
        let started = activity::Watcher::start(site.clone(), record::who(site), move |news| {
            let event = match news {
                activity::News::Page(page) => Event::Events(page),
                activity::News::Known(known) => Event::Known(known),
                activity::News::Lost(failure) => Event::ActivityLost(Lost::from(&failure)),
            };
            // A dashboard that is busy holds up this thread and nothing else.
            tell.blocking_send(event).is_ok()
        });
        let started = started.map_err(|error| no_thread("activity history", &error));
        Ok(Self(Some(Arc::new(started?))))
    }

    /// Does what the screen asks for.
    pub(super) fn ask(&self, ask: ActivityAsk) {
        let Some(watcher) = &self.0 else { return };
        match ask {
            ActivityAsk::Show(query) => watcher.show(Some(*query)),
            ActivityAsk::Rest => watcher.show(None),
            ActivityAsk::Span(span) => watcher.span(span),
            ActivityAsk::Looked(at) => watcher.looked(at),
        }
    }

    /// Hands a look at the fleet over.
    pub(super) fn observe(&self, snapshot: &Arc<FleetSnapshot>) {
        if let Some(watcher) = &self.0 {
            watcher.observe(Arc::clone(snapshot));
        }
    }

    /// Ends once everything is kept; what was told meanwhile, by whomever, in its order.
    pub(super) fn end(self, told: &mut mpsc::Receiver<Event>) -> Vec<Event> {
        let mut taken = Vec::new();
        if let Some(watcher) = self.0 {
            watcher.end(|| {
                while let Ok(event) = told.try_recv() {
                    taken.push(event);
                }
            });
        }
        taken
    }
}

/// The backlog, where its thread could be started.
#[derive(Default)]
pub(super) struct Backlog(Option<watch::Watcher>);

impl Backlog {
    /// Starts reading the backlog.
    ///
    /// # Errors
    /// When it cannot even be tried, which is told like a store that is gone.
    pub(super) fn start(site: &Site, done: &mpsc::Sender<Event>, history: &History) -> Result<Self, Lost> {
        let (tell, history) = (done.clone(), history.clone());
        let place = backlog::place(site).map_err(|failure| Lost::from(&failure))?;
        let name = place.to_string();
        let started = watch::Watcher::start(place, backlog::who(site), move |news| {
            let event = match news {
                News::Board(board) => Event::Board(board, Timestamp::now()),
                News::Detail(id, read) => Event::Card(id, read.map_err(|error| error.to_string())),
                News::Goals(goals) => Event::Goals(goals),
                News::Lost(error) => Event::BacklogLost(Lost::from(&error)),
                News::History(lines) => {
                    if let Some(watcher) = &history.0 {
                        watcher.take(card_events(&name, lines));
                    }
                    return true;
                }
            };
            tell.blocking_send(event).is_ok()
        });
        Ok(Self(Some(started.map_err(|error| no_thread("backlog", &error))?)))
    }

    /// Does what the screen asks for.
    pub(super) fn ask(&self, request: watch::Request) {
        if let Some(watcher) = &self.0 {
            watcher.ask(request);
        }
    }

    /// Has it begin to read.
    pub(super) fn begin(&self) {
        if let Some(watcher) = &self.0 {
            watcher.begin();
        }
    }

    /// Reads everything again.
    pub(super) fn refresh(&self) {
        self.ask(watch::Request::Refresh);
    }
}

fn no_thread(of: &str, error: &std::io::Error) -> Lost {
    let next = "free some memory or threads, and open the dashboard again";
    Lost::from(&Failure::failed(of, format!("no thread can be started: {error}"), next))
}
