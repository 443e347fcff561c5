//! From a file of goals to cards, on both engines: made once, edited while nobody holds them, told of when they are gone.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::backlog::Stand;
use crate::harness::{Answer, Sandbox};

macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&super::Stand::file()); } )* }
        mod postgres { $( #[test] fn $name() { super::$name(&super::Stand::server()); } )* }
    };
}

both!(
    the_example_becomes_cards_once,
    what_changed_in_the_file_is_edited_unless_somebody_holds_it,
    a_goal_is_done_by_its_decomposition_at_every_door,
);

struct Desk {
    sandbox: Sandbox,
    env: Vec<(String, String)>,
}

impl Desk {
    fn new(stand: &Stand) -> Self {
        let sandbox = Sandbox::with_agents("  - {name: lead, class: orchestrator}\n  - {name: p0, class: planner}\n");
        Self { sandbox, env: stand.env() }
    }

    fn file(&self) -> PathBuf {
        self.sandbox.home().join("fleet/NORTH_STAR.yaml")
    }

    fn run(&self, args: &[&str]) -> Answer {
        self.run_as(None, args)
    }

    fn run_as(&self, agent: Option<&str>, args: &[&str]) -> Answer {
        let mut env: Vec<(&str, &str)> = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        env.extend(agent.map(|agent| ("MOSAIC_AGENT_NAME", agent)));
        self.sandbox.run_with(args, &env)
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        let answer = self.run(&all);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer.json()
    }

    /// What sync says of each goal.
    fn sync(&self, args: &[&str]) -> Vec<(String, String)> {
        let mut all = vec!["north-star", "sync", "--json"];
        all.extend(args);
        let answer = self.run(&all).json();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        answer["goals"].as_array().unwrap().iter().map(|row| (text(row, "goal"), text(row, "outcome"))).collect()
    }

    fn card(&self, id: &str) -> Value {
        self.json(&["backlog", "show", id])["card"].clone()
    }
}

fn rows(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(goal, outcome)| ((*goal).to_owned(), (*outcome).to_owned())).collect()
}

fn the_example_becomes_cards_once(stand: &Stand) {
    let desk = Desk::new(stand);
    let missing = desk.run(&["north-star", "sync"]);
    assert!(missing.code == 3 && missing.stderr.contains("north-star init"), "{missing:?}");
    assert_eq!(desk.json(&["north-star", "init"])["outcome"], "written");
    assert_eq!(desk.run(&["north-star", "init"]).code, 4, "it is never written over");
    let checked = desk.json(&["north-star", "check"]);
    assert!(checked["valid"] == true && checked["goals"] == 5, "{checked}");
    let created =
        rows(&[("A1", "created"), ("A2", "created"), ("B1", "created"), ("B2", "created"), ("B3", "created")]);
    assert_eq!(desk.sync(&["--dry-run"]), created);
    assert_eq!(desk.json(&["backlog", "list"]), Value::Array(Vec::new()), "it only told");
    assert_eq!(desk.sync(&[]), created);
    let card = desk.card("B2");
    for (field, want) in [
        ("idempotency_key", "goal:B2".into()),
        ("assignee", "planner".into()),
        ("phase", "phase-2".into()),
        ("priority", 20.into()),
        ("depends_on", serde_json::json!(["A2", "B1"])),
        ("goal", "".into()),
        ("status", "ready".into()),
    ] {
        assert_eq!(card[field], want, "{field}");
    }
    let before = desk.json(&["backlog", "list"]);
    assert!(desk.sync(&[]).iter().all(|(_, outcome)| outcome == "unchanged"));
    assert_eq!(desk.json(&["backlog", "list"]), before, "not even a version");
    let priorities: Vec<i64> =
        ["A1", "B1", "B3"].iter().map(|id| desk.card(id)["priority"].as_i64().unwrap()).collect();
    assert_eq!(priorities, [30, 20, 10]);
    // Who ran it, on which digest, is kept.
    let digest = checked["digest"].as_str().unwrap();
    let kept = desk.sandbox.events("action");
    let syncs: Vec<&Value> =
        kept.iter().filter(|event| event["what"].as_str().unwrap().contains("north-star sync")).collect();
    assert_eq!(syncs.len(), 3, "the one without a file, and two that were not dry: {kept:#?}");
    assert!(syncs[1]["text"].as_str().unwrap().contains(digest) && syncs[1]["who"].as_str().unwrap().contains(":user"));
}

fn what_changed_in_the_file_is_edited_unless_somebody_holds_it(stand: &Stand) {
    let desk = Desk::new(stand);
    let write = |goals: &str| {
        fs::create_dir_all(desk.file().parent().unwrap()).unwrap();
        fs::write(desk.file(), format!("version: 1\nmission: m\ngoals:\n{goals}")).unwrap();
    };
    let goal = |id: &str, title: &str, on: &str| {
        format!("  - {{id: {id}, title: {title}, phase: 1, priority: must-have, depends_on: [{on}]}}\n")
    };
    write(&[goal("A", "one", ""), goal("B", "two", "A"), goal("C", "three", "B"), goal("D", "four", "")].concat());
    desk.sync(&[]);
    let title = |id: &str| desk.card(id)["title"].as_str().unwrap().to_owned();
    // Somebody's own dependency stays; that between goals turns round.
    desk.json(&["backlog", "create", "--id=own", "--title=by hand", "--idempotency-key=k"]);
    desk.json(&["backlog", "link", "--from=B", "--to=own"]);
    desk.json(&["backlog", "create", "--id=X", "--title=no goal"]);
    desk.json(&["backlog", "claim", "--owner=p0", "--id=D"]);
    write(
        &[
            goal("A", "one", "C"),
            goal("B", "new", ""),
            goal("C", "three", "B"),
            goal("D", "other", ""),
            goal("X", "x", ""),
        ]
        .concat(),
    );
    let told = desk.run(&["north-star", "sync"]);
    assert_eq!(told.code, 1, "one goal has the id of another card: {told:?}");
    assert!(told.stderr.contains("goal X: card X exists, and is no goal's"), "{told:?}");
    assert!(told.stdout.contains("D: differs from the file, and p0 holds its card"), "{told:?}");
    assert!(told.stdout.contains("B: edited title \"two\" -> \"new\", depends on A own -> own"), "{told:?}");
    assert_eq!((title("B"), title("D"), title("X")), ("new".into(), "four".into(), "no goal".into()));
    assert_eq!(desk.card("A")["depends_on"], serde_json::json!(["C"]));
    assert_eq!(desk.card("B")["depends_on"], serde_json::json!(["own"]));
    desk.json(&["backlog", "reclaim", "--id=D"]);
    write(&[goal("A", "one", "C"), goal("B", "new", ""), goal("D", "other", "")].concat().replace("[C]", "[]"));
    let told = desk.sync(&[]);
    assert_eq!(told, rows(&[("A", "edited"), ("B", "unchanged"), ("D", "edited"), ("C", "gone")]));
    assert_eq!((title("D"), desk.card("C")["status"].clone()), ("other".into(), "ready".into()), "it is only told");
    // A file that is not valid changes nothing.
    write(&goal("B", "newer", "nobody"));
    let refused = desk.run(&["north-star", "sync"]);
    assert!(refused.code == 2 && refused.stderr.contains("NORTH_STAR.yaml:4:"), "{refused:?}");
    assert_eq!(title("B"), "new");
}

fn a_goal_is_done_by_its_decomposition_at_every_door(stand: &Stand) {
    let desk = Desk::new(stand);
    desk.json(&["north-star", "init"]);
    desk.sync(&[]);
    let held = desk.json(&["backlog", "claim", "--owner=p0", "--assignee=planner"]);
    assert_eq!(held["id"], "A1");
    let token = held["claim_token"].to_string();
    let refused = desk.run_as(Some("p0"), &["backlog", "complete", "--id=A1", "--token", &token]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        refused.stderr.contains("no card has the goal A1 yet") && refused.stderr.lines().count() == 1,
        "{refused:?}"
    );
    // By key as well, where the operator acts.
    let env: Vec<(&str, &str)> = desk.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut screen = desk.sandbox.open_with(&[], &env, 120, 40);
    screen.wait_text("quit");
    screen.send("3");
    screen.wait_text("CLAIMED 1");
    screen.wait_text("held for");
    screen.send("x");
    screen.wait_text("Complete A1?");
    screen.send("y");
    screen.wait_text("no card has the goal A1");
    screen.send("\x1b");
    screen.wait_until("the refusal is closed", |text| !text.contains("no card has the goal A1"));
    desk.json(&["backlog", "create", "--id=A1-1", "--title=Work", "--goal=A1", "--assignee=code"]);
    assert_eq!(desk.json(&["backlog", "list", "--goal=A1"])[0]["id"], "A1-1");
    desk.json(&["backlog", "complete", "--id=A1", "--token", &token]);
    // How far the goals are, as a view of the board; a goal leads to its cards.
    screen.send("v");
    let shown = screen.wait_until("the goals", |text| text.contains("0 of 5 finished") && text.contains("0/1"));
    assert!(shown.contains("critical path A1 \u{2192} A2 \u{2192} B2 (3 cards)"), "{shown}");
    assert_eq!(desk.json(&["backlog", "goals"])["critical_path"], serde_json::json!(["A1", "A2", "B2"]));
    screen.send("\r");
    screen.wait_until("its cards alone", |text| {
        text.contains("goal:A1") && text.contains("A1-1") && !text.contains("B2 ")
    });
    screen.send("\x1b");
    screen.wait_text("DONE 1");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn the_page_is_the_same_each_time_and_says_when_it_is_old() {
    let desk = Desk::new(&Stand::file());
    desk.json(&["north-star", "init"]);
    let printed = desk.run(&["north-star", "render"]).stdout;
    assert_eq!(desk.run(&["north-star", "render"]).stdout, printed);
    // On a machine that writes, counts and reckons its time in another way as well.
    let elsewhere = [("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Pacific/Apia"), ("COLUMNS", "40"), ("USER", "somebody")];
    assert_eq!(desk.sandbox.run_with(&["north-star", "render"], &elsewhere).stdout, printed);
    let page = desk.file().with_extension("md");
    let old = desk.run(&["north-star", "render", "--check"]);
    assert!(old.code == 1 && old.stderr.contains("out of date") && !page.exists(), "{old:?}");
    assert_eq!(desk.run(&["north-star", "render", "--write"]).code, 0);
    assert_eq!(fs::read_to_string(&page).unwrap(), printed);
    assert_eq!(desk.run(&["north-star", "render", "--check"]).code, 0);
    // Elsewhere, under another name: the same bytes but for the name.
    let other = desk.sandbox.root.join("w/other.yaml");
    fs::copy(desk.file(), &other).unwrap();
    let elsewhere = desk.run(&["north-star", "render", other.to_str().unwrap()]).stdout;
    assert_eq!(elsewhere, printed.replace("NORTH_STAR.yaml", "other.yaml"));
    fs::write(desk.file(), fs::read_to_string(desk.file()).unwrap().replace("must-have", "could-have")).unwrap();
    assert_eq!(desk.run(&["north-star", "render", "--check"]).code, 1);
    assert_eq!(desk.run(&["north-star", "render", "--check", "--write"]).code, 2);
    fs::write(desk.file(), "version: 1\nmision: x\ngoals: [{id: a b}]\n").unwrap();
    let broken = desk.run(&["north-star", "check"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(broken.stderr.contains("NORTH_STAR.yaml:2:1: mision: unknown key; did you mean mission?"), "{broken:?}");
    assert_eq!(desk.run(&["north-star", "check", "/nowhere.yaml"]).code, 3);
}
