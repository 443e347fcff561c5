//! The supervisor as a process: one per home and host, held by a lock; started and ended from here, or by its unit.

use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
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
    path: PathBuf,
    file: File,
    /// Whether it stands in it who holds it.
    named: bool,
}

impl SupervisorLock {
    /// Takes the lock of that name once more where its file was removed: until then the next supervisor finds none, and two
    /// would give out work.
    ///
    /// # Errors
    /// Refused when another one supervises by now; what the file system says, which may be over the next time.
    pub async fn keep(&mut self, site: &Site) -> Result<()> {
        if !lockfile::has_name(&self.file, &self.path) {
            *self = hold(site).await?.taken()?;
        }
        self.name()
    }

    /// Writes down who holds it, where that is not done yet: by the pid it is told to go, and a full disk has no room for one.
    fn name(&mut self) -> Result<()> {
        if self.named {
            return Ok(());
        }
        let pid = format!("{}\n", std::process::id());
        // Written over and then cut: whoever reads meanwhile finds a pid.
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(pid.as_bytes()));
        written
            .and_then(|()| self.file.set_len(pid.len() as u64))
            .map_err(|error| lockfile::failed(&self.path, &error))?;
        self.named = true;
        Ok(())
    }
}

/// What came of the wish to supervise.
#[derive(Debug)]
pub enum Held {
    /// This process supervises from now on.
    Taken(SupervisorLock),
    /// The disk has no room for the lock.
    NoRoom(Failure),
}

impl Held {
    /// The lock, for who does not wait for room.
    ///
    /// # Errors
    /// That there is none.
    pub fn taken(self) -> Result<SupervisorLock> {
        match self {
            Self::Taken(lock) => Ok(lock),
            Self::NoRoom(failure) => Err(failure),
        }
    }
}

/// Becomes the supervisor of this home and host.
///
/// # Errors
/// Refused when there is one, which is named.
pub async fn hold(site: &Site) -> Result<Held> {
    let path = lock_file(site);
    for _ in 0..ASKED_AGAIN {
        let file = match lockfile::try_open(&path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                return Ok(Held::NoRoom(lockfile::failed(&path, &error)));
            }
            Err(error) => return Err(lockfile::failed(&path, &error)),
        };
        if lockfile::try_exclusive(&path, &file)? && lockfile::has_name(&file, &path) {
            let mut lock = SupervisorLock { path, file, named: false };
            // It holds all the same; whoever supervises says so, and writes it down once there is room.
            let _later = lock.name();
            return Ok(Held::Taken(lock));
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
        let held = hold(&site).await.unwrap().taken().unwrap();
        assert_eq!(running(&site), Some(std::process::id()));
        let refused = hold(&site).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.why.contains(&std::process::id().to_string()), "{refused}");
        let elsewhere = Site { host: "there".to_owned(), ..site.clone() };
        assert!(hold(&elsewhere).await.is_ok(), "another host has its own");
        let mut held = held;
        held.keep(&site).await.unwrap();
        // Somebody tidied up: it is there again, and where another one was faster that one supervises.
        std::fs::remove_file(lock_file(&site)).unwrap();
        held.keep(&site).await.unwrap();
        assert_eq!(running(&site), Some(std::process::id()));
        std::fs::remove_dir_all(site.supervisor_dir()).unwrap();
        let other = hold(&site).await.unwrap().taken().unwrap();
        assert_eq!(held.keep(&site).await.unwrap_err().kind, Kind::Refused);
        drop((held, other));
        assert!(running(&site).is_none() && hold(&site).await.is_ok());
    }
}
