//! How a runtime is launched by itself: arguments and variables as data. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

/// Words that end a model's name behind a colon and say how hard it is to think.
const EFFORTS: [&str; 7] = ["off", "minimal", "low", "medium", "high", "xhigh", "max"];

/// A model as a roster names it: `provider/model:effort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model<'a> {
    /// All of it.
    pub hint: &'a str,
    /// In front of the first slash.
    pub provider: Option<&'a str>,
    /// The model's own name, which may hold further slashes and colons.
    pub name: &'a str,
    /// One of the words that runtimes know.
    pub effort: Option<&'a str>,
}

impl<'a> Model<'a> {
    /// Reads a hint.
    #[must_use]
    pub fn of(hint: &'a str) -> Self {
        let (rest, effort) = match hint.rsplit_once(':') {
            // A name may hold colons itself, as those of tags do; only a known word behind one is an effort.
            Some((rest, effort)) if EFFORTS.contains(&effort) => (rest, Some(effort)),
            _ => (hint, None),
        };
        let (provider, name) = match rest.split_once('/') {
            Some((provider, name)) => (Some(provider), name),
            None => (None, rest),
        };
        Self { hint, provider, name, effort }
    }
}

/// What is asked of a launch, and what its templates may name.
#[derive(Debug, Clone, Copy, Default)]
pub struct LaunchOptions<'a> {
    /// Model.
    pub model: Option<Model<'a>>,
    /// Whether nobody is asked before it acts.
    pub yolo: bool,
    /// Channels through which it is reached.
    pub channels: Option<&'a str>,
    /// The file that holds what it is told about its place in the fleet before all else.
    pub contract: &'a str,
    /// The text of that file.
    pub contract_text: &'a str,
    /// The folder that it is started in.
    pub directory: &'a str,
    /// The folder of the framework's files for it.
    pub shipped: &'a str,
    /// This program.
    pub program: &'a str,
}

/// The arguments of a launch, part by part, and its variables.
///
/// Marks in braces stand for what was asked: `{model}` (with its provider, unless that is the runtime's own), `{model_name}`,
/// `{provider}`, `{hint}`, `{effort}`, `{channels}`, `{contract}`, `{contract_text}`, `{directory}`, `{shipped}`,
/// `{program}`. With `|toml` behind it a mark becomes a string of TOML.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Launch {
    /// In any case.
    always: Vec<String>,
    /// When a model is asked for.
    model: Vec<String>,
    /// When that model has a provider that is not the runtime's own.
    provider: Vec<String>,
    /// The provider that needs no word.
    own_provider: Option<String>,
    /// When an effort is asked for.
    effort: Vec<String>,
    /// Efforts that it calls otherwise.
    efforts: BTreeMap<String, String>,
    /// When nobody is asked before it acts.
    yolo: Vec<String>,
    /// It refuses that for root, unless this variable is `1`.
    root_needs: Option<String>,
    /// When it is reached by channels.
    channels: Vec<String>,
    /// What it is told.
    contract: Vec<String>,
    /// Variables.
    env: BTreeMap<String, String>,
    /// Variables that hold JSON: what is here is added to what a variable holds already, lists at their ends.
    json_env: BTreeMap<String, Map<String, Value>>,
    /// Where it may be told of a server for structured reasoning, which its contract asks for.
    reasoning: Vec<ConfigFile>,
    /// Where the user may have a status line of their own, which ours stands in the place of.
    status_line: Vec<ConfigFile>,
    /// What it asks at its first start in a folder, and where it keeps the answers.
    first_questions: Option<FirstQuestions>,
    /// Least seconds between two starts of it by one user: several that start at once disturb each other.
    start_apart_seconds: Option<u32>,
}

/// A file of a runtime's own configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Variable that holds its folder.
    #[serde(default)]
    pub variable: String,
    /// That folder below the user's home when the variable is not set.
    #[serde(default)]
    pub folder: String,
    /// Its name in it.
    pub file: String,
    /// Whether the folder is one of the folder that the runtime works in.
    #[serde(default)]
    pub of_project: bool,
    /// Keys that lead to its table of servers; `{directory}` stands for the folder that the runtime works in.
    #[serde(default)]
    pub servers: Vec<String>,
}

/// What a runtime asks at its first start in a folder, and where in a JSON file of its own it keeps the answers, as keys
/// that lead there; `{directory}` stands for the folder that it works in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstQuestions {
    /// The file.
    pub file: ConfigFile,
    /// Whether the folder is trusted.
    pub trusts_folder: Vec<String>,
    /// Whether the key in its environment may be used.
    pub key: Option<KeyQuestion>,
}

/// Whether a key that a runtime finds in its environment may be used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyQuestion {
    /// The variable that holds the key.
    pub variable: String,
    /// How many characters of its end name a key.
    pub last_chars: usize,
    /// The list of those that may be used.
    pub approved: Vec<String>,
    /// The list of those that may not.
    pub refused: Vec<String>,
    /// What says that its other first questions were answered.
    pub done: Vec<String>,
}

/// What a program is started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables beside those that are there.
    pub env: Vec<(String, String)>,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

impl Launch {
    /// What the runtime is started with. `variable` gives what this process's environment holds; `is_root` says whether
    /// it runs as root.
    ///
    /// # Errors
    /// When a variable that must hold a JSON object holds something else: its name, and why.
    pub fn start(
        &self,
        options: &LaunchOptions<'_>,
        variable: &dyn Fn(&str) -> Option<String>,
        is_root: bool,
    ) -> Result<Start, (String, String)> {
        let mut start = Start::default();
        let mut add = |part: &[String]| start.args.extend(part.iter().map(|word| self.filled(word, options)));
        add(&self.always);
        add(&self.contract);
        if let Some(model) = options.model {
            if !model.name.is_empty() {
                add(&self.model);
            }
            if model.provider.is_some_and(|provider| self.own_provider.as_deref() != Some(provider)) {
                add(&self.provider);
            }
            if model.effort.is_some() {
                add(&self.effort);
            }
        }
        if options.channels.is_some() {
            add(&self.channels);
        }
        let lacks = self.root_needs.as_ref().filter(|name| is_root && variable(name).is_none_or(|value| value != "1"));
        match lacks {
            Some(name) if options.yolo => start.warnings.push(format!(
                "it refuses to skip its questions for root, so it will ask; run the fleet as another user, or set \
                 {name}=1 in the agent's `env` if this machine is a sandbox"
            )),
            _ if options.yolo => add(&self.yolo),
            _ => {}
        }
        if let Some(effort) = options.model.and_then(|model| model.effort)
            && self.effort.is_empty()
            // The hint holds the effort, so a runtime that takes the hint takes it too.
            && !self.model.iter().any(|word| word.contains("{hint}"))
        {
            start.warnings.push(format!("it takes no effort when it is started, so `{effort}` has no effect"));
        }
        start.env = self.env.iter().map(|(name, value)| (name.clone(), self.filled(value, options))).collect();
        for (name, ours) in &self.json_env {
            let theirs = variable(name).unwrap_or_default();
            let merged = self.merged(&theirs, ours, options).map_err(|why| (name.clone(), why))?;
            start.env.push((name.clone(), merged));
        }
        Ok(start)
    }

    /// Whether it is reached by channels.
    #[must_use]
    pub fn has_channels(&self) -> bool {
        !self.channels.is_empty()
    }

    /// What it asks at its first start in a folder, and where it keeps the answers.
    #[must_use]
    pub fn first_questions(&self) -> Option<&FirstQuestions> {
        self.first_questions.as_ref()
    }

    /// Where it may be told of a server for structured reasoning; empty when its contract asks for none.
    #[must_use]
    pub fn reasoning(&self) -> &[ConfigFile] {
        &self.reasoning
    }

    /// Where the user may have a status line of their own, which ours stands in the place of; the first that has one counts.
    #[must_use]
    pub fn status_line(&self) -> &[ConfigFile] {
        &self.status_line
    }

    /// Least time between two starts of it by one user; `None` where they do not disturb each other.
    #[must_use]
    pub fn start_apart(&self) -> Option<Duration> {
        self.start_apart_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// A template with its marks filled in. What is filled in is not looked at again: a contract may hold braces.
    fn filled(&self, template: &str, options: &LaunchOptions<'_>) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            let mark =
                rest[at + 1..].split_once('}').and_then(|(mark, behind)| Some((self.value(mark, options)?, behind)));
            match mark {
                Some((value, behind)) => {
                    out.push_str(&value);
                    rest = behind;
                }
                None => {
                    out.push('{');
                    rest = &rest[at + 1..];
                }
            }
        }
        out + rest
    }

    /// What a mark stands for; `None` for what is no mark.
    fn value(&self, mark: &str, options: &LaunchOptions<'_>) -> Option<String> {
        if let Some(mark) = mark.strip_suffix("|toml") {
            return self.value(mark, options).map(|text| toml(&text));
        }
        let model = || options.model.unwrap_or(Model::of(""));
        let value = match mark {
            "model" => match model().provider.filter(|provider| self.own_provider.as_deref() != Some(provider)) {
                Some(provider) => format!("{provider}/{}", model().name),
                None => model().name.to_owned(),
            },
            "model_name" => model().name.to_owned(),
            "provider" => model().provider.unwrap_or_default().to_owned(),
            "hint" => model().hint.to_owned(),
            "effort" => {
                let asked = model().effort.unwrap_or_default();
                self.efforts.get(asked).map_or(asked, String::as_str).to_owned()
            }
            "channels" => options.channels.unwrap_or_default().to_owned(),
            "contract" => options.contract.to_owned(),
            "contract_text" => options.contract_text.to_owned(),
            "directory" => options.directory.to_owned(),
            "shipped" => options.shipped.to_owned(),
            "program" => options.program.to_owned(),
            _ => return None,
        };
        Some(value)
    }

    /// A JSON object with ours in it: lists get ours at their ends, other values of theirs stay.
    fn merged(&self, theirs: &str, ours: &Map<String, Value>, options: &LaunchOptions<'_>) -> Result<String, String> {
        let mut all: Map<String, Value> = if theirs.trim().is_empty() {
            Map::new()
        } else {
            serde_json::from_str(theirs).map_err(|_| "it holds no JSON object".to_owned())?
        };
        for (key, value) in ours {
            match (self.filled_json(value, options), all.get_mut(key)) {
                (Value::Array(more), Some(Value::Array(list))) => list.extend(more),
                // Replaced it would lose what the operator set, and left alone the runtime would run without its
                // contract.
                (Value::Array(_), Some(_)) => return Err(format!("`{key}` in it is no list")),
                // The operator's own value wins.
                (_, Some(_)) => {}
                (value, None) => drop(all.insert(key.clone(), value)),
            }
        }
        Ok(Value::Object(all).to_string())
    }

    fn filled_json(&self, value: &Value, options: &LaunchOptions<'_>) -> Value {
        match value {
            Value::String(text) => Value::String(self.filled(text, options)),
            Value::Array(list) => list.iter().map(|one| self.filled_json(one, options)).collect(),
            other => other.clone(),
        }
    }
}

/// A text as a basic string of TOML, which is JSON's but for the delete character.
fn toml(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::runtime;

    /// Arguments and variables as one list.
    fn started(name: &str, change: impl FnOnce(&mut LaunchOptions<'_>)) -> Vec<String> {
        let launch = runtime::find(name).unwrap().launch();
        let mut options = LaunchOptions {
            contract: "/run/c.md",
            contract_text: "be {model}\n\"kind\"",
            directory: "/w/a.b",
            shipped: "/home/runtime",
            program: "/bin/mosaic-tui",
            ..LaunchOptions::default()
        };
        change(&mut options);
        let start = launch.start(&options, &|_| None, false).unwrap();
        start.env.into_iter().map(|(name, value)| format!("{name}={value}")).chain(start.args).collect()
    }

    fn has(words: &[String], want: &[&str]) -> bool {
        words.windows(want.len()).any(|some| some == want)
    }

    #[test]
    fn a_hint_is_taken_apart() {
        for (hint, provider, name, effort) in [
            ("opus", None, "opus", None),
            ("openai/gpt-5:high", Some("openai"), "gpt-5", Some("high")),
            ("gpt-5:xhigh", None, "gpt-5", Some("xhigh")),
            ("ollama/qwen3:32b", Some("ollama"), "qwen3:32b", None),
            ("openrouter/qwen/qwen3:free", Some("openrouter"), "qwen/qwen3:free", None),
        ] {
            assert_eq!(Model::of(hint), Model { hint, provider, name, effort }, "{hint}");
        }
    }

    #[test]
    fn each_runtime_gets_its_contract_and_its_reports_in_its_own_words() {
        for (runtime, want) in [
            ("codex", vec!["-c", "developer_instructions=\"be {model}\\n\\\"kind\\\"\""]),
            ("codex", vec!["-c", "projects={\"/w/a.b\"={trust_level=\"trusted\"}}"]),
            ("codex", vec!["-c", "notify=[\"/bin/mosaic-tui\", \"session\", \"report\", \"--hook\", \"codex\"]"]),
            ("opencode", vec!["OPENCODE_CONFIG_CONTENT={\"instructions\":[\"/run/c.md\"]}"]),
            ("pi", vec!["--append-system-prompt", "/run/c.md"]),
            ("pi", vec!["--extension", "/home/runtime/mosaic-report.ts"]),
            ("claude", vec!["--append-system-prompt-file", "/run/c.md"]),
            ("claude", vec!["--settings", "/home/runtime/settings.json"]),
            ("claude", vec!["CLAUDE_CODE_DISABLE_1M_CONTEXT=1"]),
        ] {
            let words = started(runtime, |_| ());
            assert!(has(&words, &want), "{runtime}: {want:?} in {words:?}");
        }
    }

    #[test]
    fn each_runtime_gets_model_effort_and_leave_in_its_own_words() {
        for (runtime, hint, want) in [
            ("codex", "openai/gpt-5:high", vec!["--model", "gpt-5", "-c", "model_reasoning_effort=\"high\""]),
            ("codex", "ollama/qwen3", vec!["--model", "qwen3", "-c", "model_provider=\"ollama\""]),
            ("opencode", "openai/gpt-5", vec!["--model", "openai/gpt-5"]),
            ("pi", "openai/gpt-5:max", vec!["--model", "openai/gpt-5", "--thinking", "xhigh"]),
            ("claude", "anthropic/opus:max", vec!["--model", "opus", "--effort", "max"]),
            ("claude", "opus:minimal", vec!["--model", "opus", "--effort", "low"]),
            ("stub", "x/y:high", vec!["--model", "x/y:high"]),
        ] {
            let words = started(runtime, |options| options.model = Some(Model::of(hint)));
            assert!(has(&words, &want), "{runtime}: {want:?} in {words:?}");
        }
        for (runtime, word) in [
            ("codex", "--dangerously-bypass-approvals-and-sandbox"),
            ("opencode", "--auto"),
            ("claude", "--dangerously-skip-permissions"),
        ] {
            assert!(has(&started(runtime, |options| options.yolo = true), &[word]), "{runtime}");
            assert!(!has(&started(runtime, |_| ()), &[word]), "{runtime}");
        }
        let words = started("claude", |options| options.channels = Some("plugin:discord@general"));
        assert!(has(&words, &["--channels", "plugin:discord@general"]), "{words:?}");
    }

    #[test]
    fn what_has_no_effect_is_told() {
        let launch = runtime::find("opencode").unwrap().launch();
        let options = LaunchOptions { model: Some(Model::of("a/b:high")), ..LaunchOptions::default() };
        let told = launch.start(&options, &|_| None, false).unwrap().warnings.join("\n");
        assert!(told.contains("takes no effort"), "{told}");

        let claude = runtime::find("claude").unwrap().launch();
        let options = LaunchOptions { yolo: true, ..LaunchOptions::default() };
        let as_root = |sandbox: Option<&str>| {
            let start = claude.start(&options, &|_| sandbox.map(str::to_owned), true).unwrap();
            (start.args.iter().any(|word| word == "--dangerously-skip-permissions"), start.warnings.len())
        };
        assert_eq!(as_root(None), (false, 1));
        assert_eq!(as_root(Some("1")), (true, 0));
    }

    #[test]
    fn what_a_variable_held_stays() {
        let launch = runtime::find("opencode").unwrap().launch();
        let options = LaunchOptions { contract: "/c.md", ..LaunchOptions::default() };
        let with = |theirs: &'static str| launch.start(&options, &|_| Some(theirs.to_owned()), false);
        let start = with(r#"{"theme": "x", "instructions": ["a.md"]}"#).unwrap();
        let merged: Value = serde_json::from_str(&start.env[0].1).unwrap();
        assert_eq!(merged, serde_json::json!({"theme": "x", "instructions": ["a.md", "/c.md"]}));
        for wrong in ["[]", "{", r#"{"instructions": "x"}"#] {
            assert_eq!(with(wrong).unwrap_err().0, "OPENCODE_CONFIG_CONTENT", "{wrong}");
        }
    }

    #[test]
    fn a_text_stays_one_string_of_toml() {
        for (text, want) in [
            ("a\n\"b\" \\ c", r#""a\n\"b\" \\ c""#),
            ("\u{7f}\u{1}\t", r#""\u007f\u0001\t""#),
            ("ünï 日本", "\"ünï 日本\""),
        ] {
            assert_eq!(toml(text), want);
        }
    }
}
