//! Whether programs can still be told of changes of files: the kernel gives each user a number of inotify instances, and a
//! runtime that gets none may hang.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Check;

/// How many instances the processes of one user may hold.
const LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";

/// Free instances for each agent of this host: most runtimes hold one or two.
const FOR_EACH: usize = 2;

/// Checks what is left for the agents of this host; `None` where the kernel tells no limit.
pub(super) fn instances(agents: usize) -> Option<Check> {
    let limit = fs::read_to_string(LIMIT).ok()?.trim().parse().ok()?;
    Some(judged(used(), limit, agents))
}

fn judged(used: usize, limit: usize, agents: usize) -> Check {
    let text = format!("{used} of {limit} instances are held by your processes");
    let wanted = used + agents * FOR_EACH;
    let next = format!(
        "`sysctl fs.inotify.max_user_instances={}` as root allows more, and that setting in a file of /etc/sysctl.d keeps it",
        wanted.next_power_of_two().max(1024)
    );
    if used >= limit {
        return Check::failed(
            "inotify",
            format!("{text}: runtimes that need one hang, opencode at the first message"),
            next,
        );
    }
    // Agents that run already hold theirs: then it is a warning too early, which costs nobody anything.
    if wanted > limit {
        return Check::warning("inotify", format!("{text}, and {agents} agents may need more than the rest"), next);
    }
    Check::ok("inotify", text)
}

/// Instances that the processes of this user hold. One that is shared by two processes counts twice.
fn used() -> usize {
    let own = rustix::process::getuid().as_raw();
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    let is_own = |entry: &fs::DirEntry| {
        entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit)
            && entry.metadata().is_ok_and(|data| data.uid() == own)
    };
    processes.flatten().filter(is_own).map(|process| held(&process.path())).sum()
}

/// Instances that one process holds; none of one that ended meanwhile.
fn held(process: &Path) -> usize {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return 0 };
    let is_one = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == "anon_inode:inotify")
    };
    descriptors.flatten().filter(is_one).count()
}

#[cfg(test)]
mod tests {
    use rustix::fs::inotify::{CreateFlags, init};

    use super::*;
    use crate::fleet::checks::Verdict;

    #[test]
    fn what_is_held_is_counted() {
        let own = || held(Path::new("/proc/self"));
        let before = own();
        let instance = init(CreateFlags::CLOEXEC).unwrap();
        assert_eq!(own(), before + 1);
        assert!(used() > before);
        drop(instance);
        assert_eq!(own(), before);
        assert_eq!(held(Path::new("/proc/0")), 0);
    }

    #[test]
    fn too_few_are_told_before_a_runtime_hangs() {
        let of = |used, limit, agents| judged(used, limit, agents).verdict;
        assert_eq!(of(20, 128, 50), Verdict::Ok);
        assert_eq!(of(29, 128, 50), Verdict::Warning);
        assert_eq!(of(128, 128, 0), Verdict::Failed);
        assert!(judged(900, 1000, 100).next.contains("max_user_instances=2048"));
    }
}
