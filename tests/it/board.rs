//! The Board view as its user sees it, on both engines.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::backlog::Stand;
use crate::harness::{Database, Pty, Sandbox};

/// The program's commands and its dashboard on one store.
struct Desk {
    sandbox: Sandbox,
    env: Vec<(String, String)>,
}

impl Desk {
    fn new(stand: &Stand, agents: &str) -> Self {
        Self { sandbox: Sandbox::with_agents(agents), env: stand.env() }
    }

    fn env(&self) -> Vec<(&str, &str)> {
        self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn ok(&self, args: &[&str]) -> String {
        let mut all = vec!["backlog"];
        all.extend(args);
        let answer = self.sandbox.run_with(&all, &self.env());
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer.stdout
    }

    fn open(&self, more: &[(&str, &str)], width: u16, height: u16) -> Pty {
        let mut env = self.env();
        env.extend(more);
        let mut screen = self.sandbox.open_with(&[], &env, width, height);
        screen.wait_text("quit");
        screen.send("3");
        screen
    }
}

const AGENTS: &str = "  - {name: lead, class: orchestrator}\n  - {name: code0, class: code}\n";

fn what_others_do_appears_by_itself(stand: &Stand) {
    let desk = Desk::new(stand, AGENTS);
    let mut screen = desk.open(&[], 120, 40);
    screen.wait_text("no cards yet");
    desk.ok(&["create", "--id=A1", "--title=Lay the foundation"]);
    screen.wait_text("A1 Lay the foundation");
    desk.ok(&["create", "--id=A2", "--title=Build on it", "--depends-on=A1"]);
    screen.wait_until("the graph around it", |text| text.contains("A1") && text.contains("WAITING 1"));
    desk.ok(&["claim", "--owner=code0", "--ttl=2"]);
    screen.wait_until("the owner and the time left", |text| text.contains("code0") && text.contains(" left"));
    screen.wait_text("EXPIRED");
    // The cursor followed its card into the column of the claimed ones.
    screen.wait_text("held for");
    screen.send("R");
    screen.wait_text("Reclaim A1?");
    screen.send("y");
    screen.wait_until("back in the pool", |text| text.contains("CLAIMED 0") && text.contains("READY 1"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn what_others_do_appears_by_itself_on_a_file() {
    what_others_do_appears_by_itself(&Stand::file());
}

#[test]
fn what_others_do_appears_by_itself_on_a_server() {
    what_others_do_appears_by_itself(&Stand::server());
}

#[test]
fn a_card_that_an_agent_changed_meanwhile_is_not_overwritten() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    desk.ok(&["create", "--id=A1", "--title=Old"]);
    let mut screen = desk.open(&[], 80, 24);
    screen.wait_text("version 1");
    screen.send("e mine");
    screen.wait_text("Old mine");
    desk.ok(&["edit", "A1", "--phase=theirs"]);
    screen.wait_text("changed meanwhile (version 2)");
    screen.send("\r");
    screen.wait_text("is at version 2, not 1");
    assert!(desk.ok(&["show", "A1"]).contains("Old\n"), "nothing was overwritten");
    screen.send("\x12\r");
    screen.wait_text("A1: changed");
    let shown = desk.ok(&["show", "A1"]);
    assert!(shown.contains("Old mine") && shown.contains("theirs"), "both are kept: {shown}");
    screen.send("U");
    screen.wait_until("taken back", |text| text.contains("version 4"));
    let shown = desk.ok(&["show", "A1"]);
    assert!(!shown.lines().next().unwrap().contains("mine") && shown.contains("theirs"), "{shown}");
}

#[test]
fn a_card_is_made_triaged_and_finished_by_keys() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    let mut screen = desk.open(&[], 120, 40);
    screen.wait_text("no cards yet");
    screen.send("nB7\tA new card\t\t\t\t\t\t\t\t\t\t\tfirst line\nsecond\r");
    screen.wait_text("B7: created");
    screen.wait_text("second");
    screen.send("++");
    screen.wait_text("priority 2");
    screen.send("bno key\r");
    screen.wait_until("parked", |text| text.contains("BLOCKED") && text.contains("no key") && text.contains("READY 0"));
    screen.send("U");
    screen.wait_until("ready again", |text| text.contains("READY 1"));
    screen.send("gg");
    screen.send("hl");
    // In one packet: what the second key would choose is not on the screen yet.
    screen.send("c\r");
    screen.wait_text("claim B7 for");
    assert!(!desk.ok(&["show", "B7"]).contains("claimed"), "{}", screen.screen());
    screen.send("\r");
    screen.wait_until("claimed for the first agent", |text| text.contains("CLAIMED 1/1"));
    screen.wait_text("held for");
    screen.send("x");
    screen.wait_text("held by");
    screen.send("y");
    screen.wait_until("done", |text| text.contains("DONE 1") && text.contains("CLAIMED 0"));
    let history = desk.ok(&["show", "B7"]);
    for line in
        ["created", "priority 0 -> 1", "priority 1 -> 2", "blocked: no key", "unblocked", "claimed", "completed"]
    {
        assert!(history.contains(line), "{line} in {history}");
    }
}

#[test]
fn an_editor_of_the_operators_edits_a_card() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    desk.ok(&["create", "--id=A1", "--title=Old", "--body=one"]);
    let script = desk.sandbox.root.join("w/edit");
    fs::write(&script, "#!/bin/sh\nsed -i 's/^title: .*/title: From the editor/' \"$1\"\necho two >> \"$1\"\n")
        .unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let mut screen = desk.open(&[("EDITOR", script.to_str().unwrap())], 80, 24);
    screen.wait_text("version 1");
    screen.send("E");
    screen.wait_text("A1: changed");
    screen.wait_text("From the editor");
    assert!(desk.ok(&["show", "A1"]).contains("one\ntwo"));
    let left: Vec<_> =
        fs::read_dir(desk.sandbox.root.join("tmp")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(!left.iter().any(|path| path.to_string_lossy().contains("mosaic-card")), "{left:?}");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn an_editor_is_a_shell_line_as_git_takes_it() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    desk.ok(&["create", "--id=A1", "--title=Old"]);
    let folder = desk.sandbox.root.join("w/my editors");
    fs::create_dir(&folder).unwrap();
    let script = folder.join("edit");
    fs::write(&script, "#!/bin/sh\n[ $# = 3 ] && sed -i \"s/^title: .*/title: $2 $MARK/\" \"$3\"\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!("MARK=now '{}' --title \"Two words\"", script.display());
    let mut screen = desk.open(&[("VISUAL", &line)], 80, 24);
    screen.wait_text("version 1");
    screen.send("E");
    screen.wait_text("A1: changed");
    screen.wait_text("Two words now");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
    let mut screen = desk.open(&[("VISUAL", "no-such-editor --wait")], 80, 24);
    screen.wait_text("version 2");
    screen.send("E");
    screen.wait_text("no-such-editor --wait cannot be run");
    // The first closes the answer.
    screen.send("q");
    screen.wait_until("the answer is closed", |text| !text.contains("cannot be run"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn from_a_card_to_its_owners_pane_and_back() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    desk.sandbox.start();
    desk.ok(&["create", "--id=A1", "--title=Work"]);
    desk.ok(&["claim", "--owner=code0"]);
    let mut screen = desk.open(&[], 120, 40);
    // The agent is known by its state.
    screen.wait_until("who holds it", |text| text.contains("held for") && text.contains("\u{25cb} code0"));
    screen.send("o");
    screen.wait_until("its pane", |text| text.contains("READ-ONLY") && text.contains("code0"));
    screen.wait_text("type a message");
    screen.send("q");
    screen.wait_text("CLAIMED 1");
    screen.send("1");
    screen.wait_until("the row shows its card", |text| {
        text.lines().any(|line| line.contains("code0") && line.contains("A1"))
    });
    let rows = desk.sandbox.run_with(&["fleet", "ps", "--json"], &desk.env()).json();
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "code0").unwrap().clone();
    assert_eq!(row["claim"]["card"], "A1");
    assert!(row["claim"]["expires_in"].as_f64().unwrap() > 800.0);
}

#[test]
fn a_server_that_is_restarted_under_the_board_is_missed_and_found_again() {
    let stand = Stand::Server(Database::on_own_server());
    let desk = Desk::new(&stand, AGENTS);
    let Stand::Server(mut database) = stand else { unreachable!() };
    desk.ok(&["create", "--id=A1", "--title=Before"]);
    let mut screen = desk.open(&[], 120, 40);
    screen.wait_text("A1 Before");
    database.server().down();
    screen.wait_until("it says so, and keeps what it had", |text| {
        text.contains("backlog: cannot be reached") && text.contains("A1 Before")
    });
    // Keys answer at once meanwhile.
    screen.send("?");
    screen.wait_text("keys on the Board");
    screen.send("\x1b");
    screen.send("+");
    // Behind its words in the footer, which stand there while it runs.
    screen.wait_until("it fails", |text| text.contains("failed") && text.contains("backlog edit --priority-by=1 A1"));
    screen.close("backlog edit --priority-by=1 A1");
    database.server().up();
    desk.ok(&["create", "--id=A2", "--title=After"]);
    screen.wait_until("it recovers", |text| text.contains("A2 After") && !text.contains("cannot be reached"));
    assert!(!String::from_utf8_lossy(&screen.raw()).contains(crate::harness::PASSWORD));
}

#[test]
fn a_backlog_that_goes_is_no_empty_board() {
    let stand = Stand::file();
    let Stand::File(folder) = &stand else { unreachable!() };
    let desk = Desk::new(&stand, AGENTS);
    desk.ok(&["create", "--id=A1", "--title=Kept"]);
    let mut screen = desk.open(&[], 120, 36);
    screen.wait_text("A1 Kept");
    let (there, aside) = (folder.path().join("backlog.db"), folder.path().join("aside.db"));
    let aside_of = |end: &str| aside.with_extension(format!("db{end}"));
    for end in ["", "-wal", "-shm"] {
        let _not_each = fs::rename(there.with_extension(format!("db{end}")), aside_of(end));
    }
    screen.wait_text("backlog: was here and is gone");
    assert!(!screen.screen().contains("no cards yet"), "{}", screen.screen());
    for end in ["-wal", "-shm", ""] {
        let _not_each = fs::rename(aside_of(end), there.with_extension(format!("db{end}")));
    }
    screen.wait_until("it is found again", |text| text.contains("A1 Kept") && !text.contains("is gone"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

/// An export of so many cards without history.
fn export_of(count: usize) -> String {
    let mut lines = String::from("{\"backlog\":{\"format\":1}}\n");
    for at in 0..count {
        let card = serde_json::json!({ "card": {
            "id": format!("c{at:04}"), "tenant_id": "t", "host": "h", "title": format!("card number {at}"),
            "status": "ready", "claim_owner": null, "claim_ttl_seconds": null, "claimed_at": null, "claim_since": null,
            "claim_expires_at": null, "claim_token": null, "idempotency_key": null, "acceptance": null,
            "spend_projected": null, "spend_actual": null,
            "created_at": format!("2026-01-01T00:{:02}:{:02}.000Z", at / 100, at % 60), "updated_at": "2026-01-01T00:00:00.000Z",
        }});
        lines.push_str(&format!("{card}\n"));
    }
    lines.push_str(&format!("{{\"end\":{{\"cards\":{count},\"events\":0}}}}\n"));
    lines
}

#[test]
fn an_export_and_an_import_by_the_palette_write_nothing_over_the_screen() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    let folder = desk.sandbox.root.join("w");
    fs::write(folder.join("cards.jsonl"), export_of(5000)).unwrap();
    let mut screen = desk.open(&[], 120, 40);
    screen.wait_text("no cards yet");
    screen.send(":backlog import cards.jsonl\r");
    screen.wait_text("imported");
    screen.wait_text("READY 1/5000");
    screen.send(":backlog export\r");
    screen.wait_text("the screen takes no output");
    screen.close("takes no output");
    screen.send(":backlog export -\r");
    screen.wait_text("names no file");
    screen.close("names no file");
    screen.send(":backlog export whole.jsonl\r");
    screen.wait_text("exported");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
    assert_eq!(fs::read_to_string(folder.join("whole.jsonl")).unwrap().matches("{\"card\":").count(), 5000);
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    for foreign in ["{\"card\"", "{\"backlog\"", "\r\u{1b}[K"] {
        assert!(!raw.contains(foreign), "{foreign:?} on the screen");
    }
}

#[test]
fn five_thousand_cards_are_walked_without_a_wait() {
    let stand = Stand::file();
    let desk = Desk::new(&stand, AGENTS);
    let lines = export_of(5000);
    let file = desk.sandbox.root.join("w/cards.jsonl");
    fs::write(&file, lines).unwrap();
    desk.ok(&["import", file.to_str().unwrap()]);
    for (width, height) in [(80, 24), (200, 50)] {
        let mut screen = desk.open(&[], width, height);
        screen.wait_text("READY 1/5000");
        screen.send("G");
        screen.wait_until("the last", |text| text.contains("5000/5000") && text.contains("card number 49"));
        screen.send("g");
        screen.wait_text("1/5000");
        for _ in 0..40 {
            screen.send("\x04");
        }
        screen.wait_until("far down, its rows read", |text| {
            !text.contains("READY 1/5000") && text.matches("card number").count() > 8
        });
        screen.send("/number 4999\r");
        screen.wait_text("card number 4999");
        screen.send("\x1b");
        screen.wait_text("READY 1/5000");
        screen.send("q");
        assert_eq!(screen.wait_exit(), 0);
    }
}
