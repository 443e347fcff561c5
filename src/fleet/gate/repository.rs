//! A repository at the gate: which commits a branch has, what it becomes when it is merged, and the one change of the
//! main branch. The merge is made in git's own store, so that no file of anybody's work tree is touched by it.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::authors::Identity;
use super::commit::{Commit, Main, Merged, Tip};
use super::git::{self, Git, Reach, said_first};
use super::message::{Message, merged_line, signed};
use super::refusal::Refusal;
use super::settings::Settings;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::model::Label;

/// Folder of the gate in the repository's own one.
const FOLDER: &str = "mosaic-gate";

/// Commits of a branch that are read: more is no card.
const MAX_COMMITS: usize = 2000;

/// How often a fetch is tried again that met another one.
const FETCHED_AGAIN: u32 = 3;

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Where git is run.
    pub folder: PathBuf,
    /// Its own folder, which all of its work trees share.
    pub common: PathBuf,
    pub(super) git: Git,
}

impl Repository {
    /// The repository that a folder lies in.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(folder: &Path) -> Result<Self> {
        let mut git = Git::of(folder);
        // The common folder and not `.git`: work trees of one repository share one line, and so
        // wait for each other.
        let ask = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
        let mut found = git.run(Reach::Here, &ask, &[], &[]).await?;
        if !found.status.success() {
            // It may be another user's, and the user may have said that it is trusted all the same.
            git = git.trusting(git::trusted().await?);
            found = git.run(Reach::Here, &ask, &[], &[]).await?;
        }
        if !found.status.success() {
            let why = said_first(&found.stderr).unwrap_or_else(|| "is no git repository".to_owned());
            let what = format!("repository {}", folder.display());
            return Err(Failure::new(Kind::NotFound, what, why, "go into one, or name it with `--repo FOLDER`"));
        }
        let common = PathBuf::from(String::from_utf8_lossy(&found.stdout).trim_end_matches('\n'));
        Ok(Self { folder: folder.to_owned(), common, git })
    }

    /// The gate's own folder in it.
    #[must_use]
    pub fn gate_folder(&self) -> PathBuf {
        self.common.join(FOLDER)
    }

    /// As what git knows whoever runs this here: the user's configuration counts.
    pub async fn identity(&self) -> Result<Identity> {
        let said = self.git.run(Reach::Elsewhere, &["var", "GIT_AUTHOR_IDENT"], &own_identity(), &[]).await?;
        // `Name <address> seconds zone`; without a name of one's own one signs as nobody.
        Ok(if said.status.success() {
            Identity::parse(&String::from_utf8_lossy(&said.stdout))
        } else {
            Identity::default()
        })
    }

    /// The remote that has the main branch.
    async fn remote(&self, settings: Option<&Settings>) -> Result<Option<String>> {
        let wanted = settings.and_then(|settings| settings.remote.as_deref());
        let remotes = self.git.text(&["remote"]).await?;
        match (wanted, remotes.lines().any(|remote| remote == wanted.unwrap_or("origin"))) {
            // A remote that somebody named and that is missing is an error; only the default may be missing,
            // and then this repository is the main one.
            (_, true) => Ok(Some(wanted.unwrap_or("origin").to_owned())),
            (None, false) => Ok(None),
            (Some(name), false) => Err(Failure::new(
                Kind::Invalid,
                "gate.yaml",
                format!("remote {} is none of {}", crate::plain::quoted(name), self.folder.display()),
                "`git remote` lists them",
            )),
        }
    }

    /// The main branch as it is now, where it really is; a remote is asked.
    ///
    /// # Errors
    /// When there is none, or the remote does not answer.
    pub async fn main(&self, settings: Option<&Settings>) -> Result<Main> {
        let remote = self.remote(settings).await?;
        let branch = match settings.and_then(|settings| settings.base.clone()) {
            Some(branch) => branch,
            None => self.usual_main(remote.as_deref()).await?,
        };
        let name = match &remote {
            Some(remote) => {
                self.fetch(remote, &branch).await?;
                format!("refs/remotes/{remote}/{branch}")
            }
            None => format!("refs/heads/{branch}"),
        };
        let commit = self.commit_of(&name).await?.ok_or_else(|| {
            let place =
                remote.as_deref().map_or_else(|| self.folder.display().to_string(), |name| format!("remote {name}"));
            Failure::new(
                Kind::NotFound,
                format!("branch {}", Label::new(&branch)),
                format!("does not exist in {}", Label::new(&place)),
                "`base` in gate.yaml names the main branch",
            )
        })?;
        Ok(Main { branch, remote, commit })
    }

    async fn usual_main(&self, remote: Option<&str>) -> Result<String> {
        if let Some(remote) = remote {
            let prefix = format!("refs/remotes/{remote}/");
            // Only a clone has it; where the remote was added later, it is asked.
            let head = self.git.ask(&["symbolic-ref", "-q", &format!("{prefix}HEAD")]).await?;
            if let Some(branch) = head.as_deref().and_then(|head| head.strip_prefix(&prefix)) {
                return Ok(branch.to_owned());
            }
            let ask = ["ls-remote", "--symref", remote, "HEAD"];
            let listed = self.git.run(self.reach(remote).await?, &ask, &[], &[]).await?;
            if !listed.status.success() {
                return Err(self.remote_failed(remote, &listed.stderr));
            }
            // `ref: refs/heads/trunk<tab>HEAD`; a remote without commits has none.
            let answer = String::from_utf8_lossy(&listed.stdout).into_owned();
            let named = answer.lines().find_map(|line| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD"));
            if let Some(branch) = named {
                return Ok(branch.to_owned());
            }
        }
        Ok("main".to_owned())
    }

    /// Brings a branch of a remote up to date here; one that it does not have is none here either.
    async fn fetch(&self, remote: &str, branch: &str) -> Result<()> {
        let name = format!("refs/heads/{branch}");
        let ask = ["ls-remote", "--refs", remote, &name];
        let reach = self.reach(remote).await?;
        // Asked first, as a fetch of a branch that the remote does not have fails like one
        // that found no network.
        let listed = self.git.run(reach, &ask, &[], &[]).await?;
        if !listed.status.success() {
            return Err(self.remote_failed(remote, &listed.stderr));
        }
        let tracking = format!("refs/remotes/{remote}/{branch}");
        // A pattern without a slash matches the ends of other names too.
        let is_there =
            String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.split('\t').nth(1) == Some(&name));
        if !is_there {
            // Else the branch would be merged as it was before somebody deleted it over there.
            self.git.text(&["update-ref", "-d", &tracking]).await?;
            return Ok(());
        }
        // Forced, as a branch that was rebased is no descendant of what was fetched before.
        let refspec = format!("+{name}:{tracking}");
        let fetch =
            ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", remote, &refspec];
        let lock = self.git.lock_of(&tracking).await?;
        let mut known = self.commit_of(&tracking).await?;
        let mut fetched = self.git.change(reach, &lock, &fetch).await?;
        for _ in 0..FETCHED_AGAIN {
            if fetched.status.success() {
                break;
            }
            // The fetch of a gate that was killed goes on by itself: ours is refused where it was the faster one.
            let now = self.commit_of(&tracking).await?;
            if now == known {
                break;
            }
            known = now;
            fetched = self.git.change(reach, &lock, &fetch).await?;
        }
        if fetched.status.success() { Ok(()) } else { Err(self.remote_failed(remote, &fetched.stderr)) }
    }

    /// Whose configuration counts with a remote. One that is a folder of this machine needs no login, and its side of the
    /// work is done with our environment.
    pub(super) async fn reach(&self, remote: &str) -> Result<Reach> {
        let is_ours = |folder: &PathBuf| {
            // Git asks for the user's word before it works in a folder of somebody else.
            std::fs::metadata(folder).is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw())
        };
        Ok(if self.folder_of(remote).await?.as_ref().is_some_and(is_ours) { Reach::Here } else { Reach::Elsewhere })
    }

    /// The folder of a remote that is on this machine.
    pub(super) async fn folder_of(&self, remote: &str) -> Result<Option<PathBuf>> {
        // The address for pushes decides, as it is there that a lock is looked for.
        let url = self.git.text(&["remote", "get-url", "--push", remote]).await?;
        let is_here = ["/", "./", "../"].iter().any(|start| url.starts_with(start));
        let folder = url.strip_prefix("file://").or(is_here.then_some(url.as_str()));
        Ok(folder.map(|folder| self.folder.join(folder)))
    }

    fn remote_failed(&self, remote: &str, said: &str) -> Failure {
        let why = said_first(said).unwrap_or_else(|| "gave no answer".to_owned());
        let next = format!("`git -C {} ls-remote {remote}` shows whether it can be reached", self.folder.display());
        let details = said.lines().map(|line| Label::new(line).to_string()).collect();
        Failure::failed(format!("remote {}", Label::new(remote)), why, next).with_details(details)
    }

    /// The commit of a name.
    async fn commit_of(&self, name: &str) -> Result<Option<String>> {
        self.git.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{name}^{{commit}}")]).await
    }

    /// The files of a commit.
    pub(super) async fn tree_of(&self, commit: &str) -> Result<String> {
        self.git.text(&["rev-parse", "--verify", &format!("{commit}^{{tree}}")]).await
    }

    /// Whether one commit is in the history of another.
    async fn holds(&self, commit: &str, of: &str) -> Result<bool> {
        Ok(self.git.ask(&["merge-base", "--is-ancestor", of, commit]).await?.is_some())
    }

    /// The newest commit of a branch, here or on the remote.
    ///
    /// # Errors
    /// When there is no such branch.
    pub async fn tip(&self, branch: &str, main: &Main) -> Result<Result<Tip, Refusal>> {
        let invalid = |why: &str, next: &str| {
            Failure::new(Kind::Invalid, format!("branch {}", crate::plain::quoted(branch)), why, next)
        };
        if branch == main.branch {
            return Err(invalid("is the main branch itself", "name the branch that is to be merged"));
        }
        let name = format!("refs/heads/{branch}");
        // Git would read such a name as an option.
        if branch.starts_with('-') || self.git.ask(&["check-ref-format", &name]).await?.is_none() {
            return Err(invalid("is no name of a branch", "`git branch` lists them"));
        }
        let here = self.commit_of(&name).await?;
        let there = match &main.remote {
            Some(remote) => {
                self.fetch(remote, branch).await?;
                self.commit_of(&format!("refs/remotes/{remote}/{branch}")).await?
            }
            None => None,
        };
        let commit = match (here, there) {
            (Some(here), Some(there)) if here != there => {
                if self.holds(&here, &there).await? {
                    here
                } else if self.holds(&there, &here).await? {
                    there
                } else {
                    return Ok(Err(Refusal::Diverged { here, there }));
                }
            }
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => {
                return Err(Failure::new(
                    Kind::NotFound,
                    format!("branch {}", Label::new(branch)),
                    format!("does not exist in {}", self.folder.display()),
                    "`git branch --all` lists them",
                ));
            }
        };
        Ok(Ok(Tip { branch: branch.to_owned(), commit }))
    }

    /// Commits of a branch that the main branch does not have, oldest first.
    ///
    /// # Errors
    /// What git says.
    pub async fn commits(&self, tip: &Tip, main: &Main) -> Result<Vec<Commit>> {
        // The oldest come first, since the squashed message lists them in the order in which they were written. One more
        // than may be is asked for: git leaves out the oldest, whose authors would be nobody.
        let (most, range) = (format!("--max-count={}", MAX_COMMITS + 1), format!("{}..{}", main.commit, tip.commit));
        let format = "--format=%H%x00%an%x00%ae%x00%cn%x00%ce%x00%B%x00";
        let bytes = self.git.bytes(&["log", "--reverse", &most, format, &range, "--"], &[]).await?;
        let text = String::from_utf8_lossy(&bytes);
        let fields: Vec<&str> = text.split('\0').collect();
        let commits = fields.chunks_exact(6).map(|fields| Commit {
            oid: fields[0].trim().to_owned(),
            author: Identity { name: fields[1].to_owned(), email: fields[2].to_owned() },
            committer: Identity { name: fields[3].to_owned(), email: fields[4].to_owned() },
            message: fields[5].to_owned(),
        });
        let commits: Vec<Commit> = commits.collect();
        if commits.len() > MAX_COMMITS {
            return Err(Failure::new(
                Kind::Refused,
                format!("branch {}", Label::new(&tip.branch)),
                format!("has more than {MAX_COMMITS} commits that the main branch does not have"),
                "rebase it onto the main branch, or squash it: who wrote it is read from each commit",
            ));
        }
        Ok(commits)
    }

    /// The commit of the main branch that a branch's commit has become already.
    ///
    /// # Errors
    /// What git says.
    pub async fn merged_before(&self, tip: &Tip, main: &Main) -> Result<Option<Result<String, Refusal>>> {
        // Only what the branch lacks: its own history may quote such a line of an earlier merge.
        let range = format!("{}..{}", tip.commit, main.commit);
        // A squashed commit has no parent on the branch, so git itself cannot say that a branch is merged;
        // its line can, also after the gate was killed between the push and the card.
        let wanted = format!("--grep=^{}$", merged_line(&tip.commit));
        let found = self.git.text(&["log", "--max-count=1", "--format=%H", &wanted, &range, "--"]).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let is_gone = self.is_taken_back(&found, main).await?;
        Ok(Some(if is_gone { Err(Refusal::TakenBack(found)) } else { Ok(found) }))
    }

    /// Whether the main branch has nothing any more of a commit in its history.
    async fn is_taken_back(&self, commit: &str, main: &Main) -> Result<bool> {
        let before = format!("{commit}^^{{tree}}");
        let Some(before) = self.git.ask(&["rev-parse", "--verify", "--quiet", &before]).await? else {
            return Ok(false);
        };
        if before == self.tree_of(commit).await? {
            return Ok(false);
        }
        // Taking it back once more is what tells: it changes nothing exactly where nothing of it is left. Its files alone
        // do not, as others may have gone on in them.
        let nobody = signed(&Identity::default());
        let undone = self.commit_tree(&before, commit, (&nobody, &nobody), "undone").await?;
        let tree = match self.merge_tree(&main.commit, &undone).await? {
            Ok(tree) => tree,
            // Somebody changed what it brought, so something of it is there.
            Err(_) => return Ok(false),
        };
        Ok(tree == self.tree_of(&main.commit).await?)
    }

    /// The files of two commits merged, or those that git cannot merge by itself.
    async fn merge_tree(&self, ours: &str, theirs: &str) -> Result<Result<String, Vec<String>>> {
        let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs];
        let made = self.git.run(Reach::Here, &args, &[], &[]).await?;
        let answer = String::from_utf8_lossy(&made.stdout).into_owned();
        let mut fields = answer.split('\0').map(|field| field.trim_matches('\n')).filter(|field| !field.is_empty());
        match (made.status.code(), fields.next()) {
            (Some(0), Some(tree)) => Ok(Ok(tree.to_owned())),
            (Some(1), Some(_)) => Ok(Err(fields.map(str::to_owned).collect())),
            _ => Err(self.git.failed(&args, &made)),
        }
    }

    /// That a branch and the main branch have no commit in common, where that is so.
    async fn unrelated(&self, tip: &Tip, main: &Main) -> Result<Option<Refusal>> {
        if self.git.ask(&["merge-base", &main.commit, &tip.commit]).await?.is_some() {
            return Ok(None);
        }
        let shallow = self.git.text(&["rev-parse", "--is-shallow-repository"]).await?;
        Ok(Some(Refusal::Unrelated { shallow: shallow == "true" }))
    }

    /// Makes a commit of files, by an author and a committer.
    async fn commit_tree(
        &self,
        tree: &str,
        parent: &str,
        (author, committer): (&Identity, &Identity),
        text: &str,
    ) -> Result<String> {
        let env: [(&str, OsString); 4] = [
            ("GIT_AUTHOR_NAME", author.name.as_str().into()),
            ("GIT_AUTHOR_EMAIL", author.email.as_str().into()),
            ("GIT_COMMITTER_NAME", committer.name.as_str().into()),
            ("GIT_COMMITTER_EMAIL", committer.email.as_str().into()),
        ];
        let args = ["commit-tree", tree, "-p", parent];
        let committed = self.git.run(Reach::Here, &args, &env, text.as_bytes()).await?;
        if !committed.status.success() {
            return Err(self.git.failed(&args, &committed));
        }
        Ok(String::from_utf8_lossy(&committed.stdout).trim().to_owned())
    }

    /// Makes what a branch becomes, squashed, on the main branch.
    ///
    /// # Errors
    /// What git says.
    pub async fn merge(&self, tip: &Tip, main: &Main, message: &Message<'_>) -> Result<Result<Merged, Refusal>> {
        let tree = match self.merge_tree(&main.commit, &tip.commit).await {
            Ok(Ok(tree)) => tree,
            Ok(Err(files)) => return Ok(Err(Refusal::Conflict(files))),
            Err(failure) => return self.unrelated(tip, main).await?.map_or(Err(failure), |refusal| Ok(Err(refusal))),
        };
        // By files and not by commits: a branch whose change somebody else brought meanwhile has commits,
        // and brings nothing.
        if self.tree_of(&main.commit).await? == tree {
            return Ok(Err(Refusal::Nothing));
        }
        let (author, committer) = (signed(message.author), signed(message.committer));
        let commit = self.commit_tree(&tree, &main.commit, (&author, &committer), &message.text(tip)).await?;
        Ok(Ok(Merged { commit, tree, onto: main.commit.clone() }))
    }
}

/// What this process says of its own identity.
fn own_identity() -> Vec<(&'static str, OsString)> {
    // The environment that reaches git has none of the `GIT_` variables; these two say who an
    // agent is, and are meant.
    let names = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"];
    names.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
}
