//! Personas of the user's own: edited, compared, taken back, and there after every update.

use std::fs;

use crate::harness::{Answer, Sandbox, is_well, wait_for};

fn edit(sandbox: &Sandbox, class: &str, editor: &str) -> Answer {
    sandbox.run_with(&["persona", "edit", class], &[("VISUAL", ""), ("EDITOR", editor)])
}

#[test]
fn an_edited_persona_survives_an_update_wins_and_is_taken_back_with_a_backup() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["framework", "install"]);
    let edited = edit(&sandbox, "code", "sed -i 's/^title: Coder/title: Our own coder/'");
    assert_eq!(edited.code, 0, "{edited:?}");
    let own = sandbox.home().join("fleet/roles.local/code.md");
    let text = fs::read_to_string(&own).unwrap();
    assert!(text.contains("title: Our own coder"), "{text}");
    // An update of the framework changes the shipped one, and nothing of the user's.
    let shipped = sandbox.home().join("fleet/roles/code.md");
    fs::write(&shipped, "changed by hand").unwrap();
    let updated = sandbox.ok(&["framework", "update"]);
    assert!(updated.stdout.contains("your fleet/roles/code.md is kept as code.md.user-"), "{updated:?}");
    assert_eq!(fs::read_to_string(&own).unwrap(), text);
    let contract = sandbox.ok(&["contract", "compose", "claude", "--class", "code"]).stdout;
    assert!(contract.contains("source: fleet/roles.local/code.md") && contract.contains("Our own coder"), "{contract}");
    let diff = sandbox.ok(&["persona", "diff", "code"]).stdout;
    assert!(diff.starts_with("--- ") && diff.contains("-title: Coder\n+title: Our own coder\n"), "{diff}");
    let listed = sandbox.ok(&["persona", "list", "--domain", "engineering"]).stdout;
    assert!(listed.contains("* code ") && !listed.contains("ceo"), "{listed}");
    let reset = sandbox.ok(&["persona", "reset", "code", "--json"]).json();
    assert_eq!(fs::read_to_string(reset["backup"].as_str().unwrap()).unwrap(), text);
    assert!(!own.exists());
    let shown = sandbox.ok(&["persona", "show", "code"]).stdout;
    assert!(shown.starts_with("code is the framework's") && shown.contains("title: Coder"), "{shown}");
}

#[test]
fn what_is_invalid_or_was_not_saved_writes_nothing_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let own = sandbox.home().join("fleet/roles.local/code.md");
    let refused = edit(&sandbox, "code", "sed -i 's/^domain: .*/domain: coding/'");
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains(":4:9: domain: ") && refused.stderr.contains("expected one of"), "{refused:?}");
    assert!(!own.exists());
    // The text is kept, and the advice to mend it works.
    let advice = refused.stderr.lines().find(|line| line.contains("your text is kept")).unwrap();
    let file = advice.split("--file=").nth(1).unwrap().split('`').next().unwrap();
    let text = fs::read_to_string(file).unwrap();
    fs::write(
        file,
        text.replace("domain: coding", "domain: engineering\n").replace("engineering\n\n", "engineering\n"),
    )
    .unwrap();
    let taken = sandbox.run(&["persona", "edit", "code", &format!("--file={file}")]);
    assert_eq!(taken.code, 0, "{taken:?}");
    for (class, editor, code) in [("review", "false", 1), ("review", "true", 0), ("nobody", "true", 3)] {
        let answer = edit(&sandbox, class, editor);
        assert_eq!(answer.code, code, "{class} {editor}: {answer:?}");
        assert!(!sandbox.home().join(format!("fleet/roles.local/{class}.md")).exists(), "{class} {editor}");
    }
}

#[test]
fn a_persona_changed_in_an_editor_is_in_the_history_and_a_look_is_not() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    sandbox.ok(&["framework", "install"]);
    let kept = || {
        let mut events = sandbox.events("action");
        events.retain(|event| event["what"].as_str().unwrap().contains("persona edit"));
        events
    };
    assert_eq!(edit(&sandbox, "code", "true").code, 0);
    assert_eq!(kept().len(), 0);
    assert_eq!(edit(&sandbox, "code", "sed -i 's/^title: Coder/title: Our own coder/'").code, 0);
    assert_eq!(edit(&sandbox, "review", "sed -i 's/^domain: .*/domain: coding/'").code, 2);
    let [saved, refused] = &kept()[..] else { panic!("{:#?}", kept()) };
    assert_eq!((&saved["what"], &saved["door"]), (&"mosaic-tui persona edit code".into(), &"shell".into()));
    assert_eq!((&saved["outcome"], &refused["outcome"]), (&"done".into(), &"exit 2".into()));
    let editor = [("VISUAL", ""), ("EDITOR", "sed -i 's/^title: .*/title: Our reviewer/'")];
    let mut view = sandbox.open_with(&[], &editor, 120, 40);
    view.wait_until("the agent", is_well);
    view.send(":persona edit review\r");
    wait_for("the dashboard's is kept as well", || kept().len() == 3);
    assert_eq!(kept()[2]["door"], "palette");
    view.wait_text("is your own now");
    view.send("\x03");
    view.wait_exit();
}

#[test]
fn a_class_of_ones_own_has_a_persona_that_its_agents_read() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: data-engineer}\n");
    sandbox.ok(&["framework", "install"]);
    let added = sandbox.ok(&["persona", "add", "data-engineer", "--from", "data-analyst"]);
    assert!(added.stdout.contains("`mosaic-tui persona edit data-engineer`"), "{added:?}");
    assert_eq!(sandbox.run(&["persona", "add", "data-engineer", "--from", "code"]).code, 4);
    assert_eq!(sandbox.run(&["persona", "add", "Data Engineer", "--from", "code"]).code, 2);
    let contract = sandbox.ok(&["contract", "compose", "claude", "--agent", "a"]).stdout;
    assert!(contract.contains("source: fleet/roles.local/data-engineer.md"), "{contract}");
    sandbox.ok(&["framework", "update"]);
    assert_eq!(sandbox.ok(&["persona", "show", "data-engineer", "--json"]).json()["layer"], "local");
}

#[test]
fn a_persona_that_somebody_else_saved_meanwhile_is_not_written_over() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["framework", "install"]);
    let shipped = fs::read_to_string(sandbox.home().join("fleet/roles/code.md")).unwrap();
    let own = sandbox.home().join("fleet/roles.local/code.md");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    let theirs = sandbox.home().join("theirs.md");
    fs::write(&theirs, shipped.replace("title: Coder", "title: Theirs")).unwrap();
    let script = sandbox.home().join("editor");
    fs::write(
        &script,
        format!(
            "#!/bin/sh\ncp '{}' '{}'\nsed -i 's/^title: Coder/title: Mine/' \"$1\"\n",
            theirs.display(),
            own.display()
        ),
    )
    .unwrap();
    let answer = edit(&sandbox, "code", &format!("sh {}", script.display()));
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(answer.stderr.contains("somebody else changed it") && answer.stderr.contains("your text is kept"));
    assert!(fs::read_to_string(&own).unwrap().contains("title: Theirs"));
    let file = answer.stderr.split("--file=").nth(1).unwrap().split('`').next().unwrap();
    assert!(fs::read_to_string(file).unwrap().contains("title: Mine"));
}
