//! How a runtime is launched by itself: its arguments as data. Pure.

use serde::Deserialize;

/// What is asked of a launch.
#[derive(Debug, Clone, Copy, Default)]
pub struct LaunchOptions<'a> {
    /// Model.
    pub model: Option<&'a str>,
    /// How much it thinks before it answers.
    pub effort: Option<&'a str>,
    /// Whether nobody is asked before it acts.
    pub yolo: bool,
    /// What it is told about its place in the fleet before all else.
    pub contract: Option<&'a str>,
}

/// The arguments of a launch, part by part; `{model}`, `{effort}` and `{contract}` stand for what was asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Launch {
    /// In any case.
    always: Vec<String>,
    /// When a model is asked for.
    model: Vec<String>,
    /// When an effort is asked for.
    effort: Vec<String>,
    /// When nobody is asked before it acts.
    yolo: Vec<String>,
    /// When it is told something.
    contract: Vec<String>,
}

impl Launch {
    /// The arguments behind the program's name.
    #[must_use]
    pub fn arguments(&self, options: &LaunchOptions<'_>) -> Vec<String> {
        let mut all = self.always.clone();
        if options.yolo {
            all.extend(self.yolo.iter().cloned());
        }
        for (part, mark, value) in [
            (&self.model, "{model}", options.model),
            (&self.effort, "{effort}", options.effort),
            (&self.contract, "{contract}", options.contract),
        ] {
            let Some(value) = value else { continue };
            all.extend(part.iter().map(|argument| argument.replace(mark, value)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::yaml;

    #[test]
    fn only_what_was_asked_for_becomes_arguments() {
        let text = r#"{always: [-q], model: ["--model={model}"], effort: [-e, "{effort}"], yolo: [--yes], contract: ["{contract}"]}"#;
        let launch: Launch = yaml::read(text).unwrap();
        assert_eq!(launch.arguments(&LaunchOptions::default()), ["-q"]);
        let contract = Some("be {model}");
        let options = LaunchOptions { model: Some("m"), effort: Some("high"), yolo: true, contract };
        assert_eq!(launch.arguments(&options), ["-q", "--yes", "--model=m", "-e", "high", "be {model}"]);
    }
}
