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

    /// Whether an agent of this name signs so.
    fn is_agent(&self, agent: &str) -> bool {
        let (local, _) = self.email.split_once('@').unwrap_or((&self.email, ""));
        // `12345+name@...` is how some forges write an account, and `name+tag@...` one's own tags.
        let parts = local.split_once('+').map_or([local, local], |(before, behind)| [before, behind]);
        [self.name.as_str(), local].into_iter().chain(parts).any(|name| name.eq_ignore_ascii_case(agent))
    }

    /// Where its mail goes: an address without its tag, and without the number that a forge puts before an account.
    fn mailbox(&self) -> Option<(String, String)> {
        let (local, host) = self.email.rsplit_once('@').unwrap_or((&self.email, ""));
        let account = match local.split_once('+') {
            Some((number, account)) if number.bytes().all(|byte| byte.is_ascii_digit()) => account,
            Some((account, _tag)) => account,
            None => local,
        };
        let is_there = !account.trim().is_empty();
        is_there.then(|| (account.trim().to_lowercase(), host.trim().to_lowercase()))
    }

    /// The name, as names are compared.
    fn full_name(&self) -> String {
        self.name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }
}

/// Everybody who wrote a part of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authors {
    /// As its commits say: authors, committers, and whom `Co-authored-by` names.
    pub signed: Vec<Identity>,
    /// Agents that held its card while it was written.
    pub workers: Vec<String>,
    /// Whether these are known to be all of its agents: the card names the branch.
    pub is_held: bool,
    /// Who an identity is, as the main branch's `.mailmap` says; of those who signed and of those who review.
    pub people: Vec<(Identity, Identity)>,
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
        if let Some(signed) = self.signed.iter().find(|one| one.is_agent(name) || self.person(one).is_agent(name)) {
            return Some(format!("{name} signed it as {}", shown(signed)));
        }
        // An operator's identity is theirs alone, so it always counts; an agent's counts only while nothing
        // better is known of who wrote.
        if *is_agent && self.is_held && !self.workers.is_empty() {
            return None;
        }
        if let Some(signed) = self.signed.iter().find(|signed| self.has_mail_of(signed, git)) {
            return Some(format!("it is signed {}, which is {name}'s own name in git", shown(signed)));
        }
        // Two people of one name are rarer than one with two addresses, and who is the same approves their own work.
        let own = self.person(git).full_name();
        let signed = self.signed.iter().find(|signed| !own.is_empty() && self.person(signed).full_name() == own)?;
        Some(format!(
            "it is signed {}, and {name}'s name in git is the same; where these are two people, .mailmap on the main \
             branch tells them apart by another name for one address",
            shown(signed)
        ))
    }

    /// Who an identity is.
    fn person<'a>(&'a self, identity: &'a Identity) -> &'a Identity {
        self.people.iter().find(|(raw, _)| raw == identity).map_or(identity, |(_, person)| person)
    }

    /// Whether mail to both goes to one place, as they are written or as `.mailmap` has them.
    fn has_mail_of(&self, one: &Identity, other: &Identity) -> bool {
        let boxes = |of| [of, self.person(of)].map(Identity::mailbox);
        let of_other = boxes(other);
        boxes(one).iter().flatten().any(|mail| of_other.iter().flatten().any(|other| other == mail))
    }
}

fn shown(identity: &Identity) -> String {
    let name = if identity.name.is_empty() { &identity.email } else { &identity.name };
    crate::plain::quoted(crate::fleet::model::Label::new(name).as_str())
}

/// Whom a message names as authors, wherever in it and however it is written: several on a line, or over several lines.
fn co_authors(message: &str) -> impl Iterator<Item = Identity> {
    let mut values: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in message.lines() {
        // A co-author who is missed could approve their own work, so spellings that git itself does not
        // take for a trailer count as well.
        let value = line.trim().split_once(':').and_then(|(key, value)| {
            key.trim().replace([' ', '_'], "-").eq_ignore_ascii_case("co-authored-by").then_some(value)
        });
        match (value, values.last_mut()) {
            (Some(value), _) => values.push(value.to_owned()),
            (None, Some(last)) if goes_on && line.starts_with([' ', '\t']) => last.push_str(line),
            _ => {
                goes_on = false;
                continue;
            }
        }
        goes_on = true;
    }
    let named = values.into_iter().flat_map(|value| {
        let each = value.split_inclusive(['>', ',', ';']).map(|one| {
            let one = one.trim().trim_matches([',', ';', '&']).trim();
            Identity::parse(one.strip_prefix("and ").unwrap_or(one))
        });
        each.collect::<Vec<_>>()
    });
    named.filter(|one| !one.name.is_empty() || !one.email.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Identity::parse(text)
    }

    fn authors(author: &str, message: &str, workers: &[&str]) -> Authors {
        let mut authors = Authors {
            workers: workers.iter().map(|name| (*name).to_owned()).collect(),
            is_held: true,
            ..Authors::default()
        };
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
    #[test]
    fn one_person_with_two_addresses_is_one() {
        let jane = authors("Jane Doe <jane@work.example>", "", &[]);
        let claim = |authors: &Authors, git: &str| {
            authors.claim_on(&Reviewer { name: "other", is_agent: false, git: &identity(git) })
        };
        let same_name = claim(&jane, "jane  doe <jane@home.example>").unwrap();
        assert!(same_name.contains(".mailmap"), "it says what to do where they are two: {same_name}");
        assert!(claim(&jane, "J <jane+tag@work.example>").unwrap().contains("own name in git"));
        assert!(claim(&jane, "J <77+JANE@work.example>").is_some(), "as a forge writes it");
        assert_eq!(claim(&jane, "J <jane@home.example>"), None, "another address, another name");
        // The main branch's .mailmap joins what differs in all, and parts what has one name.
        let people = |of: &[(&str, &str)]| of.iter().map(|(raw, person)| (identity(raw), identity(person))).collect();
        let joined =
            Authors { people: people(&[("J <jane@home.example>", "Jane Doe <jane@work.example>")]), ..jane.clone() };
        assert!(claim(&joined, "J <jane@home.example>").is_some());
        let apart = "Jane Doe <jane@home.example>";
        let parted = Authors { people: people(&[(apart, "Jane Doe of Ops <jane@home.example>")]), ..jane };
        assert_eq!(claim(&parted, apart), None);
    }

    #[test]
    fn every_co_author_of_a_message_counts() {
        for (message, want) in [
            ("Co-authored-by: Bob <b@x>, Jane Doe <jane@x>", "Bob b@x|Jane Doe jane@x"),
            ("Co-authored-by: Bob <b@x> and Jane <jane@x>", "Bob b@x|Jane jane@x"),
            ("Co-authored-by: Bob <b@x>,\n  Jane <jane@x>\nand Eve <e@x>", "Bob b@x|Jane jane@x"),
            ("co_authored by: Bob, Jane\n\n indented", "Bob |Jane "),
        ] {
            let found: Vec<_> = co_authors(message).map(|one| format!("{} {}", one.name, one.email)).collect();
            assert_eq!(found.join("|"), want, "{message}");
        }
    }

    #[test]
    fn whose_card_it_is_not_tells_nothing_of_who_wrote() {
        let shared = "Jane <jane@example.com>";
        let held_elsewhere = Authors { is_held: false, ..authors(shared, "", &["code1"]) };
        assert!(is_author(&held_elsewhere, "code0", true, shared), "code1 held a card that names another branch");
        assert!(is_author(&held_elsewhere, "code1", true, "x <x@example.com>"));
    }
}
