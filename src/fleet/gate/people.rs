//! Who wrote a branch: what its commits say, what its card says, and who is one person by the main branch's `.mailmap`.

use super::authors::{Authors, Identity};
use super::card::Card;
use super::commit::{Commit, Main};
use super::git::Reach;
use super::message::signed;
use super::repository::Repository;
use super::review::Review;
use crate::fleet::error::{Failure, Result};

/// Everybody who wrote a part of a branch.
pub fn authors(commits: &[Commit], card: Option<&Card>) -> Authors {
    let workers = card.map(|card| card.workers.clone()).unwrap_or_default();
    let mut authors = Authors { workers, is_held: card.is_some_and(|card| card.is_of_branch), ..Authors::default() };
    // Every commit counts and not only the last: who wrote the first one reviews no better.
    for commit in commits {
        authors.add(&commit.author, &commit.committer, &commit.message);
    }
    authors
}

impl Repository {
    /// Takes note of who is one person among the authors of a branch and its reviewers.
    ///
    /// # Errors
    /// What git says.
    pub async fn join(&self, authors: &mut Authors, reviews: &[Review], main: &Main) -> Result<()> {
        // What has no address is in no `.mailmap`; git takes a name alone for a mistake.
        let all = authors.signed.iter().chain(reviews.iter().map(|review| &review.git));
        let asked: Vec<Identity> = all.filter(|one| !one.email.trim().is_empty()).cloned().collect();
        if asked.is_empty() {
            return Ok(());
        }
        let line = |one: &Identity| {
            let Identity { name, email } = signed(one);
            // Without a name it is told by its address alone, and not as one of many who are called nobody.
            if one.name.trim().is_empty() { format!("<{email}>\n") } else { format!("{name} <{email}>\n") }
        };
        let lines: String = asked.iter().map(line).collect();
        let of_main = format!("mailmap.blob={}:.mailmap", main.commit);
        let args = ["-c", &of_main, "check-mailmap", "--stdin"];
        // Only the main branch's counts: in the repository's own folder there is no work tree, in whose file an author
        // could give themselves another name.
        let said = self.git.at(&self.common).run(Reach::Here, &args, &[], lines.as_bytes()).await?;
        if !said.status.success() {
            return Err(self.git.failed(&args, &said));
        }
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        let people: Vec<Identity> = text.lines().map(Identity::parse).collect();
        if people.len() != asked.len() {
            let why = format!("says {} names for {}", people.len(), asked.len());
            return Err(Failure::failed("git check-mailmap", why, "see `.mailmap` on the main branch"));
        }
        authors.people = asked.into_iter().zip(people).collect();
        Ok(())
    }
}
