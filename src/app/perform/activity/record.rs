//! The one place where what was asked for is kept: for keys, the palette and commands alike.
//!
//! Looks are not kept. A delivery keeps itself, with its receipt; a change of a card that succeeded is kept as that
//! change, under the id by which the backlog's own history is known as well.

use jiff::Timestamp;

use crate::app::action::agent::AgentAction;
use crate::app::action::backlog::BacklogAction;
use crate::app::action::dispatch::Request;
use crate::app::action::error::{DONE, exit_code};
use crate::app::action::fleet::FleetAction;
use crate::app::action::registry;
use crate::app::action::report::{Changed, Report, Stopped};
use crate::app::action::{FrameworkAction, GateAction, LibraryAction, NorthStarAction, SessionAction};
use crate::app::factory::Decision;
use crate::app::perform::backlog;
use crate::fleet::activity::{self, Door, Event, Kind};
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::model::Readiness;
use crate::fleet::session;
use crate::fleet::worktree::{OfCard, Removed};

use super::cards;

/// What was asked for and how, taken down before it is done: the action itself is used up by that.
#[derive(Debug)]
pub(in crate::app) struct Asked {
    /// Which answers are worth a line.
    worth: Worth,
    /// What kind of line that is, unless its answer says more.
    kind: Kind,
    what: String,
    agent: Option<String>,
    card: Option<String>,
    door: registry::Door,
    begun: Timestamp,
}

impl Asked {
    /// Takes a request down that begins now, with the command line that does the same and the door.
    pub(in crate::app) fn now(request: &Request, command: &str, door: registry::Door) -> Self {
        Self {
            worth: worth(request),
            kind: if matches!(request, Request::Gate(_)) { Kind::Gate } else { Kind::Action },
            what: words(request, command),
            agent: agent(request),
            card: card(request),
            door,
            begun: Timestamp::now(),
        }
    }
}

/// Which answers to a request are kept.
#[derive(Debug, Clone, Copy)]
enum Worth {
    Always,
    Never,
    /// The answer is kept by what the request does.
    Failures,
    /// Those that changed something: an editor that was opened to look leaves the text as it was, and agents ask for work
    /// that is not there.
    Changes,
}

impl Worth {
    fn is_kept(self, result: &Result<Report>) -> bool {
        match (self, result) {
            (Self::Always, _) | (Self::Failures | Self::Changes, Err(_)) => true,
            (Self::Never, _) | (Self::Failures, Ok(_)) => false,
            (Self::Changes, Ok(report)) => report.changed != Changed::Nothing,
        }
    }
}

/// The door as the history knows it.
pub(in crate::app) fn door(door: registry::Door) -> Door {
    match door {
        registry::Door::Shell => Door::Shell,
        registry::Door::Palette => Door::Palette,
        registry::Door::Key => Door::Key,
    }
}

/// Who asks: the agent in whose pane this runs, else the user.
pub(in crate::app) fn who(site: &Site) -> String {
    let name = session::own_agent(site);
    format!("{}:{}", site.host, name.as_deref().unwrap_or(crate::fleet::comms::USER))
}

/// Keeps what was asked for and what came of it; why that was not possible, in words.
pub(in crate::app) fn keep(site: &Site, asked: Asked, result: &Result<Report>) -> Option<String> {
    // What fails where there is no fleet makes no folder to say so.
    if !asked.worth.is_kept(result) || (result.is_err() && !site.home.join("fleet").is_dir()) {
        return None;
    }
    let mut event = Event::new(asked.kind, Timestamp::now(), &site.tenant_id, &site.host);
    event.who = who(site);
    event.door = Some(door(asked.door));
    event.what = asked.what;
    event.agent = asked.agent;
    event.card = asked.card;
    // The clock may have been set back meanwhile.
    event.lasted = Some(event.at.saturating_sub(asked.begun.as_millisecond()).max(0));
    let code = match result {
        Ok(report) => {
            event.text =
                report.errors.iter().map(String::as_str).chain([report.text.as_str()]).collect::<Vec<_>>().join("\n");
            report.code
        }
        Err(failure) => {
            event.text = failure.to_string();
            exit_code(failure.kind)
        }
    };
    event.good = Some(code == DONE);
    event.outcome = if code == DONE { "done".to_owned() } else { format!("exit {code}") };
    event.detail.insert("code".to_owned(), code.into());
    match result.as_ref().map(|report| (&report.changed, report)) {
        Ok((Changed::Card(id, version), report)) => {
            if let Ok(place) = backlog::place(site) {
                event.kind = Kind::Card;
                event.id = cards::id(&place.to_string(), id.as_str(), *version);
                event.what = report.text.lines().next().unwrap_or_default().to_owned();
                event.card = Some(id.to_string());
                event.good = None;
                event.lasted = None;
                // What changed, the backlog's own history adds.
                event.outcome = String::new();
            }
        }
        // Its keeper goes before its agent, and cannot tell.
        Ok((Changed::Stopped(stopped), _)) => {
            stopped.iter().for_each(|agent| drop(activity::note(site, &ended(&event, agent))));
        }
        _ => {}
    }
    activity::note(site, &event)
}

/// The end of an agent that was stopped.
fn ended(action: &Event, agent: &Stopped) -> Event {
    Event {
        agent: Some(agent.name.clone()),
        who: action.who.clone(),
        door: action.door,
        what: "stopped".to_owned(),
        outcome: "on purpose".to_owned(),
        state: Some(Readiness::Dead),
        ..Event::new(Kind::Exit, action.time(), &agent.tenant_id, &agent.host)
    }
}

/// Keeps what the supervisor decided, why, and what came of it.
pub(in crate::app) fn keep_decision(
    site: &Site,
    decision: &Decision,
    outcome: &str,
    good: Option<bool>,
    begun: Timestamp,
) {
    let mut event = Event::new(Kind::Decision, Timestamp::now(), &site.tenant_id, &site.host);
    event.who = format!("{}:supervisor", site.host);
    event.door = Some(Door::Supervisor);
    event.agent = decision.agent().map(str::to_owned);
    event.card = decision.card().map(str::to_owned);
    event.what = decision.what();
    event.outcome = outcome.to_owned();
    event.good = good;
    event.lasted = Some(event.at.saturating_sub(begun.as_millisecond()).max(0));
    event.text = decision.why();
    event.detail.insert("decision".to_owned(), decision.word().into());
    let _logged = activity::note(site, &event);
}

/// Keeps that the supervisor took a work tree away, and how its branch can be brought back.
pub(in crate::app) fn keep_removal(site: &Site, tree: &OfCard, removed: &Removed) {
    let mut event = Event::new(Kind::Decision, Timestamp::now(), &site.tenant_id, &site.host);
    event.who = format!("{}:supervisor", site.host);
    event.door = Some(Door::Supervisor);
    event.agent = Some(tree.agent.clone());
    event.card = Some(tree.card.clone());
    event.what = format!("takes the work tree of {} away", tree.card);
    event.good = Some(true);
    event.text = tree.folder.display().to_string();
    match &removed.branch {
        Some((branch, tip)) => {
            event.outcome = format!("its branch {branch} too");
            event.text.push_str(&format!("; the base has all of it: `git branch {branch} {tip}` brings it back"));
        }
        None => event.outcome = "its branch stays".to_owned(),
    }
    event.detail.insert("decision".to_owned(), "sweep".into());
    let _logged = activity::note(site, &event);
}

/// Keeps that somebody takes an agent's pane over: what they type there is theirs. Beforehand, since the process becomes
/// another program.
pub(in crate::app) fn keep_takeover(site: &Site, name: &str, at: registry::Door) {
    let mut event = Event::new(Kind::Action, Timestamp::now(), &site.tenant_id, &site.host);
    event.who = who(site);
    event.door = Some(door(at));
    event.what = format!("mosaic-tui agent attach {name}");
    event.agent = Some(name.to_owned());
    let _logged = activity::note(site, &event);
}

/// Which answers to a request are kept: of one that changes something, and is not kept by what it does.
fn worth(request: &Request) -> Worth {
    if !request.writes() {
        return Worth::Never;
    }
    match request {
        // Keepers answer it, and nothing is another one by it.
        Request::Fleet(FleetAction::Probe(_)) => Worth::Never,
        Request::Fleet(_) => Worth::Always,
        Request::Agent(action) => match action {
            AgentAction::Send { .. }
            | AgentAction::Broadcast { .. }
            | AgentAction::Reset { .. }
            | AgentAction::Approve { .. } => Worth::Failures,
            AgentAction::Roster
            | AgentAction::Status(_)
            | AgentAction::Explain(_)
            | AgentAction::Diff { .. }
            | AgentAction::Wait { .. }
            | AgentAction::Tail { .. }
            | AgentAction::CommsBlock { .. } => Worth::Never,
        },
        Request::Framework(action) => match action {
            FrameworkAction::Install
            | FrameworkAction::Update
            | FrameworkAction::Identity { .. }
            | FrameworkAction::Upgrade { .. } => Worth::Always,
            FrameworkAction::Status | FrameworkAction::Verify { .. } | FrameworkAction::Contract { .. } => Worth::Never,
        },
        Request::Library(action) => match action {
            LibraryAction::Save { .. } => Worth::Changes,
            LibraryAction::Add { .. } | LibraryAction::Reset(_) => Worth::Always,
            LibraryAction::Personas { .. }
            | LibraryAction::Persona(_)
            | LibraryAction::Diff(_)
            | LibraryAction::Profiles
            | LibraryAction::Profile(_)
            | LibraryAction::Validate(_) => Worth::Never,
        },
        Request::Gate(action) => match action {
            GateAction::Review { .. } | GateAction::Merge { .. } => Worth::Always,
            GateAction::Check { .. } | GateAction::Queue { .. } => Worth::Never,
        },
        Request::NorthStar(action) => match action {
            NorthStarAction::Init | NorthStarAction::Render { .. } | NorthStarAction::Sync { .. } => Worth::Always,
            NorthStarAction::Check(_) => Worth::Never,
        },
        Request::Session(SessionAction::Report { .. } | SessionAction::Usage { .. }) => Worth::Never,
        Request::Backlog(action) => match action {
            // It is read, into a file.
            BacklogAction::Export(_) => Worth::Never,
            // Agents renew all the time; only what is refused is worth a line.
            BacklogAction::Renew { .. } => Worth::Failures,
            BacklogAction::Claim(_) | BacklogAction::Reclaim(_) => Worth::Changes,
            _ => Worth::Always,
        },
    }
}

/// The command line, without the text of a message: that may be nobody else's to read.
fn words(request: &Request, command: &str) -> String {
    match request {
        Request::Agent(AgentAction::Send { name, .. }) => format!("mosaic-tui agent send {name}"),
        Request::Agent(AgentAction::Broadcast { names, .. }) => {
            format!("mosaic-tui agent broadcast {}", names.join(" ")).trim_end().to_owned()
        }
        // What a dashboard shows in front of it makes another shell mean the same fleet, which this history is of.
        _ => command.find("mosaic-tui ").map_or(command, |at| &command[at..]).to_owned(),
    }
}

/// The one agent that a request is about.
fn agent(request: &Request) -> Option<String> {
    use crate::app::action::concern::Agents;
    match request.concern().agents {
        Agents::Of(names) if names.len() == 1 => names.into_iter().next(),
        _ => None,
    }
}

/// The one card that a request is about.
fn card(request: &Request) -> Option<String> {
    if let Request::Gate(GateAction::Review { about, .. } | GateAction::Merge { about, .. }) = request {
        return about.card.as_ref().map(ToString::to_string);
    }
    let Request::Backlog(action) = request else { return None };
    let id = match action {
        BacklogAction::Create { id, .. }
        | BacklogAction::Edit { id, .. }
        | BacklogAction::Renew { id, .. }
        | BacklogAction::Block { id, .. }
        | BacklogAction::Unblock { id, .. }
        | BacklogAction::Complete { id, .. } => id,
        BacklogAction::Link { from, .. } | BacklogAction::Unlink { from, .. } => from,
        _ => return None,
    };
    Some(id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::cli;
    use crate::app::action::dispatch::Performer;
    use crate::app::action::registry::{ACTIONS, Shell};
    use crate::backlog::model::CardId;
    use crate::fleet::activity::{Query, Store, take_in};
    use crate::fleet::error::Failure;
    use serde_json::Value;

    fn request(line: &str) -> Request {
        let parsed = cli::parse_line(line).unwrap();
        match parsed.spec.resolve(&parsed.inputs, registry::Door::Shell).unwrap() {
            Performer::Executor(request) => request,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn kept(line: &str, result: &Result<Report>) -> Vec<Event> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".config/mosaic/fleet")).unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let asked = Asked::now(&request(line), line, registry::Door::Palette);
        assert_eq!(keep(&site, asked, result), None);
        let mut store = Store::open(&site).unwrap();
        take_in(&site, &mut store).unwrap();
        let page = store.page(&Query { limit: 9, ..Query::default() }).unwrap();
        page.events.into_iter().map(|(_, event)| event).collect()
    }

    fn done() -> Result<Report> {
        Ok(Report::done("a: stopped", &Value::Null))
    }

    #[test]
    fn what_changes_something_is_kept_with_its_door_and_its_outcome() {
        let event = kept("fleet stop a", &done()).remove(0);
        assert_eq!((event.kind, event.door, event.outcome.as_str()), (Kind::Action, Some(Door::Palette), "done"));
        assert_eq!((event.agent.as_deref(), event.text.as_str()), (Some("a"), "a: stopped"));
        let refused = kept("fleet stop a", &Err(Failure::failed("agent a", "hangs", "wait"))).remove(0);
        assert_eq!((refused.good, refused.outcome.as_str()), (Some(false), "exit 1"));
        assert!(refused.text.contains("hangs"));
    }

    #[test]
    fn a_stop_is_the_end_of_those_that_it_stopped() {
        let agent = Stopped { name: "a".to_owned(), tenant_id: "me".to_owned(), host: "here".to_owned() };
        let report = Report { changed: Changed::Stopped(vec![agent]), ..done().unwrap() };
        let events = kept("fleet stop a b", &Ok(report));
        let ends: Vec<&Event> = events.iter().filter(|event| event.kind == Kind::Exit).collect();
        assert_eq!((ends.len(), events.len()), (1, 2));
        assert_eq!((ends[0].agent.as_deref(), ends[0].state), (Some("a"), Some(Readiness::Dead)));
    }

    #[test]
    fn looks_are_not_kept_and_deliveries_keep_themselves() {
        for line in [
            "fleet ps",
            "fleet doctor",
            "fleet install --dry-run",
            "agent tail a",
            "backlog list",
            "backlog stats",
            "fleet recover",
            "agent send a --message hello",
            "session report --status ok",
            "framework status",
            "framework verify",
            "update",
            "fleet init",
            "fleet provision --system-type coding",
        ] {
            assert_eq!(kept(line, &done()).len(), 0, "{line}");
        }
    }

    #[test]
    fn what_makes_something_new_is_kept_although_nobody_is_asked_first() {
        for line in
            ["fleet init --write", "fleet provision --system-type coding --write", "update --apply", "framework update"]
        {
            assert_eq!(kept(line, &done()).len(), 1, "{line}");
        }
    }

    #[test]
    fn a_message_that_never_went_out_is_kept_without_its_text() {
        let failed = Err(Failure::failed("agent a", "is not in the roster", "see who is"));
        for line in ["agent send a --message 'the secret word'", "agent broadcast --message 'the secret word' a b"] {
            let event = kept(line, &failed).remove(0);
            assert!(!event.to_json().to_string().contains("secret"), "{event:?}");
            assert!(event.what.starts_with("mosaic-tui agent "), "{event:?}");
        }
    }

    #[test]
    fn a_change_of_a_card_is_that_change_and_no_work_is_nothing() {
        let changed = Changed::Card(CardId::parse("A1").unwrap(), 3);
        let event = kept("backlog complete --id A1", &Ok(Report { changed, ..done().unwrap() })).remove(0);
        assert_eq!((event.kind, event.card.as_deref(), event.door), (Kind::Card, Some("A1"), Some(Door::Palette)));
        assert_eq!(kept("backlog claim --owner a", &Ok(Report::nothing("no card", &Value::Null))).len(), 0);
    }

    #[test]
    fn nothing_that_asks_first_goes_unkept() {
        let mut seen = 0;
        for spec in ACTIONS.iter().filter(|spec| matches!(spec.danger, registry::Danger::Confirm(_))) {
            let Shell::Words(words) = spec.doors.shell else { continue };
            let needed = spec.arguments.iter().filter(|argument| argument.shape.is_required());
            let values: Vec<String> = needed
                .map(
                    |argument| {
                        if argument.shape.is_option() { format!("--{}=1", argument.name) } else { "a".to_owned() }
                    },
                )
                .collect();
            // Without these they only tell.
            let apply = match spec.id {
                "fleet.recover" => "--apply",
                "fleet.init" | "fleet.provision" => "--write --force",
                "app.update" => "--apply",
                _ => "",
            };
            let line = format!("{} {} {apply}", words.join(" "), values.join(" "));
            let failed = Err(Failure::failed("it", "failed", "try again"));
            assert!(worth(&request(line.trim())).is_kept(&failed), "{line}");
            seen += 1;
        }
        assert!(seen > 5, "{seen}");
    }
}
