//! Every rule of the roster, broken once each.

use super::*;
use crate::fleet::home::Site;

fn check(text: &str) -> Result<Roster, Vec<String>> {
    parse(text, Path::new("r.yaml"), &Site::for_tests("/home/u"))
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn agents(list: &str) -> String {
    format!("version: 1\ndefaults: {{runtime: stub}}\nagents:\n{list}")
}

#[test]
fn defaults_are_filled_in() {
    let roster = check(
        "version: 1\ntransport: tmux\ntmux: {socket_name: mosaic-fleet}\n\
         defaults: {working_directory: ~/src, runtime: pi, window_size: 120x40}\n\
         agents:\n  - name: a.b\n    alias: \"Build\\ter\"\n  - {name: c, runtime: stub, class: code, working_directory: /w}\n",
    )
    .unwrap();
    assert_eq!(roster.holder.0, "_holder");
    assert_eq!(roster.socket, SocketName::named("mosaic-fleet").unwrap());
    let a = &roster.agents[0];
    assert_eq!((a.session.0.as_str(), a.class.as_str(), a.runtime.as_str()), ("a_b", "worker", "pi"));
    assert_eq!(a.working_directory, Path::new("/home/u/src"));
    assert_eq!(a.window, WindowSize { width: 120, height: 40 });
    assert_eq!(a.alias.as_ref().unwrap().as_str(), "Build er");
    assert!(a.yolo);
    assert_eq!((a.tenant_id.as_str(), a.host.as_str()), ("tester", "here"));
    assert_eq!(roster.agents[1].working_directory, Path::new("/w"));
    assert_eq!(roster.warnings.len(), 2, "{:?}", roster.warnings);
}

#[test]
fn another_host_is_reached_by_its_name_and_this_one_has_two() {
    let roster = check(&agents(
        "  - {name: a, host: far}\n  - {name: b, host: far, ssh: u@gate}\n  - {name: c, host: here.example.org}\n",
    ))
    .unwrap();
    let reached: Vec<_> = roster.agents.iter().map(|agent| (agent.host.as_str(), agent.ssh.clone())).collect();
    assert_eq!(
        reached,
        [("far", Some(SshTarget::new("far"))), ("far", Some(SshTarget::new("u@gate"))), ("here", None)]
    );
}

#[test]
fn agents_without_a_folder_start_where_sources_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let site = Site::for_tests(&folder.path().display().to_string());
    let directory =
        || parse(&agents("  - {name: a}\n"), Path::new("r.yaml"), &site).unwrap().agents[0].working_directory.clone();
    assert_eq!(directory(), site.user_home);
    std::fs::create_dir(site.user_home.join("src")).unwrap();
    assert_eq!(directory(), site.user_home.join("src"));
}

#[test]
fn more_than_one_seat_that_coordinates_is_told_whatever_lead_says() {
    let many =
        |text: &str| check(text).unwrap().floor_gaps().any(|gap| gap == crate::fleet::model::FloorGap::ManyLeads(2));
    let two = "  - {name: a, class: orchestrator}\n  - {name: b, class: orchestrator}\n";
    assert!(many(&agents(two)) && many(&format!("{}lead: a\n", agents(two))));
    let other = "  - {name: a, class: ceo}\n  - {name: b, class: orchestrator}\n";
    assert!(many(&format!("{}lead: a\n", agents(other))) && !many(&agents(other)));
}

#[test]
fn an_empty_socket_name_is_the_default_socket() {
    for text in ["version: 1\n", "version: 1\ntmux: {socket_name: ''}\n", "version: 1\ntmux: {}\n"] {
        assert_eq!(check(text).unwrap().socket, SocketName::DEFAULT);
    }
}

#[test]
fn each_broken_rule_names_its_place() {
    let table = [
        (
            "version: 1\nagents:\n  - {name: a, runtime: stub, alias: \"x\u{202e}y\"}\n",
            "r.yaml:3:37: agents[0].alias: holds U+202E, which changes how what follows is read",
        ),
        ("version: 2\n", "r.yaml:1:10: version: is 2; expected 1"),
        ("version: one\n", "r.yaml:1:10: version: is the text \"one\"; expected a whole number, 0 or more"),
        ("{}\n", "r.yaml:1:1: the key `version` is missing"),
        ("version: 1\ntransport: ssh\n", "r.yaml:2:12: transport: is \"ssh\""),
        ("version: 1\ntmux: {sock: x}\n", "r.yaml:2:8: tmux.sock: unknown key; did you mean socket_name?"),
        ("version: 1\ntmux: {socket_name: a/b}\n", "r.yaml:2:21: tmux.socket_name: "),
        ("version: 1\ntmux: {holder_session: 'a b'}\n", "r.yaml:2:24: tmux.holder_session: "),
        ("version: 1\ndefaults: {window_size: 10x2}\n", "r.yaml:2:25: defaults.window_size: "),
        ("version: 1\nconnector: {kind: carrier-pigeon}\n", "r.yaml:2:19: connector.kind: "),
        ("version: 1\nlead: ghost\n", "r.yaml:2:7: lead: \"ghost\" is no agent"),
        ("version: 1\nagents: [{name: a}]\n", "r.yaml:2:10: agents[0]: has no `runtime`"),
        (&agents("  - name: -a\n"), "r.yaml:4:11: agents[0].name: must begin"),
        (&agents("  - name: a\n  - name: a\n"), "r.yaml:5:11: agents[1].name: \"a\" is taken already, on line 4"),
        (&agents("  - name: a.b\n  - name: a_b\n"), "r.yaml:5:11: agents[1].name: a_b and a.b would share"),
        (&agents("  - name: x-watch-12\n"), "r.yaml:4:11: agents[0].name: ends in"),
        (
            &agents("  - name: user\n"),
            "r.yaml:4:11: agents[0].name: is user, the address of the person whose fleet it is",
        ),
        (&agents("  - name: a\n  - name: supervisor\n"), "r.yaml:5:11: agents[1].name: is supervisor, the address of"),
        (&agents("  - name: keeper\n"), "r.yaml:4:11: agents[0].name: is keeper, the address of"),
        (&agents("  - {name: a, runtime: vim}\n"), "r.yaml:4:24: agents[0].runtime: is \"vim\""),
        (&agents("  - {name: a, colour: red}\n"), "r.yaml:4:15: agents[0].colour: unknown key; expected one of"),
        (&agents("  - {name: a, env: {1X: y}}\n"), "agents[0].env.1X: is no environment variable"),
        (&agents("  - {name: a, command: ' '}\n"), "r.yaml:4:24: agents[0].command: is empty"),
        (&agents("  - {name: a, ssh: '-oProxyCommand=x'}\n"), "r.yaml:4:20: agents[0].ssh: must be user@host"),
        (&agents("  - {name: a, reports_to: z}\n"), "r.yaml:4:27: agents[0].reports_to: \"z\" is no agent"),
        (&agents("  - {name: a, reports_to: b}\n  - {name: b, reportsTo: a}\n"), "closes a circle: a > b > a"),
        (
            &agents("  - {name: a, yolo: maybe}\n"),
            "r.yaml:4:21: agents[0].yolo: is the text \"maybe\"; expected true or false",
        ),
        (
            &agents(&format!("  - {{name: a, model_hint: {}}}\n", "m".repeat(300))),
            "agents[0].model_hint: must be one line",
        ),
        ("version: 1\nlead: \u{1}x\n", "r.yaml:2:7: holds a control character"),
        (&agents("  - {name: a, tenant_id: \"\\e]0;x\\a\"}\n"), "agents[0].tenant_id: may hold only"),
        (&agents("  - {name: a, host: \"a\\u202eb\", ssh: x}\n"), "agents[0].host: may hold only"),
        (&agents("  - [\n"), "r.yaml:"),
    ];
    for (text, want) in table {
        let problems = check(text).expect_err(text);
        assert!(problems.iter().any(|p| p.contains(want)), "{text}\nwant {want}\ngot {problems:#?}");
    }
}

/// Each key of the schema with a value of each kind: whatever the decoder says, it says in words of the file.
#[test]
fn no_wrong_value_is_told_in_types_of_the_program() {
    let rust = regex_lite::Regex::new(
        r"\b([iuf](8|16|32|64|size)|struct|enum|variant|field|invalid|sequence|map|unit|tuple|string|boolean|[A-Z][a-z]+(File|Entry|Settings)|Defaults|Connector)\b",
    )
    .unwrap();
    let schema: serde_json::Value = serde_json::from_str(super::super::SCHEMA).unwrap();
    let keys =
        |of: &serde_json::Value| -> Vec<String> { of["properties"].as_object().unwrap().keys().cloned().collect() };
    let defs = &schema["$defs"];
    let mut places: Vec<String> = keys(&schema).iter().map(|key| format!("{key}: VALUE\n")).collect();
    places.extend(keys(&defs["TmuxSettings"]).iter().map(|key| format!("tmux: {{{key}: VALUE}}\n")));
    places.extend(keys(&defs["Defaults"]).iter().map(|key| format!("defaults: {{{key}: VALUE}}\n")));
    places.extend(keys(&defs["Connector"]).iter().map(|key| format!("connector: {{{key}: VALUE}}\n")));
    places.extend(keys(&defs["RuntimeEntry"]).iter().map(|key| format!("runtimes: {{x: {{{key}: VALUE}}}}\n")));
    places.extend(keys(&defs["AgentEntry"]).iter().map(|key| format!("agents: [{{name: a, {key}: VALUE}}]\n")));
    places.push("agents: [VALUE]\n".to_owned());
    places.push("agents: [{name: a, env: {A: VALUE}}]\n".to_owned());
    let mut told = 0;
    for place in places {
        for value in ["~", "true", "-1", "1.5", "'word'", "[]", "[1]", "{}", "{a: 1}", "1e400", "!!x y"] {
            let text =
                format!("version: 1\n{}", place.replace("VALUE", value)).replace("version: 1\nversion", "version");
            for problem in check(&text).err().unwrap_or_default() {
                told += 1;
                assert_eq!(rust.find(&problem).map(|found| found.as_str()), None, "{text}{problem}");
            }
        }
        for whole in ["word\n", "[]\n", "7\n", "~\n"] {
            for problem in check(whole).expect_err("no roster") {
                assert_eq!(rust.find(&problem).map(|found| found.as_str()), None, "{whole}{problem}");
            }
        }
    }
    assert!(told > 200, "{told}");
}

#[test]
fn every_unknown_key_is_listed_with_what_it_may_have_meant() {
    let problems =
        check("version: 1\nagents:\n  - {name: a, clas: x}\n  - {name: b, runtme: pi}\n").expect_err("invalid");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("agents[0].clas: unknown key; did you mean class"), "{problems:?}");
    assert!(problems[1].contains("did you mean runtime?"), "{problems:?}");
    assert!(check("# nothing\n\n").expect_err("empty")[0].contains("the file is empty"));
}

#[test]
fn all_problems_are_reported_together() {
    let problems = check("version: 3\ntransport: x\nlead: y\n").expect_err("invalid");
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn the_holders_name_is_refused() {
    let text = "version: 1\ntmux: {holder_session: keep}\nagents: [{name: keep, runtime: stub}]\n";
    assert!(check(text).expect_err("invalid")[0].contains("the holder's"));
}

#[test]
fn a_custom_runtime_needs_a_command() {
    assert!(check("version: 1\nagents: [{name: a, runtime: mine, command: ./mine --x}]\n").is_ok());
}

#[test]
fn an_unknown_agent_gets_the_nearest_names() {
    let roster = check(&agents("  - name: code0\n  - name: code1\n  - name: review\n")).unwrap();
    let failure = roster.agent("cod0").expect_err("unknown");
    assert_eq!(failure.kind, Kind::NotFound);
    assert_eq!(failure.next, "did you mean code0, code1?");
    assert!(roster.agent("zzzzzzzz").expect_err("unknown").next.contains("agent roster"));
}

#[test]
fn hostile_text_in_a_roster_stays_out_of_the_messages() {
    let problems = check("version: 1\ntransport: \"\\e[2J\"\n").expect_err("invalid");
    assert!(!problems[0].contains('\x1b'), "{problems:?}");
    let problems = check(&agents("  - {name: a, \"\\e[2Jx\": y}\n")).expect_err("invalid");
    assert!(!problems[0].contains('\x1b'), "{problems:?}");
}

#[test]
fn the_shipped_examples_are_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/framework/fleet/examples");
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let roster = check(&text).unwrap_or_else(|problems| panic!("{:?}: {problems:?}", entry.path()));
        assert_eq!(roster.socket, SocketName::named("mosaic-fleet").unwrap());
    }
}

#[test]
fn channels_and_a_kept_persona_are_checked() {
    let roster = "version: 1\ndefaults: {runtime: claude}\nagents:\n  - {name: a, ";
    let agent = |entry: &str| check(&format!("{roster}{entry}}}\n")).map(|roster| roster.agents[0].clone());
    let a = agent("channels: 'plugin:discord@general', persistent_persona: review").unwrap();
    assert_eq!((a.channels.as_deref(), a.persona.as_deref()), (Some("plugin:discord@general"), Some("review")));
    assert_eq!(agent("persistent_persona: true").unwrap().persona, None);
    for (entry, why) in [
        ("runtime: pi, channels: x", "has none; claude has"),
        ("channels: '--x'", "must be one word"),
        ("channels: a b", "must be one word"),
        ("persistent_persona: ../x", "name of a persona"),
    ] {
        let problems = format!("{:?}", agent(entry).unwrap_err());
        assert!(problems.contains(why), "{entry}: {problems}");
    }
}

#[test]
fn a_key_without_effect_is_told() {
    let site = Site::for_tests("/h");
    let text = "version: 1\nlead: a\ndefaults: {runtime: stub}\nagents:\n  - {name: a, class: enhancer, kickstart_template: k, persistent_persona: true}\n  - {name: b, reset_between_tasks: true, command: cat, channels: x, yolo: false, model_hint: m}\n  - {name: c, kickstart_template: k, persistent_persona: false, yolo: false, model_hint: m}\n";
    let roster = parse(text, Path::new("r.yaml"), &site).unwrap();
    let told = |key: &'static str| Warning::WithoutEffect { key, agents: vec!["b".to_owned()] };
    assert_eq!(roster.warnings, ["channels", "model_hint", "yolo"].map(told));
}
