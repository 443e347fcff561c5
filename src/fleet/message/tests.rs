//! What a delivery decides by what it saw; real panes are in the whole-program tests.

use std::time::Duration;

use proptest::prelude::*;

use super::deliver::{Delivering, INTERRUPTS, Seen, What};
use super::options::Options;
use super::phase::{Phase, gone, lost_lease};
use super::receipt::{Delivery, Outcome, Receipt, Refusal};
use super::shown;
use crate::fleet::error::{Failure, Kind};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentName, HeartbeatStatus, PaneId, ServerName, SocketName};
use crate::fleet::roster;
use crate::fleet::screen::{self, Composer, Rules, ScreenFacts, ScreenState};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::Tmux;

const MESSAGE: &str = "[h:lead -> h:a mabcdefgh] please look at the failing test of the parser";

/// Linux hands out no process id beyond 2^22.
const NO_PROCESS: u32 = u32::MAX >> 1;

/// What stands around a delivery that asks its tmux nothing.
struct Bench {
    tmux: Tmux,
    links: Links,
    server: ServerName,
    agent: AgentName,
    rules: Rules,
}

impl Bench {
    fn new() -> Self {
        let site = Site::for_tests("/h");
        let server = ServerName::here(&SocketName::named("never-asked").unwrap());
        let links = Links::new(&site.home);
        Self {
            tmux: Tmux::at(&server, &links),
            links,
            server,
            agent: AgentName::parse("a").unwrap(),
            rules: screen::rules_for(&site, "stub").unwrap().unwrap(),
        }
    }

    fn delivering<'a>(&'a self, what: What<'a>) -> Delivering<'a> {
        Delivering {
            tmux: &self.tmux,
            links: &self.links,
            server: &self.server,
            pane: PaneId(0),
            pid: NO_PROCESS,
            rules: Some(&self.rules),
            report: &|| None,
            took: &|| false,
            agent: &self.agent,
            runtime: "stub",
            what,
            options: Options { force: false, only_well: false, verify: true, timeout: Duration::from_secs(6) },
        }
    }
}

fn told(message: &Delivering<'_>, seen: Seen) -> Outcome {
    message.told(seen, message.options.timeout)
}

fn holds(text: &str) -> Option<Composer> {
    let (pasted, before_paste) = (false, String::new());
    Some(Composer { text: text.to_owned(), pasted, before_paste, blanks: false, row: 3, rows: Vec::new() })
}

fn facts(state: ScreenState, composer: Option<Composer>, above: &[&str]) -> ScreenFacts {
    ScreenFacts {
        state,
        reason: "as it is".to_owned(),
        queued: state == ScreenState::Queued,
        undecided: false,
        composer,
        question: Vec::new(),
        dialog: None,
        cursor: (2, 3),
        above: above.iter().map(|&row| row.to_owned()).collect(),
    }
}

/// What became of it, without a rule that forbids it, and a value that its reason names.
fn is(outcome: &Outcome, delivery: Delivery, value: &str) {
    assert_eq!((outcome.delivery, outcome.refusal), (delivery, None), "{outcome:?}");
    assert!(outcome.reason.contains(value), "{value} not in {outcome:?}");
}

/// Which rule forbids it, whose word is the first of its reason, and a value that its reason names.
fn refused(outcome: &Outcome, refusal: Refusal, value: &str) {
    assert_eq!((outcome.delivery, outcome.refusal), (Delivery::Refused, Some(refusal)), "{outcome:?}");
    assert!(outcome.reason.starts_with(&format!("{}: ", refusal.word())), "{outcome:?}");
    assert!(outcome.reason.contains(value), "{value} not in {outcome:?}");
}

/// That a reader can tell several outcomes apart by their reasons.
fn are_told_apart(outcomes: &[Outcome]) {
    let reasons: std::collections::BTreeSet<&str> = outcomes.iter().map(|outcome| outcome.reason.as_str()).collect();
    assert_eq!(reasons.len(), outcomes.len(), "{outcomes:?}");
}

fn link_lost() -> Failure {
    Failure::failed("tmux", "the link broke", "look at it")
}

#[test]
fn a_lost_link_says_how_far_the_message_came() {
    let (lost, why) = (link_lost(), "the link broke");
    for phase in [Phase::Looking, Phase::LeftBehind] {
        is(&phase.told(&lost), Delivery::Blank, why);
    }
    for phase in [Phase::Typing, Phase::Typed, Phase::Submitting] {
        is(&phase.told(&lost), Delivery::Unverified, why);
        assert!(phase.told(&lost).reason.ends_with(&phase.to_string()), "{phase:?}");
    }
    assert_eq!(Phase::Typing.told(&lost), Phase::Typed.told(&lost));
    are_told_apart(&[Phase::Looking, Phase::Typed, Phase::Submitting].map(|phase| phase.told(&lost)));
}

#[test]
fn a_pane_that_ends_is_dead_only_before_the_key() {
    for phase in [Phase::Looking, Phase::Typing, Phase::Typed] {
        is(&gone(phase), Delivery::Dead, "");
    }
    is(&gone(Phase::Submitting), Delivery::Unverified, "");
}

#[test]
fn a_lost_lease_never_hides_what_was_typed() {
    for phase in [Phase::Looking, Phase::Typing] {
        refused(&lost_lease(phase), Refusal::LockBusy, "");
    }
    is(&lost_lease(Phase::Typed), Delivery::Draft, "");
    is(&lost_lease(Phase::Submitting), Delivery::Unverified, "");
}

/// The only test of these words: whoever changes them changes them here, and nothing else.
#[tokio::test]
async fn the_words_of_receipts() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let took = Delivering { took: &|| true, ..bench.delivering(What::Message(MESSAGE)) };
    let busy = Delivering { report: &|| Some(HeartbeatStatus::Busy), ..bench.delivering(What::Message(MESSAGE)) };
    let command = bench.delivering(What::Command("/clear"));
    let idle = || facts(ScreenState::Ready, holds(""), &[]);
    let draft = || facts(ScreenState::Draft, holds("x"), &[]);
    let unseen = message.refusal(&bench.rules, &facts(ScreenState::Unknown, None, &[])).await.unwrap().unwrap();
    let somebodys = message.refusal(&bench.rules, &draft()).await.unwrap().unwrap();
    let (rule, why) = busy.may_ask().unwrap();
    for (outcome, words) in [
        (Phase::Looking.told(&link_lost()), "tmux: the link broke; look at it; nothing was typed"),
        (Phase::Typed.told(&link_lost()), "; look at it; it may stand in the composer, and was not submitted"),
        (Phase::Submitting.told(&link_lost()), "; look at it; it may have been submitted"),
        (gone(Phase::Typed), "its pane ended"),
        (gone(Phase::Submitting), "its pane ended right after it was submitted"),
        (lost_lease(Phase::Looking), "lock_busy: another message is being delivered; nothing was typed"),
        (lost_lease(Phase::Typed), "another sender claimed the pane meanwhile; it was not submitted"),
        (lost_lease(Phase::Submitting), "submitted; then another sender claimed the pane"),
        (told(&message, Seen::Yes(idle())), "the composer is empty and the conversation shows it"),
        (told(&took, Seen::Yes(idle())), "the runtime reports that it took it"),
        (told(&command, Seen::Yes(idle())), "the composer is empty and the screen is another one"),
        (told(&message, Seen::No(idle())), "no sign of it within 6 s: as it is"),
        (told(&message, Seen::No(draft())), "submitted, and its composer is not empty"),
        (told(&message, Seen::Gone), "its pane ended right after it was submitted"),
        (told(&message, Seen::Lost), "submitted; then another sender claimed the pane"),
        (unseen, "its composer is not to be seen: as it is"),
        (somebodys, "draft_present: somebody left a draft in its composer"),
        (
            Outcome::refused(rule, why),
            "busy: it works, and may ask something at any moment; `mosaic-tui agent attach a` shows it",
        ),
    ] {
        assert!(outcome.reason.ends_with(words), "{words:?}, and not {outcome:?}");
    }
}

#[test]
fn a_blank_closes_a_list_that_the_last_word_would_open() {
    for last in ["@notes", "$HOME", "/tmp/x", "#4", "C:\\"] {
        let message = format!("look at {last}");
        assert_eq!(What::Message(&message).pasted(), format!("{message} "), "{last}");
    }
    for plain in ["look at it", "a/b first", "ends in a dot."] {
        assert_eq!(What::Message(plain).pasted(), plain);
    }
    assert_eq!(What::Command("/clear").pasted(), "/clear", "a command is meant to open its list");
}

#[test]
fn without_rules_only_the_runtimes_own_word_lets_a_key_through() {
    let bench = Bench::new();
    for (status, rule) in [
        (None, Refusal::NoReport),
        (Some(HeartbeatStatus::Busy), Refusal::Busy),
        (Some(HeartbeatStatus::Waiting), Refusal::BlockedByPrompt),
        (Some(HeartbeatStatus::Blocked), Refusal::BlockedByPrompt),
        (Some(HeartbeatStatus::Error), Refusal::BlockedByPrompt),
    ] {
        let report = || status;
        let delivering = Delivering { report: &report, ..bench.delivering(What::Message(MESSAGE)) };
        let (refusal, why) = delivering.may_ask().unwrap();
        assert!(refusal == rule && why.contains("agent attach a"), "{status:?}: {refusal:?} {why}");
    }
    let idle = Delivering { report: &|| Some(HeartbeatStatus::Ok), ..bench.delivering(What::Message(MESSAGE)) };
    assert_eq!(idle.may_ask(), None);
}

#[tokio::test]
async fn nothing_is_pasted_where_it_would_not_be_a_message() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    for (state, composer, rule, value) in [
        (ScreenState::Dialog, None, Refusal::BlockedByPrompt, ": as it is; `mosaic-tui agent approve a`"),
        (ScreenState::Dialog, holds(""), Refusal::BlockedByPrompt, "as it is"),
        (ScreenState::Login, None, Refusal::LoginNeeded, "as it is"),
        (ScreenState::Occupied, holds(""), Refusal::ComposerOccupied, "as it is; `mosaic-tui agent attach a`"),
        (ScreenState::Draft, holds("half a"), Refusal::DraftPresent, ""),
    ] {
        let refusal = message.refusal(&bench.rules, &facts(state, composer, &[])).await.unwrap();
        refused(&refusal.expect("a refusal"), rule, value);
    }
    let unseen = message.refusal(&bench.rules, &facts(ScreenState::Unknown, None, &[])).await.unwrap();
    is(&unseen.expect("an answer"), Delivery::Blank, "as it is");
    for state in [
        ScreenState::Ready,
        ScreenState::Login,
        ScreenState::Limit,
        ScreenState::Failing,
        ScreenState::Busy,
        ScreenState::Queued,
    ] {
        // Somebody may have logged in since, and this runtime lets a message wait for the end of a turn.
        let refusal = message.refusal(&bench.rules, &facts(state, holds(""), &[])).await.unwrap();
        assert_eq!(refusal, None, "{state:?}");
    }
}

#[tokio::test]
async fn work_is_not_given_to_one_that_met_a_limit_since_it_was_looked_at() {
    let bench = Bench::new();
    let mut brief = bench.delivering(What::Message(MESSAGE));
    brief.options.only_well = true;
    for (state, rule) in [
        (ScreenState::Limit, Refusal::Limit),
        (ScreenState::Failing, Refusal::Failing),
        (ScreenState::Login, Refusal::Login),
    ] {
        let refusal = brief.refusal(&bench.rules, &facts(state, holds(""), &[])).await.unwrap();
        refused(&refusal.expect("a refusal"), rule, "as it is");
    }
    for state in [ScreenState::Ready, ScreenState::Busy] {
        assert_eq!(brief.refusal(&bench.rules, &facts(state, holds(""), &[])).await.unwrap(), None, "{state:?}");
    }
}

#[tokio::test]
async fn blanks_that_somebody_typed_are_a_draft_and_force_goes_behind_it() {
    let bench = Bench::new();
    let blanks = holds("").map(|composer| Composer { blanks: true, ..composer });
    let screen = facts(ScreenState::Draft, blanks, &[]);
    let mut message = bench.delivering(What::Message(MESSAGE));
    refused(&message.refusal(&bench.rules, &screen).await.unwrap().unwrap(), Refusal::DraftPresent, "");
    message.options.force = true;
    assert_eq!(message.refusal(&bench.rules, &screen).await.unwrap(), None);
}

#[tokio::test]
async fn a_command_waits_for_the_end_of_a_turn() {
    let bench = Bench::new();
    for state in [ScreenState::Busy, ScreenState::Queued] {
        let screen = facts(state, holds(""), &[]);
        let command = bench.delivering(What::Command("/clear"));
        refused(&command.refusal(&bench.rules, &screen).await.unwrap().unwrap(), Refusal::Busy, "");
    }
    let idle = facts(ScreenState::Ready, holds(""), &[]);
    assert_eq!(bench.delivering(What::Command("/clear")).refusal(&bench.rules, &idle).await.unwrap(), None);
}

#[tokio::test]
async fn enter_is_not_pressed_in_a_turn_that_it_would_end() {
    let bench = Bench::new();
    // Nothing is known of the command line here, which is taken for the kind whose Enter interrupts.
    let site = Site::for_tests("/h");
    let rules = screen::rules_for(&site, "codex").unwrap().unwrap();
    assert!(rules.busy_enter.interrupts(&[]), "codex decides it by an option");
    let delivering = Delivering { runtime: "codex", ..bench.delivering(What::Message(MESSAGE)) };
    let busy = facts(ScreenState::Busy, holds(""), &[]);
    refused(&delivering.refusal(&rules, &busy).await.unwrap().unwrap(), Refusal::Busy, INTERRUPTS);
    let idle = facts(ScreenState::Ready, holds(""), &[]);
    assert_eq!(delivering.refusal(&rules, &idle).await.unwrap(), None);
}

#[test]
fn a_draft_is_the_message_and_nothing_else() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let shows = |state, composer| message.shows_draft(&facts(state, composer, &[]), "");
    assert!(shows(ScreenState::Draft, holds(MESSAGE)));
    assert!(!shows(ScreenState::Occupied, holds(MESSAGE)), "Enter would choose from the list");
    assert!(!shows(ScreenState::Draft, holds("another text of somebody's")));
    assert!(!shows(ScreenState::Draft, holds(&format!("{MESSAGE}, and what somebody typed behind it"))));
    assert!(!shows(ScreenState::Ready, holds("")) && !shows(ScreenState::Unknown, None));
    let long = holds("[pasted 9 lines]").map(|composer| Composer {
        pasted: true,
        before_paste: "[h:lead -> h:a".to_owned(),
        ..composer
    });
    assert!(shows(ScreenState::Draft, long.clone()), "the sign of a long paste stands for the rest");
    let other = long.map(|composer| Composer { before_paste: "mine:".to_owned(), ..composer });
    assert!(!shows(ScreenState::Draft, other));
}

#[test]
fn behind_a_draft_both_have_to_stand() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let both = facts(ScreenState::Draft, holds(&format!("half a {MESSAGE}")), &[]);
    assert!(message.shows_draft(&both, "half a "));
    assert!(!message.shows_draft(&both, ""), "what is not ours is no draft of ours");
}

#[test]
fn a_command_is_found_among_the_commands_that_its_list_shows() {
    let bench = Bench::new();
    let command = bench.delivering(What::Command("/clear"));
    let listed = facts(ScreenState::Occupied, holds("/clear\n/clear-all\n/compact"), &[]);
    assert!(command.shows_draft(&listed, ""));
    assert!(!command.shows_draft(&facts(ScreenState::Occupied, holds("/clear-all"), &[]), ""));
}

#[test]
fn what_stands_in_the_conversation_and_not_in_the_composer_was_taken() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let draft = facts(ScreenState::Draft, holds(MESSAGE), &["earlier"]);
    let taken = |now: ScreenFacts| message.was_taken(&now, &draft, &draft);
    assert!(taken(facts(ScreenState::Busy, holds(""), &["earlier", MESSAGE])));
    assert!(taken(facts(ScreenState::Busy, holds("the next line of a person"), &["earlier", MESSAGE])));
    assert!(taken(facts(
        ScreenState::Queued,
        holds(""),
        &["earlier", "waits: [h:lead -> h:a mabcdefgh] please lo\u{2026}"]
    )));
    assert!(taken(facts(ScreenState::Dialog, None, &["earlier", MESSAGE])), "it may ask about it at once");
    assert!(!taken(facts(ScreenState::Busy, holds(MESSAGE), &["earlier", MESSAGE])), "a copy of it is still a draft");
    assert!(!taken(facts(ScreenState::Busy, holds(""), &["earlier"])), "an empty composer alone proves nothing");
    assert!(!taken(facts(ScreenState::Unknown, None, &["earlier", MESSAGE])));
}

#[test]
fn what_was_there_before_is_no_evidence() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let draft = facts(ScreenState::Draft, holds(MESSAGE), &[MESSAGE]);
    assert!(!message.was_taken(&facts(ScreenState::Ready, holds(""), &[MESSAGE]), &draft, &draft));
    assert!(message.was_taken(&facts(ScreenState::Ready, holds(""), &[MESSAGE, MESSAGE]), &draft, &draft));
}

#[test]
fn a_model_that_fails_takes_nothing_before_its_turn_ends() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    let draft = facts(ScreenState::Failing, holds(MESSAGE), &[]);
    assert!(!message.was_taken(&facts(ScreenState::Failing, holds(""), &[MESSAGE]), &draft, &draft));
    let waits = ScreenFacts { queued: true, ..facts(ScreenState::Failing, holds(""), &[MESSAGE]) };
    assert!(message.was_taken(&waits, &draft, &draft), "it waits, which is an answer");
    assert!(message.was_taken(&facts(ScreenState::Busy, holds(""), &[MESSAGE]), &draft, &draft));
}

#[test]
fn the_runtimes_own_word_counts_once_the_composer_let_go() {
    let bench = Bench::new();
    let message = Delivering { took: &|| true, ..bench.delivering(What::Message(MESSAGE)) };
    let draft = facts(ScreenState::Draft, holds(MESSAGE), &[]);
    // The conversation of a small pane may have scrolled past it.
    assert!(message.was_taken(&facts(ScreenState::Busy, holds(""), &[]), &draft, &draft));
    assert!(!message.was_taken(&facts(ScreenState::Busy, holds(MESSAGE), &[]), &draft, &draft));
    let busy = || Seen::Yes(facts(ScreenState::Busy, holds(""), &[]));
    is(&told(&message, busy()), Delivery::Accepted, "");
    // Whoever reads it learns which of the two it was: what the runtime said, or what its screen shows.
    are_told_apart(&[told(&message, busy()), told(&bench.delivering(What::Message(MESSAGE)), busy())]);
    is(&told(&message, Seen::Yes(facts(ScreenState::Queued, holds(""), &[]))), Delivery::Queued, "as it is");
}

#[test]
fn a_message_that_hooks_may_still_refuse_is_not_taken_yet() {
    let bench = Bench::new();
    let message = Delivering { took: &|| true, ..bench.delivering(What::Message(MESSAGE)) };
    let draft = facts(ScreenState::Draft, holds(MESSAGE), &[]);
    let open = ScreenFacts { undecided: true, ..facts(ScreenState::Busy, holds(""), &[MESSAGE]) };
    assert!(!message.was_taken(&open, &draft, &draft));
    // What a refusal looks like: it stands in the composer again.
    let back = facts(ScreenState::Draft, holds(MESSAGE), &[&format!("Original prompt: {MESSAGE}")]);
    assert!(!message.was_taken(&back, &draft, &draft));
    let still_open = told(&message, Seen::No(open));
    is(&told(&message, Seen::No(back.clone())), Delivery::Unverified, "");
    are_told_apart(&[told(&message, Seen::No(back)), still_open]);
    assert!(message.was_taken(&facts(ScreenState::Busy, holds(""), &[MESSAGE]), &draft, &draft));
}

#[test]
fn a_command_was_taken_when_the_screen_is_another_one() {
    let bench = Bench::new();
    let command = bench.delivering(What::Command("/clear"));
    let before = facts(ScreenState::Ready, holds(""), &["a long conversation"]);
    let draft = facts(ScreenState::Occupied, holds("/clear"), &["a long conversation"]);
    assert!(command.was_taken(&facts(ScreenState::Ready, holds(""), &[]), &draft, &before));
    assert!(!command.was_taken(&before, &draft, &before));
    assert!(!command.was_taken(&facts(ScreenState::Ready, holds("/clear"), &[]), &draft, &before));
}

#[test]
fn a_receipt_never_says_more_than_was_seen() {
    let bench = Bench::new();
    let message = bench.delivering(What::Message(MESSAGE));
    is(&told(&message, Seen::Yes(facts(ScreenState::Busy, holds(""), &[]))), Delivery::Accepted, "");
    // Where nothing shows, for how long somebody looked, and what was to be seen.
    let no_sign = told(&message, Seen::No(facts(ScreenState::Ready, holds(""), &[])));
    is(&no_sign, Delivery::Unverified, " 6 ");
    is(&no_sign, Delivery::Unverified, "as it is");
    let blank = facts(ScreenState::Unknown, None, &["", "  "]);
    assert!(blank.is_blank() && !facts(ScreenState::Ready, holds(""), &[]).is_blank());
    assert!(!facts(ScreenState::Unknown, None, &["", "a screen of another kind"]).is_blank());
    assert_eq!(told(&message, Seen::No(blank)), no_sign);
    let draft = told(&message, Seen::No(facts(ScreenState::Draft, holds("x"), &[])));
    let (ended, claimed) = (told(&message, Seen::Gone), told(&message, Seen::Lost));
    for outcome in [&draft, &ended, &claimed] {
        is(outcome, Delivery::Unverified, "");
    }
    are_told_apart(&[no_sign, draft, ended.clone(), claimed.clone()]);
    assert_eq!((ended, claimed), (gone(Phase::Submitting), lost_lease(Phase::Submitting)));
}

#[test]
fn only_what_arrived_counts_as_arrived() {
    use Delivery::{Accepted, Blank, Dead, Draft, Queued, Refused, Sent, Unverified};
    for delivery in [Accepted, Queued, Sent] {
        assert!(delivery.arrived(), "{}", delivery.word());
    }
    for delivery in [Draft, Unverified, Blank, Dead, Refused] {
        assert!(!delivery.arrived(), "{}", delivery.word());
        let json = serde_json::to_string(&delivery).unwrap();
        assert_eq!(json, format!("\"{}\"", delivery.word()), "one spelling");
    }
}

#[test]
fn each_refusal_has_one_spelling() {
    let all = [
        Refusal::Busy,
        Refusal::BlockedByPrompt,
        Refusal::LoginNeeded,
        Refusal::Login,
        Refusal::Limit,
        Refusal::Failing,
        Refusal::ComposerOccupied,
        Refusal::DraftPresent,
        Refusal::DraftLeft,
        Refusal::NotShown,
        Refusal::NoReport,
        Refusal::LockBusy,
        Refusal::NoQuestion,
        Refusal::QuestionNotWhole,
        Refusal::AnotherQuestion,
        Refusal::NoChoice,
        Refusal::MarkMoved,
    ];
    for refusal in all {
        assert_eq!(serde_json::to_string(&refusal).unwrap(), format!("\"{}\"", refusal.word()));
        let outcome = Outcome::refused(refusal, "so it is");
        assert_eq!(outcome.reason, format!("{}: so it is", refusal.word()));
    }
}

#[test]
fn a_message_that_was_not_tried_was_not_typed() {
    let site = Site::for_tests("/h");
    let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents: [{name: a, class: code}]\n";
    let roster = roster::parse(text, std::path::Path::new("r"), &site).unwrap();
    let failure = Failure::new(Kind::Failed, "h2", "no route", "look at the network");
    let receipt = Receipt::not_tried(&roster.agents[0], &failure);
    assert!(!receipt.typed && receipt.delivery == Delivery::Blank && receipt.reason.contains("no route"));
}

/// A text as a runtime shows it: cut into rows of a width, each behind its frame.
fn wrapped(text: &str, width: usize, frame: &str) -> Vec<String> {
    let cut = |line: &str| {
        let letters: Vec<char> = line.chars().collect();
        letters.chunks(width).map(|row| format!("{frame}{}", row.iter().collect::<String>())).collect::<Vec<_>>()
    };
    text.lines().flat_map(cut).collect()
}

proptest! {
    #[test]
    fn a_message_is_found_again_at_every_width(
        body in "[a-zA-Z0-9 ,.;:()*_`\n-]{20,200}",
        width in 18_usize..140,
        frame in prop::sample::select(vec!["", "\u{2503} ", "> ", "\u{258c}", "   "]),
    ) {
        let message = format!("[h:lead -> h:a mabcdefgh] {body}");
        prop_assume!(body.chars().filter(char::is_ascii_alphanumeric).count() > 15);
        let rows = wrapped(&message, width, frame);
        prop_assert!(shown::came(&[], &rows, &message));
        prop_assert!(!shown::came(&rows, &rows, &message));
        prop_assert!(shown::is_draft(&rows.join("\n"), &message));
        prop_assert!(shown::begins(&rows.join("\n"), &message));
    }

    #[test]
    fn a_cut_message_is_no_draft(body in "[a-z ]{40,120}", cut in 1_usize..20) {
        let message = format!("[h:lead -> h:a mabcdefgh] {body}x");
        let letters: Vec<char> = message.chars().collect();
        let shown: String = letters[..letters.len() - cut].iter().collect();
        prop_assert!(!shown::is_draft(&shown, &message), "{shown}");
    }
}
