//! Which engine, and where: decided by the environment alone, so that every process of a fleet agrees.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::Result;
use super::model::{Board, BoardQuery, Counts, Lane, Stamp};
use super::operations::Backlog;
use super::postgres::{Postgres, Server};
use super::schema::Access;
use super::sqlite::Sqlite;
use super::store::{Progress, Store, Who};
use crate::plain::network;

/// Name of the file in its folder.
const FILE: &str = "backlog.db";

/// Where the backlog is.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server. Its configuration holds a password and is never printed.
    Server(Box<Server>),
}

/// What a backlog is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Looking makes nothing that is not there.
    Read,
    /// Changing.
    Write,
}

impl Location {
    /// Decides from `DATABASE_URL`, `MOSAIC_BACKLOG_DIR` and the Mosaic home.
    ///
    /// # Errors
    /// Returns an error if the URL is not one.
    pub fn of(database_url: Option<&str>, backlog_dir: Option<&Path>, home: &Path) -> Result<Self> {
        match (database_url, backlog_dir) {
            (Some(url), _) => Ok(Self::Server(Box::new(super::postgres::server(url)?))),
            (None, Some(folder)) => Ok(Self::File(folder.join(FILE))),
            (None, None) => Ok(Self::File(home.join("fleet/backlog").join(FILE))),
        }
    }

    /// Opens the backlog.
    ///
    /// # Errors
    /// Returns the error of the engine.
    pub fn open(&self, intent: Intent, who: Who, progress: Progress<'_>) -> Result<Backlog> {
        Ok(Backlog::new(self.store(intent, progress)?, who))
    }

    /// Whether it is a file that is not there. What cannot be looked at, and a server, may be there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(path) if path.try_exists().is_ok_and(|there| !there))
    }

    /// When its file was written last, by whomever; nothing of a server.
    #[must_use]
    pub fn touched(&self) -> Option<SystemTime> {
        let Self::File(path) = self else { return None };
        path.metadata().and_then(|facts| facts.modified()).ok()
    }

    /// Makes sure that a file that is there is a database, whatever its log and an open connection remember of it.
    ///
    /// # Errors
    /// That of the engine.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::File(path) if !self.is_missing() => Sqlite::check(path),
            Self::File(_) | Self::Server(_) => Ok(()),
        }
    }

    /// The board of a backlog that nobody has made yet; `None` where there may be one. Costs no database.
    #[must_use]
    pub fn board_of_none(&self, query: &BoardQuery) -> Option<Board> {
        let Self::File(path) = self else { return None };
        // On a network filesystem it is refused, which only opening tells.
        (self.is_missing() && network::filesystem(path).is_none()).then(|| Board {
            now: Stamp(jiff::Timestamp::now().as_millisecond()),
            counts: Counts::default(),
            lanes: query.offsets.map(|offset| Lane { offset, ..Lane::default() }),
            claims: Vec::new(),
            query: query.clone(),
        })
    }

    /// Opens the store alone.
    pub(super) fn store(&self, intent: Intent, progress: Progress<'_>) -> Result<Box<dyn Store>> {
        let access = if intent == Intent::Read { Access::Read } else { Access::Write };
        Ok(match self {
            Self::File(path) => Box::new(Sqlite::open(path, access, progress)?),
            Self::Server(server) => Box::new(Postgres::open(server, access, progress)?),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => server.fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let place =
            |url, dir: Option<&str>| Location::of(url, dir.map(Path::new), Path::new("/h")).map(|p| p.to_string());
        assert_eq!(place(None, None).unwrap(), "/h/fleet/backlog/backlog.db");
        assert_eq!(place(None, Some("/b")).unwrap(), "/b/backlog.db");
        assert_eq!(
            place(Some("postgres://me:secret@db.example:5433/fleet"), Some("/b")).unwrap(),
            "postgres://me@db.example:5433/fleet"
        );
    }

    #[test]
    fn the_board_of_no_backlog_is_that_of_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::of(None, Some(folder.path()), Path::new("/h")).unwrap();
        let query = BoardQuery { limit: 3, offsets: [0, 1, 0, 0, 0], ..BoardQuery::default() };
        let of_none = place.board_of_none(&query).unwrap();
        let who = Who { actor: "a".to_owned(), tenant_id: "t".to_owned(), host: "h".to_owned() };
        let open = |intent| place.open(intent, who.clone(), &mut |_, _| {}).unwrap().store().board(&query).unwrap();
        let opened = open(Intent::Read);
        assert!(opened.now >= of_none.now && opened.now.since(of_none.now).as_secs() < 60);
        assert_eq!(of_none, Board { now: of_none.now, ..opened });
        open(Intent::Write);
        assert_eq!(place.board_of_none(&query), None, "there is one now");
    }

    #[test]
    fn no_error_and_no_form_of_it_holds_the_password() {
        for url in [
            "postgres://me:x@hunter2@host/x",
            "postgres://me:123/hunter2@host/x",
            "postgres://me:x:hunter2@host/x",
            "postgres://me:hunter2@:bad:/",
            "postgres://me:hunter2@host:99999/x",
            "hunter2",
            "mysql://a:hunter2@h/x",
        ] {
            match Location::of(Some(url), None, Path::new("/h")) {
                Err(error) => assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}"),
                Ok(place) => assert!(!format!("{place} {place:?}").contains("hunter2"), "{url}"),
            }
        }
        let place = Location::of(Some("postgres://me:hunter2@host/x"), None, Path::new("/h")).unwrap();
        assert!(!format!("{place} {place:?}").contains("hunter2"));
    }
}
