//! A runtime that writes its own state into a file is told by that, at once, and by nobody else's file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::harness::{Sandbox, wait_for};

/// What stands in claude's place: it waits for nothing and shows nothing.
const PROGRAM: &str = "#!/bin/sh\nwhile :; do sleep 1000; done\n";

/// A fleet of one, and the file in which it tells its state.
fn agent() -> (Sandbox, PathBuf, u32) {
    let sandbox = Sandbox::new();
    let (home, program) = (sandbox.root.join("home"), sandbox.root.join("w/claude"));
    std::fs::write(&program, PROGRAM).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.write_agents(&format!(
        "  - {{name: a, runtime: claude, command: '{}', env: {{HOME: {}}}}}\n",
        program.display(),
        home.display()
    ));
    sandbox.start();
    let row = sandbox.wait_row("a", |row| row["heartbeat"]["by"] == "keeper");
    let pid = u32::try_from(row["pane"]["pid"].as_u64().unwrap()).unwrap();
    let folder = home.join(".claude/sessions");
    // It comes with the program's first start.
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{pid}.json"));
    (sandbox, file, pid)
}

fn start_of(pid: u32) -> u64 {
    mosaic_tui::fleet::os::process::start_ticks(pid).unwrap()
}

/// Writes the file as claude does, and when that was.
fn tells(file: &Path, pid: u32, start: u64, status: &str, waiting_for: Option<&str>) -> SystemTime {
    let now = SystemTime::now();
    let millis = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let state = json!({ "pid": pid, "procStart": start.to_string(), "status": status, "waitingFor": waiting_for,
        "statusUpdatedAt": u64::try_from(millis).unwrap() });
    let new = file.with_extension("new");
    std::fs::write(&new, state.to_string()).unwrap();
    std::fs::rename(&new, file).unwrap();
    now
}

fn told(row: &Value) -> (&str, &str) {
    (row["readiness"].as_str().unwrap(), row["reason"].as_str().unwrap())
}

#[test]
fn its_state_is_told_as_it_writes_it() {
    let (sandbox, file, pid) = agent();
    let start = start_of(pid);
    tells(&file, pid, start, "idle", None);
    sandbox.wait_row("a", |row| told(row) == ("available", "reports that it is idle"));
    for (status, waiting_for, want) in [
        ("busy", None, ("working", "reports busy")),
        ("waiting", Some("permission prompt"), ("stuck", "asks for permission")),
        ("busy", None, ("working", "reports busy")),
        ("waiting", Some("dialog open"), ("working", "a list is open")),
        ("shell", None, ("available", "reports that it is idle")),
    ] {
        let wrote = tells(&file, pid, start, status, waiting_for);
        sandbox.wait_row("a", |row| told(row) == want);
        // The keeper carried it over by itself, long before its next beat.
        let beat = sandbox.run_file("a.hb");
        let carried = std::fs::metadata(&beat).unwrap().modified().unwrap();
        let since = std::fs::read_to_string(&beat).unwrap();
        assert!(since.contains("by=runtime") && carried >= wrote - Duration::from_millis(20), "{since}");
    }
    // A report of a hook does not outlive it: no hook tells of a turn that was broken off.
    let folder = sandbox.run_file("a.d");
    std::fs::create_dir_all(&folder).unwrap();
    let report = format!("ts={}\npid={pid}\nstatus=busy\nby=runtime\n", jiff::Timestamp::now());
    std::fs::write(folder.join("new"), report).unwrap();
    std::fs::rename(folder.join("new"), folder.join("report")).unwrap();
    tells(&file, pid, start, "idle", None);
    sandbox.wait_row("a", |row| told(row).0 == "available");
    // Without the file the report is all there is.
    std::fs::remove_file(&file).unwrap();
    sandbox.wait_row("a", |row| told(row).0 == "working");
}

#[test]
fn a_file_of_another_process_says_nothing() {
    let (sandbox, file, pid) = agent();
    let start = start_of(pid);
    // A process that had this pid before, and one that lives elsewhere.
    tells(&file, pid, start - 1, "busy", None);
    tells(&file.with_file_name(format!("{}.json", std::process::id())), std::process::id(), start, "busy", None);
    let beats = || std::fs::read_to_string(sandbox.run_file("a.hb")).unwrap_or_default();
    let first = beats();
    wait_for("two more beats", || beats() != first);
    let second = beats();
    wait_for("one more beat", || beats() != second);
    assert_eq!(sandbox.row("a")["heartbeat"]["by"], "keeper", "{}", beats());
    tells(&file, pid, start, "busy", None);
    sandbox.wait_row("a", |row| told(row).0 == "working" && row["heartbeat"]["by"] == "runtime");
}
