//! Rows from raw facts, plane by plane.

use std::path::Path;

use super::*;
use crate::fleet::model::{
    Authority, Health, HeartbeatStatus, LoadState, PaneId, ProcessFacts, Readiness, SocketName, SubState, UnitFacts,
    UnitResult,
};
use crate::fleet::os::process::Process;
use crate::fleet::roster;
use crate::fleet::session::Living;

/// The tmux server of all panes here.
const SERVER: u32 = 5;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + seconds).unwrap()
}

struct Facts {
    site: Site,
    roster: Roster,
    tmux: HashMap<ServerName, Reading<Look>>,
    screens: HashMap<(ServerName, PaneId), Reading<Summary>>,
    hosts: HashMap<SshTarget, HostView>,
    processes: HashMap<u32, ProcessTree>,
    heartbeats: HashMap<AgentName, Result<Heartbeat, NoHeartbeat>>,
    usage: HashMap<AgentName, Usage>,
    notes: HashMap<AgentName, Vec<Label>>,
    living: HashMap<AgentName, Living>,
    systemd: Reading<UnitsView>,
    trees: Option<Trees>,
}

impl Facts {
    /// One healthy agent `a` on socket `s`.
    fn healthy() -> Self {
        let site = Site::for_tests("/h");
        let text = "version: 1\ntmux: {socket_name: s}\nagents: [{name: a, runtime: stub, class: orchestrator}]\n";
        let roster = roster::parse(text, Path::new("r"), &site).unwrap();
        let socket = ServerName::here(&SocketName::named("s").unwrap());
        let name = AgentName::parse("a").unwrap();
        Self {
            site,
            roster,
            tmux: HashMap::from([(socket, Reading::new(Ok(Look::Panes(vec![pane(1, "a", 42)])), at(0)))]),
            screens: HashMap::new(),
            hosts: HashMap::new(),
            processes: HashMap::from([(42, tree(42, &["/x/mosaic-tui", "stub-agent"]))]),
            heartbeats: HashMap::from([(name, Ok(beat()))]),
            usage: HashMap::new(),
            notes: HashMap::new(),
            living: HashMap::new(),
            systemd: Reading::new(Err("no user manager here".to_owned()), at(0)),
            trees: None,
        }
    }

    fn panes(&mut self, panes: Vec<PaneRecord>) {
        self.tmux.insert(ServerName::here(&self.roster.socket), Reading::new(Ok(Look::Panes(panes)), at(0)));
    }

    fn join(&self) -> FleetSnapshot {
        join(&Planes {
            site: &self.site,
            roster: &self.roster,
            roster_error: None,
            tmux: &self.tmux,
            screens: &self.screens,
            hosts: &self.hosts,
            processes: &self.processes,
            processes_at: at(0),
            heartbeats: &self.heartbeats,
            usage: &self.usage,
            notes: &self.notes,
            living: &self.living,
            exits: &HashMap::new(),
            stopped: &HashMap::new(),
            systemd: &self.systemd,
            installed: false,
            trees: self.trees.as_ref(),
            paused: None,
            now: at(1),
        })
    }

    fn row(&self) -> AgentRow {
        (*self.join().agents[0]).clone()
    }

    fn unit(&mut self, active: &str, file: &str, linger: Option<bool>) {
        let unit = UnitFacts {
            result: UnitResult::Success,
            status_text: Label::default(),
            log: Vec::new(),
            load: LoadState::Loaded,
            active: active.into(),
            sub: SubState::Running,
            unit_file_state: file.into(),
            main_pid: 7,
            n_restarts: 0,
        };
        self.systemd =
            Reading::new(Ok(UnitsView { units: HashMap::from([("a".to_owned(), unit)]), holder: None, linger }), at(0));
    }
}

fn pane(id: u32, session: &str, pid: u32) -> PaneRecord {
    PaneRecord { pid, server: SERVER, ..PaneRecord::for_tests(id, session) }
}

fn tree(pid: u32, argv: &[&str]) -> ProcessTree {
    ProcessTree {
        processes: vec![Process { pid, argv: argv.iter().map(|word| (*word).to_owned()).collect(), stopped: false }],
        foreground: Label::new("x"),
        facts: ProcessFacts { alive: true, argv0: Label::new(argv[0]), cpu_percent: 0.0, rss_bytes: 1, descendants: 0 },
    }
}

fn beat() -> Heartbeat {
    Heartbeat {
        ts: at(0),
        pid: 42,
        status: HeartbeatStatus::Ok,
        detail: None,
        by: Authority::Keeper,
        since: None,
        next_seconds: None,
        msg: None,
    }
}

#[test]
fn a_healthy_agent_has_every_plane_and_no_flag() {
    let row = Facts::healthy().row();
    assert_eq!((row.health, row.readiness, row.drift), (Health::Healthy, Readiness::Working, false));
    assert!(row.flags.is_empty());
    let planes: Vec<Plane> = row.evidence.iter().map(|evidence| evidence.plane).collect();
    assert_eq!(planes, [Plane::Roster, Plane::Tmux, Plane::Process, Plane::Heartbeat, Plane::Systemd]);
}

#[test]
fn no_planes_failure_hides_the_others() {
    let mut facts = Facts::healthy();
    facts.tmux.insert(ServerName::here(&facts.roster.socket), Reading::new(Err("forbidden".to_owned()), at(0)));
    let row = facts.row();
    assert_eq!((row.readiness, row.pane.is_none()), (Readiness::Unknown, true));
    assert!(row.heartbeat.is_some());
    assert!(row.evidence.iter().any(|e| e.plane == Plane::Tmux && !e.ok && e.text.as_str() == "forbidden"));
}

#[test]
fn a_heartbeat_from_a_foreign_process_is_rejected() {
    let mut facts = Facts::healthy();
    facts.heartbeats.insert(AgentName::parse("a").unwrap(), Ok(Heartbeat { pid: 1, ..beat() }));
    let row = facts.row();
    assert_eq!((row.health, row.readiness), (Health::Unknown, Readiness::Unknown));
    assert!(row.reason.as_str().contains("not in the pane's process tree"));
}

#[test]
fn the_marked_pane_counts_then_the_oldest() {
    let mut facts = Facts::healthy();
    let other = PaneRecord { activity: Some(1_600_000_000), ..pane(0, "a", 99) };
    facts.panes(vec![other.clone(), PaneRecord { mark: Some("a".into()), ..pane(1, "a", 42) }]);
    assert_eq!(facts.row().pane.unwrap().id, PaneId(1));
    facts.panes(vec![pane(1, "a", 42), other]);
    assert_eq!(facts.row().pane.unwrap().id, PaneId(0));
}

#[test]
fn drift_is_another_program_in_a_live_pane() {
    let mut facts = Facts::healthy();
    facts.processes.insert(42, tree(42, &["vim"]));
    let row = facts.row();
    assert!(row.drift && row.flags == [Flag::Drift] && row.attention() == super::super::model::Attention::Warning);
    facts.panes(vec![PaneRecord { dead: true, ..pane(1, "a", 42) }]);
    assert!(!facts.row().drift, "a dead pane runs nothing");
}

#[test]
fn boot_warnings_need_an_active_unit() {
    use BootEnable as B;
    for (active, file, linger, want) in [
        ("active", "enabled", Some(true), B::Ok),
        ("active", "enabled-runtime", Some(true), B::Ok),
        ("active", "disabled", Some(true), B::NotEnabled),
        ("active", "enabled", Some(false), B::LingerOff),
        ("active", "enabled", None, B::Ok),
        ("inactive", "disabled", Some(false), B::Ok),
    ] {
        let mut facts = Facts::healthy();
        facts.unit(active, file, linger);
        assert_eq!(facts.row().boot_enable, want, "{active} {file} {linger:?}");
    }
    assert_eq!(Facts::healthy().row().boot_enable, B::Unknown);
}

#[test]
fn unknown_sessions_get_a_row_and_the_holder_and_viewers_do_not() {
    let mut facts = Facts::healthy();
    facts.panes(vec![
        pane(0, "_holder", 1),
        pane(1, "a", 42),
        pane(2, "mine", 5),
        pane(3, "mine", 6),
        pane(4, "a-watch-77", 7),
    ]);
    let snapshot = facts.join();
    let names: Vec<&str> = snapshot.agents.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["a", "mine"]);
    assert!(!snapshot.agents[1].managed && !snapshot.agents[1].needs_operator());
}

#[test]
fn a_clock_that_stepped_back_gives_no_negative_times() {
    let mut facts = Facts::healthy();
    facts.panes(vec![PaneRecord { activity: Some(1_700_009_999), ..pane(1, "a", 42) }]);
    let row = facts.row();
    assert_eq!(row.idle_seconds, Some(0));
}

#[test]
fn a_remote_peer_is_listed_and_nothing_is_claimed() {
    let mut facts = Facts::healthy();
    let text = "version: 1\ntmux: {socket_name: s}\nagents: [{name: far, runtime: pi, host: other, ssh: u@other}]\n";
    facts.roster = roster::parse(text, Path::new("r"), &facts.site).unwrap();
    facts.panes(Vec::new());
    let row = facts.row();
    assert_eq!((row.host.as_str(), row.readiness), ("other", Readiness::Unknown));
    assert!(row.has(Flag::Remote));
}

#[test]
fn a_process_that_lives_elsewhere_is_no_death() {
    let name = AgentName::parse("a").unwrap();
    let living = |server: u32, path: &str| Living { pid: 42, server: Some((server, Some(path.into()))) };
    let mut facts = Facts::healthy();
    facts.living = HashMap::from([(name, living(9, "/elsewhere/tmux-0/s"))]);
    let own = ServerName::here(&facts.roster.socket);
    // No server here, and a server here that is not its own.
    for look in [Look::NoServer, Look::Panes(vec![pane(3, "b", 43)])] {
        facts.tmux.insert(own.clone(), Reading::new(Ok(look.clone()), at(0)));
        let row = facts.row();
        assert_eq!((row.readiness, row.health), (Readiness::Unknown, Health::Healthy), "{look:?}");
        let reason = row.reason.as_str();
        assert!(reason.contains("pid 42") && reason.contains("set TMUX_TMPDIR to /elsewhere"), "{reason}");
    }
    // The same server, another session.
    facts.living.insert(name, living(SERVER, "/elsewhere/tmux-0/s"));
    facts.panes(vec![pane(3, "b", 42)]);
    let row = facts.row();
    assert_eq!(row.readiness, Readiness::Unknown);
    assert!(row.reason.as_str().contains("rename-session -t '$3' a"), "{}", row.reason);
    // What outlived its pane, or its server, is no agent any more.
    facts.panes(vec![pane(3, "b", 43)]);
    assert_eq!(facts.row().readiness, Readiness::Dead);
    facts.living.insert(name, Living { pid: 42, server: None });
    facts.tmux.insert(own, Reading::new(Ok(Look::NoServer), at(0)));
    assert_eq!(facts.row().readiness, Readiness::Dead);
}
