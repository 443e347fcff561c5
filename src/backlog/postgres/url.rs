//! The server's URL. An error about it never quotes a value: any part may be half of a password.

use std::fmt;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslNegotiation};

use super::super::error::{Failure, Result};
use super::errors::address;
use super::tls::{Authorities, Connector, Mode, Tls};

/// Parameters that the client library reads itself.
const KNOWN: [&str; 18] = [
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
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Says how another program is to treat a transaction pool; this one always works behind one.
const POOL: &str = "pgbouncer";

/// The library knows half of the words of the first, and nothing of the second.
const TLS: [&str; 2] = ["sslmode", "sslrootcert"];

/// A server: its address, the user and the mode of TLS. It holds a password, and never shows it.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) config: Config,
    pub(super) tls: Tls,
}

impl Server {
    /// Returns the connector that begins TLS with it.
    pub(super) fn connector(&self, what: &str) -> Result<Connector> {
        // Over sockets alone nobody has to be trusted, and no file of authorities has to be there.
        let sockets = self.config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let asked = if sockets && self.config.get_hostaddrs().is_empty() {
            &Tls { mode: Mode::Disable, authorities: Authorities::Usual }
        } else {
            &self.tls
        };
        let home = directories::BaseDirs::new();
        let direct = self.config.get_ssl_negotiation() == SslNegotiation::Direct;
        asked.connector(home.as_ref().map(directories::BaseDirs::home_dir), what, direct)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&address(&self.config))
    }
}

/// Parses a URL into a server.
///
/// # Errors
/// Returns an error if it is not one, is ambiguous, or has a parameter that nothing here understands.
pub(in crate::backlog) fn server(url: &str) -> Result<Server> {
    let mut asked = Vec::new();
    let config = if url.contains("://") { of_url(url, &mut asked)? } else { of_words(url, &mut asked)? };
    judge(&config)?;
    let (hosts, addresses, ports) = (config.get_hosts().len(), config.get_hostaddrs().len(), config.get_ports().len());
    if hosts == 0 {
        return Err(invalid("names no host", "add HOST, or the folder of the socket"));
    }
    if (addresses > 0 && addresses != hosts) || (ports > 1 && ports != hosts) {
        return Err(invalid("names hosts, addresses and ports that are not equally many", "give one of each per host"));
    }
    let tls = tls(&asked)?;
    if config.get_ssl_negotiation() == SslNegotiation::Direct && tls.mode < Mode::Require {
        return Err(invalid(
            "has `sslnegotiation=direct`, and an sslmode that may go without TLS",
            "add sslmode=require, verify-ca or verify-full",
        ));
    }
    Ok(Server { config, tls })
}

/// Reads a URL; what is said about TLS goes to `asked`, by name and value.
fn of_url(url: &str, asked: &mut Vec<(&'static str, String)>) -> Result<Config> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    if let Some((_, rest)) = base.split_once("://") {
        unambiguous(rest)?;
    }
    // Without its parameters first, so that one that is wrong can be told by its name.
    judge(&Config::from_str(base).map_err(|_| no_url())?)?;
    // Behind an `@`, what looks like a parameter is the rest of a password with a `?` in it.
    if query.contains('@') {
        return Err(escapes());
    }
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if name == POOL {
            continue;
        }
        let broken =
            |name: &str| invalid(format!("has no valid value for the parameter `{name}`"), "mend it, or take it out");
        if let Some(name) = TLS.into_iter().find(|known| *known == name) {
            asked.push((name, decoded(value).ok_or_else(|| broken(name))?));
        } else if KNOWN.contains(&name) {
            Config::from_str(&format!("{base}?{parameter}")).map_err(|_| broken(name))?;
            kept.push(parameter);
        } else {
            // A name of letters; anything else may be what no one is to read.
            let shown = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let named = if shown { format!(" `{name}`") } else { String::new() };
            return Err(invalid(
                format!("has the parameter{named}, which is not known here"),
                "take it out; sslmode, sslrootcert, options, connect_timeout and others of PostgreSQL's client may stay",
            ));
        }
    }
    let text = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
    Config::from_str(&text).map_err(|_| no_url())
}

/// Reads the other form, `host=... user=...`, which quotes what is special.
fn of_words(text: &str, asked: &mut Vec<(&'static str, String)>) -> Result<Config> {
    let mut kept = String::new();
    let mut rest = text.trim_start();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, length) = word(after);
        let end = rest.len() - after.len() + length;
        match TLS.into_iter().find(|known| *known == name.trim()) {
            Some(name) => asked.push((name, value)),
            None if name.trim() == POOL => {}
            None => kept.extend([&rest[..end], " "]),
        }
        rest = rest[end..].trim_start();
    }
    kept.push_str(rest);
    Config::from_str(&kept).map_err(|_| no_url())
}

/// Returns a value of that form, and how long it is as it is written.
fn word(text: &str) -> (String, usize) {
    let start = text.trim_start();
    let quoted = start.starts_with('\'');
    let mut value = String::new();
    let mut chars = start.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quoted => return (value, text.len() - start.len() + at + 1),
            c if !quoted && c.is_whitespace() => return (value, text.len() - start.len() + at),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value, text.len())
}

/// Returns a value of a URL, without its escapes; nothing when they are broken.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte == b'%' {
            let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
            bytes.push(u8::try_from(digit(0)? << 4 | digit(1)?).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns what is asked for; of two words about the same the last one counts.
fn tls(asked: &[(&str, String)]) -> Result<Tls> {
    let said = |name: &str| asked.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let authorities = match said("sslrootcert") {
        None | Some("") => Authorities::Usual,
        Some("system") => Authorities::System,
        Some(path) if clean(path) && path.starts_with('/') => Authorities::File(path.into()),
        // Agents have folders of their own.
        Some(path) if clean(path) => {
            return Err(invalid(
                "has a path for `sslrootcert` that begins in the current folder",
                "write it from `/` on",
            ));
        }
        Some(_) => {
            return Err(invalid("has no valid value for the parameter `sslrootcert`", "give the path of a file"));
        }
    };
    let mode = match said("sslmode") {
        // As libpq has it: whoever trusts the system's authorities trusts them with names only.
        None if authorities == Authorities::System => Mode::VerifyFull,
        None => Mode::Prefer,
        Some(word) => Mode::WORDS.iter().find(|(known, _)| *known == word).map(|(_, mode)| *mode).ok_or_else(|| {
            // A word; anything else may be what no one is to read.
            let shown = word.len() <= 16 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let named = if shown { format!(" `{word}`") } else { String::new() };
            invalid(
                format!("has the value{named} for `sslmode`, which is not known"),
                "use disable, allow, prefer, require, verify-ca or verify-full",
            )
        })?,
    };
    // Who names authorities believes that they are asked.
    if authorities != Authorities::Usual && matches!(mode, Mode::Allow | Mode::Prefer) {
        return Err(invalid(
            "has `sslrootcert`, and an sslmode that verifies nothing",
            "add sslmode=verify-full, or take sslrootcert out",
        ));
    }
    Ok(Tls { mode, authorities })
}

fn invalid(why: impl Into<String>, next: &str) -> Failure {
    Failure::invalid("DATABASE_URL", why, next)
}

fn no_url() -> Failure {
    invalid("is not a PostgreSQL URL", "write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE")
}

fn escapes() -> Failure {
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
        let Server { config, .. } = server("postgres://sa%40proj.iam:p%40ss%2Fw%3F@db.example:5433/my%20db").unwrap();
        assert_eq!(config.get_user(), Some("sa@proj.iam"));
        assert_eq!(config.get_password(), Some(&b"p@ss/w?"[..]));
        assert_eq!(config.get_dbname(), Some("my db"));
        assert!(server("postgres://a%1bb@h/x").is_err(), "a terminal would act on it");
        assert!(server("postgres://me@%2Frun%2Fpostgresql/x").is_ok());
        assert!(server("host=/run/postgresql user=me dbname=x").is_ok());
    }

    #[test]
    fn parameters_of_poolers_pass_and_unknown_ones_are_named() {
        let config = server("postgres://me@h/x?pgbouncer=true&connect_timeout=3&sslmode=allow").unwrap().config;
        assert_eq!(config.get_connect_timeout().unwrap().as_secs(), 3);
        for (parameters, word) in [
            ("colour=red", "`colour`"),
            ("sslmode=always", "`always` for `sslmode`"),
            ("sslmode=verify-full%20secret", "value for `sslmode`"),
            ("sslmode=", "verify-full"),
            ("sslmode=%zz", "`sslmode`"),
            ("sslrootcert=/a.pem", "verifies nothing"),
            ("sslmode=prefer&sslrootcert=system", "verifies nothing"),
            ("sslrootcert=%1b", "`sslrootcert`"),
            ("sslmode=verify-ca&sslrootcert=~/ca.pem", "from `/` on"),
            ("sslnegotiation=direct", "`sslnegotiation=direct`"),
            ("connect_timeout=x", "`connect_timeout`"),
            ("hostaddr=127.0.0.1,127.0.0.2", "equally many"),
        ] {
            let why = server(&format!("postgres://me:secret@h/x?{parameters}")).unwrap_err().to_string();
            assert!(why.contains(word) && !why.contains("secret"), "{parameters}: {why}");
        }
    }

    #[test]
    fn both_forms_ask_for_tls_in_the_same_words() {
        let file = |path: &str| Authorities::File(path.into());
        for (url, words, mode, authorities) in [
            ("", "", Mode::Prefer, Authorities::Usual),
            ("sslmode=disable", "sslmode=disable", Mode::Disable, Authorities::Usual),
            ("sslmode=require", "sslmode = 'require'", Mode::Require, Authorities::Usual),
            (
                "sslmode=disable&sslmode=verify-ca",
                "sslmode=disable sslmode=verify-ca",
                Mode::VerifyCa,
                Authorities::Usual,
            ),
            ("sslrootcert=system", "sslrootcert=system", Mode::VerifyFull, Authorities::System),
            (
                "sslmode=verify-full&sslrootcert=/my%20own/c%27a.pem",
                r"sslmode=verify-full sslrootcert='/my own/c\'a.pem'",
                Mode::VerifyFull,
                file("/my own/c'a.pem"),
            ),
            ("sslmode=require&sslrootcert=", r"sslmode=require sslrootcert=''", Mode::Require, Authorities::Usual),
        ] {
            let wanted = Tls { mode, authorities };
            assert_eq!(server(&format!("postgres://me@h/x?{url}")).unwrap().tls, wanted, "{url}");
            let server = server(&format!("host=h {words} user='m e' dbname=x")).unwrap();
            assert_eq!(server.tls, wanted, "{words}");
            assert_eq!((server.config.get_user(), server.config.get_dbname()), (Some("m e"), Some("x")), "{words}");
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
