//! The history's database: what was taken in, in one SQLite file with a bound.
//!
//! Only processes that read the history open it. A reader that leaves in the middle of a change (`kill -9`, a power cut)
//! leaves a file that opens: the log is SQLite's (WAL), and is written back without waiting for the disk at each change.

use std::borrow::Cow;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use serde_json::{Map, Value, json};

use crate::fleet::error::{Failure, Result};
use crate::fleet::home::{Keeping, Site};
use crate::fleet::model::Readiness;
use crate::fleet::os::folder;

use super::event::{Door, Event, Kind};
use super::news::{Neighbours, is_news};
use super::spool;

/// Name of the file in the history's folder.
const FILE: &str = "activity.db";

/// Marks the file as ours (sqlite3 pragma application_id): "MACT".
const APPLICATION_ID: i64 = 0x4d41_4354;

/// Version of the schema.
const VERSION: i64 = 2;

/// Time for another process's change to end: each is a few rows.
const BUSY: Duration = Duration::from_secs(3);

/// Maximum size of the page cache: the upper levels of each index, and the pages of the newest events.
const CACHE_KILOBYTES: i64 = 500;

/// The log is cut back to this: 1 MB.
const LOG_BYTES: i64 = 1 << 20;

/// Events after which the bounds are looked at again.
const PRUNE_EVERY: usize = 200;

/// Of a history that is too large so much goes at once: a tenth.
const SHARE: i64 = 10;

/// The columns of an event, as [`event`] reads them.
pub(super) const COLUMNS: &str =
    "seq, id, at, kind, tenant_id, host, agent, who, door, what, outcome, good, state, card, lasted, text, detail";

/// An open history.
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    keeping: Keeping,
    /// Events taken in since the bounds were looked at.
    unpruned: usize,
    /// This process's row of those that watch.
    watch: Option<i64>,
}

/// Adds what a filter needs: a text in small letters, of any alphabet, where SQLite's own `lower` knows ASCII only.
fn folds(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("fold", 1, flags, |call| Ok(call.get_raw(0).as_str()?.to_lowercase()))
}

/// Where the history's database is.
#[must_use]
pub fn path(site: &Site) -> PathBuf {
    spool::folder(site).join(FILE)
}

impl Store {
    /// Opens the history, or makes it.
    ///
    /// # Errors
    /// When the file cannot be made or written, or is somebody else's.
    pub fn open(site: &Site) -> Result<Self> {
        let path = path(site);
        // Made here: SQLite would leave it to the umask who may read it.
        let made = folder::make_private(&spool::folder(site)).and_then(|()| {
            fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)
        });
        made.map_err(|error| failed(&path, &error))?;
        // One thread uses a connection, so SQLite need not guard it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| refused_by(&path, &error))?;
        folds(&connection).map_err(|error| failed(&path, &error))?;
        // The bounds are looked at with the first events: a command that runs for a moment would never come to
        // 200.
        let mut store = Self { connection, path, keeping: site.keeping, unpruned: PRUNE_EVERY, watch: None };
        store.prepare()?;
        Ok(store)
    }

    /// Opens a history that cannot be written, such as on a file system that is read-only; `None` where there is none.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_to_read(site: &Site) -> Result<Option<Self>> {
        let path = path(site);
        if !path.exists() {
            return Ok(None);
        }
        // Nobody else can write it either; without a log beside it SQLite would refuse to look.
        let connection = open_unchanging(&path).map_err(|error| failed(&path, &error))?;
        folds(&connection).map_err(|error| failed(&path, &error))?;
        let store = Self { connection, path, keeping: site.keeping, unpruned: 0, watch: None };
        match store.number("PRAGMA user_version") {
            // What version 2 added is for those who write.
            Ok(1..=VERSION) => Ok(Some(store)),
            Ok(_) => Ok(None),
            Err(error) => Err(refused_by(&store.path, &error)),
        }
    }

    /// Makes sure that the file alone, without its log, begins as a database does.
    ///
    /// # Errors
    /// When it does not.
    pub(super) fn check(site: &Site) -> Result<()> {
        let path = path(site);
        let looked = open_unchanging(&path)
            .and_then(|file| file.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)));
        match looked {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(refused_by(&path, &error)),
            // Without its log, and in the middle of a checkpoint, a sound file may look damaged.
            _ => Ok(()),
        }
    }

    fn prepare(&mut self) -> Result<()> {
        self.set_up().map_err(|error| refused_by(&self.path, &error))?;
        let (owner, version, objects) = self.owner().map_err(|error| self.failed(&error))?;
        if owner != APPLICATION_ID && objects > 0 {
            return Err(self.refused("is a database of another program", "move it away; a new one is made"));
        }
        if version > VERSION {
            return Err(self.refused("was made by a newer mosaic-tui", "update this one"));
        }
        if version < VERSION {
            self.make().map_err(|error| refused_by(&self.path, &error))?;
        }
        Ok(())
    }

    /// Whose file it is, which version, and how much is in it: all of one moment, since another process may make it.
    fn owner(&self) -> rusqlite::Result<(i64, i64, i64)> {
        let _moment = self.connection.unchecked_transaction()?;
        Ok((
            self.number("PRAGMA application_id")?,
            self.number("PRAGMA user_version")?,
            self.number("SELECT count(*) FROM sqlite_schema")?,
        ))
    }

    fn set_up(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(BUSY)?;
        self.connection.set_prepared_statement_cache_capacity(32);
        // The first of all: once anything is in the file it no longer takes effect.
        self.connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        // SQLite does not wait for another process that sets the same mode at this moment.
        let deadline = std::time::Instant::now() + BUSY;
        while let Err(error) = self.connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
            if !busy || std::time::Instant::now() > deadline {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        self.connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
        self.connection.pragma_update(None, "cache_size", -CACHE_KILOBYTES)
    }

    fn make(&mut self) -> rusqlite::Result<()> {
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have made it while this one waited.
        let version: i64 = change.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version < 1 {
            change.execute_batch(include_str!("schema.sql"))?;
            change.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        if version < 2 {
            change.execute_batch(include_str!("schema-2.sql"))?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        change.commit()
    }

    fn number(&self, sql: &str) -> rusqlite::Result<i64> {
        self.connection.query_row(sql, [], |row| row.get(0))
    }

    /// Takes events in, all or none of them; how many were news. One that is known already is not written again, and
    /// neither is a change into a state in which its agent is already, nor what is as old as what had to go.
    ///
    /// # Errors
    /// When the file cannot be written; nothing was taken in then.
    pub fn take_in(&mut self, events: &[Event]) -> Result<usize> {
        let oldest = self.keeping.oldest(jiff::Timestamp::now().as_millisecond());
        let taken = self.change(|change| {
            // The backlog tells of the same cards again and again, of those too that had to go.
            let floor: Option<i64> = change.query_row("SELECT max(at) FROM dropped", [], |row| row.get(0))?;
            let oldest = floor.map_or(oldest, |dropped| oldest.max(dropped.saturating_add(1)));
            let mut news = 0;
            for event in events.iter().filter(|event| event.at >= oldest) {
                news += insert(change, event)?;
            }
            Ok(news)
        })?;
        self.unpruned += taken;
        if self.unpruned >= PRUNE_EVERY {
            self.prune(oldest)?;
        }
        Ok(taken)
    }

    fn change<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let path = &self.path;
        let change = self
            .connection
            // At once: one that has read first is refused, and not made to wait, where another has written meanwhile.
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| refused_by(path, &error))?;
        let done = work(&change).map_err(|error| refused_by(path, &error))?;
        change.commit().map_err(|error| refused_by(path, &error))?;
        Ok(done)
    }

    /// Drops what is too old, and the oldest of what is too much.
    fn prune(&mut self, oldest: i64) -> Result<()> {
        let most = i64::try_from(self.keeping.bytes).unwrap_or(i64::MAX);
        self.change(|change| {
            change.execute("DELETE FROM event WHERE at < ?1", [oldest])?;
            change.execute("DELETE FROM watch WHERE until < ?1", [oldest])?;
            let mut tries = 0;
            // It ends also where even an empty file is larger than the bound.
            while bytes_used(change)? > most && tries < SHARE {
                tries += 1;
                let all: i64 = change.query_row("SELECT count(*) FROM event", [], |row| row.get(0))?;
                let share = all / SHARE + 1;
                // Without `WHERE true` SQLite takes ON CONFLICT for the ON of a join.
                change.execute(
                    "INSERT INTO dropped SELECT 1, at FROM event WHERE true ORDER BY at, seq LIMIT 1 OFFSET ?1 \
                     ON CONFLICT (one) DO UPDATE SET at = max(at, excluded.at)",
                    [share - 1],
                )?;
                change.execute(
                    "DELETE FROM event WHERE seq IN (SELECT seq FROM event ORDER BY at, seq LIMIT ?1)",
                    [share],
                )?;
            }
            Ok(())
        })?;
        self.unpruned = 0;
        let freed = self.connection.prepare("PRAGMA incremental_vacuum").and_then(|mut vacuum| {
            let mut pages = vacuum.query([])?;
            // Each step of this statement frees one page.
            while pages.next()?.is_some() {}
            Ok(())
        });
        freed.map_err(|error| self.failed(&error))
    }

    /// Says that all planes are looked at by this process, from a moment on or still.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn watched(&mut self, at: i64) -> Result<()> {
        let known = self.watch;
        let id = self.change(|change| match known {
            Some(id) => change.execute("UPDATE watch SET until = ?2 WHERE id = ?1", [id, at]).map(|_| id),
            None => {
                change.execute("INSERT INTO watch (began, until) VALUES (?1, ?1)", [at])?;
                Ok(change.last_insert_rowid())
            }
        })?;
        self.watch = Some(id);
        Ok(())
    }

    /// Up to when an operator has seen the events.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn looked(&self, operator: &str) -> Result<Option<i64>> {
        let found = self.connection.query_row("SELECT at FROM look WHERE operator = ?1", [operator], |row| row.get(0));
        found.optional().map_err(|error| self.failed(&error))
    }

    /// Keeps up to when an operator has seen the events; it never goes back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_looked(&mut self, operator: &str, at: i64) -> Result<()> {
        self.change(|change| {
            change.execute(
                "INSERT INTO look VALUES (?1, ?2) ON CONFLICT (operator) DO UPDATE SET at = max(at, excluded.at)",
                params![operator, at],
            )
        })
        .map(drop)
    }

    /// Changes whenever another process has written.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn revision(&self) -> Result<i64> {
        self.number("PRAGMA data_version").map_err(|error| self.failed(&error))
    }

    /// Number of the event that was taken in last.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn last(&self) -> Result<i64> {
        self.number("SELECT coalesce(max(seq), 0) FROM event").map_err(|error| self.failed(&error))
    }

    /// Events and bytes that are kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn size(&self) -> Result<(i64, i64)> {
        let read = || Ok((self.number("SELECT count(*) FROM event")?, bytes_used(&self.connection)?));
        read().map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &rusqlite::Error) -> Failure {
        refused_by(&self.path, error)
    }

    fn refused(&self, why: &str, next: &str) -> Failure {
        Failure::failed(what(&self.path), why, next)
    }
}

fn what(path: &Path) -> String {
    format!("activity history {}", path.display())
}

/// Opens the file as one that nobody writes: without its log, and without a lock.
fn open_unchanging(path: &Path) -> rusqlite::Result<Connection> {
    // The path becomes a part of a URI, in which these have a meaning.
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)
}

/// Words a failure of the database.
fn refused_by(path: &Path, error: &rusqlite::Error) -> Failure {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => {
            Failure::failed(what(path), error.to_string(), "move the file away: a new history is begun")
        }
        Some(DatabaseBusy) => Failure::failed(what(path), error.to_string(), "another process holds it; try again"),
        _ => failed(path, error),
    }
}

/// Words a failure of the history's file.
pub(super) fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(
        what(path),
        error.to_string(),
        "free some space and check the folder's rights; what is done is done",
    )
}

/// Bytes of pages that hold something.
fn bytes_used(connection: &Connection) -> rusqlite::Result<i64> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
    Ok(pages * number("PRAGMA page_size")?)
}

/// Writes an event down where it is news; how many rows that made or completed. A change of a card is told twice: by whoever made it
/// here, who knows by which door, and by the backlog, which knows what changed.
fn insert(change: &Transaction<'_>, event: &Event) -> rusqlite::Result<usize> {
    let mut event = Cow::Borrowed(event);
    if event.kind == Kind::Readiness {
        let Some(state) = event.state else { return Ok(0) };
        let around = neighbours(change, &event)?;
        if !is_news(state, event.at, &around) {
            return Ok(0);
        }
        let before = around.before.map(Readiness::word);
        let event = event.to_mut();
        event.detail.insert("from".to_owned(), before.into());
        event.what = match before {
            Some(before) => format!("{before} \u{2192} {}", state.word()),
            None => state.word().to_owned(),
        };
    }
    let mut statement = change.prepare_cached(
        "INSERT INTO event (id, at, kind, tenant_id, host, agent, who, door, what, outcome, good, state, card, lasted, \
         text, detail, words) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
         ON CONFLICT (id) DO UPDATE SET \
         door = iif(excluded.door = 'backlog', door, excluded.door), who = iif(excluded.door = 'backlog', who, excluded.who), \
         agent = coalesce(agent, excluded.agent), lasted = coalesce(iif(outcome = '', NULL, lasted), excluded.lasted), \
         what = iif(outcome = '', excluded.what, what), good = iif(outcome = '', excluded.good, good), \
         text = iif(outcome = '', excluded.text, text), detail = iif(outcome = '', excluded.detail, detail), \
         outcome = iif(outcome = '', excluded.outcome, outcome) \
         WHERE event.kind = 'card' AND ((event.outcome = '' AND excluded.door = 'backlog') \
         OR (event.door = 'backlog' AND excluded.outcome = '' AND excluded.door <> 'backlog'))",
    )?;
    statement.execute(params![
        event.id,
        event.at,
        event.kind.word(),
        event.tenant_id,
        event.host,
        event.agent,
        event.who,
        event.door.map(Door::word),
        event.what,
        event.outcome,
        event.good,
        event.state.map(Readiness::word),
        event.card,
        event.lasted,
        event.text,
        json!(event.detail).to_string(),
        event.words(),
    ])
}

/// The states of the agent before a change and behind it.
fn neighbours(change: &Transaction<'_>, event: &Event) -> rusqlite::Result<Neighbours> {
    let of = |row: &Row<'_>| Ok((state_of(&row.get::<_, String>(0)?), row.get::<_, i64>(1)?));
    let before = change
        .prepare_cached(
            "SELECT state, at FROM event WHERE host = ?1 AND agent = ?2 AND state IS NOT NULL AND at <= ?3 \
             ORDER BY at DESC, seq DESC LIMIT 1",
        )?
        .query_row(params![event.host, event.agent, event.at], of)
        .optional()?;
    let after = change
        .prepare_cached(
            "SELECT state, at FROM event WHERE host = ?1 AND agent = ?2 AND state IS NOT NULL AND at > ?3 \
             ORDER BY at, seq LIMIT 1",
        )?
        .query_row(params![event.host, event.agent, event.at], of)
        .optional()?;
    Ok(Neighbours {
        before: before.and_then(|(state, _)| state),
        after: after.and_then(|(state, at)| Some((state?, at))),
    })
}

/// Reads a state's word.
pub(super) fn state_of(word: &str) -> Option<Readiness> {
    Readiness::ALL.into_iter().find(|state| state.word() == word)
}

/// Reads a row of [`COLUMNS`].
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<(i64, Event)> {
    let kind: String = row.get(3)?;
    let detail: Map<String, Value> = serde_json::from_str(&row.get::<_, String>(16)?).unwrap_or_default();
    let event = Event {
        id: row.get(1)?,
        at: row.get(2)?,
        // A kind that only a newer version knows is still something that was done.
        kind: Kind::parse(&kind).unwrap_or(Kind::Action),
        tenant_id: row.get(4)?,
        host: row.get(5)?,
        agent: row.get(6)?,
        who: row.get(7)?,
        door: row.get::<_, Option<String>>(8)?.and_then(|word| Door::parse(&word)),
        what: row.get(9)?,
        outcome: row.get(10)?,
        good: row.get(11)?,
        state: row.get::<_, Option<String>>(12)?.and_then(|word| state_of(&word)),
        card: row.get(13)?,
        lasted: row.get(14)?,
        text: row.get(15)?,
        detail,
    };
    Ok((row.get(0)?, event))
}

#[cfg(test)]
mod tests;
