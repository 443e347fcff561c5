//! Watching is read-only and changes no size, alone and beside other clients.

use rustix::process::Signal;

use crate::harness::{Pty, Sandbox, kill, wait_for};

fn window(sandbox: &Sandbox) -> String {
    sandbox.tmux(&["display-message", "-p", "-t", "=a:", "#{window_width}x#{window_height}"])
}

fn clients(sandbox: &Sandbox) -> usize {
    sandbox.tmux(&["list-clients", "-F", "#{client_name}"]).lines().filter(|line| !line.is_empty()).count()
}

fn attached(sandbox: &Sandbox, width: u16, height: u16) -> Pty {
    let before = clients(sandbox);
    let client = Pty::spawn("tmux", &["-L", "it", "attach", "-t", "=a"], &sandbox.env(), &sandbox.root, width, height);
    wait_for("the other client", || clients(sandbox) > before);
    client
}

fn cat_sandbox() -> Sandbox {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: cat, command: 'cat > typed.txt'}\n");
    sandbox.start();
    sandbox
}

#[test]
fn no_size_of_terminal_changes_the_agents_window() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    assert_eq!(window(&sandbox), "200x50");
    for others in [0, 2] {
        let _clients: Vec<Pty> = (0..others).map(|at| attached(&sandbox, 100 + at * 20, 30 + at * 5)).collect();
        for (width, height) in [(80, 24), (250, 70)] {
            let before = window(&sandbox);
            let count = clients(&sandbox);
            let mut screen = sandbox.open(&["agent", "watch", "a"], width, height);
            screen.wait_text("type a message");
            wait_for("the viewer's client", || clients(&sandbox) == count + 1);
            assert_eq!(window(&sandbox), before, "during, {width}x{height} beside {others}");
            screen.resize(width / 2 + 10, height);
            screen.wait_text("READ-ONLY");
            assert_eq!(window(&sandbox), before, "after its resize");
            screen.send("q");
            assert_eq!(screen.wait_exit(), 0);
            wait_for("the viewer's end", || clients(&sandbox) == count);
            assert_eq!(window(&sandbox), before, "afterwards");
        }
    }
}

#[test]
fn a_session_with_automatic_size_keeps_it_too() {
    let sandbox = Sandbox::with_agents("  - {name: other}\n");
    sandbox.start();
    // Made by hand, with tmux's default `window-size latest`.
    sandbox.tmux(&["new-session", "-d", "-s", "a", "-x", "200", "-y", "50", "--", "cat"]);
    let mut screen = sandbox.open(&["agent", "watch", "a"], 80, 24);
    screen.wait_text("pane %");
    // Shown by captures: a lone client could resize such a window.
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "seen by capture"]);
    screen.wait_text("seen by capture");
    assert_eq!(clients(&sandbox), 0);
    for status in ["off", "3", "on"] {
        sandbox.tmux(&["set-option", "-g", "status", status]);
        assert_eq!(window(&sandbox), "200x50", "status {status}");
    }
    screen.send("q");
    screen.wait_exit();
    assert_eq!(window(&sandbox), "200x50");
}

#[test]
fn keys_typed_in_watch_do_not_arrive() {
    let sandbox = cat_sandbox();
    let mut screen = sandbox.open(&["agent", "watch", "a"], 80, 24);
    screen.wait_text("READ-ONLY");
    wait_for("the viewer's client", || clients(&sandbox) == 1);
    screen.send("rm -rf x\r\x03\x04abc\x1b[200~pasted\x1b[201~");
    // Ctrl-C left the dashboard; what was typed before it went nowhere.
    assert_eq!(screen.wait_exit(), 0);
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "marker"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    let file = sandbox.root.join("w/typed.txt");
    wait_for("the marker", || std::fs::read_to_string(&file).is_ok_and(|text| !text.is_empty()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "marker\n");
    assert_eq!(sandbox.row("a")["process"]["alive"], true);
}

#[test]
fn no_client_or_session_stays_behind_however_it_ends() {
    let sandbox = cat_sandbox();
    let sessions = sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]);
    for signal in [Signal::TERM, Signal::HUP, Signal::KILL] {
        let mut screen = sandbox.open(&["agent", "watch", "a"], 80, 24);
        screen.wait_text("READ-ONLY");
        wait_for("the viewer's client", || clients(&sandbox) == 1);
        kill(screen.pid(), signal);
        screen.wait_exit();
        wait_for("no client left", || clients(&sandbox) == 0);
        assert_eq!(sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]), sessions);
        assert_eq!(window(&sandbox), "200x50");
    }
}

#[test]
fn the_view_follows_when_the_owner_resizes_the_window() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let screen = sandbox.open(&["agent", "watch", "a"], 250, 70);
    screen.wait_text("200x50");
    sandbox.tmux(&["resize-window", "-t", "=a:", "-x", "90", "-y", "30"]);
    screen.wait_until("the new size", |text| text.contains("90x30") && text.contains("type a message"));
    assert_eq!(window(&sandbox), "90x30");
}

#[test]
fn the_scrollback_can_be_read_without_touching_the_pane() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: sh, command: 'seq 1 500; exec cat'}\n");
    sandbox.start();
    let mut screen = sandbox.open(&["agent", "watch", "a"], 80, 24);
    screen.wait_text("500");
    screen.send("g");
    screen.wait_until("the oldest lines", |text| {
        text.contains("SCROLLBACK") && text.lines().any(|line| line.trim() == "1")
    });
    screen.send("G");
    screen.wait_until("live again", |text| !text.contains("SCROLLBACK") && text.contains("500"));
    assert_eq!(sandbox.tmux(&["display-message", "-p", "-t", "=a:", "#{pane_in_mode}"]), "0");
}

#[test]
fn a_dead_pane_keeps_its_last_screen_with_the_exit_status() {
    let sandbox =
        Sandbox::with_agents("  - {name: a, runtime: sh, command: 'echo first; echo last words; read x; exit 9'}\n");
    sandbox.start();
    let screen = sandbox.open(&["agent", "watch", "a"], 80, 24);
    screen.wait_text("last words");
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    screen.wait_until("the status over the last screen", |text| {
        text.contains("last words") && text.contains("dead: exit status 9")
    });
}

#[test]
fn another_current_window_does_not_hide_the_agents_pane() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    sandbox.tmux(&["new-window", "-t", "=a:", "--", "sh", "-c", "echo the other window; exec cat"]);
    let screen = sandbox.open(&["agent", "watch", "a"], 120, 60);
    let text = screen.wait_text("type a message");
    assert!(!text.contains("the other window"), "{text}");
}

#[test]
fn an_unknown_agent_is_refused_with_the_nearest_name() {
    let sandbox = Sandbox::with_agents("  - {name: code0}\n");
    sandbox.start();
    let mut screen = sandbox.open(&["agent", "watch", "code"], 80, 24);
    assert_eq!(screen.wait_exit(), 3);
    assert!(screen.screen().contains("did you mean code0?"), "{}", screen.screen());
}

/// The program leaves this out of what a client of its own says, and a picture needs half of the memory then.
#[test]
fn a_client_says_first_that_it_draws_on_the_second_screen() {
    let sandbox = cat_sandbox();
    let client = attached(&sandbox, 200, 51);
    let first = b"\x1b[?1049h";
    wait_for("its first words", || client.raw().len() >= first.len());
    assert!(client.raw().starts_with(first), "{:?}", String::from_utf8_lossy(&client.raw()));
}
