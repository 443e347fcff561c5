//! The environment and the command of an agent's pane.
//!
//! A pane inherits the tmux server's environment, not its launcher's. So everything the runtime
//! needs, `PATH` included, is set on the session itself, whether or not the launcher has it already.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::fleet::home::Site;
use crate::fleet::roster::Agent;
use crate::fleet::runtime;
use crate::fleet::systemd::{AGENTS_SLICE, PANE_SCOPE};
use crate::fleet::tmux::Variable;

/// The variable by which an agent's processes know its name. Anybody can set it: [`super::own_agent`] says who it is.
pub const AGENT_NAME: &str = "MOSAIC_AGENT_NAME";

/// What agents call this program.
const OWN_NAME: &str = "mosaic-tui";

/// Characters that only a shell understands; a command without them is executed directly, so that
/// the runtime itself is the pane's process.
const SHELL_CHARACTERS: &str = "|&;<>()$`\\\"'*?[]#~=%!{}\n";

/// First words that no file stands for: builtins and reserved words of a POSIX shell.
const SHELL_WORDS: [&str; 34] = [
    ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "eval", "exec", "exit", "export", "fg",
    "for", "getopts", "hash", "if", "jobs", "local", "read", "readonly", "return", "set", "shift", "source", "trap",
    "type", "ulimit", "umask", "unalias", "unset", "until", "while",
];

/// Where the launcher's own settings come from.
#[derive(Debug, Clone, Default)]
pub(super) struct Launcher {
    /// Its `PATH`.
    pub path: String,
    /// `MOSAIC_RUNTIME_BIN`.
    pub runtime_bin: Option<PathBuf>,
    /// `NPM_CONFIG_PREFIX`, else the `prefix` of `~/.npmrc`.
    pub npm_prefix: Option<PathBuf>,
    /// Settings that a runtime and its hooks must share with the fleet.
    pub passed_on: Vec<(&'static str, String)>,
}

/// Variables of the launcher that reach the pane when they are set.
const PASSED_ON: [&str; 9] = [
    "MOSAIC_BACKLOG_DIR",
    "MOSAIC_ROSTER",
    "MOSAIC_HEARTBEAT_INTERVAL",
    "MOSAIC_HEARTBEAT_RUN_DIR",
    "MOSAIC_HEARTBEAT_IDLE_THRESHOLD",
    // A server that was started outside of a login has neither, and `systemd-run --user` finds its manager
    // by them.
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "LANG",
    // Where the fleet's socket lies: without it an agent reaches none of its peers.
    "TMUX_TMPDIR",
];

impl Launcher {
    /// Reads this process's environment.
    pub(super) fn of_this_process(home: &Path) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let npmrc = std::fs::read_to_string(home.join(".npmrc")).unwrap_or_default();
        let npmrc_prefix = npmrc.lines().find_map(|line| line.trim().strip_prefix("prefix=").map(str::to_owned));
        Self {
            path: variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned()),
            runtime_bin: variable("MOSAIC_RUNTIME_BIN").map(PathBuf::from),
            npm_prefix: variable("NPM_CONFIG_PREFIX").or(npmrc_prefix).map(PathBuf::from),
            passed_on: PASSED_ON.iter().filter_map(|name| Some((*name, variable(name)?))).collect(),
        }
    }
}

/// The pane's environment: the fleet's own variables, then the roster's, then the file's.
pub(super) fn variables<'a>(
    site: &'a Site,
    agent: &'a Agent,
    file: Vec<(String, String)>,
    launcher: &'a Launcher,
) -> Vec<Variable<'a>> {
    let passed_on = launcher.passed_on.iter().map(|(name, value)| (*name, value.into()));
    let own: [(&str, Cow<'_, str>); 4] = [
        // A server that was started without one hands none on, and runtimes keep their settings there.
        ("HOME", site.user_home.to_string_lossy()),
        ("MOSAIC_AGENT_CLASS", agent.class.as_str().into()),
        ("MOSAIC_AGENT_RUNTIME", agent.runtime.as_str().into()),
        // Set even when empty: what the server inherited from whoever started it would show through.
        ("MOSAIC_AGENT_MODEL", agent.model_hint.as_deref().unwrap_or_default().into()),
    ];
    let mut all: Vec<Variable<'_>> = passed_on.chain(own).map(|(name, value)| (name.into(), value)).collect();
    all.extend(agent.env.iter().map(|(name, value)| (name.into(), value.into())));
    all.extend(file.into_iter().map(|(name, value)| (name.into(), value.into())));
    // Who an agent is nobody overrides: a copied file would make it speak and claim in another's name.
    let identity: [(&str, Cow<'_, str>); 4] = [
        (AGENT_NAME, agent.name.as_str().into()),
        ("MOSAIC_HOME", site.home.to_string_lossy()),
        ("MOSAIC_TMUX_SOCKET", agent.socket.name().unwrap_or_default().into()),
        ("MOSAIC_TENANT_ID", agent.tenant_id.as_str().into()),
    ];
    all.extend(identity.map(|(name, value)| (name.into(), value)));
    // A `PATH` that somebody asked for is what the runtimes' folders stand in front of, and does not
    // replace them.
    let asked = all.iter().rposition(|(name, _)| name == "PATH").map(|at| all.remove(at).1);
    all.retain(|(name, _)| name != "PATH");
    let path = search_path(site, launcher, asked.as_deref().unwrap_or(&launcher.path));
    all.push(("PATH".into(), path.into()));
    // tmux takes the last of several; one each is easier to read in `show-environment`.
    let mut unique: Vec<Variable<'_>> = Vec::with_capacity(all.len());
    for variable in all.into_iter().rev() {
        if !unique.iter().any(|(name, _)| *name == variable.0) {
            unique.push(variable);
        }
    }
    unique.reverse();
    unique
}

/// The `PATH` that an agent's pane gets when it is started from here.
#[must_use]
pub fn pane_path(site: &Site) -> String {
    let launcher = Launcher::of_this_process(&site.user_home);
    search_path(site, &launcher, &launcher.path)
}

/// `PATH` with every existing folder where runtimes are installed in front, once each.
fn search_path(site: &Site, launcher: &Launcher, base: &str) -> String {
    let home = &site.user_home;
    let npm_bin = match &launcher.npm_prefix {
        Some(prefix) => Some(prefix.join("bin")),
        // Without a prefix of its own npm installs beside itself.
        None => crate::fleet::os::exec::find_in_path("npm", &launcher.path)
            .and_then(|npm| npm.parent().map(Path::to_owned))
            // The system's own folders in front would hide what the user installed over them.
            .filter(|folder| !["/usr/bin", "/bin"].map(Path::new).contains(&folder.as_path())),
    };
    let front = [
        launcher.runtime_bin.clone(),
        npm_bin,
        Some(home.join(".npm-global/bin")),
        Some(home.join(".local/bin")),
        Some(home.join(".cargo/bin")),
    ];
    let mut folders: Vec<PathBuf> = front.into_iter().flatten().filter(|folder| folder.is_dir()).collect();
    folders.extend(std::env::split_paths(base));
    // Agents and their hooks run this program by its name.
    if let Some(own) = site.program.parent().filter(|folder| folder.is_absolute())
        && !folders.iter().any(|folder| folder.join(OWN_NAME).is_file())
    {
        // Last, so that this program's folder hides nothing that the user has chosen.
        folders.push(own.to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    let folders = folders.iter().filter(|folder| seen.insert(folder.as_path()));
    // A folder with a colon in its name cannot stand in a `PATH`.
    std::env::join_paths(folders).map_or_else(|_| base.to_owned(), |path| path.to_string_lossy().into_owned())
}

/// Whether a command of this name is the shell's own, and no program.
#[must_use]
pub fn is_shell_word(name: &str) -> bool {
    SHELL_WORDS.contains(&name)
}

/// The pane's command as an argument vector.
#[must_use]
pub fn command(site: &Site, agent: &Agent) -> Vec<String> {
    if let Some(command) = &agent.command {
        let first = command.split_whitespace().next().unwrap_or_default();
        if command.contains(|c| SHELL_CHARACTERS.contains(c)) || is_shell_word(first) {
            return ["/bin/sh", "-c", command].map(str::to_owned).to_vec();
        }
        return command.split_whitespace().map(str::to_owned).collect();
    }
    let mut argv = vec![site.program.to_string_lossy().into_owned(), "launch".to_owned()];
    if agent.yolo && runtime::asks_before_acting(&agent.runtime) {
        argv.push("--yolo".to_owned());
    }
    if let Some(model) = &agent.model_hint {
        argv.extend(["--model".to_owned(), model.clone()]);
    }
    if let Some(channels) = &agent.channels {
        argv.extend(["--channels".to_owned(), channels.clone()]);
    }
    argv.push(agent.runtime.clone());
    argv
}

/// Sets `PATH` in the command itself: for a new session tmux takes the calling client's `PATH` over
/// the session's, whatever `-e` said. `env` executes in place.
pub(super) fn with_path(argv: Vec<String>, variables: &[Variable<'_>]) -> Vec<String> {
    let Some((_, path)) = variables.iter().find(|(name, _)| name == "PATH") else { return argv };
    let mut wrapped = vec!["/usr/bin/env".to_owned(), format!("PATH={path}")];
    wrapped.extend(argv);
    wrapped
}

/// Wraps a command so that its whole process tree lives in one scope of the user manager.
///
/// `systemd-run --scope` executes in place: the runtime stays the pane's process.
pub(super) fn in_scope(site: &Site, agent: &Agent, argv: Vec<String>) -> Vec<String> {
    // A scope name may not be reused while the old one winds down.
    let unit = format!("{PANE_SCOPE}{}-{}-{}", site.tag(), agent.name, std::process::id());
    let mut wrapped: Vec<String> = [
        "systemd-run",
        "--user",
        "--scope",
        "--quiet",
        // Else a scope that failed stays loaded until somebody resets it.
        "--collect",
        &format!("--unit={unit}"),
        &format!("--slice={AGENTS_SLICE}"),
        "--",
    ]
    .map(str::to_owned)
    .to_vec();
    wrapped.extend(argv);
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    fn agent(entry: &str) -> Agent {
        let text = format!("version: 1\ntmux: {{socket_name: s}}\nagents: [{{name: a.b, runtime: stub, {entry}}}]\n");
        roster::parse(&text, Path::new("r"), &Site::for_tests("/h")).unwrap().agents.remove(0)
    }

    fn value<'a>(variables: &'a [Variable<'_>], name: &str) -> &'a str {
        let found: Vec<_> = variables.iter().filter(|(n, _)| n == name).collect();
        assert_eq!(found.len(), 1, "{name} in {variables:?}");
        &found[0].1
    }

    #[test]
    fn the_file_wins_over_the_roster_and_both_over_the_fleet() {
        let agent = agent("class: code, model_hint: 'x/y:high', env: {A: roster, B: roster, MOSAIC_AGENT_CLASS: odd}");
        let file = vec![
            ("B".to_owned(), "file".to_owned()),
            ("EMPTY".to_owned(), String::new()),
            ("MOSAIC_AGENT_NAME".to_owned(), "other".to_owned()),
        ];
        let (site, launcher) = (Site::for_tests("/h"), Launcher::default());
        let all = variables(&site, &agent, file, &launcher);
        for (name, want) in [
            ("A", "roster"),
            ("B", "file"),
            ("EMPTY", ""),
            ("MOSAIC_AGENT_NAME", "a.b"),
            ("MOSAIC_AGENT_CLASS", "odd"),
            ("MOSAIC_AGENT_RUNTIME", "stub"),
            ("MOSAIC_AGENT_MODEL", "x/y:high"),
            ("MOSAIC_TMUX_SOCKET", "s"),
            ("MOSAIC_TENANT_ID", "tester"),
            ("MOSAIC_HOME", "/h/.config/mosaic"),
            ("HOME", "/h"),
        ] {
            assert_eq!(value(&all, name), want, "{name}");
        }
    }

    #[test]
    fn runtime_folders_stand_in_front_even_when_the_launcher_has_them() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        for dir in [".local/bin", ".cargo/bin", "npm/bin", "rt"] {
            std::fs::create_dir_all(home.join(dir)).unwrap();
        }
        let local = home.join(".local/bin").display().to_string();
        let launcher = Launcher {
            path: format!("/usr/bin:{local}"),
            runtime_bin: Some(home.join("rt")),
            npm_prefix: Some(home.join("npm")),
            passed_on: Vec::new(),
        };
        let site = Site::for_tests(&home.display().to_string());
        let agent = agent("");
        let all = variables(&site, &agent, Vec::new(), &launcher);
        let h = home.display();
        assert_eq!(value(&all, "PATH"), format!("{h}/rt:{h}/npm/bin:{local}:{h}/.cargo/bin:/usr/bin"));
    }

    #[test]
    fn a_plain_command_is_executed_and_only_a_shell_line_gets_a_shell() {
        let site = Site::for_tests("/h");
        for (entry, want) in [
            ("command: cat", vec!["cat"]),
            ("command: 'node /x/y.js --flag'", vec!["node", "/x/y.js", "--flag"]),
            ("command: exec cat", vec!["/bin/sh", "-c", "exec cat"]),
            ("command: '. ./env.sh'", vec!["/bin/sh", "-c", ". ./env.sh"]),
            ("command: 'ulimit -n 64'", vec!["/bin/sh", "-c", "ulimit -n 64"]),
            ("command: executor --x", vec!["executor", "--x"]),
            ("command: 'a && b'", vec!["/bin/sh", "-c", "a && b"]),
            ("command: 'echo $HOME'", vec!["/bin/sh", "-c", "echo $HOME"]),
            ("model_hint: m", vec!["mosaic-tui", "launch", "--model", "m", "stub"]),
            ("yolo: true", vec!["mosaic-tui", "launch", "stub"]),
        ] {
            assert_eq!(command(&site, &agent(entry)), want, "{entry}");
        }
        let pi = Agent { runtime: "pi".to_owned(), ..agent("") };
        assert_eq!(command(&site, &pi), ["mosaic-tui", "launch", "--yolo", "pi"]);
    }

    #[test]
    fn a_scope_executes_the_command_in_place() {
        let argv = in_scope(&Site::for_tests("/h"), &agent(""), vec!["x".to_owned(), "--y".to_owned()]);
        assert_eq!(argv[..2], ["systemd-run", "--user"]);
        assert_eq!(argv[argv.len() - 3..], ["--", "x", "--y"]);
    }
}
