//! Which engine, and where: decided by the environment alone, so that every process of a fleet agrees.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::{Error, Result};
use super::operations::Backlog;
use super::postgres::Postgres;
use super::sqlite::{Access, Sqlite};
use super::store::{Progress, Store, Who};

/// Name of the file in its folder.
const FILE: &str = "backlog.db";

/// Where the backlog is.
#[derive(Clone)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A PostgreSQL server. Its configuration holds a password and is never printed.
    Server(Box<tokio_postgres::Config>),
}

/// What a backlog is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Looking makes nothing that is not there.
    Read,
    /// Changing.
    Write,
}

impl Place {
    /// Decides from `DATABASE_URL`, `MOSAIC_BACKLOG_DIR` and the Mosaic home.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn of(database_url: Option<&str>, backlog_dir: Option<&Path>, home: &Path) -> Result<Self> {
        match (database_url, backlog_dir) {
            (Some(url), _) => {
                let config = tokio_postgres::Config::from_str(url).map_err(|_| {
                    // The cause may quote the URL, and with it the password.
                    Error::invalid(
                        "DATABASE_URL",
                        "is no PostgreSQL URL",
                        "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE",
                    )
                })?;
                if config.get_hosts().is_empty() {
                    return Err(Error::invalid(
                        "DATABASE_URL",
                        "names no host",
                        "add HOST, or the folder of the socket",
                    ));
                }
                // An unescaped `@` or `/` in a password ends it early, and the rest would be shown as host or database.
                let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:[]%".contains(c));
                let hosts = config.get_hosts().iter().all(|host| match host {
                    tokio_postgres::config::Host::Tcp(name) => plain(name),
                    tokio_postgres::config::Host::Unix(_) => true,
                });
                if !hosts || !config.get_dbname().is_none_or(plain) || !config.get_user().is_none_or(plain) {
                    return Err(Error::invalid(
                        "DATABASE_URL",
                        "has a character in user, host or database that does not belong there",
                        "write `@` in a password as %40, `/` as %2F and `:` as %3A",
                    ));
                }
                Ok(Self::Server(Box::new(config)))
            }
            (None, Some(folder)) => Ok(Self::File(folder.join(FILE))),
            (None, None) => Ok(Self::File(home.join("fleet/backlog").join(FILE))),
        }
    }

    /// Opens it.
    ///
    /// # Errors
    /// What the engine says.
    pub fn open(&self, intent: Intent, who: Who, progress: Progress<'_>) -> Result<Backlog> {
        Ok(Backlog::new(self.store(intent, progress)?, who))
    }

    /// Opens the store alone.
    pub(super) fn store(&self, intent: Intent, progress: Progress<'_>) -> Result<Box<dyn Store>> {
        let access = if intent == Intent::Read { Access::Read } else { Access::Write };
        Ok(match self {
            Self::File(path) => Box::new(Sqlite::open(path, access, progress)?),
            Self::Server(config) => Box::new(Postgres::open(config, access, progress)?),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(config) => f.write_str(&super::postgres::address(config)),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let place = |url, dir: Option<&str>| Place::of(url, dir.map(Path::new), Path::new("/h")).map(|p| p.to_string());
        assert_eq!(place(None, None).unwrap(), "/h/fleet/backlog/backlog.db");
        assert_eq!(place(None, Some("/b")).unwrap(), "/b/backlog.db");
        assert_eq!(
            place(Some("postgres://me:secret@db.example:5433/fleet"), Some("/b")).unwrap(),
            "postgres://me@db.example:5433/fleet"
        );
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
            match Place::of(Some(url), None, Path::new("/h")) {
                Err(error) => assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}"),
                Ok(place) => assert!(!format!("{place} {place:?}").contains("hunter2"), "{url}"),
            }
        }
        let place = Place::of(Some("postgres://me:hunter2@host/x"), None, Path::new("/h")).unwrap();
        assert!(!format!("{place} {place:?}").contains("hunter2"));
    }
}
