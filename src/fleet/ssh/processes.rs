//! Processes on another host.

use std::time::Duration;

use super::Link;
use crate::fleet::error::Result;

/// Time for the list.
const LIMIT: Duration = Duration::from_secs(6);

/// What runs below a pane of another host.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Command lines of the pane's process and all below it; none where they cannot be told.
    pub all: Vec<Vec<String>>,
    /// That of the leader of what is in front on the pane's terminal, and reads its keys, where it can be told.
    pub in_front: Option<Vec<String>>,
}

/// Every process: its number, its parent's, the group in front on its terminal, its words. A `ps` that knows no such
/// group tells none.
const LIST: &str = "ps -e -o pid= -o ppid= -o tpgid= -o args= 2>/dev/null || \
                    ps -e -o pid= -o ppid= -o args= | sed 's/^ *\\([0-9]*\\) *\\([0-9]*\\)/\\1 \\2 0/'";

/// The processes of a pane, by one command.
///
/// # Errors
/// When the host does not answer.
pub async fn processes(link: &Link, pid: u32) -> Result<Tree> {
    let listed = link.run(LIST, LIMIT).await?;
    Ok(tree(&String::from_utf8_lossy(&listed.stdout), pid))
}

/// Finds them in the text of `ps`. Words are told apart by blanks: the text holds no better sign.
fn tree(listed: &str, root: u32) -> Tree {
    let mut all: Vec<(u32, u32, i64, Vec<String>)> = listed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            let front = words.next()?.parse().ok()?;
            Some((pid, parent, front, words.map(str::to_owned).collect()))
        })
        .collect();
    let front = all.iter().find(|(pid, ..)| *pid == root).and_then(|(_, _, front, _)| u32::try_from(*front).ok());
    // Without a terminal, or where `ps` knows no group, there is no such number: -1 or 0.
    let in_front = front.filter(|front| *front > 0).and_then(|front| all.iter().find(|(pid, ..)| *pid == front));
    let in_front = in_front.map(|(.., argv)| argv.clone());
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        // Taken out, so that the walk ends also where a list that was not read in one moment has a circle.
        let (own, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(one, ..)| *one == pid);
        all = rest;
        found.extend(own.into_iter().map(|(.., argv)| argv));
        next.extend(all.iter().filter(|(_, parent, ..)| *parent == pid).map(|(one, ..)| *one));
    }
    Tree { all: found, in_front }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_tree_is_the_process_and_all_below_it() {
        let listed = "    1     0    -1 /sbin/init\n   10     1    11 node codex.js --disable x\n   11    10    11 codex --disable x\n   12     1    -1 sh\n";
        let of = |lines: &[&str], front: Option<&str>| Tree {
            all: lines.iter().map(|line| argv(line)).collect(),
            in_front: front.map(argv),
        };
        assert_eq!(
            tree(listed, 10),
            of(&["node codex.js --disable x", "codex --disable x"], Some("codex --disable x"))
        );
        assert_eq!(tree(listed, 12), of(&["sh"], None));
        assert_eq!(tree(listed, 99), of(&[], None));
        assert_eq!(tree("rubbish", 1), of(&[], None));
        // A shell in front of what it sent to the background.
        let stopped = "20 1 20 bash\n21 20 20 codex\n";
        assert_eq!(tree(stopped, 20), of(&["bash", "codex"], Some("bash")));
    }

    #[test]
    fn a_ps_that_knows_no_group_in_front_still_lists() {
        let folder = tempfile::tempdir().unwrap();
        let ps = folder.path().join("ps");
        let script = "#!/bin/sh\ncase \"$*\" in *tpgid*) echo bad >&2; exit 1;; esac\nprintf '   20     1 bash -l\\n  21    20 codex\\n'\n";
        std::fs::write(&ps, script).unwrap();
        std::fs::set_permissions(&ps, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let listed = std::process::Command::new("sh").args(["-c", LIST]).env("PATH", path).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        assert_eq!(tree(&listed, 20), Tree { all: vec![argv("bash -l"), argv("codex")], in_front: None }, "{listed}");
    }
}
