//! Which of several dashboards on a host runs the operator's command for an event: the first that says so in a file that
//! all of them read. Terminals are told by each of them, as each has one of its own.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::tui::notices::Notice;
use crate::fleet::error::{Failure, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::model::Readiness;
use crate::fleet::os::{lockfile, process};
use crate::plain;

/// Two looks at one event are at most so far apart, in milliseconds: what happens is told at once or by the next look, on
/// a machine under load later.
const SAME_EVENT: i64 = 10_000;

/// How long another dashboard that is at the file is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Largest file that is read back; a fleet has fewer events in ten seconds.
const MAX: usize = 1 << 20;

/// What one dashboard says of the events that it tells.
#[derive(Debug, Clone)]
pub(super) struct Told {
    folder: PathBuf,
    /// Which dashboard: its pid, and when it began.
    by: String,
    is_kept: bool,
}

/// An event that somebody told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Claim {
    agent: String,
    host: String,
    state: Readiness,
    question: Option<String>,
    at: i64,
    by: String,
}

impl Told {
    /// Those of this process.
    pub(super) fn of(site: &Site) -> Self {
        // No agent's file can have its name, and the watch of the folder does not look into it.
        let folder = site.run_dir.join("_dashboard");
        Self { folder, by: name_of(std::process::id()), is_kept: !site.read_only }
    }

    /// Whether this dashboard runs the command for an event. Where that cannot be known it does: twice is better than
    /// never. May wait for a moment, and for as long as the file system does.
    pub(super) fn is_mine(&self, notice: &Notice, now: Timestamp) -> bool {
        self.claim(notice, now).unwrap_or_else(|failure| {
            tracing::warn!(%failure, "another dashboard may tell of {} as well", notice.agent);
            true
        })
    }

    fn claim(&self, notice: &Notice, now: Timestamp) -> Result<bool> {
        let path = self.folder.join("told.json");
        let failed =
            |why: String| Failure::failed(path.display().to_string(), why, "check the folder's rights and space");
        // Who only looks leaves nothing, and so only sees what others left.
        let _held = match self.is_kept {
            true => Some(
                lockfile::hold_up(&self.folder.join("told.lock"), PATIENCE, lockfile::open)?
                    .ok_or_else(|| failed("another dashboard holds it".to_owned()))?,
            ),
            false => None,
        };
        let mut claims: Vec<Claim> = match plain::read(&path, MAX) {
            // What somebody else wrote into it counts for nothing.
            Ok(text) => serde_json::from_str(&text).unwrap_or_default(),
            Err(why) if why.is_missing() => Vec::new(),
            Err(why) => return Err(failed(why.to_string())),
        };
        let at = now.as_millisecond();
        claims.retain(|claim| (at - claim.at).abs() < SAME_EVENT);
        let (agent, question) = (notice.agent.to_string(), notice.question.as_ref().map(ToString::to_string));
        let is_it = |claim: &Claim| {
            let same = claim.agent == agent && claim.host == notice.host && claim.state == notice.state;
            // One of them may have seen the state a moment before its question.
            same && (claim.question.is_none() || question.is_none() || claim.question == question)
        };
        if claims.iter().any(|claim| claim.by != self.by && is_it(claim)) {
            return Ok(false);
        }
        if self.is_kept {
            let (host, state, by) = (notice.host.clone(), notice.state, self.by.clone());
            claims.push(Claim { agent, host, state, question, at, by });
            file::write_json(&path, &claims, Keep::Fleeting).map_err(|error| failed(error.to_string()))?;
        }
        Ok(true)
    }
}

/// Tells one dashboard from every other.
// A pid comes again, and in containers that share a home several have the same one at the same time.
fn name_of(pid: u32) -> String {
    match process::start_ticks(pid) {
        Some(start) => format!("{pid}-{start}"),
        None => pid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::Label;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn asks(agent: &str, question: Option<&str>) -> Notice {
        Notice {
            agent: Label::new(agent),
            host: "here".to_owned(),
            state: Readiness::Stuck,
            reason: Label::new("asks"),
            question: question.map(Label::new),
        }
    }

    #[test]
    fn one_of_several_dashboards_tells_of_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { run_dir: folder.path().to_owned(), ..Site::for_tests("/h") };
        let one = Told { by: "1".to_owned(), ..Told::of(&site) };
        let other = Told { by: "2".to_owned(), ..Told::of(&site) };
        let looks = Told { by: "3".to_owned(), is_kept: false, ..Told::of(&site) };
        assert!(looks.is_mine(&asks("a", None), at(0)), "nobody else is there");
        assert!(one.is_mine(&asks("a", None), at(0)));
        assert!(!other.is_mine(&asks("a", Some("Deploy?")), at(1)), "the same, with its question by now");
        assert!(!looks.is_mine(&asks("a", Some("Deploy?")), at(1)));
        assert!(other.is_mine(&asks("b", None), at(1)), "of another agent");
        assert!(one.is_mine(&asks("a", Some("Delete?")), at(2)), "what it told itself is its own to tell again");
        assert!(other.is_mine(&asks("a", Some("Really?")), at(20)), "later it is another event");
        assert!(!one.is_mine(&asks("a", Some("Really?")), at(20)));
        std::fs::write(folder.path().join("_dashboard/told.json"), "no claims").unwrap();
        assert!(one.is_mine(&asks("c", None), at(30)), "a broken file keeps nobody from being told");
    }

    #[test]
    fn a_pid_that_comes_again_is_another_dashboard() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { run_dir: folder.path().to_owned(), ..Site::for_tests("/h") };
        let now = Told::of(&site);
        let pid = std::process::id().to_string();
        let (of, start) = now.by.split_once('-').unwrap();
        assert_eq!((of, start.parse::<u64>().ok()), (pid.as_str(), process::start_ticks(std::process::id())));
        assert_eq!(now.by, Told::of(&site).by, "the same for as long as it runs");
        // One that had this pid before, and ended just now.
        let before = Told { by: format!("{pid}-1"), ..now.clone() };
        assert!(before.is_mine(&asks("a", None), at(0)));
        assert!(!now.is_mine(&asks("a", None), at(1)), "it was told of already");
        // What stands there of a program that did not know more than the pid.
        let older = Told { by: pid, ..now.clone() };
        assert!(older.is_mine(&asks("b", None), at(1)) && !now.is_mine(&asks("b", None), at(2)));
    }

    #[test]
    fn where_nothing_can_be_written_each_tells() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let site = Site { run_dir: file, ..Site::for_tests("/h") };
        assert!(Told::of(&site).is_mine(&asks("a", None), at(0)));
    }
}
