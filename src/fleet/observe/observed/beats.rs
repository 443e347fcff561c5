//! The files of agents in the run folder: heartbeats, what runtimes used, what launches told, and how processes ended.

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use jiff::Timestamp;

use super::super::news::{ReadBeats, says_the_same};
use super::Observed;
use crate::fleet::heartbeat::{self, NoHeartbeat};
use crate::fleet::home::RunFile;
use crate::fleet::model::{AgentName, Label};
use crate::fleet::notes;
use crate::fleet::os::folder;
use crate::fleet::session;
use crate::fleet::usage;

impl Observed {
    /// Reads the heartbeats of these agents and what is on record of their ends; of all, when none are named.
    pub(in crate::fleet::observe) fn read_beats(&mut self, only: Option<&HashSet<String>>) -> ReadBeats {
        let now = Timestamp::now();
        let interval = self.site.thresholds.heartbeat_interval;
        let all = self.roster.agents.iter().map(|agent| agent.name);
        let names: Vec<AgentName> = all.filter(|name| only.is_none_or(|only| only.contains(name.as_str()))).collect();
        if only.is_none() {
            let known: HashSet<&AgentName> = names.iter().collect();
            self.heartbeats.retain(|name, _| known.contains(name));
            self.usage.retain(|name, _| known.contains(name));
            self.usage_of.retain(|name, _| known.contains(name));
            self.notes.retain(|name, _| known.contains(name));
            self.exits.retain(|name, _| known.contains(name));
            self.stopped.retain(|name, _| known.contains(name));
        }
        // Of most agents most files are not there, and to ask for each of them costs more than to read those that are.
        let listed = if only.is_none() { folder::names(&self.site.run_dir).ok() } else { None };
        let is_there =
            |path: &Path| listed.as_ref().is_none_or(|all| path.file_name().is_some_and(|name| all.contains(name)));
        let mut read = ReadBeats { agents: 0, news: false };
        for name in names {
            read.agents += 1;
            let there = |kind: RunFile| Some(self.site.run_file(&name, kind)).filter(|path| is_there(path));
            let (used, noted) = (there(RunFile::Usage), there(RunFile::Notes));
            let (beat, exit) = (there(RunFile::Heartbeat), there(RunFile::Exit));
            read.news |= self.read_end(&name, exit.as_deref());
            read.news |= self.read_usage(&name, used.as_deref());
            let noted = noted.map(|path| notes::read(&path)).unwrap_or_default();
            read.news |= self.notes.get(&name) != Some(&noted);
            self.notes.insert(name, noted);
            let beat = beat.map_or(Err(NoHeartbeat::Absent), |path| heartbeat::read(&path, now, interval));
            read.news |= !self.heartbeats.get(&name).is_some_and(|known| says_the_same(known, &beat));
            self.heartbeats.insert(name, beat);
        }
        read
    }

    /// Whether a heartbeat of these agents is of a process that is in no pane that is known.
    pub(in crate::fleet::observe) fn tells_of_others(&self, agents: &HashSet<String>) -> bool {
        let is_known = |pid: u32| self.processes.values().any(|tree| tree.contains(pid));
        let beats = self.heartbeats.iter().filter(|(name, _)| agents.contains(name.as_str()));
        beats.filter_map(|(_, beat)| beat.as_ref().ok()).any(|beat| !is_known(beat.pid))
    }

    /// Reads what an agent's runtime used; whether it is another than before.
    fn read_usage(&mut self, name: &AgentName, file: Option<&Path>) -> bool {
        // It changes more rarely than heartbeats come. The first time there is nothing to compare with.
        let known = file.filter(|_| self.usage.contains_key(name));
        let stamp = known.and_then(|path| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.ino(), meta.modified().ok()?))
        });
        if stamp.is_some() && stamp == self.usage_of.get(name).copied() {
            return false;
        }
        match stamp {
            Some(stamp) => drop(self.usage_of.insert(*name, stamp)),
            None => drop(self.usage_of.remove(name)),
        }
        let used = file.and_then(usage::read);
        let news = used.as_ref() != self.usage.get(name);
        match used {
            Some(usage) => drop(self.usage.insert(*name, usage)),
            None => drop(self.usage.remove(name)),
        }
        news
    }

    /// Reads what is on record of an agent's end; whether it is another record.
    /// `exit` is the file of it.
    fn read_end(&mut self, name: &AgentName, exit: Option<&Path>) -> bool {
        let why = std::fs::read_to_string(self.site.run_file(name, RunFile::Stopped)).ok();
        let why = why.map(|why| Label::new(why.lines().next().unwrap_or_default()));
        let mut news = why.as_ref() != self.stopped.get(name);
        match why {
            Some(why) => drop(self.stopped.insert(*name, why)),
            None => drop(self.stopped.remove(name)),
        }
        // The time before the text: a record that is replaced in between is read again at the next look. Read
        // each time, every last screen of the fleet would be drawn anew at each look.
        let written = exit.and_then(|path| std::fs::metadata(path).and_then(|meta| meta.modified()).ok());
        let before = self.exits.remove(name);
        news |= before.as_ref().map(|(at, _)| *at) != written;
        let known = before.filter(|(at, _)| Some(*at) == written);
        let read = |at| session::last_exit(&self.site, name).map(|record| (at, record.facts()));
        if let Some(exit) = known.or_else(|| written.and_then(read)) {
            self.exits.insert(*name, exit);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::home::Site;
    use crate::fleet::model::UsageFacts;
    use crate::fleet::roster;

    #[test]
    fn a_change_of_one_agents_file_reads_the_files_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(folder.path().to_str().unwrap());
        std::fs::create_dir_all(&site.run_dir).unwrap();
        let agents: String = (0..100).map(|at| format!("  - {{name: a{at}, runtime: stub}}\n")).collect();
        let roster = roster::parse(&format!("version: 1\nagents:\n{agents}"), Path::new("r"), &site).unwrap();
        let mut observed = Observed::new(site.clone(), Ok(roster));
        assert_eq!(observed.read_beats(None).agents, 100);
        let names: Vec<AgentName> = observed.roster.agents.iter().map(|agent| agent.name).collect();
        // Each has a heartbeat now, and one of them is said to have changed.
        let beat = format!("ts={}\npid=1\nstatus=ok\n", Timestamp::now());
        for name in &names {
            std::fs::write(site.run_file(name, RunFile::Heartbeat), &beat).unwrap();
        }
        let changed = HashSet::from(["a7".to_owned(), "of-another-fleet".to_owned()]);
        assert_eq!(observed.read_beats(Some(&changed)), ReadBeats { agents: 1, news: true });
        let read: Vec<&AgentName> = names.iter().filter(|name| observed.heartbeats[name].is_ok()).collect();
        assert_eq!(read, [&names[7]]);
        assert_eq!(observed.read_beats(None).agents, 100);
        assert!(names.iter().all(|name| observed.heartbeats[name].is_ok()));
        // The same again at another time is no news; another word is.
        let rewrite = |status: &str| {
            let beat = format!("ts={}\npid=1\nstatus={status}\n", Timestamp::now());
            std::fs::write(site.run_file(&names[7], RunFile::Heartbeat), beat).unwrap();
        };
        rewrite("ok");
        let before = observed.heartbeats[&names[7]].clone();
        assert_eq!(observed.read_beats(Some(&changed)), ReadBeats { agents: 1, news: false });
        assert_ne!(observed.heartbeats[&names[7]], before, "its age is of the newest");
        rewrite("busy");
        assert!(observed.read_beats(Some(&changed)).news);
        // So are other figures of use, whichever reading of its file brings them.
        for tokens in [1, 2, 3, 4] {
            let facts = UsageFacts { input_tokens: Some(tokens), ..UsageFacts::default() };
            usage::write(&site.run_file(&names[7], RunFile::Usage), &usage::Usage { pid: 1, facts }).unwrap();
            assert!(observed.read_beats(Some(&changed)).news, "{tokens}");
            assert_eq!(observed.usage[&names[7]].facts.input_tokens, Some(tokens));
            assert!(!observed.read_beats(Some(&changed)).news, "{tokens}");
        }
        std::fs::remove_file(site.run_file(&names[7], RunFile::Usage)).unwrap();
        assert!(observed.read_beats(Some(&changed)).news && observed.usage.is_empty());
    }
}
