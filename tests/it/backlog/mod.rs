//! The backlog on both engines.

/// One case per engine.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&super::Stand::file()); } )* }
        mod postgres { $( #[test] fn $name() { super::$name(&super::Stand::server()); } )* }
        mod pooled { $( #[test] fn $name() { super::$name(&super::Stand::pooled()); } )* }
    };
}

mod claims;
mod commands;
mod conformance;
mod cost;
mod faults;
mod many;
mod races;
mod random;
mod tls;
mod work;

use std::path::{Path, PathBuf};

use mosaic_tui::backlog::model::{CardId, NewCard, Patch};
use mosaic_tui::backlog::operations::Backlog;
use mosaic_tui::backlog::place::{Intent, Location};
use mosaic_tui::backlog::store::{ClaimRequest, Who};
use mosaic_tui::backlog::transfer;

use crate::harness::{Database, Pooler};

/// A store for a test: a file in a folder of its own, or a database of its own.
pub(crate) enum Stand {
    File(tempfile::TempDir),
    Server(Database),
    /// By way of a pooler that gives each transaction another session.
    Pooled(Database, Pooler),
}

impl Stand {
    pub(crate) fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    pub(crate) fn server() -> Self {
        Self::Server(Database::new())
    }

    pub(crate) fn pooled() -> Self {
        let database = Database::new();
        let pooler = Pooler::before(&database);
        Self::Pooled(database, pooler)
    }

    /// The variables that mean it.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        match self {
            Self::File(folder) => vec![("MOSAIC_BACKLOG_DIR".to_owned(), folder.path().display().to_string())],
            Self::Server(database) => vec![("DATABASE_URL".to_owned(), database.url())],
            Self::Pooled(database, pooler) => vec![("DATABASE_URL".to_owned(), pooler.url(database))],
        }
    }

    pub(crate) fn place(&self) -> Location {
        match self {
            Self::File(folder) => Location::of(None, Some(folder.path()), Path::new("/")),
            Self::Server(database) => Location::of(Some(&database.url()), None, Path::new("/")),
            Self::Pooled(database, pooler) => Location::of(Some(&pooler.url(database)), None, Path::new("/")),
        }
        .unwrap()
    }

    pub(crate) fn open(&self) -> Backlog {
        self.place().open(Intent::Write, who("tester"), &mut |_, _| {}).unwrap()
    }
}

pub(crate) fn who(actor: &str) -> Who {
    Who { actor: actor.to_owned(), tenant_id: "tenant".to_owned(), host: "host".to_owned() }
}

pub(crate) fn id(text: &str) -> CardId {
    CardId::parse(text).unwrap()
}

pub(crate) fn new(name: &str) -> NewCard {
    NewCard {
        id: id(name),
        title: format!("title of {name}"),
        fields: Patch::default(),
        idempotency_key: None,
        blocked: false,
    }
}

pub(crate) fn depending(name: &str, on: &[&str]) -> NewCard {
    let fields = Patch { depends_on: Some(on.iter().map(|on| id(on)).collect()), ..Patch::default() };
    NewCard { fields, ..new(name) }
}

pub(crate) fn request(owner: &str) -> ClaimRequest {
    ClaimRequest { owner: owner.to_owned(), ttl_seconds: Some(60), id: None, phase: None, assignee: None }
}

/// Everything, as an export.
pub(crate) fn export(backlog: &mut Backlog) -> String {
    let mut out = Vec::new();
    transfer::export(backlog, &mut out, &mut |_, _| {}).unwrap();
    String::from_utf8(out).unwrap()
}

/// Everything that is kept beside the cards agrees with the cards.
pub(crate) fn sound(backlog: &mut Backlog) {
    assert_eq!(backlog.store().check().unwrap(), Vec::<String>::new());
}

/// The database file of a folder.
pub(crate) fn db(folder: &Path) -> PathBuf {
    folder.join("backlog.db")
}
