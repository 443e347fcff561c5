//! What a valid north star says, and what is wrong with invalid ones.

use super::file::Source;
use super::*;

/// Nine lines to which one thing at a time is done.
const VALID: &str = "\
version: 1
mission: m
substrate: {note: n}
standing_objectives: [{id: NS-1, text: t}]
success_criteria: [{id: AC-1, text: t}]
workstreams: [{id: A, title: t}]
goals:
  - {id: A1, title: one, phase: 1, priority: must-have}
  - {id: A2, title: two, phase: 1, priority: should-have, depends_on: [A1]}
  - {id: A3, title: three, phase: 2, priority: could-have, depends_on: [A1, A2]}
assumptions: [{id: ASM-1, vetoable: true, text: t}]
spend: {advisory: true, note: n}
";

fn problems(text: &str) -> Vec<String> {
    let problems = parse(text, Path::new("n.yaml")).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_valid_file_says_what_it_says() {
    let star = parse(VALID, Path::new("n.yaml")).unwrap();
    let goals: Vec<(&str, i64, String)> =
        star.goals.iter().map(|goal| (goal.id.as_str(), goal.priority.of_card(), goal.phase_of_card())).collect();
    let phase = |number: u64| format!("phase-{number}");
    assert_eq!(goals, [("A1", 30, phase(1)), ("A2", 20, phase(1)), ("A3", 10, phase(2))]);
    assert_eq!(
        problems("version: 1\nmission: m\ngoals: [{id: x, title: t, phase: 1, priority: must-have}]\n"),
        [""; 0]
    );
}

#[test]
fn goals_are_taken_behind_what_they_depend_on() {
    let text = VALID.replace(
        "- {id: A1, title: one, phase: 1, priority: must-have}",
        "- {id: A1, title: one, phase: 1, priority: must-have, depends_on: [Z]}",
    ) + "";
    let text = text.replace("assumptions:", "  - {id: Z, title: last, phase: 1, priority: must-have}\nassumptions:");
    let star = parse(&text, Path::new("n.yaml")).unwrap();
    let names: Vec<&str> = star.in_order().iter().map(|goal| goal.id.as_str()).collect();
    assert_eq!(names, ["Z", "A1", "A2", "A3"]);
}

#[test]
fn the_example_is_valid_and_worth_reading() {
    let folder = tempfile::tempdir().unwrap();
    let site = crate::fleet::home::Site::for_tests(&folder.path().display().to_string());
    let path = file::init(&site).unwrap();
    let source = file::read(&path).unwrap();
    let star = source.star().unwrap();
    assert!(star.goals.len() >= 3 && star.goals.iter().any(|goal| goal.depends_on.len() > 1));
    let again = file::init(&site).unwrap_err();
    assert!(
        again.kind == crate::fleet::error::Kind::Refused && again.to_string().contains("exists already"),
        "{again}"
    );
    assert_eq!(source.digest.len(), 64);
}

#[test]
fn it_is_rendered_to_the_same_bytes_each_time() {
    let text = VALID
        .replace("mission: m", "mission: |\n  first  \n\n  second | line\n")
        .replace("title: two", "title: 'a | b'")
        .replace("{id: NS-1, text: t}", "{id: NS-1, text: \"on\\n two lines\"}");
    let star = parse(&text, Path::new("n.yaml")).unwrap();
    let page = render(&star, "NORTH_STAR.yaml");
    assert_eq!(page, render(&parse(&text, Path::new("elsewhere.yaml")).unwrap(), "NORTH_STAR.yaml"));
    insta::assert_snapshot!(page);
    let least =
        parse("version: 1\nmission: m\ngoals: [{id: x, title: t, phase: 1, priority: must-have}]\n", Path::new("n"));
    let headings: Vec<String> =
        render(&least.unwrap(), "n").lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect();
    assert_eq!(headings, ["## Mission", "## Goals"], "nothing is made up");
}

#[test]
fn a_digest_is_of_the_bytes() {
    let digest = |text: &str| Source::new("n".into(), text.to_owned()).digest;
    assert_eq!(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_ne!(digest(VALID), digest(&VALID.replace("m\n", "m \n")));
}

/// What is done to the valid file, and every problem that it then has: `line:column: key: message`.
const BROKEN: &[(&str, &str, &[&str])] = &[
    ("version: 1", "version: 2", &["1:10: version: is 2; expected 1"]),
    ("version: 1", "version: one", &["1:10: version: is the text \"one\"; expected a whole number, 0 or more"]),
    ("version: 1\n", "", &["1:1: the key `version` is missing"]),
    ("version: 1", "versoin: 1", &["1:1: versoin: unknown key; did you mean version?"]),
    ("version: 1", "version: 1\nversion: 1", &["the key `version` stands there twice"]),
    ("mission: m\n", "", &["the key `mission` is missing"]),
    ("mission: m", "mission: ''", &["2:10: mission: is empty"]),
    ("mission: m", "mission: \"a\\e[31mb\"", &["2:10: mission: holds the character U+001B, on which a terminal acts"]),
    ("mission: m", "mission: \"a\\u202eb\"", &["2:10: mission: holds the character U+202E"]),
    ("mission: m", "mission: [m]", &["2:10: mission: is a list; expected text"]),
    ("mission: m", "mission: m\u{7}", &["2:11: holds a control character; write it as an escape in double quotes"]),
    ("mission: m", "mission: m\nMission: m", &["3:1: Mission: unknown key `Mission`"]),
    ("mission: m", "vision: m", &["2:1: vision: unknown key; did you mean mission, version?"]),
    ("substrate: {note: n}", "substrate: n", &["3:12: substrate: is the text \"n\"; expected a mapping"]),
    ("substrate: {note: n}", "substrate: {}", &["3:12: substrate: the key `note` is missing"]),
    ("substrate: {note: n}", "substrate: {note: ' '}", &["3:19: substrate.note: is empty"]),
    ("substrate: {note: n}", "substrate: {notes: n}", &["3:13: substrate.notes: unknown key; did you mean note?"]),
    ("[{id: NS-1, text: t}]", "[{id: NS-1}]", &["4:23: standing_objectives[0]: the key `text` is missing"]),
    ("[{id: NS-1, text: t}]", "{id: NS-1, text: t}", &["4:22: standing_objectives: is a mapping"]),
    ("[{id: NS-1, text: t}]", "[NS-1]", &["4:23: standing_objectives[0]: is the text \"NS-1\"; expected a mapping"]),
    (
        "[{id: NS-1, text: t}]",
        "[{id: NS-1, text: t}, {id: NS-1, text: u}]",
        &["4:49: standing_objectives[1].id: \"NS-1\" is that of standing_objectives[0] already"],
    ),
    (
        "{id: NS-1, text: t}",
        "{id: 'a b', text: t}",
        &["4:28: standing_objectives[0].id: is \"a b\"; expected a letter or digit"],
    ),
    (
        "{id: NS-1, text: t}",
        "{id: -x, text: t}",
        &["4:28: standing_objectives[0].id: is \"-x\"; expected a letter or digit"],
    ),
    (
        "{id: AC-1, text: t}",
        "{id: '', text: t}",
        &["5:25: success_criteria[0].id: is \"\"; expected a letter or digit"],
    ),
    ("{id: AC-1, text: t}", "{id: AC-1, txt: t}", &["5:31: success_criteria[0].txt: unknown key; did you mean text?"]),
    ("{id: A, title: t}", "{id: A, title: \"a\\nb\"}", &["6:30: workstreams[0].title: expected one line"]),
    (
        "{id: A, title: t}",
        "{id: A, title: t, lead: x}",
        &["6:33: workstreams[0].lead: unknown key; expected one of id, title"],
    ),
    ("title: one", "title: ''", &["8:21: goals[0].title: is empty"]),
    (
        "id: A1, title: one, phase: 1",
        "id: A1, title: one, phase: 0",
        &["8:33: goals[0].phase: is 0; expected 1 to 999"],
    ),
    ("title: one, phase: 1", "title: one, phase: 1000", &["8:33: goals[0].phase: is 1000; expected 1 to 999"]),
    (
        "title: one, phase: 1",
        "title: one, phase: first",
        &["8:33: goals[0].phase: is the text \"first\"; expected a whole number"],
    ),
    (
        "title: one, phase: 1",
        "title: one, phase: -1",
        &["8:33: goals[0].phase: is the number -1; expected a whole number"],
    ),
    ("title: one, phase: 1, ", "title: one, ", &["8:5: goals[0]: the key `phase` is missing"]),
    (
        "priority: must-have",
        "priority: high",
        &[
            "8:46: goals[0].priority: `high` is not known here; expected one of `must-have`, `should-have`, `could-have`",
        ],
    ),
    (
        "priority: must-have",
        "priority: 3",
        &["8:46: goals[0].priority: `3` is not known here; expected one of `must-have`"],
    ),
    ("priority: must-have", "prio: must-have", &["8:36: goals[0].prio: unknown key; did you mean priority?"]),
    (
        "depends_on: [A1]",
        "depends_on: [A9]",
        &["9:72: goals[1].depends_on[0]: \"A9\" is no goal; did you mean A1, A2, A3?"],
    ),
    (
        "depends_on: [A1]",
        "depends_on: [A]",
        &["9:72: goals[1].depends_on[0]: \"A\" is no goal; did you mean A1, A2, A3?"],
    ),
    ("depends_on: [A1]", "depends_on: A1", &["9:71: goals[1].depends_on: is the text \"A1\"; expected a list"]),
    ("depends_on: [A1]", "depends_on: [A1, A1]", &["9:76: goals[1].depends_on[1]: \"A1\" stands there twice"]),
    ("depends_on: [A1]", "depends_on: [A2]", &["9:72: goals[1].depends_on[0]: closes a cycle: A2 > A2"]),
    ("depends_on: [A1]", "depends_on: [A3]", &["10:77: goals[2].depends_on[1]: closes a cycle: A2 > A3 > A2"]),
    (
        "priority: must-have}",
        "priority: must-have, depends_on: [A3]}",
        &[
            "10:73: goals[2].depends_on[0]: closes a cycle: A1 > A3 > A1",
            "9:72: goals[1].depends_on[0]: closes a cycle: A1 > A3 > A2 > A1",
        ],
    ),
    ("depends_on: [A1]", "dependsOn: [A1]", &["9:59: goals[1].dependsOn: unknown key `dependsOn`"]),
    (
        "id: A2",
        "id: A1",
        &["9:10: goals[1].id: \"A1\" is that of goals[0] already", "10:77: goals[2].depends_on[1]: \"A2\" is no goal"],
    ),
    (
        "id: A2",
        "id: A/2",
        &[
            "9:10: goals[1].id: is \"A/2\"; expected a letter or digit",
            "10:77: goals[2].depends_on[1]: \"A2\" is no goal",
        ],
    ),
    (
        "{id: ASM-1, vetoable: true, text: t}",
        "{id: ASM-1, vetoable: maybe, text: t}",
        &["11:37: assumptions[0].vetoable: is the text \"maybe\"; expected true or false"],
    ),
    (
        "{id: ASM-1, vetoable: true, text: t}",
        "{id: ASM-1, veto: true, text: t}",
        &["11:27: assumptions[0].veto: unknown key; did you mean vetoable?"],
    ),
    (
        "{id: ASM-1, vetoable: true, text: t}",
        "{id: ASM-1, vetoable: true}",
        &["11:15: assumptions[0]: the key `text` is missing"],
    ),
    ("{id: ASM-1, vetoable: true, text: t}", "{id: ASM-1, text: ''}", &["11:33: assumptions[0].text: is empty"]),
    ("advisory: true", "advisory: 'yes'", &["12:19: spend.advisory: is the text \"yes\"; expected true or false"]),
    ("spend: {advisory: true, note: n}", "spend: {advisory: true}", &["12:8: spend: the key `note` is missing"]),
    (
        "spend: {advisory: true, note: n}",
        "spend: {limit: 3, note: n}",
        &["12:9: spend.limit: unknown key; expected one of advisory, note"],
    ),
    ("spend:", "budget:", &["12:1: budget: unknown key; expected one of version"]),
    ("goals:\n", "goals: [\n", &["did not find expected"]),
    (VALID, "", &["1:1: the key"]),
    (VALID, "[]", &["1:1: is a list"]),
    (VALID, "version: 1\nmission: m\ngoals: []\n", &["3:8: goals: is empty; expected at least one goal"]),
    (
        "spend: {advisory: true, note: n}",
        "spend: {advisor: true, note: n}\ngaols: []",
        &["12:9: spend.advisor: unknown key; did you mean advisory?", "13:1: gaols: unknown key; did you mean goals?"],
    ),
];

#[test]
fn every_problem_is_told_with_its_place_its_key_and_what_is_allowed() {
    assert!(BROKEN.len() >= 40, "{}", BROKEN.len());
    let mut wrong = Vec::new();
    for (from, to, want) in BROKEN {
        let text = VALID.replacen(from, to, 1);
        assert_ne!(text, VALID, "{from}");
        let got = problems(&text);
        let fits = got.len() == want.len() && want.iter().all(|want| got.iter().any(|got| got.contains(want)));
        if !fits || got.iter().any(|line| !line.starts_with("n.yaml:")) {
            wrong.push(format!("{to:?}\n  wanted {want:?}\n  got    {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn long_chains_and_many_goals_are_read() {
    let mut text = "version: 1\nmission: m\ngoals:\n".to_owned();
    for at in 0..1000 {
        let on = if at < 999 { format!("[g{}]", at + 1) } else { "[]".to_owned() };
        text.push_str(&format!("  - {{id: g{at}, title: t, phase: 1, priority: must-have, depends_on: {on}}}\n"));
    }
    assert_eq!(problems(&text), [""; 0]);
    assert_eq!(problems(&text.replace("depends_on: []", "depends_on: [g0]")).len(), 1);
    text.push_str("  - {id: more, title: t, phase: 1, priority: must-have}\n");
    assert_eq!(problems(&text), ["n.yaml:4:3: goals: has 1001 goals; expected at most 1000"]);
}
