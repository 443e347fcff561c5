//! The operator's editor on a card or a persona: a private file, the editor on the terminal, and what it says then.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::on_terminal::{self, Ended};
use super::signals::Signals;
use crate::app::action::LibraryAction;
use crate::app::action::dispatch::Request;
use crate::app::action::error;
use crate::app::action::registry::Door;
use crate::app::action::report::Report;
use crate::app::perform;
use crate::app::perform::activity::record::{self, Asked};
use crate::app::tui::draft;
use crate::app::tui::event::Event;
use crate::app::tui::state::form::FieldName;
use crate::backlog::model::Card;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::library::{self, Shelf};
use crate::fleet::model::Label;
use crate::fleet::os::exec;
use crate::plain;

/// Used when neither `VISUAL` nor `EDITOR` is set.
const DEFAULT: &str = "vi";

/// Reads `VISUAL` and `EDITOR`.
const SHELL: &str = "/bin/sh";

/// Largest text taken back: a card with the largest body, and room for the other fields.
const MAX_TEXT: usize = 4 << 20;

/// What the editor left: the values, or why there are none.
type Values = std::result::Result<Vec<(FieldName, String)>, String>;

/// The file that it left, or why there is none.
type Left = std::result::Result<PathBuf, String>;

/// What the editor is opened on.
#[derive(Debug)]
pub(in crate::app) enum Subject {
    /// A card.
    Card(Box<Card>),
    /// The persona of a class.
    Persona(String),
}

/// Opens the editor beneath the dashboard, and tells what it left.
pub(in crate::app) async fn on(site: &Site, subject: Subject, signals: &mut Signals) -> Ended<Event> {
    match subject {
        Subject::Card(card) => match edit(&card, signals).await {
            Ended::With(text) => Ended::With(Event::Edited { card, text }),
            Ended::Told(signalled, why) => Ended::Told(signalled, why),
        },
        // No key asks for it.
        Subject::Persona(class) => match persona(site, &class, Door::Palette, signals).await {
            Ended::With(report) => Ended::With(Event::Returned {
                command: format!("mosaic-tui persona edit {class}"),
                report: report.unwrap_or_else(|failure| Report::failed(&failure)),
            }),
            Ended::Told(signalled, why) => Ended::Told(signalled, why),
        },
    }
}

/// Opens the editor on a card and waits for it. What was typed is never thrown away: unless its values are
/// returned, the file is kept and named.
async fn edit(card: &Card, signals: &mut Signals) -> Ended<Values> {
    match open(&format!("card-{}", card.id), &draft::text(card), signals).await {
        Ended::With(left) => Ended::With(left.and_then(|path| values(&path))),
        Ended::Told(signalled, why) => Ended::Told(signalled, why),
    }
}

/// Opens the editor on the persona of a class, and takes what it leaves as the user's own, if it is valid. What is not
/// taken is kept and named. It is in the history like a text that is given in a file.
async fn persona(site: &Site, class: &str, door: Door, signals: &mut Signals) -> Ended<Result<Report>> {
    let found = match library::find(site, Shelf::Personas, class) {
        Ok(found) => found,
        Err(failure) => return Ended::With(Err(failure)),
    };
    let path = match open(&format!("persona-{class}"), &found.text, signals).await {
        Ended::With(Ok(path)) => path,
        Ended::With(Err(why)) => {
            let next = format!("`mosaic-tui persona edit {class} --file=FILE` takes a text from a file");
            return Ended::With(Err(Failure::failed(format!("persona {class}"), why, next)));
        }
        Ended::Told(signalled, why) => return Ended::Told(signalled, why),
    };
    // From here on: what the operator took in the editor is not the action's time.
    let request = Request::Library(LibraryAction::Save { class: class.to_owned(), file: path.clone() });
    let asked = Asked::now(&request, &format!("mosaic-tui persona edit {class}"), door);
    let mut saved = plain::read(&path, MAX_TEXT)
        .map_err(|why| Failure::unreadable(path.display().to_string(), &why))
        .and_then(|text| {
            // Somebody may have saved it while the editor was open: their text is nobody's to write over.
            let now = library::find(site, Shelf::Personas, class)?;
            if now.text == found.text {
                perform::library::save(site, class, &text, &path)
            } else {
                Ok(perform::library::overtaken(class))
            }
        });
    let unkept = record::keep(site, asked, &saved);
    if let (Ok(report), Some(why)) = (&mut saved, unkept) {
        report.errors.push(why);
    }
    Ended::With(saved.map(|mut report| {
        if report.code == error::DONE {
            forget(&path);
        } else {
            report.errors.push(format!(
                "your text is kept; `mosaic-tui persona edit {class} --file={}` takes it once it is mended",
                path.display()
            ));
        }
        report
    }))
}

/// The same from a shell.
///
/// # Errors
/// When there is no such class, or the editor fails.
pub(in crate::app) async fn persona_at_shell(site: &Site, class: &str) -> Result<Report> {
    let mut signals = Signals::listen()
        .map_err(|error| Failure::failed("signals", error.to_string(), "free some file descriptors"))?;
    match persona(site, class, Door::Shell, &mut signals).await {
        Ended::With(report) => report,
        Ended::Told(_, why) => {
            let why = why.unwrap_or_else(|| "was told to end".to_owned());
            Err(Failure::failed(format!("persona {class}"), why, "run it again"))
        }
    }
}

/// Opens the editor on a text and waits for it: the file that it leaves.
async fn open(name: &str, before: &str, signals: &mut Signals) -> Ended<Left> {
    let path = match write(name, before) {
        Ok(path) => path,
        Err(why) => return Ended::With(Err(why)),
    };
    let command = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| DEFAULT.to_owned());
    let args = shell_line(&command, &path);
    let program = Label::new(&command).to_string();
    let child = match exec::on_terminal(Path::new(SHELL), &args, &[]) {
        Ok(child) => child,
        Err(error) => {
            forget(&path);
            return Ended::With(Err(exec::explain(SHELL, &error).to_string()));
        }
    };
    let status = match on_terminal::wait(child, signals).await {
        Ended::Told(signalled, _) => return Ended::Told(signalled, left(&path, before)),
        Ended::With(status) => status,
    };
    let why = match status {
        Ok(status) if status.success() => return Ended::With(Ok(path)),
        // What a shell ends with that could not run a program, or found none.
        Ok(status) if matches!(status.code(), Some(126 | 127)) => {
            format!("{program} cannot be run: the shell ended with {status}; set VISUAL or EDITOR")
        }
        Ok(status) => format!("{program} ended with {status}; nothing was changed"),
        Err(error) => format!("{program}: {error}"),
    };
    Ended::With(Err(match left(&path, before) {
        Some(kept) => format!("{why}; {kept}"),
        None => why,
    }))
}

/// Reads what the editor wrote.
fn values(path: &Path) -> Values {
    let kept = |why: String| format!("{why}; your text is kept in {}", path.display());
    // An editor may have put a byte order mark in front.
    let text = plain::read(path, MAX_TEXT).map_err(|why| kept(format!("the text {why}; {}", why.next())))?;
    let values = draft::values(&text).map_err(kept)?;
    forget(path);
    Ok(values)
}

/// Where the text is, when it is another than it was; else its file goes.
fn left(path: &Path, before: &str) -> Option<String> {
    if fs::read(path).is_ok_and(|text| text == before.as_bytes()) {
        forget(path);
        return None;
    }
    Some(format!("your text is kept in {}", path.display()))
}

fn forget(path: &Path) {
    // What is left in the temporary folder is private and harmless.
    let _left = fs::remove_file(path);
}

/// Arguments of the shell that opens the editor on a file. `VISUAL` and `EDITOR` are shell lines, as git and
/// crontab read them: quotes, variables and options in them count, and the file follows as one word.
fn shell_line(command: &str, file: &Path) -> [OsString; 4] {
    // The third word becomes `$0`, by which the shell speaks of itself.
    ["-c".into(), format!("{command} \"$@\"").into(), command.into(), file.into()]
}

fn write(name: &str, text: &str) -> Left {
    let mut number = 0;
    loop {
        let file = format!("mosaic-{name}-{}-{number}.md", std::process::id());
        let path = crate::fleet::home::temporary_folder().join(file);
        // Others may write to that folder, and no link of theirs is followed.
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            // An earlier text that was kept.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            opened => {
                let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
                return match written {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        forget(&path);
                        Err(format!("{}: {error}", path.display()))
                    }
                };
            }
        }
    }
}
