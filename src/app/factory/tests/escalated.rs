//! What reaches a person: once, with what was tried, and no longer than it is so.

use super::*;

#[test]
fn escalations_are_told_to_the_coordinating_seat_one_at_a_time() {
    let seats = vec![seat("lead", "orchestrator", Readiness::Working), seat("code0", "code", Readiness::Dead)];
    let mut all = situation(1, seats, cards(vec![waiting("A", "x")], Vec::new()));
    all.seats[1].stopped = true;
    let about = |cause, agent: &str| Subject::agent(cause, agent);
    all.untold = vec![
        ("e1".to_owned(), about(Cause::Dies, "lead")),
        ("e2".to_owned(), about(Cause::Dies, "code0")),
        ("e3".to_owned(), about(Cause::TakesNoWork, "code0")),
    ];
    let (decisions, mut memory) = decided(&all);
    let told: Vec<&Decision> = decisions.iter().filter(|one| one.word() == "tell").collect();
    assert!(matches!(told[..], [Decision::Tell { id, .. }] if id == "e2"), "{told:?}");
    for _ in 0..3 {
        memory.could_not_tell("e2", "busy", Duration::ZERO);
    }
    let told = tick(&all, &memory);
    assert!(
        told.iter().any(|one| matches!(one, Decision::Tell { id, .. } if id == "e3")),
        "three tries, then the next"
    );
}

#[test]
fn a_blocked_card_of_a_worker_and_a_floor_that_was_stopped_reach_a_person() {
    let mut lead = seat("lead", "orchestrator", Readiness::Dead);
    lead.stopped = true;
    let mut all = situation(1, vec![lead], cards(vec![waiting("B", "lead")], Vec::new()));
    let blocked = Blocked { id: card("A"), owner: "code0".to_owned(), reason: "no access".to_owned() };
    all.cards.as_mut().unwrap().blocked.push(blocked);
    let (decisions, memory) = decided(&all);
    let subjects: Vec<String> = decisions.iter().map(|one| format!("{}: {}", one.what(), one.why())).collect();
    assert_eq!(
        subjects,
        ["escalates: the floor lacks lead: it was stopped on purpose", "escalates: A is blocked: no access"]
    );
    for decision in decisions {
        if let Decision::Escalate { subject, .. } = decision {
            all.waits().insert(subject);
        }
    }
    all.cards.as_mut().unwrap().blocked.clear();
    assert_eq!(words(&tick(&all, &memory)), ["settle code0"]);
}

#[test]
fn cards_for_a_name_that_the_roster_does_not_have_are_one_errand_until_it_has_it_or_they_are_for_somebody() {
    let waiting = || vec![waiting("A", "x"), waiting("B", "x"), waiting("C", "there"), waiting("D", "code")];
    let mut all = situation(1, vec![seat("code0", "code", Readiness::Stuck)], cards(waiting(), Vec::new()));
    all.settings.elsewhere.insert("there".to_owned());
    let subject = Subject::agent(Cause::NoSuchAgent, "x");
    let escalated = decided(&all).0;
    assert!(matches!(&escalated[..], [Decision::Escalate { subject: of, .. }] if *of == subject), "{escalated:?}");
    assert!(escalated[0].why().contains("2 cards wait, A first"), "{escalated:?}");
    all.waits().insert(subject);
    assert_eq!(words(&decided(&all).0), [] as [&str; 0], "once");
    let mut known = all.clone();
    known.settings.elsewhere.insert("x".to_owned());
    assert_eq!(words(&decided(&known).0), ["settle x"]);
    all.cards.as_mut().unwrap().waiting.drain(..2);
    assert_eq!(words(&decided(&all).0), ["settle x"]);
    all.cards = None;
    assert_eq!(words(&decided(&all).0), [] as [&str; 0], "nothing is said of a backlog that was not read");
}

#[test]
fn a_card_at_the_gate_that_came_to_its_end_needs_nobody_any_more() {
    let mut all = situation(1, vec![seat("code0", "code", Readiness::Stuck)], cards(Vec::new(), vec![held("B", "z")]));
    all.waits().insert(Subject::card(Cause::Gate, "A"));
    assert_eq!(words(&decided(&all).0), [] as [&str; 0]);
    all.cards.as_mut().unwrap().ended.insert(card("A"));
    assert_eq!(words(&decided(&all).0), ["settle A"]);
}

#[test]
fn a_card_that_nobody_ends_is_escalated_and_given_out_all_the_same() {
    let all =
        situation(1, vec![seat("code0", "code", Readiness::Available)], cards(vec![waiting("A", "")], Vec::new()));
    let (_, mut memory) = decided(&all);
    memory.took_work(name("code0"), "A", 8, None);
    let told: Vec<String> = tick(&all, &memory).iter().map(Decision::what).collect();
    assert_eq!(told, ["gives A to code0", "escalates: A was given out often, and nobody ended it"]);
}

#[test]
fn a_work_tree_that_stays_reaches_a_person_after_several_tries_until_it_is_gone() {
    let mut all = situation(1, vec![seat("code0", "code", Readiness::Working)], cards(Vec::new(), Vec::new()));
    let stays = |times| Some(BTreeMap::from([("A1".to_owned(), Stays { times, why: "not committed".to_owned() })]));
    let subject = Subject::card(Cause::TreeStays, "A1");
    for (trees, want) in [(None, 0), (stays(1), 0), (stays(2), 0), (stays(3), 1)] {
        all.trees = trees;
        let escalates = |one: &&Decision| matches!(one, Decision::Escalate { subject: of, .. } if *of == subject);
        assert_eq!(decided(&all).0.iter().filter(escalates).count(), want);
    }
    all.waits().insert(subject.clone());
    let is_settled = |all: &Situation| decided(all).0.iter().any(|one| one.word() == "settle");
    assert!(!is_settled(&all), "it is still there");
    all.trees = None;
    assert!(!is_settled(&all), "a supervisor that just came has not looked");
    all.trees = Some(BTreeMap::new());
    assert!(is_settled(&all));
}

#[test]
fn a_card_that_is_tried_once_more_is_not_settled_by_being_held_for_the_moment() {
    let mut all =
        situation(1, vec![seat("code0", "code", Readiness::Available)], cards(vec![waiting("A", "")], Vec::new()));
    let (_, mut memory) = decided(&all);
    for _ in 0..3 {
        memory.could_not_give("A", "git: no folder", Duration::ZERO);
    }
    all.waits().insert(Subject::card(Cause::CannotBeGiven, "A"));
    all.cards = Some(cards(Vec::new(), vec![held("A", "code0")]));
    assert!(!words(&tick(&all, &memory)).iter().any(|word| word.starts_with("settle")), "it is only tried");
    all.cards = Some(cards(Vec::new(), Vec::new()));
    assert!(words(&tick(&all, &memory)).iter().any(|word| word.starts_with("settle")), "it is over");
}

#[test]
fn what_cannot_be_read_is_neither_none_nor_another() {
    let mut all = situation(1, vec![seat("planner", "planner", Readiness::Available)], Cards::default());
    all.goals = None;
    assert_eq!(words(&decided(&all).0), [] as [&str; 0], "nobody is told that there are none");
    all.goals = Some("some".to_owned());
    let (decisions, mut memory) = decided(&all);
    assert_eq!(words(&decisions), ["replan planner"]);
    memory.asked = Some(Asked { agent: name("planner"), mark: all.mark().unwrap(), at: all.now });
    let subject = Subject::agent(Cause::NoCards, "planner");
    all.waits().insert(subject);
    for (goals, cards) in [(None, all.cards.clone()), (all.goals.clone(), None)] {
        let unread = Situation { goals, cards, ..all.clone() };
        assert_eq!(tick(&unread, &memory), [], "neither asked again nor settled");
    }
    // Nor is a list that cannot be read an empty one.
    let mut dead = situation(1, vec![seat("lead", "orchestrator", Readiness::Dead)], Cards::default());
    dead.seats[0].stopped = true;
    assert_eq!(words(&decided(&dead).0), ["escalate lead"]);
    dead.escalated = None;
    assert_eq!(words(&decided(&dead).0), [] as [&str; 0]);
}

#[test]
fn cards_for_anyone_reach_a_person_where_nobody_takes_such() {
    let lead = seat("lead", "orchestrator", Readiness::Available);
    let comes = Seat { lifespan: Lifespan::Ephemeral, ..seat("code0", "code", Readiness::Dead) };
    let cards = cards(vec![waiting("A", ""), waiting("B", "")], Vec::new());
    let mut all = situation(1, vec![lead, comes], cards);
    let (decisions, memory) = decided(&all);
    let [Decision::Escalate { subject, why, .. }] = &decisions[..] else { panic!("{decisions:?}") };
    assert!(subject.to_string().contains("anyone") && why.to_string().contains("2 cards wait, A first"));
    all.waits().insert(subject.clone());
    assert_eq!(tick(&all, &memory), [], "once");
    all.settings.workers_elsewhere = true;
    assert_eq!(words(&tick(&all, &memory)), ["settle "]);
    all.settings.workers_elsewhere = false;
    all.seats[1].readiness = Readiness::Working;
    assert_eq!(words(&tick(&all, &memory)), ["settle "], "while it is there it takes others as well");
}

#[test]
fn with_nothing_open_somebody_is_asked_once_until_something_changes() {
    let seats = vec![
        seat("lead", "orchestrator", Readiness::Available),
        seat("enhancer", "enhancer", Readiness::Available),
        seat("planner", "planner", Readiness::Available),
    ];
    let mut all = situation(1, seats, Cards::default());
    let (decisions, mut memory) = decided(&all);
    assert_eq!(words(&decisions), ["replan planner"]);
    memory.asked = Some(Asked { agent: name("planner"), mark: all.mark().unwrap(), at: all.now });
    assert_eq!(tick(&all, &memory), [], "asked once");
    all.now += Duration::from_secs(121);
    let decisions = tick(&all, &memory);
    assert_eq!(words(&decisions), ["escalate planner"], "it made none");
    let Decision::Escalate { subject, .. } = &decisions[0] else { panic!() };
    all.waits().insert(subject.clone());
    assert_eq!(tick(&all, &memory), []);
    all.goals = Some("others".to_owned());
    assert_eq!(words(&tick(&all, &memory)), ["replan planner", "settle planner"]);
    all.goals = Some(String::new());
    all.seats.remove(2);
    memory.asked = None;
    all.waits().clear();
    assert_eq!(words(&tick(&all, &memory)), ["replan lead"], "the lead where there is no planner");
}

#[test]
fn cards_for_agents_that_only_another_hosts_roster_has_are_no_errand_here() {
    let for_them = vec![waiting("A", "docs"), waiting("B", "docs0"), waiting("C", "")];
    let lead = || vec![seat("lead", "orchestrator", Readiness::Stuck)];
    let mut all = situation(1, lead(), cards(for_them, Vec::new()));
    let alone = decided(&all).0;
    assert_eq!(words(&alone), ["escalate C", "escalate docs", "escalate docs0"].map(|line| line.replace(" C", " ")));
    for decision in alone {
        if let Decision::Escalate { subject, .. } = decision {
            all.waits().insert(subject);
        }
    }
    let elsewhere = &mut all.cards.as_mut().unwrap().elsewhere;
    elsewhere.names.extend(["docs".to_owned(), "docs0".to_owned()]);
    elsewhere.anyone = true;
    let settled = decided(&all).0;
    assert!(settled.len() == 3 && settled.iter().all(|one| one.word() == "settle"), "{settled:?}");
    all.waits().clear();
    assert_eq!(words(&decided(&all).0), [] as [&str; 0], "its supervisor gives them out");
}

#[test]
fn nobody_else_is_asked_for_cards_where_another_host_has_a_planner() {
    let lead = seat("lead", "orchestrator", Readiness::Available);
    let mut all = situation(1, vec![lead], cards(Vec::new(), Vec::new()));
    assert_eq!(words(&decided(&all).0), ["replan lead"]);
    all.cards.as_mut().unwrap().elsewhere.names.insert("planner".to_owned());
    assert_eq!(words(&decided(&all).0), [] as [&str; 0]);
    all.cards.as_mut().unwrap().elsewhere.names.clear();
    all.settings.elsewhere.insert("planner".to_owned());
    assert_eq!(words(&decided(&all).0), ["replan lead"], "nobody supervises there, so nobody asks that one");
}
