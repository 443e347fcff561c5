//! What a fleet needs of its machine, each with how to mend it.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;

use super::servers::servers;
use super::{Check, inotify, supervisor};
use crate::fleet::activity::{self, Store};
use crate::fleet::error::Failure;
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{Installed, installed, is_current};
use crate::fleet::model::{ActiveState, Label};
use crate::fleet::os::exec;
use crate::fleet::roster::Roster;
use crate::fleet::runtime;
use crate::fleet::session;
use crate::fleet::systemd::{AGENT_TEMPLATE, HOLDER_UNIT, Manager, linger};
use crate::fleet::tmux::socket_base;

/// Oldest tmux whose options and formats are used.
const MIN_TMUX: (u32, u32) = (3, 2);

/// Less free space than this ends heartbeats and backlogs soon.
const MIN_FREE_BYTES: u64 = 100 << 20;

/// A program that only prints something answers within this.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A remote host gets longer: name look-up, key exchange, its shell's start-up files.
const SSH_LIMIT: Duration = Duration::from_secs(12);

/// Checks everything; an invalid roster is one of the findings.
pub async fn doctor(site: &Site, roster: &Result<Roster, Failure>) -> Vec<Check> {
    // The path that panes get, and not this shell's: runtimes are looked for where they will be started.
    let path = session::search_path(site);
    let mut checks =
        vec![tmux().await, socket_folder(roster.as_ref().ok()), mosaic_home(site), free_space(site), activity(site)];
    checks.push(match roster {
        Ok(roster) => Check::ok("roster", format!("{}: valid, {} agents", roster.path.display(), roster.agents.len())),
        Err(failure) => Check::failed(
            "roster",
            format!("{}: {}", failure.what.trim_start_matches("roster "), failure.why),
            failure.next.clone(),
        ),
    });
    checks.extend(systemd(site).await);
    // What follows needs to know the agents.
    let Ok(roster) = roster else { return checks };
    checks.extend(roster.warnings.iter().filter(|warning| warning.floor_gap().is_some()).map(|warning| {
        Check::warning(
            "roster",
            warning.to_string(),
            "`mosaic-tui fleet add NAME class=CLASS` or `mosaic-tui fleet edit NAME class=CLASS` mends it",
        )
    }));
    checks.extend(servers(site, roster).await);
    checks.extend(supervisor(site, roster));
    checks.extend(runtimes(site, roster, &path));
    checks.extend(inotify::instances(roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)).count()));
    // Each once, whoever lives there, and all at the same time: one that is gone takes seconds to say so.
    checks.extend(join_all(remotes(site, roster).iter().map(|(host, ssh)| remote(host, ssh))).await);
    checks
}

/// The other hosts, each way to one of them once.
fn remotes<'a>(site: &Site, roster: &'a Roster) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for agent in roster.agents.iter().filter(|agent| roster.is_remote(agent, site)) {
        let way = (agent.host.as_str(), agent.ssh.as_ref().map(ToString::to_string).unwrap_or_default());
        if !found.contains(&way) {
            found.push(way);
        }
    }
    found
}

async fn run(program: &str, args: &[&str], limit: Duration) -> Result<exec::Output, exec::ExecError> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    exec::run(Path::new(program), &args, &[], limit).await
}

async fn tmux() -> Check {
    let output = match run("tmux", &["-V"], ANSWER_LIMIT).await {
        Ok(output) => output,
        Err(error) => {
            let failure = exec::explain("tmux", &error);
            return Check::failed("tmux", failure.why, failure.next);
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match version(&text) {
        Some(found) if found >= MIN_TMUX => Check::ok("tmux", text),
        Some(_) => Check::failed("tmux", format!("{text} is too old"), "install tmux 3.2 or newer"),
        None => Check::warning(
            "tmux",
            format!("calls itself {}, whose version is not known", crate::plain::quoted(&text)),
            "3.2 or newer is needed",
        ),
    }
}

/// Major and minor version of `tmux 3.3a`, `tmux next-3.5`.
fn version(text: &str) -> Option<(u32, u32)> {
    let word = text.rsplit([' ', '-']).next()?;
    let mut parts = word.split('.').map(|part| part.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok());
    Some((parts.next()??, parts.next()??))
}

/// Longest path of a socket, in bytes (`sun_path` of unix(7), less its end).
const MAX_SOCKET_PATH: usize = 107;

fn socket_folder(roster: Option<&Roster>) -> Check {
    let subject = "tmux socket folder";
    let variable = std::env::var_os("TMUX_TMPDIR").map(PathBuf::from);
    let base = match socket_base(variable.as_deref()) {
        Ok(base) => base,
        Err(why) => return Check::failed(subject, why, "give TMUX_TMPDIR as an absolute path, or unset it"),
    };
    let name = roster.map_or("default", |roster| roster.socket.file_name());
    let path = base.join(format!("tmux-{}", rustix::process::getuid().as_raw())).join(name);
    let bytes = path.as_os_str().len();
    if bytes > MAX_SOCKET_PATH {
        return Check::failed(
            subject,
            format!("{} has {bytes} bytes, and a socket's path at most {MAX_SOCKET_PATH}", path.display()),
            "set TMUX_TMPDIR to a shorter folder, or shorten `tmux.socket_name`",
        );
    }
    if let Some(missing) = variable.filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        let why = format!("TMUX_TMPDIR is {}, which does not exist: tmux uses /tmp", missing.display());
        return Check::warning(subject, why, "make the folder, or unset TMUX_TMPDIR");
    }
    let uid = rustix::process::getuid().as_raw();
    let folder = base.join(format!("tmux-{uid}"));
    // Not through a link: tmux refuses one as well.
    match std::fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::ok(subject, format!("{} is not made yet", folder.display()))
        }
        Err(error) => Check::failed(subject, format!("{}: {error}", folder.display()), "make it readable for you"),
        Ok(meta) if !meta.is_dir() || meta.uid() != uid => Check::failed(
            subject,
            format!("{} is not a folder of yours", folder.display()),
            "remove it, or set TMUX_TMPDIR",
        ),
        Ok(meta) if meta.mode() & 0o007 != 0 => Check::failed(
            subject,
            format!("{} is open for others; tmux refuses it", folder.display()),
            format!("`chmod 700 {}`", folder.display()),
        ),
        Ok(_) => Check::ok(subject, format!("{} is yours alone", folder.display())),
    }
}

/// Whether what happens can be kept, and read again.
fn activity(site: &Site) -> Check {
    let subject = "activity history";
    let folder = activity::folder(site);
    if !folder.exists() {
        return Check::ok(subject, format!("{} is not made yet", folder.display()));
    }
    let probed = activity::probe(site).map_err(|error| {
        let next = "make the folder writable and free some space; what is done meanwhile is done, and not kept";
        (format!("{}: {error}", folder.display()), next.to_owned())
    });
    let read = probed.and_then(|()| {
        // What waits in the spool counts as kept only once the store took it.
        let store = Store::open(site).and_then(|mut store| activity::take_in(site, &mut store).map(|_| store));
        let size = store.and_then(|store| store.size());
        size.map_err(|failure| (format!("{}: {}", failure.what, failure.why), failure.next))
    });
    match read {
        Ok((events, bytes)) => {
            let kept = site.keeping.bytes >> 20;
            let used = bytes >> 20;
            Check::ok(subject, format!("{events} events in {used} of {kept} MB, {} days at most", site.keeping.days))
        }
        // Nothing that an agent does hangs on it.
        Err((why, next)) => Check::warning(subject, why, next),
    }
}

fn mosaic_home(site: &Site) -> Check {
    let subject = "Mosaic home";
    // A check makes nothing, so what can be asked is the folder in which it would be made.
    let there = site.home.ancestors().find(|folder| folder.exists()).unwrap_or(&site.home);
    match rustix::fs::access(there, rustix::fs::Access::WRITE_OK) {
        Ok(()) if there == site.home => Check::ok(subject, site.home.display().to_string()),
        Ok(()) => Check::ok(subject, format!("{} is not made yet", site.home.display())),
        Err(error) => Check::failed(
            subject,
            format!("{} cannot be written: {error}", there.display()),
            "check its owner and rights",
        ),
    }
}

fn free_space(site: &Site) -> Check {
    let there = site.home.ancestors().find(|folder| folder.exists()).unwrap_or(&site.home);
    match rustix::fs::statvfs(there) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let text = format!("{} MB free below {}", free >> 20, there.display());
            if free < MIN_FREE_BYTES { Check::failed("disk", text, "free some space") } else { Check::ok("disk", text) }
        }
        Err(error) => Check::warning("disk", format!("{}: {error}", there.display()), ""),
    }
}

async fn systemd(site: &Site) -> Vec<Check> {
    let manager = match Manager::connect().await {
        Ok(manager) => manager,
        Err(why) => {
            let next = why.next_step();
            return vec![Check::warning("user manager", why, next)];
        }
    };
    let mut checks = vec![Check::ok("user manager", "answers")];
    checks.push(match linger::of_this_user() {
        Some(true) => Check::ok("lingering", "on: the fleet runs without a login"),
        Some(false) => Check::warning(
            "lingering",
            "off: the fleet ends with your last login",
            format!("`mosaic-tui fleet install` turns it on, or `{}`", linger::command(true)),
        ),
        None => Check::warning("lingering", "unknown: there is no logind here", ""),
    });
    checks.push(match installed(site) {
        Installed::Ours if is_current(site) => Check::ok("units", format!("installed in {}", site.unit_dir.display())),
        Installed::Ours => {
            Check::warning("units", "are outdated or were edited", "`mosaic-tui fleet install` writes them anew")
        }
        Installed::No => Check::warning("units", "are not installed", "`mosaic-tui fleet install`"),
        Installed::Other(home) | Installed::OtherRoster(home) => Check::failed(
            "units",
            format!("belong to the fleet in {}", home.display()),
            "a user has one installed fleet; uninstall that one, or use `--supervisor direct`",
        ),
    });
    if installed(site) != Installed::No {
        checks.extend(verified_by_systemd(site).await);
        if let Ok(Some(holder)) = manager.facts(HOLDER_UNIT).await
            && holder.active != ActiveState::Active
        {
            checks.push(Check::warning(
                HOLDER_UNIT,
                format!("is {} ({})", holder.active, holder.sub),
                "`mosaic-tui fleet start`",
            ));
        }
    }
    checks
}

/// What `systemd-analyze verify` says of the unit files.
async fn verified_by_systemd(site: &Site) -> Option<Check> {
    let files = [HOLDER_UNIT, AGENT_TEMPLATE].map(|name| site.unit_dir.join(name).display().to_string());
    let output = run("systemd-analyze", &["--user", "verify", &files[0], &files[1]], ANSWER_LIMIT).await.ok()?;
    Some(judged(output.status.success(), &output.stderr))
}

/// What `systemd-analyze` said, and whether it ended well. It also speaks of other units that ours lead to. Pure.
fn judged(good: bool, said: &str) -> Check {
    let subject = "unit files";
    if let Some(line) = said.lines().find(|line| line.contains("mosaic-")) {
        return Check::failed(subject, Label::new(line).to_string(), "`mosaic-tui fleet install` writes them anew");
    }
    if good {
        return Check::ok(subject, "systemd-analyze finds nothing wrong");
    }
    let line = Label::new(said.lines().next_back().unwrap_or("it says nothing"));
    let next = format!("`systemd-analyze --user verify {AGENT_TEMPLATE}` shows all that it says");
    Check::warning(subject, format!("systemd-analyze fails, and not because of them: {line}"), next)
}

fn runtimes(site: &Site, roster: &Roster, path: &str) -> Vec<Check> {
    let mut names: Vec<&str> = Vec::new();
    for agent in roster.agents.iter().filter(|agent| agent.command.is_none() && !roster.is_remote(agent, site)) {
        if !runtime::is_built_in(&agent.runtime) && !names.contains(&agent.runtime.as_str()) {
            names.push(&agent.runtime);
        }
    }
    names
        .into_iter()
        .map(|name| match exec::find_in_path(name, path) {
            Some(found) => Check::ok(format!("runtime {name}"), found.display().to_string()),
            None => Check::failed(format!("runtime {name}"), "is not on PATH", runtime::install_hint(name)),
        })
        .collect()
}

async fn remote(host: &str, ssh: &str) -> Check {
    let subject = format!("host {host}");
    // A target that begins with a hyphen would be an option.
    let args = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "--", ssh, "tmux -V"];
    match run("ssh", &args, SSH_LIMIT).await {
        Ok(output) if output.status.success() => {
            let said = Label::new(&String::from_utf8_lossy(&output.stdout));
            Check::ok(subject, format!("{} answers with {said}", Label::new(ssh)))
        }
        Ok(output) => {
            // Banners and warnings come first; the last line is why it failed.
            let said = Label::new(output.stderr.lines().last().unwrap_or("no message"));
            let ssh = Label::new(ssh);
            Check::failed(subject, format!("{ssh}: {said}"), format!("try `ssh {ssh} tmux -V` by hand"))
        }
        Err(error) => {
            let failure = exec::explain("ssh", &error);
            Check::failed(subject, failure.why, failure.next)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn the_socket_folder_is_where_tmux_looks() {
        let base = |folder: &str| socket_base(Some(Path::new(folder)));
        assert_eq!(socket_base(None), Ok("/tmp".into()));
        assert_eq!(base(""), Ok("/tmp".into()));
        assert_eq!(base("/nowhere/at/all"), Ok("/tmp".into()));
        assert_eq!(base("/usr/../usr"), Ok("/usr".into()));
        assert!(base("run").unwrap_err().contains("every working directory"));
    }

    #[test]
    fn a_fault_of_other_units_is_none_of_ours_and_is_told() {
        let other = "/etc/systemd/user/x.service:3: Unknown key 'Foo'\nx.service: Command /nowhere is not executable";
        let ours = format!("{other}\nmosaic-agent@i.service: Command /gone is not executable: No such file");
        assert_eq!(judged(true, other).verdict, Verdict::Ok);
        let check = judged(false, other);
        assert_eq!(check.verdict, Verdict::Warning);
        assert!(check.text.contains("x.service: Command /nowhere"), "{}", check.text);
        for good in [true, false] {
            let check = judged(good, &ours);
            assert_eq!(check.verdict, Verdict::Failed);
            assert!(check.text.starts_with("mosaic-agent@i.service: "), "{}", check.text);
        }
        assert!(judged(false, "").text.contains("it says nothing"));
    }

    #[test]
    fn versions_of_tmux_are_read() {
        for (text, want) in [
            ("tmux 3.3a", Some((3, 3))),
            ("tmux next-3.6", Some((3, 6))),
            ("tmux 3.2", Some((3, 2))),
            ("tmux 2.9a", Some((2, 9))),
            ("tmux master", None),
        ] {
            assert_eq!(version(text), want, "{text}");
        }
    }
}
