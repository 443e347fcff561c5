//! A real systemd user manager in a control group and a mount namespace of its own, for tests.
//!
//! PID 1 need not be systemd: the manager only has to see `/run/systemd/system`, which is hidden from
//! the rest of the machine by the namespace. Needs root and the packages systemd and dbus.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Answer, Sandbox, answer, skip, wait_for};

/// A user manager that can be ended and started again, like the machine below it.
pub(crate) struct UserManager {
    child: Child,
    group: PathBuf,
    runtime_dir: PathBuf,
}

/// Hidden below the manager: what says that the machine runs systemd, and who lingers.
const SCRIPT: &str = "echo $$ > \"$GROUP/manager/cgroup.procs\" && exec unshare --mount --propagation private sh -c \
                      'mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/systemd/system /var/lib/systemd && \
                      mount -t tmpfs -o mode=755 tmpfs /var/lib/systemd && mkdir /var/lib/systemd/linger && \
                      touch /var/lib/systemd/linger/$(id -un) && exec /lib/systemd/systemd --user'";

impl UserManager {
    /// Starts one for a sandbox; `None`, with the reason on stderr, where this machine cannot.
    pub(crate) fn start(sandbox: &Sandbox) -> Option<Self> {
        let missing = |what: &str| {
            skip("user-manager", what);
            None
        };
        if !rustix::process::getuid().is_root() {
            return missing("only root may make a control group for a manager");
        }
        for program in ["/lib/systemd/systemd", "/usr/bin/dbus-daemon", "/usr/bin/systemd-run"] {
            if !Path::new(program).exists() {
                return missing(&format!("{program} is not installed"));
            }
        }
        let root = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(Path::new);
        let Some(root) = root.into_iter().find(|root| root.join("cgroup.procs").exists()) else {
            return missing("no unified control group hierarchy");
        };
        let name = sandbox.root.file_name().unwrap();
        let group = root.join(name);
        let made = ["", "callers", "manager"].iter().try_for_each(|name| fs::create_dir(group.join(name)));
        if made.is_err() {
            return missing("the control group hierarchy cannot be written");
        }
        let runtime_dir = sandbox.root.join("run");
        let child = spawn(sandbox, &group, &runtime_dir);
        let manager = Self { child, group, runtime_dir };
        let first = manager.run(sandbox, "systemctl", &["--user", "is-active", "default.target"]);
        if first.stderr.contains("chroot") {
            return missing("systemctl talks to no manager from inside a chroot");
        }
        manager.wait_until_up(sandbox);
        Some(manager)
    }

    fn wait_until_up(&self, sandbox: &Sandbox) {
        wait_for("the user manager", || {
            let state = self.run(sandbox, "systemctl", &["--user", "is-active", "default.target"]);
            state.stdout.trim() == "active"
        });
    }

    /// Shuts everything down in order and boots again.
    pub(crate) fn reboot(&mut self, sandbox: &Sandbox) {
        let exit = self.run(sandbox, "systemctl", &["--user", "exit"]);
        assert_eq!(exit.code, 0, "{exit:?}");
        let _status = self.child.wait();
        self.power_cut(sandbox);
    }

    /// Kills everything at once and boots again.
    pub(crate) fn power_cut(&mut self, sandbox: &Sandbox) {
        self.kill_all();
        self.child = spawn(sandbox, &self.group, &self.runtime_dir);
        self.wait_until_up(sandbox);
    }

    fn kill_all(&mut self) {
        let _gone = fs::write(self.group.join("cgroup.kill"), "1");
        let _reaped = self.child.wait();
        let events = self.group.join("cgroup.events");
        let empty = || fs::read_to_string(&events).is_ok_and(|text| text.contains("populated 0"));
        super::wait("an empty control group", || empty().then_some(()));
    }

    /// Pid of the manager.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs a program as the manager's user would.
    pub(crate) fn run(&self, sandbox: &Sandbox, program: &str, args: &[&str]) -> Answer {
        answer(&mut self.command(sandbox, program, args))
    }

    /// The same, not yet started.
    pub(crate) fn command(&self, sandbox: &Sandbox, program: &str, args: &[&str]) -> Command {
        let mut command = sandbox.command("sh");
        command
            .args([
                "-c",
                "echo $$ > \"$GROUP/callers/cgroup.procs\"; exec nsenter -t \"$MANAGER\" -m -w\"$PWD\" -- \"$@\"",
                "sh",
                program,
            ])
            .args(args)
            .envs(self.env());
        command
    }

    /// Words that run a program inside, for a terminal.
    pub(crate) fn env(&self) -> Vec<(String, String)> {
        [
            ("GROUP", self.group.display().to_string()),
            ("MANAGER", self.child.id().to_string()),
            ("XDG_RUNTIME_DIR", self.runtime_dir.display().to_string()),
            ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/bus", self.runtime_dir.display())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}

/// Boots a manager.
fn spawn(sandbox: &Sandbox, group: &Path, runtime_dir: &Path) -> Child {
    let _gone = fs::remove_dir_all(runtime_dir);
    fs::create_dir(runtime_dir).unwrap();
    sandbox
        .command("sh")
        .args(["-c", SCRIPT])
        .env("GROUP", group)
        .env("XDG_RUNTIME_DIR", runtime_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for UserManager {
    fn drop(&mut self) {
        self.kill_all();
        remove(&self.group);
    }
}

/// Control groups are removed from the inside out, as folders.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove(&entry.path());
        }
    }
    let _gone = fs::remove_dir(group);
}
