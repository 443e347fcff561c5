//! The command line, built from the registry.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};

use super::inputs::Inputs;
use super::old;
use super::registry::{ACTIONS, ActionSpec, Argument, Door, Shape, Shell};

/// The backlog's commands are found below the fleet as well.
const BACKLOG: &str = "backlog";
const FLEET: &str = "fleet";

/// The card that a command acts on, and the word that says it without the option.
const ID: &str = "id";
const ID_AS_WORD: &str = "ID";

/// Options that every command takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Globals {
    /// Roster file.
    pub roster: Option<PathBuf>,
    /// The Mosaic home.
    pub home: Option<PathBuf>,
    /// Details under errors.
    pub verbose: bool,
    /// Nothing is changed.
    pub read_only: bool,
}

/// A parsed command line.
#[derive(Debug)]
pub struct Parsed {
    /// The action's entry.
    pub spec: &'static ActionSpec,
    /// Its values.
    pub inputs: Inputs,
    /// The global options.
    pub globals: Globals,
}

/// Reads a command line.
///
/// # Errors
/// clap's own, which knows how to print help, the version and usage errors.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed, clap::Error> {
    let args: Vec<OsString> = args.into_iter().collect();
    let matches = matches_of(&args)?;
    let globals = Globals {
        roster: find_global::<PathBuf>(&matches, "roster"),
        home: find_global::<PathBuf>(&matches, old::HOME),
        verbose: has_flag(&matches, "verbose"),
        read_only: has_flag(&matches, "read-only"),
    };
    let mut path = Vec::new();
    let mut innermost = &matches;
    while let Some((word, inner)) = innermost.subcommand() {
        path.push(word.to_owned());
        innermost = inner;
    }
    if path.starts_with(&[FLEET.to_owned(), BACKLOG.to_owned()]) {
        path.remove(0);
    }
    let spec = if path.is_empty() {
        let once = root_specs().find(|spec| !spec.arguments.is_empty());
        let asked = once.filter(|spec| {
            spec.arguments
                .iter()
                // clap gives a value to each flag; only its source tells whether somebody wrote it.
                .any(|argument| innermost.value_source(argument.name) == Some(clap::parser::ValueSource::CommandLine))
        });
        if asked.is_some() && !innermost.get_flag("once") {
            return Err(command().error(
                clap::error::ErrorKind::MissingRequiredArgument,
                "--view, --format, --width, --height, --pane, --check and --color belong to --once; add it",
            ));
        }
        asked.or_else(|| root_specs().find(|spec| spec.arguments.is_empty()))
    } else {
        ACTIONS.iter().find(|spec| matches!(spec.doors.shell, Shell::Words(words) if words == path.as_slice()))
    };
    let Some(spec) = spec else {
        return Err(command().error(clap::error::ErrorKind::MissingSubcommand, "a command is missing"));
    };
    Ok(Parsed { spec, inputs: old::translated(spec, innermost, inputs(spec, innermost)), globals })
}

/// What clap makes of the words. To make all commands takes longer than most of them run, so only those are made of which
/// a word speaks; what they cannot read is read once more beside all others, for what there is to say about it.
fn matches_of(args: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let spoken_of = |first: &str| args.iter().any(|word| word == first);
    match made(spoken_of).try_get_matches_from(args) {
        Err(error) if error.kind() != clap::error::ErrorKind::DisplayVersion => {
            // clap knows of a key's name only that it is no command.
            command().try_get_matches_from(args).map_err(|error| without_a_command(args).unwrap_or(error))
        }
        matches => matches,
    }
}

/// What to say when the words are the name of an action that has no command.
fn without_a_command(args: &[OsString]) -> Option<clap::Error> {
    let words: Vec<&str> = args.iter().skip(1).filter_map(|word| word.to_str()).collect();
    // Options may stand in front of the words and behind them.
    let named = |spec: &&ActionSpec| words.windows(2).any(|pair| pair.join(".").replace('-', "_") == spec.id);
    let refusal = ACTIONS.iter().filter(named).find_map(|spec| spec.refusal(Door::Shell))?;
    Some(command().error(clap::error::ErrorKind::InvalidSubcommand, refusal))
}

/// Reads a command line as it is typed into the palette: the same words, quoted as in a shell.
///
/// # Errors
/// What is wrong with it, on one line.
pub fn parse_line(line: &str) -> Result<Parsed, String> {
    let mut words = split(line)?;
    // A line that was copied from a document begins with the program's name.
    if words.first().is_none_or(|first| first != "mosaic-tui") {
        // The parser takes the first word for the program's name, whatever it is.
        words.insert(0, "mosaic-tui".to_owned());
    }
    parse(words.into_iter().map(OsString::from)).map_err(|error| {
        let text = error.to_string();
        // Behind the first two follow the usage and hints, which do not fit on the palette's one line.
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(2).collect();
        lines.join(" ").trim_start_matches("error: ").to_owned()
    })
}

/// Splits a line into words; quotes hold white space together, a backslash takes the next character as it is.
fn split(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                // Quotes with nothing between them are a word too: an empty value takes a field away.
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            // Not within single quotes, where a shell takes it as it is.
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("a quote is not closed".to_owned()) } else { Ok(words) }
}

fn find_global<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    // A global option may stand in front of each of the command's words and behind the last.
    let own = matches.get_one::<T>(name).cloned();
    match matches.subcommand() {
        Some((_, inner)) => find_global(inner, name).or(own),
        None => own,
    }
}

fn has_flag(matches: &ArgMatches, name: &str) -> bool {
    matches.get_flag(name) || matches.subcommand().is_some_and(|(_, inner)| has_flag(inner, name))
}

fn root_specs() -> impl Iterator<Item = &'static ActionSpec> {
    ACTIONS.iter().filter(|spec| spec.doors.shell == Shell::Root)
}

fn inputs(spec: &'static ActionSpec, matches: &ArgMatches) -> Inputs {
    let mut inputs = Inputs::default();
    if takes_id_as_word(spec) {
        inputs = inputs.with(ID, matches.get_one::<String>(ID_AS_WORD).into_iter().cloned().collect());
    }
    for argument in spec.arguments {
        inputs = match argument.shape {
            Shape::Flag if matches.get_flag(argument.name) => inputs.with_flag(argument.name),
            Shape::Flag => inputs,
            _ => {
                let values = matches.get_many::<String>(argument.name).unwrap_or_default().cloned().collect();
                inputs.with(argument.name, values)
            }
        };
    }
    inputs
}

/// The whole command, for parsing and for completions.
#[must_use]
pub fn command() -> Command {
    made(|_| true)
}

/// The command with those of its commands whose first word is wanted.
fn made(wanted: impl Fn(&str) -> bool) -> Command {
    let mut root = Command::new("mosaic-tui")
        .version(env!("MOSAIC_VERSION"))
        .about("The cockpit for a fleet of AI agents in tmux. Without a command it opens the dashboard.")
        .arg(
            Arg::new("roster")
                .long("roster")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .global(true)
                .help("Roster file; default $MOSAIC_ROSTER, else fleet/roster.yaml in the Mosaic home"),
        )
        .arg(
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .action(ArgAction::SetTrue)
                .global(true)
                .help("Adds details to errors"),
        )
        .arg(
            Arg::new("read-only")
                .long("read-only")
                .action(ArgAction::SetTrue)
                .global(true)
                .help("Looks only: refuses whatever changes anything; the dashboard hides it"),
        );
    root = root.arg(old::home());
    for spec in root_specs() {
        root = root.args(spec.arguments.iter().map(argument));
    }
    for spec in ACTIONS {
        if let Shell::Words(words) = spec.doors.shell {
            let first = words.first().copied().unwrap_or_default();
            if wanted(first) {
                root = add(root, words, spec);
            }
            if first == BACKLOG && wanted(FLEET) {
                let below_fleet: Vec<&'static str> = std::iter::once(FLEET).chain(words.iter().copied()).collect();
                root = add(root, &below_fleet, spec);
            }
        }
    }
    root
}

fn add(parent: Command, words: &[&'static str], spec: &'static ActionSpec) -> Command {
    let Some((first, rest)) = words.split_first() else { return parent };
    if rest.is_empty() {
        let leaf = Command::new(*first).about(spec.doc).args(spec.arguments.iter().map(argument));
        let leaf = old::spelled(spec, leaf);
        return parent.subcommand(if takes_id_as_word(spec) { with_id_as_word(leaf) } else { leaf });
    }
    if parent.find_subcommand(first).is_none() {
        let about = match *first {
            "fleet" => "The fleet as a whole",
            "agent" => "One agent",
            "backlog" => "Cards: what is to be done, by whom, in which order",
            "gate" => "The way to the main branch: reviews, what stands before a merge, the merge",
            "framework" => "The framework's files in the Mosaic home",
            "contract" => "What an agent is told before its first turn",
            "persona" => "What a class of agents is for",
            "profile" => "Kinds of fleet",
            "north-star" => "What the fleet is for, and which goals it has",
            "identity" => "Who the operator is, and who the agents are",
            "session" => "What runs inside sessions",
            _ => "",
        };
        let group = Command::new(*first).about(about).subcommand_required(true).arg_required_else_help(true);
        return parent.subcommand(add(group, rest, spec));
    }
    parent.mut_subcommand(first, |group| add(group, rest, spec))
}

/// Whether the card that it acts on may stand there without its option, as it does for the commands that only look.
fn takes_id_as_word(spec: &ActionSpec) -> bool {
    // A new card's title may have been left without its quotes.
    let makes =
        spec.arguments.iter().any(|argument| argument.name == "title" && argument.shape == Shape::RequiredValue);
    !makes && spec.arguments.iter().any(|argument| argument.name == ID && argument.shape == Shape::RequiredValue)
}

fn with_id_as_word(leaf: Command) -> Command {
    leaf.mut_arg(ID, |id| id.required(false))
        .arg(Arg::new(ID_AS_WORD).value_name("ID").help("The same without the option"))
        .group(ArgGroup::new("card").args([ID, ID_AS_WORD]).required(true))
}

fn argument(argument: &Argument) -> Arg {
    let arg = Arg::new(argument.name).help(argument.doc);
    let arg = if argument.values.is_empty() { arg } else { arg.value_parser(argument.values.to_vec()) };
    match argument.shape {
        Shape::Flag => arg.long(argument.name).action(ArgAction::SetTrue),
        Shape::Value if argument.name == "message" => {
            // A message may begin with a hyphen, as a list in Markdown does.
            arg.short('m').long(argument.name).value_name("TEXT").allow_hyphen_values(true)
        }
        Shape::Value if argument.name == "output" => arg.short('o').long(argument.name).value_name("FORMAT"),
        Shape::Value if argument.name == "lines" => arg.short('n').long(argument.name).value_name("N"),
        Shape::Value | Shape::RequiredValue => arg
            .long(argument.name)
            .value_name(argument.name.to_uppercase())
            .allow_negative_numbers(true)
            .required(argument.shape == Shape::RequiredValue),
        Shape::Required => arg.required(true),
        Shape::Optional => arg,
        Shape::Many => arg.num_args(0..),
        // Behind `--`, as the options of another program are none of this one's.
        Shape::Rest => arg.num_args(0..).last(true).allow_hyphen_values(true),
    }
}

/// The command line that gives the same inputs.
#[must_use]
pub fn command_line(spec: &ActionSpec, inputs: &Inputs) -> Option<Vec<String>> {
    let mut words = vec!["mosaic-tui".to_owned()];
    match spec.doors.shell {
        Shell::None(_) => return None,
        Shell::Root => {}
        Shell::Words(path) => words.extend(path.iter().map(|word| (*word).to_owned())),
    }
    let mut rest = Vec::new();
    let mut positional = Vec::new();
    for argument in spec.arguments {
        let values = inputs.many(argument.name);
        match argument.shape {
            Shape::Flag if inputs.flag(argument.name) => words.push(format!("--{}", argument.name)),
            Shape::Flag => {}
            Shape::Value | Shape::RequiredValue => {
                for value in values {
                    // In one word, since the value may begin with a hyphen.
                    words.push(format!("--{}={value}", argument.name));
                }
            }
            Shape::Rest => rest = values,
            Shape::Required | Shape::Optional | Shape::Many => positional.extend(values),
        }
    }
    words.extend(positional);
    if !rest.is_empty() {
        words.push("--".to_owned());
        words.extend(rest);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::fleet::{Rows, Targets};
    use crate::app::action::program::{DemoMode, Launch};
    use crate::app::action::{Action, AgentAction, BacklogAction, FleetAction, TerminalAction};
    use crate::backlog::model::CardId;

    fn parsed(line: &str) -> Result<Parsed, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    fn action(line: &str) -> Result<Action, String> {
        let parsed = parsed(line).map_err(|error| error.to_string())?;
        parsed.spec.build(&parsed.inputs)
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn the_commands_that_are_made_read_what_all_of_them_read() {
        let whole = command();
        let same = |line: &str| {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let told = |error: &clap::Error| (error.kind(), error.to_string());
            match (matches_of(&args), whole.clone().try_get_matches_from(&args)) {
                (Ok(one), Ok(all)) => {
                    assert_eq!(one.subcommand(), all.subcommand(), "{line}");
                    assert_eq!(one.ids().collect::<Vec<_>>(), all.ids().collect::<Vec<_>>(), "{line}");
                }
                (Err(one), Err(all)) if without_a_command(&args).is_none() => {
                    assert_eq!(told(&one), told(&all), "{line}");
                }
                (one, all) => assert!(one.is_err() && all.is_err(), "{line}: {one:?}, {all:?}"),
            }
        };
        for spec in ACTIONS {
            let Shell::Words(words) = spec.doors.shell else { continue };
            let words = words.join(" ");
            for line in
                ["{}", "{} --help", "{} a", "{} a b --json", "{} --nonsense", "--verbose {} a", "fleet {} a", "help {}"]
            {
                same(&format!("mosaic-tui {}", line.replace("{}", &words)));
            }
        }
        for line in [
            "mosaic-tui",
            "mosaic-tui --once --view fleet",
            "mosaic-tui --view backlog",
            "mosaic-tui -V",
            "mosaic-tui bcklog",
        ] {
            same(line);
        }
        assert_eq!(made(|first| first == BACKLOG).get_subcommands().count(), 1, "and no others are made");
    }

    #[test]
    fn words_become_actions() {
        for (line, want) in [
            ("mosaic-tui", Action::Terminal(TerminalAction::Dashboard)),
            ("mosaic-tui fleet ps --json", Action::Fleet(FleetAction::Ps(Rows { json: true, ..Rows::default() }))),
            (
                "mosaic-tui fleet stop a b",
                Action::Fleet(FleetAction::Stop(Targets {
                    agents: vec!["a".into(), "b".into()],
                    ..Targets::default()
                })),
            ),
            ("mosaic-tui agent explain a", Action::Agent(AgentAction::Explain("a".into()))),
            (
                "mosaic-tui demo --agents 20 --headless",
                Action::Terminal(TerminalAction::Demo { agents: 20, mode: DemoMode::Headless, factory: false }),
            ),
            (
                "mosaic-tui launch --yolo pi -- --x -y",
                Action::Terminal(TerminalAction::Launch(Launch {
                    runtime: "pi".into(),
                    yolo: true,
                    model: None,
                    channels: None,
                    arguments: vec!["--x".into(), "-y".into()],
                })),
            ),
        ] {
            assert_eq!(action(line), Ok(want), "{line}");
        }
    }

    #[test]
    fn the_card_of_a_change_is_named_with_its_option_or_without() {
        for line in ["backlog complete A1", "backlog complete --id A1", "fleet backlog complete --json A1"] {
            let id = CardId::parse("A1").unwrap();
            let want = Action::Backlog(BacklogAction::Complete { id, token: None });
            assert_eq!(action(&format!("mosaic-tui {line}")), Ok(want), "{line}");
        }
        for line in [
            "backlog complete",
            "backlog complete A1 --id A2",
            "backlog complete A1 A2",
            "backlog create --title Fix bug",
        ] {
            assert!(action(&format!("mosaic-tui {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn a_typed_line_is_read_like_a_shells() {
        for (line, want) in [
            ("fleet edit a 'alias=two words'", Some(vec!["fleet", "edit", "a", "alias=two words"])),
            (r#"a "b \" c" d\ e '' "#, Some(vec!["a", "b \" c", "d e", ""])),
            ("a 'open", None),
            ("", Some(vec![])),
        ] {
            let want = want.map(|words| words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(split(line).ok(), want, "{line}");
        }
        assert_eq!(parse_line("fleet doctor").unwrap().spec.id, "fleet.doctor");
        assert!(parse_line("fleet nonsense").unwrap_err().contains("nonsense"));
    }

    #[test]
    fn wrong_usage_is_refused() {
        for line in [
            "mosaic-tui fleet",
            "mosaic-tui nonsense",
            "mosaic-tui --check",
            "mosaic-tui --once --format xml",
            "mosaic-tui agent explain",
            "mosaic-tui demo --agents 0",
            "mosaic-tui demo --headless --stop",
            "mosaic-tui session report --status odd",
            "mosaic-tui --once --width 3",
            "mosaic-tui backlog create --id A1",
            "mosaic-tui backlog complete",
            "mosaic-tui agent wait a",
        ] {
            assert!(action(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_screens_action_is_refused_with_its_key() {
        for (line, want) in [
            (
                "mosaic-tui agent message code0",
                "`agent send` is the command; in the dashboard its key is s (Fleet, Wall, Watch, Org)",
            ),
            (
                "mosaic-tui card claim-for A1",
                "`backlog claim --id` is the command; in the dashboard its key is c (Board)",
            ),
            ("mosaic-tui --roster r view board", "in the dashboard its key is 3 (everywhere)"),
        ] {
            let error = parsed(line).unwrap_err();
            assert!(error.use_stderr() && error.to_string().contains(want), "{line}: {error}");
        }
    }

    #[test]
    fn usage_shows_what_must_be_given() {
        let usage = |id: &str| ACTIONS.iter().find(|spec| spec.id == id).unwrap().usage();
        assert!(usage("backlog.create").starts_with("mosaic-tui backlog create --id ID --title TITLE [--body BODY]"));
        let error = parsed("mosaic-tui backlog create --id A1").unwrap_err().to_string();
        assert!(error.contains("--title <TITLE>"), "{error}");
        for spec in ACTIONS {
            let Ok(_) = spec.build(&Inputs::default()) else { continue };
            assert!(!spec.arguments.iter().any(|argument| argument.shape.is_required()), "{} builds without", spec.id);
        }
    }

    #[test]
    fn the_roster_option_works_in_front_and_behind() {
        for line in ["mosaic-tui --roster r fleet ps", "mosaic-tui fleet ps --roster r"] {
            assert_eq!(parsed(line).unwrap().globals.roster, Some("r".into()), "{line}");
        }
    }

    #[test]
    fn what_is_printed_parses_back_to_the_same_inputs() {
        for spec in ACTIONS {
            let mut inputs = Inputs::default();
            for argument in spec.arguments {
                let sample = argument.values.first().map_or("-odd; value", |value| *value).to_owned();
                let word = argument.values.first().map_or("word", |value| *value).to_owned();
                inputs = match argument.shape {
                    Shape::Flag => inputs.with_flag(argument.name),
                    Shape::Value | Shape::RequiredValue => inputs.with(argument.name, vec![sample]),
                    Shape::Many | Shape::Rest => inputs.with(argument.name, vec![word.clone(), word]),
                    Shape::Required | Shape::Optional => inputs.with(argument.name, vec![word]),
                };
            }
            let Some(words) = command_line(spec, &inputs) else { continue };
            let parsed = parse(words.iter().map(OsString::from)).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!((parsed.spec.id, parsed.inputs), (spec.id, inputs), "{words:?}");
        }
    }

    #[test]
    fn groups_need_a_verb() {
        assert!(parsed("mosaic-tui session").is_err());
    }
}
