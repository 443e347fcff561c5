//! What is on record of an agent that does not run although nothing is wrong with it, and who may start it again.

use crate::fleet::error::{Failure, Result};
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
    #[must_use]
    pub fn words(self) -> &'static str {
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
///
/// # Errors
/// When that cannot be written down: whoever looks for it then takes the agent for one that died.
pub fn note_stopped(site: &Site, agent: &AgentName, why: Stop) -> Result<()> {
    let note = site.run_file(agent, RunFile::Stopped);
    let text = format!("{}\n{}\n", why.words(), why.until());
    let noted = note
        .parent()
        .map_or(Ok(()), folder::make_private)
        .and_then(|()| file::write_private(&note, text.as_bytes(), Keep::Durable));
    noted.map_err(|error| {
        Failure::failed(
            format!("agent {agent}"),
            format!("it cannot be written down that it is {}, so a supervisor would start it: {error}", why.words()),
            format!("check rights and space of {}, then stop it again", site.run_dir.display()),
        )
    })
}

/// What is noted of an agent before it is stopped, to be given back if it is not.
pub(super) struct Noted<'a> {
    site: &'a Site,
    agent: &'a AgentName,
    before: Option<Vec<u8>>,
    why: Stop,
    /// Whether the new note stood there.
    written: Result<()>,
}

impl<'a> Noted<'a> {
    /// Notes a stop before it begins: whoever is ended in between must not leave an agent that seems to have died.
    pub(super) fn first(site: &'a Site, agent: &'a AgentName, why: Stop) -> Self {
        let before = std::fs::read(site.run_file(agent, RunFile::Stopped)).ok();
        Self { site, agent, before, why, written: note_stopped(site, agent, why) }
    }

    /// Takes what the stop came to. One that failed leaves what was noted before.
    ///
    /// # Errors
    /// That of the stop, else that of the note.
    pub(super) fn settle<T>(self, stopped: Result<T>) -> Result<T> {
        let Ok(outcome) = stopped else {
            let note = self.site.run_file(self.agent, RunFile::Stopped);
            let given_back = match &self.before {
                Some(before) => file::write_private(&note, before, Keep::Durable),
                None => file::remove_if_there(&note),
            };
            if let Err(error) = given_back {
                tracing::warn!(%error, "{} still counts as stopped", self.agent);
            }
            return stopped;
        };
        self.written?;
        // A process that began meanwhile had its keeper take the note away.
        if !self.site.run_file(self.agent, RunFile::Stopped).exists() {
            note_stopped(self.site, self.agent, self.why)?;
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_noted_before_it_begins_and_one_that_fails_leaves_what_was_noted() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let agent = AgentName::parse("a").unwrap();
        let failed = || Err::<(), _>(Failure::failed("agent a", "does not end", ""));
        let noted = Noted::first(&site, &agent, Stop::OnPurpose);
        assert!(stays_stopped(&site, &agent), "whoever is killed here leaves it said");
        assert!(noted.settle(failed()).is_err() && !stays_stopped(&site, &agent));
        let note = site.run_file(&agent, RunFile::Stopped);
        let noted = Noted::first(&site, &agent, Stop::OnPurpose);
        std::fs::remove_file(&note).unwrap();
        assert!(noted.settle(Ok(())).is_ok() && stays_stopped(&site, &agent), "a keeper took it away meanwhile");
        assert!(Noted::first(&site, &agent, Stop::NoWork).settle(failed()).is_err());
        assert!(stays_stopped(&site, &agent), "what somebody stopped before");
        std::fs::remove_file(&note).unwrap();
        std::fs::create_dir(&note).unwrap();
        let unwritten = Noted::first(&site, &agent, Stop::OnPurpose).settle(Ok(()));
        assert!(unwritten.unwrap_err().why.contains("a supervisor would start it"));
    }

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_a_stop() {
        assert_eq!(Stop::OnPurpose.words(), "stopped on purpose");
        assert_eq!(Stop::NotStarted.words(), "not started yet");
        assert_eq!(Stop::NoWork.words(), "no work waited for it");
    }

    #[test]
    fn only_what_somebody_stopped_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let agent = AgentName::parse("a").unwrap();
        assert!(!stays_stopped(&site, &agent), "nothing is on record");
        for (why, stays) in [(Stop::NoWork, false), (Stop::OnPurpose, true), (Stop::NotStarted, false)] {
            note_stopped(&site, &agent, why).unwrap();
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
