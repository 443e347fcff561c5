//! What a supervisor knows from before, as it is written down for the next one.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::factory::Memory;
use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::os::folder;
use crate::fleet::supervision;

/// More is no state of a supervisor.
const MAX_STATE: usize = 4 << 20;

/// What is written down for the next supervisor.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Written<'a> {
    /// Since which boot its times count.
    boot: Cow<'a, str>,
    memory: Cow<'a, Memory>,
}

/// The file of one supervisor.
pub(super) struct Kept {
    folder: PathBuf,
    path: PathBuf,
    boot: String,
    /// As it was written down last.
    saved: Vec<u8>,
}

impl Kept {
    /// The file, and what the last supervisor knew.
    pub(super) fn load(site: &Site) -> (Self, Memory) {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        let path = supervision::state_file(site);
        let Written { boot: before, memory }: Written<'_> = match crate::plain::read(&path, MAX_STATE) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| {
                // It only spares tries that failed before.
                tracing::warn!(%error, path = %path.display(), "what the last supervisor knew is not read");
                Written::default()
            }),
            Err(_) => Written::default(),
        };
        let memory = if before == boot { memory.into_owned() } else { memory.into_owned().after_reboot() };
        (Self { folder: site.supervisor_dir(), path, boot, saved: Vec::new() }, memory)
    }

    /// Writes down what the next supervisor has to know, where that is something else than before.
    ///
    /// # Errors
    /// What the file system says, with the file.
    pub(super) fn save(&mut self, memory: &Memory) -> Result<(), String> {
        let written = Written { boot: Cow::Borrowed(&self.boot), memory: Cow::Borrowed(memory) };
        let bytes = serde_json::to_vec(&written).map_err(|error| format!("{}: {error}", self.path.display()))?;
        if bytes == self.saved {
            return Ok(());
        }
        // What a lost file costs is a few tries that failed before; that is not worth a flush
        // to the disk a tick.
        let done: io::Result<()> =
            folder::make_private(&self.folder).and_then(|()| file::write_private(&self.path, &bytes, Keep::Fleeting));
        done.map_err(|error| format!("{}: {error}", self.path.display()))?;
        self.saved = bytes;
        Ok(())
    }
}
