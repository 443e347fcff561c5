//! The units of an installed fleet after this program was replaced by another version of it.

use std::fs;

use super::install::{FOR_UNITS, environment, owes_a_reload, plan_install};
use super::installed::{Installed, installed};
use super::plan::{Plan, Step};
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::roster::Roster;
use crate::fleet::systemd::{SUPERVISOR_UNIT, unit_files};

/// What an update has to do about units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    /// The fleet is not installed, or its units are another fleet's.
    NotInstalled,
    /// They are what this program would write.
    Current,
    /// These steps make them so; which agents are enabled, and their environment files, stay as they are.
    Outdated(Plan),
}

/// What an update has to do about the units of this fleet.
///
/// # Errors
/// When they are outdated, and there is no user manager to read the new ones.
pub async fn plan_refresh(site: &Site, roster: &Roster) -> Result<Refresh> {
    if installed(site) != Installed::Ours {
        return Ok(Refresh::NotInstalled);
    }
    if is_current(site) {
        return Ok(Refresh::Current);
    }
    let Plan { mut steps, .. } = plan_install(site, roster).await?;
    // An update is not an installation: it neither enables what the operator has disabled, nor writes into their
    // files.
    steps.retain(|step| match step {
        Step::Folder(path) | Step::Keep(path, _) | Step::Write { path, .. } => path.starts_with(&site.unit_dir),
        Step::Reload => true,
        _ => false,
    });
    Ok(Refresh::Outdated(Plan { steps, notes: Vec::new() }))
}

/// Whether the unit files on disk are what this program would write, and no command was killed before the manager had
/// read them.
#[must_use]
pub fn is_current(site: &Site) -> bool {
    if owes_a_reload(site) {
        return false;
    }
    // The supervisor's is there only where the roster asked for it.
    let supervised = site.unit_dir.join(SUPERVISOR_UNIT).exists();
    unit_files(site, &environment(&FOR_UNITS), supervised).iter().all(|(name, text)| {
        fs::read_to_string(site.unit_dir.join(name)).is_ok_and(|on_disk| same_units(&on_disk, text))
    })
}

/// `PATH` differs from shell to shell without being outdated.
fn same_units(a: &str, b: &str) -> bool {
    let meaning = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with("Environment=\"PATH=")).map(str::to_owned).collect()
    };
    meaning(a) == meaning(b)
}
