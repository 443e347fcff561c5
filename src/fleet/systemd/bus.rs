//! The D-Bus conversation with the user manager: connection, calls, signals (see org.freedesktop.systemd1(5)).

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, connection};

use super::BusError;
use crate::fleet::model::{Label, SystemState, UnitFacts};

/// The manager answers within milliseconds; a stopped one must not hold anything up.
const CALL_LIMIT: Duration = Duration::from_secs(2);

/// Reading all unit files again is the one call that may take longer on a busy machine.
const RELOAD_LIMIT: Duration = Duration::from_secs(30);

/// Ends of jobs that wait to be looked at; a whole fleet's at once is fewer.
const JOB_SIGNALS: usize = 1024;

/// The bus's own name of an error.
const NO_SUCH_UNIT: &str = "org.freedesktop.systemd1.NoSuchUnit";

/// Where the manager itself listens, in the folder of the user's sockets.
const MANAGER_SOCKET: &str = "systemd/private";

const SERVICE: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE_UNIT: &str = "org.freedesktop.systemd1.Service";

/// One row of `ListUnitsByPatterns`.
pub(super) type ListedUnit =
    (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// A connection to the user manager through the user's message bus.
#[derive(Debug, Clone)]
pub(super) struct Bus {
    connection: Connection,
    /// Whether the manager was asked for its signals; a second time is an error.
    subscribed: Arc<OnceCell<()>>,
}

impl Bus {
    /// Connects, and proves that a manager answers.
    pub(super) async fn connect() -> Result<Self, BusError> {
        let address = address().ok_or(BusError::NoBus)?;
        Self::connect_to(&address, &runtime_folder().join(MANAGER_SOCKET), CALL_LIMIT).await
    }

    /// Connects to the bus at an address; `own` is where the manager itself listens.
    async fn connect_to(address: &str, own: &Path, limit: Duration) -> Result<Self, BusError> {
        // The longest of the limits; each call is cut off earlier by its own.
        let build = async { connection::Builder::address(address).method_timeout(RELOAD_LIMIT).build().await };
        let connection = match tokio::time::timeout(limit, build).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) if has_no_listener(&error) => return Err(unheard(&error, own).await),
            Ok(Err(error)) => return Err(BusError::Silent(error.to_string())),
            Err(_) => return Err(BusError::Silent(format!("no answer within {} s", limit.as_secs()))),
        };
        let bus = Self { connection, subscribed: Arc::default() };
        // The bus may be there without a manager behind it.
        let peer = "org.freedesktop.DBus.Peer";
        let asked = bus.connection.call_method(Some(SERVICE), MANAGER_PATH, Some(peer), "GetMachineId", &());
        let nobody = |error: &zbus::Error| format!("no user manager is on this user's message bus: {error}");
        match tokio::time::timeout(limit, asked).await {
            Ok(Ok(_)) => Ok(bus),
            Ok(Err(error)) if is_nobody(&error) => Err(BusError::Refused(nobody(&error))),
            Ok(Err(error)) => Err(BusError::Silent(error.to_string())),
            Err(_) => Err(BusError::Silent(format!("no answer within {} s", limit.as_secs()))),
        }
    }

    /// Calls a method of the manager itself.
    pub(super) async fn call<B, R>(&self, method: &str, body: &B) -> Result<R, BusError>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let limit =
            if matches!(method, "Reload" | "EnableUnitFiles" | "DisableUnitFiles") { RELOAD_LIMIT } else { CALL_LIMIT };
        self.ask(limit, MANAGER_PATH, MANAGER, method, body).await
    }

    async fn ask<B, R>(
        &self,
        limit: Duration,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<R, BusError>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let reply =
            limited(limit, self.connection.call_method(Some(SERVICE), path, Some(interface), method, body)).await?;
        reply.body().deserialize::<R>().map_err(|error| BusError::Refused(format!("{method}: {error}")))
    }

    /// Every signal that the manager sends from now on.
    pub(super) async fn signals(&self) -> Result<zbus::MessageStream, BusError> {
        // Before the subscription: signals may arrive right behind its answer.
        let stream = zbus::MessageStream::from(&self.connection);
        self.subscribed.get_or_try_init(|| self.subscribe()).await?;
        Ok(stream)
    }

    /// The ends of all jobs from now on, in a queue of their own: a busy manager sends hundreds of other
    /// signals, and a full queue would hold up the very answer that is waited for.
    pub(super) async fn ended_jobs(&self) -> Result<zbus::MessageStream, BusError> {
        self.subscribed.get_or_try_init(|| self.subscribe()).await?;
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(SERVICE)
            .member("JobRemoved")
            .build()
            .map_err(|error| error.to_string())?;
        limited(CALL_LIMIT, zbus::MessageStream::for_match_rule(rule, &self.connection, NonZeroUsize::new(JOB_SIGNALS)))
            .await
    }

    async fn subscribe(&self) -> Result<(), BusError> {
        self.call::<_, ()>("Subscribe", &()).await?;
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(SERVICE)
            .build()
            .map_err(|error| error.to_string())?;
        // A stream of the whole connection asks the bus for nothing, which passes signals on only by a rule.
        let body = (rule.to_string(),);
        let bus = "org.freedesktop.DBus";
        let added = self.connection.call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "AddMatch", &body);
        limited(CALL_LIMIT, added).await.map(drop)
    }

    /// Loaded units whose name matches one of the patterns.
    pub(super) async fn list(&self, patterns: &[&str]) -> Result<Vec<ListedUnit>, BusError> {
        let states: Vec<&str> = Vec::new();
        self.call("ListUnitsByPatterns", &(states, patterns)).await
    }

    /// What is asked of one unit beside its state.
    pub(super) async fn details(&self, path: &str, state: &[String; 3]) -> Result<UnitFacts, BusError> {
        let [load, active, sub] = state.clone();
        let text = |value: OwnedVariant| String::try_from(value).unwrap_or_default();
        let number = |value: OwnedVariant| u32::try_from(value).unwrap_or(0);
        // Not by `GetAll`, for which the manager puts some two hundred properties together; all at once, which is
        // one round trip.
        let (unit_file_state, main_pid, n_restarts, result, status_text) = tokio::try_join!(
            self.property(path, UNIT, "UnitFileState"),
            self.property(path, SERVICE_UNIT, "MainPID"),
            self.property(path, SERVICE_UNIT, "NRestarts"),
            self.property(path, SERVICE_UNIT, "Result"),
            self.property(path, SERVICE_UNIT, "StatusText"),
        )?;
        Ok(UnitFacts {
            load: load.into(),
            active: active.into(),
            sub: sub.into(),
            unit_file_state: text(unit_file_state).into(),
            main_pid: number(main_pid),
            n_restarts: number(n_restarts),
            result: text(result).into(),
            status_text: Label::new(&text(status_text)),
            log: Vec::new(),
        })
    }

    /// What the manager itself is doing.
    pub(super) async fn system_state(&self) -> Result<SystemState, BusError> {
        let state = self.property(MANAGER_PATH, MANAGER, "SystemState").await?;
        Ok(String::try_from(state).unwrap_or_default().into())
    }

    async fn property(&self, path: &str, interface: &str, name: &str) -> Result<OwnedVariant, BusError> {
        self.ask(CALL_LIMIT, path, "org.freedesktop.DBus.Properties", "Get", &(interface, name)).await
    }
}

/// Where the user's bus listens: the environment's word, else its usual place, which `su`, `cron` and
/// agents' panes do not know of.
fn address() -> Option<String> {
    if let Ok(address) = std::env::var("DBUS_SESSION_BUS_ADDRESS")
        && !address.is_empty()
        && !is_of_the_past(&address)
    {
        return Some(address);
    }
    let bus = runtime_folder().join("bus");
    bus.exists().then(|| format!("unix:path={}", bus.display()))
}

/// Where this user's sockets are.
fn runtime_folder() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .map_or_else(|| format!("/run/user/{}", rustix::process::getuid().as_raw()).into(), PathBuf::from)
}

/// Whether nobody listens at the bus's address, or it names no place at all.
fn has_no_listener(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::Connection(why, _) => is_nobodys(why),
        zbus::Error::Address(_) => true,
        _ => false,
    }
}

/// Whether a socket has nobody who listens: its file is left over, or gone.
fn is_nobodys(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}

/// What it means that nobody listens at the bus: the manager ended with it, or it goes on without one.
async fn unheard(error: &zbus::Error, own: &Path) -> BusError {
    match tokio::time::timeout(CALL_LIMIT, tokio::net::UnixStream::connect(own)).await {
        Ok(Err(why)) if is_nobodys(&why) => BusError::Unheard(error.to_string()),
        // Whatever else it says, somebody may be there, who may start again what is ended behind its back.
        _ => BusError::Silent(format!("it runs, and its message bus is gone: {error}")),
    }
}

/// Whether it names a socket that is gone: a tmux server keeps the variable of the login that it was started in.
fn is_of_the_past(address: &str) -> bool {
    let path = address.strip_prefix("unix:path=").and_then(|rest| rest.split([',', ';']).next());
    path.is_some_and(|path| !path.contains('%') && !Path::new(path).exists())
}

/// Whether the bus itself says that nobody is on it under that name.
fn is_nobody(error: &zbus::Error) -> bool {
    use zbus::fdo::Error;
    let zbus::Error::FDO(error) = error else { return false };
    // Where the bus knows of a program by that name it tries to start it, which for the manager fails by design.
    matches!(
        **error,
        Error::ServiceUnknown(_) | Error::NameHasNoOwner(_) | Error::SpawnChildExited(_) | Error::SpawnFailed(_)
    )
}

pub(super) async fn limited<T>(limit: Duration, call: impl Future<Output = zbus::Result<T>>) -> Result<T, BusError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(answer)) => Ok(answer),
        // The bus's own name of the error says nothing to an operator.
        Ok(Err(zbus::Error::MethodError(name, Some(text), _))) if name.as_str() == NO_SUCH_UNIT => {
            Err(BusError::NotLoaded(text))
        }
        Ok(Err(zbus::Error::MethodError(_, Some(text), _))) => Err(BusError::Refused(text)),
        Ok(Err(error)) => Err(BusError::Refused(error.to_string())),
        Err(_) => Err(BusError::Refused(format!("no answer within {} s", limit.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// All that an answer may take here.
    const LIMIT: Duration = Duration::from_secs(1);

    /// A folder with the sockets of a user: a bus, a manager; each heard, left over or never there.
    async fn connect(bus: Option<bool>, manager: Option<bool>) -> BusError {
        let folder = tempfile::tempdir().unwrap();
        let socket = |name: &str, is_heard: Option<bool>| {
            let path = folder.path().join(name);
            let heard = is_heard.map(|heard| (heard, UnixListener::bind(&path).unwrap()));
            // The file stays when its listener is closed.
            (path, heard.filter(|(heard, _)| *heard))
        };
        let (bus, _heard) = socket("bus", bus);
        let (own, _heard_too) = socket("private", manager);
        Bus::connect_to(&format!("unix:path={}", bus.display()), &own, LIMIT).await.unwrap_err()
    }

    #[tokio::test]
    async fn a_bus_that_nobody_listens_at_is_no_manager_that_hangs() {
        for (bus, manager) in [(Some(false), None), (Some(false), Some(false)), (None, None)] {
            let why = connect(bus, manager).await;
            assert!(matches!(why, BusError::Unheard(_)), "{bus:?} {manager:?}: {why:?}");
        }
        let named = Bus::connect_to("disabled:", Path::new("/nowhere/private"), LIMIT).await.unwrap_err();
        assert!(matches!(named, BusError::Unheard(_)), "{named:?}");
    }

    #[tokio::test]
    async fn a_manager_that_lost_its_bus_is_there_all_the_same() {
        for bus in [Some(false), None] {
            let why = connect(bus, Some(true)).await;
            assert!(matches!(&why, BusError::Silent(why) if why.contains("its message bus is gone")), "{why:?}");
        }
    }

    #[tokio::test]
    async fn a_bus_that_takes_a_connection_and_says_nothing_hangs() {
        let why = connect(Some(true), None).await;
        assert_eq!(why, BusError::Silent("no answer within 1 s".to_owned()));
    }
}
