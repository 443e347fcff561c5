//! Spellings of earlier programs, which scripts still use: they work, and no help names them.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::inputs::Inputs;
use super::registry::ActionSpec;

/// The Mosaic home by an option; the variable is what is documented.
pub(super) const HOME: &str = "mosaic-home";

/// Longest time in milliseconds: what the option of today takes in seconds.
const MAX_MILLISECONDS: u64 = 604_800_000;

/// An action, an argument of it, and another name of that argument.
const ARGUMENTS: &[(&str, &str, &str)] = &[("agent.send", "tag", "class"), ("agent.send", "source", "source-label")];

/// An action, and another last word of its command.
const COMMANDS: &[(&str, &str)] = &[("fleet.install", "install-systemd")];

/// The option for the Mosaic home.
pub(super) fn home() -> Arg {
    Arg::new(HOME)
        .long(HOME)
        .value_name("FOLDER")
        .value_parser(value_parser!(PathBuf))
        .global(true)
        .hide(true)
        .help("The Mosaic home; default $MOSAIC_HOME, else ~/.config/mosaic")
}

/// A command with its old spellings.
pub(super) fn spelled(spec: &ActionSpec, mut command: Command) -> Command {
    for (_, word) in COMMANDS.iter().filter(|(id, _)| *id == spec.id) {
        command = command.alias(*word);
    }
    for (_, name, alias) in ARGUMENTS.iter().filter(|(id, ..)| *id == spec.id) {
        command = command.mut_arg(*name, |argument| argument.alias(*alias));
    }
    let hidden = |name: &'static str| Arg::new(name).long(name).hide(true);
    match spec.id {
        "agent.send" => command
            // It is what happens anyway.
            .arg(hidden("verify").action(ArgAction::SetTrue).conflicts_with("no-verify"))
            .arg(
                hidden("verify-timeout")
                    .value_name("MS")
                    .value_parser(value_parser!(u64).range(..=MAX_MILLISECONDS))
                    .conflicts_with("timeout"),
            ),
        "fleet.edit" => command.arg(hidden("model").value_name("MODEL")),
        _ => command,
    }
}

/// The inputs with what was said in old words.
pub(super) fn translated(spec: &ActionSpec, matches: &ArgMatches, inputs: Inputs) -> Inputs {
    match spec.id {
        "agent.send" => match matches.get_one::<u64>("verify-timeout") {
            Some(milliseconds) => {
                let seconds = std::time::Duration::from_millis(*milliseconds).as_secs_f64();
                inputs.with("timeout", vec![seconds.to_string()])
            }
            None => inputs,
        },
        "fleet.edit" => match matches.get_one::<String>("model") {
            Some(model) => {
                let mut fields = inputs.many("fields");
                fields.push(format!("model_hint={model}"));
                inputs.with("fields", fields)
            }
            None => inputs,
        },
        _ => inputs,
    }
}

#[cfg(test)]
mod tests {
    use crate::app::action::cli;

    fn parsed(line: &str) -> Result<cli::Parsed, String> {
        cli::parse(line.split(' ').map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn old_words_mean_what_the_new_ones_mean() {
        for (old, new) in [
            (
                "mosaic-tui agent send a -m x --verify --verify-timeout 1500 --class ops --source-label h:s",
                "mosaic-tui agent send a -m x --timeout 1.5 --tag ops --source h:s",
            ),
            ("mosaic-tui fleet edit a --model x/y:high", "mosaic-tui fleet edit a model_hint=x/y:high"),
            ("mosaic-tui fleet edit a alias=b --model m", "mosaic-tui fleet edit a alias=b model_hint=m"),
            ("mosaic-tui fleet install-systemd --dry-run", "mosaic-tui fleet install --dry-run"),
        ] {
            let (old, new) = (parsed(old).unwrap(), parsed(new).unwrap());
            assert_eq!((old.spec.id, old.inputs), (new.spec.id, new.inputs));
        }
        let home = |line: &str| parsed(line).unwrap().globals.home;
        assert_eq!(home("mosaic-tui fleet ps --mosaic-home /m"), Some("/m".into()));
        assert_eq!(home("mosaic-tui --mosaic-home /m fleet ps"), Some("/m".into()));
        assert_eq!(home("mosaic-tui fleet ps"), None);
    }

    #[test]
    fn old_and_new_words_for_one_thing_exclude_each_other() {
        for line in [
            "mosaic-tui agent send a --verify --no-verify",
            "mosaic-tui agent send a --verify-timeout 5 --timeout 1",
            "mosaic-tui agent send a --verify-timeout soon",
            "mosaic-tui agent send a --tag x --class y",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn no_help_names_them() {
        let mut all = cli::command();
        let help = |words: &[&str], command: &mut clap::Command| {
            let mut at = command;
            for word in words {
                at = at.find_subcommand_mut(word).unwrap();
            }
            at.render_long_help().to_string()
        };
        for words in [&["agent", "send"][..], &["fleet", "edit"], &["fleet"], &[]] {
            let text = help(words, &mut all);
            for old in ["--verify", "source-label", "--model", "install-systemd", "mosaic-home", "--class"] {
                assert!(!text.contains(&format!("{old} ")) && !text.contains(&format!("{old}\n")), "{words:?}: {old}");
            }
        }
    }
}
