//! Performs actions that reach outside: the same function for a key and for a command line.

use tokio::sync::oneshot;

use super::output::Console;
use crate::app::action::SessionAction;
use crate::app::action::dispatch::Request;
use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;

/// Performs a request for whoever waits at this console; `tell` takes word of what is being done meanwhile. It reads
/// files and waits for them as it goes, so nothing else may depend on its thread.
///
/// # Errors
/// Whatever stops it, with its exit code's kind.
pub(in crate::app) async fn perform(
    site: &Site,
    request: &Request,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    match request {
        Request::Fleet(action) => super::fleet::perform(site, action, tell).await,
        Request::Agent(action) => super::agent::perform(site, action, console, tell).await,
        Request::Framework(action) => super::framework::perform(site, action, console, tell).await,
        Request::Library(action) => super::library::perform(site, action, console),
        Request::Session(SessionAction::Report { status, detail, hook, agent }) => {
            super::hooks::report(site, *status, detail.as_deref(), hook.as_ref(), agent.as_ref())
        }
        Request::Backlog(action) => {
            let (site, action) = (site.clone(), action.clone());
            let (answer, done) = oneshot::channel();
            // It waits for locks and servers; the event loop must not, nor the end of the program.
            std::thread::spawn(move || {
                drop(answer.send(super::backlog::perform(&site, &action, console)));
            });
            done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
        }
    }
}
