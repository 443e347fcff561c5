//! Edits keep everything that they do not mean.

use super::*;

const BLOCK: &str = "\
# My fleet: über
version: 1   # the format
agents:
  # the boss
  - name: orchestrator
    class: orchestrator   # do not touch

  - name: code0
    alias:
    env:
      A: \"1\"   # one
      B: two
    command: 'x \"y\"'  # quoted
  # after code0
  - {name: e, class: enhancer} # flow

defaults: {runtime: stub}  # at the end
";

fn set(name: &str, fields: &[&str]) -> Edit {
    Edit::Set { name: name.to_owned(), fields: fields.iter().map(|field| Field::parse(field).unwrap()).collect() }
}

fn diff(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("-{line}"));
    gone.chain(new.iter().filter(|line| !old.contains(line)).map(|line| format!("+{line}"))).collect()
}

#[test]
fn only_the_line_that_is_meant_changes() {
    for (change, want) in [
        (
            set("orchestrator", &["class=lead"]),
            vec!["-    class: orchestrator   # do not touch", "+    class: lead   # do not touch"],
        ),
        (set("orchestrator", &["runtime=pi"]), vec!["+    runtime: pi"]),
        (set("code0", &["alias=Bob the 2nd"]), vec!["-    alias:", "+    alias: \"Bob the 2nd\""]),
        (set("code0", &["env.A=2"]), vec!["-      A: \"1\"   # one", "+      A: \"2\"   # one"]),
        (set("code0", &["env.C=x"]), vec!["+      C: x"]),
        (set("code0", &["env.B="]), vec!["-      B: two"]),
        (set("code0", &["command="]), vec!["-    command: 'x \"y\"'  # quoted"]),
        (
            set("e", &["yolo=false", "env.K=v"]),
            vec![
                "-  - {name: e, class: enhancer} # flow",
                "+  - {name: e, class: enhancer, yolo: false, env: {K: \"v\"}} # flow",
            ],
        ),
        (set("e", &["class="]), vec!["-  - {name: e, class: enhancer} # flow", "+  - {name: e} # flow"]),
        (
            Edit::Remove { name: "code0".to_owned() },
            vec![
                "-  - name: code0",
                "-    alias:",
                "-    env:",
                "-      A: \"1\"   # one",
                "-      B: two",
                "-    command: 'x \"y\"'  # quoted",
            ],
        ),
        (Edit::Remove { name: "e".to_owned() }, vec!["-  - {name: e, class: enhancer} # flow"]),
        (
            Edit::Add {
                name: "new0".to_owned(),
                fields: vec![Field::parse("model_hint=a/b:c").unwrap(), Field::parse("env.X=1").unwrap()],
            },
            vec!["+  - {name: new0, model_hint: a/b:c, env: {X: \"1\"}}"],
        ),
    ] {
        let after = edit(BLOCK, &change).unwrap_or_else(|why| panic!("{change:?}: {why}"));
        assert_eq!(diff(BLOCK, &after), want, "{change:?}\n{after}");
    }
}

#[test]
fn a_list_of_blocks_grows_by_a_block() {
    let text = "version: 1\nagents:\n- name: a\n  class: x\n# end";
    let fields = vec![Field::parse("class=y z").unwrap(), Field::parse("yolo=true").unwrap()];
    let after = edit(text, &Edit::Add { name: "b".to_owned(), fields }).unwrap();
    assert_eq!(after, "version: 1\nagents:\n- name: a\n  class: x\n- name: b\n  class: \"y z\"\n  yolo: true\n# end");
}

#[test]
fn the_first_line_of_an_item_may_be_any_key() {
    let text = "agents:\n  - alias: x\n    name: a\n    class: c\n";
    let after = edit(text, &set("a", &["alias="])).unwrap();
    assert_eq!(after, "agents:\n  - name: a\n    class: c\n");
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"version\": 1,\n  \"agents\": [\n    {\"name\": \"a\", \"modelHint\": \"m\"}\n  ]\n}\n";
    let changed = edit(text, &set("a", &["model_hint=opus", "class=code", "env.K=v", "yolo=false"])).unwrap();
    let added =
        edit(&changed, &Edit::Add { name: "b".to_owned(), fields: vec![Field::parse("class=x").unwrap()] }).unwrap();
    let value: serde_json::Value = serde_json::from_str(&added).unwrap_or_else(|error| panic!("{error}: {added}"));
    assert_eq!(value["agents"][0]["modelHint"], "opus");
    assert_eq!(value["agents"][0]["yolo"], false);
    assert_eq!(value["agents"][1], serde_json::json!({"name": "b", "class": "x"}));
    let removed = edit(&added, &Edit::Remove { name: "a".to_owned() }).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&removed).is_ok(), "{removed}");
}

#[test]
fn odd_values_come_back_as_they_were_meant() {
    for value in
        ["yes", "1", "~", "null", "a: b", "x #y", "[1]", "é \"q\" \\", "- a", "*x", "&x", "0x1", "1e3", "a,b", "y"]
    {
        let after = edit(BLOCK, &set("code0", &[&format!("alias={value}")])).unwrap();
        let read: Value = serde_yaml::from_str(&after).unwrap();
        assert_eq!(read["agents"][1]["alias"], Value::String(value.to_owned()), "{after}");
    }
}

#[test]
fn what_is_no_field_is_refused() {
    for text in ["runtime", "nonsense=1", "name=x", "env.=1", "alias=a\nb", "alias=\u{1b}[m"] {
        assert!(Field::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_default_is_replaced() {
    let after = set_default(BLOCK, "runtime", "codex").unwrap();
    assert_eq!(
        diff(BLOCK, &after),
        ["-defaults: {runtime: stub}  # at the end", "+defaults: {runtime: codex}  # at the end"]
    );
}

#[test]
fn a_fleet_is_put_on_one_runtime() {
    let text = "version: 1\ndefaults: {runtime: pi}\nagents:\n  # The lead.\n  - name: a\n    class: code\n    runtime: claude\n  \
                - name: b\n  - {name: c, runtime: codex}\n";
    assert_eq!(
        put_on(text, "stub").unwrap(),
        "version: 1\ndefaults: {runtime: stub}\nagents:\n  # The lead.\n  - name: a\n    class: code\n  - name: b\n  - {name: c}\n"
    );
}

#[test]
fn shapes_that_cannot_be_edited_are_left_alone() {
    for text in [
        "agents: &x\n  - name: a\nother: *x\n",
        "agents:\n  - name: a\n    class: &c code\n  - name: b\n    class: *c\n",
    ] {
        // Whatever it answers, it must not change another agent.
        if let Ok(after) = edit(text, &set("a", &["class=z"])) {
            let read: Value = serde_yaml::from_str(&after).unwrap();
            assert_ne!(read["agents"][1]["class"], Value::String("z".to_owned()), "{after}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_value_of_any_field_comes_back(at in 0_usize..FIELDS.len(), value in "[ -~é日]{1,20}", name in "code0|orchestrator|e") {
        let key = FIELDS[at];
        let field = Field { key: key.to_owned(), value: Some(value.clone()) };
        if !SWITCHES.contains(&key) {
            let after = edit(BLOCK, &Edit::Set { name, fields: vec![field] });
            proptest::prop_assert!(after.is_ok(), "{after:?}");
        }
    }
}
