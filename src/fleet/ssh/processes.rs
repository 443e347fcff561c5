//! Processes on another host.

use std::time::Duration;

use super::Link;
use crate::fleet::error::Result;

/// Time for the list.
const LIMIT: Duration = Duration::from_secs(6);

/// Command lines of a process and all below it; none where they cannot be told.
///
/// # Errors
/// When the host does not answer.
pub async fn processes(link: &Link, pid: u32) -> Result<Vec<Vec<String>>> {
    let listed = link.run("ps -e -o pid= -o ppid= -o args=", LIMIT).await?;
    Ok(tree(&String::from_utf8_lossy(&listed.stdout), pid))
}

/// Finds them in the text of `ps`. Words are told apart by blanks: the text holds no better sign.
fn tree(listed: &str, root: u32) -> Vec<Vec<String>> {
    let mut all: Vec<(u32, u32, Vec<String>)> = listed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some((pid, parent, words.map(str::to_owned).collect()))
        })
        .collect();
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        let (own, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(one, ..)| *one == pid);
        all = rest;
        found.extend(own.into_iter().map(|(_, _, argv)| argv));
        next.extend(all.iter().filter(|(_, parent, _)| *parent == pid).map(|(one, ..)| *one));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_the_process_and_all_below_it() {
        let listed = "    1     0 /sbin/init\n   10     1 node codex.js --disable x\n   11    10 codex --disable x\n   12     1 sh\n";
        assert_eq!(tree(listed, 10), [vec!["node", "codex.js", "--disable", "x"], vec!["codex", "--disable", "x"]]);
        assert!(tree(listed, 99).is_empty() && tree("rubbish", 1).is_empty());
    }
}
