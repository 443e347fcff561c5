//! Each key does what its command does. Of two equal fleets one is driven by keys alone and the other by commands alone, step
//! by step; after each step both are compared: agents, cards and their history, roster, pause, what arrived in panes, and
//! what the activity history keeps. The steps are held against the table of actions, and none is left out in silence.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use mosaic_tui::app::action::registry::{ACTIONS, Key, Shell};
use serde_json::{Value, json};

use crate::harness::{Pty, Sandbox, wait, wait_for};

/// Keys that do something elsewhere and have no step here, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("agent.snooze", "what it silences is this dashboard, and no fleet"),
    ("card.undo", "it takes back what was done on the screen, which no command was"),
    ("card.mark", "a mark is for the screen's next key, which `x` and the others are compared for"),
    ("list.order", "it orders what the screen shows, as `fleet ps --sort` does"),
    ("list.order_back", "it orders what the screen shows, as `fleet ps --sort` does"),
    ("board.filter", "it narrows what the screen shows, as options of `backlog list` do"),
    ("escalations.open", "nothing waits for a person here: `supervise::people` opens it"),
    ("org.launch", "it opens what `agent.launch` opens, from another view"),
    ("fleet.first", "it asks where there is no fleet yet: `first_run` answers it"),
];

/// What the table says of a key that does nothing outside of the screen.
const OF_THE_SCREEN: &str = "it only moves the screen";

/// What a step leaves.
enum Then {
    /// Something is another than before.
    Changes,
    /// Nothing is, and the screen shows the lines of what the command prints that this picks.
    Shows(fn(&str) -> bool),
}

/// A step: the row of the table, the keys each with what the screen shows then, and the command.
struct Step {
    id: &'static str,
    /// On which agent's row.
    on: Option<&'static str>,
    keys: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
    then: Then,
}

const fn changes(
    id: &'static str,
    on: Option<&'static str>,
    keys: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
) -> Step {
    Step { id, on, keys, command, then: Then::Changes }
}

const fn shows(
    id: &'static str,
    on: Option<&'static str>,
    keys: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
    lines: fn(&str) -> bool,
) -> Step {
    Step { id, on, keys, command, then: Then::Shows(lines) }
}

const ASKS: Option<&str> = Some("asks");
const RESTS: Option<&str> = Some("rests");
const OFF: Option<&str> = Some("off");

/// In the Fleet view.
const OF_AGENTS: &[Step] = &[
    shows("agent.explain", ASKS, &[("e", "would change")], &["agent", "explain", "asks"], |line| {
        line.starts_with("rule") || line.starts_with("boot")
    }),
    shows("agent.diff", RESTS, &[("d", "+let factor = 2;")], &["agent", "diff", "rests"], |line| {
        line.starts_with("+let") || line.starts_with("-let")
    }),
    shows("agent.tail", RESTS, &[("t", "arrows scroll")], &["agent", "tail", "rests"], |line| {
        line.trim_start().starts_with("ready;")
    }),
    shows("agent.persona", RESTS, &[("p", "persona")], &["persona", "show", "code"], |line| {
        line.starts_with("title: ")
    }),
    changes("fleet.start", OFF, &[("S", "off: started")], &["fleet", "start", "off"]),
    changes("fleet.restart", OFF, &[("R", "acts on"), ("y", "off: ")], &["fleet", "restart", "off"]),
    changes("fleet.stop", OFF, &[("X", "acts on"), ("y", "off: stopped")], &["fleet", "stop", "off"]),
    changes(
        "agent.launch",
        OFF,
        &[("c", "how off is launched"), ("\tlab/model", "lab/model"), ("\r", "off: ")],
        &["fleet", "edit", "off", "model_hint=lab/model"],
    ),
    changes(
        "agent.message",
        RESTS,
        &[("s", "message to rests"), ("look at the log\r", "rests: accepted")],
        &["agent", "send", "rests", "--message", "look at the log"],
    ),
    changes(
        "agent.broadcast_shown",
        RESTS,
        &[(" ", "1 marked"), ("b", "message to rests"), ("all of you\r", "Write to"), ("y", "rests: accepted")],
        &["agent", "broadcast", "rests", "--message", "all of you"],
    ),
    changes("agent.reset", RESTS, &[("r", "acts on"), ("y", "rests: ")], &["agent", "reset", "rests"]),
    changes(
        "agent.answer",
        ASKS,
        &[("A", "asks asks"), ("1", "asks: accepted")],
        &["agent", "approve", "asks", "--choice", "1"],
    ),
    changes(
        "app.pause",
        None,
        &[("Z", "why is the fleet paused"), ("main is red\r", "PAUSED")],
        &["fleet", "pause", "--reason", "main is red"],
    ),
    changes("app.pause", None, &[("Z", "Resume"), ("y", "need")], &["fleet", "resume"]),
];

/// In the Board view.
const OF_CARDS: &[Step] = &[
    changes(
        "card.new",
        None,
        &[("n", "depends on"), ("B7\tMend the login", "Mend the login"), ("\r", "B7: created")],
        &["backlog", "create", "--id", "B7", "--title", "Mend the login"],
    ),
    shows("card.open", None, &[("\r", "created")], &["backlog", "show", "B7"], |line| line.contains("Mend the login")),
    changes("card.raise", None, &[("+", "priority 1")], &["backlog", "edit", "B7", "--priority-by", "1"]),
    changes("card.lower", None, &[("-", "version 3")], &["backlog", "edit", "B7", "--priority-by", "-1"]),
    changes(
        "card.form",
        None,
        &[("e", "Mend the login"), (" again", "login again"), ("\r", "B7: changed")],
        &["backlog", "edit", "B7", "--title", "Mend the login again"],
    ),
    changes("card.editor", None, &[("E", "B7: changed")], &["backlog", "edit", "B7", "--body", "\nfrom the editor"]),
    changes(
        "card.link",
        None,
        &[("L", "depends on which card"), ("A1\r", "WAITING 1")],
        &["backlog", "link", "--from", "B7", "--to", "A1"],
    ),
    changes(
        "card.link",
        None,
        &[("L", "depends on which card"), ("!A1\r", "WAITING 0")],
        &["backlog", "unlink", "--from", "B7", "--to", "A1"],
    ),
    changes(
        "card.block",
        None,
        &[("b", "why is B7 blocked"), ("no key\r", "READY 0")],
        &["backlog", "block", "--id", "B7", "--reason", "no key"],
    ),
    changes("backlog.unblock", None, &[("u", "READY 1/1")], &["backlog", "unblock", "--id", "B7"]),
    changes(
        "card.claim_for",
        None,
        &[("c", "claim B7 for"), ("\r", "CLAIMED 1")],
        &["backlog", "claim", "--id", "B7", "--owner", "rests"],
    ),
    changes("backlog.reclaim", None, &[("R", "acts on"), ("y", "CLAIMED 0")], &["backlog", "reclaim", "--id", "B7"]),
    changes(
        "card.move",
        None,
        &[("m", "move B7 to"), ("\r", "claim B7 for"), ("\r", "CLAIMED 1")],
        &["backlog", "claim", "--id", "B7", "--owner", "rests"],
    ),
    changes("backlog.complete", None, &[("x", "held by"), ("y", "DONE 1")], &["backlog", "complete", "--id", "B7"]),
];

/// Those that another program's screen shows: they are taken one by one.
const ON_THEIR_OWN: &[&str] = &["agent.watch", "agent.attach"];

/// Two fleets that were made in the same way.
struct Twins {
    keys: Sandbox,
    shell: Sandbox,
    screen: Pty,
}

const ROSTER: &str = "  - {name: asks, class: code, env: {MOSAIC_STUB_SCRIPT: 'ask Deploy it? (y/n)'}}\n  \
     - {name: rests, class: code, working_directory: REPO, env: {MOSAIC_STUB_SCRIPT: 'log SAID'}}\n  \
     - {name: off, class: code}\n";

fn fleet() -> Sandbox {
    let sandbox = Sandbox::new();
    let tree = sandbox.changed_tree();
    let roster = ROSTER.replace("REPO", &tree.display().to_string());
    sandbox.write_agents(&roster.replace("SAID", &sandbox.root.join("w/said").display().to_string()));
    sandbox.ok(&["framework", "install"]);
    sandbox.ok(&["fleet", "start", "asks", "rests"]);
    sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "What others need"]);
    sandbox.ok(&["backlog", "block", "--id", "A1", "--reason", "later"]);
    sandbox.wait_row("asks", |row| row["readiness"] == "stuck");
    sandbox.wait_row("rests", |row| row["readiness"] == "available");
    sandbox
}

/// Everything that a step may change, without what no two fleets share.
fn facts(sandbox: &Sandbox) -> Value {
    let plain = |text: &str| text.replace(&sandbox.root.display().to_string(), "ROOT");
    let starts = sandbox.events("start");
    let agents: Vec<Value> = sandbox
        .rows()
        .iter()
        .map(|row| {
            let begun = starts.iter().filter(|event| event["agent"] == row["name"]).count();
            json!({
                "name": row["name"], "there": !row["pane"].is_null(), "begun": begun, "model": row["model_hint"],
                "asks": row["question"], "card": row["claim"]["card"],
            })
        })
        .collect();
    let mut agents = agents;
    agents.sort_by_key(ToString::to_string);
    let said = fs::read_to_string(sandbox.root.join("w/said")).unwrap_or_default();
    let said: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].clone())
        .map(|text| Value::from(text.as_str().unwrap_or_default().lines().next().unwrap_or_default()))
        .collect();
    let cards: Vec<Value> = sandbox
        .ok(&["backlog", "export"])
        .stdout
        .lines()
        .map(|line| without_times(serde_json::from_str(&plain(line)).unwrap()))
        .collect();
    json!({
        "agents": agents,
        "cards": cards,
        "said": said,
        "roster": plain(&fs::read_to_string(sandbox.roster()).unwrap()),
        "paused": sandbox.home().join("fleet/run/PAUSED").exists(),
    })
}

/// A value without the times in it, and without what counts up from them.
fn without_times(value: Value) -> Value {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => json!("a time"),
        Value::Array(all) => all.into_iter().map(without_times).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, without_times(value))).collect(),
        other => other,
    }
}

/// What the history keeps of what was asked for at this door.
fn kept(sandbox: &Sandbox, door: &str) -> Vec<Value> {
    let root = sandbox.root.display().to_string();
    let printed = sandbox.ok(&["events", "--json"]).stdout.replace(&root, "ROOT");
    let all = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["door"] == door)
        .map(|event| {
            let field = |name: &str| event[name].clone();
            json!({
                "kind": field("kind"), "agent": field("agent"), "card": field("card"), "outcome": field("outcome"),
                "good": field("good"), "delivery": field("delivery"), "change": field("change"),
            })
        })
        .collect()
}

/// A line with every word that holds a digit as one and the same: times, ages, pids and paths are no two fleets' own.
fn masked(line: &str) -> String {
    let words = line.split_whitespace().filter(|word| *word != "\u{2502}");
    words.map(|word| if word.contains(|c: char| c.is_ascii_digit()) { "#" } else { word }).collect::<Vec<_>>().join(" ")
}

impl Twins {
    /// Puts the cursor on an agent, a key at a time: several at once right behind an Esc are no typing.
    fn select(&mut self, name: &str) {
        let row_of = |text: &str| (1..=3).find(|row| text.contains(&format!(" {row}/3 \u{256f}")));
        for _ in 0..4 {
            let text = self.screen.wait_until(name, |text| row_of(text).is_some());
            if text.contains(&format!("\u{256e}\u{256d} {name} ")) {
                return;
            }
            let row = row_of(&text);
            self.screen.send(if row == Some(3) { "g" } else { "j" });
            self.screen.wait_until(name, |text| row_of(text).is_some_and(|now| Some(now) != row));
        }
        panic!("{name} has no row:\n{}", self.screen.screen());
    }

    fn press(&mut self, step: &Step) {
        for (keys, shown) in step.keys {
            self.screen.send(keys);
            self.screen.wait_until(step.id, |text| text.contains(shown));
        }
    }

    /// Takes a step on both, and compares them.
    fn take(&mut self, step: &Step) {
        if step.on == RESTS {
            // What was sent before is done by then, on both sides.
            let rests = |sandbox: &Sandbox| sandbox.row("rests")["readiness"] == "available";
            wait_for("both rest", || rests(&self.keys) && rests(&self.shell));
        }
        if let Some(name) = step.on {
            self.select(name);
        }
        let before = (facts(&self.shell), kept(&self.shell, "shell").len());
        let done = self.shell.ok(step.command);
        self.press(step);
        match step.then {
            Then::Changes => {
                assert_ne!(
                    (facts(&self.shell), kept(&self.shell, "shell").len()),
                    before,
                    "{} changes nothing",
                    step.id
                );
            }
            Then::Shows(picked) => {
                let lines: Vec<&str> = done.stdout.lines().filter(|line| picked(line)).collect();
                assert!(!lines.is_empty(), "{}: {}", step.id, done.stdout);
                for wanted in lines.into_iter().map(masked) {
                    // A look may come into the middle of a frame.
                    let is_shown = || self.screen.screen().lines().any(|line| masked(line).contains(&wanted));
                    let shown = wait(step.id, || is_shown().then_some(()));
                    assert!(shown.is_some(), "{}: {wanted} is not on\n{}", step.id, self.screen.screen());
                }
            }
        }
        if step.on.is_some() || matches!(step.then, Then::Shows(_)) {
            // Back to the view, whatever is open: Esc quits nothing.
            self.screen.send("\x1b");
            self.screen.wait_until("the view", |text| {
                !text.contains("Esc") && (text.contains(" Fleet \u{2500}") || text.contains("READY"))
            });
        }
        self.compare(step.id);
    }

    /// Waits until both are the same.
    fn compare(&self, id: &str) {
        let mut both = (Value::Null, Value::Null);
        let same = wait(id, || {
            both = (facts(&self.keys), facts(&self.shell));
            (both.0 == both.1).then_some(())
        });
        assert!(same.is_some(), "{id}: by key {:#}\nby command {:#}", both.0, both.1);
        let mut both = (Vec::new(), Vec::new());
        let same = wait(id, || {
            // What was made ready beforehand was made by commands in both.
            let before = kept(&self.keys, "shell").len();
            both = (kept(&self.keys, "key"), kept(&self.shell, "shell").split_off(before));
            (both.0 == both.1).then_some(())
        });
        assert!(same.is_some(), "{id}: kept by key {:#?}\nkept by command {:#?}", both.0, both.1);
    }
}

fn twins() -> Twins {
    let (keys, shell) = std::thread::scope(|scope| {
        let other = scope.spawn(fleet);
        (fleet(), other.join().unwrap())
    });
    let script = keys.root.join("w/edit");
    fs::write(&script, "#!/bin/sh\necho 'from the editor' >> \"$1\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let screen = keys.open_with(&[], &[("EDITOR", script.to_str().unwrap())], 140, 50);
    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && text.contains("available"));
    let twins = Twins { keys, shell, screen };
    twins.compare("the beginning");
    twins
}

#[test]
fn each_key_of_agents_does_what_its_command_does() {
    let mut twins = twins();
    for step in OF_AGENTS {
        twins.take(step);
    }
    // A pane on the whole screen is the same one either way.
    twins.select("rests");
    twins.screen.send("\r");
    twins.screen.wait_until("its pane", |text| text.contains("READ-ONLY") && text.contains("rests"));
    twins.screen.send("q");
    twins.screen.wait_text(" Fleet \u{2500}");
    let mut watched = twins.shell.open(&["agent", "watch", "rests"], 140, 50);
    watched.wait_until("its pane", |text| text.contains("READ-ONLY") && text.contains("rests"));
    watched.send("\x03");
    assert_eq!(watched.wait_exit(), 0);
    twins.compare("agent.watch");
    // What is typed into a pane that was taken over arrives in it.
    let clients = |sandbox: &Sandbox| sandbox.tmux(&["list-clients", "-F", "#{client_session} #{client_readonly}"]);
    twins.screen.send("a");
    let mut attached = twins.shell.open(&["agent", "attach", "rests"], 140, 50);
    for (screen, sandbox) in [(&mut twins.screen, &twins.keys), (&mut attached, &twins.shell)] {
        wait_for("the takeover", || clients(sandbox).contains("rests 0"));
        screen.send("typed by hand");
        wait_for("it arrives", || sandbox.tmux(&["capture-pane", "-p", "-t", "=rests:"]).contains("typed by hand"));
        screen.send("\x02d");
    }
    assert_eq!(attached.wait_exit(), 0);
    twins.screen.wait_text(" Fleet \u{2500}");
    twins.compare("agent.attach");
    twins.screen.send("\x03");
    assert_eq!(twins.screen.wait_exit(), 0);
}

#[test]
fn each_key_of_cards_does_what_its_command_does() {
    let mut twins = twins();
    twins.screen.send("3");
    twins.screen.wait_text("BLOCKED");
    let (made, others) = OF_CARDS.split_first().unwrap();
    twins.take(made);
    // To the column of the new card; from there on the cursor follows it.
    twins.screen.send("hh");
    twins.screen.wait_text("READY 1/1");
    for step in others {
        twins.take(step);
    }
    twins.screen.send("\x03");
    assert_eq!(twins.screen.wait_exit(), 0);
}

#[test]
fn no_key_of_the_table_is_left_out_in_silence() {
    let stepped: BTreeSet<&str> =
        OF_AGENTS.iter().chain(OF_CARDS).map(|step| step.id).chain(ON_THEIR_OWN.iter().copied()).collect();
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(id, _)| *id).collect();
    assert!(LEFT_OUT.iter().all(|(_, why)| why.len() > 20));
    // What has a command, or names those that do the same.
    let acts = ACTIONS.iter().filter(|spec| {
        let here = matches!(spec.doors.shell, Shell::None(why) if why == OF_THE_SCREEN);
        matches!(spec.doors.key, Key::In(..)) && !here
    });
    let acts: BTreeSet<&str> = acts.map(|spec| spec.id).collect();
    let told: BTreeSet<&str> = stepped.union(&left_out).copied().collect();
    assert_eq!(acts.difference(&told).collect::<Vec<_>>(), Vec::<&&str>::new(), "compared with nothing, for no reason");
    assert_eq!(told.difference(&acts).collect::<Vec<_>>(), Vec::<&&str>::new(), "the table has no such key");
    assert_eq!(stepped.intersection(&left_out).count(), 0, "one or the other");
    assert!(ACTIONS.iter().any(|spec| matches!(spec.doors.shell, Shell::None(why) if why == OF_THE_SCREEN)));
}
