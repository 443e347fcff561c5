//! From a command line to an exit code.

use std::borrow::Cow;
use std::ffi::OsString;
use std::process::ExitCode;

use super::edge::open::dashboard;
use super::edge::reactor::block_on;
use super::edge::runtime::Options;
use super::edge::{editor, launch, logging, paths, settings, takeover, terminal};
use crate::app::action::cli::{self, Parsed};
use crate::app::action::dispatch::{Performer, Request};
use crate::app::action::inputs::Inputs;
use crate::app::action::program::OnceFormat;
use crate::app::action::registry::{ActionSpec, Door};
use crate::app::action::report::Report;
use crate::app::action::supervise::Supervise;
use crate::app::action::{TerminalAction, error, scripts};
use crate::app::perform::activity::record::{self, Asked};
use crate::app::perform::output::{self, Console, Printed};
use crate::app::perform::{activity, agent, backlog, executor, factory, headless};
use crate::app::{demo, stub};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::lifecycle::end_for_unit;
use crate::fleet::model::{AgentName, Label, shell_word};
use crate::fleet::os::exec;
use crate::fleet::{roster, session, supervision};
use crate::ui::theme::Theme;

/// Columns of a table that goes into a file or a pipe.
const FILE_WIDTH: usize = 200;

/// Longest JSON that an error repeats when it could not be printed.
const RESCUED_BYTES: usize = 8 << 10;

/// Exit code of wrong usage.
const USAGE: u8 = 2;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let parsed = match cli::parse(args.iter().cloned()) {
        Ok(parsed) => parsed,
        // To the runtimes that call hooks, 2 means "forbid what is about to happen".
        Err(error) if is_by_hook(&args) && error.use_stderr() => {
            usage(&error, &args);
            return ExitCode::from(error::FAILED);
        }
        Err(error) => return usage(&error, &args),
    };
    let verbose = parsed.globals.verbose;
    let by_hook = parsed.spec.id == "session.report" && is_by_hook(&args);
    match dispatch(parsed) {
        Ok(code) => ExitCode::from(code),
        Err(failure) if by_hook => report(&Failure { kind: Kind::Failed, ..failure }, verbose),
        Err(failure) => report(&failure, verbose),
    }
}

/// Whether a runtime's hook called, also in words that are not understood.
fn is_by_hook(args: &[OsString]) -> bool {
    let is = |word: &OsString, name: &str| word.to_string_lossy().split('=').next() == Some(name);
    ["report", "--hook"].iter().all(|name| args.iter().any(|word| is(word, name)))
}

/// Help and version go to stdout with 0; anything else is one line on stderr.
fn usage(error: &clap::Error, args: &[OsString]) -> ExitCode {
    use clap::error::ErrorKind;
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let printed = output::print(&error.to_string());
            printed.map_or_else(|failure| report(&failure, false), |_| ExitCode::SUCCESS)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::say(error.to_string().trim_end());
            ExitCode::from(USAGE)
        }
        _ => {
            let text = error.to_string();
            let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let mut first = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            if let Some(values) = text.lines().map(str::trim).find(|line| line.starts_with("[possible values")) {
                first = format!("{first} {values}");
            }
            if first.ends_with(':') {
                // clap names what is missing on the lines that follow.
                first = format!("{first} {}", lines.next().unwrap_or_default());
            }
            report(&Failure::new(Kind::Invalid, "usage", first, help_of_words(args)), false)
        }
    }
}

fn dispatch(parsed: Parsed) -> Result<u8> {
    let performer = parsed.spec.resolve(&parsed.inputs, Door::Shell).map_err(|why| {
        let next = format!("`{}` shows how", help_of(parsed.spec));
        Failure::new(Kind::Invalid, command_of(parsed.spec), why, next)
    })?;
    let site = Site { read_only: parsed.globals.read_only, ..paths::site(parsed.globals.roster, parsed.globals.home)? };
    if site.read_only && performer.writes() {
        return Err(executor::refused(&command_of(parsed.spec)));
    }
    match performer {
        Performer::Terminal(action) => on_terminal(&site, action, parsed.inputs.flag("json")),
        Performer::Executor(request) => {
            let console = Console { width: width(), owned: true, door: Door::Shell };
            let command = quoted_line(parsed.spec, &parsed.inputs).unwrap_or_default();
            let asked = Asked::now(&request, &command, Door::Shell);
            let report = match request {
                // It blocks, and nothing else waits in this process.
                Request::Backlog(action) => backlog::perform(&site, action, console),
                request => block_on(executor::perform(&site, request, console, &progress))?,
            };
            if let Some(why) = record::keep(&site, asked, &report) {
                output::say(&format!("mosaic-tui: {why}"));
            }
            print(&report?, parsed.inputs.flag("json"))
        }
        // A shell has no screen; the dispatcher says so before.
        Performer::Screen(_) => Err(Failure::new(
            Kind::Invalid,
            parsed.spec.title,
            "acts on the dashboard's screen",
            "open it with `mosaic-tui`",
        )),
    }
}

/// Prints a shell's script, or the names that it asks for.
fn completions(site: &Site, shell: &str) -> Result<u8> {
    let text = if shell == "agents" {
        let names = roster::load(site)?.agents;
        names.iter().map(|agent| format!("{}\n", agent.name)).collect()
    } else {
        scripts::completions(shell)
            .map_err(|why| Failure::new(Kind::Invalid, "completions", why, "name one of them"))?
    };
    output::print(&text).map(|_| error::DONE)
}

/// Performs what has this process to itself.
fn on_terminal(site: &Site, action: TerminalAction, json: bool) -> Result<u8> {
    match action {
        TerminalAction::Dashboard => dashboard(site, Options::default()),
        TerminalAction::Watch(name) => watch(site, name),
        TerminalAction::Once(options) => {
            // Text and JSON have no colours to choose.
            let theme = match options.format {
                OnceFormat::Ansi => terminal::of_sequences(&settings::load(site)?.0, |name| std::env::var(name).ok()),
                OnceFormat::Svg => terminal::of_picture(&settings::load(site)?.0),
                OnceFormat::Text | OnceFormat::Json => Theme::plain(true),
            };
            let report = block_on(headless::once(site, &options, theme))??;
            print(&report, false)
        }
        TerminalAction::Completions(shell) => completions(site, &shell),
        TerminalAction::Manual => match scripts::manual() {
            Ok(manual) => output::print(&manual).map(|_| error::DONE),
            Err(why) => Err(Failure::failed("manual page", why, "`mosaic-tui --help` says the same")),
        },
        TerminalAction::Attach(name) => {
            record::keep_takeover(site, &name, takeover::door());
            Err(exec::explain("tmux", &block_on(agent::attach(site, &name))??))
        }
        TerminalAction::Follow { name, lines, ansi } => block_on(agent::follow(site, &name, lines, ansi))?,
        TerminalAction::EditPersona(class) => {
            let report = block_on(editor::persona_at_shell(site, &class))??;
            print(&report, json)
        }
        TerminalAction::Events(wanted) => block_on(activity::events(site, &wanted, width()))?,
        TerminalAction::Supervise(wanted) => supervise(site, &wanted),
        TerminalAction::SessionHold => {
            logging::to_stderr();
            block_on(session::hold(site, &roster::load(site)?))??;
            Ok(error::DONE)
        }
        TerminalAction::SessionEnd(agent) => {
            logging::to_stderr();
            block_on(end_for_unit(site, &agent))??;
            Ok(error::DONE)
        }
        TerminalAction::SessionRun { agent, detach } => keep(site, &agent, detach),
        TerminalAction::Launch(wanted) => {
            let warn = |text: &str| progress(&format!("warning: {text}"));
            if wanted.yolo && !crate::fleet::runtime::asks_before_acting(&wanted.runtime) {
                warn(&format!("--yolo has no effect on {}, which asks nothing before it acts", wanted.runtime));
            }
            match launch::launch(site, &wanted, &warn)? {}
        }
        TerminalAction::Tether { parent, words } => {
            let args: Vec<_> = words.iter().skip(1).map(Into::into).collect();
            let program = words.first().map(String::as_str).unwrap_or_default();
            Err(exec::explain(program, &exec::tether(parent, program.as_ref(), &args)))
        }
        TerminalAction::StubAgent(model) => stub::run(site, model),
        TerminalAction::Demo { agents, mode, factory } => demo::run(site, agents, factory, mode),
    }
}

/// Columns of the tables on standard output: the terminal's, or enough for a file.
fn width() -> usize {
    use std::io::IsTerminal;
    let terminal = if std::io::stdout().is_terminal() { terminal::size() } else { None };
    terminal.map_or(FILE_WIDTH, |size| usize::from(size.width))
}

/// What a long command is doing, for whoever watches it.
fn progress(text: &str) {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() {
        output::say(text);
    }
}

/// The command line that gives the same inputs, as a shell reads it; a text that is longer than a line is cut.
fn quoted_line(spec: &ActionSpec, inputs: &Inputs) -> Option<String> {
    let words = cli::command_line(spec, inputs)?;
    Some(words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "))
}

fn command_of(spec: &ActionSpec) -> String {
    spec.words().unwrap_or_else(|| "--once".to_owned())
}

/// The advice for words that are not understood: the help of the innermost command that they name.
fn help_of_words(args: &[OsString]) -> String {
    let root = cli::command();
    let (mut command, mut names) = (&root, String::from("mosaic-tui"));
    let mut words = args.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if word == "--roster" || word == "--mosaic-home" {
            words.next();
        } else if let Some(inner) = command.find_subcommand(word.as_ref()) {
            names.push_str(&format!(" {word}"));
            command = inner;
        } else if !word.starts_with('-') {
            break;
        }
    }
    format!("`{names} --help` shows {}", if command.has_subcommands() { "the commands" } else { "how" })
}

/// The command that shows how an action is called.
fn help_of(spec: &ActionSpec) -> String {
    std::iter::once("mosaic-tui".to_owned())
        .chain(spec.words())
        .chain(["--help".to_owned()])
        .collect::<Vec<_>>()
        .join(" ")
}

/// Prints an answer; nothing but the answer goes to standard output. One that cannot be printed is told in the error:
/// it may hold the only word of a claim's token.
fn print(report: &Report, json: bool) -> Result<u8> {
    let text = if json { Cow::Owned(output::json_text(&report.json)) } else { Cow::Borrowed(&report.text) };
    let printed = if text.is_empty() { Ok(Printed::Whole) } else { output::print(&format!("{text}\n")) };
    for error in &report.errors {
        output::say(&format!("mosaic-tui: {error}"));
    }
    match printed {
        Ok(_) => Ok(report.code),
        Err(failure) => {
            // Whoever asked for JSON reads names of fields, and the first line of a table has none.
            let whole = || text.lines().map(str::trim).collect::<String>();
            let answer = Some(json).filter(|json| *json).map(|_| whole()).filter(|whole| whole.len() <= RESCUED_BYTES);
            let first = || Label::new(report.text.lines().next().unwrap_or_default()).to_string();
            let answer = answer.unwrap_or_else(first);
            Err(Failure { why: format!("{}; the answer was: {answer}", failure.why), ..failure })
        }
    }
}

fn watch(site: &Site, name: String) -> Result<u8> {
    let snapshot = block_on(crate::fleet::observe::once(site, roster::load(site)?))?;
    if snapshot.named(&name).is_none() {
        roster::load(site)?.agent(&name)?;
    }
    dashboard(site, Options { watch: Some(name), demo: false })
}

fn supervise(site: &Site, wanted: &Supervise) -> Result<u8> {
    if wanted.detach {
        // Leaves the caller's session and terminal; fails only for a group leader, which has left.
        let _leader_already = rustix::process::setsid();
    }
    logging::to_stderr_into(&supervision::log_file(site));
    block_on(factory::supervise(site, wanted))?
}

fn keep(site: &Site, agent: &str, detach: bool) -> Result<u8> {
    if detach {
        // Leaves the caller's session and terminal; fails only for a group leader, which has left.
        let _leader_already = rustix::process::setsid();
    }
    match AgentName::parse(agent) {
        Ok(name) => logging::to_stderr_into(&site.run_file(&name, RunFile::Log)),
        Err(_) => logging::to_stderr(),
    }
    let kept = block_on(async {
        match roster::load(site) {
            Ok(roster) => session::run(site, &roster, agent).await,
            Err(failure) => Err(failure),
        }
    })?;
    let status = match kept {
        Ok(status) => status,
        Err(failure) => block_on(session::refused(failure))??,
    };
    Ok(u8::try_from(status.clamp(0, 255)).unwrap_or(error::FAILED))
}

/// Prints a failure and gives its exit code.
fn report(failure: &Failure, verbose: bool) -> ExitCode {
    let mut text = error::line(failure);
    if verbose {
        for detail in &failure.details {
            text.push_str(&format!("\n  {detail}"));
        }
    }
    output::say(&text);
    ExitCode::from(error::exit_code(failure.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::registry::{ACTIONS, Shell};

    #[test]
    fn the_help_that_an_error_names_exists() {
        for spec in ACTIONS.iter().filter(|spec| !matches!(spec.doors.shell, Shell::None(_))) {
            let error = cli::parse(help_of(spec).split(' ').map(Into::into)).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "{}", help_of(spec));
        }
    }
}
