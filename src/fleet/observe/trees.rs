//! Work trees of agents' folders: which of them git is asked about next, and what it said. At most one process for the
//! agent in focus and one for all others at a time, however many agents there are.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::fleet::git;
use crate::fleet::join::{Reading, Trees};
use crate::fleet::model::TreeFacts;

/// A folder with the second of the last output of the panes whose agents work in it.
pub(super) type Folder = (PathBuf, Option<u64>);

/// What git said of a folder.
pub(super) type Answer = (PathBuf, Result<Option<TreeFacts>, String>);

/// In focus: after output, and without.
// A `git status` walks the whole tree, so even the agent that is looked at is asked no more often.
const FOCUS_MOVED: Duration = Duration::from_secs(5);
const FOCUS_STILL: Duration = Duration::from_secs(30);

/// At rest: after output, and without.
const REST_MOVED: Duration = Duration::from_secs(60);
// Without output hardly anything changes; ten minutes catch what a person edited by hand.
const REST_STILL: Duration = Duration::from_secs(600);

/// After a refusal or a silence, in focus; at rest it takes as long as for one that is still.
const FAILED: Duration = Duration::from_secs(60);

/// When a folder was read, and how far its panes were then.
#[derive(Debug)]
struct Seen {
    at: Instant,
    /// In which second of the clock that was.
    second: u64,
    output: Option<u64>,
    failed: bool,
}

/// Which folders are due.
#[derive(Debug, Default)]
pub(super) struct TreePoll {
    seen: HashMap<PathBuf, Seen>,
    /// Folders that git is asked about now, and whether as the one in focus.
    asked: HashMap<PathBuf, bool>,
    focus: Option<PathBuf>,
    /// Whether the focus moved since its folder was read.
    turned: bool,
}

impl TreePoll {
    /// Moves the focus to the folder of another agent.
    pub(super) fn focus(&mut self, folder: Option<PathBuf>) {
        if self.focus != folder {
            self.turned = folder.is_some();
            self.focus = folder;
        }
    }

    /// The folders to be read now: the one in focus, and one of the others, the one that waits longest.
    pub(super) fn due(&mut self, folders: &[Folder], now: Instant, second: u64) -> Vec<PathBuf> {
        let known: HashSet<&Path> = folders.iter().map(|(folder, _)| folder.as_path()).collect();
        // Work trees of cards come and go for as long as the observer lives.
        self.seen.retain(|folder, _| known.contains(folder.as_path()));
        let free = |focus: bool| !self.asked.values().any(|asked| *asked == focus);
        let in_focus = |folder: &Path| self.focus.as_deref() == Some(folder);
        let waits = |(folder, output): &&Folder| !self.asked.contains_key(folder) && self.is_due(folder, *output, now);
        let mut due = Vec::new();
        if free(true) {
            due.extend(folders.iter().filter(waits).find(|(folder, _)| in_focus(folder)));
        }
        if free(false) {
            let others = folders.iter().filter(waits).filter(|(folder, _)| !in_focus(folder));
            // What was never read comes first, as nothing is less than any moment.
            due.extend(others.min_by_key(|(folder, _)| self.seen.get(folder).map(|seen| seen.at)));
        }
        let due: Vec<Folder> = due.into_iter().cloned().collect();
        for (folder, output) in &due {
            let focus = self.focus.as_ref() == Some(folder);
            self.turned &= !focus;
            self.asked.insert(folder.clone(), focus);
            self.seen.insert(folder.clone(), Seen { at: now, second, output: *output, failed: false });
        }
        due.into_iter().map(|(folder, _)| folder).collect()
    }

    fn is_due(&self, folder: &Path, output: Option<u64>, now: Instant) -> bool {
        let Some(seen) = self.seen.get(folder) else { return true };
        // By the second of the last output alone, which the look at tmux brings anyway: no
        // file is watched for it.
        // In the second in which git was asked there may have been more, after it.
        let moved = output != seen.output || output.is_some_and(|output| output >= seen.second);
        let pause = match (self.focus.as_deref() == Some(folder), seen.failed) {
            (true, true) => FAILED,
            (true, false) if moved || self.turned => FOCUS_MOVED,
            (true, false) => FOCUS_STILL,
            (false, false) if moved => REST_MOVED,
            (false, _) => REST_STILL,
        };
        now.duration_since(seen.at) >= pause
    }

    /// Takes what git said of a folder.
    pub(super) fn answered(&mut self, folder: &Path, failed: bool, now: Instant) {
        self.asked.remove(folder);
        if let Some(seen) = self.seen.get_mut(folder) {
            seen.at = now;
            seen.failed = failed;
        }
    }
}

/// Asks git about a folder without waiting for it.
pub(super) fn ask(folder: PathBuf, on_network: bool, answer: mpsc::Sender<Answer>) {
    tokio::spawn(async move {
        let read = git::tree(&folder, on_network).await;
        let _observer_ended = answer.send((folder, read)).await;
    });
}

/// Processes at once where somebody waits for all of them.
// A command waits for all of them; more at once would fight for one disk.
const AT_ONCE: usize = 4;

/// Reads folders once, a few at a time.
pub(super) async fn read_all(folders: Vec<Folder>, on_network: bool) -> Trees {
    use futures_util::StreamExt;
    let read = |(folder, _): Folder| async move {
        let facts = git::tree(&folder, on_network).await;
        (folder, Reading::new(facts, Timestamp::now()))
    };
    futures_util::stream::iter(folders).map(read).buffer_unordered(AT_ONCE).collect().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(moved: u64) -> Vec<Folder> {
        ["a", "b", "c"].map(|name| (PathBuf::from(name), Some(moved))).to_vec()
    }

    fn names(due: &[PathBuf]) -> Vec<&str> {
        due.iter().filter_map(|folder| folder.to_str()).collect()
    }

    #[test]
    fn the_one_in_focus_goes_first_and_the_others_one_at_a_time() {
        let (mut poll, start) = (TreePoll::default(), Instant::now());
        poll.focus(Some("b".into()));
        let due = poll.due(&folders(1), start, 9);
        assert_eq!(names(&due), ["b", "a"]);
        assert!(poll.due(&folders(1), start, 9).is_empty(), "both are being read");
        poll.answered(Path::new("a"), false, start);
        assert_eq!(names(&poll.due(&folders(1), start, 9)), ["c"], "each of the others once, while the focus is read");
    }

    #[test]
    fn a_folder_is_read_again_as_often_as_it_is_looked_at_and_moves() {
        let start = Instant::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let mut poll = TreePoll::default();
        poll.focus(Some("b".into()));
        for _ in 0..3 {
            for folder in poll.due(&folders(1), start, 9) {
                poll.answered(&folder, false, start);
            }
        }
        assert!(poll.due(&folders(2), after(4), 9).is_empty());
        assert_eq!(names(&poll.due(&folders(2), after(5), 9)), ["b"], "its pane moved");
        poll.answered(Path::new("b"), false, after(5));
        assert!(poll.due(&folders(2), after(34), 9).is_empty());
        assert_eq!(names(&poll.due(&folders(2), after(35), 9)), ["b"], "it is looked at");
        poll.answered(Path::new("b"), true, after(45));
        assert_eq!(names(&poll.due(&folders(2), after(60), 9)), ["a"], "moved, at rest; what fails is left in peace");
        poll.answered(Path::new("a"), false, after(60));
        poll.focus(Some("a".into()));
        assert_eq!(names(&poll.due(&folders(2), after(65), 9)), ["a", "c"], "looked at again");
        poll.answered(Path::new("a"), false, after(65));
        poll.answered(Path::new("c"), false, after(65));
        poll.focus(None);
        assert!(poll.due(&folders(2), after(500), 9).is_empty(), "nothing moves and nobody looks");
        assert_eq!(names(&poll.due(&folders(2), after(665), 9)).len(), 1);
    }

    #[test]
    fn output_in_the_second_in_which_git_was_asked_may_be_newer() {
        let (mut poll, start, folder) = (TreePoll::default(), Instant::now(), PathBuf::from("/a"));
        poll.focus(Some(folder.clone()));
        let at = |seconds| start + Duration::from_secs(seconds);
        let folders = [(folder.clone(), Some(100))];
        assert_eq!(poll.due(&folders, at(0), 100).len(), 1);
        poll.answered(&folder, false, at(0));
        assert_eq!(poll.due(&folders, at(5), 105).len(), 1, "it may have come after the question");
        poll.answered(&folder, false, at(5));
        assert!(poll.due(&folders, at(10), 110).is_empty(), "it is known by now");
    }

    #[test]
    fn a_folder_that_nobody_works_in_any_more_is_forgotten() {
        let mut poll = TreePoll::default();
        poll.due(&folders(1), Instant::now(), 9);
        poll.due(&folders(1)[1..2], Instant::now(), 9);
        assert!(poll.seen.len() <= 1, "{poll:?}");
    }
}
