//! What waits for a person: one file in the run folder, written whole under a lock, by the supervisor, by whoever
//! acknowledges, and by an agent that cannot go on where no supervisor runs. While one of a subject is open there is no
//! second; it goes when its cause is gone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::{Failure, Kind, Result};
use super::file::{self, Keep};
use super::home::Site;
use super::model::{Ack, Cause, Escalation, Subject};
use super::os::lockfile;
use crate::plain::{self, Notation};

/// Name of the file.
pub const ESCALATIONS: &str = "escalations.json";

/// A change of the file takes milliseconds.
const LOCKED_WITHIN: Duration = Duration::from_secs(5);

/// So many refusals of one card at the gate are a person's business.
// The same as for what the supervisor tries: one may be a mistake that its author mends, and two a main branch that moved.
const REFUSALS: u32 = 3;

/// More is no list that anybody wrote.
const MAX_BYTES: usize = 4 << 20;

/// The file.
#[must_use]
pub fn path(site: &Site) -> PathBuf {
    site.run_dir.join(ESCALATIONS)
}

/// What stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Book {
    /// Number of the next one: an id is never given twice.
    next: u64,
    open: Vec<Escalation>,
    /// Cards that the gate refused, and how often in a row.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    refused: BTreeMap<String, u32>,
}

/// All that wait, the oldest first.
///
/// # Errors
/// When the file cannot be read, or is no such list.
pub fn read(site: &Site) -> Result<Vec<Escalation>> {
    load(&path(site)).map(|book| book.open)
}

fn load(path: &Path) -> Result<Book> {
    let text = match plain::read(path, MAX_BYTES) {
        Ok(text) => text,
        Err(why) if why.is_missing() => return Ok(Book::default()),
        Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
    };
    serde_json::from_str(&text).map_err(|error| {
        let why = plain::plain_words(&error.to_string(), Notation::Json);
        let next = "remove the file: what still cannot go on is escalated again";
        Failure::new(Kind::Invalid, path.display().to_string(), why, next)
    })
}

/// Has a person look at something; `None` when that waits for one already.
///
/// # Errors
/// When the list cannot be read or written.
pub async fn raise(site: &Site, subject: &Subject, why: &str, tried: &str, at: i64) -> Result<Option<Escalation>> {
    change(site, |book| book.raise(site, subject, why, tried, at)).await
}

impl Book {
    fn raise(&mut self, site: &Site, subject: &Subject, why: &str, tried: &str, at: i64) -> Result<Option<Escalation>> {
        if self.open.iter().any(|open| open.subject == *subject) {
            return Ok(None);
        }
        self.next += 1;
        let new = Escalation {
            id: format!("e{}", self.next),
            subject: subject.clone(),
            at,
            tenant_id: site.tenant_id.clone(),
            host: site.host.clone(),
            why: why.to_owned(),
            tried: tried.to_owned(),
            told: false,
            acked: None,
        };
        self.open.push(new.clone());
        Ok(Some(new))
    }
}

/// Ends the escalation of a subject, whose cause is gone; `None` when there is none.
///
/// # Errors
/// As for [`raise`].
pub async fn settle(site: &Site, subject: &Subject) -> Result<Option<Escalation>> {
    change(site, |book| {
        if let (Cause::Gate, Some(card)) = (subject.cause, &subject.card) {
            book.refused.remove(card);
        }
        let at = book.open.iter().position(|open| open.subject == *subject);
        Ok(at.map(|at| book.open.remove(at)))
    })
    .await
}

/// Notes that the gate refused a card, and has a person look at it once that happened several times in a row; `None` while
/// it has not, and when it waits for one already.
///
/// # Errors
/// As for [`raise`].
pub async fn refused(site: &Site, card: &str, why: &str, at: i64) -> Result<Option<Escalation>> {
    change(site, |book| {
        let times = book.refused.entry(card.to_owned()).or_default();
        *times = times.saturating_add(1);
        if *times < REFUSALS {
            return Ok(None);
        }
        let tried = format!("a merge, {times} times in a row");
        book.raise(site, &Subject::card(Cause::Gate, card), why, &tried, at)
    })
    .await
}

/// Forgets the refusals of a card that passed the gate, and ends what waits for a person because of them.
///
/// # Errors
/// As for [`raise`].
pub async fn passed(site: &Site, card: &str) -> Result<Option<Escalation>> {
    // Most cards were never refused, and for those nothing is locked or made.
    if load(&path(site))?.refused.contains_key(card) {
        return settle(site, &Subject::card(Cause::Gate, card)).await;
    }
    Ok(None)
}

/// Notes that the coordinating seat was told of one.
///
/// # Errors
/// As for [`raise`].
pub async fn told(site: &Site, id: &str) -> Result<()> {
    change(site, |book| {
        book.open.iter_mut().filter(|open| open.id == id).for_each(|open| open.told = true);
        Ok(())
    })
    .await
}

/// Notes that somebody looks after one.
///
/// # Errors
/// When there is none of that id; and as for [`raise`].
pub async fn ack(site: &Site, id: &str, by: &str, at: i64) -> Result<Escalation> {
    change(site, |book| {
        let Some(open) = book.open.iter_mut().find(|open| open.id == id) else {
            return Err(Failure::new(
                Kind::NotFound,
                format!("escalation {}", plain::quoted(id)),
                "there is none of that id",
                "`mosaic-tui fleet escalations` lists all",
            ));
        };
        // The first who took it up stays named.
        open.acked.get_or_insert_with(|| Ack { by: by.to_owned(), at });
        Ok(open.clone())
    })
    .await
}

/// The same as [`raise`], for who holds no runtime of tasks.
///
/// # Errors
/// As for [`raise`].
pub fn raise_at_once(site: &Site, subject: &Subject, why: &str, tried: &str, at: i64) -> Result<Option<Escalation>> {
    change_at_once(site, |book| book.raise(site, subject, why, tried, at))
}

/// Ends what waits for a person because of this card; whether there was such.
///
/// # Errors
/// As for [`raise`].
pub fn settle_card(site: &Site, cause: Cause, card: &str) -> Result<bool> {
    let is_of_card = |open: &Escalation| open.subject.cause == cause && open.subject.card.as_deref() == Some(card);
    // Most cards never were in it, and for those nothing is locked or made.
    if !read(site)?.iter().any(is_of_card) {
        return Ok(false);
    }
    change_at_once(site, |book| {
        let before = book.open.len();
        book.open.retain(|open| !is_of_card(open));
        Ok(book.open.len() < before)
    })
}

async fn change<T>(site: &Site, work: impl FnOnce(&mut Book) -> Result<T>) -> Result<T> {
    let lock = lock_file(site);
    let _lock = lockfile::hold(&lock, LOCKED_WITHIN, lockfile::open).await?.ok_or_else(|| held_by_others(&lock))?;
    change_under_lock(site, work)
}

fn change_at_once<T>(site: &Site, work: impl FnOnce(&mut Book) -> Result<T>) -> Result<T> {
    let lock = lock_file(site);
    let _lock = lockfile::hold_up(&lock, LOCKED_WITHIN, lockfile::open)?.ok_or_else(|| held_by_others(&lock))?;
    change_under_lock(site, work)
}

fn change_under_lock<T>(site: &Site, work: impl FnOnce(&mut Book) -> Result<T>) -> Result<T> {
    let path = path(site);
    let mut book = load(&path)?;
    let before = book.clone();
    let done = work(&mut book)?;
    // Nothing is written where nothing changed, as a durable write waits for the disk.
    if book != before {
        file::write_json(&path, &book, Keep::Durable).map_err(|error| {
            Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
        })?;
    }
    Ok(done)
}

fn lock_file(site: &Site) -> PathBuf {
    site.supervisor_dir().join("escalations.lock")
}

fn held_by_others(path: &Path) -> Failure {
    Failure::failed(format!("lock {}", path.display()), "is held for over 5 s", "`fuser` names who holds it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> (tempfile::TempDir, Site) {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.run_dir = folder.path().join("run");
        (folder, site)
    }

    #[tokio::test]
    async fn one_of_a_subject_waits_until_its_cause_is_gone_and_ids_never_come_again() {
        let (_folder, site) = stage();
        let subject = Subject::agent(Cause::Dies, "a");
        assert_eq!(read(&site).unwrap(), []);
        let first = raise(&site, &subject, "exit 3", "3 restarts", 7).await.unwrap().unwrap();
        assert_eq!((first.id.as_str(), first.is_open(), first.told), ("e1", true, false));
        assert_eq!(raise(&site, &subject, "exit 4", "4 restarts", 8).await.unwrap(), None, "one, not one each time");
        told(&site, "e1").await.unwrap();
        let acked = ack(&site, "e1", "me", 9).await.unwrap();
        assert!(acked.told && !acked.is_open());
        assert_eq!(ack(&site, "e1", "another", 10).await.unwrap().acked, Some(Ack { by: "me".to_owned(), at: 9 }));
        assert_eq!(raise(&site, &subject, "exit 5", "", 11).await.unwrap(), None, "somebody looks after it");
        assert_eq!(settle(&site, &subject).await.unwrap().map(|gone| gone.id).as_deref(), Some("e1"));
        assert_eq!(settle(&site, &subject).await.unwrap(), None);
        assert_eq!(raise(&site, &subject, "exit 6", "", 12).await.unwrap().unwrap().id, "e2");
        assert_eq!(ack(&site, "e1", "me", 13).await.unwrap_err().kind, Kind::NotFound);
    }

    #[test]
    fn what_waits_because_of_a_card_goes_with_the_card() {
        let (_folder, site) = stage();
        assert!(!settle_card(&site, Cause::Blocked, "A1").unwrap());
        assert!(!site.run_dir.exists(), "where nothing waits nothing is made");
        let subject = Subject { cause: Cause::Blocked, agent: Some("code0".to_owned()), card: Some("A1".to_owned()) };
        let raised = || raise_at_once(&site, &subject, "no access", "", 7).unwrap();
        assert_eq!((raised().map(|new| new.id).as_deref(), raised()), (Some("e1"), None));
        raise_at_once(&site, &Subject::card(Cause::NeverEnds, "A1"), "", "", 8).unwrap();
        assert!(!settle_card(&site, Cause::Blocked, "A2").unwrap());
        assert!(settle_card(&site, Cause::Blocked, "A1").unwrap());
        let left: Vec<Cause> = read(&site).unwrap().iter().map(|one| one.subject.cause).collect();
        assert_eq!(left, [Cause::NeverEnds]);
    }

    #[tokio::test]
    async fn the_third_refusal_in_a_row_is_one_escalation_and_a_merge_ends_it() {
        let (_folder, site) = stage();
        assert_eq!(passed(&site, "A1").await.unwrap(), None);
        assert!(!site.run_dir.exists(), "where nothing was refused nothing is made");
        let again = async |card: &str| refused(&site, card, "CI is no success", 7).await.unwrap().map(|new| new.id);
        assert_eq!((again("A1").await, again("A2").await, again("A1").await), (None, None, None));
        passed(&site, "A2").await.unwrap();
        assert_eq!(again("A1").await.as_deref(), Some("e1"));
        assert_eq!((again("A1").await, again("A2").await, again("A2").await), (None, None, None), "one, and in a row");
        let all = read(&site).unwrap();
        assert_eq!((all.len(), all[0].tried.as_str()), (1, "a merge, 3 times in a row"));
        assert_eq!(passed(&site, "A1").await.unwrap().map(|gone| gone.id).as_deref(), Some("e1"));
        assert_eq!((read(&site).unwrap().len(), again("A1").await), (0, None), "from the beginning");
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_read_is_left_as_it_is() {
        let (_folder, site) = stage();
        std::fs::create_dir_all(&site.run_dir).unwrap();
        std::fs::write(path(&site), "{\"next\": 1, \"open\": 5}").unwrap();
        let refused = raise(&site, &Subject::card(Cause::Blocked, "A1"), "", "", 0).await.unwrap_err();
        assert!(refused.kind == Kind::Invalid && refused.next.contains("remove"), "{refused}");
        assert!(std::fs::read_to_string(path(&site)).unwrap().contains("\"open\": 5"));
    }
}
