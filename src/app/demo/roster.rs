//! The demo's roster: a small fleet in which every state can be seen.

use std::fmt::Write;
use std::path::Path;

/// The named agents: name, class, alias, whom it reports to, what the stub does by itself.
const NAMED: [(&str, &str, &str, &str, &str); 6] = [
    ("orchestrator", "orchestrator", "Lead", "", "claim 18; rest 4; loop"),
    ("code0", "code", "Builder", "orchestrator", "claim 12; claim 9; fail 7; rest 5; loop"),
    ("enhancer", "enhancer", "Tinker", "code0", ""),
    ("code1", "code", "Builder Two", "orchestrator", "late 6; ask Apply the migration to staging? (y/n); loop"),
    ("review", "review", "Critic", "orchestrator", "work 6; say panicked at 'index out of bounds'; die 3"),
    ("docs", "documentation", "Scribe", "review", "rest 3; say rewriting the changelog; rest 60; loop"),
];

/// Whom the agents beyond them report to, in turn.
const LEADS: [&str; 2] = ["code0", "code1"];

/// The agent whose roster entry names another runtime than its pane runs.
const DRIFTS: &str = "docs";

/// What the agents beyond the named ones are and do, in turn. Each class has its persona, which the Org view shows.
const OTHERS: [(&str, &str); 5] = [
    ("code", "claim 25; rest 5; loop"),
    ("site-tester", ""),
    ("code", "claim 9; rest 9; loop"),
    ("researcher", "rest 30; claim 5; late 9; loop"),
    ("data-analyst", "claim 60; rest 2; loop"),
];

/// The roster's text.
pub(super) fn text(agents: usize, socket: &str, work: &Path, program: &Path) -> String {
    let mut out = format!(
        "# The roster of a demo; it goes with the demo.\nversion: 1\ntransport: tmux\n\
         tmux: {{socket_name: {socket}, holder_session: _holder}}\n\
         defaults: {{working_directory: {}, runtime: stub, window_size: 120x36}}\nagents:\n",
        quoted(&work.to_string_lossy())
    );
    for at in 0..agents {
        let (class, script) = OTHERS[at % OTHERS.len()];
        let (name, class, alias, lead, script) = NAMED.get(at).map_or_else(
            || (format!("worker{at:02}"), class, "", LEADS[at % LEADS.len()], script),
            |(name, class, alias, lead, script)| ((*name).to_owned(), *class, *alias, *lead, *script),
        );
        // Writing to a string cannot fail.
        let _ok = writeln!(out, "  - name: {name}\n    class: {class}");
        if !alias.is_empty() {
            let _ok = writeln!(out, "    alias: {alias}");
        }
        if !lead.is_empty() {
            let _ok = writeln!(out, "    reports_to: {lead}");
        }
        if name == DRIFTS {
            let command = format!("{} stub-agent", program.to_string_lossy());
            let _ok = writeln!(out, "    runtime: pi\n    command: {}", quoted(&command));
        }
        // The demo's cards are its own, whatever its maker's environment says.
        let _ok = write!(out, "    env: {{DATABASE_URL: '', MOSAIC_BACKLOG_DIR: ''");
        if !script.is_empty() {
            let _ok = write!(out, ", MOSAIC_STUB_SCRIPT: {}", quoted(script));
        }
        out.push_str("}\n");
    }
    out
}

/// A YAML string that holds any text.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::framework::personas;
    use crate::fleet::home::Site;
    use crate::fleet::roster;

    #[test]
    fn a_demo_of_any_size_is_valid_and_starts_at_the_floor() {
        for agents in [1, 6, 20, 120] {
            let text = text(agents, "s", Path::new("/tmp/a b"), Path::new("/x y/mosaic-tui"));
            let roster = roster::parse(&text, Path::new("r"), &Site::for_tests("/h")).unwrap();
            assert_eq!(roster.agents.len(), agents);
            assert!(agents < 6 || roster.warnings.is_empty(), "{:?}", roster.warnings);
            let names: Vec<&str> = roster.agents.iter().map(|agent| agent.name.as_str()).collect();
            let leads = roster.agents.iter().filter_map(|agent| agent.reports_to.as_ref());
            assert!(leads.clone().all(|lead| names.contains(&lead.as_str())), "the chart has no gap");
            assert_eq!(leads.count(), agents - 1, "all but the lead report to somebody");
            let is_shipped = |class: &str| personas().any(|(path, _)| path == format!("fleet/roles/{class}.md"));
            let mut classes = roster.agents.iter().map(|agent| agent.class.as_str());
            assert_eq!(classes.find(|class| !is_shipped(class)), None, "each seat has its text");
        }
    }
}
