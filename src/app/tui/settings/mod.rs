//! What the operator sets: one table of settings, their values, and where each comes from. Pure.

mod file;

pub use file::NoTheme;

use std::collections::BTreeMap;
use std::time::Duration;

use super::notices::Means;
use crate::app::action::keymap::Binding;
use crate::fleet::model::Thresholds;
use crate::ui::theme::{Palette, THEME};

/// The theme that the terminal's background decides.
pub const AUTO: &str = "auto";

/// The file in the Mosaic home.
pub const FILE: &str = "tui.yaml";

/// What is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The theme's name.
    pub theme: String,
    /// Its colours, where it is the user's own.
    pub palette: Option<Palette>,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Time between two looks at the fleet.
    pub refresh: Duration,
    /// Limits by which agents are judged.
    pub thresholds: Thresholds,
    /// How it is told that an agent begins to need the operator, beside the message at the bottom.
    pub notifications: Means,
    /// Chords that were bound.
    pub keys: Vec<Binding>,
    /// Where a value comes from, when it is not the program's own.
    origins: BTreeMap<&'static str, Origin>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: AUTO.to_owned(),
            palette: None,
            mouse: true,
            refresh: Duration::from_secs(1),
            thresholds: Thresholds::default(),
            notifications: Means::default(),
            keys: Vec::new(),
            origins: BTreeMap::new(),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The program.
    Default,
    /// This line of the file.
    File(usize),
    /// A variable of the environment.
    Variable(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(line) => write!(f, "{FILE}:{line}"),
            Self::Variable(name) => write!(f, "${name}"),
        }
    }
}

/// A setting in words.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key in the file.
    pub key: &'static str,
    /// What it can be.
    pub allowed: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// The variable of the environment that outranks the file.
    pub variable: Option<&'static str>,
    value: fn(&Settings) -> String,
}

impl Setting {
    /// Its value.
    #[must_use]
    pub fn value(&self, settings: &Settings) -> String {
        (self.value)(settings)
    }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "theme",
        allowed: "auto, dark, light, high-contrast, colour-blind, terminal16, or NAME of your own themes/NAME.yaml",
        meaning: "The colours; auto asks the terminal for its background",
        variable: Some(THEME),
        value: |settings| settings.theme.clone(),
    },
    Setting {
        key: "mouse",
        allowed: "true or false",
        meaning: "A click selects or presses, a double click opens, the wheel scrolls; with Shift the terminal selects text",
        variable: None,
        value: |settings| settings.mouse.to_string(),
    },
    Setting {
        key: "refresh",
        allowed: "0.5 to 60 seconds",
        meaning: "Time between two looks at the fleet; what changes is mostly seen at once all the same",
        variable: None,
        value: |settings| seconds(settings.refresh),
    },
    Setting {
        key: "thresholds.idle",
        allowed: "0.1 to 86400 seconds",
        meaning: "An agent without output for so long counts as idle, in this dashboard",
        variable: Some("MOSAIC_HEARTBEAT_IDLE_THRESHOLD"),
        value: |settings| seconds(settings.thresholds.idle),
    },
    Setting {
        key: "thresholds.heartbeat",
        allowed: "0.1 to 86400 seconds",
        meaning: "Agents are expected to beat so often; one that is late for three beats is stale, in this dashboard",
        variable: Some("MOSAIC_HEARTBEAT_INTERVAL"),
        value: |settings| seconds(settings.thresholds.heartbeat_interval),
    },
    Setting {
        key: "notifications.bell",
        allowed: "true or false",
        meaning: "Rings the terminal's bell when an agent begins to need you",
        variable: None,
        value: |settings| settings.notifications.bell.to_string(),
    },
    Setting {
        key: "notifications.osc9",
        allowed: "true or false",
        meaning: "Tells the terminal by OSC 9, which iTerm2, Windows Terminal, kitty and others show on the desktop",
        variable: None,
        value: |settings| settings.notifications.osc9.to_string(),
    },
    Setting {
        key: "notifications.osc777",
        allowed: "true or false",
        meaning: "Tells the terminal by OSC 777, which urxvt, foot, ghostty and others show on the desktop",
        variable: None,
        value: |settings| settings.notifications.osc777.to_string(),
    },
    Setting {
        key: "notifications.command",
        allowed: "a list: a program and its arguments",
        meaning: "Runs this for each event, with MOSAIC_NOTICE_AGENT, _STATE, _REASON, _QUESTION and _HOST in its environment",
        variable: None,
        value: |settings| match settings.notifications.command.first() {
            Some(program) => crate::fleet::model::Label::new(program).to_string(),
            None => "none".to_owned(),
        },
    },
    Setting {
        key: "notifications.quiet",
        allowed: "a span by the clock, such as `22:00-07:00`",
        meaning: "Meanwhile nothing rings, tells or runs; the message at the bottom stays",
        variable: None,
        value: |settings| settings.notifications.quiet.map_or_else(|| "none".to_owned(), |quiet| quiet.to_string()),
    },
    Setting {
        key: "keys",
        allowed: "a list of `key`, `action` (an id, or none) and, if wanted, `when` (`view:`, `state:`, `!`)",
        meaning: "Keys of your own, over those of the program",
        variable: None,
        value: |settings| match settings.keys.len() {
            0 => "none".to_owned(),
            count => format!("{count} bound"),
        },
    },
];

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

impl Settings {
    /// Where the value of a setting comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).copied().unwrap_or(Origin::Default)
    }

    /// The same with what the environment says, which outranks the file: a theme, and the thresholds that this process
    /// got by it.
    ///
    /// # Errors
    /// When it names a theme that there is not.
    pub fn under(
        mut self,
        variable: impl Fn(&str) -> Option<String>,
        thresholds: &Thresholds,
        theme: impl Fn(&str) -> Result<Palette, NoTheme>,
    ) -> Result<Self, String> {
        // Whoever starts one dashboard with a variable means that one, whatever the file says for all.
        for setting in SETTINGS {
            let Some((name, value)) = setting.variable.and_then(|name| Some((name, variable(name)?))) else { continue };
            match setting.key {
                "theme" => {
                    self.palette = file::named(&value, &theme).map_err(|(why, problems)| match problems.first() {
                        Some(problem) => format!("{why}: {problem}"),
                        None => why,
                    })?;
                    self.theme = value;
                }
                // The value was read and checked where this process began; here it only outranks the file.
                "thresholds.idle" => self.thresholds.idle = thresholds.idle,
                "thresholds.heartbeat" => self.thresholds.heartbeat_interval = thresholds.heartbeat_interval,
                _ => continue,
            }
            self.origins.insert(setting.key, Origin::Variable(name));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_outranks_the_file_and_says_so() {
        let own = |_: &str| Err(NoTheme::Missing);
        let thresholds = Thresholds { idle: Duration::from_secs(7), ..Thresholds::default() };
        let set = |name: &str| match name {
            "MOSAIC_THEME" => Some("light".to_owned()),
            "MOSAIC_HEARTBEAT_IDLE_THRESHOLD" => Some("7".to_owned()),
            _ => None,
        };
        let settings = Settings::default().under(set, &thresholds, own).unwrap();
        assert_eq!((settings.theme.as_str(), settings.thresholds.idle), ("light", Duration::from_secs(7)));
        assert_eq!(settings.origin("theme").to_string(), "$MOSAIC_THEME");
        assert_eq!(settings.origin("thresholds.heartbeat"), Origin::Default);
        let wrong = Settings::default().under(|_| Some("lihgt".to_owned()), &thresholds, own).unwrap_err();
        assert!(wrong.contains("there is no theme \"lihgt\"; did you mean light?"), "{wrong}");
    }

    /// The page lists the settings of the table, from the table.
    #[test]
    fn the_reference_lists_every_setting() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
        let before = std::fs::read_to_string(path).unwrap();
        let mut table =
            "| setting | default | what it can be | what it is for |\n| --- | --- | --- | --- |\n".to_owned();
        for setting in SETTINGS {
            let variable = setting.variable.map_or_else(String::new, |name| format!(" (`${name}` outranks it)"));
            let value = setting.value(&Settings::default());
            let row =
                format!("| `{}` | {value} | {} | {}{variable} |\n", setting.key, setting.allowed, setting.meaning);
            table.push_str(&row);
        }
        let open = "<!-- settings: generated from the table of settings -->\n";
        let start = before.find(open).unwrap() + open.len();
        let end = before.find("<!-- /settings -->").unwrap();
        let mut text = before.clone();
        text.replace_range(start..end, &format!("\n{table}\n"));
        if std::env::var_os("MOSAIC_UPDATE").is_some() {
            std::fs::write(path, &text).unwrap();
        } else {
            assert_eq!(before, text, "MOSAIC_UPDATE=1 rewrites the table");
        }
    }
}
