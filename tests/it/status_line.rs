//! A user's own status line is shown by ours, which stands in its place.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::harness::{Answer, Sandbox, program};

/// What our status line prints for claude in the sandbox's folder of work.
fn printed(sandbox: &Sandbox, env: &[(&str, &str)]) -> Answer {
    let mut command = sandbox.command(program());
    command.args(["session", "usage", "--hook", "claude"]).envs(env.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(br#"{"model": {"id": "opus"}, "session_id": "s1"}"#).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Answer { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[test]
fn a_users_own_status_line_is_run_with_what_ours_was_given() {
    let sandbox = Sandbox::new();
    let write = |path: &str, line: serde_json::Value| {
        let path = sandbox.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json!({ "statusLine": line }).to_string()).unwrap();
    };
    let command = |text: &str| json!({ "type": "command", "command": text });
    let shows = |want: &str| {
        let answer = printed(&sandbox, &[]);
        assert_eq!((answer.code, answer.stdout.trim_end_matches('\n'), &*answer.stderr), (0, want, ""), "{answer:?}");
    };
    shows("");
    // The same input, colours and further lines; where they work, by a shell.
    write("h/.claude/settings.json", command("printf '\\033[31mmine\\033[0m\\n'; cat; basename \"$PWD\""));
    shows("\u{1b}[31mmine\u{1b}[0m\n{\"model\": {\"id\": \"opus\"}, \"session_id\": \"s1\"}w");
    // The nearer file wins, as it does for claude itself.
    write("w/.claude/settings.json", command("echo of the project"));
    shows("of the project");
    write("w/.claude/settings.local.json", command("echo of this copy"));
    shows("of this copy");
    write("w/.claude/settings.local.json", json!({ "type": "static", "command": "echo no" }));
    shows("of the project");
    // One that fails shows nothing, and neither does one that would begin anew without end.
    write("w/.claude/settings.json", command("echo half; exit 3"));
    shows("");
    write("w/.claude/settings.json", command(&format!("{} session usage --hook claude; echo once", program())));
    shows("once");
    fs::write(sandbox.root.join("w/.claude/settings.json"), "{ no json").unwrap();
    shows("\u{1b}[31mmine\u{1b}[0m\n{\"model\": {\"id\": \"opus\"}, \"session_id\": \"s1\"}w");
    // In a folder of settings of its own.
    write("other/settings.json", command("echo of another folder"));
    fs::remove_dir_all(sandbox.root.join("w/.claude")).unwrap();
    let folder = sandbox.root.join("other");
    let moved = printed(&sandbox, &[("CLAUDE_CONFIG_DIR", folder.to_str().unwrap())]);
    assert_eq!(moved.stdout.trim_end(), "of another folder", "{moved:?}");
}
