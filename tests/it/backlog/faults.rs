//! What goes wrong with a store: each fault is told clearly, and nothing is changed by it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use mosaic_tui::backlog::model::{BoardQuery, NewCard, Patch};
use mosaic_tui::backlog::place::Intent;

use super::{Stand, db, id, new, who};
use crate::harness::{Answer, Database, Sandbox, answer, kill, program, skip, wait_for};

fn backlog(sandbox: &Sandbox, stand: &Stand, args: &[&str]) -> Answer {
    answer(sandbox.command(program()).arg("backlog").args(args).envs(stand.env()))
}

fn folder(stand: &Stand) -> &Path {
    match stand {
        Stand::File(folder) => folder.path(),
        Stand::Server(_) | Stand::Pooled(..) => unreachable!("a file is asked for"),
    }
}

/// A file store with one card.
fn with_a_card() -> (Sandbox, Stand) {
    let (sandbox, stand) = (Sandbox::new(), Stand::file());
    assert_eq!(backlog(&sandbox, &stand, &["create", "--id=A", "--title=t"]).code, 0);
    (sandbox, stand)
}

#[test]
fn looking_makes_nothing() {
    let (sandbox, stand) = (Sandbox::new(), Stand::file());
    for args in [&["list"][..], &["stats"], &["graph"], &["doctor"], &["export"]] {
        assert_eq!(backlog(&sandbox, &stand, args).code, 0, "{args:?}");
    }
    assert_eq!(backlog(&sandbox, &stand, &["show", "A"]).code, 3);
    assert_eq!(backlog(&sandbox, &stand, &["create", "--id=A", "--title=\n"]).code, 2);
    assert_eq!(fs::read_dir(folder(&stand)).unwrap().count(), 0, "no file was made");
}

#[test]
fn looking_makes_no_schema_on_a_server() {
    let (sandbox, stand) = (Sandbox::new(), Stand::server());
    for args in [&["list"][..], &["stats"], &["graph"], &["doctor"], &["export"]] {
        assert_eq!(backlog(&sandbox, &stand, args).code, 0, "{args:?}");
    }
    let Stand::Server(database) = &stand else { unreachable!() };
    assert_eq!(database.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'fleet'"), "0");
}

#[test]
fn a_schema_that_could_not_be_made_is_still_an_empty_backlog() {
    let stand = Stand::server();
    let Stand::Server(database) = &stand else { unreachable!() };
    let mut backlog = stand.place().open(Intent::Read, who("looker"), &mut |_, _| {}).unwrap();
    let board = BoardQuery { limit: 10, ..BoardQuery::default() };
    assert_eq!(backlog.store().board(&board).unwrap().lanes.iter().map(|lane| lane.cards.len()).sum::<usize>(), 0);
    // Somebody else's table stands in the way.
    database.psql("CREATE SCHEMA fleet; CREATE TABLE fleet.card (theirs int)");
    for _ in 0..2 {
        let refused = backlog.create(&new("A")).unwrap_err();
        assert!(refused.to_string().contains("already exists"), "{refused}");
        backlog.store().board(&board).unwrap();
        assert_eq!(backlog.store().card(&id("A")).unwrap(), None);
    }
    database.psql("DROP SCHEMA fleet CASCADE");
    backlog.create(&new("A")).unwrap();
    assert_eq!(backlog.store().card(&id("A")).unwrap().unwrap().title, "title of A");
}

#[test]
fn a_schema_that_another_one_makes_at_the_same_time_is_used() {
    let stand = Stand::server();
    let Stand::Server(database) = &stand else { unreachable!() };
    let mut backlog = stand.place().open(Intent::Read, who("looker"), &mut |_, _| {}).unwrap();
    let url = database.url();
    std::thread::scope(|scope| {
        // It has the name, and keeps it to itself until somebody waits for it; others wait for others on this server.
        let other = scope.spawn(|| {
            database.psql(
                "BEGIN; CREATE SCHEMA fleet; DO $$ BEGIN \
                 WHILE NOT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))) LOOP \
                 PERFORM pg_sleep(0.01); END LOOP; \
                 END $$; COMMIT",
            )
        });
        wait_for("its schema", || {
            let sleeps =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
            assert!(!other.is_finished(), "{url}");
            database.psql(sleeps) == "1"
        });
        backlog.create(&new("A")).unwrap();
    });
    assert_eq!(backlog.store().card(&id("A")).unwrap().unwrap().title, "title of A");
}

#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_sandbox, stand) = with_a_card();
    let mode = fs::metadata(db(folder(&stand))).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_file_that_took_the_place_of_another_is_the_one_that_is_shown() {
    let (_sandbox, stand) = with_a_card();
    let mut looking = stand.place().open(Intent::Read, who("looker"), &mut |_, _| {}).unwrap();
    let mut shown = || {
        let revision = looking.store().revision().unwrap();
        let board = looking.store().board(&BoardQuery { limit: 10, ..BoardQuery::default() }).unwrap();
        let ids = board.lanes.iter().flat_map(|lane| lane.cards.iter().map(|card| card.id.to_string()));
        (revision, ids.collect::<Vec<_>>())
    };
    let (before, ids) = shown();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let moved = folder(&stand).with_extension("moved");
    fs::rename(folder(&stand), &moved).unwrap();
    let (gone, ids) = shown();
    assert!(ids.is_empty() && gone != before, "{ids:?} {gone}");
    fs::create_dir(folder(&stand)).unwrap();
    stand.open().create(&new("OTHER")).unwrap();
    let (other, ids) = shown();
    assert!(ids == ["OTHER"] && other != gone && other != before, "{ids:?} {other}");
    fs::remove_dir_all(moved).unwrap();
}

#[test]
fn a_damaged_file_is_refused_and_left_as_it_is() {
    let (sandbox, stand) = (Sandbox::new(), Stand::file());
    let path = db(folder(&stand));
    let whole = {
        assert_eq!(backlog(&sandbox, &stand, &["create", "--id=A", "--title=t"]).code, 0);
        let connection = Connection::open(&path).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(connection);
        fs::read(&path).unwrap()
    };
    let mut torn = whole.clone();
    for byte in &mut torn[4096..8192] {
        *byte ^= 0x5a;
    }
    for (what, bytes) in [("garbage", b"this is no database at all, not even a small one".to_vec()), ("torn", torn)] {
        let _old = fs::remove_file(path.with_extension("db-wal"));
        let _old = fs::remove_file(path.with_extension("db-shm"));
        fs::write(&path, &bytes).unwrap();
        let said = backlog(&sandbox, &stand, &["create", "--id=B", "--title=t"]);
        assert_eq!(said.code, 2, "{what}: {said:?}");
        assert!(said.stderr.contains("left as it is") || said.stderr.contains("left as it was"), "{what}: {said:?}");
        assert!(said.stderr.contains(path.to_str().unwrap()), "the path is named: {said:?}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{what} was changed");
    }
}

#[test]
fn another_programs_database_and_a_newer_one_are_refused() {
    let (sandbox, stand) = (Sandbox::new(), Stand::file());
    let path = db(folder(&stand));
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let said = backlog(&sandbox, &stand, &["create", "--id=A", "--title=t"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains("another program"), "{said:?}");
    let (sandbox, stand) = with_a_card();
    Connection::open(db(folder(&stand))).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let said = backlog(&sandbox, &stand, &["list"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains("schema 99") && said.stderr.contains("update mosaic-tui"), "{said:?}");
}

#[test]
fn a_newer_schema_on_a_server_is_refused() {
    let (sandbox, stand) = (Sandbox::new(), Stand::server());
    assert_eq!(backlog(&sandbox, &stand, &["create", "--id=A", "--title=t"]).code, 0);
    let Stand::Server(database) = &stand else { unreachable!() };
    database.psql("INSERT INTO fleet.migration VALUES (99, 'from the future')");
    let said = backlog(&sandbox, &stand, &["list"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.stderr.contains("schema 99"), "{said:?}");
}

#[test]
fn a_schema_that_moved_on_is_refused_behind_a_restart_of_the_server() {
    let stand = Stand::server();
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    let Stand::Server(database) = &stand else { unreachable!() };
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut told = |sql: &str| {
        database.psql(sql);
        database.psql(end_all);
        let mut failure = None;
        // The first that is asked may still find the old connection, and that it has ended.
        wait_for("the refusal", || {
            failure = backlog.create(&new("B")).err().filter(|failure| failure.next.contains("mosaic-tui"));
            failure.is_some() || backlog.store().card(&id("A")).is_ok()
        });
        failure.map(|failure| failure.to_string())
    };
    let said = told("INSERT INTO fleet.migration VALUES (99, 'from the future')").unwrap();
    assert!(said.contains("schema 99") && said.contains("update mosaic-tui"), "{said}");
    assert_eq!(told("DELETE FROM fleet.migration WHERE number = 99"), None);
    let said = told("DELETE FROM fleet.migration WHERE number > 2").unwrap();
    assert!(said.contains("has schema 2"), "{said}");
}

#[test]
fn a_program_of_before_hosts_can_write_no_claim_without_one() {
    let stand = Stand::server();
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    let Stand::Server(database) = &stand else { unreachable!() };
    // What it writes, where it was connected before the schema moved on: it knows all of a claim but the host.
    let writes = |status: &str, owner: &str, number: &str| {
        let sql = format!(
            "DO $$ BEGIN UPDATE fleet.card SET status = '{status}', claim_owner = {owner}, claim_ttl_seconds = {number}, \
             claimed_at = {number}, claim_since = {number}, version = version + 1 WHERE id = 'A'; \
             RAISE WARNING 'written'; EXCEPTION WHEN check_violation THEN \
             IF SQLERRM NOT LIKE '%update_mosaic_tui%' THEN RAISE; END IF; END $$"
        );
        database.psql(&sql);
        database.psql("SELECT status || ' ' || version || ' ' || coalesce(claim_host, 'nowhere') FROM fleet.card")
    };
    assert_eq!(writes("claimed", "'old'", "900"), "ready 1 nowhere");
    let card = backlog.claim(&super::request("me")).unwrap().unwrap();
    assert_eq!(writes("ready", "NULL", "NULL"), "claimed 2 host", "no claim leaves its host behind");
    backlog.complete(&id("A"), Some(card.claim.unwrap().token)).unwrap();
    assert_eq!(
        database.psql("SELECT status || ' ' || coalesce(claim_host, 'nowhere') FROM fleet.card"),
        "done nowhere"
    );
}

#[test]
fn a_claim_waits_no_longer_for_a_table_that_is_held_than_any_change() {
    let (sandbox, stand) = (Sandbox::new(), Stand::server());
    let mut backlog = stand.open();
    backlog.create(&new("A")).unwrap();
    let Stand::Server(database) = &stand else { unreachable!() };
    // As an index is built.
    let locker = "BEGIN; LOCK TABLE fleet.card IN SHARE MODE; SELECT pg_sleep(60) AS locker";
    let mut command = sandbox.command("psql");
    let mut locking = command.args(["-c", locker, &database.url()]).stderr(Stdio::null()).spawn().unwrap();
    let held = "query LIKE '%AS locker' AND wait_event = 'PgSleep' AND pid <> pg_backend_pid() \
                AND datname = current_database()";
    let holders = || database.psql(&format!("SELECT count(*) FROM pg_stat_activity WHERE {held}"));
    wait_for("the lock", || holders() == "1");
    let failure = backlog.claim(&super::request("w")).unwrap_err();
    assert!(failure.to_string().contains("held by another client"), "{failure}");
    assert_eq!(holders(), "1", "it is held until then");
    database.psql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {held}"));
    locking.wait().unwrap();
    let card = backlog.detail(&id("A")).unwrap().card;
    assert_eq!((card.claim, card.version), (None, 1));
    assert_eq!(backlog.claim(&super::request("w")).unwrap().unwrap().version, 2);
}

#[test]
fn a_locked_store_is_waited_for_and_then_told() {
    let (sandbox, stand) = with_a_card();
    let path = db(folder(&stand));
    let holder = Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let said = backlog(&sandbox, &stand, &["claim", "--owner=w"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("locked by another program for more than 5 s"), "{said:?}");
    assert_eq!(backlog(&sandbox, &stand, &["list", "--json"]).json()[0]["status"], "ready", "readers do not wait");
    let waiting = sandbox
        .command(program())
        .args(["backlog", "claim", "--owner=w"])
        .envs(stand.env())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for("it waits for the lock", || {
        fs::read_to_string(format!("/proc/{}/wchan", waiting.id())).is_ok_and(|at| !at.is_empty())
            && fs::read_to_string(format!("/proc/{}/cmdline", waiting.id())).is_ok_and(|line| line.contains("claim"))
    });
    holder.execute_batch("COMMIT").unwrap();
    assert!(waiting.wait_with_output().unwrap().status.success(), "a lock that goes is no error");
}

/// Runs a script in a mount namespace of its own, with a small filesystem at `$MOUNT`.
fn with_mount(sandbox: &Sandbox, script: &str) -> Option<Answer> {
    let mount = sandbox.root.join("w/mount");
    fs::create_dir_all(&mount).unwrap();
    let mut command = sandbox.command("unshare");
    command.args(["-m", "sh", "-euc", script]).env("MOUNT", &mount).env("M", program());
    command.env("MOSAIC_BACKLOG_DIR", &mount);
    let allowed = Command::new("unshare").args(["-m", "true"]).stderr(Stdio::null()).status();
    if !allowed.is_ok_and(|status| status.success()) {
        skip("mounts", "only root may mount");
        return None;
    }
    Some(answer(&mut command))
}

#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let sandbox = Sandbox::new();
    let script = "mount -t tmpfs -o size=1200k none $MOUNT
        head -c 60000 /dev/zero | tr '\\0' x > body
        made=0
        while $M backlog create --id C$made --title t --body-file body 2>error >/dev/null; do made=$((made + 1)); done
        test $made -gt 0
        cat error
        echo made $made listed $($M backlog list --limit 999 | grep -c C)
        $M backlog export >/dev/null
        rm -f $MOUNT/ballast
        mount -o remount,size=8m $MOUNT
        $M backlog create --id after --title t
        $M backlog doctor";
    let Some(said) = with_mount(&sandbox, script) else { return };
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("the disk is full; nothing was changed"), "{said:?}");
    let counts: Vec<&str> = said.stdout.lines().find(|line| line.starts_with("made")).unwrap().split(' ').collect();
    assert!(counts[1].parse::<u32>().unwrap() > 3 && said.stdout.contains("no problems"), "{said:?}");
    // The table's head holds a capital C as well.
    assert_eq!(counts[1].parse::<u32>().unwrap() + 1, counts[3].parse::<u32>().unwrap(), "{said:?}");
}

#[test]
fn a_read_only_folder_is_told() {
    let sandbox = Sandbox::new();
    let script = "mount -t tmpfs none $MOUNT
        $M backlog create --id A --title t
        mount -o remount,ro $MOUNT
        sum=$(cat $MOUNT/* | cksum)
        set +e
        $M backlog create --id B --title t; echo code $?
        $M backlog claim --owner w; echo code $?
        test \"$sum\" = \"$(cat $MOUNT/* | cksum)\" && echo unchanged
        umount $MOUNT; mount -t tmpfs -o ro none $MOUNT
        $M backlog create --id B --title t; echo code $?";
    let Some(said) = with_mount(&sandbox, script) else { return };
    assert_eq!(said.stdout.matches("code 1").count(), 3, "{said:?}");
    assert!(said.stdout.contains("unchanged"), "{said:?}");
    for line in said.stderr.lines() {
        assert!(line.contains("cannot be written") || line.contains("cannot be made"), "{line}");
        assert!(line.contains("MOSAIC_BACKLOG_DIR"), "the way out is named: {line}");
    }
    assert_eq!(said.stderr.lines().count(), 3, "{said:?}");
}

/// The next of a row of numbers that is the same in each run.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}

/// Kills the first change of a store after so many microseconds; whether it was still at work.
fn cut_short(sandbox: &Sandbox, stand: &Stand, micros: u64) -> bool {
    let mut first = sandbox
        .command(program())
        .args(["backlog", "create", "--id=A", "--title=t"])
        .envs(stand.env())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Not a wait for anything: the moment of the blow is what is random here.
    std::thread::sleep(Duration::from_micros(micros));
    let at_work = first.try_wait().unwrap().is_none();
    if at_work {
        kill(first.id(), rustix::process::Signal::KILL);
    }
    first.wait().unwrap();
    at_work
}

#[test]
fn a_kill_in_the_middle_of_the_first_migration_is_mended_by_the_next_start() {
    let sandbox = Sandbox::new();
    let mut noise = 99_u64;
    let mut cut = 0;
    for _ in 0..60 {
        let stand = Stand::file();
        cut += u32::from(cut_short(&sandbox, &stand, 1_000 + (random(&mut noise) >> 52)));
        let second = backlog(&sandbox, &stand, &["create", "--id=B", "--title=t"]);
        assert_eq!(second.code, 0, "{second:?}");
        let doctor = backlog(&sandbox, &stand, &["doctor"]);
        assert_eq!(doctor.code, 0, "{doctor:?}");
    }
    assert!(cut > 5, "{cut} of 60 were cut short");
}

#[test]
fn a_kill_in_the_middle_of_a_servers_migration_is_mended_by_the_next_start() {
    let sandbox = Sandbox::new();
    let mut noise = 7_u64;
    for _ in 0..8 {
        let stand = Stand::server();
        cut_short(&sandbox, &stand, 8_000 + (random(&mut noise) >> 49));
        assert_eq!(backlog(&sandbox, &stand, &["create", "--id=B", "--title=t"]).code, 0);
        assert_eq!(backlog(&sandbox, &stand, &["doctor"]).code, 0);
    }
}

#[test]
fn several_processes_may_make_the_store_at_once() {
    for stand in [Stand::file(), Stand::server()] {
        let sandbox = Sandbox::new();
        let children: Vec<_> = (0..8)
            .map(|at| {
                sandbox
                    .command(program())
                    .args(["backlog", "create", &format!("--id=A{at}"), "--title=t"])
                    .envs(stand.env())
                    .stdout(Stdio::null())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        assert_eq!(backlog(&sandbox, &stand, &["list", "--json"]).json().as_array().unwrap().len(), 8);
    }
}

#[test]
fn the_password_appears_nowhere() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let database = Database::new();
    let url = database.url();
    let (front, back) = url.split_once('@').unwrap();
    let (user, password) = front.rsplit_once(':').unwrap();
    let wrong_port = format!("{front}@127.0.0.1:1/x");
    let wrong_word = format!("{user}:wrong{password}@{back}");
    let tls = format!("{url}?sslmode=require");
    let broken = format!("{front}@:bad:/");
    for url in [url.clone(), wrong_port, wrong_word, tls, broken] {
        for args in [&["-v", "backlog", "stats"][..], &["-v", "backlog", "doctor"], &["-v", "fleet", "ps"], &["--once"]]
        {
            let said = sandbox.run_with(args, &[("DATABASE_URL", &url)]);
            let all = format!("{}{}", said.stdout, said.stderr);
            assert!(!all.contains(password), "{args:?}: {all}");
        }
    }
    // A crash of the dashboard on the server's board: neither the screen nor the report nor the log.
    let env = [("DATABASE_URL", url.as_str()), ("MOSAIC_DEBUG_FAULT", "panic")];
    let mut screen = sandbox.open_with(&[], &env, 80, 24);
    screen.wait_exit();
    assert!(!String::from_utf8_lossy(&screen.raw()).contains(password));
    let log = sandbox.home().join("log");
    let files: Vec<_> = fs::read_dir(&log).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(files.iter().any(|file| file.to_string_lossy().contains("crash")), "{files:?}");
    for file in files {
        assert!(!String::from_utf8_lossy(&fs::read(&file).unwrap()).contains(password), "{}", file.display());
    }
}

#[test]
fn a_server_that_hangs_is_given_up_and_a_command_of_the_fleet_does_not_wait_for_it() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let mut database = Database::on_own_server();
    let url = database.url();
    let env = [("DATABASE_URL", url.as_str())];
    assert_eq!(sandbox.run_with(&["backlog", "create", "--id=A", "--title=t"], &env).code, 0);
    database.server().freeze(rustix::process::Signal::STOP);
    let begun = std::time::Instant::now();
    let rows = sandbox.run_with(&["fleet", "ps", "--json"], &env);
    let took = begun.elapsed();
    database.server().freeze(rustix::process::Signal::CONT);
    assert!(rows.stdout.contains("\"name\": \"a\""), "{rows:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    database.server().down();
    let said = sandbox.run_with(&["backlog", "list"], &env);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.stderr.contains("cannot be reached"), "{said:?}");
    database.server().up();
    assert_eq!(sandbox.run_with(&["backlog", "list"], &env).code, 0);
}

#[test]
fn a_slow_reader_of_an_export_holds_no_transaction_open() {
    use std::io::{BufRead, BufReader, Read};
    let (sandbox, stand) = (Sandbox::new(), Stand::server());
    let fields = Patch { body: Some("x".repeat(900_000)), ..Patch::default() };
    stand.open().create(&NewCard { fields, ..new("A") }).unwrap();
    let mut command = sandbox.command(program());
    command.args(["backlog", "export"]).envs(stand.env()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::with_capacity(100, child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    // Most of it cannot have been written yet: a pipe holds 64 kB.
    assert!(child.try_wait().unwrap().is_none());
    let Stand::Server(database) = &stand else { unreachable!() };
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'";
    assert_eq!(database.psql(open), "0");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(rest.trim_end().lines().last().unwrap().contains("\"end\""), "it is whole");
}

#[test]
fn an_export_whose_connection_ends_while_it_is_stopped_is_whole_all_the_same() {
    let (sandbox, stand) = (Sandbox::new(), Stand::server());
    let mut backlog = stand.open();
    for at in 0..50 {
        backlog.create(&new(&format!("A{at}"))).unwrap();
    }
    let Stand::Server(database) = &stand else { unreachable!() };
    let others = "datname = current_database() AND pid <> pg_backend_pid()";
    let running = |what: &str| {
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE {others} AND {what}");
        database.psql(&sql) != "0"
    };
    let end = |what: &str| {
        database.psql(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others} AND {what}"));
    };
    let file = sandbox.root.join("w/file");
    for target in [&["backlog", "export"][..], &["backlog", "export", file.to_str().unwrap()]] {
        // It has read the cards, and stands before the history.
        let locker = "BEGIN; LOCK TABLE fleet.card_event; SELECT pg_sleep(60) AS locker";
        let mut command = sandbox.command("psql");
        let mut locking = command.args(["-c", locker, &database.url()]).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the lock", || running("query LIKE '%AS locker' AND wait_event = 'PgSleep'"));
        let mut command = sandbox.command(program());
        command.args(target).envs(stand.env()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let exporting = "application_name = 'mosaic-tui' AND wait_event_type = 'Lock'";
        wait_for("the export in the middle", || running(exporting));
        kill(child.id(), rustix::process::Signal::STOP);
        end(exporting);
        end("query LIKE '%AS locker'");
        locking.wait().unwrap();
        kill(child.id(), rustix::process::Signal::CONT);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let text = if target.len() == 2 {
            String::from_utf8(output.stdout).unwrap()
        } else {
            fs::read_to_string(&file).unwrap()
        };
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 50 + 50 + 1, "{text}");
        assert!(
            lines[0].contains("\"backlog\"") && lines[101].contains("\"end\":{\"cards\":50,\"events\":50}"),
            "{text}"
        );
    }
}
