//! From nothing to a fleet: which runtime a new roster gets, what its agents are told, and their first message.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Sandbox, answer, program, wait, wait_for};

/// A runtime that writes down how it was started, and then is the stub.
fn put_runtime(sandbox: &Sandbox, name: &str) {
    let bin = sandbox.root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let said = sandbox.root.join("said");
    let script = format!(
        "#!/bin/sh\n{{ for word in \"$@\"; do printf '%s\\n' \"$word\"; done; }} > {0}.new.$MOSAIC_AGENT_NAME && mv {0}.new.$MOSAIC_AGENT_NAME {0}.$MOSAIC_AGENT_NAME\nexec {1} stub-agent\n",
        said.display(),
        program()
    );
    let path = bin.join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What an agent's runtime was started with, one argument after the other.
fn said(sandbox: &Sandbox, agent: &str) -> String {
    let path = sandbox.root.join(format!("said.{agent}"));
    wait_for("its arguments", || path.exists());
    fs::read_to_string(path).unwrap()
}

/// Only the sandbox's own programs, so that whatever this machine has installed decides nothing.
fn narrow(sandbox: &Sandbox) -> String {
    format!("{}:/usr/bin:/bin", sandbox.root.join("bin").display())
}

#[test]
fn two_commands_make_a_fleet_of_whatever_is_installed() {
    let sandbox = Sandbox::new();
    put_runtime(&sandbox, "codex");
    let path = narrow(&sandbox);
    let env = [("PATH", path.as_str())];
    let made = sandbox.run_with(&["fleet", "init", "--profile", "coding", "--write"], &env);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.contains("codex is used instead"), "{made:?}");
    // Its own socket: the example names one that a fleet of this machine may have.
    let text = fs::read_to_string(sandbox.roster()).unwrap().replace("mosaic-fleet", "it");
    fs::write(sandbox.roster(), text).unwrap();
    let started = sandbox.run_with(&["fleet", "start"], &env);
    assert_eq!(started.code, 0, "{started:?}");

    let code0 = said(&sandbox, "code0");
    let argument = |name: &str| code0.lines().any(|line| line == name);
    assert!(argument("--no-daemon") && argument("--dangerously-bypass-approvals-and-sandbox"), "{code0}");
    assert!(code0.contains("developer_instructions=") && code0.contains("You are the agent `code0`"), "{code0}");
    for (source, is_there) in [
        ("CONSTITUTION.md", true),
        ("AGENTS.md", true),
        ("STANDARDS.md", true),
        ("runtime/codex/RUNTIME.md", true),
        ("fleet/roles/code.md", true),
        ("mosaic-tui fleet comms-block", true),
        ("fleet/roles/review.md", false),
        ("runtime/pi/RUNTIME.md", false),
    ] {
        assert_eq!(code0.contains(&format!("<!-- source: {source} -->")), is_there, "{source}: {code0}");
    }
    let contract = fs::metadata(sandbox.run_file("code0.d/contract.md")).unwrap();
    assert_eq!(contract.permissions().mode() & 0o777, 0o600);
    let printed = sandbox.ok(&["contract", "compose", "codex", "--agent", "code0"]).stdout;
    assert_eq!(printed.trim_end(), fs::read_to_string(sandbox.run_file("code0.d/contract.md")).unwrap().trim_end());

    // The framework is the user's from here on: what they change is kept beside what ships.
    let standards = sandbox.home().join("STANDARDS.md");
    fs::write(&standards, "mine").unwrap();
    let status = sandbox.ok(&["framework", "status"]).stdout;
    assert!(status.contains("changed   STANDARDS.md"), "{status}");
    let installed = sandbox.ok(&["framework", "install"]).stdout;
    assert!(installed.contains("your STANDARDS.md is kept as STANDARDS.md.user-"), "{installed}");
    assert_ne!(fs::read_to_string(&standards).unwrap(), "mine");
    sandbox.run_with(&["fleet", "stop"], &env);
}

#[test]
fn a_fleet_without_any_runtime_says_how_to_get_one() {
    let sandbox = Sandbox::new();
    let path = narrow(&sandbox);
    let made = sandbox.run_with(&["fleet", "init", "--profile", "coding", "--write"], &[("PATH", path.as_str())]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.contains("none of claude, codex, pi, opencode is installed here"), "{made:?}");
    assert!(made.stdout.contains("npm install -g") && made.stdout.contains("--runtime stub"), "{made:?}");
}

#[test]
fn what_decides_the_command_is_named_and_taken_in_its_order() {
    let sandbox = Sandbox::with_agents(
        "  - {name: built, runtime: stub, model_hint: m}\n  - {name: own, command: 'cat -u'}\n  - {name: env, command: 'cat -u'}\n",
    );
    fs::create_dir_all(sandbox.home().join("fleet/agents")).unwrap();
    fs::write(sandbox.home().join("fleet/agents/env.env"), "MOSAIC_AGENT_COMMAND=\"cat -v\"\n").unwrap();
    for (agent, line, source) in [
        ("built", "launch --model m stub", "built from runtime"),
        ("own", "cat -u", "`command` in the roster"),
        ("env", "cat -v", "MOSAIC_AGENT_COMMAND"),
    ] {
        let told = sandbox.run(&["agent", "explain", agent, "--json"]).json();
        let said = |key: &str| told["command"][key].as_str().unwrap_or_default().to_owned();
        assert!(said("line").ends_with(line) && said("source").contains(source), "{agent}: {told:#}");
    }
    sandbox.start();
    let argv = sandbox.wait_row("env", |row| row["process"]["argv0"] == "cat")["pane"]["pid"].clone();
    assert_eq!(fs::read(format!("/proc/{argv}/cmdline")).unwrap(), b"cat\0-v\0");
}

#[test]
fn each_way_to_say_the_command_is_taken_in_its_order_and_named() {
    let sandbox = Sandbox::new();
    let (roster, file) = (sandbox.roster(), sandbox.home().join("fleet/agents/a.env"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let overrides = "MOSAIC_AGENT_RUNTIME=stub\nMOSAIC_AGENT_MODEL=of-the-file\n";
    let of_roster = "runtime: pi, model_hint: of-the-roster, command: 'cat -u'";
    // All four at once; then the one that was taken goes, and the next one is.
    let ladder: [(&str, String, &str, Vec<&str>); 6] = [
        (
            of_roster,
            format!("MOSAIC_AGENT_COMMAND=\"cat -v\"\n{overrides}"),
            "MOSAIC_AGENT_COMMAND in its environment file",
            vec!["cat", "-v"],
        ),
        (of_roster, overrides.to_owned(), "`command` in the roster", vec!["cat", "-u"]),
        (
            "runtime: pi, model_hint: of-the-roster",
            overrides.to_owned(),
            "built with MOSAIC_AGENT_RUNTIME and MOSAIC_AGENT_MODEL of its environment file",
            vec![program(), "stub-agent", "--model", "of-the-file"],
        ),
        (
            "runtime: stub, model_hint: of-the-roster",
            "MOSAIC_AGENT_MODEL=of-the-file\n".to_owned(),
            "built with MOSAIC_AGENT_MODEL of its environment file",
            vec![program(), "stub-agent", "--model", "of-the-file"],
        ),
        (
            "runtime: pi",
            "MOSAIC_AGENT_RUNTIME=stub\n".to_owned(),
            "built with MOSAIC_AGENT_RUNTIME of its environment file",
            vec![program(), "stub-agent"],
        ),
        (
            "runtime: stub, model_hint: of-the-roster",
            // Blank is none.
            "MOSAIC_AGENT_COMMAND=\"\"\nMOSAIC_AGENT_MODEL=\"\"\n".to_owned(),
            "built from runtime, model, yolo and channels",
            vec![program(), "stub-agent", "--model", "of-the-roster"],
        ),
    ];
    for (entry, variables, source, argv) in ladder {
        fs::write(&file, variables).unwrap();
        sandbox.write_agents(&format!("  - {{name: a, {entry}}}\n"));
        assert!(roster.exists());
        let told = sandbox.run(&["agent", "explain", "a", "--json"]).json();
        assert_eq!(told["command"]["source"], source, "{told:#}");
        let text = sandbox.run(&["agent", "explain", "a"]).stdout;
        assert!(
            text.lines().any(|line| line.starts_with("command") && line.ends_with(&format!("({source})"))),
            "{text}"
        );
        sandbox.start();
        let pid = sandbox.tmux(&["display-message", "-p", "-t", "=a:", "#{pane_pid}"]);
        let runs = || {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.strip_suffix(b"\0")
                .unwrap_or_default()
                .split(|byte| *byte == 0)
                .eq(argv.iter().map(|word| word.as_bytes()))
        };
        // `env` and the launcher executed in place first.
        wait_for(source, runs);
        sandbox.ok(&["fleet", "stop"]);
    }
}

/// A tmux server that was started with nothing in its environment, and ends with its test.
struct Bare<'a>(&'a Sandbox);

impl<'a> Bare<'a> {
    fn start(sandbox: &'a Sandbox) -> Self {
        let bare = Self(sandbox);
        bare.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "_holder", "--", "/bin/sleep", "600"]);
        bare
    }

    fn tmux(&self, args: &[&str]) -> String {
        // The folder that tmux makes for its sockets.
        let folder = self.0.root.join(format!("t/tmux-{}", rustix::process::getuid().as_raw()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = self.0.command("/bin/sh");
        command.args(["-c", "exec env -i \"$(command -v tmux)\" -u -S \"$@\"", "sh"]).arg(folder.join("it")).args(args);
        let answer = answer(&mut command);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer.stdout.trim_end().to_owned()
    }
}

impl Drop for Bare<'_> {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_pane_has_what_it_needs_from_a_server_that_has_nothing() {
    let sandbox = Sandbox::with_agents("  - {name: a.b, class: code, model_hint: 'x/y:high', env: {OWN: roster}}\n");
    // A user's own folder of programs, which stands in front; the program is found by its name.
    let local = sandbox.root.join("h/.local/bin");
    fs::create_dir_all(&local).unwrap();
    let server = Bare::start(&sandbox);
    let pid = server.tmux(&["display-message", "-p", "#{pid}"]);
    assert_eq!(fs::read(format!("/proc/{pid}/environ")).unwrap(), b"", "it has nothing");
    sandbox.start();
    let environment = || -> BTreeMap<String, String> {
        let pid = server.tmux(&["display-message", "-p", "-t", "=a_b:", "#{pane_pid}"]);
        let mut all = Vec::new();
        // `env` and the launcher executed in place first.
        wait_for("the runtime", || {
            all = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("stub-agent"))
        });
        let text = String::from_utf8(all).unwrap();
        text.split('\0')
            .filter_map(|one| one.split_once('='))
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    };
    let check = |when: &str| {
        let all = environment();
        for (name, want) in [
            ("MOSAIC_AGENT_NAME", "a.b"),
            ("MOSAIC_AGENT_CLASS", "code"),
            ("MOSAIC_AGENT_RUNTIME", "stub"),
            ("MOSAIC_AGENT_MODEL", "x/y:high"),
            ("MOSAIC_TMUX_SOCKET", "it"),
            ("MOSAIC_HOME", &sandbox.home().display().to_string()),
            ("HOME", &sandbox.root.join("h").display().to_string()),
            ("TMUX_TMPDIR", &sandbox.root.join("t").display().to_string()),
            ("OWN", "roster"),
        ] {
            assert_eq!(all.get(name).map(String::as_str), Some(want), "{when}: {name} in {all:#?}");
        }
        let path: Vec<&str> = all["PATH"].split(':').collect();
        assert_eq!(path[0], local.to_str().unwrap(), "{when}");
        for folder in ["/usr/bin", "/bin", Path::new(program()).parent().unwrap().to_str().unwrap()] {
            assert!(path.contains(&folder), "{when}: {folder} in {path:?}");
        }
        all
    };
    let all = check("after the start");
    // With nothing else it reaches its fleet, by the program's name.
    let mut as_agent = std::process::Command::new("/bin/sh");
    as_agent.env_clear().envs(&all).args(["-c", "mosaic-tui agent explain \"$MOSAIC_AGENT_NAME\" --json"]);
    let told = answer(&mut as_agent);
    assert_eq!((told.code, &told.json()["agent"]["name"]), (0, &"a.b".into()), "{told:?}");
    sandbox.ok(&["fleet", "restart", "a.b"]);
    check("after a restart");
    sandbox.ok(&["fleet", "stop"]);
}

#[test]
fn a_contract_is_the_same_bytes_wherever_and_whenever_it_is_composed() {
    let sandbox = Sandbox::with_agents("  - {name: boss, class: orchestrator}\n  - {name: a, class: code}\n");
    sandbox.ok(&["framework", "install"]);
    let home = sandbox.home();
    let own = ["SOUL.md", "USER.md", "TOOLS.md", "STANDARDS.local.md", "SOUL.local.md", "USER.local.md"];
    let write = |path: &str| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("what {} says\n", path.file_name().unwrap().display())).unwrap();
    };
    own.into_iter().for_each(write);
    ["policy/b.md", "policy/a.md", "fleet/roles.local/own.md"].into_iter().for_each(write);
    let args = ["contract", "compose", "pi", "--class", "code", "--agent", "a"];
    let first = sandbox.ok(&args).stdout;

    // Another folder, time zone, language and terminal; files that were written anew in another order, years later.
    fs::remove_dir_all(home.join("policy")).unwrap();
    ["policy/a.md", "policy/b.md"].into_iter().for_each(write);
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400 * 800);
    for path in own.into_iter().chain(["policy/a.md", "CONSTITUTION.md"]) {
        fs::File::options().append(true).open(home.join(path)).unwrap().set_modified(later).unwrap();
    }
    let mut command = sandbox.command(program());
    command.args(args).current_dir("/").env("TZ", "Pacific/Kiritimati").env("LANG", "tr_TR.UTF-8").env("COLUMNS", "40");
    command.env("MOSAIC_AGENT_NAME", "boss").env("MOSAIC_AGENT_CLASS", "orchestrator").env_remove("TERM");
    let second = answer(&mut command);
    assert_eq!((second.code, second.stdout == first), (0, true), "{second:?}\n{first}");

    let sources: Vec<&str> =
        first.lines().filter_map(|line| line.strip_prefix("<!-- source: ")?.strip_suffix(" -->")).collect();
    let mut order = vec!["mosaic-tui", "CONSTITUTION.md", "AGENTS.md", "STANDARDS.md"];
    order.extend(own);
    order.extend(["policy/a.md", "policy/b.md", "runtime/pi/RUNTIME.md", "fleet/roles/code.md"]);
    order.push("mosaic-tui fleet comms-block");
    assert_eq!(sources, order);
    // Each layer once and whole.
    for path in own {
        assert_eq!(first.matches(&format!("<!-- source: {path} -->\nwhat {path} says\n")).count(), 1, "{path}");
    }
    let block = sandbox.ok(&["fleet", "comms-block", "a"]).stdout;
    assert!(first.trim_end().ends_with(block.trim()), "{first}");
}

#[test]
fn an_open_dashboard_follows_an_environment_file() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let file = sandbox.home().join("fleet/agents/a.env");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 36);
    screen.wait_until("the agent", |text| text.lines().any(|line| line.contains(" a ") && line.contains(" stub ")));
    for (variables, runtime) in [
        ("MOSAIC_AGENT_RUNTIME=pi\n", " pi "),
        // Written in place, and as long as before.
        ("MOSAIC_AGENT_RUNTIME=xi\n", " xi "),
    ] {
        fs::write(&file, variables).unwrap();
        screen.wait_until(runtime, |text| text.lines().any(|line| line.contains(" a ") && line.contains(runtime)));
    }
    fs::remove_file(&file).unwrap();
    screen.wait_until("the roster's word", |text| {
        text.lines().any(|line| line.contains(" a ") && line.contains(" stub ") && !line.contains("drift"))
    });
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
    sandbox.ok(&["fleet", "stop"]);
}

#[test]
fn the_first_message_arrives_once_after_every_start() {
    let sandbox =
        Sandbox::with_agents("  - {name: a, class: code, kickstart_template: 'begin as {{name}} the {{class}}'}\n");
    sandbox.start();
    let copies = || {
        let shown = sandbox.ok(&["agent", "tail", "a", "-n", "200"]).stdout;
        shown.matches("begin as a the code").count()
    };
    let accepted = || sandbox.ok(&["agent", "tail", "a", "-n", "200"]).stdout.contains("accepted");
    wait_for("the first message", || copies() > 0 && accepted());
    let lines = || sandbox.events("send").iter().filter(|event| event["class"] == "kickstart").count();
    wait_for("its receipt", || lines() == 1);
    // A keeper that comes back to a living session says nothing twice.
    let before = copies();
    let keeper: i32 = fs::read_to_string(sandbox.run_file("a.lock")).unwrap().lines().next().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(keeper).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    sandbox.start();
    sandbox.ok(&["agent", "send", "a", "-m", "plain"]);
    assert_eq!(copies(), before);
    assert_eq!(lines(), 1);
    sandbox.ok(&["fleet", "restart", "a"]);
    wait_for("the first message of the second start", || lines() == 2);
}

#[test]
fn a_first_message_that_cannot_be_sent_is_told_before_and_after() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: code, kickstart_template: templates/none.md}\n");
    let told = |text: &str| text.contains("templates/none.md: there is no such file");
    let check = sandbox.ok(&["fleet", "check"]).stdout;
    assert!(check.contains("warning: a: its first message") && told(&check), "{check}");
    sandbox.start();
    // It runs all the same, and the history says what it lacks.
    let found = || sandbox.events("send").into_iter().find(|event| event["class"] == "kickstart");
    let event = wait("an event of it", found).unwrap();
    assert!(event["good"] == false && told(event["reason"].as_str().unwrap_or_default()), "{event:#}");
    assert!(event["reason"].as_str().unwrap().contains("`mosaic-tui fleet restart a`"), "{event:#}");
    assert_eq!(sandbox.row("a")["process"]["alive"], true);
}

#[test]
fn what_a_launch_warned_of_is_kept_where_the_operator_looks() {
    let sandbox = Sandbox::new();
    put_runtime(&sandbox, "codex");
    let path = narrow(&sandbox);
    let env = [("PATH", path.as_str())];
    sandbox.run_with(&["framework", "install"], &env);
    sandbox.write_roster(
        "version: 1\ntmux: {socket_name: it}\nagents:\n  - {name: a, runtime: codex}\n  - {name: b, runtime: stub}\n",
    );
    assert_eq!(sandbox.run_with(&["fleet", "start"], &env).code, 0);
    said(&sandbox, "a");
    let row = sandbox.wait_row("a", |row| row["notes"].as_array().is_some_and(|notes| !notes.is_empty()));
    let notes = row["notes"].to_string();
    assert!(notes.contains("sequential-thinking") && notes.contains("SOUL.md"), "{notes}");
    let wide = sandbox.ok(&["fleet", "ps", "-o", "wide", "--sort", "name"]).stdout;
    let lines: Vec<&str> = wide.lines().collect();
    let heads: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(heads[..8], ["STATE", "AGENT", "TENANT", "HOST", "CLASS", "RUNTIME", "CARD", "UNIT"]);
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[1], "a", "{wide}");
    assert_eq!(cells[9], row["pane"]["pid"].to_string(), "{wide}");
    assert!(lines[2].split_whitespace().nth(1) == Some("b") && lines[3].starts_with("launch of a: "), "{wide}");
    let only = sandbox.ok(&["fleet", "ps", "--filter", "runtime:stub", "--json"]).json();
    assert_eq!(only.as_array().map(Vec::len), Some(1), "{only:#}");
    let told = sandbox.ok(&["agent", "explain", "a"]).stdout;
    assert!(told.contains("warned: ") && told.contains("sequential-thinking"), "{told}");

    // What was mended is not told by the next launch.
    fs::write(sandbox.home().join("SOUL.md"), "I am one.\n").unwrap();
    assert_eq!(sandbox.run_with(&["fleet", "restart", "a"], &env).code, 0);
    sandbox.wait_row("a", |row| {
        let notes = row["notes"].to_string();
        notes.contains("sequential-thinking") && !notes.contains("SOUL.md")
    });
    sandbox.run_with(&["fleet", "stop"], &env);
}

#[test]
fn runtimes_that_disturb_each_other_start_one_after_the_other_and_hold_up_no_others() {
    let sandbox = Sandbox::new();
    // Its own folder of a user's session: turns hold for a user and a machine.
    fs::create_dir_all(sandbox.root.join("run")).unwrap();
    put_runtime(&sandbox, "opencode");
    put_runtime(&sandbox, "codex");
    let path = narrow(&sandbox);
    let env = [("PATH", path.as_str()), ("MOSAIC_START_SPACING", "0.01")];
    assert_eq!(sandbox.run_with(&["framework", "install"], &env).code, 0);
    sandbox.write_roster(
        "version: 1\ntmux: {socket_name: it}\ndefaults: {runtime: opencode}\nagents:\n  - {name: a}\n  - {name: b}\n  - \
         {name: c}\n  - {name: z, runtime: codex}\n",
    );
    let begun = std::time::SystemTime::now();
    let started = sandbox.run_with(&["fleet", "start"], &env);
    assert_eq!(started.code, 0, "{started:?}");
    let after = |agent: &str| {
        said(&sandbox, agent);
        let at = fs::metadata(sandbox.root.join(format!("said.{agent}"))).unwrap().modified().unwrap();
        at.duration_since(begun).unwrap()
    };
    // While it waits it lives, and status says why nothing is on its screen.
    let waiting = sandbox.wait_row("c", |row| row["notes"].to_string().contains("it waits up to"));
    assert_ne!(waiting["readiness"], "dead", "{waiting:#}");
    assert_eq!(waiting["drift"], false, "{waiting:#}");
    let shown = sandbox.run_with(&["fleet", "ps", "-o", "wide"], &env).stdout;
    assert!(
        shown.contains("launch of c: it waits up to") && shown.contains("starts of opencode stand 3 s apart"),
        "{shown}"
    );
    assert!(sandbox.tmux(&["capture-pane", "-p", "-J", "-t", "=c:"]).contains("it waits up to"));

    let mut starts = ["a", "b", "c"].map(after);
    starts.sort();
    for pair in starts.windows(2) {
        // What stands on the disk is some milliseconds behind the turn, sometimes more for the first one.
        let between = (pair[1] - pair[0]).as_secs_f64();
        assert!((2.0..6.0).contains(&between), "{starts:?}");
    }
    assert!(after("z") < starts[1], "{:?} {starts:?}", after("z"));
    sandbox.wait_row("c", |row| !row["notes"].to_string().contains("it waits up to"));
    sandbox.run_with(&["fleet", "stop"], &env);
}

#[test]
fn keepers_answer_probes_and_carry_reports_at_once_and_who_has_none_is_told() {
    // So rarely that no heartbeat comes by itself.
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n");
    let env = [("MOSAIC_HEARTBEAT_INTERVAL", "600")];
    assert_eq!(sandbox.run_with(&["fleet", "start", "a"], &env).code, 0);
    let beat = || fs::read_to_string(sandbox.run_file("a.hb")).unwrap_or_default();
    wait_for("the first heartbeat", || !beat().is_empty());
    let before = beat();
    let probed = sandbox.run_with(&["fleet", "probe", "a", "--json"], &env);
    assert_eq!(probed.code, 0, "{probed:?}");
    let answer = &probed.json()[0];
    assert_eq!((&answer["name"], &answer["answered"]), (&"a".into(), &true.into()), "{answer:#}");
    assert!(answer["milliseconds"].as_u64().is_some_and(|took| took < 5000), "{answer:#}");
    assert_ne!(beat(), before);
    // A report is carried over as soon as it is left.
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "/ask Really delete it?"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    wait_for("the report in the heartbeat", || beat().contains("status=waiting"));
    // The programs of the fleet need the few inotify instances that a user has.
    let keeper = fs::read_to_string(sandbox.run_file("a.lock")).unwrap().lines().next().unwrap().to_owned();
    let open = fs::read_dir(format!("/proc/{keeper}/fd")).unwrap().flatten();
    let held: Vec<_> = open.filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
    assert!(!held.is_empty() && held.iter().all(|to| !to.ends_with("anon_inode:inotify")), "{held:?}");
    let all = sandbox.run_with(&["fleet", "probe"], &env);
    assert_eq!(all.code, 1, "{all:?}");
    assert!(all.stdout.contains("a: waiting, Really delete it?") && all.stdout.contains("b: has no keeper"), "{all:?}");
    assert_eq!(sandbox.run_with(&["fleet", "probe", "nobody"], &env).code, 3);
    sandbox.run_with(&["fleet", "stop"], &env);
}
