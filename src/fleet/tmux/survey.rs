//! The panes of a server and the screens of its agents by one client, for whoever has seen nothing of it yet.

use std::collections::HashMap;

use jiff::Timestamp;

use super::command::Query;
use super::mark::mark;
use super::paint;
use super::panes::PaneRecord;
use super::peek::{Peek, Peeks};
use super::reader::{ANSWER_LIMIT, Look, Reader};
use super::refusal::Refusal;
use crate::fleet::error::Result;
use crate::fleet::model::{CellStyle, PaintedRow, PaneId};
use crate::fleet::os::exec::{ExecError, Output, Running};

/// Stands, behind the mark, between the list of panes and the screens.
const SCREENS: &str = "screens";

/// Stands, behind the mark, behind the last of the screens.
const WHOLE: &str = "whole";

/// Screens that a server is handing over.
#[derive(Debug)]
pub struct Screens {
    client: Box<Running>,
    /// Where the next of them begins in what its client prints.
    at: usize,
    /// When they were asked for.
    pub asked: Timestamp,
    coming: Coming,
}

/// What the list says of the panes whose screens come.
#[derive(Debug, PartialEq, Eq)]
struct Coming {
    /// Each of them, in their order; without rows.
    panes: Vec<(PaneId, Peek)>,
    /// What stands behind the last screen, if they are still as the list has them.
    states: String,
}

impl Reader {
    /// Looks at all panes, and begins with the screens of those that keepers marked, which arrive behind the list. No screens
    /// come from a server of another host, from an older tmux, and where there is no server.
    ///
    /// # Errors
    /// When tmux is missing, hangs, or may not be asked.
    pub async fn survey(&self) -> (Result<Look>, Option<Screens>) {
        let asked = Timestamp::now();
        let ran = match self.begin(&[Query::Survey([SCREENS, WHOLE]).words()]) {
            None => return (self.look().await, None),
            Some(Ok(client)) => list_of(client).await.map_err(Refusal::Exec),
            Some(Err(refusal)) => Err(refusal),
        };
        let refused = match ran {
            Ok(Listed::Before { client, list, pids, at }) => {
                let look = self.looked(Ok(list));
                let coming = match &look {
                    Ok(Look::Panes(panes)) => coming(&pids, panes),
                    _ => None,
                };
                return (look, coming.map(|coming| Screens { client, at, asked, coming }));
            }
            Ok(Listed::Ended(output)) => Refusal::in_answer(&output),
            Err(refusal) => Err(refusal),
        };
        match self.told_from_lost(refused).await {
            // One that does not know this query, or says nothing of it: what it says to a plain one tells why.
            Err(Refusal::Tmux(_)) | Ok(_) => (self.look().await, None),
            refused => (self.looked(refused), None),
        }
    }
}

/// What a client has printed when its list is whole.
enum Listed {
    /// The list, the pids of the panes whose screens come, and where those begin.
    Before { client: Box<Running>, list: String, pids: String, at: usize },
    /// It has ended, and nothing comes behind.
    Ended(Output),
}

async fn list_of(mut client: Running) -> Result<Listed, ExecError> {
    let between = format!("{}{SCREENS}", mark());
    let Some(list) = client.until(between.as_bytes(), 0, ANSWER_LIMIT).await? else {
        return client.end(ANSWER_LIMIT).await.map(Listed::Ended);
    };
    let pids = list + between.len();
    let Some(end) = client.until(b"\n", pids, ANSWER_LIMIT).await? else {
        return client.end(ANSWER_LIMIT).await.map(Listed::Ended);
    };
    let text = |from, to| String::from_utf8_lossy(&client.said()[from..to]).into_owned();
    Ok(Listed::Before { list: text(0, list), pids: text(pids, end), at: end + 1, client: Box::new(client) })
}

/// What the list says of the panes whose screens come. None where it does not know one of them.
fn coming(pids: &str, panes: &[PaneRecord]) -> Option<Coming> {
    let known: HashMap<u32, &PaneRecord> =
        panes.iter().filter(|pane| !pane.dead).map(|pane| (pane.pid, pane)).collect();
    let mut coming = Coming { panes: Vec::new(), states: String::new() };
    for pid in pids.split_ascii_whitespace() {
        let pane = known.get(&pid.parse().ok()?)?;
        coming.panes.push((pane.id, Peek::listed(pane)));
        coming.states.push_str(&format!(" {pid}.{}.{}.{}", pane.size.height, pane.cursor.0, pane.cursor.1));
    }
    Some(coming)
}

impl Screens {
    /// Has each of them taken as it arrives, while the rest is on its way. Whether exactly they were there: where they
    /// are not told in time, or something else stands between them, as where a hook prints or resizes a window, nothing says
    /// whose row is whose, and they are to be asked for one by one.
    pub async fn each(mut self, mut take: impl FnMut(PaneId, Peek)) -> bool {
        for (id, peek) in std::mem::take(&mut self.coming.panes) {
            let Some(rows) = self.rows(peek.size.height).await else { return false };
            take(id, Peek { rows, ..peek });
        }
        let Ok(output) = self.client.end(ANSWER_LIMIT).await else { return false };
        output.stdout[self.at..].starts_with(format!("{}{WHOLE}{}\n", mark(), self.coming.states).as_bytes())
    }

    /// Waits for all of them; none where they are not as [`Self::each`] needs them.
    pub async fn read(self) -> Peeks {
        let (asked, mut screens) = (self.asked, Vec::new());
        let are_whole = self.each(|id, peek| screens.push((id, peek))).await;
        Peeks { asked, screens: if are_whole { screens } else { Vec::new() } }
    }

    /// The next rows.
    async fn rows(&mut self, height: u16) -> Option<Vec<PaintedRow>> {
        loop {
            let said = &self.client.said()[self.at..];
            let mut ends = said.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
            let end = if height == 0 { Some(0) } else { ends.nth(usize::from(height) - 1) };
            if let Some(end) = end {
                let mut style = CellStyle::default();
                let text = String::from_utf8_lossy(&said[..end]);
                let rows = text.lines().map(|row| paint::row(row, &mut style)).collect();
                self.at += end;
                return Some(rows);
            }
            // Each wait for itself: what is done with the screens meanwhile is no time of the server's.
            if !matches!(tokio::time::timeout(ANSWER_LIMIT, self.client.read_more()).await, Ok(Ok(true))) {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::fleet::model::Size;
    use crate::fleet::os::exec;

    fn pane(id: u32, height: u16) -> PaneRecord {
        PaneRecord { size: Size { width: 5, height }, in_mode: id == 3, ..PaneRecord::for_tests(id, "a") }
    }

    /// What is read of a client that prints this behind its list.
    async fn read(printed: &str, coming: Coming) -> Vec<(PaneId, Vec<String>)> {
        let client = exec::begin(Path::new("printf"), &["%s", printed].map(OsString::from)).unwrap();
        let screens = Screens { client: Box::new(client), at: 0, asked: Timestamp::UNIX_EPOCH, coming };
        let texts = |peek: Peek| peek.rows.into_iter().map(|row| row.text).collect();
        screens.read().await.screens.into_iter().map(|(id, peek)| (id, texts(peek))).collect()
    }

    #[test]
    fn what_comes_is_what_the_list_knows() {
        // Two agents of which one has ended, and its pid is another's by now.
        let panes = [pane(1, 2), pane(3, 1), PaneRecord { dead: true, pid: 101, ..pane(4, 7) }];
        let known = coming(" 103 101", &panes).unwrap();
        assert_eq!(known.states, " 103.1.0.0 101.2.0.0");
        let [(PaneId(3), third), (PaneId(1), first)] = &known.panes[..] else { panic!("{known:?}") };
        assert!(third.in_mode && third.size.height == 1 && !first.in_mode && first.title == panes[0].title);
        assert_eq!(coming("", &panes), Some(Coming { panes: Vec::new(), states: String::new() }));
        for pids in [" 103 109", " %3", " 103 x"] {
            assert_eq!(coming(pids, &panes), None, "{pids:?}");
        }
    }

    #[tokio::test]
    async fn a_list_ends_where_the_mark_stands_and_a_client_that_says_none_has_no_screens() {
        let client = |script: &str| exec::begin(Path::new("sh"), &["-c", script].map(OsString::from)).unwrap();
        let mark = mark();
        // In pieces, as a pipe hands them over.
        let (first, second) = mark.split_at(9);
        let script =
            format!("printf 'a list\n{first}'; sleep 0.05; printf '{second}screens 1'; sleep 0.05; printf ' 2\nrow\n'");
        let Ok(Listed::Before { list, pids, at, .. }) = list_of(client(&script)).await else { panic!("no list") };
        assert_eq!(
            (list.as_str(), pids.as_str(), at),
            ("a list\n", " 1 2", list.len() + mark.len() + "screens 1 2\n".len())
        );
        for script in ["echo a list", &format!("printf '{mark}screens 1'"), "echo unknown command >&2; exit 1"] {
            assert!(matches!(list_of(client(script)).await, Ok(Listed::Ended(_))), "{script}");
        }
    }

    #[tokio::test]
    async fn screens_are_read_by_their_heights_or_not_at_all() {
        let known = || coming(" 101 103", &[pane(1, 2), pane(3, 1)]).unwrap();
        let states = " 101.2.0.0 103.1.0.0";
        let whole = format!("{}{WHOLE}{states}\n", mark());
        let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
        let read_well = [(PaneId(1), rows(&["row 1", ""])), (PaneId(3), rows(&["x"]))];
        // What a hook prints behind all of it is nobody's row.
        for behind in ["", "hook\n"] {
            assert_eq!(read(&format!("row 1  \n\nx\n{whole}{behind}"), known()).await, read_well);
        }
        // A screen that prints the mark of another look.
        let like_it = "mosaic-1-0123456789abcdef:whole";
        assert_eq!(read(&format!("{like_it}\n\nx\n{whole}"), known()).await[0].1[0], like_it);
        for other in ["row 1\n\n", "row 1\n\nhook\nx\n", "hook\nrow 1\n\nx\n", "row 1\n\nx\nhook\n", ""] {
            assert_eq!(read(&format!("{other}{whole}"), known()).await, [], "{other:?}");
        }
        // A row more of the one and one less of the other: it is the same sum.
        for states in ["", " 101.1.0.0 103.2.0.0", " 103.1.0.0 101.2.0.0", " 101.2.0.1 103.1.0.0"] {
            assert_eq!(read(&format!("row 1\n\nx\n{}{WHOLE}{states}\n", mark()), known()).await, [], "{states:?}");
        }
        for ended in ["row 1\n\nx\n", "row 1\n\nx", "row 1\n"] {
            assert_eq!(read(ended, known()).await, [], "{ended:?}");
        }
    }
}
