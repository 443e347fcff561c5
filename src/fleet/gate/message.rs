//! What a squashed commit says, and by which of its lines it is found again.

use super::authors::{Authors, Identity};
use super::commit::{Commit, Tip};
use crate::fleet::model::Label;

/// Under this key a squashed commit names the commit that it was made from.
const MERGED: &str = "Merged-commit";

/// The line by which a squashed commit names the commit that it was made from.
#[must_use]
pub fn merged_line(commit: &str) -> String {
    format!("{MERGED}: {commit}")
}

/// An identity with which git commits: neither part may be empty, or hold what ends it.
pub(super) fn signed(identity: &Identity) -> Identity {
    let clean = |text: &str| text.chars().filter(|c| !c.is_control() && !"<>".contains(*c)).collect::<String>();
    let or = |text: String, other: &str| if text.trim().is_empty() { other.to_owned() } else { text };
    Identity { name: or(clean(&identity.name), "nobody"), email: or(clean(&identity.email), "nobody@localhost") }
}

/// What a squashed commit says.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its first line.
    pub subject: &'a str,
    /// The card.
    pub card: Option<&'a str>,
    /// Who approved it.
    pub reviewer: &'a str,
    /// Who is its author.
    pub author: &'a Identity,
    /// Who merges it.
    pub committer: &'a Identity,
    /// The commits that it was made from.
    pub commits: &'a [Commit],
    /// Everybody who wrote a part of it.
    pub authors: &'a Authors,
}

impl Message<'_> {
    pub(super) fn text(&self, tip: &Tip) -> String {
        let line = |text: &str| Label::new(text).to_string();
        let mut text = format!("{}\n\n", line(self.subject));
        for commit in self.commits {
            let subject = line(commit.message.lines().next().unwrap_or_default());
            text.push_str(&format!("- {subject}\n"));
        }
        text.push('\n');
        if let Some(card) = self.card {
            text.push_str(&format!("Card: {card}\n"));
        }
        text.push_str(&format!("Branch: {}\n{}\n", tip.branch, merged_line(&tip.commit)));
        text.push_str(&format!("Reviewed-by: {}\n", line(self.reviewer)));
        let others = self.authors.signed.iter().filter(|signed| *signed != self.author && !signed.name.is_empty());
        for other in others {
            let Identity { name, email } = signed(other);
            text.push_str(&format!("Co-authored-by: {name} <{email}>\n"));
        }
        text
    }
}
