//! The shipped system types, and what is wrong with invalid ones.

use super::*;
use crate::fleet::framework;

/// Id, lead, floor, and `classes > whom they report to`, as the product promises them.
const TABLE: [(&str, &str, &str, &str); 5] = [
    (
        "software-delivery",
        "orchestrator",
        "orchestrator enhancer",
        "board planner review documentation merge-gate operator session-review enhancer > orchestrator; \
         decomposition > planner; code x2 > decomposition; security-review site-tester > review; rebase > merge-gate",
    ),
    (
        "research",
        "lead-researcher",
        "lead-researcher",
        "researcher x2 data-analyst data-scientist market-analyst documentation review > lead-researcher",
    ),
    (
        "business",
        "ceo",
        "ceo",
        "coo cfo > ceo; product-manager marketing-lead sales-lead operations-manager customer-success-manager > coo; \
         code review > product-manager",
    ),
    (
        "marketing",
        "marketing-lead",
        "marketing-lead",
        "content-strategist seo-specialist brand-strategist growth-marketer ux-designer > marketing-lead; \
         copywriter social-media-manager > content-strategist",
    ),
    (
        "personal-assistant",
        "personal-assistant",
        "personal-assistant",
        "executive-assistant inbox-manager researcher > personal-assistant; scheduler > executive-assistant",
    ),
];

const VALID: &str = "id: p\ntitle: P\ndescription: d\nlead: ceo\nfloor: [ceo]\nroster:\n  - class: ceo\n  \
                     - {class: coo, reports_to: ceo}\n  - {class: code, reports_to: coo, multiplicity: 2}\n";

fn known() -> BTreeSet<&'static str> {
    let stem = |(path, _): (&'static str, _)| Path::new(path).file_stem().and_then(|stem| stem.to_str());
    framework::personas().filter_map(stem).collect()
}

/// The rows of a table's cell as (class, count, whom it reports to), sorted.
fn seats(cell: &str) -> Vec<(String, u64, String)> {
    let mut found = Vec::new();
    for part in cell.split("; ") {
        let (classes, above) = part.split_once(" > ").unwrap();
        for class in classes.split_whitespace() {
            match class.strip_prefix('x').and_then(|count| count.parse().ok()) {
                Some(count) => found.last_mut().map(|last: &mut (String, u64, String)| last.1 = count).unwrap(),
                None => found.push((class.to_owned(), 1, above.to_owned())),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_shipped_system_types_are_the_promised_ones() {
    let mut ids = BTreeSet::new();
    for (path, text) in framework::system_types() {
        let profile = match parse(text, Path::new(path), &known()) {
            Ok(profile) => profile,
            Err(problems) => panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        };
        let (_, lead, floor, cell) = TABLE.iter().find(|(id, ..)| *id == profile.id).unwrap();
        assert_eq!((profile.lead.as_str(), profile.floor.join(" ").as_str()), (*lead, *floor), "{path}");
        let mut found: Vec<_> = profile
            .seats
            .iter()
            .filter(|seat| seat.class != profile.lead)
            .map(|seat| (seat.class.clone(), seat.count, seat.reports_to.clone().unwrap_or_default()))
            .collect();
        found.sort();
        assert_eq!(found, seats(cell), "{path}");
        assert!(profile.seats.iter().all(|seat| seat.notes.is_some()), "{path}: a seat without notes");
        ids.insert(profile.id);
    }
    assert_eq!(ids.len(), TABLE.len());
}

#[test]
fn each_invalid_profile_is_told_with_line_key_and_what_is_allowed() {
    let parsed = |text: &str| parse(text, Path::new("p.yaml"), &known());
    let profile = parsed(VALID).unwrap();
    assert_eq!((profile.seats[2].count, profile.seats[1].reports_to.as_deref()), (2, Some("ceo")));
    for (from, to, told) in [
        ("id: p", "id: q", "p.yaml:1:5: id: is \"q\"; expected p, the file's name"),
        ("id: p", "id: P p", "id: is \"P p\"; expected small letters, digits and hyphens"),
        ("id: p\n", "", "the key `id` is missing"),
        ("title: P", "title: \"\"", "p.yaml:2:8: title: is empty"),
        ("title: P", "title: \"a\\nb\"", "p.yaml:2:8: title: expected one line"),
        ("title: P", "titles: P", "p.yaml:2:1: titles: unknown key `titles`; expected one of `id`, `title`"),
        ("description: d", "description: \" \"", "p.yaml:3:14: description: is empty"),
        ("lead: ceo", "lead: cio", "p.yaml:4:7: lead: \"cio\" is not in the roster; did you mean"),
        ("lead: ceo", "lead: coo", "p.yaml:5:8: floor: does not hold the lead, \"coo\""),
        ("lead: ceo", "lead: coo", "p.yaml:8:30: roster[1].reports_to: the lead reports to nobody"),
        ("floor: [ceo]", "floor: [ceo, cto]", "p.yaml:5:14: floor[1]: \"cto\" is not in the roster; did you mean"),
        ("floor: [ceo]", "floor: []", "p.yaml:5:8: floor: is empty; expected at least the lead"),
        ("floor: [ceo]", "floor: ceo", "p.yaml:5:8: floor: is"),
        ("class: code", "class: coder", "p.yaml:9:13: roster[2].class: \"coder\" has no persona; did you mean code"),
        ("class: code", "class: coo", "p.yaml:9:13: roster[2].class: \"coo\" stands there twice; use multiplicity"),
        ("class: code, ", "", "p.yaml:9:5: roster[2]: the key `class` is missing"),
        ("reports_to: coo", "reports_to: boss", "roster[2].reports_to: \"boss\" is not in the roster; expected one of"),
        ("reports_to: ceo", "reports_to: coo", "p.yaml:8:30: roster[1].reports_to: closes a cycle: coo > coo"),
        ("reports_to: ceo", "reports_to: code", "roster[1].reports_to: closes a cycle: coo > code > coo"),
        ("multiplicity: 2", "multiplicity: 0", "roster[2].multiplicity: is 0; expected 1 to 64"),
        ("multiplicity: 2", "multiplicity: 65", "roster[2].multiplicity: is 65; expected 1 to 64"),
        ("multiplicity: 2", "multiplicity: -1", "roster[2].multiplicity: is"),
        (
            "class: ceo\n",
            "class: ceo\n    multiplicity: 2\n",
            "roster[0].multiplicity: a fleet has one lead; expected 1",
        ),
        ("multiplicity: 2", "runtime: \"\"", "roster[2].runtime: is empty; leave the key out, or say which"),
        (
            "multiplicity: 2",
            "runtime: clade",
            "roster[2].runtime: \"clade\" is no runtime; expected one of claude, codex",
        ),
        ("multiplicity: 2", "model_hint: \" \"", "roster[2].model_hint: is empty; leave the key out, or say which"),
        ("multiplicity: 2", "notes: \"\"", "roster[2].notes: is empty"),
        ("description: d\n", "description: d\u{7}\n", "p.yaml:3:15: holds a control character"),
        ("lead: ceo", "lead: [ceo]", "p.yaml:4:7: lead: is a list; expected"),
        ("multiplicity: 2", "colour: red", "roster[2].colour: unknown key `colour`; expected one of `class`"),
        ("roster:", "roster: 3\nx:", "p.yaml:6:9: roster: is"),
    ] {
        let text = VALID.replacen(from, to, 1);
        assert_ne!(text, VALID, "{from}");
        let all = parsed(&text)
            .map(|_| String::new())
            .unwrap_or_else(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
        assert!(all.contains(told), "{from} -> {to}:\n{all}\nwanted: {told}");
    }
}

#[test]
fn a_cycle_is_told_once() {
    let text = "id: p\ntitle: P\ndescription: d\nlead: ceo\nfloor: [ceo]\nroster:\n  - class: ceo\n  \
                - {class: coo, reports_to: cfo}\n  - {class: cfo, reports_to: cto}\n  - {class: cto, reports_to: coo}\n  \
                - {class: code, reports_to: cto}\n";
    let problems = parse(text, Path::new("p.yaml"), &known()).unwrap_err();
    assert_eq!(
        problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["p.yaml:8:30: roster[1].reports_to: closes a cycle: coo > cfo > cto > coo"]
    );
}
