//! Who the agents of an installation are, who its operator is, and what is special about its machine: three pages of
//! the user's, made once from templates and never written over.

use std::borrow::Cow;

use super::error::{Failure, Result};
use super::file;
use super::framework::CONTENT;
use super::home::Site;
use crate::plain;

/// How agents speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The answer first.
    #[default]
    Direct,
    /// Warm and plain.
    Friendly,
    /// Complete sentences.
    Formal,
}

impl Style {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Friendly, Self::Formal];

    /// The word on the page.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Friendly => "friendly",
            Self::Formal => "formal",
        }
    }
}

/// What the pages say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What the agents call themselves.
    pub name: String,
    /// What they are there for.
    pub role: String,
    /// How they speak.
    pub style: Style,
    /// How the operator is addressed.
    pub user_name: String,
    /// The operator's pronouns.
    pub pronouns: String,
    /// The operator's time zone.
    pub timezone: String,
    /// What makes reading easier, one item each.
    pub accessibility: Vec<String>,
    /// What agents never do, one item each.
    pub guardrails: Vec<String>,
}

impl Identity {
    /// What is assumed where nobody says anything.
    #[must_use]
    pub fn assumed(site: &Site, timezone: Option<&str>) -> Self {
        Self {
            name: "Mosaic agent".to_owned(),
            role: "You work in a fleet of agents that this machine's operator runs.".to_owned(),
            style: Style::default(),
            user_name: site.tenant_id.clone(),
            pronouns: "they/them".to_owned(),
            timezone: timezone.unwrap_or("UTC").to_owned(),
            accessibility: Vec::new(),
            guardrails: Vec::new(),
        }
    }
}

/// Items of a list as it is typed on one line.
#[must_use]
pub fn items(text: &str) -> Vec<String> {
    text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The pages in the Mosaic home.
pub const PAGES: [&str; 3] = ["SOUL.md", "USER.md", "TOOLS.md"];

/// Pages that are not there yet.
#[must_use]
pub fn missing(site: &Site) -> Vec<&'static str> {
    // A link that leads nowhere takes the name as well.
    PAGES.into_iter().filter(|page| !file::is_taken(&site.home.join(page))).collect()
}

/// Writes the pages that are not there yet: each page, and whether it was written.
///
/// # Errors
/// What the file system says.
pub fn init(site: &Site, identity: &Identity, date: &str) -> Result<Vec<(&'static str, bool)>> {
    let failed = |path: &std::path::Path, error: &std::io::Error| {
        Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
    };
    std::fs::create_dir_all(&site.home).map_err(|error| failed(&site.home, &error))?;
    let mut done = Vec::new();
    for page in PAGES {
        let path = site.home.join(page);
        let text = plain::filled(template(page), &values(site, identity, date));
        // Never over what is there: the page may have been written since it was missed.
        done.push((page, file::create(&path, text.as_bytes(), 0o644).map_err(|error| failed(&path, &error))?));
    }
    Ok(done)
}

/// The text of a template without the comment that explains it.
fn template(page: &str) -> &'static str {
    let path = format!("templates/{page}");
    let text = CONTENT.iter().find(|(found, _)| *found == path).map(|(_, text)| *text).unwrap_or_default();
    plain::without_comment(text)
}

fn values<'a>(site: &'a Site, identity: &'a Identity, date: &'a str) -> [(&'static str, Cow<'a, str>); 10] {
    let list = |items: &[String], none: &str| match items {
        [] => format!("- {none}"),
        items => items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n"),
    };
    // A cell of a table ends at a bar.
    let cell = |text: &str| text.replace('|', "/");
    [
        ("name", Cow::Borrowed(&identity.name)),
        ("role", Cow::Borrowed(&identity.role)),
        ("style", Cow::Borrowed(identity.style.word())),
        ("guardrails", Cow::Owned(list(&identity.guardrails, "none"))),
        ("user_name", Cow::Owned(cell(&identity.user_name))),
        ("pronouns", Cow::Owned(cell(&identity.pronouns))),
        ("timezone", Cow::Owned(cell(&identity.timezone))),
        ("accessibility", Cow::Owned(list(&identity.accessibility, "nothing special"))),
        ("host", Cow::Borrowed(&site.host)),
        ("date", Cow::Borrowed(date)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_each_page_is_filled_and_its_comment_is_gone() {
        let site = Site::for_tests("/h");
        let identity = Identity {
            name: "Ada {{host}}".to_owned(),
            user_name: "A | B".to_owned(),
            guardrails: items("never delete; ; ask first"),
            ..Identity::assumed(&site, Some("Europe/Berlin"))
        };
        for page in PAGES {
            let text = plain::filled(template(page), &values(&site, &identity, "2026-01-02"));
            assert!(!text.replace("{{host}}", "").contains("{{") && !text.contains("<!--"), "{page}:\n{text}");
            assert!(text.starts_with("# "), "{page}:\n{text}");
        }
        let soul = plain::filled(template("SOUL.md"), &values(&site, &identity, "d"));
        assert!(soul.contains("You are **Ada {{host}}**.") && soul.contains("## Style: direct"), "{soul}");
        assert!(soul.contains("- never delete\n- ask first\n"), "{soul}");
        let user = plain::filled(template("USER.md"), &values(&site, &identity, "d"));
        assert!(user.contains("| address as | A / B |") && user.contains("Europe/Berlin; write"), "{user}");
        assert!(user.contains("- nothing special"), "{user}");
    }

    #[test]
    fn a_page_that_is_there_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        assert_eq!(missing(&site), PAGES);
        std::fs::create_dir_all(&site.home).unwrap();
        std::fs::write(site.home.join("SOUL.md"), "mine").unwrap();
        // A link that leads nowhere is the user's as well.
        std::os::unix::fs::symlink("/nowhere/user", site.home.join("USER.md")).unwrap();
        let identity = Identity::assumed(&site, None);
        let done = init(&site, &identity, "2026-01-02").unwrap();
        assert_eq!(done, [("SOUL.md", false), ("USER.md", false), ("TOOLS.md", true)]);
        assert_eq!(std::fs::read_to_string(site.home.join("SOUL.md")).unwrap(), "mine");
        let tools = std::fs::read_to_string(site.home.join("TOOLS.md")).unwrap();
        assert!(tools.contains("`here`") && tools.contains("2026-01-02"), "{tools}");
        assert_eq!(init(&site, &identity, "2026-01-03").unwrap().iter().filter(|(_, made)| *made).count(), 0);
        assert_eq!(std::fs::read_dir(&site.home).unwrap().count(), 3, "nothing lies beside them");
    }
}
