//! The operator's editor on a card: a private file, the editor on the terminal, and what it says then.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::on_terminal::{self, Ended};
use super::signals::Signals;
use crate::app::tui::draft;
use crate::app::tui::screens::form::FieldName;
use crate::backlog::model::Card;
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
type Values = Result<Vec<(FieldName, String)>, String>;

/// Opens the editor on a card and waits for it. What was typed is never thrown away: unless its values are
/// returned, the file is kept and named.
pub(in crate::app) async fn edit(card: &Card, signals: &mut Signals) -> Ended<Values> {
    let before = draft::text(card);
    let path = match write(card, &before) {
        Ok(path) => path,
        Err(why) => return Ended::With(Err(why)),
    };
    let command = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| DEFAULT.to_owned());
    let args = shell_line(&command, &path);
    let name = Label::new(&command).to_string();
    let child = match exec::on_terminal(Path::new(SHELL), &args, &[]) {
        Ok(child) => child,
        Err(error) => {
            forget(&path);
            return Ended::With(Err(exec::explain(SHELL, &error).to_string()));
        }
    };
    let status = match on_terminal::wait(child, signals).await {
        Ended::Told(signalled, _) => return Ended::Told(signalled, left(&path, &before)),
        Ended::With(status) => status,
    };
    let why = match status {
        Ok(status) if status.success() => return Ended::With(values(&path)),
        Ok(status) if matches!(status.code(), Some(126 | 127)) => {
            format!("{name} cannot be run: the shell ended with {status}; set VISUAL or EDITOR")
        }
        Ok(status) => format!("{name} ended with {status}; nothing was changed"),
        Err(error) => format!("{name}: {error}"),
    };
    Ended::With(Err(match left(&path, &before) {
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
    ["-c".into(), format!("{command} \"$@\"").into(), command.into(), file.into()]
}

fn write(card: &Card, text: &str) -> Result<PathBuf, String> {
    let mut number = 0;
    loop {
        let name = format!("mosaic-card-{}-{}-{number}.md", card.id, std::process::id());
        let path = crate::fleet::home::temporary_folder().join(name);
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
