//! The fleet's life on a real systemd user manager: installed, started, broken in many ways, rebooted.

mod breaks;
mod installation;
mod killed;
mod neighbours;
mod reboot;
mod restarts;
mod rosters;
mod screen;
mod supervisors;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Answer, Sandbox, UserManager, program, wait};

/// A sandbox with a user manager of its own.
pub(crate) struct Host {
    pub(crate) sandbox: Sandbox,
    pub(crate) manager: UserManager,
}

impl Host {
    /// One with these agents in its roster; `None` where no manager can be had.
    pub(crate) fn with_agents(agents: &str) -> Option<Self> {
        let sandbox = Sandbox::with_agents(agents);
        let manager = UserManager::start(&sandbox)?;
        Some(Self { sandbox, manager })
    }

    /// One with the roster that a sandbox has; `None` where no manager can be had.
    pub(crate) fn of(sandbox: Sandbox) -> Option<Self> {
        let manager = UserManager::start(&sandbox)?;
        Some(Self { sandbox, manager })
    }

    /// The same with the fleet installed and started.
    pub(crate) fn running(agents: &str) -> Option<Self> {
        let host = Self::with_agents(agents)?;
        host.ok(&["fleet", "install"]);
        host.ok(&["fleet", "start"]);
        Some(host)
    }

    /// Runs any program as the operator would.
    pub(crate) fn run(&self, name: &str, args: &[&str]) -> Answer {
        self.manager.run(&self.sandbox, name, args)
    }

    /// Runs ours.
    pub(crate) fn fleet(&self, args: &[&str]) -> Answer {
        self.run(program(), args)
    }

    /// Runs ours, which must succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> Answer {
        let answer = self.fleet(args);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer
    }

    /// Runs `systemctl --user`, which must succeed.
    pub(crate) fn systemctl(&self, args: &[&str]) -> String {
        let all: Vec<&str> = std::iter::once("--user").chain(args.iter().copied()).collect();
        let answer = self.run("systemctl", &all);
        assert_eq!(answer.code, 0, "systemctl {args:?}: {answer:?}");
        answer.stdout
    }

    /// State of an agent's unit: `active`, `failed`, ...
    pub(crate) fn unit(&self, agent: &str) -> String {
        let unit = format!("mosaic-agent@{agent}.service");
        self.run("systemctl", &["--user", "is-active", &unit]).stdout.trim().to_owned()
    }

    /// All rows by name.
    pub(crate) fn rows(&self) -> BTreeMap<String, Value> {
        let answer = self.fleet(&["fleet", "ps", "--json"]);
        let rows = answer.json();
        rows.as_array().unwrap().iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row.clone())).collect()
    }

    pub(crate) fn row(&self, name: &str) -> Value {
        self.rows().remove(name).unwrap_or_else(|| panic!("no row of {name}"))
    }

    /// Waits until a row is as wanted.
    pub(crate) fn wait_row(&self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        wait("row", || {
            last = self.row(name);
            wanted(&last).then(|| last.clone())
        })
        .unwrap_or_else(|| panic!("{name} stays {last:#}"))
    }

    /// Pids of the agents' pane processes, of those that live.
    pub(crate) fn panes(&self) -> BTreeMap<String, u64> {
        self.rows()
            .into_iter()
            .filter(|(_, row)| row["pane"]["dead"] == false && row["process"]["alive"] == true)
            .map(|(name, row)| (name, row["pane"]["pid"].as_u64().unwrap()))
            .collect()
    }

    /// Waits until these agents live and are healthy; their pane pids.
    pub(crate) fn wait_healthy(&self, names: &[&str]) -> BTreeMap<String, u64> {
        let mut rows = BTreeMap::new();
        wait("a healthy fleet", || {
            rows = self.rows();
            let healthy = |name: &&str| {
                rows.get(*name).is_some_and(|row| row["health"] == "healthy" && row["pane"]["dead"] == false)
            };
            names.iter().all(healthy).then_some(())
        })
        .unwrap_or_else(|| panic!("never healthy: {rows:#?}"));
        self.panes()
    }

    /// Pids of the processes whose command line holds a word.
    pub(crate) fn pids_with(&self, word: &str) -> Vec<u32> {
        self.sandbox
            .pids()
            .into_iter()
            .filter(|pid| {
                mosaic_tui::fleet::os::process::argv(*pid).is_some_and(|argv| argv.iter().any(|arg| arg == word))
            })
            .filter(|pid| mosaic_tui::fleet::os::process::is_alive(*pid))
            .collect()
    }

    /// Pid of an agent's keeper.
    pub(crate) fn keeper(&self, agent: &str) -> u32 {
        // It is written anew by each keeper, and empty for a moment.
        let read =
            || fs::read_to_string(self.sandbox.run_file(&format!("{agent}.lock"))).ok()?.lines().next()?.parse().ok();
        wait("a keeper's pid", read).unwrap()
    }

    /// Pid of the fleet's tmux server.
    pub(crate) fn server(&self) -> u32 {
        self.sandbox.tmux(&["display-message", "-p", "#{pid}"]).parse().unwrap()
    }
}

/// Every file and folder below one, with a file's length.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            // What happened stays in the history.
            if path.ends_with("fleet/activity") {
                continue;
            }
            if path.is_dir() {
                all.push(format!("{}/", path.display()));
                open.push(path);
            } else {
                all.push(format!("{} {}", path.display(), fs::read_to_string(&path).map_or(0, |text| text.len())));
            }
        }
    }
    all.sort();
    all
}
