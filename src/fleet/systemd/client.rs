//! The D-Bus conversation with the user manager.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use zbus::{Connection, OwnedObjectPath, OwnedVariant, connection};

use super::{AGENT_UNIT_PATTERN, agent_of_unit};
use crate::fleet::model::{UnitFacts, UnitsView};

/// The manager answers within milliseconds; a stopped one must not hold anything up.
const CALL_LIMIT: Duration = Duration::from_secs(2);

const SERVICE: &str = "org.freedesktop.systemd1";
const MANAGER_PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE_UNIT: &str = "org.freedesktop.systemd1.Service";

/// Part of an agent unit's object path; systemd escapes `-` as `_2d` and `@` as `_40`.
const AGENT_PATH_PREFIX: &str = "/org/freedesktop/systemd1/unit/mosaic_2dagent_40";

/// One row of `ListUnitsByPatterns`.
type ListedUnit = (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

/// Tells that a unit of the fleet changed, or that the connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitNotice {
    /// A unit changed state, was loaded or unloaded.
    Changed,
    /// The manager went away.
    Gone,
}

/// A connection to the user manager.
#[derive(Debug)]
pub struct UnitWatch {
    connection: Connection,
    known: HashMap<String, ([String; 3], UnitFacts)>,
}

impl UnitWatch {
    /// Connects to the user manager of this user.
    ///
    /// # Errors
    /// A fragment that says why there is none.
    pub async fn connect() -> Result<Self, String> {
        let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let bus_by_folder = runtime_dir.is_some_and(|dir| dir.join("bus").exists());
        if std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_none() && !bus_by_folder {
            return Err("no user manager here (no message bus of this user)".to_owned());
        }
        let unanswered = |why: String| format!("the user manager does not answer: {why}");
        let build = connection::Builder::session().method_timeout(CALL_LIMIT).build();
        let connection = limited(build).await.map_err(unanswered)?;
        let watch = Self { connection, known: HashMap::new() };
        // The bus may be there without a manager behind it.
        watch
            .call::<_, String>(MANAGER_PATH, "org.freedesktop.DBus.Peer", "GetMachineId", &())
            .await
            .map_err(unanswered)?;
        Ok(watch)
    }

    async fn call<B, R>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<R, String>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
        R: for<'d> zbus::zvariant::DynamicDeserialize<'d>,
    {
        let reply = limited(self.connection.call_method(Some(SERVICE), path, Some(interface), method, body)).await?;
        reply.body().deserialize::<R>().map_err(|error| format!("{method}: {error}"))
    }

    /// Subscribes to changes; notices arrive until the connection ends.
    ///
    /// # Errors
    /// When the manager refuses.
    pub async fn subscribe(&self, notices: mpsc::Sender<UnitNotice>) -> Result<(), String> {
        let mut stream = zbus::MessageStream::from(&self.connection);
        self.call::<_, ()>(MANAGER_PATH, MANAGER, "Subscribe", &()).await?;
        let rule = zbus::MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender(SERVICE)
            .build()
            .map_err(|error| error.to_string())?;
        let body = (rule.to_string(),);
        limited(self.connection.call_method(
            Some("org.freedesktop.DBus"),
            "/org/freedesktop/DBus",
            Some("org.freedesktop.DBus"),
            "AddMatch",
            &body,
        ))
        .await?;
        tokio::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                let header = message.header();
                let about_agent = header.path().is_some_and(|path| path.as_str().starts_with(AGENT_PATH_PREFIX));
                let files_changed = header.member().is_some_and(|member| {
                    matches!(member.as_str(), "UnitFilesChanged" | "Reloading" | "UnitNew" | "UnitRemoved")
                });
                if about_agent || files_changed {
                    // A full channel holds a notice already.
                    let _repeat = notices.try_send(UnitNotice::Changed);
                }
            }
            let _observer_ended = notices.send(UnitNotice::Gone).await;
        });
        Ok(())
    }

    /// Reads the fleet's units; details are asked again only for units whose state moved, unless
    /// `all` is set.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn read(&mut self, all: bool) -> Result<UnitsView, String> {
        let patterns: (Vec<&str>, Vec<&str>) = (Vec::new(), vec![AGENT_UNIT_PATTERN]);
        let listed: Vec<ListedUnit> = self.call(MANAGER_PATH, MANAGER, "ListUnitsByPatterns", &patterns).await?;
        let mut units = HashMap::new();
        let mut known = HashMap::new();
        for (name, _, load, active, sub, _, path, ..) in listed {
            let Some(agent) = agent_of_unit(&name).map(str::to_owned) else { continue };
            let state = [load, active, sub];
            let facts = match self.known.remove(&agent) {
                Some((before, facts)) if before == state && !all => facts,
                _ => self.details(&path, &state).await?,
            };
            known.insert(agent.clone(), (state, facts.clone()));
            units.insert(agent, facts);
        }
        self.known = known;
        Ok(UnitsView { units, linger: linger() })
    }

    async fn details(&self, path: &OwnedObjectPath, state: &[String; 3]) -> Result<UnitFacts, String> {
        let [load, active, sub] = state.clone();
        let unit_file_state = self.property(path, UNIT, "UnitFileState").await?;
        let main_pid = self.property(path, SERVICE_UNIT, "MainPID").await?;
        let n_restarts = self.property(path, SERVICE_UNIT, "NRestarts").await?;
        Ok(UnitFacts {
            load,
            active,
            sub,
            unit_file_state: String::try_from(unit_file_state).unwrap_or_default(),
            main_pid: u32::try_from(main_pid).unwrap_or(0),
            n_restarts: u32::try_from(n_restarts).unwrap_or(0),
        })
    }

    async fn property(&self, path: &OwnedObjectPath, interface: &str, name: &str) -> Result<OwnedVariant, String> {
        self.call(path.as_str(), "org.freedesktop.DBus.Properties", "Get", &(interface, name)).await
    }
}

async fn limited<T>(call: impl Future<Output = zbus::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", CALL_LIMIT.as_secs())),
    }
}

/// Whether the user lingers; logind keeps one file per lingering user (see loginctl(1)).
fn linger() -> Option<bool> {
    let folder = Path::new("/var/lib/systemd/linger");
    let user = crate::fleet::home::user_name();
    folder.parent().filter(|parent| parent.exists()).map(|_| folder.join(user).exists())
}
