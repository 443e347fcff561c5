//! Pictures of the panes of a wall, taken on a thread of their own: one short-lived client per server and look.
//!
//! Only what is asked for is looked at, only what moved is captured, and only what differs is parsed and handed on. A server
//! that hangs, or a host that is slow, holds up its own pictures and nothing else; nothing queues up behind whoever draws:
//! of each pane there is the newest picture, or none.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::cells;
use crate::fleet::error::{Failure, Result};
use crate::fleet::model::{PaneKey, PaneScreen, PaneTarget, ServerName, Size};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::{Reader, Shot, Wanted};

/// Pause between two looks while something moves.
const EVERY: Duration = Duration::from_millis(250);

/// Most looks at a server in [`WINDOW`], also while an operator turns pages.
const MAX_LOOKS: usize = 4;
const WINDOW: Duration = Duration::from_secs(1);

/// Pause while nothing moves, and between two looks over a link.
const AT_REST: Duration = Duration::from_secs(1);

/// Nothing moves when so many looks in a row saw nothing new.
const QUIET_LOOKS: u32 = 8;

/// Panes of a server that are remembered beyond those that are looked at: the other pages of the wall.
const MAX_KNOWN: usize = 512;

/// A pane that is looked at, and how much of it there is room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The pane.
    pub target: PaneTarget,
    /// Room for its cells.
    pub room: Size,
}

/// What the newest look at a server saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The server.
    pub server: ServerName,
    /// When that was; `None` where these are pictures of an earlier look.
    pub at: Option<Timestamp>,
    /// Pictures that differ from those before, cut to their room.
    pub pictures: Vec<(PaneKey, Arc<PaneScreen>)>,
    /// Why it could not be looked at.
    pub lost: Option<String>,
}

/// The thread that looks; it ends when this is dropped.
pub struct Pictures {
    wanted: watch::Sender<Arc<[Tile]>>,
    fresh: Arc<Fresh>,
}

/// What was seen and not yet taken.
struct Fresh {
    seen: Mutex<HashMap<ServerName, Seen>>,
    wake: Arc<Notify>,
}

impl Pictures {
    /// Starts the thread, which looks at nothing yet; `wake` is notified whenever there is something to take.
    ///
    /// # Errors
    /// When the thread or its runtime cannot be made.
    pub fn start(links: Arc<Links>, wake: Arc<Notify>) -> Result<Self> {
        let failed =
            |error: std::io::Error| Failure::failed("pictures", error.to_string(), "free some memory or threads");
        let (wanted, asked) = watch::channel(Arc::from([]));
        let fresh = Arc::new(Fresh { seen: Mutex::default(), wake });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let into = Arc::clone(&fresh);
        std::thread::Builder::new()
            .name("pictures".to_owned())
            .spawn(move || runtime.block_on(look_on(asked, links, into)))
            .map_err(failed)?;
        Ok(Self { wanted, fresh })
    }

    /// Says what is looked at from now on.
    pub fn want(&self, tiles: Vec<Tile>) {
        self.wanted.send_replace(tiles.into());
    }

    /// What was seen since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Seen> {
        self.fresh.seen().drain().map(|(_, seen)| seen).collect()
    }
}

impl Fresh {
    fn seen(&self) -> MutexGuard<'_, HashMap<ServerName, Seen>> {
        // Whole values are put in and taken out; a panic leaves no half of one.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a look in; an older picture of the same pane that nobody took goes. That nothing changed is worth no frame.
    fn put(&self, mut look: Seen) {
        let mut seen = self.seen();
        let mut news = !look.pictures.is_empty() || look.lost.is_some();
        if let Some(before) = seen.remove(&look.server) {
            // Pictures of an earlier look say nothing of the server now; what the last one said still holds.
            if look.at.is_none() {
                (look.at, look.lost) = (before.at, before.lost);
            } else {
                // That it can be looked at again is news, also where no picture differs.
                news |= before.lost.is_some();
            }
            let newer: HashSet<&PaneKey> = look.pictures.iter().map(|(pane, _)| pane).collect();
            let kept: Vec<_> = before.pictures.into_iter().filter(|(pane, _)| !newer.contains(pane)).collect();
            look.pictures.extend(kept);
        }
        seen.insert(look.server.clone(), look);
        // Whoever is woken wants the lock.
        drop(seen);
        if news {
            self.wake.notify_one();
        }
    }
}

/// Keeps one task for each server that anything is wanted of.
async fn look_on(mut wanted: watch::Receiver<Arc<[Tile]>>, links: Arc<Links>, fresh: Arc<Fresh>) {
    let mut looked_at = HashSet::new();
    loop {
        let tiles = Arc::clone(&wanted.borrow_and_update());
        for tile in tiles.iter() {
            // Its task stays: without tiles it sleeps, and with new ones it still knows the pictures of before.
            if looked_at.insert(tile.target.server.clone()) {
                let server = tile.target.server.clone();
                let camera = Camera { tmux: Reader::at(&server, &links), server, known: HashMap::new() };
                tokio::spawn(camera.look_on(wanted.clone(), Arc::clone(&fresh)));
            }
        }
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

/// What looks at one server.
struct Camera {
    server: ServerName,
    tmux: Reader,
    known: HashMap<PaneKey, Known>,
}

/// The newest shot of a pane, and for how much room it was cut last.
struct Known {
    shot: Shot,
    room: Size,
}

impl Camera {
    async fn look_on(mut self, mut wanted: watch::Receiver<Arc<[Tile]>>, fresh: Arc<Fresh>) {
        let mut tiles: Vec<Tile> = Vec::new();
        let mut looks = VecDeque::with_capacity(MAX_LOOKS);
        let mut quiet = 0;
        loop {
            let before = std::mem::take(&mut tiles);
            let all = Arc::clone(&wanted.borrow_and_update());
            tiles.extend(all.iter().filter(|tile| tile.target.server == self.server).cloned());
            if tiles.is_empty() {
                if wanted.changed().await.is_err() {
                    return;
                }
                continue;
            }
            if tiles != before {
                quiet = 0;
                // At once from what is known: a look may take as long as a slow host.
                let again = self.again(&before, &tiles);
                if !again.is_empty() {
                    fresh.put(Seen { server: self.server.clone(), at: None, pictures: again, lost: None });
                }
            }
            // Each turn of a page wakes the task, and each look costs the server that serves the agents.
            if looks.len() == MAX_LOOKS
                && let Some(first) = looks.pop_front()
            {
                sleep_until(first + WINDOW).await;
            }
            let began = Instant::now();
            looks.push_back(began);
            let seen = self.look(&tiles).await;
            quiet = if seen.pictures.is_empty() { quiet + 1 } else { 0 };
            fresh.put(seen);
            // Over a link each look is a round trip, and a process on the other side.
            let pause = if quiet >= QUIET_LOOKS || self.server.ssh.is_some() { AT_REST } else { EVERY };
            tokio::select! {
                () = sleep_until(began + pause) => {}
                changed = wanted.changed() => if changed.is_err() {
                    return;
                },
            }
        }
    }

    /// Known pictures of tiles that were not there before, or have other room now.
    fn again(&mut self, before: &[Tile], tiles: &[Tile]) -> Vec<(PaneKey, Arc<PaneScreen>)> {
        let new = tiles.iter().filter(|tile| !before.contains(tile));
        let cut = new.filter_map(|tile| {
            let key = tile.target.key();
            let known = self.known.get_mut(&key)?;
            // Else the next look would take the other room for a change.
            known.room = tile.room;
            Some((key, Arc::new(cells::cut(&known.shot, tile.room))))
        });
        cut.collect()
    }

    async fn look(&mut self, tiles: &[Tile]) -> Seen {
        let wanted: Vec<Wanted> = tiles
            .iter()
            .map(|tile| {
                let known = self.known.get(&tile.target.key()).and_then(|known| known.shot.stamp.clone());
                Wanted { pane: tile.target.pane, known }
            })
            .collect();
        let shots = self.tmux.shots(&wanted).await;
        let (shots, lost) = match shots {
            Ok(shots) => (shots, None),
            Err(failure) => (Vec::new(), Some(failure.to_string())),
        };
        let at = Some(Timestamp::now());
        let mut pictures = Vec::new();
        for shot in shots {
            let Some(tile) = tiles.iter().find(|tile| tile.target.pane == shot.pane) else { continue };
            let key = tile.target.key();
            let same = |known: &Known| {
                let (was, is) = (&known.shot, &shot);
                known.room == tile.room
                    && (was.size, was.cursor, was.dead) == (is.size, is.cursor, is.dead)
                    && was.text == is.text
            };
            if !self.known.get(&key).is_some_and(same) {
                pictures.push((key.clone(), Arc::new(cells::cut(&shot, tile.room))));
            }
            // Also when it looks the same: its stamp is newer, and spares the next capture.
            self.known.insert(key, Known { shot, room: tile.room });
        }
        self.forget(tiles);
        Seen { server: self.server.clone(), at, pictures, lost }
    }

    /// Forgets panes that nobody looks at once there are too many of them.
    fn forget(&mut self, tiles: &[Tile]) {
        if self.known.len() > MAX_KNOWN {
            self.known.retain(|key, _| tiles.iter().any(|tile| tile.target.key() == *key));
        }
    }
}

/// Pictures of panes of one server, taken once.
///
/// # Errors
/// When tmux is missing, hangs or refuses, or nothing answers there.
pub async fn once(tmux: &Reader, tiles: &[Tile]) -> Result<Vec<(PaneKey, PaneScreen)>> {
    let wanted: Vec<Wanted> = tiles.iter().map(|tile| Wanted { pane: tile.target.pane, known: None }).collect();
    let shots = tmux.shots(&wanted).await?;
    let of = |shot: &Shot| tiles.iter().find(|tile| tile.target.pane == shot.pane);
    Ok(shots.iter().filter_map(|shot| of(shot).map(|tile| (tile.target.key(), cells::cut(shot, tile.room)))).collect())
}
