//! `tui.yaml` as a user writes it: read whole, or told what is wrong with it and where. Never opens a file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{AUTO, Origin, SETTINGS, Settings};
use crate::app::action::keymap::Binding;
use crate::app::tui::notices::{Means, Quiet};
use crate::fleet::roster::{Document, Problem, meant};
use crate::ui::theme::{Palette, SHIPPED};

/// Seconds between two looks.
const REFRESH: (f64, f64) = (0.5, 60.0);

/// Seconds of a threshold, as for the variables of the environment.
const THRESHOLD: (f64, f64) = (0.1, 86_400.0);

/// Most chords that can be bound; each is looked at for each press.
const MAX_KEYS: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    theme: Option<String>,
    mouse: Option<bool>,
    refresh: Option<f64>,
    thresholds: Option<Thresholds>,
    notifications: Option<Notifications>,
    keys: Option<Vec<Bound>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Thresholds {
    idle: Option<f64>,
    heartbeat: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Notifications {
    bell: bool,
    osc9: bool,
    osc777: bool,
    command: Vec<String>,
    quiet: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bound {
    key: String,
    action: String,
    #[serde(default)]
    when: Option<String>,
}

/// Why a theme of the user's own cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTheme {
    /// There is no such file.
    Missing,
    /// What is wrong with it.
    Wrong(Vec<Problem>),
}

impl Settings {
    /// Reads the text of a file; `theme` finds a theme that does not ship.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place.
    pub fn parse(
        text: &str,
        path: &Path,
        theme: impl Fn(&str) -> Result<Palette, NoTheme>,
    ) -> Result<Self, Vec<Problem>> {
        // A file that holds nothing but comments sets nothing.
        let (file, mut document) = Document::decode::<Option<File>>(text, path)?;
        let file = file.unwrap_or_default();
        let mut settings = Self::default();
        let mut elsewhere = Vec::new();
        settings.mouse = file.mouse.unwrap_or(settings.mouse);
        if let Some(name) = file.theme {
            match named(&name, theme) {
                Ok(palette) => (settings.theme, settings.palette) = (name, palette),
                Err((why, of_theme)) => {
                    document.problem("theme", why);
                    elsewhere = of_theme;
                }
            }
        }
        let mut seconds = |key: &str, value: Option<f64>, (least, most): (f64, f64), into: &mut Duration| match value {
            Some(value) if (least..=most).contains(&value) => *into = Duration::from_secs_f64(value),
            Some(value) => {
                document.problem(key, format!("is {value}; expected seconds, from {least} to {most}"));
            }
            None => {}
        };
        let thresholds = file.thresholds.unwrap_or_default();
        seconds("refresh", file.refresh, REFRESH, &mut settings.refresh);
        seconds("thresholds.idle", thresholds.idle, THRESHOLD, &mut settings.thresholds.idle);
        seconds("thresholds.heartbeat", thresholds.heartbeat, THRESHOLD, &mut settings.thresholds.heartbeat_interval);
        let told = file.notifications.unwrap_or_default();
        if told.command.first().is_some_and(|program| program.trim().is_empty()) {
            document.problem("notifications.command", "its first word is empty; expected a program and its arguments");
        }
        let quiet = told.quiet.map(|text| Quiet::parse(&text)).transpose();
        let quiet = quiet.unwrap_or_else(|why| {
            document.problem("notifications.quiet", why);
            None
        });
        settings.notifications =
            Means { bell: told.bell, osc9: told.osc9, osc777: told.osc777, command: told.command, quiet };
        settings.keys = bindings(&file.keys.unwrap_or_default(), &mut document);
        let line = |key: &str| document.line_of(key);
        settings.origins = origins(line);
        let settings = document.finish(settings);
        match settings {
            Ok(settings) => Ok(settings),
            Err(mut problems) => {
                // Behind those of the file itself: the line that names the theme leads to the other file.
                problems.extend(elsewhere);
                Err(problems)
            }
        }
    }
}

/// The lines of the settings that a file holds.
fn origins(line: impl Fn(&str) -> Option<usize>) -> BTreeMap<&'static str, Origin> {
    SETTINGS.iter().filter_map(|setting| Some((setting.key, Origin::File(line(setting.key)?)))).collect()
}

/// The colours of a theme of this name: `None` where the program has them, or the terminal decides.
pub(super) fn named(
    name: &str,
    theme: impl Fn(&str) -> Result<Palette, NoTheme>,
) -> Result<Option<Palette>, (String, Vec<Problem>)> {
    let ships = |name: &str| SHIPPED.iter().any(|(known, _)| *known == name);
    if name == AUTO || ships(name) {
        return Ok(None);
    }
    let told = crate::plain::quoted(name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let known = || meant(name, std::iter::once(AUTO).chain(SHIPPED.into_iter().map(|(name, _)| name)));
    if !is_name {
        return Err((format!("there is no theme {told}; {}", known()), Vec::new()));
    }
    match theme(name) {
        Ok(palette) => Ok(Some(palette)),
        Err(NoTheme::Missing) => {
            let own = format!("one of your own is the file themes/{name}.yaml in the Mosaic home");
            Err((format!("there is no theme {told}; {}; {own}", known()), Vec::new()))
        }
        Err(NoTheme::Wrong(problems)) => Err((format!("the theme {told} cannot be read"), problems)),
    }
}

fn bindings(bound: &[Bound], document: &mut Document) -> Vec<Binding> {
    if bound.len() > MAX_KEYS {
        document.problem("keys", format!("has {} entries; expected at most {MAX_KEYS}", bound.len()));
    }
    let mut found: Vec<(usize, Binding)> = Vec::new();
    for (at, bound) in bound.iter().enumerate().take(MAX_KEYS) {
        match Binding::parse(&bound.key, &bound.action, bound.when.as_deref().unwrap_or_default()) {
            Err((part, why)) => document.problem(&format!("keys[{at}].{}", part.word()), why),
            Ok(binding) => {
                // The first one keeps the key; the later line is the one that is told, as it is the one
                // that was just typed.
                if let Some((other, _)) = found.iter().find(|(_, other)| other.conflicts(&binding)) {
                    let line = document.line_of(&format!("keys[{other}].key"));
                    let line = line.map_or_else(String::new, |line| format!(" on line {line}"));
                    let why = format!("{} is bound{line} as well, where both work", binding.chord());
                    document.problem(&format!("keys[{at}].key"), why);
                }
                found.push((at, binding));
            }
        }
    }
    found.into_iter().map(|(_, binding)| binding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::keymap::{Chord, Keymap, Standing};
    use crate::app::action::registry::Place;

    fn parse(text: &str) -> Result<Settings, Vec<String>> {
        let theme = |name: &str| match name {
            "mine" => Ok(Palette::shipped("light").unwrap()),
            "broken" => Err(NoTheme::Wrong(vec![Problem {
                path: "themes/broken.yaml".into(),
                line: 3,
                column: 1,
                key: "accent".to_owned(),
                message: "is no colour".to_owned(),
            }])),
            _ => Err(NoTheme::Missing),
        };
        let told = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
        Settings::parse(text, Path::new("tui.yaml"), theme).map_err(told)
    }

    #[test]
    fn a_file_sets_what_it_says_and_nothing_else() {
        let text = "theme: mine\nthresholds:\n  idle: 5\nkeys:\n  - {key: Q, action: app.back}\n";
        let settings = parse(text).unwrap();
        assert_eq!((settings.theme.as_str(), settings.palette), ("mine", Palette::shipped("light")));
        assert_eq!(settings.thresholds.idle, Duration::from_secs(5));
        assert_eq!(settings.refresh, Settings::default().refresh);
        let keys = Keymap::new(settings.keys.clone(), false);
        let back = keys.lookup(&Standing::of(Place::Fleet), Chord::parse("Q").unwrap());
        assert_eq!(back.map(|spec| spec.id), Some("app.back"));
        for (key, origin) in [
            ("theme", Origin::File(1)),
            ("refresh", Origin::Default),
            ("thresholds.idle", Origin::File(3)),
            ("keys", Origin::File(4)),
        ] {
            assert_eq!(settings.origin(key), origin, "{key}");
        }
        for nothing in ["", "# theme: dark\n", "---\n"] {
            assert_eq!(parse(nothing).unwrap().theme, AUTO, "{nothing}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_line_key_and_what_is_allowed() {
        for (text, tells) in [
            ("them: dark\n", "tui.yaml:1:1: them: unknown key `them`; expected one of `theme`"),
            ("theme: drak\n", "tui.yaml:1:8: theme: there is no theme \"drak\"; did you mean dark?"),
            ("theme: ../x\n", "there is no theme \"../x\"; expected one of auto, dark"),
            ("theme: solar\n", "one of your own is the file themes/solar.yaml"),
            ("theme: broken\n", "themes/broken.yaml:3:1: accent: is no colour"),
            ("\nrefresh: 0\n", "tui.yaml:2:10: refresh: is 0; expected seconds, from 0.5 to 60"),
            ("thresholds: {idle: soon}\n", "tui.yaml:1:20: thresholds.idle: is the text \"soon\"; expected a number"),
            (
                "keys:\n  - {key: x, action: nothing.at_all}\n",
                "tui.yaml:2:22: keys[0].action: \"nothing.at_all\" is no action",
            ),
            ("keys:\n  - {key: x}\n", "the key `action` is missing"),
            (
                "keys:\n  - {key: x, action: fleet.stop}\n  - key: x\n    action: fleet.restart\n    when: state:stuck\n",
                "tui.yaml:3:10: keys[1].key: x is bound on line 2 as well, where both work",
            ),
            ("keys:\n  - {key: x, action: fleet.stop, when: 'view:flet'}\n", "keys[0].when: \"flet\" is no view"),
            (
                "notifications: {quiet: '25:00-7'}\n",
                "notifications.quiet: \"25:00-7\" is no span; expected `22:00-07:00`",
            ),
            ("notifications: {bell: loud}\n", "notifications.bell: is the text \"loud\"; expected true or false"),
            ("theme: [\n", "tui.yaml:"),
            ("theme: \u{7}\n", "tui.yaml:1:8: holds a control character"),
        ] {
            let problems = parse(text).unwrap_err();
            assert!(problems.iter().any(|told| told.contains(tells)), "{text}: {problems:?}");
        }
        let many = parse("theme: drak\nrefresh: 0\nkeys: [{key: '', action: x}]\n").unwrap_err();
        assert_eq!(many.len(), 3, "all at once: {many:?}");
    }
}
