//! The last words of units that failed, from the user's journal, by one process however many they are.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::fleet::model::Label;
use crate::fleet::os::exec;

/// A journal on a slow disk must not hold up what is known already.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Lines kept of one unit.
const LINES: usize = 5;

/// Lines asked for in all, per unit.
const ASKED: usize = 20;

/// The newest lines of each unit, oldest first; nothing where there is no journal.
pub(super) async fn last_lines(units: &[String]) -> HashMap<String, Vec<Label>> {
    let mut args: Vec<OsString> =
        ["--user", "--no-pager", "--quiet", "--output=json", "--output-fields=MESSAGE,USER_UNIT,_SYSTEMD_USER_UNIT"]
            .map(OsString::from)
            .to_vec();
    args.push(format!("--lines={}", ASKED * units.len()).into());
    args.extend(units.iter().flat_map(|unit| ["--unit".into(), unit.into()]));
    match exec::run(Path::new("journalctl"), &args, &[], ANSWER_LIMIT).await {
        Ok(output) => parse(&String::from_utf8_lossy(&output.stdout), units),
        Err(_) => HashMap::new(),
    }
}

fn parse(text: &str, units: &[String]) -> HashMap<String, Vec<Label>> {
    let mut lines: HashMap<String, Vec<Label>> = HashMap::new();
    for line in text.lines() {
        let Ok(entry) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        // A message with bytes that are no UTF-8 comes as a list of numbers.
        let Some(message) = entry["MESSAGE"].as_str() else { continue };
        // Lines of the manager about a unit bear its name in the first of these, lines of its own processes in
        // the second.
        let unit = ["USER_UNIT", "_SYSTEMD_USER_UNIT"].into_iter().find_map(|field| entry[field].as_str());
        if let Some(unit) = unit.filter(|unit| units.iter().any(|wanted| wanted == unit)) {
            lines.entry(unit.to_owned()).or_default().push(Label::new(message));
        }
    }
    for list in lines.values_mut() {
        list.drain(..list.len().saturating_sub(LINES));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_gets_its_own_newest_lines() {
        let mut text = String::from(
            "nonsense\n{\"MESSAGE\":[1,2],\"USER_UNIT\":\"a\"}\n{\"MESSAGE\":\"x\",\"USER_UNIT\":\"c\"}\n",
        );
        for n in 0..7 {
            text.push_str(&format!("{{\"MESSAGE\":\"line {n}\\u001b[31m\",\"_SYSTEMD_USER_UNIT\":\"a\"}}\n"));
        }
        let lines = parse(&text, &["a".to_owned(), "b".to_owned()]);
        let words: Vec<&str> = lines["a"].iter().map(Label::as_str).collect();
        assert_eq!(words.len(), LINES);
        assert!(words[4].starts_with("line 6") && !words[4].contains('\u{1b}'), "{words:?}");
        assert!(!lines.contains_key("b") && !lines.contains_key("c"));
    }
}
