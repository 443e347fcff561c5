//! The text of a pane, and its takeover.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use serde_json::json;

use super::captured::{colours_only, plain};
use super::follow::{self, Now, Seen};
use crate::app::action::error::DONE;
use crate::app::action::report::Report;
use crate::app::perform::output::{self, Printed};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{PaneId, SessionName};
use crate::fleet::os::exec;
use crate::fleet::roster::{self, Agent};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::{Glance, PaneRecord, Query, Tmux, panes_of};

/// Pause between two looks at a pane that is followed.
// Four looks a second, as on the wall: a pane says nothing of itself to whoever may not attach.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// More lines than any history has; the most that tmux takes.
const ALL: u32 = i32::MAX.unsigned_abs();

/// A pane, and whose it is.
struct Found {
    tmux: Tmux,
    session: SessionName,
    pane: PaneId,
    height: u16,
    tenant_id: String,
    host: String,
}

/// An agent's pane, on whichever host.
async fn agent_pane(site: &Site, name: &str) -> Result<Found> {
    let roster = roster::load(site)?;
    let (_, server) = roster.reach(site, name)?;
    let agent = roster.into_agent(name)?;
    let tmux = Tmux::at(&server, &Links::new(&site.home));
    let panes = tmux.panes().await?;
    let found = panes_of(&panes, &agent.session, &agent.name).first().map(|pane| (pane.id, pane.size.height));
    let Some((pane, height)) = found else {
        return Err(Failure::failed(
            format!("agent {name}"),
            "has no pane",
            match &server.ssh {
                None => format!("`mosaic-tui fleet start {name}`"),
                Some(ssh) => format!("`ssh {ssh} mosaic-tui fleet start {name}`"),
            },
        ));
    };
    let Agent { session, tenant_id, host, .. } = agent;
    Ok(Found { tmux, session, pane, height, tenant_id, host })
}

/// The same, or the pane of a session that the roster does not know: reading is for those too.
async fn pane(site: &Site, name: &str) -> Result<Found> {
    let unknown = match agent_pane(site, name).await {
        Err(failure) if failure.kind == Kind::NotFound => failure,
        found => return found,
    };
    // Sessions beside the roster are looked for on the fleet's own server only, as in the list.
    let tmux = Tmux::new(roster::load(site)?.socket);
    let panes = tmux.panes().await?;
    let session = meant(&panes, name);
    let own = panes.iter().filter(|pane| session == Some(&pane.session));
    let first = own.min_by_key(|pane| pane.id).ok_or(unknown)?;
    let (session, pane, height) = (first.session.clone(), first.id, first.size.height);
    Ok(Found { tmux, session, pane, height, tenant_id: site.tenant_id.clone(), host: site.host.clone() })
}

/// The session that a name means: its own, or the label under which lists show only one.
fn meant<'a>(panes: &'a [PaneRecord], name: &str) -> Option<&'a SessionName> {
    let own = panes.iter().map(|pane| &pane.session).find(|session| session.0 == name);
    let shown: BTreeSet<_> =
        panes.iter().map(|pane| &pane.session).filter(|session| session.label().as_str() == name).collect();
    // A label may be the cut of several names, and then it means none of them.
    own.or_else(|| shown.first().copied().filter(|_| shown.len() == 1))
}

/// The last lines of a pane, its scrollback included.
async fn text(tmux: &Tmux, pane: PaneId, height: u16, lines: u32, ansi: bool) -> Result<Vec<String>> {
    // One line above the screen in any case: tmux scrolls a dead pane by one to make room for its notice.
    let history = lines.saturating_sub(u32::from(height)).max(1);
    let captured = tmux.query(&Query::Capture { pane, history }).await?;
    let mut all: Vec<String> =
        captured.lines().map(|line| if ansi { colours_only(line) } else { plain(line) }).collect();
    while all.last().is_some_and(|line| plain(line).is_empty()) {
        all.pop();
    }
    let skip = all.len().saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX));
    Ok(all.split_off(skip))
}

/// Prints it once.
pub(in crate::app) async fn tail(site: &Site, name: &str, lines: u32, ansi: bool) -> Result<Report> {
    let found = pane(site, name).await?;
    let text = text(&found.tmux, found.pane, found.height, lines, ansi).await?;
    let json = json!({
        "name": name, "tenant_id": found.tenant_id, "host": found.host, "pane": found.pane.to_string(), "lines": text,
    });
    Ok(Report::done(text.join("\n"), &json))
}

/// Prints it, and then what is new, until the pane or the reader is gone. A pane that rests costs a look at its screen.
///
/// # Errors
/// When there is no pane, or tmux does not answer.
pub(in crate::app) async fn follow(site: &Site, name: &str, lines: u32, ansi: bool) -> Result<u8> {
    let Found { tmux, pane, height, .. } = pane(site, name).await?;
    let shown = |glance: &Glance| -> Vec<String> {
        glance.lines.iter().map(|line| if ansi { colours_only(line) } else { plain(line) }).collect()
    };
    let Some(first) = tmux.glance(pane, lines.saturating_sub(u32::from(height)).max(1)).await? else {
        return Ok(DONE);
    };
    let mut ended = first.dead;
    let all = shown(&first);
    let last = follow::trimmed(&all);
    let skip = last.len().saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX));
    if output::print(&format!("{}\n", last[skip..].join("\n")))? == Printed::Closed {
        return Ok(DONE);
    }
    let mut seen = seen_in(&first, &all);
    let mut closed = pin!(output::closed());
    while !ended {
        tokio::select! {
            () = &mut closed => return Ok(DONE),
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
        let Some(mut glance) = tmux.glance(pane, 0).await? else { break };
        let mut all = shown(&glance);
        if seen == seen_in(&glance, &all) && !glance.dead {
            continue;
        }
        let mut whole = false;
        let new = loop {
            let (history, cut, above) = (glance.history, glance.cut, glance.above());
            if let Some(new) = seen.added(&Now { history, cut, lines: &all, above, whole }) {
                break new;
            }
            // Lines come while we look: those since the last look are read, then all that there are.
            let grown = history.saturating_sub(seen.history);
            whole = usize::try_from(grown).is_ok_and(|grown| grown <= above);
            match tmux.glance(pane, if whole { ALL } else { grown + u32::from(height) }).await? {
                Some(again) => glance = again,
                None => return Ok(DONE),
            }
            all = shown(&glance);
        };
        // The last line of a pane whose process has ended is tmux's own.
        let new: Vec<&str> = new.iter().map(String::as_str).filter(|line| !(glance.dead && is_notice(line))).collect();
        if !new.is_empty() && output::print(&format!("{}\n", new.join("\n")))? == Printed::Closed {
            return Ok(DONE);
        }
        // Behind the printing: what a process said last comes with the same look that shows it dead.
        ended = glance.dead;
        seen = seen_in(&glance, &all);
    }
    Ok(DONE)
}

fn is_notice(line: &str) -> bool {
    let line = plain(line);
    line.is_empty() || line.starts_with("Pane is dead")
}

/// What a look showed, for the next one.
fn seen_in(glance: &Glance, lines: &[String]) -> Seen {
    Seen { history: glance.history, screen: follow::trimmed(&lines[glance.above()..]).to_vec() }
}

/// Takes a pane over: this process becomes a tmux client of it.
///
/// # Errors
/// When there is no terminal, no pane, or no tmux.
pub(in crate::app) async fn attach(site: &Site, name: &str) -> Result<exec::ExecError> {
    use std::io::IsTerminal;
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::new(
            Kind::Invalid,
            format!("agent {name}"),
            "is taken over on a terminal only, and there is none",
            format!("`mosaic-tui agent send {name} -m ...` or `mosaic-tui agent tail {name}` need none"),
        ));
    }
    let found = agent_pane(site, name).await?;
    Ok(found.tmux.attach(&found.session))
}
