//! A work tree and a branch of its own for each card of an agent whose roster entry asks for it: made when the card is
//! given, taken away once it is done. Through git alone; nothing is forced, so what is not committed is never lost.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{Failure, Kind, Result};
use super::home::Site;
use super::model::Label;
use super::os::exec::{self, Errand};
use super::roster::{Agent, Worktree};

/// A checkout of a large repository takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// Where an agent works on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The work tree.
    pub folder: PathBuf,
    /// Its branch.
    pub branch: String,
}

/// The folder of all work trees of agents.
#[must_use]
pub fn root(site: &Site) -> PathBuf {
    site.home.join("worktrees")
}

/// Makes sure of the work tree of a card, on the branch that the card names, else one of its own.
///
/// # Errors
/// When git refuses: another work tree has that branch checked out, and something in it is not committed.
pub async fn prepare(site: &Site, wanted: &Worktree, agent: &Agent, card: &str, branch: &str) -> Result<Place> {
    let branch = if branch.is_empty() { format!("{}/{}", agent.class, branch_part(card)) } else { branch.to_owned() };
    let folder = root(site).join(agent.name.as_str()).join(card);
    let place = Place { folder: folder.clone(), branch: branch.clone() };
    git(&wanted.repo, &["worktree", "prune"]).await?;
    for (other, on) in trees(&wanted.repo).await? {
        if on != branch {
            continue;
        }
        if other == folder {
            return Ok(place);
        }
        if !other.starts_with(root(site)) {
            let why = format!("{branch} is checked out in {}", other.display());
            return Err(refused(card, why, "check another branch out there"));
        }
        // It was another agent's, which did not finish; git itself keeps what is not committed.
        remove(&wanted.repo, &other).await?;
    }
    let at = folder.to_string_lossy().into_owned();
    let reference = format!("refs/heads/{branch}");
    let exists = git(&wanted.repo, &["show-ref", "--verify", "--quiet", &reference]).await.is_ok();
    if exists {
        git(&wanted.repo, &["worktree", "add", "--quiet", &at, &branch]).await?;
    } else {
        git(&wanted.repo, &["worktree", "add", "--quiet", "-b", &branch, &at, &wanted.base]).await?;
    }
    Ok(place)
}

/// The cards that have a work tree of this agent, and where.
#[must_use]
pub fn of_cards(site: &Site, agent: &Agent) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root(site).join(agent.name.as_str())).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}

/// Takes a work tree away, unless something in it is not committed.
///
/// # Errors
/// What git says.
pub async fn remove(repo: &Path, folder: &Path) -> Result<()> {
    git(repo, &["worktree", "remove", &folder.to_string_lossy()]).await.map(drop)
}

/// A card's name as a part of a branch's: a card may be called `a:b`, which git takes for none.
#[must_use]
fn branch_part(card: &str) -> String {
    // What git-check-ref-format(1) forbids in the middle or at the end of a name.
    let plain: String = card.chars().map(|c| if c == ':' { '-' } else { c }).collect();
    let plain = plain.replace("..", "--");
    let plain = plain.strip_suffix('.').map_or(plain.clone(), |rest| format!("{rest}-"));
    plain.strip_suffix(".lock").map_or(plain.clone(), |rest| format!("{rest}-lock"))
}

/// Every work tree of a repository and its branch; one without a branch is left out.
async fn trees(repo: &Path) -> Result<Vec<(PathBuf, String)>> {
    let listed = git(repo, &["worktree", "list", "--porcelain"]).await?;
    let mut all = Vec::new();
    let mut folder = None;
    for line in listed.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            folder = Some(PathBuf::from(path));
        } else if let Some(branch) = line.strip_prefix("branch refs/heads/") {
            all.extend(folder.take().map(|folder| (folder, branch.to_owned())));
        }
    }
    Ok(all)
}

fn refused(card: &str, why: String, next: &str) -> Failure {
    Failure::new(Kind::Refused, format!("work tree of {card}"), why, next)
}

async fn git(repo: &Path, args: &[&str]) -> Result<String> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    // A variable of the caller's may mean another repository.
    let inherits: fn(&str) -> bool = |name| !name.starts_with("GIT_");
    let errand = Errand { program: Path::new("git"), args: &args, folder: repo, inherits, env: &[] };
    let output = errand.run(&[], LIMIT).await.map_err(|error| exec::explain("git", &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = output.stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    let words: Vec<String> = args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = format!("git {} in {}", words.join(" "), repo.display());
    Err(Failure::failed(Label::new(&command).to_string(), Label::new(why).to_string(), "run it by hand"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    async fn stage() -> (tempfile::TempDir, Site, Vec<Agent>) {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.home = root.join("home");
        let repo = root.join("repo");
        std::fs::create_dir_all(&repo).unwrap();
        git(&repo, &["init", "--quiet", "-b", "main"]).await.unwrap();
        let as_someone = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"];
        let commit = ["commit", "--quiet", "--allow-empty", "-m", "first"];
        git(&repo, &[&as_someone[..], &commit[..]].concat()).await.unwrap();
        let entry = |name: &str| {
            format!("  - {{name: {name}, runtime: stub, class: code, worktree: {{repo: {}}}}}\n", repo.display())
        };
        let text = format!("version: 1\nagents:\n{}{}", entry("a"), entry("b"));
        let agents = roster::parse(&text, Path::new("r"), &site).unwrap().agents;
        (folder, site, agents)
    }

    #[tokio::test]
    async fn a_card_has_one_work_tree_which_goes_from_agent_to_agent_unless_something_is_not_committed() {
        let (_folder, site, agents) = stage().await;
        let tree = agents[0].worktree.clone().unwrap();
        let first = prepare(&site, &tree, &agents[0], "A:1", "").await.unwrap();
        assert_eq!((first.branch.as_str(), first.folder.is_dir()), ("code/A-1", true));
        assert_eq!(prepare(&site, &tree, &agents[0], "A:1", "").await.unwrap(), first, "it is there already");
        assert_eq!(of_cards(&site, &agents[0]), [("A:1".to_owned(), first.folder.clone())]);
        let second = prepare(&site, &tree, &agents[1], "A:1", "").await.unwrap();
        assert!(second.branch == first.branch && second.folder.is_dir() && !first.folder.exists());
        std::fs::write(second.folder.join("new"), "not committed").unwrap();
        let kept = prepare(&site, &tree, &agents[0], "A:1", "").await.unwrap_err();
        assert!(second.folder.join("new").exists(), "{kept}");
        assert!(remove(&tree.repo, &second.folder).await.is_err() && second.folder.exists());
        std::fs::remove_file(second.folder.join("new")).unwrap();
        remove(&tree.repo, &second.folder).await.unwrap();
        assert!(!second.folder.exists());
        let named = prepare(&site, &tree, &agents[0], "A2", "feature/x").await.unwrap();
        assert_eq!(named.branch, "feature/x");
        let mine = prepare(&site, &tree, &agents[0], "A3", "main").await.unwrap_err();
        assert!(mine.kind == Kind::Refused && mine.why.contains("checked out in"), "{mine}");
    }

    #[test]
    fn a_cards_name_is_a_part_of_a_branch() {
        for (card, want) in [("A4", "A4"), ("a:b", "a-b"), ("a..b", "a--b"), ("a.lock", "a-lock"), ("a.", "a-")] {
            assert_eq!(branch_part(card), want);
        }
    }
}
