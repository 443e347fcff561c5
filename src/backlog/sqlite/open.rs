//! Opening the file: where it may lie, whose it is, which version, and its migrations.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::super::error::{Failure, Kind, Result};

use super::super::schema::{self, Access, Step};
use super::super::store::Progress;
use super::clock::Host;
use super::errors::explain;
use super::queue::Queue;
use super::{Sqlite, log, wait};

/// Marks the file as ours (sqlite3 pragma application_id): "MBLG".
const APPLICATION_ID: i32 = 0x4d42_4c47;

/// Migrations in order, with their names; the number of the last one is the version of the schema.
type Migrations = [(&'static str, &'static str)];

const MIGRATIONS: &Migrations = &[
    ("cards", include_str!("migrations/0001_cards.sql")),
    ("work", include_str!("migrations/0002_work.sql")),
    ("leases", include_str!("migrations/0003_leases.sql")),
    ("lanes", include_str!("migrations/0004_lanes.sql")),
];

/// Pages in the log after which it is written back: 16 MB. The default, a quarter of it, writes back every hundred
/// claims.
const CHECKPOINT_PAGES: i64 = 4000;

/// The log is cut back to this after a large import: 64 MB.
const LOG_BYTES: i64 = 64 << 20;

/// Maximum size of the page cache: 16 MB hold the upper levels of every index of a million cards.
pub(super) const CACHE_KILOBYTES: i64 = 16_000;

/// The same while a large import is written: most of the indexes of a few hundred thousand cards, on small machines too.
pub(super) const CACHE_OF_MANY: i64 = 100_000;

/// Sets the maximum size of the page cache.
pub(super) fn cache(connection: &Connection, kilobytes: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -kilobytes)
}

/// Maximum number of prepared statements kept.
const STATEMENTS: usize = 64;

/// Returns which file lies at a path: its device and number.
fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// Whether there is nothing at a path, which reading takes for an empty backlog. A place that cannot be looked at is none.
fn is_missing(path: &Path) -> Result<bool> {
    path.try_exists().map(|there| !there).map_err(|error| {
        Failure::new(
            Kind::Failed,
            format!("backlog {}", path.display()),
            format!("cannot be looked at ({error})"),
            "check that its folder is one and may be read, or set MOSAIC_BACKLOG_DIR to another",
        )
    })
}

impl Sqlite {
    /// Opens the file; to change, it brings it to the present schema.
    ///
    /// # Errors
    /// Returns an error if it lies on a network filesystem, is no backlog, is newer than this program, older and only
    /// to be looked at, or cannot be written.
    pub(crate) fn open(path: &Path, access: Access, progress: Progress<'_>) -> Result<Self> {
        Self::open_with(MIGRATIONS, path, access, progress)
    }

    /// Makes sure that the file alone, without its log, begins as a database does.
    ///
    /// # Errors
    /// Returns an error if it does not.
    pub(crate) fn check(path: &Path) -> Result<()> {
        // The path becomes a part of a URI, in which these have a meaning.
        let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        // It takes no lock, and so drops none that another connection of this process holds.
        let looked = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)
            .and_then(|file| file.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)));
        match looked {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(explain(path, &error)),
            // Without its log, and in the middle of a checkpoint, a sound file may look damaged.
            _ => Ok(()),
        }
    }

    fn open_with(migrations: &Migrations, path: &Path, access: Access, progress: Progress<'_>) -> Result<Self> {
        if let Some(kind) = crate::plain::network::filesystem(path) {
            return Err(Failure::refused(
                format!("backlog {}", path.display()),
                format!("lies on a network filesystem ({kind}), where its locks do not hold"),
                "set MOSAIC_BACKLOG_DIR to a local folder, or DATABASE_URL to a PostgreSQL server",
            ));
        }
        let stand_in = || {
            let mut empty = Self::open_empty()?;
            empty.path = path.to_owned();
            Ok(empty)
        };
        if access == Access::Read && is_missing(path)? {
            return stand_in();
        }
        let connection = open_file(path)?.map_err(|error| explain(path, &error))?;
        let file = identity(path);
        let mut store =
            Self { connection, path: path.to_owned(), in_memory: false, file, queue: None, clocks: Arc::new(Host) };
        if !store.prepare(migrations, access, progress)? {
            return stand_in();
        }
        if access == Access::Write && log::is_long(path) {
            store.empty_log()?;
        }
        Ok(store)
    }

    /// Empties a log that others left long.
    fn empty_log(&mut self) -> Result<()> {
        if let Ok(queue) = Queue::beside(&self.path) {
            log::empty(&self.connection, &self.path, &queue);
        }
        // To empty the log has put a limit of its own in the place of this one.
        self.connection.busy_handler(Some(wait::busy)).map_err(|error| self.explain(&error))
    }

    /// Opens an empty backlog in memory, which stands in for one that is not there.
    ///
    /// # Errors
    /// Returns an error if there is no memory.
    pub(crate) fn open_empty() -> Result<Self> {
        let path = Path::new("");
        let connection = Connection::open_in_memory().map_err(|error| explain(path, &error))?;
        let mut store = Self {
            connection,
            path: path.to_owned(),
            in_memory: true,
            file: None,
            queue: None,
            clocks: Arc::new(Host),
        };
        store.prepare(MIGRATIONS, Access::Write, &mut |_, _| {})?;
        Ok(store)
    }

    /// Replaces the empty backlog in memory by the file, once there is one, and a file by the one that took its place:
    /// what an open file shows after it was moved away is nobody's backlog any more.
    pub(super) fn attach_if_created(&mut self) -> Result<()> {
        let present = identity(&self.path);
        let other = if self.in_memory { present.is_some() } else { present != self.file };
        // One in memory alone has no path.
        if other && !self.path.as_os_str().is_empty() {
            self.replace(Access::Read)?;
        }
        Ok(())
    }

    /// Opens what lies at the path now.
    pub(super) fn replace(&mut self, access: Access) -> Result<()> {
        let (path, clocks) = (self.path.clone(), Arc::clone(&self.clocks));
        *self = Self::open(&path, access, &mut |_, _| {})?;
        self.clocks = clocks;
        Ok(())
    }

    /// Prepares the file for use; `false` if there is no schema, and none is to be created.
    fn prepare(&mut self, migrations: &Migrations, access: Access, progress: Progress<'_>) -> Result<bool> {
        self.set_up().map_err(|error| self.explain(&error))?;
        let version = self.check_owner()?;
        let newest = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
        match schema::step(&self.path.display().to_string(), version, newest, access)? {
            Step::Use => {}
            Step::StandIn => return Ok(false),
            Step::Migrate => self.migrate(migrations, progress)?,
        }
        // FULL: a claim or a completion that was told is not lost to a power cut.
        self.connection
            .pragma_update(None, "synchronous", "FULL")
            .and_then(|()| self.connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES))
            .and_then(|()| self.connection.pragma_update(None, "journal_size_limit", LOG_BYTES))
            .and_then(|()| cache(&self.connection, CACHE_KILOBYTES))
            // By what one statement of a transaction is taken back. In a file it is written for each card of an import, and never
            // read: 40 kB each. Not before the migrations, which sort all cards.
            .and_then(|()| self.connection.pragma_update(None, "temp_store", "MEMORY"))
            .map_err(|error| self.explain(&error))?;
        Ok(true)
    }

    fn set_up(&mut self) -> rusqlite::Result<()> {
        self.connection.busy_handler(Some(wait::busy))?;
        self.connection.set_prepared_statement_cache_capacity(STATEMENTS);
        // The last one to leave would write the whole log back, and every short command is the last one.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Otherwise a statement is planned anew whenever other values are bound, which costs more than running it.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        // What is built in knows the case of ASCII's letters only.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
        self.connection.create_scalar_function("fold", 1, flags, |call| Ok(call.get_raw(0).as_str()?.to_lowercase()))
    }

    /// Returns the file's schema version; refuses what is not ours.
    fn check_owner(&self) -> Result<i64> {
        let number = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let read = || -> rusqlite::Result<(i64, i64, i64)> {
            // All three of one moment: between two of them somebody else may make the schema.
            let _moment = self.connection.unchecked_transaction()?;
            Ok((
                number("PRAGMA application_id")?,
                number("PRAGMA user_version")?,
                number("SELECT count(*) FROM sqlite_schema")?,
            ))
        };
        let (application, version, objects) = read().map_err(|error| self.explain(&error))?;
        if application != i64::from(APPLICATION_ID) && objects > 0 {
            return Err(Failure::invalid(
                format!("backlog {}", self.path.display()),
                "is a database of another program; it was left as it is",
                "set MOSAIC_BACKLOG_DIR to another folder",
            ));
        }
        Ok(version)
    }

    /// Applies the missing migrations, each whole or not at all.
    fn migrate(&mut self, migrations: &Migrations, progress: Progress<'_>) -> Result<()> {
        let path = self.path.clone();
        let failed = |error: &rusqlite::Error| explain(&path, error);
        // Not possible inside a transaction; a file that it was killed after is an empty one in WAL mode.
        // SQLite does not ask the busy handler here, because two who wait for each other would wait for ever.
        let mut tries = 0;
        while let Err(error) = self.connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())) {
            let busy = error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy);
            if !busy || !wait::busy(tries) {
                return Err(failed(&error));
            }
            tries += 1;
        }
        for (number, (name, sql)) in (1_i64..).zip(migrations) {
            let change = self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(|error| failed(&error))?;
            // Another process may have done it while this one waited.
            let version: i64 =
                change.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|error| failed(&error))?;
            if version >= number {
                continue;
            }
            progress(&format!("migration {number} ({name})"), u64::try_from(number).unwrap_or(0));
            change
                .execute_batch(sql)
                // In the same transaction: the file is ours, and of this version, only with the whole schema.
                .and_then(|()| change.pragma_update(None, "application_id", APPLICATION_ID))
                .and_then(|()| change.pragma_update(None, "user_version", number))
                .and_then(|()| change.commit())
                .map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// Describes a failure to create the file, or one beside it.
pub(super) fn not_writable(path: &Path, why: &std::io::Error) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("backlog {}", path.display()),
        format!("cannot be made or written ({why}); nothing was changed"),
        "check the rights of the folder, or set MOSAIC_BACKLOG_DIR to another",
    )
}

/// Opens or makes the file, private to its user.
fn open_file(path: &Path) -> Result<rusqlite::Result<Connection>> {
    let failed = |why: &std::io::Error| not_writable(path, why);
    if let Some(folder) = path.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(&error))?;
    }
    // Made here, since SQLite goes by the umask; the files that it puts beside this one get its mode.
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(&error)),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(path, flags))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::model::CardId;
    use crate::backlog::rules::tests::card;
    use crate::backlog::store::Store;

    /// As a version of this program that is one schema ahead would open it.
    fn ahead(path: &Path, access: Access) -> Result<Sqlite> {
        let migrations = [MIGRATIONS, &[("colour", "ALTER TABLE card ADD COLUMN colour TEXT")]].concat();
        Sqlite::open_with(&migrations, path, access, &mut |_, _| {})
    }

    #[test]
    fn a_file_in_the_middle_of_a_checkpoint_is_no_noise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        drop(Sqlite::open(&path, Access::Write, &mut |_, _| {}).unwrap());
        Sqlite::check(&path).unwrap();
        // Its first page tells of more pages than were written yet.
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(4096).unwrap();
        Sqlite::check(&path).unwrap();
        std::fs::write(&path, "no database at all".repeat(400)).unwrap();
        assert_eq!(Sqlite::check(&path).unwrap_err().kind, Kind::Invalid);
    }

    #[test]
    fn a_newer_program_that_looks_locks_no_older_one_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        let older = |access| Sqlite::open(&path, access, &mut |_, _| {});
        let mut store = older(Access::Write).unwrap();
        let mut change = store.begin().unwrap();
        change.insert(&[card("A")]).unwrap();
        change.commit().unwrap();
        let Err(refused) = ahead(&path, Access::Read) else { panic!("an older schema was read") };
        assert!(refused.to_string().contains("backlog migrate"), "{refused}");
        assert!(older(Access::Write).unwrap().card(&CardId::parse("A").unwrap()).unwrap().is_some());
        ahead(&path, Access::Write).unwrap();
        assert!(ahead(&path, Access::Read).unwrap().card(&CardId::parse("A").unwrap()).unwrap().is_some());
        assert!(older(Access::Read).err().unwrap().to_string().contains("update mosaic-tui"));
    }

    #[test]
    fn looking_makes_no_schema_in_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("backlog.db");
        std::fs::write(&path, "").unwrap();
        let mut looking = Sqlite::open(&path, Access::Read, &mut |_, _| {}).unwrap();
        assert_eq!(looking.figures().unwrap().counts.total(), 0);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    }
}
