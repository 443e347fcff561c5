//! What an earlier look read on screens, for the next program that looks: of a fleet at rest it asks for none.
//!
//! What tmux says of a pane tells whether its screen still is the one that was read. To hand a hundred screens over costs a
//! server three times as much as to list their panes, and each command that looks once would pay it. Of a screen what was
//! read is kept, and not its text: it would have to be read again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::model::{Label, PaneId, SocketName};
use crate::fleet::os::folder;
use crate::fleet::screen::Summary;
use crate::fleet::tmux::{PaneRecord, Peek};
use crate::plain::{self, Stamp};

use super::printed::Rows;
use super::screens::STANDS;

/// Most bytes of the file that are read: those of a thousand tall screens, each with a long question.
const MAX: usize = 16 << 20;

const VERSION: &str = env!("MOSAIC_VERSION");

/// Leads to this program's file, whatever became of its name.
const PROGRAM: &str = "/proc/self/exe";

/// A pane that printed so many seconds before its screen was asked for is at work: its screen would be written again at
/// each look, and be of no use to the next.
const QUIET: i64 = 3;

/// Whether a screen was asked for so long ago that it is to be read again.
fn is_old(asked: i64, now: i64) -> bool {
    u64::try_from(now.saturating_sub(asked)).is_ok_and(|age| age >= STANDS.as_secs())
}

/// The first line.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Head {
    /// The program that wrote it: another one may read the same screen otherwise.
    version: String,
    /// Its file: programs that are built while one works on them have one version.
    program: Option<Stamp>,
    /// Process of the server.
    server: u32,
    /// Lines that follow, one of each screen.
    kept: usize,
}

/// What was read on a screen, and what tells that it is still the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Screen {
    pane: u32,
    /// By which rules it was read.
    rules: String,
    window: String,
    pid: u32,
    activity: u64,
    history: u64,
    asked: i64,
    in_mode: bool,
    cursor: (u16, u16),
    title: Label,
    rows: Rows,
    summary: Summary,
}

impl Screen {
    /// What was read of a pane, where that is worth keeping.
    fn of(pane: &PaneRecord, rules: &str, peek: &Peek, standing: Standing) -> Option<Self> {
        let asked = standing.asked.as_second();
        let is_quiet = |second: i64| second.saturating_add(QUIET) <= asked;
        let activity = pane.activity.filter(|second| i64::try_from(*second).is_ok_and(is_quiet))?;
        let screen = Self {
            pane: pane.id.0,
            rules: rules.to_owned(),
            window: pane.window_id.clone(),
            pid: pane.pid,
            activity,
            history: pane.history,
            asked,
            in_mode: peek.in_mode,
            cursor: peek.cursor,
            title: peek.title.clone(),
            rows: standing.rows,
            summary: standing.summary,
        };
        // Where something moved between the list and the screen, the two do not belong together.
        screen.is_of(pane).then_some(screen)
    }

    /// Whether it still is what stands in a pane, as far as the list of panes can tell.
    fn is_of(&self, pane: &PaneRecord) -> bool {
        (self.pane, self.pid, Some(self.activity)) == (pane.id.0, pane.pid, pane.activity)
            && (self.in_mode, self.rows.size) == (pane.in_mode, pane.size)
            && (self.cursor, self.history) == (pane.cursor, pane.history)
            && self.window == pane.window_id
            && self.title == pane.title
    }
}

/// What was read on a screen.
pub(super) struct Standing {
    /// When the screen was asked for.
    pub asked: Timestamp,
    /// The rows that stood there.
    pub rows: Rows,
    /// What the runtime's rules read there.
    pub summary: Summary,
}

/// What is kept of the screens of one server's panes: there is a file where it holds those of most.
pub(super) struct Kept {
    path: PathBuf,
    /// Whether there is one at all, whoever wrote it.
    is_there: bool,
    head: Head,
    /// What follows the first line, until it is taken apart.
    text: String,
    screens: HashMap<PaneId, Screen>,
    /// Whether some are others than those that the file holds.
    changed: bool,
}

impl Kept {
    /// Opens what is kept of a server. What cannot be read is as if it were not there: the screens are asked for.
    pub(super) fn open(site: &Site, socket: &SocketName) -> Self {
        let path = site.screens_dir().join(socket.file_name());
        let read = plain::read(&path, MAX);
        let is_there = !read.as_ref().is_err_and(plain::Unreadable::is_missing);
        let text = read.unwrap_or_default();
        let (head, text) = text.split_once('\n').unwrap_or_default();
        let program = Stamp::of(Path::new(PROGRAM));
        let is_ours = |head: &Head| head.version == VERSION && program.is_some() && head.program == program;
        let head = serde_json::from_str::<Head>(head).ok().filter(is_ours).unwrap_or_default();
        let text = if head.kept > 0 { text.to_owned() } else { String::new() };
        Self { path, is_there, head: Head { program, ..head }, text, screens: HashMap::new(), changed: false }
    }

    /// Whether there are any: then it is better to ask for those that are not here than for all of them at once.
    pub(super) fn holds_most(&self) -> bool {
        self.head.kept > 0
    }

    /// Takes the text apart: there is time for that while the server is waited for.
    pub(super) fn parse(&mut self, now: Timestamp) {
        let now = now.as_second();
        let lines = std::mem::take(&mut self.text);
        let screens = lines.lines().take(self.head.kept).filter_map(|line| serde_json::from_str::<Screen>(line).ok());
        // Where the clock was set back nothing tells any more which of two moments was the later one.
        let screens = screens.filter(|screen| screen.asked <= now && !is_old(screen.asked, now));
        self.screens.extend(screens.map(|screen| (PaneId(screen.pane), screen)));
    }

    /// What was read on the screen of an agent's pane that has stood as it is since, by these rules.
    pub(super) fn of(&self, pane: &PaneRecord, rules: &str) -> Option<Standing> {
        let screen = self.screens.get(&pane.id).filter(|_| self.head.server == pane.server)?;
        let asked = Timestamp::from_second(screen.asked).ok()?;
        let standing = || Standing { asked, rows: screen.rows.clone(), summary: screen.summary.clone() };
        (screen.rules == rules && screen.is_of(pane)).then(standing)
    }

    /// Takes what was read on a screen.
    pub(super) fn take(&mut self, pane: &PaneRecord, rules: &str, peek: &Peek, standing: Standing) {
        if self.head.server != pane.server {
            self.screens.clear();
            self.head.server = pane.server;
        }
        let is_here = |screen: &Screen| screen.rules == rules && screen.is_of(pane);
        if !self.screens.get(&pane.id).is_some_and(is_here)
            && let Some(screen) = Screen::of(pane, rules, peek, standing)
        {
            self.screens.insert(pane.id, screen);
            self.changed = true;
        }
    }

    /// Writes what is kept, where it is another thing than before. These are all panes whose screens tell something.
    ///
    /// # Errors
    /// What the file system says; the file is then as it was.
    pub(super) fn write(mut self, panes: &[&PaneRecord]) -> std::io::Result<()> {
        let panes: HashMap<PaneId, &PaneRecord> = panes.iter().map(|pane| (pane.id, *pane)).collect();
        // What has moved may stay in the file until something else is written; who is gone has nothing left there.
        self.changed |= self.screens.keys().any(|id| !panes.contains_key(id));
        self.screens.retain(|id, screen| panes.get(id).is_some_and(|pane| screen.is_of(pane)));
        // Fewer would cost the next look a second client, and most of the screens as well.
        if self.screens.len() * 2 <= panes.len() {
            return if self.is_there { file::remove_if_there(&self.path) } else { Ok(()) };
        }
        if !self.changed {
            return Ok(());
        }
        let head = Head { version: VERSION.to_owned(), kept: self.screens.len(), ..self.head };
        let mut bytes = serde_json::to_vec(&head)?;
        for screen in self.screens.values() {
            bytes.push(b'\n');
            serde_json::to_writer(&mut bytes, screen)?;
        }
        if let Some(folder) = self.path.parent() {
            folder::make_private(folder)?;
        }
        file::write_private(&self.path, &bytes, Keep::Fleeting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{CellStyle, PaintedRow, Size};
    use crate::fleet::screen::ScreenState;

    fn pane(id: u32, activity: u64) -> PaneRecord {
        PaneRecord { activity: Some(activity), cursor: (2, 1), ..PaneRecord::for_tests(id, "a") }
    }

    fn peek(pane: &PaneRecord, text: &str) -> Peek {
        let mut row = PaintedRow::default();
        row.push(text, CellStyle::default());
        Peek { in_mode: false, cursor: (2, 1), size: pane.size, title: pane.title.clone(), rows: vec![row] }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn opened(site: &Site) -> Kept {
        let mut kept = Kept::open(site, &SocketName::named("s").unwrap());
        kept.parse(at(1050));
        kept
    }

    fn summary(text: &str) -> Summary {
        Summary { state: ScreenState::Dialog, reason: "asks \u{1b}\"\u{e9}".to_owned(), asked: text.to_owned() }
    }

    fn take(kept: &mut Kept, pane: &PaneRecord, asked: i64, text: &str) {
        let peek = peek(pane, text);
        let standing = Standing { asked: at(asked), rows: Rows::of(&peek), summary: summary(text) };
        kept.take(pane, "stub", &peek, standing);
    }

    /// When what is kept of a pane was asked for, and what it says.
    fn seen(kept: &Kept, pane: &PaneRecord) -> Option<(i64, Summary)> {
        let standing = kept.of(pane, "stub")?;
        assert_eq!(standing.rows, Rows::of(&peek(pane, &standing.summary.asked)));
        Some((standing.asked.as_second(), standing.summary))
    }

    fn site() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { run_dir: folder.path().join("run"), ..Site::for_tests("/h") };
        (folder, site)
    }

    #[test]
    fn a_screen_is_kept_for_the_next_look_until_anything_of_its_pane_is_another() {
        let (_folder, site) = site();
        let (still, at_work) = (pane(1, 1000), pane(2, 1007));
        let mut kept = opened(&site);
        assert!(!kept.holds_most() && kept.of(&still, "stub").is_none(), "nothing is kept yet");
        take(&mut kept, &still, 1008, "of one");
        take(&mut kept, &at_work, 1008, "of another");
        kept.write(&[&still, &at_work]).unwrap();
        assert!(!site.screens_dir().exists(), "one of two is not most");
        kept = opened(&site);
        take(&mut kept, &still, 1008, "of one");
        take(&mut kept, &at_work, 1008, "of another");
        kept.write(&[&still]).unwrap();
        let kept = opened(&site);
        assert_eq!(seen(&kept, &still), Some((1008, summary("of one"))));
        assert!(opened(&site).of(&still, "stub 01").is_none(), "read by other rules");
        assert_eq!(seen(&kept, &at_work), None, "it would be written at each look");
        let others = [
            PaneRecord { activity: Some(1009), ..still.clone() },
            PaneRecord { activity: None, ..still.clone() },
            PaneRecord { pid: still.pid + 1, ..still.clone() },
            PaneRecord { server: still.server + 1, ..still.clone() },
            PaneRecord { size: Size { width: 7, height: 5 }, ..still.clone() },
            PaneRecord { in_mode: !still.in_mode, ..still.clone() },
            PaneRecord { title: Label::new("another"), ..still.clone() },
            PaneRecord { window_id: "@77".to_owned(), ..still.clone() },
            PaneRecord { cursor: (2, 2), ..still.clone() },
            PaneRecord { history: 9, ..still.clone() },
        ];
        for (now, is_read) in [(1007, false), (1008, true), (1307, true), (1308, false)] {
            let mut kept = Kept::open(&site, &SocketName::named("s").unwrap());
            kept.parse(at(now));
            assert_eq!(seen(&kept, &still).is_some(), is_read, "at {now}");
        }
        for other in others {
            assert_eq!(seen(&opened(&site), &other), None, "{other:?}");
        }
    }

    #[test]
    fn what_stands_in_the_file_is_written_only_where_it_changes() {
        use std::os::unix::fs::MetadataExt;
        let (_folder, site) = site();
        let (one, other) = (pane(1, 1000), pane(2, 1001));
        let path = site.run_dir.join("_screens/s");
        let ino = || std::fs::metadata(&path).map(|meta| meta.ino());
        let look = |panes: &[&PaneRecord], text: &str, second| {
            let mut kept = opened(&site);
            for pane in panes {
                if kept.of(pane, "stub").is_none() {
                    take(&mut kept, pane, second, text);
                }
            }
            kept.write(panes).unwrap();
        };
        look(&[&one, &other], "first", 1010);
        let first = ino().unwrap();
        look(&[&one, &other], "second", 1020);
        assert_eq!(ino().unwrap(), first, "nothing moved");
        let moved = PaneRecord { activity: Some(1021), ..one.clone() };
        look(&[&moved, &other], "third", 1030);
        assert_ne!(ino().unwrap(), first);
        assert_eq!(seen(&opened(&site), &moved), Some((1030, summary("third"))));
        assert_eq!(seen(&opened(&site), &other), Some((1010, summary("first"))));
        // All are at work: who looks next asks for all at once.
        let (one, other) = (pane(1, 1039), pane(2, 1040));
        assert!(opened(&site).holds_most());
        look(&[&one, &other], "fourth", 1040);
        assert!(!opened(&site).holds_most());
        assert!(ino().is_err(), "nothing of a screen stays where none is kept");
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_none() {
        let (_folder, site) = site();
        let one = pane(1, 1000);
        let mut kept = opened(&site);
        take(&mut kept, &one, 1010, "x");
        kept.write(&[&one]).unwrap();
        let path = site.run_dir.join("_screens/s");
        let good = std::fs::read_to_string(&path).unwrap();
        assert!(opened(&site).holds_most());
        let other_program = good.replacen("\"ino\":", "\"ino\":1", 1);
        assert_ne!(good, other_program);
        for bad in ["", "{}\n", "\n\n", &good[..good.len() - 4], &good.replace(VERSION, "0"), &other_program] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(seen(&opened(&site), &one), None, "{bad:?}");
            // Nor does it stay where there is nothing to put in its place.
            opened(&site).write(&[&one]).unwrap();
            assert!(!path.exists(), "{bad:?}");
        }
        std::fs::write(&path, [0xff, 0xfe, 0]).unwrap();
        assert_eq!(seen(&opened(&site), &one), None);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let mut kept = opened(&site);
        take(&mut kept, &one, 1010, "x");
        assert!(kept.write(&[&one]).is_err(), "and it is said that it cannot be written");
    }
}
