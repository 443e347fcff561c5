//! Performs actions that reach outside: the same function for a key and for a command line.

use tokio::sync::oneshot;

use super::output::Console;
use crate::app::action::SessionAction;
use crate::app::action::dispatch::Request;
use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::os::thread;

/// What is said to whoever wants something changed where only looks are allowed.
#[must_use]
pub(in crate::app) fn refused(what: &str) -> Failure {
    Failure::new(Kind::Refused, what, "changes something, and this is read-only", "do it without --read-only")
}

/// Performs a request for whoever waits at this console; `tell` takes word of what is being done meanwhile. It reads
/// files and waits for them as it goes, so nothing else may depend on its thread.
///
/// # Errors
/// Whatever stops it, with its exit code's kind.
pub(in crate::app) async fn perform(site: &Site, request: Request, console: Console, tell: Tell<'_>) -> Result<Report> {
    // The last place that every door passes: whatever a screen or a script asked, nothing
    // is changed behind it.
    if site.read_only && request.writes() {
        return Err(refused("this"));
    }
    match request {
        Request::Fleet(action) => super::fleet::perform(site, &action, tell).await,
        Request::Agent(action) => super::agent::perform(site, &action, console, tell).await,
        Request::Framework(action) => super::framework::perform(site, &action, console, tell).await,
        Request::Library(action) => super::library::perform(site, &action, console),
        Request::Session(SessionAction::Report { status, detail, hook, agent }) => {
            super::hooks::report(site, status, detail, hook.as_ref(), agent)
        }
        Request::Session(SessionAction::Usage { runtime, event }) => {
            super::hooks::usage(site, &runtime, event.as_deref()).await
        }
        Request::Gate(action) => super::factory::gate(site, action, console, tell).await,
        Request::Backlog(action) => {
            let site = site.clone();
            apart(move || super::backlog::perform(&site, action, console)).await
        }
        Request::NorthStar(action) => {
            let site = site.clone();
            apart(move || super::factory::north_star(&site, &action, console)).await
        }
    }
}

/// Runs what waits for locks and servers of the backlog: the event loop must not, nor the end of the program.
async fn apart(work: impl FnOnce() -> Result<Report> + Send + 'static) -> Result<Report> {
    let (answer, done) = oneshot::channel();
    thread::begin("backlog", move || drop(answer.send(work())))?;
    done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::dispatch::Performer;
    use crate::app::action::registry::{ACTIONS, Door};
    use crate::app::action::samples;

    #[tokio::test]
    async fn read_only_everything_that_writes_is_refused_before_anything_is_looked_at() {
        // There is no such home: whatever began to work would fail in another way.
        let site = Site { read_only: true, ..Site::for_tests("/nowhere/at/all") };
        let console = Console { width: 80, owned: true, door: Door::Shell };
        let mut seen = 0;
        for spec in ACTIONS {
            let Ok(Performer::Executor(request)) = spec.resolve(&samples::inputs(spec), Door::Shell) else { continue };
            if !request.writes() {
                continue;
            }
            seen += 1;
            let failure = perform(&site, request, console, &|_| {}).await.unwrap_err();
            assert_eq!(
                (failure.kind, failure.why.as_str()),
                (Kind::Refused, "changes something, and this is read-only")
            );
        }
        assert!(seen > 25, "{seen}");
    }
}
