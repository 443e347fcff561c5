//! Unit files, made from `framework/systemd/user`. Pure.

use std::path::{Path, PathBuf};

use super::{AGENT_TEMPLATE, GIVEN_UP, HOLDER_UNIT, SUPERVISOR_UNIT};
use crate::fleet::home::Site;

const TEMPLATES: [(&str, &str); 3] = [
    (HOLDER_UNIT, include_str!("../../../framework/systemd/user/mosaic-tmux-holder.service")),
    (AGENT_TEMPLATE, include_str!("../../../framework/systemd/user/mosaic-agent@.service")),
    (SUPERVISOR_UNIT, include_str!("../../../framework/systemd/user/mosaic-supervisor.service")),
];

/// First words of the lines of a unit file that tell whose fleet it belongs to.
const OWNER: [&str; 2] = ["# Mosaic home: ", "# Roster: "];

/// Every unit file of a fleet: its name and text. `environment` holds what the program needs beside
/// the site's own variables, such as `PATH`. The supervisor's is among them where the fleet has one.
#[must_use]
pub fn unit_files(site: &Site, environment: &[(String, String)], supervised: bool) -> Vec<(&'static str, String)> {
    let mut lines: Vec<String> = environment.iter().map(|(name, value)| assignment(name, value)).collect();
    lines.extend(site.variables().into_iter().map(|(name, value)| assignment(name, &value.to_string_lossy())));
    let environment = lines.join("\n");
    // In a command line a `$` begins a variable, in `Environment=` it does not.
    let program = quoted(&site.program.to_string_lossy()).replace('$', "$$");
    // Both stand in comments, which end with their line.
    let line = |path: &Path| path.to_string_lossy().replace('\n', " ");
    let (home, roster) = (line(&site.home), line(&site.roster));
    TEMPLATES
        .iter()
        .filter(|(name, _)| supervised || *name != SUPERVISOR_UNIT)
        .map(|(name, text)| {
            let text = text
                .replace("@ENVIRONMENT@", &environment)
                .replace("@PROGRAM@", &program)
                .replace("@GIVEN_UP@", &GIVEN_UP.to_string())
                .replace("@ROSTER@", &roster)
                .replace("@HOME@", &home);
            (*name, text)
        })
        .collect()
}

/// The Mosaic home and the roster that a unit file was written for.
#[must_use]
pub fn owner(text: &str) -> Option<(PathBuf, PathBuf)> {
    let mut lines = text.lines();
    let [home, roster] = OWNER.map(|words| lines.next()?.strip_prefix(words).map(|path| PathBuf::from(path.trim())));
    Some((home?, roster?))
}

fn assignment(name: &str, value: &str) -> String {
    format!("Environment={}", quoted(&format!("{name}={value}")))
}

/// A word in systemd's own quoting: `%` begins a specifier, and a backslash an escape (systemd.syntax(7)).
fn quoted(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '%' => out.push_str("%%"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_filled_in_and_quoted() {
        let mut site = Site::for_tests("/h o/100%");
        site.program = "/opt/my \"tools\"/$x/mosaic-tui".into();
        for (name, text) in unit_files(&site, &[("PATH".to_owned(), "/a:/b c".to_owned())], true) {
            assert!(
                !text.contains("@HOME@") && !text.contains("@PROGRAM@") && !text.contains("@ENV"),
                "{name}: {text}"
            );
            assert!(text.contains("Environment=\"PATH=/a:/b c\""), "{text}");
            assert!(text.contains("Environment=\"MOSAIC_HOME=/h o/100%%/.config/mosaic\""), "{text}");
            let verb = if name == SUPERVISOR_UNIT { "fleet" } else { "session" };
            let start = format!(r#"ExecStart="/opt/my \"tools\"/$$x/mosaic-tui" {verb}"#);
            assert!(text.contains(&start), "{text}");
            assert_eq!(owner(&text), Some((site.home.clone(), site.roster.clone())));
        }
    }

    #[test]
    fn a_unit_of_somebody_else_has_no_owner() {
        assert_eq!(owner("[Unit]\nDescription=x\n"), None);
        assert_eq!(owner(""), None);
    }
}
