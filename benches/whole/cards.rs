//! The backlog from a shell: the same commands beside a thousand cards and beside a million.

use std::io::Write;
use std::process::Stdio;

use crate::fleet::in_turn;
use crate::harness::{Sandbox, program};
use crate::report::{Limit, Report};

/// An export with so many cards that are done, and a few that are not.
fn export(sandbox: &Sandbox, cards: usize) -> std::path::PathBuf {
    let path = sandbox.root.join("cards.jsonl");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(out, r#"{{"backlog":{{"format":1}}}}"#).unwrap();
    for at in 0..cards {
        let status = if at % 10 == 0 { "ready" } else { "done" };
        writeln!(
            out,
            r#"{{"card":{{"id":"c{at}","tenant_id":"bench","host":"bench","title":"a card of the usual length of a title","body":"What is to be done.","priority":{},"status":"{status}","depends_on":[],"claim_owner":null,"claim_ttl_seconds":null,"claimed_at":null,"claim_since":null,"claim_expires_at":null,"claim_token":null,"idempotency_key":null,"acceptance":null,"spend_projected":null,"spend_actual":null,"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z"}}}}"#,
            at % 5
        )
        .unwrap();
    }
    writeln!(out, r#"{{"end":{{"cards":{cards},"events":0}}}}"#).unwrap();
    path
}

fn stand(cards: usize) -> Sandbox {
    let sandbox = Sandbox::with_agents("  - {name: a000}\n");
    let file = export(&sandbox, cards);
    sandbox.ok(&["backlog", "import", file.to_str().unwrap()]);
    std::fs::remove_file(file).unwrap();
    sandbox
}

/// Commands at both sizes, in turn.
pub(crate) fn run(report: &mut Report) {
    report.part("backlog commands from a shell, SQLite: 1,000 and 1,000,000 cards");
    let (few, many) = (stand(1_000), stand(1_000_000));
    for (what, words, ratio) in [
        ("backlog list", &["backlog", "list", "--limit", "20"][..], 3.0),
        ("backlog show", &["backlog", "show", "c500"], 3.0),
        ("backlog stats", &["backlog", "stats"], 3.0),
        ("backlog create", &["backlog", "create", "--title", "another card", "--id"], 3.0),
        ("backlog claim", &["backlog", "claim", "--owner", "a000"], 1.2),
        ("the board", &["--once", "--view", "board", "--format", "text"], 3.0),
    ] {
        let stands = [&few, &many];
        let [small, large] = in_turn(25, |at, round| {
            let mut command = stands[at].command(program());
            command.args(words).stdout(Stdio::null());
            if what == "backlog create" {
                command.arg(format!("new-{round}"));
            }
            assert!(command.status().unwrap().success(), "{command:?}");
        });
        let most = if what == "the board" { Limit::None } else { Limit::Most(6.0) };
        report.row(&format!("{what}: 1,000 cards"), small.0, "ms", most);
        report.row(&format!("{what}: 1,000,000 cards"), large.0, "ms", most);
        report.row(&format!("{what}: 1,000,000 against 1,000"), large.0 / small.0, "times", Limit::Most(ratio));
    }
}
