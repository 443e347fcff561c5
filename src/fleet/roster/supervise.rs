//! How a roster says that work is given out: the supervisor's settings, which agents come and go, work trees.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::check::{Checker, expand_home};
use super::file::{AgentEntry, Lifespan, RosterFile};
use super::{COORDINATING_CLASS, ENHANCING_CLASS};
use crate::fleet::home::Site;

/// Most seconds between two looks when nothing is said.
const INTERVAL: u64 = 15;

/// Seconds for which a card is claimed when nothing is said.
const TTL: u64 = 900;

/// Seconds for which an ephemeral agent stays without a card when nothing is said.
const LINGER: u64 = 600;

/// Longest interval: what an hour of looking away loses is lost.
const MAX_INTERVAL: u64 = 3600;

/// Longest claim: a week, as in the backlog.
const MAX_TTL: u64 = 7 * 86_400;

/// Longest stay without a card: a day.
const MAX_LINGER: u64 = 86_400;

/// How work is given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervise {
    /// Whether a supervisor belongs to the fleet.
    pub enabled: bool,
    /// Longest time between two looks.
    pub interval: Duration,
    /// Seconds for which a card is claimed.
    pub ttl_seconds: i64,
    /// How long an ephemeral agent stays without a card.
    pub linger: Duration,
    /// How many agents of a class may be up at once; no entry means all of them.
    pub concurrency: BTreeMap<String, usize>,
}

impl Default for Supervise {
    fn default() -> Self {
        Self {
            enabled: false,
            interval: Duration::from_secs(INTERVAL),
            ttl_seconds: TTL.cast_signed(),
            linger: Duration::from_secs(LINGER),
            concurrency: BTreeMap::new(),
        }
    }
}

/// Where an agent's cards get work trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worktree {
    /// The repository.
    pub repo: PathBuf,
    /// Branch that new ones begin from.
    pub base: String,
}

impl Checker<'_> {
    pub(super) fn supervise(&mut self, file: &RosterFile) -> Supervise {
        let Some(given) = &file.supervise else { return Supervise::default() };
        let mut seconds = |key: &str, value: Option<u64>, default: u64, range: std::ops::RangeInclusive<u64>| {
            let value = value.unwrap_or(default);
            if range.contains(&value) {
                return value;
            }
            let why = format!("is {value}; seconds from {} to {} are allowed", range.start(), range.end());
            self.problem(&format!("supervise.{key}"), why);
            default
        };
        let interval = seconds("interval", given.interval, INTERVAL, 1..=MAX_INTERVAL);
        let ttl = seconds("ttl", given.ttl, TTL, 1..=MAX_TTL);
        let linger = seconds("linger", given.linger, LINGER, 0..=MAX_LINGER);
        for (class, most) in &given.concurrency {
            let key = format!("supervise.concurrency.{class}");
            if *most == 0 {
                self.problem(&key, "is 0; at least one agent of a class works");
            }
            if !file.agents.iter().any(|entry| entry.class.as_deref() == Some(class)) {
                self.problem(&key, "no agent of this roster has that class");
            }
        }
        Supervise {
            enabled: given.enabled,
            interval: Duration::from_secs(interval),
            ttl_seconds: ttl.cast_signed(),
            linger: Duration::from_secs(linger),
            concurrency: given.concurrency.clone(),
        }
    }

    pub(super) fn lifespan(&mut self, at: usize, entry: &AgentEntry, file: &RosterFile) -> Lifespan {
        let lifespan = entry.lifecycle.unwrap_or_default();
        let class = entry.class.as_deref().unwrap_or_default();
        let leads = file.lead.as_ref().map_or(class == COORDINATING_CLASS, |lead| *lead == entry.name);
        if lifespan == Lifespan::Ephemeral && (leads || class == ENHANCING_CLASS) {
            self.problem(&format!("agents[{at}].lifecycle"), "is ephemeral; a seat of the floor is always core");
        }
        lifespan
    }

    pub(super) fn worktree(&mut self, at: usize, entry: &AgentEntry, site: &Site) -> Option<Worktree> {
        let given = entry.worktree.as_ref()?;
        let base = given.base.clone().unwrap_or_else(|| "main".to_owned());
        let mut problem = |field: &str, why: &str| self.problem(&format!("agents[{at}].worktree.{field}"), why);
        if given.repo.trim().is_empty() || given.repo.contains('\0') {
            problem("repo", "is empty or holds a NUL character");
        }
        // What git-check-ref-format(1) forbids, and what would be read as an option.
        let plain = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
        if base.is_empty() || base.starts_with(['-', '/', '.']) || base.contains("..") || !base.chars().all(plain) {
            problem("base", "is no name of a branch: letters, digits, `_`, `.`, `/` and `-`");
        }
        Some(Worktree { repo: expand_home(&given.repo, &site.user_home), base })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fleet::roster::{Problem, Roster, parse};

    fn read(text: &str) -> Result<Roster, Vec<Problem>> {
        parse(text, Path::new("/x/roster.yaml"), &Site::for_tests("/x"))
    }

    #[test]
    fn without_a_word_nothing_is_supervised_and_everybody_stays() {
        let roster = read("version: 1\nagents: [{name: a, runtime: stub}]\n").unwrap();
        assert_eq!(roster.supervise, Supervise::default());
        assert!(!roster.supervise.enabled && roster.supervise.ttl_seconds == 900);
        assert_eq!((roster.agents[0].lifespan, roster.agents[0].worktree.clone()), (Lifespan::Core, None));
    }

    #[test]
    fn settings_are_read_and_each_slip_is_told_with_its_place() {
        let text = "version: 1\nsupervise: {enabled: true, interval: 5, ttl: 60, linger: 0, concurrency: {code: 2}}\n\
                    agents:\n  - {name: a, runtime: stub, class: code, lifecycle: ephemeral, worktree: {repo: ~/r}}\n";
        let roster = read(text).unwrap();
        let set = &roster.supervise;
        assert_eq!((set.enabled, set.interval.as_secs(), set.ttl_seconds, set.linger.as_secs()), (true, 5, 60, 0));
        assert_eq!((set.concurrency["code"], roster.agents[0].lifespan), (2, Lifespan::Ephemeral));
        let tree = Worktree { repo: "/x/r".into(), base: "main".to_owned() };
        assert_eq!(roster.agents[0].worktree, Some(tree));
        for (wrong, key) in [
            ("supervise: {interval: 0}", "supervise.interval"),
            ("supervise: {ttl: 9999999}", "supervise.ttl"),
            ("supervise: {concurrency: {nobody: 1}}", "supervise.concurrency.nobody"),
            ("supervise: {concurrency: {code: 0}}", "supervise.concurrency.code"),
        ] {
            let problems = read(&text.replace(text.lines().nth(1).unwrap(), wrong)).unwrap_err();
            assert!(problems.iter().any(|problem| problem.key == key && problem.line == 2), "{wrong}: {problems:?}");
        }
        for (class, base, key) in
            [("enhancer", "main", "agents[0].lifecycle"), ("code", "-x", "agents[0].worktree.base")]
        {
            let text = format!(
                "version: 1\nagents:\n  - {{name: a, runtime: stub, class: {class}, lifecycle: ephemeral, worktree: {{repo: /r, base: '{base}'}}}}\n"
            );
            assert!(read(&text).unwrap_err().iter().any(|problem| problem.key == key), "{text}");
        }
    }
}
