//! A storm: supervisor, keepers and agents are killed with -9 at random instants while cards go from their work trees through
//! review and gate to a main branch. Every card is merged once, each brief arrives at most once per lease, nobody stays idle
//! while work waits, and nothing is left over.
//!
//! `MOSAIC_SOAK_KILLS` says how many kills of the long one, where not 1000; there is a card for every fifth of them.

#![expect(clippy::print_stderr, reason = "a quarter of an hour without a word would look like a hang")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::kills::Dice;
use super::{Supervisor, briefs, card};
use crate::gate::Yard;
use crate::harness::{Sandbox, wait_within};

const AGENTS: [(&str, &str); 8] = [
    ("code0", "code"),
    ("code1", "code"),
    ("code2", "code"),
    ("code3", "code"),
    ("review0", "review"),
    ("review1", "review"),
    ("gate0", "merge-gate"),
    ("gate1", "merge-gate"),
];

/// Longest time between two looks of the supervisor.
const TICK: Duration = Duration::from_secs(5);

/// Kills after which the storm rests until nobody is idle without a reason.
const LULL: usize = 100;

/// A repository, its fleet and its pipeline.
fn yard() -> Yard {
    let yard = Yard::alone();
    let repo = yard.path("repo");
    let sandbox = &yard.sandbox;
    let mut agents = String::new();
    for (name, class) in AGENTS {
        let log = sandbox.root.join(format!("{name}.told"));
        let tree = if class == "code" { format!(", worktree: {{repo: {}}}", repo.display()) } else { String::new() };
        agents.push_str(&format!(
            "  - {{name: {name}, class: {class}{tree}, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.2; log {}'}}}}\n",
            log.display()
        ));
    }
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\npipeline: software-delivery\n\
         defaults: {{runtime: stub, working_directory: {}, window_size: 200x50}}\nagents:\n{agents}",
        repo.display()
    ));
    yard
}

/// What runs of the fleet: which keeper and which stub, by process.
fn processes(sandbox: &Sandbox) -> BTreeMap<String, Vec<u32>> {
    let mut all: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for pid in sandbox.pids() {
        let argv = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<String> =
            argv.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let has = |word: &str| words.iter().any(|one| one == word);
        let named = || AGENTS.iter().map(|(name, _)| *name).find(|name| has(name));
        let role = if has("stub-agent") {
            let environ =
                String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/environ")).unwrap_or_default()).into_owned();
            let name = environ.split('\0').find_map(|one| one.strip_prefix("MOSAIC_AGENT_NAME="));
            name.map(|name| format!("agent {name}"))
        } else if has("session") && has("run") {
            named().map(|name| format!("keeper {name}"))
        } else {
            None
        };
        if let Some(role) = role {
            all.entry(role).or_default().push(pid);
        }
    }
    all
}

struct Storm<'a> {
    yard: &'a Yard,
    supervisor: Supervisor,
    dice: Dice,
    cards: Vec<String>,
}

impl Storm<'_> {
    fn supervise(sandbox: &Sandbox) -> Supervisor {
        Supervisor::start(sandbox, &["--lease", "5", "--interval", "5"])
    }

    /// One more card.
    fn create(&mut self) {
        let id = format!("K{}", self.cards.len());
        card(&self.yard.sandbox, &id, &["--assignee", "code"]);
        self.cards.push(id);
    }

    /// Kills one of them: the supervisor as often as all others together. Whose agent or keeper is meant is thrown among all
    /// names, and who is not up is left alone: a storm on whoever came back last would be one on nobody soon, since who dies
    /// again within seconds rests ever longer.
    fn kill(&mut self) {
        let name = AGENTS[usize::try_from(self.dice.below(AGENTS.len() as u64)).unwrap()].0;
        let kinds = ["supervisor", "keeper", "agent", "supervisor", "keeper", "keeper", "supervisor", "supervisor"];
        let kind = kinds[usize::try_from(self.dice.below(8)).unwrap()];
        let all = processes(&self.yard.sandbox);
        let Some(pid) = all.get(&format!("{kind} {name}")).and_then(|pids| pids.first().copied()) else {
            self.supervisor.signal(Signal::KILL);
            self.supervisor = Self::supervise(&self.yard.sandbox);
            return;
        };
        // It may have ended by itself.
        let _gone = rustix::process::kill_process(
            rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(),
            Signal::KILL,
        );
    }

    /// Lets it go on for a moment: kills spread over all that is done.
    fn go_on(&mut self, milliseconds: u64) {
        let before = self.supervisor.decisions().len();
        let more = usize::try_from(self.dice.below(6)).unwrap();
        let limit = Duration::from_millis(self.dice.below(milliseconds));
        wait_within(limit, || (self.supervisor.decisions().len() > before + more).then_some(()));
    }

    /// Waits until nobody is idle whom work waits for; who stays so for two ticks is named.
    fn lull(&self) {
        let mut idle: Option<BTreeSet<String>> = None;
        let busy = wait_within(2 * TICK + Duration::from_secs(2), || {
            let now = self.idle();
            let still = match &idle {
                Some(before) => before.intersection(&now).cloned().collect(),
                None => now,
            };
            let nobody = still.is_empty();
            idle = Some(still);
            nobody.then_some(())
        });
        assert!(busy.is_some(), "idle for two ticks: {idle:?}\n{}", self.state());
    }

    /// Who is free while a card waits that fits.
    fn idle(&self) -> BTreeSet<String> {
        let sandbox = &self.yard.sandbox;
        let cards = sandbox.ok(&["backlog", "list", "--json"]).json();
        let cards = cards.as_array().unwrap();
        let backs_off = self.backs_off();
        let waits = |class: &str| {
            cards.iter().any(|card| {
                card["column"] == "ready"
                    && card["assignee"] == class
                    && !backs_off.contains(card["id"].as_str().unwrap())
            })
        };
        let holds = |name: &str| cards.iter().any(|card| card["claim_owner"] == name);
        let rows = sandbox.rows();
        let free = rows.iter().filter(|row| row["readiness"] == "available");
        let names = free.filter_map(|row| row["name"].as_str());
        let class = |name: &str| AGENTS.iter().find(|(agent, _)| *agent == name).map_or("", |(_, class)| class);
        names
            .filter(|name| !holds(name) && !backs_off.contains(*name) && waits(class(name)))
            .map(str::to_owned)
            .collect()
    }

    /// What the supervisor wrote down.
    fn memory(&self) -> Value {
        let folder = self.yard.sandbox.run_file("_supervisor");
        let mut files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
        let state = files.find(|path| path.extension().is_some_and(|ending| ending == "json"));
        let text = state.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        serde_json::from_str::<Value>(&text).unwrap_or_default()["memory"].clone()
    }

    /// Agents and cards that rest after a failure.
    fn backs_off(&self) -> BTreeSet<String> {
        let memory = self.memory();
        let names = |key: &str| memory[key].as_object().into_iter().flatten().map(|(name, _)| name.clone());
        names("agents").chain(names("cards")).collect()
    }

    /// Who rests, how often it failed, and why.
    fn resting(&self) -> String {
        let memory = self.memory();
        let of = |key: &str| -> Vec<String> {
            let all = memory[key].as_object().into_iter().flatten();
            all.map(|(name, rest)| format!("{key} {name} {} {}", rest["failures"], rest["why"])).collect()
        };
        [of("agents"), of("cards"), of("repairs")].concat().join("\n")
    }

    fn done(&self) -> bool {
        let stats = self.yard.sandbox.ok(&["backlog", "stats", "--json"]).json();
        ["ready", "waiting", "claimed", "blocked"].iter().all(|column| stats["columns"][column] == 0)
    }

    fn state(&self) -> String {
        let sandbox = &self.yard.sandbox;
        let decisions = self.supervisor.decisions();
        let last = decisions.iter().rev().take(40).rev();
        let lines: Vec<String> =
            last.map(|one| format!("{} {} ({}) {}", one["ts"], one["what"], one["why"], one["outcome"])).collect();
        format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            self.resting(),
            sandbox.run(&["backlog", "list"]).stdout,
            sandbox.run(&["fleet", "ps"]).stdout,
            sandbox.run(&["fleet", "escalations"]).stdout,
            self.yard.git("repo", &["worktree", "list"]),
            lines.join("\n")
        )
    }
}

/// So many kills, with a card for every fifth of them, at most so many milliseconds apart.
fn storm(kills: usize, apart: u64) {
    let yard = yard();
    yard.sandbox.start();
    let supervisor = Storm::supervise(&yard.sandbox);
    let mut storm = Storm { yard: &yard, supervisor, dice: Dice(0x9e37_79b9_7f4a_7c15), cards: Vec::new() };
    let begun = Instant::now();
    for kill in 0..kills {
        if kill % 5 == 0 {
            storm.create();
        }
        storm.go_on(apart);
        storm.kill();
        if (kill + 1) % LULL == 0 {
            storm.lull();
            let done = yard.git("repo", &["rev-list", "--count", "main"]);
            let rest = storm.resting();
            eprintln!(
                "storm: {} kills, {done} of {} merged, {:?}\n{rest}",
                kill + 1,
                storm.cards.len(),
                begun.elapsed()
            );
        }
    }
    // Who died again and again rests for a while by then.
    let limit = Duration::from_secs(60 + kills as u64);
    let done = wait_within(limit, || storm.done().then_some(()));
    assert!(done.is_some(), "not all is done: {}", storm.state());
    eprintln!("storm: all of {} done after {:?}", storm.cards.len(), begun.elapsed());
    check(&mut storm);
}

/// What must hold at the end.
fn check(storm: &mut Storm<'_>) {
    let (yard, sandbox) = (storm.yard, &storm.yard.sandbox);
    // Each card is one commit, and was completed once.
    let log = yard.git("repo", &["log", "--format=%B", "main"]);
    let exported = sandbox.ok(&["backlog", "export"]).stdout;
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in &storm.cards {
        let merged = log.lines().filter(|line| *line == format!("Card: {id}")).count();
        let completed = |line: &&Value| {
            let event = line.get("event").unwrap_or(line);
            event["kind"] == "completed" && event["card_id"] == id.as_str()
        };
        assert_eq!(
            (merged, lines.iter().filter(completed).count()),
            (1, 1),
            "{id}: merged, completed\n{}",
            storm.state()
        );
    }
    assert_eq!(yard.git("repo", &["rev-list", "--count", "main"]), (storm.cards.len() + 1).to_string());
    let names: Vec<&str> = AGENTS.iter().map(|(name, _)| *name).collect();
    let briefs = briefs(sandbox, &names);
    assert!(briefs.len() >= 3 * storm.cards.len(), "each card at each stage: {}", briefs.len());
    let twice: Vec<_> = briefs.iter().filter(|(_, times)| **times != 1).collect();
    assert!(twice.is_empty(), "a brief came twice under one lease: {twice:?}");
    let stats = sandbox.ok(&["backlog", "stats", "--json"]).json();
    assert_eq!((&stats["columns"]["claimed"], &stats["expired_claims"]), (&0.into(), &0.into()), "{stats}");
    // Every agent is there once, with one keeper, and nothing stands in its composer; but for who died again and again.
    let whole = || {
        let (all, memory) = (processes(sandbox), storm.memory());
        AGENTS.iter().all(|(name, _)| {
            let count = |kind: &str| all.get(&format!("{kind} {name}")).map_or(0, Vec::len);
            let there = (count("agent"), count("keeper"));
            there == (1, 1) || (there == (0, 0) && memory["repairs"].get(name).is_some())
        })
    };
    assert!(wait_within(Duration::from_secs(90), || whole().then_some(())).is_some(), "{}", storm.state());
    let clear = || sandbox.rows().iter().all(|row| row["pane"]["drafted"] != true);
    assert!(wait_within(2 * TICK, || clear().then_some(())).is_some(), "{:#?}", sandbox.rows());
    // The work trees go with the tick behind.
    let swept = wait_within(Duration::from_secs(40), || leftovers(yard).is_empty().then_some(()));
    assert!(swept.is_some(), "{:#?}\n{}", leftovers(yard), storm.state());
    assert_eq!(storm.supervisor.signal(Signal::TERM).code(), Some(0));
    assert_eq!(yard.git("repo", &["status", "--porcelain"]), "");
    yard.git("repo", &["fsck", "--no-dangling"]);
    let others = || -> Vec<String> {
        let lines = sandbox.pids().into_iter().map(|pid| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default());
        let lines = lines.map(|argv| String::from_utf8_lossy(&argv).replace('\0', " "));
        lines.filter(|line| line.contains(" gate ") || line.contains(" supervise")).collect()
    };
    assert!(wait_within(TICK, || others().is_empty().then_some(())).is_some(), "{:?}", others());
}

/// What nobody needs any more: locks, work trees, branches, half written files.
fn leftovers(yard: &Yard) -> Vec<String> {
    let mut left: Vec<String> = Vec::new();
    left.extend(yard.git("repo", &["worktree", "list"]).lines().skip(1).map(str::to_owned));
    let branches = yard.git("repo", &["for-each-ref", "--format=%(refname)", "refs/heads"]);
    left.extend(branches.lines().filter(|branch| *branch != "refs/heads/main").map(str::to_owned));
    let trees = yard.sandbox.home().join("worktrees");
    let owners = fs::read_dir(&trees).into_iter().flatten().flatten();
    let cards = owners.flat_map(|owner| fs::read_dir(owner.path()).into_iter().flatten().flatten());
    left.extend(cards.map(|card| card.path().display().to_string()));
    let named = |path: &Path, is: &dyn Fn(&str) -> bool| -> Vec<String> {
        files(path)
            .into_iter()
            .filter(|file| is(file.file_name().unwrap().to_str().unwrap()))
            .map(|file| file.display().to_string())
            .collect()
    };
    // The gate's own lock of its desk is a file that stays; git's are there only while it is at work.
    left.extend(named(&yard.path("repo/.git"), &|name| name.ends_with(".lock") && name != "desk.lock"));
    left.extend(named(&yard.sandbox.run_file(""), &|name| name.starts_with('.') || name.contains("tmp")));
    left
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => folders.push(entry.path()),
                false => all.push(entry.path()),
            }
        }
    }
    all
}

#[test]
fn a_short_storm_loses_no_card_and_leaves_nothing() {
    storm(15, 700);
}

#[test]
#[ignore = "takes a quarter of an hour; `scripts/test --soak` runs it"]
fn a_soak_of_a_thousand_kills_loses_no_card_and_leaves_nothing() {
    storm(std::env::var("MOSAIC_SOAK_KILLS").map_or(1000, |kills| kills.parse().unwrap()), 1600);
}
