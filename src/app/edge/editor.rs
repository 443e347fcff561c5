//! The operator's editor on a card: a private file, the editor on the terminal, and what it says then.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tokio::signal::unix::Signal;

use super::on_terminal;
use crate::app::tui::draft;
use crate::app::tui::state::FieldName;
use crate::backlog::model::Card;
use crate::fleet::exec;
use crate::fleet::model::Label;

/// Used when neither `VISUAL` nor `EDITOR` is set.
const DEFAULT: &str = "vi";

/// Reads `VISUAL` and `EDITOR`.
const SHELL: &str = "/bin/sh";

/// Opens the editor on a card and waits for it.
///
/// # Errors
/// In words: the editor is missing or failed, or its text has lost its form; it is kept then.
pub(in crate::app) async fn edit(card: &Card, stop: &mut Signal) -> Result<Vec<(FieldName, String)>, String> {
    let path = write(card)?;
    let forget = |path: &Path| {
        // What is left in the temporary folder is private and harmless.
        let _left = fs::remove_file(path);
    };
    let command = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| DEFAULT.to_owned());
    let args = shell_line(&command, &path);
    let name = Label::new(&command).to_string();
    let child = exec::on_terminal(Path::new(SHELL), &args, &[]).map_err(|error| {
        forget(&path);
        exec::explain(SHELL, &error).to_string()
    })?;
    match on_terminal::wait(child, stop).await {
        Ok(status) if status.success() => {}
        Ok(status) if matches!(status.code(), Some(126 | 127)) => {
            forget(&path);
            return Err(format!("{name} cannot be run: the shell ended with {status}; set VISUAL or EDITOR"));
        }
        Ok(status) => {
            forget(&path);
            return Err(format!("{name} ended with {status}; nothing was changed"));
        }
        Err(error) => return Err(format!("{name}: {error}; your text is in {}", path.display())),
    }
    let kept = |why: String| format!("{why}; your text is kept in {}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| kept(error.to_string()))?;
    let values = draft::values(&text).map_err(kept)?;
    forget(&path);
    Ok(values)
}

/// Arguments of the shell that opens the editor on a file. `VISUAL` and `EDITOR` are shell lines, as git and
/// crontab read them: quotes, variables and options in them count, and the file follows as one word.
fn shell_line(command: &str, file: &Path) -> [OsString; 4] {
    ["-c".into(), format!("{command} \"$@\"").into(), command.into(), file.into()]
}

fn write(card: &Card) -> Result<PathBuf, String> {
    let mut number = 0;
    loop {
        let name = format!("mosaic-card-{}-{}-{number}.md", card.id, std::process::id());
        let path = crate::fleet::home::temporary_folder().join(name);
        match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            // An earlier text that was kept.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            opened => {
                let written = opened.and_then(|mut file| file.write_all(draft::text(card).as_bytes()));
                return written.map(|()| path.clone()).map_err(|error| format!("{}: {error}", path.display()));
            }
        }
    }
}
