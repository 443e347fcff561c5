//! One look costs a constant number of processes, whatever the number of agents.

use std::time::{Duration, Instant};

use crate::harness::{Sandbox, wait_within};

fn fleet(agents: usize) -> Sandbox {
    let list: String = (0..agents).map(|at| format!("  - {{name: a{at}, runtime: pi, command: cat}}\n")).collect();
    let sandbox = Sandbox::with_agents(&list);
    sandbox.start();
    sandbox
}

/// Processes that one `fleet ps` starts, as the kernel counts them.
fn processes_of_a_look(sandbox: &Sandbox) -> usize {
    let trace = sandbox.root.join("trace");
    let answer = crate::harness::answer(
        sandbox
            .command("strace")
            .args(["-f", "-qq", "-e", "trace=execve", "-o"])
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
    trace.lines().filter(|line| line.contains("execve") && line.ends_with("= 0")).count() - 1
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
