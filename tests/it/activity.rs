//! What happened is kept once, by whichever door, and read again: by the view, by the command, after a kill.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::Value;

use crate::harness::{Sandbox, is_well, kill, program, wait, wait_for};

/// A fleet of one agent that runs this script, and one that rests.
fn fleet(script: &str) -> Sandbox {
    let sandbox = Sandbox::with_agents(&format!(
        "  - {{name: a, class: code, env: {{MOSAIC_STUB_SCRIPT: '{script}'}}}}\n  - {{name: b}}\n"
    ));
    sandbox.start();
    sandbox
}

fn texts(events: &[Value], field: &str) -> Vec<String> {
    events.iter().map(|event| event[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn what_is_done_is_kept_with_its_door_and_its_outcome() {
    let sandbox = fleet("");
    sandbox.wait_row("a", |row| row["readiness"] == "available" || row["readiness"] == "working");
    assert_eq!(sandbox.run(&["fleet", "stop", "nobody"]).code, 3);
    let mut view = sandbox.open(&[], 120, 40);
    view.wait_until("the agents", is_well);
    view.send(":fleet stop b\r");
    view.wait_text("acts on");
    view.send("\t\r");
    view.wait_until("b was stopped", |text| text.contains("b: stopped") || text.contains("\u{25a1} 1 stopped"));
    view.send("X");
    view.wait_text("acts on");
    view.send("\t\r");
    let kept = || sandbox.events("action");
    wait_for("all three are kept", || {
        kept().iter().filter(|event| event["what"].as_str().is_some_and(|what| what.contains("fleet stop"))).count()
            == 3
    });
    let stops: Vec<Value> =
        kept().into_iter().filter(|event| event["what"].as_str().unwrap().contains("fleet stop")).collect();
    assert_eq!(texts(&stops, "door"), ["shell", "palette", "key"], "{stops:#?}");
    assert_eq!(texts(&stops, "outcome"), ["exit 3", "done", "done"], "{stops:#?}");
    assert!(stops[0]["text"].as_str().unwrap().contains("nobody") && stops[0]["good"] == false);
    assert!(stops.iter().all(|event| event["who"].as_str().unwrap().ends_with(":user")));
    let starts = sandbox.events("start");
    assert_eq!(starts.len(), 2, "{starts:#?}");
    assert!(starts.iter().all(|event| event["door"] == "keeper"));
}

#[test]
fn two_dashboards_and_a_keeper_write_a_change_once() {
    let sandbox = fleet("work 2; ask Go on?");
    let mut first = sandbox.open(&[], 100, 30);
    let mut second = sandbox.open(&[], 80, 24);
    for view in [&mut first, &mut second] {
        view.wait_text("Go on?");
    }
    let of_a =
        || -> Vec<Value> { sandbox.events("readiness").into_iter().filter(|event| event["agent"] == "a").collect() };
    wait_for("the question is kept", || texts(&of_a(), "state").last().is_some_and(|state| state == "stuck"));
    for view in [&mut first, &mut second] {
        // Each of them has had its look at the same state for longer than it has to stand.
        view.send("4");
        view.wait_text("stuck");
    }
    sandbox.ok(&["agent", "approve", "a"]);
    sandbox.wait_row("a", |row| row["readiness"] != "stuck");
    wait_for("and its end", || texts(&of_a(), "state").last().is_some_and(|state| state != "stuck"));
    for view in [&mut first, &mut second] {
        view.send("q");
        view.send("q");
        view.wait_exit();
    }
    let states = texts(&of_a(), "state");
    assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
    assert_eq!(states.iter().filter(|state| *state == "stuck").count(), 1, "{states:?}");
}

#[test]
fn the_view_follows_holds_still_filters_and_remembers_what_was_seen() {
    let sandbox = fleet("");
    sandbox.wait_row("a", |row| row["readiness"] == "available" || row["readiness"] == "working");
    let mut view = sandbox.open(&[], 100, 24);
    view.wait_until("the agents", is_well);
    view.send("4");
    view.wait_text("follows the newest");
    view.wait_text("started");
    sandbox.ok(&["backlog", "create", "--id", "K1", "--title", "one"]);
    view.wait_text("K1 created");
    // Scrolled up, the same lines stay where they are, whatever comes.
    view.send("kk");
    let held = view.wait_text("held still");
    let line_of = |text: &str, what: &str| text.lines().position(|line| line.contains(what));
    sandbox.ok(&["backlog", "create", "--id", "K2", "--title", "two"]);
    let still = view.wait_text("1 newer");
    assert!(!still.contains("K2 created"), "{still}");
    assert_eq!(line_of(&held, "K1 created"), line_of(&still, "K1 created"));
    view.send("G");
    view.wait_text("K2 created");
    view.wait_text("follows the newest");
    // The filter's terms are those of Fleet, and one of them can be turned round.
    view.send("/kind:card !k1\r");
    let filtered = view.wait_until("only the other card", |text| text.contains("K2") && !text.contains("started"));
    assert!(!filtered.contains("K1 created"), "{filtered}");
    view.send("\r");
    let whole = view.wait_text("by a command");
    assert!(whole.contains("K2 created") && whole.contains("version"), "{whole}");
    view.send("\x1b");
    view.wait_until("the event is closed", |text| !text.contains("by a command"));
    view.send("\x1b");
    view.wait_text("started");
    // From an event of an agent to the agent.
    view.send("/kind:start agent:b\r");
    view.wait_until("its start", |text| text.contains("started") && !text.contains("K2 created"));
    view.send("o");
    view.wait_until("the list", |text| text.contains("STATE"));
    assert!(view.screen().lines().any(|line| line.contains(" b ")), "{}", view.screen());
    view.send("\x03");
    view.wait_exit();
    sandbox.ok(&["backlog", "create", "--id", "K3", "--title", "three"]);
    let mut again = sandbox.open(&[], 100, 24);
    again.wait_until("the agents", is_well);
    again.send("4");
    // A card is told in its command's words until the backlog's own history, which is read behind the first frame, has
    // it as well.
    let text = again.wait_until("the card that came meanwhile, below the band", |text| {
        line_of(text, "since you last looked").zip(line_of(text, "K3 created")).is_some_and(|(band, card)| band < card)
    });
    let band = line_of(&text, "since you last looked").unwrap();
    assert!(line_of(&text, "K2 created").is_none_or(|line| line < band), "{text}");
    again.send("q");
    again.wait_exit();
}

#[test]
fn a_writer_or_a_reader_that_is_killed_loses_nothing_that_was_told() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let mut told = Vec::new();
    for round in 0..24_u64 {
        let id = format!("W{round}");
        let mut command = sandbox.command(program());
        let mut writer =
            command.args(["backlog", "create", "--id", &id, "--title", "x"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut reader = sandbox.command(program()).args(["events", "--json"]).stdout(Stdio::null()).spawn().unwrap();
        // Each is killed somewhere else on its way: none of them, right away, or after what it has told.
        let mut line = String::new();
        if round % 3 != 0 {
            BufReader::new(writer.stdout.take().unwrap()).read_line(&mut line).unwrap();
        }
        kill(writer.id(), rustix::process::Signal::KILL);
        kill(reader.id(), rustix::process::Signal::KILL);
        writer.wait().unwrap();
        reader.wait().unwrap();
        if line.contains(&id) {
            told.push(id);
        }
    }
    assert!(told.len() >= 12, "{told:?}");
    let kept: Vec<Value> = sandbox.events("card").into_iter().filter(|event| event["door"] == "shell").collect();
    for id in &told {
        assert_eq!(kept.iter().filter(|event| event["card"] == *id.as_str()).count(), 1, "{id} in {kept:#?}");
    }
    let doctor = sandbox.run(&["fleet", "doctor", "--json"]).stdout;
    assert!(doctor.contains("activity history") && doctor.contains("events in"), "{doctor}");
}

#[test]
fn a_history_that_cannot_be_written_fails_nothing_and_is_told() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let folder = sandbox.home().join("fleet/activity");
    // A disk that is full, and a folder that cannot be made: root writes into what is merely read-only.
    let full = |sandbox: &Sandbox| {
        fs::create_dir_all(&folder).unwrap();
        symlink("/dev/full", folder.join("spool.jsonl")).unwrap();
        sandbox.ok(&["fleet", "start"])
    };
    let told = full(&sandbox).stderr;
    assert!(told.contains("not kept in the activity history") && told.contains("No space left"), "{told}");
    assert_eq!(sandbox.ok(&["agent", "send", "a", "-m", "hello"]).code, 0);
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains("activity history") && doctor.contains("No space left"), "{doctor}");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let stopped = sandbox.ok(&["fleet", "stop", "a"]);
    assert!(stopped.stderr.contains("not kept in the activity history"), "{stopped:?}");
    let mut view = sandbox.open(&[], 160, 30);
    view.wait_text("history: File exists");
    view.send("4");
    view.wait_text("it is tried again");
    view.send("q");
    view.wait_exit();
    fs::remove_file(&folder).unwrap();
    sandbox.ok(&["fleet", "start", "a"]);
    assert!(!sandbox.events("action").is_empty(), "it goes on once it can");
}

#[test]
fn a_follower_prints_what_is_new_as_it_happens() {
    let sandbox = fleet("");
    sandbox.wait_row("a", |row| row["readiness"] == "available" || row["readiness"] == "working");
    let mut command = sandbox.command(program());
    let mut follower =
        command.args(["events", "--follow", "--json", "--agent", "a"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = |wanted: &dyn Fn(&Value) -> bool| loop {
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        assert_eq!(event["agent"], "a", "{event}");
        assert_eq!(event["schema"], "mosaic-tui/event/1");
        if wanted(&event) {
            return event;
        }
    };
    next(&|event| event["kind"] == "start");
    sandbox.ok(&["agent", "send", "b", "-m", "not for this one"]);
    sandbox.ok(&["agent", "send", "a", "-m", "hello"]);
    let sent = next(&|event| event["kind"] == "send");
    assert_eq!((&sent["delivery"], &sent["length"]), (&"accepted".into(), &5.into()));
    let pid = u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap();
    kill(pid, rustix::process::Signal::KILL);
    let ended = next(&|event| event["kind"] == "exit");
    assert!(ended["outcome"].as_str().unwrap().contains("KILL") && ended["state"] == "dead", "{ended}");
    kill(follower.id(), rustix::process::Signal::TERM);
    follower.wait().unwrap();
}

/// `events --follow` as a program that is read line by line, and ended with its test.
struct Follower {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Follower {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut command = sandbox.command(program());
        command.args(["events", "--follow", "--json"]).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        Self { process, out }
    }

    /// Reads up to the event of a card; the cards of all that was read.
    fn until(&mut self, card: &str) -> Vec<String> {
        let mut cards = Vec::new();
        while cards.last().is_none_or(|last| last != card) {
            let mut line = String::new();
            assert_ne!(self.out.read_line(&mut line).unwrap(), 0, "it ended before {card}");
            let event: Value = serde_json::from_str(&line).unwrap();
            cards.push(event["card"].as_str().unwrap_or_default().to_owned());
        }
        cards
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It has ended where its test went well.
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

#[test]
fn a_follower_whose_reader_is_slow_misses_nothing_that_others_take_in() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.ok(&["backlog", "create", "--id", "K1", "--title", "one"]);
    // More than fits in a pipe, and less than a page.
    let mut sample = sandbox.events("card").remove(0);
    let mut lines = String::new();
    for n in 0..700 {
        sample["id"] = format!("more-{n}").into();
        sample["card"] = format!("M{n}").into();
        lines.push_str(&format!("{sample}\n"));
    }
    let path = sandbox.home().join("fleet/activity/spool.jsonl");
    let mut spool = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).unwrap();
    spool.write_all(lines.as_bytes()).unwrap();
    let mut follower = Follower::start(&sandbox, &["--kind", "card", "--since", "1h"]);
    let pipe = follower.out.get_ref();
    wait_for("the pipe is full", || rustix::io::ioctl_fionread(pipe).unwrap() > 60_000);
    sandbox.ok(&["backlog", "create", "--id", "K2", "--title", "two"]);
    assert!(texts(&sandbox.events("card"), "card").contains(&"K2".to_owned()), "somebody else takes it in");
    let shown = follower.until("M699");
    assert_eq!(shown.len(), 701);
    sandbox.ok(&["backlog", "create", "--id", "K3", "--title", "three"]);
    assert_eq!(follower.until("K3"), ["K2", "K3"]);
    follower.end();
}

#[test]
fn a_follower_outlives_a_lock_on_the_history_and_says_so_once() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.ok(&["backlog", "create", "--id", "K1", "--title", "one"]);
    let mut follower = Follower::start(&sandbox, &["--kind", "card"]);
    follower.until("K1");
    let database = sandbox.home().join("fleet/activity/activity.db");
    let holder = rusqlite::Connection::open(database).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    sandbox.ok(&["backlog", "create", "--id", "K2", "--title", "two"]);
    let mut said = BufReader::new(follower.process.stderr.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    assert!(first.contains("another process holds it; try again"), "{first}");
    holder.execute_batch("ROLLBACK").unwrap();
    follower.until("K2");
    follower.end();
    assert_eq!(said.map(|line| line.unwrap()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_is_asked_for_wrongly_is_told_and_a_time_narrows() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    assert_eq!(sandbox.ok(&["events"]).stdout, "", "nothing has happened");
    for (args, word) in
        [(&["events", "--since", "yesterday"][..], "15m"), (&["events", "--kind", "nonsense"], "readiness")]
    {
        let answer = sandbox.run(args);
        assert!(answer.code == 2 && answer.stderr.contains(word), "{answer:?}");
    }
    sandbox.ok(&["backlog", "create", "--id", "K1", "--title", "one"]);
    assert_eq!(sandbox.ok(&["events", "--since", "1h"]).stdout.lines().count(), 1);
    assert_eq!(sandbox.ok(&["events", "--since", "2099-01-01"]).stdout, "");
    let text = sandbox.ok(&["--once", "--view", "activity"]).stdout;
    assert!(text.contains("K1 created"), "{text}");
    let json = sandbox.ok(&["--once", "--view", "activity", "--format", "json"]).json();
    assert_eq!(json["activity"]["events"][0]["card"], "K1");
    let frame = sandbox.ok(&["--once", "--view", "activity", "--format", "ansi", "--width", "80", "--height", "24"]);
    assert!(frame.stdout.contains("K1 created"), "{}", frame.stdout);
}

#[test]
fn a_follower_ends_with_whoever_reads_it() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    assert_eq!(sandbox.run(&["fleet", "stop", "nobody"]).code, 3, "this is kept");
    assert_eq!(sandbox.events("action").len(), 1);
    for since in [&["--since", "1h"][..], &[]] {
        let mut command = sandbox.command(program());
        // The reader has gone before the first line, and there will be no second one that could tell.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut follower = command
            .args(["events", "--follow", "--kind", "action"])
            .args(since)
            .stdout(writer)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(command);
        let ended = wait("its end", || follower.try_wait().unwrap());
        if ended.is_none() {
            kill(follower.id(), rustix::process::Signal::KILL);
            follower.wait().unwrap();
        }
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{since:?}");
    }
}

#[test]
fn whoever_follows_in_silence_ends_with_its_reader() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: cat, command: 'echo here; exec cat'}\n");
    sandbox.start();
    sandbox.ok(&["backlog", "create", "--id", "K1", "--title", "one"]);
    for (args, first) in
        [(&["events", "--follow", "--kind", "card"][..], "K1"), (&["agent", "tail", "a", "--follow"], "here")]
    {
        let mut command = sandbox.command(program());
        let mut follower = command.args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(follower.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert!(line.contains(first), "{args:?}: {line}");
        // From here on nothing happens that it could print.
        drop(out);
        let ended = wait("its end", || follower.try_wait().unwrap());
        if ended.is_none() {
            kill(follower.id(), rustix::process::Signal::KILL);
            follower.wait().unwrap();
        }
        assert_eq!(ended.and_then(|status| status.code()), Some(0), "{args:?}");
    }
}
