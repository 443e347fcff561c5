//! What must hold of every tick, over random fleets and backlogs, and the steps one by one.

mod blame;
mod escalated;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::dispatch::{fit, is_free};
use super::*;
use crate::backlog::model::{CardId, Counts, Stamp};
use crate::fleet::model::{AgentName, Cause, Readiness, Subject};
use crate::fleet::roster::Lifespan;

const CLASSES: [&str; 5] = ["code", "review", "planner", "orchestrator", "enhancer"];

fn card(id: &str) -> CardId {
    CardId::parse(id).unwrap()
}

fn name(text: &str) -> AgentName {
    AgentName::parse(text).unwrap()
}

fn seat(agent: &str, class: &str, readiness: Readiness) -> Seat {
    let role = match class {
        "orchestrator" => Role::Lead,
        "enhancer" => Role::Enhancer,
        _ => Role::Worker,
    };
    Seat {
        name: name(agent),
        class: class.to_owned(),
        role,
        lifespan: Lifespan::Core,
        readiness,
        reason: "because".to_owned(),
        began: None,
        gone: readiness == Readiness::Dead,
        stopped: false,
        restarting: false,
        unkept: false,
        drafted: false,
        busy: false,
        unasked: false,
    }
}

fn waiting(id: &str, assignee: &str) -> Waiting {
    Waiting { id: card(id), assignee: assignee.to_owned(), authors: Vec::new() }
}

fn held(id: &str, owner: &str) -> Held {
    Held { id: card(id), owner: owner.to_owned(), since: Stamp(0), here: true, expired: false }
}

impl Situation {
    fn waits(&mut self) -> &mut BTreeSet<Subject> {
        self.escalated.get_or_insert_default()
    }
}

/// A situation with these seats and cards; each look is a second later than the one before.
fn situation(look: u64, seats: Vec<Seat>, cards: Cards) -> Situation {
    Situation {
        now: Duration::from_secs(1000 + look),
        look,
        paused: None,
        seats,
        cards: Some(cards),
        goals: Some(String::new()),
        escalated: Some(BTreeSet::new()),
        untold: Vec::new(),
        trees: None,
        settings: Settings {
            linger: Duration::from_secs(600),
            concurrency: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            workers_elsewhere: false,
        },
    }
}

fn with_open(mut cards: Cards) -> Cards {
    cards.counts = Counts([0, cards.waiting.len() as u64, cards.held.len() as u64, cards.blocked.len() as u64, 0]);
    cards
}

fn cards(waiting: Vec<Waiting>, held: Vec<Held>) -> Cards {
    with_open(Cards { waiting, held, ..Cards::default() })
}

/// What is decided once the situation was seen twice.
fn decided(situation: &Situation) -> (Vec<Decision>, Memory) {
    let mut memory = Memory::default();
    memory.look(&Situation {
        look: situation.look.wrapping_sub(1),
        now: situation.now - Duration::from_secs(1),
        ..situation.clone()
    });
    memory.look(situation);
    (tick(situation, &memory), memory)
}

fn words(decisions: &[Decision]) -> Vec<String> {
    decisions.iter().map(|one| format!("{} {}", one.word(), one.agent().or(one.card()).unwrap_or_default())).collect()
}

prop_compose! {
    fn any_seat(at: usize)(
        class in 0..CLASSES.len(), readiness in 0..6_usize, flags in any::<[bool; 4]>(), ephemeral in any::<bool>(),
    ) -> Seat {
        let class = CLASSES[class];
        let readiness = Readiness::ALL[readiness];
        Seat {
            stopped: flags[0] && readiness == Readiness::Dead,
            restarting: flags[1] && readiness == Readiness::Dead,
            busy: flags[2] && flags[3],
            unasked: false,
            drafted: flags[1] && flags[2],
            lifespan: if ephemeral && CLASSES[..3].contains(&class) { Lifespan::Ephemeral } else { Lifespan::Core },
            gone: readiness == Readiness::Dead && !flags[3],
            ..seat(&format!("a{at}"), class, readiness)
        }
    }
}

fn any_situation() -> impl Strategy<Value = Situation> {
    let seats = (any_seat(0), any_seat(1), any_seat(2), any_seat(3), any_seat(4), any_seat(5));
    const ASSIGNEES: [&str; 9] = ["", "code", "review", "planner", "enhancer", "orchestrator", "a0", "a3", "nobody"];
    let waits = prop::collection::vec(prop::sample::select(&ASSIGNEES[..]), 0..9);
    let holds = prop::collection::vec((0..7_usize, any::<[bool; 2]>()), 0..4);
    (seats, waits, holds, any::<bool>()).prop_map(|(seats, waits, holds, paused)| {
        let seats = vec![seats.0, seats.1, seats.2, seats.3, seats.4, seats.5];
        let waits = waits.iter().enumerate().map(|(at, assignee)| waiting(&format!("W{at}"), assignee));
        let holds = holds.iter().enumerate().map(|(at, (owner, flags))| Held {
            expired: flags[0],
            here: flags[1],
            ..held(&format!("H{at}"), &format!("a{owner}"))
        });
        let cards = cards(waits.collect(), holds.collect());
        Situation { paused: paused.then(|| "lunch".to_owned()), ..situation(7, seats, cards) }
    })
}

fn any_memory() -> impl Strategy<Value = Memory> {
    let failures = prop::collection::vec((0..6_usize, 0..4_u32, 0..2_u64), 0..4);
    (failures.clone(), failures).prop_map(|(agents, cards)| {
        let backoff = |failures: u32, later: u64| Backoff {
            failures,
            until: Duration::from_secs(900 + 200 * later),
            why: "x".to_owned(),
            counted: false,
        };
        let mut memory = Memory::default();
        memory.agents.extend(agents.into_iter().map(|(at, n, later)| (name(&format!("a{at}")), backoff(n, later))));
        memory.cards.extend(cards.into_iter().map(|(at, n, later)| (format!("W{at}"), backoff(n, later))));
        memory
    })
}

/// The situation once the decisions were carried out well.
fn carried_out(situation: &Situation, memory: &mut Memory, decisions: &[Decision]) -> Situation {
    let mut next =
        Situation { look: situation.look + 1, now: situation.now + Duration::from_secs(1), ..situation.clone() };
    let (cards, waits) = (next.cards.as_mut().unwrap(), next.escalated.as_mut().unwrap());
    for decision in decisions {
        match decision {
            Decision::Dispatch { card, agent, .. } => {
                cards.waiting.retain(|waiting| waiting.id != *card);
                cards.held.push(held(card.as_str(), agent.as_str()));
                memory.took_work(*agent, card.as_str(), 1, None);
            }
            Decision::Reclaim { cards: over, .. } => cards.held.retain(|held| !over.contains(&held.id)),
            Decision::Release { card, .. } => cards.held.retain(|held| held.id != *card),
            Decision::Escalate { subject, .. } => drop(waits.insert(subject.clone())),
            Decision::Settle { subject, .. } => drop(waits.remove(subject)),
            Decision::Replan { agent, .. } => {
                memory.asked = Some(Asked { agent: *agent, mark: situation.mark().unwrap(), at: situation.now });
            }
            Decision::Revive { agent, .. } | Decision::Start { agent, .. } | Decision::Keep { agent, .. } => {
                let seat = next.seats.iter_mut().find(|seat| seat.name == *agent).unwrap();
                (seat.readiness, seat.gone, seat.unkept, seat.stopped) = (Readiness::Working, false, false, false);
            }
            Decision::Stop { agent, .. } => {
                let seat = next.seats.iter_mut().find(|seat| seat.name == *agent).unwrap();
                (seat.readiness, seat.gone) = (Readiness::Dead, true);
            }
            Decision::Clear { agent, .. } => {
                next.seats.iter_mut().find(|seat| seat.name == *agent).unwrap().drafted = false;
            }
            Decision::Hold(_) | Decision::GoOn(_) | Decision::Tell { .. } | Decision::Review { .. } => {}
        }
    }
    next
}

proptest! {
    #[test]
    fn work_goes_only_to_who_is_free_and_fits_one_card_to_one_agent(all in any_situation(), mut memory in any_memory()) {
        memory.look(&all);
        let decisions = tick(&all, &memory);
        let (mut agents, mut given) = (BTreeSet::new(), BTreeSet::new());
        for decision in &decisions {
            if let Some(agent) = decision.occupies() {
                prop_assert!(agents.insert(agent), "{agent} twice in {decisions:?}");
                prop_assert!(!all.seat(agent.as_str()).unwrap().busy, "{agent} is busy");
            }
            if let Decision::Dispatch { card, agent, .. } = decision {
                let seat = all.seat(agent.as_str()).unwrap();
                prop_assert_eq!(seat.readiness, Readiness::Available);
                prop_assert!(all.holds(agent.as_str()).is_none() && is_free(seat, &all, &memory));
                prop_assert!(given.insert(*card), "{} twice", card);
                let waits = all.cards.as_ref().unwrap().waiting.iter().find(|waiting| waiting.id == *card).unwrap();
                prop_assert!(fit(waits, seat).is_some());
                prop_assert!(seat.role == Role::Worker || waits.assignee == seat.name.as_str() || waits.assignee == seat.class);
            }
        }
    }

    #[test]
    fn nobody_stays_free_while_a_card_fits(all in any_situation(), mut memory in any_memory()) {
        prop_assume!(all.paused.is_none());
        memory.look(&all);
        let decisions = tick(&all, &memory);
        let taken: BTreeSet<AgentName> = decisions.iter().filter_map(Decision::occupies).collect();
        let given: BTreeSet<&str> = decisions.iter().filter_map(Decision::card).collect();
        for seat in all.seats.iter().filter(|seat| is_free(seat, &all, &memory) && !taken.contains(&seat.name)) {
            for card in &all.cards.as_ref().unwrap().waiting {
                let backs_off = memory.cards.get(card.id.as_str()).is_some_and(|backoff| all.now < backoff.until);
                let left = !backs_off && !given.contains(card.id.as_str());
                prop_assert!(!left || fit(card, seat).is_none(), "{} is left for {}: {decisions:?}", card.id, seat.name);
            }
        }
    }

    #[test]
    fn paused_nothing_is_done_and_it_is_said_once(all in any_situation(), mut memory in any_memory()) {
        let all = Situation { paused: Some("lunch".to_owned()), ..all };
        memory.look(&all);
        let decisions = tick(&all, &memory);
        prop_assert_eq!(words(&decisions), ["hold "]);
        memory.decided(&decisions);
        prop_assert_eq!(tick(&all, &memory), []);
        let over = Situation { paused: None, ..all };
        prop_assert_eq!(tick(&over, &memory)[0].word(), "go_on");
    }

    #[test]
    fn claims_are_taken_only_from_who_is_gone_twice_or_too_late(all in any_situation(), mut memory in any_memory()) {
        memory.look(&all);
        let early = words(&tick(&all, &memory));
        let by_one_look = early.iter().any(|one| one.starts_with("release") || one.starts_with("revive"));
        prop_assert!(!by_one_look, "{early:?}");
        let again = Situation { look: all.look + 1, now: all.now + Duration::from_secs(1), ..all };
        memory.look(&again);
        for decision in tick(&again, &memory) {
            match decision {
                Decision::Release { agent, card, .. } => {
                    let seat = again.seat(agent.as_str()).unwrap();
                    prop_assert!(seat.gone && memory.is_dead(agent));
                    let held = again.cards.as_ref().unwrap().held.iter().find(|held| held.id == card).unwrap();
                    prop_assert!(held.here && !held.expired);
                }
                Decision::Reclaim { cards, .. } => {
                    for held in again.cards.as_ref().unwrap().held.iter().filter(|held| cards.contains(&held.id)) {
                        prop_assert!(held.expired);
                    }
                }
                Decision::Revive { agent, .. } => {
                    let seat = again.seat(agent.as_str()).unwrap();
                    prop_assert!(memory.is_dead(agent) && !seat.stopped && !seat.restarting);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn what_is_carried_out_is_not_decided_again(all in any_situation(), mut memory in any_memory()) {
        prop_assume!(all.paused.is_none());
        let mut now = all;
        for _ in 0..3 {
            memory.look(&now);
            let decisions = tick(&now, &memory);
            memory.decided(&decisions);
            let next = carried_out(&now, &mut memory, &decisions);
            memory.look(&next);
            let again = tick(&next, &memory);
            for decision in &decisions {
                prop_assert!(!again.contains(decision), "{decision:?} again");
            }
            now = next;
        }
    }

    #[test]
    fn what_is_written_down_is_read_back(mut memory in any_memory()) {
        memory.took_no_work(name("a9"), "refused", Duration::from_secs(5));
        memory.asked = Some(Asked { agent: name("a"), mark: "3 x".to_owned(), at: Duration::from_millis(1500) });
        let text = serde_json::to_string(&memory).unwrap();
        prop_assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);
    }
}

#[test]
fn a_card_goes_to_whom_it_names_then_by_class_then_to_anyone() {
    let seats = vec![
        seat("lead", "orchestrator", Readiness::Available),
        seat("enhancer", "enhancer", Readiness::Available),
        seat("code0", "code", Readiness::Available),
        seat("review0", "review", Readiness::Available),
    ];
    let all = situation(1, seats.clone(), cards(vec![waiting("A", ""), waiting("B", "code")], Vec::new()));
    let (decisions, _) = decided(&all);
    let Decision::Dispatch { card: first, agent, .. } = &decisions[0] else { panic!("{decisions:?}") };
    // The card for anyone leaves the only coder to the card for coders.
    assert_eq!((first.as_str(), agent.as_str(), decisions[1].agent()), ("A", "review0", Some("code0")));
    let only_floor =
        situation(1, seats[..2].to_vec(), cards(vec![waiting("A", ""), waiting("B", "enhancer")], Vec::new()));
    assert_eq!(words(&decided(&only_floor).0), ["dispatch enhancer", "escalate "], "nobody takes cards for anyone");
}

#[test]
fn an_agent_that_takes_no_work_backs_off_and_is_escalated_once() {
    let seats = vec![seat("code0", "code", Readiness::Available)];
    let mut all = situation(1, seats, cards(vec![waiting("A", "")], Vec::new()));
    let mut memory = Memory::default();
    let mut pauses = Vec::new();
    for _ in 0..7 {
        memory.look(&all);
        let decisions = tick(&all, &memory);
        assert!(decisions.iter().any(|one| one.word() == "dispatch"), "{decisions:?}");
        memory.took_no_work(name("code0"), "refused: draft_present", all.now);
        let until = memory.next_due(all.now).unwrap();
        pauses.push((until - all.now).as_secs() / 60);
        // Until then it gets nothing.
        all.look += 1;
        all.now = until - Duration::from_secs(1);
        memory.look(&all);
        let waits = tick(&all, &memory);
        assert!(!waits.iter().any(|one| one.word() == "dispatch"), "{waits:?}");
        for decision in &waits {
            let Decision::Escalate { subject, why, tried } = decision else { panic!("{decision:?}") };
            assert_eq!(*subject, Subject::agent(Cause::TakesNoWork, "code0"));
            assert!(why.to_string().contains("draft_present") && tried.contains('3'), "{why} {tried}");
            assert!(all.waits().insert(subject.clone()), "once");
        }
        all.now = until;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    assert_eq!(all.waits().len(), 1);
    memory.took_work(name("code0"), "A", 8, None);
    memory.look(&all);
    assert!(tick(&all, &memory).iter().any(|one| one.word() == "settle"));
}

#[test]
fn dead_counts_after_two_looks_and_a_stop_on_purpose_stays() {
    let mut dead = seat("code0", "code", Readiness::Dead);
    let all = situation(1, vec![dead.clone()], cards(Vec::new(), vec![held("A", "code0")]));
    let mut memory = Memory::default();
    memory.look(&all);
    assert!(memory.doubts() && tick(&all, &memory).is_empty());
    // The same look again proves nothing, nor does another one that comes at once.
    memory.look(&all);
    memory.look(&Situation { look: 2, now: all.now + Duration::from_millis(100), ..all.clone() });
    assert!(!memory.is_dead(name("code0")));
    assert_eq!(words(&decided(&all).0), ["revive code0", "release code0"]);
    dead.stopped = true;
    let all = Situation { seats: vec![dead.clone()], ..all };
    assert_eq!(words(&decided(&all).0), ["release code0"], "what somebody stopped is not started");
    dead.gone = false;
    let all = Situation { seats: vec![dead], ..all };
    assert_eq!(words(&decided(&all).0), [] as [&str; 0], "a process that lives keeps its claim");
}

#[test]
fn what_a_killed_delivery_left_is_taken_away_once_nobody_finishes_it() {
    let mut all =
        situation(1, vec![seat("code0", "code", Readiness::Working)], cards(vec![waiting("A", "code")], Vec::new()));
    all.seats[0].drafted = true;
    let mut memory = Memory::default();
    memory.look(&all);
    assert!(memory.doubts() && tick(&all, &memory).is_empty(), "somebody may press Enter yet");
    all.now += Duration::from_secs(3);
    memory.look(&all);
    assert_eq!(words(&tick(&all, &memory)), ["clear code0"]);
    all.seats[0].drafted = false;
    memory.look(&all);
    all.seats[0].drafted = true;
    memory.look(&all);
    assert_eq!(tick(&all, &memory), [], "another delivery");
}

#[test]
fn an_agent_that_dies_again_and_again_is_restarted_ever_later_and_escalated() {
    let mut all =
        situation(1, vec![seat("code0", "code", Readiness::Dead)], cards(vec![waiting("A", "nobody")], Vec::new()));
    let mut memory = Memory::default();
    let mut restarts = Vec::new();
    for look in 1..600 {
        all.look = look;
        all.now += Duration::from_secs(1);
        memory.look(&all);
        for decision in tick(&all, &memory) {
            match decision {
                Decision::Revive { why, .. } => {
                    restarts.push(look);
                    memory.revived(name("code0"), &why.to_string(), all.now);
                }
                Decision::Escalate { subject, .. } => assert!(all.waits().insert(subject), "once"),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(restarts, [2, 17, 47, 107, 227, 467]);
    assert!(all.waits().contains(&Subject::agent(Cause::Dies, "code0")));
    // Once it stands it has got over it.
    all.seats[0].readiness = Readiness::Working;
    for _ in 0..12 {
        all.now += Duration::from_secs(1);
        memory.look(&all);
    }
    assert!(tick(&all, &memory).iter().any(|one| one.word() == "settle"));
}

#[test]
fn what_an_agent_has_lived_counts_also_for_a_supervisor_that_came_later() {
    let mut all = situation(1, vec![seat("code0", "code", Readiness::Working)], cards(Vec::new(), Vec::new()));
    let restarted = all.now;
    let mut memory = Memory::default();
    memory.revived(name("code0"), "kill -9", restarted);
    // Each supervisor is killed after two seconds, and the next knows what was written down.
    let mut forgiven = None;
    for second in 1..30 {
        if second % 2 == 0 {
            memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
        }
        (all.look, all.now) = (second, restarted + Duration::from_secs(second));
        all.seats[0].began = memory.was_revived(name("code0")).then_some(restarted);
        memory.look(&all);
        if !memory.was_revived(name("code0")) {
            forgiven.get_or_insert(second);
        }
    }
    assert_eq!(forgiven, Some(10), "neither at once nor never");
}

#[test]
fn whoever_looks_back_gets_one_message_a_card_also_from_the_next_supervisor() {
    let seats = vec![seat("back", REVIEWER, Readiness::Stuck), seat("code0", "code", Readiness::Working)];
    let mut all = situation(1, seats, cards(vec![waiting("W", "nobody")], Vec::new()));
    let mut memory = Memory::default();
    let over = |all: &mut Situation, line: i64, ids: &[&str]| {
        let cards = all.cards.as_mut().unwrap();
        (cards.line, cards.over) = (Some(line), ids.iter().map(|id| card(id)).collect());
    };
    let step = |all: &mut Situation, memory: &mut Memory| {
        (all.look, all.now) = (all.look + 1, all.now + Duration::from_secs(1));
        memory.look(all);
        let decisions = tick(all, memory);
        memory.decided(&decisions);
        let reviews = decisions.into_iter().filter(|one| one.word() == "review");
        reviews.filter_map(|one| one.card().map(str::to_owned)).collect::<Vec<_>>()
    };
    over(&mut all, 7, &["A", "B"]);
    assert_eq!(step(&mut all, &mut memory), [] as [&str; 0], "it cannot listen");
    all.seats[0].readiness = Readiness::Available;
    over(&mut all, 7, &[]);
    assert_eq!(step(&mut all, &mut memory), ["A"]);
    memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
    assert_eq!(memory.line, Some(7));
    assert_eq!(step(&mut all, &mut memory), ["B"], "one at a time, and none twice");
    memory.could_not_review(name("back"), card("B"), "refused", all.now);
    assert_eq!(step(&mut all, &mut memory), [] as [&str; 0], "it rests");
    all.now += Duration::from_secs(61);
    assert_eq!(step(&mut all, &mut memory), ["B"]);
    assert_eq!(step(&mut all, &mut memory), [] as [&str; 0]);
}

#[test]
fn a_card_of_a_process_that_is_gone_is_taken_from_the_one_in_its_place() {
    let mut all =
        situation(1, vec![seat("code0", "code", Readiness::Available)], cards(Vec::new(), vec![held("A", "code0")]));
    let began = Duration::from_secs(900);
    let mut memory = Memory::default();
    memory.took_work(name("code0"), "A", 1, Some(began));
    let step = |all: &Situation, memory: &mut Memory| {
        memory.look(all);
        tick(all, memory)
    };
    assert!(memory.asks_for_age(name("code0")));
    for seen in [None, Some(began)] {
        all.seats[0].began = seen;
        assert_eq!(step(&all, &mut memory), [], "the same, or not known");
    }
    // It died and was back between two looks.
    all.seats[0].began = Some(began + Duration::from_secs(1));
    let (card, agent) = (card("A"), name("code0"));
    assert_eq!(
        step(&all, &mut memory),
        [Decision::Release { card, agent, since: Stamp(0), why: Reason::AnotherProcess }]
    );
    all.cards = Some(with_open(Cards::default()));
    memory.look(&all);
    assert!(!memory.asks_for_age(name("code0")), "nothing is kept of a card that nobody holds");
}

#[test]
fn ephemeral_agents_come_with_work_and_go_without() {
    let ephemeral = |name: &str, readiness| Seat { lifespan: Lifespan::Ephemeral, ..seat(name, "code", readiness) };
    let seats = vec![
        ephemeral("code0", Readiness::Dead),
        ephemeral("code1", Readiness::Dead),
        ephemeral("code2", Readiness::Dead),
    ];
    let mut idle = situation(1, seats.clone(), cards(vec![waiting("A", ""), waiting("B", "review")], Vec::new()));
    idle.settings.elsewhere.insert("review".to_owned());
    assert_eq!(words(&decided(&idle).0), ["escalate "], "no card of their class, and one for anyone starts none");
    let mut work = situation(1, seats, cards(vec![waiting("A", "code"), waiting("B", "code")], Vec::new()));
    assert_eq!(words(&decided(&work).0), ["start code0", "start code1"]);
    work.settings.concurrency.insert("code".to_owned(), 1);
    assert_eq!(words(&decided(&work).0), ["start code0"]);
    work.settings.concurrency.clear();
    // One that is on its way will take one of the two.
    work.seats[2].readiness = Readiness::Working;
    assert_eq!(words(&decided(&work).0), ["start code0"]);
    let mut rests =
        situation(1, vec![ephemeral("code0", Readiness::Available)], cards(Vec::new(), vec![held("Z", "other")]));
    let mut memory = Memory::default();
    memory.look(&rests);
    rests.now += Duration::from_secs(599);
    memory.look(&rests);
    assert_eq!(tick(&rests, &memory), []);
    rests.now += Duration::from_secs(1);
    memory.look(&rests);
    assert_eq!(words(&tick(&rests, &memory)), ["stop code0"]);
}

#[test]
fn a_thousand_leases_that_are_over_are_one_line() {
    let over = |count: usize| {
        let cards = (0..count).map(|at| card(&format!("c{at}"))).collect();
        Decision::Reclaim { cards, why: Reason::LeaseOver }.what()
    };
    assert_eq!(over(2), "returns c0, c1 to the pool");
    assert_eq!(over(1000), "returns c0, c1, c2, c3, c4, c5, c6, c7 and 992 more to the pool");
}
