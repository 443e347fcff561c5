//! The stub at the backlog: it claims, renews, completes and parks cards as any worker does.

use crate::app::perform::backlog::{pipeline, place, who};
use crate::backlog::model::CardId;
use crate::backlog::operations::Backlog;
use crate::backlog::place::Intent;
use crate::backlog::store::{ClaimRequest, Who};
use crate::fleet::home::Site;

/// A card that the stub holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// The token that proves the claim.
    pub token: i64,
    /// Where it is worked on, where its brief says so.
    pub folder: Option<std::path::PathBuf>,
}

/// The stub's connection to the backlog; a failed one is made anew.
pub(super) struct Desk<'a> {
    site: &'a Site,
    owner: String,
    class: String,
    backlog: Option<Backlog>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(site: &'a Site, owner: &str, class: &str) -> Self {
        Self { site, owner: owner.to_owned(), class: class.to_owned(), backlog: None }
    }

    /// This program, for the commands of a brief.
    pub(super) fn program(&self) -> std::path::PathBuf {
        self.site.program.clone()
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Backlog) -> crate::backlog::error::Result<T>) -> Result<T, String> {
        self.through(|_, backlog| work(backlog))
    }

    fn through<T>(
        &mut self,
        work: impl FnOnce(&Site, &mut Backlog) -> crate::fleet::error::Result<T>,
    ) -> Result<T, String> {
        let backlog = match &mut self.backlog {
            Some(backlog) => backlog,
            None => {
                let place = place(self.site).map_err(|failure| failure.to_string())?;
                let who = Who { actor: self.owner.clone(), ..who(self.site) };
                let opened = place.open(Intent::Write, who, &mut |_, _| {}).map_err(|failure| failure.to_string())?;
                self.backlog.insert(opened)
            }
        };
        work(self.site, backlog).map_err(|failure| failure.to_string())
    }

    /// Claims the next card.
    pub(super) fn claim(&mut self, ttl_seconds: i64) -> Result<Option<Held>, String> {
        // A worker of the fleet is held up by a pause like every other, and finds no card.
        if crate::fleet::pause::read(&self.site.home).is_some() {
            return Ok(None);
        }
        let request = ClaimRequest {
            owner: self.owner.clone(),
            ttl_seconds: Some(ttl_seconds),
            id: None,
            phase: None,
            assignee: Some(self.class.clone()),
        };
        let card = self.with(|backlog| backlog.claim(&request))?;
        Ok(card.and_then(|card| {
            Some(Held { token: card.claim.as_ref()?.token, id: card.id, title: card.title, folder: None })
        }))
    }

    /// Extends the claim.
    pub(super) fn renew(&mut self, held: &Held) -> Result<(), String> {
        let owner = self.owner.clone();
        self.with(|backlog| backlog.renew(&held.id, &owner, held.token, None)).map(|_| ())
    }

    /// Finishes the card, as the command does: in a pipeline that may only lead it to the next stage.
    pub(super) fn complete(&mut self, held: &Held) -> Result<(), String> {
        self.through(|site, backlog| match pipeline::complete(site, backlog, &held.id, Some(held.token))? {
            Some(_) => Ok(()),
            None => backlog.complete(&held.id, Some(held.token)).map(drop),
        })
    }

    /// Parks the card with the reason.
    pub(super) fn park(&mut self, held: &Held, why: &str) -> Result<(), String> {
        self.with(|backlog| backlog.block(&held.id, Some(held.token), why, None)).map(|_| ())
    }
}
