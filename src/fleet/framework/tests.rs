//! The shipped files belong together: what one names exists, and what exists is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use regex_lite::Regex;

use super::*;
use crate::fleet::home::Site;
use crate::fleet::model::Warning;
use crate::fleet::{roster, runtime};

/// Most lines of a file that is in every agent's context at every moment.
const MAX_RESIDENT_LINES: usize = 120;

fn text(path: &str) -> &'static str {
    CONTENT.iter().find(|(found, _)| *found == path).map(|(_, text)| *text).unwrap_or_else(|| panic!("no {path}"))
}

/// What a pattern's group finds in a text, each once.
fn found<'a>(pattern: &str, text: &'a str) -> BTreeSet<&'a str> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

/// Names of the shipped files between a beginning and an ending.
fn shipped(begins: &str, ends: &str) -> BTreeSet<&'static str> {
    CONTENT.iter().filter_map(|(path, _)| path.strip_prefix(begins)?.strip_suffix(ends)).collect()
}

#[test]
fn every_profile_is_valid_and_most_start_at_the_floor() {
    let classes: BTreeSet<&str> = shipped("fleet/roles/", ".md");
    for (name, text) in PROFILES {
        let roster = roster::parse(text, Path::new(name), &Site::for_tests("/h"));
        let roster = roster.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
        let below = roster.floor_gaps().next().is_some();
        assert_eq!(below, matches!(name, "minimal" | "local-canary"), "{name}: {:?}", roster.warnings);
        let effectless = roster.warnings.iter().find(|warning| matches!(warning, Warning::WithoutEffect { .. }));
        assert_eq!(effectless, None, "{name}");
        for agent in &roster.agents {
            assert!(classes.contains(agent.class.as_str()), "{name}: {} has no persona", agent.class);
        }
    }
}

#[test]
fn every_profile_can_be_put_on_one_runtime() {
    let mut moved = 0;
    for (name, text) in PROFILES {
        let read = |text: &str| roster::parse(text, Path::new(name), &Site::for_tests("/h")).unwrap();
        let made = read(&roster::put_on(text, "stub").unwrap());
        assert!(made.agents.iter().all(|agent| agent.runtime == "stub"), "{name}");
        moved += read(text).agents.iter().filter(|agent| agent.runtime != "stub").count();
    }
    assert!(moved > 10, "{moved}");
}

#[test]
fn everything_that_agents_read_is_compiled_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("framework");
    let mut folders = vec![root.clone()];
    let mut found = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    let elsewhere = |path: &String| {
        // For maintainers only; of the supervisors; in the runtimes' records; the rosters and their schema.
        ["constitution/", "systemd/", "runtime/"].iter().any(|folder| path.starts_with(folder))
            || PROFILES.iter().any(|(name, _)| *path == format!("fleet/examples/{name}.yaml"))
            || path == "fleet/roster.schema.json"
    };
    let read: BTreeSet<String> = found.into_iter().filter(|path| !elsewhere(path)).collect();
    assert_eq!(read, CONTENT.iter().map(|(path, _)| (*path).to_owned()).collect());
}

#[test]
fn what_is_always_in_context_stays_short() {
    for path in ["CONSTITUTION.md", "AGENTS.md"] {
        let lines = text(path).lines().count();
        assert!(lines <= MAX_RESIDENT_LINES, "{path} has {lines} lines");
    }
}

#[test]
fn the_dispatcher_and_the_guides_name_each_other() {
    assert_eq!(found(r"`guides/([a-z]+)\.md` \|", text("AGENTS.md")), shipped("guides/", ".md"));
    assert_eq!(shipped("guides/", ".md").len(), 11);
}

#[test]
fn every_file_that_a_shipped_text_names_ships() {
    let named = Regex::new(r"`((guides|templates|skills|fleet/roles)/[a-z-]+[a-z/-]*\.(md|yaml))`").unwrap();
    let mut seen = 0;
    for (path, text) in CONTENT {
        for found in named.captures_iter(text) {
            let name = &found[1];
            seen += 1;
            assert!(CONTENT.iter().any(|(path, _)| *path == name), "{path} names {name}");
        }
    }
    assert!(seen > 20, "only {seen} were found");
}

#[test]
fn every_known_runtime_has_a_contract_that_says_the_same_things() {
    let mut answers = BTreeSet::new();
    for runtime in runtime::all() {
        let text = runtime.guide().unwrap_or_else(|| panic!("{} has none", runtime.name));
        let reset = runtime.reset_command();
        assert!(text.contains(&format!("`{reset}`")), "{}: its new conversation is `{reset}`", runtime.name);
        answers.insert(found(r"\n\| ([a-z ]+) \|", text));
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn each_template_lists_what_is_filled_in() {
    let mut seen = 0;
    for name in shipped("templates/", ".md") {
        let text = text(&format!("templates/{name}.md"));
        let (listed, used) = match text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")) {
            Some((comment, rest)) => (comment, rest),
            None => ("", text),
        };
        let placeholders = |text| found(r"\{\{([a-z_]+)\}\}", text);
        assert_eq!(placeholders(listed), placeholders(used), "{name}");
        assert_eq!(used.matches("{{").count(), used.matches("}}").count(), "{name}");
        seen += placeholders(used).len();
    }
    assert!(seen > 20, "only {seen} placeholders were found");
}

#[test]
fn each_skill_says_its_name_and_when_to_use_it_and_is_listed() {
    let skills = shipped("skills/", "/SKILL.md");
    assert!(skills.len() >= 2);
    for name in &skills {
        let text = text(&format!("skills/{name}/SKILL.md"));
        assert!(text.starts_with(&format!("---\nname: {name}\ndescription: ")), "{name}");
        let description = text.lines().nth(2).unwrap_or_default();
        assert!(description.contains(" Use it "), "{name}: its description says no occasion");
        assert!(text.lines().count() <= 80, "{name} is long");
    }
    assert_eq!(found(r"\]\(([a-z-]+)/SKILL\.md\)", text("skills/README.md")), skills);
}

/// Everything that ships to be read, each text as one line, so that a line's end hides nothing.
fn read_by_agents_and_people() -> Vec<(String, String)> {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let content = CONTENT.iter().map(|(path, text)| ((*path).to_owned(), one_line(text)));
    let rosters = PROFILES.iter().map(|(name, text)| ((*name).to_owned(), one_line(text)));
    let guides = runtime::all().filter_map(|one| Some((one.name.to_owned(), one_line(one.guide()?))));
    content.chain(rosters).chain(guides).collect()
}

#[test]
fn no_shipped_text_promises_a_time_of_the_clock() {
    let clock = Regex::new(
        r"(?i)\b(each|every|once an?|twice an?) ([0-9]+ |few |working )?(minute|hour|day|morning|afternoon|evening|night|week|month|quarter|year)s?\b|\b(hourly|daily|nightly|weekly|monthly)\b",
    )
    .unwrap();
    for planted in
        ["Look each day at it.", "Report twice a day.", "report it weekly", "every 30 minutes", "Every evening"]
    {
        assert!(clock.is_match(planted), "{planted}");
    }
    assert!(!clock.is_match("At the start of a session, and each time a card ends."));
    let texts = read_by_agents_and_people();
    assert!(texts.len() > 90, "only {} texts", texts.len());
    for (path, text) in texts {
        let found = clock.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: nothing wakes an agent; say which start, card or question does");
    }
}

#[test]
fn no_shipped_text_promises_to_be_on_time() {
    let soon =
        Regex::new(r"(?i)\b(on time|as soon as|immediately|instantly|promptly|right away|without delay)\b").unwrap();
    for planted in ["Keeps it running, on time.", "As soon as all are met", "Answer immediately."] {
        assert!(soon.is_match(planted), "{planted}");
    }
    for (path, text) in read_by_agents_and_people() {
        let found = soon.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: an agent sees it at its next look; say at which");
    }
}

#[test]
fn who_uses_a_product_is_not_called_a_user() {
    let other = Regex::new(r"(?i)\busers\b|\b(a|an|each|every|real|unknown|first|new|another|its) user\b").unwrap();
    for planted in ["what users do", "never invents a user", "You are the first user", "only its user can read it"] {
        assert!(other.is_match(planted), "{planted}");
    }
    assert!(!other.is_match("Ask the user. `user-researcher` does. The user's yes."));
    for (path, text) in read_by_agents_and_people() {
        let found = other.find(&text).map(|found| found.as_str());
        assert_eq!(
            found, None,
            "{path}: \"the user\" is the person whose fleet it is; others are people, customers, readers"
        );
    }
}

#[test]
fn the_human_is_the_user_and_the_operator_is_a_seat() {
    let seat = Regex::new(r"`operator` seat|\[operator\]\(operator\.md\)|(class|name): operator").unwrap();
    let bare = |text: &str| seat.replace_all(text, "").contains("operator");
    assert!(bare("ask the operator") && bare("`operator` does") && !bare("ask the `operator` seat"));
    for (path, text) in read_by_agents_and_people() {
        assert!(!bare(&text), "{path}: the human is \"the user\", the agent \"the `operator` seat\"");
    }
}

#[test]
fn every_class_that_a_persona_names_is_a_shipped_one() {
    let classes = shipped("fleet/roles/", ".md");
    let mut named = 0;
    for (path, text) in personas() {
        // A word of the north star's file.
        for word in found(r"`([a-z]+(?:-[a-z]+)*)`", text).into_iter().filter(|word| *word != "vetoable") {
            named += 1;
            assert!(classes.contains(word), "{path} names {word}");
        }
    }
    assert!(named > 100, "only {named} were found");
}

#[test]
fn where_a_fleet_has_code_it_is_said_who_merges() {
    let the_user = Regex::new(r"(?i)\byou (review and )?merge\b").unwrap();
    let code = Regex::new(r"class: code\b").unwrap();
    let mut seen = 0;
    let kinds = CONTENT.iter().filter(|(path, _)| path.starts_with("fleet/profiles/"));
    for (name, text) in kinds.chain(PROFILES.iter()).filter(|(_, text)| code.is_match(text)) {
        seen += 1;
        assert!(text.contains("class: merge-gate") || the_user.is_match(text), "{name}: nobody merges");
    }
    assert!(seen >= 4, "only {seen} fleets have code");
}

#[test]
fn a_branch_is_pushed_before_it_is_reviewed() {
    // A verdict holds for one commit: what is committed or rebased behind it has none.
    let order = |text: &str| {
        let cycle = text.lines().find(|line| line.starts_with("    plan -> ")).map(str::to_owned);
        let steps = found(r"\n- \*\*(Push|Review)\*\*", text).len();
        cycle.filter(|_| steps == 2).is_some_and(|cycle| {
            let at = |step: &str| cycle.find(step);
            at("-> push").is_some_and(|push| at("-> review").is_some_and(|review| push < review))
                && text.find("\n- **Push**") < text.find("\n- **Review**")
        })
    };
    assert!(!order("    plan -> review -> commit -> push\n- **Review**\n- **Push**\n"));
    assert!(order(text("guides/delivery.md")), "delivery.md asks for a review of what is not pushed");
    for (path, text) in read_by_agents_and_people().iter().filter(|(_, text)| text.contains("gate review --branch")) {
        assert!(text.contains("newest commit"), "{path}: of which commit is the verdict?");
    }
}

#[test]
fn the_gate_is_asked_in_one_form() {
    let other = Regex::new(r"gate check --branch BRANCH(?: --ci|`)").unwrap();
    assert!(other.is_match("`mosaic-tui gate check --branch BRANCH` lists it"));
    let mut seen = 0;
    for (path, text) in read_by_agents_and_people() {
        seen += text.matches("gate check --branch").count();
        assert!(!other.is_match(&text), "{path}: a branch is asked for with its card");
    }
    assert!(seen >= 4, "only {seen} were found");
}

#[test]
fn every_card_that_a_text_has_made_has_acceptance_criteria() {
    let made = Regex::new(r"mosaic-tui backlog create --id [^\n]*").unwrap();
    let mut seen = 0;
    for (path, text) in CONTENT {
        for line in made.find_iter(text) {
            // An escalation is a question, and has an answer in place of criteria.
            let is_question = line.as_str().contains("--assignee \"$MOSAIC_AGENT_NAME\"");
            seen += 1;
            assert!(is_question || line.as_str().contains(" --acceptance "), "{path}: {}", line.as_str());
        }
    }
    assert!(seen >= 6, "only {seen} were found");
}

#[test]
fn a_card_is_lost_by_its_token_and_not_by_any_refusal() {
    // `complete` also ends with 4 where something else comes first; the card is still held then.
    let lost = Regex::new("(isn't|is not) yours any more").unwrap();
    let by_token = Regex::new("token.{0,12}no longer valid.{0,60}(isn't|is not) yours any more").unwrap();
    let all = |text: &str| lost.find_iter(text).count() == by_token.find_iter(text).count();
    assert!(!all("Exit code 4: the card isn't yours any more."));
    let mut seen = 0;
    for (path, text) in read_by_agents_and_people() {
        seen += lost.find_iter(&text).count();
        assert!(all(&text), "{path}: by which message is it known?");
    }
    assert!(seen >= 4, "only {seen} were found");
}

#[test]
fn who_gives_out_cards_is_the_coordinator_whatever_its_class() {
    for (path, text) in personas() {
        assert!(
            !text.contains("`orchestrator`"),
            "{path}: the coordinator may be of another class; say \"the coordinator\""
        );
    }
}

#[test]
fn shipped_texts_have_no_word_at_which_readers_stumbled() {
    let odd = Regex::new(
        r"below (the Mosaic home|`?(memory|policy)/)|belongs? into|comes? on top|of use\b|equal question|[Cc]ard's body|\bMind:|## Mind\b|anybody's hands|(is|are) none( either)?\.|[Ll]ook only after|\bon the board\b",
    )
    .unwrap();
    for planted in [
        "a file below `policy/`",
        "It belongs into a file.",
        "until when it is of use",
        "## Mind",
        "A claim's token is none.",
        "that it is free again is none either.",
        "Look only after what it doesn't give out",
        "it stands on the board",
    ] {
        assert!(odd.is_match(planted), "{planted}");
    }
    for (path, text) in read_by_agents_and_people() {
        // Out of use is another thing.
        let text = text.replace("out of use", "");
        let found = odd.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: say it as people do: in, belongs in, is added, by when you need it");
    }
}

#[test]
fn what_only_the_user_changes_is_proposed() {
    let noted = Regex::new(r"(?i)\b(note|write|put|add|keep)\b[^.:;|]* (in|into|to) `(TOOLS|USER|SOUL)\.md`").unwrap();
    assert!(noted.is_match("Note in `TOOLS.md` what is special") && !noted.is_match("send the text for `TOOLS.md`"));
    for (path, text) in read_by_agents_and_people().iter().filter(|(path, _)| !path.starts_with("templates/")) {
        let found = noted.find(text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: it is the user's; an agent sends the coordinator the text");
    }
}

#[test]
fn what_may_have_arrived_is_not_said_to_have_not() {
    let lost = Regex::new(r"(?i)\b(any other|every other) [^.]*\bdid(n't| not) arrive\b").unwrap();
    assert!(lost.is_match("any other receipt means that it did not arrive, and whether"));
    let site = Site::for_tests("/h");
    let text = "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents:\n  - {name: a, class: code}\n";
    let roster = roster::parse(text, Path::new("r"), &site).unwrap();
    let comms = crate::fleet::comms::block(&site, &roster, &roster.agents[0], "here");
    let comms = comms.split_whitespace().collect::<Vec<_>>().join(" ");
    for (path, text) in read_by_agents_and_people().into_iter().chain([("Fleet comms".to_owned(), comms)]) {
        let found = lost.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: a receipt may also be unverified; then the screen tells");
    }
}

#[test]
fn no_text_says_that_the_gate_lists_the_go_ahead() {
    // It knows the review and CI, and nothing of the coordinator's message.
    let all = Regex::new(r"(?i)\b(all|every condition)( of them)? (are|is) met\b").unwrap();
    for planted in ["lists the conditions. If all are met, whoever", "When every condition is met you merge at once"] {
        assert!(all.is_match(planted), "{planted}");
    }
    for (path, text) in read_by_agents_and_people().iter().filter(|(_, text)| text.contains("merge")) {
        let found = all.find(text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: the go-ahead may be missing; say \"when nothing is missing\"");
    }
    let gate = text("fleet/roles/merge-gate.md");
    assert!(gate.contains("such as the go-ahead, is for the coordinator"), "{gate}");
}

#[test]
fn an_author_counts_for_no_review() {
    let beside = Regex::new(r"(?i)\b(never|not) the only reviewer\b").unwrap();
    assert!(beside.is_match("The author is never the only reviewer."));
    for (path, text) in read_by_agents_and_people() {
        assert!(!beside.is_match(&text), "{path}: it sounds as if the author might be one of two");
    }
}

#[test]
fn a_wait_has_a_length_that_can_be_typed() {
    let vague = Regex::new(r"(?i)\blonger than the (wait|review|answer)\b").unwrap();
    assert!(vague.is_match("a `--ttl` (in seconds) that is longer than the wait"));
    let mut seen = 0;
    for (path, text) in read_by_agents_and_people() {
        seen += usize::from(text.contains("--ttl 86400"));
        assert!(!vague.is_match(&text), "{path}: nobody knows that beforehand; say `--ttl 86400`");
    }
    assert!(seen >= 2, "only {seen} say a length");
}

#[test]
fn an_agent_takes_no_claim_from_another() {
    let takes = Regex::new(r"(?i)\bfrees? (its|the|their|that) cards?\b").unwrap();
    assert!(takes.is_match("restart one agent, free its card") && takes.is_match("Free its card (step 5)"));
    for (path, text) in read_by_agents_and_people() {
        let found = takes.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{path}: an agent returns claims that have run out, and no others");
    }
}

#[test]
fn a_blocked_card_is_unblocked_before_it_is_claimed() {
    let again = Regex::new(r"(?i)\bclaim(s)? (the|your) card again\b").unwrap();
    assert!(again.is_match("With the yes, claim the card again, do the step"));
    for (path, text) in read_by_agents_and_people() {
        assert!(!again.is_match(&text), "{path}: it can't be claimed while it is blocked");
    }
    let delivery = text("guides/delivery.md");
    assert!(delivery.contains("mosaic-tui backlog unblock CARD && mosaic-tui backlog claim "), "{delivery}");
}

#[test]
fn it_is_said_what_shows_the_main_branchs_ci() {
    let asked: Vec<String> = read_by_agents_and_people()
        .into_iter()
        .filter(|(_, text)| Regex::new("CI on the main branch is (not )?green").unwrap().is_match(text))
        .map(|(path, _)| path)
        .collect();
    assert!(asked.len() >= 4, "{asked:?}");
    assert!(
        text("templates/TOOLS.md").contains("\n| CI on the main branch | "),
        "agents read there which command shows it"
    );
    let words = text("CONSTITUTION.md").split_once("- **CI**: ").map(|(_, rest)| rest).unwrap_or_default();
    let words = words.split("\n- ").next().unwrap_or_default();
    assert!(
        words.contains("`TOOLS.md`") && words.contains("the gate's answer to a merge"),
        "what counts without: {words}"
    );
}

#[test]
fn what_a_card_forbids_lets_notes_and_drafts_be_kept() {
    // The card's word comes before the guides', by which drafts and lists lie in the Mosaic home.
    let brief = text("templates/brief.md").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        brief.contains("Change files nowhere else, except") && brief.contains("drafts (`guides/memory.md`)"),
        "{brief}"
    );
    assert!(text("guides/memory.md").contains("\n| a draft that waits for the user's yes | "));
}
