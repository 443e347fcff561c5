//! Actions at work: in the order of the keys where they concern the same thing, and finished before the program ends.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, mpsc, oneshot};
use tokio::task::JoinSet;

use super::reactor::block_on;
use super::signals::{Signalled, Signals};
use crate::app::action::concern::{Agents, Concern};
use crate::app::action::dispatch::{Request, Sent};
use crate::app::action::error::{DONE, FAILED};
use crate::app::action::report::Report;
use crate::app::perform::activity::record::{self, Asked};
use crate::app::perform::executor;
use crate::app::perform::output::{self, Console};
use crate::app::tui::event::Event;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;

/// Time for running actions to end after a signal: a restart within its own limits.
const FINISH_WITHIN: Duration = Duration::from_secs(15);

/// The lines. Their locks hand out turns in the order in which they were asked for.
#[derive(Debug, Default)]
struct Lines {
    cards: Arc<Mutex<()>>,
    roster: Arc<Mutex<()>>,
    agents: HashMap<String, Arc<Mutex<()>>>,
    fleet: Arc<RwLock<()>>,
}

/// A turn; dropping it lets the next one begin.
#[derive(Debug, Default)]
struct Turn {
    _things: Vec<OwnedMutexGuard<()>>,
    _some: Option<OwnedRwLockReadGuard<()>>,
    _all: Option<OwnedRwLockWriteGuard<()>>,
}

impl Lines {
    /// A future that is ready when it is the action's turn; places in a line are those of the first polls.
    fn stand(&mut self, concern: Concern) -> impl Future<Output = Turn> + Send + 'static {
        let fleet = Arc::clone(&self.fleet);
        let (mut names, shares, alone) = match concern.agents {
            Agents::None => (Vec::new(), false, false),
            Agents::Of(names) => (names, true, false),
            Agents::All => (Vec::new(), false, true),
        };
        // A line in which nobody stands is none.
        self.agents.retain(|_, line| Arc::strong_count(line) > 1);
        // One order for all: two that want the same things never wait for each other.
        names.sort();
        names.dedup();
        let mut things: Vec<_> =
            names.into_iter().map(|name| Arc::clone(self.agents.entry(name).or_default())).collect();
        things.extend(concern.roster.then(|| Arc::clone(&self.roster)));
        things.extend(concern.cards.then(|| Arc::clone(&self.cards)));
        async move {
            let mut turn = Turn::default();
            if shares {
                turn._some = Some(fleet.read_owned().await);
            } else if alone {
                turn._all = Some(fleet.write_owned().await);
            }
            for thing in things {
                turn._things.push(thing.lock_owned().await);
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
        (sent, request): (Sent, Request),
        done: mpsc::Sender<Event>,
    ) {
        // What is over would stay in the set.
        while self.tasks.try_join_next().is_some() {}
        let turn = self.lines.stand(request.concern());
        self.tasks.spawn(async move {
            let _turn = turn.await;
            let report = apart(site, width, sent.clone(), request, done.clone())
                .await
                .unwrap_or_else(|failure| Report::failed(&failure));
            let _left = done.send(Event::Done { sent, report }).await;
        });
    }

    /// Returns when all that was begun is over.
    pub(super) async fn over(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Performs an action on a thread of its own: a file on a server that does not answer, or anything else that an action
/// waits for, must hold up neither the screen nor another action.
async fn apart(site: Site, width: usize, sent: Sent, request: Request, done: mpsc::Sender<Event>) -> Result<Report> {
    let (answer, answered) = oneshot::channel();
    let perform = move || {
        let tell = |text: &str| {
            // A full queue drops a line of progress, never the result.
            let said = Event::Progress { sent: sent.clone(), text: text.to_owned() };
            let _dropped = done.try_send(said);
        };
        let console = Console { width, owned: false, door: sent.door };
        let asked = Asked::now(&request, &sent.command, sent.door);
        let report = block_on(executor::perform(&site, request, console, &tell)).and_then(|report| report);
        // The Activity view says when the history cannot be kept.
        let _told = record::keep(&site, asked, &report);
        let _left = answer.send(report);
    };
    let failed = |why: String| Failure::failed("this command", why, "try again");
    std::thread::Builder::new().name("action".to_owned()).spawn(perform).map_err(|error| failed(error.to_string()))?;
    answered.await.unwrap_or_else(|_| Err(failed("gave no answer".to_owned())))
}

/// Waits for what still runs: an agent that was stopped is to be started again, and a text that was pasted to be
/// submitted. After a signal only for a while, and until another one. What each of them answers, or has answered by now, is
/// told in the shell that has the terminal now; the exit code of the first that failed, or was not finished.
pub(super) async fn finish(
    work: &mut Work,
    mut running: Vec<Sent>,
    signalled: bool,
    (answered, answers): (Vec<Event>, &mut mpsc::Receiver<Event>),
) -> Option<u8> {
    if running.is_empty() {
        return None;
    }
    say(&format!("finishes first: {} (Ctrl-C breaks it off)", commands(&running)));
    let mut failed = None;
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
    let mut take = |event: Event| {
        let Event::Done { sent, report } = event else { return };
        running.retain(|running| running.id != sent.id);
        tell(&sent.command, &report);
        if report.code != DONE {
            failed = failed.or(Some(report.code));
        }
    };
    let all = async {
        answered.into_iter().for_each(&mut take);
        loop {
            tokio::select! {
                Some(event) = answers.recv() => take(event),
                () = work.over() => break,
            }
        }
        // The last answers may stand in the queue when all is over.
        while let Ok(event) = answers.try_recv() {
            take(event);
        }
    };
    let broken = tokio::select! {
        () = all => None,
        () = limit => Some("did not finish"),
        () = told => Some("broken off"),
    };
    // A part of the program that crashed answers nothing.
    let broken = broken.or((!running.is_empty()).then_some("gave no answer"));
    if let Some(how) = broken {
        say(&format!("{how}: {}", commands(&running)));
        failed = failed.or(Some(FAILED));
    }
    failed
}

/// The command lines of requests, on one line.
fn commands(running: &[Sent]) -> String {
    running.iter().map(|sent| sent.command.as_str()).collect::<Vec<_>>().join(", ")
}

/// Tells in the shell what an action answered, as its command does there.
fn tell(command: &str, report: &Report) {
    let lines = report.errors.iter().chain(Some(&report.text)).filter(|line| !line.is_empty());
    say(&format!("{command}: {}", lines.map(String::as_str).collect::<Vec<_>>().join("\n")));
}

/// Tells what failed and was never read, because something else was open until the screen was left.
pub(super) fn tell_unread(answers: &VecDeque<Overlay>) {
    for answer in answers {
        if let Overlay::Answer(Answer { command, text, failed: true, .. }) = answer {
            say(&format!("{command}: {text}"));
        }
    }
}

fn say(text: &str) {
    output::say(&format!("mosaic-tui: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::cli;
    use crate::app::action::dispatch::Performer;
    use crate::app::action::registry::Door;

    /// What the action of a command line concerns.
    fn of(line: &str) -> Concern {
        let parsed = cli::parse_line(line).unwrap();
        match parsed.spec.resolve(&parsed.inputs, Door::Palette).unwrap() {
            Performer::Executor(request) => request.concern(),
            other => panic!("{line}: {other:?}"),
        }
    }

    /// Lets each of these run to its end as soon as it is its turn, behind the first; the order in which they ran
    /// while the first held its turn, and after it.
    async fn order(first: &str, lines_of_commands: &[&'static str]) -> (Vec<&'static str>, Vec<&'static str>) {
        let mut lines = Lines::default();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let first = lines.stand(of(first)).await;
        let mut tasks = JoinSet::new();
        for command in lines_of_commands.iter().copied() {
            let (turn, order) = (lines.stand(of(command)), Arc::clone(&order));
            tasks.spawn(async move {
                let _turn = turn.await;
                order.lock().unwrap().push(command);
                // A send takes a while, and whoever is quick must not overtake it meanwhile.
                tokio::task::yield_now().await;
            });
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        let meanwhile = std::mem::take(&mut *order.lock().unwrap());
        drop(first);
        while tasks.join_next().await.is_some() {}
        let after = std::mem::take(&mut *order.lock().unwrap());
        (meanwhile, after)
    }

    #[tokio::test]
    async fn actions_on_one_agent_run_in_the_order_of_the_keys_and_others_beside_them() {
        let behind = [
            "fleet restart a",
            "fleet stop a",
            "fleet start b a",
            "fleet recover --apply",
            "fleet stop b",
            "backlog claim --owner a",
        ];
        let (meanwhile, after) = order("fleet start a", &behind).await;
        assert_eq!(meanwhile, ["backlog claim --owner a"], "only what concerns nobody else runs beside the first");
        assert_eq!(after, behind[..5]);
    }

    #[tokio::test]
    async fn who_was_acted_on_once_is_not_remembered_for_ever() {
        let mut lines = Lines::default();
        for at in 0..1000 {
            drop(lines.stand(of(&format!("fleet start a{at}"))).await);
        }
        assert!(lines.agents.len() < 2);
    }

    #[tokio::test]
    async fn what_is_typed_to_an_agent_stands_in_its_line() {
        let behind = [
            "agent send a --message one",
            "agent send a --message two",
            "agent reset a",
            "agent send a --message three",
            "agent approve a",
            "agent broadcast --message all a b",
            "agent send a --message four",
            "fleet stop a",
            "agent send a --message five",
            "agent broadcast --message every",
            "agent send b --message last",
        ];
        let beside = ["agent wait a --until dead", "agent send c --message hello"];
        let all: Vec<&str> = beside.iter().chain(&behind).copied().collect();
        let (meanwhile, after) = order("fleet restart a", &all).await;
        assert_eq!(meanwhile, beside);
        assert_eq!(after, behind);
    }

    #[tokio::test]
    async fn changes_of_the_roster_stand_in_one_line() {
        let behind = ["fleet add y", "fleet edit z class=code", "fleet init --write --force", "fleet remove q"];
        assert_eq!(order("fleet add x", &behind).await, (Vec::new(), behind.to_vec()));
    }
}
