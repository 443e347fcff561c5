//! The terminal's word that it is well, which comes behind every few frames: heard, never a key, and it costs none.

use super::*;

const WELL: &[u8] = b"\x1b[0n";

/// Everything that was typed, answers included.
fn all(terminal: &mut Terminal) -> Vec<Typed> {
    terminal.wait(LONG);
    std::mem::take(&mut terminal.typed)
}

/// What is typed with an answer in the middle of it.
fn around(before: &[u8], pause: Duration, after: &[u8]) -> Vec<Typed> {
    let mut terminal = Terminal::new();
    terminal.write(before);
    terminal.wait(pause);
    terminal.write(WELL);
    terminal.write(after);
    all(&mut terminal)
}

#[test]
fn an_answer_is_heard_and_no_key_however_it_is_cut() {
    for millis in [0, 10, 39] {
        for cut in 1..WELL.len() {
            let mut terminal = Terminal::new();
            terminal.write(&WELL[..cut]);
            terminal.wait(Duration::from_millis(millis));
            terminal.write(&WELL[cut..]);
            assert_eq!(all(&mut terminal), [Typed::Well], "cut after {cut}, {millis} ms");
        }
    }
    let mut terminal = Terminal::new();
    terminal.write(&WELL.repeat(5));
    assert_eq!(all(&mut terminal), [const { Typed::Well }; 5]);
    // What looks like it says nothing.
    for other in [&b"\x1b[3n"[..], b"\x1b[n", b"\x1b[?0n", b"\x1b[0;0n", b"\x1b[00n"] {
        assert_eq!(at_once(other), [], "{}", other.escape_ascii());
    }
}

#[test]
fn no_key_beside_an_answer_is_lost() {
    let down = || plain(KeyCode::Down);
    for millis in [0, 5, 39, 41, 200, 500, 3000] {
        let pause = Duration::from_millis(millis);
        let letters = around(b"j", pause, b"k");
        assert_eq!(letters, [plain(KeyCode::Char('j')), Typed::Well, plain(KeyCode::Char('k'))]);
        assert_eq!(around(b"\x1b[B", pause, b"\x1b[B"), [down(), Typed::Well, down()]);
        // Esc and the Esc of the answer are two.
        let escaped = around(b"\x1b", pause, b"");
        assert_eq!(escaped, [plain(KeyCode::Esc), Typed::Well], "{millis} ms");
        let letter = around(b"\x1b", pause, b"x");
        assert_eq!(letter, [plain(KeyCode::Esc), Typed::Well, plain(KeyCode::Char('x'))], "{millis} ms");
        let behind = around(b"", pause, b"\x1b");
        assert_eq!(behind, [Typed::Well, plain(KeyCode::Esc)]);
    }
    let alt = key(KeyCode::Down, KeyModifiers::ALT);
    assert_eq!(at_once(b"\x1b\x1b[B"), [alt], "Alt with an arrow stays what it is");
}

#[test]
fn an_answer_in_the_middle_of_a_paste_is_none_of_it() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b[200~one \x1b[0");
    terminal.wait(Duration::from_millis(100));
    terminal.write(b"ntwo\x1b[0n\x1b[201~q");
    let typed = all(&mut terminal);
    assert_eq!(typed, [Typed::Paste("one two".to_owned()), Typed::Well, Typed::Well, plain(KeyCode::Char('q'))]);
}
