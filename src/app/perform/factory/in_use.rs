//! The roster and the pipeline that a supervisor works by: as they stand on the disk, and while one of them is not valid
//! there, as they were last. A brief is made by the same two as the decision behind it.

use std::sync::Arc;

use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::library;
use crate::fleet::pipeline::Pipeline;
use crate::fleet::roster::{self, Roster};

/// What is in use.
#[derive(Debug, Clone)]
pub(super) struct InUse {
    pub roster: Arc<Roster>,
    /// `None` where the roster names none.
    pub pipeline: Option<Arc<Pipeline>>,
}

impl InUse {
    /// What stands on the disk.
    ///
    /// # Errors
    /// When the roster or its pipeline is not valid.
    pub(super) fn load(site: &Site) -> Result<Self> {
        let roster = roster::load(site)?;
        let pipeline = roster.pipeline.as_deref().map(|name| library::pipeline(site, name)).transpose()?;
        Ok(Self { roster: Arc::new(roster), pipeline: pipeline.map(Arc::new) })
    }

    /// Takes in what stands on the disk now.
    ///
    /// # Errors
    /// When it is not valid; then what is in use stays, both of it: a new roster may count on a new pipeline.
    pub(super) fn renew(&mut self, site: &Site) -> Result<()> {
        let now = Self::load(site).map_err(|failure| Failure {
            why: format!("{}; what was valid last stays in use", failure.why),
            ..failure
        })?;
        // What is under way shares it, and mostly nothing has changed.
        if now.roster != self.roster || now.pipeline != self.pipeline {
            *self = now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_half_saved_leaves_both_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let write = |text: &str| {
            std::fs::create_dir_all(site.roster.parent().unwrap()).unwrap();
            std::fs::write(&site.roster, text).unwrap();
        };
        let agents = "version: 1\nagents: [{name: a, runtime: stub, class: code}]\n";
        write(agents);
        let mut used = InUse::load(&site).unwrap();
        write(&format!("{agents}nonsense: 1\n"));
        let said = used.renew(&site).unwrap_err().to_string();
        assert!(said.contains("nonsense") && said.contains("stays in use"), "{said}");
        // A roster that is valid by itself, and names a pipeline that is not there.
        write(&format!("{agents}pipeline: none-such\n"));
        assert!(used.renew(&site).is_err() && used.roster.pipeline.is_none());
        write(&agents.replace("name: a", "name: b"));
        used.renew(&site).unwrap();
        assert_eq!(used.roster.agents[0].name.as_str(), "b");
    }
}
