//! The shipped personas, and what is wrong with invalid ones.

use regex_lite::Regex;

use super::*;
use crate::fleet::framework;

/// Domains and their classes, as the product promises them.
const CLASSES: [(Domain, &str); 10] = [
    (
        Domain::Engineering,
        "board code decomposition documentation enhancer merge-gate operator orchestrator planner rebase review \
         security-review session-review site-tester",
    ),
    (Domain::Executive, "ceo cfo chief-of-staff coo cto"),
    (Domain::Product, "product-manager user-researcher ux-designer"),
    (
        Domain::Marketing,
        "brand-strategist content-strategist copywriter growth-marketer marketing-lead seo-specialist \
         social-media-manager",
    ),
    (Domain::Sales, "account-executive sales-development-rep sales-lead"),
    (
        Domain::Operations,
        "business-analyst finance-analyst hr-generalist legal-counsel operations-manager project-manager recruiter",
    ),
    (Domain::Research, "data-analyst data-scientist lead-researcher market-analyst researcher"),
    (Domain::Assistant, "executive-assistant inbox-manager personal-assistant scheduler"),
    (Domain::Customer, "customer-success-manager support-agent"),
    (Domain::Creative, "editor graphic-designer video-producer"),
];

const VALID: &str = "---\nclass: x\ntitle: X\ndomain: sales\npersistent: false\nsummary: Does x.\n---\n\n## Mandate\n\n\
                     1. One.\n2. Two\n   lines.\n3. Three.\n\n## Boundaries\n\n- `code` codes.\n\n## Persona\n\nCalm.\n";

fn known() -> BTreeSet<&'static str> {
    CLASSES.iter().flat_map(|(_, classes)| classes.split_whitespace()).collect()
}

fn shipped() -> Vec<(Persona, &'static str)> {
    let read = |(path, text)| match parse(text, Path::new(path), &known()) {
        Ok(persona) => (persona, text),
        Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    framework::personas().map(read).collect()
}

#[test]
fn every_class_of_the_table_has_a_persona_and_no_other() {
    let shipped = shipped();
    for (domain, classes) in CLASSES {
        let found: Vec<&str> =
            shipped.iter().filter(|(p, _)| p.domain == domain).map(|(p, _)| p.class.as_str()).collect();
        assert_eq!(found, classes.split_whitespace().collect::<Vec<_>>(), "{domain}");
    }
    assert_eq!(shipped.len(), 53);
}

#[test]
fn shipped_personas_are_short_name_a_mode_and_point_to_others() {
    let mut summaries = BTreeSet::new();
    for (persona, text) in shipped() {
        let lines = text.lines().count();
        assert!((25..=45).contains(&lines), "{} has {lines} lines", persona.class);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= 120, "{} has a line of {widest} characters", persona.class);
        let modes = ["orchestration", "delivery", "review"].map(|mode| format!("## Mandate\n\nMode: {mode}.\n\n1. "));
        assert_eq!(modes.iter().filter(|mode| text.contains(*mode)).count(), 1, "{} declares no mode", persona.class);
        assert!(
            persona.others.iter().any(|other| *other != persona.class),
            "{} leaves nothing to others",
            persona.class
        );
        assert!(summaries.insert(persona.summary.clone()), "{}: a summary twice", persona.class);
    }
}

#[test]
fn no_two_shipped_personas_share_a_duty() {
    let mut duties = BTreeSet::new();
    for (persona, text) in shipped() {
        for line in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
            assert!(duties.insert(line[3..].to_owned()), "{}: {line}", persona.class);
        }
    }
}

/// A persona's text without its sections' titles and line ends.
fn body(persona: &Persona) -> String {
    persona.body.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn shipped_personas_say_how_their_card_ends() {
    let end = Regex::new(r"Your (card|part)\b[^.]* (is done|ends)\b|You claim no card\b").unwrap();
    assert!(
        end.is_match("Your part of a text ends when it is handed on.") && !end.is_match("Doesn't merge: `x` does.")
    );
    for (persona, _) in shipped() {
        assert!(end.is_match(&body(&persona)), "{}: when is its card done, or its part of one?", persona.class);
    }
}

#[test]
fn shipped_personas_that_need_the_users_yes_say_how_to_ask() {
    let left = Regex::new(r"user's yes|without a yes|Leaves [^.:]*\bto the user\b").unwrap();
    let asks = Regex::new(r"[Bb]lock (your|a) card with\b").unwrap();
    let mut seen = 0;
    for (persona, _) in shipped() {
        let text = body(&persona);
        if left.is_match(&text) {
            seen += 1;
            assert!(asks.is_match(&text), "{}: a yes is asked for by a blocked card, with what?", persona.class);
        }
    }
    assert!(seen > 15, "only {seen} need a yes");
}

#[test]
fn shipped_personas_that_need_the_users_yes_say_when_their_card_is_done() {
    // A draft that nobody sends is done only where nobody asked for more.
    let left = Regex::new(r"user's yes|without a yes|Leaves [^.:]*\bto the user\b").unwrap();
    // Whose deed ends it is said: "block it: it is done when you did that" reads as if the block did.
    let ends = Regex::new(
        r"If it asks (you )?[^.]*\b[Bb]lock your card with\b[^.]*(: it is done when (the user|a lawyer)\b|\. (After the yes it|It) is done when\b)",
    )
    .unwrap();
    for right in [
        "If it asks you to send it, block your card with the draft. After the yes it is done when the draft went out.",
        "If it asks you to pay, block your card with what is due: it is done when the user has done that.",
    ] {
        assert!(ends.is_match(right), "{right}");
    }
    for wrong in [
        "Sends nothing without the user's yes: block your card with the draft.",
        "If it asks you to send it, block your card with the draft: it is done when you did that.",
    ] {
        assert!(!ends.is_match(wrong), "{wrong}");
    }
    let mut seen = 0;
    for (persona, _) in shipped() {
        let text = body(&persona);
        if left.is_match(&text) {
            seen += 1;
            assert!(ends.is_match(&text), "{}: is its card done by the draft, or by what is left?", persona.class);
        }
    }
    assert!(seen > 15, "only {seen} need a yes");
}

#[test]
fn shipped_personas_leave_nothing_to_others_by_a_no() {
    // Read fast, "Adds no feature: `code` does" says that `code` adds none.
    let reversed =
        Regex::new(r"\b[A-Za-z]+s (on )?(no|nothing)\b[^.:]*[.:] (`[a-z-]+`[^.:]{0,60}\bdo(es)?\b|[Tt]he user does)")
            .unwrap();
    assert!(
        reversed.is_match("Adds no feature on the way: `code` does.")
            && reversed.is_match("Signs nothing. The user does.")
    );
    assert!(
        !reversed.is_match("Doesn't merge: `merge-gate` does.") && !reversed.is_match("Leaves features to `code`.")
    );
    for (persona, _) in shipped() {
        let text = body(&persona);
        let found = reversed.find(&text).map(|found| found.as_str());
        assert_eq!(found, None, "{}: say what it leaves to whom", persona.class);
    }
}

#[test]
fn the_library_is_made_from_the_front_matter() {
    let personas: Vec<Persona> = shipped().into_iter().map(|(persona, _)| persona).collect();
    let made = library(&personas);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("framework").join(framework::LIBRARY);
    if std::env::var_os("MOSAIC_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), made, "MOSAIC_UPDATE=1 writes it");
}

#[test]
fn the_example_of_an_own_class_is_valid() {
    let path = "examples/roles/data-engineer.md";
    let (_, text) = framework::CONTENT.iter().find(|(found, _)| *found == path).unwrap();
    assert_eq!(parse(text, Path::new(path), &known()).unwrap().class, "data-engineer");
}

#[test]
fn each_invalid_persona_is_told_with_line_key_and_what_is_allowed() {
    assert!(parse(VALID, Path::new("x.md"), &known()).is_ok());
    for (from, to, told) in [
        ("---\nclass", "class", "x.md:1:1: the front matter is missing; expected class, title"),
        ("Does x.\n---", "Does x.\n", "x.md:1:1: the front matter has no end"),
        ("class: x\n", "", "the key `class` is missing"),
        ("class: x", "class: y", "x.md:2:8: class: is \"y\"; expected x, the file's name"),
        ("class: x", "class: X Y", "class: is \"X Y\"; expected small letters, digits and hyphens"),
        ("class: x", "class: [x]", "x.md:2:8: class: is a list; expected"),
        ("title: X", "title: \"\"", "x.md:3:8: title: is empty"),
        ("title: X", "titel: X", "x.md:3:1: titel: unknown key `titel`; expected one of `class`, `title`"),
        ("title: X", "title: A | B", "x.md:3:8: title: expected one line without `|`"),
        (
            "domain: sales",
            "domain: selling",
            "x.md:4:9: domain: `selling` is not known here; expected one of `engineering`",
        ),
        ("persistent: false", "persistent: maybe", "x.md:5:13: persistent: is"),
        ("summary: Does x.", "summary: Does x.\nclass: x", "the key `class` stands there twice"),
        ("\n## Mandate", "Hello\n## Mandate", "x.md:8:1: stands above the first section; expected `## Mandate`"),
        (
            "## Boundaries",
            "## Limits",
            "x.md:16:1: expected the sections `## Mandate`, `## Boundaries`, `## Persona`, each once",
        ),
        ("## Persona\n\nCalm.\n", "", "expected the sections"),
        ("Calm.\n", "Calm.\n\n## More\n\nx\n", "x.md:24:1: expected the sections"),
        ("Calm.\n", "", "x.md:20:1: Persona: is empty"),
        ("- `code` codes.\n", "", "x.md:16:1: Boundaries: is empty"),
        ("3. Three.\n", "", "x.md:9:1: Mandate: has 2 numbered duties; expected 3 to 5"),
        ("3. Three.", "3. T\n4. F\n5. F\n6. S", "has 6 numbered duties; expected 3 to 5"),
        ("3. Three.", "4. Three.", "x.md:14:1: Mandate: duty 4 stands where 3 is expected"),
        ("`code`", "`cod`", "x.md:18:1: Boundaries: names the class cod, which has no persona; did you mean code"),
        ("`code`", "`zzzzzzzzzzz`", "which has no persona; expected one of account-executive, board"),
        ("class: x", "class: x-", "class: is \"x-\"; expected small letters, digits and hyphens"),
        ("summary: Does x.", "summary: \"  \"", "x.md:6:10: summary: is empty"),
        ("summary: Does x.", "summary: \"a\\nb\"", "x.md:6:10: summary: expected one line without `|`"),
        ("domain: sales", "domain:", "x.md:4:8: domain: `` is not known here; expected one of"),
        ("1. One.", "1. ", "x.md:11:1: Mandate: duty 1 is empty"),
        ("## Mandate", "## Mandate\n\n## Mandate", "expected the sections"),
        (
            "class: x\ntitle: X\ndomain: sales\npersistent: false\nsummary: Does x.",
            "",
            "x.md:1:1: the front matter is empty",
        ),
        ("title: X", "title: X\u{1b}", "x.md:3:9: holds a control character"),
    ] {
        let text = VALID.replacen(from, to, 1);
        assert_ne!(text, VALID, "{from}");
        match parse(&text, Path::new("x.md"), &known()) {
            Ok(_) => panic!("{from} -> {to} passes"),
            Err(problems) => {
                let all = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                assert!(all.contains(told), "{from} -> {to}:\n{all}\nwanted: {told}");
            }
        }
    }
}
