//! Copies a text to where the operator can paste it: by OSC 52 to the terminal, which reaches over ssh; inside tmux by
//! tmux itself, which takes no such word from a program unless it was told to.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::fleet::os::exec;

/// Largest text; terminals drop longer ones without a word.
pub(super) const MAX: usize = 64 << 10;

/// Time for tmux to take it.
const LIMIT: Duration = Duration::from_secs(3);

/// A text as far as it is copied, and whether that is all of it.
pub(super) fn capped(text: &str) -> (&str, bool) {
    let mut end = text.len().min(MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], end == text.len())
}

/// What tells a terminal to take a text. One that is a multiplexer hands it on, where it was told to.
pub(super) fn sequence(text: &str, term: &str) -> Vec<u8> {
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_bytes()));
    if !term.starts_with("tmux") && !term.starts_with("screen") {
        return plain.into_bytes();
    }
    // Both forms: tmux takes the first where `set-clipboard` is on, and passes the second where
    // `allow-passthrough` is.
    format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")).into_bytes()
}

/// Hands a text to the tmux that this process runs in, which hands it to the terminals of its clients; where it is then.
///
/// # Errors
/// When tmux does not take it.
pub(super) async fn to_tmux(tmux: &str, text: &str) -> Result<&'static str, exec::ExecError> {
    // `TMUX` holds the socket, the server's pid and the session, with commas between.
    let socket = tmux.split(',').next().unwrap_or_default();
    let ask = |words: &[&str]| -> Vec<OsString> {
        ["-S", socket].iter().chain(words).map(|word| OsString::from(*word)).collect()
    };
    let program = Path::new("tmux");
    let taken = exec::run_with_input(program, &ask(&["load-buffer", "-w", "-"]), &[], text.as_bytes(), LIMIT).await?;
    if !taken.status.success() {
        return Err(exec::ExecError::Io(std::io::Error::other("tmux refused it")));
    }
    let set = exec::run(program, &ask(&["show-options", "-gv", "set-clipboard"]), &[], LIMIT).await?;
    Ok(match String::from_utf8_lossy(&set.stdout).trim() {
        "off" => "tmux's buffer (its set-clipboard is off)",
        _ => "tmux's buffer and the clipboard",
    })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let at = |n: usize| u32::from(part.get(n).copied().unwrap_or(0));
        let all = at(0) << 16 | at(1) << 8 | at(2);
        for n in 0..4_u32 {
            let six = usize::try_from(all >> (18 - 6 * n) & 63).unwrap_or(0);
            out.push(if usize::try_from(n).is_ok_and(|n| n <= part.len()) { char::from(LETTERS[six]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_in_base64_and_to_a_multiplexer_in_its_envelope_too() {
        for (text, want) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob\u{e4}r", "Zm9vYsOkcg==")]
        {
            assert_eq!(base64(text.as_bytes()), want);
        }
        assert_eq!(sequence("foo", "xterm-256color"), b"\x1b]52;c;Zm9v\x07");
        let wrapped = sequence("foo", "tmux-256color");
        assert_eq!(wrapped, b"\x1b]52;c;Zm9v\x07\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "\u{e4}".repeat(MAX);
        let (kept, whole) = capped(&long);
        assert!(!whole && kept.len() <= MAX && long.starts_with(kept) && kept.len() > MAX - 2);
        assert_eq!(capped("short"), ("short", true));
    }
}
