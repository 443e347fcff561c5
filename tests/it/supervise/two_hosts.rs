//! Two hosts and one PostgreSQL: each supervisor gives work to its own agents alone, and no card goes to two.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::briefs;
use crate::backlog::Stand;
use crate::harness::{Answer, Sandbox, answer, kill, program, skip, wait, wait_for};

/// A host: a name of its own for everything that runs in it, and its home.
struct Host {
    sandbox: Sandbox,
    name: &'static str,
    url: String,
}

impl Host {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command("unshare");
        command.args([
            "--uts",
            "sh",
            "-c",
            "echo \"$0\" > /proc/sys/kernel/hostname && exec \"$@\"",
            self.name,
            program(),
        ]);
        command.args(args).env("DATABASE_URL", &self.url);
        command
    }

    fn ok(&self, args: &[&str]) -> Answer {
        let answer = answer(&mut self.command(args));
        assert_eq!(answer.code, 0, "{} {args:?}: {answer:?}", self.name);
        answer
    }

    /// The same where it ends with that code.
    fn ok_or(&self, args: &[&str], code: i32) -> Answer {
        let answer = answer(&mut self.command(args));
        assert!([0, code].contains(&answer.code), "{} {args:?}: {answer:?}", self.name);
        answer
    }

    fn supervise(&self) -> Supervising {
        let said = fs::OpenOptions::new().create(true).append(true).open(self.sandbox.root.join("said")).unwrap();
        let mut command = self.command(&["fleet", "supervise", "--json", "--interval", "1", "--lease", "4"]);
        Supervising(command.stdout(Stdio::from(said)).stderr(Stdio::null()).spawn().unwrap())
    }

    fn decisions(&self) -> Vec<Value> {
        super::decisions(&fs::read_to_string(self.sandbox.root.join("said")).unwrap_or_default())
    }
}

struct Supervising(Child);

impl Drop for Supervising {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Whether a process may have a host name of its own.
fn may_have_names() -> bool {
    if !answer(Command::new("unshare").args(["--uts", "true"])).stderr.is_empty() {
        skip("mounts", "a host name of its own needs root");
        return false;
    }
    true
}

/// An agent of a host on the stub, which keeps what it was told.
fn entry(sandbox: &Sandbox, url: &str, agent: &str, class: &str) -> String {
    let log = sandbox.root.join(format!("{agent}.told")).display().to_string();
    format!(
        "  - {{name: {agent}, class: {class}, env: {{DATABASE_URL: '{url}', MOSAIC_STUB_SCRIPT: 'pace 0.2; log {log}'}}}}\n"
    )
}

/// Two hosts whose rosters name both hosts' agents, and each one that has the other's name.
fn hosts(url: &str) -> Option<[Host; 2]> {
    if !may_have_names() {
        return None;
    }
    let host = |name: &'static str, other: &str| {
        let sandbox = Sandbox::new();
        let entry = |agent: &str| entry(&sandbox, url, agent, "code");
        sandbox.write_agents(&format!(
            "{}{}  - {{name: of-{other}, class: code, host: {other}, ssh: nobody@{other}.invalid}}\n",
            entry("same"),
            entry(&format!("of-{name}"))
        ));
        Host { sandbox, name, url: url.to_owned() }
    };
    Some([host("north", "south"), host("south", "north")])
}

#[test]
fn each_supervisor_gives_work_to_its_own_agents_and_no_card_goes_to_two() {
    let stand = Stand::server();
    let url = stand.env()[0].1.clone();
    let Some(hosts) = hosts(&url) else { return };
    let ids: Vec<String> = (0..16).map(|n| format!("C{n:02}")).collect();
    for id in &ids {
        hosts[0].ok(&["backlog", "create", "--id", id, "--title", "something to do", "--assignee", "code"]);
    }
    for host in &hosts {
        host.ok(&["fleet", "start", "same", &format!("of-{}", host.name)]);
    }
    let mut supervising: Vec<Supervising> = hosts.iter().map(Host::supervise).collect();
    // One of the two is killed amid its work, and comes back.
    wait_for("the first brief", || hosts[0].decisions().iter().any(|one| one["decision"] == "dispatch"));
    kill(supervising[0].0.id(), Signal::KILL);
    supervising[0] = hosts[0].supervise();
    // An agent dies; the other host's one of the same name keeps what it holds.
    let rows = hosts[0].ok(&["fleet", "ps", "--json"]).json();
    let pid = rows.as_array().unwrap().iter().find(|row| row["name"] == "same").unwrap()["pane"]["pid"].as_u64();
    kill(u32::try_from(pid.unwrap()).unwrap(), Signal::KILL);
    let done = |host: &Host| {
        let stats = host.ok(&["backlog", "stats", "--json"]).json();
        ["ready", "waiting", "claimed", "blocked"].iter().all(|column| stats["columns"][column] == 0)
    };
    let whole = (0..4).find_map(|_| wait("every card done", || done(&hosts[1]).then_some(())));
    assert!(whole.is_some(), "{}\n{:#?}", hosts[1].ok(&["backlog", "list"]).stdout, hosts[1].decisions());
    drop(supervising);

    let exported = hosts[0].ok(&["backlog", "export"]).stdout;
    let mut claimed: BTreeMap<(String, u64), (String, String)> = BTreeMap::new();
    let mut completed: BTreeMap<String, usize> = BTreeMap::new();
    for line in exported.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = line.get("event").unwrap_or(&line);
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        match event["kind"].as_str() {
            Some("claimed") => {
                let token = event["detail"]["token"].as_u64().unwrap();
                let owner = event["detail"]["owner"].as_str().map_or_else(|| text("actor"), str::to_owned);
                let before = claimed.insert((text("card_id"), token), (text("host"), owner));
                assert_eq!(before, None, "a token twice: {event}");
            }
            Some("completed") => *completed.entry(text("card_id")).or_default() += 1,
            _ => {}
        }
    }
    assert!(ids.iter().all(|id| completed.get(id) == Some(&1)), "{completed:?}");
    // Whoever has a card has it on the host on which it was claimed.
    for ((card, token), (host, owner)) in &claimed {
        let own = ["same".to_owned(), format!("of-{host}")];
        assert!(own.contains(owner), "{card} {token}: {owner} on {host}");
    }
    let mut both = BTreeMap::new();
    for host in &hosts {
        let own = format!("of-{}", host.name);
        let mine = briefs(&host.sandbox, &["same", &own]);
        assert!(!mine.is_empty(), "both hosts work");
        for (brief, times) in mine {
            *both.entry(brief).or_default() += times;
        }
        let given: Vec<Value> = host.decisions().into_iter().filter(|one| one["decision"] == "dispatch").collect();
        assert!(given.iter().all(|one| one["agent"] == "same" || one["agent"] == own.as_str()), "{given:#?}");
    }
    assert!(both.len() >= ids.len() && both.values().all(|times: &usize| *times == 1), "{both:?}");
    // Nobody took from another host's agent what it holds.
    for host in &hosts {
        let taken = host.decisions().into_iter().filter(|one| one["decision"] == "release");
        for one in taken {
            assert!(one["agent"] == "same" && host.name == "north", "{one}");
        }
    }
}

/// Two hosts whose rosters know nothing of each other.
fn strangers(url: &str) -> Option<[Host; 2]> {
    if !may_have_names() {
        return None;
    }
    let host = |name: &'static str, agents: &[(&str, &str)]| {
        let sandbox = Sandbox::new();
        let entries: String = agents.iter().map(|(agent, class)| entry(&sandbox, url, agent, class)).collect();
        sandbox.write_agents(&entries);
        Host { sandbox, name, url: url.to_owned() }
    };
    Some([
        host("north", &[("same", "code"), ("boss", "orchestrator")]),
        host("south", &[("same", "docs"), ("far", "tests")]),
    ])
}

#[test]
fn hosts_with_rosters_of_their_own_leave_each_other_what_is_theirs() {
    let stand = Stand::server();
    let Stand::Server(database) = &stand else { panic!("a server") };
    let url = database.url();
    let Some(hosts) = strangers(&url) else { return };
    let [north, south] = &hosts;
    let create = |id: &str, assignee: &str| {
        let args = ["backlog", "create", "--id", id, "--title", "something to do", "--assignee", assignee];
        north.ok(&args);
    };
    // Held by nobody and for nobody: only so that there is a backlog in which the two meet.
    north.ok(&["backlog", "create", "--id", "P", "--title", "parked", "--blocked"]);
    north.ok(&["fleet", "start", "same"]);
    south.ok(&["fleet", "start", "same", "far"]);
    let supervising: Vec<Supervising> = hosts.iter().map(Host::supervise).collect();
    let known = || database.psql("SELECT count(*) FROM fleet.supervisor WHERE until > fleet.now_ms()");
    wait_for("both know each other", || known().trim() == "2");
    let cards = [("N1", "code"), ("S1", "docs"), ("S2", "tests"), ("S3", "far"), ("N2", "code"), ("S4", "docs")];
    for (id, assignee) in cards {
        create(id, assignee);
    }
    create("A5", "");
    create("X1", "nobody-has-this");
    let stats = || north.ok(&["backlog", "stats", "--json"]).json()["columns"]["done"].as_u64();
    wait_for("all that somebody is there for", || stats() == Some(7));
    let escalated = |host: &Host| host.ok_or(&["fleet", "escalations", "--json"], 1).json().to_string();
    wait_for("what nobody is there for", || hosts.iter().all(|host| escalated(host).contains("nobody-has-this")));
    assert_eq!(known(), "2");
    for mut one in supervising {
        kill(one.0.id(), Signal::TERM);
        assert!(one.0.wait().unwrap().success());
    }
    assert_eq!(known(), "0", "whoever ends says so");
    north.ok(&["fleet", "supervise", "--once"]);
    assert_eq!(known(), "0", "one look is no supervision");
    for host in &hosts {
        let letter = host.name[..1].to_uppercase();
        let decided = host.decisions();
        let of = |word: &str| decided.iter().filter(|one| one["decision"] == word).cloned().collect::<Vec<_>>();
        for given in of("dispatch") {
            // What is for anyone may be either's.
            let card = given["card"].as_str().unwrap();
            assert!(card.starts_with(&letter) || card == "A5", "{}: {given}", host.name);
        }
        // No errand of anybody's here, neither at first nor settled later.
        for escalated in of("escalate") {
            assert_eq!(escalated["agent"], "nobody-has-this", "{}: {decided:#?}", host.name);
        }
        assert!(of("release").is_empty() && of("replan").is_empty(), "{}: {decided:#?}", host.name);
    }
    // Whose card is whose: the agents have one name.
    create("S6", "docs");
    let claim = ["backlog", "claim", "--owner", "same", "--id", "S6"];
    south.ok(&claim);
    let claim_of = |host: &Host| {
        let rows = host.ok(&["--once", "--format", "json"]).json();
        let row = rows["fleet"]["agents"].as_array().unwrap().iter().find(|row| row["name"] == "same").unwrap().clone();
        row["claim"]["card"].as_str().map(str::to_owned)
    };
    assert_eq!((claim_of(north), claim_of(south)), (None, Some("S6".to_owned())));
    assert!(north.ok(&["backlog", "show", "S6"]).stdout.contains("same on south since"));
}
