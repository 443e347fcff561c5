//! The Activity view: what happened, the newest at the bottom; its filter, and how far the operator has looked.

use std::sync::Arc;

use crate::app::tui::state::lost::Lost;
use crate::app::tui::state::text_input::TextInput;
use crate::fleet::activity::{Anchor, Event, Filter, Known, Page, Query, Span};

/// Events that are read at once: more than any screen shows, so that most moves ask for nothing.
pub(in crate::app::tui) const WINDOW: u32 = 400;

/// Events below the list of agents: more than its panel shows.
const RECENT: u32 = 16;

/// The place of an event.
pub(in crate::app::tui) type At = crate::fleet::activity::Place;

/// What happened, as the screen shows it.
#[derive(Debug, Clone, Default)]
pub struct ActivityState {
    /// The page that was read last; `None` before the first.
    pub page: Option<Arc<Page>>,
    /// What happened last, as the Fleet view shows it.
    pub recent: Option<Arc<Page>>,
    /// What is known of the last day.
    pub known: Option<Arc<Known>>,
    /// Why the history cannot be kept.
    pub lost: Option<Lost>,
    /// The filter.
    pub filter: TextInput,
    /// Whether keys go into the filter.
    pub filtering: bool,
    /// Where the page lies that is shown.
    pub anchor: Anchor,
    /// The event under the cursor; `None` follows the newest.
    pub at: Option<At>,
    /// Place of the first event on the screen within the page; only while the view holds still.
    pub top: usize,
    /// Whether the plots have the screen.
    pub plots: bool,
    /// How far back its figures go.
    pub span: Span,
    /// The span that was asked for last.
    pub(in crate::app::tui) asked_span: Span,
    /// Up to when the events were seen before the view was opened.
    pub band: Option<i64>,
    /// Up to when they are seen now.
    pub(in crate::app::tui) seen: Option<i64>,
    /// What was asked for last.
    pub(in crate::app::tui) asked: Option<Query>,
}

impl ActivityState {
    /// The events of the page.
    #[must_use]
    pub fn events(&self) -> &[(At, Event)] {
        self.page.as_ref().map_or(&[], |page| &page.events)
    }

    /// Place of the cursor within the page.
    #[must_use]
    pub fn cursor(&self) -> Option<usize> {
        let events = self.events();
        match self.at {
            // The event itself may have left the page: then the one before it is the nearest.
            Some(at) => events.iter().rposition(|(place, _)| *place <= at).or((!events.is_empty()).then_some(0)),
            None => events.len().checked_sub(1),
        }
    }

    /// The event under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Event> {
        self.cursor().and_then(|at| self.events().get(at)).map(|(_, event)| event)
    }

    /// Whether something is known of what happened last.
    #[must_use]
    pub fn tells_recent(&self) -> bool {
        self.recent.as_ref().is_some_and(|page| !page.events.is_empty())
    }

    /// What the Fleet view asks for.
    pub(in crate::app) fn recent_query() -> Query {
        Query { filter: Filter::default(), anchor: Anchor::Newest, since: 0, limit: RECENT }
    }

    pub(in crate::app::tui) fn query(&self) -> Query {
        Query { filter: Filter::parse(&self.filter.text), anchor: self.anchor, since: 0, limit: WINDOW }
    }
}
