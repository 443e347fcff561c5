//! What is on record of an agent that does not run although nothing is wrong with it, and who may start it again.

use crate::fleet::file::{self, Keep};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::AgentName;
use crate::fleet::os::folder;

/// Why an agent does not run although nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Somebody stopped it.
    OnPurpose,
    /// It was added to the roster, and nobody has started it.
    NotStarted,
    /// No work waited for it.
    NoWork,
}

/// The line behind the reason of a stop that work ends.
const UNTIL_WORK: &str = "until-work";

impl Stop {
    /// For people.
    fn words(self) -> &'static str {
        match self {
            Self::OnPurpose => "stopped on purpose",
            Self::NotStarted => "not started yet",
            Self::NoWork => "no work waited for it",
        }
    }

    /// For the next supervisor: who stopped it decides who may start it.
    fn until(self) -> &'static str {
        match self {
            Self::OnPurpose => "",
            Self::NotStarted | Self::NoWork => UNTIL_WORK,
        }
    }
}

/// Whether somebody stopped an agent on purpose, as it is written down now. Only who stopped it starts it again.
#[must_use]
pub fn stays_stopped(site: &Site, agent: &AgentName) -> bool {
    match std::fs::read_to_string(site.run_file(agent, RunFile::Stopped)) {
        Ok(note) => note.lines().nth(1) != Some(UNTIL_WORK),
        // What cannot be read is there, and a start that somebody did not want costs more than one that waits.
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

/// Notes why an agent does not run although nothing is wrong with it.
pub fn note_stopped(site: &Site, agent: &AgentName, why: Stop) {
    let note = site.run_file(agent, RunFile::Stopped);
    let text = format!("{}\n{}\n", why.words(), why.until());
    let noted = note
        .parent()
        .map_or(Ok(()), folder::make_private)
        .and_then(|()| file::write_private(&note, text.as_bytes(), Keep::Durable));
    if let Err(error) = noted {
        tracing::warn!(%error, "it is not noted why {agent} does not run");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_somebody_stopped_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let agent = AgentName::parse("a").unwrap();
        assert!(!stays_stopped(&site, &agent), "nothing is on record");
        for (why, stays) in [(Stop::NoWork, false), (Stop::OnPurpose, true), (Stop::NotStarted, false)] {
            note_stopped(&site, &agent, why);
            assert_eq!(stays_stopped(&site, &agent), stays, "{why:?}");
        }
        // As it was written before there was a second line.
        std::fs::write(site.run_file(&agent, RunFile::Stopped), "stopped on purpose\n").unwrap();
        assert!(stays_stopped(&site, &agent));
        // One that cannot be read is there all the same.
        std::fs::remove_file(site.run_file(&agent, RunFile::Stopped)).unwrap();
        std::fs::create_dir(site.run_file(&agent, RunFile::Stopped)).unwrap();
        assert!(stays_stopped(&site, &agent));
    }
}
