//! The supervisor as a process: one per home and host, held by a lock; started and ended from here, or by its unit.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::error::{Failure, Kind, Result};
use super::home::Site;
use super::logfile;
use super::model::Label;
use super::os::{exec, folder, lockfile, process};
use super::session;

/// A supervisor is there within milliseconds; a loaded machine gets this long.
const START_LIMIT: Duration = Duration::from_secs(15);

/// One that is told to go finishes what it has under way: a delivery, a start.
const STOP_GRACE: Duration = Duration::from_secs(40);

/// Time for a killed one to be gone.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// Pause between two looks at something that another process does.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How often a held lock is asked for again: somebody who only asks who holds it has it for an instant.
const ASKED_AGAIN: u32 = 10;

/// Its lock, which names it.
#[must_use]
pub fn lock_file(site: &Site) -> PathBuf {
    // Several hosts may share a home.
    site.supervisor_dir().join(format!("{}.lock", site.host))
}

/// What it knows from before, for the next one.
#[must_use]
pub fn state_file(site: &Site) -> PathBuf {
    site.supervisor_dir().join(format!("{}.json", site.host))
}

/// Its log where no unit keeps one.
#[must_use]
pub fn log_file(site: &Site) -> PathBuf {
    site.supervisor_dir().join(format!("{}.log", site.host))
}

/// Everything that supervisors of this home write down.
#[must_use]
pub fn files(site: &Site) -> Vec<PathBuf> {
    let own = std::fs::read_dir(site.supervisor_dir()).into_iter().flatten().flatten().map(|entry| entry.path());
    own.chain([super::escalations::path(site)]).collect()
}

/// Pid of the supervisor of this home and host, if one runs.
#[must_use]
pub fn running(site: &Site) -> Option<u32> {
    session::keeper_pid(&lock_file(site))
}

/// The held lock; dropping it lets the next supervisor in.
#[derive(Debug)]
pub struct SupervisorLock {
    _file: File,
}

/// Becomes the supervisor of this home and host.
///
/// # Errors
/// Refused when there is one, which is named.
pub async fn hold(site: &Site) -> Result<SupervisorLock> {
    let path = lock_file(site);
    for _ in 0..ASKED_AGAIN {
        let mut file = lockfile::open(&path)?;
        if lockfile::try_exclusive(&path, &file)? {
            let pid = format!("{}\n", std::process::id());
            // Written over and then cut: whoever reads meanwhile finds a pid.
            file.seek(SeekFrom::Start(0))
                .and_then(|_| file.write_all(pid.as_bytes()))
                .and_then(|()| file.set_len(pid.len() as u64))
                .map_err(|error| lockfile::failed(&path, &error))?;
            return Ok(SupervisorLock { _file: file });
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let pid = running(site).map(|pid| format!(" (pid {pid})")).unwrap_or_default();
    Err(Failure::new(
        Kind::Refused,
        "supervisor",
        format!("one supervises this fleet on {} already{pid}", site.host),
        "`--dry-run` shows what it would do; `mosaic-tui events --follow` what it does",
    ))
}

/// Starts one that outlives this process; whether there was none.
///
/// # Errors
/// When it ends at once, with its last words.
pub async fn start_detached(site: &Site) -> Result<bool> {
    if running(site).is_some() {
        return Ok(false);
    }
    let path = log_file(site);
    let log = folder::make_private(&site.supervisor_dir()).and_then(|()| logfile::open(&path)).map_err(|error| {
        Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
    })?;
    let args =
        ["--roster".as_ref(), site.roster.as_os_str(), "fleet".as_ref(), "supervise".as_ref(), "--detach".as_ref()];
    let mut child = exec::detach(&site.program, &args, &site.variables(), &log)
        .map_err(|error| exec::explain("mosaic-tui", &error))?;
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if running(site).is_some() {
            return Ok(true);
        }
        let ended = child.try_wait().ok().flatten();
        if ended.is_some() || Instant::now() > deadline {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let last = Label::new(text.lines().last().unwrap_or("no message"));
            let how = ended.map_or_else(|| "does not come up".to_owned(), |status| format!("ended at once ({status})"));
            return Err(Failure::failed("supervisor", format!("{how}: {last}"), format!("see {}", path.display())));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Ends the one that runs, which finishes what it has under way first; whether there was one.
///
/// # Errors
/// When it does not go.
pub async fn stop(site: &Site) -> Result<bool> {
    let Some(pid) = running(site) else { return Ok(false) };
    let own = process::argv(pid).is_some_and(|argv| argv.iter().any(|word| word == "supervise"));
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw).filter(|_| own);
    for (signal, grace) in [(Signal::TERM, STOP_GRACE), (Signal::KILL, KILL_GRACE)] {
        if let Some(target) = target.filter(|_| running(site) == Some(pid)) {
            // It may end between the look and the signal, which is what is wanted.
            let _gone = kill_process(target, signal);
        }
        let deadline = Instant::now() + grace;
        while running(site) == Some(pid) && Instant::now() < deadline {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        if running(site) != Some(pid) {
            return Ok(true);
        }
    }
    Err(Failure::failed("supervisor", format!("process {pid} did not end"), format!("look at it with `ps -fp {pid}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn there_is_one_of_a_home_and_host_and_the_second_is_told_which() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.run_dir = folder.path().join("run");
        assert_eq!(running(&site), None);
        let held = hold(&site).await.unwrap();
        assert_eq!(running(&site), Some(std::process::id()));
        let refused = hold(&site).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.why.contains(&std::process::id().to_string()), "{refused}");
        let elsewhere = Site { host: "there".to_owned(), ..site.clone() };
        assert!(hold(&elsewhere).await.is_ok(), "another host has its own");
        drop(held);
        assert!(running(&site).is_none() && hold(&site).await.is_ok());
    }
}
