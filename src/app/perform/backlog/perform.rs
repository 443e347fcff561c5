//! Performs requests: the same function for a key and for a command line. It blocks; the dashboard
//! runs it on a thread of its own.

use std::io::{BufReader, BufWriter, Seek};
use std::path::Path;

use serde_json::{Value, json};

use super::brief::Terms;
use super::pipeline;
use super::place::{self, Me};
use super::progress::ProgressLine;
use super::{print, stuck};
use crate::app::action::Action;
use crate::app::action::backlog::{BacklogAction, Fields};
use crate::app::action::error::FAILED;
use crate::app::action::report::Report;
use crate::app::action::text::Text;
use crate::app::perform::output::{self, Console};
use crate::app::perform::{standard_input, text};
use crate::backlog::checks;
use crate::backlog::error::Again;
use crate::backlog::model::{Card, CardId, EventKind, MAX_BODY_BYTES, NewCard, Patch, Status};
use crate::backlog::operations::{Backlog, Detail, Outcome};
use crate::backlog::place::Intent;
use crate::backlog::store::{ClaimRequest, Progress, Who};
use crate::backlog::transfer::{self, Moved};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::pause;
use crate::fleet::roster;
use crate::plain::{self, Notation, Patient, Unreadable};

/// How often an export is begun whose connection the server ends.
// A process whose connection was ended so often is stopped all the time, and would never come to
// its end.
const EXPORT_TRIES: u32 = 5;

/// Names that are tried for a temporary file.
const NAMES: u32 = 1000;

/// Performs an action on the backlog.
///
/// # Errors
/// Whatever the backlog refuses or fails at.
pub(in crate::app) fn perform(site: &Site, mut action: BacklogAction, console: Console) -> Result<Report> {
    // An export makes a file at most; whoever opens a backlog to change it brings its schema up to date.
    let reads = !action.writes() || matches!(action, BacklogAction::Export(_));
    if matches!(action, BacklogAction::Export(None)) && !console.owned {
        return Err(invalid("export", "names no file, and the screen takes no output", "`:backlog export FILE`"));
    }
    let me = place::me(site);
    let pause = match &action {
        BacklogAction::Claim(request) => {
            lives_here(site, &me, &request.owner)?;
            held_up(site, &me)
        }
        _ => None,
    };
    if me.is_agent {
        names_its_token(&action)?;
    }
    let mut line = ProgressLine::new(console.owned);
    let intent = if reads { Intent::Read } else { Intent::Write };
    // What is typed wrong is said before anything is made.
    let ready = prepare(&mut action, console)?;
    let opened = place::place(site)?.open(intent, me.who.clone(), &mut |what, count| line.tell(what, count));
    let mut backlog = opened?;
    if let (Some(refusal), BacklogAction::Claim(request)) = (pause, &action)
        && !is_own(&me.who, &mut backlog, request)?
    {
        return Err(refusal);
    }
    if let BacklogAction::Complete { id, token } = &action
        // Before the plain completion, as in a pipeline a worker's word may only lead to the next stage.
        && let Some(report) = pipeline::complete(site, &mut backlog, id, *token)?
    {
        return Ok(report);
    }
    run(site, &mut backlog, action, ready, console, &mut line)
}

/// Refuses a claim for an agent that the roster has on another host: a claim names the host where it is made, and there the
/// agent would count as one without work.
fn lives_here(site: &Site, me: &Me, owner: &str) -> Result<()> {
    // An agent that claims for itself is here: its roster is not read for that.
    if me.is_agent && me.who.actor == owner {
        return Ok(());
    }
    // Without a roster that can be read nobody is known to be elsewhere.
    let Ok(roster) = roster::load(site) else { return Ok(()) };
    match roster.agents.iter().find(|agent| agent.name.as_str() == owner && roster.is_remote(agent, site)) {
        Some(agent) => Err(Failure::new(
            Kind::Refused,
            format!("claim for {owner}"),
            format!("it lives on {}, and a claim belongs to the host where it is made", agent.host),
            format!("run this command on {}", agent.host),
        )),
        None => Ok(()),
    }
}

/// Why an agent's claim waits while the fleet is paused; an operator's own goes on.
fn held_up(site: &Site, me: &Me) -> Option<Failure> {
    pause::read(&site.home).filter(|_| me.is_agent).map(|paused| pause::refusal(&paused, "claim"))
}

/// Whether an agent asks for a card that it made itself and nobody ever held: by blocking that one it reaches a person, in a
/// pause too.
fn is_own(who: &Who, backlog: &mut Backlog, request: &ClaimRequest) -> Result<bool> {
    let Some(id) = &request.id else { return Ok(false) };
    let Detail { card, history, .. } = backlog.detail(id)?;
    // The newest history only: where the first line of it is not the card's own first, others had their hands on it.
    let made = history.first().is_some_and(|event| event.kind == EventKind::Created && event.actor == who.actor);
    Ok(made && card.attempts == 0 && card.assignee == request.owner)
}

/// Refuses an agent what only an operator does without a claim: past its token it would end another one's work, and past
/// the pipeline it would end its own unread.
fn names_its_token(action: &BacklogAction) -> Result<()> {
    let refused = |what: &str, id: &CardId, why: &str, next: String| {
        Err(Failure::new(Kind::Refused, format!("{what} {id}"), why, next))
    };
    match action {
        BacklogAction::Complete { id, token: None } => refused(
            "complete",
            id,
            "an agent names the token of its claim",
            format!("`mosaic-tui backlog complete --id {id} --token TOKEN`, with the token that stands in the brief"),
        ),
        BacklogAction::Block { id, token: None, .. } => refused(
            "block",
            id,
            "an agent names the token of its claim",
            format!(
                "`mosaic-tui backlog block --id {id} --token TOKEN --reason TEXT`, with the token that stands in the brief"
            ),
        ),
        // Whatever its expiry: with it went the work of whoever holds the card. What is over returns without a name.
        BacklogAction::Reclaim(Some(id)) => refused(
            "reclaim",
            id,
            "an agent takes no claim away, as it may be another's",
            format!(
                "`mosaic-tui backlog reclaim` without `--id` returns what is over; the supervisor frees the cards of \
                 agents that are gone, and `mosaic-tui backlog block --id {id} --token TOKEN --reason TEXT` gives up \
                 one's own"
            ),
        ),
        BacklogAction::Edit { id, fields, .. } if fields.given.stage.is_some() => refused(
            "edit",
            id,
            "what leads a card from stage to stage is its completion, its review and the gate, and no agent's edit",
            format!("`mosaic-tui backlog complete --id {id} --token TOKEN` hands it on"),
        ),
        _ => Ok(()),
    }
}

fn brief(
    site: &Site,
    backlog: &mut Backlog,
    id: &CardId,
    owner: Option<&str>,
    folder: Option<&Path>,
) -> Result<Report> {
    let detail = backlog.detail(id)?;
    let held = Terms::of(&detail.card);
    let terms = match owner {
        // The token of a claim is for whoever holds it.
        Some(owner) if held.owner != Some(owner) => Terms { owner: Some(owner), token: None, expires: None, ..held },
        _ => held,
    };
    let pipeline = pipeline::of_fleet(site)?;
    let text = super::brief::brief(site, &detail, &Terms { folder, ..terms }, pipeline.as_ref())?;
    Ok(Report::done(text.trim_end(), &json!({ "card": id, "text": text })).in_markdown())
}

/// Reads the files that a request names.
fn prepare(action: &mut BacklogAction, console: Console) -> Result<Patch> {
    match action {
        BacklogAction::Create { fields, .. } | BacklogAction::Edit { fields, .. } => {
            let patch = patch(std::mem::take(&mut **fields), console)?;
            checks::check(&patch)?;
            Ok(patch)
        }
        _ => Ok(Patch::default()),
    }
}

fn run(
    site: &Site,
    backlog: &mut Backlog,
    action: BacklogAction,
    mut patch: Patch,
    console: Console,
    line: &mut ProgressLine,
) -> Result<Report> {
    match action {
        BacklogAction::Create { id, fields: _, idempotency_key, blocked } => {
            let new =
                NewCard { id, title: patch.title.take().unwrap_or_default(), fields: patch, idempotency_key, blocked };
            backlog.create(&new).and_then(|outcome| {
                let missing = missing_dependencies(backlog, &outcome)?;
                let mut report = print::outcome(&outcome, "created", "exists already");
                report.errors.extend(print::waits_for_missing(&outcome.card.id, &missing));
                Ok(report)
            })
        }
        BacklogAction::List(query) => {
            let told = |cards: Vec<_>| Report::done(print::list(&cards, &site.host, console.width), &cards);
            backlog.store().list(&query).map(told)
        }
        BacklogAction::Brief { id, owner, folder } => brief(site, backlog, &id, owner.as_deref(), folder.as_deref()),
        BacklogAction::Show(id) => backlog.detail(&id).map(|detail| print::detail(&detail)),
        BacklogAction::Edit { id, if_version, .. } => backlog.edit(&id, &patch, if_version).map(|mut outcome| {
            // What it was before comes from the same transaction: read earlier, it could be
            // another one's change.
            let undo = outcome.before.take().map(|before| undo_edit(id, before, outcome.card.version, &patch));
            print::outcome(&outcome, "changed", "nothing changed").with_undo(undo)
        }),
        BacklogAction::Claim(request) => backlog.claim(&request).map(|card| print::claimed(card.as_ref(), &request)),
        BacklogAction::Renew { id, owner, token, ttl_seconds } => {
            backlog.renew(&id, &owner, token, ttl_seconds).map(|outcome| print::outcome(&outcome, "renewed", ""))
        }
        BacklogAction::Reclaim(id) => backlog.reclaim(id.as_ref()).map(|cards| print::reclaimed(&cards, id.as_ref())),
        // What takes a change back is tied to the version that the change made: nobody else's is undone.
        BacklogAction::Link { from, to, if_version } => backlog.link(&from, &to, if_version).map(|outcome| {
            let report = print::outcome(&outcome, &format!("depends on {to}"), &format!("depends on {to} already"));
            let undo = BacklogAction::Unlink { from, to, if_version: version(&outcome) };
            report.with_undo(outcome.changed.then_some(Action::Backlog(undo)))
        }),
        BacklogAction::Unlink { from, to, if_version } => backlog.unlink(&from, &to, if_version).map(|outcome| {
            let report =
                print::outcome(&outcome, &format!("no longer depends on {to}"), &format!("did not depend on {to}"));
            let undo = BacklogAction::Link { from, to, if_version: version(&outcome) };
            report.with_undo(outcome.changed.then_some(Action::Backlog(undo)))
        }),
        BacklogAction::Block { id, token, reason, if_version } => {
            backlog.block(&id, token, &reason, if_version).map(|outcome| {
                // A claim that the parking ended cannot be given back.
                let was_ready = outcome.before.as_ref().is_some_and(|before| before.status == Status::Ready);
                let undo = BacklogAction::Unblock { id, if_version: version(&outcome) };
                let report = print::outcome(&outcome, "blocked", "is blocked already")
                    .with_undo((outcome.changed && was_ready).then_some(Action::Backlog(undo)));
                stuck::reach_a_person(site, &outcome, report)
            })
        }
        BacklogAction::Unblock { id, if_version } => backlog.unblock(&id, if_version).map(|mut outcome| {
            let reason = outcome.before.take().map(|before| before.block_reason).unwrap_or_default();
            let undo = BacklogAction::Block { id, token: None, reason, if_version: version(&outcome) };
            let report = print::outcome(&outcome, "unblocked", "is not blocked")
                .with_undo(outcome.changed.then_some(Action::Backlog(undo)));
            stuck::goes_on(site, &outcome, report)
        }),
        BacklogAction::Complete { id, token } => {
            let done =
                |outcome: Outcome| stuck::goes_on(site, &outcome, print::outcome(&outcome, "done", "is done already"));
            backlog.complete(&id, token).map(done)
        }
        BacklogAction::Stats => {
            let place = backlog.store().place();
            backlog.store().figures().map(|figures| print::stats(&figures, &place, &place::who(site)))
        }
        BacklogAction::Goals => backlog.goals().map(|goals| print::goals(&goals, console.width)),
        BacklogAction::Graph { dot } => backlog.store().graph().map(|graph| print::graph(&graph, dot)),
        BacklogAction::Export(file) => export(backlog, file.as_deref(), line),
        BacklogAction::Import(file) => import(backlog, &file, console, line),
        // Opening it for a change did it.
        BacklogAction::Migrate => {
            let place = backlog.store().place();
            Ok(Report::done(format!("{place}: the schema is up to date"), &json!({ "place": place })))
        }
        BacklogAction::Doctor => doctor(backlog),
    }
}

/// What a new card waits for and nobody made yet. It may come; a slip in an id never does.
fn missing_dependencies(backlog: &mut Backlog, outcome: &Outcome) -> Result<Vec<CardId>> {
    let on = &outcome.card.depends_on;
    if !outcome.changed || on.is_empty() {
        return Ok(Vec::new());
    }
    let there = backlog.store().nodes(on)?;
    Ok(on.iter().filter(|id| !there.iter().any(|node| node.id == **id && node.column.is_some())).copied().collect())
}

fn version(outcome: &Outcome) -> Option<i64> {
    Some(outcome.card.version)
}

/// The edit that restores what this one changed, and only if nobody else changed it since.
fn undo_edit(id: CardId, before: Card, version: i64, patch: &Patch) -> Action {
    let given = Patch {
        title: patch.title.as_ref().map(|_| before.title),
        body: None,
        phase: patch.phase.as_ref().map(|_| before.phase),
        priority: patch.priority.map(|_| before.priority),
        priority_by: patch.priority_by.map(|by| by.saturating_neg()),
        depends_on: patch.depends_on.as_ref().map(|_| before.depends_on),
        assignee: patch.assignee.as_ref().map(|_| before.assignee),
        goal: patch.goal.as_ref().map(|_| before.goal),
        stage: patch.stage.as_ref().map(|_| before.stage),
        branch: patch.branch.as_ref().map(|_| before.branch),
        paths: patch.paths.as_ref().map(|_| before.paths),
        ttl_seconds: patch.ttl_seconds.map(|_| before.ttl_seconds),
        rounds: patch.rounds.map(|_| before.rounds),
        acceptance: None,
        // An edit can set a figure and not take it away, so one that was not there stays.
        spend_projected: patch.spend_projected.and(before.spend_projected),
        spend_actual: patch.spend_actual.and(before.spend_actual),
    };
    let acceptance = || before.acceptance.as_ref().map(ToString::to_string).unwrap_or_default();
    let fields = Fields {
        body: patch.body.as_ref().map(|_| Text::Given(before.body)),
        acceptance: patch.acceptance.as_ref().map(|_| Text::Given(acceptance())),
        given,
    };
    // A step is taken back by the opposite step, whatever happened between.
    let priority_by = fields.given.priority_by;
    let step = Fields { given: Patch { priority_by, ..Patch::default() }, ..Fields::default() };
    let if_version = (fields != step).then_some(version);
    Action::Backlog(BacklogAction::Edit { id, fields: Box::new(fields), if_version })
}

fn invalid(what: impl Into<String>, why: impl Into<String>, next: &str) -> Failure {
    Failure::new(Kind::Invalid, what, why, next)
}

fn patch(fields: Fields, console: Console) -> Result<Patch> {
    let body = fields.body.map(|text| read_text(&text, "body", console)).transpose()?;
    let acceptance = match fields.acceptance {
        None => None,
        Some(text) => match read_text(&text, "acceptance", console)?.as_str() {
            // An empty argument takes the list away; a missing one leaves it.
            "" if matches!(text, Text::Given(_)) => Some(Value::Null),
            text => Some(serde_json::from_str(text).map_err(|error| {
                let why = format!("is not JSON: {}", plain::plain_words(&error.to_string(), Notation::Json));
                invalid("acceptance", why, "give JSON such as '[\"tests pass\"]', or @FILE")
            })?),
        },
    };
    // Editors on other systems end lines with two characters; one of them would act on a terminal.
    Ok(Patch { body: body.map(|text| text.replace("\r\n", "\n")), acceptance, ..fields.given })
}

/// A text of a card.
fn read_text(text: &Text, what: &str, console: Console) -> Result<String> {
    text::read(text, MAX_BODY_BYTES, console, (what, "name a file, or pipe the text in"), |what, why| {
        let failure = Failure::unreadable(what, &why);
        match why {
            Unreadable::TooLarge(_) => Failure { next: "name the file in the card instead".to_owned(), ..failure },
            _ => failure,
        }
    })
}

fn export(backlog: &mut Backlog, file: Option<&Path>, line: &mut ProgressLine) -> Result<Report> {
    let mut progress = |what: &str, count: u64| line.tell(what, count);
    let Some(path) = file else {
        // Whoever reads slowly must not hold the store: an old moment of it keeps a file's log from being emptied,
        // and a server ends it.
        let mut whole = unnamed_file("export")?;
        export_into(backlog, &whole, &mut progress)?;
        whole.rewind().map_err(|error| Failure::failed("export", error.to_string(), "free some space"))?;
        // Standard output may be a pipe that somebody made non-blocking, and then a full one is an error.
        let mut out = Patient::new(std::io::stdout());
        // Whoever reads no more has had enough.
        let _closed = output::written(std::io::copy(&mut whole, &mut out).map(drop))?;
        return Ok(Report::done("", &Value::Null));
    };
    let what = || format!("export {}", path.display());
    let refused = |why: &str, next: &str| Failure::new(Kind::Refused, what(), why, next);
    // Never over what is there, which may be the only copy.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let is_file = std::fs::metadata(path).is_ok_and(|meta| meta.is_file());
        if error.kind() == std::io::ErrorKind::AlreadyExists && !is_file {
            refused("exists, and is not a file", "choose another name, or `-` for a pipe")
        } else if error.kind() == std::io::ErrorKind::AlreadyExists {
            refused("the file exists already", "remove it, or choose another name")
        } else {
            Failure::failed(what(), error.to_string(), "check the name and its rights")
        }
    })?;
    let written = export_into(backlog, &file, &mut progress).and_then(|moved| {
        // It may be the only copy: it counts as written once it is on the disk.
        let synced = file.sync_all().map(|()| moved);
        synced.map_err(|error| Failure::failed(what(), error.to_string(), "free some space"))
    });
    match written {
        Ok(moved) => Ok(print::moved(&moved, "exported", path)),
        Err(failure) => {
            // Half an export is worse than none.
            let _gone = std::fs::remove_file(path);
            Err(failure)
        }
    }
}

/// Writes everything into a new file; from its beginning again when the server ended the connection meanwhile. It does
/// that with one that rests for a minute in a transaction, such as of a process that was stopped (Ctrl-Z).
fn export_into(backlog: &mut Backlog, mut file: &std::fs::File, progress: Progress<'_>) -> Result<Moved> {
    for _ in 1..EXPORT_TRIES {
        let mut out = BufWriter::with_capacity(1 << 16, file);
        match transfer::export(backlog, &mut out, progress) {
            Err(error) if error.again == Some(Again::Lost) => {}
            done => return done,
        }
        // What is left in it must not come behind the new beginning.
        let _file = out.into_parts();
        file.set_len(0).and_then(|()| file.rewind()).map_err(|error| transfer::export_failed(&error))?;
    }
    // What the last one says is told.
    transfer::export(backlog, &mut BufWriter::with_capacity(1 << 16, file), progress)
}

fn import(backlog: &mut Backlog, path: &Path, console: Console, line: &mut ProgressLine) -> Result<Report> {
    let unreadable = |why: Unreadable| {
        let failure = Failure::unreadable(format!("import {}", path.display()), &why);
        if why.is_missing() { Failure { kind: Kind::NotFound, ..failure } } else { failure }
    };
    let file = if path == Path::new("-") {
        whole(standard_input::take("import -", "name a file, or pipe the export in")?)?
    } else {
        let file = console.open(path).map_err(unreadable)?;
        // A file is read as fast as it is asked for; only what somebody sends is not.
        // A named pipe is a file as well, and as slow as whoever writes into it.
        let regular = file.metadata().is_ok_and(|meta| meta.is_file());
        if regular { file } else { whole(file)? }
    };
    let mut input = BufReader::with_capacity(1 << 16, file);
    plain::skip_mark(&mut input).map_err(unreadable)?;
    let moved = transfer::import(backlog, &mut input, &mut |what, count| line.tell(what, count))?;
    Ok(print::moved(&moved, "imported", path))
}

/// All of an input in a file without a name: whoever types or sends slowly must not hold the store.
fn whole(mut input: impl std::io::Read) -> Result<std::fs::File> {
    let mut file = unnamed_file("import")?;
    let failed = |error: std::io::Error| Failure::failed("import", error.to_string(), "check the temporary folder");
    std::io::copy(&mut input, &mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok(file)
}

/// A file in the temporary folder that is gone with this process.
fn unnamed_file(what: &str) -> Result<std::fs::File> {
    unnamed_file_in(&crate::fleet::home::temporary_folder(), what)
}

fn unnamed_file_in(folder: &Path, what: &str) -> Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let options = options.read(true).write(true).create_new(true).mode(0o600);
    let mut number = 0;
    let (path, made) = loop {
        let path = folder.join(format!("mosaic-{what}-{}-{number}", std::process::id()));
        match options.open(&path) {
            // Others make files there as well, and a command that was killed has left its own.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < NAMES => number += 1,
            made => break (path, made),
        }
    };
    let failed = |error: std::io::Error| {
        let why = format!("cannot use {} ({error})", path.display());
        Failure::failed(what, why, "check the temporary folder, or set TMPDIR to another")
    };
    let file = made.map_err(failed)?;
    // At once: a command that is killed leaves nothing, as the kernel frees a file without a name
    // with its last holder.
    std::fs::remove_file(&path).map_err(failed)?;
    Ok(file)
}

fn doctor(backlog: &mut Backlog) -> Result<Report> {
    let mut problems = backlog.store().check()?;
    let graph = backlog.store().graph()?;
    let known: std::collections::HashSet<_> = graph.nodes.iter().map(|node| &node.id).collect();
    problems.extend(
        graph
            .edges
            .iter()
            .filter(|(_, on)| !known.contains(on))
            .map(|(card, on)| format!("card {card} depends on {on}, which does not exist, and is never claimable")),
    );
    // The rules let none come about; a restored dump or a hand in the database may.
    if let Some(cycle) = graph.cycle() {
        let names: Vec<&str> = cycle.into_iter().map(CardId::as_str).collect();
        problems.push(format!("cycle: {}", names.join(" -> ")));
    }
    let figures = backlog.store().figures()?;
    let place = backlog.store().place();
    let mut text: Vec<String> = problems.iter().map(|problem| safe_line(problem)).collect();
    text.push(match problems.len() {
        0 => format!("{place}: no problems, {} cards, {} edges", graph.nodes.len(), graph.edges.len()),
        count => format!("{place}: {count} problems"),
    });
    if figures.expired_claims > 0 {
        text.push(format!("{} expired claims; `mosaic-tui backlog reclaim` returns them", figures.expired_claims));
    }
    let json = json!({
        "place": place,
        "problems": problems,
        "expired_claims": figures.expired_claims,
        "cards": graph.nodes.len(),
        "edges": graph.edges.len(),
    });
    let report = Report::done(text.join("\n"), &json);
    Ok(if problems.is_empty() { report } else { report.with_code(FAILED) })
}

fn safe_line(text: &str) -> String {
    crate::fleet::model::printable(text).replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_temporary_name_that_is_taken_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let pid = std::process::id();
        let taken = [format!("mosaic-import-{pid}"), format!("mosaic-import-{pid}-0")];
        for name in &taken {
            std::fs::write(folder.path().join(name), "theirs").unwrap();
        }
        let mut file = unnamed_file_in(folder.path(), "import").unwrap();
        file.write_all(b"ours").unwrap();
        for name in &taken {
            assert_eq!(std::fs::read_to_string(folder.path().join(name)).unwrap(), "theirs");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), taken.len());
        assert!(unnamed_file_in(&folder.path().join("gone"), "import").is_err());
    }
}
