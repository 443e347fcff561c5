//! A brief as the stub reads it: which card it is about, and the token that it names. Pure.

use std::path::PathBuf;

use super::desk::Held;
use crate::backlog::model::CardId;

/// The card of a brief; `None` for any other message.
pub(super) fn read(message: &str) -> Option<Held> {
    let (frame, text) = message.strip_prefix('[')?.split_once("] ")?;
    if !frame.split(" ").any(|word| word == "#brief") {
        return None;
    }
    let title = text.lines().find_map(|line| line.strip_prefix("# Card "))?.split_once(": ")?.1;
    // What it would run in the end names both.
    let words: Vec<&str> = text.lines().find(|line| line.contains(" backlog complete "))?.split_whitespace().collect();
    let behind = |option: &str| {
        let at = words.iter().position(|word| *word == option)?;
        words.get(at + 1).copied()
    };
    Some(Held {
        id: CardId::parse(behind("--id")?).ok()?,
        title: title.trim().to_owned(),
        token: behind("--token")?.parse().ok()?,
        folder: folder(text),
    })
}

/// The folder that a brief names: ``folder `/such/a/one` ``.
fn folder(text: &str) -> Option<PathBuf> {
    let named =
        text.lines().find_map(|line| line.strip_prefix("Branch `")?.split_once("folder `")?.1.split_once('`'))?.0;
    Some(PathBuf::from(named)).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brief_names_its_card_and_its_token() {
        let brief = "[h:supervisor -> h:a #brief] # Card A4: Fix it: now\n\nbody\n\nBranch `code/A4`, folder `/w/a tree`. Work there.\n```sh\n\
                     mosaic-tui backlog complete --id A4 --token 17\n```\n";
        let held = read(brief).unwrap();
        assert_eq!((held.id.as_str(), held.title.as_str(), held.token), ("A4", "Fix it: now", 17));
        assert_eq!(held.folder, Some(PathBuf::from("/w/a tree")));
        assert_eq!(read(&brief.replace("`/w/a tree`", "`the one you are in`")).unwrap().folder, None);
        for other in [
            "hello",
            "[h:lead -> h:a] # Card A4: x\nmosaic-tui backlog complete --id A4 --token 17",
            "[h:supervisor -> h:a #brief] # Card A4: x\nno command",
            "[h:supervisor -> h:a #brief] # Card A4: x\n mosaic-tui backlog complete --id A4 --token many",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
