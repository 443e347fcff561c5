//! Actions at work: in the order of the keys where they concern the same thing, and finished before the program ends.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, mpsc, oneshot};
use tokio::task::JoinSet;

use super::open::block_on;
use super::signals::{Signalled, Signals};
use crate::app::action::Action;
use crate::app::action::lifecycle::{LifecycleAction, Targets};
use crate::app::action::report::Report;
use crate::app::perform::executor;
use crate::app::perform::output::Console;
use crate::app::tui::event::Event;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;

/// Time for running actions to end after a signal: a restart within its own limits.
const FINISH_WITHIN: Duration = Duration::from_secs(15);

/// What an action changes; two that change the same thing stand in line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Concern {
    /// Nothing that another one could disturb.
    Nothing,
    /// The backlog.
    Cards,
    /// These agents.
    Agents(Vec<String>),
    /// Any agent.
    Fleet,
}

fn concern(action: &Action) -> Concern {
    let of = |targets: &Targets| match (&targets.agents, &targets.class) {
        (agents, None) if !agents.is_empty() => Concern::Agents(agents.clone()),
        _ => Concern::Fleet,
    };
    match action {
        Action::Backlog(_) => Concern::Cards,
        Action::Lifecycle(action) => match action {
            LifecycleAction::Start(targets) | LifecycleAction::Stop(targets) | LifecycleAction::Restart(targets) => {
                of(targets)
            }
            LifecycleAction::Add { name, .. } | LifecycleAction::Edit { name, .. } | LifecycleAction::Remove(name) => {
                Concern::Agents(vec![name.to_string()])
            }
            LifecycleAction::Recover { apply: true }
            | LifecycleAction::Install { dry_run: false }
            | LifecycleAction::Uninstall { dry_run: false } => Concern::Fleet,
            LifecycleAction::Recover { apply: false }
            | LifecycleAction::Install { dry_run: true }
            | LifecycleAction::Uninstall { dry_run: true }
            | LifecycleAction::Init { .. }
            | LifecycleAction::Status
            | LifecycleAction::Verify
            | LifecycleAction::Doctor => Concern::Nothing,
        },
        _ => Concern::Nothing,
    }
}

/// The lines. Their locks hand out turns in the order in which they were asked for.
#[derive(Debug, Default)]
struct Lines {
    cards: Arc<Mutex<()>>,
    agents: HashMap<String, Arc<Mutex<()>>>,
    fleet: Arc<RwLock<()>>,
}

/// A turn; dropping it lets the next one begin.
#[derive(Debug, Default)]
struct Turn {
    _cards: Option<OwnedMutexGuard<()>>,
    _agents: Vec<OwnedMutexGuard<()>>,
    _some: Option<OwnedRwLockReadGuard<()>>,
    _all: Option<OwnedRwLockWriteGuard<()>>,
}

impl Lines {
    /// A future that is ready when it is the action's turn; places in a line are those of the first polls.
    fn stand(&mut self, concern: Concern) -> impl Future<Output = Turn> + Send + 'static {
        let (cards, fleet) = (Arc::clone(&self.cards), Arc::clone(&self.fleet));
        let mut names = match &concern {
            Concern::Agents(names) => names.clone(),
            _ => Vec::new(),
        };
        // A line in which nobody stands is none.
        self.agents.retain(|_, line| Arc::strong_count(line) > 1);
        // One order for all: two that want the same agents never wait for each other.
        names.sort();
        names.dedup();
        let agents: Vec<_> = names.into_iter().map(|name| Arc::clone(self.agents.entry(name).or_default())).collect();
        async move {
            let mut turn = Turn::default();
            match concern {
                Concern::Nothing => {}
                Concern::Cards => turn._cards = Some(cards.lock_owned().await),
                Concern::Fleet => turn._all = Some(fleet.write_owned().await),
                Concern::Agents(_) => {
                    turn._some = Some(fleet.read_owned().await);
                    for agent in agents {
                        turn._agents.push(agent.lock_owned().await);
                    }
                }
            }
            turn
        }
    }
}

/// The actions that run.
#[derive(Debug, Default)]
pub(super) struct Work {
    lines: Lines,
    tasks: JoinSet<()>,
}

impl Work {
    /// Begins one; its progress and its answer go to `done`.
    pub(super) fn begin(
        &mut self,
        site: Site,
        width: usize,
        (command, action): (String, Action),
        done: mpsc::Sender<Event>,
    ) {
        while self.tasks.try_join_next().is_some() {}
        let turn = self.lines.stand(concern(&action));
        self.tasks.spawn(async move {
            let _turn = turn.await;
            let report = apart(site, width, command.clone(), action, done.clone())
                .await
                .unwrap_or_else(|failure| Report::failed(&failure));
            let _left = done.send(Event::Done { command, report }).await;
        });
    }

    /// Returns when all that was begun is over.
    pub(super) async fn over(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Performs an action on a thread of its own: a file on a server that does not answer, or anything else that an action
/// waits for, must hold up neither the screen nor another action.
async fn apart(site: Site, width: usize, command: String, action: Action, done: mpsc::Sender<Event>) -> Result<Report> {
    let (answer, answered) = oneshot::channel();
    let perform = move || {
        let tell = |text: &str| {
            // A full queue drops a line of progress, never the result.
            let said = Event::Progress { command: command.clone(), text: text.to_owned() };
            let _dropped = done.try_send(said);
        };
        let console = Console { width, owned: false };
        let report = block_on(executor::perform(&site, &action, console, &tell)).and_then(|report| report);
        let _left = answer.send(report);
    };
    let failed = |why: String| Failure::failed("this command", why, "try again");
    std::thread::Builder::new().name("action".to_owned()).spawn(perform).map_err(|error| failed(error.to_string()))?;
    answered.await.unwrap_or_else(|_| Err(failed("gave no answer".to_owned())))
}

/// Waits for what still runs: an agent that was stopped is to be started again, and a text that was pasted to be
/// submitted. After a signal only for a while, and until another one.
pub(super) async fn finish(work: &mut Work, running: &[String], signalled: bool) {
    if running.is_empty() {
        return;
    }
    // The terminal may be gone.
    let _unheard = writeln!(io::stderr(), "mosaic-tui: finishes first: {} (Ctrl-C breaks it off)", running.join(", "));
    let limit = async {
        if signalled {
            tokio::time::sleep(FINISH_WITHIN).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    let told = async {
        match Signals::listen() {
            Ok(mut signals) => loop {
                if matches!(signals.next().await, Signalled::End(_) | Signalled::Interrupt) {
                    break;
                }
            },
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = work.over() => {}
        () = limit => drop(writeln!(io::stderr(), "mosaic-tui: did not finish: {}", running.join(", "))),
        () = told => drop(writeln!(io::stderr(), "mosaic-tui: broken off: {}", running.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn actions_on_one_agent_run_in_the_order_of_the_keys_and_others_beside_them() {
        let agents = |names: &[&str]| Concern::Agents(names.iter().map(|name| (*name).to_owned()).collect());
        let mut lines = Lines::default();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let first = lines.stand(agents(&["a"])).await;
        let mut tasks = JoinSet::new();
        for (name, concern) in [
            ("restart a", agents(&["a"])),
            ("stop a", agents(&["a"])),
            ("start b and a", agents(&["b", "a"])),
            ("all", Concern::Fleet),
            ("b behind all", agents(&["b"])),
            ("a card", Concern::Cards),
        ] {
            let (turn, order) = (lines.stand(concern), Arc::clone(&order));
            tasks.spawn(async move {
                let _turn = turn.await;
                order.lock().unwrap().push(name);
            });
        }
        tokio::task::yield_now().await;
        assert_eq!(*order.lock().unwrap(), ["a card"], "only what concerns nobody else runs beside the first");
        drop(first);
        while tasks.join_next().await.is_some() {}
        assert_eq!(*order.lock().unwrap(), ["a card", "restart a", "stop a", "start b and a", "all", "b behind all"]);
        for at in 0..1000 {
            drop(lines.stand(agents(&[&format!("a{at}")])).await);
        }
        assert!(lines.agents.len() < 2, "who was acted on once is not remembered for ever");
    }
}
