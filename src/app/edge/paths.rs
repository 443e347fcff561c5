//! Resolves the fleet's paths and settings from the environment, once.

use std::path::PathBuf;
use std::time::Duration;

use directories::BaseDirs;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file::is_taken;
use crate::fleet::home::{self, Keeping, Pace, Site, variable};
use crate::fleet::model::{Label, Thresholds};

/// Longest interval or threshold accepted: a day.
const MAX_SECONDS: f64 = 86_400.0;

/// Megabytes of the history where nothing is said.
const DEFAULT_MEGABYTES: u32 = 64;

/// Longest and largest history accepted: ten years, and some gigabytes.
const MAX_WHOLE: u32 = 3650;

/// Builds the site of this process.
///
/// # Errors
/// When there is no home folder, or a setting is no number.
pub(in crate::app) fn site(roster: Option<PathBuf>, home: Option<PathBuf>) -> Result<Site> {
    let user_home = BaseDirs::new()
        .map(|dirs| dirs.home_dir().to_owned())
        .ok_or_else(|| Failure::failed("home folder", "is not known", "set HOME"))?;
    let asked = |given: Option<PathBuf>, name: &str| -> Result<Option<PathBuf>> {
        Ok(match given {
            Some(path) => Some(path),
            None => variable(name)?.map(PathBuf::from),
        })
    };
    let home = absolute(asked(home, "MOSAIC_HOME")?.unwrap_or_else(|| user_home.join(".config/mosaic")));
    let roster = absolute(asked(roster, "MOSAIC_ROSTER")?.unwrap_or_else(|| default_roster(&home)));
    let run_dir = absolute(asked(None, "MOSAIC_HEARTBEAT_RUN_DIR")?.unwrap_or_else(|| home.join("fleet/run")));
    let configuration = asked(None, "XDG_CONFIG_HOME")?.unwrap_or_else(|| user_home.join(".config"));
    for (what, path) in
        [("home folder", &user_home), ("Mosaic home", &home), ("roster", &roster), ("run folder", &run_dir)]
    {
        if path.to_str().is_none() {
            // Unit files, records and rosters hold paths, and all of them are texts.
            let what = format!("{what} {}", Label::new(&path.to_string_lossy()));
            return Err(Failure::new(Kind::Invalid, what, "is not UTF-8", "give another path"));
        }
    }
    let full_host = home::full_host_name();
    let (defaults, pace) = (Thresholds::default(), Pace::default());
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed("this program", error.to_string(), "start it by its full path"))?;
    Ok(Site {
        home,
        roster,
        run_dir,
        user_home,
        host: home::short_name(&full_host).to_owned(),
        full_host,
        tenant_id: home::user_name(),
        thresholds: Thresholds {
            heartbeat_interval: seconds("MOSAIC_HEARTBEAT_INTERVAL", 0.1, defaults.heartbeat_interval)?,
            idle: seconds("MOSAIC_HEARTBEAT_IDLE_THRESHOLD", 0.1, defaults.idle)?,
        },
        pace: Pace {
            spacing: seconds("MOSAIC_START_SPACING", 0.0, pace.spacing)?,
            restart_delay: seconds("MOSAIC_RESTART_DELAY", 0.01, pace.restart_delay)?,
        },
        keeping: Keeping {
            days: whole("MOSAIC_ACTIVITY_DAYS", Keeping::default().days)?,
            bytes: u64::from(whole("MOSAIC_ACTIVITY_MB", DEFAULT_MEGABYTES)?) << 20,
        },
        git_on_network: switch("MOSAIC_GIT_ON_NETWORK")?,
        unit_dir: configuration.join("systemd/user"),
        isolated: false,
        read_only: false,
        program,
    })
}

/// The YAML roster, unless only a JSON one is there.
fn default_roster(home: &std::path::Path) -> PathBuf {
    let yaml = home.join("fleet/roster.yaml");
    let json = home.join("fleet/roster.json");
    // A link that leads nowhere counts as well: that is where the roster is to be made.
    if !is_taken(&yaml) && json.exists() { json } else { yaml }
}

/// Keepers outlive the caller's working directory, so every path is made absolute.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

fn switch(name: &str) -> Result<bool> {
    match variable(name)?.as_deref() {
        None | Some("0") => Ok(false),
        Some("1") => Ok(true),
        Some(text) => Err(Failure::new(
            Kind::Invalid,
            name,
            format!("is {}; expected 1 or 0", crate::plain::quoted(text)),
            "mend or unset it",
        )),
    }
}

fn whole(name: &str, default: u32) -> Result<u32> {
    let Some(text) = variable(name)? else { return Ok(default) };
    text.parse::<u32>().ok().filter(|number| (1..=MAX_WHOLE).contains(number)).ok_or_else(|| {
        Failure::new(
            Kind::Invalid,
            name,
            format!("is {}; expected a whole number from 1 to {MAX_WHOLE}", crate::plain::quoted(&text)),
            "mend or unset it",
        )
    })
}

fn seconds(name: &str, least: f64, default: Duration) -> Result<Duration> {
    let Some(text) = variable(name)? else { return Ok(default) };
    text.parse::<f64>()
        .ok()
        .filter(|seconds| (least..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| {
            Failure::new(
                Kind::Invalid,
                name,
                format!("is {}; expected seconds, from {least} to {MAX_SECONDS}", crate::plain::quoted(&text)),
                "mend or unset it",
            )
        })
}
