//! Personas and system types: shown, checked, and changed in the user's own layer.

use std::path::Path;

use serde_json::{Value, json};

use super::output::Console;
use crate::app::action::error::{self, DONE, FAILED};
use crate::app::action::library::LibraryAction;
use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::library::{self, Layer, Shelf, Text};
use crate::fleet::model::printable;
use crate::fleet::persona::{Domain, Persona};
use crate::fleet::profile::{Profile, Seat};
use crate::fleet::provision;
use crate::fleet::roster::Problem;
use crate::plain;
use crate::ui::text;

/// Most bytes of a text that is handed in.
const MAX_BYTES: usize = 256 << 10;

/// Performs an action on personas or system types.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) fn perform(site: &Site, action: &LibraryAction, console: Console) -> Result<Report> {
    match action {
        LibraryAction::Personas { domain } => personas(site, *domain, console.width),
        LibraryAction::Persona(class) => persona(site, class),
        LibraryAction::Save { class, file } => {
            let text =
                console.read(file, MAX_BYTES).map_err(|why| Failure::unreadable(file.display().to_string(), &why))?;
            save(site, class, &text, file)
        }
        LibraryAction::Add { class, from } => add(site, class, from),
        LibraryAction::Diff(class) => diff(site, class),
        LibraryAction::Reset(class) => reset(site, class),
        LibraryAction::Profiles => profiles(site, console.width),
        LibraryAction::Profile(id) => profile(site, id),
        LibraryAction::Validate(file) => validate(site, file.as_deref(), console),
    }
}

fn lines(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Whether a text of the user's own stands in the place of one of the framework's.
fn overrides(site: &Site, shelf: Shelf, found: &Text) -> Result<bool> {
    Ok(found.layer == Layer::Local && library::read(site, shelf, Layer::Framework, &found.name)?.is_some())
}

/// Whose a text is, in words.
fn whose(layer: Layer, overrides: bool) -> &'static str {
    match (layer, overrides) {
        (Layer::Framework, _) => "the framework's",
        (Layer::Local, true) => "your own, in place of the framework's",
        (Layer::Local, false) => "your own",
    }
}

fn personas(site: &Site, domain: Option<Domain>, width: usize) -> Result<Report> {
    let (mut rows, mut shown, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for found in library::all(site, Shelf::Personas)? {
        let over = overrides(site, Shelf::Personas, &found)?;
        let common = json!({ "class": found.name, "layer": found.layer, "overrides": over, "file": found.path });
        match library::persona(site, &found.name, &found.text, &found.path)? {
            Ok(persona) if domain.is_none_or(|domain| persona.domain == domain) => {
                rows.push(with(
                    common,
                    json!({
                        "title": persona.title, "domain": persona.domain.word(), "persistent": persona.persistent,
                        "summary": persona.summary, "problems": [],
                    }),
                ));
                shown.push((persona, found.layer));
            }
            Ok(_) => {}
            // Of which domain it is cannot be told.
            Err(problems) => {
                rows.push(with(common, json!({ "problems": lines(&problems) })));
                errors.extend(lines(&problems));
            }
        }
    }
    let mut out = Vec::new();
    for domain in Domain::ALL {
        let of: Vec<&(Persona, Layer)> = shown.iter().filter(|(persona, _)| persona.domain == domain).collect();
        if of.is_empty() {
            continue;
        }
        out.push(domain.to_string());
        out.extend(of.into_iter().map(|(persona, layer)| {
            let mark = if *layer == Layer::Local { "*" } else { " " };
            let class = text::column(&persona.class, 25);
            text::fit(&format!("{mark} {class} {}", persona.summary), width).trim_end().to_owned()
        }));
    }
    if shown.iter().any(|(_, layer)| *layer == Layer::Local) {
        out.push("* your own".to_owned());
    }
    errors.extend(library::told_unread(site, Shelf::Personas)?);
    let code = if errors.is_empty() { DONE } else { FAILED };
    Ok(Report { errors, ..Report::done(out.join("\n"), &rows).with_code(code) })
}

/// The fields of both objects in one.
fn with(mut one: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (one.as_object_mut(), more) {
        all.extend(more);
    }
    one
}

fn persona(site: &Site, class: &str) -> Result<Report> {
    let found = library::find(site, Shelf::Personas, class)?;
    let over = overrides(site, Shelf::Personas, &found)?;
    let problems = library::persona(site, class, &found.text, &found.path)?.err().unwrap_or_default();
    // Before it is seeded it lies in this program only.
    let place = if found.path.exists() { found.path.display().to_string() } else { "in this program".to_owned() };
    let text =
        format!("{} is {} ({place})\n\n{}", found.name, whose(found.layer, over), printable(found.text.trim_end()));
    let json = json!({
        "class": found.name, "layer": found.layer, "overrides": over, "file": found.path, "text": found.text,
        "problems": lines(&problems),
    });
    let code = if problems.is_empty() { DONE } else { FAILED };
    Ok(Report { errors: lines(&problems), ..Report::done(text, &json).with_code(code).in_markdown() })
}

/// The answer to a text whose persona was changed by somebody else since it was opened.
pub(in crate::app) fn overtaken(class: &str) -> Report {
    let why = format!("persona {class}: somebody else changed it while it was being edited; nothing was written");
    let json = json!({ "class": class, "outcome": "overtaken" });
    let code = error::exit_code(Kind::Refused);
    Report { errors: vec![why], ..Report::done("", &json).with_code(code) }
}

/// Takes a text as the user's own persona of a class, if it is a valid one; else every problem is told, and nothing is
/// written. `from` is where the text came from.
///
/// # Errors
/// When it cannot be written.
pub(in crate::app) fn save(site: &Site, class: &str, text: &str, from: &Path) -> Result<Report> {
    let change = |outcome: &str, problems: &[Problem]| {
        let file = Shelf::Personas.path(site, Layer::Local, class);
        json!({ "class": class, "outcome": outcome, "file": file, "problems": lines(problems) })
    };
    if let Err(problems) = library::persona(site, class, text, from)? {
        let errors = lines(&problems);
        let code = error::exit_code(Kind::Invalid);
        let told = format!("persona {class}: {} problems; nothing was written", problems.len());
        return Ok(Report { errors, ..Report::done(told, &change("refused", &problems)).with_code(code) });
    }
    let before = library::read(site, Shelf::Personas, Layer::Local, class)?;
    let is_same = |text: &str, found: &Option<Text>| found.as_ref().is_some_and(|found| found.text == text);
    let shipped = library::read(site, Shelf::Personas, Layer::Framework, class)?;
    // A copy of the framework's text would only keep its updates away.
    if is_same(text, &before) || before.is_none() && is_same(text, &shipped) {
        return Ok(Report::nothing(format!("persona {class} is as it was"), &change("unchanged", &[])));
    }
    let path = library::save(site, Shelf::Personas, class, text)?;
    let told = format!(
        "persona {class} is your own now, in {}; agents of the class read it at their next start",
        path.display()
    );
    Ok(Report::done(told, &change("saved", &[])))
}

fn add(site: &Site, class: &str, from: &str) -> Result<Report> {
    if library::names(site, Shelf::Personas)?.contains(class) {
        return Err(Failure::new(
            Kind::Refused,
            format!("persona {class}"),
            "exists already",
            format!("`mosaic-tui persona edit {class}` changes it"),
        ));
    }
    let found = library::find(site, Shelf::Personas, from)?;
    let mut front = true;
    let renamed = |line: &str| match line {
        "---" => line.to_owned(),
        line if line.starts_with("class:") => format!("class: {class}"),
        line if line.starts_with("title:") => format!("title: {}", titled(class)),
        line => line.to_owned(),
    };
    let mut fences = 0;
    let lines: Vec<String> = found
        .text
        .lines()
        .map(|line| {
            fences += usize::from(line.trim_end() == "---");
            front &= fences < 2;
            // Only in front: the text itself may speak of classes and titles.
            if front { renamed(line) } else { line.to_owned() }
        })
        .collect();
    let mut report = save(site, class, &format!("{}\n", lines.join("\n")), &found.path)?;
    if report.code == DONE {
        let path = Shelf::Personas.path(site, Layer::Local, class);
        report.text = format!(
            "class {class} begins as {from} does, in {}; `mosaic-tui persona edit {class}` makes it its own",
            path.display()
        );
    }
    Ok(report)
}

/// `data-engineer` as a title.
fn titled(class: &str) -> String {
    let spaced = class.replace('-', " ");
    let mut chars = spaced.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn diff(site: &Site, class: &str) -> Result<Report> {
    let found = library::find(site, Shelf::Personas, class)?;
    let shipped = library::read(site, Shelf::Personas, Layer::Framework, class)?;
    let answer = |text: String, diff: String| {
        Report::done(text, &json!({ "class": class, "differs": !diff.is_empty(), "diff": diff }))
    };
    if found.layer == Layer::Framework {
        return Ok(answer(
            format!("persona {class} is the framework's; `mosaic-tui persona edit {class}` makes your own"),
            String::new(),
        ));
    }
    let (name, before) = match &shipped {
        Some(shipped) => (shipped.path.display().to_string(), shipped.text.as_str()),
        None => ("/dev/null".to_owned(), ""),
    };
    let difference = plain::diff(before, &found.text);
    if difference.is_empty() {
        return Ok(answer(format!("your persona {class} says what the framework's says"), difference));
    }
    let text = format!("--- {name}\n+++ {}\n{}", found.path.display(), printable(difference.trim_end()));
    Ok(answer(text, difference))
}

fn reset(site: &Site, class: &str) -> Result<Report> {
    let found = library::find(site, Shelf::Personas, class)?;
    if found.layer == Layer::Local && !overrides(site, Shelf::Personas, &found)? {
        return Err(Failure::new(
            Kind::Refused,
            format!("persona {class}"),
            "is your own class: the framework has none to go back to",
            format!("remove {} when no agent has it any more", found.path.display()),
        ));
    }
    let Some(backup) = library::set_aside(site, Shelf::Personas, class)? else {
        let json = json!({ "class": class, "outcome": "unchanged", "backup": null });
        return Ok(Report::done(format!("persona {class} is the framework's already"), &json));
    };
    let json = json!({ "class": class, "outcome": "reset", "backup": backup });
    Ok(Report::done(format!("persona {class} is the framework's again; yours is {}", backup.display()), &json))
}

fn agents(profile: &Profile) -> u64 {
    profile.seats.iter().map(|seat| seat.count).sum()
}

fn profiles(site: &Site, width: usize) -> Result<Report> {
    let (mut rows, mut out, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut some_own = false;
    for found in library::all(site, Shelf::Profiles)? {
        some_own |= found.layer == Layer::Local;
        let over = overrides(site, Shelf::Profiles, &found)?;
        let common = json!({ "id": found.name, "layer": found.layer, "overrides": over, "file": found.path });
        match library::profile(site, &found.text, &found.path)? {
            Ok(profile) => {
                let mark = if found.layer == Layer::Local { "*" } else { " " };
                let line = format!(
                    "{mark} {} {:>2} agents  {}",
                    text::column(&profile.id, 20),
                    agents(&profile),
                    profile.description
                );
                out.push(text::fit(&line, width).trim_end().to_owned());
                rows.push(with(
                    common,
                    json!({
                        "title": profile.title, "description": profile.description, "lead": profile.lead,
                        "agents": agents(&profile), "problems": [],
                    }),
                ));
            }
            Err(problems) => {
                rows.push(with(common, json!({ "problems": lines(&problems) })));
                errors.extend(lines(&problems));
            }
        }
    }
    if some_own {
        out.push("* your own".to_owned());
    }
    errors.extend(library::told_unread(site, Shelf::Profiles)?);
    let code = if errors.is_empty() { DONE } else { FAILED };
    Ok(Report { errors, ..Report::done(out.join("\n"), &rows).with_code(code) })
}

/// A system type that is to be used: it exists and is valid.
///
/// # Errors
/// When there is none, or with its first problem and all in the details.
pub(in crate::app) fn usable_profile(site: &Site, id: &str) -> Result<(Profile, Text)> {
    let found = library::find(site, Shelf::Profiles, id)?;
    match library::profile(site, &found.text, &found.path)? {
        Ok(profile) => Ok((profile, found)),
        Err(problems) => {
            let all = lines(&problems);
            let more = if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
            let first = all.first().map(String::as_str).unwrap_or_default();
            let (place, why) = first.split_once(": ").unwrap_or((first, "is invalid"));
            Err(Failure::new(
                Kind::Invalid,
                place,
                format!("{why}{more}"),
                "`mosaic-tui profile validate` lists every problem",
            )
            .with_details(all))
        }
    }
}

fn profile(site: &Site, id: &str) -> Result<Report> {
    let (profile, found) = usable_profile(site, id)?;
    let over = overrides(site, Shelf::Profiles, &found)?;
    let mut out = vec![
        format!("{}: {}; {}", profile.id, profile.title, whose(found.layer, over)),
        profile.description.clone(),
        String::new(),
    ];
    let chart = provision::chart(&profile);
    let named = |(indent, seat): &(String, &Seat)| {
        let times = if seat.count > 1 { format!(" x{}", seat.count) } else { String::new() };
        format!("{indent}{}{times}", seat.class)
    };
    let wide = chart.iter().map(|line| text::width(&named(line))).max().unwrap_or(0);
    out.extend(chart.iter().map(|line| {
        let notes = line.1.notes.as_deref().unwrap_or_default();
        format!("{}  {notes}", text::column(&named(line), wide)).trim_end().to_owned()
    }));
    out.push(String::new());
    out.push(format!("`mosaic-tui fleet provision --system-type={id} --write` makes such a fleet"));
    let seats: Vec<Value> = profile
        .seats
        .iter()
        .map(|seat| {
            json!({
                "class": seat.class, "reports_to": seat.reports_to, "multiplicity": seat.count, "runtime": seat.runtime,
                "model_hint": seat.model_hint, "notes": seat.notes,
            })
        })
        .collect();
    let json = json!({
        "id": profile.id, "title": profile.title, "description": profile.description, "lead": profile.lead,
        "floor": profile.floor, "layer": found.layer, "file": found.path, "seats": seats,
    });
    Ok(Report::done(out.join("\n"), &json))
}

fn validate(site: &Site, file: Option<&Path>, console: Console) -> Result<Report> {
    let mut checked = Vec::new();
    match file {
        Some(file) => {
            let text = console.read(file, MAX_BYTES);
            let text = text.map_err(|why| {
                let failure = Failure::unreadable(file.display().to_string(), &why);
                if why.is_missing() { Failure { kind: Kind::NotFound, ..failure } } else { failure }
            })?;
            checked.push((file.to_owned(), library::profile(site, &text, file)?));
        }
        None => {
            for found in library::all(site, Shelf::Profiles)? {
                let read = library::profile(site, &found.text, &found.path)?;
                checked.push((found.path, read));
            }
        }
    }
    let (mut out, mut errors, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for (path, read) in &checked {
        let problems = read.as_ref().err().map(|problems| lines(problems)).unwrap_or_default();
        rows.push(json!({ "file": path, "valid": read.is_ok(), "problems": problems }));
        match read {
            Ok(profile) => out.push(format!("{}: valid, {} agents", path.display(), agents(profile))),
            Err(_) => errors.extend(problems),
        }
    }
    if file.is_none() {
        errors.extend(library::told_unread(site, Shelf::Profiles)?);
    }
    let code = if errors.is_empty() { DONE } else { error::exit_code(Kind::Invalid) };
    Ok(Report { errors, ..Report::done(out.join("\n"), &rows).with_code(code) })
}

#[cfg(test)]
mod tests;
