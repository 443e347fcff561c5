//! From the file to the roster that the program uses: defaults filled in, every rule checked.
//!
//! All problems of a file are reported at once, each with file, line, column, key path and what was
//! expected.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::agents::{Agent, CommandSource, DEFAULT_HOLDER, Roster, WindowSize};
use super::check::{Checker, expand_home};
use super::effect::without_effect;
use super::file::{AgentEntry, Lifespan, PersistentPersona, RosterFile, TmuxSettings};
use super::floor::floor;
use super::overrides;
use super::problem::{Problem, control_character, decode_problem, unknown_keys};
use super::supervise::Worktree;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::senders;
use crate::fleet::model::{AgentName, Label, SessionName, SocketName, SshTarget, Warning};
use crate::fleet::runtime::{self, Launch, Runtime};
use crate::plain::{self, Unreadable, acts_on_terminal, character, marks_direction, quoted};

/// A roster larger than this is not a roster; reading it whole must stay cheap.
const MAX_FILE_BYTES: usize = 1 << 20;

/// A model's name goes on a command line, where tmux takes 16 kB in all.
const MAX_MODEL_CHARS: usize = 256;

/// Reads and checks a roster file.
///
/// # Errors
/// Not found, unreadable, or invalid with every problem in the details.
pub fn load(site: &Site) -> Result<Roster> {
    let mut roster = usable(&read(&site.roster)?, site)?;
    // Not in `usable`: an edit is judged by what the file says, whatever this host makes of it.
    overrides::apply(&mut roster, site);
    Ok(roster)
}

/// Checks the text of the site's roster file, and words its problems for somebody who wants to use it.
pub(super) fn usable(text: &str, site: &Site) -> Result<Roster> {
    parse(text, &site.roster, site).map_err(|problems| {
        let more = match problems.len() {
            0 | 1 => String::new(),
            n => format!(" (and {} more)", n - 1),
        };
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        let (place, why) = split_place(&first);
        Failure::new(Kind::Invalid, place, format!("{why}{more}"), "`mosaic-tui fleet check` lists every problem")
            .with_details(problems.iter().map(ToString::to_string).collect())
    })
}

/// The text of a roster file.
///
/// # Errors
/// Not found, unreadable, too large, no file, or no UTF-8.
pub fn read(path: &Path) -> Result<String> {
    plain::read(path, MAX_FILE_BYTES).map_err(|why| {
        let failure = Failure::unreadable(format!("roster {}", path.display()), &why);
        match why {
            why if why.is_missing() => Failure {
                kind: Kind::NotFound,
                next: "`mosaic-tui fleet init --write` makes one; `mosaic-tui demo` shows a live fleet".to_owned(),
                ..failure
            },
            Unreadable::NotUtf8(line) => {
                Failure { what: format!("{}:{line}", path.display()), why: "is not UTF-8".to_owned(), ..failure }
            }
            _ => failure,
        }
    })
}

/// Splits `file:line:column: rest` behind the place.
fn split_place(text: &str) -> (String, String) {
    match text.split_once(": ") {
        Some((place, rest)) => (place.to_owned(), rest.to_owned()),
        None => (text.to_owned(), String::new()),
    }
}

/// Checks a roster's text.
///
/// # Errors
/// Every problem found; a file that cannot be decoded has one.
pub fn parse(text: &str, path: &Path, site: &Site) -> Result<Roster, Vec<Problem>> {
    if let Some(problem) = control_character(text, path) {
        return Err(vec![problem]);
    }
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Err(vec![Problem {
            path: path.to_owned(),
            line: 1,
            column: 1,
            key: String::new(),
            message: "the file is empty; a roster begins with `version: 1`".to_owned(),
        }]);
    }
    let mut check = Checker::of(path, text);
    let file: RosterFile = serde_yaml::from_str(text).map_err(|error| {
        // The decoder takes no unknown key, but it stops at the first, and at whatever else is wrong before it.
        let unknown = unknown_keys(path, check.index());
        if unknown.is_empty() { vec![decode_problem(&error, path, check.index())] } else { unknown }
    })?;
    let roster = check.roster(file, site);
    // Found rule by rule, but mended from the top of the file down.
    check.problems.sort_by_key(|problem| (problem.line, problem.column));
    if check.problems.is_empty() { Ok(roster) } else { Err(check.problems) }
}

impl Checker<'_> {
    fn roster(&mut self, file: RosterFile, site: &Site) -> Roster {
        if file.version != 1 {
            self.problem("version", format!("is {}; expected 1", file.version));
        }
        if let Some(transport) = file.transport.as_deref().filter(|t| *t != "tmux") {
            self.problem("transport", format!("is {}; expected \"tmux\"", quoted(transport)));
        }
        if let Some(connector) = &file.connector
            && connector.kind != "tmux"
        {
            self.problem("connector.kind", format!("is {}; expected \"tmux\"", quoted(&connector.kind)));
        }
        let (socket, holder) = self.tmux(&file.tmux);
        let window = self.window(file.defaults.window_size.as_deref());
        let entries = file.agents.iter().enumerate();
        let checked: Vec<_> = entries.map(|(at, entry)| self.agent(at, entry, &file, site, &socket)).collect();
        // By the entries as they are written: one with another problem is no agent by now, and still takes its
        // name.
        self.uniqueness(&file, &holder);
        self.references(&file);
        let mut warnings: Vec<Warning> = floor(&file).into_iter().map(Warning::Floor).collect();
        warnings.extend(without_effect(&file));
        let supervise = self.supervise(&file);
        let directory = file.defaults.working_directory.as_deref();
        let entries = file.agents.into_iter().zip(checked);
        Roster {
            path: self.path.to_owned(),
            socket,
            holder,
            lead: file.lead,
            agents: entries
                .filter_map(|(entry, checked)| Some(checked?.agent(entry, directory, site, window)))
                .collect(),
            require_structured_reasoning: file.require_structured_reasoning,
            supervise,
            pipeline: file.pipeline,
            warnings,
        }
    }

    fn tmux(&mut self, tmux: &TmuxSettings) -> (SocketName, SessionName) {
        let socket = self.socket("tmux.socket_name", tmux.socket_name.as_deref());
        let holder = tmux.holder_session.as_deref().unwrap_or(DEFAULT_HOLDER);
        if holder.is_empty()
            || holder.len() > 64
            || !holder.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        {
            self.problem("tmux.holder_session", "must have 1 to 64 letters, digits, `_` or `-`");
        }
        (socket, SessionName(holder.to_owned()))
    }

    fn socket(&mut self, key: &str, name: Option<&str>) -> SocketName {
        let Some(name) = name.filter(|name| !name.is_empty()) else { return SocketName::DEFAULT };
        // The folder of the sockets stands in front of it, and the path of a socket has 107 bytes at most.
        if name.contains('/') || name.starts_with('-') || !name.chars().all(|c| c.is_ascii_graphic()) || name.len() > 80
        {
            self.problem(
                key,
                "is a name for `tmux -L`, not a path: no `/`, no leading `-`, at most 80 visible ASCII characters",
            );
        }
        // With a problem there is no roster, whatever stands here.
        SocketName::named(name).unwrap_or(SocketName::DEFAULT)
    }

    fn window(&mut self, text: Option<&str>) -> WindowSize {
        let Some(text) = text else { return WindowSize { width: 200, height: 50 } };
        let parsed = text.split_once('x').and_then(|(w, h)| Some((w.parse::<u16>().ok()?, h.parse::<u16>().ok()?)));
        match parsed {
            Some((width @ 20..=1000, height @ 5..=1000)) => WindowSize { width, height },
            _ => {
                self.problem(
                    "defaults.window_size",
                    format!("is {}; expected WIDTHxHEIGHT such as 200x50, between 20x5 and 1000x1000", quoted(text)),
                );
                WindowSize { width: 200, height: 50 }
            }
        }
    }

    /// Holds one entry against the rules; `None` where it has not even a name.
    fn agent(
        &mut self,
        at: usize,
        entry: &AgentEntry,
        file: &RosterFile,
        site: &Site,
        socket: &SocketName,
    ) -> Option<Checked> {
        let key = |field: &str| format!("agents[{at}].{field}");
        let name = match AgentName::parse(&entry.name) {
            Ok(name) => name,
            Err(why) => {
                self.problem(&key("name"), why);
                return None;
            }
        };
        if is_viewer_name(name.as_str()) {
            self.problem(&key("name"), "ends in `-watch-<digits>`, which is kept for viewers");
        }
        if let Some(whose) = senders::kept_for(&name.session().0) {
            // Peers answer to the address that a message names.
            let why = format!("is {name}, the address of {whose}; give the agent another name, such as {name}0");
            self.problem(&key("name"), why);
        }
        let runtime = self.runtime(at, entry, file);
        for variable in entry.env.keys() {
            if !is_variable_name(variable) {
                self.problem(
                    &key(&format!("env.{variable}")),
                    "is no environment variable name ([A-Za-z_][A-Za-z0-9_]*)",
                );
            }
        }
        for (variable, value) in &entry.env {
            if value.contains('\0') {
                self.problem(&key(&format!("env.{variable}")), "holds a NUL character");
            }
        }
        for (field, value) in [("command", &entry.command), ("working_directory", &entry.working_directory)] {
            if value.as_deref().is_some_and(|text| text.trim().is_empty() || text.contains('\0')) {
                self.problem(&key(field), "is empty or holds a NUL character; leave the key out instead");
            }
        }
        if entry
            .model_hint
            .as_deref()
            .is_some_and(|hint| hint.chars().count() > MAX_MODEL_CHARS || hint.chars().any(char::is_control))
        {
            self.problem(&key("model_hint"), format!("must be one line of at most {MAX_MODEL_CHARS} characters"));
        }
        if let Some(channels) = entry.channels.as_deref() {
            if entry.command.is_none()
                && !runtime::find(&runtime).map(Runtime::launch).is_some_and(Launch::has_channels)
            {
                self.problem(&key("channels"), format!("{} has none; claude has", quoted(&runtime)));
            }
            if channels.is_empty() || channels.starts_with('-') || !channels.chars().all(|c| c.is_ascii_graphic()) {
                self.problem(&key("channels"), "must be one word, such as plugin:discord@general");
            }
        }
        if matches!(&entry.persistent_persona, Some(PersistentPersona::Named(class)) if !is_plain_word(class)) {
            self.problem(&key("persistent_persona"), "is true, false or the name of a persona");
        }
        for (field, value) in [("alias", &entry.alias), ("model_hint", &entry.model_hint)] {
            // Marks of plain direction belong to names in Hebrew and Arabic.
            let turns = |c: &char| acts_on_terminal(*c) && !c.is_control() && !marks_direction(*c);
            if let Some(c) = value.iter().flat_map(|text| text.chars()).find(turns) {
                let why = format!("holds {}, which changes how what follows is read", character(c));
                self.problem(&key(field), why);
            }
        }
        for (field, value) in [("tenant_id", &entry.tenant_id), ("host", &entry.host)] {
            if value.as_deref().is_some_and(|word| !is_plain_word(word)) {
                self.problem(&key(field), "may hold only letters, digits, `_`, `.` and `-`");
            }
        }
        let ssh = entry.ssh.as_deref().or_else(|| Some(host(entry, site)).filter(|host| *host != site.host));
        // With a leading `-` it would be an option of ssh.
        if ssh.is_some_and(|ssh| ssh.is_empty() || ssh.starts_with('-') || ssh.contains(char::is_whitespace)) {
            let field = if entry.ssh.is_some() { "ssh" } else { "host" };
            self.problem(&key(field), "must be user@host: not empty, no leading `-`, no white space");
        }
        Some(Checked {
            name,
            socket: match &entry.socket {
                Some(_) => self.socket(&key("socket"), entry.socket.as_deref()),
                None => *socket,
            },
            reset_command: file.runtimes.get(&runtime).and_then(|settings| settings.reset_command.clone()),
            lifespan: self.lifespan(at, entry, file),
            worktree: self.worktree(at, entry, site),
            runtime,
        })
    }

    fn runtime(&mut self, at: usize, entry: &AgentEntry, file: &RosterFile) -> String {
        let Some(runtime) = entry.runtime.as_deref().or(file.defaults.runtime.as_deref()) else {
            self.problem(&format!("agents[{at}]"), "has no `runtime`, and `defaults.runtime` is not set");
            return String::new();
        };
        if entry.command.is_none() && !runtime::is_known(runtime) {
            let key =
                if entry.runtime.is_some() { format!("agents[{at}].runtime") } else { "defaults.runtime".to_owned() };
            self.problem(
                &key,
                format!(
                    "is {}; expected {}, or any name together with a `command`",
                    quoted(runtime),
                    runtime::known_list()
                ),
            );
        }
        if !is_plain_word(runtime) {
            self.problem(&format!("agents[{at}].runtime"), "may hold only letters, digits, `_`, `.` and `-`");
        }
        if entry.class.as_deref().is_some_and(|class| !is_plain_word(class)) {
            self.problem(&format!("agents[{at}].class"), "may hold only letters, digits, `_`, `.` and `-`");
        }
        runtime.to_owned()
    }

    /// No two agents share a name or a session, and none takes the holder's.
    fn uniqueness(&mut self, file: &RosterFile, holder: &SessionName) {
        let mut names: HashMap<&str, usize> = HashMap::new();
        let mut sessions: HashMap<SessionName, &str> = HashMap::new();
        for (at, entry) in file.agents.iter().enumerate() {
            let key = format!("agents[{at}].name");
            if let Some(first) = names.get(entry.name.as_str()) {
                let line = self.index().find(&format!("agents[{first}].name")).line;
                self.problem(
                    &key,
                    format!("{} is taken already, on line {line}; names must be unique", quoted(&entry.name)),
                );
                // That they share a session as well follows from it.
                continue;
            }
            names.insert(&entry.name, at);
            // Told where the agent is read.
            let Ok(name) = AgentName::parse(&entry.name) else { continue };
            let session = name.session();
            if session == *holder {
                self.problem(&key, format!("its session is {}, the holder's", holder.label()));
            } else if let Some(other) = sessions.get(&session) {
                self.problem(
                    &key,
                    format!("{name} and {other} would share the session {}: tmux turns `.` into `_`", session.label()),
                );
            } else {
                sessions.insert(session, &entry.name);
            }
        }
    }

    /// `lead` and `reports_to` name agents, and nobody reports to themselves in a circle.
    fn references(&mut self, file: &RosterFile) {
        let names: HashSet<&str> = file.agents.iter().map(|entry| entry.name.as_str()).collect();
        if let Some(lead) = file.lead.as_deref().filter(|lead| !names.contains(lead)) {
            self.problem("lead", format!("{} is no agent of this roster", quoted(lead)));
        }
        let superior: HashMap<&str, &str> =
            file.agents.iter().filter_map(|entry| Some((entry.name.as_str(), entry.reports_to.as_deref()?))).collect();
        for (at, entry) in file.agents.iter().enumerate() {
            let Some(boss) = entry.reports_to.as_deref() else { continue };
            let key = format!("agents[{at}].reports_to");
            if !names.contains(boss) {
                self.problem(&key, format!("{} is no agent of this roster", quoted(boss)));
                continue;
            }
            let mut seen = HashSet::from([entry.name.as_str()]);
            let mut chain = vec![entry.name.as_str()];
            let mut next = Some(boss);
            while let Some(name) = next {
                chain.push(name);
                if !seen.insert(name) {
                    break;
                }
                next = superior.get(name).copied();
            }
            // A chain may also run into a circle further up, which its own members tell.
            if next == Some(entry.name.as_str()) {
                self.problem(&key, format!("closes a circle: {}", chain.join(" > ")));
            }
        }
    }
}

/// What an entry does not say itself, or not as it is used.
struct Checked {
    name: AgentName,
    runtime: String,
    socket: SocketName,
    reset_command: Option<String>,
    lifespan: Lifespan,
    worktree: Option<Worktree>,
}

impl Checked {
    /// The agent of an entry, which is used up by it; `directory` is that of agents that name none.
    fn agent(self, entry: AgentEntry, directory: Option<&str>, site: &Site, window: WindowSize) -> Agent {
        let host = host(&entry, site).to_owned();
        // A host's name is where ssh finds it, unless somebody says otherwise.
        let ssh = entry.ssh.as_deref().or_else(|| Some(host.as_str()).filter(|host| *host != site.host));
        Agent {
            session: self.name.session(),
            alias: entry.alias.as_deref().map(Label::new).filter(|alias| !alias.is_empty()),
            class: entry.class.unwrap_or_else(|| "worker".to_owned()),
            runtime: self.runtime,
            reports_to: entry.reports_to,
            working_directory: match entry.working_directory.as_deref().or(directory) {
                Some(directory) => expand_home(directory, &site.user_home),
                None => site.default_directory(),
            },
            model_hint: entry.model_hint,
            yolo: entry.yolo.unwrap_or(true),
            command_source: if entry.command.is_some() { CommandSource::Roster } else { CommandSource::Built },
            command: entry.command,
            kickstart: entry.kickstart_template,
            channels: entry.channels,
            persona: match entry.persistent_persona {
                Some(PersistentPersona::Named(class)) => Some(class),
                _ => None,
            },
            env: entry.env,
            tenant_id: entry.tenant_id.unwrap_or_else(|| site.tenant_id.clone()),
            ssh: ssh.map(SshTarget::new),
            host,
            socket: self.socket,
            window,
            reset_between_tasks: entry.reset_between_tasks.unwrap_or(false),
            reset_command: self.reset_command,
            lifespan: self.lifespan,
            worktree: self.worktree,
            name: self.name,
        }
    }
}

/// The host of an entry.
fn host<'a>(entry: &'a AgentEntry, site: &'a Site) -> &'a str {
    match entry.host.as_deref() {
        // The name with its domain is this host's as well.
        Some(name) if name != site.full_host => name,
        _ => &site.host,
    }
}

/// Whether a session name is one that viewers use: `<agent>-watch-<pid>`.
pub(crate) fn is_viewer_name(name: &str) -> bool {
    name.rsplit_once("-watch-")
        .is_some_and(|(agent, pid)| !agent.is_empty() && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a text can be a class of a roster, or a word like one.
#[must_use]
pub fn is_plain_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
