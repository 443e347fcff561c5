//! Who wrote a change, and whether a reviewer is one of them. Pure.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A name and an address as git knows them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
}

impl Identity {
    /// Reads `Name <address>`; a text without an address is a name.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.split_once('<') {
            Some((name, rest)) => Self {
                name: name.trim().to_owned(),
                email: rest.split('>').next().unwrap_or_default().trim().to_owned(),
            },
            None => Self { name: text.trim().to_owned(), email: String::new() },
        }
    }

    /// Whether both are the same person to git: one address, or one name where an address is missing.
    fn is_same(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| !a.is_empty() && a.eq_ignore_ascii_case(b);
        same(&self.email, &other.email)
            || ((self.email.is_empty() || other.email.is_empty()) && same(&self.name, &other.name))
    }

    /// Whether an agent of this name signs so.
    fn is_agent(&self, agent: &str) -> bool {
        let local = self.email.split('@').next().unwrap_or_default();
        // `12345+name@...` is how some forges write an account.
        let account = local.rsplit_once('+').map_or(local, |(_, account)| account);
        [self.name.as_str(), local, account].iter().any(|name| name.eq_ignore_ascii_case(agent))
    }
}

/// Everybody who wrote a part of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authors {
    /// As its commits say: authors, committers, and whom `Co-authored-by` names.
    pub signed: Vec<Identity>,
    /// Agents that held its card while it was written.
    pub workers: Vec<String>,
}

/// Who reviews.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer<'a> {
    /// Name of the agent, or of the operator.
    pub name: &'a str,
    /// Whether it is an agent.
    pub is_agent: bool,
    /// As what git knows whoever runs it.
    pub git: &'a Identity,
}

impl Authors {
    /// Adds what one commit says of its authors.
    pub fn add(&mut self, author: &Identity, committer: &Identity, message: &str) {
        let named = [author, committer].map(Cow::Borrowed).into_iter();
        for identity in named.chain(co_authors(message).map(Cow::Owned)) {
            let is_known = self.signed.contains(&identity) || (identity.name.is_empty() && identity.email.is_empty());
            if !is_known {
                self.signed.push(identity.into_owned());
            }
        }
    }

    /// Why a reviewer counts as an author, in a few words; `None` for one who is not.
    ///
    /// Agents of one user often share that user's identity in git. It tells nothing about them where it is known who
    /// held the card; where it is not, whoever has the author's identity is taken for the author.
    #[must_use]
    pub fn claim_on(&self, reviewer: &Reviewer<'_>) -> Option<String> {
        let Reviewer { name, is_agent, git } = reviewer;
        if self.workers.iter().any(|worker| worker == name) {
            return Some(format!("{name} worked on its card"));
        }
        if let Some(signed) = self.signed.iter().find(|signed| signed.is_agent(name)) {
            return Some(format!("{name} signed it as {}", shown(signed)));
        }
        // An operator's identity is theirs alone, so it always counts; an agent's counts only while nothing
        // better is known of who wrote.
        let known_to_be_another = *is_agent && !self.workers.is_empty();
        let signed = self.signed.iter().find(|signed| !known_to_be_another && signed.is_same(git))?;
        Some(format!("it is signed {}, which is {name}'s own name in git", shown(signed)))
    }
}

fn shown(identity: &Identity) -> String {
    let name = if identity.name.is_empty() { &identity.email } else { &identity.name };
    crate::plain::quoted(crate::fleet::model::Label::new(name).as_str())
}

/// Whom a message names as authors, wherever in it and however it is written.
fn co_authors(message: &str) -> impl Iterator<Item = Identity> {
    message.lines().filter_map(|line| {
        let (key, value) = line.trim().split_once(':')?;
        // A co-author who is missed could approve their own work, so spellings that git itself does not
        // take for a trailer count as well.
        let key = key.trim().replace([' ', '_'], "-");
        (key.eq_ignore_ascii_case("co-authored-by") && !value.trim().is_empty()).then(|| Identity::parse(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::parse(text)
    }

    fn authors(author: &str, message: &str, workers: &[&str]) -> Authors {
        let mut authors =
            Authors { workers: workers.iter().map(|name| (*name).to_owned()).collect(), ..Authors::default() };
        authors.add(&identity(author), &identity(author), message);
        authors
    }

    fn is_author(authors: &Authors, name: &str, is_agent: bool, git: &str) -> bool {
        authors.claim_on(&Reviewer { name, is_agent, git: &identity(git) }).is_some()
    }

    #[test]
    fn whoever_signed_it_in_any_way_is_an_author() {
        let by_code0 =
            authors("code0 <code0@example.com>", "subject\n\nco-Authored-By: Review One <review@example.com>\n", &[]);
        assert_eq!(by_code0.signed.len(), 2);
        assert!(is_author(&by_code0, "code0", true, "x <x@example.com>"));
        assert!(is_author(&by_code0, "review", true, "x <x@example.com>"), "named as a co-author");
        assert!(!is_author(&by_code0, "review2", true, "x <x@example.com>"));
        assert!(is_author(&by_code0, "jane", false, "Jane <CODE0@example.com>"), "the address, however it is written");
        let forge = authors("Somebody <123+code1@users.example.com>", "Co authored by: nobody", &[]);
        assert!(is_author(&forge, "code1", true, "x <x@example.com>"));
    }

    #[test]
    fn who_held_the_card_wrote_it_whatever_git_says() {
        let shared = "Jane <jane@example.com>";
        let unknown = authors(shared, "", &[]);
        assert!(is_author(&unknown, "review", true, shared), "it may have been anybody of that name");
        let known = authors(shared, "", &["code0"]);
        assert!(!is_author(&known, "review", true, shared), "the card says that it was another");
        assert!(is_author(&known, "code0", true, "x <x@example.com>"));
        assert!(is_author(&known, "jane", false, shared), "an operator is whom git names");
    }

    #[test]
    fn a_name_without_an_address_is_compared_as_a_name() {
        let named = authors("", "Co-authored-by: Jane", &[]);
        assert!(is_author(&named, "other", false, "jane <jane@example.com>"));
        assert!(!is_author(&named, "other", false, "June <june@example.com>"));
    }
}
