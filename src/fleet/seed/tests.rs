//! What an update writes, and what it never touches.

use std::os::unix::fs::{MetadataExt, symlink};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

/// Seeds these and nothing else.
fn install_these(site: &Site, shipped: &[(impl AsRef<str>, &str)]) -> Result<Seeded> {
    install_if(site, shipped, |_| Ok(()))
}

struct Home(tempfile::TempDir);

impl Home {
    /// In memory where there is such a folder: what is durable costs nothing there.
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(made.unwrap())
    }

    fn site(&self) -> Site {
        Site::for_tests(&self.0.path().display().to_string())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.site().home.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, to: &Path) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        symlink(to, self.path(path)).unwrap();
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    fn install(&self, shipped: &[(impl AsRef<str>, &str)]) -> Seeded {
        install_these(&self.site(), shipped).unwrap()
    }

    /// Names of all files, but for the record and its lock. Links are not followed.
    fn files(&self) -> Vec<String> {
        let (mut all, mut visit) = (Vec::new(), vec![self.site().home]);
        while let Some(folder) = visit.pop() {
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    visit.push(path);
                } else {
                    all.push(path.strip_prefix(self.site().home).unwrap().display().to_string());
                }
            }
        }
        all.retain(|path| !path.starts_with("framework."));
        all.sort();
        all
    }
}

const OLD: [(&str, &str); 3] = [("A.md", "a1"), ("guides/g.md", "g1"), ("gone.md", "x1")];
const NEW: [(&str, &str); 3] = [("A.md", "a2"), ("guides/g.md", "g2"), ("new.md", "n2")];

#[test]
fn an_update_writes_what_changed_and_keeps_what_the_user_wrote() {
    let home = Home::new();
    assert_eq!(home.install(&OLD).written, ["A.md", "gone.md", "guides/g.md"]);
    assert_eq!(home.install(&OLD), Seeded::default(), "a second time changes nothing");
    home.write("guides/g.md", "mine");
    home.write("USER.md", "me");
    home.write("fleet/roster.yaml", "version: 1");
    let done = home.install(&NEW);
    assert_eq!(done.written, ["A.md", "guides/g.md", "new.md"]);
    assert_eq!(done.removed, ["gone.md"]);
    let [(path, aside)] = done.kept.as_slice() else { panic!("{done:?}") };
    assert_eq!((path.as_str(), home.read(&format!("guides/{aside}")).as_deref()), ("guides/g.md", Some("mine")));
    assert_eq!(home.read("A.md").as_deref(), Some("a2"));
    assert_eq!(home.read("USER.md").as_deref(), Some("me"));
    // Changed again on the same day: both of the user's versions stay.
    home.write("guides/g.md", "mine too");
    let again = home.install(&NEW);
    assert_eq!(home.read(&format!("guides/{}", again.kept[0].1)).as_deref(), Some("mine too"));
    assert_eq!(home.read(&format!("guides/{aside}")).as_deref(), Some("mine"));
}

#[test]
fn a_file_that_is_shipped_no_more_and_was_changed_is_the_users() {
    let home = Home::new();
    home.install(&OLD);
    home.write("gone.md", "mine");
    assert_eq!(home.install(&NEW).removed, Vec::<String>::new());
    assert_eq!(home.read("gone.md").as_deref(), Some("mine"));
    assert_eq!(home.install(&NEW), Seeded::default());
}

#[test]
fn a_first_start_replaces_nothing_of_the_users() {
    let home = Home::new();
    home.write("AGENTS.md", "mine");
    let failure = begin(&home.site()).unwrap_err();
    assert!(failure.what.ends_with("AGENTS.md") && failure.next.contains("framework install"), "{failure}");
    assert_eq!(home.files(), ["AGENTS.md"]);
    fs::remove_file(home.path("AGENTS.md")).unwrap();
    begin(&home.site()).unwrap();
    assert!(home.read("CONSTITUTION.md").is_some());
}

#[test]
fn without_a_record_everything_that_differs_is_the_users() {
    let home = Home::new();
    home.write("A.md", "theirs");
    let done = home.install(&NEW);
    assert_eq!(home.read(&done.kept[0].1).as_deref(), Some("theirs"));
    home.write("framework.json", "{");
    let failure = install_these(&home.site(), &NEW).unwrap_err();
    assert!(failure.what.ends_with("framework.json"), "{failure}");
}

#[test]
fn taking_it_back_leaves_the_user_everything() {
    let home = Home::new();
    home.write("SOUL.md", "soul");
    home.write("guides/g.md", "theirs");
    home.install(&OLD);
    home.write("A.md", "mine");
    home.write("guides/own.md", "own");
    assert_eq!(uninstall(&home.site()).unwrap(), ["A.md"]);
    assert_eq!(home.files(), ["A.md", "SOUL.md", "guides/g.md", "guides/own.md"]);
    assert_eq!(home.read("guides/g.md").as_deref(), Some("theirs"));
    assert!(uninstall(&home.site()).unwrap().is_empty());
}

/// Does something while another thread waits for the lock of seeding.
fn while_it_waits<T: Send>(home: &Home, work: impl Fn(&Site) -> T + Send, meanwhile: impl FnOnce()) -> T {
    let held = hold(&home.site(), Duration::ZERO).unwrap();
    std::thread::scope(|scope| {
        let site = home.site();
        let waiting = scope.spawn(move || work(&site));
        let lock = home.path(LOCK);
        let opened = || {
            let fds = fs::read_dir("/proc/self/fd").unwrap().flatten();
            fds.filter(|fd| fs::read_link(fd.path()).is_ok_and(|file| file == lock)).count()
        };
        let gives_up = std::time::Instant::now() + Duration::from_secs(20);
        while opened() < 2 {
            assert!(!waiting.is_finished() && std::time::Instant::now() < gives_up, "it takes no lock");
            std::thread::yield_now();
        }
        meanwhile();
        drop(held);
        waiting.join().unwrap()
    })
}

#[test]
fn what_is_decided_by_the_record_is_decided_under_its_lock() {
    let home = Home::new();
    home.install(&OLD);
    let more = || {
        // As another seeding does it that is just ending.
        let mut record = read_record(&home.site()).unwrap().unwrap();
        home.write("late.md", "late");
        record.files.insert("late.md".to_owned(), fingerprint(b"late"));
        save(&home.site(), &record).unwrap();
    };
    assert!(while_it_waits(&home, uninstall, more).unwrap().is_empty());
    assert_eq!(home.files(), Vec::<String>::new());
    // And what a user brings in meanwhile is seen.
    let path = shipped()[0].0.clone();
    let home = Home::new();
    home.write("own.md", "own");
    let refused = while_it_waits(&home, begin, || home.write(&path, "theirs")).unwrap_err();
    assert_eq!(refused.kind, Kind::Refused, "{refused}");
    assert_eq!(home.read(&path).as_deref(), Some("theirs"));
}

#[test]
fn a_seeding_that_hangs_is_not_waited_for_without_end() {
    let home = Home::new();
    home.write("own.md", "own");
    let _held = hold(&home.site(), Duration::ZERO).unwrap();
    let refused = hold(&home.site(), Duration::ZERO).unwrap_err();
    assert!(refused.kind == Kind::Refused && refused.next.contains("fuser "), "{refused}");
}

#[test]
fn nothing_is_written_through_a_link_of_the_users() {
    let home = Home::new();
    home.install(&OLD);
    let own = home.0.path().join("project");
    fs::create_dir_all(own.join("guides")).unwrap();
    fs::write(own.join("A.md"), "theirs").unwrap();
    fs::write(own.join("guides/g.md"), "their guide").unwrap();
    fs::remove_file(home.path("A.md")).unwrap();
    home.link("A.md", &own.join("A.md"));
    fs::remove_dir_all(home.path("guides")).unwrap();
    home.link("guides", &own.join("guides"));
    let done = home.install(&NEW);
    assert_eq!(fs::read_to_string(own.join("A.md")).unwrap(), "theirs");
    assert_eq!(fs::read_to_string(own.join("guides/g.md")).unwrap(), "their guide");
    assert_eq!(fs::read_dir(own.join("guides")).unwrap().count(), 1, "nothing new is there either");
    assert_eq!((home.read("A.md").as_deref(), home.read("guides/g.md").as_deref()), (Some("a2"), Some("g2")));
    // The links themselves are kept, and are links.
    assert_eq!(done.kept.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["A.md", "guides"]);
    for (path, aside) in &done.kept {
        assert_eq!(fs::read_link(home.path(aside)).unwrap(), own.join(path));
    }
    // The fleet's own folder may lie elsewhere, and stays a link.
    let disk = home.0.path().join("disk");
    fs::create_dir_all(&disk).unwrap();
    home.link("fleet", &disk);
    assert!(home.install(&[("fleet/roles/x.md", "x")]).kept.is_empty());
    assert_eq!(fs::read_to_string(disk.join("roles/x.md")).unwrap(), "x");
    assert!(fs::symlink_metadata(home.path("fleet")).unwrap().is_symlink());
}

#[test]
fn what_is_no_file_in_the_place_of_one_is_kept_as_well() {
    let home = Home::new();
    home.write("A.md/inside", "mine");
    home.write("guides", "a file");
    let done = home.install(&NEW);
    assert_eq!(done.written, ["A.md", "guides/g.md", "new.md"]);
    let kept: BTreeMap<&str, &str> = done.kept.iter().map(|(path, aside)| (path.as_str(), aside.as_str())).collect();
    assert_eq!(home.read(&format!("{}/inside", kept["A.md"])).as_deref(), Some("mine"));
    assert_eq!(home.read(kept["guides"]).as_deref(), Some("a file"));
    assert!(uninstall(&home.site()).unwrap().is_empty());
    assert_eq!(home.read("guides").as_deref(), Some("a file"), "back where it was");
}

#[test]
fn whoever_comes_after_a_broken_off_seeding_knows_what_it_wrote() {
    let home = Home::new();
    home.install(&OLD);
    // No file beside one with so long a name can be made, so it cannot be written.
    let [first, last] = ["0", "z"].map(|c| c.repeat(250));
    assert!(install_these(&home.site(), &[("A.md", "a2"), (last.as_str(), "x")]).is_err());
    assert_eq!(home.read("A.md").as_deref(), Some("a2"), "it got so far");
    assert_eq!(version(&home.site()).unwrap().as_deref(), Some(VERSION));
    // A third version is broken off before it writes anything.
    assert!(install_these(&home.site(), &[(first.as_str(), "x"), ("A.md", "a3")]).is_err());
    assert_eq!(home.read("A.md").as_deref(), Some("a2"));
    let done = home.install(&NEW);
    assert_eq!(done.kept, Vec::new(), "nothing of it is taken for the user's");
    assert_eq!(home.files(), ["A.md", "guides/g.md", "new.md"]);
}

#[test]
fn a_first_seeding_that_was_broken_off_counts_as_none() {
    let home = Home::new();
    assert!(install_these(&home.site(), &[("A.md", "a1"), ("z".repeat(250).as_str(), "x")]).is_err());
    assert_eq!(version(&home.site()).unwrap(), None);
    // It was killed in the middle of a file of the program's, in a folder that it had just made.
    home.write("guides/testing.md.tmp4194305-0", "half");
    assert!(uninstall(&home.site()).unwrap().is_empty());
    assert_eq!(home.files(), Vec::<String>::new(), "what it wrote is taken back");
}

#[test]
fn a_first_seeding_that_was_killed_in_its_first_word_leaves_nothing() {
    let home = Home::new();
    home.write("framework.lock", "");
    home.write("framework.json.tmp4194305-0", "half");
    // The second time nothing was seeded, and nothing is made to say so.
    for time in ["killed", "never seeded"] {
        assert!(uninstall(&home.site()).unwrap().is_empty(), "{time}");
        let left: Vec<_> = fs::read_dir(home.site().home).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "{time}: {left:?}");
    }
}

/// Places that an update leaves alone, whatever else changes.
const PRESERVED: [&str; 24] = [
    "fleet/roster.yaml",
    "fleet/second.yaml",
    "fleet/agents/code0.env",
    "fleet/run/code0.hb",
    "fleet/run/code0.lock",
    "fleet/run/PAUSED",
    "fleet/backlog/cards.sqlite",
    "fleet/roles.local/code.md",
    "fleet/roles.local/own.md",
    "fleet/profiles.local/own.yaml",
    "SOUL.md",
    "USER.md",
    "TOOLS.md",
    "SOUL.local.md",
    "STANDARDS.local.md",
    "USER.local.md",
    "policy/money.md",
    "memory/notes/2026.md",
    "credentials.json",
    "tui.yaml",
    "NORTH_STAR.yaml",
    "budget.yaml",
    "gate.yaml",
    "worktrees/a/b/file",
];

/// Whether a path is one of those.
fn is_preserved(path: &str) -> bool {
    let folders = ["agents", "run", "backlog", "roles.local", "profiles.local"].map(|name| format!("fleet/{name}/"));
    let roster = path.strip_prefix("fleet/").is_some_and(|name| !name.contains('/') && name.ends_with(".yaml"));
    let local = path.ends_with(".local.md") && !path.starts_with("examples/");
    PRESERVED.contains(&path)
        || roster
        || local
        || folders.iter().any(|folder| path.starts_with(folder))
        || ["policy/", "memory/", "worktrees/"].iter().any(|folder| path.starts_with(folder))
}

#[test]
fn nothing_that_ships_is_the_users() {
    for (path, _) in shipped() {
        assert!(!is_preserved(&path) && !path.starts_with("framework."), "{path}");
    }
}

/// What lies at a path in a tree of the user's.
#[derive(Debug, Clone)]
enum Thing {
    File,
    /// To a file outside of the home.
    Link,
    /// To nowhere.
    Dangling,
    Folder,
}

/// A path of the framework, one that is preserved, or one of nobody's.
fn place() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => framework_path(),
        3 => proptest::sample::select(&PRESERVED[..]).prop_map(str::to_owned),
        1 => "(fleet/(roles|roles[.]local|run|agents)/|guides/|policy/|own/)?[a-d]{1,2}([.]local)?[.](md|yaml)",
    ]
}

fn framework_path() -> impl Strategy<Value = String> {
    "(fleet/(roles|profiles|examples)/|guides/|runtime/pi/)?[a-c]{1,2}[.]md"
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![6 => Just(Thing::File), 1 => Just(Thing::Link), 1 => Just(Thing::Dangling), 1 => Just(Thing::Folder)]
}

/// Bytes of a file or target of a link, its inode, and the time of its last change.
type Print = (Option<Vec<u8>>, Option<PathBuf>, [i64; 3]);

/// What an update may never change.
fn print_of(path: &Path) -> Option<Print> {
    let meta = fs::symlink_metadata(path).ok()?;
    let place = [meta.ino().cast_signed(), meta.mtime(), meta.mtime_nsec()];
    Some((fs::read(path).ok(), fs::read_link(path).ok(), place))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, max_shrink_iters: 400, ..ProptestConfig::default() })]

    /// Whatever lies in a home, and whatever it was before: what is preserved is not touched, no text of the user's is
    /// lost, nothing outside of the home is written, and what ships is there.
    #[test]
    fn no_text_of_the_users_is_lost(
        things in proptest::collection::btree_map(place(), thing(), 0..12),
        first in proptest::collection::btree_map(framework_path(), "[12]", 0..6),
        second in proptest::collection::btree_map(framework_path(), "[12]", 0..6),
        seeded in any::<bool>(),
    ) {
        let home = Home::new();
        let outside = home.0.path().join("outside");
        fs::create_dir_all(&outside).unwrap();
        let list = |all: &BTreeMap<String, String>| all.iter().map(|(p, t)| (p.clone(), t.clone())).collect::<Vec<_>>();
        let borrowed = |all: &[(String, String)]| {
            install_these(&home.site(), &all.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect::<Vec<_>>()).map(drop)
        };
        let (first, second) = (list(&first), list(&second));
        if seeded {
            borrowed(&first).unwrap();
        }
        let mut mine: Vec<(String, Thing, String)> = Vec::new();
        for (number, (path, thing)) in things.iter().enumerate() {
            let place = home.path(path);
            // A text of its own, so that another's copy is none of it.
            let text = format!("text {number} of the user's at {path}");
            if fs::create_dir_all(place.parent().unwrap()).is_err() || place.is_dir() {
                continue;
            }
            let _seeded = fs::remove_file(&place);
            match thing {
                Thing::File => fs::write(&place, &text).unwrap(),
                Thing::Link => {
                    fs::write(outside.join(number.to_string()), &text).unwrap();
                    symlink(outside.join(number.to_string()), &place).unwrap();
                }
                Thing::Dangling => symlink(outside.join("nowhere"), &place).unwrap(),
                Thing::Folder => {
                    fs::create_dir_all(&place).unwrap();
                    fs::write(place.join("inside"), &text).unwrap();
                }
            }
            mine.push((path.clone(), thing.clone(), text));
        }
        let before: Vec<_> = mine.iter().filter(|(path, ..)| is_preserved(path)).map(|(path, ..)| (path, print_of(&home.path(path)))).collect();
        let was_outside: Vec<_> = fs::read_dir(&outside).unwrap().flatten().map(|entry| (entry.path(), print_of(&entry.path()))).collect();
        borrowed(&second).unwrap();
        for (path, print) in before {
            prop_assert_eq!(print_of(&home.path(path)), print, "{} changed", path);
        }
        for (path, print) in was_outside {
            prop_assert_eq!(print_of(&path), print, "{} changed", path.display());
        }
        prop_assert!(!outside.join("nowhere").exists(), "written through a link");
        let files = home.files();
        let texts: Vec<String> = files.iter().filter_map(|path| home.read(path)).collect();
        let targets: Vec<PathBuf> = files.iter().filter_map(|path| fs::read_link(home.path(path)).ok()).collect();
        for (path, thing, text) in &mine {
            match thing {
                Thing::File | Thing::Folder => prop_assert!(texts.contains(text), "{path}: {text:?} of {files:?}"),
                Thing::Link => prop_assert!(targets.iter().any(|to| fs::read_to_string(to).is_ok_and(|there| there == *text)), "{path}"),
                Thing::Dangling => prop_assert!(targets.contains(&outside.join("nowhere")), "{path}"),
            }
        }
        for (path, text) in &second {
            prop_assert_eq!(home.read(path), Some(text.clone()));
            prop_assert!(fs::symlink_metadata(home.path(path)).unwrap().is_file(), "{} is a file", path);
        }
        // Nothing is left to do, and nothing of a killed writer lies about.
        let again = install_these(&home.site(), &second.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(again, Seeded::default());
        prop_assert!(!files.iter().any(|path| path.contains(".tmp")), "{:?}", files);
    }
}
