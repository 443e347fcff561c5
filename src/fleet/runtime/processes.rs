//! How to recognise a runtime in a process tree, and what stands in its place when it ended.
//!
//! npm installs several runtimes as scripts, so the process is called `node`: the script's path
//! tells which runtime it is. `pane_current_command` alone would call two of them the same.

use super::record::{self, Runtime, find};
use crate::fleet::os::process;

/// Interpreters whose first argument that is no option names the real program.
const INTERPRETERS: [&str; 8] = ["node", "nodejs", "bun", "deno", "python", "python3", "sh", "bash"];

/// This program's own name; its `launch` command executes a runtime in place.
const OWN_NAME: &str = "mosaic-tui";

/// Whether a process with these arguments is the runtime.
#[must_use]
pub fn matches(runtime: &str, argv: &[String]) -> bool {
    let argv = behind_wrappers(argv);
    let Some(first) = argv.first() else { return false };
    let program = base_name(first);
    if program == OWN_NAME && argv.get(1).is_some_and(|word| word == "launch") {
        // About to become the runtime: it executes in place.
        return argv.iter().any(|word| word == runtime);
    }
    let known = find(runtime);
    if let Some(subcommand) = known.and_then(Runtime::subcommand) {
        // Whatever the program's file is called.
        return argv.get(1).is_some_and(|word| word == subcommand);
    }
    if program == runtime {
        return true;
    }
    if !INTERPRETERS.contains(&program) {
        return false;
    }
    // Two of them have a subcommand for it.
    let runs = |word: &&String| matches!(program, "bun" | "deno") && *word == "run";
    let Some(script) = words(argv).find(|word| !word.starts_with(['-', '+']) && !runs(word)) else { return false };
    let stem = base_name(script).split('.').next().unwrap_or_default();
    let package = known.and_then(Runtime::package);
    // The package's folder tells it where the script has a name of its own, such as `cli.js`.
    stem == runtime || package.is_some_and(|package| script.contains(&format!("/{package}/")))
}

/// Shells that read what is typed.
const SHELLS: [&str; 11] = ["sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "tcsh", "csh", "ash", "nu"];

/// The shell that a process is, and the arguments that are no options.
fn shell(argv: &[String]) -> Option<(&'static str, Option<&String>)> {
    let name = base_name(argv.first()?);
    let shell = SHELLS.into_iter().find(|shell| *shell == name)?;
    let is_command = |word: &&String| !word.starts_with(['-', '+']) || takes_command(word);
    Some((shell, words(argv).find(is_command)))
}

/// Whether an option of a shell has a command behind it: `-c`, also among others of one letter.
fn takes_command(word: &str) -> bool {
    word == "--command"
        || word.strip_prefix('-').is_some_and(|letters| {
            // Not `-norc`, which some shells take for `--norc`.
            letters.contains('c') && letters.chars().all(|letter| "abceikhlmpstuvx".contains(letter))
        })
}

/// Options of a program whose value is the next word.
fn valued(program: &str) -> &'static [&'static str] {
    match program {
        "node" | "nodejs" => &[
            "-r",
            "--require",
            "--import",
            "--loader",
            "--experimental-loader",
            "-C",
            "--conditions",
            "--env-file",
            "--input-type",
            "--title",
            "--disable-warning",
            "--redirect-warnings",
        ],
        "bun" => &["-r", "--require", "--preload", "--import", "--cwd", "--env-file"],
        "deno" => &["-c", "--config", "--import-map", "--cert", "--lock"],
        "python" | "python3" => &["-W", "-X"],
        "fish" => &["-C", "--init-command", "-d", "-D", "-f", "-o"],
        "nu" => &["--config", "--env-config", "--plugin-config"],
        _ => &["-o", "+o", "-O", "+O", "--rcfile", "--init-file"],
    }
}

/// A program's arguments without the values of its options.
fn words(argv: &[String]) -> impl Iterator<Item = &String> {
    let valued = argv.first().map_or(&[][..], |program| valued(base_name(program)));
    let mut is_value = false;
    argv.iter().skip(1).filter(move |word| {
        let keep = !is_value;
        is_value = keep && valued.contains(&word.as_str());
        keep
    })
}

/// The shell that a process is, when it waits for what is typed: one without a script and without a command.
#[must_use]
pub fn idle_shell(argv: &[String]) -> Option<&'static str> {
    shell(argv).filter(|(_, does)| does.is_none()).map(|(shell, _)| shell)
}

/// The shell that stands where a runtime ended: there is nothing but shells, and one of them waits for what is typed.
/// A program that is not known as a runtime may well be one, with a shell of its own below it.
#[must_use]
pub fn shell_in_its_place<'a>(runtime: &str, all: impl Iterator<Item = &'a [String]> + Clone) -> Option<&'static str> {
    let is_runtime = |argv: &[String]| matches(runtime, argv) || record::all().any(|known| matches(known.name, argv));
    // One that runs a script is a program; one with a command waits for the shell that its last part is.
    let only_waits =
        |argv: &[String]| shell(argv).is_some_and(|(_, does)| does.is_none_or(|word| word.starts_with('-')));
    if all.clone().any(|argv| is_runtime(argv) || !only_waits(argv)) { None } else { all.filter_map(idle_shell).next() }
}

/// The shell that reads the keys of a pane on this host, whatever else lives there: it is in front on the pane's
/// terminal, and its input is that terminal.
#[must_use]
pub fn shell_in_front(root: u32) -> Option<&'static str> {
    let leader = process::foreground(root)?;
    let is_idle = |pid: u32| idle_shell(&process::argv(pid)?);
    is_idle(leader).or_else(|| {
        let tree = process::ProcessWatch::default().look(root).processes;
        // The leader may be a wrapper that waits, with the shell behind it in the same group.
        let in_front = tree.iter().filter(|one| process::group(one.pid) == Some(leader));
        in_front.filter(|one| process::shares_input(one.pid, leader)).find_map(|one| idle_shell(&one.argv))
    })
}

/// The command that `env` and `systemd-run` are about to become: both execute it in place.
fn behind_wrappers(mut argv: &[String]) -> &[String] {
    // Wrappers stand in front of each other.
    loop {
        let rest = match argv.first().map(|first| base_name(first)) {
            Some("env") => behind_env(argv),
            Some("systemd-run") => argv.iter().position(|word| word == "--").map(|at| &argv[at + 1..]),
            _ => None,
        };
        match rest {
            Some(rest) => argv = rest,
            None => return argv,
        }
    }
}

/// What `env` becomes, behind its options and the variables.
fn behind_env(argv: &[String]) -> Option<&[String]> {
    let mut at = 1;
    while let Some(option) = argv.get(at).and_then(|word| word.strip_prefix('-')) {
        at += 1;
        if option == "-" {
            break;
        }
        // The value is the next word where the option ends with its name. That of `-S` is a whole command line: what it
        // comes to is seen once it is executed.
        let takes_next = match option.strip_prefix('-') {
            Some(long) => matches!(long, "unset" | "chdir" | "split-string"),
            None => option.find(['u', 'C', 'S']).is_some_and(|at| at + 1 == option.len()),
        };
        at += usize::from(takes_next);
    }
    let rest = argv.get(at..)?;
    rest.iter().position(|word| !word.contains('=')).map(|at| &rest[at..])
}

/// Last part of a path; a login shell's leading `-` does not count.
fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_start_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn runtimes_are_told_apart_behind_one_interpreter() {
        for (runtime, line, want) in [
            ("pi", "pi", true),
            ("pi", "/usr/bin/pi --model x", true),
            ("pi", "node /usr/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js", true),
            ("pi", "node /home/u/.npm-global/bin/pi", true),
            ("codex", "node /usr/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js", false),
            ("codex", "node --no-warnings /usr/lib/node_modules/@openai/codex/bin/codex.js", true),
            ("claude", "node /usr/lib/node_modules/@openai/codex/bin/codex.js", false),
            ("pi", "cat pi", false),
            ("pi", "vim /home/pi/notes", false),
            ("pi", "node", false),
            ("mine", "bash ./mine.sh", true),
            ("stub", "/x/mosaic-tui stub-agent", true),
            ("stub", "/x/mosaic-tui session run a", false),
            ("pi", "/x/mosaic-tui stub-agent", false),
            ("pi", "/x/mosaic-tui launch --yolo pi", true),
            ("pi", "/x/mosaic-tui launch --yolo stub", false),
            ("stub", "systemd-run --user --scope --unit=x -- /x/mosaic-tui launch --yolo stub", true),
            ("stub", "/usr/bin/env PATH=/a:/b systemd-run --user -- /x/mosaic-tui launch stub", true),
            ("sh", "/usr/bin/env PATH=/a sh -c x", true),
            ("sh", "systemd-run --user", false),
            ("pi", "env -i pi", true),
            ("pi", "env - pi", true),
            ("pi", "env -u X pi --model x", true),
            ("pi", "/usr/bin/env -iu X --chdir /w -C/x A=1 B=2 pi", true),
            ("pi", "env --unset=X -- A=1 pi", true),
            ("x", "env -u x pi", false),
            ("pi", "env -S pi", false),
            ("pi", "env -u", false),
            ("codex", "node --require x /usr/lib/node_modules/@openai/codex/bin/codex.js", true),
            ("codex", "node -r x --import y --no-warnings /usr/lib/node_modules/@openai/codex/bin/codex.js", true),
            ("x", "node --require x /y/other.js", false),
            ("mine", "bash -o pipefail +O extglob ./mine.sh", true),
            ("mine", "python3 -X dev -m mine", true),
            ("mine", "bun run --preload x mine.ts", true),
            ("run", "deno run mine.ts", false),
        ] {
            assert_eq!(matches(runtime, &argv(line)), want, "{runtime} in {line}");
        }
        assert!(!matches("pi", &[]));
    }

    #[test]
    fn a_shell_below_a_program_is_not_what_stands_in_its_place() {
        let standing = |lines: &[&str]| {
            let all: Vec<Vec<String>> = lines.iter().map(|line| argv(line)).collect();
            shell_in_its_place("goose", all.iter().map(Vec::as_slice))
        };
        for program in [
            &["python3 agent.py", "/bin/bash"][..],
            &["node dist/index.js", "/bin/bash", "bash -c make", "make"],
            &["/nix/store/x/.claude-wrapped", "bash --norc"],
            &["sh agent.sh", "bash"],
            &["bash", "vim notes"],
            &["goose", "bash"],
            &["bash", "codex"],
            &["sh -c build"],
            &["bash -lc build"],
            &["bash --rcfile /x/rc agent.sh"],
            &[],
        ] {
            assert_eq!(standing(program), None, "{program:?}");
        }
        for (shells, want) in [
            (&["-bash"][..], "bash"),
            (&["sh -c goose;zsh", "zsh -i"], "zsh"),
            (&["bash -lc goose;zsh", "zsh -i"], "zsh"),
            (&["bash --rcfile /x/rc -i"], "bash"),
            (&["bash -norc -o vi"], "bash"),
            (&["fish -C clear"], "fish"),
            (&["fish"], "fish"),
        ] {
            assert_eq!(standing(shells), Some(want), "{shells:?}");
        }
    }
}
