//! What the dashboard's sheets ask about: what a first fleet can be made of on this machine, and how an agent is
//! launched. Reads only.

use crate::app::tui::state::sheet::{Choice, Kind, LaunchSettings, Offer};
use crate::fleet::error::Kind as FailureKind;
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::library::{self, Shelf};
use crate::fleet::os::exec;
use crate::fleet::roster::{self, CommandSource};
use crate::fleet::{runtime, seed, session};

/// Examples that are small enough for a first fleet.
const EXAMPLES: [&str; 3] = ["minimal", "general", "coding"];

/// What a first fleet can be made of; `None` where there is a roster, or something that may be one.
#[must_use]
pub(in crate::app) fn offer(site: &Site) -> Option<Offer> {
    if !matches!(roster::read(&site.roster), Err(failure) if failure.kind == FailureKind::NotFound) {
        return None;
    }
    let path = session::search_path(site);
    let (mut runtimes, mut missing) = (Vec::new(), Vec::new());
    for known in runtime::all() {
        let about = if runtime::is_built_in(known.name) {
            "built in: needs nothing, costs nothing, and shows how a fleet works"
        } else if exec::find_in_path(known.name, &path).is_some() {
            "installed here"
        } else {
            missing.push(known.name.to_owned());
            continue;
        };
        runtimes.push(Choice { name: known.name.to_owned(), about: about.to_owned() });
    }
    let types = library::all(site, Shelf::Profiles).unwrap_or_default().into_iter().filter_map(|found| {
        let profile = library::profile(site, &found.text, &found.path).ok()?.ok()?;
        let agents: u64 = profile.seats.iter().map(|seat| seat.count).sum();
        let about = format!("{agents} agents: {}", profile.description);
        Some(Kind { choice: Choice { name: profile.id, about }, is_example: false })
    });
    let examples = EXAMPLES.iter().filter_map(|name| {
        let (_, text) = PROFILES.iter().find(|(found, _)| found == name)?;
        let agents = roster::parse(text, name.as_ref(), site).ok()?.agents.len();
        let purpose = text.lines().next().unwrap_or_default().trim_start_matches(['#', ' ']);
        let about = format!("{agents} agent{}: {purpose}", if agents == 1 { "" } else { "s" });
        Some(Kind { choice: Choice { name: (*name).to_owned(), about }, is_example: true })
    });
    // Whoever begins has a small one first.
    let kinds = examples.chain(types).collect();
    Some(Offer { runtimes, kinds, user: site.tenant_id.clone(), missing })
}

/// The version that seeded the framework of this home, where it is older than this program's.
#[must_use]
pub(in crate::app) fn other_version(site: &Site) -> Option<String> {
    // A record that cannot be read is told by the commands that need it.
    let seeded = seed::version(site).ok().flatten()?;
    (is_older(&seeded, seed::VERSION) && !site.isolated).then_some(seeded)
}

/// Whether a version is older than another; one that is no version is.
pub(in crate::app) fn is_older(version: &str, than: &str) -> bool {
    let numbers = |version: &str| -> Option<Vec<u64>> {
        version.split(['-', '+']).next()?.split('.').map(|number| number.parse().ok()).collect()
    };
    match (numbers(version), numbers(than)) {
        (Some(version), Some(than)) => version < than,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// How an agent is launched, as the roster says it.
///
/// # Errors
/// Why that cannot be told, on one line.
pub(in crate::app) fn launch(site: &Site, name: &str) -> Result<LaunchSettings, String> {
    let told = |failure: crate::fleet::error::Failure| failure.to_string();
    let text = roster::read(&site.roster).map_err(told)?;
    // What the file says; overrides in the environment file come on top, and are named.
    let agent = roster::check(site, text).and_then(|written| written.into_roster().into_agent(name)).map_err(told)?;
    let overridden = roster::load(site).map_err(told)?;
    let source = overridden.agent(name).map_err(told)?.command_source;
    let mut runtimes: Vec<Choice> =
        runtime::all().map(|known| Choice { name: known.name.to_owned(), about: String::new() }).collect();
    if !runtimes.iter().any(|choice| choice.name == agent.runtime) {
        runtimes.push(Choice { name: agent.runtime.clone(), about: "by a command of its own".to_owned() });
    }
    let path = session::search_path(site);
    for choice in &mut runtimes {
        if !runtime::is_built_in(&choice.name) && runtime::is_known(&choice.name) {
            let is_there = exec::find_in_path(&choice.name, &path).is_some();
            choice.about = if is_there { "installed here".to_owned() } else { runtime::install_hint(&choice.name) };
        }
    }
    Ok(LaunchSettings {
        runtime: agent.runtime,
        runtimes,
        model_hint: agent.model_hint.unwrap_or_default(),
        yolo: agent.yolo,
        command: agent.command.unwrap_or_default(),
        channels: agent.channels.unwrap_or_default(),
        note: match source {
            CommandSource::EnvFile => Some(format!("{} decides, whatever stands here", source.words())),
            CommandSource::BuiltOver(by) => {
                Some(format!("{} in its environment file counts, not this", by.variables()))
            }
            CommandSource::Roster | CommandSource::Built => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_version_is_older_than_one_and_nothing_is_older_than_it() {
        for (version, than, older) in [
            ("0.1.0", "0.2.0", true),
            ("0.9.0", "0.10.0", true),
            ("0.2.0", "0.1.9", false),
            ("0.1.0", "0.1.0", false),
            ("nonsense", "0.1.0", true),
            ("0.1.0", "nonsense", false),
            ("nonsense", "other", false),
        ] {
            assert_eq!(is_older(version, than), older, "{version} {than}");
        }
    }
}
