//! How an agent's last process ended, kept for the operator.

use serde::Serialize;

use crate::fleet::heartbeat::write_whole;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{AgentName, Label};
use crate::fleet::pane::still;

/// Most of a last screen that is kept, in bytes.
const MAX_SCREEN_BYTES: usize = 64 << 10;

/// Size of the picture in which the last line is looked for.
const SCREEN_COLUMNS: u16 = 500;
const SCREEN_ROWS: u16 = 1000;

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

/// How the agent's last process ended, in words: its status and the last line it left.
#[must_use]
pub fn last_words(site: &Site, agent: &AgentName) -> Option<String> {
    let record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(site.run_file(agent, RunFile::Exit)).ok()?).ok()?;
    let status = record["exit_status"]
        .as_i64()
        .map_or_else(|| "an unknown status".to_owned(), |status| format!("status {status}"));
    let screen = still(record["screen"].as_str()?, SCREEN_COLUMNS, SCREEN_ROWS);
    let last = (0..screen.size.height)
        .map(|row| screen.row_text(row))
        .rfind(|line| !line.is_empty() && !line.starts_with("Pane is dead"))
        .unwrap_or_default();
    // tmux 3.3a loses the output of a command now and then that ends in the moment it began.
    let said = if last.is_empty() { String::new() } else { format!(": {}", Label::new(&last)) };
    Some(format!("its command ended at once with {status}{said}"))
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
