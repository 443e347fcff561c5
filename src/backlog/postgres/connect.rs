//! From a server's addresses to a connection: one host after the other, each with as much TLS as was asked for.

use std::hash::{BuildHasher, RandomState};

use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error as SqlError};

use super::tls::{self, Connector, Mode};

/// Connects to the first host that answers.
pub(super) async fn connect(config: &Config, mode: Mode, tls: &Connector) -> Result<Client, SqlError> {
    let mut order: Vec<usize> = (0..config.get_hosts().len()).collect();
    if config.get_load_balance_hosts() == LoadBalanceHosts::Random {
        // Each has random keys of its own; no other chance is needed here.
        let chance = RandomState::new();
        order.sort_by_key(|at| chance.hash_one(at));
    }
    let mut failed = None;
    for at in order {
        match reach(alone(config, at), mode, tls).await {
            Ok(client) => return Ok(client),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(error),
        // Without a host the library says so.
        None => attempt(config, tls).await,
    }
}

/// Connects to one host.
async fn reach(mut config: Config, mode: Mode, tls: &Connector) -> Result<Client, SqlError> {
    let socket = config.get_hosts().iter().any(|host| matches!(host, Host::Unix(_)));
    let (first, second) = match mode {
        // What goes over a socket does not leave the host.
        _ if socket => (SslMode::Disable, None),
        Mode::Disable => (SslMode::Disable, None),
        Mode::Allow => (SslMode::Disable, Some(SslMode::Require)),
        Mode::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (SslMode::Require, None),
    };
    let error = match attempt(config.ssl_mode(first), tls).await {
        Ok(client) => return Ok(client),
        Err(error) => error,
    };
    let Some(second) = second.filter(|_| may_go_otherwise(mode, &error)) else { return Err(error) };
    match attempt(config.ssl_mode(second), tls).await {
        Ok(client) => Ok(client),
        // What is told is what is to be mended: TLS when the server insists on it, else what it said without.
        Err(again) if tls::failed(&again) || tls::failed(&error) && refused(&again) => Err(error),
        Err(again) => Err(again),
    }
}

async fn attempt(config: &Config, tls: &Connector) -> Result<Client, SqlError> {
    let (client, connection) = config.connect(tls.clone()).await?;
    // It ends with the client; what it says is told by the query that fails.
    tokio::spawn(async { drop(connection.await) });
    Ok(client)
}

/// Returns whether the server may take, with TLS or without, what it did not take so.
fn may_go_otherwise(mode: Mode, error: &SqlError) -> bool {
    match mode {
        Mode::Prefer => tls::failed(error) || refused(error),
        // A pooler says in its own way that it wants TLS. A password is not tried twice.
        _ => error.as_db_error().is_some_and(|error| *error.code() != SqlState::INVALID_PASSWORD),
    }
}

/// Returns whether the server lets nobody in from here, in this way.
fn refused(error: &SqlError) -> bool {
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// Returns the configuration with one of its hosts.
fn alone(config: &Config, at: usize) -> Config {
    // Put together anew, since hosts can be added to a configuration and not taken out.
    let mut one = Config::new();
    if let Some(user) = config.get_user() {
        one.user(user);
    }
    if let Some(password) = config.get_password() {
        one.password(password);
    }
    if let Some(dbname) = config.get_dbname() {
        one.dbname(dbname);
    }
    if let Some(options) = config.get_options() {
        one.options(options);
    }
    if let Some(name) = config.get_application_name() {
        one.application_name(name);
    }
    if let Some(limit) = config.get_connect_timeout() {
        one.connect_timeout(*limit);
    }
    if let Some(limit) = config.get_tcp_user_timeout() {
        one.tcp_user_timeout(*limit);
    }
    if let Some(pause) = config.get_keepalives_interval() {
        one.keepalives_interval(pause);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding());
    if let Some(port) = config.get_ports().get(at).or_else(|| config.get_ports().first()) {
        one.port(*port);
    }
    let address = config.get_hostaddrs().get(at);
    match (config.get_hosts().get(at), address) {
        (Some(Host::Tcp(name)), _) => one.host(name),
        (Some(Host::Unix(folder)), None) => one.host_path(folder),
        // An address is what is connected to, and then no socket is.
        (Some(Host::Unix(_)) | None, Some(address)) => one.host(address.to_string()),
        (None, None) => &mut one,
    };
    if let Some(address) = address {
        one.hostaddr(*address);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_configuration_is_lost_when_a_host_is_taken_alone() {
        let whole: Config = "postgres://me:secret@a:1/x?application_name=n&channel_binding=require&connect_timeout=3\
             &keepalives=0&keepalives_idle=4&keepalives_interval=5&keepalives_retries=6&options=-cx%3D1&sslmode=require\
             &sslnegotiation=direct&target_session_attrs=read-write&tcp_user_timeout=7&hostaddr=127.0.0.1"
            .parse()
            .unwrap();
        let one = alone(&whole, 0);
        assert_eq!(format!("{one:?}"), format!("{whole:?}"));
        assert_eq!(one.get_password(), whole.get_password());
        assert_eq!(one.get_ssl_negotiation(), whole.get_ssl_negotiation());
        assert_eq!(one, whole);
    }

    #[test]
    fn each_host_keeps_its_port_and_a_socket_with_an_address_is_none() {
        let whole: Config = "host=a,/run,c port=1,2,3".parse().unwrap();
        assert_eq!(alone(&whole, 1).get_hosts(), [Host::Unix("/run".into())]);
        assert_eq!(alone(&whole, 2).get_ports(), [3]);
        let whole: Config = "host=/run hostaddr=127.0.0.1".parse().unwrap();
        assert_eq!(alone(&whole, 0).get_hosts(), [Host::Tcp("127.0.0.1".into())]);
    }
}
