//! One connection: made when needed, given up when it fails, bounded in time.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::error::Severity;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error as SqlError, Row};

use super::super::error::{Again, Failure, Kind, Result};
use super::super::schema::Access;
use super::super::schema::{self, Step};
use super::super::store::Progress;
use super::connect::connect;
use super::errors::explain;
use super::url::Server;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may take to answer. Locks are waited for 5 s; this is for a server that is gone without a word.
const ANSWER: Duration = Duration::from_secs(20);

/// How long a whole table may take: an import, an export, a check.
const LONG_ANSWER: Duration = Duration::from_secs(600);

/// Unit in which waiting is counted.
const MOMENT: Duration = Duration::from_secs(1);

/// What every transaction begins with. Nothing is kept in the server's session, neither settings nor locks nor prepared
/// statements: behind a pooler the next transaction may run in another, and the next client in this one.
/// Compiling a statement pays off for none here, and takes milliseconds of each while the figures of a table are not
/// known yet.
const SETTINGS: &str =
    "SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL jit = off";

/// Migrations in order; the number of the last one is the version of the schema.
const MIGRATIONS: [(&str, &str); 3] = [
    ("cards", include_str!("migrations/0001_cards.sql")),
    ("work", include_str!("migrations/0002_work.sql")),
    ("leases", include_str!("migrations/0003_leases.sql")),
];

/// A parameter, with its type: a statement without a name is sent with the types of its values.
pub(super) type Value<'a> = &'a (dyn Parameter + Sync);

/// A type whose values may be parameters.
pub(super) trait Parameter {
    /// Returns the value, and its type on the server.
    fn typed(&self) -> (&(dyn ToSql + Sync), Type);
}

macro_rules! parameters {
    ($($rust:ty: $type:ident),* $(,)?) => {$(
        impl Parameter for $rust {
            fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
                (self, Type::$type)
            }
        }
    )*};
}

parameters!(&str: TEXT, String: TEXT, Option<String>: TEXT, i32: INT4, i64: INT8, Option<i64>: INT8, Vec<&str>: TEXT_ARRAY, Vec<String>: TEXT_ARRAY);

pub(super) struct Session {
    runtime: Runtime,
    server: Server,
    client: Option<Client>,
    /// Whether a transaction is open: what follows in it must not run on another connection.
    in_transaction: bool,
    /// Whether the schema was found to be this program's, so that what is asked depends on it.
    in_use: bool,
}

impl Session {
    pub(super) fn open(server: &Server) -> Result<Self> {
        let mut server = server.clone();
        let config = &mut server.config;
        config.connect_timeout(CONNECT);
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_application_name().is_none() {
            config.application_name("mosaic-tui");
        }
        // The client sends nothing of the kind by itself; without a name the user's own database is meant.
        if config.get_user().is_none() {
            return Err(Failure::invalid("DATABASE_URL", "names no user", "write it as postgres://USER@HOST/DATABASE"));
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::new(Kind::Failed, "backlog", error.to_string(), "free some memory or file descriptors")
        })?;
        let mut session = Self { runtime, server, client: None, in_transaction: false, in_use: false };
        session.connect()?;
        Ok(session)
    }

    pub(super) fn address(&self) -> String {
        self.server.to_string()
    }

    fn connect(&mut self) -> Result<()> {
        self.client = None;
        // Whom to trust is read each time: a long life may see a new certificate, and a new authority.
        let tls = self.server.connector(&format!("backlog {}", self.address()))?;
        let Server { config, tls: asked } = &self.server;
        match self.runtime.block_on(within(ANSWER, MOMENT, connect(config, asked.mode, &tls))) {
            Some(Ok(client)) => self.client = Some(client),
            Some(Err(error)) => return Err(explain(&self.address(), &error)),
            None => return Err(self.silent(ANSWER)),
        }
        if !self.in_use {
            return Ok(());
        }
        // A restart of the server is when it is moved on, or put back to what it was. Not in use meanwhile, so that a
        // connection that is lost again asks no second time within the first.
        self.in_use = false;
        let looked = self.look_again();
        self.in_use = true;
        if looked.is_err() {
            self.client = None;
        }
        looked
    }

    /// Looks on a new connection whether the schema is still this program's.
    fn look_again(&mut self) -> Result<()> {
        let version = i64::from(self.version()?);
        match schema::step(&self.address(), version, newest(), Access::Read)? {
            Step::Use => Ok(()),
            Step::StandIn | Step::Migrate => Err(Failure::failed(
                format!("backlog {}", self.address()),
                "its tables are gone since it was opened",
                "look at the server; what uses this backlog has to be started again",
            )),
        }
    }

    fn silent(&self, limit: Duration) -> Failure {
        Failure::new(
            Kind::Failed,
            format!("backlog {}", self.address()),
            format!("did not answer for {} s", limit.as_secs()),
            "check the server and the network",
        )
    }

    /// Talks to the server; a connection that failed is given up, and the next call makes a new one.
    fn talk<T>(&mut self, limit: Duration, work: impl AsyncFnOnce(&Client) -> Result<T, SqlError>) -> Result<T> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            if self.in_transaction {
                let lost = Failure::failed(
                    format!("backlog {}", self.address()),
                    "the connection was closed in the middle; nothing was changed",
                    "try again; the server may be restarting",
                );
                return Err(Failure { again: Some(Again::Lost), ..lost });
            }
            self.connect()?;
        }
        let Some(client) = &self.client else { return Err(self.silent(limit)) };
        let answer = self.runtime.block_on(within(limit, MOMENT, work(client)));
        match answer {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => {
                let told = explain(&self.address(), &error);
                if !ends_connection(&error) {
                    return Err(told);
                }
                self.client = None;
                Err(if self.in_transaction { Failure { again: Some(Again::Lost), ..told } } else { told })
            }
            None => {
                // Its answer may still come, and would pass for that to the next question.
                self.client = None;
                Err(self.silent(limit))
            }
        }
    }

    /// Runs a query.
    pub(super) fn rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.talk(ANSWER, async |client| client.query_typed(sql, &typed(values)).await)
    }

    /// Runs a query that may read everything.
    pub(super) fn long_rows(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        self.talk(LONG_ANSWER, async |client| client.query_typed(sql, &typed(values)).await)
    }

    /// Runs a query in a transaction of its own, in one trip to the server.
    pub(super) fn rows_of_change(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let begin = format!("BEGIN; {SETTINGS}");
        self.talk(ANSWER, async |client| {
            let values = typed(values);
            // Sent in this order. After a failure the server takes the end of the transaction for its taking back.
            let (begun, rows, ended) = futures_util::future::join3(
                client.batch_execute(&begin),
                client.query_typed(sql, &values),
                client.batch_execute("COMMIT"),
            )
            .await;
            begun?;
            let rows = rows?;
            ended.map(|()| rows)
        })
    }

    /// Runs several queries in one trip to the server.
    pub(super) fn many(&mut self, queries: &[(&str, &[String])]) -> Result<Vec<Vec<Row>>> {
        self.talk(ANSWER, async |client| {
            let asked = queries.iter().map(|(sql, values)| {
                let values: Vec<Value<'_>> = values.iter().map(|value| value as Value<'_>).collect();
                async move { client.query_typed(sql, &typed(&values)).await }
            });
            futures_util::future::try_join_all(asked).await
        })
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&mut self, sql: &str) -> Result<()> {
        self.talk(LONG_ANSWER, async |client| client.batch_execute(sql).await)
    }

    /// Begins a transaction.
    pub(super) fn begin(&mut self, sql: &str) -> Result<()> {
        self.batch(&format!("{sql}; {SETTINGS}"))?;
        self.in_transaction = true;
        Ok(())
    }

    /// Ends it.
    pub(super) fn end(&mut self, sql: &str) -> Result<()> {
        let ended = self.batch(sql);
        // Also when that failed: the server has ended it, or the connection is gone.
        self.in_transaction = false;
        ended
    }

    /// Takes an open transaction back. On a connection that fails the server does it.
    pub(super) fn abandon(&mut self) {
        if self.in_transaction && self.end("ROLLBACK").is_err() {
            self.client = None;
        }
    }

    /// Prepares the schema for use; `false` if there is none, and none is to be created.
    pub(super) fn prepare(&mut self, access: Access, progress: Progress<'_>) -> Result<bool> {
        let version = i64::from(self.version()?);
        match schema::step(&self.address(), version, newest(), access)? {
            Step::Use => {}
            Step::StandIn => return Ok(false),
            Step::Migrate => self.migrate(progress)?,
        }
        self.in_use = true;
        Ok(true)
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
        // One process migrates; the others wait for it here and find nothing to do. A backend learns of new tables when
        // it first takes a lock on some table: that of a catalogue, which no migration holds.
        self.begin("BEGIN")?;
        self.batch(
            // A migration may take longer than a change may wait for a lock.
            "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(hashtext('mosaic fleet migration')); \
             SET LOCAL lock_timeout = '5s'",
        )?;
        self.batch("LOCK TABLE pg_catalog.pg_namespace IN ACCESS SHARE MODE")?;
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
        self.end("COMMIT")
    }

    /// Returns the schema's version; 0 when there is none.
    fn version(&mut self) -> Result<i32> {
        let there = self.rows("SELECT to_regclass('fleet.migration') IS NOT NULL", &[])?;
        if !there.first().is_some_and(|row| row.get::<_, bool>(0)) {
            return Ok(0);
        }
        let rows = self.rows("SELECT coalesce(max(number), 0) FROM fleet.migration", &[])?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }
}

/// Returns the version of the schema that this program makes.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Returns whether this error ends the connection.
fn ends_connection(error: &SqlError) -> bool {
    error.as_db_error().is_none_or(|told| matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic)))
}

/// Waits for an answer, but no longer than the limit; `None` then. It is counted in moments: of the time in which this
/// process was stopped (Ctrl-Z) at most one counts, and the answer that came meanwhile is still taken.
async fn within<T>(limit: Duration, moment: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = std::pin::pin!(answer);
    let mut waited = Duration::ZERO;
    while waited < limit {
        if let Ok(answer) = tokio::time::timeout(moment, answer.as_mut()).await {
            return Some(answer);
        }
        waited += moment;
    }
    None
}

fn typed<'a>(values: &[Value<'a>]) -> Vec<(&'a (dyn ToSql + Sync), Type)> {
    values.iter().map(|value| value.typed()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_in_which_this_process_was_stopped_is_not_the_servers() {
        let (limit, moment) = (Duration::from_millis(40), Duration::from_millis(20));
        let mut polls = 0;
        let stopped = std::future::poll_fn(|context| {
            polls += 1;
            if polls > 1 {
                return std::task::Poll::Ready("the answer");
            }
            // Nothing of this process runs meanwhile, as when it is stopped.
            std::thread::sleep(limit * 3);
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        });
        assert_eq!(within(limit, moment, stopped).await, Some("the answer"));
        assert_eq!(within(limit, moment, std::future::pending::<()>()).await, None);
    }
}
