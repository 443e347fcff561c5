//! Personas and system types as an operator changes them.

use super::*;
use crate::app::action::registry::Door;
use std::fs;

const CONSOLE: Console = Console { width: 200, owned: false, door: Door::Shell };

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn site(&self) -> Site {
        Site::for_tests(&self.0.path().display().to_string())
    }

    fn run(&self, action: &LibraryAction) -> Report {
        perform(&self.site(), action, CONSOLE).unwrap()
    }

    fn file(&self, text: &str) -> std::path::PathBuf {
        let path = self.0.path().join("given.md");
        fs::write(&path, text).unwrap();
        path
    }

    fn shipped(&self, class: &str) -> String {
        library::read(&self.site(), Shelf::Personas, Layer::Framework, class).unwrap().unwrap().text
    }

    fn save(&self, class: &str, text: &str) -> Report {
        let file = self.file(text);
        self.run(&LibraryAction::Save { class: class.to_owned(), file })
    }
}

fn class(report: &Report, name: &str) -> Value {
    report.json.as_array().unwrap().iter().find(|row| row["class"] == name).unwrap().clone()
}

#[test]
fn an_edited_persona_wins_is_shown_compared_and_taken_back_with_a_backup() {
    let home = Home::new();
    let edited = home.shipped("code").replace("title: Coder", "title: Our coder");
    assert_eq!(home.run(&LibraryAction::Diff("code".into())).json["differs"], false);
    assert_eq!(home.save("code", &edited).json["outcome"], "saved");
    assert_eq!(home.save("code", &edited).json["outcome"], "unchanged", "a second time writes nothing");
    let shown = home.run(&LibraryAction::Persona("code".into()));
    assert_eq!((&shown.json["layer"], &shown.json["overrides"]), (&json!("local"), &json!(true)));
    assert!(shown.text.contains("title: Our coder"), "{}", shown.text);
    let listed = home.run(&LibraryAction::Personas { domain: Some(Domain::Engineering) });
    assert_eq!(class(&listed, "code")["title"], "Our coder");
    assert_eq!((listed.json.as_array().unwrap().len(), listed.code), (14, DONE));
    let diff = home.run(&LibraryAction::Diff("code".into()));
    assert_eq!(diff.json["differs"], true);
    assert!(diff.text.contains("-title: Coder\n+title: Our coder\n"), "{}", diff.text);
    let reset = home.run(&LibraryAction::Reset("code".into()));
    let backup = reset.json["backup"].as_str().unwrap();
    assert_eq!(fs::read_to_string(backup).unwrap(), edited);
    assert_eq!(home.run(&LibraryAction::Persona("code".into())).json["layer"], "framework");
    assert_eq!(home.run(&LibraryAction::Reset("code".into())).json["outcome"], "unchanged");
}

#[test]
fn an_invalid_persona_is_told_by_its_places_and_writes_nothing() {
    let home = Home::new();
    let text = home.shipped("code").replace("domain: engineering", "domain: coding");
    let refused = home.save("code", &text);
    assert_eq!((refused.code, &refused.json["outcome"]), (2, &json!("refused")));
    let given = home.0.path().join("given.md").display().to_string();
    assert!(refused.errors[0].starts_with(&format!("{given}:4:9: domain: ")), "{:?}", refused.errors);
    assert_eq!(home.run(&LibraryAction::Persona("code".into())).json["layer"], "framework");
    // One that was made invalid by hand is listed as such, and does not hide the others.
    let own = Shelf::Personas.path(&home.site(), Layer::Local, "code");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, &text).unwrap();
    let listed = home.run(&LibraryAction::Personas { domain: None });
    assert_eq!((listed.code, listed.json.as_array().unwrap().len()), (FAILED, 53));
    assert!(listed.errors[0].contains("code.md:4:9: domain"), "{:?}", listed.errors);
}

#[test]
fn a_class_of_ones_own_begins_with_anothers_persona() {
    let home = Home::new();
    let add = |class: &str, from: &str| {
        perform(&home.site(), &LibraryAction::Add { class: class.into(), from: from.into() }, CONSOLE)
    };
    let added = add("data-engineer", "data-analyst").unwrap();
    assert_eq!(added.code, DONE, "{added:?}");
    let shown = home.run(&LibraryAction::Persona("data-engineer".into()));
    assert_eq!((&shown.json["layer"], &shown.json["overrides"]), (&json!("local"), &json!(false)));
    assert!(shown.text.contains("class: data-engineer\ntitle: Data engineer\n"), "{}", shown.text);
    assert_eq!(add("data-engineer", "code").unwrap_err().kind, Kind::Refused);
    assert_eq!(add("new", "nobody").unwrap_err().kind, Kind::NotFound);
    let refused = perform(&home.site(), &LibraryAction::Reset("data-engineer".into()), CONSOLE).unwrap_err();
    assert_eq!(refused.kind, Kind::Refused, "there is nothing to go back to");
}

#[test]
fn each_shipped_system_type_is_shown_as_a_tree_and_is_valid() {
    let home = Home::new();
    let listed = home.run(&LibraryAction::Profiles);
    let ids: Vec<String> =
        listed.json.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["business", "marketing", "personal-assistant", "research", "software-delivery"]);
    for id in ids {
        let shown = home.run(&LibraryAction::Profile(id.clone()));
        assert!(shown.text.contains("\u{2514}\u{2500} "), "{}", shown.text);
        assert!(shown.text.contains(&format!("fleet provision --system-type={id} --write")), "{}", shown.text);
    }
    let valid = home.run(&LibraryAction::Validate(None));
    assert_eq!((valid.code, valid.json.as_array().unwrap().len()), (DONE, 5));
}

#[test]
fn a_system_type_of_ones_own_is_listed_checked_and_wins() {
    let home = Home::new();
    let path = Shelf::Profiles.path(&home.site(), Layer::Local, "shop");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "id: shop\ntitle: Shop\ndescription: Sells.\nlead: ceo\nfloor: [ceo]\nroster:\n  - class: ceo\n";
    fs::write(&path, text).unwrap();
    assert_eq!(home.run(&LibraryAction::Profile("shop".into())).json["layer"], "local");
    fs::write(&path, text.replace("lead: ceo", "lead: cio")).unwrap();
    let all = home.run(&LibraryAction::Validate(None));
    assert_eq!(all.code, 2);
    assert!(all.errors[0].contains("shop.yaml:4:7: lead:"), "{:?}", all.errors);
    let failure = perform(&home.site(), &LibraryAction::Profile("shop".into()), CONSOLE).unwrap_err();
    assert!(failure.kind == Kind::Invalid && failure.what.ends_with("shop.yaml:4:7"), "{failure}");
    let listed = home.run(&LibraryAction::Profiles);
    assert_eq!((listed.code, listed.json.as_array().unwrap().len()), (FAILED, 6));
    let given = home.run(&LibraryAction::Validate(Some(path.clone())));
    assert_eq!((given.code, &given.json[0]["valid"]), (2, &json!(false)));
    let missing = perform(&home.site(), &LibraryAction::Validate(Some("/nowhere.yaml".into())), CONSOLE).unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
}

#[test]
fn what_a_persona_holds_never_acts_on_the_terminal_that_shows_it() {
    let home = Home::new();
    let hostile = format!("{}\n\u{1b}]0;owned\u{7}\u{9b}31m red\u{202e}\n", home.shipped("code"));
    let site = home.site();
    library::save(&site, Shelf::Personas, "code", &hostile).unwrap();
    for action in [LibraryAction::Persona("code".into()), LibraryAction::Diff("code".into())] {
        let report = home.run(&action);
        let acts = |c: char| plain::acts_on_terminal(c) && c != '\n' && c != '\t';
        assert!(report.text.contains("owned") && !report.text.contains(acts), "{:?}", report.text);
    }
}

#[test]
fn a_text_whose_name_ends_otherwise_is_told_and_not_passed_over() {
    let home = Home::new();
    let right = Shelf::Profiles.path(&home.site(), Layer::Local, "shop");
    let folder = right.parent().unwrap();
    fs::create_dir_all(folder).unwrap();
    let text = "id: shop\ntitle: Shop\ndescription: Sells.\nlead: ceo\nfloor: [ceo]\nroster:\n  - class: ceo\n";
    fs::write(folder.join("shop.yml"), text).unwrap();
    // What editors leave, and notes, are nobody's system types.
    for name in [".shop.yml", "shop.yaml~", "README.md"] {
        fs::write(folder.join(name), "x").unwrap();
    }
    let told = |errors: &[String]| {
        let found = matches!(errors, [one] if one.contains("shop.yml is not read") && one.ends_with("profiles.local/shop.yaml"));
        assert!(found, "{errors:?}");
    };
    let listed = home.run(&LibraryAction::Profiles);
    assert_eq!((listed.code, listed.json.as_array().unwrap().len()), (FAILED, 5));
    told(&listed.errors);
    let all = home.run(&LibraryAction::Validate(None));
    assert_eq!(all.code, 2);
    told(&all.errors);
    let failure = perform(&home.site(), &LibraryAction::Profile("shop".into()), CONSOLE).unwrap_err();
    assert!(failure.why.contains("shop.yml is not read") && failure.next.contains("rename"), "{failure}");
    fs::rename(folder.join("shop.yml"), &right).unwrap();
    let listed = home.run(&LibraryAction::Profiles);
    assert_eq!((listed.code, listed.errors, listed.json.as_array().unwrap().len()), (DONE, Vec::new(), 6));

    let own = Shelf::Personas.path(&home.site(), Layer::Local, "x").with_file_name("code.MD");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "x").unwrap();
    let listed = home.run(&LibraryAction::Personas { domain: None });
    assert!(listed.code == FAILED && listed.errors[0].contains("code.MD is not read"), "{:?}", listed.errors);
}
