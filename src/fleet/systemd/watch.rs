//! What the fleet's units are doing, and word when that changes. Reads only.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::bus::{Bus, ListedUnit};
use super::{AGENT_UNIT_PATTERN, HOLDER_UNIT, agent_of_unit, journal, linger};
use crate::fleet::model::{UnitFacts, UnitsView};

/// Part of the object paths of the fleet's units; systemd escapes `-` as `_2d` and `@` as `_40`.
const FLEET_PATH_PREFIXES: [&str; 2] =
    ["/org/freedesktop/systemd1/unit/mosaic_2dagent_40", "/org/freedesktop/systemd1/unit/mosaic_2dtmux_2dholder"];

/// Tells that a unit of the fleet changed, or that the connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitNotice {
    /// A unit changed state, was loaded or unloaded.
    Changed,
    /// The manager went away.
    Gone,
}

/// A connection that looks at the fleet's units.
#[derive(Debug)]
pub struct UnitWatch {
    bus: Bus,
    known: HashMap<String, ([String; 3], UnitFacts)>,
}

impl UnitWatch {
    /// Connects to the user manager of this user.
    ///
    /// # Errors
    /// A fragment that says why there is none.
    pub async fn connect() -> Result<Self, String> {
        Ok(Self { bus: Bus::connect().await?, known: HashMap::new() })
    }

    /// Subscribes to changes; notices arrive until the connection ends.
    ///
    /// # Errors
    /// When the manager refuses.
    pub async fn subscribe(&self, notices: mpsc::Sender<UnitNotice>) -> Result<(), String> {
        let mut stream = self.bus.signals().await?;
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let header = message.header();
                let about_fleet = header
                    .path()
                    .is_some_and(|path| FLEET_PATH_PREFIXES.iter().any(|prefix| path.as_str().starts_with(prefix)));
                let files_changed = header.member().is_some_and(|member| {
                    matches!(member.as_str(), "UnitFilesChanged" | "Reloading" | "UnitNew" | "UnitRemoved")
                });
                if about_fleet || files_changed {
                    // A full channel holds a notice already.
                    let _repeat = notices.try_send(UnitNotice::Changed);
                }
            }
            let _observer_ended = notices.send(UnitNotice::Gone).await;
        });
        Ok(())
    }

    /// Reads the fleet's units; details are asked again only for units whose state moved, unless
    /// `all` is set.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn read(&mut self, all: bool) -> Result<UnitsView, String> {
        let listed: Vec<ListedUnit> = self.bus.list(&[AGENT_UNIT_PATTERN, HOLDER_UNIT]).await?;
        let mut units = HashMap::new();
        let mut known = HashMap::new();
        let mut holder = None;
        let mut failed = Vec::new();
        for (name, _, load, active, sub, _, path, ..) in listed {
            let state = [load, active, sub];
            let before = self.known.remove(&name);
            let facts = match &before {
                Some((before, facts)) if *before == state && !all => facts.clone(),
                _ => {
                    let mut facts = self.bus.details(path.as_str(), &state).await?;
                    // What was said of one end is not asked for again.
                    match before.filter(|(_, before)| before.end() == facts.end()) {
                        Some((_, before)) => facts.log = before.log,
                        None if facts.result != "success" => failed.push(name.clone()),
                        None => {}
                    }
                    facts
                }
            };
            known.insert(name, (state, facts));
        }
        if !failed.is_empty() {
            for (name, lines) in journal::last_lines(&failed).await {
                if let Some((_, facts)) = known.get_mut(&name) {
                    facts.log = lines;
                }
            }
        }
        for (name, (_, facts)) in &known {
            match agent_of_unit(name) {
                Some(agent) => drop(units.insert(agent.to_owned(), facts.clone())),
                None => holder = Some(facts.clone()),
            }
        }
        self.known = known;
        Ok(UnitsView { units, holder, linger: linger::of_this_user() })
    }
}
