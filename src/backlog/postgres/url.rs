//! The server's URL. An error about it never quotes a value: any part may be half of a password.

use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::super::error::{Error, Result};

/// Parameters that the client library reads itself.
const KNOWN: [&str; 19] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Says how another program is to treat a transaction pool; this one always works behind one.
const POOL: &str = "pgbouncer";

/// The configuration that a URL means.
///
/// # Errors
/// When it is none, ambiguous, or has a parameter that nothing here understands.
pub(in crate::backlog) fn server(url: &str) -> Result<Config> {
    let (base, query) = match url.split_once("://") {
        Some(_) => url.split_once('?').unwrap_or((url, "")),
        // The other form, `host=... user=...`, quotes what is special.
        None => (url, ""),
    };
    if let Some((_, rest)) = base.split_once("://") {
        unambiguous(rest)?;
    }
    let config = Config::from_str(base).map_err(|_| no_url())?;
    judge(&config)?;
    // Behind an `@`, what looks like a parameter is the rest of a password with a `?` in it.
    if query.contains('@') {
        return Err(escapes());
    }
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name, value) {
            (POOL, _) => {}
            ("sslmode", "require" | "verify-ca" | "verify-full") => {
                return Err(invalid(
                    format!("sslmode={value} asks for TLS, which this version does not speak"),
                    "use a socket, a private network or an SSH tunnel, with sslmode=disable",
                ));
            }
            // Without TLS both mean the same.
            ("sslmode", "allow") => kept.push("sslmode=prefer".to_owned()),
            (name, _) if KNOWN.contains(&name) => {
                Config::from_str(&format!("{base}?{parameter}")).map_err(|_| {
                    invalid(format!("has no valid value for the parameter `{name}`"), "mend it, or take it out")
                })?;
                kept.push(parameter.to_owned());
            }
            (name, _) => {
                // A name of letters; anything else may be what no one is to read.
                let shown = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                let named = if shown { format!(" `{name}`") } else { String::new() };
                return Err(invalid(
                    format!("has the parameter{named}, which is not known here"),
                    "take it out; sslmode, options, connect_timeout and the others of PostgreSQL's client may stay",
                ));
            }
        }
    }
    let text = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    let config = Config::from_str(&text).map_err(|_| no_url())?;
    judge(&config)?;
    if config.get_hosts().is_empty() {
        return Err(invalid("names no host", "add HOST, or the folder of the socket"));
    }
    Ok(config)
}

fn invalid(why: impl Into<String>, next: &str) -> Error {
    Error::invalid("DATABASE_URL", why, next)
}

fn no_url() -> Error {
    invalid("is no PostgreSQL URL", "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE")
}

fn escapes() -> Error {
    invalid(
        "has a character in user, password, host or database that does not belong there",
        "write `@` in them as %40, `/` as %2F, `:` as %3A and `?` as %3F",
    )
}

/// Refuses what is written so that a password may end early, before anything is decoded: its rest would be shown as
/// host or database.
fn unambiguous(rest: &str) -> Result<()> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.matches('@').count() > 1 || path.contains(['@', '/', ':']) {
        return Err(escapes());
    }
    Ok(())
}

/// Judges the values as they are meant, decoded: they are shown, and a terminal must not act on them.
fn judge(config: &Config) -> Result<()> {
    let host = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:[]%".contains(c));
    let hosts = config.get_hosts().iter().all(|one| match one {
        Host::Tcp(name) => host(name),
        Host::Unix(folder) => folder.to_str().is_some_and(clean),
    });
    if hosts && config.get_dbname().is_none_or(clean) && config.get_user().is_none_or(clean) {
        return Ok(());
    }
    Err(escapes())
}

fn clean(text: &str) -> bool {
    super::super::model::check_line("", text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_judged_decoded() {
        let config = server("postgres://sa%40proj.iam:p%40ss%2Fw%3F@db.example:5433/my%20db").unwrap();
        assert_eq!(config.get_user(), Some("sa@proj.iam"));
        assert_eq!(config.get_password(), Some(&b"p@ss/w?"[..]));
        assert_eq!(config.get_dbname(), Some("my db"));
        assert!(server("postgres://a%1bb@h/x").is_err(), "a terminal would act on it");
        assert!(server("postgres://me@%2Frun%2Fpostgresql/x").is_ok());
        assert!(server("host=/run/postgresql user=me dbname=x").is_ok());
    }

    #[test]
    fn parameters_of_poolers_pass_and_unknown_ones_are_named() {
        let config = server("postgres://me@h/x?pgbouncer=true&connect_timeout=3&sslmode=allow").unwrap();
        assert_eq!(config.get_connect_timeout().unwrap().as_secs(), 3);
        for (parameters, word) in [
            ("colour=red", "`colour`"),
            ("sslmode=verify-full", "sslmode=verify-full"),
            ("sslmode=verify-ca", "sslmode=verify-ca"),
            ("sslmode=require", "sslmode=require"),
            ("sslmode=always", "`sslmode`"),
            ("connect_timeout=x", "`connect_timeout`"),
        ] {
            let why = server(&format!("postgres://me:secret@h/x?{parameters}")).unwrap_err().to_string();
            assert!(why.contains(word) && !why.contains("secret"), "{parameters}: {why}");
        }
    }

    #[test]
    fn no_error_quotes_what_may_be_a_password() {
        for url in ["postgres://me:a?hunter2@h/x", "postgres://me:1?hunter2%", "postgres://u@x:12?hunter2=y@h/x"] {
            let error = server(url).unwrap_err();
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
