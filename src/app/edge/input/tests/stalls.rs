//! Links that stall in the middle of something, and go on.

use super::*;

/// A link that stalls for seconds, minutes even, delivers the rest at once when it goes on: it is still no key.
#[test]
fn the_rest_of_what_stalls_never_becomes_a_key() {
    for seconds in [1, 2, 4, 6, 30] {
        let stall = Duration::from_secs(seconds);
        for bytes in NO_KEYS {
            for cut in 1..bytes.len() {
                let mut terminal = Terminal::new();
                terminal.write(&bytes[..cut]);
                terminal.wait(stall);
                terminal.write(&bytes[cut..]);
                terminal.wait(stall);
                let what = format!("{} cut after {cut}, {seconds} s", bytes.escape_ascii());
                let begun = bytes[..cut].escape_ascii().to_string();
                // What began may be Esc, or Alt with a letter; and the last byte alone may be a letter's key.
                let alone = bytes.len() - cut == 1;
                if !(alone && (begun == "\\x1b[" || begun == "\\x1bO" || begun.ends_with("X"))) {
                    assert_eq!(without_beginning(terminal.take()), [], "{what}");
                }
            }
        }
        let paste = b"\x1b[200~please delete only\rtmp/old\rX y S\r\x1b[201~";
        for cut in 1..paste.len() {
            let mut terminal = Terminal::new();
            terminal.write(&paste[..cut]);
            terminal.wait(stall);
            terminal.write(&paste[cut..]);
            let text = "please delete only\rtmp/old\rX y S\r".to_owned();
            assert_eq!(without_beginning(terminal.take()), [Typed::Paste(text)], "cut after {cut}, {seconds} s");
        }
    }
}

/// Without what the first bytes were taken for before the rest came.
fn without_beginning(typed: Vec<Typed>) -> Vec<Typed> {
    let alt = |key: &KeyEvent| key.modifiers.contains(KeyModifiers::ALT) && matches!(key.code, KeyCode::Char(_));
    without_esc(typed)
        .into_iter()
        .filter(|typed| *typed != Typed::Stalled && !matches!(typed, Typed::Key(key) if alt(key)))
        .collect()
}

#[test]
fn what_never_ends_gives_the_keyboard_back() {
    let ctrl_c = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    // Time alone ends what keys may have begun; the rest ends with a letter, which is lost with it.
    for (begun, lost) in [
        (&b"\x1b]11;rgb"[..], &b""[..]),
        (b"\x1bPq", b""),
        (b"\xe6\x97", b""),
        (b"\x1b[1;", b"q"),
        (b"\x1b[?", b"q"),
        (b"\x9b", b"q"),
        (b"\x1bO5", b"q"),
        (b"\x1b[M", b"qqq"),
        (b"\x9dtext", b""),
    ] {
        let mut terminal = Terminal::new();
        terminal.write(begun);
        assert_eq!(terminal.take(), [], "{}", begun.escape_ascii());
        terminal.write(lost);
        assert_eq!(terminal.take(), [], "{}", begun.escape_ascii());
        terminal.write(b"q");
        assert_eq!(terminal.take(), [plain(KeyCode::Char('q'))], "{}", begun.escape_ascii());
        terminal.write(begun);
        terminal.wait(LONG);
        terminal.write(b"\x03");
        assert_eq!(terminal.take(), std::slice::from_ref(&ctrl_c), "{}", begun.escape_ascii());
    }
}

#[test]
fn a_paste_that_was_given_up_types_nothing_when_its_rest_comes() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b[200~please");
    terminal.wait(LONG);
    terminal.write(b"\x03");
    let ctrl_c = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(terminal.take(), [Typed::Stalled, ctrl_c]);
    for rest in [&b" delete only\r"[..], b"tmp/old\rX y S", b"\rX\x1b[31mXy\r", b"y\r\x1b[201~"] {
        terminal.write(rest);
        terminal.wait(LONG);
    }
    terminal.write(b"q");
    assert_eq!(terminal.take(), [plain(KeyCode::Char('q'))]);
}

#[test]
fn a_paste_is_given_up_by_a_ctrl_c_in_each_of_its_forms() {
    let ctrl_c = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for form in ["\x03", "\x03\x03", "\x1b[99;5u", "\x1b[99;5u\x1b[99;133u", "\x1b[1089::99;5u", "\x1b[27;5;99~"] {
        let mut terminal = Terminal::new();
        terminal.write(b"\x1b[200~please");
        terminal.wait(LONG);
        terminal.write(form.as_bytes());
        assert_eq!(terminal.take(), [Typed::Stalled, ctrl_c.clone()], "{}", form.escape_debug());
        terminal.write(b"q");
        assert_eq!(terminal.take(), [plain(KeyCode::Char('q'))], "{}", form.escape_debug());
    }
}

#[test]
fn a_ctrl_c_in_a_paste_is_of_it_when_more_follows() {
    for form in ["\x03", "\x1b[99;5u"] {
        let mut terminal = Terminal::new();
        for (read, pause) in [("\x1b[200~one", 1000), (form, 20), ("two\x1b[201~", 0)] {
            terminal.write(read.as_bytes());
            terminal.wait(Duration::from_millis(pause));
        }
        let text = format!("one{form}two");
        assert_eq!(terminal.take().pop(), Some(Typed::Paste(text)), "{}", form.escape_debug());
        terminal.write(b"q");
        assert_eq!(terminal.take().pop(), Some(plain(KeyCode::Char('q'))));
    }
}
