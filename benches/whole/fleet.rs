//! A real fleet of stubs in a folder of its own, and what is asked of it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::harness::{Pty, Sandbox, answer, program, wait_for};
use crate::meter;

/// Beats as in the field, where the tests beat faster; and nothing waits for its turn to start.
const LIKE_THE_FIELD: [(&str, &str); 3] =
    [("MOSAIC_HEARTBEAT_INTERVAL", "15"), ("MOSAIC_START_SPACING", "0"), ("COLORTERM", "truecolor")];

/// The terminal of all measurements.
pub(crate) const SIZE: (u16, u16) = (200, 50);

/// A fleet.
pub(crate) struct Fleet {
    pub(crate) sandbox: Sandbox,
    pub(crate) agents: usize,
}

impl Fleet {
    /// Starts so many stubs; each does by itself what `script` says of its number.
    pub(crate) fn start(agents: usize, script: impl Fn(usize) -> &'static str) -> Self {
        let list: String = (0..agents)
            .map(|at| {
                let script = script(at);
                let env = if script.is_empty() {
                    String::new()
                } else {
                    format!(", env: {{MOSAIC_STUB_SCRIPT: \"{script}\"}}")
                };
                format!("  - {{name: a{at:03}, class: worker{env}}}\n")
            })
            .collect();
        let fleet = Self { sandbox: Sandbox::with_agents(&list), agents };
        let started = fleet.sandbox.run_with(&["fleet", "start"], &LIKE_THE_FIELD);
        assert_eq!(started.code, 0, "{}", started.stderr);
        // Each has told its keeper by then that it is at rest, or at work.
        wait_for("the fleet is up", || fleet.in_state("dead") + fleet.in_state("unknown") == 0);
        fleet
    }

    fn in_state(&self, state: &str) -> usize {
        let rows = self.command(&["fleet", "ps", "--json"]).stdout(Stdio::piped()).output().unwrap().stdout;
        let rows: serde_json::Value = serde_json::from_slice(&rows).unwrap();
        rows.as_array().unwrap().iter().filter(|row| row["readiness"] == state).count()
    }

    /// The program with these words.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.other(program(), words)
    }

    /// Any program, as this fleet's operator would run it.
    pub(crate) fn other(&self, name: &str, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(name);
        command.args(words).envs(LIKE_THE_FIELD).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Opens the dashboard as for the first time.
    pub(crate) fn open(&self) -> Pty {
        self.sandbox.open_with(&[], &LIKE_THE_FIELD, SIZE.0, SIZE.1)
    }

    /// Where looks leave the screens that they read.
    pub(crate) fn screens(&self) -> PathBuf {
        self.sandbox.run_file("_screens")
    }

    /// The tmux server's pid.
    pub(crate) fn server(&self) -> u32 {
        self.sandbox.tmux(&["display-message", "-p", "#{pid}"]).parse().unwrap()
    }

    /// Session and process of each pane.
    pub(crate) fn panes(&self) -> Vec<(String, u32)> {
        let list = self.sandbox.tmux(&["list-panes", "-a", "-F", "#{session_name} #{pane_pid}"]);
        list.lines()
            .filter_map(|line| line.split_once(' ').map(|(name, pid)| (name.to_owned(), pid.parse().unwrap())))
            .collect()
    }

    /// Programs that a command starts, as the kernel counts them; `None` without strace.
    pub(crate) fn forks(&self, words: &[&str]) -> Option<usize> {
        let trace = self.sandbox.root.join("trace");
        let mut all = vec!["-f", "-qq", "-e", "trace=execve", "-o", trace.to_str().unwrap(), program()];
        all.extend(words);
        let status = self.other("strace", &all).status().ok()?;
        assert!(status.success(), "{words:?}");
        let text = std::fs::read_to_string(trace).unwrap();
        // The first is the program itself.
        Some(text.lines().filter(|line| line.contains("execve") && line.ends_with("= 0")).count() - 1)
    }

    /// The tmux commands of one observation, as a shell would give them: the list of panes, and every screen.
    pub(crate) fn queries(&self) -> [String; 2] {
        let list = "exec tmux -u -N -L it list-panes -a -F '#{pane_id} #{pane_pid} #{pane_dead} #{pane_width} \
                    #{window_activity} #{session_name} #{pane_title}' >/dev/null";
        let ids = self.sandbox.tmux(&["list-panes", "-a", "-F", "#{pane_id}"]);
        let captures: Vec<String> = ids.lines().map(|id| format!("capture-pane -p -e -t {id}")).collect();
        let file = self.sandbox.root.join("captures");
        std::fs::write(&file, format!("{}\n", captures.join(" ; "))).unwrap();
        [list.to_owned(), format!("exec tmux -u -N -L it source-file {} >/dev/null", file.display())]
    }

    /// What many do: three programs for each agent.
    pub(crate) fn naive(&self) -> String {
        let mut script = String::new();
        for (name, _) in self.panes() {
            script += &format!(
                "tmux -L it list-panes -t '={name}' >/dev/null 2>&1; tmux -L it capture-pane -p -t '={name}:' >/dev/null 2>&1; \
                 systemctl --user show mosaic-agent@{name} >/dev/null 2>&1\n"
            );
        }
        script
    }
}

/// Wall and processor time of two commands in milliseconds, run in turn: medians of wall, means of the processor.
pub(crate) fn paired(rounds: u32, mut commands: [Command; 2]) -> [(f64, f64); 2] {
    in_turn(rounds, |at, _| {
        let command = &mut commands[at];
        assert!(command.status().unwrap().success(), "{command:?}");
    })
}

/// The same of what is run: first the one and then the other, in each round.
pub(crate) fn in_turn(rounds: u32, mut run: impl FnMut(usize, u32)) -> [(f64, f64); 2] {
    let mut walls: [Vec<f64>; 2] = Default::default();
    let mut cpu = [0.0; 2];
    for round in 0..=rounds {
        for at in 0..2 {
            let before = meter::children();
            let wall = meter::milliseconds(|| run(at, round));
            // The first round only brings everything into memory.
            if round > 0 {
                walls[at].push(wall);
                cpu[at] += (meter::children() - before).as_secs_f64() * 1000.0 / f64::from(rounds);
            }
        }
    }
    let [first, second] = walls.map(meter::median);
    [(first, cpu[0]), (second, cpu[1])]
}

/// Whether a program is to be had here.
pub(crate) fn is_installed(name: &str) -> bool {
    answer(Command::new("sh").args(["-c", &format!("command -v {name}")])).code == 0
}
