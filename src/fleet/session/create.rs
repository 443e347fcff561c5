//! Finds or makes the agent's session.

use std::path::Path;

use crate::fleet::envfile;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{PaneId, Size};
use crate::fleet::notes;
use crate::fleet::os::exec;
use crate::fleet::roster::Agent;
use crate::fleet::systemd::{Manager, linger};
use crate::fleet::tmux::{Change, PaneRecord, Tmux, Variable, panes_of};
use crate::plain;

use super::{environment, pace, service};

/// How the keeper came by the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The session was there, with a live process.
    Adopted,
    /// It was made.
    Created,
}

/// The pane of the agent's live session, if there is one.
pub(super) async fn adopt(agent: &Agent, tmux: &Tmux) -> Result<Option<PaneRecord>> {
    let Some(pane) = own_pane(agent, tmux).await?.filter(|pane| !pane.dead) else { return Ok(None) };
    mark(agent, tmux, pane).await.map(Some)
}

/// Makes the agent's session anew; one with a dead pane gives way.
pub(super) async fn create(site: &Site, agent: &Agent, tmux: &Tmux) -> Result<PaneRecord> {
    // Before the look at the server: at the gate a keeper may stand for minutes.
    pace::pass_gate(&site.run_dir, site.pace.spacing).await?;
    let panes = own_panes(agent, tmux).await?;
    // Reports of an earlier process say nothing about the new one, which may report at once.
    let _none = std::fs::remove_file(site.run_file(&agent.name, RunFile::Report));
    // What an earlier launch warned of neither; the new one says it again where it still holds.
    let _none = notes::forget(&site.run_file(&agent.name, RunFile::Notes));
    let launcher = environment::Launcher::of_this_process(&site.user_home);
    let launch = launch(site, agent, &launcher).await?;
    match panes.first() {
        // The operator split the window: only the agent's own pane is made anew.
        Some(pane) if panes.len() > 1 => tmux.change(&[launch.again(pane.id)]).await?,
        Some(_) => {
            // A dead pane was kept for its last screen, which the keeper before us recorded.
            let mut changes = vec![Change::KillSession(&agent.session)];
            changes.extend(launch.anew(agent));
            tmux.change(&changes).await?;
        }
        None => tmux.change(&launch.anew(agent)).await?,
    }
    // In a window that an operator has split, the pane's size is the operator's choice.
    let pane = if panes.len() < 2 {
        sized_pane(agent, tmux).await?
    } else {
        own_pane(agent, tmux).await?.ok_or_else(|| vanished(agent))?
    };
    mark(agent, tmux, pane).await
}

/// Marks the pane as the agent's own, so that a split window does not hide it.
async fn mark(agent: &Agent, tmux: &Tmux, pane: PaneRecord) -> Result<PaneRecord> {
    if pane.mark.as_deref() != Some(agent.name.as_str()) {
        tmux.change(&[Change::PaneMark(pane.id, agent.name.to_string())]).await?;
    }
    Ok(pane)
}

/// The agent's own pane, if its session exists.
pub(super) async fn own_pane(agent: &Agent, tmux: &Tmux) -> Result<Option<PaneRecord>> {
    Ok(own_panes(agent, tmux).await?.into_iter().next())
}

/// All panes of the agent's session, its own first.
async fn own_panes(agent: &Agent, tmux: &Tmux) -> Result<Vec<PaneRecord>> {
    match tmux.reach().await? {
        None => Err(Failure::failed(
            format!("agent {}", agent.name),
            format!("no tmux server on socket {}", tmux.socket()),
            "`mosaic-tui fleet start` starts it",
        )),
        Some(panes) => Ok(panes_of(&panes, &agent.session, &agent.name).into_iter().cloned().collect()),
    }
}

/// Where, with what, and what is started.
struct Launch<'a> {
    directory: &'a Path,
    env: Vec<Variable<'a>>,
    argv: Vec<String>,
}

impl<'a> Launch<'a> {
    /// A session of its own.
    fn anew(self, agent: &'a Agent) -> Vec<Change<'a>> {
        vec![
            Change::NewSession {
                session: &agent.session,
                size: wanted(agent),
                directory: self.directory,
                env: self.env,
                argv: self.argv,
            },
            // In one sequence: the server looks at its children only after the whole of it.
            Change::WindowOption(&agent.session, "remain-on-exit", "on"),
            // Else whoever attaches gives the window the size of a terminal, and the runtime draws itself anew for
            // it.
            Change::WindowOption(&agent.session, "window-size", "manual"),
        ]
    }

    /// The change that starts the command again in its pane.
    fn again(self, pane: PaneId) -> Change<'a> {
        Change::RespawnPane { pane, directory: self.directory, env: self.env, argv: self.argv }
    }
}

async fn launch<'a>(site: &'a Site, agent: &'a Agent, launcher: &'a environment::Launcher) -> Result<Launch<'a>> {
    let directory = agent.working_directory.as_path();
    std::fs::create_dir_all(directory).map_err(|error| {
        Failure::failed(
            format!("working directory {}", directory.display()),
            error.to_string(),
            format!("make it, or change `working_directory` of {} in {}", agent.name, site.roster.display()),
        )
    })?;
    let env = environment::variables(site, agent, env_file(site, agent)?, launcher);
    let mut argv = environment::command(site, agent);
    // Both are asked for beforehand: the scope is the pane's own command, and without either it would end
    // at once.
    if exec::find_in_path("systemd-run", &launcher.path).is_some()
        && let Ok(manager) = Manager::connect().await
    {
        // What an earlier run left behind must not work beside the new one.
        if let Err(why) = manager.end_pane_scopes(&site.tag(), &agent.name).await {
            // A manager that does not answer is no reason to leave an agent unstarted.
            tracing::warn!(%why, "the scopes of earlier runs were not looked at");
        }
        // Without lingering the user manager takes its scopes along at the last logout; an agent that no
        // unit keeps is better off outside.
        if service::is_managed() || linger::of_this_user() != Some(false) {
            argv = environment::in_scope(site, agent, argv);
        }
    }
    // Outermost, so that `systemd-run` is found by the agent's `PATH` as well.
    let argv = environment::with_path(argv, &env);
    Ok(Launch { directory, env, argv })
}

fn wanted(agent: &Agent) -> Size {
    Size { width: agent.window.width, height: agent.window.height }
}

fn vanished(agent: &Agent) -> Failure {
    Failure::failed(
        format!("agent {}", agent.name),
        "its session vanished right after it was made",
        "look at its command with `mosaic-tui agent roster`",
    )
}

/// The new pane, its window's size verified: a stray tiny client makes tmux ignore `-x` and `-y`.
async fn sized_pane(agent: &Agent, tmux: &Tmux) -> Result<PaneRecord> {
    let pane = own_pane(agent, tmux).await?.ok_or_else(|| vanished(agent))?;
    if pane.window == wanted(agent) {
        return Ok(pane);
    }
    // tmux leaves `window-size manual` behind after this, which is what the window has already.
    tmux.change(&[Change::ResizeWindow(&agent.session, wanted(agent))]).await?;
    let pane = own_pane(agent, tmux).await?.ok_or_else(|| vanished(agent))?;
    if pane.window == wanted(agent) {
        return Ok(pane);
    }
    Err(Failure::failed(
        format!("agent {}", agent.name),
        format!("its window is {} instead of {}", pane.window, wanted(agent)),
        format!("look for a client with `{}`", agent.socket.command("list-clients")),
    ))
}

fn env_file(site: &Site, agent: &Agent) -> Result<Vec<(String, String)>> {
    let path = site.env_file(&agent.name);
    match plain::read(&path, envfile::MAX_BYTES) {
        Ok(text) => envfile::parse(&text).map_err(|(line, why)| {
            Failure::new(
                crate::fleet::error::Kind::Invalid,
                format!("{}:{line}", path.display()),
                why,
                "mend the line, or remove the file",
            )
        }),
        Err(why) if why.is_missing() => Ok(Vec::new()),
        Err(why) => Err(Failure::unreadable(path.display().to_string(), &why)),
    }
}
