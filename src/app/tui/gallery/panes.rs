//! What the panes of the gallery's fleet show.

use std::sync::Arc;

use crate::fleet::model::{PaneScreen, Size};
use crate::fleet::pane::still;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[90m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const BLUE: &str = "\x1b[34m";
const GOLD: &str = "\x1b[33m";
const OFF: &str = "\x1b[0m";

/// What programs write on a light ground instead.
const ON_LIGHT: [(&str, &str); 5] = [
    (DIM, "\x1b[38;5;244m"),
    (GREEN, "\x1b[38;5;28m"),
    (RED, "\x1b[38;5;160m"),
    (BLUE, "\x1b[38;5;26m"),
    (GOLD, "\x1b[38;5;130m"),
];

/// The pane of an agent: all of it, or its last lines for a tile.
pub(super) fn of(name: Option<&str>, light: bool, tile: Option<Size>) -> Arc<PaneScreen> {
    let mut text = match name {
        Some("code1") => question(),
        Some("review") => failed(),
        Some("tests") => tests(),
        Some("orchestrator") => plan(),
        Some("docs" | "enhancer" | "research") => idle(name.unwrap_or_default()),
        _ => edit(name.unwrap_or_default()),
    };
    if light {
        ON_LIGHT.iter().for_each(|(dark, light)| text = text.replace(dark, light));
    }
    let room = tile.unwrap_or(Size { width: 120, height: 36 });
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.len().saturating_sub(usize::from(room.height));
    Arc::new(still(&lines[first..].join("\n"), room.width, room.height))
}

fn head(name: &str, what: &str) -> String {
    format!("{BOLD}{BLUE}{name}{OFF} {DIM}{what}{OFF}\n\n")
}

fn question() -> String {
    format!(
        "{}\
         > Keep sessions across a restart of the server.\n\n\
         {GREEN}●{OFF} The table needs one column more. I wrote the migration:\n\n\
         {DIM}  migrations/0014_sessions.sql{OFF}\n\
         {GREEN}  + ALTER TABLE sessions ADD COLUMN signed_at timestamptz;{OFF}\n\
         {GREEN}  + CREATE INDEX sessions_signed_at ON sessions (signed_at);{OFF}\n\n\
         {GREEN}●{OFF} Tests pass on a copy of the data: {BOLD}128 passed{OFF}, 0 failed.\n\n\
         {GOLD}{BOLD}Apply the migration to staging?{OFF}\n\
         {GOLD}  1{OFF} yes\n\
         {GOLD}  2{OFF} yes, and do not ask again in this folder\n\
         {GOLD}  3{OFF} no, and say why\n\n\
         {DIM}Enter chooses, Esc refuses{OFF}\n",
        head("code1", "feat/sessions")
    )
}

fn failed() -> String {
    format!(
        "{DIM}$ npm run review{OFF}\n\n\
         {RED}npm ERR!{OFF} missing script: {BOLD}review{OFF}\n\
         {RED}npm ERR!{OFF}\n\
         {RED}npm ERR!{OFF} To see a list of scripts, run:\n\
         {RED}npm ERR!{OFF}   npm run\n"
    )
}

fn tests() -> String {
    let done = "\u{2588}".repeat(41);
    let rest = "\u{2591}".repeat(19);
    let mut text = head("tests", "the suite, on every change");
    for (name, time) in [
        ("login::a_session_survives_a_restart", "0.4"),
        ("login::a_forged_signature_is_refused", "0.1"),
        ("queue::two_workers_never_take_the_same_job", "2.1"),
        ("queue::a_job_of_a_dead_worker_comes_back", "1.8"),
        ("store::a_crash_between_two_writes_loses_nothing", "3.0"),
        ("store::old_files_are_read", "0.2"),
        ("http::a_slow_client_holds_up_nobody", "1.1"),
        ("http::a_header_of_a_megabyte_is_refused", "0.1"),
    ] {
        text.push_str(&format!("  {GREEN}ok{OFF}  {name} {DIM}{time} s{OFF}\n"));
    }
    text.push_str(&format!("\n  {GREEN}{done}{DIM}{rest}{OFF} 412 of 603, 1 m left\n"));
    text
}

fn plan() -> String {
    let mut text = head("orchestrator", "goal G2: sign-in that survives restarts");
    for (mark, color, line) in [
        ("\u{2713}", GREEN, "M1-1  Sign sessions with a rotating key"),
        ("\u{25b8}", BLUE, "M1-2  Keep them across a restart             code1"),
        ("\u{25b8}", BLUE, "M1-3  Refuse a forged signature in the proxy  code0"),
        ("\u{25cb}", DIM, "M1-4  Say in the log who was signed out, and why"),
        ("\u{25cb}", DIM, "M1-5  A page for operators"),
    ] {
        text.push_str(&format!("  {color}{mark}{OFF} {line}\n"));
    }
    text.push_str(&format!("\n{GREEN}●{OFF} M1-2 waits for an answer; the others go on. Next look in 2 m.\n"));
    text
}

fn idle(name: &str) -> String {
    format!(
        "{}{GREEN}●{OFF} Done: three pages, each command in them was run.\n\n\
         {DIM}  worked for 6 m 12 s{OFF}\n\n{DIM}{}{OFF}\n> \x1b[7m \x1b[0m\n{DIM}{}{OFF}\n",
        head(name, "main"),
        "\u{2500}".repeat(60),
        "\u{2500}".repeat(60)
    )
}

fn edit(name: &str) -> String {
    format!(
        "{}\
         {GREEN}●{OFF} Reading {BOLD}src/proxy/verify.rs{OFF}\n\n\
         {DIM}   41{OFF}  pub fn verify(cookie: &str, keys: &Keys) -> Result<Session, Refusal> {{\n\
         {RED}   42  -    let (payload, tag) = cookie.split_once('.').unwrap();{OFF}\n\
         {GREEN}   42  +    let (payload, tag) = cookie.split_once('.').ok_or(Refusal::Shape)?;{OFF}\n\
         {GREEN}   43  +    let key = keys.of(payload).ok_or(Refusal::UnknownKey)?;{OFF}\n\
         {DIM}   44{OFF}      if !key.signs(payload, tag) {{\n\
         {DIM}   45{OFF}          return Err(Refusal::Forged);\n\
         {DIM}   46{OFF}      }}\n\n\
         {GREEN}●{OFF} Running the tests of the proxy\u{2026}\n\n\
         {GOLD}\u{2839} working{OFF} {DIM}1 m 04 s, 4.1k tokens, Esc breaks it off{OFF}\n",
        head(name, "feat/verify")
    )
}
