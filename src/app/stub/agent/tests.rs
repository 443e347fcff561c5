//! What the stub does with keys, messages and time.

use super::*;

fn agent(script: &str) -> Agent {
    let identity = Identity { name: "a".into(), class: "code".into(), model: "m".into() };
    Agent::new(identity, Script::parse(script).unwrap(), Instant::now())
}

fn type_line(agent: &mut Agent, text: &str) {
    agent.paste(text);
    agent.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE), agent.now);
}

fn said(agent: &Agent, text: &str) -> bool {
    agent.lines.iter().any(|(_, line)| line == text)
}

#[test]
fn a_message_is_accepted_and_worked_on() {
    let mut agent = agent("");
    type_line(&mut agent, "hello");
    assert!(said(&agent, "accepted: hello"));
    assert_eq!(agent.status().status, HeartbeatStatus::Busy);
    let later = agent.now + WORK;
    agent.advance(later);
    assert!(said(&agent, "done: hello"));
    assert_eq!(agent.status().status, HeartbeatStatus::Ok);
}

#[test]
fn a_message_for_which_there_is_no_room_stays_a_draft() {
    let mut agent = agent("work 60");
    let now = agent.now;
    agent.advance(now);
    for n in 0..MAX_QUEUED {
        type_line(&mut agent, &format!("message {n}"));
    }
    type_line(&mut agent, "one too many");
    assert_eq!((agent.draft.as_str(), agent.queue.len()), ("one too many", MAX_QUEUED));
    assert!(!said(&agent, "one too many"), "nothing claims that it was taken");
}

#[test]
fn a_paste_stays_a_draft_until_enter() {
    let mut agent = agent("");
    agent.paste("one\ntwo\nthree\nfour");
    assert_eq!(agent.shown_draft(), "[pasted 4 lines]");
    assert!(!said(&agent, "accepted: one"));
}

#[test]
fn messages_wait_while_it_works() {
    let mut agent = agent("work 10");
    agent.advance(agent.now);
    type_line(&mut agent, "later");
    assert!(said(&agent, "queued (1 waiting)") && !said(&agent, "accepted: later"));
    agent.advance(agent.now + Duration::from_secs(10));
    assert!(said(&agent, "accepted: later"));
}

#[test]
fn a_question_waits_for_its_answer() {
    let mut agent = agent("ask Deploy?; die 3");
    assert!(agent.advance(agent.now).is_empty());
    assert_eq!(agent.status(), Status { status: HeartbeatStatus::Waiting, detail: Some("Deploy?".into()), msg: None });
    type_line(&mut agent, "yes");
    assert!(said(&agent, "answered: yes"));
    assert_eq!(agent.advance(agent.now), [Ask::End(3)]);
}

#[test]
fn a_card_is_claimed_renewed_and_ended_as_the_script_says() {
    let held = Held { id: crate::app::tui::samples::id("A4"), title: "t".into(), token: 1, folder: None };
    for (word, want) in [
        ("claim", Ask::Complete(held.clone())),
        ("fail", Ask::Park(held.clone(), FAILED)),
        ("late", Ask::Complete(held.clone())),
    ] {
        let mut agent = agent(&format!("{word} 12"));
        let asked = agent.advance(agent.now);
        assert_eq!(asked, [Ask::Claim(if word == "late" { 4 } else { 36 })]);
        agent.claimed(Ok(Some(held.clone())));
        assert_eq!(agent.status().detail.as_deref(), Some("A4 t"));
        let half = agent.advance(agent.now + Duration::from_secs(6));
        assert_eq!(half.is_empty(), word == "late", "only who keeps the promise renews");
        assert_eq!(agent.advance(agent.now + Duration::from_secs(12)), [want]);
    }
}

#[test]
fn an_empty_backlog_is_looked_at_again_later() {
    let mut agent = agent("claim; loop");
    assert_eq!(agent.advance(agent.now).len(), 1);
    agent.claimed(Ok(None));
    assert!(agent.advance(agent.now).is_empty());
    assert_eq!(agent.advance(agent.now + LOOK_FOR_CARDS).len(), 1);
}

#[test]
fn commands_do_what_they_say() {
    let mut agent = agent("");
    type_line(&mut agent, "/flood 7");
    assert_eq!(agent.advance(agent.now), [Ask::Flood(7)]);
    type_line(&mut agent, "/hang");
    assert_eq!(agent.advance(agent.now), [Ask::Hang]);
    type_line(&mut agent, "/dance");
    assert!(said(&agent, "unknown command; /help"));
}

#[test]
fn an_idle_agent_has_nothing_to_draw() {
    let mut agent = agent("");
    agent.advance(agent.now);
    assert!(agent.take_dirty());
    agent.advance(agent.now + Duration::from_secs(100));
    assert!(!agent.take_dirty() && agent.due().is_none());
}

#[test]
fn whoever_interrupts_it_at_a_card_finds_it_at_rest_and_the_card_parked() {
    let interrupt = |agent: &mut Agent| {
        agent.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), agent.now);
        agent.advance(agent.now)
    };
    // A card of its own.
    let held = Held { id: crate::app::tui::samples::id("A4"), title: "t".into(), token: 1, folder: None };
    let mut own = agent("claim 12");
    own.advance(own.now);
    own.claimed(Ok(Some(held.clone())));
    assert_eq!(interrupt(&mut own), [Ask::Park(held, INTERRUPTED)]);
    assert_eq!(own.advance(own.now + Duration::from_secs(60)), [], "neither renewed nor completed any more");
    // One that it was briefed with: while it reads, and while its body works.
    let brief = "[h:supervisor -> h:a #brief] # Card A4: t\nmosaic-tui backlog complete --id A4 --token 1";
    let mut briefed = agent("");
    type_line(&mut briefed, brief);
    let held = briefed.card.clone().unwrap();
    assert_eq!(interrupt(&mut briefed), [Ask::Park(held.clone(), INTERRUPTED)]);
    type_line(&mut briefed, brief);
    assert_eq!(briefed.advance(briefed.now + WORK), [Ask::Deliver(held.clone(), false)]);
    assert_eq!(interrupt(&mut briefed), [Ask::Break(held, INTERRUPTED)]);
    assert!(!briefed.is_working() && briefed.status().status == HeartbeatStatus::Ok);
    // It takes the next one.
    type_line(&mut briefed, brief);
    assert!(briefed.is_working());
}
