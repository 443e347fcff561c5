//! What the fleet's units are doing, and word when that changes. Reads only.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::bus::{Bus, ListedUnit};
use super::{AGENT_UNIT_PATTERN, BusError, HOLDER_UNIT, agent_of_unit, journal, linger};
use crate::fleet::model::{UnitFacts, UnitResult, UnitsView};

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
    known: HashMap<String, Known>,
    changed: Arc<Mutex<Changed>>,
}

/// A unit as it was last read: its state in the list, and the details.
type Known = ([String; 3], UnitFacts);

/// What signals told since the last look.
#[derive(Debug, Default)]
struct Changed {
    /// Unit files changed, which no signal of a unit tells.
    all: bool,
    /// Object paths of units.
    paths: HashSet<String>,
}

impl Changed {
    /// Takes a signal; whether it is about the fleet.
    fn note(&mut self, path: &str, member: &str, unit: Option<&str>) -> bool {
        if FLEET_PATH_PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            self.paths.insert(path.to_owned());
            return true;
        }
        match member {
            "UnitFilesChanged" | "Reloading" => {
                self.all = true;
                true
            }
            // The list tells of these; a user's other units come and go all the time.
            "UnitNew" | "UnitRemoved" => unit.is_none_or(|unit| unit == HOLDER_UNIT || agent_of_unit(unit).is_some()),
            _ => false,
        }
    }

    /// Whether the details of a listed unit are asked for: what is known of it may be outdated.
    fn wants(&self, path: &str, state: &[String; 3], known: Option<&Known>) -> bool {
        self.all || self.paths.contains(path) || known.is_none_or(|(before, _)| before != state)
    }
}

impl UnitWatch {
    /// Connects to the user manager of this user.
    ///
    /// # Errors
    /// A fragment that says why there is none.
    pub async fn connect() -> Result<Self, BusError> {
        Ok(Self { bus: Bus::connect().await?, known: HashMap::new(), changed: Arc::default() })
    }

    /// Subscribes to changes; notices arrive until the connection ends.
    ///
    /// # Errors
    /// When the manager refuses.
    pub async fn subscribe(&self, notices: mpsc::Sender<UnitNotice>) -> Result<(), BusError> {
        let mut stream = self.bus.signals().await?;
        let changed = Arc::clone(&self.changed);
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let header = message.header();
                let path = header.path().map_or("", |path| path.as_str());
                let member = header.member().map_or("", |member| member.as_str());
                let unit = matches!(member, "UnitNew" | "UnitRemoved")
                    .then(|| message.body().deserialize::<(String, zbus::OwnedObjectPath)>().ok())
                    .flatten();
                // What the lock guards is whole between any two statements.
                let mut changed = changed.lock().unwrap_or_else(PoisonError::into_inner);
                if changed.note(path, member, unit.as_ref().map(|(name, _)| name.as_str())) {
                    // A full channel holds a notice already.
                    let _repeat = notices.try_send(UnitNotice::Changed);
                }
            }
            let _observer_ended = notices.send(UnitNotice::Gone).await;
        });
        Ok(())
    }

    /// Reads the fleet's units: the list, and the details of those that changed since the last time.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn read(&mut self) -> Result<UnitsView, BusError> {
        // Before the list: what changes from here on is told again.
        let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        let listed: Vec<ListedUnit> = self.bus.list(&[AGENT_UNIT_PATTERN, HOLDER_UNIT]).await?;
        let mut units = HashMap::new();
        let mut known = HashMap::new();
        let mut holder = None;
        let mut failed = Vec::new();
        // A unit that is not listed any more is not taken over into `known`, so that its next life is read anew.
        for (name, _, load, active, sub, _, path, ..) in listed {
            let state = [load, active, sub];
            let before = self.known.remove(&name);
            let facts = match &before {
                Some((_, facts)) if !changed.wants(path.as_str(), &state, before.as_ref()) => facts.clone(),
                _ => {
                    let mut facts = self.bus.details(path.as_str(), &state).await?;
                    // What was said of one end is not asked for again.
                    match before.filter(|(_, before)| before.end() == facts.end()) {
                        Some((_, before)) => facts.log = before.log,
                        None if facts.result != UnitResult::Success => failed.push(name.clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(agent: usize) -> String {
        format!("{}a{agent}_2eservice", FLEET_PATH_PREFIXES[0])
    }

    #[test]
    fn only_what_a_signal_named_is_asked_for_again() {
        let state = ["loaded", "active", "running"].map(str::to_owned);
        let facts = UnitFacts {
            load: "".into(),
            active: "".into(),
            sub: "".into(),
            unit_file_state: "".into(),
            main_pid: 0,
            n_restarts: 0,
            result: "".into(),
            status_text: crate::fleet::model::Label::default(),
            log: Vec::new(),
        };
        let known = (state.clone(), facts);
        let asked =
            |changed: &Changed| (0..200).filter(|at| changed.wants(&path_of(*at), &state, Some(&known))).count();
        let mut changed = Changed::default();
        assert_eq!(asked(&changed), 0);
        assert!(changed.note(&path_of(7), "PropertiesChanged", None));
        assert!(changed.note(&path_of(7), "PropertiesChanged", None));
        assert_eq!(asked(&changed), 1);
        // The user's other units say nothing of the fleet; a new one of ours stands in the list.
        let manager = "/org/freedesktop/systemd1";
        assert!(!changed.note(manager, "UnitNew", Some("run-r1.scope")));
        assert!(!changed.note(manager, "JobNew", None));
        assert!(changed.note(manager, "UnitRemoved", Some("mosaic-agent@a7.service")));
        assert_eq!(asked(&changed), 1);
        let moved = ["loaded", "failed", "failed"].map(str::to_owned);
        assert!(changed.wants(&path_of(8), &moved, Some(&known)) && changed.wants(&path_of(8), &state, None));
        assert!(changed.note(manager, "UnitFilesChanged", None));
        assert_eq!(asked(&changed), 200);
    }
}
