//! The write-ahead log beside the file: kept short by whoever leaves.
//!
//! A command from a shell is mostly alone. The first to come after everybody left has to read the whole log to find
//! its way in it, and has forgotten how much of it was written back already; so a log that nobody cuts would grow, and
//! be read and written back whole, again and again. A writer that leaves a long one behind writes it back and empties
//! it. Not after each change: that would cost two more waits for the disk.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::queue::Queue;

/// A log longer than this is emptied: some hundred changes.
pub(super) const SHORT: u64 = 512 << 10;

/// What writers that were killed left is emptied by the next that comes.
const LONG: u64 = 4 * SHORT;

/// Returns the log's file.
pub(super) fn path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Returns whether writers before this one were killed too often to empty the log.
pub(super) fn is_long(database: &Path) -> bool {
    length(database) > LONG
}

fn length(database: &Path) -> u64 {
    std::fs::metadata(path(database)).map_or(0, |meta| meta.len())
}

/// Empties the log if it is no longer short and nobody else writes or reads just now; the next one tries again.
pub(super) fn empty(connection: &Connection, database: &Path, queue: &Queue) {
    if length(database) <= SHORT {
        return;
    }
    let Ok(Some(_turn)) = queue.enter_at_once() else { return };
    let emptied = connection
        // The command is done already, and nobody waits any more on its behalf.
        .busy_timeout(std::time::Duration::ZERO)
        .and_then(|()| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
    match emptied {
        Ok(0) => {}
        Ok(_) => tracing::debug!("the log is in use, and stays"),
        // A full disk, most likely: all that was acknowledged is in the log still.
        Err(error) => tracing::warn!(%error, "the log was not written back"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Sqlite};
    use super::*;
    use crate::backlog::model::{CardId, NewCard, Patch};
    use crate::backlog::operations::Backlog;
    use crate::backlog::store::Who;

    /// Returns what a process read and wrote by system calls so far.
    fn bytes() -> (u64, u64) {
        let text = std::fs::read_to_string("/proc/thread-self/io").unwrap();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse::<u64>().unwrap()
        };
        (field("rchar:"), field("wchar:"))
    }

    /// What one command from a shell does: it opens, changes one card, and leaves.
    fn command(path: &Path, at: usize) {
        let store = Sqlite::open(path, Access::Write, &mut |_, _| {}).unwrap();
        let who = Who { actor: "a".into(), tenant_id: "t".into(), host: "h".into() };
        let id = CardId::parse(&format!("C{at}")).unwrap();
        let fields = Patch { title: Some("a card".into()), ..Patch::default() };
        let new = NewCard { id, title: "a card".into(), fields, idempotency_key: None, blocked: false };
        Backlog::new(Box::new(store), who).create(&new).unwrap();
    }

    #[test]
    fn a_thousand_commands_cost_the_same_at_the_end_as_at_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        let mut costs = Vec::new();
        for round in 0..10 {
            let before = bytes();
            for at in 0..100 {
                command(&path, round * 100 + at);
                assert!(length(&path) <= SHORT, "{} bytes of log", length(&path));
            }
            let after = bytes();
            costs.push((after.0 - before.0, after.1 - before.1));
        }
        // The index grows by a level at most.
        let (first, last) = (costs[1], costs[9]);
        assert!(last.0 < first.0 * 2 && last.1 < first.1 * 2, "{costs:?}");
    }

    #[test]
    fn a_log_that_killed_writers_left_is_emptied_by_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        command(&path, 0);
        // Writers that never come to leave.
        for round in 0.. {
            let store = Sqlite::open(&path, Access::Write, &mut |_, _| {}).unwrap();
            let filler = "x".repeat(4000);
            for _ in 0..50 {
                store.connection.execute("CREATE TABLE IF NOT EXISTS filler (text TEXT)", []).unwrap();
                store.connection.execute("INSERT INTO filler VALUES (?1)", [&filler]).unwrap();
            }
            drop(store);
            if is_long(&path) {
                break;
            }
            assert!(round < 100, "the log does not grow");
        }
        let store = Sqlite::open(&path, Access::Write, &mut |_, _| {}).unwrap();
        assert!(length(&path) <= SHORT, "{}", length(&path));
        let filled: i64 = store.connection.query_row("SELECT count(*) FROM filler", [], |row| row.get(0)).unwrap();
        assert!(filled >= 50, "nothing is lost");
    }

    #[test]
    fn a_reader_that_stays_holds_up_nobody_and_the_log_is_emptied_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        command(&path, 0);
        let reader = Sqlite::open(&path, Access::Read, &mut |_, _| {}).unwrap();
        let snapshot = reader.connection.unchecked_transaction().unwrap();
        let cards = || snapshot.query_row("SELECT count(*) FROM card", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(cards(), 1);
        (1..300).for_each(|at| command(&path, at));
        assert_eq!(cards(), 1, "its moment stays its moment");
        drop(snapshot);
        command(&path, 300);
        assert!(length(&path) <= SHORT, "{}", length(&path));
        assert_eq!(
            reader.connection.query_row("SELECT count(*) FROM card", [], |row| row.get::<_, i64>(0)).unwrap(),
            301
        );
    }
}
