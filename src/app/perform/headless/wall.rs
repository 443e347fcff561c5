//! The wall without a terminal: the pictures of its panes, as text and as JSON.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{lines_of, reason};
use crate::app::tui::event::Event;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;
use crate::app::tui::{effect::Effect, update::update};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentRow, FleetSnapshot, PaneKey, PaneScreen, ServerName};
use crate::fleet::pane::{self, Seen, Tile};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::Tmux;
use crate::ui::text;

/// Rows of each pane in the text.
const TEXT_ROWS: usize = 6;

/// What was seen of each server.
pub(super) struct Wall {
    seen: Vec<Seen>,
}

impl Wall {
    /// Takes the pictures of tiles, all servers at once. A server that cannot be looked at says why in its tiles.
    pub(super) async fn take(site: &Site, tiles: Vec<Tile>) -> Self {
        let links = Links::new(&site.home);
        let mut of: HashMap<ServerName, Vec<Tile>> = HashMap::new();
        for tile in tiles {
            of.entry(tile.target.server.clone()).or_default().push(tile);
        }
        let looks = of.into_iter().map(|(server, tiles)| {
            let tmux = Tmux::at(&server, &links);
            tokio::spawn(async move {
                let taken = pane::once(&tmux, &tiles).await;
                let at = Some(Timestamp::now());
                let shared = |(key, screen)| (key, Arc::new(screen));
                match taken {
                    Ok(all) => Seen { server, at, pictures: all.into_iter().map(shared).collect(), lost: None },
                    Err(failure) => Seen { server, at, pictures: Vec::new(), lost: Some(failure.to_string()) },
                }
            })
        });
        let mut seen = Vec::new();
        // Collected first, so that all of them are begun before one is waited for.
        for look in looks.collect::<Vec<_>>() {
            seen.extend(look.await.ok());
        }
        Self { seen }
    }

    /// Takes a picture of every pane, as large as it is.
    pub(super) async fn of_all(site: &Site, snapshot: &FleetSnapshot) -> Self {
        let targets = snapshot.agents.iter().filter_map(|row| row.target.clone());
        Self::take(site, targets.map(|target| Tile { room: target.size, target }).collect()).await
    }

    /// Shows the wall, with its pictures, in a state.
    pub(super) async fn show(site: &Site, state: &mut State) {
        state.screen = Screen::Wall;
        let effects = update(state, Event::Tick(Timestamp::now()));
        for effect in effects {
            if let Effect::Wall(tiles) = effect {
                for seen in Self::take(site, tiles).await.seen {
                    update(state, Event::Seen(seen));
                }
            }
        }
    }

    fn picture(&self, row: &AgentRow) -> Option<&PaneScreen> {
        let key: PaneKey = row.target.as_ref()?.key();
        let pictures = self.seen.iter().flat_map(|seen| &seen.pictures);
        pictures.into_iter().find(|(pane, _)| *pane == key).map(|(_, screen)| &**screen)
    }

    /// Why there is no picture of an agent's pane.
    fn lost(&self, row: &AgentRow) -> Cow<'_, str> {
        let Some(target) = &row.target else { return Cow::Owned(format!("no pane: {}", row.reason)) };
        let lost = self.seen.iter().find(|seen| seen.server == target.server).and_then(|seen| seen.lost.as_deref());
        Cow::Borrowed(lost.unwrap_or("its pane is gone"))
    }

    /// The last lines of each pane below its agent's state.
    pub(super) fn text(&self, snapshot: &FleetSnapshot, width: usize) -> String {
        let tiles = snapshot.agents.iter().map(|row| {
            let state = row.shown().word();
            let mut lines = vec![text::fit(&format!("--- {}: {state}: {}", row.shown_name(), reason(row)), width)];
            match self.picture(row) {
                None => lines.push(text::fit(&self.lost(row), width)),
                Some(screen) => {
                    let mut shown = lines_of(screen);
                    while shown.last().is_some_and(String::is_empty) {
                        shown.pop();
                    }
                    let last = shown.len().saturating_sub(TEXT_ROWS);
                    lines.extend(shown[last..].iter().map(|line| text::fit(line, width)));
                }
            }
            lines.join("\n")
        });
        tiles.collect::<Vec<_>>().join("\n\n")
    }

    /// All rows of each pane.
    pub(super) fn json(&self, snapshot: &FleetSnapshot) -> Value {
        let tiles = snapshot.agents.iter().map(|row| {
            let picture = self.picture(row);
            json!({
                "agent": row.name,
                "host": row.host,
                "managed": row.managed,
                "readiness": row.readiness,
                "width": picture.map(|screen| screen.size.width),
                "height": picture.map(|screen| screen.size.height),
                "lines": picture.map(lines_of),
                "error": picture.is_none().then(|| self.lost(row)),
            })
        });
        tiles.collect()
    }
}
