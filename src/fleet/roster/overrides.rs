//! What an agent's environment file says against the roster: its runtime, its model, its folder, its whole command.
//!
//! The file is the operator's word for this host, so it wins. One that cannot be read changes nothing here: the keeper
//! refuses to start the agent, and says why.

use std::io::ErrorKind;
use std::path::Path;

use super::agents::{Agent, CommandSource, Overridden, Roster};
use super::check::expand_home;
use crate::fleet::envfile;
use crate::fleet::home::Site;
use crate::fleet::os::folder;
use crate::plain;

/// Applies the environment files of the agents of this host.
pub(super) fn apply(roster: &mut Roster, site: &Site) {
    let listed = match folder::names(&site.agents_dir()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        // What may not be listed may be read all the same, by those who know the names.
        listed => listed.ok(),
    };
    for agent in roster.agents.iter_mut().filter(|agent| agent.host == site.host) {
        let file = site.env_file(&agent.name);
        if listed.as_ref().is_some_and(|listed| file.file_name().is_none_or(|name| !listed.contains(name))) {
            continue;
        }
        if let Ok(text) = plain::read(&file, envfile::MAX_BYTES)
            && let Ok(variables) = envfile::parse(&text)
        {
            overridden(agent, &variables, &site.user_home);
        }
    }
}

fn overridden(agent: &mut Agent, variables: &[(String, String)], home: &Path) {
    let (mut runtime, mut model) = (false, false);
    for (name, value) in variables.iter().filter(|(_, value)| !value.trim().is_empty()) {
        match name.as_str() {
            "MOSAIC_AGENT_COMMAND" => {
                agent.command = Some(value.clone());
                agent.command_source = CommandSource::EnvFile;
            }
            "MOSAIC_AGENT_RUNTIME" if *value != agent.runtime => {
                runtime = true;
                agent.runtime.clone_from(value);
                // The roster's word was meant for the other one.
                agent.reset_command = None;
            }
            "MOSAIC_AGENT_MODEL" => {
                model = true;
                agent.model_hint = Some(value.clone());
            }
            "MOSAIC_AGENT_WORKDIR" => agent.working_directory = expand_home(value, home),
            _ => {}
        }
    }
    if agent.command_source == CommandSource::Built {
        agent.command_source = match (runtime, model) {
            (true, true) => CommandSource::BuiltOver(Overridden::Both),
            (true, false) => CommandSource::BuiltOver(Overridden::Runtime),
            (false, true) => CommandSource::BuiltOver(Overridden::Model),
            (false, false) => CommandSource::Built,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    #[test]
    fn the_file_wins_in_each_of_the_four() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let text = "version: 1\nagents:\n  - {name: a, runtime: pi, model_hint: m}\n  - {name: b, runtime: pi, command: own}\n";
        std::fs::create_dir_all(site.agents_dir()).unwrap();
        std::fs::write(&site.roster, text).unwrap();
        let write = |name: &str, text: &str| std::fs::write(site.agents_dir().join(name), text).unwrap();
        write("a.env", "MOSAIC_AGENT_RUNTIME=codex\nMOSAIC_AGENT_MODEL=x/y\nMOSAIC_AGENT_WORKDIR=~/w\n");
        write("b.env", "MOSAIC_AGENT_COMMAND=\"mine --now\"\nMOSAIC_AGENT_MODEL=\n");
        let loaded = roster::load(&site).unwrap();
        let [a, b] = loaded.agents.as_slice() else { panic!("{loaded:?}") };
        assert_eq!((a.runtime.as_str(), a.model_hint.as_deref()), ("codex", Some("x/y")));
        let both = CommandSource::BuiltOver(Overridden::Both);
        assert_eq!((a.working_directory.clone(), a.command_source), (site.user_home.join("w"), both));
        assert_eq!((b.command.as_deref(), b.command_source), (Some("mine --now"), CommandSource::EnvFile));
        assert_eq!(b.model_hint, None);
        write("b.env", "MOSAIC_AGENT_COMMAND=\" \"\n");
        assert_eq!(roster::load(&site).unwrap().agents[1].command.as_deref(), Some("own"), "blank is none");
        write("b.env", "no line of a file");
        let loaded = roster::load(&site).unwrap();
        assert_eq!(loaded.agents[1].command_source, CommandSource::Roster);
    }
}
