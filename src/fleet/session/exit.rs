//! How an agent's last process ended, kept for the operator.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::file::{self, Keep};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{AgentName, CellStyle, End, ExitFacts, Label, signal_name};
use crate::fleet::roster::Agent;
use crate::fleet::tmux::painted_row;

/// Most of a last screen that is kept, in bytes.
const MAX_SCREEN_BYTES: usize = 64 << 10;

/// Lines of the last screen that a row carries.
const SHOWN_LINES: usize = 5;

/// One process's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// The agent.
    pub agent: String,
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
    /// The signal that killed it, where tmux knew it.
    #[serde(default)]
    pub exit_signal: Option<i32>,
    /// How many runs in a row ended at once, this one included.
    #[serde(default)]
    #[serde(rename = "quick_ends")]
    pub quick_exits: u32,
    /// Why there was no process at all, when the session could not even be made.
    #[serde(default)]
    pub failure: Option<String>,
    /// The last screen, as `capture-pane -e` gave it.
    pub screen: String,
}

impl ExitRecord {
    /// The end of a process of an agent of which no more is known.
    pub(super) fn of(agent: &Agent, pid: u32, quick_exits: u32) -> Self {
        Self {
            agent: agent.name.to_string(),
            tenant_id: agent.tenant_id.clone(),
            host: agent.host.clone(),
            ts: Timestamp::now().to_string(),
            pid,
            exit_status: None,
            exit_signal: None,
            quick_exits,
            failure: None,
            screen: String::new(),
        }
    }

    /// The lines of its last screen that say something, newest last.
    #[must_use]
    pub fn last_lines(&self, most: usize) -> Vec<Label> {
        let mut style = CellStyle::default();
        let lines: Vec<String> = self
            .screen
            .lines()
            .map(|line| painted_row(line, &mut style).text)
            // tmux writes its own notice below the last words of the process.
            .filter(|line| !line.trim().is_empty() && !line.starts_with("Pane is dead"))
            .collect();
        lines[lines.len().saturating_sub(most)..].iter().map(|line| Label::new(line)).collect()
    }

    /// The record as a row shows it.
    #[must_use]
    pub fn facts(&self) -> ExitFacts {
        ExitFacts {
            at: self.ts.clone(),
            status: self.exit_status,
            signal: self.exit_signal.map(signal_name),
            words: Label::new(&self.words()),
            quick_exits: self.quick_exits,
            lines: self.last_lines(SHOWN_LINES),
        }
    }

    /// How it ended, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.failure, self.end()) {
            (Some(why), _) => why.clone(),
            (None, Some(end)) => end.to_string(),
            (None, None) => "ended with an unknown status".to_owned(),
        }
    }

    /// How it ended, where tmux knew it.
    fn end(&self) -> Option<End> {
        End::of(self.exit_status, self.exit_signal)
    }
}

/// How the agent's last process ended, if that is on record.
#[must_use]
pub fn last_exit(site: &Site, agent: &AgentName) -> Option<ExitRecord> {
    serde_json::from_slice(&std::fs::read(site.run_file(agent, RunFile::Exit)).ok()?).ok()
}

/// How the agent's last process ended, in words: its status or signal, and the last line it left.
#[must_use]
pub fn last_words(site: &Site, agent: &AgentName) -> Option<String> {
    let record = last_exit(site, agent)?;
    // There was no process, and so no screen that could say more.
    if record.failure.is_some() {
        return Some(record.words());
    }
    // tmux 3.3a loses the output of a command now and then that ends in the moment it began.
    let said = record.last_lines(1).pop().map(|last| format!("; it said: {last}")).unwrap_or_default();
    Some(format!("its command ended at once: {}{said}", record.words()))
}

/// Writes the record.
pub(super) fn write(site: &Site, agent: &AgentName, mut record: ExitRecord) -> std::io::Result<()> {
    if record.screen.len() > MAX_SCREEN_BYTES {
        let mut cut = record.screen.len() - MAX_SCREEN_BYTES;
        while !record.screen.is_char_boundary(cut) {
            cut += 1;
        }
        // The end is kept: why a process ended stands in what it said last.
        record.screen.drain(..cut);
    }
    let mut bytes = serde_json::to_vec_pretty(&record)?;
    bytes.push(b'\n');
    // A last screen shows whatever the agent had on it, keys and tokens included.
    file::write_private(&site.run_file(agent, RunFile::Exit), &bytes, Keep::Fleeting)
}
