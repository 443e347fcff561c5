//! Installing a fleet's units and taking them back: a plan as data, then its steps one by one.
//!
//! A record in the Mosaic home says what was made here, so that the uninstallation takes back that and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::installed::{Installed, installed};
use super::plan::{Plan, Step, own_lines};
use super::{Note, Tell, units};
use crate::fleet::envfile;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::gate;
use crate::fleet::home::{self, RunFile, Site};
use crate::fleet::model::{AgentName, UnitFileState};
use crate::fleet::roster::Roster;
use crate::fleet::seed;
use crate::fleet::session;
use crate::fleet::supervision;
use crate::fleet::systemd::{
    AGENT_UNIT_PATTERN, BusError, HOLDER_UNIT, Manager, SUPERVISOR_UNIT, agent_of_unit, agent_unit, linger, unit_files,
};
use crate::plain;

/// Variables of the installing shell that the fleet needs and a user manager does not have.
pub(super) const FOR_UNITS: [&str; 2] = ["PATH", "TMUX_TMPDIR"];

const FOR_AGENTS: [&str; 5] = ["LANG", "MOSAIC_RUNTIME_BIN", "NPM_CONFIG_PREFIX", "MOSAIC_BACKLOG_DIR", "DATABASE_URL"];

/// What an installation made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    version: u32,
    /// Files with a fingerprint of what was written.
    files: BTreeMap<PathBuf, String>,
    /// Folders, outermost first.
    folders: Vec<PathBuf>,
    /// Units enabled.
    enabled: Vec<String>,
    /// Whether lingering was turned on.
    linger: bool,
    /// Whether it brought the framework.
    framework: bool,
    /// Files of the user that were moved aside, and where to.
    kept: Vec<(PathBuf, PathBuf)>,
    /// What the agents' environment files got.
    environment: Vec<(String, String)>,
    /// Fingerprints of what was about to be written: a killed command leaves each of these files as it was, or so.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    writing: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Whether the manager has to read its unit files again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reload: bool,
}

impl Record {
    /// Whether a file is as it was written here.
    fn wrote(&self, path: &Path, text: &str) -> bool {
        let print = fingerprint(text);
        self.files.get(path) == Some(&print) || self.writing.get(path).is_some_and(|all| all.contains(&print))
    }

    /// Notes what a step is about to do: whoever is killed in the middle of it leaves nothing that is not on record.
    fn announce(&mut self, step: &Step, unit_dir: &Path) {
        match step {
            Step::Folder(path) if !self.folders.contains(path) => self.folders.push(path.clone()),
            Step::Keep(path, aside) => {
                // One that was announced and never moved is where it was.
                self.kept.retain(|(_, aside)| file::is_taken(aside));
                // The first is the user's own; later ones were made from ours.
                if !self.kept.iter().any(|(kept, _)| kept == path) && !self.files.contains_key(path) {
                    self.kept.push((path.clone(), aside.clone()));
                }
            }
            Step::Write { path, text, .. } => {
                self.writing.entry(path.clone()).or_default().insert(fingerprint(text));
                self.reload |= path.starts_with(unit_dir);
            }
            Step::Delete(path) => self.reload |= path.starts_with(unit_dir),
            Step::Enable(units) => {
                let new = units.iter().filter(|unit| !self.enabled.contains(unit)).cloned().collect::<Vec<_>>();
                self.enabled.extend(new);
            }
            Step::Linger(true) => self.linger = true,
            _ => {}
        }
    }
}

fn record_path(site: &Site) -> PathBuf {
    site.home.join("fleet/installed.json")
}

fn read_record(site: &Site) -> Result<Record> {
    let path = record_path(site);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(
                Kind::Invalid,
                path.display().to_string(),
                plain::plain_words(&error.to_string(), plain::Notation::Json),
                "remove the file if you know what was installed",
            )
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Record::default()),
        Err(error) => Err(Failure::failed(path.display().to_string(), error.to_string(), "make it readable")),
    }
}

fn fingerprint(text: &str) -> String {
    home::fingerprint(text.as_bytes())
}

pub(super) fn environment(names: &[&str]) -> Vec<(String, String)> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok().filter(|value| !value.is_empty())?)))
        .collect()
}

fn unanswered(why: BusError) -> Failure {
    Failure::failed("systemd", why, "`mosaic-tui fleet doctor` checks the user manager")
}

/// The manager, or why a fleet cannot be installed.
async fn manager() -> Result<Manager> {
    Manager::connect().await.map_err(|why| {
        let next = why.next_step();
        Failure::failed("systemd", why, next)
    })
}

/// What an installation would do now.
///
/// # Errors
/// When there is no user manager, or another fleet of this user is installed.
pub async fn plan_install(site: &Site, roster: &Roster) -> Result<Plan> {
    if site.isolated {
        return Err(Failure::new(Kind::Refused, "install", "a demo is thrown away", "use a fleet of your own"));
    }
    let other = match installed(site) {
        Installed::Other(home) => Some(("MOSAIC_HOME", home)),
        Installed::OtherRoster(roster) => Some(("MOSAIC_ROSTER", roster)),
        Installed::Ours | Installed::No => None,
    };
    if let Some((variable, path)) = other {
        return Err(Failure::new(
            Kind::Refused,
            "install",
            format!("the units of this user belong to the fleet of {}", path.display()),
            format!("`{variable}={} mosaic-tui fleet uninstall` takes them back first", path.display()),
        ));
    }
    if site.program.to_string_lossy().ends_with(" (deleted)") {
        return Err(Failure::failed(
            "install",
            "this program's file is gone",
            "start the program from where it is installed",
        ));
    }
    let manager = manager().await?;
    let record = read_record(site)?;
    let mut plan = Plan::default();
    let supervised = roster.supervise.enabled;
    let mut wanted: Vec<(PathBuf, String, bool)> = unit_files(site, &environment(&FOR_UNITS), supervised)
        .into_iter()
        .map(|(name, text)| (site.unit_dir.join(name), text, false))
        .collect();
    let variables = environment(&FOR_AGENTS);
    if supervised {
        wanted.push(super::supervised::environment_file(site, &variables)?);
    }
    let local = || roster.agents.iter().filter(|agent| !roster.is_remote(agent, site));
    for agent in local() {
        wanted.extend(environment_file(site, &agent.name, &variables)?.map(|(path, text)| (path, text, true)));
    }
    for (path, text, private) in wanted {
        place(&mut plan, &record, path, text, private)?;
    }
    if seed::status(site)?.iter().any(|entry| entry.state != seed::State::Current) {
        plan.steps.push(Step::Seed);
    }
    if record.environment != variables {
        plan.steps.push(Step::Remember(variables));
    }
    if !supervised && record.files.contains_key(&site.unit_dir.join(SUPERVISOR_UNIT)) {
        plan.steps.extend(super::supervised::goes(site));
    }
    // systemd goes by what it has read of a unit until it is told to read its files again.
    let of_units = |path: &Path| path.starts_with(&site.unit_dir);
    let is_of_units = |step: &Step| matches!(step, Step::Write { path, .. } | Step::Delete(path) if of_units(path));
    if record.reload || plan.steps.iter().any(is_of_units) {
        plan.steps.push(Step::Reload);
    }
    let units: Vec<String> = std::iter::once(HOLDER_UNIT.to_owned())
        .chain(local().map(|agent| agent_unit(&agent.name)))
        .chain(supervised.then(|| SUPERVISOR_UNIT.to_owned()))
        .collect();
    // An agent that has left the roster since would still be started at each boot.
    let stale: Vec<String> = record.enabled.iter().filter(|unit| !units.contains(unit)).cloned().collect();
    let mut enable = Vec::new();
    for unit in units {
        // Not `is_enabled`: what is enabled until the next boot only is gone when the
        // fleet is to come back.
        if manager.file_state(&unit).await != UnitFileState::Enabled {
            enable.push(unit);
        }
    }
    if !stale.is_empty() {
        plan.steps.push(Step::Disable(stale));
    }
    if !enable.is_empty() {
        plan.steps.push(Step::Enable(enable));
    }
    match linger::of_this_user() {
        Some(true) => {}
        Some(false) => plan.steps.push(Step::Linger(true)),
        None => plan.notes.push(Note::NoLogind),
    }
    let remote: Vec<String> = roster
        .agents
        .iter()
        .filter(|agent| roster.is_remote(agent, site))
        .map(|agent| agent.name.to_string())
        .collect();
    if !remote.is_empty() {
        plan.notes.push(Note::OnOtherHosts(remote));
    }
    Ok(plan)
}

/// Text of a file, empty when there is none; what cannot be read must not be written over.
fn present(path: &Path) -> Result<Option<String>> {
    match plain::read(path, envfile::MAX_BYTES) {
        Ok(text) => Ok(Some(text)),
        Err(why) if why.is_missing() => Ok(None),
        // A masked unit is a link to there: the user's own, like any other text.
        Err(_) if fs::canonicalize(path).is_ok_and(|path| path == Path::new("/dev/null")) => Ok(Some(String::new())),
        Err(why) => {
            let failure = Failure::unreadable(path.display().to_string(), &why);
            Err(Failure { next: format!("{}, or move it away", failure.next), ..failure })
        }
    }
}

/// The environment file of an agent with these variables in it, when that is nothing new.
fn environment_file(
    site: &Site,
    agent: &AgentName,
    variables: &[(String, String)],
) -> Result<Option<(PathBuf, String)>> {
    let path = site.env_file(agent);
    let before = present(&path)?.unwrap_or_default();
    let text = envfile::with_generated(&before, variables).map_err(|why| own_lines(&path, why))?;
    Ok(text.map(|text| (path, text)))
}

/// What becomes of an environment file: the user's lines stay, a file without any goes.
fn cleaned(path: PathBuf, text: &str) -> Result<Step> {
    let rest = envfile::without_generated(text).map_err(|why| own_lines(&path, why))?;
    Ok(if rest.trim().is_empty() { Step::Delete(path) } else { Step::Restore(path, rest) })
}

/// Plans one file: nothing when it is as wanted, the user's own version kept when it was changed.
fn place(plan: &mut Plan, record: &Record, path: PathBuf, text: String, private: bool) -> Result<()> {
    match present(&path)? {
        Some(before) if before == text => return Ok(()),
        Some(before) => {
            let ours = record.wrote(&path, &before);
            // What stands between the marks of an environment file is ours, the rest is copied.
            if !ours && !private {
                let date = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                plan.steps.push(Step::Keep(path.clone(), path.with_file_name(format!("{name}.user-{date}"))));
            }
        }
        None => {
            let mut missing: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
            missing.reverse();
            for folder in missing {
                if !plan.steps.contains(&Step::Folder(folder.to_owned())) {
                    plan.steps.push(Step::Folder(folder.to_owned()));
                }
            }
        }
    }
    plan.steps.push(Step::Write { path, text, private });
    Ok(())
}

/// What an uninstallation would do now.
///
/// # Errors
/// When nothing of this fleet is installed, or there is no user manager.
pub async fn plan_uninstall(site: &Site) -> Result<Plan> {
    let record = read_record(site)?;
    if record == Record::default() && installed(site) != Installed::Ours {
        return Err(Failure::new(
            Kind::NotFound,
            "uninstall",
            "nothing of this fleet is installed",
            "`mosaic-tui fleet install` installs it",
        ));
    }
    let manager = manager().await?;
    let mut plan = Plan::default();
    let enabled = record.enabled.iter().filter_map(|unit| agent_of_unit(unit));
    let agents: Vec<String> = enabled.map(str::to_owned).collect();
    // Another fleet's units have the same names: stopping them would stop that fleet.
    let foreign = matches!(installed(site), Installed::Other(_) | Installed::OtherRoster(_));
    if !foreign {
        if record.enabled.iter().any(|unit| unit == SUPERVISOR_UNIT) {
            plan.steps.push(Step::Stop(SUPERVISOR_UNIT.to_owned()));
        }
        // Asked of the manager and not of the record: an agent that was started by hand runs
        // without being enabled.
        for unit in manager.names(AGENT_UNIT_PATTERN).await.map_err(unanswered)? {
            plan.steps.push(Step::Stop(unit));
        }
        plan.steps.push(Step::Stop(HOLDER_UNIT.to_owned()));
        if !record.enabled.is_empty() {
            plan.steps.push(Step::Disable(record.enabled.clone()));
        }
    }
    for path in record.files.keys().chain(record.writing.keys()).collect::<BTreeSet<_>>() {
        let Some(before) = present(path)? else { continue };
        if path.starts_with(site.agents_dir()) {
            plan.steps.push(cleaned(path.clone(), &before)?);
        } else if record.wrote(path, &before) {
            plan.steps.push(Step::Delete(path.clone()));
        } else if record.files.contains_key(path) {
            plan.notes.push(Note::FileStays(path.clone()));
        }
    }
    if record.framework {
        plan.steps.push(Step::Unseed);
    }
    // Behind the deletions, since the user's files go where ours stood.
    plan.steps.extend(record.kept.into_iter().map(|(path, aside)| Step::GiveBack(path, aside)));
    plan.steps.push(Step::Reload);
    for agent in &agents {
        let Ok(name) = AgentName::parse(agent) else { continue };
        plan.steps.push(Step::Forget(name));
    }
    for path in [site.run_dir.join("gate"), site.run_dir.join("roster.lock"), record_path(site)] {
        plan.steps.push(Step::Delete(path));
    }
    let screens = fs::read_dir(site.screens_dir()).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = supervision::files(site).into_iter().chain(gate::output_files(site)).chain(screens);
    plan.steps.extend(ours.map(Step::Delete));
    let emptied = [site.supervisor_dir(), gate::outputs(site), site.screens_dir(), site.run_dir.clone()];
    plan.steps.extend(emptied.map(Step::Empty));
    // From the inside out: a folder that holds one of the others is not empty.
    plan.steps.extend(record.folders.into_iter().rev().map(Step::Empty));
    if record.linger {
        plan.steps.push(Step::Linger(false));
    }
    Ok(plan)
}

/// Does what a plan says; each step is told before it is done, and written down after.
///
/// # Errors
/// At the first step that fails; what was done until then is on record.
pub async fn carry_out(site: &Site, plan: &Plan, tell: Tell<'_>) -> Result<Vec<Note>> {
    let manager = manager().await?;
    let mut record = read_record(site)?;
    record.version = 1;
    let mut notes = Vec::new();
    // The record's own end is one of the last steps of an uninstallation.
    let goes = plan.steps.contains(&Step::Delete(record_path(site)));
    for step in &plan.steps {
        tell(&step.words());
        let refused =
            |why: BusError| Failure::failed(step.words(), why, "`mosaic-tui fleet doctor` checks the user manager");
        let before = record.clone();
        if *step == Step::Seed {
            // An update of a framework that was there before is not this installation's to take back.
            record.framework |= seed::version(site)?.is_none();
        }
        record.announce(step, &site.unit_dir);
        if record != before && !goes {
            save(site, &record)?;
        }
        match step {
            Step::Linger(on) => match linger::set(*on).await {
                Ok(()) => record.linger = *on,
                Err(why) => {
                    record.linger = before.linger;
                    notes.push(Note::LingerUnchanged { on: *on, why: why.to_string() });
                }
            },
            Step::Reload => {
                manager.reload().await.map_err(refused)?;
                record.reload = false;
            }
            Step::Enable(units) => manager.enable(units).await.map_err(refused)?,
            Step::Disable(units) => {
                manager.disable(units).await.map_err(refused)?;
                record.enabled.retain(|unit| !units.contains(unit));
            }
            Step::Stop(unit) => {
                units::stop_unit(&manager, unit).await?;
                manager.forget_failure(unit).await;
            }
            Step::Forget(agent) => forget(site, agent),
            Step::Seed => {
                let seeded = seed::install(site)?;
                notes.extend(
                    seeded.kept.into_iter().map(|(path, aside)| Note::FileKept { path: site.home.join(path), aside }),
                );
            }
            Step::Unseed => {
                notes.extend(seed::uninstall(site)?.into_iter().map(|path| Note::FileStays(site.home.join(path))));
            }
            file => on_disk(file, &mut record).map_err(|error| {
                Failure::failed(step.words(), error.to_string(), "check the folder's rights and space")
            })?,
        }
        if !goes {
            save(site, &record)?;
        }
    }
    if plan.steps.iter().any(|step| matches!(step, Step::Stop(_))) {
        manager.end_slices().await;
    }
    Ok(notes)
}

/// Removes everything about an agent from the run folder, but nothing that a living keeper holds.
pub fn forget(site: &Site, agent: &AgentName) {
    let kept = session::keeper_pid(&site.run_file(agent, RunFile::Lock)).is_some();
    for kind in RunFile::ALL.into_iter().filter(|kind| !kept || *kind != RunFile::Lock) {
        let _none = fs::remove_file(site.run_file(agent, kind));
    }
    let own = site.run_dir.join(format!("{agent}.d"));
    file::sweep(&own);
    let _in_use = fs::remove_dir(own);
    // Nothing but what looks leave to each other: the next one reads the screens of the others anew.
    let _none = fs::remove_dir_all(site.screens_dir());
}

fn on_disk(step: &Step, record: &mut Record) -> std::io::Result<()> {
    match step {
        Step::Folder(path) => fs::create_dir_all(path)?,
        Step::Keep(path, aside) => fs::rename(path, aside)?,
        Step::GiveBack(path, aside) if file::is_taken(aside) && !file::is_taken(path) => fs::rename(aside, path)?,
        Step::Remember(variables) => record.environment.clone_from(variables),
        Step::Write { path, text, private } => {
            file::write(path, text.as_bytes(), if *private { 0o600 } else { 0o644 }, Keep::Durable)?;
            record.files.insert(path.clone(), fingerprint(text));
            record.writing.remove(path);
        }
        Step::Delete(path) => {
            match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            record.files.remove(path);
            record.writing.remove(path);
        }
        Step::Restore(path, text) => {
            file::write(path, text.as_bytes(), 0o600, Keep::Durable)?;
            record.files.remove(path);
            record.writing.remove(path);
        }
        Step::Empty(path) => {
            file::sweep(path);
            // Whatever the user put into it keeps it.
            let _in_use = fs::remove_dir(path);
        }
        _ => {}
    }
    Ok(())
}

/// Removes what a command that was killed in the middle of a write has left of the files of an installation.
pub fn sweep(site: &Site) {
    file::sweep_of(&site.unit_dir, |name| name.starts_with("mosaic-"));
    file::sweep_of(&site.agents_dir(), |name| name.ends_with(".env"));
    file::sweep_of(&site.home.join("fleet"), |name| name == "installed.json");
}

/// Whether a command that was killed has left the manager with unit files that it did not read.
pub(super) fn owes_a_reload(site: &Site) -> bool {
    // A record that cannot be read is told by whoever plans by it.
    read_record(site).is_ok_and(|record| record.reload)
}

fn save(site: &Site, record: &Record) -> Result<()> {
    let path = record_path(site);
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| file::write_json(&path, record, Keep::Durable))
        .map_err(|error| {
            Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
        })
}

/// Takes one more agent into the installation, if there is one: its environment file as the others got
/// theirs, and its unit enabled. Whether it is now.
///
/// # Errors
/// When the manager refuses.
pub async fn enroll(site: &Site, agent: &AgentName, tell: Tell<'_>) -> Result<bool> {
    if installed(site) != Installed::Ours {
        return Ok(false);
    }
    let record = read_record(site)?;
    let mut plan = Plan::default();
    if let Some((path, text)) = environment_file(site, agent, &record.environment)? {
        place(&mut plan, &record, path, text, true)?;
    }
    let unit = agent_unit(agent);
    if manager().await?.file_state(&unit).await != UnitFileState::Enabled {
        plan.steps.push(Step::Enable(vec![unit]));
    }
    carry_out(site, &plan, tell).await.map(|_| true)
}

/// Takes one agent out of the installation: its unit is disabled, what was generated for it goes.
///
/// # Errors
/// When the manager refuses.
pub async fn dismiss(site: &Site, agent: &AgentName, tell: Tell<'_>) -> Result<()> {
    if installed(site) != Installed::Ours {
        return Ok(());
    }
    let env = site.env_file(agent);
    let mut steps = vec![Step::Disable(vec![agent_unit(agent)])];
    if let Some(text) = present(&env)? {
        steps.push(cleaned(env, &text)?);
    }
    carry_out(site, &Plan { steps, notes: Vec::new() }, tell).await.map(drop)
}
