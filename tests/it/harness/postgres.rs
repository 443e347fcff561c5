//! A real PostgreSQL server: the one that `MOSAIC_TEST_DATABASE_URL` names, else one of the test's own.
//! Each test works in a database of its own.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{kill, wait_for};

/// Password of the server that a test starts; it must appear nowhere.
pub(crate) const PASSWORD: &str = "hunter2secret";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database, and the server it lives on when that is the test's own.
pub(crate) struct Database {
    server: Option<Server>,
    admin: String,
    name: String,
}

/// A server of a test's own; killed with the test's process, whatever ends it.
pub(crate) struct Server {
    folder: PathBuf,
    port: u16,
    process: Option<Child>,
    /// Beside the usual ones.
    settings: Vec<String>,
}

impl Database {
    /// A new, empty database.
    pub(crate) fn new() -> Self {
        match std::env::var("MOSAIC_TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => Self::on(None, url),
            _ => Self::on_own_server(),
        }
    }

    /// A new database on a server that this test may stop and start.
    pub(crate) fn on_own_server() -> Self {
        let server = Server::start();
        let url = server.url("postgres");
        Self::on(Some(server), url)
    }

    fn on(server: Option<Server>, admin: String) -> Self {
        let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let database = Self { server, admin, name };
        database.psql_admin(&format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Its URL, password included.
    pub(crate) fn url(&self) -> String {
        let (front, _) = self.admin.rsplit_once('/').unwrap();
        format!("{front}/{}", self.name)
    }

    pub(crate) fn server(&mut self) -> &mut Server {
        self.server.as_mut().unwrap()
    }

    /// Runs SQL in it; rows as psql prints them.
    pub(crate) fn psql(&self, sql: &str) -> String {
        psql(&self.url(), sql)
    }

    fn psql_admin(&self, sql: &str) {
        psql(&self.admin, sql);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server.is_none() {
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
            // A failing test says why by itself.
            let _left = Command::new("psql").args(["-X", "-q", "-d", &self.admin, "-c", &sql]).output();
        }
    }
}

fn psql(url: &str, sql: &str) -> String {
    let output =
        Command::new("psql").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A pooler before a database: each transaction runs in whichever of two sessions is free.
pub(crate) struct Pooler {
    _folder: tempfile::TempDir,
    port: u16,
    process: Child,
}

impl Pooler {
    /// Starts it and waits until it answers.
    pub(crate) fn before(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // user:password@host:port/database
        let url = database.url();
        let (_, rest) = url.split_once("://").unwrap();
        let (front, name) = rest.rsplit_once('/').unwrap();
        let (account, address) = front.rsplit_once('@').unwrap();
        let (user, password) = account.split_once(':').unwrap_or((account, ""));
        let (host, server_port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        let host = host.replace("%2F", "/");
        let ini = format!(
            "[databases]\n{name} = host={host} port={server_port} user={user} password={password}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = transaction\ndefault_pool_size = 2\n"
        );
        let path = folder.path().join("pgbouncer.ini");
        fs::write(&path, ini).unwrap();
        if rustix::process::getuid().is_root() {
            let done = Command::new("chown").args(["-R", "postgres:"]).arg(folder.path()).status().unwrap();
            assert!(done.success());
        }
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists());
        let program = program.unwrap_or_else(|| panic!("pgbouncer is needed; scripts/test installs it"));
        let process = as_server_user(Path::new(program)).arg(&path).spawn().unwrap();
        let pooler = Self { _folder: folder, port, process };
        let url = pooler.url(database);
        wait_for("the pooler answers", || {
            Command::new("psql").args(["-X", "-q", "-d", &url, "-c", "SELECT 1"]).output().unwrap().status.success()
        });
        pooler
    }

    /// The database's URL by way of it.
    pub(crate) fn url(&self, database: &Database) -> String {
        format!("postgres://anyone@127.0.0.1:{}/{}", self.port, database.name)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        kill(self.process.id(), rustix::process::Signal::KILL);
        let _status = self.process.wait();
    }
}

/// Folder of the newest server programs.
fn programs() -> PathBuf {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .chain(std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect::<Vec<_>>())
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("PostgreSQL is needed; scripts/test installs it"))
}

/// The server refuses to run as root; its own user runs it there.
fn as_server_user(program: &Path) -> Command {
    let mut command = if rustix::process::getuid().is_root() {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig", "INT", "--"])
            .arg(program);
        command
    } else {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
    };
    command.current_dir("/").env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Takes away folders of servers whose test process was killed; the servers ended with it.
fn sweep() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("mitpg-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _another_did = fs::remove_dir_all(entry.path());
        }
    }
}

impl Server {
    fn start() -> Self {
        sweep();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("mitpg-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        if rustix::process::getuid().is_root() {
            let done = Command::new("chown").arg("postgres:").arg(&folder).status().unwrap();
            assert!(done.success());
        }
        let secret = folder.join("secret");
        fs::write(&secret, PASSWORD).unwrap();
        let made = as_server_user(&programs().join("initdb"))
            .args(["-A", "scram-sha-256", "-U", "app", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
            .arg(folder.join("data"))
            .arg(format!("--pwfile={}", secret.display()))
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder, port, process: None, settings: Vec::new() };
        server.up();
        server
    }

    /// Starts it and waits until it answers.
    pub(crate) fn up(&mut self) {
        let mut command = as_server_user(&programs().join("postgres"));
        command.arg("-D").arg(self.folder.join("data")).args(["-p", &self.port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=60",
        ] {
            command.args(["-c", setting]);
        }
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command.process_group(0);
        self.process = Some(command.spawn().unwrap());
        let url = self.url("postgres");
        wait_for("the server answers", || {
            Command::new("psql").args(["-X", "-q", "-d", &url, "-c", "SELECT 1"]).output().unwrap().status.success()
        });
    }

    /// Starts it anew with these settings beside the usual ones.
    pub(crate) fn anew_with(&mut self, settings: &[&str]) {
        self.down();
        self.settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        self.up();
    }

    /// Where its sockets may lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it listens on loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Puts a file into the folder of its data, where settings look for it.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.folder.join("data").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if rustix::process::getuid().is_root() {
            let done = Command::new("chown").arg("postgres:").arg(&path).status().unwrap();
            assert!(done.success());
        }
    }

    /// Stops it at once, as a crash would.
    pub(crate) fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Quit is PostgreSQL's immediate shutdown.
            kill(process.id(), rustix::process::Signal::QUIT);
            let _status = process.wait();
        }
    }

    /// Freezes every process of it, or lets them go on.
    pub(crate) fn freeze(&self, signal: rustix::process::Signal) {
        let group =
            rustix::process::Pid::from_raw(i32::try_from(self.process.as_ref().unwrap().id()).unwrap()).unwrap();
        rustix::process::kill_process(group, signal).unwrap();
        for child in children(group.as_raw_nonzero().get()) {
            if let Some(pid) = rustix::process::Pid::from_raw(child) {
                let _gone = rustix::process::kill_process(pid, signal);
            }
        }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://app:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }
}

fn children(parent: i32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
        let _left = fs::remove_dir_all(&self.folder);
    }
}
