//! What other programs read of the command line: completions of shells, and the manual page. Made from the registry.

use std::str::FromStr;

use clap_complete::aot::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::cli;
use super::registry::{ACTIONS, Argument, Shell as Door};

/// The shells with completions.
pub const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// The command line's own name.
const PROGRAM: &str = "mosaic-tui";

/// What a script runs to learn the agents' names.
const NAMES: &str = "mosaic-tui completions agents 2>/dev/null";

/// The completion script of a shell, in which agents' names are asked for when they are needed.
///
/// # Errors
/// When there is none for it.
pub fn completions(shell: &str) -> Result<String, String> {
    let known = Shell::from_str(shell).ok().filter(|_| SHELLS.contains(&shell));
    let known = known.ok_or_else(|| format!("completions take one of {}", SHELLS.join(", ")))?;
    let mut bytes = Vec::new();
    generate(known, &mut cli::command(), PROGRAM, &mut bytes);
    let script = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match shell {
        "bash" => bash(&script),
        "zsh" => zsh(&script),
        _ => format!("{script}{}", fish()),
    })
}

/// Names beside the options of each command that takes agents: its words are the label of a case.
fn bash(script: &str) -> String {
    // The generator names the cases of a program with a hyphen otherwise than it asks for them.
    let script = script.replace("mosaic__subcmd__tui", "mosaic__tui");
    of_agents().fold(script, |script, words| {
        let label = format!("mosaic__tui__subcmd__{}", words.join("-").replace('-', "__subcmd__"));
        let begins = format!("        {label})\n            opts=\"");
        script.replace(&begins, &format!("{begins}$({NAMES}) "))
    })
}

/// The words of each command that takes agents.
fn of_agents() -> impl Iterator<Item = &'static [&'static str]> {
    let takes_agents = |argument: &Argument| matches!(argument.name, "name" | "agents");
    ACTIONS.iter().filter_map(move |spec| match spec.doors.shell {
        Door::Words(words) if spec.arguments.iter().any(takes_agents) => Some(words),
        _ => None,
    })
}

/// A function that asks, and the two arguments that use it.
fn zsh(script: &str) -> String {
    let asks = format!(
        "(( $+functions[_mosaic_tui_agents] )) ||\n_mosaic_tui_agents() {{\n    local -a names\n    names=(${{(f)\"$({NAMES})\"}})\n    compadd -a names\n}}\n"
    );
    let lines = script.lines().map(|line| {
        let of_agents = line.contains(":name -- ") || line.contains(":agents -- ");
        if of_agents { line.replace(":_default'", ":_mosaic_tui_agents'") } else { line.to_owned() }
    });
    let mut script = lines.collect::<Vec<_>>().join("\n");
    // The first line says what the file is for and must stay the first; the last calls the function.
    if let Some(at) = script.find("\n_mosaic-tui() {") {
        script.insert_str(at + 1, &format!("{asks}\n"));
    }
    format!("{script}\n")
}

/// Lines for each command that takes agents.
fn fish() -> String {
    let line = |words: &[&str]| {
        let seen: Vec<String> = words.iter().map(|word| format!("__fish_seen_subcommand_from {word}")).collect();
        format!("complete -c {PROGRAM} -n \"{}\" -f -a \"({NAMES})\"\n", seen.join("; and "))
    };
    of_agents().map(line).collect()
}

/// The manual page: what `--help` says, and every command.
///
/// # Errors
/// When it cannot be made.
pub fn manual() -> Result<String, String> {
    let mut bytes = Vec::new();
    Man::new(cli::command()).render(&mut bytes).map_err(|error| error.to_string())?;
    let mut commands = Roff::new();
    commands.control("SH", ["COMMANDS"]);
    for spec in ACTIONS.iter().filter(|spec| matches!(spec.doors.shell, Door::Words(_))) {
        commands.control("TP", []).text([bold(spec.usage())]).text([roman(format!("{}.", spec.doc))]);
    }
    // What a Roff begins with stands there already.
    Ok(format!("{}{}", String::from_utf8_lossy(&bytes), commands.to_roff()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_completes_commands_and_asks_for_agents() {
        for shell in SHELLS {
            let script = completions(shell).unwrap();
            assert!(script.contains("broadcast") && script.contains("reclaim"), "{shell}");
            let asks = script.matches(NAMES).count();
            let want = if *shell == "zsh" { 1 } else { of_agents().count() };
            assert_eq!(asks, want, "{shell} asks for agents where a command takes them");
        }
        // Each case that is asked for is there.
        let bash = completions("bash").unwrap();
        let asked = bash.lines().filter_map(|line| line.trim().strip_prefix("cmd=\"")?.strip_suffix('"'));
        for label in asked.filter(|label| !label.is_empty()) {
            assert!(bash.contains(&format!("\n        {label})\n")), "{label}");
        }
        assert!(completions("zsh").unwrap().starts_with("#compdef mosaic-tui\n"));
        assert!(completions("powershell").is_err() && completions("csh").is_err());
    }

    #[test]
    fn the_manual_names_every_command() {
        let manual = manual().unwrap();
        let plain = manual.replace("\\-", "-");
        for spec in ACTIONS.iter().filter_map(|spec| spec.words()) {
            assert!(plain.contains(&format!("mosaic-tui {spec}")) || plain.contains(&spec), "{spec}");
        }
    }
}
