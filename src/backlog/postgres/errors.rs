//! PostgreSQL's errors in words. None of them holds the password: the configuration is never printed.

use std::error::Error as _;

use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error as SqlError};

use super::super::error::{Again, Failure, Kind};
use super::tls;

/// Returns the server's address without the password.
pub(super) fn address(config: &Config) -> String {
    let user = config.get_user().map(|user| format!("{user}@")).unwrap_or_default();
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = config.get_ports().get(at).or_else(|| config.get_ports().first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        })
        .collect();
    format!("postgres://{user}{}/{}", hosts.join(","), config.get_dbname().unwrap_or_default())
}

/// Describes an error: what failed, where, and what to do.
pub(super) fn explain(address: &str, error: &SqlError) -> Failure {
    let what = format!("backlog {address}");
    let failed = |why: String, next: &str| Failure::new(Kind::Failed, what, why, next);
    if let Some((why, next)) = tls::told(error) {
        return failed(why, &next);
    }
    let Some(database) = error.as_db_error() else {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        return if error.is_closed() {
            failed("the connection was closed".to_owned(), "try again; the server may be restarting")
        } else {
            failed(format!("cannot be reached ({cause})"), "check that the server runs, and DATABASE_URL")
        };
    };
    let said = database.message().lines().next().unwrap_or_default().to_owned();
    match *database.code() {
        // A key that exists is one, too: when it is tried again, the card of the other is found.
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::UNIQUE_VIOLATION => Failure {
            again: Some(Again::Collision),
            ..failed(format!("another change came first ({said})"), "try again")
        },
        SqlState::LOCK_NOT_AVAILABLE => failed(
            "cards or their links are held by another client, perhaps an import, for more than 5 s".to_owned(),
            "try again",
        ),
        SqlState::DISK_FULL => {
            failed(format!("the server's disk is full ({said}); nothing was changed"), "free some space")
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION if said.ends_with("no encryption") => {
            failed(said, "the server may insist on TLS: use sslmode=require, or check user and host in its pg_hba.conf")
        }
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            failed(said, "check user and password in DATABASE_URL")
        }
        SqlState::INVALID_CATALOG_NAME => failed(said, "make it with `createdb`, or correct DATABASE_URL"),
        SqlState::INSUFFICIENT_PRIVILEGE => {
            failed(said, "the user needs CREATE on the database, once, and the schema `fleet`")
        }
        SqlState::ADMIN_SHUTDOWN | SqlState::CRASH_SHUTDOWN | SqlState::CANNOT_CONNECT_NOW => {
            failed(format!("is restarting ({said})"), "try again")
        }
        _ => failed(said, "`mosaic-tui backlog doctor` checks the store"),
    }
}
