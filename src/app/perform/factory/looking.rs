//! What a tick sees, put together from the observer's snapshot and the backlog.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::desk::Desk;
use super::gate_card;
use super::known::Known;
use super::others::{self, Others};
use super::steps::paused;
use crate::app::factory::{Blocked, Cards, Held, REVIEWER, Role, Seat, Settings, Waiting};
use crate::app::perform::backlog::pipeline;
use crate::backlog::model::{
    BoardQuery, CardId, CardLine, EventKind, HeldCard, Lane, Stamp, Status, Supervising, Takers, Term, TermField,
    Terms, is_held_on,
};
use crate::backlog::operations::Backlog;
use crate::backlog::store::LATE;
use crate::fleet::checks;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::lifecycle;
use crate::fleet::model::{ActiveState, AgentName, AgentRow, Flag, FleetSnapshot, Readiness};
use crate::fleet::north_star;
use crate::fleet::os::process;
use crate::fleet::pipeline::{End, Pipeline};
use crate::fleet::roster::{Agent, ENHANCING_CLASS, Lifespan, Roster};

/// Cards read of each column: more than agents can take in one tick.
// A backlog may hold a million cards, and a tick reads it whenever it changed.
const MAX_CARDS: u64 = 200;

/// Cards read for one class or agent where that is not enough.
const MAX_FOR_ONE: u64 = 50;

/// Lines of the history that are read between two ticks at most: what is older than so many ended long ago.
const MAX_NEWS: u32 = 100_000;

/// Lines of a card's history in which its claim is looked for; those behind it are renewals.
const MAX_LINES: u32 = 200;

/// The agents of this host as seats; `is_busy` tells with which of them something is under way, `asks_for_age` of which of
/// them it matters when their process began.
pub(super) fn seats(
    site: &Site,
    roster: &Roster,
    snapshot: &FleetSnapshot,
    is_busy: &dyn Fn(AgentName) -> bool,
    asks_for_age: &dyn Fn(AgentName) -> bool,
) -> Vec<Seat> {
    // Those of other hosts have a supervisor there, and two would give one agent two cards.
    let local = roster.agents.iter().filter(|agent| !roster.is_remote(agent, site));
    local
        .map(|agent| {
            // A stranger's session may have the name of an agent that is not up.
            let row = snapshot.agents.iter().find(|row| row.managed && row.name.as_str() == agent.name.as_str());
            let mut seat = seat(site, roster, agent, row.map(AsRef::as_ref), is_busy(agent.name));
            // It is one file of `/proc` for each, which is not read for those of whom nobody asks.
            if asks_for_age(agent.name) {
                seat.began = row.and_then(|row| row.pane.as_ref()).and_then(|pane| process::began(pane.pid));
            }
            seat
        })
        .collect()
}

/// What an agent is to the fleet as a whole.
fn role(roster: &Roster, agent: &Agent) -> Role {
    if roster.is_lead(agent) {
        Role::Lead
    } else if agent.class == ENHANCING_CLASS {
        Role::Enhancer
    } else {
        Role::Worker
    }
}

/// How the factory is run, by the roster.
pub(super) fn settings(site: &Site, roster: &Roster) -> Settings {
    let remote = || roster.agents.iter().filter(|agent| roster.is_remote(agent, site));
    Settings {
        linger: roster.supervise.linger,
        concurrency: roster.supervise.concurrency.clone(),
        elsewhere: remote().flat_map(|agent| [agent.name.to_string(), agent.class.clone()]).collect(),
        workers_elsewhere: remote().any(|agent| role(roster, agent) == Role::Worker),
    }
}

fn seat(site: &Site, roster: &Roster, agent: &Agent, row: Option<&AgentRow>, busy: bool) -> Seat {
    // One that no snapshot shows yet is not known.
    let readiness = row.map_or(Readiness::Unknown, |row| row.readiness);
    let lives = |row: &AgentRow| row.process.as_ref().is_some_and(|process| process.alive);
    Seat {
        name: agent.name,
        class: agent.class.clone(),
        role: role(roster, agent),
        lifespan: agent.lifespan,
        readiness,
        began: None,
        reason: row.map(|row| row.reason.to_string()).unwrap_or_default(),
        // A session that ended may leave a process which still writes; then the claim stays.
        gone: row.is_some_and(|row| row.readiness == Readiness::Dead && !lives(row)),
        // One that comes with work was mostly stopped as there was none, and that is no wish of anybody.
        stopped: row.is_some_and(|row| row.has(Flag::Stopped))
            && (agent.lifespan != Lifespan::Ephemeral || lifecycle::stays_stopped(site, &agent.name)),
        restarting: row
            .and_then(|row| row.systemd.as_ref())
            // systemd is about to do it: a second start beside it would be one too many.
            .is_some_and(|unit| matches!(unit.active, ActiveState::Activating | ActiveState::Deactivating)),
        unkept: row.is_some_and(|row| checks::lacks_keeper(site, row)),
        drafted: row.and_then(|row| row.pane.as_ref()).is_some_and(|pane| pane.drafted),
        busy,
        unasked: false,
    }
}

/// Whether nobody asked for a seat's cards: it came by an edit of the roster while the backlog was looked at.
pub(super) fn is_unasked(seat: &Seat, asked: &BTreeSet<String>) -> bool {
    !(asked.contains(seat.name.as_str()) && asked.contains(&seat.class))
}

/// Whose cards are asked for: every name and class among the seats, and cards for anyone.
pub(super) fn assignees(seats: &[Seat]) -> BTreeSet<String> {
    let named = seats.iter().flat_map(|seat| [seat.name.to_string(), seat.class.clone()]);
    named.chain([String::new()]).collect()
}

/// What is asked of the backlog for a tick.
pub(super) struct Ask {
    /// Whose cards.
    pub assignees: BTreeSet<String>,
    /// Cards of which it matters whether they ended.
    pub asked: BTreeSet<CardId>,
    /// Up to which line of the history is known which cards ended.
    pub line: Option<i64>,
    pub pipeline: Option<Arc<Pipeline>>,
    /// For whom cards are given out here.
    pub takers: Takers,
    /// For how many seconds the others may go by that; `None` tells them nothing.
    pub says: Option<i64>,
    /// Whether cards go on to their next stages first, where nobody has paused the fleet by then.
    pub moves_on: bool,
    /// Nothing more is read where the backlog is still what this says.
    pub unless: Option<String>,
}

/// What came of it.
pub(super) struct Looked {
    /// What differs whenever somebody may have changed something; empty where that cannot be asked.
    pub revision: String,
    /// What the tick needs; `None` where it was not asked for.
    pub found: Option<Found>,
}

/// The backlog as it was found.
pub(super) struct Found {
    /// How it went to bring the cards to their next stages.
    pub moved: Result<()>,
    pub cards: Result<Cards>,
}

/// Looks at the backlog. Each question is one of its own, so that those of deliveries come in between.
pub(super) async fn look(site: &Site, desk: &Desk, ask: Ask) -> Looked {
    // One that cannot be asked looks the same each time, and is read again when the interval is over.
    let revision = desk.with(|backlog| backlog.store().revision()).await.unwrap_or_default();
    if ask.unless.as_ref().is_some_and(|known| *known == revision) {
        return Looked { revision, found: None };
    }
    let moved = match ask.pipeline.clone().filter(|_| ask.moves_on) {
        Some(pipeline) => move_on(site, desk, pipeline).await,
        None => Ok(()),
    };
    let own = others::own(site, ask.takers.clone());
    let cards = desk.look(move |backlog, known| cards(backlog, &ask, &own, known)).await;
    Looked { revision, found: Some(Found { moved, cards }) }
}

/// Brings every card as far as the pipeline has it go by itself; that is in the history of each.
async fn move_on(site: &Site, desk: &Desk, pipeline: Arc<Pipeline>) -> Result<()> {
    let site = site.clone();
    let work = move |backlog: &mut Backlog, known: &mut Known| {
        // Asked here and not by whoever asks for it: until its turn has come the fleet may have been paused. A card that
        // moves on ends somebody's work and begins another's, and a pause holds up both.
        if paused(&site).is_some() {
            return Ok(Ok(()));
        }
        Ok(pipeline::advance(&site, &pipeline, backlog, &mut known.refused))
    };
    desk.look(work).await?
}

/// Tells one set of goals from the next; empty without any.
///
/// # Errors
/// When they cannot be read, which says nothing of what they are.
pub(super) fn goals(site: &Site) -> Result<String> {
    let path = north_star::file::path(site);
    // Never a plain read: a pipe of that name would hold up every tick.
    match crate::plain::read(&path, north_star::file::MAX_BYTES) {
        Ok(text) => Ok(fingerprint(text.as_bytes())),
        Err(why) if why.is_missing() => Ok(String::new()),
        Err(why) => Err(Failure::unreadable(path.display().to_string(), &why)),
    }
}

/// Reads what a tick needs of the backlog.
fn cards(backlog: &mut Backlog, ask: &Ask, own: &Supervising, known: &mut Known) -> Result<Cards> {
    let Ask { assignees, asked, line, .. } = ask;
    let board = backlog.store().board(&BoardQuery { limit: MAX_CARDS, ..BoardQuery::default() })?;
    let [_, ready, _, stuck, _] = board.lanes;
    // A backlog that nobody has made yet is not made by this either.
    let others = others::meet(backlog, own, ask.says.filter(|_| board.counts.total() > 0), known)?;
    let waiting = waiting(backlog, ready, assignees, (known, ask.pipeline.as_deref()))?;
    let held = held(board.claims, board.now, assignees, &own.host);
    let blocked = blocked(backlog, stuck.cards, &others, known)?;
    let (over, line) = if assignees.contains(REVIEWER) {
        over(backlog, *line, &others, &mut known.lines)?
    } else {
        (Vec::new(), None)
    };
    let mut ended = BTreeSet::new();
    for id in asked {
        if backlog.store().card(id)?.is_none_or(|card| card.status == Status::Done) {
            ended.insert(*id);
        }
    }
    let elsewhere = others.elsewhere();
    Ok(Cards { waiting, held, blocked, over, ended, elsewhere, line, counts: board.counts })
}

/// The cards that ended behind a line of the history, done or failed, and the newest line. At the first time nobody asks
/// about the past, and at those of another host somebody looks back there, where it has such a seat.
fn over(
    backlog: &mut Backlog,
    line: Option<i64>,
    others: &Others,
    read: &mut BTreeSet<i64>,
) -> Result<(Vec<CardId>, Option<i64>)> {
    // A fleet that gets such a seat later would else be sent through its whole past.
    let Some(line) = line else {
        let newest = backlog.store().recent(0, 1)?;
        return Ok((Vec::new(), Some(newest.last().map_or(0, |(line, _)| *line))));
    };
    // A line that was committed late may have a smaller number than one that was read before it.
    let from = line.saturating_sub(LATE);
    if read.is_empty() {
        let before = backlog.store().recent(from, MAX_NEWS)?;
        read.extend(before.into_iter().map(|(number, _)| number).filter(|number| *number <= line));
    }
    let mut limit = MAX_LINES;
    let mut news = backlog.store().recent(from, limit)?;
    // Only the newest come: after a night without a supervisor, or an import, there are more of them.
    while news.len() >= usize::try_from(limit).unwrap_or(usize::MAX) && limit < MAX_NEWS {
        limit = limit.saturating_mul(8).min(MAX_NEWS);
        news = backlog.store().recent(from, limit)?;
    }
    let newest = news.last().map_or(line, |(number, _)| *number).max(line);
    news.retain(|(number, _)| read.insert(*number));
    *read = read.split_off(&newest.saturating_sub(LATE));
    let ended = news.into_iter().filter(|(_, event)| match event.kind {
        EventKind::Completed => true,
        // What an operator parked is the operator's.
        EventKind::Blocked => event.detail.get("owner").is_some_and(|owner| owner.as_str().is_some()),
        _ => false,
    });
    let ours = ended.filter(|(_, event)| !others.has(&event.host, REVIEWER));
    Ok((ours.map(|(_, event)| event.card_id).collect(), Some(newest)))
}

/// The cards that can be claimed. Where there are more than one query reads, each class and agent is asked about by
/// itself: a thousand cards for others must not hide the one for it.
fn waiting(
    backlog: &mut Backlog,
    lane: Lane,
    assignees: &BTreeSet<String>,
    (known, pipeline): (&mut Known, Option<&Pipeline>),
) -> Result<Vec<Waiting>> {
    let mut lines = lane.cards;
    if lane.count > MAX_CARDS {
        let mut seen: BTreeSet<CardId> = lines.iter().map(|line| line.id).collect();
        for assignee in assignees {
            let term = Term { field: TermField::Assignee, text: assignee.clone(), inverted: false };
            let query = BoardQuery { terms: Terms(vec![term]), limit: MAX_FOR_ONE, ..BoardQuery::default() };
            let [_, ready, ..] = backlog.store().board(&query)?.lanes;
            lines.extend(ready.cards.into_iter().filter(|line| seen.insert(line.id)));
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.priority));
    }
    let is_review = |stage: &str| {
        pipeline.and_then(|pipeline| pipeline.stage(stage)).is_some_and(|(stage, _)| stage.moves_on == End::Approved)
    };
    let mut authors = BTreeMap::new();
    let mut all = Vec::new();
    for line in lines {
        let mut of_card = Vec::new();
        if is_review(&line.stage) {
            let key = (line.id, line.version);
            of_card = match known.authors.get(&key) {
                Some(known) => known.clone(),
                // Of everything that waits only these: a history may be long.
                None => gate_card::workers(&backlog.store().history(&line.id, gate_card::HISTORY)?),
            };
            authors.insert(key, of_card.clone());
        }
        all.push(Waiting { id: line.id, assignee: line.assignee, authors: of_card });
    }
    known.authors = authors;
    Ok(all)
}

fn held(claims: Vec<HeldCard>, now: Stamp, names: &BTreeSet<String>, host: &str) -> Vec<Held> {
    let held = claims.into_iter().map(|HeldCard { id, claim, .. }| {
        // Of which nobody knows where it was claimed is taken for ours: an agent that holds a card must not get a second one.
        let here = names.contains(&claim.owner) && is_held_on(&claim.host, host, host);
        Held { id, since: claim.since, here, expired: claim.expires_at < now, owner: claim.owner }
    });
    held.collect()
}

/// Cards that their workers could not go on with; what an operator parked is the operator's, and what an agent of another
/// host said reaches a person there, where somebody supervises.
fn blocked(backlog: &mut Backlog, lines: Vec<CardLine>, others: &Others, known: &mut Known) -> Result<Vec<Blocked>> {
    let mut owners = BTreeMap::new();
    let mut all = Vec::new();
    for line in lines {
        let key = (line.id, line.version);
        let owner = match known.owners.remove(&key) {
            Some(owner) => owner,
            None => {
                let lines = backlog.store().history(&line.id, MAX_LINES)?;
                let last = lines.iter().rev().find(|line| line.kind == EventKind::Blocked);
                last.and_then(|line| Some((line.detail.get("owner")?.as_str()?.to_owned(), line.host.clone())))
            }
        };
        if let Some((owner, _)) = owner.as_ref().filter(|(_, host)| !others.looks_after(host)) {
            all.push(Blocked { id: line.id, owner: owner.clone(), reason: line.block_reason });
        }
        owners.insert(key, owner);
    }
    known.owners = owners;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::factory::Elsewhere;
    use crate::backlog::model::{NewCard, Patch};
    use crate::backlog::place::{Intent, Location};
    use crate::backlog::store::{ClaimRequest, Who};

    fn own(host: &str) -> Supervising {
        Supervising { host: host.to_owned(), home: "/home".to_owned(), takers: Takers::default() }
    }

    /// What is asked for these names, and for anyone.
    fn ask(names: &[&str]) -> Ask {
        Ask {
            assignees: names.iter().copied().chain([""]).map(str::to_owned).collect(),
            asked: BTreeSet::new(),
            line: None,
            pipeline: None,
            takers: Takers { names: names.iter().map(|name| (*name).to_owned()).collect(), anyone: true },
            says: None,
            moves_on: false,
            unless: None,
        }
    }

    #[test]
    fn a_claim_belongs_to_the_agent_of_the_host_where_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let who = Who { actor: "a".into(), tenant_id: "t".into(), host: "here".into() };
        let place = Location::File(folder.path().join("backlog.db"));
        let mut backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
        let (id, title) = (CardId::parse("A1").unwrap(), "a card".to_owned());
        let new = NewCard { id, title, fields: Patch::default(), idempotency_key: None, blocked: false };
        backlog.create(&new).unwrap();
        let request = ClaimRequest { owner: "code0".into(), ttl_seconds: None, id: None, phase: None, assignee: None };
        backlog.claim(&request).unwrap().unwrap();
        let mut known = Known::default();
        // As after a request for cards, which only wants to know what is done.
        let mut look = |names: &[&str], host: &str| cards(&mut backlog, &ask(names), &own(host), &mut known).unwrap();
        assert!(!look(&[], "here").held[0].here);
        assert!(look(&["code0"], "here").held[0].here, "it was claimed on this host");
        assert!(!look(&["code0"], "there").held[0].here, "and is none of an agent of that name on another");
    }

    #[test]
    fn each_card_that_ended_is_told_once_however_many_did() {
        let folder = tempfile::tempdir().unwrap();
        let who = Who { actor: "op".into(), tenant_id: "t".into(), host: "here".into() };
        let place = Location::File(folder.path().join("backlog.db"));
        let mut backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
        let mut read = BTreeSet::new();
        let (none, line) = over(&mut backlog, None, &Others::default(), &mut read).unwrap();
        assert!(none.is_empty() && line.is_some());
        let many = 150;
        for number in 0..many {
            let (id, title) = (CardId::parse(&format!("A{number}")).unwrap(), "a card".to_owned());
            let new = NewCard { id, title, fields: Patch::default(), idempotency_key: None, blocked: false };
            backlog.create(&new).unwrap();
            backlog.complete(&id, None).unwrap();
        }
        let (ended, line) = over(&mut backlog, line, &Others::default(), &mut read).unwrap();
        assert_eq!(ended.len(), many, "three hundred lines between two ticks");
        assert!(over(&mut backlog, line, &Others::default(), &mut read).unwrap().0.is_empty(), "told before");
        assert!(
            over(&mut backlog, line, &Others::default(), &mut BTreeSet::new()).unwrap().0.is_empty(),
            "nor by the next supervisor"
        );
    }

    #[test]
    fn a_card_that_waits_for_a_review_names_who_wrote_it() {
        use crate::fleet::framework;

        let (path, text) = framework::pipelines().next().unwrap();
        let classes = BTreeSet::from(["code", "review", "merge-gate"]);
        let pipeline = crate::fleet::pipeline::parse(text, std::path::Path::new(path), &classes).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = Location::File(folder.path().join("backlog.db"));
        let as_who = |actor: &str| Who { actor: actor.into(), tenant_id: "t".into(), host: "here".into() };
        let mut backlog = place.open(Intent::Write, as_who("code0"), &mut |_, _| {}).unwrap();
        let id = CardId::parse("A1").unwrap();
        let stage = |stage: &str| Patch { stage: Some(stage.to_owned()), ..Patch::default() };
        let fields = Patch { assignee: Some("code".to_owned()), ..stage("code") };
        let new = NewCard { id, title: "a".to_owned(), fields, idempotency_key: None, blocked: false };
        backlog.create(&new).unwrap();
        let request =
            ClaimRequest { owner: "code0".into(), ttl_seconds: None, id: Some(id), phase: None, assignee: None };
        let claimed = backlog.claim(&request).unwrap().unwrap();
        backlog.release(&id, claimed.claim.unwrap().token, "").unwrap();
        let of_pipeline = Ask { pipeline: Some(Arc::new(pipeline)), ..ask(&["code"]) };
        let mut known = Known::default();
        let mut authors = |backlog: &mut Backlog| {
            cards(backlog, &of_pipeline, &own("here"), &mut known).unwrap().waiting[0].authors.clone()
        };
        assert_eq!(authors(&mut backlog), [] as [String; 0], "whoever had it goes on with it");
        backlog.edit(&id, &stage("review"), None).unwrap();
        assert_eq!(authors(&mut backlog), ["code0"]);
        assert_eq!(authors(&mut backlog), ["code0"], "as it was found out before");
        backlog.edit(&id, &stage("gate"), None).unwrap();
        assert_eq!(authors(&mut backlog), [] as [String; 0], "who merges it need not be another one");
    }

    #[test]
    fn what_agents_of_another_host_say_is_said_there_while_somebody_supervises() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::File(folder.path().join("backlog.db"));
        let on = |host: &str| {
            let who = Who { actor: "a".into(), tenant_id: "t".into(), host: host.into() };
            place.open(Intent::Write, who, &mut |_, _| {}).unwrap()
        };
        let (mut north, mut south) = (on("north"), on("south"));
        for (backlog, name, id) in [(&mut north, "code0", "N"), (&mut south, "docs0", "S")] {
            let (id, title) = (CardId::parse(id).unwrap(), "a card".to_owned());
            backlog
                .create(&NewCard { id, title, fields: Patch::default(), idempotency_key: None, blocked: false })
                .unwrap();
            let request =
                ClaimRequest { owner: name.into(), ttl_seconds: None, id: Some(id), phase: None, assignee: None };
            let claimed = backlog.claim(&request).unwrap().unwrap();
            backlog.block(&id, Some(claimed.last_claim_token), "no access", None).unwrap();
        }
        let look = |backlog: &mut Backlog, host: &str, names: &[&str]| {
            let ask = Ask { says: Some(60), ..ask(names) };
            let own = Supervising { takers: ask.takers.clone(), ..own(host) };
            cards(backlog, &ask, &own, &mut Known::default()).unwrap()
        };
        let blocked = |cards: &Cards| cards.blocked.iter().map(|one| one.id.to_string()).collect::<Vec<_>>();
        let alone = look(&mut north, "north", &["code0", "code"]);
        // Nobody looks after the other host, so all of it is said here.
        assert_eq!((blocked(&alone), alone.elsewhere), (vec!["N".to_owned(), "S".to_owned()], Elsewhere::default()));
        let there = look(&mut south, "south", &["docs0", "docs"]);
        assert_eq!(blocked(&there), ["S"]);
        assert!(there.elsewhere.anyone && there.elsewhere.names.contains("code"), "{:?}", there.elsewhere);
        let here = look(&mut north, "north", &["code0", "code"]);
        assert_eq!(blocked(&here), ["N"]);
        assert!(here.elsewhere.names.contains("docs0") && !here.elsewhere.names.contains("code0"));
    }

    #[tokio::test]
    async fn a_pause_that_comes_while_the_backlog_is_asked_holds_up_what_would_move_on() {
        use crate::app::perform::backlog::pipeline::word_on;
        use crate::app::perform::factory::desk::hung;
        use crate::fleet::gate::{self, Word};
        use crate::fleet::model::{Label, Pause};
        use crate::fleet::{framework, pause};

        let (path, text) = framework::pipelines().next().unwrap();
        let classes = BTreeSet::from(["code", "review", "merge-gate"]);
        let pipeline = Arc::new(crate::fleet::pipeline::parse(text, std::path::Path::new(path), &classes).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let site = Site { isolated: true, ..Site::for_tests(folder.path().to_str().unwrap()) };
        let who = || Who { actor: "op".into(), tenant_id: "t".into(), host: "here".into() };
        let open = || Location::of(None, None, &site.home).unwrap().open(Intent::Write, who(), &mut |_, _| {}).unwrap();
        let id = CardId::parse("A1").unwrap();
        let text = |text: &str| Some(text.to_owned());
        let fields =
            Patch { assignee: text("review"), stage: text("review"), branch: text("work/a"), ..Patch::default() };
        let new = NewCard { id, title: "a".to_owned(), fields, idempotency_key: None, blocked: false };
        let card = open().create(&new).unwrap().card;
        gate::say(&site, &word_on(&card, Word::Approved, "review0", "abc", "")).unwrap();
        let ask = || Ask { pipeline: Some(Arc::clone(&pipeline)), moves_on: true, ..super::tests::ask(&[]) };
        let stage = || open().store().card(&id).unwrap().unwrap().stage;
        let (desk, go_on) = hung(&site).await;
        let pauses = async {
            let pause = Pause { by: Label::new("op"), reason: Label::default(), since: None, until: None };
            pause::write(&site.home, &pause).unwrap();
            drop(go_on);
        };
        // Asked before, answered behind it.
        let (looked, ()) = tokio::join!(look(&site, &desk, ask()), pauses);
        looked.found.unwrap().moved.unwrap();
        assert_eq!(stage(), "review");
        std::fs::remove_file(pause::path(&site.home)).unwrap();
        look(&site, &desk, ask()).await.found.unwrap().moved.unwrap();
        assert_eq!(stage(), "gate");
    }

    #[test]
    fn only_a_seat_of_whose_cards_nobody_asked_is_one_of_which_nothing_is_known() {
        let site = Site::for_tests("/h");
        let text = |class: &str| {
            format!(
                "version: 1\ntmux: {{socket_name: s}}\nagents:\n  - {{name: a, runtime: stub, class: code}}\n  - {{name: b, runtime: stub, class: {class}}}\n"
            )
        };
        let seats = |class: &str| {
            let roster = crate::fleet::roster::parse(&text(class), std::path::Path::new("/x/r.yaml"), &site).unwrap();
            let agents = roster.agents.iter();
            agents.map(|agent| seat(&site, &roster, agent, None, false)).collect::<Vec<Seat>>()
        };
        let asked = assignees(&seats("code"));
        let unasked = |seats: Vec<Seat>| seats.iter().map(|seat| is_unasked(seat, &asked)).collect::<Vec<_>>();
        assert_eq!(unasked(seats("code")), [false, false]);
        assert_eq!(unasked(seats("review")), [false, true], "its class is another one by now");
    }
}
