//! Work trees as git itself makes them.

use super::*;
use crate::fleet::roster;
use listed::{found, own_file};

/// Takes the work tree of a card away, of a fleet with these entries.
async fn taken(site: &Site, entry: &Worktree, place: &Place) -> Result<Removed> {
    let of_place = of_cards(site).into_iter().find(|tree| tree.folder == place.folder).unwrap();
    remove(site, std::slice::from_ref(entry), &of_place, &place.branch).await
}

const AS_SOMEONE: [&str; 4] = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"];

async fn commit(folder: &Path, message: &str) {
    let commit = ["commit", "--quiet", "--allow-empty", "-m", message];
    git(folder, &[&AS_SOMEONE[..], &commit[..]].concat()).await.unwrap();
}

async fn stage() -> (tempfile::TempDir, Site, Vec<Agent>) {
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::canonicalize(folder.path()).unwrap();
    let mut site = Site::for_tests("/nowhere");
    site.home = root.join("home");
    let repo = root.join("repo");
    std::fs::create_dir_all(&repo).unwrap();
    git(&repo, &["init", "--quiet", "-b", "main"]).await.unwrap();
    commit(&repo, "first").await;
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
    let listed = OfCard { agent: "a".to_owned(), card: "A:1".to_owned(), folder: first.folder.clone() };
    assert_eq!(of_cards(&site), [listed]);
    std::fs::write(first.folder.join("new"), "not committed").unwrap();
    let mut worker = std::process::Command::new("sleep").arg("60").current_dir(&first.folder).spawn().unwrap();
    let kept = prepare(&site, &tree, &agents[1], "A:1", "").await.unwrap_err();
    assert!(kept.kind == Kind::Refused && kept.why.contains(&worker.id().to_string()), "{kept}");
    worker.kill().unwrap();
    worker.wait().unwrap();
    // What a git leaves that was killed there.
    let lock = git(&first.folder, &["rev-parse", "--path-format=absolute", "--git-path", "index.lock"]).await.unwrap();
    std::fs::write(lock.trim(), "").unwrap();
    let second = prepare(&site, &tree, &agents[1], "A:1", "").await.unwrap();
    assert!(second.branch == first.branch && !first.folder.exists() && !Path::new(lock.trim()).exists());
    assert_eq!(std::fs::read_to_string(second.folder.join("new")).unwrap(), "not committed", "it goes along");
    assert!(taken(&site, &tree, &second).await.is_err() && second.folder.exists());
    git(&second.folder, &["add", "new"]).await.unwrap();
    commit(&second.folder, "new").await;
    assert_eq!(taken(&site, &tree, &second).await.unwrap(), Removed { branch: None });
    assert!(!second.folder.exists());
    let branch = "refs/heads/code/A-1";
    let tip = found(&tree.repo, branch).await.expect("nobody else has its commit");
    let third = prepare(&site, &tree, &agents[0], "A:1", "").await.unwrap();
    commit(&tree.repo, &format!("squashed\n\n{}", gate::merged_line(&tip))).await;
    let removed = taken(&site, &tree, &third).await.unwrap();
    assert_eq!(removed.branch, Some(("code/A-1".to_owned(), tip)));
    assert!(!third.folder.exists() && found(&tree.repo, branch).await.is_none(), "the base has all of it");
    let named = prepare(&site, &tree, &agents[0], "A2", "feature/x").await.unwrap();
    assert_eq!(named.branch, "feature/x");
    git(&tree.repo, &["checkout", "--quiet", "-b", "mine"]).await.unwrap();
    let mine = prepare(&site, &tree, &agents[0], "A3", "mine").await.unwrap_err();
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

#[tokio::test]
async fn where_finished_work_goes_no_card_is_worked_on() {
    let (_folder, site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    git(&tree.repo, &["checkout", "--quiet", "-b", "mine"]).await.unwrap();
    let refused = async |entry: &Worktree, branch: &str| {
        let failure = prepare(&site, entry, &agents[0], "A1", branch).await.unwrap_err();
        assert!(failure.kind == Kind::Refused && failure.next.contains("backlog edit A1 --branch"), "{failure}");
    };
    for branch in ["main", "HEAD", "refs/heads/main", "a..b"] {
        refused(&tree, branch).await;
    }
    // A base of the remote's, and what the remote calls its own.
    for (reference, to) in [("refs/remotes/origin/next", "main"), ("refs/remotes/origin/stable", "main")] {
        git(&tree.repo, &["update-ref", reference, to]).await.unwrap();
    }
    git(&tree.repo, &["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/stable"]).await.unwrap();
    let of_remote = Worktree { base: "origin/next".to_owned(), ..tree.clone() };
    refused(&of_remote, "next").await;
    refused(&of_remote, "stable").await;
    // A bare repository has nothing checked out.
    let bare = tree.repo.with_file_name("bare.git");
    git(&tree.repo, &["clone", "--quiet", "--bare", "--branch", "main", ".", &shown(&bare)]).await.unwrap();
    let of_bare = Worktree { repo: bare, base: "mine".to_owned() };
    refused(&of_bare, "main").await;
    // A branch that only the card names stays, whoever has all of it.
    let named = prepare(&site, &tree, &agents[0], "A2", "release/1.0").await.unwrap();
    assert_eq!(taken(&site, &tree, &named).await.unwrap().branch, None);
    assert!(found(&tree.repo, "refs/heads/release/1.0").await.is_some());
}

#[tokio::test]
async fn what_only_a_work_tree_holds_keeps_it() {
    let (_folder, site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    let place = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
    let stays = async |word: &str| {
        let failure = taken(&site, &tree, &place).await.unwrap_err();
        assert!(failure.kind == Kind::Refused && failure.why.contains(word) && place.folder.exists(), "{failure}");
    };
    // Not added, and hidden by a setting.
    git(&tree.repo, &["config", "status.showUntrackedFiles", "no"]).await.unwrap();
    std::fs::create_dir(place.folder.join("below")).unwrap();
    std::fs::write(place.folder.join("below/notes"), "mine").unwrap();
    stays("below/notes").await;
    std::fs::remove_dir_all(place.folder.join("below")).unwrap();
    // On no branch.
    git(&place.folder, &["checkout", "--quiet", "--detach"]).await.unwrap();
    commit(&place.folder, "on no branch").await;
    let head = found(&place.folder, "HEAD").await.unwrap();
    stays(&head).await;
    git(&tree.repo, &["branch", "kept", &head]).await.unwrap();
    // In the middle of something.
    let bisecting = own_file(&place.folder, "BISECT_LOG").await.unwrap();
    std::fs::write(&bisecting, "git bisect start\n").unwrap();
    stays("a bisection").await;
    std::fs::remove_file(&bisecting).unwrap();
    taken(&site, &tree, &place).await.unwrap();
    assert!(!place.folder.exists() && found(&tree.repo, "refs/heads/kept").await == Some(head));
    // A folder that somebody made there is no work tree, whatever lies around it.
    let own = root(&site).join("a/A9");
    std::fs::create_dir_all(&own).unwrap();
    let of_own = OfCard { agent: "a".to_owned(), card: "A9".to_owned(), folder: own.clone() };
    assert!(remove(&site, &[tree], &of_own, "").await.is_err() && own.exists());
}

#[tokio::test]
async fn a_branch_is_worked_on_for_one_card_at_a_time() {
    let (_folder, site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    let first = prepare(&site, &tree, &agents[0], "A1", "feature").await.unwrap();
    std::fs::write(first.folder.join("wip"), "not committed").unwrap();
    let second = prepare(&site, &tree, &agents[1], "A2", "feature").await.unwrap_err();
    assert!(second.kind == Kind::Refused && second.why.contains("for another card"), "{second}");
    assert!(first.folder.join("wip").exists());
}

#[tokio::test]
async fn a_work_tree_with_repositories_of_its_own_in_it_stays_where_it_is_until_its_card_is_done() {
    let (_folder, site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    let part = tree.repo.with_file_name("part");
    git(&tree.repo, &["clone", "--quiet", ".", &shown(&part)]).await.unwrap();
    let local = ["-c", "protocol.file.allow=always"];
    git(&tree.repo, &[&local[..], &["submodule", "--quiet", "add", &shown(&part), "part"]].concat()).await.unwrap();
    commit(&tree.repo, "with a part").await;
    let first = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
    git(&first.folder, &[&local[..], &["submodule", "--quiet", "update", "--init"]].concat()).await.unwrap();
    let second = prepare(&site, &tree, &agents[1], "A1", &first.branch).await.unwrap();
    assert_eq!(second, first);
    std::fs::write(first.folder.join("part/notes"), "mine").unwrap();
    assert!(taken(&site, &tree, &first).await.is_err() && first.folder.join("part/notes").exists());
    std::fs::remove_file(first.folder.join("part/notes")).unwrap();
    taken(&site, &tree, &first).await.unwrap();
    assert!(!first.folder.exists());
}

#[tokio::test]
async fn neither_a_hook_that_fails_nor_a_drive_that_is_away_costs_a_work_tree() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    // An operator's own, with something staged, on a drive.
    let drive = tree.repo.with_file_name("drive");
    let mine = drive.join("mine");
    git(&tree.repo, &["worktree", "add", "--quiet", "-b", "mine", &shown(&mine)]).await.unwrap();
    std::fs::write(mine.join("staged"), "mine").unwrap();
    git(&mine, &["add", "staged"]).await.unwrap();
    let away = drive.with_file_name("away");
    std::fs::rename(&drive, &away).unwrap();
    let hook = tree.repo.join(".git/hooks/post-checkout");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nexit 3\n").unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let place = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
    assert_eq!(git(&place.folder, &["status", "--porcelain"]).await.unwrap(), "");
    std::fs::rename(&away, &drive).unwrap();
    assert_eq!(git(&mine, &["status", "--porcelain"]).await.unwrap(), "A  staged\n");
    // One of ours that somebody took away is forgotten, so that its branch is free.
    std::fs::remove_dir_all(&place.folder).unwrap();
    std::fs::remove_file(&hook).unwrap();
    prepare(&site, &tree, &agents[1], "A1", "").await.unwrap();
}

#[tokio::test]
async fn a_home_behind_a_link_is_the_same_home() {
    let (_folder, mut site, agents) = stage().await;
    let tree = agents[0].worktree.clone().unwrap();
    std::fs::create_dir(&site.home).unwrap();
    let link = site.home.with_file_name("link");
    std::os::unix::fs::symlink(&site.home, &link).unwrap();
    site.home = link;
    let first = prepare(&site, &tree, &agents[0], "A1", "").await.unwrap();
    assert_eq!(prepare(&site, &tree, &agents[0], "A1", "").await.unwrap(), first);
    let second = prepare(&site, &tree, &agents[1], "A1", "").await.unwrap();
    assert!(!first.folder.exists() && second.folder.exists());
    taken(&site, &tree, &second).await.unwrap();
}
