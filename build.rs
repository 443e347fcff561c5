//! Says which commit this program is built from: `MOSAIC_VERSION`, which `--version` and crash reports print.
//!
//! What is known is, in this order: what the caller says (`MOSAIC_COMMIT`, with `SOURCE_DATE_EPOCH` for the date), the
//! git checkout that this folder is the top of, or the commit that the packed crate names. A debug build asks for none
//! of them, so that a commit alone never compiles anything anew while one works on the program.

use std::path::Path;
use std::process::Command;

/// What a build is made of. A change of any of it builds anew in any case, so asking git again then costs nothing.
const SOURCES: [&str; 6] = ["src", "framework", "assets", "Cargo.toml", "Cargo.lock", "build.rs"];

/// Digits of a commit that are shown.
const DIGITS: usize = 12;

/// Written into a packed crate by cargo.
const PACKED: &str = ".cargo_vcs_info.json";

fn main() {
    println!("cargo:rerun-if-env-changed=MOSAIC_COMMIT");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let version = variable("CARGO_PKG_VERSION").unwrap_or_default();
    let whence = whence().map_or_else(String::new, |whence| format!(" ({whence})"));
    println!("cargo:rustc-env=MOSAIC_VERSION={version}{whence}");
    let target = |name: &str| variable(&format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    if is_debug() && target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        // Tests start programs tens of thousands of times. One that may lie anywhere gets 170,000 addresses written into it
        // at each start while it is unoptimised, which takes longer than what most commands do.
        println!("cargo:rustc-link-arg=-no-pie");
    }
}

fn is_debug() -> bool {
    variable("PROFILE").as_deref() == Some("debug")
}

/// Commit and date, as they stand behind the version.
fn whence() -> Option<String> {
    if let Some(commit) = variable("MOSAIC_COMMIT") {
        let date = variable("SOURCE_DATE_EPOCH").and_then(|seconds| seconds.parse().ok()).map(date);
        return Some(joined(&commit, date.as_deref()));
    }
    if is_debug() {
        // Nor is it made anew because a picture or a snapshot beside the sources was: what is compiled in, cargo knows.
        return Some("debug build".to_owned());
    }
    for source in SOURCES.into_iter().filter(|source| Path::new(source).exists()) {
        println!("cargo:rerun-if-changed={source}");
    }
    if let Ok(packed) = std::fs::read_to_string(PACKED) {
        let commit = packed.split('"').find(|word| word.len() == 40 && word.bytes().all(|b| b.is_ascii_hexdigit()))?;
        return Some(joined(commit, None));
    }
    checkout()
}

/// Of the checkout that this folder is the top of; a crate that was unpacked within another repository is none.
fn checkout() -> Option<String> {
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    // The first grows with every commit, checkout and reset; where none is kept, the second knows of checkouts at least.
    let watched = ["logs/HEAD", "HEAD"].into_iter().filter_map(|file| git(&["rev-parse", "--git-path", file]));
    if let Some(file) = watched.into_iter().find(|file| Path::new(file).exists()) {
        println!("cargo:rerun-if-changed={file}");
    }
    let known = git(&["log", "-1", "--no-show-signature", "--format=%H %ct"])?;
    let (commit, seconds) = known.split_once(' ')?;
    let changed = git(&[&["status", "--porcelain", "--"], &SOURCES[..]].concat())?;
    let mark = if changed.is_empty() { "" } else { "-modified" };
    Some(format!("{}{mark} {}", &commit[..DIGITS], date(seconds.parse().ok()?)))
}

fn joined(commit: &str, date: Option<&str>) -> String {
    let commit = commit.get(..DIGITS).unwrap_or(commit);
    date.map_or_else(|| commit.to_owned(), |date| format!("{commit} {date}"))
}

/// What git answers; `None` where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("--no-optional-locks").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The day of a Unix time, in UTC. Counted from the first of March, so that a leap day comes last.
fn date(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + i64::from(month <= 2))
}
