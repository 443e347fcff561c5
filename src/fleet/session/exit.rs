//! How an agent's last process ended, kept for the operator.

use serde::Serialize;

use crate::fleet::heartbeat::write_whole;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::AgentName;

/// Most of a last screen that is kept, in bytes.
const MAX_SCREEN_BYTES: usize = 64 << 10;

/// One process's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ExitRecord {
    /// The agent.
    pub agent: AgentName,
    /// Whose it is.
    pub tenant_id: String,
    /// Where it ran.
    pub host: String,
    /// When it was noticed (RFC 3339).
    pub ts: String,
    /// The pane's process.
    pub pid: u32,
    /// Its exit status, where tmux knew it.
    pub exit_status: Option<i32>,
    /// The last screen, as `capture-pane -e` gave it.
    pub screen: String,
}

/// Writes the record.
pub(super) fn write(site: &Site, mut record: ExitRecord) -> std::io::Result<()> {
    if record.screen.len() > MAX_SCREEN_BYTES {
        let mut cut = record.screen.len() - MAX_SCREEN_BYTES;
        while !record.screen.is_char_boundary(cut) {
            cut += 1;
        }
        record.screen.drain(..cut);
    }
    let mut bytes = serde_json::to_vec_pretty(&record)?;
    bytes.push(b'\n');
    write_whole(&site.run_file(&record.agent, RunFile::Exit), &bytes)
}
