//! What an agent is told of a card that it is given: the template with the card's own words in it.

use std::path::Path;

use crate::backlog::model::{Column, criteria};
use crate::backlog::operations::Detail;
use crate::fleet::error::{Failure, Result};
use crate::fleet::framework::CONTENT;
use crate::fleet::home::Site;
use crate::plain;

/// The template below the Mosaic home, where the user may have another one.
const TEMPLATE: &str = "templates/brief.md";

/// Most bytes of a template.
const MAX_BYTES: usize = 256 << 10;

/// Where an agent works on a card.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The branch, where there is one of its own.
    pub branch: Option<&'a str>,
    /// The folder.
    pub folder: &'a Path,
}

/// The brief of a card that is claimed. `until` is when the claim is over, in seconds behind its beginning.
///
/// # Errors
/// When the user's template cannot be read.
pub(super) fn brief(site: &Site, detail: &Detail, place: Place<'_>, ttl_seconds: i64) -> Result<String> {
    let card = &detail.card;
    let claim = card.claim.as_ref();
    let or_none = |text: &str| if text.trim().is_empty() { "none".to_owned() } else { text.to_owned() };
    let acceptance = card.acceptance.as_ref().map(criteria).unwrap_or_default();
    let listed = |lines: Vec<String>| match lines.is_empty() {
        true => "nothing in particular".to_owned(),
        false => lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n"),
    };
    let dependencies = detail.dependencies.iter().map(|on| {
        let became = on.column.map_or("unknown", Column::word);
        format!("{}: {} ({became})", on.id, on.title.as_deref().unwrap_or("no such card"))
    });
    let expires = claim.map(|claim| claim.at.plus_seconds(ttl_seconds).to_string()).unwrap_or_default();
    let folder = place.folder.display().to_string();
    let token = claim.map(|claim| claim.token.to_string()).unwrap_or_default();
    let words = [
        ("card", card.id.to_string()),
        ("title", card.title.clone()),
        ("body", or_none(&card.body)),
        ("acceptance", listed(acceptance)),
        ("phase", or_none(&card.phase)),
        ("goal", or_none(&card.goal)),
        ("dependencies", listed(dependencies.collect())),
        ("branch", place.branch.unwrap_or("the one that is checked out").to_owned()),
        ("folder", folder),
        ("owner", claim.map(|claim| claim.owner.clone()).unwrap_or_default()),
        ("token", token),
        ("expires", expires),
    ];
    Ok(filled(without_comment(&template(site)?), &words))
}

fn template(site: &Site) -> Result<String> {
    let path = site.home.join(TEMPLATE);
    match plain::read(&path, MAX_BYTES) {
        Ok(text) => Ok(text),
        Err(why) if why.is_missing() => Ok(CONTENT
            .iter()
            .find(|(name, _)| *name == TEMPLATE)
            .map(|(_, text)| (*text).to_owned())
            .unwrap_or_default()),
        Err(why) => Err(Failure::unreadable(path.display().to_string(), &why)),
    }
}

/// The template without the comment at its head, which is for whoever edits it.
fn without_comment(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")).map_or(text, |(_, rest)| rest.trim_start())
}

/// The template with each `{{name}}` replaced, from its beginning to its end: what a card says is never taken for a
/// placeholder.
fn filled(template: &str, words: &[(&str, String)]) -> String {
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let named = behind.split_once("}}");
        match named.and_then(|(name, after)| Some((words.iter().find(|(word, _)| *word == name.trim())?, after))) {
            Some(((_, text), after)) => {
                out.push_str(text);
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_card_says_is_never_taken_for_a_placeholder() {
        let words = [("title", "a {{token}} b".to_owned()), ("token", "7".to_owned())];
        assert_eq!(filled("{{title}}: {{ token }} {{other}} {{", &words), "a {{token}} b: 7 {{other}} {{");
        assert_eq!(without_comment("<!-- for editors -->\n# {{title}}"), "# {{title}}");
        assert_eq!(without_comment("# x <!-- kept -->"), "# x <!-- kept -->");
    }

    #[test]
    fn every_placeholder_of_the_shipped_template_is_filled() {
        use crate::app::tui::samples;
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let detail = Detail {
            card: samples::card("A4"),
            dependencies: Vec::new(),
            dependents: Vec::new(),
            history: Vec::new(),
            around: crate::backlog::graph::Graph { nodes: Vec::new(), edges: Vec::new() },
        };
        let place = Place { branch: Some("code/A4"), folder: Path::new("/w") };
        let text = brief(&site, &detail, place, 900).unwrap();
        assert!(text.starts_with("# Card A4: ") && !text.contains("{{"), "{text}");
        assert!(text.contains("Branch `code/A4`, folder `/w`"), "{text}");
        std::fs::create_dir_all(site.home.join("templates")).unwrap();
        std::fs::write(site.home.join(TEMPLATE), "only {{card}}").unwrap();
        assert_eq!(brief(&site, &detail, place, 900).unwrap(), "only A4", "the user's own");
    }
}
