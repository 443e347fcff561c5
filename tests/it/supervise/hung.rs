//! A backlog that hangs holds up neither the look after agents nor the end of the supervisor.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::decisions;
use crate::harness::Database;
use crate::harness::{Sandbox, kill, program, wait, wait_for};

#[test]
fn a_server_that_hangs_holds_up_neither_whoever_died_nor_the_end() {
    let mut database = Database::on_own_server();
    let url = database.url();
    let sandbox = Sandbox::with_agents(&format!(
        "  - {{name: a, class: code, env: {{DATABASE_URL: '{url}', MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n"
    ));
    let env = [("DATABASE_URL", url.as_str())];
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let said = sandbox.root.join("said");
    let mut command = sandbox.command(program());
    command.args(["fleet", "supervise", "--json", "--interval", "1"]).env("DATABASE_URL", &url);
    let out = fs::File::create(&said).unwrap();
    let mut child = command.stdout(Stdio::from(out)).stderr(Stdio::null()).spawn().unwrap();
    let made = sandbox.run_with(&["backlog", "create", "--id=A1", "--title=t", "--assignee=code"], &env);
    assert_eq!(made.code, 0, "{made:?}");
    wait_for("a card goes all its way", || {
        let shown = sandbox.run_with(&["backlog", "show", "A1", "--json"], &env);
        shown.json()["card"]["status"] == "done"
    });
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let pid = u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap();

    database.server().freeze(Signal::STOP);
    kill(pid, Signal::KILL);
    let all = || decisions(&fs::read_to_string(&said).unwrap());
    let is_back = || all().iter().any(|one| one["decision"] == "revive" && one["good"] == true);
    let back = wait("the dead one is brought back", || is_back().then_some(()));
    let told = Instant::now();
    kill(child.id(), Signal::TERM);
    let ended = child.wait().unwrap();
    let took = told.elapsed();
    // Before anything is held against it: a server that is stopped cannot be ended either.
    database.server().freeze(Signal::CONT);
    assert!(back.is_some(), "{:#?}", all());
    assert!(ended.success() && took < Duration::from_secs(6), "{ended} after {took:?}");
}
