//! What the reference says of exit codes and JSON is what the commands do.

use std::collections::HashMap;

use serde_json::Value;

use crate::harness::Sandbox;

/// Exit codes and JSON of each command, and the fields behind each name of a shape.
type Table = (HashMap<String, (Vec<i32>, String)>, HashMap<String, Vec<String>>);

fn fields(text: &str) -> Vec<String> {
    text.split(',').map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect()
}

fn table() -> Table {
    let reference = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md")).unwrap();
    let section =
        reference.split("<!-- answers:").nth(1).unwrap().split("<!-- /answers -->").next().unwrap().to_owned();
    let rows = section.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let words = cells.get(1)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
        let exits = cells[3].split(' ').map(|code| code.parse().unwrap()).collect();
        Some((words, (exits, cells[2].to_owned())))
    });
    let shapes = section.lines().filter_map(|line| {
        let (name, all) = line.strip_prefix("- `")?.split_once("`: ")?;
        Some((name.to_owned(), fields(all)))
    });
    (rows.collect(), shapes.collect())
}

/// Whether an answer has one of the forms that the table gives: `{a, b}`, `[row]`, `row`, `null`.
fn fits(answer: &Value, forms: &str, shapes: &HashMap<String, Vec<String>>) -> bool {
    forms.split(", or ").any(|form| {
        let form = form.split(" when").next().unwrap().trim();
        if let Some(inner) = form.strip_prefix('[').and_then(|form| form.strip_suffix(']')) {
            return answer.as_array().is_some_and(|all| all.iter().all(|one| fits(one, inner, shapes)));
        }
        if form == "null" {
            return answer.is_null();
        }
        let wanted = match form.strip_prefix('{').and_then(|form| form.strip_suffix('}')) {
            Some(inner) => fields(inner),
            None => shapes[form].clone(),
        };
        answer.as_object().is_some_and(|object| object.keys().eq(&wanted))
    })
}

#[test]
fn every_answer_is_as_the_reference_says() {
    let (rows, shapes) = table();
    let sandbox = Sandbox::new();
    let file = sandbox.root.join("tmp/export").display().to_string();
    let check = |line: &str, code: i32| {
        let mut args: Vec<&str> = line.split(' ').collect();
        args.iter_mut().filter(|word| **word == "FILE").for_each(|word| *word = &file);
        let answer = sandbox.run(&[&args[..], &["--json"]].concat());
        assert_eq!(answer.code, code, "{line}: {answer:?}");
        let command = [2, 1].iter().map(|count| args[..*count].join(" ")).find(|words| rows.contains_key(words));
        let (exits, forms) = &rows[&command.unwrap_or_else(|| panic!("{line} has no row"))];
        assert!(exits.contains(&code), "{line}: {code} is not among {exits:?}");
        if !answer.stdout.trim().is_empty() {
            assert!(fits(&answer.json(), forms, &shapes), "{line}: {forms} is not the form of {}", answer.stdout);
        } else {
            assert!(code != 0 && answer.stderr.starts_with("mosaic-tui: "), "{line}: {answer:?}");
        }
    };
    for (line, code) in [
        ("agent roster", 3),
        ("fleet ps", 3),
        ("fleet init --profile minimal --runtime stub --write", 0),
        ("fleet init --write", 4),
        ("fleet check", 0),
        ("fleet check /nowhere", 3),
        ("agent roster", 0),
        ("fleet uninstall --dry-run", 3),
        ("fleet start", 0),
        ("fleet start nobody", 3),
        ("fleet ps", 0),
        ("fleet ps --local", 0),
        ("fleet status", 0),
        ("agent status canary", 0),
        ("agent status", 0),
        ("agent explain canary", 0),
        ("agent explain nobody", 3),
        ("fleet verify", 0),
        ("fleet recover", 0),
        ("fleet doctor", 0),
        ("agent send canary -m hello", 0),
        ("agent send nobody -m hello", 3),
        ("agent send canary -m hello --timeout x", 2),
        ("agent broadcast -m hello", 0),
        ("agent broadcast --class nobody -m hello", 3),
        ("agent approve canary", 4),
        ("agent approve nobody", 3),
        ("agent reset canary", 4),
        ("agent tail canary", 0),
        ("agent tail nobody", 3),
        ("agent wait canary --until working", 0),
        ("agent wait canary --until dead --timeout 0.1", 1),
        ("agent wait nobody --until dead", 3),
        ("fleet comms-block canary", 0),
        ("fleet comms-block nobody", 3),
        ("fleet add x runtime=stub", 0),
        ("fleet edit x alias=Ex", 0),
        ("fleet edit nobody alias=Ex", 3),
        ("fleet remove x", 0),
        ("fleet remove canary", 4),
        ("fleet restart canary", 0),
        ("fleet stop canary", 0),
        ("agent send canary -m hello", 1),
        ("backlog create --id A --title t", 0),
        ("backlog create --id A --title t", 4),
        ("backlog list", 0),
        ("backlog show A", 0),
        ("backlog show Z", 3),
        ("backlog edit A --title u", 0),
        ("backlog edit A --title u --if-version 99", 4),
        ("backlog claim --owner o", 0),
        ("backlog claim --owner o", 0),
        ("backlog renew --id A --owner o --token 1", 0),
        ("backlog renew --id A --owner o --token 9", 4),
        ("backlog reclaim", 0),
        ("backlog complete --id A --token 1", 0),
        ("backlog create --id B --title b", 0),
        ("backlog link --from B --to A", 0),
        ("backlog link --from A --to B", 4),
        ("backlog unlink --from B --to A", 0),
        ("backlog block --id B --reason r", 0),
        ("backlog unblock --id B", 0),
        ("backlog stats", 0),
        ("backlog graph", 0),
        ("backlog export FILE", 0),
        ("backlog import FILE", 4),
        ("backlog import /nowhere", 3),
        ("backlog migrate", 0),
        ("backlog doctor", 0),
    ] {
        check(line, code);
    }
}
