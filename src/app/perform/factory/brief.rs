//! What an agent is told of a card that it is given: the card's brief, on the terms of its claim and of the place where it
//! is worked on.

use std::path::Path;

use crate::app::perform::backlog::{self, Terms};
use crate::backlog::operations::Detail;
use crate::fleet::error::Result;
use crate::fleet::home::Site;

/// Where an agent works on a card.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The branch, where there is one of its own.
    pub branch: Option<&'a str>,
    /// The folder.
    pub folder: &'a Path,
}

/// The brief of a card that is claimed; the claim is over so many seconds behind its beginning.
///
/// # Errors
/// When the user's template cannot be read.
pub(super) fn brief(site: &Site, detail: &Detail, place: Place<'_>, ttl_seconds: i64) -> Result<String> {
    let expires = detail.card.claim.as_ref().map(|claim| claim.at.plus_seconds(ttl_seconds));
    let terms = Terms { expires, branch: place.branch, folder: Some(place.folder), ..Terms::of(&detail.card) };
    backlog::brief(site, detail, &terms)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        std::fs::write(site.home.join("templates/brief.md"), "only {{card}}").unwrap();
        assert_eq!(brief(&site, &detail, place, 900).unwrap(), "only A4", "the user's own");
    }
}
