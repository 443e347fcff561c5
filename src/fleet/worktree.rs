//! A work tree and a branch of its own for each card of an agent whose roster entry asks for it: made when the card is
//! given, taken away once it is done. Through git alone; nothing is forced, so what is not committed is never lost.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::error::{Failure, Kind, Result};
use super::gate::merged_line;
use super::git_locks;
use super::home::{Site, fingerprint};
use super::model::Label;
use super::os::exec::{self, Errand};
use super::os::lockfile;
use super::roster::{Agent, Worktree};

/// A checkout of a large repository takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// How often git is asked to make a work tree.
const TRIES: u32 = 4;

/// Pause between two looks at a git that somebody else has started.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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

/// Makes sure of the work tree of a card, on the branch that the card names, else one of its own. One of an agent that did
/// not finish goes to the next as it is, with what is not committed.
///
/// # Errors
/// When git refuses, or another work tree has that branch checked out and somebody is at work in it.
pub async fn prepare(site: &Site, wanted: &Worktree, agent: &Agent, card: &str, branch: &str) -> Result<Place> {
    let branch = if branch.is_empty() { format!("{}/{}", agent.class, branch_part(card)) } else { branch.to_owned() };
    let folder = root(site).join(agent.name.as_str()).join(card);
    let place = Place { folder: folder.clone(), branch: branch.clone() };
    let _line = line(site, &wanted.repo).await?;
    made(card, &folder).await?;
    mend(site, &wanted.repo).await?;
    for tree in trees(&wanted.repo).await? {
        if tree.branch.as_deref() != Some(branch.as_str()) {
            continue;
        }
        let at_work = || git_locks::used_below(&tree.folder);
        if tree.folder != folder && !tree.folder.starts_with(root(site)) {
            let why = format!("{branch} is checked out in {}", tree.folder.display());
            return Err(refused(card, why, "check another branch out there"));
        }
        if tree.folder != folder
            && let Some(pid) = at_work()
        {
            let why = format!("process {pid} is at work in {}", tree.folder.display());
            return Err(refused(card, why, "end it, or wait until it is through"));
        }
        if at_work().is_none() {
            unlock(&tree.folder, &branch).await?;
        }
        if tree.folder != folder {
            make_parent(&folder)?;
            git(&wanted.repo, &["worktree", "move", &shown(&tree.folder), &shown(&folder)]).await?;
        }
        return Ok(place);
    }
    let at = shown(&folder);
    let reference = format!("refs/heads/{branch}");
    let mut tries = 1;
    loop {
        let exists = git(&wanted.repo, &["show-ref", "--verify", "--quiet", &reference]).await.is_ok();
        let begun: &[&str] = &["worktree", "add", "--quiet"];
        let rest: &[&str] = if exists { &[&at, &branch] } else { &["-b", &branch, &at, &wanted.base] };
        match git(&wanted.repo, &[begun, rest].concat()).await {
            Ok(_) => return Ok(place),
            Err(failure) if tries == TRIES => return Err(failure),
            // Git reads all other work trees first, and stops at one that a worker or the gate has just begun.
            Err(failure) => tracing::info!(%failure, "tried again"),
        }
        tries += 1;
        tokio::time::sleep(LOOK_AGAIN * tries).await;
    }
}

/// Stands in line for the work trees of a repository: two gits that make one each at the same moment break each other's.
async fn line(site: &Site, repo: &Path) -> Result<File> {
    let folder = root(site);
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    // Names that begin so are no agents'.
    let path = folder.join(format!("_{}.lock", &fingerprint(repo.as_os_str().as_encoded_bytes())[..16]));
    lockfile::hold(&path, LIMIT, lockfile::open).await?.ok_or_else(|| {
        let why = format!("is held for over {} s", LIMIT.as_secs());
        Failure::failed(format!("lock {}", path.display()), why, "`fuser` names who holds it")
    })
}

/// Waits for a git that makes this very work tree: it may have outlived the supervisor that asked for it.
async fn made(card: &str, folder: &Path) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while let Some(pid) = git_locks::making(folder) {
        if Instant::now() > deadline {
            let why = format!("process {pid} is still making {}", folder.display());
            return Err(refused(card, why, "end it, or wait until it is through"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Undoes what a git that was killed left half done: a work tree that was moved and not written down, or begun and not made.
async fn mend(site: &Site, repo: &Path) -> Result<()> {
    let owners = std::fs::read_dir(root(site)).into_iter().flatten().flatten();
    // Names that begin so are no agents'.
    let owners = owners.filter(|entry| !entry.file_name().to_string_lossy().starts_with('_'));
    let folders = owners.flat_map(|owner| std::fs::read_dir(owner.path()).into_iter().flatten().flatten());
    let ours: Vec<String> = folders.map(|entry| shown(&entry.path())).collect();
    let known = trees(repo).await?;
    let is_known = |folder: &String| known.iter().any(|tree| tree.folder == Path::new(folder));
    let astray: Vec<&str> = ours.iter().filter(|folder| !is_known(folder)).map(String::as_str).collect();
    for folder in astray {
        // It may be another repository's, whose business it is then.
        let _not_ours = git(repo, &["worktree", "repair", folder]).await;
    }
    let begun = |trees: &[Tree]| -> Vec<PathBuf> {
        let ours = trees.iter().filter(|tree| tree.begun && tree.folder.starts_with(root(site)));
        ours.map(|tree| tree.folder.clone()).collect()
    };
    // Another card's may be in the making at this moment.
    let mut left: Vec<PathBuf> =
        begun(&known).into_iter().filter(|folder| git_locks::making(folder).is_none()).collect();
    if !left.is_empty() {
        // It may have been finished between the look at git's list and the one at what runs.
        let still = begun(&trees(repo).await?);
        left.retain(|folder| still.contains(folder));
    }
    for folder in left {
        // Nobody was ever told of it, so nothing in it is anybody's.
        git(repo, &["worktree", "unlock", &shown(&folder)]).await?;
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(failed(&folder, &error));
        }
    }
    git(repo, &["worktree", "prune"]).await.map(drop)
}

/// Takes away the locks that a git left behind which was killed in a work tree. Nobody works there.
async fn unlock(folder: &Path, branch: &str) -> Result<()> {
    for name in ["index.lock", "HEAD.lock", &format!("refs/heads/{branch}.lock")] {
        let said = git(folder, &["rev-parse", "--path-format=absolute", "--git-path", name]).await?;
        git_locks::clear(Path::new(said.trim_end_matches('\n')), Duration::ZERO);
    }
    Ok(())
}

fn make_parent(folder: &Path) -> Result<()> {
    let made = folder.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| failed(folder, &error))
}

fn failed(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(folder.display().to_string(), error.to_string(), "check the folder's rights and space")
}

fn shown(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

/// The cards that have a work tree of this agent, and where.
#[must_use]
pub fn of_cards(site: &Site, agent: &Agent) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(root(site).join(agent.name.as_str())).into_iter().flatten().flatten();
    entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path())).collect()
}

/// Takes the work tree of a card away that is done, and its branch where the base has all of it. Killed at any instant, it
/// can be done again.
///
/// # Errors
/// When something in it is not committed, or what git says.
pub async fn remove(site: &Site, wanted: &Worktree, folder: &Path, branch: &str) -> Result<()> {
    let repo = &wanted.repo;
    let _line = line(site, repo).await?;
    if git_locks::used_below(folder).is_none() {
        unlock(folder, branch).await?;
    }
    let changed = git(folder, &["status", "--porcelain"]).await?;
    if let Some(first) = changed.lines().next() {
        let why = format!("{} is not committed", crate::plain::quoted(first.get(3..).unwrap_or(first)));
        return Err(Failure::new(Kind::Refused, shown(folder), why, "commit it, or take it away"));
    }
    // The branch first: without its work tree nothing would name it any more.
    if let Some(tip) = found(repo, &format!("refs/heads/{branch}")).await
        && is_taken(wanted, &tip).await
    {
        git(folder, &["checkout", "--quiet", "--detach"]).await?;
        git(repo, &["update-ref", "-d", &format!("refs/heads/{branch}"), &tip]).await?;
    }
    git(repo, &["worktree", "remove", &shown(folder)]).await.map(drop)
}

/// Whether all of a commit is in the base, here or as the remote was seen last: by its history, or squashed by the gate.
async fn is_taken(wanted: &Worktree, tip: &str) -> bool {
    let repo = &wanted.repo;
    let remotes = format!("refs/remotes/*/{}", wanted.base);
    let listed = git(repo, &["for-each-ref", "--format=%(refname)", &remotes]).await.unwrap_or_default();
    for base in listed.lines().chain([wanted.base.as_str()]) {
        if git(repo, &["merge-base", "--is-ancestor", tip, base]).await.is_ok() {
            return true;
        }
        let squashed = format!("--grep=^{}$", merged_line(tip));
        let range = format!("{tip}..{base}");
        let log = git(repo, &["log", "--max-count=1", "--format=%H", &squashed, &range, "--"]).await;
        if log.is_ok_and(|log| !log.trim().is_empty()) {
            return true;
        }
    }
    false
}

async fn found(repo: &Path, reference: &str) -> Option<String> {
    let said = git(repo, &["rev-parse", "--verify", "--quiet", reference]).await.ok()?;
    Some(said.trim().to_owned())
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

/// A work tree as git lists it.
struct Tree {
    folder: PathBuf,
    /// `None` where a commit is checked out, or none yet.
    branch: Option<String>,
    /// Whether it was begun and never made.
    begun: bool,
}

/// Every work tree of a repository.
async fn trees(repo: &Path) -> Result<Vec<Tree>> {
    let listed = git(repo, &["worktree", "list", "--porcelain"]).await?;
    let mut all: Vec<Tree> = Vec::new();
    for line in listed.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            all.push(Tree { folder: PathBuf::from(path), branch: None, begun: false });
        } else if let Some(tree) = all.last_mut() {
            if let Some(branch) = line.strip_prefix("branch refs/heads/") {
                tree.branch = Some(branch.to_owned());
            }
            // By this word git keeps others from taking away what it has not finished.
            tree.begun |= line == "locked initializing";
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
        std::fs::write(first.folder.join("new"), "not committed").unwrap();
        let mut worker = std::process::Command::new("sleep").arg("60").current_dir(&first.folder).spawn().unwrap();
        let kept = prepare(&site, &tree, &agents[1], "A:1", "").await.unwrap_err();
        assert!(kept.kind == Kind::Refused && kept.why.contains(&worker.id().to_string()), "{kept}");
        worker.kill().unwrap();
        worker.wait().unwrap();
        // What a git leaves that was killed there.
        let lock =
            git(&first.folder, &["rev-parse", "--path-format=absolute", "--git-path", "index.lock"]).await.unwrap();
        std::fs::write(lock.trim(), "").unwrap();
        let second = prepare(&site, &tree, &agents[1], "A:1", "").await.unwrap();
        assert!(second.branch == first.branch && !first.folder.exists() && !Path::new(lock.trim()).exists());
        assert_eq!(std::fs::read_to_string(second.folder.join("new")).unwrap(), "not committed", "it goes along");
        assert!(remove(&site, &tree, &second.folder, &second.branch).await.is_err() && second.folder.exists());
        let as_someone = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"];
        git(&second.folder, &["add", "new"]).await.unwrap();
        git(&second.folder, &[&as_someone[..], &["commit", "--quiet", "-m", "new"]].concat()).await.unwrap();
        remove(&site, &tree, &second.folder, &second.branch).await.unwrap();
        assert!(!second.folder.exists());
        let branch = "refs/heads/code/A-1";
        let tip = found(&tree.repo, branch).await.expect("nobody else has its commit");
        let third = prepare(&site, &tree, &agents[0], "A:1", "").await.unwrap();
        let squashed = format!("squashed\n\n{}", merged_line(&tip));
        let commit = ["commit", "--quiet", "--allow-empty", "-m", &squashed];
        git(&tree.repo, &[&as_someone[..], &commit[..]].concat()).await.unwrap();
        remove(&site, &tree, &third.folder, &third.branch).await.unwrap();
        assert!(!third.folder.exists() && found(&tree.repo, branch).await.is_none(), "the base has all of it");
        let named = prepare(&site, &tree, &agents[0], "A2", "feature/x").await.unwrap();
        assert_eq!(named.branch, "feature/x");
        let mine = prepare(&site, &tree, &agents[0], "A3", "main").await.unwrap_err();
        assert!(mine.kind == Kind::Refused && mine.why.contains("checked out in"), "{mine}");
    }

    #[tokio::test]
    async fn what_a_killed_git_left_half_done_is_in_nobodys_way() {
        let (_folder, site, agents) = stage().await;
        let tree = agents[0].worktree.clone().unwrap();
        let first = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
        // Moved, and not written down.
        let moved = root(&site).join("b/A1");
        make_parent(&moved).unwrap();
        std::fs::rename(&first.folder, &moved).unwrap();
        let again = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
        assert!(again == first && again.folder.join(".git").exists() && !moved.exists());
        // Begun, and not made: git's own mark, and no index.
        let begun = prepare(&site, &tree, &agents[0], "A2", "").await.unwrap();
        let of_tree = |name| {
            let mut asked = std::process::Command::new("git");
            asked.current_dir(&begun.folder).args(["rev-parse", "--path-format=absolute", "--git-path", name]);
            PathBuf::from(String::from_utf8(asked.output().unwrap().stdout).unwrap().trim())
        };
        std::fs::write(of_tree("locked"), "initializing").unwrap();
        std::fs::remove_file(of_tree("index")).unwrap();
        // While the git that makes it lives it is nobody's business, neither for the same card nor for another.
        let mut maker = std::process::Command::new("sh");
        maker.args(["-c", "read line", "worktree", &shown(&begun.folder)]).stdin(std::process::Stdio::piped());
        let mut maker = maker.spawn().unwrap();
        prepare(&site, &tree, &agents[1], "A3", "").await.unwrap();
        assert!(of_tree("locked").exists(), "another card's is left alone");
        let waits = prepare(&site, &tree, &agents[0], "A2", "");
        let both = async {
            tokio::pin!(waits);
            let early = tokio::time::timeout(Duration::from_millis(200), &mut waits).await;
            assert!(early.is_err() && of_tree("locked").exists(), "it waits for the git that makes it");
            maker.kill().unwrap();
            maker.wait().unwrap();
            waits.await
        };
        let made = both.await.unwrap();
        assert_eq!(git(&made.folder, &["status", "--porcelain"]).await.unwrap(), "");
        assert!(of_tree("index").exists() && !of_tree("locked").exists());
    }

    #[tokio::test]
    async fn many_cards_at_once_get_their_work_trees_also_while_others_make_some() {
        let (_folder, site, agents) = stage().await;
        let tree = agents[0].worktree.clone().unwrap();
        let others = async {
            for n in 0..12 {
                let at = site.home.with_file_name(format!("gate{n}"));
                git(&tree.repo, &["worktree", "add", "--quiet", "--detach", &shown(&at), "main"]).await.ok();
                git(&tree.repo, &["worktree", "remove", "--force", &shown(&at)]).await.ok();
            }
        };
        let cards: Vec<String> = (0..8).map(|n| format!("A{n}")).collect();
        let made = cards.iter().map(|card| prepare(&site, &tree, &agents[0], card, ""));
        let (made, ()) = tokio::join!(futures_util::future::join_all(made), others);
        for place in made {
            let place = place.unwrap();
            assert_eq!(git(&place.folder, &["status", "--porcelain"]).await.unwrap(), "");
        }
    }

    #[test]
    fn a_cards_name_is_a_part_of_a_branch() {
        for (card, want) in [("A4", "A4"), ("a:b", "a-b"), ("a..b", "a--b"), ("a.lock", "a-lock"), ("a.", "a-")] {
            assert_eq!(branch_part(card), want);
        }
    }
}
