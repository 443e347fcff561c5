//! A supervisor on a disk without room begins all the same, says so, and goes on once there is some.

use std::fs;
use std::process::{Command, Stdio};

use crate::harness::{Sandbox, answer, program, skip};

/// Starts a supervisor on a small filesystem that `fill` leaves without room; what it said, and what became of it.
fn starts_without_room(mount: &str, fill: &str, free: &str) {
    let allowed = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        return skip("mounts", "only root may mount");
    }
    let sandbox = Sandbox::new();
    sandbox.write_agents("  - {name: a, class: code, lifecycle: ephemeral}\n");
    let folder = sandbox.root.join("w/mount");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "mount -t tmpfs -o {mount} none $MOUNT
        mkdir -p $MOUNT/fleet/run
        {fill}
        $M fleet supervise --interval 1 >$OUT.said 2>$OUT.errors &
        pid=$!
        is_seen() {{ $M fleet status --json 2>/dev/null | grep -q \"\\\"pid\\\": *$pid\\b\"; }}
        until grep -q 'No space left' $OUT.errors; do kill -0 $pid; sleep 0.05; done
        if is_seen; then exit 9; fi
        kill -0 $pid
        {free}
        until is_seen; do kill -0 $pid; sleep 0.05; done
        $M backlog create --id A1 --title t --assignee nobody-of-that-name
        until test -s $MOUNT/fleet/run/escalations.json; do kill -0 $pid; sleep 0.05; done
        kill $pid
        wait $pid"
    );
    let mut command = sandbox.command("timeout");
    command.args(["120", "unshare", "-m", "sh", "-euc", &script]).env("M", program()).env("MOUNT", &folder);
    command.env("MOSAIC_HOME", &folder).env("MOSAIC_ROSTER", sandbox.roster()).env("OUT", sandbox.root.join("w/out"));
    let said = answer(&mut command);
    let errors = fs::read_to_string(sandbox.root.join("w/out.errors")).unwrap_or_default();
    assert_eq!(said.code, 0, "{said:?} {errors}");
    // Of the lock itself, or of the folder in which it would be.
    let of_lock = errors.lines().filter(|line| line.starts_with("mosaic-tui: lock ")).count();
    assert_eq!(of_lock, 1, "said once: {errors}");
}

#[test]
fn a_full_disk_holds_up_no_supervisor() {
    starts_without_room("size=4m", "cat /dev/zero > $MOUNT/fill 2>/dev/null || true", "rm $MOUNT/fill");
}

#[test]
fn a_disk_without_room_for_its_lock_is_waited_for() {
    starts_without_room(
        "size=8m,nr_inodes=12",
        "n=0; while touch $MOUNT/fill$n 2>/dev/null; do n=$((n + 1)); done",
        "mount -o remount,nr_inodes=1000 $MOUNT",
    );
}
