//! One connection: made when needed, given up when it fails, bounded in time.

use std::collections::HashMap;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error as SqlError, NoTls, Row, Statement};

use super::super::error::{Error, Kind, Result};
use super::super::schema::{self, Step};
use super::super::sqlite::Access;
use super::super::store::Progress;
use super::errors::{address, explain};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may take to answer. Locks are waited for 5 s; this is for a server that is gone without a word.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a whole table may take: an import, an export, a check.
const LONG_ANSWER: Duration = Duration::from_secs(600);

/// What every connection begins with.
const SETTINGS: &str = "SET lock_timeout = '5s'; SET application_name = 'mosaic-tui'; SET client_min_messages = 'warning'; \
                        SET idle_in_transaction_session_timeout = '60s'";

/// Migrations in order; the number of the last one is the version of the schema.
const MIGRATIONS: [(&str, &str); 1] = [("cards", include_str!("migrations/0001_cards.sql"))];

/// A parameter.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

pub(super) struct Session {
    runtime: Runtime,
    config: Config,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
    /// Whether a transaction is open: what follows in it must not run on another connection.
    in_transaction: bool,
}

/// Prepared statements kept; lists with many conditions are each their own.
const STATEMENTS: usize = 100;

impl Session {
    pub(super) fn open(config: &Config) -> Result<Self> {
        let mut config = config.clone();
        config.connect_timeout(CONNECT);
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_ssl_mode() == SslMode::Require {
            return Err(Error::invalid(
                format!("backlog {}", address(&config)),
                "DATABASE_URL asks for TLS, which this version does not speak",
                "use a socket, a private network or an SSH tunnel, with sslmode=disable",
            ));
        }
        // The client sends nothing of the kind by itself; without a name the user's own database is meant.
        if config.get_user().is_none() {
            return Err(Error::invalid("DATABASE_URL", "names no user", "write it as postgres://USER@HOST/DATABASE"));
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Error::new(Kind::Failed, "backlog", error.to_string(), "free some memory or file descriptors")
        })?;
        let mut session = Self { runtime, config, client: None, statements: HashMap::new(), in_transaction: false };
        session.connect()?;
        Ok(session)
    }

    pub(super) fn address(&self) -> String {
        address(&self.config)
    }

    fn connect(&mut self) -> Result<()> {
        let config = self.config.clone();
        self.statements.clear();
        self.client = None;
        let connected = self.runtime.block_on(async {
            tokio::time::timeout(ANSWER, async {
                let (client, connection) = config.connect(NoTls).await?;
                // It ends with the client; what it says is told by the query that fails.
                tokio::spawn(async { drop(connection.await) });
                client.batch_execute(SETTINGS).await?;
                Ok(client)
            })
            .await
        });
        match connected {
            Ok(Ok(client)) => {
                self.client = Some(client);
                Ok(())
            }
            Ok(Err(error)) => Err(explain(&self.address(), &error)),
            Err(_) => Err(self.silent(ANSWER)),
        }
    }

    fn silent(&self, limit: Duration) -> Error {
        Error::new(
            Kind::Failed,
            format!("backlog {}", self.address()),
            format!("did not answer for {} s", limit.as_secs()),
            "check the server and the network",
        )
    }

    /// Talks to the server; a connection that failed is given up, and the next call makes a new one.
    fn talk<T>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&Client, &mut HashMap<String, Statement>) -> Result<T, SqlError>,
    ) -> Result<T> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            if self.in_transaction {
                return Err(Error::new(
                    Kind::Failed,
                    format!("backlog {}", self.address()),
                    "the connection was closed in the middle of a change; nothing was changed",
                    "try again; the server may be restarting",
                ));
            }
            self.connect()?;
        }
        let Some(client) = &self.client else { return Err(self.silent(limit)) };
        let statements = &mut self.statements;
        let answer = self.runtime.block_on(async { tokio::time::timeout(limit, work(client, statements)).await });
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                if error.as_db_error().is_none() {
                    self.client = None;
                }
                Err(explain(&self.address(), &error))
            }
            Err(_) => {
                self.client = None;
                Err(self.silent(limit))
            }
        }
    }

    /// Runs a query.
    pub(super) fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.talk(ANSWER, async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.query(&statement, values).await
        })
    }

    /// Runs a query that may read everything.
    pub(super) fn long_rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.talk(LONG_ANSWER, async |client, statements| {
            let statement = prepared(client, statements, sql).await?;
            client.query(&statement, values).await
        })
    }

    /// Runs several queries in one trip to the server.
    pub(super) fn many(&mut self, queries: &[(String, Vec<String>)]) -> Result<Vec<Vec<Row>>> {
        self.talk(ANSWER, async |client, statements| {
            let mut ready = Vec::new();
            for (sql, values) in queries {
                let statement = prepared(client, statements, sql).await?;
                let values: Vec<Value<'_>> = values.iter().map(|value| value as Value<'_>).collect();
                ready.push((statement, values));
            }
            let asked = ready.iter().map(|(statement, values)| client.query(statement, values));
            futures_util::future::try_join_all(asked).await
        })
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.talk(LONG_ANSWER, async |client, _| client.batch_execute(sql).await)
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self, sql: &str) -> Result<()> {
        self.batch(sql)?;
        self.in_transaction = true;
        Ok(())
    }

    /// Ends it.
    pub(super) fn end(&mut self, sql: &str) -> Result<()> {
        let ended = self.batch(sql);
        self.in_transaction = false;
        ended
    }

    /// Takes an open transaction back. On a connection that fails the server does it.
    pub(super) fn abandon(&mut self) {
        if self.in_transaction && self.end("ROLLBACK").is_err() {
            self.client = None;
        }
    }

    /// Makes the schema ready for use; `false` when there is none, and none is to be made.
    pub(super) fn prepare(&mut self, access: Access, progress: Progress<'_>) -> Result<bool> {
        let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        let version = i64::from(self.version()?);
        match schema::step(&self.address(), version, newest, access)? {
            Step::Use => Ok(true),
            Step::Imagine => Ok(false),
            Step::Migrate => self.migrate(progress).map(|()| true),
        }
    }

    fn migrate(&mut self, progress: Progress<'_>) -> Result<()> {
        let done = self.migrate_from(progress);
        if done.is_err() {
            // With the connection go its transaction and its lock.
            self.in_transaction = false;
            self.client = None;
        }
        done
    }

    fn migrate_from(&mut self, progress: Progress<'_>) -> Result<()> {
        // One process migrates; the others wait for it here and find nothing to do. The lock comes before
        // the transaction: a backend learns of new tables when a transaction begins.
        self.batch("SET lock_timeout = 0; SELECT pg_advisory_lock(hashtext('mosaic fleet migration'))")?;
        self.batch(SETTINGS)?;
        self.begin("BEGIN")?;
        let version = self.version()?;
        for (number, (name, sql)) in (1_i32..).zip(MIGRATIONS).filter(|(number, _)| *number > version) {
            progress(&format!("migration {number} ({name})"), u64::try_from(number).unwrap_or(0));
            if number == 1 {
                self.batch(
                    "CREATE SCHEMA IF NOT EXISTS fleet; \
                     CREATE TABLE fleet.migration (number integer PRIMARY KEY, name text NOT NULL, \
                     applied_at timestamptz NOT NULL DEFAULT now())",
                )?;
            }
            self.batch(sql)?;
            self.rows("INSERT INTO fleet.migration (number, name) VALUES ($1, $2)", &[&number, &name])?;
        }
        self.end("COMMIT")?;
        self.batch("SELECT pg_advisory_unlock(hashtext('mosaic fleet migration'))")
    }

    /// The schema's version; 0 when there is none.
    fn version(&mut self) -> Result<i32> {
        let there = self.rows("SELECT to_regclass('fleet.migration') IS NOT NULL", &[])?;
        if !there.first().is_some_and(|row| row.get::<_, bool>(0)) {
            return Ok(0);
        }
        let rows = self.rows("SELECT coalesce(max(number), 0) FROM fleet.migration", &[])?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }
}

async fn prepared(
    client: &Client,
    statements: &mut HashMap<String, Statement>,
    sql: &str,
) -> Result<Statement, SqlError> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql).await?;
    if statements.len() >= STATEMENTS {
        statements.clear();
    }
    statements.insert(sql.to_owned(), statement.clone());
    Ok(statement)
}
