//! Hooks of a user's that fail or print do not reach the answers of tmux.

use crate::harness::{Sandbox, is_well};

#[test]
fn messages_arrive_beside_a_users_failing_hooks() {
    let sandbox = Sandbox::new();
    // The fleet on the user's own default server, with the user's own settings.
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: ''}}\nagents: [{{name: a, runtime: stub, working_directory: {}}}]\n",
        sandbox.root.join("w").display()
    ));
    let tmux = |args: &[&str]| {
        let answer = crate::harness::answer(sandbox.command("tmux").args(args));
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
    };
    tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "mine", "--", "cat"]);
    tmux(&["set-option", "-g", "monitor-activity", "on"]);
    for hook in ["alert-activity", "session-created", "after-new-session", "after-paste-buffer", "after-send-keys"] {
        tmux(&["set-hook", "-g", hook, "display-message -t nosuch: hi"]);
    }
    // These print into every answer.
    for hook in ["after-load-buffer", "after-set-option", "after-list-panes", "after-display-message"] {
        tmux(&["set-hook", "-g", hook, "display-message -p made"]);
    }
    sandbox.start();
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    // What stands between screens makes them count for nothing: each is asked for by itself.
    sandbox.wait_row("a", |row| {
        let screen = row["evidence"].as_array().unwrap().iter().find(|evidence| evidence["plane"] == "screen");
        screen.is_some_and(|screen| screen["ok"] == true)
    });
    for text in ["first", "second", "third"] {
        let sent = sandbox.run(&["agent", "send", "a", "-m", text, "--json"]);
        let arrived = ["accepted", "queued"].map(|word| sent.json()["delivery"] == word).contains(&true);
        assert!(sent.code == 0 && arrived, "{sent:?}");
    }
    let tail = sandbox.ok(&["agent", "tail", "a", "-n", "60"]).stdout;
    for text in ["first", "second", "third"] {
        let taken = tail.lines().filter(|line| line.starts_with("> ") && line.trim_end().ends_with(text));
        assert_eq!(taken.count(), 1, "{tail}");
    }
    let mut screen = sandbox.open(&[], 120, 36);
    screen.wait_until("the agent", |text| text.lines().any(|line| line.contains(" a ") && is_well(line)));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}
