//! What other programs read of the command line: a real bash completes by it, and a real man(1) shows it.

use crate::harness::{Sandbox, answer, program};

/// What bash offers at the end of these words.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let folder = std::path::Path::new(program()).parent().unwrap();
    let script = format!(
        "PATH={}:$PATH; source <(mosaic-tui completions bash); COMP_WORDS=({}); COMP_CWORD={}; _mosaic__tui mosaic-tui \
         \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        folder.display(),
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1
    );
    let answer = answer(sandbox.command("bash").args(["--norc", "-c", &script]));
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{answer:?}");
    // Of nothing bash prints an empty line.
    answer.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_the_names_of_agents() {
    let sandbox = Sandbox::with_agents("  - {name: code0}\n  - {name: code1}\n  - {name: review}\n");
    assert_eq!(offered(&sandbox, &["mosaic-tui", "agent", "di"]), ["diff"]);
    assert_eq!(offered(&sandbox, &["mosaic-tui", "agent", "diff", "co"]), ["code0", "code1"]);
    assert_eq!(offered(&sandbox, &["mosaic-tui", "fleet", "stop", "code0", "re"]), ["review"]);
    assert_eq!(offered(&sandbox, &["mosaic-tui", "agent", "diff", "--st"]), ["--stat"]);
    assert!(offered(&sandbox, &["mosaic-tui", "backlog", "show", "co"]).is_empty(), "a card is no agent");
    std::fs::remove_file(sandbox.roster()).unwrap();
    assert_eq!(offered(&sandbox, &["mosaic-tui", "agent", "diff", "co"]), Vec::<String>::new(), "and says nothing");
}

#[test]
fn the_manual_page_is_one_that_man_shows() {
    let sandbox = Sandbox::new();
    let page = sandbox.ok(&["man"]).stdout;
    let file = sandbox.root.join("mosaic-tui.1");
    std::fs::write(&file, page).unwrap();
    let mut command = sandbox.command("man");
    let shown = answer(command.args(["-l", "--warnings=w"]).arg(&file).env("MANWIDTH", "100").env("PAGER", "cat"));
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""), "{shown:?}");
    for wanted in ["mosaic-tui agent diff NAME", "mosaic-tui fleet start", "--read-only"] {
        assert!(shown.stdout.contains(wanted), "{wanted} in {}", shown.stdout);
    }
}
