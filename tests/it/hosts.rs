//! Two hosts behind real sshds: seen, watched, sent to; a link that freezes or breaks costs no key and no truth.

use std::process::Stdio;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::message::Phase;

use crate::harness::{Far, Sandbox, introduce, program, ten_send_at_once, wait_for};

/// A fleet of one agent here, and of one on each of two other hosts: `far` has this program, `bare` only tmux.
fn fleet() -> Option<(Sandbox, Far, Far)> {
    let far = Far::up("  - {name: far, class: code}\n", true)?;
    let bare = Far::up("  - {name: bare}\n  - {name: stranger}\n", false)?;
    let near = Sandbox::with_agents(
        "  - {name: near}\n  - {name: far, class: code, host: h1, ssh: h1}\n  - {name: bare, host: h2, ssh: h2}\n",
    );
    introduce(&near, &[("h1", &far), ("h2", &bare)]);
    near.ok(&["fleet", "start", "near"]);
    Some((near, far, bare))
}

/// The screen of a host's only agent without the breaks of lines.
fn screen(host: &Far, session: &str) -> String {
    let target = format!("={session}:");
    host.sandbox.tmux(&["capture-pane", "-p", "-J", "-t", &target]).split_whitespace().collect()
}

#[test]
fn agents_of_other_hosts_are_seen_sent_to_and_tailed() {
    let Some((near, far, bare)) = fleet() else { return };
    let row = near.wait_row("far", |row| row["health"] == "healthy");
    assert_eq!((row["host"].as_str(), row["pane"]["width"].as_u64()), (Some("h1"), Some(200)), "{row:#}");
    assert_eq!(row["process"]["alive"], true, "what only that host knows: {row:#}");
    // Without the program there, tmux and the screen still say a lot; a heartbeat is not made up.
    let row = near.wait_row("bare", |row| row["readiness"] == "available");
    assert_eq!((&row["heartbeat"], row["health"].as_str()), (&serde_json::Value::Null, Some("unknown")), "{row:#}");
    assert!(row["evidence"].to_string().contains("ready: its composer waits"), "{row:#}");
    let stranger = near.row("stranger");
    assert_eq!((stranger["managed"].as_bool(), stranger["host"].as_str()), (Some(false), Some("h2")), "{stranger:#}");

    for (name, host, text) in [("far", &far, "to the far one"), ("bare", &bare, "to 'the' \"bare\" $HOME\none")] {
        let answer = near.run(&["agent", "send", name, "--json", "-m", text]);
        assert_eq!((answer.code, answer.json()["delivery"].as_str()), (0, Some("accepted")), "{answer:?}");
        let letters: String = text.lines().last().unwrap().split_whitespace().collect();
        assert!(screen(host, name).contains(&letters), "{}", screen(host, name));
        assert!(near.ok(&["agent", "tail", name, "-n", "80"]).stdout.contains("accepted: ["), "{name}");
    }
    let all = near.run(&["agent", "broadcast", "--json", "-m", "to everybody"]);
    assert_eq!((all.code, all.json().as_array().unwrap().len()), (0, 3), "{all:?}");
    near.wait_row("bare", |row| row["readiness"] == "available");
    let reset = near.run(&["agent", "reset", "bare", "--json"]);
    assert_eq!((reset.code, reset.json()["delivery"].as_str()), (0, Some("accepted")), "{reset:?}");
    assert!(near.ok(&["agent", "explain", "bare"]).stdout.contains("h2 answers"));
    let block = near.ok(&["fleet", "comms-block", "near"]).stdout;
    assert!(block.contains("| far | code on h1 | `mosaic-tui agent send far -m"), "{block}");
    // What is down over there is brought back over there.
    bare.sandbox.ok(&["fleet", "stop", "bare"]);
    near.wait_row("bare", |row| row["readiness"] == "dead");
    let recovered = near.ok(&["fleet", "recover", "--apply"]);
    assert!(recovered.stdout.contains("nobody is down"), "{recovered:?}");
    assert!(!near.tmux(&["list-sessions", "-F", "#{session_name}"]).contains("bare"));
    let status = near.run(&["fleet", "status"]);
    assert!(status.stdout.contains("bare") && status.stdout.contains("far"), "{status:?}");
}

#[test]
fn a_text_of_a_megabyte_goes_over_the_link_once() {
    let Some((near, far, _bare)) = fleet() else { return };
    let file = near.root.join("w/text");
    std::fs::write(&file, ("it's \"x\" ".repeat(11) + "\n").repeat(10_480) + "END").unwrap();
    let big = near.run(&["agent", "send", "far", "--file", file.to_str().unwrap()]);
    assert_eq!(big.code, 0, "{big:?}");
    assert_eq!(screen(&far, "far").matches("END").count(), 1, "{}", screen(&far, "far"));
}

#[test]
fn senders_of_two_hosts_do_not_interleave() {
    let Some((near, far, _bare)) = fleet() else { return };
    // Half of them there, half of them here.
    let from = |n| if n % 2 == 0 { &near } else { &far.sandbox };
    ten_send_at_once(from, "far", || screen(&far, "far"));
}

#[test]
fn the_dashboard_watches_attaches_and_lives_with_a_frozen_link() {
    let Some((near, far, bare)) = fleet() else { return };
    let mut view = near.open(&[], 120, 40);
    view.wait_until("both hosts", |text| text.contains("bare") && text.contains("far"));
    let before = far.connections();
    // The live view of another host's pane; nothing of it is typed there, and its size stays.
    let size = || far.sandbox.tmux(&["display-message", "-p", "-t", "=far:", "#{window_width}x#{window_height}"]);
    view.send("/far\r");
    view.wait_until("its pane", |text| text.contains("type a message"));
    view.send("\r");
    view.wait_until("the watch", |text| text.contains("READ-ONLY") && text.contains("type a message"));
    far.sandbox.tmux(&["send-keys", "-t", "=far:", "-l", "by hand over there"]);
    view.wait_text("by hand over there");
    view.send("xzv");
    far.sandbox.tmux(&["send-keys", "-t", "=far:", "C-u"]);
    view.wait_until("an empty composer", |text| !text.contains("by hand"));
    assert!(!screen(&far, "far").contains("xzv"), "{}", screen(&far, "far"));
    assert_eq!(size(), "200x50");
    view.send("\x1b");
    view.wait_until("the list", |text| !text.contains("READ-ONLY"));
    // The takeover types, and the dashboard is back as it was.
    view.send("a");
    wait_for("its client", || {
        far.sandbox.tmux(&["list-clients", "-F", "#{client_readonly}"]).lines().any(|one| one == "0")
    });
    view.send("taken over by hand");
    wait_for("the text", || screen(&far, "far").contains("takenoverbyhand"));
    // A person stays for longer than any look at that server may take.
    wait_for("a takeover of five seconds", || {
        let clients = far.sandbox.tmux(&["list-clients", "-F", "#{client_readonly} #{client_created}"]);
        let typing = clients.lines().filter_map(|line| line.strip_prefix("0 ")?.trim().parse::<i64>().ok());
        typing.max().is_some_and(|since| jiff::Timestamp::now().as_second() - since >= 5)
    });
    view.send("\x02d");
    view.wait_until("the dashboard", |text| text.contains("back from far"));
    far.sandbox.tmux(&["send-keys", "-t", "=far:", "C-u"]);
    assert!(far.connections() <= before + 2, "one connection for everything, not one per look");

    far.freeze();
    view.wait_text("h1 does not answer");
    let asked = Instant::now();
    view.send("?");
    view.wait_text("keys in Fleet");
    view.close("keys in Fleet");
    assert!(asked.elapsed() < Duration::from_secs(2), "keys answer: {:?}", asked.elapsed());
    far.heal();
    view.wait_until("it answers again", |text| text.contains("h1 answers") && !text.contains("does not answer"));
    drop(bare);
    // The filter is a layer of its own.
    view.send("qq");
    assert_eq!(view.wait_exit(), 0);
}

#[test]
fn the_wall_shows_panes_of_other_hosts_and_how_old_they_are_while_a_link_is_frozen() {
    let Some((near, far, bare)) = fleet() else { return };
    let size = |host: &Sandbox| host.tmux(&["list-windows", "-a", "-F", "#{window_width}x#{window_height}"]);
    let sizes = || (size(&near), size(&far.sandbox), size(&bare.sandbox));
    let type_into = |host: &Sandbox, session: &str, text: &str| {
        host.tmux(&["send-keys", "-t", &format!("={session}:"), "-l", text]);
    };
    let mut view = near.open(&[], 120, 40);
    view.wait_until("both hosts", |text| text.contains("bare") && text.contains("far"));
    let (before, connections) = (sizes(), far.connections());
    view.send("2");
    view.wait_text("Wall");
    for (host, session) in [(&far.sandbox, "far"), (&bare.sandbox, "bare"), (&near, "near")] {
        type_into(host, session, &format!("typed at {session}"));
        view.wait_text(&format!("typed at {session}"));
    }
    assert!(far.connections() <= connections + 1, "one link a host, and the client of the pane in focus");
    far.freeze();
    view.wait_until("the age of its picture", |text| text.contains("typed at far") && text.contains("s old"));
    let asked = Instant::now();
    view.send("f");
    view.wait_text("FROZEN");
    view.send("f");
    view.wait_until("live again", |text| !text.contains("FROZEN"));
    assert!(asked.elapsed() < Duration::from_secs(2), "keys answer: {:?}", asked.elapsed());
    type_into(&near, "near", " and more");
    view.wait_text("typed at near and more");
    type_into(&bare.sandbox, "bare", " and more");
    view.wait_text("typed at bare and more");
    far.heal();
    type_into(&far.sandbox, "far", " and more");
    view.wait_until("present again", |text| text.contains("typed at far and more") && !text.contains("s old"));
    assert_eq!(sizes(), before);
}

#[test]
fn a_link_that_breaks_in_a_send_is_no_success_and_types_nothing_twice() {
    let far = Far::up(
        "  - {name: far, runtime: slow, command: \"printf '> '; read line; echo thinking; read line\"}\n",
        false,
    );
    let Some(far) = far else { return };
    let near = Sandbox::with_agents("  - {name: far, runtime: slow, command: x, host: h1, ssh: h1}\n");
    introduce(&near, &[("h1", &far)]);
    let rules = near.home().join("runtime/slow");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(
        rules.join("screen.yaml"),
        "version: 1\ncomposer: {anchor: top, top: '^>', bottom: '^(thinking|\\s*)$', within: 24, margin: '^> ?'}\n",
    )
    .unwrap();
    for frozen in [true, false] {
        let mut command = near.command(program());
        command.args(["agent", "send", "far", "--json", "--timeout", "20", "-m", "once"]);
        let sender = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("Enter", || screen(&far, "far").contains("thinking"));
        if frozen {
            far.freeze();
        } else {
            far.cut();
        }
        let output = sender.wait_with_output().unwrap();
        let receipt: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!((output.status.code(), receipt["delivery"].as_str()), (Some(1), Some("unverified")), "{receipt:#}");
        let how_far = Phase::Submitting.to_string();
        assert!(receipt["reason"].as_str().unwrap().ends_with(&how_far), "{receipt:#}");
        // While it is gone: nothing is typed, and the receipt says so.
        let refused = near.run(&["agent", "send", "far", "--json", "-m", "again"]);
        assert_eq!((refused.code, refused.json()["delivery"].as_str()), (1, Some("blank")), "{refused:?}");
        let row = near.row("far");
        assert_eq!(
            (row["readiness"].as_str(), row["flags"].to_string().contains("unreachable")),
            (Some("unknown"), true)
        );
        far.heal();
        near.wait_row("far", |row| !row["flags"].to_string().contains("unreachable"));
        assert_eq!(screen(&far, "far").matches("once").count(), 1, "{}", screen(&far, "far"));
        far.sandbox.ok(&["fleet", "restart", "far"]);
    }
}

#[test]
fn a_shell_in_front_of_a_runtime_on_another_host_gets_no_message() {
    let Some(far) = Far::up("  - {name: far, command: bash --norc -i, env: {PS1: 'shell> '}}\n", true) else { return };
    let near = Sandbox::with_agents("  - {name: near}\n  - {name: far, host: h1, ssh: h1}\n");
    introduce(&near, &[("h1", &far)]);
    let pane = |words: &[&str]| far.sandbox.tmux(words);
    let shown = |word: &str| pane(&["capture-pane", "-p", "-t", "=far:"]).contains(word);
    pane(&["send-keys", "-t", "=far:", "-l", &format!("{} stub-agent", program())]);
    pane(&["send-keys", "-t", "=far:", "Enter"]);
    wait_for("the stub", || shown("type a message"));
    let is_stub = |pid: &u32| {
        mosaic_tui::fleet::os::process::argv(*pid)
            .is_some_and(|argv| argv.get(1).is_some_and(|word| word == "stub-agent"))
    };
    let stub = far.sandbox.pids().into_iter().find(is_stub).unwrap();
    crate::harness::kill(stub, rustix::process::Signal::STOP);
    wait_for("the shell in front", || {
        pane(&["display-message", "-p", "-t", "=far:", "#{pane_current_command}"]) == "bash"
    });
    for more in [&[][..], &["--force"], &["--no-verify"]] {
        let sent = near.run(&[&["agent", "send", "far", "--json", "-m", "touch typed-into-a-shell"], more].concat());
        assert_eq!((sent.code, sent.json()["delivery"].as_str()), (1, Some("dead")), "{more:?}: {sent:?}");
    }
    assert!(!shown("typed-into-a-shell"));
}

/// Both servers of one host are asked over one link.
#[test]
fn a_hung_second_server_of_another_host_holds_up_no_row_of_its_first() {
    let Some(far) = Far::up("  - {name: far}\n  - {name: second, socket: other}\n", false) else { return };
    let near = Sandbox::with_agents(
        "  - {name: far, host: h1, ssh: h1}\n  - {name: second, host: h1, ssh: h1, socket: other}\n",
    );
    introduce(&near, &[("h1", &far)]);
    near.wait_row("second", |row| row["pane"]["dead"] == false);
    let server = crate::harness::answer(far.sandbox.command("tmux").args([
        "-L",
        "other",
        "display-message",
        "-p",
        "-t",
        "=second:",
        "#{pid}",
    ]));
    let server: u32 = server.stdout.trim().parse().unwrap();
    crate::harness::kill(server, rustix::process::Signal::STOP);
    for _ in 0..3 {
        // What could not be read makes it a failure.
        let looked = near.run(&["fleet", "ps", "--json"]);
        assert_eq!(looked.code, 1, "{looked:?}");
        let document = looked.json();
        let of = |name: &str| document.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        let (first, second) = (of("far"), of("second"));
        assert!(first["pane"]["dead"] == false && first["readiness"] != "unknown", "{first:#}");
        assert!(second["readiness"] == "unknown" && second.to_string().contains("its server hangs"), "{second:#}");
    }
    let sent = near.run(&["agent", "send", "far", "--json", "-m", "beside a hung one"]);
    assert_eq!((sent.code, sent.json()["delivery"].as_str()), (0, Some("accepted")), "{sent:?}");
    crate::harness::kill(server, rustix::process::Signal::CONT);
    near.wait_row("second", |row| row["pane"]["dead"] == false);
}
