//! A control client of our own: it tells a tmux server who it is in one piece, and hands it our input and output.
//!
//! tmux's client sends that word by word, and until all of it has come the server believes in a control client that it
//! has nothing to write to yet. When the client dies in that moment, or anything is to be told to control clients (a
//! session begins, another client leaves), the server crashes, and every agent with it: two clients of one server that
//! come and go are enough (all versions before 3.7). Here what makes it a control client, and the end of the
//! introduction, are one write, which the server takes in one breath.
//!
//! The words are tmux's protocol 8. A server that speaks another one closes the connection, and is polled.

use std::io::{IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// Version of the protocol.
const PROTOCOL: u32 = 8;

/// Bytes before the words of a message: type, length, flags, protocol, pid.
const HEADER: usize = 16;

/// Flag of a message that brings a descriptor.
const BRINGS: u16 = 1;

const TERMINAL: u32 = 101;
const TERMINAL_FILE: u32 = 102;
const INPUT: u32 = 104;
const DONE: u32 = 106;
const PID: u32 = 107;
const FOLDER: u32 = 108;
const OUTPUT: u32 = 110;
const KIND: u32 = 111;
const COMMAND: u32 = 200;

/// What the server says when it lets a client go: another protocol, detached, exit, shutdown.
const FAREWELLS: [u32; 6] = [12, 201, 202, 203, 204, 210];

/// A control client that reads UTF-8.
const CONTROL_AND_UTF8: u64 = 0x2000 | 0x1_0000;

/// First and last version of tmux that speaks as above. What comes behind frames its messages in another way.
const KNOWN: [(u32, u32); 2] = [(3, 2), (3, 5)];

/// How our control clients attach: they set no size, receive no output and cannot type. `-E` leaves the session's
/// environment alone.
const ATTACH: [&str; 5] = ["attach-session", "-E", "-f", "ignore-size,no-output,read-only", "-t"];

/// Where a server is spoken to, when it is one that is known.
///
/// # Errors
/// What does not fit.
pub(super) fn door(version_and_path: &str) -> Result<PathBuf, String> {
    let (version, path) = version_and_path.split_once(' ').ok_or("does not tell its version")?;
    let numbers = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (KNOWN[0]..=KNOWN[1]).contains(&(major, minor)) => Ok(path.into()),
        _ => Err(format!("tmux {version} is only asked, it tells nothing by itself")),
    }
}

/// Attaches our own standard input and output to a session (`$N` or `=NAME`), and stays until the server lets us go.
///
/// # Errors
/// When the server cannot be reached.
pub fn attach(socket: &Path, session: &str) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket)?;
    let [first, rest] = introduction(session);
    bring(&server, &first, rustix::stdio::stdin())?;
    bring(&server, &rest, rustix::stdio::stdout())?;
    loop {
        let mut header = [0; HEADER];
        match server.read_exact(&mut header) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let number = |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if FAREWELLS.contains(&number(0)) {
            return Ok(());
        }
        let length = usize::from(u16::from_ne_bytes([header[4], header[5]]));
        std::io::copy(&mut (&server).take(length.saturating_sub(HEADER) as u64), &mut std::io::sink())?;
    }
}

/// Sends one piece with a descriptor; the server takes no more than one with each.
fn bring(server: &UnixStream, piece: &[u8], descriptor: BorrowedFd<'_>) -> std::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor];
    let fits = ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let sent = sendmsg(server.as_fd(), &[IoSlice::new(piece)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if fits && sent == piece.len() { Ok(()) } else { Err(std::io::ErrorKind::WriteZero.into()) }
}

/// All that is said, in two pieces. Only the second makes a control client of us, and it says all of it.
fn introduction(session: &str) -> [Vec<u8>; 2] {
    let command: Vec<&str> = ATTACH.into_iter().chain([session]).collect();
    let mut words = i32::try_from(command.len()).unwrap_or_default().to_ne_bytes().to_vec();
    for word in command {
        words.extend(word.bytes().filter(|byte| *byte != 0).chain([0]));
    }
    let rest = [
        message(OUTPUT, BRINGS, &[]),
        message(TERMINAL, 0, b"dumb\0"),
        message(TERMINAL_FILE, 0, b"\0"),
        message(FOLDER, 0, b"/\0"),
        message(PID, 0, &std::process::id().to_ne_bytes()),
        message(KIND, 0, &CONTROL_AND_UTF8.to_ne_bytes()),
        message(DONE, 0, &[]),
        message(COMMAND, 0, &words),
    ];
    [message(INPUT, BRINGS, &[]), rest.concat()]
}

fn message(kind: u32, flags: u16, words: &[u8]) -> Vec<u8> {
    let mut all = kind.to_ne_bytes().to_vec();
    // No message comes near the 16 kB that the server takes.
    all.extend(u16::try_from(HEADER + words.len()).unwrap_or(u16::MAX).to_ne_bytes());
    all.extend(flags.to_ne_bytes());
    all.extend(PROTOCOL.to_ne_bytes());
    all.extend(std::process::id().to_ne_bytes());
    all.extend(words);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types of the messages in a piece.
    fn kinds(mut piece: &[u8]) -> Vec<u32> {
        let mut kinds = Vec::new();
        while !piece.is_empty() {
            kinds.push(u32::from_ne_bytes(piece[..4].try_into().unwrap()));
            let length = usize::from(u16::from_ne_bytes(piece[4..6].try_into().unwrap()));
            assert!(length >= HEADER && length <= piece.len());
            piece = &piece[length..];
        }
        kinds
    }

    #[test]
    fn what_makes_a_control_client_comes_with_all_the_rest() {
        let [first, rest] = introduction("$0");
        assert_eq!(kinds(&first), [INPUT]);
        assert_eq!(kinds(&rest), [OUTPUT, TERMINAL, TERMINAL_FILE, FOLDER, PID, KIND, DONE, COMMAND]);
        assert!(rest.ends_with(b"attach-session\0-E\0-f\0ignore-size,no-output,read-only\0-t\0$0\0"));
    }

    #[test]
    fn only_known_servers_are_spoken_to() {
        for known in ["3.2", "3.2a", "3.3a", "3.4", "3.5a", "next-3.5"] {
            assert_eq!(door(&format!("{known} /a b/s")), Ok("/a b/s".into()), "{known}");
        }
        for other in ["3.1c", "3.6", "3.6a", "4.0", "openbsd-7.8", "master", ""] {
            assert!(door(&format!("{other} /s")).is_err(), "{other}");
        }
    }
}
