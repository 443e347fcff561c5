//! Another host: a sandbox of its own behind a real sshd, and a gate in the link that a test can close.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::{Sandbox, answer, program, skip, wait, wait_for};

const OPEN: u8 = 0;
const FROZEN: u8 = 1;
const CUT: u8 = 2;

/// A host that is reached over ssh only.
pub(crate) struct Far {
    pub(crate) sandbox: Sandbox,
    daemon: Child,
    gate: Gate,
    keys: String,
}

impl Far {
    /// A host with a started fleet of these agents; `installed` says whether a login finds the program there.
    /// `None`, with a word, where this machine has no sshd.
    pub(crate) fn up(agents: &str, installed: bool) -> Option<Self> {
        const SSHD: &str = "/usr/sbin/sshd";
        if !std::path::Path::new(SSHD).exists() {
            skip("sshd", "no sshd is on this machine");
            return None;
        }
        let sandbox = Sandbox::with_agents(agents);
        sandbox.start();
        let dir = sandbox.root.join("ssh");
        fs::create_dir_all(&dir).unwrap();
        // sshd, as root, wants it.
        let _exists = fs::create_dir_all("/run/sshd");
        for key in ["host", "login"] {
            let made =
                answer(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(dir.join(key)));
            assert_eq!(made.code, 0, "{made:?}");
        }
        fs::copy(dir.join("login.pub"), dir.join("authorized_keys")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut env = sandbox.env();
        if installed {
            let folder = std::path::Path::new(program()).parent().unwrap().display().to_string();
            env.iter_mut()
                .filter(|(name, _)| name == "PATH")
                .for_each(|(_, value)| *value = format!("{folder}:{value}"));
        }
        let env: Vec<String> = env.into_iter().map(|(name, value)| format!("\"{name}={value}\"")).collect();
        let d = dir.display();
        let config = format!(
            "HostKey {d}/host\nAuthorizedKeysFile {d}/authorized_keys\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\nUseDNS no\nStrictModes no\n\
             PidFile none\nPrintMotd no\nPrintLastLog no\nPort {port}\nListenAddress 127.0.0.1\nSetEnv {}\n",
            env.join(" ")
        );
        fs::write(dir.join("sshd_config"), config).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let daemon = Command::new(SSHD)
            .args(["-D", "-e", "-f"])
            .arg(dir.join("sshd_config"))
            .env("TMUX_TMPDIR", sandbox.root.join("t"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let up = wait("sshd", || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(up.is_some(), "sshd: {}", fs::read_to_string(dir.join("log")).unwrap());
        let gate = Gate::before(port);
        let key = fs::read_to_string(dir.join("host.pub")).unwrap();
        let keys = format!("[127.0.0.1]:{} {key}", gate.port);
        Some(Self { sandbox, daemon, gate, keys })
    }

    /// Bytes stop on their way, in both directions.
    pub(crate) fn freeze(&self) {
        self.gate.state.store(FROZEN, Ordering::SeqCst);
    }

    /// Connections end, and no new ones come about.
    pub(crate) fn cut(&self) {
        self.gate.state.store(CUT, Ordering::SeqCst);
    }

    /// The link is whole again.
    pub(crate) fn heal(&self) {
        self.gate.state.store(OPEN, Ordering::SeqCst);
    }

    /// Connections made through the gate so far.
    pub(crate) fn connections(&self) -> usize {
        self.gate.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _gone = self.daemon.kill();
        let _reaped = self.daemon.wait();
        self.cut();
    }
}

/// Teaches a sandbox's `ssh` these hosts, by their names.
pub(crate) fn introduce(near: &Sandbox, hosts: &[(&str, &Far)]) {
    for folder in ["bin", "run"] {
        fs::create_dir_all(near.root.join(folder)).unwrap();
    }
    let config = near.root.join("ssh_config");
    let known = near.root.join("known_hosts");
    let mut text = String::new();
    let mut keys = String::new();
    for (name, far) in hosts {
        let key = far.sandbox.root.join("ssh/login");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        text.push_str(&format!(
            "Host {name}\n  HostName 127.0.0.1\n  Port {}\n  IdentityFile {}\n",
            far.gate.port,
            key.display()
        ));
        keys.push_str(&far.keys);
    }
    text.push_str(&format!(
        "Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n  UpdateHostKeys no\n",
        known.display()
    ));
    fs::write(&config, text).unwrap();
    fs::write(known, keys).unwrap();
    // ssh looks for its settings in the home of the account, whatever HOME says.
    let script = near.root.join("bin/ssh");
    fs::write(&script, format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", config.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    wait_for("a login", || {
        hosts
            .iter()
            .all(|(name, _)| answer(near.command(&script).args(["-o", "BatchMode=yes", name, "true"])).code == 0)
    });
}

/// Passes bytes between a port of its own and another, while it is open.
struct Gate {
    port: u16,
    state: Arc<AtomicU8>,
    connections: Arc<std::sync::atomic::AtomicUsize>,
}

impl Gate {
    fn before(behind: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(AtomicU8::new(OPEN));
        let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (of_thread, count) = (Arc::clone(&state), Arc::clone(&connections));
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if of_thread.load(Ordering::SeqCst) == CUT {
                    continue;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let Ok(far) = TcpStream::connect(("127.0.0.1", behind)) else { continue };
                for (from, to) in [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())] {
                    let (from, to, state) = (from.unwrap(), to.unwrap(), Arc::clone(&of_thread));
                    std::thread::spawn(move || pass(&from, &to, &state));
                }
            }
        });
        Self { port, state, connections }
    }
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, state: &AtomicU8) {
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match state.load(Ordering::SeqCst) {
            CUT => break,
            FROZEN => std::thread::sleep(Duration::from_millis(5)),
            _ => match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    // What was read at the moment of the frost waits for the thaw.
                    while state.load(Ordering::SeqCst) == FROZEN {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    if to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                }
                Err(_) => break,
            },
        }
    }
    // The other side may have ended first.
    let _ended = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
