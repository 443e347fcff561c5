//! The brief of a card: all that an agent has to know of it, made from a template with the card's own words in it.

use std::path::Path;

use crate::backlog::model::{Card, Column, Stamp, criteria};
use crate::backlog::operations::Detail;
use crate::fleet::error::{Failure, Result};
use crate::fleet::framework::CONTENT;
use crate::fleet::home::Site;
use crate::fleet::model::printable;
use crate::fleet::pipeline::Pipeline;
use crate::plain;

/// The template below the Mosaic home, and the user's own in its place, which no update changes.
const TEMPLATE: &str = "templates/brief.md";
const OWN_TEMPLATE: &str = "templates/brief.local.md";

/// Most bytes of a template.
const MAX_BYTES: usize = 256 << 10;

/// On which terms an agent has a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Terms<'a> {
    /// Whose it is.
    pub owner: Option<&'a str>,
    /// The token that proves it.
    pub token: Option<i64>,
    /// Until when.
    pub expires: Option<Stamp>,
    /// The branch that it is worked on in, where it is not the card's own.
    pub branch: Option<&'a str>,
    /// The folder that it is worked on in.
    pub folder: Option<&'a Path>,
}

impl<'a> Terms<'a> {
    /// The terms of the claim that a card has now, if any.
    pub(in crate::app) fn of(card: &'a Card) -> Self {
        let claim = card.claim.as_ref();
        Self {
            owner: claim.map(|claim| claim.owner.as_str()),
            token: claim.map(|claim| claim.token),
            expires: claim.map(crate::backlog::model::Claim::expires_at),
            branch: None,
            folder: None,
        }
    }
}

/// Makes the brief of a card in the pipeline that is in use, where there is one.
///
/// # Errors
/// When the template cannot be read.
pub(in crate::app) fn brief(
    site: &Site,
    detail: &Detail,
    terms: &Terms<'_>,
    pipeline: Option<&Pipeline>,
) -> Result<String> {
    let mut words = words(detail, terms);
    let stage = super::pipeline::brief_of(pipeline, &detail.card);
    words.push(("stage", if stage.is_empty() { "All of it, as the card says.".to_owned() } else { stage }));
    Ok(plain::filled(plain::without_comment(&template(site)?), &words))
}

/// What stands for each placeholder. Nothing in it acts on a terminal, whoever wrote the card.
fn words(detail: &Detail, terms: &Terms<'_>) -> Vec<(&'static str, String)> {
    let card = &detail.card;
    // Whoever writes a card writes into another one's terminal: the brief is pasted there.
    let shown = |text: &str| printable(text.trim());
    let or = |text: &str, none: &str| if text.trim().is_empty() { none.to_owned() } else { shown(text) };
    let listed = |lines: Vec<String>, none: &str| match lines.is_empty() {
        true => none.to_owned(),
        false => lines.iter().map(|line| format!("- {}", shown(line))).collect::<Vec<_>>().join("\n"),
    };
    let dependencies = detail.dependencies.iter().map(|on| match on.column {
        Some(column) => format!("{} ({}): {}", on.id, became(column), on.title.as_deref().unwrap_or_default()),
        None => format!("{} (unknown: no such card exists)", on.id),
    });
    let branch = terms.branch.unwrap_or(&card.branch);
    let folder = terms.folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    vec![
        ("card", card.id.to_string()),
        ("title", shown(&card.title)),
        ("body", or(&card.body, "The title says it all.")),
        (
            "acceptance",
            listed(card.acceptance.as_ref().map(criteria).unwrap_or_default(), "- what the title says is true"),
        ),
        ("phase", or(&card.phase, "none")),
        ("goal", or(goal(card), "none")),
        ("dependencies", listed(dependencies.collect(), "Nothing.")),
        ("branch", or(branch, "the one that is checked out")),
        ("folder", or(&folder, "the one you are in")),
        ("owner", or(terms.owner.unwrap_or_default(), "OWNER")),
        ("token", terms.token.map_or_else(|| "TOKEN".to_owned(), |token| token.to_string())),
        ("expires", terms.expires.map_or_else(|| "it is claimed by somebody else".to_owned(), |at| at.to_string())),
    ]
}

/// The goal that a card is work for, or is.
fn goal(card: &Card) -> &str {
    if card.goal.is_empty() { card.of_goal().unwrap_or_default() } else { &card.goal }
}

/// What became of a dependency.
fn became(column: Column) -> &'static str {
    match column {
        Column::Done => "done",
        Column::Waiting => "waits for others",
        Column::Ready => "not begun",
        Column::Claimed => "being worked on",
        Column::Blocked => "blocked",
    }
}

fn template(site: &Site) -> Result<String> {
    // The user's own first; where a home was seeded by an older version, neither may be there, and the
    // program has its own.
    for name in [OWN_TEMPLATE, TEMPLATE] {
        let path = site.home.join(name);
        match plain::read(&path, MAX_BYTES) {
            Ok(text) => return Ok(text),
            Err(why) if why.is_missing() => {}
            Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
        }
    }
    Ok(CONTENT.iter().find(|(name, _)| *name == TEMPLATE).map(|(_, text)| (*text).to_owned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;

    fn site() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        std::fs::create_dir_all(site.home.join("templates")).unwrap();
        (folder, site)
    }

    #[test]
    fn every_placeholder_of_the_shipped_template_is_filled() {
        let (_folder, site) = site();
        let mut detail = Detail::clone(&samples::detail("A4"));
        detail.card.title = "evil \u{1b}]0;x\u{7} title".to_owned();
        let folder = Path::new("/w/a");
        let terms = Terms { folder: Some(folder), ..Terms::of(&detail.card) };
        let text = brief(&site, &detail, &terms, None).unwrap();
        assert!(text.starts_with("# Card A4: evil ") && !text.contains("{{") && !text.contains('\u{1b}'), "{text}");
        for want in [
            "Branch `code/A4`, folder `/w/a`",
            "Goal: A.",
            "backlog renew --id A4 --owner orchestrator --token 2",
            "backlog complete --id A4 --token 2",
            "backlog block --id A4 --token 2",
            "- the tests pass",
            "- A1 (done): title of A1",
        ] {
            assert!(text.contains(want), "{want}: {text}");
        }
        assert!(text.contains(&terms.expires.unwrap().to_string()), "{text}");
        // A card that nobody holds still says what to type.
        detail.card.claim = None;
        assert!(brief(&site, &detail, &Terms::of(&detail.card), None).unwrap().contains("--owner OWNER --token TOKEN"));
    }

    #[test]
    fn the_users_own_template_wins_over_the_seeded_one() {
        let (_folder, site) = site();
        let detail = samples::detail("A4");
        let terms = Terms::of(&detail.card);
        std::fs::write(site.home.join(TEMPLATE), "<!-- x -->\nseeded {{card}}").unwrap();
        assert_eq!(brief(&site, &detail, &terms, None).unwrap(), "seeded A4");
        std::fs::write(site.home.join(OWN_TEMPLATE), "own {{card}}").unwrap();
        assert_eq!(brief(&site, &detail, &terms, None).unwrap(), "own A4");
        std::fs::write(site.home.join(OWN_TEMPLATE), b"\xff").unwrap();
        assert!(brief(&site, &detail, &terms, None).unwrap_err().to_string().contains("brief.local.md"));
    }
}
