//! The fleet's supervisor as a part of the fleet: started and stopped with it, by its unit or detached.

use std::path::PathBuf;

use super::Outcome;
use super::plan::{Step, own_lines};
use super::supervisor::{Lifecycle, Way};
use crate::fleet::envfile;
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::supervision;
use crate::fleet::systemd::SUPERVISOR_UNIT;

/// Where the supervisor's unit finds what agents find in their environment files.
pub(super) fn environment(site: &Site) -> PathBuf {
    site.home.join("fleet/supervisor.env")
}

/// That file: a backlog's address may hold a password, and a unit file is everybody's to read.
pub(super) fn environment_file(site: &Site, variables: &[(String, String)]) -> Result<(PathBuf, String, bool)> {
    let path = environment(site);
    let text = envfile::with_generated("", variables).map_err(|why| own_lines(&path, why))?;
    Ok((path, text.unwrap_or_default(), true))
}

/// What takes an installed supervisor away that the roster asks for no more.
pub(super) fn goes(site: &Site) -> [Step; 3] {
    let files = [site.unit_dir.join(SUPERVISOR_UNIT), environment(site)];
    let [unit, environment] = files.map(Step::Delete);
    [Step::Stop(SUPERVISOR_UNIT.to_owned()), unit, environment]
}

impl Lifecycle<'_> {
    /// Starts the fleet's supervisor; `None` where the roster asks for none.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_supervisor(&self) -> Result<Option<Outcome>> {
        if !self.roster.supervise.enabled {
            return Ok(None);
        }
        if supervision::running(self.site).is_some() {
            return Ok(Some(Outcome::AlreadyRunning));
        }
        if let Way::Systemd(manager) = &self.way
            && self.site.unit_dir.join(SUPERVISOR_UNIT).exists()
        {
            manager.forget_failure(SUPERVISOR_UNIT).await;
            self.job(manager, SUPERVISOR_UNIT, None).await?;
            return Ok(Some(Outcome::Started));
        }
        // The installation may be older than the wish for one.
        let started = supervision::start_detached(self.site).await?;
        Ok(Some(if started { Outcome::Started } else { Outcome::AlreadyRunning }))
    }

    /// Stops the fleet's supervisor, whoever started it; `None` where none ran.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop_supervisor(&self) -> Result<Option<Outcome>> {
        let mut stopped = self.stop_unit(SUPERVISOR_UNIT).await?;
        stopped |= supervision::stop(self.site).await?;
        Ok(stopped.then_some(Outcome::Stopped))
    }
}
