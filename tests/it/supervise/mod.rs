//! The supervisor on real stub agents: cards reach who is free, nothing reaches who is not, and it may be killed at any
//! instant.

mod after;
mod blame;
mod hung;
mod kills;
mod no_room;
mod people;
mod refused;
mod started;
mod stops;
mod storm;
mod tokens;
mod two_hosts;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Sandbox, kill, program, wait_for};

/// Agents with their classes, all on the stub, each working so long on a message and keeping what it was told.
fn fleet(agents: &[(&str, &str)], pace: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let entries: String = agents
        .iter()
        .map(|(name, class)| {
            let log = sandbox.root.join(format!("{name}.told"));
            format!(
                "  - {{name: {name}, class: {class}, env: {{MOSAIC_STUB_SCRIPT: 'pace {pace}; log {}'}}}}\n",
                log.display()
            )
        })
        .collect();
    sandbox.write_agents(&entries);
    sandbox
}

/// A supervisor with what it says, killed when it is dropped.
struct Supervisor {
    child: Child,
    said: PathBuf,
}

impl Supervisor {
    /// Waits until it supervises: one that is told to go before cannot end as it should.
    fn is_at_work(&self, sandbox: &Sandbox) {
        let pid = || sandbox.run(&["fleet", "status", "--json"]).json()["supervision"]["pid"].as_u64();
        wait_for("the supervisor at work", || pid() == Some(u64::from(self.child.id())));
    }

    fn start(sandbox: &Sandbox, more: &[&str]) -> Self {
        let said = sandbox.root.join("said");
        let out = fs::OpenOptions::new().create(true).append(true).open(&said).unwrap();
        let mut command = sandbox.command(program());
        let usual = ["--interval", "1"].iter().filter(|_| !more.contains(&"--interval"));
        command.args(["fleet", "supervise", "--json"]).args(usual).args(more);
        let child = command.stdout(Stdio::from(out)).stderr(Stdio::null()).spawn().unwrap();
        Self { child, said }
    }

    /// Every decision so far.
    fn decisions(&self) -> Vec<Value> {
        decisions(&fs::read_to_string(&self.said).unwrap())
    }

    /// Waits until it has decided something.
    fn decides(&self, what: &str, is: impl Fn(&Value) -> bool) {
        wait_for(what, || self.decisions().iter().any(&is));
    }

    fn signal(&mut self, signal: Signal) -> std::process::ExitStatus {
        kill(self.child.id(), signal);
        self.child.wait().unwrap()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Lines as decisions; one that was cut by a kill is none.
fn decisions(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn card(sandbox: &Sandbox, id: &str, more: &[&str]) {
    let args = ["backlog", "create", "--id", id, "--title", "something to do"];
    sandbox.ok(&[&args, more].concat());
}

fn status(sandbox: &Sandbox, id: &str) -> String {
    sandbox.ok(&["backlog", "show", id, "--json"]).json()["card"]["status"].as_str().unwrap().to_owned()
}

fn all_done(sandbox: &Sandbox) -> bool {
    let stats = sandbox.ok(&["backlog", "stats", "--json"]).json();
    let counts = &stats["columns"];
    ["ready", "waiting", "claimed", "blocked"].iter().all(|column| counts[column] == 0)
}

/// What an agent was told, in order.
fn told(sandbox: &Sandbox, agent: &str) -> Vec<String> {
    let text = fs::read_to_string(sandbox.root.join(format!("{agent}.told"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Card and token of each brief that any of these agents was told, with how often.
fn briefs(sandbox: &Sandbox, agents: &[&str]) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for text in agents.iter().flat_map(|agent| told(sandbox, agent)) {
        let last = text.lines().find(|line| line.contains("backlog complete")).map(str::to_owned);
        if let Some(line) = last {
            *all.entry(line).or_default() += 1;
        }
    }
    all
}

#[test]
fn cards_reach_free_agents_by_class_and_in_order_and_are_done() {
    let agents = ["code0", "code1", "review0"];
    let sandbox = fleet(&[("code0", "code"), ("code1", "code"), ("review0", "review")], "0.3");
    card(&sandbox, "A1", &["--assignee", "code", "--body", "first this"]);
    card(&sandbox, "A2", &["--assignee", "review", "--depends-on", "A1"]);
    card(&sandbox, "A3", &["--assignee", "code1"]);
    card(&sandbox, "A4", &["--acceptance", "[\"it works\"]"]);
    card(&sandbox, "A5", &["--assignee", "nobody"]);
    let dry = sandbox.ok(&["fleet", "supervise", "--dry-run"]).stdout;
    assert!(dry.contains("nothing to do") || dry.contains("would: "), "{dry}");
    sandbox.start();
    let mut supervisor = Supervisor::start(&sandbox, &[]);
    wait_for("all but one done", || ["A1", "A2", "A3", "A4"].iter().all(|id| status(&sandbox, id) == "done"));
    assert_eq!(status(&sandbox, "A5"), "ready", "nobody is called so");
    for id in ["A1", "A2", "A3", "A4"] {
        supervisor.decides("its dispatch", |one| one["card"] == id && one["good"] == true);
    }
    // Who got what, and why.
    let given: BTreeMap<String, (String, String)> = supervisor
        .decisions()
        .iter()
        .filter(|one| one["decision"] == "dispatch" && one["good"] == true)
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            (text("card"), (text("agent"), text("why")))
        })
        .collect();
    assert!(given["A1"].0.starts_with("code") && given["A1"].1.contains("for code"), "{given:?}");
    assert_eq!((given["A2"].0.as_str(), given["A3"].0.as_str()), ("review0", "code1"));
    assert!(given["A4"].1.contains("for anyone"), "{given:?}");
    // Each brief once, with what its card says.
    let briefs = briefs(&sandbox, &agents);
    assert!(briefs.len() == 4 && briefs.values().all(|times| *times == 1), "{briefs:?}");
    let all: Vec<String> = agents.iter().flat_map(|agent| told(&sandbox, agent)).collect();
    assert!(
        all.iter().any(|text| text.contains("# Card A1: something to do") && text.contains("first this")),
        "{all:?}"
    );
    assert!(all.iter().any(|text| text.contains("- it works") && !text.contains("{{")), "{all:?}");
    // The second says so and leaves.
    let second = sandbox.run(&["fleet", "supervise"]);
    assert!(second.code == 4 && second.stderr.contains(&supervisor.child.id().to_string()), "{second:?}");
    let told = sandbox.events("decision");
    assert!(told.iter().any(|event| event["card"] == "A1" && event["text"].as_str().unwrap().contains("is free")));
    assert_eq!(supervisor.signal(Signal::TERM).code(), Some(0));
    assert!(sandbox.ok(&["fleet", "supervise", "--once", "--json"]).stdout.lines().all(|line| !line.contains("A5")));
}

#[test]
fn a_supervisor_whose_lock_was_tidied_away_has_it_again_and_stays_the_only_one() {
    let sandbox = fleet(&[("a", "code")], "0.1");
    sandbox.start();
    let mut supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.is_at_work(&sandbox);
    fs::remove_dir_all(sandbox.run_file("_supervisor")).unwrap();
    supervisor.is_at_work(&sandbox);
    let second = sandbox.run(&["fleet", "supervise"]);
    assert!(second.code == 4 && second.stderr.contains(&supervisor.child.id().to_string()), "{second:?}");
    card(&sandbox, "A1", &[]);
    wait_for("it goes on", || status(&sandbox, "A1") == "done");
    assert_eq!(supervisor.signal(Signal::TERM).code(), Some(0));
}

#[test]
fn paused_from_the_start_nothing_is_given_until_it_is_over() {
    let sandbox = fleet(&[("a", "code")], "0.3");
    card(&sandbox, "A1", &[]);
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    fs::write(sandbox.run_file("PAUSED"), "lunch\n").unwrap();
    let once = decisions(&sandbox.ok(&["fleet", "supervise", "--once", "--json"]).stdout);
    assert_eq!(once.len(), 1, "{once:?}");
    assert!(once[0]["decision"] == "hold" && once[0]["why"].as_str().unwrap().contains("lunch"), "{once:?}");
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("that it is paused", |one| one["decision"] == "hold");
    assert_eq!(status(&sandbox, "A1"), "ready");
    fs::remove_file(sandbox.run_file("PAUSED")).unwrap();
    wait_for("the card is done", || status(&sandbox, "A1") == "done");
    let words: Vec<String> =
        supervisor.decisions().iter().map(|one| one["decision"].as_str().unwrap().to_owned()).collect();
    assert_eq!(words[..3], ["hold", "go_on", "dispatch"], "{words:?}");
}

#[test]
fn an_ephemeral_agent_comes_with_work_and_goes_without() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root.join("w");
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{runtime: stub, working_directory: {}}}\n\
         supervise: {{linger: 1}}\nagents:\n  - {{name: stays, class: review}}\n  \
         - {{name: comes, class: code, lifecycle: ephemeral, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.3'}}}}\n",
        folder.display()
    ));
    sandbox.ok(&["fleet", "start", "stays"]);
    let supervisor = Supervisor::start(&sandbox, &[]);
    card(&sandbox, "A1", &["--assignee", "code"]);
    supervisor.decides("it is stopped again", |one| one["decision"] == "stop" && one["agent"] == "comes");
    assert_eq!(status(&sandbox, "A1"), "done");
    let words: Vec<String> = supervisor
        .decisions()
        .iter()
        .filter(|one| one["agent"] == "comes")
        .map(|one| one["decision"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, ["start", "dispatch", "stop"]);
    assert_eq!(sandbox.row("comes")["flags"][0], "stopped");
}
