//! The observer: one actor owns what is known of the fleet and publishes whole snapshots.
//!
//! It reads; it never changes a session, a unit or anybody's file. What it leaves is what its first look read on screens,
//! for the next program that looks. One look costs a constant number of processes: at most two tmux clients per socket, one
//! ssh per host, nothing per agent. Work trees are asked about apart from it.

mod actor;
mod clients;
mod dirty;
mod files;
mod hosts;
mod kept;
mod news;
mod observed;
mod printed;
mod rest;
mod screens;
mod trees;
mod units;

pub use actor::{Observer, Request, start};

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::home::Site;
use super::model::{FleetSnapshot, ServerName};
use super::roster::Roster;
use super::ssh::Links;
use futures_util::future::{join, join_all};
use observed::Observed;

/// Looks at every plane once.
pub async fn once(site: &Site, roster: Roster) -> Arc<FleetSnapshot> {
    look_once(site, roster, false).await
}

/// Looks at every plane once, the work trees of agents' folders included: a process for each of them.
pub async fn once_with_trees(site: &Site, roster: Roster) -> Arc<FleetSnapshot> {
    look_once(site, roster, true).await
}

async fn look_once(site: &Site, roster: Roster, with_trees: bool) -> Arc<FleetSnapshot> {
    let mut observed = Observed::new(site.clone(), Ok(roster));
    let links = Arc::new(Links::new(&site.home));
    let remote_agents = observed.remote_agents();
    let hosts = join_all(remote_agents.into_iter().map(|remote| hosts::once(remote, Arc::clone(&links))));
    let systemd = units::read_once(site);
    let folders = if with_trees { observed.folders() } else { Vec::new() };
    let here = async {
        observed.open_kept();
        let asked = observed.ask_servers();
        let read = || {
            observed.read_beats(None);
            observed.parse_kept();
        };
        let mut handed_over = Vec::new();
        for (socket, look, screens) in meanwhile(asked, read).await {
            observed.take_look(&socket, look);
            handed_over.extend(screens.map(|screens| (ServerName::here(&socket), screens)));
        }
        observed.reconcile_screens();
        observed.take_kept();
        let giving: Vec<ServerName> = handed_over.iter().map(|(server, _)| server.clone()).collect();
        let asked = observed.ask_screens(|server| !giving.contains(server));
        let given = async {
            observed.read_processes();
            observed.take_handed_over(handed_over).await;
        };
        // What is asked for is begun first.
        let (peeked, ()) = join(asked, given).await;
        observed.take_peeks(peeked);
        // Of panes that no keeper marked.
        let peeked = observed.ask_screens(|server| giving.contains(server)).await;
        observed.take_peeks(peeked);
        observed.keep_screens();
    };
    let trees = trees::read_all(folders, site.git_on_network);
    // What takes longest is begun first.
    let ((), hosts, systemd, trees) = tokio::join!(here, hosts, systemd, trees);
    if with_trees {
        observed.set_trees(trees);
    }
    observed.set_systemd(systemd);
    for reading in hosts {
        observed.set_host(reading);
    }
    observed.join()
}

/// Begins what has to be waited for, does a piece of work, and then waits for the rest.
async fn meanwhile<T>(asked: impl Future<Output = T>, work: impl FnOnce()) -> T {
    let mut asked = pin!(asked);
    // Nothing of a future happens before it is polled: by this its programs are started.
    let begun = poll_fn(|context| Poll::Ready(asked.as_mut().poll(context))).await;
    work();
    match begun {
        Poll::Ready(answer) => answer,
        Poll::Pending => asked.await,
    }
}
