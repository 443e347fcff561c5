//! The north star's actions: the example, the check, the page, and the goals' cards.

use std::path::Path;

use serde_json::{Value, json};

use super::sync;
use crate::app::action::error::{self, DONE, FAILED};
use crate::app::action::north_star::NorthStarAction;
use crate::app::action::report::Report;
use crate::app::perform::output::Console;
use crate::fleet::error::{Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::north_star::{self, file};

/// Performs an action on the north star.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) fn perform(site: &Site, action: &NorthStarAction, console: Console) -> Result<Report> {
    match action {
        NorthStarAction::Init => {
            let path = file::init(site)?;
            let text = format!(
                "{}: a worked example; make it yours, then `mosaic-tui north-star check` and `mosaic-tui north-star sync`",
                path.display()
            );
            Ok(Report::done(text, &json!({ "file": path, "outcome": "written" })))
        }
        NorthStarAction::Check(given) => check(&source(site, given.as_deref(), console)?),
        NorthStarAction::Render { file, write, check } => {
            render(&source(site, file.as_deref(), console)?, *write, *check)
        }
        NorthStarAction::Sync { dry_run } => sync::perform(site, &file::read(&file::path(site))?, *dry_run),
    }
}

/// The file that is meant: the fleet's own, or one that somebody names.
fn source(site: &Site, given: Option<&Path>, console: Console) -> Result<file::Source> {
    match given {
        None => file::read(&file::path(site)),
        Some(path) => {
            let text = console.read(path, file::MAX_BYTES).map_err(|why| file::unreadable(path, &why))?;
            Ok(file::Source::new(path.to_owned(), text))
        }
    }
}

fn check(source: &file::Source) -> Result<Report> {
    let read = source.parse();
    let problems: Vec<String> = read.as_ref().err().into_iter().flatten().map(ToString::to_string).collect();
    let goals = read.as_ref().map_or(0, |star| star.goals.len());
    let json = json!({
        "file": source.path, "digest": source.digest, "valid": read.is_ok(), "goals": goals, "problems": problems,
    });
    let path = source.path.display();
    let (text, code) = match problems.len() {
        0 => (format!("{path}: valid, {goals} goals"), DONE),
        1 => (format!("{path}: 1 problem"), error::exit_code(Kind::Invalid)),
        count => (format!("{path}: {count} problems"), error::exit_code(Kind::Invalid)),
    };
    Ok(Report { errors: problems, ..Report::done(text, &json).with_code(code) })
}

fn render(source: &file::Source, write: bool, check: bool) -> Result<Report> {
    // A file with a problem is not rendered in part: the page is what agents read as the whole of it.
    let star = source.star()?;
    let name = source.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let text = north_star::render(&star, &name);
    let page = file::page(&source.path);
    let json = |outcome: &str, current: bool, text: &Value| {
        json!({
            "file": source.path, "page": page, "digest": source.digest, "current": current, "outcome": outcome,
            "text": text,
        })
    };
    if write {
        let shown = page.display();
        // Not written anew, so that neither its time nor whoever watches the file is touched.
        if file::is_current(&page, &text)? {
            return Ok(Report::done(format!("{shown}: is up to date"), &json("unchanged", true, &Value::Null)));
        }
        file::write_page(&page, &text)?;
        return Ok(Report::done(format!("{shown}: written"), &json("written", true, &Value::Null)));
    }
    if check {
        return checked(&page, file::is_current(&page, &text)?, &json);
    }
    // The text was asked for, and it is printed whatever lies in the page's place.
    let current = file::is_current(&page, &text).unwrap_or(false);
    Ok(Report::done(text.trim_end(), &json("printed", current, &Value::from(text.clone()))).in_markdown())
}

fn checked(page: &Path, current: bool, json: &dyn Fn(&str, bool, &Value) -> Value) -> Result<Report> {
    let document = json("checked", current, &Value::Null);
    if current {
        return Ok(Report::done(format!("{}: is up to date", page.display()), &document));
    }
    let why = format!("{}: is out of date; `mosaic-tui north-star render --write` writes it anew", page.display());
    Ok(Report { errors: vec![why], ..Report::done("", &document).with_code(FAILED) })
}
