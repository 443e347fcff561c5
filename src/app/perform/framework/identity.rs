//! Who the agents are and who the operator is: written once, after a short interview where somebody is there to answer.

use std::io::{BufRead, IsTerminal};

use serde_json::json;

use crate::app::action::framework::Given;
use crate::app::action::report::Report;
use crate::app::perform::output;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::identity::{self, Identity, PAGES, Style, items};

/// Writes the pages that are not there yet. `ask` allows questions at a terminal.
///
/// # Errors
/// When a page cannot be written.
pub(super) fn init(site: &Site, given: &Given, ask: bool) -> Result<Report> {
    let missing = identity::missing(site);
    let zone = jiff::tz::TimeZone::system().iana_name().map(str::to_owned);
    let mut identity = Identity::assumed(site, zone.as_deref());
    if ask && !missing.is_empty() && std::io::stdin().is_terminal() {
        interview(&mut identity, &missing)?;
    }
    say(&mut identity, given);
    let date = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
    let done = identity::init(site, &identity, &date)?;
    let mut lines = Vec::new();
    for (page, is_new) in &done {
        let path = site.home.join(page);
        lines.push(match is_new {
            true => format!("wrote {}", path.display()),
            false => format!("{} is there already, and stays as it is", path.display()),
        });
    }
    if done.iter().any(|(_, is_new)| *is_new) {
        lines.push("agents read them at their next start; an editor changes them, and no update does".to_owned());
    }
    let files: Vec<_> =
        done.iter().map(|(page, is_new)| json!({ "file": site.home.join(page), "written": is_new })).collect();
    Ok(Report::done(lines.join("\n"), &json!({ "files": files })))
}

/// What was said on the command line goes before everything else.
fn say(identity: &mut Identity, given: &Given) {
    let put = |place: &mut String, said: &Option<String>| {
        if let Some(said) = said {
            said.trim().clone_into(place);
        }
    };
    put(&mut identity.name, &given.name);
    put(&mut identity.role, &given.role);
    put(&mut identity.user_name, &given.user_name);
    put(&mut identity.pronouns, &given.pronouns);
    put(&mut identity.timezone, &given.timezone);
    if let Some(style) = given.style {
        identity.style = style;
    }
    if let Some(said) = &given.accessibility {
        identity.accessibility = items(said);
    }
    if let Some(said) = &given.guardrails {
        identity.guardrails = items(said);
    }
}

/// Asks for what the missing pages hold; an empty answer takes what stands in brackets.
fn interview(identity: &mut Identity, missing: &[&str]) -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut ask = |question: &str, assumed: &str| -> Result<String> {
        output::say(&format!("{question} [{assumed}]"));
        let mut line = String::new();
        input
            .read_line(&mut line)
            .map_err(|error| Failure::failed("standard input", error.to_string(), "answer at a terminal"))?;
        // Keys with which a terminal edits no line leave their sequences in it.
        let answer: String = line.trim().chars().filter(|c| !c.is_control()).collect();
        Ok(if answer.is_empty() { assumed.to_owned() } else { answer })
    };
    if missing.contains(&PAGES[0]) {
        identity.name = ask("What do your agents call themselves?", &identity.name)?;
        identity.role = ask("What are they there for, in one sentence?", &identity.role)?;
        let style = ask("How do they speak: direct, friendly or formal?", identity.style.word())?;
        identity.style =
            Style::ALL.into_iter().find(|known| known.word() == style.to_lowercase()).unwrap_or(identity.style);
        identity.guardrails = listed(&ask("What do they never do? Semicolons between several.", "none")?);
    }
    if missing.contains(&PAGES[1]) {
        identity.user_name = ask("How do they address you?", &identity.user_name)?;
        identity.pronouns = ask("Your pronouns?", &identity.pronouns)?;
        identity.timezone = ask("Your time zone?", &identity.timezone)?;
        identity.accessibility =
            listed(&ask("What makes texts and screens easier for you? Semicolons between several.", "none")?);
    }
    Ok(())
}

fn listed(answer: &str) -> Vec<String> {
    if answer == "none" { Vec::new() } else { items(answer) }
}
