//! One look costs a constant number of processes, whatever the number of agents.

use std::time::{Duration, Instant};

use crate::harness::{Sandbox, wait_within};

fn fleet(agents: usize) -> Sandbox {
    let list: String = (0..agents).map(|at| format!("  - {{name: a{at}, runtime: pi, command: cat}}\n")).collect();
    let sandbox = Sandbox::with_agents(&list);
    sandbox.start();
    sandbox
}

/// Processes that the first `fleet ps` starts, as the kernel counts them.
fn processes_of_a_look(sandbox: &Sandbox) -> usize {
    let _none = std::fs::remove_dir_all(sandbox.run_file("_screens"));
    processes_of_another_look(sandbox).len()
}

/// What a `fleet ps` starts, as strace shows it.
fn processes_of_another_look(sandbox: &Sandbox) -> Vec<String> {
    let trace = sandbox.root.join("trace");
    let answer = crate::harness::answer(
        sandbox
            .command("strace")
            .args(["-f", "-qq", "-s", "100000", "-e", "trace=execve", "-o"])
            .arg(&trace)
            .arg(crate::harness::program())
            .args(["fleet", "ps", "--json"]),
    );
    assert_eq!(answer.code, 0, "{answer:?}");
    let rows = answer.json();
    let read = |row: &serde_json::Value| row["evidence"].to_string().contains("\"screen\"");
    assert!(rows.as_array().unwrap().iter().all(read), "every screen was read");
    let trace = std::fs::read_to_string(trace).unwrap();
    // The first is the program itself.
    let started = trace.lines().filter(|line| line.contains("execve") && line.ends_with("= 0"));
    started.skip(1).map(str::to_owned).collect()
}

#[test]
fn a_hundred_agents_cost_as_many_processes_as_five() {
    let few = processes_of_a_look(&fleet(5));
    let many = processes_of_a_look(&fleet(100));
    assert!(many <= 3, "{many} processes for one look");
    assert_eq!(few, many);
}

#[test]
fn screens_come_with_the_panes_and_those_that_no_keeper_marked_by_one_more_client() {
    let sandbox = fleet(3);
    assert_eq!(processes_of_a_look(&sandbox), 1);
    for agent in ["=a0:", "=a2:"] {
        sandbox.tmux(&["set-option", "-p", "-u", "-t", agent, "@mosaic_agent"]);
    }
    assert_eq!(processes_of_a_look(&sandbox), 2);
}

#[test]
fn a_screen_that_stands_as_it_was_is_not_asked_for_again() {
    let sandbox = Sandbox::with_agents("  - {name: a0}\n  - {name: a1}\n  - {name: a2}\n");
    sandbox.start();
    let kept = || std::fs::read_to_string(sandbox.run_file("_screens/it")).unwrap_or_default();
    // One that printed a moment ago is not kept.
    let all = wait_within(Duration::from_secs(60), || {
        sandbox.rows();
        (kept().lines().count() == 4).then_some(())
    });
    assert!(all.is_some(), "{}", kept());
    let asks_for_none = || {
        let started = processes_of_another_look(&sandbox);
        started.len() == 1 && !started[0].contains("capture-pane")
    };
    assert!(asks_for_none());
    // Who must change nothing leaves nothing.
    std::fs::remove_file(sandbox.run_file("_screens/it")).unwrap();
    sandbox.ok(&["--read-only", "fleet", "ps"]);
    assert_eq!(kept(), "");
    // What stands on a screen and in no report.
    let drafts = |row: &serde_json::Value| row["evidence"].to_string().contains("draft:");
    sandbox.tmux(&["send-keys", "-t", "=a1:", "-l", "half a thought"]);
    sandbox.wait_row("a1", drafts);
    assert_eq!(processes_of_another_look(&sandbox).len(), 2, "one more, for the one that moved");
    // It is kept in its turn, and told of by whoever asks for no screen.
    let again = wait_within(Duration::from_secs(60), || {
        sandbox.rows();
        kept().contains("\"state\":\"draft\"").then_some(())
    });
    assert!(again.is_some(), "{}", kept());
    assert!(asks_for_none());
    assert!(drafts(&sandbox.row("a1")) && !drafts(&sandbox.row("a2")));
    // A dashboard asks for none either: it tells what the file says, here that all are at work, until a pane moves.
    let at_work = kept().replace("\"ready\"", "\"busy\"").replace("\"draft\"", "\"busy\"");
    std::fs::write(sandbox.run_file("_screens/it"), at_work).unwrap();
    let screen = sandbox.open(&[], 120, 36);
    screen.wait_text("3 working");
    for agent in ["=a0:", "=a2:"] {
        sandbox.tmux(&["send-keys", "-t", agent, "s", "BSpace"]);
    }
    screen.wait_text("2 available");
    drop(screen);
    sandbox.tmux(&["send-keys", "-t", "=a1:", "C-u"]);
    sandbox.wait_row("a1", |row| !drafts(row));
    // Of an agent that is gone nothing stays, nor of a server, and of another one nothing is told.
    let again = wait_within(Duration::from_secs(60), || {
        sandbox.rows();
        kept().contains("\"title\":\"a1").then_some(())
    });
    assert!(again.is_some(), "{}", kept());
    sandbox.ok(&["fleet", "stop", "a1"]);
    sandbox.ok(&["fleet", "remove", "a1"]);
    assert!(!kept().contains("\"title\":\"a1"), "{}", kept());
    sandbox.ok(&["fleet", "stop"]);
    sandbox.rows();
    assert_eq!(kept(), "");
    sandbox.start();
    sandbox.wait_row("a2", |row| row["readiness"] == "available");
}

#[test]
fn a_server_that_did_nothing_is_left_in_peace() {
    let sandbox = fleet(3);
    let screen = sandbox.open(&[], 120, 36);
    screen.wait_text("a2");
    let server = sandbox.tmux(&["display-message", "-p", "#{pid}"]);
    let has_run = || std::fs::read_to_string(format!("/proc/{server}/schedstat")).unwrap();
    let (mut last, mut since) = (has_run(), Instant::now());
    // Five calm looks come first, behind whatever a start on a busy machine still brings.
    let rested = wait_within(Duration::from_secs(60), || {
        let now = has_run();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        (since.elapsed() >= Duration::from_millis(3_200)).then_some(())
    });
    assert!(rested.is_some(), "it was asked at each tick");
    sandbox.tmux(&["new-session", "-d", "-s", "newcomer", "cat"]);
    screen.wait_text("newcomer");
}
