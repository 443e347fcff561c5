//! Launching a runtime for a fleet: its program is found, its contract put together, its first questions answered.
//!
//! What differs between runtimes is data (`runtime.yaml`). Nothing is written into a configuration of the user's own:
//! everything reaches a program by its arguments and its environment. The one exception is claude, which keeps the answers
//! to its first questions in a file of its own state (`first`).

mod first;
mod reasoning;
pub mod status_line;
pub mod turn;

use std::path::{Path, PathBuf};

use super::contract::{self, Contract, Reader};
use super::error::{Failure, Kind, Result};
use super::file::{self, Keep};
use super::home::{RunFile, Site, fingerprint};
use super::os::exec;
use super::roster::{Agent, Roster};
use super::runtime::{self, ConfigFile, LaunchOptions, Model, Start};

/// Longest argument that the kernel takes (`MAX_ARG_STRLEN` of execve(2)), its end included.
const MAX_ARGUMENT_BYTES: usize = 128 << 10;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Name of the runtime.
    pub runtime: &'a str,
    /// Model and effort, when they are asked for.
    pub model: Option<&'a str>,
    /// Unattended.
    pub yolo: bool,
    /// Channels of the runtime.
    pub channels: Option<&'a str>,
    /// Handed on to the program, behind everything else.
    pub arguments: &'a [String],
    /// Role, which names the persona.
    pub class: Option<&'a str>,
    /// The agent in whose pane this runs, with its fleet.
    pub agent: Option<(&'a Roster, &'a Agent)>,
    /// Where the runtime is started.
    pub directory: &'a Path,
}

/// A program that is ready to be started in the place of this one, and its name for messages.
pub type Prepared = (PathBuf, Start);

/// Prepares a runtime: finds its program, puts the contract together, and says what it is started with.
///
/// # Errors
/// When the program is missing (with how to install it), a core file of the contract is missing, an option does not fit
/// the runtime, or structured reasoning is required and not there.
pub fn prepare(site: &Site, request: &Request<'_>, path: &str) -> Result<Prepared> {
    let refused = |why: &str, next: String| {
        Failure::new(Kind::Refused, format!("runtime {}", request.runtime), why.to_owned(), next)
    };
    let Some(known) = runtime::find(request.runtime) else {
        let next = format!("give the agent a `command` in {}", site.roster.display());
        return Err(refused("this program does not know how to launch it", next));
    };
    let launch = known.launch();
    if request.channels.is_some() && !launch.has_channels() {
        return Err(refused("it has no channels; claude has", "leave `channels` out".to_owned()));
    }
    let mut warnings = Vec::new();
    let (program, contract, text) = match known.subcommand() {
        Some(_) => (site.program.clone(), PathBuf::new(), String::new()),
        None => {
            let program = exec::find_in_path(known.name, path).ok_or_else(|| {
                let hint = runtime::install_hint(known.name);
                Failure::new(Kind::MissingProgram, known.name, "is not installed, or not on PATH", hint)
            })?;
            let reader = Reader { runtime: known.name, class: request.class, agent: request.agent };
            let composed = contract::compose(site, &reader)?;
            // Warnings are for the operator and not for the agent.
            let text = Contract { parts: composed.parts, warnings: Vec::new() }.to_string();
            warnings = composed.warnings;
            (program, write(site, request, &text)?, text)
        }
    };
    let shipped = site.home.join("runtime").join(known.name);
    // The built-in runtime has no contract, and reads nothing of the home.
    let needed = known.home_files().map(|(file, _)| shipped.join(file)).find(|file| !text.is_empty() && !file.exists());
    if let Some(missing) = needed {
        let next = "`mosaic-tui framework install` writes it";
        return Err(Failure::new(Kind::NotFound, missing.display().to_string(), "is missing", next));
    }
    let options = LaunchOptions {
        model: request.model.filter(|model| !model.is_empty()).map(Model::of),
        yolo: request.yolo,
        channels: request.channels,
        contract: &contract.to_string_lossy(),
        contract_text: &text,
        directory: &request.directory.to_string_lossy(),
        shipped: &shipped.to_string_lossy(),
        program: &site.program.to_string_lossy(),
    };
    let variable = |name: &str| std::env::var(name).ok();
    let mut start = launch.start(&options, &variable, rustix::process::getuid().is_root()).map_err(|(name, why)| {
        Failure::new(Kind::Invalid, name, why, format!("it holds settings of {}; mend or unset it", known.name))
    })?;
    // In front of all: by its first word this program knows which runtime it is to be.
    start.args.splice(0..0, known.subcommand().map(str::to_owned));
    start.args.extend(request.arguments.iter().cloned());
    // The kernel would only say that the list of arguments is too long.
    if let Some(long) = start.args.iter().find(|word| word.len() >= MAX_ARGUMENT_BYTES) {
        return Err(refused(
            &format!(
                "it takes its contract as one argument of {MAX_ARGUMENT_BYTES} bytes, and this has {}",
                long.len()
            ),
            "shorten USER.md, SOUL.md or the files in policy/".to_owned(),
        ));
    }
    if let Some(why) = reasoning::missing(site, known.name, request.directory) {
        if request.agent.is_some_and(|(roster, _)| roster.require_structured_reasoning) {
            return Err(refused(&why, REASONING_NEXT.to_owned()));
        }
        warnings.push(format!("{why}; {REASONING_NEXT}"));
    }
    if let Some(questions) = launch.first_questions() {
        let key = questions.key.as_ref().and_then(|key| variable(&key.variable));
        // A question that stays open is seen on the screen, and is no reason not to start.
        warnings.extend(first::settle(site, known.name, questions, request.directory, key.as_deref()).err());
    }
    start.warnings.splice(0..0, warnings);
    Ok((program, start))
}

/// Whether an agent's runtime is started here, with a contract.
#[must_use]
pub fn needs_contract(agent: &Agent) -> bool {
    agent.command.is_none() && !runtime::is_built_in(&agent.runtime)
}

const REASONING_NEXT: &str = "add a sequential-thinking MCP server to its configuration";

/// Where a file of a runtime's own configuration lies for this user, in a runtime that works in this folder.
fn config_path(site: &Site, file: &ConfigFile, directory: &Path) -> PathBuf {
    let folder = match std::env::var_os(&file.variable).filter(|value| !value.is_empty()) {
        _ if file.of_project => directory.join(&file.folder),
        Some(folder) => folder.into(),
        None => site.user_home.join(&file.folder),
    };
    folder.join(&file.file)
}

/// Writes the contract where only this user reads it.
fn write(site: &Site, request: &Request<'_>, text: &str) -> Result<PathBuf> {
    let path = match request.agent {
        Some((_, agent)) => site.run_file(&agent.name, RunFile::Contract),
        // By its content: what was started by hand shares one, and none is written twice.
        None => site.run_dir.join("contracts").join(format!("{}.md", fingerprint(text.as_bytes()))),
    };
    let failed = |error: std::io::Error| {
        Failure::failed(format!("contract {}", path.display()), error.to_string(), "check the folder and the disk")
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    file::write_private(&path, text.as_bytes(), Keep::Fleeting).map_err(failed)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    static PLAIN: std::sync::LazyLock<Request<'static>> = std::sync::LazyLock::new(|| Request {
        runtime: "pi",
        model: None,
        yolo: false,
        channels: None,
        arguments: &[],
        class: None,
        agent: None,
        directory: Path::new("/work"),
    });

    struct Home(tempfile::TempDir);

    impl Home {
        /// With the files that a contract needs, and a program of that name.
        fn with(runtime: &str) -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            let own = runtime::find(runtime).into_iter().flat_map(runtime::Runtime::home_files);
            let own = own.map(|(file, _)| format!("runtime/{runtime}/{file}"));
            for path in ["AGENTS.md", "STANDARDS.md"].map(str::to_owned).into_iter().chain(own) {
                let path = home.site().home.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "text").unwrap();
            }
            std::os::unix::fs::symlink("/bin/true", home.0.path().join(runtime)).unwrap();
            home
        }

        fn site(&self) -> Site {
            Site::for_tests(&self.0.path().display().to_string())
        }

        fn prepare(&self, request: &Request<'_>) -> Result<Prepared> {
            prepare(&self.site(), request, &self.0.path().display().to_string())
        }
    }

    #[test]
    fn arguments_come_last_and_the_contract_is_the_users_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = Home::with("pi");
        let arguments = ["--own".to_owned(), "x".to_owned()];
        let (program, start) = home.prepare(&Request { arguments: &arguments, ..*PLAIN }).unwrap();
        assert_eq!(program, home.0.path().join("pi"));
        assert_eq!(start.args[start.args.len() - 2..], ["--own", "x"], "{start:?}");
        let contract = start.args.iter().find(|word| word.contains("/contracts/")).unwrap();
        assert_eq!(std::fs::metadata(contract).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_stub_is_this_program_and_needs_no_contract() {
        let site = Site::for_tests("/nowhere");
        let (program, start) =
            prepare(&site, &Request { runtime: "stub", model: Some("m"), ..*PLAIN }, "/nowhere").unwrap();
        assert_eq!(program, site.program);
        assert_eq!(start.args, ["stub-agent", "--model", "m"]);
    }

    #[test]
    fn what_a_runtime_cannot_do_is_refused() {
        let home = Home::with("pi");
        let failure = home.prepare(&Request { channels: Some("plugin:x"), ..*PLAIN }).unwrap_err();
        assert!(failure.why.contains("no channels"), "{failure}");
        let failure = home.prepare(&Request { runtime: "goose", ..*PLAIN }).unwrap_err();
        assert!(failure.next.contains("`command`"), "{failure}");
        let failure = home.prepare(&Request { runtime: "codex", ..*PLAIN }).unwrap_err();
        assert_eq!(failure.kind, Kind::MissingProgram);
        assert!(failure.next.contains("npm install"), "{failure}");
    }

    #[test]
    fn structured_reasoning_is_told_of_and_can_be_required() {
        let home = Home::with("codex");
        let site = home.site();
        let roster = |required: bool| {
            let text = format!(
                "version: 1\nrequire_structured_reasoning: {required}\nagents: [{{name: a, runtime: codex}}]\n"
            );
            super::super::roster::parse(&text, Path::new("r"), &site).unwrap()
        };
        let asked = |roster: &Roster| {
            home.prepare(&Request { runtime: "codex", agent: Some((roster, &roster.agents[0])), ..*PLAIN })
        };
        let told = asked(&roster(false)).unwrap().1.warnings.join("\n");
        assert!(told.contains("no sequential-thinking server"), "{told}");
        assert_eq!(asked(&roster(true)).unwrap_err().kind, Kind::Refused);
        std::fs::create_dir_all(home.0.path().join(".codex")).unwrap();
        std::fs::write(
            home.0.path().join(".codex/config.toml"),
            "[mcp_servers.sequential-thinking]\ncommand = 'npx'\n",
        )
        .unwrap();
        assert!(asked(&roster(true)).unwrap().1.warnings.iter().all(|one| !one.contains("sequential")));
    }
}
