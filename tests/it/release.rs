//! What is given to others: packages that are the same twice and that a system installs and removes, the three lanes of
//! `scripts/install`, and the commit behind a version.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::{Answer, Sandbox, answer, is_well, program, skip};

/// This repository, whose scripts are tried.
const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// What the times of packed files are set to; in November 2023.
const EPOCH: &str = "1700000000";

/// A command that finds the toolchain, although its home folder is another one.
fn with_rust(sandbox: &Sandbox, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = sandbox.command(program);
    let home = PathBuf::from(std::env::var("HOME").unwrap());
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, std::env::var_os(name).map_or_else(|| home.join(folder), PathBuf::from));
    }
    for name in ["RUSTUP_TOOLCHAIN", "RUSTUP_AUTO_INSTALL"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command
}

fn must(command: &mut Command) -> Answer {
    let answer = answer(command);
    assert_eq!(answer.code, 0, "{command:?}: {answer:?}");
    answer
}

fn has(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|folder| folder.join(program).exists())
}

/// All files below a folder, by their names from it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The program under test without its debugging notes, which would only take time to pack.
fn stripped(sandbox: &Sandbox) -> PathBuf {
    let stripped = sandbox.root.join("mosaic-tui");
    must(sandbox.command("strip").arg("-o").arg(&stripped).arg(program()));
    stripped
}

/// Packs it as somebody with these habits would; returns what the script tells.
fn pack(sandbox: &Sandbox, out: &Path, umask: &str, zone: &str) -> Answer {
    let script = format!("umask {umask}; exec \"$0\" --binary \"$1\" --level 1 --out \"$2\"");
    let mut command = with_rust(sandbox, "sh");
    command.args(["-c", &script]).arg(Path::new(HERE).join("scripts/release"));
    command.arg(sandbox.root.join("mosaic-tui")).arg(out);
    must(command.env("SOURCE_DATE_EPOCH", EPOCH).env("TZ", zone))
}

/// The one package of a kind.
fn package(out: &Path, ending: &str) -> PathBuf {
    let found: Vec<_> = files(out).into_iter().filter(|name| name.ends_with(ending)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    out.join(&found[0])
}

#[test]
fn packages_are_the_same_bytes_twice_and_hold_what_a_user_needs() {
    if !has("dpkg-deb") {
        return skip("dpkg", "there is no dpkg-deb to make a package");
    }
    let sandbox = Sandbox::new();
    stripped(&sandbox);
    let (one, two) = (sandbox.root.join("one"), sandbox.root.join("two"));
    let told = pack(&sandbox, &one, "022", "UTC").stdout;
    pack(&sandbox, &two, "077", "Asia/Kathmandu");
    let made = files(&one);
    assert_eq!((made.len(), files(&two)), (3, made.clone()));
    for file in &made {
        assert!(fs::read(one.join(file)).unwrap() == fs::read(two.join(file)).unwrap(), "{file} differs");
        assert!(told.contains(file.as_str()), "{told}");
    }
    must(sandbox.command("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(&one));

    // The tarball is a prefix: unpacked over one, everything lies where it is looked for.
    let prefix = sandbox.root.join("prefix");
    fs::create_dir(&prefix).unwrap();
    let tarball = package(&one, ".tar.gz");
    must(sandbox.command("tar").args(["--strip-components=1", "-xzf"]).arg(&tarball).arg("-C").arg(&prefix));
    let said = must(sandbox.command(prefix.join("bin/mosaic-tui")).arg("--version")).stdout;
    assert!(told.starts_with(&said), "{told}");
    assert_eq!(said, format!("mosaic-tui {} (debug build)\n", env!("CARGO_PKG_VERSION")));
    let page = prefix.join("share/man/man1/mosaic-tui.1.gz");
    let shown = must(sandbox.command("man").args(["-l", "--warnings=w"]).arg(page).env("PAGER", "cat"));
    assert_eq!(shown.stderr, "");
    assert!(shown.stdout.contains("Stops agents: keeper, session and process tree."), "{}", shown.stdout.len());
    let bash = prefix.join("share/bash-completion/completions/mosaic-tui");
    must(sandbox.command("bash").args(["--norc", "-ec", "source \"$0\"; complete -p mosaic-tui"]).arg(bash));
    for file in [
        "share/zsh/site-functions/_mosaic-tui",
        "share/fish/vendor_completions.d/mosaic-tui.fish",
        "share/doc/mosaic-tui/README.md",
        "share/doc/mosaic-tui/LICENSE",
        "share/doc/mosaic-tui/docs/reference.md",
        "share/doc/mosaic-tui/changelog.gz",
    ] {
        assert!(fs::metadata(prefix.join(file)).is_ok_and(|file| file.len() > 0), "{file}");
    }
    let licences = fs::read_to_string(prefix.join("share/doc/mosaic-tui/licences/libraries.txt")).unwrap();
    for wanted in
        ["\n  ring 0.", ": Apache-2.0 AND ISC\n", "\n  tokio 1.", "\n  rusqlite 0.", "Permission is hereby granted"]
    {
        assert!(licences.contains(wanted), "{wanted}");
    }
    assert!(!licences.contains("insta "), "what only the tests use is not in the program");
    let listed = must(sandbox.command("tar").args(["--numeric-owner", "-tvzf"]).arg(&tarball)).stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines.iter().all(|line| line.contains(" 0/0 ") && line.contains("2023-11-14 22:13")), "{listed}");
}

#[test]
fn the_deb_is_installed_used_and_removed() {
    if !has("dpkg") || !has("dpkg-deb") {
        return skip("dpkg", "there is no dpkg to install a package with");
    }
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    stripped(&sandbox);
    let out = sandbox.root.join("out");
    pack(&sandbox, &out, "022", "UTC");
    let deb = package(&out, ".deb");
    let field = |name: &str| must(sandbox.command("dpkg-deb").arg("-f").arg(&deb).arg(name)).stdout;
    assert_eq!(field("Version").trim(), env!("CARGO_PKG_VERSION"));
    assert!(field("Depends").contains("tmux (>= 3.2)"), "{}", field("Depends"));
    assert_eq!(field("Maintainer").trim(), "The mosaic-tui authors", "no address that is nobody's, or somebody else's");
    // A system of its own, that has nothing yet; its dependencies are this machine's.
    let system = sandbox.root.join("system");
    for folder in ["info", "updates"] {
        fs::create_dir_all(system.join("var/lib/dpkg").join(folder)).unwrap();
    }
    fs::write(system.join("var/lib/dpkg/status"), "").unwrap();
    let mut dpkg = Command::new("dpkg");
    if !rustix::process::geteuid().is_root() {
        // Files belong to root: to that of a name space of one's own.
        dpkg = Command::new("unshare");
        dpkg.args(["-r", "dpkg"]);
        if answer(Command::new("unshare").args(["-r", "true"])).code != 0 {
            return skip("dpkg", "files of root cannot be made here");
        }
    }
    let dpkg = |arguments: &[&str]| {
        let mut command = sandbox.command(dpkg.get_program());
        let root = format!("--root={}", system.display());
        command.args(dpkg.get_args()).args([&root, "--force-depends", "--log=/dev/null"]).args(arguments);
        must(&mut command)
    };
    dpkg(&["-i", deb.to_str().unwrap()]);
    let installed = system.join("usr/bin/mosaic-tui");
    assert_eq!(fs::metadata(&installed).unwrap().permissions().mode() & 0o7777, 0o755);
    assert!(dpkg(&["--verify", "mosaic-tui"]).stdout.is_empty(), "all files are as packed");
    // A fleet by the installed program.
    let run = |arguments: &[&str]| must(sandbox.command(&installed).args(arguments));
    assert!(run(&["--version"]).stdout.starts_with(&format!("mosaic-tui {}", env!("CARGO_PKG_VERSION"))));
    run(&["framework", "install"]);
    run(&["fleet", "start"]);
    let row = sandbox.wait_row("a", |row| row["readiness"].as_str().is_some_and(is_well));
    assert_eq!(row["name"], "a");
    assert!(run(&["update"]).stdout.contains("agents: all 1 that run are kept by this program"));
    run(&["fleet", "stop"]);
    dpkg(&["--purge", "mosaic-tui"]);
    let left: Vec<String> = files(&system).into_iter().filter(|file| !file.starts_with("var/lib/dpkg/")).collect();
    assert_eq!(left, Vec::<String>::new());
    assert!(sandbox.roster().exists() && sandbox.home().join("framework.json").exists(), "what is the user's stays");
}

/// A small program in place of the real one, which takes minutes to build, with the real scripts and build script.
struct Small {
    sandbox: Sandbox,
    /// Where it is worked on.
    work: PathBuf,
    /// A clone, as a user has it.
    clone: PathBuf,
}

impl Small {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let (work, clone) = (sandbox.root.join("work"), sandbox.root.join("a clone"));
        for folder in ["src", "scripts"] {
            fs::create_dir_all(work.join(folder)).unwrap();
        }
        for file in ["build.rs", "scripts/lib.sh", "scripts/install"] {
            fs::copy(Path::new(HERE).join(file), work.join(file)).unwrap();
        }
        fs::write(work.join(".gitignore"), "/target\n").unwrap();
        let small = Self { sandbox, work, clone };
        small.write("0.1.0", "first");
        let lock = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n\n\
                    [[package]]\nname = \"mosaic-tui\"\nversion = \"0.1.0\"\n";
        fs::write(small.work.join("Cargo.lock"), lock).unwrap();
        small.git(&["init", "--quiet", "--initial-branch=main"]);
        small
    }

    /// Its source: says its version, waits for the end of its input, and tells its words otherwise.
    fn write(&self, version: &str, word: &str) {
        let manifest = format!(
            "[package]\nname = \"mosaic-tui\"\nversion = \"{version}\"\nedition = \"2024\"\nrust-version = \"1.89\"\n\
             description = \"x\"\nlicense = \"MIT\"\nhomepage = \"https://example.org\"\n"
        );
        fs::write(self.work.join("Cargo.toml"), manifest).unwrap();
        let source = format!(
            "fn main() {{ match std::env::args().nth(1).as_deref() {{\n\
             Some(\"--version\") => println!(\"mosaic-tui {{}}\", env!(\"MOSAIC_VERSION\")),\n\
             Some(\"wait\") => drop(std::io::read_to_string(std::io::stdin())),\n\
             other => println!(\"{word} {{}}\", other.unwrap_or_default()) }} }}\n"
        );
        fs::write(self.work.join("src/main.rs"), source).unwrap();
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut git = self.sandbox.command("git");
        git.args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]).args(arguments);
        // A day of its own, so that a date is the commit's and not today's.
        git.env("GIT_AUTHOR_DATE", "@951782400 +0000").env("GIT_COMMITTER_DATE", "@951782400 +0000");
        must(git.current_dir(&self.work)).stdout.trim().to_owned()
    }

    /// Commits all of it; returns the commit as a version shows it.
    fn commit(&self) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "a step"]);
        self.git(&["rev-parse", "HEAD"])[..12].to_owned()
    }

    /// Builds in a folder; returns what cargo tells and the version.
    fn build(&self, folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> (String, String) {
        let mut cargo = with_rust(&self.sandbox, "cargo");
        cargo.args(["build", "--offline", "--locked"]).args(arguments).envs(env.iter().copied()).current_dir(folder);
        let told = must(&mut cargo).stderr;
        let profile = if arguments.contains(&"--release") { "release" } else { "debug" };
        let program = folder.join("target").join(profile).join("mosaic-tui");
        (told, must(self.sandbox.command(program).arg("--version")).stdout)
    }

    /// Installs from the clone into `p`; returns what the script tells.
    fn install(&self, arguments: &[&str]) -> Answer {
        let mut script = with_rust(&self.sandbox, self.clone.join("scripts/install"));
        answer(script.args(["--prefix", "p"]).args(arguments).current_dir(&self.sandbox.root))
    }

    /// The version that is installed after that.
    fn installed(&self, arguments: &[&str]) -> String {
        let answer = self.install(arguments);
        assert_eq!(answer.code, 0, "{answer:?}");
        let version = must(self.sandbox.command(self.sandbox.root.join("p/bin/mosaic-tui")).arg("--version")).stdout;
        assert!(answer.stderr.contains(&format!("installed {}", version.trim())), "{answer:?}");
        version.trim().to_owned()
    }
}

#[test]
fn three_lanes_install_a_release_the_next_one_and_this_folder() {
    let small = Small::new();
    let first = small.commit();
    let bare = small.sandbox.root.join("bare");
    let (bare, clone) = (bare.to_str().unwrap(), small.clone.to_str().unwrap());
    small.git(&["clone", "--quiet", "--bare", ".", bare]);
    small.git(&["clone", "--quiet", bare, clone]);
    small.git(&["remote", "add", "origin", bare]);
    // Before there is a release.
    let none = small.install(&[]);
    assert_eq!(none.code, 1, "{none:?}");
    assert!(none.stderr.contains("no release is tagged yet") && none.stderr.contains("--next"), "{none:?}");

    small.git(&["tag", "v0.1.0"]);
    // A version of two digits comes after one of one, and a preview is none.
    let mut releases = Vec::new();
    for (version, tag) in [("0.1.0", "v0.9.0"), ("0.1.0", "v0.10.0"), ("0.1.0", "v0.11.0-rc.1")] {
        small.write(version, tag);
        releases.push(small.commit());
        small.git(&["tag", tag]);
    }
    small.write("0.1.0", "newest");
    let newest = small.commit();
    small.git(&["push", "--quiet", "--tags", "origin", "main"]);

    // The clone knows none of that yet.
    let stable = format!("mosaic-tui 0.1.0 ({} 2000-02-29)", releases[1]);
    assert_eq!(small.installed(&[]), stable);
    let share = small.sandbox.root.join("p/share");
    assert_eq!(fs::read_to_string(share.join("man/man1/mosaic-tui.1")).unwrap(), "v0.10.0 man\n");
    assert_eq!(
        files(&share),
        [
            "bash-completion/completions/mosaic-tui",
            "fish/vendor_completions.d/mosaic-tui.fish",
            "man/man1/mosaic-tui.1",
            "zsh/site-functions/_mosaic-tui",
        ]
    );
    // What runs by the old program goes on, and is told by the new one.
    let mut old = small.sandbox.command(small.sandbox.root.join("p/bin/mosaic-tui"));
    let mut old = old.arg("wait").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let next = small.install(&["--next"]);
    assert!(next.stderr.contains(&format!("({newest} 2000-02-29)")), "{next:?}");
    assert!(next.stderr.contains(&format!("in place of {stable}")), "{next:?}");
    assert!(next.stdout.ends_with("newest update\n"), "what it changes is shown: {next:?}");
    assert_eq!(old.try_wait().unwrap(), None, "it runs on");
    drop(old.stdin.take());
    assert!(old.wait().unwrap().success());
    let mut last_words = String::new();
    old.stdout.take().unwrap().read_to_string(&mut last_words).unwrap();
    assert_eq!(last_words, "");

    assert_eq!(small.installed(&["--ref", "v0.1.0"]), format!("mosaic-tui 0.1.0 ({first} 2000-02-29)"));
    assert_eq!(small.installed(&["--ref", &releases[0]]), format!("mosaic-tui 0.1.0 ({} 2000-02-29)", releases[0]));
    // A branch is origin's, however old the clone's own is.
    assert_eq!(small.installed(&["--ref", "main"]), format!("mosaic-tui 0.1.0 ({newest} 2000-02-29)"));
    // This folder: the clone stands where it was made.
    assert_eq!(small.installed(&["--dev"]), format!("mosaic-tui 0.1.0 ({first} 2000-02-29)"));
    let source = small.clone.join("src/main.rs");
    fs::write(&source, format!("{}// a change\n", fs::read_to_string(&source).unwrap())).unwrap();
    assert_eq!(small.installed(&["--dev"]), format!("mosaic-tui 0.1.0 ({first}-modified 2000-02-29)"));
    // Other lanes neither take the change nor lose it.
    assert_eq!(small.installed(&[]), stable);
    assert!(fs::read_to_string(&source).unwrap().ends_with("// a change\n"));
    for (wrong, code, words) in [
        (&["--ref", "nowhere"][..], 1, "there is no tag, branch or commit nowhere"),
        (&["--next", "--dev"], 2, "exclude each other"),
        (&["--nxt"], 2, "Usage: scripts/install"),
    ] {
        let answer = small.install(wrong);
        assert_eq!(answer.code, code, "{answer:?}");
        assert!(answer.stderr.contains(words), "{answer:?}");
    }
    assert_eq!(small.installed(&[]), stable, "a mistake changes nothing");
}

#[test]
fn a_version_names_its_commit_wherever_it_is_built() {
    let small = Small::new();
    let work = small.work.clone();
    // Within a folder that is no repository yet, nothing is known but the version.
    fs::remove_dir_all(work.join(".git")).unwrap();
    assert_eq!(small.build(&work, &["--release"], &[]).1, "mosaic-tui 0.1.0\n");
    small.git(&["init", "--quiet", "--initial-branch=main"]);
    let commit = small.commit();
    fs::write(work.join("src/main.rs"), fs::read_to_string(work.join("src/main.rs")).unwrap() + "\n").unwrap();
    small.git(&["commit", "--quiet", "--amend", "--all", "--no-edit"]);
    let amended = small.git(&["rev-parse", "HEAD"])[..12].to_owned();
    assert_ne!(commit, amended);
    assert_eq!(small.build(&work, &["--release"], &[]).1, format!("mosaic-tui 0.1.0 ({amended} 2000-02-29)\n"));
    // A commit alone changes what a release says, and compiles nothing in a debug build.
    assert_eq!(small.build(&work, &[], &[]).1, "mosaic-tui 0.1.0 (debug build)\n");
    let commit = small.commit();
    let (told, _) = small.build(&work, &[], &[]);
    assert!(!told.contains("Compiling"), "{told}");
    assert_eq!(small.build(&work, &["--release"], &[]).1, format!("mosaic-tui 0.1.0 ({commit} 2000-02-29)\n"));
    // Whoever builds without git says it.
    let said = [("MOSAIC_COMMIT", "0123456789abcdef0123"), ("SOURCE_DATE_EPOCH", EPOCH)];
    assert_eq!(small.build(&work, &["--release"], &said).1, "mosaic-tui 0.1.0 (0123456789ab 2023-11-14)\n");
    // A packed crate names the commit that it was packed from, also within another repository.
    must(
        with_rust(&small.sandbox, "cargo").args(["package", "--offline", "--locked", "--no-verify"]).current_dir(&work),
    );
    let unpacked = work.join("elsewhere");
    fs::create_dir(&unpacked).unwrap();
    let packed = work.join("target/package/mosaic-tui-0.1.0.crate");
    must(small.sandbox.command("tar").args(["--strip-components=1", "-xzf"]).arg(packed).arg("-C").arg(&unpacked));
    assert_eq!(small.build(&unpacked, &["--release"], &[]).1, format!("mosaic-tui 0.1.0 ({commit})\n"));
    fs::remove_file(unpacked.join(".cargo_vcs_info.json")).unwrap();
    fs::write(unpacked.join("build.rs"), fs::read_to_string(unpacked.join("build.rs")).unwrap() + "\n").unwrap();
    assert_eq!(small.build(&unpacked, &["--release"], &[]).1, "mosaic-tui 0.1.0\n", "not the other one's commit");
}
